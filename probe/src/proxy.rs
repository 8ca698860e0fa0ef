//! The egress proxy: a tunnel per host, asked for by hand, because the libraries throw the proxy's own answer away.
//!
//! Credentials travel as `Basic` does: to an `http://` proxy in the clear, to an `https://` proxy only inside a session
//! whose certificate was verified.

mod challenge;
mod direct;
mod exchange;
mod page;
mod prefixed;
mod reply;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use gh_connect_engine::{
    Cx, Fact, ProxyScheme, ProxySetting, ProxyUrl, Redactor, Route, Secret, Stop, shown, shown_bytes,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

pub use self::{
    challenge::{Challenge, challenges},
    direct::DirectPath,
    exchange::dechunked,
    page::words,
    reply::{Head, ReplyReader, Verdict},
};
use self::{exchange::Heard, prefixed::Prefixed};
use crate::{
    Endpoint, HostName,
    dns::Addresses,
    net::{Failure, Socket, Wire},
    tcp::{self, Attempt, micros},
    tls::{self, Handshake},
    trust::{OfTheRun, TrustedRoots},
};

/// A tunnel through the plan's proxy to a host and port: the proxy's name resolved, a connection to it, TLS for an
/// `https://` proxy, CONNECT. Resolving aside, all of it shares the time for one attempt. The key is where the tunnel
/// leads, and by which of the proxy's addresses where it matters; the proxy is told the name, never an address that it
/// resolved to here. Parks the open [`Wire`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tunnel {
    /// The proxy, without credentials.
    pub proxy: String,
    /// Whether credentials were at hand.
    pub with_credentials: bool,
    /// The attempts to connect to the proxy.
    pub attempts: Vec<Attempt>,
    /// What came of it.
    pub outcome: Outcome,
    /// Whole microseconds from the first attempt to the outcome.
    pub took_us: u64,
}

/// What came of asking for a tunnel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "result")]
pub enum Outcome {
    /// The proxy's name has no address.
    Unresolved,
    /// No connection to the proxy came about.
    Unconnected {
        /// Why the first attempt failed.
        failure: Failure,
    },
    /// No TLS session with the proxy came about, or none that can be trusted.
    ProxyTls {
        /// How the handshake ended.
        end: tls::End,
        /// The certificates that the proxy presented.
        chain: Option<tls::Chain>,
        /// Which certificate OpenSSL finds fault with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<Box<tls::Fault>>,
    },
    /// The proxy was told, and gave no complete reply in time.
    Silent {
        /// How many bytes of one came.
        received: usize,
    },
    /// The proxy was told, and the connection ended before a complete reply.
    Ended {
        /// By an RST, not in good order.
        reset: bool,
        /// How many bytes of one came.
        received: usize,
    },
    /// What answers is no HTTP/1.
    NotHttp {
        /// How it begins, at most 64 bytes, safe to show.
        first: String,
        /// Whether that is a TLS record: the proxy wants `https://`.
        tls: bool,
    },
    /// The head of the reply had no end within 64 KiB.
    Endless,
    /// Any reply but 2xx.
    Replied(Reply),
    /// The tunnel is open.
    Open {
        /// The status, 2xx.
        status: u16,
    },
}

/// A reply that opens no tunnel. All text is safe to show: what would steer a terminal is escaped, and our own credentials
/// are taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The words after it, at most 120 characters.
    pub reason: String,
    /// At most 64, each value at most 300 characters; cookies are left out.
    pub headers: Vec<(String, String)>,
    /// The schemes of `Proxy-Authenticate`, as sent; with a 401 those of `WWW-Authenticate`, which some proxies confuse it
    /// with.
    pub schemes: Vec<String>,
    /// The realm of the first challenge that has one.
    pub realm: Option<String>,
    /// The first 4 KiB of the body.
    pub page: String,
    /// What a person would read of it, at most 300 characters.
    pub words: String,
}

impl Tunnel {
    /// Whether the tunnel is open.
    pub fn is_open(&self) -> bool {
        matches!(self.outcome, Outcome::Open { .. })
    }
}

