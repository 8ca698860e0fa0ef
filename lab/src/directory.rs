//! The directory of a running lab: nobody else's business, and gone with its lab, whatever ended that.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A new directory that only this user can enter. Those whose lab is gone are removed first.
pub(crate) fn new() -> io::Result<Directory> {
    let parent = std::env::temp_dir();
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let directory = builder.tempdir_in(&parent)?;
    sweep(&parent, directory.path(), &fs::metadata(directory.path())?);
    // Locked before it has its name: whoever finds it finds it locked.
    let unnamed = directory.path().join("lock.new");
    let lock = File::create(&unnamed)?;
    lock.lock()?;
    fs::rename(&unnamed, directory.path().join(LOCK))?;
    Ok(Directory { directory, _lock: lock })
}

/// The directory, and the lock that says that its lab lives: the system takes it away with the process, even a killed one.
pub(crate) struct Directory {
    directory: TempDir,
    _lock: File,
}

impl Directory {
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// The directories of labs that were killed. The next lab removes them: what still runs in one has to be ended before.
pub fn left_behind() -> Vec<PathBuf> {
    // Whose a new file is, this user's directories are.
    let ours = tempfile::tempfile().and_then(|file| file.metadata());
    ours.map(|ours| all_left_behind(&std::env::temp_dir(), &ours)).unwrap_or_default()
}

/// Removes what labs left behind that were killed. What cannot be removed, or is not ours, stays.
fn sweep(parent: &Path, own: &Path, ours: &Metadata) {
    for path in all_left_behind(parent, ours).into_iter().filter(|path| path != own) {
        // Another lab may be at it already.
        let _ = fs::remove_dir_all(path);
    }
}

fn all_left_behind(parent: &Path, ours: &Metadata) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let labs = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    labs.map(|entry| entry.path()).filter(|path| is_left_behind(path, ours)).collect()
}

fn is_left_behind(directory: &Path, ours: &Metadata) -> bool {
    let is_ours =
        fs::symlink_metadata(directory).is_ok_and(|theirs| theirs.is_dir() && same_owner(&theirs, ours));
    let lock = directory.join(LOCK);
    let is_a_file = || fs::symlink_metadata(&lock).is_ok_and(|lock| lock.is_file());
    is_ours && is_a_file() && File::open(&lock).is_ok_and(|lock| lock.try_lock().is_ok())
}

#[cfg(unix)]
fn same_owner(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    one.uid() == other.uid()
}

#[cfg(not(unix))]
fn same_owner(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    true
}

const PREFIX: &str = "gh-connect-lab-";
const LOCK: &str = "lock";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_holds_is_left_behind() {
        let parent = tempfile::tempdir().expect("a directory");
        let own = parent.path().join("gh-connect-lab-own");
        let made = |name: &str, lock: bool| {
            let path = parent.path().join(name);
            fs::create_dir(&path).expect("a directory");
            if lock {
                fs::write(path.join(LOCK), "").expect("a file");
            }
            path
        };
        made("gh-connect-lab-own", true);
        let dead = made("gh-connect-lab-dead", true);
        let alive = made("gh-connect-lab-alive", true);
        let begun = made("gh-connect-lab-begun", false);
        let other = made("something-else", true);
        let held = File::open(alive.join(LOCK)).expect("the lock");
        held.lock().expect("nobody else has it");
        let ours = fs::metadata(&own).expect("it is there");
        sweep(parent.path(), &own, &ours);
        let left = [&own, &dead, &alive, &begun, &other].map(|path| path.exists());
        assert_eq!(left, [true, false, true, true, true]);
        drop(held);
        sweep(parent.path(), &own, &ours);
        assert!(!alive.exists() && own.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_new_directory_is_private_and_locked() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = new().expect("a directory");
        let mode = fs::metadata(directory.path()).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let ours = fs::metadata(directory.path()).expect("it is there");
        assert!(!is_left_behind(directory.path(), &ours));
        let path = directory.path().to_owned();
        drop(directory);
        assert!(!path.exists());
    }
}
