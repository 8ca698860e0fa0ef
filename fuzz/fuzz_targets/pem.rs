//! A file of trusted roots.
#![no_main]

use gh_connect_probe::trust::RootSet;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = RootSet::from_pem("fuzz.pem", bytes);
});
