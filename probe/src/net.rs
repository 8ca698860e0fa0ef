//! Sockets: the one module of this program that opens them.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
};

use futures::FutureExt as _;
use gh_connect_engine::{Cx, Lack, Plan, Stop, Target};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpSocket, TcpStream, UdpSocket},
    sync::OwnedSemaphorePermit,
};

/// A name to be resolved, in lower case without the final dot; or an address literal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HostName(String);

impl HostName {
    /// Brackets around an IPv6 address and a final dot are dropped.
    pub fn new(name: &str) -> Self {
        let name = name.trim_start_matches('[').trim_end_matches(']');
        Self(name.trim_end_matches('.').to_ascii_lowercase())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is `localhost` or below it: always this machine itself (RFC 6761 §6.3).
    pub fn is_this_machine(&self) -> bool {
        self.0 == "localhost" || self.0.ends_with(".localhost")
    }

    /// The address, when it is a literal.
    pub fn address(&self) -> Option<IpAddr> {
        self.0.parse().ok()
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A host and port to connect to, and by which address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Endpoint {
    /// A name or an address literal.
    pub host: HostName,
    /// The port.
    pub port: u16,
    /// The one address that the way begins with: of the host or, where the plan sends it through a proxy, of the proxy.
    /// `None` for the address that a client ends up with by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<IpAddr>,
}

impl Endpoint {
    /// The endpoint `host:port`.
    pub fn new(host: &str, port: u16) -> Self {
        Self { host: HostName::new(host), port, at: None }
    }

    /// The same host on another port.
    #[must_use]
    pub fn on_port(&self, port: u16) -> Self {
        Self { port, ..self.clone() }
    }

    /// The same host and port by this address.
    #[must_use]
    pub fn by(&self, address: IpAddr) -> Self {
        Self { at: Some(address), ..self.clone() }
    }

    /// The same host and port by whichever address.
    #[must_use]
    pub fn by_any(&self) -> Self {
        Self { at: None, ..self.clone() }
    }

    /// `host:port`, with brackets around an IPv6 address.
    pub fn authority(&self) -> String {
        match self.host.0.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

impl From<&Target> for Endpoint {
    fn from(target: &Target) -> Self {
        Self::new(&target.host, target.port)
    }
}

/// [`Endpoint::authority`], and the address where one is meant: `github.com:443 at 140.82.121.3`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.authority())?;
        match self.at {
            Some(address) => write!(f, " at {address}"),
            None => Ok(()),
        }
    }
}

/// Something that bytes go into and come out of: a socket, a tunnel through a proxy, a TLS session.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A byte stream to somewhere.
pub type Wire = Box<dyn Duplex>;

/// An open TCP connection; it counts against the run's limit of sockets until it is dropped.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    _permit: OwnedSemaphorePermit,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, permit: OwnedSemaphorePermit) -> Self {
        Self { stream, _permit: permit }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Why a TCP connection did not come about, or ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// Something answered that nothing listens there: RST or an ICMP port-unreachable.
    Refused,
    /// Nobody answered within the time for one attempt.
    TimedOut,
    /// A router, or this machine, knows no way there.
    Unreachable,
    /// The other side, or something between, tore it down.
    Reset,
    /// This machine has no address of that family.
    NoSuchFamily,
    /// This machine itself forbids it: a local firewall or policy.
    Forbidden,
    /// A router refuses to pass it on, by its administrator's word (ICMPv6 type 1, codes 1, 5 and 6).
    Prohibited,
    /// This machine has not what a connection needs: it says nothing of the network.
    Lacking(Lack),
    /// Anything else, in the system's words.
    Other(String),
}

impl Failure {
    /// Classifies what the system said.
    pub fn of(error: &io::Error) -> Self {
        if let Some(lack) = Lack::of(error) {
            return Self::Lacking(lack);
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::TimedOut => Self::TimedOut,
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown => Self::Unreachable,
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                Self::Reset
            }
            // No port was asked for by its number.
            io::ErrorKind::AddrInUse => Self::Lacking(Lack::Ports),
            io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported => Self::NoSuchFamily,
            io::ErrorKind::PermissionDenied => Self::Forbidden,
            _ if error.raw_os_error() == Some(AF_NOT_SUPPORTED) => Self::NoSuchFamily,
            _ => Self::Other(error.to_string()),
        }
    }

    /// What this machine does not give or permit, where that is why. Nothing was measured then.
    pub fn lack(&self) -> Option<Lack> {
        match self {
            Self::Lacking(lack) => Some(*lack),
            Self::Forbidden => Some(Lack::Policy),
            _ => None,
        }
    }

    /// Classifies what became of an attempt to connect to `to`. What the system says at once it says of itself; what it says
    /// later may be a router's word.
    fn of_connecting(error: &io::Error, to: SocketAddr, at_once: bool) -> Self {
        match Self::of(error) {
            Self::Forbidden if !at_once && to.is_ipv6() => Self::Prohibited,
            // What a route of the kind blackhole answers.
            Self::Other(_) if at_once && error.kind() == io::ErrorKind::InvalidInput => Self::Forbidden,
            // A machine without IPv4 has no route to an IPv4 address either, and says that instead.
            Self::NoSuchFamily
                if error.kind() == io::ErrorKind::AddrNotAvailable
                    && to.is_ipv4()
                    && cfg!(target_os = "linux") =>
            {
                Self::Lacking(Lack::Ports)
            }
            other => other,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "connection refused",
            Self::TimedOut => "no answer",
            Self::Unreachable => "no route to the network",
            Self::Reset => "connection reset",
            Self::NoSuchFamily => "this machine has no such address family",
            Self::Forbidden => "forbidden by this machine",
            Self::Prohibited => "a router says that it is prohibited",
            Self::Lacking(lack) => return write!(f, "{lack}"),
            Self::Other(text) => text,
        })
    }
}

