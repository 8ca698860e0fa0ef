//! Measures everything that the page says.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::github::HOSTS;
use crate::island::Island;
use crate::netns::output;
use crate::speed::accounts::Accounts;
use crate::speed::contest::{self, Contestant, Verdict, Way};
use crate::speed::figures::{BlackHole, Figures, Full, Judged, Opened, Row, Scale, median};
use crate::speed::worlds::{self, FAULTS};
use crate::stopwatch::{Lap, Watch};

/// What is measured, and how often.
#[derive(Debug, Clone)]
pub struct Options {
    /// The program: a release build.
    pub gh_connect: PathBuf,
    /// The `gh-connect-bench` program: forwarder and stopwatch.
    pub bench: PathBuf,
    /// How often each program runs in each world.
    pub runs: usize,
    /// Is told what goes on.
    pub progress: fn(&str),
}

/// Runs the whole benchmark: a few minutes with eleven runs.
///
/// # Errors
/// When a server or a peer is missing, or a program fails in a healthy world: such a time would be no time.
pub fn measure(options: &Options) -> Result<Figures> {
    let Options { gh_connect, bench, runs, progress } = options;
    progress("building a healthy world, 25 ms away");
    let island = worlds::healthy(bench, ONE_WAY, MOST - HOSTS.len())?;
    let blackbox = contest::start_blackbox(&island)?;
    let hosts = HOSTS.map(|host| host.name.to_owned()).to_vec();
    let series = |contestants: &[Contestant], runs: usize| interleaved(&island, bench, contestants, runs);

    let ours = contest::gh_connect(gh_connect, &island, &[], Way::Direct)?;
    let direct = [
        ours.clone(),
        contest::curl(&island, &hosts, Way::Direct),
        contest::blackbox(&hosts),
        contest::check_curl_verifying(&island, &hosts[1]),
        contest::check_http(&hosts[1]),
    ];
    progress("three hosts, direct");
    let seen_rtt_ms = seen_rtt(&island, *runs)?;
    let mut direct_rows = series(&direct, *runs)?;
    progress("three hosts, through squid");
    let proxied = [
        contest::gh_connect(gh_connect, &island, &[], Way::Proxied)?,
        contest::curl(&island, &hosts, Way::Proxied),
    ];
    let proxied = series(&proxied, *runs)?;

    let mut scale = Vec::new();
    for count in [HOSTS.len(), 24, MOST] {
        progress(&format!("{count} hosts"));
        let fleet = worlds::fleet(count - HOSTS.len());
        let ours = contest::gh_connect(gh_connect, &island, &fleet, Way::Direct)?;
        let curl = contest::curl(&island, &[hosts.clone(), fleet].concat(), Way::Direct);
        let peak_sockets =
            ours.lap(&island, bench, Watch::Sockets)?.peak_sockets.context("no sockets were counted")?;
        let mut rows = series(&[ours, curl], *runs)?.into_iter();
        let (Some(ours), Some(curl)) = (rows.next(), rows.next()) else { anyhow::bail!("a row is missing") };
        scale.push(Scale { hosts: count, ours, curl, peak_sockets });
    }

    progress("connections opened");
    let opened =
        direct.iter().map(|contestant| Ok((contestant.name.clone(), opened(&island, bench, contestant)?)));
    let opened = opened.collect::<Result<_>>()?;
    // Of the exporter itself, not of the client that asks it.
    if let Some(row) = direct_rows.iter_mut().find(|row| row.name == "blackbox_exporter") {
        row.peak_rss_kib = contest::peak_rss_kib(&blackbox)?;
    }

    progress("start");
    let start = [
        Contestant::version_of("gh-connect", gh_connect),
        Contestant::version_of("curl", Path::new("/usr/bin/curl")),
        Contestant::version_of("check_http", &contest::plugin("check_http")),
        Contestant::version_of("check_curl", &contest::plugin("check_curl")),
        Contestant::version_of("blackbox_exporter", Path::new("/usr/bin/prometheus-blackbox-exporter")),
    ];
    let start = series(&start, runs * 5)?;

    progress("one black hole");
    let black_hole = black_hole(&island, bench, &ours, (*runs).min(5))?;
    drop(blackbox);
    drop(island);

    progress("both planes");
    let full = full(options)?;

    Ok(Figures {
        date: said("date", &["-u", "+%F"])?,
        machine: machine()?,
        versions: versions(gh_connect)?,
        runs: *runs,
        rtt_ms: 2.0 * ONE_WAY.as_secs_f64() * 1000.0,
        seen_rtt_ms,
        direct: direct_rows,
        proxied,
        scale,
        black_hole,
        full,
        start,
        opened,
        faults: faults(options)?,
    })
}

