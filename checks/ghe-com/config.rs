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
    /// A line about where GitHub Connect leads is not in the form `KEY VALUE`. This is what is kept of it.
    Broken(String),
}

/// Reads lines of `KEY VALUE`, as `ghe-config` prints them, or `KEY=VALUE`. The last of several lines with one key counts,
/// as in every such file. Lines about other things are passed over, so that a shell's greeting does no harm; a text of nothing
/// but such lines is not what was asked for. A line about GHE.com that is not exactly one of the two settings makes the whole
/// text unreadable: it may be the one that decides. An empty text says that nothing is set.
///
/// ```
/// use gh_connect_checks::ghe_com::read;
/// let config = read("app.github.github-connect-ghe-com-enabled true\napp.github.github-connect-ghe-com-subdomain acme").unwrap();
/// assert_eq!((config.enabled, config.subdomain.as_deref()), (Some(true), Some("acme")));
/// ```
pub fn read(text: &str) -> Result<GheConfig, Unreadable> {
    let mut config = GheConfig::default();
    let lines = settings(text).ok_or(Unreadable::NothingOfIt)?;
    for line in lines.lines().map(Line::read) {
        match line {
            Line::Enabled(value) => {
                config.enabled =
                    Some(truth(value).ok_or_else(|| Unreadable::NoTruthValue(value.to_owned()))?);
            }
            Line::Subdomain(value) => {
                config.subdomain = Some(value.to_owned()).filter(|value| !value.is_empty())
            }
            Line::Broken(kept) => return Err(Unreadable::Broken(kept)),
            Line::OfConnect | Line::Other => {}
        }
    }
    Ok(config)
}

