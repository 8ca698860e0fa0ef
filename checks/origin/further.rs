//! Hosts of `--also` and `--feature`: nothing is required of them, and what clearly answers in their place is said.

use gh_connect_engine::{Examination, Owner};
use gh_connect_probe::http::Head;

use super::{FEATURE_BLOCKED, judge::Case, page::Page};

/// Judges a reply with a status below 500.
pub(super) fn judge(case: &Case<'_>, head: &Head) -> Examination {
    let host = &case.target.host;
    let leaves_https =
        head.redirects_to().is_some_and(|location| location.to_ascii_lowercase().starts_with("http://"));
    if shows_github(head) && !leaves_https {
        return Examination::passed("GitHub answers");
    }
    let page = Page::of(host, head, &case.reply.exchange);
    let of_github = is_of_github(host);
    if !of_github && !page.is_suspicious(host, head.status) {
        return Examination::passed(format!("answers {}, without a sign of GitHub", head.status));
    }
    let server = head.header("server").map_or(String::new(), |server| format!(", server \"{server}\""));
    let without = if of_github { ", without a sign of GitHub" } else { "" };
    let message = format!(
        "{host} was answered with {}{without} (status {}{server}){}.",
        page.words(),
        head.status,
        case.seen()
    );
    case.finding(&FEATURE_BLOCKED, message)
        .step(case.on_the_way(), format!("{} ({})", page.step(), case.target))
        .command(
            Owner::Operator,
            "Compare with what the host answers where nothing stands in between, and waive this warning where it is the same",
            format!("curl -sSi https://{}/", case.target),
        )
        .into()
}

/// Whether the host stands in a domain of GitHub's own, from which every reply shows GitHub.
fn is_of_github(host: &str) -> bool {
    DOMAINS.iter().any(|domain| {
        host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

/// The request id that GitHub gives, or what its Actions services send in its place.
fn shows_github(head: &Head) -> bool {
    let services = ["x-github-backend", "x-vss-e2eid", "x-tfs-processid"];
    let server = head.header("server").is_some_and(|server| server.eq_ignore_ascii_case("github.com"));
    head.github_request_id().is_some() || server || services.iter().any(|name| head.header(name).is_some())
}

const DOMAINS: &[&str] = &[
    "github.com",
    "githubusercontent.com",
    "githubassets.com",
    "githubapp.com",
    "ghcr.io",
    "ghe.com",
    "github.io",
];
