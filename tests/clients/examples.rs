//! The program reads the replies that GitHub publishes as examples, from the cloud and from each version of the server.

use std::fs::File;
use std::io::BufReader;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::machine::{bounded, packages};

/// Where a reply is published, which endpoint gives it here, the fact that it becomes, and something that it says.
const SERVER: [(&str, &str, &str, &str, fn() -> Value); 8] = [
    ("/meta", "/api/v3/meta", "server.meta", "/verifiable_password_authentication", || json!(true)),
    (
        "/enterprise/settings/license",
        "/api/v3/enterprise/settings/license",
        "server.licence",
        "/seats",
        || json!(1400),
    ),
    ("/manage/v1/version", "", "manage.version", "/0/hostname", || json!("ghe-local-primary")),
    ("/manage/v1/config/license", "", "manage.licence", "/croquet_support", || json!(true)),
    ("/manage/v1/config/license/check", "", "manage.licence-check", "/status", || json!("valid")),
    ("/manage/v1/config/settings", "", "manage.settings", "/github_hostname", || json!("ghe.local")),
    ("/manage/v1/config/nodes", "", "manage.nodes", "/nodes/0/hostname", || json!("data1")),
    ("/manage/v1/maintenance", "", "manage.maintenance", "/0/status", || json!("scheduled")),
];

const CLOUD: [(&str, &str, &str, &str, fn() -> Value); 3] = [
    (
        "/enterprises/{enterprise}/license-sync-status",
        "/enterprises/acme/license-sync-status",
        "cloud.licence-sync",
        "/server_instances/1/hostname",
        || json!("github2.example.com"),
    ),
    (
        "/enterprises/{enterprise}/consumed-licenses",
        "/enterprises/acme/consumed-licenses",
        "cloud.consumed-licences",
        "/total_seats_consumed",
        || json!(5000),
    ),
    (
        "/enterprise-installation/{enterprise_or_org}/server-statistics",
        "/enterprise-installation/acme/server-statistics",
        "cloud.server-statistics",
        "/0/host_name",
        || json!("github.example.com"),
    ),
];

#[test]
fn the_published_examples_are_understood() -> Result<()> {
    for version in ["3.17", "3.18", "3.19"] {
        let (cloud, server) = (description("ghec")?, description(&format!("ghes-{version}"))?);
        let mut world = format!("[server]\nversion = '{version}.1'\n");
        let sides = [(&cloud, "api.github.com", &CLOUD[..]), (&server, "ghes.corp.example", &SERVER)];
        for (description, host, examples) in sides {
            for (published, path, ..) in examples {
                let example =
                    example(description, published).with_context(|| format!("{published} {version}"))?;
                let body = toml::Value::from(example.to_string());
                let at = if path.is_empty() { format!(":8443{published}") } else { (*path).to_owned() };
                world.push_str(&format!("[endpoint.\"{host}{at}\"]\nbody = {body}\n"));
            }
        }
        let record = checked(&world)?;
        for (.., fact, pointer, expected) in CLOUD.iter().chain(&SERVER) {
            let facts = record["facts"].as_array().context("facts")?;
            let fact_seen = facts.iter().find(|seen| seen["id"] == *fact);
            let said = fact_seen.map(|seen| &seen["value"]["answer"]["said"]);
            let found = said.and_then(|said| said.pointer(pointer));
            ensure!(found == Some(&expected()), "{fact}{pointer} of {version}: {fact_seen:?}");
        }
    }
    Ok(())
}

fn description(name: &str) -> Result<Value> {
    let path = packages()?.join(format!("node_modules/@octokit/openapi/generated/{name}.json"));
    Ok(serde_json::from_reader(BufReader::new(File::open(path)?))?)
}

/// The first published example of an answer.
fn example<'a>(description: &'a Value, path: &str) -> Option<&'a Value> {
    let answer = &description["paths"][path]["get"]["responses"]["200"]["content"]["application/json"];
    let example = answer["examples"].as_object()?.values().next()?;
    let example = match example["$ref"].as_str() {
        Some(reference) => description.pointer(reference.strip_prefix('#')?)?,
        None => example,
    };
    example.get("value")
}

/// The record of a run in a world.
fn checked(world: &str) -> Result<Value> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("world.toml"), world)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_gh-connect"));
    command.args(["check", "--lab=world.toml", "-o", "json"]).current_dir(folder.path());
    let output = bounded(command, Stdio::null())?;
    serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
}
