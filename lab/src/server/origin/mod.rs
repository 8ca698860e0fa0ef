//! The servers on the ports of a host: HTTP in TLS on 443 and 8443, HTTP in plain on 80.

mod deed;
mod endpoint;
mod host;
mod http2;
pub(crate) mod pages;
mod web;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use crate::http1::{Connection, Incoming, Reply, Request};
use crate::log::{Asks, Event, credentials, shortened};
use crate::scene::{Role, Scene, Site};
use crate::server::api::{self, caller};
use crate::server::trouble::Trouble;
use crate::tls::{Face, Session, read_hello};
use crate::wire::AnyWire;

pub(crate) use deed::{Deed, Manner};
pub(crate) use host::plain_deed;
use host::{MANAGE, https_deed};

/// Where a connection came from and arrived.
#[derive(Clone, Copy)]
pub(crate) struct Arrival {
    /// The address of the host.
    pub(crate) at: IpAddr,
    pub(crate) port: u16,
    pub(crate) through_proxy: bool,
    /// The source address that the host sees.
    pub(crate) observed: IpAddr,
}

/// Serves port 443 of the hosts that share an address. Which of them is meant is the client's to say, in its hello.
pub(crate) async fn serve_443(
    wire: AnyWire,
    hosts: &[String],
    arrival: Arrival,
    scene: &Arc<Scene>,
) -> io::Result<()> {
    serve_tls(wire, hosts, arrival, scene, |site, _| Some(&site.face_443)).await
}

/// Serves port 8443 of the server.
pub(crate) async fn serve_8443(
    wire: AnyWire,
    hosts: &[String],
    arrival: Arrival,
    scene: &Arc<Scene>,
) -> io::Result<()> {
    serve_tls(wire, hosts, arrival, scene, |_, scene| Some(&scene.manage_face)).await
}

/// Serves port 80 of the hosts that share an address.
pub(crate) async fn serve_80(
    wire: AnyWire,
    hosts: &[String],
    arrival: Arrival,
    scene: &Arc<Scene>,
) -> io::Result<()> {
    let speaks_tls =
        hosts.iter().any(|name| scene.site(name, arrival.at).is_some_and(|site| site.face_80.is_some()));
    match speaks_tls {
        true => serve_tls(wire, hosts, arrival, scene, |site, _| site.face_80.as_ref()).await,
        false => serve_plain(wire, hosts, arrival, scene).await,
    }
}

/// Serves HTTP in an agreed session.
pub(crate) async fn serve_session(
    session: Session,
    host: &str,
    arrival: Arrival,
    scene: &Arc<Scene>,
) -> io::Result<()> {
    if session.http2 {
        return http2::serve(session.wire, host, arrival, scene).await;
    }
    let Some(site) = scene.site(host, arrival.at) else { return Ok(()) };
    exchange(session.wire, arrival, true, scene, |request| {
        (host.to_owned(), https_deed(host, site, arrival, request, scene))
    })
    .await
}

pub(crate) fn log_request(host: &str, arrival: Arrival, tls: bool, request: &Request, scene: &Scene) {
    scene.log.add(Event::Request {
        host: host.to_owned(),
        port: arrival.port,
        tls,
        through_proxy: arrival.through_proxy,
        method: shortened(&request.method),
        path: shortened(request.path()),
        credentials: credentials(request.headers.iter().map(|(name, _)| name.as_str())),
        secrets: caller::secrets_in(request, &scene.secrets),
        asks: match is_for_api(host, arrival, request, scene) {
            true => api::asks(request),
            false => Asks::Page,
        },
    });
}

/// Whether a request is for an API and not for a page.
fn is_for_api(host: &str, arrival: Arrival, request: &Request, scene: &Scene) -> bool {
    match scene.site(host, arrival.at).map(|site| site.role) {
        Some(Role::Api | Role::Uploads) => true,
        Some(Role::Server) => arrival.port == MANAGE || request.path().starts_with("/api/"),
        Some(Role::Web | Role::Echo | Role::IdentityProvider) | None => false,
    }
}

async fn serve_tls(
    wire: AnyWire,
    hosts: &[String],
    arrival: Arrival,
    scene: &Arc<Scene>,
    face: impl for<'s> Fn(&'s Site, &'s Scene) -> Option<&'s Face>,
) -> io::Result<()> {
    let (hello, wire) = read_hello(wire).await?;
    let server_name = hello.as_ref().and_then(|hello| hello.server_name.clone());
    let Some((host, site)) = pick(hosts, server_name.as_deref(), arrival.at, scene) else { return Ok(()) };
    let Some(face) = face(site, scene) else { return serve_plain(wire, hosts, arrival, scene).await };
    scene.saw_hello(host, arrival.port, hello.as_ref());
    if hello.is_none() && face.is_plain() {
        return serve_plain(wire, hosts, arrival, scene).await;
    }
    let Some(session) = face.answer(hello.as_ref(), wire).await? else { return Ok(()) };
    scene.log.add(Event::Session {
        host: host.to_owned(),
        port: arrival.port,
        inspected: false,
        http2: session.http2,
    });
    serve_session(session, host, arrival, scene).await
}

async fn serve_plain(wire: AnyWire, hosts: &[String], arrival: Arrival, scene: &Scene) -> io::Result<()> {
    // Who never answers does not wait for a question first.
    exchange(wire, arrival, false, scene, |request| {
        match pick(hosts, request.host().as_deref(), arrival.at, scene) {
            Some((host, site)) => {
                (host.to_owned(), plain_deed(host, &request.target, site, arrival, request, scene))
            }
            None => (String::new(), Deed::new(Reply::new(200), Manner::Close)),
        }
    })
    .await
}

/// Answers requests, one after the other, until the peer has no more or trouble is due.
async fn exchange(
    wire: AnyWire,
    arrival: Arrival,
    tls: bool,
    scene: &Scene,
    deed: impl Fn(&Request) -> (String, Deed),
) -> io::Result<()> {
    let mut connection = Connection::new(wire);
    for _ in 0..MAX_REQUESTS {
        let request = match connection.next_request().await? {
            Incoming::Request(request) => request,
            Incoming::End => return Ok(()),
            Incoming::Malformed => {
                // Who never answers, or only nonsense, does not begin to with this.
                return match deed(&Request::default()).1.trouble("GET") {
                    Some(trouble) => trouble.act(connection).await,
                    None => {
                        let reply = pages::bad_request().with("Connection", "close");
                        connection.send(&reply.to_bytes("GET")).await?;
                        Trouble::Close.act(connection).await
                    }
                };
            }
        };
        let (host, deed) = deed(&request);
        log_request(&host, arrival, tls, &request, scene);
        tokio::time::sleep(deed.delay).await;
        match deed.trouble(&request.method) {
            Some(trouble) => return trouble.act(connection).await,
            None => connection.send(&deed.reply.to_bytes(&request.method)).await?,
        }
        if !request.keep_alive {
            break;
        }
    }
    Trouble::Close.act(connection).await
}

/// The host that a client means, or the first.
fn pick<'a>(
    hosts: &'a [String],
    meant: Option<&str>,
    at: IpAddr,
    scene: &'a Scene,
) -> Option<(&'a str, &'a Site)> {
    let name = hosts.iter().find(|host| Some(host.as_str()) == meant).or(hosts.first())?;
    Some((name, scene.site(name, at)?))
}

/// Requests on one connection.
const MAX_REQUESTS: usize = 1000;
