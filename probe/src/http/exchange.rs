use std::{error::Error as _, io};

use gh_connect_engine::{Cx, shown, shown_bytes};
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use super::{
    head::Head,
    request::{Carries, Credential, Request},
};
use crate::{net::Failure, tls::Tap};

/// A request and what came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// The head of the reply; `None` when none came whole.
    pub head: Option<Head>,
    /// Why no whole head came, or no whole body after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<ExchangeFailure>,
    /// How the other side's bytes began, safe to show, where no head came of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<String>,
    /// How much of the body was read, and what of it was left.
    pub body: Body,
    /// How the body begins, safe to show.
    pub sample: String,
    /// What a person would read of that beginning, safe to show.
    pub words: String,
    /// What this machine's clock said before the request.
    pub sent_at: Timestamp,
    /// What it said when the head was there.
    pub head_at: Option<Timestamp>,
    /// Whole microseconds from the request to the end.
    pub took_us: u64,
}

/// How much of a body was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// All of these many bytes.
    Whole(u64),
    /// These many, which told enough.
    Enough(u64),
    /// These many, and there was no end of it.
    Endless(u64),
    /// These many; then it broke off.
    Broken(u64),
    /// None, as there was no head.
    None,
}

/// Why there is no whole reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExchangeFailure {
    /// The time for one attempt was over.
    TimedOut,
    /// The other side closed the connection.
    Closed,
    /// The connection was torn down.
    Reset,
    /// What came is no HTTP/1.
    NotHttp(String),
    /// The head did not end within 64 KiB, or within 100 headers.
    EndlessHead,
    /// Anything else.
    Other(String),
}

/// How much a reply may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// When it must be over.
    pub deadline: Instant,
    /// How many bytes of a body are kept.
    pub keep: usize,
    /// How many bytes of a body are read.
    pub read: u64,
    /// Whether what was kept so far tells enough.
    pub enough: fn(&[u8]) -> bool,
}

impl Exchange {
    /// Whether the reply is whole, or as much of it as tells enough.
    pub fn is_complete(&self) -> bool {
        self.head.is_some() && matches!(self.body, Body::Whole(_) | Body::Enough(_))
    }
}

/// Sends a request, takes the reply within its limits, and closes the connection. Redirections are not followed. The
/// second value is what was kept of the body.
pub async fn exchange<S: Carries<C>, C: Credential>(
    cx: &Cx,
    connection: S,
    request: Request<C>,
    limits: Limits,
) -> (Exchange, Vec<u8>) {
    let begun = Instant::now();
    let mut heard = Heard::default();
    let (stream, meter) = Tap::new(connection.into_stream());
    let sent_at = cx.effects().now();
    let outcome = match request.into_http() {
        None => Err(ExchangeFailure::Other("the request cannot be said in HTTP".to_owned())),
        Some(request) => {
            let hearing = hear(cx, stream, request, limits, &mut heard);
            timeout_at(limits.deadline, hearing).await.unwrap_or(Err(ExchangeFailure::TimedOut))
        }
    };
    let Heard { head, head_at, kept, read, ended } = heard;
    let body = match (&head, &outcome) {
        (None, _) => Body::None,
        (Some(_), Err(_)) => Body::Broken(read),
        (Some(_), Ok(())) => ended.map_or(Body::Whole(read), |ended| ended(read)),
    };
    let began = meter.began();
    let exchange = Exchange {
        began: (head.is_none() && !began.is_empty())
            .then(|| shown_bytes(&began, gh_connect_engine::MOST_OF_A_BYTE * began.len())),
        head,
        failure: outcome.err(),
        body,
        sample: shown_bytes(&kept[..kept.len().min(SAMPLE)], gh_connect_engine::MOST_OF_A_BYTE * SAMPLE),
        words: words_of(cx, &kept[..kept.len().min(READABLE)]),
        sent_at,
        head_at,
        took_us: crate::tcp::micros(begun.elapsed()),
    };
    (exchange, kept)
}

