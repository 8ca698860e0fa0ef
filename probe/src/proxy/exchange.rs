//! One CONNECT: the request out, the reply in, all of it before a given time.

use std::io;

use gh_connect_engine::Secret;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::{Duration, Instant, timeout_at},
};

use super::reply::{Head, ReplyReader, Verdict};
use crate::Endpoint;

/// What came of a CONNECT.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// 2xx: the tunnel is open, and these bytes have come through it already.
    Open { head: Head, early: Vec<u8> },
    /// Any other reply, with the beginning of its body.
    Replied { head: Head, body: Vec<u8> },
    /// No complete head in time.
    Silent { received: usize },
    /// The connection ended before a complete head.
    Ended { reset: bool, received: usize },
    /// Something other than HTTP/1, which begins like this.
    NotHttp { first: Vec<u8> },
    /// A head without end.
    Endless,
}

/// The request for a tunnel to `endpoint`, which is named exactly as the user named it: a name stays a name, for the
/// proxy to resolve (RFC 9110 §9.3.6).
pub(super) fn request(endpoint: &Endpoint, authorization: Option<&Secret>) -> Secret {
    let authorization =
        authorization.map_or(String::new(), |value| format!("Proxy-Authorization: {}\r\n", value.expose()));
    let version = env!("CARGO_PKG_VERSION");
    let to = endpoint.authority();
    Secret::new(format!(
        "CONNECT {to} HTTP/1.1\r\nHost: {to}\r\nUser-Agent: gh-connect/{version}\r\n{authorization}\r\n"
    ))
}

/// Sends `request` and hears the reply, by `deadline`.
pub(super) async fn exchange(
    wire: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &Secret,
    deadline: Instant,
) -> Heard {
    let mut reader = ReplyReader::new();
    let asking = async {
        wire.write_all(request.expose().as_bytes()).await?;
        wire.flush().await
    };
    // An error is not the end: some refuse before they have read, and what they said may still be there.
    if timeout_at(deadline, asking).await.is_err() {
        return Heard::Silent { received: 0 };
    }
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = match timeout_at(deadline, wire.read(&mut chunk)).await {
            Err(_) => return Heard::Silent { received: reader.seen() },
            Ok(Err(error)) => return Heard::Ended { reset: is_reset(&error), received: reader.seen() },
            Ok(Ok(0)) => return Heard::Ended { reset: false, received: reader.seen() },
            Ok(Ok(read)) => read,
        };
        let Some((verdict, used)) = reader.push(&chunk[..read]) else { continue };
        let rest = chunk[used..read].to_vec();
        return match verdict {
            Verdict::Head(head) if (200..300).contains(&head.status) => Heard::Open { head, early: rest },
            Verdict::Head(head) => {
                let body = body(wire, &head, rest, deadline.min(Instant::now() + PAGE_TIME)).await;
                Heard::Replied { head, body }
            }
            Verdict::NotHttp => Heard::NotHttp { first: reader.first().to_vec() },
            Verdict::Endless => Heard::Endless,
        };
    }
}

/// The beginning of a body, as far as it comes in time.
async fn body(wire: &mut (impl AsyncRead + Unpin), head: &Head, begun: Vec<u8>, until: Instant) -> Vec<u8> {
    let framing = Framing::of(head);
    let mut raw = begun;
    while raw.len() < MOST_RAW && !framing.complete(&raw) {
        match timeout_at(until, wire.read_buf(&mut raw)).await {
            Ok(Ok(read)) if read > 0 => {}
            _ => break,
        }
    }
    let mut body = framing.content(&raw);
    body.truncate(MOST_BODY);
    body
}

/// How a reply says where its body ends (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

impl Framing {
    fn of(head: &Head) -> Self {
        let says = |name, word: &[u8]| {
            head.header(name).is_some_and(|value| value.to_ascii_lowercase().ends_with(word))
        };
        if says("transfer-encoding", b"chunked") {
            return Self::Chunked;
        }
        let length =
            head.header("content-length").and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
        match (head.status, length) {
            (100..200 | 204 | 304, _) => Self::Length(0),
            (_, Some(length)) => Self::Length(length),
            (_, None) => Self::UntilClose,
        }
    }

    fn complete(self, raw: &[u8]) -> bool {
        match self {
            Self::Length(length) => raw.len() >= length,
            Self::Chunked => dechunked(raw).1,
            Self::UntilClose => false,
        }
    }

    fn content(self, raw: &[u8]) -> Vec<u8> {
        match self {
            Self::Length(length) => raw[..length.min(raw.len())].to_vec(),
            Self::Chunked => dechunked(raw).0,
            Self::UntilClose => raw.to_vec(),
        }
    }
}

/// The content of a chunked body (RFC 9112 §7.1) as far as it is there, and whether that is all. What breaks the framing
/// ends it. Never more than came in.
pub fn dechunked(mut raw: &[u8]) -> (Vec<u8>, bool) {
    let mut content = Vec::new();
    loop {
        let Some(end) = raw.iter().position(|byte| *byte == b'\n') else { return (content, false) };
        let size = std::str::from_utf8(&raw[..end])
            .ok()
            .map(|line| line.split(';').next().unwrap_or_default().trim());
        let Some(size) = size.and_then(|size| usize::from_str_radix(size, 16).ok()) else {
            return (content, true);
        };
        raw = &raw[end + 1..];
        if size == 0 {
            return (content, true);
        }
        let here = size.min(raw.len());
        content.extend_from_slice(&raw[..here]);
        raw = &raw[here..];
        if here < size {
            return (content, false);
        }
        raw = raw.strip_prefix(b"\r").unwrap_or(raw);
        raw = raw.strip_prefix(b"\n").unwrap_or(raw);
    }
}

