//! Judgement on facts made by hand.

use gh_connect_engine::{Product, Sourced};
use gh_connect_github::cloud::{
    Account, Aliases, Collected, Event, Events, Installation, Known, LastSync, OwnNames, ServerInstance,
    SyncStatus, is_one_of,
};
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::testing;

mod laws;
mod off_the_record;
mod order;

const ADDRESS: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 20));

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("a time")
}

fn days_ago(days: i64) -> Timestamp {
    now() - SignedDuration::from_hours(24 * days)
}

fn record(host: &str, connected: Option<bool>, days: i64) -> Installation {
    Installation {
        id: None,
        host_name: host.to_owned(),
        customer_name: None,
        is_connected: connected,
        created_at: Some(days_ago(days)),
        updated_at: None,
    }
}

/// A record of this server as connected.
fn own(days: i64) -> Installation {
    record("GHES.Corp.Example.", Some(true), days)
}

fn changed(days: i64, record: Installation) -> Installation {
    Installation { updated_at: Some(days_ago(days)), ..record }
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
    SyncStatus { server_instances: Some(vec![server]), total_count: None }
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

fn at(action: &str, at: Option<Timestamp>) -> Event {
    let action = format!("dotcom_connection.{action}");
    Event { id: None, action, at, actor: None, actor_ip: None, name: None }
}

/// The server's own audit log with these events, so many days ago, the newest first.
fn logged(events: &[(&str, i64)]) -> Log {
    log(events.iter().map(|(action, days)| at(action, Some(days_ago(*days)))).collect())
}

fn log(list: Vec<Event>) -> Log {
    Log::of(&Events { list, more: false, read_back_to: None }, now())
}

/// A server about which nothing is unusual: the account knows no server, and its log holds nothing of a connection.
#[derive(Clone, Debug)]
struct World {
    names: Vec<&'static str>,
    unread: Option<Stop>,
    servers: Vec<Installation>,
    total: Option<u64>,
    aliases: Aliases,
    licences: Result<SyncStatus, Stop>,
    withheld: Option<String>,
    statistics: Option<Vec<Collected>>,
    log: Log,
}

impl World {
    fn of(servers: Vec<Installation>) -> Self {
        Self {
            names: vec!["ghes.corp.example", "git.corp.example"],
            unread: None,
            total: Some(servers.len() as u64),
            servers,
            aliases: Aliases { nodes: vec!["ghes-1".to_owned()], addresses: Some(vec![ADDRESS]) },
            licences: Ok(SyncStatus { server_instances: Some(Vec::new()), total_count: None }),
            withheld: None,
            statistics: Some(Vec::new()),
            log: logged(&[]),
        }
    }

    fn synced(self, days: i64) -> Self {
        Self { licences: Ok(synced(days, "success")), ..self }
    }

    fn logged(self, events: &[(&str, i64)]) -> Self {
        Self { log: logged(events), ..self }
    }

    fn judged(&self) -> Result<Examination, Stop> {
        let mut plan = testing::plan(Product::GithubCom);
        plan.server = Some(Sourced::default("https://ghes.corp.example".to_owned()));
        let account = Account {
            slug: "acme".to_owned(),
            name: None,
            url: None,
            created_at: None,
            viewer_is_admin: Some(true),
        };
        let names: Vec<String> = self.names.iter().map(|name| (*name).to_owned()).collect();
        let licences = self.licences.as_ref().map_err(Stop::clone);
        let aliases = self.aliases.clone();
        let own = OwnNames { names, unread: self.unread.clone(), aliases };
        let is_own = |name: &str| is_one_of(&own.names, Some(name)) || own.aliases.may_be(&own.names, name);
        let signs = Signs::of(&is_own, licences, self.statistics.as_deref(), self.withheld.clone());
        judge(&Seen {
            plan: &plan,
            account: &account,
            own,
            known: &Known { servers: self.servers.clone(), total: self.total },
            signs,
            log: self.log.clone(),
            now: now(),
        })
    }

    fn ids(&self) -> Vec<&'static str> {
        ids(&self.judged().expect("judged"))
    }

    /// The message of the one finding.
    fn message(&self) -> String {
        let examination = self.judged().expect("judged");
        let [finding] = &examination.findings[..] else { panic!("{:?}", ids(&examination)) };
        assert!(!finding.fix.is_empty());
        finding.message.clone()
    }
}

