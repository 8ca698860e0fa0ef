use gh_connect_engine::{Kind, Meta, Owner, Severity, section};
use serde::Deserialize;

use super::{
    super::report::{
        page::{Lead, Page, Span, Tone},
        story::who,
    },
    INDENT, markdown, weight,
};

/// One finding in full: what it means, why it matters, how to fix it and who acts, what it does to the exit code, and how
/// to see it.
pub(super) fn write(page: &mut Page<'_>, meta: &Meta, kind: &Kind) {
    let id = Span::new(Tone::Strong, kind.id);
    page.paragraph(Lead::label(0, id, kind.id.len() + 2), &[Span::plain(kind.title)]);
    let since = format!("{}, since {}, found by the check {}", weight(kind), kind.since, meta.id);
    page.paragraph(Lead::indent(0), &[Span::new(Tone::Dim, since)]);
    if let Some(section) = section(meta.words, kind.id) {
        part(page, "What it means", section.what);
        part(page, "Why it matters", section.why);
        part(page, "How to fix it", &with_owners(section.fix));
    }
    part(page, "What it does", consequence(kind));
    if kind.waivable() {
        let waive =
            format!("`--waive {}=REASON` accepts it: it is still shown, counted and recorded.", kind.id);
        markdown::write(page, INDENT, &waive);
    }
    part(page, "How to see it", &about(kind.world).unwrap_or_default());
    page.command(INDENT, &format!("gh-connect check --lab={}", kind.id));
}

fn part(page: &mut Page<'_>, title: &str, text: &str) {
    page.blank();
    page.paragraph(Lead::indent(0), &[Span::new(Tone::Strong, title)]);
    markdown::write(page, INDENT, text);
}

/// The exit code, and what a script makes of it.
fn consequence(kind: &Kind) -> &'static str {
    match kind.severity {
        Severity::Blocker if kind.undetermined => {
            "Its check ends `unknown`. The exit code is 3 (undetermined) unless another check failed, and the gate stays \
             shut."
        }
        Severity::Blocker => "Its check ends `failed`. The exit code is 1, and the gate stays shut.",
        Severity::Warning => {
            "Its check ends `warned`. The exit code stays 0, or becomes 4 under `--fail-on warn`, and the gate opens."
        }
        Severity::Note => "Nothing is wrong: neither the check's state nor the exit code changes.",
    }
}

/// `- proxy: do this` becomes `- **proxy team:** do this`.
fn with_owners(fix: &str) -> String {
    let line = |line: &str| {
        let owner = OWNERS.into_iter().find_map(|owner| {
            let rest = line.strip_prefix("- ")?.strip_prefix(owner.id())?.strip_prefix(':')?;
            Some(format!("- **{}:**{rest}", who(owner)))
        });
        owner.unwrap_or_else(|| line.to_owned())
    };
    fix.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// What a world file says of itself.
fn about(world: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct World {
        about: String,
    }
    toml::from_str::<World>(world).ok().map(|world| world.about)
}

const OWNERS: [Owner; 7] = [
    Owner::Network,
    Owner::Proxy,
    Owner::Dns,
    Owner::ServerAdmin,
    Owner::EnterpriseOwner,
    Owner::GithubSupport,
    Owner::Operator,
];
