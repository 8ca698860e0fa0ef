//! Checks and facts that follow a script.

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::future::BoxFuture;
use gh_connect_engine::{
    Category, Check, Cx, Effects, Examination, Fact, Finding, InDoubt, Interrupt, Kind, Measured, Meta,
    Owner, Plan, Policy, Product, Record, Role, Run, Selection, Severity, Sourced, State, Stop, Subject,
    Target, Waiver,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a subject turns out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Passed,
    Noted,
    Warned,
    Failed,
    /// A finding that says that something could not be found out.
    Undetermined,
    Blocked,
    Skipped,
    NotApplicable,
    Trouble,
    PanicInFact,
    PanicInCheck,
}

impl Fate {
    pub(crate) const ALL: [Self; 11] = [
        Self::Passed,
        Self::Noted,
        Self::Warned,
        Self::Failed,
        Self::Undetermined,
        Self::Blocked,
        Self::Skipped,
        Self::NotApplicable,
        Self::Trouble,
        Self::PanicInFact,
        Self::PanicInCheck,
    ];
}

/// A check made for a test: one subject per script, in its order.
pub(crate) struct Scripted {
    meta: &'static Meta,
    scripts: Vec<Script>,
}

/// What the examination of one subject does.
pub(crate) type Script =
    Box<dyn for<'a> Fn(&'static Meta, &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> + Send + Sync>;

/// A check named `id` with these scripts, one subject each.
pub(crate) fn check(id: &str, scripts: Vec<Script>) -> &'static dyn Check {
    Box::leak(Box::new(Scripted { meta: meta(id), scripts }))
}

/// A check whose subjects have these fates; each asks one fact and judges it.
pub(crate) fn fated(id: &str, fates: &[Fate]) -> &'static dyn Check {
    let scripts = fates.iter().enumerate().map(|(nth, fate)| {
        let key =
            Key { name: format!("{id} {nth}"), fate: *fate, after: Duration::ZERO, asked: Arc::default() };
        script(move |meta, cx| {
            let key = key.clone();
            Box::pin(async move { judge(meta, &*cx.fact::<Told>(&key).await?) })
        })
    });
    check(id, scripts.collect())
}

/// Gives a closure the type of a [`Script`].
pub(crate) fn script<F>(does: F) -> Script
where
    F: for<'a> Fn(&'static Meta, &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> + Send + Sync + 'static,
{
    Box::new(does)
}

/// Checks as a registry.
pub(crate) fn registry(checks: Vec<&'static dyn Check>) -> &'static [&'static dyn Check] {
    Box::leak(checks.into_boxed_slice())
}

impl Check for Scripted {
    fn meta(&self) -> &'static Meta {
        self.meta
    }

    fn subjects(&self, _: &Plan) -> Vec<Subject> {
        let target = |nth| Target { host: host(nth), port: 443, role: Role::Also };
        (0..self.scripts.len()).map(|nth| Subject::Target(target(nth))).collect()
    }

    fn examine<'a>(&'a self, subject: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        let nth = self.subjects(cx.plan()).iter().position(|other| other == subject).expect("one of mine");
        self.scripts[nth](self.meta, cx)
    }
}

/// The host of a check's nth subject: as with `github.com`, the others end like the first.
pub(crate) fn host(nth: usize) -> String {
    if nth == 0 { "corp.example".to_owned() } else { format!("host-{nth}.corp.example") }
}

/// A fact that is what its key says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) fate: String,
}

/// What a [`Told`] shall be; only the name tells keys apart.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) fate: Fate,
    /// How long measuring takes.
    pub(crate) after: Duration,
    /// How often it was measured.
    pub(crate) asked: Arc<AtomicUsize>,
}

impl Key {
    pub(crate) fn slow(name: &str, after: Duration) -> Self {
        Self { name: name.to_owned(), fate: Fate::Passed, after, asked: Arc::default() }
    }

