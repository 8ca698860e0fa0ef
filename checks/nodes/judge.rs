//! The judgement of nodes.

use gh_connect_engine::{Examination, Finding, Owner, Stop};
use gh_connect_github::{
    Answer,
    manage::{Health, Node, NodeMaintenance, NodeVersion, Replica, Replication, Topology},
};
use jiff::Timestamp;
use serde::Serialize;

use super::{IN_MAINTENANCE, MIXED_VERSIONS, NOT_CHECKED, UNHEALTHY};
use crate::{
    server::{Maintenance, untold_replicas},
    wording::{and, few},
};

/// What is judged.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) host: &'a str,
    pub(super) topology: &'a Topology,
    /// `None` where the question stopped.
    pub(super) versions: Option<&'a Answer<Vec<NodeVersion>>>,
    /// `None` where there are no replicas.
    pub(super) replication: Option<&'a Answer<Replication>>,
    /// `None` where it was not said.
    pub(super) maintenance: Option<&'a [NodeMaintenance]>,
    pub(super) now: Timestamp,
}

/// What is known of one node.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Known {
    name: String,
    replica: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Further versions that the same node is said to run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_versions: Vec<String>,
}

impl Known {
    fn new(name: &str, replica: bool, versions: &[String]) -> Self {
        let (version, others) = versions.split_first().unzip();
        Self {
            name: name.to_owned(),
            replica,
            version: version.cloned(),
            other_versions: others.map_or(&[][..], |others| others).to_vec(),
        }
    }

    /// Every version that it is said to run.
    fn versions(&self) -> impl Iterator<Item = &str> {
        self.version.iter().chain(&self.other_versions).map(String::as_str)
    }
}

/// Whether any node may only follow another: only then is it worth asking how. A high-availability pair has one, whichever it
/// is.
pub(super) fn may_have_replicas(topology: &Topology) -> bool {
    is(topology, "Ha") || topology.nodes.iter().flatten().any(|node| node.replica == Some(true))
}

pub(super) fn judge(seen: &Seen<'_>) -> Result<Examination, Stop> {
    let nodes = known(seen);
    if nodes.is_empty() {
        return Err(Stop::Trouble(format!("{} does not say which nodes it has", seen.host)));
    }
    let alone = nodes.len() == 1 && !nodes[0].replica && !is_several(seen.topology);
    let mixed = mixed_versions(seen, &nodes);
    if alone && mixed.is_none() {
        let nameless = seen.topology.nodes.iter().flatten().any(says_nothing);
        return match seen.topology.topology.as_deref() {
            _ if nameless => Err(Stop::Trouble(format!("{} has a node of which it says nothing", seen.host))),
            Some(word) if !is(seen.topology, "SingleNode") => Err(Stop::Trouble(format!(
                "{} names one node, {}, and calls the whole \"{word}\", which has no published meaning",
                seen.host, nodes[0].name
            ))),
            _ => Ok(Examination::passed(format!("one node, {}", nodes[0].name))),
        };
    }
    let mut findings = if alone { Vec::new() } else { vec![not_checked(seen, &nodes)] };
    findings.extend(unhealthy(seen, &nodes));
    findings.extend(mixed);
    findings.extend(in_maintenance(seen));
    Ok(findings.into())
}

fn says_nothing(node: &Node) -> bool {
    let Node { hostname, uuid, replica, cluster_roles } = node;
    hostname.is_none() && uuid.is_none() && replica.is_none() && cluster_roles.is_none()
}

