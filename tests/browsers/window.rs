//! A window on a display: what a person sees, and not only what a browser without a window does.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use crate::{
    VERIFIED,
    harness::{Place, eventually},
    person::Watched,
};

/// A display of its own, ended with the test.
struct Display {
    server: Child,
    name: String,
}

impl Display {
    fn new() -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        Self { server, name: format!(":{}", number.trim()) }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // By a signal that it can hear: it removes its lock and its socket.
        let _ = Command::new("kill").arg(self.server.id().to_string()).status();
        let _ = self.server.wait();
    }
}

fn enables_in_a_window(browser: &str) {
    let display = Display::new();
    let place = Place::new("");
    let mut command = place.command_in_a_window(browser);
    command.env("DISPLAY", &display.name).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ended = Watched::of(command).ends();
    assert_eq!(ended.exit, Some(0), "{}", ended.said);
    assert!(ended.said.contains(VERIFIED) && !ended.said.contains("your own browser"), "{}", ended.said);
    assert!(ended.said.contains("3 of them changed something"), "{}", ended.said);
    assert!(place.profiles().is_empty());
    eventually("a browser is left", || place.browsers().is_empty());
}

#[test]
fn chromium_in_a_window() {
    enables_in_a_window("chromium");
}

#[test]
fn firefox_in_a_window() {
    enables_in_a_window("firefox");
}
