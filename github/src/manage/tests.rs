use super::*;
use crate::{
    Api, OfTheRun, Refusal,
    testing::{Says, Seen, Served, Speaks, cx, plan},
};

const SETTINGS: &str = r#"{"private_mode": true, "github_hostname": "ghes.corp.example", "http_proxy": "http://svc:canary%2Fpw@proxy.corp.example:3128",
    "admin_password": "canary", "github_ssl": {"enabled": true, "cert": "canary", "key": "-----BEGIN CANARY"}, "smtp": {"password": "canary"},
    "ntp": {"primary_server": "0.pool.ntp.org", "secondary_server": "1.pool.ntp.org"}, "license": {"evaluation": false, "support_key": "canary"}}"#;

/// Several as the schema has them, or lists as the examples have them.
async fn manage(lists: bool) -> Served {
    Served::start(Speaks::Both, move |seen: &Seen| {
        let listed = |body: &str| Says::json(if lists { format!("[{body}]") } else { body.to_owned() });
        match seen.target.as_str() {
            "/status" => Says::json("GitHub lives!"),
            "/manage/v1/version" => Says::json(r#"[{"hostname": "ghes-1", "version": {"version": "3.19.1", "platform": "azure"}}]"#),
            "/manage/v1/config/license" => {
                listed(r#"{"croquetSupport": false, "evaluation": true, "expireAt": "2026-01-02T07:59:59Z", "supportKey": "canary"}"#)
            }
            "/manage/v1/config/license/check" => listed(r#"{"status": "expired"}"#),
            "/manage/v1/config/settings" => listed(SETTINGS),
            "/manage/v1/config/nodes" => {
                listed(r#"{"topology": "Ha", "nodes": [{"hostname": "ghes-1", "uuid": "1", "cluster_roles": ["WebServer"]}, {"hostname": "ghes-2", "replica": true}]}"#)
            }
            "/manage/v1/replication/status" => {
                listed(r#"{"status": "CRITICAL", "nodes": [{"hostname": "ghes-2", "status": "CRITICAL", "services": [{"name": "mysql", "status": "STRANGE", "details": "x"}]}]}"#)
            }
            "/manage/v1/maintenance" => Says::json(r#"[{"hostname": "ghes-1", "status": "scheduled", "scheduled_time": "2026-01-02T15:04:05+00:00"}]"#),
            _ => Says::status(404, ""),
        }
    })
    .await
}

#[tokio::test]
async fn everything_is_read_from_objects_and_from_lists_of_one() {
    for lists in [false, true] {
        let served = manage(lists).await;
        let cx = cx(plan(&[(Api::Manage, served.address)]));
        let facts = futures::join!(
            cx.fact::<ManageVersion>(&OfTheRun),
            cx.fact::<ManageLicence>(&OfTheRun),
            cx.fact::<ManageLicenceCheck>(&OfTheRun),
            cx.fact::<ManageSettings>(&OfTheRun),
            cx.fact::<ManageNodes>(&OfTheRun),
            cx.fact::<ManageReplication>(&OfTheRun),
            cx.fact::<ManageMaintenance>(&OfTheRun),
        );
        let (version, licence, check) =
            (facts.0.expect("a fact"), facts.1.expect("a fact"), facts.2.expect("a fact"));
        let (settings, nodes) = (facts.3.expect("a fact"), facts.4.expect("a fact"));
        let (replication, maintenance) = (facts.5.expect("a fact"), facts.6.expect("a fact"));
        let versions = version.answer.said().expect("said");
        assert_eq!(
            versions[0].version.as_ref().and_then(|version| version.version.as_deref()),
            Some("3.19.1")
        );
        let said = licence.answer.said().expect("said");
        assert_eq!((said.croquet_support, said.evaluation, said.perpetual), (Some(false), Some(true), None));
        assert!(said.ends().is_some());
        assert_eq!(check.answer.said().and_then(|said| said.status.clone()), Some(LicenceStatus::Expired));
        let topology = nodes.answer.said().expect("said");
        assert_eq!(
            (topology.topology.as_deref(), topology.nodes.as_ref().map(Vec::len)),
            (Some("Ha"), Some(2))
        );
        let health = replication.answer.said().expect("said");
        assert_eq!(health.status, Some(Health::Critical));
        let service = &health.nodes.as_ref().expect("nodes")[0].services.as_ref().expect("services")[0];
        assert_eq!(service.status, Some(Health::Other("STRANGE".to_owned())));
        assert_eq!(maintenance.answer.said().expect("said")[0].status.as_deref(), Some("scheduled"));
        let seen = settings.answer.said().expect("said");
        assert_eq!((seen.private_mode, seen.tls, seen.ntp.len()), (Some(true), Some(true), 2));
        for (saved, again) in [
            (serde_json::to_string(&*licence), read_again::<ManageLicence>(&*licence)),
            (serde_json::to_string(&*check), read_again::<ManageLicenceCheck>(&*check)),
            (serde_json::to_string(&*settings), read_again::<ManageSettings>(&*settings)),
            (serde_json::to_string(&*nodes), read_again::<ManageNodes>(&*nodes)),
            (serde_json::to_string(&*replication), read_again::<ManageReplication>(&*replication)),
        ] {
            let saved = saved.expect("JSON");
            assert_eq!(saved, again);
            assert!(!saved.to_ascii_lowercase().contains("canary"), "{saved}");
        }
        assert!(!format!("{settings:?} {licence:?}").to_ascii_lowercase().contains("canary"));
        assert_eq!(served.connections(), 1);
    }
}

/// What is saved of a fact that was saved and read again.
fn read_again<F: serde::Serialize + serde::de::DeserializeOwned>(fact: &F) -> String {
    let saved = serde_json::to_string(fact).expect("JSON");
    let again: F = serde_json::from_str(&saved).unwrap_or_else(|error| panic!("{saved}: {error}"));
    serde_json::to_string(&again).expect("JSON")
}

#[tokio::test]
async fn a_wrong_password_and_a_page_tell_nothing_of_what_was_there() {
    let served = Served::start(Speaks::Http1, |seen: &Seen| match seen.target.as_str() {
        "/status" => Says::json("GitHub lives!"),
        "/manage/v1/version" => Says::status(401, r#"{"message": "Unauthorized"}"#),
        "/manage/v1/config/settings" => Says::json("-----BEGIN CANARY KEY-----"),
        _ => Says::json(r#"{"croquetSupport": "canary"}"#),
    })
    .await;
    let cx = cx(plan(&[(Api::Manage, served.address), (Api::Server, served.address)]));
    let version = cx.fact::<ManageVersion>(&OfTheRun).await.expect("a fact");
    assert!(matches!(version.answer.refusal(), Some(Refusal::BadCredentials { .. })));
    let settings = cx.fact::<ManageSettings>(&OfTheRun).await.expect("a fact");
    assert!(matches!(settings.answer.refusal(), Some(Refusal::NotJson { began: None, .. })));
    let licence = cx.fact::<ManageLicence>(&OfTheRun).await.expect("a fact");
    let expected =
        Refusal::WrongShape { path: "croquetSupport".to_owned(), expected: "a boolean".to_owned() };
    assert_eq!(licence.answer.refusal(), Some(&expected));
}
