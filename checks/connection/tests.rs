//! Judgement on facts made by hand.

use gh_connect_engine::{Product, Sourced};
use gh_connect_github::cloud::{
    Account, Collected, Event, Installation, Known, LastSync, ServerInstance, SyncStatus,
};
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::testing;

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("a time")
}

fn days_ago(days: i64) -> Timestamp {
    now() - SignedDuration::from_hours(24 * days)
}

fn record(host: &str, connected: Option<bool>, days: i64) -> Installation {
    Installation {
        host_name: host.to_owned(),
        customer_name: None,
        is_connected: connected,
        created_at: Some(days_ago(days)),
        updated_at: None,
    }
}

fn synced(days: i64, status: &str) -> SyncStatus {
    let last = LastSync {
        date: Some(days_ago(days).to_string()),
        status: Some(status.to_owned()),
        error: Some(if status == "success" { "" } else { "it broke" }.to_owned()),
    };
    let server = ServerInstance {
        server_id: None,
        hostname: Some("GHES.corp.example".to_owned()),
        last_sync: Some(last),
    };
    SyncStatus { server_instances: Some(vec![server]) }
}

fn collected(days: i64) -> Vec<Collected> {
    vec![Collected {
        server_id: None,
        host_name: Some("ghes.corp.example".to_owned()),
        ghes_version: None,
        collection_date: Some(days_ago(days).to_string()),
        github_connect: None,
    }]
}

fn event(action: &str, days: i64) -> Vec<Event> {
    vec![Event {
        action: action.to_owned(),
        at: Some(days_ago(days)),
        actor: None,
        actor_ip: None,
        name: None,
    }]
}

fn judged(
    servers: Vec<Installation>,
    total: Option<u64>,
    heard: impl FnOnce(&[String]) -> Signs,
) -> Result<Examination, Stop> {
    judged_by(&["ghes.corp.example", "git.corp.example"], None, servers, total, heard)
}

fn judged_by(
    names: &[&str],
    unread: Option<Stop>,
    servers: Vec<Installation>,
    total: Option<u64>,
    heard: impl FnOnce(&[String]) -> Signs,
) -> Result<Examination, Stop> {
    let mut plan = testing::plan(Product::GithubCom);
    plan.server = Some(Sourced::default("https://ghes.corp.example".to_owned()));
    let account = Account {
        slug: "acme".to_owned(),
        name: None,
        url: None,
        created_at: None,
        viewer_is_admin: Some(true),
    };
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let signs = Some(heard(&names));
    judge(&Seen {
        plan: &plan,
        account: &account,
        names,
        unread,
        known: &Known { servers, total },
        signs,
        now: now(),
    })
}

fn quiet(_: &[String]) -> Signs {
    Signs::default()
}

fn ids(examination: &Examination) -> Vec<&'static str> {
    examination.findings.iter().map(|finding| finding.kind.id).collect()
}

#[test]
fn what_is_not_connected_passes_and_names_who_is() {
    for (servers, total, expected) in [
        (vec![], Some(0), "not connected yet"),
        (vec![record("ghes.corp.example", Some(false), 30)], Some(1), "not connected yet"),
        (vec![record("other.example", Some(true), 30)], Some(1), "not connected yet; other.example is"),
        (
            vec![record("a.example", Some(true), 1), record("b.example", Some(true), 1)],
            Some(2),
            "not connected yet; a.example and b.example are",
        ),
        (
            ["a", "b", "c"].map(|name| record(name, Some(true), 1)).to_vec(),
            Some(3),
            "not connected yet; a and 2 others are",
        ),
    ] {
        let examination = judged(servers, total, quiet).expect("judged");
        assert_eq!((ids(&examination), examination.remark.as_deref()), (vec![], Some(expected)));
    }
    assert!(matches!(judged(vec![record("a", Some(true), 1)], Some(130), quiet), Err(Stop::Trouble(_))));
    assert!(matches!(judged(Vec::new(), None, quiet), Err(Stop::Trouble(_))));
    assert!(matches!(
        judged(vec![record("ghes.corp.example", None, 1)], Some(1), quiet),
        Err(Stop::Trouble(_))
    ));
}

