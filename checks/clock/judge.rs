use gh_connect_engine::{Examination, Finding, Kind, Owner};
use gh_connect_github::server::{ServerClock, TimedReply};
use gh_connect_probe::clock::{Skew, Told};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{DRIFTING, LOCAL, SERVER_UNKNOWN, SKEWED};

/// Judges this machine's clock, where no server is named: it stands in for the server's. The half second by which a reading
/// may be off matters to neither limit.
pub(super) fn machine(skew: &Skew) -> Examination {
    let ahead = skew.ahead_ms;
    let Some(kind) = kind_of(ahead) else {
        return Examination::passed(match skew.disagreeing.is_empty() {
            true => "this machine's is within 10 s of GitHub's; no server is named".to_owned(),
            false => format!(
                "this machine's is within 10 s of {}'s, though GitHub's hosts disagree: {}",
                skew.host.host,
                per_host(skew)
            ),
        });
    };
    let message = format!(
        "This machine's clock is {} GitHub's: it said {} when {} said {}. No server is named, so its own clock was not \
         compared.{}",
        beside(ahead),
        time(skew.local),
        skew.host.host,
        time(skew.date),
        disagreement(skew),
    );
    let finding = changed_on_the_way(Finding::new(kind, "run", message).evidence(skew), skew);
    finding
        .command(
            Owner::Operator,
            "Set this machine's clock, and see that it has a time source",
            "timedatectl",
        )
        .step(Owner::Operator, "Name the server with --server, so that the clock that counts is judged")
        .step(
            Owner::Network,
            "Let this machine and the server reach their time sources over NTP, UDP port 123",
        )
        .into()
}

/// Judges the server's clock: of several replies the one that is furthest off, since each of them is the server's as far as
/// can be seen from here.
pub(super) fn server(host: &str, skew: &Skew, clock: &ServerClock) -> Examination {
    let off = |reply: &&TimedReply| ahead_of_github(skew, reply).unsigned_abs();
    // Of several that are equally far off, the first.
    let Some(worst) = clock.replies.iter().rev().max_by_key(off) else {
        return timeless(host, skew).into();
    };
    let ahead = ahead_of_github(skew, worst);
    let Some(kind) = kind_of(ahead) else { return agreeing(skew, clock) };
    let github =
        worst.reading.date.saturating_sub(SignedDuration::from_millis(ahead)).unwrap_or(worst.reading.date);
    let message = format!(
        "The clock of the server {host} is {} GitHub's: the reply of {} to GET {} said {} when it was {} by the clock of {}. \
         {}{}{}",
        beside(ahead),
        worst.host,
        worst.path,
        time(worst.reading.date),
        time(github),
        skew.host.host,
        of_this_machine(skew, worst),
        contradiction(skew, clock),
        disagreement(skew),
    );
    let evidence = json!({ "github": skew, "server": clock });
    let finding = changed_on_the_way(Finding::new(kind, host, message).evidence(evidence), skew);
    let finding = match contradict(clock) {
        false => finding,
        true => finding
            .command(
                Owner::ServerAdmin,
                format!("Compare the clocks of the nodes, in the admin shell of each (ssh -p 122 admin@{host})"),
                "date -u",
            )
            .step(
                Owner::Network,
                format!("Find the gateway or load balancer that answers for {host}, or sets a Date of its own, and let the server's Date pass"),
            ),
    };
    finding
        .command(
            Owner::ServerAdmin,
            format!("See whether the server's clock follows a time source, in its admin shell (ssh -p 122 admin@{host})"),
            "chronyc tracking",
        )
        .then_command(Owner::ServerAdmin, "Set the clock", "sudo chronyc -a makestep")
        .step(Owner::Network, format!("Let {host} reach its time sources over NTP, UDP port 123"))
        .into()
}

/// Whether GitHub's replies come out of a store on the way, although none says so: this machine's clock and the server's
/// agree, and all that GitHub said is ten minutes older. Two clocks are not wrong alike by so much.
pub(crate) fn is_out_of_a_store(skew: &Skew, clock: &ServerClock) -> bool {
    let alike = |reply: &TimedReply| reply.reading.ahead_ms.unsigned_abs() < DRIFTING_FROM_MS;
    skew.ahead_ms >= STORED_FROM_MS && !clock.replies.is_empty() && clock.replies.iter().all(alike)
}

/// Judges a server that does not reply as it should, where the check that says why does not run.
pub(super) fn unanswered(host: &str, skew: &Skew) -> Finding {
    unknown(
        host,
        skew,
        &format!("The server {host} does not reply as it should to GET /status, or not at all"),
    )
    .step(
        Owner::Operator,
        "Run gh-connect with the check server, which says why, or where the server is reached",
    )
}

fn timeless(host: &str, skew: &Skew) -> Finding {
    unknown(host, skew, &format!("No live reply of the server {host} has a Date that can be read"))
        .step(
            Owner::Network,
            format!("Let whatever stands before {host} pass the server's own Date, which every reply of GitHub Enterprise Server has"),
        )
        .command(
            Owner::ServerAdmin,
            format!("See how far the server's clock is off, in its admin shell (ssh -p 122 admin@{host})"),
            "chronyc tracking",
        )
}

