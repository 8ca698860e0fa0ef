//! Where secrets stand in a text.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

use super::{
    UNMISTAKABLE,
    codes::{Code, Coded, marks},
    escapes::{ESCAPES, first_char, unfinished},
    markup::{self, MARKUP},
    reading::Notation,
};
use crate::shown;

/// Everything that is looked for, all of it at once.
#[derive(Clone)]
pub(super) struct Search {
    spellings: BTreeSet<Spelling>,
    /// Letters by which a code is noticed that may hold a secret.
    marks: BTreeSet<(String, Code)>,
    /// The marks, and how the spellings begin and end.
    any: Vec<AhoCorasick>,
}

/// A secret as some program writes it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Spelling {
    bytes: Vec<u8>,
    /// How much of its beginning is no secret: a part of it tells something only if it is longer.
    public: usize,
}

/// How many other notations around a secret are read.
#[derive(Clone, Copy)]
pub(super) struct Depth {
    layers: u8,
    /// Whether it may be a page.
    markup: bool,
}

impl Depth {
    pub(super) const OF_A_TEXT: Self = Self { layers: 5, markup: true };
    /// Our own words, which nobody cut apart, must not become another word.
    pub(super) const OF_A_REPORT: Self = Self { markup: false, ..Self::OF_A_TEXT };

    fn less(self, layers: u8) -> Option<Self> {
        Some(Self { layers: self.layers.checked_sub(layers)?, ..self })
    }
}

impl Search {
    /// Looks for secrets, each with how much of its beginning is none.
    pub(super) fn new(secrets: &BTreeMap<String, usize>) -> Option<Self> {
        let spellings: BTreeSet<Spelling> =
            secrets.iter().flat_map(|(secret, public)| spellings(secret, *public)).collect();
        let secrets: Vec<&String> = secrets.keys().collect();
        // What ends with another secret is noticed by that one.
        let is_last = |secret: &&&String| {
            let mut others = secrets.iter().filter(|other| UNMISTAKABLE <= other.len() && other != secret);
            !others.any(|other| secret.ends_with(other.as_str()))
        };
        let own = secrets.iter().filter(is_last);
        let coded = own.flat_map(|secret| [Some(secret.as_bytes().to_vec()), latin(secret)]).flatten();
        let marks: BTreeSet<(String, Code)> = coded.flat_map(|bytes| marks(&bytes)).collect();
        let heads =
            spellings.iter().map(|spelling| &spelling.bytes[..spelling.bytes.len().min(UNMISTAKABLE)]);
        let tails = spellings.iter().filter_map(|spelling| tail(&spelling.bytes));
        let marked = marks.iter().map(|(mark, _)| mark.as_bytes());
        let all: BTreeSet<&[u8]> = heads.chain(tails).chain(marked).collect();
        // The small automaton, and the kind of match that is found several bytes at a time.
        let mut builder = AhoCorasick::builder();
        builder.kind(Some(AhoCorasickKind::ContiguousNFA)).match_kind(MatchKind::LeftmostFirst);
        let all: Vec<&[u8]> = all.into_iter().collect();
        let any = all.chunks(MOST_AT_ONCE).map(|some| builder.build(some)).collect::<Result<_, _>>().ok()?;
        Some(Self { spellings, marks, any })
    }

