//! What a stub resolver makes of its name servers: whom it believes, and whom it passes over.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use futures::{Stream, StreamExt as _, stream};
use gh_connect_engine::{Cx, Stop};

use super::{
    exchange::{Exchange, ExchangeKey, Outcome, TcpTrouble},
    message::{Answer, Question, Rcode, RecordKind},
    name_servers::NameServers,
};
use crate::{HostName, net::Failure};

/// What one name server says of a name.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The server.
    pub server: SocketAddr,
    /// About IPv4.
    pub a: Arc<Exchange>,
    /// About IPv6.
    pub aaaa: Arc<Exchange>,
}

/// What both answers together come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// The name has these addresses, IPv4 first.
    Addresses(Vec<IpAddr>),
    /// The name does not exist.
    NxDomain,
    /// The name exists and has no address.
    NoData,
    /// Nothing that a resolver could use: it asks the next server.
    Fails(Fault),
}

/// Why a resolver asks the next server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// SERVFAIL, REFUSED, NOTIMP, FORMERR or a stranger code.
    Rcode(Rcode),
    /// An empty answer from a server that neither speaks for the zone nor looks up names for us.
    NotRecursive,
    /// No reply at all.
    Silent,
    /// Replies that cannot be read.
    Garbage,
    /// Replies, and none of them to what was asked.
    Stray,
    /// A truncated reply, and no answer over TCP.
    TruncatedNoTcp(TcpTrouble),
    /// The server cannot be reached.
    Failed(Failure),
}

impl Fault {
    /// Whether a resolver that meets it has waited for nothing.
    pub fn costs_time(&self) -> bool {
        match self {
            Self::Silent | Self::Stray => true,
            Self::Failed(failure) | Self::TruncatedNoTcp(TcpTrouble::Failed(failure)) => {
                *failure == Failure::TimedOut
            }
            _ => false,
        }
    }
}

impl Asked {
    /// What the server says of the name. One family with addresses is enough, whatever becomes of the other; a name that
    /// does not exist does so in both.
    pub fn says(&self) -> Says {
        let (a, aaaa) = (said(&self.a), said(&self.aaaa));
        match (a, aaaa) {
            (Says::Addresses(mut a), aaaa) => {
                if let Says::Addresses(aaaa) = aaaa {
                    a.extend(aaaa);
                }
                Says::Addresses(a)
            }
            (_, Says::Addresses(aaaa)) => Says::Addresses(aaaa),
            (Says::NxDomain, _) | (_, Says::NxDomain) => Says::NxDomain,
            (Says::Fails(fault), _) | (_, Says::Fails(fault)) => Says::Fails(fault),
            (Says::NoData, Says::NoData) => Says::NoData,
        }
    }

    /// The exchange about a kind of record.
    pub fn about(&self, kind: RecordKind) -> &Exchange {
        match kind {
            RecordKind::A => &self.a,
            RecordKind::Aaaa => &self.aaaa,
        }
    }

    /// Why a resolver would not use what the server says of one kind of record.
    pub fn fault(&self, kind: RecordKind) -> Option<Fault> {
        match said(self.about(kind)) {
            Says::Fails(fault) => Some(fault),
            _ => None,
        }
    }
}

fn said(exchange: &Exchange) -> Says {
    match &exchange.outcome {
        Outcome::Answer(answer) => said_by(answer),
        Outcome::Silent if exchange.stray > 0 => Says::Fails(Fault::Stray),
        Outcome::Silent => Says::Fails(Fault::Silent),
        Outcome::Garbage => Says::Fails(Fault::Garbage),
        Outcome::TruncatedNoTcp(trouble) => Says::Fails(Fault::TruncatedNoTcp(trouble.clone())),
        Outcome::Failed(failure) => Says::Fails(Fault::Failed(failure.clone())),
    }
}

