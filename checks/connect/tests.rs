use std::net::SocketAddr;

use gh_connect_engine::{Lack, Role};

use super::*;

fn target() -> Target {
    Target { host: "github.com".to_owned(), port: 443, role: Role::Web }
}

fn attempt(address: &str, connected: bool, failure: Option<Failure>) -> Attempt {
    let address: SocketAddr = address.parse().expect("an address");
    Attempt { address, failure, connected, took_us: 12_345 }
}

fn dial(address: &str, outcome: Result<(), Failure>) -> Dial {
    dialled(vec![attempt(address, outcome.is_ok(), outcome.err())])
}

fn v4(outcome: Result<(), Failure>) -> Dial {
    dial("140.82.121.3:443", outcome)
}

fn v6(outcome: Result<(), Failure>) -> Dial {
    dial("[2606:50c0:8000::153]:443", outcome)
}

fn none() -> Dial {
    Dial::default()
}

fn dialled(attempts: Vec<Attempt>) -> Dial {
    Dial { attempts, left_out: 0 }
}

/// What was found, or the remark.
fn seen(v4: &Dial, v6: &Dial, torn_down: &[(IpAddr, Failure)]) -> String {
    match judge(&target(), v4, v6, torn_down) {
        Err(stop) => format!("{stop:?}"),
        Ok(Examination { findings, remark, .. }) => {
            let ids = findings.iter().map(|finding| finding.kind.id).chain(remark.as_deref());
            ids.collect::<Vec<_>>().join(" ")
        }
    }
}

#[test]
fn each_family_is_judged_by_itself() {
    use Failure::{Forbidden, NoSuchFamily, Other, Refused, Reset, TimedOut, Unreachable};
    // What this machine forbids was not measured.
    let unmeasured = format!("{:?}", Lack::Policy.stop());
    for (v4, v6, expected) in [
        (v4(Ok(())), none(), "IPv4"),
        (v4(Ok(())), v6(Ok(())), "IPv4 and IPv6"),
        (none(), v6(Ok(())), "IPv6"),
        (v4(Ok(())), v6(Err(Unreachable)), "IPv4"),
        (v4(Ok(())), v6(Err(NoSuchFamily)), "IPv4"),
        (v4(Ok(())), v6(Err(TimedOut)), "connect/ipv6-broken"),
        (v4(Ok(())), v6(Err(Reset)), "connect/reset"),
        (v4(Ok(())), v6(Err(Refused)), "connect/ipv6-broken"),
        (v4(Ok(())), v6(Err(Forbidden)), "connect/ipv6-broken"),
        (v4(Err(Refused)), none(), "connect/refused"),
        (v4(Err(TimedOut)), v6(Err(Refused)), "connect/timeout"),
        (v4(Err(Reset)), none(), "connect/reset"),
        (v4(Err(Unreachable)), v6(Err(Unreachable)), "connect/unreachable"),
        (v4(Err(NoSuchFamily)), none(), "connect/unreachable"),
        (v4(Err(Forbidden)), none(), &unmeasured),
        (v4(Err(Other("strange".to_owned()))), none(), "connect/unreachable"),
        (v4(Err(TimedOut)), v6(Ok(())), "connect/timeout"),
        (none(), v6(Err(TimedOut)), "connect/timeout"),
        (none(), none(), "Blocked(\"dns\")"),
    ] {
        assert_eq!(seen(&v4, &v6, &[]), expected, "{v4:?} {v6:?}");
    }
}

#[test]
fn what_is_torn_down_unasked_is_a_reset() {
    let at = |address: &str| [(address.parse().expect("an address"), Failure::Reset)];
    let reset = at("140.82.121.3");
    assert_eq!(seen(&v4(Ok(())), &none(), &reset), "connect/reset");
    assert_eq!(seen(&v4(Ok(())), &v6(Err(Failure::TimedOut)), &reset), "connect/reset connect/ipv6-broken");
    assert_eq!(seen(&v4(Ok(())), &v6(Ok(())), &at("2606:50c0:8000::153")), "connect/reset");
    let judged = judge(&target(), &v4(Ok(())), &v6(Ok(())), &at("2606:50c0:8000::153")).expect("judged");
    assert_eq!(
        judged.findings[0].message,
        "2606:50c0:8000::153 (IPv6) answers on port 443 after 12 ms, then tears the connection down before anything was \
         sent (connection reset). Connections to 140.82.121.3 last, but the server may be led to any address of the host."
    );
}

