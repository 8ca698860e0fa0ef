//! The words of findings: whose list it is, where it stands, and what to change there.

use gh_connect_engine::{Finding, Owner, Plan, shown};
use gh_connect_github::{
    cloud::Entry,
    egress::{EgressAddresses, Rotation, written},
};
use ipnet::IpNet;

use crate::{account, wording::listing};

/// The allow list of the plan's enterprise account.
pub(super) struct List {
    /// The account's slug, safe to show.
    pub(super) slug: String,
    /// `https://github.com/enterprises/acme/settings/security`
    pub(super) page: String,
    /// The description of new entries: the server's name.
    name: String,
}

impl List {
    pub(super) fn of(plan: &Plan) -> Self {
        let slug = account::slug(plan);
        let page = format!("https://{}/enterprises/{slug}/settings/security", plan.product.value.apex());
        let name = shown(plan.server_host().unwrap_or("GitHub Enterprise Server"), 253);
        Self { slug, page, name }
    }

    /// The step that permits these ranges, with one more sentence about it.
    pub(super) fn permit(&self, finding: Finding, ranges: &[IpNet], more: &str) -> Finding {
        let entries: Vec<String> = ranges.iter().map(written).collect();
        let text = format!(
            "Add {} {} to the IP allow list of {}: {}, under IP allow list, with the description {}.{more} It takes a few minutes \
             to act; then run this again",
            if entries.len() == 1 { "the entry" } else { "the entries" },
            listing(&entries, MOST_ENTRIES),
            self.slug,
            self.page,
            self.name,
        );
        finding.step(Owner::EnterpriseOwner, text)
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

/// The range of a pool can only be said by whoever runs the network.
pub(super) fn pool(finding: Finding, rotations: &[Rotation], list: &List) -> Finding {
    rotations.iter().fold(finding, |finding, rotation| {
        let seen: Vec<String> = rotation.seen.iter().map(ToString::to_string).collect();
        finding.step(
            Owner::Network,
            format!(
                "Name the range that the server's {} addresses are taken from, of which {} were seen: that range is the entry to add \
                 at {}, under IP allow list, and what to say with --egress-ip RANGE. An entry takes a few minutes to act",
                rotation.family,
                listing(&seen, MOST_NAMED),
                list.page,
            ),
        )
        .step(
            Owner::Network,
            format!("Give the server one public {} address of its own, and have that listed", rotation.family),
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

/// As many as somebody would read.
pub(super) const MOST_NAMED: usize = 6;
/// As many as somebody would type.
const MOST_ENTRIES: usize = 40;
