//! `gh-connect`: can this GitHub Enterprise Server be connected through GitHub Connect, and if not, who has to change what?

mod appearance;
mod check;
mod cli;
mod environment;
mod exit;
mod lab;
mod lab_plan;
mod output;
mod pages;
mod panic;
mod plan;
mod platform;
mod report;
mod secrets;
mod sink;

use std::ffi::OsString;

use clap::Parser as _;

use crate::{
    cli::{Action, Cli},
    environment::Environment,
    exit::Exit,
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
    sink::learn(|redactor| {
        secrets::of_environment(&environment, redactor);
        for argument in &arguments {
            secrets::of_text(&argument.to_string_lossy(), redactor);
        }
    });
    let terminals = Terminals::of_this_process();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return not_understood(&error, &environment, &terminals),
    };
    let Cli { command, appearance } = cli;
    match command {
        Action::Check(flags) => check::check(&flags, &appearance, &environment, &terminals),
        Action::Completions { shell } => pages::completions(shell),
        Action::Man => pages::man(),
        Action::Lab(flags) => lab::lab(&flags, &appearance, &environment, &terminals),
        Action::Explain { id: _ } => Exit::INTERNAL,
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
        sink::stderr(&text);
        return Exit::USAGE;
    }
    match sink::stdout(&text) {
        Ok(()) => Exit::SUCCESS,
        Err(_) => Exit::INTERNAL,
    }
}
