//! Taking secrets out of JSON, so that it is JSON still.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::Redactor;

impl Redactor {
    /// As [`Redactor::clean`]. Of a JSON object or array each text is cleaned by itself, and everything else stays.
    ///
    /// ```
    /// let mut redactor = gh_connect_engine::Redactor::new();
    /// redactor.learn(&gh_connect_engine::Secret::new(r"hunter42\"));
    /// assert_eq!(redactor.clean_document(r#"["hunter42\\", "hunter42\n"]"#), r#"["[redacted]", "hunter42\n"]"#);
    /// ```
    pub fn clean_document<'a>(&self, text: &'a str) -> Cow<'a, str> {
        keeping_json(text, |text| self.clean(text))
    }

    /// As [`Redactor::clean_report`], with JSON as in [`Redactor::clean_document`].
    pub fn clean_report_document<'a>(&self, text: &'a str) -> Cow<'a, str> {
        keeping_json(text, |text| self.clean_report(text))
    }

    /// As [`Redactor::clean_hidden`], with JSON as in [`Redactor::clean_document`]: a field that comes twice still does, so that
    /// whoever reads it can see the contradiction.
    pub fn clean_reply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        keeping_json(text, |text| self.clean_hidden(text))
    }
}

fn keeping_json(text: &str, clean: impl for<'a> Fn(&'a str) -> Cow<'a, str>) -> Cow<'_, str> {
    match clean(text) {
        Cow::Owned(_) if is_json(text) => each_text(text, clean).into(),
        whole => whole,
    }
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// What is JSON, each of its texts cleaned.
fn each_text(json: &str, clean: impl for<'a> Fn(&'a str) -> Cow<'a, str>) -> String {
    let mut cleaned = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((before, text)) = rest.split_once('"') {
        let mut escaped = false;
        let ends = |c: char| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        };
        let Some(end) = text.find(ends) else { break };
        let written = &rest[before.len()..before.len() + end + 2];
        rest = &text[end + 1..];
        let clean = serde_json::from_str::<String>(written).ok().and_then(|text| match clean(&text) {
            Cow::Owned(clean) => Some(serde_json::Value::from(clean).to_string()),
            Cow::Borrowed(clean) => (clean != text).then(|| serde_json::Value::from(clean).to_string()),
        });
        cleaned.push_str(before);
        cleaned.push_str(clean.as_deref().unwrap_or(written));
    }
    cleaned + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    #[test]
    fn a_secret_goes_and_the_reply_stays() {
        for (secret, body, expected) in [
            ("true", r#"{"flag":true,"word":"it is true"}"#, r#"{"flag":true,"word":"it is true"}"#),
            ("a\"b\\c", r#"{"word":"a\"b\\c","n":1,"n":2}"#, r#"{"word":"[redacted]","n":1,"n":2}"#),
            ("pass word", r#"{"pass word": "x\"pass word"}"#, r#"{"[redacted]": "x\"[redacted]"}"#),
            ("business", r#"{"action":"business.create_trial"}"#, r#"{"action":"business.create_trial"}"#),
            ("business", r#"{"action":"bu<b>siness"}"#, r#"{"action":"[redacted]"}"#),
            ("secret4711", r#"{"it": "sec%72et4711 secret4711"}"#, r#"{"it": "[redacted] [redacted]"}"#),
            (
                "3.19.1",
                r#"{"version": "3.19.1", "it": "3.1%39.1"}"#,
                r#"{"version": "3.19.1", "it": "[redacted]"}"#,
            ),
            ("pass word", r#"{"flag": true, "word": "pass word""#, r#"{"flag": true, "word": "[redacted]""#),
            ("pass word", "it is pass word", "it is [redacted]"),
        ] {
            let mut redactor = Redactor::new();
            redactor.learn(&Secret::new(secret));
            assert_eq!(redactor.clean_reply(body), expected, "{secret} in {body}");
            let shown = redactor.clean(expected);
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    /// What was not cleaned before has its short secrets and its words still.
    #[test]
    fn a_document_is_cleaned_as_a_text_is_and_a_report_of_one_is_not() {
        let mut redactor = Redactor::new();
        redactor.learn(&Secret::new("hunter"));
        redactor.learn(&Secret::new("sesamseed"));
        for text in [r#"{"by": "hunter sesamseed"}"#, "by hunter sesamseed"] {
            assert_eq!(
                redactor.clean_document(text),
                text.replace("hunter sesamseed", "[redacted] [redacted]")
            );
            assert_eq!(redactor.clean_report_document(text), text);
        }
    }

    #[test]
    fn a_document_stays_one() {
        for secret in
            [r"Sesame42\", "it\"s-a-Very\"Long\"pass", "two\nlines-of-it", "12345678", "some: \"thing\", \"x"]
        {
            let mut redactor = Redactor::new();
            redactor.learn(&Secret::new(secret));
            for echoed in [secret.to_owned(), format!("{secret}\" here"), format!("{secret}\n")] {
                let text = serde_json::json!({ "some": "thing", "x": [echoed], "number": 12_345_678 });
                for text in [text.to_string(), serde_json::to_string_pretty(&text).expect("JSON")] {
                    for clean in [redactor.clean_document(&text), redactor.clean_report_document(&text)] {
                        let value: serde_json::Value = serde_json::from_str(&clean).expect("JSON still");
                        assert!(!value["x"].to_string().contains(secret), "{clean}");
                        assert_eq!((&value["some"], &value["number"]), (&"thing".into(), &12_345_678.into()));
                    }
                }
            }
        }
    }
}
