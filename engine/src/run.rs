use std::{
    future::Future,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Wake, Waker},
    time::Duration,
};

use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use crate::{
    Check, CheckRecord, Cx, Effects, Event, Examination, FactRecord, FindingRecord, Lack, Meta, Owner, Plan,
    Policy, Record, Remark, RunRecord, SCHEMA_VERSION, Selection, State, StepRecord, Stop, Subject, Summary,
    ToolRecord, WhatIf,
    context::{UNMEASURED, millis, panic_message},
    exit_code,
    record::{NotJudged, root_causes, state, verdict},
    waits::{self, Asker, Standstill},
};

/// A run about to begin.
pub struct Run {
    /// The registry, in the order of reports.
    pub checks: &'static [&'static dyn Check],
    /// Where facts come from.
    pub cx: Cx,
    /// What decides about the exit code.
    pub policy: Policy,
    /// Unique among runs.
    pub id: String,
    /// The machine from which it is measured.
    pub vantage: String,
    /// Who wants to know how it goes.
    pub events: Option<UnboundedSender<Event>>,
    /// What must be learnt before the plan is whole; within the run's time.
    pub prepare: Option<Preparation>,
}

/// Learns from the first facts of a run what the plan lacks, and gives the plan back with it; `None` leaves it as it is.
/// The server's own proxy setting is such a thing: every measurement goes the way that it tells.
pub type Preparation = BoxFuture<'static, Option<Plan>>;

/// A signal that ends a run early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupt {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP: the terminal is gone.
    HangUp,
}

/// What a run of this process came to: what the gate asks for. A record from a file never becomes one.
///
/// ```compile_fail
/// fn forge(record: gh_connect_engine::Record) -> gh_connect_engine::Measured {
///     gh_connect_engine::Measured { record, plan: todo!(), ended: todo!(), live: true }
/// }
/// ```
#[derive(Debug)]
pub struct Measured {
    record: Record,
    plan: Plan,
    ended: Timestamp,
    live: bool,
}

impl Measured {
    /// What was measured.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// What was measured, for whoever needs no leave to act on it.
    pub fn into_record(self) -> Record {
        self.record
    }

    /// What it was asked to measure.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// When the run ended, by the clock of its context.
    pub fn ended(&self) -> Timestamp {
        self.ended
    }

    /// Whether the facts were measured by this run, and not recalled by a context that replays.
    pub fn live(&self) -> bool {
        self.live
    }
}

impl Run {
    /// Examines all subjects of all selected checks at the same time, until all are done, the plan's deadline passes, or
    /// `interrupt` comes. Whatever was not done by then ends `unknown`, and the record is whole.
    pub async fn measure(self, interrupt: impl Future<Output = Interrupt>) -> Measured {
        let Self { checks, cx, policy, id, vantage, events, prepare } = self;
        let started_at = cx.began();
        let deadline = cx.plan().deadline.value.0;
        let mut sheets: Vec<Sheet> = Vec::new();
        let tell = |event: Event| {
            if let Some(events) = &events {
                // Nobody listening any more is no reason to stop.
                let _ = events.send(event);
            }
        };
        tell(Event::Started { checks: checks.iter().map(|check| check.meta().id).collect() });
        let (cut, standstill) = {
            let work = async {
                if let Some(prepare) = prepare
                    && let Some(plan) = prepare.await
                {
                    cx.amend(plan);
                }
                sheets = self::sheets(checks, cx.plan());
                examine_all(&mut sheets, &cx, &tell).await;
            };
            tokio::pin!(work, interrupt);
            let cut = tokio::select! {
                biased;
                () = &mut work => None,
                signal = &mut interrupt => Some(Cut::Interrupted(signal)),
                () = tokio::time::sleep(deadline.saturating_sub(cx.elapsed())) => Some(Cut::Deadline(deadline)),
            };
            // Before the work is dropped, and with it every wait.
            (cut, cx.standstill())
        };
        if sheets.is_empty() {
            // Cut short before there was a whole plan.
            sheets = self::sheets(checks, cx.plan());
        }
        let ids: Vec<&str> = checks.iter().map(|check| check.meta().id).collect();
        let owner = |asker: &Asker| standstill.owner(asker, &ids);
        if let Some(cut) = &cut {
            for (at, sheet) in sheets.iter_mut().enumerate() {
                sheet.cut(at, cut, &standstill, owner, cx.elapsed());
            }
        }
        let ended = cx.effects().now();
        let run = RunRecord {
            id,
            started_at: started_at.to_string(),
            finished_at: ended.to_string(),
            duration_ms: millis(cx.elapsed()),
            vantage,
            cut_short_by: cut.as_ref().map(|cut| cut.id().to_owned()),
            what_if: Vec::new(),
        };
        let facts = cx.close(owner);
        let signal = cut.and_then(|cut| cut.signal());
        let record = conclude(sheets, cx.plan(), run, facts, policy, signal);
        Measured { record, plan: cx.plan().clone(), ended, live: cx.is_live() }
    }
}

