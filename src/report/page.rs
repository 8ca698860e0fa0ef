//! Lines of text that keep to a width: what the formats for people and `explain` are written with.

use anstyle::{AnsiColor, Effects, Style};
use gh_connect_engine::shown;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::Look;

/// Text being laid out. Whatever is put in is escaped, so that nothing in a record can move the cursor.
pub(crate) struct Page<'a> {
    look: &'a Look,
    out: String,
}

/// Some text and how it sounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    text: String,
    tone: Tone,
}

/// How text sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As usual.
    Plain,
    /// What the eye should find first.
    Strong,
    /// What it may pass over.
    Dim,
    /// All is well.
    Good,
    /// Something is wrong.
    Bad,
    /// Something is doubtful.
    Warn,
    /// What is typed, or read by a machine.
    Code,
}

impl Span {
    pub(crate) fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone }
    }

    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::new(Tone::Plain, text)
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// Where a paragraph begins and what stands beside it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lead {
    /// Columns left free before everything.
    pub(crate) indent: usize,
    /// What stands before the text on the first line: a sign, an id, a label.
    pub(crate) spans: Vec<Span>,
    /// The column in which the text begins, on every line.
    pub(crate) column: usize,
    /// What stands at the right end of the first line.
    pub(crate) tail: Option<String>,
}

impl Lead {
    /// Nothing beside the text.
    pub(crate) fn indent(indent: usize) -> Self {
        Self { indent, column: indent, ..Self::default() }
    }

    /// A label, and the text in a column of its own.
    pub(crate) fn label(indent: usize, label: Span, column: usize) -> Self {
        Self { indent, spans: vec![label], column, tail: None }
    }
}

impl<'a> Page<'a> {
    pub(crate) fn new(look: &'a Look) -> Self {
        Self { look, out: String::new() }
    }

    pub(crate) fn look(&self) -> &'a Look {
        self.look
    }

    /// The columns that text may use.
    pub(crate) fn width(&self) -> usize {
        self.look.width.clamp(NARROWEST, WIDEST)
    }

    /// An empty line; never two of them.
    pub(crate) fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// A paragraph, broken between words and, where a word is longer than a line, inside it.
    pub(crate) fn paragraph(&mut self, lead: Lead, text: &[Span]) {
        let tail = lead.tail.as_deref().map(|tail| readable(tail, self.look));
        let column = lead.column.min(self.width() / 2);
        let mut flow = Flow { page: self, column, line: Line::default(), tail };
        flow.line.space(lead.indent);
        for span in &lead.spans {
            let text = readable(&span.text, flow.page.look);
            flow.put(&text, span.tone);
        }
        flow.line.space(column.saturating_sub(flow.line.width));
        let mut fresh = true;
        for word in words(text, flow.page.look) {
            let gap = if fresh { 0 } else { word.gap };
            if flow.line.width + gap + word.width > flow.limit() && !fresh {
                flow.turn();
            } else if let Some((_, tone)) = word.pieces.first() {
                flow.line.gap(gap, *tone);
            }
            for (piece, tone) in &word.pieces {
                flow.put(piece, *tone);
            }
            fresh = false;
        }
        flow.end();
    }

    /// Lines that are taken as they are: a command, a table, JSON. Only what is longer than a line is broken.
    pub(crate) fn verbatim(&mut self, indent: usize, tone: Tone, text: &str) {
        for raw in text.lines() {
            let mut line = Line::default();
            line.space(indent);
            for c in readable(raw, self.look).chars() {
                if line.width + c.width().unwrap_or(0) > self.width() {
                    self.finish(std::mem::take(&mut line), None);
                    line.space(indent + 2);
                }
                line.push(c.encode_utf8(&mut [0; 4]), tone);
            }
            self.finish(line, None);
        }
    }

    /// A command line: what does not fit goes on after a backslash, so that it can still be pasted as it stands.
    pub(crate) fn command(&mut self, indent: usize, command: &str) {
        let mut line = Line::default();
        line.space(indent);
        line.push("$ ", Tone::Dim);
        let (mut first, width) = (true, self.width());
        for word in readable(command, self.look).split(' ').filter(|word| !word.is_empty()) {
            if !first && line.width + 1 + word.width() + 2 > width {
                line.push(" \\", Tone::Code);
                self.finish(std::mem::take(&mut line), None);
                line.space(indent + 4);
            } else if !first {
                line.push(" ", Tone::Code);
            }
            line.push(word, Tone::Code);
            first = false;
        }
        self.finish(line, None);
    }

    /// A paragraph at the left edge, with inline Markdown.
    pub(crate) fn markdown_line(&mut self, text: &str) {
        let spans = inline(text, self.look);
        self.paragraph(Lead::default(), &spans);
    }

    /// The whole text; it ends with one line break.
    pub(crate) fn into_text(self) -> String {
        let text = self.out.trim_end_matches('\n');
        if text.is_empty() { String::new() } else { format!("{text}\n") }
    }

    fn finish(&mut self, mut line: Line, tail: Option<String>) {
        if let Some(tail) = tail {
            line.space(self.width().saturating_sub(line.width + tail.width()));
            line.push(&tail, Tone::Dim);
        }
        line.write(self.look.color, &mut self.out);
    }
}

