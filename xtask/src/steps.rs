//! Steps with names, durations and a summary. All run, whatever the earlier ones said: one run shows every fault.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What has run so far.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<(String, Duration, bool)>,
}

impl Steps {
    /// Runs one step and remembers how it went.
    pub(crate) fn run(&mut self, name: &str, step: impl FnOnce() -> Result<()>) {
        println!("\n=== {name}");
        let started = Instant::now();
        let result = step();
        if let Err(error) = &result {
            println!("{error:#}");
        }
        self.done.push((name.to_owned(), started.elapsed(), result.is_ok()));
    }

    /// As [`Steps::run`], for a cargo command.
    pub(crate) fn cargo(&mut self, name: &str, arguments: &str) {
        self.run(name, || run(&mut cargo(arguments)));
    }

    /// Prints what ran, and is an error when a step failed.
    pub(crate) fn finish(self) -> Result<()> {
        println!("\n=== summary");
        for (name, duration, passed) in &self.done {
            println!(
                "{}  {:>6.1} s  {name}",
                if *passed { "ok    " } else { "FAILED" },
                duration.as_secs_f64()
            );
        }
        let failed: Vec<_> =
            self.done.iter().filter(|(_, _, passed)| !passed).map(|(name, ..)| &**name).collect();
        let total: Duration = self.done.iter().map(|(_, duration, _)| *duration).sum();
        println!(
            "{} of {} steps passed in {:.0} s",
            self.done.len() - failed.len(),
            self.done.len(),
            total.as_secs_f64()
        );
        if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join(", ")) }
    }
}

/// The cargo that runs this, with the words of `arguments`, in the workspace's folder, without standard input.
pub(crate) fn cargo(arguments: &str) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments.split_whitespace()).current_dir(workspace()).stdin(std::process::Stdio::null());
    command
}

/// Runs a command whose output is for the reader; another status than 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot start {program}"))?;
    if status.success() { Ok(()) } else { bail!("{program}: {status}") }
}

/// The workspace's folder.
pub(crate) fn workspace() -> &'static std::path::Path {
    std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_step_fails_the_whole_and_the_rest_still_runs() {
        let mut steps = Steps::default();
        steps.run("first", || Ok(()));
        steps.run("second", || bail!("no"));
        steps.run("third", || Ok(()));
        assert_eq!(steps.done.len(), 3);
        assert_eq!(steps.finish().expect_err("second failed").to_string(), "failed: second");
    }
}
