//! `gh-connect status`: what both sides say about the connection now. It changes nothing.
//!
//! The checks are what asks: they know the ways to both sides, and who mends what stands in one. Their judgement of the
//! connection is the verdict, and what they measured is what is printed.

mod parts;
mod said;
mod text;

use std::sync::Arc;

use gh_connect_engine::{Measured, Record, State, Stop};
use gh_connect_github::cloud::{AuditLog, Topic};
use tokio::time::timeout;

pub(crate) use self::said::schema;
use self::{
    parts::{Why, read, why_not_judged},
    said::Verdict,
};
use crate::{
    Ending,
    check::{self, Prepared},
    cli::{Appearance, CheckFlags},
    environment::Environment,
    exit::Exit,
    lab_log,
    plan::UsageError,
    platform::{self, Signals},
    report::Format,
    session::{self, Session},
    sink,
};

/// Reads and prints.
pub(crate) fn status(
    flags: &CheckFlags,
    appearance: &Appearance,
    environment: &Environment,
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
    let (said, exit) = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let session =
            Session::open(settings.plan, settings.policy, settings.adopts, &seen, environment).await;
        let measured = session.run(signals.next(), None).await;
        let record = sink::clean_record(measured.record().clone());
        let plan = serde_json::from_value(record.plan.clone())
            .map_err(|error| Ending::Internal(format!("the plan cannot be read again: {error}")))?;
        let said = read(plan, &record, cloud_log(&session, &measured), verdict(&record)).await;
        Ok::<_, Ending>((said, exit(&record)))
    })?;
    runtime.shutdown_background();
    if let Some(lab) = &lab {
        sink::stderr(&lab_log::told(&lab.log(), usize::MAX));
    }
    drop(lab);
    for output in &outputs {
        let text = if output.format == Format::Json { said.json() } else { text::text(&said) };
        output.write(text.as_bytes())?;
    }
    Ok(exit)
}

/// What `status` would say first, and its exit code.
pub(super) async fn headline(session: &Session) -> String {
    let measured = session.run(std::future::pending(), None).await;
    let record = sink::clean_record(measured.record().clone());
    let (verdict, Why { message, .. }) = verdict(&record);
    format!("{}: {message} (exit code {})", verdict.words(), exit(&record).0)
}

/// What the enterprise account's audit log records of connections, which no check needs. It is asked the way that the run
/// found, which may be by the server's own proxy.
async fn cloud_log(session: &Session, measured: &Measured) -> Option<Result<Arc<AuditLog>, Stop>> {
    if measured.record().run.cut_short_by.is_some() {
        return None;
    }
    let cx = session.context_of(measured.plan().clone());
    let limit = session.plan().timeout.value.0;
    let log = timeout(limit, cx.fact::<AuditLog>(&Topic::Connections)).await.ok()?;
    // It is in no record, so nothing has been taken out of it.
    Some(log.and_then(|log| {
        sink::clean_fact(&*log).map(Arc::new).map_err(|error| Stop::Trouble(error.to_string()))
    }))
}

/// The judgement of the connection, and the words for it.
fn verdict(record: &Record) -> (Verdict, Why) {
    let Some(check) = record.checks.iter().find(|check| check.id == "connection") else {
        return (Verdict::Undetermined, Why::default());
    };
    for finding in &check.findings {
        let verdict = match finding.id.as_str() {
            "connection/already-connected" => Verdict::Connected,
            "connection/orphaned" => Verdict::Orphaned,
            "connection/elsewhere" => Verdict::Elsewhere,
            "connection/unproven" => Verdict::Undetermined,
            "connection/leftover" => Verdict::NotConnected,
            _ => continue,
        };
        return (verdict, Why::of(finding));
    }
    match check.state {
        State::Passed | State::Warned => {
            let remarks = check.remarks.iter().map(|remark| remark.text.as_str());
            let message = format!("by what both sides say, it is {}", remarks.collect::<Vec<_>>().join("; "));
            (Verdict::NotConnected, Why { message, ..Why::default() })
        }
        _ => (Verdict::Undetermined, why_not_judged(record, check)),
    }
}

/// A signal that cut the run short wins over the verdict.
fn exit(record: &Record) -> Exit {
    let of_run = Exit(record.summary.exit_code);
    match [Exit::HUNG_UP, Exit::INTERRUPTED, Exit::TERMINATED].contains(&of_run) {
        true => of_run,
        false => verdict(record).0.exit(),
    }
}
