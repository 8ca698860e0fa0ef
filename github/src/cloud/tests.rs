use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use gh_connect_engine::{Cx, Fact, FactRecord, Machine};
use serde_json::{Value, json};

use super::*;
use crate::{
    Answer, Api, OfTheRun, Refusal,
    testing::{Says, Seen, Served, Speaks, cx, plan},
};

/// A cloud that answers GraphQL by this function of document and variables, and REST with nothing.
async fn graphql(answer: impl Fn(&str, &Value) -> Value + Send + Sync + 'static) -> (Served, Cx) {
    let served = Served::start(Speaks::Both, move |seen: &Seen| {
        let asked: Value = serde_json::from_str(&seen.body).expect("JSON");
        let document = asked["query"].as_str().expect("a document");
        Says::json(answer(document, &asked["variables"]).to_string())
            .with("x-oauth-scopes", "admin:enterprise, read:audit_log")
    })
    .await;
    let cx = cx(plan(&[(Api::Cloud, served.address)]));
    (served, cx)
}

fn enterprise(owner_info: &Value) -> Value {
    json!({ "enterprise": {
        "slug": "acme", "name": "Acme\u{1b}[31m", "url": "https://github.com/enterprises/acme",
        "createdAt": "2024-06-05T08:00:00Z", "viewerIsAdmin": true, "newField": [1], "ownerInfo": owner_info,
    }})
}

