//! Loopback sockets that behave as the world's addresses do, without any privilege.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream as StdTcpStream};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::wire::{AnyWire, reset};

/// A port that answers nobody, for as long as this lives.
#[expect(dead_code, reason = "held for what dropping it would end")]
pub(crate) struct Held(Vec<Socket>);

/// A listening socket and its address.
pub(crate) fn accepting() -> io::Result<(TcpListener, SocketAddr)> {
    let socket = bound(0)?;
    socket.listen(1024)?;
    listener(socket)
}

/// A port that refuses: bound, so that nobody else can have it, and not listening.
pub(crate) fn refusing() -> io::Result<(Held, SocketAddr)> {
    let socket = bound(0)?;
    let address = local_address(&socket)?;
    Ok((Held(vec![socket]), address))
}

/// A port that is a black hole: it listens, its accept queue of one is full and stays so. Linux then drops every further
/// SYN without a word.
pub(crate) fn black_hole() -> io::Result<(Held, SocketAddr)> {
    let socket = bound(0)?;
    socket.listen(0)?;
    let address = local_address(&socket)?;
    let first = StdTcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    let mut held = vec![socket, first.into()];
    // Where a kernel's queue is longer by one or two, these fill it; else they go on knocking unheard.
    for _ in 0..2 {
        let filler = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        filler.set_nonblocking(true)?;
        // Always an error: the connection is under way.
        let _ = filler.connect(&SockAddr::from(address));
        held.push(filler);
    }
    Ok((Held(held), address))
}

/// An address that the kernel refuses to dial: TCP to loopback's broadcast address fails with "network is unreachable",
/// and no packet is sent.
pub(crate) fn unreachable(port: u16) -> SocketAddr {
    (Ipv4Addr::new(127, 255, 255, 255), port).into()
}

/// One port number for a name server: UDP, and TCP that listens or refuses.
pub(crate) fn name_server(listens: bool) -> io::Result<(UdpSocket, Result<TcpListener, Held>, SocketAddr)> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..64 {
        let udp = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = udp.local_addr()?;
        let tcp = match bound(address.port()) {
            Ok(tcp) => tcp,
            Err(error) => {
                last = error;
                continue;
            }
        };
        udp.set_nonblocking(true)?;
        let tcp = match listens {
            true => {
                tcp.listen(128)?;
                Ok(listener(tcp)?.0)
            }
            false => Err(Held(vec![tcp])),
        };
        return Ok((UdpSocket::from_std(udp)?, tcp, address));
    }
    Err(last)
}

/// Accepts for ever, and gives each connection to `serve` in a task of its own. Ending this ends all of them.
pub(crate) async fn serve<F, S>(listener: TcpListener, places: Arc<Semaphore>, serve: F)
where
    F: Fn(AnyWire) -> S,
    S: Future<Output = io::Result<()>> + Send + 'static,
{
    accept_each(listener, places, |stream| {
        let served = serve(Box::new(stream));
        // A peer that breaks off, or talks nonsense, ends its own connection and nothing else.
        async move { drop(tokio::time::timeout(CONNECTION_LIFETIME, served).await) }
    })
    .await;
}

/// Accepts for ever, and resets each connection before any byte.
pub(crate) async fn serve_resets(listener: TcpListener, places: Arc<Semaphore>, saw: impl Fn()) {
    accept_each(listener, places, |stream| {
        saw();
        reset(Box::new(stream));
        async {}
    })
    .await;
}

async fn accept_each<F, S>(listener: TcpListener, places: Arc<Semaphore>, handle: F)
where
    F: Fn(TcpStream) -> S,
    S: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    while let Ok(place) = places.clone().acquire_owned().await {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _peer)) => {
                // Pieces are sent as they are written: some behaviours are all about pieces.
                let _ = stream.set_nodelay(true);
                let handled = handle(stream);
                connections.spawn(async move {
                    handled.await;
                    drop(place);
                });
            }
            // Out of file descriptors, say: wait for some to come back.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Fails where fewer sockets than so many can still be opened. A world that cannot accept a connection for want of a file would
/// look like one whose hosts do not answer.
pub(crate) fn room_for(sockets: usize) -> io::Result<()> {
    let opened: io::Result<Vec<Socket>> =
        (0..sockets).map(|_| Socket::new(Domain::IPV4, Type::STREAM, None)).collect();
    opened.map(drop)
}

fn bound(port: u16) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SockAddr::from(SocketAddr::from((Ipv4Addr::LOCALHOST, port))))?;
    Ok(socket)
}

fn listener(socket: Socket) -> io::Result<(TcpListener, SocketAddr)> {
    socket.set_nonblocking(true)?;
    let listener = TcpListener::from_std(socket.into())?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn local_address(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| io::Error::other("a socket without an internet address"))
}

/// How long a connection may last. Longer than any deadline of the program, shorter than for ever.
const CONNECTION_LIFETIME: Duration = Duration::from_secs(300);
