//! The only way out: everything that reaches stdout, stderr or a file passes the redactor here.

use std::{
    io::{self, Write as _},
    sync::{Mutex, PoisonError},
};

use gh_connect_engine::Redactor;

/// Every secret that was learned so far. One for the process, because a panic must find it too.
static REDACTOR: Mutex<Option<Redactor>> = Mutex::new(None);

/// Adds to the secrets that are never shown.
pub(crate) fn learn(teach: impl FnOnce(&mut Redactor)) {
    let mut redactor = REDACTOR.lock().unwrap_or_else(PoisonError::into_inner);
    teach(redactor.get_or_insert_default());
}

/// The text without any secret that was learned.
pub(crate) fn clean(text: &str) -> String {
    let redactor = REDACTOR.lock().unwrap_or_else(PoisonError::into_inner);
    redactor.as_ref().map_or_else(|| text.to_owned(), |redactor| redactor.clean(text).into_owned())
}

/// As [`clean`], for a report. Reports are UTF-8; what is not becomes U+FFFD.
pub(crate) fn clean_bytes(bytes: &[u8]) -> Vec<u8> {
    clean(&String::from_utf8_lossy(bytes)).into_bytes()
}

/// Writes a whole text to stdout. Nobody reading any more is no error: `gh-connect explain | head` ends quietly.
pub(crate) fn stdout(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(clean(text).as_bytes()).and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes a whole text to stderr. There is nowhere to tell of a failure.
pub(crate) fn stderr(text: &str) {
    let _ = io::stderr().lock().write_all(clean(text).as_bytes());
}
