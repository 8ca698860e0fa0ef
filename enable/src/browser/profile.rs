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

    /// Notes the browser's process, for [`sweep`].
    pub(super) fn is_used_by(&self, browser: &std::process::Child) -> io::Result<()> {
        fs::write(self.folder.join(BROWSER), browser.id().to_string())
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
    let left = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
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

/// Ends the browser that a killed program left behind in a profile. That it is this one, its command line says: another process may
/// have its number by now.
#[cfg(target_os = "linux")]
fn end_browser_of(folder: &Path) -> bool {
    use gh_connect_engine::{Effects as _, Machine};
    use rustix::process::{Pid, Signal, kill_process};

    let text = |path: &Path| Machine.read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let id = text(&folder.join(BROWSER)).ok().and_then(|text| text.trim().parse::<i32>().ok());
    let Some(id) = id.and_then(Pid::from_raw) else { return false };
    let command = text(Path::new(&format!("/proc/{}/cmdline", id.as_raw_nonzero())));
    let runs_in_it = command.is_ok_and(|line| line.contains(&*folder.to_string_lossy()));
    runs_in_it && kill_process(id, Signal::KILL).is_ok()
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

const BROWSER: &str = "gh-connect.pid";
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
}
