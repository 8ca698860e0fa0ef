//! Judgement on answers made by hand.

use gh_connect_engine::{Finding, Origin, Owner, Product, Sourced};
use gh_connect_github::{Answer, Api, Needs, RateLimit, Refusal, Scopes, TokenKind, cloud::TokenSeen};
use proptest::prelude::*;

use super::{
    judge::judge,
    scopes,
    seen::{Refused, Seen, lacking, withheld},
    *,
};
use crate::testing;

fn plan() -> Plan {
    let mut plan = testing::plan(Product::GithubCom);
    plan.enterprise = Some(Sourced::default("acme".to_owned()));
    plan.server = Some(Sourced::new("https://ghes.corp.example/".to_owned(), Origin::flag("--server")));
    plan
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn token(kind: TokenKind, scopes: Option<Scopes>) -> TokenSeen {
    TokenSeen { kind, origin: text("environment GH_TOKEN"), scopes }
}

fn refused(why: Refusal, scope: Option<&str>) -> Refused {
    Refused { why, scope: scope.map(text) }
}

/// A classic token with these scopes, about which this was said.
fn seen(api: Api, scopes: Option<Scopes>, refusals: Vec<Refused>) -> Seen {
    let kind = if scopes.is_some() { TokenKind::Classic } else { TokenKind::FineGrained };
    let token = (api != Api::Manage).then(|| token(kind, scopes));
    Seen {
        api,
        login: (api != Api::Manage).then(|| text("octo-owner")),
        given: true,
        lacking: lacking(api, token.as_ref(), &refusals),
        otherwise: refusals.first().map(|refused| Stop::blocked(refused.why.owner(api))),
        token,
        refusals,
    }
}

fn enough() -> Option<Scopes> {
    Some(Scopes::from(["admin:enterprise", "read:audit_log"]))
}

fn found(seen: &Seen) -> Vec<Finding> {
    judge(&plan(), seen).expect("judged").findings
}

fn ids(seen: &Seen) -> Vec<&'static str> {
    found(seen).iter().map(|finding| finding.kind.id).collect()
}

fn missing_scopes() -> Refusal {
    Refusal::MissingScopes { needs: vec![text("x")], has: Vec::new() }
}

fn limited(resets_at: Option<i64>, retry_after_s: Option<u64>) -> Refusal {
    let resets_at = resets_at.map(|at| jiff::Timestamp::from_second(at).expect("a time"));
    Refusal::RateLimited { limit: RateLimit::Primary, resets_at, retry_after_s }
}

#[test]
fn a_good_credential_passes_with_whose_it_is() {
    for (api, expected) in [(Api::Cloud, "octo-owner (GH_TOKEN)"), (Api::Manage, "the password is taken")] {
        let judged = judge(&plan(), &seen(api, enough(), Vec::new())).expect("judged");
        assert_eq!(judged.remark.as_deref(), Some(expected));
    }
}

#[test]
fn each_refusal_is_its_own_finding() {
    let bad = || Refusal::BadCredentials { message: text("Bad credentials") };
    for (why, expected) in [
        (bad(), "token/rejected"),
        (Refusal::Anonymous { message: text("Requires authentication") }, "token/rejected"),
        (Refusal::Policy { message: text("forbidden.") }, "token/forbidden-by-policy"),
        (Refusal::SsoRequired { url: None }, "token/sso-required"),
        (missing_scopes(), "token/scope-missing"),
        (Refusal::MissingPermission { accepted: None }, "token/scope-missing"),
        (limited(None, None), "token/rate-limited"),
    ] {
        for api in [Api::Cloud, Api::Server, Api::Manage] {
            let seen = seen(api, enough().filter(|_| api == Api::Cloud), vec![refused(why.clone(), None)]);
            let found = found(&seen);
            let [finding] = &found[..] else { panic!("{why} {api}: {:?}", ids(&seen)) };
            assert_eq!(finding.kind.id, expected, "{why} {api}");
            assert!(!finding.fix.is_empty(), "{why} {api}");
        }
    }
    let twice = seen(Api::Cloud, enough(), vec![refused(limited(None, None), None), refused(bad(), None)]);
    assert_eq!(ids(&twice), ["token/rejected"]);
}

#[test]
fn what_others_own_is_left_to_them() {
    for check in ["enterprise", "allow-list", "server"] {
        let seen = Seen { otherwise: Some(Stop::blocked(check)), ..seen(Api::Cloud, enough(), Vec::new()) };
        assert_eq!(judge(&plan(), &seen).expect_err("blocked"), Stop::blocked(check));
    }
}

