//! The person presses in their own browser, and the program notices each step that both sides tell of.

use std::time::Duration;

use gh_connect_enable::{
    journal::Step,
    verify::{Before, ServerSays},
};
use gh_connect_engine::Interrupt;
use tokio::time::{Instant, sleep};

use super::{
    sides::Sides,
    talk::{Heard, Talk},
    walk::{Broken, Ended, MOST_RETURN, Walk},
    words::{self, Addresses},
};
use crate::session::Session;

impl Walk<'_> {
    /// Lets the person press in their own browser.
    pub(super) async fn accompany(&mut self, opened: bool) -> Result<Ended, Broken> {
        let target = self.target.clone();
        let pressed = self.journal.pressed();
        // It was left to the person before: that does not begin anew each time a run says so.
        if !self.journal.is_handed_over() {
            self.note(Step::HandedOver, "the person presses in their own browser")?;
        }
        self.talk.say(&words::by_hand(&target, self.addresses, opened, pressed));
        let started = Instant::now();
        let mut on_cloud: Option<Instant> = None;
        // Where nobody can be asked, the log is all there is: it gets the time that a way back may take.
        let log_patience = if self.talk.answers { LOG_PATIENCE } else { MOST_RETURN.min(self.patience) };
        loop {
            let sides = self.talk.unless_interrupted(Sides::ask(self.session)).await?;
            if sides.cloud(&self.begun.before).is_of_this_flow() && on_cloud.is_none() {
                on_cloud = Some(Instant::now());
                self.note(Step::SeenOnCloud, "the cloud lists the server")?;
                self.steps.noticed("cloud lists the server");
                self.talk.say(&format!(
                    "Seen: \"Connect\" was pressed. {} lists the server.\nNext: the browser comes back to {}. Leave its window open.",
                    target.cloud,
                    words::server(&target)
                ));
            }
            if sides.connected_at(&self.begun.before).is_some() {
                return self.logged();
            }
            if on_cloud.is_some_and(|since| since.elapsed() > log_patience) {
                // The server's log may not tell (facts 3.1): then the person does.
                return self.word_of_the_person().await;
            }
            if on_cloud.is_none() && started.elapsed() > self.patience {
                return Ok(Ended::GaveUp);
            }
            self.talk.unless_interrupted(sleep(ASK_EVERY)).await?;
        }
    }

    fn logged(&mut self) -> Result<Ended, Broken> {
        self.note(Step::SeenOnServer, "the server's audit log has the new connection")?;
        self.steps.noticed("server logged the connection");
        self.talk.say("Seen: the server logged the new connection.");
        Ok(Ended::Done(None))
    }

    async fn word_of_the_person(&mut self) -> Result<Ended, Broken> {
        let asks = Asks {
            session: self.session,
            addresses: self.addresses,
            person: self.person,
            before: &self.begun.before,
            patience: self.patience,
        };
        match asks.what_the_page_shows(self.talk).await? {
            Word::Logged => self.logged(),
            Word::Said(said) => {
                let shows = matches!(said, ServerSays::Word { .. });
                self.steps.noticed(&format!("person says that the page shows the connection: {shows}"));
                Ok(Ended::Done(Some(said)))
            }
            Word::Nobody => Ok(Ended::Done(None)),
        }
    }
}

/// What is needed to ask a person what the server's page shows.
pub(super) struct Asks<'a> {
    pub(super) session: &'a Session,
    pub(super) addresses: &'a Addresses,
    pub(super) person: &'a str,
    pub(super) before: &'a Before,
    pub(super) patience: Duration,
}

/// What came of it.
pub(super) enum Word {
    /// The server's log told meanwhile.
    Logged,
    /// The person's word.
    Said(ServerSays),
    /// Nobody answered.
    Nobody,
}

impl Asks<'_> {
    /// What the person sees on the server's page, as their word; unless the server's log tells meanwhile.
    pub(super) async fn what_the_page_shows(&self, talk: &mut Talk) -> Result<Word, Interrupt> {
        if !talk.answers {
            talk.say(
                "The server's audit log does not tell, and nobody can be asked here what its page shows.",
            );
            return Ok(Word::Nobody);
        }
        talk.say(&words::what_the_page_shows(self.addresses));
        let until = Instant::now() + self.patience;
        for _ in 0..MOST_ASKED {
            let log = log_tells(self.session, self.before, until);
            let answer = match talk.ask_unless("Which one? [1/2] ", log).await? {
                Heard::Answer(Some(answer)) => answer,
                Heard::Meanwhile(true) => return Ok(Word::Logged),
                Heard::Answer(None) | Heard::Meanwhile(false) => break,
            };
            let by = self.person.to_owned();
            return Ok(Word::Said(match answer.as_str() {
                "1" => ServerSays::Word { by },
                "2" => ServerSays::NotConnected(format!(
                    "its page does not show the connection, by the word of {by}"
                )),
                _ => {
                    talk.say("Please type 1 or 2, whichever line above is what the page shows.");
                    continue;
                }
            }));
        }
        talk.say("\nNobody answered.");
        Ok(Word::Nobody)
    }
}

/// Whether the server's log tells of the connection before the time is over.
async fn log_tells(session: &Session, before: &Before, until: Instant) -> bool {
    loop {
        sleep(ASK_EVERY).await;
        if Sides::ask(session).await.connected_at(before).is_some() {
            return true;
        }
        if Instant::now() > until {
            return false;
        }
    }
}

/// GitHub answers so many questions an hour and no more.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// A server that logs the connection does so at once.
const LOG_PATIENCE: Duration = Duration::from_secs(10);
const MOST_ASKED: usize = 5;
