use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What one kind of finding is: declared once as a constant beside the check that finds it.
///
/// A kind carries its own lab world, so a finding that nobody can reproduce does not compile.
#[derive(Debug)]
pub struct Kind {
    /// `check/finding`, a promise to scripts: never renamed.
    pub id: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// Whether this kind says that a thing could not be found out: its check then ends `unknown`, not `failed`.
    pub undetermined: bool,
    /// A few words, for lists.
    pub title: &'static str,
    /// The release that first had it.
    pub since: &'static str,
    /// The lab world (TOML) in which this finding stands alone.
    pub world: &'static str,
}

impl Kind {
    /// The check that this kind belongs to: the id's part before the slash.
    pub fn check(&self) -> &'static str {
        self.id.split_once('/').map_or(self.id, |(check, _)| check)
    }

    /// Whether a user may waive it with a reason. Blockers never: GitHub Connect would still fail.
    pub fn waivable(&self) -> bool {
        self.severity == Severity::Warning
    }
}

/// How much a finding weighs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Works, but is fragile or will stop working.
    Warning,
    /// GitHub Connect cannot work like this, or nobody could tell.
    Blocker,
}

/// One thing that a check found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What kind of thing.
    pub kind: &'static Kind,
    /// What it is about: a host, `host:port`, a proxy, a name server.
    pub subject: String,
    /// What was seen, in one or two sentences, with the observed value that decided it.
    pub message: String,
    /// The measured values behind it, for scripts and for support.
    pub evidence: Value,
    /// What to do, in order of preference, and who does it. Steps that belong together follow each other.
    pub fix: Vec<Step>,
}

impl Finding {
    /// A finding of `kind` about `subject`; add evidence and steps with [`Finding::evidence`] and [`Finding::step`].
    pub fn new(kind: &'static Kind, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind,
            subject: subject.into(),
            message: message.into(),
            evidence: Value::Null,
            fix: Vec::new(),
        }
    }

    /// Attaches the measured values that decided it.
    #[must_use]
    pub fn evidence(mut self, evidence: impl Serialize) -> Self {
        self.evidence = serde_json::to_value(evidence).unwrap_or(Value::Null);
        self
    }

    /// Adds a step that `owner` takes.
    #[must_use]
    pub fn step(mut self, owner: Owner, text: impl Into<String>) -> Self {
        self.fix.push(Step { owner, text: text.into(), command: None, then: false });
        self
    }

    /// Adds a step that `owner` takes after the one before it: neither is enough alone.
    #[must_use]
    pub fn then(self, owner: Owner, text: impl Into<String>) -> Self {
        self.step(owner, text).together()
    }

    /// Adds a step with the command line that does it.
    #[must_use]
    pub fn command(mut self, owner: Owner, text: impl Into<String>, command: impl Into<String>) -> Self {
        self.fix.push(Step { owner, text: text.into(), command: Some(command.into()), then: false });
        self
    }

    /// As [`Finding::then`], with the command line that does it.
    #[must_use]
    pub fn then_command(self, owner: Owner, text: impl Into<String>, command: impl Into<String>) -> Self {
        self.command(owner, text, command).together()
    }

    /// The last step belongs to the one before it.
    fn together(mut self) -> Self {
        let is_first = self.fix.len() == 1;
        if let Some(last) = self.fix.last_mut() {
            last.then = !is_first;
        }
        self
    }
}

/// One step of a fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Who acts.
    pub owner: Owner,
    /// What they do.
    pub text: String,
    /// The command line, where there is one.
    pub command: Option<String>,
    /// Whether it follows the step before it, and is no choice of its own.
    pub then: bool,
}

/// Who has to move.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// Whoever runs routers and firewalls.
    Network,
    /// Whoever runs the egress proxy.
    Proxy,
    /// Whoever runs the name servers.
    Dns,
    /// Whoever administers the GitHub Enterprise Server.
    ServerAdmin,
    /// An owner of the enterprise account.
    EnterpriseOwner,
    /// GitHub Support.
    GithubSupport,
    /// Whoever runs gh-connect.
    Operator,
}

impl Owner {
    /// The id used in JSON and in words: `server-admin`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Proxy => "proxy",
            Self::Dns => "dns",
            Self::ServerAdmin => "server-admin",
            Self::EnterpriseOwner => "enterprise-owner",
            Self::GithubSupport => "github-support",
            Self::Operator => "operator",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static KIND: Kind = Kind {
        id: "a/b",
        severity: Severity::Blocker,
        undetermined: false,
        title: "it is so",
        since: "0.1.0",
        world: "",
    };

    #[test]
    fn a_step_follows_the_one_before_it_where_there_is_one() {
        let finding = Finding::new(&KIND, "it", "It is so.")
            .then(Owner::Dns, "look")
            .then_command(Owner::Dns, "set", "set it")
            .step(Owner::Proxy, "else");
        let then: Vec<bool> = finding.fix.iter().map(|step| step.then).collect();
        assert_eq!(then, [false, true, false]);
        assert_eq!(finding.fix[1].command.as_deref(), Some("set it"));
    }
}
