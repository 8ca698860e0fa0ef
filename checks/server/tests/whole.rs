//! Answers that are half of one, and answers that contradict each other.

use gh_connect_github::{
    Count,
    manage::Node,
    server::{ServerClock, TimedReply},
};
use gh_connect_probe::clock::Reading;

use super::*;

fn rest(change: impl FnOnce(&mut ServerLicenceSays)) -> Option<ServerLicenceSays> {
    let mut says = ServerLicenceSays {
        seats: None,
        seats_used: None,
        kind: Some("standard".to_owned()),
        days_until_expiration: Some(240),
        expire_at: Some("2027/07/20 00:00:00 +0000".to_owned()),
    };
    change(&mut says);
    Some(says)
}

fn check(status: Option<LicenceStatus>) -> Option<CheckedLicence> {
    Some(CheckedLicence { status })
}

fn ended(says: &mut ServerLicenceSays) {
    (says.days_until_expiration, says.expire_at) = (Some(-12), Some("2026/11/10 12:00:00 +0000".to_owned()));
}

fn found(judged: &Result<Examination, Stop>) -> Option<&'static str> {
    match judged {
        Ok(judged) => judged.findings.first().map(|finding| finding.kind.id),
        Err(Stop::Trouble(_)) => Some("unknown"),
        Err(stop) => panic!("{stop:?}"),
    }
}

#[test]
fn of_two_words_on_the_license_the_better_one_never_counts() {
    let past = || Some("2026-11-12T12:00:00Z".to_owned());
    let by_manage = |status, perpetual| {
        let mut world = World::licence(|says| (says.expire_at, says.perpetual) = (past(), Some(perpetual)));
        (world.check, world.rest) = (check(status), rest(|_| ()));
        world
    };
    let by_rest = |status, change: fn(&mut ServerLicenceSays)| {
        World::with(|world| (world.check, world.rest) = (check(status), rest(change)))
    };
    let (valid, expired) = (|| Some(LicenceStatus::Valid), || Some(LicenceStatus::Expired));
    let counted: fn(&mut ServerLicenceSays) = |says| {
        (says.days_until_expiration, says.expire_at) = (Some(-3), None);
    };
    for (world, expected) in [
        (by_rest(valid(), |_| ()), None),
        (by_rest(valid(), ended), Some("server/contradictory")),
        (by_rest(valid(), counted), Some("server/contradictory")),
        (by_rest(valid(), |says| says.days_until_expiration = Some(-3)), Some("server/contradictory")),
        (by_rest(expired(), |_| ()), Some("server/license-expired")),
        (by_rest(None, ended), Some("server/license-expired")),
        (by_manage(valid(), false), Some("server/contradictory")),
        (by_manage(None, false), Some("server/license-expired")),
        // What never ends has no date that matters, as long as the server itself says that it is in force.
        (by_manage(valid(), true), None),
        (by_manage(None, true), Some("unknown")),
        (by_rest(valid(), |says| says.kind = Some("Evaluation".to_owned())), Some("server/license-trial")),
        (by_rest(valid(), |says| says.kind = Some("trial".to_owned())), Some("server/license-trial")),
        (World::licence(|says| says.evaluation = None), Some("unknown")),
    ] {
        assert_eq!(
            found(&world.manage()),
            expected,
            "{:?} {:?} {:?}",
            world.licence,
            world.check,
            world.rest
        );
    }
    // What REST says is enough, where the Manage API leaves it out.
    let mut world = World::licence(|says| says.evaluation = None);
    world.rest = rest(|_| ());
    assert_eq!(found(&world.manage()), None);
}

