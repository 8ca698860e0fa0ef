//! `cargo xtask bench`: measures a release build beside its peers, and writes `docs/benchmarks.md`.

use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use gh_connect_bench::requirements::{FOR_BENCH, FOR_TESTS};

use crate::packages;
use crate::steps::{cargo, run, workspace};
use crate::test::target_folder;

/// Measures, and writes the page.
pub(crate) fn measure(options: &[&str]) -> Result<()> {
    let runs: usize = match options {
        [] => RUNS,
        ["--runs", runs] => runs.parse().context("--runs takes a number")?,
        _ => bail!("cargo xtask bench takes [--runs N]"),
    };
    ensure!((1..=1000).contains(&runs), "--runs takes a number from 1 to 1000");
    packages::debian(&[FOR_TESTS, FOR_BENCH].concat())?;
    run(&mut cargo("build --release --locked --package gh-connect --package gh-connect-bench --bins"))?;
    let built = target_folder()?.join("release");
    let page = workspace().join("docs/benchmarks.md");
    let mut command = Command::new(built.join("gh-connect-bench"));
    command.arg("run").arg(built.join("gh-connect")).arg(runs.to_string()).arg(&page);
    // The figures in full, for whoever wants to compare two runs.
    command.stdout(std::fs::File::create(built.join("benchmarks.json"))?);
    run(&mut command)?;
    println!("docs/benchmarks.md");
    Ok(())
}

/// An odd number, so that a median is one of the runs.
const RUNS: usize = 15;
