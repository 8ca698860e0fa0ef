use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Check, FindingRecord, Measured, Plan, Record, State, WhatIf};

/// Leave to enable GitHub Connect. Only [`gate`] gives it out, and only for a live run. It is good for its target alone and for
/// [`Clear::LIFE`]; whoever acts hands it in by value and gets a [`Permit`].
///
/// ```compile_fail
/// let forged = gh_connect_engine::Clear { run: String::new(), target: todo!(), earned: todo!() };
/// ```
#[derive(Debug)]
pub struct Clear {
    run: String,
    target: ConnectTarget,
    earned: Timestamp,
}

/// What is connected to what, and where that was measured from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectTarget {
    /// The GitHub Enterprise Server's host and port, `ghes.corp.example:443`.
    pub server: String,
    /// The enterprise account's slug, in lower case.
    pub enterprise: String,
    /// The cloud's host: `github.com` or `SUBDOMAIN.ghe.com`.
    pub cloud: String,
    /// The machine from which the run measured.
    pub vantage: String,
}

/// Leave to press one button, now. Made by [`Clear::redeem`] only; a press takes it by value.
///
/// ```compile_fail
/// let forged = gh_connect_engine::Permit { run: String::new(), target: todo!(), earned: todo!() };
/// ```
#[derive(Debug)]
pub struct Permit {
    run: String,
    target: ConnectTarget,
    earned: Timestamp,
}

/// Why a [`Clear`] is not good any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stale {
    /// Its time is over.
    #[error("the check ended at {0}, and is good for 5 minutes")]
    Expired(Timestamp),
    /// What was measured again is not what was measured before.
    #[error("the second measurement is of another target")]
    OtherTarget,
    /// What was measured again keeps the gate shut.
    #[error("the second measurement keeps the gate shut: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Shut(Vec<Reason>),
}

impl Clear {
    /// How long it is good for, from the end of the run that earned it.
    pub const LIFE: SignedDuration = SignedDuration::from_mins(5);

    /// The id of the run that earned it.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// What may be acted on. A run in a lab world earns leave for that world alone.
    pub fn target(&self) -> &ConnectTarget {
        &self.target
    }

    /// Trades it for a permit: `again` is what the gate said of a run immediately before the click. That run's own leave is
    /// what the next press begins with.
    pub fn redeem(self, again: Result<Self, Vec<Reason>>, now: Timestamp) -> Result<(Permit, Self), Stale> {
        if !is_younger(self.earned, Self::LIFE, now) {
            return Err(Stale::Expired(self.earned));
        }
        let again = again.map_err(Stale::Shut)?;
        if again.target != self.target || again.earned < self.earned {
            return Err(Stale::OtherTarget);
        }
        let permit = Permit { run: again.run.clone(), target: self.target, earned: again.earned };
        Ok((permit, again))
    }
}

impl Permit {
    /// How long it is good for, from the end of the run immediately before the click.
    pub const LIFE: SignedDuration = SignedDuration::from_secs(15);

    /// Whether it is good still.
    pub fn is_good(&self, now: Timestamp) -> bool {
        is_younger(self.earned, Self::LIFE, now)
    }

    /// The id of the run that was measured last.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// What may be connected.
    pub fn target(&self) -> &ConnectTarget {
        &self.target
    }
}

/// A clock that was set back proves no age at all.
fn is_younger(earned: Timestamp, life: SignedDuration, now: Timestamp) -> bool {
    let age = now.duration_since(earned);
    SignedDuration::ZERO <= age && age <= life
}

impl ConnectTarget {
    /// What a plan names; `None` unless it names a server and an enterprise account.
    pub fn of(plan: &Plan, vantage: &str) -> Option<Self> {
        let (host, port) = plan.server_at()?;
        let host = host.to_ascii_lowercase();
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        Some(Self {
            server: format!("{host}:{port}"),
            enterprise: plan.enterprise.as_ref()?.value.to_ascii_lowercase(),
            cloud: plan.product.value.apex(),
            vantage: vantage.to_owned(),
        })
    }
}

/// Why the gate stays shut.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The facts come from a record, and nobody knows whether they still hold.
    #[error("nothing was measured: the facts come from a record")]
    NotLive,
    /// The run was cut short.
    #[error("the run was cut short by {0}")]
    CutShort(String),
    /// The run went another way than the server goes.
    #[error("{} ({}): that is not the server's own way", .0.text, .0.origin)]
    WhatIf(WhatIf),
    /// No check passed at all.
    #[error("no check passed")]
    NothingPassed,
    /// A check of the registry was not part of the run.
    #[error("{check} was not part of the run")]
    Missing {
        /// Its id.
        check: String,
    },
    /// A check did not end well.
    #[error("{check} is {}", .state.id())]
    NotPassed {
        /// Its id.
        check: String,
        /// How it ended.
        state: State,
    },
    /// The plan does not name both sides.
    #[error("the run names no server, or no enterprise account")]
    NoTarget,
    /// A check that ended well has a finding that blocks: the record contradicts itself.
    #[error("{finding} blocks")]
    Blocked {
        /// The finding's id.
        finding: String,
    },
}

/// Opens only when every check of `registry` was run and none stands in the way: passed, warned, waived (which only
/// warnings can be) or not applicable; and when the run went the server's own way. A saved record cannot open it, for nobody
/// knows whether it still holds.
pub fn gate(measured: &Measured, registry: &[&dyn Check]) -> Result<Clear, Vec<Reason>> {
    let ids: Vec<&str> = registry.iter().map(|check| check.meta().id).collect();
    let record = measured.record();
    let mut reasons = reasons(record, &ids);
    if !measured.live() {
        reasons.insert(0, Reason::NotLive);
    }
    let target = ConnectTarget::of(measured.plan(), &record.run.vantage);
    match target.filter(|_| reasons.is_empty()) {
        Some(target) => Ok(Clear { run: record.run.id.clone(), target, earned: measured.ended() }),
        None => {
            if reasons.is_empty() {
                reasons.push(Reason::NoTarget);
            }
            Err(reasons)
        }
    }
}

/// Why a run with this record would not open the gate, if it was live. `registry` has the ids of all checks.
pub fn reasons(record: &Record, registry: &[&str]) -> Vec<Reason> {
    let cut = record.run.cut_short_by.clone().map(Reason::CutShort);
    let what_if = record.run.what_if.iter().cloned().map(Reason::WhatIf);
    let judged = |state: State| matches!(state, State::Passed | State::Warned | State::Waived);
    let nothing = !record.checks.iter().any(|check| judged(check.state));
    let missing = registry
        .iter()
        .filter(|id| !record.checks.iter().any(|check| check.id == **id))
        .map(|id| Reason::Missing { check: (*id).to_owned() });
    let checks = record.checks.iter().flat_map(|check| {
        let open = judged(check.state) || check.state == State::NotApplicable;
        let not_passed = (!open).then(|| Reason::NotPassed { check: check.id.clone(), state: check.state });
        let blockers = check.findings.iter().filter(move |finding| open && finding.blocks());
        not_passed.into_iter().chain(blockers.map(blocked))
    });
    let nothing = nothing.then_some(Reason::NothingPassed);
    cut.into_iter().chain(what_if).chain(nothing).chain(missing).chain(checks).collect()
}

fn blocked(finding: &FindingRecord) -> Reason {
    Reason::Blocked { finding: finding.id.clone() }
}
