//! The parts of what both sides said, out of a run's record; of what was not said, why, and who mends it.

use std::sync::Arc;

use gh_connect_engine::{CheckRecord, Cx, FindingRecord, Machine, Owner, Plan, Record, StepRecord, Stop};
use gh_connect_github::{
    Answer, OfTheRun,
    cloud::{self, AuditLog, Events, Installations, LicenceSync, OwnNames, ServerStatistics, Topic},
    server::ServerAuditLog,
};
use jiff::Timestamp;

use super::said::{Event, Installation, LicenseSync, Part, SCHEMA_VERSION, Said, Statistics, Todo, Verdict};

/// Why something is as it is, and what to do about it.
#[derive(Clone, Debug, Default)]
pub(super) struct Why {
    pub(super) message: String,
    pub(super) steps: Vec<Todo>,
}

impl Why {
    pub(super) fn of(finding: &FindingRecord) -> Self {
        Self { message: finding.message.clone(), steps: todo(&finding.fix) }
    }
}

/// Reads all parts. `ask_log` asks for the cloud's audit log, which the run did not; where the cloud answered nothing else,
/// that would be one more time to wait for nothing.
pub(super) async fn read(
    plan: Plan,
    record: &Record,
    ask_log: impl Future<Output = Option<Result<Arc<AuditLog>, Stop>>>,
    (verdict, why): (Verdict, Why),
) -> Said {
    let cx = Cx::replay(plan, Machine, &record.facts);
    let run = &OfTheRun;
    let (own, installations, sync, statistics, server_log) = futures::join!(
        OwnNames::of(&cx),
        cx.fact::<Installations>(run),
        cx.fact::<LicenceSync>(run),
        cx.fact::<ServerStatistics>(run),
        cx.fact::<ServerAuditLog>(&Topic::Connections),
    );
    let host = cx.plan().server_host().unwrap_or_default();
    let is_own = |name: Option<&str>| match (&own, name) {
        (_, None) => false,
        (Ok(own), Some(name)) => {
            cloud::is_one_of(&own.names, Some(name)) || own.aliases.may_be(&own.names, name)
        }
        (Err(_), Some(name)) => cloud::is_same_host(host, name),
    };
    let cloud = Reader { record, side: Side::Cloud, host };
    let installations =
        cloud.part(of(&installations, |fact| &fact.answer), "which servers it knows", |known| {
            known.servers.iter().filter(|one| is_own(Some(&one.host_name))).map(installation).collect()
        });
    let license_sync = cloud.part(of(&sync, |fact| &fact.answer), "who has sent license usage", |status| {
        let all = status.server_instances.iter().flatten();
        all.filter(|one| is_own(one.hostname.as_deref())).map(license_sync).collect()
    });
    let statistics = cloud.part(of(&statistics, |fact| &fact.answer), "who has sent statistics", |days| {
        days.iter().filter(|day| is_own(day.host_name.as_deref())).map(collected).collect()
    });
    let cloud_audit_log = match &installations {
        Part::Unread { why, steps } if !license_sync.is_said() && !statistics.is_said() => {
            Part::Unread { why: why.clone(), steps: steps.clone() }
        }
        _ => {
            let late = || Err(Stop::Trouble("it did not answer in time".to_owned()));
            let log = ask_log.await.unwrap_or_else(late);
            cloud.part(of(&log, |fact| &fact.answer), LOG, events)
        }
    };
    let server = Reader { side: Side::Server, ..cloud };
    let server_audit_log = server.part(of(&server_log, |fact| &fact.answer), LOG, events);
    Said {
        schema_version: SCHEMA_VERSION,
        asked_at: record.run.started_at.clone(),
        server: host.to_owned(),
        enterprise: cx.plan().enterprise.as_ref().map(|slug| slug.value.clone()).unwrap_or_default(),
        cloud: cx.plan().product.value.apex().to_owned(),
        verdict,
        exit_code: verdict.exit().0,
        message: why.message,
        steps: why.steps,
        installations,
        license_sync,
        statistics,
        cloud_audit_log,
        server_audit_log,
    }
}

/// What was answered, or why nothing was asked.
fn of<F, A>(fact: &Result<Arc<F>, Stop>, answer: fn(&F) -> &Answer<A>) -> Result<&Answer<A>, &Stop> {
    fact.as_ref().map(|fact| answer(fact))
}

#[derive(Clone, Copy)]
enum Side {
    Cloud,
    Server,
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    record: &'a Record,
    side: Side,
    /// The server's.
    host: &'a str,
}

