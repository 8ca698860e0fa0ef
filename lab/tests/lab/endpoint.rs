//! Single endpoints that misbehave.

use std::time::Duration;

use gh_connect_lab::{Event, Lab};
use serde_json::{Value, json};

use crate::client::{dial, graphql, graphql_reply, is_silent, lab, rest, session};

async fn of_user(answer: &str) -> Lab {
    lab(&format!("[endpoint.'api.github.com/user']\nanswer = '{answer}'")).await
}

#[tokio::test]
async fn json_goes_wrong_in_many_ways() {
    let user = async |answer: &str| -> Value { rest(&of_user(answer).await, "/user").await.json() };
    let wrong = user("wrong-types").await;
    assert_eq!(
        (&wrong["login"], &wrong["site_admin"], &wrong["name"]),
        (&json!(10), &json!("false"), &json!([]))
    );
    assert!(user("nulls").await.as_object().unwrap().values().all(Value::is_null));
    assert_eq!(user("hollow").await, json!({}));
    assert_eq!(user("arrays").await[0]["login"], "octo-owner");
    assert!(user("extra-fields").await["a_field_of_tomorrow"].is_object());
    assert!(user("escape").await["login"].as_str().unwrap().contains('\u{1b}'));
}

#[tokio::test]
async fn single_values_are_changed_where_they_stand() {
    let lab = lab(
        "[endpoint.'api.github.com/user']\nset = { login = 'x', 'plan.space' = true, 'plan.none.deeper' = 1 }\nnull = ['name']\n\
         without = ['site_admin', 'nothing']\n[endpoint.'api.github.com/x']\nbody = '[{\"a\": [1, 2]}, 3]'\nset = { '0.a.1' = 5 }\n\
         twice = ['0.a.0', '9']\nwithout = ['1']",
    )
    .await;
    let user: Value = rest(&lab, "/user").await.json();
    assert_eq!((&user["login"], &user["name"]), (&json!("x"), &Value::Null));
    assert!(
        user.get("site_admin").is_none() && user.get("name").is_some() && user["plan"].get("none").is_none()
    );
    assert_eq!(rest(&lab, "/x").await.json(), json!([{ "a": [1, 1, 5] }]));
}

#[tokio::test]
async fn bodies_go_wrong_in_many_ways() {
    assert!(rest(&of_user("huge").await, "/user").await.body.len() > 16_000_000);
    let deep = rest(&of_user("deep").await, "/user").await;
    assert!(deep.body.starts_with(b"[[[[") && deep.body.len() == 200_000);
    assert!(rest(&of_user("empty").await, "/user").await.body.is_empty());
    let utf_16 = rest(&of_user("wrong-charset").await, "/user").await;
    assert!(utf_16.body.starts_with(&[0xff, 0xfe, b'{', 0]));
    assert!(utf_16.header("content-type").unwrap().contains("utf-8"));
    let half = rest(&of_user("truncated").await, "/user").await;
    let promised: usize = half.header("content-length").unwrap().parse().unwrap();
    assert_eq!(half.body.len(), promised / 2);
}

#[tokio::test]
async fn refusals_have_their_published_forms() {
    let refused = async |answer: &str| rest(&of_user(answer).await, "/user").await;
    assert_eq!(refused("not-found").await.status, 404);
    assert_eq!(
        refused("forbidden").await.json()["message"],
        "Resource not accessible by personal access token"
    );
    assert_eq!(refused("unavailable").await.status, 503);
    let primary = refused("rate-limit").await;
    assert_eq!((primary.status, primary.header("x-ratelimit-remaining").as_deref()), (403, Some("0")));
    let secondary = refused("secondary-rate-limit").await;
    assert_eq!(secondary.header("retry-after").as_deref(), Some("60"));
    assert!(
        secondary.json()["message"].as_str().unwrap().starts_with("You have exceeded a secondary rate limit")
    );
    assert!(refused("secondary-rate-limit-untold").await.header("retry-after").is_none());
    assert!(refused("block-page").await.header("x-github-request-id").is_none());

    let lab = lab("[endpoint.'api.github.com/user']\nanswer = 'rate-limit'\nstatus = 429").await;
    assert_eq!(rest(&lab, "/user").await.status, 429);
}

