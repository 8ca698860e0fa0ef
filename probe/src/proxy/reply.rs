//! Reads the head of a reply to CONNECT, byte by byte: where the network cuts it makes no difference.

/// A head as it came. Names are as sent; values and reason are bytes of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The status, 100 to 999.
    pub status: u16,
    /// The words after the status.
    pub reason: Vec<u8>,
    /// At most 64; a line that is no `name: value` is left out.
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Head {
    /// The first value of a header.
    pub fn header<'a>(&'a self, name: &'a str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// All values of a header.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let same = self.headers.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.as_slice())
    }
}

/// What the bytes came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A whole head. Interim replies before it (1xx, but for 101) are dropped.
    Head(Head),
    /// No HTTP/1: the status line is none.
    NotHttp,
    /// More than 64 KiB without the end of a head, interim replies counted.
    Endless,
}

/// The reader. Feed it with [`push`](ReplyReader::push) until it has a verdict.
#[derive(Debug, Default)]
pub struct ReplyReader {
    /// The head under way, once its status line is there.
    head: Option<Head>,
    line: Vec<u8>,
    seen: usize,
    first: Vec<u8>,
}

impl ReplyReader {
    /// A reader that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads on. With a verdict comes how many of these bytes belong to it: what follows a head is a body, or the tunnel's.
    pub fn push(&mut self, bytes: &[u8]) -> Option<(Verdict, usize)> {
        let sample = SAMPLE.saturating_sub(self.first.len()).min(bytes.len());
        self.first.extend_from_slice(&bytes[..sample]);
        bytes.iter().enumerate().find_map(|(at, byte)| Some((self.step(*byte)?, at + 1)))
    }

    /// How many bytes came until the verdict.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// The first bytes that came, at most 64, whatever they are.
    pub fn first(&self) -> &[u8] {
        &self.first
    }

    fn step(&mut self, byte: u8) -> Option<Verdict> {
        self.seen += 1;
        if self.seen > MOST_BYTES {
            return Some(Verdict::Endless);
        }
        if self.head.is_none() && !fits_status_line(self.line.len(), byte) {
            return Some(Verdict::NotHttp);
        }
        if byte != b'\n' {
            self.line.push(byte);
            return None;
        }
        let mut line = std::mem::take(&mut self.line);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        match &mut self.head {
            None => match status_line(&line) {
                Some(head) => self.head = Some(head),
                None => return Some(Verdict::NotHttp),
            },
            Some(_) if line.is_empty() => {
                let head = self.head.take()?;
                let interim = (100..200).contains(&head.status) && head.status != 101;
                return (!interim).then_some(Verdict::Head(head));
            }
            Some(head) if head.headers.len() < MOST_HEADERS => head.headers.extend(header_line(&line)),
            Some(_) => {}
        }
        None
    }
}

/// Whether a status line (`HTTP/1.1 200 OK`) can have this byte at this place.
fn fits_status_line(at: usize, byte: u8) -> bool {
    match at {
        0..7 => byte == b"HTTP/1."[at],
        7 | 10 | 11 => byte.is_ascii_digit(),
        8 => byte == b' ',
        9 => matches!(byte, b'1'..=b'9'),
        12 => matches!(byte, b' ' | b'\r' | b'\n'),
        _ => true,
    }
}

/// The line without its end; it was found to fit up to where it ends.
fn status_line(line: &[u8]) -> Option<Head> {
    let status = std::str::from_utf8(line.get(9..12)?).ok()?.parse().ok()?;
    Some(Head { status, reason: line.get(13..).unwrap_or_default().to_vec(), headers: Vec::new() })
}

fn header_line(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = std::str::from_utf8(&line[..colon]).ok()?;
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let named = !name.is_empty() && name.chars().all(token);
    named.then(|| (name.to_owned(), line[colon + 1..].trim_ascii().to_vec()))
}

