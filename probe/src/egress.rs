//! The address that connections leave the network under, as pages on the other side tell it.

mod page;
mod reply;

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use futures::future::join_all;
use gh_connect_engine::{Cx, Fact, ProxyUrl, Route, Stop, Target, shown_bytes};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

pub use self::{
    page::{EchoPage, NotAPage},
    reply::{NotAnAddress, read_address},
};
use crate::{
    HostName,
    dns::{Addresses, Scope},
    http::{Body, Exchange, ExchangeFailure, Limits, Request, Unverified, authority, exchange},
    net::{Failure, Socket, Wire},
    proxy,
    tcp::{self, Family},
    tls::{self, End},
};

/// What a page that tells who calls told, asked several times at the same time, each time over a connection of its own: a
/// pool of addresses shows itself so.
///
/// The page is asked by the way that leads to GitHub, not by the way that leads to the page's own host: an exclusion that
/// sends the page around the proxy would tell an address that GitHub never sees. Where that way is straight, each address
/// family that GitHub Connect's hosts have addresses of is asked by itself. Nothing in the request says who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Echo {
    /// The samples, those of one way beside each other.
    pub samples: Vec<Sample>,
}

/// What came of asking once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// By which way.
    pub way: Way,
    /// What was told.
    pub told: Told,
}

/// A way out of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Straight, over one address family.
    Direct(Family),
    /// Through the egress proxy, which chooses a family of its own.
    Proxy,
}

/// What an echo page told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// An address of the internet, IPv4 where it was written as IPv6.
    Address(IpAddr),
    /// None.
    Nothing(Why),
}

/// Why an echo page told no address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The page's name has no address by this way.
    #[error("its name has no address here")]
    NoAddress,
    /// No connection came about.
    #[error("no connection came about: {0}")]
    Unconnected(Failure),
    /// The egress proxy opened no way to it.
    #[error("the egress proxy {0}")]
    NoTunnel(String),
    /// No TLS session came about, or none that can be trusted.
    #[error("{0}")]
    NoSession(String),
    /// No whole reply came in time.
    #[error("no whole reply came in time")]
    TimedOut,
    /// The exchange broke off.
    #[error("the exchange broke off: {0}")]
    Broken(String),
    /// It answered with something else than 200. Redirections are not followed.
    #[error("it answered with status {status}{}", .location.as_ref().map(|to| format!(", which leads to {to}")).unwrap_or_default())]
    Status {
        /// The status.
        status: u16,
        /// Where a redirection leads.
        location: Option<String>,
    },
    /// It answered out of a store on the way, so that the address may be that of another caller.
    #[error("its answer came out of a store on the way ({0})")]
    Stored(String),
    /// The body is larger than an address can be.
    #[error("its answer is larger than {0} bytes")]
    TooLarge(u64),
    /// The body tells no address.
    #[error("its answer, \"{began}\", {why}")]
    NotAnAddress {
        /// How it begins, safe to show.
        began: String,
        /// What is wrong with it.
        why: NotAnAddress,
    },
    /// The address is one of an inner network, so the page does not stand where GitHub stands.
    #[error("it told {0}, which is no address of the internet: the page stands inside of the network")]
    Inside(IpAddr),
}

impl Echo {
    /// The addresses that were told, each once.
    pub fn addresses(&self) -> Vec<IpAddr> {
        let mut all: Vec<IpAddr> = self.samples.iter().filter_map(Sample::address).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Why no address was told, each reason once, with the way that it is about.
    pub fn troubles(&self) -> Vec<(Way, &Why)> {
        let mut all: Vec<(Way, &Why)> = Vec::new();
        for sample in &self.samples {
            if let Told::Nothing(why) = &sample.told
                && !all.contains(&(sample.way, why))
            {
                all.push((sample.way, why));
            }
        }
        all
    }
}

impl Sample {
    /// The address that was told.
    pub fn address(&self) -> Option<IpAddr> {
        match self.told {
            Told::Address(address) => Some(address),
            Told::Nothing(_) => None,
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct(family) => write!(f, "over {family}"),
            Self::Proxy => f.write_str("through the proxy"),
        }
    }
}

impl Fact for Echo {
    const ID: &'static str = "egress.echo";
    type Key = EchoPage;

