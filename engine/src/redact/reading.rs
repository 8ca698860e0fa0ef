//! Reading a text as it was before another program wrote it in a notation of its own.

use std::ops::Range;

/// How a notation is read.
pub(super) struct Notation {
    /// How many bytes at the beginning stand for themselves, and are found to do so at once.
    pub(super) plain: fn(&[u8]) -> usize,
    /// What the first bytes stand for, and how many they are; `None` where the first byte stands for itself.
    pub(super) written: fn(&[u8]) -> Option<(Meaning, usize)>,
}

/// What some bytes of a text stand for.
#[derive(Clone, Copy)]
pub(super) enum Meaning {
    Byte(u8),
    Char(char),
    /// What may stand anywhere in a long word: line breaks with the indent after them, characters without width, tags.
    Nothing,
}

enum Piece {
    Plain(Range<usize>),
    Written(Meaning, Range<usize>),
}

impl Notation {
    /// What the text says. `None` where all of it stands for itself.
    pub(super) fn read(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut changed = false;
        for piece in self.pieces(text) {
            match piece {
                Piece::Plain(whole) if whole.len() == text.len() => return None,
                Piece::Plain(span) => out.extend_from_slice(&text[span]),
                Piece::Written(meaning, _) => {
                    changed = true;
                    meaning.write(&mut out);
                }
            }
        }
        changed.then_some(out)
    }

    /// For each byte of what the text says the bytes that stand for it.
    pub(super) fn spans(&self, text: &[u8]) -> Vec<Range<usize>> {
        let (mut spans, mut bytes) = (Vec::new(), Vec::new());
        for piece in self.pieces(text) {
            match piece {
                Piece::Plain(span) => spans.extend(span.map(|at| at..at + 1)),
                Piece::Written(meaning, span) => {
                    bytes.clear();
                    meaning.write(&mut bytes);
                    spans.extend(bytes.iter().map(|_| span.clone()));
                }
            }
        }
        spans
    }

    fn pieces(&self, text: &[u8]) -> impl Iterator<Item = Piece> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let start = at;
            while at < text.len() {
                at += (self.plain)(&text[at..]);
                match (self.written)(&text[at..]) {
                    Some(_) if at > start => break,
                    Some((meaning, length)) => {
                        at += length;
                        return Some(Piece::Written(meaning, start..at));
                    }
                    None => at = text.len().min(at + 1),
                }
            }
            (at > start).then_some(Piece::Plain(start..at))
        })
    }
}

impl Meaning {
    fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Byte(byte) => out.push(byte),
            Self::Char(character) => {
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Self::Nothing => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{escapes::ESCAPES, markup::MARKUP};

    proptest! {
        #[test]
        fn every_byte_has_its_place(text in r"([%\\&;{}#a-f0-9ux\n\r ü…<>!/-]|\u{200b}|\u{a0}){0,40}") {
            for notation in [ESCAPES, MARKUP] {
                let (text, read) = (text.as_bytes(), notation.read(text.as_bytes()));
                let spans = notation.spans(text);
                prop_assert_eq!(spans.len(), read.map_or(text.len(), |read| read.len()));
                prop_assert!(spans.iter().all(|span| span.start < span.end && span.end <= text.len()));
                prop_assert!(spans.windows(2).all(|two| two[0] == two[1] || two[0].end <= two[1].start));
            }
        }
    }
}
