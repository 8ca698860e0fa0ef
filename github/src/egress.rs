//! The addresses that GitHub sees the server under, from every source that tells any.

use std::{fmt, net::IpAddr};

use futures::future::{join, join_all};
use gh_connect_engine::{Cx, Fact, Route, Stop, shown};
use gh_connect_probe::{
    Endpoint,
    dns::{Nat64, nat64},
    egress::{Echo, EchoPage, Way, is_inside},
    tcp::{Dial, DialKey, Family},
};
use ipnet::{IpNet, Ipv4Net};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    OfTheRun, Refusal,
    cloud::{
        AllowList, AuditLog, ConsumedLicences, Enterprise, Event, Installations, Known, LicenceSync, Topic,
        is_same_host,
    },
};

/// The addresses that GitHub sees the server under, as far as anything tells them.
///
/// No interface of GitHub answers with the caller's address (facts §7). What there is, the strongest first: the address that
/// GitHub names when its IP allow list refuses a request of this run, the addresses of audit events that the server itself
/// caused, what was said with `--egress-ip`, what echo pages tell. All of it counts: an address that a weaker source tells is
/// one that the server may be seen under.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EgressAddresses {
    /// What is known, the strongest source first.
    pub known: Vec<Egress>,
    /// The questions of this run that an IP allow list refused.
    pub refused: Vec<RefusedQuestion>,
    /// What was said with `--egress-ip` and lies inside of a network, where GitHub never sees it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<Egress>,
    /// The echo pages that told no address, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untold: Vec<Untold>,
    /// The families over which hosts of GitHub Connect are connected to straight. What the proxy uses is not known.
    pub families: Vec<Family>,
}

/// An address or a range that the server leaves the network under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Egress {
    /// The range, of a single address mostly, without bits beyond its prefix. IPv4 where it was written as IPv6.
    pub range: IpNet,
    /// Who tells.
    pub source: Source,
}

/// Who tells an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// GitHub itself, when its IP allow list refused a question.
    Refusal {
        /// Which.
        question: String,
    },
    /// The audit log of the enterprise account: the server did something there.
    Event {
        /// `dotcom_connection.upload_license_usage`
        action: String,
        /// When.
        at: Timestamp,
    },
    /// Whoever runs this.
    Said {
        /// Where.
        origin: String,
    },
    /// An echo page.
    Echo {
        /// Its URL.
        page: String,
        /// By which way it was asked.
        way: Way,
        /// How often it told this address.
        times: usize,
        /// How often it was asked.
        of: usize,
    },
}

/// A question that an IP allow list refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedQuestion {
    /// In words: `the licence synchronization (REST)`.
    pub question: String,
    /// The address as GitHub saw it, where it says so.
    pub address: Option<IpAddr>,
    /// `enterprise` or `organization`.
    pub owner_kind: Option<String>,
    /// Whose list it is.
    pub owner: Option<String>,
}

/// An echo page that told no address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untold {
    /// Its URL, or how it was said.
    pub page: String,
    /// By which way; `None` where it was not asked.
    pub way: Option<Way>,
    /// Why, in words that are safe to show.
    pub why: String,
}

/// That the addresses of one family change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rotation {
    /// The family.
    pub family: Family,
    /// The addresses that were seen, in order.
    pub seen: Vec<IpAddr>,
    /// Those of them that nobody said, where some were said.
    pub unsaid: Vec<IpAddr>,
}

impl EgressAddresses {
    /// The ranges, each once, the strongest source's first.
    pub fn ranges(&self) -> Vec<IpNet> {
        let mut ranges: Vec<IpNet> = Vec::new();
        for egress in &self.known {
            if !ranges.contains(&egress.range) {
                ranges.push(egress.range);
            }
        }
        ranges
    }

    /// The families whose address is not known although GitHub is reached over them.
    pub fn unknown_families(&self) -> Vec<Family> {
        let known = |family: &Family| self.known.iter().any(|egress| egress.family() == *family);
        self.families.iter().copied().filter(|family| !known(family)).collect()
    }

    /// The families whose addresses change: several were seen and nobody said which there are, or one was seen that is not
    /// among those that were said.
    pub fn rotations(&self) -> Vec<Rotation> {
        let of = |family: Family| self.known.iter().filter(move |egress| egress.family() == family);
        let rotation = |family| {
            let said: Vec<IpNet> = of(family).filter(|it| it.is_said()).map(|it| it.range).collect();
            let mut seen: Vec<IpAddr> =
                of(family).filter(|it| !it.is_said()).map(|it| it.range.addr()).collect();
            seen.sort();
            seen.dedup();
            let unsaid: Vec<IpAddr> =
                seen.iter().copied().filter(|seen| !said.iter().any(|said| said.contains(seen))).collect();
            let changes = if said.is_empty() { seen.len() > 1 } else { !unsaid.is_empty() };
            let unsaid = if said.is_empty() { Vec::new() } else { unsaid };
            changes.then_some(Rotation { family, seen, unsaid })
        };
        [Family::V4, Family::V6].into_iter().filter_map(rotation).collect()
    }
}

