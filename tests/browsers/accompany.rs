//! `accompany`: the person presses in a browser of their own, and the program watches both sides. Here the person knows nothing but
//! what was printed.

use gh_connect_enable::pages;

use crate::{
    VERIFIED,
    harness::Place,
    person::{At, Person, Watched, certificate, me},
};

/// The server's audit log does not tell.
const SILENT: &str = "[web]\nlogs-connection = false\n";
/// What is chosen on the cloud comes too late for the server: a record without a connection.
const HALF: &str = "[web]\nwindow-seconds = 1\n";
const SEEN: &str = "Seen: \"Connect\" was pressed. github.com lists the server.";
const PRESSING: &str = "Pressing \"Connect\"";
const ASKED: &str = "Which one? [1/2] ";
const LOOK: &str = "Look at https://ghes.corp.example/enterprises/corp/settings/dotcom_connection";

/// How a run ended, against what is expected.
fn ends(run: Watched, exit: i32, says: &[&str], never: &[&str]) -> String {
    let ended = run.ends();
    assert_eq!(ended.exit, Some(exit), "{}", ended.said);
    for text in says {
        assert!(ended.said.contains(text), "it does not say {text:?}:\n{}", ended.said);
    }
    for text in never {
        assert!(!ended.said.contains(text), "it says {text:?}:\n{}", ended.said);
    }
    ended.said
}

#[test]
fn auto_without_a_display_is_finished_by_hand_and_verified_by_the_log() {
    let place = Place::new("");
    let run = place.watch(At::Pipe, &[]);
    let mut person = Person::opens(&run, &place, "own");
    person.connects();
    let said = ends(
        run,
        0,
        &[
            "There is no display here",
            SEEN,
            "Seen: the server logged the new connection.",
            VERIFIED,
            "3 of them changed",
        ],
        &[ASKED, PRESSING],
    );
    // The way into the lab is all that a person needs.
    for word in ["proxy ", "root ", "server   ghe-admin, password ", "cloud    octo-owner"] {
        assert!(said.contains(word), "{word:?} is not in:\n{said}");
    }
    assert_eq!(place.steps(), ["consented", "handed-over", "seen-on-cloud", "seen-on-server", "verified"]);
    let certificate = certificate(&place);
    assert_eq!(certificate["browser"], "accompany");
    assert!(certificate["evidence"]["server"]["log"].is_object(), "{certificate:#}");
}

#[test]
fn the_persons_word_is_taken_as_theirs() {
    let place = Place::new(SILENT);
    let mut run = place.watch(At::Terminal, &["--browser", "accompany", "--confirm-billing"]);
    run.hears("the account's billing page: https://github.com/enterprises/acme/settings/billing");
    run.hears("[yes/no] ");
    run.answers("yes");
    let mut person = Person::opens(&run, &place, "own");
    person.connects();
    person.sees(pages::DISABLE);
    run.hears(ASKED);
    // What is no answer is asked again.
    run.answers("perhaps");
    run.hears("Please type 1 or 2");
    run.answers("1");
    let word = format!("the cloud's record, and the word of {}", me());
    ends(run, 0, &[SEEN, LOOK, &format!("Verified, by {word}.")], &[PRESSING, VERIFIED, "both sides say"]);
    let certificate = certificate(&place);
    assert_eq!(certificate["evidence"]["server"]["word"]["by"], me(), "{certificate:#}");
    assert_eq!((&certificate["proof"], &certificate["by_word"]), (&"verified".into(), &word.clone().into()));
    assert_eq!(certificate["billing"]["by"], me());
    let ticket = std::fs::read_to_string(place.left("md").remove(0)).unwrap();
    assert!(ticket.contains(&word) && !ticket.contains("Both sides say so"), "{ticket}");
}

/// Neither log nor statistics tell of a connection that a person's word verified: the journal does, as long as the record is there.
#[test]
fn what_a_word_verified_is_connected_until_its_record_is_gone() {
    let place = Place::new(SILENT);
    let mut run = place.watch(At::Terminal, &["--browser", "accompany"]);
    let mut person = Person::opens(&run, &place, "own");
    person.connects();
    run.hears(ASKED);
    run.answers("1");
    ends(run, 0, &["Verified, by the cloud's record"], &[]);
    place.becomes(&crate::killed::CONNECTED.replace("dotcom_connection.create", "staff.fake_login"));
    let again = place.watch(At::Pipe, &["--browser", "accompany"]);
    let word = format!("the word of {}", me());
    ends(
        again,
        0,
        &["Already connected: verified at ", &word, "Nothing is pressed."],
        &["Refused", "Step 1"],
    );
    place.becomes("");
    let gone = place.watch(At::Pipe, &["--browser", "accompany", "--headless"]);
    ends(gone, 11, &["Step 1"], &["Already connected"]);
}

#[test]
fn the_persons_word_may_be_no() {
    let place = Place::new(HALF);
    let mut run = place.watch(At::Terminal, &["--browser", "accompany"]);
    let mut person = Person::opens(&run, &place, "own");
    person.presses(pages::ENABLE);
    person.sees(pages::CONNECT);
    std::thread::sleep(std::time::Duration::from_secs(2));
    person.presses(pages::CONNECT);
    run.hears(ASKED);
    run.answers("2");
    ends(
        run,
        12,
        &[SEEN, "Not verified", &format!("by the word of {}", me()), LOOK, "known installations"],
        &[VERIFIED],
    );
    assert_eq!(place.steps().last().map(String::as_str), Some("unverified"));
    assert!(certificate(&place)["evidence"]["server"]["not-connected"].is_string());
}