    async fn measure(page: &EchoPage, cx: &Cx) -> Result<Self, Stop> {
        let ways = Ways::of(cx).await?;
        let addresses = match ways.families.is_empty() {
            true => Vec::new(),
            false => match cx.fact::<Addresses>(&page.endpoint().host).await {
                Ok(addresses) => addresses.list.clone(),
                Err(Stop::Blocked(_)) => Vec::new(),
                Err(stop) => return Err(stop),
            },
        };
        let mut asked: Vec<(Way, Vec<SocketAddr>)> = Vec::new();
        for family in &ways.families {
            let of_family = addresses.iter().filter(|address| Family::of(**address) == *family);
            let sockets = of_family.map(|address| SocketAddr::new(*address, page.endpoint().port)).collect();
            asked.push((Way::Direct(*family), sockets));
        }
        // A page that has no address of one family is no trouble as long as it has one of the other.
        if asked.iter().any(|(_, sockets)| !sockets.is_empty()) {
            asked.retain(|(_, sockets)| !sockets.is_empty());
        }
        asked.extend(ways.proxy.map(|_| (Way::Proxy, Vec::new())));
        let samples = asked.iter().flat_map(|(way, sockets)| {
            let times = if *way != Way::Proxy && sockets.is_empty() { 1 } else { SAMPLES };
            std::iter::repeat_n((*way, sockets), times)
        });
        let samples = samples.map(async |(way, sockets)| {
            let told = match ask(cx, page, ways.proxy.filter(|_| way == Way::Proxy), sockets).await? {
                Ok(address) if is_inside(address) => Told::Nothing(Why::Inside(address)),
                Ok(address) => Told::Address(address),
                Err(why) => Told::Nothing(why),
            };
            Ok(Sample { way, told })
        });
        let samples: Result<Vec<Sample>, Stop> = join_all(samples).await.into_iter().collect();
        Ok(Self { samples: samples? })
    }
}

/// The ways that lead to GitHub Connect's hosts.
struct Ways<'a> {
    /// The families of those that are connected to straight.
    families: Vec<Family>,
    /// The proxy that others are reached through.
    proxy: Option<&'a ProxyUrl>,
}

impl<'a> Ways<'a> {
    /// Stops as blocked by `proxy` where there is no way at all.
    async fn of(cx: &'a Cx) -> Result<Self, Stop> {
        let plan = cx.plan();
        let required = plan.targets.iter().any(Target::required);
        let (mut families, mut proxy, mut straight) = (Vec::new(), None, false);
        for target in plan.targets.iter().filter(|target| target.required() || !required) {
            match plan.route_of(target) {
                Route::Unusable => {}
                Route::Proxy(to) => proxy = Some(to),
                Route::Direct { .. } => {
                    straight = true;
                    let found = cx.fact::<Addresses>(&HostName::new(&target.host)).await;
                    families.extend(found.iter().flat_map(|found| &found.list).map(|it| Family::of(*it)));
                }
            }
        }
        if straight && families.is_empty() {
            families = vec![Family::V4, Family::V6];
        }
        families.sort_by_key(|family| *family == Family::V6);
        families.dedup();
        match families.is_empty() && proxy.is_none() {
            true => Err(Stop::blocked("proxy")),
            false => Ok(Self { families, proxy }),
        }
    }
}

/// Asks once, over a new connection: through `proxy`, or straight to one of `sockets`. All of it shares the time for one
/// attempt.
async fn ask(
    cx: &Cx,
    page: &EchoPage,
    proxy: Option<&ProxyUrl>,
    sockets: &[SocketAddr],
) -> Result<Result<IpAddr, Why>, Stop> {
    let implied = if page.is_secure() { 443 } else { 80 };
    let request = Request::get(authority(page.endpoint(), implied), page.target());
    let opened = match proxy {
        Some(proxy) if page.is_secure() => through(cx, proxy, page).await,
        Some(_) => match proxy::plain(cx, None).await {
            Ok(plain) => {
                let request = request.by_proxy(plain.authorization.as_ref());
                let (exchange, body) =
                    self::exchange(cx, Unverified::new(plain.wire), request, limits(plain.deadline)).await;
                return Ok(read(&exchange, &body));
            }
            Err(Stop::Blocked(_)) => Err(Why::NoTunnel("is not reached".to_owned())),
            Err(stop) => return Err(stop),
        },
        None => straight(cx, page, sockets).await,
    };
    let (wire, deadline) = match opened {
        Ok(opened) => opened,
        Err(why) => return Ok(Err(why)),
    };
    if !page.is_secure() {
        let (exchange, body) = self::exchange(cx, Unverified::new(wire), request, limits(deadline)).await;
        return Ok(read(&exchange, &body));
    }
    Ok(match tls::secure(cx, &page.endpoint().host, wire, deadline).await? {
        Ok(session) => {
            let (exchange, body) = self::exchange(cx, session, request, limits(deadline)).await;
            read(&exchange, &body)
        }
        Err(handshake) => Err(match &handshake.end {
            End::Silent => Why::TimedOut,
            end => Why::NoSession(no_session(end)),
        }),
    })
}

