//! The gate opens when it should, and at no other time.

use std::time::Duration;

use gh_connect_engine::{
    Category, CheckRecord, Cx, FindingRecord, Interrupt, Origin, Plan, Product, Reason, Seconds, Selection,
    Severity, Sourced, Stale, State, WhatIf, gate, reasons,
};
use proptest::prelude::*;

use crate::fake::{self, Fate, Fate::*, Still, a_run, fated, registry, run, run_until};

/// Only a run that names both sides earns leave.
fn named(plan: Plan) -> Plan {
    let said = |text: &str| Some(Sourced::default(text.to_owned()));
    Plan { server: said("https://ghes.corp.example"), enterprise: said("acme"), ..plan }
}

fn plan() -> Plan {
    named(fake::plan())
}

fn waiving(ids: &[&str]) -> Plan {
    named(fake::waiving(ids))
}

fn selecting(only: &[&str], skip: &[&str]) -> Plan {
    named(fake::selecting(only, skip))
}

#[tokio::test]
async fn an_open_gate_knows_the_run_that_earned_it() {
    let checks = registry(vec![fated("a", &[Passed]), fated("b", &[Warned]), fated("c", &[NotApplicable])]);
    let clear = gate(&run(waiving(&["b/warning"]), checks).await, checks).expect("open");
    assert_eq!(clear.run(), "run-1");
}

#[tokio::test]
async fn every_reason_is_plan() {
    let checks = registry(vec![fated("a", &[Failed]), fated("b", &[Trouble]), fated("c", &[NotApplicable])]);
    let reasons = gate(&run(plan(), checks).await, checks).expect_err("shut");
    let not_passed = |check: &str, state| Reason::NotPassed { check: check.to_owned(), state };
    assert_eq!(
        reasons,
        [Reason::NothingPassed, not_passed("a", State::Failed), not_passed("b", State::Unknown)]
    );
    assert_eq!(reasons[1].to_string(), "a is failed");
}

#[tokio::test]
async fn nothing_at_all_opens_nothing() {
    assert!(gate(&run(plan(), registry(vec![])).await, &[]).is_err());
    let nothing_to_do = registry(vec![fated("a", &[])]);
    assert!(gate(&run(plan(), nothing_to_do).await, nothing_to_do).is_err());
}

#[tokio::test]
async fn a_deselected_check_keeps_it_shut() {
    let checks = registry(vec![fated("a", &[Passed]), fated("b", &[Passed])]);
    let reasons = gate(&run(selecting(&["a"], &[]), checks).await, checks).expect_err("shut");
    assert_eq!(reasons, [Reason::NotPassed { check: "b".to_owned(), state: State::Skipped }]);
    assert!(gate(&run(selecting(&[], &["network"]), checks).await, checks).is_err());
}

#[tokio::test]
async fn a_run_that_was_cut_short_opens_nothing() {
    let checks = registry(vec![fated("a", &[Passed])]);
    let signal = std::future::ready(Interrupt::Interrupt);
    let reasons = gate(&run_until(plan(), checks, signal).await, checks).expect_err("shut");
    assert!(reasons.contains(&Reason::CutShort("interrupt".to_owned())), "{reasons:?}");
    let at_once = Plan { deadline: Sourced::default(Seconds(Duration::ZERO)), ..plan() };
    let reasons = gate(&run(at_once, checks).await, checks).expect_err("shut");
    assert!(reasons.contains(&Reason::CutShort("deadline".to_owned())), "{reasons:?}");
}

#[tokio::test]
async fn facts_from_a_record_open_nothing() {
    let checks = registry(vec![fated("a", &[Passed])]);
    let measured = run(plan(), checks).await;
    assert!(gate(&measured, checks).is_ok());
    let recalled = Cx::replay(plan(), Still, &measured.record().facts);
    let replayed = a_run(recalled, checks).measure(std::future::pending()).await;
    assert_eq!(replayed.record().summary.exit_code, 0, "it would pass");
    assert_eq!(gate(&replayed, checks).expect_err("shut"), [Reason::NotLive]);
}

