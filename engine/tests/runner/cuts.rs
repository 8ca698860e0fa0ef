//! A run that ends early still leaves a whole record.

use std::time::Duration;

use gh_connect_engine::{Check, Interrupt, Plan, Record, Seconds, Sourced, State, Stop, Verdict};

use crate::fake::{
    Fate, Key, Told, check, fated, host, judge, plan, registry, run, run_until, script, states,
};

/// A check whose subjects wait for a fact about their own host.
fn waiting(id: &str, seconds: &[u64]) -> &'static dyn Check {
    let scripts = seconds.iter().enumerate().map(|(nth, seconds)| {
        let key = Key::slow(&format!("{}:443", host(nth)), Duration::from_secs(*seconds));
        script(move |meta, cx| {
            let key = key.clone();
            Box::pin(async move { judge(meta, &*cx.fact::<Told>(&key).await?) })
        })
    });
    check(id, scripts.collect())
}

fn deadline(seconds: u64) -> Plan {
    Plan { deadline: Sourced::default(Seconds(Duration::from_secs(seconds))), ..plan() }
}

async fn after(seconds: u64, signal: Interrupt) -> Interrupt {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    signal
}

/// It says everything that any record says, and can be read again.
fn assert_whole(record: &Record) {
    assert_eq!(record.summary.counts.len(), State::ALL.len());
    assert_eq!(record.summary.counts.values().sum::<usize>(), record.checks.len());
    let json = serde_json::to_string(record).expect("JSON");
    let again: Record = serde_json::from_str(&json).expect("a record");
    assert_eq!(serde_json::to_value(&again).expect("JSON"), serde_json::to_value(record).expect("JSON"));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_leaves_what_was_judged_by_then() {
    let checks = registry(vec![waiting("slow", &[1, 60]), fated("quick", &[Fate::Passed])]);
    let measured = run(deadline(5), checks).await;
    let record = measured.record();
    assert_eq!(states(record), [State::Unknown, State::Passed]);
    assert_eq!(record.run.cut_short_by.as_deref(), Some("deadline"));
    assert_eq!((record.run.duration_ms, record.summary.exit_code), (5_000, 3));
    assert_eq!(record.checks[0].remarks.len(), 1, "the first subject was judged");
    let told = "the deadline of 5 s passed while waiting for fake.told host-1.corp.example:443";
    assert_eq!(record.checks[0].not_judged[0].stop, Stop::Trouble(told.to_owned()));
    assert_eq!(record.root_causes, ["slow"]);
    assert_whole(record);
}

#[tokio::test(start_paused = true)]
async fn a_failure_before_the_deadline_stays_a_failure() {
    let checks = registry(vec![fated("bad", &[Fate::Failed]), waiting("slow", &[60])]);
    let measured = run(deadline(5), checks).await;
    let record = measured.record();
    assert_eq!((record.summary.verdict, record.summary.exit_code), (Verdict::Failed, 1));
    assert_eq!(record.root_causes, ["bad/blocker"]);
    assert_whole(record);
}

#[tokio::test(start_paused = true)]
async fn a_signal_decides_the_exit_code() {
    for (signal, id, code) in [
        (Interrupt::Interrupt, "interrupt", 130),
        (Interrupt::Terminate, "terminate", 143),
        (Interrupt::HangUp, "hangup", 129),
    ] {
        let checks = registry(vec![waiting("slow", &[60]), fated("bad", &[Fate::Failed])]);
        let measured = run_until(plan(), checks, after(2, signal)).await;
        let record = measured.record();
        assert_eq!(record.run.cut_short_by.as_deref(), Some(id));
        assert_eq!((record.summary.exit_code, record.run.duration_ms), (code, 2_000));
        assert_eq!(states(record), [State::Unknown, State::Failed]);
        assert_whole(record);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_done_in_time_is_not_cut() {
    let measured =
        run_until(deadline(5), registry(vec![waiting("a", &[4])]), after(6, Interrupt::Interrupt)).await;
    assert_eq!(measured.record().run.cut_short_by, None);
    assert_eq!(measured.record().summary.exit_code, 0);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_waiting_subjects_do_not_fill_the_page() {
    let measured = run(deadline(1), registry(vec![waiting("slow", &[60; 1_000])])).await;
    let not_judged = &measured.record().checks[0].not_judged;
    assert_eq!(not_judged.len(), 1_000);
    for not in not_judged {
        let Stop::Trouble(why) = &not.stop else { panic!("{not:?}") };
        assert!(
            why.ends_with(&format!("fake.told {}", not.subject)),
            "{why} names another host than {}",
            not.subject
        );
    }
}
