use std::{collections::BTreeMap, ops::RangeInclusive, str::FromStr};

use gh_connect_engine::shown_bytes;
use http::HeaderMap;
use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::Offset,
};
use serde::{Deserialize, Serialize};

use super::stored::{store_sign, tells_of_stores};

/// The head of a reply, as far as it tells who answered. Every text in it is safe to show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The headers that tell something, names in lower case, the first value of each; of what tells of stores on the way,
    /// all values as one list.
    pub headers: BTreeMap<String, String>,
    /// Whether it sets a cookie. Cookies themselves are not kept.
    pub sets_cookie: bool,
}

impl Head {
    /// Keeps what tells something.
    pub(super) fn of(status: u16, headers: &HeaderMap) -> Self {
        let told = headers.iter().filter(|(name, _)| tells(name.as_str()));
        let mut kept = BTreeMap::<String, String>::new();
        for (name, value) in told.take(MOST_HEADERS) {
            let value = || shown_bytes(value.as_bytes(), LONGEST);
            match kept.get_mut(name.as_str()) {
                None => drop(kept.insert(name.as_str().to_owned(), value())),
                Some(list) if tells_of_stores(name.as_str()) => *list = format!("{list}, {}", value()),
                Some(_) => {}
            }
        }
        Self { status, headers: kept, sets_cookie: headers.contains_key(http::header::SET_COOKIE) }
    }

    /// A header, if it is one of those that are kept.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The id that GitHub gives every request, when it has the form of one: groups of hexadecimal digits with colons
    /// between. Only GitHub sends it, and gateways let it pass. On a reply that only a gateway makes it proves nothing.
    pub fn github_request_id(&self) -> Option<&str> {
        self.header("x-github-request-id").filter(|id| is_request_id(id) && !self.is_of_a_gateway())
    }

    /// Whether its status is one that no origin server sends: 407, by which a proxy asks for a login, and 511, by which a
    /// portal does (RFC 9110 §15.5.8, RFC 6585 §6).
    pub fn is_of_a_gateway(&self) -> bool {
        matches!(self.status, 407 | 511)
    }

    /// When the reply was made, by the clock of who made it.
    pub fn date(&self) -> Option<Timestamp> {
        http_date(self.header("date")?)
    }

    /// The header by which a cache on the way says that the reply came out of its store, as [`store_sign`].
    pub fn store_sign(&self) -> Option<String> {
        store_sign(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }

    /// Whether it sends the client elsewhere, and where to.
    pub fn redirects_to(&self) -> Option<&str> {
        matches!(self.status, 301 | 302 | 303 | 307 | 308).then(|| self.header("location")).flatten()
    }
}

/// Reads a date of HTTP in the three forms that have to be read (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`,
/// `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`. The day of the week decides nothing, so it may be wrong. A
/// leap second is the second before it.
pub fn http_date(text: &str) -> Option<Timestamp> {
    let words: Vec<&str> = text.split([' ', '-']).filter(|word| !word.is_empty()).collect();
    let (day, month, year, time) = match words[..] {
        [week, day, month, year, time, "GMT"] if week.ends_with(',') => (day, month, year, time),
        [_, month, day, time, year] => (day, month, year, time),
        _ => return None,
    };
    let month = MONTHS.iter().position(|name| *name == month)?;
    let date = Date::new(read_year(year)?, i8::try_from(month + 1).ok()?, number(day, 1..=2)?).ok()?;
    Offset::UTC.to_timestamp(DateTime::from_parts(date, read_time(time)?)).ok()
}

/// `08:49:37`
fn read_time(text: &str) -> Option<Time> {
    let (hour, rest) = text.split_once(':')?;
    let (minute, second) = rest.split_once(':')?;
    let second: i8 = number(second, 2..=2)?;
    let second = if second == 60 { 59 } else { second };
    Time::new(number(hour, 2..=2)?, number(minute, 2..=2)?, second, 0).ok()
}

/// Of two digits, those from 70 on are of the last century.
fn read_year(text: &str) -> Option<i16> {
    let year: i16 = number(text, 2..=4)?;
    match text.len() {
        4 => Some(year),
        2 if year >= 70 => Some(1900 + year),
        2 => Some(2000 + year),
        _ => None,
    }
}

/// Digits and nothing else.
fn number<N: FromStr>(text: &str, digits: RangeInclusive<usize>) -> Option<N> {
    let proper = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    proper.then(|| text.parse().ok()).flatten()
}

fn is_request_id(text: &str) -> bool {
    let groups: Vec<&str> = text.split(':').collect();
    let hexadecimal = |group: &&str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_hexdigit());
    (4..=8).contains(&groups.len()) && text.len() <= 80 && groups.iter().all(hexadecimal)
}