#[test]
fn both_words_are_told() {
    let message = |world: World| only(world.manage()).message;
    assert_eq!(
        message(World::with(|world| world.rest = rest(ended))),
        "Two interfaces contradict each other about the license of ghes.corp.example: the server's own check of it says \"valid\", \
         and REST says that it ended on 2026-11-10."
    );
    assert_eq!(
        message(World::with(|world| world.check = check(Some(LicenceStatus::Expired)))),
        "The licence of ghes.corp.example, made out to Acme Corp, has ended: the server's own check of it says \"expired\", although \
         the Manage API says that it ends on 2027-07-20."
    );
    assert_eq!(
        message(World::with(|world| (world.check, world.rest) = (check(None), rest(ended)))),
        "The licence of ghes.corp.example, made out to Acme Corp, ended on 2026-11-10, 12 days ago, although the Manage API says \
         that it ends on 2027-07-20."
    );
    let trial = World::with(|world| world.rest = rest(|says| says.kind = Some("evaluation".to_owned())));
    assert!(message(trial).contains(
        "REST says \"kind\": \"evaluation\" of it, although the Manage API says \"evaluation\": false"
    ));
    let judged = World::with(|world| {
        let says = VersionSays { version: Some("3.18.4".to_owned()), platform: None, build_id: None };
        let nodes = vec![NodeVersion { hostname: None, version: Some(says) }];
        world.versions = Some(ManageVersion { answer: Answer::Said(nodes) });
    });
    assert_eq!(
        judged.server().expect("judged").remark.as_deref(),
        Some(
            "3.18.4 (others of its interfaces and nodes say 3.19.1), licensed to Acme Corp for 240 more days"
        )
    );
}

#[test]
fn of_several_versions_the_oldest_counts_and_one_that_is_none_before_it() {
    let versions = |said: Option<&str>, header: Option<&str>, node: Option<&str>| {
        World::with(|world| {
            let mut meta = meta("3.19.1");
            if let Answer::Said(says) = &mut meta.answer {
                says.installed_version = said.map(str::to_owned);
            }
            meta.version_header = header.map(str::to_owned);
            world.meta = Some(meta);
            let says = VersionSays { version: node.map(str::to_owned), platform: None, build_id: None };
            let nodes = vec![NodeVersion { hostname: None, version: Some(says) }];
            world.versions = Some(ManageVersion { answer: Answer::Said(nodes) });
        })
    };
    let (new, old, odd) = (Some("3.19.1"), Some("3.11.9"), Some("a release"));
    for (world, expected) in [
        (versions(new, new, new), None),
        (versions(new, None, None), None),
        (versions(None, new, None), None),
        (versions(new, Some(""), new), None),
        (versions(old, new, new), Some("server/too-old")),
        (versions(new, old, new), Some("server/too-old")),
        (versions(new, new, old), Some("server/too-old")),
        (versions(new, new, odd), Some("unknown")),
        (versions(new, odd, old), Some("unknown")),
    ] {
        assert_eq!(found(&world.server()), expected, "{:?} {:?}", world.meta, world.versions);
    }
}

#[test]
fn a_name_by_which_the_server_does_not_know_itself_is_contradictory() {
    for (own, expected) in [
        (Some("ghes.corp.example"), None),
        (Some("GHES.corp.example."), None),
        (Some("https://ghes.corp.example:443/"), None),
        (Some("git.corp.example"), Some("server/contradictory")),
        (Some("ghes"), Some("server/contradictory")),
        (Some(" "), Some("unknown")),
        (None, Some("unknown")),
    ] {
        let world = World::with(|world| world.settings = settings(own));
        assert_eq!(found(&world.manage()), expected, "{own:?}");
    }
    // What else settings do not say, others tell.
    assert_eq!(found(&World::with(|world| world.settings = None).manage()), None);
    let hollow = settings(None).map(|settings| Settings { http_proxy: None, ..settings });
    assert_eq!(found(&World::with(|world| world.settings = hollow).manage()), None);
    let finding = only(World::with(|world| world.settings = settings(Some("git.corp.example"))).manage());
    assert!(finding.fix[0].text.contains("--server https://git.corp.example"), "{:?}", finding.fix);
}