impl Reply {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let same = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.as_str())
    }

    fn new(head: &Head, body: &[u8], redactor: &Redactor) -> Self {
        let clean = |bytes: &[u8], most| shown(&redactor.clean_hidden(&String::from_utf8_lossy(bytes)), most);
        let demands: &[&str] = match head.status {
            401 => &["proxy-authenticate", "www-authenticate"],
            _ => &["proxy-authenticate"],
        };
        let demanded = demands.iter().flat_map(|name| head.all(name));
        let challenges: Vec<Challenge> = demanded
            .flat_map(|value| challenges(&redactor.clean_hidden(&String::from_utf8_lossy(value))))
            .collect();
        let kept = head.headers.iter().filter(|(name, _)| !name.to_ascii_lowercase().contains("cookie"));
        let page = redactor.clean_hidden(&String::from_utf8_lossy(body)).into_owned();
        Self {
            status: head.status,
            reason: clean(&head.reason, 120),
            headers: kept.map(|(name, value)| (shown(name, 60), clean(value, 300))).collect(),
            schemes: challenges.iter().map(|challenge| shown(&challenge.scheme, 30)).collect(),
            realm: challenges
                .into_iter()
                .find_map(|challenge| challenge.realm)
                .map(|realm| shown(&realm, 100)),
            words: shown(&words(&page, 300), 300),
            page: shown(&page, 4 * 1024),
        }
    }
}

impl Fact for Tunnel {
    const ID: &'static str = "proxy.tunnel";
    const OWNERS: &'static [&'static str] = &["proxy"];
    type Key = Endpoint;

    async fn measure(endpoint: &Endpoint, cx: &Cx) -> Result<Self, Stop> {
        let Route::Proxy(proxy) = cx.plan().route(endpoint.host.as_str(), endpoint.port) else {
            return Err(Stop::Trouble(format!("{endpoint} does not go through a proxy")));
        };
        let (tunnel, wire) = tunnel(cx, proxy, endpoint).await?;
        if let Some(wire) = wire {
            cx.park(&parked(endpoint), wire);
        }
        Ok(tunnel)
    }
}

/// The tunnel's byte stream: the measured one for who asks first, a fresh one for who asks again. Stops as blocked by
/// `proxy` when there is no open tunnel.
pub(crate) async fn open(cx: &Cx, endpoint: &Endpoint) -> Result<Wire, Stop> {
    let measured = cx.fact::<Tunnel>(endpoint).await?;
    if !measured.is_open() {
        return Err(Stop::blocked("proxy"));
    }
    if let Some(wire) = cx.take::<Wire>(&parked(endpoint)) {
        return Ok(wire);
    }
    let Route::Proxy(proxy) = cx.plan().route(endpoint.host.as_str(), endpoint.port) else {
        return Err(Stop::blocked("proxy"));
    };
    let (_, wire) = tunnel(cx, proxy, endpoint).await?;
    wire.ok_or_else(|| crate::net::gone(endpoint))
}

/// A tunnel of its own through `proxy`, whatever the exclusion list says of `endpoint`; or what came instead of one.
pub(crate) async fn another(
    cx: &Cx,
    proxy: &ProxyUrl,
    endpoint: &Endpoint,
) -> Result<Result<Wire, Outcome>, Stop> {
    let (tunnel, wire) = tunnel(cx, proxy, endpoint).await?;
    Ok(wire.ok_or(tunnel.outcome))
}

/// An open connection to the proxy, for requests in absolute form (`GET http://host/`).
pub struct Plain {
    /// The connection, inside TLS for an `https://` proxy.
    pub wire: Wire,
    /// The value of `Proxy-Authorization`, when there are credentials.
    pub authorization: Option<Secret>,
    /// When the time for one attempt, which began with the connection, is over.
    pub deadline: Instant,
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plain")
    }
}

/// Connects to the plan's proxy for requests in absolute form, by the one address `at` or by the first that answers. Stops as
/// blocked by `proxy` when it cannot be connected to, and as not applicable without one.
pub async fn plain(cx: &Cx, at: Option<IpAddr>) -> Result<Plain, Stop> {
    let ProxySetting::Use(proxy) = &cx.plan().proxy.value else {
        return Err(Stop::NotApplicable("there is no proxy".to_owned()));
    };
    let reached = reach(cx, proxy, at).await?;
    let wire = reached.wire.map_err(|_| Stop::blocked("proxy"))?;
    Ok(Plain { wire, authorization: authorization(proxy), deadline: reached.deadline })
}

