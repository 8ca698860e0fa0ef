//! What both sides say about the connection at this moment: asked anew each time, and nothing is changed by asking.

use gh_connect_enable::{
    flow::Logins,
    verify::{CloudSays, Evidence, ServerSays},
};
use gh_connect_engine::{Cx, Stop, shown};
use gh_connect_github::{
    Answer, OfTheRun,
    cloud::{Enterprise, Event, Installations, OwnNames, Topic, Viewer},
    server::{ServerAuditLog, ServerEnterprises, ServerUser},
};
use jiff::Timestamp;

use crate::session::Session;

/// Both sides.
pub(super) struct Sides {
    /// GitHub Enterprise Cloud.
    pub(super) cloud: CloudSays,
    /// The server's own audit log: its events about connections, or why it was not read.
    pub(super) log: Result<Vec<Event>, String>,
}

impl Sides {
    /// Asks both.
    pub(super) async fn ask(session: &Session) -> Self {
        let cx = session.context();
        let (cloud, log) = futures::join!(cloud(&cx), log(&cx));
        let cloud = match cloud {
            Ok(cloud) => cloud,
            Err(why) => CloudSays::Unknown(why),
        };
        Self { cloud, log }
    }

    /// What they prove of a flow that began at `began`. `page` is what a browser or a person saw of the server's page.
    pub(super) fn evidence(self, began: Timestamp, page: Option<ServerSays>) -> Evidence {
        let server = match (self.ended_at(began), page, self.connected_at(began)) {
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
        Evidence { began, cloud: self.cloud, server }
    }

    /// When the server logged a new connection, if it did after `began` and no end after that.
    pub(super) fn connected_at(&self, began: Timestamp) -> Option<Timestamp> {
        let created = self.last("dotcom_connection.create").filter(|at| *at >= began)?;
        self.last("dotcom_connection.destroy").is_none_or(|ended| ended < created).then_some(created)
    }

    /// When the server logged the end of a connection, if it did after `began` and no new one after that.
    fn ended_at(&self, began: Timestamp) -> Option<Timestamp> {
        let ended = self.last("dotcom_connection.destroy").filter(|at| *at >= began)?;
        self.last("dotcom_connection.create").is_none_or(|created| created <= ended).then_some(ended)
    }

    fn last(&self, action: &str) -> Option<Timestamp> {
        let events = self.log.as_ref().ok()?;
        events.iter().filter(|event| event.action == action).filter_map(|event| event.at).max()
    }
}

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

async fn cloud(cx: &Cx) -> Result<CloudSays, String> {
    let (names, fact) = futures::join!(OwnNames::of(cx), cx.fact::<Installations>(&OfTheRun));
    let names = names.map_err(why)?.names;
    let fact = fact.map_err(why)?;
    let known = fact.answer.or_trouble("which servers it knows").map_err(why)?;
    let connected = known.records_of(&names).filter(|record| record.is_connected == Some(true));
    // Of several records the newest is that of the flow that was just made.
    Ok(match connected.max_by_key(|record| record.created_at) {
        Some(record) => {
            CloudSays::Connected { host_name: shown(&record.host_name, 253), since: record.created_at }
        }
        None if known.total.is_some_and(|total| total <= known.servers.len() as u64) => {
            CloudSays::NotConnected
        }
        None => return Err("it did not list all servers that it knows".to_owned()),
    })
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

    #[test]
    fn what_the_log_says_last_goes_before_what_was_seen() {
        let at = |minute: i64| Timestamp::from_second(1_800_000_000 + 60 * minute).expect("a time");
        let word = || Some(ServerSays::Word { by: "ana".to_owned() });
        for (events, page, connected) in [
            (&[][..], word(), true),
            (&[], None, false),
            (&[("create", 1)], None, true),
            (&[("create", -1)], None, false),
            (&[("create", 1), ("destroy", 2)], word(), false),
            (&[("create", 1), ("destroy", 2), ("create", 3)], None, true),
            (&[("create", -3), ("destroy", -2)], word(), true),
        ] {
            let event = |(action, minute): &(&str, i64)| -> Event {
                let event = json!({ "action": format!("dotcom_connection.{action}"), "at": at(*minute) });
                serde_json::from_value(event).expect("an event")
            };
            let sides = Sides { cloud: CloudSays::NotConnected, log: Ok(events.iter().map(event).collect()) };
            let says = sides.evidence(at(0), page).server;
            let seen = matches!(says, ServerSays::Log { .. } | ServerSays::Word { .. });
            assert_eq!(seen, connected, "{events:?}: {says:?}");
        }
    }
}
