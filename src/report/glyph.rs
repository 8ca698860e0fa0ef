use gh_connect_engine::{CheckRecord, Severity, State, Summary, Verdict};

use super::{Look, page::Tone, story::WARNINGS_FAIL};

/// The sign and colour of a state.
pub(super) fn of_state(state: State, look: &Look) -> (&'static str, Tone) {
    let (unicode, ascii, tone) = match state {
        State::Passed => ("✔", "+", Tone::Good),
        State::Warned => ("!", "!", Tone::Warn),
        State::Failed => ("✘", "x", Tone::Bad),
        State::Unknown => ("?", "?", Tone::Warn),
        State::Blocked => ("–", "-", Tone::Dim),
        State::Waived => ("~", "~", Tone::Warn),
        State::Skipped | State::NotApplicable => ("·", ".", Tone::Dim),
    };
    (if look.unicode { unicode } else { ascii }, tone)
}

/// The sign and colour of a verdict.
pub(super) fn of_verdict(summary: &Summary, look: &Look) -> (&'static str, Tone) {
    match summary.verdict {
        Verdict::Passed if summary.exit_code == WARNINGS_FAIL => of_state(State::Warned, look),
        Verdict::Passed => of_state(State::Passed, look),
        Verdict::Failed => of_state(State::Failed, look),
        Verdict::Undetermined => of_state(State::Unknown, look),
    }
}

/// The sign and colour of a finding.
pub(super) fn of_finding(
    severity: Severity,
    undetermined: bool,
    waived: bool,
    look: &Look,
) -> (&'static str, Tone) {
    match severity {
        _ if waived => of_state(State::Waived, look),
        Severity::Blocker if undetermined => of_state(State::Unknown, look),
        Severity::Blocker => of_state(State::Failed, look),
        Severity::Warning => of_state(State::Warned, look),
        Severity::Note => ("i", Tone::Dim),
    }
}

/// The word beside the sign of a check that is not simply healthy: nothing is said by colour or shape alone.
pub(super) fn word(check: &CheckRecord) -> Option<&'static str> {
    match check.state {
        State::Passed => None,
        State::Blocked => Some("blocked"),
        State::NotApplicable => Some("does not apply"),
        state => Some(state.id()),
    }
}