    /// Where secrets of at least `shortest` bytes stand.
    pub(super) fn find(&self, text: &[u8], shortest: usize, depth: Depth) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut coded: Vec<Coded> = Vec::new();
        for at in self.any.iter().flat_map(|any| hits(any, text)) {
            let spellings = || self.spellings.iter().filter(|spelling| spelling.bytes.len() >= shortest);
            found.extend(spellings().filter_map(|spelling| end(text, at, spelling)).max().map(|end| at..end));
            found.extend(spellings().filter_map(|spelling| rest(text, at, spelling)));
            let marks = self.marks.iter().filter(|(mark, _)| text[at..].starts_with(mark.as_bytes()));
            for (_, code) in marks.take_while(|_| depth.layers >= IN_A_CODE) {
                if !coded.iter().rev().take(MOST_READINGS).any(|coded| coded.holds(at, *code)) {
                    coded.push(Coded::around(text, at, *code));
                }
            }
        }
        for coded in coded {
            let Some(depth) = depth.less(IN_A_CODE) else { break };
            let mut inside = self.find(&coded.bytes, shortest, depth);
            inside.extend(self.begun_before(&coded.bytes).map(|end| 0..end));
            found.extend(inside.iter().map(|part| coded.place_of(part)));
        }
        if let Some(depth) = depth.less(1) {
            found.extend(self.find_in(&ESCAPES, text, shortest, depth));
        }
        if depth.markup && markup::is_in(text) {
            found.extend(self.find_in(&MARKUP, text, shortest, Depth { markup: false, ..depth }));
        }
        found
    }

    /// Whether anything stands in a text that is looked for.
    pub(super) fn is_noticed(&self, text: &[u8]) -> bool {
        self.any.iter().any(|any| any.is_match(text))
    }

    /// Where a secret ends whose first byte or two are missing: they share a group with what stood before.
    fn begun_before(&self, bytes: &[u8]) -> Option<usize> {
        let rests = self.spellings.iter().flat_map(|spelling| [1, 2].map(|from| spelling.without(from)));
        rests.flatten().filter_map(|rest| end(bytes, 0, &rest)).max()
    }

    fn find_in(&self, notation: &Notation, text: &[u8], shortest: usize, depth: Depth) -> Vec<Range<usize>> {
        let Some(read) = notation.read(text) else { return Vec::new() };
        let inside = self.find(&read, shortest, depth);
        if inside.is_empty() {
            return inside;
        }
        let spans = notation.spans(text);
        inside.into_iter().map(|part| spans[part.start].start..spans[part.end - 1].end).collect()
    }
}

/// Each place at which something stands that is looked for.
fn hits<'a>(any: &'a AhoCorasick, text: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = any.find(Input::new(text).range(from..))?.start();
        from = at + 1;
        Some(at)
    })
}

impl Spelling {
    /// Without its first bytes, where what is left is unmistakable.
    fn without(&self, first: usize) -> Option<Self> {
        let rest = self.bytes.get(first..).filter(|rest| rest.len() >= UNMISTAKABLE)?;
        Some(Self { bytes: rest.to_vec(), public: self.public.saturating_sub(first) })
    }
}

/// Where a secret ends that begins at `at`, be it whole or cut off.
fn end(text: &[u8], at: usize, Spelling { bytes, public }: &Spelling) -> Option<usize> {
    let rest = &text[at..];
    let same = rest.iter().zip(bytes).take_while(|(one, other)| one == other).count();
    if same == bytes.len() {
        return (same >= UNMISTAKABLE || is_word(text, at..at + same)).then_some(at + same);
    }
    if same < UNMISTAKABLE.max(public + 1) {
        return None;
    }
    let cut = |from: usize| {
        // Of an escape of a character the beginning is an escape of another one.
        let begun = [unfinished(&rest[from..]), first_char(&rest[from..]).map_or(0, char::len_utf8)];
        let mut ends = begun.map(|begun| from + begun).into_iter();
        ends.find(|from| is_mask(&rest[*from..], <[u8]>::starts_with)).map(|from| at + from)
    };
    // An ellipsis, or an escape that was cut off, may begin as the secret goes on.
    (0..3).find_map(|back| cut(same - back)).or_else(|| {
        let begun = unfinished(&rest[same..]);
        let end = at + same + if at + same + begun == text.len() { begun } else { 0 };
        (same >= NO_ACCIDENT.max(public + UNMISTAKABLE)).then_some(end)
    })
}

/// By what the end of a secret is noticed.
fn tail(spelling: &[u8]) -> Option<&[u8]> {
    spelling.len().checked_sub(UNMISTAKABLE).filter(|from| *from > 0).map(|from| &spelling[from..])
}

