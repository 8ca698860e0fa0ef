//! Files that the program itself writes: documentation that cannot disagree with it.
//!
//! `gh-connect reference` lists them and prints each; whoever adds one adds it there.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::steps::{cargo, run, workspace};
use crate::test::target_folder;

/// Writes every generated file anew.
pub(crate) fn write() -> Result<()> {
    let files = print_all()?;
    for path in left_over(&files)? {
        std::fs::remove_file(workspace().join(&path))?;
        println!("{path} (removed)");
    }
    for (path, text) in files {
        let file = workspace().join(&path);
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
    let files = print_all()?;
    let differs =
        |path: &String, text: &Vec<u8>| std::fs::read(workspace().join(path)).ok().as_ref() != Some(text);
    let stale = files.iter().filter(|(path, text)| differs(path, text)).map(|(path, _)| path.clone());
    let stale: Vec<String> = stale.chain(left_over(&files)?).collect();
    if !stale.is_empty() {
        bail!("stale, run `cargo xtask generate` and commit what it wrote: {}", stale.join(", "));
    }
    println!("{} generated files are fresh", files.len());
    Ok(())
}

/// Every file that the program knows, with its text.
fn print_all() -> Result<Vec<(String, Vec<u8>)>> {
    run(&mut cargo("build --quiet --locked --package gh-connect"))?;
    let program = target_folder()?.join("debug/gh-connect");
    let paths = String::from_utf8(print(&program, &["reference"])?)?;
    paths.lines().map(|path| Ok((path.to_owned(), print(&program, &["reference", path])?))).collect()
}

fn print(program: &PathBuf, arguments: &[&str]) -> Result<Vec<u8>> {
    let mut command = std::process::Command::new(program);
    // What a terminal or a user's settings change must not change a file.
    command
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .env("NO_COLOR", "1")
        .env_remove("CLICOLOR_FORCE");
    let output = command.output().with_context(|| format!("cannot start {}", program.display()))?;
    if !output.status.success() || output.stdout.is_empty() {
        let words = arguments.join(" ");
        bail!("gh-connect {words}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.stdout)
}

/// Pages in the folder of generated ones that nothing generates any more: a check that was removed.
fn left_over(files: &[(String, Vec<u8>)]) -> Result<Vec<String>> {
    let Ok(entries) = std::fs::read_dir(workspace().join(PAGES)) else { return Ok(Vec::new()) };
    let mut left_over = Vec::new();
    for entry in entries {
        let path = format!("{PAGES}/{}", entry?.file_name().to_string_lossy());
        if !files.iter().any(|(known, _)| *known == path) {
            left_over.push(path);
        }
    }
    Ok(left_over)
}

/// Where nothing is written by hand.
const PAGES: &str = "docs/checks";
