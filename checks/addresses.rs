//! One verdict on a host with several addresses: each is looked at by itself, since the server may be led to any of them.

use std::net::IpAddr;

use futures::future::{join, join_all};
use gh_connect_engine::{Cx, Examination, Finding, Owner, Severity, Stop};
use gh_connect_probe::{
    Endpoint,
    path::{self, Ways},
    tcp::Family,
};
use serde_json::json;

use crate::wording::few;

/// Examines `endpoint` by the address that is used and, at the same time, by each of the others.
pub(crate) async fn each<E>(
    cx: &Cx,
    endpoint: &Endpoint,
    examine: impl Fn(Endpoint) -> E,
) -> Result<Examination, Stop>
where
    E: Future<Output = Result<Examination, Stop>>,
{
    let others = async {
        let Ways { used, others, .. } = path::ways(cx, endpoint).await?;
        let seen = others.into_iter().filter_map(|other| Some((other.at?, examine(other))));
        let seen = join_all(seen.map(async |(address, examined)| At { address, seen: examined.await })).await;
        Some((used, seen))
    };
    let (seen, others) = join(examine(endpoint.clone()), others).await;
    let Some((used, others)) = others else { return seen };
    let is_direct = cx.plan().route(endpoint.host.as_str(), endpoint.port).is_direct();
    merged(At { address: used, seen }, others, if is_direct { Whose::Host } else { Whose::Proxy })
}

/// What was seen by one address.
pub(crate) struct At {
    pub(crate) address: IpAddr,
    pub(crate) seen: Result<Examination, Stop>,
}

/// Whose addresses they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Host,
    Proxy,
}

/// What was seen by all addresses, of which `used` is the one that is used. A fault that several share is one finding; one
/// that not all share says where it was seen and where not. What another check owns at a further address is told there.
pub(crate) fn merged(used: At, others: Vec<At>, whose: Whose) -> Result<Examination, Stop> {
    if others.is_empty() {
        return used.seen;
    }
    let all: Vec<IpAddr> = std::iter::once(&used).chain(&others).map(|at| at.address).collect();
    let mut merged = Examination::default();
    let mut found: Vec<(Finding, Vec<IpAddr>)> = Vec::new();
    let mut stop = None;
    for (nth, At { address, seen }) in std::iter::once(used).chain(others).enumerate() {
        match seen {
            Ok(Examination { findings, remark, not_applicable, what_if }) => {
                if nth == 0 {
                    merged = Examination { remark, not_applicable, ..Examination::default() };
                }
                for what_if in what_if {
                    if !merged.what_if.contains(&what_if) {
                        merged.what_if.push(what_if);
                    }
                }
                for finding in findings {
                    let same = |(known, _): &&mut (Finding, _)| {
                        (known.kind.id, &known.subject) == (finding.kind.id, &finding.subject)
                    };
                    match found.iter_mut().find(same) {
                        Some((_, at)) => at.push(address),
                        None => found.push((finding, vec![address])),
                    }
                }
            }
            Err(own) if nth == 0 => stop = Some(own),
            Err(Stop::Trouble(why)) if stop.is_none() => {
                stop = Some(Stop::Trouble(format!("{why} (at {address})")))
            }
            Err(_) => {}
        }
    }
    let blocks = found.iter().any(|(finding, _)| finding.kind.severity == Severity::Blocker);
    if let Some(stop) = stop.filter(|_| !blocks) {
        return Err(stop);
    }
    if !found.is_empty() {
        merged.remark = None;
    }
    merged.findings = found.into_iter().map(|(finding, at)| located(finding, &at, &all, whose)).collect();
    Ok(merged)
}

/// The finding with the addresses at which it was seen, unless that is all of them.
fn located(mut finding: Finding, at: &[IpAddr], all: &[IpAddr], whose: Whose) -> Finding {
    let not_at: Vec<IpAddr> = all.iter().copied().filter(|address| !at.contains(address)).collect();
    if not_at.is_empty() {
        return finding;
    }
    finding.message.push_str(&where_seen(at, &not_at, whose));
    for step in finding.fix.iter_mut().filter(|step| matches!(step.owner, Owner::Network | Owner::Proxy)) {
        step.text.push_str(&format!(" (at {})", listed(at)));
    }
    if let Some(evidence) = finding.evidence.as_object_mut() {
        evidence.insert("addresses".to_owned(), json!({ "seen_at": at, "not_at": not_at }));
    }
    finding
}

fn where_seen(at: &[IpAddr], not_at: &[IpAddr], whose: Whose) -> String {
    let first = if at.iter().chain(not_at).any(IpAddr::is_ipv6) {
        ": it takes IPv6 first where it has IPv6"
    } else {
        ""
    };
    let (at, not) = (listed(at), listed(not_at));
    match whose {
        Whose::Host => format!(
            " This was seen at {at}, and not at {not}. The server may be led to any address of the host{first}, and once a \
             connection is there it tries no other one."
        ),
        Whose::Proxy => format!(
            " This was seen through the proxy at {at}, and not through the one at {not}. The server may be led to any address \
             of the proxy."
        ),
    }
}

/// `140.82.121.3 and 2606:50c0:8000::153 (IPv6)`.
pub(crate) fn listed(addresses: &[IpAddr]) -> String {
    let named = addresses.iter().map(|address| match Family::of(*address) {
        Family::V4 => address.to_string(),
        Family::V6 => format!("{address} (IPv6)"),
    });
    few(&named.collect::<Vec<_>>(), MOST_LISTED, 0)
}

