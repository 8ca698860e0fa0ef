//! What both sides say about the connection at this moment: asked anew each time, and nothing is changed by asking.

use gh_connect_enable::{
    flow::Logins,
    verify::{Before, CloudSays, Evidence, ServerSays},
};
use gh_connect_engine::{Cx, Stop, shown};
use gh_connect_github::{
    Answer, OfTheRun,
    cloud::{Enterprise, Event, Installation, Installations, OwnNames, Topic, Viewer},
    server::{ServerAuditLog, ServerEnterprises, ServerUser},
};
use jiff::Timestamp;

use crate::session::Session;

/// Both sides.
pub(super) struct Sides {
    /// The records of this server that GitHub Enterprise Cloud has as connected, or why it could not be asked.
    pub(super) cloud: Result<Vec<Installation>, String>,
    /// The server's own audit log: its events about connections, or why it was not read.
    pub(super) log: Result<Vec<Event>, String>,
}

/// When a flow began, and what both sides had then.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    /// By the clock of this machine.
    pub(super) at: Timestamp,
    pub(super) before: Before,
}

impl Sides {
    /// Asks both.
    pub(super) async fn ask(session: &Session) -> Self {
        let cx = session.context();
        let (cloud, log) = futures::join!(cloud(&cx), log(&cx));
        Self { cloud, log }
    }

    /// What both have now, for a flow that begins.
    pub(super) fn before(&self) -> Before {
        let records = self.cloud.as_ref().ok().map(|records| records.iter().map(name_of_record).collect());
        let marks = |event: &&Event| [CREATED, ENDED].contains(&event.action.as_str());
        let events = self.log.as_ref().ok();
        Before {
            records,
            events: events.map(|events| events.iter().filter(marks).map(name_of_event).collect()),
        }
    }

    /// What the cloud says of a flow: of several records the one that was not there before, else the newest.
    pub(super) fn cloud(&self, before: &Before) -> CloudSays {
        let records = match &self.cloud {
            Ok(records) => {
                records.iter().map(|record| (before.has_not_record(&name_of_record(record)), record))
            }
            Err(why) => return CloudSays::Unknown(why.clone()),
        };
        match records.max_by_key(|(is_new, record)| (*is_new, record.created_at)) {
            Some((of_this_flow, record)) => CloudSays::Connected {
                host_name: shown(&record.host_name, 253),
                since: record.created_at,
                of_this_flow,
                record: Some(name_of_record(record)),
            },
            None => CloudSays::NotConnected,
        }
    }

    /// Whether a connection that was verified is there no more or no less than then: its record is, and the server logged no end of
    /// it. `before` is what both sides had before its flow.
    pub(super) fn still_have(&self, record: &str, before: &Before) -> bool {
        let listed = self.cloud.as_ref().is_ok_and(|all| all.iter().any(|one| name_of_record(one) == record));
        listed && self.ended_at(before).is_none()
    }

    /// What they prove of a flow. `page` is what a browser or a person saw of the server's page.
    pub(super) fn evidence(&self, begun: &Begun, page: Option<ServerSays>) -> Evidence {
        let server = match (self.ended_at(&begun.before), page, self.connected_at(&begun.before)) {
            (Some(at), ..) => {
                ServerSays::NotConnected(format!("its audit log has the end of the connection, at {at}"))
            }
            (None, Some(page), _) => page,
            (None, None, Some(at)) => ServerSays::Log { at },
            (None, None, None) => ServerSays::Unknown(match &self.log {
                Ok(_) => {
                    "its audit log has no event of a new connection, and its page was not seen".to_owned()
                }
                Err(why) => format!("its audit log was not read ({why}), and its page was not seen"),
            }),
        };
        Evidence { began: begun.at, cloud: self.cloud(&begun.before), server }
    }

    /// When the server logged a new connection, if it did since then and no end after that. What follows what, its own clock says.
    pub(super) fn connected_at(&self, before: &Before) -> Option<Timestamp> {
        let created = self.since(CREATED, before).filter_map(|event| event.at).max()?;
        let mut ended = self.since(ENDED, before);
        ended.all(|event| event.at.is_some_and(|at| at < created)).then_some(created)
    }

    /// When the server logged the end of a connection, if it did since then and no new one after that.
    fn ended_at(&self, before: &Before) -> Option<Timestamp> {
        let ended = self.since(ENDED, before).filter_map(|event| event.at).max()?;
        let created = self.since(CREATED, before).filter_map(|event| event.at).max();
        created.is_none_or(|created| created <= ended).then_some(ended)
    }

