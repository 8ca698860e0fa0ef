//! Completion scripts and the manual page, made from the command line's own description.

use clap::{Command, CommandFactory as _};
use clap_mangen::{
    Man,
    roff::{Roff, bold, italic, roman},
};

use gh_connect_checks::ALL;

use crate::{Ending, cli::Cli, exit::Exit, explain, plan::UsageError, report::Look, sink};

/// What is known of a check or a finding.
pub(crate) fn explain(id: Option<&str>, look: &Look) -> Result<Exit, Ending> {
    let text = explain::explain(ALL, id, look).map_err(|error| {
        let told = UsageError::new(format!("there is no check or finding `{}`", error.id))
            .hint("`gh-connect explain` lists all of them");
        match &error.meant {
            Some(meant) => told.meant(meant),
            None => told,
        }
    })?;
    print(&text)
}

/// A completion script.
pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Exit, Ending> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "gh-connect", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// One manual page with all commands, their options, exit codes, variables and files.
pub(crate) fn man() -> Result<Exit, Ending> {
    let mut page = Vec::new();
    write_man(&mut page)?;
    print(&String::from_utf8_lossy(&page))
}

/// A page of `docs/` that is made from the checks; without a path, the paths of all.
pub(crate) fn reference(path: Option<&str>) -> Result<Exit, Ending> {
    let files = explain::reference::files(ALL);
    match path {
        None => print(&files.iter().map(|(path, _)| format!("{path}\n")).collect::<String>()),
        Some(path) => match files.iter().find(|(name, _)| name == path) {
            Some((_, text)) => print(text),
            None => Err(UsageError::new(format!("`{path}` is no page that is made from the checks")).into()),
        },
    }
}

fn write_man(page: &mut Vec<u8>) -> std::io::Result<()> {
    let mut whole = Cli::command();
    whole.build();
    let root = Man::new(whole.clone());
    root.render_title(page)?;
    root.render_name_section(page)?;
    heading("SYNOPSIS").to_writer(page)?;
    for command in whole.get_subcommands().filter(|command| !command.is_hide_set()) {
        let mut synopsis = Roff::new();
        synopsis.text([bold(format!("gh-connect {}", command.get_name())), roman(operands(command))]);
        synopsis.control("br", []);
        synopsis.to_writer(page)?;
    }
    root.render_description_section(page)?;
    commands(&whole).to_writer(page)?;
    for command in whole.get_subcommands().filter(|command| command.get_name() == "check") {
        Man::new(command.clone()).render_options_section(page)?;
    }
    list("EXIT STATUS", EXIT_STATUS).to_writer(page)?;
    list("ENVIRONMENT", ENVIRONMENT).to_writer(page)?;
    list("FILES", FILES).to_writer(page)
}

/// `[OPTIONS] [ID]`
fn operands(command: &Command) -> String {
    let own = |arg: &&clap::Arg| !arg.is_global_set() && arg.get_id() != "help" && arg.get_id() != "version";
    let mut text = String::new();
    if command.get_opts().any(|arg| own(&arg)) {
        text.push_str(" [OPTIONS]");
    }
    for arg in command.get_positionals() {
        let name = arg.get_id().as_str().to_uppercase();
        text.push_str(&if arg.is_required_set() { format!(" {name}") } else { format!(" [{name}]") });
    }
    text
}

fn commands(whole: &Command) -> Roff {
    let mut roff = heading("COMMANDS");
    let check = whole.find_subcommand("check").into_iter();
    let of_check: Vec<&clap::Id> = check.flat_map(Command::get_arguments).map(clap::Arg::get_id).collect();
    for command in whole.get_subcommands().filter(|command| !command.is_hide_set()) {
        roff.control("TP", []);
        roff.text([bold(command.get_name()), roman(operands(command))]);
        let about = command.get_long_about().or_else(|| command.get_about());
        for line in about.map(ToString::to_string).unwrap_or_default().lines().filter(|line| !line.is_empty())
        {
            roff.text([roman(line)]);
            roff.control("br", []);
        }
        // What `check` has too is told under its options.
        let is_of_check = |arg: &clap::Arg| of_check.contains(&arg.get_id());
        let own = command
            .get_arguments()
            .filter(|arg| !arg.is_positional() && !arg.is_global_set() && !is_of_check(arg));
        for arg in own {
            let name = arg.get_long().map_or_else(String::new, |long| format!("--{long}"));
            let value = arg.get_value_names().and_then(|names| names.first());
            let value = value.filter(|_| arg.get_action().takes_values());
            let value = value.map(|value| [roman(" "), italic(value.to_string())]);
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let line = std::iter::once(bold(name)).chain(value.into_iter().flatten());
            roff.text(line.chain([roman(": "), roman(help)]).collect::<Vec<_>>());
            roff.control("br", []);
        }
    }
    roff
}

fn list(title: &str, items: &[(&str, &str)]) -> Roff {
    let mut roff = heading(title);
    for (term, text) in items {
        roff.control("TP", []);
        roff.text([bold(*term)]);
        roff.text([roman(*text)]);
    }
    roff
}

fn heading(title: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [title]);
    roff
}

fn print(text: &str) -> Result<Exit, Ending> {
    sink::stdout(text)?;
    Ok(Exit::SUCCESS)
}

const EXIT_STATUS: &[(&str, &str)] = &[
    (
        "0",
        "Everything required passed; warnings are allowed. enable: connected and verified, or connected before. status: connected, by the account's record and by what only a connected server sends.",
    ),
    ("1", "At least one check failed. status: not connected, or only one side says so."),
    ("2", "Usage or configuration error; nothing was measured. Also when a waiver matched nothing."),
    ("3", "Undetermined: nothing failed, but a required check is unknown, blocked or skipped."),
    ("4", "Only warnings, under --fail-on warn."),
    ("5", "Internal error."),
    ("10", "enable: refused, because the gate is shut or you did not agree; nothing was touched."),
    ("11", "enable: attempted, and there is no connection."),
    ("12", "enable: done, and not verified: see what status says."),
    (
        "129, 130, 143",
        "Interrupted by SIGHUP, SIGINT or SIGTERM; the partial report is written, and is valid.",
    ),
];

const ENVIRONMENT: &[(&str, &str)] = &[
    (
        "HTTPS_PROXY, https_proxy, ALL_PROXY, all_proxy",
        "The egress proxy, in this order, unless --proxy or the configuration file names one.",
    ),
    (
        "NO_PROXY, no_proxy",
        "What goes around the proxy, unless --no-proxy or the configuration file says so.",
    ),
    ("NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM, CI", "Whether to use colours, unless --color says so."),
    (
        "GH_SPINNER_DISABLED, GH_ACCESSIBLE_PROMPTER",
        "Progress as plain lines, for a screen reader; so it is with TERM=dumb and with CI, too.",
    ),
];

const FILES: &[(&str, &str)] = &[
    (
        "~/.config/gh-connect/config.toml",
        "Read unless --config names another file, and only if nobody else can write it. Keys are the flags of check without dashes.",
    ),
    (
        "~/.local/state/gh-connect",
        "The journal of enable, its certificates, and the profile of a browser while it runs; $XDG_STATE_HOME/gh-connect where that is set.",
    ),
];
