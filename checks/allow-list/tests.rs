//! The judge on hand-made facts.

use std::net::IpAddr;

use gh_connect_engine::{Examination, Finding, Plan, Product, Severity, Sourced, Stop};
use gh_connect_github::{
    Answer, Api, Needs, Refusal,
    cloud::{Entries, Entry, EntryOwner, Oidc, Owners, Setting},
    egress::{Egress, EgressAddresses, RefusedQuestion, Source, canonical},
};
use gh_connect_probe::{egress::Way, tcp::Family};
use ipnet::IpNet;
use proptest::prelude::*;

use super::judge::{judge, refused};

fn plan() -> Plan {
    let mut plan = crate::testing::plan(Product::GithubCom);
    plan.enterprise = Some(Sourced::default("acme".to_owned()));
    plan.server = Some(Sourced::default("https://ghes.corp.example".to_owned()));
    plan
}

fn net(text: &str) -> IpNet {
    canonical(text.parse().unwrap_or_else(|_| IpNet::from(text.parse::<IpAddr>().expect("an address"))))
}

/// `203.0.113.0/28`, `-…` for one that is switched off, `app …` and `org …` for those of others.
fn entry(text: &str) -> Entry {
    let (active, text) = text.strip_prefix('-').map_or((true, text), |rest| (false, rest));
    let (owner, value) = match text.split_once(' ') {
        Some(("app", value)) => (EntryOwner::App("Some app".into()), value),
        Some(("org", value)) => (EntryOwner::Organization("acme-labs".into()), value),
        Some(("other", value)) => (EntryOwner::Other("".into()), value),
        _ => (EntryOwner::Enterprise, text),
    };
    Entry { value: value.into(), name: Some("Corp".into()), active, owner }
}

fn entries(list: &[&str]) -> Entries {
    let list: Vec<Entry> = list.iter().map(|text| entry(text)).collect();
    Entries { total: Some(list.len() as u64), list, ended_by: None }
}

fn on() -> Answer<Owners> {
    owners(Some(Setting::Enabled), Oidc::None)
}

fn owners(allow_list: Option<Setting>, oidc: Oidc) -> Answer<Owners> {
    Answer::Said(Owners { allow_list, allow_list_for_apps: None, oidc })
}

/// What was said, and after a `~` what was seen.
fn egress(text: &str) -> EgressAddresses {
    let (said, seen) = text.split_once('~').unwrap_or((text, ""));
    let said = said.split_whitespace().map(|text| Egress {
        range: net(text),
        source: Source::Said { origin: "flag --egress-ip".to_owned() },
    });
    let seen = seen.split_whitespace().map(|text| {
        let page = "https://echo.corp.example/".to_owned();
        let source = Source::Echo { page, way: Way::Direct(Family::V4), times: 1, of: 4 };
        Egress { range: net(text), source }
    });
    EgressAddresses { known: said.chain(seen).collect(), ..EgressAddresses::default() }
}

fn refused_by(egress: EgressAddresses, address: Option<&str>, kind: &str) -> EgressAddresses {
    let address: Option<IpAddr> = address.map(|text| text.parse().expect("an address"));
    let question = "the licence synchronization (REST)".to_owned();
    let named = address.map(|address| Egress {
        range: IpNet::from(address),
        source: Source::Refusal { question: question.clone() },
    });
    let (owner_kind, owner) = (Some(kind.to_owned()), Some("acme".to_owned()));
    let known = named.into_iter().chain(egress.known).collect();
    EgressAddresses {
        known,
        refused: vec![RefusedQuestion { question, address, owner_kind, owner }],
        ..egress
    }
}

fn id(judged: Result<Examination, Stop>) -> String {
    match judged {
        Ok(judged) => judged.findings.first().map_or("passed".to_owned(), |it| it.kind.id.to_owned()),
        Err(Stop::Blocked(by)) => format!("blocked {by}"),
        Err(stop) => format!("{stop:?}"),
    }
}

fn finding(entries: &Entries, egress: &EgressAddresses) -> Finding {
    let judged = judge(&plan(), &on(), &Answer::Said(entries.clone()), egress);
    judged.expect("judged").findings.remove(0)
}

