//! What one run of a program costs: wall time, peak memory, peak sockets.
//!
//! The measuring is done by a small process of its own (`gh-connect-bench stopwatch`): the kernel counts the memory
//! of the process that forked towards the peak of the one that was forked, so a fat parent would be measured instead.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde::{Deserialize, Serialize};

/// One run of one program.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lap {
    /// From before it was started until it was waited for.
    pub wall_us: u64,
    /// The processor's time, its own and the kernel's for it.
    #[serde(default)]
    pub cpu_us: u64,
    /// Its peak resident set, in KiB; never less than that of the stopwatch itself, about 2 MiB.
    pub peak_rss_kib: u64,
    /// The most sockets it had open at once, when that was asked for.
    pub peak_sockets: Option<usize>,
    /// None when a signal ended it.
    pub exit_code: Option<i32>,
    /// What it wrote on standard output, cut at 8 MiB.
    pub stdout: String,
    /// What it wrote on standard error, cut at 16 KiB.
    pub stderr: String,
}

impl Lap {
    /// The wall time in milliseconds.
    pub fn wall_ms(&self) -> f64 {
        Duration::from_micros(self.wall_us).as_secs_f64() * 1000.0
    }
}

/// What the stopwatch looks at beside time and memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// Nothing: the run is undisturbed.
    TimeOnly,
    /// The open sockets, looked at every two milliseconds. It costs CPU: do not use the wall time of such a run.
    Sockets,
}

/// Runs `program` with `arguments` and measures it; standard output goes through a file, so that a program that
/// prints much never waits for its reader.
///
/// # Errors
/// When it cannot be started, or its resources cannot be read.
pub fn measure(program: &Path, arguments: &[String], watch: Watch) -> Result<Lap> {
    let stdout = tempfile::NamedTempFile::new()?;
    let stderr = tempfile::NamedTempFile::new()?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(stdout.reopen()?).stderr(stderr.reopen()?);

    let started = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
    let (status, peak_sockets) = match watch {
        Watch::TimeOnly => (child.wait()?, None),
        Watch::Sockets => {
            let ended = AtomicBool::new(false);
            let descriptors = Path::new("/proc").join(child.id().to_string()).join("fd");
            thread::scope(|scope| {
                let peak = scope.spawn(|| peak_sockets(&descriptors, &ended));
                let status = child.wait();
                ended.store(true, Ordering::Relaxed);
                status.map(|status| (status, peak.join().ok()))
            })?
        }
    };
    let wall = started.elapsed();

    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("cannot read the resources of a child")?;
    let cpu = usage.user_time() + usage.system_time();
    Ok(Lap {
        wall_us: u64::try_from(wall.as_micros())?,
        cpu_us: u64::try_from(cpu.num_microseconds())?,
        peak_rss_kib: u64::try_from(usage.max_rss())?,
        peak_sockets,
        exit_code: status.code(),
        stdout: text(stdout.path(), 8 * 1024 * 1024)?,
        stderr: text(stderr.path(), 16 * 1024)?,
    })
}

fn peak_sockets(descriptors: &Path, ended: &AtomicBool) -> usize {
    let mut peak = 0;
    while !ended.load(Ordering::Relaxed) {
        let open = std::fs::read_dir(descriptors).map_or(0, |entries| {
            let links = entries.flatten().filter_map(|entry| std::fs::read_link(entry.path()).ok());
            links.filter(|link| link.to_string_lossy().starts_with("socket:")).count()
        });
        peak = peak.max(open);
        thread::sleep(Duration::from_millis(2));
    }
    peak
}

fn text(path: &Path, limit: usize) -> Result<String> {
    let mut bytes = std::fs::read(path)?;
    bytes.truncate(limit);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lap_has_the_exit_code_and_both_streams() {
        let words = ["-c", "echo out; echo err >&2; exit 3"].map(String::from);
        let lap = measure(Path::new("/bin/sh"), &words, Watch::TimeOnly).expect("there is a shell");
        assert_eq!((lap.exit_code, lap.stdout.as_str(), lap.stderr.as_str()), (Some(3), "out\n", "err\n"));
        assert!(lap.peak_rss_kib > 0 && lap.wall_us > 0, "{lap:?}");
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        let error =
            measure(Path::new("/nowhere/program"), &[], Watch::TimeOnly).expect_err("it is not there");
        assert_eq!(error.to_string(), "cannot start /nowhere/program");
    }
}
