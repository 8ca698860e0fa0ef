//! Versions of GitHub Enterprise Server.

use std::fmt;

/// The release that a version belongs to: `3.19` of `3.19.1`. What comes after it does not matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
}

impl Release {
    /// The release.
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    /// Reads `3.19`, `3.19.1`, `3.20.0.rc1`, `3.20.0-rc1`, with white space around it; anything else is none.
    pub fn parse(version: &str) -> Option<Self> {
        let mut parts = version.trim().split('.');
        let major = number(parts.next()?)?;
        // `3.20-rc1` is a release, too.
        let minor = parts.next()?;
        let digits = minor.find(|c: char| !c.is_ascii_digit()).unwrap_or(minor.len());
        let (minor, rest) = minor.split_at(digits);
        let known_end = rest.is_empty() || rest.starts_with(['-', '+']);
        Some(Self { major, minor: number(minor).filter(|_| known_end)? })
    }
}

/// `3.19`
impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Digits and nothing else: the library would take a sign.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn releases_are_read_from_versions() {
        for (text, expected) in [
            ("3.19.1", Some((3, 19))),
            (" 3.9.0\n", Some((3, 9))),
            ("3.20.0.rc1", Some((3, 20))),
            ("3.20.0-rc1", Some((3, 20))),
            ("3.20-rc1", Some((3, 20))),
            ("3.12", Some((3, 12))),
            ("4.0.0", Some((4, 0))),
            ("3", None),
            ("3.", None),
            ("3.x", None),
            ("3.1x", None),
            ("+3.12.0", None),
            ("v3.12.0", None),
            ("", None),
            ("99999999999.1", None),
        ] {
            let release = Release::parse(text).map(|release| (release.major, release.minor));
            assert_eq!(release, expected, "{text}");
        }
        assert!(Release::new(3, 9) < Release::new(3, 12) && Release::new(3, 15) < Release::new(4, 0));
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(major in 0u32..1000, minor in 0u32..1000, rest in "(\\.[0-9]{1,4})?(-[a-z0-9]{1,5})?") {
            prop_assert_eq!(Release::parse(&format!("{major}.{minor}{rest}")), Some(Release { major, minor }));
        }

        #[test]
        fn no_text_does_harm(text in any::<String>()) {
            let _ = Release::parse(&text);
        }
    }
}