/// Runs the contestants in turn, so that whatever else the machine does hits all of them alike.
fn interleaved(island: &Island, bench: &Path, contestants: &[Contestant], runs: usize) -> Result<Vec<Row>> {
    let mut laps: Vec<Vec<Lap>> = vec![Vec::new(); contestants.len()];
    for _ in 0..runs {
        for (contestant, laps) in contestants.iter().zip(&mut laps) {
            laps.push(passed(island, bench, contestant)?);
        }
    }
    Ok(contestants.iter().zip(&laps).map(|(contestant, laps)| Row::of(&contestant.name, laps)).collect())
}

/// Both planes of a world with a short and with a long allow list, in turn.
fn full(options: &Options) -> Result<Full> {
    let Options { gh_connect, bench, runs, .. } = options;
    let generated = ENTRIES - SHORT;
    let worlds = [String::new(), format!("[enterprise.allow-list]\ngenerated = {generated}\n")];
    let mut series = Vec::new();
    for world in &worlds {
        let accounts = Accounts::at(gh_connect, bench, ONE_WAY, SERVER_ONE_WAY, world)?;
        let contestant = contest::gh_connect_in_full("gh-connect check", gh_connect, &accounts);
        series.push((accounts, contestant, Vec::new()));
    }
    for _ in 0..*runs {
        for (accounts, contestant, laps) in &mut series {
            laps.push(passed(&accounts.island, bench, contestant)?);
        }
    }
    let [(_, short, short_laps), (_, long, long_laps)] = &series[..] else {
        anyhow::bail!("a world is missing")
    };
    let cpu = |laps: &[Lap]| {
        let times: Vec<f64> =
            laps.iter().map(|lap| Duration::from_micros(lap.cpu_us).as_secs_f64() * 1000.0).collect();
        median(&times)
    };
    Ok(Full {
        server_rtt_ms: 2.0 * SERVER_ONE_WAY.as_secs_f64() * 1000.0,
        ours: Row::of(&short.name, short_laps),
        entries: ENTRIES,
        more_questions: (ENTRIES - PAGE).div_ceil(2 * PAGE),
        long: Row::of(&long.name, long_laps),
        more_cpu_ms: cpu(long_laps) - cpu(short_laps),
    })
}

/// A run in a healthy world, where one that does not pass is no measurement.
fn passed(island: &Island, bench: &Path, contestant: &Contestant) -> Result<Lap> {
    let lap = contestant.lap(island, bench, Watch::TimeOnly)?;
    let verdict = contestant.verdict(&lap);
    ensure!(
        verdict == Verdict::Pass,
        "{} did not pass in a healthy world: {verdict:?}\n{}\n{}",
        contestant.name,
        lap.stdout,
        lap.stderr
    );
    Ok(lap)
}

/// How long a TCP connection takes to open, in ms.
fn seen_rtt(island: &Island, runs: usize) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..runs {
        let mut command = island.client.command("curl");
        command.args(["-so", "/dev/null", "-w", "%{time_connect}", &format!("http://{}/", HOSTS[0].v4)]);
        let seconds: f64 = String::from_utf8(output(&mut command)?.stdout)?.trim().parse()?;
        times.push(seconds * 1000.0);
    }
    Ok(median(&times))
}

/// One host of three drops what arrives. The time is that of the whole run.
fn black_hole(island: &Island, bench: &Path, ours: &Contestant, runs: usize) -> Result<BlackHole> {
    let dropped = HOSTS[2];
    island.world.filter(&format!("ip daddr {} tcp dport {{ 80, 443 }} drop", dropped.v4))?;
    let mut laps = Vec::new();
    for _ in 0..runs {
        laps.push(ours.lap(island, bench, Watch::TimeOnly)?);
    }
    let last = laps.last().context("no run")?;
    let root_causes = match ours.verdict(last) {
        Verdict::Pass => "none".to_owned(),
        Verdict::Fail(causes) => causes,
    };
    let record: Value = serde_json::from_str(&last.stdout).context("no record")?;
    let timeout_ms = record["plan"]["timeout"]["value"].as_f64().context("no timeout in the plan")? * 1000.0;
    // Only the host in the hole may lack an origin: every other one was judged to the end.
    let subjects =
        |finding: &Value| finding["subject"].as_str().is_some_and(|subject| subject.contains(dropped.name));
    let checks = record["checks"].as_array().context("no checks")?;
    let mut findings = checks.iter().flat_map(|check| check["findings"].as_array().into_iter().flatten());
    let replies = record["facts"].as_array().into_iter().flatten();
    let replies = replies.filter(|fact| fact["value"].to_string().contains("C0DE:2F41A")).count();
    let others_judged = findings.all(subjects) && replies >= HOSTS.len() - 1;
    Ok(BlackHole { timeout_ms, ours: Row::of(&ours.name, &laps), root_causes, others_judged })
}

