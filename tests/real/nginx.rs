//! nginx: certificates, protocols, and what answers in GitHub's place.

use std::path::Path;

use anyhow::Result;
use gh_connect_bench::github::{self, HOSTS, Host, REPLIES, redirect};
use gh_connect_bench::island::{Island, NAME_SERVER};
use gh_connect_bench::pki::{Authority, Identity, Validity};
use gh_connect_bench::server::{
    named,
    nginx::{self, plain_site, tls_site},
};

use crate::vantage::{Seen, check, island};

#[test]
fn expired() -> Result<()> {
    let seen = with_certificates(|root, host| root.issue(&[host.name], Validity::Past))?;
    seen.failed_by("tls/expired");
    assert_eq!(seen.subjects("tls/expired").len(), HOSTS.len());
    assert_eq!(seen.state("connect"), "passed");
    assert_eq!(seen.state("origin"), "blocked");
    Ok(())
}

#[test]
fn not_yet_valid() -> Result<()> {
    with_certificates(|root, host| root.issue(&[host.name], Validity::Future))?
        .failed_by("tls/not-yet-valid");
    Ok(())
}

#[test]
fn a_certificate_for_another_name() -> Result<()> {
    let seen = with_certificates(|root, _| root.issue(&["portal.corp.example"], Validity::Now))?;
    seen.failed_by("tls/name-mismatch");
    assert!(seen.finding("tls/name-mismatch").contains("portal.corp.example"));
    Ok(())
}

#[test]
fn a_missing_intermediate() -> Result<()> {
    let seen = with_certificates(|root, host| {
        let below = root.intermediate(&format!("Issuing {}", host.name))?;
        let Identity { leaf, key, .. } = below.issue(&[host.name], Validity::Now)?;
        Ok(Identity { chain: leaf.clone(), leaf, key })
    })?;
    seen.failed_by("tls/incomplete-chain");
    assert!(seen.finding("tls/incomplete-chain").contains("Issuing github.com"), "it names the issuer");
    Ok(())
}

#[test]
fn an_authority_of_the_companys_own() -> Result<()> {
    let mut island = island()?;
    let corporate = Authority::root(island.folder(), "Corp Inspection CA 2")?;
    serve(&mut island, |_, host| corporate.issue(&[host.name], Validity::Now))?;
    let seen = check(&island).run()?;
    seen.failed_by("tls/untrusted-issuer");
    assert!(seen.finding("tls/untrusted-issuer").contains("Corp Inspection CA 2"));

    let seen = check(&island).with(&format!("--ca-file {}", corporate.certificate().display())).run()?;
    seen.passed_with_warnings(&["tls/inspected"]);
    Ok(())
}

#[test]
fn an_intermediate_that_is_given_as_the_root() -> Result<()> {
    let mut island = island()?;
    let corporate = Authority::root(island.folder(), "Corp Root CA")?;
    let issuing = corporate.intermediate("Corp Inspection CA 2")?;
    serve(&mut island, |_, host| issuing.issue(&[host.name], Validity::Now))?;
    let only = format!("--ca-file {}", issuing.certificate().display());
    let seen = check(&island).with(&only).run()?;
    seen.failed_by("tls/untrusted-issuer");
    assert!(
        seen.finding("tls/untrusted-issuer").contains("Corp Root CA"),
        "it names the root that is wanted"
    );

    let both = format!("{only} --ca-file {}", corporate.certificate().display());
    check(&island).with(&both).run()?.passed_with_warnings(&["tls/inspected"]);
    Ok(())
}

#[test]
fn a_root_whose_time_is_over_or_has_not_come() -> Result<()> {
    for (validity, expected) in [(Validity::Past, "tls/expired"), (Validity::Future, "tls/not-yet-valid")] {
        let mut island = island()?;
        let corporate = Authority::root_valid(island.folder(), "Corp Root CA", validity)?;
        serve(&mut island, |_, host| corporate.issue(&[host.name], Validity::Now))?;
        let root = corporate.certificate();
        let seen = check(&island).with(&format!("--ca-file {}", root.display())).run()?;
        seen.failed_by(expected);
        assert!(
            seen.finding(expected).contains("The root \\\"Corp Root CA\\\""),
            "{}",
            seen.finding(expected)
        );
        check(&island).trust(&root, &island.root.certificate()).run()?.failed_by(expected);
    }
    Ok(())
}

#[test]
fn cipher_suites_that_openssl_has_and_this_program_has_not() -> Result<()> {
    let old = "ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-AES256-SHA384;\n";
    let seen = with_sites(|root, host| {
        let Identity { chain, key, .. } = root.issue(&[host.name], Validity::Now)?;
        Ok(tls_site(host, &chain, &key, &format!("{old}{REPLIES}")) + &redirect(host))
    })?;
    seen.undetermined_by("tls/openssl-may-differ");
    assert!(seen.finding("tls/openssl-may-differ").contains("ECDHE-ECDSA-AES256-SHA384"));
    Ok(())
}

