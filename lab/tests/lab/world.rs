//! World files: what they mean, and how their errors read.

use gh_connect_lab::World;
use gh_connect_lab::world::{Ca, Inspect};

#[test]
fn errors_point_at_the_place_and_say_what_is_allowed() {
    for (text, line, column, words) in [
        ("abuot = 'x'", 1, 1, &["unknown key `abuot`", "`about`", "`name-server`", "`hosts-file`"][..]),
        (
            "[host.'github.com'.port-443]\ntcp = 'acept'",
            2,
            7,
            &["unknown value `acept`", "`accept`", "`silent`"],
        ),
        ("[host.'github.com'.port-443]\ntls = 'only-1.0'", 2, 7, &["unknown value `only-1.0`", "`only-1.1`"]),
        ("[host.'github.com'.port-443]\nalert = 'oops'", 2, 9, &["`unknown_ca`", "`protocol_version`"]),
        ("[host.'github.com'.port-443]\nanswer = 'x'", 2, 1, &["unknown key `answer`", "`hello-limit`"]),
        ("[host.'github.com'.port-80]\nanswer = 'x'", 2, 10, &["`github-page`", "`tls`"]),
        ("[host.'github.com'.https]\nanswer = 'tls'", 2, 10, &["`captive-portal`", "`rate-limit`"]),
        ("[host.'github.com'.https]\nstatus = 'x'", 2, 10, &["invalid type", "u16"]),
        ("[host.'git hub']", 1, 7, &["`git hub` is not a host name"]),
        ("\n[[name-server]]\n[name-server.names.'a..b']", 3, 20, &["`a..b` is not a host name"]),
        ("[[name-server]]\nall = { rcode = 'nxdomian' }", 2, 17, &["`nxdomian`", "`nxdomain`", "`servfail`"]),
        ("[[name-server]]\nall.a = ['1.2.3']", 2, 10, &["IPv4"]),
        ("[[name-server]]\nall.cname = ['a b']", 2, 13, &["`a b` is not a host name"]),
        ("hosts-file.'github.com' = ['x']", 1, 28, &["IP address"]),
        ("[proxy]\nauth = 'kerberos'", 2, 8, &["`kerberos`", "`negotiate`"]),
        ("[proxy]\nauth = ['none']", 2, 9, &["`none`", "`negotiate`"]),
        ("[proxy]\ninspect = 'some'", 2, 11, &["`some`", "all"]),
        ("[proxy]\nconnect.'github.com'.answer = 'x'", 2, 31, &["`open-then-silent`"]),
        ("[proxy]\nconnect.'github.com'.asnwer = 'open'", 2, 22, &["`asnwer`", "`answer`"]),
        ("[trust]\nsystem = ['mozilla']", 2, 11, &["`mozilla`", "`public`", "`corp`"]),
        ("firewall.direct = 'open'", 1, 19, &["`open`", "`accept`"]),
        ("expect.root-causes = ['Expired']", 1, 1, &["`Expired` is not a finding id", "tls/expired"]),
        (
            "host.x.port-443.certificate = { expired-days = 1, expires-in-days = 1 }",
            1,
            31,
            &["only one is allowed"],
        ),
        ("host.x.port-443.certificate.expired-days = 4000", 1, 17, &["at most 3000"]),
        ("host.x.port-443.certificate = { names = [] }", 1, 31, &["at least one name"]),
        ("host.x.port-443.certificate = { names = ['a b'] }", 1, 31, &["is no name"]),
        ("host.x.at.'1.2.3'.https.status = 200", 1, 11, &["IP address"]),
        ("host.x.at.'192.0.2.1'.addresses = ['192.0.2.2']", 1, 8, &["no `addresses` and no `at`"]),
        ("proxy.at.'192.0.2.1'.at.'192.0.2.2'.tcp = 'refuse'", 1, 7, &["no `at`"]),
        ("egress.ipv4 = []", 1, 15, &["at least one"]),
        ("server.license.expires = 'soon'", 1, 26, &["`soon` is no point in time", "3 days ago"]),
        ("server.node = [{ hostname = 'x' }]", 1, 18, &["`hostname`", "`host-name`"]),
        ("enterprise.allow-list.generated = 200000", 1, 35, &["at most 100000"]),
        ("token.cloud.side = 'server'", 1, 1, &["no `side`"]),
        ("token.mine.user = 'x'", 1, 1, &["`token.mine` has no `value`"]),
        ("endpoint.'/user'.status = 404", 1, 1, &["`/user` is no endpoint", "api.github.com/user"]),
        ("about = ", 1, 9, &[]),
        ("about = 'a'\nabout = 'b'", 2, 1, &["duplicate key"]),
    ] {
        let error = World::parse("worlds/x.toml", text).unwrap_err();
        let shown = error.to_string();
        assert_eq!((error.line(), error.column()), (line, column), "{text}\n{shown}");
        assert!(shown.starts_with(&format!("worlds/x.toml:{line}:{column}: ")), "{shown}");
        assert!(shown.contains(text.lines().nth(line - 1).unwrap_or_default()), "{shown}");
        for word in words {
            assert!(shown.contains(word), "{word} is not in\n{shown}");
        }
    }
}

