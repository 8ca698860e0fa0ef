use futures::future::BoxFuture;

use crate::{Cx, Finding, Kind, Owner, Plan, StepRecord, Stop, Target, WhatIf, shown};

/// A plug-in that judges facts.
///
/// A check names its subjects and examines them one by one; the runner examines all subjects of all checks at the same
/// time. A check opens no socket and reads no clock: it asks `cx` for facts and hands them to a pure `judge`.
pub trait Check: Send + Sync + 'static {
    /// What it is.
    fn meta(&self) -> &'static Meta;

    /// What it looks at in this plan. None at all means that the check does not apply.
    fn subjects(&self, plan: &Plan) -> Vec<Subject>;

    /// Examines one subject: findings, or the reason why it was not judged.
    fn examine<'a>(&'a self, subject: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>>;
}

/// What a check says of itself.
#[derive(Debug)]
pub struct Meta {
    /// `dns`: also the folder's name and the first part of every finding's id.
    pub id: &'static str,
    /// A few words.
    pub title: &'static str,
    /// The group it stands in.
    pub category: Category,
    /// Its README: what it looks at, how it measures, and one section per finding.
    pub words: &'static str,
    /// All that it can find.
    pub kinds: &'static [&'static Kind],
    /// What to do when it could not tell, whatever the reason.
    pub in_doubt: InDoubt,
}

/// What to do when a check could not tell: one step that never does harm.
#[derive(Clone, Copy, Debug)]
pub struct InDoubt {
    /// Who acts.
    pub owner: Owner,
    /// What they do. In it `SERVER`, `SLUG` and `APEX` stand for the server's host, the enterprise account and what the server
    /// is connected to (`github.com`).
    pub text: &'static str,
    /// The command line, where there is one, with the same names.
    pub command: Option<&'static str>,
}

impl InDoubt {
    /// The step that this is in a run of `plan`.
    pub(crate) fn step(&self, plan: &Plan) -> StepRecord {
        let names = [
            ("SERVER", plan.server_host().map(|host| shown(host, 253))),
            ("SLUG", plan.enterprise.as_ref().map(|slug| shown(&slug.value, 100))),
            ("APEX", Some(plan.product.value.apex())),
        ];
        let filled = |text: &str| {
            let known = names.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
            known.fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
        };
        StepRecord {
            owner: self.owner,
            text: filled(self.text),
            command: self.command.map(filled),
            then: false,
        }
    }
}

/// A group of checks on the screen and for `--only` and `--skip`.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Whether GitHub can be reached.
    Network,
    /// Whether GitHub will say yes.
    Account,
}

impl Category {
    /// The id used on the command line and in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Account => "account",
        }
    }
}

/// What one examination looks at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A host and port that must be reached.
    Target(Target),
    /// The egress proxy.
    Proxy,
    /// What GitHub Enterprise Cloud says.
    Cloud,
    /// What the GitHub Enterprise Server says.
    Server,
    /// What the server's Manage API says.
    Manage,
    /// The run as a whole.
    Run,
}

impl Subject {
    /// How it is named in records and on the screen.
    pub fn name(&self) -> String {
        match self {
            Self::Target(target) => target.to_string(),
            Self::Proxy => "proxy".to_owned(),
            Self::Cloud => "cloud".to_owned(),
            Self::Server => "server".to_owned(),
            Self::Manage => "manage".to_owned(),
            Self::Run => "run".to_owned(),
        }
    }
}

/// What was seen in one subject: findings, none of which may be bad, and a remark for the one line of a healthy check.
#[derive(Clone, Debug, Default)]
pub struct Examination {
    /// What was found; empty when all is well.
    pub findings: Vec<Finding>,
    /// A few words on what was seen, `TLS 1.3, issued by …`. Equal remarks of several subjects are shown once.
    pub remark: Option<String>,
    /// Why nothing was judged although there is something to say: notes on a thing that does not apply.
    pub not_applicable: Option<String>,
    /// What this run used in place of the server's own way, where only a measurement can tell.
    pub what_if: Vec<WhatIf>,
}

impl Examination {
    /// Healthy, with a remark.
    pub fn passed(remark: impl Into<String>) -> Self {
        Self { remark: Some(remark.into()), ..Self::default() }
    }

    /// Nothing to judge, for the reason `why`, but a note on what was seen.
    pub fn aside(note: Finding, why: impl Into<String>) -> Self {
        Self { findings: vec![note], not_applicable: Some(why.into()), ..Self::default() }
    }
}

impl From<Vec<Finding>> for Examination {
    fn from(findings: Vec<Finding>) -> Self {
        Self { findings, ..Self::default() }
    }
}

impl From<Finding> for Examination {
    fn from(finding: Finding) -> Self {
        vec![finding].into()
    }
}
