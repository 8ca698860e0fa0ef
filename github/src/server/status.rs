use gh_connect_engine::{Cx, Fact, Stop, shown, shown_bytes};
use http::{HeaderMap, Method, header};
use serde::{Deserialize, Serialize};

use crate::{
    Api, NoReply, OfTheRun, Refusal,
    client::{Client, Reply, Request, Unopened},
    refusal::location_host,
};

/// What the server answers at `/status`, where load balancers ask (facts §3.2). Nothing in the request says who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// What came.
    pub heard: Heard,
}

/// What came of asking a server for its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Heard {
    /// A reply.
    Reply {
        /// The status; 200 when all is well, 503 in maintenance mode.
        status: u16,
        /// How the body begins, safe to show: `GitHub lives!`
        text: String,
        /// The title of a page, wherever it stands in it; without one its first heading.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// What a person would read of the body, if it begins with other than that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
        /// The type of the body, as said.
        content_type: Option<String>,
        /// What calls itself the server software.
        server: Option<String>,
        /// `X-GitHub-Request-Id`, which GitHub's own software sends.
        has_request_id: bool,
        /// The host that a redirection leads to.
        redirects_to: Option<String>,
    },
    /// No reply.
    Silence {
        /// Why.
        why: NoReply,
    },
}

impl Status {
    /// Whether anything replies over verified TLS.
    pub fn is_reached(&self) -> bool {
        matches!(self.heard, Heard::Reply { .. })
    }

    /// Whether it says that it is well, so that what else it says can be judged by itself.
    pub fn is_well(&self) -> bool {
        matches!(self.heard, Heard::Reply { status: 200, .. })
    }
}

impl Fact for Status {
    const ID: &'static str = "server.status";
    const OWNERS: &'static [&'static str] = &[Api::Server.owner()];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let client = match Client::of(cx, Api::Server).await {
            Ok(client) => client,
            Err(Unopened::Stop(stop)) => return Err(stop),
            Err(Unopened::NoReply(why)) => return Ok(Self { heard: Heard::Silence { why } }),
        };
        let request = Request {
            method: Method::GET,
            target: STATUS,
            accept: "*/*",
            credential: false,
            body: None,
            most: MOST_BODY,
            as_it_is: false,
        };
        let heard = match client.send(cx, request).await? {
            Ok(reply) => Heard::of(&reply),
            Err(Refusal::NoReply(why)) => Heard::Silence { why },
            // A page of that size is no status.
            Err(why) => Heard::Silence { why: NoReply::Other { text: why.to_string() } },
        };
        Ok(Self { heard })
    }
}

impl Heard {
    fn of(reply: &Reply) -> Self {
        let said = |name| said(&reply.headers, name);
        Self::Reply {
            status: reply.status,
            text: shown_bytes(&reply.body, LONGEST_TEXT),
            title: title(&reply.body),
            words: words(&reply.body),
            content_type: said(header::CONTENT_TYPE.as_str()),
            server: said(header::SERVER.as_str()),
            has_request_id: reply.headers.contains_key("x-github-request-id"),
            redirects_to: location_host(&reply.headers),
        }
    }
}

/// A maintenance page may have its pictures before its title.
fn title(page: &[u8]) -> Option<String> {
    let page = String::from_utf8_lossy(page);
    // Of the same length, so that places in the one are places in the other.
    let lower = page.to_ascii_lowercase();
    [("<title", "</title"), ("<h1", "</h1")].iter().find_map(|(open, close)| {
        let opened = lower.match_indices(open).map(|(at, _)| at + open.len());
        let whole = opened.filter(|at| lower[*at..].starts_with(['>', ' ', '\t', '\r', '\n', '/']));
        whole.take(MOST_ELEMENTS).find_map(|at| {
            let begin = at + lower[at..].find('>')? + 1;
            let end = begin + lower[begin..].find(close)?;
            let text = page[begin..end].split_whitespace().collect::<Vec<_>>().join(" ");
            (!text.is_empty()).then(|| shown(&text, LONGEST_TEXT))
        })
    })
}

fn words(page: &[u8]) -> Option<String> {
    let page = String::from_utf8_lossy(&page[..page.len().min(READABLE)]);
    let words = shown(&gh_connect_probe::proxy::words(&page, MOST_WORDS), MOST_WORDS);
    (words != shown(page.trim(), MOST_WORDS)).then_some(words)
}

fn said(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| shown_bytes(value.as_bytes(), 80))
}

/// A maintenance page with its pictures.
const MOST_BODY: u64 = 1 << 20;
const LONGEST_TEXT: usize = 120;
/// Of a page, what is read for its words, and how many characters of these are kept.
const READABLE: usize = 64 * 1024;
const MOST_WORDS: usize = 400;
/// Elements in which a title is looked for.
const MOST_ELEMENTS: usize = 4;

/// Where load balancers ask.
pub(crate) const STATUS: &str = "/status";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_title_is_found_wherever_it_stands() {
        let pictures = format!("<style>body {{ background: url({}) }}</style>", "A".repeat(5_000));
        for (page, expected) in [
            (
                format!("<html>{pictures}<TITLE lang=en>\nGitHub  Enterprise</Title>"),
                Some("GitHub Enterprise"),
            ),
            (format!("<titles>no</titles>{pictures}<title></title><h1 class=x>Down</h1>"), Some("Down")),
            ("<h1>first</h1><title>second</title>".to_owned(), Some("second")),
            ("<title>without an end".to_owned(), None),
            ("<title".to_owned(), None),
            ("GitHub lives!".to_owned(), None),
        ] {
            assert_eq!(title(page.as_bytes()).as_deref(), expected, "{page}");
        }
    }

    #[test]
    fn words_are_kept_where_the_page_is_more_than_they_are() {
        assert_eq!(words(b"GitHub lives!\n"), None);
        assert_eq!(words(b"<p>Down for <b>main</b>tenance</p>").as_deref(), Some("Down for maintenance"));
    }

    proptest! {
        #[test]
        fn any_page_is_read(page in r"(<|>|/|title|h1|TITLE|İ|ſ| |x){0,30}") {
            let _ = (title(page.as_bytes()), words(page.as_bytes()));
        }
    }
}
