//! The two ways through the flow: the program presses in a window of its own, or the person presses in their own browser and the
//! program watches both sides.

use std::time::Duration;

use gh_connect_enable::{
    browser::{Browser, BrowserError, Looked},
    flow::{Action, Button, Flow, Page, Seen, Trap, Waiting},
    journal::{Journal, Step},
    verify::{CloudSays, ServerSays},
};
use gh_connect_engine::{Effects as _, Interrupt, Machine, Permit};
use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::{
    sides::Sides,
    steps::Steps,
    talk::Talk,
    words::{self, Addresses},
};
use crate::{Ending, session::Session};

/// What both ways need.
pub(super) struct Walk<'a> {
    pub(super) session: &'a Session,
    pub(super) permit: Permit,
    pub(super) addresses: &'a Addresses,
    pub(super) journal: &'a mut Journal,
    pub(super) talk: &'a mut Talk,
    pub(super) steps: &'a mut Steps,
    pub(super) began: Timestamp,
    /// Who is at the terminal.
    pub(super) person: &'a str,
    /// Whether the account's page of billing is shown before **Connect**.
    pub(super) confirm_billing: bool,
    /// How long a person who goes on by themselves is waited for.
    pub(super) patience: Duration,
}

/// How a walk ended.
pub(super) enum Ended {
    /// The connection seems to be made. What was seen of the server's page, if anything was.
    Done(Option<ServerSays>),
    /// It ended without a connection.
    Trapped(Trap),
    /// The time to wait for the person is over.
    GaveUp,
    /// The person does not confirm what they see.
    Declined(String),
}

/// Why a walk broke off.
pub(super) enum Broken {
    Interrupted(Interrupt),
    Failed(Ending),
}

impl From<Interrupt> for Broken {
    fn from(interrupt: Interrupt) -> Self {
        Self::Interrupted(interrupt)
    }
}

impl From<std::io::Error> for Broken {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(Ending::Internal(format!("the journal cannot be written: {error}")))
    }
}

