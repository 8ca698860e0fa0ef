//! The report for a person: the verdict, the one cause and who has to move, on one screen.

mod checks;
mod findings;
mod measured;

use gh_connect_engine::Record;

use super::{
    Detail, Look, glyph, header,
    page::{Lead, Page, Span, Tone, toned},
    story::{self, Story},
};

pub(super) fn render(record: &Record, look: &Look) -> Vec<u8> {
    let mut page = Page::new(look);
    let story = Story::of(record);
    if look.detail == Detail::Quiet {
        return in_one_line(record, &story, look).into_bytes();
    }
    header::write(&mut page, record);
    page.blank();
    checks::write(&mut page, record);
    page.blank();
    verdict(&mut page, record, &story);
    page.paragraph(Lead::indent(INDENT + 2), &[Span::new(Tone::Dim, story::counts(record))]);
    page.blank();
    findings::write(&mut page, record, &story);
    if look.detail == Detail::Verbose {
        page.blank();
        measured::write(&mut page, record);
    }
    page.into_text().into_bytes()
}

/// `✘ 2 things to do, 1 check waits for them                                    finished in 312 ms`
fn verdict(page: &mut Page<'_>, record: &Record, story: &Story<'_>) {
    let (sign, tone) = glyph::of_verdict(&record.summary, page.look());
    let lead = Lead {
        indent: INDENT,
        spans: vec![Span::new(tone, sign)],
        column: INDENT + 2,
        tail: Some(format!("finished in {}", story::duration(record.run.duration_ms))),
    };
    page.paragraph(lead, &[Span::new(tone, sentence(record, story))]);
}

/// The verdict and nothing else, never broken: what `-q` shows is read by scripts, too.
fn in_one_line(record: &Record, story: &Story<'_>, look: &Look) -> String {
    let (sign, tone) = glyph::of_verdict(&record.summary, look);
    let took = story::duration(record.run.duration_ms);
    let verdict = toned(&format!("{sign} {}", sentence(record, story)), tone, look);
    format!("{verdict} ({took})\n")
}

fn sentence(record: &Record, story: &Story<'_>) -> String {
    let verdict = story::verdict(record, story);
    let mut letters = verdict.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// Everything below the header stands a little to the right of it.
const INDENT: usize = 2;
