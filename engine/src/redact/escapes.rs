//! Undoing what other programs do to a text before they write it into a URL, a page, a log or JSON.

use memchr::{memchr2, memchr3};

use super::reading::{Meaning, Notation};
use crate::text::is_invisible;

/// Escapes of URLs, of JSON and its relatives, of HTML, and of [`shown`](crate::shown). Lines are joined.
pub(super) const ESCAPES: Notation = Notation { plain, written: escape };

/// How long an escape is that was begun and then cut off: `%`, `%C`, `\u00`, `&quo`, `\ud83d\u`. Zero where none was.
pub(super) fn unfinished(text: &[u8]) -> usize {
    let one = |text: &[u8]| {
        let run = |from: usize, most: usize, part: fn(&u8) -> bool| {
            from + text.iter().skip(from).take(most).take_while(|byte| part(byte)).count()
        };
        match (text.first(), text.get(1)) {
            (Some(b'%'), Some(b'u')) => run(2, 4, u8::is_ascii_hexdigit),
            (Some(b'%'), _) => run(1, 2, u8::is_ascii_hexdigit),
            (Some(b'\\'), Some(b'u' | b'U' | b'x')) => {
                run(2 + usize::from(text.get(2) == Some(&b'{')), 8, u8::is_ascii_hexdigit)
            }
            (Some(b'\\'), _) => run(1, 3, |byte| matches!(byte, b'0'..=b'7')),
            (Some(b'&'), Some(b'#')) => run(2, LONGEST, u8::is_ascii_alphanumeric),
            (Some(b'&'), _) => run(1, LONGEST, u8::is_ascii_alphanumeric),
            _ => 0,
        }
    };
    let first = one(text);
    if first == 0 { 0 } else { first + one(&text[first..]) }
}

/// How many bytes at the beginning cannot begin an escape.
fn plain(text: &[u8]) -> usize {
    // Only so much is searched at once as is not searched again.
    for (nth, block) in text.chunks(BLOCK).enumerate() {
        let beyond_ascii = || block.iter().position(|byte| !byte.is_ascii());
        let beyond_ascii = if block.is_ascii() { None } else { beyond_ascii() };
        let special = [memchr3(b'%', b'\\', b'&', block), memchr2(b'\n', b'\r', block), beyond_ascii];
        if let Some(special) = special.into_iter().flatten().min() {
            return nth * BLOCK + special;
        }
    }
    text.len()
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

/// `&#252;`, `&#xfc;`, `&uuml;`. Of a number the semicolon may be missing.
fn entity(text: &[u8]) -> Option<(Meaning, usize)> {
    if text.get(1) == Some(&b'#') {
        return number(text);
    }
    let end = text.iter().take(LONGEST).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(&text[1..end]).ok()?;
    let latin = LATIN.split(' ').zip('\u{a0}'..).find(|(known, _)| *known == name);
    let (_, character) = latin.or_else(|| ASCII.iter().copied().find(|(known, _)| *known == name))?;
    Some((Meaning::Char(character), end + 1))
}

/// `&#252;`, `&#xfc;`, `&#252`.
fn number(text: &[u8]) -> Option<(Meaning, usize)> {
    let (from, radix) = if matches!(text.get(2), Some(b'x' | b'X')) { (3, 16) } else { (2, 10) };
    let is_digit = |byte: &&u8| char::from(**byte).is_digit(radix);
    let end = from + text[from..].iter().take(LONGEST).take_while(is_digit).count();
    let code = u32::from_str_radix(std::str::from_utf8(&text[from..end]).ok()?, radix).ok()?;
    let semicolon = usize::from(text.get(end) == Some(&b';'));
    Some((Meaning::Char(char::from_u32(code)?), end + semicolon))
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

/// Bytes that are looked at together where escapes are looked for.
const BLOCK: usize = 64;

/// No escape is longer.
const LONGEST: usize = 12;

/// Names that HTML has for ASCII, and for what masks a text or cuts it off.
const ASCII: [(&str, char); 43] = [
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
    ("bull", '•'),
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
            ("&#60&#x3C&#252 ", "<<ü "),
            ("one\r\n   two", "onetwo"),
            ("a\u{200b}b\u{ad}c\u{fe0f}", "abc"),
        ] {
            let undone = ESCAPES.read(text.as_bytes()).expect("escapes");
            assert_eq!(String::from_utf8_lossy(&undone), plain, "{text}");
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        for text in
            ["", "plain", "100%", "%zz", r"C:\dir", r"\u12", r"\ud800", "AT&T; x", "&nothing;", "üß…", "&#x;"]
        {
            assert_eq!(ESCAPES.read(text.as_bytes()), None, "{text}");
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
            (r"\nothing", 1),
        ] {
            assert_eq!(unfinished(text.as_bytes()), length, "{text}");
        }
    }
}
