//! TCP connections, each address family by itself.

#[cfg(test)]
mod tests;

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::OnceLock,
    time::Duration,
};

use futures::{
    StreamExt as _,
    future::{Either, select},
    stream::FuturesUnordered,
};
use gh_connect_engine::{Cx, Fact, Lack, Stop};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpStream, time::Instant};

use crate::{
    Endpoint, HostName,
    dns::Addresses,
    net::{self, Failure, Socket},
};

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// What [`Dial`] is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DialKey {
    /// Where to.
    pub endpoint: Endpoint,
    /// Over which family.
    pub family: Family,
}

impl fmt::Display for DialKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.endpoint, self.family)
    }
}

/// Attempts to connect over one family. Further addresses are tried one by one, each a quarter of a second after the one
/// before (RFC 8305 §5) or at once when that one failed; the first that answers ends it. All share the time for one attempt,
/// so a name with many dead addresses costs no more than one with a single one. Parks its [`Socket`] under the key's text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dial {
    /// In the order of their beginning, only those that were begun; empty when the name has no address of this family.
    pub attempts: Vec<Attempt>,
}

/// One attempt to connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Where to.
    pub address: SocketAddr,
    /// Why it failed; `None` when it came about, or when another answered first.
    pub failure: Option<Failure>,
    /// Whether this one came about.
    pub connected: bool,
    /// Whole microseconds: to its end, or as long as it had gone without an answer when another answered.
    pub took_us: u64,
}

impl Dial {
    /// The attempt that came about.
    pub fn connected(&self) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.connected)
    }

    /// The attempts that say something against their address although another one came about: those that failed, and those
    /// that were begun before that other and still had no answer. What was begun after it was broken off, and says nothing.
    pub fn dead(&self) -> impl Iterator<Item = &Attempt> {
        let connected = self.attempts.iter().position(|attempt| attempt.connected);
        let dead = move |nth: usize, attempt: &Attempt| {
            let overtaken = || Some(nth) < connected && attempt.took_us > 0;
            let failed = || attempt.failure.as_ref().is_some_and(|it| !matches!(it, Failure::Lacking(_)));
            connected.is_some() && !attempt.connected && (failed() || overtaken())
        };
        self.attempts
            .iter()
            .enumerate()
            .filter(move |(nth, attempt)| dead(*nth, attempt))
            .map(|(_, attempt)| attempt)
    }

    /// The failure of the first attempt, when none came about.
    pub fn failure(&self) -> Option<&Failure> {
        if self.connected().is_some() {
            None
        } else {
            self.attempts.iter().find_map(|attempt| attempt.failure.as_ref())
        }
    }
}

impl Fact for Dial {
    const ID: &'static str = "tcp.dial";
    type Key = DialKey;

    async fn measure(key: &DialKey, cx: &Cx) -> Result<Self, Stop> {
        let DialKey { endpoint, family } = key;
        let addresses = cx.fact::<Addresses>(&endpoint.host).await?;
        let addresses = addresses.list.iter().filter(|address| Family::of(**address) == *family);
        let addresses: Vec<SocketAddr> =
            addresses.map(|address| SocketAddr::new(*address, endpoint.port)).collect();
        if addresses.is_empty() {
            return Ok(Self { attempts: Vec::new() });
        }
        let permit = cx.socket_permit().await?;
        let deadline = Instant::now() + cx.plan().timeout.value.0;
        let (attempts, stream) = dial(cx, &endpoint.host, &addresses, deadline).await;
        measured(&attempts)?;
        if let Some(stream) = stream {
            cx.park(&key.to_string(), Socket::new(stream, permit));
        }
        Ok(Self { attempts })
    }
}

/// The connection that is used: the one over the family that the system prefers, unless the other is there a quarter of
/// a second earlier (RFC 8305 §5). Stops as blocked by `dns` without an address and by `connect` without a connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Connection {
    /// The family that was used.
    pub family: Family,
    /// The address that was used.
    pub address: SocketAddr,
}

impl Fact for Connection {
    const ID: &'static str = "tcp.connection";
    type Key = Endpoint;

