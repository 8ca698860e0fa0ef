//! Where secrets stand in a text.

use std::{collections::BTreeSet, ops::Range};

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

use super::{
    UNMISTAKABLE,
    codes::{Code, Coded, marks},
    escapes::{first_char, spans, undone, unfinished},
};
use crate::shown;

/// Everything that is looked for, all of it at once.
#[derive(Clone)]
pub(super) struct Search {
    spellings: BTreeSet<Vec<u8>>,
    /// Letters by which a code is noticed that may hold a secret.
    marks: BTreeSet<(String, Code)>,
    /// The marks, and how the spellings begin.
    any: AhoCorasick,
}

impl Search {
    pub(super) fn new(secrets: &BTreeSet<String>) -> Option<Self> {
        let spellings: BTreeSet<Vec<u8>> = secrets.iter().flat_map(|secret| spellings(secret)).collect();
        // What ends with another secret is noticed by that one.
        let is_last = |secret: &&String| {
            let mut others = secrets.iter().filter(|other| UNMISTAKABLE <= other.len() && other != secret);
            !others.any(|other| secret.ends_with(other.as_str()))
        };
        let own = secrets.iter().filter(is_last);
        let coded = own.flat_map(|secret| [Some(secret.as_bytes().to_vec()), latin(secret)]).flatten();
        let marks: BTreeSet<(String, Code)> = coded.flat_map(|bytes| marks(&bytes)).collect();
        let heads = spellings.iter().map(|spelling| &spelling[..spelling.len().min(UNMISTAKABLE)]);
        let all: BTreeSet<&[u8]> = heads.chain(marks.iter().map(|(mark, _)| mark.as_bytes())).collect();
        // The small automaton, and the kind of match that is found several bytes at a time.
        let mut builder = AhoCorasick::builder();
        builder.kind(Some(AhoCorasickKind::ContiguousNFA)).match_kind(MatchKind::LeftmostFirst);
        let any = builder.build(all).ok()?;
        Some(Self { spellings, marks, any })
    }

    /// Where secrets of at least `shortest` bytes stand, with as many `layers` of other notations around them.
    pub(super) fn find(&self, text: &[u8], shortest: usize, layers: u8) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut coded: Vec<Coded> = Vec::new();
        let mut from = 0;
        while let Some(hit) = self.any.find(Input::new(text).range(from..)) {
            let at = hit.start();
            from = at + 1;
            let spellings = self.spellings.iter().filter(|spelling| spelling.len() >= shortest);
            found.extend(spellings.filter_map(|spelling| end(text, at, spelling)).max().map(|end| at..end));
            let marks = self.marks.iter().filter(|(mark, _)| text[at..].starts_with(mark.as_bytes()));
            for (_, code) in marks.take_while(|_| layers >= IN_A_CODE) {
                if !coded.iter().rev().take(MOST_READINGS).any(|coded| coded.holds(at, *code)) {
                    coded.push(Coded::around(text, at, *code));
                }
            }
        }
        for coded in coded {
            let mut inside = self.find(&coded.bytes, shortest, layers - IN_A_CODE);
            inside.extend(self.begun_before(&coded.bytes).map(|end| 0..end));
            found.extend(inside.iter().map(|part| coded.place_of(part)));
        }
        found.extend(self.find_escaped(text, shortest, layers));
        found
    }

    /// Where a secret ends whose first byte or two are missing: they share a group with what stood before.
    fn begun_before(&self, bytes: &[u8]) -> Option<usize> {
        let rests =
            self.spellings.iter().flat_map(|spelling| [spelling.get(1..), spelling.get(2..)]).flatten();
        rests.filter(|rest| rest.len() >= UNMISTAKABLE).filter_map(|rest| end(bytes, 0, rest)).max()
    }

    fn find_escaped(&self, text: &[u8], shortest: usize, layers: u8) -> Vec<Range<usize>> {
        let Some(layers) = layers.checked_sub(1) else { return Vec::new() };
        let Some(undone) = undone(text) else { return Vec::new() };
        let inside = self.find(&undone, shortest, layers);
        if inside.is_empty() {
            return inside;
        }
        let spans = spans(text);
        inside.into_iter().map(|part| spans[part.start].start..spans[part.end - 1].end).collect()
    }
}