    fn since<'a>(&'a self, action: &'a str, before: &'a Before) -> impl Iterator<Item = &'a Event> {
        let events = self.log.as_ref().ok().into_iter().flatten();
        events.filter(move |event| event.action == action && before.has_not_event(&name_of_event(event)))
    }
}

/// GitHub's own name for a record; else what it says that never changes.
fn name_of_record(record: &Installation) -> String {
    let Installation { id, host_name, created_at, .. } = record;
    id.clone().unwrap_or_else(|| format!("{} {created_at:?}", shown(&host_name.to_lowercase(), 253)))
}

/// The log's own name for an event; else all that it says.
fn name_of_event(event: &Event) -> String {
    let Event { id, action, at, actor, actor_ip, name } = event;
    id.clone().unwrap_or_else(|| {
        let text = |text: &Option<String>| text.as_deref().map(|text| shown(text, 100)).unwrap_or_default();
        format!("{action} {at:?} {} {actor_ip:?} {}", text(actor), text(name))
    })
}

const CREATED: &str = "dotcom_connection.create";
const ENDED: &str = "dotcom_connection.destroy";

/// The slug of the server's own enterprise account, of which its settings page is part.
pub(super) async fn server_slug(session: &Session) -> Option<String> {
    let cx = session.context();
    let fact = cx.fact::<ServerEnterprises>(&OfTheRun).await.ok()?;
    fact.answer.said()?.iter().find_map(|enterprise| enterprise.slug.clone())
}

/// What helps to judge a page.
pub(super) struct Known {
    /// The display name of the enterprise account.
    pub(super) name: Option<String>,
    /// Whose the tokens are.
    pub(super) logins: Logins,
}

/// What both sides say of the enterprise account and of the tokens.
pub(super) async fn known(session: &Session) -> Known {
    let cx = session.context();
    let (enterprise, viewer, user) = futures::join!(
        cx.fact::<Enterprise>(&OfTheRun),
        cx.fact::<Viewer>(&OfTheRun),
        cx.fact::<ServerUser>(&OfTheRun)
    );
    let name = enterprise.ok().and_then(|fact| fact.answer.said()?.name.clone());
    let cloud = viewer.ok().and_then(|fact| Some(fact.answer.said()?.login.clone()));
    let server = user.ok().and_then(|fact| fact.answer.said()?.login.clone());
    Known { name, logins: Logins { server: server.map(|login| shown(&login, 100)), cloud } }
}

async fn cloud(cx: &Cx) -> Result<Vec<Installation>, String> {
    let (names, fact) = futures::join!(OwnNames::of(cx), cx.fact::<Installations>(&OfTheRun));
    let names = names.map_err(why)?.names;
    let fact = fact.map_err(why)?;
    let known = fact.answer.or_trouble("which servers it knows").map_err(why)?;
    let connected = known.records_of(&names).filter(|record| record.is_connected == Some(true));
    let connected: Vec<Installation> = connected.cloned().collect();
    match known.total {
        Some(total) if total <= known.servers.len() as u64 => Ok(connected),
        _ if !connected.is_empty() => Ok(connected),
        _ => Err("it did not list all servers that it knows".to_owned()),
    }
}

async fn log(cx: &Cx) -> Result<Vec<Event>, String> {
    let fact = cx.fact::<ServerAuditLog>(&Topic::Connections).await.map_err(why)?;
    match &fact.answer {
        Answer::Said(events) => Ok(events.list.clone()),
        other => {
            Err(why(other.or_trouble("its audit log").err().unwrap_or_else(|| Stop::Trouble(String::new()))))
        }
    }
}

