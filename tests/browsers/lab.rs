//! `enable --lab` as a new user tries it, in the world that is built in: nobody helps, and nothing is left.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    VERIFIED,
    harness::{browsers_in, eventually},
    person::Watched,
    support::gh_connect,
};

/// A run of a user who has no folder of the program yet.
fn at_home(home: &Path, arguments: &[&str]) -> Command {
    let mut command = gh_connect(arguments);
    command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", home).env("TMPDIR", home);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The example in the help, word for word.
fn example() -> Vec<String> {
    let help = gh_connect(["enable", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let line = help.lines().find_map(|line| line.strip_prefix("Try it in the lab:")).unwrap();
    let mut words = line.split_whitespace();
    assert_eq!(words.next(), Some("gh-connect"));
    words.map(str::to_owned).collect()
}

/// The folders of labs that are left. What a browser keeps elsewhere is its own.
fn labs_in(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.file_name());
    names.map(|name| name.to_string_lossy().into_owned()).filter(|name| name.contains("gh-connect")).collect()
}

fn ends_connected(arguments: &[&str]) {
    let home = tempfile::tempdir().unwrap();
    let ended = Watched::of(at_home(home.path(), arguments)).ends();
    assert_eq!(ended.exit, Some(0), "{}", ended.said);
    for text in [
        VERIFIED,
        "The person of this lab world signs in by themselves, 2 seconds after each page that asks: ghe-admin on the server, octo-owner on the cloud, password ",
        // The other command agrees, as long as the lab lives.
        "gh-connect status says in the same lab: Connected: ",
        "(exit code 0)",
    ] {
        assert!(ended.said.contains(text), "it does not say {text:?}:\n{}", ended.said);
    }
    assert_eq!(labs_in(home.path()), [] as [String; 0], "{}", ended.said);
}

#[test]
fn the_example_of_the_help_ends_connected() {
    let example = example();
    ends_connected(&example.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn the_example_of_the_help_ends_connected_in_firefox() {
    let example = example();
    let words = example.iter().map(String::as_str).chain(["--browser", "firefox"]);
    ends_connected(&words.collect::<Vec<_>>());
}

/// A lab that was killed leaves its folder, and in it the profile in which a browser still runs.
#[test]
fn the_browser_of_a_lab_that_was_killed_is_ended_by_the_next() {
    let home = tempfile::tempdir().unwrap();
    let enable = ["enable", "--lab", "--headless", "--yes", "--accept-terms", "--browser", "firefox"];
    let run = Watched::of(at_home(home.path(), &enable));
    eventually("no browser is started", || !browsers_in(home.path()).is_empty());
    run.hears("The person of this lab world signs in");
    run.dies();
    assert!(!browsers_in(home.path()).is_empty());
    let ended = Watched::of(at_home(home.path(), &["check", "--lab"])).ends();
    assert_eq!(ended.exit, Some(0), "{}", ended.said);
    eventually("a browser is left", || browsers_in(home.path()).is_empty());
    assert_eq!(labs_in(home.path()), [] as [String; 0], "{}", ended.said);
}

/// At a terminal, where a person types.
fn typing(home: &Path, answers: &[&str]) -> crate::harness::Ended {
    let program = env!("CARGO_BIN_EXE_gh-connect");
    let line = format!("'{program}' enable --lab --browser accompany --headless");
    let mut command = Command::new("/usr/bin/script");
    command.args(["-q", "-e", "-c", &line, "/dev/null"]).env_clear().env("HOME", home).env("TMPDIR", home);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut run = Watched::of(command);
    let question = "To agree, type the enterprise account's slug, acme: ";
    for (nth, answer) in answers.iter().enumerate() {
        eventually("it does not ask", || run.said().matches(question).count() > nth);
        run.answers(answer);
    }
    run.ends()
}

#[test]
fn a_slug_may_be_mistyped_twice() {
    let home = tempfile::tempdir().unwrap();
    let ended = typing(home.path(), &["amce", "", "yes"]);
    assert_eq!(ended.exit, Some(10), "{}", ended.said);
    let said = ["\"amce\" is not acme", "\"yes\" is not acme", "You did not agree.", "Nothing was pressed."];
    for text in said {
        assert!(ended.said.contains(text), "it does not say {text:?}:\n{}", ended.said);
    }
    let ended = typing(home.path(), &["amce", "Acme"]);
    assert!(ended.said.contains("Step 1") && ended.said.contains("password "), "{}", ended.said);
}

/// Where the world's person is somebody's hands, these are told what to type, also for a window that is driven.
#[test]
fn who_has_to_sign_in_is_told_how() {
    let place = crate::harness::Place::new("[web.person]\nnever = true\n");
    let run = place.start("chromium");
    place.wait_for("consented");
    std::thread::sleep(std::time::Duration::from_secs(3));
    let ended = run.interrupt();
    let person = "Sign in as the person of this lab world: ghe-admin on the server, octo-owner on the cloud, password correct-horse-battery-staple, code 314159.";
    assert!(ended.said.contains(person), "{}", ended.said);
}
