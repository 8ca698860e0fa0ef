//! What may go wrong in the browser: each with its own message, its exit code, and a journal from which the next run goes on.

use crate::{harness::Place, person::At, worlds};

const ENABLE: &str = "Pressing \"Enable GitHub Connect\".";
const CONNECT: &str = "Pressing \"Connect\".";
const NOTHING: &str = ", 0 of them changed something";

worlds! {
    chromium_is_stopped_by_form_action: "chromium", "[target]\nghe-com = 'acme'", 12,
        [WAY_BACK, "Use --browser firefox.", CONNECT, "did not come back to the server", "form-action", "--browser firefox", "Not verified"], [];
    a_window_that_was_missed: "chromium", "[web]\nwindow-seconds = 1", 12, ["was not completed within 5 minutes", "known installations"], [];
    a_window_that_was_missed_in_firefox: "firefox", "[web]\nwindow-seconds = 1", 12, ["was not completed within 5 minutes"], [];
    a_window_that_was_missed_before_connect: "chromium", SLOW_SELECTION, 11, [ENABLE, MISSED, "1 of them changed"], [CONNECT];
    a_window_that_was_missed_before_connect_in_firefox: "firefox", SLOW_SELECTION, 11, [ENABLE, MISSED, "1 of them changed"], [CONNECT];
    // Chromium holds the page's own policy against it, before it goes there.
    a_server_that_leads_to_ghe_com: "chromium", TO_GHE_COM, 11, [ENABLE, "set up for another cloud", "go on yourself"], [CONNECT];
    a_server_that_leads_to_ghe_com_in_firefox: "firefox", TO_GHE_COM, 11,
        [ENABLE, "led the browser to another cloud than github.com", "ghe-com/still-configured"], [CONNECT];
    a_server_that_leads_to_github_com_in_chromium: "chromium", TO_GITHUB_COM, 11, [ENABLE, "set up for another cloud"], [CONNECT];
    a_server_that_leads_to_github_com: "firefox", TO_GITHUB_COM, 11, [ENABLE, "led the browser to another cloud than acme.ghe.com"], [CONNECT];
    a_connection_that_exists: "chromium", EXISTS, 11, ["a connection for ghes.corp.example already exists", "known installations"], [];
    a_connection_that_exists_in_firefox: "firefox", EXISTS, 11, ["a connection for ghes.corp.example already exists"], [];
    an_account_that_is_not_listed: "chromium", UNLISTED, 11, ["acme is not among the enterprise accounts"], [CONNECT];
    an_account_that_is_not_listed_in_firefox: "firefox", UNLISTED, 11, ["acme is not among the enterprise accounts"], [CONNECT];
    an_account_that_is_named_elsewhere_only: "chromium", ELSEWHERE, 11, ["acme is not among the enterprise accounts"], [CONNECT];
    an_account_that_is_named_elsewhere_only_in_firefox: "firefox", ELSEWHERE, 11, ["acme is not among the enterprise accounts"], [CONNECT];
    an_account_that_is_named_elsewhere_too: "chromium", "[web]\nnames-elsewhere = true\nlisted-as = 'table'", 0, [crate::VERIFIED], [];
    an_account_that_is_not_eligible: "chromium", "[web]\nenterprises = [{ slug = 'acme', name = 'Acme Corp', eligible = false }]", 11,
        ["not a trial, nor paid by credit card", "Nothing has happened"], [CONNECT];
    no_owner_of_the_account: "chromium", "[web.person]\nas = 'somebody-else'", 11, ["may not own an enterprise account", "Signed in there: somebody-else."], [CONNECT];
    no_owner_of_the_server: "chromium", "[web.person]\nas-on-server = 'somebody-else'", 11, ["may not be an owner of the server", "Signed in there: somebody-else.", NOTHING], [ENABLE];
    another_account_on_the_server: "chromium", OTHER_ADMIN, 11,
        ["ghes.corp.example is signed in as ghe-admin in the window. The check was made with a token of ghe-robot.", "go on yourself", NOTHING], [ENABLE];
    another_account_on_the_cloud: "firefox", OTHER_OWNER, 11,
        ["github.com is signed in as octo-owner in the window. The check was made with a token of octo-robot.", "go on yourself"], [CONNECT];
    a_session_that_ends_on_the_way: "chromium", "[web]\nsession-expires-after = 3", 12, ["The session on the server ended on the way"], [];
    a_person_who_never_signs_in: "chromium", "[web.person]\nnever = true", 11, ["Nothing has happened for 20 seconds.", NOTHING], [ENABLE];
    two_buttons_on_the_server: "chromium", "[web]\ntwo-buttons = 'server'", 11, ["More than one element matches", NOTHING], [ENABLE];
    two_buttons_on_the_cloud: "chromium", "[web]\ntwo-buttons = 'cloud'", 11, ["More than one element matches", "1 of them changed"], [CONNECT];
    two_buttons_in_firefox: "firefox", "[web]\ntwo-buttons = 'cloud'", 11, ["More than one element matches"], [CONNECT];
    a_gate_that_shuts_between_the_presses: "chromium", SHUT_BEFORE_CONNECT, 11,
        [AGAIN, ENABLE, "Refused: the second measurement keeps the gate shut", "Mend what is named above", "1 of them changed"], [CONNECT];
    a_gate_that_shuts_between_the_presses_in_firefox: "firefox", SHUT_BEFORE_CONNECT, 11, [ENABLE, "1 of them changed"], [CONNECT];
    another_language: "chromium", "[web]\nlang = 'de'", 11, ["another language", NOTHING], [ENABLE, CONNECT];
    another_language_in_firefox: "firefox", "[web]\nlang = 'de'", 11, ["another language", NOTHING], [ENABLE, CONNECT];
    another_language_in_which_the_person_goes_on: "chromium", "[web]\nlang = 'de'\n[web.person]\npresses = true", 0,
        ["go on yourself", crate::VERIFIED], [ENABLE, CONNECT];
}

