//! `--confirm-billing`: the account's billing page is shown before anything is pressed, and a person says what they see.

use crate::{
    VERIFIED,
    harness::{Ended, Place},
    person::{At, Watched, certificate, me},
};

const DRIVEN: [&str; 4] = ["--browser", "chromium", "--headless", "--confirm-billing"];
const OPENS: &str =
    "The window opens the account's billing page: https://github.com/enterprises/acme/settings/billing";
const NOTHING: &str = ", 0 of them changed something";

fn driven(place: &Place, browser: &'static str) -> Watched {
    let flags = DRIVEN.map(|flag| if flag == "chromium" { browser } else { flag });
    place.watch_with(At::Terminal, &flags, &std::env::var("PATH").unwrap())
}

/// Answers the question, as soon as the page is there that it is about.
fn answered(mut run: Watched, answer: &str) -> Ended {
    run.hears("[yes/no] ");
    run.answers(answer);
    run.ends()
}

fn confirmed(browser: &'static str) {
    let place = Place::new("");
    let ended = answered(driven(&place, browser), "yes");
    assert_eq!(ended.exit, Some(0), "{}", ended.said);
    assert!(ended.said.contains(OPENS) && ended.said.contains(VERIFIED), "{}", ended.said);
    let asked = ended.said.find("[yes/no]").unwrap();
    assert!(asked < ended.said.find("Pressing \"Enable GitHub Connect\".").unwrap(), "{}", ended.said);
    let billing = &certificate(&place)["billing"];
    assert_eq!(billing["by"], me());
    assert!(billing["at"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{billing}");
    let evidence = billing["evidence"].as_str().unwrap();
    assert!(
        evidence.contains("enterprises/acme/settings/billing") && evidence.contains(browser),
        "{evidence}"
    );
    let ticket = std::fs::read_to_string(place.left("md").remove(0)).unwrap();
    assert!(ticket.contains(&format!("| Billing page | {} on ", me())), "{ticket}");
}

#[test]
fn what_the_person_sees_is_in_the_certificate() {
    confirmed("chromium");
}

#[test]
fn what_the_person_sees_in_firefox_is_in_the_certificate() {
    confirmed("firefox");
}

#[test]
fn an_account_that_pays_by_card_is_not_connected() {
    let place = Place::new("[web]\nbilling = 'card'\n");
    let mut run = driven(&place, "chromium");
    run.hears("[yes/no] ");
    run.answers("Yes, it does");
    run.hears("Please type yes or no.");
    run.answers("No.");
    let ended = run.ends();
    assert_eq!(ended.exit, Some(10), "{}", ended.said);
    assert!(ended.said.contains("Nothing was pressed.") && ended.said.contains(NOTHING), "{}", ended.said);
    assert_eq!(place.steps(), ["consented", "stopped"]);
    assert!(place.profiles().is_empty() && place.browsers().is_empty());
}

#[test]
fn who_accompanies_confirms_it_in_their_own_browser() {
    let place = Place::new("[web]\nbilling = 'trial'\n");
    let run = place.watch(At::Terminal, &["--browser", "accompany", "--confirm-billing"]);
    let ended = answered(run, "no");
    assert_eq!(ended.exit, Some(10), "{}", ended.said);
    let open = "Open in your browser the account's billing page: https://github.com/enterprises/acme/settings/billing";
    assert!(ended.said.contains(open) && ended.said.contains(NOTHING), "{}", ended.said);
    assert!(!ended.said.contains("Step 1"), "{}", ended.said);
}

#[test]
fn nobody_confirms_where_nobody_can_answer() {
    let place = Place::new("");
    let ended = place.watch(At::Pipe, &DRIVEN).ends();
    assert_eq!(ended.exit, Some(10), "{}", ended.said);
    let said = "--confirm-billing needs a person at a terminal";
    assert!(ended.said.contains(said) && ended.said.contains(NOTHING), "{}", ended.said);
    assert_eq!(place.steps(), [] as [&str; 0]);
}
