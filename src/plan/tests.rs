use std::{io, path::Path};

use gh_connect_engine::{
    Category, Cx, Examination, InDoubt, Kind, Meta, NoProxy, Origin, Owner, Plan, ProxySetting, Severity,
    Stop, Subject, Target,
};
use proptest::prelude::*;

use super::*;

/// A check for the registry of these tests.
struct Fake;

static WARNING: Kind = kind("fake/odd", Severity::Warning);
static BLOCKER: Kind = kind("fake/broken", Severity::Blocker);
static NOTE: Kind = kind("fake/curious", Severity::Note);
static META: Meta = Meta {
    id: "fake",
    title: "a fake",
    category: Category::Network,
    words: "",
    kinds: &[&WARNING, &BLOCKER, &NOTE],
    in_doubt: InDoubt { owner: Owner::Operator, text: "Ask again", command: None },
};
static CHECKS: &[&dyn Check] = &[&Fake];

const fn kind(id: &'static str, severity: Severity) -> Kind {
    Kind { id, severity, undetermined: false, title: "", since: "0.1.0", world: "" }
}

impl Check for Fake {
    fn meta(&self) -> &'static Meta {
        &META
    }
    fn subjects(&self, _: &Plan) -> Vec<Subject> {
        Vec::new()
    }
    fn examine<'a>(
        &'a self,
        _: &'a Subject,
        _: &'a Cx,
    ) -> futures::future::BoxFuture<'a, Result<Examination, Stop>> {
        Box::pin(async { Ok(Examination::default()) })
    }
}

/// A disk with two files.
struct Disk;

