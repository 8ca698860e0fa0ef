//! DNS messages (RFC 1035 §4): the query that is sent, and what a reply comes to. No sockets here.

use std::{fmt, net::IpAddr};

use gh_connect_engine::shown;
use hickory_proto::{
    op::{Message, MessageType, OpCode, Query, ResponseCode},
    rr::{DNSClass, Name, RData, Record, RecordType},
};
use serde::{Deserialize, Serialize};

use crate::HostName;

/// What a name server is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Question {
    /// The name, taken as absolute: no search list applies.
    pub name: HostName,
    /// The kind of record.
    pub kind: RecordKind,
}

/// A kind of address record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RecordKind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    #[serde(rename = "AAAA")]
    Aaaa,
}

impl Question {
    /// The query on the wire: recursion desired and no EDNS, as glibc's stub resolver sends it by default, so that a reply
    /// of more than 512 bytes is truncated here as it is there.
    ///
    /// # Errors
    /// In words, when the name cannot be put into a DNS message: a label of more than 63 bytes for instance.
    pub fn query(&self, id: u16) -> Result<Vec<u8>, String> {
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(self.wire_name()?, self.kind.wire()));
        message.to_vec().map_err(|error| error.to_string())
    }

    /// Whether a message repeats this question.
    pub(crate) fn is_asked_by(&self, query: &Query) -> bool {
        query.query_class == DNSClass::IN
            && query.query_type == self.kind.wire()
            && self.wire_name().is_ok_and(|name| name == query.name)
    }

    fn wire_name(&self) -> Result<Name, String> {
        let name = Name::from_ascii(format!("{}.", self.name.as_str()));
        name.map_err(|error| {
            format!("{} is no name that DNS can carry: {error}", shown(self.name.as_str(), 80))
        })
    }
}

/// `github.com A`
impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.kind)
    }
}

impl RecordKind {
    /// Both kinds, IPv4 first.
    pub const BOTH: [Self; 2] = [Self::A, Self::Aaaa];

    fn wire(self) -> RecordType {
        match self {
            Self::A => RecordType::A,
            Self::Aaaa => RecordType::AAAA,
        }
    }

    fn address(self, data: &RData) -> Option<IpAddr> {
        match (self, data) {
            (Self::A, RData::A(address)) => Some(address.0.into()),
            (Self::Aaaa, RData::AAAA(address)) => Some(address.0.into()),
            _ => None,
        }
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
        })
    }
}

/// What bytes from a name server come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Not for us: another id, another question, or no reply at all.
    Stray,
    /// It has our id and is no message that can be read.
    Garbage,
    /// The answer does not fit: ask again over TCP.
    Truncated,
    /// An answer.
    Answer(Answer),
}

/// What a name server answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The response code.
    pub rcode: Rcode,
    /// Whether the server speaks for the zone.
    pub authoritative: bool,
    /// Whether the server looks up names for its askers.
    pub recursion: bool,
    /// The aliases between the name and its addresses, in order; what a peer sent, made safe to show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cnames: Vec<String>,
    /// Why the aliases lead nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_chain: Option<BrokenChain>,
    /// The addresses at the end of the aliases, in the order of the reply, without repeats and at most 64.
    pub addresses: Vec<Address>,
}

/// An address and for how long it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// The time to live, in seconds.
    pub ttl: u32,
}

/// Why a chain of aliases has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BrokenChain {
    /// It comes back to a name that it had.
    Loop,
    /// It has more than 16 aliases.
    TooLong,
}

/// A response code (RFC 1035 §4.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Rcode {
    /// No error.
    NoError,
    /// The server could not read the query.
    FormErr,
    /// The server failed.
    ServFail,
    /// The name does not exist.
    NxDomain,
    /// The server does not do this.
    NotImp,
    /// The server will not do this, or not for this asker.
    Refused,
    /// Any other.
    Other(u16),
}

impl Rcode {
    const NAMED: [(u16, Self, &'static str); 6] = [
        (0, Self::NoError, "NOERROR"),
        (1, Self::FormErr, "FORMERR"),
        (2, Self::ServFail, "SERVFAIL"),
        (3, Self::NxDomain, "NXDOMAIN"),
        (4, Self::NotImp, "NOTIMP"),
        (5, Self::Refused, "REFUSED"),
    ];
}

impl From<ResponseCode> for Rcode {
    fn from(code: ResponseCode) -> Self {
        let code = u16::from(code);
        let named = Self::NAMED.into_iter().find(|(number, ..)| *number == code);
        named.map_or(Self::Other(code), |(_, rcode, _)| rcode)
    }
}

/// In the field's own capitals, `SERVFAIL`; `RCODE9` for one without a name here.
impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (Self::NAMED.into_iter().find(|(_, rcode, _)| rcode == self), self) {
            (Some((.., name)), _) => f.write_str(name),
            (None, Self::Other(code)) => write!(f, "RCODE{code}"),
            (None, _) => Ok(()),
        }
    }
}