/// What was heard until now: it stays when the time is over.
#[derive(Default)]
struct Heard {
    head: Option<Head>,
    head_at: Option<Timestamp>,
    kept: Vec<u8>,
    read: u64,
    /// How the reading ended before the body did.
    ended: Option<fn(u64) -> Body>,
}

async fn hear<S>(
    cx: &Cx,
    stream: S,
    request: http::Request<http_body_util::Empty<bytes::Bytes>>,
    limits: Limits,
    heard: &mut Heard,
) -> Result<(), ExchangeFailure>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let mut http = hyper::client::conn::http1::Builder::new();
    http.max_buf_size(LONGEST_HEAD);
    let (mut sender, connection) = http.handshake(TokioIo::new(stream)).await.map_err(failure)?;
    let hearing = async {
        let response = sender.send_request(request).await.map_err(failure)?;
        heard.head_at = Some(cx.effects().now());
        heard.head = Some(Head::of(response.status().as_u16(), response.headers()));
        let mut body = response.into_body();
        let mut next_look = 1;
        while let Some(frame) = body.frame().await {
            let Ok(chunk) = frame.map_err(failure)?.into_data() else { continue };
            heard.read += chunk.len() as u64;
            let room = limits.keep.saturating_sub(heard.kept.len()).min(chunk.len());
            heard.kept.extend_from_slice(&chunk[..room]);
            // Looking each time at twice as much as before looks at each byte twice at most.
            if heard.kept.len() >= next_look {
                if (limits.enough)(&heard.kept) {
                    heard.ended = Some(Body::Enough);
                    break;
                }
                next_look = heard.kept.len() * 2;
            }
            if heard.read >= limits.read {
                heard.ended = Some(Body::Endless);
                break;
            }
        }
        Ok(())
    };
    tokio::pin!(hearing, connection);
    let outcome = tokio::select! {
        biased;
        outcome = &mut hearing => outcome,
        // The connection is over, but what came last may still be on its way to us.
        _ = &mut connection => return hearing.await,
    };
    // What was sent is answered, so that closing in good order is only a matter of sending.
    let _ = timeout_at(limits.deadline.min(Instant::now() + GOODBYE), connection).await;
    outcome
}

/// Secrets go before the words are joined: a password with two blanks or a tag in it is not found afterwards.
fn words_of(cx: &Cx, page: &[u8]) -> String {
    let page = String::from_utf8_lossy(page);
    let page = cx.plan().redactor().clean_hidden(&page).into_owned();
    shown(&crate::proxy::words(&page, MOST_WORDS), MOST_WORDS)
}

fn failure(error: hyper::Error) -> ExchangeFailure {
    let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    // hyper keeps the question `is_parse_too_large` for servers.
    if error.is_parse() && error.to_string().contains("too large") {
        ExchangeFailure::EndlessHead
    } else if error.is_parse() {
        ExchangeFailure::NotHttp(shown(&error.to_string(), 120))
    } else if error.is_incomplete_message()
        // The connection had ended before the request was taken up.
        || error.is_canceled()
        || io.is_some_and(|io| io.kind() == io::ErrorKind::UnexpectedEof)
    {
        ExchangeFailure::Closed
    } else if let Some(io) = io {
        match Failure::of(io) {
            Failure::Reset => ExchangeFailure::Reset,
            other => ExchangeFailure::Other(shown(&other.to_string(), 120)),
        }
    } else {
        ExchangeFailure::Other(shown(&error.to_string(), 120))
    }
}

const LONGEST_HEAD: usize = 64 * 1024;
const SAMPLE: usize = 512;
const READABLE: usize = 4 * 1024;
const MOST_WORDS: usize = 400;
/// Time enough to put a goodbye into a socket's buffer.
const GOODBYE: std::time::Duration = std::time::Duration::from_millis(50);
