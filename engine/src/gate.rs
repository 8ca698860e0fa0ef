use crate::{Check, FindingRecord, Measured, Plan, Record, State, WhatIf};

/// Leave to enable GitHub Connect. Only [`gate`] gives it out, and only for a live run; whoever acts takes it by value.
///
/// ```compile_fail
/// let forged = gh_connect_engine::Clear { run: String::new(), plan: todo!() };
/// ```
#[derive(Debug)]
pub struct Clear {
    run: String,
    plan: Plan,
}

impl Clear {
    /// The id of the run that earned it.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// What was measured, and so all that may be acted on: this server, this enterprise, this way. A run in a lab world
    /// earns leave for that world alone.
    pub fn plan(&self) -> &Plan {
        &self.plan
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
    if reasons.is_empty() {
        Ok(Clear { run: record.run.id.clone(), plan: measured.plan().clone() })
    } else {
        Err(reasons)
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
