use gh_connect_engine::{Examination, Finding, Owner, Plan, Stop, shown};
use gh_connect_github::egress::{Egress, EgressAddresses, Rotation, written};

use super::{UNKNOWN, VARIES};
use crate::{account, wording::listing};

/// What is known of the enterprise account's IP allow list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// It is on, and can be read.
    On,
    /// It is off, and nothing else can be in its place.
    Off,
    /// `allow-list` has a finding about it.
    Unclear,
}

/// Judges whether every address is known that GitHub may see. Where a list asks for them, one that nothing tells is as bad
/// as none.
pub(super) fn judge(plan: &Plan, list: List, egress: &EgressAddresses) -> Result<Examination, Stop> {
    let ranges = egress.ranges();
    match list {
        List::Off if ranges.is_empty() => {
            let why = "the IP allow list is off, so that GitHub refuses no address";
            return Err(Stop::NotApplicable(why.to_owned()));
        }
        List::Off => return Ok(Examination::passed(remark(egress))),
        List::On | List::Unclear => {}
    }
    if let Some(what) = unknown(egress) {
        return match list {
            List::On => Ok(not_known(plan, &what, egress).into()),
            _ => Err(Stop::blocked("allow-list")),
        };
    }
    let rotations = egress.rotations();
    match rotations.is_empty() {
        true => Ok(Examination::passed(remark(egress))),
        false => Ok(varies(&rotations, egress).into()),
    }
}

/// What is not known, as the end of a sentence.
fn unknown(egress: &EgressAddresses) -> Option<String> {
    let families: Vec<String> = egress.unknown_families().iter().map(ToString::to_string).collect();
    if !egress.inside.is_empty() {
        let said: Vec<String> =
            egress.inside.iter().map(|it| format!("{} ({})", written(&it.range), it.source)).collect();
        return Some(format!(
            "{} lies inside of a network, and GitHub never sees such an address",
            listing(&said, MOST)
        ));
    }
    if egress.known.is_empty() {
        let pages: Vec<String> = egress.untold.iter().map(told_nothing).collect();
        let pages = match pages.is_empty() {
            true => "no echo page is configured".to_owned(),
            false => pages.join("; "),
        };
        return Some(format!(
            "GitHub named none in a refusal, the audit log holds none of this server, --egress-ip says none, and {pages}"
        ));
    }
    (!families.is_empty()).then(|| {
        let known: Vec<String> = egress.ranges().iter().map(written).collect();
        format!(
            "GitHub's hosts are connected to over {}, and all that is known is {}",
            listing(&families, MOST),
            listing(&known, MOST)
        )
    })
}

fn told_nothing(untold: &gh_connect_github::egress::Untold) -> String {
    let way = untold.way.map(|way| format!(" {way}")).unwrap_or_default();
    format!("{} told nothing{way}: {}", untold.page, untold.why)
}

fn not_known(plan: &Plan, what: &str, egress: &EgressAddresses) -> Finding {
    let slug = account::slug(plan);
    let server = shown(plan.server_host().unwrap_or("the server"), 253);
    let message = format!(
        "The IP allow list of {slug} is on, and under which address GitHub sees the server is not known: {what}."
    );
    let through = match &plan.proxy.value {
        gh_connect_engine::ProxySetting::Use(proxy) => format!("the egress proxy {proxy}"),
        _ => "the NAT gateway".to_owned(),
    };
    Finding::new(&UNKNOWN, "run", message)
        .evidence(egress)
        .command(
            Owner::Operator,
            format!(
                "Run this again with every public address under which connections of {server} to GitHub leave the network, IPv4 and \
                 IPv6. Whoever runs {through} knows them; of a pool the whole range is said, such as 198.51.100.0/28"
            ),
            "gh-connect check --egress-ip ADDRESS",
        )
        .step(
            Owner::Operator,
            "Let it be measured: name a page on the internet that answers with the caller's address, which you trust, in \
             the configuration file, [egress] echo = [\"https://PAGE/\"], and run this on the server's own way out",
        )
}

fn varies(rotations: &[Rotation], egress: &EgressAddresses) -> Finding {
    let told: Vec<String> = rotations.iter().map(of_rotation).collect();
    let message = format!("GitHub does not see the server under one address: {}.", told.join("; "));
    let finding = Finding::new(&VARIES, "run", message).evidence(egress);
    rotations.iter().fold(finding, |finding, rotation| {
        let family = rotation.family;
        finding.step(
            Owner::Network,
            format!(
                "Name the range that the {family} addresses are taken from, so that it is said with --egress-ip RANGE and \
                 compared as a whole with the allow list; or give the server one address of its own"
            ),
        )
    })
}

fn of_rotation(rotation: &Rotation) -> String {
    let text =
        |all: &[std::net::IpAddr]| listing(&all.iter().map(ToString::to_string).collect::<Vec<_>>(), MOST);
    match rotation.unsaid.is_empty() {
        true => format!("over {} there were {}", rotation.family, text(&rotation.seen)),
        false => format!(
            "over {} there was {}, which is not among what is said with --egress-ip",
            rotation.family,
            text(&rotation.unsaid)
        ),
    }
}

/// The addresses with who tells them, the strongest for each, and what told nothing.
fn remark(egress: &EgressAddresses) -> String {
    let strongest = egress.ranges().into_iter().filter_map(|range| {
        let first: &Egress = egress.known.iter().find(|known| known.range == range)?;
        Some((written(&range), first.source.to_string()))
    });
    let mut by_source: Vec<(String, Vec<String>)> = Vec::new();
    for (range, source) in strongest {
        match by_source.iter_mut().find(|(other, _)| *other == source) {
            Some((_, ranges)) => ranges.push(range),
            None => by_source.push((source, vec![range])),
        }
    }
    let told = by_source.iter().map(|(source, ranges)| format!("{}, {source}", listing(ranges, MOST)));
    told.chain(egress.untold.iter().map(told_nothing)).take(MOST).collect::<Vec<_>>().join("; ")
}

