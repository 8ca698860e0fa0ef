use std::{fmt::Display, future::Future, hash::Hash};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::Cx;

/// Something that can be measured: a query with a key, answered once per run however many checks ask.
///
/// A bad answer is a good measurement: NXDOMAIN is a value, not an error. A fact stops only when it could not be measured,
/// because another fact stands in the way or because measuring itself failed.
pub trait Fact: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The id under which the record keeps it, `dns.lookup`.
    const ID: &'static str;
    /// The checks that tell when it does not come in time: the one that tells of most first, and last the one that tells of this
    /// fact alone. One tells only while it waits for a fact that names it last, since it goes on without the others; where none
    /// does, it is the first in the registry that waits for this one.
    const OWNERS: &'static [&'static str] = &[];
    /// What is asked about. Its `Display` is the key in the record and must be unique among the keys of this fact.
    type Key: Clone + Eq + Hash + Display + Send + Sync + 'static;

    /// Measures it. Runs in a task of its own: a panic or a cancelled asker harms nobody else.
    fn measure(key: &Self::Key, cx: &Cx) -> impl Future<Output = Result<Self, Stop>> + Send;
}

/// Why something was not judged. `?` carries it up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// Another check owns the reason.
    Blocked(String),
    /// Nobody asked for it, or it needs something that was not given.
    Skipped(String),
    /// The question does not arise here, `tcp` behind a proxy for instance.
    NotApplicable(String),
    /// It could not be found out.
    Trouble(String),
}

impl Stop {
    /// Blocked by the check with this id.
    pub fn blocked(check: &str) -> Self {
        Self::Blocked(check.to_owned())
    }

    /// A defect of the program itself: what cannot be, was.
    pub fn defect(what: impl Display) -> Self {
        Self::Trouble(format!("{DEFECT}: {what}"))
    }

    /// Whether it is a defect of the program itself.
    pub fn is_defect(&self) -> bool {
        matches!(self, Self::Trouble(why) if why.starts_with(DEFECT))
    }
}

/// How the reason begins where the program itself is to blame. Records keep it.
const DEFECT: &str = "internal error";
