//! One check, one folder: code, words and worlds agree with the registry.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use gh_connect_checks::ALL;
use gh_connect_engine::{Kind, Meta, Owner, Severity, section};
use gh_connect_lab::World;
use support::read;

#[test]
fn every_folder_is_registered_and_every_check_has_a_folder() {
    let folders: BTreeSet<String> = entries(&checks(), |path| path.join("mod.rs").is_file());
    let registered: BTreeSet<String> = metas().map(|meta| meta.id.to_owned()).collect();
    assert_eq!(folders, registered);
    assert_eq!(registered.len(), ALL.len(), "an id is there twice");
}

#[test]
fn every_world_belongs_to_a_kind_and_every_kind_has_its_world() {
    for meta in metas() {
        let folder = checks().join(meta.id).join("worlds");
        let files = entries(&folder, Path::is_file);
        let expected: BTreeSet<String> =
            meta.kinds.iter().map(|kind| format!("{}.toml", finding(kind))).collect();
        assert_eq!(files, expected, "{}", meta.id);
        for kind in meta.kinds {
            let text = read(folder.join(format!("{}.toml", finding(kind))));
            assert_eq!(text, kind.world, "{} carries another world", kind.id);
        }
    }
}

#[test]
fn every_world_expects_its_own_finding() {
    for kind in metas().flat_map(|meta| meta.kinds) {
        let world = World::parse(kind.id, kind.world).unwrap_or_else(|error| panic!("{error}"));
        assert!(!world.about.trim().is_empty(), "{} says nothing about itself", kind.id);
        let expect = &world.expect;
        let own = |ids: &[String]| ids.iter().any(|id| id == kind.id);
        match kind.severity {
            Severity::Blocker => assert_eq!(expect.root_causes, [kind.id], "{}", kind.id),
            Severity::Warning => {
                assert!(own(&expect.findings) && expect.root_causes.is_empty(), "{}", kind.id);
            }
            Severity::Note => assert!(own(&expect.notes) && expect.root_causes.is_empty(), "{}", kind.id),
        }
        let exit = match (kind.severity, kind.undetermined) {
            (Severity::Blocker, true) => 3,
            (Severity::Blocker, false) => 1,
            _ => 0,
        };
        assert_eq!(expect.exit, exit, "{}", kind.id);
    }
}

#[test]
fn every_kind_has_words() {
    for meta in metas() {
        assert_eq!(meta.words, read(checks().join(meta.id).join("README.md")), "{}", meta.id);
        let titles: Vec<&str> = meta.words.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let of_kinds: Vec<&str> = titles.iter().copied().filter(|title| title.contains('/')).collect();
        let ids: Vec<&str> = meta.kinds.iter().map(|kind| kind.id).collect();
        assert_eq!(of_kinds, ids, "{}: sections in the order of the kinds", meta.id);
        for kind in meta.kinds {
            let words =
                section(meta.words, kind.id).unwrap_or_else(|| panic!("{} has no whole section", kind.id));
            assert!(!words.what.is_empty() && !words.why.is_empty(), "{}", kind.id);
            let steps: Vec<&str> = words.fix.lines().filter_map(|line| line.strip_prefix("- ")).collect();
            assert!(!steps.is_empty(), "{} has no steps", kind.id);
            for step in steps {
                let owner = step.split(':').next().unwrap();
                assert!(OWNERS.iter().any(|known| known.id() == owner), "{}: nobody is `{owner}`", kind.id);
            }
        }
    }
}

#[test]
fn every_id_is_unique_and_in_its_checks_name() {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for meta in metas() {
        for kind in meta.kinds {
            assert_eq!(kind.check(), meta.id, "{}", kind.id);
            assert!(!kind.title.is_empty() && kind.since.split('.').count() == 3, "{}", kind.id);
            let word = finding(kind);
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(!word.is_empty() && word.chars().all(fits), "{}", kind.id);
            assert_eq!(seen.insert(kind.id, meta.id), None, "{} is there twice", kind.id);
        }
    }
}

/// A tired reader needs something to do, and somebody who does it, whatever the reason.
#[test]
fn every_check_says_what_to_do_in_doubt() {
    for meta in metas() {
        let text = meta.in_doubt.text;
        assert!(text.starts_with(char::is_uppercase) && !text.ends_with('.'), "{}: {text}", meta.id);
        assert!(meta.in_doubt.command.is_none_or(|command| !command.contains('\n')), "{}", meta.id);
    }
}

fn metas() -> impl Iterator<Item = &'static Meta> {
    ALL.iter().map(|check| check.meta())
}

fn finding(kind: &Kind) -> &'static str {
    kind.id.split_once('/').map_or("", |(_, finding)| finding)
}

fn checks() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("checks")
}

/// Names in a folder.
fn entries(folder: &Path, which: impl Fn(&Path) -> bool) -> BTreeSet<String> {
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| which(path))
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect()
}

const OWNERS: [Owner; 7] = [
    Owner::Network,
    Owner::Proxy,
    Owner::Dns,
    Owner::ServerAdmin,
    Owner::EnterpriseOwner,
    Owner::GithubSupport,
    Owner::Operator,
];