fn ids(examination: &Examination) -> Vec<&'static str> {
    examination.findings.iter().map(|finding| finding.kind.id).collect()
}

fn trouble(why: &str) -> Stop {
    Stop::Trouble(why.to_owned())
}

#[test]
fn what_is_not_connected_passes_and_names_who_is() {
    for (servers, total, expected) in [
        (vec![], Some(0), "not connected yet"),
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
        let examination = World { total, ..World::of(servers) }.judged().expect("judged");
        assert_eq!((ids(&examination), examination.remark.as_deref()), (vec![], Some(expected)));
    }
    let ended = World::of(vec![]).logged(&[("destroy", 2), ("create", 400)]).judged().expect("judged");
    assert_eq!(ended.remark.as_deref(), Some("disconnected on 2026-11-20, by its own audit log"));
    let partly = |servers, total| World { total, ..World::of(servers) }.judged();
    assert!(matches!(partly(vec![record("a", Some(true), 1)], Some(130)), Err(Stop::Trouble(_))));
    assert!(matches!(partly(Vec::new(), None), Err(Stop::Trouble(_))));
    let unsaid = partly(vec![record("ghes.corp.example", None, 1)], Some(1));
    assert!(matches!(unsaid, Err(Stop::Trouble(_))));
}

#[test]
fn a_record_that_is_not_connected_is_warned_of_at_any_age() {
    for days in [0, 1, 30, 400] {
        let left = record("ghes.corp.example", Some(false), days);
        let world = World::of(vec![left, record("other.example", Some(true), 9)]);
        let examination = world.judged().expect("judged");
        assert_eq!(ids(&examination), ["connection/leftover"], "{days}");
        assert_eq!(examination.remark.as_deref(), Some("not connected yet; other.example is"));
        assert!(
            examination.findings[0].message.starts_with("acme has a record of ghes.corp.example since 20")
        );
    }
}

#[test]
fn what_the_servers_log_calls_connected_and_the_account_does_not_know_is_connected_elsewhere() {
    for (events, found, part) in [
        (
            &[("create", 30)][..],
            true,
            "(dotcom_connection.create on 2026-10-23, and no dotcom_connection.destroy since)",
        ),
        (
            &[("upload_license_usage", 2), ("create", 30)],
            true,
            "(dotcom_connection.create on 2026-10-23, dotcom_connection.upload_license_usage on 2026-11-20, and no",
        ),
        (&[("token_updated", 1)], true, "(dotcom_connection.token_updated on 2026-11-21, and no"),
        (
            &[("create", 3), ("destroy", 40), ("create", 400)],
            true,
            "(dotcom_connection.create on 2026-11-19, and no",
        ),
        (
            &[("upload_usage_metrics", 3), ("destroy", 40)],
            true,
            "(dotcom_connection.upload_usage_metrics on 2026-11-19",
        ),
        (&[("destroy", 1), ("upload_license_usage", 2), ("create", 30)], false, ""),
        (&[("destroy", 1)], false, ""),
        (&[], false, ""),
    ] {
        let world = World::of(vec![]).logged(events);
        assert_eq!(world.ids(), if found { &["connection/elsewhere"][..] } else { &[] }, "{events:?}");
        if found {
            assert!(world.message().contains(part), "{}", world.message());
        }
    }
    let other = World::of(vec![record("staging.example", Some(true), 30)]).logged(&[("create", 30)]);
    assert!(
        other
            .message()
            .ends_with("unless acme knows it under another name: it has connected staging.example.")
    );
    // Here it is this account's word against the server's.
    let contradicted =
        World::of(vec![record("ghes.corp.example", Some(false), 30)]).logged(&[("create", 30)]);
    assert_eq!(contradicted.ids(), ["connection/unproven"]);
}

