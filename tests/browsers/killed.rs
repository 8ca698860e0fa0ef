//! `kill -9` right after each step that the journal has, and the next run: it says what was done, asks both sides first, presses
//! nothing twice, and what the killed run left behind is gone.

use std::os::unix::fs::PermissionsExt as _;

use crate::{
    harness::{Place, eventually},
    person::At,
};

const SETUP_AND_RECORD: &str = "[web]\nstart = 'pending'\n[[enterprise.installation]]\nhost-name = 'ghes.corp.example'\ncreated = '0 minutes ago'\n";
pub const CONNECTED: &str = "[web]\nstart = 'connected'\n[server]\naudit-log = [{ action = 'dotcom_connection.create', at = '0 minutes ago', \
                         actor = 'ghe-admin' }]\n[[enterprise.installation]]\nhost-name = 'ghes.corp.example'\ncreated = '0 minutes ago'\n";

/// Kills a run after `step`, lets the next one find `then`, and holds how that ends against what is expected.
fn killed_after(step: &str, browser: &str, then: &str, exit: i32, says: &[&str], never: &[&str]) {
    let place = Place::new("");
    let running = place.start(browser);
    place.wait_for(step);
    running.kill();
    let steps = place.steps();
    place.becomes(then);
    let ended = place.enable(browser);
    let seen = format!("killed after {steps:?}, then\n{}", ended.said);
    assert_eq!(ended.exit, Some(exit), "{seen}");
    for text in says {
        assert!(ended.said.contains(text), "it does not say {text:?}: {seen}");
    }
    for text in never {
        assert!(!ended.said.contains(text), "it says {text:?}: {seen}");
    }
    // A flow that ended is not told again.
    if steps.last().is_some_and(|last| last != "verified") {
        assert!(
            ended.said.contains("An earlier run was not finished. What it did:") && ended.said.contains(step),
            "{seen}"
        );
    }
    eventually("a profile is left", || place.profiles().is_empty());
    eventually("a browser is left", || place.browsers().is_empty());
}

const ENABLE: &str = "Pressing \"Enable GitHub Connect\".";
const CONNECT: &str = "Pressing \"Connect\".";
const VERIFIED: &str = "Both sides say that they are connected. Verified.";

#[test]
fn after_consent_all_is_to_be_done() {
    killed_after("consented", "chromium", "", 0, &[ENABLE, CONNECT, crate::VERIFIED], &[]);
}

#[test]
fn a_press_that_did_not_arrive_is_the_persons() {
    killed_after(
        "pressing-enable",
        "chromium",
        "",
        11,
        &["was pressed before", "go on yourself"],
        &[ENABLE, CONNECT],
    );
}

#[test]
fn a_press_that_arrived_is_gone_on_with() {
    killed_after(
        "pressing-enable",
        "chromium",
        "[web]\nstart = 'pending'",
        0,
        &[CONNECT, crate::VERIFIED],
        &[ENABLE],
    );
}

#[test]
fn after_enable_the_setup_is_completed() {
    killed_after(
        "pressed-enable",
        "chromium",
        "[web]\nstart = 'pending'",
        0,
        &[CONNECT, crate::VERIFIED],
        &[ENABLE],
    );
}

#[test]
fn after_enable_the_setup_is_completed_in_firefox() {
    killed_after(
        "pressed-enable",
        "firefox",
        "[web]\nstart = 'pending'",
        0,
        &[CONNECT, crate::VERIFIED],
        &[ENABLE],
    );
}

#[test]
fn a_connect_that_did_not_arrive_is_the_persons() {
    killed_after(
        "pressing-connect",
        "chromium",
        "[web]\nstart = 'pending'",
        11,
        &["may have pressed the buttons"],
        &[ENABLE, CONNECT],
    );
}

#[test]
fn a_connect_that_arrived_is_verified() {
    killed_after("pressing-connect", "chromium", CONNECTED, 0, &[VERIFIED], &[ENABLE, CONNECT]);
}

/// What was made since the consent is of the flow, whatever the clocks of both sides say.
#[test]
fn clocks_that_are_wrong_by_hours_prove_nothing_and_deny_nothing() {
    for (cloud, server) in [("7 hours ago", "in 7 hours"), ("in 7 hours", "7 hours ago")] {
        let connected = CONNECTED
            .replace("created = '0 minutes ago'", &format!("created = '{cloud}'"))
            .replace("at = '0 minutes ago'", &format!("at = '{server}'"));
        killed_after("pressed-connect", "chromium", &connected, 0, &[VERIFIED], &[ENABLE, CONNECT]);
    }
}

#[test]
fn after_connect_a_record_without_a_connection_is_no_connection() {
    killed_after(
        "pressed-connect",
        "chromium",
        SETUP_AND_RECORD,
        10,
        &["Refused"],
        &[ENABLE, CONNECT, VERIFIED],
    );
}

#[test]
fn after_connect_both_sides_are_asked() {
    killed_after("pressed-connect", "firefox", CONNECTED, 0, &[VERIFIED], &[ENABLE, CONNECT]);
}

#[test]
fn after_the_return_both_sides_are_asked() {
    killed_after("seen-on-server", "chromium", CONNECTED, 0, &["connected"], &[ENABLE, CONNECT]);
}

#[test]
fn after_verification_there_is_nothing_to_do() {
    killed_after("verified", "chromium", CONNECTED, 0, &["Nothing is pressed."], &[ENABLE, CONNECT]);
}

