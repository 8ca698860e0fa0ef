use std::time::Duration;

use gh_connect_engine::{ProxySetting, ProxyUrl, Seconds, Sourced};
use gh_connect_probe::net::Failure;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;
use crate::{
    Answer, OfTheRun, RateLimit,
    cloud::{AuditLog, ConsumedLicences, LicenceSync, Topic, Viewer},
    server::{Heard, ServerLicence, ServerMeta, ServerUser, Status},
    testing::{Body, CLOUD_TOKEN, PASSWORD, SERVER_TOKEN, Says, Seen, Served, Speaks, cx, plan, rule},
};

fn login(seen: &Seen) -> Says {
    match seen.target.as_str() {
        "/graphql" => Says::json(r#"{"data": {"viewer": {"login": "octo-owner"}}}"#),
        _ => Says::json("{}"),
    }
}

async fn viewer(cx: &Cx) -> Result<Answer<crate::cloud::User>, Stop> {
    Ok(cx.fact::<Viewer>(&OfTheRun).await?.answer.clone())
}

async fn many_at_once(cx: &Cx) {
    let audit = futures::future::join_all(Topic::ALL.map(async |topic| cx.fact::<AuditLog>(&topic).await));
    let (viewer, sync, seats, audit) = futures::join!(
        cx.fact::<Viewer>(&OfTheRun),
        cx.fact::<LicenceSync>(&OfTheRun),
        cx.fact::<ConsumedLicences>(&OfTheRun),
        audit,
    );
    assert!(viewer.expect("a fact").answer.said().is_some());
    assert!(sync.expect("a fact").answer.said().is_some());
    assert!(seats.expect("a fact").answer.said().is_some());
    assert_eq!(audit.into_iter().filter(|fact| fact.is_ok()).count(), Topic::ALL.len());
}

#[tokio::test]
async fn requests_at_the_same_time_share_one_connection() {
    let cloud = Served::start(Speaks::Both, login).await;
    let cx = cx(plan(&[(Api::Cloud, cloud.address)]));
    many_at_once(&cx).await;
    assert_eq!((cloud.connections(), cloud.requests().len()), (1, 3 + Topic::ALL.len()));
    // A later one finds it.
    assert!(cx.fact::<crate::cloud::ServerStatistics>(&OfTheRun).await.is_ok());
    assert_eq!(cloud.connections(), 1);
}

#[tokio::test]
async fn without_http_2_everybody_gets_a_connection() {
    let cloud = Served::start(Speaks::Http1, login).await;
    let cx = cx(plan(&[(Api::Cloud, cloud.address)]));
    many_at_once(&cx).await;
    assert_eq!(cloud.requests().len(), 3 + Topic::ALL.len());
}

#[tokio::test]
async fn each_side_is_told_only_what_is_meant_for_it() {
    let answer = |_: &Seen| Says::json("{}");
    let cloud = Served::start(Speaks::Both, answer).await;
    let server = Served::start(Speaks::Http1, answer).await;
    let manage = Served::start(Speaks::Both, answer).await;
    let plan =
        plan(&[(Api::Cloud, cloud.address), (Api::Server, server.address), (Api::Manage, manage.address)]);
    let cx = cx(plan);
    let (a, b, c, d) = futures::join!(
        cx.fact::<LicenceSync>(&OfTheRun),
        cx.fact::<ServerUser>(&OfTheRun),
        cx.fact::<crate::manage::ManageLicence>(&OfTheRun),
        cx.fact::<Status>(&OfTheRun),
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok() && d.is_ok());
    let seen = |served: &Served, target: &str| {
        let all = served.requests();
        all.into_iter().find(|seen| seen.target == target).unwrap_or_else(|| panic!("{target}"))
    };
    let sync = seen(&cloud, "/enterprises/acme/license-sync-status");
    assert_eq!(sync.authorization, Some(format!("Bearer {CLOUD_TOKEN}")));
    assert_eq!(sync.authority, "api.github.com");
    assert_eq!(
        sync.headers.get("x-github-api-version").map(|value| value.as_bytes()),
        Some(&b"2022-11-28"[..])
    );
    assert_eq!(sync.headers.get("user-agent").map(|value| value.as_bytes()), Some(USER_AGENT.as_bytes()));
    let user = seen(&server, "/api/v3/user");
    assert_eq!(user.authorization, Some(format!("Bearer {SERVER_TOKEN}")));
    assert!(!user.headers.contains_key("x-github-api-version"));
    assert_eq!((user.authority.as_str(), seen(&server, "/status").authorization), ("ghes.test", None));
    let licence = seen(&manage, "/manage/v1/config/license");
    assert!(licence.authorization.is_some_and(|value| value.starts_with("Basic ")));
}

#[tokio::test]
async fn a_redirection_is_an_answer_and_no_token_follows_it() {
    let elsewhere = Served::start(Speaks::Both, login).await;
    let to = format!("https://ghes.test:{}/graphql?x=y", elsewhere.address.port());
    let cloud = Served::start(Speaks::Both, move |_| Says::status(307, "").with("location", &to)).await;
    let cx = cx(plan(&[(Api::Cloud, cloud.address), (Api::Server, elsewhere.address)]));
    let answer = viewer(&cx).await.expect("a fact");
    let redirected = Refusal::Redirected { status: 307, host: Some("ghes.test".to_owned()) };
    assert_eq!(answer.refusal(), Some(&redirected));
    assert!(elsewhere.requests().is_empty());
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn replies_have_an_end() {
    let long = "x".repeat(2 << 20);
    type Case = (&'static str, fn(&Refusal) -> bool);
    let cases: [(Says, Case); 6] = [
        (Says::body(Body::Endless), ("endless", |why| matches!(why, Refusal::TooLarge { .. }))),
        (
            Says::json(format!("{{\"x\": \"{long}\"}}")),
            ("huge", |why| matches!(why, Refusal::TooLarge { .. })),
        ),
        (
            Says::json(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))),
            // The first bracket is one too many already.
            ("deep", |why| matches!(why, Refusal::WrongShape { path, .. } if path == ".")),
        ),
        (Says::json("<html>"), ("a page", |why| matches!(why, Refusal::NotJson { .. }))),
        (
            Says::json(r#"{"data": {"viewer": {"login": 5}}}"#),
            (
                "a number for a name",
                |why| matches!(why, Refusal::WrongShape { path, .. } if path == "data.viewer.login"),
            ),
        ),
        (Says::json(""), ("nothing", |why| matches!(why, Refusal::NotJson { .. }))),
    ];
    for (says, (what, is_expected)) in cases {
        for speaks in [Speaks::Both, Speaks::Http1] {
            let (status, headers) = (says.status, says.headers.clone());
            let whole = match &says.body {
                Body::Whole(bytes) => Some(bytes.clone()),
                _ => None,
            };
            let cloud = Served::start(speaks, move |_| Says {
                status,
                headers: headers.clone(),
                body: whole.clone().map_or(Body::Endless, Body::Whole),
            })
            .await;
            let answer = viewer(&cx(plan(&[(Api::Cloud, cloud.address)]))).await.expect("a fact");
            let why = answer.refusal().unwrap_or_else(|| panic!("{what}: {answer:?}"));
            assert!(is_expected(why), "{what}: {why:?}");
        }
    }
}

#[tokio::test]
async fn silence_has_an_end() {
    for body in [|| Body::Never, || Body::Stuck] {
        for speaks in [Speaks::Both, Speaks::Http1] {
            let cloud = Served::start(speaks, move |_| Says::body(body())).await;
            let mut plan = plan(&[(Api::Cloud, cloud.address)]);
            plan.timeout = Sourced::default(Seconds(Duration::from_millis(700)));
            let answer = viewer(&cx(plan)).await.expect("a fact");
            assert_eq!(answer.refusal(), Some(&Refusal::NoReply(NoReply::TimedOut)));
        }
    }
}

/// A server that says these bytes inside of TLS, whatever it hears, and hangs up.
async fn says_raw(bytes: &'static [u8]) -> std::net::SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a socket");
    let address = listener.local_addr().expect("an address");
    let acceptor = crate::testing::authority().acceptor(Speaks::Http1);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut chunk = [0; 4096];
            let _ = stream.read(&mut chunk).await;
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
        }
    });
    address
}

