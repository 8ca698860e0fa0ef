//! What holds whatever the account and the server say.

use gh_connect_github::cloud::is_one_of;
use proptest::prelude::*;

use super::{super::log::Story, *};

const OWN: &str = "ghes.corp.example";

/// Some days ago, or without a date.
fn some_days() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![1 => Just(None), 4 => (0i64..20).prop_map(Some), 1 => (20i64..400).prop_map(Some)]
}

fn dated(days: Option<i64>) -> Option<Timestamp> {
    days.map(days_ago)
}

prop_compose! {
    fn any_record()(
        is_own in prop::bool::weighted(0.8), connected in any::<Option<bool>>(), created in some_days(), updated in some_days(),
    ) -> Installation {
        let host = if is_own { OWN } else { "other.example" };
        Installation { created_at: dated(created), updated_at: dated(updated), ..record(host, connected, 0) }
    }
}

prop_compose! {
    fn any_sync()(
        host in prop::option::weighted(0.9, prop::bool::weighted(0.8)), days in some_days(), succeeded: bool,
    ) -> ServerInstance {
        let last = LastSync {
            date: dated(days).map(|at| at.to_string()),
            status: Some(if succeeded { "success" } else { "failed" }.to_owned()),
            error: None,
        };
        let hostname = host.map(|is_own| if is_own { OWN } else { "other.example" }.to_owned());
        ServerInstance { server_id: None, hostname, last_sync: Some(last) }
    }
}

fn any_event() -> impl Strategy<Value = Event> {
    let action = prop::sample::select(vec![
        "create",
        "destroy",
        "token_updated",
        "upload_license_usage",
        "upload_usage_metrics",
        "reset",
    ]);
    (action, some_days()).prop_map(|(action, days)| at(action, dated(days)))
}

fn any_log() -> impl Strategy<Value = Log> {
    let events = (prop::collection::vec(any_event(), 0..5), any::<bool>());
    prop_oneof![
        6 => events.prop_map(|(list, more)| Log::of(&Events { list, more, read_back_to: None }, now())),
        1 => Just(Log::Unread(trouble("busy"))),
        1 => Just(Log::Unread(Stop::blocked("token"))),
    ]
}

prop_compose! {
    fn any_world()(
        servers in prop::collection::vec(any_record(), 0..4),
        more in prop::option::weighted(0.9, 0u64..2),
        instances in prop::option::weighted(0.9, prop::collection::vec(any_sync(), 0..3)),
        is_busy in prop::bool::weighted(0.1),
        collected_at in prop::option::of(0i64..40),
        log in any_log(),
    ) -> World {
        World {
            total: more.map(|more| servers.len() as u64 + more),
            licences: if is_busy { Err(trouble("busy")) } else { Ok(SyncStatus { server_instances: instances, total_count: None }) },
            statistics: collected_at.map(collected),
            log,
            ..World::of(servers)
        }
    }
}

impl World {
    fn own(&self) -> Vec<&Installation> {
        let names = [OWN.to_owned()];
        self.servers.iter().filter(|server| is_one_of(&names, Some(&server.host_name))).collect()
    }

    /// What came to the account from this server, and succeeded.
    fn came(&self) -> Vec<Timestamp> {
        let names = [OWN.to_owned()];
        let instances = self.licences.iter().flat_map(|said| said.server_instances.iter().flatten());
        let own = instances.filter(|server| is_one_of(&names, server.hostname.as_deref()));
        let last = own.filter_map(|server| server.last_sync.as_ref());
        let synced = last
            .filter(|last| last.status.as_deref() == Some("success"))
            .filter_map(|last| last.date.as_deref());
        let collected = self.statistics.iter().flatten().filter_map(|day| day.collection_date.as_deref());
        synced.chain(collected).filter_map(moment).collect()
    }

