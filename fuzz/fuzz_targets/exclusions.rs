//! An exclusion list in every dialect.
#![no_main]

use gh_connect_engine::{Dialect, NoProxy};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, u16)| {
    let (list, host, port) = input;
    let list = NoProxy::parse(list);
    for dialect in Dialect::ALL {
        let _ = list.matched(dialect, host, port);
    }
});
