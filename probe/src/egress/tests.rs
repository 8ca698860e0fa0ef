//! Echo pages on loopback.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use gh_connect_engine::{NoProxy, Origin, Plan, ProxySetting, Roots, Sourced};
use tokio::io::AsyncWriteExt as _;

use super::*;
use crate::testing::{self, Authority, Leaf, Pems, answer, cx, read_head, serve, tls_server};

async fn echo(plan: Plan, page: &str) -> Echo {
    let page = EchoPage::parse(page).expect("a page");
    Echo::clone(&*cx(plan).fact::<Echo>(&page).await.expect("measured"))
}

/// A server that answers with another address each time.
async fn rotating() -> SocketAddr {
    let turn = Arc::new(AtomicU8::new(0));
    serve(move |mut stream| {
        let nth = turn.fetch_add(1, Ordering::Relaxed);
        async move {
            let body = format!("203.0.113.{nth}\n");
            let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            answer(&mut stream, reply.as_bytes()).await;
        }
    })
    .await
}

#[tokio::test]
async fn every_sample_has_a_connection_of_its_own() {
    let server = rotating().await;
    let seen = echo(testing::plan(&[(80, server)]), "http://127.0.0.1/").await;
    assert!(seen.samples.iter().all(|sample| sample.way == Way::Direct(Family::V4)));
    let told: Vec<String> = seen.addresses().iter().map(ToString::to_string).collect();
    assert_eq!(told, ["203.0.113.0", "203.0.113.1", "203.0.113.2", "203.0.113.3"]);
    let saved = serde_json::to_value(&seen).expect("JSON");
    assert_eq!(serde_json::from_value::<Echo>(saved).expect("an echo"), seen);
}

#[tokio::test]
async fn a_page_over_tls_must_prove_who_it_is() {
    let acceptor = tls_server(vec![Authority::once().leaf(&Leaf::default())]);
    let server = serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(mut session) = acceptor.accept(stream).await {
                let head = read_head(&mut session).await.to_ascii_lowercase();
                assert!(!head.contains("authorization"), "{head}");
                let _ = session
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{\"ip\":\"203.0.113.7\"}\r\n")
                    .await;
                let _ = session.shutdown().await;
            }
        }
    })
    .await;
    let pems = Pems::new();
    let mut plan = testing::plan(&[(443, server)]);
    let distrusted = echo(plan.clone(), "https://127.0.0.1/").await;
    let why = distrusted.troubles();
    assert!(matches!(why[..], [(_, Why::NoSession(text))] if text.contains("not trusted")), "{why:?}");
    plan.trust.system.value = Roots::File(pems.file("root.pem", Authority::once()));
    let seen = echo(plan, "https://127.0.0.1/").await;
    assert_eq!(seen.addresses(), ["203.0.113.7".parse::<IpAddr>().expect("an address")], "{seen:?}");
}

#[tokio::test]
async fn what_is_no_answer_is_named() {
    type Expected = fn(&Why) -> bool;
    let long = format!("HTTP/1.1 200 OK\r\n\r\n{}", " ".repeat(5000));
    let cases: [(&str, Expected); 10] = [
        ("HTTP/1.1 200 OK\r\nAge: 17\r\nContent-Length: 11\r\n\r\n203.0.113.7", |why| {
            *why == Why::Stored("age: 17".to_owned())
        }),
        ("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", |why| {
            *why == Why::Status { status: 503, location: None }
        }),
        (
            "HTTP/1.1 302 Found\r\nLocation: https://login.example/\r\nContent-Length: 0\r\n\r\n",
            |why| matches!(why, Why::Status { location: Some(to), .. } if to == "https://login.example/"),
        ),
        (
            "HTTP/1.1 200 OK\r\n\r\n<html>",
            |why| matches!(why, Why::NotAnAddress { began, why: NotAnAddress::NeitherTextNorObject } if began == "<html>"),
        ),
        ("HTTP/1.1 200 OK\r\n\r\n10.0.0.5\n", |why| matches!(why, Why::Inside(_))),
        ("HTTP/1.1 200 OK\r\n\r\n127.0.0.1\n", |why| matches!(why, Why::Inside(_))),
        ("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n203.0.1", |why| matches!(why, Why::Broken(_))),
        ("\x1b[2J nonsense\r\n\r\n", |why| matches!(why, Why::Broken(_))),
        ("", |why| matches!(why, Why::Broken(_))),
        (&long, |why| *why == Why::TooLarge(MOST_BODY)),
    ];
    for (reply, is_expected) in cases {
        let bytes = reply.as_bytes().to_vec();
        let server = serve(move |mut stream| {
            let bytes = bytes.clone();
            async move { answer(&mut stream, &bytes).await }
        })
        .await;
        let seen = echo(testing::plan(&[(80, server)]), "http://127.0.0.1/").await;
        let troubles = seen.troubles();
        assert!(seen.addresses().is_empty(), "{reply}");
        assert!(matches!(troubles[..], [(_, why)] if is_expected(why)), "{reply}: {troubles:?}");
        assert!(!troubles[0].1.to_string().contains('\u{1b}'));
    }
}

#[tokio::test]
async fn a_silent_page_costs_one_timeout() {
    let server = serve(|mut stream| async move {
        read_head(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let seen = echo(testing::plan(&[(80, server)]), "http://127.0.0.1/").await;
    assert_eq!(seen.troubles(), [(Way::Direct(Family::V4), &Why::TimedOut)]);
}

/// An exclusion for the page's host must not hide the proxy's address behind this machine's own.
#[tokio::test]
async fn the_way_is_that_of_github_and_not_that_of_the_page() {
    let proxy = serve(|mut stream| async move {
        let head = read_head(&mut stream).await;
        let reply: &[u8] = match head.starts_with("GET http://echo.corp.example/ip HTTP/1.1\r\n") {
            true => b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n203.0.113.99",
            false => b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        };
        let _ = stream.write_all(reply).await;
        let _ = stream.shutdown().await;
    })
    .await;
    let mut plan = testing::plan(&[]);
    plan.targets[0].host = "github.com".to_owned();
    let url = gh_connect_engine::ProxyUrl::parse(&format!("http://{proxy}")).expect("a URL");
    plan.proxy = Sourced::new(ProxySetting::Use(url), Origin::flag("--proxy"));
    plan.no_proxy = Sourced::default(NoProxy::parse(".corp.example"));
    let seen = echo(plan.clone(), "http://echo.corp.example/ip").await;
    assert_eq!(seen.addresses(), ["203.0.113.99".parse::<IpAddr>().expect("an address")], "{seen:?}");
    assert!(seen.samples.iter().all(|sample| sample.way == Way::Proxy));
    let refused = echo(plan, "https://echo.corp.example/ip").await;
    let troubles = refused.troubles();
    assert!(
        matches!(troubles[..], [(Way::Proxy, Why::NoTunnel(text))] if text.contains("403")),
        "{troubles:?}"
    );
}
