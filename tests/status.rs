//! `status`: what both sides say, as text and as JSON, in worlds where they agree, where they do not, and where one is silent.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use serde_json::Value;
use support::{gh_connect, read, world};

/// What a run of `status` printed.
struct Told {
    exit: Option<i32>,
    json: Value,
    text: String,
}

/// Runs it twice in a world, for either format, and holds against each other what must be so in any world.
fn status(lab: &str) -> Told {
    let run = |format: &str| {
        let output = gh_connect(["status", lab, "--timeout", "1", "-o", format]).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        for proof in [
            "Lab: 0 requests for pages, 0 of them changed something.",
            " after it, 0 of them asked for a change.",
        ] {
            assert!(stderr.contains(proof), "{lab}: {stderr}");
        }
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), stderr)
    };
    let ((exit, json, stderr), (exit_of_text, text, _)) = (run("json"), run("table"));
    let json: Value = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}{stderr}"));
    assert_eq!((exit, &json["exit_code"]), (exit_of_text, &exit.into()), "{text}");
    let errors: Vec<String> = validator().iter_errors(&json).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}: {json:#}");
    Told { exit, json, text }
}

fn validator() -> jsonschema::Validator {
    let schema = read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/status-1.json"));
    jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap()
}

const PARTS: [&str; 5] =
    ["installations", "license_sync", "statistics", "cloud_audit_log", "server_audit_log"];

#[test]
fn zero_is_only_where_both_sides_agree() {
    for (id, exit, verdict, headline) in [
        ("healthy", 1, "not-connected", "Not connected: by what both sides say, it is not connected yet"),
        ("connection/already-connected", 0, "connected", "Connected: GHES.corp.example is connected to acme"),
        ("connection/orphaned", 1, "orphaned", "Not connected, although GitHub has a record of it: "),
        ("connection/elsewhere", 1, "elsewhere", "although the server has a connection: "),
        ("connection/leftover", 1, "not-connected", "Not connected: acme has a record of ghes.corp.example"),
        ("connection/unproven", 3, "undetermined", "Undecided: acme has a record"),
        ("token/missing", 3, "undetermined", "Undecided: There is no token for GitHub Enterprise Cloud"),
        ("server/unreachable", 3, "undetermined", "Undecided: ghes.corp.example:443 refuses connections"),
        // A fault of the network beside the APIs' way keeps nothing from being known.
        ("tls/untrusted-issuer", 1, "not-connected", "Not connected"),
    ] {
        let told = status(&format!("--lab={id}"));
        assert_eq!(
            (told.exit, told.json["verdict"].as_str()),
            (Some(exit), Some(verdict)),
            "{id}: {}",
            told.text
        );
        assert!(told.text.lines().next().unwrap().contains(headline), "{id}: {}", told.text);
    }
}

/// A connection that was made, and has sent everything that a server sends.
const WHOLE: &str = "about = 'connected'
[server]
audit-log = [{ action = 'dotcom_connection.create', at = '30 days ago', actor = 'ghe-admin', actor-ip = '192.0.2.7' }]
[enterprise]
audit-log = [{ action = 'dotcom_connection.create', at = '30 days ago', actor-ip = '192.0.2.8' }]
[[enterprise.installation]]
host-name = 'ghes.corp.example'
created = '30 days ago'
updated = '1 days ago'
[[enterprise.installation]]
host-name = 'other.example'
[[enterprise.license-sync]]
host-name = 'ghes.corp.example'
at = '1 days ago'
[[enterprise.statistics]]
host-name = 'ghes.corp.example'
at = '1 days ago'
features = ['license_usage_sync', 'contributions']
";

#[test]
fn everything_that_is_in_one_format_is_in_the_other() {
    let file = world("whole", WHOLE);
    for lab in [file.argument(), "--lab=connection/orphaned".to_owned(), "--lab=token/missing".to_owned()] {
        let told = status(&lab);
        let texts = texts_of(&told.json);
        assert!(texts.len() > 10, "{texts:?}");
        for said in texts {
            // The times of two runs differ, as those of two worlds do.
            let is_time = said.parse::<jiff::Timestamp>().is_ok();
            let is_state = told.json["verdict"] == said.as_str();
            assert!(is_time || is_state || told.text.contains(&said), "{said:?} is not in\n{}", told.text);
        }
    }
    let told = status(&file.argument());
    assert_eq!(told.exit, Some(0), "{}", told.text);
    for part in PARTS {
        assert_eq!(told.json[part]["said"].as_array().map(Vec::len), Some(1), "{part}: {:#}", told.json);
    }
    let record = &told.json["installations"]["said"][0];
    assert!(record["updated_at"].is_string() && record["is_connected"] == true, "{record}");
    for words in
        [", last changed 2", "on: license_usage_sync, contributions", " from 192.0.2.7", " from 192.0.2.8"]
    {
        assert!(told.text.contains(words), "{words}: {}", told.text);
    }
    assert!(!told.text.contains("other.example,"), "{}", told.text);
}

/// Every text in the values.
fn texts_of(json: &Value) -> Vec<String> {
    match json {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().flat_map(texts_of).collect(),
        Value::Object(map) => map.values().flat_map(texts_of).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_side_that_is_silent_leaves_what_the_other_says() {
    let graphql = "[endpoint.'api.github.com/graphql']\nanswer = 'silent'\n";
    let cloud = "[host.'api.github.com'.https]\nanswer = 'silent'\n";
    let server = "[host.'ghes.corp.example'.port-443]\ntcp = 'silent'\n";
    let log = "[endpoint.'ghes.corp.example/api/v3/enterprises/corp/audit-log']\nanswer = 'silent'\n";
    let all = ["installations", "license_sync", "statistics", "cloud_audit_log"];
    for (text, unread, who) in [
        (graphql, &all[..1], "operator"),
        (cloud, &all[..], "network"),
        (server, &["server_audit_log"][..], "server-admin"),
        (log, &["server_audit_log"][..], "server-admin"),
    ] {
        let file = world(
            "silent",
            &format!("about = 'a side is silent'\n{text}{}", WHOLE.replace("about = 'connected'\n", "")),
        );
        let told = status(&file.argument());
        for part in PARTS {
            let json = &told.json[part];
            assert_eq!(json["said"].is_array(), !unread.contains(&part), "{part} in {text}: {}", told.text);
            assert_eq!(
                json["unread"]["do"][0]["owner"].as_str(),
                unread.contains(&part).then_some(who),
                "{text}{json}"
            );
        }
    }
}

#[test]
fn on_ghe_com_there_are_no_statistics() {
    let file = world("ghe-com", "about = 'GHE.com'\n[target]\nghe-com = 'acme'\n");
    let told = status(&file.argument());
    assert!(told.json["statistics"]["not_applicable"].is_string(), "{:#}", told.json);
    assert_eq!(told.json["cloud"], "acme.ghe.com");
    assert!(told.text.contains("statistics: does not apply"), "{}", told.text);
}

#[test]
fn it_needs_both_sides() {
    for arguments in [&["status"][..], &["status", "--server", "https://ghes.corp.example"]] {
        let output = gh_connect(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
    }
}
