//! The facts against name servers in this process, over real sockets on loopback.

use std::{
    collections::BTreeSet,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use gh_connect_engine::{Cx, Effects, Machine, Origin, Plan, Seconds, Sourced, Target};
use hickory_proto::{
    op::{Message, OpCode, ResponseCode},
    rr::{Name, RData, Record, RecordType, rdata::A},
};
use jiff::Timestamp;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, UdpSocket},
};

use super::*;
use crate::{net::Failure, testing};

/// What a server sends back, datagram by datagram or message by message; the number counts its queries from 0.
type Script = dyn Fn(&Message, usize) -> Vec<Vec<u8>> + Send + Sync;

/// A name server whose TCP port is closed, or answers, or is mute.
struct Server {
    address: SocketAddr,
    /// From where it was asked over UDP.
    askers: Arc<Mutex<BTreeSet<SocketAddr>>>,
}

enum Tcp {
    Closed,
    Answers(Box<Script>),
}

impl Server {
    async fn udp(script: impl Fn(&Message, usize) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self::start(script, Tcp::Closed).await
    }

    async fn start(
        script: impl Fn(&Message, usize) -> Vec<Vec<u8>> + Send + Sync + 'static,
        tcp: Tcp,
    ) -> Self {
        let (listener, socket) = one_port().await;
        let address = socket.local_addr().expect("an address");
        let askers: Arc<Mutex<BTreeSet<SocketAddr>>> = Arc::default();
        let seen = Arc::clone(&askers);
        tokio::spawn(async move {
            let mut buffer = [0; 600];
            for nth in 0.. {
                let (length, peer) = socket.recv_from(&mut buffer).await.expect("a query");
                seen.lock().expect("no panic").insert(peer);
                let query = Message::from_vec(&buffer[..length]).expect("a query");
                for datagram in script(&query, nth) {
                    // Whoever has what it wants is gone.
                    let _ = socket.send_to(&datagram, peer).await;
                }
            }
        });
        if let Tcp::Answers(script) = tcp {
            tokio::spawn(async move {
                for nth in 0.. {
                    let (mut stream, _) = listener.accept().await.expect("a connection");
                    let mut query = vec![0; stream.read_u16().await.expect("a length").into()];
                    stream.read_exact(&mut query).await.expect("a query");
                    let replies = script(&Message::from_vec(&query).expect("a query"), nth);
                    for reply in &replies {
                        let length = u16::try_from(reply.len()).expect("a short message").to_be_bytes();
                        stream.write_all(&[&length[..], reply].concat()).await.expect("an asker");
                    }
                    if replies.is_empty() {
                        // Silence is an open connection.
                        std::mem::forget(stream);
                    }
                }
            });
        }
        Self { address, askers }
    }
}

/// A port that is free over TCP and UDP: the kernel hands them out apart, so that a try may fail.
#[expect(clippy::disallowed_methods, reason = "a server for tests")]
async fn one_port() -> (TcpListener, UdpSocket) {
    for _ in 0..100 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket");
        if let Ok(socket) = UdpSocket::bind(listener.local_addr().expect("an address")).await {
            return (listener, socket);
        }
    }
    panic!("no port is free");
}

fn bytes(message: &Message) -> Vec<u8> {
    message.to_vec().expect("a message")
}

fn empty(query: &Message, rcode: ResponseCode) -> Message {
    let mut reply = Message::response(query.metadata.id, OpCode::Query);
    reply.metadata.recursion_available = true;
    reply.metadata.response_code = rcode;
    reply.add_queries(query.queries.iter().cloned());
    reply
}

/// A has one address with this last byte, AAAA none.
fn healthy(query: &Message, last: u8) -> Message {
    let mut reply = empty(query, ResponseCode::NoError);
    if query.queries[0].query_type == RecordType::A {
        let address = RData::A(A(Ipv4Addr::new(140, 82, 121, last)));
        reply.add_answer(Record::from_rdata(query.queries[0].name.clone(), 60, address));
    }
    reply
}

fn truncated(query: &Message) -> Vec<u8> {
    let mut reply = empty(query, ResponseCode::NoError);
    reply.metadata.truncation = true;
    bytes(&reply)
}

fn plan(servers: &[SocketAddr]) -> Plan {
    let resolvers = Sourced::new(servers.to_vec(), Origin::flag("--resolver"));
    let target =
        |host: &str| Target { host: host.to_owned(), port: 443, role: gh_connect_engine::Role::Also };
    Plan { resolvers, targets: vec![target("github.com"), target("app.localhost")], ..testing::plan(&[]) }
}

