//! `gh-connect check`: from what was said to reports and an exit code.

use std::{path::Path, sync::Arc, time::Duration};

use gh_connect_checks::ALL;
use gh_connect_engine::{Cx, Effects as _, Machine, Record, Run, Sourced, State, Waiver};

use crate::{
    appearance,
    cli::{Appearance, CheckFlags},
    environment::Environment,
    exit::Exit,
    lab_plan,
    output::Output,
    plan::{self, Ground, Layer, Said, Settings, Source, Spoken, UsageError},
    platform::{self, Signals, Terminals},
    report, secrets, sink,
};

/// Measures, judges and reports.
pub(crate) fn check(
    flags: &CheckFlags,
    appearance: &Appearance,
    environment: &Environment,
    terminals: &Terminals,
) -> Exit {
    let refuse = |errors: &[UsageError]| {
        let color = appearance::color(appearance::said_color(appearance), environment, terminals.stderr);
        sink::stderr(&plan::render(errors, color));
        Exit::USAGE
    };
    let prepared = match prepare(flags, appearance, environment) {
        Ok(prepared) => prepared,
        Err(errors) => return refuse(&errors),
    };
    let Prepared { settings, lab } = prepared;
    sink::learn(|redactor| redactor.merge(settings.plan.redactor()));
    let unwritable: Vec<UsageError> =
        settings.outputs.iter().filter_map(|output| output.prepare().err()).collect();
    if !unwritable.is_empty() {
        return refuse(&unwritable);
    }
    let exit = measure(settings, appearance, environment, terminals);
    drop(lab);
    exit
}

/// A run that can begin.
struct Prepared {
    settings: Settings,
    /// The world around it, which must live as long as the run.
    lab: Option<gh_connect_lab::LabThread>,
}

fn prepare(
    flags: &CheckFlags,
    appearance: &Appearance,
    environment: &Environment,
) -> Result<Prepared, Vec<UsageError>> {
    let said = Layer::of_flags(flags, appearance.color.as_deref());
    let spoken = |file, environment, ground| {
        plan::settle(Spoken { flags: &said, file, environment, ground, checks: ALL, files: &Machine })
    };
    match &flags.lab {
        Some(world) => {
            let world = lab_plan::find(Some(&lab_plan::said("--lab", world))).map_err(|error| vec![error])?;
            let running = world.start()?;
            sink::learn(|redactor| secrets::of_environment(&running.environment, redactor));
            let settings = spoken(Some(&running.layer), &running.environment, running.ground)?;
            Ok(Prepared { settings, lab: Some(running.lab) })
        }
        None => {
            let file = configuration(flags)?;
            let settings = spoken(file.as_ref(), environment, Ground::machine())?;
            Ok(Prepared { settings, lab: None })
        }
    }
}

/// The file that was named, or `gh-connect.toml` if there is one.
fn configuration(flags: &CheckFlags) -> Result<Option<Layer>, Vec<UsageError>> {
    let (name, said) = match &flags.config {
        Some(name) => {
            (name.as_str(), Some(Said { text: name.clone(), place: plan::Place::Flag("--config") }))
        }
        None => (DEFAULT_FILE, None),
    };
    let path = Path::new(name);
    let error = |message: String| match &said {
        Some(said) => vec![UsageError::at(said, message)],
        None => vec![UsageError::new(message)],
    };
    let bytes = match Machine.read(path) {
        Ok(bytes) => bytes,
        Err(missing) if said.is_none() && missing.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(unreadable) => return Err(error(format!("{name} cannot be read: {unreadable}"))),
    };
    if bytes.len() > LARGEST_FILE {
        return Err(error(format!("{name} is larger than 1 MiB")));
    }
    let text = String::from_utf8(bytes).map_err(|_| error(format!("{name} is not UTF-8")))?;
    sink::learn(|redactor| secrets::of_text(&text, redactor));
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let source = Arc::new(Source { name: name.to_owned(), text, folder, world: false });
    plan::read_file(&source).map(Some)
}

