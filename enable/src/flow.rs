//! The flow as a pure machine: what is seen on a page becomes the next action. No browser, no clock and no network in it.
//!
//! It presses two buttons in its life, **Enable GitHub Connect** and **Connect**, each once, each only where exactly one element matches, on
//! the right host and over verified TLS. A third, **Complete your GitHub Connect setup**, goes on with a setup that it began itself, by
//! its journal or in this run: the setup of another is not its own. **Connect** is pressed only where its own press led. In every other
//! case it waits for the person or hands the flow over to them.

use gh_connect_engine::ConnectTarget;
use serde::Serialize;

use crate::pages::{self, Row, Side};

/// What the machine knows beside the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// What is connected to what.
    pub target: ConnectTarget,
    /// The server's own enterprise account, of which the settings page is part.
    pub server_slug: String,
    /// What was pressed so far, by this run or, by the journal, by an earlier one.
    pub pressed: Pressed,
    /// Whether a run that was stopped began the setup that may still be pending on the server.
    pub begun: bool,
    /// Who is expected to be signed in.
    pub logins: Logins,
    /// Whether nobody agreed to a press in the name of another account.
    pub declined: bool,
    /// How often the settings page was opened.
    pub opened: u8,
    /// The page that was shown when the settings page was opened last.
    pub opened_on: Option<String>,
    /// The page on which a button was pressed last.
    pub pressed_on: Option<String>,
    /// The tab in which this run pressed on the server last: only what that led to is its own setup.
    pub pressed_in: Option<String>,
    /// How far that tab has come since then.
    pub way: Way,
    /// How often the browser refused to press.
    pub refused: u8,
    /// Whether the five minutes are over in which the setup has to be completed. The caller has the clock.
    pub late: bool,
    /// Whether the server asked who the person is after **Connect**: the setup is bound to the session in which it began.
    pub session_ended: bool,
}

/// How far the tab in which the server's button was pressed has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// The server has not led it anywhere.
    #[default]
    Server,
    /// It came to the cloud. From there a sign-in may lead to an identity provider and back.
    Cloud,
    /// It was elsewhere before it came to the cloud: what it shows from then on may be of another setup.
    Elsewhere,
}

/// What was pressed. A press that was begun counts: whether it arrived is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pressed {
    /// **Enable GitHub Connect** on the server.
    pub enable: bool,
    /// **Connect** on the cloud.
    pub connect: bool,
}

/// Whose tokens the check was made with, on each side, or as whom the person has agreed to press; `None` where that is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logins {
    /// On the server.
    pub server: Option<String>,
    /// On the cloud.
    pub cloud: Option<String>,
}

/// What is seen at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A page.
    Page(Page),
    /// A page has a dialog open for longer than a moment: nothing else is told of it. The caller has the clock.
    Dialog,
    /// A page is there, and for longer than a page takes the browser has not told what it shows. The caller has the clock.
    Silent,
    /// The window was closed by the person.
    Closed,
    /// The browser ended by itself, or does not answer.
    Crashed,
}

/// A page, reduced to what the table of rows asks for. Texts of the page are not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The host and port, `github.com:443`, in lower case.
    pub authority: String,
    /// The path without query and fragment.
    pub path: String,
    /// The browser's own name for the tab.
    pub tab: String,
    /// The browser's own name for the document: another one, once the page is loaded again.
    pub document: String,
    /// Whether it came over TLS that the browser verified, and is no error page.
    pub verified: bool,
    /// Whether the browser shows a page of its own in place of the site's: it could not reach it, or does not trust it.
    pub failed: bool,
    /// Whether the page's own policy forbade to leave it for where its form leads.
    pub blocked: bool,
    /// Who is signed in on this site, where its header says so.
    pub account: Option<String>,
    /// The elements that match a row.
    pub matches: Vec<Match>,
    /// Whether the page was the same at the last few looks. No button is pressed on a page that still changes.
    pub steady: bool,
    /// Whether the page has been the same for longer than a page takes to load.
    pub settled: bool,
    /// Whether the page has changed for so long that it will never settle.
    pub restless: bool,
}

