//! Judgement on facts made by hand.

use gh_connect_engine::Finding;
use gh_connect_github::{
    Api, Needs, NoReply, Refusal,
    manage::{
        Health, Node, NodeMaintenance, NodeVersion, Replica, Replication, Service, Topology, VersionSays,
    },
};

use super::*;

fn topology(word: &str, nodes: &[(&str, bool)]) -> Topology {
    let node = |(name, replica): &(&str, bool)| Node {
        hostname: Some((*name).to_owned()),
        uuid: None,
        replica: Some(*replica),
        cluster_roles: None,
    };
    Topology { topology: Some(word.to_owned()), nodes: Some(nodes.iter().map(node).collect()) }
}

fn versions(nodes: &[(&str, &str)]) -> Answer<Vec<NodeVersion>> {
    let node = |(name, version): &(&str, &str)| NodeVersion {
        hostname: Some((*name).to_owned()),
        version: Some(VersionSays { version: Some((*version).to_owned()), platform: None, build_id: None }),
    };
    Answer::Said(nodes.iter().map(node).collect())
}

fn replication(status: Health, services: &[(&str, Health, &str)]) -> Answer<Replication> {
    let service = |(name, status, details): &(&str, Health, &str)| Service {
        name: Some((*name).to_owned()),
        status: Some(status.clone()),
        details: Some((*details).to_owned()),
    };
    let node = Replica {
        hostname: Some("ghes-2".to_owned()),
        status: Some(status.clone()),
        services: Some(services.iter().map(service).collect()),
    };
    Answer::Said(Replication { status: Some(status), nodes: Some(vec![node]) })
}

fn seen<'a>(host: &'a str, topology: &'a Topology) -> Seen<'a> {
    let now = "2026-11-22T12:00:00Z".parse().expect("a time");
    Seen { host, topology, versions: None, replication: None, maintenance: None, now }
}

fn silent<T>() -> Answer<T> {
    Answer::Refused {
        why: Refusal::NoReply(NoReply::TimedOut),
        needs: Needs { api: Api::Manage, scope: None },
    }
}

fn findings(
    topology: &Topology,
    versions: Option<&Answer<Vec<NodeVersion>>>,
    replication: Option<&Answer<Replication>>,
) -> Vec<Finding> {
    let seen = Seen { versions, replication, ..seen("ghes.corp.example", topology) };
    judge(&seen).expect("judged").findings
}

fn ids(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.kind.id).collect()
}

#[test]
fn one_node_passes() {
    let alone = topology("SingleNode", &[("ghes-1", false)]);
    let seen = seen("ghes", &alone);
    let judged = judge(&seen).expect("judged");
    assert_eq!((judged.findings.len(), judged.remark.as_deref()), (0, Some("one node, ghes-1")));
    for nodes in [None, Some(Vec::new())] {
        let nothing = Topology { topology: None, nodes };
        assert!(matches!(judge(&Seen { topology: &nothing, ..seen }), Err(Stop::Trouble(_))));
    }
    // Where the two questions disagree, the larger answer counts.
    let two = versions(&[("ghes-1", "3.19.1"), ("ghes-2", "3.19.1")]);
    assert_eq!(ids(&findings(&alone, Some(&two), None)), ["nodes/not-checked"]);
}

#[test]
fn several_nodes_are_listed_with_who_is_a_replica() {
    let pair = topology("Ha", &[("ghes-1", false), ("ghes-2", true)]);
    assert!(may_have_replicas(&pair));
    let same = versions(&[("GHES-1", "3.19.1"), ("ghes-2", "3.19.1")]);
    let found = findings(&pair, Some(&same), Some(&replication(Health::Ok, &[])));
    assert_eq!(ids(&found), ["nodes/not-checked"]);
    assert_eq!(
        found[0].message,
        "ghes.corp.example is a high-availability pair: ghes-1 and ghes-2 (a replica). Each node leaves by an address of its \
         own, and this run has checked the way out of one machine."
    );
    let names: Vec<String> = (1..=12).map(|at| format!("n{at}")).collect();
    let nodes: Vec<(&str, bool)> = names.iter().map(|name| (name.as_str(), false)).collect();
    let cluster = topology("Cluster", &nodes);
    assert!(!may_have_replicas(&cluster));
    let found = findings(&cluster, None, None);
    assert!(
        found[0]
            .message
            .starts_with("ghes.corp.example is a cluster: n1, n2, n3, n4, n5, n6, n7, n8 and 4 more.")
    );
    let without_name = Topology {
        topology: Some("Ha".to_owned()),
        nodes: Some(vec![Node { hostname: None, uuid: None, replica: None, cluster_roles: None }]),
    };
    assert!(findings(&without_name, None, None)[0].message.contains("node 1"));
}

