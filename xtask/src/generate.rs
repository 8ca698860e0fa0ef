//! Files that the program itself writes: documentation that cannot disagree with it.

use anyhow::{Context, Result, bail};

use crate::steps::{cargo, run, workspace};

/// A file and the arguments of `gh-connect` that print it.
struct Generated {
    path: &'static str,
    arguments: &'static [&'static str],
}

/// Every generated file. Add a line, run `cargo xtask generate`, and commit what it wrote.
const GENERATED: &[Generated] = &[];

/// Writes every generated file anew.
pub(crate) fn write() -> Result<()> {
    for (path, text) in print_all()? {
        let file = workspace().join(path);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&file, text).with_context(|| format!("cannot write {path}"))?;
        println!("{path}");
    }
    Ok(())
}

/// Is an error when a generated file differs from what the program prints today.
pub(crate) fn check() -> Result<()> {
    let mut stale = Vec::new();
    let all = print_all()?;
    for (path, text) in &all {
        if std::fs::read(workspace().join(path)).ok().as_ref() != Some(text) {
            stale.push(*path);
        }
    }
    if !stale.is_empty() {
        bail!("stale, run `cargo xtask generate`: {}", stale.join(", "));
    }
    println!("{} generated files are fresh", all.len());
    Ok(())
}

fn print_all() -> Result<Vec<(&'static str, Vec<u8>)>> {
    if GENERATED.is_empty() {
        return Ok(Vec::new());
    }
    run(&mut cargo("build --quiet --package gh-connect"))?;
    let print = |file: &Generated| {
        let mut command = cargo("run --quiet --package gh-connect --");
        // What a terminal or a user's settings change must not change a file.
        command.args(file.arguments).env("NO_COLOR", "1").env("COLUMNS", "100").env_remove("CLICOLOR_FORCE");
        let output = command.output().context("cannot start cargo")?;
        if !output.status.success() || output.stdout.is_empty() {
            let words = file.arguments.join(" ");
            bail!("gh-connect {words}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        Ok((file.path, output.stdout))
    };
    GENERATED.iter().map(print).collect()
}
