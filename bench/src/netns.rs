//! Network namespaces that remove themselves: the only networks on which anything here sends a packet.
//!
//! A [`Namespace`] starts with `lo` up and nothing else: no other device, no route. Devices are made between two
//! namespaces directly, so none is ever visible in the machine's own network, and nobody adds a route that leaves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail, ensure};

/// One network namespace, with `/etc` files of its own; gone with its processes when dropped.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes a namespace named after this process, a counter and `role`, and brings its `lo` up.
    ///
    /// TCP in here is Reno, which every kernel has, whatever this machine prefers: BBR, for instance, spaces the packets of
    /// whoever mostly has little to say, and a measured time would be that of the sender's pauses.
    ///
    /// # Errors
    /// When this is not Linux, not root, or has no `ip` command; the message says what to do.
    pub fn new(role: &str) -> Result<Self> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);

        ensure!(cfg!(target_os = "linux"), "network namespaces exist on Linux only");
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}-{}-{number}-{role}", std::process::id());
        succeed(Command::new("ip").args(["netns", "add", &name]))
            .context("making a network namespace takes root and the package iproute2")?;
        let namespace = Self { name };
        namespace.ip("link set lo up")?;
        namespace.set("ipv4/tcp_congestion_control", "reno")?;
        Ok(namespace)
    }

    /// The name that `ip netns` knows it by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The handle that `setns` takes.
    pub fn handle(&self) -> PathBuf {
        Path::new("/run/netns").join(&self.name)
    }

    /// A command that will run `program` in here, with the `/etc` files given to this namespace, without standard
    /// input, and without any environment but `PATH`.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program).stdin(Stdio::null());
        command.env_clear().env("PATH", PATH);
        command
    }

    /// Runs `ip -n NAME` with the words of `arguments`.
    ///
    /// # Errors
    /// When `ip` fails, with what it said.
    pub fn ip(&self, arguments: &str) -> Result<()> {
        let mut command = Command::new("ip");
        command.args(["-n", &self.name]).args(arguments.split_whitespace());
        succeed(&mut command)
    }

    /// Sets a kernel parameter of in here, `ipv4/tcp_congestion_control`.
    ///
    /// # Errors
    /// When the kernel does not know the parameter or the value.
    pub fn set(&self, parameter: &str, value: &str) -> Result<()> {
        let write = format!("echo {value} > /proc/sys/net/{parameter}");
        succeed(self.command("sh").args(["-c", &write])).with_context(|| format!("setting net/{parameter}"))
    }

    /// Adds an nftables rule (`tcp dport 443 drop`) for what arrives in here.
    ///
    /// # Errors
    /// When `nft` refuses it, with what it said.
    pub fn filter(&self, rule: &str) -> Result<()> {
        let hook = "type filter hook input priority 0";
        self.nft(&format!("table inet firewall {{\n  chain arriving {{\n    {hook}\n    {rule}\n  }}\n}}\n"))
    }

    /// Loads an nftables ruleset in here.
    ///
    /// # Errors
    /// When `nft` refuses it, with what it said.
    pub fn nft(&self, ruleset: &str) -> Result<()> {
        let file = tempfile::NamedTempFile::new()?;
        fs::write(file.path(), ruleset)?;
        succeed(self.command("nft").arg("-f").arg(file.path()))
    }

    /// Gives the programs in here their own `/etc/FILE` (`resolv.conf`, `hosts`, `nsswitch.conf`).
    ///
    /// `ip netns exec` binds it over the machine's file, which must therefore exist.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn etc(&self, file: &str, text: &str) -> Result<()> {
        let folder = self.etc_folder();
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(file), text).with_context(|| format!("{}/{file}", folder.display()))
    }

    /// Joins this namespace and `other` by a veth pair, `device` here and `other_device` there, both up.
    ///
    /// # Errors
    /// When `ip` fails, with what it said.
    pub fn join(&self, device: &str, other: &Self, other_device: &str) -> Result<()> {
        self.ip(&format!("link add {device} type veth peer name {other_device} netns {}", other.name))?;
        self.ip(&format!("link set {device} up"))?;
        other.ip(&format!("link set {other_device} up"))
    }

    fn etc_folder(&self) -> PathBuf {
        Path::new("/etc/netns").join(&self.name)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        remove(&self.name);
    }
}

/// Removes the namespaces that dead processes of this kind left behind: a killed test runs no destructor.
pub fn sweep() {
    let Ok(entries) = fs::read_dir("/run/netns") else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if owner(&name).is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            remove(&name);
        }
    }
}

/// Runs a command to its end; its words are the error when it fails.
///
/// # Errors
/// When it cannot be started or ends with another status than 0.
pub fn succeed(command: &mut Command) -> Result<()> {
    output(command).map(drop)
}

/// As [`succeed`], and hands over what it printed.
///
/// # Errors
/// As [`succeed`].
pub fn output(command: &mut Command) -> Result<Output> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
    if !output.status.success() {
        let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
        bail!(
            "{} {}: {}\n{}{}",
            command.get_program().to_string_lossy(),
            words.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
    }
    Ok(output)
}

/// Best effort, since it also runs while a test panics: what cannot be removed is swept by the next run.
fn remove(name: &str) {
    let quiet = |arguments: &[&str]| Command::new("ip").args(arguments).stdin(Stdio::null()).output();
    if let Ok(pids) = quiet(&["netns", "pids", name]) {
        for pid in String::from_utf8_lossy(&pids.stdout).split_whitespace() {
            let _ = Command::new("kill").args(["-KILL", pid]).stdin(Stdio::null()).output();
        }
    }
    let _ = quiet(&["netns", "delete", name]);
    let _ = fs::remove_dir_all(Path::new("/etc/netns").join(name));
}

/// The process that made a namespace of ours, by its name.
fn owner(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.strip_prefix('-')?.split('-').next()?.parse().ok()
}

const PREFIX: &str = "ghconnect";

/// Where the servers are on Debian, `/usr/sbin` included.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_namespaces_made_here_have_an_owner() {
        assert_eq!(owner("ghconnect-4711-0-client"), Some(4711));
        for foreign in
            ["ghconnect", "ghconnect-", "ghconnect-x-0-client", "ghconnection-4711-0", "docker-4711"]
        {
            assert_eq!(owner(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_failed_command_says_what_it_was_and_what_it_said() {
        let error =
            succeed(Command::new("ls").arg("/nowhere-at-all")).expect_err("no such folder").to_string();
        assert!(error.starts_with("ls /nowhere-at-all: exit status: 2\n"), "{error}");
        assert!(error.contains("No such file"), "{error}");
    }
}