impl Walk<'_> {
    /// Presses the two buttons in a window of an installed browser, in which the person signs in.
    pub(super) async fn drive(
        &mut self,
        mut browser: Browser,
        flow: &mut Flow,
        looked: &Looked,
    ) -> Result<Ended, Broken> {
        let (mut last, mut same, mut waiting_since) = (None::<Page>, 0_u32, Instant::now());
        let mut watched = false;
        let mut window = Window::default();
        loop {
            let seen = self.talk.unless_interrupted(browser.look(looked)).await?;
            let seen = match seen {
                Ok(page) => {
                    same = if last.as_ref() == Some(&page) { same.saturating_add(1) } else { 0 };
                    if same == 0 {
                        waiting_since = Instant::now();
                        self.steps.saw(&page);
                    }
                    last = Some(page.clone());
                    Seen::Page(Page { steady: same >= STEADY_AFTER, settled: same >= SETTLED_AFTER, ..page })
                }
                Err(BrowserError::Closed) => Seen::Closed,
                // The page on which a button was pressed is being left: as long as nothing else is known, it is still there.
                Err(BrowserError::Left | BrowserError::Unanswered)
                    if last.as_ref().is_some_and(|page| flow.was_pressed_on(page)) =>
                {
                    Seen::Page(Page { settled: false, ..last.clone().unwrap_or_default() })
                }
                // The page was just being left, or loads.
                Err(BrowserError::Refused(_) | BrowserError::Left | BrowserError::Unanswered) => {
                    if waiting_since.elapsed() > MOST_PATIENCE {
                        return Ok(Ended::GaveUp);
                    }
                    self.talk.unless_interrupted(sleep(LOOK_EVERY)).await?;
                    continue;
                }
                Err(_) => Seen::Crashed,
            };
            flow.late = window.is_over();
            flow.saw(&seen);
            match flow.next(&seen) {
                Action::OpenSettings => {
                    let document = last.as_ref().map(|page| page.document.clone()).unwrap_or_default();
                    flow.did_open(&document);
                    // What cannot be opened is seen on the page that the browser shows in its place.
                    let _ = self.talk.unless_interrupted(browser.open(&self.addresses.settings)).await?;
                }
                Action::Wait(waiting) => {
                    match waiting {
                        Waiting::SignIn(side) if waiting_since.elapsed() > SETTLES => {
                            self.talk.say_once(&words::sign_in(side, &flow.target));
                        }
                        Waiting::Answer(button) if waiting_since.elapsed() > SETTLES => {
                            self.talk.say_once(&words::answer(button, &flow.target));
                        }
                        _ => {}
                    }
                    if waiting_since.elapsed() > MOST_PATIENCE {
                        return Ok(Ended::GaveUp);
                    }
                }
                Action::Press(button, handle) => {
                    if button == Button::Connect
                        && self.confirm_billing
                        && !self.billing_is_confirmed(&mut browser).await?
                    {
                        return Ok(Ended::Declined("the billing page does not confirm it".to_owned()));
                    }
                    window.pressed(button);
                    let document = last.as_ref().map(|page| page.document.clone()).unwrap_or_default();
                    flow.did_press(button, &document);
                    let account = last.as_ref().and_then(|page| page.account.as_deref());
                    self.press(&mut browser, button, &handle, account).await?;
                    (same, waiting_since) = (0, Instant::now());
                }
                Action::Verify => {
                    self.note(Step::SeenOnServer, "its page shows the connection")?;
                    return Ok(Ended::Done(Some(ServerSays::Page)));
                }
                Action::Stop(trap) => return Ok(Ended::Trapped(trap)),
                Action::HandOver(why) => {
                    if !watched {
                        watched = true;
                        let account = last.as_ref().and_then(|page| page.account.clone());
                        self.talk.say(&words::hand_over(why));
                        if let Some(account) = account {
                            self.talk.say(&format!("Signed in there: {account}."));
                        }
                        self.talk
                            .say("Please go on yourself, in the same window. gh-connect watches both sides.");
                        self.note(Step::HandedOver, &words::hand_over(why))?;
                    }
                    let sides = self.talk.unless_interrupted(Sides::ask(self.session)).await?;
                    if sides.connected_at(self.began).is_some() {
                        return Ok(Ended::Done(None));
                    }
                    if waiting_since.elapsed() > self.patience {
                        return Ok(Ended::GaveUp);
                    }
                }
            }
            self.talk.unless_interrupted(sleep(LOOK_EVERY)).await?;
        }
    }

    /// Lets the person press in their own browser, and notices each step that both sides tell of.
    pub(super) async fn accompany(&mut self, opened: bool) -> Result<Ended, Broken> {
        let target = self.permit.target().clone();
        self.note(Step::HandedOver, "the person presses in their own browser")?;
        let verb = if opened { "Your browser opens" } else { "Open in your browser" };
        self.talk.say(&format!("Step 1  {verb}: {}", self.addresses.settings));
        self.talk.say(&format!(
            "Step 2  Sign in as an owner of {}, and press \"Enable GitHub Connect\".",
            words::server(&target)
        ));
        self.talk.say(&format!(
            "Step 3  On {}, sign in as an owner of {}, and press \"Connect\" beside {} within 5 minutes.",
            target.cloud, target.enterprise, target.enterprise
        ));
        self.talk.say("Step 4  Back on the server, the page shows the features, each off. gh-connect watches both sides.");
        let started = Instant::now();
        let mut on_cloud: Option<Instant> = None;
        loop {
            let sides = self.talk.unless_interrupted(Sides::ask(self.session)).await?;
            let is_new = matches!(&sides.cloud, CloudSays::Connected { since: Some(since), .. } if *since >= self.began);
            if is_new && on_cloud.is_none() {
                on_cloud = Some(Instant::now());
                self.note(Step::SeenOnCloud, "the cloud lists the server")?;
                self.talk.say(&format!("Seen: \"Connect\" was pressed. {} lists the server.", target.cloud));
            }
            if sides.connected_at(self.began).is_some() {
                self.note(Step::SeenOnServer, "the server's audit log has the new connection")?;
                self.talk.say("Seen: the server logged the new connection.");
                return Ok(Ended::Done(None));
            }
            // The server's log may not tell (facts 3.1): then the person does.
            if on_cloud.is_some_and(|since| since.elapsed() > LOG_PATIENCE) {
                return Ok(Ended::Done(self.word_of_the_person().await?));
            }
            if started.elapsed() > self.patience {
                return Ok(Ended::GaveUp);
            }
            self.talk.unless_interrupted(sleep(ASK_EVERY)).await?;
        }
    }

    /// What the person sees on the server's page, as their word.
    pub(super) async fn word_of_the_person(&mut self) -> Result<Option<ServerSays>, Broken> {
        let question = format!(
            "The server's audit log does not tell. Look at {}:\n  1  it shows features and \"Disable GitHub Connect\"\n  2  it offers \
             \"Enable GitHub Connect\", or says that the setup was not completed\nWhich one? [1/2] ",
            self.addresses.settings
        );
        Ok(match self.talk.ask(&question).await?.as_deref() {
            Some("1") => Some(ServerSays::Word { by: self.person.to_owned() }),
            Some("2") => Some(ServerSays::NotConnected(format!(
                "its page does not show the connection, by the word of {}",
                self.person
            ))),
            _ => None,
        })
    }

    /// Shows the billing page and asks the person what it says; their answer is noted.
    async fn billing_is_confirmed(&mut self, browser: &mut Browser) -> Result<bool, Broken> {
        self.confirm_billing = false;
        let selection = self.addresses.settings.clone();
        let _ = self.talk.unless_interrupted(browser.open(&self.addresses.billing)).await?;
        let question = "The window shows the billing page. Does it show invoices (\"Latest invoice\", \"Past invoices\")? [yes/no] ";
        let answer = self.talk.ask(question).await?;
        let confirmed = answer.as_deref().is_some_and(|answer| answer.eq_ignore_ascii_case("yes"));
        self.note(
            Step::Consented,
            &format!("billing page seen by {}: {}", self.person, answer.unwrap_or_default()),
        )?;
        // From there the server leads to the selection once more.
        let _ = self.talk.unless_interrupted(browser.open(&selection)).await?;
        Ok(confirmed)
    }

    async fn press(
        &mut self,
        browser: &mut Browser,
        button: Button,
        handle: &str,
        account: Option<&str>,
    ) -> Result<(), Broken> {
        let name = words::button(button);
        let (before, after) = match button {
            Button::Enable | Button::Complete => (Step::PressingEnable, Step::PressedEnable),
            Button::Connect => (Step::PressingConnect, Step::PressedConnect),
        };
        if let Some(account) = account {
            self.talk
                .say(&format!("Signed in to {} as {account}.", words::site(button, self.permit.target())));
        }
        self.talk.say(&format!("Pressing \"{name}\"."));
        self.note(before, name)?;
        self.steps.pressed(name);
        // A click that was begun is not interrupted.
        match browser.press(handle).await {
            Ok(()) => self.note(after, name)?,
            Err(error) => self.talk.say(&format!(
                "\"{name}\" may not have been pressed: {error}. If nothing happens in the window, press it there yourself."
            )),
        }
        Ok(())
    }

    fn note(&mut self, step: Step, note: &str) -> Result<(), Broken> {
        Ok(self.journal.note(Machine.now(), self.permit.run(), step, note)?)
    }
}

