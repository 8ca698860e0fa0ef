//! What the command line says: help, errors and examples, word for word.
//!
//! `TRYCMD=overwrite cargo test --test cli` writes down what it says now.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use support::gh_connect;

#[test]
fn what_the_command_line_says() {
    let cases = trycmd::TestCases::new();
    for variable in [
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
        "NO_PROXY",
        "no_proxy",
        "CLICOLOR_FORCE",
        "COLUMNS",
    ] {
        // Empty is not set.
        cases.env(variable, "");
    }
    cases.case("tests/cli/*.trycmd").case("docs/configuration.md");
}

/// Flags and keys as the program itself lists them.
fn flags() -> Vec<String> {
    let output = gh_connect(["check", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let mut flags: Vec<String> = help
        .lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with('-'))
        .flat_map(|line| line.split([' ', ',', '[', '.']))
        .filter(|word| word.starts_with("--"))
        .map(str::to_owned)
        .collect();
    flags.retain(|flag| flag != "--help");
    assert!(flags.len() > 20, "{flags:?}");
    flags
}

#[test]
fn every_flag_is_documented() {
    let manual = String::from_utf8(gh_connect(["man"]).output().unwrap().stdout).unwrap().replace(r"\-", "-");
    let page = support::read("docs/configuration.md");
    for flag in flags() {
        assert!(manual.contains(&flag), "the manual does not have {flag}");
        assert!(page.contains(&format!("`{flag}`")), "docs/configuration.md does not have {flag}");
    }
}

/// What scripts rely on stands wherever somebody looks for it.
#[test]
fn the_exit_codes_of_enable_and_status_are_documented() {
    let text = |arguments: &[&str]| {
        let printed = String::from_utf8(gh_connect(arguments).output().unwrap().stdout).unwrap();
        printed.replace(r"\-", "-").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let (manual, readme, page) =
        (text(&["man"]), support::read("README.md"), support::read("docs/enable.md"));
    for command in ["check", "enable", "status", "explain", "lab"] {
        assert!(manual.contains(&format!("gh-connect {command}")), "{command}");
        assert!(text(&["--help"]).contains(&format!(" {command} ")), "{command}");
    }
    for command in ["`gh-connect enable", "`gh-connect status"] {
        assert!(readme.contains(command), "{command}");
    }
    for (code, words) in [("10", "refused"), ("11", "attempted"), ("12", "not verified")] {
        for place in [&manual, &text(&["enable", "--help"])] {
            let told = place
                .split(&format!("{code} "))
                .skip(1)
                .any(|rest| rest.get(..60).unwrap_or(rest).contains(words));
            assert!(told, "{code} {words}: {place}");
        }
        assert!(readme.lines().any(|line| line.starts_with(&format!("| {code} |")) && line.contains(words)));
        assert!(page.contains(&format!("{code} ")), "{code}");
    }
    for place in [&manual, &text(&["status", "--help"])] {
        assert!(place.contains("0 connected: the account has a record"), "{place}");
    }
    for flag in ["--plan", "--browser", "--yes", "--accept-terms", "--confirm-billing", "--save-steps"] {
        assert!(manual.contains(flag), "{flag}");
    }
}

#[test]
fn every_key_is_documented() {
    let folder = support::world("keys", "");
    std::fs::write(folder.path("gh-connect.toml"), "x = 1\ntrust = { x = 1 }").unwrap();
    let mut command = gh_connect(["check", "--config", "gh-connect.toml"]);
    let output = command.current_dir(folder.path("")).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let keys: Vec<&str> =
        stderr.split("allowed: ").skip(1).flat_map(|list| list.lines().next().unwrap().split(", ")).collect();
    assert!(keys.contains(&"trust") && keys.contains(&"public"), "{keys:?}");
    let page = support::read("docs/configuration.md");
    for key in keys {
        let row = page.contains(&format!("`{key}` |"));
        let example = page.contains(&format!("\n{key} = ")) || page.contains(&format!("\n[{key}]"));
        assert!(row || example, "docs/configuration.md does not have {key}");
    }
}

#[test]
fn every_shell_gets_a_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = gh_connect(["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0));
        for word in ["gh-connect", "no-proxy", "explain", "enable", "accept-terms", "status"] {
            assert!(script.contains(word), "{shell} does not have {word}");
        }
    }
}

#[test]
fn the_version_is_told_in_one_line() {
    let output = gh_connect(["--version"]).output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        concat!("gh-connect ", env!("CARGO_PKG_VERSION"), "\n")
    );
}
