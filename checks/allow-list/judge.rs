use gh_connect_engine::{Examination, Finding, Kind, Owner, Plan, Stop};
use gh_connect_github::{
    Answer, Api, Refusal,
    cloud::{Entries, Entry, EntryOwner, InForce, Oidc, Owners},
    egress::{EgressAddresses, RefusedQuestion, Rotation, written},
};
use ipnet::IpNet;
use serde_json::{Value, json};

use super::{
    IDP_MANAGED, NARROW, NOT_INCLUDED, ONLY_BY_APP_ENTRY, ONLY_BY_INACTIVE_ENTRY, PARTLY_INCLUDED,
    REFUSED_THOUGH_LISTED, UNREADABLE,
    matching::{Cover, Listed, range_of},
    words::{List, MOST_NAMED, named, pool, with_sources},
};
use crate::wording::listing;

/// Judges what the settings, the entries and the addresses tell together. Only a list that was read to its end, and an
/// active entry of the enterprise's own for every address, is a pass.
pub(super) fn judge(
    plan: &Plan,
    owners: &Answer<Owners>,
    list: &Answer<Entries>,
    egress: &EgressAddresses,
) -> Result<Examination, Stop> {
    let whose = List::of(plan);
    let owners = match owners {
        Answer::Said(owners) => owners,
        other => return unsaid(plan, other, egress, "whether it is on"),
    };
    match owners.list_in_force() {
        InForce::None if egress.refused.is_empty() => {
            return Ok(Examination::passed(format!("the IP allow list of {} is off", whose.slug)));
        }
        InForce::None => return Ok(refused(plan, egress)),
        InForce::Perhaps => return Ok(idp_managed(&whose, owners, egress).into()),
        InForce::Unsaid => {
            let word = owners.allow_list.clone().map(String::from);
            let what = match word {
                Some(word) => format!("the setting of the IP allow list is `{word}`, which is not published"),
                None => "GitHub's answer does not say whether the IP allow list is on".to_owned(),
            };
            return Ok(unreadable(&whose, &what, json!({ "settings": owners }), egress).into());
        }
        InForce::Own => {}
    }
    let entries = match list {
        Answer::Said(entries) => entries,
        other => return unsaid(plan, other, egress, "its entries"),
    };
    if let Some(what) = incomplete(entries) {
        if let Some(Refusal::AllowList { .. }) = entries.ended_by {
            return Ok(refused(plan, egress));
        }
        let evidence = json!({ "entries-read": entries.list.len(), "entries": entries.total, "ended-by": entries.ended_by });
        return Ok(unreadable(&whose, &what, evidence, egress).into());
    }
    if egress.ranges().is_empty() {
        return match egress.refused.is_empty() {
            true => Err(Stop::blocked("egress")),
            false => Ok(refused(plan, egress)),
        };
    }
    Ok(Case::new(whose, &owners.oidc, entries, egress).judge())
}

/// The list refuses requests of this run, and what stands in it could not be read, or is not what refuses.
pub(super) fn refused(plan: &Plan, egress: &EgressAddresses) -> Examination {
    let list = List::of(plan);
    let address = egress.refused.iter().find_map(|refused| refused.address);
    let question =
        egress.refused.first().map_or("the enterprise account (GraphQL)", |it| it.question.as_str());
    let who = match address {
        Some(address) => format!("{address}, which is the address that GitHub says it sees"),
        None => "the address that it sees, without naming it".to_owned(),
    };
    let message = format!(
        "GitHub refused to answer for {question}: {} does not permit {who}.",
        of_whom(egress.refused.first(), &list.slug)
    );
    let finding = Finding::new(&NOT_INCLUDED, list.slug.clone(), message)
        .evidence(json!({ "refused": egress.refused, "known-addresses": egress.known }));
    let from_inside = " Do so from an address that the list permits: it lets nobody else in.";
    let finding = match (address, &egress.ranges()[..]) {
        (Some(address), _) => list.permit(finding, &[IpNet::from(address.to_canonical())], from_inside),
        (None, []) => finding.step(
            Owner::Network,
            "Name the public addresses under which the server leaves the network: the addresses of its NAT gateway or egress \
             proxy, IPv4 and IPv6. Each is an entry to add; say them with --egress-ip ADDRESS",
        ),
        (None, ranges) => list.permit(finding, ranges, from_inside),
    };
    match egress.refused.first().and_then(|it| it.owner_kind.as_deref()) {
        Some("organization") => finding.step(
            Owner::EnterpriseOwner,
            "The list that refuses is said to be an organization's: look at its own settings too, Authentication security, IP \
             allow list",
        ),
        _ => finding,
    }
    .into()
}