pub(super) fn is_reset(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe
    )
}

/// A page that says why is worth a moment, not the rest of the time for an attempt.
const PAGE_TIME: Duration = Duration::from_secs(1);
/// 4 KiB are kept; a little more is read, so that no secret is cut in two before it is looked for.
const MOST_BODY: usize = 4 * 1024 + 512;
const MOST_RAW: usize = 2 * MOST_BODY;
const CHUNK: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::duplex;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    /// What is heard when a proxy says this and then hangs up.
    async fn heard(reply: &[u8]) -> Heard {
        let (mut ours, mut theirs) = duplex(1 << 20);
        theirs.write_all(reply).await.expect("room");
        drop(theirs);
        exchange(&mut ours, &Secret::new(""), soon()).await
    }

    #[test]
    fn the_request_names_the_host_and_nothing_else() {
        let plain = request(&Endpoint::new("api.github.com", 443), None);
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            plain.expose(),
            format!(
                "CONNECT api.github.com:443 HTTP/1.1\r\nHost: api.github.com:443\r\nUser-Agent: gh-connect/{version}\r\n\r\n"
            )
        );
        let known = request(&Endpoint::new("2001:db8::1", 443), Some(&Secret::new("Basic eA==")));
        assert!(known.expose().starts_with("CONNECT [2001:db8::1]:443 HTTP/1.1\r\n"));
        assert!(known.expose().ends_with("\r\nProxy-Authorization: Basic eA==\r\n\r\n"));
    }

    #[tokio::test]
    async fn what_follows_the_head_belongs_to_the_tunnel() {
        let heard = heard(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nSSH-2.0").await;
        assert!(matches!(heard, Heard::Open { early, .. } if early == b"SSH-2.0"));
    }

    #[tokio::test]
    async fn a_page_is_kept_however_it_is_framed() {
        for (reply, page) in [
            (&b"HTTP/1.1 403 No\r\nContent-Length: 6\r\n\r\ndeniedHTTP"[..], &b"denied"[..]),
            (b"HTTP/1.1 403 No\r\nContent-Length: 60\r\n\r\ndenied", b"denied"),
            (b"HTTP/1.0 403 No\r\n\r\ndenied", b"denied"),
            (
                b"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nden\r\n3\r\nied\r\n0\r\n\r\n",
                b"denied",
            ),
            (b"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nden", b"den"),
            (b"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ndenwhat", b"den"),
            (b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", b""),
        ] {
            let Heard::Replied { body, .. } = heard(reply).await else { panic!("{}", reply.escape_ascii()) };
            assert_eq!(body.escape_ascii().to_string(), page.escape_ascii().to_string());
        }
    }

    #[tokio::test]
    async fn what_is_no_reply_is_told_apart() {
        assert_eq!(heard(b"").await, Heard::Ended { reset: false, received: 0 });
        assert_eq!(heard(b"HTTP/1.1 200").await, Heard::Ended { reset: false, received: 12 });
        assert_eq!(
            heard(b"\x15\x03\x01\0\x02\x02\x46").await,
            Heard::NotHttp { first: b"\x15\x03\x01\0\x02\x02\x46".to_vec() }
        );
        let endless = [&b"HTTP/1.1 200 OK\r\n"[..], &b"X: y\r\n".repeat(20_000)].concat();
        assert_eq!(heard(&endless).await, Heard::Endless);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_costs_the_time_given_and_no_more() {
        let (mut ours, mut theirs) = duplex(1024);
        theirs.write_all(b"HTTP/1.1 20").await.expect("room");
        let begun = Instant::now();
        let heard = exchange(&mut ours, &Secret::new(""), soon()).await;
        assert_eq!((heard, begun.elapsed()), (Heard::Silent { received: 11 }, Duration::from_secs(5)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_drips_costs_a_second() {
        let (mut ours, mut theirs) = duplex(1024);
        theirs.write_all(b"HTTP/1.1 403 No\r\n\r\nden").await.expect("room");
        let begun = Instant::now();
        let heard = exchange(&mut ours, &Secret::new(""), soon()).await;
        assert!(matches!(heard, Heard::Replied { body, .. } if body == b"den"));
        assert_eq!(begun.elapsed(), PAGE_TIME);
    }

    #[tokio::test]
    async fn an_endless_page_is_cut() {
        let reply = [&b"HTTP/1.1 403 No\r\n\r\n"[..], &b"x".repeat(1 << 19)].concat();
        assert!(matches!(heard(&reply).await, Heard::Replied { body, .. } if body.len() == MOST_BODY));
    }

    proptest! {
        #[test]
        fn any_chunks_are_read_within_bounds(raw in r"([0-9a-f]{1,3}|;|\r\n|x){0,40}", huge in r"[0-9a-fA-F]{0,40}\n.{0,9}") {
            for raw in [raw, huge] {
                prop_assert!(dechunked(raw.as_bytes()).0.len() <= raw.len());
            }
        }
    }
}
