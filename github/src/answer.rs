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

    /// The answer; otherwise the stop for a check to which an answer is all that matters: blocked by the check that owns the
    /// reason ([`Refusal::owner`]). A missing credential is owned by `token`.
    pub fn or_stop(&self) -> Result<&T, Stop> {
        match self {
            Self::Said(said) => Ok(said),
            Self::NoCredential { .. } => Err(Stop::blocked("token")),
            Self::Refused { why, needs } => Err(Stop::blocked(why.owner(needs.api))),
        }
    }

    /// The answer to a question that nobody asks but one check, about something that did answer other questions: what the
    /// credential or the address is to blame for is owned as ever, and the rest is that check's own trouble, in words.
    /// `question` completes "… did not say": `which events its audit log holds`.
    pub fn or_trouble(&self, question: &str) -> Result<&T, Stop> {
        match self {
            Self::Refused { why, needs } if matches!(why.owner(needs.api), "enterprise" | "server") => {
                Err(Stop::Trouble(format!("{} did not say {question}: {why}", needs.api)))
            }
            _ => self.or_stop(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Api;

    fn refused(why: Refusal, api: Api) -> Answer<()> {
        Answer::Refused { why, needs: Needs::token(api) }
    }

    #[test]
    fn no_answer_stops_with_the_check_that_owns_the_reason() {
        let bad = || Refusal::BadCredentials { message: String::new() };
        let listed = || Refusal::AllowList { address: None, owner_kind: None, owner: None };
        for (answer, blocked, alone) in [
            (Answer::NoCredential { needs: Needs::token(Api::Cloud) }, "token", true),
            (refused(bad(), Api::Manage), "token", true),
            (refused(listed(), Api::Cloud), "allow-list", true),
            (refused(Refusal::TooDeep, Api::Cloud), "enterprise", false),
            (refused(Refusal::TooDeep, Api::Server), "server", false),
        ] {
            assert_eq!(answer.or_stop(), Err(Stop::blocked(blocked)));
            let owned = answer.or_trouble("what it holds") == Err(Stop::blocked(blocked));
            assert_eq!(owned, alone, "{answer:?}");
        }
        let trouble = "GitHub Enterprise Cloud did not say what it holds: the answer is nested too deeply";
        assert_eq!(
            refused(Refusal::TooDeep, Api::Cloud).or_trouble("what it holds"),
            Err(Stop::Trouble(trouble.to_owned()))
        );
        assert_eq!(Answer::Said(()).or_trouble("what it holds"), Ok(&()));
    }
}
