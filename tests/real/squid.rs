//! Squid: the egress proxy that most companies have, and what its rules do to CONNECT.
//!
//! The client has no way out but through it, and no name server either: behind a proxy the proxy resolves.

use std::fs;

use anyhow::Result;
use gh_connect_bench::github::{self, HOSTS};
use gh_connect_bench::island::{GARDEN, Island, PROXY, hosts_file};
use gh_connect_bench::pki::{Authority, Validity};
use gh_connect_bench::server::{nginx, squid};

use crate::vantage::{Seen, check, island};

#[test]
fn an_open_proxy() -> Result<()> {
    let seen = behind("http_access allow all\n", "")?;
    seen.passed_with_warnings(&[]);
    assert_eq!(seen.state("proxy"), "passed");
    assert_eq!(seen.state("connect"), "not_applicable");
    Ok(())
}

#[test]
fn the_proxy_of_the_environment() -> Result<()> {
    let island = behind_squid("http_access allow all\n")?;
    let seen = check(&island).env("https_proxy", format!("http://{PROXY}:3128")).run()?;
    seen.passed_with_warnings(&[]);
    assert_eq!(seen.state("proxy"), "passed");
    Ok(())
}

#[test]
fn basic_authentication() -> Result<()> {
    let mut island = proxied()?;
    let lines = squid::basic_authentication(&island, "svc", "correct-horse")?;
    start(&mut island, &lines)?;
    check(&island).with(&format!("--proxy http://{PROXY}:3128")).run()?.failed_by("proxy/auth-required");

    let seen = check(&island).with(&format!("--proxy http://svc:wrong-horse@{PROXY}:3128")).run()?;
    seen.failed_by("proxy/auth-rejected");
    assert!(!seen.everything().contains("wrong-horse"), "a password was printed");

    let seen = check(&island).with(&format!("--proxy http://svc:correct-horse@{PROXY}:3128")).run()?;
    seen.passed_with_warnings(&[]);
    assert!(!seen.everything().contains("correct-horse"), "a password was printed");
    Ok(())
}

#[test]
fn a_proxy_that_only_takes_kerberos() -> Result<()> {
    let lines =
        "auth_param negotiate program /bin/cat\nacl known proxy_auth REQUIRED\nhttp_access allow known\n";
    behind(lines, "svc:secret@")?.failed_by("proxy/auth-unsupported");
    Ok(())
}

#[test]
fn a_rule_for_a_domain_covers_its_apex() -> Result<()> {
    behind("acl github dstdomain .github.com\nhttp_access allow github\n", "")?.passed_with_warnings(&[]);
    Ok(())
}

#[test]
fn a_wildcard_that_misses_the_apex() -> Result<()> {
    let seen = behind("acl github dstdom_regex \\.github\\.com$\nhttp_access allow github\n", "")?;
    seen.failed_by("proxy/denied");
    let subjects = seen.subjects("proxy/denied");
    assert!(
        subjects.len() == 1 && subjects.iter().all(|host| host.starts_with("github.com")),
        "{subjects:?}"
    );
    Ok(())
}

#[test]
fn a_policy_that_denies_all_three() -> Result<()> {
    let seen = behind("http_access deny all\n", "")?;
    seen.failed_by("proxy/denied");
    assert_eq!(seen.subjects("proxy/denied").len(), HOSTS.len());
    for check in ["tls", "origin", "clock"] {
        assert_eq!(seen.state(check), "blocked", "{check}");
    }
    Ok(())
}

#[test]
fn a_proxy_that_cannot_reach_github() -> Result<()> {
    let mut island = island()?;
    island.only_by_proxy()?;
    start(&mut island, "http_access allow all\n")?;
    let seen = check(&island).with(&format!("--proxy http://{PROXY}:3128")).run()?;
    seen.failed_by("proxy/upstream-failed");
    Ok(())
}

#[test]
fn a_proxy_that_inspects() -> Result<()> {
    let mut island = proxied()?;
    let authority = Authority::root(island.folder(), "Corp Squid CA")?;
    let lines = squid::inspection(&island, &authority.certificate(), &authority.key())?;
    let server = squid::start(&island, 3128, &lines)?;
    island.serve(server);
    let proxy = format!("--proxy http://{PROXY}:3128");
    let seen = check(&island).with(&proxy).run()?;
    seen.failed_by("tls/untrusted-issuer");
    assert_eq!(seen.state("proxy"), "passed", "the tunnel opens; what is in it is the matter");
    assert!(seen.finding("tls/untrusted-issuer").contains("Corp Squid CA"));

    let authority = authority.certificate();
    let seen = check(&island).with(&format!("{proxy} --ca-file {}", authority.display())).run()?;
    seen.passed_with_warnings(&["tls/inspected"]);

    // Installed in the machine's store, as on an appliance after ghe-ssl-ca-certificate-install.
    let root = island.root.certificate();
    let store = island.folder().join("store.pem");
    fs::write(&store, fs::read_to_string(&root)? + &fs::read_to_string(&authority)?)?;
    check(&island).with(&proxy).trust(&store, &root).run()?.passed_with_warnings(&["tls/inspected"]);
    Ok(())
}