#[test]
fn every_address_needs_an_active_entry_of_the_enterprises_own() {
    for (list, addresses, expected) in [
        (&["203.0.113.0/28"][..], "203.0.113.7", "passed"),
        (&["203.0.113.9/28"], "203.0.113.7", "passed"),
        (&["::ffff:203.0.113.7"], "203.0.113.7", "passed"),
        (&["203.0.113.0/28"], "::ffff:203.0.113.7", "passed"),
        (&["203.0.113.0/28", "2001:db8:7::/64"], "203.0.113.7 2001:db8:7::7", "passed"),
        (&["203.0.113.0/29", "203.0.113.8/29"], "203.0.113.0/28", "passed"),
        (&["0.0.0.0/0"], "203.0.113.7", "passed"),
        (&[], "203.0.113.7", "allow-list/not-included"),
        (&["192.0.2.0/24"], "203.0.113.7", "allow-list/not-included"),
        (&["::/0"], "203.0.113.7", "allow-list/not-included"),
        (&["nonsense"], "203.0.113.7", "allow-list/not-included"),
        (&["org 203.0.113.0/28"], "203.0.113.7", "allow-list/not-included"),
        (&["other 203.0.113.0/28"], "203.0.113.7", "allow-list/not-included"),
        (&["-app 203.0.113.0/28"], "203.0.113.7", "allow-list/not-included"),
        (&["-203.0.113.0/28"], "203.0.113.7", "allow-list/only-by-inactive-entry"),
        (&["-203.0.113.0/28", "app 203.0.113.0/28"], "203.0.113.7", "allow-list/only-by-inactive-entry"),
        (&["app 203.0.113.0/28"], "203.0.113.7", "allow-list/only-by-app-entry"),
        (&["-203.0.113.0/29"], "203.0.113.0/28", "allow-list/not-included"),
        (&["203.0.113.0/29"], "203.0.113.0/28", "allow-list/partly-included"),
        (&["203.0.113.7"], "203.0.113.0/28", "allow-list/partly-included"),
        (&["203.0.113.0/28"], "203.0.113.7 198.51.100.9", "allow-list/partly-included"),
        (&["203.0.113.0/28"], "203.0.113.7 2001:db8:7::7", "allow-list/partly-included"),
        (&["203.0.113.0/28", "-198.51.100.9"], "203.0.113.7 198.51.100.9", "allow-list/partly-included"),
        (&["203.0.113.0/28"], "203.0.113.7 ~ 198.51.100.9", "allow-list/partly-included"),
        (&["203.0.113.0/28"], "~ 203.0.113.7 203.0.113.8", "passed"),
        (&["203.0.113.7", "203.0.113.8"], "~ 203.0.113.7 203.0.113.8", "allow-list/narrow"),
        (&["203.0.113.7", "203.0.113.8/29"], "~ 203.0.113.7 203.0.113.8", "allow-list/narrow"),
        (&["203.0.113.7", "203.0.113.8"], "203.0.113.7 203.0.113.8 ~ 203.0.113.7 203.0.113.8", "passed"),
        (&["203.0.113.7", "2001:db8:7::7"], "~ 203.0.113.7 2001:db8:7::7", "passed"),
        (&["203.0.113.7"], "~ 203.0.113.7 203.0.113.8", "allow-list/partly-included"),
        (&["203.0.113.0/28"], "", "blocked egress"),
    ] {
        let judged = judge(&plan(), &on(), &Answer::Said(entries(list)), &egress(addresses));
        assert_eq!(id(judged), expected, "{addresses} in {list:?}");
    }
}

#[test]
fn what_is_in_force_is_known_or_it_is_no_pass() {
    let (list, provider) = (Answer::Said(entries(&["203.0.113.0/28"])), || Oidc::Provider("AAD".to_owned()));
    for (allow_list, oidc, expected) in [
        (Some(Setting::Enabled), Oidc::None, "passed"),
        (Some(Setting::Enabled), provider(), "passed"),
        (Some(Setting::Enabled), Oidc::Unknown, "passed"),
        (Some(Setting::Disabled), Oidc::None, "passed"),
        (Some(Setting::Disabled), provider(), "allow-list/idp-managed"),
        (Some(Setting::Disabled), Oidc::Unknown, "allow-list/idp-managed"),
        (None, provider(), "allow-list/idp-managed"),
        (None, Oidc::None, "allow-list/unreadable"),
        (Some(Setting::Other("PAUSED".to_owned())), Oidc::None, "allow-list/unreadable"),
    ] {
        let judged = judge(&plan(), &owners(allow_list.clone(), oidc.clone()), &list, &egress("203.0.113.7"));
        assert_eq!(id(judged), expected, "{allow_list:?} {oidc:?}");
    }
}