#[test]
fn an_address_that_is_dead_beside_one_that_answers_is_told() {
    let good = || attempt("140.82.121.4:443", true, None);
    let refused = || attempt("140.82.121.3:443", false, Some(Failure::Refused));
    let pending = || attempt("140.82.121.3:443", false, None);
    let torn_down = || attempt("140.82.121.3:443", false, Some(Failure::Reset));
    for (attempts, other, expected) in [
        (vec![refused(), good()], none(), "connect/address-dead"),
        (vec![pending(), good()], none(), "connect/address-dead"),
        (vec![torn_down(), good()], none(), "connect/reset"),
        (vec![refused(), good()], v6(Err(Failure::TimedOut)), "connect/ipv6-broken connect/address-dead"),
        // Broken off because the one before it answered.
        (vec![good(), pending()], none(), "IPv4"),
        (vec![refused(), refused()], none(), "connect/refused"),
    ] {
        assert_eq!(seen(&dialled(attempts.clone()), &other, &[]), expected, "{attempts:?}");
    }
    let v6 = vec![attempt("[2606:50c0::1]:443", false, None), attempt("[2606:50c0::2]:443", true, None)];
    assert_eq!(seen(&v4(Ok(())), &dialled(v6), &[]), "connect/address-dead");
}

#[test]
fn a_crowd_of_addresses_that_was_not_looked_at_is_no_pass() {
    let crowd = |outcome| Dial { left_out: 4, ..v4(outcome) };
    assert_eq!(
        seen(&crowd(Ok(())), &none(), &[]),
        "Trouble(\"github.com has 5 addresses, of which a run looks at 1; the server may be led to any of them\")"
    );
    assert_eq!(seen(&crowd(Err(Failure::Refused)), &none(), &[]), "connect/refused");
}

#[test]
fn messages_say_what_was_seen() {
    let message = |v4: &Dial, v6: &Dial| {
        let examination = judge(&target(), v4, v6, &[]).expect("judged");
        examination.findings[0].message.clone()
    };
    assert_eq!(
        message(&v4(Err(Failure::Refused)), &none()),
        "github.com refuses connections to port 443: 140.82.121.3 turned the connection down after 12 ms."
    );
    assert_eq!(
        message(&v4(Err(Failure::TimedOut)), &v6(Ok(()))),
        "Nothing answers on port 443 of github.com: 140.82.121.3 stayed silent for 12 ms over IPv4. IPv6 works \
         (2606:50c0:8000::153 in 12 ms), but GitHub Enterprise Server may use either."
    );
    assert_eq!(
        message(&v4(Ok(())), &v6(Err(Failure::TimedOut))),
        "IPv4 connects in 12 ms, but github.com also has IPv6 addresses, and 2606:50c0:8000::153 got no answer within \
         12 ms. Every program that prefers IPv6 waits for it: 250 ms where it tries both families at a time (RFC 8305), \
         about two minutes where it does not."
    );
    let beside = |failure| {
        let attempts =
            vec![attempt("140.82.112.3:443", false, failure), attempt("140.82.121.3:443", true, None)];
        message(&dialled(attempts), &none())
    };
    assert_eq!(
        beside(None),
        "Of the addresses of github.com on port 443, 140.82.121.3 connects in 12 ms, but 140.82.112.3 had not answered \
         after 12 ms. A client that tries the addresses one by one waits 250 ms for each silent one where it begins the \
         next meanwhile (RFC 8305), about two minutes where it does not."
    );
    assert_eq!(
        beside(Some(Failure::Refused)),
        "Of the addresses of github.com on port 443, 140.82.121.3 connects in 12 ms, but 140.82.112.3 failed after 12 ms \
         (connection refused). A client that tries the addresses one by one loses 12 ms before it comes to one that \
         answers, and one that tries only the first fails."
    );
}

#[test]
fn every_finding_has_words_and_somebody_who_acts() {
    for kind in META.kinds {
        let section = gh_connect_engine::section(META.words, kind.id).expect(kind.id);
        assert!(
            !section.what.is_empty() && !section.why.is_empty() && section.fix.starts_with("- "),
            "{}",
            kind.id
        );
    }
    for failure in [Failure::Refused, Failure::TimedOut, Failure::Unreachable, Failure::Reset] {
        let examination = judge(&target(), &v4(Err(failure)), &none(), &[]).expect("judged");
        assert!(examination.findings.iter().all(|finding| finding.fix.len() == 2));
    }
}
