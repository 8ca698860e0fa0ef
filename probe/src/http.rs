//! HTTP exchanges: what answers over a verified session, and what answers on plain port 80.

mod exchange;
mod head;
mod meta;
mod request;
mod stored;

use futures::future::join;
use gh_connect_engine::{Cx, Fact, Role, Route, Stop};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

pub use exchange::{Body, Exchange, ExchangeFailure, Limits, exchange};
pub use head::{Head, http_date};
pub use meta::MetaShape;
pub use request::{Anonymous, Authorized, Carries, Credential, Request, Unverified};
pub use stored::{store_sign, store_sign_of};

use crate::{
    Endpoint,
    net::Failure,
    path, proxy,
    tcp::{Attempt, Dial, DialKey, Family},
    tls::{self, Secured},
};

/// What a host answers to an anonymous request over its verified session: `/meta` of an API host, `/robots.txt` of a web
/// host, `/` of any other. The key is the host's own endpoint; the session may be on port 80 ([`Secured`]). Stops with
/// what stands before the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Where the session was.
    pub over: Endpoint,
    /// What was asked for.
    pub path: String,
    /// The request and what came back.
    pub exchange: Exchange,
    /// Of `/meta`, what of it has the published shape. The rest of a long list is not waited for once it is clear that
    /// GitHub answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<MetaShape>,
}

impl Fact for Reply {
    const ID: &'static str = "http.reply";
    type Key = Endpoint;

    async fn measure(endpoint: &Endpoint, cx: &Cx) -> Result<Self, Stop> {
        let Secured { endpoint: over } = &*cx.fact::<Secured>(endpoint).await?;
        let session = tls::session(cx, over).await?;
        let path = asked_of(cx, endpoint);
        let is_meta = path == META;
        let limits = Limits {
            deadline: Instant::now() + cx.plan().timeout.value.0,
            keep: if is_meta { MOST_READ } else { MOST_KEPT },
            read: MOST_READ as u64,
            enough: if is_meta { |body| MetaShape::read(body).is_github() } else { |_| false },
        };
        let (exchange, body) = exchange(cx, session, Request::get(authority(over, 443), path), limits).await;
        let meta = is_meta.then(|| MetaShape::read(&body));
        Ok(Self { over: over.clone(), path: path.to_owned(), exchange, meta })
    }
}

/// What port 80 answers to a plain request, straight or through the proxy. The key's port is 80; where it names an address, that is
/// the host's or, of a host behind the proxy, the proxy's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlainReply {
    /// Whether the proxy was asked to ask.
    pub by_proxy: bool,
    /// What came of it.
    pub outcome: Plain,
}

/// What came of a plain request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plain {
    /// No connection came about.
    Unconnected(Failure),
    /// A connection came about.
    Connected(Exchange),
}

impl Fact for PlainReply {
    const ID: &'static str = "http.plain";
    const OWNERS: &'static [&'static str] = &["proxy", "port-80"];
    type Key = Endpoint;

    async fn measure(endpoint: &Endpoint, cx: &Cx) -> Result<Self, Stop> {
        let request = Request::get(authority(endpoint, 80), "/");
        let (by_proxy, connection, request) = match cx.plan().route(endpoint.host.as_str(), endpoint.port) {
            Route::Proxy(_) => {
                let proxy::Plain { wire, authorization, .. } = proxy::plain(cx, endpoint.at).await?;
                (true, wire, request.by_proxy(authorization.as_ref()))
            }
            Route::Direct { .. } | Route::Unusable => match path::open(cx, endpoint).await {
                Ok(wire) => (false, wire, request),
                Err(stop @ Stop::Blocked(_)) => {
                    let failure = why_unconnected(cx, endpoint).await?.ok_or(stop)?;
                    return Ok(Self { by_proxy: false, outcome: Plain::Unconnected(failure) });
                }
                Err(stop) => return Err(stop),
            },
        };
        let limits = Limits {
            deadline: Instant::now() + cx.plan().timeout.value.0,
            keep: MOST_KEPT,
            read: MOST_READ as u64,
            enough: |_| false,
        };
        let (exchange, _) = exchange(cx, Unverified::new(connection), request, limits).await;
        Ok(Self { by_proxy, outcome: Plain::Connected(exchange) })
    }
}

/// Why no connection came about, when it was tried: of two families, what the first that was tried says.
async fn why_unconnected(cx: &Cx, endpoint: &Endpoint) -> Result<Option<Failure>, Stop> {
    if !cx.plan().route(endpoint.host.as_str(), endpoint.port).is_direct() {
        return Ok(None);
    }
    let dial = async |family| {
        let key = DialKey { endpoint: endpoint.clone(), family };
        Ok::<_, Stop>(cx.fact::<Dial>(&key).await?.failure().cloned())
    };
    let failure = match endpoint.at {
        Some(_) => cx.fact::<Attempt>(endpoint).await?.failure.clone(),
        None => {
            let (v4, v6) = join(dial(Family::V4), dial(Family::V6)).await;
            v4?.or(v6?)
        }
    };
    match failure.as_ref().and_then(Failure::lack) {
        Some(lack) => Err(lack.stop()),
        None => Ok(failure),
    }
}

/// What is asked of a host.
fn asked_of(cx: &Cx, endpoint: &Endpoint) -> &'static str {
    let target = cx.plan().targets.iter().find(|target| Endpoint::from(*target) == endpoint.by_any());
    match target.map(|target| target.role) {
        Some(Role::Api) => META,
        Some(Role::Web) => "/robots.txt",
        Some(Role::Uploads | Role::Also) | None => "/",
    }
}

/// The host, with its port where the scheme does not imply it (RFC 9110 §7.2).
pub fn authority(endpoint: &Endpoint, implied: u16) -> String {
    let full = endpoint.authority();
    match endpoint.port == implied {
        true => full.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(':').to_owned(),
        false => full,
    }
}

const META: &str = "/meta";
/// Of a page: enough to tell what it is.
const MOST_KEPT: usize = 16 * 1024;
/// Of anything: more than GitHub sends before it is clear that it is GitHub.
const MOST_READ: usize = 256 * 1024;

#[cfg(test)]
mod tests;