    fn events(&self, log: &[Event], actions: &[&str]) -> Vec<Option<Timestamp>> {
        let named = |event: &&Event| actions.iter().any(|action| event.action.ends_with(action));
        log.iter().filter(named).map(|event| event.at).collect()
    }
}

fn is_fresh(at: Timestamp) -> bool {
    now().duration_since(at) <= SignedDuration::from_hours(9 * 24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// It is never called connected without a record that says so and a fresh sign that is no older than the latest setup.
    #[test]
    fn connected_is_what_has_a_fresh_sign(world in any_world()) {
        let Ok(judged) = world.judged() else { return Ok(()) };
        if ids(&judged) != ["connection/already-connected"] {
            return Ok(());
        }
        let own = world.own();
        prop_assert!(own.iter().any(|record| record.is_connected == Some(true)));
        let began = own.iter().filter_map(|record| record.created_at).max();
        let in_account = world.came().into_iter().any(|at| is_fresh(at) && began.is_none_or(|began| at >= began));
        let by_both = world.log.story().is_some_and(|story| own.iter().any(|record| {
            record.is_connected == Some(true) && record.created_at == began && story.is_about(record)
        }));
        prop_assert!(in_account || by_both);
        // And nothing that its own log has ended, but for a record that is newer.
        let latest = own.iter().filter(|record| record.is_connected == Some(true)).filter_map(|record| record.created_at).max();
        if let Some(ended) = world.log.story().and_then(Story::ended) {
            prop_assert!(latest > Some(ended));
        }
    }

    /// It is never called orphaned unless the server itself says that it was disconnected after the latest setup.
    #[test]
    fn orphaned_is_what_the_server_ended(world in any_world(), list in prop::collection::vec(any_event(), 0..5)) {
        let world = World { log: Log::of(&Events { list: list.clone(), ..Events::default() }, now()), ..world };
        let Ok(judged) = world.judged() else { return Ok(()) };
        if ids(&judged) != ["connection/orphaned"] {
            return Ok(());
        }
        let ended = world.events(&list, &[".destroy"]).into_iter().max().flatten();
        let began = world.own().iter().filter_map(|record| record.created_at).max();
        prop_assert!(ended.is_some() && began.is_some() && ended >= began);
        prop_assert!(world.came().into_iter().all(|at| Some(at) <= ended));
        let uses = [".create", ".token_updated", ".upload_license_usage", ".upload_usage_metrics"];
        prop_assert!(world.events(&list, &uses).into_iter().all(|at| at <= ended));
    }

    /// It passes without a finding only where all records were read, none is this server's, nothing came from it since it was
    /// disconnected, and neither does its own log, which was read, say that it is connected.
    #[test]
    fn not_connected_is_what_both_sides_do_not_know(world in any_world()) {
        let Ok(judged) = world.judged() else { return Ok(()) };
        if !judged.findings.is_empty() {
            return Ok(());
        }
        prop_assert!(world.own().is_empty());
        prop_assert!(world.total.is_some_and(|total| total <= world.servers.len() as u64));
        let story = world.log.story().expect("it was read");
        prop_assert!(story.last.is_none() && story.ended().is_some() == story.turn.is_some_and(|at| at < Timestamp::MAX));
        // Whatever came, the log ended it later.
        prop_assert!(world.came().into_iter().all(|at| story.ended().is_some_and(|ended| at <= ended)));
        let instances = world.licences.iter().flat_map(|said| said.server_instances.iter().flatten());
        let own = instances.filter(|server| server.hostname.as_deref() == Some(OWN)).count();
        prop_assert!(own == 0 || story.ended().is_some());
    }

    /// Whatever is found says who does what about it.
    #[test]
    fn each_finding_has_a_way_out(world in any_world()) {
        let Ok(judged) = world.judged() else { return Ok(()) };
        prop_assert!(judged.findings.len() <= 1, "{:?}", ids(&judged));
        for finding in &judged.findings {
            prop_assert!(!finding.fix.is_empty() && finding.message.ends_with('.'));
        }
    }
}
