//! What was seen, in words, and who does what about it.

use std::net::{IpAddr, SocketAddr};

use gh_connect_engine::{Finding, Owner, Seconds};
use gh_connect_probe::{
    HostName,
    dns::{Asked, Exchange, Fault, RecordKind, Says, Scope, TcpTrouble, shown_server},
    net::Failure,
};

use crate::wording::few;

/// What a server says, as the second half of a sentence that begins with its name.
pub(super) fn said(asked: &Asked, limit: Seconds) -> String {
    match asked.says() {
        Says::Addresses(addresses) => format!("gives {}", list(&addresses)),
        Says::NxDomain => "says that the name does not exist (NXDOMAIN)".to_owned(),
        Says::NoData => "gives no address".to_owned(),
        Says::Fails(fault) => {
            let kind = RecordKind::BOTH.into_iter().find(|kind| asked.fault(*kind).as_ref() == Some(&fault));
            failed(&fault, asked.server, asked.about(kind.unwrap_or(RecordKind::A)), limit)
        }
    }
}

/// How a server failed, as the second half of a sentence that begins with its name.
pub(super) fn failed(fault: &Fault, server: SocketAddr, exchange: &Exchange, limit: Seconds) -> String {
    match fault {
        Fault::Rcode(rcode) => format!("answers {rcode}"),
        Fault::NotRecursive => "gives an empty answer and does not look up names for this machine".to_owned(),
        Fault::Silent | Fault::Failed(Failure::TimedOut) => {
            format!("does not answer ({} in {limit})", count(exchange.attempts, "query", "queries"))
        }
        Fault::Stray => format!(
            "sends {}, but none to the question that was asked",
            count(exchange.stray, "reply", "replies")
        ),
        Fault::Garbage => "answers with bytes that are no DNS message".to_owned(),
        Fault::TruncatedNoTcp(TcpTrouble::Failed(failure)) => {
            format!("truncates its answer over UDP and gives none over TCP ({failure})")
        }
        Fault::TruncatedNoTcp(TcpTrouble::Garbage) => {
            "truncates its answer over UDP, and over TCP sends what answers no question".to_owned()
        }
        Fault::Failed(Failure::Refused) => {
            format!("is not there: nothing listens on UDP port {}", server.port())
        }
        Fault::Failed(failure) => format!("cannot be reached: {failure}"),
    }
}

/// Addresses in words, with what is remarkable about them: `10.0.0.1 (private)`.
pub(super) fn list(addresses: &[IpAddr]) -> String {
    let one = |address: &IpAddr| match Scope::of(*address) {
        Scope::NotPublic(what) => format!("{address} ({what})"),
        Scope::Public | Scope::Sinkhole => address.to_string(),
    };
    few(&addresses.iter().map(one).collect::<Vec<_>>(), MOST_LISTED, 0)
}

/// `the address 10.0.0.1 (private)`
pub(super) fn addresses(addresses: &[IpAddr]) -> String {
    let noun = if addresses.len() == 1 { "the address" } else { "the addresses" };
    format!("{noun} {}", list(addresses))
}

/// `1 query`, `3 queries`.
pub(super) fn count(number: u32, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `340 ms`, `1.2 s`.
pub(super) fn time(micros: u64) -> String {
    match micros / 1000 {
        ms @ 0..1000 => format!("{ms} ms"),
        ms => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
    }
}

/// Who runs a name server makes it answer.
pub(super) fn make_it_answer(finding: Finding, server: SocketAddr, host: &HostName, what: &str) -> Finding {
    let server_name = shown_server(server);
    let port = if server.port() == 53 { String::new() } else { format!(" -p {}", server.port()) };
    finding.command(
        Owner::Dns,
        format!("on name server {server_name}, {what}; this shows what it answers"),
        format!("dig @{}{port} {host} A", server.ip()),
    )
}

/// Who runs the network lets DNS through.
pub(super) fn let_it_through(finding: Finding, server: SocketAddr, protocols: &str) -> Finding {
    let (ip, port) = (server.ip(), server.port());
    finding.step(Owner::Network, format!("let this machine reach {ip} on port {port} over {protocols}"))
}

/// Other name servers (GitHub docs: Configuring DNS nameservers).
pub(super) fn use_others(finding: Finding, why: &str) -> Finding {
    finding.command(
        Owner::ServerAdmin,
        format!("{why}: edit the list, then restart the resolver"),
        "ghe-setup-network -v && sudo service resolvconf restart && sudo service dnsmasq restart",
    )
}

/// Where only a proxy reaches the internet, names often do not resolve inside (GitHub docs: Configuring an outbound web
/// proxy server).
pub(super) fn or_a_proxy(finding: Finding) -> Finding {
    finding.step(
        Owner::ServerAdmin,
        "where only a proxy reaches the internet, set it in the Management Console (Privacy, HTTP Proxy Server): it then \
         resolves the names",
    )
}

const MOST_LISTED: usize = 3;
