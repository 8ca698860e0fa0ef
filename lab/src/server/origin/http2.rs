//! HTTP/2 (RFC 9113) on hosts whose clients may put all their requests on one connection.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::deed::{Deed, Manner};
use super::host::https_deed;
use super::{Arrival, log_request};
use crate::http1::{MAX_BODY, Reply, Request};
use crate::scene::Scene;
use crate::server::trouble::{ENDLESS_BYTES, ENDLESS_PIECE, ENDLESS_TIME};
use crate::wire::AnyWire;

/// Serves one connection: every request in a task of its own, all of which end with it.
pub(super) async fn serve(wire: AnyWire, host: &str, arrival: Arrival, scene: &Arc<Scene>) -> io::Result<()> {
    let mut builder = h2::server::Builder::new();
    builder.max_concurrent_streams(MAX_STREAMS).max_header_list_size(MAX_HEAD);
    let mut connection = builder.handshake(wire).await.map_err(io::Error::other)?;
    let mut streams = JoinSet::new();
    // Whose manner it is to end the connection says so here.
    let (end, mut ended) = mpsc::channel::<()>(1);
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            _ = ended.recv() => return Ok(()),
        };
        let Some(accepted) = accepted else { return Ok(()) };
        let (request, respond) = accepted.map_err(io::Error::other)?;
        while streams.try_join_next().is_some() {}
        let exchange = Exchange { host: host.to_owned(), arrival, scene: scene.clone(), end: end.clone() };
        streams.spawn(exchange.answer(request, respond));
    }
}

/// A request and its reply.
struct Exchange {
    host: String,
    arrival: Arrival,
    scene: Arc<Scene>,
    end: mpsc::Sender<()>,
}

impl Exchange {
    async fn answer(self, request: http::Request<RecvStream>, respond: SendResponse<Bytes>) {
        let Ok(request) = read(request).await else { return };
        let deed = {
            let Some(site) = self.scene.site(&self.host, self.arrival.at) else { return };
            https_deed(&self.host, site, self.arrival, &request, &self.scene)
        };
        log_request(&self.host, self.arrival, true, &request, &self.scene);
        tokio::time::sleep(deed.delay).await;
        // A peer that goes away takes its reply's troubles along.
        if let Ok(true) = act(deed, &request, respond).await {
            let _ = self.end.send(()).await;
        }
    }
}

/// Takes a request in, with its body.
async fn read(request: http::Request<RecvStream>) -> Result<Request, h2::Error> {
    let (head, mut incoming) = request.into_parts();
    let mut body = Vec::new();
    while let Some(piece) = incoming.data().await {
        let piece = piece?;
        incoming.flow_control().release_capacity(piece.len())?;
        if body.len() + piece.len() > MAX_BODY {
            return Err(Reason::ENHANCE_YOUR_CALM.into());
        }
        body.extend_from_slice(&piece);
    }
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut headers: Vec<(String, String)> =
        head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    if let Some(authority) = head.uri.authority() {
        headers.push(("host".to_owned(), authority.to_string()));
    }
    Ok(Request {
        method: head.method.as_str().to_owned(),
        target: head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
        headers,
        body,
        keep_alive: true,
    })
}

/// Gives the reply in its manner. Tells whether the connection is to end then.
async fn act(deed: Deed, request: &Request, mut respond: SendResponse<Bytes>) -> Result<bool, h2::Error> {
    let Deed { reply, manner, .. } = deed;
    match manner {
        Manner::Silent => {
            poll_fn(|cx| respond.poll_reset(cx)).await?;
            return Ok(false);
        }
        // No bytes are garbage to HTTP/2 that would not end the connection, and no head goes on for ever.
        Manner::Close | Manner::Garbage | Manner::EndlessHead => return Ok(true),
        Manner::Proper | Manner::Drip | Manner::Truncated | Manner::EndlessBody => {}
    }
    let bodiless = request.method == "HEAD" || (reply.body.is_empty() && manner != Manner::EndlessBody);
    let length = (manner != Manner::EndlessBody).then_some(reply.body.len());
    let mut stream = respond.send_response(head(&reply, length)?, bodiless)?;
    if bodiless {
        return Ok(false);
    }
    let body = Bytes::from(reply.body);
    match manner {
        Manner::Drip => {
            for at in 0..body.len() {
                send(&mut stream, body.slice(at..=at), at + 1 == body.len()).await?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        Manner::EndlessBody => {
            let piece = Bytes::from(ENDLESS_PIECE.repeat(800));
            let end = Instant::now() + ENDLESS_TIME;
            for _ in 0..ENDLESS_BYTES / piece.len() {
                match tokio::time::timeout_at(end, send(&mut stream, piece.clone(), false)).await {
                    Ok(sent) => sent?,
                    Err(_elapsed) => break,
                }
            }
            return Ok(true);
        }
        Manner::Truncated => {
            send(&mut stream, body.slice(..body.len() / 2), false).await?;
            stream.send_reset(Reason::INTERNAL_ERROR);
        }
        _ => send(&mut stream, body, true).await?,
    }
    Ok(false)
}

fn head(reply: &Reply, length: Option<usize>) -> Result<http::Response<()>, h2::Error> {
    let mut head = http::Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        // What is about one connection has no place here (RFC 9113 §8.2.2).
        if !name.eq_ignore_ascii_case("connection") {
            head = head.header(name, value.as_slice());
        }
    }
    if let Some(length) = length {
        head = head.header("content-length", length);
    }
    head.body(()).map_err(|_| Reason::INTERNAL_ERROR.into())
}

/// Sends bytes as fast as the peer takes them.
async fn send(stream: &mut SendStream<Bytes>, mut bytes: Bytes, last: bool) -> Result<(), h2::Error> {
    while !bytes.is_empty() {
        stream.reserve_capacity(bytes.len());
        let capacity = match poll_fn(|cx| stream.poll_capacity(cx)).await {
            Some(capacity) => capacity?.min(bytes.len()),
            None => return Err(Reason::CANCEL.into()),
        };
        let piece = bytes.split_to(capacity);
        stream.send_data(piece, last && bytes.is_empty())?;
    }
    Ok(())
}

const MAX_STREAMS: u32 = 100;
const MAX_HEAD: u32 = 64 * 1024;
