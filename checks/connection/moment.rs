//! Points in time as GitHub's replies write them.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

/// Reads RFC 3339, `2026-11-20 08:30:00 UTC`, `2026-11-20 08:30:00 +0000` and a date alone, which is its first moment in UTC.
/// What shape the date of a licence synchronization has is not published.
pub fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let in_utc = text.strip_suffix("UTC").map(|text| format!("{}Z", text.trim_end()));
    if let Some(at) = in_utc.and_then(|text| text.parse().ok()) {
        return Some(at);
    }
    let apart = text.rsplit_once(' ').filter(|(_, offset)| offset.starts_with(['+', '-']));
    if let Some(at) = apart.and_then(|(time, offset)| format!("{time}{offset}").parse().ok()) {
        return Some(at);
    }
    // A date with a time and no offset might be anybody's: only a date alone is taken.
    let date = (text.len() == DATE).then(|| text.parse::<Date>().ok()).flatten()?;
    date.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
}

/// The last moment that is meant: of a date alone, the end of its day.
pub(super) fn last_moment(text: &str) -> Option<Timestamp> {
    let first = moment(text)?;
    let day = SignedDuration::from_hours(if text.trim().len() == DATE { 24 } else { 0 });
    first.checked_add(day).ok()
}

/// `2026-11-20`
const DATE: usize = 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_shape_is_read() {
        for (text, expected) in [
            ("2026-11-20T08:30:00Z", Some("2026-11-20T08:30:00Z")),
            ("2026-11-20T09:30:00+01:00", Some("2026-11-20T08:30:00Z")),
            ("2026-11-20 08:30:00 UTC", Some("2026-11-20T08:30:00Z")),
            (" 2026-11-20 08:30:00 +0000\n", Some("2026-11-20T08:30:00Z")),
            ("2026-11-20 08:30:00 -0130", Some("2026-11-20T10:00:00Z")),
            ("2026-11-20", Some("2026-11-20T00:00:00Z")),
            ("2026-11-2008:3:0+0000", None),
            ("2026-11-2008:30:00 +0000", None),
            ("2026-11-20 -08:30", None),
            ("2026-11-20 08:30:00", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(moment(text).map(|at| at.to_string()).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_does_harm(text in any::<String>()) {
            let _ = moment(&text);
        }

        #[test]
        fn what_is_written_is_read(seconds in 0i64..4_000_000_000) {
            let at = Timestamp::from_second(seconds).expect("in range");
            prop_assert_eq!(moment(&at.to_string()), Some(at));
            prop_assert_eq!(moment(&at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()), Some(at));
            prop_assert_eq!(moment(&at.strftime("%Y-%m-%d %H:%M:%S +0000").to_string()), Some(at));
        }
    }
}