#[test]
fn each_scope_is_missed_by_name_with_the_checks_that_wait() {
    let all = "enterprise, owner, egress, allow-list, billing and connection wait";
    let cases = [
        (&["admin:enterprise"][..], None, &["read:audit_log"][..], "billing waits"),
        (&["read:enterprise", "read:audit_log"], None, &[], ""),
        (
            &["read:enterprise", "read:audit_log"],
            Some("admin:enterprise"),
            &["admin:enterprise"],
            "allow-list waits",
        ),
        (&["read:audit_log"], None, &["read:enterprise"], all),
        (&[], None, &["read:enterprise", "read:audit_log"], all),
        (&["repo"], Some("read:enterprise"), &["read:enterprise", "read:audit_log"], "has repo, and"),
    ];
    for (has, refusals, expected, part) in cases {
        let reply: Scopes = serde_json::from_value(serde_json::json!(has)).expect("scopes");
        let refusals = refusals.map(|scope| refused(missing_scopes(), Some(scope))).into_iter().collect();
        let seen = seen(Api::Cloud, Some(reply), refusals);
        let names: Vec<&str> = seen.lacking.iter().map(|scope| scope.name).collect();
        assert_eq!(names, expected, "{has:?}");
        if expected.is_empty() {
            assert!(judge(&plan(), &seen).expect("judged").findings.is_empty());
            continue;
        }
        let [finding] = &found(&seen)[..] else { panic!("{has:?}") };
        assert_eq!(finding.kind.id, "token/scope-missing");
        for part in expected.iter().chain([&part]) {
            assert!(finding.message.contains(part), "{part}: {}", finding.message);
        }
        assert_eq!(finding.fix[0].owner, Owner::EnterpriseOwner);
        assert!(
            finding.fix[0].text.contains("https://github.com/settings/tokens"),
            "{}",
            finding.fix[0].text
        );
    }
}

#[test]
fn a_scope_is_granted_where_the_token_is_kept() {
    let lacks_log = || Some(Scopes::from(["admin:enterprise"]));
    let of =
        |kind| Seen { token: Some(token(kind, lacks_log())), ..seen(Api::Cloud, lacks_log(), Vec::new()) };
    let oauth = found(&of(TokenKind::OAuth)).remove(0);
    let command = oauth.fix[0].command.clone().expect("a command");
    assert_eq!(command, "gh auth refresh --hostname github.com --scopes read:audit_log");
    let classic = found(&of(TokenKind::Classic)).remove(0);
    assert!(classic.fix[0].text.contains("tick read:audit_log"), "{}", classic.fix[0].text);
    let blind = seen(Api::Cloud, Some(Scopes::from(["read:audit_log"])), Vec::new());
    assert!(found(&blind)[0].fix[0].text.contains("tick admin:enterprise"), "the list may be on");
    let fine = seen(
        Api::Cloud,
        None,
        vec![refused(Refusal::MissingPermission { accepted: Some(text("a=read")) }, None)],
    );
    let fine = found(&fine).remove(0);
    assert!(fine.message.contains("(it accepts a=read)"), "{}", fine.message);
    assert!(fine.fix[0].text.contains("make a classic token"), "{}", fine.fix[0].text);
    let server = seen(Api::Server, Some(Scopes::from(["repo"])), Vec::new());
    let server = found(&server).remove(0);
    assert!(server.message.contains("site_admin") && server.fix[0].owner == Owner::ServerAdmin);
    assert!(server.fix[0].text.contains("https://ghes.corp.example/settings/tokens"));
}

#[test]
fn a_token_without_scopes_lacks_what_the_server_withholds_from_it() {
    let not_found = || Refusal::NotFound { message: text("Not Found") };
    let site_admin = || Some(Scopes::from(["site_admin", "read:enterprise", "read:audit_log"]));
    for (kind, scopes, why, expected) in [
        (TokenKind::FineGrained, None, not_found(), true),
        (TokenKind::FineGrained, None, Refusal::Forbidden { message: text("No.") }, true),
        (TokenKind::Classic, None, not_found(), true),
        // A user who is no site administrator: no scope helps.
        (TokenKind::Classic, site_admin(), not_found(), false),
        (TokenKind::FineGrained, None, Refusal::ServerError { status: 502 }, false),
    ] {
        let token = token(kind, scopes.clone());
        let answer = Answer::<()>::Refused {
            why,
            needs: Needs { api: Api::Server, scope: Some("site_admin".into()) },
        };
        let refusals: Vec<Refused> = withheld(Some(&token), &answer).into_iter().collect();
        let lacking = lacking(Api::Server, Some(&token), &refusals);
        let seen =
            Seen { token: Some(token), refusals, lacking, ..seen(Api::Server, site_admin(), Vec::new()) };
        let expected = if expected { &["token/scope-missing"][..] } else { &[] };
        assert_eq!(ids(&seen), expected, "{kind} {scopes:?} {answer:?}");
        for finding in found(&seen) {
            assert!(finding.message.contains("lacks site_admin"), "{}", finding.message);
        }
    }
    let said = withheld(Some(&token(TokenKind::FineGrained, None)), &Answer::Said(()));
    assert_eq!(said, None, "whatever it is, it opens the licence");
}

