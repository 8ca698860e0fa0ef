//! The world in which nothing is wrong, and what every lab offers.

use gh_connect_lab::{Asks, Event, Lab, LabThread, Route, World};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use crate::client::{addresses, ask, get, get_plain, lab, request_with, session};

#[tokio::test]
async fn both_name_servers_know_all_three_hosts() {
    let lab = lab("").await;
    assert_eq!(lab.name_servers().len(), 2);
    for server in 0..2 {
        for host in World::healthy().targets() {
            let reply = ask(&lab, server, &host, RecordType::A).await;
            assert_eq!(reply.metadata.response_code, ResponseCode::NoError);
            let [address] = addresses(&reply)[..] else { panic!("{reply:?}") };
            assert!(lab.addresses().contains_key(&(address, 443).into()), "{host}");
            assert!(lab.addresses().contains_key(&(address, 80).into()), "{host}");
            assert!(addresses(&ask(&lab, server, &host, RecordType::AAAA).await).is_empty());
        }
        let reply = ask(&lab, server, "no-such-name.example", RecordType::A).await;
        assert_eq!(reply.metadata.response_code, ResponseCode::NXDomain);
        assert_eq!(reply.authorities[0].record_type(), RecordType::SOA);
    }
}

#[tokio::test]
async fn the_api_answers_meta_as_published() {
    let lab = lab("").await;
    let reply = get(&lab, "api.github.com", "/meta").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("server").unwrap(), "github.com");
    assert_eq!(reply.header("x-ratelimit-limit").unwrap(), "60");
    assert_eq!(reply.header("x-ratelimit-remaining").unwrap(), "59");
    let id = reply.header("x-github-request-id").unwrap();
    assert_eq!(id.split(':').count(), 5, "{id}");
    assert!(
        id.split(':')
            .all(|group| group.len() >= 4 && group.bytes().all(|b| b"0123456789ABCDEF".contains(&b))),
        "{id}"
    );
    let meta = reply.json();
    for key in ["hooks", "web", "api", "git", "packages", "pages", "actions", "domains"] {
        assert!(!meta[key].is_null(), "{key}");
    }
    let ranges: Vec<ipnet::IpNet> = serde_json::from_value(meta["api"].clone()).unwrap();
    for Route { host, address, .. } in lab.routes() {
        let published = ranges.iter().any(|range| range.contains(&address.ip()));
        assert_eq!(published, host.ends_with("github.com"), "{host}");
    }
}

#[tokio::test]
async fn every_host_answers_as_github() {
    let lab = lab("").await;
    for (host, target, status) in [
        ("github.com", "/", 200),
        ("github.com", "/robots.txt", 200),
        ("github.com", "/nothing", 404),
        ("api.github.com", "/nothing", 404),
        ("uploads.github.com", "/", 404),
    ] {
        let reply = get(&lab, host, target).await;
        assert_eq!(reply.status, status, "{host}{target}");
        assert!(reply.header("x-github-request-id").is_some(), "{host}{target}");
        assert!(reply.header("date").is_some_and(|date| date.ends_with(" GMT")), "{host}{target}");
    }
    assert_eq!(get(&lab, "uploads.github.com", "/").await.json()["message"], "Not Found");
}

#[tokio::test]
async fn port_80_redirects_to_https_on_the_same_host() {
    let lab = lab("").await;
    for host in World::healthy().targets() {
        let reply = get_plain(&lab, &host, "/some/path?query").await;
        assert_eq!(reply.status, 301);
        assert_eq!(reply.header("location").unwrap(), format!("https://{host}/some/path?query"));
    }
}

#[tokio::test]
async fn a_connection_is_kept_for_further_requests() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let lab = lab("").await;
    let mut session = session(&lab, "uploads.github.com").await.unwrap();
    for _ in 0..3 {
        session
            .write_all(b"HEAD / HTTP/1.1\r\nHost: uploads.github.com\r\nUser-Agent: test\r\n\r\n")
            .await
            .unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(session.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 404 "));
    }
    let connections = lab.log().into_iter().filter(|event| matches!(event, Event::Connection { .. })).count();
    assert_eq!(connections, 1);
}

