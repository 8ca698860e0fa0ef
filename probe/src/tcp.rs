//! TCP connections, each address by itself.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    fmt,
    net::{IpAddr, SocketAddr},
    sync::OnceLock,
    time::Duration,
};

use futures::{StreamExt as _, future::join_all, stream::FuturesUnordered};
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

/// Attempts to connect over one family, to every address of it at the same time: a name with many dead addresses costs no
/// more than one with a single one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Dial {
    /// In the system's order of preference, at most [`MOST_ADDRESSES`]; empty when the name has no address of this family.
    pub attempts: Vec<Attempt>,
    /// How many addresses of this family were not tried.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: usize,
}

/// One attempt to connect. As a fact of an endpoint by one address ([`Endpoint::by`]) it parks its [`Socket`] under the
/// key's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Where to.
    pub address: SocketAddr,
    /// Why it failed; `None` when it came about, or when another answered first and this one was broken off.
    pub failure: Option<Failure>,
    /// Whether this one came about.
    pub connected: bool,
    /// Whole microseconds: to its end, or as long as it had gone without an answer when another answered.
    pub took_us: u64,
}

impl Fact for Attempt {
    const ID: &'static str = "tcp.attempt";
    type Key = Endpoint;

    async fn measure(endpoint: &Endpoint, cx: &Cx) -> Result<Self, Stop> {
        let Some(address) = endpoint.at else {
            return Err(Stop::defect(format_args!("an attempt to connect to {endpoint} names no address")));
        };
        let address = SocketAddr::new(address, endpoint.port);
        // Waiting for leave to open a socket does not count.
        let permit = cx.socket_permit().await?;
        let begun = Instant::now();
        let stream = net::stream(cx, &endpoint.host, address);
        let outcome = tokio::time::timeout(cx.plan().timeout.value.0, stream).await;
        let took_us = micros(begun.elapsed());
        let failure = match outcome.unwrap_or(Err(Failure::TimedOut)) {
            Ok(stream) => {
                cx.park(&endpoint.to_string(), Socket::new(stream, permit));
                None
            }
            // Nothing was measured.
            Err(Failure::Lacking(lack)) => return Err(lack.stop()),
            Err(failure) => Some(failure),
        };
        Ok(Self { address, connected: failure.is_none(), failure, took_us })
    }
}

impl Dial {
    /// The attempt that came about.
    pub fn connected(&self) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.connected)
    }

    /// The attempts that say something against their address although another one came about: those that failed and, where
    /// one was broken off, those that were begun before that other and still had no answer.
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
        let of_family = addresses.list.iter().filter(|address| Family::of(**address) == *family);
        let left_out = of_family.clone().count().saturating_sub(MOST_ADDRESSES);
        let by_each = of_family.take(MOST_ADDRESSES).map(|address| endpoint.by(*address));
        let attempts = join_all(by_each.map(async |endpoint| cx.fact::<Attempt>(&endpoint).await)).await;
        let attempts = attempts.into_iter().map(|attempt| attempt.map(|attempt| Attempt::clone(&attempt)));
        Ok(Self { attempts: attempts.collect::<Result<_, _>>()?, left_out })
    }
}

/// The connection that is used: by the address that the system prefers, unless another one is there a quarter of a second
/// earlier (RFC 8305 §5). Stops as blocked by `dns` without an address and by `connect` without a connection.
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
        let addresses = match endpoint.at {
            Some(address) => vec![address],
            None => tried(&*cx.fact::<Addresses>(&endpoint.host).await?),
        };
        if addresses.is_empty() {
            return Err(Stop::blocked("dns"));
        }
        let lacks = &OnceLock::new();
        let attempts = addresses.into_iter().map(async |address| {
            let attempt = cx.fact::<Attempt>(&endpoint.by(address)).await;
            if let Err(stop) = &attempt
                && let Some(lack) = Lack::in_stop(stop)
            {
                lacks.get_or_init(|| lack);
            }
            attempt.ok().filter(|attempt| attempt.connected).map(|attempt| attempt.address)
        });
        let connected = preferred(attempts).await;
        // `connect` tells what this machine lacks where it looks itself.
        let told = cx.plan().targets.iter().any(|target| Endpoint::from(target) == endpoint.by_any());
        let address = connected.ok_or_else(|| match lacks.get() {
            Some(lack) if !told => lack.stop(),
            _ => Stop::blocked("connect"),
        })?;
        Ok(Self { family: Family::of(address.ip()), address })
    }
}

