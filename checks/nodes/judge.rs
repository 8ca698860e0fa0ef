//! The judgement of nodes.

use gh_connect_engine::{Examination, Finding, Owner, Stop};
use gh_connect_github::{
    Answer,
    manage::{Health, NodeVersion, Replica, Replication, Topology},
};
use serde::Serialize;

use super::{MIXED_VERSIONS, NOT_CHECKED, UNHEALTHY};
use crate::wording::few;

/// What is judged.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) host: &'a str,
    pub(super) topology: &'a Topology,
    /// `None` where the question stopped.
    pub(super) versions: Option<&'a Answer<Vec<NodeVersion>>>,
    /// `None` where there are no replicas.
    pub(super) replication: Option<&'a Answer<Replication>>,
}

/// What is known of one node.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Known {
    name: String,
    replica: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

/// Whether any node only follows another: only then is it worth asking how.
pub(super) fn has_replicas(topology: &Topology) -> bool {
    topology.nodes.iter().flatten().any(|node| node.replica == Some(true))
}

pub(super) fn judge(seen: &Seen<'_>) -> Result<Examination, Stop> {
    let nodes = known(seen);
    if nodes.is_empty() {
        return Err(Stop::Trouble(format!("{} does not say which nodes it has", seen.host)));
    }
    if nodes.len() == 1 && !is_several(seen.topology) {
        return Ok(Examination::passed(format!("one node, {}", nodes[0].name)));
    }
    let mut findings = vec![not_checked(seen, &nodes)];
    findings.extend(unhealthy(seen));
    findings.extend(mixed_versions(seen, &nodes));
    Ok(findings.into())
}

fn not_checked(seen: &Seen<'_>, nodes: &[Known]) -> Finding {
    let what = match seen.topology.topology.as_deref() {
        Some("Ha") => "is a high-availability pair",
        Some("Cluster") => "is a cluster",
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

fn unhealthy(seen: &Seen<'_>) -> Option<Finding> {
    let replication = seen.replication?.said()?;
    let troubled: Vec<String> =
        replication.nodes.iter().flatten().filter_map(|node| trouble(seen, node)).take(MOST_LISTED).collect();
    let overall = replication.status.as_ref().filter(|status| **status != Health::Ok);
    let message = match (troubled.is_empty(), overall) {
        (true, None) => return None,
        (true, Some(status)) => format!(
            "The replication of {} is {}; which node is concerned was not said.",
            seen.host,
            word(status)
        ),
        (false, _) => format!("Replication is not in order: {}.", troubled.join("; ")),
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
    if status.is_none() && services.is_empty() {
        return None;
    }
    let name = node.hostname.as_deref().unwrap_or(seen.host);
    let status = status.as_ref().map_or_else(|| "not OK".to_owned(), word);
    Some(match services.is_empty() {
        true => format!("{name} is {status}"),
        false => format!("{name} is {status} ({})", services.join(", ")),
    })
}

fn mixed_versions(seen: &Seen<'_>, nodes: &[Known]) -> Option<Finding> {
    let versions = || nodes.iter().filter_map(|node| node.version.as_deref());
    let first = versions().next()?;
    if versions().all(|version| version == first) {
        return None;
    }
    let each =
        nodes.iter().filter_map(|node| Some(format!("{} runs {}", node.name, node.version.as_deref()?)));
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
    let mut named: Vec<(&str, Option<String>)> = Vec::new();
    for node in seen.versions.and_then(Answer::said).into_iter().flatten() {
        let Some(name) = node.hostname.as_deref() else { continue };
        if !named.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            named.push((name, node.version.as_ref().and_then(|says| says.version.clone())));
        }
    }
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
                Known { name: name.clone(), replica, version: runs.and_then(|(_, version)| version.clone()) }
            }
            (None, Some((name, version))) => {
                Known { name: (*name).to_owned(), replica: replica && replicas, version: version.clone() }
            }
            (None, None) => Known { name: format!("node {}", at + 1), replica, version: None },
        });
    }
    let further = others.map(|(name, version)| Known { name: name.to_owned(), replica: false, version });
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

fn is_several(topology: &Topology) -> bool {
    matches!(topology.topology.as_deref(), Some("Ha" | "Cluster"))
}

fn word(health: &Health) -> String {
    String::from(health.clone())
}

const MOST_LISTED: usize = 8;
