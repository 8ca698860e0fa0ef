//! Base64, hexadecimal digits and lists of numbers: finding what may hold a secret, and reading it.

use std::ops::Range;

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// Bytes in another notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Code {
    /// RFC 4648, of either alphabet, padded or not.
    Base64,
    /// Two digits for a byte, of either case.
    Hex,
    /// A number for each byte, with something between them: `67:68:70`, `0x67, 0x68`, `6768 7023`, `[103, 104]`.
    Numbers(Radix),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Radix {
    Ten,
    Sixteen,
}

/// A part of a text that is read as a code.
pub(super) struct Coded {
    /// Where its first whole byte or group begins.
    start: usize,
    end: usize,
    code: Code,
    /// What it says.
    pub(super) bytes: Vec<u8>,
    /// Where the number of each byte stands, if the code has numbers.
    numbers: Vec<Range<usize>>,
}

/// Letters by which a secret is noticed in either code, wherever it stands: some of its first bytes that fill whole groups.
/// The code may hold it as it stands in a URL, and base64 may hold base64.
pub(super) fn marks(secret: &[u8]) -> Vec<(String, Code)> {
    let encoded = percent_encode(secret, UNRESERVED).collect::<String>().into_bytes();
    let again = (0..3).flat_map(|before| {
        let text = BASE64_STANDARD_NO_PAD.encode([&b"  "[..before], secret].concat());
        groups(text.as_bytes().get((before * 4).div_ceil(3)..).unwrap_or_default())
    });
    let groups = [secret, &encoded].into_iter().flat_map(groups).chain(again);
    let noticed = || [secret, &encoded].into_iter().filter_map(|form| form.first_chunk::<NOTICED>());
    let hex = noticed().flat_map(|bytes| {
        let digits = bytes.map(|byte| format!("{byte:02x}"));
        [digits.each_ref().map(|digits| digits.to_uppercase()), digits]
    });
    let digits: Vec<_> = hex.collect();
    let whole = digits.iter().map(|digits| (digits.concat(), Code::Hex));
    let sixteen = digits.iter().flat_map(|digits @ [a, b, c, d]| {
        let apart = BETWEEN_HEX.map(|between| digits.join(between));
        apart.into_iter().chain([format!("{a}{b} {c}{d}"), format!("{a} {b}{c} {d}")])
    });
    let ten = noticed()
        .flat_map(|bytes| BETWEEN_TEN.map(|between| bytes.map(|byte| byte.to_string()).join(between)));
    let numbers = sixteen.map(|mark| (mark, Radix::Sixteen)).chain(ten.map(|mark| (mark, Radix::Ten)));
    let numbers = numbers.map(|(mark, radix)| (mark, Code::Numbers(radix)));
    groups.map(|group| (group, Code::Base64)).chain(whole).chain(numbers).collect()
}

/// The first whole group of base64 at each of the three places in which a text can begin within one, in both alphabets.
fn groups(text: &[u8]) -> Vec<String> {
    let whole = (0..3).filter_map(|from| text.get(from..from + 3));
    whole
        .flat_map(|bytes| {
            let group = BASE64_STANDARD_NO_PAD.encode(bytes);
            [group.replace('+', "-").replace('/', "_"), group]
        })
        .collect()
}

impl Coded {
    /// The code around a mark that begins at `at`.
    pub(super) fn around(text: &[u8], at: usize, code: Code) -> Self {
        if let Code::Numbers(radix) = code {
            let (bytes, numbers) = radix.read(text, at);
            return Self { start: at, end: numbers.last().map_or(at, |last| last.end), code, bytes, numbers };
        }
        let part_of = |byte: &&u8| code.value(**byte).is_some();
        let before = text[..at].iter().rev().take_while(part_of).count();
        let end = at + text[at..].iter().take_while(part_of).count();
        let start = at - before + before % code.letters();
        Self { start, end, code, bytes: code.read(&text[start..end]), numbers: Vec::new() }
    }

    /// Whether a mark that begins at `at` is read as a part of it.
    pub(super) fn holds(&self, at: usize, code: Code) -> bool {
        let begins = || match code {
            Code::Numbers(_) => self.numbers.binary_search_by_key(&at, |number| number.start).is_ok(),
            _ => (at - self.start).is_multiple_of(code.letters()),
        };
        self.code == code && self.start <= at && at < self.end && begins()
    }

    /// Where bytes of it stand in the text.
    pub(super) fn place_of(&self, bytes: &Range<usize>) -> Range<usize> {
        if let Some(numbers) = self.numbers.get(bytes.clone())
            && let [first, .., last] | [first @ last] = numbers
        {
            return first.start..last.end;
        }
        let bits = self.code.bits();
        let (from, to) = (bytes.start * 8 / bits, (bytes.end * 8).div_ceil(bits));
        self.start + from..self.end.min(self.start + to)
    }
}

