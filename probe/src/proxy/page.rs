//! The words of an error page.

/// What a person would read of an HTML or plain-text page, title and all, on one line of at most `most` characters: the
/// text without markup, scripts and styles. Control characters stay; show the result through
/// [`shown`](gh_connect_engine::shown).
pub fn words(page: &str, most: usize) -> String {
    let (mut title, mut text) = (String::new(), String::new());
    let mut in_title = false;
    let mut rest = page;
    while let Some(open) = rest.find('<') {
        let words = if in_title { &mut title } else { &mut text };
        push_text(words, &rest[..open]);
        rest = &rest[open..];
        let tag = tag_name(rest);
        let end = match tag.as_str() {
            "!--" => rest.find("-->").map(|at| at + 3),
            "script" | "style" => closing(rest, &tag),
            "" => {
                words.push('<');
                Some(1)
            }
            _ => rest.find('>').map(|at| at + 1),
        };
        if !matches!(tag.as_str(), "" | "b" | "i" | "em" | "strong" | "a" | "span" | "font" | "code") {
            words.push(' ');
        }
        if tag == "title" {
            in_title = !rest.starts_with("</");
        }
        rest = end.and_then(|end| rest.get(end..)).unwrap_or_default();
    }
    push_text(if in_title { &mut title } else { &mut text }, rest);
    let (title, text) = (one_line(&title), one_line(&text));
    // A heading mostly says the title again.
    let mut line = if text.contains(&title) { text } else { one_line(&format!("{title} {text}")) };
    if let Some((end, _)) = line.char_indices().nth(most) {
        line.truncate(end);
        line.push('…');
    }
    line
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `<script …`: `script`; `</P>`: `p`; what opens no tag: nothing.
fn tag_name(text: &str) -> String {
    if text.starts_with("<!--") {
        return "!--".to_owned();
    }
    let inside = text.trim_start_matches('<').trim_start_matches(['/', '!', '?']);
    inside.chars().take_while(char::is_ascii_alphanumeric).take(12).collect::<String>().to_ascii_lowercase()
}

/// Behind the `</script>` that ends `<script>`.
fn closing(text: &str, tag: &str) -> Option<usize> {
    let close = text.to_ascii_lowercase().find(&format!("</{tag}"))?;
    text[close..].find('>').map(|at| close + at + 1)
}

/// Text with the entities that stand in error pages.
fn push_text(words: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        words.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity));
        let (length, meaning) = entity.map_or((1, "&"), |(entity, meaning)| (entity.len(), *meaning));
        words.push_str(meaning);
        rest = &rest[length..];
    }
    words.push_str(rest);
}

const ENTITIES: [(&str, &str); 8] = [
    ("&amp;", "&"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#39;", "'"),
    ("&apos;", "'"),
    ("&nbsp;", " "),
    ("&copy;", "©"),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pages_become_a_line() {
        for (page, expected) in [
            ("Access denied.\r\n", "Access denied."),
            (
                "<!DOCTYPE html><html><head><title>Blocked</title><style>p{color:red}</style></head>\n<body><h1>Access \
                 Denied</h1><p>The site <b>api</b>.github.com is in category &quot;Code &amp; Repos&quot;.</p>\
                 <script>alert('<p>')</script><!-- 42 > 41 --></body></html>",
                "Blocked Access Denied The site api.github.com is in category \"Code & Repos\".",
            ),
            (
                "<html><head><title>405 Not Allowed</title></head><h1>405 Not Allowed</h1>nginx",
                "405 Not Allowed nginx",
            ),
            ("a < b & c", "a < b & c"),
            ("<title>cut", "cut"),
            ("<p>cut <scr", "cut"),
            ("<script>never closed", ""),
            ("", ""),
        ] {
            assert_eq!(words(page, 200), expected, "{page}");
        }
        assert_eq!(words("ééé fff", 5), "ééé f…");
    }

    proptest! {
        #[test]
        fn any_page_becomes_a_short_line(page in r"([a-z<>/!&;\-\n é]|script|<!--|</style>|&amp;){0,80}", most in 0usize..60) {
            let line = words(&page, most);
            prop_assert!(line.chars().count() <= most + 1);
            prop_assert!(!line.contains('\n'));
        }
    }
}
