//! Where secrets may stand in what was said, found before anything is understood: an error message about a flag must not
//! repeat the password that the flag holds.

use gh_connect_engine::{ProxyUrl, Redactor, Secret};

use crate::{environment::Environment, plan::toml_values::values};

/// Teaches the tokens and passwords of the environment, and the user info of every URL in it.
pub(crate) fn of_environment(environment: &Environment, redactor: &mut Redactor) {
    for value in CREDENTIALS.iter().filter_map(|name| environment.text(name)) {
        redactor.learn(&Secret::new(value));
    }
    for value in PROXIES.iter().filter_map(|name| environment.text(name)) {
        of_url(value, redactor);
    }
}

/// Teaches every user info on the command line.
pub(crate) fn of_arguments<'a>(arguments: impl Iterator<Item = &'a str>, redactor: &mut Redactor) {
    let mut is_url = false;
    for argument in arguments {
        match argument.split_once('=') {
            Some((flag, value)) if URL_FLAGS.contains(&flag) => of_url(value, redactor),
            _ if is_url => of_url(argument, redactor),
            _ => of_text(argument, redactor),
        }
        is_url = URL_FLAGS.contains(&argument);
    }
}

/// Teaches every user info in a configuration file, be it TOML or not.
pub(crate) fn of_file(text: &str, redactor: &mut Redactor) {
    of_text(text, redactor);
    for value in values(text) {
        let raw = &text[value.range.clone()];
        if value.names_a_url || raw.contains('\n') {
            of_url(raw.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')), redactor);
        }
    }
}

/// Teaches the user info of what is meant to be a URL, whatever stands in it; of several lines, each.
fn of_url(text: &str, redactor: &mut Redactor) {
    if let Ok(url) = ProxyUrl::parse(text) {
        url.teach(redactor);
    }
    let Some((before, _)) = text.rsplit_once('@') else { return };
    let user_info = |text: &str, redactor: &mut Redactor| {
        of_user_info(text.split_once("//").map_or(text, |(_, user_info)| user_info), redactor);
    };
    user_info(before, redactor);
    if before.contains(['\n', '\r']) {
        redactor.learn(&Secret::new(text));
        for line in before.lines() {
            user_info(line.trim_matches(|c: char| c.is_whitespace() || c == '\\'), redactor);
        }
    }
}

/// Teaches every user info in a text: what stands before an `@`, back to the slashes or to a space or quote.
///
/// It must look like user info: begin after `//` or hold a `:`. A mail address in a reason is none.
fn of_text(text: &str, redactor: &mut Redactor) {
    for word in text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`')) {
        let Some((before, _)) = word.rsplit_once('@') else { continue };
        match before.split_once("//") {
            Some((_, user_info)) => of_user_info(user_info, redactor),
            None if before.contains(':') => {
                // `--proxy=user:password@host`
                of_user_info(before.split_once('=').map_or(before, |(_, value)| value), redactor);
            }
            None => {}
        }
    }
}

/// `user:password`, or a token in the place of the user name.
fn of_user_info(user_info: &str, redactor: &mut Redactor) {
    match user_info.split_once(':') {
        Some((user, password)) => {
            redactor.learn_pair(&Secret::new(user), &Secret::new(password));
            redactor.learn_pair(&decoded(user), &decoded(password));
        }
        None => {
            redactor.learn(&Secret::new(user_info));
            redactor.learn(&decoded(user_info));
        }
    }
}

fn decoded(text: &str) -> Secret {
    Secret::new(percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned())
}

/// Variables whose whole value is a secret.
const CREDENTIALS: [&str; 5] =
    ["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GHE_MANAGE_PASSWORD"];

/// Flags whose value is a URL.
const URL_FLAGS: [&str; 2] = ["--proxy", "--server"];

/// Variables that may hold a URL with credentials.
pub(crate) const PROXIES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_info_is_found_wherever_it_stands() {
        for (text, secret) in [
            ("http://user:hunter2hunter@proxy:3128", "hunter2hunter"),
            ("http//user:hunter2hunter@proxy", "hunter2hunter"),
            ("user:hunter2hunter@proxy", "hunter2hunter"),
            ("--proxy=user:hunter2hunter@proxy", "hunter2hunter"),
            ("proxy = \"http://user:hunter2hunter@proxy\"", "hunter2hunter"),
            ("http://ghp_hunter2hunter@proxy", "ghp_hunter2hunter"),
            ("http://us@er:hunter2@hunter@proxy", "hunter2@hunter"),
            ("http://user:hunter%32hunter@proxy", "hunter2hunter"),
            ("socks5h://user:hunter2hunter@proxy", "hunter2hunter"),
            ("proxy = \"http//user:hunter 2 hunter@proxy", "hunter 2 hunter"),
            ("proxy = '''http://user:hunter2\n@proxy:1'''", "hunter2"),
            ("proxy = '''http://user:\nhunter2@proxy:1'''", "hunter2"),
            ("proxy = '''\nhttp://user:hunter2\r\n  hunter3\n@proxy:1'''", "hunter3"),
            ("prxy = \"\"\"http://user:hunter2\\\n@proxy:1", "hunter2"),
            ("proxy = \"http://user:\nhunter2@proxy:1\"\ntimeout = 5", "hunter2"),
        ] {
            let mut redactor = Redactor::new();
            of_file(text, &mut redactor);
            let clean = redactor.clean(&format!("{secret} and {text}")).into_owned();
            assert!(!clean.contains(secret), "{text}: {clean}");
        }
    }

    #[test]
    fn user_info_is_found_in_arguments() {
        for arguments in [
            &["--proxy", "http//user:hunter 2 hunter@proxy"][..],
            &["--proxy=http//user:hunter 2 hunter@proxy"],
            &["--server", "user:hunter 2 hunter@ghes"],
            &["--proxy", "http://user:hunter2\n@proxy"],
            &["--proxy=http://user:\nhunter2@proxy"],
        ] {
            let mut redactor = Redactor::new();
            of_arguments(arguments.iter().copied(), &mut redactor);
            assert!(!redactor.clean(&arguments.join(" ")).contains("hunter"), "{arguments:?}");
        }
    }

    #[test]
    fn a_mail_address_is_no_secret() {
        let mut redactor = Redactor::new();
        of_text("dns/slow=accepted by jane.doe@corp.example", &mut redactor);
        assert_eq!(redactor.clean("accepted by jane.doe"), "accepted by jane.doe");
    }
}
