//! Where reports go, what the exit code says, and what waivers, thresholds and selections do to it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::process::Output;

use gh_connect_engine::{Record, State, Verdict};
use support::{Ran, WorldFile, gh_connect, read, world};

/// IPv6 that leads nowhere is a warning, and nothing else is wrong.
const WARNED: &str = "connect/ipv6-broken";

fn run(arguments: &[&str]) -> Output {
    gh_connect(["check"]).args(arguments).output().unwrap()
}

fn json(arguments: &[&str]) -> Ran {
    Ran::of(&gh_connect(["check", "-o", "json"]).args(arguments).output().unwrap()).unwrap()
}

fn empty(name: &str) -> WorldFile {
    world(name, "")
}

#[test]
fn one_run_writes_several_reports() {
    let folder = empty("several");
    let (json, short) = (folder.path("report.json"), folder.path("report.txt"));
    let output = run(&[
        "--lab",
        "-o",
        &format!("json={}", json.display()),
        "-o",
        "table",
        "-o",
        &format!("short={}", short.display()),
    ]);
    assert_eq!(output.status.code(), Some(0));
    let record: Record = serde_json::from_str(&read(json)).unwrap();
    assert_eq!(record.summary.verdict, Verdict::Passed);
    assert!(read(short).contains("verdict passed"));
    assert!(String::from_utf8_lossy(&output.stdout).contains("gh-connect"));
    let left: Vec<_> =
        std::fs::read_dir(folder.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "no drafts are left: {left:?}");
}

#[test]
fn a_report_replaces_another_in_one_step_and_keeps_what_stands_around_it() {
    let folder = empty("replaced");
    let (target, link) = (folder.path("report.json"), folder.path("latest.json"));
    std::fs::write(&target, "before").unwrap();
    std::fs::set_permissions(&target, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let reader = std::fs::File::open(&target).unwrap();
    assert_eq!(run(&["--lab", "-o", &format!("json={}", link.display())]).status.code(), Some(0));
    assert_eq!(std::io::read_to_string(reader).unwrap(), "before", "who reads the old one reads all of it");
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(serde_json::from_str::<Record>(&read(&target)).is_ok());
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&target).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "a report is its user's alone, whoever could read what was there before");
}

#[test]
fn a_link_of_another_user_is_not_followed() {
    let folder = empty("foreign");
    std::fs::create_dir(folder.path("there")).unwrap();
    std::fs::write(folder.path("there/report.json"), "before").unwrap();
    for (link, to, path) in
        [("latest.json", "there/report.json", "latest.json"), ("folder", "there", "folder/report.json")]
    {
        std::os::unix::fs::symlink(to, folder.path(link)).unwrap();
        if std::os::unix::fs::lchown(folder.path(link), Some(65_534), None).is_err() {
            // Only root can give a link away.
            return;
        }
        let output = run(&["--lab", "-o", &format!("json={}", folder.path(path).display())]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("belongs to user 65534, who is neither you nor root"), "{stderr}");
        assert_eq!(read(folder.path("there/report.json")), "before");
    }
}

#[test]
fn two_reports_at_one_place_are_refused_whatever_its_names() {
    let folder = empty("same");
    std::os::unix::fs::symlink("aa", folder.path("bb")).unwrap();
    for there in [false, true] {
        if there {
            std::fs::write(folder.path("aa"), "before").unwrap();
        }
        for (one, other) in [("aa", "bb"), ("bb", "aa"), ("aa", "./aa"), ("bb", "./bb")] {
            let output =
                gh_connect(["check", "--lab", "-o", &format!("json={one}"), "-o", &format!("short={other}")])
                    .current_dir(folder.path(""))
                    .output()
                    .unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{one} {other} {there}: {stderr}");
            assert!(stderr.contains("another report already goes to"), "{stderr}");
        }
    }
    assert_eq!(read(folder.path("aa")), "before");
}

