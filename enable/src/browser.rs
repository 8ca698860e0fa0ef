//! A window of an installed browser with a thrown-away profile: what is seen in it, and a real click on one element.
//!
//! Nothing but roles, accessible names and addresses is looked at, and of these only what a row of [`crate::pages`] asks for is
//! kept. Of pages on other hosts, where a person may sign in, only the host is seen; of the two sites' own pages that ask who the
//! person is, only their address. No script runs among a page's own: one function, in a world apart that the page does not reach, reads what of a
//! row is seen (`read.js`). No cookie, no password and no text of a page leaves this process.

mod bidi;
#[cfg(unix)]
mod cdp;
mod installed;
mod judged;
mod patience;
mod picture;
#[cfg(unix)]
mod pipe;
mod profile;
mod rows;

use std::{
    path::PathBuf,
    process::{Child, Command},
    time::Duration,
};

pub use installed::{Installed, Kind, Policy, find, forbidden_by};
pub use profile::{Profile, sweep};

use crate::flow::Page;

/// A browser that the program drives.
#[derive(Debug)]
pub enum Browser {
    /// Chromium, Chrome or Edge, over DevTools' pipe.
    #[cfg(unix)]
    Chromium(Box<cdp::Chromium>),
    /// Firefox, over WebDriver BiDi.
    Firefox(Box<bidi::Firefox>),
}

/// How a browser is started.
#[derive(Clone, Debug)]
pub struct Start {
    /// The program.
    pub program: PathBuf,
    /// Its kind.
    pub kind: Kind,
    /// For the lab and its tests only: without a window, and trusting the lab.
    pub lab: Option<InLab>,
}

/// What a browser needs to find its way in a lab world.
#[derive(Clone, Debug)]
pub struct InLab {
    /// The proxy that leads every host of the world to its socket.
    pub proxy: std::net::SocketAddr,
    /// Without a window.
    pub headless: bool,
}

/// What is looked for on a page.
#[derive(Clone, Debug)]
pub struct Looked {
    /// The server's host name, for the text that names it.
    pub server: String,
    /// The cloud's host name.
    pub cloud: String,
    /// The enterprise account's slug.
    pub slug: String,
    /// Its display name, where it is known.
    pub name: Option<String>,
}

