//! The `Date` of a reply: what is read is the same when it is written again.
#![no_main]

use gh_connect_probe::http::http_date;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Some(at) = http_date(text) else { return };
    assert!(text.ends_with(" GMT"));
    assert_eq!(http_date(&at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()), Some(at));
});
