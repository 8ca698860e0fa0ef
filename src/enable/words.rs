//! What a person reads before, during and after: what will happen, what each press means, what to do next.

use std::time::Duration;

use gh_connect_enable::{
    flow::{Button, Pressed, Trap, Why},
    journal::Entry,
    pages::{self, Side},
    verify::{Evidence, ServerSays},
};
use gh_connect_engine::ConnectTarget;
use gh_connect_lab::{Lab, world::Person};
use jiff::Timestamp;
use serde::Serialize;

use super::walk::MOST_PATIENCE;
use crate::report::story;

/// The terms that pressing **Enable GitHub Connect** accepts (facts 1.7).
pub(super) const TERMS: &str = "https://docs.github.com/en/site-policy/github-terms/github-terms-for-additional-products-and-features#connect";
/// What GitHub says about it.
pub(super) const DOCS: &str = "https://docs.github.com/en/enterprise-server@latest/admin/configuring-settings/configuring-github-connect";

/// The addresses of a flow.
#[derive(Clone, Serialize)]
pub(super) struct Addresses {
    /// The page on the server.
    pub(super) settings: String,
    /// The account's page of billing.
    pub(super) billing: String,
    /// The account's known installations.
    pub(super) installations: String,
}

/// The server as a person writes it: without the port that https implies.
pub(super) fn server(target: &ConnectTarget) -> &str {
    target.server.strip_suffix(":443").unwrap_or(&target.server)
}

impl Addresses {
    /// Of a target, on a server with this enterprise account of its own.
    pub(super) fn of(target: &ConnectTarget, server_slug: &str) -> Self {
        let server = server(target);
        let path = pages::SETTINGS.path_for(server_slug, &target.enterprise);
        let account = format!("https://{}/enterprises/{}", target.cloud, target.enterprise);
        Self {
            settings: format!("https://{server}{path}"),
            billing: format!("{account}/settings/billing"),
            installations: format!("{account}/enterprise_installations"),
        }
    }
}

/// On whose word a connection is verified, where the server itself did not tell.
pub(super) fn of_a_person(evidence: &Evidence) -> Option<String> {
    match &evidence.server {
        ServerSays::Word { by } => Some(format!("the cloud's record, and the word of {by}")),
        _ => None,
    }
}

/// A connection that an earlier run made and verified, and that is still there.
pub(super) fn verified_before(verified: &Entry, target: &ConnectTarget) -> String {
    let Entry { at, note, by, .. } = verified;
    let by = by.as_ref().map(|by| format!("; {by} agreed to it")).unwrap_or_default();
    format!(
        "Already connected: verified at {at} ({note}{by}), and {} still has the same record of it.\nNothing is pressed.",
        target.cloud
    )
}

/// What exists, now or after all of it is done, and how to undo it.
pub(super) fn afterwards(target: &ConnectTarget, addresses: &Addresses, is_there: bool) -> String {
    let (server, ConnectTarget { enterprise, cloud, .. }) = (server(target), target);
    let (exists, off) = match is_there {
        true => ("What exists now", "What is still off"),
        false => ("What will exist afterwards", "What will be off then"),
    };
    let watch: String = WATCH.iter().map(|what| format!("  - {what}\n")).collect();
    format!(
        "\
{exists}
  - a GitHub App that {enterprise} owns, on {cloud}
  - its private key on every node of {server}, and in every backup and snapshot from now on
  - tokens of that App, each valid for one hour

{off}
  Every feature. Turn on what you need: {settings}

How to undo it
  {UNDO}

What to watch
{watch}",
        settings = addresses.settings
    )
}

/// How to undo it.
pub(super) const UNDO: &str = "\"Disable GitHub Connect\" on the same page, and once more to confirm. That deletes the App and the credentials on the server.";
/// What to watch from then on.
pub(super) const WATCH: [&str; 3] = [
    "the server reports once a week: gh-connect status",
    "a restored backup or a clone of the server carries the same key",
    DOCS,
];

/// How long a person who presses by themselves is waited for.
pub(super) fn patience() -> String {
    format!("{} minutes", MOST_PATIENCE.as_secs() / 60)
}