/// A machine whose hosts file says this.
struct Hosts(&'static str);

impl Effects for Hosts {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok(self.0.into())
    }
}

fn cx(servers: &[SocketAddr]) -> Cx {
    Cx::live(plan(servers), Hosts(""))
}

/// Who waits for a timeout in such a run waits longer than the test runner does.
fn patient(servers: &[SocketAddr]) -> Cx {
    let timeout = Sourced::default(Seconds(Duration::from_secs(3600)));
    Cx::live(Plan { timeout, ..plan(servers) }, Hosts(""))
}

async fn exchange(cx: &Cx, server: SocketAddr, kind: RecordKind) -> Arc<Exchange> {
    let question = Question { name: HostName::new("github.com"), kind };
    cx.fact::<Exchange>(&ExchangeKey { server, question }).await.expect("a measurement")
}

async fn asked_for_a(server: &Server) -> Arc<Exchange> {
    exchange(&cx(&[server.address]), server.address, RecordKind::A).await
}

fn addresses(exchange: &Exchange) -> Vec<String> {
    let answer = exchange.answer().unwrap_or_else(|| panic!("no answer: {exchange:?}"));
    answer.addresses.iter().map(|address| address.ip.to_string()).collect()
}

#[tokio::test]
async fn an_answer_is_measured() {
    let server = Server::udp(|query, _| vec![bytes(&healthy(query, 3))]).await;
    let cx = cx(&[server.address]);
    let a = exchange(&cx, server.address, RecordKind::A).await;
    assert_eq!(addresses(&a), ["140.82.121.3"]);
    assert_eq!((a.attempts, a.stray, a.transport), (1, 0, Transport::Udp));
    assert!(a.rtt_us.is_some_and(|rtt| rtt <= a.took_us));
    let aaaa = exchange(&cx, server.address, RecordKind::Aaaa).await;
    assert_eq!(addresses(&aaaa), [""; 0]);
    // What is saved is what was measured.
    let saved = serde_json::to_value(&*a).expect("JSON");
    assert_eq!(saved["outcome"]["answer"]["rcode"], "NOERROR");
    assert_eq!(serde_json::from_value::<Exchange>(saved).expect("an exchange"), *a);
}

#[tokio::test]
async fn a_forged_reply_is_counted_and_ignored() {
    let server = Server::udp(|query, _| {
        let mut other_id = healthy(query, 66);
        other_id.metadata.id ^= 1;
        let mut other_question = healthy(query, 66);
        other_question.queries[0].name = Name::from_ascii("github.org.").expect("a name");
        vec![bytes(&other_id), b"?".to_vec(), bytes(&other_question), bytes(&healthy(query, 3))]
    })
    .await;
    let seen = asked_for_a(&server).await;
    assert_eq!((addresses(&seen), seen.stray), (vec!["140.82.121.3".to_owned()], 3));
}

#[tokio::test]
async fn only_forged_replies_are_no_answer() {
    let server = Server::udp(|query, _| {
        let mut other = healthy(query, 66);
        other.metadata.id ^= 1;
        vec![bytes(&other)]
    })
    .await;
    let seen = asked_for_a(&server).await;
    assert_eq!((&seen.outcome, seen.stray), (&Outcome::Silent, 2));
}

#[tokio::test]
async fn a_flood_is_not_listened_to_for_ever() {
    let server = Server::udp(|query, _| {
        let mut other = healthy(query, 66);
        other.queries[0].query_type = RecordType::TXT;
        vec![bytes(&other); 20_000]
    })
    .await;
    let seen = exchange(&patient(&[server.address]), server.address, RecordKind::A).await;
    assert_eq!(seen.outcome, Outcome::Silent);
    assert!(seen.stray >= 100);
}

#[tokio::test]
async fn garbage_is_garbage() {
    let server = Server::udp(|query, _| {
        vec![[&query.metadata.id.to_be_bytes()[..], b"\x81\x80\xff\xff\xff\xff\xff\xff\xff\xff"].concat()]
    })
    .await;
    assert_eq!(asked_for_a(&server).await.outcome, Outcome::Garbage);
}

#[tokio::test]
async fn a_truncated_reply_is_asked_for_again_over_tcp() {
    let tcp = Tcp::Answers(Box::new(|query, _| vec![bytes(&healthy(query, 3))]));
    let server = Server::start(|query, _| vec![truncated(query)], tcp).await;
    let seen = asked_for_a(&server).await;
    assert_eq!((addresses(&seen), seen.transport), (vec!["140.82.121.3".to_owned()], Transport::Tcp));
    assert!(seen.rtt_us.is_some());
}

