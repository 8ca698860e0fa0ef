//! The pages of `docs/` that are made from the checks themselves, so that they cannot disagree with the program.

use std::fmt::Write as _;

use gh_connect_engine::{Check, InDoubt, Meta};

use super::{introduction, weight};
use crate::{enable, report};

/// Every generated file: its path from the root of the repository, and its text.
pub(crate) fn files(checks: &[&'static dyn Check]) -> Vec<(String, String)> {
    let metas: Vec<&Meta> = checks.iter().map(|check| check.meta()).collect();
    let mut files = vec![
        ("docs/schema/record-1.json".to_owned(), report::schema()),
        ("docs/schema/status-1.json".to_owned(), enable::schema()),
        ("docs/findings.md".to_owned(), catalogue(&metas)),
        ("docs/checks/README.md".to_owned(), index(&metas)),
    ];
    files.extend(metas.iter().map(|meta| (format!("docs/checks/{}.md", meta.id), check(meta))));
    files
}

/// Every finding of every check.
fn catalogue(metas: &[&Meta]) -> String {
    let mut text = format!("# Findings\n\n{GENERATED}\n\nEverything that `gh-connect check` can find. ");
    text.push_str(
        "A *blocker* makes the exit code 1, *unknown* makes it 3, a *warning* leaves it at 0 unless `--fail-on warn` says \
         otherwise, and a *note* changes nothing. Ids are promises: none is ever renamed.\n",
    );
    for meta in metas {
        let _ = write!(text, "\n## {}: {}\n\n| finding | | |\n| --- | --- | --- |\n", meta.id, meta.title);
        for kind in meta.kinds {
            let anchor = kind.id.replace('/', "");
            let _ = writeln!(
                text,
                "| [`{}`](checks/{}.md#{anchor}) | {} | {} |",
                kind.id,
                meta.id,
                weight(kind),
                cell(kind.title)
            );
        }
    }
    text
}

/// Every check.
fn index(metas: &[&Meta]) -> String {
    let mut text =
        format!("# Checks\n\n{GENERATED}\n\n| check | | looks at | findings |\n| --- | --- | --- | --- |\n");
    for meta in metas {
        let _ = writeln!(
            text,
            "| [`{0}`]({0}.md) | {1} | {2} | {3} |",
            meta.id,
            meta.category.id(),
            cell(meta.title),
            meta.kinds.len()
        );
    }
    text
}

/// One check: its README, with a table of what it can find before the details.
fn check(meta: &Meta) -> String {
    let mut text = format!("# {}: {}\n\n{GENERATED}\n\n{}\n", meta.id, meta.title, introduction(meta));
    text.push_str("\n## What it can find\n\n| finding | | | since |\n| --- | --- | --- | --- |\n");
    for kind in meta.kinds {
        let anchor = kind.id.replace('/', "");
        let _ = writeln!(
            text,
            "| [`{}`](#{anchor}) | {} | {} | {} |",
            kind.id,
            weight(kind),
            cell(kind.title),
            kind.since
        );
    }
    let InDoubt { owner, text: step, command } = meta.in_doubt;
    let command = command.map(|command| format!(": `{command}`")).unwrap_or_default();
    let _ = write!(text, "\n## When it could not tell\n\n- {}: {step}{command}\n", owner.id());
    let findings = format!("\n## {}/", meta.id);
    if let Some(at) = meta.words.find(&findings) {
        text.push_str(meta.words[at..].trim_end());
        text.push('\n');
    }
    text
}

/// Text that ends no cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

const GENERATED: &str = "<!-- Written by `cargo xtask generate` from checks/. Edit there. -->";
