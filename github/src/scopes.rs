use gh_connect_engine::shown;
use http::HeaderMap;
use serde::{Deserialize, Serialize};

/// The scopes of a classic token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// What the token has, by the reply's `X-OAuth-Scopes`; `None` for a token that has no scopes at all, a fine-grained
    /// one for instance (facts §6).
    pub fn granted(headers: &HeaderMap) -> Option<Self> {
        Self::read(headers, "x-oauth-scopes")
    }

    /// Any of which would do, by the reply's `X-Accepted-OAuth-Scopes`.
    pub fn accepted(headers: &HeaderMap) -> Option<Self> {
        Self::read(headers, "x-accepted-oauth-scopes")
    }

    /// Whether they hold a scope, by itself or within a larger one (facts §4.3).
    pub fn grant(&self, scope: &str) -> bool {
        let within =
            |has: &str| WITHIN.iter().any(|(larger, smaller)| *larger == has && smaller.contains(&scope));
        self.0.iter().any(|has| has == scope || within(has))
    }

    /// Their names.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    pub(crate) fn into_names(self) -> Vec<String> {
        self.0
    }

    fn read(headers: &HeaderMap, name: &str) -> Option<Self> {
        let list = headers.get(name)?.to_str().ok()?;
        let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
        Some(Self(names.take(MOST).map(|name| shown(name, 60)).collect()))
    }
}

impl<const N: usize> From<[&str; N]> for Scopes {
    fn from(names: [&str; N]) -> Self {
        Self(names.map(str::to_owned).into())
    }
}

/// Scopes that hold others (facts §4.3).
const WITHIN: [(&str, &[&str]); 1] =
    [("admin:enterprise", &["manage_billing:enterprise", "manage_runners:enterprise", "read:enterprise"])];

/// More than there are.
const MOST: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_scope_holds_a_smaller_one() {
        for (has, scope, expected) in [
            (&["admin:enterprise"][..], "read:enterprise", true),
            (&["read:enterprise"], "admin:enterprise", false),
            (&["admin:enterprise"], "read:audit_log", false),
            (&["repo", "read:audit_log"], "read:audit_log", true),
            (&[], "read:enterprise", false),
        ] {
            let has = Scopes(has.iter().map(ToString::to_string).collect());
            assert_eq!(has.grant(scope), expected, "{has:?} {scope}");
        }
    }
}
