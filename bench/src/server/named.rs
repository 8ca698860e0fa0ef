//! BIND's `named`: the name servers of an island.

use std::fs;

use anyhow::Result;

use crate::island::Island;
use crate::server::{Ready, Server};

/// What a name server is told beside where it listens.
#[derive(Debug, Default, Clone)]
pub struct Config {
    /// Statements for the `options` block.
    pub options: String,
    /// Further blocks of `named.conf`.
    pub blocks: String,
    /// Files beside it: a name and its text.
    pub files: Vec<(String, String)>,
}

impl Config {
    /// Adds a zone of which this server is the primary; `records` in master-file format, names ending in a dot.
    #[must_use]
    pub fn zone(mut self, name: &str, records: &str) -> Self {
        let file = format!("{}.zone", if name == "." { "root" } else { name });
        self.blocks += &format!("zone \"{name}\" {{ type primary; file \"{file}\"; }};\n");
        self.files.push((file, format!("{START_OF_ZONE}{records}")));
        self
    }
}

/// A server with these zones that says NXDOMAIN to every other name, at once: it has a root zone of its own.
pub fn authoritative(zones: &[(&str, &str)]) -> Config {
    zones
        .iter()
        .fold(Config::default().zone(".", "ns.island.test. A 192.0.2.53\n"), |config, (name, records)| {
            config.zone(name, records)
        })
}

/// Starts a name server on port 53 of `address`, over UDP and TCP.
///
/// # Errors
/// When `named` is missing, refuses the configuration, or does not start.
pub fn start(island: &Island, address: &str, config: &Config) -> Result<Server> {
    let folder = island.folder().join(format!("named-{address}"));
    fs::create_dir_all(&folder)?;
    for (file, text) in &config.files {
        fs::write(folder.join(file), text)?;
    }
    let text = OPTIONS
        .replace("{folder}", &folder.display().to_string())
        .replace("{address}", address)
        .replace("{options}", &config.options)
        + &config.blocks;
    let file = folder.join("named.conf");
    fs::write(&file, text)?;
    let mut command = island.world.command("named");
    // `-g`: in the foreground, logging to standard error. One worker is enough, and starts faster.
    command.args(["-g", "-n", "1", "-c"]).arg(&file);
    Server::start("named", &mut command, &folder, Ready::Logs(" running\n"))
}

const OPTIONS: &str = "\
options {
    directory \"{folder}\";
    pid-file none; session-keyfile none; lock-file none;
    listen-on { {address}; }; listen-on-v6 { none; };
    recursion yes; allow-query { any; }; allow-recursion { any; };
    empty-zones-enable no; dnssec-validation no; notify no; minimal-responses yes;
    {options}
};
controls {};
";

const START_OF_ZONE: &str = "\
$TTL 60
@ SOA ns.island.test. admin.island.test. 1 3600 600 86400 60
@ NS ns.island.test.
";
