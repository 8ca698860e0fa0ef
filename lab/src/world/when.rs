//! Points in time in world files, most of them relative to the present so that a world does not age.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use time::{Date, Duration, Month, OffsetDateTime, Time};

use crate::clock;

/// A point in time: `"2026-03-01T09:00:00Z"`, `"3 days ago"` or `"in 90 days"`. Also hours and minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At this moment, in UTC.
    At(OffsetDateTime),
    /// This far from the present; negative in the past.
    FromNow(Duration),
}

impl When {
    /// Days before the present.
    pub(crate) const fn days_ago(days: i64) -> When {
        When::FromNow(Duration::days(-days))
    }

    pub(crate) fn moment(self) -> OffsetDateTime {
        match self {
            When::At(moment) => moment,
            When::FromNow(duration) => clock::now().saturating_add(duration),
        }
    }

    /// As in GitHub's replies: `2026-03-01T09:00:00Z`.
    pub(crate) fn rfc3339(self) -> String {
        clock::rfc3339(self.moment())
    }

    /// Milliseconds since 1970, as the audit log counts.
    pub(crate) fn unix_millis(self) -> i64 {
        i64::try_from(self.moment().unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<When, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = When;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(ALLOWED)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<When, E> {
                relative(text)
                    .map(When::FromNow)
                    .or_else(|| absolute(text).map(When::At))
                    .ok_or_else(|| E::custom(format!("`{text}` is no point in time; allowed: {ALLOWED}")))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// `3 days ago`, `in 90 days`.
fn relative(text: &str) -> Option<Duration> {
    let words: Vec<&str> = text.split(' ').collect();
    let (count, unit, sign) = match words[..] {
        [count, unit, "ago"] => (count, unit, -1),
        ["in", count, unit] => (count, unit, 1),
        _ => return None,
    };
    let count = i64::from(count.parse::<u16>().ok()?) * sign;
    match unit.strip_suffix('s').unwrap_or(unit) {
        "day" => Some(Duration::days(count)),
        "hour" => Some(Duration::hours(count)),
        "minute" => Some(Duration::minutes(count)),
        _ => None,
    }
}

/// An RFC 3339 timestamp in UTC.
fn absolute(text: &str) -> Option<OffsetDateTime> {
    let written: toml::value::Datetime = text.parse().ok()?;
    let (date, time) = (written.date?, written.time?);
    if written.offset? != toml::value::Offset::Z {
        return None;
    }
    let date =
        Date::from_calendar_date(date.year.into(), Month::try_from(date.month).ok()?, date.day).ok()?;
    let time = Time::from_hms(time.hour, time.minute, time.second.unwrap_or(0)).ok()?;
    Some(date.with_time(time).assume_utc())
}

const ALLOWED: &str = "\"2026-03-01T09:00:00Z\", \"3 days ago\", \"in 90 days\", also with hours and minutes";
