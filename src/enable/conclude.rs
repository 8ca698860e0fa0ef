//! How an attempt ends: what both sides prove, the journal's last step, the certificate and the exit code.

use gh_connect_enable::{
    flow::{Pressed, Trap},
    journal::{Journal, Step},
    verify::{self, CloudSays, Evidence, Proof, ServerSays},
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
    /// The run of the check to which the person agreed: that of the report.
    pub(super) run: String,
    /// The later run that found it, where the one that pressed did not end.
    pub(super) found_by: Option<String>,
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
                let said = "Verified all the same: both sides say that they are connected.";
                return self.verified(made, evidence, &what, said, journal, talk);
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
        let begun = &made.begun;
        let sides = talk.unless_interrupted(Sides::ask(self.session)).await?;
        let mut evidence = sides.evidence(begun, page.clone());
        // The record may be a moment behind the page.
        for _ in 0..MOST_TRIES {
            if verify::prove(&evidence) == Proof::Verified {
                break;
            }
            let later = async {
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                Sides::ask(self.session).await
            };
            evidence = talk.unless_interrupted(later).await?.evidence(begun, page.clone());
        }
        let proof = verify::prove(&evidence);
        if proof == Proof::Verified {
            let said = "Verified: both sides say that they are connected.";
            return self.verified(&made, evidence, made.way, said, journal, talk);
        }
        self.certify(&made, &evidence, journal, talk);
        let Made { target, addresses, run, way, .. } = made;
        match proof {
            Proof::Unverified(missing) => {
                noted(journal.note(Machine.now(), &run, Step::Unverified, way))?;
                talk.say(&format!(
                    "Not verified: {}\nLook at {} and run gh-connect status.",
                    missing.join(" "),
                    addresses.settings
                ));
                let is_half = matches!(evidence.cloud, CloudSays::Connected { .. })
                    && matches!(evidence.server, ServerSays::NotConnected(_));
                if is_half {
                    let pressed = Pressed { enable: true, connect: true };
                    let [_, then] = words::trap(Trap::WindowMissed, target, addresses, pressed);
                    talk.say(&format!("Do: {then}"));
                }
                Ok(Exit::UNVERIFIED)
            }
            _ => {
                noted(journal.note(Machine.now(), &run, Step::Stopped, way))?;
                talk.say("Not connected: neither side shows a connection.");
                Ok(Exit::ATTEMPTED)
            }
        }
    }

    /// The end of every flow that is proven: the certificate, then the journal's last step. Killed in between, the next run proves it
    /// again, and writes a certificate of its own.
    pub(super) fn verified(
        &self,
        made: &Made<'_>,
        evidence: Evidence,
        note: &str,
        said: &str,
        journal: &mut Journal,
        talk: &mut Talk,
    ) -> Result<Exit, Broken> {
        self.certify(made, &evidence, journal, talk);
        let word = words::of_a_person(&evidence);
        let note = word.as_ref().map_or_else(|| note.to_owned(), |word| format!("{note}, by {word}"));
        let record = match &evidence.cloud {
            CloudSays::Connected { record, .. } => record.as_deref(),
            CloudSays::NotConnected | CloudSays::Unknown(_) => None,
        };
        let run = made.found_by.as_ref().unwrap_or(&made.run);
        noted(journal.verified(Machine.now(), run, &note, &made.consent.by, record))?;
        match word {
            Some(word) => talk.say(&format!("Verified, by {word}. The server itself did not tell.")),
            None => talk.say(said),
        }
        talk.say(&words::afterwards(made.target, made.addresses, true));
        Ok(Exit::SUCCESS)
    }

    /// Writes the certificate of a change, in files of its own. That it cannot be written undoes nothing.
    fn certify(&self, made: &Made<'_>, evidence: &Evidence, journal: &Journal, talk: &mut Talk) {
        let (invoiced, waivers) = certificate::said(self.session.plan());
        let certificate = Certificate {
            schema_version: 1,
            tool: format!("gh-connect {}", env!("CARGO_PKG_VERSION")),
            target: made.target.clone(),
            consent: made.consent.clone(),
            run: made.run.clone(),
            rested_on: journal.rested_on(),
            found_by: made.found_by.clone(),
            browser: made.way.to_owned(),
            waivers,
            invoiced,
            billing: made.billing.clone(),
            evidence: evidence.clone(),
            proof: verify::prove(evidence),
            by_word: words::of_a_person(evidence),
            at: Machine.now(),
        };
        let name = Journal::file_name(made.target);
        let run = made.found_by.as_ref().unwrap_or(&made.run);
        let name = format!("{}.{run}", name.trim_end_matches(".jsonl"));
        for (ending, text) in [("md", certificate.markdown()), ("json", certificate.json())] {
            let path = self.folder.join(format!("{name}.{ending}"));
            match platform::write_private(&path, sink::clean_document(&text).as_bytes()) {
                Ok(()) => {
                    let gone = if self.folder_is_labs { " (gone with the lab)" } else { "" };
                    talk.say(&format!("Certificate: {}{gone}", path.display()));
                }
                Err(error) => {
                    talk.say(&format!("The certificate {} was not written: {error}.", path.display()));
                }
            }
        }
    }
}

const MOST_TRIES: usize = 5;