#[test]
fn what_is_missing_is_told_with_what_to_give_and_who_waits() {
    let none = |api| Seen { given: false, token: None, login: None, ..seen(api, enough(), Vec::new()) };
    for (api, parts, fix) in [
        (
            Api::Cloud,
            &["GH_TOKEN", "admin:enterprise and read:audit_log", "allow-list, billing and connection wait"][..],
            "https://github.com/settings/tokens/new?scopes=admin:enterprise,read:audit_log",
        ),
        (
            Api::Server,
            &[
                "GH_ENTERPRISE_TOKEN",
                "scopes site_admin, read:enterprise and read:audit_log",
                "The checks owner and connection wait",
            ],
            "https://ghes.corp.example/settings/tokens/new?scopes=site_admin,read:enterprise,read:audit_log",
        ),
        (
            Api::Manage,
            &["GHE_MANAGE_PASSWORD", "server and nodes wait"],
            "https://ghes.corp.example:8443/setup",
        ),
    ] {
        let finding = found(&none(api)).remove(0);
        assert_eq!((finding.kind.id, finding.kind.undetermined), ("token/missing", true));
        for part in parts {
            assert!(finding.message.contains(part), "{part}: {}", finding.message);
        }
        assert!(finding.fix[0].text.contains(fix), "{}", finding.fix[0].text);
    }
}

#[test]
fn single_sign_on_leads_to_the_page_that_github_names() {
    let sso = |url: Option<&str>| {
        let why = Refusal::SsoRequired { url: url.map(text) };
        found(&seen(
            Api::Cloud,
            enough(),
            vec![refused(Refusal::SsoRequired { url: None }, None), refused(why, None)],
        ))
    };
    let named = sso(Some("https://github.com/orgs/octo/sso")).remove(0);
    assert!(
        named.message.starts_with(
            "acme has SAML single sign-on, and the personal access token (classic) of octo-owner"
        )
    );
    assert!(named.fix.iter().any(|step| step.text.contains("https://github.com/orgs/octo/sso")));
    assert!(named.fix[0].text.contains("Configure SSO") && named.fix[0].owner == Owner::EnterpriseOwner);
    let unnamed = sso(None).remove(0);
    assert!(unnamed.fix.iter().any(|step| step.text.contains("https://github.com/enterprises/acme/sso")));
}

#[test]
fn a_limit_says_when_it_ends() {
    for (why, part) in [
        (limited(Some(1_795_348_800), None), "after 2026-11-22 12:00:00 UTC"),
        (limited(Some(1_795_348_800), Some(60)), "in 60 s"),
        (limited(None, None), "does not say until when"),
    ] {
        let unsaid = refused(limited(None, None), None);
        let finding = found(&seen(Api::Cloud, enough(), vec![unsaid, refused(why, None)])).remove(0);
        assert!(finding.message.contains(part), "{}", finding.message);
        assert!(finding.kind.undetermined);
    }
}

#[test]
fn too_many_bad_tries_are_told_from_a_bad_token() {
    let lockout = || {
        let message = text("Maximum number of login attempts exceeded. Please try again later.");
        refused(Refusal::BadCredentials { message }, None)
    };
    let bad = || refused(Refusal::BadCredentials { message: text("Bad credentials") }, None);
    let only = found(&seen(Api::Cloud, enough(), vec![lockout()])).remove(0);
    assert!(only.fix[0].text.starts_with("Wait some minutes"));
    let both = found(&seen(Api::Cloud, enough(), vec![lockout(), bad()])).remove(0);
    assert!(both.message.contains("\"Bad credentials\""), "{}", both.message);
}

#[test]
fn the_table_of_scopes_is_that_of_the_readme() {
    let rows = META.words.lines().filter(|line| line.starts_with("| `"));
    let rows: Vec<Vec<&str>> = rows.map(|row| row.split('|').map(str::trim).collect()).collect();
    for (api, column) in [(Api::Cloud, 2), (Api::Server, 3)] {
        for scope in scopes::of(api) {
            for row in &rows {
                let check = row[1].trim_matches('`');
                if row[column] == "what the others need" {
                    continue;
                }
                let needs = scope.checks.contains(&check);
                assert_eq!(row[column].contains(scope.name), needs, "{check} and {}", scope.name);
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_said_is_told_safely(message in any::<String>(), api in 0..3usize, given: bool) {
        let api = [Api::Cloud, Api::Server, Api::Manage][api];
        for why in [
            Refusal::BadCredentials { message: message.clone() },
            Refusal::Policy { message: message.clone() },
            Refusal::SsoRequired { url: Some(message.clone()) },
        ] {
            let seen = Seen { given, ..seen(api, enough(), vec![refused(why, None)]) };
            let found = found(&seen);
            prop_assert!(!found.is_empty());
            for text in found.iter().flat_map(|it| it.fix.iter().map(|step| &step.text).chain([&it.message])) {
                prop_assert!(!text.chars().any(char::is_control), "{}", text);
            }
        }
    }
}

#[test]
fn a_user_of_the_management_console_is_told_of_a_password_and_of_no_token() {
    let accepted = Some(text("enterprise_administration=read"));
    for why in [Refusal::MissingPermission { accepted }, missing_scopes()] {
        let findings = found(&seen(Api::Manage, None, vec![refused(why, None)]));
        let told = format!("{} {}", findings[0].message, findings[0].fix[0].text);
        assert_eq!((findings.len(), findings[0].kind.id), (1, "token/scope-missing"));
        assert!(told.contains("GHE_MANAGE_PASSWORD") && !told.contains("GH_ENTERPRISE_TOKEN"), "{told}");
    }
}
