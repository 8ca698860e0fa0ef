//! What was measured, and whether it clears the bars.

use serde::Serialize;

use crate::speed::contest::Verdict;
use crate::stopwatch::Lap;

/// Everything that one run of the benchmark measured.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// When, in UTC.
    pub date: String,
    /// Processor, cores, kernel.
    pub machine: String,
    /// A program and its version.
    pub versions: Vec<(String, String)>,
    /// How often each program ran, unless a table says otherwise.
    pub runs: usize,
    /// The round trip that was asked for, in ms.
    pub rtt_ms: f64,
    /// The round trip as a TCP connection saw it, the median in ms.
    pub seen_rtt_ms: f64,
    /// Three hosts, straight.
    pub direct: Vec<Row>,
    /// Three hosts, through squid.
    pub proxied: Vec<Row>,
    /// 3, 24 and 500 hosts.
    pub scale: Vec<Scale>,
    /// One of three hosts swallows packets.
    pub black_hole: BlackHole,
    /// Both planes of a world with accounts.
    pub full: Full,
    /// From start to the end of `--version`.
    pub start: Vec<Row>,
    /// TCP connections that were opened, straight.
    pub opened: Vec<(String, Vec<Opened>)>,
    /// What each program said of each fault.
    pub faults: Vec<Judged>,
}

/// A program's medians.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The program.
    pub name: String,
    /// Wall time in ms.
    pub wall_ms: f64,
    /// The fastest and the slowest run, in ms.
    pub range_ms: (f64, f64),
    /// Peak memory in KiB.
    pub peak_rss_kib: u64,
}

impl Row {
    /// The medians of these runs; there must be one.
    pub fn of(name: &str, laps: &[Lap]) -> Self {
        let walls: Vec<f64> = laps.iter().map(Lap::wall_ms).collect();
        let range_ms =
            (walls.iter().copied().fold(f64::INFINITY, f64::min), walls.iter().copied().fold(0.0, f64::max));
        let mut memory: Vec<u64> = laps.iter().map(|lap| lap.peak_rss_kib).collect();
        memory.sort_unstable();
        Self {
            name: name.to_owned(),
            wall_ms: median(&walls),
            range_ms,
            peak_rss_kib: memory[memory.len() / 2],
        }
    }
}

/// One number of hosts.
#[derive(Debug, Clone, Serialize)]
pub struct Scale {
    /// How many.
    pub hosts: usize,
    /// This program.
    pub ours: Row,
    /// `curl -Z`, one URL of each.
    pub curl: Row,
    /// The most sockets this program had open at once, from runs that were not timed.
    pub peak_sockets: usize,
}

/// One host of three swallows packets.
#[derive(Debug, Clone, Serialize)]
pub struct BlackHole {
    /// `--timeout`, in ms.
    pub timeout_ms: f64,
    /// This program's medians.
    pub ours: Row,
    /// The root causes it named.
    pub root_causes: String,
    /// Whether the other two hosts were judged to the end.
    pub others_judged: bool,
}

/// Both planes, all checks.
#[derive(Debug, Clone, Serialize)]
pub struct Full {
    /// The round trip to the server, in ms.
    pub server_rtt_ms: f64,
    /// The run with a short allow list.
    pub ours: Row,
    /// Entries of the long allow list.
    pub entries: usize,
    /// Questions for the pages after the first, which the short one has, too.
    pub more_questions: usize,
    /// The run with the long allow list.
    pub long: Row,
    /// By how much more the processor worked for the long list than for the short one: the difference of medians, in ms.
    pub more_cpu_ms: f64,
}

impl Full {
    /// What a run cannot do without: the name of the server, its proxy setting, and then the cloud's reply, whose names were
    /// looked up meanwhile.
    pub fn critical_ms(&self, rtt_ms: f64) -> f64 {
        rtt_ms + 3.0 * self.server_rtt_ms + 3.0 * rtt_ms
    }
}

/// Connections to one port of one host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Opened {
    /// The host's name.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How many.
    pub count: u64,
}

/// What each program said of one world.
#[derive(Debug, Clone, Serialize)]
pub struct Judged {
    /// What is wrong.
    pub title: String,
    /// Whether GitHub can be used all the same.
    pub usable: bool,
    /// The program and what it said.
    pub said: Vec<(String, Verdict)>,
}

impl Judged {
    /// Whether a verdict lets through what cannot be used.
    pub fn is_false_pass(&self, verdict: &Verdict) -> bool {
        !self.usable && *verdict == Verdict::Pass
    }
}

/// One bar of the plan, and where the measurement stands to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bar {
    /// What is measured.
    pub what: String,
    /// At most this.
    pub limit: String,
    /// What came out.
    pub measured: String,
    /// Whether it is cleared.
    pub met: bool,
}

