//! GitHub's web site, and its page for bad times: enough to be told from anybody else's.

use crate::http1::{Reply, Request};
use crate::server::api::from_github;

/// What the web host answers.
pub(crate) fn reply(request: &Request) -> Reply {
    from_github(match request.path() {
        "/" => Reply::new(200).with_body(
            "text/html; charset=utf-8",
            "<!DOCTYPE html>\n<html lang=\"en\"><head><title>GitHub</title></head><body>GitHub</body></html>\n",
        ),
        "/robots.txt" => Reply::new(200).with_body("text/plain; charset=utf-8", "User-agent: *\nDisallow: /*/*/pulse\n"),
        _ => Reply::new(404).with_body(
            "text/html; charset=utf-8",
            "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Page not found &middot; GitHub</title></head></html>\n",
        ),
    })
}

/// GitHub's own page for bad times.
pub(crate) fn unavailable() -> Reply {
    let body = "<!DOCTYPE html>\n<html><head><title>Unicorn! &middot; GitHub</title></head><body>\n\
        <p><strong>No server is currently available to service your request.</strong></p>\n\
        <p>Sorry about that. Please try refreshing and contact us if the problem persists.</p>\n</body></html>\n";
    from_github(Reply::new(503).with("Cache-Control", "no-cache").with_body("text/html; charset=utf-8", body))
}