#[test]
fn a_root_that_only_this_machine_trusts() -> Result<()> {
    let mut island = island()?;
    github::healthy(&mut island)?;
    let seen = check(&island).trusting_the_machine().env("SSL_CERT_FILE", island.root.certificate()).run()?;
    seen.passed_with_warnings(&["tls/inspected"]);
    assert!(seen.finding("tls/inspected").contains("Island"), "it names the issuer");
    assert_eq!(seen.plan("/trust/system/origin"), "environment SSL_CERT_FILE");
    assert!(seen.finding("tls/inspected").contains("with the roots of SSL_CERT_FILE"), "it says by what");
    Ok(())
}

#[test]
fn one_host_of_three_is_resigned() -> Result<()> {
    let mut island = island()?;
    let corporate = Authority::root(island.folder(), "Corp Inspection CA")?;
    serve(&mut island, |root, host| {
        let issuer = if host.name.starts_with("uploads.") { &corporate } else { root };
        issuer.issue(&[host.name], Validity::Now)
    })?;
    let seen = check(&island).run()?;
    seen.failed_by("tls/untrusted-issuer");
    let subjects = seen.subjects("tls/untrusted-issuer");
    assert!(
        subjects.len() == 1 && subjects.iter().all(|host| host.starts_with("uploads.github.com")),
        "{subjects:?}"
    );
    Ok(())
}

/// A run that follows the address which wins its own race does not see it.
#[test]
fn what_is_intercepted_over_ipv6_alone() -> Result<()> {
    let seen = with_another(|host| format!("AAAA {}", host.v6), |host| format!("[{}]", host.v6))?;
    for host in HOSTS {
        assert!(seen.finding("tls/untrusted-issuer").contains("2a0a:a440::"), "it names the address");
        assert!(seen.subjects("tls/untrusted-issuer").contains(format!("{}:443", host.name).as_str()));
    }
    Ok(())
}

#[test]
fn what_is_intercepted_at_one_of_two_addresses() -> Result<()> {
    let seen = with_another(|host| format!("A {}", other(host)), other)?;
    assert!(seen.finding("tls/untrusted-issuer").contains("140.82.113."), "it names the address");
    Ok(())
}

/// A further address of the island's network.
fn other(host: Host) -> String {
    host.v4.replace("140.82.112.", "140.82.113.")
}

/// A world where the hosts have another address, `record` in their zone and where nginx listens, at which TLS is inspected.
fn with_another(record: impl Fn(Host) -> String, at: impl Fn(Host) -> String) -> Result<Seen> {
    let mut island = island()?;
    let corporate = Authority::root(island.folder(), "Corp Inspection CA")?;
    let records =
        HOSTS.map(|host| format!("{0}. A {1}\n{0}. {2}\n", host.name, host.v4, record(host))).concat();
    let server = named::start(&island, NAME_SERVER, &named::authoritative(&[("github.com", &records)]))?;
    island.serve(server);
    let mut sites = String::new();
    for host in HOSTS {
        for (issuer, address) in [(&island.root, host.v4.to_owned()), (&corporate, at(host))] {
            let Identity { chain, key, .. } = issuer.issue(&[host.name], Validity::Now)?;
            let both = format!("listen {}:443 ssl; listen [{}]:443 ssl;", host.v4, host.v6);
            let site = tls_site(host, &chain, &key, REPLIES);
            sites += &site.replace(&both, &format!("listen {address}:443 ssl;"));
            let both = format!("listen {}:80; listen [{}]:80;", host.v4, host.v6);
            sites += &redirect(host).replace(&both, &format!("listen {address}:80;"));
        }
    }
    let server = nginx::start(&island, &sites)?;
    island.serve(server);
    let seen = check(&island).run()?;
    seen.failed_by("tls/untrusted-issuer");
    Ok(seen)
}

#[test]
fn old_protocols_only() -> Result<()> {
    let old = "ssl_protocols TLSv1 TLSv1.1; ssl_ciphers \"ALL:@SECLEVEL=0\";\n";
    let seen = with_sites(|root, host| {
        let Identity { chain, key, .. } = root.issue(&[host.name], Validity::Now)?;
        Ok(tls_site(host, &chain, &key, &format!("{old}{REPLIES}")) + &redirect(host))
    })?;
    seen.failed_by("tls/protocol-unsupported");
    Ok(())
}

#[test]
fn a_server_that_ends_the_handshake_with_an_alert() -> Result<()> {
    let seen = with_sites(|root, host| {
        let Identity { chain, key, .. } = root.issue(&[host.name], Validity::Now)?;
        Ok(tls_site(host, &chain, &key, "ssl_reject_handshake on;") + &redirect(host))
    })?;
    seen.failed_by("tls/alert");
    Ok(())
}