/// Why a browser could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// It did not start in time: a policy that forbids remote debugging looks like this.
    #[error("{program} did not start within {} s", .limit.as_secs())]
    NotStarted {
        /// The program.
        program: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// It ended: the person closed its window.
    #[error("the window was closed")]
    Closed,
    /// It ended by itself, or does not answer.
    #[error("the browser does not answer: {0}")]
    Crashed(String),
    /// It refused a command: the element is gone, for example.
    #[error("the browser refuses: {0}")]
    Refused(String),
    /// Another page was loaded before it had answered.
    #[error("the page was left")]
    Left,
    /// It did not say anything about the page: that is just being left, or does not finish to load.
    #[error("the browser does not say what became of it")]
    Unanswered,
    /// The page is there, and the browser did not tell what it shows.
    #[error("the browser does not tell what the page shows")]
    Unread {
        /// The page's host and port.
        authority: String,
        /// Its path.
        path: String,
    },
    /// The page has a dialog open, which is the person's to answer.
    #[error("a dialog of the page is open")]
    Dialog,
    /// It cannot be driven on this system.
    #[error("this browser cannot be driven on this system")]
    Unsupported,
    /// Something around it failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Why a button was not pressed.
#[derive(Debug, thiserror::Error)]
pub enum NotPressed {
    /// The browser was not asked to click: nothing was pressed.
    #[error(transparent)]
    Surely(BrowserError),
    /// The browser was asked to click, and did not confirm it: the click may have arrived.
    #[error(transparent)]
    Perhaps(BrowserError),
}

impl Looked {
    /// Whether an address is on the server, at whatever port.
    fn is_on_server(&self, url: &str) -> bool {
        place(url).0.starts_with(&format!("{}:", self.server.to_ascii_lowercase()))
    }
}

impl Browser {
    /// Starts a browser with a profile of its own.
    pub async fn start(start: &Start, profile: Profile) -> Result<Self, BrowserError> {
        match start.kind {
            Kind::Firefox => Ok(Self::Firefox(Box::new(bidi::Firefox::start(start, profile).await?))),
            #[cfg(unix)]
            _ => Ok(Self::Chromium(Box::new(cdp::Chromium::start(start, profile).await?))),
            #[cfg(not(unix))]
            _ => Err(BrowserError::Unsupported),
        }
    }

    /// Ends it at once: what the next command then says is what it says of a browser that crashed.
    pub fn kill(&mut self) {
        match self {
            #[cfg(unix)]
            Self::Chromium(browser) => browser.kill(),
            Self::Firefox(browser) => browser.kill(),
        }
    }

    /// Opens an address.
    pub async fn open(&mut self, url: &str) -> Result<(), BrowserError> {
        match self {
            #[cfg(unix)]
            Self::Chromium(browser) => browser.open(url).await,
            Self::Firefox(browser) => browser.open(url).await,
        }
    }

    /// What is seen now. Whether the page has settled is for the caller to tell, who sees it again.
    pub async fn look(&mut self, looked: &Looked) -> Result<Page, BrowserError> {
        match self {
            #[cfg(unix)]
            Self::Chromium(browser) => browser.look(looked).await,
            Self::Firefox(browser) => browser.look(looked).await,
        }
    }

    /// Clicks an element as a person does: the pointer moves to its middle, and the button goes down and up. Refused as soon as the
    /// window shows another page than the one on which the element was found.
    pub async fn press(&mut self, handle: &str) -> Result<(), NotPressed> {
        match self {
            #[cfg(unix)]
            Self::Chromium(browser) => {
                let aim = browser.aim(handle).await.map_err(NotPressed::Surely)?;
                browser.click(&aim).await.map_err(NotPressed::Perhaps)
            }
            Self::Firefox(browser) => {
                let aim = browser.aim(handle).await.map_err(NotPressed::Surely)?;
                browser.click(aim).await.map_err(NotPressed::Perhaps)
            }
        }
    }
}

/// What became of a look at a page that has an address: where nothing was told, that is known of it.
fn told<T>(looked: Result<T, BrowserError>, url: &str) -> Result<T, BrowserError> {
    let (authority, path, _) = place(url);
    match looked {
        // Of a page that is very deep, Chromium refuses to tell.
        Err(BrowserError::Unanswered | BrowserError::Refused(_)) if !authority.is_empty() => {
            Err(BrowserError::Unread { authority, path })
        }
        looked => looked,
    }
}

/// A URL's host and port in lower case, and its path; empty for what is no web page.
fn place(url: &str) -> (String, String, bool) {
    let Some((scheme, rest)) = url.split_once("://") else { return Default::default() };
    let implied = match scheme {
        "https" => "443",
        "http" => "80",
        _ => return Default::default(),
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host).to_ascii_lowercase();
    let has_port =
        host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let authority = if has_port { host } else { format!("{host}:{implied}") };
    (authority, if path.is_empty() { "/".to_owned() } else { path.to_owned() }, scheme == "https")
}

/// Ends a process that did not become a browser.
#[derive(Debug)]
struct Guard(Option<Child>);

impl Guard {
    /// Starts a browser, without the tokens and passwords of this program's environment.
    fn spawn(command: &mut Command) -> std::io::Result<Self> {
        without_credentials(command).spawn().map(|child| Self(Some(child)))
    }

    /// The browser, which now ends with its driver.
    fn release(mut self) -> Result<Child, BrowserError> {
        self.0.take().ok_or(BrowserError::Closed)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // One that has ended by itself cannot be ended.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Keeps tokens and passwords from a program that is started: it has no use for them.
pub fn without_credentials(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_credential(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    command
}

/// Whether a variable is one of GitHub's, or by its name holds a secret of something else.
fn is_credential(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["GH_", "GHE_", "GITHUB_"].iter().any(|start| name.starts_with(start))
        || ["TOKEN", "PASSWORD", "PASSWD", "SECRET", "API_KEY", "PRIVATE_KEY", "ACCESS_KEY"]
            .iter()
            .any(|part| name.contains(part))
}

/// Why a browser has gone: the person closed its window or ended it, or it crashed.
async fn why_ended(child: &mut Child) -> BrowserError {
    // Its sockets close a moment before it has ended.
    for _ in 0..MOST_ENDING {
        match child.try_wait() {
            Ok(Some(status)) if was_closed(status) => return BrowserError::Closed,
            Ok(Some(status)) => return BrowserError::Crashed(status.to_string()),
            Ok(None) => tokio::time::sleep(BETWEEN_ENDING).await,
            Err(error) => return error.into(),
        }
    }
    BrowserError::Crashed("it does not listen any more".to_owned())
}

#[cfg(unix)]
fn was_closed(status: std::process::ExitStatus) -> bool {
    // The signals of an end that was asked for: SIGHUP, SIGINT, SIGTERM.
    status.success()
        || std::os::unix::process::ExitStatusExt::signal(&status)
            .is_some_and(|signal| [1, 2, 15].contains(&signal))
}

#[cfg(not(unix))]
fn was_closed(status: std::process::ExitStatus) -> bool {
    status.success()
}

/// Why an element is not clicked.
const COVERED: &str = "another element lies over it";
const MOST_ENDING: u32 = 60;
const BETWEEN_ENDING: Duration = Duration::from_millis(50);
/// A start takes one to two seconds; a policy that forbids it never ends.
const MOST_START: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_known_by_their_names() {
        for name in [
            "GH_TOKEN",
            "GITHUB_TOKEN",
            "GH_ENTERPRISE_TOKEN",
            "GITHUB_ENTERPRISE_TOKEN",
            "GHE_MANAGE_USER",
            "GHE_MANAGE_PASSWORD",
            "gh_token",
            "CI_JOB_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "NPM_TOKEN",
        ] {
            assert!(is_credential(name), "{name}");
        }
        for name in
            ["PATH", "HOME", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "LANG", "HTTPS_PROXY", "GHOST"]
        {
            assert!(!is_credential(name), "{name}");
        }
    }

    #[test]
    fn an_address_has_a_place() {
        for (url, authority, path, secure) in [
            ("https://github.com", "github.com:443", "/", true),
            (
                "https://GitHub.com/enterprise_installations/new?state=1#x",
                "github.com:443",
                "/enterprise_installations/new",
                true,
            ),
            ("https://ghes.corp.example:8443/a", "ghes.corp.example:8443", "/a", true),
            ("https://github.com@evil.example/a", "evil.example:443", "/a", true),
            ("https://[2001:db8::9]/a", "[2001:db8::9]:443", "/a", true),
            ("http://github.com/a", "github.com:80", "/a", false),
            ("about:blank", "", "", false),
            ("chrome-error://chromewebdata/", "", "", false),
        ] {
            assert_eq!(place(url), (authority.to_owned(), path.to_owned(), secure), "{url}");
        }
    }
}
