//! mitmproxy: an inspecting proxy with an authority of its own making.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::island::{Island, PROXY};
use crate::server::{Ready, Server};

/// A running mitmproxy.
#[derive(Debug)]
pub struct Mitmproxy {
    /// The program.
    pub server: Server,
    /// The root it made for itself, PEM: what a company would install on the appliance.
    pub root: PathBuf,
}

/// Starts `mitmdump` (the path of the program) on port 3128, with these further options.
///
/// # Errors
/// When it is missing or does not start.
pub fn start(island: &Island, mitmdump: &Path, options: &[&str]) -> Result<Mitmproxy> {
    let folder = island.folder().join("mitmproxy");
    fs::create_dir_all(&folder)?;
    let mut command = island.world.command(mitmdump);
    command.env("HOME", &folder).args(["--listen-host", PROXY, "--listen-port", "3128"]);
    command.arg("--set").arg(format!("confdir={}", folder.display()));
    let trusted = island.root.certificate();
    command.arg("--set").arg(format!("ssl_verify_upstream_trusted_ca={}", trusted.display()));
    command.args(options);
    let listens = format!("{PROXY}:3128").parse()?;
    let server = Server::start("mitmproxy", &mut command, &folder, Ready::Listens(listens))?;
    Ok(Mitmproxy { server, root: folder.join("mitmproxy-ca-cert.pem") })
}
