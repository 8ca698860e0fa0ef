//! What a pass rests on: a value that would keep a run from passing if it were bad keeps it from passing when it is not
//! said, null, or of another type, too. And a list that a pass rests on is whole: no element null, and none twice.

mod support;

use gh_connect_engine::Severity;
use support::{Ran, failures_of, gh_connect, world};

/// A value in a reply of the lab.
struct Value {
    /// What differs from the healthy world, so that the value decides.
    world: &'static str,
    /// Whose reply, and to which question where the address does not tell.
    endpoint: &'static str,
    about: Option<&'static str>,
    /// What else is unusual about it.
    besides: &'static str,
    /// Where in the reply.
    place: &'static str,
    /// What may not stand there, in TOML.
    bad: &'static str,
    /// Whether null is a good value: a provider that is not there, a proxy that is not used.
    null_is_good: bool,
}

const VALUE: Value =
    Value { world: "", endpoint: "", about: None, besides: "", place: "", bad: "", null_is_good: false };
const ENTERPRISE: Value =
    Value { endpoint: "api.github.com/graphql", about: Some("enterpriseServerInstallations"), ..VALUE };
const ENTRIES: Value = Value { about: Some("ipAllowListEntries"), ..ENTERPRISE };
const LIST_OFF: &str = "[enterprise.allow-list]\nenabled = false\nentries = []\n";
const ANOTHER_SERVER: &str = "[[enterprise.installation]]\nhost-name = \"other.corp.example\"\n";
const PAIR: &str = "[[server.node]]\nhost-name = \"a\"\n[[server.node]]\nhost-name = \"b\"\nreplica = true\n";

const VALUES: &[Value] = &[
    Value { place: "data.enterprise.slug", bad: "\"other\"", ..ENTERPRISE },
    Value { place: "data.enterprise.viewerIsAdmin", bad: "false", ..ENTERPRISE },
    Value {
        world: LIST_OFF,
        place: "data.enterprise.ownerInfo.ipAllowListEnabledSetting",
        bad: "\"ENABLED\"",
        ..ENTERPRISE
    },
    Value {
        world: LIST_OFF,
        place: "data.enterprise.ownerInfo.oidcProvider",
        bad: "{ providerType = \"AAD\" }",
        null_is_good: true,
        ..ENTERPRISE
    },
    Value {
        world: ANOTHER_SERVER,
        place: "data.enterprise.ownerInfo.enterpriseServerInstallations.totalCount",
        bad: "2",
        ..ENTERPRISE
    },
    Value {
        world: ANOTHER_SERVER,
        place: "data.enterprise.ownerInfo.enterpriseServerInstallations.nodes.0.hostName",
        bad: "\"ghes.corp.example\"",
        ..ENTERPRISE
    },
    Value {
        world: "[[enterprise.installation]]\nhost-name = \"ghes.corp.example\"\nis-connected = false\n",
        place: "data.enterprise.ownerInfo.enterpriseServerInstallations.nodes.0.isConnected",
        bad: "true",
        ..ENTERPRISE
    },
    Value { place: "data.enterprise.ownerInfo.ipAllowListEntries.totalCount", bad: "3", ..ENTRIES },
    Value {
        place: "data.enterprise.ownerInfo.ipAllowListEntries.nodes.1.allowListValue",
        bad: "\"192.0.2.1\"",
        ..ENTRIES
    },
    Value { place: "data.enterprise.ownerInfo.ipAllowListEntries.nodes.1.isActive", bad: "false", ..ENTRIES },
    Value {
        place: "data.enterprise.ownerInfo.ipAllowListEntries.nodes.1.owner.__typename",
        bad: "\"App\"",
        ..ENTRIES
    },
    Value { endpoint: "ghes.corp.example/api/v3/user", place: "site_admin", bad: "false", ..VALUE },
    Value {
        world: "[endpoint.\"ghes.corp.example:8443/manage/v1/version\"]\nwithout = [\"0.version\"]\n",
        endpoint: "ghes.corp.example/api/v3/meta",
        besides: "headers = { x-github-enterprise-version = \"\" }\n",
        place: "installed_version",
        bad: "\"3.11.0\"",
        ..VALUE
    },
    Value {
        endpoint: "ghes.corp.example:8443/manage/v1/config/license",
        place: "croquetSupport",
        bad: "false",
        ..VALUE
    },
    Value {
        world: "[endpoint.\"ghes.corp.example/api/v3/enterprise/settings/license\"]\nwithout = [\"kind\"]\n",
        endpoint: "ghes.corp.example:8443/manage/v1/config/license",
        place: "evaluation",
        bad: "true",
        ..VALUE
    },
    Value {
        endpoint: "ghes.corp.example:8443/manage/v1/config/license/check",
        place: "status",
        bad: "\"invalid\"",
        ..VALUE
    },
    Value {
        endpoint: "ghes.corp.example:8443/manage/v1/maintenance",
        place: "0.status",
        bad: "\"on\"",
        ..VALUE
    },
    Value {
        endpoint: "ghes.corp.example:8443/manage/v1/config/settings",
        place: "http_proxy",
        bad: "\"socks5://proxy.corp.example\"",
        null_is_good: true,
        ..VALUE
    },
    Value {
        endpoint: "ghes.corp.example:8443/manage/v1/config/settings",
        place: "github_hostname",
        bad: "\"other.corp.example\"",
        ..VALUE
    },
    Value {
        world: PAIR,
        endpoint: "ghes.corp.example:8443/manage/v1/replication/status",
        place: "nodes.1.status",
        bad: "\"CRITICAL\"",
        ..VALUE
    },
];

