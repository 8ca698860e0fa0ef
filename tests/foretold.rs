//! `enable --plan` as a document, and the progress of the check that it rests on.

mod support;

use serde_json::Value;
use support::{gh_connect, read, world};

const UNTOUCHED: &str = "Lab: 0 requests for pages, 0 of them changed something.";

#[test]
fn a_plan_is_one_document() {
    for (id, exit) in [("healthy", 0), ("tls/untrusted-issuer", 10), ("dns/servfail", 10)] {
        let lab = format!("--lab={id}");
        let output = gh_connect(["enable", &lab, "--plan", "-o", "json"]).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(exit), "{id}: {stderr}");
        assert!(stderr.contains(UNTOUCHED), "{id}: {stderr}");
        let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&plan["schema_version"], &plan["pressed"]), (&1.into(), &false.into()));
        let reasons = plan["gate"]["reasons"].as_array().unwrap();
        assert_eq!(
            (&plan["gate"]["opens"], reasons.is_empty()),
            (&(exit == 0).into(), exit == 0),
            "{plan:#}"
        );
        assert_eq!(plan["target"]["enterprise"], "acme");
        for list in ["what_will_happen", "creates", "watch", "assumptions"] {
            assert!(!plan[list].as_array().unwrap().is_empty(), "{list}: {plan:#}");
        }
        for text in ["stays_off", "undo"] {
            assert!(!plan[text].as_str().unwrap().is_empty(), "{text}: {plan:#}");
        }
        assert!(plan["accepts"]["url"].as_str().unwrap().starts_with("https://docs.github.com/"));
        for row in plan["assumptions"].as_array().unwrap() {
            assert!(
                !row["id"].as_str().unwrap().is_empty() && !row["source"].as_str().unwrap().is_empty(),
                "{row}"
            );
        }
        // It is no record of the check.
        assert!(plan.get("checks").is_none() && plan.get("root_causes").is_none());
    }
}

#[test]
fn a_plan_in_a_file_leaves_the_text_on_stdout() {
    let place = world("plan", "about = 'nothing is wrong'\n");
    let file = place.path("plan.json");
    let json = format!("json={}", file.display());
    let output = gh_connect(["enable", &place.argument(), "--plan", "-o", &json]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.starts_with("The gate would open") && text.ends_with("Nothing was pressed.\n"), "{text}");
    let plan: Value = serde_json::from_str(&read(&file)).unwrap();
    assert_eq!(plan["gate"]["opens"], true);
    // Both say the same.
    let undo = plan["undo"].as_str().unwrap().rsplit_once(", and").unwrap().1;
    assert!(text.contains(undo) && text.contains(plan["accepts"]["url"].as_str().unwrap()), "{text}");
}

#[test]
fn the_check_shows_its_progress() {
    // A server that takes its time.
    let place = world(
        "slow",
        "about = 'a slow server'\n[endpoint.'ghes.corp.example/api/v3/meta']\ndelay-ms = 3500\n",
    );
    let output = gh_connect(["enable", &place.argument(), "--plan"]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("gh-connect: still waiting for: "), "{stderr}");
    let output = gh_connect(["enable", &place.argument(), "--plan", "--quiet"]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!stderr.contains("still waiting for"), "{stderr}");
}
