//! The little Markdown that the checks' READMEs use, as plain text: headings, paragraphs, lists, code and tables.

use crate::report::page::{Lead, Page, Span, Tone, inline};

/// Writes `text` with everything `indent` columns to the right.
pub(super) fn write(page: &mut Page<'_>, indent: usize, text: &str) {
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let inner = line.trim_start();
        let depth = indent + line.len() - inner.len();
        if inner.is_empty() {
            page.blank();
        } else if inner.starts_with("```") {
            let code: Vec<&str> =
                lines.by_ref().take_while(|line| !line.trim_start().starts_with("```")).collect();
            page.verbatim(indent + 2, Tone::Code, &code.join("\n"));
        } else if inner.starts_with('|') {
            page.verbatim(indent, Tone::Plain, inner);
        } else if let Some(title) = heading(inner) {
            page.paragraph(Lead::indent(indent), &[Span::new(Tone::Strong, title)]);
        } else {
            let (bullet, first) = item(inner).unwrap_or(("", inner));
            let mut text = first.to_owned();
            while let Some(more) = lines.next_if(|line| continues(line)) {
                text.push(' ');
                text.push_str(more.trim());
            }
            let column = depth + bullet.len() + usize::from(!bullet.is_empty());
            let lead = Lead { indent: depth, spans: vec![Span::plain(bullet)], column, tail: None };
            page.paragraph(lead, &inline(&without_links(&text), page.look()));
        }
    }
}

/// The text of `## Heading`.
fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    text.strip_prefix(' ').filter(|_| text.len() < line.len())
}

/// The sign and the text of `- item` or `1. item`.
fn item(line: &str) -> Option<(&str, &str)> {
    let (sign, text) = line.split_once(' ')?;
    let numbered = sign.strip_suffix('.').is_some_and(|digits| {
        !digits.is_empty() && digits.len() < 4 && digits.bytes().all(|digit| digit.is_ascii_digit())
    });
    (matches!(sign, "-" | "*") || numbered).then(|| (sign, text.trim_start()))
}

/// Whether a line goes on with the paragraph or item before it.
fn continues(line: &str) -> bool {
    let inner = line.trim_start();
    !inner.is_empty()
        && item(inner).is_none()
        && heading(inner).is_none()
        && !inner.starts_with("```")
        && !inner.starts_with('|')
}

/// `[text](address)` as `text (address)`, or as `text` where the address leads nowhere from a terminal.
fn without_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        let parts = link.split_once("](").and_then(|(label, tail)| {
            let (address, after) = tail.split_once(')')?;
            (!label.contains(['[', ']'])).then_some((label, address, after))
        });
        let Some((label, address, after)) = parts else {
            out.push_str(before);
            out.push('[');
            rest = link;
            continue;
        };
        out.push_str(before);
        out.push_str(label);
        if address.starts_with("http") && address != label {
            out.push_str(&format!(" ({address})"));
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::{Detail, Look};

    fn rendered(text: &str) -> String {
        let look = Look { color: false, unicode: true, width: 60, detail: Detail::Normal };
        let mut page = Page::new(&look);
        write(&mut page, 2, text);
        page.into_text()
    }

    #[test]
    fn the_markdown_of_the_readmes_becomes_plain_text() {
        let text = "It asks **every** name server,\none by one.\n\n## How\n- `A` and `AAAA`, see \
                    [RFC 1035](https://www.rfc-editor.org/rfc/rfc1035), which is too long for one line\n  of this page\n  \
                    - nested\n1. first\n\n```sh\nghe-config-apply   # twice\n```\n| a | b |\n|---|---|\n";
        insta::assert_snapshot!(rendered(text), @r"
        It asks every name server, one by one.

        How
        - `A` and `AAAA`, see RFC 1035
          (https://www.rfc-editor.org/rfc/rfc1035), which is too
          long for one line of this page
          - nested
        1. first

          ghe-config-apply   # twice
        | a | b |
        |---|---|
        ");
    }

    #[test]
    fn brackets_that_are_no_links_stay() {
        assert_eq!(
            without_links("HOST[:PORT] and [x](y.md) and [a](https://b)"),
            "HOST[:PORT] and x and a (https://b)"
        );
        assert_eq!(without_links("[open"), "[open");
    }

    proptest! {
        #[test]
        fn any_text_is_shown(text in "([a-z `*#|\\[\\]().0-9-]{0,20}\n?){0,20}") {
            let _ = rendered(&text);
        }
    }
}