impl Egress {
    /// The family of its addresses.
    pub fn family(&self) -> Family {
        Family::of(self.range.addr())
    }

    fn is_said(&self) -> bool {
        matches!(self.source, Source::Said { .. })
    }

    fn seen(address: IpAddr, source: Source) -> Self {
        Self { range: IpNet::from(address.to_canonical()), source }
    }
}

impl Fact for EgressAddresses {
    const ID: &'static str = "cloud.egress";
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let (refused, events, pages, families) =
            futures::join!(refused(cx), events(cx), echo(cx), families(cx));
        let named = refused.iter().filter_map(|refused| {
            let source = Source::Refusal { question: refused.question.clone() };
            Some(Egress::seen(refused.address?, source))
        });
        let mut known: Vec<Egress> = Vec::new();
        // Every question is refused from the same address: the first tells it.
        for egress in named.chain(events) {
            if !known.iter().any(|other| other.range == egress.range) {
                known.push(egress);
            }
        }
        let said = cx.plan().egress_ips.iter().map(|said| Egress {
            range: canonical(said.value),
            source: Source::Said { origin: said.origin.to_string() },
        });
        let (inside, said): (Vec<Egress>, Vec<Egress>) =
            said.partition(|egress| is_inside(egress.range.network()) || is_inside(egress.range.broadcast()));
        let (told, untold) = pages;
        known.extend(said);
        known.extend(told);
        Ok(Self { known, refused, inside, untold, families })
    }
}

/// The range without bits beyond its prefix; IPv4 where it is written as IPv6 (RFC 4291 §2.5.5.2).
pub fn canonical(range: IpNet) -> IpNet {
    let mapped = match range {
        IpNet::V6(v6) if v6.prefix_len() >= MAPPED => v6
            .addr()
            .to_ipv4_mapped()
            .and_then(|v4| Ipv4Net::new(v4, v6.prefix_len() - MAPPED).ok())
            .map(IpNet::from),
        _ => None,
    };
    mapped.unwrap_or(range).trunc()
}

/// A range as an entry of an allow list is written: an address alone without its prefix.
pub fn written(range: &IpNet) -> String {
    match range.prefix_len() == range.max_prefix_len() {
        true => range.addr().to_string(),
        false => range.to_string(),
    }
}

/// The questions that other checks ask anyway, as far as an IP allow list refused them.
async fn refused(cx: &Cx) -> Vec<RefusedQuestion> {
    async fn one<F: Fact>(
        cx: &Cx,
        key: F::Key,
        question: &str,
        refusal: fn(&F) -> Option<&Refusal>,
    ) -> Option<RefusedQuestion> {
        let fact = cx.fact::<F>(&key).await.ok()?;
        let Refusal::AllowList { address, owner_kind, owner } = refusal(&fact)? else { return None };
        Some(RefusedQuestion {
            question: question.to_owned(),
            address: address.filter(|address| !is_inside(*address)),
            owner_kind: owner_kind.clone(),
            owner: owner.clone(),
        })
    }
    let asked = futures::join!(
        one::<Enterprise>(cx, OfTheRun, "the enterprise account (GraphQL)", |it| it.answer.refusal()),
        one::<AllowList>(cx, OfTheRun, "the allow list's entries (GraphQL)", |it| {
            let broken_off = it.answer.said().and_then(|entries| entries.ended_by.as_ref());
            it.answer.refusal().or(broken_off)
        }),
        one::<LicenceSync>(cx, OfTheRun, "the licence synchronization (REST)", |it| it.answer.refusal()),
        one::<ConsumedLicences>(cx, OfTheRun, "the licences in use (REST)", |it| it.answer.refusal()),
        one::<AuditLog>(cx, Topic::Connections, "the audit log (REST)", |it| it.answer.refusal()),
    );
    [asked.0, asked.1, asked.2, asked.3, asked.4].into_iter().flatten().collect()
}

/// The addresses of what the server itself did of late.
async fn events(cx: &Cx) -> Vec<Egress> {
    let (log, installations) =
        join(cx.fact::<AuditLog>(&Topic::Connections), cx.fact::<Installations>(&OfTheRun)).await;
    let Ok(log) = log else { return Vec::new() };
    let known = installations.ok().and_then(|it| it.answer.said().cloned());
    let list = log.answer.said().map(|events| events.list.as_slice()).unwrap_or_default();
    of_events(list, cx.plan().server_host(), known.as_ref(), cx.began())
}

/// The addresses of the events that the server caused, not a person with a browser, within the last month. An event does
/// not say which server it is about, so it only counts where it is the server's by name, or where the enterprise account
/// knows no other server.
fn of_events(list: &[Event], server: Option<&str>, known: Option<&Known>, now: Timestamp) -> Vec<Egress> {
    let Some(server) = server else { return Vec::new() };
    let is_it = |name: &str| is_same_host(name, server);
    let only_one = known.is_some_and(|known| {
        let all = known.total == Some(known.servers.len() as u64);
        all && !known.servers.is_empty() && known.servers.iter().all(|it| is_it(&it.host_name))
    });
    let addresses = list.iter().filter_map(|event| {
        let own = BY_THE_SERVER.contains(&event.action.as_str())
            && (only_one || event.name.as_deref().is_some_and(is_it));
        let (address, at) = (event.actor_ip.filter(|address| own && !is_inside(*address))?, event.at?);
        let recent = at <= now && now.duration_since(at) <= RECENT;
        recent.then(|| Egress::seen(address, Source::Event { action: shown(&event.action, 60), at }))
    });
    addresses.collect()
}

