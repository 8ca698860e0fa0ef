use proptest::prelude::*;

use super::*;

const SETTINGS: &str = "/enterprises/corp/settings/dotcom_connection";

const TAB: &str = "tab";

fn target() -> ConnectTarget {
    ConnectTarget {
        server: "ghes.corp.example:443".to_owned(),
        enterprise: "acme".to_owned(),
        cloud: "github.com".to_owned(),
        vantage: "here".to_owned(),
    }
}

fn flow(enable: bool, connect: bool) -> Flow {
    let pressed_in = enable.then(|| TAB.to_owned());
    Flow { opened: 1, pressed_in, ..Flow::new(target(), "corp", Pressed { enable, connect }) }
}

fn page(host: &str, path: &str, matches: &[(&'static str, Beside)]) -> Page {
    let matches = matches.iter().enumerate().map(|(nth, (row, beside))| Match {
        row,
        beside: *beside,
        handle: format!("h{nth}"),
    });
    Page {
        authority: format!("{host}:443"),
        path: path.to_owned(),
        tab: TAB.to_owned(),
        verified: true,
        matches: matches.collect(),
        steady: true,
        settled: true,
        ..Page::default()
    }
}

fn server(path: &str, rows: &[&'static str]) -> Page {
    let rows: Vec<_> = rows.iter().map(|row| (*row, Beside::Unclear)).collect();
    page("ghes.corp.example", path, &rows)
}

fn selection(beside: &[Beside]) -> Page {
    let rows: Vec<_> = beside.iter().map(|beside| ("connect-button", *beside)).collect();
    page("github.com", "/enterprise_installations/new", &rows)
}

#[test]
fn every_page_has_its_next_action() {
    use Action::{HandOver, OpenSettings, Press, Stop, Verify, Wait};
    use Beside::{Other, Right, Unclear};
    let press = |button| Press(button, "h0".to_owned());
    let sign_in = |side| Wait(Waiting::SignIn(side));
    let exists = page("github.com", "/enterprise_installations/new", &[("already-exists", Unclear)]);
    let mut other_server = selection(&[Right]);
    other_server.matches.push(Match { row: "selection-server", beside: Other, handle: "h0".to_owned() });
    // By the journal of an earlier run: this one has pressed nothing.
    let resumed = Flow { pressed_in: None, ..flow(true, false) };
    let stopped = Flow { begun: true, ..flow(false, false) };
    let fresh = flow(false, false);
    let (enabled, done) = (flow(true, false), flow(true, true));
    let late = |connect| Flow { late: true, ..flow(true, connect) };
    let mut signed_out = flow(true, true);
    signed_out.saw(&Seen::Page(server("/login", &[])));
    let awaiting = Flow { pressed_on: Some(String::new()), ..flow(true, false) };
    for (flow, seen, expected) in [
        // The new window, the sign-in on the server, a page that the sign-in led to.
        (&fresh, Page::default(), OpenSettings),
        (&fresh, server("/login", &[]), sign_in(Some(Side::Server))),
        (&fresh, server("/sessions/two-factor/app", &[]), sign_in(Some(Side::Server))),
        (&fresh, server("/", &[]), OpenSettings),
        (&fresh, page("idp.corp.example", "/authorize", &[]), sign_in(None)),
        // The settings page.
        (&fresh, server(SETTINGS, &["enable-button"]), press(Button::Enable)),
        (
            &fresh,
            server(SETTINGS, &["enable-button", "enable-button"]),
            HandOver(Why::Several("enable-button")),
        ),
        (&fresh, server(SETTINGS, &[]), HandOver(Why::NoMatch("enable-button"))),
        (&fresh, server("/enterprises/other/settings/dotcom_connection", &["enable-button"]), OpenSettings),
        (&fresh, server(SETTINGS, &["disable-button"]), Verify),
        (
            &fresh,
            server(SETTINGS, &["disable-button", "enable-button"]),
            HandOver(Why::Several("disable-button")),
        ),
        // A setup is gone on with by who began it.
        (&enabled, server(SETTINGS, &["complete-button", "not-completed"]), press(Button::Complete)),
        (&fresh, server(SETTINGS, &["complete-button", "not-completed"]), HandOver(Why::OtherSetup)),
        (&fresh, server(SETTINGS, &["complete-button", "enable-button"]), HandOver(Why::OtherSetup)),
        (
            &fresh,
            server(SETTINGS, &["complete-button", "complete-button"]),
            HandOver(Why::Several("complete-button")),
        ),
        (&enabled, server(SETTINGS, &["enable-button"]), HandOver(Why::PressedBefore(Button::Enable))),
        (&done, server(SETTINGS, &["enable-button"]), Stop(Trap::WindowMissed)),
        (&done, server(SETTINGS, &["not-completed", "complete-button"]), Stop(Trap::WindowMissed)),
        (&done, server(SETTINGS, &["disable-button"]), Verify),
        // A setup that is not completed is no connection, whatever else is there.
        (
            &done,
            server(SETTINGS, &["disable-button", "complete-button"]),
            HandOver(Why::Several("disable-button")),
        ),
        (
            &done,
            server(SETTINGS, &["disable-button", "not-completed"]),
            HandOver(Why::Several("disable-button")),
        ),
        (
            &done,
            Page { settled: false, ..server("/admin/dotcom_connection/change_complete", &[]) },
            Wait(Waiting::Page),
        ),
        (&done, server("/admin/dotcom_connection/change_complete", &["enable-button"]), OpenSettings),
        // The cloud.
        (&enabled, page("github.com", "/login", &[]), sign_in(Some(Side::Cloud))),
        (&enabled, page("github.com", "/enterprises/acme/sso", &[]), sign_in(Some(Side::Cloud))),
        (&enabled, selection(&[Right]), press(Button::Connect)),
        (&enabled, selection(&[Right, Other, Other]), press(Button::Connect)),
        (&enabled, selection(&[Right, Right]), HandOver(Why::Several("connect-button"))),
        (&enabled, selection(&[Right, Unclear]), HandOver(Why::Several("connect-button"))),
        (&enabled, selection(&[Unclear]), HandOver(Why::Several("connect-button"))),
        (&enabled, selection(&[Other]), Stop(Trap::NotListed)),
        (&enabled, selection(&[]), HandOver(Why::NoMatch("connect-button"))),
        (&enabled, exists.clone(), Stop(Trap::AlreadyExists)),
        // Another server's setup, or a page that the press did not lead to.
        (&enabled, other_server, HandOver(Why::OtherServer)),
        (&enabled, Page { tab: "other".to_owned(), ..selection(&[Right]) }, HandOver(Why::NotFollowed)),
        (&stopped, server(SETTINGS, &["complete-button"]), press(Button::Complete)),
        (&resumed, selection(&[Right]), HandOver(Why::NotFollowed)),
        (&resumed, server(SETTINGS, &["complete-button"]), press(Button::Complete)),
        (&fresh, selection(&[Right]), HandOver(Why::NoMatch("enable-button"))),
        // A return that is slow is no return that is blocked.
        (&done, selection(&[Right]), Wait(Waiting::Answer(Button::Connect))),
        (&done, page("github.com", "/sessions/sudo", &[]), Wait(Waiting::Answer(Button::Connect))),
        (&done, Page { blocked: true, ..selection(&[Right]) }, Stop(Trap::ReturnBlocked)),
        (&late(true), selection(&[Right]), Stop(Trap::ReturnBlocked)),
        (
            &done,
            Page { verified: false, failed: true, ..server("/admin/dotcom_connection/change_complete", &[]) },
            Stop(Trap::ReturnBlocked),
        ),
        // After five minutes nothing is chosen any more: the server would not take it.
        (&late(false), selection(&[Right]), Stop(Trap::WindowMissed)),
        (&late(false), page("github.com", "/login", &[]), Stop(Trap::WindowMissed)),
        (&late(true), server(SETTINGS, &["disable-button"]), Verify),
        // The page on which the button was pressed is there until the server answers.
        (&awaiting, server(SETTINGS, &["enable-button"]), Wait(Waiting::Answer(Button::Enable))),
        (&awaiting, server(SETTINGS, &["complete-button"]), Wait(Waiting::Answer(Button::Complete))),
        (
            &awaiting,
            Page { blocked: true, ..server(SETTINGS, &["enable-button"]) },
            HandOver(Why::Blocked(Button::Enable)),
        ),
        (
            &awaiting,
            Page { document: "2".to_owned(), ..server(SETTINGS, &["enable-button"]) },
            HandOver(Why::PressedBefore(Button::Enable)),
        ),
        (
            &Flow { late: true, ..awaiting.clone() },
            server(SETTINGS, &["enable-button"]),
            HandOver(Why::PressedBefore(Button::Enable)),
        ),
        (&done, exists, Stop(Trap::AlreadyExists)),
        // The session that began the setup is over.
        (&signed_out, server(SETTINGS, &["complete-button"]), Stop(Trap::SessionEnded)),
        (&signed_out, server(SETTINGS, &["enable-button"]), Stop(Trap::SessionEnded)),
        (&signed_out, server(SETTINGS, &["disable-button"]), Verify),
        // The server is set up for another cloud.
        (&enabled, page("acme.ghe.com", "/login", &[]), Stop(Trap::OtherCloud)),
        (&fresh, page("acme.ghe.com", "/login", &[]), sign_in(None)),
        (&enabled, page("auth.ghe.com", "/login", &[]), sign_in(None)),
        // What looks like the right host and is not, or is not proven to be.
        (
            &fresh,
            page("ghes.corp.example.evil.example", SETTINGS, &[("enable-button", Unclear)]),
            sign_in(None),
        ),
        (
            &fresh,
            Page { verified: false, ..server(SETTINGS, &["enable-button"]) },
            HandOver(Why::NotVerified),
        ),
        (&enabled, Page { verified: false, ..selection(&[Right]) }, HandOver(Why::NotVerified)),
        (&fresh, Page { verified: false, failed: true, ..server(SETTINGS, &[]) }, HandOver(Why::NotReached)),
        (
            &fresh,
            Page { authority: "ghes.corp.example:8443".to_owned(), ..server(SETTINGS, &["enable-button"]) },
            sign_in(None),
        ),
    ] {
        assert_eq!(flow.next(&Seen::Page(seen.clone())), expected, "{:?} on {seen:?}", flow.pressed);
    }
    assert_eq!(fresh.next(&Seen::Closed), Stop(Trap::WindowClosed));
    assert_eq!(fresh.next(&Seen::Crashed), Stop(Trap::BrowserCrashed));
    assert_eq!(enabled.next(&Seen::Dialog), HandOver(Why::Dialog));
    assert_eq!(enabled.next(&Seen::Silent), HandOver(Why::Silent));
}

/// From the cloud a sign-in may lead elsewhere and back; from the server nothing does.
#[test]
fn only_what_the_press_led_to_is_pressed() {
    let (choice, idp) = (selection(&[Beside::Right]), page("idp.corp.example", "", &[]));
    let (sign_in, settings) = (page("github.com", "/login", &[]), server(SETTINGS, &["enable-button"]));
    let press = Action::Press(Button::Connect, "h0".to_owned());
    let elsewhere = Action::HandOver(Why::NotFollowed);
    let in_another = Page { tab: "other".to_owned(), ..idp.clone() };
    for (way, expected) in [
        (vec![], &press),
        (vec![&sign_in, &idp, &sign_in], &press),
        (vec![&settings, &sign_in, &idp], &press),
        (vec![&idp], &elsewhere),
        (vec![&idp, &sign_in], &elsewhere),
        (vec![&in_another], &press),
    ] {
        let mut flow = flow(false, false);
        flow.did_press(Button::Enable, &settings);
        way.iter().for_each(|page| flow.saw(&Seen::Page((*page).clone())));
        assert_eq!(flow.next(&Seen::Page(choice.clone())), *expected, "{way:?}");
        // A press on the server begins the way anew.
        flow.did_press(Button::Complete, &settings);
        assert_eq!(flow.next(&Seen::Page(choice.clone())), press, "{way:?}");
    }
}

#[test]
fn a_page_that_still_loads_is_waited_for() {
    let loading = |page: Page| Seen::Page(Page { settled: false, ..page });
    for (flow, seen) in [
        (flow(false, false), server(SETTINGS, &[])),
        (flow(true, false), server(SETTINGS, &["enable-button"])),
        (flow(true, true), server(SETTINGS, &["enable-button"])),
        (flow(true, true), server(SETTINGS, &["complete-button"])),
        (flow(true, false), selection(&[Beside::Other])),
        (flow(false, false), Page { verified: false, ..server(SETTINGS, &["enable-button"]) }),
        (flow(false, false), Page { steady: false, ..server(SETTINGS, &["enable-button"]) }),
        (flow(true, false), Page { steady: false, ..selection(&[Beside::Right]) }),
        (flow(true, true), Page { steady: false, ..server(SETTINGS, &["disable-button"]) }),
    ] {
        assert_eq!(flow.next(&loading(seen.clone())), Action::Wait(Waiting::Page), "{seen:?}");
        let restless = loading(Page { restless: true, ..seen.clone() });
        assert_eq!(flow.next(&restless), Action::HandOver(Why::Restless), "{seen:?}");
    }
}

#[test]
fn what_is_not_pressed_is_tried_again_and_then_handed_over() {
    let settings = Seen::Page(server(SETTINGS, &["enable-button"]));
    let choice = Seen::Page(selection(&[Beside::Right]));
    for (mut flow, seen, button) in
        [(flow(false, false), settings, Button::Enable), (flow(true, false), choice, Button::Connect)]
    {
        let pressed = flow.pressed;
        for _ in 0..3 {
            assert_eq!(flow.next(&seen), Action::Press(button, "h0".to_owned()));
            flow.did_not_press();
        }
        assert_eq!(flow.next(&seen), Action::HandOver(Why::OutOfReach(button)));
        assert_eq!(flow.pressed, pressed, "what was refused does not count as pressed");
    }
}

#[test]
fn nothing_is_pressed_in_the_name_of_another_account_unasked() {
    let logins = Logins { server: Some("ghe-admin".to_owned()), cloud: Some("octo-owner".to_owned()) };
    let as_who = |page: Page, account: &str| {
        Seen::Page(Page { account: Some(account.to_owned()).filter(|name| !name.is_empty()), ..page })
    };
    for (pressed, page, button, own) in [
        (flow(false, false), server(SETTINGS, &["enable-button"]), Button::Enable, "GHE-admin"),
        (flow(true, false), server(SETTINGS, &["complete-button"]), Button::Complete, "ghe-admin"),
        (flow(true, false), selection(&[Beside::Right]), Button::Connect, "octo-owner"),
    ] {
        let press = Action::Press(button, "h0".to_owned());
        let mut flow = Flow { logins: logins.clone(), ..pressed.clone() };
        // Who is signed in cannot always be read.
        for account in [own, ""] {
            assert_eq!(flow.next(&as_who(page.clone(), account)), press, "{account}");
        }
        let ask = |account: &str| Action::AskFor(button, account.to_owned());
        assert_eq!(flow.next(&as_who(page.clone(), "other")), ask("other"));
        flow.did_ask(button, "other", true);
        assert_eq!(flow.next(&as_who(page.clone(), "other")), press);
        assert_eq!(flow.next(&as_who(page.clone(), "third")), ask("third"), "only that one was agreed to");
        flow.did_ask(button, "third", false);
        let why = Why::OtherAccount(button);
        assert_eq!(flow.next(&as_who(page.clone(), "third")), Action::HandOver(why));
        // Whose token it is is not known.
        assert_eq!(pressed.next(&as_who(page, "other")), press);
    }
}

#[test]
fn the_same_page_is_not_opened_for_ever() {
    let mut flow = flow(false, false);
    let elsewhere = |nth: u8| Seen::Page(Page { document: nth.to_string(), ..server("/dashboard", &[]) });
    for nth in 1..=3 {
        assert_eq!(flow.next(&elsewhere(nth)), Action::OpenSettings);
        flow.did_open(&nth.to_string());
        // The server is slow: the page from which it was opened is still there.
        assert_eq!(flow.next(&elsewhere(nth)), Action::Wait(Waiting::Page));
    }
    assert_eq!(flow.next(&elsewhere(4)), Action::HandOver(Why::NoProgress));
}

fn any_page() -> impl Strategy<Value = Page> {
    let authority =
        proptest::sample::select(&["ghes.corp.example:443", "github.com:443", "evil.example:443", ""][..]);
    let path = proptest::sample::select(&[SETTINGS, "/enterprise_installations/new", "/login", "/"][..]);
    let row = proptest::sample::select(pages::ALL);
    let beside = proptest::sample::select(&[Beside::Right, Beside::Other, Beside::Unclear][..]);
    let found =
        (row, beside, "h[0-9]").prop_map(|(row, beside, handle)| Match { row: row.id, beside, handle });
    let tab = proptest::sample::select(&[TAB, "other"][..]);
    (authority, path, tab, any::<[bool; 3]>(), proptest::collection::vec(found, 0..5)).prop_map(
        |(authority, path, tab, [verified, steady, settled], matches)| Page {
            authority: authority.to_owned(),
            path: path.to_owned(),
            tab: tab.to_owned(),
            verified,
            matches,
            steady,
            settled,
            ..Page::default()
        },
    )
}

proptest! {
    /// Whatever a page shows, each of the two buttons is pressed once at most, on its own host, verified, and where one matches.
    #[test]
    fn nothing_is_pressed_twice_or_elsewhere(pages in proptest::collection::vec(any_page(), 0..30)) {
        let mut flow = Flow::new(target(), "corp", Pressed::default());
        let (mut enables, mut connects) = (0, 0);
        for page in pages {
            match flow.next(&Seen::Page(page.clone())) {
                Action::OpenSettings => flow.did_open(&page.document),
                Action::Press(button, handle) => {
                    let (row, host, beside) = match button {
                        Button::Enable => (pages::ENABLE, "ghes.corp.example:443", None),
                        Button::Complete => (pages::COMPLETE, "ghes.corp.example:443", None),
                        Button::Connect => (pages::CONNECT, "github.com:443", Some(Beside::Right)),
                    };
                    let matching = page.matches.iter().filter(|found| {
                        found.row == row.id && beside.is_none_or(|beside| found.beside == beside)
                    });
                    let handles: Vec<&str> = matching.map(|found| found.handle.as_str()).collect();
                    prop_assert_eq!(handles, [handle.as_str()]);
                    prop_assert!(page.verified && page.steady && page.authority == host);
                    prop_assert!(!flow.pressed.connect, "after Connect nothing is pressed");
                    prop_assert!(flow.pressed.enable || button == Button::Enable, "nothing of another setup");
                    if button == Button::Connect {
                        prop_assert_eq!(flow.pressed_in.as_ref(), Some(&page.tab));
                        prop_assert!(page.matches.iter().all(|found| found.row != pages::SELECTION_SERVER.id));
                    }
                    enables += usize::from(button == Button::Enable);
                    connects += usize::from(button == Button::Connect);
                    flow.did_press(button, &page);
                }
                Action::Wait(_)
                | Action::AskFor(..)
                | Action::Verify
                | Action::HandOver(_)
                | Action::Stop(_) => {}
            }
        }
        prop_assert!(enables <= 1 && connects <= 1);
    }
}
