//! tinyproxy: a small proxy with a filter by name and Basic authentication.

use std::fs;

use anyhow::Result;

use crate::island::{Island, PROXY};
use crate::server::{Ready, Server};

/// Starts tinyproxy on port 3128 with these lines of its configuration; `filter` holds a pattern a line of the hosts
/// that it lets through.
///
/// # Errors
/// When tinyproxy is missing, refuses the configuration, or does not start.
pub fn start(island: &Island, lines: &str, filter: Option<&str>) -> Result<Server> {
    let folder = island.folder().join("tinyproxy");
    fs::create_dir_all(&folder)?;
    let mut text = format!("Port 3128\nListen {PROXY}\nTimeout 60\nMaxClients 50\nConnectPort 443\n{lines}");
    if let Some(patterns) = filter {
        let file = folder.join("filter");
        fs::write(&file, patterns)?;
        text += &format!("Filter \"{}\"\nFilterDefaultDeny Yes\nFilterExtended Yes\n", file.display());
    }
    let file = folder.join("tinyproxy.conf");
    fs::write(&file, text)?;
    let mut command = island.world.command("tinyproxy");
    command.args(["-d", "-c"]).arg(&file);
    Server::start("tinyproxy", &mut command, &folder, Ready::Listens(format!("{PROXY}:3128").parse()?))
}
