//! The contestants: how each program is asked whether hosts can be reached, and when it says that they can.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use serde::Serialize;
use serde_json::Value;

use crate::island::{Island, PROXY};
use crate::netns::output;
use crate::server::{Ready, Server};
use crate::speed::accounts::Accounts;
use crate::stopwatch::{Lap, Watch};

/// A program with its arguments, and how to read its answer.
#[derive(Debug, Clone)]
pub struct Contestant {
    /// What the tables call it.
    pub name: String,
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    judge: fn(&Lap) -> Verdict,
}

/// What a program said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Verdict {
    /// That all is well.
    Pass,
    /// That it is not, and what it called that.
    Fail(String),
}

/// The way to the hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Straight.
    Direct,
    /// Through the squid of the island.
    Proxied,
}

impl Contestant {
    fn new(
        name: &str,
        program: impl Into<PathBuf>,
        arguments: Vec<String>,
        judge: fn(&Lap) -> Verdict,
    ) -> Self {
        Self { name: name.to_owned(), program: program.into(), arguments, environment: Vec::new(), judge }
    }

    /// Measures one run from the client's namespace; `stopwatch` is the `gh-connect-bench` program.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn lap(&self, island: &Island, stopwatch: &Path, watch: Watch) -> Result<Lap> {
        let watch = if watch == Watch::TimeOnly { "time" } else { "sockets" };
        let mut command = island.client.command(stopwatch);
        command.args(["stopwatch", watch]).arg(&self.program).args(&self.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        Ok(serde_json::from_slice(&output(&mut command)?.stdout)?)
    }

    /// What it said in that run.
    pub fn verdict(&self, lap: &Lap) -> Verdict {
        (self.judge)(lap)
    }

    /// `PROGRAM --version`, for the time that starting takes.
    pub fn version_of(name: &str, program: &Path) -> Self {
        let judge = |lap: &Lap| match lap.exit_code {
            // The monitoring plugins end `--version` with UNKNOWN.
            Some(0 | 3) => Verdict::Pass,
            _ => exit(lap),
        };
        Self {
            name: format!("{name} --version"),
            program: program.into(),
            arguments: vec!["--version".into()],
            environment: Vec::new(),
            judge,
        }
    }
}

/// This program, asked about GitHub's hosts and `also`.
///
/// # Errors
/// When its configuration cannot be written.
pub fn gh_connect(program: &Path, island: &Island, also: &[String], way: Way) -> Result<Contestant> {
    let root = island.root.certificate();
    let config = island.folder().join("gh-connect.toml");
    std::fs::write(&config, format!("[trust]\nsystem = \"{0}\"\npublic = \"{0}\"\n", root.display()))?;
    let mut arguments = words("check --only network --output json --config");
    arguments.push(config.display().to_string());
    for host in also {
        arguments.extend(["--also".to_owned(), host.clone()]);
    }
    if way == Way::Proxied {
        arguments.extend(["--proxy".to_owned(), format!("http://{PROXY}:3128")]);
    }
    Ok(Contestant::new("gh-connect check", program, arguments, by_record))
}

/// This program, asked about both planes of a world with accounts.
pub fn gh_connect_in_full(name: &str, program: &Path, accounts: &Accounts) -> Contestant {
    let mut arguments = words("check --output json --config");
    arguments.push(accounts.config.display().to_string());
    let mut contestant = Contestant::new(name, program, arguments, by_record);
    contestant.environment.clone_from(&accounts.environment);
    contestant
}

/// `curl -Z --parallel-immediate`, one URL of each host; it fails on a status of 400 and above.
pub fn curl(island: &Island, hosts: &[String], way: Way) -> Contestant {
    let mut arguments = words(
        "--silent --show-error --fail --parallel --parallel-immediate --parallel-max 300 --max-time 10 --cacert",
    );
    arguments.push(island.root.certificate().display().to_string());
    if way == Way::Proxied {
        arguments.extend(["--proxy".to_owned(), format!("http://{PROXY}:3128")]);
    }
    for host in hosts {
        arguments.extend(["--output".to_owned(), "/dev/null".to_owned(), url(host)]);
    }
    Contestant::new("curl -Z", "/usr/bin/curl", arguments, exit)
}

/// `check_http`, which looks at one host and verifies no certificate.
pub fn check_http(host: &str) -> Contestant {
    let arguments = words(&format!("-H {host} -S --sni -u {} -t 10", path(host)));
    let program = plugin("check_http");
    Contestant::new("check_http -S --sni", program, arguments, by_plugin)
}

/// `check_curl` as it is, which looks at one host and verifies no certificate.
pub fn check_curl(host: &str) -> Contestant {
    let arguments = words(&format!("-H {host} -S --sni -u {} -t 10", path(host)));
    let program = plugin("check_curl");
    Contestant::new("check_curl -S", program, arguments, by_plugin)
}

/// `check_curl` told to verify the certificate.
pub fn check_curl_verifying(island: &Island, host: &str) -> Contestant {
    let mut contestant = check_curl(host);
    contestant.name = "check_curl -S -D".into();
    contestant.arguments.extend([
        "-D".into(),
        "--ca-cert".into(),
        island.root.certificate().display().to_string(),
    ]);
    contestant
}