fn said_by(answer: &Answer) -> Says {
    let addresses: Vec<IpAddr> = answer.addresses.iter().map(|address| address.ip).collect();
    match answer.rcode {
        Rcode::NoError if !addresses.is_empty() => Says::Addresses(addresses),
        // Such a server only points at others; glibc passes it over as well.
        Rcode::NoError if !answer.authoritative && !answer.recursion && answer.cnames.is_empty() => {
            Says::Fails(Fault::NotRecursive)
        }
        Rcode::NoError => Says::NoData,
        Rcode::NxDomain => Says::NxDomain,
        other => Says::Fails(Fault::Rcode(other)),
    }
}

/// How a stub resolver goes through its name servers: in order, past those that fail, to the first that says something.
/// "Does not exist" and "has no address" are final.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// Who was passed over, and why.
    pub passed_over: Vec<(SocketAddr, Fault)>,
    /// Who was believed, and what it says; nobody when all failed.
    pub believed: Option<(SocketAddr, Says)>,
    /// Whether whoever was believed answers for one kind of record only, and lets its askers wait for the other.
    pub half_silent: bool,
}

impl Walk {
    /// Goes through what the servers said.
    pub fn through<'a>(asked: impl IntoIterator<Item = &'a Asked>) -> Self {
        let mut walk = Self::default();
        for asked in asked {
            if walk.step(asked) {
                break;
            }
        }
        walk
    }

    /// The addresses that a resolver would come to.
    pub fn addresses(&self) -> &[IpAddr] {
        match &self.believed {
            Some((_, Says::Addresses(addresses))) => addresses,
            _ => &[],
        }
    }

    /// Whether a server that did not answer in time stood before the one that was believed.
    pub fn waited_in_vain(&self) -> bool {
        self.passed_over.iter().any(|(_, fault)| fault.costs_time())
    }

    /// Whether a resolver that goes this way waits for something that does not come.
    pub fn was_held_up(&self) -> bool {
        self.waited_in_vain() || self.half_silent
    }

    /// Whether the walk ends here.
    fn step(&mut self, asked: &Asked) -> bool {
        match asked.says() {
            Says::Fails(fault) => self.passed_over.push((asked.server, fault)),
            says => {
                self.believed = Some((asked.server, says));
                let waits = |kind| asked.fault(kind).is_some_and(|fault| fault.costs_time());
                self.half_silent = RecordKind::BOTH.into_iter().any(waits);
            }
        }
        self.believed.is_some()
    }
}

/// Asks every name server about `host`, all at the same time, and gives what they say in their order.
pub async fn ask_all(cx: &Cx, servers: &NameServers, host: &HostName) -> Result<Vec<Asked>, Stop> {
    let said: Vec<_> = answers(cx, servers, host).collect().await;
    said.into_iter().collect()
}

/// As [`ask_all`], but only as far as a resolver goes: a dead server behind the one that is believed holds nobody up.
pub(crate) async fn walk(cx: &Cx, servers: &NameServers, host: &HostName) -> Result<Walk, Stop> {
    let mut walk = Walk::default();
    let said = answers(cx, servers, host);
    tokio::pin!(said);
    while let Some(asked) = said.next().await {
        if walk.step(&asked?) {
            break;
        }
    }
    Ok(walk)
}

fn answers<'a>(
    cx: &'a Cx,
    servers: &'a NameServers,
    host: &'a HostName,
) -> impl Stream<Item = Result<Asked, Stop>> + Send + 'a {
    let exchange = move |server, kind| {
        let key = ExchangeKey { server, question: Question { name: host.clone(), kind } };
        async move { cx.fact::<Exchange>(&key).await }
    };
    let asked = servers.servers.iter().map(move |&server| async move {
        let both = futures::join!(exchange(server, RecordKind::A), exchange(server, RecordKind::Aaaa));
        Ok(Asked { server, a: both.0?, aaaa: both.1? })
    });
    stream::iter(asked).buffered(servers.servers.len().max(1))
}
