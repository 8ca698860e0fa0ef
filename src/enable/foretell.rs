//! All that would be done, said beforehand: for the person who agrees, and for a change board.

use gh_connect_enable::pages::{self, Row, Side};
use gh_connect_engine::{ConnectTarget, Reason, Record};
use serde::{Serialize, Serializer};
use serde_json::json;

use super::{
    choice::Way,
    refusal::refusal,
    words::{self, Addresses},
};

/// What will happen, and what comes of it.
#[derive(Serialize)]
pub(super) struct Foretold {
    target: ConnectTarget,
    addresses: Addresses,
    /// Who presses the buttons: `gh-connect` or `you`.
    presses: &'static str,
    /// In which browser: `chromium`, …, `your own`.
    browser: &'static str,
    /// The steps, in their order.
    #[serde(serialize_with = "in_one_line")]
    what_will_happen: Vec<String>,
    creates: Vec<String>,
    accepts: Accepts,
    stays_off: String,
    /// What is known to go wrong with the browser that was chosen, and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    known_trouble: Option<String>,
    undo: String,
    watch: Vec<String>,
    /// The rows that the flow leans on, each with its source.
    assumptions: &'static [&'static Row],
    #[serde(skip)]
    afterwards: String,
}

/// The terms.
#[derive(Serialize)]
struct Accepts {
    by: String,
    terms: &'static str,
    url: &'static str,
}

impl Foretold {
    /// Of a target.
    pub(super) fn of(
        target: &ConnectTarget,
        addresses: &Addresses,
        way: Way,
        known_trouble: Option<String>,
    ) -> Self {
        let (server, ConnectTarget { enterprise, cloud, .. }) = (words::server(target), target);
        let settings = &addresses.settings;
        let presses = way.presses().says;
        Self {
            target: target.clone(),
            addresses: addresses.clone(),
            presses: way.presses().id,
            browser: way.browser(),
            what_will_happen: vec![
                format!("{}\nYou sign in there as an owner of the server.", opens(way, settings)),
                format!(
                    "{presses} \"{}\", or \"{}\" where an earlier run was interrupted and left the setup half-made. The browser goes to https://{cloud}. You sign in there as an owner of {enterprise}.",
                    pages::ENABLE.name,
                    pages::COMPLETE.name,
                ),
                format!(
                    "{presses} \"{}\" beside {enterprise}. The browser comes back to the server. From 2 on this takes 5 minutes at most.",
                    pages::CONNECT.name,
                ),
                match way {
                    Way::Driven { .. } => "gh-connect asks both sides whether they are connected.".to_owned(),
                    Way::Own { .. } => format!(
                        "gh-connect asks both sides meanwhile, for {} at most, whether they are connected.",
                        words::patience()
                    ),
                },
            ],
            creates: vec![
                format!("a GitHub App that {enterprise} owns, on {cloud}"),
                format!(
                    "on {server}: its private key, and tokens that are valid for one hour; both are on every node, and in every backup and snapshot"
                ),
                format!(
                    "a record of the server on {cloud}: its name, version, license and the features that are on. No repository, issue or pull request is sent"
                ),
            ],
            accepts: Accepts {
                by: "Pressing \"Enable GitHub Connect\"".to_owned(),
                terms: "the GitHub Terms for Additional Products and Features, section Connect",
                url: words::TERMS,
            },
            stays_off: "Every feature of GitHub Connect, until an owner turns it on on the same page."
                .to_owned(),
            known_trouble,
            undo: words::UNDO.replace("the same page", settings),
            watch: words::WATCH.map(str::to_owned).to_vec(),
            assumptions: pages::ALL,
            afterwards: words::afterwards(target, addresses, false),
        }
    }

    /// What will happen, before anybody agrees.
    pub(super) fn what_will_happen(&self) -> String {
        let steps = self.what_will_happen.iter().zip(1..);
        let steps: String =
            steps.map(|(step, at)| format!("  {at}. {}\n", step.replace('\n', "\n     "))).collect();
        let creates: String = self.creates.iter().map(|what| format!("  - {what}\n")).collect();
        let Accepts { by, terms, url } = &self.accepts;
        let trouble = self.known_trouble.as_ref();
        let trouble =
            trouble.map(|trouble| format!("\nWhat may go wrong\n  {trouble}\n")).unwrap_or_default();
        format!(
            "What will happen\n{steps}\nWhat this creates\n{creates}\nWhat this accepts\n  {by} accepts {terms}:\n  {url}\n\nWhat stays off\n  {}\n{trouble}",
            self.stays_off
        )
    }

    /// All of it, for a person.
    pub(super) fn text(&self, reasons: &[Reason], record: &Record) -> String {
        let gate = match reasons {
            [] => "The gate would open: every check that enabling needs has passed.\n".to_owned(),
            reasons => refusal(reasons, record) + "\n",
        };
        format!(
            "{gate}\n{}\n{}\n{}\nNothing was pressed.\n",
            self.what_will_happen(),
            self.afterwards,
            assumptions(),
        )
    }

    /// All of it, for a program. The reasons why the gate stays shut, none where it would open.
    pub(super) fn json(&self, reasons: &[Reason], run: &str) -> String {
        let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
        let mut plan = json!({
            "schema_version": 1,
            "tool": format!("gh-connect {}", env!("CARGO_PKG_VERSION")),
            "run": run,
            "gate": { "opens": reasons.is_empty(), "reasons": reasons },
            "pressed": false,
        });
        if let (Some(plan), Ok(serde_json::Value::Object(foretold))) =
            (plan.as_object_mut(), serde_json::to_value(self))
        {
            plan.extend(foretold);
        }
        format!("{plan:#}\n")
    }
}

/// How the server's page is opened.
fn opens(way: Way, settings: &str) -> String {
    match way {
        Way::Driven { kind, has_window } => {
            let kind = kind.id();
            let how = if has_window {
                format!("opens a window of {kind}")
            } else {
                format!("starts {kind} without a window")
            };
            format!(
                "gh-connect {how}, and goes to {settings}. Where {kind} cannot be driven, it says so, and you press yourself."
            )
        }
        Way::Own { opens: true } => format!("Your own browser opens {settings}."),
        Way::Own { opens: false } => format!("You open {settings} in your own browser, on any machine."),
    }
}

fn in_one_line<S: Serializer>(steps: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(steps.iter().map(|step| step.replace('\n', " ")))
}

/// The rows, for a person.
fn assumptions() -> String {
    let mut text = String::from("What is assumed about the pages\n");
    for row in pages::ALL {
        let side = if row.side == Side::Server { "server" } else { "cloud" };
        let what = match row.role {
            "" => format!("the page {}", row.path),
            "text" => format!("the text \"{}\"", row.name),
            role => format!("the {role} \"{}\"", row.name),
        };
        let (ground, source) = (row.ground.word(), row.source);
        text.push_str(&format!("  {:<16} {side:<7} {what} ({ground}: {source})\n", row.id));
    }
    text
}
