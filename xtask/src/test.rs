//! `cargo xtask test`: everything that must hold before a change is done.

use std::path::PathBuf;

use anyhow::{Context, Result};
use gh_connect_bench::requirements::FOR_TESTS;
use serde_json::Value;

use crate::steps::{self, Steps, cargo};
use crate::{generate, packages, policy};

/// How much to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All of it; takes Linux and root, for the real servers.
    Everything,
    /// Without the real servers: runs everywhere, installs nothing.
    Quick,
}

/// Runs the steps of `scope` and prints a summary; an error when one failed.
pub(crate) fn run(scope: Scope) -> Result<()> {
    let mut steps = Steps::default();
    steps.cargo("format", "fmt --all --check");
    steps.cargo("clippy", "clippy --workspace --all-targets --locked -- -D warnings");
    steps.run("policy", policy::check);
    let tests = format!("nextest run --workspace --locked --profile ci -E not({REAL_SERVERS})");
    steps.cargo("tests", &tests);
    steps.cargo("doc tests", "test --doc --workspace --locked --quiet");
    steps.run("docs", || {
        steps::run(cargo("doc --no-deps --workspace --locked --quiet").env("RUSTDOCFLAGS", "-D warnings"))
    });
    steps.run("generated files", generate::check);
    if scope == Scope::Everything {
        steps.run("packages for the real servers", || packages::debian(FOR_TESTS));
        steps.run("mitmproxy for the real servers", || packages::mitmproxy(&target_folder()?));
        steps.run("geckodriver for the browsers", || packages::geckodriver(&target_folder()?));
        steps.run("packages for the clients", || packages::clients(&target_folder()?));
        steps.cargo(
            "real servers and clients",
            &format!("nextest run --workspace --locked --profile ci -E {REAL_SERVERS}"),
        );
    }
    steps.finish()
}

/// Where cargo puts what it builds.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let metadata = cargo("metadata --format-version 1 --no-deps").output().context("cannot start cargo")?;
    let metadata: Value = serde_json::from_slice(&metadata.stdout).context("cargo metadata failed")?;
    Ok(metadata["target_directory"].as_str().context("cargo names no target folder")?.into())
}

/// The test binaries that start what nobody here wrote: servers on networks of their own, clients in the lab,
/// and browsers.
const REAL_SERVERS: &str = "binary(/^(real|island|clients|browsers)$/)";
