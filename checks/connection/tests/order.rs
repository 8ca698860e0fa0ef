//! Which came first: the record, an event of the server's own log, or a sign of life.

use super::*;

/// Each order of a record, the events of the server's own log, and a sign of life.
#[test]
fn what_comes_after_the_end_counts_for_a_record_that_is_newer_only() {
    let (alive, unproven) = ("connection/already-connected", "connection/unproven");
    for (record, events, sync, expected) in [
        (90, &[][..], 2, alive),
        (90, &[("create", 90)], 2, alive),
        (90, &[("upload_license_usage", 2)], 2, alive),
        // The end is after the record, and before the sign: one of both is not this server's.
        (90, &[("destroy", 5)], 2, unproven),
        (90, &[("destroy", 5), ("create", 90)], 2, unproven),
        (90, &[("destroy", 89), ("create", 90)], 2, unproven),
        (5, &[("destroy", 5)], 2, unproven),
        // The record is of a later setup, which the log of a later release does not have.
        (4, &[("destroy", 5)], 2, alive),
        (4, &[("destroy", 5), ("create", 90)], 2, alive),
        (2, &[("destroy", 5), ("create", 90)], 4, unproven),
        // Connected anew, by its own log.
        (90, &[("create", 3), ("destroy", 5), ("create", 90)], 2, alive),
        (90, &[("create", 2), ("destroy", 5)], 3, unproven),
        (90, &[("upload_usage_metrics", 3), ("destroy", 5)], 2, alive),
        // What the last event means is not known.
        (90, &[("reset", 5), ("create", 90)], 2, unproven),
        (4, &[("reset", 5), ("create", 90)], 2, alive),
    ] {
        let world = World::of(vec![own(record)]).logged(events);
        let by_sync = world.clone().synced(sync);
        assert_eq!(by_sync.ids(), [expected], "{record} {events:?} {sync}: {}", by_sync.message());
        let by_statistics = World { statistics: Some(collected(sync)), ..world };
        assert_eq!(by_statistics.ids(), [expected], "{record} {events:?} {sync}");
    }
    let of = |record: Installation, events: Vec<Event>| World {
        log: log(events),
        ..World::of(vec![record]).synced(2)
    };
    let minutes = |minutes: i64| Some(days_ago(5) + SignedDuration::from_mins(minutes));
    for (record, events, expected) in [
        (own(90), vec![at("create", minutes(0)), at("destroy", minutes(0))], unproven),
        (own(90), vec![at("destroy", None)], unproven),
        (own(4), vec![at("destroy", None)], unproven),
        (Installation { created_at: None, ..own(0) }, vec![at("destroy", minutes(0))], unproven),
        // Clocks differ: within an hour nobody knows which was first.
        (Installation { created_at: minutes(30), ..own(0) }, vec![at("destroy", minutes(0))], unproven),
        (Installation { created_at: minutes(90), ..own(0) }, vec![at("destroy", minutes(0))], alive),
        // What was under way when it was ended makes no connection.
        (own(90), vec![at("destroy", minutes(0)), at("token_updated", minutes(1))], unproven),
        (own(90), vec![at("destroy", minutes(0)), at("token_updated", minutes(90))], alive),
    ] {
        let world = of(record, events.clone());
        assert_eq!(world.ids(), [expected], "{events:?}: {}", world.message());
    }
    // A second record of this server does not make the first one newer.
    let other = record("ghes.corp.example", Some(false), 3);
    assert_eq!(World::of(vec![own(90), other]).synced(2).logged(&[("destroy", 5)]).ids(), [unproven]);
}
