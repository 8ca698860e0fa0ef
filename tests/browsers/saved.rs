//! `--save-steps FILE`: what was seen, as roles, names, paths and times. No contents, no secret, no query.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use gh_connect_lab::{Lab, World};
use serde_json::Value;

use crate::{
    harness::Place,
    person::{At, Person, certificate},
};

/// Reads the steps, and holds them against what must not be in them.
fn steps(path: &Path) -> Vec<Value> {
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(path).unwrap();
    let world = World::parse("healthy", "about = 'nothing is wrong'").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let lab = runtime.block_on(Lab::start(&world)).unwrap();
    let person = lab.person();
    for secret in [person.password.as_str(), person.code.as_str()] {
        assert!(!secret.is_empty() && !text.contains(secret), "{secret:?} is in:\n{text}");
    }
    for (_, secret) in lab.secrets() {
        assert!(!text.contains(secret.as_str()), "a secret is in:\n{text}");
    }
    // A query, a session, a text of a page.
    for part in [
        "?",
        "state=",
        "token",
        "cookie",
        "user_session",
        "SAML",
        "Acme Corp",
        "Select an enterprise",
        "octo-owner",
    ] {
        assert!(!text.contains(part), "{part:?} is in:\n{text}");
    }
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn is_any(steps: &[Value], pointer: &str, value: &str) -> bool {
    steps.iter().any(|step| step.pointer(pointer).is_some_and(|seen| seen == value))
}

/// Drives Chromium in a world, over a file that others could read before.
fn saved(world: &str, exit: i32) -> Vec<Value> {
    let place = Place::new(world);
    let path = place.file.path("steps.jsonl");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let flags = ["--browser", "chromium", "--headless", "--save-steps", path.to_str().unwrap()];
    let ended = place.watch_with(At::Pipe, &flags, &std::env::var("PATH").unwrap()).ends();
    assert_eq!(ended.exit, Some(exit), "{}", ended.said);
    steps(&path)
}

#[test]
fn the_row_that_missed_is_named() {
    let steps = saved("[web]\nlang = 'de'\nsso = true", 11);
    assert!(is_any(&steps, "/missed/why", "no-match"), "{steps:#?}");
    assert!(is_any(&steps, "/missed/row/id", "enable-button"), "{steps:#?}");
    assert!(is_any(&steps, "/missed/row/name", "Enable GitHub Connect"), "{steps:#?}");
    assert!(steps.iter().all(|step| step["at_ms"].is_u64()));
}

#[test]
fn a_trap_leaves_its_steps() {
    let steps = saved("[web]\nwindow-seconds = 1\nsso = true", 12);
    assert!(is_any(&steps, "/pressed", "Enable GitHub Connect"), "{steps:#?}");
    assert!(is_any(&steps, "/pressed", "Connect"), "{steps:#?}");
    assert!(is_any(&steps, "/saw/path", "/enterprise_installations/new"), "{steps:#?}");
    assert!(is_any(&steps, "/saw", "a page of neither side"), "{steps:#?}");
    assert!(is_any(&steps, "/ended", "window-missed"), "{steps:#?}");
}

#[test]
fn who_accompanies_has_steps_too() {
    let place = Place::new("");
    let path = place.file.path("steps.jsonl");
    let run = place.watch(At::Pipe, &["--browser", "accompany", "--save-steps", path.to_str().unwrap()]);
    let mut person = Person::opens(&run, &place, "own");
    person.connects();
    let ended = run.ends();
    assert_eq!(ended.exit, Some(0), "{}", ended.said);
    let steps = steps(&path);
    assert!(is_any(&steps, "/noticed", "cloud lists the server"), "{steps:#?}");
    assert!(is_any(&steps, "/noticed", "server logged the connection"), "{steps:#?}");
}

/// The certificate names the run of the report that is saved, and those on which each press rested.
#[test]
fn the_certificate_names_the_reports_run() {
    let place = Place::new("");
    let path = place.file.path("report.json");
    let report = format!("json={}", path.display());
    let flags = ["--browser", "chromium", "--headless", "-o", &report];
    let ended = place.watch_with(At::Pipe, &flags, &std::env::var("PATH").unwrap()).ends();
    assert_eq!(ended.exit, Some(0), "{}", ended.said);
    let report: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let certificate = certificate(&place);
    assert_eq!(certificate["run"], report["run"]["id"]);
    let journal = fs::read_to_string(place.left("jsonl").remove(0)).unwrap();
    let journal: Vec<Value> = journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let run_of = |step: &str| journal.iter().find(|entry| entry["step"] == step).unwrap()["run"].clone();
    let pressed = ["pressing-enable", "pressing-connect"].map(run_of);
    assert_eq!(certificate["rested_on"], Value::from(pressed.to_vec()));
    assert!(pressed[0] != pressed[1] && !pressed.contains(&certificate["run"]), "{certificate:#}");
    assert_eq!(run_of("consented"), certificate["run"]);
    let ticket = fs::read_to_string(place.left("md").remove(0)).unwrap();
    for run in pressed.iter().chain([&certificate["run"]]) {
        assert!(ticket.contains(run.as_str().unwrap()), "{ticket}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_said_first() {
    let place = Place::new("");
    let ended = place.watch(At::Pipe, &["--browser", "accompany", "--save-steps", "/nowhere/steps"]).ends();
    assert_eq!(ended.exit, Some(2), "{}", ended.said);
    assert!(ended.said.contains("--save-steps") && !ended.said.contains("Step 1"), "{}", ended.said);
}
