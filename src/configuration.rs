//! The configuration file: the one that was named, or else the user's own.
//!
//! A file that nobody named decides where credentials go, so it must be one that nobody else can write. What lies in the
//! current folder may have come with a repository; it is offered, and not read.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use gh_connect_engine::{Machine, Origin, Sourced};

use crate::{
    environment::Environment,
    plan::{self, Layer, Place, Said, Source, UsageError},
    platform::{self, Distrust},
    secrets, sink,
};

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Configuration {
    /// What it says.
    pub(crate) layer: Layer,
    /// What is wrong with it.
    pub(crate) errors: Vec<UsageError>,
    /// Which file it is; `None` where there is none.
    pub(crate) file: Option<Sourced<PathBuf>>,
}

/// Reads the file that was named, or else the user's own if there is one.
pub(crate) fn read(named: Option<&str>, environment: &Environment) -> Configuration {
    if let Some(name) = named {
        let said = Said { text: name.to_owned(), place: Place::Flag("--config") };
        let refused = |why: String| UsageError::at(&said, format!("{name} cannot be read: {why}"));
        return plan::text(Path::new(name), &Machine)
            .map_err(|error| refused(error.to_string()))
            .map_or_else(Configuration::wrong, |text| {
                Configuration::of(text, Path::new(name), Origin::flag("--config"))
            });
    }
    if Path::new(OFFERED).is_file() {
        sink::stderr(&format!(
            "gh-connect: {OFFERED} in the current folder is not read, for it was not named; to use it: --config {OFFERED}\n"
        ));
    }
    match platform::configuration_file(environment) {
        Some(path) => own(&path),
        None => Configuration::default(),
    }
}

/// The user's own file, if there is one.
fn own(path: &Path) -> Configuration {
    let refused =
        |why: &dyn std::fmt::Display| UsageError::new(format!("{} cannot be read: {why}", path.display()));
    // Asked first: one that is not there is not judged.
    match std::fs::metadata(path) {
        Err(error) if is_absent(&error) => return Configuration::default(),
        Err(error) => return Configuration::wrong(refused(&error)),
        Ok(_) => {}
    }
    match platform::distrust(path) {
        Ok(Some(distrust)) => return Configuration::wrong(distrusted(path, &distrust)),
        Err(error) => return Configuration::wrong(refused(&error)),
        Ok(None) => {}
    }
    match plan::text(path, &Machine) {
        Ok(text) => Configuration::of(text, path, Origin::default_value()),
        Err(error) => Configuration::wrong(refused(&error)),
    }
}

fn is_absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

fn distrusted(file: &Path, distrust: &Distrust) -> UsageError {
    let (why, mend) = match distrust {
        Distrust::Writable { path, mode } => (
            format!("others can write {} (mode {mode:04o})", path.display()),
            format!("let only its owner write there: chmod go-w '{}'", path.display()),
        ),
        Distrust::Foreign { path, owner } => (
            format!("{} belongs to user {owner}, who is neither you nor root", path.display()),
            "keep the file in a folder of your own".to_owned(),
        ),
    };
    UsageError::new(format!("{} is not read: {why}", file.display()))
        .hint("it says where credentials are sent, so nobody else may change it")
        .hint(mend)
        .hint("or name the file that you trust: --config FILE")
}

impl Configuration {
    /// What a lab world says in the place of a file.
    pub(crate) fn of_world((layer, errors): (Layer, Vec<UsageError>)) -> Self {
        Self { layer, errors, file: None }
    }

    fn of(text: String, path: &Path, origin: Origin) -> Self {
        sink::learn(|redactor| secrets::of_file(&text, redactor));
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let source = Source { name: path.display().to_string(), text, folder, world: None };
        let (layer, errors) = plan::read_file(&Arc::new(source));
        Self { layer, errors, file: Some(Sourced::new(path.to_owned(), origin)) }
    }

    fn wrong(error: UsageError) -> Self {
        Self { errors: vec![error], ..Self::default() }
    }
}

/// What is read only when it is named.
const OFFERED: &str = "gh-connect.toml";
