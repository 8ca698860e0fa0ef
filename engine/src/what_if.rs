use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ConnectTo, Origin, Plan, Sourced};

/// Something that a run used in place of the server's own way to GitHub. The server ignores it, so the run proves nothing
/// about the server: reports say so, and the gate stays shut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhatIf {
    /// The setting: `connect-to`, `resolver`, `hosts-file`, `trust-system`, `trust-public`, `ca-file`, `proxy`, `no-proxy`.
    pub setting: String,
    /// What it changed, in one clause.
    pub text: String,
    /// Where it was set: `flag --connect-to`.
    pub origin: String,
    /// The warning that reports the same. Where it is waived, a person answers for the difference, and it is no what-if.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
}

impl WhatIf {
    /// A setting that no waiver accepts.
    pub fn new(setting: &str, text: impl Into<String>, origin: &Origin) -> Self {
        Self { setting: setting.to_owned(), text: text.into(), origin: origin.to_string(), finding: None }
    }

    /// The same, accepted where the warning with this id is waived.
    pub fn unless_waived(self, finding: &str) -> Self {
        Self { finding: Some(finding.to_owned()), ..self }
    }

    /// Rules that divert connections; `None` without any.
    pub fn of_rules(rules: &[Sourced<ConnectTo>]) -> Option<Self> {
        let (first, more) = rules.split_first()?;
        let more = match more.len() {
            0 => String::new(),
            1 => " and 1 more rule".to_owned(),
            more => format!(" and {more} more rules"),
        };
        Some(Self::new(
            "connect-to",
            format!("connections are diverted by {}{more}", first.value),
            &first.origin,
        ))
    }

    /// Whether a waiver of the plan accepts it.
    pub(crate) fn is_accepted(&self, plan: &Plan) -> bool {
        self.finding.as_ref().is_some_and(|id| plan.waivers.iter().any(|waiver| waiver.value.id == *id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_counted() {
        let rule = |host: &str| {
            let rule = ConnectTo {
                host: Some(host.to_owned()),
                port: Some(443),
                to_host: "127.0.0.1".parse().ok(),
                to_port: Some(8443),
            };
            Sourced::new(rule, Origin::flag("--connect-to"))
        };
        let text = |rules: &[Sourced<ConnectTo>]| WhatIf::of_rules(rules).map(|what_if| what_if.text);
        assert_eq!(text(&[]), None);
        for (hosts, expected) in [
            (&["a"][..], "connections are diverted by a:443:127.0.0.1:8443"),
            (&["a", "b"], "connections are diverted by a:443:127.0.0.1:8443 and 1 more rule"),
            (&["a", "b", "c"], "connections are diverted by a:443:127.0.0.1:8443 and 2 more rules"),
        ] {
            let rules: Vec<_> = hosts.iter().map(|host| rule(host)).collect();
            assert_eq!(text(&rules).as_deref(), Some(expected));
        }
    }
}
