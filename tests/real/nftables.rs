//! The kernel's packet filter: what firewalls do to a connection.

use anyhow::Result;
use gh_connect_bench::github::{self, HOSTS, records};
use gh_connect_bench::island::NAME_SERVER;
use gh_connect_bench::server::named::{self, authoritative};

use crate::vantage::{Seen, check, island};

#[test]
fn drop_on_443() -> Result<()> {
    let seen = behind("tcp dport 443 drop")?;
    seen.failed_by("connect/timeout");
    assert_eq!(seen.subjects("connect/timeout").len(), HOSTS.len());
    assert_eq!(seen.state("dns"), "passed");
    assert_eq!(seen.state("tls"), "blocked");
    Ok(())
}

#[test]
fn reset_on_443() -> Result<()> {
    behind("tcp dport 443 reject with tcp reset")?.failed_by("connect/refused");
    Ok(())
}

#[test]
fn reject_on_443() -> Result<()> {
    for icmp in ["admin-prohibited", "host-unreachable", "net-prohibited"] {
        behind(&format!("tcp dport 443 reject with icmp {icmp}"))?.failed_by("connect/unreachable");
    }
    Ok(())
}

#[test]
fn one_host_of_three_is_dropped() -> Result<()> {
    let seen = behind("ip daddr 140.82.112.5 tcp dport 443 drop")?;
    seen.failed_by("connect/timeout");
    let subjects = seen.subjects("connect/timeout");
    assert!(
        subjects.len() == 1 && subjects.iter().all(|host| host.contains("uploads.github.com")),
        "{subjects:?}"
    );
    Ok(())
}

#[test]
fn drop_on_80() -> Result<()> {
    behind("tcp dport 80 drop")?.passed_with_warnings(&["port-80/closed"]);
    Ok(())
}

#[test]
fn a_middlebox_that_resets_at_the_client_hello() -> Result<()> {
    // The hello is the only packet to 443 that is this long; everything before it passes.
    behind("tcp dport 443 ip length > 150 reject with tcp reset")?.failed_by("tls/handshake-reset");
    Ok(())
}

#[test]
fn a_middlebox_that_swallows_the_client_hello() -> Result<()> {
    behind("tcp dport 443 ip length > 150 drop")?.failed_by("tls/handshake-timeout");
    Ok(())
}

#[test]
fn drop_on_53() -> Result<()> {
    behind("meta l4proto { tcp, udp } th dport 53 drop")?.failed_by("dns/timeout");
    Ok(())
}

#[test]
fn a_working_ipv4_beside_an_ipv6_that_leads_nowhere() -> Result<()> {
    let mut island = island()?;
    let both = records() + &HOSTS.map(|host| format!("{}. AAAA {}\n", host.name, host.v6)).concat();
    let server = named::start(&island, NAME_SERVER, &authoritative(&[("github.com", &both)]))?;
    island.serve(server);
    github::origins(&mut island)?;
    check(&island).run()?.passed_with_warnings(&[]);

    island.world.filter("meta nfproto ipv6 tcp dport 443 drop")?;
    let seen = check(&island).run()?;
    seen.passed_with_warnings(&["connect/ipv6-broken"]);
    assert_eq!(seen.subjects("connect/ipv6-broken").len(), HOSTS.len());
    Ok(())
}

/// A healthy world behind one rule of a packet filter.
fn behind(rule: &str) -> Result<Seen> {
    let mut island = island()?;
    github::healthy(&mut island)?;
    island.world.filter(rule)?;
    check(&island).run()
}
