//! The certificate of a change: who connected what, when, on which evidence. For the ticket as Markdown, for scripts as JSON.

use gh_connect_enable::verify::{CloudSays, Evidence, Proof, ServerSays};
use gh_connect_engine::{ConnectTarget, Plan, Waiver};
use jiff::Timestamp;
use serde::Serialize;

/// A change that was made, or at least attempted to its end.
#[derive(Debug, Serialize)]
pub(super) struct Certificate {
    /// The version of its shape.
    pub(super) schema_version: u32,
    /// `gh-connect 0.1.0`
    pub(super) tool: String,
    /// What was connected to what, and from where it was measured.
    pub(super) target: ConnectTarget,
    /// Who agreed to the terms: the user of this machine, and how.
    pub(super) consent: Consent,
    /// The check to which the person agreed: the run of the report.
    pub(super) run: String,
    /// The runs immediately before each press, or before the person went on by themselves.
    pub(super) rested_on: Vec<String>,
    /// The later run that asked both sides, where the one that pressed did not end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) found_by: Option<String>,
    /// How the buttons were pressed: `chromium`, `firefox`, `accompany`; `earlier-run` where that is not known any more.
    pub(super) browser: String,
    /// Warnings that were accepted, with their reasons.
    pub(super) waivers: Vec<Waiver>,
    /// Who said that the account is invoiced.
    pub(super) invoiced: Option<String>,
    /// Who saw on the account's billing page that it is invoiced, with `--confirm-billing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) billing: Option<Billing>,
    /// What both sides said afterwards.
    pub(super) evidence: Evidence,
    /// What that proves.
    pub(super) proof: Proof,
    /// On whose word that rests, where the server itself did not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) by_word: Option<String>,
    /// When it was asked.
    pub(super) at: Timestamp,
}

/// What a person saw on the account's billing page, before anything was pressed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Billing {
    /// The user's name on this machine.
    pub(super) by: String,
    /// When.
    pub(super) at: Timestamp,
    /// What, and where.
    pub(super) evidence: String,
}

/// How the person agreed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Consent {
    /// The user's name on this machine.
    pub(super) by: String,
    /// `typed acme`, or the flags.
    pub(super) how: String,
    /// When.
    pub(super) at: Timestamp,
    /// The terms.
    pub(super) terms: &'static str,
}

impl Certificate {
    /// As JSON.
    pub(super) fn json(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("a certificate is plain data");
        format!("{text}\n")
    }

    /// As Markdown.
    pub(super) fn markdown(&self) -> String {
        let ConnectTarget { server, enterprise, cloud, vantage } = &self.target;
        let verdict = match &self.proof {
            Proof::Verified => match &self.by_word {
                Some(word) => {
                    format!("**Connected and verified**, by {word}. The server itself did not tell.")
                }
                None => "**Connected and verified.** Both sides say so.".to_owned(),
            },
            Proof::NotConnected => "**Not connected.** Both sides say so.".to_owned(),
            Proof::Unverified(missing) => format!("**Not verified.** {}", missing.join(" ")),
        };
        let cloud_says = match &self.evidence.cloud {
            CloudSays::Connected { host_name, since: Some(since), .. } => {
                format!("lists {host_name} as connected since {since}")
            }
            CloudSays::Connected { host_name, since: None, .. } => format!("lists {host_name} as connected"),
            CloudSays::NotConnected => "does not list the server as connected".to_owned(),
            CloudSays::Unknown(why) => format!("could not be asked: {why}"),
        };
        let server_says = match &self.evidence.server {
            ServerSays::Page => "its settings page shows the connection (seen in the browser)".to_owned(),
            ServerSays::Log { at } => format!("its audit log has the new connection, at {at}"),
            ServerSays::Word { by } => format!("its settings page shows the connection, by the word of {by}"),
            ServerSays::NotConnected(how) => format!("it is not connected: {how}"),
            ServerSays::Unknown(why) => format!("not known: {why}"),
        };
        let mut rows = vec![
            ("Server", server.clone()),
            ("Enterprise account", format!("{enterprise} on {cloud}")),
            (
                "Agreed to the terms",
                format!(
                    "{}, {} ({}); {}",
                    self.consent.by, self.consent.at, self.consent.how, self.consent.terms
                ),
            ),
            ("Check", format!("run {}, measured from {vantage}", self.run)),
            (
                "Pressed on",
                match self.rested_on.as_slice() {
                    [] => String::new(),
                    runs => format!("what was measured immediately before: {}", runs.join(", ")),
                },
            ),
            (
                "Verified by",
                self.found_by.as_ref().map_or_else(String::new, |run| format!("the later run {run}")),
            ),
            ("Browser", self.browser.clone()),
            (if cloud == "github.com" { "GitHub.com" } else { "GHE.com" }, cloud_says),
            ("The server", server_says),
        ];
        rows.extend(self.invoiced.clone().map(|said| ("Invoiced", said)));
        rows.extend(
            self.billing
                .iter()
                .map(|seen| ("Billing page", format!("{} on {}: {}", seen.by, seen.at, seen.evidence))),
        );
        rows.extend(
            self.waivers
                .iter()
                .map(|waiver| ("Accepted warning", format!("{}: {}", waiver.id, waiver.reason))),
        );
        rows.retain(|(_, text)| !text.is_empty());
        let cell = |text: &str| text.replace('|', "\\|");
        let rows: String = rows.iter().map(|(name, text)| format!("| {name} | {} |\n", cell(text))).collect();
        format!(
            "# GitHub Connect: {server} and {enterprise}\n\n{verdict}\n\n| | |\n| --- | --- |\n{rows}\n{}, {}\n",
            self.tool, self.at
        )
    }
}

/// What a plan says about invoices, and its waivers.
pub(super) fn said(plan: &Plan) -> (Option<String>, Vec<Waiver>) {
    let invoiced = plan.account.invoiced.as_ref().map(|said| {
        let word = &said.value;
        format!("{} on {}: {}", word.by, word.on, word.evidence)
    });
    (invoiced, plan.waivers.iter().map(|waiver| waiver.value.clone()).collect())
}
