//! Tunnels through proxies on loopback.

use std::sync::Arc;

use gh_connect_engine::{NoProxy, Origin, Plan, Roots, Sourced};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

use super::*;
use crate::{
    path,
    testing::{self, Authority, Leaf, Pems, cx, read_head, tls_server},
    tls::{End, Reason},
};

fn through(proxy: &str) -> Plan {
    let proxy = ProxyUrl::parse(proxy).expect("a proxy URL");
    Plan { proxy: Sourced::new(ProxySetting::Use(proxy), Origin::flag("--proxy")), ..testing::plan(&[]) }
}

fn api() -> Endpoint {
    Endpoint::new("api.github.com", 443)
}

async fn outcome(cx: &Cx) -> Outcome {
    cx.fact::<Tunnel>(&api()).await.expect("measured").outcome.clone()
}

/// A proxy that says these pieces one by one, then echoes what it is told.
async fn proxy(pieces: &[&[u8]]) -> (SocketAddr, UnboundedReceiver<String>) {
    let pieces: Arc<Vec<Vec<u8>>> = Arc::new(pieces.iter().map(|piece| piece.to_vec()).collect());
    let (told, heard) = unbounded_channel();
    let address = testing::serve(move |mut stream| {
        let (pieces, told) = (Arc::clone(&pieces), told.clone());
        async move {
            stream.set_nodelay(true).expect("a socket");
            told.send(read_head(&mut stream).await).expect("a test that listens");
            for piece in pieces.iter() {
                stream.write_all(piece).await.expect("a client");
                tokio::task::yield_now().await;
            }
            echo(&mut stream).await;
        }
    })
    .await;
    (address, heard)
}

async fn echo(stream: &mut TcpStream) {
    let (mut from, mut to) = stream.split();
    let _ = tokio::io::copy(&mut from, &mut to).await;
}

async fn says(wire: &mut Wire, length: usize) -> String {
    let mut said = vec![0; length];
    wire.read_exact(&mut said).await.expect("so many bytes");
    String::from_utf8(said).expect("text")
}

#[tokio::test]
async fn a_tunnel_is_asked_for_by_name_and_its_first_bytes_are_not_lost() {
    let (address, mut heard) = proxy(&[b"HTTP/1.1 200 OK\r\n\r\nearly "]).await;
    let cx = cx(through(&format!("http://us%3Aer:p%40ss@{address}")));
    let mut wire = path::open(&cx, &api()).await.expect("a tunnel");
    wire.write_all(b"echo").await.expect("open");
    assert_eq!(says(&mut wire, 10).await, "early echo");
    let head = heard.recv().await.expect("a request");
    assert!(
        head.starts_with("CONNECT api.github.com:443 HTTP/1.1\r\nHost: api.github.com:443\r\n"),
        "{head}"
    );
    assert!(head.contains("\r\nProxy-Authorization: Basic dXM6ZXI6cEBzcw==\r\n"), "{head}");
    let tunnel = cx.fact::<Tunnel>(&api()).await.expect("measured");
    assert_eq!(
        (tunnel.proxy.as_str(), tunnel.with_credentials),
        (format!("http://[redacted]@{address}").as_str(), true)
    );
}

#[tokio::test]
async fn who_asks_again_gets_a_tunnel_of_its_own() {
    let (address, mut heard) = proxy(&[b"HTTP/1.1 200 OK\r\n\r\n"]).await;
    let cx = cx(through(&format!("http://{address}")));
    let mut first = path::open(&cx, &api()).await.expect("a tunnel");
    let mut second = path::open(&cx, &api()).await.expect("another");
    for (wire, word) in [(&mut first, "one"), (&mut second, "two")] {
        wire.write_all(word.as_bytes()).await.expect("open");
        assert_eq!(says(wire, 3).await, word);
    }
    assert!(heard.recv().await.is_some() && heard.recv().await.is_some() && heard.is_empty());
}

