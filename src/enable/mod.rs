//! `gh-connect enable`: check, and only when the gate opens, enable GitHub Connect and verify it.

mod accompany;
mod begin;
mod certificate;
mod choice;
mod conclude;
mod consent;
mod drive;
mod foretell;
mod refusal;
mod sides;
mod sight;
mod status;
mod steps;
mod talk;
mod walk;
mod words;

use std::path::{Path, PathBuf};

use gh_connect_checks::ALL;
use gh_connect_enable::{
    browser::{self, InLab, Looked},
    flow::{Flow, Pressed, Trap},
    journal::{Journal, JournalError, Step},
    verify::Before,
};
use gh_connect_engine::{Clear, ConnectTarget, Effects as _, Machine, Measured, Record, Stale, gate};

pub(crate) use self::status::{schema, status};
use self::{
    certificate::Consent,
    choice::Choice,
    conclude::Made,
    foretell::Foretold,
    refusal::refusal,
    sides::{Begun, Sides},
    steps::Steps,
    talk::Talk,
    walk::{Broken, Ended, Walk, noted},
    words::Addresses,
};
use crate::{
    Ending,
    check::{self, Prepared, Shown},
    cli::{Appearance, EnableFlags},
    environment::Environment,
    exit::Exit,
    lab_log,
    output::Output,
    plan::{Place, Said, UsageError},
    platform::{self, Signals, Terminals},
    report::Format,
    session::{self, Session},
    sink,
};

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
    let prepared = check::prepare_in(&flags.check, appearance, environment, |world| {
        // Where a world does not say how its person signs in, nobody else is there to do it in a window that is driven.
        if choice != Choice::Accompany {
            world.web.person.signs_in_after_seconds.get_or_insert(LAB_SIGNS_IN_AFTER);
        }
    })?;
    check::learn_and_test(&prepared)?;
    let steps = Steps::begin(flags.save_steps.as_deref().filter(|_| !flags.plan))?;
    let Prepared { settings, environment: seen, lab } = prepared;
    // A plan is a document of its own: no record of the check in the same place.
    let (plans, reports): (Vec<Output>, Vec<Output>) =
        settings.outputs.into_iter().partition(|output| flags.plan && output.format == Format::Json);
    platform::room_to_begin()?;
    let runtime = session::runtime()?;
    // What the check itself asks for is no visit of a browser.
    let (mut checked, mut enabled) = (0, usize::MAX);
    let ended = runtime.block_on(async {
        let plan = settings.plan.clone();
        let session = Session::open(plan, settings.policy, settings.adopts.clone(), &seen, environment).await;
        let mut signals = Signals::listen()?;
        let shown = Shown::choose(appearance, settings.color, environment, terminals);
        let measured = check::run_and_show(&session, signals.next(), shown).await;
        checked = lab.as_ref().map_or(0, |lab| lab.log().len());
        let record = sink::clean_record(measured.record().clone());
        check::write_reports(reports, &record, appearance, settings.color, environment, terminals).await?;
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
        let person = platform::user(environment).await;
        let enabling = Enabling {
            flags,
            choice,
            session: &session,
            in_lab: lab.as_ref().map(|lab| InLab { proxy: lab.browser_proxy(), headless: flags.headless }),
            way_into_lab: lab.as_ref().map(|lab| words::way_into_lab(lab)),
            person_of_lab: lab.as_ref().map(|lab| words::person_of_lab(lab)),
            folder_is_labs: lab.as_ref().is_some_and(|lab| lab.directory() == folder),
            folder,
            person,
            setup: lab.as_ref().and_then(|lab| lab.hurry()).unwrap_or(drive::SETUP),
            path: environment.text("PATH").unwrap_or_default().to_owned(),
            display: platform::has_display(environment),
            shown,
        };
        let mut talk = Talk::new(terminals.stdin && terminals.stderr, signals);
        let ended = match flags.plan {
            true => enabling.plan(&measured, &plans, &mut talk).await,
            false => enabling.go(&measured, &record, &mut talk, steps).await,
        };
        match ended {
            Err(Broken::Interrupted(signal)) => {
                talk.say("Interrupted. The next gh-connect enable asks both sides first, and presses nothing twice.");
                Ok(signal.into())
            }
            Err(Broken::Failed(ending)) => Err(ending),
            Ok(Exit::SUCCESS) if lab.is_some() && !flags.plan => {
                // This lab ends now, and no later command can ask it. What the other command asks for is not this one's.
                enabled = lab.as_ref().map_or(0, |lab| lab.log().len());
                let said = talk.unless_interrupted(status::headline(&session)).await;
                said.map_or_else(|signal| Ok(signal.into()), |said| {
                    talk.say(&format!("gh-connect status says in the same lab: {said}"));
                    Ok(Exit::SUCCESS)
                })
            }
            Ok(exit) => Ok(exit),
        }
    });
    runtime.shutdown_background();
    if let Some(lab) = &lab {
        let log = lab.log();
        sink::stderr(&lab_log::told(&log[..enabled.min(log.len())], checked));
    }
    drop(lab);
    ended
}

