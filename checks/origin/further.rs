//! Hosts of `--also` and `--feature`: nothing is required of them, and what clearly answers in their place is said.

use gh_connect_engine::{Examination, Finding, Owner};
use gh_connect_probe::http::Head;

use super::{
    FEATURE_BLOCKED, FEATURE_STORED,
    judge::{Case, https_host},
    page::{Page, is_elsewhere, refreshes_to},
};

/// Judges a reply with a status below 500, or 511; `sign` is what says that it came out of a store.
pub(super) fn judge(case: &Case<'_>, head: &Head, sign: Option<&str>) -> Examination {
    let host = &case.target.host;
    let page = Page::of(host, head, &case.reply.exchange);
    let of_github = is_of_github(host);
    let answers = match is_github(case, head, &page) {
        true => "GitHub answers".to_owned(),
        false if !of_github && !page.is_suspicious(host, head.status) => {
            format!("answers {}, without a sign of GitHub", head.status)
        }
        false => return blocked(case, head, &page, of_github).into(),
    };
    match sign {
        Some(sign) => stored(case, sign).into(),
        None => Examination::passed(answers),
    }
}

/// Something else answers for the host.
fn blocked(case: &Case<'_>, head: &Head, page: &Page, of_github: bool) -> Finding {
    let host = &case.target.host;
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
            curl(case),
        )
}

/// What the host answered once came out of a store: a cache on the way, or a network that the host itself uses.
fn stored(case: &Case<'_>, sign: &str) -> Finding {
    let host = &case.target.host;
    let message = format!(
        "The reply of {host} to GET {} came out of a store ({sign}). It shows that the host was reached once, not that it is \
         reached now.",
        case.reply.path
    );
    case.finding(&FEATURE_STORED, message)
        .step(
            case.on_the_way(),
            format!("Keep no copies of what {} answers: exempt it from the cache of the proxy or gateway on the way", case.target),
        )
        .command(
            Owner::Operator,
            "Compare with what the host answers where nothing stands in between: where it says the same there, the store is the \
             host's own content delivery network, and this warning can be waived",
            curl(case),
        )
}

fn curl(case: &Case<'_>) -> String {
    format!("curl -sSi https://{}/", case.target)
}

/// Whether GitHub itself answers: it shows, and nothing in the reply is what GitHub does not send. What anybody can write,
/// `Server: github.com`, proves nothing on a page that looks like a gateway's.
fn is_github(case: &Case<'_>, head: &Head, page: &Page) -> bool {
    let host = &case.target.host;
    let is_off = |to: &str| is_elsewhere(to, host) && !https_host(to).is_some_and(is_of_github);
    let refreshed = refreshes_to(head, &case.reply.exchange);
    let leads_off = head.redirects_to().is_some_and(is_off) || refreshed.is_some_and(|to| is_off(&to));
    !head.is_of_a_gateway()
        && !leads_off
        && (has_id(head) || is_called_github(head) && !page.is_of_something_else(is_off))
}

/// Whether the host stands in a domain of GitHub's own, from which every reply shows GitHub.
fn is_of_github(host: &str) -> bool {
    DOMAINS.iter().any(|domain| {
        host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

/// The request id that GitHub gives, or what its Actions services send in its place.
fn has_id(head: &Head) -> bool {
    let services = ["x-github-backend", "x-vss-e2eid", "x-tfs-processid"];
    head.github_request_id().is_some() || services.iter().any(|name| head.header(name).is_some())
}

fn is_called_github(head: &Head) -> bool {
    head.header("server").is_some_and(|server| server.eq_ignore_ascii_case("github.com"))
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