const WAY_BACK: &str =
    "browsers based on Chromium (Chrome, Edge and others) may block the way back to ghes.corp.example";

/// On GHE.com only Firefox finds the way back: whoever may use another browser is told before they agree.
#[test]
fn on_ghe_com_firefox_is_offered_before_the_consent() {
    let path = std::env::var("PATH").unwrap();
    let cases: [(&[&str], &str, Option<&str>); 8] = [
        (&["--browser", "chromium"], &path, Some("Use --browser firefox.")),
        (&["--browser", "edge"], &path, Some("Use --browser firefox.")),
        (&["--browser", "chromium"], "/nowhere", Some("Install Firefox and use --browser firefox")),
        (&["--browser", "accompany"], &path, Some("Use Firefox for both sides.")),
        (&["--browser", "auto"], "/nowhere", Some("Use Firefox for both sides.")),
        (&["--browser", "auto", "--headless"], "/nowhere", Some("Install Firefox and use --browser firefox")),
        (&["--browser", "auto", "--headless"], &path, None),
        (&["--browser", "firefox"], &path, None),
    ];
    let place = Place::new("[target]\nghe-com = 'acme'\n");
    for (flags, path, says) in cases {
        let ended = place.watch_with(At::Pipe, &[flags, &["--plan"]].concat(), path).ends();
        assert_eq!(ended.exit, Some(0), "{}", ended.said);
        assert_eq!(ended.said.contains(WAY_BACK), says.is_some(), "{flags:?}:\n{}", ended.said);
        assert!(says.is_none_or(|says| ended.said.contains(says)), "{flags:?}:\n{}", ended.said);
    }
    let github_com = Place::new("").watch_with(At::Pipe, &["--browser", "chromium", "--plan"], &path).ends();
    assert!(!github_com.said.contains("What may go wrong"), "{}", github_com.said);
}

/// The cloud takes longer to show its page than the setup is good for.
const SLOW_SELECTION: &str =
    "[web]\nhurry-seconds = 5\n[endpoint.'github.com/enterprise_installations/new*']\ndelay-ms = 9000\n";
const MISSED: &str =
    "The 5 minutes are over in which the setup has to be completed. \"Connect\" was not pressed.";

/// The server is set up for another cloud than the one that was checked.
macro_rules! leads_to {
    ($target:literal, $cloud:literal) => {
        concat!(
            $target,
            "[host.'", $cloud, "']\naddresses = ['198.51.100.99']\n",
            "[endpoint.'ghes.corp.example/enterprises/corp/settings/dotcom_connection']\nabout = 'authenticity_token'\nanswer = 'redirect'\n\
             location = 'https://", $cloud, "/enterprise_installations/new?state=1'\n\
             headers = { 'Content-Security-Policy' = '' }\n"
        )
    };
}
const TO_GHE_COM: &str = leads_to!("", "other.ghe.com");
const TO_GITHUB_COM: &str = leads_to!("[target]\nghe-com = 'acme'\n", "github.com");

/// Whose the token is, and who is signed in, are two: nothing is pressed unless a person agrees.
const OTHER_ADMIN: &str = "[endpoint.'ghes.corp.example/api/v3/user']\nset = { login = 'ghe-robot' }\n";
const OTHER_OWNER: &str =
    "[endpoint.'api.github.com/graphql']\nset = { 'data.viewer.login' = 'octo-robot' }\n";

