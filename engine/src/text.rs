use std::borrow::Cow;

/// Makes text from outside safe to show: control characters, terminal escapes, line breaks and direction overrides
/// become visible escapes, and what is then longer than `max` characters is cut with an ellipsis, never within an escape.
/// What was made safe stays as it is when it is made safe once more, as it is when a record is read.
///
/// ```
/// assert_eq!(gh_connect_engine::shown("a\u{1b}[31mb\n", 40), r"a\x1b[31mb\n");
/// assert_eq!(gh_connect_engine::shown("abcdef", 3), "abc…");
/// assert_eq!(gh_connect_engine::shown("ab\n", 3), "ab…");
/// ```
pub fn shown(text: &str, max: usize) -> String {
    if text.len() <= max && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len().min(max));
    let mut left = max;
    for c in text.chars() {
        let before = out.len();
        let wide = match c {
            '\n' => push(&mut out, "\\n"),
            '\r' => push(&mut out, "\\r"),
            '\t' => push(&mut out, "\\t"),
            c if c.is_control() && u32::from(c) < 0x100 => {
                push(&mut out, &format!("\\x{:02x}", u32::from(c)))
            }
            c if disturbs_reading(c) => push(&mut out, &format!("\\u{{{:x}}}", u32::from(c))),
            c => {
                out.push(c);
                1
            }
        };
        let Some(rest) = left.checked_sub(wide) else {
            out.truncate(before);
            out.push('…');
            break;
        };
        left = rest;
    }
    out
}

/// Adds an escape, which is ASCII, and says how many characters it has.
fn push(out: &mut String, escape: &str) -> usize {
    out.push_str(escape);
    escape.len()
}

/// As [`shown`], for bytes of unknown encoding: what is no UTF-8 is shown as U+FFFD.
pub fn shown_bytes(bytes: &[u8], max: usize) -> String {
    shown(&String::from_utf8_lossy(bytes), max)
}

/// The most characters that a byte is shown with, in an escape such as `\x1b`: what is kept of so many bytes is shown whole
/// in so many times as many characters.
pub const MOST_OF_A_BYTE: usize = 4;

/// A text whose characters can all be seen: as [`shown`], but whole, and with its line breaks.
pub fn visible(text: &str) -> Cow<'_, str> {
    let is_ascii = text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n'));
    if is_ascii || !text.contains(|c| c != '\n' && disturbs_reading(c)) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<String> = text.split('\n').map(|line| shown(line, usize::MAX)).collect();
    Cow::Owned(lines.join("\n"))
}

/// Whether a reader sees a letter or a digit in a text.
pub fn is_legible(text: &str) -> bool {
    text.contains(|c: char| c.is_alphanumeric() && !is_invisible(c))
}

/// A text without the characters that a reader does not see.
pub fn without_invisible(text: &str) -> String {
    text.chars().filter(|c| !disturbs_reading(*c)).collect()
}

/// Characters that are invisible or change the order in which the others are read.
fn disturbs_reading(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// Characters beside control characters that a reader does not see: `Default_Ignorable_Code_Point` of Unicode 17, what
/// separates or annotates lines, and letters that look like nothing.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        // Default_Ignorable_Code_Point
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
        // Separators and annotations of lines
        | '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}'
        // Blank: in Braille, Khitan, Brahmi, music and hieroglyphs
        | '\u{2800}' | '\u{16fe4}' | '\u{1107f}' | '\u{1d159}' | '\u{13430}'..='\u{13442}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_that_a_terminal_obeys_survives(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let text = shown_bytes(&bytes, 200);
            prop_assert!(!text.chars().any(|c| c.is_control() || disturbs_reading(c)));
            prop_assert!(!shown_bytes(&bytes, MOST_OF_A_BYTE * bytes.len()).ends_with('…') || bytes.ends_with("…".as_bytes()));
        }

        #[test]
        fn what_is_visible_stays_so_and_keeps_its_lines(text in "[a\n\u{1b}\u{202e}\u{3164}ß…\\\\]{0,24}") {
            let once = visible(&text).into_owned();
            prop_assert!(!once.contains(|c| c != '\n' && disturbs_reading(c)), "{once}");
            prop_assert_eq!(once.lines().count(), text.lines().count());
            prop_assert_eq!(visible(&once), once.as_str());
        }

        #[test]
        fn what_is_shown_is_bounded_and_shown_again_the_same(text in "[a\n\u{1b}\u{202e}ß…]{0,24}", most in 0usize..24) {
            let once = shown(&text, most);
            prop_assert!(once.chars().count() <= most + 1, "{once}");
            prop_assert_eq!(shown(&once, most), once);
        }
    }

    #[test]
    fn what_looks_like_nothing_is_written_out() {
        for (text, expected) in [
            ("a\u{115f}b", r"a\u{115f}b"),
            ("\u{3164}", r"\u{3164}"),
            ("\u{ffa0}\u{1160}", r"\u{ffa0}\u{1160}"),
            ("\u{2800}", r"\u{2800}"),
            ("o\u{34f}k\u{fe0f}", r"o\u{34f}k\u{fe0f}"),
            ("x\u{e0100}\u{e01ef}", r"x\u{e0100}\u{e01ef}"),
            ("\u{180f}\u{206a}\u{1d159}", r"\u{180f}\u{206a}\u{1d159}"),
            ("Zürich 東京 ok", "Zürich 東京 ok"),
        ] {
            assert_eq!(shown(text, 100), expected);
            assert_eq!(visible(text), expected);
            assert!(!without_invisible(text).contains(disturbs_reading), "{text:?}");
            assert_eq!(is_legible(text), text.contains(['a', 'o', 'x', 'Z']), "{text:?}");
        }
    }
}
