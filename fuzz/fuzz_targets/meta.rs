//! The body of `/meta`, or what stands in its place.
#![no_main]

use gh_connect_probe::http::MetaShape;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let shape = MetaShape::read(bytes);
    assert!(!shape.is_github() || bytes.len() > 60, "GitHub's answer is longer than that");
});
