//! Judgement on clocks made by hand.

use gh_connect_engine::{Examination, Owner};
use gh_connect_github::server::{ServerClock, TimedReply};
use gh_connect_probe::{
    Endpoint,
    clock::{Reading, Skew, Told},
};
use jiff::Timestamp;

use super::judge::{is_out_of_a_store, machine, server};

/// This machine's clock is so far ahead of GitHub's.
fn skew(ahead_ms: i64) -> Skew {
    let Reading { date, local, ahead_ms, within_ms } = reading(ahead_ms);
    Skew {
        host: Endpoint::new("api.github.com", 443),
        date,
        local,
        ahead_ms,
        within_ms,
        disagreeing: Vec::new(),
    }
}

/// This machine's clock is so far ahead of the server's, by each reply.
fn replies(ahead_ms: &[i64]) -> ServerClock {
    let one = |(path, ahead_ms): (&&str, &i64)| TimedReply {
        host: Endpoint::new("ghes.corp.example", if path.starts_with("/manage") { 8443 } else { 443 }),
        path: (*path).to_owned(),
        reading: reading(*ahead_ms),
    };
    let paths = ["/status", "/api/v3/meta", "/manage/v1/version"];
    ServerClock { replies: paths.iter().zip(ahead_ms).map(one).collect() }
}

fn reading(ahead_ms: i64) -> Reading {
    let noon: Timestamp = "2026-11-22T12:00:00Z".parse().expect("a time");
    let date =
        Timestamp::from_millisecond(noon.as_millisecond().saturating_sub(ahead_ms).saturating_sub(500));
    Reading { date: date.unwrap_or(noon), local: noon, ahead_ms, within_ms: 550 }
}

fn judged(skew: &Skew, clock: &ServerClock) -> Examination {
    server("ghes.corp.example", skew, clock)
}

fn id(examination: &Examination) -> Option<&'static str> {
    assert!(examination.findings.len() <= 1);
    examination.findings.first().map(|finding| finding.kind.id)
}

#[test]
fn the_clock_that_counts_is_the_servers() {
    for (machine, servers, expected) in [
        (0, &[0, 0, 0][..], None),
        // The server is right, and this machine is not.
        (30_000, &[30_000, 30_000], None),
        (90_000, &[90_000, 90_000], Some("clock/local")),
        (-90_000, &[-90_000], Some("clock/local")),
        // This machine is right, and the server is not.
        (0, &[-59_000], Some("clock/drifting")),
        (0, &[60_000], Some("clock/skewed")),
        (0, &[-60_000], Some("clock/skewed")),
        (0, &[86_400_000, 86_400_000, 86_400_000], Some("clock/skewed")),
        // Both are wrong alike.
        (90_000, &[0], Some("clock/skewed")),
        (-25_000, &[0, 0], Some("clock/drifting")),
        // A gateway answers one of the questions, or a node has another clock.
        (0, &[0, 0, 90_000], Some("clock/skewed")),
        (0, &[86_400_000, 86_400_000, 0], Some("clock/skewed")),
        (0, &[], Some("clock/server-unknown")),
        (90_000, &[], Some("clock/server-unknown")),
        (i64::MAX, &[i64::MIN], Some("clock/skewed")),
        (i64::MIN, &[i64::MAX, 0], Some("clock/skewed")),
    ] {
        assert_eq!(id(&judged(&skew(machine), &replies(servers))), expected, "{machine} {servers:?}");
    }
}