fn measure(
    settings: Settings,
    appearance: &Appearance,
    environment: &Environment,
    terminals: &Terminals,
) -> Exit {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(MOST_BLOCKING_THREADS)
        .thread_stack_size(BLOCKING_STACK)
        .thread_keep_alive(Duration::from_millis(100))
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return broken(&format!("no runtime: {error}")),
    };
    let exit = runtime.block_on(async {
        let mut signals = match Signals::listen() {
            Ok(signals) => signals,
            Err(error) => return broken(&format!("signals cannot be heard: {error}")),
        };
        let Settings { plan, policy, outputs, color } = settings;
        let waivers = plan.waivers.clone();
        let cx = Cx::live(plan, Machine);
        let run = Run {
            checks: ALL,
            cx,
            policy,
            id: run_id(),
            vantage: platform::vantage(environment),
            events: None,
        };
        let measured = run.measure(signals.next()).await;
        let record = measured.record();
        let look = appearance::of_stdout(appearance, color, environment, terminals);
        let file_look = appearance::of_file(appearance, color);
        let reports: Vec<(Output, Vec<u8>)> = outputs
            .into_iter()
            .map(|output| {
                let look = if output.path.is_none() { &look } else { &file_look };
                let report = report::render(output.format, record, look);
                (output, report)
            })
            .collect();
        let written = tokio::select! {
            written = write(reports) => written,
            // Whoever says it twice means it.
            again = signals.next() => return again.into(),
        };
        if !written.is_empty() {
            return broken(&written.join("\ngh-connect: "));
        }
        let exit = Exit(record.summary.exit_code);
        match unused(&waivers, record) {
            unused if unused.is_empty() || exit == Exit::FAILED || record.run.cut_short_by.is_some() => exit,
            unused => {
                for id in unused {
                    sink::stderr(&format!(
                        "error: the waiver of {id} matched no finding of this run; remove it\n"
                    ));
                }
                Exit::USAGE
            }
        }
    });
    runtime.shutdown_background();
    exit
}

/// Writes all reports on a thread of its own: a reader that stalls must not keep a second Ctrl-C from being heard.
/// What went wrong is returned.
async fn write(reports: Vec<(Output, Vec<u8>)>) -> Vec<String> {
    let (done, outcome) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("reports".to_owned()).spawn(move || {
        let failed = reports.iter().filter_map(|(output, report)| {
            let error = output.write(report).err()?;
            Some(format!("the report cannot be written to {}: {error}", output.place()))
        });
        // Nobody waits any more after a second signal.
        let _ = done.send(failed.collect());
    });
    match thread {
        Ok(_) => outcome.await.unwrap_or_else(|_| vec!["the reports were not written".to_owned()]),
        Err(error) => vec![format!("no thread for the reports: {error}")],
    }
}

/// Waivers that matched nothing. Of a check that was not judged in full nobody knows what it would have found.
fn unused(waivers: &[Sourced<Waiver>], record: &Record) -> Vec<String> {
    let needless = |id: &str| {
        let check = record.checks.iter().find(|check| id.split('/').next() == Some(&check.id));
        check.is_some_and(|check| {
            let judged = !matches!(check.state, State::Unknown | State::Blocked | State::Skipped);
            judged && !check.findings.iter().any(|finding| finding.id == id)
        })
    };
    waivers.iter().map(|waiver| &waiver.value.id).filter(|id| needless(id)).cloned().collect()
}

fn broken(what: &str) -> Exit {
    sink::stderr(&format!("gh-connect: {what}\n"));
    Exit::INTERNAL
}

/// Unique among the runs of one machine, and sorted by time.
fn run_id() -> String {
    format!("{}-{}", Machine.now().strftime("%Y%m%dT%H%M%S.%6fZ"), std::process::id())
}

const DEFAULT_FILE: &str = "gh-connect.toml";
const LARGEST_FILE: usize = 1 << 20;
/// Name lookups by the system block a thread each, and some never return.
const MOST_BLOCKING_THREADS: usize = 8;
const BLOCKING_STACK: usize = 512 << 10;
