//! GitHub's own replies, in the published shapes: enough to be told from anybody else's, and to tell the time by.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use ipnet::IpNet;
use serde_json::{Value, json};

use crate::clock::unix_time;
use crate::http1::{Reply, Request};
use crate::scene::Scene;

/// The reply of a healthy host. `api.` hosts are the REST API, `uploads.` hosts the upload API, others the web site.
pub(crate) fn reply(host: &str, request: &Request, scene: &Scene) -> Reply {
    match host.split('.').next() {
        Some("api") => api(request, scene),
        Some("uploads") => from_github(not_found()),
        _ => from_github(web(request)),
    }
}

/// The anonymous rate limit is used up (facts §6).
pub(crate) fn rate_limited() -> Reply {
    let message = "API rate limit exceeded for 203.0.113.50. (But here's the good news: Authenticated requests get a \
        higher rate limit. Check out the documentation for more details.)";
    let documentation = "https://docs.github.com/rest/overview/resources-in-the-rest-api#rate-limiting";
    let body = json!({ "message": message, "documentation_url": documentation });
    from_github(with_rate_limit(json_reply(403, &body), 60))
}

/// GitHub's own page for bad times.
pub(crate) fn unavailable() -> Reply {
    let body = "<!DOCTYPE html>\n<html><head><title>Unicorn! &middot; GitHub</title></head><body>\n\
        <p><strong>No server is currently available to service your request.</strong></p>\n\
        <p>Sorry about that. Please try refreshing and contact us if the problem persists.</p>\n</body></html>\n";
    from_github(Reply::new(503).with("Cache-Control", "no-cache").with_body("text/html; charset=utf-8", body))
}

fn api(request: &Request, scene: &Scene) -> Reply {
    if request.header("user-agent").is_none_or(str::is_empty) {
        // Published for the REST API: "All API requests must include a valid User-Agent header".
        let body = "\r\nRequest forbidden by administrative rules. Please make sure your request has a User-Agent header \
            (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required).\r\n";
        return from_github(Reply::new(403).with_body("text/plain; charset=utf-8", body));
    }
    let reply = match request.path() {
        "/meta" => json_reply(200, &meta(scene)),
        _ => not_found(),
    };
    from_github(with_rate_limit(reply, 1))
}

fn web(request: &Request) -> Reply {
    match request.path() {
        "/" => Reply::new(200).with_body(
            "text/html; charset=utf-8",
            "<!DOCTYPE html>\n<html lang=\"en\"><head><title>GitHub</title></head><body>GitHub</body></html>\n",
        ),
        "/robots.txt" => Reply::new(200).with_body("text/plain; charset=utf-8", "User-agent: *\nDisallow: /*/*/pulse\n"),
        _ => Reply::new(404).with_body(
            "text/html; charset=utf-8",
            "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Page not found &middot; GitHub</title></head></html>\n",
        ),
    }
}

fn not_found() -> Reply {
    json_reply(
        404,
        &json!({ "message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404" }),
    )
}

fn json_reply(status: u16, body: &Value) -> Reply {
    Reply::new(status).with_body("application/json; charset=utf-8", body.to_string())
}

/// What every reply of GitHub has.
fn from_github(reply: Reply) -> Reply {
    reply
        .with("Server", "github.com")
        .with("X-GitHub-Request-Id", request_id())
        .with("Strict-Transport-Security", "max-age=31536000; includeSubdomains; preload")
}

fn with_rate_limit(reply: Reply, used: u64) -> Reply {
    let reset = unix_time() + 3600;
    reply
        .with("X-GitHub-Media-Type", "github.v3; format=json")
        .with("X-RateLimit-Limit", LIMIT.to_string())
        .with("X-RateLimit-Remaining", (LIMIT - used).to_string())
        .with("X-RateLimit-Reset", reset.to_string())
        .with("X-RateLimit-Used", used.to_string())
        .with("X-RateLimit-Resource", "core")
}

/// Five groups of upper-case hexadecimal digits, the last being the time.
fn request_id() -> String {
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

/// `GET /meta` in the published shape (facts §7), with the world's own addresses among the ranges.
fn meta(scene: &Scene) -> Value {
    let mut ranges: Vec<IpNet> = PUBLISHED.iter().filter_map(|range| range.parse().ok()).collect();
    for address in scene.hosts.values().flat_map(|site| &site.addresses) {
        if !ranges.iter().any(|range| range.contains(address)) {
            ranges.push(IpNet::from(IpAddr::to_canonical(address)));
        }
    }
    let all: Vec<String> = ranges.iter().map(IpNet::to_string).collect();
    json!({
        "verifiable_password_authentication": false,
        "ssh_key_fingerprints": {
            "SHA256_ECDSA": "bGFiIGVjZHNhIGtleSwgbm90IEdpdEh1YidzIG93biE",
            "SHA256_ED25519": "bGFiIGVkMjU1MTkga2V5LCBub3QgR2l0SHViJ3Mgb3c",
            "SHA256_RSA": "bGFiIHJzYSBrZXksIG5vdCBHaXRIdWIncyBvd24gb25",
        },
        "ssh_keys": ["ssh-ed25519 bGFiIGVkMjU1MTkga2V5LCBub3QgR2l0SHViJ3Mgb3du"],
        "hooks": all,
        "github_enterprise_importer": ["192.30.252.0/22", "185.199.108.0/22", "140.82.112.0/20"],
        "web": all,
        "api": all,
        "git": all,
        "packages": ["140.82.121.33/32", "140.82.121.34/32"],
        "pages": ["192.30.252.153/32", "192.30.252.154/32"],
        "importer": ["52.23.85.212/32", "52.0.228.224/32"],
        "actions": ["4.148.0.0/16", "4.149.0.0/18"],
        "actions_macos": ["13.105.117.0/27", "13.105.49.0/27"],
        "codespaces": ["20.42.11.16/28", "20.61.128.128/28"],
        "dependabot": ["18.213.123.130/32", "3.217.79.163/32"],
        "copilot": ["52.175.140.176/32", "20.250.119.64/32"],
        "commit_signing_keys": [],
        "domains": {
            "website": ["*.github.com", "*.github.dev", "*.github.io", "*.githubassets.com", "*.githubusercontent.com"],
            "codespaces": ["*.github.com", "*.github.dev", "*.visualstudio.com"],
            "copilot": ["*.github.com", "*.githubusercontent.com", "*.githubcopilot.com"],
            "packages": ["mavenregistryv2prod.blob.core.windows.net", "ghcr.io", "*.pkg.github.com"],
            "storage": ["*.blob.core.windows.net"],
            "actions": ["*.actions.githubusercontent.com"],
            "actions_inbound": {
                "full_domains": ["github.com", "api.github.com", "codeload.github.com"],
                "wildcard_domains": ["*.githubusercontent.com"],
            },
            "artifact_attestations": {
                "trust_domain": "",
                "services": ["*.actions.githubusercontent.com", "tuf-repo.github.com", "fulcio.githubapp.com"],
            },
        },
    })
}

/// Requests an hour without a token (facts §7).
const LIMIT: u64 = 60;

/// Ranges that GitHub publishes for itself.
const PUBLISHED: [&str; 6] = [
    "192.30.252.0/22",
    "185.199.108.0/22",
    "140.82.112.0/20",
    "143.55.64.0/20",
    "2a0a:a440::/29",
    "2606:50c0::/32",
];
