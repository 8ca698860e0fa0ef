//! HTTP/2 on GitHub's API: many requests on one connection, each with a manner of its own.

use std::sync::Arc;

use bytes::Bytes;
use gh_connect_lab::{Event, Lab};
use h2::client::SendRequest;
use http::{HeaderMap, Request, StatusCode};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::{PATIENCE, cloud_token, dial, lab, trusting};

async fn offering(lab: &Lab, host: &str, protocols: &[&[u8]]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut config = Arc::unwrap_or_clone(trusting(lab.public_roots_pem()));
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, dial(lab, host, 443).await?).await
}

fn agreed(session: &TlsStream<TcpStream>) -> Option<Vec<u8>> {
    session.get_ref().1.alpn_protocol().map(<[u8]>::to_vec)
}

async fn connect(lab: &Lab) -> SendRequest<Bytes> {
    let session = offering(lab, "api.github.com", &[b"h2", b"http/1.1"]).await.unwrap();
    assert_eq!(agreed(&session).as_deref(), Some(&b"h2"[..]));
    let (client, connection) = h2::client::handshake(session).await.unwrap();
    tokio::spawn(connection);
    client
}

/// One exchange: status, headers, and the body or how it ended.
async fn exchange(
    client: &SendRequest<Bytes>,
    method: &str,
    path: &str,
    token: &str,
    body: &str,
) -> Result<(StatusCode, HeaderMap, Vec<u8>), h2::Error> {
    let request = Request::builder()
        .method(method)
        .uri(format!("https://api.github.com{path}"))
        .header("user-agent", "test")
        .header("authorization", format!("bearer {token}"))
        .body(())
        .unwrap();
    let mut client = client.clone().ready().await?;
    let (response, mut stream) = client.send_request(request, body.is_empty())?;
    if !body.is_empty() {
        stream.send_data(Bytes::from(body.to_owned()), true)?;
    }
    let (head, mut incoming) = response.await?.into_parts();
    let mut whole = Vec::new();
    while let Some(piece) = incoming.data().await {
        let piece = piece?;
        incoming.flow_control().release_capacity(piece.len())?;
        whole.extend_from_slice(&piece);
    }
    Ok((head.status, head.headers, whole))
}

#[tokio::test]
async fn one_connection_carries_many_requests_at_once() {
    let lab = lab("[endpoint.'api.github.com/user']\ndelay-ms = 200").await;
    let (client, token) = (connect(&lab).await, cloud_token(&lab));
    let query = r#"{"query": "{ viewer { login } }"}"#;
    let (user, graphql, meta) = tokio::join!(
        exchange(&client, "GET", "/user", &token, ""),
        exchange(&client, "POST", "/graphql", &token, query),
        exchange(&client, "GET", "/meta", &token, ""),
    );
    let ((status, headers, body), (_, _, document), (_, _, ranges)) =
        (user.unwrap(), graphql.unwrap(), meta.unwrap());
    assert_eq!(status, 200);
    assert_eq!(headers["server"], "github.com");
    assert_eq!(headers["x-oauth-scopes"], "admin:enterprise, read:audit_log");
    assert_eq!(headers["content-length"], body.len().to_string().as_str());
    assert_eq!(document, br#"{"data":{"viewer":{"login":"octo-owner"}}}"#);
    assert!(ranges.starts_with(b"{\"verifiable_password_authentication\""));
    let log = lab.log();
    let count = |of: fn(&Event) -> bool| log.iter().filter(|event| of(event)).count();
    assert_eq!(count(|event| matches!(event, Event::Connection { .. })), 1);
    assert_eq!(count(|event| matches!(event, Event::Session { http2: true, .. })), 1);
    assert_eq!(count(|event| matches!(event, Event::Request { tls: true, .. })), 3);
    // The slow one was the first to be asked and the last to be answered; nothing waited for it.
    assert!(matches!(log.last().unwrap(), Event::Request { .. } | Event::Document { .. }));
}

#[tokio::test]
async fn a_large_reply_flows() {
    let lab = lab("[endpoint.'api.github.com/user']\nanswer = 'huge'").await;
    let client = connect(&lab).await;
    let (_, _, body) = exchange(&client, "GET", "/user", &cloud_token(&lab), "").await.unwrap();
    assert!(body.len() > 16_000_000);
}

#[tokio::test]
async fn faults_stay_with_their_stream_or_end_the_connection() {
    let world = ["silent", "close", "truncated", "endless-body"].map(|answer| {
        format!("[endpoint.'api.github.com/{answer}']\nanswer = '{answer}'\nbody = '0123456789'\n")
    });
    let lab = lab(&world.concat()).await;
    let token = cloud_token(&lab);
    let client = connect(&lab).await;
    let silent = exchange(&client, "GET", "/silent", &token, "");
    assert!(tokio::time::timeout(crate::client::SILENCE, silent).await.is_err());
    let error = exchange(&client, "GET", "/truncated", &token, "").await.unwrap_err();
    assert_eq!(error.reason(), Some(h2::Reason::INTERNAL_ERROR));
    assert_eq!(exchange(&client, "GET", "/user", &token, "").await.unwrap().0, 200, "the others go on");
    let closed =
        tokio::time::timeout(PATIENCE, exchange(&client, "GET", "/close", &token, "")).await.unwrap();
    assert!(closed.is_err());
    let gone = tokio::time::timeout(PATIENCE, exchange(&client, "GET", "/user", &token, "")).await.unwrap();
    assert!(gone.is_err());

    let client = connect(&lab).await;
    let endless = exchange(&client, "GET", "/endless-body", &token, "").await;
    assert!(endless.is_err(), "64 MiB without an end, then no connection");
}

#[tokio::test]
async fn who_does_not_offer_it_is_not_given_it() {
    let lab = lab("").await;
    let session = offering(&lab, "api.github.com", &[b"http/1.1"]).await.unwrap();
    assert_eq!(agreed(&session).as_deref(), Some(&b"http/1.1"[..]));
    for host in ["github.com", "uploads.github.com", "ghes.corp.example"] {
        let session = offering(&lab, host, &[b"h2", b"http/1.1"]).await.unwrap();
        assert_eq!(agreed(&session).as_deref(), Some(&b"http/1.1"[..]), "{host}");
    }
    let lab = crate::client::lab(
        "host.'api.github.com'.port-443.http2 = false\nhost.'ghes.corp.example'.port-443.http2 = true",
    )
    .await;
    for (host, protocol) in [("api.github.com", &b"http/1.1"[..]), ("ghes.corp.example", b"h2")] {
        let session = offering(&lab, host, &[b"h2", b"http/1.1"]).await.unwrap();
        assert_eq!(agreed(&session).as_deref(), Some(protocol), "{host}");
    }
}