fn not_checked(seen: &Seen<'_>, nodes: &[Known]) -> Finding {
    let what = match seen.topology {
        pair if is(pair, "Ha") => "is a high-availability pair",
        cluster if is(cluster, "Cluster") => "is a cluster",
        _ if nodes.len() == 1 => "is a replica of a node that is not named",
        _ => "consists of several nodes",
    };
    let named = nodes.iter().map(|node| match node.replica {
        true => format!("{} (a replica)", node.name),
        false => node.name.clone(),
    });
    let mut message = format!(
        "{} {what}: {}. Each node leaves by an address of its own, and this run has checked the way out of one machine.",
        seen.host,
        few(&named.collect::<Vec<_>>(), MOST_LISTED, 0)
    );
    if let Some(Answer::Refused { why, .. }) = seen.replication {
        message.push_str(&format!(" How the replicas follow was not told: {why}."));
    }
    if let Some(Answer::Refused { why, .. }) = seen.versions {
        message.push_str(&format!(" Which version each node runs was not told: {why}."));
    } else if nodes.iter().any(|node| node.version.is_some()) {
        let unknown = nodes.iter().filter(|node| node.version.is_none());
        let unknown: Vec<&str> = unknown.map(|node| node.name.as_str()).collect();
        if !unknown.is_empty() {
            message.push_str(&format!(" Which version {} runs was not told.", few(&unknown, MOST_LISTED, 0)));
        }
    }
    let untold = seen.maintenance.map(|modes| untold_replicas(modes, seen.topology, seen.now));
    if let Some(names) = untold.filter(|names| !names.is_empty()) {
        let names = few(&names, MOST_LISTED, 0);
        message.push_str(&format!(" Whether {names} is in maintenance mode was not told."));
    }
    let names: Vec<String> = nodes.iter().map(|node| node.name.clone()).collect();
    finding(seen, &NOT_CHECKED, message, nodes)
        .step(
            Owner::Operator,
            format!(
                "Run gh-connect check on each node in its admin shell (ssh -p 122 admin@NODE), {}, or from a machine that leaves \
                 the network as that node does",
                few(&names, MOST_LISTED, 0)
            ),
        )
        .step(
            Owner::Network,
            "Find out by which public address each node leaves, replicas too, and let each reach GitHub's hosts: after a \
             failover it is the replica that connects",
        )
        .then(
            Owner::EnterpriseOwner,
            "Where the enterprise account has an IP allow list, put the address of every node on it; say them with --egress-ip \
             to have them compared",
        )
        .step(
            Owner::Operator,
            "If all nodes leave by one address, or each was checked, say so: --waive nodes/not-checked=REASON",
        )
}

fn unhealthy(seen: &Seen<'_>, nodes: &[Known]) -> Option<Finding> {
    let replication = seen.replication?.said()?;
    let told = replication.nodes.as_deref().unwrap_or_default();
    // That all is well is no word on a replica that is not named.
    let untold = nodes.iter().filter(|node| node.replica).filter(|node| {
        !told
            .iter()
            .any(|told| told.hostname.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(&node.name)))
    });
    // A row without a name may be of any.
    let nameless = told.iter().filter(|told| told.hostname.is_none()).count();
    let untold = untold.skip(nameless).map(|node| format!("the Manage API says nothing of {}", node.name));
    let mut troubled: Vec<String> = told.iter().filter_map(|node| trouble(seen, node)).collect();
    let in_order = if troubled.is_empty() { "not known to be in order" } else { "not in order" };
    let overall = replication.status.as_ref().filter(|status| **status != Health::Ok);
    if overall.is_none() || !troubled.is_empty() {
        troubled.extend(untold.chain(told.iter().filter_map(|node| unsaid(seen, node))));
    }
    troubled.truncate(MOST_LISTED);
    let message = match (troubled.is_empty(), overall) {
        (true, None) if told.is_empty() && replication.status.is_none() => {
            format!("Whether the replication of {} is in order, the Manage API does not say.", seen.host)
        }
        (true, None) => return None,
        (true, Some(status)) => format!(
            "The replication of {} is {}; which node is concerned was not said.",
            seen.host,
            word(status)
        ),
        (false, _) => format!("Replication is {in_order}: {}.", troubled.join("; ")),
    };
    let finding = Finding::new(&UNHEALTHY, seen.host, message).evidence(replication);
    Some(
        finding
            .command(Owner::ServerAdmin, "Look at the replication, in the admin shell of each replica", "ghe-repl-status -vv")
            .then(
                Owner::ServerAdmin,
                "Repair it before GitHub Connect is enabled: its credentials are replicated, and a replica without them cannot \
                 take over the connection",
            ),
    )
}

