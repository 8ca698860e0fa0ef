//! Where secrets may stand in what was said, found before anything is understood: an error message about a flag must not
//! repeat the password that the flag holds.

pub(crate) mod credentials;

use gh_connect_engine::{ProxyUrl, Redactor, Secret};
use url::{Position, Url};

use crate::{
    environment::Environment,
    plan::{UsageError, toml_values::values},
};

/// Teaches the tokens and passwords of the environment, and the user info of every URL in it.
pub(crate) fn of_environment(environment: &Environment, redactor: &mut Redactor) {
    for value in CREDENTIALS.iter().filter_map(|name| environment.text(name)) {
        redactor.learn(&Secret::new(value));
        // Some programs keep the quotation marks of a file of settings, and some people its names.
        let bare = value.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`'));
        redactor.learn(&Secret::new(bare));
        if let Some((name, secret)) = bare.split_once(|c: char| c.is_whitespace() || c == '=')
            && (credentials::names_one(name)
                || SCHEMES.iter().any(|scheme| name.eq_ignore_ascii_case(scheme)))
        {
            redactor.learn(&Secret::new(secret.trim().trim_matches(['"', '\''])));
        }
    }
    for value in PROXIES.iter().filter_map(|name| environment.text(name)) {
        of_url(value, redactor);
    }
    for value in EXCLUSIONS.iter().filter_map(|name| environment.text(name)) {
        of_list(value, redactor);
    }
}

/// Teaches every user info and every credential on the command line.
pub(crate) fn of_arguments<'a>(arguments: impl Iterator<Item = &'a str>, redactor: &mut Redactor) {
    let mut flag = "";
    for argument in arguments {
        match argument.split_once('=') {
            Some((flag, value)) if URL_FLAGS.contains(&flag) => of_url(value, redactor),
            Some((flag, value)) if flag == GHE_CONFIG => of_settings(value, redactor),
            Some((flag, value)) if flag == NO_PROXY => of_list(value, redactor),
            Some((name, value)) if is_name(name) && credentials::names_one(name) => {
                redactor.learn(&Secret::new(value));
            }
            _ if URL_FLAGS.contains(&flag) => of_url(argument, redactor),
            _ if flag == GHE_CONFIG => of_settings(argument, redactor),
            _ if flag == NO_PROXY => of_list(argument, redactor),
            _ if takes_a_credential(flag, argument) => redactor.learn(&Secret::new(argument)),
            _ => {}
        }
        // No URL on a command line needs what stands behind its `?`.
        if let Some((_, behind)) = argument.split_once("://").and_then(|(_, url)| url.split_once(['?', '#']))
        {
            redactor.learn(&Secret::new(behind));
            behind
                .split(['&', '=', '#'])
                .filter(|part| part.len() >= A_LONG_PART)
                .for_each(|part| redactor.learn(&Secret::new(part)));
        }
        of_text(argument, redactor);
        flag = argument;
    }
}

/// What is wrong where a credential stands on the command line.
pub(crate) fn misplaced(arguments: &[impl AsRef<str>]) -> Option<UsageError> {
    let arguments: Vec<&str> = arguments.iter().skip(1).map(AsRef::as_ref).collect();
    let before = std::iter::once("").chain(arguments.iter().copied());
    let (flag, argument) = before.zip(arguments.iter().copied()).find(|(flag, argument)| {
        let (name, value) = argument.split_once('=').unwrap_or(("", argument));
        let is_said = is_name(name) && credentials::names_one(name) && !value.is_empty();
        // The user info of a proxy is said in its URL.
        let is_url = [flag, name].iter().any(|flag| URL_FLAGS.contains(flag));
        let stands_there = match is_url {
            true => credentials::stands_for_a_host(value),
            false => credentials::stands_in(argument),
        };
        is_said || takes_a_credential(flag, argument) || stands_there
    })?;
    let place = match argument.split_once('=') {
        Some((name, _)) if is_name(name) => format!("after {name}="),
        _ if is_name(flag) && flag.starts_with('-') => format!("after {flag}"),
        _ => "by itself".to_owned(),
    };
    let message = format!("a credential stands on the command line, {place}, and is not taken from there");
    Some(
        UsageError::new(message)
            .hint("every user of this machine can read a command line, and shells and logs keep it: withdraw it if others could see it")
            .hint(credentials::WHERE),
    )
}

/// Teaches every user info and every credential in a configuration file, be it TOML or not.
pub(crate) fn of_file(text: &str, redactor: &mut Redactor) {
    of_text(text, redactor);
    for value in values(text) {
        let raw = &text[value.range.clone()];
        if value.names_a_url {
            raw.split(['"', '\'']).for_each(|part| of_page(part, redactor));
        }
        let bare = raw.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
        if value.names_a_url {
            of_url(bare, redactor);
        } else if raw.contains('\n') {
            of_user_info_before_the_host(bare, redactor);
        }
        if value.names_a_credential {
            raw.split(['"', '\'']).map(str::trim).for_each(|part| redactor.learn(&Secret::new(part)));
        }
    }
}

/// Teaches what may be secret in the URL of a page: all that stands behind the host, and each part of it that is long enough
/// to be more than a word.
pub(crate) fn of_page(text: &str, redactor: &mut Redactor) {
    let Ok(url) = Url::parse(text.trim()) else { return };
    let values = url.query_pairs().map(|(_, value)| value.into_owned()).collect::<Vec<_>>();
    let parts =
        url.path_segments().into_iter().flatten().map(str::to_owned).filter(|part| part.len() >= A_LONG_PART);
    let fragment = url.fragment().map(str::to_owned);
    for part in parts.chain(values).chain(fragment).filter(|part| part.len() >= A_PART) {
        redactor.learn(&Secret::new(part));
    }
    // Without its slash, so that what is left is a URL still.
    let behind = url[Position::BeforePath..].trim_start_matches('/');
    if behind.len() >= A_PART || url.query().is_some() || url.fragment().is_some() {
        redactor.learn(&Secret::new(behind));
        if let Some(at) = text.find("://").and_then(|at| Some(at + 3 + text[at + 3..].find(['/', '?', '#'])?))
        {
            redactor.learn(&Secret::new(text[at..].trim().trim_start_matches('/')));
        }
    }
}

/// Teaches the values of settings that are named like a credential, one `key value` or `key = value` on each line.
pub(crate) fn of_settings(text: &str, redactor: &mut Redactor) {
    for line in text.lines().map(str::trim) {
        let Some((key, value)) = line.split_once(|c: char| c.is_whitespace() || matches!(c, '=' | ':'))
        else {
            continue;
        };
        if credentials::names_one(key) {
            let value =
                value.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '=' | ':'));
            redactor.learn(&Secret::new(value));
        }
    }
}

/// Teaches every user info in a list with commas.
fn of_list(text: &str, redactor: &mut Redactor) {
    text.split([',', '|', ';']).for_each(|entry| of_text(entry, redactor));
}

/// Whether this is a flag that is named like a credential, and then its value. A word after `explain` is none.
fn takes_a_credential(flag: &str, value: &str) -> bool {
    let name = flag.trim_start_matches('-');
    let last = name.rsplit(['-', '_', '.']).next().unwrap_or_default();
    flag.starts_with('-')
        && is_name(name)
        && credentials::names_one(last)
        && !value.starts_with('-')
        && !value.is_empty()
}

/// Whether this can be the name of a flag or of a variable.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Teaches the user info of what is meant to be a URL, whatever stands in it; of several lines, each.
fn of_url(text: &str, redactor: &mut Redactor) {
    match ProxyUrl::parse(text) {
        Ok(url) => url.teach(redactor),
        // Nothing belongs behind a proxy's port.
        Err(_) => {
            of_page(text, redactor);
            of_what_is_behind_a_port(text.rsplit('@').next().unwrap_or_default(), redactor);
        }
    }
    of_user_info_before_the_host(text, redactor);
}

/// Teaches the user info of what may be a URL that is broken into lines.
fn of_user_info_before_the_host(text: &str, redactor: &mut Redactor) {
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

/// Teaches what stands behind the port of what is no URL, `host:port:user:password` for instance.
fn of_what_is_behind_a_port(text: &str, redactor: &mut Redactor) {
    let text =
        ["://", ":/", "//"].into_iter().find_map(|mark| text.split_once(mark)).map_or(text, |(_, rest)| rest);
    let bracket = text.find(']').filter(|_| text.starts_with('[')).unwrap_or(0);
    let Some(host) = text[bracket..].find(['/', '?', '#', ':']).map(|at| bracket + at) else { return };
    for (at, separator) in text[host..].match_indices(['/', '?', '#', '&', '=', ':']) {
        let part = &text[host + at + 1..];
        let part = part.split(['/', '?', '#', '&', '=', ':']).next().unwrap_or_default();
        let least = if matches!(separator, "=" | ":") { 0 } else { A_PART };
        if part.len() >= least && !part.chars().all(|c| c.is_ascii_digit()) {
            redactor.learn(&Secret::new(part));
        }
    }
}

/// Teaches every user info in a text: what stands before an `@`, back to the slashes or to a space or quote.
///
/// It must look like user info: begin after `//` or hold a `:`. A mail address in a reason is none. And teaches whatever
/// looks like a credential by itself.
fn of_text(text: &str, redactor: &mut Redactor) {
    credentials::all_in(text).for_each(|secret| redactor.learn(&Secret::new(secret)));
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

/// What stands before a token in an `Authorization` header (RFC 6750; `token` is GitHub's own).
const SCHEMES: [&str; 3] = ["bearer", "basic", "token"];
/// Variables whose whole value is a secret.
const CREDENTIALS: [&str; 5] =
    ["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GHE_MANAGE_PASSWORD"];

/// Flags whose value is a URL.
const URL_FLAGS: [&str; 2] = ["--proxy", "--server"];

/// Variables that may hold a URL with credentials.
pub(crate) const PROXIES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"];

/// Variables that hold exclusion lists.
const EXCLUSIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];
const NO_PROXY: &str = "--no-proxy";
const GHE_CONFIG: &str = "--ghe-config";

/// What is shorter is a word that a report needs.
const A_PART: usize = 8;
/// In a path, so is what is a little longer.
const A_LONG_PART: usize = 16;

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
            &["--proxy", "http://proxy:3128/?pw=hunter2"],
            &["--proxy", "http://proxy:3128/hunter2hunter"],
            &["--proxy", "http://proxy:3128#hunter2hunter"],
            &["--proxy", "proxy:3128:user:hunter2"],
            &["--server=https://ghes/?token=hunter2"],
            &["--no-proxy", "localhost,user:hunter2@proxy,.corp"],
            &["--token", "hunter2"],
            &["--api-key=hunter2"],
            &["GH_TOKEN=hunter2"],
            &["--enterprise", "ghp_hunter2hunter"],
            &["--waive=dns/slow=Bearer hunter2hunter"],
            &["--ghe-config", "app.github.github-connect-x true\ncore.github-password = hunter2"],
        ] {
            let mut redactor = Redactor::new();
            of_arguments(arguments.iter().copied(), &mut redactor);
            assert!(!redactor.clean(&arguments.join(" ")).contains("hunter"), "{arguments:?}");
        }
    }

    #[test]
    fn a_credential_on_the_command_line_is_misplaced() {
        for arguments in [
            &["check", "ghp_0123456789abcdef"][..],
            &["check", "--enterprise", "github_pat_0123456789"],
            &["check", "--enterprise=gho_0123456789"],
            &["check", "--token", "hunter2"],
            &["--gh-token=hunter2", "check"],
            &["check", "GHE_MANAGE_PASSWORD=hunter2"],
            &["check", "--waive", "dns/slow=Authorization: Bearer abc0123456789"],
            &["check", "--ghe-config", "-----BEGIN PRIVATE KEY-----\nMIIE"],
            &["explain", "ghs_0123456789"],
            &["check", "--server", "ghp_0123456789abcdef"],
            &["check", "--server=https://github_pat_0123456789.corp.example/"],
            &["check", "--proxy", "http://user:x@ghp_0123456789abcdef:3128"],
        ] {
            let all: Vec<&str> = std::iter::once("gh-connect").chain(arguments.iter().copied()).collect();
            let error = misplaced(&all).map(|error| error.render(false)).unwrap_or_default();
            assert!(error.contains("GH_ENTERPRISE_TOKEN"), "{arguments:?}: {error}");
        }
        for arguments in [
            &["check", "--waive", "token/rate-limited=it is the night's run"][..],
            &["check", "--proxy", "http://ghp_0123456789:x@proxy:3128"],
            &["check", "--only=token", "--skip", "token"],
            &["explain", "token"],
            &["check", "--config", "token.toml", "-o", "json=token.json"],
            &["check", "--token"],
            &["check", "--attest-invoiced", "Ana Key: the basic plan of 2026"],
        ] {
            let all: Vec<&str> = std::iter::once("gh-connect").chain(arguments.iter().copied()).collect();
            assert!(misplaced(&all).is_none(), "{arguments:?}");
        }
    }

    #[test]
    fn what_stands_behind_the_host_of_a_page_is_found() {
        for (page, secret) in [
            ("https://ip.example/?apikey=hunter2", "?apikey=hunter2"),
            ("https://ip.example/ip?apikey=hunter2hunter", "hunter2hunter"),
            ("https://ip.example/hooks/hunter2hunter2hunter/ip", "hunter2hunter2hunter"),
            ("https://ip.example/#hunter2hunter", "hunter2hunter"),
            ("https://ip.example/?k=hunter%32hunter", "hunter2hunter"),
        ] {
            let mut redactor = Redactor::new();
            of_page(page, &mut redactor);
            let clean = redactor.clean(&format!("{page} and {secret}")).into_owned();
            assert!(
                !clean.contains(secret) && clean.starts_with("https://ip.example/[redacted]"),
                "{page}: {clean}"
            );
        }
        let mut redactor = Redactor::new();
        of_page("https://ip.example/json", &mut redactor);
        assert_eq!(redactor.clean("https://ip.example/json"), "https://ip.example/json");
    }

    #[test]
    fn a_long_text_that_is_no_url_is_no_secret() {
        let mut redactor = Redactor::new();
        of_file("body = '''{\"data\": {\"enterprise\":\n {\"slug\": \"acme\"}}}'''\n", &mut redactor);
        let report = "{ \"said\": {\n   \"slug\": \"acme\" } }";
        assert_eq!(redactor.clean_report(report), report);
    }

    #[test]
    fn a_mail_address_is_no_secret() {
        let mut redactor = Redactor::new();
        of_text("dns/slow=accepted by jane.doe@corp.example", &mut redactor);
        assert_eq!(redactor.clean("accepted by jane.doe"), "accepted by jane.doe");
    }
}
