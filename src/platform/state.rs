//! Where journals are kept, private to the user; and the person's own browser.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::environment::Environment;

/// The user's folder for what a program has to remember; `None` where it is not known whose it would be.
pub(crate) fn state_folder(environment: &Environment) -> Option<PathBuf> {
    let folder = |name: &str| environment.text(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        folder("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        // The XDG Base Directory Specification: a relative path is to be ignored.
        folder("XDG_STATE_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/state")))
    };
    Some(folder?.join("gh-connect"))
}

/// Makes a folder that only its user can read, and those above it, and writes it through to the disk. One that is there has to be a
/// folder of the user's own, and no link to one; that others could look into it is mended.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    // The XDG Base Directory Specification wants it for those above, too.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    if let Some(above) = path.parent().filter(|above| !above.is_dir()) {
        builder.recursive(true).create(above)?;
        let named = |folder: &&Path| !folder.as_os_str().is_empty();
        above.ancestors().skip(1).filter(named).try_for_each(written_through)?;
    }
    match builder.recursive(false).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => made_private(path),
        made => made.and_then(|()| path.parent().map_or(Ok(()), written_through)),
    }
}

#[cfg(unix)]
fn made_private(path: &Path) -> io::Result<()> {
    use rustix::fs::OFlags;

    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = rustix::fs::open(path, flags, rustix::fs::Mode::empty()).map_err(|error| {
        let error = io::Error::from(error);
        let what = "it has to be a folder, and no symbolic link to one";
        io::Error::new(error.kind(), format!("{} cannot be used: {error}; {what}", path.display()))
    })?;
    own(&File::from(folder), path, 0o700)
}

#[cfg(not(unix))]
fn made_private(path: &Path) -> io::Result<()> {
    match path.is_dir() {
        true => Ok(()),
        false => {
            Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} is no folder", path.display())))
        }
    }
}

/// Holds that a file or folder is the user's own, and takes from others what they may do with it. What others may have written is not
/// used.
#[cfg(unix)]
fn own(file: &File, path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    let there = file.metadata()?;
    let refuse = |why: String| {
        Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{} {why}", path.display())))
    };
    let user = rustix::process::geteuid().as_raw();
    if there.uid() != user {
        return refuse(format!(
            "belongs to user {}, and not to you ({user}): move it away, or run as that user",
            there.uid()
        ));
    }
    if there.mode() & 0o022 != 0 {
        return refuse(format!(
            "can be written by others (mode {:04o}): look at what is in it, then chmod go-w",
            there.mode() & 0o7777
        ));
    }
    match there.mode() & 0o077 {
        0 => Ok(()),
        _ => file.set_permissions(std::fs::Permissions::from_mode(mode)),
    }
}

/// Writes a folder through to the disk: what was made in it is there after a crash, too. Not every file system can.
#[cfg(unix)]
fn written_through(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if is_unable(&error) => Ok(()),
        written => written,
    }
}

/// A folder above that may be passed but not read, or a file system without this.
#[cfg(unix)]
fn is_unable(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    [InvalidInput, PermissionDenied, Unsupported].contains(&error.kind())
}

/// Elsewhere a folder cannot be opened, and the system does it by itself.
#[cfg(not(unix))]
fn written_through(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A file of the user's own, and no link to one, that only its user can read, open for reading and for adding to its end. A new one is
/// in its folder on the disk.
pub(crate) fn private_log(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    private(options.read(true).append(true).create(true));
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default(),
    );
    let is_new = !path.exists();
    let file = options.open(path)?;
    #[cfg(unix)]
    own(&file, path, 0o600)?;
    if is_new {
        path.parent().map_or(Ok(()), written_through)?;
    }
    Ok(file)
}

/// Writes a new file that only its user can read. One that is there is left as it is, and is an error.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// An empty file that only its user can read, whoever could read what was there before.
pub(crate) fn private_anew(path: &Path) -> io::Result<File> {
    let file = private(OpenOptions::new().write(true).create(true).truncate(true)).open(path)?;
    #[cfg(unix)]
    if file.metadata()?.is_file() {
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    }
    Ok(file)
}

fn private(options: &mut OpenOptions) -> &OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Whether a window can be shown here.
pub(crate) fn has_display(environment: &Environment) -> bool {
    cfg!(windows)
        || cfg!(target_os = "macos")
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| environment.text(name).is_some_and(|text| !text.is_empty()))
}

/// Opens an address in the person's own browser. Whether it was opened: a system without such a command says no.
pub(crate) fn open_in_browser(url: &str) -> bool {
    let (program, first): (&str, &[&str]) = if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else if cfg!(target_os = "macos") {
        ("open", &[])
    } else {
        ("xdg-open", &[])
    };
    let mut command = Command::new(program);
    command.args(first).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // It hands the address on and ends; nobody has to wait for it.
    gh_connect_enable::browser::without_credentials(&mut command).spawn().is_ok()
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt as _, symlink},
    };

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
    }

    fn with_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
    }

    #[test]
    fn a_folder_is_ones_own_or_refused() {
        let base = tempfile::tempdir().expect("a folder");
        let folder = base.path().join("state/gh-connect");
        private_folder(&folder).expect("made");
        assert_eq!((mode(&folder), mode(&base.path().join("state"))), (0o700, 0o700));
        for (wide, mended) in [(0o755, true), (0o711, true), (0o700, true), (0o770, false), (0o707, false)] {
            with_mode(&folder, wide);
            assert_eq!(private_folder(&folder).is_ok(), mended, "{wide:o}");
            assert_eq!(mode(&folder), if mended { 0o700 } else { wide }, "{wide:o}");
        }
        with_mode(&folder, 0o700);
        let (link, file) = (base.path().join("link"), base.path().join("file"));
        symlink(&folder, &link).expect("a link");
        fs::write(&file, "").expect("written");
        for path in [&link, &file] {
            let error = private_folder(path).expect_err("it is no folder").to_string();
            assert!(error.contains("no symbolic link"), "{error}");
        }
    }

    #[test]
    fn a_log_is_ones_own_or_refused() {
        let base = tempfile::tempdir().expect("a folder");
        let path = base.path().join("j.jsonl");
        private_log(&path).expect("made").write_all(b"a\n").expect("written");
        with_mode(&path, 0o644);
        private_log(&path).expect("opened").write_all(b"b\n").expect("written");
        let length = fs::metadata(&path).expect("it is there").len();
        assert_eq!((mode(&path), length), (0o600, 4), "what is there is kept");
        with_mode(&path, 0o666);
        let error = private_log(&path).expect_err("others may have written it").to_string();
        assert!(error.contains("can be written by others (mode 0666)"), "{error}");
        let link = base.path().join("link");
        symlink(&path, &link).expect("a link");
        assert!(private_log(&link).is_err());
    }

    /// As another user's, where the test may make such a one.
    #[test]
    fn what_is_another_users_is_refused() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let base = tempfile::tempdir().expect("a folder");
        let folder = base.path().join("gh-connect");
        private_folder(&folder).expect("made");
        std::os::unix::fs::chown(&folder, Some(65534), None).expect("given away");
        let error = private_folder(&folder).expect_err("it is another user's").to_string();
        assert!(error.contains("belongs to user 65534"), "{error}");
    }
}