/// What came in the place of an answer, unless another check owns it.
fn unsaid<T>(
    plan: &Plan,
    answer: &Answer<T>,
    egress: &EgressAddresses,
    what: &str,
) -> Result<Examination, Stop> {
    let why = match answer {
        Answer::Refused { why, .. } => why,
        _ => return Err(Stop::blocked("token")),
    };
    match why {
        Refusal::AllowList { .. } => Ok(refused(plan, egress)),
        // That the list refuses is known, whatever hides its entries.
        _ if !egress.refused.is_empty() => Ok(refused(plan, egress)),
        why if why.owner(Api::Cloud) == "token" => Err(Stop::blocked("token")),
        why => {
            let what = format!("GitHub's API gave no answer about {what} ({why})");
            Ok(unreadable(&List::of(plan), &what, json!({ "answer": why }), egress).into())
        }
    }
}

/// Why nothing follows from what is not among the entries. Pages that are missing, and entries that could not be read, are
/// both told by the number that GitHub says.
fn incomplete(entries: &Entries) -> Option<String> {
    let read = entries.list.len();
    match (&entries.ended_by, entries.total) {
        (Some(why), Some(total)) => Some(format!("{read} of {total} entries were read, then {why}")),
        (Some(why), None) => Some(format!("{read} entries were read, then {why}")),
        (None, Some(total)) if (read as u64) < total => {
            Some(format!("{read} of the {total} entries that GitHub counts came whole"))
        }
        (None, Some(total)) if (read as u64) > total => {
            Some(format!("{read} entries came, and GitHub counts {total}"))
        }
        (None, Some(_)) => None,
        (None, None) => Some(format!("{read} entries came, and GitHub did not say how many there are")),
    }
}

fn unreadable(list: &List, what: &str, evidence: Value, egress: &EgressAddresses) -> Finding {
    let message = format!("The IP allow list of {} could not be read: {what}.", list.slug);
    let finding = Finding::new(&UNREADABLE, list.slug.clone(), message).evidence(evidence).step(
        Owner::Operator,
        "Run this again in a few minutes; https://www.githubstatus.com tells whether GitHub's API is well",
    );
    list.ask_the_page(finding, &asked_about(egress))
}

fn idp_managed(list: &List, owners: &Owners, egress: &EgressAddresses) -> Finding {
    let setting = owners.allow_list.clone().map_or("not said".to_owned(), String::from);
    let message = format!(
        "{}, and the setting of GitHub's own IP allow list is {setting}: a provider's policy may decide on addresses \
         instead, and GitHub's API does not show it.",
        provider(&list.slug, &owners.oidc)
    );
    Finding::new(&IDP_MANAGED, list.slug.clone(), message)
        .evidence(json!({ "settings": owners, "known-addresses": egress.known }))
        .step(
            Owner::EnterpriseOwner,
            format!(
                "See what {} says under IP allow list. Where it says Identity provider: have the conditional access policy of \
                 Microsoft Entra ID permit {}, and the address of the browser of whoever connects the server",
                list.page,
                asked_about(egress)
            ),
        )
        .then(
            Owner::Operator,
            "When that is in order, judge the rest with --skip allow-list. No run can confirm it, so enable stays shut: the \
             connection is then made in the browser",
        )
}

/// Whether there is an identity provider that may have a policy on addresses.
fn provider(slug: &str, oidc: &Oidc) -> String {
    match oidc {
        Oidc::Unknown => format!("GitHub's API does not say whether {slug} has an OIDC identity provider"),
        Oidc::None | Oidc::Provider(_) => format!("{slug} has an OIDC identity provider"),
    }
}

/// The address to ask the list's page about.
fn asked_about(egress: &EgressAddresses) -> String {
    let ranges: Vec<String> = egress.ranges().iter().map(written).collect();
    match &ranges[..] {
        [] => "the address under which the server leaves the network".to_owned(),
        ranges => listing(ranges, MOST_NAMED),
    }
}

