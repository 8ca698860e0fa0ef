//! The egress proxy: CONNECT tunnels, plain requests in absolute form, authentication, policy, inspection.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http1::{Connection, Incoming, Reply, Request, http_date};
use crate::log::{Authorization, Event, shortened};
use crate::scene::Scene;
use crate::server::origin::{self, Arrival, Deed};
use crate::server::trouble::{self, Trouble};
use crate::tls::{Face, read_hello};
use crate::wire::{self, AnyWire};
use crate::world::{AuthScheme, ConnectAnswer, PlainProxying, Proxy, Tcp};

/// Serves one connection to the proxy.
pub(crate) async fn serve(wire: AnyWire, scene: &Scene) -> io::Result<()> {
    let Some(proxy) = &scene.world.proxy else { return Ok(()) };
    let Some(face) = &scene.proxy_face else { return serve_requests(wire, proxy, scene).await };
    let (hello, wire) = read_hello(wire).await?;
    if let Some(hello) = &hello {
        scene.log.add(Event::Hello {
            host: proxy.host.clone(),
            port: proxy.port,
            server_name: hello.server_name.as_deref().map(shortened),
            record_bytes: hello.record_bytes,
        });
    }
    let Some(session) = face.answer(hello.as_ref(), wire).await? else { return Ok(()) };
    scene.log.add(Event::Session { host: proxy.host.clone(), port: proxy.port, inspected: false });
    serve_requests(session, proxy, scene).await
}

/// Reads requests until one of them takes the connection over.
async fn serve_requests(wire: AnyWire, proxy: &Proxy, scene: &Scene) -> io::Result<()> {
    let mut connection = Connection::new(wire);
    for _ in 0..MAX_REQUESTS {
        let request = match connection.next_request().await? {
            Incoming::Request(request) => request,
            Incoming::End => return Ok(()),
            Incoming::Malformed => {
                let reply = error_page(proxy, 400, "ERR_PROTOCOL_UNKNOWN 0", "The request is no HTTP.");
                connection.send(&reply.to_bytes("GET")).await?;
                return Trouble::Close.act(connection).await;
            }
        };
        let keep_alive = request.keep_alive;
        connection = match request.method.as_str() {
            "CONNECT" => match connect(connection, &request, proxy, scene).await? {
                Some(connection) => connection,
                None => return Ok(()),
            },
            _ => match plain(connection, &request, proxy, scene).await? {
                Some(connection) => connection,
                None => return Ok(()),
            },
        };
        if !keep_alive {
            break;
        }
    }
    Trouble::Close.act(connection).await
}