/// Opens a TCP connection to `address`, which `host` resolved to, within the time for one attempt.
/// `--connect-to` rules for the host or the address apply. Waiting for leave to open a socket does not count.
pub async fn connect(cx: &Cx, host: &HostName, address: SocketAddr) -> Result<Socket, Failure> {
    let permit = cx.socket_permit().await.map_err(|_| Failure::Other("the run has ended".to_owned()))?;
    let stream = tokio::time::timeout(cx.plan().timeout.value.0, stream(cx, host, address)).await;
    Ok(Socket::new(stream.unwrap_or(Err(Failure::TimedOut))?, permit))
}

/// As [`connect`], for who holds the permit and the clock.
pub(crate) async fn stream(cx: &Cx, host: &HostName, address: SocketAddr) -> Result<TcpStream, Failure> {
    open(redirected(cx.plan(), host, address)?).await
}

/// A UDP socket that only talks to `server`.
#[expect(clippy::disallowed_methods, reason = "the module that opens sockets")]
pub async fn datagrams(cx: &Cx, server: SocketAddr) -> Result<UdpSocket, Failure> {
    stay_inside(cx.plan(), server)?;
    let any: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let failed = |error: io::Error| Failure::of_connecting(&error, server, true);
    let socket = UdpSocket::bind((any, 0)).await.map_err(failed)?;
    socket.connect(server).await.map_err(failed)?;
    Ok(socket)
}

/// A TCP connection to a name server, for who holds the permit and the clock. `--connect-to` rules do not apply: they are
/// about the hosts to be reached.
pub(crate) async fn name_server(cx: &Cx, server: SocketAddr) -> Result<TcpStream, Failure> {
    stay_inside(cx.plan(), server)?;
    open(server).await
}

/// Where a connection to `address` really goes. The first rule that names the host or the address wins.
pub fn redirected(plan: &Plan, host: &HostName, address: SocketAddr) -> Result<SocketAddr, Failure> {
    let rules = plan.connect_to.iter().map(|rule| &rule.value);
    let rule = rules.into_iter().find(|rule| {
        rule.port.is_none_or(|port| port == address.port())
            && rule.host.as_ref().is_none_or(|name| {
                let name = HostName::new(name);
                name == *host || name.address() == Some(address.ip())
            })
    });
    let to = rule.map_or(address, |rule| {
        SocketAddr::new(rule.to_host.unwrap_or(address.ip()), rule.to_port.unwrap_or(address.port()))
    });
    stay_inside(plan, to)?;
    Ok(to)
}

