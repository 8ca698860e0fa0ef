use gh_connect_engine::{FindingRecord, Record, Severity, State, Stop};

use super::{
    Detail, Look, glyph,
    page::{Tone, readable, toned},
    story::{self, MOST_NAMES, Story, verbatim},
};

/// A line per problem and one for the verdict. The first word is what `grep` looks for: `blocker`, `unknown`, `warning`,
/// `waived`, `blocked`, `skipped`, `what-if`, `verdict`. Lines are never wrapped.
pub(super) fn render(record: &Record, look: &Look) -> Vec<u8> {
    let mut out = String::new();
    let story = Story::of(record);
    let mut line = |word: &str, tone: Tone, rest: String| {
        out.push_str(&toned(word, tone, look));
        out.push(' ');
        out.push_str(&readable(&rest, look));
        out.push('\n');
    };
    if look.detail > Detail::Quiet {
        for check in &record.checks {
            let findings = check.findings.iter().filter(|finding| finding.severity > Severity::Note);
            for finding in findings {
                let (word, tone) = word(finding);
                let reason = finding.waived.as_ref().map(|reason| format!(" (waived: {reason})"));
                let reason = reason.unwrap_or_default();
                line(word, tone, format!("{} {}: {}{reason}", finding.id, finding.subject, finding.message));
            }
            let stops = check.not_judged.iter().map(|not| (not.subject.as_str(), &not.stop));
            for folded in verbatim(stops) {
                let (word, tone) = match folded.said {
                    Stop::Trouble(_) => ("unknown", Tone::Warn),
                    Stop::Blocked(_) => ("blocked", Tone::Dim),
                    Stop::Skipped(_) => ("skipped", Tone::Dim),
                    Stop::NotApplicable(_) => continue,
                };
                let subjects = story::some(&folded.subjects(), MOST_NAMES, false);
                // The run as a whole goes without a name.
                let gap = if subjects.is_empty() { "" } else { " " };
                line(word, tone, format!("{}{gap}{subjects}: {}", check.id, story::reason(folded.said)));
            }
            if check.deselected && check.state == State::Skipped {
                line("skipped", Tone::Dim, format!("{}: deselected", check.id));
            }
        }
    }
    for what_if in &record.run.what_if {
        line("what-if", Tone::Warn, format!("{}: {} ({})", what_if.setting, what_if.text, what_if.origin));
    }
    let (_, tone) = glyph::of_verdict(&record.summary, look);
    let verdict = story::verdict(record, &story);
    let took = story::duration(record.run.duration_ms);
    let rest = format!("{}: {verdict} ({}; {took})", record.summary.verdict.id(), story::counts(record));
    line("verdict", tone, rest);
    out.into_bytes()
}

fn word(finding: &FindingRecord) -> (&'static str, Tone) {
    match finding.severity {
        _ if finding.waived.is_some() => ("waived", Tone::Warn),
        Severity::Blocker if finding.undetermined => ("unknown", Tone::Warn),
        Severity::Blocker => ("blocker", Tone::Bad),
        Severity::Warning => ("warning", Tone::Warn),
        Severity::Note => ("note", Tone::Dim),
    }
}
