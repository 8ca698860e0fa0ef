use gh_connect_engine::{CheckRecord, Owner, Record, State};

use super::{
    super::{
        Detail, glyph,
        page::{Lead, Page, Span, Tone, inline},
        story::{self, Act, Folded, Group, LeftOut, MOST_NAMES, Story, counted, some, who},
    },
    INDENT,
};

/// What stands in the way in full, then what is fragile in short, then the rest in a line each.
pub(super) fn write(page: &mut Page<'_>, record: &Record, story: &Story<'_>) {
    for cause in &story.causes {
        page.blank();
        cause_in_full(page, cause);
    }
    page.blank();
    match &record.run.cut_short_by {
        Some(by) if !story.doubts.is_empty() => cut_short(page, by, &story.doubts),
        _ => story.doubts.iter().for_each(|doubt| doubt_in_full(page, doubt)),
    }
    story.left_out.iter().for_each(|left_out| missed(page, left_out));
    for warning in &story.warnings {
        page.blank();
        in_short(page, warning);
    }
    if !(story.notes.is_empty() && story.waived.is_empty()) {
        page.blank();
    }
    for waived in &story.waived {
        accepted(page, waived);
    }
    for note in &story.notes {
        in_one_line(page, note);
    }
}

/// One cause: what, why, what to do and who does it.
fn cause_in_full(page: &mut Page<'_>, cause: &Group<'_>) {
    let (_, tone) = sign(page, cause);
    headline(page, cause, &[Span::plain(some(&cause.subjects(), MOST_NAMES, false))], tone);
    let messages = cause.messages();
    let mut label = "What";
    for said in messages.iter().take(MOST_MESSAGES) {
        labelled(page, std::mem::take(&mut label), &[Span::plain(said.said), likewise(cause, said)]);
    }
    more(page, messages.len());
    if !cause.why().is_empty() {
        let why = inline(cause.why(), page.look());
        labelled(page, "Why", &why);
    }
    steps(page, cause);
    labelled(page, "More", &[Span::new(Tone::Code, &cause.first().docs)]);
    evidence(page, cause);
}

/// A check that could not tell, and has no finding that says why.
fn doubt_in_full(page: &mut Page<'_>, check: &CheckRecord) {
    let (sign, tone) = glyph::of_state(check.state, page.look());
    let spans = vec![Span::new(tone, sign), Span::plain(" "), Span::new(tone, &check.id)];
    let column = INDENT + 2 + check.id.len() + 2;
    page.paragraph(Lead { indent: INDENT, spans, column, tail: None }, &[Span::plain("could not tell")]);
    let said = check.not_judged.iter().map(|not| (not.subject.as_str(), story::reason(&not.stop)));
    let folded = story::verbatim(said);
    let mut label = "What";
    for said in folded.iter().take(MOST_MESSAGES) {
        let subjects = some(&said.subjects(), MOST_NAMES, false);
        let of = if subjects.is_empty() { subjects } else { format!("{subjects}: ") };
        labelled(page, std::mem::take(&mut label), &[Span::plain(of), Span::plain(&said.said)]);
    }
    more(page, folded.len());
    acts(page, &story::in_doubt(check), "Do");
    labelled(page, "More", &[Span::new(Tone::Code, format!("gh-connect explain {}", check.id))]);
    page.blank();
}

/// A check that was left out, and for which others wait.
fn missed(page: &mut Page<'_>, left_out: &LeftOut<'_>) {
    let (sign, tone) = glyph::of_state(State::Blocked, page.look());
    let spans = vec![Span::new(tone, sign), Span::plain(" "), Span::new(tone, left_out.id)];
    let column = INDENT + 2 + left_out.id.len() + 2;
    page.paragraph(
        Lead { indent: INDENT, spans, column, tail: None },
        &[Span::plain("was left out of this run")],
    );
    let waiting = &left_out.waiting;
    let waits = if waiting.len() == 1 { "waits for it" } else { "wait for it" };
    labelled(page, "What", &[Span::plain(format!("{} {waits}.", waiting.join(", ")))]);
    acts(page, std::slice::from_ref(&left_out.fix), "Do");
    page.blank();
}