/// The first of `attempts` that gives something, in their order; one that takes [`HEAD_START`] longer than a later one has
/// lost.
async fn preferred<T>(attempts: impl Iterator<Item = impl Future<Output = Option<T>>>) -> Option<T> {
    let mut under_way: FuturesUnordered<_> =
        attempts.enumerate().map(async |(nth, attempt)| (nth, attempt.await)).collect();
    let mut waiting: BTreeSet<usize> = (0..under_way.len()).collect();
    let mut best: Option<(usize, T)> = None;
    let mut until = None;
    loop {
        if let Some((nth, _)) = &best
            && waiting.first().is_none_or(|first| first > nth)
        {
            break;
        }
        let ended = match until {
            None => under_way.next().await,
            Some(until) => tokio::time::timeout_at(until, under_way.next()).await.unwrap_or_default(),
        };
        let Some((nth, given)) = ended else { break };
        waiting.remove(&nth);
        if let Some(given) = given {
            until.get_or_insert_with(|| Instant::now() + HEAD_START);
            if best.as_ref().is_none_or(|(best, _)| nth < *best) {
                best = Some((nth, given));
            }
        }
    }
    best.map(|(_, given)| given)
}

/// The addresses that are tried, in the system's order: at most [`MOST_ADDRESSES`] of each family.
pub(crate) fn tried(addresses: &Addresses) -> Vec<IpAddr> {
    let mut room = [MOST_ADDRESSES; 2];
    let tried = addresses.list.iter().copied().filter(|address| {
        let room = &mut room[usize::from(address.is_ipv6())];
        let is_tried = *room > 0;
        *room = room.saturating_sub(1);
        is_tried
    });
    tried.collect()
}

/// The socket of a measured [`Connection`], or a fresh one when it was taken already.
pub(crate) async fn socket(cx: &Cx, endpoint: &Endpoint) -> Result<Socket, Stop> {
    let address = cx.fact::<Connection>(endpoint).await?.address;
    match cx.take(&endpoint.by(address.ip()).to_string()) {
        Some(socket) => Ok(socket),
        None => net::connect(cx, &endpoint.host, address)
            .await
            .map_err(|failure| failure.lack().map_or_else(|| net::gone(endpoint), Lack::stop)),
    }
}

/// Connects to the first of `addresses` that answers. They are tried one by one, each a quarter of a second after the one
/// before (RFC 8305 §5) or at once when that one failed; the first that answers ends it. The caller holds the permit and sets
/// the time by which all is over.
pub(crate) async fn dial(
    cx: &Cx,
    host: &HostName,
    addresses: &[SocketAddr],
    deadline: Instant,
) -> (Vec<Attempt>, Option<TcpStream>) {
    let mut attempts: Vec<Attempt> = Vec::new();
    let mut begun: Vec<Instant> = Vec::new();
    let mut under_way = FuturesUnordered::new();
    let mut rest = addresses.iter().take(MOST_ADDRESSES);
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// How long a better way may keep a worse one waiting (RFC 8305 §5, "Connection Attempt Delay").
const HEAD_START: Duration = Duration::from_millis(250);
/// Of one family: as many as a name with a reasonable number of addresses has. An answer with thousands costs no thousands
/// of sockets.
pub const MOST_ADDRESSES: usize = 16;
