//! What was done, on disk: one file for each target, a line of JSON for each step, written through before the next step begins.
//! It holds no secret. After a crash it says what may have been pressed, so that nothing is pressed twice.

use std::{
    fs::{File, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
};

use gh_connect_engine::{ConnectTarget, shown};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{flow::Pressed, verify::Before};

/// A journal that this process has for itself.
#[derive(Debug)]
pub struct Journal {
    file: File,
    entries: Vec<Entry>,
    /// Whether a line cannot be read since the last flow that ended: something may have been done of which nothing is known.
    has_gap: bool,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// The run of the check that it rests on.
    pub run: String,
    /// What.
    pub step: Step,
    /// A few words on it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Who agreed, where the person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What both sides had before, where the person agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
    /// GitHub's own name for the record of the connection, where it was verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
}

/// The steps, in the order of a flow without trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The person agreed to the terms.
    Consented,
    /// The addresses were shown or opened, and the person presses the buttons themselves.
    HandedOver,
    /// **Enable GitHub Connect** is about to be pressed.
    PressingEnable,
    /// It was pressed.
    PressedEnable,
    /// What was about to be pressed was not: the browser was not asked to click.
    NotPressed,
    /// **Connect** is about to be pressed.
    PressingConnect,
    /// It was pressed.
    PressedConnect,
    /// The cloud lists the server as connected.
    SeenOnCloud,
    /// The server shows the connection.
    SeenOnServer,
    /// Both sides prove it.
    Verified,
    /// It was done, and is not proven.
    Unverified,
    /// The flow ended without a connection.
    Stopped,
}

/// Why there is no journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process has it.
    #[error("another gh-connect enables the same connection at this moment")]
    InUse,
    /// It is longer than any that this program writes.
    #[error("the journal is longer than {MOST_READ} bytes: look at it, and move it away")]
    TooLong,
    /// It cannot be read or written.
    #[error("the journal cannot be used: {0}")]
    Io(#[from] io::Error),
}

impl Journal {
    /// The name of a target's file: safe in any file system, and different for each target.
    pub fn file_name(target: &ConnectTarget) -> String {
        let safe = |text: &str| -> String {
            text.chars()
                .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' })
                .collect()
        };
        format!("{}+{}+{}.jsonl", safe(&target.server), safe(&target.enterprise), safe(&target.cloud))
    }

