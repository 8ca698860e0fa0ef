//! What the audit log tells of a contract. An event whose time is not known is taken to be the one that does harm.

use gh_connect_github::cloud::{Event, Topic};
use jiff::{Timestamp, civil::Date, tz::Offset};

/// The events that matter, whatever their order.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    /// A trial began, ended or was cancelled.
    trials: Vec<Event>,
    /// A trial became a paid account.
    conversions: Vec<Event>,
    /// The way of paying was changed, or what is paid by was unlinked.
    changes: Vec<Event>,
}

impl History {
    pub(super) fn of(events: &[Event]) -> Self {
        let mut history = Self::default();
        for event in events {
            let action = event.action.as_str();
            let is = |topics: &[Topic]| topics.iter().any(|topic| topic.covers(action));
            if is(&[Topic::TrialCreated, Topic::TrialExpired, Topic::TrialCancelled]) {
                history.trials.push(event.clone());
            } else if is(&[Topic::TrialConverted]) {
                history.conversions.push(event.clone());
            } else if is(&[Topic::BillingTypeChanged, Topic::AzureSubscription]) {
                history.changes.push(event.clone());
            }
        }
        history
    }

    /// The event that shows a trial: the last one of a trial after which it was not converted.
    pub(super) fn trial(&self) -> Option<&Event> {
        let converted = self.conversions.iter().filter_map(|event| event.at).max();
        let last = self.trials.iter().max_by_key(|event| event.at.unwrap_or(Timestamp::MAX))?;
        match (last.at, converted) {
            (Some(trial), Some(converted)) if converted > trial => None,
            _ => Some(last),
        }
    }

    /// The last time that a trial became a paid account: it is paid, which does not say that it is invoiced.
    pub(super) fn converted(&self) -> Option<&Event> {
        self.conversions.iter().filter(|event| event.at.is_some()).max_by_key(|event| event.at)
    }

    /// A change of the way of paying after `on`, or at a time that may be after it: the last one.
    pub(super) fn changed_since(&self, on: Date) -> Option<&Event> {
        let earliest = earliest(on);
        let may_be_later = |event: &&Event| event.at.is_none_or(|at| earliest.is_none_or(|on| at >= on));
        self.changes.iter().filter(may_be_later).max_by_key(|event| event.at.unwrap_or(Timestamp::MAX))
    }

    /// All changes of the way of paying.
    pub(super) fn changes(&self) -> &[Event] {
        &self.changes
    }
}

/// When a day begins, wherever on earth it begins first: nobody says in which zone a word was given.
fn earliest(on: Date) -> Option<Timestamp> {
    Offset::from_hours(14).ok()?.to_timestamp(on.at(0, 0, 0, 0)).ok()
}

/// The first day whose whole is after `at`, so that a word of that day is after it.
pub(super) fn first_day_after(at: Timestamp) -> Option<Date> {
    let offset = Offset::from_hours(14).ok()?;
    offset.to_datetime(at).date().tomorrow().ok()
}

/// How many days ago `on` was, by the day that it is in UTC; negative for a day to come.
pub(super) fn age_in_days(on: Date, now: Timestamp) -> i64 {
    let today = Offset::UTC.to_datetime(now).date();
    today.duration_since(on).as_hours() / 24
}
