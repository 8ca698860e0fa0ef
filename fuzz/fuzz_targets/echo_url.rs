//! The URL of an echo page: what is read can be shown and read again, and asks one host for one line's worth of target.
#![no_main]

use gh_connect_probe::egress::EchoPage;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(page) = EchoPage::parse(text) else { return };
    assert_eq!(EchoPage::parse(&page.to_string()), Ok(page.clone()));
    let target = page.target();
    assert!(target.starts_with('/') && target.bytes().all(|byte| byte.is_ascii_graphic()), "{target:?}");
    assert!(!page.endpoint().host.as_str().is_empty(), "{page}");
});
