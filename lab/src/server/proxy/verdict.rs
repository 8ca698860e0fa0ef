//! What the proxy makes of a request: decided from the request and the world alone, before any byte goes back.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::pages;
use crate::http1::{Reply, Request};
use crate::log::Authorization;
use crate::scene::{Role, Scene};
use crate::server::origin::{self, Arrival};
use crate::server::trouble::{self, Trouble};
use crate::world::{AuthScheme, ConnectAnswer, PlainProxying, Proxy, Tcp};

/// What becomes of a request.
pub(crate) enum Verdict {
    /// A reply, after which the connection is still one for requests; a late one comes when the proxy has given up
    /// waiting for the host.
    Reply { reply: Reply, late: bool },
    /// No proper reply.
    Trouble(Trouble),
    /// 200, and this in place of a tunnel.
    OpenThen(Trouble),
    /// 200 in the way of `opening`, and a tunnel.
    Tunnel { opening: ConnectAnswer, destination: Destination },
}

/// The far end of a tunnel.
pub(crate) struct Destination {
    /// The hosts that can be meant, at least one.
    pub(crate) hosts: Vec<String>,
    pub(crate) port: u16,
    /// The address that the proxy connects to.
    pub(crate) address: IpAddr,
    /// What becomes of the proxy's own SYN.
    pub(crate) tcp: Tcp,
}

/// Where a request wants to go.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// A name in lower case, or an address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Path and query; empty for CONNECT.
    pub(crate) path: String,
}

/// Judges CONNECT.
pub(crate) fn on_connect(request: &Request, proxy: &Proxy, scene: &Scene) -> Verdict {
    let Some(target) = Target::of_connect(&request.target) else {
        return Verdict::reply(pages::invalid_target(proxy));
    };
    let answer = proxy.connect.get(&target.host).map_or(proxy.connect_all, |rule| rule.answer);
    // Who is no proxy demands no authentication for one either.
    if answer == ConnectAnswer::WebServer {
        return Verdict::reply(pages::web_server());
    }
    if !admits(request, proxy) {
        return Verdict::reply(pages::authentication_required(proxy));
    }
    if !proxy.connect_ports.contains(&target.port) || !permits(proxy, &target.host) {
        return Verdict::reply(pages::denied(proxy, &target.host));
    }
    match answer {
        ConnectAnswer::Denied => Verdict::reply(pages::denied(proxy, &target.host)),
        ConnectAnswer::BadGateway => Verdict::reply(pages::bad_gateway(proxy)),
        ConnectAnswer::GatewayTimeout => Verdict::reply(pages::gateway_timeout(proxy)),
        ConnectAnswer::Unavailable => Verdict::reply(pages::unreachable(proxy)),
        ConnectAnswer::Escape => Verdict::reply(trouble::escapes()),
        ConnectAnswer::WebServer => Verdict::reply(pages::web_server()),
        ConnectAnswer::Silent => Verdict::Trouble(Trouble::Silent),
        ConnectAnswer::Garbage => Verdict::Trouble(Trouble::Garbage),
        ConnectAnswer::EndlessHead => Verdict::Trouble(Trouble::EndlessHead(pages::established().head())),
        ConnectAnswer::Drip => Verdict::Trouble(Trouble::Drip(pages::tunnel_head(&pages::established()))),
        ConnectAnswer::OpenThenSilent => Verdict::OpenThen(Trouble::Silent),
        ConnectAnswer::OpenThenClose => Verdict::OpenThen(Trouble::Close),
        ConnectAnswer::Open | ConnectAnswer::Split | ConnectAnswer::Informational | ConnectAnswer::Huge => {
            match Destination::of(&target, scene) {
                Ok(destination) => Verdict::Tunnel { opening: answer, destination },
                Err(failure) => Verdict::unreached(failure, proxy),
            }
        }
    }
}

/// Judges a request that is not CONNECT.
pub(crate) fn on_plain(request: &Request, arrival: Arrival, proxy: &Proxy, scene: &Scene) -> Verdict {
    if proxy.connect_all == ConnectAnswer::WebServer {
        return Verdict::reply(pages::web_server());
    }
    let Some(target) = Target::of_absolute_form(&request.target) else {
        return Verdict::reply(pages::invalid_target(proxy));
    };
    if !admits(request, proxy) {
        return Verdict::reply(pages::authentication_required(proxy));
    }
    if proxy.plain == PlainProxying::Denied || !permits(proxy, &target.host) {
        return Verdict::reply(pages::denied(proxy, &target.host));
    }
    let destination = match Destination::of(&target, scene) {
        Ok(destination) if destination.port == 80 && destination.tcp == Tcp::Accept => destination,
        Ok(_) => return Verdict::reply(pages::bad_gateway(proxy)),
        Err(failure) => return Verdict::unreached(failure, proxy),
    };
    let host = destination.hosts.first();
    let site = host.and_then(|host| scene.site(host, destination.address));
    let (Some(host), Some(site)) = (host, site) else {
        return Verdict::reply(pages::unreachable(proxy));
    };
    let deed = origin::plain_deed(host, &target.path, site, arrival, request, scene);
    match deed.trouble(&request.method) {
        None => Verdict::reply(deed.reply.with("Via", pages::via(proxy))),
        Some(trouble) => Verdict::Trouble(trouble),
    }
}

