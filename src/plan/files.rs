//! Files that were named. One that cannot be used is an error before anything is measured.

use std::{
    io,
    path::{Path, PathBuf},
};

use gh_connect_engine::Effects;
use gh_connect_probe::trust::RootSet;

use super::{error::UsageError, said::Said};

/// A file that can be read.
pub(super) fn readable(said: &Said, files: &dyn Effects) -> Result<PathBuf, UsageError> {
    read(said, files).map(|_| said.path())
}

/// A file that holds certificates in PEM form.
pub(super) fn certificates(said: &Said, files: &dyn Effects) -> Result<PathBuf, UsageError> {
    let bytes = read(said, files)?;
    let text = String::from_utf8_lossy(&bytes);
    let begun = text.matches("-----BEGIN CERTIFICATE-----").count();
    let ended = text.matches("-----END CERTIFICATE-----").count();
    if begun == 0 {
        let what = if text.contains("PRIVATE KEY-----") {
            "this file holds a private key and no certificate"
        } else if bytes.starts_with(&[0x30, 0x82]) {
            "this file is in DER form, not PEM"
        } else {
            "this file holds no certificate in PEM form"
        };
        let error =
            UsageError::at(said, what).hint("allowed: one or more -----BEGIN CERTIFICATE----- blocks");
        return Err(match what {
            "this file is in DER form, not PEM" => {
                error.hint("convert it: openssl x509 -inform der -in FILE -out FILE.pem")
            }
            _ => error,
        });
    }
    if begun != ended {
        return Err(UsageError::at(said, format!("{begun} certificates begin in this file and {ended} end"))
            .hint("it was probably cut off when it was copied"));
    }
    RootSet::from_pem(&said.text, &bytes).map_err(|reason| UsageError::at(said, reason))?;
    Ok(said.path())
}

/// The text of a configuration or a world: a regular file of at most 256 KiB in UTF-8.
pub(crate) fn text(path: &Path, files: &dyn Effects) -> io::Result<String> {
    let refused = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
    let bytes = files.read(path)?;
    if bytes.len() > LARGEST_TEXT {
        return Err(refused("it is larger than 256 KiB"));
    }
    String::from_utf8(bytes).map_err(|_| refused("it is not UTF-8"))
}

fn read(said: &Said, files: &dyn Effects) -> Result<Vec<u8>, UsageError> {
    let path = said.path();
    let bytes = files
        .read(&path)
        .map_err(|error| UsageError::at(said, format!("{} cannot be read: {error}", named(said, &path))))?;
    if bytes.len() > LARGEST {
        return Err(UsageError::at(said, format!("{} is larger than 16 MiB", named(said, &path))));
    }
    Ok(bytes)
}

fn named(said: &Said, path: &Path) -> String {
    said.spoken(path.display().to_string(), "this file")
}

/// A whole system's store of roots is a quarter of a MiB.
const LARGEST: usize = 16 << 20;
/// Nobody writes that much by hand.
const LARGEST_TEXT: usize = 256 << 10;
