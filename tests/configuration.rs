//! Which configuration file is read: the one that was named, or else the user's own, and only where nobody else can write it.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Output,
};

use support::{Ran, gh_connect};

/// A home of its own, which nobody else can write.
struct Home(tempfile::TempDir);

impl Home {
    /// Below a folder that belongs to this user alone up to the root; in a sticky one others cannot replace it.
    fn new() -> Self {
        let home = Self(tempfile::Builder::new().prefix("home").tempdir_in("/tmp").unwrap());
        home.folder(".config/gh-connect");
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(name)
    }

    fn folder(&self, name: &str) {
        fs::create_dir_all(self.path(name)).unwrap();
        for folder in Path::new(name).ancestors().filter(|folder| !folder.as_os_str().is_empty()) {
            self.mode(&folder.display().to_string(), 0o755);
        }
    }

    fn file(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        self.mode(name, 0o644);
    }

    fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Runs a check that ends at once, and asks nobody.
    fn check(&self, arguments: &[&str], environment: &[(&str, PathBuf)]) -> Output {
        let mut command = gh_connect(["check", "--only", "billing"]);
        command.args(arguments).current_dir(self.path("")).env("HOME", self.path(""));
        command.envs(environment.iter().map(|(name, value)| (*name, value))).output().unwrap()
    }

    fn stderr(&self, environment: &[(&str, PathBuf)]) -> String {
        String::from_utf8(self.check(&[], environment).stderr).unwrap()
    }
}

const OWN: &str = ".config/gh-connect/config.toml";
const SEEN: &str = "there is no key `tiemout`";

