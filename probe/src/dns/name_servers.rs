//! Which name servers this machine, or the user, would have asked.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    path::Path,
};

use gh_connect_engine::{Cx, Fact, Lack, Stop, shown};
use hickory_resolver::config::{ResolverConfig, ResolverOpts};
#[cfg(all(unix, not(target_vendor = "apple"), not(target_os = "android")))]
use hickory_resolver::system_conf::parse_resolv_conf;
use serde::{Deserialize, Serialize};

/// The key of a fact about the machine as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct System;

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("system")
    }
}

/// The name servers to ask, in order: the plan's, else the system's. That there are none is a measurement too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameServers {
    /// Who is asked, without repeats and at most 16.
    pub servers: Vec<SocketAddr>,
    /// Who said so: `flag --resolver`, or `the system's configuration`.
    pub origin: String,
    /// Name servers that are configured and cannot be asked directly, each with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_asked: Vec<String>,
    /// The suffixes that the system tries behind a short name. Evidence only: names are asked for as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub search: Vec<String>,
    /// From how many dots on the system takes a name as absolute first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ndots: Option<usize>,
    /// Why the system's configuration could not be read, or that it names nobody; in the library's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Fact for NameServers {
    const ID: &'static str = "dns.name-servers";
    type Key = System;

    async fn measure(_: &System, cx: &Cx) -> Result<Self, Stop> {
        let given = &cx.plan().resolvers;
        if !given.value.is_empty() {
            return Ok(Self::of(given.value.iter().copied(), given.origin.to_string()));
        }
        let origin = "the system's configuration".to_owned();
        if cx.plan().loopback_only {
            // A lab world without a name server has none: it never asks the real ones.
            return Ok(Self::of([], origin));
        }
        match configuration(cx).await {
            Ok((config, options)) => {
                let servers = config.name_servers().iter().map(|server| {
                    let port = server.connections.first().map_or(53, |connection| connection.port);
                    SocketAddr::new(server.ip, port)
                });
                let search = config.search().iter().map(|name| shown(&name.to_ascii(), 260)).collect();
                Ok(Self { search, ndots: Some(options.ndots), ..Self::of(servers, origin) })
            }
            Err(Unread::Stop(stop)) => Err(stop),
            Err(Unread::Wrong(why)) => Ok(Self { error: Some(shown(&why, 200)), ..Self::of([], origin) }),
        }
    }
}

/// Why the system's configuration is not known.
enum Unread {
    /// It could not be read, which says nothing of it.
    Stop(Stop),
    /// It is not there, or names nobody.
    Wrong(String),
}

/// What the system's own resolver would read. It is read here, not by the library: a file that is a pipe or lies on a dead disk
/// must not hold up the run.
#[cfg(all(unix, not(target_vendor = "apple"), not(target_os = "android")))]
async fn configuration(cx: &Cx) -> Result<(ResolverConfig, ResolverOpts), Unread> {
    let path = Path::new(RESOLV_CONF);
    let bytes = cx.read(path).await.map_err(|error| match (Lack::of(&error), error.kind()) {
        (Some(lack), _) => Unread::Stop(lack.stop()),
        (None, io::ErrorKind::NotFound) => Unread::Wrong(format!("there is no {RESOLV_CONF}")),
        (None, _) => Unread::Stop(Stop::Trouble(format!("{RESOLV_CONF} cannot be read: {error}"))),
    })?;
    parse_resolv_conf(bytes).map_err(|error| Unread::Wrong(error.to_string()))
}

/// What the system says of itself. That is no file, and it answers at once.
#[cfg(not(all(unix, not(target_vendor = "apple"), not(target_os = "android"))))]
async fn configuration(_: &Cx) -> Result<(ResolverConfig, ResolverOpts), Unread> {
    hickory_resolver::system_conf::read_system_conf().map_err(|error| Unread::Wrong(error.to_string()))
}

impl NameServers {
    fn of(configured: impl IntoIterator<Item = SocketAddr>, origin: String) -> Self {
        let mut servers = Vec::new();
        let mut not_asked = Vec::new();
        for server in configured {
            if servers.contains(&server) {
                continue;
            }
            if lacks_scope(server) {
                not_asked
                    .push(format!("{server}: the interface of this link-local address is not known here"));
            } else if servers.len() == MOST_SERVERS {
                not_asked.push(format!("{server}: {MOST_SERVERS} others stand before it"));
            } else {
                servers.push(server);
            }
        }
        Self { servers, origin, not_asked, search: Vec::new(), ndots: None, error: None }
    }
}

fn lacks_scope(server: SocketAddr) -> bool {
    match server {
        SocketAddr::V6(server) => server.ip().is_unicast_link_local() && server.scope_id() == 0,
        SocketAddr::V4(_) => false,
    }
}

/// A name server as people write it: without the port when it is 53.
pub fn shown_server(server: SocketAddr) -> String {
    match (server.port(), server.ip()) {
        (53, IpAddr::V6(ip)) => ip.to_string(),
        (53, IpAddr::V4(ip)) => ip.to_string(),
        _ => server.to_string(),
    }
}

#[cfg(all(unix, not(target_vendor = "apple"), not(target_os = "android")))]
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// Every one holds a socket; glibc itself asks three at most.
const MOST_SERVERS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_and_servers_that_cannot_be_asked_are_left_out() {
        let list = ["10.0.0.53:53", "10.0.0.53:53", "[fe80::1]:53", "[fe80::1%2]:53", "[2001:db8::53]:5353"];
        let list = list.iter().map(|text| text.parse().expect("a socket address"));
        let read = NameServers::of(list, String::new());
        let asked: Vec<String> = read.servers.iter().copied().map(shown_server).collect();
        assert_eq!(asked, ["10.0.0.53", "fe80::1", "[2001:db8::53]:5353"]);
        assert_eq!(read.not_asked.len(), 1);

        let many = (0..20).map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let read = NameServers::of(many, String::new());
        assert_eq!((read.servers.len(), read.not_asked.len()), (16, 4));
    }
}
