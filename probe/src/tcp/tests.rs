use std::net::{Ipv4Addr, TcpStream as StdTcpStream};

use gh_connect_engine::{ConnectTo, Plan, Sourced};
use socket2::{Domain, SockAddr, Socket as RawSocket, Type};
use tokio::net::TcpListener;

use super::*;
use crate::testing::{cx, plan, serve};

/// A loopback port that answers nobody: its accept queue is full and stays so.
struct BlackHole {
    address: SocketAddr,
    _held: Vec<RawSocket>,
}

impl BlackHole {
    fn new() -> Self {
        let socket = RawSocket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a port");
        socket.listen(0).expect("a listener");
        let address = socket.local_addr().expect("bound").as_socket().expect("an IP address");
        let mut held = vec![socket, StdTcpStream::connect(address).expect("the one place").into()];
        for _ in 0..2 {
            let filler = RawSocket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
            filler.set_nonblocking(true).expect("a socket");
            let _ = filler.connect(&SockAddr::from(address));
            held.push(filler);
        }
        Self { address, _held: held }
    }
}

async fn open() -> SocketAddr {
    serve(|stream| async move { drop(stream.readable().await) }).await
}

async fn closed() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket").local_addr().expect("bound")
}

/// What became of each attempt, and what all of them took by the test's own clock.
async fn dialled(addresses: &[SocketAddr]) -> (Vec<(bool, Option<Failure>)>, Duration) {
    let (cx, begun) = (cx(plan(&[])), Instant::now());
    let limit = cx.plan().timeout.value.0;
    let (attempts, stream) = dial(&cx, &HostName::new("github.com"), addresses, begun + limit).await;
    assert_eq!(stream.is_some(), attempts.iter().any(|attempt| attempt.connected));
    (attempts.into_iter().map(|attempt| (attempt.connected, attempt.failure)).collect(), begun.elapsed())
}

const CONNECTED: (bool, Option<Failure>) = (true, None);
const OVERTAKEN: (bool, Option<Failure>) = (false, None);
const REFUSED: (bool, Option<Failure>) = (false, Some(Failure::Refused));
const TIMED_OUT: (bool, Option<Failure>) = (false, Some(Failure::TimedOut));

