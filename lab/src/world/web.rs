//! The web pages of both sides in world files, and the person who sits before them.

use serde::Deserialize;

/// What the pages look like, and what becomes of what is pressed on them.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Web {
    /// How long the setup may take, from the press on the server to the return to it.
    pub window_seconds: u32,
    /// For how long whoever presses takes a setup to be good; without being said, as long as the documentation says.
    pub hurry_seconds: Option<u32>,
    /// How things stand at the start; without being said, as the enterprise's installations and what they sent tell.
    pub start: Option<Start>,
    /// The enterprises whose selection the cloud offers, in order; without being said, the world's enterprise, if the
    /// person owns it.
    pub enterprises: Option<Vec<Choice>>,
    /// As what the enterprises are listed.
    pub listed_as: ListedAs,
    /// The enterprise's slug stands elsewhere on the selection page, too, and who is not eligible is listed without a button.
    pub names_elsewhere: bool,
    /// The language of the pages.
    pub lang: Lang,
    /// What the button on the server is called.
    pub enable_label: Option<String>,
    /// What the buttons on the cloud are called.
    pub connect_label: Option<String>,
    /// What the two buttons are.
    pub buttons: Buttons,
    /// Where the two buttons are.
    pub position: Position,
    /// Where a second button has the same name.
    pub two_buttons: Places,
    /// Signing in takes a second factor.
    pub otp: bool,
    /// The enterprise wants single sign-on by the identity provider before it shows anything.
    pub sso: bool,
    /// After how many seconds a session ends, on either side.
    pub session_expires_after: Option<u32>,
    /// Whether the cloud's selection page forbids that its form leads back to the server; without being said, on GHE.com.
    pub csp: Option<Csp>,
    /// What the account's billing page shows.
    pub billing: BillingPage,
    /// The server's settings page is not there.
    pub settings_page_missing: bool,
    /// The server reaches the cloud when the setup begins.
    pub reaches_cloud: bool,
    /// The server logs that it is connected (facts §3.1: whether a current one does is unverified).
    pub logs_connection: bool,
    /// The person.
    pub person: Person,
}

impl Default for Web {
    fn default() -> Web {
        Web {
            window_seconds: 300,
            hurry_seconds: None,
            start: None,
            enterprises: None,
            listed_as: ListedAs::List,
            names_elsewhere: false,
            lang: Lang::En,
            enable_label: None,
            connect_label: None,
            buttons: Buttons::Button,
            position: Position::Usual,
            two_buttons: Places::None,
            otp: true,
            sso: false,
            session_expires_after: None,
            csp: None,
            billing: BillingPage::Invoice,
            settings_page_missing: false,
            reaches_cloud: true,
            logs_connection: true,
            person: Person::default(),
        }
    }
}

/// How both sides stand at the start.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Neither knows of a connection.
    NotConnected,
    /// The setup was begun on the server just now.
    Pending,
    /// The account has a record, of which the server does not know.
    Orphan,
    /// Both know of the connection.
    Connected,
}

/// An enterprise on the cloud's selection page.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Choice {
    /// The last part of its URL.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// It may use GitHub Connect; others are not listed.
    #[serde(default = "yes")]
    pub eligible: bool,
}

/// As what the enterprises are listed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum ListedAs {
    /// The items of a list.
    List,
    /// The rows of a table.
    Table,
}

/// The language of the pages.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Lang {
    /// English.
    En,
    /// German.
    De,
}

/// What the two buttons are.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Buttons {
    /// Buttons.
    Button,
    /// Links that a script makes submit the form.
    Link,
}

/// Where the two buttons are.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Position {
    /// Where one sees them at once.
    Usual,
    /// Below what fits on a screen.
    Below,
    /// Beneath a notice that has to be closed first.
    Covered,
}

/// Neither side, one of them, or both.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Places {
    None,
    Server,
    Cloud,
    Both,
}

impl Places {
    pub(crate) fn on_server(self) -> bool {
        matches!(self, Places::Server | Places::Both)
    }

    pub(crate) fn on_cloud(self) -> bool {
        matches!(self, Places::Cloud | Places::Both)
    }
}

/// Where the form of the selection page may lead.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Csp {
    /// To the server, too.
    Permits,
    /// Not to the server (facts §2).
    Forbids,
    /// The page has no policy.
    None,
}

/// What the account's billing page shows.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum BillingPage {
    /// The latest invoice.
    Invoice,
    /// The end of a trial.
    Trial,
    /// A credit card.
    Card,
    /// There is no such page.
    Missing,
}

/// The person before the browser. Without further words all is left to whoever drives it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Person {
    /// The login on the cloud: that of the cloud's token, or `somebody-else`, who owns nothing.
    #[serde(rename = "as")]
    pub on_cloud: Option<String>,
    /// The login on the server: that of the server's token, or `somebody-else`, who administers nothing.
    #[serde(rename = "as-on-server")]
    pub on_server: Option<String>,
    /// The password, on both sides and at the identity provider.
    pub password: String,
    /// The code of the second factor.
    pub code: String,
    /// They sign in by themselves after so many seconds, on every page that asks.
    pub signs_in_after_seconds: Option<u32>,
    /// They never do, whatever else is said.
    pub never: bool,
    /// They also press the two buttons by themselves, as soon as these are there.
    pub presses: bool,
}

impl Default for Person {
    fn default() -> Person {
        Person {
            on_cloud: None,
            on_server: None,
            password: "correct-horse-battery-staple".into(),
            code: "314159".into(),
            signs_in_after_seconds: None,
            never: false,
            presses: false,
        }
    }
}

impl Person {
    /// After how many seconds the person acts without being asked.
    pub(crate) fn delay(&self) -> Option<u32> {
        self.signs_in_after_seconds.filter(|_| !self.never)
    }
}

fn yes() -> bool {
    true
}
