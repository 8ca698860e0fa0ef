//! Octokit: GitHub's own client for JavaScript, with its plug-ins for pages and limits.

use anyhow::Result;
use serde_json::json;

use crate::machine::{Machine, node};

const WORLD: &str = r#"
[enterprise.allow-list]
generated = 250
[[enterprise.license-sync]]
host-name = "ghes.corp.example"
[[enterprise.statistics]]
host-name = "ghes.corp.example"
[token.narrow]
side = "cloud"
value = "ghp_LabNarrow"
scopes = ["repo"]
[token.sso]
side = "cloud"
value = "ghp_LabSso"
sso = "required"
[token.banned]
side = "cloud"
value = "ghp_LabBanned"
forbidden-by-policy = true
[token.spent]
side = "cloud"
value = "ghp_LabSpent"
remaining = 0
[endpoint."api.github.com/emojis"]
answer = "secondary-rate-limit"
"#;

#[test]
fn octokit_finds_what_it_expects() -> Result<()> {
    let event = |number: u32| {
        let action = if number.is_multiple_of(2) { "even" } else { "odd" };
        format!("[[enterprise.audit-log]]\naction = 'business.{action}'\nat = '{number} hours ago'\n")
    };
    let events: String = (1..=EVENTS).map(event).collect();
    let machine = Machine::start("octokit", &format!("{WORLD}{events}"))?;
    let more = json!({
        "enterprise": include_str!("../../github/queries/enterprise.graphql"),
        "allowList": include_str!("../../github/queries/allow-list.graphql"),
        "entries": 252,
        "people": 412,
        "events": EVENTS,
    });
    node(include_str!("octokit.mjs"), &[machine], &more)
}

const EVENTS: u32 = 150;
