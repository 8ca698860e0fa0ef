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
    Answer, OfTheRun, Refusal,
    cloud::{
        Collected, Installations, LicenceSync, OwnNames, ServerStatistics, SyncStatus, Topic, is_one_of,
    },
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
            let (own, account, installations, log, licences, statistics) = futures::join!(
                OwnNames::of(cx),
                account::owned(cx),
                cx.fact::<Installations>(run),
                own_log(cx),
                cx.fact::<LicenceSync>(run),
                cx.fact::<ServerStatistics>(run),
            );
            // Without a server there is nothing to look for, whatever the account says.
            let own = own?;
            let account = account?;
            let installations = installations?;
            let known = installations.answer.or_trouble("which servers it knows")?;
            let licences = licences.as_ref().map(|fact| &fact.answer);
            // Statistics are there only where they are on: absence says nothing. An answer that cannot be read may hide them.
            let collected = statistics.as_ref().ok().map(|fact| &fact.answer);
            let unread = collected.and_then(unreadable);
            let statistics = collected.and_then(Answer::said);
            // Where no record says that the server is connected, what came under another name that may be its own counts, too.
            let is_own = |name: &str| {
                is_one_of(&own.names, Some(name))
                    || connected(known, &own.names).is_none() && own.aliases.may_be(&own.names, name)
            };
            let signs = Signs::of(&is_own, said(licences), statistics.map(Vec::as_slice), withheld(licences));
            let signs = signs.or_unknown(unread);
            judge(&Seen { plan: cx.plan(), account: &account, own, known, signs, log, now: cx.began() })
        })
    }
}

/// Which servers have sent their license usage.
fn said<'a>(licences: Result<&'a Answer<SyncStatus>, &Stop>) -> Result<&'a SyncStatus, Stop> {
    licences.map_err(Stop::clone)?.or_trouble("which servers have sent their license usage")
}

fn is_unreadable(why: &Refusal) -> bool {
    matches!(why, Refusal::WrongShape { .. } | Refusal::NotJson { .. } | Refusal::TooDeep)
}

/// Why the answer about statistics cannot be read.
fn unreadable(answer: &Answer<Vec<Collected>>) -> Option<Stop> {
    answer.refusal().filter(|why| is_unreadable(why))?;
    answer.or_trouble("which servers have sent statistics").err()
}

/// Why that was not said, where it may be that the token is not permitted to know.
fn withheld(licences: Result<&Answer<SyncStatus>, &Stop>) -> Option<String> {
    let why = licences.ok()?.refusal()?;
    why.may_be_of_permission().then(|| why.to_string())
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
        Ok(events) => return Log::of(events, cx.began()),
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
