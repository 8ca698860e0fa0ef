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
            match fs::create_dir(&folder) {
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

/// Removes the profiles that no process uses any more, and says how many there were.
pub fn sweep(base: &Path) -> usize {
    let Ok(entries) = fs::read_dir(base) else { return 0 };
    let left = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    let free = left.filter(|entry| lock_of(&entry.path()).is_ok_and(|lock| lock.try_lock().is_ok()));
    free.filter(|entry| fs::remove_dir_all(entry.path()).is_ok()).count()
}

fn lock_of(folder: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("gh-connect.lock"))
}

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