#[test]
fn a_device_is_written_to_and_not_replaced() {
    assert_eq!(run(&["--lab", "-o", "json=/dev/null"]).status.code(), Some(0));
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn a_report_that_cannot_be_written_in_the_end_is_an_error() {
    let output = run(&["--lab", "-q", "-o", "json=/dev/full"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be written to /dev/full"));
}

#[test]
fn a_path_that_cannot_be_written_is_told_before_anything_is_measured() {
    let folder = empty("unwritable");
    // Root may write anywhere, but a file is no folder for anybody.
    std::fs::write(folder.path("file"), "").unwrap();
    let path = folder.path("file/report.json");
    let output = run(&["--lab", "-o", "table", "-o", &format!("json={}", path.display())]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("Nothing was measured."));
}

#[test]
fn stdout_carries_the_report_alone() {
    let output = run(&["--lab=connect/timeout", "-o", "json"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(serde_json::from_slice::<Record>(&output.stdout).is_ok());
}

#[test]
fn warnings_fail_only_when_asked_to() {
    let lab = format!("--lab={WARNED}");
    assert_eq!(json(&[&lab]).exit, 0);
    let ran = json(&[&lab, "--fail-on", "warn"]);
    assert_eq!((ran.exit, ran.record.summary.exit_code, ran.record.summary.verdict), (4, 4, Verdict::Passed));
}

#[test]
fn a_waived_warning_is_shown_and_does_not_count() {
    let waiver = format!("{WARNED}=no IPv6 before spring");
    let ran = json(&[&format!("--lab={WARNED}"), "--fail-on", "warn", "--waive", &waiver]);
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    let check = ran.record.checks.iter().find(|check| check.id == "connect").unwrap();
    assert_eq!(check.state, State::Waived);
    assert_eq!(check.findings[0].waived.as_deref(), Some("no IPv6 before spring"));
}

#[test]
fn a_waiver_that_matches_nothing_is_an_error_after_the_report() {
    let waiver = format!("{WARNED}=long gone");
    let ran = json(&["--lab", "--waive", &waiver]);
    assert_eq!((ran.exit, ran.record.summary.verdict), (2, Verdict::Passed));
    assert!(ran.stderr.contains(&format!("the waiver of `{WARNED}` matched no finding")), "{}", ran.stderr);
    assert!(ran.stderr.contains("remove it (flag --waive)"), "{}", ran.stderr);
    let failed = json(&["--lab=connect/refused", "--waive", &waiver]);
    assert_eq!(failed.exit, 1, "a failure is never hidden");
    let skipped = json(&["--lab", "--skip", "connect", "--waive", &waiver]);
    assert_eq!(skipped.exit, 0, "nobody knows whether it would have matched: {}", skipped.stderr);
}

#[test]
fn what_is_deselected_counts_for_nothing() {
    let ran = json(&["--lab=connect/refused", "--skip", "network", "--skip", "account"]);
    assert_eq!((ran.exit, ran.record.summary.verdict), (3, Verdict::Undetermined));
    assert!(ran.states().iter().all(|(_, state)| *state == State::Skipped));
    let ran = json(&["--lab=connect/refused", "--only", "dns"]);
    assert_eq!((ran.exit, ran.record.root_causes.len()), (0, 0));
}

#[test]
fn a_verdict_about_a_part_says_so() {
    let output = run(&["--lab=tls/expired", "--only", "dns", "-o", "short"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("of what was checked, nothing stands in the way (1 of "), "{said}");
    let output = run(&["--lab=tls/expired", "--only", "clock", "-o", "short"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!said.contains(" : ") && !said.contains("waits for it") && !said.contains("for them"), "{said}");
}

#[test]
fn in_a_lab_only_the_worlds_environment_counts() {
    let output =
        gh_connect(["check", "--lab", "-o", "json"]).env("HTTPS_PROXY", "http://192.0.2.1:3128").output();
    let ran = Ran::of(&output.unwrap()).unwrap();
    assert_eq!((ran.exit, ran.record.plan["proxy"]["value"].as_str()), (0, Some("off")));
    assert!(ran.record.plan["other_proxies"].as_array().unwrap().is_empty());
}

#[test]
fn colours_come_when_asked_for() {
    let colored = |arguments: &[&str], variable: (&str, &str)| {
        let output =
            gh_connect(["check", "--lab"]).args(arguments).env(variable.0, variable.1).output().unwrap();
        output.stdout.contains(&0x1b)
    };
    assert!(!colored(&[], ("TERM", "xterm")));
    assert!(colored(&["--color", "always"], ("NO_COLOR", "1")));
    assert!(colored(&[], ("CLICOLOR_FORCE", "1")));
    assert!(!colored(&["--color", "never"], ("CLICOLOR_FORCE", "1")));
}

/// Who asks for one check alone hears at least which other one knows why it waits.
#[test]
fn what_waits_for_a_check_that_was_left_out_says_how_to_hear_why() {
    for (selection, how) in [
        (["--only", "billing"], "Run it again with --only token as well:"),
        (["--skip", "token"], "Run it again without --skip token:"),
    ] {
        let arguments = ["--lab=token/missing", selection[0], selection[1]];
        let ran = json(&arguments);
        let billing = ran.record.checks.iter().find(|check| check.id == "billing").unwrap();
        assert_eq!((ran.exit, billing.state), (3, State::Blocked));
        assert!(billing.not_judged[0].fix[0].text.starts_with(how), "{:?}", billing.not_judged);
        let said = String::from_utf8(run(&arguments).stdout).unwrap();
        assert!(
            said.contains("token  was left out of this run") && said.contains("operator: Run it again"),
            "{said}"
        );
    }
}

/// A check that could not tell says what to do and who does it, in the words of this run.
#[test]
fn what_could_not_be_told_says_what_to_do() {
    let silent = "[check]\ntimeout = 1\n[endpoint.\"ghes.corp.example:8443/manage/v1/config/nodes\"]\nanswer = \"not-found\"";
    let folder = world("in-doubt", silent);
    let ran = json(&[&folder.argument()]);
    assert_eq!(ran.record.root_causes, ["nodes"]);
    let said = String::from_utf8(run(&[&folder.argument()]).stdout).unwrap();
    assert!(said.contains("Do     server admin: Look in the admin shell"), "{said}");
    let audit = "[check]\ntimeout = 1\n[endpoint.\"api.github.com/enterprises/acme/audit-log\"]\nanswer = \"unavailable\"";
    let folder = world("in-doubt-billing", audit);
    let said = String::from_utf8(run(&[&folder.argument()]).stdout).unwrap();
    assert!(
        said.contains("Do     enterprise owner: Find out") && said.contains("the account acme"),
        "{said}"
    );
}