#[tokio::test]
async fn a_run_of_some_checks_opens_nothing() {
    let measured = run(plan(), registry(vec![fated("a", &[Passed])])).await;
    let all = registry(vec![fated("a", &[Passed]), fated("b", &[Passed])]);
    assert_eq!(gate(&measured, all).expect_err("shut"), [Reason::Missing { check: "b".to_owned() }]);
}

fn fates() -> impl Strategy<Value = Vec<Vec<Fate>>> {
    // Mostly harmless, so that the gate is open often enough to be worth a test.
    let fate = prop_oneof![
        12 => proptest::sample::select(&[Passed, Noted, Warned, NotApplicable][..]),
        1 => proptest::sample::select(&Fate::ALL[..]),
    ];
    proptest::collection::vec(proptest::collection::vec(fate, 0..4), 0..5)
}

proptest! {
    /// Open exactly when everything was asked for, all of it was judged, nothing blocks and something passed.
    #[test]
    fn the_gate_opens_only_when_it_should(fates in fates(), skipped in proptest::option::weighted(0.1, 0_usize..5)) {
        let ids: Vec<String> = (0..fates.len()).map(|nth| format!("c{nth}")).collect();
        let checks = registry(ids.iter().zip(&fates).map(|(id, fates)| fated(id, fates)).collect());
        let skip = skipped.filter(|nth| *nth < ids.len());
        let selection = Selection { only: Vec::new(), skip: skip.map(|nth| ids[nth].clone()).into_iter().collect() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let measured = runtime.block_on(run(Plan { selection, ..plan() }, checks));
        let harmless = |fate: &Fate| matches!(fate, Passed | Noted | Warned | NotApplicable);
        let judged = |fate: &Fate| matches!(fate, Passed | Noted | Warned);
        let all = || fates.iter().flatten();
        let open = skip.is_none() && all().all(harmless) && all().any(judged);
        prop_assert_eq!(gate(&measured, checks).is_ok(), open, "{:?}", measured.record().summary);
    }
}

/// A check of a record, as bad as it comes.
fn check_record(id: usize) -> impl Strategy<Value = CheckRecord> {
    let state = prop_oneof![
        6 => proptest::sample::select(&[State::Passed, State::Warned, State::Waived, State::NotApplicable][..]),
        1 => proptest::sample::select(&State::ALL[..]),
    ];
    let blocks = proptest::option::weighted(0.03, any::<bool>());
    (state, blocks).prop_map(move |(state, waived)| CheckRecord {
        id: format!("c{id}"),
        title: String::new(),
        category: Category::Network,
        state,
        duration_ms: 0,
        blocked_by: Vec::new(),
        findings: waived.map(blocker).into_iter().collect(),
        remarks: Vec::new(),
        not_judged: Vec::new(),
        deselected: false,
    })
}

fn blocker(waived: bool) -> FindingRecord {
    FindingRecord {
        id: "c0/blocker".to_owned(),
        severity: Severity::Blocker,
        undetermined: false,
        subject: String::new(),
        message: String::new(),
        why: String::new(),
        evidence: serde_json::Value::Null,
        fix: Vec::new(),
        docs: String::new(),
        waived: waived.then(|| "we know".to_owned()),
    }
}

proptest! {
    /// Over records that no run would make as well: open exactly when every check of the registry is there, each that is there
    /// ended well and has no blocker, one was judged, nothing cut the run short and nothing was put in the server's place.
    #[test]
    fn no_record_opens_the_gate_against_the_rule(
        checks in (0_usize..6).prop_flat_map(|count| (0..count).map(check_record).collect::<Vec<_>>()),
        again in proptest::option::weighted(0.2, check_record(0)),
        missing in proptest::bool::weighted(0.1),
        cut in proptest::option::weighted(0.1, "deadline|interrupt"),
        what_if in proptest::option::weighted(0.1, "[a-z]{1,9}"),
    ) {
        let registry = registry(Vec::new());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let mut record = runtime.block_on(run(plan(), registry)).into_record();
        let names: Vec<String> = (0..checks.len() + usize::from(missing)).map(|nth| format!("c{nth}")).collect();
        record.checks = checks.into_iter().chain(again).collect();
        record.run.cut_short_by = cut;
        record.run.what_if = what_if.map(|what| WhatIf::new(&what, what.clone(), &Origin::flag("--x"))).into_iter().collect();

        let well = |state: State| matches!(state, State::Passed | State::Warned | State::Waived | State::NotApplicable);
        let open = record.checks.iter().all(|check| well(check.state) && !check.findings.iter().any(FindingRecord::blocks))
            && record.checks.iter().any(|check| well(check.state) && check.state != State::NotApplicable)
            && names.iter().all(|name| record.checks.iter().any(|check| check.id == *name))
            && record.run.cut_short_by.is_none()
            && record.run.what_if.is_empty();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        prop_assert_eq!(reasons(&record, &names).is_empty(), open, "{:?}", record.checks);
    }
}

#[tokio::test]
async fn a_what_if_run_opens_nothing_unless_a_waiver_answers_for_it() {
    let checks = registry(vec![fated("a", &[Warned])]);
    let rule =
        WhatIf::new("connect-to", "connections are diverted by ::127.0.0.1:", &Origin::flag("--connect-to"));
    let with = |what_if: WhatIf, waived: &[&str]| Plan { what_if: vec![what_if], ..waiving(waived) };
    let shut = gate(&run(with(rule.clone(), &["a/warning"]), checks).await, checks).expect_err("shut");
    assert_eq!(shut, [Reason::WhatIf(rule.clone())]);
    assert_eq!(
        shut[0].to_string(),
        "connections are diverted by ::127.0.0.1: (flag --connect-to): that is not the server's own way"
    );
    let answered = rule.unless_waived("a/warning");
    assert!(gate(&run(with(answered.clone(), &[]), checks).await, checks).is_err());
    assert!(gate(&run(with(answered, &["a/warning"]), checks).await, checks).is_ok());
}

#[tokio::test]
async fn leave_is_for_its_target_and_for_five_minutes() {
    let checks = registry(vec![fated("a", &[Passed])]);
    let earned = async |plan: Plan| {
        let measured = run(plan, checks).await;
        let ended = measured.ended();
        (gate(&measured, checks).expect("open"), ended)
    };
    let other = |server: &str| Plan { server: Some(Sourced::default(format!("https://{server}"))), ..plan() };
    for (after_s, again, expected) in [
        (0, plan(), Ok(())),
        (300, plan(), Ok(())),
        (301, plan(), Err("expired")),
        (-1, plan(), Err("expired")),
        (1, other("ghes.corp.example:8443"), Err("other")),
        (1, other("GHES.corp.example"), Ok(())),
        (1, Plan { enterprise: Some(Sourced::default("other".to_owned())), ..plan() }, Err("other")),
        (1, Plan { product: Sourced::default(Product::GheCom("acme".to_owned())), ..plan() }, Err("other")),
    ] {
        let (clear, ended) = earned(plan()).await;
        assert_eq!(clear.target().server, "ghes.corp.example:443");
        let (again, _) = earned(again).await;
        let now = ended + jiff::SignedDuration::from_secs(after_s);
        let redeemed = clear.redeem(Ok(again), now).map(|_| ()).map_err(|stale| match stale {
            Stale::Expired(_) => "expired",
            Stale::OtherTarget => "other",
            Stale::Shut(_) => "shut",
        });
        assert_eq!(redeemed, expected, "{after_s}");
    }
    let (clear, _) = earned(plan()).await;
    let (again, ended) = earned(plan()).await;
    let (permit, next) = clear.redeem(Ok(again), ended).expect("good");
    assert_eq!((permit.run(), permit.target()), (next.run(), next.target()));
    for (after_s, is_good) in [(-1, false), (0, true), (15, true), (16, false)] {
        assert_eq!(permit.is_good(ended + jiff::SignedDuration::from_secs(after_s)), is_good, "{after_s}");
    }
    let clear = next;
    let shut = gate(&run(plan(), registry(vec![fated("a", &[Failed])])).await, checks);
    assert!(matches!(clear.redeem(shut, ended), Err(Stale::Shut(_))));
}

#[tokio::test]
async fn without_both_sides_there_is_no_leave() {
    let checks = registry(vec![fated("a", &[Passed])]);
    for plan in [Plan { server: None, ..plan() }, Plan { enterprise: None, ..plan() }] {
        assert_eq!(gate(&run(plan, checks).await, checks).expect_err("shut"), [Reason::NoTarget]);
    }
}
