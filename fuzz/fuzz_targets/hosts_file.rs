//! A hosts file.
#![no_main]

use gh_connect_probe::{HostName, hosts_file::entries_for};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = entries_for(bytes, &HostName::new("github.com"));
});
