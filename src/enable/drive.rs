//! The program presses in a window of its own, in which the person signs in.

use std::{convert::Infallible, time::Duration};

use gh_connect_enable::{
    browser::{Browser, BrowserError, Looked, NotPressed},
    flow::{Action, Button, Flow, Page, Seen, Waiting, Why},
    journal::Step,
    pages,
    verify::ServerSays,
};
use gh_connect_engine::{Effects as _, Machine, Permit};
use tokio::time::{Instant, sleep};

use super::{
    sides::Sides,
    sight::Sight,
    walk::{Broken, Ended, MOST_RETURN, Walk},
    words,
};

impl Walk<'_> {
    /// Presses the two buttons in a window of an installed browser, in which the person signs in.
    pub(super) async fn drive(
        &mut self,
        mut browser: Browser,
        flow: &mut Flow,
        looked: &Looked,
    ) -> Result<Ended, Broken> {
        let mut sight = Sight::new(self.patience);
        // Since the last press, whatever the pages do meanwhile.
        let mut last_press = Instant::now();
        let (mut handed_over, mut asked) = (None::<Why>, None::<Instant>);
        let mut permit = None::<Permit>;
        let mut window = {
            let age = self.journal.first_press().map(|at| Machine.now().duration_since(at));
            Window::of(age, self.setup)
        };
        loop {
            if last_press.elapsed() > MOST_ATTEMPT {
                return Ok(Ended::GaveUp);
            }
            let seen = self.talk.unless_interrupted(browser.look(looked)).await?;
            let Some(seen) = self.takes(seen, &mut sight, flow) else {
                if sight.here_for() > self.patience {
                    return Ok(Ended::GaveUp);
                }
                self.talk.unless_interrupted(sleep(LOOK_EVERY)).await?;
                continue;
            };
            flow.late = window.is_over();
            flow.saw(&seen);
            let action = match (flow.next(&seen), handed_over) {
                // What was handed over is the person's: two would press the same button.
                (Action::Press(..) | Action::AskFor(..) | Action::OpenSettings, Some(why)) => {
                    Action::HandOver(why)
                }
                (Action::Wait(Waiting::Page), _)
                    if sight.is_slow(self.most_silent())
                        && !sight.last().is_some_and(|page| flow.was_pressed_on(page)) =>
                {
                    Action::HandOver(Why::Silent)
                }
                (action, _) => action,
            };
            match action {
                Action::OpenSettings => {
                    let document = sight.last().map(|page| page.document.clone()).unwrap_or_default();
                    flow.did_open(&document);
                    // What cannot be opened is seen on the page that the browser shows in its place.
                    let _ = self.talk.unless_interrupted(browser.open(&self.addresses.settings)).await?;
                }
                Action::Wait(waiting) => {
                    match waiting {
                        Waiting::SignIn(side) if sight.here_for() > SETTLES => {
                            self.talk.say_once(&words::sign_in(side, &flow.target));
                        }
                        Waiting::Answer(button) if sight.here_for() > SETTLES => {
                            self.talk.say_once(&words::answer(button, &flow.target));
                        }
                        _ => {}
                    }
                    if sight.here_for() > self.patience {
                        return Ok(Ended::GaveUp);
                    }
                }
                Action::Press(button, handle) => {
                    let Some(permit) = permit.take().filter(|permit| permit.is_good(Machine.now())) else {
                        self.talk.say_once("Checking once more, immediately before the press.");
                        match keeps_looking(&mut browser, looked, self.permit()).await? {
                            Ok(good) => permit = Some(good),
                            Err(stale) => return Ok(Ended::Refused(stale)),
                        }
                        // The page may have changed meanwhile.
                        continue;
                    };
                    let account = sight.last().and_then(|page| page.account.as_deref());
                    if self.press(&mut browser, permit, button, &handle, account).await? {
                        window.pressed(button);
                        last_press = Instant::now();
                        flow.did_press(button, &sight.last().cloned().unwrap_or_default());
                    } else {
                        flow.did_not_press();
                    }
                    sight.begins_anew();
                }
                Action::AskFor(button, account) => {
                    let agreed =
                        keeps_looking(&mut browser, looked, self.agrees(flow, button, &account)).await?;
                    flow.did_ask(button, &account, agreed);
                    // The page may have changed meanwhile.
                    sight.begins_anew();
                }
                Action::Verify => {
                    self.note(Step::SeenOnServer, "its page shows the connection")?;
                    return Ok(Ended::Done(Some(ServerSays::Page)));
                }
                Action::Stop(trap) => return Ok(Ended::Trapped(trap)),
                Action::HandOver(why) => {
                    if handed_over != Some(why) {
                        let account = sight.last().and_then(|page| page.account.clone());
                        self.talk.say(&words::hand_over(why));
                        self.steps.missed(why);
                        if let Some(account) = account {
                            self.talk.say(&format!("Signed in there: {account}."));
                        }
                        if handed_over.is_none() {
                            self.talk.say(
                                "Please go on yourself, in the same window. gh-connect presses nothing more, and watches both sides.",
                            );
                            self.note(Step::HandedOver, &words::hand_over(why))?;
                            sight.begins_anew();
                        }
                        handed_over = Some(why);
                    }
                    if asked.is_none_or(|asked| asked.elapsed() > ASK_EVERY) {
                        asked = Some(Instant::now());
                        let sides = self.talk.unless_interrupted(Sides::ask(self.session)).await?;
                        if sides.connected_at(&self.begun.before).is_some() {
                            return Ok(Ended::Done(None));
                        }
                    }
                    if sight.here_for() > self.patience {
                        return Ok(Ended::GaveUp);
                    }
                }
            }
            self.talk.unless_interrupted(sleep(LOOK_EVERY)).await?;
        }
    }

    /// How long a page may take to tell what it shows.
    fn most_silent(&self) -> Duration {
        SILENT.min(self.patience / 2)
    }

    /// What a look tells the flow; `None` while it tells nothing yet.
    fn takes(&mut self, looked: Result<Page, BrowserError>, sight: &mut Sight, flow: &Flow) -> Option<Seen> {
        let pressed_on = sight.last().filter(|page| flow.was_pressed_on(page)).cloned();
        // The page on which a button was pressed is being left: as long as nothing else is known, it is still there.
        let still_there = |page: Page| Some(Seen::Page(Page { steady: true, settled: false, ..page }));
        match (looked, pressed_on) {
            (Ok(page), _) => {
                let (page, is_new) = sight.takes(page);
                if is_new {
                    self.steps.saw(&page, &flow.target);
                }
                Some(Seen::Page(page))
            }
            (Err(BrowserError::Closed), _) => Some(Seen::Closed),
            (Err(BrowserError::Dialog), _) => (sight.silent_for() > DIALOG).then_some(Seen::Dialog),
            (Err(BrowserError::Left | BrowserError::Unanswered), Some(page)) => still_there(page),
            (Err(BrowserError::Unread { authority, path }), Some(page))
                if (&page.authority, &page.path) == (&authority, &path) =>
            {
                still_there(page)
            }
            (Err(BrowserError::Unread { .. }), _) => {
                (sight.silent_for() > self.most_silent()).then_some(Seen::Silent)
            }
            (Err(BrowserError::Left), None) => sight.is_left().map(Seen::Page),
            // The page was just being left, or loads.
            (Err(BrowserError::Refused(_) | BrowserError::Unanswered), _) => None,
            (Err(_), _) => Some(Seen::Crashed),
        }
    }

    /// Whether a person agrees to a press in the name of another account than the token's.
    async fn agrees(&mut self, flow: &Flow, button: Button, account: &str) -> Result<bool, Broken> {
        let expected = flow.login(button).unwrap_or_default();
        self.talk.say(&words::other_account(button, account, expected, &flow.target));
        let question = format!("Press \"{}\" as {account}? [yes/no] ", words::button(button));
        let answer = self.talk.ask(&question).await?;
        Ok(answer.is_some_and(|answer| ["yes", "y"].contains(&answer.to_lowercase().as_str())))
    }

    /// Whether the button was pressed, or may have been.
    async fn press(
        &mut self,
        browser: &mut Browser,
        permit: Permit,
        button: Button,
        handle: &str,
        account: Option<&str>,
    ) -> Result<bool, Broken> {
        let name = words::button(button);
        let (before, after) = match button {
            Button::Enable | Button::Complete => (Step::PressingEnable, Step::PressedEnable),
            Button::Connect => (Step::PressingConnect, Step::PressedConnect),
        };
        let site = words::site(button, permit.target());
        self.talk.say(&match account {
            Some(account) => format!("Signed in to {site} as {account}."),
            None => format!("The page of {site} does not show who is signed in (row {}).", pages::ACCOUNT.id),
        });
        self.talk.say(&format!("Pressing \"{name}\"."));
        self.note(before, name)?;
        // A click that was begun is not interrupted.
        match browser.press(handle).await {
            Ok(()) => {
                self.steps.pressed(name);
                self.note(after, name)?;
            }
            Err(NotPressed::Surely(error)) => {
                self.talk.say(&format!("\"{name}\" was not pressed: {error}."));
                self.steps.noticed(&format!("not pressed: {name}"));
                self.note(Step::NotPressed, &format!("{name}: {error}"))?;
                return Ok(false);
            }
            Err(NotPressed::Perhaps(error)) => {
                self.steps.pressed(name);
                self.talk.say(&format!(
                    "\"{name}\" may not have been pressed: {error}. If nothing happens in the window, press it there yourself."
                ));
            }
        }
        Ok(true)
    }
}

