use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Category, Finding, Interrupt, Meta, Owner, Severity, Step, Stop, WhatIf, section};

/// Everything that a run asked, measured, found and concluded: what reports are made of, and what can be judged again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// The version of the record's shape.
    pub schema_version: u32,
    /// The program.
    pub tool: ToolRecord,
    /// When, for how long and from where.
    pub run: RunRecord,
    /// What was asked for; each value with its origin, secrets replaced.
    pub plan: Value,
    /// The conclusion.
    pub summary: Summary,
    /// The ids of blockers and unknowns that nothing else explains, the weightiest first. A check that ended
    /// unknown without a finding stands here by its own id; not so, in a run that was cut short, beside a blocker.
    pub root_causes: Vec<String>,
    /// Every check of the registry, in its order.
    pub checks: Vec<CheckRecord>,
    /// Every fact that was asked for.
    pub facts: Vec<FactRecord>,
}

/// The version of the record's shape. Fields are added, never renamed.
pub const SCHEMA_VERSION: u32 = 1;

/// The program that made a record.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ToolRecord {
    /// `gh-connect`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// When and where a run was.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// Unique among runs.
    pub id: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// RFC 3339, UTC.
    pub finished_at: String,
    /// Whole milliseconds.
    pub duration_ms: u64,
    /// The machine from which it was measured.
    pub vantage: String,
    /// `deadline`, `interrupt`, `terminate` or `hangup` when the run was cut short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_short_by: Option<String>,
    /// What was put in the place of the server's own way: a run with any of it proves nothing about the server, and keeps the
    /// gate shut.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub what_if: Vec<WhatIf>,
}

/// The conclusion of a run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Whether GitHub Connect can be enabled, as far as it was judged.
    pub verdict: Verdict,
    /// The exit code that goes with it.
    pub exit_code: u8,
    /// How many checks ended in each state; every state is present.
    pub counts: std::collections::BTreeMap<State, usize>,
}

/// The verdict of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything required was judged and nothing stands in the way.
    Passed,
    /// Something stands in the way.
    Failed,
    /// Nothing failed, but something required could not be judged.
    Undetermined,
}

impl Verdict {
    /// The id used in JSON: `undetermined`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Undetermined => "undetermined",
        }
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Judged, and all is well.
    Passed,
    /// Works, but something is fragile.
    Warned,
    /// Something stands in the way.
    Failed,
    /// Could not be found out.
    Unknown,
    /// Another check's failure stands before it.
    Blocked,
    /// Only findings that somebody accepted.
    Waived,
    /// Deselected, or something that it needs was not given.
    Skipped,
    /// The question does not arise.
    NotApplicable,
}

impl State {
    /// All states, in the order of the contract.
    pub const ALL: [Self; 8] = [
        Self::Passed,
        Self::Warned,
        Self::Failed,
        Self::Unknown,
        Self::Blocked,
        Self::Waived,
        Self::Skipped,
        Self::NotApplicable,
    ];

    /// The id used in JSON: `not_applicable`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Blocked => "blocked",
            Self::Waived => "waived",
            Self::Skipped => "skipped",
            Self::NotApplicable => "not_applicable",
        }
    }
}

/// One check's outcome.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CheckRecord {
    /// The check's id.
    pub id: String,
    /// A few words.
    pub title: String,
    /// The group it stands in.
    pub category: Category,
    /// How it ended.
    pub state: State,
    /// Whole milliseconds from the start of the run to its end.
    pub duration_ms: u64,
    /// The checks whose failure stands before it.
    pub blocked_by: Vec<String>,
    /// What it found.
    pub findings: Vec<FindingRecord>,
    /// What it saw in each healthy subject.
    #[serde(default)]
    pub remarks: Vec<Remark>,
    /// Why subjects were not judged.
    #[serde(default)]
    pub not_judged: Vec<NotJudged>,
    /// Whether the user deselected it: it then counts for neither verdict nor exit code, and keeps the gate shut.
    #[serde(default)]
    pub deselected: bool,
}

/// A few words on a healthy subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Remark {
    /// What it is about.
    pub subject: String,
    /// What was seen.
    pub text: String,
}

/// A subject that was not judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotJudged {
    /// What it is about.
    pub subject: String,
    /// Why.
    pub stop: Stop,
    /// What to do where no finding tells it: when nobody could tell, or when the check that could was left out of the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fix: Vec<StepRecord>,
}

impl NotJudged {
    /// A subject that was not judged for this reason, without anything to do about it.
    pub fn new(subject: impl Into<String>, stop: Stop) -> Self {
        Self { subject: subject.into(), stop, fix: Vec::new() }
    }
}

/// One finding.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FindingRecord {
    /// `check/finding`.
    pub id: String,
    /// How much it weighs.
    pub severity: Severity,
    /// Whether it says that a thing could not be found out.
    #[serde(default)]
    pub undetermined: bool,
    /// What it is about.
    pub subject: String,
    /// What was seen.
    pub message: String,
    /// Why it matters.
    #[serde(default)]
    pub why: String,
    /// The measured values behind it.
    pub evidence: Value,
    /// What to do, in order of preference.
    pub fix: Vec<StepRecord>,
    /// Where more is said.
    pub docs: String,
    /// Why somebody accepts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived: Option<String>,
}