const MOST_LISTED: usize = 4;

#[cfg(test)]
mod tests {
    use gh_connect_engine::Kind;

    use super::*;

    static BAD: Kind = kind("tls/bad", Severity::Blocker);
    static ODD: Kind = kind("tls/odd", Severity::Warning);

    const fn kind(id: &'static str, severity: Severity) -> Kind {
        Kind { id, severity, undetermined: false, title: "", since: "0.2.0", world: "" }
    }

    fn found(kind: &'static Kind) -> Result<Examination, Stop> {
        let finding = Finding::new(kind, "github.com:443", "What was seen.").evidence(json!({}));
        Ok(finding.step(Owner::Proxy, "Exempt it").step(Owner::Dns, "Look it up").into())
    }

    fn good() -> Result<Examination, Stop> {
        Ok(Examination::passed("TLS 1.3"))
    }

    fn trouble() -> Result<Examination, Stop> {
        Err(Stop::Trouble("broken off".to_owned()))
    }

    fn blocked() -> Result<Examination, Stop> {
        Err(Stop::blocked("connect"))
    }

    fn judged(seen: Vec<Result<Examination, Stop>>, whose: Whose) -> Result<Examination, Stop> {
        let addresses = ["140.82.121.3", "140.82.121.4", "2606:50c0::1"];
        let at = |(address, seen): (&str, _)| At { address: address.parse().expect("an address"), seen };
        let mut seen = addresses.into_iter().zip(seen).map(at);
        let used = seen.next().expect("one");
        merged(used, seen.collect(), whose)
    }

    /// Ids and how often `seen at` is said, or the remark, or the stop.
    fn summary(seen: Vec<Result<Examination, Stop>>) -> String {
        match judged(seen, Whose::Host) {
            Err(stop) => format!("{stop:?}"),
            Ok(examination) => {
                let said = |finding: &Finding| {
                    let located = finding.message.contains("This was seen at");
                    format!("{}{}", finding.kind.id, if located { "*" } else { "" })
                };
                let all = examination.findings.iter().map(said).chain(examination.remark);
                all.collect::<Vec<_>>().join(" ")
            }
        }
    }

    #[test]
    fn one_fault_is_one_finding_whatever_the_addresses() {
        for (seen, expected) in [
            (vec![good()], "TLS 1.3"),
            (vec![good(), good(), good()], "TLS 1.3"),
            (vec![found(&BAD)], "tls/bad"),
            (vec![found(&BAD), found(&BAD)], "tls/bad"),
            (vec![found(&BAD), good()], "tls/bad*"),
            (vec![good(), found(&BAD)], "tls/bad*"),
            (vec![good(), found(&BAD), found(&BAD)], "tls/bad*"),
            (vec![found(&ODD), found(&BAD), good()], "tls/odd* tls/bad*"),
            // What another check tells of a further address.
            (vec![good(), blocked()], "TLS 1.3"),
            (vec![found(&BAD), blocked()], "tls/bad*"),
            // What nobody tells.
            (vec![good(), trouble()], "Trouble(\"broken off (at 140.82.121.4)\")"),
            (vec![found(&ODD), trouble()], "Trouble(\"broken off (at 140.82.121.4)\")"),
            (vec![found(&BAD), trouble()], "tls/bad*"),
            // The address that is used.
            (vec![blocked(), good()], "Blocked(\"connect\")"),
            (vec![blocked(), found(&ODD)], "Blocked(\"connect\")"),
            (vec![blocked(), found(&BAD)], "tls/bad*"),
            (vec![trouble(), blocked()], "Trouble(\"broken off\")"),
        ] {
            assert_eq!(summary(seen), expected);
        }
    }

    #[test]
    fn it_is_said_where_it_was_seen() {
        let examination = judged(vec![good(), good(), found(&BAD)], Whose::Host).expect("judged");
        let finding = &examination.findings[0];
        assert_eq!(
            finding.message,
            "What was seen. This was seen at 2606:50c0::1 (IPv6), and not at 140.82.121.3 and 140.82.121.4. The server may \
             be led to any address of the host: it takes IPv6 first where it has IPv6, and once a connection is there it \
             tries no other one."
        );
        let steps: Vec<&str> = finding.fix.iter().map(|step| step.text.as_str()).collect();
        assert_eq!(steps, ["Exempt it (at 2606:50c0::1 (IPv6))", "Look it up"]);
        assert_eq!(finding.evidence["addresses"]["seen_at"], json!(["2606:50c0::1"]));
        let examination = judged(vec![good(), found(&ODD)], Whose::Proxy).expect("judged");
        assert_eq!(
            examination.findings[0].message,
            "What was seen. This was seen through the proxy at 140.82.121.4, and not through the one at 140.82.121.3. The \
             server may be led to any address of the proxy."
        );
    }

    proptest::proptest! {
        /// No address hides what is wrong at another one.
        #[test]
        fn what_blocks_at_one_address_blocks(before in 0..4_usize, after in 0..4_usize, first: bool) {
            let any = |nth: usize| match nth {
                0 => blocked(),
                1 => trouble(),
                2 => found(&ODD),
                _ => good(),
            };
            let seen = match first {
                true => vec![found(&BAD), any(before), any(after)],
                false => vec![any(before), any(after), found(&BAD)],
            };
            let judged = judged(seen, Whose::Host).expect("judged");
            proptest::prop_assert!(judged.findings.iter().any(|finding| finding.kind.id == BAD.id));
        }
    }
}
