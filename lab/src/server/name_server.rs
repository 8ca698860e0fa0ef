//! A recursive name server: UDP and TCP on one port, healthy or with the faults of its world.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{CNAME, SOA};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use crate::log::{Event, Transport, shortened};
use crate::scene::Scene;
use crate::wire::{self, AnyWire};
use crate::world::{DnsTcp, NameBehaviour, Rcode};

/// Answers on UDP, for ever.
pub(crate) async fn serve_udp(socket: UdpSocket, server: usize, scene: Arc<Scene>) {
    let socket = Arc::new(socket);
    let mut replies = JoinSet::new();
    let mut packet = vec![0; 4096];
    loop {
        let Ok((length, peer)) = socket.recv_from(&mut packet).await else {
            // News of an earlier reply that nobody wanted; the pause is for errors that stay.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        while replies.try_join_next().is_some() {}
        if replies.len() >= MAX_PENDING {
            continue;
        }
        let Some(query) = read_query(&packet[..length]) else { continue };
        let answer = Answer::to(query, server, Transport::Udp, &scene);
        let socket = socket.clone();
        replies.spawn(async move {
            tokio::time::sleep(answer.delay).await;
            for datagram in answer.messages {
                // Lost, as datagrams are.
                let _ = socket.send_to(&datagram, peer).await;
            }
        });
    }
}

/// Answers on one TCP connection, query by query (RFC 7766).
pub(crate) async fn serve_tcp(mut wire: AnyWire, server: usize, scene: Arc<Scene>) -> io::Result<()> {
    loop {
        let length = match wire.read_u16().await {
            Ok(length) => length,
            Err(_) => return Ok(()),
        };
        let mut message = vec![0; length.into()];
        wire.read_exact(&mut message).await?;
        let Some(query) = read_query(&message) else { return Ok(()) };
        let answer = Answer::to(query, server, Transport::Tcp, &scene);
        tokio::time::sleep(answer.delay).await;
        if answer.messages.is_empty() {
            return wire::hold(wire).await;
        }
        for message in answer.messages {
            let length = u16::try_from(message.len()).unwrap_or(u16::MAX).to_be_bytes();
            wire.write_all(&[&length[..], &message].concat()).await?;
        }
        wire.flush().await?;
    }
}

/// What goes back for one query.
struct Answer {
    delay: Duration,
    messages: Vec<Vec<u8>>,
}

impl Answer {
    fn to(query: Message, server: usize, transport: Transport, scene: &Scene) -> Answer {
        let Some(question) = query.queries.first() else {
            return Answer::now(vec![bytes_of(&refusal(&query, ResponseCode::FormErr))]);
        };
        let name = plain(&question.name);
        scene.log.add(Event::Query {
            server,
            transport,
            name: shortened(&name),
            kind: question.query_type.to_string(),
        });
        let behaviour = Behaviour::of(&name, server, scene);
        let reply = behaviour.reply(&query, scene);
        Answer {
            delay: Duration::from_millis(behaviour.says.delay_ms),
            messages: match transport {
                Transport::Udp => behaviour.datagrams(&query, reply),
                Transport::Tcp => behaviour.stream_messages(reply),
            },
        }
    }

    fn now(messages: Vec<Vec<u8>>) -> Answer {
        Answer { delay: Duration::ZERO, messages }
    }
}

/// How one server answers for one name.
struct Behaviour {
    says: NameBehaviour,
    /// The name that the world file speaks of: the one asked for, or the one that it is an alias on the way from.
    owner: String,
    /// The aliases from the name asked for on.
    chain: Vec<String>,
}

impl Behaviour {
    fn of(name: &str, server: usize, scene: &Scene) -> Behaviour {
        let server = &scene.world.name_servers[server];
        if let Some(says) = server.names.get(name) {
            return Behaviour { says: says.clone(), owner: name.to_owned(), chain: chain_of(name, says) };
        }
        for (owner, says) in &server.names {
            let chain = chain_of(owner, says);
            if let Some(at) = chain.iter().position(|alias| alias == name) {
                return Behaviour {
                    says: says.clone(),
                    owner: owner.clone(),
                    chain: chain[at + 1..].to_vec(),
                };
            }
        }
        let says = server.all.clone().unwrap_or_default();
        let chain = match scene.addresses_of(name) {
            Some(_) => chain_of(name, &says),
            // With `all`, an alias is a name like any other, and would be an alias of itself.
            None => Vec::new(),
        };
        Behaviour { says, owner: name.to_owned(), chain }
    }

    /// The proper reply of a server that is as this one is.
    fn reply(&self, query: &Message, scene: &Scene) -> Message {
        let mut reply = refusal(query, ResponseCode::NoError);
        let Some(question) = query.queries.first() else { return reply };
        let known = scene.addresses_of(&self.owner);
        let says_addresses = self.says.a.is_some() || self.says.aaaa.is_some();
        let rcode = match self.says.rcode {
            Some(rcode) => code(rcode),
            None if known.is_some() || says_addresses || !self.chain.is_empty() => ResponseCode::NoError,
            None => ResponseCode::NXDomain,
        };
        reply.metadata.response_code = rcode;
        if !matches!(rcode, ResponseCode::NoError | ResponseCode::NXDomain) {
            return reply;
        }

        let ttl = self.says.ttl.unwrap_or(60);
        let mut at = question.name.clone();
        for alias in &self.chain {
            let target = dns_name(alias);
            reply.add_answer(Record::from_rdata(at, ttl, RData::CNAME(CNAME(target.clone()))));
            at = target;
        }
        let known = known.unwrap_or_default();
        let addresses: Vec<IpAddr> = match question.query_type {
            _ if rcode == ResponseCode::NXDomain || self.says.cname_loop => Vec::new(),
            RecordType::A => match &self.says.a {
                Some(a) => a.iter().copied().map(IpAddr::from).collect(),
                None => known.into_iter().filter(IpAddr::is_ipv4).collect(),
            },
            RecordType::AAAA => match &self.says.aaaa {
                Some(aaaa) => aaaa.iter().copied().map(IpAddr::from).collect(),
                None => known.into_iter().filter(IpAddr::is_ipv6).collect(),
            },
            _ => Vec::new(),
        };
        if addresses.is_empty() && !self.says.cname_loop {
            reply.add_authority(start_of_authority(&at));
        }
        reply.add_answers(
            addresses.into_iter().map(|ip| Record::from_rdata(at.clone(), ttl, RData::from(ip))),
        );
        reply
    }

    /// The reply as it goes over UDP: nothing, one datagram or two.
    fn datagrams(&self, query: &Message, mut reply: Message) -> Vec<Vec<u8>> {
        let says = &self.says;
        if says.silent {
            return Vec::new();
        }
        if says.garbage {
            return vec![garbage(query.metadata.id)];
        }
        if says.wrong_question {
            return vec![bytes_of(&of_another_question(reply))];
        }
        let limit = usize::from(query.max_payload());
        let mut bytes = bytes_of(&reply);
        if says.truncate || bytes.len() > limit {
            reply.answers.clear();
            reply.authorities.clear();
            reply.metadata.truncation = true;
            bytes = bytes_of(&reply);
        }
        let false_one = || {
            let mut other = reply.clone();
            other.metadata.id ^= 0x5a5a;
            for record in &mut other.answers {
                if let RData::A(a) = &mut record.data {
                    a.0 = FALSE_ADDRESS;
                }
            }
            bytes_of(&other)
        };
        match (says.wrong_id, says.wrong_id_first) {
            (true, _) => vec![false_one()],
            (false, true) => vec![false_one(), bytes],
            (false, false) => vec![bytes],
        }
    }

    /// The reply as it goes over TCP.
    fn stream_messages(&self, reply: Message) -> Vec<Vec<u8>> {
        match self.says.tcp {
            _ if self.says.silent => Vec::new(),
            DnsTcp::Silent => Vec::new(),
            DnsTcp::Garbage => vec![garbage(reply.metadata.id)],
            _ if self.says.garbage => vec![garbage(reply.metadata.id)],
            DnsTcp::Serve | DnsTcp::Refuse => vec![bytes_of(&reply)],
        }
    }
}

/// The aliases that a name leads through.
fn chain_of(name: &str, says: &NameBehaviour) -> Vec<String> {
    match says.cname_loop {
        true => vec![format!("loop.{name}"), name.to_owned()],
        false => says.cname.clone(),
    }
}

/// A query, or nothing for what no server answers: replies, and what is no DNS message.
fn read_query(bytes: &[u8]) -> Option<Message> {
    let query = Message::from_vec(bytes).ok()?;
    (query.metadata.message_type == MessageType::Query).then_some(query)
}

/// An empty reply to a query.
fn refusal(query: &Message, code: ResponseCode) -> Message {
    let mut reply = Message::response(query.metadata.id, OpCode::Query);
    reply.metadata.recursion_desired = query.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    reply.metadata.response_code = code;
    reply.add_queries(query.queries.iter().take(1).cloned());
    if query.edns.is_some() {
        let mut edns = Edns::new();
        edns.set_max_payload(1232);
        reply.set_edns(edns);
    }
    reply
}

/// The same reply, as if something else had been asked for.
fn of_another_question(mut reply: Message) -> Message {
    let other = dns_name("elsewhere.example");
    for query in &mut reply.queries {
        query.name = other.clone();
    }
    for record in &mut reply.answers {
        record.name = other.clone();
    }
    reply
}

/// The record that says how long a negative answer holds (RFC 2308 §3): that of the name's registered domain.
fn start_of_authority(name: &Name) -> Record {
    let zone = name.trim_to(2);
    let within = |label: &str| zone.prepend_label(label).unwrap_or_else(|_| zone.clone());
    let soa = SOA::new(within("ns1"), within("hostmaster"), 1, 3600, 600, 604_800, 60);
    Record::from_rdata(zone.clone(), 60, RData::SOA(soa))
}

fn bytes_of(message: &Message) -> Vec<u8> {
    // What cannot be said on the wire becomes what a broken server sends.
    message.to_vec().unwrap_or_else(|_| garbage(message.metadata.id))
}

/// The right id, then counts of what is not there and a name that never ends. Unkind to terminals.
fn garbage(id: u16) -> Vec<u8> {
    [&id.to_be_bytes()[..], b"\x81\x80\xff\xff\xff\xff\xff\xff\xff\xff\x3f\x1b[31m\xc0\x0c\xc0"].concat()
}

/// Names in worlds were checked when they were read.
fn dns_name(text: &str) -> Name {
    Name::from_ascii(format!("{text}.")).unwrap_or_else(|_| Name::root())
}

fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}

fn code(rcode: Rcode) -> ResponseCode {
    match rcode {
        Rcode::NoError => ResponseCode::NoError,
        Rcode::FormErr => ResponseCode::FormErr,
        Rcode::ServFail => ResponseCode::ServFail,
        Rcode::NxDomain => ResponseCode::NXDomain,
        Rcode::NotImp => ResponseCode::NotImp,
        Rcode::Refused => ResponseCode::Refused,
    }
}

/// Replies that one server may have under way.
const MAX_PENDING: usize = 2000;
/// What a forged reply claims (RFC 5737).
const FALSE_ADDRESS: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 66);
