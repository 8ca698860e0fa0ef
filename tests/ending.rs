//! A run that is cut short still tells what it measured: after Ctrl-C, SIGTERM and the deadline.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, ExitStatus, Stdio},
};

use gh_connect_engine::{CheckRecord, Policy, Record, State};
use support::{Ran, gh_connect, world};

#[test]
fn ctrl_c_leaves_a_valid_report() {
    let (status, record) = interrupted("INT");
    assert_eq!(status.code(), Some(130));
    assert_eq!((record.summary.exit_code, record.run.cut_short_by.as_deref()), (130, Some("interrupt")));
    partial(&record);
}

#[test]
fn sigterm_leaves_a_valid_report() {
    let (status, record) = interrupted("TERM");
    assert_eq!(status.code(), Some(143));
    assert_eq!((record.summary.exit_code, record.run.cut_short_by.as_deref()), (143, Some("terminate")));
    partial(&record);
}

#[test]
fn a_closed_terminal_leaves_a_valid_report() {
    let (status, record) = interrupted("HUP");
    assert_eq!(status.code(), Some(129));
    assert_eq!((record.summary.exit_code, record.run.cut_short_by.as_deref()), (129, Some("hangup")));
    partial(&record);
}

#[test]
fn the_deadline_leaves_a_valid_report() {
    let world = world("deadline", SILENT);
    let output = gh_connect(["check", &world.argument(), "-o", "json", "--deadline", "1"]).output().unwrap();
    let ran = Ran::of(&output).unwrap();
    assert_eq!(ran.exit, 3);
    assert_eq!(ran.record.run.cut_short_by.as_deref(), Some("deadline"));
    partial(&ran.record);
}

/// What waits for one silence is told once, by the check that would tell of it in time, also when the run is judged again.
#[test]
fn a_deadline_over_one_silence_has_one_cause() {
    for (nth, (silence, cause)) in SILENCES.into_iter().enumerate() {
        let world = world(&format!("silence-{nth}"), silence);
        let arguments = ["check", &world.argument(), "-o", "json", "--timeout", "20", "--deadline", "1.5"];
        let ran = Ran::of(&gh_connect(arguments).output().unwrap()).unwrap();
        assert_eq!((ran.exit, &ran.record.root_causes[..]), (3, &[cause.to_owned()][..]), "{silence}");
        let waiting = |check: &CheckRecord| check.state == State::Blocked;
        for check in ran.record.checks.iter().filter(|check| waiting(check)) {
            assert!(!check.blocked_by.contains(&check.id), "{silence}: {} waits for itself", check.id);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let again = gh_connect_engine::judge_again(&ran.record, gh_connect_checks::ALL, Policy::default());
        assert_eq!(runtime.block_on(again).unwrap().root_causes, ran.record.root_causes, "{silence}");
    }
}

/// Where there is time for an attempt to end, the same check tells of the same silence.
#[test]
fn a_silence_that_is_waited_for_has_the_same_cause() {
    for (nth, (silence, cause)) in SILENCES.into_iter().enumerate() {
        let world = world(&format!("waited-for-{nth}"), silence);
        let ran = Ran::of(
            &gh_connect(["check", &world.argument(), "-o", "json", "--timeout", "1"]).output().unwrap(),
        )
        .unwrap();
        let causes = &ran.record.root_causes;
        let told: Vec<&str> = causes.iter().filter_map(|id| id.split('/').next()).collect();
        assert_eq!(told, [cause], "{silence}");
    }
}

/// A finding that was made without waiting for a silent host is made again from the record.
#[test]
fn a_finding_beside_a_silence_is_judged_again() {
    let world = world("beside", BESIDE);
    let arguments = ["check", &world.argument(), "-o", "json", "--timeout", "3", "--deadline", "2.2"];
    let ran = Ran::of(&gh_connect(arguments).output().unwrap()).unwrap();
    assert_eq!(ran.record.run.cut_short_by.as_deref(), Some("deadline"));
    assert_eq!(ran.record.root_causes, ["tls/expired"]);
    ran.judged_again().unwrap();
}

/// Both signals are sent while nobody takes the report: the second one must not wait for that.
#[test]
fn a_second_signal_ends_at_once() {
    let world = world("second", SILENT);
    let pipe = world.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let output = format!("json={}", pipe.display());
    let mut child = start(gh_connect(["check", &world.argument(), "-o", &output]));
    until_it_waits(&mut child);
    signal(&child, "INT");
    signal(&child, "TERM");
    let code = child.wait().unwrap().code();
    assert!(matches!(code, Some(130 | 143)), "{code:?}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut child = start(gh_connect(["check", "--lab", "-o", "json", "-q"]));
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_lab_ends_with_its_signal() {
    let mut child = start(gh_connect(["lab", "--for", "60"]));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let command = lines.find(|line| line.contains("--config ")).unwrap();
    let configuration = command.rsplit(' ').next().unwrap().to_owned();
    // As a user would: the command that it prints.
    let (before, after) = command.strip_prefix("Try it:").unwrap().split_once("gh-connect check").unwrap();
    let command = format!("{before}{} check{after} -o json", env!("CARGO_BIN_EXE_gh-connect"));
    let ran = Command::new("sh").args(["-c", &command]).output().unwrap();
    let ran = Ran::of(&ran).unwrap();
    assert_eq!((ran.exit, ran.record.root_causes.len()), (0, 0), "{}", ran.stderr);
    assert!(lines.any(|line| line.contains("Ctrl-C")));
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!std::path::Path::new(&configuration).exists(), "the lab leaves nothing behind");
}

/// What was measured by then is there; what was not is unknown, and says so.
fn partial(record: &Record) {
    let state = |id: &str| record.checks.iter().find(|check| check.id == id).unwrap().state;
    assert_eq!(state("dns"), State::Passed);
    assert_eq!(state("connect"), State::Unknown);
    assert!(record.checks.iter().all(|check| check.state != State::Failed));
    assert!(record.facts.iter().any(|fact| fact.stop.is_none()));
}

fn interrupted(name: &str) -> (ExitStatus, Record) {
    let world = world(name, SILENT);
    let temporary = world.path("temporary");
    std::fs::create_dir(&temporary).unwrap();
    let mut command = gh_connect(["check", &world.argument(), "-o", "json"]);
    command.env("TMPDIR", &temporary);
    let mut child = start(command);
    until_it_waits(&mut child);
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 1, "the lab's files are there");
    signal(&child, name);
    let mut report = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut report).unwrap();
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 1 - usize::from(child.wait().is_ok()));
    (child.wait().unwrap(), serde_json::from_slice(&report).unwrap())
}

