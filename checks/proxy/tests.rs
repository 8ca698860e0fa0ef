use gh_connect_engine::{NoProxy, Origin, Product, ProxyUrl, Role, Seconds, Sourced, section};
use gh_connect_github::manage::Settings;
use gh_connect_probe::{
    dns::{By, NotResolved},
    net::Failure,
    proxy::Reply,
    tcp::Attempt,
    tls::{End, Reason},
};

use super::*;
use crate::testing;

fn target(host: &str) -> Target {
    Target { host: host.to_owned(), port: 443, role: Role::Api }
}

fn used(url: &str) -> ProxySetting {
    ProxySetting::Use(ProxyUrl::parse(url).expect("a proxy URL"))
}

fn plan(proxy: ProxySetting, no_proxy: &str) -> Plan {
    Plan {
        proxy: Sourced::new(proxy, Origin::flag("--proxy")),
        no_proxy: Sourced::new(NoProxy::parse(no_proxy), Origin::flag("--no-proxy")),
        timeout: Sourced::default(Seconds::parse("1").expect("seconds")),
        ..testing::plan(Product::GithubCom)
    }
}

fn through_proxy() -> Plan {
    plan(used("http://proxy.corp.example:3128"), "")
}

fn tunnel(outcome: Outcome) -> Tunnel {
    let attempt = Attempt {
        address: "198.51.100.7:3128".parse().expect("an address"),
        failure: None,
        connected: true,
        took_us: 900,
    };
    Tunnel {
        proxy: "http://proxy.corp.example:3128".to_owned(),
        with_credentials: false,
        attempts: vec![attempt],
        outcome,
        took_us: 1_000_000,
    }
}

fn reply(status: u16) -> Reply {
    Reply { status, ..Reply::default() }
}

fn with_header(status: u16, name: &str, value: &str) -> Reply {
    Reply { headers: vec![(name.to_owned(), value.to_owned())], ..reply(status) }
}

fn offering(schemes: &[&str]) -> Reply {
    Reply { schemes: schemes.iter().map(|scheme| (*scheme).to_owned()).collect(), ..reply(407) }
}

fn examined(host: &str, tunnel: &Tunnel, others: &[(&str, bool)]) -> Examination {
    let others: Vec<Other> =
        others.iter().map(|(host, open)| Other { host: (*host).to_owned(), open: *open }).collect();
    let plan = through_proxy();
    tunnel::judge(&Seen { target: &target(host), tunnel, others: &others, resolution: None, plan: &plan })
}

/// The id and the message of the one finding.
fn found(host: &str, tunnel: &Tunnel, others: &[(&str, bool)]) -> (&'static str, String) {
    let mut findings = examined(host, tunnel, others).findings;
    let finding = findings.pop().expect("a finding");
    assert!(findings.is_empty() && !finding.fix.is_empty() && !finding.evidence.is_null());
    (finding.kind.id, finding.message)
}

fn id(outcome: Outcome) -> &'static str {
    found("api.github.com", &tunnel(outcome), &[("github.com", false), ("uploads.github.com", false)]).0
}

#[test]
fn an_open_tunnel_is_healthy() {
    let examination = examined("api.github.com", &tunnel(Outcome::Open { status: 200 }), &[]);
    assert!(examination.findings.is_empty());
    assert_eq!(examination.remark.as_deref(), Some("a tunnel through proxy.corp.example:3128"));
}

#[test]
fn why_the_proxys_name_has_no_address_is_told() {
    let (plan, target, tunnel) = (through_proxy(), target("github.com"), tunnel(Outcome::Unresolved));
    for (failure, words) in [
        (NotResolved::TimedOut, "resolving it took too long"),
        (NotResolved::Said("Name or service not known".to_owned()), "Name or service not known"),
        (NotResolved::NameServers, "the name servers give none"),
    ] {
        let failure = Some(failure);
        let resolution = Resolution { by: By::System, addresses: Vec::new(), failure, took_us: 1 };
        let resolution = Some(&resolution);
        let seen = Seen { target: &target, tunnel: &tunnel, others: &[], resolution, plan: &plan };
        let message = tunnel::judge(&seen).findings.pop().expect("a finding").message;
        assert_eq!(message, format!("The proxy's name proxy.corp.example has no address here: {words}."));
    }
}