#[test]
fn without_the_servers_own_log_nothing_is_called_not_connected() {
    let unread = |stop: Stop| World { log: Log::Unread(stop), ..World::of(vec![]) };
    for stop in [Stop::blocked("token"), Stop::blocked("server"), Stop::blocked("owner")] {
        assert_eq!(unread(stop.clone()).judged().err(), Some(stop));
    }
    let not_found = unread(trouble("there is no such thing"));
    assert_eq!(not_found.ids(), ["connection/unproven"]);
    assert!(
        not_found.message().ends_with("cannot be told: there is no such thing."),
        "{}",
        not_found.message()
    );
    let first_page =
        World { log: Log::of(&Events { more: true, ..Events::default() }, now()), ..World::of(vec![]) };
    assert_eq!(first_page.ids(), ["connection/unproven"]);
    // What the log does not tell clearly is not told.
    let same_time = || vec![at("create", Some(days_ago(1))), at("destroy", Some(days_ago(1)))];
    for events in [
        same_time(),
        vec![at("destroy", Some(days_ago(1))), at("create", None)],
        vec![at("destroy", None), at("token_updated", Some(days_ago(1)))],
        vec![at("reset", Some(days_ago(1))), at("create", Some(days_ago(2)))],
    ] {
        let world = World { log: log(events.clone()), ..World::of(vec![]) };
        assert_eq!(world.ids(), ["connection/unproven"], "{events:?}");
    }
}

#[test]
fn a_record_is_judged_by_what_came_after_it() {
    let nothing = |days| World::of(vec![own(days)]);
    let statistics = |days, collected| World { statistics: Some(collected), ..nothing(days) };
    let failed = World { licences: Ok(synced(2, "failed")), ..nothing(30) };
    for (world, expected) in [
        // No report is due in the first days, and none is on by itself.
        (nothing(0), "connection/unproven"),
        (nothing(9), "connection/unproven"),
        (nothing(30), "connection/unproven"),
        (nothing(400), "connection/unproven"),
        (nothing(30).synced(2), "connection/already-connected"),
        (nothing(1).synced(0), "connection/already-connected"),
        (statistics(30, collected(2)), "connection/already-connected"),
        (World { statistics: None, ..nothing(30) }.synced(2), "connection/already-connected"),
        // What came before was an earlier connection's.
        (World { statistics: Some(collected(40)), ..nothing(30).synced(40) }, "connection/unproven"),
        (nothing(3).synced(4), "connection/unproven"),
        (failed, "connection/unproven"),
    ] {
        assert_eq!(world.ids(), [expected], "{}", world.message());
    }
    let by_own_name = World::of(vec![record("GIT.corp.example", Some(true), 30)]).synced(2);
    assert_eq!(by_own_name.ids(), ["connection/already-connected"]);
    let undated = Installation { created_at: None, ..own(0) };
    assert_eq!(World::of(vec![undated.clone()]).ids(), ["connection/unproven"]);
    assert_eq!(World::of(vec![undated]).synced(2).ids(), ["connection/already-connected"]);
}

#[test]
fn a_silence_longer_than_the_weekly_report_proves_nothing() {
    for (days, expected) in [
        (0, "connection/already-connected"),
        (5, "connection/already-connected"),
        (7, "connection/already-connected"),
        (9, "connection/already-connected"),
        (10, "connection/unproven"),
        (25, "connection/unproven"),
        (30, "connection/unproven"),
        // A clock that is ahead does not make a server live longer.
        (-2, "connection/unproven"),
        (-400, "connection/unproven"),
    ] {
        assert_eq!(World::of(vec![own(400)]).synced(days).ids(), [expected], "{days}");
    }
    let silent = "acme has a record of GHES.Corp.Example. as connected since 2025-10-18, and it was last heard of on 2026-10-28, by \
                  a license synchronization. Connected servers report once a week, so whether it still is connected cannot be told.";
    assert_eq!(World::of(vec![own(400)]).synced(25).message(), silent);
    // One bad date does not hide what is good.
    let ahead = World { statistics: Some(collected(-400)), ..World::of(vec![own(400)]).synced(2) };
    assert_eq!(ahead.ids(), ["connection/already-connected"]);
}

