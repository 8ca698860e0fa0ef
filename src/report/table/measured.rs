use comfy_table::{ContentArrangement, Table, presets};
use gh_connect_engine::{FactRecord, Record, shown};
use unicode_width::UnicodeWidthStr as _;

use super::{
    super::{
        page::{Lead, Page, Span, Tone, readable},
        story,
    },
    INDENT,
};

/// Every fact in a row: what was asked, when, for how long, and where there is room the beginning of the answer.
pub(super) fn write(page: &mut Page<'_>, record: &Record) {
    if record.facts.is_empty() {
        return;
    }
    let mut rows = vec![["fact", "about", "at", "took"].map(str::to_owned)];
    rows.extend(record.facts.iter().map(|fact| {
        let times = [fact.started_ms, fact.duration_ms].map(story::duration);
        [&fact.id, &fact.key, &times[0], &times[1]].map(|cell| readable(cell, page.look()))
    }));
    let widest = |column: usize| rows.iter().map(|row| row[column].width()).max().unwrap_or(0);
    let room = (page.width() - INDENT)
        .saturating_sub((0..4).map(|column| widest(column) + GAP).sum::<usize>() + GAP);
    let answers = std::iter::once("answer".to_owned())
        .chain(record.facts.iter().map(|fact| readable(&answer(fact, room.saturating_sub(1)), page.look())));
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(page.width() - INDENT).unwrap_or(u16::MAX));
    for (row, answer) in rows.iter().zip(answers) {
        let answer = Some(answer).filter(|_| room >= WORTH_SHOWING);
        table.add_row(row.iter().cloned().chain(answer));
    }
    page.paragraph(Lead::indent(INDENT), &[Span::new(Tone::Strong, "facts")]);
    page.verbatim(INDENT - 1, Tone::Plain, &table.to_string());
    page.blank();
    let run = &record.run;
    let run = format!("run {}, measured from {}, began {}", run.id, run.vantage, run.started_at);
    page.paragraph(Lead::indent(INDENT), &[Span::new(Tone::Dim, run)]);
}

/// The beginning of it: `-o json` has it whole.
fn answer(fact: &FactRecord, most: usize) -> String {
    let text = match &fact.stop {
        Some(stop) => format!("none: {}", story::reason(stop)),
        None => fact.value.to_string(),
    };
    shown(&text, most)
}

/// Columns between two columns of the table.
const GAP: usize = 2;
/// Less of an answer says nothing.
const WORTH_SHOWING: usize = 24;
