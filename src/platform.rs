//! What differs between operating systems: signals, terminals, the name of this machine, and whose files are whose.

mod state;
mod user;

use std::{
    io::{IsTerminal as _, Read as _},
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::Duration,
};

use gh_connect_engine::{Effects as _, Interrupt, Lack, Machine};

pub(crate) use state::{
    has_display, open_in_browser, private_anew, private_folder, private_log, state_folder, write_private,
};
pub(crate) use user::user;

use crate::{environment::Environment, plan, sink};

/// Signals that end a run early, listened to from the moment of creation.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    /// The terminal is gone; whoever waits for the report in a file is not.
    #[cfg(unix)]
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    /// Begins to listen; needs a runtime.
    #[cfg(unix)]
    pub(crate) fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Begins to listen; needs a runtime.
    #[cfg(not(unix))]
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self {})
    }

    /// The next signal.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) -> Interrupt {
        tokio::select! {
            _ = self.interrupt.recv() => Interrupt::Interrupt,
            _ = self.terminate.recv() => Interrupt::Terminate,
            _ = self.hang_up.recv() => Interrupt::HangUp,
        }
    }

    /// The next signal.
    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) -> Interrupt {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Interrupt::Interrupt
    }
}

/// What is known of the terminals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminals {
    /// Whether a person can answer on stdin.
    pub(crate) stdin: bool,
    /// Whether a person reads stdout.
    pub(crate) stdout: bool,
    /// Whether a person reads stderr.
    pub(crate) stderr: bool,
    /// Columns of stdout's terminal.
    pub(crate) width: Option<usize>,
}

impl Terminals {
    /// As they are.
    pub(crate) fn of_this_process() -> Self {
        let stdout = std::io::stdout();
        Self {
            stdin: std::io::stdin().is_terminal(),
            stdout: stdout.is_terminal(),
            stderr: std::io::stderr().is_terminal(),
            width: terminal_size::terminal_size_of(stdout).map(|(width, _)| usize::from(width.0)),
        }
    }
}

/// What a command prints when it succeeds within the time; `None` when it fails or is not there. It is ended when it takes
/// longer.
pub(crate) async fn printed(program: &str, arguments: &[&str], limit: Duration) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            // That it is not there is usual, and nothing to speak of.
            if Lack::of(&error).is_some() {
                let error = Lack::explained(error);
                sink::stderr(&format!("gh-connect: {program} cannot be started: {error}\n"));
            }
            return None;
        }
    };
    let stdout = child.stdout.take()?;
    let child = Arc::new(Mutex::new(child));
    let (tell, told) = tokio::sync::oneshot::channel();
    let reader = {
        let child = Arc::clone(&child);
        move || {
            let mut text = String::new();
            let read = stdout.take(MOST_PRINTED).read_to_string(&mut text);
            // What is printed has ended; the process ends at that moment, or is ended when the time is over.
            let ended = loop {
                match child.lock().unwrap_or_else(PoisonError::into_inner).try_wait() {
                    Ok(Some(status)) => break status.success(),
                    Ok(None) => {}
                    Err(_) => break false,
                }
                std::thread::sleep(Duration::from_millis(1));
            };
            // Nobody waits any more after the time.
            let _ = tell.send((read.is_ok() && ended).then_some(text));
        }
    };
    std::thread::Builder::new().name("command".to_owned()).spawn(reader).ok()?;
    match tokio::time::timeout(limit, told).await {
        Ok(told) => told.ok().flatten(),
        Err(_) => {
            // One that has ended by itself cannot be ended, and that is well.
            let _ = child.lock().unwrap_or_else(PoisonError::into_inner).kill();
            None
        }
    }
}

/// Fails where this process may not open the few files that a run begins with: without them the runtime breaks off in the middle.
pub(crate) fn room_to_begin() -> std::io::Result<()> {
    let opened: Result<Vec<_>, _> =
        (0..FILES_TO_BEGIN_WITH).map(|_| std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))).collect();
    match opened {
        Err(error) if Lack::of(&error).is_some() => Err(error),
        _ => Ok(()),
    }
}

/// All that comes from standard input within the time, at most a little more than anybody asks for. A reader that waits for more
/// goes on in a thread of its own, for whose end nobody waits.
pub(crate) fn input(limit: Duration) -> std::io::Result<Vec<u8>> {
    let (tell, told) = mpsc::channel();
    let reader = move || {
        let mut bytes = Vec::new();
        let read = std::io::stdin().take(MOST_OF_INPUT).read_to_end(&mut bytes);
        // Nobody listens any more after the time.
        let _ = tell.send(read.map(|_| bytes));
    };
    std::thread::Builder::new().name("input".to_owned()).spawn(reader)?;
    told.recv_timeout(limit).unwrap_or_else(|_| {
        let error = format!("it did not end within {} s", limit.as_secs_f64());
        Err(std::io::Error::new(std::io::ErrorKind::TimedOut, error))
    })
}

/// The runtime's own, and those of its signals.
const FILES_TO_BEGIN_WITH: usize = 8;
/// One byte tells that it is too much.
const MOST_OF_INPUT: u64 = plan::MOST_OF_GHE_CONFIG as u64 + 1;
/// Far more than a token.
const MOST_PRINTED: u64 = 16 << 10;

