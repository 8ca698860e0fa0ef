//! The cloud over REST: tokens, scopes, single sign-on, the allow list, limits, the audit log.

use gh_connect_lab::{Event, Lab};
use serde_json::json;

use crate::client::{cloud_token, get, lab, next_page, request_with, rest, rest_with, session};

const AUDIT_LOG: &str = "/enterprises/acme/audit-log";

#[tokio::test]
async fn an_owner_reads_everything() {
    let lab = lab(
        "[[enterprise.installation]]\nhost-name = 'x.example'\n[[enterprise.license-sync]]\nhost-name = 'x.example'\n\
         [[enterprise.statistics]]\nhost-name = 'x.example'\nfeatures = ['license_usage_sync']",
    )
    .await;
    let user = rest(&lab, "/user").await;
    assert_eq!(user.json()["login"], "octo-owner");
    assert_eq!(user.header("x-oauth-scopes").unwrap(), "admin:enterprise, read:audit_log");
    assert_eq!(user.header("x-ratelimit-limit").unwrap(), "5000");
    let sync = rest(&lab, "/enterprises/acme/license-sync-status").await;
    assert_eq!(sync.header("x-accepted-oauth-scopes").unwrap(), "read:enterprise");
    assert_eq!(sync.json()["server_instances"][0]["last_sync"]["status"], "success");
    let consumed = rest(&lab, "/enterprises/acme/consumed-licenses?per_page=1").await;
    assert_eq!(consumed.json()["total_seats_purchased"], 600);
    assert_eq!(consumed.json()["users"].as_array().unwrap().len(), 1);
    assert!(next_page(&consumed).unwrap().contains("page=2"));
    let statistics = rest(&lab, "/enterprise-installation/acme/server-statistics").await;
    assert_eq!(statistics.json()[0]["github_connect"]["features_enabled"], json!(["license_usage_sync"]));
    assert_eq!(rest(&lab, AUDIT_LOG).await.header("x-ratelimit-limit").unwrap(), "1750");
    assert_eq!(rest(&lab, "/enterprises/other/audit-log").await.status, 404);
}

#[tokio::test]
async fn on_ghe_com_there_are_no_statistics() {
    let lab = lab("target.ghe-com = 'acme'").await;
    let session = session(&lab, "api.acme.ghe.com").await.unwrap();
    let token = format!("token {}", cloud_token(&lab));
    let path = "/enterprise-installation/acme/server-statistics";
    let reply = request_with(session, "api.acme.ghe.com", path, &[("Authorization", &token)]).await;
    assert_eq!(reply.status, 404);
}

#[tokio::test]
async fn every_refusal_has_its_published_form() {
    let denied = |status: u16, message: &str| (status, message.to_owned());
    for (world, path, (status, message), header) in [
        ("token.cloud.revoked = true", "/user", denied(401, "Bad credentials"), None),
        (
            "token.cloud.scopes = []",
            AUDIT_LOG,
            denied(404, "Not Found"),
            Some(("x-accepted-oauth-scopes", "read:audit_log")),
        ),
        (
            "token.cloud.scopes = ['read:enterprise']\nenterprise.refusal-status = 403",
            AUDIT_LOG,
            denied(403, "Must have admin rights to Enterprise."),
            Some(("x-oauth-scopes", "read:enterprise")),
        ),
        ("enterprise.viewer-is-admin = false", AUDIT_LOG, denied(404, "Not Found"), None),
        (
            "token.cloud.sso = 'required'",
            AUDIT_LOG,
            denied(
                403,
                "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to \
                 this organization.",
            ),
            Some(("x-github-sso", "required; url=https://github.com/enterprises/acme/sso?")),
        ),
        (
            "token.cloud.sso = 'partial'",
            AUDIT_LOG,
            denied(200, ""),
            Some(("x-github-sso", "partial-results; organizations=")),
        ),
        (
            "token.cloud.kind = 'fine-grained'",
            AUDIT_LOG,
            denied(403, "Resource not accessible by personal access token"),
            Some(("x-accepted-github-permissions", "enterprise_administration=read")),
        ),
        (
            "token.cloud.remaining = 0",
            "/user",
            denied(403, "API rate limit exceeded for user ID "),
            Some(("x-ratelimit-remaining", "0")),
        ),
        (
            "token.cloud.forbidden-by-policy = true",
            AUDIT_LOG,
            denied(403, "The 'acme' enterprise forbids access via a personal access tokens (classic)"),
            None,
        ),
        (
            "egress.ipv4 = ['192.0.2.1']",
            AUDIT_LOG,
            denied(
                403,
                "Although you appear to have the correct authorization credentials, the `acme` enterprise has an IP \
                 allow list enabled, and your IP address is not permitted to access this resource.",
            ),
            None,
        ),
        (
            "egress.ipv4 = ['192.0.2.1']\nenterprise.allow-list.refusal = 'organization-with-address'",
            AUDIT_LOG,
            denied(
                403,
                "Although you appear to have the correct authorization credentials, the `acme` organization has an IP \
                 allow list enabled, and 192.0.2.1 is not permitted to access this resource.",
            ),
            None,
        ),
    ] {
        let lab = lab(world).await;
        let reply = rest(&lab, path).await;
        assert_eq!(reply.status, status, "{world}: {}", reply.text());
        if status != 200 {
            let said = reply.json()["message"].as_str().unwrap().to_owned();
            assert!(said.starts_with(&message), "{world}: {said}");
        }
        if let Some((name, value)) = header {
            assert!(
                reply.header(name).unwrap_or_default().starts_with(value),
                "{world}: {:?}",
                reply.header(name)
            );
        }
    }
}