/// Counts the connections that arrive in the world during one run: a packet filter sees those that a log does not.
fn opened(island: &Island, bench: &Path, contestant: &Contestant) -> Result<Vec<Opened>> {
    island.world.nft(COUNT)?;
    contestant.lap(island, bench, Watch::TimeOnly)?;
    let listed = output(island.world.command("nft").args(["-j", "list", "set", "inet", "count", "opened"]))?;
    island.world.nft("delete table inet count\n")?;
    let listed: Value = serde_json::from_slice(&listed.stdout)?;
    let elements = listed["nftables"].as_array().into_iter().flatten().flat_map(|item| {
        item["set"]["elem"].as_array().into_iter().flatten().map(|element| &element["elem"])
    });
    let mut opened = Vec::new();
    for element in elements {
        let address = element["val"]["concat"][0].as_str().context("no address")?;
        let host = HOSTS.iter().find(|host| host.v4 == address).map_or(address, |host| host.name);
        let port = element["val"]["concat"][1].as_u64().context("no port")?;
        let count = element["counter"]["packets"].as_u64().context("no count")?;
        opened.push(Opened { host: host.to_owned(), port: u16::try_from(port)?, count });
    }
    opened.sort();
    Ok(opened)
}

/// What every program says of every fault. Where a program looks at one host, it looks at the API's.
fn faults(options: &Options) -> Result<Vec<Judged>> {
    let hosts = HOSTS.map(|host| host.name.to_owned()).to_vec();
    let mut judged = Vec::new();
    for fault in FAULTS {
        (options.progress)(fault.title);
        let island = fault.island()?;
        let _blackbox = contest::start_blackbox(&island)?;
        let contestants = [
            contest::gh_connect(&options.gh_connect, &island, &[], Way::Direct)?,
            contest::curl(&island, &hosts, Way::Direct),
            contest::blackbox(&hosts),
            contest::check_curl_verifying(&island, &hosts[1]),
            contest::check_curl(&hosts[1]),
            contest::check_http(&hosts[1]),
        ];
        let mut said = Vec::new();
        for contestant in contestants {
            let verdict = contestant.verdict(&contestant.lap(&island, &options.bench, Watch::TimeOnly)?);
            said.push((contestant.name, verdict));
        }
        judged.push(Judged { title: fault.title.to_owned(), usable: fault.usable, said });
    }
    Ok(judged)
}

fn versions(gh_connect: &Path) -> Result<Vec<(String, String)>> {
    let own = String::from_utf8(output(Command::new(gh_connect).arg("--version"))?.stdout)?;
    let mut versions =
        vec![("gh-connect".to_owned(), own.trim().trim_start_matches("gh-connect ").to_owned())];
    for package in PACKAGES {
        let version = said("dpkg-query", &["-W", "-f", "${Version}", package])?;
        versions.push((package.to_owned(), version));
    }
    Ok(versions)
}

fn machine() -> Result<String> {
    let processors = std::fs::read_to_string("/proc/cpuinfo")?;
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism()?;
    Ok(format!("{model}, {cores} cores, Linux {}", said("uname", &["-r"])?))
}

fn said(program: &str, arguments: &[&str]) -> Result<String> {
    Ok(String::from_utf8(output(Command::new(program).args(arguments))?.stdout)?.trim().to_owned())
}

const ONE_WAY: Duration = Duration::from_millis(25);
const SERVER_ONE_WAY: Duration = Duration::from_micros(500);

/// Entries of the long allow list, of the short one (the lab's own), and of a page.
const ENTRIES: usize = 10_000;
const SHORT: usize = 2;
const PAGE: usize = 100;

/// Hosts in the largest run.
const MOST: usize = 500;

/// The packages whose versions the page names.
const PACKAGES: [&str; 8] = [
    "curl",
    "monitoring-plugins-basic",
    "monitoring-plugins-standard",
    "prometheus-blackbox-exporter",
    "bind9",
    "nginx-light",
    "squid-openssl",
    "openssl",
];

const COUNT: &str = "\
table inet count {
  set opened { type ipv4_addr . inet_service; flags dynamic; counter; }
  chain arriving {
    type filter hook input priority -10
    tcp flags & (syn | ack) == syn tcp dport { 80, 443 } update @opened { ip daddr . tcp dport }
  }
}
";