/// The five minutes in which the setup has to be completed (facts 2).
#[derive(Default)]
struct Window {
    /// When **Enable GitHub Connect** was pressed by this run, or the setup was gone on with.
    began: Option<Instant>,
    /// When **Connect** was.
    connected: Option<Instant>,
}

impl Window {
    fn pressed(&mut self, button: Button) {
        match button {
            Button::Enable | Button::Complete => self.began = Some(Instant::now()),
            Button::Connect => self.connected = Some(Instant::now()),
        }
    }

    /// Whether nothing can be completed any more. What was pressed at the last moment still has its time to come back.
    fn is_over(&self) -> bool {
        self.began.is_some_and(|began| began.elapsed() > SETUP)
            && self.connected.is_none_or(|connected| connected.elapsed() > MOST_RETURN)
    }
}

const SETUP: Duration = Duration::from_secs(5 * 60);
const MOST_RETURN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// So many looks at a page that does not change: nothing moves under the pointer any more.
const STEADY_AFTER: u32 = 2;
/// So many looks at the same page: longer than a page takes to load.
const SETTLED_AFTER: u32 = 8;
const SETTLES: Duration = Duration::from_millis(2_400);
const ASK_EVERY: Duration = Duration::from_secs(2);
/// A server that logs the connection does so at once.
const LOG_PATIENCE: Duration = Duration::from_secs(10);
/// For the person: longer than a setup is good for.
pub(super) const MOST_PATIENCE: Duration = Duration::from_secs(15 * 60);
/// Without a window nobody can act; what the lab's person does by themselves takes a moment.
pub(super) const PATIENCE_WITHOUT_WINDOW: Duration = Duration::from_secs(20);
