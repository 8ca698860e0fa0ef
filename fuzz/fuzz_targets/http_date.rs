//! The `Date` of a reply.
#![no_main]

use gh_connect_probe::http::http_date;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = http_date(text);
});
