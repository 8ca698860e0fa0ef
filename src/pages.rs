//! Completion scripts and the manual page, made from the command line's own description.

use clap::CommandFactory as _;

use crate::{cli::Cli, exit::Exit, sink};

/// A completion script.
pub(crate) fn completions(shell: clap_complete::Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "gh-connect", &mut script);
    print(&script)
}

/// One manual page with all commands and their options.
pub(crate) fn man() -> Exit {
    let mut page = Vec::new();
    match write_man(&mut page) {
        Ok(()) => print(&page),
        Err(_) => Exit::INTERNAL,
    }
}

fn write_man(page: &mut Vec<u8>) -> std::io::Result<()> {
    clap_mangen::Man::new(Cli::command()).render(page)
}

fn print(bytes: &[u8]) -> Exit {
    match sink::stdout(&String::from_utf8_lossy(bytes)) {
        Ok(()) => Exit::SUCCESS,
        Err(_) => Exit::INTERNAL,
    }
}