/// Three concurrent scrapes of a `prometheus-blackbox-exporter` that runs in the client's namespace.
pub fn blackbox(hosts: &[String]) -> Contestant {
    let mut arguments = words("--silent --show-error --parallel --parallel-immediate --parallel-max 300");
    for host in hosts {
        arguments.push(format!("http://{BLACKBOX}/probe?module=https&target={}", url(host)));
    }
    let judge = |lap: &Lap| {
        let probes = lap.stdout.lines().filter(|line| line.starts_with("probe_success "));
        match probes.clone().filter(|line| *line == "probe_success 1").count() {
            0 if probes.clone().count() == 0 => Verdict::Fail("no probe".into()),
            passed if passed == probes.count() => Verdict::Pass,
            _ => Verdict::Fail("probe_success 0".into()),
        }
    };
    Contestant::new("blackbox_exporter", "/usr/bin/curl", arguments, judge)
}

/// Starts the daemon that [`blackbox`] asks. Keep the server for as long as it is asked.
///
/// # Errors
/// When it is missing or does not start.
pub fn start_blackbox(island: &Island) -> Result<Server> {
    let file = island.folder().join("blackbox.yml");
    let root = island.root.certificate();
    let config = format!(
        "modules:\n  https:\n    prober: http\n    timeout: 9s\n    http:\n      preferred_ip_protocol: ip4\n      \
         tls_config:\n        ca_file: {}\n",
        root.display()
    );
    std::fs::write(&file, config)?;
    let mut command = island.client.command("prometheus-blackbox-exporter");
    command.arg(format!("--config.file={}", file.display())).arg(format!("--web.listen-address={BLACKBOX}"));
    Server::start("blackbox", &mut command, island.folder(), Ready::Logs("Listening on"))
}

/// The peak memory of a running server, in KiB.
///
/// # Errors
/// When its status cannot be read.
pub fn peak_rss_kib(server: &Server) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid()))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 = peak.unwrap_or_default().trim().trim_end_matches(" kB").parse()?;
    ensure!(peak > 0, "no peak memory");
    Ok(peak)
}

/// The URL that a host is asked for: `/meta` where that exists, `/` elsewhere.
fn url(host: &str) -> String {
    format!("https://{host}{}", path(host))
}

fn path(host: &str) -> &'static str {
    if host.starts_with("api.") { "/meta" } else { "/" }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(String::from).collect()
}

fn exit(lap: &Lap) -> Verdict {
    match lap.exit_code {
        Some(0) => Verdict::Pass,
        Some(code) => Verdict::Fail(format!("exit {code}")),
        None => Verdict::Fail("a signal".into()),
    }
}

fn by_plugin(lap: &Lap) -> Verdict {
    match lap.exit_code {
        Some(0) => Verdict::Pass,
        Some(1) => Verdict::Fail("WARNING".into()),
        Some(2) => Verdict::Fail("CRITICAL".into()),
        _ => exit(lap),
    }
}

/// The root causes; a record that names none passes only with exit code 0.
fn by_record(lap: &Lap) -> Verdict {
    let record: Value = serde_json::from_str(&lap.stdout).unwrap_or_default();
    let causes: Vec<&str> =
        record["root_causes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match (lap.exit_code, causes.as_slice()) {
        (Some(0), []) => Verdict::Pass,
        (_, []) => exit(lap),
        (_, causes) => Verdict::Fail(causes.join(", ")),
    }
}

/// Where Debian has the monitoring plugins.
pub fn plugin(name: &str) -> PathBuf {
    Path::new("/usr/lib/nagios/plugins").join(name)
}

/// Loopback of the client's own namespace.
const BLACKBOX: &str = "127.0.0.1:9115";

#[cfg(test)]
mod tests {
    use super::*;

    fn lap(exit_code: i32, stdout: &str) -> Lap {
        Lap {
            wall_us: 1,
            cpu_us: 1,
            peak_rss_kib: 1,
            peak_sockets: None,
            exit_code: Some(exit_code),
            stdout: stdout.to_owned(),
            stderr: String::new(),
        }
    }

    #[test]
    fn each_program_is_read_in_its_own_way() {
        let hosts = ["github.com".to_owned()];
        let fail = |reason: &str| Verdict::Fail(reason.to_owned());
        for (exit_code, stdout, expected) in [
            (0, "probe_duration_seconds 1\nprobe_success 1\n", Verdict::Pass),
            (0, "probe_success 1\nprobe_success 0\n", fail("probe_success 0")),
            (0, "", fail("no probe")),
        ] {
            assert_eq!(blackbox(&hosts).verdict(&lap(exit_code, stdout)), expected, "{stdout}");
        }
        assert_eq!(check_http("github.com").verdict(&lap(2, "")), fail("CRITICAL"));
        assert_eq!(check_http("github.com").verdict(&lap(0, "HTTP OK")), Verdict::Pass);
        assert_eq!(by_record(&lap(1, r#"{"root_causes":["dns/nxdomain"]}"#)), fail("dns/nxdomain"));
        assert_eq!(by_record(&lap(0, r#"{"root_causes":[]}"#)), Verdict::Pass);
        assert_eq!(by_record(&lap(3, r#"{"root_causes":[]}"#)), fail("exit 3"));
    }
}
