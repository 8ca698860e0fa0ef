//! A point in time in a reply: what is read has an offset or is a date alone, and is the same when it is written again.
#![no_main]

use gh_connect_checks::connection::moment;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Some(at) = moment(text) else { return };
    assert_eq!(moment(&at.to_string()), Some(at));
    assert_eq!(moment(&format!(" {text}\n")), Some(at));
    let text = text.trim();
    if text.len() == "2026-11-20".len() {
        assert_eq!(format!("{text}T00:00:00Z").parse().ok(), Some(at));
    } else {
        let offset =
            text.rfind(['Z', 'z', '+', '-']).is_some_and(|at| text[..at].contains(['T', 't', ' ', '_']));
        assert!(offset || text.ends_with("UTC"), "a time without an offset might be anybody's");
    }
});
