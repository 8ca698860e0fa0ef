use std::{
    any::{Any, TypeId},
    collections::{BTreeMap, VecDeque},
    io,
    path::Path,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use jiff::Timestamp;
use serde_json::Value;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::AbortHandle,
    time::Instant,
};

use crate::{
    Effects, Fact, FactRecord, Plan, Stop,
    waits::{self, Asker, FactKey, Standstill, Waits},
};

/// What a check or a fact may reach: the plan, the facts, the clock and files of the machine. Cheap to clone.
#[derive(Clone)]
pub struct Cx(Arc<Inner>);

struct Inner {
    plan: Plan,
    /// The plan with what was learnt before the checks began.
    amended: OnceLock<Plan>,
    effects: Box<dyn Effects>,
    started: Instant,
    began: Timestamp,
    facts: Mutex<BTreeMap<FactKey, Measurement>>,
    saved: Option<BTreeMap<FactKey, FactRecord>>,
    parked: Mutex<VecDeque<(String, Box<dyn Any + Send>)>>,
    waits: Waits,
    shared: Mutex<BTreeMap<(TypeId, String), Arc<dyn Any + Send + Sync>>>,
    sockets: Arc<Semaphore>,
    busy: AtomicUsize,
    settled: watch::Sender<bool>,
}

type Answer = Result<Arc<dyn Kept>, Stop>;

/// A measurement under way or done.
struct Measurement {
    answer: Shared<BoxFuture<'static, (Answer, Duration)>>,
    started: Duration,
    task: Option<AbortHandle>,
    /// Whether somebody had the answer, or everybody who asked went on without it.
    heard: Option<bool>,
}

/// A fact of any type, as the table of facts keeps it.
trait Kept: Send + Sync {
    fn to_json(&self) -> Value;
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<F: Fact> Kept for F {
    fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl Cx {
    /// A context that measures on this machine.
    pub fn live(plan: Plan, effects: impl Effects) -> Self {
        Self::new(plan, Box::new(effects), None)
    }

    /// A context that answers from saved facts and measures nothing.
    pub fn replay(plan: Plan, effects: impl Effects, facts: &[FactRecord]) -> Self {
        let saved = facts.iter().map(|fact| ((fact.id.clone(), fact.key.clone()), fact.clone())).collect();
        Self::new(plan, Box::new(effects), Some(saved))
    }

    fn new(plan: Plan, effects: Box<dyn Effects>, saved: Option<BTreeMap<FactKey, FactRecord>>) -> Self {
        let began = effects.now();
        Self(Arc::new(Inner {
            plan,
            amended: OnceLock::new(),
            effects,
            started: Instant::now(),
            began,
            facts: Mutex::default(),
            saved,
            parked: Mutex::default(),
            waits: Waits::default(),
            shared: Mutex::default(),
            sockets: Arc::new(Semaphore::new(MOST_SOCKETS)),
            busy: AtomicUsize::new(0),
            settled: watch::Sender::new(false),
        }))
    }

    /// What was asked for.
    pub fn plan(&self) -> &Plan {
        self.0.amended.get().unwrap_or(&self.0.plan)
    }

    /// Puts `plan` in the place of the one so far: once, before any check begins. Facts that were measured by then stay, so
    /// it may differ only in what none of them has asked for.
    pub(crate) fn amend(&self, plan: Plan) {
        let first = self.0.amended.set(plan).is_ok();
        debug_assert!(first, "a plan is amended once");
    }

    /// The machine's clock and files.
    pub fn effects(&self) -> &dyn Effects {
        &*self.0.effects
    }

    /// A file, as [`Effects::read`] reads it, while everything else goes on.
    pub async fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let (cx, path) = (self.clone(), path.to_owned());
        let read = tokio::task::spawn_blocking(move || cx.effects().read(&path)).await;
        read.unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    /// When the run began, by the wall clock: the one moment by which a run judges what is old, so that its record is judged
    /// alike.
    pub fn began(&self) -> Timestamp {
        self.0.began
    }

    /// The time since the run began.
    pub fn elapsed(&self) -> Duration {
        self.0.started.elapsed()
    }

    /// The fact, measured now unless somebody asked before.
    pub async fn fact<F: Fact>(&self, key: &F::Key) -> Result<Arc<F>, Stop> {
        let asked = self.ask::<F>(key);
        let (answer, _) = {
            let _waiting = self.0.waits.begin::<F>(&name::<F>(key));
            asked.await
        };
        self.mark::<F>(key, true);
        let kept = answer?;
        Arc::downcast(kept.into_any())
            .map_err(|_| Stop::defect(format_args!("two facts have the id {}", F::ID)))
    }

    /// Does `work` beside a fact that is waited for at the same time: a run that is cut short meanwhile was waiting for that, and
    /// for nothing that `work` asks for.
    pub fn beside<W: Future>(&self, work: W) -> impl Future<Output = W::Output> {
        waits::by(Asker::Nobody, work)
    }

    /// The fact, if somebody has asked for it by now; it is not measured for this.
    pub async fn fact_under_way<F: Fact>(&self, key: &F::Key) -> Option<Arc<F>> {
        let asked = lock(&self.0.facts).contains_key(&name::<F>(key));
        if asked { self.fact(key).await.ok() } else { None }
    }

    /// The fact if it is measured by the time that no examination is under way any more: for what is nice to know and
    /// must never make a run longer. For checks; a fact that is asked for like this by another fact may come too late.
    pub async fn fact_at_leisure<F: Fact>(&self, key: &F::Key) -> Option<Arc<F>> {
        let mut settled = self.0.settled.subscribe();
        let answer = {
            let fact = self.fact::<F>(key);
            tokio::pin!(fact);
            if let Some(ready) = fact.as_mut().now_or_never() {
                return ready.ok();
            }
            self.rest();
            tokio::select! {
                biased;
                answer = &mut fact => answer.ok(),
                _ = settled.wait_for(|settled| *settled) => {
                    self.mark::<F>(key, false);
                    None
                }
            }
        };
        self.0.busy.fetch_add(1, Ordering::AcqRel);
        answer
    }

    /// What comes of `work` by `until`. Of a record comes what it holds, at once, and nothing later: a check that went on without
    /// a fact goes on without it again.
    pub async fn within<T>(&self, until: Instant, work: impl Future<Output = T>) -> Option<T> {
        match self.is_live() {
            true => tokio::time::timeout_at(until, work).await.ok(),
            false => work.now_or_never(),
        }
    }

    /// Leaves something live, a connection for instance, for whoever measures the next fact along the way.
    /// What nobody takes is dropped, the oldest first.
    pub fn park<T: Send + 'static>(&self, key: &str, value: T) {
        let mut parked = lock(&self.0.parked);
        if parked.len() >= MOST_PARKED {
            parked.pop_front();
        }
        parked.push_back((key.to_owned(), Box::new(value)));
    }

    /// Takes what was parked under this key, if it is still there.
    pub fn take<T: Send + 'static>(&self, key: &str) -> Option<T> {
        let mut parked = lock(&self.0.parked);
        let at = parked.iter().position(|(name, value)| name == key && value.is::<T>())?;
        parked.remove(at)?.1.downcast().ok().map(|value| *value)
    }

