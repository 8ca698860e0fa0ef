//! What was probably meant.

/// The known word that is nearest to what was said, if it is near at all.
pub(crate) fn nearest(said: &str, known: impl IntoIterator<Item = impl AsRef<str>>) -> Option<String> {
    let said = said.trim().trim_start_matches('-').to_lowercase().replace('_', "-");
    if said.is_empty() || said.len() > LONGEST {
        return None;
    }
    let ranked = known.into_iter().filter_map(|known| {
        let known = known.as_ref();
        let distance = distance(&said, known);
        // The part after the slash is often all that somebody remembers.
        let last = known.rsplit('/').next() == Some(said.as_str());
        let near = last || distance <= 1 + known.len().max(said.len()) / 4;
        near.then(|| (if last { 0 } else { distance }, known.to_owned()))
    });
    ranked.min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// How many letters have to be changed, added, removed or swapped with their neighbour.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut older: Vec<usize> = Vec::new();
    let mut old: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let mut best = (old[j] + usize::from(a != b)).min(old[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                best = best.min(older[j - 1] + 1);
            }
            row.push(best);
        }
        older = std::mem::replace(&mut old, row);
    }
    old[to.len()]
}

/// Longer texts are no slip of a finger.
const LONGEST: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_a_finger_are_understood() {
        let known = ["timeout", "deadline", "tls/expired", "tls/untrusted-issuer", "dns/timeout", "connect"];
        for (said, meant) in [
            ("tmeout", Some("timeout")),
            ("tiemout", Some("timeout")),
            ("--timeout", Some("timeout")),
            ("Dead_line", Some("deadline")),
            ("tls/expird", Some("tls/expired")),
            ("expired", Some("tls/expired")),
            ("tls/untrusted", None),
            ("zzz", None),
            ("", None),
        ] {
            assert_eq!(nearest(said, known).as_deref(), meant, "{said}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_compared(said in ".{0,100}", known in ".{0,30}") {
            let _ = nearest(&said, [known]);
        }
    }
}