impl Figures {
    /// Every bar.
    pub fn bars(&self) -> Vec<Bar> {
        let critical = 4.0 * self.rtt_ms;
        let (direct, curl) = (ours(&self.direct), named(&self.direct, "curl -Z"));
        let (proxied, curl_proxied) = (ours(&self.proxied), named(&self.proxied, "curl -Z"));
        let mut bars = vec![
            at_most("three hosts, direct, against 4 RTT", direct.wall_ms / critical, 1.10, "×"),
            at_most("three hosts, direct, against `curl -Z`", direct.wall_ms / curl.wall_ms, 1.05, "×"),
            at_most("three hosts, through squid, against 4 RTT", proxied.wall_ms / critical, 1.10, "×"),
            at_most(
                "three hosts, through squid, against `curl -Z`",
                proxied.wall_ms / curl_proxied.wall_ms,
                1.10,
                "×",
            ),
        ];
        if let [three, many, most] = self.scale.as_slice() {
            let more = (most.ours.wall_ms - three.ours.wall_ms) / 1000.0;
            bars.push(at_most("24 hosts against 3", many.ours.wall_ms / three.ours.wall_ms, 1.1, "×"));
            bars.push(at_most(&format!("{} hosts, more than 3 take", most.hosts), more, 2.0, " s"));
            bars.push(at_most(
                &format!("{} hosts, peak memory", most.hosts),
                mib(most.ours.peak_rss_kib),
                64.0,
                " MiB",
            ));
        }
        let hole = &self.black_hole;
        bars.push(at_most(
            "one black hole, against `--timeout`",
            hole.ours.wall_ms / hole.timeout_ms,
            1.10,
            "×",
        ));
        bars.push(Bar {
            what: "one black hole, the other hosts".into(),
            limit: "judged to the end".into(),
            measured: if hole.others_judged { "judged to the end" } else { "not judged" }.into(),
            met: hole.others_judged,
        });
        let full = &self.full;
        let critical = full.critical_ms(self.rtt_ms);
        bars.push(at_most(
            "both planes, against their critical path",
            full.ours.wall_ms / critical,
            1.15,
            "×",
        ));
        bars.push(at_most("both planes, peak memory", mib(full.ours.peak_rss_kib), 20.0, " MiB"));
        let entries = full.entries;
        bars.push(at_most(
            &format!("{entries} allow list entries, more work"),
            full.more_cpu_ms,
            50.0,
            " ms",
        ));
        bars.push(at_most(
            &format!("{entries} allow list entries, peak memory"),
            mib(full.long.peak_rss_kib),
            20.0,
            " MiB",
        ));
        bars.push(at_most("start to `--version`", ours(&self.start).wall_ms, 5.0, " ms"));
        bars.push(at_most("three hosts, peak memory", mib(direct.peak_rss_kib), 15.0, " MiB"));
        let most = self.opened.first().and_then(|(_, opened)| opened.iter().map(|opened| opened.count).max());
        // The count is small; a float holds it exactly.
        let most = most.and_then(|count| u32::try_from(count).ok()).map_or(f64::INFINITY, f64::from);
        bars.push(at_most("connections per address and port", most, 1.0, ""));
        bars
    }
}

/// The value in the middle, or the mean of the two.
pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[odd / 2],
        even => f64::midpoint(values[even / 2 - 1], values[even / 2]),
    }
}

/// KiB as MiB.
pub fn mib(kib: u64) -> f64 {
    // Far below 2^52 KiB.
    u32::try_from(kib).map_or(f64::INFINITY, f64::from) / 1024.0
}

fn ours(rows: &[Row]) -> &Row {
    &rows[0]
}

fn named<'a>(rows: &'a [Row], name: &str) -> &'a Row {
    rows.iter().find(|row| row.name == name).unwrap_or(&rows[0])
}

fn at_most(what: &str, measured: f64, limit: f64, unit: &str) -> Bar {
    let digits = if unit == "×" || unit == " s" { 2 } else { usize::from(!unit.is_empty()) };
    Bar {
        what: what.into(),
        limit: format!("{limit:.digits$}{unit}"),
        measured: format!("{measured:.digits$}{unit}"),
        met: measured <= limit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        for (values, expected) in
            [(vec![3.0], 3.0), (vec![9.0, 1.0, 2.0], 2.0), (vec![4.0, 1.0, 3.0, 2.0], 2.5)]
        {
            assert!((median(&values) - expected).abs() < f64::EPSILON, "{values:?}");
        }
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_bar_is_met_up_to_its_limit_and_never_without_a_measurement() {
        assert!(at_most("x", 1.10, 1.10, "×").met);
        assert!(!at_most("x", 1.11, 1.10, "×").met);
        assert!(!at_most("x", f64::NAN, 1.10, "×").met);
        assert_eq!(at_most("x", 212.34, 220.0, " ms").measured, "212.3 ms");
        assert_eq!(at_most("x", 1.0, 1.0, "").measured, "1");
    }
}
