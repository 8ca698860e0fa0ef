//! What facts hand on to one another: bounded, and gone when the run is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use gh_connect_engine::{Cx, Examination, Fact, Stop};
use serde::{Deserialize, Serialize};

use crate::fake::{Still, a_run, check, plan, registry, script};

/// Counts how many of it are alive.
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn what_is_parked_is_taken_once_and_by_its_own_type() {
    let cx = Cx::live(plan(), Still);
    cx.park("github.com:443", 7_u32);
    cx.park("github.com:443", "text");
    assert_eq!(cx.take::<&str>("github.com:443"), Some("text"));
    assert_eq!(cx.take::<&str>("github.com:443"), None);
    assert_eq!(cx.take::<u32>("api.github.com:443"), None);
    assert_eq!(cx.take::<u32>("github.com:443"), Some(7));
}

#[tokio::test]
async fn what_nobody_takes_is_dropped_the_oldest_first() {
    let cx = Cx::live(plan(), Still);
    let count = Arc::new(AtomicUsize::new(0));
    for nth in 0..500 {
        cx.park(&nth.to_string(), Alive::new(&count));
    }
    let alive = count.load(Ordering::SeqCst);
    assert!((1..128).contains(&alive), "{alive} connections are kept open for nobody");
    assert!(cx.take::<Alive>("0").is_none());
    assert!(cx.take::<Alive>("499").is_some());
}

#[derive(Serialize, Deserialize)]
struct Endless;

/// The guard of the one test that uses [`Endless`].
static DROPPED: AtomicBool = AtomicBool::new(false);

struct SaysSo;

impl Drop for SaysSo {
    fn drop(&mut self) {
        DROPPED.store(true, Ordering::SeqCst);
    }
}

impl Fact for Endless {
    const ID: &'static str = "fake.endless";
    type Key = String;

    async fn measure(_: &String, cx: &Cx) -> Result<Self, Stop> {
        let _guard = SaysSo;
        let _permit = cx.socket_permit().await?;
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_run_ends_what_it_was_measuring() {
    let count = Arc::new(AtomicUsize::new(0));
    let parked = Arc::clone(&count);
    let asks = script(move |_, cx| {
        cx.park("for nobody", Alive::new(&parked));
        Box::pin(async move {
            let key = "key".to_owned();
            assert!(tokio::time::timeout(Duration::from_secs(1), cx.fact::<Endless>(&key)).await.is_err());
            Ok(Examination::passed("went on"))
        })
    });
    // Whoever still has the context does not keep the run alive.
    let cx = Cx::live(plan(), Still);
    let checks = registry(vec![check("a", vec![asks])]);
    let measured = a_run(cx.clone(), checks).measure(std::future::pending()).await;
    // Tasks that were aborted are dropped when the runtime next comes round.
    tokio::task::yield_now().await;
    assert!(DROPPED.load(Ordering::SeqCst), "still measuring");
    assert_eq!(count.load(Ordering::SeqCst), 0, "a connection outlived its run");
    assert!(cx.socket_permit().await.is_err(), "no socket is opened after the end");
    let fact = &measured.record().facts[0];
    assert_eq!(fact.stop, Some(Stop::Trouble("the run ended before it was measured".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn sockets_are_bounded_and_whoever_waits_gets_the_next() {
    let cx = Cx::live(plan(), Still);
    let mut permits = Vec::new();
    loop {
        match tokio::time::timeout(Duration::from_secs(1), cx.socket_permit()).await {
            Ok(permit) => permits.push(permit.expect("the run goes on")),
            Err(_) => break,
        }
        assert!(permits.len() <= 1_000, "no bound at all");
    }
    permits.pop();
    let next = tokio::time::timeout(Duration::from_secs(1), cx.socket_permit()).await;
    assert!(next.is_ok_and(|permit| permit.is_ok()));
}
