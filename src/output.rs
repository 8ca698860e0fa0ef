//! Where reports go: `-o FORMAT[=PATH]`.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    plan::{Said, UsageError},
    platform,
    report::Format,
    sink,
};

/// One report to write.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    /// How it is written.
    pub(crate) format: Format,
    /// Where to; `None` for stdout.
    pub(crate) path: Option<PathBuf>,
    /// Where it was asked for; `None` for the default.
    said: Option<Said>,
}

/// Reads `FORMAT[=PATH]`. The path `-` is stdout.
pub(crate) fn parse(said: &Said) -> Result<Output, UsageError> {
    let (name, path) = match said.text.split_once('=') {
        Some((name, path)) => (name, Some(path)),
        None => (said.text.as_str(), None),
    };
    let names = Format::ALL.map(Format::id);
    let Some(format) = Format::ALL.into_iter().find(|format| format.id() == name) else {
        let message = if LATER.contains(&name) {
            format!("the format `{name}` comes with a later version")
        } else {
            format!("there is no format {}", said.spoken(format!("`{name}`"), "of this name"))
        };
        let error = UsageError::within(said, 0..name.len(), message);
        return Err(error
            .did_you_mean(name, names)
            .hint(format!("allowed: FORMAT or FORMAT=PATH, where FORMAT is {}", names.join(", "))));
    };
    let path = match path {
        Some("") => {
            return Err(UsageError::at(said, "there is no path after the equals sign")
                .hint(format!("allowed: {name}=PATH, or {name} alone for stdout")));
        }
        None | Some("-") => None,
        // In a file, relative paths begin beside the file, but `FORMAT=` is no part of them.
        Some(path) => Some(Said { text: path.to_owned(), place: said.place.clone() }.path()),
    };
    Ok(Output { format, path, said: Some(said.clone()) })
}

/// All reports of a run: a table on stdout unless something else was asked for, and never two at the same place.
pub(crate) fn settle(said: impl Iterator<Item = Output>, errors: &mut Vec<UsageError>) -> Vec<Output> {
    let mut outputs: Vec<Output> = Vec::new();
    for output in said {
        let taken = outputs.iter().any(|other| same_place(other.path.as_deref(), output.path.as_deref()));
        match (&output.said, taken) {
            (Some(said), true) => {
                errors.push(
                    UsageError::at(
                        said,
                        format!(
                            "another report already goes to {}",
                            said.spoken(output.place(), "the same place")
                        ),
                    )
                    .hint(format!("allowed: {}=PATH with another path", output.format.id())),
                );
            }
            _ => outputs.push(output),
        }
    }
    if outputs.is_empty() {
        outputs.push(Output { format: Format::Table, path: None, said: None });
    }
    outputs
}

/// Whether two reports would end in one file, under whatever names. Devices take any number.
fn same_place(one: Option<&Path>, other: Option<&Path>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return one == other };
    // Who cannot follow a path cannot write there either, and says so.
    let same =
        || platform::resolved(one).is_ok_and(|one| platform::resolved(other).is_ok_and(|other| one == other));
    one == other || same() && !special(one).unwrap_or(false)
}

impl Output {
    /// Where it goes, in words.
    pub(crate) fn place(&self) -> String {
        self.path.as_ref().map_or_else(|| "stdout".to_owned(), |path| path.display().to_string())
    }

    /// Finds out before the run whether its report can be written after it.
    pub(crate) fn prepare(&self) -> Result<(), UsageError> {
        let (Some(path), Some(said)) = (&self.path, &self.said) else { return Ok(()) };
        probe(path).map_err(|error| {
            let file = said.spoken(path.display().to_string(), "this file");
            UsageError::at(said, format!("{file} cannot be written: {error}"))
        })
    }

    /// Writes the report, whole or not at all.
    pub(crate) fn write(&self, report: &[u8]) -> io::Result<()> {
        let report = sink::clean_report(report);
        match &self.path {
            None => {
                let mut stdout = io::stdout().lock();
                match stdout.write_all(&report).and_then(|()| stdout.flush()) {
                    // Whoever asked has seen enough.
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                    other => other,
                }
            }
            Some(path) => {
                let target = platform::resolved(path)?;
                match special(path)? {
                    true => fs::OpenOptions::new().write(true).open(path)?.write_all(&report),
                    false => replace(&target, &report),
                }
            }
        }
    }
}

/// A file beside the target becomes the target in one step: nobody ever reads half a report. It is its user's alone, whoever
/// could read what was there before.
fn replace(path: &Path, report: &[u8]) -> io::Result<()> {
    let (draft, mut file) = draft(path)?;
    let written = (|| {
        file.write_all(report)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&draft, path)
    })();
    if written.is_err() {
        // It is an error already; a leftover draft would only be one more.
        let _ = fs::remove_file(&draft);
    }
    written
}

fn probe(path: &Path) -> io::Result<()> {
    // A link stays a link.
    let target = platform::resolved(path)?;
    if special(path)? {
        // To open a pipe would wait for its reader, and then tell them that all is over.
        return Ok(());
    }
    let (draft, file) = draft(&target)?;
    drop(file);
    fs::remove_file(draft)
}

/// A new file beside `path`, under a name that nobody has.
fn draft(path: &Path) -> io::Result<(PathBuf, fs::File)> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it has no file name"));
    };
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for attempt in 0..MOST_ATTEMPTS {
        let mut draft = std::ffi::OsString::from(".");
        draft.push(name);
        draft.push(format!(".{}-{attempt}.tmp", std::process::id()));
        let draft = path.with_file_name(draft);
        match platform::private_file().open(&draft) {
            Ok(file) => return Ok((draft, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// Whether something is there that must be written to and not replaced: a device, a pipe.
fn special(path: &Path) -> io::Result<bool> {
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory")),
        Ok(there) => Ok(!there.is_file()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Promised, and not there yet.
const LATER: [&str; 9] =
    ["jsonl", "junit", "tap", "sarif", "prometheus", "nagios", "github", "markdown", "html"];
/// Leftovers of killed runs with the same process id.
const MOST_ATTEMPTS: u32 = 16;
