//! Every finding, produced by its lab world through the real binary with real sockets, alone and as the root cause.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use gh_connect_checks::ALL;
use gh_connect_engine::{Kind, Policy, Severity, State};
use gh_connect_lab::World;
use support::{Ran, check_lab, gh_connect};

/// A test per check, so that they run beside each other.
macro_rules! worlds {
    ($($test:ident $check:literal;)*) => {
        $(#[test]
        fn $test() {
            every_world_of($check);
        })*

        #[test]
        fn every_check_has_its_test() {
            let registered: Vec<&str> = ALL.iter().map(|check| check.meta().id).collect();
            assert_eq!(registered, [$($check),*]);
        }
    };
}

worlds! {
    dns "dns";
    connect "connect";
    tls "tls";
    port_80 "port-80";
    proxy "proxy";
    origin "origin";
    clock "clock";
    server "server";
    token "token";
    enterprise "enterprise";
    owner "owner";
    egress "egress";
    allow_list "allow-list";
    billing "billing";
    ghe_com "ghe-com";
    connection "connection";
    nodes "nodes";
}

#[test]
fn in_the_healthy_world_everything_passes() {
    let ran = check_lab("healthy").unwrap();
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    assert_eq!(ran.record.root_causes, Vec::<String>::new());
    assert_eq!(ran.findings(|_| true), Vec::<String>::new());
    for (check, state) in ran.states() {
        assert!(matches!(state, State::Passed | State::NotApplicable), "{check} is {}", state.id());
    }
    assert!(ran.record.checks.iter().any(|check| check.state == State::Passed));
}

fn every_world_of(id: &str) {
    let check = gh_connect_checks::check(id).unwrap_or_else(|| panic!("no check {id} is registered"));
    let waiting: Mutex<VecDeque<&Kind>> = Mutex::new(check.meta().kinds.iter().copied().collect());
    let failures: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(kind) = next else { return };
                    if let Err(failure) = reproduce(kind) {
                        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                        failures.push(format!("{}: {failure}", kind.id));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{} of {} worlds:\n{}",
        failures.len(),
        check.meta().kinds.len(),
        failures.join("\n")
    );
}

/// Runs a kind's world and compares everything that it promises.
fn reproduce(kind: &Kind) -> Result<(), String> {
    let expected = World::parse(kind.id, kind.world).map_err(|error| error.to_string())?.expect;
    let ran = check_lab(kind.id)?;
    let seen = || {
        let all: Vec<String> = ran
            .record
            .checks
            .iter()
            .map(|check| {
                let findings = check.findings.iter().map(|finding| {
                    format!("\n      {} {}: {}", finding.id, finding.subject, finding.message)
                });
                let stops =
                    check.not_judged.iter().map(|stop| format!("\n      {}: {:?}", stop.subject, stop.stop));
                format!("    {} {}{}", check.id, check.state.id(), findings.chain(stops).collect::<String>())
            })
            .collect();
        format!("\n{}\n{}", all.join("\n"), ran.stderr)
    };
    let same = |what: &str, seen_ids: Vec<String>, expected_ids: &[String]| {
        let mut expected_ids = expected_ids.to_vec();
        expected_ids.sort();
        match seen_ids == expected_ids {
            true => Ok(()),
            false => Err(format!("{what} are {seen_ids:?}, not {expected_ids:?}{}", seen())),
        }
    };
    let mut causes = ran.record.root_causes.clone();
    causes.sort();
    same("root causes", causes, &expected.root_causes)?;
    same("findings", ran.findings(|severity| severity != Severity::Note), &expected.findings)?;
    let notes = ran.findings(|severity| severity == Severity::Note);
    if let Some(missing) = expected.notes.iter().find(|note| !notes.contains(note)) {
        return Err(format!("the note {missing} is missing{}", seen()));
    }
    if !ran.findings(|_| true).iter().any(|id| id == kind.id) {
        return Err(format!("its own world does not produce it{}", seen()));
    }
    for code in [ran.exit, ran.record.summary.exit_code.into()] {
        if code != i32::from(expected.exit) {
            return Err(format!("exit code {code}, not {}{}", expected.exit, seen()));
        }
    }
    judged_again(&ran)?;
    explained(kind)
}

/// A saved record, judged again without any network, comes to the same end.
fn judged_again(ran: &Ran) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let again = runtime.block_on(gh_connect_engine::judge_again(&ran.record, ALL, Policy::default()));
    let again =
        Ran { exit: ran.exit, record: again.map_err(|error| error.to_string())?, stderr: String::new() };
    for (before, after) in ran.record.checks.iter().zip(&again.record.checks) {
        let ids = |check: &gh_connect_engine::CheckRecord| -> Vec<(String, String, String)> {
            let all = check.findings.iter();
            all.map(|finding| (finding.id.clone(), finding.subject.clone(), finding.message.clone()))
                .collect()
        };
        let (before, after) = ((before.state, ids(before)), (after.state, ids(after)));
        if before != after {
            return Err(format!("judged again: {after:?}, before: {before:?}"));
        }
    }
    match again.record.root_causes == ran.record.root_causes {
        true => Ok(()),
        false => Err(format!("judged again, root causes are {:?}", again.record.root_causes)),
    }
}

/// `explain` says what, why, what to do and who does it, and how to see it.
fn explained(kind: &Kind) -> Result<(), String> {
    let output = gh_connect(["explain", kind.id]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let words = [kind.id, "What it means", "Why it matters", "How to fix it", &format!("--lab={}", kind.id)];
    match words.iter().find(|word| !text.contains(**word)) {
        Some(missing) => Err(format!("explain does not say {missing}:\n{text}")),
        None if output.status.code() == Some(0) => Ok(()),
        None => Err(format!("explain ends with {}", output.status)),
    }
}

/// Most worlds wait for a timeout of theirs, not for the processor.
const AT_ONCE: usize = 8;
