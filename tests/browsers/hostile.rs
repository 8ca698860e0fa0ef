//! A hostile page: a button of the right name where a person would not press it. Nothing is pressed, and the flow is handed over.

use std::time::{Duration, Instant};

use gh_connect_enable::{
    browser::{Browser, BrowserError, InLab, Kind, Looked, NotPressed, Profile, Start, find},
    flow::Page,
};
use gh_connect_lab::{LabThread, World};

use crate::{harness::Place, worlds};

/// The server's page of GitHub Connect, with this in its place.
macro_rules! settings {
    ($body:literal) => {
        concat!(
            "[endpoint.'ghes.corp.example/enterprises/corp/settings/dotcom_connection']\nbody = \"\"\"<!doctype html><html lang='en'>\
             <title>GitHub Connect</title><main>",
            $body,
            "</main>\"\"\"\nheaders = { 'Content-Security-Policy' = '', 'Content-Type' = 'text/html; charset=utf-8' }\n",
            "[endpoint.'github.com/hostile']\nstatus = 200\nbody = \"<!doctype html><title>x</title>\
             <form method='post' action='https://ghes.corp.example/enterprises/corp/settings/dotcom_connection'>\
             <button>Enable GitHub Connect</button></form>\"\nheaders = { 'Content-Security-Policy' = '', 'X-Frame-Options' = '', 'Content-Type' = 'text/html' }\n"
        )
    };
}

worlds! {
    in_a_frame_of_another_site: "chromium", FRAME, 11, [HANDED, NOTHING], [PRESSING];
    in_a_frame_of_another_site_in_firefox: "firefox", FRAME, 11, [HANDED, NOTHING], [PRESSING];
    a_link_of_that_name: "chromium", LINK, 11, [HANDED, NOTHING], [PRESSING];
    a_link_of_that_name_in_firefox: "firefox", LINK, 11, [HANDED, NOTHING], [PRESSING];
    a_disabled_button: "chromium", DISABLED, 11, [HANDED, NOTHING], [PRESSING];
    a_disabled_button_in_firefox: "firefox", DISABLED, 11, [HANDED, NOTHING], [PRESSING];
    a_page_that_changes_all_the_time: "chromium", RESTLESS, 11, [CHANGES, HANDED, NOTHING], [PRESSING];
    a_page_that_changes_all_the_time_in_firefox: "firefox", RESTLESS, 11, [CHANGES, HANDED, NOTHING], [PRESSING];
    a_page_that_comes_again_and_again: "chromium", RELOADS, 11, [HANDED, NOTHING], [PRESSING];
    an_invisible_button: "chromium", INVISIBLE, 11, [HANDED, NOTHING], [PRESSING];
    an_invisible_button_in_firefox: "firefox", INVISIBLE, 11, [HANDED, NOTHING], [PRESSING];
    a_button_far_down_is_no_covered_one: "chromium", "[web]\nposition = 'below'", 0, [crate::VERIFIED], [LIES_OVER];
    a_button_far_down_is_no_covered_one_in_firefox: "firefox", "[web]\nposition = 'below'", 0, [crate::VERIFIED], [LIES_OVER];
}

#[test]
fn on_another_host() {
    is_waited_before("chromium", ELSEWHERE, "consented", &[NOTHING], &[PRESSING]);
}

#[test]
fn on_another_host_in_firefox() {
    is_waited_before("firefox", ELSEWHERE, "consented", &[NOTHING], &[PRESSING]);
}

#[test]
fn a_covered_button() {
    is_out_of_reach("chromium", COVERED, LIES_OVER);
}

#[test]
fn a_covered_button_in_firefox() {
    is_out_of_reach("firefox", COVERED, LIES_OVER);
}

#[test]
fn a_transparent_button() {
    is_out_of_reach("chromium", TRANSPARENT, "there is nothing to see");
}

#[test]
fn a_transparent_button_in_firefox() {
    is_out_of_reach("firefox", TRANSPARENT, "there is nothing to see");
}

/// What the browser refuses to press was not pressed: the journal and the next run know it.
fn is_out_of_reach(browser: &str, world: &str, why: &str) {
    let place =
        crate::enables(browser, world, 11, &[why, REACH, HANDED, NOTHING], &["may not have been pressed"]);
    let tries = ["pressing-enable", "not-pressed"].repeat(3);
    let steps = [&["consented"][..], &tries, &["handed-over", "unverified"]].concat();
    assert_eq!(place.steps(), steps);
}

#[test]
fn an_error_page_in_another_tab_is_not_forgotten() {
    is_not_forgotten(Kind::Chromium);
}

#[test]
fn an_error_page_in_another_tab_of_firefox_is_not_forgotten() {
    is_not_forgotten(Kind::Firefox);
}