/// What the person does in their own browser.
pub(super) fn by_hand(
    target: &ConnectTarget,
    addresses: &Addresses,
    opened: bool,
    pressed: Pressed,
) -> String {
    let (server, ConnectTarget { enterprise, cloud, .. }) = (server(target), target);
    let verb = if opened { "Your browser opens" } else { "Open in your browser" };
    // What the page offers depends on what was pressed before, and this program does not see it.
    let press = match pressed {
        Pressed { enable: false, connect: false } => {
            ", and press \"Enable GitHub Connect\".".to_owned()
        }
        _ => [
            ". Look first which button the page shows:",
            "          - \"Disable GitHub Connect\": it is connected. Press nothing more.",
            "          - \"Complete your GitHub Connect setup\": press it. It goes on with the setup that was begun.",
            "          - \"Enable GitHub Connect\": press it.",
        ]
        .join("\n"),
    };
    format!(
        "\
Step 1  {verb}: {}
Step 2  Sign in as an owner of {server}{press}
Step 3  On {cloud}, sign in as an owner of {enterprise}, and press \"Connect\" beside {enterprise} within 5 minutes.
Step 4  Back on the server, the page shows the features, each off.
gh-connect watches both sides for {}, and says what it sees. Ctrl-C ends that.",
        addresses.settings,
        patience(),
    )
}

/// What the person is asked where the server's log does not tell.
pub(super) fn what_the_page_shows(addresses: &Addresses) -> String {
    format!(
        "\
The server's audit log does not tell whether it is connected. Look at {}
  1  it shows features and \"Disable GitHub Connect\"
  2  it offers \"Enable GitHub Connect\", or says that the setup was not completed",
        addresses.settings
    )
}

/// Which browser is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Used {
    /// One that is based on Chromium.
    Chromium,
    /// The person's own.
    Own,
}

/// The trap of GHE.com, before anybody agrees.
pub(super) fn way_back_may_be_blocked(used: Used, has_firefox: bool, target: &ConnectTarget) -> String {
    let (server, cloud) = (server(target), &target.cloud);
    let what = format!(
        "On {cloud}, browsers based on Chromium (Chrome, Edge and others) may block the way back to {server} after \"Connect\"\n  \
         (the page's form-action policy). The record on {cloud} then has no connection, and an owner has to remove it."
    );
    let then = match (used, has_firefox) {
        (Used::Own, _) => "Use Firefox for both sides.",
        (Used::Chromium, true) => "Use --browser firefox.",
        (Used::Chromium, false) => {
            "Install Firefox and use --browser firefox, or use Firefox elsewhere with --browser accompany."
        }
    };
    format!("{what}\n  {then}")
}

/// What a person does now, where the program waits for them.
pub(super) fn sign_in(side: Option<Side>, target: &ConnectTarget) -> String {
    match side {
        Some(Side::Server) => {
            format!("Sign in to {} in the window, as an owner of the server.", server(target))
        }
        Some(Side::Cloud) => {
            format!("Sign in to {} in the window, as an owner of {}.", target.cloud, target.enterprise)
        }
        None => "Sign in in the window, with your identity provider.".to_owned(),
    }
}

/// Another account is signed in than the one whose token the check was made with.
pub(super) fn other_account(button: Button, account: &str, expected: &str, target: &ConnectTarget) -> String {
    let site = site(button, target);
    format!("{site} is signed in as {account} in the window. The check was made with a token of {expected}.")
}

/// What is waited for after a press. A site that is slow looks like one that does nothing.
pub(super) fn answer(button: Button, target: &ConnectTarget) -> String {
    let (server, cloud) = (server(target), &target.cloud);
    let what = match button {
        Button::Enable | Button::Complete => format!("{server} to lead the browser to {cloud}"),
        Button::Connect => format!("the browser to come back to {server}"),
    };
    format!(
        "\"{}\" was pressed. Waiting for {what}. This may be slow: gh-connect waits until the 5 minutes are over that the setup is good for. If the window asks for something, do it there.",
        self::button(button)
    )
}

/// What was measured between the two presses closes the gate.
pub(super) fn refused() -> [String; 2] {
    [
        "What was measured immediately before the press does not permit it.".to_owned(),
        "Mend what is named above, then run gh-connect enable again. It asks both sides first, and presses nothing twice."
            .to_owned(),
    ]
}

/// Why nothing is waited for any more.
pub(super) fn gave_up(patience: Duration, addresses: &Addresses) -> [String; 2] {
    let time = match patience.as_secs() {
        seconds @ 0..60 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds / 60),
    };
    [
        format!("Nothing has happened for {time}."),
        format!(
            "Look at {}, then run gh-connect enable again. It asks both sides first, and presses nothing twice.",
            addresses.settings
        ),
    ]
}

