//! The server's REST API under `/api/v3` (facts §3.2), and its GraphQL.

use serde_json::{Value, json};

use crate::http1::Reply;
use crate::scene::Scene;
use crate::server::api::caller::{self, Caller};
use crate::server::api::{Call, account, audit_log, error, json_reply, root, without_user_agent};
use crate::server::graphql;
use crate::world::{AuditActions, PrivateMode, Side, Token};

/// What a path below `/api/v3` gets.
pub(super) fn reply(call: &Call<'_>, path: &[&str]) -> Reply {
    let version = &call.scene.world.server.version;
    without_user_agent(call.request)
        .unwrap_or_else(|| answer(call, path))
        .with("X-GitHub-Media-Type", "github.v3; format=json")
        .with("X-GitHub-Enterprise-Version", version.as_str())
}

/// What `/api/graphql` gets. GraphQL never has an answer for nobody.
pub(super) fn graphql(call: &Call<'_>) -> Reply {
    let (scene, documentation) = (call.scene, documentation(call.scene));
    let reply = match Caller::of(call, Side::Server) {
        Caller::Impostor => caller::bad_credentials(&documentation),
        Caller::Nobody => error(401, "This endpoint requires you to be authenticated.", &documentation),
        caller @ Caller::Holder(_, token) => caller.describe(graphql::reply(call, token, None), &[]),
    };
    reply
        .with("X-GitHub-Media-Type", "github.v4; format=json")
        .with("X-GitHub-Enterprise-Version", scene.world.server.version.as_str())
}

fn answer(call: &Call<'_>, path: &[&str]) -> Reply {
    let scene = call.scene;
    let documentation = documentation(scene);
    let caller = Caller::of(call, Side::Server);
    let token = match caller {
        Caller::Impostor => return caller::bad_credentials(&documentation),
        Caller::Nobody => return anonymous(scene, path, &documentation),
        Caller::Holder(_, token) => token,
    };
    let reply = match (call.request.method.as_str(), path) {
        ("GET" | "HEAD", []) => root(scene),
        ("GET" | "HEAD", ["meta"]) => json_reply(200, &meta(scene)),
        ("GET" | "HEAD", ["user"]) => {
            let web = scene.world.server.url();
            json_reply(
                200,
                &account(&token.user, scene.world.server.site_admin, &web, &format!("{web}/api/v3")),
            )
        }
        ("GET" | "HEAD", ["enterprise", "settings", "license"]) => {
            for_administrator(scene, token, path, &documentation, || json_reply(200, &license(scene)))
        }
        ("GET" | "HEAD", ["enterprises", slug, "audit-log"]) => {
            let server = &scene.world.server;
            if !slug.eq_ignore_ascii_case(&server.enterprise) {
                not_found(&documentation)
            } else {
                for_administrator(scene, token, path, &documentation, || {
                    let api = format!("https://{}", server.host);
                    let owner = audit_log::Owner {
                        slug: &server.enterprise,
                        id: 1,
                        api: &api,
                        actions: AuditActions::All,
                    };
                    audit_log::reply(call, &scene.web.audit_log(&scene.world, Side::Server), &owner)
                })
            }
        }
        _ => not_found(&documentation),
    };
    caller.describe(reply, scopes(path))
}

fn anonymous(scene: &Scene, path: &[&str], documentation: &str) -> Reply {
    match (scene.world.server.private_mode, path) {
        (PrivateMode::RequiresAuthentication, _) => caller::requires_authentication(documentation),
        (PrivateMode::OnButMeta | PrivateMode::Off, ["meta"]) => json_reply(200, &meta(scene)),
        (PrivateMode::Off, []) => root(scene),
        (PrivateMode::On | PrivateMode::OnButMeta, _) => {
            error(401, "Must authenticate to access this API.", documentation)
        }
        (PrivateMode::Off, ["user"] | ["enterprise", ..] | ["enterprises", ..]) => {
            caller::requires_authentication(documentation)
        }
        (PrivateMode::Off, _) => not_found(documentation),
    }
}

/// An answer for site administrators whose token says so; others are told that there is nothing.
fn for_administrator(
    scene: &Scene,
    token: &Token,
    path: &[&str],
    documentation: &str,
    answer: impl Fn() -> Reply,
) -> Reply {
    match scene.world.server.site_admin && scopes(path).iter().any(|scope| token.grants(scope)) {
        true => answer(),
        false => not_found(documentation),
    }
}

/// The scopes of which a token needs one (facts §3.2).
fn scopes(path: &[&str]) -> &'static [&'static str] {
    match path {
        ["enterprise", "settings", "license"] => &["site_admin"],
        ["enterprises", _, "audit-log"] => &["read:audit_log"],
        _ => &[],
    }
}

fn root(scene: &Scene) -> Reply {
    let web = scene.world.server.url();
    json_reply(200, &root::root(&web, &format!("{web}/api/v3")))
}

fn meta(scene: &Scene) -> Value {
    let server = &scene.world.server;
    json!({
        "verifiable_password_authentication": true,
        "packages": ["192.0.2.1"],
        "domains": {
            "website": [format!("*.{}", server.host)],
            "codespaces": [],
            "copilot": [],
            "packages": [format!("*.{}", server.host)],
        },
        "installed_version": server.version,
    })
}

fn license(scene: &Scene) -> Value {
    let license = &scene.world.server.license;
    let end = license.expires.moment();
    let days = (end - crate::clock::now()).whole_days();
    // Any number of seats is a word in the place of a number.
    let seats = |count: u32| match license.seats {
        0 => json!("unlimited"),
        _ => json!(count),
    };
    json!({
        "seats": seats(license.seats),
        "seats_used": license.seats_used,
        "seats_available": seats(license.seats.saturating_sub(license.seats_used)),
        "kind": license.kind,
        "days_until_expiration": days,
        "expire_at": format!(
            "{:04}/{:02}/{:02} {:02}:{:02}:{:02} +0000",
            end.year(), u8::from(end.month()), end.day(), end.hour(), end.minute(), end.second(),
        ),
    })
}

fn not_found(documentation: &str) -> Reply {
    error(404, "Not Found", documentation)
}

/// The documentation of the server's own version, `3.19` of `3.19.1`.
fn documentation(scene: &Scene) -> String {
    let version: Vec<&str> = scene.world.server.version.split('.').take(2).collect();
    format!("https://docs.github.com/enterprise-server@{}/rest", version.join("."))
}
