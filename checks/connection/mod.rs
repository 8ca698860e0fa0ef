//! `connection`: whether the server is connected already, by what both sides say.

mod judge;
mod moment;
#[cfg(test)]
mod tests;

use futures::future::BoxFuture;
use gh_connect_engine::{
    Category, Check, Cx, Examination, InDoubt, Kind, Meta, Owner, Plan, Severity, Stop, Subject,
};
use gh_connect_github::{
    OfTheRun,
    cloud::{Installations, LicenceSync, OwnNames, ServerStatistics, Topic},
    server::ServerAuditLog,
};

use self::judge::{AUDIT_LOG, Heard, STATISTICS, Seen, Signs, connected, ended, judge};
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
    in_doubt: InDoubt {
        owner: Owner::EnterpriseOwner,
        text: "Look among the known installations of the enterprise account SLUG whether it has this server, and whether it is connected",
        command: None,
    },
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
            let run = &OfTheRun;
            let (own, account, installations) =
                futures::join!(OwnNames::of(cx), account::owned(cx), cx.fact::<Installations>(run));
            // Without a server there is nothing to look for, whatever the account says.
            let OwnNames { names, unread } = own?;
            let account = account?;
            let installations = installations?;
            let known = installations.answer.or_trouble("which servers it knows")?;
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
                unread: [(STATISTICS, statistics.is_none()), (AUDIT_LOG, events.is_none())]
                    .into_iter()
                    .filter_map(|(source, is_unread)| is_unread.then_some(source))
                    .collect(),
            });
            judge(&seen)
        })
    }
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
