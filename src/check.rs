//! `gh-connect check`: from what was said to reports and an exit code.

use std::time::Duration;

use gh_connect_checks::ALL;
use gh_connect_engine::{Cx, Effects as _, Machine, Record, Run, Sourced, State, Waiver};

use crate::{
    Ending, account, appearance,
    cli::{Appearance, CheckFlags},
    configuration::{self, Configuration},
    environment::Environment,
    exit::Exit,
    lab_plan,
    output::Output,
    plan::{self, Ground, Layer, Settings, Spoken, UsageError},
    platform::{self, Signals, Terminals},
    progress::{self, Style},
    report, secrets, sink,
};

/// Measures, judges and reports.
pub(crate) fn check(
    flags: &CheckFlags,
    appearance: &Appearance,
    environment: &Environment,
    terminals: &Terminals,
) -> Result<Exit, Ending> {
    let Prepared { settings, environment: seen, lab } = prepare(flags, appearance, environment)?;
    sink::learn(|redactor| {
        redactor.merge(settings.plan.redactor());
        settings.plan.account.echo.iter().for_each(|page| secrets::of_page(&page.value, redactor));
    });
    let unwritable: Vec<UsageError> =
        settings.outputs.iter().filter_map(|output| output.prepare().err()).collect();
    if !unwritable.is_empty() {
        return Err(unwritable.into());
    }
    let exit = measure(settings, appearance, environment, &seen, terminals);
    drop(lab);
    exit
}

/// A run that can begin.
struct Prepared {
    settings: Settings,
    /// The environment that it sees: the machine's, or the world's.
    environment: Environment,
    /// The world around it, which must live as long as the run.
    lab: Option<gh_connect_lab::LabThread>,
}

fn prepare(
    flags: &CheckFlags,
    appearance: &Appearance,
    environment: &Environment,
) -> Result<Prepared, Vec<UsageError>> {
    let flags_layer = Layer::of_flags(flags, appearance.color.as_deref());
    let settle = |configuration: Configuration, environment, ground| {
        let Configuration { layer: file, errors, file: config } = &configuration;
        let (flags, errors, config) = (&flags_layer, errors.clone(), config.clone());
        let (files, input) = (&Machine, &platform::input);
        plan::settle(Spoken { flags, file, config, errors, environment, ground, checks: ALL, files, input })
    };
    match &flags.lab {
        Some(world) => {
            let mut named =
                lab_plan::find(Some(&lab_plan::said("--lab=", world))).map_err(|error| vec![error])?;
            named.include(&flags_layer);
            let running = named.start().map_err(|error| vec![error])?;
            sink::learn(|redactor| secrets::of_environment(&running.environment, redactor));
            let environment = running.environment;
            let settings =
                settle(Configuration::of_world(running.configuration), &environment, running.ground)?;
            Ok(Prepared { settings, environment, lab: Some(running.lab) })
        }
        None => {
            let configuration = configuration::read(flags.config.as_deref(), environment);
            let settings = settle(configuration, environment, Ground::machine())?;
            Ok(Prepared { settings, environment: environment.clone(), lab: None })
        }
    }
}

