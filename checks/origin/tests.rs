//! Judgement on facts made by hand.

use gh_connect_engine::{Finding, Owner, Product, ProxySetting, ProxyUrl, Role, Target};
use gh_connect_probe::http::{Body, Exchange, ExchangeFailure, MetaShape};

use super::*;
use crate::testing::{answered, plan, unanswered};

const REQUEST_ID: (&str, &str) = ("x-github-request-id", "8F3C:20B1C:100AD3F:12B8A01:6921F0C4");
const META: &str =
    r#"{"verifiable_password_authentication":false,"hooks":["192.30.252.0/22"],"web":["140.82.112.0/20"]}"#;

fn target(role: Role) -> Target {
    Target { host: "api.github.com".to_owned(), port: 443, role }
}

fn reply(exchange: Exchange, meta: &str) -> Reply {
    Reply {
        over: Endpoint::new("api.github.com", 443),
        path: "/meta".to_owned(),
        exchange,
        meta: Some(MetaShape::read(meta.as_bytes())),
    }
}

const ROBOTS: &str = "User-agent: *\\nDisallow: /*/*/pulse";

/// The finding's id, or the remark.
fn outcome(role: Role, exchange: Exchange, meta: &str) -> String {
    let judged =
        judge(&plan(Product::GithubCom), &target(role), &reply(exchange, meta), None).expect("judged");
    match judged.findings.as_slice() {
        [] => judged.remark.expect("a remark"),
        [finding] => finding.kind.id.to_owned(),
        findings => panic!("{findings:?}"),
    }
}

fn found(exchange: Exchange) -> Finding {
    let judged =
        judge(&plan(Product::GithubCom), &target(Role::Api), &reply(exchange, ""), None).expect("judged");
    judged.findings.into_iter().next().expect("a finding")
}

#[test]
fn github_is_known_by_its_proof() {
    let proven = |status| answered(status, &[REQUEST_ID], "");
    for (role, exchange, meta, expected) in [
        (Role::Api, proven(200), META, "GitHub answers"),
        (Role::Api, proven(200), "{}", "origin/not-github"),
        (Role::Api, proven(302), "", "origin/not-github"),
        (Role::Api, proven(404), "", "origin/unavailable"),
        (Role::Api, answered(403, &[REQUEST_ID], "Blocked by Zscaler"), "", "origin/not-github"),
        (Role::Api, answered(200, &[], ""), META, "origin/not-github"),
        (Role::Api, answered(200, &[("x-github-request-id", "none")], ""), META, "origin/not-github"),
        (Role::Web, answered(200, &[REQUEST_ID], ROBOTS), "", "GitHub answers"),
        (Role::Web, proven(200), "", "origin/not-github"),
        (Role::Web, answered(200, &[], ""), "", "origin/not-github"),
        (Role::Uploads, proven(404), "", "GitHub answers"),
        (Role::Also, proven(200), "", "GitHub answers"),
        (Role::Also, answered(302, &[("location", "https://x.example/")], ""), "", "origin/feature-blocked"),
        (Role::Also, answered(403, &[], ""), "", "origin/feature-blocked"),
        (Role::Also, answered(502, &[], ""), "", "origin/unavailable"),
    ] {
        assert_eq!(outcome(role, exchange.clone(), meta), expected, "{role:?} {exchange:?}");
    }
}

#[test]
fn a_host_is_judged_by_what_it_is_asked_for() {
    let to = |location| answered(302, &[REQUEST_ID, ("location", location)], "");
    let says = |status, words| answered(status, &[REQUEST_ID], words);
    let message = r#"{"message":"Requires authentication"}"#;
    for (exchange, web, uploads) in [
        (says(200, ROBOTS), "GitHub answers", "GitHub answers"),
        (says(200, ""), "origin/not-github", "origin/not-github"),
        (says(200, "<html>Blocked by policy</html>"), "origin/not-github", "origin/not-github"),
        (says(403, "Blocked by Zscaler"), "origin/not-github", "origin/not-github"),
        (says(404, "Blocked by Zscaler"), "origin/not-github", "origin/not-github"),
        (says(404, ""), "origin/unavailable", "GitHub answers"),
        (says(401, message), "origin/unavailable", "GitHub answers"),
        (says(401, "Who are you?"), "origin/unavailable", "origin/unavailable"),
        (says(403, "Access has been restricted"), "origin/unavailable", "origin/unavailable"),
        (says(451, ""), "origin/unavailable", "origin/unavailable"),
        (says(204, ""), "origin/not-github", "origin/not-github"),
        (says(302, ""), "origin/not-github", "origin/not-github"),
        (to("https://api.github.com/login"), "GitHub answers", "GitHub answers"),
        (to("HTTPS://API.github.com:443/x"), "GitHub answers", "GitHub answers"),
        (to("/login"), "GitHub answers", "GitHub answers"),
        (to("http://api.github.com/"), "origin/not-github", "origin/not-github"),
        (to("http://portal.example/login"), "origin/not-github", "origin/not-github"),
        (to("https://portal.example/"), "origin/not-github", "origin/not-github"),
        (to("https://api.github.com.evil.example/"), "origin/not-github", "origin/not-github"),
        (to("https://api.github.com@evil.example/"), "origin/not-github", "origin/not-github"),
        (to("https://api.github.com:8443/"), "origin/not-github", "origin/not-github"),
        (to("//evil.example/"), "origin/not-github", "origin/not-github"),
        (to("/\\evil.example/"), "origin/not-github", "origin/not-github"),
    ] {
        assert_eq!(outcome(Role::Web, exchange.clone(), ""), web, "{exchange:?}");
        assert_eq!(outcome(Role::Uploads, exchange.clone(), ""), uploads, "{exchange:?}");
    }
}