#[test]
fn a_proxy_behind_tls() -> Result<()> {
    let mut island = proxied()?;
    let identity = island.root.issue(&["proxy.corp.example"], Validity::Now)?;
    let lines = format!(
        "https_port {PROXY}:3129 tls-cert={} tls-key={}\nhttp_access allow all\n",
        identity.chain.display(),
        identity.key.display()
    );
    let server = squid::start(&island, 3129, &lines)?;
    island.serve(server);
    island.client.etc("hosts", &hosts_file(&format!("{PROXY} proxy.corp.example\n"))?)?;
    let proxy = "--proxy https://proxy.corp.example:3129";
    check(&island).with(proxy).run()?.passed_with_warnings(&[]);

    let other = Authority::root(island.folder(), "Nobody")?.certificate();
    check(&island).with(proxy).trust(&other, &other).run()?.failed_by("proxy/untrusted");
    Ok(())
}

#[test]
fn other_rules_at_one_of_two_addresses_of_a_proxy() -> Result<()> {
    let second = format!("http_port {GARDEN}:3128\nacl second localip {GARDEN}\n");
    let uploads = "acl uploads dstdomain uploads.github.com\nhttp_access deny second uploads\n";
    let plain = "acl plain method GET\nhttp_access deny second plain\n";
    for (rules, is_denied) in [(uploads, true), (plain, false)] {
        let island = behind_squid(&format!("{second}{rules}http_access allow all\n"))?;
        let both = format!("{PROXY} proxy.corp.example\n{GARDEN} proxy.corp.example\n");
        island.client.etc("hosts", &hosts_file(&both)?)?;
        let seen = check(&island).with("--proxy http://proxy.corp.example:3128").run()?;
        match is_denied {
            true => seen.failed_by("proxy/denied"),
            false => seen.passed_with_warnings(&["port-80/closed"]),
        }
        let finding = seen.finding(if is_denied { "proxy/denied" } else { "port-80/closed" });
        assert!(finding.contains(GARDEN), "it names the address: {finding}");
    }
    Ok(())
}

#[test]
fn a_proxy_that_is_not_there() -> Result<()> {
    let island = proxied()?;
    let proxy = format!("--proxy http://{PROXY}:3128");
    check(&island).with(&proxy).run()?.failed_by("proxy/refused");
    island.world.filter("tcp dport 3128 drop")?;
    check(&island).with(&proxy).run()?.failed_by("proxy/timeout");
    Ok(())
}

#[test]
fn a_proxy_whose_name_does_not_resolve() -> Result<()> {
    let mut island = proxied()?;
    github::resolvable(&mut island)?;
    check(&island).with("--proxy http://proxy.corp.example:3128").run()?.failed_by("proxy/unresolved");
    Ok(())
}

#[test]
fn a_web_server_in_the_proxys_place() -> Result<()> {
    let mut island = island()?;
    island.only_by_proxy()?;
    let server = nginx::start(&island, &format!("server {{ listen {PROXY}:3128; return 404; }}\n"))?;
    island.serve(server);
    check(&island).with(&format!("--proxy http://{PROXY}:3128")).run()?.failed_by("proxy/not-a-proxy");
    Ok(())
}

/// The verdict behind a squid with these rules; `credentials` as in a URL, with its at-sign.
fn behind(rules: &str, credentials: &str) -> Result<Seen> {
    let island = behind_squid(rules)?;
    check(&island).with(&format!("--proxy http://{credentials}{PROXY}:3128")).run()
}

fn behind_squid(rules: &str) -> Result<Island> {
    let mut island = proxied()?;
    start(&mut island, rules)?;
    Ok(island)
}

/// Origins, and no way to them yet.
fn proxied() -> Result<Island> {
    let mut island = island()?;
    island.only_by_proxy()?;
    github::origins(&mut island)?;
    Ok(island)
}

fn start(island: &mut Island, rules: &str) -> Result<()> {
    let server = squid::start(island, 3128, &format!("http_port {PROXY}:3128\n{rules}"))?;
    island.serve(server);
    Ok(())
}