/// Text safe to show on this reader's terminal.
pub(crate) fn readable(text: &str, look: &Look) -> String {
    let text = shown(text, LONGEST);
    if look.unicode || text.is_ascii() {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '…' => out.push_str("..."),
            '→' => out.push_str("->"),
            '–' | '—' => out.push('-'),
            '“' | '”' => out.push('"'),
            '‘' | '’' => out.push('\''),
            '×' => out.push('x'),
            '·' => out.push('.'),
            c if c.is_ascii() => out.push(c),
            c => out.extend(c.escape_unicode()),
        }
    }
    out
}

/// One word that sounds like something, for formats that are not laid out.
pub(crate) fn toned(text: &str, tone: Tone, look: &Look) -> String {
    let style = if look.color { tone.style() } else { Style::new() };
    format!("{style}{}{style:#}", readable(text, look))
}

/// Inline Markdown as a few tones: `code` and **strong**. Backticks stay where there are no colours to stand for them.
pub(crate) fn inline(text: &str, look: &Look) -> Vec<Span> {
    let mut spans = Vec::new();
    for (nth, part) in text.split('`').enumerate() {
        if nth % 2 == 1 {
            let code = if look.color { part.to_owned() } else { format!("`{part}`") };
            spans.push(Span::new(Tone::Code, code));
            continue;
        }
        for (nth, part) in part.split("**").enumerate().filter(|(_, part)| !part.is_empty()) {
            let tone = if nth % 2 == 1 { Tone::Strong } else { Tone::Plain };
            spans.push(Span::new(tone, part));
        }
    }
    spans
}

/// A paragraph on its way.
struct Flow<'p, 'a> {
    page: &'p mut Page<'a>,
    column: usize,
    line: Line,
    tail: Option<String>,
}

impl Flow<'_, '_> {
    /// Where this line has to end.
    fn limit(&self) -> usize {
        self.page.width().saturating_sub(self.tail.as_ref().map_or(0, |tail| tail.width() + 2))
    }

    /// Ends this line and begins the next.
    fn turn(&mut self) {
        self.page.finish(std::mem::take(&mut self.line), self.tail.take());
        self.line.space(self.column);
    }

    fn put(&mut self, text: &str, tone: Tone) {
        for c in text.chars() {
            if self.line.width + c.width().unwrap_or(0) > self.limit() && self.line.width > self.column {
                self.turn();
            }
            self.line.push(c.encode_utf8(&mut [0; 4]), tone);
        }
    }

    fn end(self) {
        self.page.finish(self.line, self.tail);
    }
}

/// A line and what it sounds like, piece by piece.
#[derive(Default)]
struct Line {
    pieces: Vec<(String, Tone)>,
    width: usize,
}

impl Line {
    fn space(&mut self, columns: usize) {
        if columns > 0 {
            let text = " ".repeat(columns);
            self.push(&text, Tone::Plain);
        }
    }

    /// Space between two words: part of what they both are.
    fn gap(&mut self, columns: usize, next: Tone) {
        match self.pieces.last() {
            Some((_, last)) if *last == next => self.push(&" ".repeat(columns), next),
            _ => self.space(columns),
        }
    }

    fn push(&mut self, text: &str, tone: Tone) {
        self.width += text.width();
        match self.pieces.last_mut() {
            Some((last, same)) if *same == tone => last.push_str(text),
            _ => self.pieces.push((text.to_owned(), tone)),
        }
    }

    fn write(mut self, color: bool, out: &mut String) {
        if let Some((last, _)) = self.pieces.last_mut() {
            last.truncate(last.trim_end().len());
        }
        for (text, tone) in self.pieces.iter().filter(|(text, _)| !text.is_empty()) {
            let style = if color { tone.style() } else { Style::new() };
            out.push_str(&format!("{style}{text}{style:#}"));
        }
        out.push('\n');
    }
}

