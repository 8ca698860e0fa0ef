//! Text from outside, made safe: nothing that a terminal obeys, no longer than it may be, and no different when made safe again.
#![no_main]

use gh_connect_engine::{shown, shown_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], u8)| {
    let (bytes, most) = (input.0, usize::from(input.1));
    let text = shown_bytes(bytes, most);
    assert!(!text.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{text:?}");
    assert!(text.chars().count() <= most + 1, "{text}");
    assert_eq!(shown(&text, most), text);
});
