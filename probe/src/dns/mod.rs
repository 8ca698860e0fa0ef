//! Names: what each name server says, and what this machine's own resolution makes of it.
//!
//! [`Addresses`] is what connections use; it waits for nobody but [`Resolution`]. For the judgement every name server is
//! asked by itself: [`NameServers`], then one [`Exchange`] for each server and kind of record, all at the same time.

mod exchange;
mod line;
mod message;
mod name_servers;
mod nat64;
mod scope;
mod system;
#[cfg(test)]
mod tests;
mod walk;

use std::net::IpAddr;

use gh_connect_engine::{Cx, Fact, Stop};
use serde::{Deserialize, Serialize};

pub use exchange::{Exchange, ExchangeKey, Outcome, TcpTrouble, Transport};
pub use message::{Address, Answer, BrokenChain, Question, Rcode, RecordKind, Reply, read_reply};
pub use name_servers::{NameServers, System, shown_server};
pub use nat64::{Nat64, may_be_translated, nat64};
pub use scope::Scope;
pub use system::{By, NotResolved, Resolution};
pub use walk::{Asked, Fault, Says, Walk, ask_all};

use crate::HostName;

/// The addresses that connections go to, in the system's order of preference; empty when there are none.
///
/// For a target, loopback and unspecified addresses are left out: a filter's answer leads nowhere, and what it says is the
/// `dns` check's to judge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// The addresses.
    pub list: Vec<IpAddr>,
}

impl Fact for Addresses {
    const ID: &'static str = "dns.addresses";
    type Key = HostName;

    async fn measure(host: &HostName, cx: &Cx) -> Result<Self, Stop> {
        if let Some(address) = host.address() {
            return Ok(Self { list: vec![address] });
        }
        let resolution = cx.fact::<Resolution>(host).await?;
        let mut list = resolution.addresses.clone();
        if resolution.failure == Some(NotResolved::TimedOut) {
            let servers = cx.fact::<NameServers>(&System).await?;
            let walk = walk::walk(cx, &servers, host).await?;
            list = resolution.addresses_after(&walk).to_vec();
        }
        if is_judged(cx, host) {
            list.retain(|address| Scope::of(*address) != Scope::Sinkhole);
        }
        Ok(Self { list })
    }
}

/// Whether somebody judges the addresses of `host`: those of targets, except of this machine's own name (RFC 6761 §6.3).
/// A proxy at `localhost` is as good as any.
fn is_judged(cx: &Cx, host: &HostName) -> bool {
    !host.is_this_machine() && cx.plan().targets.iter().any(|target| HostName::new(&target.host) == *host)
}
