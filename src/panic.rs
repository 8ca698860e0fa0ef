//! What happens when the fault is here: one line without secrets, and exit code 5.

use crate::sink;

/// From now on a panic says one line. A panic in a check or a fact ends as that check's `unknown`; one anywhere else ends
/// the process.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let said = payload.downcast_ref::<&str>().copied();
        let said =
            said.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        let place = info.location().map_or_else(String::new, |place| format!(" at {place}"));
        sink::stderr(&line(said, &place));
    }));
}

/// One line, whatever the message holds.
fn line(said: &str, place: &str) -> String {
    let said = gh_connect_engine::shown(&sink::clean(said), 500);
    format!("gh-connect: internal error{place}: {said}; please report it\n")
}

#[cfg(test)]
mod tests {
    use gh_connect_engine::Secret;

    use super::*;

    #[test]
    fn a_panic_is_one_line_without_secrets() {
        sink::learn(|redactor| redactor.learn(&Secret::new("panic-canary-4711")));
        let line = line("called on \"http://u:panic-canary-4711@proxy\"\n\u{1b}[31mmore", " at src/x.rs:1:2");
        assert_eq!(
            line,
            "gh-connect: internal error at src/x.rs:1:2: called on \"http://u:[redacted]@proxy\"\\n\\x1b[31mmore; please report it\n"
        );
    }
}