    /// Takes the journal in `file`, which is open for reading and appending, for this process alone.
    pub fn take(mut file: File) -> Result<Self, JournalError> {
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        file.seek(SeekFrom::Start(0))?;
        let mut text = Vec::new();
        (&mut file).take(MOST_READ + 1).read_to_end(&mut text)?;
        if text.len() as u64 > MOST_READ {
            return Err(JournalError::TooLong);
        }
        let text = String::from_utf8_lossy(&text);
        let (mut entries, mut has_gap) = (Vec::new(), false);
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match serde_json::from_str::<Entry>(line) {
                Ok(entry) => {
                    has_gap &= !entry.ends();
                    entries.push(entry);
                }
                Err(_) => has_gap = true,
            }
        }
        if !text.is_empty() && !text.ends_with('\n') {
            // The last line was cut by a crash: the next one begins on a line of its own.
            file.write_all(b"\n")?;
        }
        Ok(Self { file, entries, has_gap })
    }

    /// Notes a step. When this returns the step is on the disk.
    pub fn note(&mut self, at: Timestamp, run: &str, step: Step, note: &str) -> io::Result<()> {
        let note = shown(note, MOST_NOTE);
        self.add(Entry { at, run: run.to_owned(), step, note, by: None, before: None, record: None })
    }

    /// Notes that a person agreed, and what both sides had before: a later run holds it against what they have then.
    pub fn begin(
        &mut self,
        at: Timestamp,
        run: &str,
        how: &str,
        by: &str,
        before: &Before,
    ) -> io::Result<()> {
        let (note, by) = (shown(how, MOST_NOTE), Some(shown(by, MOST_NOTE)));
        let before = Some(before.clone());
        self.add(Entry { at, run: run.to_owned(), step: Step::Consented, note, by, before, record: None })
    }

    /// Notes that a connection is verified: whose it is, and which record GitHub has of it.
    pub fn verified(
        &mut self,
        at: Timestamp,
        run: &str,
        note: &str,
        by: &str,
        record: Option<&str>,
    ) -> io::Result<()> {
        let (note, by) = (shown(note, MOST_NOTE), Some(shown(by, MOST_NOTE)));
        let record = record.map(|record| shown(record, MOST_NOTE));
        self.add(Entry { at, run: run.to_owned(), step: Step::Verified, note, by, before: None, record })
    }

    fn add(&mut self, entry: Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_data()?;
        self.has_gap &= !entry.ends();
        self.entries.push(entry);
        Ok(())
    }

    /// All that was done.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What was left unfinished: the steps since the last flow that ended, where one was begun.
    pub fn unfinished(&self) -> &[Entry] {
        let from = self.entries.iter().rposition(Entry::ends).map_or(0, |at| at + 1);
        &self.entries[from..]
    }

    /// When the last press of an unfinished flow is so long ago that its server does not take the rest of the setup any more. Not known
    /// where a line cannot be read.
    pub fn over_at(&self) -> Option<Timestamp> {
        let presses = |entry: &&Entry| {
            use Step::{HandedOver, PressedConnect, PressedEnable, PressingConnect, PressingEnable};
            matches!(
                entry.step,
                HandedOver | PressedConnect | PressedEnable | PressingConnect | PressingEnable
            )
        };
        let last = self.done().into_iter().rfind(presses).filter(|_| !self.has_gap)?;
        last.at.checked_add(MOST_SETUP).ok()
    }

    /// Whether that time is over. A clock that was set back says no.
    pub fn is_past_its_time(&self, now: Timestamp) -> bool {
        self.over_at().is_some_and(|over| now > over)
    }

    /// Whether a setup that may still be pending on the server is one of this program's, also where its run was stopped.
    pub fn has_begun(&self, now: Timestamp) -> bool {
        let from = self.entries.iter().rposition(|entry| entry.step == Step::Verified);
        let last = self.entries[from.map_or(0, |at| at + 1)..]
            .iter()
            .rfind(|entry| entry.step == Step::PressedEnable);
        last.is_some_and(|entry| now.duration_since(entry.at) <= MOST_SETUP)
    }

    /// Whether an unfinished flow was left to the person, who may have pressed anything.
    pub fn is_handed_over(&self) -> bool {
        self.done().iter().any(|entry| entry.step == Step::HandedOver)
    }

    /// What an unfinished flow may have pressed. A line that cannot be read may have been any step, and a person to whom the flow
    /// was handed over may have pressed anything.
    pub fn pressed(&self) -> Pressed {
        let done = self.done();
        let any = |steps: &[Step]| done.iter().any(|entry| steps.contains(&entry.step));
        let unknown = self.has_gap || any(&[Step::HandedOver, Step::SeenOnCloud, Step::SeenOnServer]);
        Pressed {
            enable: unknown || any(&[Step::PressingEnable, Step::PressedEnable]),
            connect: unknown || any(&[Step::PressingConnect, Step::PressedConnect]),
        }
    }

    /// The consent on which the first button of an unfinished flow was pressed; `None` where it cannot be read.
    pub fn consent(&self) -> Option<&Entry> {
        let done = self.done();
        let pressed = done.iter().position(|entry| entry.step != Step::Consented).unwrap_or(done.len());
        done[..pressed].iter().rev().copied().find(|entry| entry.before.is_some() && !self.has_gap)
    }

    /// The connection with which the last flow ended, where nothing was begun after it: what was agreed to, and what was verified.
    /// `None` where a line in between cannot be read.
    pub fn connection(&self) -> Option<(&Entry, &Entry)> {
        let verified = self.entries.last().filter(|last| last.step == Step::Verified && !self.has_gap)?;
        let consent = self.entries.iter().rfind(|entry| entry.before.is_some())?;
        Some((consent, verified))
    }

    /// The runs on which each press of an unfinished flow rests, or the hand-over to the person; each once.
    pub fn rested_on(&self) -> Vec<String> {
        let mut runs: Vec<String> = Vec::new();
        for entry in self.done() {
            let rests = matches!(entry.step, Step::PressingEnable | Step::PressingConnect | Step::HandedOver);
            if rests && !runs.contains(&entry.run) {
                runs.push(entry.run.clone());
            }
        }
        runs
    }

    /// When the first button of an unfinished flow may have been pressed.
    pub fn first_press(&self) -> Option<Timestamp> {
        self.done().into_iter().find(|entry| entry.step != Step::Consented).map(|entry| entry.at)
    }

    /// The unfinished steps that may have changed something: without a press that was begun and then was none.
    fn done(&self) -> Vec<&Entry> {
        let mut done = Vec::new();
        for entry in self.unfinished() {
            match entry.step {
                Step::NotPressed => {
                    let begun =
                        |entry: &&Entry| matches!(entry.step, Step::PressingEnable | Step::PressingConnect);
                    _ = done.pop_if(|last| begun(last));
                }
                _ => done.push(entry),
            }
        }
        done
    }
}

