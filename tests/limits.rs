//! What this machine lacks, or does not say in time, is never the network's fault and never a pass.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use gh_connect_engine::{Record, Severity, State};
use support::{Ran, gh_connect};

/// Limits of open files from none to spare to enough for some of a run.
const LIMITS: [u32; 12] = [4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26];

#[test]
fn a_lack_of_open_files_says_nothing_of_the_network() {
    let (mut lab, command) = lab();
    for limit in LIMITS {
        let output = shell(&format!("ulimit -n {limit}; exec {command} -o json"));
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        match output.status.code() {
            // What is enough for all of it is measured.
            Some(0) => continue,
            Some(5) => assert!(!said.contains("internal error"), "{limit}: {said}"),
            Some(3) => {
                let record: Record = serde_json::from_slice(&output.stdout).unwrap();
                let found = record.checks.iter().flat_map(|check| &check.findings);
                // What could not be found out may be told as a finding of its own; that is no fault of anybody's.
                let bad: Vec<_> = found
                    .filter(|finding| finding.severity != Severity::Note && !finding.undetermined)
                    .collect();
                assert!(bad.is_empty(), "{limit}: {bad:#?}");
                assert!(record.checks.iter().any(|check| check.state == State::Unknown), "{limit}");
            }
            other => panic!("{limit}: {other:?} {said}"),
        }
        assert!(said.contains("ulimit -n"), "{limit}: {said}");
    }
    lab.kill().unwrap();
    lab.wait().unwrap();
}

#[test]
fn a_lab_without_room_for_a_run_does_not_begin() {
    let program = env!("CARGO_BIN_EXE_gh-connect");
    for limit in [10, 30, 50, 70] {
        let output = shell(&format!("ulimit -n {limit}; exec '{program}' check --lab=healthy"));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{limit}: {stderr}");
        assert!(stderr.contains("ulimit -n"), "{limit}: {stderr}");
    }
}

#[test]
fn standard_input_says_where_the_server_points() {
    for (input, exit, cause) in [
        ("", 0, None),
        ("app.github.github-connect-ghe-com-enabled false\n", 0, None),
        ("app.github.github-connect-ghe-com-enabled true\n", 1, Some("ghe-com/still-configured")),
        ("failed\n", 3, Some("ghe-com/unreadable")),
        ("kex_exchange_identification: Connection closed\n", 3, Some("ghe-com/unreadable")),
    ] {
        let mut run = from_input();
        run.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let ran = Ran::of(&run.wait_with_output().unwrap()).unwrap();
        assert_eq!(
            (ran.exit, &ran.record.root_causes[..]),
            (exit, &cause.map(str::to_owned).into_iter().collect::<Vec<_>>()[..]),
            "{input}"
        );
    }
}

#[test]
fn standard_input_without_an_end_holds_nothing_up() {
    let mut run = from_input();
    // Held open until the run is over; what came by then may lack the line that matters.
    let mut input = run.stdin.take().unwrap();
    input.write_all(b"app.github.github-connect-ghe-com-enabled false\n").unwrap();
    let ran = Ran::of(&run.wait_with_output().unwrap()).unwrap();
    drop(input);
    assert_eq!((ran.exit, &ran.record.root_causes[..]), (3, &["ghe-com/unreadable".to_owned()][..]));
    assert!(
        ran.record.plan["account"]["ghe_config_unread"]["value"].as_str().unwrap().contains("did not end")
    );
}

#[test]
fn what_a_killed_lab_leaves_is_swept_by_the_next() {
    let (mut first, command) = lab();
    let file = command.split_whitespace().last().unwrap();
    let directory = Path::new(file).parent().unwrap().to_owned();
    assert!(directory.is_dir());
    first.kill().unwrap();
    first.wait().unwrap();
    // Whoever starts next, another test perhaps, sweeps it.
    let (mut second, _) = lab();
    assert!(!directory.exists());
    second.kill().unwrap();
    second.wait().unwrap();
}

/// A healthy lab in a process of its own, and the command line that leads into it.
fn lab() -> (Child, String) {
    let mut lab = gh_connect(["lab", "--for", "60"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(lab.stdout.take().unwrap()).lines().map(Result::unwrap);
    let command =
        lines.find_map(|line| line.strip_prefix("Try it:").map(|command| command.trim().to_owned()));
    let program = env!("CARGO_BIN_EXE_gh-connect");
    (lab, command.unwrap().replace("gh-connect check", &format!("'{program}' check")))
}

fn from_input() -> Child {
    let arguments = ["check", "--lab", "-o", "json", "--ghe-config", "-", "--deadline", "5"];
    gh_connect(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn shell(command: &str) -> Output {
    Command::new("sh").args(["-c", command]).output().unwrap()
}