/// What a person tells the browser on its error page, to go on nevertheless, counts for all its tabs: nothing of that host is
/// verified any more, nor is what was found before pressed.
fn is_not_forgotten(kind: Kind) {
    const ASIDE: &str = "[endpoint.'ghes.corp.example/enterprises/corp/settings/dotcom_connection']\nstatus = 200\n\
        body = \"<!doctype html><title>x</title><form target='_blank' action='https://ghes.corp.example/broken'><button>Enable GitHub Connect</button></form>\"\n\
        headers = { 'Content-Security-Policy' = '', 'Content-Type' = 'text/html' }\n\
        [endpoint.'ghes.corp.example/broken*']\nanswer = 'close'\n";
    let lab =
        LabThread::start(&World::parse("a tab aside", &format!("about = 'x'\n{ASIDE}")).unwrap()).unwrap();
    let base = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let program = find(kind, &std::env::var_os("PATH").unwrap()).unwrap().program;
        let in_lab = InLab { proxy: lab.browser_proxy(), headless: true };
        let start = Start { program, kind, lab: Some(in_lab) };
        let mut browser = Browser::start(&start, Profile::new(base.path()).unwrap()).await.unwrap();
        browser.open(&lab.server_settings_url()).await.unwrap();
        let before = looks_until(&mut browser, |page| page.verified && page.matches.len() == 1).await;
        let handle = &before.matches[0].handle;
        browser.press(handle).await.unwrap();
        let after = looks_until(&mut browser, |page| !page.verified && !page.authority.is_empty()).await;
        assert_eq!((&after.document, after.failed), (&before.document, false), "{after:?}");
        let error = browser.press(handle).await.unwrap_err();
        assert!(matches!(&error, NotPressed::Surely(BrowserError::Refused(_))), "{error}");
    });
}

async fn looks_until(browser: &mut Browser, is_it: impl Fn(&Page) -> bool) -> Page {
    let looked = Looked {
        server: "ghes.corp.example".to_owned(),
        cloud: "github.com".to_owned(),
        slug: "acme".to_owned(),
        name: None,
    };
    let limit = Instant::now() + Duration::from_secs(60);
    loop {
        let page = browser.look(&looked).await;
        if let Some(page) = page.as_ref().ok().filter(|page| is_it(page)) {
            return page.clone();
        }
        assert!(Instant::now() < limit, "{page:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The person has a quarter of an hour there, and ends it before.
fn is_waited_before(browser: &str, world: &str, step: &str, says: &[&str], never: &[&str]) {
    let place = Place::new(world);
    let running = place.start(browser);
    place.wait_for(step);
    std::thread::sleep(LONG_ENOUGH);
    let ended = running.interrupt();
    assert_eq!(ended.exit, Some(130), "{}", ended.said);
    assert_eq!(place.steps().last().map(String::as_str), Some(step), "{}", ended.said);
    assert!(says.iter().all(|text| ended.said.contains(text)), "{}", ended.said);
    assert!(!never.iter().any(|text| ended.said.contains(text)), "{}", ended.said);
}

/// A browser has started and shows the page.
const LONG_ENOUGH: Duration = Duration::from_secs(12);
const REACH: &str = "a click does not reach it";
const HANDED: &str = "go on yourself";
const NOTHING: &str = ", 0 of them changed something";
const PRESSING: &str = "Pressing \"Enable GitHub Connect\".";
const LIES_OVER: &str = "another element lies over it";

const FRAME: &str =
    settings!("<iframe src='https://github.com/hostile' width='600' height='300' title='Connect'></iframe>");
const ELSEWHERE: &str = "[host.'ghes-corp.example']\naddresses = ['198.51.100.99']\n\
    [endpoint.'ghes.corp.example/enterprises/corp/settings/dotcom_connection']\nanswer = 'redirect'\n\
    location = 'https://ghes-corp.example/enterprises/corp/settings/dotcom_connection'\n\
    [endpoint.'ghes-corp.example/enterprises/corp/settings/dotcom_connection']\nstatus = 200\n\
    body = \"<!doctype html><title>GitHub Connect</title><form method='post'><button>Enable GitHub Connect</button></form>\"\n\
    headers = { 'Content-Type' = 'text/html' }\n";
const LINK: &str = settings!("<a href='https://github.com/hostile'>Enable GitHub Connect</a>");
const DISABLED: &str =
    settings!("<form method='post'><button disabled>Enable GitHub Connect</button></form>");
const INVISIBLE: &str = settings!(
    "<form method='post'><button style='visibility: hidden'>Enable GitHub Connect</button>\
     <button hidden>Enable GitHub Connect</button></form>"
);
const CHANGES: &str = "The page changes all the time.";
const RESTLESS: &str = settings!(
    "<form method='post'><button>Enable GitHub Connect</button></form><script>setInterval(() => {\
     const main = document.querySelector('main'); main.innerHTML = main.innerHTML; }, 100)</script>"
);
const RELOADS: &str = settings!(
    "<form method='post'><button>Enable GitHub Connect</button></form><script>setTimeout(() => location.reload(), 200)</script>"
);
const TRANSPARENT: &str = settings!(
    "<div style='opacity: 0'><form method='post'><button>Enable GitHub Connect</button></form></div>"
);
/// What lies over it would carry the click elsewhere.
const COVERED: &str = settings!(
    "<form method='post'><button>Enable GitHub Connect</button></form>\
     <a href='https://github.com/hostile' style='position: fixed; inset: 0; background: white'>Read more</a>"
);
