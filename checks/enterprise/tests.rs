//! Judgement on answers made by hand.

use gh_connect_engine::{Origin, Sourced};
use gh_connect_github::NoReply;
use proptest::prelude::*;

use super::*;
use crate::testing;

fn plan(product: Product) -> Plan {
    let mut plan = testing::plan(product);
    plan.enterprise = Some(Sourced::new("acme".to_owned(), Origin::flag("--enterprise")));
    plan
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
fn only_github_itself_says_that_there_is_no_account() {
    let business = "Could not resolve to a Business with the URL slug of 'acme'.";
    for (why, expected) in [
        (Refusal::NotFound { message: text(business) }, "enterprise/not-found"),
        (Refusal::Null { path: text("enterprise") }, "enterprise/unanswered"),
        (Refusal::NotFound { message: text("Not Found") }, "enterprise/unanswered"),
        (Refusal::NotFound { message: text("status 404 Not Found") }, "enterprise/unanswered"),
        (Refusal::Forbidden { message: text("No.") }, "enterprise/unanswered"),
        (Refusal::ServerError { status: 502 }, "enterprise/unanswered"),
        (Refusal::Redirected { status: 302, host: Some(text("login.example")) }, "enterprise/unanswered"),
        (Refusal::NotJson { content_type: None, began: None }, "enterprise/unanswered"),
        (Refusal::TooLarge { limit: 1 << 20 }, "enterprise/unanswered"),
        (Refusal::NoReply(NoReply::TimedOut), "enterprise/unanswered"),
    ] {
        let judged = judge(&plan(Product::GithubCom), &why, Some("octo-owner"));
        let [finding] = &judged.findings[..] else { panic!("{why}") };
        assert_eq!(finding.kind.id, expected, "{why}");
        assert!(!finding.fix.is_empty() && judged.remark.is_none());
    }
}

#[test]
fn what_was_not_found_is_told_with_where_it_was_said_and_who_asked() {
    let message = text("Could not resolve to a Business with the URL slug of 'acme'.");
    let why = Refusal::NotFound { message };
    let finding = judge(&plan(Product::GithubCom), &why, Some("octo-owner")).findings.remove(0);
    for part in ["github.com", "`acme`", "flag --enterprise", "octo-owner"] {
        assert!(finding.message.contains(part), "{}", finding.message);
    }
    assert!(finding.fix[1].text.contains("https://github.com/enterprises/acme"));
    let elsewhere = judge(&plan(Product::GheCom(text("octocorp"))), &why, None).findings.remove(0);
    let command = elsewhere.fix[0].command.clone().expect("a command");
    assert!(command.contains("--hostname octocorp.ghe.com"), "{command}");
    assert!(elsewhere.message.contains("the token's user"), "{}", elsewhere.message);
}

#[test]
fn no_answer_is_told_with_what_came_instead() {
    for (why, part, owner) in [
        (Refusal::ServerError { status: 502 }, "status 502", Owner::Operator),
        (
            Refusal::Redirected { status: 302, host: Some(text("login.example")) },
            "login.example",
            Owner::Proxy,
        ),
        (Refusal::NoReply(NoReply::TimedOut), "no whole reply came in time", Owner::Operator),
    ] {
        let finding = judge(&plan(Product::GithubCom), &why, None).findings.remove(0);
        assert!(finding.message.contains(part), "{}", finding.message);
        assert_eq!(finding.fix[0].owner, owner, "{why}");
        assert!(finding.kind.undetermined);
    }
}

#[test]
fn a_healthy_account_is_told_by_its_name() {
    let account = Account {
        slug: text("acme"),
        name: Some(text("Acme\u{1b}[31m Corp")),
        url: Some(text("https://github.com/enterprises/acme")),
        created_at: None,
        viewer_is_admin: None,
    };
    let remark = healthy(&account).remark.expect("a remark");
    assert_eq!(remark, r"Acme\x1b[31m Corp, https://github.com/enterprises/acme");
    let unnamed = Account { name: None, url: None, ..account };
    assert_eq!(healthy(&unnamed).remark.as_deref(), Some("acme (acme)"));
}

proptest! {
    #[test]
    fn whatever_comes_instead_is_one_finding_that_can_be_shown(message in any::<String>(), slug in any::<String>()) {
        let mut plan = plan(Product::GithubCom);
        plan.enterprise = Some(Sourced::default(slug));
        for why in [
            Refusal::NotFound { message: message.clone() },
            Refusal::Forbidden { message: message.clone() },
            Refusal::Unexpected { status: 200, message: message.clone() },
        ] {
            let judged = judge(&plan, &why, Some(&message));
            prop_assert_eq!(judged.findings.len(), 1);
            prop_assert!(!judged.findings[0].message.chars().any(char::is_control));
        }
    }
}