impl Entry {
    /// Whether a flow ended with this step.
    fn ends(&self) -> bool {
        matches!(self.step, Step::Verified | Step::Stopped)
    }
}

/// The five minutes, and some for clocks that differ.
const MOST_SETUP: SignedDuration = SignedDuration::from_mins(10);
const MOST_READ: u64 = 4 << 20;
const MOST_NOTE: usize = 300;

#[cfg(test)]
mod tests {
    use std::{fs::OpenOptions, path::Path};

    use proptest::prelude::*;

    use super::*;

    fn open(path: &Path) -> File {
        OpenOptions::new().read(true).append(true).create(true).open(path).expect("a file")
    }

    const STEPS: [Step; 12] = [
        Step::Consented,
        Step::HandedOver,
        Step::PressingEnable,
        Step::PressedEnable,
        Step::NotPressed,
        Step::PressingConnect,
        Step::PressedConnect,
        Step::SeenOnCloud,
        Step::SeenOnServer,
        Step::Verified,
        Step::Unverified,
        Step::Stopped,
    ];

    fn journal_of(path: &Path, steps: &[Step]) -> Journal {
        let mut journal = Journal::take(open(path)).expect("a journal");
        for step in steps {
            journal.note(Timestamp::UNIX_EPOCH, "run-1", *step, "a\nnote").expect("written");
        }
        journal
    }