#[test]
fn an_error_reads_well() {
    let error = World::parse("my-world.toml", "about = 'x'\n[firewall]\ndirect = 'open'\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "my-world.toml:3:10: unknown value `open`; allowed: `accept`, `refuse`, `silent`, `reset`, `unreachable`\n\
         \x20 |\n3 | direct = 'open'\n  |          ^"
    );
}

#[test]
fn an_error_cannot_steer_a_terminal() {
    let error = World::parse("x", "\u{1b}[2J = 1\u{7}").unwrap_err();
    assert!(!error.to_string().contains(['\u{1b}', '\u{7}']), "{error:?}");
}

#[test]
fn expectations_have_defaults() {
    for (text, findings, exit) in [
        ("", vec![], 0),
        ("expect.root-causes = ['tls/expired']", vec!["tls/expired"], 1),
        ("expect = { root-causes = ['tls/expired'], exit = 3 }", vec!["tls/expired"], 3),
        ("expect = { findings = ['dns/slow'] }", vec!["dns/slow"], 0),
        (
            "expect = { root-causes = ['a/b'], findings = ['a/b', 'port-80/closed'] }",
            vec!["a/b", "port-80/closed"],
            1,
        ),
    ] {
        let expect = World::parse("x", text).unwrap().expect;
        assert_eq!(expect.findings, findings, "{text}");
        assert_eq!(expect.exit, exit, "{text}");
    }
}

#[test]
fn the_sketch_of_a_whole_world_is_understood() {
    let world = World::parse(
        "x",
        r#"
about = "Much is wrong here."
[expect]
root-causes = ["tls/expired"]
notes = ["proxy/direct-works"]
[check]
timeout = 1
proxy = "http://user:pass@proxy.corp.example:3128"
ca-file = ["{corp-ca}"]
[environment]
HTTPS_PROXY = "http://proxy.corp.example:3128"
[hosts-file]
"GitHub.com" = ["203.0.113.9"]
[[name-server]]
all = { rcode = "servfail" }
[name-server.names."uploads.github.com"]
cname = ["x.example", "y.example"]
truncate = true
tcp = "refuse"
[[name-server]]
[host."uploads.github.com"]
addresses = ["140.82.114.14", "2606:50c0:8000::154"]
[host."uploads.github.com".port-443]
tcp-v6 = "silent"
tls = "none"
certificate = { issuer = "self", names = ["x"], leaf-only = true, no-aia = true }
[host."uploads.github.com".https]
answer = "redirect"
location = "https://x.example/"
[host."uploads.github.com".port-80]
answer = "tls"
certificate = { issuer = "other" }
[proxy]
scheme = "https"
auth = ["negotiate", "ntlm"]
deny = ["github.com"]
connect-all = "denied"
inspect = "all"
plain = "denied"
[proxy.connect."github.com"]
answer = "open-then-close"
[trust]
system = ["public", "corp"]
[target]
ghe-com = "acme"
"#,
    )
    .unwrap();
    assert_eq!(world.check["timeout"].as_integer(), Some(1));
    assert_eq!(world.environment["HTTPS_PROXY"], "http://proxy.corp.example:3128");
    assert!(world.hosts_file.contains_key("github.com"), "names are lower-cased");
    assert_eq!(world.name_servers.len(), 2);
    assert_eq!(world.trust.system, [Ca::Public, Ca::Corp]);
    assert_eq!(world.proxy.as_ref().unwrap().inspect, Inspect::All);
    assert_eq!(world.targets(), ["acme.ghe.com", "api.acme.ghe.com", "uploads.acme.ghe.com"]);
}

