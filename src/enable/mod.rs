//! `gh-connect enable`: check, and only when the gate opens, enable GitHub Connect and verify it.

mod certificate;
mod sides;
mod status;
mod steps;
mod talk;
mod walk;
mod words;

use std::path::{Path, PathBuf};

use gh_connect_checks::ALL;
use gh_connect_enable::{
    browser::{self, Browser, InLab, Kind, Looked, Profile, Start},
    flow::{Flow, Pressed, Trap},
    journal::{Journal, JournalError, Step},
    verify::{self, CloudSays, Proof, ServerSays},
};
use gh_connect_engine::{ConnectTarget, Effects as _, Machine, Measured, Reason, Record, gate};
use jiff::Timestamp;

use self::{
    certificate::{Certificate, Consent},
    sides::Sides,
    steps::Steps,
    talk::Talk,
    walk::{Broken, Ended, Walk},
    words::Addresses,
};
use crate::{
    Ending,
    check::{self, Prepared},
    cli::{Appearance, EnableFlags},
    environment::Environment,
    exit::Exit,
    lab_log,
    plan::{Place, Said, UsageError},
    platform::{self, Signals, Terminals},
    session::{self, Session},
    sink,
};

pub(crate) use status::{schema, status};

/// Checks, and enables when everything passes.
pub(crate) fn enable(
    flags: &EnableFlags,
    appearance: &Appearance,
    environment: &Environment,
    terminals: &Terminals,
) -> Result<Exit, Ending> {
    let choice = Choice::parse(&flags.browser)?;
    if flags.headless && flags.check.lab.is_none() {
        let said = Said { text: "--headless".to_owned(), place: Place::Flag("--headless") };
        return Err(UsageError::at(
            &said,
            "a browser without a window is for the lab only: nobody could sign in in it",
        )
        .into());
    }
    let prepared = check::prepare(&flags.check, appearance, environment)?;
    check::learn_and_test(&prepared)?;
    let Prepared { settings, environment: seen, lab } = prepared;
    platform::room_to_begin()?;
    let runtime = session::runtime()?;
    // What the check itself asks for is no visit of a browser.
    let mut checked = 0;
    let ended = runtime.block_on(async {
        let plan = settings.plan.clone();
        let session = Session::open(plan, settings.policy, settings.adopts.clone(), &seen, environment).await;
        let mut signals = Signals::listen()?;
        let measured = session.run(signals.next(), None).await;
        checked = lab.as_ref().map_or(0, |lab| lab.log().len());
        let record = sink::clean_record(measured.record().clone());
        check::write_reports(settings.outputs, &record, appearance, settings.color, environment, terminals)
            .await?;
        let exit = check::conclude(&session.plan().waivers, &record);
        if [Exit::USAGE, Exit::INTERRUPTED, Exit::TERMINATED, Exit::HUNG_UP].contains(&exit) {
            return Ok(exit);
        }
        let folder = match &lab {
            Some(lab) => environment
                .text("XDG_STATE_HOME")
                .map_or_else(|| lab.directory().to_owned(), |home| Path::new(home).join("gh-connect/lab")),
            None => platform::state_folder(environment).ok_or_else(|| {
                Ending::Internal("there is no folder for the journal: HOME is not set".to_owned())
            })?,
        };
        let person =
            environment.text("USER").or(environment.text("USERNAME")).unwrap_or("the user of this machine");
        let person = gh_connect_engine::shown(person, 100);
        let enabling = Enabling {
            flags,
            choice,
            session: &session,
            in_lab: lab.as_ref().map(|lab| InLab { proxy: lab.browser_proxy(), headless: flags.headless }),
            folder_is_labs: lab.as_ref().is_some_and(|lab| lab.directory() == folder),
            folder,
            person,
            path: environment.text("PATH").unwrap_or_default().to_owned(),
            display: platform::has_display(environment),
        };
        if let (Some(lab), true) = (&lab, choice == Choice::Accompany && !flags.plan) {
            sink::stderr(&words::way_into_lab(lab));
        }
        enabling.go(&measured, &record, Talk::new(terminals.stdin && terminals.stderr, signals)).await
    });
    runtime.shutdown_background();
    if let Some(lab) = &lab {
        sink::stderr(&lab_log::told(&lab.log(), checked));
    }
    drop(lab);
    ended
}