#[test]
fn the_message_names_both_clocks_and_both_times() {
    let seen = judged(&skew(0), &replies(&[-90_000, -90_000]));
    let finding = &seen.findings[0];
    assert_eq!(finding.subject, "ghes.corp.example");
    assert_eq!(
        finding.message,
        "The clock of the server ghes.corp.example is 90 s ahead of GitHub's: the reply of ghes.corp.example:443 to GET \
         /status said 2026-11-22 12:01:29 UTC when it was 2026-11-22 11:59:59 UTC by the clock of api.github.com. This \
         machine's clock agrees with GitHub's."
    );
    assert_eq!(finding.fix[0].owner, Owner::ServerAdmin);
    assert_eq!(finding.fix[0].command.as_deref(), Some("chronyc tracking"));
    let alike = judged(&skew(90_000), &replies(&[0]));
    assert!(alike.findings[0].message.ends_with("This machine's clock agrees with the server's."));
}

#[test]
fn replies_that_disagree_are_listed() {
    let seen = judged(&skew(0), &replies(&[172_800_000, 172_800_000, 0]));
    let message = &seen.findings[0].message;
    let listed = "The replies at the server's name disagree: that of ghes.corp.example:443 to GET /status is 2 days behind \
                  GitHub's, that of ghes.corp.example:443 to GET /api/v3/meta is 2 days behind GitHub's, that of \
                  ghes.corp.example:8443 to GET /manage/v1/version is level with GitHub's.";
    assert!(message.contains(listed), "{message}");
    assert!(
        seen.findings[0].fix.iter().any(|step| step.owner == Owner::Network && step.text.contains("gateway"))
    );
    assert!(!judged(&skew(0), &replies(&[90_000, 91_000])).findings[0].message.contains("disagree"));
}

#[test]
fn clocks_that_agree_with_each_other_and_not_with_old_replies_show_a_store() {
    for (machine, servers, stored) in [
        (86_400_000, &[0, 0][..], true),
        (600_000, &[9_000], true),
        (599_000, &[0], false),
        (86_400_000, &[86_400_000], false),
        (86_400_000, &[0, 60_000], false),
        // A store holds nothing from the future.
        (-86_400_000, &[0], false),
        (86_400_000, &[], false),
    ] {
        assert_eq!(is_out_of_a_store(&skew(machine), &replies(servers)), stored, "{machine} {servers:?}");
    }
}

#[test]
fn without_a_server_this_machine_stands_in() {
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
        assert_eq!(id(&machine(&Skew { ahead_ms, ..skew(0) })), expected, "{ahead_ms}");
    }
    let message = |ahead_ms| machine(&skew(ahead_ms)).findings.remove(0).message;
    assert_eq!(
        message(90_000),
        "This machine's clock is 90 s ahead of GitHub's: it said 2026-11-22 12:00:00 UTC when api.github.com said 2026-11-22 \
         11:58:29 UTC. No server is named, so its own clock was not compared."
    );
    assert!(message(-7_200_000).starts_with("This machine's clock is 2 h behind GitHub's"));
    assert_eq!(machine(&skew(90_000)).findings[0].fix[0].owner, Owner::Operator);
}

#[test]
fn hosts_of_github_that_disagree_are_listed() {
    let told = |host: &str, ahead_ms| Told { host: Endpoint::new(host, 443), ahead_ms, within_ms: 550 };
    let disagreeing =
        vec![told("api.github.com", -300_000), told("github.com", 400), told("uploads.github.com", 12_000)];
    for (ahead_ms, expected) in
        [(400, None), (12_000, Some("clock/drifting")), (-300_000, Some("clock/skewed"))]
    {
        let disagreed = Skew { disagreeing: disagreeing.clone(), ..skew(ahead_ms) };
        let values = "300 s behind api.github.com, level with github.com, 12 s ahead of uploads.github.com";
        let judged = machine(&disagreed);
        assert_eq!(id(&judged), expected);
        let text = judged
            .findings
            .first()
            .map_or(judged.remark.clone().unwrap_or_default(), |finding| finding.message.clone());
        assert!(text.contains(values), "{text}");
        let passed = server("ghes.corp.example", &disagreed, &replies(&[ahead_ms]));
        if let Some(remark) = passed.remark {
            assert!(remark.contains(values), "{remark}");
        }
    }
}
