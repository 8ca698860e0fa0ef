//! What the programs are asked about: healthy worlds with latency, and worlds with one fault.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::github::{self, HOSTS, REPLIES, origin, records, redirect};
use crate::island::{GARDEN, Island, NAME_SERVER, PROXY};
use crate::pki::{Authority, Identity, Validity};
use crate::server::named::{self, authoritative};
use crate::server::nginx::{self, tls_site};
use crate::server::squid;

/// GitHub's three hosts, `fleet` further ones, and an open proxy, `one_way` away.
///
/// # Errors
/// When a server is missing or does not start.
pub fn healthy(forwarder: &Path, one_way: Duration, fleet: usize) -> Result<Island> {
    let mut island = Island::delayed(forwarder, one_way)?;
    let names = self::fleet(fleet);
    let addresses: String =
        names.iter().zip(1..).map(|(name, host)| format!("{name}. A {}\n", address(host))).collect();
    let zones = [("github.com", records()), ("fleet.example", addresses)];
    let zones = zones.each_ref().map(|(zone, records)| (*zone, records.as_str()));
    let server = named::start(&island, NAME_SERVER, &authoritative(&zones))?;
    island.serve(server);

    let mut sites = String::new();
    for host in HOSTS {
        sites += &origin(host, &island.root.issue(&[host.name], Validity::Now)?);
    }
    // Every address of the network is one of the world's, so the fleet needs no site for each.
    let Identity { chain, key, .. } = island.root.issue(&["*.fleet.example"], Validity::Now)?;
    sites += &format!(
        "server {{ listen 0.0.0.0:443 ssl; ssl_certificate {}; ssl_certificate_key {};\n{REPLIES}}}\n\
         server {{ listen 0.0.0.0:80; return 301 https://$host$request_uri; }}\n",
        chain.display(),
        key.display()
    );
    let server = nginx::start(&island, &sites)?;
    island.serve(server);
    let server = squid::start(&island, 3128, &format!("http_port {PROXY}:3128\nhttp_access allow all\n"))?;
    island.serve(server);
    Ok(island)
}

/// The names of the first `count` hosts beside GitHub's.
pub fn fleet(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("h{number:03}.fleet.example")).collect()
}

/// A fault, and how to build it.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// What is wrong, for a table.
    pub title: &'static str,
    /// Whether GitHub can be used all the same.
    pub usable: bool,
    build: fn(&mut Island) -> Result<()>,
}

impl Fault {
    /// An island, without latency, on which this is the only thing wrong.
    ///
    /// # Errors
    /// When a server is missing or does not start.
    pub fn island(&self) -> Result<Island> {
        let mut island = Island::new()?;
        (self.build)(&mut island)?;
        Ok(island)
    }
}

/// The worlds in which verdicts are compared.
pub const FAULTS: &[Fault] = &[
    Fault { title: "nothing: a healthy world", usable: true, build: github::healthy },
    Fault { title: "names do not exist", usable: false, build: no_names },
    Fault { title: "packets to 443 are dropped", usable: false, build: dropped },
    Fault { title: "re-signed by an authority that nobody here trusts", usable: false, build: resigned },
    Fault { title: "certificates expired", usable: false, build: expired },
    Fault { title: "certificates for another name", usable: false, build: misnamed },
    Fault { title: "the intermediate is missing", usable: false, build: incomplete },
    Fault { title: "a block page, status 200, certificate trusted here", usable: false, build: block_page },
    Fault { title: "a block page, status 403, certificate trusted here", usable: false, build: forbidden },
    Fault { title: "a redirect to a login page, certificate trusted here", usable: false, build: login },
];

fn no_names(island: &mut Island) -> Result<()> {
    let server = named::start(island, NAME_SERVER, &authoritative(&[]))?;
    island.serve(server);
    github::origins(island)
}

fn dropped(island: &mut Island) -> Result<()> {
    github::healthy(island)?;
    island.world.filter("tcp dport 443 drop")
}

fn resigned(island: &mut Island) -> Result<()> {
    let authority = Authority::root(island.folder(), "Corp Inspection CA")?;
    serve(island, &|_, name| authority.issue(&[name], Validity::Now), REPLIES)
}

fn expired(island: &mut Island) -> Result<()> {
    serve(island, &|root, name| root.issue(&[name], Validity::Past), REPLIES)
}

fn misnamed(island: &mut Island) -> Result<()> {
    serve(island, &|root, _| root.issue(&["portal.corp.example"], Validity::Now), REPLIES)
}

fn incomplete(island: &mut Island) -> Result<()> {
    let below = island.root.intermediate("Issuing CA")?;
    let leaf_alone = |_: &Authority, name: &str| {
        let Identity { leaf, key, .. } = below.issue(&[name], Validity::Now)?;
        Ok(Identity { chain: leaf.clone(), leaf, key })
    };
    serve(island, &leaf_alone, REPLIES)
}

fn block_page(island: &mut Island) -> Result<()> {
    serve(island, &trusted, "default_type text/html; location / { return 200 \"<h1>Blocked</h1>\"; }")
}

fn forbidden(island: &mut Island) -> Result<()> {
    serve(island, &trusted, "default_type text/html; location / { return 403 \"<h1>Blocked</h1>\"; }")
}

fn login(island: &mut Island) -> Result<()> {
    let page = format!("location / {{ return 302 http://{GARDEN}/login; }}");
    serve(island, &trusted, &page)
}

fn trusted(root: &Authority, name: &str) -> Result<Identity> {
    root.issue(&[name], Validity::Now)
}

/// Names that resolve, sites with these certificates that answer with `body`, and a login page for whoever follows.
fn serve(
    island: &mut Island,
    identity: &dyn Fn(&Authority, &str) -> Result<Identity>,
    body: &str,
) -> Result<()> {
    github::resolvable(island)?;
    let mut sites = format!("server {{ listen {GARDEN}:80; return 200 \"<form>Please sign in</form>\"; }}\n");
    for host in HOSTS {
        let Identity { chain, key, .. } = identity(&island.root, host.name)?;
        sites += &(tls_site(host, &chain, &key, body) + &redirect(host));
    }
    let server = nginx::start(island, &sites)?;
    island.serve(server);
    Ok(())
}

/// 140.82.116.0 and up, within the network that the world holds.
fn address(host: u32) -> std::net::Ipv4Addr {
    std::net::Ipv4Addr::from(u32::from(std::net::Ipv4Addr::new(140, 82, 116, 0)) + host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fleet_has_names_and_addresses_of_its_own() {
        assert_eq!(fleet(2), ["h001.fleet.example", "h002.fleet.example"]);
        assert_eq!(fleet(497).len(), 497);
        assert_eq!(address(300).to_string(), "140.82.117.44");
    }
}
