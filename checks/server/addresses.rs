//! Addresses of the server's name that do not serve, or that another server has, while another one does.

use std::net::IpAddr;

use futures::future::join_all;
use gh_connect_engine::{Cx, Examination, Finding, Owner, Stop};
use gh_connect_github::{
    Api,
    server::{Place, Places},
};
use gh_connect_probe::{
    Endpoint,
    net::Failure,
    tcp::Attempt,
    tls::{End, Handshake},
};
use serde::Serialize;
use serde_json::json;

use super::{
    ADDRESS_FAILS, CONTRADICTORY, MANAGE_UNREACHABLE, answered,
    answered::{Fault, Mend},
    judge::{self, Seen},
};
use crate::{addresses::listed, wording::few};

/// The addresses of one of the server's interfaces.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    pub(super) all: Vec<Fared>,
    /// What of them is not known, and why.
    pub(super) unseen: Option<String>,
}

/// How an address of the server fared.
#[derive(Debug, Serialize)]
pub(super) struct Fared {
    pub(super) address: IpAddr,
    /// Why it does not serve; `None` where the server answers.
    #[serde(rename = "failure")]
    pub(super) fault: Option<Fault>,
    /// The versions that the server says there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) versions: Vec<String>,
    /// What was asked and came back, where a verified session came about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reply: Option<Place>,
}

/// How each address fares. Nothing for a server with one address, and behind a proxy, which resolves the name itself.
pub(super) async fn all(cx: &Cx, endpoint: &Endpoint) -> Addresses {
    let Ok(places) = cx.fact::<Places>(endpoint).await else { return Addresses::default() };
    let each = join_all(places.list.iter().map(async |endpoint| (endpoint, fared(cx, endpoint).await))).await;
    let mut addresses = Addresses::default();
    if places.left_out > 0 {
        addresses.unseen = Some(format!("{} of its addresses were not looked at", places.left_out));
    }
    for (endpoint, fared) in each {
        match fared {
            Ok(fared) => addresses.all.extend(fared),
            Err(why) => {
                addresses.unseen = Some(format!("what is at {endpoint} could not be found out: {why}"))
            }
        }
    }
    compare(&mut addresses.all);
    addresses
}

/// Who is told nothing is told so at every address: private mode is the whole server's. Where one of them answers, the others
/// should as well.
fn compare(all: &mut [Fared]) {
    let status = |fared: &Fared| {
        let head = fared.reply.as_ref()?.head()?;
        fared.fault.is_none().then_some(head.status)
    };
    let statuses = || all.iter().filter_map(status);
    let Some(usual) = statuses().find(|status| *status == 200).or_else(|| statuses().next()) else { return };
    for fared in all.iter_mut().filter(|fared| fared.fault.is_none()) {
        fared.fault = fared.reply.as_ref().and_then(|place| answered::refusal(place, usual));
    }
}

/// How one fares; nothing for one of a family that this machine has no way to. The error is why that is not known.
async fn fared(cx: &Cx, endpoint: &Endpoint) -> Result<Option<Fared>, String> {
    let Some(address) = endpoint.at else { return Ok(None) };
    let failed = |why: String| {
        let fault = Some(Fault { why, mend: Mend::Address });
        Ok(Some(Fared { address, fault, versions: Vec::new(), reply: None }))
    };
    match cx.fact::<Handshake>(endpoint).await {
        Ok(handshake) if handshake.verified() => match cx.fact::<Place>(endpoint).await {
            Ok(place) => Ok(Some(Fared::of(address, endpoint, &place))),
            Err(Stop::Trouble(why)) => Err(why),
            Err(_) => failed(GONE.to_owned()),
        },
        Ok(handshake) => failed(ended(&handshake.end)),
        Err(Stop::Trouble(why)) => Err(why),
        Err(_) => match cx.fact::<Attempt>(endpoint).await.map(|attempt| attempt.failure.clone()) {
            // This machine has no way to that family, and nothing on it tries.
            Ok(Some(Failure::Unreachable | Failure::NoSuchFamily)) => Ok(None),
            Ok(Some(failure)) => failed(failure.to_string()),
            Ok(None) => failed(GONE.to_owned()),
            Err(_) => Err("it could not be connected to".to_owned()),
        },
    }
}

