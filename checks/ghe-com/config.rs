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
    let mut of_it = text.trim().is_empty();
    for line in text.lines().map(str::trim) {
        let (key, value) = line.split_once(['=', ' ', '\t']).unwrap_or((line, ""));
        let value = unquoted(value.trim());
        if key.eq_ignore_ascii_case(ENABLED) {
            config.enabled = Some(truth(value).ok_or_else(|| Unreadable::NoTruthValue(value.to_owned()))?);
        } else if key.eq_ignore_ascii_case(SUBDOMAIN) {
            config.subdomain = Some(value.to_owned()).filter(|value| !value.is_empty());
        }
        of_it |= key.len() >= PREFIX.len()
            && key.is_char_boundary(PREFIX.len())
            && key[..PREFIX.len()].eq_ignore_ascii_case(PREFIX);
    }
    if of_it { Ok(config) } else { Err(Unreadable::NothingOfIt) }
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

    proptest! {
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