/// A folder may have come with a repository. What lies there decides nothing, and no credential leaves because of it.
#[test]
fn a_file_in_the_current_folder_takes_no_credentials() {
    let home = Home::new();
    let thief = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = thief.local_addr().unwrap();
    home.file(
        "gh-connect.toml",
        &format!("server = 'http://{place}'\nenterprise = 'acme'\nconnect-to = ['::{place}']\n"),
    );
    let mut command = gh_connect(["check", "--deadline", "2", "-o", "json"]);
    let credentials =
        ["GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GHE_MANAGE_PASSWORD"].map(|name| (name, "ghp_canary4711canary"));
    let output =
        command.current_dir(home.path("")).env("HOME", home.path("")).envs(credentials).output().unwrap();
    thief.set_nonblocking(true).unwrap();
    assert!(thief.accept().is_err(), "somebody came");
    let ran = Ran::of(&output).unwrap();
    assert!(ran.stderr.contains("gh-connect.toml in the current folder is not read"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--config gh-connect.toml"), "{}", ran.stderr);
    assert!(ran.record.plan["server"].is_null() && ran.record.plan["config"].is_null());
}

#[test]
fn the_file_that_was_named_is_read_and_told() {
    let home = Home::new();
    home.file("gh-connect.toml", "enterprise = 'acme'");
    home.mode("gh-connect.toml", 0o666);
    let output = home.check(&["--config", "gh-connect.toml", "-o", "json"], &[]);
    let ran = Ran::of(&output).unwrap();
    assert_eq!(ran.record.plan["config"]["value"], "gh-connect.toml");
    assert_eq!(ran.record.plan["config"]["origin"], "flag --config");
    assert!(!ran.stderr.contains("is not read"), "{}", ran.stderr);
    let table = String::from_utf8(home.check(&["--config", "gh-connect.toml"], &[]).stdout).unwrap();
    assert!(table.contains("settings from gh-connect.toml"), "{table}");
}

#[test]
fn the_users_own_file_is_read_and_told() {
    let home = Home::new();
    home.file(OWN, "enterprise = 'acme'");
    let ran = Ran::of(&home.check(&["-o", "json"], &[])).unwrap();
    assert_eq!(ran.record.plan["enterprise"]["value"], "acme");
    assert_eq!(ran.record.plan["config"]["value"], home.path(OWN).to_str().unwrap());
    assert_eq!(ran.record.plan["config"]["origin"], "default");
    let table = String::from_utf8(home.check(&[], &[]).stdout).unwrap();
    assert!(
        table.replace(['\n', ' '], "").contains(&format!("settingsfrom{}", home.path(OWN).display())),
        "{table}"
    );
}

#[cfg(not(target_os = "macos"))]
#[test]
fn the_users_own_file_is_where_the_desktop_says() {
    let home = Home::new();
    home.file(OWN, "tiemout = 1");
    home.folder("elsewhere/gh-connect");
    assert!(home.stderr(&[]).contains(SEEN));
    let elsewhere = ("XDG_CONFIG_HOME", home.path("elsewhere"));
    assert_eq!(home.stderr(std::slice::from_ref(&elsewhere)), "");
    home.file("elsewhere/gh-connect/config.toml", "tiemout = 1");
    assert!(home.stderr(&[elsewhere]).contains(SEEN));
    // A relative path would be one below the current folder.
    home.file(OWN, "");
    assert_eq!(home.stderr(&[("XDG_CONFIG_HOME", "elsewhere".into())]), "");
    assert_eq!(home.stderr(&[("HOME", ".".into())]), "");
}

#[test]
fn a_file_that_others_can_write_is_refused() {
    for (name, mode) in [(OWN, 0o646), (OWN, 0o664), (".config/gh-connect", 0o757), (".config", 0o775)] {
        let home = Home::new();
        home.file(OWN, "tiemout = 1");
        home.mode(name, mode);
        let output = home.check(&[], &[]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{name} {mode:o}: {stderr}");
        let why = format!("others can write {} (mode {mode:04o})", home.path(name).display());
        assert!(stderr.contains(&why) && stderr.contains("chmod go-w") && !stderr.contains(SEEN), "{stderr}");
    }
}

#[test]
fn a_link_is_followed_as_far_as_it_can_be_trusted() {
    let home = Home::new();
    home.folder("dotfiles/shared");
    home.file("dotfiles/shared/ours.toml", "tiemout = 1");
    symlink("shared/ours.toml", home.path("dotfiles/link.toml")).unwrap();
    symlink("../../dotfiles/link.toml", home.path(OWN)).unwrap();
    assert!(home.stderr(&[]).contains(SEEN));
    home.mode("dotfiles/shared", 0o777);
    assert!(home.stderr(&[]).contains("others can write"), "{}", home.stderr(&[]));
    home.mode("dotfiles/shared", 0o755);
    home.mode("dotfiles", 0o777);
    assert!(home.stderr(&[]).contains("others can write"), "{}", home.stderr(&[]));
}

/// What root may do for the tests: give a file to another user.
#[test]
fn a_file_of_another_user_is_refused() {
    let home = Home::new();
    home.file(OWN, "tiemout = 1");
    if std::os::unix::fs::chown(home.path(OWN), Some(12345), None).is_err() {
        // Only root can give files away.
        return;
    }
    assert!(
        home.stderr(&[]).contains("belongs to user 12345, who is neither you nor root"),
        "{}",
        home.stderr(&[])
    );
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let home = Home::new();
    home.folder(OWN);
    let output = home.check(&[], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be read"), "{output:?}");
}

#[test]
fn in_a_lab_nobodys_file_is_read() {
    let home = Home::new();
    home.file(OWN, "tiemout = 1");
    home.file("gh-connect.toml", "tiemout = 1");
    let output = gh_connect(["check", "--lab"])
        .current_dir(home.path(""))
        .env("HOME", home.path(""))
        .output()
        .unwrap();
    assert_eq!(
        (output.status.code(), String::from_utf8_lossy(&output.stderr).contains("is not read")),
        (Some(0), false)
    );
}

/// A report may name what its reader alone should know.
#[test]
fn a_report_is_its_users_alone() {
    let home = Home::new();
    let mode = |name: &str| fs::metadata(home.path(name)).unwrap().permissions().mode() & 0o7777;
    home.file("opened.json", "");
    home.check(&["-o", "json=record.json", "-o", "short=opened.json"], &[]);
    assert_eq!((mode("record.json"), mode("opened.json")), (0o600, 0o600));
}