impl Fared {
    fn of(address: IpAddr, endpoint: &Endpoint, place: &Place) -> Self {
        let fault = answered::fault(endpoint.host.as_str(), place);
        let versions = match fault {
            None => place.versions().map(str::to_owned).collect(),
            Some(_) => Vec::new(),
        };
        Self { address, fault, versions, reply: Some(place.clone()) }
    }
}

fn ended(end: &End) -> String {
    match end {
        End::Verified => GONE.to_owned(),
        End::Distrusted(_) => "its certificate is not trusted".to_owned(),
        End::Alert { name, .. } => format!("it refuses the handshake with the alert {name}"),
        End::Reset | End::Closed => "the connection ends during the handshake".to_owned(),
        End::Silent => "the handshake is not answered".to_owned(),
        End::NotTls | End::Garbage(_) => "what answers does not speak TLS".to_owned(),
        End::Incompatible(_) => "no TLS version is spoken in common".to_owned(),
        End::Other(why) => why.clone(),
    }
}

/// What was judged of the server as a whole, with what is wrong at single addresses. A fault of whatever answered is one headline,
/// which says where the server does answer.
pub(super) fn server(seen: &Seen<'_>, mut judged: Examination, own: &Addresses) -> Result<Examination, Stop> {
    let failing = judge(seen.endpoint, &own.all);
    if judge::fault(seen).is_some() {
        let works = own.all.iter().find(|fared| fared.fault.is_none());
        if let (Some(works), Some(_), Some(finding)) = (works, failing, judged.findings.first_mut()) {
            finding
                .message
                .push_str(&format!(" At {}, another of its addresses, the server answers.", works.address));
        }
        return Ok(judged);
    }
    let known = known_versions(seen);
    judged.findings.extend(contradiction(seen.endpoint, &own.all, &known).into_iter().chain(failing));
    whole(seen.endpoint, judged, own.unseen.as_ref())
}

/// The same of the Manage API, `own` being how the addresses fared on the server's own port: what fails there as well is one
/// fault.
pub(super) fn manage(
    seen: &Seen<'_>,
    mut judged: Examination,
    own: &Addresses,
    manage: Addresses,
) -> Result<Examination, Stop> {
    let fails = |address: IpAddr| own.all.iter().any(|own| own.address == address && own.fault.is_some());
    let all: Vec<Fared> = manage.all.into_iter().filter(|fared| !fails(fared.address)).collect();
    let is_out = judged.findings.iter().any(|finding| finding.kind.id == MANAGE_UNREACHABLE.id);
    let endpoint = Api::Manage.endpoint(seen.plan)?;
    if !is_out {
        judged.findings.extend(judge(&endpoint, &all));
    }
    whole(&endpoint, judged, manage.unseen.as_ref())
}

/// What was not looked at is not passed.
fn whole(endpoint: &Endpoint, mut judged: Examination, unseen: Option<&String>) -> Result<Examination, Stop> {
    if let (true, Some(unseen)) = (judged.findings.is_empty(), unseen) {
        return Err(Stop::Trouble(format!(
            "not every address of {endpoint} is known to lead to the server: {unseen}; people may be led to any of them"
        )));
    }
    if !judged.findings.is_empty() {
        judged.remark = None;
    }
    Ok(judged)
}

/// What the Manage API says that the nodes run; where it says nothing, what the API says.
fn known_versions<'a>(seen: &Seen<'a>) -> Vec<&'a str> {
    let of_nodes = super::versions(None, seen.versions);
    if of_nodes.is_empty() { super::versions(seen.meta, None) } else { of_nodes }
}

