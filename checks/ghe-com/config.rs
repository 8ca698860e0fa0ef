//! What `ghe-config --get-regexp` prints of GitHub Connect.

/// The two settings that say where GitHub Connect leads (facts §1.2, §3.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GheConfig {
    /// Whether it leads to GHE.com; `None` when it is not set, which means github.com.
    pub enabled: Option<bool>,
    /// Under which subdomain, as it stands there.
    pub subdomain: Option<String>,
}

/// What makes a text useless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Lines, and none of them is about GitHub Connect.
    NothingOfIt,
    /// The value of `…-ghe-com-enabled` is no truth value.
    NoTruthValue(String),
}

/// Reads lines of `KEY VALUE`, as `ghe-config` prints them, or `KEY=VALUE`. The last of several lines with one key counts,
/// as in every such file. Other lines are passed over, so that a shell's greeting does no harm; a text of nothing but other
/// lines is not what was asked for. An empty text says that nothing is set.
///
/// ```
/// use gh_connect_checks::ghe_com::read;
/// let config = read("app.github.github-connect-ghe-com-enabled true\napp.github.github-connect-ghe-com-subdomain acme").unwrap();
/// assert_eq!((config.enabled, config.subdomain.as_deref()), (Some(true), Some("acme")));
/// ```
pub fn read(text: &str) -> Result<GheConfig, Unreadable> {
    let mut config = GheConfig::default();
    let lines = settings(text).ok_or(Unreadable::NothingOfIt)?;
    for (key, value) in lines.lines().map(key_and_value) {
        if key.eq_ignore_ascii_case(ENABLED) {
            config.enabled = Some(truth(value).ok_or_else(|| Unreadable::NoTruthValue(value.to_owned()))?);
        } else if key.eq_ignore_ascii_case(SUBDOMAIN) {
            config.subdomain = Some(value.to_owned()).filter(|value| !value.is_empty());
        }
    }
    Ok(config)
}

/// The lines of a text that say where GitHub Connect leads, and no others: they may hold anything. None where the text has lines
/// and not one is a setting of GitHub Connect.
pub fn settings(text: &str) -> Option<String> {
    let lines = || text.lines().map(str::trim);
    let of_it = |line: &str| {
        let prefix = key_and_value(line).0.get(..PREFIX.len());
        prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(PREFIX))
    };
    if !text.trim().is_empty() && !lines().any(of_it) {
        return None;
    }
    let matters = |line: &&str| {
        let (key, _) = key_and_value(line);
        [ENABLED, SUBDOMAIN].iter().any(|setting| key.eq_ignore_ascii_case(setting))
    };
    Some(lines().filter(matters).collect::<Vec<_>>().join("\n"))
}

fn key_and_value(line: &str) -> (&str, &str) {
    let (key, value) = line.split_once(['=', ' ', '\t']).unwrap_or((line, ""));
    (key, unquoted(value.trim()))
}

/// The words that git, whose files these are, takes for true and false (git-config(1), boolean).
fn truth(value: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
    match value {
        _ if is(&["true", "yes", "on", "1"]) => Some(true),
        _ if is(&["false", "no", "off", "0"]) => Some(false),
        _ => None,
    }
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
}

/// The setting that switches between github.com and GHE.com.
pub(super) const ENABLED: &str = "app.github.github-connect-ghe-com-enabled";
/// The setting that names the subdomain.
pub(super) const SUBDOMAIN: &str = "app.github.github-connect-ghe-com-subdomain";
const PREFIX: &str = "app.github.github-connect";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_read_as_they_are_printed() {
        let config = |enabled, subdomain: Option<&str>| {
            Ok(GheConfig { enabled, subdomain: subdomain.map(str::to_owned) })
        };
        for (text, expected) in [
            ("", config(None, None)),
            (" \n", config(None, None)),
            ("app.github.github-connect-ghe-com-enabled true", config(Some(true), None)),
            ("app.github.github-connect-ghe-com-enabled=false\n", config(Some(false), None)),
            ("app.github.github-connect-ghe-com-enabled \t on\r\n", config(Some(true), None)),
            (
                "APP.github.github-connect-ghe-com-enabled 1\napp.github.github-connect-ghe-com-subdomain \"Acme\"",
                config(Some(true), Some("Acme")),
            ),
            ("app.github.github-connect-ghe-com-subdomain acme", config(None, Some("acme"))),
            ("app.github.github-connect-ghe-com-subdomain", config(None, None)),
            (
                "app.github.github-connect-ghe-com-enabled true\napp.github.github-connect-ghe-com-enabled false",
                config(Some(false), None),
            ),
            ("app.github.github-connect-something-new x", config(None, None)),
            ("Welcome!\napp.github.github-connect-ghe-com-enabled true", config(Some(true), None)),
            ("ghe-config: command not found", Err(Unreadable::NothingOfIt)),
            ("app.github.github-connect-ghe-com-enabled", Err(Unreadable::NoTruthValue(String::new()))),
            (
                "app.github.github-connect-ghe-com-enabled maybe",
                Err(Unreadable::NoTruthValue("maybe".to_owned())),
            ),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn only_lines_that_matter_are_kept() {
        for (text, expected) in [
            ("", Some("")),
            (" \n", Some("")),
            ("failed", None),
            ("core.private-key hunter2", None),
            ("app.github.github-connect-secret hunter2", Some("")),
            (
                "Welcome!\ncore.x y\n app.github.github-connect-ghe-com-enabled true\r\n",
                Some("app.github.github-connect-ghe-com-enabled true"),
            ),
        ] {
            assert_eq!(settings(text).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        /// What is kept says the same as all of it.
        #[test]
        fn nothing_that_matters_is_lost(lines in prop::collection::vec("(app.github.github-connect-ghe-com-(enabled|subdomain|x)[ =](true|false|maybe|acme)|[ -~]{0,20})", 0..6)) {
            let text = lines.join("\n");
            prop_assert_eq!(settings(&text).ok_or(Unreadable::NothingOfIt).and_then(|kept| read(&kept)), read(&text));
        }

        #[test]
        fn no_text_does_harm(text in any::<String>()) {
            let _ = read(&text);
        }

        #[test]
        fn what_was_set_is_read_among_anything(noise in "[^\r\n]{0,40}", enabled in any::<bool>(), subdomain in "[a-z][a-z0-9-]{0,20}") {
            let text = format!("x {noise}\n{ENABLED} {enabled}\n{SUBDOMAIN} {subdomain}\n");
            prop_assert_eq!(read(&text), Ok(GheConfig { enabled: Some(enabled), subdomain: Some(subdomain) }));
        }
    }
}