#[test]
fn plain_http_on_443() -> Result<()> {
    let seen = with_sites(|_, host| Ok(plain_site(host, 443, REPLIES) + &redirect(host)))?;
    seen.failed_by("tls/not-tls");
    assert_eq!(seen.state("connect"), "passed");
    Ok(())
}

#[test]
fn tls_on_80_alone() -> Result<()> {
    let seen = with_sites(|root, host| {
        let Identity { chain, key, .. } = root.issue(&[host.name], Validity::Now)?;
        let on_80 = tls_site(host, &chain, &key, REPLIES).replace(":443 ssl", ":80 ssl");
        Ok(on_80 + &plain_site(host, 443, "return 404;"))
    })?;
    assert!(seen.subjects("tls/only-on-80").len() == HOSTS.len());
    assert_eq!(seen.state("tls"), "warned");
    Ok(())
}

#[test]
fn a_block_page_behind_a_good_certificate() -> Result<()> {
    for status in [403, 200] {
        let page = format!(
            "location / {{ default_type text/html; return {status} \"<h1>Blocked by policy</h1>\"; }}"
        );
        answering(&page)?.failed_by("origin/not-github");
    }
    Ok(())
}

#[test]
fn a_login_page_behind_a_good_certificate() -> Result<()> {
    answering("location / { return 302 https://login.corp.example/; }")?.failed_by("origin/not-github");
    Ok(())
}

#[test]
fn github_itself_is_unavailable() -> Result<()> {
    let page = "add_header X-GitHub-Request-Id C0DE:2F41A:1B2C3D4:1E2F3A4B:6741A2B3 always;\n\
                location / { return 503 \"<h1>Unicorn!</h1>\"; }";
    answering(page)?.failed_by("origin/unavailable");
    Ok(())
}

#[test]
fn the_anonymous_rate_limit_is_no_block() -> Result<()> {
    let page = r#"
        add_header X-GitHub-Request-Id C0DE:2F41A:1B2C3D4:1E2F3A4B:6741A2B3 always;
        add_header X-RateLimit-Limit 60 always; add_header X-RateLimit-Remaining 0 always;
        add_header X-RateLimit-Reset 1795359600 always;
        location / { default_type application/json;
            return 403 '{"message":"API rate limit exceeded for 192.0.2.10. (But here is the good news: ...)"}'; }"#;
    let seen = with_sites(|root, host| {
        let Identity { chain, key, .. } = root.issue(&[host.name], Validity::Now)?;
        let body = if host.name.starts_with("api.") { page } else { REPLIES };
        Ok(tls_site(host, &chain, &key, body) + &redirect(host))
    })?;
    seen.passed_with_warnings(&["origin/rate-limited"]);
    Ok(())
}

#[test]
fn a_captive_portal_on_80() -> Result<()> {
    let seen = with_sites(|root, host| {
        let Identity { chain, key, .. } = root.issue(&[host.name], Validity::Now)?;
        let portal = "location / { return 302 http://portal.corp.example/login; }";
        Ok(tls_site(host, &chain, &key, REPLIES) + &plain_site(host, 80, portal))
    })?;
    seen.passed_with_warnings(&["port-80/captive-portal"]);
    Ok(())
}

/// A world where every site has GitHub's name and a good certificate, and answers like this.
fn answering(body: &str) -> Result<Seen> {
    with_sites(|root, host| {
        let Identity { chain, key, .. } = root.issue(&[host.name], Validity::Now)?;
        Ok(tls_site(host, &chain, &key, body) + &redirect(host))
    })
}

/// A world where the certificates alone differ from a healthy one.
fn with_certificates(identity: impl Fn(&Authority, Host) -> Result<Identity>) -> Result<Seen> {
    let mut island = island()?;
    serve(&mut island, identity)?;
    check(&island).run()
}

fn serve(island: &mut Island, identity: impl Fn(&Authority, Host) -> Result<Identity>) -> Result<()> {
    let sites = |root: &Authority, host| Ok(github::origin(host, &identity(root, host)?));
    start(island, sites)
}

fn with_sites(site: impl Fn(&Authority, Host) -> Result<String>) -> Result<Seen> {
    let mut island = island()?;
    start(&mut island, site)?;
    check(&island).run()
}

fn start(island: &mut Island, site: impl Fn(&Authority, Host) -> Result<String>) -> Result<()> {
    github::resolvable(island)?;
    let sites = HOSTS.iter().map(|host| site(&island.root, *host)).collect::<Result<String>>()?;
    let server = nginx::start(island, &sites)?;
    island.serve(server);
    assert!(Path::new(&island.folder().join(nginx::ACCESS_LOG)).exists());
    Ok(())
}