/// Judges how all addresses of an interface fared. Where none serves, that is no matter of addresses.
pub(super) fn judge(endpoint: &Endpoint, all: &[Fared]) -> Option<Finding> {
    let failed: Vec<(IpAddr, &Fault)> =
        all.iter().filter_map(|fared| Some((fared.address, fared.fault.as_ref()?))).collect();
    let works = all.iter().find(|fared| fared.fault.is_none())?.address;
    if failed.is_empty() {
        return None;
    }
    let said: Vec<String> =
        failed.iter().map(|(address, fault)| format!("{address} does not ({})", fault.why)).collect();
    let host = &endpoint.host;
    let message = format!(
        "Of the addresses of {host}, {works} serves on port {}, but {}. Whoever is led there does not reach the server.",
        endpoint.port,
        few(&said, MOST_LISTED, 0)
    );
    let subject = if endpoint.port == MANAGE_PORT { endpoint.authority() } else { host.to_string() };
    let finding = Finding::new(&ADDRESS_FAILS, subject, message).evidence(all);
    let mut steps: Vec<(&Mend, Vec<IpAddr>)> = Vec::new();
    for (address, fault) in &failed {
        match steps.iter_mut().find(|(mend, _)| **mend == fault.mend) {
            Some((_, at)) => at.push(*address),
            None => steps.push((&fault.mend, vec![*address])),
        }
    }
    let finding = steps.iter().fold(finding, |finding, (mend, at)| mend.step(finding, &listed(at)));
    let addresses: Vec<IpAddr> = failed.iter().map(|(address, _)| *address).collect();
    let addresses = listed(&addresses);
    Some(finding.step(
        Owner::Dns,
        format!("Where {addresses} is not the server's any more, take it out of the answers for {host}"),
    ))
}

/// Judges the versions that are said at the addresses, where `known` is what the interfaces of the server say, of any node: an
/// address at which another version is said is another server's.
pub(super) fn contradiction(endpoint: &Endpoint, all: &[Fared], known: &[&str]) -> Option<Finding> {
    let is_other = |fared: &&Fared| fared.versions.iter().any(|version| !known.contains(&version.as_str()));
    let others: Vec<&Fared> = all.iter().filter(is_other).collect();
    let host = &endpoint.host;
    if known.is_empty() || others.is_empty() {
        return None;
    }
    let said: Vec<String> = others
        .iter()
        .map(|fared| format!("at {} it says {}", fared.address, few(&fared.versions, MOST_LISTED, 0)))
        .collect();
    let message = format!(
        "The addresses of {host} contradict each other about the version of the server: its interfaces say {}, and {}. So another \
         server, or a node that was left behind, may stand there, and nobody can tell from outside which one people are led to.",
        few(known, MOST_LISTED, 0),
        few(&said, MOST_LISTED, 0)
    );
    let addresses = listed(&others.iter().map(|fared| fared.address).collect::<Vec<_>>());
    Some(
        Finding::new(&CONTRADICTORY, host.to_string(), message)
            .evidence(json!({ "known": known, "addresses": all }))
            .step(
                Owner::ServerAdmin,
                format!("Look which machine has {addresses}; where it is a node of {host}, bring all nodes to one version"),
            )
            .step(Owner::Dns, format!("Where it is another server, take {addresses} out of the answers for {host}"))
            .then(Owner::Operator, "Run gh-connect again"),
    )
}