/// What echo pages told, and which told nothing.
async fn echo(cx: &Cx) -> (Vec<Egress>, Vec<Untold>) {
    let asked = join_all(cx.plan().account.echo.iter().map(async |said| {
        let page = match EchoPage::parse(&said.value) {
            Ok(page) => page,
            // What is no URL may hold anything.
            Err(why) => return (format!("the page of {}", said.origin), Err(why.to_string())),
        };
        let echo = cx.fact::<Echo>(&page).await;
        let why = |stop| match stop {
            Stop::Blocked(by) => format!("the way there is blocked by {by}"),
            Stop::Trouble(why) | Stop::Skipped(why) | Stop::NotApplicable(why) => why,
        };
        (shown(&page.to_string(), 200), echo.map_err(why))
    }));
    let (mut told, mut untold) = (Vec::new(), Vec::new());
    for (page, echo) in asked.await {
        match echo {
            Err(why) => untold.push(Untold { page, way: None, why }),
            Ok(echo) => {
                told.extend(of_echo(&page, &echo));
                untold.extend(echo.troubles().into_iter().map(|(way, why)| Untold {
                    page: page.clone(),
                    way: Some(way),
                    why: why.to_string(),
                }));
            }
        }
    }
    (told, untold)
}

fn of_echo(page: &str, echo: &Echo) -> Vec<Egress> {
    let mut told: Vec<Egress> = Vec::new();
    for sample in &echo.samples {
        let Some(address) = sample.address() else { continue };
        let same = |other: &&gh_connect_probe::egress::Sample| {
            other.way == sample.way && other.address() == Some(address)
        };
        let source = Source::Echo {
            page: page.to_owned(),
            way: sample.way,
            times: echo.samples.iter().filter(same).count(),
            of: echo.samples.iter().filter(|other| other.way == sample.way).count(),
        };
        let egress = Egress::seen(address, source);
        if !told.contains(&egress) {
            told.push(egress);
        }
    }
    told
}

/// The families over which GitHub Connect's hosts are connected to straight.
async fn families(cx: &Cx) -> Vec<Family> {
    let plan = cx.plan();
    let straight = |target: &&gh_connect_engine::Target| {
        target.required() && matches!(plan.route_of(target), Route::Direct { .. })
    };
    let dialled = plan.targets.iter().filter(straight).flat_map(|target| {
        [Family::V4, Family::V6].map(|family| DialKey { endpoint: Endpoint::from(target), family })
    });
    // Where IPv6 addresses are said to be known, it does not matter whether there are any.
    let asks = !plan.egress_ips.iter().any(|said| canonical(said.value).addr().is_ipv6());
    let dialled = join_all(dialled.map(async |key| {
        let nat64 = async {
            match asks && key.family == Family::V6 {
                true => nat64(cx, &key.endpoint.host).await,
                false => None,
            }
        };
        let (dial, nat64) = join(cx.fact::<Dial>(&key), nat64).await;
        let dial = dial.ok()?;
        dial.connected().map(|attempt| seen_as(attempt.address.ip(), nat64.as_deref()))
    }));
    let mut families: Vec<Family> = dialled.await.into_iter().flatten().collect();
    families.sort_by_key(|family| *family == Family::V6);
    families.dedup();
    families
}

/// The family that the other side sees: behind NAT64 it is reached over IPv6 and sees IPv4 (RFC 6146).
fn seen_as(address: IpAddr, nat64: Option<&Nat64>) -> Family {
    let is_translated = match nat64 {
        Some(nat64) => nat64.behind(address).is_some(),
        None => Nat64::default().behind(address).is_some(),
    };
    if is_translated { Family::V4 } else { Family::of(address.to_canonical()) }
}

/// Who tells, for people: `said by flag --egress-ip`.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refusal { question } => write!(f, "named by GitHub when it refused {question}"),
            Self::Event { action, at } => {
                write!(f, "in the audit log, {action} of {}", at.strftime("%Y-%m-%d"))
            }
            Self::Said { origin } => write!(f, "said by {origin}"),
            Self::Echo { page, way, times, of } => {
                write!(f, "told by {page} {way}, {times} of {of} times")
            }
        }
    }
}

/// The actions of `dotcom_connection.*` that no browser is part of (facts §3.1).
const BY_THE_SERVER: [&str; 3] = [
    "dotcom_connection.token_updated",
    "dotcom_connection.upload_license_usage",
    "dotcom_connection.upload_usage_metrics",
];
/// Servers report weekly (facts §1.7), and networks change.
const RECENT: SignedDuration = SignedDuration::from_hours(31 * 24);
/// The length of the prefix of IPv4 addresses in IPv6.
const MAPPED: u8 = 96;

#[cfg(test)]
mod tests;
