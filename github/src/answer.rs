use gh_connect_engine::Stop;
use serde::{Deserialize, Serialize};

use crate::{Needs, Refusal};

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer<T> {
    /// It was answered.
    Said(T),
    /// It was not asked, because nothing was given to ask it with.
    NoCredential {
        /// What it needs.
        needs: Needs,
    },
    /// It was asked, and not answered.
    Refused {
        /// What came instead.
        why: Refusal,
        /// What it needs.
        needs: Needs,
    },
}

impl<T> Answer<T> {
    /// The answer, if there is one.
    pub fn said(&self) -> Option<&T> {
        match self {
            Self::Said(said) => Some(said),
            _ => None,
        }
    }

    /// What came instead of an answer.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { why, .. } => Some(why),
            _ => None,
        }
    }

    /// What the question needs, when it was not answered.
    pub fn needs(&self) -> Option<&Needs> {
        match self {
            Self::Said(_) => None,
            Self::NoCredential { needs } | Self::Refused { needs, .. } => Some(needs),
        }
    }

    /// The answer; otherwise the stop for a check to which an answer is all that matters: blocked by the check that owns
    /// the reason, or trouble in words. A missing credential is owned by `token`.
    pub fn or_stop(&self) -> Result<&T, Stop> {
        match self {
            Self::Said(said) => Ok(said),
            Self::NoCredential { .. } => Err(Stop::blocked("token")),
            Self::Refused { why, needs } => Err(match why.owner(needs.api) {
                Some(check) => Stop::blocked(check),
                None => Stop::Trouble(format!("{} did not answer: {why}", needs.api)),
            }),
        }
    }

    /// The same about a part of the answer, or what is derived from it.
    pub(crate) fn map<U>(self, part: impl FnOnce(T) -> U) -> Answer<U> {
        self.and_then(|said| Ok(part(said)))
    }

    /// As [`Answer::map`], where the part may turn out to be refused.
    pub(crate) fn and_then<U>(self, part: impl FnOnce(T) -> Result<U, (Refusal, Needs)>) -> Answer<U> {
        match self {
            Self::Said(said) => match part(said) {
                Ok(said) => Answer::Said(said),
                Err((why, needs)) => Answer::Refused { why, needs },
            },
            Self::NoCredential { needs } => Answer::NoCredential { needs },
            Self::Refused { why, needs } => Answer::Refused { why, needs },
        }
    }
}
