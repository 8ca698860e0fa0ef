//! Name servers: each behaviour as it is on the wire.

use std::io::ErrorKind;
use std::net::IpAddr;

use gh_connect_lab::{Event, Transport};
use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use tokio::net::UdpSocket;

use crate::client::{SILENCE, addresses, aliases, ask, ask_bytes, ask_tcp, lab, question, receive};

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// Whether no reply comes.
async fn is_unanswered(lab: &gh_connect_lab::Lab, server: usize, name: &str) -> bool {
    let query = question(name, RecordType::A);
    tokio::time::timeout(SILENCE, ask_bytes(lab, server, &query)).await.is_err()
}

#[tokio::test]
async fn rcodes_are_sent_as_said() {
    for (word, code) in [
        ("noerror", ResponseCode::NoError),
        ("nxdomain", ResponseCode::NXDomain),
        ("servfail", ResponseCode::ServFail),
        ("refused", ResponseCode::Refused),
        ("formerr", ResponseCode::FormErr),
        ("notimp", ResponseCode::NotImp),
    ] {
        let lab =
            lab(&format!("[[name-server]]\nnames.'github.com'.rcode = '{word}'\n[[name-server]]")).await;
        let reply = ask(&lab, 0, "github.com", RecordType::A).await;
        assert_eq!(reply.metadata.response_code, code);
        assert_eq!(reply.metadata.id, 4711);
        assert_eq!(addresses(&reply).len(), usize::from(word == "noerror"));
        // Only for this name, and only at this server.
        assert_eq!(addresses(&ask(&lab, 0, "api.github.com", RecordType::A).await).len(), 1);
        assert_eq!(addresses(&ask(&lab, 1, "github.com", RecordType::A).await).len(), 1);
    }
}

#[tokio::test]
async fn all_covers_every_name_that_has_no_entry_of_its_own() {
    let lab = lab("[[name-server]]\nall = { rcode = 'refused' }\nnames.'github.com' = {}").await;
    assert_eq!(lab.name_servers().len(), 1);
    assert_eq!(
        ask(&lab, 0, "anything.example", RecordType::A).await.metadata.response_code,
        ResponseCode::Refused
    );
    assert_eq!(addresses(&ask(&lab, 0, "github.com", RecordType::A).await), ips(&["140.82.121.3"]));
}

#[tokio::test]
async fn addresses_and_ttl_are_sent_as_said() {
    let lab = lab(
        "[[name-server]]\n[name-server.names.'github.com']\na = ['0.0.0.0', '10.0.0.1']\naaaa = ['::1']\nttl = 5\n\
         [name-server.names.'api.github.com']\na = []",
    )
    .await;
    let reply = ask(&lab, 0, "GitHub.com", RecordType::A).await;
    assert_eq!(addresses(&reply), ips(&["0.0.0.0", "10.0.0.1"]));
    assert!(reply.answers.iter().all(|record| record.ttl == 5));
    assert_eq!(addresses(&ask(&lab, 0, "github.com", RecordType::AAAA).await), ips(&["::1"]));
    for (name, kind) in [
        ("api.github.com", RecordType::A),
        ("api.github.com", RecordType::AAAA),
        ("github.com", RecordType::MX),
    ] {
        let reply = ask(&lab, 0, name, kind).await;
        assert_eq!(reply.metadata.response_code, ResponseCode::NoError, "{name} {kind}");
        assert!(reply.answers.is_empty(), "{name} {kind}");
        assert_eq!(reply.authorities[0].name, Name::from_ascii("github.com.").unwrap());
    }
}

#[tokio::test]
async fn a_chain_of_aliases_leads_to_the_addresses_from_every_link() {
    let lab = lab("[[name-server]]\nnames.'github.com'.cname = ['x.example', 'y.example']").await;
    let reply = ask(&lab, 0, "github.com", RecordType::A).await;
    assert_eq!(aliases(&reply), ["x.example.", "y.example."]);
    assert_eq!(addresses(&reply), ips(&["140.82.121.3"]));
    let reply = ask(&lab, 0, "x.example", RecordType::A).await;
    assert_eq!(aliases(&reply), ["y.example."]);
    assert_eq!(addresses(&reply), ips(&["140.82.121.3"]));
    assert!(aliases(&ask(&lab, 0, "y.example", RecordType::A).await).is_empty());
}

