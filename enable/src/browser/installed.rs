//! Which browsers are installed, and whether a policy forbids to drive them. All that differs between systems is here.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use gh_connect_engine::{Effects as _, Machine};

/// A kind of browser that can be driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Chromium.
    Chromium,
    /// Google Chrome.
    Chrome,
    /// Microsoft Edge.
    Edge,
    /// Firefox.
    Firefox,
}

/// An installed browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Its kind.
    pub kind: Kind,
    /// The program.
    pub program: PathBuf,
}

/// A policy that forbids to drive a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The file that says so.
    pub file: PathBuf,
    /// Its setting.
    pub setting: &'static str,
}

impl Kind {
    /// All of them, in the order in which one is chosen.
    pub const ALL: [Self; 4] = [Self::Chromium, Self::Chrome, Self::Edge, Self::Firefox];

    /// The name on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Chrome => "chrome",
            Self::Edge => "edge",
            Self::Firefox => "firefox",
        }
    }

    fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Chromium => &["chromium", "chromium-browser"],
            Self::Chrome => &["google-chrome", "google-chrome-stable"],
            Self::Edge => &["microsoft-edge", "microsoft-edge-stable"],
            Self::Firefox => &["firefox", "firefox-esr"],
        }
    }

    /// Where the program is on macOS.
    fn application(self) -> &'static str {
        match self {
            Self::Chromium => "/Applications/Chromium.app/Contents/MacOS/Chromium",
            Self::Chrome => "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            Self::Edge => "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
            Self::Firefox => "/Applications/Firefox.app/Contents/MacOS/firefox",
        }
    }

    fn policies(self) -> &'static [&'static str] {
        match self {
            Self::Chromium => &["/etc/chromium/policies/managed", "/etc/chromium-browser/policies/managed"],
            Self::Chrome => &["/etc/opt/chrome/policies/managed"],
            Self::Edge => &["/etc/opt/edge/policies/managed"],
            Self::Firefox => &[],
        }
    }
}

/// The first program of this kind in the folders of `path`, or where the system keeps its applications.
pub fn find(kind: Kind, path: &OsStr) -> Option<Installed> {
    let in_path = std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .flat_map(|folder| kind.programs().iter().map(move |program| folder.join(program)))
        .find(|program| is_program(program));
    let program =
        in_path.or_else(|| Some(PathBuf::from(kind.application())).filter(|program| is_program(program)))?;
    Some(Installed { kind, program })
}

/// A policy that forbids remote debugging: a browser under it never answers (GitHub issues of Cypress and web-ext).
pub fn forbidden_by(kind: Kind) -> Option<Policy> {
    kind.policies().iter().find_map(|folder| forbidding(Path::new(folder)))
}

fn forbidding(folder: &Path) -> Option<Policy> {
    let files = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    files.filter(|file| file.extension() == Some(OsStr::new("json"))).find_map(|file| {
        let text = Machine.read(&file).ok()?;
        let policy: serde_json::Value = serde_json::from_slice(&text).ok()?;
        (policy.get(FORBIDS)? == false).then_some(Policy { file, setting: FORBIDS })
    })
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file())
}

const FORBIDS: &str = "RemoteDebuggingAllowed";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_found_in_absolute_folders_only() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("firefox-esr"), "").expect("written");
        let path = std::env::join_paths([Path::new("."), folder.path()]).expect("a path");
        let found = find(Kind::Firefox, &path).expect("it is there");
        assert_eq!(found.program, folder.path().join("firefox-esr"));
        assert_eq!(find(Kind::Edge, folder.path().as_os_str()), None);
    }

    #[test]
    fn a_policy_that_forbids_debugging_is_recognised() {
        let folder = tempfile::tempdir().expect("a folder");
        for (text, forbids) in [
            (r#"{"RemoteDebuggingAllowed": true}"#, false),
            ("no json", false),
            ("[]", false),
            (r#"{"Homepage": "x"}"#, false),
            (r#"{"RemoteDebuggingAllowed": false}"#, true),
        ] {
            fs::write(folder.path().join("corp.json"), text).expect("written");
            assert_eq!(forbidding(folder.path()).is_some(), forbids, "{text}");
        }
    }
}
