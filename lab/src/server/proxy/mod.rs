//! The egress proxy: CONNECT tunnels, plain requests in absolute form, authentication, policy, inspection.

mod pages;
mod verdict;

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use crate::http1::{Connection, Incoming, Request};
use crate::log::{Event, shortened};
use crate::scene::Scene;
use crate::server::origin::{self, Arrival};
use crate::server::trouble::{self, Trouble};
use crate::tls::{Face, read_hello};
use crate::wire::{self, AnyWire};
use crate::world::{ConnectAnswer, Proxy, Tcp};

use verdict::{Destination, Target, Verdict};

/// Serves one connection to the proxy.
pub(crate) async fn serve(wire: AnyWire, at: IpAddr, scene: &Arc<Scene>) -> io::Result<()> {
    let Some((proxy, face)) = scene.proxy(at) else { return Ok(()) };
    let Some(face) = face else { return serve_requests(wire, proxy, scene).await };
    let (hello, wire) = read_hello(wire).await?;
    scene.saw_hello(&proxy.host, proxy.port, hello.as_ref());
    let Some(session) = face.answer(hello.as_ref(), wire).await? else { return Ok(()) };
    scene.log.add(Event::Session {
        host: proxy.host.clone(),
        port: proxy.port,
        inspected: false,
        http2: false,
    });
    serve_requests(session.wire, proxy, scene).await
}

/// Reads requests until one of them takes the connection over.
async fn serve_requests(wire: AnyWire, proxy: &Proxy, scene: &Arc<Scene>) -> io::Result<()> {
    let mut connection = Connection::new(wire);
    for _ in 0..MAX_REQUESTS {
        let request = match connection.next_request().await? {
            Incoming::Request(request) => request,
            Incoming::End => return Ok(()),
            Incoming::Malformed => {
                connection.send(&pages::not_http(proxy).to_bytes("GET")).await?;
                break;
            }
        };
        let nowhere = Ipv4Addr::UNSPECIFIED.into();
        // A tunnel has a connection of its own, and so a source address of its own.
        let observed = if request.method == "CONNECT" { nowhere } else { scene.depart_by_proxy(nowhere) };
        let arrival = Arrival { at: nowhere, port: 80, through_proxy: true, observed };
        let verdict = match request.method.as_str() {
            "CONNECT" => verdict::on_connect(&request, proxy, scene),
            _ => verdict::on_plain(&request, arrival, proxy, scene),
        };
        log_request(&request, arrival, &verdict, proxy, scene);
        match verdict {
            Verdict::Reply { reply, late } => {
                if late {
                    tokio::time::sleep(UPSTREAM_TIMEOUT).await;
                }
                connection.send(&reply.to_bytes(&request.method)).await?;
            }
            Verdict::Trouble(trouble) => return trouble.act(connection).await,
            Verdict::OpenThen(trouble) => {
                connection.send(&pages::tunnel_head(&pages::established())).await?;
                return trouble.act(connection).await;
            }
            Verdict::Tunnel { opening, destination } => {
                open(&mut connection, opening).await?;
                return tunnel(connection.into_wire(), destination, proxy, scene).await;
            }
        }
        if !request.keep_alive {
            break;
        }
    }
    Trouble::Close.act(connection).await
}

/// Says that the tunnel is open, in the way that the world wants it said.
async fn open(connection: &mut Connection, opening: ConnectAnswer) -> io::Result<()> {
    let established = pages::established();
    match opening {
        ConnectAnswer::Split => {
            for byte in pages::tunnel_head(&established.with("Proxy-Agent", "lab")) {
                connection.send(&[byte]).await?;
                // Long enough for the byte to travel alone.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Ok(())
        }
        ConnectAnswer::Informational => {
            connection.send(b"HTTP/1.1 102 Processing\r\nProxy-Agent: lab\r\n\r\n").await?;
            connection.send(&pages::tunnel_head(&established)).await
        }
        ConnectAnswer::Huge => {
            connection.send(&pages::tunnel_head(&trouble::with_huge_header(established))).await
        }
        _ => connection.send(&pages::tunnel_head(&established)).await,
    }
}

/// What is at the other end of an open tunnel.
async fn tunnel(
    wire: AnyWire,
    destination: Destination,
    proxy: &Proxy,
    scene: &Arc<Scene>,
) -> io::Result<()> {
    let Destination { hosts, port, address, tcp } = destination;
    let Some(host) = hosts.first() else { return Ok(()) };
    scene.log.add(Event::Connection { host: host.clone(), port, through_proxy: true });
    let observed = scene.depart_by_proxy(address);
    let arrival = Arrival { at: address, port, through_proxy: true, observed };
    if tcp == Tcp::Reset {
        wire::reset(wire);
        Ok(())
    } else if proxy.inspect.includes(host) {
        inspect(wire, host, arrival, scene).await
    } else if port == 80 {
        origin::serve_80(wire, &hosts, arrival, scene).await
    } else if port == 8443 {
        origin::serve_8443(wire, &hosts, arrival, scene).await
    } else {
        origin::serve_443(wire, &hosts, arrival, scene).await
    }
}

/// Ends TLS in the host's place.
async fn inspect(wire: AnyWire, host: &str, arrival: Arrival, scene: &Arc<Scene>) -> io::Result<()> {
    let face = Face::inspecting(host, &scene.authorities, &scene.provider)?;
    let (hello, wire) = read_hello(wire).await?;
    scene.saw_hello(host, arrival.port, hello.as_ref());
    let Some(session) = face.answer(hello.as_ref(), wire).await? else { return Ok(()) };
    scene.log.add(Event::Session {
        host: host.to_owned(),
        port: arrival.port,
        inspected: true,
        http2: false,
    });
    origin::serve_session(session, host, arrival, scene).await
}

fn log_request(request: &Request, arrival: Arrival, verdict: &Verdict, proxy: &Proxy, scene: &Scene) {
    if request.method == "CONNECT" {
        scene.log.add(Event::Connect {
            target: shortened(&request.target),
            is_address: Target::of_connect(&request.target).is_some_and(|target| target.is_address()),
            authorization: verdict::authorization(request, proxy),
            status: verdict.status(),
        });
    } else if let Some(Target { host, port, .. }) = Target::of_absolute_form(&request.target) {
        origin::log_request(&shortened(&host), Arrival { port, ..arrival }, false, request, scene);
    }
}

/// Requests on one connection.
const MAX_REQUESTS: usize = 1000;
/// How long the proxy waits for a host that never answers, as proxies are set by default.
const UPSTREAM_TIMEOUT: Duration = Duration::from_secs(60);