/// Whose list refuses.
fn of_whom(refused: Option<&RefusedQuestion>, slug: &str) -> String {
    match refused.map(|it| (it.owner_kind.as_deref(), it.owner.as_deref())) {
        Some((Some(kind), Some(owner))) => format!("the IP allow list of the {kind} {owner}"),
        _ => format!("the IP allow list of {slug}"),
    }
}

/// A list that was read to its end, and the addresses to be found in it.
struct Case<'a> {
    list: List,
    oidc: &'a Oidc,
    entries: &'a Entries,
    egress: &'a EgressAddresses,
    rotations: Vec<Rotation>,
    /// Every range with what the entries that count cover of it.
    covers: Vec<(IpNet, Cover<'a>)>,
}

impl<'a> Case<'a> {
    fn new(list: List, oidc: &'a Oidc, entries: &'a Entries, egress: &'a EgressAddresses) -> Self {
        let listed = Listed::new(entries.list.iter().filter(|entry| counts(entry)));
        let covers = egress.ranges().into_iter().map(|range| (range, listed.cover(range))).collect();
        Self { list, oidc, entries, egress, rotations: egress.rotations(), covers }
    }

    fn judge(&self) -> Examination {
        let covered = self.covers.iter().filter(|(_, cover)| *cover != Cover::None).count();
        match (covered, self.missing().is_empty()) {
            (_, true) if !self.egress.refused.is_empty() => self.refused_though_listed().into(),
            (_, true) => match self.single_though_changing() {
                narrow if narrow.is_empty() => Examination::passed(self.remark()),
                narrow => self.narrow(&narrow).into(),
            },
            (0, false) => self.not_included().into(),
            (_, false) => self.partly_included().into(),
        }
    }

    /// The ranges that are not covered, or not wholly.
    fn missing(&self) -> Vec<IpNet> {
        let missing = self.covers.iter().filter(|(_, cover)| !matches!(cover, Cover::Whole(_)));
        missing.map(|(range, _)| *range).collect()
    }

    /// With a provider, entries that were read may be of a list that decides nothing any more: how they read then is not
    /// published (facts §4.2).
    fn remark(&self) -> String {
        let ranges: Vec<String> = self.covers.iter().map(|(range, _)| written(range)).collect();
        let verb = if ranges.len() == 1 { "is" } else { "are" };
        let by = listing(&self.covering(), 3);
        let covered = format!("{} {verb} covered by {by}", listing(&ranges, 3));
        match self.oidc {
            Oidc::None => covered,
            oidc => format!(
                "{covered} in GitHub's own list; {}, and a provider's policy may decide instead",
                provider(&self.list.slug, oidc)
            ),
        }
    }

    /// The entries that cover anything, each once.
    fn covering(&self) -> Vec<String> {
        let mut by: Vec<String> = Vec::new();
        for (_, cover) in &self.covers {
            let (Cover::Whole(entries) | Cover::Part { by: entries, .. }) = cover else { continue };
            for entry in entries.iter().take(MOST_NAMED) {
                let named = named(entry);
                if !by.contains(&named) {
                    by.push(named);
                }
            }
        }
        by
    }

    fn not_included(&self) -> Finding {
        let missing = self.missing();
        let inactive =
            self.by_others(&missing, |entry| !entry.active && entry.owner == EntryOwner::Enterprise);
        if let Some(by) = &inactive {
            return self.only_by_inactive(&missing, by);
        }
        let of_apps =
            self.by_others(&missing, |entry| entry.active && matches!(entry.owner, EntryOwner::App(_)));
        if let Some(by) = &of_apps {
            return self.only_by_app(&missing, by);
        }
        let active = self.entries.list.iter().filter(|entry| counts(entry)).count();
        let nothing = match active {
            0 => "no active entry of it covers".to_owned(),
            1 => "its one active entry does not cover".to_owned(),
            active => format!("none of its {active} active entries covers"),
        };
        let message = format!(
            "The IP allow list of {} is on, and {nothing} {}.{}",
            self.list.slug,
            with_sources(self.egress, &missing),
            self.of_no_use(&missing)
        );
        self.permitting(self.finding(&NOT_INCLUDED, message), &missing)
    }