/// `ghes-2 is CRITICAL (mysql: replication has stopped)`
fn trouble(seen: &Seen<'_>, node: &Replica) -> Option<String> {
    let bad = |status: &Option<Health>| status.as_ref().filter(|status| **status != Health::Ok).cloned();
    let services = node.services.iter().flatten().filter_map(|service| {
        let status = bad(&service.status)?;
        let name = service.name.as_deref().unwrap_or("a service");
        Some(match service.details.as_deref().filter(|details| !details.is_empty()) {
            Some(details) => format!("{name}: {details}"),
            None => format!("{name}: {}", word(&status)),
        })
    });
    let services: Vec<String> = services.take(MOST_LISTED).collect();
    let status = bad(&node.status);
    let name = node.hostname.as_deref().unwrap_or(seen.host);
    if status.is_none() && services.is_empty() {
        return None;
    }
    let status = status.as_ref().map_or_else(|| "not OK".to_owned(), word);
    Some(match services.is_empty() {
        true => format!("{name} is {status}"),
        false => format!("{name} is {status} ({})", services.join(", ")),
    })
}

/// That nobody says how a node follows.
fn unsaid(seen: &Seen<'_>, node: &Replica) -> Option<String> {
    let name = node.hostname.as_deref().unwrap_or(seen.host);
    let is_unsaid = node.status.is_none() && trouble(seen, node).is_none();
    is_unsaid.then(|| format!("the Manage API does not say how {name} is"))
}

fn mixed_versions(seen: &Seen<'_>, nodes: &[Known]) -> Option<Finding> {
    let versions = || nodes.iter().flat_map(Known::versions);
    let first = versions().next()?;
    if versions().all(|version| version == first) {
        return None;
    }
    let each = nodes.iter().filter(|node| node.version.is_some()).map(|node| {
        let versions: Vec<&str> = node.versions().collect();
        format!("{} runs {}", node.name, and(&versions))
    });
    let message = format!(
        "The nodes of {} run different versions: {}.",
        seen.host,
        few(&each.collect::<Vec<_>>(), MOST_LISTED, 0)
    );
    let newest = "the version of the newest";
    Some(finding(seen, &MIXED_VERSIONS, message, nodes).step(
        Owner::ServerAdmin,
        format!("Finish the upgrade: bring all nodes to {newest} (GitHub docs: Upgrading GitHub Enterprise Server), then check again"),
    ))
}

/// Nodes in maintenance mode beside others that serve: where none is left that serves, `server` tells.
fn in_maintenance(seen: &Seen<'_>) -> Option<Finding> {
    let nodes = match Maintenance::of(seen.maintenance?, Some(seen.topology), seen.now) {
        Maintenance::Off(replicas) => replicas,
        Maintenance::Partly(nodes) => nodes,
        Maintenance::On(_) | Maintenance::Untold(_) => return None,
    };
    if nodes.is_empty() {
        return None;
    }
    let names: Vec<&str> = nodes.iter().map(|node| node.hostname.as_deref().unwrap_or("a node")).collect();
    let message = format!(
        "{} {} in maintenance mode, by the Manage API's word, while {} serves.",
        few(&names, MOST_LISTED, 0),
        if names.len() == 1 { "is" } else { "are" },
        seen.host
    );
    Some(
        Finding::new(&IN_MAINTENANCE, seen.host, message).evidence(nodes).command(
            Owner::ServerAdmin,
            format!(
                "When the work there is done, end maintenance mode in the admin shell of {}, before GitHub Connect is enabled",
                few(&names, MOST_LISTED, 0)
            ),
            "ghe-maintenance -u",
        ),
    )
}

