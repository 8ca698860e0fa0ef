//! What a name server sends: read in bounded time, whatever it is; a chain is an answer only if it ends.
#![no_main]

use gh_connect_probe::{
    HostName,
    dns::{Question, RecordKind, Reply, read_reply},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for kind in [RecordKind::A, RecordKind::Aaaa] {
        let question = Question { name: HostName::new("github.com"), kind };
        let id = bytes.first_chunk().map_or(0, |id| u16::from_be_bytes(*id));
        let reply = read_reply(bytes, id, &question);
        if bytes.len() < 12 {
            assert!(matches!(reply, Reply::Stray), "twelve bytes make a header");
        }
    }
});
