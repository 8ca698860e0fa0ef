//! `docs/benchmarks.md`, from figures alone.

use std::fmt::Write as _;

use crate::speed::contest::Verdict;
use crate::speed::figures::{Figures, Row, mib};

/// The page. Everything in it that is a number comes from `figures`.
pub fn page(figures: &Figures) -> String {
    let mut page = String::from(INTRODUCTION);
    let critical = 4.0 * figures.rtt_ms;

    page += "\n## Bars\n\n| what | at most | measured | |\n| --- | --- | --- | --- |\n";
    for bar in figures.bars() {
        let met = if bar.met { "met" } else { "**not met**" };
        line(&mut page, &[&bar.what, &bar.limit, &bar.measured, met]);
    }

    let _ = write!(
        page,
        "\n## Three hosts, direct\n\nThe critical path is DNS + TCP + TLS 1.3 + HTTP = 4 round trips of {} ms = {critical} ms. \
         (A TCP connection here opens in {:.1} ms.)\n\n",
        figures.rtt_ms, figures.seen_rtt_ms
    );
    rows(&mut page, &figures.direct, critical, figures.rtt_ms);
    page += ONE_HOST;

    let _ = write!(page, "\n## Three hosts, through squid\n\n{PROXIED}\n");
    rows(&mut page, &figures.proxied, critical, figures.rtt_ms);

    page += "\n## More hosts\n\n| hosts | gh-connect | `curl -Z` | gh-connect, peak memory | gh-connect, most sockets at once |\n\
             | --- | --- | --- | --- | --- |\n";
    for scale in &figures.scale {
        line(
            &mut page,
            &[
                &scale.hosts.to_string(),
                &format!("{:.0} ms", scale.ours.wall_ms),
                &format!("{:.0} ms", scale.curl.wall_ms),
                &format!("{:.1} MiB", mib(scale.ours.peak_rss_kib)),
                &scale.peak_sockets.to_string(),
            ],
        );
    }

    let hole = &figures.black_hole;
    let _ = write!(
        page,
        "\n## One host of three swallows every packet\n\nWith `--timeout` {:.0} ms the run ended after {:.0} ms and named \
         `{}`.\n",
        hole.timeout_ms, hole.ours.wall_ms, hole.root_causes
    );

    full(&mut page, figures);

    page += "\n## Start\n\n| | median | peak memory |\n| --- | --- | --- |\n";
    for row in &figures.start {
        let (wall, memory) = (format!("{:.1} ms", row.wall_ms), format!("{:.1} MiB", mib(row.peak_rss_kib)));
        line(&mut page, &[&format!("`{}`", row.name), &wall, &memory]);
    }

    page += OPENED;
    for (name, opened) in &figures.opened {
        let opened: Vec<_> =
            opened.iter().map(|to| format!("{}:{} {}×", to.host, to.port, to.count)).collect();
        line(&mut page, &[&format!("`{name}`"), &opened.join(", ")]);
    }

    verdicts(&mut page, figures);
    method(&mut page, figures);
    page
}

/// Both planes, and where their time goes.
fn full(page: &mut String, figures: &Figures) {
    let (full, rtt) = (&figures.full, figures.rtt_ms);
    let critical = full.critical_ms(rtt);
    let _ = write!(
        page,
        "\n## Both planes, all checks\n\nGitHub's hosts and API are {rtt} ms away, the GitHub Enterprise Server {} ms. The proxy that counts \
         is the server's own, so no way to GitHub can be chosen before the server has told it: DNS + TCP + TLS + HTTP to its Manage API = \
         {rtt} + 3 × {} ms. GitHub's names are looked up meanwhile; then TCP + TLS + HTTP to GitHub take 3 × {rtt} ms, and all questions \
         to both sides are asked at once. The critical path is {critical} ms.\n\n",
        full.server_rtt_ms, full.server_rtt_ms
    );
    rows(page, std::slice::from_ref(&full.ours), critical, rtt);
    let paging = f64::from(u32::try_from(full.more_questions).unwrap_or(u32::MAX)) * rtt;
    let _ = write!(
        page,
        "\nAn allow list of {} entries takes {} more questions, which follow one another, for two pages of a hundred each, one from \
         either end: {paging:.0} ms of round trips. The run with it took \
         {:.0} ms, {:.0} ms more, and {:.0} ms more of the processor; its peak memory was {:.1} MiB.\n",
        full.entries,
        full.more_questions,
        full.long.wall_ms,
        full.long.wall_ms - full.ours.wall_ms,
        full.more_cpu_ms,
        mib(full.long.peak_rss_kib)
    );
}

