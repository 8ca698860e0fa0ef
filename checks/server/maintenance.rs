//! Whether the server is in maintenance mode, by the Manage API's word on each of its nodes.

use gh_connect_github::manage::{Node, NodeMaintenance, Topology};
use jiff::Timestamp;

use crate::connection::moment;

/// What the Manage API's words on the nodes come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Maintenance<'a> {
    /// No node that serves pages is in maintenance mode. These others are.
    Off(Vec<&'a NodeMaintenance>),
    /// These nodes are, and others serve.
    Partly(Vec<&'a NodeMaintenance>),
    /// No node is left that serves.
    On(Vec<&'a NodeMaintenance>),
    /// That cannot be told, and why: only a plain no is one.
    Untold(String),
}

/// The word on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Mode {
    On,
    Off,
    Untold(String),
}

impl<'a> Maintenance<'a> {
    /// By the modes and, where it is known, by which nodes are replicas: those serve no pages.
    pub(crate) fn of(modes: &'a [NodeMaintenance], topology: Option<&Topology>, now: Timestamp) -> Self {
        let nodes = topology.and_then(|topology| topology.nodes.as_deref()).unwrap_or_default();
        let is_other =
            |mode: &NodeMaintenance| nodes.iter().any(|node| is_of(mode, node) && !serves(node, nodes));
        let (replicas, serving): (Vec<_>, Vec<_>) = modes.iter().partition(|mode| is_other(mode));
        // Of two words on one node the worse counts.
        let is_on = |mode: &&NodeMaintenance| {
            let words = modes.iter().filter(|other| std::ptr::eq(*other, *mode) || is_same(other, mode));
            words.into_iter().any(|mode| mode_of(mode, now) == Mode::On)
        };
        let (on, others): (Vec<_>, Vec<_>) = serving.into_iter().partition(is_on);
        if !on.is_empty() && others.is_empty() {
            return Self::On(on);
        }
        if let Some(why) = others.iter().find_map(|mode| match mode_of(mode, now) {
            Mode::Untold(why) => Some(why),
            Mode::On | Mode::Off => None,
        }) {
            return Self::Untold(why);
        }
        if let Some(why) = missing(modes, nodes) {
            return Self::Untold(why);
        }
        match on.is_empty() {
            true => Self::Off(replicas.into_iter().filter(is_on).collect()),
            false => Self::Partly(on.into_iter().chain(replicas.into_iter().filter(is_on)).collect()),
        }
    }
}

/// The nodes besides those that serve on whose mode there is no word, or none that means anything.
pub(crate) fn untold_replicas<'a>(
    modes: &[NodeMaintenance],
    topology: &'a Topology,
    now: Timestamp,
) -> Vec<&'a str> {
    let nodes = topology.nodes.as_deref().unwrap_or_default();
    let is_told = |node: &&Node| {
        let mut words = modes.iter().filter(|mode| is_of(mode, node)).map(|mode| mode_of(mode, now));
        words.next().is_some_and(|first| {
            std::iter::once(first).chain(words).all(|word| !matches!(word, Mode::Untold(_)))
        })
    };
    let untold = nodes.iter().filter(|node| !serves(node, nodes)).filter(|node| !is_told(node));
    untold.map(|node| node.hostname.as_deref().unwrap_or("a replica")).collect()
}

/// Whether a page says that maintenance is going on, in whatever case and with whatever between the letters.
pub(super) fn is_said_on(page: &str) -> bool {
    let letters: String =
        page.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    MAINTENANCE.iter().any(|word| {
        letters.match_indices(word).any(|(at, _)| {
            let (before, after) = (&letters[..at], &letters[at + word.len()..]);
            let after =
                ["mode", "status", "is"].iter().fold(after, |after, word| after.trim_start_matches(word));
            !NOT.iter().any(|not| before.ends_with(not)) && !OFF.iter().any(|off| after.starts_with(off))
        })
    })
}

/// When maintenance begins, where it is to come.
pub(crate) fn scheduled(modes: &[NodeMaintenance]) -> Option<Option<&str>> {
    let scheduled = modes.iter().find(|mode| word(mode).is_some_and(|word| word == SCHEDULED))?;
    Some(scheduled.scheduled_time.as_deref())
}

