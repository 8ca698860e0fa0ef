//! `gh-connect status`: what both sides say about the connection now. It changes nothing.

use gh_connect_enable::verify::CloudSays;
use gh_connect_engine::Stop;
use gh_connect_github::{
    Answer, OfTheRun,
    cloud::{Event, Installations, LicenceSync, OwnNames, ServerStatistics, Topic, is_one_of},
    server::ServerAuditLog,
};
use serde_json::{Value, json};

use super::sides::Sides;
use crate::{
    Ending,
    check::{self, Prepared},
    cli::{Appearance, CheckFlags},
    environment::Environment,
    exit::Exit,
    plan::UsageError,
    platform::{self, Terminals},
    report::Format,
    session::{self, Session},
};

/// Reads and prints.
pub(crate) fn status(
    flags: &CheckFlags,
    appearance: &Appearance,
    environment: &Environment,
    _terminals: &Terminals,
) -> Result<Exit, Ending> {
    let prepared = check::prepare(flags, appearance, environment)?;
    check::learn_and_test(&prepared)?;
    let Prepared { settings, environment: seen, lab } = prepared;
    if settings.plan.server.is_none() || settings.plan.enterprise.is_none() {
        return Err(UsageError::new("status needs both sides")
            .hint("say --server URL and --enterprise SLUG")
            .into());
    }
    let outputs = settings.outputs;
    platform::room_to_begin()?;
    let runtime = session::runtime()?;
    let told = runtime.block_on(async {
        let session =
            Session::open(settings.plan, settings.policy, settings.adopts, &seen, environment).await;
        tokio::time::timeout(session.plan().deadline.value.0, read(&session)).await
    });
    runtime.shutdown_background();
    drop(lab);
    let Ok(told) = told else {
        return Err(Ending::Internal(
            "the sides did not answer within the deadline; see gh-connect check".to_owned(),
        ));
    };
    for output in &outputs {
        let text = if output.format == Format::Json { format!("{:#}\n", told.json()) } else { told.text() };
        output.write(text.as_bytes())?;
    }
    Ok(told.exit())
}

/// All that either side says.
struct Told {
    server: String,
    enterprise: String,
    cloud: CloudSays,
    log: Result<Vec<Event>, String>,
    records: Result<Value, String>,
    sync: Result<Value, String>,
    statistics: Result<Value, String>,
}

async fn read(session: &Session) -> Told {
    let cx = session.context();
    let run = &OfTheRun;
    let (sides, names, installations, sync, statistics, _) = futures::join!(
        Sides::ask(session),
        OwnNames::of(&cx),
        cx.fact::<Installations>(run),
        cx.fact::<LicenceSync>(run),
        cx.fact::<ServerStatistics>(run),
        cx.fact::<ServerAuditLog>(&Topic::Connections),
    );
    let names = names.map(|own| own.names).unwrap_or_default();
    let records = part(installations, |fact| &fact.answer).map(|known| {
        let own: Vec<_> = known.records_of(&names).collect();
        json!(own)
    });
    let sync = part(sync, |fact| &fact.answer).map(|status| {
        let own =
            status.server_instances.iter().flatten().filter(|one| is_one_of(&names, one.hostname.as_deref()));
        json!(own.collect::<Vec<_>>())
    });
    let statistics = part(statistics, |fact| &fact.answer).map(|days| {
        let own = days.iter().filter(|day| is_one_of(&names, day.host_name.as_deref()));
        json!(own.collect::<Vec<_>>())
    });
    let plan = session.plan();
    Told {
        server: plan.server_host().unwrap_or_default().to_owned(),
        enterprise: plan.enterprise.as_ref().map(|slug| slug.value.clone()).unwrap_or_default(),
        cloud: sides.cloud,
        log: sides.log,
        records,
        sync,
        statistics,
    }
}

/// What a fact says, or why it says nothing.
fn part<F, T: Clone>(
    fact: Result<std::sync::Arc<F>, Stop>,
    answer: fn(&F) -> &Answer<T>,
) -> Result<T, String> {
    let why = |stop: Stop| match stop {
        Stop::Blocked(by) => format!("{by} stands in the way"),
        Stop::Skipped(why) | Stop::NotApplicable(why) | Stop::Trouble(why) => why,
    };
    let fact = fact.map_err(why)?;
    let answer = answer(&fact);
    answer.said().cloned().ok_or_else(|| answer.or_trouble("it").err().map(why).unwrap_or_default())
}

impl Told {
    /// 0 where the cloud lists the server as connected, 1 where it does not, 3 where that is not known.
    fn exit(&self) -> Exit {
        match self.cloud {
            CloudSays::Connected { .. } => Exit::SUCCESS,
            CloudSays::NotConnected => Exit::FAILED,
            CloudSays::Unknown(_) => Exit::UNDETERMINED,
        }
    }

    fn json(&self) -> Value {
        let either = |said: &Result<Value, String>| match said {
            Ok(value) => json!({ "said": value }),
            Err(why) => json!({ "unknown": why }),
        };
        let log = self.log.as_ref().map(|events| json!(events)).map_err(Clone::clone);
        json!({
            "schema_version": 1,
            "server": self.server,
            "enterprise": self.enterprise,
            "cloud": self.cloud,
            "installations": either(&self.records),
            "license_sync": either(&self.sync),
            "statistics": either(&self.statistics),
            "server_audit_log": either(&log),
        })
    }

    fn text(&self) -> String {
        let cloud = match &self.cloud {
            CloudSays::Connected { host_name, since: Some(since) } => {
                format!("lists {host_name} as connected since {since}")
            }
            CloudSays::Connected { host_name, since: None } => format!("lists {host_name} as connected"),
            CloudSays::NotConnected => "does not list the server as connected".to_owned(),
            CloudSays::Unknown(why) => format!("not known: {why}"),
        };
        let count = |said: &Result<Value, String>| match said {
            Ok(value) => match value.as_array().map_or(0, Vec::len) {
                0 => "none".to_owned(),
                some => some.to_string(),
            },
            Err(why) => format!("not known: {why}"),
        };
        let log = match &self.log {
            Ok(events) if events.is_empty() => "no event of a connection".to_owned(),
            Ok(events) => {
                let line = |event: &Event| {
                    let at = event.at.map_or_else(|| "at an unknown time".to_owned(), |at| at.to_string());
                    format!("{} {at}", event.action)
                };
                events.iter().take(MOST_EVENTS).map(line).collect::<Vec<_>>().join("; ")
            }
            Err(why) => format!("not known: {why}"),
        };
        format!(
            "{} and enterprise {}\n  GitHub             {cloud}\n  records            {}\n  license sync       {}\n  statistics         {}\n  server's audit log {log}\n",
            self.server,
            self.enterprise,
            count(&self.records),
            count(&self.sync),
            count(&self.statistics),
        )
    }
}

const MOST_EVENTS: usize = 5;
