//! What a run is doing, on stderr: a live line for a person, a few plain lines for a log, nothing for a script.

use std::time::Duration;

use gh_connect_engine::{Event, State};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use crate::{
    report::{Detail, Look},
    sink,
};

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// One line that keeps changing, and is gone in the end.
    Live,
    /// A line per check that ends badly, and now and then one that says what is waited for; none at all for a quick run.
    Lines,
    /// Nothing.
    Silent,
}

impl Style {
    /// What suits whoever reads stderr. `lines`: a line that keeps changing is not for them, even on a terminal.
    pub(crate) fn choose(terminal: bool, lines: bool, detail: Detail) -> Self {
        match (detail, terminal && !lines) {
            (Detail::Quiet, _) => Self::Silent,
            (_, true) => Self::Live,
            (_, false) => Self::Lines,
        }
    }
}

/// Shows what happens until nobody sends any more. The live line is gone by then: reports may be written.
pub(crate) async fn show(events: UnboundedReceiver<Event>, look: Look, style: Style) {
    match style {
        Style::Silent => {}
        Style::Lines => lines(events, |line| sink::stderr(&format!("gh-connect: {line}\n"))).await,
        Style::Live => live(events, look).await,
    }
}

/// What is under way, and what went badly.
#[derive(Debug, Default)]
struct Progress {
    all: usize,
    pending: Vec<&'static str>,
    bad: Vec<(&'static str, State)>,
}

impl Progress {
    fn take(&mut self, event: &Event) {
        match event {
            Event::Started { checks } => {
                self.all = checks.len();
                self.pending.clone_from(checks);
            }
            // Its check may find more, and the report tells all of it in a moment.
            Event::Found(_) => {}
            Event::Ended { check, state } => {
                self.pending.retain(|pending| pending != check);
                if matches!(state, State::Failed | State::Unknown) {
                    self.bad.push((*check, *state));
                }
            }
        }
    }

    /// `3 of 7 checks done, waiting for tls, origin`
    fn line(&self) -> String {
        let done = self.all - self.pending.len().min(self.all);
        format!("{done} of {} checks done, waiting for {}", self.all, self.pending.join(", "))
    }
}

async fn lines(mut events: UnboundedReceiver<Event>, mut tell: impl FnMut(String)) {
    let mut progress = Progress::default();
    let mut next = Instant::now() + QUICK;
    let mut quick = true;
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => progress.take(&event),
                None => return,
            },
            () = sleep_until(next) => {
                if !progress.pending.is_empty() {
                    tell(format!("still waiting for: {}", progress.pending.join(", ")));
                }
                (quick, next) = (false, next + PATIENCE);
            }
        }
        if !quick {
            for (check, state) in progress.bad.drain(..) {
                tell(format!("{check} {}", state.id()));
            }
        }
    }
}

async fn live(mut events: UnboundedReceiver<Event>, look: Look) {
    let mut progress = Progress::default();
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    let signs = if look.unicode { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " } else { "|/-\\ " };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        bar.set_style(style.tick_chars(signs));
    }
    let appears = Instant::now() + BLINK;
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => progress.take(&event),
                None => break,
            },
            _ = ticks.tick() => {
                if Instant::now() >= appears && bar.is_hidden() {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                }
                bar.set_message(progress.line());
                bar.tick();
            }
        }
    }
    bar.finish_and_clear();
}

/// A run that is done by then needs no progress in a log.
const QUICK: Duration = Duration::from_secs(2);
/// The time between two lines that say what is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// A run that is done by then shows no live line: it would only flicker.
const BLINK: Duration = Duration::from_millis(200);
const TICK: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::{sync::mpsc, time::advance};

    use super::*;

    fn ended(check: &'static str, state: State) -> Event {
        Event::Ended { check, state }
    }

    /// What `lines` tells of events that come at these seconds.
    async fn told(script: Vec<(u64, Event)>, end: u64) -> Vec<String> {
        let (sender, events) = mpsc::unbounded_channel();
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let shown = tokio::spawn(lines(events, move |line| heard.lock().expect("whole").push(line)));
        let mut script = script.into_iter().peekable();
        for second in 0..=end {
            while let Some((_, event)) = script.next_if(|(at, _)| *at == second) {
                sender.send(event).expect("somebody listens");
            }
            advance(Duration::from_millis(500)).await;
            tokio::task::yield_now().await;
            advance(Duration::from_millis(500)).await;
            tokio::task::yield_now().await;
        }
        drop(sender);
        shown.await.expect("no panic");
        told.lock().expect("whole").clone()
    }

    fn started() -> Event {
        Event::Started { checks: vec!["dns", "connect", "tls"] }
    }

    #[tokio::test(start_paused = true)]
    async fn a_quick_run_leaves_no_line_in_a_log() {
        let script = vec![
            (0, started()),
            (0, ended("dns", State::Failed)),
            (0, ended("connect", State::Blocked)),
            (1, ended("tls", State::Unknown)),
        ];
        assert_eq!(told(script, 0).await, Vec::<String>::new());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_run_says_what_it_waits_for_and_what_went_badly() {
        let script = vec![
            (0, started()),
            (1, ended("dns", State::Failed)),
            (3, ended("connect", State::Passed)),
            (13, ended("tls", State::Unknown)),
        ];
        let expected = [
            "still waiting for: connect, tls",
            "dns failed",
            "still waiting for: tls",
            "still waiting for: tls",
            "tls unknown",
        ];
        assert_eq!(told(script, 14).await, expected);
    }

    #[test]
    fn the_live_line_counts_down() {
        let mut progress = Progress::default();
        for event in [started(), ended("connect", State::Passed)] {
            progress.take(&event);
        }
        assert_eq!(progress.line(), "1 of 3 checks done, waiting for dns, tls");
    }

    #[test]
    fn the_style_suits_the_reader() {
        for (terminal, lines, detail, style) in [
            (true, false, Detail::Normal, Style::Live),
            (true, true, Detail::Normal, Style::Lines),
            (false, false, Detail::Verbose, Style::Lines),
            (true, false, Detail::Quiet, Style::Silent),
            (false, true, Detail::Quiet, Style::Silent),
        ] {
            assert_eq!(Style::choose(terminal, lines, detail), style);
        }
    }
}