/// An element that matches a row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The row's id.
    pub row: &'static str,
    /// Of the buttons beside enterprise accounts: whether this one is beside the right account.
    pub beside: Beside,
    /// The browser's own name for the element.
    pub handle: String,
}

/// Which enterprise account an element is beside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Beside {
    /// Not asked, or not clear.
    #[default]
    Unclear,
    /// The right one, and no other.
    Right,
    /// Another one.
    Other,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Open the settings page on the server.
    OpenSettings,
    /// Wait: the person signs in, or a page loads.
    Wait(Waiting),
    /// Press this button. It is noted in the journal before and after. When the browser did not press it, [`Flow::did_not_press`].
    Press(Button, String),
    /// Ask whether this button is to be pressed in the name of this account, which is another than the token's, and note the
    /// answer with [`Flow::did_ask`].
    AskFor(Button, String),
    /// The server shows the connection: verify it.
    Verify,
    /// The machine cannot go on alone: the person does, in the same window or in their own.
    HandOver(Why),
    /// The flow has ended without a connection.
    Stop(Trap),
}

/// A button that the machine may press.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Button {
    /// **Enable GitHub Connect** on the server.
    Enable,
    /// **Complete your GitHub Connect setup** on the server: it resumes a flow that this program began.
    Complete,
    /// **Connect** on the cloud.
    Connect,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// The person signs in on this side, or at its identity provider.
    SignIn(Option<Side>),
    /// A page loads, or the sites redirect.
    Page,
    /// The site takes its time to answer what was pressed.
    Answer(Button),
}

/// Why the machine hands over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nothing on the page matches the row: another language, another layout, or another page.
    NoMatch(&'static str),
    /// More than one thing matches the row.
    Several(&'static str),
    /// The page did not come over verified TLS.
    NotVerified,
    /// The browser shows a page of its own in place of the site's.
    NotReached,
    /// The same page came again and again.
    NoProgress,
    /// The page changes all the time.
    Restless,
    /// The page has a dialog open.
    Dialog,
    /// The browser does not tell what the page shows.
    Silent,
    /// The server offers to complete a setup that this program did not begin.
    OtherSetup,
    /// The page names another server than the target's.
    OtherServer,
    /// The page is not what the press on the server led to.
    NotFollowed,
    /// The page's own policy forbade to leave it for where the press leads.
    Blocked(Button),
    /// The button was pressed before, and it is pressed once only.
    PressedBefore(Button),
    /// The button is there, and a click does not reach it: something lies over it, or it cannot be seen.
    OutOfReach(Button),
    /// Another account is signed in than the one whose token the check was made with, and nobody agreed to that.
    OtherAccount(Button),
}

/// Why the flow ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trap {
    /// The person closed the window.
    WindowClosed,
    /// The browser ended by itself.
    BrowserCrashed,
    /// The cloud has a connection of this host already.
    AlreadyExists,
    /// The enterprise account is not among those that may be chosen.
    NotListed,
    /// The setup was not completed within five minutes.
    WindowMissed,
    /// After **Connect** the browser did not come back to the server.
    ReturnBlocked,
    /// The session on the server ended on the way, and the setup with it.
    SessionEnded,
    /// The server led the browser to another cloud than the one that was checked.
    OtherCloud,
}

impl Flow {
    /// A flow of which `pressed` was done already.
    pub fn new(target: ConnectTarget, server_slug: &str, pressed: Pressed) -> Self {
        Self {
            target,
            server_slug: server_slug.to_owned(),
            pressed,
            begun: false,
            logins: Logins::default(),
            declined: false,
            opened: 0,
            opened_on: None,
            pressed_on: None,
            pressed_in: None,
            way: Way::default(),
            refused: 0,
            late: false,
            session_ended: false,
        }
    }

