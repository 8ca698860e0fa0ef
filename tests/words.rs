//! A password may be a word that GitHub uses. It is taken out of what is shown, and changes no verdict.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::path::Path;

use gh_connect_lab::World;
use support::{check_lab, failures_of, read, world};

/// Worlds that must not pass, and words by which they are known.
const WORLDS: [(&str, &[&str]); 8] = [
    ("checks/billing/worlds/trial.toml", &["business", "trial", "create", "business.create_trial"]),
    ("tests/cases/billing-azure-linked-since.toml", &["billing", "customer", "azure"]),
    ("tests/cases/billing-plan-changed-since.toml", &["account", "plan_change"]),
    ("checks/connection/worlds/elsewhere.toml", &["connection", "dotcom_connection", "create"]),
    ("tests/cases/connection-elsewhere-in-use.toml", &["connection", "success"]),
    ("tests/cases/whole-maintenance-page-with-200.toml", &["maintenance"]),
    ("checks/allow-list/worlds/not-included.toml", &["enterprise", "active"]),
    ("checks/token/worlds/scope-missing.toml", &["enterprise", "read:enterprise", "admin"]),
];

/// Words of replies to a run that passes.
const PASSES: [&str; 7] =
    ["acme", "enterprise", "valid", "site_admin", "croquetSupport", "github", "running"];

#[test]
fn a_password_hides_no_fault() {
    let rows: Vec<_> =
        WORLDS.iter().flat_map(|(file, words)| words.iter().map(move |word| (*file, *word))).collect();
    let failures = failures_of(&rows, |(file, word)| {
        ends_as_without(file, word).map_err(|why| format!("{file}, password {word}: {why}"))
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_password_makes_no_fault() {
    let failures = failures_of(&PASSES, |word| {
        let ran = check_lab(&with_password("about = 'well.'\n", word).argument()["--lab=".len()..])?;
        match ran.exit {
            0 => Ok(()),
            _ => Err(format!("password {word}: {}", ran.seen())),
        }
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn ends_as_without(file: &str, word: &str) -> Result<(), String> {
    let text = read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file));
    let expected = World::parse(file, &text).map_err(|error| error.to_string())?.expect;
    let ran = check_lab(&with_password(&text, word).argument()["--lab=".len()..])?;
    let mut causes = ran.record.root_causes.clone();
    causes.sort();
    if (ran.exit, &causes) != (expected.exit.into(), &expected.root_causes) {
        return Err(format!("exit code {}, root causes {causes:?}{}", ran.exit, ran.seen()));
    }
    Ok(())
}

fn with_password(text: &str, word: &str) -> support::WorldFile {
    let mut table: toml::Table = text.parse().unwrap();
    let server = table.entry("server").or_insert_with(|| toml::Table::new().into());
    let manage = server.as_table_mut().unwrap().entry("manage").or_insert_with(|| toml::Table::new().into());
    manage.as_table_mut().unwrap().insert("password".to_owned(), word.into());
    world("words", &table.to_string())
}