/// Everything that one attempt needs.
struct Enabling<'a> {
    flags: &'a EnableFlags,
    choice: Choice,
    session: &'a Session,
    in_lab: Option<InLab>,
    /// How the person's own browser gets into the lab.
    way_into_lab: Option<String>,
    /// As who its person signs in in a window.
    person_of_lab: Option<String>,
    /// Where journals, certificates and profiles are.
    folder: PathBuf,
    /// Whether that folder is the lab's, which ends with it.
    folder_is_labs: bool,
    person: String,
    /// How long a setup is taken to be good.
    setup: std::time::Duration,
    path: String,
    display: bool,
    /// How progress is shown.
    shown: Shown,
}

impl Enabling<'_> {
    /// What is connected to what.
    fn target(&self) -> Result<ConnectTarget, UsageError> {
        ConnectTarget::of(self.session.plan(), self.session.vantage()).ok_or_else(|| {
            UsageError::new("enable needs both sides").hint("say --server URL and --enterprise SLUG")
        })
    }

    /// Prints all that would be done, and presses nothing. JSON goes where it was asked for, else the text goes to stdout.
    async fn plan(&self, measured: &Measured, plans: &[Output], talk: &mut Talk) -> Result<Exit, Broken> {
        let target = self.target()?;
        let slug = talk.unless_interrupted(sides::server_slug(self.session)).await?;
        let addresses = Addresses::of(&target, slug.as_deref().unwrap_or("SERVER_SLUG"));
        let reasons = gate(measured, ALL).err().unwrap_or_default();
        let way = self.foreseen(Pressed::default());
        let foretold = Foretold::of(&target, &addresses, way, self.known_trouble(&target));
        for output in plans {
            output.write(foretold.json(&reasons, &measured.record().run.id).as_bytes())?;
        }
        if plans.iter().all(|output| output.path.is_some()) {
            sink::stdout(&foretold.text(&reasons, measured.record()))?;
        }
        Ok(if reasons.is_empty() { Exit::SUCCESS } else { Exit::REFUSED })
    }

    async fn go(
        &self,
        measured: &Measured,
        record: &Record,
        talk: &mut Talk,
        steps: Steps,
    ) -> Result<Exit, Broken> {
        let target = self.target()?;
        let clear = gate(measured, ALL);
        // What is there now is not of the flow that may begin.
        let before = async {
            match clear.is_ok() {
                true => Sides::ask(self.session).await.before(),
                false => Before::default(),
            }
        };
        let asked = async { futures::join!(sides::server_slug(self.session), before) };
        let (slug, before) = talk.unless_interrupted(asked).await?;
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
            Err(error) => return Err(Ending::Internal(error.to_string()).into()),
        };
        let addresses = Addresses::of(&target, slug.as_deref().unwrap_or("SERVER_SLUG"));
        if let Some(exit) = self.is_done_already(record, &mut journal, talk, &addresses, &target).await? {
            return Ok(exit);
        }
        let clear = match clear {
            Ok(clear) => clear,
            Err(reasons) => {
                talk.say(&refusal(&reasons, record));
                return Ok(Exit::REFUSED);
            }
        };
        let Some(slug) = slug else {
            talk.say("Refused: the server does not tell the slug of its own enterprise account, which is part of its settings page's address.");
            return Ok(Exit::REFUSED);
        };
        let Some(consent) = self.consent(talk, &target, &addresses, journal.pressed()).await? else {
            talk.say("Nothing was pressed.");
            return Ok(Exit::REFUSED);
        };
        // What was measured may not hold any more after the person has read all that: everything is measured once more.
        talk.say("Checking once more.");
        let again = check::run_and_show(self.session, std::future::pending(), self.shown);
        let again = talk.unless_interrupted(again).await?;
        match clear.redeem(gate(&again, ALL), Machine.now()) {
            Ok((_, clear)) => {
                // A setup that is over is not the one that begins now.
                let begun = Self::left(&journal);
                let begun = begun.unwrap_or_else(|| Begun { at: Machine.now(), before });
                let press = Press {
                    report: record.run.id.clone(),
                    target: &target,
                    addresses: &addresses,
                    slug: &slug,
                    clear,
                    consent,
                    steps,
                    begun,
                };
                self.press(press, &mut journal, talk).await
            }
            Err(stale) => {
                talk.say(&format!("Refused: {stale}. Nothing was pressed."));
                if let Stale::Shut(reasons) = &stale {
                    talk.say(&refusal::explained(reasons, again.record()));
                }
                Ok(Exit::REFUSED)
            }
        }
    }

    /// The buttons are pressed, by the program or by the person, and it is proven what came of it.
    async fn press(&self, press: Press<'_>, journal: &mut Journal, talk: &mut Talk) -> Result<Exit, Broken> {
        let Press { report, target, addresses, slug, clear, consent, mut steps, begun } = press;
        // What an earlier run did counts, not that the person agrees now.
        let (run, pressed) = (clear.run().to_owned(), journal.pressed());
        noted(journal.begin(Machine.now(), &report, &consent.how, &consent.by, &begun.before))?;
        if pressed.connect {
            talk.say(
                "An earlier run, or the person, may have pressed the buttons already. Look first: where the server's page shows \
                 \"Disable GitHub Connect\", press nothing.",
            );
        }
        let (mut browser, way) = self.browser(talk, pressed).await?;
        let lab = if browser.is_some() { &self.person_of_lab } else { &self.way_into_lab };
        if let Some(lab) = lab {
            talk.say(lab);
        }
        let sides::Known { name, logins } = talk.unless_interrupted(sides::known(self.session)).await?;
        let server = target.server.rsplit_once(':').map_or(target.server.as_str(), |(host, _)| host);
        let looked = Looked {
            server: server.to_owned(),
            cloud: target.cloud.clone(),
            slug: target.enterprise.clone(),
            name,
        };
        let billing = match self.flags.confirm_billing {
            true => {
                let window = browser.as_mut().map(|browser| (browser, &looked));
                let Some(billing) = self.billing(talk, window, addresses, way).await? else {
                    let why = "the billing page was not confirmed to show invoices";
                    talk.say(&format!("Stopped: {why}. Nothing was pressed."));
                    talk.say("Do: ask who buys for the account how it is paid. GitHub Connect needs an account that is invoiced, and no trial.");
                    noted(journal.note(Machine.now(), &run, Step::Stopped, why))?;
                    return Ok(Exit::REFUSED);
                };
                let seen = format!("{} saw {}", billing.by, billing.evidence);
                noted(journal.note(Machine.now(), &run, Step::Consented, &seen))?;
                Some(billing)
            }
            false => None,
        };
        let patience = match self.flags.headless {
            true => walk::PATIENCE_WITHOUT_WINDOW,
            false => walk::MOST_PATIENCE,
        };
        let mut walk = Walk {
            session: self.session,
            target,
            run: run.clone(),
            clear: Some(clear),
            addresses,
            journal: &mut *journal,
            talk: &mut *talk,
            steps: &mut steps,
            begun: &begun,
            person: &self.person,
            setup: self.setup,
            patience,
        };
        let ended = match browser {
            Some(mut browser) => {
                let begun = walk.journal.has_begun(Machine.now());
                let mut flow = Flow { logins, begun, ..Flow::new(target.clone(), slug, pressed) };
                if billing.is_some() {
                    // From the billing page nothing else leads on.
                    let opens = browser.open(&addresses.settings);
                    let _ = walk.talk.unless_interrupted(opens).await?;
                }
                walk.drive(browser, &mut flow, &looked).await
            }
            None => {
                let opened = self.opens_browser() && platform::open_in_browser(&addresses.settings);
                walk.accompany(opened).await
            }
        };
        let made = Made {
            target,
            addresses,
            consent,
            run: report,
            found_by: None,
            way,
            begun: begun.clone(),
            billing,
        };
        match ended {
            Ok(Ended::Done(page)) => self.conclude(made, page, journal, talk).await,
            Ok(Ended::Trapped(trap)) => {
                steps.ended(trap);
                let pressed = journal.pressed();
                // A connection that exists already is none that was made now.
                let may_be_connected = pressed.connect && trap != Trap::AlreadyExists;
                self.stopped(
                    words::trap(trap, target, addresses, pressed),
                    may_be_connected,
                    journal,
                    talk,
                    &made,
                )
                .await
            }
            // What the person did meanwhile is not known, once they could do anything.
            Ok(Ended::GaveUp) => {
                steps.ended("gave-up");
                let acted = journal.pressed() != Pressed::default();
                self.stopped(words::gave_up(patience, addresses), acted, journal, talk, &made).await
            }
            Ok(Ended::Refused(stale)) => {
                steps.ended("refused");
                talk.say(&format!("Refused: {stale}."));
                let pressed = journal.pressed();
                if pressed == Pressed::default() {
                    talk.say("Nothing was pressed.");
                    let why = "refused before anything was pressed";
                    noted(journal.note(Machine.now(), &made.run, Step::Stopped, why))?;
                    return Ok(Exit::REFUSED);
                }
                self.stopped(words::refused(), pressed.connect, journal, talk, &made).await
            }
            Err(broken) => Err(broken),
        }
    }
}

/// What pressing needs.
struct Press<'a> {
    /// The run of the report.
    report: String,
    target: &'a ConnectTarget,
    addresses: &'a Addresses,
    slug: &'a str,
    clear: Clear,
    consent: Consent,
    steps: Steps,
    begun: Begun,
}

/// Long enough to be seen.
const LAB_SIGNS_IN_AFTER: u32 = 2;
