//! `gh-connect`: can this GitHub Enterprise Server be connected through GitHub Connect, and if not, who has to change what?

mod account;
mod appearance;
mod check;
mod cli;
mod configuration;
mod enable;
mod environment;
mod exit;
mod explain;
mod lab;
mod lab_log;
mod lab_plan;
mod output;
mod pages;
mod panic;
mod plan;
mod platform;
mod progress;
mod report;
mod secrets;
mod session;
mod sink;

use std::ffi::OsString;

use clap::Parser as _;
use gh_connect_engine::Lack;

use crate::{
    cli::{Action, Cli},
    environment::Environment,
    exit::Exit,
    plan::UsageError,
    platform::Terminals,
};

fn main() {
    panic::install();
    let exit = std::panic::catch_unwind(run).unwrap_or(Exit::INTERNAL);
    // Threads that wait for a name server which never answers are not waited for.
    std::process::exit(exit.0.into());
}

fn run() -> Exit {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let environment = Environment::of_this_process();
    let texts: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    sink::learn(|redactor| {
        secrets::of_environment(&environment, redactor);
        secrets::of_arguments(texts.iter().map(AsRef::as_ref), redactor);
    });
    let terminals = Terminals::of_this_process();
    if let Some(error) = secrets::misplaced(&texts) {
        let color = appearance::color(None, &environment, terminals.stderr);
        sink::stderr(&format!("{}\nNothing was measured.\n", plan::render(&[error], color)));
        return Exit::USAGE;
    }
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return not_understood(&error, &environment, &terminals),
    };
    let Cli { command, appearance } = cli;
    let measures = matches!(command, Action::Check(_) | Action::Enable(_) | Action::Status(_));
    let refuse = |errors: &[UsageError]| {
        let color = appearance::color(appearance::said_color(&appearance), &environment, terminals.stderr);
        let afterwards = if measures { "\nNothing was measured.\n" } else { "" };
        sink::stderr(&format!("{}{afterwards}", plan::render(errors, color)));
        Exit::USAGE
    };
    // `check` tells of it beside everything else that is wrong.
    if let (Err(error), false) = (plan::color(appearance.color.as_deref()), measures) {
        return refuse(&[error]);
    }
    let ended = match command {
        Action::Check(flags) => check::check(&flags, &appearance, &environment, &terminals),
        Action::Enable(flags) => enable::enable(&flags, &appearance, &environment, &terminals),
        Action::Status(flags) => enable::status(&flags, &appearance, &environment),
        Action::Lab(flags) => lab::lab(&flags, &environment),
        Action::Explain { id } => {
            let look = appearance::of_stdout(
                &appearance,
                appearance::said_color(&appearance),
                &environment,
                &terminals,
            );
            pages::explain(id.as_deref(), &look)
        }
        Action::Completions { shell } => pages::completions(shell),
        Action::Man => pages::man(),
        Action::Reference { path } => pages::reference(path.as_deref()),
    };
    ended.unwrap_or_else(|ending| match ending {
        Ending::Usage(errors) => refuse(&errors),
        Ending::Internal(message) => {
            sink::stderr(&format!("gh-connect: {message}\n"));
            Exit::INTERNAL
        }
    })
}

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub(crate) enum Ending {
    /// What was said makes no sense.
    Usage(Vec<UsageError>),
    /// The fault is here, or around here.
    Internal(String),
}

impl From<Vec<UsageError>> for Ending {
    fn from(errors: Vec<UsageError>) -> Self {
        Self::Usage(errors)
    }
}

impl From<UsageError> for Ending {
    fn from(error: UsageError) -> Self {
        Self::Usage(vec![error])
    }
}

/// A limit of this machine is told with what to do about it.
impl From<std::io::Error> for Ending {
    fn from(error: std::io::Error) -> Self {
        Self::Internal(Lack::explained(error).to_string())
    }
}

/// Help, the version, and what clap itself does not understand.
fn not_understood(error: &clap::Error, environment: &Environment, terminals: &Terminals) -> Exit {
    let terminal = if error.use_stderr() { terminals.stderr } else { terminals.stdout };
    let text = error.render();
    let text = match appearance::color(None, environment, terminal) {
        true => text.ansi().to_string(),
        false => text.to_string(),
    };
    if error.use_stderr() {
        // What is shown in the place of a command that was not said is help, and no complaint.
        let help = error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        sink::stderr(&format!("{text}{}", if help { "" } else { "\nNothing was measured.\n" }));
        return Exit::USAGE;
    }
    match sink::stdout(&text) {
        Ok(()) => Exit::SUCCESS,
        Err(_) => Exit::INTERNAL,
    }
}
