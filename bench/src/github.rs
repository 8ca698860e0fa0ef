//! GitHub's side of an island: three names, their addresses, and origins that answer as GitHub's do.

use anyhow::Result;

use crate::island::{Island, NAME_SERVER};
use crate::pki::{Identity, Validity};
use crate::server::{named, nginx};

/// One of GitHub's hosts on the island.
#[derive(Debug, Clone, Copy)]
pub struct Host {
    /// The DNS name.
    pub name: &'static str,
    /// Its IPv4 address.
    pub v4: &'static str,
    /// Its IPv6 address; names have an AAAA record only where a test gives them one, as on the real network.
    pub v6: &'static str,
}

/// The hosts that GitHub Connect needs.
pub const HOSTS: [Host; 3] = [
    Host { name: "github.com", v4: "140.82.112.3", v6: "2a0a:a440::3" },
    Host { name: "api.github.com", v4: "140.82.112.4", v6: "2a0a:a440::4" },
    Host { name: "uploads.github.com", v4: "140.82.112.5", v6: "2a0a:a440::5" },
];

/// A whole healthy world: a name server and three origins with good certificates.
///
/// # Errors
/// When a server or `openssl` is missing or does not start.
pub fn healthy(island: &mut Island) -> Result<()> {
    resolvable(island)?;
    origins(island)
}

/// A name server that knows GitHub's names, and says NXDOMAIN to all others.
///
/// # Errors
/// When `named` is missing or does not start.
pub fn resolvable(island: &mut Island) -> Result<()> {
    let server = named::start(island, NAME_SERVER, &named::authoritative(&[("github.com", &records())]))?;
    island.serve(server);
    Ok(())
}

/// The A records of the three hosts, in the zone `github.com`.
pub fn records() -> String {
    HOSTS.map(|host| format!("{}. A {}\n", host.name, host.v4)).concat()
}

/// Three origins with certificates of their own from the island's root, on 443 and 80.
///
/// # Errors
/// When nginx or `openssl` is missing or does not start.
pub fn origins(island: &mut Island) -> Result<()> {
    let intermediate = island.root.intermediate("Island Issuing CA")?;
    let mut sites = String::new();
    for host in HOSTS {
        sites += &origin(host, &intermediate.issue(&[host.name], Validity::Now)?);
    }
    let server = nginx::start(island, &sites)?;
    island.serve(server);
    Ok(())
}

/// A site that answers as `host` does, on both families: TLS on 443, a redirect to it on 80.
pub fn origin(host: Host, identity: &Identity) -> String {
    nginx::tls_site(host, &identity.chain, &identity.key, REPLIES) + &redirect(host)
}

/// Plain port 80 as GitHub answers there: a redirect to HTTPS on the same host.
pub fn redirect(host: Host) -> String {
    nginx::plain_site(host, 80, "location / { return 301 https://$host$request_uri; }")
}

/// What every origin answers: GitHub's request id on everything, `/meta` in its published shape, a page elsewhere.
pub const REPLIES: &str = r#"
    add_header X-GitHub-Request-Id "C0DE:2F41A:1B2C3D4:1E2F3A4B:6741A2B3" always;
    location = /meta { default_type application/json; alias meta.json; }
    location / { default_type text/html; return 200 "<!DOCTYPE html><title>GitHub</title>"; }
"#;

/// The keys of `GET /meta` (facts §7), with few of the values.
pub const META: &str = r#"{
  "verifiable_password_authentication": false,
  "ssh_key_fingerprints": {"SHA256_ED25519": "+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"},
  "ssh_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"],
  "hooks": ["140.82.112.0/20", "2a0a:a440::/29"],
  "github_enterprise_importer": ["140.82.112.0/20"],
  "web": ["140.82.112.0/20", "2a0a:a440::/29"],
  "api": ["140.82.112.0/20", "2a0a:a440::/29"],
  "git": ["140.82.112.0/20", "2a0a:a440::/29"],
  "packages": ["140.82.121.33/32"],
  "pages": ["192.30.252.153/32"],
  "importer": ["52.23.85.212/32"],
  "actions": ["4.148.0.0/16"],
  "actions_macos": ["13.105.117.0/31"],
  "codespaces": ["4.154.0.0/16"],
  "dependabot": ["18.213.123.130/32"],
  "copilot": ["140.82.112.0/20"],
  "commit_signing_keys": [],
  "domains": {
    "website": ["*.github.com", "*.githubusercontent.com"],
    "codespaces": ["*.github.com"], "copilot": ["*.github.com"], "packages": ["ghcr.io"],
    "storage": ["*.github.com"], "actions": ["*.actions.githubusercontent.com"],
    "actions_inbound": {"full_domains": ["github.com"], "wildcard_domains": ["*.github.com"]},
    "artifact_attestations": {"trust_domain": "", "services": ["*.actions.githubusercontent.com"]}
  }
}
"#;