fn start(mut command: Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Reads stderr until it says that the run waits for something.
fn until_it_waits(child: &mut Child) {
    let stderr = child.stderr.take().unwrap();
    let mut lines = BufReader::new(stderr).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("still waiting")));
    // Kept open, so that whatever else is said has somewhere to go.
    std::thread::spawn(move || lines.count());
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// What keeps silent, and the check that tells of it.
const SILENCES: [(&str, &str); 18] = [
    ("[host.\"api.github.com\".port-443]\ntcp = \"silent\"", "connect"),
    ("[firewall]\ndirect = \"silent\"", "connect"),
    (
        "[host.\"github.com\"]\naddresses = [\"140.82.121.3\", \"2606:50c0:8000::153\"]\n[firewall]\ndirect = \"silent\"",
        "connect",
    ),
    ("[host.\"api.github.com\".port-443]\ntls = \"silent\"", "tls"),
    ("[host.\"api.github.com\"]\nport-443 = { tls = \"silent\" }\nport-80 = { tcp = \"silent\" }", "tls"),
    ("[host.\"api.github.com\".https]\nanswer = \"silent\"", "origin"),
    ("[[name-server]]\nall = { silent = true }", "dns"),
    ("[check]\nproxy = \"http://proxy.corp.example:3128\"\n[proxy]\ntcp = \"silent\"", "proxy"),
    ("[endpoint.\"api.github.com/graphql\"]\nanswer = \"silent\"", "enterprise"),
    ("[endpoint.\"api.github.com/enterprises/acme/audit-log\"]\nanswer = \"silent\"", "billing"),
    ("[endpoint.\"ghes.corp.example/*\"]\nanswer = \"silent\"", "server"),
    ("[endpoint.\"ghes.corp.example/api/v3/*\"]\nanswer = \"silent\"", "server"),
    ("[endpoint.\"ghes.corp.example/api/v3/user\"]\nanswer = \"silent\"", "token"),
    ("[endpoint.\"ghes.corp.example/api/v3/enterprises/corp/audit-log\"]\nanswer = \"silent\"", "connection"),
    ("[endpoint.\"ghes.corp.example:8443/*\"]\nanswer = \"silent\"", "server"),
    ("[server.manage]\nport-8443 = { tcp = \"silent\" }", "server"),
    ("[endpoint.\"ghes.corp.example:8443/manage/v1/config/settings\"]\nanswer = \"silent\"", "token"),
    ("[endpoint.\"ghes.corp.example:8443/manage/v1/config/nodes\"]\nanswer = \"silent\"", "nodes"),
];

/// One host never answers, and another one has a fault that is clearer when it is known how the others fare.
const BESIDE: &str = r#"
[host."api.github.com".port-443]
tcp = "silent"

[host."github.com".port-443]
certificate = { expired-days = 14 }
"#;

/// One host never answers, and there is time.
const SILENT: &str = r#"
[check]
timeout = 60
deadline = 120

[host."api.github.com".port-443]
tcp = "silent"
"#;
