//! The servers on ports 443 and 80 of a host: GitHub in good health, or whoever the world puts in its place.

mod github;
pub(crate) mod pages;

use std::io;

use crate::http1::{Connection, Incoming, Reply, Request, http_date};
use crate::log::{Event, credentials, shortened};
use crate::scene::{Scene, Site};
use crate::server::trouble::{self, Trouble};
use crate::tls::{Face, read_hello};
use crate::wire::AnyWire;
use crate::world::{Answer, PlainAnswer};

/// Where a connection came from and arrived.
#[derive(Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) port: u16,
    pub(crate) through_proxy: bool,
}

/// Serves port 443 of the hosts that share an address. Which of them is meant is the client's to say, in its hello.
pub(crate) async fn serve_443(
    wire: AnyWire,
    hosts: &[String],
    arrival: Arrival,
    scene: &Scene,
) -> io::Result<()> {
    serve_tls(wire, hosts, arrival, scene, |site| Some(&site.face_443)).await
}

/// Serves port 80 of the hosts that share an address.
pub(crate) async fn serve_80(
    wire: AnyWire,
    hosts: &[String],
    arrival: Arrival,
    scene: &Scene,
) -> io::Result<()> {
    let speaks_tls =
        hosts.iter().any(|name| scene.hosts.get(name).is_some_and(|site| site.face_80.is_some()));
    match speaks_tls {
        true => serve_tls(wire, hosts, arrival, scene, |site| site.face_80.as_ref()).await,
        false => serve_plain(wire, hosts, arrival, scene).await,
    }
}

/// Serves HTTP in an agreed session.
pub(crate) async fn serve_session(
    session: AnyWire,
    host: &str,
    arrival: Arrival,
    scene: &Scene,
) -> io::Result<()> {
    let Some(site) = scene.hosts.get(host) else { return Ok(()) };
    exchange(session, arrival, true, scene, |request| {
        (host.to_owned(), https_deed(host, site, request, scene))
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
    });
}

async fn serve_tls(
    wire: AnyWire,
    hosts: &[String],
    arrival: Arrival,
    scene: &Scene,
    face: impl Fn(&Site) -> Option<&Face>,
) -> io::Result<()> {
    let (hello, wire) = read_hello(wire).await?;
    let server_name = hello.as_ref().and_then(|hello| hello.server_name.clone());
    let Some((host, site)) = pick(hosts, server_name.as_deref(), scene) else { return Ok(()) };
    let Some(face) = face(site) else { return serve_plain(wire, hosts, arrival, scene).await };
    scene.saw_hello(host, arrival.port, hello.as_ref());
    if hello.is_none() && face.is_plain() {
        return serve_plain(wire, hosts, arrival, scene).await;
    }
    let Some(session) = face.answer(hello.as_ref(), wire).await? else { return Ok(()) };
    scene.log.add(Event::Session { host: host.to_owned(), port: arrival.port, inspected: false });
    serve_session(session, host, arrival, scene).await
}

async fn serve_plain(wire: AnyWire, hosts: &[String], arrival: Arrival, scene: &Scene) -> io::Result<()> {
    // Who never answers does not wait for a question first.
    exchange(wire, arrival, false, scene, |request| match pick(hosts, request.host().as_deref(), scene) {
        Some((host, site)) => (host.to_owned(), plain_deed(host, &request.target, site, request, scene)),
        None => (String::new(), Deed::Trouble(Trouble::Close)),
    })
    .await
}

/// What a request gets.
pub(crate) enum Deed {
    Reply(Reply),
    Trouble(Trouble),
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
                return match deed(&Request::default()).1 {
                    Deed::Trouble(trouble) => trouble.act(connection).await,
                    Deed::Reply(_) => {
                        let reply = pages::bad_request().with("Connection", "close");
                        connection.send(&reply.to_bytes("GET")).await?;
                        Trouble::Close.act(connection).await
                    }
                };
            }
        };
        let (host, deed) = deed(&request);
        log_request(&host, arrival, tls, &request, scene);
        match deed {
            Deed::Trouble(trouble) => return trouble.act(connection).await,
            Deed::Reply(reply) => connection.send(&reply.to_bytes(&request.method)).await?,
        }
        if !request.keep_alive {
            break;
        }
    }
    Trouble::Close.act(connection).await
}