    /// How often it was measured.
    pub(crate) fn measured(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Fact for Told {
    const ID: &'static str = "fake.told";
    type Key = Key;

    async fn measure(key: &Key, _: &Cx) -> Result<Self, Stop> {
        key.asked.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(key.after).await;
        match key.fate {
            Fate::Blocked => Err(Stop::blocked("elsewhere")),
            Fate::Skipped => Err(Stop::Skipped("nobody gave it".to_owned())),
            Fate::NotApplicable => Err(Stop::NotApplicable("no such thing here".to_owned())),
            Fate::Trouble => Err(Stop::Trouble("it broke".to_owned())),
            Fate::PanicInFact => panic!("the fact fell over"),
            fate => Ok(Self { fate: format!("{fate:?}") }),
        }
    }
}

/// The judgement of a [`Told`], from its value alone: the same for a live fact and a saved one.
pub(crate) fn judge(meta: &'static Meta, told: &Told) -> Result<Examination, Stop> {
    let kind = |nth: usize| Finding::new(meta.kinds[nth], "something", "It is as it is.");
    Ok(match told.fate.as_str() {
        "Noted" => kind(0).into(),
        "Warned" => kind(1).into(),
        "Failed" => kind(2).into(),
        "Undetermined" => kind(3).into(),
        "PanicInCheck" => panic!("the check fell over"),
        _ => Examination::passed("all is well"),
    })
}

/// Kinds `ID/note`, `ID/warning`, `ID/blocker` and `ID/unknown`.
fn meta(id: &str) -> &'static Meta {
    let id: &'static str = Box::leak(id.to_owned().into_boxed_str());
    let kind = |name: &str, severity, undetermined| -> &'static Kind {
        let id = Box::leak(format!("{id}/{name}").into_boxed_str());
        Box::leak(Box::new(Kind { id, severity, undetermined, title: "", since: "0.1.0", world: "" }))
    };
    let kinds = vec![
        kind("note", Severity::Note, false),
        kind("warning", Severity::Warning, false),
        kind("blocker", Severity::Blocker, false),
        kind("unknown", Severity::Blocker, true),
    ];
    let words =
        format!("# {id}\n\n## {id}/blocker\n\nIt is.\n\n**Why** It\nmatters.\n\n**Fix**\n\n- dns: do\n");
    Box::leak(Box::new(Meta {
        id,
        title: "A fake",
        category: Category::Network,
        words: Box::leak(words.into_boxed_str()),
        kinds: Box::leak(kinds.into_boxed_slice()),
        in_doubt: InDoubt {
            owner: Owner::Network,
            text: "Ask SERVER of SLUG about APEX",
            command: Some("ask APEX"),
        },
    }))
}

/// Runs to the end or the deadline.
pub(crate) async fn run(plan: Plan, checks: &'static [&'static dyn Check]) -> Measured {
    run_until(plan, checks, std::future::pending()).await
}

/// Runs until `interrupt`.
pub(crate) async fn run_until(
    plan: Plan,
    checks: &'static [&'static dyn Check],
    interrupt: impl Future<Output = Interrupt>,
) -> Measured {
    a_run(Cx::live(plan, Still), checks).measure(interrupt).await
}

/// A run about to begin.
pub(crate) fn a_run(cx: Cx, checks: &'static [&'static dyn Check]) -> Run {
    let (id, vantage) = ("run-1".to_owned(), "here".to_owned());
    Run { checks, cx, policy: Policy::default(), id, vantage, events: None, prepare: None }
}

/// The states of a record's checks, in their order.
pub(crate) fn states(record: &Record) -> Vec<State> {
    record.checks.iter().map(|check| check.state).collect()
}

/// A plan that asks for nothing in particular.
pub(crate) fn plan() -> Plan {
    Plan { targets: Vec::new(), loopback_only: true, ..Plan::new(Product::GithubCom) }
}

/// A plan in which somebody accepts these findings.
pub(crate) fn waiving(ids: &[&str]) -> Plan {
    let waiver = |id: &&str| Waiver { id: (*id).to_owned(), reason: "we know".to_owned() };
    Plan { waivers: ids.iter().map(|id| Sourced::default(waiver(id))).collect(), ..plan() }
}

/// A plan with a selection.
pub(crate) fn selecting(only: &[&str], skip: &[&str]) -> Plan {
    let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    Plan { selection: Selection { only: owned(only), skip: owned(skip) }, ..plan() }
}

/// A machine on which it is always the same moment.
pub(crate) struct Still;

impl Effects for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn read(&self, _: &std::path::Path) -> std::io::Result<Vec<u8>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}