#[test]
fn a_mode_that_nobody_tells_is_not_off() {
    let told = |status: Option<&str>| {
        World::with(|world| {
            world.maintenance = Some(Answer::Said(vec![NodeMaintenance {
                status: status.map(str::to_owned),
                ..node("off")
            }]));
        })
    };
    for (world, expected) in [
        (told(Some("off")), None),
        (told(Some("odd")), Some("unknown")),
        (told(None), Some("unknown")),
        (World::with(|world| world.maintenance = Some(Answer::Said(Vec::new()))), Some("unknown")),
    ] {
        assert_eq!(found(&world.manage()), expected, "{:?}", world.maintenance);
    }
    for mode in ["On", "ENABLED", "true"] {
        let world = told(Some(mode));
        assert_eq!(found(&world.server()), Some("server/maintenance"), "{mode}");
        assert_eq!(found(&world.manage()), None, "it is told once");
    }
    let needs = || Needs { api: Api::Manage, scope: None };
    let refused =
        |why| World::with(|world| world.maintenance = Some(Answer::Refused { why, needs: needs() }));
    assert_eq!(found(&refused(not_found()).manage()), Some("unknown"));
    let wrong = refused(Refusal::BadCredentials { message: String::new() });
    assert_eq!(wrong.manage().err(), Some(Stop::blocked("token")));
    // A worse finding stands alone.
    let mut excluded = World::licence(|says| says.croquet_support = Some(false));
    excluded.maintenance = told(None).maintenance;
    assert_eq!(found(&excluded.manage()), Some("server/license-excludes-connect"));
}

#[test]
fn a_replica_in_maintenance_is_not_the_server() {
    let topology = |replica| {
        let node = |name: &str, replica| Node {
            hostname: Some(name.to_owned()),
            uuid: None,
            replica: Some(replica),
            cluster_roles: None,
        };
        Some(Topology { topology: None, nodes: Some(vec![node("ghes-0", false), node("ghes-1", replica)]) })
    };
    let world = |first: &str, second: &str, replica| {
        World::with(|world| {
            let primary = NodeMaintenance { hostname: Some("ghes-0".to_owned()), ..node(first) };
            world.maintenance = Some(Answer::Said(vec![primary, node(second)]));
            world.topology = topology(replica);
        })
    };
    for (mut world, expected, unwell) in [
        (world("off", "on", true), None, Some("server/unreachable")),
        (world("on", "off", true), Some("server/maintenance"), Some("server/maintenance")),
        (world("off", "on", false), None, Some("server/maintenance")),
        (world("on", "on", false), Some("server/maintenance"), Some("server/maintenance")),
    ] {
        assert_eq!(found(&world.server()), expected, "{:?}", world.maintenance);
        world.status = reply(503, "<title>GitHub", true);
        assert_eq!(found(&world.server()), unwell, "{:?}", world.maintenance);
    }
}

#[test]
fn a_server_whose_api_does_not_answer_is_not_well() {
    let refused = |why: Refusal, header: Option<&str>, by_node: bool| {
        World::with(|world| {
            world.meta = Some(refused_meta(why, header));
            let says = VersionSays { version: Some("3.19.1".to_owned()), platform: None, build_id: None };
            let nodes = vec![NodeVersion { hostname: None, version: Some(says) }];
            world.versions = by_node.then_some(ManageVersion { answer: Answer::Said(nodes) });
        })
    };
    let page = || Refusal::NotJson { content_type: None, began: None };
    for (world, expected) in [
        (refused(Refusal::ServerError { status: 503 }, None, true), Some("server/unreachable")),
        (refused(Refusal::ServerError { status: 502 }, Some("3.19.1"), false), Some("server/unreachable")),
        (refused(Refusal::NoReply(NoReply::TimedOut), None, true), Some("server/unreachable")),
        (refused(page(), None, true), Some("server/unreachable")),
        (refused(page(), Some("3.19.1"), true), Some("server/unreachable")),
        (refused(not_found(), None, true), Some("server/unreachable")),
        (refused(not_found(), Some("3.19.1"), true), None),
        (refused(anonymous(), Some("3.19.1"), false), None),
        (refused(anonymous(), None, true), None),
    ] {
        assert_eq!(found(&world.server()), expected, "{:?}", world.meta);
    }
    let finding = only(refused(Refusal::ServerError { status: 503 }, None, true).server());
    assert_eq!(
        finding.message,
        "ghes.corp.example:443 answers GET /status with 200, but its API does not answer GET /api/v3/meta as it should: it is in \
         trouble: status 503."
    );
    assert!(finding.fix.iter().any(|step| step.command.as_deref() == Some("ghe-config-apply")));
}