    fn partly_included(&self) -> Finding {
        let missing = self.missing();
        let gaps: Vec<String> = self
            .covers
            .iter()
            .filter_map(|(range, cover)| match cover {
                Cover::Part { missing, .. } => {
                    let gaps: Vec<String> = missing.iter().map(written).collect();
                    Some(format!(" Of {range} it leaves out {}.", listing(&gaps, MOST_NAMED)))
                }
                _ => None,
            })
            .collect();
        let message = format!(
            "The IP allow list of {} covers some of the addresses that the server leaves under, by {}, and not {}.{}{}",
            self.list.slug,
            listing(&self.covering(), 3),
            with_sources(self.egress, &missing),
            gaps.concat(),
            self.of_no_use(&missing)
        );
        self.permitting(self.finding(&PARTLY_INCLUDED, message), &missing)
    }

    fn only_by_inactive(&self, missing: &[IpNet], by: &[&Entry]) -> Finding {
        let names: Vec<String> = by.iter().map(|entry| named(entry)).collect();
        let message = format!(
            "The IP allow list of {} is on, and {} is covered only by what is switched off: {}.",
            self.list.slug,
            with_sources(self.egress, missing),
            listing(&names, 3)
        );
        let text = format!(
            "Switch on {} in the IP allow list of {}: {}, under IP allow list, edit the entry and make it active. It takes a few \
             minutes to act; then run this again",
            listing(&names, 3),
            self.list.slug,
            self.list.page
        );
        self.finding(&ONLY_BY_INACTIVE_ENTRY, message).step(Owner::EnterpriseOwner, text)
    }

    fn only_by_app(&self, missing: &[IpNet], by: &[&Entry]) -> Finding {
        let names: Vec<String> =
            by.iter().map(|entry| format!("{} of {}", named(entry), owner(entry))).collect();
        let message = format!(
            "The IP allow list of {} is on, and {} is covered only by {}: an App's entry counts for the App's own requests.",
            self.list.slug,
            with_sources(self.egress, missing),
            listing(&names, 3)
        );
        self.permitting(self.finding(&ONLY_BY_APP_ENTRY, message), missing)
    }

    fn refused_though_listed(&self) -> Finding {
        let refused = self.egress.refused.first();
        let question = refused.map_or("a question", |it| it.question.as_str());
        let address = self.egress.refused.iter().find_map(|refused| refused.address);
        let who =
            address.map_or("the address that it sees, without naming it".to_owned(), |it| it.to_string());
        let ranges: Vec<String> = self.covers.iter().map(|(range, _)| written(range)).collect();
        let message = format!(
            "GitHub refused to answer for {question}: {} does not permit {who}. Yet the active entries of {} cover {}, by {}.",
            of_whom(refused, &self.list.slug),
            self.list.slug,
            listing(&ranges, MOST_NAMED),
            listing(&self.covering(), 3)
        );
        let finding = self.finding(&REFUSED_THOUGH_LISTED, message).step(
            Owner::Operator,
            "Wait ten minutes and run this again: an entry that was added just now takes some minutes to act",
        );
        let finding = match address {
            Some(address) => self.list.permit(finding, &[IpNet::from(address.to_canonical())], ""),
            None => finding.step(
                Owner::Network,
                "Make sure that no other address is seen: GitHub does not name the one that it refused. Look at the NAT gateway \
                 or egress proxy, IPv4 and IPv6, and say every address with --egress-ip",
            ),
        };
        finding.step(
            Owner::GithubSupport,
            "Where it stays refused: ask why an address that the list covers is refused, with the record of this run (-o \
             json=FILE, no secret is in it). Addresses in listed ranges were refused before, and single-address entries helped",
        )
    }

    fn narrow(&self, ranges: &[IpNet]) -> Finding {
        let singles: Vec<String> = ranges.iter().map(written).collect();
        let message = format!(
            "The address that GitHub sees changes, and the IP allow list of {} covers {} by entries for single addresses: the next \
             one may not be covered.",
            self.list.slug,
            listing(&singles, MOST_NAMED)
        );
        pool(self.finding(&NARROW, message), &self.rotations, &self.list)
    }

