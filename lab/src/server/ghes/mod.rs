//! A GitHub Enterprise Server: the web site and the API on 443, the Manage API on 8443 (facts §3.2, §3.3).

pub(crate) mod manage;
mod rest;

use crate::http1::Reply;
use crate::server::api::{Call, request_id};
use crate::server::web::server_page;
use crate::world::Maintenance;

/// What port 443 answers.
pub(crate) fn reply(call: &Call<'_>) -> Reply {
    let server = &call.scene.world.server;
    if server.not_ghes {
        return something_else(call.request.path());
    }
    if server.maintenance == Maintenance::On {
        return in_maintenance();
    }
    let reply = match &call.segments()[..] {
        ["status"] => Reply::new(200).with_body("text/plain; charset=utf-8", "GitHub lives!"),
        ["api", "v3", rest @ ..] => rest::reply(call, rest),
        ["api", "graphql"] if call.request.method == "POST" => rest::graphql(call),
        _ => server_page(call),
    };
    from_server(reply)
}

fn in_maintenance() -> Reply {
    let body = "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Maintenance &middot; GitHub Enterprise</title></head><body>\n\
        <h1>Maintenance mode</h1>\n<p>This instance is down for maintenance.</p>\n</body></html>\n";
    from_server(Reply::new(503).with("Retry-After", "120").with_body("text/html; charset=utf-8", body))
}

fn from_server(reply: Reply) -> Reply {
    reply
        .with("Server", "GitHub.com")
        .with("X-GitHub-Request-Id", request_id())
        .with("Strict-Transport-Security", "max-age=31536000; includeSubdomains")
}

/// A web server that has the name and is no GitHub Enterprise Server.
fn something_else(path: &str) -> Reply {
    let page = |status: u16, title: &str| {
        let body = format!(
            "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
        );
        Reply::new(status).with("Server", "nginx").with_body("text/html", body)
    };
    match path {
        "/" => page(200, "Corp code search"),
        _ => page(404, "404 Not Found"),
    }
}
