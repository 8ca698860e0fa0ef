//! Signs of life of a server, as the enterprise account has them.

use gh_connect_engine::Stop;
use gh_connect_github::cloud::{Collected, Installation, LastSync, SyncStatus};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{
    log::{A_SETUP, Story},
    moment::{last_moment, moment},
};

/// Signs of life of this server.
#[derive(Clone, Debug, Default)]
pub(super) struct Signs {
    /// What came from it, the latest first.
    pub(super) heard: Vec<Heard>,
    /// Why the surest of them could not be looked for.
    pub(super) unknown: Option<Stop>,
    /// Why that was not said, where it may be that the token is not permitted to know it.
    pub(super) withheld: Option<String>,
    /// Whether the account said which statistics it has. Where they are off it does not.
    pub(super) has_statistics: bool,
}

/// Something that was heard of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Heard {
    /// What.
    pub(super) what: String,
    /// When, where that can be read; the first moment of a day that came alone.
    pub(super) at: Option<Timestamp>,
    /// The last moment that it may have been at.
    #[serde(skip)]
    pub(super) until: Option<Timestamp>,
    /// Why it proves nothing: a license synchronization that failed, say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) but: Option<String>,
}

impl Signs {
    /// What came from the server, which is the one whose name `is_own`. `withheld` is why the first was not said, where it may
    /// be that the token is not permitted to know.
    pub(super) fn of(
        is_own: &dyn Fn(&str) -> bool,
        licences: Result<&SyncStatus, Stop>,
        statistics: Option<&[Collected]>,
        withheld: Option<String>,
    ) -> Self {
        let (synced, unsaid) = match licences.and_then(|licences| synced(is_own, licences)) {
            Ok(synced) => (synced, None),
            Err(stop) => (Vec::new(), Some(stop)),
        };
        let all = statistics.unwrap_or_default();
        let days: Vec<&Collected> =
            all.iter().filter(|day| day.host_name.as_deref().is_some_and(is_own)).collect();
        let nameless = days.is_empty() && all.iter().any(|day| day.host_name.is_none());
        let nameless = nameless.then(|| {
            Stop::Trouble("which servers have sent statistics was not said: one in the answer of server-statistics has no host_name".to_owned())
        });
        let collected =
            days.into_iter().map(|day| Heard::dated("server statistics", day.collection_date.as_deref()));
        let mut heard: Vec<Heard> = synced.into_iter().chain(collected).collect();
        heard.sort_by_key(|heard| std::cmp::Reverse(heard.at));
        heard.truncate(MOST_HEARD);
        // What has no name is not withheld.
        let withheld = withheld.filter(|_| nameless.is_none());
        Self { heard, unknown: unsaid.or(nameless), withheld, has_statistics: statistics.is_some() }
    }

    /// The same, where something else that may hold a sign was not read either.
    pub(super) fn or_unknown(self, unread: Option<Stop>) -> Self {
        match unread {
            // What cannot be read is not withheld.
            Some(stop) => Self { unknown: self.unknown.or(Some(stop)), withheld: None, ..self },
            None => self,
        }
    }

    /// What came although the account has no record of this server as connected, and that nothing explains: the server's own
    /// log does, where it ended that connection later, or made another one; and so does `own`, a record that says that it is
    /// not connected, where it is so long ago that a connected server would have been heard of since.
    pub(super) fn without_a_record(
        &self,
        own: Option<&Installation>,
        story: Option<&Story>,
        now: Timestamp,
    ) -> Option<&Heard> {
        let turn = story.and_then(|story| story.ended().max(story.made));
        self.heard.iter().find(|heard| {
            let Some(until) = heard.until else { return true };
            let is_long_ago = own.is_some() && now.duration_since(until) > A_PERIOD;
            !is_long_ago && turn.is_none_or(|turn| until > turn)
        })
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
        self.heard.iter().any(|heard| heard.until.is_none_or(|until| until > moment))
    }
}

impl Heard {
    fn new(what: impl Into<String>, at: Option<Timestamp>) -> Self {
        Self { what: what.into(), at, until: at, but: None }
    }

    /// Dated as GitHub writes it.
    fn dated(what: &str, date: Option<&str>) -> Self {
        let until = date.and_then(last_moment);
        Self { until, ..Self::new(what, date.and_then(moment)) }
    }

    /// Whether a server of which this was heard last reports as often as a connected one does, and its own log does not say that
    /// the connection of `record` was ended or made anew since, or ended before.
    pub(super) fn is_alive(&self, record: &Installation, story: Option<&Story>, now: Timestamp) -> bool {
        self.at.is_some_and(|at| is_recent(at, now) && story.is_none_or(|story| story.goes_with(record, at)))
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

/// The license synchronizations of the server whose name `is_own`. An answer that names no servers, or one of them without its
/// name, does not say that there are none.
fn synced(is_own: &dyn Fn(&str) -> bool, licences: &SyncStatus) -> Result<Vec<Heard>, Stop> {
    let unsaid = |what: &str| {
        Stop::Trouble(format!("which servers have sent their license usage was not said: {what}"))
    };
    let all = licences.server_instances.as_ref();
    let all = all.ok_or_else(|| unsaid("the answer of license-sync-status holds no server_instances"))?;
    let own: Vec<_> = all.iter().filter(|server| server.hostname.as_deref().is_some_and(is_own)).collect();
    if own.is_empty() && all.iter().any(|server| server.hostname.is_none()) {
        return Err(unsaid("a server in the answer of license-sync-status has no hostname"));
    }
    if let Some(total) = licences.total_count.filter(|total| *total > all.len() as u64 && own.is_empty()) {
        let listed = all.len();
        return Err(unsaid(&format!("license-sync-status counts {total} servers, and lists {listed}")));
    }
    // That it is listed is a sign by itself: when it synchronized may not be said.
    let unsaid = LastSync::default();
    let last = own.into_iter().map(|server| server.last_sync.as_ref().unwrap_or(&unsaid));
    let heard = last.map(|last| Heard {
        but: trouble(last),
        ..Heard::dated("a license synchronization", last.date.as_deref())
    });
    Ok(heard.collect())
}

/// Why a license synchronization proves nothing.
fn trouble(last: &LastSync) -> Option<String> {
    let error = last.error.as_deref().filter(|error| !error.trim().is_empty());
    if last.status.as_deref() == Some("success") && error.is_none() {
        return None;
    }
    let status = last.status.as_deref().unwrap_or("without a status");
    Some(match error {
        Some(error) => format!("ended in \"{status}\": {error}"),
        None => format!("ended in \"{status}\""),
    })
}

/// Connected servers report once a week (facts §1.7), and a report may come two days late.
pub(super) const A_PERIOD: SignedDuration = SignedDuration::from_hours(9 * 24);
/// By how much a clock may be ahead.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);
const MOST_HEARD: usize = 200;
