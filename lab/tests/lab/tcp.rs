//! What becomes of a SYN, and which address leads where.

use std::io::ErrorKind;

use gh_connect_lab::Event;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::client::{SILENCE, addresses, ask, dial, get, lab, request, session, socket, socket_at};
use hickory_proto::rr::RecordType;

/// Whether a connection is neither made nor refused.
async fn is_black_hole(address: std::net::SocketAddr) -> bool {
    tokio::time::timeout(SILENCE, TcpStream::connect(address)).await.is_err()
}

#[tokio::test]
async fn a_black_hole_is_really_silent() {
    let lab =
        lab("host.'github.com'.port-443.tcp = 'silent'\nhost.'github.com'.port-80.tcp = 'silent'").await;
    let (one, two) = (socket(&lab, "github.com", 443), socket(&lab, "github.com", 80));
    // For the tenth caller as for the first.
    let callers = (0..10).map(|i| tokio::spawn(is_black_hole(if i % 2 == 0 { one } else { two })));
    for caller in callers.collect::<Vec<_>>() {
        assert!(caller.await.unwrap());
    }
    assert!(is_black_hole(lab.elsewhere()).await);
    assert_eq!(get(&lab, "api.github.com", "/meta").await.status, 200);
}

#[tokio::test]
async fn a_closed_port_refuses() {
    let lab =
        lab("host.'github.com'.port-443.tcp = 'refuse'\nhost.'api.github.com'.port-80.tcp = 'refuse'").await;
    for (host, port) in [("github.com", 443), ("api.github.com", 80)] {
        assert_eq!(dial(&lab, host, port).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }
}

#[tokio::test]
async fn a_reset_comes_before_any_byte() {
    let lab = lab("host.'github.com'.port-443.tcp = 'reset'").await;
    let mut stream = dial(&lab, "github.com", 443).await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let seen = Event::Connection { host: "github.com".into(), port: 443, through_proxy: false };
    assert!(lab.log().contains(&seen));
}

#[tokio::test]
async fn a_missing_route_is_an_error_of_the_machine() {
    let lab = lab("host.'github.com'.port-443.tcp = 'unreachable'").await;
    assert_eq!(dial(&lab, "github.com", 443).await.unwrap_err().kind(), ErrorKind::NetworkUnreachable);
}

#[tokio::test]
async fn families_can_differ() {
    let lab = lab(
        "[host.'uploads.github.com']\naddresses = ['140.82.114.14', '2606:50c0:8000::154']\nport-443.tcp-v6 = 'silent'",
    )
    .await;
    assert!(is_black_hole(socket_at(&lab, "[2606:50c0:8000::154]:443")).await);
    TcpStream::connect(socket_at(&lab, "140.82.114.14:443")).await.unwrap();
    TcpStream::connect(socket_at(&lab, "[2606:50c0:8000::154]:80")).await.unwrap();
    let reply = ask(&lab, 0, "uploads.github.com", RecordType::AAAA).await;
    assert_eq!(addresses(&reply), ["2606:50c0:8000::154".parse::<std::net::IpAddr>().unwrap()]);
}

#[tokio::test]
async fn a_firewall_closes_every_direct_path_and_no_other() {
    let lab = lab("firewall.direct = 'refuse'\n[proxy]").await;
    for host in ["github.com", "api.github.com", "uploads.github.com"] {
        for port in [443, 80] {
            assert_eq!(dial(&lab, host, port).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        }
    }
    dial(&lab, "proxy.corp.example", 3128).await.unwrap();
}

#[tokio::test]
async fn addresses_from_a_resolver_or_the_hosts_file_lead_to_the_host() {
    let lab = lab(
        "hosts-file.'api.github.com' = ['203.0.113.9']\n\
         [[name-server]]\nnames.'github.com'.a = ['10.1.2.3']\nnames.'uploads.github.com'.a = ['0.0.0.0', '140.82.121.5']",
    )
    .await;
    for (address, host) in [("10.1.2.3:443", "github.com"), ("203.0.113.9:443", "api.github.com")] {
        let stream = TcpStream::connect(socket_at(&lab, address)).await.unwrap();
        crate::client::handshake(&lab, host, stream).await.unwrap();
    }
    // Nothing of the world is at an unspecified address.
    let error = TcpStream::connect(socket_at(&lab, "0.0.0.0:443")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    // An address of a host stays that host's, whoever else is said to have it.
    let stream = TcpStream::connect(socket_at(&lab, "140.82.121.5:443")).await.unwrap();
    assert!(crate::client::handshake(&lab, "uploads.github.com", stream).await.is_err());
}

#[tokio::test]
async fn hosts_that_share_an_address_are_told_apart_by_name() {
    let lab = lab(
        "host.'github.com'.addresses = ['140.82.121.3']\nhost.'api.github.com'.addresses = ['140.82.121.3']\n\
         host.'api.github.com'.https.status = 418",
    )
    .await;
    assert_eq!(socket(&lab, "github.com", 443), socket(&lab, "api.github.com", 443));
    assert_eq!(get(&lab, "github.com", "/").await.status, 200);
    assert_eq!(get(&lab, "api.github.com", "/meta").await.status, 418);
    let plain = dial(&lab, "api.github.com", 80).await.unwrap();
    let reply = request(plain, "api.github.com", "/").await;
    assert_eq!(reply.header("location").unwrap(), "https://api.github.com/");
}

#[tokio::test]
async fn a_further_host_exists_when_it_is_named() {
    let lab = lab("host.'codeload.github.com' = {}").await;
    assert_eq!(lab.routes().iter().filter(|route| route.host == "codeload.github.com").count(), 2);
    session(&lab, "codeload.github.com").await.unwrap();
    let reply = ask(&lab, 1, "codeload.github.com", RecordType::A).await;
    assert_eq!(addresses(&reply).len(), 1);
}

#[tokio::test]
async fn an_ended_lab_leaves_no_socket_behind() {
    let lab = lab("host.'github.com'.port-443.tcp = 'silent'").await;
    let mut session = session(&lab, "api.github.com").await.unwrap();
    let sockets: Vec<_> = lab.addresses().values().copied().collect();
    drop(lab);
    // The connection that is open ends,
    crate::client::read_all(&mut session).await;
    // and so does every port.
    for socket in sockets {
        assert_eq!(TcpStream::connect(socket).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }
}
