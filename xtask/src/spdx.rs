//! Enough of SPDX licence expressions to say whether an allow-list permits one.

use anyhow::{Result, bail};

/// Whether `expression` can be satisfied with the licences of `allowed` alone. A licence with an exception
/// (`Apache-2.0 WITH LLVM-exception`) is permitted where it, or the licence without the exception, is listed.
///
/// # Errors
/// When it is no expression: a licence that cannot be read is not permitted.
pub(crate) fn permitted(expression: &str, allowed: &[String]) -> Result<bool> {
    // Old manifests have a slash for OR.
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    let permitted = reader.any()?;
    if let Some(word) = reader.words.first() {
        bail!("{expression}: {word} was not expected");
    }
    Ok(permitted)
}

struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a [String],
}

impl Reader<'_> {
    fn any(&mut self) -> Result<bool> {
        let mut permitted = self.all()?;
        while self.take("OR") {
            permitted |= self.all()?;
        }
        Ok(permitted)
    }

    fn all(&mut self) -> Result<bool> {
        let mut permitted = self.one()?;
        while self.take("AND") {
            permitted &= self.one()?;
        }
        Ok(permitted)
    }

    fn one(&mut self) -> Result<bool> {
        if self.take("(") {
            let permitted = self.any()?;
            if !self.take(")") {
                bail!("a closing parenthesis is missing");
            }
            return Ok(permitted);
        }
        let Some((licence, rest)) = self.words.split_first() else { bail!("a licence is missing") };
        if ["OR", "AND", "WITH", ")"].contains(licence) {
            bail!("{licence} stands where a licence should");
        }
        self.words = rest;
        let mut permitted = self.lists(licence);
        if self.take("WITH") {
            let Some((exception, rest)) = self.words.split_first() else { bail!("an exception is missing") };
            self.words = rest;
            permitted |= self.lists(&format!("{licence} WITH {exception}"));
        }
        Ok(permitted)
    }

    fn take(&mut self, word: &str) -> bool {
        match self.words.split_first() {
            Some((first, rest)) if *first == word => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }

    fn lists(&self, licence: &str) -> bool {
        self.allowed.iter().any(|allowed| allowed == licence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_permitted_when_the_list_can_satisfy_it() {
        let allowed = ["MIT", "Apache-2.0", "Unicode-3.0", "ISC", "CDLA WITH thing"].map(String::from);
        for (expression, expected) in [
            ("MIT", true),
            ("GPL-3.0-only", false),
            ("MIT OR GPL-3.0-only", true),
            ("MIT AND GPL-3.0-only", false),
            ("MIT/Apache-2.0", true),
            ("GPL-2.0/Apache-2.0", true),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("(MIT OR Apache-2.0) AND OpenSSL", false),
            ("ISC AND (Apache-2.0 OR ISC) AND OpenSSL", false),
            ("GPL-3.0-only OR MIT AND ISC", true),
            ("Apache-2.0 WITH LLVM-exception OR GPL-3.0-only", true),
            ("CDLA WITH thing", true),
            ("CDLA WITH other", false),
        ] {
            assert_eq!(permitted(expression, &allowed).expect(expression), expected, "{expression}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        for expression in ["", "MIT OR", "(MIT", "MIT)", "MIT MIT", "AND MIT", "MIT WITH"] {
            assert!(permitted(expression, &["MIT".to_owned()]).is_err(), "{expression}");
        }
    }
}