    /// Something live that several measurements use at the same time, one socket to a name server for instance: made by
    /// the first that asks, kept until the run ends.
    pub fn shared<T: Send + Sync + 'static>(&self, key: &str, make: impl FnOnce() -> T) -> Arc<T> {
        let made = || Arc::new(make()) as Arc<dyn Any + Send + Sync>;
        let kept =
            lock(&self.0.shared).entry((TypeId::of::<T>(), key.to_owned())).or_insert_with(made).clone();
        kept.downcast().unwrap_or_else(|_| unreachable!("the type is part of the key"))
    }

    /// Waits for leave to open one more socket; hold the permit as long as the socket is open.
    pub async fn socket_permit(&self) -> Result<OwnedSemaphorePermit, Stop> {
        let permit = Arc::clone(&self.0.sockets).acquire_owned().await;
        permit.map_err(|_| Stop::Trouble("the run has ended".to_owned()))
    }

    /// How many examinations are under way: set once by the runner.
    pub(crate) fn set_busy(&self, examinations: usize) {
        self.0.busy.store(examinations, Ordering::Release);
        if examinations == 0 {
            self.0.settled.send_replace(true);
        }
    }

    /// One examination ended, or only waits for something that is nice to know.
    pub(crate) fn rest(&self) {
        if self.0.busy.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.settled.send_replace(true);
        }
    }

    /// Whether facts are measured now, and not recalled from a record.
    pub(crate) fn is_live(&self) -> bool {
        self.0.saved.is_none()
    }

    /// Who waits for what.
    pub(crate) fn standstill(&self) -> Standstill {
        self.0.waits.now()
    }

    /// All facts so far, and an end to the measuring of the others, whose reason belongs to the check that `owner` names.
    pub(crate) fn close(&self, owner: impl Fn(&Asker) -> Option<&'static str>) -> Vec<FactRecord> {
        self.0.sockets.close();
        lock(&self.0.parked).clear();
        lock(&self.0.shared).clear();
        let facts = lock(&self.0.facts);
        let records = facts.iter().map(|((id, key), measurement)| {
            // An answer that came after everybody had gone on played no part: judged again, it must not play one either.
            let heard = measurement.heard != Some(false);
            let answer = measurement.answer.clone().now_or_never().filter(|_| heard);
            if let Some(task) = &measurement.task {
                task.abort();
            }
            let (answer, duration) = answer.unwrap_or_else(|| {
                let stop = match owner(&Asker::Fact((id.clone(), key.clone()))) {
                    Some(check) => Stop::blocked(check),
                    None => Stop::Trouble(UNMEASURED.to_owned()),
                };
                (Err(stop), Duration::ZERO)
            });
            let (value, stop) = match answer {
                Ok(kept) => (kept.to_json(), None),
                Err(stop) => (Value::Null, Some(stop)),
            };
            let started_ms = millis(measurement.started);
            FactRecord {
                id: id.clone(),
                key: key.clone(),
                value,
                stop,
                started_ms,
                duration_ms: millis(duration),
            }
        });
        records.collect()
    }

    fn ask<F: Fact>(&self, key: &F::Key) -> Shared<BoxFuture<'static, (Answer, Duration)>> {
        let name = name::<F>(key);
        let mut facts = lock(&self.0.facts);
        if let Some(measurement) = facts.get(&name) {
            return measurement.answer.clone();
        }
        let measurement = match &self.0.saved {
            Some(saved) => recalled::<F>(saved.get(&name)),
            None => self.measure::<F>(key.clone()),
        };
        let answer = measurement.answer.clone();
        facts.insert(name, measurement);
        answer
    }

    /// Keeps in mind whether anybody had the answer. Once somebody had, it counts.
    fn mark<F: Fact>(&self, key: &F::Key, heard: bool) {
        if let Some(measurement) = lock(&self.0.facts).get_mut(&name::<F>(key)) {
            measurement.heard = Some(heard || measurement.heard == Some(true));
        }
    }

    fn measure<F: Fact>(&self, key: F::Key) -> Measurement {
        let started = self.elapsed();
        let cx = self.clone();
        let asker = Asker::Fact(name::<F>(&key));
        let task = tokio::spawn(waits::by(asker, async move {
            let answer = F::measure(&key, &cx).await;
            (answer.map(|fact| Arc::new(fact) as Arc<dyn Kept>), cx.elapsed().saturating_sub(started))
        }));
        let abort = task.abort_handle();
        let answer =
            task.map(|joined| joined.unwrap_or_else(|error| (Err(broken(F::ID, error)), Duration::ZERO)));
        Measurement { answer: answer.boxed().shared(), started, task: Some(abort), heard: None }
    }
}

