//! What comes in the place of GitHub's page together with GitHub's headers: a box on the way may replace a body and nothing else.

use gh_connect_engine::Role;
use gh_connect_probe::http::{Exchange, Head};

use super::page::Page;

/// What stands in the place of a host's page, if something does.
pub(super) fn by(role: Role, host: &str, head: &Head, exchange: &Exchange) -> Option<Page> {
    // The headers are GitHub's: the words have to show it.
    let bare = Head { status: head.status, ..Head::default() };
    let page = Page::of(host, &bare, exchange);
    let is_foreign = || page.is_of_something_else(|to| super::page::is_elsewhere(to, host));
    let is_replaced = match (role, head.status) {
        (Role::Web, 200) if is_robots_file(exchange) => false,
        (Role::Uploads, _) if is_page_of_github(exchange) && !page.is_of_a_maker() => false,
        (Role::Web | Role::Uploads, 200) => is_empty(exchange) || is_foreign(),
        (Role::Uploads, 401 | 404) => is_foreign(),
        // A refusal is no page that GitHub publishes: only a maker's name tells that it is not GitHub's.
        _ => page.is_of_a_maker(),
    };
    is_replaced.then_some(page)
}

/// Whether a body holds nothing to read.
pub(super) fn is_empty(exchange: &Exchange) -> bool {
    lines(exchange).all(|line| line.is_empty())
}

/// Whether it is a file that tells robots what to leave alone: it has a group (RFC 9309 §2.2.1), or it begins with a comment.
fn is_robots_file(exchange: &Exchange) -> bool {
    let first = lines(exchange).find(|line| !line.is_empty());
    let has_group = || lines(exchange).any(|line| line.starts_with("user-agent:"));
    !is_html(exchange) && first.is_some_and(|line| line.starts_with('#') || has_group())
}

fn is_html(exchange: &Exchange) -> bool {
    let lower = exchange.sample.to_ascii_lowercase();
    let tags = ["<html", "<!doctype", "<head", "<body", "<title", "<script", "<meta", "<form"];
    lines(exchange).find(|line| !line.is_empty()).is_some_and(|line| line.starts_with('<'))
        || tags.iter().any(|tag| lower.contains(tag))
}

/// Whether it is an HTML page of GitHub's own, which has a form to sign in, for instance.
fn is_page_of_github(exchange: &Exchange) -> bool {
    let text = format!("{} {}", exchange.words, exchange.sample).to_lowercase();
    [
        "githubassets.com",
        "hello future githubber",
        "page not found · github",
        "page not found &middot; github",
    ]
    .iter()
    .any(|sign| text.contains(sign))
}

/// The lines of a sample, in small letters. In what is safe to show, a line break is written out.
fn lines(exchange: &Exchange) -> impl Iterator<Item = String> {
    let lower = exchange.sample.to_ascii_lowercase().replace("\\r", "").replace("\\t", " ");
    let lines: Vec<String> =
        lower.split("\\n").flat_map(str::lines).map(|line| line.trim().to_owned()).collect();
    lines.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::answered;

    #[test]
    fn what_github_publishes_is_not_replaced_and_all_else_is() {
        let block = "<html><title>Access Denied</title>blocked by Zscaler policy</html>";
        let login = "<html><form>Sign in<input type=password></form></html>";
        let robots = "# If you would like to crawl GitHub contact us\\n\\nUser-agent: baidu\\ncrawl-delay: 1\\nDisallow: /login";
        let lost = r#"{"message":"Not Found","documentation_url":"https://docs.github.com/rest"}"#;
        let dotcom = "<!DOCTYPE html><html><link rel=\"dns-prefetch\" href=\"https://github.githubassets.com\"> Sign in";
        let old = "<!DOCTYPE html>\\n<!--\\n\\nHello future GitHubber! Page not found · GitHub";
        for (role, status, body, expected) in [
            (Role::Web, 200, robots, None),
            (Role::Web, 200, "User-agent: *\r\nDisallow: /", None),
            (Role::Web, 200, block, Some("a block page of Zscaler")),
            (Role::Web, 200, login, Some("a login page")),
            (Role::Web, 200, "", Some("a reply")),
            (Role::Web, 200, " \\r\\n", Some("a reply")),
            // What GitHub answers may become another page: only words tell that it is not GitHub's.
            (Role::Web, 200, "<html><title>GitHub</title></html>", None),
            (Role::Web, 200, "OK", None),
            (
                Role::Web,
                200,
                "<html>Access to the site is blocked.\\nUser-Agent: curl</html>",
                Some("a block page"),
            ),
            (Role::Web, 200, "Zugriff gesperrt", Some("a block page")),
            (Role::Web, 403, block, Some("a block page of Zscaler")),
            (Role::Web, 403, "Access has been restricted", None),
            (Role::Uploads, 404, lost, None),
            (Role::Uploads, 404, "", None),
            (Role::Uploads, 404, dotcom, None),
            (Role::Uploads, 404, old, None),
            (Role::Uploads, 404, "<title>Page not found &middot; GitHub</title> Sign in", None),
            (
                Role::Uploads,
                404,
                "<title>Page not found &middot; GitHub</title> by Zscaler",
                Some("a reply of Zscaler"),
            ),
            (Role::Uploads, 404, "<html>Not found</html>", None),
            (Role::Uploads, 404, block, Some("a block page of Zscaler")),
            (Role::Uploads, 404, login, Some("a login page")),
            (Role::Uploads, 404, "Welcome to the guest network", Some("a captive portal")),
            (Role::Uploads, 401, r#"{"message":"Requires authentication"}"#, None),
            (Role::Uploads, 200, "{}", None),
            (Role::Uploads, 200, "", Some("a reply")),
            (Role::Uploads, 200, block, Some("a block page of Zscaler")),
            (Role::Uploads, 200, login, Some("a login page")),
        ] {
            let exchange = answered(status, &[("via", "1.1 cache (squid/5.7)")], body);
            let head = exchange.head.as_ref().expect("a head");
            let page = by(role, "github.com", head, &exchange);
            assert_eq!(page.map(|page| page.words()).as_deref(), expected, "{role:?} {status} {body}");
        }
    }
}