/// How a browser gets into a lab world, and as who it signs in there. The lab's person and password are the world's own.
pub(super) fn way_into_lab(lab: &Lab) -> String {
    let person = lab.person();
    let login = |login: &Option<String>| login.clone().unwrap_or_default();
    format!(
        "\
The pages of this lab world are reached by its own proxy only
  proxy    {}
  root     {}
  server   {}, password {}, code {}
  cloud    {}, with the same password and code
",
        lab.browser_proxy(),
        lab.directory().join("public-ca.pem").display(),
        login(&person.on_server),
        person.password,
        person.code,
        login(&person.on_cloud),
    )
}

/// As who a person signs in in the window that is driven, in a lab world. Nothing of it is a secret.
pub(super) fn person_of_lab(lab: &Lab) -> String {
    let person = lab.person();
    let login = |login: &Option<String>| login.clone().unwrap_or_default();
    let who = match person.signs_in_after_seconds.filter(|_| !person.never) {
        Some(seconds) => {
            let after = story::counted(seconds as usize, "second", "seconds");
            format!("The person of this lab world signs in by themselves, {after} after each page that asks")
        }
        None => "Sign in as the person of this lab world".to_owned(),
    };
    let Person { password, code, .. } = &person;
    format!(
        "{who}: {} on the server, {} on the cloud, password {password}, code {code}.",
        login(&person.on_server),
        login(&person.on_cloud),
    )
}

/// The site on which a button is.
pub(super) fn site(button: Button, target: &ConnectTarget) -> &str {
    match button {
        Button::Enable | Button::Complete => server(target),
        Button::Connect => &target.cloud,
    }
}

/// A button, by its name on the page.
pub(super) fn button(button: Button) -> &'static str {
    match button {
        Button::Enable => pages::ENABLE.name,
        Button::Complete => pages::COMPLETE.name,
        Button::Connect => pages::CONNECT.name,
    }
}

/// Why the program hands over, and which assumption was wrong.
pub(super) fn hand_over(why: Why) -> String {
    let row = |id: &str| {
        let row = pages::ALL.iter().find(|row| row.id == id);
        row.map_or_else(String::new, |row| format!(" (row {}: {} \"{}\")", row.id, row.role, row.name))
    };
    match why {
        Why::NoMatch(id) => {
            let who = match id {
                id if id == pages::ENABLE.id => "who is signed in may not be an owner of the server",
                _ => {
                    "who is signed in may not own an enterprise account that can be connected (not a trial, nor paid by credit card)"
                }
            };
            format!(
                "The page does not have the expected element{}: {who}, or the page is in another language or of another release.",
                row(id)
            )
        }
        Why::Several(id) if id == pages::CONNECT.id => format!(
            "More than one element matches{}, or none is clearly beside the account: a link to it, or its slug beside its display name, tells.",
            row(id)
        ),
        Why::Several(id) => {
            format!("More than one element matches{}, and it is not clear which is meant.", row(id))
        }
        Why::NotVerified => {
            "The browser did not verify the certificate of this page. Nothing is pressed here.".to_owned()
        }
        Why::NotReached => {
            "The browser shows an error page of its own: it does not reach the site.".to_owned()
        }
        Why::NoProgress => {
            "The settings page was opened several times, and the browser always went elsewhere.".to_owned()
        }
        Why::Restless => {
            "The page changes all the time. gh-connect presses a button only on a page that stands still."
                .to_owned()
        }
        Why::Dialog => {
            "The page has opened a dialog. gh-connect answers none, and reads nothing of a page behind one."
                .to_owned()
        }
        Why::Silent => {
            "The browser does not tell what the page shows: the page is busy, or larger than any of GitHub's."
                .to_owned()
        }
        Why::OtherSetup => format!(
            "The page offers \"{}\"{}: a setup was begun there, and not by this program. Somebody else may be at it: ask the server's owners, and go on with it only if it is yours, or for the same enterprise account.",
            pages::COMPLETE.name,
            row(pages::COMPLETE.id)
        ),
        Why::OtherServer => format!(
            "The page names another server than the one that was checked{}. Read its heading: press \"{}\" only if it is your server.",
            row(pages::SELECTION_SERVER.id),
            pages::CONNECT.name
        ),
        Why::NotFollowed => format!(
            "The page is not what the press on the server led to{}: it may belong to the setup of another server. Press \"{}\" there only if you know whose setup it is.",
            row(pages::SELECTION.id),
            pages::CONNECT.name
        ),
        Why::Blocked(pressed) => format!(
            "The page's own policy (form-action) forbids where \"{}\" leads: the server may be set up for another cloud than the one that was checked.",
            button(pressed)
        ),
        Why::PressedBefore(pressed) => format!(
            "\"{}\" was pressed before, and the page offers it again. gh-connect presses each button once.",
            button(pressed)
        ),
        Why::OtherAccount(unpressed) => format!(
            "\"{}\" is not pressed in the name of another account without your word. Sign in as the account above, or press it yourself.",
            button(unpressed)
        ),
        Why::OutOfReach(unpressed) => format!(
            "\"{}\" is on the page, and a click does not reach it, or nothing of it can be seen. Look for what lies over it.",
            button(unpressed)
        ),
    }
}