/// Where a secret ends that begins at `at`, be it whole or cut off.
fn end(text: &[u8], at: usize, spelling: &[u8]) -> Option<usize> {
    let rest = &text[at..];
    let same = rest.iter().zip(spelling).take_while(|(one, other)| one == other).count();
    if same == spelling.len() {
        return (same >= UNMISTAKABLE || is_word(text, at..at + same)).then_some(at + same);
    }
    let public = if spelling.starts_with(PUBLIC) { PUBLIC.len() + 1 } else { 0 };
    if same < UNMISTAKABLE.max(public) {
        return None;
    }
    let cut = |from: usize| {
        let from = from + unfinished(&rest[from..]);
        ELLIPSES.iter().any(|ellipsis| rest[from..].starts_with(ellipsis.as_bytes())).then_some(at + from)
    };
    // An ellipsis, or an escape that was cut off, may begin as the secret goes on.
    (0..3).find_map(|back| cut(same - back)).or_else(|| {
        let begun = unfinished(&rest[same..]);
        (same >= NO_ACCIDENT && at + same + begun == text.len()).then_some(text.len())
    })
}

fn is_word(text: &[u8], part: Range<usize>) -> bool {
    let (before, after) = (&text[part.start.saturating_sub(4)..part.start], &text[part.end..]);
    let before = before.utf8_chunks().last().filter(|chunk| chunk.invalid().is_empty());
    let before = before.and_then(|chunk| chunk.valid().chars().next_back());
    ![before, first_char(after)].into_iter().flatten().any(char::is_alphanumeric)
}

/// A secret as it stands, and what becomes of it under programs that change more than its notation.
fn spellings(secret: &str) -> Vec<Vec<u8>> {
    // What `shown` makes of a backslash before an escape is two of them.
    let texts = [secret.to_owned(), secret.replace(' ', "+"), shown(secret, usize::MAX)];
    let mut all: Vec<Vec<u8>> = texts.map(String::into_bytes).to_vec();
    // A page's words are shown with one blank between them.
    all.push(secret.split_whitespace().collect::<Vec<_>>().join(" ").into_bytes());
    // Some of it may look like escapes, and is then undone together with those that were added.
    for text in all.clone() {
        all.extend(std::iter::successors(undone(&text), |text| undone(text)).take(MOST_UNDONE));
    }
    if secret.len() >= UNMISTAKABLE {
        all.extend([secret.to_ascii_lowercase().into_bytes(), secret.to_ascii_uppercase().into_bytes()]);
    }
    if !secret.is_ascii() {
        all.extend(misread(secret));
    }
    all.retain(|spelling| spelling.len() >= super::SHORTEST);
    all
}

/// A secret that was written as Latin-1, or read as such although it is not.
fn misread(secret: &str) -> Vec<Vec<u8>> {
    let written = latin(secret);
    let lossy = written.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned().into_bytes());
    let read: String = secret.bytes().map(char::from).collect();
    // `\x9b` is a byte to some and a character to others.
    let controls = secret.chars().flat_map(|c| match u8::try_from(c) {
        Ok(byte) if c.is_control() => vec![byte],
        _ => c.to_string().into_bytes(),
    });
    let controls = controls.collect();
    written.into_iter().chain(lossy).chain([read.into_bytes(), controls]).collect()
}

/// As Latin-1, where that is possible and another encoding than UTF-8.
fn latin(secret: &str) -> Option<Vec<u8>> {
    let bytes = secret.chars().map(|c| u8::try_from(c).ok()).collect();
    if secret.is_ascii() { None } else { bytes }
}

/// What of a token is no secret, and longer than what is.
const PUBLIC: &[u8] = b"github_pat_";
/// What stands where a text was cut off.
const ELLIPSES: [&str; 2] = ["…", "..."];
/// Where nothing says that a text was cut off, so many bytes of a secret at its end say it.
const NO_ACCIDENT: usize = 16;
/// Layers that a code counts for: what it holds must be searched as a whole.
const IN_A_CODE: u8 = 2;
/// A run of letters is read from each place of a group.
const MOST_READINGS: usize = 6;
/// Layers of escapes that a secret itself may seem to have.
const MOST_UNDONE: usize = 5;