#[test]
fn a_record_is_judged_by_what_came_after_it() {
    let signs = |licences: Option<SyncStatus>, statistics: Vec<Collected>, events: Vec<Event>| {
        move |names: &[String]| Signs {
            heard: Heard::all(names, licences.as_ref(), &statistics, &events),
            ended: ended(&events),
            unknown: None,
            unread: Vec::new(),
        }
    };
    let nothing = || signs(None, vec![], vec![]);
    let own = |days| vec![record("GHES.Corp.Example.", Some(true), days)];
    for (days, heard, expected) in [
        (30, nothing(), "connection/orphaned"),
        (8, nothing(), "connection/orphaned"),
        (7, nothing(), "connection/unproven"),
        (0, nothing(), "connection/unproven"),
        (30, signs(Some(synced(2, "success")), vec![], vec![]), "connection/already-connected"),
        (1, signs(Some(synced(0, "success")), vec![], vec![]), "connection/already-connected"),
        (30, signs(None, collected(2), vec![]), "connection/already-connected"),
        (
            30,
            signs(None, vec![], event("dotcom_connection.token_updated", 2)),
            "connection/already-connected",
        ),
        (30, signs(None, vec![], event("dotcom_connection.destroy", 2)), "connection/orphaned"),
        // What came before was an earlier connection's.
        (30, signs(Some(synced(40, "success")), collected(40), vec![]), "connection/orphaned"),
        (3, signs(Some(synced(40, "success")), vec![], vec![]), "connection/unproven"),
        (30, signs(Some(synced(2, "failed")), vec![], vec![]), "connection/orphaned"),
    ] {
        let examination = judged(own(days), Some(1), heard).expect("judged");
        assert_eq!(ids(&examination), [expected], "{days}");
        assert!(!examination.findings[0].fix.is_empty());
    }
    let by_own_name = judged(vec![record("GIT.corp.example", Some(true), 30)], Some(1), nothing());
    assert_eq!(ids(&by_own_name.expect("judged")), ["connection/orphaned"]);
    // Without a date a record is not called old.
    let undated = Installation { created_at: None, ..record("ghes.corp.example", Some(true), 0) };
    assert_eq!(ids(&judged(vec![undated], Some(1), nothing()).expect("judged")), ["connection/unproven"]);
}

#[test]
fn what_was_heard_long_ago_or_before_it_was_disconnected_proves_nothing() {
    let undated = || Installation { created_at: None, ..record("ghes.corp.example", Some(true), 0) };
    let old = || record("ghes.corp.example", Some(true), 400);
    let logged = |list: &[(&str, i64)]| -> Vec<Event> {
        list.iter().flat_map(|(action, days)| event(&format!("dotcom_connection.{action}"), *days)).collect()
    };
    let someday = Event { at: None, ..event("dotcom_connection.destroy", 0).remove(0) };
    let silent = "and it was last heard of on 2026-10-21, by licence synchronization. Servers report once a week, so whether \
                  it still is connected cannot be told.";
    let over = "and by the server's own audit log it was disconnected on 2026-11-20, after the last that was heard of it, \
                licence synchronization on 2026-11-17. Whether it is connected now cannot be told.";
    let someday_over =
        "it was disconnected, after the last that was heard of it, licence synchronization on 2026-11-17.";
    for (record, heard, events, expected, words) in [
        (old(), 31, vec![], "connection/already-connected", ""),
        (old(), 32, vec![], "connection/unproven", silent),
        (undated(), 31, vec![], "connection/already-connected", ""),
        (undated(), 32, vec![], "connection/unproven", silent),
        // A clock that is years ahead does not make a server live for years.
        (old(), -400, vec![], "connection/unproven", "last heard of on 2027-12-27"),
        (old(), 32, logged(&[("token_updated", 3)]), "connection/already-connected", ""),
        (old(), 5, logged(&[("destroy", 2)]), "connection/unproven", over),
        (undated(), 5, logged(&[("destroy", 2)]), "connection/unproven", over),
        (old(), 5, logged(&[("create", 1), ("destroy", 2)]), "connection/already-connected", ""),
        (old(), 5, logged(&[("destroy", 6)]), "connection/already-connected", ""),
        (old(), 5, vec![someday], "connection/unproven", someday_over),
    ] {
        let signs = |names: &[String]| Signs {
            heard: Heard::all(names, Some(&synced(heard, "success")), &[], &events),
            ended: ended(&events),
            unknown: None,
            unread: Vec::new(),
        };
        let examination = judged(vec![record], Some(1), signs).expect("judged");
        assert_eq!(ids(&examination), [expected], "{heard} {events:?}");
        let finding = &examination.findings[0];
        assert!(finding.message.contains(words), "{}", finding.message);
        assert!(!finding.fix.is_empty());
    }
}

#[test]
fn the_latest_is_kept_of_much_that_was_heard() {
    let statistics: Vec<Collected> = (0..400).rev().flat_map(collected).collect();
    let heard = Heard::all(&["ghes.corp.example".to_owned()], None, &statistics, &[]);
    let signs = |_: &[String]| Signs { heard, ..Signs::default() };
    let examination = judged(vec![record("ghes.corp.example", Some(true), 500)], Some(1), signs);
    assert_eq!(ids(&examination.expect("judged")), ["connection/already-connected"]);
}

