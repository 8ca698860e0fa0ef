//! The GitHub Enterprise Server: its REST API and its Manage API.

use gh_connect_lab::{Event, Lab};
use serde_json::{Value, json};

use crate::client::{Response, dial, get, handshake, handshake_trusting, lab, request_with, session};

const HOST: &str = "ghes.corp.example";

async fn api(lab: &Lab, path: &str) -> Response {
    let token = format!("token {}", lab.environment()["GH_ENTERPRISE_TOKEN"]);
    let session = session(lab, HOST).await.unwrap();
    request_with(session, HOST, &format!("/api/v3{path}"), &[("Authorization", &token)]).await
}

async fn manage_as(lab: &Lab, path: &str, user: &str, password: &str) -> Response {
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    let session = handshake(lab, HOST, dial(lab, HOST, 8443).await.unwrap()).await.unwrap();
    let headers = [("Authorization", format!("Basic {basic}"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    request_with(session, HOST, &format!("/manage/v1/{path}"), &headers).await
}

pub(crate) async fn manage(lab: &Lab, path: &str) -> Value {
    let environment = lab.environment();
    let (user, password) = (&environment["GHE_MANAGE_USER"], &environment["GHE_MANAGE_PASSWORD"]);
    let reply = manage_as(lab, path, user, password).await;
    assert_eq!(reply.status, 200, "{path}");
    reply.json()
}

#[tokio::test]
async fn a_healthy_server_is_one() {
    let lab = lab("").await;
    assert_eq!(lab.server_url(), "https://ghes.corp.example");
    assert_eq!(get(&lab, HOST, "/status").await.status, 200);
    let meta = get(&lab, HOST, "/api/v3/meta").await;
    assert_eq!(meta.json()["installed_version"], "3.19.1");
    assert_eq!(meta.header("x-github-enterprise-version").unwrap(), "3.19.1");
    assert!(meta.header("x-github-request-id").is_some());

    let user = api(&lab, "/user").await;
    assert_eq!(user.json()["site_admin"], true);
    assert_eq!(user.json()["login"], "ghe-admin");
    assert!(user.header("x-oauth-scopes").unwrap().contains("site_admin"));
    let license = api(&lab, "/enterprise/settings/license").await;
    assert_eq!(license.header("x-accepted-oauth-scopes").unwrap(), "site_admin");
    let license = license.json();
    assert_eq!((&license["kind"], &license["seats"]), (&json!("standard"), &json!(500)));
    assert!((238..=240).contains(&license["days_until_expiration"].as_i64().unwrap()), "{license}");
    assert!(license["expire_at"].as_str().unwrap().ends_with(" +0000"), "{license}");
}

#[tokio::test]
async fn without_the_right_token_there_is_nothing() {
    let lab = lab("token.server.scopes = ['read:user']").await;
    assert_eq!(get(&lab, HOST, "/api/v3/user").await.json()["message"], "Requires authentication");
    assert_eq!(api(&lab, "/user").await.status, 200);
    let license = api(&lab, "/enterprise/settings/license").await;
    assert_eq!((license.status, license.json()["message"].clone()), (404, json!("Not Found")));
    assert_eq!(license.header("x-oauth-scopes").unwrap(), "read:user");

    let no_admin = crate::client::lab("server.site-admin = false").await;
    assert_eq!(api(&no_admin, "/user").await.json()["site_admin"], false);
    assert_eq!(api(&no_admin, "/enterprise/settings/license").await.status, 404);

    let revoked = crate::client::lab("token.server.revoked = true").await;
    let reply = api(&revoked, "/user").await;
    assert_eq!((reply.status, reply.json()["message"].clone()), (401, json!("Bad credentials")));
}

#[tokio::test]
async fn private_mode_wants_a_token_for_everything() {
    for (mode, meta, message) in [
        ("on", 401, "Must authenticate to access this API."),
        ("requires-authentication", 401, "Requires authentication"),
        ("on-but-meta", 200, "Must authenticate to access this API."),
    ] {
        let lab = lab(&format!("server.private-mode = '{mode}'")).await;
        assert_eq!(get(&lab, HOST, "/api/v3/meta").await.status, meta, "{mode}");
        let user = get(&lab, HOST, "/api/v3/user").await;
        assert_eq!((user.status, user.json()["message"].clone()), (401, json!(message)));
        assert_eq!(api(&lab, "/meta").await.status, 200);
        assert_eq!(manage(&lab, "config/settings").await["private_mode"], true);
    }
}

#[tokio::test]
async fn the_manage_api_wants_its_own_credentials() {
    let lab = lab("server.manage = { user = 'ops', password = 'a:b' }").await;
    assert_eq!(lab.environment()["GHE_MANAGE_USER"], "ops");
    assert_eq!(manage_as(&lab, "version", "ops", "a:b").await.status, 200);
    for (user, password) in
        [("ops", "a"), ("api_key", "a:b"), ("ops", &lab.environment()["GH_ENTERPRISE_TOKEN"])]
    {
        let reply = manage_as(&lab, "version", user, password).await;
        assert_eq!(reply.status, 401);
        assert!(reply.header("www-authenticate").unwrap().starts_with("Basic "));
    }
}

#[tokio::test]
async fn the_manage_api_tells_what_the_server_is() {
    let lab = lab("server.http-proxy = 'http://proxy.corp.example:3128'").await;
    let version = manage(&lab, "version").await;
    assert_eq!(version[0]["version"]["version"], "3.19.1");
    assert_eq!(manage(&lab, "config/license").await["croquetSupport"], true);
    assert_eq!(manage(&lab, "config/license/check").await["status"], "valid");
    assert_eq!(manage(&lab, "config/nodes").await["topology"], "SingleNode");
    assert_eq!(manage(&lab, "replication/status").await["status"], "OK");
    assert_eq!(manage(&lab, "cluster/status").await["status"], "OK");
    assert_eq!(manage(&lab, "maintenance").await[0]["status"], "off");
    let settings = manage(&lab, "config/settings").await;
    assert_eq!(settings["http_proxy"], "http://proxy.corp.example:3128");
    assert_eq!(settings["github_hostname"], HOST);
    // The body carries secrets, every one of which the lab knows by name.
    let text = settings.to_string();
    let known = lab.secrets().iter().filter(|(name, _)| name.starts_with("setting "));
    assert_eq!(known.clone().count(), 9);
    for (name, value) in known {
        assert!(text.contains(value.as_str()), "{name}");
    }
}

#[tokio::test]
async fn licences_differ() {
    let lab = lab("[server.license]\nkind = 'trial'\nexpires = '3 days ago'\nevaluation = true\ncroquet-support = false\nseats = 0\n[server.manage]\narrays = true").await;
    let license = api(&lab, "/enterprise/settings/license").await.json();
    assert_eq!(license["days_until_expiration"], -3);
    assert_eq!(license["seats"], "unlimited");
    let license = manage(&lab, "config/license").await;
    assert_eq!(license[0]["evaluation"], true, "as an array, like the published example");
    assert_eq!(license[0]["croquetSupport"], false);
    assert_eq!(manage(&lab, "config/license/check").await, json!([{ "status": "expired" }]));
}

#[tokio::test]
async fn nodes_have_versions_and_health_of_their_own() {
    let lab = lab("[[server.node]]\nhost-name = 'ghes-a'\n[[server.node]]\nhost-name = 'ghes-b'\nversion = '3.18.4'\nreplica = true\nreplication = 'critical'\ntrouble = 'mysql'").await;
    let nodes = manage(&lab, "config/nodes").await;
    assert_eq!((&nodes["topology"], &nodes["nodes"][1]["replica"]), (&json!("Ha"), &json!(true)));
    assert_eq!(manage(&lab, "version").await[1]["version"]["version"], "3.18.4");
    let health = manage(&lab, "replication/status").await;
    assert_eq!(health["status"], "CRITICAL");
    assert_eq!(health["nodes"][0]["services"], json!([]));
    assert_eq!(health["nodes"][1]["services"][0]["name"], "mysql");

    let cluster = crate::client::lab(
        "server.node = [{ cluster-roles = ['GitServer'] }, { cluster-roles = ['JobServer'] }]",
    )
    .await;
    let nodes = manage(&cluster, "config/nodes").await;
    assert_eq!((&nodes["topology"], &nodes["nodes"][1]["hostname"]), (&json!("Cluster"), &json!("ghes-2")));
}

#[tokio::test]
async fn in_maintenance_the_manage_api_alone_answers() {
    let lab = lab("server.maintenance = 'on'").await;
    assert_eq!(get(&lab, HOST, "/status").await.status, 503);
    assert_eq!(api(&lab, "/meta").await.status, 503);
    assert_eq!(manage(&lab, "maintenance").await[0]["status"], "on");
    let scheduled = crate::client::lab("server.maintenance = 'scheduled'").await;
    assert_eq!(api(&scheduled, "/meta").await.status, 200);
    assert!(manage(&scheduled, "maintenance").await[0]["scheduled_time"].is_string());
}

#[tokio::test]
async fn something_else_can_have_its_name() {
    let lab = lab("server.not-ghes = true").await;
    let reply = get(&lab, HOST, "/api/v3/meta").await;
    assert_eq!(reply.status, 404);
    assert!(
        reply.header("x-github-request-id").is_none()
            && reply.header("x-github-enterprise-version").is_none()
    );
    assert_eq!(get(&lab, HOST, "/").await.status, 200);
}

#[tokio::test]
async fn its_ports_fail_in_their_own_ways() {
    let lab = lab("host.'ghes.corp.example'.port-443.certificate.issuer = 'corp'").await;
    assert!(session(&lab, HOST).await.is_err());
    let corp = std::fs::read_to_string(lab.directory().join("corp-ca.pem")).unwrap();
    for port in [443, 8443] {
        handshake_trusting(&corp, HOST, dial(&lab, HOST, port).await.unwrap()).await.unwrap();
    }
    let lab =
        crate::client::lab("server.manage.port-8443 = { tcp = 'refuse' }\nfirewall.direct = 'silent'").await;
    assert!(dial(&lab, HOST, 8443).await.is_err());
    assert_eq!(get(&lab, HOST, "/status").await.status, 200, "the firewall stands behind the server");
}

#[tokio::test]
async fn another_name_is_another_server() {
    let lab = lab("server.host = 'code.corp.example'").await;
    assert_eq!(lab.server_url(), "https://code.corp.example");
    assert_eq!(get(&lab, "code.corp.example", "/api/v3/meta").await.status, 200);
}

#[tokio::test]
async fn the_log_knows_every_secret_by_its_name_and_none_by_its_value() {
    let lab = lab("").await;
    api(&lab, "/user").await;
    manage(&lab, "version").await;
    let stolen = format!("token {}", lab.environment()["GH_TOKEN"]);
    request_with(session(&lab, HOST).await.unwrap(), HOST, "/", &[("X-Copied", &stolen)]).await;
    let seen: Vec<Vec<String>> = lab
        .log()
        .into_iter()
        .filter_map(|event| if let Event::Request { secrets, .. } = event { Some(secrets) } else { None })
        .collect();
    assert_eq!(seen, [["server"], ["manage"], ["cloud"]]);
    let log = format!("{:?}", lab.log());
    assert!(lab.secrets().iter().all(|(_, value)| !log.contains(value.as_str())));
}

#[tokio::test]
async fn its_graphql_tells_its_own_account() {
    let lab = lab("server.enterprise = 'our-code'").await;
    let ask = async |token: &str| {
        let session = session(&lab, HOST).await.unwrap();
        let query = r#"{"query": "{ viewer { login isSiteAdmin enterprises(first: 5) { totalCount nodes { slug viewerIsAdmin ownerInfo { ipAllowListEnabledSetting } } } } rateLimit { limit } }"}"#;
        let headers = [("Authorization", token)];
        crate::client::send(
            session,
            "POST",
            HOST,
            "/api/graphql",
            if token.is_empty() { &[] } else { &headers },
            query,
        )
        .await
    };
    let reply = ask(&format!("token {}", lab.environment()["GH_ENTERPRISE_TOKEN"])).await;
    assert_eq!(reply.header("x-github-enterprise-version").unwrap(), "3.19.1");
    assert_eq!(
        reply.json(),
        json!({ "data": {
            "viewer": { "login": "ghe-admin", "isSiteAdmin": true, "enterprises": { "totalCount": 1,
                "nodes": [{ "slug": "our-code", "viewerIsAdmin": true, "ownerInfo": null }] } },
            "rateLimit": null,
        } })
    );
    assert_eq!(ask("").await.status, 401);
    assert_eq!(
        ask(&format!("token {}", lab.environment()["GH_TOKEN"])).await.json()["message"],
        "Bad credentials"
    );
}