#[test]
fn a_pass_by_a_list_that_a_provider_may_have_replaced_says_so() {
    for (oidc, expected) in [
        (Oidc::None, "203.0.113.7 is covered by 203.0.113.0/28 (\"Corp\")"),
        (
            Oidc::Provider("AAD".to_owned()),
            "203.0.113.7 is covered by 203.0.113.0/28 (\"Corp\") in GitHub's own list; acme has an OIDC identity provider, and a \
             provider's policy may decide instead",
        ),
        (
            Oidc::Unknown,
            "203.0.113.7 is covered by 203.0.113.0/28 (\"Corp\") in GitHub's own list; GitHub's API does not say whether acme has \
             an OIDC identity provider, and a provider's policy may decide instead",
        ),
    ] {
        let list = Answer::Said(entries(&["203.0.113.0/28"]));
        let judged = judge(&plan(), &owners(Some(Setting::Enabled), oidc), &list, &egress("203.0.113.7"));
        assert_eq!(judged.expect("judged").remark.as_deref(), Some(expected));
    }
}

#[test]
fn a_list_that_was_not_read_to_its_end_is_no_pass() {
    let whole = entries(&["203.0.113.0/28"]);
    let broken = Refusal::ServerError { status: 502 };
    let by_list = Refusal::AllowList { address: None, owner_kind: None, owner: None };
    for (entries, expected) in [
        (Entries { total: Some(2), ..whole.clone() }, "allow-list/unreadable"),
        (Entries { total: None, ..whole.clone() }, "allow-list/unreadable"),
        (Entries { ended_by: Some(broken.clone()), ..whole.clone() }, "allow-list/unreadable"),
        (Entries { ended_by: Some(by_list.clone()), ..whole.clone() }, "allow-list/not-included"),
        (Entries { list: Vec::new(), total: None, ended_by: None }, "allow-list/unreadable"),
        (whole.clone(), "passed"),
    ] {
        let judged = judge(&plan(), &on(), &Answer::Said(entries.clone()), &egress("203.0.113.7"));
        assert_eq!(id(judged), expected, "{entries:?}");
    }
    let needs = || Needs { api: Api::Cloud, scope: None };
    let missing = Refusal::MissingScopes { needs: Vec::new(), has: Vec::new() };
    for (why, expected) in [
        (broken, "allow-list/unreadable"),
        (Refusal::Null { path: "enterprise.ownerInfo".to_owned() }, "allow-list/unreadable"),
        (by_list, "allow-list/not-included"),
        (missing, "blocked token"),
    ] {
        let list = Answer::Refused { why: why.clone(), needs: needs() };
        assert_eq!(id(judge(&plan(), &on(), &list, &egress("203.0.113.7"))), expected, "{why:?}");
        let owners = Answer::Refused { why: why.clone(), needs: needs() };
        let list = Answer::Said(whole.clone());
        assert_eq!(id(judge(&plan(), &owners, &list, &egress("203.0.113.7"))), expected, "{why:?}");
    }
    let nobody = Answer::NoCredential { needs: needs() };
    assert_eq!(id(judge(&plan(), &on(), &nobody, &egress("203.0.113.7"))), "blocked token");
}

#[test]
fn a_refusal_weighs_more_than_the_list() {
    let (ours, others) = (&["203.0.113.0/28"][..], &["192.0.2.0/24"][..]);
    let off = || owners(Some(Setting::Disabled), Oidc::None);
    for (owners, list, addresses, named, expected) in [
        (on(), ours, "203.0.113.7", Some("203.0.113.7"), "allow-list/refused-though-listed"),
        (on(), ours, "203.0.113.7", None, "allow-list/refused-though-listed"),
        (on(), ours, "203.0.113.7", Some("198.51.100.9"), "allow-list/partly-included"),
        (on(), ours, "", Some("198.51.100.9"), "allow-list/not-included"),
        (on(), ours, "", None, "allow-list/not-included"),
        (on(), others, "203.0.113.7", None, "allow-list/not-included"),
        (off(), ours, "203.0.113.7", Some("203.0.113.7"), "allow-list/not-included"),
    ] {
        let egress = refused_by(egress(addresses), named, "enterprise");
        let judged = judge(&plan(), &owners, &Answer::Said(entries(list)), &egress);
        assert_eq!(id(judged), expected, "{addresses} {named:?} {list:?}");
    }
}

