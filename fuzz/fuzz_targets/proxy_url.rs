//! A proxy's URL: what is read can be shown and read again, and nothing shown holds a password.
#![no_main]

use gh_connect_engine::ProxyUrl;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let shown = ProxyUrl::shown(text);
    assert!(!shown.chars().any(char::is_control));
    if let Ok(url) = ProxyUrl::parse(text) {
        let saved = serde_json::to_string(&url).expect("a URL can be saved");
        let again: ProxyUrl = serde_json::from_str(&saved).expect("what was saved can be read");
        assert!(again.same_place(&url));
    }
});