/// Lists whose elements decide; the place of their first one.
const LISTS: &[Value] = &[
    Value {
        world: ANOTHER_SERVER,
        place: "data.enterprise.ownerInfo.enterpriseServerInstallations.nodes.0",
        ..ENTERPRISE
    },
    Value { place: "data.enterprise.ownerInfo.ipAllowListEntries.nodes.0", ..ENTRIES },
    Value { endpoint: "ghes.corp.example:8443/manage/v1/config/nodes", place: "nodes.0", ..VALUE },
    Value { endpoint: "ghes.corp.example:8443/manage/v1/maintenance", place: "0", ..VALUE },
    Value {
        world: PAIR,
        endpoint: "ghes.corp.example:8443/manage/v1/replication/status",
        place: "nodes.1",
        ..VALUE
    },
];

#[test]
fn what_would_not_pass_if_it_were_bad_does_not_pass_unsaid() {
    let failures = failures_of(VALUES, |value| {
        let Value { place, bad, null_is_good, .. } = value;
        let usual = value.run("")?;
        let with_bad = value.run(&format!("set = {{ \"{place}\" = {bad} }}"))?;
        if !usual.passes_beside(&with_bad) {
            return Err(format!("{place} = {bad} decides nothing{}", with_bad.seen()));
        }
        let another_type = if bad.starts_with('"') { "5" } else { "\"text\"" };
        let unsaid = [
            format!("without = [\"{place}\"]"),
            format!("null = [\"{place}\"]"),
            format!("set = {{ \"{place}\" = {another_type} }}"),
            format!("set = {{ \"{place}\" = {{ inner = {bad} }} }}"),
        ];
        for change in unsaid.iter().filter(|change| !(*null_is_good && change.starts_with("null"))) {
            let ran = value.run(change)?;
            if !usual.passes_beside(&ran) {
                return Err(format!("{change} passes{}", ran.seen()));
            }
        }
        Ok(())
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_list_with_a_gap_or_with_an_element_twice_does_not_pass() {
    let failures = failures_of(LISTS, |value| {
        let place = value.place;
        let usual = value.run("")?;
        for change in [format!("null = [\"{place}\"]"), format!("twice = [\"{place}\"]")] {
            let ran = value.run(&change)?;
            // Of a node that is named twice the same is known.
            let harmless = change.starts_with("twice") && !value.endpoint.contains("graphql");
            if !harmless && !usual.passes_beside(&ran) {
                return Err(format!("{change} passes{}", ran.seen()));
            }
        }
        Ok(())
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

impl Value {
    fn run(&self, change: &str) -> Result<Ran, String> {
        let Self { world: text, endpoint, about, besides, .. } = self;
        let about = about.map_or_else(String::new, |about| format!("about = \"{about}\"\n"));
        let world = world("whole", &format!("{text}[endpoint.\"{endpoint}\"]\n{about}{besides}{change}\n"));
        let output =
            gh_connect(["check", &world.argument(), "-o", "json"]).output().map_err(|it| it.to_string())?;
        Ran::of(&output).map_err(|error| format!("{change}: {error}"))
    }
}

trait Passes {
    /// Whether this run passes, and the other one does not, or only with a warning that this one has not.
    fn passes_beside(&self, other: &Ran) -> bool;
}

impl Passes for Ran {
    fn passes_beside(&self, other: &Ran) -> bool {
        let warnings = |ran: &Ran| -> Vec<String> {
            let findings = ran.record.checks.iter().flat_map(|check| &check.findings);
            findings
                .filter(|it| it.severity == Severity::Warning)
                .map(|it| format!("{}: {}", it.id, it.message))
                .collect()
        };
        let usual = warnings(self);
        self.exit == 0 && (other.exit != 0 || warnings(other).iter().any(|warning| !usual.contains(warning)))
    }
}
