//! `gh-connect explain`: what is known of every check and finding, offline.

mod finding;
mod markdown;
pub(crate) mod reference;

#[cfg(test)]
mod tests;

use comfy_table::{ContentArrangement, Table, presets};
use gh_connect_engine::{Check, InDoubt, Kind, Meta, Severity};

use crate::{
    plan::nearest,
    report::{
        Look,
        page::{Lead, Page, Span, Tone},
        story::{counted, who},
    },
};

/// An id that no check and no finding has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no check or finding `{id}`{}", .meant.as_ref().map_or_else(String::new, |meant| format!("; did you mean `{meant}`?")))]
pub(crate) struct UnknownId {
    /// What was asked for.
    pub(crate) id: String,
    /// What was probably meant.
    pub(crate) meant: Option<String>,
}

/// Explains a check or a finding in full; without an id, lists everything that can be found.
pub(crate) fn explain(
    checks: &[&'static dyn Check],
    id: Option<&str>,
    look: &Look,
) -> Result<String, UnknownId> {
    let metas = || checks.iter().map(|check| check.meta());
    let mut page = Page::new(look);
    let Some(id) = id else {
        catalogue(&mut page, metas());
        return Ok(page.into_text());
    };
    let kinds = || metas().flat_map(|meta| meta.kinds.iter().map(move |kind| (meta, *kind)));
    if let Some(meta) = metas().find(|meta| meta.id == id) {
        check(&mut page, meta);
    } else if let Some((meta, kind)) = kinds().find(|(_, kind)| kind.id == id) {
        finding::write(&mut page, meta, kind);
    } else {
        let known = metas().map(|meta| meta.id).chain(kinds().map(|(_, kind)| kind.id));
        return Err(UnknownId { id: id.to_owned(), meant: nearest(id, known) });
    }
    Ok(page.into_text())
}

/// Everything that can be found, check by check.
fn catalogue<'m>(page: &mut Page<'_>, metas: impl Iterator<Item = &'m Meta> + Clone) {
    let (mut checks, mut findings) = (0, 0);
    let widest = metas.clone().map(widest).max().unwrap_or(0);
    for meta in metas {
        checks += 1;
        findings += meta.kinds.len();
        heading(page, meta);
        table(page, meta, widest);
        page.blank();
    }
    let all = format!(
        "{} of {}. `gh-connect explain ID` says what it means, why it matters, how to fix it and who acts.",
        counted(findings, "finding", "findings"),
        counted(checks, "check", "checks"),
    );
    page.markdown_line(&all);
}

/// One check: what it looks at, how it measures, and what it can find.
fn check(page: &mut Page<'_>, meta: &Meta) {
    heading(page, meta);
    page.blank();
    markdown::write(page, INDENT, introduction(meta));
    page.blank();
    page.paragraph(Lead::indent(INDENT), &[Span::new(Tone::Strong, "What it can find")]);
    table(page, meta, widest(meta));
    page.blank();
    page.paragraph(Lead::indent(INDENT), &[Span::new(Tone::Strong, "When it could not tell")]);
    let InDoubt { owner, text, command } = meta.in_doubt;
    let owner = Span::new(Tone::Strong, format!("{}:", who(owner)));
    page.paragraph(Lead::indent(INDENT), &[owner, Span::plain(" "), Span::plain(text)]);
    if let Some(command) = command {
        page.command(INDENT, command);
    }
    page.blank();
    if let Some(first) = meta.kinds.first() {
        page.markdown_line(&format!("`gh-connect explain {}` says more of one of them.", first.id));
    }
}

/// `tls  Verified TLS sessions`
fn heading(page: &mut Page<'_>, meta: &Meta) {
    let id = Span::new(Tone::Strong, meta.id);
    let rest = format!("{}, {}", meta.title, meta.category.id());
    page.paragraph(Lead::label(0, id, meta.id.len() + 2), &[Span::plain(rest)]);
}

fn widest(meta: &Meta) -> usize {
    meta.kinds.iter().map(|kind| kind.id.len()).max().unwrap_or(0)
}

/// The findings of a check in rows, the ids in a column of `widest`.
fn table(page: &mut Page<'_>, meta: &Meta, widest: usize) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(page.width() - INDENT).unwrap_or(u16::MAX));
    for kind in meta.kinds {
        table.add_row([&format!("{:widest$}", kind.id), weight(kind), kind.title]);
    }
    page.verbatim(INDENT - 1, Tone::Plain, &table.to_string());
}

/// What the README says before it comes to the findings, without its title.
fn introduction(meta: &Meta) -> &'static str {
    let findings = format!("\n## {}/", meta.id);
    let before = meta.words.split(findings.as_str()).next().unwrap_or_default();
    match before.trim_start().strip_prefix("# ") {
        Some(titled) => titled.split_once('\n').map_or("", |(_, rest)| rest).trim(),
        None => before.trim(),
    }
}

/// `blocker`, or `unknown` for one that says that a thing could not be found out.
fn weight(kind: &Kind) -> &'static str {
    match kind.severity {
        Severity::Blocker if kind.undetermined => "unknown",
        Severity::Blocker => "blocker",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

const INDENT: usize = 2;
