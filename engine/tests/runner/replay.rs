//! A record can be judged again, far away from what it was measured on.

use gh_connect_engine::{
    Interrupt, NoProxy, Origin, Plan, Policy, ProxySetting, ProxyUrl, Record, Sourced, State, Verdict,
    judge_again,
};
use proptest::prelude::*;

use crate::fake::{Fate, Fate::*, fated, plan, registry, run, run_until, states, waiving};

fn json(record: &Record) -> serde_json::Value {
    serde_json::to_value(record).expect("a record is plain data")
}

/// As it comes back from a file.
fn saved(record: &Record) -> Record {
    serde_json::from_str(&serde_json::to_string(record).expect("JSON")).expect("a record")
}

proptest! {
    /// Equal to the last field, whatever happened.
    #[test]
    fn judged_again_equals_the_live_run(
        fates in proptest::collection::vec(
            proptest::collection::vec(proptest::sample::select(&Fate::ALL[..]), 0..5), 0..6),
        waived in proptest::collection::vec(0_usize..6, 0..3), fail_on_warn: bool,
    ) {
        let checks = fates.iter().enumerate().map(|(nth, fates)| fated(&format!("c{nth}"), fates)).collect();
        let checks = registry(checks);
        let waived: Vec<String> = waived.iter().map(|nth| format!("c{nth}/warning")).collect();
        let plan = waiving(&waived.iter().map(String::as_str).collect::<Vec<_>>());
        let policy = Policy { fail_on_warn };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let (live, again) = runtime.block_on(async {
            let mut run = crate::fake::a_run(gh_connect_engine::Cx::live(plan, crate::fake::Still), checks);
            run.policy = policy;
            let live = run.measure(std::future::pending()).await;
            let again = judge_again(&saved(live.record()), checks, policy).await.expect("a plan");
            (live, again)
        });
        prop_assert_eq!(json(live.record()), json(&again));
    }
}

#[tokio::test]
async fn an_interrupted_run_stays_interrupted() {
    let checks = registry(vec![fated("a", &[Passed])]);
    let live = run_until(plan(), checks, std::future::ready(Interrupt::Terminate)).await;
    let again = judge_again(&saved(live.record()), checks, Policy::default()).await.expect("a plan");
    assert_eq!(again.summary.exit_code, 143);
    assert_eq!(again.run.cut_short_by.as_deref(), Some("terminate"));
}

#[tokio::test]
async fn what_the_record_does_not_hold_is_unknown() {
    let old = run(plan(), registry(vec![fated("a", &[Passed])])).await;
    let newer = registry(vec![fated("a", &[Passed]), fated("b", &[Passed])]);
    let again = judge_again(&saved(old.record()), newer, Policy::default()).await.expect("a plan");
    assert_eq!(states(&again), [State::Passed, State::Unknown]);
    assert_eq!(again.summary.verdict, Verdict::Undetermined);
}

#[tokio::test]
async fn a_fact_that_cannot_be_read_is_unknown() {
    let checks = registry(vec![fated("a", &[Passed])]);
    let live = run(plan(), checks).await;
    let mut record = saved(live.record());
    record.facts[0].value = serde_json::json!({"fate": 7});
    let again = judge_again(&record, checks, Policy::default()).await.expect("a plan");
    assert_eq!(states(&again), [State::Unknown]);
}

/// Without timers: whoever judges a record again has no time to pass.
#[test]
fn what_a_record_does_not_hold_at_once_does_not_come_within_any_time() {
    let cx = gh_connect_engine::Cx::replay(plan(), crate::fake::Still, &[]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(3600);
    runtime.block_on(async {
        assert_eq!(cx.within(until, std::future::pending::<()>()).await, None);
        assert_eq!(cx.within(until, std::future::ready(7)).await, Some(7));
    });
}

#[tokio::test]
async fn a_plan_that_cannot_be_read_is_an_error() {
    let checks = registry(vec![fated("a", &[Passed])]);
    let mut record = saved(run(plan(), checks).await.record());
    record.plan = serde_json::json!({"product": "a toaster"});
    assert!(judge_again(&record, checks, Policy::default()).await.is_err());
}

#[tokio::test]
async fn no_secret_is_in_a_record_and_the_plan_is_still_readable() {
    let proxy = ProxyUrl::parse("http://canary:hunter2@proxy.corp.example:3128").expect("a proxy");
    let plan = Plan {
        proxy: Sourced::new(ProxySetting::Use(proxy), Origin::environment("HTTPS_PROXY")),
        no_proxy: Sourced::new(NoProxy::parse(".corp.example,10.0.0.1"), Origin::environment("NO_PROXY")),
        ..plan()
    };
    let checks = registry(vec![fated("a", &[Passed])]);
    let live = run(plan, checks).await;
    let text = json(live.record()).to_string();
    assert!(!text.contains("hunter2") && !text.contains("canary"), "{text}");
    assert!(text.contains("proxy.corp.example:3128"), "{text}");
    let again = judge_again(&saved(live.record()), checks, Policy::default()).await.expect("a plan");
    assert_eq!(json(&again), json(live.record()));
}