const MOST_BYTES: usize = 64 * 1024;
const MOST_HEADERS: usize = 64;
const SAMPLE: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The verdict, how many bytes it took, and what was left.
    fn read(pieces: &[&[u8]]) -> (Option<Verdict>, usize, Vec<u8>) {
        let mut reader = ReplyReader::new();
        for (nth, piece) in pieces.iter().enumerate() {
            if let Some((verdict, used)) = reader.push(piece) {
                let rest = [&[&piece[used..]], &pieces[nth + 1..]].concat().concat();
                return (Some(verdict), reader.seen(), rest);
            }
        }
        (None, reader.seen(), Vec::new())
    }

    #[test]
    fn heads_are_read() {
        let rows: &[(&[u8], Option<u16>, &[u8])] = &[
            (b"HTTP/1.1 200 OK\r\n\r\n", Some(200), b""),
            (b"HTTP/1.0 200 Connection established\r\n\r\n\x16\x03\x01", Some(200), b"\x16\x03\x01"),
            (b"HTTP/1.1 200\r\n\r\n", Some(200), b""),
            (b"HTTP/1.1 407 \nProxy-Authenticate: Basic\n\n", Some(407), b""),
            (
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: y\r\n\r\nHTTP/1.1 200 OK\r\n\r\nz",
                Some(200),
                b"z",
            ),
            (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", Some(101), b""),
            (b"HTTP/1.1 200 OK\r\nno colon here\r\n: empty\r\n\r\n", Some(200), b""),
            (b"HTTP/1.1 200 OK\r\n", None, b""),
        ];
        for (bytes, status, rest) in rows {
            let (verdict, _, left) = read(&[bytes]);
            let read = match verdict {
                Some(Verdict::Head(head)) => Some(head.status),
                None => None,
                other => panic!("{other:?} for {}", bytes.escape_ascii()),
            };
            assert_eq!((read, left.as_slice()), (*status, *rest), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn what_is_no_http_is_said_at_the_first_wrong_byte() {
        for (bytes, seen) in [
            (&b"SSH-2.0-OpenSSH_9.9\r\n"[..], 1),
            (b"\x15\x03\x01\x00\x02\x02\x46", 1),
            (b"HTTP/2 200\r\n\r\n", 6),
            (b"HTTP/1.1 OK\r\n\r\n", 10),
            (b"HTTP/1.1 099 x", 10),
            (b"HTTP/1.1 2000\r\n", 13),
            (b"HTTP/1.1 20\r\n", 12),
            (b"\r\n", 1),
            (b"HTTP/1.1 100 Continue\r\n\r\nwhat", 26),
        ] {
            let (verdict, at, _) = read(&[bytes]);
            assert_eq!((verdict, at), (Some(Verdict::NotHttp), seen), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn headers_are_kept_in_order_and_within_bounds() {
        let many: String = (0..200).map(|n| format!("X-{n}: \t{n} \r\n")).collect();
        let (verdict, ..) = read(&[format!("HTTP/1.1 403 No\r\n{many}\r\n").as_bytes()]);
        let Some(Verdict::Head(head)) = verdict else { panic!("no head") };
        assert_eq!((head.headers.len(), head.header("x-63")), (64, Some(&b"63"[..])));
    }

    #[test]
    fn a_head_ends_within_64_kib() {
        let head = |length: usize| {
            let filler = "x".repeat(length - "HTTP/1.1 200 OK\r\nX: \r\n\r\n".len());
            format!("HTTP/1.1 200 OK\r\nX: {filler}\r\n\r\n").into_bytes()
        };
        assert!(matches!(read(&[&head(65_536)]).0, Some(Verdict::Head(_))));
        assert_eq!(read(&[&head(65_537)]).0, Some(Verdict::Endless));
        let interim = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(3000);
        assert_eq!(read(&[&interim]).0, Some(Verdict::Endless));
    }

    fn heads() -> impl Strategy<Value = Vec<u8>> {
        let interim =
            prop::collection::vec(prop::sample::select(vec!["100 Continue", "102 Processing", "199 "]), 0..4);
        let headers = prop::collection::vec("[A-Za-z-]{1,12}: ?[ -~]{0,20}\r?\n", 0..6);
        let end = prop::sample::select(vec!["\r\n", "\n"]);
        let garbage = prop::collection::vec(any::<u8>(), 0..40);
        (interim, "[1-9][0-9]{2}( [ -~]{0,12})?", headers, end, garbage).prop_map(
            |(interim, status, headers, end, garbage)| {
                let interim: String =
                    interim.iter().map(|line| format!("HTTP/1.1 {line}{end}X: y{end}{end}")).collect();
                let head = format!("{interim}HTTP/1.1 {status}{end}{}{end}", headers.concat());
                [head.into_bytes(), garbage].concat()
            },
        )
    }

    fn cut(bytes: &[u8], cuts: &[prop::sample::Index]) -> Vec<Vec<u8>> {
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        at.windows(2).map(|pair| bytes[pair[0]..pair[1]].to_vec()).collect()
    }

    proptest! {
        #[test]
        fn every_split_reads_the_same(
            bytes in prop_oneof![heads(), prop::collection::vec(any::<u8>(), 0..80)],
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let whole = read(&[&bytes]);
            let pieces = cut(&bytes, &cuts);
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(&read(&pieces), &whole);
            let bytewise: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(&read(&bytewise), &whole);
        }

        #[test]
        fn a_whole_head_is_found_whatever_follows(bytes in heads(), more in prop::collection::vec(any::<u8>(), 0..40)) {
            let (verdict, seen, rest) = read(&[&bytes]);
            if let Some(Verdict::Head(_)) = &verdict {
                prop_assert_eq!(seen + rest.len(), bytes.len());
                prop_assert_eq!(read(&[&bytes[..seen], &more]), (verdict, seen, more));
            }
        }
    }
}
