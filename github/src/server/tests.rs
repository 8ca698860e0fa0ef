use gh_connect_engine::Stop;

use super::*;
use crate::{
    Api, OfTheRun, Refusal,
    cloud::Topic,
    testing::{Says, Seen, Served, Speaks, cx, plan},
};

#[tokio::test]
async fn a_server_tells_its_version_user_licence_and_log() {
    let served = Served::start(Speaks::Both, |seen: &Seen| {
        let says = match seen.target.as_str() {
            "/status" => Says::json("GitHub lives!").with("x-github-request-id", "1").with("server", "GitHub.com"),
            "/api/v3/meta" => Says::json(r#"{"verifiable_password_authentication": true, "installed_version": "3.19.1"}"#),
            "/api/v3/user" => Says::json(r#"{"login": "ghe-admin", "site_admin": true}"#),
            "/api/v3/enterprise/settings/license" => Says::json(r#"{"seats": 500, "days_until_expiration": 240}"#),
            "/api/graphql" => Says::json(
                r#"{"data": {"viewer": {"enterprises": {"nodes": [{"slug": "corp", "name": "Corp", "viewerIsAdmin": true}]}}}}"#,
            ),
            target if target.starts_with("/api/v3/enterprises/corp/audit-log?") => {
                Says::json(r#"[{"action": "dotcom_connection.create", "@timestamp": 1606929874512}]"#)
            }
            _ => Says::status(404, r#"{"message": "Not Found"}"#),
        };
        says.with("x-github-enterprise-version", "3.19.1").with("x-oauth-scopes", "site_admin")
    })
    .await;
    let cx = cx(plan(&[(Api::Server, served.address)]));
    let (status, meta, user, licence, log) = futures::join!(
        cx.fact::<Status>(&OfTheRun),
        cx.fact::<ServerMeta>(&OfTheRun),
        cx.fact::<ServerUser>(&OfTheRun),
        cx.fact::<ServerLicence>(&OfTheRun),
        cx.fact::<ServerAuditLog>(&Topic::Connections),
    );
    let status = status.expect("a fact");
    assert!(status.is_well() && status.is_reached());
    assert!(
        matches!(&status.heard, Heard::Reply { text, has_request_id: true, .. } if text == "GitHub lives!")
    );
    let meta = meta.expect("a fact");
    assert_eq!(meta.versions().collect::<Vec<_>>(), ["3.19.1", "3.19.1"]);
    let user = user.expect("a fact");
    assert_eq!(user.answer.said().and_then(|user| user.site_admin), Some(true));
    assert!(
        user.token
            .as_ref()
            .and_then(|token| token.scopes.as_ref())
            .is_some_and(|scopes| scopes.grant("site_admin"))
    );
    let licence = licence.expect("a fact");
    assert_eq!(licence.answer.said().and_then(|licence| licence.days_until_expiration), Some(240));
    assert_eq!(log.expect("a fact").answer.said().map(|events| events.list.len()), Some(1));
    assert_eq!(served.connections(), 1);
    for text in
        [serde_json::to_string(&*user), serde_json::to_string(&*meta), serde_json::to_string(&*status)]
    {
        assert!(!text.expect("JSON").contains("canary"));
    }
}

#[tokio::test]
async fn a_log_whose_owner_is_not_told_is_not_asked() {
    let served = Served::start(Speaks::Both, |seen: &Seen| match seen.target.as_str() {
        "/status" => Says::json("GitHub lives!"),
        _ => Says::status(404, r#"{"message": "Not Found"}"#),
    })
    .await;
    let cx = cx(plan(&[(Api::Server, served.address)]));
    let log = cx.fact::<ServerAuditLog>(&Topic::Connections).await.expect("a fact");
    assert_eq!(log.answer.refusal(), Some(&Refusal::NotFound { message: "Not Found".to_owned() }));
}

#[tokio::test]
async fn a_page_of_another_web_server_is_no_server() {
    let served =
        Served::start(Speaks::Http1, |_: &Seen| Says::status(404, "<h1>404</h1>").with("server", "nginx\t"))
            .await;
    let cx = cx(plan(&[(Api::Server, served.address)]));
    let status = cx.fact::<Status>(&OfTheRun).await.expect("a fact");
    assert!(status.is_reached() && !status.is_well());
    assert_eq!(cx.fact::<ServerMeta>(&OfTheRun).await.expect_err("no server"), Stop::blocked("server"));
}

#[tokio::test]
async fn without_tls_or_a_name_nothing_is_sent() {
    let mut plain = plan(&[]);
    plain.server.as_mut().expect("a server").value = "http://ghes.test".to_owned();
    assert!(Api::why_server_unusable(&plain).is_some_and(|why| why.contains("https://")));
    assert_eq!(cx(plain).fact::<Status>(&OfTheRun).await.err(), Some(Stop::blocked("server")));
    let mut unnamed = plan(&[]);
    unnamed.server = None;
    let cx = cx(unnamed);
    assert!(matches!(cx.fact::<Status>(&OfTheRun).await, Err(Stop::Skipped(_))));
    assert!(matches!(cx.fact::<ServerUser>(&OfTheRun).await, Err(Stop::Skipped(_))));
    assert!(matches!(cx.fact::<crate::manage::ManageNodes>(&OfTheRun).await, Err(Stop::Skipped(_))));
}
