//! Replies out of a store (RFC 9111): what a cache on the way says of itself. Such a reply proves nothing about who can be
//! reached now.

use gh_connect_engine::shown;
use http::HeaderMap;

/// The header by which a cache on the way says that it answered from its store, `age: 17`, safe to show; `None` where none
/// says so. Names are in lower case; a name may come more than once.
pub fn store_sign<'a>(headers: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Option<String> {
    let passed_on = headers.clone().any(|(name, value)| name == "x-cache" && is_miss(value));
    let (name, value) = headers.into_iter().find(|(name, value)| match *name {
        // It says whether a copy was there, `X-Cache` whether it was used.
        "x-cache-lookup" => !passed_on && is_hit(value),
        name => says_stored(name, value),
    })?;
    Some(shown(&format!("{name}: {}", value.trim()), LONGEST_SIGN))
}

/// The same of a whole head.
pub fn store_sign_of(headers: &HeaderMap) -> Option<String> {
    let texts: Vec<(&str, &str)> =
        headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    store_sign(texts.into_iter())
}

/// Whether a header may tell of a store. Its lines are one list (RFC 9110 §5.3).
pub(super) fn tells_of_stores(name: &str) -> bool {
    matches!(name, "age" | "via" | "warning" | "x-varnish" | "server-timing") || is_of_a_cache(name)
}

fn says_stored(name: &str, value: &str) -> bool {
    match name {
        // An age that is no number is none that could be zero (RFC 9111 §5.1).
        "age" => value.split(',').any(|age| age.trim().parse::<u64>() != Ok(0)),
        // Response is stale, revalidation failed, disconnected operation, heuristic expiration (RFC 7234 §5.5).
        "warning" => {
            value.split(',').any(|one| matches!(first_word(one), Some("110" | "111" | "112" | "113")))
        }
        // The second number is the request that had the reply stored.
        "x-varnish" => value.split(',').any(|ids| ids.split_whitespace().count() > 1),
        "cache-status" => value.split(',').any(|cache| {
            cache.split(';').skip(1).any(|parameter| matches!(parameter.trim(), "hit" | "hit=?1"))
        }),
        "via" => is_hit(value) || value.split('[').skip(1).any(is_traffic_server_hit),
        "server-timing" => value.contains("cache") && is_hit(value),
        name if is_of_a_cache(name) && name.ends_with("hits") => {
            value.split(',').any(|hits| hits.trim().parse::<u64>().is_ok_and(|hits| hits > 0))
        }
        name => is_of_a_cache(name) && is_hit(value),
    }
}

/// `x-cache`, `cf-cache-status`, `x-proxy-cache` and their like; not what says how long others may keep it.
fn is_of_a_cache(name: &str) -> bool {
    name.contains("cache") && !name.ends_with("control") && !name.ends_with("key") && !name.ends_with("tags")
}

/// `HIT from proxy`, `TCP_MEM_HIT`, `RefreshHit`, `STALE`: words for what was in the store.
fn is_hit(value: &str) -> bool {
    words(value)
        .any(|word| word.ends_with("HIT") || matches!(&word[..], "STALE" | "UPDATING" | "REVALIDATED"))
}

fn is_miss(value: &str) -> bool {
    words(value).any(|word| word == "MISS") && !is_hit(value)
}

fn words(value: &str) -> impl Iterator<Item = String> {
    value.split(|c: char| !c.is_ascii_alphabetic()).map(str::to_ascii_uppercase)
}

fn first_word(text: &str) -> Option<&str> {
    text.split_whitespace().next()
}

/// Apache Traffic Server's code, `uScHs f p eN:…]`: after `c` stands what the look into the store found; H, R and S are hits.
fn is_traffic_server_hit(code: &str) -> bool {
    let found = code.strip_prefix('u').and_then(|code| code.split_once('c'));
    found.is_some_and(|(client, rest)| client.len() <= 2 && rest.starts_with(['H', 'R', 'S']))
}

const LONGEST_SIGN: usize = 120;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sign(headers: &[(&str, &str)]) -> Option<String> {
        store_sign(headers.iter().copied())
    }

    #[test]
    fn caches_say_what_came_out_of_their_store() {
        for headers in [
            &[("age", "17")][..],
            &[("age", "0, 17")],
            &[("age", "old")],
            &[("x-cache", "HIT")],
            &[("x-cache", "HIT from proxy.corp.example")],
            &[("x-cache", "TCP_MEM_HIT")],
            &[("x-cache", "MISS, HIT")],
            &[("x-cache", "RefreshHit from cloudfront")],
            &[("x-cache-lookup", "HIT from proxy.corp.example:3128")],
            &[("x-cache-hits", "0, 1")],
            &[("cf-cache-status", "HIT")],
            &[("cf-cache-status", "STALE")],
            &[("x-proxy-cache", "hit")],
            &[("x-cache-status", "REVALIDATED")],
            &[("cache-status", "\"Corp\"; hit; ttl=30")],
            &[("cache-status", "Inner; fwd=miss, Outer; hit")],
            &[("x-varnish", "32770 12")],
            &[("warning", "110 proxy \"Response is stale\"")],
            &[("warning", "214 proxy \"Changed\", 112 - \"Disconnected\"")],
            &[("via", "1.1 proxy (squid/5.7 HIT)")],
            &[("via", "http/1.1 gw (ApacheTrafficServer/9.1.3 [uScHs f p eN:t cCHp s ])")],
            &[("server-timing", "cdn-cache; desc=HIT")],
        ] {
            let seen = sign(headers);
            assert!(seen.is_some_and(|seen| seen.starts_with(headers[0].0)), "{headers:?}");
        }
    }

    #[test]
    fn what_was_only_passed_on_is_live() {
        for headers in [
            &[][..],
            &[("age", "0")],
            &[
                ("x-cache", "MISS from proxy.corp.example"),
                ("x-cache-lookup", "HIT from proxy.corp.example:3128"),
            ],
            &[("x-cache", "CONFIG_NOCACHE")],
            &[("x-cache-lookup", "MISS from proxy.corp.example:3128")],
            &[("x-cache-hits", "0")],
            &[("cf-cache-status", "DYNAMIC")],
            &[("cache-status", "Corp; fwd=uri-miss; stored")],
            &[("cache-status", "Corp; hit=?0")],
            &[("cache-control", "public, max-age=60, s-maxage=60, stale-if-error=60")],
            &[("x-varnish", "74624297")],
            &[("x-varnish", "74624297, 1234")],
            &[("warning", "214 proxy \"Transformation applied\"")],
            &[("via", "1.1 proxy.corp.example (squid/5.7)")],
            &[("via", "http/1.1 gw (ApacheTrafficServer/9.1.3 [uScMsSf pSeN:t cCMi p sS])")],
        ] {
            assert_eq!(sign(headers), None, "{headers:?}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_a_sign_or_not(name in "[a-z-]{0,20}", value in ".{0,80}") {
            let _ = sign(&[(&name, &value), ("via", &value), ("age", &value), ("x-varnish", &value)]);
        }
    }
}
