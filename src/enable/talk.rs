//! The conversation with the person: lines on stderr, answers from the terminal. Flat lines, a thought each, so that a screen
//! reader and a log read the same.

use std::io::BufRead as _;

use gh_connect_engine::{Interrupt, shown};

use crate::{platform::Signals, sink};

/// Who is spoken to.
pub(super) struct Talk {
    /// Whether a person can answer.
    pub(super) answers: bool,
    signals: Signals,
    last: String,
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
        if !self.answers {
            return Ok(None);
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
            return Ok(None);
        }
        tokio::select! {
            answer = told => Ok(answer.ok().flatten().map(|line| shown(line.trim(), MOST_ANSWER))),
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

const MOST_ANSWER: usize = 200;