#[test]
fn a_person_who_left_gives_no_word() {
    let place = Place::new(SILENT);
    let mut run = place.watch(At::Terminal, &["--browser", "accompany"]);
    let mut person = Person::opens(&run, &place, "own");
    person.connects();
    run.hears(ASKED);
    run.leaves();
    ends(run, 12, &["Nobody answered.", "Not verified", LOOK], &[VERIFIED]);
}

#[test]
fn the_log_is_read_while_the_person_is_asked() {
    let place =
        Place::new("[endpoint.'github.com/enterprises/acme/enterprise_installations']\ndelay-ms = 20000\n");
    let run = place.watch(At::Terminal, &["--browser", "accompany"]);
    let mut person = Person::opens(&run, &place, "own");
    person.connects();
    run.hears(ASKED);
    ends(run, 0, &["Seen: the server logged the new connection.", VERIFIED], &[]);
}

#[test]
fn a_press_half_done_is_not_verified_where_nobody_can_be_asked() {
    let place = Place::new(SILENT);
    let run = place.watch(At::Pipe, &["--browser", "accompany"]);
    let mut person = Person::opens(&run, &place, "own");
    person.connects();
    ends(run, 12, &[SEEN, "nobody can be asked", "Not verified", LOOK], &[ASKED, VERIFIED]);
}

#[test]
fn a_person_who_does_nothing_is_not_waited_for_for_ever() {
    let place = Place::new("");
    let run = place.watch(At::Pipe, &["--browser", "accompany", "--headless"]);
    ends(
        run,
        11,
        &[
            "Nothing has happened for 20 seconds.",
            LOOK,
            "GitHub lists no connection",
            ", 0 of them changed something",
        ],
        &[SEEN, VERIFIED],
    );
    assert_eq!(place.steps(), ["consented", "handed-over", "unverified"]);
}

/// Where the log does not tell, the next run asks.
#[test]
fn a_killed_run_is_verified_by_the_persons_word() {
    for (answer, exit, says) in [
        ("1", 0, "Verified, by the cloud's record, and the word of "),
        ("2", 10, "The connection is not proven."),
    ] {
        let place = Place::new("");
        let run = place.watch(At::Pipe, &["--browser", "accompany"]);
        run.hears("gh-connect watches both sides");
        run.dies();
        place.becomes(&crate::killed::CONNECTED.replace("dotcom_connection.create", "staff.fake_login"));
        let mut run = place.watch(At::Terminal, &["--browser", "accompany"]);
        run.hears(ASKED);
        run.answers(answer);
        ends(run, exit, &["An earlier run was not finished", says], &["Step 1"]);
    }
}

/// What the person pressed after the program was killed is found by the next run.
#[test]
fn a_killed_run_is_verified_by_the_next() {
    let place = Place::new("");
    let run = place.watch(At::Pipe, &["--browser", "accompany"]);
    run.hears("gh-connect watches both sides");
    run.dies();
    place.becomes(crate::killed::CONNECTED);
    let run = place.watch(At::Pipe, &["--browser", "accompany"]);
    ends(
        run,
        0,
        &[
            "An earlier run was not finished",
            "handed-over",
            "Both sides say that they are connected. Verified.",
        ],
        &["Step 1"],
    );
    assert_eq!(place.steps().last().map(String::as_str), Some("verified"));
}

/// What the page offers after an interruption is another button; and the minutes in which nothing is pressed begin once.
#[test]
fn after_an_interruption_the_steps_name_each_button() {
    let place = Place::new("");
    let run = place.watch(At::Pipe, &["--browser", "accompany"]);
    run.hears("press \"Enable GitHub Connect\".");
    run.dies();
    for flags in [&["--browser", "accompany"][..], &["--browser", "chromium", "--headless"]] {
        let run = place.watch(At::Pipe, flags);
        run.hears("An earlier run left the buttons to the person, who may have pressed them: until ");
        run.hears("- \"Disable GitHub Connect\": it is connected. Press nothing more.");
        run.hears("- \"Complete your GitHub Connect setup\": press it.");
        run.dies();
    }
    assert_eq!(place.steps().iter().filter(|step| *step == "handed-over").count(), 1);
}

/// A setup of which only the first button was pressed is completed on the page, not begun again.
#[test]
fn a_setup_that_was_begun_is_completed_by_hand() {
    let place = Place::new("");
    let run = place.start("chromium");
    place.wait_for("pressed-enable");
    run.kill();
    place.becomes("[web]\nstart = 'pending'\n");
    let run = place.watch(At::Pipe, &["--browser", "accompany"]);
    run.hears("- \"Complete your GitHub Connect setup\": press it.");
    let mut person = Person::opens(&run, &place, "own");
    person.presses(pages::COMPLETE);
    person.presses(pages::CONNECT);
    ends(run, 0, &[SEEN, VERIFIED], &["and press \"Enable GitHub Connect\"."]);
}