impl From<Rcode> for String {
    fn from(rcode: Rcode) -> Self {
        rcode.to_string()
    }
}

impl TryFrom<String> for Rcode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let named = Self::NAMED.into_iter().find(|(.., name)| *name == text).map(|(_, rcode, _)| rcode);
        let other = || text.strip_prefix("RCODE")?.parse().ok().map(Self::Other);
        named.or_else(other).ok_or_else(|| format!("{} is no response code", shown(&text, 20)))
    }
}

/// Reads what a name server sent in reply to the query `id` for `question`. Whatever the bytes, it comes back, in time
/// and memory that their number bounds.
pub fn read_reply(bytes: &[u8], id: u16, question: &Question) -> Reply {
    let Some(header) = Header::read(bytes).filter(|header| header.id == id && header.is_response()) else {
        return Reply::Stray;
    };
    let message = match header.questions {
        0 | 1 => Message::from_vec(bytes).ok(),
        // Nobody asks two questions in one message (RFC 9619).
        _ => None,
    };
    let Some(message) = message else {
        // A truncated reply may well be cut in the middle of a record.
        return if header.is_truncated() && header.questions == 1 {
            Reply::Truncated
        } else {
            Reply::Garbage
        };
    };
    let rcode = Rcode::from(message.metadata.response_code);
    match message.queries.first() {
        Some(query) if question.is_asked_by(query) => {}
        // Some servers leave the question out of a refusal.
        None if rcode != Rcode::NoError => {}
        _ => return Reply::Stray,
    }
    if message.metadata.truncation {
        return Reply::Truncated;
    }
    let Ok(name) = question.wire_name() else { return Reply::Stray };
    let chain = Chain::follow(name, &message.answers);
    let mut addresses: Vec<Address> = Vec::new();
    for record in message.answers.iter().filter(|record| is_of(record, &chain.end)) {
        if let Some(ip) = question.kind.address(&record.data)
            && !addresses.iter().any(|known| known.ip == ip)
            && addresses.len() < MOST_ADDRESSES
        {
            addresses.push(Address { ip, ttl: record.ttl });
        }
    }
    if chain.broken.is_some() {
        addresses.clear();
    }
    Reply::Answer(Answer {
        rcode,
        authoritative: message.metadata.authoritative,
        recursion: message.metadata.recursion_available,
        cnames: chain.aliases,
        broken_chain: chain.broken,
        addresses,
    })
}

/// The question that a reply repeats, to find out whom a reply with a strange id was meant for.
pub(crate) fn question_of(bytes: &[u8]) -> Option<Query> {
    let header = Header::read(bytes).filter(|header| header.questions == 1)?;
    header.is_response().then(|| Message::from_vec(bytes).ok()?.queries.pop())?
}

/// The first twelve bytes, as far as they decide whose a message is.
struct Header {
    id: u16,
    flags: u16,
    questions: u16,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let [id0, id1, flags0, flags1, questions0, questions1, ..] = *bytes.first_chunk::<12>()?;
        Some(Self {
            id: u16::from_be_bytes([id0, id1]),
            flags: u16::from_be_bytes([flags0, flags1]),
            questions: u16::from_be_bytes([questions0, questions1]),
        })
    }

    /// QR is set and OPCODE is QUERY.
    fn is_response(&self) -> bool {
        self.flags & 0xf800 == 0x8000
    }

    fn is_truncated(&self) -> bool {
        self.flags & 0x0200 != 0
    }
}

/// The aliases from a name on.
struct Chain {
    aliases: Vec<String>,
    end: Name,
    broken: Option<BrokenChain>,
}

impl Chain {
    /// Only aliases that the name leads to count; records with unrelated owners never do.
    fn follow(name: Name, answers: &[Record]) -> Self {
        let mut names = vec![name];
        let mut broken = None;
        while let Some(target) = alias_of(names.last().unwrap_or(&Name::root()), answers) {
            if names.contains(target) {
                broken = Some(BrokenChain::Loop);
            } else if names.len() > MOST_ALIASES {
                broken = Some(BrokenChain::TooLong);
            }
            names.push(target.clone());
            if broken.is_some() {
                break;
            }
        }
        let aliases = names.iter().skip(1).map(|alias| {
            let alias = alias.to_ascii();
            shown(alias.strip_suffix('.').unwrap_or(&alias), 260)
        });
        Self { aliases: aliases.collect(), end: names.pop().unwrap_or_default(), broken }
    }
}

fn alias_of<'a>(name: &Name, answers: &'a [Record]) -> Option<&'a Name> {
    answers.iter().filter(|record| is_of(record, name)).find_map(|record| match &record.data {
        RData::CNAME(target) => Some(&target.0),
        _ => None,
    })
}

fn is_of(record: &Record, owner: &Name) -> bool {
    record.dns_class == DNSClass::IN && record.name == *owner
}

/// Resolvers themselves give up at about as many.
const MOST_ALIASES: usize = 16;
/// More than any host of the web has.
const MOST_ADDRESSES: usize = 64;

#[cfg(test)]
mod tests;