    /// The next action. It changes nothing: the caller notes with [`Flow::opened`] and [`Flow::did_press`] what it did.
    pub fn next(&self, seen: &Seen) -> Action {
        let page = match seen {
            Seen::Page(page) => page,
            Seen::Dialog => return Action::HandOver(Why::Dialog),
            Seen::Silent => return Action::HandOver(Why::Silent),
            Seen::Closed => return Action::Stop(Trap::WindowClosed),
            Seen::Crashed => return Action::Stop(Trap::BrowserCrashed),
        };
        match self.on(page) {
            Action::Wait(Waiting::Page) if page.restless => Action::HandOver(Why::Restless),
            action => action,
        }
    }

    fn on(&self, page: &Page) -> Action {
        match self.side(page) {
            // An identity provider, or the empty page of a new window.
            None if page.authority.is_empty() => self.open(page),
            None if self.pressed.enable && is_cloud(&page.authority) => Action::Stop(Trap::OtherCloud),
            None => Action::Wait(Waiting::SignIn(None)),
            Some(_) if !page.settled && !page.verified => Action::Wait(Waiting::Page),
            Some(_) if page.failed && self.pressed.connect => Action::Stop(Trap::ReturnBlocked),
            Some(_) if page.failed => Action::HandOver(Why::NotReached),
            Some(_) if !page.verified => Action::HandOver(Why::NotVerified),
            Some(Side::Server) => self.on_server(page),
            Some(Side::Cloud) => self.on_cloud(page),
        }
    }

    /// Notes what has to be remembered of a page.
    pub fn saw(&mut self, seen: &Seen) {
        if let Seen::Page(page) = seen {
            let side = self.side(page);
            self.session_ended |=
                self.pressed.connect && side == Some(Side::Server) && is_sign_in(&page.path);
            self.way = match (self.way, side) {
                _ if !self.is_pressed_in(page) => self.way,
                (Way::Server, Some(Side::Cloud)) => Way::Cloud,
                (Way::Server, None) if !page.authority.is_empty() => Way::Elsewhere,
                (way, _) => way,
            };
        }
    }

    /// Why the server does not take what came back to it.
    fn not_taken(&self) -> Action {
        Action::Stop(if self.session_ended { Trap::SessionEnded } else { Trap::WindowMissed })
    }

    /// Notes that the settings page was opened, and in place of which document.
    pub fn did_open(&mut self, document: &str) {
        self.opened = self.opened.saturating_add(1);
        self.opened_on = Some(document.to_owned());
    }

    /// Notes whether a button may be pressed in the name of this account.
    pub fn did_ask(&mut self, button: Button, account: &str, agreed: bool) {
        let login = match button {
            Button::Enable | Button::Complete => &mut self.logins.server,
            Button::Connect => &mut self.logins.cloud,
        };
        match agreed {
            true => *login = Some(account.to_owned()),
            false => self.declined = true,
        }
    }

    /// Notes that the browser refused to press, and pressed nothing.
    pub fn did_not_press(&mut self) {
        self.refused = self.refused.saturating_add(1);
    }

    /// Notes that a button was pressed, or may have been, and on which page.
    pub fn did_press(&mut self, button: Button, page: &Page) {
        self.pressed_on = Some(page.document.clone());
        if button != Button::Connect {
            (self.pressed_in, self.way) = (Some(page.tab.clone()), Way::Server);
        }
        match button {
            Button::Enable => self.pressed.enable = true,
            Button::Complete => {
                self.pressed.enable = true;
                self.opened = self.opened.saturating_add(1);
            }
            Button::Connect => self.pressed.connect = true,
        }
    }

    /// Which of the two sites a page belongs to.
    fn side(&self, page: &Page) -> Option<Side> {
        if page.authority == self.target.server {
            Some(Side::Server)
        } else if page.authority == format!("{}:443", self.target.cloud) {
            Some(Side::Cloud)
        } else {
            None
        }
    }