#[tokio::test]
async fn an_alias_can_lead_to_nothing() {
    let lab =
        lab("[[name-server]]\nnames.'github.com' = { cname = ['x.example'], rcode = 'nxdomain' }").await;
    let reply = ask(&lab, 0, "github.com", RecordType::A).await;
    assert_eq!(reply.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(aliases(&reply), ["x.example."]);
    assert!(addresses(&reply).is_empty());
}

#[tokio::test]
async fn a_loop_of_aliases_never_ends() {
    let lab = lab("[[name-server]]\nnames.'github.com'.cname-loop = true").await;
    let mut name = "github.com".to_owned();
    for _ in 0..4 {
        let reply = ask(&lab, 0, &name, RecordType::A).await;
        assert!(addresses(&reply).is_empty());
        name = aliases(&reply).first().unwrap().clone();
    }
    assert_eq!(name, "github.com.");
}

#[tokio::test]
async fn silence_is_silence_over_udp_and_tcp() {
    let lab = lab("[[name-server]]\nnames.'github.com'.silent = true").await;
    assert!(is_unanswered(&lab, 0, "github.com").await);
    assert!(tokio::time::timeout(SILENCE, ask_tcp(&lab, 0, "github.com", RecordType::A)).await.is_err());
    assert_eq!(addresses(&ask(&lab, 0, "api.github.com", RecordType::A).await).len(), 1);
}

#[tokio::test]
async fn a_delay_holds_the_reply_back_and_no_other() {
    let lab = lab("[[name-server]]\nnames.'github.com'.delay-ms = 600000").await;
    assert!(is_unanswered(&lab, 0, "github.com").await);
    assert_eq!(addresses(&ask(&lab, 0, "api.github.com", RecordType::A).await).len(), 1);
    let lab = crate::client::lab("[[name-server]]\nall.delay-ms = 20").await;
    assert_eq!(addresses(&ask(&lab, 0, "github.com", RecordType::A).await).len(), 1);
}

#[tokio::test]
async fn a_truncated_reply_is_empty_and_says_so_and_tcp_has_the_rest() {
    let lab = lab("[[name-server]]\nnames.'github.com'.truncate = true").await;
    let reply = ask(&lab, 0, "github.com", RecordType::A).await;
    assert!(reply.metadata.truncation);
    assert!(reply.answers.is_empty());
    let reply = Message::from_vec(&ask_tcp(&lab, 0, "github.com", RecordType::A).await.unwrap()).unwrap();
    assert!(!reply.metadata.truncation);
    assert_eq!(addresses(&reply), ips(&["140.82.121.3"]));
    let over = |transport| Event::Query { server: 0, transport, name: "github.com".into(), kind: "A".into() };
    assert_eq!(lab.log(), [over(Transport::Udp), over(Transport::Tcp)]);
}

#[tokio::test]
async fn a_reply_that_does_not_fit_is_truncated_without_being_told() {
    let many: Vec<String> = (0..100).map(|i| format!("'10.0.0.{i}'")).collect();
    let lab = lab(&format!("[[name-server]]\nnames.'github.com'.a = [{}]", many.join(", "))).await;
    assert!(ask(&lab, 0, "github.com", RecordType::A).await.metadata.truncation);
    let reply = Message::from_vec(&ask_tcp(&lab, 0, "github.com", RecordType::A).await.unwrap()).unwrap();
    assert_eq!(addresses(&reply).len(), 100);
}

#[tokio::test]
async fn tcp_can_fail_in_three_ways() {
    let world = |tcp| format!("[[name-server]]\nnames.'github.com' = {{ truncate = true, tcp = '{tcp}' }}");
    let refusing = lab(&world("refuse")).await;
    assert!(ask(&refusing, 0, "github.com", RecordType::A).await.metadata.truncation);
    let error = ask_tcp(&refusing, 0, "github.com", RecordType::A).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);

    let silent = lab(&world("silent")).await;
    assert!(tokio::time::timeout(SILENCE, ask_tcp(&silent, 0, "github.com", RecordType::A)).await.is_err());

    let garbage = lab(&world("garbage")).await;
    let bytes = ask_tcp(&garbage, 0, "github.com", RecordType::A).await.unwrap();
    Message::from_vec(&bytes).unwrap_err();
}

#[tokio::test]
async fn a_wrong_id_comes_alone_or_first() {
    let lab = lab(
        "[[name-server]]\nnames.'github.com'.wrong-id = true\nnames.'api.github.com'.wrong-id-first = true",
    )
    .await;
    let only = ask(&lab, 0, "github.com", RecordType::A).await;
    assert_ne!(only.metadata.id, 4711);

    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(lab.name_servers()[0]).await.unwrap();
    socket.send(&question("api.github.com", RecordType::A).to_vec().unwrap()).await.unwrap();
    let first = Message::from_vec(&receive(&socket).await).unwrap();
    let second = Message::from_vec(&receive(&socket).await).unwrap();
    assert_ne!(first.metadata.id, 4711);
    assert_ne!(addresses(&first), ips(&["140.82.121.5"]), "the false reply would mislead who believed it");
    assert_eq!(second.metadata.id, 4711);
    assert_eq!(addresses(&second), ips(&["140.82.121.5"]));
}

#[tokio::test]
async fn garbage_has_the_right_id_and_no_sense() {
    let lab = lab("[[name-server]]\nnames.'github.com'.garbage = true").await;
    let bytes = ask_bytes(&lab, 0, &question("github.com", RecordType::A)).await;
    assert_eq!(bytes[..2], 4711_u16.to_be_bytes());
    Message::from_vec(&bytes).unwrap_err();
}

#[tokio::test]
async fn a_wrong_question_is_answered_with_the_right_id() {
    let lab = lab("[[name-server]]\nnames.'github.com'.wrong-question = true").await;
    let reply = ask(&lab, 0, "github.com", RecordType::A).await;
    assert_eq!(reply.metadata.id, 4711);
    assert_ne!(reply.queries[0].name, Name::from_ascii("github.com.").unwrap());
    assert_eq!(reply.answers[0].name, reply.queries[0].name);
}

#[tokio::test]
async fn peers_that_talk_nonsense_are_survived() {
    let lab = lab("").await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(lab.name_servers()[0]).await.unwrap();
    let mut reply = question("github.com", RecordType::A);
    reply.metadata.message_type = MessageType::Response;
    for packet in [vec![], vec![0; 5], vec![0xff; 600], reply.to_vec().unwrap()] {
        socket.send(&packet).await.unwrap();
    }
    let mut stream = tokio::net::TcpStream::connect(lab.name_servers()[0]).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"\x00\x05hello").await.unwrap();
    assert!(crate::client::read_all(&mut stream).await.is_empty());
    assert_eq!(addresses(&ask(&lab, 0, "github.com", RecordType::A).await).len(), 1);
    let mut none = Message::new(1, MessageType::Query, hickory_proto::op::OpCode::Query);
    none.metadata.recursion_desired = true;
    let reply = Message::from_vec(&ask_bytes(&lab, 0, &none).await).unwrap();
    assert_eq!(reply.metadata.response_code, ResponseCode::FormErr);
}
