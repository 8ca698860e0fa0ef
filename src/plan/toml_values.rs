//! Where values stand in a text that may or may not be TOML, so that a line can be shown without what nobody may see.

use std::ops::Range;

use crate::secrets::credentials;

/// What stands after a key and its equals sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    /// Its bytes, several lines where it has or seems to have them.
    pub(crate) range: Range<usize>,
    /// Whether the key is one of those that take a URL, in which a password may stand.
    pub(crate) names_a_url: bool,
    /// Whether the key, or one within the value, is named like a credential.
    pub(crate) names_a_credential: bool,
}

/// All values, found by their keys. A string that is never closed ends before the next line that looks like a key or a
/// table.
pub(crate) fn values(text: &str) -> Vec<Value> {
    let mut values = Vec::new();
    let mut at = 0;
    // Each bracket that is never closed is looked for to the end of the text.
    let mut patience = MOST_UNCLOSED;
    while at < text.len() {
        let line_end = text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1);
        let Some(key) = key(&text[at..line_end]) else {
            at = line_end;
            continue;
        };
        let start = at + key.len() + 1;
        let start = start + (text[start..].len() - text[start..].trim_start_matches([' ', '\t']).len());
        let end = end(text, start, &mut patience);
        let name = key.to_ascii_lowercase();
        let names_a_url = ["proxy", "server", "echo"].iter().any(|word| name.contains(word));
        let names_a_url = names_a_url && !name.contains("no-proxy");
        let names_a_credential =
            credentials::names_one(key) || inner_keys(&text[start..end]).any(credentials::names_one);
        values.push(Value { range: start..end, names_a_url, names_a_credential });
        at = text[end..].find('\n').map_or(text.len(), |newline| end + newline + 1);
    }
    values
}

/// The value that stands on a line, or goes on there.
pub(crate) fn value_on(text: &str, line: Range<usize>) -> Option<Range<usize>> {
    let stands = |value: &Range<usize>| value.start < line.end.max(line.start + 1) && line.start < value.end;
    values(text).into_iter().map(|value| value.range).find(stands)
}

/// Whether a value can be repeated in a message, because it is too little for a password: a truth value or a short number.
pub(crate) fn is_plain(raw: &str) -> bool {
    let raw = raw.trim();
    let is_number = raw.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-'));
    matches!(raw, "true" | "false") || is_number && raw.len() <= LONGEST_NUMBER
}

/// The keys of inline tables.
fn inner_keys(value: &str) -> impl Iterator<Item = &str> {
    value.split(['{', ',', '\n']).filter_map(key)
}

/// What stands before the equals sign of `key = value`.
pub(crate) fn key(line: &str) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.\"' \t".contains(c);
    (!key.trim().is_empty() && key.chars().all(fits)).then_some(key)
}

/// Where the value that starts at `start` ends. `patience` is how many more may run on to the end of the text.
fn end(text: &str, start: usize, patience: &mut usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    if *patience == 0 && text[start..].starts_with(['[', '{']) {
        return before_next_statement(text, start);
    }
    while let Some(c) = text[at..].chars().next() {
        match c {
            '"' | '\'' => match string(text, at) {
                Some(end) => {
                    at = end;
                    continue;
                }
                None => return before_next_statement(text, at),
            },
            '#' => {
                let rest = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
                if depth == 0 {
                    return at;
                }
                at = rest;
                continue;
            }
            '\n' if depth == 0 => return at,
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += c.len_utf8();
    }
    if depth == 0 {
        return text.len();
    }
    *patience = patience.saturating_sub(1);
    before_next_statement(text, start)
}

/// The end of the string that starts at `start`, if it is closed.
fn string(text: &str, start: usize) -> Option<usize> {
    let rest = &text[start..];
    let quote = &rest[..1];
    let many = quote.repeat(3);
    let (delimiter, lines) = if rest.starts_with(&many) { (many.as_str(), true) } else { (quote, false) };
    let mut at = start + delimiter.len();
    while let Some(c) = text[at..].chars().next() {
        if text[at..].starts_with(delimiter) {
            return Some(at + delimiter.len());
        }
        if c == '\n' && !lines {
            return None;
        }
        at += c.len_utf8();
        if c == '\\' && quote == "\"" {
            let escaped = text[at..].chars().next().filter(|next| lines || *next != '\n');
            at += escaped.map_or(0, char::len_utf8);
        }
    }
    None
}

/// The end of the last line before one that begins a key or a table.
fn before_next_statement(text: &str, from: usize) -> usize {
    let mut at = text[from..].find('\n').map_or(text.len(), |newline| from + newline);
    while at < text.len() {
        let line = text[at + 1..].split('\n').next().unwrap_or_default();
        if (key(line).is_some() && !line.contains('@')) || line.trim_start().starts_with('[') {
            break;
        }
        at += 1 + line.len();
    }
    at
}

/// A port has as many digits.
const LONGEST_NUMBER: usize = 5;
/// A text with more brackets that nobody closed is no configuration.
const MOST_UNCLOSED: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_found_even_in_broken_text() {
        for (text, expected) in [
            ("proxy = 'a' # b@c\nserver = 7", &["'a' ", "7"][..]),
            ("proxy = '''a\nb'''\nx = 1\n", &["'''a\nb'''", "1"]),
            ("proxy = \"a\nb@c\"\nx = 1\n", &["\"a\nb@c\"", "1"]),
            ("proxy = '''a\nb = c@d\n[trust]\nx = 1", &["'''a\nb = c@d", "1"]),
            (
                "also = [\n  'a=b', # it's\n]\nx = \"\"\"\\\"\"\"\"",
                &["[\n  'a=b', # it's\n]", "\"\"\"\\\"\"\"\""],
            ),
            ("proxy =", &[""]),
            ("proxy = \"ü\\", &["\"ü\\"]),
        ] {
            let found: Vec<&str> = values(text).into_iter().map(|value| &text[value.range]).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn only_what_is_too_little_for_a_password_is_plain() {
        for (raw, expected) in [
            ("7", true),
            ("-1.5 ", true),
            ("31280", true),
            ("true", true),
            ("", true),
            ("123456", false),
            ("'7'", false),
            ("\"true\"", false),
            ("hunter2", false),
            ("5s", false),
            ("['7']", false),
            ("2026-05-03", false),
            ("'http://proxy:3128'", false),
        ] {
            assert_eq!(is_plain(raw), expected, "{raw}");
        }
    }

    /// Twice as much text takes twice as long, not four times: what once took half a minute is a moment.
    #[test]
    fn brackets_without_an_end_are_not_looked_for_again_and_again() {
        for line in ["x = [\n", "x = {\n", "\"x\" = [ #\n", "proxy = \"a\n", "x = [\"a\n"] {
            let text = line.repeat(20_000);
            let last = values(&text).last().map(|value| value.range.end);
            assert!(last.is_some_and(|end| end + 1 >= text.len()), "{line}: {last:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_searched(text in "([a-z=@#ü\"'\\[\\]{}\\\\ \n]|'''|\"\"\"|proxy = ){0,40}") {
            let mut last = 0;
            for value in values(&text) {
                prop_assert!(last <= value.range.start && text.get(value.range.clone()).is_some());
                last = value.range.end;
            }
        }
    }
}
