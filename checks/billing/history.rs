//! What the audit log tells of a contract. An event whose time is not known, or is yet to come, is taken to be the one that does
//! harm.

use gh_connect_github::cloud::{Event, Topic};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::Offset};

/// The events that matter, whatever their order.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    /// A trial began, ended or was cancelled.
    trials: Vec<Event>,
    /// A trial became a paid account.
    conversions: Vec<Event>,
    /// The plan, the way of paying, or what is paid by was changed. A conversion is such a change, too.
    changes: Vec<Event>,
}

/// What the log shows of the last trial that was not converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trial<'a> {
    /// It began, and may go on now.
    Running(&'a Event),
    /// It was cancelled, it expired, or its time is over: what came after it, the log does not say. A person who looked later than
    /// this day can.
    Over {
        /// The last that the log has of it.
        event: &'a Event,
        /// The day after which somebody has to have looked.
        until: Timestamp,
    },
}

impl Trial<'_> {
    /// The event that shows it.
    pub(super) fn event(&self) -> &Event {
        match self {
            Self::Running(event) | Self::Over { event, .. } => event,
        }
    }
}

impl History {
    pub(super) fn of(events: &[Event]) -> Self {
        let mut history = Self::default();
        for event in events {
            let is = |topics: &[Topic]| topics.iter().any(|topic| is(event, *topic));
            if is(&[Topic::TrialCreated, Topic::TrialExpired, Topic::TrialCancelled]) {
                history.trials.push(event.clone());
            } else if is(&[Topic::TrialConverted]) {
                history.conversions.push(event.clone());
            }
            if is(&CHANGES) {
                history.changes.push(event.clone());
            }
        }
        history
    }

    /// The last trial, unless it was converted: at the same second or later, for what is converted has begun. An expiry that is
    /// logged after the conversion is that of the trial that was converted, where no other began in between.
    pub(super) fn trial(&self, now: Timestamp) -> Option<Trial<'_>> {
        let converted = self.converted(now).and_then(|event| event.at);
        let counts = |event: &&Event| match (event.at, converted) {
            (Some(at), Some(converted)) if is(event, Topic::TrialExpired) => self.began_within(converted, at),
            (Some(at), Some(converted)) => at > converted,
            _ => true,
        };
        let last = self.trials.iter().filter(counts).max_by_key(|event| {
            // At the same second it has begun before it ended.
            (event.at.unwrap_or(Timestamp::MAX), !is(event, Topic::TrialCreated))
        })?;
        let Some(at) = last.at.filter(|at| *at <= soon(now)) else { return Some(Trial::Running(last)) };
        let until = match is(last, Topic::TrialCreated) {
            true => at.saturating_add(LENGTH_OF_A_TRIAL).unwrap_or(Timestamp::MAX),
            false => at,
        };
        Some(if until > now && until > at {
            Trial::Running(last)
        } else {
            Trial::Over { event: last, until }
        })
    }

    /// Whether a trial began after one time and by another, or at a time that nobody knows.
    fn began_within(&self, after: Timestamp, by: Timestamp) -> bool {
        let begun = self.trials.iter().filter(|event| is(event, Topic::TrialCreated));
        begun.into_iter().any(|event| event.at.is_none_or(|at| at > after && at <= by))
    }

    /// The last time that a trial became a paid account: it is paid, which does not say that it is invoiced.
    pub(super) fn converted(&self, now: Timestamp) -> Option<&Event> {
        let known = |event: &&Event| event.at.is_some_and(|at| at <= soon(now));
        self.conversions.iter().filter(known).max_by_key(|event| event.at)
    }

    /// A change of the contract after `on`, or at a time that may be after it: the last one.
    pub(super) fn changed_since(&self, on: Date) -> Option<&Event> {
        let may_be_later = |event: &&Event| event.at.is_none_or(|at| !is_after(on, at));
        self.changes.iter().filter(may_be_later).max_by_key(|event| event.at.unwrap_or(Timestamp::MAX))
    }

    /// All changes of the contract.
    pub(super) fn changes(&self) -> &[Event] {
        &self.changes
    }
}

/// Whether events of this topic are changes of the contract and nothing else, so that those before a person's word say nothing
/// against it.
pub(super) fn matters_since_the_word(topic: Topic) -> bool {
    CHANGES.contains(&topic) && topic != Topic::TrialConverted
}

fn is(event: &Event, topic: Topic) -> bool {
    topic.covers(&event.action)
}

/// The latest time that an event of the past can have: clocks differ.
fn soon(now: Timestamp) -> Timestamp {
    now.saturating_add(SignedDuration::from_hours(1)).unwrap_or(now)
}

/// Whether all of a day is after a moment, wherever on earth it begins first: nobody says in which zone a word was given.
pub(super) fn is_after(on: Date, at: Timestamp) -> bool {
    let earliest = Offset::from_hours(14).ok().and_then(|offset| offset.to_timestamp(on.at(0, 0, 0, 0)).ok());
    earliest.is_some_and(|earliest| at < earliest)
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

/// What may change whether an account is invoiced, and does not say to what (facts §5). What is converted was on a trial before, and
/// is paid after that in one way or another.
const CHANGES: [Topic; 6] = [
    Topic::TrialConverted,
    Topic::BillingTypeChanged,
    Topic::AzureSubscription,
    Topic::PaymentMethod,
    Topic::PlanChanged,
    Topic::SeatsPlanChanged,
];
/// How long a trial lasts (GitHub docs: Setting up a trial of GitHub Enterprise Cloud).
const LENGTH_OF_A_TRIAL: SignedDuration = SignedDuration::from_hours(30 * 24);