fn unknown(host: &str, skew: &Skew, why: &str) -> Finding {
    let message = format!(
        "{why}, so its clock could not be compared with GitHub's. This machine's clock is {} GitHub's, which says nothing of the \
         server's.",
        beside(skew.ahead_ms)
    );
    Finding::new(&SERVER_UNKNOWN, host, message).evidence(skew)
}

/// The server's clock is right. This machine's is what certificates were judged by.
fn agreeing(skew: &Skew, clock: &ServerClock) -> Examination {
    let local = skew.ahead_ms;
    if local.unsigned_abs() >= SKEWED_FROM_MS {
        let message = format!(
            "This machine's clock is {} GitHub's and the server's: it said {} when {} said {}. Certificates were judged by it; \
             the server judges them by its own clock, which is right.",
            beside(local),
            time(skew.local),
            skew.host.host,
            time(skew.date),
        );
        return Finding::new(&LOCAL, "run", message)
            .evidence(json!({ "github": skew, "server": clock }))
            .command(
                Owner::Operator,
                "Set this machine's clock, see that it has a time source, and run gh-connect again",
                "timedatectl",
            )
            .into();
    }
    let mut remark = "the server's is within 10 s of GitHub's".to_owned();
    if !skew.disagreeing.is_empty() {
        remark.push_str(&format!(", though GitHub's hosts disagree: {}", per_host(skew)));
    }
    if local.unsigned_abs() >= DRIFTING_FROM_MS {
        remark.push_str(&format!("; this machine's is {} it", beside(local)));
    }
    Examination::passed(remark)
}

/// Milliseconds by which the server's clock is ahead of GitHub's: this machine's clock, which both were compared with, falls
/// out.
fn ahead_of_github(skew: &Skew, reply: &TimedReply) -> i64 {
    skew.ahead_ms.saturating_sub(reply.reading.ahead_ms)
}

fn of_this_machine(skew: &Skew, worst: &TimedReply) -> String {
    let near = |ahead: i64| ahead.unsigned_abs() < DRIFTING_FROM_MS;
    match (near(worst.reading.ahead_ms), near(skew.ahead_ms)) {
        (true, _) => "This machine's clock agrees with the server's.".to_owned(),
        (false, true) => "This machine's clock agrees with GitHub's.".to_owned(),
        (false, false) => format!("This machine's clock is {} GitHub's.", beside(skew.ahead_ms)),
    }
}

/// Whether the server's replies tell different times.
fn contradict(clock: &ServerClock) -> bool {
    let all = || clock.replies.iter().map(|reply| &reply.reading);
    let (low, high) = (all().map(|it| it.ahead_ms).min(), all().map(|it| it.ahead_ms).max());
    let uncertain: i64 = all().map(|it| it.within_ms).max().unwrap_or(0).saturating_mul(2);
    low.zip(high).is_some_and(|(low, high)| {
        high.abs_diff(low) > DRIFTING_FROM_MS.saturating_add(uncertain.unsigned_abs())
    })
}

fn contradiction(skew: &Skew, clock: &ServerClock) -> String {
    if !contradict(clock) {
        return String::new();
    }
    let one = |reply: &TimedReply| {
        let ahead = ahead_of_github(skew, reply);
        format!("that of {} to GET {} is {} GitHub's", reply.host, reply.path, beside(ahead))
    };
    let all: Vec<String> = clock.replies.iter().map(one).collect();
    format!(" The replies at the server's name disagree: {}.", all.join(", "))
}

fn disagreement(skew: &Skew) -> String {
    match skew.disagreeing.is_empty() {
        true => String::new(),
        false => format!(" The clocks of GitHub's hosts disagree; this machine's is {}.", per_host(skew)),
    }
}

fn changed_on_the_way(finding: Finding, skew: &Skew) -> Finding {
    match skew.disagreeing.is_empty() {
        true => finding,
        false => finding.step(
            Owner::Network,
            "Find what changes the Date of replies on the way, a proxy or gateway that answers from a store or has a clock of \
             its own: GitHub's hosts agree with each other",
        ),
    }
}

/// What each host's clock tells of this machine's.
fn per_host(skew: &Skew) -> String {
    let one = |told: &Told| format!("{} {}", beside(told.ahead_ms), told.host.host);
    skew.disagreeing.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// `90 s ahead of`, `level with`, to the nearest.
fn beside(ahead_ms: i64) -> String {
    let side = if ahead_ms > 0 { "ahead of" } else { "behind" };
    let seconds = ahead_ms.unsigned_abs().saturating_add(500) / 1000;
    match seconds {
        0 => "level with".to_owned(),
        1..600 => format!("{seconds} s {side}"),
        600..7_170 => format!("{} min {side}", (seconds + 30) / 60),
        7_170..171_000 => format!("{} h {side}", (seconds + 1_800) / 3_600),
        _ => format!("{} days {side}", seconds.saturating_add(43_200) / 86_400),
    }
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn kind_of(ahead_ms: i64) -> Option<&'static Kind> {
    match ahead_ms.unsigned_abs() {
        SKEWED_FROM_MS.. => Some(&SKEWED),
        DRIFTING_FROM_MS.. => Some(&DRIFTING),
        _ => None,
    }
}

/// From here on tokens of GitHub Apps are refused (facts §8 #21).
const SKEWED_FROM_MS: u64 = 60_000;
const DRIFTING_FROM_MS: u64 = 10_000;
const STORED_FROM_MS: i64 = 600_000;
