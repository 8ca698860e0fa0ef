//! `enable` in real browsers, headless, in lab worlds whose person signs in by themselves.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

use support::{gh_connect, world};

/// Enables in a world, and gives the exit code and what was said.
fn enable(browser: &str, web: &str) -> (Option<i32>, String) {
    let text =
        format!("about = 'a person at a browser'\n[web]\n{web}\n[web.person]\nsigns-in-after-seconds = 1\n");
    let world = world("browser", &text);
    let mut command = gh_connect([
        "enable",
        &world.argument(),
        "--headless",
        "--yes",
        "--accept-terms",
        "--browser",
        browser,
    ]);
    command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", world.path("home"));
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn chromium_enables() {
    enables("chromium");
}

fn enables(browser: &str) {
    let (exit, said) = enable(browser, "");
    assert_eq!(exit, Some(0), "{said}");
    assert!(said.contains("Verified: both sides say that they are connected."), "{said}");
    assert!(said.contains("3 of them changed something"), "{said}");
}

#[test]
fn an_account_that_is_not_listed_is_not_replaced_by_another() {
    let (exit, said) = enable("chromium", "enterprises = [{ slug = 'acme-labs', name = 'Acme Labs' }]");
    assert_eq!(exit, Some(11), "{said}");
    assert!(
        said.contains("acme is not among the enterprise accounts") && !said.contains("Pressing \"Connect\""),
        "{said}"
    );
}

#[test]
fn a_window_that_was_missed_is_told() {
    let (exit, said) = enable("chromium", "window-seconds = 1");
    assert_eq!(exit, Some(12), "{said}");
    assert!(said.contains("was not completed within 5 minutes"), "{said}");
}