#[test]
fn a_name_that_only_the_versions_give_is_a_nameless_nodes() {
    let nameless = |replica| Node { hostname: None, uuid: None, replica: Some(replica), cluster_roles: None };
    let both = [("ghes-1", "3.19.1"), ("ghes-2", "3.18.4")];
    for (nodes, said, expected) in [
        (vec![nameless(false)], &both[..1], "ghes-1 3.19.1"),
        (vec![nameless(false)], &both[..0], "node 1 ?"),
        (vec![nameless(false)], &both[..], "ghes-1 3.19.1, ghes-2 3.18.4"),
        (vec![nameless(true)], &both[..1], "ghes-1 3.19.1 (replica)"),
        (vec![nameless(true)], &both[..], "ghes-1 3.19.1, ghes-2 3.18.4"),
        // Which of the two is the replica was not said.
        (vec![nameless(false), nameless(true)], &both[..], "ghes-1 3.19.1, ghes-2 3.18.4"),
        (vec![nameless(false), nameless(true)], &both[..0], "node 1 ?, node 2 ? (replica)"),
        (
            vec![Node { hostname: Some("GHES-2".to_owned()), ..nameless(true) }, nameless(false)],
            &both[..],
            "GHES-2 3.18.4 (replica), ghes-1 3.19.1",
        ),
        (vec![], &both[..], ""),
    ] {
        let topology = Topology { topology: Some("SingleNode".to_owned()), nodes: Some(nodes) };
        let versions = versions(said);
        let seen = Seen { versions: Some(&versions), ..seen("ghes", &topology) };
        assert_eq!(judge::written(&seen), expected);
    }
    let alone = Topology { topology: Some("SingleNode".to_owned()), nodes: Some(vec![nameless(false)]) };
    let versions = versions(&both[..1]);
    let seen = Seen { versions: Some(&versions), ..seen("ghes", &alone) };
    let judged = judge(&seen).expect("judged");
    assert_eq!((judged.findings.len(), judged.remark.as_deref()), (0, Some("one node, ghes-1")));
}

#[test]
fn a_replica_that_does_not_follow_is_named_with_its_service() {
    let pair = topology("Ha", &[("ghes-1", false), ("ghes-2", true)]);
    for (answer, expected) in [
        (
            replication(
                Health::Critical,
                &[("mysql", Health::Critical, "replication has stopped"), ("git", Health::Ok, "fine")],
            ),
            "Replication is not in order: ghes-2 is CRITICAL (mysql: replication has stopped).",
        ),
        (replication(Health::Unknown, &[]), "Replication is not in order: ghes-2 is UNKNOWN."),
        (
            replication(Health::Ok, &[("redis", Health::Other("ODD".to_owned()), "")]),
            "Replication is not in order: ghes-2 is not OK (redis: ODD).",
        ),
        (
            Answer::Said(Replication { status: Some(Health::Warning), nodes: None }),
            "The replication of ghes.corp.example is WARNING; which node is concerned was not said.",
        ),
    ] {
        let found = findings(&pair, None, Some(&answer));
        assert_eq!(ids(&found), ["nodes/not-checked", "nodes/unhealthy"]);
        assert_eq!(found[1].message, expected);
    }
    let untold = findings(&pair, Some(&silent()), Some(&silent()));
    assert_eq!(ids(&untold), ["nodes/not-checked"]);
    assert!(untold[0].message.contains("How the replicas follow was not told: no whole reply came in time."));
    assert!(
        untold[0].message.contains("Which version each node runs was not told: no whole reply came in time.")
    );
}

#[test]
fn versions_that_differ_are_listed() {
    let pair = topology("Ha", &[("ghes-1", false), ("ghes-2", true)]);
    let found = findings(&pair, Some(&versions(&[("ghes-1", "3.19.1"), ("ghes-2", "3.18.4")])), None);
    assert_eq!(ids(&found), ["nodes/not-checked", "nodes/mixed-versions"]);
    assert_eq!(
        found[1].message,
        "The nodes of ghes.corp.example run different versions: ghes-1 runs 3.19.1 and ghes-2 runs 3.18.4."
    );
}

