//! Exchanges with real servers on loopback.

use std::net::SocketAddr;

use gh_connect_engine::{Plan, Role, Roots};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::testing::{Authority, Leaf, Pems, answer, cx, plan, serve, tls_server};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nX-GitHub-Request-Id: 8F3C:20B1C:100AD3F:12B8A01:6921F0C4\r\nContent-Length: 2\r\n\r\nok";

fn target() -> Endpoint {
    Endpoint::new("127.0.0.1", 443)
}

/// A plan that trusts the one authority of all tests, and the files that say so.
fn trusting(mut plan: Plan) -> (Plan, Pems) {
    let pems = Pems::new();
    plan.trust.system.value = Roots::File(pems.file("root.pem", Authority::once()));
    (plan, pems)
}

/// A server that answers in TLS with these bytes and then waits for us to leave.
async fn answering(bytes: Vec<u8>) -> SocketAddr {
    let acceptor = tls_server(vec![Authority::once().leaf(&Leaf::default())]);
    serve(move |stream| {
        let (acceptor, bytes) = (acceptor.clone(), bytes.clone());
        async move {
            if let Ok(mut session) = acceptor.accept(stream).await {
                crate::testing::read_head(&mut session).await;
                let _ = session.write_all(&bytes).await;
                let _ = session.flush().await;
                let _ = session.read(&mut [0]).await;
            }
        }
    })
    .await
}

async fn reply(bytes: &[u8], role: Role) -> Reply {
    let server = answering(bytes.to_vec()).await;
    let (mut plan, _pems) = trusting(plan(&[(443, server)]));
    plan.targets[0].role = role;
    Reply::clone(&*cx(plan).fact::<Reply>(&target()).await.expect("measured"))
}

async fn plain(bytes: &'static [u8]) -> Plain {
    let server = serve(move |mut stream| async move { answer(&mut stream, bytes).await }).await;
    let cx = cx(plan(&[(80, server)]));
    cx.fact::<PlainReply>(&target().on_port(80)).await.expect("measured").outcome.clone()
}

fn connected(outcome: Plain) -> Exchange {
    match outcome {
        Plain::Connected(exchange) => exchange,
        Plain::Unconnected(failure) => panic!("{failure}"),
    }
}

#[tokio::test]
async fn a_reply_is_taken_with_its_proof() {
    let reply = reply(OK, Role::Web).await;
    assert_eq!((reply.path.as_str(), &reply.over), ("/robots.txt", &target()));
    let head = reply.exchange.head.as_ref().expect("a head");
    assert!(head.github_request_id().is_some());
    assert_eq!((reply.exchange.body, reply.exchange.sample.as_str()), (Body::Whole(2), "ok"));
    assert!(reply.exchange.is_complete() && reply.exchange.failure.is_none());
    assert!(reply.exchange.head_at >= Some(reply.exchange.sent_at));
    let json = serde_json::to_value(&reply).expect("JSON");
    assert_eq!(serde_json::from_value::<Reply>(json).expect("a reply"), reply);
}

#[tokio::test]
async fn meta_is_read_until_it_is_clear() {
    let list = vec!["\"192.30.252.0/22\""; 40_000].join(",");
    let body = format!(
        r#"{{"verifiable_password_authentication":false,"hooks":["192.30.252.0/22"],"web":["140.82.112.0/20"],"actions":[{list}]}}"#
    );
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let reply = reply([head, body].concat().as_bytes(), Role::Api).await;
    assert!(matches!(reply.exchange.body, Body::Enough(read) if read < 262_144), "{:?}", reply.exchange.body);
    assert!(reply.meta.is_some_and(|meta| meta.is_github() && !meta.whole));
}

#[tokio::test]
async fn what_has_no_end_is_cut() {
    let endless_head =
        ["HTTP/1.1 200 OK\r\n".to_owned(), format!("X-Filler: {}\r\n", "a".repeat(1000)).repeat(90)].concat();
    let huge_header = format!("HTTP/1.1 200 OK\r\nX-Filler: {}", "a".repeat(100_000));
    let many_headers = ["HTTP/1.1 200 OK\r\n".to_owned(), "a: b\r\n".repeat(200)].concat();
    for head in [endless_head, huge_header, many_headers] {
        let reply = reply(head.as_bytes(), Role::Web).await;
        assert_eq!((reply.exchange.head, reply.exchange.failure), (None, Some(ExchangeFailure::EndlessHead)));
    }
    let endless_body = ["HTTP/1.1 200 OK\r\n\r\n".to_owned(), "no end is in sight\n".repeat(20_000)].concat();
    for role in [Role::Web, Role::Api] {
        let reply = reply(endless_body.as_bytes(), role).await;
        assert!(
            matches!(reply.exchange.body, Body::Endless(read) if read < 300_000),
            "{:?}",
            reply.exchange.body
        );
        assert!(!reply.exchange.is_complete());
    }
}