#[tokio::test]
async fn what_is_no_whole_reply_is_named() {
    for (bytes, expected) in [
        (&b""[..], NoReply::Closed),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"data\":", NoReply::Closed),
        (b"SSH-2.0-OpenSSH_9.6\r\n", NoReply::NotHttp),
    ] {
        let address = says_raw(bytes).await;
        let answer = viewer(&cx(plan(&[(Api::Cloud, address)]))).await.expect("a fact");
        assert_eq!(answer.refusal(), Some(&Refusal::NoReply(expected)), "{}", bytes.escape_ascii());
    }
}

/// How a server ends an exchange by a frame of HTTP/2.
#[derive(Clone, Copy, Debug)]
enum Ends {
    Stream(h2::Reason),
    Connection(h2::Reason),
}

async fn ends_by_frame(ends: Ends) -> std::net::SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a socket");
    let address = listener.local_addr().expect("an address");
    let acceptor = crate::testing::authority().acceptor(Speaks::Both);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let Ok(mut connection) = h2::server::handshake(stream).await else { continue };
            // A stream that is let go of would be reset.
            let mut kept = Vec::new();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                match ends {
                    Ends::Stream(reason) => respond.send_reset(reason),
                    Ends::Connection(reason) => connection.abrupt_shutdown(reason),
                }
                kept.push((request, respond));
            }
        }
    });
    address
}