fn rows(page: &mut String, rows: &[Row], critical: f64, rtt: f64) {
    *page += "| | median | fastest to slowest | round trips | critical path × | peak memory |\n\
              | --- | --- | --- | --- | --- | --- |\n";
    for row in rows {
        line(
            page,
            &[
                &format!("`{}`", row.name),
                &format!("{:.0} ms", row.wall_ms),
                &format!("{:.0}–{:.0} ms", row.range_ms.0, row.range_ms.1),
                &format!("{:.2}", row.wall_ms / rtt),
                &format!("{:.2}", row.wall_ms / critical),
                &format!("{:.1} MiB", mib(row.peak_rss_kib)),
            ],
        );
    }
}

fn verdicts(page: &mut String, figures: &Figures) {
    *page += FAULTS;
    let Some(first) = figures.faults.first() else { return };
    let names: Vec<String> = first.said.iter().map(|(name, _)| format!("`{name}`")).collect();
    let _ =
        writeln!(page, "| what is wrong | {} |\n| --- |{}", names.join(" | "), " --- |".repeat(names.len()));
    let mut false_passes = vec![0; names.len()];
    for judged in &figures.faults {
        let cells = judged.said.iter().zip(&mut false_passes).map(|((_, verdict), count)| {
            let false_pass = judged.is_false_pass(verdict);
            *count += usize::from(false_pass);
            match verdict {
                Verdict::Pass if false_pass => "**pass**".to_owned(),
                Verdict::Pass => "pass".to_owned(),
                Verdict::Fail(reason) => reason.clone(),
            }
        });
        let cells: Vec<String> = cells.collect();
        let _ = writeln!(page, "| {} | {} |", judged.title, cells.join(" | "));
    }
    let counts: Vec<String> = false_passes.iter().map(ToString::to_string).collect();
    let _ = writeln!(page, "| **false passes** | {} |", counts.join(" | "));
}

fn method(page: &mut String, figures: &Figures) {
    let _ = write!(
        page,
        "{METHOD}\nMeasured on {}: {}. Each program ran {} times in each world ({} times for `--version`, at \
         most 5 for the black hole).\n\n| | version |\n| --- | --- |\n",
        figures.date,
        figures.machine,
        figures.runs,
        figures.runs * 5
    );
    for (name, version) in &figures.versions {
        line(page, &[name, version]);
    }
}

fn line(page: &mut String, cells: &[&str]) {
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}

const INTRODUCTION: &str = "\
# Speed, measured

<!-- Written by `cargo xtask bench`; do not edit. -->

How long a verdict takes when every packet takes 25 ms each way, what it costs, and what other programs say and miss in
the same worlds.
";

const ONE_HOST: &str = "
`check_curl` and `check_http` look at one host in a run, here api.github.com; the others look at all three. The
memory of `blackbox_exporter` is the daemon's, its time that of three concurrent scrapes.
";

const PROXIED: &str = "\
The critical path is TCP to the proxy + CONNECT + TLS 1.3 + HTTP = 4 round trips. The proxy knows the hosts' addresses from
a hosts file and stands beside them, so its own lookups and connections cost nothing here; elsewhere they come on top, for
every client alike: `curl -Z` through the same proxy shows what they are.
";

const OPENED: &str = "
## Connections opened

TCP connections to ports 80 and 443 of GitHub's hosts during one run, direct. gh-connect asks port 80 too, since GitHub's
text names it.

| | |
| --- | --- |
";

const FAULTS: &str = "
## Verdicts in worlds with one fault

