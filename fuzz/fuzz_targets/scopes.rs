//! The scopes of a token, from a header: few, safe to show, and the token holds each of them.
#![no_main]

use gh_connect_github::Scopes;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let headers = HeaderMap::from_iter([(http::HeaderName::from_static("x-oauth-scopes"), value)]);
    assert_eq!(Scopes::accepted(&headers), None);
    let Some(scopes) = Scopes::granted(&headers) else { return };
    assert!(scopes.names().len() <= 80);
    for name in scopes.names() {
        assert!(
            !name.is_empty() && name.chars().count() <= 61 && !name.chars().any(char::is_control),
            "{name}"
        );
        assert!(scopes.grant(name));
    }
});