#[test]
fn each_outcome_has_its_finding() {
    let unconnected = |failure| Outcome::Unconnected { failure };
    let tls = |end| Outcome::ProxyTls { end, chain: None, fault: None };
    for (outcome, expected) in [
        (Outcome::Unresolved, "proxy/unresolved"),
        (unconnected(Failure::Refused), "proxy/refused"),
        (unconnected(Failure::Reset), "proxy/refused"),
        (unconnected(Failure::TimedOut), "proxy/timeout"),
        (unconnected(Failure::Unreachable), "proxy/unreachable"),
        (unconnected(Failure::NoSuchFamily), "proxy/unreachable"),
        (unconnected(Failure::Forbidden), "proxy/unreachable"),
        (unconnected(Failure::Other("odd".to_owned())), "proxy/unreachable"),
        (tls(End::Distrusted(Reason::UnknownIssuer)), "proxy/untrusted"),
        (tls(End::Silent), "proxy/timeout"),
        (tls(End::NotTls), "proxy/not-a-proxy"),
        (tls(End::Reset), "proxy/tls-failed"),
        (tls(End::Alert { code: 116, name: "certificate_required".to_owned() }), "proxy/tls-failed"),
        (Outcome::Silent { received: 0 }, "proxy/timeout"),
        (Outcome::Ended { reset: false, received: 0 }, "proxy/not-a-proxy"),
        (Outcome::Ended { reset: true, received: 9 }, "proxy/not-a-proxy"),
        (Outcome::NotHttp { first: "SSH-2.0".to_owned(), tls: false }, "proxy/not-a-proxy"),
        (Outcome::NotHttp { first: "\\x15\\x03".to_owned(), tls: true }, "proxy/not-a-proxy"),
        (Outcome::Endless, "proxy/not-a-proxy"),
    ] {
        assert_eq!(id(outcome.clone()), expected, "{outcome:?}");
    }
}

#[test]
fn each_status_has_its_finding() {
    for (status, expected) in [
        (101, "proxy/not-a-proxy"),
        (302, "proxy/denied"),
        (400, "proxy/not-a-proxy"),
        (401, "proxy/denied"),
        (403, "proxy/denied"),
        (404, "proxy/not-a-proxy"),
        (405, "proxy/not-a-proxy"),
        (407, "proxy/auth-required"),
        (429, "proxy/denied"),
        (451, "proxy/denied"),
        (500, "proxy/upstream-failed"),
        (501, "proxy/not-a-proxy"),
        (502, "proxy/upstream-failed"),
        (503, "proxy/upstream-failed"),
        (504, "proxy/upstream-failed"),
        (999, "proxy/upstream-failed"),
    ] {
        assert_eq!(id(Outcome::Replied(reply(status))), expected, "{status}");
    }
}

#[test]
fn authentication_is_told_by_what_is_offered_and_what_was_sent() {
    for (schemes, credentials, expected) in [
        (&["Basic"][..], false, "proxy/auth-required"),
        (&[], false, "proxy/auth-required"),
        (&["Negotiate", "basic"], false, "proxy/auth-required"),
        (&["Basic"], true, "proxy/auth-rejected"),
        (&[], true, "proxy/auth-rejected"),
        (&["Negotiate", "NTLM"], false, "proxy/auth-unsupported"),
        (&["Negotiate", "NTLM"], true, "proxy/auth-unsupported"),
        (&["Digest"], false, "proxy/auth-unsupported"),
    ] {
        let tunnel = Tunnel { with_credentials: credentials, ..tunnel(Outcome::Replied(offering(schemes))) };
        assert_eq!(found("github.com", &tunnel, &[]).0, expected, "{schemes:?} {credentials}");
    }
    for (schemes, credentials, expected) in [
        (&[][..], false, "proxy/denied"),
        (&[], true, "proxy/auth-rejected"),
        (&["Basic"], false, "proxy/auth-required"),
    ] {
        let reply = Reply { status: 401, ..offering(schemes) };
        let tunnel = Tunnel { with_credentials: credentials, ..tunnel(Outcome::Replied(reply)) };
        assert_eq!(found("github.com", &tunnel, &[]).0, expected, "401 {schemes:?} {credentials}");
    }
}

