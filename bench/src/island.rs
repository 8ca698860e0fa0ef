//! An island: a client's network and the world that it can see, joined by one link, with no way out.
//!
//! ```text
//!   client                               world
//!   192.0.2.10 ───── eth0 ═══ eth0 ───── 192.0.2.53, .54   name servers
//!   2001:db8:ca11::10                    192.0.2.3         proxies
//!                                        192.0.2.80        walled garden, captive portal
//!                                        140.82.112.3-5    github.com, api., uploads.   (2a0a:a440::3-5)
//! ```
//! GitHub's addresses are real ones, so that a check which knows public from private sees what it would see outside.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::github::HOSTS;
use crate::netns::{Namespace, sweep};
use crate::pki::Authority;
use crate::server::{Ready, Server};

/// Two namespaces, their link, and what runs there; all of it ends with this value.
#[derive(Debug)]
pub struct Island {
    servers: Vec<Server>,
    /// Where the program under test runs.
    pub client: Namespace,
    /// Where everything that it may reach runs.
    pub world: Namespace,
    /// The root that signs the world's certificates.
    pub root: Authority,
    folder: TempDir,
}

impl Island {
    /// An island whose link is a veth pair.
    ///
    /// # Errors
    /// Without Linux, root, `iproute2` or `openssl`; the message says what to do.
    pub fn new() -> Result<Self> {
        let island = Self::unlinked()?;
        island.client.join(DEVICE, &island.world, DEVICE)?;
        island.address()?;
        Ok(island)
    }

    /// An island whose link holds every packet for `one_way` in each direction; `forwarder` is the
    /// `gh-connect-bench` program.
    ///
    /// # Errors
    /// As [`Island::new`], and when a TUN device cannot be made.
    pub fn delayed(forwarder: &Path, one_way: Duration) -> Result<Self> {
        Self::with_distances(forwarder, one_way, &[])
    }

    /// As [`Island::delayed`], with some addresses nearer than the rest.
    ///
    /// # Errors
    /// As [`Island::delayed`].
    pub fn with_distances(
        forwarder: &Path,
        one_way: Duration,
        nearer: &[(std::net::Ipv4Addr, Duration)],
    ) -> Result<Self> {
        let mut island = Self::unlinked()?;
        let mut command = std::process::Command::new(forwarder);
        command.arg("delay").arg(one_way.as_micros().to_string());
        for end in [&island.client, &island.world] {
            command.arg(end.handle()).arg(DEVICE);
        }
        command.args(nearer.iter().map(|(address, one_way)| format!("{address}={}", one_way.as_micros())));
        command.stdin(std::process::Stdio::null());
        let link = Server::start("delay", &mut command, island.folder(), Ready::Logs("up"))?;
        island.serve(link);
        island.address()?;
        Ok(island)
    }

    /// Keeps a server running for as long as the island exists.
    pub fn serve(&mut self, server: Server) {
        self.servers.push(server);
    }

    /// A folder for configurations, logs and certificates, that servers may read after they gave up root.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves the client no way to GitHub but through a proxy.
    ///
    /// # Errors
    /// When `ip` fails.
    pub fn only_by_proxy(&self) -> Result<()> {
        self.client.ip(&format!("route del {GITHUB_NETWORK}"))?;
        self.client.ip(&format!("-6 route del {GITHUB_NETWORK_6}"))
    }

    fn unlinked() -> Result<Self> {
        sweep();
        let folder = tempfile::Builder::new().prefix("gh-connect-island-").tempdir()?;
        readable(folder.path())?;
        let root = Authority::root(folder.path(), "Island Root").context("certificates take openssl")?;
        let (client, world) = (Namespace::new("client")?, Namespace::new("world")?);
        Ok(Self { servers: Vec::new(), client, world, root, folder })
    }

    fn address(&self) -> Result<()> {
        for (end, addresses) in [
            (&self.client, [format!("{CLIENT}/24"), format!("{CLIENT_6}/64")]),
            (&self.world, ["192.0.2.1/24".to_owned(), "2001:db8:ca11::1/64".to_owned()]),
        ] {
            for address in addresses {
                // `nodad`: an address that is being checked for duplicates cannot be used for a second.
                let nodad = if address.contains(':') { "nodad" } else { "" };
                end.ip(&format!("addr add {address} dev {DEVICE} {nodad}"))?;
            }
        }
        for address in [NAME_SERVER, OTHER_NAME_SERVER, PROXY, GARDEN] {
            self.world.ip(&format!("addr add {address}/24 dev {DEVICE}"))?;
        }
        // A `local` route makes every address of the network one of this namespace; IPv6 cannot be bound to that way.
        self.world.ip(&format!("route add local {GITHUB_NETWORK} dev lo"))?;
        for host in HOSTS {
            self.world.ip(&format!("addr add {}/128 dev lo nodad", host.v6))?;
        }
        self.client.ip(&format!("route add {GITHUB_NETWORK} via 192.0.2.1"))?;
        self.client.ip(&format!("-6 route add {GITHUB_NETWORK_6} via 2001:db8:ca11::1"))?;
        self.client.etc("resolv.conf", &format!("nameserver {NAME_SERVER}\n"))?;
        for end in [&self.client, &self.world] {
            end.etc("nsswitch.conf", "hosts: files dns\n")?;
            end.etc("hosts", &hosts_file("")?)?;
        }
        Ok(())
    }
}

/// A hosts file as a machine has it, with further lines. It knows the machine itself: some programs look that up at
/// their start, and would wait for a name server to deny it.
///
/// # Errors
/// When the machine does not tell its name.
pub fn hosts_file(lines: &str) -> Result<String> {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname")?;
    Ok(format!("127.0.0.1 localhost\n127.0.1.1 {}\n{lines}", machine.trim()))
}

/// Lets every user look into `folder`: named, squid and tinyproxy give up root.
fn readable(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(())
}

/// The client's address.
pub const CLIENT: &str = "192.0.2.10";
/// The client's IPv6 address.
pub const CLIENT_6: &str = "2001:db8:ca11::10";
/// The name server of the client's `resolv.conf`.
pub const NAME_SERVER: &str = "192.0.2.53";
/// A second one, for islands that need it.
pub const OTHER_NAME_SERVER: &str = "192.0.2.54";
/// Where proxies listen.
pub const PROXY: &str = "192.0.2.3";
/// Where a walled garden or a captive portal listens.
pub const GARDEN: &str = "192.0.2.80";
/// Networks of GitHub's, as its `/meta` publishes them.
pub const GITHUB_NETWORK: &str = "140.82.112.0/20";
/// As [`GITHUB_NETWORK`].
pub const GITHUB_NETWORK_6: &str = "2a0a:a440::/29";

const DEVICE: &str = "eth0";
