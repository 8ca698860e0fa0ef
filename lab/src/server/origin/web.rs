//! GitHub's web site, and its page for bad times.

use crate::http1::Reply;
use crate::server::api::{Call, from_github};
use crate::server::web::cloud_page;

/// What the web host answers.
pub(crate) fn reply(call: &Call<'_>) -> Reply {
    from_github(cloud_page(call))
}

/// GitHub's own page for bad times.
pub(crate) fn unavailable() -> Reply {
    let body = "<!DOCTYPE html>\n<html><head><title>Unicorn! &middot; GitHub</title></head><body>\n\
        <p><strong>No server is currently available to service your request.</strong></p>\n\
        <p>Sorry about that. Please try refreshing and contact us if the problem persists.</p>\n</body></html>\n";
    from_github(Reply::new(503).with("Cache-Control", "no-cache").with_body("text/html; charset=utf-8", body))
}
