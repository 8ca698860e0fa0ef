use std::fmt::Write as _;

/// Makes text from outside safe to show: control characters, terminal escapes, line breaks and direction overrides
/// become visible escapes, and what is longer than `max` characters is cut with an ellipsis.
///
/// ```
/// assert_eq!(gh_connect_engine::shown("a\u{1b}[31mb\n", 40), r"a\x1b[31mb\n");
/// assert_eq!(gh_connect_engine::shown("abcdef", 3), "abc…");
/// ```
pub fn shown(text: &str, max: usize) -> String {
    if text.len() <= max && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len().min(max));
    for (count, c) in text.chars().enumerate() {
        if count == max {
            out.push('…');
            break;
        }
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() && u32::from(c) < 0x100 => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if disturbs_reading(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// As [`shown`], for bytes of unknown encoding: what is no UTF-8 is shown as U+FFFD.
pub fn shown_bytes(bytes: &[u8], max: usize) -> String {
    shown(&String::from_utf8_lossy(bytes), max)
}

/// Characters that are invisible or change the order in which the others are read.
fn disturbs_reading(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
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
            prop_assert!(text.chars().count() <= 200 * 10 + 1);
        }
    }
}
