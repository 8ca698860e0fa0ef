use std::collections::BTreeMap;

use gh_connect_engine::shown_bytes;
use http::HeaderMap;
use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use serde::{Deserialize, Serialize};

/// The head of a reply, as far as it tells who answered. Every text in it is safe to show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The headers that tell something, names in lower case, the first value of each.
    pub headers: BTreeMap<String, String>,
    /// Whether it sets a cookie. Cookies themselves are not kept.
    pub sets_cookie: bool,
}

impl Head {
    /// Keeps what tells something.
    pub(super) fn of(status: u16, headers: &HeaderMap) -> Self {
        let told = headers
            .iter()
            .filter(|(name, _)| TELLING.contains(&name.as_str()) || is_rate_limit(name.as_str()));
        let mut kept = BTreeMap::new();
        for (name, value) in told.take(MOST_HEADERS) {
            kept.entry(name.as_str().to_owned()).or_insert_with(|| shown_bytes(value.as_bytes(), LONGEST));
        }
        Self { status, headers: kept, sets_cookie: headers.contains_key(http::header::SET_COOKIE) }
    }

    /// A header, if it is one of those that are kept.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The id that GitHub gives every request, when it has the form of one: groups of hexadecimal digits with colons
    /// between. Only GitHub sends it, and gateways let it pass.
    pub fn github_request_id(&self) -> Option<&str> {
        self.header("x-github-request-id").filter(|id| is_request_id(id))
    }

    /// When the reply was made, by the clock of who made it.
    pub fn date(&self) -> Option<Timestamp> {
        http_date(self.header("date")?)
    }

    /// Whether it sends the client elsewhere, and where to.
    pub fn redirects_to(&self) -> Option<&str> {
        matches!(self.status, 301 | 302 | 303 | 307 | 308).then(|| self.header("location")).flatten()
    }
}

/// Reads a date of HTTP (RFC 9110 §5.6.7) in the one form that servers may send today: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn http_date(text: &str) -> Option<Timestamp> {
    if text.len() != "Sun, 06 Nov 1994 08:49:37 GMT".len() || !text.ends_with(" GMT") {
        return None;
    }
    DateTimeParser::new().parse_timestamp(text).ok()
}

fn is_request_id(text: &str) -> bool {
    let groups: Vec<&str> = text.split(':').collect();
    let hexadecimal = |group: &&str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_hexdigit());
    (4..=8).contains(&groups.len()) && text.len() <= 80 && groups.iter().all(hexadecimal)
}

fn is_rate_limit(name: &str) -> bool {
    name.starts_with("x-ratelimit-")
}

const TELLING: [&str; 11] = [
    "x-github-request-id",
    "server",
    "date",
    "age",
    "content-type",
    "content-length",
    "location",
    "via",
    "retry-after",
    "www-authenticate",
    "proxy-authenticate",
];
const MOST_HEADERS: usize = 24;
const LONGEST: usize = 200;

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_read_in_the_one_form() {
        let expected = "1994-11-06T08:49:37Z".parse().ok();
        for (text, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", expected),
            ("Sunday, 06-Nov-94 08:49:37 GMT", None),
            ("Sun Nov  6 08:49:37 1994", None),
            ("Sun, 06 Nov 1994 08:49:37 +00", None),
            ("Sun, 36 Nov 1994 08:49:37 GMT", None),
            ("Mon, 06 Nov 1994 08:49:37 GMT", None),
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
