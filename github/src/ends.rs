use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    fmt::strtime,
    tz::Offset,
};

/// When something ends, as far as a text tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Before that it is not over.
    pub earliest: Timestamp,
    /// From then on it is over. It is later where the text leaves out the time zone, or the time of the day.
    pub latest: Timestamp,
}

impl Ends {
    /// Reads RFC 3339, what REST writes (`2016/02/06 12:41:52 -0600`), and both without the zone or the time. What has no zone is
    /// over when it is over everywhere, and what has no time when its day is. What ends in the year 9999 or later never does, in
    /// effect: that is as far as times are counted here.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim().replace('/', "-");
        let (year, rest) = text.split_once('-')?;
        let is_far = year.bytes().all(|byte| byte.is_ascii_digit())
            && year.trim_start_matches('0').parse().is_ok_and(|year: u64| year >= FAR);
        match is_far {
            // The rest has to be a date all the same, in a year that has every day.
            true => Self::of(&format!("{A_LEAP_YEAR}-{rest}"))
                .map(|_| Self { earliest: Timestamp::MAX, latest: Timestamp::MAX }),
            false => Self::of(&text),
        }
    }

    /// Whether the text tells the very moment.
    pub fn is_exact(&self) -> bool {
        self.earliest == self.latest
    }

    fn of(text: &str) -> Option<Self> {
        let in_utc = text.strip_suffix("UTC").map(|text| format!("{} +0000", text.trim_end()));
        let with_zone = in_utc.as_deref().unwrap_or(text);
        let apart = |format: &str| strtime::parse(format, with_zone).and_then(|at| at.to_timestamp());
        let exact = text.parse().ok().or_else(|| APART.iter().find_map(|format| apart(format).ok()));
        if let Some(at) = exact {
            return Some(Self { earliest: at, latest: at });
        }
        if let Ok(day) = strtime::parse("%Y-%m-%d", text).and_then(|day| day.to_date()) {
            let midnight = |day: Date| day.at(0, 0, 0, 0);
            return Self::without_a_zone(midnight(day), midnight(day.tomorrow().ok()?));
        }
        let at: DateTime = text.parse().ok()?;
        Self::without_a_zone(at, at)
    }

    /// The day begins first fourteen hours before UTC, and ends last twelve hours after it.
    fn without_a_zone(earliest: DateTime, latest: DateTime) -> Option<Self> {
        let in_zone = |hours, at| Offset::from_hours(hours).ok()?.to_timestamp(at).ok();
        Some(Self { earliest: in_zone(14, earliest)?, latest: in_zone(-12, latest)? })
    }
}

/// A time whose zone stands apart, with or without a fraction of a second.
const APART: [&str; 2] = ["%Y-%m-%d %H:%M:%S%.f %z", "%Y-%m-%d %H:%M:%S%.f %:z"];
const FAR: u64 = 9999;
const A_LEAP_YEAR: u64 = 2000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_does_harm(text in any::<String>()) {
            let _ = Ends::read(&text);
        }

        #[test]
        fn what_has_no_zone_is_between_the_first_and_the_last(seconds in 0i64..4_000_000_000) {
            let at = Timestamp::from_second(seconds).expect("in range");
            prop_assert_eq!(Ends::read(&at.to_string()), Some(Ends { earliest: at, latest: at }));
            for format in ["%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d", "%Y/%m/%d"] {
                let ends = Ends::read(&at.strftime(format).to_string()).expect("a date");
                prop_assert!(ends.earliest < at && at < ends.latest, "{format}");
            }
        }
    }

    #[test]
    fn a_text_says_when_it_ends_as_far_as_it_does() {
        let far = Timestamp::MAX.to_string();
        let at = |at| Some((at, at));
        for (text, expected) in [
            ("2026-11-20T08:30:00Z", at("2026-11-20T08:30:00Z")),
            (" 2026-11-20T08:30:00.5+01:00 ", at("2026-11-20T07:30:00.5Z")),
            ("2016/02/06 12:41:52 -0600", at("2016-02-06T18:41:52Z")),
            ("2016-02-06 12:41:52 +0000", at("2016-02-06T12:41:52Z")),
            ("2016/02/06 12:41:52 UTC", at("2016-02-06T12:41:52Z")),
            ("2026-11-20T08:30:00", Some(("2026-11-19T18:30:00Z", "2026-11-20T20:30:00Z"))),
            ("2026/11/20 08:30:00", Some(("2026-11-19T18:30:00Z", "2026-11-20T20:30:00Z"))),
            ("2026-11-20", Some(("2026-11-19T10:00:00Z", "2026-11-21T12:00:00Z"))),
            ("2026/11/20", Some(("2026-11-19T10:00:00Z", "2026-11-21T12:00:00Z"))),
            ("2027/02/06 12:41:52 -06:00", at("2027-02-06T18:41:52Z")),
            ("2027/02/06 12:41:52.123 -0600", at("2027-02-06T18:41:52.123Z")),
            ("2027/02/06 12:41:52.5 -06:00", at("2027-02-06T18:41:52.5Z")),
            ("2027-02-06 12:41:52.25 UTC", at("2027-02-06T12:41:52.25Z")),
            ("2027-02-06T12:41:52.000+0000", at("2027-02-06T12:41:52Z")),
            ("9998-12-31T23:59:59Z", at("9998-12-31T23:59:59Z")),
            ("9999-12-31", at(&far)),
            ("9999-12-31T23:59:59Z", at(&far)),
            ("9999-12-31T23:59:59", at(&far)),
            ("9999/12/31 23:59:59 -0800", at(&far)),
            ("9999/12/31 23:59:59 -08:00", at(&far)),
            ("12026-02-29T00:00:00Z", at(&far)),
            ("9999-13-31", None),
            ("9999-", None),
            ("99999999", None),
            ("2026-11-20Z", None),
            ("20.11.2026", None),
            ("2026-13-20", None),
            ("2026-11-20T08:30:00 somewhere", None),
            ("someday", None),
            ("", None),
        ] {
            let read = Ends::read(text).map(|ends| (ends.earliest.to_string(), ends.latest.to_string()));
            let expected =
                expected.map(|(earliest, latest): (&str, &str)| (earliest.to_owned(), latest.to_owned()));
            assert_eq!(read, expected, "{text}");
        }
    }
}
