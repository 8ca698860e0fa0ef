//! Signs and records that may be this server's, where no record of it says that it is connected.

use super::*;

/// What came from a server is a sign of a connection, whatever the account's records say.
#[test]
fn what_came_without_a_record_is_explained_or_nobody_knows() {
    let unproven = &["connection/unproven"][..];
    let nothing = || World::of(vec![]);
    let at_day = |date: &str| {
        let last = LastSync { date: Some(date.to_owned()), status: Some("success".to_owned()), error: None };
        let hostname = Some("https://GHES.corp.example.:443/".to_owned());
        SyncStatus {
            server_instances: Some(vec![ServerInstance { server_id: None, hostname, last_sync: Some(last) }]),
            total_count: None,
        }
    };
    let dated = |date: &str| World { licences: Ok(at_day(date)), ..nothing() };
    let listed = World {
        licences: Ok(SyncStatus {
            server_instances: at_day("").server_instances.map(|mut all| {
                all[0].last_sync = None;
                all
            }),
            total_count: None,
        }),
        ..nothing()
    };
    let statistics = |name: Option<&str>, days| {
        let day = Collected { host_name: name.map(str::to_owned), ..collected(days).remove(0) };
        World { statistics: Some(vec![day]), ..nothing() }
    };
    let left = |days| World::of(vec![record("ghes.corp.example", Some(false), 400)]).synced(days);
    for (world, expected) in [
        (nothing().synced(2), unproven),
        (nothing().synced(300), unproven),
        (nothing().synced(-3), unproven),
        (World { licences: Ok(synced(2, "failed")), ..nothing() }, unproven),
        (dated("someday"), unproven),
        (listed, unproven),
        (statistics(Some("GHES.corp.example"), 1), unproven),
        (statistics(Some("git.corp.example."), 30), unproven),
        (statistics(Some("198.51.100.20"), 1), unproven),
        (statistics(Some("other.example"), 1), &[]),
        (statistics(Some(""), 1), unproven),
        (statistics(Some("ghes.corp.example:443:443"), 1), unproven),
        (World { log: Log::Unread(trouble("busy")), ..nothing().synced(2) }, unproven),
        // The server's own log says what became of it.
        (nothing().synced(3).logged(&[("destroy", 2)]), &[]),
        (nothing().synced(2).logged(&[("destroy", 3)]), unproven),
        (nothing().synced(2).logged(&[("create", 1), ("destroy", 3)]), &["connection/elsewhere"]),
        (nothing().synced(1).logged(&[("create", 2)]), unproven),
        // A date alone may be any time of its day.
        (dated("2026-11-20").logged(&[("destroy", 2)]), unproven),
        (dated("2026-11-19").logged(&[("destroy", 2)]), &[]),
        // A record that says that it is not connected explains what is old.
        (left(2), unproven),
        (left(30), &["connection/leftover"]),
    ] {
        assert_eq!(world.ids(), expected, "{world:?}");
    }
    assert_eq!(
        nothing().synced(2).message(),
        "acme has no record of ghes.corp.example, and yet the account holds a license synchronization on 2026-11-20 in its name, \
         which only a connected server sends. Its own audit log does not say that it was disconnected since, so whether it is \
         connected cannot be told."
    );
    assert!(matches!(statistics(None, 1).judged(), Err(Stop::Trouble(_))));
}

/// Whether anything came is asked of an account that may not answer.
#[test]
fn signs_that_are_withheld_are_missed_aloud_and_others_are_unknown() {
    let missing = World { licences: Err(trouble("it did not say")), ..World::of(vec![]) };
    assert_eq!(missing.judged().err(), Some(trouble("it did not say")));
    let withheld = World { withheld: Some("it may not be seen".to_owned()), ..missing };
    let judged = withheld.judged().expect("judged");
    assert_eq!(
        (ids(&judged), judged.remark.as_deref()),
        (
            vec![],
            Some(
                "not connected yet (not read: which servers have sent their license usage: it may not be seen)"
            )
        )
    );
    let nameless = vec![Collected { host_name: None, ..collected(1).remove(0) }];
    let also_nameless = World { statistics: Some(nameless), ..withheld };
    assert!(matches!(also_nameless.judged(), Err(Stop::Trouble(_))));
}

