use crate::{Check, Measured, Plan, State};

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
}

/// Opens only when every check of `registry` was run and none stands in the way: passed, warned, waived (which only
/// warnings can be) or not applicable. A saved record cannot open it, for nobody knows whether it still holds.
pub fn gate(measured: &Measured, registry: &[&dyn Check]) -> Result<Clear, Vec<Reason>> {
    let record = measured.record();
    let mut reasons = Vec::new();
    if !measured.live() {
        reasons.push(Reason::NotLive);
    }
    if let Some(cut) = &record.run.cut_short_by {
        reasons.push(Reason::CutShort(cut.clone()));
    }
    if !record.checks.iter().any(|check| matches!(check.state, State::Passed | State::Warned | State::Waived))
    {
        reasons.push(Reason::NothingPassed);
    }
    for id in registry.iter().map(|check| check.meta().id) {
        if !record.checks.iter().any(|check| check.id == id) {
            reasons.push(Reason::Missing { check: id.to_owned() });
        }
    }
    for check in &record.checks {
        let open =
            matches!(check.state, State::Passed | State::Warned | State::Waived | State::NotApplicable);
        if !open {
            reasons.push(Reason::NotPassed { check: check.id.clone(), state: check.state });
        }
    }
    if reasons.is_empty() {
        Ok(Clear { run: record.run.id.clone(), plan: measured.plan().clone() })
    } else {
        Err(reasons)
    }
}
