/// What a check's README says of one finding: the text under `## check/finding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section<'a> {
    /// What the finding means: everything before **Why**.
    pub what: &'a str,
    /// Why it matters for GitHub Connect.
    pub why: &'a str,
    /// How to fix it and who acts: the list under **Fix**.
    pub fix: &'a str,
}

/// Finds the section of `id` in a README, whose shape is:
///
/// ```text
/// ## dns/nxdomain
///
/// What it means.
///
/// **Why** Why it matters.
///
/// **Fix**
///
/// - dns: what to do
/// ```
pub fn section<'a>(words: &'a str, id: &str) -> Option<Section<'a>> {
    let start = words.find(&format!("\n## {id}\n"))? + id.len() + "\n## \n".len();
    let body = &words[start..];
    let body = body.find("\n## ").map_or(body, |end| &body[..end]);
    let (what, rest) = body.split_once("**Why**")?;
    let (why, fix) = rest.split_once("**Fix**")?;
    Some(Section { what: what.trim(), why: why.trim(), fix: fix.trim() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_ends_where_the_next_begins() {
        let words = "# dns\n\n## dns/a\n\nWhat A.\n\n**Why** Why A.\n\n**Fix**\n\n- dns: do A\n\n## dns/b\n\nWhat B.\n\n**Why** w\n\n**Fix**\n\n- x";
        let a = section(words, "dns/a").expect("there");
        assert_eq!((a.what, a.why, a.fix), ("What A.", "Why A.", "- dns: do A"));
        assert_eq!(section(words, "dns/b").expect("there").fix, "- x");
        assert_eq!(section(words, "dns/c"), None);
    }
}
