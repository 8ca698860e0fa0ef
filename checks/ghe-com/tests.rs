//! Judgement on facts made by hand.

use gh_connect_engine::{Origin, Severity, Sourced};

use super::*;
use crate::testing;

const ON: &str = "app.github.github-connect-ghe-com-enabled true";
const OFF: &str = "app.github.github-connect-ghe-com-enabled false";
const OCTO: &str = "\napp.github.github-connect-ghe-com-subdomain octo";

fn plan(target: Option<&str>, ghe_config: Option<&str>) -> Plan {
    let product = target.map_or(Product::GithubCom, |subdomain| Product::GheCom(subdomain.to_owned()));
    let mut plan = testing::plan(product);
    plan.server = Some(Sourced::default("https://ghes.corp.example".to_owned()));
    plan.account.ghe_config =
        ghe_config.map(|text| Sourced::new(text.to_owned(), Origin::flag("--ghe-config")));
    plan
}

fn judged(
    target: Option<&str>,
    ghe_config: Option<&str>,
    version: Result<Option<&str>, Stop>,
) -> Result<Examination, Stop> {
    judge(&Seen { plan: &plan(target, ghe_config), version })
}

fn ids(examination: &Examination) -> Vec<&'static str> {
    examination.findings.iter().map(|finding| finding.kind.id).collect()
}

#[test]
fn where_the_server_points_is_compared_with_the_target() {
    let (on_octo, off_octo) = (format!("{ON}{OCTO}"), format!("{OFF}{OCTO}"));
    for (target, text, expected) in [
        (None, Some(""), Ok("points at github.com")),
        (None, Some(OFF), Ok("points at github.com")),
        (None, Some(off_octo.as_str()), Ok("points at github.com")),
        (None, Some(on_octo.as_str()), Err("ghe-com/still-configured")),
        (None, Some(ON), Err("ghe-com/still-configured")),
        (None, None, Err("ghe-com/unreadable")),
        (None, Some("bash: no such command"), Err("ghe-com/unreadable")),
        (Some("octo"), Some(on_octo.as_str()), Ok("points at octo.ghe.com")),
        (Some("OCTO"), Some(on_octo.as_str()), Ok("points at OCTO.ghe.com")),
        (Some("acme"), Some(on_octo.as_str()), Err("ghe-com/not-configured")),
        (Some("octo"), Some(ON), Err("ghe-com/not-configured")),
        (Some("octo"), Some(off_octo.as_str()), Err("ghe-com/not-configured")),
        (Some("octo"), Some(""), Err("ghe-com/not-configured")),
        (Some("octo"), None, Err("ghe-com/unreadable")),
    ] {
        let examination = judged(target, text, Ok(target.map(|_| "3.19.1"))).expect("judged");
        match expected {
            Ok(remark) => {
                assert_eq!((ids(&examination), examination.remark.as_deref()), (vec![], Some(remark)));
            }
            Err(id) => {
                assert_eq!(ids(&examination), [id], "{target:?} {text:?}");
                let finding = &examination.findings[0];
                assert!(finding.fix.iter().any(|step| step.command.is_some()), "{finding:?}");
            }
        }
    }
}

#[test]
fn settings_of_no_server_are_not_judged() {
    let on_octo = format!("{ON}{OCTO}");
    for (target, text) in
        [(None, None), (None, Some("")), (None, Some(ON)), (Some("octo"), Some(on_octo.as_str()))]
    {
        let nobody = Plan { server: None, ..plan(target, text) };
        let judged = judge(&Seen { plan: &nobody, version: Ok(target.map(|_| "3.19.1")) });
        assert!(matches!(judged, Err(Stop::Skipped(_))), "{target:?} {text:?}");
    }
}

#[test]
fn messages_name_the_value_that_decided() {
    let message = |target, text: &str| {
        judged(target, Some(text), Ok(target.map(|_| "3.19.1"))).expect("judged").findings.remove(0).message
    };
    for (target, text, expected) in [
        (
            None,
            format!("{ON}{OCTO}"),
            "ghes.corp.example still points at octo.ghe.com: app.github.github-connect-ghe-com-enabled is true, and it is to be connected to github.com.",
        ),
        (
            Some("acme"),
            format!("{ON}{OCTO}"),
            "ghes.corp.example points at octo.ghe.com: app.github.github-connect-ghe-com-subdomain is octo, and it is to be connected to acme.ghe.com.",
        ),
        (
            Some("acme"),
            String::new(),
            "ghes.corp.example points at github.com: app.github.github-connect-ghe-com-enabled is not set, and it is to be connected to acme.ghe.com.",
        ),
        (
            None,
            "app.github.github-connect-ghe-com-enabled maybe\x1b[31m".to_owned(),
            "Whether ghes.corp.example points at GHE.com or at github.com is not known: by flag --ghe-config, app.github.github-connect-ghe-com-enabled is \"maybe\\x1b[31m\", neither true nor false.",
        ),
    ] {
        assert_eq!(message(target, &text), expected);
    }
}

