use std::{borrow::Cow, sync::OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

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

/// The last filter before every sink: replaces each known secret in plain, percent-encoded, base64 and JSON-escaped form.
#[derive(Clone, Default)]
pub struct Redactor {
    /// The longest first: one may hold another.
    forms: Vec<String>,
    /// Looks for all of them at once; made when first needed.
    any: OnceLock<Option<AhoCorasick>>,
}

impl Redactor {
    /// A filter that knows no secret yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Learns a secret. One of fewer than four characters is too common to be replaced where it stands alone: only its
    /// longer forms ([`Redactor::learn_pair`]) are.
    pub fn learn(&mut self, secret: &Secret) {
        self.learn_text(secret.expose());
    }

    /// Learns a user name and password as they travel together: `user:password` and its base64 form.
    pub fn learn_pair(&mut self, user: &Secret, password: &Secret) {
        self.learn(password);
        self.learn_text(&format!("{}:{}", user.expose(), password.expose()));
    }

    /// Learns all that another filter knows.
    pub fn merge(&mut self, other: Self) {
        self.add(other.forms);
    }

    /// The text without any secret in it. A short one goes where it stands as a word: `pass` is no secret in `passed`.
    pub fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.is_free_of_all(text) { Cow::Borrowed(text) } else { replaced(text, self.forms.iter()) }
    }

    /// As [`Redactor::clean`], without the short secrets: for a whole report, whose own words must stay whole even where
    /// somebody's password is `proxy`. What came from outside was cleaned before.
    pub fn clean_report<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.is_free_of_all(text) {
            return Cow::Borrowed(text);
        }
        replaced(text, self.forms.iter().filter(|form| is_unmistakable(form)))
    }

    fn learn_text(&mut self, plain: &str) {
        if plain.len() < SHORTEST {
            return;
        }
        let unpadded = |text: String| text.trim_end_matches('=').to_owned();
        let json = serde_json::to_string(plain).unwrap_or_default();
        let mut forms = vec![
            plain.to_owned(),
            utf8_percent_encode(plain, NON_ALPHANUMERIC).to_string(),
            utf8_percent_encode(plain, NON_ALPHANUMERIC).to_string().to_lowercase(),
            unpadded(BASE64_STANDARD.encode(plain)),
            json.trim_matches('"').to_owned(),
        ];
        // The URL parser keeps some characters that a strict percent-encoding would not.
        let mut url = url::Url::parse("http://h/").ok();
        if let Some(url) = &mut url
            && url.set_password(Some(plain)).is_ok()
            && let Some(password) = url.password()
        {
            forms.push(password.to_owned());
        }
        self.add(forms);
    }

    fn add(&mut self, forms: Vec<String>) {
        self.forms.extend(forms);
        self.forms.sort_by(|one, other| other.len().cmp(&one.len()).then(one.cmp(other)));
        self.forms.dedup();
        self.any = OnceLock::new();
    }

    /// Whether no form of a secret is anywhere in the text: what is read has thousands of texts, and hardly ever one.
    fn is_free_of_all(&self, text: &str) -> bool {
        let any = self.any.get_or_init(|| {
            // The small automaton, and the kind of match that is found several bytes at a time.
            let mut builder = AhoCorasick::builder();
            builder.kind(Some(AhoCorasickKind::ContiguousNFA)).match_kind(MatchKind::LeftmostFirst);
            builder.build(&self.forms).ok()
        });
        any.as_ref().is_some_and(|any| !any.is_match(text))
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor of {} forms", self.forms.len())
    }
}

/// Whether nobody writes this by accident.
fn is_unmistakable(form: &str) -> bool {
    form.len() >= UNMISTAKABLE
}

fn replaced<'a, 'f>(text: &'a str, forms: impl Iterator<Item = &'f String>) -> Cow<'a, str> {
    let mut text = Cow::Borrowed(text);
    for form in forms {
        let Some(mut at) = text.find(form) else { continue };
        let mut clean = String::with_capacity(text.len());
        let mut rest = &*text;
        loop {
            let (before, after) = (&rest[..at], &rest[at + form.len()..]);
            let joined = before.chars().next_back().or_else(|| clean.chars().next_back());
            let word = [joined, after.chars().next()].into_iter().flatten().any(char::is_alphanumeric);
            clean.push_str(before);
            clean.push_str(if word && !is_unmistakable(form) { form } else { REDACTED });
            rest = after;
            match rest.find(form) {
                Some(next) => at = next,
                None => break,
            }
        }
        clean.push_str(rest);
        text = Cow::Owned(clean);
    }
    text
}

const REDACTED: &str = "[redacted]";
const SHORTEST: usize = 4;
const UNMISTAKABLE: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_form_of_a_password_survives(password in "[!-~äß€]{4,24}", before in ".{0,20}", after in ".{0,20}") {
            let mut redactor = Redactor::new();
            redactor.learn_pair(&Secret::new("canary"), &Secret::new(password.clone()));
            let encoded = utf8_percent_encode(&password, NON_ALPHANUMERIC).to_string();
            let basic = BASE64_STANDARD.encode(format!("canary:{password}"));
            for form in [&password, &encoded, &basic, &basic.trim_end_matches('=').to_owned()] {
                let clean = redactor.clean(&format!("{before} {form} {after}")).into_owned();
                prop_assert!(!clean.contains(form.as_str()) || before.contains(form.as_str()) || after.contains(form.as_str())
                    || REDACTED.contains(form.as_str()));
            }
        }
    }

    #[test]
    fn a_short_secret_is_a_word_and_no_part_of_one() {
        let mut redactor = Redactor::new();
        redactor.learn_pair(&Secret::new("user"), &Secret::new("pass"));
        for (text, clean) in [
            ("pass", "[redacted]"),
            ("passed, bypass, pass@proxy pass", "passed, bypass, [redacted]@proxy [redacted]"),
            ("passpass pass", "passpass [redacted]"),
            ("user:passed", "[redacted]ed"),
            ("Basic dXNlcjpwYXNz", "Basic [redacted]"),
        ] {
            assert_eq!(redactor.clean(text), clean);
        }
        assert_eq!(redactor.clean_report("pass dXNlcjpwYXNz"), "pass [redacted]");
    }

    #[test]
    fn a_secret_says_nothing() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "[secret]");
    }
}