#[test]
fn a_denial_has_the_pages_words_and_the_shape_of_the_rule() {
    let page = Reply {
        reason: "Forbidden".to_owned(),
        words: "Category: code hosting".to_owned(),
        ..with_header(403, "Location", "https://block.example/\u{1b}")
    };
    let denied = tunnel(Outcome::Replied(page));
    let start = "The proxy proxy.corp.example:3128 refuses a tunnel to github.com:443: 403 Forbidden, \"Category: code \
                 hosting\", pointing to \"https://block.example/\\x1b\".";
    for (host, others, pattern) in [
        ("github.com", &[][..], ""),
        (
            "github.com",
            &[("api.github.com", true), ("uploads.github.com", false)],
            " It opens api.github.com: a rule for *.github.com does not cover github.com itself.",
        ),
        ("github.com", &[("api.github.com", false)], " It opens none of the other hosts either."),
        (
            "github.com",
            &[("ghcr.io", true), ("notgithub.com", true)],
            " It does open ghcr.io and notgithub.com.",
        ),
        (
            "api.github.com",
            &[("github.com", true)],
            " It opens github.com: a rule for github.com alone does not cover what is below it.",
        ),
    ] {
        let (id, message) = found(host, &denied, others);
        assert_eq!(
            (id, message),
            ("proxy/denied", format!("{start}{pattern}").replace("github.com:443", &format!("{host}:443")))
        );
    }
}

#[test]
fn what_opens_tunnels_to_others_is_a_proxy() {
    for outcome in [
        Outcome::Ended { reset: false, received: 0 },
        Outcome::Replied(reply(405)),
        Outcome::NotHttp { first: "x".to_owned(), tls: false },
        Outcome::Endless,
    ] {
        let tunnel = tunnel(outcome);
        assert!(tunnel::depends_on_others(&tunnel));
        assert_eq!(found("github.com", &tunnel, &[("api.github.com", true)]).0, "proxy/denied");
    }
    let silent = found("github.com", &tunnel(Outcome::Silent { received: 3 }), &[("api.github.com", true)]);
    assert_eq!(
        silent,
        (
            "proxy/timeout",
            "The proxy proxy.corp.example:3128 accepts the connection and the request for github.com:443, and sends no more \
             than 3 bytes of a reply within 1.0 s. It does open a tunnel to api.github.com, so it may itself be waiting for \
             this host."
                .to_owned()
        )
    );
}

#[test]
fn the_proxys_own_trouble_is_named() {
    for (name, value, cause) in [
        ("X-Squid-Error", "ERR_DNS_FAIL 0", "it cannot resolve the name"),
        ("x-squid-error", "ERR_CONNECT_FAIL 111", "the host refuses its connection"),
        ("X-Squid-Error", "ERR_CONNECT_FAIL 110", "the host does not answer it"),
        ("X-Squid-Error", "ERR_ODD 7", "the reason is ERR_ODD"),
        ("Proxy-Status", "proxy.example; error=dns_error; rcode=\"NXDOMAIN\"", "the reason is dns_error"),
    ] {
        let (id, message) =
            found("github.com", &tunnel(Outcome::Replied(with_header(503, name, value))), &[]);
        assert_eq!(id, "proxy/upstream-failed");
        assert!(message.ends_with(&format!(" It says that {cause}.")), "{message}");
    }
}

fn of_setting(plan: &Plan) -> Vec<(&'static str, String)> {
    setting::judge(plan, None)
        .findings
        .into_iter()
        .map(|finding| (finding.kind.id, finding.message))
        .collect()
}

fn ids(plan: &Plan) -> Vec<&'static str> {
    of_setting(plan).into_iter().map(|(id, _)| id).collect()
}

#[test]
fn a_setting_that_cannot_be_used_is_one_finding() {
    let shown = "[redacted]@proxy".to_owned();
    let mut invalid = plan(
        ProxySetting::Invalid { shown: shown.clone(), reason: "it has no scheme".to_owned() },
        "github.com",
    );
    invalid.other_proxies = vec![Sourced::default(used("http://x"))];
    assert_eq!(
        of_setting(&invalid),
        [(
            "proxy/invalid-url",
            "The proxy setting (flag --proxy) is \"[redacted]@proxy\", which is no URL: it has no scheme."
                .to_owned()
        )]
    );
    let unsupported = plan(ProxySetting::Unsupported { shown, scheme: "socks5".to_owned() }, "");
    assert_eq!(ids(&unsupported), ["proxy/unsupported-scheme"]);
}

#[test]
fn the_exclusion_that_bypasses_is_named() {
    let bypassing = plan(used("http://proxy:1"), "localhost, uploads.github.com");
    let findings = of_setting(&bypassing);
    assert_eq!(
        findings,
        [(
            "proxy/bypassed",
            "A proxy is set, and the exclusion \"uploads.github.com\" (flag --no-proxy) sends uploads.github.com around it: \
             this host is checked, and will be used, over the direct path."
                .to_owned()
        )]
    );
    let wild = plan(used("http://proxy:1"), ".github.com");
    assert_eq!(ids(&wild), ["proxy/bypassed", "proxy/bypassed", "proxy/exclusions-differ"]);
    let mut further = plan(used("http://proxy:1"), "ghcr.io");
    further.targets.push(Target { role: Role::Also, ..target("ghcr.io") });
    assert_eq!(ids(&further), Vec::<&str>::new(), "a host that GitHub Connect does not need");
}