#[tokio::test(start_paused = true)]
async fn the_first_address_that_answers_wins() {
    let (open, closed, hole) = (open().await, closed().await, BlackHole::new());
    assert_eq!(dialled(&[open, hole.address]).await.0, [CONNECTED]);
    assert_eq!(dialled(&[closed, open, closed]).await, (vec![REFUSED, CONNECTED], Duration::ZERO));
    assert_eq!(dialled(&[hole.address, open]).await, (vec![OVERTAKEN, CONNECTED], HEAD_START));
    assert_eq!(dialled(&[]).await, (vec![], Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn many_dead_addresses_cost_the_time_of_one() {
    let (closed, hole) = (closed().await, BlackHole::new());
    let limit = Duration::from_secs(1);
    assert_eq!(dialled(&[hole.address]).await, (vec![TIMED_OUT], limit));
    let (attempts, took) = dialled(&[hole.address; 40]).await;
    assert_eq!(
        (attempts, took),
        (vec![TIMED_OUT; 4], limit),
        "one every quarter of a second, none after the end"
    );
    assert_eq!(dialled(&[closed; 40]).await.0, vec![REFUSED; MOST_ADDRESSES]);
}

#[tokio::test]
async fn the_connection_is_used_once_and_made_again_for_the_next() {
    let address = open().await;
    let cx = cx(plan(&[(443, address)]));
    let endpoint = Endpoint::new("127.0.0.1", 443);
    let key = |family| DialKey { endpoint: endpoint.clone(), family };
    let v4 = cx.fact::<Dial>(&key(Family::V4)).await.expect("measured");
    assert_eq!(v4.connected().map(|attempt| attempt.address.to_string()).as_deref(), Some("127.0.0.1:443"));
    assert!(cx.fact::<Dial>(&key(Family::V6)).await.expect("measured").attempts.is_empty());
    socket(&cx, &endpoint).await.expect("the measured one");
    socket(&cx, &endpoint).await.expect("a fresh one");
    assert_eq!(cx.fact::<Connection>(&endpoint).await.expect("measured").family, Family::V4);
}

/// What is given, in an order of preference: after how many milliseconds, and whether it is anything.
async fn given(attempts: &[(u64, bool)]) -> (Option<usize>, u64) {
    let begun = Instant::now();
    let attempts = attempts.iter().enumerate().map(async |(nth, (after, is_any))| {
        tokio::time::sleep(Duration::from_millis(*after)).await;
        is_any.then_some(nth)
    });
    let given = preferred(attempts).await;
    (given, u64::try_from(begun.elapsed().as_millis()).expect("short"))
}

#[tokio::test(start_paused = true)]
async fn a_preferred_address_has_a_head_start_and_no_more() {
    for (attempts, expected) in [
        (&[][..], (None, 0)),
        (&[(5, false), (9, false)], (None, 9)),
        (&[(5, true)], (Some(0), 5)),
        // The one that the system prefers, even if it is a little later.
        (&[(9, true), (5, true)], (Some(0), 9)),
        (&[(5, true), (900, true)], (Some(0), 5)),
        // One that fails keeps nobody waiting.
        (&[(9, false), (5, true)], (Some(1), 9)),
        (&[(9, false), (900, true), (5, true), (7, true)], (Some(2), 255)),
        (&[(900, true), (300, true), (5, true)], (Some(2), 255)),
        (&[(900, true), (200, true), (5, true)], (Some(1), 255)),
        (&[(900, false), (5, true)], (Some(1), 255)),
    ] {
        assert_eq!(given(attempts).await, expected, "{attempts:?}");
    }
}

#[tokio::test]
async fn each_address_has_a_connection_of_its_own() {
    let (open, closed) = (open().await, closed().await);
    let hosts = crate::testing::Hosts::new("192.0.2.1 two.test\n192.0.2.2 two.test\n192.0.2.3 two.test\n");
    let lead = |to: SocketAddr, from: &str| {
        let rule = ConnectTo {
            host: Some(from.to_owned()),
            port: None,
            to_host: Some(to.ip()),
            to_port: Some(to.port()),
        };
        Sourced::default(rule)
    };
    let mut plan = plan(&[]);
    plan.connect_to = vec![lead(closed, "192.0.2.1"), lead(open, "192.0.2.2"), lead(open, "192.0.2.3")];
    plan.hosts_file = Some(Sourced::default(hosts.path()));
    let cx = cx(plan);
    let endpoint = Endpoint::new("two.test", 443);
    let ways = crate::path::ways(&cx, &endpoint).await.expect("a way");
    assert_eq!((ways.used.to_string().as_str(), ways.left_out), ("192.0.2.2", 0));
    let others: Vec<String> = ways.others.iter().map(ToString::to_string).collect();
    assert_eq!(others, ["two.test:443 at 192.0.2.1", "two.test:443 at 192.0.2.3"]);
    assert_eq!(socket(&cx, &ways.others[0]).await.map(drop), Err(Stop::blocked("connect")));
    socket(&cx, &ways.others[1]).await.expect("the measured one");
    let dial = cx.fact::<Dial>(&DialKey { endpoint, family: Family::V4 }).await.expect("measured");
    let connected: Vec<bool> = dial.attempts.iter().map(|attempt| attempt.connected).collect();
    assert_eq!((connected, dial.dead().count()), (vec![false, true, true], 1));
}

#[test]
fn a_crowd_of_addresses_is_cut_family_by_family() {
    let v4 = (0..40).map(|nth| IpAddr::from([192, 0, 2, nth]));
    let v6 = (0..3).map(|nth| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, nth]));
    let tried = tried(&Addresses { list: v4.chain(v6).collect() });
    assert_eq!(
        (tried.len(), tried.iter().filter(|address| address.is_ipv6()).count()),
        (MOST_ADDRESSES + 3, 3)
    );
}

#[tokio::test]
async fn without_a_connection_connect_stands_in_the_way() {
    let cx = cx(plan(&[(443, closed().await)]));
    let stop = socket(&cx, &Endpoint::new("127.0.0.1", 443)).await.map(drop);
    assert_eq!(stop, Err(Stop::blocked("connect")));
}

#[test]
fn failures_are_classified() {
    use std::io::{Error, ErrorKind};
    for (error, expected) in [
        (Error::from(ErrorKind::ConnectionRefused), Failure::Refused),
        (Error::from(ErrorKind::NetworkUnreachable), Failure::Unreachable),
        (Error::from(ErrorKind::HostUnreachable), Failure::Unreachable),
        (Error::from(ErrorKind::BrokenPipe), Failure::Reset),
        (Error::from(ErrorKind::PermissionDenied), Failure::Forbidden),
        (Error::from(ErrorKind::AddrNotAvailable), Failure::NoSuchFamily),
    ] {
        assert_eq!(Failure::of(&error), expected, "{error}");
    }
    #[cfg(target_os = "linux")]
    assert_eq!(Failure::of(&Error::from_raw_os_error(97)), Failure::NoSuchFamily);
}

#[test]
fn connect_to_rules_redirect_and_a_lab_stays_on_loopback() {
    let rule = |host: Option<&str>, port, to: &str| {
        let to: SocketAddr = to.parse().expect("an address");
        let host = host.map(str::to_owned);
        Sourced::default(ConnectTo { host, port, to_host: Some(to.ip()), to_port: Some(to.port()) })
    };
    let mut plan = plan(&[]);
    plan.connect_to = vec![
        rule(Some("GitHub.com."), Some(443), "127.0.0.1:1"),
        rule(Some("192.0.2.7"), None, "127.0.0.1:2"),
        rule(Some("example.com"), None, "192.0.2.1:3"),
    ];
    let to = |plan: &Plan, host: &str, address: &str| {
        let address = address.parse().expect("an address");
        net::redirected(plan, &HostName::new(host), address).map(|to| to.to_string()).map_err(|_| ())
    };
    for (host, address, expected) in [
        ("github.com", "192.0.2.7:443", Ok("127.0.0.1:1")),
        ("github.com", "192.0.2.7:80", Ok("127.0.0.1:2")),
        ("api.github.com", "192.0.2.7:443", Ok("127.0.0.1:2")),
        ("api.github.com", "192.0.2.8:443", Err(())),
        ("example.com", "127.0.0.1:443", Err(())),
    ] {
        assert_eq!(to(&plan, host, address), expected.map(str::to_owned), "{host} {address}");
    }
    plan.loopback_only = false;
    assert_eq!(to(&plan, "api.github.com", "192.0.2.8:443"), Ok("192.0.2.8:443".to_owned()));
}

#[test]
fn an_address_is_dead_when_it_failed_or_was_overtaken() {
    let attempt = |connected, failure: Option<Failure>, took_us| Attempt {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, 443)),
        failure,
        connected,
        took_us,
    };
    let connected = || attempt(true, None, 9);
    let pending = |took_us| attempt(false, None, took_us);
    let refused = || attempt(false, Some(Failure::Refused), 9);
    for (attempts, dead) in [
        (vec![], 0),
        (vec![connected()], 0),
        (vec![refused(), connected()], 1),
        (vec![pending(250_000), connected()], 1),
        (vec![refused(), pending(250_000), connected()], 2),
        // Whoever was first says nothing of those that came after it, unless they failed by themselves.
        (vec![connected(), pending(250_000)], 0),
        (vec![connected(), refused()], 1),
        (vec![refused(), connected(), pending(250_000)], 1),
        // Without a connection there is nothing to be dead beside.
        (vec![refused(), refused()], 0),
        // A recording of old does not know how long it waited.
        (vec![pending(0), connected()], 0),
    ] {
        let dial = Dial { attempts: attempts.clone(), left_out: 0 };
        assert_eq!(dial.dead().count(), dead, "{attempts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_overtaken_attempt_tells_how_long_it_waited() {
    let (open, hole) = (open().await, BlackHole::new());
    let cx = cx(plan(&[]));
    let deadline = Instant::now() + Duration::from_secs(1);
    let (attempts, _) = dial(&cx, &HostName::new("github.com"), &[hole.address, open], deadline).await;
    assert_eq!(attempts[0].took_us, 250_000);
}