/// Judges a record's facts again with these checks. Nothing is measured; what the record does not hold is unknown.
pub async fn judge_again(
    record: &Record,
    checks: &'static [&'static dyn Check],
    policy: Policy,
) -> Result<Record, serde_json::Error> {
    let plan: Plan = serde_json::from_value(record.plan.clone())?;
    let started = record.run.started_at.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    let cx = Cx::replay(plan, Recorded(started), &record.facts);
    let mut sheets = sheets(checks, cx.plan());
    as_far_as_possible(examine_all(&mut sheets, &cx, &|_| {})).await;
    sheets.iter_mut().for_each(|sheet| sheet.cut_as_in(record));
    let signal = record.run.cut_short_by.as_deref().and_then(Cut::signal_of);
    let mut again = conclude(sheets, cx.plan(), record.run.clone(), record.facts.clone(), policy, signal);
    for check in &mut again.checks {
        // How long it took belongs to the measuring.
        let before = record.checks.iter().find(|before| before.id == check.id);
        check.duration_ms = before.map_or(0, |before| before.duration_ms);
    }
    Ok(again)
}

/// Does `work` until it is done, or waits for what never comes: a fact that was not measured in time.
async fn as_far_as_possible(work: impl Future<Output = ()>) {
    let mut work = std::pin::pin!(work);
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    while work.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
        if !woken.0.swap(false, Ordering::AcqRel) {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Whether there is a reason to go on.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// What one check has to do and has done.
struct Sheet {
    check: &'static dyn Check,
    deselected: bool,
    subjects: Vec<Subject>,
    done: Vec<Option<Result<Examination, Stop>>>,
    ended: Duration,
}

impl Sheet {
    fn new(check: &'static dyn Check, plan: &Plan) -> Self {
        let deselected = !plan.selection.includes(check.meta());
        let subjects = if deselected { Vec::new() } else { check.subjects(plan) };
        let done = subjects.iter().map(|_| None).collect();
        Self { check, deselected, subjects, done, ended: Duration::ZERO }
    }

    /// What was not done by now waits for what another check judges, or could not be found out. `at` is the place in the
    /// registry.
    fn cut(
        &mut self,
        at: usize,
        cut: &Cut,
        standstill: &Standstill,
        owner: impl Fn(&Asker) -> Option<&'static str>,
        now: Duration,
    ) {
        for (nth, done) in self.done.iter_mut().enumerate().filter(|(_, done)| done.is_none()) {
            let asker = Asker::Examination(at, nth);
            let stop = match owner(&asker) {
                Some(check) => Stop::blocked(check),
                None => {
                    let ends = standstill.ends(&asker);
                    let named: Vec<String> =
                        ends.iter().take(MOST_NAMED).map(|(id, key)| format!("{id} {key}")).collect();
                    let more = match ends.len().saturating_sub(MOST_NAMED) {
                        0 => String::new(),
                        more => format!(" and {more} more"),
                    };
                    let waited = match named.is_empty() {
                        true => String::new(),
                        false => format!(" while waiting for {}{more}", named.join(", ")),
                    };
                    Stop::Trouble(format!("{cut}{waited}"))
                }
            };
            *done = Some(Err(stop));
            self.ended = now;
        }
    }

    /// What waits for a fact that an earlier run had no time for, it tells as that run did: who waited for what belongs to
    /// the measuring.
    fn cut_as_in(&mut self, record: &Record) {
        let before = record.checks.iter().find(|check| check.id == self.check.meta().id);
        let before = before.map_or(&[][..], |check| &check.not_judged);
        for (subject, done) in self.subjects.iter().zip(&mut self.done).filter(|(_, done)| done.is_none()) {
            let told = before.iter().find(|not| not.subject == subject.name());
            *done =
                Some(Err(told.map_or_else(|| Stop::Trouble(UNMEASURED.to_owned()), |not| not.stop.clone())));
        }
    }

    fn all_done(&self) -> bool {
        self.done.iter().all(Option::is_some)
    }

    fn record(self, plan: &Plan) -> CheckRecord {
        let meta = self.check.meta();
        let mut record = CheckRecord {
            id: meta.id.to_owned(),
            title: meta.title.to_owned(),
            category: meta.category,
            state: State::Skipped,
            duration_ms: millis(self.ended),
            blocked_by: Vec::new(),
            findings: Vec::new(),
            remarks: Vec::new(),
            not_judged: Vec::new(),
            deselected: self.deselected,
        };
        let mut judged = 0;
        for (subject, done) in self.subjects.iter().zip(self.done) {
            let subject = subject.name();
            match done.unwrap_or_else(|| Err(Stop::Trouble("it was not examined".to_owned()))) {
                Ok(examination) => {
                    match examination.not_applicable {
                        Some(why) => {
                            record.not_judged.push(NotJudged::new(subject.clone(), Stop::NotApplicable(why)))
                        }
                        None => judged += 1,
                    }
                    record.remarks.extend(examination.remark.map(|text| Remark { subject, text }));
                    for finding in examination.findings {
                        let waived = waiver(plan, &finding);
                        record.findings.push(FindingRecord::new(finding, meta, waived));
                    }
                }
                Err(stop) => {
                    if let Stop::Blocked(by) = &stop
                        && !record.blocked_by.contains(by)
                    {
                        record.blocked_by.push(by.clone());
                    }
                    let fix = in_doubt(meta, &stop, plan).into_iter().collect();
                    record.not_judged.push(NotJudged { subject, stop, fix });
                }
            }
        }
        if !self.deselected {
            record.state = state(&record.findings, &record.not_judged, judged);
        }
        record
    }
}

fn sheets(checks: &[&'static dyn Check], plan: &Plan) -> Vec<Sheet> {
    checks.iter().map(|check| Sheet::new(*check, plan)).collect()
}

/// What to do where nobody could tell.
fn in_doubt(meta: &Meta, stop: &Stop, plan: &Plan) -> Option<StepRecord> {
    match stop {
        _ if stop.is_defect() => Some(StepRecord {
            owner: Owner::Operator,
            text: "This is a defect of gh-connect. Write the record of a run that shows it, look through it, and send it to \
                   those who make gh-connect"
                .to_owned(),
            command: Some("gh-connect check -o json=gh-connect.json".to_owned()),
            then: false,
        }),
        _ if let Some(lack) = Lack::in_stop(stop) => Some(lack.step()),
        Stop::Trouble(_) => Some(meta.in_doubt.step(plan)),
        _ => None,
    }
}

/// What to do where a check waits for one that was left out of the run: nobody else tells why.
fn with_the_blocker(selection: &Selection, blocker: &Meta) -> StepRecord {
    let (id, category) = (blocker.id, blocker.category.id());
    let skipped: Vec<String> = [id, category]
        .into_iter()
        .filter(|name| selection.skip.iter().any(|skip| skip == name))
        .map(|name| format!("--skip {name}"))
        .collect();
    let how = match skipped.as_slice() {
        [] => format!("with --only {id} as well"),
        skipped => format!("without {}", skipped.join(" and ")),
    };
    StepRecord {
        owner: Owner::Operator,
        text: format!(
            "Run it again {how}: {id}, which was left out of this run, tells what stands in the way"
        ),
        command: None,
        then: false,
    }
}

fn waiver(plan: &Plan, finding: &crate::Finding) -> Option<String> {
    let waivers = plan.waivers.iter().filter(|_| finding.kind.waivable());
    waivers
        .map(|waiver| &waiver.value)
        .find(|waiver| waiver.id == finding.kind.id)
        .map(|waiver| waiver.reason.clone())
}

/// Why a run ended early.
enum Cut {
    Deadline(Duration),
    Interrupted(Interrupt),
}

impl Cut {
    fn id(&self) -> &'static str {
        match self {
            Self::Deadline(_) => "deadline",
            Self::Interrupted(Interrupt::Interrupt) => "interrupt",
            Self::Interrupted(Interrupt::Terminate) => "terminate",
            Self::Interrupted(Interrupt::HangUp) => "hangup",
        }
    }

    fn signal(&self) -> Option<Interrupt> {
        Self::signal_of(self.id())
    }

    fn signal_of(id: &str) -> Option<Interrupt> {
        match id {
            "interrupt" => Some(Interrupt::Interrupt),
            "terminate" => Some(Interrupt::Terminate),
            "hangup" => Some(Interrupt::HangUp),
            _ => None,
        }
    }
}

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Deadline(limit) => write!(f, "the deadline of {} s passed", limit.as_secs_f64()),
            Self::Interrupted(_) => f.write_str("the run was interrupted"),
        }
    }
}

