//! Worlds that once misled the program, each a file in `tests/cases`: what it must report there, through the real binary with
//! real sockets.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::path::{Path, PathBuf};

use gh_connect_lab::World;
use support::{check_lab, failures_of, read};

#[test]
fn every_case_ends_as_it_expects() {
    let files = cases();
    let failures = failures_of(&files, |file| {
        ends_as_expected(file).map_err(|why| format!("{}: {why}", file.display()))
    });
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), files.len(), failures.join("\n"));
}

fn ends_as_expected(file: &Path) -> Result<(), String> {
    let name = file.display().to_string();
    let world = World::parse(&name, &read(file)).map_err(|error| error.to_string())?;
    if world.about.trim().is_empty() {
        return Err("it says nothing about itself".to_owned());
    }
    check_lab(&name)?.is_as(&world.expect)
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    files
}