fn why(stop: Stop) -> String {
    match stop {
        Stop::Blocked(by) => format!("{by} stands in the way"),
        Stop::Skipped(why) | Stop::NotApplicable(why) | Stop::Trouble(why) => why,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minute).expect("a time")
    }

    fn log(events: &[(&str, i64)]) -> Vec<Event> {
        let event = |(action, minute): &(&str, i64)| {
            let event = json!({ "action": format!("dotcom_connection.{action}"), "at": at(*minute) });
            serde_json::from_value(event).expect("an event")
        };
        events.iter().map(event).collect()
    }

    fn record(id: Option<&str>, minute: i64) -> Installation {
        let record = json!({ "id": id, "host_name": "ghes.corp.example", "is_connected": true, "created_at": at(minute) });
        serde_json::from_value(record).expect("a record")
    }

    fn sides(cloud: Vec<Installation>, log: Vec<Event>) -> Sides {
        Sides { cloud: Ok(cloud), log: Ok(log) }
    }

    /// The server's clock is right, or wrong by hours: what it logged before is not of the flow, what it logs then is.
    #[test]
    fn what_the_log_says_last_goes_before_what_was_seen() {
        let word = || Some(ServerSays::Word { by: "ana".to_owned() });
        let old = [("create", -9), ("destroy", -8)];
        for (hours, (events, page, connected)) in [-7, 0, 7].into_iter().flat_map(|hours| {
            let rows = [
                (&[][..], word(), true),
                (&[], None, false),
                (&[("create", 1)], None, true),
                (&[("create", 1), ("destroy", 2)], word(), false),
                (&[("create", 1), ("destroy", 2), ("create", 3)], None, true),
            ];
            rows.map(|row| (hours, row))
        }) {
            let wrong = |events: &[(&'static str, i64)]| -> Vec<Event> {
                log(&events.iter().map(|(action, at)| (*action, at + 60 * hours)).collect::<Vec<_>>())
            };
            let begun = Begun { at: at(0), before: sides(Vec::new(), wrong(&old)).before() };
            let says = sides(Vec::new(), wrong(&[&old, events].concat())).evidence(&begun, page).server;
            let seen = matches!(says, ServerSays::Log { .. } | ServerSays::Word { .. });
            assert_eq!(seen, connected, "{hours} {events:?}: {says:?}");
        }
    }

    #[test]
    fn an_event_is_new_by_its_name_and_not_by_its_time() {
        let before = sides(Vec::new(), log(&[("create", 300), ("destroy", 310)])).before();
        // The server's clock was set back meanwhile.
        let after = sides(Vec::new(), log(&[("create", 300), ("destroy", 310), ("create", 5)]));
        assert_eq!(after.connected_at(&before), Some(at(5)));
        assert_eq!(after.ended_at(&before), None);
        // A log that could not be read before proves nothing.
        let unread = Sides { cloud: Ok(Vec::new()), log: Err("no token".to_owned()) }.before();
        assert_eq!(after.connected_at(&unread), None);
        // An end without a time may be the last word.
        let mut events = log(&[("create", 5), ("destroy", 4)]);
        events[1].at = None;
        assert_eq!(
            sides(Vec::new(), events).connected_at(&Before { events: Some(vec![]), records: None }),
            None
        );
    }

    #[test]
    fn a_connection_that_was_verified_is_there_until_a_side_says_otherwise() {
        let before = sides(Vec::new(), log(&[("create", -9), ("destroy", -8)])).before();
        let old = [("create", -9), ("destroy", -8)];
        for (cloud, events, still) in [
            (vec![record(Some("a"), 1)], &[][..], true),
            (vec![record(Some("b"), 1), record(Some("a"), 1)], &[("create", 1)], true),
            (vec![record(Some("b"), 1)], &[], false),
            (Vec::new(), &[], false),
            (vec![record(Some("a"), 1)], &[("create", 1), ("destroy", 2)], false),
        ] {
            let now = sides(cloud, log(&[&old, events].concat()));
            assert_eq!(now.still_have("a", &before), still, "{events:?}");
        }
        let unasked = Sides { cloud: Err("no token".to_owned()), log: Ok(Vec::new()) };
        assert!(!unasked.still_have("a", &before));
    }

    /// The cloud's clock is right, or wrong by hours.
    #[test]
    fn a_record_is_of_the_flow_when_it_was_not_connected_before() {
        for hours in [-7, 0, 7] {
            for id in [None, Some("a")] {
                let (old, new) = (record(id, 60 * hours - 3), record(id.map(|_| "b"), 60 * hours + 1));
                let before = sides(vec![old.clone()], Vec::new()).before();
                let says = |cloud: Vec<Installation>, before: &Before| {
                    sides(cloud, Vec::new()).cloud(before).is_of_this_flow()
                };
                assert!(!says(vec![old.clone()], &before), "{hours} {id:?}");
                assert!(says(vec![new.clone(), old.clone()], &before), "{hours} {id:?}");
                // The older record may have the later time.
                assert!(says(vec![record(id.map(|_| "c"), 60 * hours - 9), old.clone()], &before));
                assert!(!says(vec![new], &Before::default()), "nothing was read before");
            }
        }
        assert_eq!(sides(Vec::new(), Vec::new()).cloud(&Before::default()), CloudSays::NotConnected);
    }
}
