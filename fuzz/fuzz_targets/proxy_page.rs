//! The rest of what a proxy says: its challenges, and the words of a block page in chunks.
#![no_main]

use gh_connect_probe::proxy::{challenges, dechunked, words};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (body, _) = dechunked(bytes);
    assert!(body.len() <= bytes.len());
    let text = String::from_utf8_lossy(bytes);
    let _ = challenges(&text);
    assert!(words(&text, 80).chars().count() <= 81);
});