/// The clock of a saved run.
struct Recorded(Timestamp);

impl Effects for Recorded {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn read(&self, _: &std::path::Path) -> std::io::Result<Vec<u8>> {
        Err(std::io::Error::new(std::io::ErrorKind::Unsupported, "a saved run has no files"))
    }
}

/// Cancelling it keeps what was done by then.
async fn examine_all(sheets: &mut [Sheet], cx: &Cx, tell: &(impl Fn(Event) + Sync)) {
    let subjects: Vec<(usize, usize, &'static dyn Check, Subject)> = sheets
        .iter()
        .enumerate()
        .flat_map(|(at, sheet)| {
            sheet
                .subjects
                .iter()
                .cloned()
                .enumerate()
                .map(move |(nth, subject)| (at, nth, sheet.check, subject))
        })
        .collect();
    let mut work: FuturesUnordered<BoxFuture<'_, _>> = FuturesUnordered::new();
    cx.set_busy(subjects.len());
    for sheet in sheets.iter().filter(|sheet| sheet.subjects.is_empty()) {
        let state = if sheet.deselected { State::Skipped } else { State::NotApplicable };
        tell(Event::Ended { check: sheet.check.meta().id, state });
    }
    for (at, nth, check, subject) in &subjects {
        let examination = waits::by(Asker::Examination(*at, *nth), check.examine(subject, cx));
        let examination = AssertUnwindSafe(examination).catch_unwind();
        work.push(Box::pin(async move { (*at, *nth, examination.await) }));
    }
    while let Some((at, nth, examined)) = work.next().await {
        cx.rest();
        let sheet = &mut sheets[at];
        let done = examined.unwrap_or_else(|panic| Err(Stop::defect(panic_message(&*panic))));
        let meta = sheet.check.meta();
        for finding in done.iter().flat_map(|examination| &examination.findings) {
            tell(Event::Found(Box::new(FindingRecord::new(
                finding.clone(),
                meta,
                waiver(cx.plan(), finding),
            ))));
        }
        sheet.done[nth] = Some(done);
        sheet.ended = cx.elapsed();
        if sheet.all_done() {
            tell(Event::Ended { check: meta.id, state: sheet.state_now(cx.plan()) });
        }
    }
}

impl Sheet {
    /// The state as it stands, for the progress display.
    fn state_now(&self, plan: &Plan) -> State {
        let copy = Self {
            check: self.check,
            deselected: self.deselected,
            subjects: self.subjects.clone(),
            done: self.done.clone(),
            ended: self.ended,
        };
        copy.record(plan).state
    }
}

fn conclude(
    sheets: Vec<Sheet>,
    plan: &Plan,
    mut run: RunRecord,
    facts: Vec<FactRecord>,
    policy: Policy,
    interrupt: Option<Interrupt>,
) -> Record {
    let left_out: Vec<&Meta> =
        sheets.iter().filter(|sheet| sheet.deselected).map(|sheet| sheet.check.meta()).collect();
    run.what_if = what_if(&sheets, plan);
    let mut checks: Vec<CheckRecord> = sheets.into_iter().map(|sheet| sheet.record(plan)).collect();
    for not in checks.iter_mut().flat_map(|check| &mut check.not_judged) {
        let Stop::Blocked(by) = &not.stop else { continue };
        let blocker = left_out.iter().find(|meta| meta.id == by);
        not.fix.extend(blocker.map(|blocker| with_the_blocker(&plan.selection, blocker)));
    }
    let verdict = verdict(&checks);
    let counts = State::ALL.map(|state| (state, checks.iter().filter(|check| check.state == state).count()));
    let root_causes = root_causes(&checks, run.cut_short_by.is_some());
    Record {
        schema_version: SCHEMA_VERSION,
        tool: ToolRecord { name: "gh-connect".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        run,
        plan: serde_json::to_value(plan).unwrap_or_default(),
        summary: Summary {
            verdict,
            exit_code: exit_code(verdict, &checks, policy, interrupt),
            counts: counts.into_iter().collect(),
        },
        root_causes,
        checks,
        facts,
    }
}

/// What the plan and the examinations say was used in place of the server's own way, each once, but for what a waiver accepts.
fn what_if(sheets: &[Sheet], plan: &Plan) -> Vec<WhatIf> {
    let examined = sheets.iter().flat_map(|sheet| &sheet.done).flatten().flatten();
    let mut all: Vec<WhatIf> = Vec::new();
    for what_if in plan.what_if.iter().chain(examined.flat_map(|examination| &examination.what_if)) {
        if !what_if.is_accepted(plan) && !all.contains(what_if) {
            all.push(what_if.clone());
        }
    }
    all
}

/// Facts named in the reason why something was not judged.
const MOST_NAMED: usize = 3;
