//! What GitHub's API is on both sides: requests with their caller, replies with the published headers.

pub(crate) mod audit_log;
pub(crate) mod caller;
pub(crate) mod page;
pub(crate) mod rate_limit;
pub(crate) mod root;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::clock::unix_time;
use crate::http1::{Reply, Request};
use crate::log::Asks;
use crate::scene::Scene;
use crate::server::graphql;

/// A request to an API.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    /// The source address that the server sees.
    pub(crate) observed: IpAddr,
    pub(crate) scene: &'a Scene,
}

impl<'a> Call<'a> {
    /// The parts of the path.
    pub(crate) fn segments(&self) -> Vec<&'a str> {
        self.request.path().trim_matches('/').split('/').collect()
    }

    /// A parameter of the query, decoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let (_, query) = self.request.target.split_once('?')?;
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let (_, value) = pairs.into_iter().find(|(key, _)| *key == name)?;
        let spaced = value.replace('+', " ");
        Some(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
    }
}

/// What a request to an API asks for.
pub(crate) fn asks(request: &Request) -> Asks {
    let is_query = || {
        request.method == "POST" && request.path().ends_with("/graphql") && graphql::only_asks(&request.body)
    };
    match request.method.as_str() {
        "GET" | "HEAD" | "OPTIONS" => Asks::Answer,
        _ if is_query() => Asks::Answer,
        _ => Asks::Change,
    }
}

pub(crate) fn json_reply(status: u16, body: &Value) -> Reply {
    Reply::new(status).with_body("application/json; charset=utf-8", body.to_string())
}

/// An error in the shape that all errors of the REST API have.
pub(crate) fn error(status: u16, message: &str, documentation: &str) -> Reply {
    let body = json!({
        "message": message,
        "documentation_url": documentation,
        "status": status.to_string(),
    });
    json_reply(status, &body)
}

/// Published for the REST API: "All API requests must include a valid User-Agent header".
pub(crate) fn without_user_agent(request: &Request) -> Option<Reply> {
    let body = "\r\nRequest forbidden by administrative rules. Please make sure your request has a User-Agent header \
        (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required).\r\n";
    let absent = request.header("user-agent").is_none_or(str::is_empty);
    absent.then(|| Reply::new(403).with_body("text/plain; charset=utf-8", body))
}

/// What every reply of GitHub has.
pub(crate) fn from_github(reply: Reply) -> Reply {
    reply
        .with("Server", "github.com")
        .with("X-GitHub-Request-Id", request_id())
        .with("Strict-Transport-Security", "max-age=31536000; includeSubdomains; preload")
}

/// The number under which an account is known, the same for the same login.
pub(crate) fn account_id(login: &str) -> u32 {
    login.bytes().fold(1000, |id: u32, byte| id.wrapping_mul(31).wrapping_add(byte.into()) % 10_000_000)
}

/// An account, as `GET /user` shows it to itself (published in full, whether or not anybody reads it).
pub(crate) fn account(login: &str, site_admin: bool, web: &str, api: &str) -> Value {
    let id = account_id(login);
    let user = format!("{api}/users/{login}");
    json!({
        "login": login,
        "id": id,
        "node_id": node_id(&format!("04:User{id}")),
        "avatar_url": format!("{web}/avatars/u/{id}?v=4"),
        "gravatar_id": "",
        "url": user,
        "html_url": format!("{web}/{login}"),
        "followers_url": format!("{user}/followers"),
        "following_url": format!("{user}/following{{/other_user}}"),
        "gists_url": format!("{user}/gists{{/gist_id}}"),
        "starred_url": format!("{user}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{user}/subscriptions"),
        "organizations_url": format!("{user}/orgs"),
        "repos_url": format!("{user}/repos"),
        "events_url": format!("{user}/events{{/privacy}}"),
        "received_events_url": format!("{user}/received_events"),
        "type": "User",
        "site_admin": site_admin,
        "name": null,
        "company": null,
        "blog": "",
        "location": null,
        "email": null,
        "hireable": null,
        "bio": null,
        "public_repos": 0,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": "2021-03-04T05:06:07Z",
        "updated_at": "2026-03-04T05:06:07Z",
    })
}

/// An opaque global id.
pub(crate) fn node_id(of: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(of)
}

/// Five groups of upper-case hexadecimal digits, the last being the time.
pub(crate) fn request_id() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mixed = count.wrapping_mul(0x9e37_79b1);
    format!(
        "{:04X}:{:05X}:{:07X}:{:07X}:{:08X}",
        0x8000 | (mixed >> 17),
        0x2_0000 | (mixed >> 15),
        0x100_0000 | (mixed >> 8),
        0x120_0000 | (mixed >> 9),
        unix_time()
    )
}
