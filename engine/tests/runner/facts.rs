//! A fact is measured once, at the same time as all others, and breaks alone.

use std::time::Duration;

use gh_connect_engine::{Cx, Event, Examination, Fact, State, Stop};
use serde::{Deserialize, Serialize};
use tokio::{sync::mpsc, time::Instant};

use crate::fake::{Fate, Key, Still, Told, a_run, check, fated, judge, plan, registry, run, script, states};

#[tokio::test(start_paused = true)]
async fn a_fact_is_measured_once_however_many_ask() {
    let key = Key::slow("shared", Duration::from_secs(1));
    let asks = |_| {
        let key = key.clone();
        script(move |meta, cx| {
            let key = key.clone();
            Box::pin(async move {
                // Again, after it is there: still the same one.
                let first = cx.fact::<Told>(&key).await?;
                let second = cx.fact::<Told>(&key).await?;
                assert!(std::ptr::eq(&*first, &*second));
                judge(meta, &second)
            })
        })
    };
    let checks: Vec<_> = ["a", "b", "c"].map(|id| check(id, (0..50).map(asks).collect())).to_vec();
    let measured = run(plan(), registry(checks)).await;
    assert_eq!(key.measured(), 1);
    assert_eq!(states(measured.record()), [State::Passed; 3]);
    assert_eq!(measured.record().facts.len(), 1);
    assert_eq!(measured.record().facts[0].duration_ms, 1_000);
}

#[tokio::test(start_paused = true)]
async fn everything_is_measured_at_the_same_time() {
    let began = Instant::now();
    let one_second = |nth: usize| {
        let key = Key::slow(&nth.to_string(), Duration::from_secs(1));
        script(move |meta, cx| {
            let key = key.clone();
            Box::pin(async move { judge(meta, &*cx.fact::<Told>(&key).await?) })
        })
    };
    let checks: Vec<_> = (0..5)
        .map(|nth| check(&nth.to_string(), (nth * 40..nth * 40 + 40).map(one_second).collect()))
        .collect();
    let measured = run(plan(), registry(checks)).await;
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    assert_eq!(measured.record().facts.len(), 200);
    assert_eq!(measured.record().run.duration_ms, 1_000);
}

#[tokio::test]
async fn a_panic_is_unknown_and_harms_nobody_else() {
    let checks = vec![
        fated("fact", &[Fate::PanicInFact, Fate::Passed]),
        fated("check", &[Fate::PanicInCheck]),
        fated("well", &[Fate::Passed]),
    ];
    let measured = run(plan(), registry(checks)).await;
    let record = measured.record();
    assert_eq!(states(record), [State::Unknown, State::Unknown, State::Passed]);
    assert_eq!(record.summary.exit_code, 3);
    assert_eq!(record.root_causes, ["fact", "check"]);
    let why: Vec<&Stop> =
        record.checks.iter().flat_map(|check| &check.not_judged).map(|not| &not.stop).collect();
    assert_eq!(
        why,
        [
            &Stop::Trouble("internal error while measuring fake.told: the fact fell over".to_owned()),
            &Stop::Trouble("internal error: the check fell over".to_owned()),
        ]
    );
}

#[tokio::test]
async fn whoever_asks_for_a_broken_fact_hears_the_same() {
    let key = Key { fate: Fate::PanicInFact, ..Key::slow("broken", Duration::ZERO) };
    let asks = |_| {
        let key = key.clone();
        script(move |meta, cx| {
            let key = key.clone();
            Box::pin(async move { judge(meta, &*cx.fact::<Told>(&key).await?) })
        })
    };
    let measured = run(plan(), registry(vec![check("a", (0..3).map(asks).collect())])).await;
    let not_judged = &measured.record().checks[0].not_judged;
    assert_eq!(not_judged.len(), 3);
    assert!(not_judged.iter().all(|not| not.stop == not_judged[0].stop));
    assert_eq!(key.measured(), 1);
}

/// Another fact that took the same id.
#[derive(Serialize, Deserialize)]
struct Impostor;

impl Fact for Impostor {
    const ID: &'static str = Told::ID;
    type Key = String;

    async fn measure(_: &String, _: &Cx) -> Result<Self, Stop> {
        Ok(Self)
    }
}

#[tokio::test]
async fn two_facts_with_one_id_are_noticed() {
    let asks = script(|meta, cx| {
        Box::pin(async move {
            let told = cx.fact::<Told>(&Key::slow("key", Duration::ZERO)).await?;
            cx.fact::<Impostor>(&"key".to_owned()).await?;
            judge(meta, &told)
        })
    });
    let measured = run(plan(), registry(vec![check("a", vec![asks])])).await;
    let stop = &measured.record().checks[0].not_judged[0].stop;
    assert_eq!(*stop, Stop::Trouble("internal error: two facts have the id fake.told".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn whoever_stops_asking_stops_nobody_else() {
    let key = Key::slow("slow", Duration::from_secs(2));
    let (gives_up, waits) = (key.clone(), key.clone());
    let checks = vec![
        check(
            "gives-up",
            vec![script(move |_, cx| {
                let key = gives_up.clone();
                Box::pin(async move {
                    let asked = tokio::time::timeout(Duration::from_secs(1), cx.fact::<Told>(&key)).await;
                    assert!(asked.is_err());
                    Ok(Examination::passed("gave up"))
                })
            })],
        ),
        check(
            "waits",
            vec![script(move |meta, cx| {
                let key = waits.clone();
                Box::pin(async move { judge(meta, &*cx.fact::<Told>(&key).await?) })
            })],
        ),
    ];
    let measured = run(plan(), registry(checks)).await;
    assert_eq!(states(measured.record()), [State::Passed, State::Passed]);
    assert_eq!(key.measured(), 1);
}

#[tokio::test]
async fn events_tell_every_end_once_and_nobody_needs_to_listen() {
    let checks = registry(vec![
        fated("a", &[Fate::Passed, Fate::Failed]),
        fated("b", &[]),
        fated("c", &[Fate::Trouble]),
    ]);
    let (sender, mut events) = mpsc::unbounded_channel();
    let mut run = a_run(Cx::live(plan(), Still), checks);
    run.events = Some(sender);
    let measured = run.measure(std::future::pending()).await;
    let mut ended = Vec::new();
    let mut found = Vec::new();
    while let Some(event) = events.recv().await {
        match event {
            Event::Started { checks } => assert_eq!(checks, ["a", "b", "c"]),
            Event::Found(finding) => found.push(finding.id),
            Event::Ended { check, state } => ended.push((check, state)),
        }
    }
    ended.sort();
    assert_eq!(ended, [("a", State::Failed), ("b", State::NotApplicable), ("c", State::Unknown)]);
    assert_eq!(found, ["a/blocker"]);

    let (sender, events) = mpsc::unbounded_channel();
    drop(events);
    let mut deaf = a_run(Cx::live(plan(), Still), checks);
    deaf.events = Some(sender);
    assert_eq!(states(deaf.measure(std::future::pending()).await.record()), states(measured.record()));
}

#[tokio::test]
async fn a_finding_says_why_in_the_words_of_its_check() {
    let measured = run(plan(), registry(vec![fated("a", &[Fate::Failed])])).await;
    let finding = &measured.record().checks[0].findings[0];
    assert_eq!(finding.why, "It matters.");
    assert_eq!(finding.docs, "gh-connect explain a/blocker");
}
