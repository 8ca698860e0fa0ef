//! Paging over REST: `per_page`, pages or cursors, and the `Link` header that leads on (RFC 8288).

use std::fmt::Write as _;
use std::ops::Range;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Call;
use crate::http1::Reply;

/// How many a page has: what the caller wants, at most 100.
pub(crate) fn size(call: &Call<'_>, usual: usize) -> usize {
    call.parameter("per_page").and_then(|size| size.parse().ok()).unwrap_or(usual).clamp(1, 100)
}

/// The numbered page that a caller wants of `count` things, and its `Link` header.
pub(crate) fn numbered(
    call: &Call<'_>,
    api: &str,
    count: usize,
    usual: usize,
) -> (Range<usize>, Option<String>) {
    let size = size(call, usual);
    let page: usize = call.parameter("page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1);
    let last = count.div_ceil(size).max(1);
    let start = (page - 1).saturating_mul(size).min(count);
    let end = (start + size).min(count);
    let link = |to: usize, rel: &'static str| (vec![("page", to.to_string())], rel);
    let mut links = Vec::new();
    if page > 1 {
        links.push(link(page.min(last + 1) - 1, "prev"));
        links.push(link(1, "first"));
    }
    if page < last {
        links.push(link(page + 1, "next"));
        links.push(link(last, "last"));
    }
    (start..end, header(call, api, &links))
}

/// The `Link` header: the caller's own address with other parameters.
pub(crate) fn header(call: &Call<'_>, api: &str, links: &[(Vec<(&str, String)>, &str)]) -> Option<String> {
    let mut out = String::new();
    for (changes, rel) in links {
        let kept = ["phrase", "include", "order", "per_page"]
            .iter()
            .filter_map(|&name| call.parameter(name).map(|value| (name, value)));
        let all: Vec<String> = kept
            .chain(changes.iter().map(|(name, value)| (*name, value.clone())))
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(&value, QUERY)))
            .collect();
        let separator = if out.is_empty() { "" } else { ", " };
        let _ = write!(out, "{separator}<{api}{}?{}>; rel=\"{rel}\"", call.request.path(), all.join("&"));
    }
    (!out.is_empty()).then_some(out)
}

/// A reply with its `Link` header, where there is one.
pub(crate) fn linked(reply: Reply, link: Option<String>) -> Reply {
    match link {
        Some(link) => reply.with("Link", link),
        None => reply,
    }
}

const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
