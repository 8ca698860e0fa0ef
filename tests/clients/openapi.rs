//! GitHub's published OpenAPI descriptions, with ajv to hold the lab's replies against them.

use anyhow::Result;
use serde_json::json;

use crate::machine::{Machine, node};

/// What the program asks of the Manage API.
const MANAGE: [&str; 8] = [
    "version",
    "config/license",
    "config/license/check",
    "config/settings",
    "config/nodes",
    "replication/status",
    "cluster/status",
    "maintenance",
];

const BUSY: &str = r#"
[[enterprise.installation]]
host-name = "ghes.corp.example"
[[enterprise.license-sync]]
host-name = "ghes.corp.example"
[[enterprise.license-sync]]
host-name = "old.corp.example"
status = "failed"
error = "no \"answer\""
[[enterprise.statistics]]
host-name = "ghes.corp.example"
features = ["license_usage_sync", "server_stats"]
[server]
http-proxy = "http://user:pass@proxy.corp.example:3128"
maintenance = "scheduled"
[server.license]
evaluation = true
perpetual = true
seats = 0
"#;

const HIGH_AVAILABILITY: &str = r#"
[server]
version = "3.18.2"
[[server.node]]
[[server.node]]
replica = true
replication = "warning"
trouble = "mysql"
"#;

const CLUSTER: &str = r#"
[server]
version = "3.17.9"
[[server.node]]
cluster-roles = ["ElasticsearchServer", "StorageServer"]
[[server.node]]
cluster-roles = ["GitServer"]
replication = "critical"
version = "3.17.8"
"#;

#[test]
fn the_replies_are_as_published() -> Result<()> {
    let events = |table: &str| {
        let event = |number: u32| {
            format!(
                "[[{table}.audit-log]]\naction = 'business.test'\nat = '{number} hours ago'\nactor-ip = '192.0.2.1'\n"
            )
        };
        (1..250).map(event).collect::<String>()
    };
    let machines = [
        Machine::start("healthy", "")?,
        Machine::start("busy", BUSY)?,
        Machine::start("high availability", HIGH_AVAILABILITY)?,
        Machine::start("cluster", CLUSTER)?,
        Machine::start("long audit logs", &format!("{}{}", events("enterprise"), events("server")))?,
    ];
    node(include_str!("openapi.mjs"), &machines, &json!({ "manage": MANAGE, "statuses": [200] }))
}

#[test]
fn the_refusals_are_as_published() -> Result<()> {
    let machines = [
        Machine::start("revoked", "token.cloud.revoked = true\ntoken.server.revoked = true")?,
        Machine::start("no scope", "token.cloud.scopes = []\ntoken.server.scopes = []")?,
        Machine::start("no scope, in words", "token.cloud.scopes = []\nenterprise.refusal-status = 403")?,
        Machine::start("fine-grained", "token.cloud.kind = 'fine-grained'")?,
        Machine::start("single sign-on", "token.cloud.sso = 'required'")?,
        Machine::start("policy", "token.cloud.forbidden-by-policy = true")?,
        Machine::start("rate limit", "token.cloud.remaining = 0\ntoken.server.remaining = 0")?,
        Machine::start("allow list", "enterprise.allow-list.entries = [{ value = '192.0.2.1' }]")?,
        Machine::start("ghe.com", "target.ghe-com = 'octo'")?,
        Machine::start("locked out", "token.cloud.revoked = true\nenterprise.lockout-after = 1")?,
        Machine::start("private", "server.private-mode = 'on'\ntoken.server.revoked = true")?,
    ];
    let more = json!({ "manage": MANAGE, "statuses": [200, 401, 403, 404, 429] });
    node(include_str!("openapi.mjs"), &machines, &more)
}

#[test]
fn what_nobody_in_particular_gets_is_as_published() -> Result<()> {
    let machines = [
        Machine::start("healthy", "")?,
        Machine::start("private", "server.private-mode = 'on'")?,
        Machine::start("private, in other words", "server.private-mode = 'requires-authentication'")?,
        Machine::start("private but meta", "server.private-mode = 'on-but-meta'")?,
    ];
    let more = json!({ "manage": MANAGE, "statuses": [200, 401, 404], "anonymous": true });
    node(include_str!("openapi.mjs"), &machines, &more)
}
