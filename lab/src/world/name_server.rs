//! Name servers in world files.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Deserialize;

use super::names;

/// A recursive name server of the machine, as far as it differs from a healthy one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct NameServer {
    /// How it answers for every name that `names` does not hold.
    pub all: Option<NameBehaviour>,
    /// How it answers for these names. An entry takes the place of `all` altogether.
    #[serde(deserialize_with = "names::keyed")]
    pub names: BTreeMap<String, NameBehaviour>,
}

/// How a name server answers for a name. What is not said is as in the healthy world.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct NameBehaviour {
    /// The response code; other than `noerror` no address is given.
    pub rcode: Option<Rcode>,
    /// The IPv4 addresses.
    pub a: Option<Vec<Ipv4Addr>>,
    /// The IPv6 addresses.
    pub aaaa: Option<Vec<Ipv6Addr>>,
    /// Aliases in front of the addresses: the name is an alias of the first, the first of the second, and so on.
    #[serde(deserialize_with = "names::list")]
    pub cname: Vec<String>,
    /// The name is an alias of `loop.NAME`, and that of the name.
    pub cname_loop: bool,
    /// The reply is held back for this long.
    pub delay_ms: u64,
    /// No reply.
    pub silent: bool,
    /// Over UDP the reply is empty and says that it was truncated.
    pub truncate: bool,
    /// DNS over TCP.
    pub tcp: DnsTcp,
    /// The only reply over UDP has another query's id.
    pub wrong_id: bool,
    /// Before the reply over UDP comes a false one with another id.
    pub wrong_id_first: bool,
    /// The reply is no DNS message.
    pub garbage: bool,
    /// The reply has the right id and answers another question.
    pub wrong_question: bool,
    /// The time to live of the records, in seconds.
    pub ttl: Option<u32>,
}

/// A DNS response code (RFC 1035 §4.1.1).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the RFC's own")]
pub enum Rcode {
    NoError,
    FormErr,
    ServFail,
    NxDomain,
    NotImp,
    Refused,
}

/// What a name server does over TCP.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum DnsTcp {
    /// Answers in full.
    #[default]
    Serve,
    /// Refuses the connection. A connection comes before its question, so this holds for the whole server.
    Refuse,
    /// Takes the question and never answers.
    Silent,
    /// Answers with bytes that are no DNS message.
    Garbage,
}
