//! Real servers, each in the foreground under the test's control.
//!
//! A module per program writes its configuration and knows when it is ready. [`Server`] ends the program with
//! the test and shows its log when the test panics.

pub mod mitmproxy;
pub mod named;
pub mod nginx;
pub mod squid;
pub mod tinyproxy;

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// A running program; ended when dropped.
#[derive(Debug)]
pub struct Server {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

/// How a program shows that it serves.
#[derive(Debug, Clone, Copy)]
pub enum Ready<'a> {
    /// It listens on this address with TCP. The address must be of the island, never a wildcard or loopback.
    Listens(SocketAddr),
    /// It has logged this text.
    Logs(&'a str),
}

impl Server {
    /// Starts `command` with both of its streams in `folder/NAME.log`, and waits until it is ready.
    ///
    /// # Errors
    /// When it cannot be started, ends at once, or is not ready within twenty seconds: with its log.
    pub fn start(name: &'static str, command: &mut Command, folder: &Path, ready: Ready<'_>) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let stream = fs::OpenOptions::new().create(true).append(true).open(&log)?;
        let child = command
            .stdout(stream.try_clone()?)
            .stderr(stream)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let mut server = Self { name, child, log };
        let patience = Instant::now() + PATIENCE;
        while !server.is_ready(ready) {
            if let Some(status) = server.child.try_wait()? {
                bail!("{name} ended with {status} before it was ready:\n{}", server.log());
            }
            if Instant::now() > patience {
                bail!("{name} was not ready within {PATIENCE:?}:\n{}", server.log());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(server)
    }

    /// The process, as `/proc` knows it.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything it has printed so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn is_ready(&self, ready: Ready<'_>) -> bool {
        match ready {
            Ready::Logs(text) => self.log().contains(text),
            Ready::Listens(address) => {
                let table = if address.is_ipv4() { "tcp" } else { "tcp6" };
                let table =
                    fs::read_to_string(format!("/proc/{}/net/{table}", self.pid())).unwrap_or_default();
                listens(&table, address)
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            // Not a macro: what a failing test shows of its servers belongs on standard error, and this is a library.
            let _ = writeln!(std::io::stderr(), "--- {} said:\n{}", self.name, self.log());
        }
    }
}

/// Whether the kernel's table (`/proc/PID/net/tcp`) has a listening socket on `address`. The table is the one of the
/// namespace that the process is in.
fn listens(table: &str, address: SocketAddr) -> bool {
    let words = match address.ip() {
        std::net::IpAddr::V4(ip) => vec![u32::from_ne_bytes(ip.octets())],
        std::net::IpAddr::V6(ip) => {
            let words = ip.octets();
            words
                .chunks_exact(4)
                .map(|word| u32::from_ne_bytes([word[0], word[1], word[2], word[3]]))
                .collect()
        }
    };
    let ip: String = words.iter().map(|word| format!("{word:08X}")).collect();
    let local = format!("{ip}:{:04X}", address.port());
    table.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        fields.next() == Some(&local) && fields.nth(1) == Some(LISTEN)
    })
}

/// TCP_LISTEN in the kernel's `tcp_states.h`.
const LISTEN: &str = "0A";

const PATIENCE: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn a_listening_socket_is_found_by_its_exact_address() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue\n   \
                     0: 350200C0:0035 00000000:0000 0A 00000000:00000000\n   \
                     1: 350200C0:0050 00000000:0000 01 00000000:00000000\n";
        let address = |text: &str| text.parse().expect("an address");
        assert!(listens(table, address("192.0.2.53:53")));
        assert!(!listens(table, address("192.0.2.53:80")), "it is connected, not listening");
        assert!(!listens(table, address("192.0.2.54:53")));
        let table = "  sl  local\n 0: B80D0120000000000000000035000000:0035 0:0 0A\n";
        assert!(listens(table, address("[2001:db8::35]:53")));
    }
}
