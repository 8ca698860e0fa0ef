use std::{io, path::Path};

use jiff::Timestamp;

/// What facts may ask of the machine beside its sockets. Tests and replays bring their own.
pub trait Effects: Send + Sync + 'static {
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// A whole file.
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

    #[expect(clippy::disallowed_methods, reason = "the one place from which facts read files")]
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }
}