#[test]
fn that_the_record_was_changed_is_a_sign_and_no_proof() {
    let changed_lately = World::of(vec![changed(2, own(200))]);
    assert_eq!(changed_lately.ids(), ["connection/unproven"]);
    assert!(changed_lately.message().contains("changed on 2026-11-20"), "{}", changed_lately.message());
    assert!(changed_lately.message().contains("probably connected"));
    for world in [changed(200, own(200)), changed(20, own(200))] {
        assert!(!World::of(vec![world]).message().contains("probably"));
    }
    // Together with the server's own word for the same connection it is.
    let both = World::of(vec![changed(2, own(200))]).logged(&[("create", 200)]);
    assert_eq!(both.ids(), ["connection/already-connected"]);
    assert!(both.message().contains("The server's own audit log says that it is connected, too."));
    let another = World::of(vec![changed(2, own(200))]).logged(&[("create", 100)]);
    assert_eq!(another.ids(), ["connection/unproven"]);
}

#[test]
fn the_servers_own_log_counts_for_the_connection_that_it_tells_of() {
    for (days, events, expected) in [
        // Both halves were made at the same time, and it is in use.
        (30, &[("token_updated", 2), ("create", 30)][..], "connection/already-connected"),
        (2, &[("create", 2)], "connection/already-connected"),
        // Both are older than the log.
        (400, &[("token_updated", 2), ("upload_license_usage", 90)], "connection/already-connected"),
        // It is in use, and made at another time: the record may be of an earlier connection.
        (400, &[("upload_license_usage", 2), ("create", 30)], "connection/unproven"),
        (
            400,
            &[("upload_license_usage", 2), ("create", 30), ("destroy", 40), ("create", 400)],
            "connection/unproven",
        ),
        (400, &[("upload_license_usage", 2), ("destroy", 40)], "connection/unproven"),
        (30, &[("token_updated", 2), ("token_updated", 60)], "connection/unproven"),
        // Both halves were made at the same time, and it is silent.
        (30, &[("create", 30)], "connection/unproven"),
    ] {
        let world = World::of(vec![own(days)]).logged(events);
        assert_eq!(world.ids(), [expected], "{days} {events:?}: {}", world.message());
    }
    let more = Events { list: vec![at("token_updated", Some(days_ago(0)))], more: true, read_back_to: None };
    let page = World { log: Log::of(&more, now()), ..World::of(vec![own(400)]) };
    assert_eq!(page.ids(), ["connection/unproven"], "the earlier pages may tell of another connection");
}

#[test]
fn what_came_before_the_connection_was_ended_or_made_anew_proves_nothing() {
    let world = |days, events: &[(&str, i64)]| World::of(vec![own(400)]).synced(days).logged(events);
    for (world, expected, words) in [
        (
            world(5, &[("destroy", 6)]),
            "connection/unproven",
            "it was disconnected on 2026-11-16 (dotcom_connection.destroy), and yet a license synchronization on 2026-11-17 came in its name.",
        ),
        (
            world(5, &[("destroy", 2)]),
            "connection/orphaned",
            "disconnected on 2026-11-20 (dotcom_connection.destroy)",
        ),
        (
            world(5, &[("create", 1), ("destroy", 2)]),
            "connection/unproven",
            "connected on 2026-11-21 (dotcom_connection.create), after the last that came from it to acme, a license \
             synchronization on 2026-11-17.",
        ),
        (world(0, &[("create", 1), ("destroy", 2)]), "connection/already-connected", ""),
    ] {
        assert_eq!(world.ids(), [expected], "{}", world.message());
        assert!(world.message().contains(words), "{}", world.message());
    }
    let someday = World { log: log(vec![at("destroy", None)]), ..World::of(vec![own(400)]).synced(5) };
    assert_eq!(someday.ids(), ["connection/unproven"]);
    let words =
        "it was disconnected; the last that was heard of it is a license synchronization on 2026-11-17.";
    assert!(someday.message().contains(words), "{}", someday.message());
}

