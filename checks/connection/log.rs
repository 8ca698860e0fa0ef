//! What the server's own audit log says of its connection (facts §3.1).

use gh_connect_engine::Stop;
use gh_connect_github::cloud::{Event, Events, Installation};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// The server's own audit log, about connections.
#[derive(Clone, Debug)]
pub(super) enum Log {
    /// It was not read.
    Unread(Stop),
    /// It was.
    Read(Story),
}

/// What its events tell together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Story {
    /// How it ends.
    pub(super) end: End,
    /// The last time that a connection was made.
    pub(super) made: Option<Timestamp>,
    /// The last event of a connection that was made and not ended since.
    pub(super) last: Option<Entry>,
    /// The last event that made or ended a connection, or may have: what was heard before it was of another connection.
    pub(super) turn: Option<Timestamp>,
    /// The first event that was read; `None` where there may be earlier ones that were not, or one has no date.
    first: Option<Timestamp>,
}

/// How the story of a connection ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum End {
    /// No event of a connection. Not every release records them, so nothing follows.
    Nothing,
    /// One was made or used, and not ended since.
    Connected,
    /// It was ended, at this time where that is said, and neither made nor used since.
    Ended(Option<Timestamp>),
    /// That cannot be told, for this reason.
    Unclear(String),
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Entry {
    /// `dotcom_connection.create`
    pub(super) action: String,
    /// When, where that is said.
    pub(super) at: Option<Timestamp>,
}

impl Log {
    /// The log with these events.
    pub(super) fn of(events: &Events, now: Timestamp) -> Self {
        if events.is_unread() {
            let why =
                "the first pages of its audit log hold no event of a connection, and there are more pages";
            return Self::Unread(Stop::Trouble(why.to_owned()));
        }
        Self::Read(Story::of(&events.list, events.more, now))
    }

    /// What it tells, where it was read.
    pub(super) fn story(&self) -> Option<&Story> {
        match self {
            Self::Read(story) => Some(story),
            Self::Unread(_) => None,
        }
    }
}

impl Story {
    /// An event that is yet to come ends nothing, and explains nothing: what the log says is not clear then.
    fn of(events: &[Event], more: bool, now: Timestamp) -> Self {
        let soon = now.saturating_add(A_SETUP).unwrap_or(now);
        let to_come = events.iter().find(|event| event.at.is_some_and(|at| at > soon));
        let (uses, turns): (Vec<&Event>, Vec<&Event>) =
            events.iter().partition(|event| USES.contains(&event.action.as_str()));
        let dates = |events: &[&Event]| events.iter().filter_map(|event| event.at).collect::<Vec<_>>();
        let latest = |events: &[&Event]| dates(events).into_iter().max();
        let made: Vec<&Event> = turns.iter().copied().filter(|event| event.action == MADE).collect();
        let end = to_come.map_or_else(|| end(&uses, &turns), is_to_come);
        let of_this = uses.iter().chain(&made).filter(|_| end == End::Connected);
        let last = of_this.max_by_key(|event| event.at);
        let undated = turns.iter().any(|event| event.at.is_none());
        let all_dated = !more && events.iter().all(|event| event.at.is_some());
        Self {
            made: dates(&made).into_iter().filter(|at| *at <= soon).max(),
            last: last.map(|event| Entry { action: event.action.clone(), at: event.at }),
            // It may have been at any time.
            turn: if undated { Some(Timestamp::MAX) } else { latest(&turns) },
            first: events.iter().filter_map(|event| event.at).min().filter(|_| all_dated),
            end,
        }
    }

    /// Whether the connection that it tells of is the one of which the account has this record: it was made when the record
    /// was; or it was made before the log's first event, and so was the record.
    pub(super) fn is_about(&self, record: &Installation) -> bool {
        let Some(created) = record.created_at.filter(|_| self.end == End::Connected) else { return false };
        match (self.made, self.turn) {
            (Some(made), turn) => turn == Some(made) && made.duration_since(created).abs() <= A_SETUP,
            (None, None) => self.first.is_some_and(|first| created <= first),
            (None, Some(_)) => false,
        }
    }

    /// Whether what came to the account at this time is of the connection that `record` is about and that goes on, by this story:
    ///
    /// | how the story ends | what counts |
    /// | --- | --- |
    /// | without an event | everything: not every release records them |
    /// | connected | what came since the last event that made or ended a connection |
    /// | ended, or not clearly | what came for a record that was made after that: a later release may not have recorded the setup |
    ///
    /// What comes for an older record after its end contradicts the story: a copy of the server may have sent it.
    pub(super) fn goes_with(&self, record: &Installation, at: Timestamp) -> bool {
        let Some(turn) = self.turn else { return true };
        match self.end {
            End::Nothing | End::Connected => at >= turn,
            End::Ended(_) | End::Unclear(_) => {
                record.created_at.is_some_and(|created| created.duration_since(turn) > A_SETUP)
            }
        }
    }

    /// When the connection was ended, if that is how it ends, and said when.
    pub(super) fn ended(&self) -> Option<Timestamp> {
        match self.end {
            End::Ended(at) => at,
            _ => None,
        }
    }
}

fn is_to_come(event: &Event) -> End {
    let at = event.at.map_or_else(String::new, |at| format!(", {}", at.strftime("%Y-%m-%d %H:%M UTC")));
    End::Unclear(format!("it has {} at a time that is yet to come{at}", event.action))
}

/// How a story of these uses, and of these events that are none, ends.
fn end(uses: &[&Event], turns: &[&Event]) -> End {
    let all = |action: &str| turns.iter().all(|event| event.action == action);
    match (uses, turns) {
        ([], []) => return End::Nothing,
        _ if all(MADE) => return End::Connected,
        ([], _) if all(ENDED) => {
            let dated = turns.iter().all(|event| event.at.is_some());
            return End::Ended(turns.iter().filter_map(|event| event.at).max().filter(|_| dated));
        }
        _ => {}
    }
    let Some(at) = turns.iter().map(|event| event.at).collect::<Option<Vec<_>>>() else {
        return End::Unclear("an event that made or ended a connection has no date".to_owned());
    };
    let last = at.into_iter().max();
    let ahead = uses.iter().filter_map(|event| Some(event.at?.duration_since(last?))).max();
    if ahead > Some(A_SETUP) {
        return End::Connected;
    }
    let mut actions = turns.iter().filter(|event| event.at == last).map(|event| event.action.as_str());
    let first = actions.next().unwrap_or_default();
    if actions.any(|action| action != first) {
        return End::Unclear("its last events about a connection have the same date".to_owned());
    }
    match first {
        MADE => End::Connected,
        // What was under way when it was ended may have been recorded after that.
        ENDED if ahead > Some(SignedDuration::ZERO) => End::Unclear(format!(
            "its last event about a connection is {ENDED}, and within an hour after that it records what only a connected server does"
        )),
        ENDED => End::Ended(last),
        other => End::Unclear(format!("what its last event about a connection means is not known: {other}")),
    }
}

pub(super) const MADE: &str = "dotcom_connection.create";
pub(super) const ENDED: &str = "dotcom_connection.destroy";
/// What only a connected server does.
const USES: [&str; 3] = [
    "dotcom_connection.token_updated",
    "dotcom_connection.upload_license_usage",
    "dotcom_connection.upload_usage_metrics",
];
/// A setup is good for five minutes (facts §2), and the clocks of both sides may differ.
pub(super) const A_SETUP: SignedDuration = SignedDuration::from_hours(1);