impl Radix {
    /// The bytes that are listed from `at` on, and where the number of each stands.
    fn read(self, text: &[u8], at: usize) -> (Vec<u8>, Vec<Range<usize>>) {
        let (radix, most, prefixes): (_, _, &[&[u8]]) = match self {
            Self::Ten => (10, 3, &[]),
            Self::Sixteen => (16, 2, &[b"0x", b"0X"]),
        };
        let (mut bytes, mut numbers, mut from) = (Vec::new(), Vec::new(), at);
        loop {
            let digits = text[from..].iter().take(most).take_while(|byte| char::from(**byte).is_digit(radix));
            let number = from..from + digits.count();
            let digits = std::str::from_utf8(&text[number.clone()]).unwrap_or_default();
            let Ok(byte) = u8::from_str_radix(digits, radix) else { break };
            bytes.push(byte);
            let rest = &text[number.end..];
            let between = rest.iter().take(LONGEST_BETWEEN).take_while(|byte| BETWEEN.contains(byte)).count();
            let rest = &rest[between..];
            let prefix =
                prefixes.iter().find(|prefix| rest.starts_with(prefix)).map_or(0, |prefix| prefix.len());
            from = number.end + between + prefix;
            numbers.push(number);
        }
        (bytes, numbers)
    }
}

impl Code {
    /// Bits of a letter.
    fn bits(self) -> usize {
        match self {
            Self::Base64 => 6,
            Self::Hex | Self::Numbers(_) => 4,
        }
    }

    /// Letters of a group.
    fn letters(self) -> usize {
        match self {
            Self::Base64 => 4,
            Self::Hex | Self::Numbers(_) => 2,
        }
    }

    /// What a letter stands for.
    fn value(self, letter: u8) -> Option<u32> {
        let value = match (self, letter) {
            (_, b'0'..=b'9') => letter - b'0' + if self == Self::Hex { 0 } else { 52 },
            (Self::Hex, b'a'..=b'f') => letter - b'a' + 10,
            (Self::Hex, b'A'..=b'F') => letter - b'A' + 10,
            (Self::Base64, b'A'..=b'Z') => letter - b'A',
            (Self::Base64, b'a'..=b'z') => letter - b'a' + 26,
            (Self::Base64, b'+' | b'-') => 62,
            (Self::Base64, b'/' | b'_') => 63,
            _ => return None,
        };
        Some(value.into())
    }

    /// All whole bytes.
    fn read(self, letters: &[u8]) -> Vec<u8> {
        let (mut bytes, mut gathered, mut bits) = (Vec::with_capacity(letters.len()), 0_u32, 0);
        for value in letters.iter().filter_map(|letter| self.value(*letter)) {
            gathered = (gathered << self.bits()) | value;
            bits += self.bits();
            if bits >= 8 {
                bits -= 8;
                bytes.push(u8::try_from((gathered >> bits) & 0xff).unwrap_or_default());
            }
        }
        bytes
    }
}

/// RFC 3986, section 2.3.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Bytes that are noticed in digits: fewer would be found in every fingerprint.
const NOTICED: usize = 4;
/// What is written between the numbers of bytes.
const BETWEEN_HEX: [&str; 8] = [":", " ", "-", ",", ", ", ",0x", ", 0x", " 0x"];
const BETWEEN_TEN: [&str; 3] = [",", ", ", " "];
/// What may stand between the numbers that follow, and how much of it.
const BETWEEN: &[u8] = b" \t\r\n:-,;.|";
const LONGEST_BETWEEN: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_noticed_and_read(secret in "[ -~ü€]{8,20}", before in ".{0,5}", after in ".{0,5}") {
            let whole = format!("{before}{secret}{after}");
            let at = before.len()..before.len() + secret.len();
            let safe = BASE64_STANDARD_NO_PAD.encode(&whole).replace('+', "-").replace('/', "_");
            let hex: String = whole.bytes().map(|byte| format!("{byte:02X}")).collect();
            for text in [BASE64_STANDARD_NO_PAD.encode(&whole), safe, hex.to_lowercase(), hex] {
                let marks = marks(secret.as_bytes());
                let places = (0..text.len()).flat_map(|place| {
                    let text = text.as_str();
                    let begins = move |(mark, _): &&(String, Code)| text[place..].starts_with(mark.as_str());
                    marks.iter().filter(begins).map(move |(_, code)| (place, *code))
                });
                let mut read = places.map(|(place, code)| (place, code, Coded::around(text.as_bytes(), place, code)));
                let whole = read.find(|(_, _, coded)| coded.bytes == whole.as_bytes());
                let Some((place, code, coded)) = whole else { return Err(TestCaseError::fail(text)) };
                prop_assert!(coded.holds(place, code));
                prop_assert_eq!(coded.place_of(&(0..coded.bytes.len())), 0..text.len());
                prop_assert!(coded.place_of(&at).len() >= secret.len());
            }
        }
    }
}
