//! This machine's own resolution: what every other program on it gets.

use std::{
    net::{IpAddr, ToSocketAddrs as _},
    time::Duration,
};

use gh_connect_engine::{Cx, Fact, Lack, Stop, shown};
use serde::{Deserialize, Serialize};
use tokio::{sync::oneshot, time::Instant};

use super::{
    name_servers::{NameServers, System},
    walk::{Says, Walk, walk},
};
use crate::{HostName, hosts_file::HostsFile, net};

/// How a name is resolved here, without asking what the name servers say one by one.
///
/// With `--resolver` or a hosts file of the plan it is worked out as a stub resolver does: the hosts file first, then the
/// servers in order, past those that fail. Whether this machine would prefer IPv6 is not known then: IPv4 comes first.
/// Otherwise it is `getaddrinfo`, in the system's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// Who resolved it, or tried to.
    pub by: By,
    /// The addresses, without repeats; empty when there are none.
    pub addresses: Vec<IpAddr>,
    /// Why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<NotResolved>,
    /// Whole microseconds.
    pub took_us: u64,
}

/// Who resolves a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The hosts file of the plan, or the system's in front of the plan's name servers.
    HostsFile,
    /// The plan's name servers.
    NameServers,
    /// `getaddrinfo`, with all that this machine is set up to ask: the hosts file, name servers, and whatever else.
    System,
}

/// Why a name has no addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotResolved {
    /// `getaddrinfo` did not come back within the time for one attempt.
    TimedOut,
    /// In the system's words.
    Said(String),
    /// The name servers said so, or nothing: see what each of them says.
    NameServers,
}

impl Fact for Resolution {
    const ID: &'static str = "dns.resolution";
    const OWNERS: &'static [&'static str] = &["dns"];
    type Key = HostName;

    async fn measure(host: &HostName, cx: &Cx) -> Result<Self, Stop> {
        let begun = Instant::now();
        let plan = cx.plan();
        let done = |by, found: Result<Vec<IpAddr>, NotResolved>| {
            let took_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
            let (addresses, failure) = match found {
                Ok(addresses) => (addresses, None),
                Err(failure) => (Vec::new(), Some(failure)),
            };
            Ok(Self { by, addresses, failure, took_us })
        };
        let worked_out = !plan.resolvers.value.is_empty() || plan.loopback_only;
        if worked_out || plan.hosts_file.is_some() {
            let hosts = cx.fact::<HostsFile>(host).await?;
            if !hosts.entries.is_empty() {
                return done(By::HostsFile, Ok(hosts.addresses()));
            }
        }
        if !worked_out {
            return done(By::System, getaddrinfo(cx, host).await?);
        }
        let servers = cx.fact::<NameServers>(&System).await?;
        let found = match walk(cx, &servers, host).await?.believed {
            Some((_, Says::Addresses(addresses))) => Ok(addresses),
            _ => Err(NotResolved::NameServers),
        };
        done(By::NameServers, found)
    }
}

impl Resolution {
    /// The addresses that count. A `getaddrinfo` that waits for a dead name server, or for an AAAA that nobody answers, takes
    /// longer than one attempt may: what the name servers do say is what it will come to.
    pub fn addresses_after<'a>(&'a self, walk: &'a Walk) -> &'a [IpAddr] {
        if self.failure == Some(NotResolved::TimedOut) && walk.was_held_up() {
            walk.addresses()
        } else {
            &self.addresses
        }
    }
}

/// Asks the system, for as long as one attempt may take. Nothing can stop `getaddrinfo`: it goes on in a thread of its own,
/// for whose end, unlike for that of the runtime's threads, nobody waits. Stops where this machine has not what it needs.
async fn getaddrinfo(cx: &Cx, host: &HostName) -> Result<Result<Vec<IpAddr>, NotResolved>, Stop> {
    let said = |text: &str| Err(NotResolved::Said(shown(text, 200)));
    let _permit = cx.socket_permit().await?;
    let (answer, answered) = oneshot::channel();
    let name = host.as_str().to_owned();
    let resolve = move || {
        let found = (name.as_str(), 0).to_socket_addrs();
        let found = found.map(|found| found.map(|address| address.ip()).collect::<Vec<_>>());
        // What it lacked itself, `getaddrinfo` mostly keeps to itself: EAI_AGAIN is all that it says then.
        let found = found.map_err(|error| (Lack::of(&error).or_else(net::lack_of_files), error));
        // Nobody listens any more when it took too long.
        let _ = answer.send(found);
    };
    let limit: Duration = cx.plan().timeout.value.0;
    let thread = std::thread::Builder::new().name("getaddrinfo".to_owned()).spawn(resolve);
    thread.map_err(|error| Lack::of(&error).unwrap_or(Lack::Processes).stop())?;
    Ok(match tokio::time::timeout(limit, answered).await {
        Err(_) => Err(NotResolved::TimedOut),
        Ok(Err(_)) => said("the resolver broke off"),
        Ok(Ok(Err((Some(lack), _)))) => return Err(lack.stop()),
        Ok(Ok(Err((None, error)))) => said(&error.to_string()),
        Ok(Ok(Ok(found))) => {
            let mut addresses: Vec<IpAddr> = Vec::new();
            for address in found {
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
            if addresses.is_empty() { said("no addresses") } else { Ok(addresses) }
        }
    })
}