#[tokio::test]
async fn who_brings_no_token_is_told() {
    let lab = lab("token.cloud.given = false").await;
    assert!(!lab.environment().contains_key("GH_TOKEN"));
    let reply = get(&lab, "api.github.com", AUDIT_LOG).await;
    assert_eq!((reply.status, reply.json()["message"].clone()), (401, json!("Requires authentication")));
    assert!(reply.header("x-oauth-scopes").is_none());
}

#[tokio::test]
async fn what_the_world_says_of_the_environment_stands() {
    let lab = lab("environment = { GH_TOKEN = 'mine', OTHER = 'x' }").await;
    let environment = lab.environment();
    assert_eq!((environment["GH_TOKEN"].as_str(), environment["OTHER"].as_str()), ("mine", "x"));
    assert!(environment.contains_key("GH_ENTERPRISE_TOKEN"));
}

#[tokio::test]
async fn too_many_bad_credentials_lock_the_good_ones_out() {
    let lab = lab("enterprise.lockout-after = 2").await;
    let status = async |token: &str| rest_with(&lab, "/user", token).await.status;
    assert_eq!((status("x").await, status("x").await), (401, 401));
    assert_eq!(status(&cloud_token(&lab)).await, 200);
    assert_eq!(status("x").await, 403);
    assert_eq!(status(&cloud_token(&lab)).await, 403);
}

#[tokio::test]
async fn the_hour_ends_for_a_token_that_asks_too_much() {
    let lab = lab("token.cloud.remaining = 2").await;
    for left in ["1", "0"] {
        let reply = rest(&lab, "/user").await;
        assert_eq!((reply.status, reply.header("x-ratelimit-remaining").unwrap().as_str()), (200, left));
    }
    assert_eq!(rest(&lab, "/user").await.status, 403);
}

/// The source address that the echo host sees.
async fn seen(lab: &Lab) -> String {
    get(lab, "echo.corp.example", "/").await.text().trim().to_owned()
}

#[tokio::test]
async fn a_pool_of_addresses_takes_turns() {
    let lab = lab("egress.ipv4 = ['203.0.113.7', '203.0.113.200']").await;
    assert_eq!(lab.echo_url(), "https://echo.corp.example/");
    assert_eq!(
        [seen(&lab).await, seen(&lab).await, seen(&lab).await],
        ["203.0.113.7", "203.0.113.200", "203.0.113.7"]
    );
    assert_eq!(rest(&lab, AUDIT_LOG).await.status, 403, "of two addresses one is not listed");
    assert_eq!(rest(&lab, AUDIT_LOG).await.status, 200);
}

#[tokio::test]
async fn an_ipv6_connection_has_an_ipv6_source() {
    let world = "host.'api.github.com'.addresses = ['2606:50c0:8000::5']\nenterprise.allow-list.entries = [{ value = '203.0.113.7' }]\n\
        enterprise.allow-list.refusal = 'enterprise-with-address'";
    let lab = lab(world).await;
    let reply = rest(&lab, AUDIT_LOG).await;
    assert!(reply.json()["message"].as_str().unwrap().contains("2001:db8:7::7 is not permitted"));
}

