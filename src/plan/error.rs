//! Errors in what was said: where, what is wrong, what is allowed, and what was probably meant.

use std::{fmt::Write as _, ops::Range};

use gh_connect_engine::shown;

use crate::{
    plan::{
        said::{Place, Said, Source},
        toml_values::{is_plain, key, value_on},
    },
    sink,
};

/// One thing that was said and makes no sense.
#[derive(Clone, Debug)]
pub(crate) struct UsageError {
    message: String,
    excerpt: Option<Box<Excerpt>>,
    hints: Vec<String>,
}

/// The place itself, in three parts that can be shown beside each other.
#[derive(Clone, Debug)]
struct Excerpt {
    place: String,
    line: Option<usize>,
    before: String,
    marked: String,
    after: String,
}

impl UsageError {
    /// An error about nothing in particular.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), excerpt: None, hints: Vec::new() }
    }

    /// An error about a value.
    pub(crate) fn at(said: &Said, message: impl Into<String>) -> Self {
        Self::within(said, 0..said.text.len(), message)
    }

    /// An error about a part of a value, in bytes of its text.
    pub(crate) fn within(said: &Said, part: Range<usize>, message: impl Into<String>) -> Self {
        let excerpt = match &said.place {
            Place::Flag(flag) => Excerpt {
                place: "command line".to_owned(),
                line: None,
                before: format!(
                    "{flag}{}{}",
                    if flag.ends_with('=') { "" } else { " " },
                    piece(&said.text, 0..part.start)
                ),
                marked: piece(&said.text, part.clone()),
                after: piece(&said.text, part.end..said.text.len()),
            },
            Place::File(source, span) => {
                // A literal with escapes has other offsets than its value: then all of it is marked.
                let literal = piece(&source.text, span.clone());
                let inner = span.start + 1 + part.start..span.start + 1 + part.end;
                let exact = literal.get(1..literal.len().saturating_sub(1)) == Some(said.text.as_str());
                Excerpt::of_file(source, if exact && !part.is_empty() { inner } else { span.clone() })
            }
        };
        Self { excerpt: Some(Box::new(excerpt)), ..Self::new(message) }
    }

    /// An error about bytes of a file.
    pub(crate) fn in_file(source: &Source, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { excerpt: Some(Box::new(Excerpt::of_file(source, span))), ..Self::new(message) }
    }

    /// An error about a key of a file, or about a line that is none: nothing of it is shown but the key.
    pub(crate) fn at_key(source: &Source, span: Range<usize>, message: impl Into<String>) -> Self {
        let (line, column) = source.position(span.start);
        let (_, text) = source.line(span.start);
        let (marked, after) = match source.text.get(span).filter(|key| !key.is_empty()).or_else(|| key(text))
        {
            Some(key) => (key.trim().to_owned(), format!(" = {HIDDEN}")),
            None => (HIDDEN.to_owned(), String::new()),
        };
        let place = format!("{}:{line}:{column}", source.name);
        let excerpt = Excerpt { place, line: Some(line), before: String::new(), marked, after };
        Self { excerpt: Some(Box::new(excerpt)), ..Self::new(message) }
    }

    /// Adds a line of advice, `allowed: …`.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds what was probably meant, if anything comes near.
    #[must_use]
    pub(crate) fn did_you_mean(self, said: &str, known: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        match super::suggest::nearest(said, known) {
            Some(known) => self.meant(&known),
            None => self,
        }
    }

    /// Adds what was meant: the first thing to read.
    #[must_use]
    pub(crate) fn meant(mut self, meant: &str) -> Self {
        self.hints.insert(0, format!("did you mean `{meant}`?"));
        self
    }

    /// As it is shown on stderr, several lines with a final line break.
    pub(crate) fn render(&self, color: bool) -> String {
        let (red, bold, blue, reset) =
            if color { ("\x1b[1;31m", "\x1b[1m", "\x1b[1;34m", "\x1b[0m") } else { ("", "", "", "") };
        let mut out =
            format!("{red}error:{reset} {bold}{}{reset}\n", shown(&sink::clean(&self.message), 500));
        let mut margin = " ".to_owned();
        if let Some(excerpt) = &self.excerpt {
            let number = excerpt.line.map_or_else(String::new, |line| line.to_string());
            margin = " ".repeat(number.len().max(1));
            let (before, marked) = (safe(&excerpt.before, Side::End), safe(&excerpt.marked, Side::Start));
            let after = safe(&excerpt.after, Side::Start);
            let (indent, width) = (columns(&before), columns(&marked).max(1));
            let _ = writeln!(out, "{margin}{blue}-->{reset} {}", safe(&excerpt.place, Side::End));
            let _ = writeln!(out, "{margin} {blue}|{reset}");
            let _ = writeln!(
                out,
                "{blue}{number:>margin$} |{reset} {before}{marked}{after}",
                margin = margin.len()
            );
            let _ = writeln!(
                out,
                "{margin} {blue}|{reset} {}{red}{}{reset}",
                " ".repeat(indent),
                "^".repeat(width)
            );
        }
        for hint in &self.hints {
            let _ = writeln!(out, "{margin} {blue}={reset} {}", shown(&sink::clean(hint), 2000));
        }
        out
    }
}

