//! Undoing what other programs do to a text before they write it into a URL, a page, a log or JSON.

use std::ops::Range;

use memchr::{memchr2, memchr3};

use crate::text::is_invisible;

/// One piece of a text that is read with its escapes undone.
enum Piece {
    /// Bytes that stand for themselves.
    Plain(Range<usize>),
    /// Bytes that stand for something else.
    Escape(Meaning, Range<usize>),
}

/// What an escape stands for.
#[derive(Clone, Copy)]
enum Meaning {
    Byte(u8),
    Char(char),
    /// Line breaks with the indent after them, and characters that nobody sees: they may stand anywhere in a long word.
    Nothing,
}

/// The text with one layer of escapes undone, be they of a URL, of JSON and its relatives, of HTML, or of
/// [`shown`](crate::shown); and with its lines joined. `None` where there is nothing to undo.
pub(super) fn undone(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut changed = false;
    for piece in pieces(text) {
        match piece {
            Piece::Plain(whole) if whole.len() == text.len() => return None,
            Piece::Plain(span) => out.extend_from_slice(&text[span]),
            Piece::Escape(meaning, _) => {
                changed = true;
                meaning.write(&mut out);
            }
        }
    }
    changed.then_some(out)
}

/// For each byte of the undone text the bytes that stand for it.
pub(super) fn spans(text: &[u8]) -> Vec<Range<usize>> {
    let (mut spans, mut bytes) = (Vec::new(), Vec::new());
    for piece in pieces(text) {
        match piece {
            Piece::Plain(span) => spans.extend(span.map(|at| at..at + 1)),
            Piece::Escape(meaning, span) => {
                bytes.clear();
                meaning.write(&mut bytes);
                spans.extend(bytes.iter().map(|_| span.clone()));
            }
        }
    }
    spans
}

/// How long an escape is that was begun and then cut off: `%`, `%C`, `\u00`, `&quo`, `\ud83d\u`. Zero where none was.
pub(super) fn unfinished(text: &[u8]) -> usize {
    let inside = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'#' | b'{');
    let one = |text: &[u8]| match text.first() {
        Some(b'%' | b'\\' | b'&') => 1 + text[1..].iter().take(LONGEST).take_while(inside).count(),
        _ => 0,
    };
    let first = one(text);
    if first == 0 { 0 } else { first + one(&text[first..]) }
}

fn pieces(text: &[u8]) -> impl Iterator<Item = Piece> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at;
        while at < text.len() {
            at += plain(&text[at..]);
            match escape(&text[at..]) {
                Some(_) if at > start => break,
                Some((meaning, length)) => {
                    at += length;
                    return Some(Piece::Escape(meaning, start..at));
                }
                None => at = text.len().min(at + 1),
            }
        }
        (at > start).then_some(Piece::Plain(start..at))
    })
}

/// How many bytes at the beginning cannot begin an escape. Of a block all bytes are looked at together.
fn plain(text: &[u8]) -> usize {
    let is_plain = |block: &&[u8]| {
        block.is_ascii() && memchr3(b'%', b'\\', b'&', block).or(memchr2(b'\n', b'\r', block)).is_none()
    };
    let blocks = BLOCK * text.chunks_exact(BLOCK).take_while(is_plain).count();
    let rest = &text[blocks..];
    blocks + rest.iter().position(|byte| is_special(*byte)).unwrap_or(rest.len())
}

fn is_special(byte: u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'&' | b'\n' | b'\r' | 0x80..)
}

/// What the escape at the beginning stands for, and how long it is.
fn escape(text: &[u8]) -> Option<(Meaning, usize)> {
    match *text.first()? {
        b'%' => percent(text),
        b'\\' => backslash(text),
        b'&' => entity(text),
        b'\n' | b'\r' => Some((Meaning::Nothing, 1 + blanks(&text[1..]))),
        0x80.. => {
            let first = first_char(text)?;
            is_invisible(first).then(|| (Meaning::Nothing, first.len_utf8()))
        }
        _ => None,
    }
}

/// `%C3` (RFC 3986), and `%u00fc` of ECMAScript's `escape`.
fn percent(text: &[u8]) -> Option<(Meaning, usize)> {
    match text.get(1)? {
        b'u' => Some((Meaning::Char(char::from_u32(hex(text.get(2..6)?)?)?), 6)),
        _ => Some((Meaning::Byte(u8::try_from(hex(text.get(1..3)?)?).ok()?), 3)),
    }
}

/// `\n`, `\"`, `\/`, `\x1b`, `\033`, `\u00fc`, `\ud83d\ude00`, `\u{fc}`, `\U000000fc`: JSON, C, Python, Rust, shells.
fn backslash(text: &[u8]) -> Option<(Meaning, usize)> {
    let meant = |c| Some((Meaning::Char(c), 2));
    match *text.get(1)? {
        b'n' => meant('\n'),
        b'r' => meant('\r'),
        b't' => meant('\t'),
        b'b' => meant('\u{8}'),
        b'f' => meant('\u{c}'),
        b'x' => Some((Meaning::Byte(u8::try_from(hex(text.get(2..4)?)?).ok()?), 4)),
        b'u' if text.get(2) == Some(&b'{') => {
            let digits = text[3..].iter().take(LONGEST).position(|byte| *byte == b'}')?;
            Some((Meaning::Char(char::from_u32(hex(&text[3..3 + digits])?)?), digits + 4))
        }
        b'u' => utf16(text),
        b'U' => Some((Meaning::Char(char::from_u32(hex(text.get(2..10)?)?)?), 10)),
        b'0'..=b'7' => {
            let digits = text[1..].iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
            let code = text[1..=digits].iter().fold(0, |code, byte| code * 8 + u32::from(byte - b'0'));
            Some((Meaning::Byte(u8::try_from(code).ok()?), 1 + digits))
        }
        b'\n' => Some((Meaning::Nothing, 2 + blanks(&text[2..]))),
        other @ (b'"' | b'\'' | b'\\' | b'/') => meant(char::from(other)),
        _ => None,
    }
}