/// Looks at the window for as long as something else takes: an error page that a person clicks away meanwhile must not be missed.
pub(super) async fn keeps_looking<T>(
    browser: &mut Browser,
    looked: &Looked,
    work: impl Future<Output = T>,
) -> T {
    tokio::select! {
        biased;
        done = work => done,
        never = looks(browser, looked) => match never {},
    }
}

async fn looks(browser: &mut Browser, looked: &Looked) -> Infallible {
    loop {
        // What is wrong with the browser, the next look tells.
        let _ = browser.look(looked).await;
        sleep(LOOK_EVERY).await;
    }
}

/// The five minutes in which the setup has to be completed (facts 2).
struct Window {
    /// How long it is.
    setup: Duration,
    /// When a button was pressed first, by this run or an earlier one. Whether going on with a setup renews its time is not known.
    began: Option<Instant>,
    /// When **Connect** was.
    connected: Option<Instant>,
}

impl Window {
    /// `age`: how long ago an earlier run pressed first. A clock that was set back says nothing of it.
    fn of(age: Option<jiff::SignedDuration>, setup: Duration) -> Self {
        let age = age.map(|age| Duration::try_from(age).unwrap_or(setup + MOST_RETURN));
        Self { setup, began: age.and_then(|age| Instant::now().checked_sub(age)), connected: None }
    }

    fn pressed(&mut self, button: Button) {
        let now = Instant::now();
        match button {
            Button::Enable | Button::Complete => _ = self.began.get_or_insert(now),
            Button::Connect => self.connected = Some(now),
        }
    }

    /// Whether nothing can be completed any more. What was pressed at the last moment still has its time to come back.
    fn is_over(&self) -> bool {
        self.began.is_some_and(|began| began.elapsed() > self.setup)
            && self.connected.is_none_or(|connected| connected.elapsed() > MOST_RETURN)
    }
}

/// Half a minute less than the server says, for the way back.
pub(super) const SETUP: Duration = Duration::from_secs(4 * 60 + 30);
/// Twice as long as a person is waited for on one page.
const MOST_ATTEMPT: Duration = Duration::from_secs(30 * 60);
/// GitHub answers so many questions an hour and no more.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// A dialog that a page's script closes again is none.
const DIALOG: Duration = Duration::from_secs(3);
/// A page of settings tells what it shows within a second; on a machine that is busy it may take some.
const SILENT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(300);
const SETTLES: Duration = Duration::from_millis(2_400);
