//! A world with accounts: GitHub's API and a GitHub Enterprise Server, 50 ms and 1 ms away.
//!
//! Both are the program's own lab, started inside the world's namespace. The lab listens on loopback there; a rule for each
//! of its addresses leads what arrives for that address to the socket that stands for it, so that the program under test
//! connects to real addresses and ports and needs no `--connect-to`.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::island::{Island, NAME_SERVER};
use crate::server::{Ready, Server};

/// An island with accounts, and how a run gets at them.
#[derive(Debug)]
pub struct Accounts {
    /// Where it all is.
    pub island: Island,
    /// The configuration that names the server, the account and what only people know.
    pub config: PathBuf,
    /// The credentials.
    pub environment: Vec<(String, String)>,
}

impl Accounts {
    /// The lab's world `toml` with the cloud `cloud` away in one direction, and the server `server`. `program` is
    /// gh-connect, `forwarder` the `gh-connect-bench` program.
    ///
    /// # Errors
    /// As [`Accounts::on`], and when the island cannot be made.
    pub fn at(
        program: &Path,
        forwarder: &Path,
        cloud: Duration,
        server: Duration,
        toml: &str,
    ) -> Result<Self> {
        Self::on(Island::with_distances(forwarder, cloud, &[(SERVER, server)])?, program, toml)
    }

    /// The lab's world `toml` on an island where nothing else is.
    ///
    /// # Errors
    /// When the lab does not start, or its addresses cannot be led to it.
    pub fn on(mut island: Island, program: &Path, toml: &str) -> Result<Self> {
        let world = island.folder().join("world.toml");
        std::fs::write(&world, toml)?;
        let mut command = island.world.command(program);
        // What it makes for its time goes away with the island, even when it is ended at once.
        command.env("TMPDIR", island.folder()).arg("lab").arg(&world);
        let lab = Server::start("lab", &mut command, island.folder(), Ready::Logs("Ctrl-C ends it."))?;
        let told = Told::read(&lab.log())?;
        island.serve(lab);
        // Packets for an address that leads to loopback are martians otherwise.
        for device in ["all", "eth0"] {
            island.world.set(&format!("ipv4/conf/{device}/route_localnet"), "1")?;
        }
        island.world.nft(&told.rules())?;
        island.client.ip(&format!("route add {SERVER_NETWORK} via 192.0.2.1"))?;
        let config = island.folder().join("accounts.toml");
        std::fs::write(&config, told.configuration()?)?;
        Ok(Self { island, config, environment: told.environment })
    }
}

/// What `gh-connect lab` prints of its world.
struct Told {
    name_server: SocketAddrV4,
    addresses: Vec<(SocketAddrV4, SocketAddrV4)>,
    folder: PathBuf,
    environment: Vec<(String, String)>,
}

impl Told {
    fn read(text: &str) -> Result<Self> {
        let after = |label: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(label));
            line.map(str::trim).with_context(|| format!("the lab does not say its {label}:\n{text}"))
        };
        let name_server = after("resolvers")?.split(',').next().unwrap_or_default().trim().parse()?;
        let mut addresses = Vec::new();
        for line in text.lines().filter_map(|line| line.strip_prefix("host ")) {
            if let [_, address, "is", socket] = line.split_whitespace().collect::<Vec<_>>()[..] {
                addresses.push((address.parse()?, socket.parse()?));
            }
        }
        ensure!(!addresses.is_empty(), "the lab names no host:\n{text}");
        let folder = after("files")?.into();
        let words = shell_words(after("Try it:")?);
        let pairs = words.iter().skip(1).map_while(|word| word.split_once('='));
        let environment = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Self { name_server, addresses, folder, environment })
    }

    /// Leads what arrives for the world's addresses to the lab.
    fn rules(&self) -> String {
        let mut leads = String::new();
        let socket = self.name_server;
        for protocol in ["udp", "tcp"] {
            let _ = writeln!(leads, "    ip daddr {NAME_SERVER} {protocol} dport 53 dnat to {socket}");
        }
        for (address, socket) in &self.addresses {
            let (ip, port) = (address.ip(), address.port());
            let _ = writeln!(leads, "    ip daddr {ip} tcp dport {port} dnat to {socket}");
        }
        // What comes from the client, and what comes from a proxy within the world.
        let chains = [("arriving", "prerouting"), ("leaving", "output")].map(|(name, hook)| {
            format!("  chain {name} {{\n    type nat hook {hook} priority -100\n{leads}  }}\n")
        });
        format!("table ip lab {{\n{}}}\n", chains.concat())
    }

    /// The configuration that the lab wrote, without what leads to its sockets: addresses lead there by themselves.
    fn configuration(&self) -> Result<String> {
        let written = std::fs::read_to_string(self.folder.join("gh-connect.toml"))?;
        let of_sockets = ["resolver =", "connect-to =", "loopback-only =", "hosts-file ="];
        let kept = written.lines().filter(|line| !of_sockets.iter().any(|key| line.starts_with(key)));
        Ok(kept.collect::<Vec<_>>().join("\n"))
    }
}

/// The words of a command as the lab prints it: some are in single quotes.
fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words
}

/// The address of the lab's GitHub Enterprise Server.
const SERVER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 20);
const SERVER_NETWORK: &str = "198.51.100.0/24";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_lab_prints_becomes_rules_and_credentials() {
        let told = Told::read(
            "lab world x: y\nresolvers  127.0.0.1:5301, 127.0.0.1:5302\nhost       a.example 198.51.100.20:443 is 127.0.0.1:4430\n\
             files      /tmp/lab\n\nTry it:    env A='x y=z' B=b gh-connect check --config /tmp/lab/gh-connect.toml\n",
        )
        .expect("it is whole");
        assert_eq!(told.environment, [("A".into(), "x y=z".into()), ("B".into(), "b".into())]);
        let rules = told.rules();
        for rule in [
            "ip daddr 192.0.2.53 udp dport 53 dnat to 127.0.0.1:5301",
            "ip daddr 198.51.100.20 tcp dport 443 dnat to 127.0.0.1:4430",
        ] {
            assert!(rules.contains(rule), "{rules}");
        }
        assert!(Told::read("").is_err());
    }
}