#[tokio::test]
async fn only_active_entries_of_the_enterprise_count() {
    for (entries, status) in [
        ("{ value = '203.0.113.7' }", 200),
        ("{ value = '203.0.113.9/28' }", 200),
        ("{ value = '::ffff:203.0.113.7' }", 200),
        ("{ value = '203.0.113.7', active = false }", 403),
        ("{ value = '203.0.113.7', app = true }", 403),
        ("{ value = '203.0.113.8/30' }", 403),
        ("{ value = 'nonsense' }", 403),
        ("", 403),
    ] {
        let lab = lab(&format!("enterprise.allow-list.entries = [{entries}]")).await;
        assert_eq!(rest(&lab, AUDIT_LOG).await.status, status, "{entries}");
        assert_eq!(rest(&lab, "/user").await.status, 200, "only the enterprise is behind it");
    }
    for (list, status) in [
        ("enabled = false, entries = []", 200),
        ("refuses = 'everybody'", 403),
        ("refuses = 'nobody', entries = []", 200),
        ("refuses = 'unlisted-rest', entries = []", 403),
        ("refuses = 'everybody-over-rest'", 403),
    ] {
        let lab = lab(&format!("enterprise.allow-list = {{ {list} }}")).await;
        assert_eq!(rest(&lab, AUDIT_LOG).await.status, status, "{list}");
    }
}

const EVENTS: &str = "[enterprise]\naudit-log = [\
    { action = 'business.create_trial', at = '90 days ago', fields = { name = 'acme' } },\
    { action = 'billing.change_billing_type', at = '2026-03-01T09:00:00Z', actor = 'mona', actor-ip = '203.0.113.7' },\
    { action = 'business.convert_trial', at = '60 days ago' },\
    { action = 'git.clone', at = '1 day ago' }]\n";

#[tokio::test]
async fn the_audit_log_is_searched() {
    let lab = lab(EVENTS).await;
    let find = async |phrase: &str| -> Vec<String> {
        let events = rest(&lab, &format!("{AUDIT_LOG}?{phrase}")).await.json();
        events.as_array().unwrap().iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect()
    };
    let (create, convert, change) =
        ("business.create_trial", "business.convert_trial", "billing.change_billing_type");
    assert_eq!(find("phrase=action:business").await, [convert, create], "the newest first");
    assert_eq!(find("phrase=action%3Abusiness.create_trial").await, [create]);
    assert_eq!(find("phrase=action:business+-action:business.convert_trial").await, [create]);
    assert_eq!(find("phrase=actor:mona").await, [change]);
    assert_eq!(find("phrase=created:2026-03-01").await, [change]);
    assert_eq!(find("phrase=created:%3C2026-03-02").await, [change]);
    assert_eq!(find("phrase=trial").await, [""; 0], "text finds nothing, as published");
    assert_eq!(find("phrase=action:business.create_trial+action:business.convert_trial").await, [""; 0]);
    assert_eq!(find("include=git").await, ["git.clone"]);
    assert_eq!(find("include=all").await.len(), 4);
    assert_eq!(find("order=asc").await[0], change);

    let event = &rest(&lab, &format!("{AUDIT_LOG}?phrase=actor:mona")).await.json()[0];
    assert_eq!(event["@timestamp"], 1_772_355_600_000_i64);
    assert_eq!((&event["actor_ip"], &event["business"]), (&json!("203.0.113.7"), &json!("acme")));

    let any = crate::client::lab(&format!("{EVENTS}audit-actions = 'any'")).await;
    let both = format!("{AUDIT_LOG}?phrase=action:business.create_trial+action:business.convert_trial");
    assert_eq!(rest(&any, &both).await.json().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_audit_log_is_read_in_pages() {
    let events: String = (1..=7).map(|n| format!("{{ action = 'a.b{n}', at = '{n} days ago' }}, ")).collect();
    let lab = lab(&format!("enterprise.audit-log = [{events}]")).await;
    let mut path = format!("{AUDIT_LOG}?per_page=3&phrase=action:a");
    let mut seen = Vec::new();
    loop {
        let reply = rest(&lab, &path).await;
        let page = reply.json();
        seen.extend(
            page.as_array().unwrap().iter().map(|event| event["action"].as_str().unwrap().to_owned()),
        );
        let Some(next) = next_page(&reply) else { break };
        path = next.strip_prefix("https://api.github.com").unwrap().to_owned();
        assert!(path.contains("phrase=action%3Aa"), "{path}");
    }
    assert_eq!(seen, ["a.b1", "a.b2", "a.b3", "a.b4", "a.b5", "a.b6", "a.b7"]);
    let requests =
        lab.log().into_iter().filter(|e| matches!(e, Event::Request { path, .. } if path == AUDIT_LOG));
    assert_eq!(requests.count(), 3);
}
