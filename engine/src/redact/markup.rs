//! A page as its reader sees it: a long word goes on after a tag, a comment, or a blank that was put into it.

use memchr::{memchr, memmem};

use super::{
    escapes::first_char,
    reading::{Meaning, Notation},
};

/// Without tags, comments and white space.
pub(super) const MARKUP: Notation = Notation { plain, written };

/// With a blank for each tag and each comment.
const TAGS: Notation = Notation {
    plain: |text| memchr(b'<', text).unwrap_or(text.len()),
    written: |text| Some((Meaning::Char(' '), tag(text)?)),
};

/// Whether a text has what cuts words in pages: tags, comments, or blanks that are not ASCII.
pub(super) fn is_in(text: &[u8]) -> bool {
    let has_tag = memchr::memchr_iter(b'<', text).any(|at| tag(&text[at..]).is_some());
    has_tag
        || !text.is_ascii() && {
            let is_wide = |c: char| !c.is_ascii() && c.is_whitespace();
            text.utf8_chunks().any(|chunk| chunk.valid().contains(is_wide))
        }
}

/// A text whose reader sees one blank for each tag, if it has tags.
pub(super) fn words(text: &str) -> Option<Vec<u8>> {
    let spaced = TAGS.read(text.as_bytes())?;
    Some(String::from_utf8_lossy(&spaced).split_whitespace().collect::<Vec<_>>().join(" ").into_bytes())
}

fn plain(text: &[u8]) -> usize {
    let ends = |byte: &u8| matches!(byte, b'<' | 0x80..) || byte.is_ascii_whitespace();
    text.iter().position(ends).unwrap_or(text.len())
}

fn written(text: &[u8]) -> Option<(Meaning, usize)> {
    let length = match text.first()? {
        b'<' => tag(text)?,
        _ => first_char(text).filter(|c| c.is_whitespace())?.len_utf8(),
    };
    Some((Meaning::Nothing, length))
}

/// How long the tag or the comment at the beginning is, if there is one.
fn tag(text: &[u8]) -> Option<usize> {
    if text.first() != Some(&b'<') {
        return None;
    }
    let text = &text[..text.len().min(LONGEST)];
    if text.starts_with(b"<!--") {
        return memmem::find(text, b"-->").map(|end| end + 3);
    }
    if !matches!(text.get(1)?, b'/' | b'!' | b'?') && !text[1].is_ascii_alphabetic() {
        return None;
    }
    let mut quote = None;
    let ends = |byte: &u8| {
        match (quote, *byte) {
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if open == byte => quote = None,
            (None, b'>') => return true,
            _ => {}
        }
        false
    };
    // A quotation mark may be a letter of an address.
    text.iter().position(ends).or_else(|| memchr(b'>', text)).map(|end| end + 1)
}

/// What is longer is no tag: whoever sends a page does not decide how long it takes to read it.
const LONGEST: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_on_after_tags() {
        for (text, read) in [
            ("ab<br>cd", "abcd"),
            ("ab<wbr/>c</td>\n  <td class='x>y'>d", "abcd"),
            ("ab<!-- > -->cd<?php x?>", "abcd"),
            ("a\u{a0}b\u{2009}c d", "abcd"),
            ("a <don't> b", "ab"),
        ] {
            assert!(is_in(text.as_bytes()), "{text}");
            let read_as = MARKUP.read(text.as_bytes()).expect("markup");
            assert_eq!(String::from_utf8_lossy(&read_as), read, "{text}");
        }
    }

    #[test]
    fn a_tag_becomes_a_blank() {
        for (text, expected) in [
            ("a<b>c", Some("a c")),
            ("a  <!-- > --> b<br>", Some("a b")),
            ("pass>admin", None),
            ("a < b", None),
        ] {
            assert_eq!(words(text).as_deref(), expected.map(str::as_bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_markup_stays() {
        for text in ["", "a b", "a < b > c", "1<2>3", "<", "<b", "<!-- a", "ü…", "a\u{200b}b"] {
            assert!(!is_in(text.as_bytes()), "{text}");
        }
    }
}