/// What a fact is after it was saved and read again.
fn saved<F: Fact>(fact: &F) -> F {
    let text = serde_json::to_string(fact).expect("JSON");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[tokio::test]
async fn one_reply_makes_three_facts() {
    let owner_info = json!({
        "ipAllowListEnabledSetting": "ENABLED",
        "ipAllowListForInstalledAppsEnabledSetting": "SOMETHING_NEW",
        "oidcProvider": null,
        "enterpriseServerInstallations": { "totalCount": 2, "nodes": [
            { "hostName": "GHES.corp.example", "customerName": "Acme", "isConnected": true,
              "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-02T00:00:00Z" },
            { "hostName": "other.corp.example" },
        ]},
    });
    let (served, cx) = graphql(move |_, variables| {
        assert_eq!(variables["slug"], "acme");
        json!({ "data": enterprise(&owner_info) })
    })
    .await;
    let (account, owners, known) = futures::join!(
        cx.fact::<Enterprise>(&OfTheRun),
        cx.fact::<OwnerInfo>(&OfTheRun),
        cx.fact::<Installations>(&OfTheRun),
    );
    assert_eq!(served.requests().len(), 1);
    let (account, owners, known) =
        (account.expect("a fact"), owners.expect("a fact"), known.expect("a fact"));
    let said = account.answer.said().expect("said");
    assert_eq!((said.slug.as_str(), said.viewer_is_admin), ("acme", Some(true)));
    assert_eq!(said.name.as_deref(), Some(r"Acme\x1b[31m"));
    let expected = Owners {
        allow_list: Some(Setting::Enabled),
        allow_list_for_apps: Some(Setting::Other("SOMETHING_NEW".to_owned())),
        oidc: Oidc::None,
    };
    assert_eq!(owners.answer.said(), Some(&expected));
    let servers = &known.answer.said().expect("said").servers;
    let connected: Vec<_> =
        servers.iter().map(|server| (server.host_name.as_str(), server.is_connected)).collect();
    assert_eq!(connected, [("GHES.corp.example", Some(true)), ("other.corp.example", None)]);
    assert_eq!(
        (saved(&*account), saved(&*owners), saved(&*known)),
        ((*account).clone(), (*owners).clone(), (*known).clone())
    );
}

#[tokio::test]
async fn a_list_of_servers_is_whole_or_none() {
    let path = |field: &str| format!("enterprise.ownerInfo.enterpriseServerInstallations.{field}");
    let null = |field: &str| Some(Refusal::Null { path: path(field) });
    let wrong = |field: &str, expected: &str| {
        Some(Refusal::WrongShape { path: path(field), expected: expected.to_owned() })
    };
    let another = "another server than those before it";
    let (a, b) = (json!({ "hostName": "a.example" }), json!({ "hostName": "b.example" }));
    let with_id = |server: &Value, id: &str| {
        let mut server = server.clone();
        server["id"] = json!(id);
        server
    };
    let page: Vec<Value> = (0..100).map(|nth| json!({ "hostName": format!("{nth}.example") })).collect();
    for (known, expected) in [
        (json!({ "totalCount": 0 }), null("nodes")),
        (json!({ "totalCount": 0, "nodes": null }), null("nodes")),
        (json!({ "totalCount": 0, "nodes": [] }), None),
        (json!({ "totalCount": 2, "nodes": [a, b] }), None),
        (json!({ "totalCount": 2, "nodes": [with_id(&a, "1"), with_id(&a, "2")] }), None),
        (
            json!({ "totalCount": 150, "nodes": page }),
            wrong("totalCount", "the number of servers that came, 100"),
        ),
        (
            json!({ "totalCount": 150, "pageInfo": { "hasNextPage": true, "endCursor": null }, "nodes": page }),
            wrong("pageInfo.endCursor", "the way to another page"),
        ),
        (
            json!({ "totalCount": 1, "pageInfo": { "hasNextPage": true, "endCursor": "1" }, "nodes": [a] }),
            wrong("totalCount", "the number of servers that came, 1"),
        ),
        (json!({}), null("totalCount")),
        (json!({ "totalCount": null, "nodes": [a] }), null("totalCount")),
        (json!({ "totalCount": 1 }), null("nodes")),
        (json!({ "totalCount": 2, "nodes": [a] }), wrong("totalCount", "the number of servers that came, 1")),
        (
            json!({ "totalCount": 1, "nodes": [a, b] }),
            wrong("totalCount", "the number of servers that came, 2"),
        ),
        (json!({ "totalCount": 2, "nodes": [a, null] }), null("nodes.1")),
        (json!({ "totalCount": 2, "nodes": [a, {}] }), wrong("nodes[1].hostName", "a name")),
        (json!({ "totalCount": 2, "nodes": [a, { "hostName": " " }] }), wrong("nodes[1].hostName", "a name")),
        // Two that are alike may hide a third.
        (json!({ "totalCount": 2, "nodes": [a, a] }), wrong("nodes[1]", another)),
        (json!({ "totalCount": 3, "nodes": [a, b, a] }), wrong("nodes[2]", another)),
        (
            json!({ "totalCount": 2, "nodes": [with_id(&a, "1"), with_id(&b, "1")] }),
            wrong("nodes[1]", another),
        ),
    ] {
        let told = known.to_string();
        let (_served, cx) = graphql(move |_, _| {
            json!({ "data": enterprise(&json!({ "oidcProvider": null, "enterpriseServerInstallations": known })) })
        })
        .await;
        let known = cx.fact::<Installations>(&OfTheRun).await.expect("a fact");
        assert_eq!(known.answer.refusal(), expected.as_ref(), "{told:.200}");
        // What else the reply says is whole all the same.
        assert!(cx.fact::<Enterprise>(&OfTheRun).await.expect("a fact").answer.said().is_some());
    }
}

#[tokio::test]
async fn more_servers_than_a_page_has_are_read_page_by_page() {
    for (total, moves, whole) in [(250, true, true), (100, true, true), (250, false, false)] {
        let (served, cx) = graphql(move |_, variables| {
            let from = match variables["after"].as_str() {
                Some(cursor) if moves => cursor.parse().expect("our own cursor"),
                _ => 0,
            };
            let to = total.min(from + 100);
            let nodes: Vec<Value> =
                (from..to).map(|nth| json!({ "id": nth.to_string(), "hostName": "a.example" })).collect();
            let info = json!({ "hasNextPage": to < total, "endCursor": to.to_string() });
            json!({ "data": enterprise(&json!({
                "oidcProvider": null,
                "enterpriseServerInstallations": { "totalCount": total, "pageInfo": info, "nodes": nodes },
            })) })
        })
        .await;
        let known = cx.fact::<Installations>(&OfTheRun).await.expect("a fact");
        let read = known.answer.said().map(|known| (known.servers.len(), known.total));
        assert_eq!(read, whole.then_some((total, Some(total as u64))), "{:?}", known.answer.refusal());
        assert_eq!(served.requests().len(), if moves { total.div_ceil(100) } else { 2 });
    }
}

#[tokio::test]
async fn an_answer_about_another_account_is_none() {
    for (slug, is_answer) in [("acme", true), ("Acme", true), ("acme-labs", false), ("", false)] {
        let (_served, cx) = graphql(move |_, _| {
            let mut data = enterprise(
                &json!({ "oidcProvider": null, "enterpriseServerInstallations": { "totalCount": 0, "nodes": [] } }),
            );
            data["enterprise"]["slug"] = json!(slug);
            json!({ "data": data })
        })
        .await;
        let (account, owners, known) = futures::join!(
            cx.fact::<Enterprise>(&OfTheRun),
            cx.fact::<OwnerInfo>(&OfTheRun),
            cx.fact::<Installations>(&OfTheRun),
        );
        let refusal = Refusal::WrongShape {
            path: "data.enterprise.slug".to_owned(),
            expected: "acme, which was asked for".to_owned(),
        };
        let expected = (!is_answer).then_some(&refusal);
        assert_eq!(account.expect("a fact").answer.refusal(), expected, "{slug}");
        assert_eq!(owners.expect("a fact").answer.refusal(), expected, "{slug}");
        assert_eq!(known.expect("a fact").answer.refusal(), expected, "{slug}");
    }
}

#[tokio::test]
async fn a_page_that_is_accepted_or_cut_off_is_no_audit_log() {
    for status in [202, 204, 206] {
        let served = Served::start(Speaks::Both, move |_: &Seen| Says::status(status, "[]")).await;
        let cx = cx(plan(&[(Api::Cloud, served.address)]));
        let log = cx.fact::<AuditLog>(&Topic::TrialCreated).await.expect("a fact");
        let refusal = log.answer.refusal();
        assert!(
            matches!(refusal, Some(Refusal::Unexpected { status: said, .. }) if *said == status),
            "{refusal:?}"
        );
    }
}

#[tokio::test]
async fn errors_are_told_apart_by_their_paths() {
    let forbidden = |path: &[&str]| json!({ "type": "FORBIDDEN", "path": path, "message": "No.", "extensions": { "saml_failure": false } });
    let not_told = Refusal::Forbidden { message: "No.".to_owned() };
    let null = |path: &str| Refusal::Null { path: path.to_owned() };
    type Expected = (Option<Refusal>, Option<Refusal>, Option<Refusal>);
    let cases: [(Value, Expected); 5] = [
        // Somebody who is no owner.
        (
            json!({ "data": enterprise(&Value::Null) }),
            (
                None,
                Some(null("enterprise.ownerInfo")),
                Some(null("enterprise.ownerInfo.enterpriseServerInstallations")),
            ),
        ),
        (
            json!({ "data": enterprise(&Value::Null), "errors": [forbidden(&["enterprise", "ownerInfo"])] }),
            (None, Some(not_told.clone()), Some(not_told.clone())),
        ),
        (
            json!({ "data": { "enterprise": null }, "errors": [forbidden(&["enterprise"])] }),
            (Some(not_told.clone()), Some(not_told.clone()), Some(not_told.clone())),
        ),
        (
            json!({ "data": enterprise(&json!({ "ipAllowListEnabledSetting": "DISABLED", "enterpriseServerInstallations": null })),
                "errors": [forbidden(&["enterprise", "ownerInfo", "enterpriseServerInstallations"])] }),
            (None, None, Some(not_told.clone())),
        ),
        // No data at all, and an error that is about everything.
        (
            json!({ "errors": [{ "message": "No.", "type": "FORBIDDEN" }] }),
            (Some(not_told.clone()), Some(not_told.clone()), Some(not_told)),
        ),
    ];
    for (reply, (account, owners, known)) in cases {
        let shown = reply.to_string();
        let (_served, cx) = graphql(move |_, _| reply.clone()).await;
        let seen = futures::join!(
            cx.fact::<Enterprise>(&OfTheRun),
            cx.fact::<OwnerInfo>(&OfTheRun),
            cx.fact::<Installations>(&OfTheRun),
        );
        assert_eq!(seen.0.expect("a fact").answer.refusal(), account.as_ref(), "{shown}");
        assert_eq!(seen.1.expect("a fact").answer.refusal(), owners.as_ref(), "{shown}");
        assert_eq!(seen.2.expect("a fact").answer.refusal(), known.as_ref(), "{shown}");
    }
}

#[tokio::test]
async fn an_unreadable_provider_is_not_an_absent_one() {
    for (provider, errors, expected) in [
        (json!({ "providerType": "AAD" }), json!([]), Oidc::Provider("AAD".to_owned())),
        (Value::Null, json!(null), Oidc::None),
        (
            Value::Null,
            json!([{ "path": ["enterprise", "ownerInfo", "oidcProvider"], "type": "FORBIDDEN", "message": "No." }]),
            Oidc::Unknown,
        ),
    ] {
        let reply = json!({ "data": enterprise(&json!({ "oidcProvider": provider })), "errors": errors });
        let (_served, cx) = graphql(move |_, _| reply.clone()).await;
        let owners = cx.fact::<OwnerInfo>(&OfTheRun).await.expect("a fact");
        let said = owners.answer.said().expect("said");
        assert_eq!((&said.oidc, &said.allow_list), (&expected, &None));
    }
}

/// The reply to a question for the allow list of ten thousand entries: a page from `first` on, and where two are asked for,
/// the one that ends before the cursor.
fn page(document: &str, variables: &Value, first: usize, count: usize, cursor: Option<String>) -> Value {
    let nodes = |numbers: std::ops::Range<usize>| -> Vec<Value> {
        let node = |nth: usize| {
            json!({ "allowListValue": format!("10.{}.{}.0/24", nth / 256, nth % 256), "isActive": true, "name": null,
                    "owner": { "__typename": "Enterprise" } })
        };
        numbers.map(node).collect()
    };
    let mut info = json!({ "ipAllowListEntries": {
        "totalCount": 10_000,
        "pageInfo": { "hasNextPage": cursor.is_some(), "endCursor": cursor },
        "nodes": nodes(first..first + count),
    }});
    if document.contains("$before") {
        let end =
            variables["before"].as_str().map_or(10_000, |before| before.parse().expect("our own cursor"));
        let start = end - 100;
        info["last"] =
            json!({ "pageInfo": { "startCursor": start.to_string() }, "nodes": nodes(start..end) });
    }
    json!({ "data": { "enterprise": { "ownerInfo": info } } })
}

fn after(variables: &Value) -> usize {
    variables["after"].as_str().map_or(0, |after| after.parse().expect("our own cursor"))
}

#[tokio::test]
async fn ten_thousand_entries_come_from_both_ends() {
    let (served, cx) = graphql(|document, variables| {
        let first = after(variables);
        page(document, variables, first, 100, (first < 9_900).then(|| (first + 100).to_string()))
    })
    .await;
    let list = cx.fact::<AllowList>(&OfTheRun).await.expect("a fact");
    let entries = list.answer.said().expect("said");
    assert_eq!((entries.list.len(), entries.total, &entries.ended_by), (10_000, Some(10_000), &None));
    let in_order =
        |(nth, entry): (usize, &Entry)| *entry.value == format!("10.{}.{}.0/24", nth / 256, nth % 256);
    assert!(entries.list.iter().enumerate().all(in_order));
    // Object page alone, 99 in pairs, and whether the list is on.
    assert_eq!((served.requests().len(), served.connections()), (1 + 50 + 1, 1));
    assert_eq!(serde_json::to_string(&entries.list[0]).expect("JSON"), r#""10.0.0.0/24""#);
    assert_eq!(saved(&*list), *list);
}

#[tokio::test]
async fn an_entry_that_leaves_out_what_decides_is_missing() {
    let (_served, cx) = graphql(|_, _| {
        json!({ "data": { "enterprise": { "ownerInfo": { "ipAllowListEntries": { "nodes": [
            { "allowListValue": "192.0.2.1", "isActive": false, "name": "old\n", "owner": { "__typename": "Enterprise" } },
            { "allowListValue": "192.0.2.2", "name": "", "owner": null },
            { "allowListValue": "192.0.2.3", "isActive": true, "owner": { "__typename": "App", "name": "Bot" } },
            { "allowListValue": "192.0.2.4", "isActive": true, "owner": { "__typename": "Organization", "login": "org" } },
            { "allowListValue": "192.0.2.5", "isActive": true, "owner": { "__typename": "Team" } },
            { "isActive": true, "owner": { "__typename": "Enterprise" } },
            { "allowListValue": "192.0.2.7", "owner": { "__typename": "Enterprise" } },
            { "allowListValue": "192.0.2.8", "isActive": true, "owner": { "__typename": null } },
        ]}}}}})
    })
    .await;
    let list = cx.fact::<AllowList>(&OfTheRun).await.expect("a fact");
    let entry = |value: &str, name: Option<&str>, active, owner| Entry {
        value: value.into(),
        name: name.map(Into::into),
        active,
        owner,
    };
    let expected = [
        entry("192.0.2.1", Some("old\\n"), false, EntryOwner::Enterprise),
        entry("192.0.2.3", None, true, EntryOwner::App("Bot".into())),
        entry("192.0.2.4", None, true, EntryOwner::Organization("org".into())),
        entry("192.0.2.5", None, true, EntryOwner::Other("Team".into())),
    ];
    assert_eq!(list.answer.said().expect("said").list, expected);
    assert_eq!(saved(&*list), *list);
}

#[tokio::test]
async fn a_list_that_is_off_is_not_read_to_its_end() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let (_served, cx) = graphql(move |document, variables| {
        if document.contains("ipAllowListEntries") {
            counter.fetch_add(1, Ordering::SeqCst);
            return page(document, variables, after(variables), 100, Some("100".to_owned()));
        }
        json!({ "data": enterprise(&json!({ "ipAllowListEnabledSetting": "DISABLED", "oidcProvider": null })) })
    })
    .await;
    let list = cx.fact::<AllowList>(&OfTheRun).await.expect("a fact");
    assert!(list.answer.said().expect("said").ended_by.is_some(), "nothing follows from what is not listed");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn an_entry_reads_as_it_was_written() {
    for (value, name, active, owner) in [
        ("192.0.2.1", None, true, EntryOwner::Enterprise),
        ("192.0.2.0/24", Some("Corp egress, 2nd"), true, EntryOwner::Enterprise),
        ("192.0.2.0/24", Some(" "), true, EntryOwner::Enterprise),
        ("192.0.2.1 - 192.0.2.9", Some("odd"), true, EntryOwner::Enterprise),
        ("", None, true, EntryOwner::Enterprise),
        ("192.0.2.1", Some("off"), false, EntryOwner::Enterprise),
        ("192.0.2.1", None, true, EntryOwner::App("Bot".into())),
    ] {
        let entry = Entry { value: value.into(), name: name.map(Into::into), active, owner };
        let written = serde_json::to_value(&entry).expect("JSON");
        assert_eq!(serde_json::from_value::<Entry>(written).expect("an entry"), entry);
    }
}

#[tokio::test]
async fn pages_have_an_end() {
    // A cursor that stays where it is.
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let (_served, circle) = graphql(move |document, variables| {
        counter.fetch_add(usize::from(document.contains("ipAllowListEntries")), Ordering::SeqCst);
        page(document, variables, 0, 1, Some("7".to_owned()))
    })
    .await;
    let list = circle.fact::<AllowList>(&OfTheRun).await.expect("a fact");
    let entries = list.answer.said().expect("said");
    assert!(matches!(entries.ended_by, Some(Refusal::WrongShape { .. })));
    assert_eq!(asked.load(Ordering::SeqCst), 2);

    // No cursor although there is more.
    let (_served, lost) = graphql(|document, variables| {
        let mut page = page(document, variables, 0, 1, Some("7".to_owned()));
        page["data"]["enterprise"]["ownerInfo"]["ipAllowListEntries"]["pageInfo"]["endCursor"] = Value::Null;
        page
    })
    .await;
    let list = lost.fact::<AllowList>(&OfTheRun).await.expect("a fact");
    assert!(list.answer.said().expect("said").ended_by.is_some());

    // A limit in the middle keeps what was there, and says so.
    let (_served, limited) = graphql(|document, variables| match after(variables) {
        0 => page(document, variables, 0, 100, Some("100".to_owned())),
        _ => json!({ "errors": [{ "type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1." }] }),
    })
    .await;
    let list = limited.fact::<AllowList>(&OfTheRun).await.expect("a fact");
    let entries = list.answer.said().expect("said");
    assert_eq!(entries.list.len(), 100);
    assert!(matches!(entries.ended_by, Some(Refusal::RateLimited { .. })));
    assert_eq!(saved(&*list), *list);
}

#[tokio::test]
async fn a_lacking_scope_hides_one_document_only() {
    let lacking = |field: &str, scope: &str| {
        json!({ "data": null, "errors": [{ "type": "INSUFFICIENT_SCOPES", "locations": [{ "line": 1, "column": 1 }], "message": format!(
            "Your token has not been granted the required scopes to execute this query. The '{field}' field requires one of the \
             following scopes: ['{scope}'], but your token has only been granted the: ['read:enterprise'] scopes. Please modify \
             your token's scopes at: https://github.com/settings/tokens.") }] })
    };
    let (_served, cx) = graphql(move |document, _| {
        if document.contains("ipAllowListEntries") {
            lacking("ipAllowListEntries", "admin:enterprise")
        } else if document.contains("viewer {") {
            json!({ "data": { "viewer": { "login": "octo-owner" } } })
        } else {
            json!({ "data": enterprise(&json!({ "ipAllowListEnabledSetting": "ENABLED" })) })
        }
    })
    .await;
    let list = cx.fact::<AllowList>(&OfTheRun).await.expect("a fact");
    let expected = Refusal::MissingScopes {
        needs: vec!["admin:enterprise".to_owned()],
        has: vec!["read:enterprise".to_owned()],
    };
    assert_eq!(list.answer.refusal(), Some(&expected));
    assert_eq!(list.answer.or_stop().expect_err("refused"), Stop::blocked("token"));
    assert!(cx.fact::<OwnerInfo>(&OfTheRun).await.expect("a fact").answer.said().is_some());
    let viewer = cx.fact::<Viewer>(&OfTheRun).await.expect("a fact");
    let token = viewer.token.as_ref().expect("a token");
    assert!(token.scopes.as_ref().is_some_and(|scopes| scopes.grant("read:enterprise")));
    assert_eq!((token.kind, token.origin.as_str()), (crate::TokenKind::Classic, "environment GH_TOKEN"));
    assert_eq!(saved(&*viewer), *viewer);
}

#[tokio::test]
async fn rest_answers_are_read_and_saved() {
    let served = Served::start(Speaks::Both, |seen: &Seen| match seen.target.as_str() {
        "/enterprises/acme/license-sync-status" => Says::json(
            r#"{"server_instances": [{"server_id": "dead", "hostname": "ghes.corp.example",
                "last_sync": {"date": "2020-01-01T00:00:00Z", "status": "success", "error": ""}}, {"hostname": null}]}"#,
        ),
        "/enterprises/acme/consumed-licenses?per_page=1" => {
            Says::json(r#"{"total_seats_consumed": 5000, "total_seats_purchased": 4500, "users": [{"github_com_login": "x"}]}"#)
        }
        "/enterprise-installation/acme/server-statistics" => Says::json(
            r#"[{"server_id": "a", "collection_date": "2026-01-01T23:59:59Z", "host_name": "ghes.corp.example", "ghes_version": "3.19.1",
                "github_connect": {"features_enabled": ["license_usage_sync"]}, "ghe_stats": {"comments": {}}}]"#,
        ),
        _ => Says::json(r#"[{"action": "business.create_trial", "@timestamp": 1606929874512, "actor": "octocat", "data": {"x": 1}}]"#),
    })
    .await;
    let cx = cx(plan(&[(Api::Cloud, served.address)]));
    let sync = cx.fact::<LicenceSync>(&OfTheRun).await.expect("a fact");
    let servers = sync.answer.said().and_then(|said| said.server_instances.as_ref()).expect("said");
    assert_eq!(servers[0].last_sync.as_ref().and_then(|last| last.status.as_deref()), Some("success"));
    let seats = cx.fact::<ConsumedLicences>(&OfTheRun).await.expect("a fact");
    assert_eq!(seats.answer.said().and_then(|said| said.total_seats_purchased), Some(4500));
    let statistics = cx.fact::<ServerStatistics>(&OfTheRun).await.expect("a fact");
    let features =
        statistics.answer.said().and_then(|days| days[0].github_connect.as_ref()?.features_enabled.clone());
    assert_eq!(features, Some(vec!["license_usage_sync".to_owned()]));
    let trial = cx.fact::<AuditLog>(&Topic::TrialCreated).await.expect("a fact");
    assert_eq!(trial.answer.said().map(|events| events.list.len()), Some(1));
    let other = cx.fact::<AuditLog>(&Topic::TrialConverted).await.expect("a fact");
    assert!(matches!(other.answer.refusal(), Some(Refusal::WrongShape { .. })), "it was not searched for");
    assert_eq!((saved(&*sync), saved(&*seats)), ((*sync).clone(), (*seats).clone()));
    assert_eq!((saved(&*statistics), saved(&*trial)), ((*statistics).clone(), (*trial).clone()));
}

