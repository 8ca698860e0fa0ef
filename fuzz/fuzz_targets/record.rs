//! A saved record.
#![no_main]

use gh_connect_engine::Record;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = serde_json::from_slice::<Record>(bytes);
});