/// Why the flow ended, and what to do: what was seen, then what to do about it.
pub(super) fn trap(
    trap: Trap,
    target: &ConnectTarget,
    addresses: &Addresses,
    pressed: Pressed,
) -> [String; 2] {
    let ConnectTarget { server, enterprise, cloud, .. } = target;
    let host = server.rsplit_once(':').map_or(server.as_str(), |(host, _)| host);
    let is_ghe_com = cloud != "github.com";
    match trap {
        Trap::WindowClosed => [
            "The window was closed before the connection was made.".to_owned(),
            "Run gh-connect enable again. It asks both sides first, and presses nothing twice.".to_owned(),
        ],
        Trap::BrowserCrashed => [
            "The browser ended, or does not answer.".to_owned(),
            "Run gh-connect enable again, with another browser (--browser firefox) or with your own (--browser accompany).".to_owned(),
        ],
        Trap::AlreadyExists => [
            format!("{cloud} says that a connection for {host} already exists: one was left half-way, or another server has this name."),
            format!("An owner of {enterprise} removes {host} from the known installations, {}. Then run gh-connect enable again.", addresses.installations),
        ],
        Trap::NotListed => [
            format!("{enterprise} is not among the enterprise accounts that {cloud} offers to the person who is signed in."),
            format!("Sign in as an owner of {enterprise}. If you are its owner, the account may not be eligible (a trial, or paid by credit card): {}", addresses.billing),
        ],
        Trap::WindowMissed if !pressed.connect => [
            "The 5 minutes are over in which the setup has to be completed. \"Connect\" was not pressed.".to_owned(),
            "Run gh-connect enable again, and sign in on both sides in one go.".to_owned(),
        ],
        Trap::WindowMissed => [
            "The server does not show the connection: the setup was not completed within 5 minutes.".to_owned(),
            format!("An owner of {enterprise} removes {host} from the known installations, {}. Then run gh-connect enable again, in one go.", addresses.installations),
        ],
        Trap::SessionEnded => [
            "The session on the server ended on the way, and the setup is bound to it.".to_owned(),
            format!("An owner of {enterprise} removes {host} from the known installations, {}. Then run gh-connect enable again, in one go.", addresses.installations),
        ],
        Trap::OtherCloud => [
            format!("The server led the browser to another cloud than {cloud}: it is set up for that one."),
            "An administrator of the server sets where GitHub Connect leads (gh-connect explain ghe-com/still-configured), then run gh-connect enable again.".to_owned(),
        ],
        Trap::ReturnBlocked => [
            "After \"Connect\" the browser did not come back to the server.".to_owned(),
            match is_ghe_com {
                true => format!(
                    "On GHE.com, browsers based on Chromium may block this step (the page's form-action policy). An owner of {enterprise} removes {host} from the known installations, {}. Then run gh-connect enable --browser firefox.",
                    addresses.installations
                ),
                false => format!("Open {} and see whether it is connected, then run gh-connect status.", addresses.settings),
            },
        ],
    }
}

/// Why a run presses nothing itself, and for how long.
pub(super) fn not_pressed_until(over: Timestamp, is_handed_over: bool) -> String {
    let why = match is_handed_over {
        true => "An earlier run left the buttons to the person, who may have pressed them",
        false => "An earlier run may have pressed \"Connect\"",
    };
    format!(
        "{why}: until {} UTC gh-connect presses none itself. That is 10 minutes after the last press that is known or possible: from then on, if GitHub lists no connection, a run begins a new setup.",
        over.strftime("%H:%M:%S")
    )
}
