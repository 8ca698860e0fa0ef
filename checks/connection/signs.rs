//! Signs of life of a server, as the enterprise account has them.

use gh_connect_engine::Stop;
use gh_connect_github::cloud::{Collected, Installation, LastSync, SyncStatus, is_one_of};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{
    log::{A_SETUP, Story},
    moment,
};

/// Signs of life of this server.
#[derive(Clone, Debug, Default)]
pub(super) struct Signs {
    /// What came from it, the latest first.
    pub(super) heard: Vec<Heard>,
    /// Why the surest of them could not be looked for.
    pub(super) unknown: Option<Stop>,
    /// Whether the account said which statistics it has. Where they are off it does not.
    pub(super) has_statistics: bool,
}

/// Something that was heard of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Heard {
    /// What.
    pub(super) what: String,
    /// When, where that can be read.
    pub(super) at: Option<Timestamp>,
    /// Why it proves nothing: a license synchronization that failed, say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) but: Option<String>,
}

impl Signs {
    /// What came from the server with these names.
    pub(super) fn of(
        names: &[String],
        licences: Result<&SyncStatus, Stop>,
        statistics: Option<&[Collected]>,
    ) -> Self {
        let synced = licences.and_then(|licences| synced(names, licences));
        let (synced, unknown) = match synced {
            Ok(synced) => (synced, None),
            Err(stop) => (Vec::new(), Some(stop)),
        };
        let days = statistics.unwrap_or_default().iter();
        let days = days.filter(|day| is_one_of(names, day.host_name.as_deref()));
        let collected =
            days.map(|day| Heard::new("server statistics", day.collection_date.as_deref().and_then(moment)));
        let mut heard: Vec<Heard> = synced.into_iter().chain(collected).collect();
        heard.sort_by_key(|heard| std::cmp::Reverse(heard.at));
        heard.truncate(MOST_HEARD);
        Self { heard, unknown, has_statistics: statistics.is_some() }
    }

    /// What shows that the connection of `record` works or worked, the latest first. `began` is the last time that a setup of
    /// this server was begun: what came before was another connection's. What the server's own log says, and that the record
    /// was changed, counts where both tell of the same connection.
    pub(super) fn proofs(
        &self,
        record: &Installation,
        began: Option<Timestamp>,
        story: Option<&Story>,
    ) -> Vec<Heard> {
        let after = |heard: &&Heard| {
            heard.but.is_none() && heard.at.is_some_and(|at| began.is_none_or(|began| at >= began))
        };
        let of_both = story.filter(|story| record.created_at >= began && story.is_about(record));
        let logged = of_both.and_then(|story| story.last.as_ref());
        let logged = logged.map(|last| Heard::new(format!("{} in its own audit log", last.action), last.at));
        let changed = of_both.and_then(|_| changed(record));
        let changed = changed.map(|at| Heard::new("a change of its record", Some(at)));
        let mut all: Vec<Heard> =
            self.heard.iter().filter(after).cloned().chain(logged).chain(changed).collect();
        all.sort_by_key(|heard| std::cmp::Reverse(heard.at));
        all
    }

    /// Whether anything came after this moment, or may have.
    pub(super) fn go_on_after(&self, moment: Timestamp) -> bool {
        self.heard.iter().any(|heard| heard.at.is_none_or(|at| at > moment))
    }
}

impl Heard {
    fn new(what: impl Into<String>, at: Option<Timestamp>) -> Self {
        Self { what: what.into(), at, but: None }
    }

    /// Whether a server of which this was heard last reports as often as a connected one does, and the connection was
    /// neither ended nor made anew since.
    pub(super) fn is_alive(&self, story: Option<&Story>, now: Timestamp) -> bool {
        let turn = story.and_then(|story| story.turn);
        self.at.is_some_and(|at| is_recent(at, now) && turn.is_none_or(|turn| at >= turn))
    }
}

/// When the record was changed, if that was after the setup that it is from. That a report changes it is inferred
/// (facts §3.1).
pub(super) fn changed(record: &Installation) -> Option<Timestamp> {
    let created = record.created_at?;
    record.updated_at.filter(|updated| updated.duration_since(created) > A_SETUP)
}

/// Whether this was no longer ago than a connected server keeps silent.
pub(super) fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(at);
    age <= A_PERIOD && -age <= A_DAY
}

/// The license synchronizations of the server with these names. An answer that names no servers, or one of them without its
/// name, does not say that there are none.
fn synced(names: &[String], licences: &SyncStatus) -> Result<Vec<Heard>, Stop> {
    let unsaid = |what: &str| {
        Stop::Trouble(format!("which servers have sent their license usage was not said: {what}"))
    };
    let all = licences.server_instances.as_ref();
    let all = all.ok_or_else(|| unsaid("the answer of license-sync-status holds no server_instances"))?;
    let own: Vec<_> = all.iter().filter(|server| is_one_of(names, server.hostname.as_deref())).collect();
    if own.is_empty() && all.iter().any(|server| server.hostname.is_none()) {
        return Err(unsaid("a server in the answer of license-sync-status has no hostname"));
    }
    let last = own.into_iter().filter_map(|server| server.last_sync.as_ref());
    Ok(last
        .map(|last| Heard {
            what: "a license synchronization".to_owned(),
            at: last.date.as_deref().and_then(moment),
            but: trouble(last),
        })
        .collect())
}

/// Why a license synchronization proves nothing.
fn trouble(last: &LastSync) -> Option<String> {
    if last.status.as_deref() == Some("success") {
        return None;
    }
    let status = last.status.as_deref().unwrap_or("without a status");
    Some(match last.error.as_deref().filter(|error| !error.is_empty()) {
        Some(error) => format!("ended in \"{status}\": {error}"),
        None => format!("ended in \"{status}\""),
    })
}

/// Connected servers report once a week (facts §1.7), and a report may come two days late.
pub(super) const A_PERIOD: SignedDuration = SignedDuration::from_hours(9 * 24);
/// By how much a clock may be ahead.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);
const MOST_HEARD: usize = 200;