impl Tone {
    fn style(self) -> Style {
        let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().effects(Effects::BOLD),
            Self::Dim => Style::new().effects(Effects::DIMMED),
            Self::Good => color(AnsiColor::Green),
            Self::Bad => color(AnsiColor::Red).effects(Effects::BOLD),
            Self::Warn => color(AnsiColor::Yellow),
            Self::Code => color(AnsiColor::Cyan),
        }
    }
}

/// What stands between two spaces; several spans may share a word.
#[derive(Default)]
struct Word {
    /// Spaces before it, unless it begins a line.
    gap: usize,
    pieces: Vec<(String, Tone)>,
    width: usize,
}

fn words(text: &[Span], look: &Look) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word = Word::default();
    for span in text {
        for (nth, part) in readable(&span.text, look).split(' ').enumerate() {
            if nth > 0 {
                let done = std::mem::take(&mut word);
                word.gap = if done.pieces.is_empty() { done.gap + 1 } else { 1 };
                words.extend(Some(done).filter(|word| !word.pieces.is_empty()));
            }
            if !part.is_empty() {
                word.width += part.width();
                word.pieces.push((part.to_owned(), span.tone));
            }
        }
    }
    words.extend(Some(word).filter(|word| !word.pieces.is_empty()));
    words
}

/// Below this nothing can be laid out.
const NARROWEST: usize = 60;
/// Beyond this the eye loses the line.
const WIDEST: usize = 120;
/// Characters of one piece of text, a dozen lines: what is longer is cut with an ellipsis, `-o json` has it whole.
const LONGEST: usize = 1_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::Detail;

    fn look(unicode: bool, color: bool, width: usize) -> Look {
        Look { color, unicode, width, detail: Detail::Normal }
    }

    proptest! {
        #[test]
        fn no_line_is_longer_than_the_page(
            texts in proptest::collection::vec(".{0,90}", 0..6), indent in 0_usize..10, column in 0_usize..24,
            label in "[a-z/-]{0,30}", tail in proptest::option::of("[a-z ]{1,12}"), width in 0_usize..200, unicode: bool,
        ) {
            let look = look(unicode, false, width);
            let mut page = Page::new(&look);
            let spans: Vec<Span> = texts.iter().map(Span::plain).collect();
            let lead = Lead { indent, spans: vec![Span::new(Tone::Strong, label)], column: column.max(indent), tail };
            page.paragraph(lead, &spans);
            page.verbatim(indent, Tone::Code, &texts.join("\n"));
            let (widest, text) = (page.width(), page.into_text());
            for line in text.lines() {
                prop_assert!(line.width() <= widest, "{line:?}");
                prop_assert!(unicode || line.is_ascii());
                prop_assert!(!line.chars().any(char::is_control));
            }
        }

        #[test]
        fn nothing_is_lost_in_wrapping(texts in proptest::collection::vec("[a-zA-Z0-9]{1,100}", 1..10)) {
            let look = look(true, false, 80);
            let mut page = Page::new(&look);
            page.paragraph(Lead::indent(4), &[Span::plain(texts.join(" "))]);
            let text = page.into_text();
            prop_assert_eq!(text.split_whitespace().collect::<String>(), texts.concat());
            prop_assert!(text.lines().all(|line| line.width() <= 80));
        }
    }

    #[test]
    fn a_long_command_can_still_be_pasted() {
        let look = look(true, false, 60);
        let mut page = Page::new(&look);
        page.command(4, "ghe-ssl-ca-certificate-install -c corp-inspection-ca-2.crt && ghe-config-apply");
        let text = page.into_text();
        assert_eq!(
            text,
            "    $ ghe-ssl-ca-certificate-install -c \\\n        corp-inspection-ca-2.crt && ghe-config-apply\n"
        );
    }

    #[test]
    fn code_keeps_its_backticks_without_colours() {
        let text = "Run `ghe-config-apply` **now**.";
        assert_eq!(inline(text, &look(true, false, 80))[1], Span::new(Tone::Code, "`ghe-config-apply`"));
        assert_eq!(inline(text, &look(true, true, 80))[1], Span::new(Tone::Code, "ghe-config-apply"));
        assert_eq!(inline(text, &look(true, true, 80))[3], Span::new(Tone::Strong, "now"));
    }
}