fn name<F: Fact>(key: &F::Key) -> FactKey {
    (F::ID.to_owned(), key.to_string())
}

fn recalled<F: Fact>(saved: Option<&FactRecord>) -> Measurement {
    let unmeasured = Stop::Trouble(UNMEASURED.to_owned());
    if saved.is_some_and(|record| record.stop.as_ref() == Some(&unmeasured)) {
        // It did not come then, and does not come now.
        let never = std::future::pending();
        return Measurement {
            answer: never.boxed().shared(),
            started: Duration::ZERO,
            task: None,
            heard: None,
        };
    }
    let (answer, started, duration): (Answer, _, _) = match saved {
        None => (Err(Stop::Trouble(format!("the record has no such {}", F::ID))), 0, 0),
        Some(record) => {
            let answer = match &record.stop {
                Some(stop) => Err(stop.clone()),
                None => match serde_json::from_value::<F>(record.value.clone()) {
                    Ok(fact) => Ok(Arc::new(fact) as Arc<dyn Kept>),
                    Err(error) => {
                        Err(Stop::Trouble(format!("the record's {} cannot be read: {error}", F::ID)))
                    }
                },
            };
            (answer, record.started_ms, record.duration_ms)
        }
    };
    let done = std::future::ready((answer, Duration::from_millis(duration)));
    let started = Duration::from_millis(started);
    Measurement { answer: done.boxed().shared(), started, task: None, heard: None }
}

fn broken(id: &str, error: tokio::task::JoinError) -> Stop {
    match error.try_into_panic() {
        Ok(panic) => {
            Stop::Trouble(format!("internal error while measuring {id}: {}", panic_message(&*panic)))
        }
        Err(_) => Stop::Trouble(UNMEASURED.to_owned()),
    }
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// A panic elsewhere must not make the facts unreadable.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Why there is no answer where a run was cut short. Records keep it.
pub(crate) const UNMEASURED: &str = "the run ended before it was measured";
/// Enough for a journey to each of a hundred hosts at once; far below any system's limit of open files.
const MOST_SOCKETS: usize = 128;
/// Less than [`MOST_SOCKETS`], so that connections which nobody takes up never use up the permits; and as many as may be, since
/// on a slow machine the oldest is the one that would be taken up next.
const MOST_PARKED: usize = 112;
