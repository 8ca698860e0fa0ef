use gh_connect_engine::Stop;

use super::*;
use crate::{
    Api, NoReply, OfTheRun, Refusal,
    cloud::Topic,
    testing::{Body, Says, Seen, Served, Speaks, cx, plan},
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

#[tokio::test]
async fn the_servers_clock_is_read_off_the_replies_of_the_run() {
    let old = "Thu, 01 Jan 2026 00:00:00 GMT";
    let served = Served::start(Speaks::Both, move |seen: &Seen| match seen.target.as_str() {
        "/status" => Says::json("GitHub lives!").with("date", old),
        _ => Says::json(r#"{"installed_version": "3.19.1"}"#).with("date", "yesterday"),
    })
    .await;
    let cx = cx(plan(&[(Api::Server, served.address)]));
    let clock = cx.fact::<ServerClock>(&OfTheRun).await.expect("a fact");
    let told: Vec<(&str, String)> =
        clock.replies.iter().map(|reply| (reply.path.as_str(), reply.reading.date.to_string())).collect();
    assert_eq!(told, [("/status", "2026-01-01T00:00:00Z".to_owned())]);
    let asked: Vec<String> = served.requests().into_iter().map(|seen| seen.target).collect();
    assert_eq!(asked.len(), 2, "{asked:?}");
    let saved = serde_json::to_value(&*clock).expect("JSON");
    assert_eq!(serde_json::from_value::<ServerClock>(saved).expect("a clock"), *clock);
}

#[tokio::test]
async fn a_server_that_is_not_well_tells_no_time() {
    let served = Served::start(Speaks::Both, |_: &Seen| Says::status(503, "down")).await;
    let cx = cx(plan(&[(Api::Server, served.address)]));
    assert_eq!(cx.fact::<ServerClock>(&OfTheRun).await.err(), Some(Stop::blocked("server")));
}

#[tokio::test]
async fn at_an_address_the_server_shows_itself_to_nobody() {
    let meta = r#"{"verifiable_password_authentication": true, "installed_version": "3.19.1"}"#;
    let private = r#"{"message": "Must authenticate to access this API."}"#;
    let version = |says: Says| says.with("x-github-enterprise-version", "3.19.1");
    let now = "Thu, 01 Jan 2026 00:00:00 GMT";
    for (says, shows, versions) in [
        (Says::json(meta), true, &["3.19.1"][..]),
        (version(Says::json(meta)), true, &["3.19.1", "3.19.1"]),
        (version(Says::status(401, "{}")), true, &["3.19.1"]),
        (Says::status(401, private), true, &[]),
        (Says::status(401, "<h1>Sign in</h1>"), false, &[]),
        (Says::json("{}"), false, &[]),
        (version(Says::status(200, "<h1>Sign in</h1>")), false, &["3.19.1"]),
        (version(Says::status(503, meta)), false, &["3.19.1"]),
        (version(Says::json(meta)).with("age", "17"), false, &["3.19.1", "3.19.1"]),
    ] {
        let what = format!("{} {:?}", says.status, says.headers);
        let (status, headers) = (says.status, says.headers);
        let Body::Whole(body) = says.body else { unreachable!("it is whole") };
        let served = Served::start(Speaks::Http1, move |_: &Seen| {
            Says { status, headers: headers.clone(), body: Body::Whole(body.clone()) }.with("date", now)
        })
        .await;
        let cx = cx(plan(&[(Api::Server, served.address)]));
        let endpoint = Api::Server
            .endpoint(cx.plan())
            .expect("an endpoint")
            .by("192.0.2.2".parse().expect("an address"));
        let place = cx.fact::<Place>(&endpoint).await.expect("a fact");
        assert_eq!(place.is_the_server(), shows, "{what}");
        assert_eq!(place.versions().collect::<Vec<_>>(), versions, "{what}");
        assert_eq!(place.reading(&endpoint).is_some(), shows, "{what}");
        let saved = serde_json::to_value(&*place).expect("JSON");
        assert_eq!(serde_json::from_value::<Place>(saved).expect("a place"), *place);
        assert!(served.requests().iter().all(|seen| seen.authorization.is_none()));
        assert_eq!((served.requests().len(), served.connections()), (1, 1));
    }
}

#[tokio::test]
async fn a_reply_out_of_a_store_is_no_answer() {
    for (header, value) in
        [("age", "17"), ("x-cache", "HIT"), ("cache-status", "gw; hit"), ("warning", "110 gw \"x\"")]
    {
        let served = Served::start(Speaks::Both, move |seen: &Seen| match seen.target.as_str() {
            "/status" => Says::json("GitHub lives!"),
            "/api/v3/user" => Says::json(r#"{"login": "ghe-admin", "site_admin": true}"#).with(header, value),
            _ => Says::json(r#"{"installed_version": "3.19.1"}"#),
        })
        .await;
        let cx = cx(plan(&[(Api::Server, served.address)]));
        let user = cx.fact::<ServerUser>(&OfTheRun).await.expect("a fact");
        let sign = format!("{header}: {value}");
        assert_eq!(user.answer.refusal(), Some(&Refusal::NoReply(NoReply::Stored { sign })));
    }
    let served = Served::start(Speaks::Both, |_: &Seen| Says::json("GitHub lives!").with("age", "17")).await;
    let cx = cx(plan(&[(Api::Server, served.address)]));
    let status = cx.fact::<Status>(&OfTheRun).await.expect("a fact");
    assert!(matches!(&status.heard, Heard::Silence { why: NoReply::Stored { .. } }));
    assert_eq!(cx.fact::<ServerUser>(&OfTheRun).await.err(), Some(Stop::blocked("server")));
}