/// The clock that counts is the server's, and a date without a zone is over when it is over everywhere.
#[test]
fn a_license_that_is_over_by_its_date_never_passes() {
    // It is noon, in UTC.
    let (contradictory, unknown) = (Some("server/contradictory"), Some("unknown"));
    for (ends, expected) in [
        ("2026-11-22T12:00:01Z", None),
        ("2026-11-22T12:00:00Z", contradictory),
        ("2026-11-22T11:59:59Z", contradictory),
        ("2026-11-22T09:00:00Z", contradictory),
        ("2026-11-21T12:00:01Z", contradictory),
        ("2026-11-22T13:30:00+02:00", contradictory),
        ("2026-11-22T11:30:00-02:00", None),
        ("2026/11/22 06:00:00 -0500", contradictory),
        ("2026/11/22 06:00:00 -0700", None),
        // Without a zone, or without a time.
        ("2026-11-22T12:00:00", unknown),
        ("2026/11/23 01:00:00", unknown),
        ("2026-11-23T02:00:01", None),
        ("2026-11-21T23:00:00", contradictory),
        ("2026-11-22", unknown),
        ("2026-11-23", unknown),
        ("2026-11-24", None),
        ("2026-11-20", contradictory),
        ("2020-01-01", contradictory),
        // As far as times are counted, and beyond that.
        ("9999-12-31", None),
        ("9999-12-31T23:59:59Z", None),
        ("9999/12/31 23:59:59 -0800", None),
        ("2027/02/06 12:41:52 -06:00", None),
        ("2026/02/06 12:41:52.5 -06:00", contradictory),
        // None at all.
        ("someday", unknown),
        ("-1", unknown),
        ("2026-02-30T00:00:00Z", unknown),
        ("", None),
    ] {
        let by_manage = World::licence(|says| says.expire_at = Some(ends.to_owned()));
        assert_eq!(found(&by_manage.manage()), expected, "{ends}");
        let by_rest = World::with(|world| world.rest = rest(|says| says.expire_at = Some(ends.to_owned())));
        assert_eq!(found(&by_rest.manage()), expected, "{ends} by REST");
        let by_settings = World::with(|world| {
            let settings = world.settings.take().unwrap_or_default();
            world.settings = Some(Settings { licence_expire_at: Some(ends.to_owned()), ..settings });
        });
        assert_eq!(found(&by_settings.manage()), expected, "{ends} by the settings");
        // What never ends has no date that matters.
        let perpetual =
            World::licence(|says| (says.expire_at, says.perpetual) = (Some(ends.to_owned()), Some(true)));
        assert_eq!(found(&perpetual.manage()), None, "{ends}");
    }
    let over = World::licence(|says| says.expire_at = Some("2026-11-22T09:00:00Z".to_owned()));
    let message = only(over.manage()).message;
    assert!(
        message.ends_with("\"valid\", and the Manage API says that it ended on 2026-11-22 09:00 UTC."),
        "{message}"
    );
    for (days, ends, expected) in [
        (0, None, contradictory),
        (0, Some("2027/07/20 00:00:00 +0000"), contradictory),
        (0, Some("2026/11/24 12:00:00 +0000"), None),
        (0, Some("2026/11/22 18:00:00 +0000"), None),
        (-1, Some("2026/11/22 18:00:00 +0000"), contradictory),
        (-1, None, contradictory),
    ] {
        let of = |manage: Option<&str>| {
            let mut world = World::licence(|says| says.expire_at = manage.map(str::to_owned));
            world.rest = rest(|says| {
                (says.days_until_expiration, says.expire_at) = (Some(days), ends.map(str::to_owned));
            });
            found(&world.manage())
        };
        assert_eq!(of(Some("2027-07-20T00:00:00Z")), expected, "{days} {ends:?}");
        let alone = if (days, ends) == (0, None) { unknown } else { expected };
        assert_eq!(of(None), alone, "{days} {ends:?}");
    }
}