fn finding(
    seen: &Seen<'_>,
    kind: &'static gh_connect_engine::Kind,
    message: String,
    nodes: &[Known],
) -> Finding {
    let evidence = serde_json::json!({ "topology": seen.topology.topology, "nodes": nodes });
    Finding::new(kind, seen.host, message).evidence(evidence)
}

/// All nodes that either question names. Nodes of the configuration are told apart by their place in it: two may have no
/// name. A name that only the other question gives is a nameless node's, as long as there is one: it is not a further node.
fn known(seen: &Seen<'_>) -> Vec<Known> {
    let configured = seen.topology.nodes.as_deref().unwrap_or_default();
    if configured.is_empty() {
        return Vec::new();
    }
    let named = versions_by_name(seen);
    let is_configured = |name: &str| {
        configured
            .iter()
            .filter_map(|node| node.hostname.as_deref())
            .any(|own| own.eq_ignore_ascii_case(name))
    };
    let (same, others): (Vec<_>, Vec<_>) = named.into_iter().partition(|(name, _)| is_configured(name));
    // Which nameless node a name belongs to is not said: that it is a replica's holds only if that is so of each.
    let nameless = configured.iter().filter(|node| node.hostname.is_none());
    let replicas =
        nameless.clone().all(|node| node.replica == Some(true)) && others.len() <= nameless.count();
    let mut others = others.into_iter();
    let mut nodes = Vec::with_capacity(configured.len());
    for (at, node) in configured.iter().enumerate() {
        let replica = node.replica == Some(true);
        nodes.push(match (&node.hostname, &node.hostname.is_none().then(|| others.next()).flatten()) {
            (Some(name), _) => {
                let runs = same.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
                Known::new(name, replica, runs.map_or(&[], |(_, versions)| versions))
            }
            (None, Some((name, versions))) => Known::new(name, replica && replicas, versions),
            (None, None) => Known::new(&format!("node {}", at + 1), replica, &[]),
        });
    }
    let further = others.map(|(name, versions)| Known::new(name, false, &versions));
    nodes.extend(further);
    nodes
}

/// The nodes in a line: `ghes-1 3.19.1, node 2 ? (replica)`.
#[cfg(test)]
pub(super) fn written(seen: &Seen<'_>) -> String {
    let node = |node: &Known| {
        let replica = if node.replica { " (replica)" } else { "" };
        format!("{} {}{replica}", node.name, node.version.as_deref().unwrap_or("?"))
    };
    known(seen).iter().map(node).collect::<Vec<_>>().join(", ")
}

/// The versions that each node is said to run, by its name: more than one where two rows contradict each other.
fn versions_by_name<'a>(seen: &Seen<'a>) -> Vec<(&'a str, Vec<String>)> {
    let mut named: Vec<(&str, Vec<String>)> = Vec::new();
    for node in seen.versions.and_then(Answer::said).into_iter().flatten() {
        let Some(name) = node.hostname.as_deref() else { continue };
        let at = named.iter().position(|(known, _)| known.eq_ignore_ascii_case(name)).unwrap_or(named.len());
        if at == named.len() {
            named.push((name, Vec::new()));
        }
        let version = node.version.as_ref().and_then(|says| says.version.clone());
        let known = &mut named[at].1;
        known.extend(version.filter(|version| !known.contains(version)));
    }
    named
}

fn is_several(topology: &Topology) -> bool {
    is(topology, "Ha") || is(topology, "Cluster")
}

fn is(topology: &Topology, word: &str) -> bool {
    topology.topology.as_deref().is_some_and(|said| said.trim().eq_ignore_ascii_case(word))
}

fn word(health: &Health) -> String {
    String::from(health.clone())
}

const MOST_LISTED: usize = 8;