    fn on_server(&self, page: &Page) -> Action {
        let settings = pages::SETTINGS.path_for(&self.server_slug, &self.target.enterprise);
        if page.path != settings {
            // A return that stays where it is did not connect: the settings page shows why.
            return match page.settled && !is_sign_in(&page.path) {
                true => self.open(page),
                false if page.path == pages::RETURN.path => Action::Wait(Waiting::Page),
                false => Action::Wait(Waiting::SignIn(Some(Side::Server))),
            };
        }
        let begun = matching(page, pages::NOT_COMPLETED).next().is_some();
        match (one(page, pages::DISABLE), one(page, pages::ENABLE), one(page, pages::COMPLETE)) {
            _ if !page.steady => Action::Wait(Waiting::Page),
            (Found::One(_), Found::None, Found::None) if !begun => Action::Verify,
            (Found::None, Found::One(handle), Found::None) => self.enable(page, handle),
            (Found::None, _, Found::One(handle)) => self.complete(page, handle),
            (Found::None, Found::None, Found::None) if !page.settled => Action::Wait(Waiting::Page),
            (Found::None, Found::None, Found::None) => Action::HandOver(Why::NoMatch(pages::ENABLE.id)),
            (Found::Several, ..) | (Found::One(_), ..) => Action::HandOver(Why::Several(pages::DISABLE.id)),
            (_, Found::Several, _) => Action::HandOver(Why::Several(pages::ENABLE.id)),
            (.., Found::Several) => Action::HandOver(Why::Several(pages::COMPLETE.id)),
        }
    }

    /// Whether the browser still shows the page on which the last button was pressed: the site has not answered yet, and may take as
    /// long as the setup is good for.
    fn awaits_answer(&self, page: &Page) -> bool {
        !self.late && self.was_pressed_on(page)
    }

    /// Whether the press on this page led where its policy forbids.
    fn is_blocked(&self, page: &Page) -> bool {
        page.blocked && self.was_pressed_on(page)
    }

    /// Whether a page is in the tab in which this run pressed the server's button.
    fn is_pressed_in(&self, page: &Page) -> bool {
        self.pressed_in.as_ref() == Some(&page.tab)
    }

    /// Whether the last button was pressed on this very page.
    pub fn was_pressed_on(&self, page: &Page) -> bool {
        self.pressed_on.as_ref() == Some(&page.document)
    }

    fn enable(&self, page: &Page, handle: &str) -> Action {
        match (self.pressed.enable, self.pressed.connect) {
            (false, false) => self.press(page, Button::Enable, handle),
            _ if self.is_blocked(page) => Action::HandOver(Why::Blocked(Button::Enable)),
            _ if self.awaits_answer(page) => Action::Wait(Waiting::Answer(Button::Enable)),
            // The page may be the one on which the button was just pressed.
            _ if !page.settled => Action::Wait(Waiting::Page),
            (true, false) => Action::HandOver(Why::PressedBefore(Button::Enable)),
            (_, true) => self.not_taken(),
        }
    }

    fn complete(&self, page: &Page, handle: &str) -> Action {
        match (self.pressed.connect, page.settled) {
            // Somebody else's, or begun so long ago that this program does not count it as its own any more.
            (false, _) if !self.pressed.enable && !self.begun => Action::HandOver(Why::OtherSetup),
            (false, _) if self.is_blocked(page) => Action::HandOver(Why::Blocked(Button::Complete)),
            (false, _) if self.awaits_answer(page) => Action::Wait(Waiting::Answer(Button::Complete)),
            // It only leads to the cloud once more, and not for ever.
            (false, true) if self.opened >= MOST_OPENED => Action::HandOver(Why::NoProgress),
            (false, true) => self.press(page, Button::Complete, handle),
            (false, false) => Action::Wait(Waiting::Page),
            (true, false) => Action::Wait(Waiting::Page),
            (true, true) => self.not_taken(),
        }
    }

