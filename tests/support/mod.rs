//! The real binary, run as a user runs it, with an environment that holds nothing by accident.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
#![expect(dead_code, unreachable_pub, reason = "each test uses a part of it")]

use std::{
    path::Path,
    process::{Command, Output},
};

use gh_connect_checks::ALL;
use gh_connect_engine::{CheckRecord, Policy, Record, Severity, reasons};
use gh_connect_lab::world::Expect;

/// `gh-connect ARGUMENTS`, ready to run in an empty environment.
pub fn gh_connect<I: IntoIterator<Item = S>, S: AsRef<std::ffi::OsStr>>(arguments: I) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gh-connect"));
    command.args(arguments).env_clear().current_dir(env!("CARGO_TARGET_TMPDIR"));
    command
}

/// What a run of `check` with `-o json` recorded, and how it ended.
pub struct Ran {
    /// The exit code.
    pub exit: i32,
    /// The record.
    pub record: Record,
    /// Everything on stderr.
    pub stderr: String,
}

impl Ran {
    /// Reads the record from stdout.
    pub fn of(output: &Output) -> Result<Self, String> {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let exit =
            output.status.code().ok_or_else(|| format!("ended by {}; stderr: {stderr}", output.status))?;
        let record = serde_json::from_slice(&output.stdout).map_err(|error| {
            let stdout = String::from_utf8_lossy(&output.stdout);
            format!("exit {exit}, stdout is no record: {error}\n{stdout}\nstderr: {stderr}")
        })?;
        Ok(Self { exit, record, stderr })
    }

    /// Ids of findings with this severity, each once, sorted.
    pub fn findings(&self, of: impl Fn(gh_connect_engine::Severity) -> bool) -> Vec<String> {
        let findings = self.record.checks.iter().flat_map(|check| &check.findings);
        let mut ids: Vec<String> =
            findings.filter(|finding| of(finding.severity)).map(|finding| finding.id.clone()).collect();
        ids.sort();
        ids.dedup();
        ids
    }

    /// Compares the run with what its world expects: root causes, findings, notes, exit code, whether the gate would open;
    /// and the saved record, judged again without any network, comes to the same end.
    pub fn is_as(&self, expected: &Expect) -> Result<(), String> {
        let same = |what: &str, seen: Vec<String>, expected: &[String]| {
            let mut expected = expected.to_vec();
            expected.sort();
            match seen == expected {
                true => Ok(()),
                false => Err(format!("{what} are {seen:?}, not {expected:?}{}", self.seen())),
            }
        };
        let mut causes = self.record.root_causes.clone();
        causes.sort();
        same("root causes", causes, &expected.root_causes)?;
        same("findings", self.findings(|severity| severity != Severity::Note), &expected.findings)?;
        let notes = self.findings(|severity| severity == Severity::Note);
        if let Some(missing) = expected.notes.iter().find(|note| !notes.contains(note)) {
            return Err(format!("the note {missing} is missing{}", self.seen()));
        }
        for code in [self.exit, self.record.summary.exit_code.into()] {
            if code != i32::from(expected.exit) {
                return Err(format!("exit code {code}, not {}{}", expected.exit, self.seen()));
            }
        }
        let reasons = reasons(&self.record, &ALL.iter().map(|check| check.meta().id).collect::<Vec<_>>());
        if reasons.is_empty() != expected.opens_gate {
            let open = if expected.opens_gate { "shut" } else { "open" };
            return Err(format!("the gate is {open}: {reasons:?}{}", self.seen()));
        }
        self.judged_again()
    }

    /// A saved record, judged again without any network, comes to the same end.
    pub fn judged_again(&self) -> Result<(), String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let again = runtime.block_on(gh_connect_engine::judge_again(&self.record, ALL, Policy::default()));
        let again = again.map_err(|error| error.to_string())?;
        for (before, after) in self.record.checks.iter().zip(&again.checks) {
            let ids = |check: &CheckRecord| -> Vec<(String, String, String)> {
                let all = check.findings.iter();
                all.map(|finding| (finding.id.clone(), finding.subject.clone(), finding.message.clone()))
                    .collect()
            };
            let (before, after) = ((before.state, ids(before)), (after.state, ids(after)));
            if before != after {
                return Err(format!("judged again: {after:?}, before: {before:?}"));
            }
        }
        if again.run.what_if != self.record.run.what_if {
            return Err(format!("judged again, what-ifs are {:?}", again.run.what_if));
        }
        match again.root_causes == self.record.root_causes {
            true => Ok(()),
            false => Err(format!("judged again, root causes are {:?}", again.root_causes)),
        }
    }

    /// Everything that was found and not judged, for the message of a failed test.
    pub fn seen(&self) -> String {
        let all: Vec<String> = self
            .record
            .checks
            .iter()
            .map(|check| {
                let findings = check.findings.iter().map(|finding| {
                    format!("\n      {} {}: {}", finding.id, finding.subject, finding.message)
                });
                let stops =
                    check.not_judged.iter().map(|stop| format!("\n      {}: {:?}", stop.subject, stop.stop));
                format!("    {} {}{}", check.id, check.state.id(), findings.chain(stops).collect::<String>())
            })
            .collect();
        format!("\n{}\n{}", all.join("\n"), self.stderr)
    }

    /// Each check's id and state.
    pub fn states(&self) -> Vec<(String, gh_connect_engine::State)> {
        self.record.checks.iter().map(|check| (check.id.clone(), check.state)).collect()
    }
}

/// Runs `check` in a lab world with the JSON report.
pub fn check_lab(world: &str) -> Result<Ran, String> {
    Ran::of(&gh_connect(["check", &format!("--lab={world}"), "-o", "json"]).output().unwrap())
}

/// The text of a file.
pub fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// A world file in a directory of its own, both gone in the end.
pub struct WorldFile {
    directory: tempfile::TempDir,
}

/// Writes a world file.
pub fn world(name: &str, text: &str) -> WorldFile {
    let directory = tempfile::Builder::new().prefix(name).tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    std::fs::write(directory.path().join("world.toml"), text).unwrap();
    WorldFile { directory }
}

impl WorldFile {
    /// `--lab=PATH`
    pub fn argument(&self) -> String {
        format!("--lab={}", self.path("world.toml").display())
    }

    /// A path beside it.
    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }
}

/// Takes items off a list, a few at a time, and gives back what went wrong: most worlds wait for a timeout of theirs, not
/// for the processor.
pub fn failures_of<T: Sync>(items: &[T], run: impl Fn(&T) -> Result<(), String> + Sync) -> Vec<String> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let failures = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    if let Err(failure) = run(item) {
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    failures.into_inner().unwrap()
}

const AT_ONCE: usize = 8;
