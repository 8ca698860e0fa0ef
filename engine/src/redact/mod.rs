mod codes;
mod document;
mod escapes;
mod markup;
mod reading;
mod search;

use std::{borrow::Cow, collections::BTreeMap, ops::Range, sync::OnceLock};

use secrecy::{ExposeSecret, SecretString};

use search::{Depth, Search};

/// A value that cannot be printed: no `Display`, no `Serialize`, and a `Debug` that says nothing.
///
/// ```compile_fail
/// println!("{}", gh_connect_engine::Secret::new("hunter2"));
/// ```
/// ```compile_fail
/// serde_json::to_string(&gh_connect_engine::Secret::new("hunter2"));
/// ```
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a value into keeping.
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// The value itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

/// The last filter before every sink: takes out each known secret, in plain and in every form that another program may have
/// given it.
///
/// A text is searched as it stands, then with its escapes undone, layer by layer (URL, JSON, HTML, [`shown`](crate::shown)),
/// and as the reader of a page sees it. Wherever base64 or the numbers of bytes may hold a secret, these are read. Of a secret
/// that was cut off or masked, eight characters beside the ellipsis or the mask are enough.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Each with how many bytes of its beginning are no secret.
    secrets: BTreeMap<String, usize>,
    /// Made when first needed.
    search: OnceLock<Option<Search>>,
}

impl Redactor {
    /// A filter that knows no secret yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Learns a secret. One of fewer than four characters is too common to be replaced where it stands alone: only its
    /// longer forms ([`Redactor::learn_pair`]) are.
    pub fn learn(&mut self, secret: &Secret) {
        self.learn_text(secret.expose(), 0);
    }

    /// Learns a user name and password as they travel together, `user:password`, and the password alone.
    pub fn learn_pair(&mut self, user: &Secret, password: &Secret) {
        self.learn(password);
        let user = format!("{}:", user.expose());
        self.learn_text(&format!("{user}{}", password.expose()), user.len());
    }

    /// Learns all that another filter knows.
    pub fn merge(&mut self, other: Self) {
        for (secret, public) in other.secrets {
            self.learn_text(&secret, public);
        }
    }

    /// The text without any secret in it. A short one goes where it stands as a word: `pass` is no secret in `passed`.
    pub fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.without(text, SHORTEST, Depth::OF_A_TEXT, |_| true)
    }

    /// As [`Redactor::clean`], without the short secrets and those that are words in small letters: for a whole report, whose own
    /// words and ids must stay whole even where somebody's password is `proxy` or `connection`. What came from outside was
    /// cleaned before.
    pub fn clean_report<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let is_of_a_word = |byte: &u8| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'-' | b'_');
        let is_no_word = |part: &Range<usize>| !text.as_bytes()[part.clone()].iter().all(is_of_a_word);
        self.without(text, UNMISTAKABLE, Depth::OF_A_REPORT, is_no_word)
    }

    /// As [`Redactor::clean`], but leaves secrets that are words or numbers, and stand there as such: what is judged before it is
    /// shown must not lose its words to a password that is one of them. They go when it is shown.
    pub fn clean_hidden<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let is_word = |part: &[u8]| {
            let mark = |byte: &u8| matches!(byte, b'.' | b'-' | b'_');
            // Letters of a code have capitals beside each other, and small ones as well.
            let is_mixed = || {
                part.windows(2).any(|two| two.iter().all(u8::is_ascii_uppercase))
                    && part.iter().any(u8::is_ascii_lowercase)
            };
            part.iter().all(|byte| byte.is_ascii_alphabetic() || mark(byte)) && !is_mixed()
                || part.iter().all(|byte| byte.is_ascii_digit() || mark(byte))
        };
        self.without(text, SHORTEST, Depth::OF_A_TEXT, |part| !is_word(&text.as_bytes()[part.clone()]))
    }

    /// Whether a text has nothing that has to be looked at: no character but those that ASCII prints, nothing that may be an
    /// escape or a tag, and nothing that a secret or a code begins with. So have all texts that it is made of.
    pub fn is_plain(&self, text: &str) -> bool {
        let search = self.search.get_or_init(|| Search::new(&self.secrets));
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'%' | b'&' | b'\\' | b'<');
        text.bytes().all(is_plain)
            && search.as_ref().is_some_and(|search| !search.is_noticed(text.as_bytes()))
    }

    fn learn_text(&mut self, plain: &str, public: usize) {
        let known = self.secrets.get(plain).is_some_and(|known| *known <= public);
        if plain.len() >= SHORTEST && !known {
            self.secrets.insert(plain.to_owned(), public);
            self.search = OnceLock::new();
        }
    }

    fn without<'a>(
        &self,
        text: &'a str,
        shortest: usize,
        depth: Depth,
        which: impl Fn(&Range<usize>) -> bool,
    ) -> Cow<'a, str> {
        if self.secrets.is_empty() {
            return Cow::Borrowed(text);
        }
        // Without a search nothing is known to be free of secrets.
        let Some(search) = self.search.get_or_init(|| Search::new(&self.secrets)) else {
            return Cow::Borrowed(REDACTED);
        };
        let mut found = search.find(text.as_bytes(), shortest, depth);
        found.retain(which);
        if found.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(replaced(text, found)) }
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor of {} secrets", self.secrets.len())
    }
}

/// The text with these parts replaced. Parts that overlap are one, and none ends within a character.
fn replaced(text: &str, mut found: Vec<Range<usize>>) -> String {
    found.sort_by_key(|part| part.start);
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for part in found {
        let (mut from, mut to) = (part.start, part.end);
        while !text.is_char_boundary(from) {
            from -= 1;
        }
        while !text.is_char_boundary(to) {
            to += 1;
        }
        if from >= done {
            out.push_str(&text[done..from]);
            out.push_str(REDACTED);
        }
        done = done.max(to);
    }
    out.push_str(&text[done..]);
    out
}

const REDACTED: &str = "[redacted]";
/// A secret is at least so long. All lengths are in bytes.
const SHORTEST: usize = 4;
/// Nobody writes so much of a secret by accident.
const UNMISTAKABLE: usize = 8;
#[cfg(test)]
mod tests;