#[test]
fn orphaned_is_what_the_server_itself_ended() {
    let ended = |days, events: &[(&str, i64)]| World::of(vec![own(days)]).logged(events);
    for (world, expected) in [
        (ended(90, &[("destroy", 14), ("create", 90)]), "connection/orphaned"),
        (ended(90, &[("destroy", 14)]), "connection/orphaned"),
        (ended(1, &[("destroy", 0)]), "connection/orphaned"),
        (World { statistics: None, ..ended(90, &[("destroy", 14)]) }, "connection/orphaned"),
        (World::of(vec![changed(14, own(90))]).logged(&[("destroy", 14)]), "connection/orphaned"),
        // The setup was begun after that: it may have been finished, and not been logged by a newer release.
        (ended(10, &[("destroy", 14), ("create", 90)]), "connection/unproven"),
        // Something came, or the record was changed, after that.
        (ended(90, &[("destroy", 14)]).synced(12), "connection/unproven"),
        (World { licences: Ok(synced(2, "failed")), ..ended(90, &[("destroy", 14)]) }, "connection/unproven"),
        (World::of(vec![changed(2, own(90))]).logged(&[("destroy", 14)]), "connection/unproven"),
        (
            World::of(vec![Installation { created_at: None, ..own(0) }]).logged(&[("destroy", 14)]),
            "connection/unproven",
        ),
        // No event of a connection is none that it was never finished.
        (ended(90, &[]), "connection/unproven"),
    ] {
        assert_eq!(world.ids(), [expected], "{}", world.message());
    }
}

#[test]
fn the_latest_is_kept_of_much_that_was_heard() {
    let statistics: Vec<Collected> = (0..400).rev().flat_map(collected).collect();
    let world = World { statistics: Some(statistics), ..World::of(vec![own(500)]) };
    assert_eq!(world.ids(), ["connection/already-connected"]);
}

