use gh_connect_checks::wording::and;
use gh_connect_engine::{CheckRecord, FindingRecord, Record, Severity, State};

use super::{
    super::{
        Detail, glyph,
        page::{Lead, Page, Span, Tone},
        story::{self, Folded, verbatim},
    },
    INDENT,
};

/// One line per check, under its category. What is healthy takes one line and no more.
pub(super) fn write(page: &mut Page<'_>, record: &Record) {
    let longest = record.checks.iter().map(|check| check.id.len()).max().unwrap_or(0);
    let column = INDENT + 2 + longest.clamp(NARROW_ID, WIDE_ID) + 2;
    let mut category = None;
    for check in &record.checks {
        if category != Some(check.category) {
            category = Some(check.category);
            page.paragraph(Lead::indent(INDENT), &[Span::new(Tone::Strong, check.category.id())]);
        }
        line(page, check, column);
    }
}

fn line(page: &mut Page<'_>, check: &CheckRecord, column: usize) {
    let (sign, tone) = glyph::of_state(check.state, page.look());
    let judged = !matches!(check.state, State::Skipped | State::NotApplicable | State::Blocked);
    let lead = Lead {
        indent: INDENT,
        spans: vec![Span::new(tone, sign), Span::plain(" "), Span::plain(&check.id)],
        column,
        tail: judged.then(|| story::duration(check.duration_ms)),
    };
    let mut text: Vec<Span> = Vec::new();
    if let Some(word) = glyph::word(check) {
        text.push(Span::new(tone, word));
        text.push(Span::plain("  "));
    }
    text.push(Span::plain(seen(check)));
    page.paragraph(lead, &text);
    if page.look().detail == Detail::Verbose {
        details(page, check, column);
    }
}

/// What was seen, as few words as will do.
fn seen(check: &CheckRecord) -> String {
    match check.state {
        State::Passed => remarks(check),
        State::Skipped if check.deselected => "deselected".to_owned(),
        State::Blocked => format!("waits for {}", check.blocked_by.join(", ")),
        State::Failed | State::Warned | State::Waived => problems(check),
        State::Unknown if check.findings.iter().any(FindingRecord::blocks) => problems(check),
        State::Unknown | State::Skipped | State::NotApplicable => reasons(check),
    }
}

/// Equal remarks count once: `3 hosts: TLS 1.3, issued by …`.
fn remarks(check: &CheckRecord) -> String {
    let said = check.remarks.iter().map(|remark| (remark.subject.as_str(), remark.text.as_str()));
    let folded = verbatim(said);
    if folded.is_empty() { check.title.clone() } else { joined(&folded) }
}

/// Why nothing was judged; equal reasons count once.
fn reasons(check: &CheckRecord) -> String {
    let said = check.not_judged.iter().map(|not| (not.subject.as_str(), story::reason(&not.stop)));
    let folded = verbatim(said);
    joined(&folded)
}

/// `untrusted-issuer: uploads.github.com`
fn problems(check: &CheckRecord) -> String {
    let mut ids: Vec<&str> = Vec::new();
    let counted = || check.findings.iter().filter(|finding| finding.severity > Severity::Note);
    for finding in counted() {
        if !ids.contains(&finding.id.as_str()) {
            ids.push(&finding.id);
        }
    }
    let named = ids.into_iter().map(|id| {
        let mut subjects: Vec<&str> = Vec::new();
        for finding in counted().filter(|finding| finding.id == id) {
            if !subjects.contains(&finding.subject.as_str()) {
                subjects.push(&finding.subject);
            }
        }
        let name = id.split_once('/').map_or(id, |(_, name)| name);
        let subjects = story::some(&subjects, MOST_NAMES, true);
        if subjects.is_empty() { name.to_owned() } else { format!("{name}: {subjects}") }
    });
    named.collect::<Vec<_>>().join("; ")
}

fn joined<T: std::fmt::Display>(folded: &[Folded<'_, T>]) -> String {
    let several = folded.len() > 1;
    let mut parts: Vec<String> = folded.iter().take(MOST_REMARKS).map(|said| one(said, several)).collect();
    if folded.len() > MOST_REMARKS {
        parts.push(format!("and {} more", folded.len() - MOST_REMARKS));
    }
    parts.join("; ")
}

fn one<T: std::fmt::Display>(folded: &Folded<'_, T>, several: bool) -> String {
    match folded.same.len() {
        0 if several => format!("{}: {}", story::some(&[folded.of], 1, true), folded.said),
        0 => folded.said.to_string(),
        // The sides of the account plane are few, and have names that are no host's.
        _ if !folded.subjects().iter().any(|subject| subject.contains(['.', ':'])) => {
            format!("{}: {}", and(&folded.subjects()), folded.said)
        }
        more => format!("{} hosts: {}", more + 1, folded.said),
    }
}

/// Under `-v`: every remark and every reason, subject by subject, where the check's line had to be brief.
fn details(page: &mut Page<'_>, check: &CheckRecord, column: usize) {
    let remarks = check.remarks.iter().map(|remark| (remark.subject.as_str(), remark.text.clone()));
    let reasons = check.not_judged.iter().map(|not| (not.subject.as_str(), story::reason(&not.stop)));
    let folded = verbatim(remarks.chain(reasons));
    if folded.len() < 2 && check.findings.is_empty() {
        return;
    }
    for said in &folded {
        let text = format!("{}: {}", said.subjects().join(", "), said.said);
        page.paragraph(Lead::indent(column), &[Span::new(Tone::Dim, text)]);
    }
}

const NARROW_ID: usize = 10;
const WIDE_ID: usize = 24;
/// Subjects named on a check's line.
const MOST_NAMES: usize = 3;
/// Different remarks on a check's line.
const MOST_REMARKS: usize = 2;