    async fn measure(endpoint: &Endpoint, cx: &Cx) -> Result<Self, Stop> {
        let addresses = cx.fact::<Addresses>(&endpoint.host).await?;
        let Some(first) = addresses.list.first() else { return Err(Stop::blocked("dns")) };
        let preferred = Family::of(*first);
        let other = if preferred == Family::V4 { Family::V6 } else { Family::V4 };
        let lacks = &OnceLock::new();
        let dialled = |family| {
            let key = DialKey { endpoint: endpoint.clone(), family };
            async move {
                let dial = cx.fact::<Dial>(&key).await;
                let connected = dial.as_ref().ok().and_then(|dial| dial.connected());
                if let Err(stop) = &dial
                    && let Some(lack) = Lack::in_stop(stop)
                {
                    lacks.get_or_init(|| lack);
                }
                connected.map(|attempt| Self { family, address: attempt.address })
            }
        };
        let (preferred, other) = (dialled(preferred), dialled(other));
        tokio::pin!(preferred, other);
        let won = match select(preferred, other).await {
            Either::Left((Some(preferred), _)) => Some(preferred),
            Either::Left((None, other)) => other.await,
            Either::Right((None, preferred)) => preferred.await,
            Either::Right((Some(other), preferred)) => {
                tokio::time::timeout(HEAD_START, preferred).await.ok().flatten().or(Some(other))
            }
        };
        // `connect` tells what this machine lacks where it looks itself.
        let told = cx.plan().targets.iter().any(|target| Endpoint::from(target) == *endpoint);
        won.ok_or_else(|| match lacks.get() {
            Some(lack) if !told => lack.stop(),
            _ => Stop::blocked("connect"),
        })
    }
}

/// The socket of a measured [`Connection`], or a fresh one when it was taken already.
pub(crate) async fn socket(cx: &Cx, endpoint: &Endpoint) -> Result<Socket, Stop> {
    let connection = cx.fact::<Connection>(endpoint).await?;
    let key = DialKey { endpoint: endpoint.clone(), family: connection.family };
    match cx.take(&key.to_string()) {
        Some(socket) => Ok(socket),
        None => net::connect(cx, &endpoint.host, connection.address)
            .await
            .map_err(|failure| failure.lack().map_or_else(|| net::gone(endpoint), Lack::stop)),
    }
}

/// Connects to the first of `addresses` that answers; see [`Dial`]. The caller holds the permit and sets the time by which
/// all is over.
pub(crate) async fn dial(
    cx: &Cx,
    host: &HostName,
    addresses: &[SocketAddr],
    deadline: Instant,
) -> (Vec<Attempt>, Option<TcpStream>) {
    let mut attempts: Vec<Attempt> = Vec::new();
    let mut begun: Vec<Instant> = Vec::new();
    let mut under_way = FuturesUnordered::new();
    let mut rest = addresses.iter().take(MOST_ATTEMPTS);
    loop {
        // Comes here at the start, after a failure and when the last attempt has had its head start.
        if Instant::now() < deadline
            && let Some(&address) = rest.next()
        {
            let nth = attempts.len();
            attempts.push(Attempt { address, failure: None, connected: false, took_us: 0 });
            let now = Instant::now();
            begun.push(now);
            under_way.push(async move {
                let outcome = tokio::time::timeout_at(deadline, net::stream(cx, host, address)).await;
                (nth, outcome.unwrap_or(Err(Failure::TimedOut)), now.elapsed())
            });
        }
        let ended = tokio::select! {
            biased;
            ended = under_way.next() => ended,
            () = tokio::time::sleep(HEAD_START), if rest.len() > 0 => continue,
        };
        let Some((nth, outcome, took)) = ended else { return (attempts, None) };
        attempts[nth].took_us = micros(took);
        match outcome {
            Ok(stream) => {
                attempts[nth].connected = true;
                for (other, begun) in attempts.iter_mut().zip(begun) {
                    if !other.connected && other.failure.is_none() {
                        other.took_us = micros(begun.elapsed());
                    }
                }
                return (attempts, Some(stream));
            }
            Err(failure) => attempts[nth].failure = Some(failure),
        }
    }
}

/// Stops where no connection came about because this machine had nothing left to begin one with. What its policy forbids it may
/// forbid of one family only: that is a measurement, which whoever judges it takes for what it is.
pub(crate) fn measured(attempts: &[Attempt]) -> Result<(), Stop> {
    let connected = attempts.iter().any(|attempt| attempt.connected);
    let lack = attempts.iter().find_map(|attempt| match attempt.failure {
        Some(Failure::Lacking(lack)) => Some(lack),
        _ => None,
    });
    lack.filter(|_| !connected).map_or(Ok(()), |lack| Err(lack.stop()))
}

/// Whole microseconds.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// How long a better way may keep a worse one waiting (RFC 8305 §5, "Connection Attempt Delay").
const HEAD_START: Duration = Duration::from_millis(250);
/// As many as a name with a reasonable number of addresses has; an answer with thousands costs no thousands of sockets.
const MOST_ATTEMPTS: usize = 16;