#[test]
fn without_the_servers_own_name_another_record_may_be_its() {
    let other = |connected| record("other.example", connected, 30);
    let own = |connected| record("ghes.corp.example", connected, 30);
    let judged = |unread: &Stop, servers: Vec<Installation>| {
        let total = Some(servers.len() as u64);
        judged_by(&["ghes.corp.example"], Some(unread.clone()), servers, total, quiet)
    };
    let (token, trouble) = (Stop::blocked("token"), Stop::Trouble("it does not say".to_owned()));
    let in_words = |told: &str| {
        Stop::Trouble(format!(
            "acme {told}, and whether one of these is ghes.corp.example is not known: the name that the server itself has was not \
             read (it does not say)"
        ))
    };
    let (connected, unsaid) =
        ("has connected other.example", "does not say whether other.example is connected");
    let another = || record("another.example", None, 30);
    for (servers, told) in [
        (vec![], None),
        (vec![other(Some(false))], None),
        (vec![own(Some(false)), other(Some(false))], None),
        (vec![other(Some(true))], Some(connected)),
        (vec![other(None)], Some(unsaid)),
        (
            vec![other(None), another()],
            Some("does not say whether other.example and another.example are connected"),
        ),
        (
            vec![other(Some(true)), another()],
            Some("has connected other.example, and does not say whether another.example is connected"),
        ),
        (vec![own(Some(false)), other(Some(true))], Some(connected)),
    ] {
        for unread in [&token, &trouble] {
            let judged = judged(unread, servers.clone());
            let stop = told.map(|told| if *unread == token { token.clone() } else { in_words(told) });
            assert_eq!(judged.as_ref().err(), stop.as_ref(), "{servers:?}");
            if let Ok(examination) = judged {
                assert_eq!(examination.remark.as_deref(), Some("not connected yet"));
            }
        }
    }
    // What is found by the name in --server is found.
    let found = judged(&token, vec![own(Some(true)), other(Some(true))]).expect("judged");
    assert_eq!(ids(&found), ["connection/orphaned"]);
}

#[test]
fn of_several_records_one_that_works_is_enough() {
    let two = vec![record("ghes.corp.example", Some(true), 90), record("ghes.corp.example", Some(true), 10)];
    let alive = |names: &[String]| Signs {
        heard: Heard::all(names, Some(&synced(20, "success")), &[], &[]),
        ended: None,
        unknown: None,
        unread: Vec::new(),
    };
    assert_eq!(ids(&judged(two, Some(2), alive).expect("judged")), ["connection/already-connected"]);
}

#[test]
fn what_could_not_be_asked_is_neither_a_pass_nor_an_orphan() {
    let own = || vec![record("ghes.corp.example", Some(true), 30)];
    let blocked = |names: &[String]| Signs {
        heard: Heard::all(names, None, &[], &[]),
        ended: None,
        unknown: Some(Stop::blocked("token")),
        unread: Vec::new(),
    };
    assert_eq!(judged(own(), Some(1), blocked).err(), Some(Stop::blocked("token")));
    let alive = |names: &[String]| Signs {
        heard: Heard::all(names, None, &collected(1), &[]),
        ended: None,
        unknown: Some(Stop::blocked("token")),
        unread: Vec::new(),
    };
    assert_eq!(ids(&judged(own(), Some(1), alive).expect("judged")), ["connection/already-connected"]);
}

#[test]
fn messages_name_what_decided() {
    let message = |days, heard: &dyn Fn(&[String]) -> Signs| {
        let own = vec![record("ghes.corp.example", Some(true), days)];
        judged(own, Some(1), heard).expect("judged").findings.remove(0).message
    };
    let failed = |names: &[String]| Signs {
        heard: Heard::all(names, Some(&synced(2, "failed")), &[], &[]),
        ended: None,
        unknown: None,
        unread: Vec::new(),
    };
    let synced = |names: &[String]| Signs {
        heard: Heard::all(names, Some(&synced(2, "success")), &[], &[]),
        ended: None,
        unknown: None,
        unread: Vec::new(),
    };
    assert_eq!(
        message(30, &quiet),
        "acme has a record of ghes.corp.example as connected since 2026-10-23, for 30 days, and since then nothing has come from it: \
         no licence synchronization, no statistics, no event in the server's audit log."
    );
    let unread = |unread: &[&'static str]| {
        let unread = unread.to_vec();
        message(30, &move |_: &[String]| Signs { unread: unread.clone(), ..Signs::default() })
    };
    assert!(
        unread(&[AUDIT_LOG])
            .ends_with(": no licence synchronization, no statistics (not told: its own audit log).")
    );
    assert!(
        unread(&[STATISTICS, AUDIT_LOG])
            .ends_with(": no licence synchronization (not told: its statistics and its own audit log).")
    );
    assert!(
        message(30, &failed)
            .contains("except for licence synchronization on 2026-11-20 that ended in \"failed\": it broke.")
    );
    assert_eq!(
        message(30, &synced),
        "ghes.corp.example is connected to acme already since 2026-10-23; the last that was heard of it is licence synchronization on 2026-11-20."
    );
}

#[test]
fn severities_are_those_of_the_contract() {
    let all: Vec<_> = META.kinds.iter().map(|kind| (kind.id, kind.severity, kind.undetermined)).collect();
    assert_eq!(
        all,
        [
            ("connection/orphaned", Severity::Blocker, false),
            ("connection/unproven", Severity::Blocker, true),
            ("connection/already-connected", Severity::Note, false),
        ]
    );
}
