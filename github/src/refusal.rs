use std::net::IpAddr;

use gh_connect_engine::{shown, shown_bytes};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Api, NoReply, scopes::Scopes};

/// What an interface says, or does, instead of answering. Recognised by the forms of facts §6. All text is safe to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "refusal")]
pub enum Refusal {
    /// 401 although a credential was sent.
    #[error("the credentials were rejected: {message}")]
    BadCredentials {
        /// In its own words.
        message: String,
    },
    /// 401, and no credential was sent: a server in private mode, for instance.
    #[error("nobody is answered without a token: {message}")]
    Anonymous {
        /// In its own words.
        message: String,
    },
    /// The token is good, and not authorised for the enterprise's single sign-on.
    #[error("the token is not authorised for single sign-on")]
    SsoRequired {
        /// Where that can be done, without the query, which is good for an hour only.
        url: Option<String>,
    },
    /// The token has none of the scopes that are needed.
    #[error("the token has the scopes [{}] and needs one of [{}]", .has.join(", "), .needs.join(", "))]
    MissingScopes {
        /// Any of these will do.
        needs: Vec<String>,
        /// What the token has.
        has: Vec<String>,
    },
    /// The fine-grained token or app lacks a permission.
    #[error("the token lacks a permission{}", .accepted.as_ref().map(|it| format!(": {it}")).unwrap_or_default())]
    MissingPermission {
        /// Which would do, as the interface writes it.
        accepted: Option<String>,
    },
    /// An IP allow list does not permit the address that the request came from.
    #[error("the IP allow list does not permit {}", .address.map_or("this address".to_owned(), |it| it.to_string()))]
    AllowList {
        /// The address as GitHub saw it, where it says so.
        address: Option<IpAddr>,
        /// `enterprise` or `organization`.
        owner_kind: Option<String>,
        /// The slug or login of whose list it is.
        owner: Option<String>,
    },
    /// A policy of the enterprise or an organization forbids tokens like this one.
    #[error("a policy forbids this token: {message}")]
    Policy {
        /// In its own words.
        message: String,
    },
    /// Too many requests.
    #[error("too many requests: the {limit} rate limit is used up")]
    RateLimited {
        /// Which limit.
        limit: RateLimit,
        /// When it is over, where that is said.
        resets_at: Option<Timestamp>,
        /// After how many seconds to ask again, where that is said.
        retry_after_s: Option<u64>,
    },
    /// It is not there, or the caller may not know that it is: the same answer.
    #[error("there is no such thing, or it may not be seen: {message}")]
    NotFound {
        /// In its own words.
        message: String,
    },
    /// Forbidden, for a reason that has no published form.
    #[error("it is forbidden: {message}")]
    Forbidden {
        /// In its own words.
        message: String,
    },
    /// The answer to a question was null, without a reason.
    #[error("the answer holds no {path}")]
    Null {
        /// What was null.
        path: String,
    },
    /// A redirection. It is not followed: no token goes to another host.
    #[error("it redirects{}", .host.as_ref().map(|it| format!(" to {it}")).unwrap_or_default())]
    Redirected {
        /// The status.
        status: u16,
        /// To which host, where the redirection names one.
        host: Option<String>,
    },
    /// 5xx.
    #[error("it is in trouble: status {status}")]
    ServerError {
        /// The status.
        status: u16,
    },
    /// Anything else that is no answer.
    #[error("{message}")]
    Unexpected {
        /// The status.
        status: u16,
        /// In its own words, or ours.
        message: String,
    },
    /// The body is no JSON.
    #[error("what came is no JSON")]
    NotJson {
        /// What it says it is.
        content_type: Option<String>,
        /// How it begins; not kept where secrets may stand in it.
        began: Option<String>,
    },
    /// The body is larger than an answer can be.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// The JSON is nested more deeply than an answer can be.
    #[error("the answer is nested too deeply")]
    TooDeep,
    /// The JSON is not of the published shape.
    #[error("the answer{} is not {expected}", if path == WHOLE { String::new() } else { format!("'s {path}") })]
    WrongShape {
        /// Where, `data.enterprise.slug`; `.` is all of it.
        path: String,
        /// What should stand there.
        expected: String,
    },
    /// No whole reply came.
    #[error("{0}")]
    NoReply(NoReply),
}

/// A limit of requests (GitHub docs: Rate limits for the REST API).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateLimit {
    /// So many in an hour.
    Primary,
    /// Too many at once.
    Secondary,
}

impl std::fmt::Display for RateLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        })
    }
}

impl Refusal {
    /// Whether it may be what the token's scopes or permissions keep from it: interfaces often say no more than that there is
    /// nothing.
    pub fn may_be_of_permission(&self) -> bool {
        matches!(
            self,
            Self::MissingScopes { .. }
                | Self::MissingPermission { .. }
                | Self::NotFound { .. }
                | Self::Forbidden { .. }
        )
    }

