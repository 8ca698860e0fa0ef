//! What looks like a credential wherever it stands, and where credentials belong.

/// Whether a key, a flag or a variable is named like something that holds a credential: `token`, `GH_TOKEN`,
/// `manage-password`, `apiKey`.
pub(crate) fn names_one(name: &str) -> bool {
    let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    name.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| {
        let part = part.to_ascii_lowercase();
        let part = part.strip_suffix('s').unwrap_or(&part);
        SHORT.contains(&part) || LONG.iter().any(|word| part.contains(word)) || part.ends_with("key")
    })
}

/// Whether a text is a credential or holds one: a token, an `Authorization` header, a private key.
pub(crate) fn stands_in(text: &str) -> bool {
    all_in(text).next().is_some()
}

/// Whether a credential stands where a URL has its host. The user info of a proxy and the query of a page may hold one.
pub(crate) fn stands_for_a_host(url: &str) -> bool {
    let rest = url.split_once("//").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    stands_in(authority.rsplit('@').next().unwrap_or_default())
}

/// Everything in a text that can only be a credential.
pub(crate) fn all_in(text: &str) -> impl Iterator<Item = &str> {
    tokens(text).chain(authorizations(text)).chain(private_keys(text))
}

/// GitHub's tokens, by their prefixes.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter_map(|word| {
        let (at, prefix) = PREFIXES.iter().filter_map(|prefix| Some((word.find(prefix)?, prefix))).min()?;
        (word.len() - at >= prefix.len() + FEWEST).then_some(&word[at..])
    })
}

/// What stands after `Bearer` or `Basic`, as in a header.
fn authorizations(text: &str) -> impl Iterator<Item = &str> {
    let mut last = "";
    text.split_whitespace().filter_map(move |word| {
        let scheme = std::mem::replace(&mut last, word);
        let scheme = scheme.rsplit(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        let named = SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known));
        let word = word.trim_matches(|c| matches!(c, '"' | '\'' | ',' | ';'));
        let part_of = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
        // A word of a language has no digit in it, and a number or an address no letter.
        let mixed = [char::is_alphabetic as fn(char) -> bool, |c| c.is_ascii_digit()]
            .iter()
            .all(|kind| word.contains(*kind));
        let is_one = word.len() >= FEWEST && word.chars().all(part_of) && mixed;
        (named && is_one).then_some(word)
    })
}

/// The lines of private keys in PEM form.
fn private_keys(text: &str) -> impl Iterator<Item = &str> {
    let keys = text
        .split("-----BEGIN ")
        .skip(1)
        .filter(|block| block.split("-----").next().is_some_and(|label| label.ends_with("PRIVATE KEY")));
    keys.flat_map(|block| block.split("-----").nth(1)).flat_map(str::split_whitespace)
}

/// Where a credential belongs, in words for whoever put it elsewhere.
pub(crate) const WHERE: &str = "put it into the environment: a token for GitHub Enterprise Cloud into GH_TOKEN, one for the server into \
    GH_ENTERPRISE_TOKEN, the password of its Management Console into GHE_MANAGE_PASSWORD";
/// Why not there.
pub(crate) const NOT_IN_A_FILE: &str = "credentials do not belong in the file: it is kept, copied and shared";

/// GitHub docs, "About authentication to GitHub": token formats.
const PREFIXES: [&str; 6] = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"];
/// Schemes of `Authorization` that are followed by the credential itself.
const SCHEMES: [&str; 2] = ["bearer", "basic"];
/// What is shorter is an example.
const FEWEST: usize = 8;
/// Parts of names. The long ones also stand within others, `apitoken`.
const SHORT: [&str; 7] = ["auth", "pat", "pw", "pwd", "pas", "psk", "bearer"];
const LONG: [&str; 7] =
    ["token", "password", "passwd", "passphrase", "secret", "credential", "authorization"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_credentials_are_known() {
        for name in [
            "token",
            "GH_TOKEN",
            "gh-token",
            "--token",
            "ghToken",
            "manage-password",
            "pass",
            "PAT",
            "api_key",
            "apiKey",
            "secrets",
            "http.auth",
            "\"Authorization\"",
            "client-secret",
            "credential",
            "private-key",
        ] {
            assert!(names_one(name), "{name}");
        }
        for name in [
            "server",
            "enterprise",
            "ca-file",
            "ghe-config",
            "by",
            "evidence",
            "on",
            "invoiced",
            "path",
            "author",
            "patch",
            "tokyo",
            "--timeout",
            "attest-invoiced",
            "proxy",
            "passed",
            "",
        ] {
            assert!(!names_one(name), "{name}");
        }
    }

    #[test]
    fn credentials_are_seen() {
        for (text, seen) in [
            ("ghp_0123456789abcdef", &["ghp_0123456789abcdef"][..]),
            (
                "see ghs_0123456789abcdef, and x=github_pat_11AB_0123456789",
                &["ghs_0123456789abcdef", "github_pat_11AB_0123456789"],
            ),
            ("https://h/?t=gho_0123456789", &["gho_0123456789"]),
            ("myghp_0123456789", &["ghp_0123456789"]),
            ("Authorization: Bearer abc.def-0123", &["abc.def-0123"]),
            ("'Basic dXNlcjpwYXNz0=='", &["dXNlcjpwYXNz0=="]),
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabcd\n-----END RSA PRIVATE KEY-----", &["MIIE", "abcd"]),
            ("ghp_…", &[]),
            ("ghp_x", &[]),
            ("the bearer network", &[]),
            ("basic 10.0.0.0/8", &[]),
            ("dns/slow=Bearer abc0123456789", &["abc0123456789"]),
            ("basic authentication is off", &[]),
            ("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", &[]),
            ("acme-corp", &[]),
        ] {
            assert_eq!(all_in(text).collect::<Vec<_>>(), seen, "{text}");
            assert_eq!(stands_in(text), !seen.is_empty());
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_searched(text in "([ -~ü\n]|ghp_|Bearer |-----BEGIN |PRIVATE KEY-----){0,30}") {
            let _ = (all_in(&text).count(), names_one(&text));
        }
    }
}