/// The lines of a text that say where GitHub Connect leads, and no others: they may hold anything. None where the text has lines
/// and not one is a setting of GitHub Connect.
pub fn settings(text: &str) -> Option<String> {
    let lines = || text.lines().map(str::trim).map(|line| (line, Line::read(line)));
    if !text.trim().is_empty() && lines().all(|(_, read)| read == Line::Other) {
        return None;
    }
    let kept = lines().filter_map(|(line, read)| match read {
        Line::Enabled(_) | Line::Subdomain(_) => Some(line.to_owned()),
        Line::Broken(kept) => Some(kept),
        Line::OfConnect | Line::Other => None,
    });
    Some(kept.collect::<Vec<_>>().join("\n"))
}

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
enum Line<'a> {
    /// The setting that switches between github.com and GHE.com, with its value.
    Enabled(&'a str),
    /// The setting that names the subdomain, with its value, which may be empty.
    Subdomain(&'a str),
    /// Another setting of GitHub Connect.
    OfConnect,
    /// A setting of GitHub Connect in a form that `ghe-config` does not print: wrapped, decorated, or with characters that no
    /// key has. What is kept of it is read as broken, too.
    Broken(String),
    /// Anything else.
    Other,
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Self {
        let (key, value) = key_and_value(line);
        let is = |setting: &str| key.eq_ignore_ascii_case(setting);
        if is(ENABLED) {
            return Self::Enabled(value);
        }
        if is(SUBDOMAIN) && value.chars().all(|sign| sign.is_ascii_graphic()) {
            return Self::Subdomain(value);
        }
        let of_ghe_com = folded(line).contains("ghecom");
        if of_ghe_com {
            return Self::Broken(line.to_owned());
        }
        let is_of_connect = key.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
        match is_of_connect {
            true if is_key(key) && !is_cut(key) && !value.is_empty() => Self::OfConnect,
            true => Self::Broken(key.chars().take_while(|sign| is_of_key(*sign)).collect()),
            false if names_more_of_connect(line) => Self::Broken(format!("{PREFIX}-")),
            false => Self::Other,
        }
    }
}

fn key_and_value(line: &str) -> (&str, &str) {
    let (key, value) = line.split_once(['=', ' ', '\t']).unwrap_or((line, ""));
    (key, unquoted(value.trim()))
}

/// The letters and digits of a line, in small letters: what joins or decorates them does not matter.
fn folded(line: &str) -> String {
    line.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

fn is_key(key: &str) -> bool {
    key.chars().all(is_of_key) && !key.ends_with(['.', '-'])
}

fn is_of_key(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || sign == '.' || sign == '-'
}

/// Whether a key may be the beginning of one of the two settings.
fn is_cut(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.len() > PREFIX.len() && [ENABLED, SUBDOMAIN].iter().any(|setting| setting.starts_with(&key))
}

/// Whether a line that does not begin as a setting of GitHub Connect holds one. `ghe-config --get-regexp github-connect`, as it
/// stands after a prompt, holds none.
fn names_more_of_connect(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let mut after = lower.split("github-connect").skip(1);
    after.any(|rest| rest.starts_with(|next: char| matches!(next, '-' | '_' | '.') || !next.is_ascii()))
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
            ("$ ghe-config --get-regexp 'github-connect'\napp.github.github-connect-x y", config(None, None)),
            ("See /github-connect/about\napp.github.github-connect-x=y", config(None, None)),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn a_line_about_ghe_com_that_is_no_setting_is_not_passed_over() {
        let good = "app.github.github-connect-ghe-com-subdomain acme\n";
        for text in [
            "app.github.github-connect-ghe-com-enabled: true",
            "app.github.github-connect-ghe-com-enabled:true",
            "app.github.github-connect-ghe-com-enabled, true",
            "app.github.github-connect-ghe-com-enabled,true",
            "app.github.github-connect-ghe-com-enabled; true",
            "app.github.github-connect-ghe-com-enabled. true",
            "app.github.github-connect-ghe-com-enabled\u{a0}true",
            "app.github.github-connect-ghe-com-enabled\u{200b} true",
            "app.github.github-connect-ghe-com-enabled\u{200b}true",
            "app.github.github-connect-ghe-com-enabled\u{1b}[0m true",
            "\u{1b}[32mapp.github.github-connect-ghe-com-enabled true",
            "$ app.github.github-connect-ghe-com-enabled true",
            "- app.github.github-connect-ghe-com-enabled true",
            "admin@ghes:~$ ghe-config app.github.github-connect-ghe-com-enabled true",
            "\"app.github.github-connect-ghe-com-enabled\" true",
            "app.github.github\u{2011}connect\u{2011}ghe\u{2011}com\u{2011}enabled true",
            "app.github.github-connect-gh\u{435}-com-enabled true",
            "> app.github.github-connect-gh\u{435}-com-enabled true",
            "app.github.github-connect.ghe-com-enabled true",
            "app.github.github_connect_ghe_com_enabled true",
            "github-connect-ghe-com-enabled = true",
            "app.github.github-connect-ghe-com-enable true",
            "app.github.github-connect-ghe true",
            "app.github.github-connect-ghe-com-subdomain acme app.github.github-connect-ghe-com-enabled true",
            "app.github.github-connect-ghe-com-subdomain acme\u{2028}app.github.github-connect-ghe-com-enabled true",
            "app.github.github-connect-x",
            "app.github.github-connect-x\u{a0}hunter2",
        ] {
            for text in [text.to_owned(), format!("{good}{text}"), format!("{text}\n{good}")] {
                let read = read(&text);
                assert!(
                    matches!(&read, Err(Unreadable::Broken(kept)) if !kept.contains("hunter2")),
                    "{text:?}: {read:?}"
                );
            }
        }
    }

    #[test]
    fn a_setting_that_a_terminal_wrapped_is_not_passed_over() {
        for prompt in ["", "$ ", "- "] {
            let line = format!("{prompt}{ENABLED} true");
            for at in 1..line.len() {
                let (before, after) = line.split_at(at);
                let text = format!("{SUBDOMAIN} acme\n{before}\n{after}");
                let read = read(&text);
                assert_eq!(read.is_ok(), at <= prompt.len(), "{text:?}: {read:?}");
            }
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