#[tokio::test]
async fn a_reply_that_a_frame_puts_an_end_to_has_ended() {
    use h2::Reason;
    for ends in [
        Ends::Stream(Reason::CANCEL),
        Ends::Stream(Reason::INTERNAL_ERROR),
        Ends::Connection(Reason::INTERNAL_ERROR),
        Ends::Connection(Reason::NO_ERROR),
    ] {
        let address = ends_by_frame(ends).await;
        let answer = viewer(&cx(plan(&[(Api::Cloud, address)]))).await.expect("a fact");
        assert_eq!(answer.refusal(), Some(&Refusal::NoReply(NoReply::Closed)), "{ends:?}");
    }
}

#[tokio::test]
async fn what_stands_before_the_cloud_is_owned_by_the_networks_checks() {
    // Nothing listens there.
    let closed = {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a socket");
        listener.local_addr().expect("an address")
    };
    let stop = viewer(&cx(plan(&[(Api::Cloud, closed)]))).await.expect_err("refused");
    assert_eq!(stop, Stop::blocked("connect"));

    // Something that does not speak TLS.
    let plain = TcpListener::bind(("127.0.0.1", 0)).await.expect("a socket");
    let address = plain.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = plain.accept().await {
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").await;
        }
    });
    let stop = viewer(&cx(plan(&[(Api::Cloud, address)]))).await.expect_err("no TLS");
    assert_eq!(stop, Stop::blocked("tls"));

    // A name without an address.
    let mut nameless = plan(&[]);
    nameless.product = Sourced::default(gh_connect_engine::Product::GheCom("nobody".to_owned()));
    nameless.resolvers = Sourced::default(vec![closed]);
    let stop = viewer(&cx(nameless)).await.expect_err("no address");
    assert_eq!(stop, Stop::blocked("dns"));

    // A proxy that is not there.
    let mut proxied = plan(&[]);
    let url = ProxyUrl::parse(&format!("http://127.0.0.1:{}", closed.port())).expect("a URL");
    proxied.proxy = Sourced::default(ProxySetting::Use(url));
    let stop = viewer(&cx(proxied)).await.expect_err("no proxy");
    assert_eq!(stop, Stop::blocked("proxy"));
}

#[tokio::test]
async fn what_stands_before_the_server_is_told_once() {
    let closed = {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a socket");
        listener.local_addr().expect("an address")
    };
    let gone = cx(plan(&[(Api::Server, closed)]));
    let status = gone.fact::<Status>(&OfTheRun).await.expect("a fact");
    let refused = NoReply::Unconnected { failure: Failure::Refused };
    assert_eq!(status.heard, Heard::Silence { why: refused });
    let stop = gone.fact::<ServerUser>(&OfTheRun).await.expect_err("gone");
    assert_eq!(stop, Stop::blocked("server"));

    let server = Served::start(Speaks::Both, |seen| match seen.target.as_str() {
        "/api/v3/meta" => Says::json(r#"{"installed_version": "3.19.1"}"#),
        _ => Says::status(503, "<h1>Maintenance</h1>"),
    })
    .await;
    let asleep = cx(plan(&[(Api::Server, server.address)]));
    assert!(asleep.fact::<ServerMeta>(&OfTheRun).await.expect("a fact").answer.said().is_some());
    let stop = asleep.fact::<ServerLicence>(&OfTheRun).await.expect_err("asleep");
    assert_eq!(stop, Stop::blocked("server"));

    let server = Served::start(Speaks::Both, |seen| match seen.target.as_str() {
        "/status" => Says::json("GitHub lives!"),
        _ => Says::status(502, "<h1>Bad gateway</h1>"),
    })
    .await;
    let well = cx(plan(&[(Api::Server, server.address)]));
    let licence = well.fact::<ServerLicence>(&OfTheRun).await.expect("a fact");
    assert_eq!(licence.answer.refusal(), Some(&Refusal::ServerError { status: 502 }));
}

#[tokio::test]
async fn a_proxy_is_told_the_name_and_its_own_credentials() {
    let cloud = Served::start(Speaks::Both, login).await;
    let proxy = TcpListener::bind(("127.0.0.1", 0)).await.expect("a socket");
    let (at, to) = (proxy.local_addr().expect("an address"), cloud.address);
    let (tell, mut heard) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = proxy.accept().await {
            let tell = tell.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.expect("a head"));
                }
                let _ = tell.send(String::from_utf8(head).expect("text"));
                let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await;
                let mut onward = connect(to).await;
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
            });
        }
    });
    for scheme_and_host in ["proxy.test:3128", "192.0.2.3:3128"] {
        let mut plan = plan(&[]);
        plan.connect_to.push(rule("192.0.2.3", 3128, at));
        let url = ProxyUrl::parse(&format!("http://user:secret@{scheme_and_host}")).expect("a URL");
        plan.proxy = Sourced::default(ProxySetting::Use(url));
        let cx = cx(plan);
        let before = cloud.connections();
        many_at_once(&cx).await;
        assert_eq!(cloud.connections() - before, 1);
        let head = heard.recv().await.expect("a CONNECT");
        assert!(head.starts_with("CONNECT api.github.com:443 HTTP/1.1\r\n"), "{head}");
        assert!(head.to_ascii_lowercase().contains("proxy-authorization: basic dxnlcjpzzwnyzxq="), "{head}");
        assert!(!head.contains(CLOUD_TOKEN));
    }
}

