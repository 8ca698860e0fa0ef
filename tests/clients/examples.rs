//! The program reads the replies that GitHub publishes as examples, from the cloud and from each version of the server.

use std::fs::File;
use std::io::BufReader;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::machine::{bounded, packages};

/// An example, where it is published, which endpoint of the lab gives it, which fact it becomes, and something that the fact
/// then says, in JSON.
struct Example {
    published: &'static str,
    endpoint: &'static str,
    fact: &'static str,
    pointer: &'static str,
    says: &'static str,
}

/// Of the cloud.
const CLOUD: [Example; 3] = [
    Example {
        published: "/enterprises/{enterprise}/license-sync-status",
        endpoint: "api.github.com/enterprises/acme/license-sync-status",
        fact: "cloud.licence-sync",
        pointer: "/server_instances/1/hostname",
        says: r#""github2.example.com""#,
    },
    Example {
        published: "/enterprises/{enterprise}/consumed-licenses",
        endpoint: "api.github.com/enterprises/acme/consumed-licenses",
        fact: "cloud.consumed-licences",
        pointer: "/total_seats_consumed",
        says: r#"5000"#,
    },
    Example {
        published: "/enterprise-installation/{enterprise_or_org}/server-statistics",
        endpoint: "api.github.com/enterprise-installation/acme/server-statistics",
        fact: "cloud.server-statistics",
        pointer: "/0/host_name",
        says: r#""github.example.com""#,
    },
];

/// Of the server, whose licence and nodes only its Manage API tells.
const SERVER: [Example; 8] = [
    Example {
        published: "/meta",
        endpoint: "ghes.corp.example/api/v3/meta",
        fact: "server.meta",
        pointer: "/verifiable_password_authentication",
        says: r#"true"#,
    },
    Example {
        published: "/enterprise/settings/license",
        endpoint: "ghes.corp.example/api/v3/enterprise/settings/license",
        fact: "server.licence",
        pointer: "/seats",
        says: r#"1400"#,
    },
    Example {
        published: "/manage/v1/version",
        endpoint: "ghes.corp.example:8443/manage/v1/version",
        fact: "manage.version",
        pointer: "/0/hostname",
        says: r#""ghe-local-primary""#,
    },
    Example {
        published: "/manage/v1/config/license",
        endpoint: "ghes.corp.example:8443/manage/v1/config/license",
        fact: "manage.licence",
        pointer: "/croquet_support",
        says: r#"true"#,
    },
    Example {
        published: "/manage/v1/config/license/check",
        endpoint: "ghes.corp.example:8443/manage/v1/config/license/check",
        fact: "manage.licence-check",
        pointer: "/status",
        says: r#""valid""#,
    },
    Example {
        published: "/manage/v1/config/settings",
        endpoint: "ghes.corp.example:8443/manage/v1/config/settings",
        fact: "manage.settings",
        pointer: "/github_hostname",
        says: r#""ghe.local""#,
    },
    Example {
        published: "/manage/v1/config/nodes",
        endpoint: "ghes.corp.example:8443/manage/v1/config/nodes",
        fact: "manage.nodes",
        pointer: "/nodes/0/hostname",
        says: r#""data1""#,
    },
    Example {
        published: "/manage/v1/maintenance",
        endpoint: "ghes.corp.example:8443/manage/v1/maintenance",
        fact: "manage.maintenance",
        pointer: "/0/status",
        says: r#""scheduled""#,
    },
];

#[test]
fn the_published_examples_are_understood() -> Result<()> {
    for version in ["3.17", "3.18", "3.19"] {
        let (cloud, server) = (description("ghec")?, description(&format!("ghes-{version}"))?);
        // What servers have sent is asked for where this one is on record as connected.
        let record = "[[enterprise.installation]]\nhost-name = 'ghes.corp.example'\n";
        let mut world = format!("[server]\nversion = '{version}.1'\n{record}");
        for (description, examples) in [(&cloud, &CLOUD[..]), (&server, &SERVER)] {
            for Example { published, endpoint, .. } in examples {
                let example = example(description, published);
                let body = toml::Value::from(example.context(*published)?.to_string());
                world.push_str(&format!("[endpoint.\"{endpoint}\"]\nbody = {body}\n"));
            }
        }
        let record = checked(&world)?;
        for Example { fact, pointer, says, .. } in CLOUD.iter().chain(&SERVER) {
            let seen = record["facts"].as_array().context("facts")?.iter().find(|seen| seen["id"] == *fact);
            let found = seen.and_then(|seen| seen["value"]["answer"]["said"].pointer(pointer));
            let found = found.map(Value::to_string);
            ensure!(found.as_deref() == Some(*says), "{fact}{pointer} of {version}: {found:?} in {seen:?}");
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