/// As many as somebody would read.
const MOST: usize = 6;

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use gh_connect_engine::{Product, Sourced};
    use gh_connect_github::egress::{Source, Untold};
    use gh_connect_probe::{egress::Way, tcp::Family};
    use ipnet::IpNet;

    use super::*;

    fn range(text: &str) -> IpNet {
        text.parse().unwrap_or_else(|_| IpNet::from(text.parse::<IpAddr>().expect("an address")))
    }

    fn said(text: &str) -> Egress {
        Egress { range: range(text), source: Source::Said { origin: "flag --egress-ip".to_owned() } }
    }

    fn seen(text: &str) -> Egress {
        let page = "https://echo.corp.example/".to_owned();
        Egress { range: range(text), source: Source::Echo { page, way: Way::Proxy, times: 2, of: 4 } }
    }

    fn plan() -> Plan {
        let mut plan = crate::testing::plan(Product::GithubCom);
        plan.enterprise = Some(Sourced::default("acme".to_owned()));
        plan.server = Some(Sourced::default("https://ghes.corp.example".to_owned()));
        plan
    }

    #[test]
    fn what_a_list_asks_for_must_be_known() {
        let v6 = || vec![Family::V4, Family::V6];
        let none = EgressAddresses::default;
        let known = |known: Vec<Egress>| EgressAddresses { known, ..none() };
        for (list, egress, expected) in [
            (List::On, none(), "egress/unknown"),
            (List::Unclear, none(), "blocked allow-list"),
            (List::Off, none(), "not applicable"),
            (List::On, known(vec![said("203.0.113.7")]), "passed"),
            (List::Off, known(vec![said("203.0.113.7")]), "passed"),
            (List::Off, known(vec![seen("203.0.113.7"), seen("203.0.113.8")]), "passed"),
            (List::On, known(vec![seen("203.0.113.7"), seen("203.0.113.8")]), "egress/varies"),
            (List::Unclear, known(vec![seen("203.0.113.7"), seen("203.0.113.8")]), "egress/varies"),
            (List::On, known(vec![said("203.0.113.0/28"), seen("203.0.113.8")]), "passed"),
            (List::On, known(vec![said("203.0.113.0/29"), seen("203.0.113.8")]), "egress/varies"),
            (
                List::On,
                EgressAddresses { families: v6(), ..known(vec![said("203.0.113.7")]) },
                "egress/unknown",
            ),
            (
                List::On,
                EgressAddresses { families: v6(), ..known(vec![said("203.0.113.7"), said("2001:db8::7")]) },
                "passed",
            ),
            (List::On, EgressAddresses { inside: vec![said("10.0.0.5")], ..none() }, "egress/unknown"),
            (
                List::On,
                EgressAddresses { inside: vec![said("10.0.0.5")], ..known(vec![seen("203.0.113.7")]) },
                "egress/unknown",
            ),
        ] {
            let judged = match judge(&plan(), list, &egress) {
                Ok(judged) => judged.findings.first().map_or("passed".to_owned(), |it| it.kind.id.to_owned()),
                Err(Stop::Blocked(by)) => format!("blocked {by}"),
                Err(Stop::NotApplicable(_)) => "not applicable".to_owned(),
                Err(stop) => format!("{stop:?}"),
            };
            assert_eq!(judged, expected, "{list:?} {egress:?}");
        }
    }

    #[test]
    fn the_values_that_decided_it_are_named() {
        let message = |egress: &EgressAddresses| {
            judge(&plan(), List::On, egress).expect("judged").findings.remove(0).message
        };
        let page = "https://echo.corp.example/".to_owned();
        let untold =
            Untold { page, way: Some(Way::Proxy), why: "its answer is larger than 4096 bytes".to_owned() };
        let nothing = message(&EgressAddresses { untold: vec![untold], ..EgressAddresses::default() });
        let page =
            "https://echo.corp.example/ told nothing through the proxy: its answer is larger than 4096 bytes";
        assert!(nothing.contains("acme is on") && nothing.contains(page), "{nothing}");
        let inside =
            message(&EgressAddresses { inside: vec![said("10.0.0.0/24")], ..EgressAddresses::default() });
        assert!(inside.contains("10.0.0.0/24 (said by flag --egress-ip)"), "{inside}");
        let known = vec![seen("203.0.113.8"), seen("203.0.113.7")];
        let varies = message(&EgressAddresses { known, ..EgressAddresses::default() });
        assert!(varies.contains("over IPv4 there were 203.0.113.7 and 203.0.113.8"), "{varies}");
        let known = vec![said("203.0.113.7"), seen("198.51.100.9")];
        let differs = message(&EgressAddresses { known, ..EgressAddresses::default() });
        assert!(
            differs.contains("198.51.100.9, which is not among what is said with --egress-ip"),
            "{differs}"
        );
        let known = vec![said("203.0.113.7"), said("2001:db8:7::7"), seen("203.0.113.7")];
        let healthy = judge(&plan(), List::On, &EgressAddresses { known, ..EgressAddresses::default() });
        let remark = healthy.expect("judged").remark;
        assert_eq!(remark.as_deref(), Some("203.0.113.7 and 2001:db8:7::7, said by flag --egress-ip"));
    }
}