/// The deed of a host over TLS, with what the world file overrides.
fn https_deed(host: &str, site: &Site, request: &Request, scene: &Scene) -> Deed {
    let https = &site.host.https;
    let date = http_date(https.date_offset_seconds);
    let to = |usual: &str| https.location.clone().unwrap_or_else(|| usual.to_owned());
    let github = || github::reply(host, request, scene);
    let mut reply = match https.answer {
        Answer::Github => github(),
        Answer::HugeHeader => trouble::with_huge_header(github()),
        Answer::RateLimit => github::rate_limited(),
        Answer::Unavailable => github::unavailable(),
        Answer::BlockPage => pages::block_page(host),
        Answer::CaptivePortal => pages::redirect(302, &to(pages::PORTAL)),
        Answer::LoginPage => pages::login_page(https.location.as_deref()),
        Answer::Redirect => pages::redirect(302, &to("https://elsewhere.example/")),
        Answer::Escape => trouble::escapes(),
        Answer::Drip => github(),
        Answer::Silent => return Deed::Trouble(Trouble::Silent),
        Answer::Garbage => return Deed::Trouble(Trouble::Garbage),
        Answer::Close => return Deed::Trouble(Trouble::Close),
        Answer::EndlessHead | Answer::EndlessBody => github(),
    };
    reply.set("Date", date);
    if let Some(status) = https.status {
        reply.status(status);
    }
    if let Some(body) = &https.body {
        reply.body = body.clone().into_bytes();
    }
    for (name, value) in &https.headers {
        match value.is_empty() {
            true => reply.remove(name),
            false => reply.set(name, value.as_bytes()),
        }
    }
    match https.answer {
        Answer::Drip => Deed::Trouble(Trouble::Drip(reply.to_bytes(&request.method))),
        Answer::EndlessHead => Deed::Trouble(Trouble::EndlessHead(reply.head())),
        Answer::EndlessBody => Deed::Trouble(Trouble::EndlessBody([&reply.head()[..], b"\r\n"].concat())),
        _ => Deed::Reply(reply),
    }
}

/// The deed of a host's port 80. `target` is the request's path and query, which a proxy is told with more around it.
pub(crate) fn plain_deed(host: &str, target: &str, site: &Site, request: &Request, scene: &Scene) -> Deed {
    let port = &site.host.port_80;
    let to = |usual: &str| port.location.clone().unwrap_or_else(|| usual.to_owned());
    let redirect = || pages::redirect(301, &to(&format!("https://{host}{target}")));
    let mut reply = match port.answer {
        // TLS in a plain request's place: a server that expects a hello.
        PlainAnswer::Tls => pages::bad_request(),
        PlainAnswer::Redirect | PlainAnswer::Drip | PlainAnswer::EndlessHead | PlainAnswer::EndlessBody => {
            redirect()
        }
        PlainAnswer::RedirectElsewhere => pages::redirect(301, &to("https://elsewhere.example/")),
        PlainAnswer::GithubPage => github::reply(host, request, scene),
        PlainAnswer::CaptivePortal => pages::redirect(302, &to(pages::PORTAL)),
        PlainAnswer::BlockPage => pages::block_page(host),
        PlainAnswer::Unavailable => github::unavailable(),
        PlainAnswer::Escape => trouble::escapes(),
        PlainAnswer::Silent => return Deed::Trouble(Trouble::Silent),
        PlainAnswer::Garbage => return Deed::Trouble(Trouble::Garbage),
        PlainAnswer::Close => return Deed::Trouble(Trouble::Close),
    };
    reply.set("Date", http_date(0));
    match port.answer {
        PlainAnswer::Drip => Deed::Trouble(Trouble::Drip(reply.to_bytes(&request.method))),
        PlainAnswer::EndlessHead => Deed::Trouble(Trouble::EndlessHead(reply.head())),
        PlainAnswer::EndlessBody => {
            Deed::Trouble(Trouble::EndlessBody([&reply.head()[..], b"\r\n"].concat()))
        }
        _ => Deed::Reply(reply),
    }
}

/// The host that a client means, or the first.
fn pick<'a>(hosts: &'a [String], meant: Option<&str>, scene: &'a Scene) -> Option<(&'a str, &'a Site)> {
    let name = hosts.iter().find(|host| Some(host.as_str()) == meant).or(hosts.first())?;
    Some((name, scene.hosts.get(name)?))
}

/// Requests on one connection.
const MAX_REQUESTS: usize = 1000;