#[test]
fn seats_that_are_none_are_not_passed_over() {
    let unlimited = || Some(Count::Word("Unlimited".to_owned()));
    for (manage, is_unlimited, by_rest, expected) in [
        (Some(Count::Number(500)), None, Some(Count::Number(500)), None),
        (None, None, None, None),
        (Some(Count::Number(0)), Some(true), unlimited(), None),
        (Some(Count::Number(0)), Some(true), None, None),
        (Some(Count::Number(0)), None, unlimited(), None),
        (Some(Count::Number(0)), Some(false), None, Some("unknown")),
        (Some(Count::Number(500)), Some(false), Some(Count::Number(0)), Some("unknown")),
        (Some(Count::Number(500)), Some(false), Some(Count::Word("-5".to_owned())), Some("unknown")),
    ] {
        let mut world =
            World::licence(|says| (says.seats, says.unlimited_seating) = (manage.clone(), is_unlimited));
        world.rest = rest(|says| says.seats = by_rest.clone());
        assert_eq!(found(&world.manage()), expected, "{manage:?} {is_unlimited:?} {by_rest:?}");
    }
}

#[test]
fn the_time_of_the_server_is_the_latest_of_its_replies() {
    let reply = |ahead_ms| TimedReply {
        host: Endpoint::new("ghes.corp.example", 443),
        path: "/status".to_owned(),
        reading: Reading { date: now(), local: now(), ahead_ms, within_ms: 510 },
    };
    let time = |ahead: &[i64]| {
        let clock = ServerClock { replies: ahead.iter().map(|ahead| reply(*ahead)).collect() };
        time_of_the_server(now(), Some(&clock)).duration_since(now()).as_millis()
    };
    for (ahead, expected) in
        [(&[][..], 0), (&[300], 0), (&[-510], 0), (&[-3_600_510], 3_600_000), (&[3_600_510], -3_600_000)]
    {
        assert_eq!(time(ahead), expected, "{ahead:?}");
    }
    assert_eq!(time(&[3_600_510, 20]), 0);
    assert_eq!(time_of_the_server(now(), None), now());
}

/// The settings speak of the license, too: the worse word counts.
#[test]
fn a_trial_license_by_the_settings_is_one() {
    let by_settings = |evaluation, by_manage| {
        let mut world = World::licence(|says| says.evaluation = by_manage);
        let settings = world.settings.take().unwrap_or_default();
        world.settings = Some(Settings { licence_evaluation: evaluation, ..settings });
        world
    };
    for (settings, manage, expected) in [
        (Some(false), Some(false), None),
        (None, Some(false), None),
        (Some(true), Some(false), Some("server/license-trial")),
        (Some(true), None, Some("server/license-trial")),
        (Some(true), Some(true), Some("server/license-trial")),
    ] {
        assert_eq!(found(&by_settings(settings, manage).manage()), expected, "{settings:?} {manage:?}");
    }
    let message = only(by_settings(Some(true), Some(false)).manage()).message;
    assert!(
        message.contains("/manage/v1/config/settings says \"evaluation\": true of it, although"),
        "{message}"
    );
}

#[test]
fn the_day_of_an_end_is_shown_as_it_was_said() {
    let message = |status, ends: &str| {
        let mut world = World::licence(|says| says.expire_at = Some(ends.to_owned()));
        world.check = check(Some(status));
        only(world.manage()).message
    };
    for (ends, expected) in [
        ("2026-02-06", "ended on 2026-02-06, 289 days ago."),
        ("2026-11-20", "ended on 2026-11-20, 2 days ago."),
        ("2026/02/06 12:41:52", "ended on 2026/02/06 12:41:52, 289 days ago."),
        ("2026-02-06T12:41:52Z", "ended on 2026-02-06, 289 days ago."),
    ] {
        let message = message(LicenceStatus::Expired, ends);
        assert!(message.contains(expected), "{message}");
    }
    let message = message(LicenceStatus::Valid, "2026-02-06");
    assert!(message.ends_with("the Manage API says that it ended on 2026-02-06."), "{message}");
}