#[tokio::test]
async fn the_log_tells_what_came_and_keeps_no_secret() {
    let lab = lab("").await;
    let session = session(&lab, "api.github.com").await.unwrap();
    request_with(session, "api.github.com", "/meta?token=hush", &[("Authorization", "token hidden")]).await;
    let log = lab.log();
    let host = "api.github.com".to_owned();
    assert!(log.contains(&Event::Connection { host: host.clone(), port: 443, through_proxy: false }));
    assert!(log.contains(&Event::Session { host: host.clone(), port: 443, inspected: false, http2: false }));
    assert!(log.contains(&Event::Request {
        host,
        port: 443,
        tls: true,
        through_proxy: false,
        method: "GET".into(),
        path: "/meta".into(),
        credentials: vec!["authorization".into()],
        secrets: Vec::new(),
        asks: Asks::Answer,
    }));
    let text = format!("{log:?}");
    assert!(!text.contains("hidden") && !text.contains("hush"), "{text}");
}

#[tokio::test]
async fn ghe_com_takes_the_place_of_github_com() {
    let lab = lab("target.ghe-com = 'acme'").await;
    for host in ["acme.ghe.com", "api.acme.ghe.com", "uploads.acme.ghe.com"] {
        assert!(get(&lab, host, "/meta").await.header("x-github-request-id").is_some());
    }
    assert!(!lab.routes().iter().any(|route| route.host.ends_with("github.com")));
}

#[tokio::test]
async fn the_directory_holds_what_is_promised_and_goes_with_the_lab() {
    let lab = lab(
        "check.ca-file = ['{corp-ca}']\ncheck.nested.ca = '{other-ca}'\nhosts-file.'github.com' = ['203.0.113.9']\n\
         trust.system = ['public', 'corp']",
    )
    .await;
    let directory = lab.directory().to_owned();
    for file in ["public-ca.pem", "corp-ca.pem", "other-ca.pem"] {
        assert_eq!(
            crate::client::certificates(&std::fs::read_to_string(directory.join(file)).unwrap()).len(),
            1
        );
    }
    assert_eq!(std::fs::read_to_string(directory.join("system-roots.pem")).unwrap(), lab.system_roots_pem());
    assert_eq!(crate::client::certificates(lab.system_roots_pem()).len(), 2);
    assert!(std::fs::read_to_string(lab.hosts_file()).unwrap().contains("203.0.113.9 github.com\n"));
    assert_eq!(lab.check()["ca-file"][0].as_str(), directory.join("corp-ca.pem").to_str());
    assert_eq!(lab.check()["nested"]["ca"].as_str(), directory.join("other-ca.pem").to_str());
    drop(lab);
    assert!(!directory.exists());
}

#[test]
fn a_lab_on_its_own_thread_serves_and_ends() {
    let lab = LabThread::start(&World::healthy()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let reply = runtime.block_on(get(&lab, "github.com", "/"));
    assert_eq!(reply.status, 200);
    let sockets: Vec<_> = lab.addresses().values().copied().collect();
    drop(lab);
    for socket in sockets {
        let error = std::net::TcpStream::connect(socket).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    }
}

#[tokio::test]
async fn labs_do_not_get_in_each_others_way() {
    let world = World::healthy();
    let (one, other) = (Lab::start(&world).await.unwrap(), Lab::start(&world).await.unwrap());
    assert_ne!(one.public_roots_pem(), other.public_roots_pem());
    assert_eq!(get(&one, "github.com", "/").await.status, 200);
    assert_eq!(get(&other, "github.com", "/").await.status, 200);
    assert!(
        crate::client::handshake_trusting(
            one.public_roots_pem(),
            "github.com",
            crate::client::dial(&other, "github.com", 443).await.unwrap()
        )
        .await
        .is_err()
    );
}