#[tokio::test]
async fn truncated_and_no_tcp_is_measured() {
    let ends = |tcp| async {
        let server = Server::start(|query, _| vec![truncated(query)], tcp).await;
        match &asked_for_a(&server).await.outcome {
            Outcome::TruncatedNoTcp(trouble) => trouble.clone(),
            other => panic!("{other:?}"),
        }
    };
    let script = |script: fn(&Message, usize) -> Vec<Vec<u8>>| Tcp::Answers(Box::new(script));
    assert_eq!(ends(Tcp::Closed).await, TcpTrouble::Failed(Failure::Refused));
    assert_eq!(ends(script(|_, _| Vec::new())).await, TcpTrouble::Failed(Failure::TimedOut));
    assert_eq!(ends(script(|_, _| vec![b"no DNS".to_vec()])).await, TcpTrouble::Garbage);
    assert_eq!(ends(script(|query, _| vec![truncated(query)])).await, TcpTrouble::Garbage);
}

#[tokio::test]
async fn a_lost_query_is_sent_again_under_another_id() {
    let first_id: Mutex<Option<u16>> = Mutex::default();
    let server = Server::udp(move |query, nth| {
        let mut first_id = first_id.lock().expect("no panic");
        let first_id = first_id.get_or_insert(query.metadata.id);
        if nth == 0 {
            Vec::new()
        } else {
            vec![bytes(&healthy(query, u8::from(*first_id != query.metadata.id)))]
        }
    })
    .await;
    let timeout = Sourced::default(Seconds(Duration::from_secs(60)));
    let cx = Cx::live(Plan { timeout, ..plan(&[server.address]) }, Machine);
    let seen = exchange(&cx, server.address, RecordKind::A).await;
    assert_eq!((addresses(&seen), seen.attempts), (vec!["140.82.121.1".to_owned()], 2));
    // The round trip is that of the second query; the whole took the pause as well.
    assert!(seen.rtt_us.is_some_and(|rtt| rtt + 900_000 < seen.took_us));
}

#[tokio::test]
async fn silence_and_a_closed_port_are_told_apart() {
    let server = Server::udp(|_, _| Vec::new()).await;
    let seen = asked_for_a(&server).await;
    assert_eq!((&seen.outcome, seen.attempts, seen.rtt_us), (&Outcome::Silent, 2, None));

    // A socket that only listens to somebody else is, for us, none.
    let (_listener, closed) = one_port().await;
    closed.connect((Ipv4Addr::LOCALHOST, 1)).await.expect("a peer");
    let closed_port = closed.local_addr().expect("an address");
    let cx = patient(&[closed_port]);
    let seen = exchange(&cx, closed_port, RecordKind::A).await;
    assert_eq!(seen.outcome, Outcome::Failed(Failure::Refused));
    // All that ask at the same time are told, although the system tells it once.
    let servers = cx.fact::<NameServers>(&System).await.expect("a measurement");
    let hosts: Vec<HostName> = (0..40).map(|n| HostName::new(&format!("h{n}.example"))).collect();
    let asked = futures::future::join_all(hosts.iter().map(|host| ask_all(&cx, &servers, host))).await;
    for asked in asked {
        assert_eq!(asked.expect("measured")[0].says(), Says::Fails(Fault::Failed(Failure::Refused)));
    }
}

#[tokio::test]
async fn a_thousand_questions_share_one_socket() {
    let server = Server::udp(|query, _| vec![bytes(&healthy(query, 3))]).await;
    let cx = patient(&[server.address]);
    let servers = cx.fact::<NameServers>(&System).await.expect("a measurement");
    let hosts: Vec<HostName> = (0..500).map(|n| HostName::new(&format!("h{n}.example"))).collect();
    let asked = futures::future::join_all(hosts.iter().map(|host| ask_all(&cx, &servers, host))).await;
    for asked in asked {
        assert!(matches!(asked.expect("measured")[0].says(), Says::Addresses(_)));
    }
    assert_eq!(server.askers.lock().expect("no panic").len(), 1);
}

async fn resolved(cx: &Cx, host: &str) -> (By, Vec<String>) {
    let resolution = cx.fact::<Resolution>(&HostName::new(host)).await.expect("a measurement");
    (resolution.by, resolution.addresses.iter().map(IpAddr::to_string).collect())
}

async fn connects_to(cx: &Cx, host: &str) -> Vec<String> {
    let addresses = cx.fact::<Addresses>(&HostName::new(host)).await.expect("a measurement");
    addresses.list.iter().map(IpAddr::to_string).collect()
}