/// Where the rest of a secret stands whose beginning was masked or cut off, if its end begins at `at`.
fn rest(text: &[u8], at: usize, Spelling { bytes, .. }: &Spelling) -> Option<Range<usize>> {
    let end = at + tail(bytes).filter(|tail| text[at..].starts_with(tail))?.len();
    let same =
        text[..end].iter().rev().zip(bytes.iter().rev()).take_while(|(one, other)| one == other).count();
    let from = end - same;
    // A mask may begin as the secret does.
    let masked = || (0..3).any(|on| is_mask(&text[..from + on], <[u8]>::ends_with));
    (same >= NO_ACCIDENT || masked()).then_some(from..end)
}

/// Whether an ellipsis, a mask, or a word that says so stands here: at the beginning or at the end.
fn is_mask(text: &[u8], stands: fn(&[u8], &[u8]) -> bool) -> bool {
    let at_start = stands(b"ab", b"a");
    let near =
        if at_start { &text[..text.len().min(NEAR)] } else { &text[text.len().saturating_sub(NEAR)..] };
    let near = near.to_ascii_lowercase();
    if MASKS.iter().any(|mask| stands(&near, mask.as_bytes())) {
        return true;
    }
    let mut characters = near.utf8_chunks().flat_map(|chunk| chunk.valid().chars());
    let two = if at_start {
        (characters.next(), characters.next())
    } else {
        let characters: Vec<char> = characters.collect();
        let mut last = characters.into_iter().rev();
        (last.next(), last.next())
    };
    matches!(two, (Some(one), Some(other)) if one == other && !one.is_alphanumeric() && !one.is_whitespace())
}

fn is_word(text: &[u8], part: Range<usize>) -> bool {
    let (before, after) = (&text[part.start.saturating_sub(4)..part.start], &text[part.end..]);
    let before = before.utf8_chunks().last().filter(|chunk| chunk.invalid().is_empty());
    let before = before.and_then(|chunk| chunk.valid().chars().next_back());
    ![before, first_char(after)].into_iter().flatten().any(char::is_alphanumeric)
}

/// A secret as it stands, and what becomes of it under programs that change more than its notation.
fn spellings(secret: &str, public: usize) -> Vec<Spelling> {
    // What `shown` makes of a backslash before an escape is two of them.
    let texts = [secret.to_owned(), secret.replace(' ', "+"), shown(secret, usize::MAX)];
    let mut all: Vec<Vec<u8>> = texts.map(String::into_bytes).to_vec();
    // A page's words are shown with one blank between them, and read with none.
    let words: Vec<&str> = secret.split_whitespace().collect();
    all.extend([words.join(" "), words.concat()].map(String::into_bytes));
    all.extend(markup::words(secret));
    // Some of it may look like escapes, and is then undone together with those that were added.
    for text in all.clone() {
        all.extend(std::iter::successors(ESCAPES.read(&text), |text| ESCAPES.read(text)).take(MOST_UNDONE));
    }
    if secret.len() >= UNMISTAKABLE {
        all.extend([secret.to_ascii_lowercase().into_bytes(), secret.to_ascii_uppercase().into_bytes()]);
    }
    if !secret.is_ascii() {
        all.extend(misread(secret));
    }
    all.retain(|spelling| spelling.len() >= super::SHORTEST);
    let public = if secret.starts_with(PUBLIC) { PUBLIC.len() } else { public };
    all.into_iter().map(|bytes| Spelling { public: public.min(bytes.len()), bytes }).collect()
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
const PUBLIC: &str = "github_pat_";
/// What stands where a text was cut off or masked, beside two of one sign.
const MASKS: [&str; 11] =
    ["…", "⋯", "xxx", "[redacted", "<redacted", "[snip", "<snip", "redacted]", "redacted>", "snip]", "snip>"];
/// No mask is longer.
const NEAR: usize = 16;
/// So many bytes of a secret, be it the beginning or the end, are never there by accident.
const NO_ACCIDENT: usize = 16;
/// Of more patterns the automaton does not look at several bytes at a time.
const MOST_AT_ONCE: usize = 64;
/// Layers that a code counts for: what it holds must be searched as a whole.
const IN_A_CODE: u8 = 2;
/// A run of letters is read from each place of a group.
const MOST_READINGS: usize = 6;
/// Layers of escapes that a secret itself may seem to have.
const MOST_UNDONE: usize = 5;