async fn straight(cx: &Cx, page: &EchoPage, sockets: &[SocketAddr]) -> Result<(Wire, Instant), Why> {
    if sockets.is_empty() {
        return Err(Why::NoAddress);
    }
    let permit = cx.socket_permit().await.map_err(|_| Why::TimedOut)?;
    let deadline = Instant::now() + cx.plan().timeout.value.0;
    let (attempts, stream) = tcp::dial(cx, &page.endpoint().host, sockets, deadline).await;
    match stream {
        Some(stream) => Ok((Box::new(Socket::new(stream, permit)), deadline)),
        None => {
            let failure = attempts.into_iter().find_map(|attempt| attempt.failure);
            Err(failure.map_or(Why::TimedOut, Why::Unconnected))
        }
    }
}

async fn through(cx: &Cx, proxy: &ProxyUrl, page: &EchoPage) -> Result<(Wire, Instant), Why> {
    let deadline = Instant::now() + cx.plan().timeout.value.0;
    let tunnel = timeout_at(deadline, proxy::another(cx, proxy, page.endpoint())).await;
    match tunnel.map_err(|_| Why::TimedOut)? {
        Ok(Ok(wire)) => Ok((wire, deadline)),
        Ok(Err(proxy::Outcome::Replied(reply))) => {
            Err(Why::NoTunnel(format!("answered with status {} {}", reply.status, reply.reason)))
        }
        Ok(Err(proxy::Outcome::Silent { .. })) => Err(Why::TimedOut),
        Ok(Err(_)) | Err(_) => Err(Why::NoTunnel("opened no tunnel to it".to_owned())),
    }
}

fn read(exchange: &Exchange, body: &[u8]) -> Result<IpAddr, Why> {
    let Some(head) = &exchange.head else {
        return Err(match &exchange.failure {
            Some(ExchangeFailure::TimedOut) | None => Why::TimedOut,
            Some(ExchangeFailure::Closed) => Why::Broken("the connection was closed".to_owned()),
            Some(ExchangeFailure::Reset) => Why::Broken("the connection was reset".to_owned()),
            Some(ExchangeFailure::NotHttp(_)) => Why::Broken("what came is no HTTP".to_owned()),
            Some(ExchangeFailure::EndlessHead) => Why::Broken("the head had no end".to_owned()),
            Some(ExchangeFailure::Other(text)) => Why::Broken(text.clone()),
        });
    };
    if head.status != 200 {
        let location = head.redirects_to().map(str::to_owned);
        return Err(Why::Status { status: head.status, location });
    }
    if let Some(sign) = head.store_sign() {
        return Err(Why::Stored(sign));
    }
    match exchange.body {
        Body::Endless(_) => return Err(Why::TooLarge(MOST_BODY)),
        Body::Broken(_) if exchange.failure == Some(ExchangeFailure::TimedOut) => return Err(Why::TimedOut),
        Body::Broken(_) | Body::None => return Err(Why::Broken("the body is not whole".to_owned())),
        Body::Whole(_) | Body::Enough(_) => {}
    }
    read_address(body).map_err(|why| Why::NotAnAddress { began: shown_bytes(body, SHOWN), why })
}

fn no_session(end: &End) -> String {
    match end {
        End::Distrusted(_) => "its certificate is not trusted here".to_owned(),
        End::NotTls | End::Garbage(_) => "what answers there does not speak TLS".to_owned(),
        End::Alert { name, .. } => format!("it refused the TLS handshake ({name})"),
        _ => "no TLS session came about".to_owned(),
    }
}

/// Whether an address can only be one of an inner network, so that nobody on the internet sees it. The addresses of
/// documentation count as those of the internet, as they do in documentation.
pub fn is_inside(address: IpAddr) -> bool {
    !matches!(Scope::of(address), Scope::Public | Scope::NotPublic("for documentation"))
}

fn limits(deadline: Instant) -> Limits {
    // One more than the most tells that there is more.
    let most = MOST_BODY + 1;
    Limits { deadline, keep: MOST_BODY as usize, read: most, enough: |_| false }
}

/// Enough to see a pool of a few addresses in, and no burden to anybody.
const SAMPLES: usize = 4;
/// An address in JSON with everything that such pages say beside it.
const MOST_BODY: u64 = 4096;
const SHOWN: usize = 80;

#[cfg(test)]
mod tests;