#[tokio::test]
async fn what_never_ends_in_time_is_given_up_with_what_came() {
    let silent = reply(b"", Role::Web).await.exchange;
    assert_eq!((silent.head.is_some(), silent.failure), (false, Some(ExchangeFailure::TimedOut)));
    let half_a_head = reply(b"HTTP/1.1 200 OK\r\nServer: x\r\n", Role::Web).await.exchange;
    assert_eq!((half_a_head.head.is_some(), half_a_head.failure), (false, Some(ExchangeFailure::TimedOut)));
    assert_eq!(half_a_head.began.as_deref(), Some(r"HTTP/1.1 200 OK\r\nServer: x\r\n"));
    let half_a_body = reply(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", Role::Web).await.exchange;
    assert_eq!((half_a_body.body, half_a_body.failure), (Body::Broken(3), Some(ExchangeFailure::TimedOut)));
    assert_eq!(half_a_body.sample, "abc");
}

#[tokio::test]
async fn plain_replies_are_told_apart() {
    let exchange = connected(
        plain(b"HTTP/1.1 301 Moved\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n").await,
    );
    assert_eq!(exchange.head.as_ref().and_then(Head::redirects_to), Some("https://127.0.0.1/"));
    let exchange = connected(plain(b"\x1b[2J\x00 not HTTP\r\n\r\n").await);
    assert!(matches!(exchange.failure, Some(ExchangeFailure::NotHttp(_))), "{:?}", exchange.failure);
    assert!(exchange.began.is_some_and(|began| !began.contains('\u{1b}')));
    let exchange = connected(plain(b"").await);
    assert_eq!(exchange.failure, Some(ExchangeFailure::Closed));
    let exchange = connected(plain(b"HTTP/1.1 200 OK\r\n\r\nuntil the end").await);
    assert_eq!((exchange.body, exchange.failure), (Body::Whole(13), None));
}

#[tokio::test]
async fn a_closed_port_80_is_a_measurement() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let cx = cx(plan(&[(80, address)]));
    let reply = cx.fact::<PlainReply>(&target().on_port(80)).await.expect("measured");
    assert_eq!(reply.outcome, Plain::Unconnected(Failure::Refused));
}

#[tokio::test]
async fn a_credential_reaches_who_is_verified_and_is_marked_sensitive() {
    let (head, heard) = tokio::sync::oneshot::channel();
    let head = std::sync::Arc::new(std::sync::Mutex::new(Some(head)));
    let acceptor = tls_server(vec![Authority::once().leaf(&Leaf::default())]);
    let server = serve(move |stream| {
        let (acceptor, head) = (acceptor.clone(), head.clone());
        async move {
            let mut session = acceptor.accept(stream).await.expect("a session");
            let said = crate::testing::read_head(&mut session).await;
            if let Some(head) = head.lock().expect("no panic").take() {
                head.send(said).expect("somebody listens");
            }
            let _ = session.write_all(OK).await;
        }
    })
    .await;
    let (plan, _pems) = trusting(plan(&[(443, server)]));
    let cx = cx(plan);
    let session = tls::session(&cx, &target()).await.expect("a session");
    let request =
        Request::get("127.0.0.1", "/user").with_credential(gh_connect_engine::Secret::new("canary-token"));
    assert!(!format!("{request:?}").contains("canary"));
    let limits = Limits {
        deadline: Instant::now() + cx.plan().timeout.value.0,
        keep: 10,
        read: 10,
        enough: |_| false,
    };
    let (exchange, body) = exchange(&cx, session, request, limits).await;
    assert_eq!((exchange.is_complete(), body.as_slice()), (true, &b"ok"[..]));
    let head = heard.await.expect("a request").to_ascii_lowercase();
    assert!(
        head.starts_with("get /user http/1.1\r\n")
            && head.contains("\r\nauthorization: bearer canary-token\r\n")
    );
    assert!(head.contains("\r\nuser-agent: gh-connect/"));
}

#[test]
fn hosts_are_named_with_the_ports_that_are_not_implied() {
    for (host, port, implied, expected) in [
        ("github.com", 443, 443, "github.com"),
        ("github.com", 80, 443, "github.com:80"),
        ("2001:db8::1", 443, 443, "[2001:db8::1]"),
        ("10.0.0.1", 8443, 443, "10.0.0.1:8443"),
    ] {
        assert_eq!(authority(&Endpoint::new(host, port), implied), expected);
    }
}
