//! BIND's `named`: what a name server can say, and what a policy makes it say.

use anyhow::Result;
use gh_connect_bench::github::{self, HOSTS, records};
use gh_connect_bench::island::{GARDEN, Island, NAME_SERVER, OTHER_NAME_SERVER, hosts_file};
use gh_connect_bench::pki::Validity;
use gh_connect_bench::server::named::{self, Config, authoritative};
use gh_connect_bench::server::nginx;

use crate::vantage::{check, island};

#[test]
fn a_healthy_world_passes_without_a_warning() -> Result<()> {
    let mut island = island()?;
    github::healthy(&mut island)?;
    let seen = check(&island).run()?;
    seen.passed_with_warnings(&[]);
    for id in ["dns", "connect", "tls", "port-80", "origin", "clock"] {
        assert_eq!(seen.state(id), "passed", "{id}");
    }
    assert_eq!(seen.state("proxy"), "not_applicable");
    Ok(())
}

#[test]
fn nxdomain() -> Result<()> {
    judged_by(&authoritative(&[]), "dns/nxdomain")
}

#[test]
fn a_name_without_any_address() -> Result<()> {
    let records = HOSTS.map(|host| format!("{}. TXT \"here, but nowhere\"\n", host.name)).concat();
    judged_by(&authoritative(&[("github.com", &records)]), "dns/no-address")
}

#[test]
fn servfail() -> Result<()> {
    let mut config = authoritative(&[]);
    // A zone whose file is not there: BIND serves the others, and has no answer for this one.
    config.blocks += "zone \"github.com\" { type primary; file \"lost.zone\"; };\n";
    judged_by(&config, "dns/servfail")
}

#[test]
fn refused() -> Result<()> {
    let mut config = Config::default();
    config.blocks +=
        "zone \"github.com\" { type primary; file \"github.com.zone\"; allow-query { none; }; };\n";
    let zone = Config::default().zone("github.com", &records());
    config.files = zone.files;
    judged_by(&config, "dns/refused")
}

#[test]
fn a_response_policy_that_denies_the_name() -> Result<()> {
    judged_by(&with_policy("."), "dns/nxdomain")
}

#[test]
fn a_response_policy_that_sinks_the_name() -> Result<()> {
    let sink = HOSTS.map(|host| format!("{}.rpz. A 0.0.0.0\n", host.name)).concat();
    judged_by(&policy(&sink), "dns/sinkholed")
}

#[test]
fn a_response_policy_that_drops_the_question() -> Result<()> {
    judged_by(&with_policy("rpz-drop."), "dns/timeout")
}

#[test]
fn a_response_policy_that_leads_into_a_walled_garden() -> Result<()> {
    let mut island = island()?;
    let garden = HOSTS.map(|host| format!("{}.rpz. A {GARDEN}\n", host.name)).concat();
    let server = named::start(&island, NAME_SERVER, &policy(&garden))?;
    island.serve(server);
    let identity = island.root.issue(&["blocked.corp.example"], Validity::Now)?;
    let page = "location / { return 200 \"<h1>This site is blocked</h1>\"; }";
    let site = format!(
        "server {{ listen {GARDEN}:80; {page} }}\nserver {{ listen {GARDEN}:443 ssl; ssl_certificate {}; \
         ssl_certificate_key {}; {page} }}\n",
        identity.chain.display(),
        identity.key.display()
    );
    let server = nginx::start(&island, &site)?;
    island.serve(server);
    let seen = check(&island).run()?;
    seen.failed_by("tls/name-mismatch");
    assert!(seen.finding("tls/name-mismatch").contains("blocked.corp.example"));
    Ok(())
}

#[test]
fn an_answer_that_needs_tcp_and_gets_it() -> Result<()> {
    let mut island = island()?;
    let server = named::start(&island, NAME_SERVER, &with_policy("rpz-tcp-only."))?;
    island.serve(server);
    github::origins(&mut island)?;
    check(&island).run()?.passed_with_warnings(&[]);
    Ok(())
}

#[test]
fn an_answer_that_needs_tcp_where_tcp_is_closed() -> Result<()> {
    for verdict in ["drop", "reject with tcp reset"] {
        let mut island = island()?;
        let server = named::start(&island, NAME_SERVER, &with_policy("rpz-tcp-only."))?;
        island.serve(server);
        github::origins(&mut island)?;
        island.world.filter(&format!("tcp dport 53 {verdict}"))?;
        check(&island).run()?.failed_by("dns/truncated-no-tcp");
    }
    Ok(())
}