/// All errors, one after the other.
pub(crate) fn render(errors: &[UsageError], color: bool) -> String {
    errors.iter().map(|error| error.render(color)).collect::<Vec<_>>().join("\n")
}

impl Excerpt {
    fn of_file(source: &Source, span: Range<usize>) -> Self {
        let (line, column) = source.position(span.start);
        let (start, text) = source.line(span.start);
        let end = start + text.len();
        let marked = span.start.min(end)..span.end.clamp(span.start.min(end), end);
        let part = |range: Range<usize>| piece(&source.text, range);
        let (before, marked, after) = match value_on(&source.text, start..end) {
            // The head of a table, or nothing at all.
            None if text.trim_start().starts_with('[') || text.trim().is_empty() => {
                let end = start + text.find(']').map_or(text.len(), |at| at + 1);
                let marked = marked.start.min(end)..marked.end.min(end);
                (part(start..marked.start), part(marked.clone()), part(marked.end..end))
            }
            None => (String::new(), HIDDEN.to_owned(), String::new()),
            // The key is marked, and what stands after it hidden.
            Some(value) if marked.end <= value.start => (
                part(start..marked.start),
                part(marked.clone()),
                format!("{}{HIDDEN}", part(marked.end..value.start)),
            ),
            Some(value) if is_plain(&source.text[value.clone()]) => {
                (part(start..marked.start), part(marked.clone()), String::new())
            }
            // Of several lines the first has the key.
            Some(value) => (part(source.line(value.start).0..value.start), HIDDEN.to_owned(), String::new()),
        };
        Self { place: format!("{}:{line}:{column}", source.name), line: Some(line), before, marked, after }
    }
}

/// Which side of a long text is worth showing.
#[derive(Clone, Copy)]
enum Side {
    Start,
    End,
}

/// Without secrets, without what a terminal would obey, and not too long.
fn safe(text: &str, side: Side) -> String {
    let text = sink::clean(text).replace('\t', " ");
    let long = text.chars().count();
    match side {
        Side::End if long > LONGEST => {
            format!("…{}", shown(&text.chars().skip(long - LONGEST).collect::<String>(), LONGEST))
        }
        _ => shown(&text, LONGEST),
    }
}

fn columns(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

fn piece(text: &str, range: Range<usize>) -> String {
    text.get(range).unwrap_or_default().to_owned()
}

/// In the place of a value: any may be a password in the wrong place.
const HIDDEN: &str = "[not shown]";
/// Characters of a line on each side of the mark.
const LONGEST: usize = 100;