#[test]
fn without_the_servers_own_name_another_record_may_be_its() {
    let other = |connected| record("other.example", connected, 30);
    let own = |connected| record("ghes.corp.example", connected, 30);
    let judged = |unread: &Stop, servers: Vec<Installation>| {
        let (names, unread) = (vec!["ghes.corp.example"], Some(unread.clone()));
        World { names, unread, ..World::of(servers) }.judged()
    };
    let (token, it_does_not) = (Stop::blocked("token"), trouble("it does not say"));
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
        for unread in [&token, &it_does_not] {
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
    assert_eq!(ids(&found), ["connection/unproven"]);
}

#[test]
fn of_several_records_the_latest_is_what_has_to_be_proved() {
    let both = |connected| vec![own(400), record("ghes.corp.example", connected, 1)];
    for connected in [Some(true), Some(false)] {
        for days in [3, 20] {
            let world = World::of(both(connected)).synced(days);
            assert_eq!(world.ids(), ["connection/unproven"], "{connected:?} {days}");
            let words = "it has 2 records of it. The latest is of 2026-11-21";
            assert!(world.message().contains(words), "{}", world.message());
        }
        assert_eq!(World::of(both(connected)).synced(0).ids(), ["connection/already-connected"]);
    }
}

#[test]
fn what_could_not_be_asked_is_neither_a_pass_nor_an_orphan() {
    for stop in [Stop::blocked("token"), trouble("busy")] {
        let blocked = World { licences: Err(stop.clone()), ..World::of(vec![own(30)]) };
        assert_eq!(blocked.judged().err(), Some(stop.clone()));
        let ended = World { licences: Err(stop.clone()), ..blocked.clone().logged(&[("destroy", 2)]) };
        assert_eq!(ended.judged().err(), Some(stop));
        let alive = World { statistics: Some(collected(1)), ..blocked };
        assert_eq!(alive.ids(), ["connection/already-connected"]);
    }
    let unread = |stop| World { log: Log::Unread(stop), ..World::of(vec![own(30)]) };
    assert_eq!(unread(Stop::blocked("token")).judged().err(), Some(Stop::blocked("token")));
    assert_eq!(unread(trouble("busy")).ids(), ["connection/unproven"]);
    assert_eq!(unread(trouble("busy")).synced(2).ids(), ["connection/already-connected"]);
}

#[test]
fn an_answer_without_servers_does_not_say_that_none_synchronized() {
    let server = |hostname: Option<&str>| ServerInstance {
        server_id: None,
        hostname: hostname.map(str::to_owned),
        last_sync: None,
    };
    let world = |server_instances| World {
        licences: Ok(SyncStatus { server_instances, total_count: None }),
        ..World::of(vec![own(40)])
    };
    for instances in [None, Some(vec![server(None)]), Some(vec![server(Some("other.example")), server(None)])]
    {
        assert!(matches!(world(instances.clone()).judged(), Err(Stop::Trouble(_))), "{instances:?}");
    }
    for instances in
        [vec![], vec![server(Some("other.example"))], vec![server(Some("ghes.corp.example")), server(None)]]
    {
        assert_eq!(world(Some(instances.clone())).ids(), ["connection/unproven"], "{instances:?}");
    }
}

#[test]
fn messages_name_what_decided() {
    let world = || World::of(vec![own(30)]);
    assert_eq!(
        world().message(),
        "acme has a record of GHES.Corp.Example. as connected since 2026-10-23, and nothing that proves a connection has come from it \
         since: no license synchronization, no statistics, no event in the server's audit log. These reports are off until somebody \
         turns them on, so it may be connected without them, or never have been."
    );
    let log = Log::Unread(trouble("busy"));
    let unread = |world: World| world.message();
    assert!(
        unread(World { log: log.clone(), ..world() })
            .contains(" no statistics (not read: its own audit log). ")
    );
    assert!(
        unread(World { log, statistics: None, ..world() })
            .contains(" no license synchronization (not read: its statistics and its own audit log). ")
    );
    let failed = World { licences: Ok(synced(2, "failed")), ..world() };
    let words = "except for a license synchronization on 2026-11-20 that ended in \"failed\": it broke.";
    assert!(failed.message().contains(words), "{}", failed.message());
    assert!(
        world()
            .synced(40)
            .message()
            .contains("(the last, a license synchronization on 2026-10-13, was before)")
    );
    assert_eq!(
        world().synced(2).message(),
        "GHES.Corp.Example. is connected to acme already since 2026-10-23; the last that was heard of it is a license synchronization \
         on 2026-11-20. The server's own half of it was not read: its audit log holds no event of a connection, and not every \
         release records them. A restore from a backup without `ghe-restore -c` resets GitHub Connect on the server, and leaves the \
         record as it is."
    );
    let steps = world().synced(2).judged().expect("judged").findings.remove(0).fix;
    assert!(
        steps.iter().any(|step| step.text.contains("restored from a backup after 2026-11-20, see whether"))
    );
}

#[test]
fn severities_are_those_of_the_contract() {
    let all: Vec<_> = META.kinds.iter().map(|kind| (kind.id, kind.severity, kind.undetermined)).collect();
    assert_eq!(
        all,
        [
            ("connection/orphaned", Severity::Blocker, false),
            ("connection/elsewhere", Severity::Blocker, false),
            ("connection/unproven", Severity::Blocker, true),
            ("connection/leftover", Severity::Warning, false),
            ("connection/already-connected", Severity::Note, false),
        ]
    );
}