/// The value of `Proxy-Authorization` for the URL's credentials (RFC 7617 §2).
fn authorization(proxy: &ProxyUrl) -> Option<Secret> {
    let credentials = proxy.credentials.as_ref()?;
    let pair = format!("{}:{}", credentials.user.expose(), credentials.password.expose());
    Some(Secret::new(format!("Basic {}", BASE64_STANDARD.encode(pair))))
}

async fn tunnel(cx: &Cx, proxy: &ProxyUrl, endpoint: &Endpoint) -> Result<(Tunnel, Option<Wire>), Stop> {
    let Reached { attempts, wire, begun, deadline } = reach(cx, proxy, endpoint.at).await?;
    let (outcome, wire) = match wire {
        Err(outcome) => (outcome, None),
        Ok(mut wire) => {
            let request = exchange::request(endpoint, authorization(proxy).as_ref());
            match exchange::exchange(&mut wire, &request, deadline).await {
                Heard::Open { head, early } => {
                    let outcome = Outcome::Open { status: head.status };
                    let wire = if early.is_empty() { wire } else { Box::new(Prefixed::new(early, wire)) };
                    (outcome, Some(wire))
                }
                Heard::Replied { head, body } => {
                    (Outcome::Replied(Reply::new(&head, &body, &cx.plan().redactor())), None)
                }
                Heard::Silent { received } => (Outcome::Silent { received }, None),
                Heard::Ended { reset, received } => (Outcome::Ended { reset, received }, None),
                Heard::NotHttp { first } => {
                    let tls = matches!(first.as_slice(), [0x14..=0x17, 3, ..]);
                    (
                        Outcome::NotHttp {
                            first: shown_bytes(&first, gh_connect_engine::MOST_OF_A_BYTE * 64),
                            tls,
                        },
                        None,
                    )
                }
                Heard::Endless => (Outcome::Endless, None),
            }
        }
    };
    let tunnel = Tunnel {
        proxy: proxy.to_string(),
        with_credentials: proxy.credentials.is_some(),
        attempts,
        outcome,
        took_us: micros(begun.elapsed()),
    };
    Ok((tunnel, wire))
}

/// A connection to the proxy, or why there is none.
struct Reached {
    attempts: Vec<Attempt>,
    wire: Result<Wire, Outcome>,
    begun: Instant,
    deadline: Instant,
}

/// Connects to the proxy: by the one address `at`, or by the first that answers.
async fn reach(cx: &Cx, proxy: &ProxyUrl, at: Option<IpAddr>) -> Result<Reached, Stop> {
    let host = HostName::new(&proxy.host);
    if proxy.scheme == ProxyScheme::Https {
        // Loaded before the clock starts.
        cx.fact::<TrustedRoots>(&OfTheRun).await?;
    }
    let addresses = match (at, cx.fact::<Addresses>(&host).await) {
        (Some(address), _) => vec![address],
        (None, Ok(addresses)) => addresses.list.clone(),
        (None, Err(Stop::Blocked(_))) => Vec::new(),
        (None, Err(stop)) => return Err(stop),
    };
    let addresses: Vec<SocketAddr> =
        addresses.into_iter().map(|address| SocketAddr::new(address, proxy.port)).collect();
    // Waiting for leave to open a socket does not count.
    let permit = cx.socket_permit().await?;
    let begun = Instant::now();
    let deadline = begun + cx.plan().timeout.value.0;
    let (attempts, stream) = tcp::dial(cx, &host, &addresses, deadline).await;
    tcp::measured(&attempts)?;
    let wire = match stream {
        None => {
            let failure = attempts.iter().find_map(|attempt| attempt.failure.clone());
            Err(failure.map_or(Outcome::Unresolved, |failure| Outcome::Unconnected { failure }))
        }
        Some(stream) => {
            let socket: Wire = Box::new(Socket::new(stream, permit));
            match proxy.scheme {
                ProxyScheme::Http => Ok(socket),
                ProxyScheme::Https => match tls::secure(cx, &host, socket, deadline).await? {
                    Ok(session) => Ok(Box::new(session) as Wire),
                    Err(shaken) => {
                        let fault = shaken.fault().cloned().map(Box::new);
                        let Handshake { end, chain, .. } = shaken;
                        Err(Outcome::ProxyTls { end, chain, fault })
                    }
                },
            }
        }
    };
    Ok(Reached { attempts, wire, begun, deadline })
}

fn parked(endpoint: &Endpoint) -> String {
    format!("{} {endpoint}", Tunnel::ID)
}