fn tells(name: &str) -> bool {
    TELLING.contains(&name) || name.starts_with("x-ratelimit-") || tells_of_stores(name)
}

const TELLING: [&str; 15] = [
    "x-github-request-id",
    "x-github-enterprise-version",
    "x-github-backend",
    "x-vss-e2eid",
    "x-tfs-processid",
    "x-squid-error",
    "server",
    "date",
    "content-type",
    "content-length",
    "location",
    "refresh",
    "retry-after",
    "www-authenticate",
    "proxy-authenticate",
];
const MOST_HEADERS: usize = 32;
const LONGEST: usize = 200;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_read_in_three_forms() {
        let expected = "1994-11-06T08:49:37Z".parse().ok();
        let leap = "2016-12-31T23:59:59Z".parse().ok();
        for (text, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", expected),
            ("Sunday, 06-Nov-94 08:49:37 GMT", expected),
            ("Sun Nov  6 08:49:37 1994", expected),
            ("Mon, 06 Nov 1994 08:49:37 GMT", expected),
            ("Sat, 31 Dec 2016 23:59:60 GMT", leap),
            ("Sunday, 06-Nov-26 08:49:37 GMT", "2026-11-06T08:49:37Z".parse().ok()),
            ("Sun, 06 Nov 1994 08:49:37 +00", None),
            ("Sun, 06 Nov 1994 08:49:37 UTC", None),
            ("Sun, 06 Nov 1994 08:49:37", None),
            ("Sun, 36 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 24:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49:61 GMT", None),
            ("Sun, 06 Nov 994 08:49:37 GMT", None),
            ("Sun, 06 Nov +994 08:49:37 GMT", None),
            ("1994-11-06T08:49:37Z", None),
            ("", None),
        ] {
            assert_eq!(http_date(text), expected, "{text}");
        }
    }

    #[test]
    fn request_ids_have_a_form() {
        for (id, expected) in [
            ("8F3C:20B1C:100AD3F:12B8A01:6921F0C4", true),
            ("c2f0:1a2b:3c4d:5e6f", true),
            ("", false),
            ("8F3C", false),
            ("8F3C::100AD3F:12B8A01", false),
            ("0000-0000:1:2:3", false),
            ("blocked by policy", false),
        ] {
            let headers = HeaderMap::from_iter([(
                http::HeaderName::from_static("x-github-request-id"),
                HeaderValue::from_static(id),
            )]);
            assert_eq!(Head::of(200, &headers).github_request_id().is_some(), expected, "{id}");
        }
    }

    #[test]
    fn only_what_tells_something_is_kept_and_made_safe() {
        let mut headers = HeaderMap::new();
        headers.insert("set-cookie", HeaderValue::from_static("session=secret"));
        headers.insert("server", HeaderValue::from_bytes(b"gateway \x9b31m").expect("obs-text"));
        headers.insert("x-filler", HeaderValue::from_static("a"));
        headers.insert("x-ratelimit-remaining", HeaderValue::from_static("0"));
        let head = Head::of(403, &headers);
        assert!(head.sets_cookie);
        assert_eq!(head.header("server"), Some("gateway \u{fffd}31m"));
        assert_eq!(head.headers.keys().collect::<Vec<_>>(), ["server", "x-ratelimit-remaining"]);
    }

    proptest! {
        #[test]
        fn any_text_is_a_date_or_not(text in ".{0,40}", day in 0u8..40, year in 0u16..9999) {
            let _ = http_date(&text);
            let _ = http_date(&format!("Sun, {day:02} Nov {year:04} 08:49:37 GMT"));
        }

        #[test]
        fn what_is_written_is_read(seconds in 0i64..253_402_300_799) {
            let at = Timestamp::from_second(seconds).expect("in range");
            let text = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            prop_assert_eq!(http_date(&text), Some(at));
        }
    }
}