/// Answers CONNECT. Gives the connection back when it is still one for requests.
async fn connect(
    mut connection: Connection,
    request: &Request,
    proxy: &Proxy,
    scene: &Scene,
) -> io::Result<Option<Connection>> {
    let authorization = authorization(request, proxy);
    let log = |status| {
        scene.log.add(Event::Connect {
            target: shortened(&request.target),
            is_address: target_of(&request.target).is_some_and(|(host, _)| host.parse::<IpAddr>().is_ok()),
            authorization,
            status,
        });
    };
    let refuse = |reply: Reply| {
        log(reply.status);
        reply.to_bytes("GET")
    };
    let Some((host, port)) = target_of(&request.target) else {
        let reply = error_page(proxy, 400, "ERR_INVALID_URL 0", "CONNECT needs HOST:PORT.");
        connection.send(&refuse(reply)).await?;
        return Ok(Some(connection));
    };
    let answer = proxy.connect.get(&host).map_or(proxy.connect_all, |rule| rule.answer);
    // Who is no proxy demands no authentication for one either.
    if answer == ConnectAnswer::WebServer {
        connection.send(&refuse(web_server())).await?;
        return Ok(Some(connection));
    }
    if matches!(authorization, Authorization::Absent | Authorization::Rejected) && !proxy.auth.is_empty() {
        connection.send(&refuse(authentication_required(proxy))).await?;
        return Ok(Some(connection));
    }
    if !proxy.connect_ports.contains(&port) || !permits(proxy, &host) {
        connection.send(&refuse(denied(proxy, &host))).await?;
        return Ok(Some(connection));
    }

    let trouble = match answer {
        ConnectAnswer::Denied => {
            connection.send(&refuse(denied(proxy, &host))).await?;
            return Ok(Some(connection));
        }
        ConnectAnswer::BadGateway | ConnectAnswer::GatewayTimeout | ConnectAnswer::Unavailable => {
            connection.send(&refuse(upstream_failed(proxy, answer))).await?;
            return Ok(Some(connection));
        }
        ConnectAnswer::Escape => {
            connection.send(&refuse(trouble::escapes())).await?;
            return Ok(Some(connection));
        }
        ConnectAnswer::Silent => Trouble::Silent,
        ConnectAnswer::Garbage => Trouble::Garbage,
        ConnectAnswer::EndlessHead => Trouble::EndlessHead(established().head()),
        ConnectAnswer::Drip => Trouble::Drip(tunnel_head(&established())),
        ConnectAnswer::OpenThenSilent | ConnectAnswer::OpenThenClose => {
            log(200);
            connection.send(&tunnel_head(&established())).await?;
            let then = if answer == ConnectAnswer::OpenThenSilent { Trouble::Silent } else { Trouble::Close };
            then.act(connection).await?;
            return Ok(None);
        }
        ConnectAnswer::Open
        | ConnectAnswer::Split
        | ConnectAnswer::Informational
        | ConnectAnswer::Huge
        | ConnectAnswer::WebServer => {
            let Some(tcp) = reachable(&host, port, scene) else {
                connection.send(&refuse(upstream_failed(proxy, ConnectAnswer::Unavailable))).await?;
                return Ok(Some(connection));
            };
            match tcp {
                Tcp::Refuse => {
                    connection.send(&refuse(upstream_failed(proxy, ConnectAnswer::Unavailable))).await?;
                    return Ok(Some(connection));
                }
                // The proxy has a timeout of its own, and then says so.
                Tcp::Silent => {
                    tokio::time::sleep(UPSTREAM_TIMEOUT).await;
                    connection.send(&refuse(upstream_failed(proxy, ConnectAnswer::GatewayTimeout))).await?;
                    return Ok(Some(connection));
                }
                Tcp::Accept | Tcp::Reset => {}
            }
            log(200);
            open(&mut connection, answer).await?;
            tunnel(connection.into_wire(), &host, port, tcp, scene).await?;
            return Ok(None);
        }
    };
    log(0);
    trouble.act(connection).await?;
    Ok(None)
}