fn stay_inside(plan: &Plan, to: SocketAddr) -> Result<(), Failure> {
    if plan.loopback_only && !to.ip().is_loopback() {
        return Err(Failure::Other(format!("{to} is outside of the lab")));
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the module that opens sockets")]
async fn open(to: SocketAddr) -> Result<TcpStream, Failure> {
    let socket = if to.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let socket = socket.map_err(|error| Failure::of(&error))?;
    socket.set_nodelay(true).map_err(|error| Failure::of(&error))?;
    let mut connecting = std::pin::pin!(socket.connect(to));
    match (&mut connecting).now_or_never() {
        Some(at_once) => at_once.map_err(|error| Failure::of_connecting(&error, to, true)),
        None => connecting.await.map_err(|error| Failure::of_connecting(&error, to, false)),
    }
}

/// What keeps this process from opening as many files and sockets as a resolver needs, if anything does.
pub(crate) fn lack_of_files() -> Option<Lack> {
    let opened: io::Result<Vec<std::net::UdpSocket>> =
        (0..FILES_OF_A_RESOLVER).map(|_| std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))).collect();
    opened.err().and_then(|error| Lack::of(&error))
}

/// The stop for a fact whose live connection cannot be had.
pub(crate) fn gone(what: &impl fmt::Display) -> Stop {
    Stop::Trouble(format!("the connection to {what} was gone before it could be used"))
}

/// Its configuration, a module, and sockets to some name servers.
const FILES_OF_A_RESOLVER: usize = 6;
/// EAFNOSUPPORT: where IPv6 is switched off altogether there are no sockets for it.
const AF_NOT_SUPPORTED: i32 = if cfg!(target_os = "linux") {
    97
} else if cfg!(windows) {
    10_047
} else {
    47
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Which errors are this machine's own, and which are the network's.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_this_machine_lacks_is_told_from_what_the_network_does() {
        let (v4, v6) =
            (SocketAddr::from(([192, 0, 2, 1], 443)), SocketAddr::from((Ipv6Addr::LOCALHOST, 443)));
        for (errno, to, at_once, expected) in [
            (24, v4, true, Failure::Lacking(Lack::OpenFiles)),
            (23, v6, true, Failure::Lacking(Lack::OpenFilesOfTheSystem)),
            (12, v4, true, Failure::Lacking(Lack::Memory)),
            (105, v4, false, Failure::Lacking(Lack::Memory)),
            (11, v4, true, Failure::Lacking(Lack::Processes)),
            (98, v4, true, Failure::Lacking(Lack::Ports)),
            (99, v4, true, Failure::Lacking(Lack::Ports)),
            (99, v6, true, Failure::NoSuchFamily),
            (97, v6, true, Failure::NoSuchFamily),
            (1, v4, true, Failure::Forbidden),
            (13, v4, true, Failure::Forbidden),
            (13, v6, true, Failure::Forbidden),
            (22, v4, true, Failure::Forbidden),
            // Later it is a router's word.
            (13, v6, false, Failure::Prohibited),
            (101, v4, true, Failure::Unreachable),
            (113, v4, false, Failure::Unreachable),
            (111, v4, false, Failure::Refused),
            (104, v4, false, Failure::Reset),
            (110, v4, false, Failure::TimedOut),
        ] {
            let error = io::Error::from_raw_os_error(errno);
            let failure = Failure::of_connecting(&error, to, at_once);
            assert_eq!(failure, expected, "{error}");
            let is_ours = matches!(failure, Failure::Lacking(_) | Failure::Forbidden);
            assert_eq!(failure.lack().is_some(), is_ours, "{error}");
        }
    }
}
