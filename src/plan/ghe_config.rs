//! What `ghe-config` printed in the server's admin shell: as a text, from a file, or from standard input.

use std::{io, time::Duration};

use gh_connect_checks::ghe_com::settings;
use gh_connect_engine::{Effects, Sourced};

use super::{Reader, error::UsageError, said::Said};

/// Where standard input is read from: all that comes within a time, or why that is not all.
pub(crate) type Input<'a> = &'a dyn Fn(Duration) -> io::Result<Vec<u8>>;

/// What was said of the server's settings.
#[derive(Default)]
pub(super) struct Told {
    /// The settings that matter, a line each; empty where none is set.
    pub(super) settings: Option<Sourced<String>>,
    /// Why what was said tells nothing.
    pub(super) unread: Option<Sourced<String>>,
}

/// `TEXT`, `@FILE`, or `-` for standard input, which is waited for as long as `limit`. Only the lines that matter are kept: others
/// may hold what nobody should see.
pub(super) fn settle(
    reader: &mut Reader<'_>,
    files: &dyn Effects,
    input: Input<'_>,
    limit: Duration,
) -> Told {
    let Some(said) = reader.one(|layer| &layer.ghe_config, |said| read(said, files)) else {
        return Told::default();
    };
    let origin = said.origin;
    let text = said.value.unwrap_or_else(|| of_input(input(limit)));
    let read = text.and_then(|text| {
        settings(&text).ok_or_else(|| {
            let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
            let them = if lines == 1 { "its only line is not" } else { "none of its lines is" };
            format!("{them} about GitHub Connect, so it is not what ghe-config printed")
        })
    });
    match read {
        Ok(settings) => Told { settings: Some(Sourced::new(settings, origin)), unread: None },
        Err(why) => Told { settings: None, unread: Some(Sourced::new(why, origin)) },
    }
}

/// The text, or why it cannot be taken; nothing yet where it is to come from standard input.
type Text = Option<Result<String, String>>;

/// A file that is not there is a slip, and told before anything is measured.
fn read(said: &Said, files: &dyn Effects) -> Result<Text, UsageError> {
    if said.text.trim() == "-" {
        return Ok(None);
    }
    let Some(file) = said.text.strip_prefix('@') else {
        return Ok(Some(whole(said.text.as_bytes())));
    };
    let path = Said { text: file.to_owned(), place: said.place.clone() }.path();
    let bytes = files.read(&path).map_err(|error| {
        UsageError::at(
            said,
            format!("{} cannot be read: {error}", said.spoken(path.display().to_string(), "this file")),
        )
        .hint("allowed: what ghe-config printed, @FILE with it, or - to read it from standard input")
    })?;
    Ok(Some(whole(&bytes)))
}

fn of_input(input: io::Result<Vec<u8>>) -> Result<String, String> {
    match input {
        Ok(bytes) => whole(&bytes),
        Err(error) => Err(format!("standard input cannot be read: {error}")),
    }
}

fn whole(bytes: &[u8]) -> Result<String, String> {
    match bytes.len() > MOST_BYTES {
        true => Err(format!("it is longer than {} KiB", MOST_BYTES >> 10)),
        false => Ok(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// Far more than these settings have.
pub(crate) const MOST_BYTES: usize = 64 << 10;
