//! How an attempt ends: what both sides prove, the journal's last step, the certificate and the exit code.

use std::path::PathBuf;

use gh_connect_enable::{
    flow::{Pressed, Trap},
    journal::{Journal, Step},
    verify::{self, CloudSays, Proof, ServerSays},
};
use gh_connect_engine::{ConnectTarget, Effects as _, Machine};

use super::{
    Enabling,
    certificate::{self, Billing, Certificate, Consent},
    sides::{Begun, Sides},
    talk::Talk,
    walk::{Broken, noted},
    words::{self, Addresses},
};
use crate::{exit::Exit, platform, sink};

/// A connection that was made.
pub(super) struct Made<'a> {
    pub(super) target: &'a ConnectTarget,
    pub(super) addresses: &'a Addresses,
    pub(super) consent: Consent,
    pub(super) run: String,
    pub(super) way: &'static str,
    pub(super) begun: Begun,
    pub(super) billing: Option<Billing>,
}

impl Enabling<'_> {
    /// Says why the flow ended. Where **Connect** may have been pressed, both sides say what came of it.
    pub(super) async fn stopped(
        &self,
        [what, then]: [String; 2],
        may_be_connected: bool,
        journal: &mut Journal,
        talk: &mut Talk,
        made: &Made<'_>,
    ) -> Result<Exit, Broken> {
        let Made { run, begun, .. } = made;
        talk.say(&format!("Stopped: {what}\nDo: {then}"));
        if !may_be_connected {
            noted(journal.note(Machine.now(), run, Step::Stopped, &what))?;
            return Ok(Exit::ATTEMPTED);
        }
        let evidence = talk.unless_interrupted(Sides::ask(self.session)).await?.evidence(begun, None);
        let (step, exit) = match verify::prove(&evidence) {
            Proof::Verified => {
                talk.say("Verified all the same: both sides say that they are connected.");
                (Step::Verified, Exit::SUCCESS)
            }
            Proof::NotConnected => (Step::Stopped, Exit::ATTEMPTED),
            // Without a record there is no connection, whatever the server shows.
            Proof::Unverified(_) if evidence.cloud == CloudSays::NotConnected => {
                talk.say("GitHub lists no connection of this server.");
                (Step::Unverified, Exit::ATTEMPTED)
            }
            Proof::Unverified(missing) => {
                talk.say(&format!("Not verified: {}", missing.join(" ")));
                (Step::Unverified, Exit::UNVERIFIED)
            }
        };
        noted(journal.note(Machine.now(), run, step, &what))?;
        Ok(exit)
    }

    /// Proves the connection, and writes the certificate.
    pub(super) async fn conclude(
        &self,
        made: Made<'_>,
        page: Option<ServerSays>,
        journal: &mut Journal,
        talk: &mut Talk,
    ) -> Result<Exit, Broken> {
        let Made { target, addresses, consent, run, way, begun, billing } = made;
        let sides = talk.unless_interrupted(Sides::ask(self.session)).await?;
        let mut evidence = sides.evidence(&begun, page.clone());
        // The record may be a moment behind the page.
        for _ in 0..MOST_TRIES {
            if verify::prove(&evidence) == Proof::Verified {
                break;
            }
            let later = async {
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                Sides::ask(self.session).await
            };
            evidence = talk.unless_interrupted(later).await?.evidence(&begun, page.clone());
        }
        let proof = verify::prove(&evidence);
        let (step, exit) = match &proof {
            Proof::Verified => (Step::Verified, Exit::SUCCESS),
            Proof::NotConnected => (Step::Stopped, Exit::ATTEMPTED),
            Proof::Unverified(_) => (Step::Unverified, Exit::UNVERIFIED),
        };
        noted(journal.note(Machine.now(), &run, step, way))?;
        let (invoiced, waivers) = certificate::said(self.session.plan());
        let certificate = Certificate {
            schema_version: 1,
            tool: format!("gh-connect {}", env!("CARGO_PKG_VERSION")),
            target: target.clone(),
            consent,
            run,
            browser: way.to_owned(),
            waivers,
            invoiced,
            billing,
            evidence,
            proof,
            at: Machine.now(),
        };
        let name = Journal::file_name(target);
        let base = self.folder.join(name.trim_end_matches(".jsonl"));
        for (ending, text) in [("md", certificate.markdown()), ("json", certificate.json())] {
            let path = PathBuf::from(format!("{}.{ending}", base.display()));
            platform::write_private(&path, sink::clean_document(&text).as_bytes())?;
            let gone = if self.folder_is_labs { " (gone with the lab)" } else { "" };
            talk.say(&format!("Certificate: {}{gone}", path.display()));
        }
        match &certificate.proof {
            Proof::Verified => {
                talk.say("Verified: both sides say that they are connected.");
                talk.say(&words::afterwards(target, addresses));
            }
            Proof::NotConnected => talk.say("Not connected: neither side shows a connection."),
            Proof::Unverified(missing) => {
                talk.say(&format!(
                    "Not verified: {}\nLook at {} and run gh-connect status.",
                    missing.join(" "),
                    addresses.settings
                ));
                let is_half = matches!(certificate.evidence.cloud, CloudSays::Connected { .. })
                    && matches!(certificate.evidence.server, ServerSays::NotConnected(_));
                if is_half {
                    let pressed = Pressed { enable: true, connect: true };
                    let [_, then] = words::trap(Trap::WindowMissed, target, addresses, pressed);
                    talk.say(&format!("Do: {then}"));
                }
            }
        }
        Ok(exit)
    }
}

const MOST_TRIES: usize = 5;