/// Says that the tunnel is open, in the way that `answer` wants it.
async fn open(connection: &mut Connection, answer: ConnectAnswer) -> io::Result<()> {
    match answer {
        ConnectAnswer::Split => {
            for byte in tunnel_head(&established().with("Proxy-Agent", "lab")) {
                connection.send(&[byte]).await?;
                // Long enough for the byte to travel alone.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Ok(())
        }
        ConnectAnswer::Informational => {
            connection.send(b"HTTP/1.1 102 Processing\r\nProxy-Agent: lab\r\n\r\n").await?;
            connection.send(&tunnel_head(&established())).await
        }
        ConnectAnswer::Huge => connection.send(&tunnel_head(&trouble::with_huge_header(established()))).await,
        _ => connection.send(&tunnel_head(&established())).await,
    }
}

/// What is at the other end of an open tunnel.
async fn tunnel(wire: AnyWire, host: &str, port: u16, tcp: Tcp, scene: &Scene) -> io::Result<()> {
    let hosts = hosts_named(host, scene);
    let name = hosts.first().cloned().unwrap_or_default();
    let arrival = Arrival { port, through_proxy: true };
    scene.log.add(Event::Connection { host: name.clone(), port, through_proxy: true });
    if tcp == Tcp::Reset {
        wire::reset(wire);
        return Ok(());
    }
    if scene.inspects(&name) {
        return inspect(wire, &name, arrival, scene).await;
    }
    match port {
        80 => origin::serve_80(wire, &hosts, arrival, scene).await,
        _ => origin::serve_443(wire, &hosts, arrival, scene).await,
    }
}

/// Ends TLS in the host's place.
async fn inspect(wire: AnyWire, host: &str, arrival: Arrival, scene: &Scene) -> io::Result<()> {
    let face = Face::inspecting(host, &scene.authorities, &scene.provider)?;
    let (hello, wire) = read_hello(wire).await?;
    if let Some(hello) = &hello {
        scene.log.add(Event::Hello {
            host: host.to_owned(),
            port: arrival.port,
            server_name: hello.server_name.as_deref().map(shortened),
            record_bytes: hello.record_bytes,
        });
    }
    let Some(session) = face.answer(hello.as_ref(), wire).await? else { return Ok(()) };
    scene.log.add(Event::Session { host: host.to_owned(), port: arrival.port, inspected: true });
    origin::serve_session(session, host, arrival, scene).await
}

/// Answers a request that is not CONNECT. Gives the connection back when it is still one for requests.
async fn plain(
    mut connection: Connection,
    request: &Request,
    proxy: &Proxy,
    scene: &Scene,
) -> io::Result<Option<Connection>> {
    if proxy.connect_all == ConnectAnswer::WebServer {
        connection.send(&web_server().to_bytes(&request.method)).await?;
        return Ok(Some(connection));
    }
    let Some((host, port, target)) = absolute_form(&request.target) else {
        let reply = error_page(proxy, 400, "ERR_INVALID_URL 0", "A proxy needs the whole address.");
        connection.send(&reply.to_bytes(&request.method)).await?;
        return Ok(Some(connection));
    };
    let arrival = Arrival { port, through_proxy: true };
    let reply = match authorization(request, proxy) {
        Authorization::Absent | Authorization::Rejected if !proxy.auth.is_empty() => {
            Some(authentication_required(proxy))
        }
        _ if proxy.plain == PlainProxying::Denied || !permits(proxy, &host) => Some(denied(proxy, &host)),
        _ => match reachable(&host, port, scene) {
            Some(Tcp::Accept) if port == 80 => None,
            Some(Tcp::Silent) => {
                tokio::time::sleep(UPSTREAM_TIMEOUT).await;
                Some(upstream_failed(proxy, ConnectAnswer::GatewayTimeout))
            }
            _ => Some(upstream_failed(proxy, ConnectAnswer::Unavailable)),
        },
    };
    if let Some(reply) = reply {
        connection.send(&reply.to_bytes(&request.method)).await?;
        return Ok(Some(connection));
    }
    let hosts = hosts_named(&host, scene);
    let Some((name, site)) = hosts.first().and_then(|name| scene.hosts.get_key_value(name)) else {
        return Ok(Some(connection));
    };
    origin::log_request(name, arrival, false, request, scene);
    match origin::plain_deed(name, &target, site, request, scene) {
        Deed::Reply(reply) => {
            connection.send(&reply.with("Via", via(proxy)).to_bytes(&request.method)).await?;
            Ok(Some(connection))
        }
        Deed::Trouble(trouble) => {
            trouble.act(connection).await?;
            Ok(None)
        }
    }
}

/// What becomes of the proxy's own connection to a host; nothing when it cannot find the host.
fn reachable(host: &str, port: u16, scene: &Scene) -> Option<Tcp> {
    let name = hosts_named(host, scene).into_iter().next()?;
    let site = scene.hosts.get(&name)?;
    match port {
        443 => Some(site.host.port_443.tcp),
        80 => Some(site.host.port_80.tcp),
        _ => None,
    }
}

/// The hosts that a name or an address means.
fn hosts_named(host: &str, scene: &Scene) -> Vec<String> {
    match host.parse::<IpAddr>() {
        Ok(address) => scene.hosts_at(address),
        Err(_) => scene.hosts.keys().filter(|name| *name == host).cloned().collect(),
    }
}

/// Whether the proxy's rules let a host through.
fn permits(proxy: &Proxy, host: &str) -> bool {
    let any = |patterns: &[String]| patterns.iter().any(|pattern| covers(pattern, host));
    !any(&proxy.deny) && proxy.allow.as_deref().is_none_or(any)
}

/// `*.example.com` covers what is under it and not itself: the rule that misses the apex (facts §8, no. 6).
fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(suffix) => suffix.starts_with('.') && host.len() > suffix.len() && host.ends_with(suffix),
        None => pattern.eq_ignore_ascii_case(host),
    }
}

/// `HOST:PORT`, with an IPv6 address in brackets.
fn target_of(target: &str) -> Option<(String, u16)> {
    let (host, port) = target.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    (!host.is_empty()).then_some(())?;
    Some((host.to_ascii_lowercase(), port.parse().ok()?))
}

/// Host, port and path with query of `http://HOST[:PORT]/…`.
fn absolute_form(target: &str) -> Option<(String, u16, String)> {
    let rest = target.strip_prefix("http://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = match target_of(authority) {
        Some((host, port)) => (host, port),
        None => (authority.to_ascii_lowercase(), 80),
    };
    let path = if path.is_empty() { "/" } else { path };
    (!host.is_empty()).then(|| (host, port, path.to_owned()))
}