#[test]
fn the_exact_entry_is_said_and_where_it_goes() {
    let finding =
        finding(&entries(&["192.0.2.0/24", "-203.0.113.8/30", "org 203.0.113.7"]), &egress("203.0.113.7"));
    assert_eq!(
        finding.message,
        "The IP allow list of acme is on, and its one active entry does not cover 203.0.113.7 (said by flag --egress-ip). \
         203.0.113.7 (\"Corp\") of the organization acme-labs counts for its own requests only."
    );
    let step = &finding.fix[0];
    assert_eq!(
        step.text,
        "Add the entry 203.0.113.7 to the IP allow list of acme: https://github.com/enterprises/acme/settings/security, under IP \
         allow list, with the description ghes.corp.example. It takes a few minutes to act; then run this again"
    );
    let range = self::finding(&entries(&["203.0.113.0/29"]), &egress("203.0.113.0/28"));
    assert!(range.message.contains("Of 203.0.113.0/28 it leaves out 203.0.113.8/29."), "{}", range.message);
    assert!(range.fix[0].text.starts_with("Add the entry 203.0.113.0/28 to"), "{}", range.fix[0].text);
    let pool = self::finding(&entries(&[]), &egress("~ 203.0.113.7 203.0.113.9"));
    assert!(
        pool.fix.iter().any(|step| step.text.contains("203.0.113.7 and 203.0.113.9 were seen")),
        "{pool:?}"
    );
    let live =
        refused(&plan(), &refused_by(egress(""), Some("198.51.100.9"), "organization")).findings.remove(0);
    assert!(
        live.message.contains("the IP allow list of the organization acme does not permit 198.51.100.9"),
        "{}",
        live.message
    );
    assert!(live.fix[0].text.starts_with("Add the entry 198.51.100.9 to"), "{live:?}");
}

#[test]
fn a_slug_is_shown_without_what_would_steer_a_terminal() {
    let mut plan = plan();
    plan.enterprise = Some(Sourced::default("acme\u{1b}[2J".to_owned()));
    let judged = judge(&plan, &on(), &Answer::Said(entries(&[])), &egress("203.0.113.7"));
    let finding = judged.expect("judged").findings.remove(0);
    assert!(!format!("{}{}", finding.message, finding.fix[0].text).contains('\u{1b}'));
}

proptest! {
    /// Whatever is not covered wholly by active entries of the enterprise's own is found, and nothing else is.
    #[test]
    fn a_pass_is_covered(
        listed in proptest::collection::vec((0u8..16, 0u8..=4, 0u8..4), 0..12),
        known in proptest::collection::vec((0u8..16, 0u8..=2), 1..4),
    ) {
        let values: Vec<String> = listed
            .iter()
            .map(|(low, cut, sort)| {
                let before = ["", "-", "app ", "org "][usize::from(*sort)];
                format!("{before}203.0.113.{low}/{}", 32 - cut)
            })
            .collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let addresses: Vec<String> = known.iter().map(|(low, cut)| format!("203.0.113.{low}/{}", 32 - cut)).collect();
        let egress = egress(&addresses.join(" "));
        let own: Vec<IpNet> = values.iter().filter(|value| value.starts_with('2')).map(|value| net(value)).collect();
        let covered = egress.ranges().iter().all(|range| {
            range.hosts().chain([range.network(), range.broadcast()]).all(|it| own.iter().any(|own| own.contains(&it)))
        });
        let judged = judge(&plan(), &on(), &Answer::Said(entries(&values)), &egress).expect("judged");
        let blocker = judged.findings.iter().any(|it| it.kind.severity == Severity::Blocker);
        prop_assert_eq!(!blocker, covered, "{:?} in {:?}", addresses, values);
    }
}
