//! `connection`: whether the server is connected already, by what both sides say.

mod judge;
mod log;
mod moment;
mod signs;
#[cfg(test)]
mod tests;
mod words;

use futures::future::BoxFuture;
use gh_connect_engine::{
    Category, Check, Cx, Examination, InDoubt, Kind, Meta, Owner, Plan, Severity, Stop, Subject,
};
use gh_connect_github::{
    OfTheRun, Refusal,
    cloud::{Installations, LicenceSync, OwnNames, ServerStatistics, Topic},
    server::{ServerAuditLog, ServerUser},
};

pub use self::moment::moment;
use self::{
    judge::{Seen, connected, judge},
    log::Log,
    signs::Signs,
};
use crate::account;

/// The check.
pub struct Connection;

/// What it says of itself.
pub static META: Meta = Meta {
    id: "connection",
    title: "no connection stands in the way",
    category: Category::Account,
    words: include_str!("README.md"),
    kinds: &[&ORPHANED, &ELSEWHERE, &UNPROVEN, &LEFTOVER, &ALREADY_CONNECTED],
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
            let (own, account, installations, log) = futures::join!(
                OwnNames::of(cx),
                account::owned(cx),
                cx.fact::<Installations>(run),
                own_log(cx),
            );
            // Without a server there is nothing to look for, whatever the account says.
            let OwnNames { names, unread } = own?;
            let account = account?;
            let installations = installations?;
            let known = installations.answer.or_trouble("which servers it knows")?;
            let signs = match connected(known, &names) {
                Some(_) => Some(signs(cx, &names).await),
                None => None,
            };
            let plan = cx.plan();
            judge(&Seen { plan, account: &account, names, unread, known, signs, log, now: cx.began() })
        })
    }
}

/// What came from the server with these names.
async fn signs(cx: &Cx, names: &[String]) -> Signs {
    let (licences, statistics) =
        futures::join!(cx.fact::<LicenceSync>(&OfTheRun), cx.fact::<ServerStatistics>(&OfTheRun));
    let licences = match &licences {
        Ok(fact) => fact.answer.or_trouble("which servers have sent their license usage"),
        Err(stop) => Err(stop.clone()),
    };
    // Statistics are there only where they are on: absence says nothing.
    let statistics = statistics.as_ref().ok().and_then(|fact| fact.answer.said());
    Signs::of(names, licences, statistics.map(Vec::as_slice))
}

/// The server's own audit log. Whom it is kept from, and why, other checks say.
async fn own_log(cx: &Cx) -> Log {
    let (events, user) =
        futures::join!(cx.fact::<ServerAuditLog>(&Topic::Connections), cx.fact::<ServerUser>(&OfTheRun));
    let answer = match &events {
        Ok(fact) => &fact.answer,
        Err(stop) => return Log::Unread(stop.clone()),
    };
    let stop = match answer.or_trouble("which connections its audit log records") {
        Ok(events) => return Log::of(events),
        Err(stop) => stop,
    };
    let user = match &user {
        Ok(user) => user,
        Err(stop) => return Log::Unread(stop.clone()),
    };
    let hidden = matches!(
        answer.refusal(),
        Some(Refusal::NotFound { .. } | Refusal::Forbidden { .. } | Refusal::Null { .. })
    );
    let has_scopes = user.token.as_ref().is_some_and(|token| token.scopes.is_some());
    Log::Unread(match user.answer.said() {
        // The same interface says whose the token is: that it says nothing at all is one fault.
        None => Stop::blocked("token"),
        Some(user) if hidden && user.site_admin == Some(false) => Stop::blocked("owner"),
        Some(_) if hidden && !has_scopes => Stop::blocked("token"),
        Some(_) => stop,
    })
}

static ORPHANED: Kind = Kind {
    id: "connection/orphaned",
    severity: Severity::Blocker,
    undetermined: false,
    title: "GitHub has a record of a connection that the server has ended",
    since: "0.1.0",
    world: include_str!("worlds/orphaned.toml"),
};

static ELSEWHERE: Kind = Kind {
    id: "connection/elsewhere",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the server is connected to another enterprise account",
    since: "0.2.0",
    world: include_str!("worlds/elsewhere.toml"),
};

static UNPROVEN: Kind = Kind {
    id: "connection/unproven",
    severity: Severity::Blocker,
    undetermined: true,
    title: "whether the server is connected cannot be told",
    since: "0.1.0",
    world: include_str!("worlds/unproven.toml"),
};

static LEFTOVER: Kind = Kind {
    id: "connection/leftover",
    severity: Severity::Warning,
    undetermined: false,
    title: "GitHub has a record of this server that is not connected",
    since: "0.2.0",
    world: include_str!("worlds/leftover.toml"),
};

static ALREADY_CONNECTED: Kind = Kind {
    id: "connection/already-connected",
    severity: Severity::Note,
    undetermined: false,
    title: "the server is connected already",
    since: "0.1.0",
    world: include_str!("worlds/already-connected.toml"),
};