/// `\u00fc`, or two of them for one character.
fn utf16(text: &[u8]) -> Option<(Meaning, usize)> {
    let unit = |at: usize| u16::try_from(hex(text.get(at + 2..at + 6)?)?).ok();
    let units = match (unit(0)?, text.get(6..8)) {
        (first @ 0xd800..0xdc00, Some(br"\u")) => vec![first, unit(6)?],
        (first, _) => vec![first],
    };
    let character = char::decode_utf16(units.iter().copied()).next()?.ok()?;
    Some((Meaning::Char(character), 6 * units.len()))
}

/// `&#252;`, `&#xfc;`, `&uuml;`.
fn entity(text: &[u8]) -> Option<(Meaning, usize)> {
    let end = text.iter().take(LONGEST).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(&text[1..end]).ok()?;
    let character = match name.strip_prefix('#') {
        Some(number) => {
            let digits = number.strip_prefix(['x', 'X']);
            char::from_u32(digits.map_or_else(|| number.parse().ok(), |digits| hex(digits.as_bytes()))?)?
        }
        None => {
            let latin = LATIN.split(' ').zip('\u{a0}'..).find(|(known, _)| *known == name);
            latin.or_else(|| ASCII.iter().copied().find(|(known, _)| *known == name))?.1
        }
    };
    Some((Meaning::Char(character), end + 1))
}

/// A number in hexadecimal digits, of which there must be one at least, and nothing else.
fn hex(digits: &[u8]) -> Option<u32> {
    let all = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    u32::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| all)?, 16).ok()
}

fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// The character at the beginning, if there is one.
pub(super) fn first_char(text: &[u8]) -> Option<char> {
    let text = &text[..text.len().min(4)];
    text.utf8_chunks().next()?.valid().chars().next()
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

/// Bytes that are looked at together where escapes are looked for.
const BLOCK: usize = 64;

/// No escape is longer.
const LONGEST: usize = 12;

/// Names that HTML has for ASCII.
const ASCII: [(&str, char); 42] = [
    ("Tab", '\t'),
    ("NewLine", '\n'),
    ("excl", '!'),
    ("quot", '"'),
    ("QUOT", '"'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("amp", '&'),
    ("AMP", '&'),
    ("apos", '\''),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("lt", '<'),
    ("LT", '<'),
    ("equals", '='),
    ("gt", '>'),
    ("GT", '>'),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("Hat", '^'),
    ("lowbar", '_'),
    ("grave", '`'),
    ("lcub", '{'),
    ("lbrace", '{'),
    ("vert", '|'),
    ("verbar", '|'),
    ("rcub", '}'),
    ("rbrace", '}'),
    ("hellip", '…'),
];

/// Names that HTML has for what follows ASCII in Unicode, from U+00A0.
const LATIN: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 \
    acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig \
    Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave \
    Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave \
    iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_are_undone() {
        for (text, plain) in [
            ("%C3%bc", "ü"),
            ("%u00fc%u20AC", "ü€"),
            (r#"\"\/\\\n\t"#, "\"/\\\n\t"),
            (r"\x1b\033\0", "\u{1b}\u{1b}\0"),
            (r"\xc3\xbc", "ü"),
            (r"\u00fc\ud83d\ude00", "ü😀"),
            (r"\u{fc}\u{1f600}\U0001f600", "ü😀😀"),
            ("&lt;&#39;&#x2F;&#252;&uuml;&yuml;&nbsp;&sol;", "<'/üüÿ\u{a0}/"),
            ("one\r\n   two", "onetwo"),
            ("a\u{200b}b\u{ad}c\u{fe0f}", "abc"),
        ] {
            let undone = undone(text.as_bytes()).expect("escapes");
            assert_eq!(String::from_utf8_lossy(&undone), plain, "{text}");
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        for text in
            ["", "plain", "100%", "%zz", r"C:\dir", r"\u12", r"\ud800", "AT&T; x", "&nothing;", "üß…", "&#x;"]
        {
            assert_eq!(undone(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_was_begun_is_measured() {
        for (text, length) in [
            ("", 0),
            ("abc", 0),
            ("%…", 1),
            ("%C…", 2),
            (r"\u00…", 4),
            (r"\u{f…", 4),
            ("&quo…", 4),
            (r"\ud83d\ude0…", 11),
        ] {
            assert_eq!(unfinished(text.as_bytes()), length, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_byte_has_its_place(text in r"([%\\&;{}#a-f0-9ux\n\r ü…]|\u{200b}){0,40}") {
            let (text, undone) = (text.as_bytes(), undone(text.as_bytes()));
            let spans = spans(text);
            prop_assert_eq!(spans.len(), undone.map_or(text.len(), |undone| undone.len()));
            prop_assert!(spans.iter().all(|span| span.start < span.end && span.end <= text.len()));
            prop_assert!(spans.windows(2).all(|two| two[0] == two[1] || two[0].end <= two[1].start));
        }
    }
}