#[test]
fn who_reads_the_list_otherwise_is_told() {
    let findings = of_setting(&plan(used("http://proxy:1"), "*.github.com"));
    assert_eq!(
        findings,
        [(
            "proxy/exclusions-differ",
            "The exclusion list (flag --no-proxy) is not read alike: Go and Node go around the proxy to api.github.com, \
             GitHub Enterprise Server, curl and Python go through it. So it is for 1 more. This run reads it as GitHub \
             Enterprise Server does."
                .to_owned()
        )]
    );
    assert_eq!(ids(&plan(used("http://proxy:1"), ".corp.example,10.0.0.0/8")), Vec::<&str>::new());
    assert_eq!(ids(&plan(ProxySetting::Off, ".github.com")), Vec::<&str>::new());
}

#[test]
fn the_server_is_excluded_or_found() {
    for (server, no_proxy, expected) in [
        ("https://ghes.corp.example", "", &["proxy/server-not-excluded"][..]),
        ("https://ghes.corp.example:8443/", "ghes.corp.example", &[]),
        ("https://ghes.corp.example", ".corp.example", &[]),
        ("https://GHES.corp.example/setup", ".corp.example", &[]),
        ("https://192.0.2.9", "192.0.2.0/24", &["proxy/server-not-excluded", "proxy/exclusions-differ"]),
        ("https://[2001:db8::9]:8443", "2001:db8::9", &["proxy/exclusions-differ"]),
        ("https://corp.example", ".corp.example", &["proxy/server-not-excluded", "proxy/exclusions-differ"]),
        ("nonsense", "", &[]),
    ] {
        let mut plan = plan(used("http://proxy:1"), no_proxy);
        plan.server = Some(Sourced::new(server.to_owned(), Origin::flag("--server")));
        assert_eq!(ids(&plan), expected, "{server} {no_proxy}");
        plan.proxy.value = ProxySetting::Off;
        assert_eq!(ids(&plan), Vec::<&str>::new());
    }
}

#[test]
fn settings_that_differ_in_place_are_both_named() {
    let other = |setting| Sourced::new(setting, Origin::environment("HTTPS_PROXY"));
    for (setting, differs) in [
        (used("http://PROXY.corp.example:3128"), false),
        (used("http://user:pass@proxy.corp.example:3128"), false),
        (used("https://proxy.corp.example:3128"), true),
        (used("http://proxy.corp.example:8080"), true),
        (ProxySetting::Off, true),
        (ProxySetting::Invalid { shown: "proxy".to_owned(), reason: "it has no scheme".to_owned() }, true),
    ] {
        let mut plan = through_proxy();
        plan.other_proxies = vec![other(setting.clone())];
        assert_eq!(ids(&plan).contains(&"proxy/setting-differs"), differs, "{setting:?}");
    }
    let mut plan = through_proxy();
    plan.other_proxies = vec![other(used("http://user:secret1@old.corp.example:8080"))];
    assert_eq!(
        of_setting(&plan),
        [(
            "proxy/setting-differs",
            "This run uses http://proxy.corp.example:3128 (flag --proxy), while another place says \
             http://[redacted]@old.corp.example:8080 (environment HTTPS_PROXY)."
                .to_owned()
        )]
    );
}

#[test]
fn a_way_that_the_server_may_not_go_is_no_pass() {
    let environment = Origin::environment("HTTPS_PROXY");
    for (origin, own, is_the_way) in [
        (Origin::flag("--proxy"), Some(None), true),
        (Origin::flag("--proxy"), Some(Some(ProxySetting::Off)), true),
        (environment.clone(), None, true),
        (environment.clone(), Some(None), false),
        (environment.clone(), Some(Some(used("http://proxy.corp.example:3128"))), true),
        (environment.clone(), Some(Some(used("http://old.corp.example:8080"))), false),
        (environment, Some(Some(ProxySetting::Off)), false),
    ] {
        let mut plan = through_proxy();
        plan.proxy.origin = origin.clone();
        let settings = own.clone().map(|http_proxy| Settings { http_proxy, ..Settings::default() });
        assert_eq!(setting::is_the_way(&plan, settings.as_ref()).is_ok(), is_the_way, "{origin} {own:?}");
    }
}

