//! Every finding, produced by its lab world through the real binary with real sockets, alone and as the root cause.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use gh_connect_checks::ALL;
use gh_connect_engine::{Kind, State};
use gh_connect_lab::World;
use support::{check_lab, failures_of, gh_connect};

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
    let kinds = check.meta().kinds;
    let failures =
        failures_of(kinds, |kind| reproduce(kind).map_err(|failure| format!("{}: {failure}", kind.id)));
    assert!(failures.is_empty(), "{} of {} worlds:\n{}", failures.len(), kinds.len(), failures.join("\n"));
}

/// Runs a kind's world and compares everything that it promises.
fn reproduce(kind: &Kind) -> Result<(), String> {
    let expected = World::parse(kind.id, kind.world).map_err(|error| error.to_string())?.expect;
    let ran = check_lab(kind.id)?;
    ran.is_as(&expected)?;
    if !ran.findings(|_| true).iter().any(|id| id == kind.id) {
        return Err(format!("its own world does not produce it{}", ran.seen()));
    }
    explained(kind)
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
