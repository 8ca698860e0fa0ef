//! The conversation with the person: lines on stderr, answers from the terminal. Flat lines, a thought each, so that a screen
//! reader and a log read the same.

use std::{convert::Infallible, io::BufRead as _};

use gh_connect_engine::{Interrupt, shown};

use crate::{platform::Signals, sink};

/// Who is spoken to.
pub(super) struct Talk {
    /// Whether a person can answer.
    pub(super) answers: bool,
    signals: Signals,
    last: String,
}

/// What came of a question.
pub(super) enum Heard<T> {
    /// A line; `None` where nobody can answer.
    Answer(Option<String>),
    /// Something else happened before the person answered.
    Meanwhile(T),
}

impl Talk {
    pub(super) fn new(answers: bool, signals: Signals) -> Self {
        Self { answers, signals, last: String::new() }
    }

    /// Says a paragraph.
    pub(super) fn say(&mut self, text: &str) {
        sink::stderr(&format!("{text}\n"));
        self.last.clear();
    }

    /// Says a line unless it was the last one said.
    pub(super) fn say_once(&mut self, text: &str) {
        if self.last != text {
            self.say(text);
            text.clone_into(&mut self.last);
        }
    }

    /// Asks, and waits for a line. `None` where nobody can answer, or the answers have ended.
    pub(super) async fn ask(&mut self, question: &str) -> Result<Option<String>, Interrupt> {
        Ok(match self.ask_unless(question, std::future::pending::<Infallible>()).await? {
            Heard::Answer(answer) => answer,
            Heard::Meanwhile(never) => match never {},
        })
    }

    /// Asks until the answer is yes or no. `None` where nobody answers so.
    pub(super) async fn yes_or_no(&mut self, question: &str) -> Result<Option<bool>, Interrupt> {
        for _ in 0..MOST_ASKED {
            let Some(answer) = self.ask(question).await? else { return Ok(None) };
            match said_yes(&answer) {
                Some(yes) => return Ok(Some(yes)),
                None => self.say("Please type yes or no."),
            }
        }
        Ok(None)
    }

    /// Asks, and waits for a line as long as nothing else happens.
    pub(super) async fn ask_unless<T>(
        &mut self,
        question: &str,
        meanwhile: impl Future<Output = T>,
    ) -> Result<Heard<T>, Interrupt> {
        if !self.answers {
            return Ok(Heard::Answer(None));
        }
        sink::stderr(question);
        self.last.clear();
        let (tell, told) = tokio::sync::oneshot::channel();
        // A thread of its own: a person may never answer, and Ctrl-C must be heard meanwhile.
        let spawned = std::thread::Builder::new().name("answer".to_owned()).spawn(move || {
            let mut line = String::new();
            let read = std::io::stdin().lock().read_line(&mut line);
            let _ = tell.send(read.is_ok_and(|bytes| bytes > 0).then_some(line));
        });
        if spawned.is_err() {
            return Ok(Heard::Answer(None));
        }
        tokio::select! {
            answer = told => Ok(Heard::Answer(answer.ok().flatten().map(|line| shown(line.trim(), MOST_ANSWER)))),
            happened = meanwhile => Ok(Heard::Meanwhile(happened)),
            signal = self.signals.next() => Err(signal),
        }
    }

    /// Waits for work, or for the signal that ends it.
    pub(super) async fn unless_interrupted<T>(
        &mut self,
        work: impl Future<Output = T>,
    ) -> Result<T, Interrupt> {
        tokio::select! {
            biased;
            signal = self.signals.next() => Err(signal),
            done = work => Ok(done),
        }
    }
}

/// What is more than one word may mean anything.
fn said_yes(answer: &str) -> Option<bool> {
    match answer.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().as_str() {
        "yes" | "y" => Some(true),
        "no" | "n" => Some(false),
        _ => None,
    }
}

const MOST_ANSWER: usize = 200;
const MOST_ASKED: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_and_no_are_words() {
        for (answer, said) in [
            ("yes", Some(true)),
            ("Y", Some(true)),
            ("YES!", Some(true)),
            ("no.", Some(false)),
            ("N", Some(false)),
            ("", None),
            ("Yes, it does", None),
            ("yes and no", None),
            ("1", None),
        ] {
            assert_eq!(said_yes(answer), said, "{answer:?}");
        }
    }
}
