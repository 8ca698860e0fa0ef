//! What a proxy demands in `Proxy-Authenticate` (RFC 9110 §11.6).

/// One challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme as sent: `Basic`, `NTLM`, `Negotiate`.
    pub scheme: String,
    /// The realm, where there is one.
    pub realm: Option<String>,
}

/// Reads the challenges of one field value, in which commas separate challenges as well as their parameters. Never fails:
/// what is no challenge is passed over. At most 16.
pub fn challenges(value: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    for element in elements(value) {
        let (word, rest) = element.split_once([' ', '\t']).unwrap_or((element, ""));
        let rest = rest.trim();
        let parameter = if is_token(word) && !rest.starts_with('=') {
            if challenges.len() == MOST_CHALLENGES {
                break;
            }
            challenges.push(Challenge { scheme: word.to_owned(), realm: None });
            rest
        } else {
            element
        };
        if let (Some(challenge), Some(realm)) = (challenges.last_mut(), realm(parameter)) {
            challenge.realm.get_or_insert(realm);
        }
    }
    challenges
}

/// Splits at the commas that stand outside of quotes.
fn elements(value: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let separated = value.split(move |c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => return true,
            _ => {}
        }
        false
    });
    separated.map(str::trim).filter(|element| !element.is_empty())
}

fn realm(parameter: &str) -> Option<String> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("realm") {
        return None;
    }
    let value = value.trim();
    match value.strip_prefix('"') {
        None => Some(value.to_owned()),
        Some(quoted) => {
            let mut realm = String::new();
            let mut characters = quoted.chars();
            while let Some(c) = characters.next() {
                match c {
                    '"' => break,
                    '\\' => realm.extend(characters.next()),
                    c => realm.push(c),
                }
            }
            Some(realm)
        }
    }
}

fn is_token(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

const MOST_CHALLENGES: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn challenges_are_told_from_their_parameters() {
        for (value, expected) in [
            ("Basic realm=\"proxy\"", &[("Basic", Some("proxy"))][..]),
            ("Negotiate, NTLM", &[("Negotiate", None), ("NTLM", None)]),
            ("basic", &[("basic", None)]),
            (
                "Basic realm=\"a, \\\"b\\\"\", charset=\"UTF-8\", Negotiate",
                &[("Basic", Some("a, \"b\"")), ("Negotiate", None)],
            ),
            (
                "Digest nonce=\"x=,\", realm = y, Basic Realm=z",
                &[("Digest", Some("y")), ("Basic", Some("z"))],
            ),
            ("NTLM TlRMTVNTUAACAAAA==", &[("NTLM", None)]),
            (" ,, ", &[]),
            ("realm=\"x\"", &[]),
        ] {
            let read = challenges(value);
            let read: Vec<_> = read.iter().map(|one| (one.scheme.as_str(), one.realm.as_deref())).collect();
            assert_eq!(read, expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_value_is_read_within_bounds(value in "[ -~é]{0,200}") {
            let read = challenges(&value);
            prop_assert!(read.len() <= MOST_CHALLENGES);
            prop_assert!(read.iter().all(|one| is_token(&one.scheme)));
        }
    }
}
