use std::{
    io::{self, Read as _},
    path::Path,
    sync::mpsc,
    time::Duration,
};

use jiff::Timestamp;

use crate::Lack;

/// What facts may ask of the machine beside its sockets. Tests and replays bring their own.
pub trait Effects: Send + Sync + 'static {
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// A whole regular file of at most [`MOST_OF_A_FILE`] bytes. A device or a pipe, which may never end, is an error, and so is
    /// a file that is not read within [`LONGEST_READ`]. It may block for as long: a fact asks [`Cx::read`](crate::Cx::read).
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
}

/// The real machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Machine;

impl Effects for Machine {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let (answer, answered) = mpsc::channel();
        let path = path.to_owned();
        // Nothing can break off a read of a disk that is not there any more. It goes on in a thread of its own, for whose end
        // nobody waits.
        let read = move || drop(answer.send(read_regular(&path)));
        std::thread::Builder::new().name("file".to_owned()).spawn(read).map_err(Lack::explained)?;
        answered.recv_timeout(LONGEST_READ).unwrap_or_else(|_| {
            let error = format!("it could not be read within {} s", LONGEST_READ.as_secs());
            Err(io::Error::new(io::ErrorKind::TimedOut, error))
        })
    }
}

fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    // Asked before opening: opening a pipe waits for somebody at its other end.
    if !std::fs::metadata(path).map_err(Lack::explained)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(Lack::explained)?;
    file.take(MOST_OF_A_FILE + 1).read_to_end(&mut bytes).map_err(Lack::explained)?;
    if bytes.len() as u64 > MOST_OF_A_FILE {
        let error = format!("it is longer than {} MiB", MOST_OF_A_FILE >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, error));
    }
    Ok(bytes)
}

/// Far more than any store of roots or hosts file.
pub const MOST_OF_A_FILE: u64 = 16 << 20;
/// Far longer than any disk that is there takes for so much.
pub const LONGEST_READ: Duration = Duration::from_secs(3);

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_may_never_end_is_not_begun() {
        let error = Machine.read(Path::new("/dev/zero")).expect_err("a device");
        assert_eq!(error.to_string(), "it is not a regular file");
        assert_eq!(
            Machine.read(Path::new("/nonexistent/file")).expect_err("none").kind(),
            io::ErrorKind::NotFound
        );
    }
}