fn authorization(request: &Request, proxy: &Proxy) -> Authorization {
    let Some(given) = request.header("proxy-authorization") else { return Authorization::Absent };
    if proxy.auth.is_empty() {
        return Authorization::Unasked;
    }
    let wanted = format!("{}:{}", proxy.user, proxy.password);
    let matches = given
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic") && proxy.auth.contains(&AuthScheme::Basic))
        .and_then(|(_, token)| STANDARD.decode(token.trim()).ok())
        .is_some_and(|decoded| decoded == wanted.as_bytes());
    if matches { Authorization::Accepted } else { Authorization::Rejected }
}

fn established() -> Reply {
    let mut reply = Reply::new(200);
    reply.reason = b"Connection established".to_vec();
    reply
}

/// The head of a reply that a tunnel follows: it has neither length nor body (RFC 9110 §9.3.6).
fn tunnel_head(reply: &Reply) -> Vec<u8> {
    [&reply.head()[..], b"\r\n"].concat()
}

fn authentication_required(proxy: &Proxy) -> Reply {
    let text = "The proxy lets nobody through who has not said who they are.";
    let mut reply = error_page(proxy, 407, "ERR_CACHE_ACCESS_DENIED 0", text);
    for scheme in &proxy.auth {
        let challenge = match scheme {
            AuthScheme::Basic => "Basic realm=\"Corp proxy\"".to_owned(),
            AuthScheme::Ntlm => "NTLM".to_owned(),
            AuthScheme::Negotiate => "Negotiate".to_owned(),
            AuthScheme::Digest => {
                "Digest realm=\"Corp proxy\", nonce=\"6741a2b30000000000000000\", qop=\"auth\", algorithm=MD5"
                    .to_owned()
            }
        };
        reply.headers.push(("Proxy-Authenticate".to_owned(), challenge.into_bytes()));
    }
    reply
}

fn denied(proxy: &Proxy, host: &str) -> Reply {
    let text = format!("Access to {host} is denied by the rules of this proxy.");
    error_page(proxy, 403, "ERR_ACCESS_DENIED 0", &text)
}

fn upstream_failed(proxy: &Proxy, answer: ConnectAnswer) -> Reply {
    let (status, error, text) = match answer {
        ConnectAnswer::BadGateway => (502, "ERR_READ_ERROR 104", "The connection to the host broke off."),
        ConnectAnswer::GatewayTimeout => (504, "ERR_CONNECT_FAIL 110", "The host did not answer in time."),
        _ => (503, "ERR_CONNECT_FAIL 111", "The host could not be reached."),
    };
    error_page(proxy, status, error, text)
}

/// An error page with the headers of a widespread caching proxy.
fn error_page(proxy: &Proxy, status: u16, error: &str, text: &str) -> Reply {
    let name = &proxy.host;
    let body = format!(
        "<!DOCTYPE html>\n<html><head><title>ERROR: The requested URL could not be retrieved</title></head><body>\n\
         <h1>ERROR</h1>\n<p>{}</p>\n<p>Your administrator is <a href=\"mailto:proxy-team@corp.example\">proxy-team@corp.example</a>.</p>\n\
         <p>Generated by {name}.</p>\n</body></html>\n",
        text.replace('&', "&amp;").replace('<', "&lt;")
    );
    Reply::new(status)
        .with("Server", "squid/6.13")
        .with("Mime-Version", "1.0")
        .with("Date", http_date(0))
        .with_body("text/html;charset=utf-8", body)
        .with("X-Squid-Error", error)
        .with("Vary", "Accept-Language")
        .with("Content-Language", "en")
        .with("Cache-Status", format!("{name};detail=mismatch"))
        .with("Via", via(proxy))
}

fn via(proxy: &Proxy) -> String {
    format!("1.1 {} (squid/6.13)", proxy.host)
}

/// An ordinary web server that is asked to be a proxy.
fn web_server() -> Reply {
    Reply::new(405).with("Server", "nginx").with("Date", http_date(0)).with_body(
        "text/html",
        "<html>\n<head><title>405 Not Allowed</title></head>\n<body><center><h1>405 Not Allowed</h1></center></body>\n</html>\n",
    )
}

/// Requests on one connection.
const MAX_REQUESTS: usize = 1000;
/// How long the proxy waits for a host that never answers, as proxies are set by default.
const UPSTREAM_TIMEOUT: Duration = Duration::from_secs(60);