    /// What a reply says instead of an answer; `None` for 200 alone, the one status that every answer to a question here has
    /// (facts §3, §4): that something is accepted, empty or cut off answers none. `credential` is whether one was sent.
    pub fn of_rest(status: u16, headers: &HeaderMap, body: &[u8], credential: bool) -> Option<Self> {
        if status == 200 {
            return None;
        }
        if (201..300).contains(&status) {
            return Some(Self::Unexpected { status, message: words(&message(body), status) });
        }
        if (300..400).contains(&status) {
            return Some(Self::Redirected { status, host: location_host(headers) });
        }
        if status >= 500 {
            return Some(Self::ServerError { status });
        }
        let text = message(body);
        Some(match (status, Self::of_text(&text, headers)) {
            (_, Some(refusal)) => refusal,
            (403 | 429, None) if is(headers, "x-ratelimit-remaining", "0") => {
                limited(RateLimit::Primary, headers)
            }
            (429, None) => limited(RateLimit::Secondary, headers),
            (401, None) if credential => Self::BadCredentials { message: words(&text, status) },
            (401, None) => Self::Anonymous { message: words(&text, status) },
            (403 | 404, None) => {
                Self::of_scopes(headers).unwrap_or_else(|| match (status, permissions(headers)) {
                    (403, Some(accepted)) => Self::MissingPermission { accepted: Some(accepted) },
                    (403, None) => Self::Forbidden { message: words(&text, status) },
                    _ => Self::NotFound { message: words(&text, status) },
                })
            }
            (_, None) => Self::Unexpected { status, message: words(&text, status) },
        })
    }

    /// What an entry of a GraphQL reply's `errors` means. These come with status 200.
    pub fn of_graphql(error: &GraphQlError, headers: &HeaderMap) -> Self {
        let text = error.message.as_deref().unwrap_or_default();
        let message = || words(text, 200);
        let kind = error.kind.as_deref().unwrap_or_default();
        if error.extensions.saml_failure == Some(true) {
            return Self::SsoRequired { url: sso_url(headers) };
        }
        if let Some(refusal) = Self::of_text(text, headers) {
            return refusal;
        }
        match kind {
            "INSUFFICIENT_SCOPES" => Self::MissingScopes {
                needs: Vec::new(),
                has: Scopes::granted(headers).map(Scopes::into_names).unwrap_or_default(),
            },
            "NOT_FOUND" => Self::NotFound { message: message() },
            "RATE_LIMITED" | "RATE_LIMIT" => limited(RateLimit::Primary, headers),
            "FORBIDDEN" => Self::Forbidden { message: message() },
            _ => Self::Unexpected { status: 200, message: message() },
        }
    }

    /// The check that owns the reason, so that others need not tell it again. This is the one table of it: what the
    /// credential is to blame for is owned by `token`, the address by `allow-list`, and all else that is no answer by the
    /// check that asks whether there is anybody to answer, `enterprise` for the cloud and `server` for the server. What the
    /// network is to blame for stops the fact, before there is a refusal.
    pub fn owner(&self, api: Api) -> &'static str {
        match (self, api) {
            (
                Self::BadCredentials { .. }
                | Self::Anonymous { .. }
                | Self::SsoRequired { .. }
                | Self::MissingScopes { .. }
                | Self::MissingPermission { .. }
                | Self::Policy { .. }
                | Self::RateLimited { .. },
                _,
            ) => "token",
            (Self::AllowList { .. }, Api::Cloud) => "allow-list",
            (_, api) => api.owner(),
        }
    }

    /// What the words of a refusal mean, whatever they came with.
    fn of_text(text: &str, headers: &HeaderMap) -> Option<Self> {
        let has = |part: &str| text.contains(part);
        Some(if has("IP allow list enabled") {
            allow_list(text)
        } else if has("SAML enforcement")
            || headers.get(SSO).is_some_and(|it| it.as_bytes().starts_with(b"required"))
        {
            Self::SsoRequired { url: sso_url(headers) }
        } else if has("secondary rate limit") {
            limited(RateLimit::Secondary, headers)
        } else if has("API rate limit exceeded") || has("API rate limit already exceeded") {
            limited(RateLimit::Primary, headers)
        } else if has("forbids access via a") && has("personal access token") {
            Self::Policy { message: words(text, 403) }
        } else if has("has not been granted the required scopes") {
            Self::MissingScopes {
                needs: quoted_list(text, "of the following scopes: ["),
                has: quoted_list(text, "been granted the: ["),
            }
        } else if has("login attempts exceeded") {
            Self::BadCredentials { message: words(text, 403) }
        } else if has("Resource not accessible by") {
            Self::MissingPermission { accepted: permissions(headers) }
        } else if has("Could not resolve to a") {
            Self::NotFound { message: words(text, 200) }
        } else {
            return None;
        })
    }

    /// `None` unless the interface says which scopes it accepts, and the token has none of them.
    fn of_scopes(headers: &HeaderMap) -> Option<Self> {
        let needs = Scopes::accepted(headers)?;
        let has = Scopes::granted(headers)?;
        let enough = needs.names().is_empty() || needs.names().iter().any(|scope| has.grant(scope));
        (!enough).then(|| Self::MissingScopes { needs: needs.into_names(), has: has.into_names() })
    }
}

