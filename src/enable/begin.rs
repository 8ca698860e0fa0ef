//! What an earlier run left: a connection that is there already, or a setup to be finished.

use gh_connect_enable::{
    flow::Pressed,
    journal::{Journal, Step},
    verify::{self, CloudSays, Proof, ServerSays},
};
use gh_connect_engine::{ConnectTarget, Effects as _, Machine, Record};
use jiff::{SignedDuration, Timestamp};

use super::{
    Enabling,
    accompany::{Asks, Word},
    certificate::Consent,
    conclude::Made,
    sides::{Begun, Sides},
    talk::Talk,
    walk::{Broken, MOST_PATIENCE, noted},
    words::{self, Addresses},
};
use crate::exit::Exit;

impl Enabling<'_> {
    /// The beginning of the flow that an earlier run left with a button pressed. Where the journal does not tell what was there
    /// before, nothing is known to be of that flow.
    pub(super) fn left(journal: &Journal) -> Option<Begun> {
        let first = journal.unfinished().first().filter(|_| journal.pressed() != Pressed::default())?;
        let before = journal.consent().and_then(|entry| entry.before.clone()).unwrap_or_default();
        Some(Begun { at: first.at, before })
    }

    /// What an earlier run made, as its journal tells it.
    fn made<'a>(
        &self,
        journal: &Journal,
        record: &Record,
        begun: &Begun,
        target: &'a ConnectTarget,
        addresses: &'a Addresses,
    ) -> Made<'a> {
        let consent = journal.consent();
        let by = consent.and_then(|entry| entry.by.clone()).unwrap_or_else(|| self.person.clone());
        let how = consent.map(|entry| entry.note.clone()).unwrap_or_default();
        let at = consent.map_or(begun.at, |entry| entry.at);
        Made {
            target,
            addresses,
            consent: Consent { by, how, at, terms: words::TERMS },
            run: consent.map_or_else(|| record.run.id.clone(), |entry| entry.run.clone()),
            found_by: Some(record.run.id.clone()),
            way: "earlier-run",
            begun: begun.clone(),
            billing: None,
        }
    }

    /// A connection that is there already, or that an earlier run left to be verified.
    pub(super) async fn is_done_already(
        &self,
        record: &Record,
        journal: &mut Journal,
        talk: &mut Talk,
        addresses: &Addresses,
        target: &ConnectTarget,
    ) -> Result<Option<Exit>, Broken> {
        let connected = record
            .checks
            .iter()
            .flat_map(|check| &check.findings)
            .find(|finding| finding.id == "connection/already-connected");
        if !journal.unfinished().is_empty() {
            talk.say("An earlier run was not finished. What it did:");
            for entry in journal.unfinished() {
                let step = serde_json::to_value(entry.step).unwrap_or_default();
                talk.say(&format!("  {}  {}  {}", entry.at, step.as_str().unwrap_or_default(), entry.note));
            }
        }
        let left = Self::left(journal);
        if let Some(begun) = &left {
            let seen = journal.unfinished().iter().rfind(|entry| entry.step == Step::SeenOnServer);
            let page = seen.filter(|entry| is_recent(entry.at)).map(|_| ServerSays::Page);
            let mut evidence = talk.unless_interrupted(Sides::ask(self.session)).await?.evidence(begun, page);
            let note = "found by a later run";
            if evidence.cloud.is_of_this_flow()
                && matches!(evidence.server, ServerSays::Unknown(_))
                && talk.answers
            {
                let asks = Asks {
                    session: self.session,
                    addresses,
                    person: &self.person,
                    before: &begun.before,
                    patience: MOST_PATIENCE,
                };
                match asks.what_the_page_shows(talk).await? {
                    Word::Logged => {
                        let sides = talk.unless_interrupted(Sides::ask(self.session)).await?;
                        evidence = sides.evidence(begun, None);
                    }
                    Word::Said(said) => {
                        evidence.server = said;
                    }
                    Word::Nobody => {}
                }
            }
            // Another way than the server's own proves nothing.
            if record.run.what_if.is_empty() && verify::prove(&evidence) == Proof::Verified {
                let made = self.made(journal, record, begun, target, addresses);
                let said = "Both sides say that they are connected. Verified.";
                return self.verified(&made, evidence, note, said, journal, talk).map(Some);
            }
            if evidence.cloud == CloudSays::NotConnected && journal.is_past_its_time(Machine.now()) {
                // Nothing came of it, and nothing can any more: the server takes it for five minutes.
                let why = "GitHub lists no connection of the server, and its 5 minutes are over";
                talk.say(&format!("That setup is over: {why}. A new one begins."));
                noted(journal.note(Machine.now(), &record.run.id, Step::Stopped, why))?;
                return Ok(None);
            }
            talk.say("The connection is not proven. What was pressed then is not pressed again.");
            if let Some(over) = journal.over_at().filter(|_| journal.pressed().connect) {
                talk.say(&words::not_pressed_until(over, journal.is_handed_over()));
            }
        }
        if let Some(finding) = connected {
            talk.say(&format!("{}\nNothing is pressed.", finding.message));
            return Ok(Some(if left.is_some() { Exit::UNVERIFIED } else { Exit::SUCCESS }));
        }
        // Another way than the server's own proves nothing.
        if let Some((consent, verified)) = journal.connection().filter(|_| record.run.what_if.is_empty())
            && let (Some(record), Some(before)) = (&verified.record, &consent.before)
            && talk.unless_interrupted(Sides::ask(self.session)).await?.still_have(record, before)
        {
            talk.say(&words::verified_before(verified, target));
            return Ok(Some(Exit::SUCCESS));
        }
        Ok(None)
    }
}

/// What was seen of a page holds for some minutes; later the server is asked, or the person looks again.
fn is_recent(at: Timestamp) -> bool {
    let age = Machine.now().duration_since(at);
    SignedDuration::ZERO <= age && age <= SignedDuration::from_mins(10)
}