impl Effects for Disk {
    fn now(&self) -> jiff::Timestamp {
        "2026-06-01T12:00:00Z".parse().expect("a time")
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match path.to_str() {
            Some("conf/root.pem" | "root.pem") => {
                let root = rcgen::generate_simple_self_signed(["root.example".to_owned()]).expect("a root");
                Ok(root.cert.pem().into_bytes())
            }
            Some("junk.pem") => {
                Ok(b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n".to_vec())
            }
            Some("cut.pem") => Ok(b"-----BEGIN CERTIFICATE-----\nMAA=\n".to_vec()),
            Some("key.pem") => Ok(b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n".to_vec()),
            Some("der.crt") => Ok(vec![0x30, 0x82, 1, 2]),
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        }
    }
}

/// What was said: a command line, a file and an environment.
fn told(
    flags: &[(&'static str, &str)],
    file: &str,
    environment: &[(&str, &str)],
) -> Result<Settings, String> {
    let mut layer = Layer::default();
    for (flag, text) in flags {
        let said = Said { text: (*text).to_owned(), place: Place::Flag(flag) };
        match *flag {
            "--server" => layer.server = Some(said),
            "--enterprise" => layer.enterprise = Some(said),
            "--ghe-com" => layer.ghe_com = Some(said),
            "--proxy" => layer.proxy = Some(said),
            "--no-proxy" => layer.no_proxy = Some(said),
            "--timeout" => layer.timeout = Some(said),
            "--fail-on" => layer.fail_on = Some(said),
            "--ca-file" => layer.ca_file.push(said),
            "--resolver" => layer.resolver.push(said),
            "--connect-to" => layer.connect_to.push(said),
            "--egress-ip" => layer.egress_ip.push(said),
            "--also" => layer.also.push(said),
            "--feature" => layer.feature.push(said),
            "--only" => layer.only.push(said),
            "--waive" => layer.waive.push(said),
            "--ghe-config" => layer.ghe_config = Some(said),
            "--attest-invoiced" => layer.attest_invoiced = Some(said),
            "-o" => layer.output.push(said),
            other => panic!("no such flag here: {other}"),
        }
    }
    let source = Source {
        name: "conf/gh-connect.toml".to_owned(),
        text: file.to_owned(),
        folder: "conf".into(),
        world: None,
    };
    let shown = |errors: Vec<UsageError>| errors.iter().map(|error| error.render(false)).collect::<String>();
    let (file, errors) = read_file(&std::sync::Arc::new(source));
    let environment =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let spoken = Spoken {
        flags: &layer,
        file: &file,
        config: None,
        errors,
        environment: &environment,
        ground: Ground::machine(),
        checks: CHECKS,
        files: &Disk,
        input: &|_| Ok(INPUT.to_vec()),
    };
    settle(spoken).map_err(shown)
}

fn plan(flags: &[(&'static str, &str)], file: &str, environment: &[(&str, &str)]) -> Plan {
    told(flags, file, environment).expect("it makes sense").plan
}

fn complaint(flags: &[(&'static str, &str)], file: &str) -> String {
    told(flags, file, &[]).map(|_| ()).expect_err("it makes no sense")
}

fn shown(setting: &Sourced<ProxySetting>) -> String {
    let what = match &setting.value {
        ProxySetting::Off => "off".to_owned(),
        ProxySetting::Use(url) => url.to_string(),
        ProxySetting::Invalid { shown, .. } => format!("invalid {shown}"),
        ProxySetting::Unsupported { shown, scheme } => format!("unsupported {scheme} {shown}"),
    };
    format!("{what} ({})", setting.origin)
}

#[test]
fn the_nearest_word_wins_and_its_origin_is_kept() {
    let file = "timeout = 2\nresolver = [\"192.0.2.1\"]\nalso = [\"a.example\"]";
    let flags: &[(&'static str, &str)] = &[("--timeout", "1"), ("--also", "b.example")];
    let both = plan(flags, file, &[]);
    assert_eq!(both.timeout, Sourced::new(Seconds::parse("1").expect("ok"), Origin::flag("--timeout")));
    assert_eq!(both.resolvers.origin, Origin::file("conf/gh-connect.toml", 2));
    assert_eq!(both.resolvers.value, ["192.0.2.1:53".parse().expect("an address")]);
    let also: Vec<&str> = both.targets.iter().skip(3).map(|target| target.host.as_str()).collect();
    assert_eq!(also, ["b.example"], "a list of flags takes the place of the file's");
    assert_eq!(plan(&[], file, &[]).timeout.origin, Origin::file("conf/gh-connect.toml", 1));
    assert_eq!(plan(&[], "", &[]).timeout.origin, Origin::default_value());
}

#[test]
fn the_proxy_comes_from_flag_file_and_environment_in_this_order() {
    let environment = &[
        ("HTTPS_PROXY", "http://e1:1"),
        ("https_proxy", "http://e2:2"),
        ("ALL_PROXY", ""),
        ("HTTP_PROXY", "http://no:1"),
    ];
    for (flags, file, used, others) in [
        (
            vec![("--proxy", "http://flag:9")],
            "proxy = \"http://file:8\"",
            "http://flag:9 (flag --proxy)",
            vec![
                "http://file:8 (conf/gh-connect.toml:1)",
                "http://e1:1 (environment HTTPS_PROXY)",
                "http://e2:2 (environment https_proxy)",
            ],
        ),
        (
            vec![],
            "proxy = \"off\"",
            "off (conf/gh-connect.toml:1)",
            vec!["http://e1:1 (environment HTTPS_PROXY)", "http://e2:2 (environment https_proxy)"],
        ),
        (vec![], "", "http://e1:1 (environment HTTPS_PROXY)", vec!["http://e2:2 (environment https_proxy)"]),
    ] {
        let plan = plan(&flags, file, environment);
        assert_eq!(shown(&plan.proxy), used);
        assert_eq!(plan.other_proxies.iter().map(shown).collect::<Vec<_>>(), others);
    }
    assert_eq!(
        shown(&plan(&[], "", &[("ALL_PROXY", "http://all:1")]).proxy),
        "http://all:1 (environment ALL_PROXY)"
    );
    assert_eq!(shown(&plan(&[("--proxy", "")], "", environment).proxy), "off (flag --proxy)");
    assert_eq!(shown(&plan(&[], "", &[("HTTP_PROXY", "http://plain:1")]).proxy), "off (default)");
}

#[test]
fn a_bad_proxy_is_an_error_where_it_was_said_and_a_finding_where_it_was_found() {
    assert!(complaint(&[("--proxy", "proxy:3128")], "").contains("did you mean `http://proxy:3128`?"));
    assert!(complaint(&[], "proxy = \"http://\"").contains("conf/gh-connect.toml:1:10"));
    let found = plan(&[], "", &[("HTTPS_PROXY", "proxy:3128")]);
    assert_eq!(shown(&found.proxy), "invalid proxy:3128 (environment HTTPS_PROXY)");
    let unsupported = plan(&[("--proxy", "socks5://proxy:1080")], "", &[]);
    assert_eq!(shown(&unsupported.proxy), "unsupported socks5 socks5://proxy:1080 (flag --proxy)");
}

#[test]
fn exclusions_come_from_flag_file_and_environment_in_this_order() {
    let environment = &[("NO_PROXY", "env.example"), ("no_proxy", "lower.example")];
    for (flags, file, expected) in [
        (vec![("--no-proxy", "flag.example")], "no-proxy = \"file.example\"", "flag.example"),
        (vec![("--no-proxy", "")], "no-proxy = \"file.example\"", ""),
        (vec![], "no-proxy = [\"file.example\", \".more.example\"]", "file.example,.more.example"),
        (vec![], "", "env.example"),
    ] {
        assert_eq!(plan(&flags, file, environment).no_proxy.value, NoProxy::parse(expected));
    }
}

#[test]
fn targets_are_the_products_own_and_the_others_once() {
    let hosts = |plan: &Plan| plan.targets.iter().map(Target::to_string).collect::<Vec<_>>();
    let also: &[(&'static str, &str)] = &[
        ("--also", "API.github.com."),
        ("--also", "bücher.example:8443"),
        ("--also", "[2001:DB8::1]:443"),
        ("--also", "2001:db8::1"),
        ("--feature", "dependabot-updates"),
        ("--feature", "license-sync"),
    ];
    assert_eq!(
        hosts(&plan(also, "", &[])),
        [
            "github.com:443",
            "api.github.com:443",
            "uploads.github.com:443",
            "xn--bcher-kva.example:8443",
            "[2001:db8::1]:443",
            "ghcr.io:443"
        ]
    );
    assert_eq!(
        hosts(&plan(&[("--ghe-com", "Octocorp")], "", &[])),
        ["octocorp.ghe.com:443", "api.octocorp.ghe.com:443", "uploads.octocorp.ghe.com:443"]
    );
}

#[test]
fn rules_are_read_as_curl_reads_them() {
    for (text, expected) in [
        ("github.com:443:192.0.2.7:8443", "github.com:443:192.0.2.7:8443"),
        ("GitHub.com.:443::8443", "github.com:443::8443"),
        ("::192.0.2.7:", "::192.0.2.7:"),
        ("[2001:db8::1]:443:[::1]:8443", "[2001:db8::1]:443:[::1]:8443"),
    ] {
        let plan = plan(&[("--connect-to", text)], "", &[]);
        assert_eq!(plan.connect_to[0].value.to_string(), expected);
    }
}

#[test]
fn the_environments_roots_take_the_place_of_the_machines_alone() {
    let roots = |file: Option<&str>, folders: &[&str]| Roots::Environment {
        file: file.map(Into::into),
        folders: folders.iter().map(Into::into).collect(),
    };
    for (environment, expected, origin) in [
        (&[][..], Roots::System, "default"),
        (&[("SSL_CERT_FILE", "")], Roots::System, "default"),
        (&[("SSL_CERT_FILE", "a.pem")], roots(Some("a.pem"), &[]), "environment SSL_CERT_FILE"),
        (&[("SSL_CERT_DIR", "/a::/b")], roots(None, &["/a", "/b"]), "environment SSL_CERT_DIR"),
        (
            &[("SSL_CERT_FILE", "a.pem"), ("SSL_CERT_DIR", "/a")],
            roots(Some("a.pem"), &["/a"]),
            "environment SSL_CERT_FILE and SSL_CERT_DIR",
        ),
    ] {
        let plan = plan(&[], "", environment);
        let what_if: Vec<_> = plan.what_if.iter().map(|one| one.setting.as_str()).collect();
        assert_eq!(what_if, if origin == "default" { &[][..] } else { &["trust-system"] });
        let trust = plan.trust;
        assert_eq!((trust.system.value, trust.system.origin.to_string().as_str()), (expected, origin));
    }
    let said = plan(&[], "[trust]\nsystem = \"root.pem\"", &[("SSL_CERT_FILE", "a.pem")]).trust.system;
    assert_eq!(said.value, Roots::File("conf/root.pem".into()), "the file is nearer");
}

#[test]
fn paths_in_a_file_begin_beside_it() {
    let file = "ca-file = [\"root.pem\"]\n[trust]\nsystem = \"root.pem\"";
    let plan = plan(&[], file, &[]);
    assert_eq!(plan.trust.extra[0].value, Path::new("conf/root.pem"));
    assert_eq!(plan.trust.system.value, Roots::File("conf/root.pem".into()));
    let outputs = told(&[], "output = [\"json=out/report.json\"]", &[]).expect("it makes sense").outputs;
    assert_eq!(outputs[0].path.as_deref(), Some(Path::new("conf/out/report.json")));
}

#[test]
fn every_error_says_what_is_allowed() {
    for (flag, text, expected) in [
        ("--server", "ftp://ghes.corp.example", "does not speak ftp://"),
        ("--server", "https://ghes.corp.example/login", "something after the server's name"),
        ("--server", "https://GitHub.com", "GitHub's own host"),
        ("--server", "api.acme.ghe.com.", "GitHub's own host"),
        ("--server", "https://admin:hunter2@ghes.corp.example", "holds a user name or password"),
        ("--enterprise", "https://github.com/enterprises/acme/settings", "did you mean `acme`?"),
        ("--enterprise", "a b", "allowed: letters"),
        ("--ghe-com", "https://octocorp.ghe.com/login", "did you mean `octocorp`?"),
        ("--ghe-com", "-x", "allowed: letters"),
        ("--resolver", "dns.corp.example", "allowed: 192.0.2.53"),
        ("--resolver", "192.0.2.53:0", "allowed: 192.0.2.53"),
        ("--connect-to", "github.com:443", "2 parts between colons, not 4"),
        ("--connect-to", "github.com:443:lab.example:1", "`lab.example` is not an address"),
        ("--connect-to", "github.com:99999:192.0.2.7:1", "`99999` is not a port"),
        ("--egress-ip", "198.51.100", "allowed: 198.51.100.7"),
        ("--also", "https://ghcr.io/v2", "did you mean `ghcr.io`?"),
        ("--also", "*.github.com", "a pattern of hosts"),
        ("--also", "10.1", "not a host"),
        ("--also", "ghcr.io:x", "`x` is not a port"),
        ("--feature", "action", "did you mean `actions`?"),
        ("--only", "fak", "did you mean `fake`?"),
        ("--only", "fake/odd", "checks are selected as a whole"),
        ("--waive", "fake/od=because", "did you mean `fake/odd`?"),
        ("--waive", "fake/broken=because", "cannot be waived"),
        ("--waive", "fake/curious=because", "needs no waiver"),
        ("--waive", "fake/odd", "needs a reason"),
        ("--timeout", "0", "allowed: a number of seconds from 0.001 to 86400"),
        ("--timeout", "NaN", "allowed: a number of seconds"),
        ("--fail-on", "warning", "allowed: fail, warn"),
        ("-o", "html", "comes with a later version"),
        ("-o", "json=", "no path after the equals sign"),
        ("--ca-file", "missing.pem", "cannot be read"),
        ("--ca-file", "cut.pem", "1 certificates begin in this file and 0 end"),
        ("--ca-file", "junk.pem", "no certificate that could be trusted as a root"),
        ("--ca-file", "key.pem", "a private key and no certificate"),
        ("--ca-file", "der.crt", "openssl x509 -inform der"),
    ] {
        let said = complaint(&[(flag, text)], "");
        assert!(said.contains(expected), "{flag} {text}:\n{said}");
        assert!(said.contains('^'), "{flag} {text}:\n{said}");
    }
}

#[test]
fn a_feature_that_the_product_lacks_is_refused() {
    let said = complaint(&[("--ghe-com", "octocorp"), ("--feature", "actions")], "");
    assert!(said.contains("does not exist when the target is GHE.com"), "{said}");
}

#[test]
fn everything_wrong_is_told_at_once_with_its_place() {
    let file = "tmeout = 5\nserver = 7\n[trust]\nsytem = \"x\"\n";
    let said = complaint(&[], file);
    for expected in [
        "there is no key `tmeout`\n --> conf/gh-connect.toml:1:1\n",
        "did you mean `timeout`?",
        "`server` is a text, not a number\n --> conf/gh-connect.toml:2:10\n",
        "there is no key `trust.sytem`\n --> conf/gh-connect.toml:4:1\n",
        "did you mean `system`?",
    ] {
        assert!(said.contains(expected), "{expected}:\n{said}");
    }
    let said = complaint(&[("--timeout", "soon"), ("--also", "a b")], "deadline = 0");
    assert_eq!(said.matches("error:").count(), 3, "{said}");
}

#[test]
fn the_caret_stands_under_the_part_that_is_wrong() {
    let said = complaint(&[("--waive", "fake/od=fine")], "");
    let expected = "\
error: there is no finding `fake/od`
 --> command line
  |
  | --waive fake/od=fine
  |         ^^^^^^^
";
    assert!(said.starts_with(expected), "{said}");
    // What stands in a file is not repeated; its place is told to the character.
    let said = complaint(&[], "  waive = [\"fake/odd=fine\",\n    \"fake/od=fine\"]");
    let expected = "\
error: there is no finding of this name
 --> conf/gh-connect.toml:2:6
  |
2 |   waive = [not shown]
  |           ^^^^^^^^^^^
  = did you mean `fake/odd`?
";
    assert!(said.starts_with(expected), "{said}");
}

/// A password may be pasted behind any key, in any shape.
#[test]
fn no_value_of_a_file_is_repeated() {
    let keys = [
        "server",
        "enterprise",
        "ghe-com",
        "proxy",
        "ca-file",
        "resolver",
        "connect-to",
        "egress-ip",
        "ghe-config",
        "also",
        "feature",
        "only",
        "skip",
        "waive",
        "timeout",
        "deadline",
        "output",
        "fail-on",
        "color",
        "hosts-file",
        "loopback-only",
        "trust",
        "trust.system",
        "egress.echo",
        "billing.invoiced",
        "billing.invoiced.on",
        "timout",
        "\"time\\u006fut\"",
    ];
    let shapes = [
        "\"hunter2 !\"",
        "'hunter2 !'",
        "hunter2",
        "[\"hunter2 !\"]",
        "[\n  \"hunter2 !\",\n  7]",
        "\"\"\"\nhunter2\"\"\"",
        "{ a = \"hunter2\" }",
        "\"hunter2",
        "0 # hunter2\nx = 1",
        "5hunter2",
        "\"x\" hunter2",
        "[\"@hunter2 !\"]",
        "\"@hunter2\"",
        "\"x:hunter2:y:z\"",
        "[\"x:hunter2:y:z\"]",
        "[\"x:hunter2\"]",
        "[\"json=/nowhere/hunter2\"]",
        "\"http://hunter2\"",
    ];
    for (key, shape) in keys.iter().flat_map(|key| shapes.map(|shape| (key, shape))) {
        let file = format!("{key} = {shape}");
        let Err(said) = told(&[], &file, &[]) else { continue };
        assert!(!said.contains("hunter2"), "{file}\n{said}");
        assert!(said.contains("conf/gh-connect.toml:"), "{file}\n{said}");
    }
}

/// Every flag of `check` has its key, and every key that is no flag is one of a few.
#[test]
fn the_file_says_what_flags_say() {
    use clap::CommandFactory as _;
    let command = crate::cli::Cli::command();
    let check = command.find_subcommand("check").expect("the command");
    let flags: Vec<&str> = check.get_arguments().filter_map(|arg| arg.get_long()).collect();
    for flag in &flags {
        let known = !complaint(&[], &format!("{flag} = {{}}")).contains("there is no key");
        assert_eq!(known, !matches!(*flag, "lab" | "config" | "attest-invoiced"), "{flag}");
    }
    let said = complaint(&[], "x = 1");
    let keys = said.split("allowed: ").nth(1).expect("a list").trim().split(", ");
    let others: Vec<&str> = keys.filter(|key| !flags.contains(key)).collect();
    assert_eq!(others, ["color", "hosts-file", "loopback-only", "trust", "egress", "billing"]);
}

#[test]
fn an_attestation_has_a_name_a_day_and_evidence() {
    let invoiced = |flags: &[(&'static str, &str)], file: &str| {
        let plan = told(flags, file, &[]).expect("it makes sense").plan;
        plan.account.invoiced.map(|said| (said.value.by, said.value.on.to_string(), said.origin.to_string()))
    };
    let file = "[billing]\ninvoiced = { by = \"Ana\", on = 2026-01-02, evidence = \"invoice 7\" }";
    let expected = ("Ana".to_owned(), "2026-01-02".to_owned(), "conf/gh-connect.toml:2".to_owned());
    assert_eq!(invoiced(&[], file), Some(expected.clone()));
    assert_eq!(invoiced(&[], &file.replace("2026-01-02", "\"2026-01-02\"")), Some(expected));
    let (by, on, origin) = invoiced(&[("--attest-invoiced", "Bo: seen")], file).expect("one");
    assert_eq!((by.as_str(), origin.as_str()), ("Bo", "flag --attest-invoiced"));
    assert!(on.as_str() > "2026-01-02");
    assert_eq!(invoiced(&[], "[billing]"), None);
    for (flags, file, said) in [
        (&[("--attest-invoiced", "Bo")][..], "", "who attests it"),
        (&[("--attest-invoiced", ": seen")], "", "who attests it"),
        (&[], "billing.invoiced = { by = \"Ana\" }", "lacks `on` and `evidence`"),
        (&[], "billing.invoiced = { by = \"Ana\", on = \"May\", evidence = \"x\" }", "this is no date"),
        (&[], "billing.invoiced = { by = \"Ana\", on = 9999-01-01, evidence = \"x\" }", "yet to come"),
        (&[], "billing.invoiced = { by = \"\", on = 2026-01-02, evidence = \"x\" }", "says nothing"),
        (&[], "attest-invoiced = \"x: y\"", "[billing] invoiced"),
        (&[], "ghe-config = \"@hello\"", "this file cannot be read"),
        (&[], "egress.echo = [\"ftp://x/\"]", "not the address of a web page"),
        (&[], "egress.echo = [\"https://u:p@x/\"]", "user name or password"),
    ] {
        let complaint = complaint(flags, file);
        assert!(complaint.contains(said), "{file}: {complaint}");
    }
}

#[test]
fn only_one_report_goes_to_stdout() {
    let said = complaint(&[("-o", "json"), ("-o", "table=-")], "");
    assert!(said.contains("another report already goes to stdout"), "{said}");
    let outputs = told(&[("-o", "json=a"), ("-o", "table")], "", &[]).expect("it makes sense").outputs;
    assert_eq!(outputs.len(), 2);
}

proptest! {
    #[test]
    fn any_file_is_read_or_refused(text in "(?s).{0,200}") {
        let _ = told(&[], &text, &[]);
    }

    #[test]
    fn any_value_is_understood_or_refused(text in ".{0,60}") {
        for flag in ["--server", "--enterprise", "--ghe-com", "--proxy", "--no-proxy", "--timeout", "--fail-on", "--resolver",
            "--connect-to", "--egress-ip", "--ghe-config", "--attest-invoiced", "--also", "--feature", "--only", "--waive", "-o"] {
            let _ = told(&[(flag, &text)], "", &[]);
        }
        let quoted = toml::Value::String(text.clone());
        let _ = told(&[], &format!("proxy = {quoted}\nalso = [{quoted}]\nwaive = [{quoted}]"), &[("HTTPS_PROXY", &text)]);
    }

    #[test]
    fn a_slip_in_a_key_is_told_with_its_line(lines in 0_usize..5, key in "[a-z]{1,12}") {
        let text = format!("{}{key} = {{}}", "\n".repeat(lines));
        let said = complaint(&[], &text);
        let expected = format!("conf/gh-connect.toml:{}:", lines + 1);
        prop_assert!(said.contains(&expected), "{}", said);
    }
}

#[test]
fn what_replaces_the_servers_own_way_is_listed() {
    let listed = |flags: &[(&'static str, &str)], file: &str| -> Vec<(String, String)> {
        let all = told(flags, file, &[("SSL_CERT_FILE", ""), ("HTTPS_PROXY", "http://p.example:1")])
            .expect("a plan")
            .plan
            .what_if;
        all.into_iter().map(|one| (one.setting, one.origin)).collect()
    };
    let said = |setting: &str, origin: &str| (setting.to_owned(), origin.to_owned());
    assert_eq!(
        listed(&[("--server", "https://a.example"), ("--egress-ip", "192.0.2.1"), ("--timeout", "1")], ""),
        []
    );
    let flags = [("--connect-to", "::127.0.0.1:"), ("--resolver", "192.0.2.53"), ("--ca-file", "root.pem")];
    assert_eq!(
        listed(&flags, "[trust]\nsystem = 'root.pem'\npublic = 'root.pem'\n"),
        [
            said("connect-to", "flag --connect-to"),
            said("resolver", "flag --resolver"),
            said("trust-system", "conf/gh-connect.toml:2"),
            said("ca-file", "flag --ca-file"),
            said("trust-public", "conf/gh-connect.toml:3"),
        ]
    );
}

#[test]
fn what_ghe_config_printed_comes_as_a_text_or_from_elsewhere() {
    const ON: &str = "app.github.github-connect-ghe-com-enabled true";
    let account = |text: &str| plan(&[("--ghe-config", text)], "", &[]).account;
    let settings = |text: &str| account(text).ghe_config.map(|settings| settings.value);
    assert_eq!(settings(""), Some(String::new()));
    assert_eq!(settings(&format!("Welcome!\n{ON}\ncore.secret x")), Some(ON.to_owned()));
    assert_eq!(settings("-"), Some(String::from_utf8_lossy(INPUT).into_owned()));
    // What tells nothing is for the check to judge.
    for text in
        ["failed", "ssh: connect to host ghes.corp.example port 122: Connection refused", &"x".repeat(70_000)]
    {
        let account = account(text);
        assert!(account.ghe_config.is_none() && account.ghe_config_unread.is_some());
    }
    let account = plan(&[], "ghe-config = '-'", &[]).account;
    assert!(
        account.ghe_config.is_some_and(|settings| settings.origin == Origin::file("conf/gh-connect.toml", 1))
    );
}

/// What stands on standard input.
const INPUT: &[u8] = b"app.github.github-connect-ghe-com-enabled false";