/// An entry of `errors` in a GraphQL reply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct GraphQlError {
    /// `FORBIDDEN`, `NOT_FOUND`, `INSUFFICIENT_SCOPES`; not all replies have one.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// The field that it is about; empty where it is about the whole.
    #[serde(default, deserialize_with = "crate::json::steps")]
    pub path: Vec<String>,
    /// In words.
    #[serde(default)]
    pub message: Option<String>,
    /// More about it.
    #[serde(default, deserialize_with = "crate::json::or_default")]
    pub extensions: Extensions,
}

/// More about a GraphQL error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Extensions {
    /// Whether single sign-on is what is missing.
    #[serde(default)]
    pub saml_failure: Option<bool>,
}

fn allow_list(text: &str) -> Refusal {
    let between = |before: &str, after: &str| Some(text.split_once(before)?.1.split_once(after)?.0);
    let address = between("list enabled, and ", " is not permitted").and_then(|it| it.trim().parse().ok());
    let named = between("the `", " has an IP allow list").and_then(|it| it.split_once("` "));
    let (owner, owner_kind) = named.map(|(name, kind)| (shown(name, 100), shown(kind, 40))).unzip();
    Refusal::AllowList { address, owner_kind, owner }
}

fn limited(limit: RateLimit, headers: &HeaderMap) -> Refusal {
    let number = |name: &str| header(headers, name)?.parse::<i64>().ok();
    Refusal::RateLimited {
        limit,
        resets_at: number("x-ratelimit-reset").and_then(|seconds| Timestamp::from_second(seconds).ok()),
        retry_after_s: number("retry-after").and_then(|seconds| u64::try_from(seconds).ok()),
    }
}

/// `required; url=https://github.com/enterprises/acme/sso?authorization_request=…`, up to the question mark.
fn sso_url(headers: &HeaderMap) -> Option<String> {
    let (_, url) = header(headers, SSO)?.split_once("url=")?;
    let url = url.split(['?', '#', ';', ' ']).next()?;
    (url.starts_with("https://") && !url.contains('@')).then(|| shown(url, 200))
}

fn permissions(headers: &HeaderMap) -> Option<String> {
    header(headers, "x-accepted-github-permissions").map(|value| shown(value, 200))
}

/// The host that a `Location` leads to.
pub(crate) fn location_host(headers: &HeaderMap) -> Option<String> {
    let url = url::Url::parse(header(headers, "location")?).ok()?;
    url.host_str().map(|host| shown(host, 253))
}

/// The names in `['user:email', 'read:user']` after `before`.
fn quoted_list(text: &str, before: &str) -> Vec<String> {
    let list = text.split_once(before).and_then(|(_, rest)| rest.split_once(']'));
    let names = list.map(|(list, _)| list.split(',')).into_iter().flatten();
    let names = names.map(|name| name.trim().trim_matches(['\'', '"'])).filter(|name| !name.is_empty());
    names.take(MOST_SCOPES).map(|name| shown(name, 60)).collect()
}

/// `message` of a JSON body.
pub(crate) fn message(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Said {
        #[serde(default)]
        message: Option<String>,
    }
    serde_json::from_slice::<Said>(body).ok().and_then(|said| said.message).unwrap_or_default()
}

/// The interface's words, or the status in ours.
fn words(text: &str, status: u16) -> String {
    if text.trim().is_empty() {
        let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        return format!("status {status} {}", reason.unwrap_or_default()).trim().to_owned();
    }
    shown(text.trim(), LONGEST_MESSAGE)
}

fn is(headers: &HeaderMap, name: &str, value: &str) -> bool {
    header(headers, name) == Some(value)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// What a body of which nothing can be read looks like.
pub(crate) fn not_json(headers: &HeaderMap, body: Option<&[u8]>) -> Refusal {
    Refusal::NotJson {
        content_type: header(headers, "content-type").map(|value| shown(value, 80)),
        began: body
            .map(|body| shown_bytes(&body[..body.len().min(80)], gh_connect_engine::MOST_OF_A_BYTE * 80)),
    }
}

/// What serde_path_to_error calls the path to all of it.
const WHOLE: &str = ".";
const SSO: &str = "x-github-sso";
const LONGEST_MESSAGE: usize = 300;
const MOST_SCOPES: usize = 40;

#[cfg(test)]
mod tests;
