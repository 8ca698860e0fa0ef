//! Errors in world files, said so that the line can be found and mended.

use std::fmt;

/// A world file that cannot be read: where, what, and what is allowed there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldError {
    source_name: String,
    line: usize,
    column: usize,
    message: String,
    line_text: String,
}

impl WorldError {
    pub(super) fn new(source_name: &str, text: &str, error: &toml::de::Error) -> WorldError {
        let start = floor_char_boundary(text, error.span().map_or(0, |span| span.start));
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        WorldError {
            source_name: source_name.to_owned(),
            line: before.matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            message: worded(error.message()),
            line_text: text[line_start..].lines().next().unwrap_or_default().to_owned(),
        }
    }

    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, counted from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What is wrong and what is allowed, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "{}:{}:{}: {}", self.source_name, self.line, self.column, self.message)?;
        writeln!(f, "{margin} |")?;
        // A file may hold anything: what would steer a terminal is shown as a replacement character.
        let shown = self.line_text.replace('\t', " ").replace(char::is_control, "\u{fffd}");
        writeln!(f, "{number} | {shown}")?;
        write!(f, "{margin} | {}^", " ".repeat(self.column - 1))
    }
}

impl std::error::Error for WorldError {}

/// The parser's words in the terms of somebody who edits a world file.
fn worded(message: &str) -> String {
    [
        ("unknown field ", "unknown key "),
        ("unknown variant ", "unknown value "),
        (", expected one of ", "; allowed: "),
        (", expected ", "; allowed: "),
        (", there are no fields", "; nothing is allowed here"),
    ]
    .iter()
    .fold(message.trim_end().replace('\n', "; "), |text, (from, to)| text.replacen(from, to, 1))
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}