/// Steps that no finding tells.
fn acts(page: &mut Page<'_>, acts: &[Act<'_>], mut label: &'static str) {
    for (nth, act) in acts.iter().enumerate() {
        let joint = if nth == 0 && !label.is_empty() { "" } else { "or " };
        let owner = Span::new(Tone::Strong, format!("{joint}{}:", who(act.owner)));
        labelled(page, std::mem::take(&mut label), &[owner, Span::plain(" "), Span::plain(act.text)]);
        command(page, act, TEXT + LABEL);
    }
}

/// All that a run had no time for, at once.
fn cut_short(page: &mut Page<'_>, by: &str, doubts: &[&CheckRecord]) {
    let (sign, tone) = glyph::of_state(State::Unknown, page.look());
    let spans = vec![Span::new(tone, sign), Span::plain(" "), Span::new(tone, by)];
    let ids: Vec<&str> = doubts.iter().map(|check| check.id.as_str()).collect();
    let column = INDENT + 2 + by.len() + 2;
    page.paragraph(Lead { indent: INDENT, spans, column, tail: None }, &[Span::plain("cut the run short")]);
    let what = format!(
        "{}: {}.",
        counted(ids.len(), "check could not tell", "checks could not tell"),
        ids.join(", ")
    );
    labelled(page, "What", &[Span::plain(what)]);
    let again = if by == "deadline" { "run it again with a longer --deadline" } else { "run it again" };
    let owner = Span::new(Tone::Strong, format!("{}:", who(Owner::Operator)));
    labelled(page, "Do", &[owner, Span::plain(format!(" {again}; -v shows what each check waited for"))]);
    if let [only] = doubts {
        acts(page, &story::in_doubt(only), "");
    }
    page.blank();
}

/// One warning: what, and the first choice of what to do: a step and those that follow it.
fn in_short(page: &mut Page<'_>, warning: &Group<'_>) {
    let (_, tone) = sign(page, warning);
    headline(page, warning, &[Span::plain(some(&warning.subjects(), MOST_NAMES, false))], tone);
    for said in warning.messages().iter().take(MOST_MESSAGES) {
        page.paragraph(Lead::indent(TEXT), &[Span::plain(said.said), likewise(warning, said)]);
    }
    if page.look().detail == Detail::Verbose {
        steps(page, warning);
    } else if let Some(first) = warning.steps().chunk_by(|_, step| step.said.then).next() {
        for step in first {
            let joint = if step.said.then { "then " } else { "" };
            page.paragraph(Lead::indent(TEXT), &act(warning, step, joint));
            command(page, &step.said, TEXT);
        }
    }
    page.paragraph(Lead::indent(TEXT), &[Span::new(Tone::Code, &warning.first().docs)]);
    evidence(page, warning);
}

/// What somebody accepted, and why.
fn accepted(page: &mut Page<'_>, waived: &Group<'_>) {
    let reason = waived.first().waived.clone().unwrap_or_default();
    let subjects = some(&waived.subjects(), MOST_NAMES, false);
    headline(page, waived, &[Span::plain(format!("{subjects}  waived: {reason}"))], Tone::Dim);
    if page.look().detail == Detail::Verbose {
        for said in &waived.messages() {
            page.paragraph(Lead::indent(TEXT), &[Span::plain(said.said), likewise(waived, said)]);
        }
    }
}

/// A note: the first thing that was seen, and how much more there is of the kind.
fn in_one_line(page: &mut Page<'_>, note: &Group<'_>) {
    let messages = note.messages();
    let all = page.look().detail == Detail::Verbose;
    for said in messages.iter().take(if all { messages.len() } else { 1 }) {
        let rest = messages.len() - 1;
        let more = if all || rest == 0 { String::new() } else { format!(" (and {rest} more: -v)") };
        let about = match note.unnamed(said, said.said) {
            about if about.is_empty() => about,
            about => format!("{about}: "),
        };
        let said = [Span::plain(about), Span::plain(said.said), likewise(note, said)];
        let text: Vec<Span> = said.into_iter().chain([Span::new(Tone::Dim, more)]).collect();
        headline(page, note, &text, Tone::Dim);
    }
    evidence(page, note);
}

