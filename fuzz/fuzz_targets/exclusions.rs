//! An exclusion list in every dialect: what excludes a host stands in the list.
#![no_main]

use gh_connect_engine::{Dialect, NoProxy};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, u16)| {
    let (text, host, port) = input;
    let list = NoProxy::parse(text);
    for dialect in Dialect::ALL {
        if let Some(entry) = list.matched(dialect, host, port) {
            assert!(text.contains(entry) || (dialect == Dialect::Go && entry == NoProxy::ALWAYS), "{entry}");
        }
    }
});
