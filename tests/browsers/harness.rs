//! A lab world, `enable` in it with a browser without a window, and what is left afterwards: journal, profile, processes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use crate::support::{WorldFile, gh_connect, world};

/// A folder with a journal in it, and one lab world after another.
pub struct Place {
    pub file: WorldFile,
}

/// How a run ended.
pub struct Ended {
    pub exit: Option<i32>,
    pub said: String,
}

impl Place {
    /// A world whose person signs in by themselves. `text` says what is unusual in it.
    pub fn new(text: &str) -> Self {
        Self { file: world("browser", &whole(text)) }
    }

    /// The world as it stands for the next run.
    pub fn becomes(&self, text: &str) {
        fs::write(self.file.path("world.toml"), whole(text)).unwrap();
    }

    pub fn enable(&self, browser: &str) -> Ended {
        let Output { status, stderr, .. } = self.command(browser).output().unwrap();
        Ended { exit: status.code(), said: String::from_utf8_lossy(&stderr).into_owned() }
    }

    /// A run that goes on while the test does something.
    pub fn start(&self, browser: &str) -> Running {
        let child = self.command(browser).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        Running { child }
    }

    fn command(&self, browser: &str) -> Command {
        let lab = self.file.argument();
        let mut command =
            gh_connect(["enable", &lab, "--headless", "--yes", "--accept-terms", "--browser", browser]);
        command.env("PATH", std::env::var_os("PATH").unwrap()).envs(self.environment()).stdin(Stdio::null());
        command
    }

    /// The folders of a user who is at home here.
    pub fn environment(&self) -> [(&'static str, PathBuf); 2] {
        [("HOME", self.file.path("home")), ("XDG_STATE_HOME", self.file.path("state"))]
    }

    /// The steps in the journal, in their order.
    pub fn steps(&self) -> Vec<String> {
        let journals = self.left("jsonl");
        let text = journals.first().map(|path| fs::read_to_string(path).unwrap()).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        lines.filter_map(|line| line["step"].as_str().map(str::to_owned)).collect()
    }

    /// Lets an hour pass for the journal.
    pub fn an_hour_later(&self) {
        let path = self.left("jsonl").remove(0);
        let lines = fs::read_to_string(&path).unwrap();
        let older = lines.lines().map(|line| {
            let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
            let at: jiff::Timestamp = line["at"].as_str().unwrap().parse().unwrap();
            line["at"] = (at - jiff::SignedDuration::from_hours(1)).to_string().into();
            format!("{line}\n")
        });
        fs::write(&path, older.collect::<String>()).unwrap();
    }

    /// Waits until a step is in the journal.
    pub fn wait_for(&self, step: &str) {
        let limit = Instant::now() + LIMIT;
        while !self.steps().iter().any(|noted| noted == step) {
            assert!(Instant::now() < limit, "{step} was never noted, but {:?}", self.steps());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// The profiles of browsers that are still there.
    pub fn profiles(&self) -> Vec<PathBuf> {
        self.left("")
            .into_iter()
            .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("profile-"))
            .collect()
    }

    /// The processes whose command line names this place: browsers that run in a profile of it.
    pub fn browsers(&self) -> Vec<u32> {
        browsers_in(&self.file.path("state"))
    }

    /// The files in its folder with this extension.
    pub fn left(&self, extension: &str) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.file.path("state/gh-connect/lab")) else { return Vec::new() };
        let paths = entries.flatten().map(|entry| entry.path());
        paths.filter(|path| path.extension().unwrap_or_default().to_string_lossy() == extension).collect()
    }
}

/// A run of the program.
pub struct Running {
    child: Child,
}

impl Running {
    /// Kills it as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it as Ctrl-C does.
    pub fn interrupt(self) -> Ended {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        self.wait()
    }

    /// Sends a signal to its browser.
    pub fn signal_browser(&self, signal: &str) {
        let browser = processes().into_iter().find(|id| parent_of(*id) == Some(self.child.id()));
        let ended = Command::new("kill").args([signal, &browser.unwrap().to_string()]).status().unwrap();
        assert!(ended.success());
    }

    pub fn wait(self) -> Ended {
        let output = self.child.wait_with_output().unwrap();
        Ended { exit: output.status.code(), said: String::from_utf8_lossy(&output.stderr).into_owned() }
    }
}

/// Waits until something is so.
pub fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let limit = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < limit, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn whole(text: &str) -> String {
    const PERSON: &str = "[web.person]\nsigns-in-after-seconds = 1\n";
    let text = match text.contains("[web.person]") {
        true => text.replace("[web.person]\n", PERSON),
        false => format!("{text}\n{PERSON}"),
    };
    format!("about = 'a person at a browser'\n{text}\n")
}

/// The processes whose command line names a folder or what is in it.
pub fn browsers_in(folder: &Path) -> Vec<u32> {
    let here = folder.display().to_string();
    processes().into_iter().filter(|id| line_of(*id).is_some_and(|line| line.contains(&here))).collect()
}

fn processes() -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_string_lossy().parse().ok()).collect()
}

fn line_of(id: u32) -> Option<String> {
    fs::read(format!("/proc/{id}/cmdline")).ok().map(|line| String::from_utf8_lossy(&line).into_owned())
}

/// The second field after the name, which is in parentheses and may hold anything.
fn parent_of(id: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

const LIMIT: Duration = Duration::from_secs(60);
