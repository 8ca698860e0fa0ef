//! `connection`: whether the server is connected already, by what both sides say.

mod judge;
mod moment;
#[cfg(test)]
mod tests;

use futures::future::BoxFuture;
use gh_connect_engine::{Category, Check, Cx, Examination, Kind, Meta, Plan, Severity, Stop, Subject};
use gh_connect_github::{
    OfTheRun,
    cloud::{Installations, LicenceSync, ServerStatistics, Topic},
    manage::ManageSettings,
    server::ServerAuditLog,
};

use self::judge::{Heard, Seen, Signs, connected, ended, judge};
pub use self::moment::moment;
use crate::account;

/// The check.
pub struct Connection;

/// What it says of itself.
pub static META: Meta = Meta {
    id: "connection",
    title: "no connection stands in the way",
    category: Category::Account,
    words: include_str!("README.md"),
    kinds: &[&ORPHANED, &UNPROVEN, &ALREADY_CONNECTED],
};

impl Check for Connection {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn subjects(&self, _: &Plan) -> Vec<Subject> {
        vec![Subject::Cloud]
    }

    fn examine<'a>(&'a self, _: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        Box::pin(async move {
            let Some(host) = cx.plan().server_host() else {
                return Err(Stop::Skipped("no server is named: --server URL".to_owned()));
            };
            let run = &OfTheRun;
            let (account, installations, settings) = futures::join!(
                account::owned(cx),
                cx.fact::<Installations>(run),
                cx.fact::<ManageSettings>(run)
            );
            let account = account?;
            let installations = installations?;
            let known = installations.answer.or_trouble("which servers it knows")?;
            // The name that the server believes to have is the one that it is known by.
            let (names, unread) = match own_name(settings.as_ref().map(|fact| &**fact)) {
                Ok(own) => (vec![host.to_owned(), own.to_owned()], None),
                Err(why) => (vec![host.to_owned()], Some(why)),
            };
            let mut seen = Seen {
                plan: cx.plan(),
                account: &account,
                names,
                unread,
                known,
                signs: None,
                now: cx.began(),
            };
            if connected(&seen).is_empty() {
                return judge(&seen);
            }
            let (licences, statistics, events) = futures::join!(
                cx.fact::<LicenceSync>(run),
                cx.fact::<ServerStatistics>(run),
                cx.fact::<ServerAuditLog>(&Topic::Connections),
            );
            let licences = match &licences {
                Ok(fact) => fact.answer.or_trouble("which servers have sent their licence usage"),
                Err(stop) => Err(stop.clone()),
            };
            // Statistics are there only where they are on, and the server's log only for whom it is: absence says nothing.
            let statistics = statistics.as_ref().ok().and_then(|fact| fact.answer.said());
            let events = events.as_ref().ok().and_then(|fact| fact.answer.said());
            seen.signs = Some(Signs {
                heard: Heard::all(
                    &seen.names,
                    licences.as_ref().ok().copied(),
                    statistics.map_or(&[], Vec::as_slice),
                    events.map_or(&[], |events| &events.list),
                ),
                ended: events.and_then(|events| ended(&events.list)),
                unknown: licences.err(),
            });
            judge(&seen)
        })
    }
}

/// The name that the server believes to have, or why it was not read.
fn own_name<'a>(settings: Result<&'a ManageSettings, &Stop>) -> Result<&'a str, Stop> {
    let settings = settings.map_err(Stop::clone)?.answer.or_trouble("which name the server has")?;
    let name = settings.github_hostname.as_deref().map(str::trim).filter(|name| !name.is_empty());
    name.ok_or_else(|| Stop::Trouble("the server's settings do not say which name it has".to_owned()))
}

static ORPHANED: Kind = Kind {
    id: "connection/orphaned",
    severity: Severity::Blocker,
    undetermined: false,
    title: "GitHub has a record of a connection that was never finished",
    since: "0.1.0",
    world: include_str!("worlds/orphaned.toml"),
};

static UNPROVEN: Kind = Kind {
    id: "connection/unproven",
    severity: Severity::Blocker,
    undetermined: true,
    title: "whether the connection works cannot be told",
    since: "0.1.0",
    world: include_str!("worlds/unproven.toml"),
};

static ALREADY_CONNECTED: Kind = Kind {
    id: "connection/already-connected",
    severity: Severity::Note,
    undetermined: false,
    title: "the server is connected already",
    since: "0.1.0",
    world: include_str!("worlds/already-connected.toml"),
};
