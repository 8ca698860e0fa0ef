//! Peers that misbehave in TLS and HTTP: a clear finding each, soon, never a pass, and nothing that a terminal obeys.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::{Mutex, PoisonError};

use support::{Ran, gh_connect, world};

/// What stands in the world file for one host, and the finding that it must come to.
const OVER_TLS: &[(&str, &str)] = &[
    ("answer = 'silent'", "origin/timeout"),
    ("answer = 'drip'", "origin/timeout"),
    ("answer = 'endless-head'", "origin/not-github"),
    ("answer = 'endless-body'", "origin/not-github"),
    ("answer = 'huge-header'", "origin/not-github"),
    ("answer = 'garbage'", "origin/not-github"),
    ("answer = 'escape'", "origin/not-github"),
    ("answer = 'login-page'", "origin/not-github"),
    ("answer = 'captive-portal'", "origin/not-github"),
    ("answer = 'redirect'", "origin/not-github"),
    ("answer = 'close'", "origin/unavailable"),
    ("headers = { X-GitHub-Request-Id = '' }", "origin/not-github"),
    ("headers = { X-GitHub-Request-Id = 'yes' }", "origin/not-github"),
    ("body = '{}'", "origin/not-github"),
    ("body = '[[[[[['", "origin/not-github"),
    ("status = 401", "origin/unavailable"),
];

const IN_THE_HANDSHAKE: &[(&str, &str)] = &[
    ("tls = 'garbage'", "tls/not-tls"),
    ("tls = 'plain-http'", "tls/not-tls"),
    ("tls = 'truncated'", "tls/handshake-reset"),
    ("tls = 'close'", "tls/handshake-reset"),
    ("tls = 'reset-on-small-hello'", "tls/handshake-reset"),
    ("tls = 'server-hello-1.1'", "tls/protocol-unsupported"),
    ("tls = 'alert'\nalert = 'close_notify'", "tls/alert"),
    ("tls = 'alert'\nalert = 'certificate_required'", "tls/alert"),
    ("certificate = { issuer = 'self', expired-days = 3, names = ['x.example'] }", "tls/untrusted-issuer"),
    ("certificate = { expired-days = 3, names = ['x.example'] }", "tls/name-mismatch"),
];

const ON_PORT_80: &[(&str, &str)] = &[
    ("answer = 'silent'", "port-80/closed"),
    ("answer = 'drip'", "port-80/closed"),
    ("answer = 'close'", "port-80/closed"),
    ("answer = 'endless-head'", "port-80/captive-portal"),
    ("answer = 'endless-body'", "port-80/captive-portal"),
    ("answer = 'garbage'", "port-80/captive-portal"),
    ("answer = 'escape'", "port-80/captive-portal"),
    ("answer = 'block-page'", "port-80/captive-portal"),
    ("answer = 'redirect-elsewhere'", "port-80/captive-portal"),
    ("answer = 'unavailable'", "port-80/closed"),
];

#[test]
fn over_tls() {
    each("https", OVER_TLS);
}

#[test]
fn in_the_handshake() {
    each("port-443", IN_THE_HANDSHAKE);
}

#[test]
fn on_port_80() {
    each("port-80", ON_PORT_80);
}

fn each(table: &str, cases: &[(&str, &str)]) {
    let waiting = Mutex::new(cases.iter());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((keys, expected)) = next else { return };
                    case(table, keys, expected);
                }
            });
        }
    });
}

fn case(table: &str, keys: &str, expected: &str) {
    // Who never answers is waited for.
    let slow = keys.contains("'silent'") || keys.contains("'drip'");
    let timeout = if slow { 2 } else { 10 };
    let text = format!("[check]\ntimeout = {timeout}\n\n[host.\"api.github.com\".{table}]\n{keys}\n");
    let world = world("peer", &text);
    let run = |format: &str| gh_connect(["check", &world.argument(), "-o", format]).output().unwrap();
    let ran = Ran::of(&run("json")).unwrap();
    assert_eq!(ran.findings(|_| true), [expected], "{keys}");
    let blocks = !expected.starts_with("port-80/");
    assert_eq!(ran.exit, i32::from(blocks), "{keys}");
    assert_eq!(ran.record.root_causes, if blocks { vec![expected.to_owned()] } else { Vec::new() }, "{keys}");
    assert_eq!(ran.record.run.cut_short_by, None, "{keys}");
    let shown = run("table").stdout;
    let steers = |byte: &u8| byte.is_ascii_control() && *byte != b'\n';
    assert!(!shown.iter().any(steers), "{keys}: {}", String::from_utf8_lossy(&shown));
}

const AT_ONCE: usize = 4;
