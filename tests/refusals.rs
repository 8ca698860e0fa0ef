//! Every world that keeps the gate shut, and `enable` in it with everything agreed to: it says why it refuses, and the lab's log
//! proves that nobody asked either side for a change, by a page or by an API.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use gh_connect_checks::ALL;
use gh_connect_lab::{World, world::Expect};
use support::{failures_of, gh_connect, read};

#[test]
fn every_finding_that_keeps_the_gate_shut_refuses() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("checks");
    let files: Vec<PathBuf> =
        ALL.iter().flat_map(|check| worlds_in(&root.join(check.meta().id).join("worlds"))).collect();
    each_refuses(&files, "chromium");
}

#[test]
fn every_case_that_keeps_the_gate_shut_refuses() {
    each_refuses(&worlds_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")), "accompany");
}

fn each_refuses(files: &[PathBuf], way: &str) {
    let is_shut = |expect: Expect| expect.exit != 0 || !expect.opens_gate;
    let shut: Vec<&PathBuf> = files.iter().filter(|file| is_shut(world(file).expect)).collect();
    assert!(shut.len() > 50, "{}", shut.len());
    let failures =
        failures_of(&shut, |file| refuses(file, way).map_err(|why| format!("{}: {why}", file.display())));
    assert!(failures.is_empty(), "{} of {} worlds:\n{}", failures.len(), shut.len(), failures.join("\n"));
}

/// Runs with a browser at hand that leaves a trace where it is started.
fn refuses(file: &Path, way: &str) -> Result<(), String> {
    let place = tempfile::Builder::new().prefix("refusal").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (started, state) = (place.path().join("started"), place.path().join("state"));
    let browser = place.path().join("chromium");
    fs::write(&browser, format!("#!/bin/sh\n: >'{}'\n", started.display())).unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let lab = format!("--lab={}", file.display());
    let mut command = gh_connect(["enable", &lab, "--yes", "--accept-terms", "--headless", "--browser", way]);
    command.env("PATH", place.path()).env("XDG_STATE_HOME", &state);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let wrong = |what: &str| Err(format!("{way}: {what}: exit {:?}\n{said}", output.status.code()));
    let reasons = said.split_once(REFUSED).map(|(_, rest)| rest.starts_with("\n  - "));
    if output.status.code() != Some(10) || reasons != Some(true) {
        return wrong("it does not refuse, or not say why");
    }
    if !said.contains(NO_PAGE) || !said.contains(NO_CHANGE) {
        return wrong("a side was asked for a page or a change");
    }
    if started.exists() || !left(&state).iter().all(|name| name.ends_with(".jsonl")) {
        return wrong("a browser was started, or more than a journal is left");
    }
    if left(&state).iter().any(|name| !read(state.join(FOLDER).join(name)).is_empty()) {
        return wrong("its journal has a step");
    }
    Ok(())
}

fn left(state: &Path) -> Vec<String> {
    let entries = fs::read_dir(state.join(FOLDER)).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn world(file: &Path) -> World {
    World::parse(&file.display().to_string(), &read(file)).unwrap()
}

fn worlds_in(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    files
}

const FOLDER: &str = "gh-connect/lab";
const REFUSED: &str =
    "Refused: what was measured does not permit to enable GitHub Connect. This run touched nothing.";
const NO_PAGE: &str = "Lab: 0 requests for pages, 0 of them changed something.";
const NO_CHANGE: &str = " after it, 0 of them asked for a change.";