/// Runs the checks on a runtime that ends with them. `seen` is the environment in which the run says who it is.
fn measure(
    settings: Settings,
    appearance: &Appearance,
    environment: &Environment,
    seen: &Environment,
    terminals: &Terminals,
) -> Result<Exit, Ending> {
    platform::room_to_begin()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(MOST_BLOCKING_THREADS)
        .thread_stack_size(BLOCKING_STACK)
        .thread_keep_alive(Duration::from_millis(100))
        .build()?;
    let exit = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let Settings { plan, policy, outputs, color, adopts } = settings;
        let on_stderr = appearance::of_stderr(appearance, color, environment, terminals);
        let style = Style::choose(terminals.stderr, environment.text("CI").is_some(), on_stderr.detail);
        let (tell, events) = tokio::sync::mpsc::unbounded_channel();
        let waivers = plan.waivers.clone();
        let credentials = account::credentials(&plan, seen).await;
        let cx = Cx::live(plan, Machine);
        let prepare = account::preparation(&cx, &credentials, adopts);
        credentials.give_to(&cx);
        let run = Run {
            checks: ALL,
            cx,
            policy,
            id: run_id(),
            vantage: platform::vantage(environment),
            events: (style != Style::Silent).then_some(tell),
            prepare,
        };
        let (measured, ()) =
            tokio::join!(run.measure(signals.next()), progress::show(events, on_stderr, style));
        let record = &sink::clean_record(measured.into_record());
        let on_stdout = appearance::of_stdout(appearance, color, environment, terminals);
        let in_files = appearance::of_file(appearance, color);
        let rendered = outputs.into_iter().map(|output| {
            let look = if output.path.is_none() { &on_stdout } else { &in_files };
            let report = report::render(output.format, record, look);
            (output, report)
        });
        tokio::select! {
            written = write(rendered.collect()) => written.map(|()| conclude(&waivers, record)),
            // Whoever says it twice means it.
            again = signals.next() => Ok(again.into()),
        }
    });
    // Threads that wait for a name server which never answers are not waited for.
    runtime.shutdown_background();
    exit
}

/// Writes all reports on a thread of its own: a reader that stalls must not keep a second Ctrl-C from being heard.
async fn write(reports: Vec<(Output, Vec<u8>)>) -> Result<(), Ending> {
    let (done, outcome) = tokio::sync::oneshot::channel();
    std::thread::Builder::new().name("reports".to_owned()).spawn(move || {
        let failed = reports.iter().filter_map(|(output, report)| {
            let error = output.write(report).err()?;
            Some(format!("the report cannot be written to {}: {error}", output.place()))
        });
        // Nobody waits any more after a second signal.
        let _ = done.send(failed.collect::<Vec<_>>());
    })?;
    let failed = outcome.await.unwrap_or_else(|_| vec!["the reports were not written".to_owned()]);
    if failed.is_empty() { Ok(()) } else { Err(Ending::Internal(failed.join("\ngh-connect: "))) }
}

/// The exit code: the run's own, unless somebody accepts what nobody found.
fn conclude(waivers: &[Sourced<Waiver>], record: &Record) -> Exit {
    let exit = Exit(record.summary.exit_code);
    let unused = unused(waivers, record);
    if unused.is_empty() || exit == Exit::FAILED || record.run.cut_short_by.is_some() {
        return exit;
    }
    for waiver in unused {
        let Waiver { id, .. } = &waiver.value;
        let told = UsageError::new(format!("the waiver of `{id}` matched no finding of this run"))
            .hint(format!("remove it ({})", waiver.origin));
        sink::stderr(&told.render(false));
    }
    Exit::USAGE
}

/// Waivers that matched nothing. Of a check that was not judged in full nobody knows what it would have found.
fn unused<'w>(waivers: &'w [Sourced<Waiver>], record: &Record) -> Vec<&'w Sourced<Waiver>> {
    let needless = |id: &str| {
        let check = record.checks.iter().find(|check| id.split('/').next() == Some(&check.id));
        check.is_some_and(|check| {
            let judged = !matches!(check.state, State::Unknown | State::Blocked | State::Skipped);
            judged && !check.findings.iter().any(|finding| finding.id == id)
        })
    };
    waivers.iter().filter(|waiver| needless(&waiver.value.id)).collect()
}

/// Unique among the runs of one machine, and sorted by time.
fn run_id() -> String {
    format!("{}-{}", Machine.now().strftime("%Y%m%dT%H%M%S.%6fZ"), std::process::id())
}

/// Name lookups by the system block a thread each, and some never return.
const MOST_BLOCKING_THREADS: usize = 8;
const BLOCKING_STACK: usize = 512 << 10;
