//! `deny.toml`, enforced: banned crates, licences, sources.
//!
//! `cargo deny` reads the same file and checks more, but takes longer to build than all of this project. It is run
//! where it is installed; this reads what matters of `deny.toml` against `cargo tree` everywhere.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::spdx::permitted;
use crate::steps::{cargo, run, workspace};

/// Checks every package that is compiled for some target. (`cargo metadata` would list more: crates that stand behind a
/// feature which nobody switches on.)
pub(crate) fn check() -> Result<()> {
    let deny = Deny::read(&std::fs::read_to_string(workspace().join("deny.toml"))?)?;
    let mut tree = cargo("tree --workspace --target all --edges normal,build,dev --prefix none --locked");
    let tree = tree.args(["--format", FORMAT]).output().context("cannot start cargo")?;
    if !tree.status.success() {
        bail!("cargo tree: {}", String::from_utf8_lossy(&tree.stderr));
    }
    let tree = String::from_utf8(tree.stdout).context("cargo tree")?;
    let home = workspace().canonicalize()?.display().to_string();
    // An empty line ends each tree; a package that was listed before is listed again with a mark.
    let lines = tree.lines().filter(|line| !line.is_empty());
    let packages: BTreeSet<&str> = lines.map(|line| line.trim_end_matches(" (*)")).collect();

    let complaints: Vec<String> = packages.iter().flat_map(|line| complaints(line, &home, &deny)).collect();
    if !complaints.is_empty() {
        bail!("{}", complaints.join("\n"));
    }
    println!("{} packages: licences, sources and bans hold", packages.len());
    match Command::new("cargo-deny").arg("--version").output() {
        Ok(_) => run(&mut cargo("deny check licenses bans sources")),
        Err(_) => Ok(()),
    }
}

struct Deny {
    licences: Vec<String>,
    banned: Vec<String>,
}

impl Deny {
    fn read(text: &str) -> Result<Self> {
        let table: toml::Table = text.parse().context("deny.toml")?;
        let list = |section: &str, key: &str| {
            let list =
                table.get(section).and_then(|section| section.get(key)).and_then(toml::Value::as_array);
            list.with_context(|| format!("deny.toml has no {section}.{key}"))
        };
        let words = |list: &[toml::Value], key: Option<&str>| -> Vec<String> {
            let word =
                |item: &toml::Value| key.map_or(Some(item), |key| item.get(key))?.as_str().map(String::from);
            list.iter().filter_map(word).collect()
        };
        let licences = words(list("licenses", "allow")?, None);
        let banned = words(list("bans", "deny")?, Some("crate"));
        // An empty list is a misread file, and would let everything through.
        if licences.is_empty() || banned.is_empty() {
            bail!("deny.toml allows no licence or bans no crate");
        }
        Ok(Self { licences, banned })
    }
}

/// What is wrong with one line of `cargo tree`: `name version (proc-macro) (source)|licence`, where the source is
/// left out for the usual registry.
fn complaints(line: &str, home: &str, deny: &Deny) -> Vec<String> {
    let (package, licence) = line.split_once('|').unwrap_or((line, ""));
    let package = package.replace(" (proc-macro)", "");
    let (package, source) = package
        .split_once(" (")
        .map_or((&*package, None), |(package, source)| (package, Some(source.trim_end_matches(')'))));
    let mut complaints = Vec::new();
    if deny.banned.iter().any(|banned| package.split(' ').next() == Some(banned)) {
        complaints.push(format!("{package} is banned"));
    }
    match permitted(licence, &deny.licences) {
        Ok(true) => {}
        Ok(false) => complaints.push(format!("{package}: the licence {licence} is not allowed")),
        Err(error) => complaints.push(format!("{package}: the licence {licence:?} is not clear: {error}")),
    }
    match source {
        Some(source) if !source.starts_with(home) => {
            complaints.push(format!("{package} comes from {source}"))
        }
        _ => {}
    }
    complaints
}

const FORMAT: &str = "{p}|{l}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_refuses_what_it_should() {
        let deny = "[licenses]\nallow = [\"MIT\"]\n[bans]\ndeny = [{ crate = \"ring\", reason = \"x\" }]";
        let deny = Deny::read(deny).expect("it is valid");
        for (line, expected) in [
            ("good v1.0.0|MIT", vec![]),
            ("good v1.0.0 (proc-macro)|MIT", vec![]),
            ("ours v0.1.0 (/home/us/engine)|MIT", vec![]),
            ("ring v1.0.0|MIT", vec!["ring v1.0.0 is banned"]),
            ("a v1.0.0|GPL-3.0-only", vec!["a v1.0.0: the licence GPL-3.0-only is not allowed"]),
            ("a v1.0.0|", vec!["a v1.0.0: the licence \"\" is not clear: a licence is missing"]),
            ("a v1.0.0 (/elsewhere/a)|MIT", vec!["a v1.0.0 comes from /elsewhere/a"]),
            (
                "a v1.0.0 (proc-macro) (https://example.org/a#1)|MIT",
                vec!["a v1.0.0 comes from https://example.org/a#1"],
            ),
        ] {
            assert_eq!(complaints(line, "/home/us", &deny), expected, "{line}");
        }
    }

    #[test]
    fn a_file_that_says_nothing_is_refused() {
        for text in ["", "[licenses]\nallow = []\n[bans]\ndeny = []", "[licenses]\nallow = [\"MIT\"]"] {
            assert!(Deny::read(text).is_err(), "{text}");
        }
    }
}