/// The user's own configuration file, where this system keeps such files; `None` where nobody knows whose it would be.
pub(crate) fn configuration_file(environment: &Environment) -> Option<PathBuf> {
    let folder = |name: &str| environment.text(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = if cfg!(windows) {
        folder("APPDATA")
    } else if cfg!(target_os = "macos") {
        folder("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        // The XDG Base Directory Specification: a relative path is to be ignored.
        folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")))
    };
    Some(folder?.join("gh-connect").join("config.toml"))
}

/// Why a file is not only its user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Distrust {
    /// The file, or a folder or link on the way to it, belongs to another user.
    Foreign { path: PathBuf, owner: u32 },
    /// Others may write it, or put another one in its place.
    Writable { path: PathBuf, mode: u32 },
}

/// Whether nobody but this user and root can change a file or what its path leads to. Every folder and every link on the
/// way counts. In a sticky folder, such as `/tmp`, others cannot replace what is not theirs.
#[cfg(unix)]
pub(crate) fn distrust(path: &Path) -> std::io::Result<Option<Distrust>> {
    use std::os::unix::fs::MetadataExt as _;
    let mut distrust = None;
    follow(path, &mut |seen, there| {
        let there = there?;
        let sticky = there.is_dir() && there.mode() & 0o1000 != 0;
        if is_foreign(&there) {
            distrust = Some(Distrust::Foreign { path: seen.to_owned(), owner: there.uid() });
        } else if !there.is_symlink() && there.mode() & 0o022 != 0 && !sticky {
            distrust = Some(Distrust::Writable { path: seen.to_owned(), mode: there.mode() & 0o7777 });
        }
        Ok(distrust.is_none())
    })?;
    Ok(distrust)
}

/// Where a path leads: through links, also to a file that is not there yet. A link of another user than this one and root leads
/// where they like, and is an error.
#[cfg(unix)]
pub(crate) fn resolved(path: &Path) -> std::io::Result<PathBuf> {
    use std::os::unix::fs::MetadataExt as _;
    follow(path, &mut |seen, there| match there {
        Ok(there) if there.is_symlink() && is_foreign(&there) => Err(std::io::Error::new(
            std::io::ErrorKind::PermissionDenied,
            format!(
                "the symbolic link {} belongs to user {}, who is neither you nor root",
                seen.display(),
                there.uid()
            ),
        )),
        _ => Ok(true),
    })
}

#[cfg(unix)]
fn is_foreign(there: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    ![rustix::process::geteuid().as_raw(), 0].contains(&there.uid())
}

/// Follows a path part by part, through every link, for as long as `goes_on` with what is there; says where it leads.
#[cfg(unix)]
fn follow(
    path: &Path,
    goes_on: &mut dyn FnMut(&Path, std::io::Result<std::fs::Metadata>) -> std::io::Result<bool>,
) -> std::io::Result<PathBuf> {
    let mut rest: Vec<PathBuf> = parts(&std::path::absolute(path)?);
    let (mut seen, mut links) = (PathBuf::new(), 0);
    while let Some(part) = rest.pop() {
        if part == Path::new("..") {
            seen.pop();
            continue;
        }
        seen.push(part);
        let there = std::fs::symlink_metadata(&seen);
        let is_link = there.as_ref().is_ok_and(std::fs::Metadata::is_symlink);
        if !goes_on(&seen, there)? {
            break;
        }
        if is_link {
            links += 1;
            if links > MOST_LINKS {
                return Err(std::io::Error::other("its path has too many symbolic links"));
            }
            let target = std::fs::read_link(&seen)?;
            seen.pop();
            rest.extend(parts(&target));
        }
    }
    Ok(seen)
}

/// The parts of a path, the last one first.
#[cfg(unix)]
fn parts(path: &Path) -> Vec<PathBuf> {
    path.components().rev().map(|part| PathBuf::from(part.as_os_str())).collect()
}

/// Permissions are judged on Unix only.
#[cfg(not(unix))]
pub(crate) fn distrust(_path: &Path) -> std::io::Result<Option<Distrust>> {
    Ok(None)
}

/// Where a path leads, also to a file that is not there yet.
#[cfg(not(unix))]
pub(crate) fn resolved(path: &Path) -> std::io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    if let Ok(whole) = std::fs::canonicalize(&path) {
        return Ok(whole);
    }
    Ok(match (path.parent().map(std::fs::canonicalize), path.file_name()) {
        (Some(Ok(folder)), Some(name)) => folder.join(name),
        _ => path,
    })
}

/// Links that lead to links; the kernel follows no more either.
#[cfg(unix)]
const MOST_LINKS: usize = 40;

/// A new file that only its user can read.
pub(crate) fn private_file() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// From where a run measures: `ghes-prod-1 (linux x86_64)`.
pub(crate) fn vantage(environment: &Environment) -> String {
    let kernel = Machine.read(Path::new("/proc/sys/kernel/hostname")).ok();
    let kernel = kernel.map(|name| String::from_utf8_lossy(&name).trim().to_owned());
    let name = kernel
        .filter(|name| !name.is_empty())
        .or_else(|| {
            ["HOSTNAME", "COMPUTERNAME"].iter().find_map(|name| environment.text(name)).map(str::to_owned)
        })
        .unwrap_or_else(|| "this machine".to_owned());
    let name = gh_connect_engine::shown(&name, 255);
    format!("{name} ({} {})", std::env::consts::OS, std::env::consts::ARCH)
}
