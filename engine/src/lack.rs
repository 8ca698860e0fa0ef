use std::{fmt, io};

use serde::{Deserialize, Serialize};

use crate::{Owner, Stop, record::StepRecord};

/// What this machine does not give to the program: whatever is measured without it says nothing of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lack {
    /// EMFILE: the process has as many files and sockets open as it may.
    OpenFiles,
    /// ENFILE: all processes together have.
    OpenFilesOfTheSystem,
    /// ENOMEM and ENOBUFS: no memory, or no room for one more socket.
    Memory,
    /// EAGAIN where a thread or a socket is made.
    Processes,
    /// EADDRINUSE, and for IPv4 EADDRNOTAVAIL, where the system chooses the port: none is left.
    Ports,
    /// EPERM, and EACCES where a socket is opened: a sandbox, a security module, a packet filter or a route on this machine
    /// forbids it.
    Policy,
}

impl Lack {
    /// What an error says of the resources of this machine, wherever it came from: a file, a socket, a thread, a program to be
    /// started. Whether a permission that is missing belongs here depends on what for, so those are left to the caller.
    pub fn of(error: &io::Error) -> Option<Self> {
        match error.raw_os_error() {
            Some(OPEN_FILES) => Some(Self::OpenFiles),
            Some(OPEN_FILES_OF_THE_SYSTEM) => Some(Self::OpenFilesOfTheSystem),
            Some(NO_BUFFERS) => Some(Self::Memory),
            _ => match error.kind() {
                io::ErrorKind::OutOfMemory => Some(Self::Memory),
                io::ErrorKind::WouldBlock => Some(Self::Processes),
                // An error that was worded anew keeps the first one inside.
                _ => error.get_ref()?.downcast_ref::<Worded>().map(|worded| worded.lack),
            },
        }
    }

    /// The error with what to do beside it, where it is a lack; else the error as it is.
    pub fn explained(error: io::Error) -> io::Error {
        match Self::of(&error) {
            Some(lack) if error.get_ref().is_none() => {
                io::Error::new(error.kind(), Worded { lack, text: format!("{error}: {}", lack.remedy()) })
            }
            _ => error,
        }
    }

    /// The stop of a measurement that this machine did not let happen.
    pub fn stop(self) -> Stop {
        Stop::Trouble(self.to_string())
    }

    /// The lack that a stop tells of. It is read off its words, which records keep.
    pub fn in_stop(stop: &Stop) -> Option<Self> {
        let Stop::Trouble(why) = stop else { return None };
        Self::ALL.into_iter().find(|lack| why.starts_with(&lack.to_string()))
    }

    /// What whoever runs the program does about it.
    pub(crate) fn step(self) -> StepRecord {
        let (text, command) = self.remedies();
        StepRecord {
            owner: Owner::Operator,
            text: format!("{}, and run gh-connect again", sentence(text)),
            command: command.map(str::to_owned),
            then: false,
        }
    }

    /// What to do about it, as the end of a sentence.
    pub fn remedy(self) -> &'static str {
        self.remedies().0
    }

    fn remedies(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::OpenFiles => (
                "raise the limit of open files (ulimit -n) where gh-connect is started",
                Some("ulimit -n 1024"),
            ),
            Self::OpenFilesOfTheSystem => (
                "raise this machine's limit of open files, or end what holds them",
                Some("sysctl fs.file-nr fs.file-max"),
            ),
            Self::Memory => (
                "give this machine, or the container or unit that gh-connect runs in, more memory (ulimit -v, MemoryMax)",
                None,
            ),
            Self::Processes => (
                "raise the limit of processes and threads (ulimit -u, TasksMax) where gh-connect is started",
                Some("ulimit -u"),
            ),
            Self::Ports => (
                "free or add local ports: see what holds so many connections",
                Some("ss -s; sysctl net.ipv4.ip_local_port_range"),
            ),
            Self::Policy => (
                "let gh-connect send and connect where it runs: its packet filter's output, a route of the kind prohibit, the \
                 sandbox or container, SELinux or AppArmor",
                Some("nft list ruleset; ip route; ip -6 route"),
            ),
        }
    }

    const ALL: [Self; 6] = [
        Self::OpenFiles,
        Self::OpenFilesOfTheSystem,
        Self::Memory,
        Self::Processes,
        Self::Ports,
        Self::Policy,
    ];
}

/// `this machine gives gh-connect no more open files (ulimit -n), so that …`
impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::OpenFiles => "lets this process open no more files and sockets (EMFILE, ulimit -n)",
            Self::OpenFilesOfTheSystem => "has no more open files to give to any process (ENFILE)",
            Self::Memory => "has no memory for one more socket or file (ENOMEM or ENOBUFS)",
            Self::Processes => "starts no more threads or processes (EAGAIN, ulimit -u)",
            Self::Ports => "has no free local port for one more connection (EADDRINUSE or EADDRNOTAVAIL)",
            Self::Policy => "itself forbids the connection (EPERM or EACCES)",
        };
        write!(f, "this machine {what}: it was not measured")
    }
}

/// An error with what to do about it.
#[derive(Debug)]
struct Worded {
    lack: Lack,
    text: String,
}

impl fmt::Display for Worded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Worded {}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// EMFILE; WSAEMFILE.
const OPEN_FILES: i32 = if cfg!(windows) { 10_024 } else { 24 };
/// ENFILE; ERROR_TOO_MANY_OPEN_FILES.
const OPEN_FILES_OF_THE_SYSTEM: i32 = if cfg!(windows) { 4 } else { 23 };
/// ENOBUFS; WSAENOBUFS.
const NO_BUFFERS: i32 = if cfg!(target_os = "linux") {
    105
} else if cfg!(windows) {
    10_055
} else {
    55
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lack_is_found_again_in_its_stop() {
        for lack in Lack::ALL {
            assert_eq!(Lack::in_stop(&lack.stop()), Some(lack));
            assert!(lack.step().text.ends_with(", and run gh-connect again"));
        }
        assert_eq!(Lack::in_stop(&Stop::Trouble("this machine is odd".to_owned())), None);
        assert_eq!(Lack::in_stop(&Stop::blocked("dns")), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn resources_are_told_from_everything_else() {
        for (errno, expected) in [
            (24, Some(Lack::OpenFiles)),
            (23, Some(Lack::OpenFilesOfTheSystem)),
            (12, Some(Lack::Memory)),
            (105, Some(Lack::Memory)),
            (11, Some(Lack::Processes)),
            // Of a file it says nothing about this machine's limits.
            (13, None),
            (1, None),
            (2, None),
            (111, None),
            (113, None),
        ] {
            let error = io::Error::from_raw_os_error(errno);
            assert_eq!(Lack::of(&error), expected, "{error}");
            let explained = Lack::explained(error);
            assert_eq!(Lack::of(&explained), expected, "{explained}");
        }
        let text = Lack::explained(io::Error::from_raw_os_error(24)).to_string();
        assert!(text.contains("Too many open files") && text.contains("ulimit -n"), "{text}");
    }
}
