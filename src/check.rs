//! `gh-connect check`: from what was said to reports and an exit code.

use gh_connect_checks::ALL;
use gh_connect_engine::{Interrupt, Machine, Measured, Record, Sourced, State, Waiver};
use gh_connect_lab::World;

use crate::{
    Ending, appearance,
    cli::{Appearance, CheckFlags},
    configuration::{self, Configuration},
    environment::Environment,
    exit::Exit,
    lab_plan,
    output::Output,
    plan::{self, Ground, Layer, Settings, Spoken, UsageError},
    platform::{self, Signals, Terminals},
    progress::{self, Style},
    report::{self, Look},
    secrets,
    session::{self, Session},
    sink,
};

/// Measures, judges and reports.
pub(crate) fn check(
    flags: &CheckFlags,
    appearance: &Appearance,
    environment: &Environment,
    terminals: &Terminals,
) -> Result<Exit, Ending> {
    let prepared = prepare(flags, appearance, environment)?;
    learn_and_test(&prepared)?;
    let Prepared { settings, environment: seen, lab } = prepared;
    let exit = measure(settings, appearance, environment, &seen, terminals);
    drop(lab);
    exit
}

/// Learns the secrets of a plan, and finds out whether its reports can be written, before anything is measured.
pub(crate) fn learn_and_test(prepared: &Prepared) -> Result<(), Ending> {
    let plan = &prepared.settings.plan;
    sink::learn(|redactor| {
        redactor.merge(plan.redactor());
        plan.account.echo.iter().for_each(|page| secrets::of_page(&page.value, redactor));
    });
    let outputs = prepared.settings.outputs.iter();
    let unwritable: Vec<UsageError> = outputs.filter_map(|output| output.prepare().err()).collect();
    if unwritable.is_empty() { Ok(()) } else { Err(unwritable.into()) }
}

/// A run that can begin.
pub(crate) struct Prepared {
    pub(crate) settings: Settings,
    /// The environment that it sees: the machine's, or the world's.
    pub(crate) environment: Environment,
    /// The world around it, which must live as long as the run.
    pub(crate) lab: Option<gh_connect_lab::LabThread>,
}

pub(crate) fn prepare(
    flags: &CheckFlags,
    appearance: &Appearance,
    environment: &Environment,
) -> Result<Prepared, Vec<UsageError>> {
    prepare_in(flags, appearance, environment, |_| {})
}

/// The same, with something changed in the lab world that was asked for.
pub(crate) fn prepare_in(
    flags: &CheckFlags,
    appearance: &Appearance,
    environment: &Environment,
    change: impl FnOnce(&mut World),
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
            change(&mut named.world);
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
    let runtime = session::runtime()?;
    let exit = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let Settings { plan, policy, outputs, color, adopts } = settings;
        let shown = Shown::choose(appearance, color, environment, terminals);
        let waivers = plan.waivers.clone();
        let session = Session::open(plan, policy, adopts, seen, environment).await;
        let measured = run_and_show(&session, signals.next(), shown).await;
        let record = &sink::clean_record(measured.into_record());
        tokio::select! {
            written = write_reports(outputs, record, appearance, color, environment, terminals) => written.map(|()| conclude(&waivers, record)),
            // Whoever says it twice means it.
            again = signals.next() => Ok(again.into()),
        }
    });
    // Threads that wait for a name server which never answers are not waited for.
    runtime.shutdown_background();
    exit
}

/// How progress is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    look: Look,
    style: Style,
}

impl Shown {
    /// What suits who reads stderr.
    pub(crate) fn choose(
        appearance: &Appearance,
        color: Option<bool>,
        environment: &Environment,
        terminals: &Terminals,
    ) -> Self {
        let look = appearance::of_stderr(appearance, color, environment, terminals);
        let style = Style::choose(terminals.stderr, appearance::wants_lines(environment), look.detail);
        Self { look, style }
    }
}

/// One run of all checks, with its progress on stderr.
pub(crate) async fn run_and_show(
    session: &Session,
    interrupt: impl Future<Output = Interrupt>,
    Shown { look, style }: Shown,
) -> Measured {
    let (tell, events) = tokio::sync::mpsc::unbounded_channel();
    let tell = (style != Style::Silent).then_some(tell);
    let (measured, ()) = tokio::join!(session.run(interrupt, tell), progress::show(events, look, style));
    measured
}

/// Renders a record in all formats that were asked for, and writes them.
pub(crate) async fn write_reports(
    outputs: Vec<Output>,
    record: &Record,
    appearance: &Appearance,
    color: Option<bool>,
    environment: &Environment,
    terminals: &Terminals,
) -> Result<(), Ending> {
    let on_stdout = appearance::of_stdout(appearance, color, environment, terminals);
    let in_files = appearance::of_file(appearance, color);
    let rendered = outputs.into_iter().map(|output| {
        let look = if output.path.is_none() { &on_stdout } else { &in_files };
        let report = report::render(output.format, record, look);
        (output, report)
    });
    write(rendered.collect()).await
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
pub(crate) fn conclude(waivers: &[Sourced<Waiver>], record: &Record) -> Exit {
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
