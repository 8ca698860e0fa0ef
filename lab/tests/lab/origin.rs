//! What HTTP answers, on 443 and on 80.

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::{Response, dial, get, get_plain, handshake, is_silent, lab, read_all, request, session};

const GET: &[u8] = b"GET /meta HTTP/1.1\r\nHost: api.github.com\r\nUser-Agent: test\r\n\r\n";

fn answer(answer: &str) -> String {
    format!(
        "host.'api.github.com'.https.answer = '{answer}'\nhost.'api.github.com'.port-80.answer = '{answer}'"
    )
}

#[tokio::test]
async fn those_in_githubs_place_answer_in_their_own_way() {
    for (word, status, marker) in [
        ("block-page", 403, "blocked by the security policy"),
        ("login-page", 200, "type=\"password\""),
        ("captive-portal", 302, ""),
        ("redirect", 302, ""),
    ] {
        let lab = lab(&format!("host.'api.github.com'.https.answer = '{word}'")).await;
        let reply = get(&lab, "api.github.com", "/meta").await;
        assert_eq!(reply.status, status, "{word}");
        assert!(reply.text().contains(marker), "{word}");
        assert!(reply.header("x-github-request-id").is_none(), "{word}");
        assert!(reply.header("date").is_some(), "{word}");
        assert_eq!(reply.header("location").is_some(), status == 302, "{word}");
    }
}

#[tokio::test]
async fn github_in_bad_times_is_still_github() {
    let limited = lab("host.'api.github.com'.https.answer = 'rate-limit'").await;
    let reply = get(&limited, "api.github.com", "/meta").await;
    assert_eq!(reply.status, 403);
    assert_eq!(reply.header("x-ratelimit-remaining").unwrap(), "0");
    assert!(reply.header("x-ratelimit-reset").unwrap().parse::<u64>().unwrap() > 1_700_000_000);
    assert!(reply.header("x-github-request-id").is_some());
    assert!(reply.json()["message"].as_str().unwrap().starts_with("API rate limit exceeded for "));

    let down = lab("host.'api.github.com'.https.answer = 'unavailable'").await;
    let reply = get(&down, "api.github.com", "/meta").await;
    assert_eq!(reply.status, 503);
    assert!(reply.header("x-github-request-id").is_some());
}

#[tokio::test]
async fn a_world_file_overrides_status_body_headers_and_date() {
    let lab = lab(
        "[host.'api.github.com'.https]\nstatus = 500\nbody = 'no'\ndate-offset-seconds = -86400\nlocation = 'unused'\n\
         headers = { server = 'other', x-github-request-id = '', x-new = 'yes' }",
    )
    .await;
    let reply = get(&lab, "api.github.com", "/meta").await;
    assert_eq!((reply.status, reply.text().as_str()), (500, "no"));
    assert_eq!(reply.header("server").unwrap(), "other");
    assert_eq!(reply.header("x-new").unwrap(), "yes");
    assert!(reply.header("x-github-request-id").is_none());
    let now = get(&lab, "github.com", "/").await.header("date").unwrap();
    assert_ne!(reply.header("date").unwrap()[..16], now[..16], "a day lies between");
}