impl Reader<'_> {
    fn part<A, T>(
        self,
        answer: Result<&Answer<A>, &Stop>,
        question: &str,
        rows: impl FnOnce(&A) -> Vec<T>,
    ) -> Part<T> {
        let said = match answer {
            Ok(answer) => answer.or_trouble(question).map_err(|stop| (stop, answer.or_stop().err())),
            Err(stop) => Err((stop.clone(), None)),
        };
        let (stop, owned) = match said {
            Ok(said) => return Part::Said(rows(said)),
            Err(why) => why,
        };
        let Why { message: why, mut steps } = match stop {
            Stop::NotApplicable(why) => return Part::NotApplicable(why),
            Stop::Blocked(by) => self.blocked(&by),
            Stop::Skipped(message) | Stop::Trouble(message) => Why { message, steps: Vec::new() },
        };
        if let (true, Some(Stop::Blocked(owner))) = (steps.is_empty(), owned) {
            steps = self.blocked(&owner).steps;
        }
        if steps.is_empty() {
            steps.push(self.side.step());
        }
        Part::Unread { why, steps }
    }

    /// Why a check stands in the way of this side: of what it found, that which is about it.
    fn blocked(self, by: &str) -> Why {
        let check = self.record.checks.iter().find(|check| check.id == by);
        let is_of_side = |finding: &&FindingRecord| {
            finding.blocks() && (finding.subject == self.host) == matches!(self.side, Side::Server)
        };
        match check.and_then(|check| check.findings.iter().find(is_of_side)) {
            Some(finding) => Why::of(finding),
            None => blocked(self.record, by, MOST_LINKS),
        }
    }
}

impl Side {
    /// What to do where no check knows it better.
    fn step(self) -> Todo {
        let (owner, text) = match self {
            Self::Cloud => (
                Owner::EnterpriseOwner,
                "Run it again with a token of an owner of the enterprise account (scopes admin:enterprise, read:audit_log)",
            ),
            Self::Server => (
                Owner::ServerAdmin,
                "Run it again with a token of a site administrator of the server (scopes site_admin, read:audit_log)",
            ),
        };
        Todo { owner, text: text.to_owned() }
    }
}

/// Why a check was not judged: its own words, or those of the check that stands before it.
pub(super) fn why_not_judged(record: &Record, check: &CheckRecord) -> Why {
    of_check(record, check, MOST_LINKS)
}

fn of_check(record: &Record, check: &CheckRecord, left: usize) -> Why {
    let blocking = check.findings.iter().find(|finding| finding.blocks());
    if let Some(finding) = blocking {
        return Why::of(finding);
    }
    let Some(stopped) = check.not_judged.first() else { return Why::default() };
    match &stopped.stop {
        Stop::Blocked(by) => blocked(record, by, left),
        Stop::Skipped(why) | Stop::NotApplicable(why) | Stop::Trouble(why) => {
            Why { message: why.clone(), steps: todo(&stopped.fix) }
        }
    }
}

fn blocked(record: &Record, by: &str, left: usize) -> Why {
    let check = record.checks.iter().find(|check| check.id == by);
    let why = match (check, left.checked_sub(1)) {
        (Some(check), Some(left)) => of_check(record, check, left),
        _ => Why::default(),
    };
    match why.message.is_empty() {
        true => Why { message: format!("{by} stands in the way"), ..why },
        false => why,
    }
}

fn todo(steps: &[StepRecord]) -> Vec<Todo> {
    let todo = |step: &StepRecord| Todo {
        owner: step.owner,
        text: match &step.command {
            Some(command) => format!("{}: {command}", step.text),
            None => step.text.clone(),
        },
    };
    steps.iter().map(todo).collect()
}

fn installation(one: &cloud::Installation) -> Installation {
    Installation {
        host_name: one.host_name.clone(),
        customer_name: one.customer_name.clone(),
        is_connected: one.is_connected,
        created_at: one.created_at.map(written),
        updated_at: one.updated_at.map(written),
    }
}

fn license_sync(one: &cloud::ServerInstance) -> LicenseSync {
    let last = one.last_sync.clone().unwrap_or_default();
    LicenseSync {
        host_name: one.hostname.clone(),
        server_id: one.server_id.clone(),
        date: last.date,
        status: last.status,
        error: last.error,
    }
}

fn collected(day: &cloud::Collected) -> Statistics {
    Statistics {
        host_name: day.host_name.clone(),
        server_id: day.server_id.clone(),
        version: day.ghes_version.clone(),
        collected: day.collection_date.clone(),
        features: day.github_connect.as_ref().and_then(|connect| connect.features_enabled.clone()),
    }
}

fn events(events: &Events) -> Vec<Event> {
    let event = |event: &cloud::Event| Event {
        action: event.action.clone(),
        at: event.at.map(written),
        actor: event.actor.clone(),
        actor_ip: event.actor_ip.map(|address| address.to_string()),
        name: event.name.clone(),
    };
    events.list.iter().map(event).collect()
}

fn written(at: Timestamp) -> String {
    at.to_string()
}

const LOG: &str = "what its audit log records of connections";
/// Checks that stand before each other.
const MOST_LINKS: usize = 5;