#[test]
fn releases_matter_towards_ghe_com_only() {
    let text = format!("{ON}{OCTO}");
    for (version, expected) in [
        ("3.11.9", vec!["ghe-com/too-old"]),
        ("3.12.0", vec!["ghe-com/no-licence-sync"]),
        ("3.14.9", vec!["ghe-com/no-licence-sync"]),
        ("3.15.0", vec![]),
        ("4.0.0", vec![]),
    ] {
        let examination = judged(Some("octo"), Some(&text), Ok(Some(version))).expect("judged");
        assert_eq!(ids(&examination), expected, "{version}");
    }
    // What cannot be set is not asked for.
    assert_eq!(ids(&judged(Some("octo"), Some(""), Ok(Some("3.9.0"))).expect("judged")), ["ghe-com/too-old"]);
    assert_eq!(
        ids(&judged(Some("octo"), Some(""), Ok(Some("3.14.0"))).expect("judged")),
        ["ghe-com/no-licence-sync", "ghe-com/not-configured"]
    );
}

#[test]
fn a_server_that_cannot_point_at_ghe_com_need_not_be_asked() {
    for (target, version, expected) in [
        (None, Ok(Some("3.11.9")), None),
        (None, Ok(Some("3.12.0")), Some("ghe-com/unreadable")),
        (None, Ok(Some("x")), Some("ghe-com/unreadable")),
        (None, Err(Stop::blocked("server")), Some("ghe-com/unreadable")),
        (Some("octo"), Ok(Some("3.11.9")), Some("ghe-com/too-old")),
        (Some("octo"), Ok(Some("3.19.1")), Some("ghe-com/unreadable")),
        (Some("octo"), Err(Stop::blocked("server")), Some("ghe-com/unreadable")),
    ] {
        let examination = judged(target, None, version.clone()).expect("judged");
        assert_eq!(ids(&examination), expected.into_iter().collect::<Vec<_>>(), "{target:?} {version:?}");
    }
}

#[test]
fn why_nothing_could_be_read_is_told() {
    let mut plan = plan(None, None);
    let why = "standard input cannot be read: it did not end within 3 s".to_owned();
    plan.account.ghe_config_unread = Some(Sourced::new(why, Origin::flag("--ghe-config")));
    let judged = judge(&Seen { plan: &plan, version: Ok(Some("3.19.1")) }).expect("judged");
    assert_eq!(ids(&judged), ["ghe-com/unreadable"]);
    assert_eq!(
        judged.findings[0].message,
        "Whether ghes.corp.example points at GHE.com or at github.com is not known: flag --ghe-config gives nothing that tells: \
         standard input cannot be read: it did not end within 3 s."
    );
}

#[test]
fn an_unknown_version_is_not_a_pass() {
    let text = format!("{ON}{OCTO}");
    let blocked = || Err(Stop::blocked("server"));
    assert_eq!(judged(Some("octo"), Some(&text), blocked()).err(), Some(Stop::blocked("server")));
    assert!(matches!(judged(Some("octo"), Some(&text), Ok(Some("x"))), Err(Stop::Trouble(_))));
    // What is wrong in any release is told all the same.
    assert_eq!(ids(&judged(Some("octo"), Some(""), blocked()).expect("judged")), ["ghe-com/not-configured"]);
}

#[test]
fn severities_are_those_of_the_contract() {
    for kind in META.kinds {
        let expected = match kind.id {
            "ghe-com/no-licence-sync" => (Severity::Warning, false),
            // The outcome hangs on it: what nobody has read is not passed.
            "ghe-com/unreadable" => (Severity::Blocker, true),
            _ => (Severity::Blocker, false),
        };
        assert_eq!((kind.severity, kind.undetermined), expected, "{}", kind.id);
    }
}