/// What the credentials of a request are worth.
pub(crate) fn authorization(request: &Request, proxy: &Proxy) -> Authorization {
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

fn admits(request: &Request, proxy: &Proxy) -> bool {
    proxy.auth.is_empty() || authorization(request, proxy) == Authorization::Accepted
}

impl Verdict {
    /// The status of the reply; 0 when no proper one is given.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Verdict::Reply { reply, .. } => reply.status,
            Verdict::OpenThen(_) | Verdict::Tunnel { .. } => 200,
            Verdict::Trouble(_) => 0,
        }
    }

    fn reply(reply: Reply) -> Verdict {
        Verdict::Reply { reply, late: false }
    }

    fn unreached(failure: Unreached, proxy: &Proxy) -> Verdict {
        match failure {
            Unreached::AtOnce => Verdict::reply(pages::unreachable(proxy)),
            Unreached::AfterWaiting => Verdict::Reply { reply: pages::gateway_timeout(proxy), late: true },
        }
    }
}

/// Why the proxy itself cannot reach a host.
enum Unreached {
    /// There is no such host or port, or it refuses.
    AtOnce,
    /// It never answers.
    AfterWaiting,
}

impl Destination {
    fn of(target: &Target, scene: &Scene) -> Result<Destination, Unreached> {
        let hosts = match target.host.parse::<IpAddr>() {
            Ok(address) => scene.hosts_at(address),
            Err(_) => scene.hosts.keys().filter(|name| **name == target.host).cloned().collect(),
        };
        let site = hosts.first().and_then(|host| scene.hosts.get(host)).ok_or(Unreached::AtOnce)?;
        // A proxy takes IPv4 where there is a choice.
        let named = target.host.parse().ok();
        let address = named.or(site.addresses.iter().copied().min()).ok_or(Unreached::AtOnce)?;
        let site = hosts.first().and_then(|host| scene.site(host, address)).ok_or(Unreached::AtOnce)?;
        let tcp = match target.port {
            443 => site.host.port_443.tcp,
            80 => site.host.port_80.tcp,
            8443 if site.role == Role::Server => scene.manage_tcp(),
            _ => Tcp::Refuse,
        };
        match tcp {
            Tcp::Refuse | Tcp::Unreachable => Err(Unreached::AtOnce),
            Tcp::Silent => Err(Unreached::AfterWaiting),
            Tcp::Accept | Tcp::Reset => Ok(Destination { hosts, port: target.port, address, tcp }),
        }
    }
}

impl Target {
    /// `HOST:PORT`, an IPv6 address in brackets.
    pub(crate) fn of_connect(text: &str) -> Option<Target> {
        let (host, port) = text.rsplit_once(':')?;
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let port = port.parse().ok()?;
        (!host.is_empty()).then(|| Target { host: host.to_ascii_lowercase(), port, path: String::new() })
    }

    /// `http://HOST[:PORT][/PATH]`.
    pub(crate) fn of_absolute_form(text: &str) -> Option<Target> {
        let rest = text.strip_prefix("http://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let target =
            Target::of_connect(authority).or_else(|| Target::of_connect(&format!("{authority}:80")))?;
        Some(Target { path: if path.is_empty() { "/".to_owned() } else { path.to_owned() }, ..target })
    }

    pub(crate) fn is_address(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
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

#[cfg(test)]
mod tests {
    use super::{Target, covers};

    #[test]
    fn targets_are_taken_apart() {
        let target =
            |host: &str, port, path: &str| Some(Target { host: host.into(), port, path: path.into() });
        for (text, expected) in [
            ("github.com:443", target("github.com", 443, "")),
            ("GitHub.com:443", target("github.com", 443, "")),
            ("[2606:50c0::1]:443", target("2606:50c0::1", 443, "")),
            ("github.com", None),
            ("github.com:port", None),
            (":443", None),
        ] {
            assert_eq!(Target::of_connect(text), expected, "{text}");
        }
        for (text, expected) in [
            ("http://github.com", target("github.com", 80, "/")),
            ("http://github.com/a?b:c", target("github.com", 80, "/a?b:c")),
            ("http://github.com:8080/", target("github.com", 8080, "/")),
            ("https://github.com/", None),
            ("http:///", None),
            ("/", None),
        ] {
            assert_eq!(Target::of_absolute_form(text), expected, "{text}");
        }
        assert!(Target::of_connect("140.82.121.3:443").is_some_and(|target| target.is_address()));
        assert!(Target::of_connect("[2606:50c0::1]:443").is_some_and(|target| target.is_address()));
        assert!(!Target::of_connect("github.com:443").is_some_and(|target| target.is_address()));
    }

    #[test]
    fn a_wildcard_misses_the_apex() {
        for (pattern, host, covered) in [
            ("github.com", "github.com", true),
            ("github.com", "api.github.com", false),
            ("*.github.com", "api.github.com", true),
            ("*.github.com", "github.com", false),
            ("*.github.com", "notgithub.com", false),
            ("*", "github.com", false),
        ] {
            assert_eq!(covers(pattern, host), covered, "{pattern} {host}");
        }
    }
}
