//! The project's own chores: `cargo xtask test`, `cargo xtask bench`, `cargo xtask generate`, `cargo xtask policy`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to whoever started it")]

mod bench;
mod generate;
mod packages;
mod policy;
mod spdx;
mod steps;
mod test;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["test"] => test::run(test::Scope::Everything),
        ["test", "--quick"] => test::run(test::Scope::Quick),
        ["bench", options @ ..] => bench::measure(options),
        ["generate"] => generate::write(),
        ["generate", "--check"] => generate::check(),
        ["policy"] => policy::check(),
        ["-h" | "--help" | "help"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

const USAGE: &str = "\
usage: cargo xtask test [--quick]       everything that must hold; --quick leaves out the real servers
       cargo xtask bench [--runs N]     measure under latency, and write docs/benchmarks.md
       cargo xtask generate [--check]   write the generated files, or say which are stale
       cargo xtask policy               the licences, sources and banned crates of deny.toml";
