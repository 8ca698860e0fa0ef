//! The words of findings: whose list it is, where it stands, and what to change there.

use gh_connect_engine::{Finding, Owner, Plan, Product, shown};
use gh_connect_github::{
    cloud::Entry,
    egress::{EgressAddresses, Rotation, written},
};
use ipnet::IpNet;

use crate::account::listing;

/// The allow list of the plan's enterprise account.
pub(super) struct List {
    /// The account's slug, safe to show.
    pub(super) slug: String,
    /// `https://github.com/enterprises/acme/settings/security`
    pub(super) page: String,
    /// What `gh` needs to ask there.
    gh_host: String,
    /// The name for new entries: the server's.
    name: String,
}

impl List {
    pub(super) fn of(plan: &Plan) -> Self {
        let slug = plan.enterprise.as_ref().map(|slug| shown(&slug.value, 100)).unwrap_or_default();
        let apex = plan.product.value.apex();
        let gh_host = match &plan.product.value {
            Product::GithubCom => String::new(),
            Product::GheCom(_) => format!(" --hostname {apex}"),
        };
        let page = format!("https://{apex}/enterprises/{slug}/settings/security");
        let name = plan.server_host().filter(|host| is_plain(host)).unwrap_or("GitHub Enterprise Server");
        Self { slug, page, gh_host, name: name.to_owned() }
    }

    /// The steps that permit these ranges.
    pub(super) fn permit(&self, finding: Finding, ranges: &[IpNet]) -> Finding {
        let entries: Vec<String> = ranges.iter().map(written).collect();
        let text = format!(
            "Add {} {} to the IP allow list of {}: {}, under IP allow list, with the description {}. It takes a few minutes \
             to act; then run this again",
            if entries.len() == 1 { "the entry" } else { "the entries" },
            listing(&entries, MOST_NAMED),
            self.slug,
            self.page,
            self.name,
        );
        match &entries[..] {
            [only] if is_plain(&self.slug) => {
                finding.command(Owner::EnterpriseOwner, text, self.command(only))
            }
            _ => finding.step(Owner::EnterpriseOwner, text),
        }
    }

    /// What adds an entry in one line (GitHub docs: GraphQL, createIpAllowListEntry).
    fn command(&self, entry: &str) -> String {
        let Self { slug, gh_host, name, .. } = self;
        format!(
            "gh api graphql{gh_host} -F id=\"$(gh api graphql{gh_host} -f query='{{ enterprise(slug: \"{slug}\") {{ id }} }}' \
             --jq .data.enterprise.id)\" -f query='mutation($id: ID!) {{ createIpAllowListEntry(input: {{ownerId: $id, \
             allowListValue: \"{entry}\", name: \"{name}\", isActive: true}}) {{ ipAllowListEntry {{ allowListValue }} }} }}'"
        )
    }

    /// How to hear from GitHub itself what the list does with an address.
    pub(super) fn ask_the_page(&self, finding: Finding, address: &str) -> Finding {
        finding.step(
            Owner::EnterpriseOwner,
            format!(
                "Ask the list itself: {} has a box under IP allow list that tells whether an address is permitted; enter \
                 {address}",
                self.page
            ),
        )
    }
}

/// Whose pool it is must be said by whoever runs the network.
pub(super) fn pool(finding: Finding, rotations: &[Rotation]) -> Finding {
    rotations.iter().fold(finding, |finding, rotation| {
        let seen: Vec<String> = rotation.seen.iter().map(ToString::to_string).collect();
        finding.step(
            Owner::Network,
            format!(
                "Name the range that the server's {} addresses are taken from: {} were seen by now. That range is the entry to \
                 add, and what to say with --egress-ip RANGE; or give the server one address of its own",
                rotation.family,
                listing(&seen, MOST_NAMED)
            ),
        )
    })
}

/// The addresses with who tells each.
pub(super) fn with_sources(egress: &EgressAddresses, ranges: &[IpNet]) -> String {
    let told = ranges.iter().map(|range| {
        let sources = egress.known.iter().filter(|known| known.range == *range);
        let sources: Vec<String> = sources.map(|known| known.source.to_string()).collect();
        match sources.first() {
            Some(first) => format!("{} ({first})", written(range)),
            None => written(range),
        }
    });
    listing(&told.collect::<Vec<_>>(), MOST_NAMED)
}

/// `203.0.113.0/28 ("Corp egress")`
pub(super) fn named(entry: &Entry) -> String {
    match &entry.name {
        Some(name) => format!("{} (\"{}\")", shown(entry.value.trim(), 60), shown(name, 60)),
        None => shown(entry.value.trim(), 60),
    }
}

/// Whether a text is the same in a shell, in GraphQL and in a URL.
fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !text.is_empty() && !text.starts_with('-') && text.bytes().all(plain)
}

/// As many as somebody would read.
pub(super) const MOST_NAMED: usize = 6;