#[tokio::test]
async fn the_api_wants_a_user_agent() {
    let lab = lab("").await;
    let mut session = session(&lab, "api.github.com").await.unwrap();
    session
        .write_all(b"GET /meta HTTP/1.1\r\nHost: api.github.com\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let reply = Response::parse(&read_all(&mut session).await);
    assert_eq!(reply.status, 403);
    assert!(reply.text().contains("User-Agent"));
}

#[tokio::test]
async fn silence_closing_and_garbage() {
    for over_tls in [true, false] {
        for word in ["silent", "close", "garbage"] {
            let lab = lab(&answer(word)).await;
            let mut stream: Box<dyn Stream> = match over_tls {
                true => Box::new(session(&lab, "api.github.com").await.unwrap()),
                false => Box::new(dial(&lab, "api.github.com", 80).await.unwrap()),
            };
            stream.write_all(GET).await.unwrap();
            match word {
                "silent" => assert!(is_silent(&mut stream).await),
                "close" => assert!(read_all(&mut stream).await.is_empty()),
                _ => {
                    let bytes = read_all(&mut stream).await;
                    assert!(!bytes.is_empty() && !bytes.starts_with(b"HTTP"));
                    assert!(bytes.contains(&0x1b));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_port_that_never_answers_does_not_answer_a_hello_either() {
    let lab = lab("host.'github.com'.port-80.answer = 'silent'").await;
    let mut stream = dial(&lab, "github.com", 80).await.unwrap();
    stream.write_all(b"\x16\x03\x01\x00\x05hello\r\n\r\n").await.unwrap();
    assert!(is_silent(&mut stream).await);
}

#[tokio::test]
async fn what_has_no_end_goes_on_far_beyond_any_bound() {
    const ENOUGH: usize = 2 * 1024 * 1024;
    for (word, ends_head) in [("endless-head", false), ("endless-body", true)] {
        let lab = lab(&answer(word)).await;
        let mut stream = dial(&lab, "api.github.com", 80).await.unwrap();
        stream.write_all(GET).await.unwrap();
        let mut bytes = vec![0; ENOUGH];
        stream.read_exact(&mut bytes).await.unwrap();
        assert!(bytes.starts_with(b"HTTP/1.1 "));
        assert_eq!(bytes.windows(4).any(|four| four == b"\r\n\r\n"), ends_head, "{word}");
        if ends_head {
            assert!(Response::parse(&bytes).header("content-length").is_none());
        }
        let mut session = session(&lab, "api.github.com").await.unwrap();
        session.write_all(GET).await.unwrap();
        session.read_exact(&mut bytes).await.unwrap();
    }
}

#[tokio::test]
async fn a_drip_begins_and_takes_its_time() {
    let lab = lab(&answer("drip")).await;
    let mut session = session(&lab, "api.github.com").await.unwrap();
    session.write_all(GET).await.unwrap();
    assert_eq!(session.read_u8().await.unwrap(), b'H');
    let mut rest = [0; 16];
    assert!(tokio::time::timeout(crate::client::SILENCE, session.read_exact(&mut rest)).await.is_err());
}

#[tokio::test]
async fn a_header_can_be_huge() {
    let lab = lab("host.'api.github.com'.https.answer = 'huge-header'").await;
    let reply = get(&lab, "api.github.com", "/meta").await;
    assert!(reply.head.len() > 1024 * 1024);
    assert!(reply.json()["web"].is_array());
}

#[tokio::test]
async fn escapes_are_in_head_and_body_and_the_reply_still_parses() {
    let lab = lab(&answer("escape")).await;
    for reply in [get(&lab, "api.github.com", "/meta").await, get_plain(&lab, "api.github.com", "/").await] {
        assert_eq!(reply.status, 403);
        assert!(reply.head.contains(&0x9b));
        assert!(reply.body.contains(&0x1b) && reply.body.contains(&0));
    }
}

#[tokio::test]
async fn port_80_answers_as_said() {
    for (keys, status, location) in [
        ("answer = 'redirect'", 301, Some("https://github.com/")),
        ("answer = 'redirect-elsewhere'", 301, Some("https://elsewhere.example/")),
        (
            "answer = 'redirect-elsewhere', location = 'https://www.corp.example/'",
            301,
            Some("https://www.corp.example/"),
        ),
        ("answer = 'captive-portal'", 302, Some("http://portal.guest.example/welcome")),
        ("answer = 'block-page'", 403, None),
        ("answer = 'github-page'", 200, None),
        ("answer = 'unavailable'", 503, None),
    ] {
        let lab = lab(&format!("host.'github.com'.port-80 = {{ {keys} }}")).await;
        let reply = get_plain(&lab, "github.com", "/").await;
        assert_eq!(reply.status, status, "{keys}");
        assert_eq!(reply.header("location").as_deref(), location, "{keys}");
    }
}

#[tokio::test]
async fn port_80_can_speak_tls_with_a_face_of_its_own() {
    let lab = lab("[host.'github.com']\nport-443.tcp = 'refuse'\nport-80 = { answer = 'tls' }\n\
         [host.'api.github.com']\nport-80 = { answer = 'tls', tls = 'close' }")
    .await;
    assert_eq!(dial(&lab, "github.com", 443).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    let session = handshake(&lab, "github.com", dial(&lab, "github.com", 80).await.unwrap()).await.unwrap();
    assert_eq!(request(session, "github.com", "/").await.status, 200);
    assert!(
        handshake(&lab, "api.github.com", dial(&lab, "api.github.com", 80).await.unwrap()).await.is_err()
    );
}

#[tokio::test]
async fn requests_beyond_all_bounds_end_their_connection_only() {
    let lab = lab("").await;
    let mut stream = dial(&lab, "github.com", 80).await.unwrap();
    stream.write_all(b"\x16\x03\x01 no HTTP at all\r\n\r\n").await.unwrap();
    assert_eq!(Response::parse(&read_all(&mut stream).await).status, 400);

    let mut stream = dial(&lab, "github.com", 80).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let line = format!("X-Filler: {}\r\n", "a".repeat(1000));
    for _ in 0..100 {
        // The lab may have had enough before the last one.
        if stream.write_all(line.as_bytes()).await.is_err() {
            break;
        }
    }
    read_all(&mut stream).await;
    assert_eq!(get_plain(&lab, "github.com", "/").await.status, 301);
}

trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin {}
impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin> Stream for S {}
