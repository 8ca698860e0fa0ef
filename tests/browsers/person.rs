//! A person who uses their own browser: they read what the program says, act in a browser of theirs, and answer at the terminal.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use gh_connect_enable::{
    browser::{Browser, InLab, Kind, Looked, Profile, Start, find},
    flow::{Beside, Page},
    pages::{self, Row},
};

use crate::{
    harness::{Ended, Place},
    support::gh_connect,
};

/// Whether a person sits at the terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// A terminal of its own, in which a person reads and answers.
    Terminal,
    /// A pipe, that nobody answers to.
    Pipe,
}

/// The name that the system has for who runs the tests, whatever `USER` says.
pub fn me() -> String {
    let output = Command::new("/usr/bin/id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A run whose words are read while it goes on.
pub struct Watched {
    child: Child,
    input: Option<ChildStdin>,
    said: Arc<Mutex<String>>,
    readers: Vec<std::thread::JoinHandle<()>>,
}

impl Place {
    /// `enable --yes --accept-terms` with more flags, on a machine without a browser and without a display.
    pub fn watch(&self, at: At, flags: &[&str]) -> Watched {
        self.watch_with(at, flags, "/nowhere")
    }

    /// The same with the programs of this `PATH`.
    pub fn watch_with(&self, at: At, flags: &[&str], path: &str) -> Watched {
        let lab = self.file.argument();
        let program = env!("CARGO_BIN_EXE_gh-connect");
        let whole = [&[program, "enable", &lab, "--yes", "--accept-terms"], flags].concat();
        let mut command = match at {
            At::Pipe => Command::new(program),
            At::Terminal => Command::new("/usr/bin/script"),
        };
        match at {
            At::Pipe => command.args(&whole[1..]).stdin(Stdio::null()),
            At::Terminal => {
                let line: Vec<String> = whole.iter().map(|word| format!("'{word}'")).collect();
                command.args(["-q", "-e", "-c", &line.join(" "), "/dev/null"]).stdin(Stdio::piped())
            }
        };
        command.env_clear().envs(self.environment()).env("PATH", path).env("USER", "ana");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Watched::of(command)
    }

    /// A browser that is driven, in a window.
    pub fn command_in_a_window(&self, browser: &str) -> Command {
        let lab = self.file.argument();
        let mut command = gh_connect(["enable", &lab, "--yes", "--accept-terms", "--browser", browser]);
        command.env("PATH", std::env::var_os("PATH").unwrap()).envs(self.environment()).stdin(Stdio::null());
        command
    }
}

impl Watched {
    /// Starts a command whose output is piped.
    pub fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let sources: [Box<dyn std::io::Read + Send>; 2] = [Box::new(stdout), Box::new(stderr)];
        let readers = sources.map(|mut source| {
            let said = Arc::clone(&said);
            std::thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(length @ 1..) = source.read(&mut bytes) {
                    said.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..length]));
                }
            })
        });
        Self { input: child.stdin.take(), child, said, readers: readers.into() }
    }

    /// What was said so far, with the line ends of a file.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().replace('\r', "")
    }

    /// Waits until something is said.
    pub fn hears(&self, text: &str) {
        let limit = Instant::now() + LIMIT;
        while !self.said().contains(text) {
            assert!(Instant::now() < limit, "{text:?} was never said, but:\n{}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Types a line.
    pub fn answers(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
        input.flush().unwrap();
    }

    /// Ends the input, as Ctrl-D does.
    pub fn leaves(&mut self) {
        self.input.as_mut().unwrap().write_all(b"\x04").unwrap();
    }

    /// Waits for the end.
    pub fn ends(mut self) -> Ended {
        let exit = self.child.wait().unwrap().code();
        self.readers.drain(..).for_each(|reader| reader.join().unwrap());
        Ended { exit, said: self.said() }
    }

    /// Sends it a signal, and waits for the end.
    pub fn interrupted_by(self, signal: &str) -> Ended {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        self.ends()
    }

    /// Kills it as `kill -9` does.
    pub fn dies(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// What stands on a line after some words.
    fn value(&self, after: &str) -> String {
        let said = self.said();
        let (_, rest) = said.split_once(after).unwrap_or_else(|| panic!("no {after:?} in:\n{said}"));
        rest.trim_start().split([' ', ',', '\n']).next().unwrap().to_owned()
    }
}

/// The person's own browser, on another machine perhaps: what they know of the lab is what was printed.
pub struct Person {
    browser: Browser,
    looked: Looked,
    runtime: tokio::runtime::Runtime,
}

impl Person {
    /// Opens the printed address by the printed proxy. They sign in by themselves, as the world says.
    pub fn opens(run: &Watched, place: &Place, folder: &str) -> Self {
        run.hears("Step 1  Open in your browser: ");
        run.hears("gh-connect watches both sides");
        let folder = place.file.path(folder);
        fs::create_dir(&folder).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let proxy = run.value("  proxy ").parse().unwrap();
        let kind = Kind::Chromium;
        let program = find(kind, &std::env::var_os("PATH").unwrap()).unwrap().program;
        let start = Start { program, kind, lab: Some(InLab { proxy, headless: true }) };
        let browser = runtime.block_on(async {
            let mut browser = Browser::start(&start, Profile::new(&folder).unwrap()).await.unwrap();
            browser
                .open(&run.value("Open in your browser: https://ghes").replacen(".", "https://ghes.", 1))
                .await
                .unwrap();
            browser
        });
        let looked = Looked {
            server: "ghes.corp.example".to_owned(),
            cloud: "github.com".to_owned(),
            slug: "acme".to_owned(),
            name: Some("Acme Corp".to_owned()),
        };
        Self { browser, looked, runtime }
    }

    /// Presses what is asked for, as soon as it is there.
    pub fn presses(&mut self, row: &Row) {
        let page = self.sees(row);
        let wanted = page.matches.iter().find(|found| found.row == row.id && found.beside != Beside::Other);
        let handle = wanted.unwrap().handle.clone();
        self.runtime.block_on(self.browser.press(&handle)).unwrap();
    }

    /// Waits until something is on the page.
    pub fn sees(&mut self, row: &Row) -> Page {
        let limit = Instant::now() + LIMIT;
        loop {
            let page = self.runtime.block_on(self.browser.look(&self.looked)).unwrap_or_default();
            if page.matches.iter().any(|found| found.row == row.id) {
                return page;
            }
            assert!(Instant::now() < limit, "{} is never there, but {page:?}", row.id);
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Does all that the steps say.
    pub fn connects(&mut self) {
        self.presses(pages::ENABLE);
        self.presses(pages::CONNECT);
    }
}

/// The certificate of a place, which has one target only.
pub fn certificate(place: &Place) -> serde_json::Value {
    let path = place.left("json").remove(0);
    serde_json::from_str(&fs::read_to_string(Path::new(&path)).unwrap()).unwrap()
}

const LIMIT: Duration = Duration::from_secs(90);
