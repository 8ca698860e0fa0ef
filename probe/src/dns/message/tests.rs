use std::net::Ipv4Addr;

use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use proptest::prelude::*;

use super::*;

fn question(name: &str, kind: RecordKind) -> Question {
    Question { name: HostName::new(name), kind }
}

fn wire(name: &str) -> Name {
    Name::from_ascii(format!("{name}.")).expect("a name")
}

fn a(owner: &str, last: u8) -> Record {
    Record::from_rdata(wire(owner), 60, RData::A(A(Ipv4Addr::new(192, 0, 2, last))))
}

fn cname(owner: &str, target: &str) -> Record {
    Record::from_rdata(wire(owner), 60, RData::CNAME(CNAME(wire(target))))
}

fn reply(id: u16, name: &str, answers: Vec<Record>) -> Message {
    let mut message = Message::response(id, OpCode::Query);
    message.metadata.recursion_available = true;
    message.add_query(Query::query(wire(name), RecordType::A));
    message.add_answers(answers);
    message
}

fn read(message: &Message) -> Reply {
    let bytes = message.to_vec().expect("a message");
    read_reply(&bytes, 7, &question("github.com", RecordKind::A))
}

fn answer(answers: Vec<Record>) -> Answer {
    match read(&reply(7, "github.com", answers)) {
        Reply::Answer(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn last_bytes(answer: &Answer) -> Vec<u8> {
    let octets = answer.addresses.iter().map(|address| match address.ip {
        IpAddr::V4(ip) => ip.octets()[3],
        IpAddr::V6(ip) => ip.octets()[15],
    });
    octets.collect()
}

#[test]
fn a_query_asks_for_recursion_without_edns() {
    let bytes = question("github.com", RecordKind::Aaaa).query(0x1234).expect("a query");
    assert_eq!(bytes[..12], *b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00");
    assert_eq!(bytes[12..], *b"\x06github\x03com\x00\x00\x1c\x00\x01");
    assert!(question(&"a".repeat(64), RecordKind::A).query(1).is_err());
}

#[test]
fn aliases_are_followed_in_order_and_strangers_are_left_out() {
    let seen = answer(vec![
        a("elsewhere.example", 66),
        cname("cdn.example", "edge.example"),
        cname("GITHUB.com", "cdn.example"),
        a("edge.example", 1),
        a("edge.example", 1),
        a("Edge.Example", 2),
        a("github.com", 67),
    ]);
    assert_eq!(seen.cnames, ["cdn.example", "edge.example"]);
    assert_eq!(last_bytes(&seen), [1, 2]);
    assert_eq!(seen.broken_chain, None);
}

#[test]
fn a_chain_in_a_circle_or_too_long_ends() {
    let circle = answer(vec![cname("github.com", "loop.example"), cname("loop.example", "github.com")]);
    assert_eq!(circle.broken_chain, Some(BrokenChain::Loop));
    assert_eq!(circle.cnames, ["loop.example", "github.com"]);

    let hop = |n: u8| format!("n{n}.example");
    let chain_of = |length: u8| {
        let mut records = vec![cname("github.com", &hop(1))];
        records.extend((1..length).map(|n| cname(&hop(n), &hop(n + 1))));
        records.push(a(&hop(length), 9));
        answer(records)
    };
    assert_eq!((chain_of(16).broken_chain, last_bytes(&chain_of(16))), (None, vec![9]));
    assert_eq!((chain_of(17).broken_chain, last_bytes(&chain_of(17))), (Some(BrokenChain::TooLong), vec![]));
}

#[test]
fn what_answers_another_question_is_stray() {
    let whole = reply(7, "github.com", vec![a("github.com", 1)]);
    let changed = |change: fn(&mut Message)| {
        let mut message = whole.clone();
        change(&mut message);
        read(&message)
    };
    assert!(matches!(read(&whole), Reply::Answer(_)));
    assert_eq!(changed(|message| message.metadata.id = 8), Reply::Stray);
    assert_eq!(changed(|message| message.metadata.message_type = MessageType::Query), Reply::Stray);
    assert_eq!(changed(|message| message.metadata.op_code = OpCode::Status), Reply::Stray);
    assert_eq!(changed(|message| message.queries[0].name = wire("github.org")), Reply::Stray);
    assert_eq!(changed(|message| message.queries[0].query_type = RecordType::AAAA), Reply::Stray);
    assert_eq!(changed(|message| message.queries.clear()), Reply::Stray);
    assert_eq!(changed(|message| message.metadata.truncation = true), Reply::Truncated);
}

#[test]
fn a_refusal_may_leave_the_question_out() {
    let mut message = Message::error_msg(7, OpCode::Query, ResponseCode::Refused);
    assert!(matches!(read(&message), Reply::Answer(Answer { rcode: Rcode::Refused, .. })));
    message.metadata.response_code = ResponseCode::NoError;
    assert_eq!(read(&message), Reply::Stray);
}

#[test]
fn what_has_our_id_and_cannot_be_read_is_garbage() {
    let asked = question("github.com", RecordKind::A);
    let counts = b"\x00\x07\x81\x80\xff\xff\xff\xff\xff\xff\xff\xff\x3f\x1b[31m";
    assert_eq!(read_reply(counts, 7, &asked), Reply::Garbage);
    let endless = b"\x00\x07\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01";
    assert_eq!(read_reply(endless, 7, &asked), Reply::Garbage);
    assert_eq!(read_reply(b"\x00\x07", 7, &asked), Reply::Stray);
    // Cut in the middle of its answer, and says so.
    let mut cut = reply(7, "github.com", vec![a("github.com", 1)]).to_vec().expect("a message");
    cut.truncate(cut.len() - 3);
    assert_eq!(read_reply(&cut, 7, &asked), Reply::Garbage);
    cut[2] |= 0x02;
    assert_eq!(read_reply(&cut, 7, &asked), Reply::Truncated);
}

#[test]
fn only_the_kind_that_was_asked_for_counts() {
    let six =
        Record::from_rdata(wire("github.com"), 60, RData::AAAA(AAAA("2001:db8::1".parse().expect("ip"))));
    assert_eq!(last_bytes(&answer(vec![six, a("github.com", 5)])), [5]);
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..600), aaaa in any::<bool>()) {
        let kind = if aaaa { RecordKind::Aaaa } else { RecordKind::A };
        let asked = question("github.com", kind);
        let id = u16::from_be_bytes([bytes.first().copied().unwrap_or(0), bytes.get(1).copied().unwrap_or(0)]);
        let _ = read_reply(&bytes, id, &asked);
        let _ = question_of(&bytes);
    }

    #[test]
    fn a_damaged_reply_is_read(
        at in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let answers = vec![cname("github.com", "cdn.example"), a("cdn.example", 1), a("cdn.example", 2)];
        let mut bytes = reply(7, "github.com", answers).to_vec()?;
        for (index, byte) in at {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        let id = bytes.first_chunk().map_or(7, |id| u16::from_be_bytes(*id));
        if let Reply::Answer(answer) = read_reply(&bytes, id, &question("github.com", RecordKind::A)) {
            prop_assert!(answer.cnames.len() <= MOST_ALIASES + 1);
            prop_assert!(answer.addresses.len() <= MOST_ADDRESSES);
            prop_assert!(answer.addresses.iter().all(|address| address.ip.is_ipv4()));
            prop_assert!(!answer.cnames.iter().any(|alias| alias.chars().any(char::is_control)));
        }
    }

    #[test]
    fn any_host_name_makes_a_query_or_an_error(name in ".{0,80}") {
        let asked = question(&name, RecordKind::A);
        if let Ok(bytes) = asked.query(9) {
            prop_assert!(bytes.len() <= 512);
            // A query is no reply, not even to itself.
            prop_assert_eq!(read_reply(&bytes, 9, &asked), Reply::Stray);
        }
    }
}