#[test]
fn another_account_is_pressed_for_by_the_persons_word() {
    for (answer, exit) in [("yes", 0), ("no", 11)] {
        let place = Place::new(OTHER_ADMIN);
        let flags = ["--browser", "chromium", "--headless"];
        let mut run = place.watch_with(At::Terminal, &flags, &std::env::var("PATH").unwrap());
        run.hears("Press \"Enable GitHub Connect\" as ghe-admin? [yes/no] ");
        run.answers(answer);
        let ended = run.ends();
        assert_eq!(ended.exit, Some(exit), "{}", ended.said);
        assert_eq!(ended.said.contains(ENABLE), answer == "yes", "{}", ended.said);
    }
}

/// What the check measured before the consent does not hold any more at the press.
const SHUT_BEFORE_ENABLE: &str = "[endpoint.'ghes.corp.example/api/v3/enterprise/settings/license']\nanswer = 'forbidden'\nonce = 'signed-in'\n";
const SHUT_BEFORE_CONNECT: &str =
    "[endpoint.'api.github.com/meta']\nanswer = 'unavailable'\nonce = 'pressed'\n";
const AGAIN: &str = "Checking once more, immediately before the press.";

#[test]
fn a_gate_that_shuts_before_the_first_press() {
    for browser in ["chromium", "firefox"] {
        let place = Place::new(SHUT_BEFORE_ENABLE);
        let ended = place.enable(browser);
        assert_eq!(ended.exit, Some(10), "{}", ended.said);
        for text in
            [AGAIN, "Refused: the second measurement keeps the gate shut", "Nothing was pressed.", NOTHING]
        {
            assert!(ended.said.contains(text), "it does not say {text:?}:\n{}", ended.said);
        }
        assert!(!ended.said.contains(ENABLE), "{}", ended.said);
        assert_eq!(place.steps(), ["consented", "stopped"]);
    }
}

/// The only button is another account's.
const ELSEWHERE: &str = "[web]\nnames-elsewhere = true\n\
    enterprises = [{ slug = 'acme-labs', name = 'Acme Labs' }, { slug = 'acme', name = 'Acme Corp', eligible = false }]";
const UNLISTED: &str = "[web]\nenterprises = [{ slug = 'acme-labs', name = 'Acme Labs' }]";
/// The account has a record that its interfaces do not tell of.
const EXISTS: &str = "[web]\nstart = 'orphan'\n[endpoint.'api.github.com/graphql']\nabout = 'enterpriseServerInstallations'\n\
                      set = { 'data.enterprise.ownerInfo.enterpriseServerInstallations.nodes' = [], \
                      'data.enterprise.ownerInfo.enterpriseServerInstallations.totalCount' = 0 }";

#[test]
fn a_blocked_return_is_gone_on_with_rightly() {
    let place = crate::enables("chromium", "[target]\nghe-com = 'acme'", 12, &[], &[]);
    // The record is still there: nothing is pressed until an owner has removed it.
    place.becomes("[target]\nghe-com = 'acme'\n[web]\nstart = 'orphan'");
    let ended = place.enable("firefox");
    assert_eq!(ended.exit, Some(10), "{}", ended.said);
    assert!(
        ended.said.contains("An earlier run was not finished") && ended.said.contains(NOTHING),
        "{}",
        ended.said
    );
}

/// The window is closed, or the browser crashes, after the first press: the next run resumes the setup, and presses neither button
/// twice.
fn ends_on_the_way(browser: &str, signal: &str, message: &str) {
    let place = Place::new("[web]\nsso = true");
    let running = place.start(browser);
    place.wait_for("pressed-enable");
    running.signal_browser(signal);
    let ended = running.wait();
    assert_eq!(ended.exit, Some(11), "{}", ended.said);
    assert!(ended.said.contains(message) && !ended.said.contains(CONNECT), "{}", ended.said);
    assert!(place.profiles().is_empty(), "{}", ended.said);
    place.becomes("[web]\nstart = 'pending'");
    let ended = place.enable(browser);
    assert_eq!(ended.exit, Some(0), "{}", ended.said);
    assert!(
        !ended.said.contains(ENABLE) && ended.said.contains("Pressing \"Complete your"),
        "{}",
        ended.said
    );
}

#[test]
fn a_window_of_chromium_that_is_closed() {
    ends_on_the_way("chromium", "-TERM", "The window was closed");
}

#[test]
fn a_window_of_firefox_that_is_closed() {
    ends_on_the_way("firefox", "-TERM", "The window was closed");
}

#[test]
fn a_chromium_that_crashes() {
    ends_on_the_way("chromium", "-KILL", "The browser ended");
}

#[test]
fn a_firefox_that_crashes() {
    ends_on_the_way("firefox", "-KILL", "The browser ended");
}