#[test]
fn a_record_of_an_alias_may_be_this_servers() {
    let of = |name: &str, connected| World::of(vec![record(name, connected, 30)]);
    for name in [
        "198.51.100.20",
        "https://198.51.100.20:8443/",
        "::ffff:198.51.100.20",
        "GHES",
        "ghes-1",
        "ghes-1.corp.example.",
        "ghes.corp.example\\u{200b}",
        "ghes\u{2024}corp.example",
        "ghes.corp.example:443:443",
        "198.051.100.020",
        "gh\u{435}s.corp.example",
        "localhost",
        "[fe80::1%eth0]:443",
    ] {
        assert_eq!(of(name, Some(true)).ids(), ["connection/unproven"], "{name}");
        assert_eq!(of(name, None).ids(), ["connection/unproven"], "{name}");
        assert_eq!(of(name, Some(false)).ids(), ["connection/leftover"], "{name}");
        let with_its_own = World::of(vec![record(name, Some(true), 30), own(30)]).synced(1);
        assert_eq!(with_its_own.ids(), ["connection/already-connected"], "{name}");
    }
    for name in [
        "198.51.100.21",
        "ghes-2",
        "ghes-staging.corp.example",
        "ghes.other.example",
        "bücher.example",
        "https://Other.example.:8443/ghes.corp.example",
        "[2001:db8::5]:443",
    ] {
        assert!(of(name, Some(true)).ids().is_empty(), "{name}");
    }
    // Behind a proxy the server's addresses are not known here.
    let aliases = Aliases::default();
    assert_eq!(World { aliases, ..of("198.51.100.21", Some(true)) }.ids(), ["connection/unproven"]);
    let message = of("198.51.100.20", Some(true)).message();
    assert!(
        message.starts_with("acme has no record of ghes.corp.example as connected, and one of 198.51.100.20 as connected since"),
        "{message}"
    );
    let message = of("ghes.corp.example\\u{200b}", Some(true)).message();
    assert!(message.contains(", which cannot be read as the name of another server. Whether"), "{message}");
}

/// What is yet to come by its date has not happened.
#[test]
fn an_event_to_come_ends_nothing_and_explains_nothing() {
    let unproven = &["connection/unproven"][..];
    let logs = |events: &[(&str, i64)], servers| World { log: logged(events), ..World::of(servers) };
    let soon = |minutes| {
        let event = at("destroy", Some(now() + SignedDuration::from_mins(minutes)));
        World { log: log(vec![event, at("create", Some(days_ago(30)))]), ..World::of(vec![]) }
    };
    for (world, expected) in [
        (logs(&[("destroy", -3)], vec![]), unproven),
        (logs(&[("destroy", -3), ("create", 30)], vec![]), unproven),
        (logs(&[("destroy", 3), ("create", 30)], vec![]), &[]),
        (logs(&[("create", -3)], vec![]), unproven),
        (logs(&[("token_updated", -3)], vec![]), unproven),
        (logs(&[("token_updated", -3), ("destroy", 5), ("create", 30)], vec![]), unproven),
        (logs(&[("destroy", -3), ("create", 30)], vec![own(30)]), unproven),
        (logs(&[("token_updated", -3)], vec![own(30)]), unproven),
        (logs(&[("destroy", -3), ("create", 30)], vec![]).synced(2), unproven),
        (logs(&[("create", -3)], vec![]).synced(2), unproven),
        // Clocks differ.
        (soon(59), &[]),
        (soon(61), unproven),
    ] {
        let judged = world.judged().expect("judged");
        assert_eq!(ids(&judged), expected, "{:?}", world.log);
    }
    // What came lately proves a connection all the same, where the log has nothing against it.
    let used = logs(&[("token_updated", -3)], vec![own(30)]).synced(2);
    assert_eq!(ids(&used.judged().expect("judged")), ["connection/already-connected"]);
    let message = &logs(&[("destroy", -3)], vec![]).judged().expect("judged").findings[0].message;
    assert!(
        message
            .contains("it has dotcom_connection.destroy at a time that is yet to come, 2026-11-25 12:00 UTC"),
        "{message}"
    );
}

/// A list that is shorter than its count may lack this server, and a success with an error is none.
#[test]
fn an_answer_that_contradicts_itself_proves_nothing() {
    let counted = |total, listed: SyncStatus| World {
        licences: Ok(SyncStatus { total_count: total, ..listed }),
        ..World::of(vec![])
    };
    let empty = || SyncStatus { server_instances: Some(Vec::new()), total_count: None };
    assert!(counted(Some(0), empty()).judged().is_ok());
    assert!(counted(None, empty()).judged().is_ok());
    let Err(Stop::Trouble(why)) = counted(Some(3), empty()).judged() else {
        panic!("it may be one of three")
    };
    assert!(why.contains("counts 3 servers, and lists 0"), "{why}");
    let failed = |error: &str| {
        let mut world = World::of(vec![own(30)]).synced(2);
        if let Ok(SyncStatus { server_instances: Some(all), .. }) = &mut world.licences
            && let Some(last) = &mut all[0].last_sync
        {
            last.error = Some(error.to_owned());
        }
        world.judged().expect("judged")
    };
    assert_eq!(ids(&failed(" ")), ["connection/already-connected"]);
    let judged = failed("could not connect");
    assert_eq!(ids(&judged), ["connection/unproven"]);
    assert!(
        judged.findings[0].message.contains("\"success\": could not connect"),
        "{:?}",
        judged.findings[0].message
    );
}
