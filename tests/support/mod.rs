//! The real binary, run as a user runs it, with an environment that holds nothing by accident.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
#![expect(dead_code, unreachable_pub, reason = "each test uses a part of it")]

use std::{
    path::Path,
    process::{Command, Output},
};

use gh_connect_engine::Record;

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
