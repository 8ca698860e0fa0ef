//! The egress proxy.

use std::io::ErrorKind;

use gh_connect_lab::{Authorization, Event, Lab};
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::client::{
    Response, SILENCE, dial, handshake, handshake_trusting, is_silent, lab, read_all, request,
};

const PROXY: &str = "proxy.corp.example";

async fn send_connect<S: AsyncWrite + Unpin>(stream: &mut S, target: &str, credentials: Option<&str>) {
    let credentials = credentials.map(|c| format!("Proxy-Authorization: {c}\r\n")).unwrap_or_default();
    let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{credentials}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
}

/// The head of a reply, byte by byte, so that nothing behind it is taken.
async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> Response {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    Response::parse(&head)
}

/// CONNECT, and the head of the reply.
async fn connect_as(lab: &Lab, target: &str, credentials: Option<&str>) -> (Response, TcpStream) {
    let mut stream = dial(lab, PROXY, 3128).await.unwrap();
    send_connect(&mut stream, target, credentials).await;
    (read_head(&mut stream).await, stream)
}

async fn connect(lab: &Lab, target: &str) -> (Response, TcpStream) {
    connect_as(lab, target, None).await
}

/// The body of a reply whose head was read.
async fn body(reply: &Response, stream: &mut TcpStream) -> String {
    let mut body = vec![0; reply.header("content-length").unwrap().parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    String::from_utf8_lossy(&body).into_owned()
}

/// A whole exchange through the proxy.
async fn fetch(lab: &Lab, host: &str, path: &str) -> Response {
    let (reply, stream) = connect(lab, &format!("{host}:443")).await;
    assert_eq!(reply.status, 200);
    request(handshake(lab, host, stream).await.unwrap(), host, path).await
}

fn connects(lab: &Lab) -> Vec<(String, bool, Authorization, u16)> {
    let connect = |event| match event {
        Event::Connect { target, is_address, authorization, status } => {
            Some((target, is_address, authorization, status))
        }
        _ => None,
    };
    lab.log().into_iter().filter_map(connect).collect()
}

#[tokio::test]
async fn a_tunnel_leads_to_the_host_even_where_no_direct_path_does() {
    let lab = lab("firewall.direct = 'silent'\n[proxy]").await;
    assert_eq!(fetch(&lab, "api.github.com", "/meta").await.status, 200);
    assert_eq!(connects(&lab), [("api.github.com:443".into(), false, Authorization::Absent, 200)]);
    let arrived = Event::Connection { host: "api.github.com".into(), port: 443, through_proxy: true };
    assert!(lab.log().contains(&arrived));
}

#[tokio::test]
async fn an_address_in_connect_is_served_and_noted() {
    let lab = lab("[proxy]").await;
    let (reply, stream) = connect(&lab, "140.82.121.5:443").await;
    assert_eq!(reply.status, 200);
    handshake(&lab, "api.github.com", stream).await.unwrap();
    assert_eq!(connects(&lab), [("140.82.121.5:443".into(), true, Authorization::Absent, 200)]);
}

#[tokio::test]
async fn a_hello_sent_along_with_connect_is_not_lost() {
    let lab = lab("[proxy]\nconnect-ports = [80]").await;
    let mut stream = dial(&lab, PROXY, 3128).await.unwrap();
    stream
        .write_all(b"CONNECT github.com:80 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: github.com\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(read_head(&mut stream).await.status, 200);
    assert_eq!(Response::parse(&read_all(&mut stream).await).status, 301);
}

#[tokio::test]
async fn basic_authentication() {
    let lab = lab("[proxy]\nauth = 'basic'\nuser = 'alice'\npassword = 'wonder:land'").await;
    // alice:wonder:land, and alice:wrong
    let (right, wrong) = ("Basic YWxpY2U6d29uZGVyOmxhbmQ=", "Basic YWxpY2U6d3Jvbmc=");
    for (credentials, status) in [
        (None, 407),
        (Some(wrong), 407),
        (Some("Basic %%%"), 407),
        (Some("Negotiate YWFh"), 407),
        (Some(right), 200),
    ] {
        let (reply, _stream) = connect_as(&lab, "github.com:443", credentials).await;
        assert_eq!(reply.status, status, "{credentials:?}");
        if status == 407 {
            assert_eq!(reply.header("proxy-authenticate").unwrap(), "Basic realm=\"Corp proxy\"");
        }
    }
    let worth: Vec<_> = connects(&lab).into_iter().map(|(_, _, worth, _)| worth).collect();
    let Authorization::Absent = worth[0] else { panic!() };
    assert_eq!(worth[1..4], [Authorization::Rejected; 3]);
    assert_eq!(worth[4], Authorization::Accepted);
    let log = format!("{:?}", lab.log());
    assert!(!log.contains("YWxpY2U6") && !log.contains("wonder"), "{log}");
}

#[tokio::test]
async fn a_407_leaves_the_connection_open_for_a_second_try() {
    let lab = lab("[proxy]\nauth = 'basic'").await;
    let (reply, mut stream) = connect(&lab, "github.com:443").await;
    assert_eq!(reply.status, 407);
    body(&reply, &mut stream).await;
    // user:pass, the default
    send_connect(&mut stream, "github.com:443", Some("basic dXNlcjpwYXNz")).await;
    assert_eq!(read_head(&mut stream).await.status, 200);
    handshake(&lab, "github.com", stream).await.unwrap();
}

#[tokio::test]
async fn other_schemes_are_offered_and_never_satisfied() {
    for (auth, offered) in [
        ("'ntlm'", "NTLM"),
        ("'negotiate'", "Negotiate"),
        ("['negotiate', 'ntlm']", "Negotiate"),
        ("'digest'", "Digest "),
    ] {
        let lab = lab(&format!("[proxy]\nauth = {auth}")).await;
        let (reply, _stream) = connect_as(&lab, "github.com:443", Some("Basic dXNlcjpwYXNz")).await;
        assert_eq!(reply.status, 407);
        assert!(reply.header("proxy-authenticate").unwrap().starts_with(offered));
        let count = String::from_utf8_lossy(&reply.head).matches("Proxy-Authenticate").count();
        assert_eq!(count, if auth.contains(',') { 2 } else { 1 });
    }
}

#[tokio::test]
async fn credentials_that_nobody_asked_for_are_noted() {
    let lab = lab("[proxy]").await;
    connect_as(&lab, "github.com:443", Some("Basic dXNlcjpwYXNz")).await;
    assert_eq!(connects(&lab)[0].2, Authorization::Unasked);
}

#[tokio::test]
async fn policy_denies_by_host_and_by_port() {
    for (keys, open, denied) in [
        ("deny = ['github.com']", "api.github.com:443", "github.com:443"),
        ("allow = ['*.github.com']", "uploads.github.com:443", "github.com:443"),
        ("connect.'api.github.com'.answer = 'denied'", "github.com:443", "api.github.com:443"),
        ("", "github.com:443", "github.com:80"),
        ("", "github.com:443", "github.com:22"),
    ] {
        let lab = lab(&format!("[proxy]\n{keys}")).await;
        assert_eq!(connect(&lab, open).await.0.status, 200, "{keys}");
        let (reply, mut stream) = connect(&lab, denied).await;
        assert_eq!(reply.status, 403, "{keys}");
        assert_eq!(reply.header("x-squid-error").unwrap(), "ERR_ACCESS_DENIED 0");
        assert!(body(&reply, &mut stream).await.contains("is denied by the rules of this proxy"));
    }
}

#[tokio::test]
async fn the_way_behind_the_proxy_can_fail() {
    for (keys, status) in [
        ("proxy.connect-all = 'bad-gateway'", 502),
        ("proxy.connect-all = 'gateway-timeout'", 504),
        ("proxy.connect-all = 'unavailable'", 503),
        ("proxy = {}\nhost.'github.com'.port-443.tcp = 'refuse'", 503),
    ] {
        let lab = lab(keys).await;
        assert_eq!(connect(&lab, "github.com:443").await.0.status, status, "{keys}");
    }
    let lab = lab("proxy = {}\nhost.'github.com'.port-443.tcp = 'reset'").await;
    assert_eq!(connect(&lab, "no-such-host.example:443").await.0.status, 503);
    let (reply, mut stream) = connect(&lab, "github.com:443").await;
    assert_eq!(reply.status, 200);
    assert_eq!(stream.read_u8().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let lab = crate::client::lab("proxy = {}\nhost.'github.com'.port-443.tcp = 'silent'").await;
    let mut stream = dial(&lab, PROXY, 3128).await.unwrap();
    send_connect(&mut stream, "github.com:443", None).await;
    assert!(is_silent(&mut stream).await);
}

#[tokio::test]
async fn connect_can_be_answered_with_trouble() {
    let lab = lab(
        "[proxy.connect]\n'silent.example'.answer = 'silent'\n'after.example'.answer = 'open-then-silent'\n\
         'closed.example'.answer = 'open-then-close'\n'garbage.example'.answer = 'garbage'\n\
         'endless.example'.answer = 'endless-head'\n'web.example'.answer = 'web-server'\n\
         'drip.example'.answer = 'drip'\n'escape.example'.answer = 'escape'",
    )
    .await;
    let start = async |host: &str| {
        let mut stream = dial(&lab, PROXY, 3128).await.unwrap();
        send_connect(&mut stream, &format!("{host}.example:443"), None).await;
        stream
    };

    assert!(is_silent(&mut start("silent").await).await);

    let mut stream = start("after").await;
    assert_eq!(read_head(&mut stream).await.status, 200);
    assert!(is_silent(&mut stream).await);

    let mut stream = start("closed").await;
    assert_eq!(read_head(&mut stream).await.status, 200);
    assert!(read_all(&mut stream).await.is_empty());

    let bytes = read_all(&mut start("garbage").await).await;
    assert!(!bytes.is_empty() && !bytes.starts_with(b"HTTP"));

    let mut endless = vec![0; 1024 * 1024];
    start("endless").await.read_exact(&mut endless).await.unwrap();
    assert!(endless.starts_with(b"HTTP/1.1 200 ") && !endless.windows(4).any(|four| four == b"\r\n\r\n"));

    let reply = read_head(&mut start("web").await).await;
    assert_eq!(reply.status, 405);
    assert!(reply.header("x-squid-error").is_none());

    let mut stream = start("drip").await;
    assert_eq!(stream.read_u8().await.unwrap(), b'H');
    let mut rest = [0; 16];
    assert!(tokio::time::timeout(SILENCE, stream.read_exact(&mut rest)).await.is_err());

    let reply = read_head(&mut start("escape").await).await;
    assert_eq!(reply.status, 403);
    assert!(reply.head.contains(&0x9b));
}

#[tokio::test]
async fn unusual_but_proper_openings_lead_to_a_tunnel() {
    for (word, heads) in [("split", 1), ("informational", 2), ("huge", 1)] {
        let lab = lab(&format!("[proxy]\nconnect-all = '{word}'")).await;
        let mut stream = dial(&lab, PROXY, 3128).await.unwrap();
        send_connect(&mut stream, "github.com:443", None).await;
        let mut status = 0;
        let mut length = 0;
        for _ in 0..heads {
            let head = read_head(&mut stream).await;
            (status, length) = (head.status, head.head.len());
        }
        assert_eq!(status, 200, "{word}");
        assert_eq!(length > 1024 * 1024, word == "huge");
        handshake(&lab, "github.com", stream).await.unwrap();
    }
}

#[tokio::test]
async fn a_split_reply_really_comes_in_pieces() {
    let lab = lab("[proxy]\nconnect-all = 'split'").await;
    let mut stream = dial(&lab, PROXY, 3128).await.unwrap();
    send_connect(&mut stream, "github.com:443", None).await;
    let (mut reads, mut bytes) = (0, Vec::new());
    while !bytes.ends_with(b"\r\n\r\n") {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
        reads += 1;
    }
    assert!(reads > 1, "all came at once");
}

#[tokio::test]
async fn an_inspecting_proxy_shows_its_own_certificate_and_relays() {
    let lab = lab("[proxy]\ninspect = ['uploads.github.com']").await;
    let corp = std::fs::read_to_string(lab.directory().join("corp-ca.pem")).unwrap();
    let (_, stream) = connect(&lab, "uploads.github.com:443").await;
    assert!(handshake(&lab, "uploads.github.com", stream).await.is_err());
    let (_, stream) = connect(&lab, "uploads.github.com:443").await;
    let session = handshake_trusting(&corp, "uploads.github.com", stream).await.unwrap();
    let leaf: CertificateDer<'static> =
        session.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned();
    let (_, leaf) = X509Certificate::from_der(&leaf).unwrap();
    assert_eq!(leaf.issuer().to_string(), "O=Corp IT Security, CN=Corp Inspection CA 2");
    let reply = request(session, "uploads.github.com", "/").await;
    assert!(reply.header("x-github-request-id").is_some());
    let inspected =
        |host: &str, inspected| Event::Session { host: host.into(), port: 443, inspected, http2: false };
    assert!(lab.log().contains(&inspected("uploads.github.com", true)));
    // The others are left alone.
    assert_eq!(fetch(&lab, "github.com", "/").await.status, 200);
    assert!(lab.log().contains(&inspected("github.com", false)));

    let all = crate::client::lab("[proxy]\ninspect = 'all'").await;
    let (_, stream) = connect(&all, "github.com:443").await;
    assert!(handshake(&all, "github.com", stream).await.is_err());
}

#[tokio::test]
async fn an_https_proxy_speaks_tls_with_its_clients() {
    let lab = lab("[proxy]\nscheme = 'https'\nport = 8443\nhost = 'secure-proxy.corp.example'").await;
    let dialled = dial(&lab, "secure-proxy.corp.example", 8443).await.unwrap();
    let mut outer = handshake(&lab, "secure-proxy.corp.example", dialled).await.unwrap();
    send_connect(&mut outer, "api.github.com:443", None).await;
    assert_eq!(read_head(&mut outer).await.status, 200);
    let inner = handshake(&lab, "api.github.com", outer).await.unwrap();
    assert_eq!(request(inner, "api.github.com", "/meta").await.status, 200);

    let bad = crate::client::lab("[proxy]\nscheme = 'https'\ncertificate = { expired-days = 1 }").await;
    assert!(handshake(&bad, PROXY, dial(&bad, PROXY, 3128).await.unwrap()).await.is_err());
    let silent = crate::client::lab("[proxy]\nscheme = 'https'\ntls = 'silent'").await;
    let mut stream = dial(&silent, PROXY, 3128).await.unwrap();
    send_connect(&mut stream, "github.com:443", None).await;
    assert!(is_silent(&mut stream).await);
}

#[tokio::test]
async fn plain_requests_are_passed_on_or_denied() {
    let world = "[proxy]\nauth = 'basic'\n";
    let head = |url: &str| {
        format!("GET {url} HTTP/1.1\r\nHost: github.com\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n")
    };
    for (keys, url, status) in [
        ("", "http://github.com/x", 301),
        ("plain = 'denied'", "http://github.com/", 403),
        ("deny = ['github.com']", "http://github.com/", 403),
        ("", "http://no-such-host.example/", 503),
        ("", "/", 400),
        ("connect-all = 'web-server'", "http://github.com/", 405),
    ] {
        let lab = lab(&format!("{world}{keys}")).await;
        let mut stream = dial(&lab, PROXY, 3128).await.unwrap();
        stream.write_all(head(url).as_bytes()).await.unwrap();
        let reply = read_head(&mut stream).await;
        assert_eq!(reply.status, status, "{keys} {url}");
        if status == 301 {
            assert_eq!(reply.header("location").unwrap(), "https://github.com/x");
            assert!(reply.header("via").is_some());
        }
    }
    let lab = lab(world).await;
    assert_eq!(
        request(dial(&lab, PROXY, 3128).await.unwrap(), "github.com", "http://github.com/").await.status,
        407
    );
}

#[tokio::test]
async fn the_proxy_can_be_dead() {
    let refusing = lab("proxy.tcp = 'refuse'").await;
    assert_eq!(dial(&refusing, PROXY, 3128).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    let silent = lab("proxy.tcp = 'silent'").await;
    assert!(tokio::time::timeout(SILENCE, dial(&silent, PROXY, 3128)).await.is_err());
}

#[tokio::test]
async fn peers_that_talk_nonsense_are_survived() {
    let lab = lab("[proxy]").await;
    for bytes in [
        &b"\x16\x03\x01\x00\x05hello"[..],
        b"CONNECT\r\n\r\n",
        b"CONNECT github.com HTTP/1.1\r\n\r\n",
        b"CONNECT :443 HTTP/1.1\r\n\r\n",
    ] {
        let mut stream = dial(&lab, PROXY, 3128).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(Response::parse(&read_all(&mut stream).await).status, 400);
    }
    assert_eq!(fetch(&lab, "github.com", "/").await.status, 200);
}