#[test]
fn a_setup_that_is_long_over_is_begun_anew() {
    let place = Place::new("");
    let running = place.start("chromium");
    place.wait_for("pressed-enable");
    running.kill();
    place.an_hour_later();
    let ended = place.enable("chromium");
    assert_eq!(ended.exit, Some(0), "{}", ended.said);
    assert!(ended.said.contains("That setup is over") && ended.said.contains(ENABLE), "{}", ended.said);
}

/// Killed at the very moment at which its browser begins to run.
#[test]
fn a_browser_that_has_just_been_started_is_ended_by_the_next_run() {
    for browser in ["firefox", "chromium"] {
        let place = Place::new("");
        let running = place.start(browser);
        eventually("no browser is started", || !place.browsers().is_empty());
        running.kill();
        let ended = place.enable("accompany");
        assert!(place.profiles().is_empty(), "{}", ended.said);
        eventually("a browser is left", || place.browsers().is_empty());
    }
}

#[test]
fn of_two_at_once_the_second_refuses() {
    let place = Place::new("");
    let first = place.start("chromium");
    place.wait_for("pressed-enable");
    let second = place.enable("chromium");
    assert_eq!(second.exit, Some(10), "{}", second.said);
    assert!(second.said.contains("Another gh-connect enables the same connection"), "{}", second.said);
    assert!(second.said.contains("Lab: 0 requests for pages"), "{}", second.said);
    let ended = first.wait();
    assert_eq!(ended.exit, Some(0), "{}", ended.said);
}

/// Ctrl-C is heard whatever is waited for, and leaves the journal as it stands.
#[test]
fn ctrl_c_is_heard_while_a_browser_starts() {
    let place = Place::new("");
    let programs = place.file.path("programs");
    std::fs::create_dir(&programs).unwrap();
    let program = programs.join("chromium");
    std::fs::write(&program, "#!/bin/sh\nread never < /dev/zero\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let flags = ["--browser", "chromium", "--headless"];
    let run = place.watch_with(At::Pipe, &flags, programs.to_str().unwrap());
    place.wait_for("consented");
    eventually("no browser is started", || !place.profiles().is_empty());
    let ended = run.interrupted_by("-TERM");
    assert_eq!(ended.exit, Some(143), "{}", ended.said);
    assert!(ended.said.contains(INTERRUPTED) && !ended.said.contains("cannot be driven:"), "{}", ended.said);
    assert_eq!(place.steps(), ["consented"]);
    assert!(place.profiles().is_empty() && place.browsers().is_empty());
}

#[test]
fn ctrl_c_is_heard_while_both_sides_are_asked() {
    let place = Place::new(
        "[endpoint.'ghes.corp.example/api/v3/enterprises/corp/audit-log']\ndelay-ms = 40000\nonce = 'chosen'\n\
         [web]\nwindow-seconds = 1\n",
    );
    let running = place.start("chromium");
    place.wait_for("pressed-connect");
    // The window is missed: what came of it, both sides are asked.
    std::thread::sleep(std::time::Duration::from_secs(4));
    let ended = running.interrupt();
    assert_eq!(ended.exit, Some(130), "{}", ended.said);
    assert!(ended.said.contains(INTERRUPTED) && !ended.said.contains("Not verified"), "{}", ended.said);
    assert_eq!(place.steps().last().map(String::as_str), Some("pressed-connect"));
}

#[test]
fn ctrl_c_is_heard_before_the_consent() {
    let place = Place::new("[endpoint.'ghes.corp.example/api/graphql']\ndelay-ms = 1500\n");
    let run = place.watch(At::Pipe, &["--browser", "accompany"]);
    run.hears("Nothing stands in the way");
    let ended = run.interrupted_by("-INT");
    assert_eq!(ended.exit, Some(130), "{}", ended.said);
    assert_eq!(place.steps(), [] as [&str; 0]);
}

const INTERRUPTED: &str = "Interrupted. The next gh-connect enable asks both sides first";

/// A connection that a later run finds has its certificate, and one that was there keeps its own.
#[test]
fn every_connection_has_a_certificate_of_its_own() {
    let place = Place::new("");
    let first = place.enable("chromium");
    assert_eq!(first.exit, Some(0), "{}", first.said);
    let earlier = place.left("json");
    // An owner ends it, and it is made once more: that run is killed.
    place.becomes("[endpoint.'github.com/enterprises/acme/enterprise_installations']\ndelay-ms = 20000\n");
    let running = place.start("chromium");
    eventually("it does not connect", || {
        place.steps().iter().filter(|step| *step == "pressed-connect").count() == 2
    });
    running.kill();
    place.becomes(CONNECTED);
    let ended = place.enable("chromium");
    assert_eq!(ended.exit, Some(0), "{}", ended.said);
    let later: Vec<_> = place.left("json").into_iter().filter(|path| !earlier.contains(path)).collect();
    assert_eq!((earlier.len(), later.len(), place.left("md").len()), (1, 1, 2), "{}", ended.said);
    let [first, second] = [&earlier[0], &later[0]].map(|path| {
        serde_json::from_str::<serde_json::Value>(&std::fs::read_to_string(path).unwrap()).unwrap()
    });
    assert_eq!((&first["proof"], &second["proof"]), (&"verified".into(), &"verified".into()));
    assert!(first["found_by"].is_null() && second["found_by"].is_string(), "{second:#}");
    assert_eq!(
        (&second["browser"], &second["consent"]["how"]),
        (&"earlier-run".into(), &"--yes --accept-terms".into())
    );
    assert_ne!(second["run"], second["found_by"]);
}
