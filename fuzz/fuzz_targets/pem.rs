//! A file of trusted roots: none without the marks of a certificate, and what cannot be used is told by the file's name.
#![no_main]

use gh_connect_probe::trust::RootSet;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match RootSet::from_pem("fuzz.pem", bytes) {
        Ok(_) => assert!(bytes.windows(27).any(|part| part == b"-----BEGIN CERTIFICATE-----")),
        Err(why) => assert!(why.starts_with("fuzz.pem ") && !why.chars().any(char::is_control), "{why:?}"),
    }
});