All three hosts have the fault. A pass in bold is a false one: GitHub cannot be used there. `curl` runs with `--fail`;
programs that look at one host look at api.github.com. The machine trusts the authority of the re-signing proxy only where the
table says so.

";

const METHOD: &str = "
## Method

`cargo xtask bench` does all of it. Two network namespaces hold the client and the world: BIND, nginx and squid. A TUN device in
each is joined by a forwarder that holds every packet for 25 ms (0.5 ms to the server), TCP handshakes included; nothing leaves
the namespaces. TCP is Reno there, whatever the machine prefers: a sender that spaces its packets (BBR) would be what is measured. The server and the API with accounts are those of `gh-connect lab`, in the world's namespace, under their own addresses.
Programs run in turn, one after the other, so that whatever else the machine does hits all of them. Wall time is taken
around the process, from just before it is started until it has been waited for, by a small process of its own; peak memory is what
the kernel accounts to the process that was waited for. A program that does not pass in a healthy world ends the benchmark.
Nothing is cached between runs: neither names nor TLS sessions.
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speed::figures::{BlackHole, Full, Judged, Opened, Scale};

    #[test]
    fn the_page_shows_misses_and_false_passes_in_bold() {
        let page = page(&figures());
        assert!(page.contains("| three hosts, direct, against 4 RTT | 1.10× | 1.05× | met |"), "{page}");
        assert!(
            page.contains("| three hosts, direct, against `curl -Z` | 1.05× | 1.17× | **not met** |"),
            "{page}"
        );
        assert!(page.contains("| 500 hosts, more than 3 take | 2.00 s | 3.00 s | **not met** |"), "{page}");
        assert!(page.contains("| expired | tls/expired | **pass** |"), "{page}");
        assert!(page.contains("| healthy | pass | pass |"), "{page}");
        assert!(page.contains("| **false passes** | 0 | 1 |"), "{page}");
        assert!(
            page.contains("| both planes, against their critical path | 1.15× | 1.08× | met |"),
            "{page}"
        );
        assert!(
            page.contains("50 more questions, which follow one another,") && page.contains(": 2500 ms of"),
            "{page}"
        );
        assert!(page.contains("github.com:443 1×, github.com:80 1×"), "{page}");
    }

    fn figures() -> Figures {
        let row = |name: &str, wall_ms| Row {
            name: name.into(),
            wall_ms,
            range_ms: (wall_ms, wall_ms),
            peak_rss_kib: 10 * 1024,
        };
        let scale =
            |hosts, wall_ms| Scale { hosts, ours: row("a", wall_ms), curl: row("b", 1.0), peak_sockets: 9 };
        let opened = |port| Opened { host: "github.com".into(), port, count: 1 };
        let judged = |title: &str, usable, verdict| Judged {
            title: title.into(),
            usable,
            said: vec![("gh-connect check".into(), verdict), ("check_http".into(), Verdict::Pass)],
        };
        Figures {
            date: "2026-01-01".into(),
            machine: "a machine".into(),
            versions: vec![("curl".into(), "8".into())],
            runs: 3,
            rtt_ms: 50.0,
            seen_rtt_ms: 50.9,
            direct: vec![row("gh-connect check", 210.0), row("curl -Z", 180.0)],
            proxied: vec![row("gh-connect check", 210.0), row("curl -Z", 210.0)],
            scale: vec![scale(3, 200.0), scale(24, 210.0), scale(500, 3200.0)],
            black_hole: BlackHole {
                timeout_ms: 5000.0,
                ours: row("gh-connect check", 5100.0),
                root_causes: "connect/timeout".into(),
                others_judged: true,
            },
            full: Full {
                server_rtt_ms: 1.0,
                ours: row("gh-connect check", 220.0),
                entries: 10_000,
                more_questions: 50,
                long: row("gh-connect check", 5300.0),
                more_cpu_ms: 30.0,
            },
            start: vec![row("gh-connect --version", 2.0)],
            opened: vec![("gh-connect check".into(), vec![opened(443), opened(80)])],
            faults: vec![
                judged("healthy", true, Verdict::Pass),
                judged("expired", false, Verdict::Fail("tls/expired".into())),
            ],
        }
    }
}