/// The first choice for each subject, what else would do, and what follows each of them.
fn steps(page: &mut Page<'_>, group: &Group<'_>) {
    let mut label = "Do";
    for (nth, step) in group.steps().iter().take(MOST_STEPS).enumerate() {
        let is_first_choice = group
            .findings
            .iter()
            .filter_map(|finding| finding.fix.first())
            .any(|first| first.text == step.said.text && first.command.as_deref() == step.said.command);
        let joint = match (nth, is_first_choice) {
            (0, _) => "",
            _ if step.said.then => "then ",
            (_, true) => "and ",
            (_, false) => "or ",
        };
        let text = act(group, step, joint);
        labelled(page, std::mem::take(&mut label), &text);
        command(page, &step.said, TEXT + LABEL);
    }
}

/// `or proxy team: exempt uploads.github.com:443 from TLS inspection`
fn act<'a>(group: &Group<'a>, step: &Folded<'a, Act<'a>>, or: &str) -> Vec<Span> {
    let owner = Span::new(Tone::Strong, format!("{or}{}:", who(step.said.owner)));
    vec![owner, Span::plain(" "), Span::plain(step.said.text), likewise(group, step)]
}

fn command(page: &mut Page<'_>, act: &Act<'_>, indent: usize) {
    if let Some(command) = act.command {
        page.command(indent, command);
    }
}

/// ` (likewise for api.github.com:443)`
fn likewise<'a, T>(group: &Group<'a>, folded: &Folded<'a, T>) -> Span {
    let likewise = group.likewise(folded).map(|likewise| format!(" ({likewise})"));
    Span::new(Tone::Dim, likewise.unwrap_or_default())
}

/// What is not shown is at least counted.
fn more(page: &mut Page<'_>, all: usize) {
    if all > MOST_MESSAGES {
        let more = format!("and {} more like these; -o json has them all", all - MOST_MESSAGES);
        labelled(page, "", &[Span::new(Tone::Dim, more)]);
    }
}

fn evidence(page: &mut Page<'_>, group: &Group<'_>) {
    if page.look().detail != Detail::Verbose {
        return;
    }
    for finding in group.findings.iter().filter(|finding| !finding.evidence.is_null()).take(MOST_MESSAGES) {
        labelled(page, "Seen", &[Span::new(Tone::Dim, &finding.subject)]);
        let evidence = serde_json::to_string_pretty(&finding.evidence).unwrap_or_default();
        page.verbatim(TEXT + LABEL, Tone::Dim, &evidence);
    }
}

/// `✘ tls/untrusted-issuer   uploads.github.com:443`
fn headline(page: &mut Page<'_>, group: &Group<'_>, text: &[Span], tone: Tone) {
    let (sign, color) = sign(page, group);
    let spans = vec![Span::new(color, sign), Span::plain(" "), Span::new(tone, group.id())];
    let column = INDENT + 2 + group.id().len() + 2;
    page.paragraph(Lead { indent: INDENT, spans, column, tail: None }, text);
}

fn labelled(page: &mut Page<'_>, label: &str, text: &[Span]) {
    page.paragraph(Lead::label(TEXT, Span::new(Tone::Dim, label), TEXT + LABEL), text);
}

fn sign(page: &Page<'_>, group: &Group<'_>) -> (&'static str, Tone) {
    let first = group.first();
    glyph::of_finding(first.severity, first.undetermined, first.waived.is_some(), page.look())
}

/// The column of labels.
const TEXT: usize = INDENT + 2;
/// How wide a label is.
const LABEL: usize = 7;
/// Different messages of one finding; what several subjects share counts once.
const MOST_MESSAGES: usize = 4;
/// Different steps of one finding.
const MOST_STEPS: usize = 8;