#[tokio::test]
async fn a_reply_in_pieces_opens_the_tunnel_too() {
    let reply = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 Connection established\r\nVia: x\r\n\r\nhello";
    let (address, _heard) = proxy(&reply.chunks(1).collect::<Vec<_>>()).await;
    let mut wire = path::open(&cx(through(&format!("http://{address}"))), &api()).await.expect("a tunnel");
    assert_eq!(says(&mut wire, 5).await, "hello");
}

#[tokio::test]
async fn a_refusal_keeps_its_words_and_loses_our_password() {
    let page = "<title>No</title><p>user:secret1 and dXNlcjpzZWNyZXQx may not\x1b[31m</p>";
    let reply = format!(
        "HTTP/1.1 407 Who are\x07 you\r\nProxy-Authenticate: Basic realm=\"x\"\r\nProxy-Authenticate: Negotiate, NTLM\r\n\
         Set-Cookie: a=b\r\nX-Seen: Basic dXNlcjpzZWNyZXQx\r\nContent-Length: {}\r\n\r\n{page}",
        page.len()
    );
    let (address, _heard) = proxy(&[reply.as_bytes()]).await;
    let cx = cx(through(&format!("http://user:secret1@{address}")));
    let Outcome::Replied(reply) = outcome(&cx).await else { panic!("no reply") };
    assert_eq!((reply.status, reply.reason.as_str()), (407, r"Who are\x07 you"));
    assert_eq!(
        (reply.schemes.join(" ").as_str(), reply.realm.as_deref()),
        ("Basic Negotiate NTLM", Some("x"))
    );
    assert_eq!((reply.header("x-seen"), reply.header("set-cookie")), (Some("Basic [redacted]"), None));
    assert_eq!(reply.words, r"No [redacted] and [redacted] may not\x1b[31m");
    let saved = serde_json::to_string(&reply).expect("JSON");
    assert!(!saved.contains("secret1") && !saved.contains("dXNlcjpzZWNyZXQx"), "{saved}");
    assert!(matches!(path::open(&cx, &api()).await, Err(stop) if stop == Stop::blocked("proxy")));
}

#[tokio::test]
async fn whatever_is_no_open_tunnel_is_told_apart() {
    let web = b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n";
    let (address, _heard) = proxy(&[web]).await;
    assert!(
        matches!(outcome(&cx(through(&format!("http://{address}")))).await, Outcome::Replied(reply) if reply.status == 405)
    );

    let (address, _heard) = proxy(&[b"SSH-2.0-x\x1b\r\n"]).await;
    let first = r"SSH-2.0-x\x1b\r\n".to_owned();
    assert_eq!(
        outcome(&cx(through(&format!("http://{address}")))).await,
        Outcome::NotHttp { first, tls: false }
    );

    let (address, _heard) = proxy(&[&[0x15, 3, 1, 0, 2, 2, 70]]).await;
    let seen = outcome(&cx(through(&format!("http://{address}")))).await;
    assert!(matches!(seen, Outcome::NotHttp { tls: true, .. }), "{seen:?}");

    let (address, _heard) = proxy(&[b"HTTP/1.1 2"]).await;
    assert_eq!(outcome(&cx(through(&format!("http://{address}")))).await, Outcome::Silent { received: 10 });

    let hangs_up = testing::serve(|mut stream| async move { drop(read_head(&mut stream).await) }).await;
    let seen = outcome(&cx(through(&format!("http://{hangs_up}")))).await;
    assert_eq!(seen, Outcome::Ended { reset: false, received: 0 });

    let resets = testing::serve(|stream| async move {
        let _ = stream.readable().await;
        stream.set_zero_linger().expect("a socket");
    })
    .await;
    let seen = outcome(&cx(through(&format!("http://{resets}")))).await;
    assert_eq!(seen, Outcome::Ended { reset: true, received: 0 });

    let gone =
        tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a socket").local_addr().expect("bound");
    let seen = outcome(&cx(through(&format!("http://{gone}")))).await;
    assert_eq!(seen, Outcome::Unconnected { failure: Failure::Refused });
}