#[tokio::test]
async fn a_dead_second_server_holds_nobody_up() {
    let first = Server::udp(|query, _| vec![bytes(&healthy(query, 1))]).await;
    let dead = Server::udp(|_, _| Vec::new()).await;
    assert_eq!(connects_to(&patient(&[first.address, dead.address]), "github.com").await, ["140.82.121.1"]);
}

#[tokio::test]
async fn servers_that_fail_are_passed_over_and_those_that_deny_are_believed() {
    let says = |rcode| Server::udp(move |query, _| vec![bytes(&empty(query, rcode))]);
    let servers = [
        says(ResponseCode::ServFail).await,
        says(ResponseCode::Refused).await,
        says(ResponseCode::NotImp).await,
        says(ResponseCode::FormErr).await,
        Server::udp(|query, _| vec![bytes(&healthy(query, 5))]).await,
    ];
    let servers = servers.map(|server| server.address);
    let found = resolved(&patient(&servers), "github.com").await;
    assert_eq!(found, (By::NameServers, vec!["140.82.121.5".to_owned()]));

    for rcode in [ResponseCode::NXDomain, ResponseCode::NoError] {
        let denies = says(rcode).await.address;
        assert_eq!(resolved(&patient(&[denies, servers[4]]), "github.com").await, (By::NameServers, vec![]));
    }
}

#[tokio::test]
async fn the_hosts_file_comes_first() {
    let dead = Server::udp(|_, _| Vec::new()).await;
    let timeout = Sourced::default(Seconds(Duration::from_secs(3600)));
    let plan = Plan { timeout, ..plan(&[dead.address]) };
    let cx = Cx::live(plan, Hosts("::1 github.com\n10.0.0.1 github.com\n"));
    let found = resolved(&cx, "github.com").await;
    assert_eq!(found, (By::HostsFile, vec!["10.0.0.1".to_owned(), "::1".to_owned()]));
    // A filter's answer leads nowhere.
    assert_eq!(connects_to(&cx, "github.com").await, ["10.0.0.1"]);
}

#[tokio::test]
async fn loopback_is_an_address_like_any_other_where_nobody_judges_it() {
    let cx = Cx::live(plan(&[]), Hosts("127.0.0.1 proxy.corp.example app.localhost github.com"));
    assert_eq!(connects_to(&cx, "proxy.corp.example").await, ["127.0.0.1"]);
    assert_eq!(connects_to(&cx, "app.localhost").await, ["127.0.0.1"]);
    assert_eq!(connects_to(&cx, "127.0.0.1").await, ["127.0.0.1"]);
    assert_eq!(connects_to(&cx, "github.com").await, [""; 0]);
}

#[tokio::test]
async fn without_a_name_server_nothing_is_found() {
    let cx = cx(&[]);
    let servers = cx.fact::<NameServers>(&System).await.expect("a measurement");
    assert_eq!(servers.servers, []);
    let resolution = cx.fact::<Resolution>(&HostName::new("github.com")).await.expect("a measurement");
    assert_eq!(resolution.failure, Some(NotResolved::NameServers));
}

#[tokio::test]
async fn the_system_is_asked() {
    let plan = Plan { loopback_only: false, ..plan(&[]) };
    // The C library reads an address without asking anybody.
    let found = resolved(&Cx::live(plan, Machine), "127.0.0.1").await;
    assert_eq!(found, (By::System, vec!["127.0.0.1".to_owned()]));
}

#[tokio::test]
async fn unreadable_replies_to_one_name_explain_silence_about_another() {
    let server = Server::udp(|query, _| {
        let asks = |name: &str| query.queries.iter().any(|asked| asked.name().to_string().starts_with(name));
        // As long as a datagram can be, and no DNS message behind its head.
        let unreadable = || [&query.metadata.id.to_be_bytes()[..], &[0x81, 0x80], &[0xff; 48_000]].concat();
        if asks("garbled") { vec![unreadable()] } else { Vec::new() }
    })
    .await;
    let cx = cx(&[server.address]);
    let servers = cx.fact::<NameServers>(&System).await.expect("a measurement");
    let hosts = ["garbled.example", "mute.example"].map(HostName::new);
    let asked = futures::future::join_all(hosts.iter().map(|host| ask_all(&cx, &servers, host))).await;
    let says: Vec<Says> = asked.into_iter().map(|asked| asked.expect("measured")[0].says()).collect();
    assert_eq!(says, [Says::Fails(Fault::Garbage), Says::Fails(Fault::Stray)]);
}
