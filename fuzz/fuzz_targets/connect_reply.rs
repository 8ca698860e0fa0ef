//! What a proxy answers to CONNECT: the verdict is the same however the bytes are split.
#![no_main]

use gh_connect_probe::proxy::ReplyReader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut whole = ReplyReader::new();
    let at_once = whole.push(bytes);
    let mut dripping = ReplyReader::new();
    let byte_by_byte =
        bytes.iter().enumerate().find_map(|(at, byte)| Some((dripping.push(&[*byte])?.0, at + 1)));
    assert_eq!(format!("{at_once:?}"), format!("{byte_by_byte:?}"));
});