#[expect(clippy::disallowed_methods, reason = "the far side of a proxy in a test")]
async fn connect(to: std::net::SocketAddr) -> tokio::net::TcpStream {
    tokio::net::TcpStream::connect(to).await.expect("a connection")
}

#[tokio::test]
async fn without_a_token_nothing_is_asked_and_what_it_needs_is_said() {
    let cloud = Served::start(Speaks::Both, login).await;
    let server = Served::start(Speaks::Both, |seen| match seen.target.as_str() {
        "/status" => Says::json("GitHub lives!"),
        _ => Says::status(401, r#"{"message": "Must authenticate to access this API."}"#),
    })
    .await;
    let cx =
        Cx::live(plan(&[(Api::Cloud, cloud.address), (Api::Server, server.address)]), crate::testing::Desk);
    let sync = cx.fact::<LicenceSync>(&OfTheRun).await.expect("a fact");
    let needs = sync.answer.needs().map(ToString::to_string);
    assert_eq!(needs.as_deref(), Some("a token with the scope read:enterprise in GH_TOKEN"));
    assert!(matches!(sync.answer, Answer::NoCredential { .. }));
    assert_eq!(cloud.connections(), 0);
    let meta = cx.fact::<ServerMeta>(&OfTheRun).await.expect("a fact");
    let message = "Must authenticate to access this API.".to_owned();
    assert_eq!(meta.answer.refusal(), Some(&Refusal::Anonymous { message }));
    assert!(server.requests().iter().all(|seen| seen.authorization.is_none()));
}

#[tokio::test]
async fn limits_are_told_over_both_statuses() {
    let cloud = Served::start(Speaks::Both, |seen| match seen.target.as_str() {
        "/graphql" => Says::json(
            r#"{"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}]}"#,
        )
        .with("x-ratelimit-reset", "1372700873"),
        _ => Says::status(429, r#"{"message": "You have exceeded a secondary rate limit."}"#)
            .with("retry-after", "60"),
    })
    .await;
    let cx = cx(plan(&[(Api::Cloud, cloud.address)]));
    let primary = viewer(&cx).await.expect("a fact");
    assert!(matches!(
        primary.refusal(),
        Some(Refusal::RateLimited { limit: RateLimit::Primary, resets_at: Some(_), retry_after_s: None })
    ));
    let secondary = cx.fact::<LicenceSync>(&OfTheRun).await.expect("a fact");
    assert!(matches!(
        secondary.answer.refusal(),
        Some(Refusal::RateLimited { limit: RateLimit::Secondary, resets_at: None, retry_after_s: Some(60) })
    ));
}

#[tokio::test]
async fn a_server_that_repeats_what_it_was_sent_is_not_repeated() {
    let echo = |seen: &Seen| {
        let secret = seen.authorization.clone().unwrap_or_default();
        let plain = secret.trim_start_matches("Bearer ").trim_start_matches("Basic ").to_owned();
        Says::status(
            403,
            serde_json::json!({ "message": format!("no {plain} {PASSWORD} for you") }).to_string(),
        )
    };
    let (cloud, server, manage) = futures::join!(
        Served::start(Speaks::Both, echo),
        Served::start(Speaks::Both, echo),
        Served::start(Speaks::Http1, echo),
    );
    let cx = cx(plan(&[
        (Api::Cloud, cloud.address),
        (Api::Server, server.address),
        (Api::Manage, manage.address),
    ]));
    let (a, b, c) = futures::join!(
        cx.fact::<LicenceSync>(&OfTheRun),
        cx.fact::<ServerUser>(&OfTheRun),
        cx.fact::<crate::manage::ManageLicence>(&OfTheRun),
    );
    let told = format!("{a:?} {b:?} {c:?}");
    assert!(told.matches("[redacted]").count() >= 4, "{told}");
    for secret in [CLOUD_TOKEN, SERVER_TOKEN, PASSWORD, "YXBpX2tleTpjYW5hcnkvcGFzc3dvcmQrMQ"] {
        assert!(!told.contains(secret), "{told}");
    }
}
