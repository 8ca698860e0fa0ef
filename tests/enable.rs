//! `enable` where no browser is needed: what is refused, and that nothing was touched then. Every world that refuses is in
//! `refusals.rs`.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::process::Output;

use support::gh_connect;

const AGREED: [&str; 4] = ["--yes", "--accept-terms", "--browser", "accompany"];
const UNTOUCHED: &str = "Lab: 0 requests for pages, 0 of them changed something.";
const UNCHANGED: &str = " after it, 0 of them asked for a change.";

fn enable(world: &str, flags: &[&str]) -> Output {
    let text = format!("--lab={world}");
    gh_connect(["enable", &text].iter().chain(flags)).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_what_if_refuses() {
    let output =
        enable("healthy", &[&AGREED[..], &["--proxy", "off"], &["--resolver", "127.0.0.1:9"]].concat());
    assert_eq!(output.status.code(), Some(10), "{}", stderr(&output));
    assert!(stderr(&output).contains(UNTOUCHED));
}

#[test]
fn nobody_agrees_where_nobody_can_answer() {
    let output = enable("healthy", &["--browser", "accompany"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(10), "{said}");
    assert!(said.contains("--yes --accept-terms") && said.contains(UNTOUCHED), "{said}");
}

#[test]
fn a_plan_presses_nothing() {
    for (id, exit) in [("healthy", 0), ("tls/untrusted-issuer", 10)] {
        let output = enable(id, &["--plan"]);
        let plan = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(exit), "{plan}");
        assert!(plan.contains("What this accepts") && plan.contains("Nothing was pressed."), "{plan}");
        assert!(plan.contains("What will exist afterwards") && !plan.contains("exists now"), "{plan}");
        assert!(stderr(&output).contains(UNTOUCHED));
    }
}

/// Who presses in which browser is part of what a person agrees to.
#[test]
fn who_presses_is_said_first() {
    let yours = enable("healthy", &["--plan", "--browser", "accompany"]);
    let yours = String::from_utf8_lossy(&yours.stdout).into_owned();
    let complete = "\"Complete your GitHub Connect setup\" where an earlier run was interrupted";
    for text in [
        "You open https://ghes.corp.example/",
        "You press \"Enable GitHub Connect\", or",
        complete,
        "for 15 minutes",
    ] {
        assert!(yours.contains(text), "{text}: {yours}");
    }
    assert!(!yours.contains("gh-connect presses"), "{yours}");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("firefox"), "").unwrap();
    let mut driven =
        gh_connect(["enable", "--lab", "--headless", "--plan", "--browser", "firefox", "-o", "json"]);
    let driven = driven.env("PATH", folder.path()).output().unwrap();
    let driven: serde_json::Value = serde_json::from_slice(&driven.stdout).unwrap();
    assert_eq!((&driven["presses"], &driven["browser"]), (&"gh-connect".into(), &"firefox".into()));
    let steps = driven["what_will_happen"].to_string();
    assert!(steps.contains("starts firefox without a window"), "{steps}");
    assert!(steps.contains("gh-connect presses") && !steps.contains("You press"), "{steps}");
}

/// Each cause has its message, who acts and what they do; what only waits is one line, also for who wants to read little.
#[test]
fn a_refusal_says_who_does_what() {
    for quiet in [&[][..], &["--quiet"]] {
        let said = stderr(&enable("tls/untrusted-issuer", &[&AGREED[..], quiet].concat()));
        let refused = said.split_once("Refused: ").unwrap().1;
        assert!(refused.contains("\n  - tls/untrusted-issuer (") && refused.contains("\n    Do ("), "{said}");
        assert!(refused.contains(" for what is named above, and could not be judged"), "{said}");
        assert!(!refused.contains(" is failed") && !refused.contains(" is blocked"), "{said}");
    }
    let said = stderr(&enable("connection/unproven", &AGREED));
    assert!(said.contains("\n  - connection/unproven") && said.contains("\n    Do ("), "{said}");
}

#[test]
fn what_is_connected_already_is_left_alone() {
    let output = enable("connection/already-connected", &AGREED);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("Nothing is pressed."), "{said}");
    assert!(said.contains(UNTOUCHED) && said.contains(UNCHANGED), "{said}");
}

#[test]
fn consent_is_both_flags_and_headless_is_the_labs() {
    for arguments in [
        &["enable", "--lab", "--yes"][..],
        &["enable", "--lab", "--accept-terms"],
        &["enable", "--headless"],
        &["enable", "--lab", "--browser", "lynx"],
    ] {
        let output = gh_connect(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
    }
}
