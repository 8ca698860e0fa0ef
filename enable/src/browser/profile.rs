use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

/// A thrown-away profile: a folder that is gone when this is dropped. It is locked as long as its browser runs, so that
/// [`sweep`] finds what a killed process left behind.
#[derive(Debug)]
pub struct Profile {
    folder: PathBuf,
    _lock: File,
}

impl Profile {
    /// Makes an empty profile in `base`, which is the program's own folder and private to the user.
    pub fn new(base: &Path) -> io::Result<Self> {
        for nth in 0..MOST_AT_ONCE {
            let folder = base.join(format!("{PREFIX}{}-{nth}", std::process::id()));
            match private_folder(&folder) {
                Ok(()) => {
                    let lock = lock_of(&folder)?;
                    lock.try_lock().map_err(|_| io::Error::other("a new profile is in use"))?;
                    return Ok(Self { folder, _lock: lock });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("too many profiles are in use"))
    }

    /// Where the browser keeps its files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        // A browser has further processes, which end a moment after it and write until then. What still is held after that is
        // swept by the next start.
        for _ in 0..MOST_REMOVALS {
            let _ = fs::remove_dir_all(&self.folder);
            std::thread::sleep(BETWEEN_REMOVALS);
            if !self.folder.exists() {
                return;
            }
        }
    }
}

/// Removes the profiles that no program uses any more, ends the browsers that still run in them, and says how many there were.
pub fn sweep(base: &Path) -> usize {
    let Ok(entries) = fs::read_dir(base) else { return 0 };
    // A link leads elsewhere, and is none of them.
    let folders = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let left = folders.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    let free = left.filter(|entry| lock_of(&entry.path()).is_ok_and(|lock| lock.try_lock().is_ok()));
    free.filter(|entry| {
        if end_browser_of(&entry.path()) {
            std::thread::sleep(BETWEEN_REMOVALS);
        }
        (0..MOST_REMOVALS).any(|nth| {
            if nth > 0 {
                std::thread::sleep(BETWEEN_REMOVALS);
            }
            fs::remove_dir_all(entry.path()).is_ok()
        })
    })
    .count()
}

/// Ends the browser that a killed program left behind in a profile. Its command line names the profile from the moment at which it
/// is a browser: nothing has to be noted of it, and nothing can be missed between its start and a note.
#[cfg(target_os = "linux")]
fn end_browser_of(folder: &Path) -> bool {
    use gh_connect_engine::{Effects as _, Machine};
    use rustix::process::{Pid, Signal, kill_process};

    let Ok(entries) = fs::read_dir("/proc") else { return false };
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let runs_in_it = |id: &i32| {
        let line = Machine.read(Path::new(&format!("/proc/{id}/cmdline")));
        line.is_ok_and(|line| names_profile(&line, folder))
    };
    let browsers = ids.filter(runs_in_it).filter_map(Pid::from_raw);
    // One that has ended meanwhile, or is another user's, cannot be ended.
    browsers.filter(|id| kill_process(*id, Signal::KILL).is_ok()).count() > 0
}

/// Whether a command line, with a zero byte behind each argument, is that of a browser in this profile.
#[cfg(target_os = "linux")]
fn names_profile(line: &[u8], folder: &Path) -> bool {
    use std::os::unix::ffi::OsStrExt as _;

    let folder = folder.as_os_str().as_bytes();
    let arguments: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
    let of_chromium = |argument: &&[u8]| argument.strip_prefix(USER_DATA.as_bytes()) == Some(folder);
    let of_firefox = |pair: &[&[u8]]| pair == [PROFILE.as_bytes(), folder];
    arguments.iter().any(of_chromium) || arguments.windows(2).any(of_firefox)
}

/// Elsewhere a browser that was left behind is the person's to close.
#[cfg(not(target_os = "linux"))]
fn end_browser_of(_: &Path) -> bool {
    false
}

/// A folder that only its user can read: the cookies of a session are in it.
fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn lock_of(folder: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("gh-connect.lock"))
}

/// How Chromium is given its profile, with the folder right behind it.
pub(super) const USER_DATA: &str = "--user-data-dir=";
/// How Firefox is, with the folder as the next argument.
pub(super) const PROFILE: &str = "--profile";
const PREFIX: &str = "profile-";
const MOST_AT_ONCE: usize = 16;
const MOST_REMOVALS: u32 = 40;
const BETWEEN_REMOVALS: std::time::Duration = std::time::Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_gone_afterwards_and_what_was_left_is_swept() {
        let base = tempfile::tempdir().expect("a folder");
        let profile = Profile::new(base.path()).expect("a profile");
        let folder = profile.folder().to_owned();
        #[cfg(unix)]
        {
            let mode =
                std::os::unix::fs::PermissionsExt::mode(&folder.metadata().expect("a folder").permissions());
            assert_eq!(mode & 0o777, 0o700);
        }
        fs::write(folder.join("Cookies"), "secret").expect("written");
        assert_eq!(sweep(base.path()), 0, "it is in use");
        drop(profile);
        assert!(!folder.exists());
        let left = base.path().join("profile-1-0");
        fs::create_dir(&left).expect("a folder");
        fs::create_dir(base.path().join("journals")).expect("a folder");
        assert_eq!(sweep(base.path()), 1);
        assert!(!left.exists() && base.path().join("journals").exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_browser_that_was_left_is_ended_and_nothing_else() {
        use std::process::{Command, Stdio};

        use gh_connect_engine::{Effects as _, Machine};

        let base = tempfile::tempdir().expect("a folder");
        let left = base.path().join("profile-1-0");
        fs::create_dir(&left).expect("a folder");
        let folder = left.display().to_string();
        let (mine, longer) = (format!("{USER_DATA}{folder}"), format!("{USER_DATA}{folder}0"));
        let start = |arguments: &[&str]| {
            let mut command = Command::new("sh");
            let command = command.args(["-c", "read line", "sh"]).args(arguments);
            command.stdin(Stdio::piped()).spawn().expect("a process")
        };
        let browsers = [start(&[&mine]), start(&["--headless", PROFILE, &folder])];
        // Somebody looks at the folder, or runs in another one.
        let others = [start(&[&folder]), start(&[&longer]), start(&[PROFILE, "x", &folder])];
        // A process that has not become a shell yet has the command line of this one.
        let lines = |id: u32| Machine.read(Path::new(&format!("/proc/{id}/cmdline"))).unwrap_or_default();
        while browsers.iter().chain(&others).any(|child| !lines(child.id()).starts_with(b"sh\0")) {
            std::thread::sleep(BETWEEN_REMOVALS);
        }
        assert_eq!(sweep(base.path()), 1);
        for mut browser in browsers {
            let status = browser.wait().expect("its end");
            assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
        }
        for mut other in others {
            assert!(other.try_wait().expect("a status").is_none(), "it was ended");
            other.kill().expect("ended");
            other.wait().expect("its end");
        }
    }
}