impl FindingRecord {
    pub(crate) fn new(finding: Finding, meta: &Meta, waived: Option<String>) -> Self {
        let fix = finding.fix.into_iter();
        Self {
            id: finding.kind.id.to_owned(),
            severity: finding.kind.severity,
            undetermined: finding.kind.undetermined,
            subject: finding.subject,
            message: finding.message,
            why: section(meta.words, finding.kind.id)
                .map(|section| unwrapped(section.why))
                .unwrap_or_default(),
            evidence: finding.evidence,
            fix: fix
                .map(|Step { owner, text, command, then }| StepRecord { owner, text, command, then })
                .collect(),
            docs: format!("gh-connect explain {}", finding.kind.id),
            waived,
        }
    }

    /// Whether it stands in the way.
    pub fn blocks(&self) -> bool {
        self.severity == Severity::Blocker && self.waived.is_none()
    }
}

/// One step of a fix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepRecord {
    /// Who acts.
    pub owner: Owner,
    /// What they do.
    pub text: String,
    /// The command line, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Whether it follows the step before it, and is no choice of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub then: bool,
}

/// One measured fact.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FactRecord {
    /// What was asked, `dns.lookup`.
    pub id: String,
    /// About what.
    pub key: String,
    /// The answer; null when there is none.
    pub value: Value,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
    /// Whole milliseconds since the start of the run.
    pub started_ms: u64,
    /// Whole milliseconds.
    pub duration_ms: u64,
}

/// What decides about the exit code beside the findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// `--fail-on warn`.
    pub fail_on_warn: bool,
}

/// The state of a check from what it found and what it did not judge.
pub(crate) fn state(findings: &[FindingRecord], stops: &[NotJudged], judged: usize) -> State {
    let any_stop = |test: fn(&Stop) -> bool| stops.iter().any(|not_judged| test(&not_judged.stop));
    if findings.iter().any(|finding| finding.blocks() && !finding.undetermined) {
        State::Failed
    } else if findings.iter().any(FindingRecord::blocks) || any_stop(|stop| matches!(stop, Stop::Trouble(_)))
    {
        State::Unknown
    } else if any_stop(|stop| matches!(stop, Stop::Blocked(_))) {
        State::Blocked
    } else if any_stop(|stop| matches!(stop, Stop::Skipped(_))) {
        State::Skipped
    } else if findings.iter().any(|finding| finding.severity == Severity::Warning && finding.waived.is_none())
    {
        State::Warned
    } else if findings.iter().any(|finding| finding.waived.is_some()) {
        State::Waived
    } else if judged > 0 {
        State::Passed
    } else {
        State::NotApplicable
    }
}

/// The verdict from the states: nothing judged at all is never a pass.
pub(crate) fn verdict(checks: &[CheckRecord]) -> Verdict {
    let any =
        |states: &[State]| checks.iter().any(|check| !check.deselected && states.contains(&check.state));
    if any(&[State::Failed]) {
        Verdict::Failed
    } else if any(&[State::Unknown, State::Blocked, State::Skipped])
        || !any(&[State::Passed, State::Warned, State::Waived])
    {
        Verdict::Undetermined
    } else {
        Verdict::Passed
    }
}

/// The exit code, the same whatever the format: 0, 1, 3 or 4, and 129, 130 or 143 after a signal.
pub fn exit_code(
    verdict: Verdict,
    checks: &[CheckRecord],
    policy: Policy,
    interrupt: Option<Interrupt>,
) -> u8 {
    let warned = checks.iter().any(|check| check.state == State::Warned && !check.deselected);
    match (interrupt, verdict) {
        (Some(Interrupt::Interrupt), _) => 130,
        (Some(Interrupt::Terminate), _) => 143,
        (Some(Interrupt::HangUp), _) => 129,
        (None, Verdict::Failed) => 1,
        (None, Verdict::Undetermined) => 3,
        (None, Verdict::Passed) if warned && policy.fail_on_warn => 4,
        (None, Verdict::Passed) => 0,
    }
}

/// The ids that explain everything else. A check that ended unknown without a finding stands here by its own id; but in a
/// run that was cut short, what was not done by then is explained by whatever blocks.
pub(crate) fn root_causes(checks: &[CheckRecord], cut_short: bool) -> Vec<String> {
    let mut ids: Vec<(bool, &str)> = Vec::new();
    for finding in checks.iter().flat_map(|check| &check.findings).filter(|finding| finding.blocks()) {
        if !ids.iter().any(|(_, id)| *id == finding.id) {
            ids.push((finding.undetermined, &finding.id));
        }
    }
    ids.sort_by_key(|(undetermined, _)| *undetermined);
    if ids.is_empty() || !cut_short {
        let found = |check: &CheckRecord| check.findings.iter().any(FindingRecord::blocks);
        let unknown = checks.iter().filter(|check| check.state == State::Unknown && !found(check));
        ids.extend(unknown.map(|check| (true, check.id.as_str())));
    }
    ids.into_iter().map(|(_, id)| id.to_owned()).collect()
}

/// A paragraph on one line.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
