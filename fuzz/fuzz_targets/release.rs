//! A server's version: what is read is what a plain reading of the digits gives.
#![no_main]

use gh_connect_checks::server::version::Release;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let release = Release::parse(text);
    assert_eq!(release, plainly(text));
    if let Some(release) = release {
        assert_eq!(Release::parse(&release.to_string()), Some(release));
    }
});

/// Digits, a dot, digits; then nothing, or what begins with a dot, a hyphen or a plus.
fn plainly(text: &str) -> Option<Release> {
    let text = text.trim();
    let (major, text) = number(text)?;
    let (minor, text) = number(text.strip_prefix('.')?)?;
    matches!(text.chars().next(), None | Some('.' | '-' | '+')).then(|| Release::new(major, minor))
}

fn number(text: &str) -> Option<(u32, &str)> {
    let mut number = None;
    let mut rest = text;
    while let Some(digit) = rest.chars().next().filter(char::is_ascii_digit) {
        number = Some(number.unwrap_or(0u32).checked_mul(10)?.checked_add(digit.to_digit(10)?)?);
        rest = &rest[1..];
    }
    Some((number?, rest))
}
