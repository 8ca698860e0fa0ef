//! The REST endpoints (facts §3.1).

use serde_json::{Value, json};

use super::{addresses, barrier, meta, not_found, refusal};
use crate::http1::Reply;
use crate::scene::Scene;
use crate::server::api::{Call, account, account_id, audit_log, error, json_reply, page, root};
use crate::world::{Side, Sso, Token};

/// What a path stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    GraphQl,
    Root,
    Meta,
    User,
    LicenseSyncStatus(&'a str),
    ConsumedLicenses(&'a str),
    AuditLog(&'a str),
    ServerStatistics(&'a str),
    Unknown,
}

impl<'a> Route<'a> {
    pub(super) fn of(call: &Call<'a>) -> Route<'a> {
        let method = call.request.method.as_str();
        match (method, &call.segments()[..]) {
            ("POST", ["graphql"]) => Route::GraphQl,
            ("GET" | "HEAD", segments) => match segments {
                [""] => Route::Root,
                ["meta"] => Route::Meta,
                ["user"] => Route::User,
                ["enterprises", slug, "license-sync-status"] => Route::LicenseSyncStatus(slug),
                ["enterprises", slug, "consumed-licenses"] => Route::ConsumedLicenses(slug),
                ["enterprises", slug, "audit-log"] => Route::AuditLog(slug),
                ["enterprise-installation", slug, "server-statistics"] => Route::ServerStatistics(slug),
                _ => Route::Unknown,
            },
            _ => Route::Unknown,
        }
    }

    /// The scopes of which a classic token needs one (facts §3.1, §4.3).
    pub(super) fn scopes(self) -> &'static [&'static str] {
        match self {
            Route::GraphQl | Route::Root | Route::Meta | Route::User | Route::Unknown => &[],
            Route::LicenseSyncStatus(_) | Route::ConsumedLicenses(_) | Route::ServerStatistics(_) => {
                &["read:enterprise"]
            }
            Route::AuditLog(_) => &["read:audit_log"],
        }
    }
}

pub(super) fn reply(call: &Call<'_>, route: Route<'_>, token: &Token) -> Reply {
    let scene = call.scene;
    match route {
        Route::Root => root(scene),
        Route::Meta => json_reply(200, &meta::meta(scene)),
        Route::User => {
            let (web, api) = addresses(scene);
            json_reply(200, &account(&token.user, false, &web, &api))
        }
        Route::LicenseSyncStatus(slug) => {
            for_owner(call, slug, route, token, || json_reply(200, &license_sync_status(scene)))
        }
        Route::ConsumedLicenses(slug) => for_owner(call, slug, route, token, || consumed_licenses(call)),
        Route::AuditLog(slug) => for_owner(call, slug, route, token, || {
            let (enterprise, (_, api)) = (&scene.world.enterprise, addresses(scene));
            let owner = audit_log::Owner {
                slug: &enterprise.slug,
                id: enterprise.database_id,
                api: &api,
                actions: enterprise.audit_actions,
            };
            audit_log::reply(call, &scene.web.audit_log(&scene.world, Side::Cloud), &owner)
        }),
        // Not there on GHE.com (facts §1.2).
        Route::ServerStatistics(_) if scene.world.target.ghe_com.is_some() => not_found(),
        Route::ServerStatistics(slug) => {
            for_owner(call, slug, route, token, || json_reply(200, &server_statistics(scene)))
        }
        Route::GraphQl | Route::Unknown => not_found(),
    }
}

/// Where everything is.
pub(super) fn root(scene: &Scene) -> Reply {
    let (web, api) = addresses(scene);
    json_reply(200, &root::root(&web, &api))
}

/// An answer that only owners get, with a token that has the scope, from an address that may have it.
fn for_owner(
    call: &Call<'_>,
    slug: &str,
    route: Route<'_>,
    token: &Token,
    answer: impl Fn() -> Reply,
) -> Reply {
    let enterprise = &call.scene.world.enterprise;
    if !slug.eq_ignore_ascii_case(&enterprise.slug) {
        return not_found();
    }
    if let Some(barrier) = barrier(call, token, true) {
        return refusal::over_rest(call, barrier);
    }
    if !route.scopes().iter().any(|scope| token.grants(scope)) || !enterprise.viewer_is_admin {
        return match enterprise.refusal_status {
            404 => not_found(),
            status => error(status, "Must have admin rights to Enterprise.", super::REST),
        };
    }
    match token.sso {
        Sso::Partial => answer().with("X-GitHub-SSO", "partial-results; organizations=21955855,20582480"),
        Sso::Authorized | Sso::Required => answer(),
    }
}

fn license_sync_status(scene: &Scene) -> Value {
    let instances: Vec<Value> = scene
        .web
        .license_sync(&scene.world)
        .iter()
        .map(|sync| {
            json!({
                "server_id": server_id(&sync.host_name),
                "hostname": sync.host_name,
                "last_sync": { "date": sync.at.rfc3339(), "status": sync.status, "error": sync.error },
            })
        })
        .collect();
    json!({ "server_instances": instances })
}

/// The counts of the whole, and a page of the people.
fn consumed_licenses(call: &Call<'_>) -> Reply {
    let (billing, (_, api)) = (&call.scene.world.enterprise.billing, addresses(call.scene));
    let count = usize::try_from(billing.seats_used).unwrap_or(usize::MAX);
    let (range, link) = page::numbered(call, &api, count, 100);
    let users: Vec<Value> = range.map(licensed_user).collect();
    let body = json!({
        "total_seats_consumed": billing.seats_used,
        "total_seats_purchased": billing.seats,
        "users": users,
    });
    page::linked(json_reply(200, &body), link)
}

fn licensed_user(number: usize) -> Value {
    let login = format!("person-{number}");
    json!({
        "github_com_login": login,
        "github_com_name": null,
        "enterprise_server_user_ids": [],
        "github_com_user": true,
        "enterprise_server_user": false,
        "visual_studio_subscription_user": false,
        "license_type": "enterprise",
        "github_com_profile": format!("https://github.com/{login}"),
        "github_com_member_roles": ["acme-org:Member"],
        "github_com_enterprise_roles": ["member"],
        "github_com_verified_domain_emails": [],
        "github_com_saml_name_id": null,
        "github_com_orgs_with_pending_invites": [],
        "github_com_two_factor_auth": true,
        "enterprise_server_emails": [],
        "visual_studio_license_status": "",
        "visual_studio_subscription_email": "",
        "total_user_accounts": 1,
    })
}

fn server_statistics(scene: &Scene) -> Value {
    let reports = scene.world.enterprise.statistics.iter().map(|report| {
        json!({
            "server_id": server_id(&report.host_name),
            "collection_date": report.at.rfc3339(),
            "schema_version": "20230306",
            "ghes_version": report.version,
            "host_name": report.host_name,
            "github_connect": { "features_enabled": report.features },
            "ghe_stats": {
                "orgs": { "total_orgs": 12, "disabled_orgs": 0, "total_teams": 40, "total_team_members": 310 },
                "repos": { "total_repos": 900, "root_repos": 850, "fork_repos": 50, "org_repos": 880,
                           "total_pushes": 120_000, "total_wikis": 30 },
                "users": { "total_users": 321, "admin_users": 3, "suspended_users": 5 },
            },
            "dormant_users": { "total_dormant_users": 9, "dormancy_threshold": "90 days" },
        })
    });
    reports.collect()
}

/// The id of a server, which is a UUID.
fn server_id(host_name: &str) -> String {
    let (one, other) = (account_id(host_name), account_id(&format!("{host_name}+")));
    format!("{one:08x}-0000-4000-8000-{other:012x}")
}
