//! A hosts file: few entries, in order, each from a line that names the host; one more line is one more entry.
#![no_main]

use gh_connect_probe::{HostName, hosts_file::entries_for};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let host = HostName::new("github.com");
    let entries = entries_for(bytes, &host);
    assert!(entries.len() <= 64 && entries.is_sorted_by(|one, next| one.line < next.line));
    for entry in &entries {
        let line = bytes.split(|byte| *byte == b'\n').nth(entry.line - 1).expect("the line is there");
        assert!(line.to_ascii_lowercase().windows(10).any(|part| part == b"github.com"));
    }
    let longer = entries_for(&[bytes, b"\n203.0.113.7 GitHub.com."].concat(), &host);
    assert_eq!(longer.len(), (entries.len() + 1).min(64));
});