#[test]
fn a_tenant_may_ask_for_a_login() {
    let judge = |product, exchange| {
        judge(&plan(product), &target(Role::Api), &reply(exchange, ""), None).expect("judged")
    };
    let refusal = answered(401, &[REQUEST_ID], r#"{"message":"Requires authentication"}"#);
    let tenant = judge(Product::GheCom("octo".to_owned()), refusal.clone());
    assert_eq!(tenant.remark.as_deref(), Some("GitHub answers, and asks for a login"));
    assert_eq!(judge(Product::GithubCom, refusal).findings[0].kind.id, "origin/unavailable");
    for (status, words, mistyped) in [
        (403, r#"{"message":"blocked by policy"}"#, true),
        (404, r#"{"message":"Not Found"}"#, true),
        (401, "no JSON", false),
    ] {
        let judged = judge(Product::GheCom("octo".to_owned()), answered(status, &[REQUEST_ID], words));
        let finding = &judged.findings[0];
        assert_eq!(finding.kind.id, "origin/unavailable", "{status}");
        assert_eq!(
            finding.message.contains("A mistyped subdomain looks like this, too."),
            mistyped,
            "{status}"
        );
        assert_eq!(finding.fix[0].text.contains("\"octo\""), mistyped, "{status}");
        assert!(finding.fix.iter().any(|step| step.owner == Owner::GithubSupport));
    }
    let unproven = answered(401, &[], r#"{"message":"Requires authentication"}"#);
    let judged = judge(Product::GheCom("octo".to_owned()), unproven);
    assert_eq!(judged.findings[0].kind.id, "origin/not-github");
}

#[test]
fn bad_times_are_told_apart() {
    for (exchange, expected, owner) in [
        (answered(503, &[REQUEST_ID], ""), "origin/unavailable", Owner::Operator),
        (answered(502, &[], "Bad gateway"), "origin/unavailable", Owner::Network),
        (answered(511, &[], ""), "origin/not-github", Owner::Network),
        (unanswered(ExchangeFailure::TimedOut), "origin/timeout", Owner::Network),
        (unanswered(ExchangeFailure::Closed), "origin/unavailable", Owner::Network),
        (unanswered(ExchangeFailure::Reset), "origin/unavailable", Owner::Network),
        (unanswered(ExchangeFailure::NotHttp("x".to_owned())), "origin/not-github", Owner::Network),
        (unanswered(ExchangeFailure::EndlessHead), "origin/not-github", Owner::Network),
    ] {
        let finding = found(exchange.clone());
        assert_eq!((finding.kind.id, finding.fix[0].owner), (expected, owner), "{exchange:?}");
    }
    let odd = reply(unanswered(ExchangeFailure::Other("odd".to_owned())), "");
    assert!(matches!(
        judge(&plan(Product::GithubCom), &target(Role::Api), &odd, None),
        Err(Stop::Trouble(_))
    ));
}

#[test]
fn a_reply_has_to_end() {
    let ending = |body, failure| Exchange { body, failure, ..answered(200, &[REQUEST_ID], "") };
    for (role, exchange, expected) in [
        (Role::Web, ending(Body::Endless(262_144), None), "origin/not-github"),
        (Role::Api, ending(Body::Endless(262_144), None), "origin/not-github"),
        (Role::Also, ending(Body::Endless(262_144), None), "GitHub answers"),
        (Role::Web, ending(Body::Broken(3), Some(ExchangeFailure::TimedOut)), "origin/timeout"),
        (Role::Also, ending(Body::Broken(3), Some(ExchangeFailure::TimedOut)), "origin/timeout"),
        (Role::Web, ending(Body::Broken(3), Some(ExchangeFailure::Closed)), "origin/unavailable"),
        (Role::Api, ending(Body::Enough(9_000), None), "GitHub answers"),
    ] {
        assert_eq!(outcome(role, exchange.clone(), META), expected, "{role:?} {exchange:?}");
    }
}

#[test]
fn a_rate_limit_is_no_block() {
    let limited = "{\"message\":\"API rate limit exceeded for 203.0.113.50.\"}";
    let secondary = "{\"message\":\"You have exceeded a secondary rate limit.\"}";
    for (exchange, expected) in [
        (answered(403, &[REQUEST_ID], limited), "origin/rate-limited"),
        (answered(403, &[REQUEST_ID, ("x-ratelimit-remaining", "0")], ""), "origin/rate-limited"),
        (answered(429, &[REQUEST_ID], secondary), "origin/rate-limited"),
        (answered(403, &[REQUEST_ID, ("retry-after", "60")], ""), "origin/rate-limited"),
        (answered(403, &[REQUEST_ID, ("x-ratelimit-remaining", "59")], "forbidden"), "origin/unavailable"),
        (answered(403, &[], limited), "origin/not-github"),
        (answered(429, &[], ""), "origin/not-github"),
    ] {
        assert_eq!(found(exchange.clone()).kind.id, expected, "{exchange:?}");
    }
    let finding = found(answered(403, &[REQUEST_ID, ("x-ratelimit-reset", "1795359600")], limited));
    assert!(finding.message.contains("used up until 15:00 UTC. That is no block."), "{}", finding.message);
}

#[test]
fn who_answers_instead_is_told_by_what_they_show() {
    let portal = [("location", "http://portal.example/")];
    let gateway = [("server", "Corp Web Gateway")];
    for (exchange, expected) in [
        (answered(403, &gateway, "Access denied by policy"), "a block page"),
        (answered(200, &[], "This site is blocked"), "a block page"),
        (answered(451, &[], ""), "a block page"),
        (answered(200, &[], "Please sign in"), "a login page"),
        (answered(401, &[], ""), "a demand for a login"),
        (answered(511, &[], ""), "a captive portal"),
        (answered(302, &portal, ""), "a redirection to http://portal.example/, as captive portals send"),
        (
            answered(302, &[("location", "https://login.example/")], ""),
            "a redirection to https://login.example/",
        ),
        (answered(200, &[], "It works!"), "a reply"),
    ] {
        let message = found(exchange).message;
        assert!(
            message.starts_with(&format!("api.github.com was answered with {expected}, without")),
            "{message}"
        );
    }
    let message = found(answered(403, &gateway, "Access denied by policy")).message;
    assert!(
        message.ends_with("(status 403, server \"Corp Web Gateway\"): \"Access denied by policy\"."),
        "{message}"
    );
}

#[test]
fn behind_a_proxy_the_proxy_team_acts() {
    let mut plan = plan(Product::GithubCom);
    plan.proxy.value = ProxySetting::Use(ProxyUrl::parse("http://proxy:3128").expect("a URL"));
    let judged =
        judge(&plan, &target(Role::Api), &reply(answered(403, &[], "blocked"), ""), None).expect("judged");
    assert_eq!(judged.findings[0].fix[0].owner, Owner::Proxy);
}

#[test]
fn a_stored_reply_proves_nothing() {
    let stored = |role, exchange| {
        let plan = plan(Product::GithubCom);
        judge(&plan, &target(role), &reply(exchange, META), Some("age: 17")).expect("judged").findings
    };
    for (role, exchange, expected) in [
        (Role::Api, answered(200, &[REQUEST_ID], ""), "origin/stored"),
        (Role::Web, answered(200, &[REQUEST_ID], ""), "origin/stored"),
        (Role::Uploads, answered(403, &[REQUEST_ID], "rate limit"), "origin/stored"),
        (Role::Api, answered(200, &[], "blocked"), "origin/not-github"),
        (Role::Api, answered(502, &[], ""), "origin/unavailable"),
    ] {
        let findings = stored(role, exchange.clone());
        assert_eq!(findings[0].kind.id, expected, "{exchange:?}");
    }
    for (exchange, expected) in [
        (answered(200, &[REQUEST_ID], ""), "origin/feature-stored"),
        (answered(403, &[], "blocked"), "origin/feature-blocked"),
    ] {
        assert_eq!(stored(Role::Also, exchange.clone())[0].kind.id, expected, "{exchange:?}");
    }
    assert_eq!(stored(Role::Api, answered(200, &[REQUEST_ID], ""))[0].fix[0].owner, Owner::Network);
}

#[test]
fn a_host_of_github_shows_github() {
    let further = |host: &str, exchange| {
        let target = Target { host: host.to_owned(), port: 443, role: Role::Also };
        let judged = judge(&plan(Product::GithubCom), &target, &reply(exchange, ""), None).expect("judged");
        match judged.findings.as_slice() {
            [] => judged.remark.expect("a remark"),
            [finding] => finding.message.clone(),
            findings => panic!("{findings:?}"),
        }
    };
    for (host, exchange, expected) in [
        (
            "ghcr.io",
            answered(302, &[REQUEST_ID, ("location", "https://github.com/features")], ""),
            "GitHub answers",
        ),
        (
            "pipelines.actions.githubusercontent.com",
            answered(404, &[("x-vss-e2eid", "1-2")], ""),
            "GitHub answers",
        ),
        ("codeload.github.com", answered(404, &[("server", "GitHub.com")], ""), "GitHub answers"),
        (
            "ghcr.io",
            answered(200, &[], "It works!"),
            "ghcr.io was answered with a reply, without a sign of GitHub (status 200): \"It works!\".",
        ),
        (
            "codeload.github.com",
            answered(403, &[("server", "Corp Web Gateway")], "Access denied"),
            "codeload.github.com was answered with a block page, without a sign of GitHub (status 403, server \"Corp Web \
             Gateway\"): \"Access denied\".",
        ),
        (
            "codeload.github.com",
            answered(302, &[REQUEST_ID, ("location", "http://portal.example/")], ""),
            "codeload.github.com was answered with a redirection to http://portal.example/, as captive portals send, without \
             a sign of GitHub (status 302).",
        ),
        (
            "codeload.github.com",
            answered(511, &[REQUEST_ID, ("server", "github.com")], ""),
            "codeload.github.com was answered with a captive portal, without a sign of GitHub (status 511, server \"github.com\").",
        ),
        (
            "codeload.github.com",
            answered(407, &[("server", "github.com")], ""),
            "codeload.github.com was answered with a demand for a login, without a sign of GitHub (status 407, server \
             \"github.com\").",
        ),
        (
            "ghcr.io",
            answered(302, &[("server", "github.com"), ("location", "https://portal.example/")], ""),
            "ghcr.io was answered with a redirection to https://portal.example/, without a sign of GitHub (status 302, server \
             \"github.com\").",
        ),
        (
            "ghcr.io",
            answered(302, &[REQUEST_ID, ("location", "//portal.example/")], ""),
            "ghcr.io was answered with a redirection to //portal.example/, without a sign of GitHub (status 302).",
        ),
        (
            "ghcr.io",
            answered(200, &[("server", "github.com"), ("refresh", "0; url=https://portal.example/")], ""),
            "ghcr.io was answered with a redirection to https://portal.example/, without a sign of GitHub (status 200, server \
             \"github.com\").",
        ),
        (
            "ghcr.io",
            answered(200, &[REQUEST_ID], "<meta http-equiv=refresh content='0;url=http://portal.example/'>"),
            "ghcr.io was answered with a redirection to http://portal.example/, as captive portals send, without a sign of GitHub \
             (status 200): \"<meta http-equiv=refresh content='0;url=http://portal.example/'>\".",
        ),
        (
            "ghcr.io",
            answered(200, &[("server", "GitHub.com")], "Bitte anmelden"),
            "ghcr.io was answered with a login page, without a sign of GitHub (status 200, server \"GitHub.com\"): \"Bitte \
             anmelden\".",
        ),
        ("codeload.github.com", answered(401, &[("server", "GitHub.com")], ""), "GitHub answers"),
        (
            "gist.github.com",
            answered(200, &[REQUEST_ID], "Sign in. A gist about a captive portal"),
            "GitHub answers",
        ),
        (
            "ghcr.io",
            answered(301, &[("server", "github.com"), ("location", "https://github.com/features")], ""),
            "GitHub answers",
        ),
        ("mirror.example", answered(200, &[], "hello"), "answers 200, without a sign of GitHub"),
        ("notgithub.com", answered(200, &[], "hello"), "answers 200, without a sign of GitHub"),
        (
            "mirror.example",
            answered(200, &[], "Zugriff gesperrt"),
            "mirror.example was answered with a block page (status 200): \"Zugriff gesperrt\".",
        ),
    ] {
        assert_eq!(further(host, exchange.clone()), expected, "{exchange:?}");
    }
}