#[test]
fn subjects_are_the_setting_the_proxied_hosts_and_the_run() {
    let names = |plan: &Plan| Proxy.subjects(plan).iter().map(Subject::name).collect::<Vec<_>>().join(" ");
    assert_eq!(names(&plan(ProxySetting::Off, "")), "");
    assert_eq!(names(&through_proxy()), "proxy github.com:443 api.github.com:443 uploads.github.com:443 run");
    assert_eq!(names(&plan(used("http://proxy:1"), ".github.com")), "proxy github.com:443 run");
    let invalid = ProxySetting::Invalid { shown: String::new(), reason: String::new() };
    assert_eq!(names(&plan(invalid, "")), "proxy");
    let mut elsewhere = plan(ProxySetting::Off, "");
    elsewhere.other_proxies = vec![Sourced::default(used("http://proxy:1"))];
    assert_eq!(
        (names(&elsewhere).as_str(), ids(&elsewhere).as_slice()),
        ("proxy", &["proxy/setting-differs"][..])
    );
}

#[test]
fn every_finding_has_words() {
    for kind in META.kinds {
        let section = section(META.words, kind.id).expect(kind.id);
        assert!(
            !section.what.is_empty() && !section.why.is_empty() && section.fix.starts_with("- "),
            "{}",
            kind.id
        );
    }
}

/// Whatever form it has: a needed host to which some programs go around the proxy and others through it is never well.
#[test]
fn every_entry_that_is_read_in_two_ways_is_a_warning() {
    let literal = |address: &str| Target { role: Role::Also, ..target(address) };
    for (entry, needed) in [
        ("github.com:443", target("github.com")),
        ("*.github.com", target("api.github.com")),
        (".github.com", target("github.com")),
        ("github.com", target("uploads.github.com")),
        ("github.com.", target("github.com")),
        ("GITHUB.com", target("api.github.com")),
        ("*", target("github.com")),
        ("com", target("github.com")),
        ("foo github.com", target("github.com")),
        ("192.0.2.0/24", literal("192.0.2.7")),
        ("192.0.2.7:443", literal("192.0.2.7")),
        ("[2001:db8::7]", literal("2001:db8::7")),
        ("2001:db8::/32", literal("2001:db8::7")),
    ] {
        let mut plan = plan(used("http://proxy:1"), entry);
        plan.targets = vec![needed];
        let findings = setting::judge(&plan, None).findings;
        let found = findings.iter().find(|finding| finding.kind.id == "proxy/exclusions-differ");
        let found = found.unwrap_or_else(|| panic!("{entry} is read alike"));
        assert_eq!((found.kind.severity, found.fix.len()), (Severity::Warning, 2), "{entry}");
        assert!(found.fix[0].text.contains(entry.trim_start_matches("foo ")), "{}", found.fix[0].text);
    }
}

#[test]
fn a_dead_address_of_the_proxy_is_told_unless_its_family_is_missing() {
    use Failure::{NoSuchFamily, Refused, TimedOut, Unreachable};
    let judged = |used: &str, failed: &[(&str, Failure)]| {
        let attempts: Vec<Attempt> = failed
            .iter()
            .map(|(address, failure)| Attempt {
                address: (address.parse::<std::net::IpAddr>().expect("an address"), 3128).into(),
                failure: Some(failure.clone()),
                connected: false,
                took_us: 1_000_000,
            })
            .collect();
        let plan = plan(self::used("http://proxy:3128"), "");
        dead::judge(&plan, used.parse().expect("an address"), &attempts)
    };
    for (used, failed, is_found) in [
        ("192.0.2.1", &[][..], false),
        ("192.0.2.1", &[("192.0.2.2", Refused)], true),
        ("192.0.2.1", &[("192.0.2.2", Unreachable)], true),
        ("192.0.2.1", &[("2001:db8::2", TimedOut)], true),
        ("192.0.2.1", &[("2001:db8::2", Unreachable)], false),
        ("2001:db8::1", &[("192.0.2.2", NoSuchFamily)], false),
    ] {
        assert_eq!(judged(used, failed).is_some(), is_found, "{used} {failed:?}");
    }
    let finding = judged("192.0.2.1", &[("192.0.2.2", TimedOut), ("192.0.2.3", Refused)]).expect("a finding");
    assert_eq!(
        finding.message,
        "Of the addresses of the proxy proxy:3128, 192.0.2.1 answers, but 192.0.2.2 stayed silent for 1.0 s and 192.0.2.3 \
         failed after 1.0 s (connection refused). A program that takes only the first address fails when it is given that \
         one."
    );
}