#[test]
fn what_is_not_said_of_a_replica_is_no_good_word() {
    let pair = topology("Ha", &[("ghes-1", false), ("ghes-2", true)]);
    let row = |name: Option<&str>, status: Option<Health>| Replica {
        hostname: name.map(str::to_owned),
        status,
        services: None,
    };
    for (status, nodes, expected) in [
        (Some(Health::Ok), Some(vec![row(Some("GHES-2"), Some(Health::Ok))]), None),
        (Some(Health::Ok), Some(vec![row(None, Some(Health::Ok))]), None),
        (
            Some(Health::Ok),
            Some(vec![row(Some("ghes-1"), Some(Health::Ok))]),
            Some("Replication is not known to be in order: the Manage API says nothing of ghes-2."),
        ),
        (
            Some(Health::Ok),
            Some(vec![row(Some("ghes-2"), None)]),
            Some("Replication is not known to be in order: the Manage API does not say how ghes-2 is."),
        ),
        (None, None, Some("Replication is not known to be in order: the Manage API says nothing of ghes-2.")),
    ] {
        let answer = Answer::Said(Replication { status, nodes });
        let found = findings(&pair, None, Some(&answer));
        let message = found.get(1).map(|finding| (finding.kind.id, finding.message.as_str()));
        assert_eq!(message, expected.map(|message| ("nodes/unhealthy", message)), "{answer:?}");
    }
    // A pair of which no node is called a replica has one all the same.
    let unsaid = topology("ha", &[("ghes-1", false), ("ghes-2", false)]);
    assert!(may_have_replicas(&unsaid));
    let nothing = Answer::Said(Replication { status: None, nodes: None });
    assert_eq!(ids(&findings(&unsaid, None, Some(&nothing))), ["nodes/not-checked", "nodes/unhealthy"]);
}

#[test]
fn two_versions_of_one_node_are_two() {
    let alone = topology("SingleNode", &[("ghes-1", false)]);
    let found = findings(&alone, Some(&versions(&[("ghes-1", "3.19.1"), ("GHES-1", "3.11.2")])), None);
    assert_eq!(ids(&found), ["nodes/mixed-versions"]);
    assert!(
        found[0].message.ends_with("different versions: ghes-1 runs 3.19.1 and 3.11.2."),
        "{}",
        found[0].message
    );
    let pair = topology("Ha", &[("ghes-1", false), ("ghes-2", true)]);
    let found = findings(&pair, Some(&versions(&[("ghes-1", "3.19.1")])), None);
    assert!(found[0].message.ends_with("Which version ghes-2 runs was not told."), "{}", found[0].message);
}

#[test]
fn what_one_node_is_called_decides() {
    let judged = |word: &str, replica| {
        let alone = topology(word, &[("ghes-1", replica)]);
        judge(&seen("ghes", &alone)).map(|judged| ids(&judged.findings))
    };
    assert_eq!(judged("SingleNode", false), Ok(vec![]));
    assert_eq!(judged("singlenode", false), Ok(vec![]));
    assert_eq!(judged("Cluster", false), Ok(vec!["nodes/not-checked"]));
    assert_eq!(judged("SingleNode", true), Ok(vec!["nodes/not-checked"]));
    assert!(matches!(judged("Geo", false), Err(Stop::Trouble(_))));
    let nothing = Node { hostname: None, uuid: None, replica: None, cluster_roles: None };
    let hollow = Topology { topology: Some("SingleNode".to_owned()), nodes: Some(vec![nothing]) };
    assert!(matches!(judge(&seen("ghes", &hollow)), Err(Stop::Trouble(_))));
}

#[test]
fn a_node_in_maintenance_is_named_while_others_serve() {
    let row = |name: &str, status: &str| NodeMaintenance {
        hostname: Some(name.to_owned()),
        uuid: None,
        status: Some(status.to_owned()),
        scheduled_time: None,
        maintenance_mode_message: None,
    };
    let pair = topology("Ha", &[("ghes-1", false), ("ghes-2", true)]);
    let cluster = topology("Cluster", &[("ghes-1", false), ("ghes-2", false)]);
    for (topology, first, second, expected) in [
        (&pair, "off", "off", None),
        (
            &pair,
            "off",
            "on",
            Some("ghes-2 is in maintenance mode, by the Manage API's word, while ghes serves."),
        ),
        // That of the server as a whole, and what is not told, is told by another check.
        (&pair, "on", "on", None),
        (&pair, "odd", "on", None),
        (
            &cluster,
            "on",
            "off",
            Some("ghes-1 is in maintenance mode, by the Manage API's word, while ghes serves."),
        ),
    ] {
        let modes = [row("ghes-1", first), row("ghes-2", second)];
        let judged = judge(&Seen { maintenance: Some(&modes), ..seen("ghes", topology) }).expect("judged");
        let found = judged.findings.iter().find(|finding| finding.kind.id == "nodes/in-maintenance");
        assert_eq!(found.map(|finding| finding.message.as_str()), expected, "{modes:?}");
    }
}

#[test]
fn every_kind_is_a_warning_with_steps() {
    assert!(META.kinds.iter().all(|kind| kind.severity == Severity::Warning && kind.waivable()));
    let pair = topology("Ha", &[("ghes-1", false), ("ghes-2", true)]);
    let mixed = versions(&[("ghes-1", "3.19.1"), ("ghes-2", "3.18.4")]);
    let found = findings(&pair, Some(&mixed), Some(&replication(Health::Warning, &[])));
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|finding| !finding.fix.is_empty()));
}
