//! Runs the program where a customer would, and reads its verdict.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use gh_connect_bench::island::Island;
use gh_connect_bench::netns::Namespace;
use gh_connect_bench::requirements::{FOR_TESTS, missing};
use gh_connect_bench::speed::accounts::Accounts;
use serde_json::Value;

/// An island, once the machine has everything that it takes.
pub(crate) fn island() -> Result<Island> {
    let packages = missing(FOR_TESTS);
    ensure!(packages.is_empty(), "missing here: apt-get install {}", packages.join(" "));
    Island::new()
}

/// One run of `gh-connect check` from the client's namespace. Unless told otherwise it trusts the island's root as if
/// it were both the machine's store and the public list, as a machine outside trusts GitHub's issuer.
pub(crate) struct Check<'a> {
    namespace: &'a Namespace,
    folder: &'a Path,
    config: String,
    clock: Option<&'a str>,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

pub(crate) fn check(island: &Island) -> Check<'_> {
    let root = island.root.certificate();
    check_in(&island.client, island.folder()).trust(&root, &root).with("--only network")
}

/// Both planes, as the configuration of a world with accounts says.
pub(crate) fn check_in_full(accounts: &Accounts) -> Result<Check<'_>> {
    let mut check = check_in(&accounts.island.client, accounts.island.folder());
    check.config = fs::read_to_string(&accounts.config)?;
    check.environment.clone_from(&accounts.environment);
    Ok(check)
}

/// As [`check`], with the machine's own trust.
pub(crate) fn check_in<'a>(namespace: &'a Namespace, folder: &'a Path) -> Check<'a> {
    let arguments = ["check", "--timeout", "2", "-o", "json"].map(String::from).to_vec();
    Check { namespace, folder, config: String::new(), clock: None, arguments, environment: Vec::new() }
}

impl<'a> Check<'a> {
    /// Adds the words of `arguments`.
    pub(crate) fn with(mut self, arguments: &str) -> Self {
        self.arguments.extend(arguments.split_whitespace().map(String::from));
        self
    }

    /// Puts PEM files in the place of the machine's store and of the public list.
    pub(crate) fn trust(mut self, system: &Path, public: &Path) -> Self {
        self.config =
            format!("[trust]\nsystem = \"{}\"\npublic = \"{}\"\n", system.display(), public.display());
        self
    }

    /// Without a configuration file: the machine's own store and the list that is compiled in.
    pub(crate) fn trusting_the_machine(mut self) -> Self {
        self.config.clear();
        self
    }

    /// Sets the clock that the program sees: `+120s`.
    pub(crate) fn clock(mut self, offset: &'a str) -> Self {
        self.clock = Some(offset);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        self.environment.push((name.to_owned(), value.as_ref().display().to_string()));
        self
    }

    /// Runs it to its end, which a fault that hangs the program would put at a minute.
    pub(crate) fn run(self) -> Result<Seen> {
        let home = tempfile::Builder::new().prefix("home-").tempdir_in(self.folder)?;
        fs::write(home.path().join("gh-connect.toml"), &self.config)?;
        let mut command: Command = self.namespace.command("timeout");
        command.args(["--kill-after", "5", "60"]);
        if let Some(offset) = self.clock {
            command.args(["faketime", "-m", "--exclude-monotonic", "-f", offset]);
        }
        command.arg(env!("CARGO_BIN_EXE_gh-connect")).args(&self.arguments);
        command.args(["--config", "gh-connect.toml"]);
        command.current_dir(home.path()).env("HOME", home.path()).envs(self.environment);
        let output = command.output().context("cannot start ip")?;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let record = serde_json::from_slice(&output.stdout).with_context(|| {
            format!("no record ({}): {}\n{stderr}", output.status, String::from_utf8_lossy(&output.stdout))
        })?;
        Ok(Seen { code: output.status.code(), record, stderr })
    }
}

/// What one run said.
#[derive(Debug)]
pub(crate) struct Seen {
    code: Option<i32>,
    record: Value,
    stderr: String,
}

impl Seen {
    /// Nothing stands in the way; the warnings are exactly these.
    #[track_caller]
    pub(crate) fn passed_with_warnings(&self, warnings: &[&str]) {
        self.judged(0, "passed", &[]);
        assert_eq!(self.ids("warning"), warnings.iter().copied().collect(), "{}", self.story());
    }

    /// One thing stands in the way.
    #[track_caller]
    pub(crate) fn failed_by(&self, root_cause: &str) {
        self.judged(1, "failed", &[root_cause]);
        assert_eq!(self.ids("blocker"), [root_cause].into(), "{}", self.story());
    }

    /// One thing could not be found out.
    #[track_caller]
    pub(crate) fn undetermined_by(&self, root_cause: &str) {
        self.judged(3, "undetermined", &[root_cause]);
    }

    /// The state in which a check ended.
    #[track_caller]
    pub(crate) fn state(&self, check: &str) -> &str {
        let found = self.checks().find(|record| record["id"] == check);
        found.and_then(|record| record["state"].as_str()).unwrap_or_else(|| panic!("no check {check}"))
    }

    /// The subjects of a finding: which hosts it is about.
    #[track_caller]
    pub(crate) fn subjects(&self, id: &str) -> BTreeSet<&str> {
        self.findings()
            .filter(|finding| finding["id"] == id)
            .filter_map(|finding| finding["subject"].as_str())
            .collect()
    }

    /// The first finding with this id, as text: for what its message and evidence must mention.
    #[track_caller]
    pub(crate) fn finding(&self, id: &str) -> String {
        let found = self.findings().find(|finding| finding["id"] == id);
        found.unwrap_or_else(|| panic!("no finding {id}\n{}", self.story())).to_string()
    }

    /// Everything that was printed: for what must not be in it.
    pub(crate) fn everything(&self) -> String {
        format!("{}{}", self.record, self.stderr)
    }

    #[track_caller]
    fn judged(&self, code: i32, verdict: &str, root_causes: &[&str]) {
        let causes: Vec<_> = self.record["root_causes"].as_array().into_iter().flatten().collect();
        assert_eq!(causes, root_causes, "root causes\n{}", self.story());
        assert_eq!(self.record["summary"]["verdict"], verdict, "{}", self.story());
        assert_eq!(self.record["summary"]["exit_code"], code, "{}", self.story());
        assert_eq!(self.code, Some(code), "the process itself\n{}", self.story());
    }

    fn ids(&self, severity: &str) -> BTreeSet<&str> {
        let of_severity = self.findings().filter(|finding| finding["severity"] == severity);
        of_severity.filter_map(|finding| finding["id"].as_str()).collect()
    }

    /// A value of the plan, by its JSON pointer.
    pub(crate) fn plan(&self, pointer: &str) -> &Value {
        self.record["plan"].pointer(pointer).unwrap_or(&Value::Null)
    }

    fn checks(&self) -> impl Iterator<Item = &Value> {
        self.record["checks"].as_array().into_iter().flatten()
    }

    fn findings(&self) -> impl Iterator<Item = &Value> {
        self.checks().flat_map(|check| check["findings"].as_array().into_iter().flatten())
    }

    /// What a person wants to read when a test fails.
    fn story(&self) -> String {
        let mut story = String::new();
        for check in self.checks() {
            story += &format!("{} {} {}\n", check["id"], check["state"], check["blocked_by"]);
            for finding in check["findings"].as_array().into_iter().flatten() {
                story += &format!("    {} {}: {}\n", finding["id"], finding["subject"], finding["message"]);
            }
        }
        story + &self.stderr
    }
}