#[tokio::test]
async fn a_proxy_behind_tls_is_told_our_password_only_when_it_is_who_it_says() {
    let authority = Authority::once();
    let acceptor = tls_server(vec![authority.leaf(&Leaf::default())]);
    let (told, mut heard) = unbounded_channel();
    let address = testing::serve(move |stream| {
        let (acceptor, told) = (acceptor.clone(), told.clone());
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            told.send(read_head(&mut stream).await).expect("a test that listens");
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nhello").await.expect("a client");
            let _ = stream.read(&mut [0]).await;
        }
    })
    .await;
    let plan = through(&format!("https://user:secret1@{address}"));
    let seen = outcome(&cx(plan.clone())).await;
    let Outcome::ProxyTls { end, chain: Some(chain), .. } = seen else { panic!("{seen:?}") };
    assert_eq!(end, End::Distrusted(Reason::UnknownIssuer));
    assert_eq!(chain.leaf().map(|leaf| leaf.issuer.short()), Some("Root"));
    assert!(heard.is_empty());

    let pems = Pems::new();
    let trusting = pems.file("ca.pem", authority);
    let mut plan = plan;
    plan.trust.system = Sourced::default(Roots::File(trusting));
    let mut wire = path::open(&cx(plan), &api()).await.expect("a tunnel");
    assert_eq!(says(&mut wire, 5).await, "hello");
    let head = heard.recv().await.expect("a request");
    assert!(head.contains("\r\nProxy-Authorization: Basic dXNlcjpzZWNyZXQx\r\n"), "{head}");
}

#[tokio::test]
async fn a_proxy_that_speaks_plain_http_is_no_https_proxy() {
    let address = testing::serve(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.read(&mut [0; 1024]).await;
    })
    .await;
    let seen = outcome(&cx(through(&format!("https://{address}")))).await;
    assert!(matches!(seen, Outcome::ProxyTls { end: End::NotTls, chain: None, .. }), "{seen:?}");
}

#[tokio::test]
async fn a_plain_connection_carries_the_credentials_beside_it() {
    let (address, mut heard) = proxy(&[b"HTTP/1.1 200 OK\r\n\r\n"]).await;
    let Plain { mut wire, authorization, .. } =
        plain(&cx(through(&format!("http://user:secret1@{address}"))), None).await.expect("open");
    wire.write_all(b"GET http://github.com/ HTTP/1.1\r\n\r\n").await.expect("open");
    assert_eq!(heard.recv().await.expect("a request"), "GET http://github.com/ HTTP/1.1\r\n\r\n");
    assert_eq!(authorization.expect("credentials").expose(), "Basic dXNlcjpzZWNyZXQx");
    let nowhere = plain(&cx(testing::plan(&[])), None).await;
    assert!(matches!(nowhere, Err(Stop::NotApplicable(_))));
}

#[tokio::test]
async fn what_is_excluded_goes_straight() {
    let (address, heard) = proxy(&[b"HTTP/1.1 200 OK\r\n\r\n"]).await;
    let origin = testing::serve(|mut stream| async move { echo(&mut stream).await }).await;
    let mut plan = through(&format!("http://{address}"));
    plan.no_proxy = Sourced::default(NoProxy::parse("127.0.0.1"));
    let mut wire = path::open(&cx(plan), &Endpoint::new("127.0.0.1", origin.port())).await.expect("open");
    wire.write_all(b"echo").await.expect("open");
    assert_eq!(says(&mut wire, 4).await, "echo");
    assert!(heard.is_empty());
}

#[tokio::test]
async fn the_direct_path_is_looked_at_beside_the_proxy() {
    let (proxy, heard) = proxy(&[]).await;
    let cx = cx(through(&format!("http://{proxy}")));
    let open = testing::serve(|stream| async move { drop(stream.readable().await) }).await;
    let closed =
        tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a socket").local_addr().expect("bound");
    for (address, expected) in [(open, true), (closed, false)] {
        let endpoint = Endpoint::new(&address.ip().to_string(), address.port());
        let path = cx.fact::<DirectPath>(&endpoint).await.expect("measured");
        assert_eq!(path.connected().is_some(), expected, "{address}");
    }
    assert!(heard.is_empty());
}