    fn on_cloud(&self, page: &Page) -> Action {
        if page.matches.iter().any(|found| found.row == pages::ALREADY_EXISTS.id) {
            return Action::Stop(Trap::AlreadyExists);
        }
        if self.pressed.connect {
            // A server that is slow is not a way that is blocked: that has a sign of its own, or the time is over.
            return match page.blocked || self.late {
                true => Action::Stop(Trap::ReturnBlocked),
                false => Action::Wait(Waiting::Answer(Button::Connect)),
            };
        }
        if self.late && self.pressed.enable {
            // What is chosen now comes too late for the server, and would leave a record without a connection.
            return Action::Stop(Trap::WindowMissed);
        }
        if page.path != pages::SELECTION.path {
            return Action::Wait(Waiting::SignIn(Some(Side::Cloud)));
        }
        if !page.steady {
            return Action::Wait(Waiting::Page);
        }
        if matching(page, pages::SELECTION_SERVER).next().is_some() {
            return Action::HandOver(Why::OtherServer);
        }
        let is_ours = self.is_pressed_in(page) && self.way != Way::Elsewhere;
        let all: Vec<&Match> = matching(page, pages::CONNECT).collect();
        let right: Vec<&&Match> = all.iter().filter(|found| found.beside == Beside::Right).collect();
        let unclear = all.iter().any(|found| found.beside == Beside::Unclear);
        match (right.as_slice(), unclear) {
            ([only], false) if self.pressed.enable && is_ours => {
                self.press(page, Button::Connect, &only.handle)
            }
            ([_], false) if self.pressed.enable => Action::HandOver(Why::NotFollowed),
            // This flow was not begun from the right server.
            ([_], false) => Action::HandOver(Why::NoMatch(pages::ENABLE.id)),
            ([], false) if !page.settled => Action::Wait(Waiting::Page),
            ([], false) if all.is_empty() => Action::HandOver(Why::NoMatch(pages::CONNECT.id)),
            ([], false) => Action::Stop(Trap::NotListed),
            _ => Action::HandOver(Why::Several(pages::CONNECT.id)),
        }
    }

    /// A button that the browser refuses to press may be out of reach for a moment only, but is not tried for ever.
    fn press(&self, page: &Page, button: Button, handle: &str) -> Action {
        if self.refused >= MOST_REFUSED {
            return Action::HandOver(Why::OutOfReach(button));
        }
        match (&page.account, self.login(button)) {
            (Some(account), Some(expected)) if !account.eq_ignore_ascii_case(expected) => match self.declined
            {
                true => Action::HandOver(Why::OtherAccount(button)),
                false => Action::AskFor(button, account.clone()),
            },
            _ => Action::Press(button, handle.to_owned()),
        }
    }

    /// Who is expected to be signed in on the side of a button.
    pub fn login(&self, button: Button) -> Option<&str> {
        match button {
            Button::Enable | Button::Complete => self.logins.server.as_deref(),
            Button::Connect => self.logins.cloud.as_deref(),
        }
    }

    fn open(&self, page: &Page) -> Action {
        match self.opened < MOST_OPENED {
            // It was opened, and the server has not answered yet.
            _ if self.opened_on.as_ref() == Some(&page.document) => Action::Wait(Waiting::Page),
            true => Action::OpenSettings,
            false => Action::HandOver(Why::NoProgress),
        }
    }
}

/// How many elements match a row.
enum Found<'a> {
    None,
    One(&'a str),
    Several,
}

fn one<'a>(page: &'a Page, row: &Row) -> Found<'a> {
    let mut all = matching(page, row);
    match (all.next(), all.next()) {
        (None, _) => Found::None,
        (Some(only), None) => Found::One(&only.handle),
        (Some(_), Some(_)) => Found::Several,
    }
}

fn matching<'a>(page: &'a Page, row: &Row) -> impl Iterator<Item = &'a Match> {
    let id = row.id;
    page.matches.iter().filter(move |found| found.row == id)
}

/// Whether GitHub itself is there, where GitHub Connect may be set up.
fn is_cloud(authority: &str) -> bool {
    let host = authority.trim_end_matches(":443");
    host == "github.com"
        || host.strip_suffix(".ghe.com").is_some_and(|name| !name.contains('.') && name != "auth")
}

/// Whether a person is asked who they are.
pub(crate) fn is_sign_in(path: &str) -> bool {
    ["/login", "/session", "/sessions", "/sso", "/saml"]
        .iter()
        .any(|start| path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
        || path.ends_with("/sso")
}

/// A sign-in that leads elsewhere is answered by opening the page once more, but not for ever.
const MOST_OPENED: u8 = 4;
const MOST_REFUSED: u8 = 3;

#[cfg(test)]
mod tests;
