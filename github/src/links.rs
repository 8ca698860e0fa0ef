//! The header `Link`, in all the forms that RFC 8288 §3 permits.

use http::{HeaderMap, header};

/// Whether a `Link` leads to a next page, wherever that is, or cannot be read. No credential goes where a link leads: of what it
/// says, [`next_cursor`] alone is used.
pub(crate) fn leads_on(headers: &HeaderMap) -> bool {
    headers.get_all(header::LINK).iter().any(|value| {
        let text = String::from_utf8_lossy(value.as_bytes());
        relations(&text).is_none_or(|all| all.iter().any(is_next))
    })
}

/// Behind which entry the next page begins: the value of `after` in the target of the link to it, as it is written there. What
/// else that target says is not used.
pub(crate) fn next_cursor(headers: &HeaderMap) -> Option<String> {
    headers.get_all(header::LINK).iter().find_map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes());
        let all = relations(&text)?;
        let (target, _) = all.iter().find(|link| is_next(link))?;
        let (_, query) = target.split_once('?')?;
        let after = query.split(['&', '#']).find_map(|parameter| parameter.strip_prefix("after="))?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "%-._~+/=|:,!*".contains(c);
        (!after.is_empty() && after.len() <= MOST_OF_A_CURSOR && after.chars().all(is_plain))
            .then(|| after.to_owned())
    })
}

fn is_next((_, relation): &(&str, String)) -> bool {
    relation.eq_ignore_ascii_case("next")
}

/// The targets of all links in a field's value, each with one of its relation types; `None` where it is not written as the RFC
/// has it.
fn relations(mut rest: &str) -> Option<Vec<(&str, String)>> {
    let mut all = Vec::new();
    loop {
        // Empty elements of a list are passed over (RFC 9110 §5.6.1).
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(all);
        }
        // Commas and semicolons may stand in the target.
        let (target, after) = rest.strip_prefix('<')?.split_once('>')?;
        rest = after.trim_start();
        while let Some(more) = rest.strip_prefix(';') {
            let (name, value, after) = parameter(more.trim_start())?;
            // `rel` has no form in another language; whoever writes one all the same means the same.
            if name.trim_end_matches('*').eq_ignore_ascii_case("rel") {
                let value = if name.ends_with('*') { value.rsplit('\'').next()?.to_owned() } else { value };
                all.extend(value.split_ascii_whitespace().map(|relation| (target, relation.to_owned())));
            }
            rest = after;
        }
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
}

/// A parameter's name and value, and what comes after it.
fn parameter(text: &str) -> Option<(&str, String, &str)> {
    let end = text.find(['=', ';', ',']).unwrap_or(text.len());
    let (name, rest) = (text[..end].trim_end(), &text[end..]);
    let Some(value) = rest.strip_prefix('=') else { return Some((name, String::new(), rest)) };
    let value = value.trim_start();
    let Some(quoted) = value.strip_prefix('"') else {
        let end = value.find([';', ',']).unwrap_or(value.len());
        return Some((name, value[..end].trim_end().to_owned(), &value[end..]));
    };
    let (mut plain, mut escaped) = (String::new(), false);
    for (at, c) in quoted.char_indices() {
        match c {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => return Some((name, plain, quoted[at + 1..].trim_start())),
            c => {
                plain.push(c);
                escaped = false;
            }
        }
    }
    None
}

/// Far more than a cursor has.
const MOST_OF_A_CURSOR: usize = 1_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn leads(values: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::LINK, value.parse().expect("a value"));
        }
        leads_on(&headers)
    }

    #[test]
    fn a_next_page_is_seen_in_every_form() {
        for (values, expected) in [
            (&[][..], false),
            (&[""], false),
            (&["<https://api.github.com/x?page=2>; rel=\"next\""], true),
            (&["<https://api.github.com/x?page=2>; rel=next"], true),
            (&["<https://api.github.com/x?page=2>;REL = NEXT"], true),
            (&["</x?after=1> ; rel=\"next last\""], true),
            (&["<?after=1>; rel=\"last\tNext\"; title=\"x\""], true),
            (&["<x>; title=\"a, b; rel=prev\"; rel=\"next\""], true),
            (&["<x>; title=\"a \\\"quoted\\\" one\"; rel=\"next\""], true),
            (&["<x>; hreflang; rel=next"], true),
            (&["<x>; rel*=UTF-8'en'next"], true),
            (&["<https://elsewhere.example/>; rel=\"next\""], true),
            (&["<x>; rel=prev, <y,;z>; rel=first , , <z>; rel=\"next\""], true),
            (&["<x>; rel=prev", "<y>; rel=next"], true),
            (&["<x>; rel=prev; rel=next"], true),
            (&["<x>; rel=\"prev first\"", "<y?rel=next>; rel=last"], false),
            (&["<x>; rel=prev; title=\"rel=next\""], false),
            (&["<x?a=1,2;rel=next>; rel=\"last\""], false),
            (&["<x>; rel=nextish, <y>; rel=\"not-next\""], false),
            (&["<x>; rev=next"], false),
            // What cannot be read may say anything.
            (&["x; rel=next"], true),
            (&["<x; rel=next"], true),
            (&["<x>; rel=\"next"], true),
            (&["<x> rel=next"], true),
            (&["<x>; rel=prev <y>; rel=next"], true),
        ] {
            assert_eq!(leads(values), expected, "{values:?}");
        }
    }

    #[test]
    fn of_the_next_page_only_its_cursor_is_read() {
        for (value, expected) in [
            ("<https://api.github.com/x?phrase=a&after=MTI%3D&before=>; rel=\"next\"", Some("MTI%3D")),
            ("<https://elsewhere.example/y?after=MTI=#after=x>; rel=next", Some("MTI=")),
            ("<x?after=a>; rel=prev, <x?after=b>; rel=\"next last\"", Some("b")),
            ("<x?page=2>; rel=next", None),
            ("<x?after=>; rel=next", None),
            ("<x?after=a b>; rel=next", None),
            ("<x?after=\"a>; rel=next", None),
            ("<after=a>; rel=next", None),
            ("<x?after=a>; rel=prev", None),
            ("<x?after=a; rel=next", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(header::LINK, value.parse().expect("a value"));
            assert_eq!(next_cursor(&headers).as_deref(), expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn a_relation_is_read_wherever_it_stands(
            targets in proptest::collection::vec("[a-z/?=&,; ]{0,12}", 1..5),
            at in any::<proptest::sample::Index>(),
            quoted in any::<bool>(),
            title in "[a-z,;<>= ]{0,10}",
            upper in any::<bool>(),
        ) {
            let next = at.index(targets.len());
            let written = |with_next: bool| {
                let link = |(nth, target): (usize, &String)| {
                    let relation = if with_next && nth == next { "next" } else { "prev" };
                    let relation = if upper { relation.to_uppercase() } else { relation.to_owned() };
                    let relation = if quoted { format!("\"first {relation}\"") } else { relation };
                    format!("<{target}>; title=\"{title}\"; rel={relation}")
                };
                targets.iter().enumerate().map(link).collect::<Vec<_>>().join(", ")
            };
            prop_assert!(leads(&[&written(true)]), "{}", written(true));
            prop_assert!(!leads(&[&written(false)]), "{}", written(false));
        }

        #[test]
        fn any_header_is_read(text in "[ -~]{0,60}") {
            leads(&[&text]);
        }
    }
}
