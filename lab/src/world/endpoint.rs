//! Single endpoints that answer in another way than their server would.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// What differs at one endpoint.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Endpoint {
    /// What becomes of the usual answer.
    pub answer: EndpointAnswer,
    /// A status in place of the usual one.
    pub status: Option<u16>,
    /// A body in place of the usual one.
    pub body: Option<String>,
    /// Values in place of the usual ones in the JSON, by where they stand: `nodes.0.replica`.
    pub set: BTreeMap<String, serde_json::Value>,
    /// Where null stands in the place of the usual value.
    pub null: Vec<String>,
    /// Which fields and elements are left out.
    pub without: Vec<String>,
    /// Which elements come twice, one after the other.
    pub twice: Vec<String>,
    /// Headers in place of or beside the usual ones; an empty value takes a header away.
    pub headers: BTreeMap<String, String>,
    /// Where a redirection leads.
    pub location: Option<String>,
    /// The answer is held back for this long.
    pub delay_ms: u64,
    /// Only requests whose body or query holds this text.
    pub about: Option<String>,
    /// Only at this address of the host.
    pub at: Option<IpAddr>,
    /// Only once this has happened on the web pages.
    pub once: Option<Once>,
}

/// What happens on the web pages.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Once {
    /// Somebody has signed in on the server.
    SignedIn,
    /// The setup was begun on the server.
    Pressed,
    /// An enterprise account was chosen on the cloud.
    Chosen,
}

/// What becomes of the usual answer of an endpoint.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointAnswer {
    /// Nothing.
    #[default]
    Usual,
    /// 404.
    NotFound,
    /// 403 without the permission, as a fine-grained token or an app gets it.
    Forbidden,
    /// 503 and GitHub's page for bad times.
    Unavailable,
    /// The primary rate limit is used up.
    RateLimit,
    /// The secondary rate limit, with `retry-after`.
    SecondaryRateLimit,
    /// The secondary rate limit, without.
    SecondaryRateLimitUntold,
    /// A web gateway's block page.
    BlockPage,
    /// A redirection to `location`.
    Redirect,
    /// Never.
    Silent,
    /// The connection ends without one.
    Close,
    /// A byte a second.
    Drip,
    /// A body that never ends.
    EndlessBody,
    /// A head that never ends (over HTTP/2 the connection ends instead).
    EndlessHead,
    /// Half of it, then the connection ends.
    Truncated,
    /// JSON of 16 MiB.
    Huge,
    /// JSON a hundred thousand arrays deep.
    Deep,
    /// No bytes.
    Empty,
    /// Every value of another type: numbers for texts, texts for numbers, lists for objects.
    WrongTypes,
    /// Every value null.
    Nulls,
    /// An object without fields, or a list without elements.
    Hollow,
    /// Every object in a list of its own.
    Arrays,
    /// Fields that no schema knows, in every object.
    ExtraFields,
    /// UTF-16, said to be UTF-8.
    WrongCharset,
    /// Control characters and terminal escapes in every text.
    Escape,
}

/// Tables with endpoints as keys: `HOST[:PORT]/PATH`, all paths that begin alike with a `*` at the end.
pub(super) fn keyed<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Endpoint>, D::Error> {
    let endpoints = BTreeMap::<String, Endpoint>::deserialize(deserializer)?;
    for name in endpoints.keys() {
        let path_at = name.find('/').unwrap_or_default();
        let is_plain =
            name.strip_suffix('*').unwrap_or(name).bytes().all(|b| b.is_ascii_graphic() && b != b'*');
        if path_at == 0 || !is_plain {
            return Err(D::Error::custom(format!(
                "`{name}` is no endpoint; allowed: a host, a port if it is not 443, a path, such as \
                 `api.github.com/user` or `ghes.corp.example:8443/manage/v1/*`"
            )));
        }
    }
    Ok(endpoints)
}