#[test]
fn the_page_on_the_lab_names_every_key_and_value() {
    let page = include_str!("../../../docs/lab.md");
    let sample = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert_eq!(World::parse("docs/lab.md", sample).unwrap().expect.root_causes, ["tls/expired"]);

    let (port_443, port_80) = ("host.x.port-443", "host.x.port-80");
    for wrong in [
        "x = 0".to_owned(),
        "expect.x = 0".to_owned(),
        "trust.x = 0".to_owned(),
        "trust.system = ['x']".to_owned(),
        "target.x = 0".to_owned(),
        "firewall.x = 0".to_owned(),
        "firewall.direct = 'x'".to_owned(),
        "name-server = [{ x = 0 }]".to_owned(),
        "name-server = [{ all.x = 0 }]".to_owned(),
        "name-server = [{ all.rcode = 'x' }]".to_owned(),
        "name-server = [{ all.tcp = 'x' }]".to_owned(),
        "host.x.x = 0".to_owned(),
        format!("{port_443}.x = 0"),
        format!("{port_443}.tls = 'x'"),
        format!("{port_443}.certificate.x = 0"),
        format!("{port_443}.certificate.issuer = 'x'"),
        format!("{port_80}.x = 0"),
        format!("{port_80}.answer = 'x'"),
        "host.x.https.x = 0".to_owned(),
        "host.x.https.answer = 'x'".to_owned(),
        "proxy.x = 0".to_owned(),
        "proxy.scheme = 'x'".to_owned(),
        "proxy.auth = 'x'".to_owned(),
        "proxy.plain = 'x'".to_owned(),
        "proxy.connect-all = 'x'".to_owned(),
        "proxy.connect.x.x = 0".to_owned(),
        "egress.x = 0".to_owned(),
        "server.x = 0".to_owned(),
        "server.maintenance = 'x'".to_owned(),
        "server.private-mode = 'x'".to_owned(),
        "server.license.x = 0".to_owned(),
        "server.license.status = 'x'".to_owned(),
        "server.node = [{ x = 0 }]".to_owned(),
        "server.node = [{ replication = 'x' }]".to_owned(),
        "server.manage.x = 0".to_owned(),
        "enterprise.x = 0".to_owned(),
        "enterprise.allow-list.x = 0".to_owned(),
        "enterprise.allow-list.refuses = 'x'".to_owned(),
        "enterprise.allow-list.refusal = 'x'".to_owned(),
        "enterprise.allow-list.entries = [{ x = 0 }]".to_owned(),
        "enterprise.billing.x = 0".to_owned(),
        "enterprise.installation = [{ x = 0 }]".to_owned(),
        "enterprise.license-sync = [{ x = 0 }]".to_owned(),
        "enterprise.statistics = [{ x = 0 }]".to_owned(),
        "enterprise.audit-log = [{ x = 0 }]".to_owned(),
        "enterprise.audit-actions = 'x'".to_owned(),
        "token.cloud.x = 0".to_owned(),
        "token.cloud.kind = 'x'".to_owned(),
        "token.cloud.sso = 'x'".to_owned(),
        "token.x.side = 'x'".to_owned(),
        "web.x = 0".to_owned(),
        "web.start = 'x'".to_owned(),
        "web.enterprises = [{ x = 0 }]".to_owned(),
        "web.listed-as = 'x'".to_owned(),
        "web.lang = 'x'".to_owned(),
        "web.buttons = 'x'".to_owned(),
        "web.position = 'x'".to_owned(),
        "web.two-buttons = 'x'".to_owned(),
        "web.csp = 'x'".to_owned(),
        "web.billing = 'x'".to_owned(),
        "web.person.x = 0".to_owned(),
        "endpoint.'a/b'.x = 0".to_owned(),
        "endpoint.'a/b'.answer = 'x'".to_owned(),
    ] {
        let error = World::parse("x", &wrong).unwrap_err();
        let (_, allowed) =
            error.message().split_once("; allowed: ").unwrap_or_else(|| panic!("{wrong}: {error}"));
        for word in allowed.split('`').skip(1).step_by(2) {
            let mut words = page.split(|c: char| !(c.is_alphanumeric() || "-.".contains(c)));
            let named = words.any(|w| w == word || w.split('.').any(|part| part == word));
            assert!(named, "docs/lab.md does not name `{word}` ({wrong})");
        }
    }
}