/// Which browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    Auto,
    Drive(Kind),
    Accompany,
}

impl Choice {
    fn parse(said: &str) -> Result<Self, UsageError> {
        match said {
            "auto" => return Ok(Self::Auto),
            "accompany" => return Ok(Self::Accompany),
            _ => {}
        }
        Kind::ALL.into_iter().find(|kind| kind.id() == said).map(Self::Drive).ok_or_else(|| {
            let given = Said { text: said.to_owned(), place: Place::Flag("--browser") };
            UsageError::at(&given, format!("`{said}` is not a browser that is known here"))
                .hint("allowed: auto, chromium, chrome, edge, firefox, accompany")
        })
    }
}

/// Everything that one attempt needs.
struct Enabling<'a> {
    flags: &'a EnableFlags,
    choice: Choice,
    session: &'a Session,
    in_lab: Option<InLab>,
    /// Where journals, certificates and profiles are.
    folder: PathBuf,
    /// Whether that folder is the lab's, which ends with it.
    folder_is_labs: bool,
    person: String,
    path: String,
    display: bool,
}

impl Enabling<'_> {
    async fn go(&self, measured: &Measured, record: &Record, mut talk: Talk) -> Result<Exit, Ending> {
        let Some(target) = ConnectTarget::of(self.session.plan(), self.session.vantage()) else {
            return Err(UsageError::new("enable needs both sides")
                .hint("say --server URL and --enterprise SLUG")
                .into());
        };
        let clear = gate(measured, ALL);
        let slug = sides::server_slug(self.session).await;
        if self.flags.plan {
            let addresses = Addresses::of(&target, slug.as_deref().unwrap_or("SERVER_SLUG"));
            sink::stdout(&self.plan_text(
                &target,
                &addresses,
                clear.as_ref().err().map_or(&[], Vec::as_slice),
            ))?;
            return Ok(if clear.is_ok() { Exit::SUCCESS } else { Exit::REFUSED });
        }
        platform::private_folder(&self.folder)?;
        browser::sweep(&self.folder);
        let file = platform::private_log(&self.folder.join(Journal::file_name(&target)))?;
        let mut journal = match Journal::take(file) {
            Ok(journal) => journal,
            Err(JournalError::InUse) => {
                talk.say(
                    "Another gh-connect enables the same connection at this moment. This one does nothing.",
                );
                return Ok(Exit::REFUSED);
            }
            Err(error) => return Err(Ending::Internal(error.to_string())),
        };
        let addresses = Addresses::of(&target, slug.as_deref().unwrap_or("SERVER_SLUG"));
        let began = self.began(&journal);
        if let Some(exit) =
            self.is_done_already(record, &mut journal, &mut talk, &addresses, &target, began).await?
        {
            return Ok(exit);
        }
        // A setup that is over is not the one that begins now.
        let began = self.began(&journal);
        let clear = match clear {
            Ok(clear) => clear,
            Err(reasons) => {
                talk.say(&refusal(&reasons));
                return Ok(Exit::REFUSED);
            }
        };
        let Some(slug) = slug else {
            talk.say("Refused: the server does not tell the slug of its own enterprise account, which is part of its settings page's address.");
            return Ok(Exit::REFUSED);
        };
        let consent = match self.consent(&mut talk, &target, &addresses).await {
            Ok(Some(consent)) => consent,
            Ok(None) => {
                talk.say("Nothing was pressed.");
                return Ok(Exit::REFUSED);
            }
            Err(signal) => return Ok(signal.into()),
        };
        // What was measured may not hold any more after the person has read all that: everything is measured once more.
        let again = match talk.unless_interrupted(self.session.run(std::future::pending(), None)).await {
            Ok(again) => again,
            Err(signal) => return Ok(signal.into()),
        };
        let permit = match clear.redeem(gate(&again, ALL), Machine.now()) {
            Ok((permit, _)) => permit,
            Err(stale) => {
                talk.say(&format!("Refused: {stale}. Nothing was pressed."));
                return Ok(Exit::REFUSED);
            }
        };
        journal.note(Machine.now(), permit.run(), Step::Consented, &consent.how)?;
        let (run, pressed) = (permit.run().to_owned(), journal.pressed());
        let mut steps = Steps::new();
        let (browser, way) = self.browser(&mut talk, pressed).await;
        let patience = match self.flags.headless {
            true => walk::PATIENCE_WITHOUT_WINDOW,
            false => walk::MOST_PATIENCE,
        };
        let mut walk = Walk {
            session: self.session,
            permit,
            addresses: &addresses,
            journal: &mut journal,
            talk: &mut talk,
            steps: &mut steps,
            began,
            person: &self.person,
            confirm_billing: self.flags.confirm_billing,
            patience,
        };
        let ended = match browser {
            Some(browser) => {
                let mut flow = Flow::new(target.clone(), &slug, pressed);
                let looked = Looked {
                    server: target
                        .server
                        .rsplit_once(':')
                        .map_or(target.server.as_str(), |(host, _)| host)
                        .to_owned(),
                    slug: target.enterprise.clone(),
                    name: sides::account_name(self.session).await,
                };
                walk.drive(browser, &mut flow, &looked).await
            }
            None => {
                let opened =
                    self.in_lab.is_none() && self.display && platform::open_in_browser(&addresses.settings);
                walk.accompany(opened).await
            }
        };
        self.save(&steps)?;
        let ended = match ended {
            Ok(ended) => ended,
            Err(Broken::Interrupted(signal)) => {
                talk.say("Interrupted. The next gh-connect enable asks both sides first, and presses nothing twice.");
                return Ok(signal.into());
            }
            Err(Broken::Failed(ending)) => return Err(ending),
        };
        let page = match ended {
            Ended::Done(page) => page,
            Ended::Trapped(trap) => {
                let pressed = journal.pressed();
                let words = words::trap(trap, &target, &addresses, pressed);
                // A connection that exists already is none that was made now.
                let may_be_connected = pressed.connect && trap != Trap::AlreadyExists;
                return self.stopped(words, may_be_connected, &mut journal, &mut talk, &run, began).await;
            }
            Ended::Declined(why) => {
                talk.say(&format!("Stopped: {why}. \"Connect\" was not pressed."));
                journal.note(Machine.now(), &run, Step::Stopped, &why)?;
                return Ok(Exit::ATTEMPTED);
            }
            // What the person did meanwhile is not known.
            Ended::GaveUp => {
                let words = words::gave_up(patience, &addresses);
                return self.stopped(words, true, &mut journal, &mut talk, &run, began).await;
            }
        };
        let made = Made { target: &target, addresses: &addresses, consent, run, way, began };
        self.conclude(made, page, &mut journal, &mut talk).await
    }

    /// When the flow began that is being finished, or begins now.
    fn began(&self, journal: &Journal) -> Timestamp {
        let pressed = journal.pressed();
        let first = journal.unfinished().first().filter(|_| pressed.enable || pressed.connect);
        first.map_or_else(|| Machine.now(), |entry| entry.at)
    }

    /// A connection that is there already, or that an earlier run left to be verified.
    async fn is_done_already(
        &self,
        record: &Record,
        journal: &mut Journal,
        talk: &mut Talk,
        addresses: &Addresses,
        target: &ConnectTarget,
        began: Timestamp,
    ) -> Result<Option<Exit>, Ending> {
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
        let unfinished = journal.pressed() != Pressed::default();
        if unfinished {
            let was_seen = journal.unfinished().iter().any(|entry| entry.step == Step::SeenOnServer);
            let page = was_seen.then_some(ServerSays::Page);
            let evidence = Sides::ask(self.session).await.evidence(began, page);
            if verify::prove(&evidence) == Proof::Verified {
                journal.note(Machine.now(), &record.run.id, Step::Verified, "found by a later run")?;
                talk.say("Both sides say that they are connected. Verified.");
                talk.say(&words::afterwards(target, addresses));
                return Ok(Some(Exit::SUCCESS));
            }
            if evidence.cloud == CloudSays::NotConnected && journal.is_past_its_time(Machine.now()) {
                // Nothing came of it, and nothing can any more: the server takes it for five minutes.
                let why = "both sides are without it, and its 5 minutes are over";
                talk.say(&format!("That setup is over: {why}. A new one begins."));
                journal.note(Machine.now(), &record.run.id, Step::Stopped, why)?;
                return Ok(None);
            }
            talk.say("The connection is not proven. What was pressed then is not pressed again.");
        }
        if let Some(finding) = connected {
            talk.say(&format!("{}\nNothing is pressed.", finding.message));
            return Ok(Some(if unfinished { Exit::UNVERIFIED } else { Exit::SUCCESS }));
        }
        Ok(None)
    }

    /// The person's word: typed, or by two flags where nobody can type.
    async fn consent(
        &self,
        talk: &mut Talk,
        target: &ConnectTarget,
        addresses: &Addresses,
    ) -> Result<Option<Consent>, gh_connect_engine::Interrupt> {
        talk.say(&words::what_will_happen(target, addresses));
        let how = if self.flags.yes && self.flags.accept_terms {
            Some("--yes --accept-terms".to_owned())
        } else {
            let question = format!("To agree, type the enterprise account's slug, {}: ", target.enterprise);
            let typed = talk.ask(&question).await?;
            if typed.is_none() {
                talk.say("Nobody can answer here. Where that is meant, say --yes --accept-terms.");
            }
            typed
                .filter(|typed| typed.eq_ignore_ascii_case(&target.enterprise))
                .map(|typed| format!("typed {typed}"))
        };
        Ok(how.map(|how| Consent { by: self.person.clone(), how, at: Machine.now(), terms: words::TERMS }))
    }

    /// A browser to drive, or none: then the person uses their own. The second is what it is called in the certificate.
    async fn browser(&self, talk: &mut Talk, pressed: Pressed) -> (Option<Browser>, &'static str) {
        let none = (None, "accompany");
        let kinds: Vec<Kind> = match self.choice {
            Choice::Accompany => return none,
            Choice::Drive(kind) => vec![kind],
            // On GHE.com, Chromium may block the way back (facts 2).
            Choice::Auto if self.session.plan().product.value.apex() != "github.com" => {
                vec![Kind::Firefox, Kind::Chromium]
            }
            Choice::Auto => Kind::ALL.to_vec(),
        };
        if pressed.connect {
            talk.say("An earlier run may have pressed \"Connect\". You go on in your own browser.");
            return none;
        }
        let headless = self.in_lab.as_ref().is_some_and(|lab| lab.headless);
        if !self.display && !headless {
            talk.say(
                "There is no display here for a browser's window. You use your own browser, on any machine.",
            );
            return none;
        }
        for kind in kinds {
            let Some(installed) = browser::find(kind, self.path.as_ref()) else {
                if self.choice != Choice::Auto {
                    talk.say(&format!("{} is not installed here. You use your own browser.", kind.id()));
                }
                continue;
            };
            if let Some(policy) = browser::forbidden_by(kind) {
                talk.say(&format!(
                    "A policy forbids to drive {} ({} in {}).",
                    kind.id(),
                    policy.setting,
                    policy.file.display()
                ));
                continue;
            }
            let start = Start { program: installed.program, kind, lab: self.in_lab.clone() };
            let started = match Profile::new(&self.folder) {
                Ok(profile) => Browser::start(&start, profile).await,
                Err(error) => Err(error.into()),
            };
            match started {
                Ok(browser) => return (Some(browser), kind.id()),
                Err(error) => talk.say(&format!("{} cannot be driven: {error}.", kind.id())),
            }
        }
        talk.say("You use your own browser.");
        none
    }

    /// Says why the flow ended. Where **Connect** may have been pressed, both sides say what came of it.
    async fn stopped(
        &self,
        [what, then]: [String; 2],
        may_be_connected: bool,
        journal: &mut Journal,
        talk: &mut Talk,
        run: &str,
        began: Timestamp,
    ) -> Result<Exit, Ending> {
        talk.say(&format!("Stopped: {what}\nDo: {then}"));
        if !may_be_connected {
            journal.note(Machine.now(), run, Step::Stopped, &what)?;
            return Ok(Exit::ATTEMPTED);
        }
        let evidence = Sides::ask(self.session).await.evidence(began, None);
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
        journal.note(Machine.now(), run, step, &what)?;
        Ok(exit)
    }

    /// Proves the connection, and writes the certificate.
    async fn conclude(
        &self,
        made: Made<'_>,
        page: Option<ServerSays>,
        journal: &mut Journal,
        talk: &mut Talk,
    ) -> Result<Exit, Ending> {
        let Made { target, addresses, consent, run, way, began } = made;
        let mut evidence = Sides::ask(self.session).await.evidence(began, page.clone());
        // The record may be a moment behind the page.
        for _ in 0..MOST_TRIES {
            if verify::prove(&evidence) == Proof::Verified {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            evidence = Sides::ask(self.session).await.evidence(began, page.clone());
        }
        let proof = verify::prove(&evidence);
        let (step, exit) = match &proof {
            Proof::Verified => (Step::Verified, Exit::SUCCESS),
            Proof::NotConnected => (Step::Stopped, Exit::ATTEMPTED),
            Proof::Unverified(_) => (Step::Unverified, Exit::UNVERIFIED),
        };
        journal.note(Machine.now(), &run, step, way)?;
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
            evidence,
            proof,
            at: Machine.now(),
        };
        let name = Journal::file_name(target);
        let base = self.folder.join(name.trim_end_matches(".jsonl"));
        for (ending, text) in [("md", certificate.markdown()), ("json", certificate.json())] {
            let path = PathBuf::from(format!("{}.{ending}", base.display()));
            platform::write_private(&path, sink::clean(&text).as_bytes())?;
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
            }
        }
        Ok(exit)
    }

    fn save(&self, steps: &Steps) -> Result<(), Ending> {
        match &self.flags.save_steps {
            Some(path) => {
                Ok(platform::write_private(Path::new(path), sink::clean(&steps.text()).as_bytes())?)
            }
            None => Ok(()),
        }
    }

    /// All that would be done, for a change board.
    fn plan_text(&self, target: &ConnectTarget, addresses: &Addresses, reasons: &[Reason]) -> String {
        let gate = match reasons {
            [] => "The gate would open: every check that enabling needs has passed.\n".to_owned(),
            reasons => refusal(reasons) + "\n",
        };
        format!(
            "{gate}\n{}\n{}\n{}\n{}",
            words::what_will_happen(target, addresses),
            words::afterwards(target, addresses),
            words::assumptions(),
            "Nothing was pressed.\n"
        )
    }
}

/// A connection that was made.
struct Made<'a> {
    target: &'a ConnectTarget,
    addresses: &'a Addresses,
    consent: Consent,
    run: String,
    way: &'static str,
    began: Timestamp,
}

fn refusal(reasons: &[Reason]) -> String {
    let list: String = reasons.iter().map(|reason| format!("\n  - {reason}")).collect();
    format!("Refused: GitHub Connect is not enabled, and nothing was touched.{list}")
}

const MOST_TRIES: usize = 5;
