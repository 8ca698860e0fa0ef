//! Judgement on facts made by hand.

use gh_connect_engine::{Product, Role, Target};
use gh_connect_probe::{
    http::{Body, Exchange, ExchangeFailure, Plain},
    net::Failure,
};

use super::*;
use crate::testing::{answered, plan, unanswered};

const REQUEST_ID: (&str, &str) = ("x-github-request-id", "8F3C:20B1C:100AD3F:12B8A01:6921F0C4");
const HTTPS: (&str, &str) = ("location", "https://github.com/");
const ELSEWHERE: (&str, &str) = ("location", "http://portal.guest.example/welcome");

/// The finding's id, or the remark.
fn outcome(role: Role, by_proxy: bool, outcome: Plain) -> String {
    let target = Target { host: "github.com".to_owned(), port: 443, role };
    let judged =
        judge(&plan(Product::GithubCom), &target, &PlainReply { by_proxy, outcome }).expect("judged");
    match judged.findings.as_slice() {
        [] => judged.remark.expect("a remark"),
        [finding] => {
            assert_eq!(finding.subject, "github.com:80");
            assert!(!finding.fix.is_empty() && finding.kind.severity == Severity::Warning);
            finding.kind.id.to_owned()
        }
        findings => panic!("{findings:?}"),
    }
}

#[test]
fn what_port_80_does_is_told_apart() {
    for (exchange, expected) in [
        (answered(301, &[HTTPS], ""), "sends to HTTPS"),
        (answered(308, &[("location", "HTTPS://GitHub.com:443/x?y")], ""), "sends to HTTPS"),
        (answered(301, &[REQUEST_ID, HTTPS], ""), "sends to HTTPS"),
        (answered(302, &[ELSEWHERE], ""), "port-80/captive-portal"),
        (answered(301, &[("location", "https://github.com.evil.example/")], ""), "port-80/captive-portal"),
        (answered(301, &[("location", "https://github.com:8443/")], ""), "port-80/captive-portal"),
        (answered(301, &[("location", "https://github.com@evil.example/")], ""), "port-80/captive-portal"),
        (answered(301, &[("location", "http://github.com/")], ""), "port-80/captive-portal"),
        (answered(301, &[("location", "/login")], ""), "port-80/captive-portal"),
        (answered(200, &[HTTPS], ""), "port-80/captive-portal"),
        (answered(200, &[REQUEST_ID], ""), "port-80/no-redirect"),
        (answered(404, &[REQUEST_ID], ""), "port-80/no-redirect"),
        (answered(503, &[REQUEST_ID], ""), "port-80/closed"),
        (answered(200, &[], ""), "port-80/captive-portal"),
        (answered(403, &[], ""), "port-80/captive-portal"),
        (answered(511, &[], ""), "port-80/captive-portal"),
        (Exchange { body: Body::Endless(9), ..answered(301, &[HTTPS], "") }, "port-80/captive-portal"),
        (
            Exchange {
                body: Body::Broken(9),
                failure: Some(ExchangeFailure::TimedOut),
                ..answered(301, &[HTTPS], "")
            },
            "port-80/captive-portal",
        ),
        (unanswered(ExchangeFailure::TimedOut), "port-80/closed"),
        (unanswered(ExchangeFailure::Closed), "port-80/closed"),
        (unanswered(ExchangeFailure::Reset), "port-80/closed"),
        (unanswered(ExchangeFailure::EndlessHead), "port-80/captive-portal"),
        (unanswered(ExchangeFailure::NotHttp("x".to_owned())), "port-80/captive-portal"),
    ] {
        assert_eq!(outcome(Role::Web, false, Plain::Connected(exchange.clone())), expected, "{exchange:?}");
    }
    for failure in [Failure::Refused, Failure::TimedOut, Failure::Unreachable] {
        assert_eq!(outcome(Role::Web, false, Plain::Unconnected(failure)), "port-80/closed");
    }
}

#[test]
fn a_closed_port_says_what_it_did() {
    let began = |failure, began: &[u8]| Exchange {
        began: Some(gh_connect_engine::shown_bytes(began, 80)),
        ..unanswered(failure)
    };
    let not_http = || ExchangeFailure::NotHttp("x".to_owned());
    for (exchange, kind, what) in [
        (
            unanswered(ExchangeFailure::TimedOut),
            "port-80/closed",
            "Port 80 of github.com accepts connections and answers nothing within 5 s.",
        ),
        (
            began(ExchangeFailure::TimedOut, b"HTTP/1.1 3"),
            "port-80/closed",
            "Port 80 of github.com begins a reply, \"HTTP/1.1 3\", and does not get to the end of its head within 5 s.",
        ),
        (
            began(not_http(), &[21, 3, 3, 0, 2, 2, 50]),
            "port-80/closed",
            "Port 80 of github.com speaks TLS and takes no plain requests.",
        ),
        (
            began(not_http(), b"SSH-2.0"),
            "port-80/captive-portal",
            "Somebody else than GitHub holds port 80 of github.com: it answers with what is no HTTP; it begins with \
             \"SSH-2.0\".",
        ),
        (
            answered(503, &[REQUEST_ID], ""),
            "port-80/closed",
            "GitHub answers on port 80 of github.com with status 503: it does not serve requests there at this time.",
        ),
    ] {
        let target = Target { host: "github.com".to_owned(), port: 443, role: Role::Web };
        let plain = PlainReply { by_proxy: false, outcome: Plain::Connected(exchange) };
        let judged = judge(&plan(Product::GithubCom), &target, &plain).expect("judged");
        let finding = &judged.findings[0];
        assert_eq!((finding.kind.id, finding.message.as_str()), (kind, what));
    }
}

#[test]
fn a_proxy_that_says_no_is_a_closed_port() {
    for (status, expected) in [
        (403, "port-80/closed"),
        (407, "port-80/closed"),
        (502, "port-80/closed"),
        (200, "port-80/captive-portal"),
        (301, "port-80/captive-portal"),
    ] {
        assert_eq!(
            outcome(Role::Web, true, Plain::Connected(answered(status, &[], ""))),
            expected,
            "{status}"
        );
    }
}

#[test]
fn of_further_hosts_only_portals_are_told() {
    for (exchange, expected) in [
        (answered(404, &[], ""), "answers 404"),
        (answered(200, &[], ""), "answers 200"),
        (answered(302, &[ELSEWHERE], ""), "port-80/captive-portal"),
        (answered(511, &[], ""), "port-80/captive-portal"),
    ] {
        assert_eq!(outcome(Role::Also, false, Plain::Connected(exchange.clone())), expected, "{exchange:?}");
    }
}

#[test]
fn only_hosts_on_443_have_a_port_80_beside() {
    let mut plan = plan(Product::GithubCom);
    plan.targets.push(Target { host: "registry.example".to_owned(), port: 8443, role: Role::Also });
    assert_eq!(Port80.subjects(&plan).len(), 3);
}