    #[test]
    fn a_second_process_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("j.jsonl");
        let first = journal_of(&path, &[Step::Consented]);
        assert!(matches!(Journal::take(open(&path)), Err(JournalError::InUse)));
        drop(first);
        assert_eq!(Journal::take(open(&path)).expect("free").entries().len(), 1);
    }

    #[test]
    fn what_may_have_been_pressed_is_never_pressed_again() {
        for (steps, enable, connect) in [
            (&[][..], false, false),
            (&[Step::Consented], false, false),
            (&[Step::Consented, Step::PressingEnable], true, false),
            (&[Step::PressingEnable, Step::PressedEnable, Step::PressingConnect], true, true),
            // A press that was none does not count, and takes back no other.
            (&[Step::Consented, Step::PressingEnable, Step::NotPressed], false, false),
            (&[Step::PressingEnable, Step::NotPressed, Step::PressingEnable], true, false),
            (&[Step::PressingEnable, Step::PressedEnable, Step::NotPressed], true, false),
            (
                &[Step::PressingEnable, Step::PressedEnable, Step::PressingConnect, Step::NotPressed],
                true,
                false,
            ),
            (&[Step::PressingConnect, Step::HandedOver, Step::NotPressed], true, true),
            (&[Step::PressingEnable, Step::Stopped, Step::Consented], false, false),
            (&[Step::PressingConnect, Step::Unverified], false, true),
            (&[Step::Consented, Step::HandedOver], true, true),
            (&[Step::HandedOver, Step::SeenOnCloud], true, true),
            (&[Step::HandedOver, Step::Stopped], false, false),
            (&[Step::PressingConnect, Step::Verified], false, false),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("j.jsonl");
            drop(journal_of(&path, steps));
            let pressed = Journal::take(open(&path)).expect("a journal").pressed();
            assert_eq!((pressed.enable, pressed.connect), (enable, connect), "{steps:?}");
        }
    }

    #[test]
    fn what_was_there_before_the_first_press_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("j.jsonl");
        let before = |name: &str| Before { records: Some(vec![name.to_owned()]), events: None };
        let mut journal = journal_of(&path, &[Step::Stopped]);
        assert_eq!(journal.consent(), None);
        for name in ["a", "b", "c"] {
            journal
                .begin(Timestamp::UNIX_EPOCH, "run-1", "typed acme", "ana", &before(name))
                .expect("written");
            if name == "b" {
                journal.note(Timestamp::UNIX_EPOCH, "run-1", Step::PressingEnable, "").expect("written");
            }
        }
        drop(journal);
        let mut journal = Journal::take(open(&path)).expect("a journal");
        let consent = journal.consent().expect("one");
        assert_eq!((consent.by.as_deref(), consent.before.clone()), (Some("ana"), Some(before("b"))));
        journal.note(Timestamp::UNIX_EPOCH, "run-1", Step::Verified, "").expect("written");
        assert_eq!(journal.consent(), None);
    }

    #[test]
    fn each_press_names_the_run_on_which_it_rests() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut journal = Journal::take(open(&folder.path().join("j.jsonl"))).expect("a journal");
        for (run, step) in [
            ("old", Step::PressingEnable),
            ("old", Step::Stopped),
            ("1", Step::Consented),
            ("2", Step::PressingEnable),
            ("2", Step::NotPressed),
            ("3", Step::PressingEnable),
            ("3", Step::PressedEnable),
            ("4", Step::PressingConnect),
            ("4", Step::HandedOver),
        ] {
            journal.note(Timestamp::UNIX_EPOCH, run, step, "").expect("written");
        }
        assert_eq!(journal.rested_on(), ["3", "4"]);
    }

    #[test]
    fn the_connection_is_the_last_thing_that_was_done() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("j.jsonl");
        let mut journal = Journal::take(open(&path)).expect("a journal");
        let now = Timestamp::UNIX_EPOCH;
        journal.begin(now, "1", "typed acme", "ana", &Before::default()).expect("written");
        assert_eq!(journal.connection(), None);
        journal.verified(now, "1", "chromium", "ana", Some("R_1")).expect("written");
        drop(journal);
        let mut journal = Journal::take(open(&path)).expect("a journal");
        let (consent, verified) = journal.connection().expect("one");
        assert_eq!((consent.note.as_str(), verified.record.as_deref()), ("typed acme", Some("R_1")));
        journal.begin(now, "2", "typed acme", "ana", &Before::default()).expect("written");
        assert_eq!(journal.connection(), None);
        drop(journal);
        let mut whole = String::new();
        open(&path).read_to_string(&mut whole).expect("text");
        let lines: Vec<&str> = whole.lines().take(2).collect();
        std::fs::write(&path, format!("{}\ngarbage\n", lines.join("\n"))).expect("written");
        assert_eq!(Journal::take(open(&path)).expect("a journal").connection(), None);
    }

    #[test]
    fn a_setup_is_past_its_time_some_minutes_after_the_last_press() {
        let at = |minutes: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        for (steps, past) in [
            (&[][..], false),
            (&[Step::Consented], false),
            (&[Step::PressingEnable, Step::PressedEnable], true),
            (&[Step::PressingConnect, Step::Unverified], true),
            (&[Step::PressingConnect, Step::Stopped], false),
            (&[Step::Consented, Step::HandedOver], true),
            (&[Step::PressedEnable, Step::Stopped, Step::Consented], false),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            let journal = journal_of(&folder.path().join("j.jsonl"), steps);
            assert_eq!(journal.over_at(), past.then(|| at(10)), "{steps:?}");
            assert_eq!(journal.has_begun(at(4)), steps.contains(&Step::PressedEnable), "{steps:?}");
            assert!(!journal.has_begun(at(11)), "{steps:?}");
            assert_eq!(journal.is_handed_over(), steps.contains(&Step::HandedOver), "{steps:?}");
            assert_eq!(journal.is_past_its_time(at(11)), past, "{steps:?}");
            assert!(!journal.is_past_its_time(at(4)) && !journal.is_past_its_time(at(-60)), "{steps:?}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_counts_until_its_flow_has_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("j.jsonl");
        std::fs::write(&path, "garbage\n").expect("written");
        let mut journal = Journal::take(open(&path)).expect("a journal");
        let both = Pressed { enable: true, connect: true };
        assert_eq!(journal.pressed(), both);
        assert!(!journal.is_past_its_time(Timestamp::MAX));
        journal.note(Timestamp::UNIX_EPOCH, "run-1", Step::Stopped, "").expect("written");
        assert_eq!(journal.pressed(), Pressed::default());
        drop(journal);
        assert_eq!(Journal::take(open(&path)).expect("a journal").pressed(), Pressed::default());
    }

    #[test]
    fn a_journal_that_nobody_wrote_is_not_read_in_part() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("j.jsonl");
        std::fs::write(&path, vec![b'\n'; (MOST_READ + 1) as usize]).expect("written");
        assert!(matches!(Journal::take(open(&path)), Err(JournalError::TooLong)));
    }

    #[test]
    fn every_target_has_a_file_of_its_own() {
        let target = |server: &str, enterprise: &str, cloud: &str| {
            let [server, enterprise, cloud] = [server, enterprise, cloud].map(str::to_owned);
            Journal::file_name(&ConnectTarget { server, enterprise, cloud, vantage: String::new() })
        };
        assert_eq!(
            target("ghes.corp.example:443", "acme", "github.com"),
            "ghes.corp.example_443+acme+github.com.jsonl"
        );
        assert_eq!(target("[2001:db8::9]:443", "a/b", "x.ghe.com"), "_2001_db8__9__443+a_b+x.ghe.com.jsonl");
    }

    proptest! {
        /// A process that is killed at any byte leaves a journal in which every step that was noted in full is there.
        #[test]
        fn a_torn_line_loses_nothing_before_it(steps in proptest::collection::vec(proptest::sample::select(&STEPS[..]), 1..6), cut in 1_usize..60) {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("j.jsonl");
            drop(journal_of(&path, &steps));
            let mut whole = Vec::new();
            open(&path).read_to_end(&mut whole).expect("bytes");
            let cut = whole.len() - cut.min(whole.len());
            std::fs::write(&path, &whole[..cut]).expect("written");
            let kept = whole[..cut].iter().filter(|byte| **byte == b'\n').count();
            let mut journal = Journal::take(open(&path)).expect("a journal");
            prop_assert!(journal.entries().len() >= kept);
            prop_assert_eq!(&journal.entries()[..kept].iter().map(|entry| entry.step).collect::<Vec<_>>(), &steps[..kept]);
            journal.note(Timestamp::UNIX_EPOCH, "run-2", Step::Stopped, "").expect("written");
            drop(journal);
            let again = Journal::take(open(&path)).expect("a journal");
            prop_assert_eq!(again.entries().last().map(|entry| entry.step), Some(Step::Stopped));
        }
    }
}