    /// The addresses of a changing family that entries for single addresses cover.
    fn single_though_changing(&self) -> Vec<IpNet> {
        let changing = self.rotations.iter().filter(|rotation| rotation.seen.len() > 1);
        let seen: Vec<IpNet> =
            changing.flat_map(|it| &it.seen).map(|address| IpNet::from(*address)).collect();
        let single =
            |entry: &&Entry| range_of(entry).is_some_and(|it| it.prefix_len() == it.max_prefix_len());
        let narrow = self.covers.iter().filter(|(range, cover)| {
            seen.contains(range) && matches!(cover, Cover::Whole(by) if by.iter().all(single))
        });
        let mut narrow: Vec<IpNet> = narrow.map(|(range, _)| *range).collect();
        narrow.sort();
        narrow
    }

    /// The entries of another sort that cover all of `ranges`, where they do.
    fn by_others(&self, ranges: &[IpNet], sort: impl Fn(&Entry) -> bool) -> Option<Vec<&'a Entry>> {
        let others = Listed::new(self.entries.list.iter().filter(|entry| sort(entry)));
        let mut by: Vec<&Entry> = Vec::new();
        for range in ranges {
            let Cover::Whole(entries) = others.cover(*range) else { return None };
            by.extend(entries.into_iter().filter(|entry| !by.contains(entry)).collect::<Vec<_>>());
        }
        Some(by)
    }

    /// What stands in the list for these ranges and does not count, in a sentence.
    fn of_no_use(&self, ranges: &[IpNet]) -> String {
        let others = Listed::new(self.entries.list.iter().filter(|entry| !counts(entry)));
        let mut why: Vec<String> = Vec::new();
        for range in ranges {
            let (Cover::Whole(entries) | Cover::Part { by: entries, .. }) = others.cover(*range) else {
                continue;
            };
            for entry in entries {
                let state = if entry.active { "counts for its own requests only" } else { "is switched off" };
                let text = match entry.owner {
                    EntryOwner::Enterprise => format!("{} {state}", named(entry)),
                    _ => format!("{} of {} {state}", named(entry), owner(entry)),
                };
                if !why.contains(&text) {
                    why.push(text);
                }
            }
        }
        match why.is_empty() {
            true => String::new(),
            false => format!(" {}.", listing(&why, 3)),
        }
    }

    /// The steps that permit what is missing: of addresses that change, the pool comes first.
    fn permitting(&self, finding: Finding, missing: &[IpNet]) -> Finding {
        let finding = self.list.permit(finding, missing, "");
        let changing = self.rotations.iter().filter(|rotation| {
            rotation.seen.len() > 1 && rotation.seen.iter().any(|seen| missing.contains(&IpNet::from(*seen)))
        });
        pool(finding, &changing.cloned().collect::<Vec<_>>(), &self.list)
    }

    fn finding(&self, kind: &'static Kind, message: String) -> Finding {
        let covers = self.covers.iter().map(|(range, cover)| {
            let (by, missing) = match cover {
                Cover::Whole(by) => (by.as_slice(), &[][..]),
                Cover::Part { by, missing } => (by.as_slice(), missing.as_slice()),
                Cover::None => (&[][..], std::slice::from_ref(range)),
            };
            let by: Vec<&Entry> = by.iter().take(MOST_NAMED).copied().collect();
            json!({ "range": range, "covered-by": by, "not-covered": missing })
        });
        let unparsable = self.entries.list.iter().filter(|entry| range_of(entry).is_none()).count();
        Finding::new(kind, self.list.slug.clone(), message).evidence(json!({
            "addresses": self.egress.known,
            "covers": covers.collect::<Vec<_>>(),
            "entries": self.entries.list.len(),
            "entries-that-count": self.entries.list.iter().filter(|entry| counts(entry)).count(),
            "entries-that-are-no-range": unparsable,
            "refused": self.egress.refused,
        }))
    }
}

/// Whether an entry permits the server: the enterprise's own that are active do. Those of organizations and GitHub Apps
/// count for these alone, and the server is connected to the enterprise (facts §4.1, §4.2).
fn counts(entry: &Entry) -> bool {
    entry.active && entry.owner == EntryOwner::Enterprise
}

fn owner(entry: &Entry) -> String {
    match &entry.owner {
        EntryOwner::Enterprise => "the enterprise".to_owned(),
        EntryOwner::Organization(login) => format!("the organization {login}"),
        EntryOwner::App(name) => format!("the GitHub App {name}"),
        EntryOwner::Other(_) => "an owner that is not said".to_owned(),
    }
}
