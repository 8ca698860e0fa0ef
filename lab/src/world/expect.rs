//! What a correct run must report in a world.

use serde::Deserialize;

/// Expectations of a world, with the defaults filled in.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Keys")]
pub struct Expect {
    /// Exactly these ids are root causes: of findings, or of checks that ended unknown without a finding.
    pub root_causes: Vec<String>,
    /// Every blocker and warning id that must be reported; without being said, the root causes.
    pub findings: Vec<String>,
    /// Ids of notes that must be present, whatever else is.
    pub notes: Vec<String>,
    /// The exit code; without being said, 1 with root causes and 0 without.
    pub exit: u8,
    /// Whether the run opens the gate for enabling; without being said, with exit code 0.
    pub opens_gate: bool,
}

/// What a world that says nothing of it expects: nothing is wrong.
impl Default for Expect {
    fn default() -> Self {
        Self { root_causes: Vec::new(), findings: Vec::new(), notes: Vec::new(), exit: 0, opens_gate: true }
    }
}

/// `[expect]` as written.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Keys {
    #[serde(default)]
    root_causes: Vec<String>,
    findings: Option<Vec<String>>,
    #[serde(default)]
    notes: Vec<String>,
    exit: Option<u8>,
    gate: Option<Gate>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Gate {
    Open,
    Shut,
}

impl TryFrom<Keys> for Expect {
    type Error = String;

    fn try_from(keys: Keys) -> Result<Expect, String> {
        let findings = keys.findings.iter().flatten().chain(&keys.notes).filter(|id| !is_id(id));
        let causes = keys.root_causes.iter().filter(|id| !is_id(id) && !is_word(id));
        if let Some(id) = findings.chain(causes).next() {
            return Err(format!("`{id}` is not a finding id; allowed: check/finding, such as tls/expired"));
        }
        let exit = keys.exit.unwrap_or(u8::from(!keys.root_causes.is_empty()));
        Ok(Expect {
            findings: keys
                .findings
                .unwrap_or_else(|| keys.root_causes.iter().filter(|id| is_id(id)).cloned().collect()),
            notes: keys.notes,
            opens_gate: keys.gate.map_or(exit == 0, |gate| gate == Gate::Open),
            exit,
            root_causes: keys.root_causes,
        })
    }
}

fn is_id(text: &str) -> bool {
    text.split_once('/').is_some_and(|(check, finding)| is_word(check) && is_word(finding))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
