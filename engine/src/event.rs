use crate::{FindingRecord, State};

/// What happens during a run, for a progress display. Losing events loses nothing of the record.
#[derive(Clone, Debug)]
pub enum Event {
    /// The run begins with these checks.
    Started {
        /// Ids in the order of the registry.
        checks: Vec<&'static str>,
    },
    /// A finding was made; its check may still be at work on other subjects.
    Found(Box<FindingRecord>),
    /// A check ended.
    Ended {
        /// Its id.
        check: &'static str,
        /// How.
        state: State,
    },
}
