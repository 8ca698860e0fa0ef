//! `enable` in real browsers, headless, in lab worlds whose person signs in by themselves.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
#![expect(unreachable_pub, reason = "modules of a test")]

mod accompany;
mod billing;
mod harness;
mod hostile;
mod judges;
mod killed;
mod lab;
mod person;
mod saved;
mod selection;
#[path = "../support/mod.rs"]
mod support;
mod traps;
mod typed;
mod window;

use harness::Place;

/// Enables in a world, and holds what was said against what is expected.
fn enables(browser: &str, world: &str, exit: i32, says: &[&str], never: &[&str]) -> Place {
    let place = Place::new(world);
    let ended = place.enable(browser);
    assert_eq!(ended.exit, Some(exit), "{}", ended.said);
    for text in says {
        assert!(ended.said.contains(text), "it does not say {text:?}:\n{}", ended.said);
    }
    for text in never {
        assert!(!ended.said.contains(text), "it says {text:?}:\n{}", ended.said);
    }
    // What the next run goes on from: what is not known stays unfinished.
    let (steps, is_any) = (place.steps(), |step: &str| place.steps().iter().any(|noted| noted == step));
    let last = steps.last().map(String::as_str);
    match exit {
        0 => assert_eq!(last, Some("verified"), "{steps:?}"),
        11 if !is_any("handed-over") => {
            assert_eq!(last, Some("stopped"), "{steps:?}")
        }
        _ => assert_eq!(last, Some("unverified"), "{steps:?}"),
    }
    assert_eq!(place.profiles(), [] as [std::path::PathBuf; 0], "{}", ended.said);
    assert_eq!(place.browsers(), [] as [u32; 0], "{}", ended.said);
    place
}

/// A row for each world: a test with its name, the browser, the world, the exit code, what is said and what is not.
macro_rules! worlds {
    ($($name:ident: $browser:literal, $world:expr, $exit:literal, [$($says:expr),*], [$($never:expr),*];)*) => {
        $(#[test]
        fn $name() {
            crate::enables($browser, $world, $exit, &[$($says),*], &[$($never),*]);
        })*
    };
}
pub(crate) use worlds;

const VERIFIED: &str = "Verified: both sides say that they are connected.";

worlds! {
    chromium_enables: "chromium", "", 0, [VERIFIED, ON_SERVER, ON_CLOUD, "3 of them changed something"], ["Stopped", "Waiting for"];
    firefox_enables: "firefox", "", 0, [VERIFIED, ON_SERVER, ON_CLOUD, "3 of them changed something"], ["Stopped"];
    chromium_waits_for_a_slow_return: "chromium", SLOW_RETURN, 0, [VERIFIED, SLOW, "3 of them changed something"], ["Stopped"];
    firefox_waits_for_a_slow_return: "firefox", SLOW_RETURN, 0, [VERIFIED, SLOW, "3 of them changed something"], ["Stopped"];
    chromium_waits_for_a_slow_start: "chromium", SLOW_START, 0, [VERIFIED, "Waiting for ghes.corp.example to lead"], ["Stopped", "go on yourself"];
    chromium_waits_for_a_slow_server: "chromium", SLOW_SERVER, 0, [VERIFIED], ["Stopped", "go on yourself"];
    firefox_waits_for_a_slow_server: "firefox", SLOW_SERVER, 0, [VERIFIED], ["Stopped", "go on yourself"];
    firefox_enables_on_ghe_com: "firefox", "[target]\nghe-com = 'acme'", 0, [VERIFIED], ["Stopped"];
}

const ON_SERVER: &str = "Signed in to ghes.corp.example as ghe-admin.";
const ON_CLOUD: &str = "Signed in to github.com as octo-owner.";
const SLOW: &str = "Waiting for the browser to come back to ghes.corp.example.";
const SLOW_RETURN: &str =
    "[endpoint.'ghes.corp.example/admin/dotcom_connection/change_complete']\ndelay-ms = 6000\n";
const SLOW_SERVER: &str =
    "[endpoint.'ghes.corp.example/enterprises/corp/settings/dotcom_connection']\ndelay-ms = 4000\n";
/// The server asks the cloud before it answers the press.
const SLOW_START: &str = "[endpoint.'ghes.corp.example/enterprises/corp/settings/dotcom_connection']\n\
                          about = 'authenticity_token'\ndelay-ms = 6000\n";
