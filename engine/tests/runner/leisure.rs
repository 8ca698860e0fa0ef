//! What is nice to know never makes a run longer.

use std::time::Duration;

use gh_connect_engine::{Check, Examination};
use tokio::time::Instant;

use crate::fake::{Key, Told, check, judge, plan, registry, run, script};

/// A check that remarks on whether it got the fact at leisure.
fn at_leisure(id: &str, key: &Key) -> &'static dyn Check {
    let key = key.clone();
    let asks = script(move |_, cx| {
        let key = key.clone();
        Box::pin(async move {
            let fact = cx.fact_at_leisure::<Told>(&key).await;
            Ok(Examination::passed(if fact.is_some() { "got it" } else { "went on" }))
        })
    });
    check(id, vec![asks])
}

fn busy_for(id: &str, seconds: u64) -> &'static dyn Check {
    let key = Key::slow(&format!("busy {id}"), Duration::from_secs(seconds));
    let works = script(move |meta, cx| {
        let key = key.clone();
        Box::pin(async move { judge(meta, &*cx.fact::<Told>(&key).await?) })
    });
    check(id, vec![works])
}

/// How long the run took, and the remarks of its checks.
async fn ran(checks: Vec<&'static dyn Check>) -> (u64, Vec<String>) {
    let began = Instant::now();
    let measured = run(plan(), registry(checks)).await;
    let remarks = measured.record().checks.iter().flat_map(|check| &check.remarks);
    (began.elapsed().as_secs(), remarks.map(|remark| remark.text.clone()).collect())
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_what_is_nice_to_know() {
    let slow = Key::slow("nice", Duration::from_secs(10));
    assert_eq!(ran(vec![at_leisure("a", &slow)]).await, (0, vec!["went on".to_owned()]));
    let (took, remarks) = ran(vec![at_leisure("a", &slow), busy_for("b", 1), at_leisure("c", &slow)]).await;
    assert_eq!((took, remarks), (1, ["went on", "all is well", "went on"].map(str::to_owned).to_vec()));
}

#[tokio::test(start_paused = true)]
async fn what_is_there_in_time_is_known() {
    let quick = Key::slow("nice", Duration::from_secs(1));
    let (took, remarks) = ran(vec![at_leisure("a", &quick), busy_for("b", 2), at_leisure("c", &quick)]).await;
    assert_eq!((took, remarks), (2, ["got it", "all is well", "got it"].map(str::to_owned).to_vec()));
    assert_eq!(quick.measured(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fact_that_nobody_waited_for_plays_no_part_in_the_record() {
    let late = Key::slow("nice", Duration::from_secs(2));
    let nice = late.clone();
    let both = script(move |meta, cx| {
        let nice = nice.clone();
        Box::pin(async move {
            let without = cx.fact_at_leisure::<Told>(&nice).await.is_none();
            assert!(without);
            // Measured in the meantime, after everybody had gone on without it.
            judge(meta, &*cx.fact::<Told>(&Key::slow("more work", Duration::from_secs(5))).await?)
        })
    });
    let measured = run(plan(), registry(vec![check("a", vec![both])])).await;
    let fact = measured.record().facts.iter().find(|fact| fact.key == "nice").expect("asked for");
    assert!(fact.value.is_null() && fact.stop.is_some(), "{fact:?}");
}
