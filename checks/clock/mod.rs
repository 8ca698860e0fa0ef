//! Whether this machine's clock agrees with GitHub's.

use futures::future::BoxFuture;
use gh_connect_engine::{
    Category, Check, Cx, Examination, Finding, InDoubt, Kind, Meta, Owner, Plan, Severity, Stop, Subject,
};
use gh_connect_probe::{
    clock::{Skew, Told},
    trust::OfTheRun,
};

/// The check.
pub struct Clock;

static META: Meta = Meta {
    id: "clock",
    title: "the clock agrees with GitHub's",
    category: Category::Network,
    words: include_str!("README.md"),
    kinds: &[&SKEWED, &DRIFTING],
    in_doubt: InDoubt {
        owner: Owner::Operator,
        text: "On the machine that gh-connect ran on, see whether its clock is synchronised",
        command: Some("timedatectl"),
    },
};

static SKEWED: Kind = Kind {
    id: "clock/skewed",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the clock is wrong by a minute or more",
    since: "0.1.0",
    world: include_str!("worlds/skewed.toml"),
};

static DRIFTING: Kind = Kind {
    id: "clock/drifting",
    severity: Severity::Warning,
    undetermined: false,
    title: "the clock is wrong by ten seconds or more",
    since: "0.1.0",
    world: include_str!("worlds/drifting.toml"),
};

impl Check for Clock {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn subjects(&self, plan: &Plan) -> Vec<Subject> {
        let asked = plan.targets.iter().any(gh_connect_engine::Target::required);
        if asked { vec![Subject::Run] } else { Vec::new() }
    }

    fn examine<'a>(&'a self, _: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        Box::pin(async move { Ok(judge(&*cx.fact::<Skew>(&OfTheRun).await?)) })
    }
}

/// Judges the skew as it was measured; the half second by which it may be off matters to neither limit.
fn judge(skew: &Skew) -> Examination {
    let distance = skew.distance().as_secs();
    let kind = match distance {
        SKEWED_FROM.. => &SKEWED,
        DRIFTING_FROM..SKEWED_FROM => &DRIFTING,
        _ if skew.disagreeing.is_empty() => return Examination::passed("within 10 s of GitHub's"),
        _ => {
            return Examination::passed(format!(
                "within 10 s of {}'s, though GitHub's hosts disagree: {}",
                skew.host.host,
                per_host(skew)
            ));
        }
    };
    let side = if skew.ahead_ms > 0 { "ahead of" } else { "behind" };
    let mut message = format!(
        "This machine's clock is {} {side} GitHub's: it said {} when {} said {}.",
        span(distance),
        skew.local.strftime("%Y-%m-%d %H:%M:%S UTC"),
        skew.host.host,
        skew.date.strftime("%Y-%m-%d %H:%M:%S UTC"),
    );
    if !skew.disagreeing.is_empty() {
        message.push_str(&format!(" The hosts' own clocks disagree: {}.", per_host(skew)));
    }
    let finding = Finding::new(kind, "run", message).evidence(skew);
    let finding = match skew.disagreeing.is_empty() {
        true => finding,
        false => finding.step(
            Owner::Network,
            "Find what changes the Date of replies on the way, a proxy or gateway that answers from a store or has a clock of \
             its own: GitHub's hosts agree with each other",
        ),
    };
    finding
        .step(Owner::Network, "Let the server reach its time sources over NTP, UDP port 123")
        .then_command(
            Owner::ServerAdmin,
            "Check the time sources (chronyc sources) and set the clock",
            "sudo chronyc -a makestep",
        )
        .into()
}

/// What each host's clock tells of this machine's.
fn per_host(skew: &Skew) -> String {
    let one = |told: &Told| {
        let side = if told.ahead_ms > 0 { "ahead of" } else { "behind" };
        match told.ahead_ms.unsigned_abs() / 1000 {
            0 => format!("level with {}", told.host.host),
            seconds => format!("{} {side} {}", span(seconds), told.host.host),
        }
    };
    skew.disagreeing.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn span(seconds: u64) -> String {
    match seconds {
        0..600 => format!("{seconds} s"),
        600..86_400 => format!("{} min", seconds / 60),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// From here on tokens of GitHub Apps are refused (facts §8 #21).
const SKEWED_FROM: u64 = 60;
const DRIFTING_FROM: u64 = 10;

#[cfg(test)]
mod tests {
    use gh_connect_probe::Endpoint;
    use jiff::Timestamp;

    use super::*;

    fn skew(ahead_ms: i64) -> Skew {
        let date: Timestamp = "2026-11-22T12:00:00Z".parse().expect("a time");
        let local = Timestamp::from_millisecond(date.as_millisecond() + 500 + ahead_ms).expect("a time");
        Skew {
            host: Endpoint::new("api.github.com", 443),
            date,
            local,
            ahead_ms,
            within_ms: 550,
            disagreeing: Vec::new(),
        }
    }

    #[test]
    fn clocks_that_disagree_are_listed() {
        let told = |host: &str, ahead_ms| Told { host: Endpoint::new(host, 443), ahead_ms, within_ms: 550 };
        let disagreeing = vec![
            told("api.github.com", -300_000),
            told("github.com", 400),
            told("uploads.github.com", 12_000),
        ];
        for (ahead_ms, expected) in
            [(400, None), (12_000, Some("clock/drifting")), (-300_000, Some("clock/skewed"))]
        {
            let judged = judge(&Skew { disagreeing: disagreeing.clone(), ..skew(ahead_ms) });
            let finding = judged.findings.first();
            assert_eq!(finding.map(|finding| finding.kind.id), expected);
            let text =
                finding.map_or(judged.remark.clone().unwrap_or_default(), |finding| finding.message.clone());
            let values =
                "300 s behind api.github.com, level with github.com, 12 s ahead of uploads.github.com";
            assert!(text.contains(values), "{text}");
        }
    }

    #[test]
    fn a_minute_blocks_and_ten_seconds_warn() {
        for (ahead_ms, expected) in [
            (0, None),
            (9_999, None),
            (-9_999, None),
            (10_000, Some("clock/drifting")),
            (-59_999, Some("clock/drifting")),
            (60_000, Some("clock/skewed")),
            (-86_400_000, Some("clock/skewed")),
            (i64::MAX, Some("clock/skewed")),
            (i64::MIN, Some("clock/skewed")),
        ] {
            let seen = Skew { ahead_ms, ..skew(0) };
            let found = judge(&seen).findings.first().map(|finding| finding.kind.id);
            assert_eq!(found, expected, "{ahead_ms}");
        }
    }

    #[test]
    fn the_message_says_by_how_much_and_on_which_side() {
        let message = |ahead_ms| judge(&skew(ahead_ms)).findings.remove(0).message;
        assert_eq!(
            message(90_000),
            "This machine's clock is 90 s ahead of GitHub's: it said 2026-11-22 12:01:30 UTC when api.github.com said 2026-11-22 12:00:00 UTC."
        );
        assert!(message(-7_200_000).starts_with("This machine's clock is 120 min behind GitHub's"));
    }
}
