//! A saved record: what is read of it is the same when it is saved and read again.
#![no_main]

use gh_connect_engine::Record;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(record) = serde_json::from_slice::<Record>(bytes) else { return };
    let saved = serde_json::to_string(&record).expect("a record can be saved");
    let again: Record = serde_json::from_str(&saved).expect("what was saved can be read");
    assert_eq!(serde_json::to_string(&again).expect("a record can be saved"), saved);
});
