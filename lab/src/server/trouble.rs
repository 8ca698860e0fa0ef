//! HTTP replies that go wrong on the wire. Origins and proxies share them.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::time::{Instant, interval};

use crate::http1::{Connection, Reply};
use crate::wire::{self, AnyWire};

/// A way not to answer.
pub(crate) enum Trouble {
    /// Never a byte.
    Silent,
    /// These bytes, one a second.
    Drip(Vec<u8>),
    /// Headers without end, after this head.
    EndlessHead(Vec<u8>),
    /// A body without end, after this head.
    EndlessBody(Vec<u8>),
    /// Bytes that are no HTTP.
    Garbage,
    /// These bytes, at once, and a FIN.
    LastWords(Vec<u8>),
    /// A FIN.
    Close,
}

impl Trouble {
    /// Acts it out, to the end of the connection.
    pub(crate) async fn act(self, connection: Connection) -> io::Result<()> {
        let mut wire = connection.into_wire();
        match self {
            Trouble::Silent => return wire::hold(wire).await,
            Trouble::Close => {}
            Trouble::Garbage => wire.write_all(GARBAGE).await?,
            Trouble::LastWords(bytes) => wire.write_all(&bytes).await?,
            Trouble::Drip(bytes) => {
                let mut second = interval(Duration::from_secs(1));
                for byte in bytes {
                    second.tick().await;
                    wire.write_all(&[byte]).await?;
                    wire.flush().await?;
                }
            }
            Trouble::EndlessHead(head) => {
                let line = format!("X-Filler: {}\r\n", "a".repeat(1000));
                endless(&mut wire, &head, line.repeat(16).as_bytes()).await?;
            }
            Trouble::EndlessBody(head) => endless(&mut wire, &head, &ENDLESS_PIECE.repeat(800)).await?,
        }
        wire.flush().await?;
        wire::finish(wire).await
    }
}

/// `reply` with a header of a mebibyte.
pub(crate) fn with_huge_header(reply: Reply) -> Reply {
    reply.with("X-Filler", "a".repeat(1024 * 1024))
}

/// Control characters and terminal escapes wherever HTTP lets them through: 8-bit ones in reason and headers (which
/// parsers must take, RFC 9110 §5.5), every other in the body.
pub(crate) fn escapes() -> Reply {
    let mut reply = Reply::new(403)
        .with("Server", b"gateway \x9b31m\xc2\x9b2J\xe2\x80\xae".as_slice())
        .with("X-Block-Reason", "policy \u{9b}5m\u{202e}drowssap\u{2066}".as_bytes())
        .with_body("text/html; charset=utf-8", ESCAPES);
    reply.reason = b"Forbidden \xc2\x9b2J\xc2\x9d0;lab\xc2\x9c".to_vec();
    reply
}

/// The head, then the same piece again and again, bounded in bytes and in time.
async fn endless(wire: &mut AnyWire, head: &[u8], piece: &[u8]) -> io::Result<()> {
    wire.write_all(head).await?;
    let end = Instant::now() + ENDLESS_TIME;
    for _ in 0..ENDLESS_BYTES / piece.len() {
        match tokio::time::timeout_at(end, wire.write_all(piece)).await {
            Ok(written) => written?,
            Err(_elapsed) => break,
        }
    }
    Ok(())
}

/// As long as endless goes.
pub(crate) const ENDLESS_BYTES: usize = 64 * 1024 * 1024;
pub(crate) const ENDLESS_TIME: Duration = Duration::from_secs(60);
/// What it is made of.
pub(crate) const ENDLESS_PIECE: &[u8] = b"no end is in sight\n";

const GARBAGE: &[u8] =
    b"\x1b[2J\x1b]0;lab\x07\x00\x01\x02\xff\xfe not HTTP \x80\x81\x82\r\n\r\n\x00\x00\r\n\r\n";

const ESCAPES: &str = "<html><body>\x1b[2J\x1b[1;1H\x1b]0;all is well\x07\x1b]8;;https://elsewhere.example/\x07click\x1b]8;;\x07\r\
    \u{9b}31mred\u{202e}reversed\u{2066}\u{200b}\x00\x08\x7f\x1bP1$r\x1b\\\x1b[6n blocked by policy</body></html>\n";