#[test]
fn two_name_servers_of_which_one_denies_the_names() -> Result<()> {
    let mut island = island()?;
    github::healthy(&mut island)?;
    second_server(&mut island, &authoritative(&[]))?;
    let seen = check(&island).run()?;
    seen.passed_with_warnings(&["dns/resolvers-disagree"]);
    assert_eq!(seen.subjects("dns/resolvers-disagree").len(), HOSTS.len());
    assert!(seen.finding("dns/resolvers-disagree").contains(OTHER_NAME_SERVER), "it names the odd one");
    Ok(())
}

#[test]
fn two_name_servers_with_different_public_addresses_agree() -> Result<()> {
    let mut island = island()?;
    github::healthy(&mut island)?;
    let elsewhere = records().replace("140.82.112.3", "140.82.112.13");
    second_server(&mut island, &authoritative(&[("github.com", &elsewhere)]))?;
    check(&island).run()?.passed_with_warnings(&[]);
    Ok(())
}

#[test]
fn two_name_servers_of_which_the_first_is_dead() -> Result<()> {
    let mut island = island()?;
    github::healthy(&mut island)?;
    second_server(&mut island, &authoritative(&[("github.com", &records())]))?;
    island.world.filter(&format!("ip daddr {NAME_SERVER} udp dport 53 drop"))?;
    let resolvers = format!("options timeout:1\nnameserver {NAME_SERVER}\nnameserver {OTHER_NAME_SERVER}\n");
    island.client.etc("resolv.conf", &resolvers)?;
    let seen = check(&island).run()?;
    assert_eq!(seen.state("dns"), "warned");
    assert!(seen.finding("dns/resolvers-disagree").contains(NAME_SERVER), "it names the dead one");
    Ok(())
}

#[test]
fn names_with_ipv6_addresses_only() -> Result<()> {
    let mut island = island()?;
    let records = HOSTS.map(|host| format!("{}. AAAA {}\n", host.name, host.v6)).concat();
    let server = named::start(&island, NAME_SERVER, &authoritative(&[("github.com", &records)]))?;
    island.serve(server);
    github::origins(&mut island)?;
    let seen = check(&island).run()?;
    seen.passed_with_warnings(&[]);
    assert_eq!(seen.state("connect"), "passed");
    Ok(())
}

#[test]
fn a_chain_of_aliases_as_content_networks_have() -> Result<()> {
    let mut island = island()?;
    let aliases = "\
        github.com. A 140.82.112.3\n\
        api.github.com. CNAME api.edge.github.com.\napi.edge.github.com. A 140.82.112.4\n\
        uploads.github.com. CNAME u1.edge.github.com.\nu1.edge.github.com. CNAME u2.edge.github.com.\n\
        u2.edge.github.com. A 140.82.112.5\n";
    let server = named::start(&island, NAME_SERVER, &authoritative(&[("github.com", aliases)]))?;
    island.serve(server);
    github::origins(&mut island)?;
    check(&island).run()?.passed_with_warnings(&[]);
    Ok(())
}

#[test]
fn a_hosts_file_that_overrides_the_name_server() -> Result<()> {
    let mut island = island()?;
    github::healthy(&mut island)?;
    island.client.etc("hosts", &hosts_file("140.82.112.3 github.com\n")?)?;
    check(&island).run()?.passed_with_warnings(&["dns/hosts-override"]);
    Ok(())
}

/// A world where the name server alone is at fault.
#[track_caller]
fn judged_by(config: &Config, id: &str) -> Result<()> {
    let mut island = island()?;
    let server = named::start(&island, NAME_SERVER, config)?;
    island.serve(server);
    github::origins(&mut island)?;
    let seen = check(&island).run()?;
    seen.failed_by(id);
    assert_eq!(seen.subjects(id).len(), HOSTS.len(), "each host is named");
    for check in ["connect", "tls", "origin", "clock"] {
        assert_eq!(seen.state(check), "blocked", "{check}");
    }
    Ok(())
}

fn second_server(island: &mut Island, config: &Config) -> Result<()> {
    let server = named::start(island, OTHER_NAME_SERVER, config)?;
    island.serve(server);
    island.client.etc("resolv.conf", &format!("nameserver {NAME_SERVER}\nnameserver {OTHER_NAME_SERVER}\n"))
}

/// GitHub's zone behind a response policy that does `action` to each of its hosts.
fn with_policy(action: &str) -> Config {
    policy(&HOSTS.map(|host| format!("{}.rpz. CNAME {action}\n", host.name)).concat())
}

fn policy(rules: &str) -> Config {
    let mut config = authoritative(&[("github.com", &records())]).zone("rpz", rules);
    config.options += "response-policy { zone \"rpz\"; } qname-wait-recurse no;";
    config
}