#[tokio::test]
async fn graphql_says_limits_with_200() {
    for answer in ["rate-limit", "secondary-rate-limit"] {
        let lab = lab(&format!("[endpoint.'api.github.com/graphql']\nanswer = '{answer}'")).await;
        let reply = graphql_reply(&lab, &json!({ "query": "{ viewer { login } }" })).await;
        assert_eq!(reply.status, 200);
        assert!(reply.text().contains("rate limit"), "{}", reply.text());
    }
}

#[tokio::test]
async fn a_redirection_leads_to_a_host_that_tells_what_came() {
    let lab = lab(
        "[endpoint.'api.github.com/user']\nanswer = 'redirect'\nlocation = 'https://echo.corp.example/x'",
    )
    .await;
    let reply = rest(&lab, "/user").await;
    assert_eq!(
        (reply.status, reply.header("location").as_deref()),
        (302, Some("https://echo.corp.example/x"))
    );
    let secrets = lab.log().into_iter().filter_map(|event| match event {
        Event::Request { host, secrets, .. } => Some((host, secrets)),
        _ => None,
    });
    assert_eq!(secrets.collect::<Vec<_>>(), [("api.github.com".to_owned(), vec!["cloud".to_owned()])]);
}

#[tokio::test]
async fn an_endpoint_is_found_by_its_path_or_by_a_beginning() {
    let world = "[endpoint.'api.github.com/enterprises/*']\nstatus = 500\n[endpoint.'api.github.com/enterprises/acme/audit-log']\nstatus = 501\n\
        [endpoint.'ghes.corp.example:8443/manage/v1/*']\nbody = 'x'";
    let lab = lab(world).await;
    assert_eq!(rest(&lab, "/enterprises/acme/audit-log?phrase=x").await.status, 501);
    assert_eq!(rest(&lab, "/enterprises/acme/consumed-licenses").await.status, 500);
    assert_eq!(rest(&lab, "/user").await.status, 200);
    let manage = crate::client::handshake(
        &lab,
        "ghes.corp.example",
        dial(&lab, "ghes.corp.example", 8443).await.unwrap(),
    );
    let reply =
        crate::client::request(manage.await.unwrap(), "ghes.corp.example", "/manage/v1/version").await;
    assert_eq!(reply.text(), "x");
}

#[tokio::test]
async fn only_what_it_is_about_is_changed() {
    let lab =
        lab("[endpoint.'api.github.com/graphql']\nabout = 'ipAllowListEntries'\nanswer = 'hollow'").await;
    let query =
        "{ enterprise(slug: \"acme\") { ownerInfo { ipAllowListEntries(first: 1) { totalCount } } } }";
    assert_eq!(graphql(&lab, query, json!({})).await, json!({}));
    assert!(graphql(&lab, "{ viewer { login } }", json!({})).await["data"].is_object());
}

#[tokio::test]
async fn answers_are_held_back_dripped_and_never_given() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let ask = b"GET /user HTTP/1.1\r\nHost: api.github.com\r\nUser-Agent: test\r\n\r\n";
    let lab = of_user("silent").await;
    let mut stream = session(&lab, "api.github.com").await.unwrap();
    stream.write_all(ask).await.unwrap();
    assert!(is_silent(&mut stream).await);

    let lab = of_user("endless-body").await;
    let mut stream = session(&lab, "api.github.com").await.unwrap();
    stream.write_all(ask).await.unwrap();
    let mut taken = vec![0; 1024 * 1024];
    stream.read_exact(&mut taken).await.unwrap();

    let lab = crate::client::lab("[endpoint.'api.github.com/user']\ndelay-ms = 300").await;
    let started = std::time::Instant::now();
    assert_eq!(rest(&lab, "/user").await.status, 200);
    assert!(started.elapsed() >= Duration::from_millis(300));
}