/// Each page leads to the next, and only the third has an event of the account itself. Where a link leads otherwise is not followed.
#[tokio::test]
async fn a_search_reads_on_until_a_page_holds_what_counts() {
    let served = Served::start(Speaks::Both, |seen: &Seen| {
        let after = seen.target.rsplit_once("&after=").and_then(|(_, cursor)| cursor.parse::<u32>().ok());
        let page = after.unwrap_or(1);
        let org = if page == 3 && seen.target.contains("plan_change") { "" } else { "octo" };
        let action =
            if seen.target.contains("plan_change") { "account.plan_change" } else { "payment_method.create" };
        let at = 1_795_000_000_000_i64 - 1_000 * i64::from(page);
        let next = format!("<https://elsewhere.example/x?after={}&before=>; rel=\"next\"", page + 1);
        Says::json(format!(r#"[{{"action": "{action}", "org": "{org}", "@timestamp": {at}}}]"#))
            .with("link", &next)
    })
    .await;
    let cx = cx(plan(&[(Api::Cloud, served.address)]));
    let found = cx.fact::<AuditLog>(&Topic::PlanChanged).await.expect("a fact");
    let events = found.answer.said().expect("said");
    assert_eq!((events.list.len(), served.requests().len()), (1, 3));
    assert_eq!(saved(&*found), *found);
    let found = cx.fact::<AuditLog>(&Topic::PaymentMethod).await.expect("a fact");
    let events = found.answer.said().expect("said");
    assert!(events.is_unread());
    assert_eq!(events.read_back_to.map(|at| at.as_second()), Some(1_795_000_000 - 10));
    assert_eq!(served.requests().len(), 13, "there is a limit");
}

#[tokio::test]
async fn ghe_com_has_its_own_host_and_no_statistics() {
    let mut plan = plan(&[]);
    plan.product.value = gh_connect_engine::Product::GheCom("octocorp".to_owned());
    assert_eq!(Api::Cloud.endpoint(&plan).expect("an endpoint").to_string(), "api.octocorp.ghe.com:443");
    let stop = cx(plan).fact::<ServerStatistics>(&OfTheRun).await.expect_err("none");
    assert!(matches!(stop, Stop::NotApplicable(_)));
}

#[tokio::test]
async fn a_saved_fact_is_judged_without_asking() {
    let record = FactRecord {
        id: Enterprise::ID.to_owned(),
        key: OfTheRun.to_string(),
        value: json!({ "answer": { "no-credential": { "needs": { "api": "cloud", "scope": "read:enterprise" } } } }),
        stop: None,
        started_ms: 0,
        duration_ms: 0,
    };
    let cx = Cx::replay(plan(&[]), Machine, &[record]);
    let fact = cx.fact::<Enterprise>(&OfTheRun).await.expect("a fact");
    assert!(
        matches!(&fact.answer, Answer::NoCredential { needs } if needs.scope.as_deref() == Some("read:enterprise"))
    );
}
