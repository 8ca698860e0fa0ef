//! What several checks put in the same words.

use gh_connect_probe::tls::{Fault, Reason};

/// `a`, `a and b`, `a, b and c`.
pub fn and<S: AsRef<str>>(words: &[S]) -> String {
    match words {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// The first `most` and how many there are besides, `unnamed` ones that are not among `words` too: `a, b and 7 more`.
pub(crate) fn few<S: AsRef<str>>(words: &[S], most: usize, unnamed: usize) -> String {
    let named = &words[..words.len().min(most)];
    let mut told: Vec<&str> = named.iter().map(AsRef::as_ref).collect();
    let more = format!("{} more", words.len() - named.len() + unnamed);
    if words.len() + unnamed > named.len() {
        told.push(&more);
    }
    and(&told)
}

/// As [`few`], but all of them where only one would go unnamed: its name takes no more room.
pub(crate) fn listing<S: AsRef<str>>(words: &[S], most: usize) -> String {
    few(words, if words.len() == most + 1 { words.len() } else { most }, 0)
}

/// What is wrong above a certificate: what it leads to. `None` where the fault is its own, or the reason says all.
pub(crate) fn leads_to(fault: &Fault, reason: &Reason) -> Option<String> {
    let says = fault.certificate.says.as_ref()?;
    let kind = if says.self_issued { "root" } else { "intermediate certificate" };
    let place = fault.held_by.as_ref().map_or_else(String::new, |source| format!(" in {source}"));
    let when = |at: jiff::Timestamp| at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    match reason {
        _ if fault.depth == 0 => None,
        Reason::Expired => {
            Some(format!("the {kind} {}{place}, which expired on {}", says.subject, when(says.not_after)))
        }
        Reason::NotYetValid => Some(format!(
            "the {kind} {}{place}, which is valid only from {} on",
            says.subject,
            when(says.not_before)
        )),
        Reason::UnknownIssuer if fault.code == Fault::NO_ROOT => Some(format!(
            "{}{place}, which is no root: {} issued it, and OpenSSL wants that root as well",
            says.subject, says.issuer
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_reads_as_a_sentence() {
        for (words, whole, of_two, and_more, listed) in [
            (&[][..], "", "", "3 more", ""),
            (&["a"], "a", "a", "a and 3 more", "a"),
            (&["a", "b"], "a and b", "a and b", "a, b and 3 more", "a and b"),
            (&["a", "b", "c"], "a, b and c", "a, b and 1 more", "a, b and 4 more", "a, b and c"),
            (&["a", "b", "c", "d"], "a, b, c and d", "a, b and 2 more", "a, b and 5 more", "a, b and 2 more"),
        ] {
            let told = (and(words), few(words, 2, 0), few(words, 2, 3), listing(words, 2));
            let expected = [whole, of_two, and_more, listed].map(str::to_owned);
            assert_eq!(<[String; 4]>::from(told), expected, "{words:?}");
        }
    }
}
