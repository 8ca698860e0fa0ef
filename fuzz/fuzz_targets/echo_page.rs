//! The body of an echo page.
#![no_main]

use gh_connect_probe::egress::read_address;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(address) = read_address(bytes) {
        assert!(bytes.len() >= 2 && address == address.to_canonical());
    }
});
