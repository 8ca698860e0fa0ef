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
        let said = gh_connect_engine::shown(&sink::clean(said), 500);
        sink::stderr(&format!("gh-connect: internal error{place}: {said}\n"));
    }));
}
