//! The way of a person's browser into the world: a proxy that tunnels to port 443 of the hosts of the world, and refuses
//! everything else. The person sits beside the server: what stands between the server and GitHub does not stand between
//! them and the pages, but a host that is down is down for everybody.

use std::io;
use std::sync::Arc;

use crate::http1::{Connection, Incoming, Reply, Request};
use crate::log::Event;
use crate::scene::{Scene, Site};
use crate::server::origin::{self, Arrival};
use crate::server::trouble::Trouble;
use crate::wire;
use crate::wire::AnyWire;
use crate::world::Tcp;

/// Serves one connection of a browser.
pub(crate) async fn serve(wire: AnyWire, scene: &Arc<Scene>) -> io::Result<()> {
    let mut connection = Connection::new(wire);
    for _ in 0..MAX_REQUESTS {
        let request = match connection.next_request().await? {
            Incoming::Request(request) => request,
            Incoming::End => return Ok(()),
            Incoming::Malformed => return Trouble::Close.act(connection).await,
        };
        if request.method == "CONNECT" {
            let Some((host, site)) = destination(&request.target, scene) else {
                connection.send(&refusal("No such host in this world.").to_bytes("GET")).await?;
                continue;
            };
            match site.host.port_443.tcp {
                Tcp::Refuse | Tcp::Unreachable => {
                    connection.send(&refusal("The host cannot be reached.").to_bytes("GET")).await?;
                    continue;
                }
                Tcp::Silent => return wire::hold(connection.into_wire()).await,
                Tcp::Accept | Tcp::Reset => {}
            }
            connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
            return tunnel(connection.into_wire(), host, site, scene).await;
        }
        let reply = in_plain(&request, scene).unwrap_or_else(|| refusal("No such host in this world."));
        connection.send(&reply.to_bytes(&request.method)).await?;
        if !request.keep_alive {
            break;
        }
    }
    Trouble::Close.act(connection).await
}

async fn tunnel(wire: AnyWire, host: &str, site: &Site, scene: &Arc<Scene>) -> io::Result<()> {
    scene.log.add(Event::Connection { host: host.to_owned(), port: 443, through_proxy: false });
    if site.host.port_443.tcp == Tcp::Reset {
        wire::reset(wire);
        return Ok(());
    }
    let hosts = [host.to_owned()];
    origin::serve_443(wire, &hosts, arrival(443, site, scene), scene).await
}

/// A request in plain, which port 80 of a host answers.
fn in_plain(request: &Request, scene: &Scene) -> Option<Reply> {
    let rest = request.target.strip_prefix("http://")?;
    let (authority, _) = rest.split_once('/').unwrap_or((rest, ""));
    let path = &rest[authority.len()..];
    let host = authority.strip_suffix(":80").unwrap_or(authority).to_ascii_lowercase();
    let (host, site) = scene.hosts.get_key_value(&host)?;
    let path = if path.is_empty() { "/" } else { path };
    Some(origin::plain_deed(host, path, site, arrival(80, site, scene), request, scene).reply)
}

fn arrival(port: u16, site: &Site, scene: &Scene) -> Arrival {
    let to = site.addresses.first().copied().unwrap_or(std::net::Ipv4Addr::UNSPECIFIED.into());
    Arrival { at: to, port, through_proxy: false, observed: scene.depart(to) }
}

/// The host of the world that a CONNECT names.
fn destination<'a>(target: &str, scene: &'a Scene) -> Option<(&'a str, &'a Site)> {
    let name = target.strip_suffix(":443")?.to_ascii_lowercase();
    scene.hosts.get_key_value(&name).map(|(host, site)| (host.as_str(), site))
}

fn refusal(words: &str) -> Reply {
    Reply::new(403).with_body("text/plain; charset=utf-8", format!("{words}\n"))
}

const MAX_REQUESTS: usize = 1000;