const MANAGE_PORT: u16 = 8443;
const GONE: &str = "the connection was lost";
const MOST_LISTED: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::answered;

    fn fared(address: &str, fault: Option<(&str, Mend)>, versions: &[&str]) -> Fared {
        Fared {
            address: address.parse().expect("an address"),
            fault: fault.map(|(why, mend)| Fault { why: why.to_owned(), mend }),
            versions: versions.iter().map(|version| (*version).to_owned()).collect(),
            reply: None,
        }
    }

    fn good() -> Fared {
        fared("198.51.100.20", None, &["3.19.1"])
    }

    #[test]
    fn an_address_that_fails_beside_one_that_serves_is_told() {
        let other = || fared("2001:db8::20", None, &[]);
        let bad = || fared("198.51.100.21", Some(("connection refused", Mend::Address)), &[]);
        let endpoint = Endpoint::new("ghes.test", 443);
        for (all, is_found) in [
            (vec![], false),
            (vec![good()], false),
            (vec![good(), other()], false),
            (vec![bad()], false),
            (vec![bad(), good()], true),
            (vec![good(), other(), bad()], true),
        ] {
            assert_eq!(judge(&endpoint, &all).is_some(), is_found, "{all:?}");
        }
        let finding = judge(&endpoint, &[good(), bad()]).expect("a finding");
        assert_eq!(
            finding.message,
            "Of the addresses of ghes.test, 198.51.100.20 serves on port 443, but 198.51.100.21 does not (connection \
             refused). Whoever is led there does not reach the server."
        );
        assert_eq!((finding.subject.as_str(), finding.fix.len()), ("ghes.test", 2));
        let finding = judge(&endpoint.on_port(8443), &[good(), bad()]).expect("a finding");
        assert_eq!(finding.subject, "ghes.test:8443");
    }

    #[test]
    fn who_refuses_at_one_address_only_does_not_serve_there() {
        let head = |status| answered(status, &[], "");
        let at = |status| Fared {
            reply: Some(Place {
                api: Api::Server,
                path: "/api/v3/meta".to_owned(),
                exchange: head(status),
                says: None,
                is_private: false,
            }),
            ..good()
        };
        for (statuses, fails) in [
            (&[200, 200][..], &[false, false][..]),
            (&[401, 401], &[false, false]),
            (&[200, 401], &[false, true]),
            (&[404, 200], &[true, false]),
            (&[401, 404, 401], &[false, true, false]),
        ] {
            let mut all: Vec<Fared> = statuses.iter().map(|status| at(*status)).collect();
            compare(&mut all);
            assert_eq!(
                all.iter().map(|fared| fared.fault.is_some()).collect::<Vec<_>>(),
                fails,
                "{statuses:?}"
            );
        }
    }

    #[test]
    fn who_mends_it_depends_on_what_answers_there() {
        for (mend, owners) in [
            (Mend::Address, &[Owner::ServerAdmin, Owner::Dns][..]),
            (Mend::Service, &[Owner::ServerAdmin, Owner::Network, Owner::Dns]),
            (Mend::Maintenance, &[Owner::ServerAdmin, Owner::Dns]),
            (Mend::Way, &[Owner::Network, Owner::Dns]),
            (Mend::Store, &[Owner::Network, Owner::Dns]),
            (Mend::Date, &[Owner::Network, Owner::Dns]),
        ] {
            let alike = |address| fared(address, Some(("it does not", mend.clone())), &[]);
            let all = [alike("198.51.100.21"), good(), alike("2001:db8::20")];
            let finding = judge(&Endpoint::new("ghes.test", 443), &all).expect("a finding");
            assert_eq!(finding.fix.iter().map(|step| step.owner).collect::<Vec<_>>(), owners, "{mend:?}");
            let both = |text: &str| text.contains("198.51.100.21 and 2001:db8::20 (IPv6)");
            assert!(finding.fix.iter().all(|step| both(&step.text)), "{:?}", finding.fix);
        }
    }

    #[test]
    fn another_version_at_an_address_is_a_contradiction() {
        let endpoint = Endpoint::new("ghes.test", 443);
        let at = |versions: &[&str]| fared("2001:db8::20", None, versions);
        for (all, known, is_found) in [
            (vec![good(), at(&["3.19.1"])], &["3.19.1"][..], false),
            (vec![good(), at(&[])], &["3.19.1"], false),
            (vec![good(), at(&["3.18.4"])], &["3.19.1"], true),
            (vec![good(), at(&["3.19.1", "3.18.4"])], &["3.19.1"], true),
            // Its nodes run both, which the check of the nodes tells.
            (vec![good(), at(&["3.18.4"])], &["3.19.1", "3.18.4"], false),
            (vec![good(), at(&["3.18.4"])], &[], false),
        ] {
            assert_eq!(contradiction(&endpoint, &all, known).is_some(), is_found, "{all:?}");
        }
    }
}