fn mode_of(mode: &NodeMaintenance, now: Timestamp) -> Mode {
    let node = mode.hostname.as_deref().unwrap_or("the server");
    let Some(word) = word(mode) else {
        return Mode::Untold(format!("the Manage API does not say whether {node} is"));
    };
    match word.as_str() {
        "on" | "true" | "enabled" => Mode::On,
        "off" | "false" | "disabled" => Mode::Off,
        SCHEDULED => match mode.scheduled_time.as_deref().and_then(moment) {
            Some(at) if at <= now => Mode::Untold(format!(
                "the maintenance of {node} was scheduled for {at}, which is over, and is still called scheduled"
            )),
            _ => Mode::Off,
        },
        _ => Mode::Untold(format!("that of {node} is called \"{word}\", which has no published meaning")),
    }
}

fn word(mode: &NodeMaintenance) -> Option<String> {
    mode.status.as_deref().map(|word| word.trim().to_ascii_lowercase()).filter(|word| !word.is_empty())
}

/// Why nothing is known of a node that serves: no word is on it, and none that could be.
fn missing(modes: &[NodeMaintenance], nodes: &[Node]) -> Option<String> {
    if modes.is_empty() {
        return Some("the Manage API names no node's".to_owned());
    }
    let unmatched = modes.iter().filter(|mode| !nodes.iter().any(|node| is_of(mode, node))).count();
    let serving = nodes.iter().filter(|node| serves(node, nodes));
    let mut untold = serving.filter(|node| !modes.iter().any(|mode| is_of(mode, node))).skip(unmatched);
    let node = untold.next()?;
    let name = node.hostname.as_deref().unwrap_or("one of the nodes");
    Some(format!("the Manage API does not say whether {name} is"))
}

/// Whether a node serves pages: no replica does, and in a cluster whose nodes have roles, a web server.
fn serves(node: &Node, nodes: &[Node]) -> bool {
    let is_web =
        |node: &Node| node.cluster_roles.iter().flatten().any(|role| role.eq_ignore_ascii_case("WebServer"));
    node.replica != Some(true) && (is_web(node) || !nodes.iter().any(is_web))
}

fn is_of(mode: &NodeMaintenance, node: &Node) -> bool {
    is_alike([&mode.uuid, &node.uuid]) || is_alike([&mode.hostname, &node.hostname])
}

fn is_same(one: &NodeMaintenance, other: &NodeMaintenance) -> bool {
    is_alike([&one.uuid, &other.uuid]) || is_alike([&one.hostname, &other.hostname])
}

fn is_alike(names: [&Option<String>; 2]) -> bool {
    matches!(names, [Some(one), Some(other)] if one.eq_ignore_ascii_case(other))
}

