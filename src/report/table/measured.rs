use comfy_table::{ContentArrangement, Table, presets};
use gh_connect_engine::{FactRecord, Record};

use super::{
    super::{
        page::{Lead, Page, Span, Tone, readable},
        story,
    },
    INDENT,
};

/// Every fact in a row: what was asked, when, for how long, and the beginning of the answer.
pub(super) fn write(page: &mut Page<'_>, record: &Record) {
    if record.facts.is_empty() {
        return;
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(page.width() - INDENT).unwrap_or(u16::MAX));
    table.set_header(["fact", "about", "at", "took", "answer"]);
    for fact in &record.facts {
        let cells = [
            fact.id.clone(),
            fact.key.clone(),
            story::duration(fact.started_ms),
            story::duration(fact.duration_ms),
            answer(fact),
        ];
        table.add_row(cells.map(|cell| readable(&cell, page.look())));
    }
    page.paragraph(Lead::indent(INDENT), &[Span::new(Tone::Strong, "facts")]);
    page.verbatim(INDENT, Tone::Plain, &table.to_string());
    let run = format!(
        "run {}, measured from {}, began {}",
        record.run.id, record.run.vantage, record.run.started_at
    );
    page.paragraph(Lead::indent(INDENT), &[Span::new(Tone::Dim, run)]);
}

/// The beginning of it: `-o json` has it whole.
fn answer(fact: &FactRecord) -> String {
    let text = match &fact.stop {
        Some(stop) => format!("none: {}", story::reason(stop)),
        None => fact.value.to_string(),
    };
    gh_connect_engine::shown(&text, MOST_OF_AN_ANSWER)
}

const MOST_OF_AN_ANSWER: usize = 120;