const SCHEDULED: &str = "scheduled";
/// The word in the languages in which such pages come.
const MAINTENANCE: &[&str] = &[
    "maintenance",
    "wartung",
    "mantenimiento",
    "manutenção",
    "manutenzione",
    "onderhoud",
    "underhåll",
    "vedligehold",
    "vedlikehold",
    "konserwac",
    "údržb",
    "karbantart",
    "bakım",
    "обслуживани",
    "メンテナンス",
    "维护",
    "維護",
    "점검",
];
const NOT: &[&str] = &["notin", "notunder", "isno", "keine"];
const OFF: &[&str] = &["off", "false", "disabled", "null", "none"];

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, status: Option<&str>, time: Option<&str>) -> NodeMaintenance {
        NodeMaintenance {
            hostname: Some(name.to_owned()),
            uuid: None,
            status: status.map(str::to_owned),
            scheduled_time: time.map(str::to_owned),
            maintenance_mode_message: None,
        }
    }

    fn topology(nodes: &[(&str, bool)]) -> Topology {
        let node = |(name, replica): &(&str, bool)| Node {
            hostname: Some((*name).to_owned()),
            uuid: Some(format!("id of {name}")),
            replica: Some(*replica),
            cluster_roles: None,
        };
        Topology { topology: None, nodes: Some(nodes.iter().map(node).collect()) }
    }

    /// `off`, `off: b`, `partly: a`, `on: a, b`, `untold`
    fn told(modes: &[NodeMaintenance], topology: Option<&Topology>) -> String {
        let now = "2026-11-22T12:00:00Z".parse().expect("a time");
        let (word, nodes) = match Maintenance::of(modes, topology, now) {
            Maintenance::Untold(_) => return "untold".to_owned(),
            Maintenance::Off(nodes) => ("off", nodes),
            Maintenance::Partly(nodes) => ("partly", nodes),
            Maintenance::On(nodes) => ("on", nodes),
        };
        let names: Vec<&str> = nodes.iter().filter_map(|mode| mode.hostname.as_deref()).collect();
        if names.is_empty() { word.to_owned() } else { format!("{word}: {}", names.join(", ")) }
    }

    #[test]
    fn a_page_says_it_in_any_spelling() {
        for (page, expected) in [
            ("Down for maintenance", true),
            ("MAINTENANCE MODE", true),
            ("GitHub is in main\u{ad}tenance.", true),
            ("Wartungsarbeiten", true),
            ("メンテナンス中", true),
            ("GitHub lives!", false),
            ("", false),
            ("{\"status\": \"ok\", \"maintenance\": \"off\"}", false),
            ("{\"maintenance_mode\": false}", false),
            ("{\"maintenance_mode\": true}", true),
            ("This server is not in maintenance mode.", false),
        ] {
            assert_eq!(is_said_on(page), expected, "{page}");
        }
    }

    #[test]
    fn only_what_is_plainly_off_is_off() {
        for (status, time, expected) in [
            (Some("off"), None, "off"),
            (Some(" OFF "), None, "off"),
            (Some("false"), None, "off"),
            (Some("Disabled"), None, "off"),
            (Some("on"), None, "on: a"),
            (Some("On"), None, "on: a"),
            (Some("ON"), None, "on: a"),
            (Some("enabled"), None, "on: a"),
            (Some("true"), None, "on: a"),
            (Some("scheduled"), None, "off"),
            (Some("Scheduled"), Some("2026-11-23T00:00:00+00:00"), "off"),
            (Some("scheduled"), Some("2026-11-22T11:59:00+00:00"), "untold"),
            (Some("starting"), None, "untold"),
            (Some("not on"), None, "untold"),
            (Some(""), None, "untold"),
            (None, None, "untold"),
        ] {
            let alone = topology(&[("a", false)]);
            assert_eq!(told(&[row("a", status, time)], Some(&alone)), expected, "{status:?} {time:?}");
            assert_eq!(told(&[row("a", status, time)], None), expected, "{status:?} {time:?}");
        }
        assert_eq!(told(&[], None), "untold");
    }

    #[test]
    fn a_server_serves_while_one_of_its_nodes_does() {
        let pair = topology(&[("a", false), ("b", true)]);
        let cluster = topology(&[("a", false), ("b", false)]);
        let both = |a: &str, b: &str| [row("A", Some(a), None), row("b", Some(b), None)];
        for (modes, topology, expected) in [
            (&both("off", "off")[..], &pair, "off"),
            (&both("off", "on"), &pair, "off: b"),
            (&both("on", "off"), &pair, "on: A"),
            (&both("on", "on"), &pair, "on: A"),
            (&both("off", "odd"), &pair, "off"),
            (&both("odd", "on"), &pair, "untold"),
            (&both("off", "on"), &cluster, "partly: b"),
            (&both("on", "on"), &cluster, "on: A, b"),
            (&both("on", "odd"), &cluster, "untold"),
            // A node of which nothing is told.
            (&[row("b", Some("on"), None)], &pair, "untold"),
            (&[row("a", Some("off"), None)], &cluster, "untold"),
            (&[row("a", Some("off"), None)], &pair, "off"),
            // One by a name that the configuration does not have may be the one that it names otherwise.
            (&[row("a", Some("off"), None), row("data1", Some("off"), None)], &cluster, "off"),
            // Two words on one node.
            (&[row("a", Some("off"), None), row("a", Some("on"), None)], &pair, "on: a, a"),
            (&[row("b", Some("off"), None), row("b", Some("off"), None)], &cluster, "untold"),
        ] {
            assert_eq!(told(modes, Some(topology)), expected, "{modes:?}");
        }
        for (modes, expected) in [
            (&both("off", "on")[..], &[][..]),
            (&both("off", "odd"), &["b"]),
            (&[row("a", Some("off"), None)], &["b"]),
        ] {
            let now = "2026-11-22T12:00:00Z".parse().expect("a time");
            assert_eq!(untold_replicas(modes, &pair, now), expected, "{modes:?}");
        }
        let mut roles = topology(&[("a", false), ("b", false)]);
        for (node, role) in roles.nodes.iter_mut().flatten().zip(["WebServer", "MysqlServer"]) {
            node.cluster_roles = Some(vec![role.to_owned()]);
        }
        assert_eq!(told(&both("off", "on"), Some(&roles)), "off: b");
        assert_eq!(told(&both("on", "off"), Some(&roles)), "on: A");
        let by_id =
            NodeMaintenance { uuid: Some("ID OF b".to_owned()), ..row("elsewhere", Some("on"), None) };
        assert_eq!(told(&[row("a", Some("off"), None), by_id], Some(&pair)), "off: elsewhere");
    }
}
