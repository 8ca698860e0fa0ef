//! A password that was said anywhere is shown nowhere: in no report of any format and verbosity, in no error, in no log line,
//! neither plain nor encoded.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::process::Command;

use support::{gh_connect, read, world};

/// What nobody may see. It needs encoding everywhere: in a URL, in JSON, in a shell.
const PASSWORD: &str = "c%nary:4711/\"ü";
const USER: &str = "canary-user";
/// The same as it stands in a URL.
const ENCODED: &str = "c%25nary%3A4711%2F%22%C3%BC";
/// All of its forms that a careless line could show.
const FORMS: [&str; 6] = [
    "c%nary:4711",
    "c%25nary",
    "4711%2F",
    "4711%2f",
    // `canary-user:` and the password, and the password alone, in base64.
    "Y2FuYXJ5LXVzZXI6YyVuYXJ5OjQ3MTEvIsO8",
    "YyVuYXJ5OjQ3MTEvIsO8",
];

#[test]
fn the_forms_are_those_of_the_password() {
    use gh_connect_engine::ProxyUrl;
    let url = ProxyUrl::parse(&format!("http://{USER}:{ENCODED}@proxy:1")).unwrap();
    assert_eq!(url.credentials.unwrap().password.expose(), PASSWORD);
}

#[test]
fn not_when_the_environment_has_it_and_the_proxy_takes_it() {
    let rules = format!("auth = \"basic\"\nuser = '{USER}'\npassword = '{PASSWORD}'");
    in_every_report(&environment(&rules), &[], "[redacted]@proxy.corp.example");
    // What is taken out of reports is still there where it is needed.
    let world = world("secrets", &environment(&rules));
    let output = gh_connect(["check", &world.argument(), "-o", "json"]).output().unwrap();
    assert_eq!(support::Ran::of(&output).unwrap().record.root_causes, Vec::<String>::new());
}

#[test]
fn not_when_the_environment_has_it_and_the_proxy_refuses_it() {
    in_every_report(&environment("auth = \"basic\""), &[], "proxy/auth-rejected");
}

#[test]
fn not_when_the_file_has_it() {
    let text = format!("[check]\nproxy = '{}'\n[proxy]\nauth = \"basic\"", url("http"));
    in_every_report(&text, &[], "proxy/auth-rejected");
}

#[test]
fn not_when_a_flag_has_it() {
    in_every_report("[proxy]\nauth = \"basic\"", &["--proxy", &url("http")], "proxy/auth-rejected");
}

#[test]
fn not_when_the_scheme_cannot_be_used() {
    in_every_report("", &["--proxy", &url("socks5")], "proxy/unsupported-scheme");
}

#[test]
fn not_when_the_environment_holds_no_url() {
    let text = format!("[environment]\nHTTPS_PROXY = '{}'", url("http").replace("://", "//"));
    in_every_report(&text, &[], "proxy/invalid-url");
}

#[test]
fn not_in_usage_errors() {
    let bad = url("http").replace("://", "//");
    let good = url("http");
    let spaced = format!("http//{USER}:{PASSWORD} 4711/@proxy");
    let rows: &[&[&str]] = &[
        &["check", "--proxy", &bad],
        &["check", &format!("--proxy={bad}")],
        &["check", "--proxy", &spaced],
        &["check", "--proxy", &format!("{good}/path")],
        &["check", "--proxy", &good, "--timeout", "soon"],
        &["check", "--server", &good.replace("proxy.corp", "ghes.corp")],
        &["check", "--also", &good],
        &["check", "--resolver", &good],
        &["check", "--connect-to", &good],
        &["check", "--waive", &format!("dns/slow={good}"), "--timeout", "soon"],
        &["check", "--only", &good],
        &["check", "--feature", &good],
        &["check", "-o", &good],
        &["check", "--config", &good],
        &["check", &good],
        &["check", &format!("--proxies={good}")],
        &["check", "--fail-on", &good],
        &["check", &format!("--lab={good}")],
        &["explain", &good],
        &["explain", "a", &good],
        &["lab", &good],
        &["lab", "--for", &good],
        &["completions", &good],
        &[&good],
    ];
    for arguments in rows {
        let output = gh_connect(*arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        nowhere(&output.stdout, &format!("stdout of {arguments:?}"));
        nowhere(&output.stderr, &format!("stderr of {arguments:?}"));
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn not_in_errors_about_a_file() {
    let (bad, good) = (url("http").replace("://", "//"), url("http"));
    for (name, text) in [
        ("malformed", format!("proxy = '{bad}'")),
        ("unterminated", format!("proxy = 'http://{USER}:{PASSWORD} {ENCODED}@proxy\n")),
        ("elsewhere", format!("server = '{good}'\nalso = ['{good}', 7]")),
        ("unknown", format!("prxy = '{good}'\nproxy = ['{good}']")),
    ] {
        let directory = world(name, "");
        std::fs::write(directory.path("gh-connect.toml"), text).unwrap();
        let mut command = gh_connect(["check", "--config", "gh-connect.toml"]);
        let output = command.current_dir(directory.path("")).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}");
        nowhere(&output.stderr, name);
        assert!(String::from_utf8_lossy(&output.stderr).contains("gh-connect.toml:1:"), "{name}");
    }
}

#[test]
fn not_when_a_token_of_the_environment_is_said_elsewhere() {
    let variables =
        ["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GHE_MANAGE_PASSWORD"];
    for variable in variables {
        let output =
            gh_connect(["check", "--only", PASSWORD, PASSWORD]).env(variable, PASSWORD).output().unwrap();
        nowhere(&output.stderr, variable);
        let output = gh_connect(["check", "--only", PASSWORD]).env(variable, PASSWORD).output().unwrap();
        nowhere(&output.stderr, variable);
        assert!(String::from_utf8_lossy(&output.stderr).contains("[redacted]"), "{variable}");
    }
}

/// A value of several lines is shown a line at a time, and the line with the password has no `@` in it.
#[test]
fn not_when_the_value_is_broken_into_lines() {
    const CANARY: &str = "sekr1tXY99";
    for (number, value) in [
        format!("'''http://u:{CANARY}\n@p:1'''"),
        format!("'''http://u:\n{CANARY}@p:1'''"),
        format!("'''\nhttp://u:{CANARY}\n@p:1"),
        format!("\"http://u:{CANARY}\n@p:1\""),
        format!("\"http://u:\n{CANARY}@p:1\""),
        format!("\"http://u:{CANARY}"),
        format!("http://u:{CANARY}"),
        format!("[\"http://u:{CANARY}\", 7]"),
        format!("\"\"\"http://u:{CANARY}\\\n@p:1\"\"\" x"),
    ]
    .into_iter()
    .enumerate()
    {
        for key in ["proxy", "server", "HTTPS_PROXY", "check.proxy"] {
            let directory = world("lines", &format!("[environment]\n{key} = {value}\n[abuot]\n"));
            let text = format!("{key} = {value}\ntimeout = 'soon'\n");
            std::fs::write(directory.path("gh-connect.toml"), text).unwrap();
            for arguments in [&["check", "--config", "gh-connect.toml"][..], &["check", "--lab=world.toml"]] {
                let output = gh_connect(arguments).current_dir(directory.path("")).output().unwrap();
                let stderr = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.code(), Some(2), "{key} {number}: {stderr}");
                assert!(!stderr.contains(CANARY), "{key} {number} {arguments:?}: {stderr}");
            }
        }
        let output = gh_connect(["check", "--timeout", "soon", "--proxy", &value]).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!value.contains('@') || !stderr.contains(CANARY), "flag {number}: {stderr}");
    }
}

/// A credential where none belongs: not shown, and its owner learns where it does belong.
#[test]
fn not_when_it_stands_in_the_wrong_place() {
    const TOKEN: &str = "ghp_canary0123456789abcdef";
    for (name, text) in [
        ("unknown", format!("token = '{TOKEN}'")),
        ("password", "GHE_MANAGE_PASSWORD = 'canary-4711'".to_owned()),
        ("nested", "billing = { invoiced = { by = 'Ana', secret = 'canary-4711' } }".to_owned()),
        ("no-toml", "GH_TOKEN = canary-4711".to_owned()),
        ("yaml", "token: canary-4711".to_owned()),
        ("shell", "export GH_TOKEN='canary-4711'".to_owned()),
        ("slug", format!("enterprise = '{TOKEN}'")),
        ("reason", format!("waive = ['port-80/closed={TOKEN}']")),
        ("settings", format!("ghe-config = 'app.github.github-connect-x {TOKEN}'")),
        ("header", "no-proxy = 'Authorization: Bearer canary-4711'".to_owned()),
        ("key", format!("'{TOKEN}' = 1\ntoken = 1")),
    ] {
        let directory = world("misplaced", "");
        std::fs::write(directory.path("file.toml"), text).unwrap();
        let output =
            gh_connect(["check", "--config", "file.toml"]).current_dir(directory.path("")).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(!stderr.contains("canary") && stderr.contains("GHE_MANAGE_PASSWORD"), "{name}: {stderr}");
    }
    for arguments in [
        &["check", TOKEN][..],
        &["check", "--enterprise", TOKEN],
        &["check", "--token", TOKEN],
        &["check", "--token=canary-4711"],
        &["check", "--password", "canary-4711"],
        &["check", "GH_TOKEN=canary-4711"],
        &["check", "--ghe-config", TOKEN, "--lab"],
        &["explain", TOKEN],
        &["lab", TOKEN],
    ] {
        let output = gh_connect(arguments).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
        assert!(
            !stderr.contains("canary") && stderr.contains("GHE_MANAGE_PASSWORD"),
            "{arguments:?}: {stderr}"
        );
    }
}

/// Where a URL is wanted, credentials may stand in any part of it.
#[test]
fn not_behind_the_host_of_a_url() {
    for text in [
        "environment.HTTPS_PROXY = 'http://proxy.corp.example:3128/?pw=canary4711'",
        "environment.HTTPS_PROXY = 'http://proxy.corp.example:3128/canary4711'",
        "environment.HTTPS_PROXY = 'proxy.corp.example:3128:user:canary4711'",
        "environment.NO_PROXY = 'localhost,user:canary4711@proxy.corp.example'",
        "check.egress.echo = ['https://echo.corp.example/ip?apikey=canary4711']",
        "check.egress.echo = ['https://echo.corp.example/hooks/canary4711canary4711']",
        "check.egress.echo = ['https://echo.corp.example/#canary4711']",
    ] {
        let world = world("url", text);
        for format in ["json", "table", "short"] {
            let output = gh_connect(["check", &world.argument(), "-v", "-o", format]).output().unwrap();
            let all = [&output.stdout, &output.stderr]
                .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
                .concat();
            assert!(!all.contains("canary4711") && output.status.code() != Some(2), "{text}: {all}");
        }
    }
}

/// Runs a world with every format and verbosity; `seen` proves that the run was about the secret.
fn in_every_report(text: &str, flags: &[&str], seen: &str) {
    let world = world("secrets", text);
    for look in [&["-q"][..], &[], &["-v"], &["-v", "--color", "always"]] {
        let (short, json) = (world.path("short"), world.path("json"));
        let output = gh_connect(["check", &world.argument(), "-o", "table"])
            .args(["-o", &format!("short={}", short.display()), "-o", &format!("json={}", json.display())])
            .args(flags)
            .args(look)
            .output()
            .unwrap();
        let name = format!("{look:?} {}", String::from_utf8_lossy(&output.stderr));
        assert!(matches!(output.status.code(), Some(0 | 1)), "{name}");
        nowhere(&output.stdout, &format!("table {name}"));
        nowhere(&output.stderr, &format!("stderr {name}"));
        nowhere(read(short).as_bytes(), &format!("short {name}"));
        let json = read(json);
        nowhere(json.as_bytes(), &format!("json {name}"));
        assert!(json.contains(seen), "{seen} is not in {json}");
    }
}

fn nowhere(bytes: &[u8], place: &str) {
    let text = String::from_utf8_lossy(bytes);
    for form in FORMS.into_iter().chain([PASSWORD, ENCODED]) {
        assert!(!text.contains(form), "{form} stands in {place}:\n{text}");
    }
}

fn url(scheme: &str) -> String {
    format!("{scheme}://{USER}:{ENCODED}@proxy.corp.example:3128")
}

/// A world whose environment names the proxy, and a proxy with these rules.
fn environment(rules: &str) -> String {
    format!("[environment]\nHTTPS_PROXY = '{}'\n[proxy]\n{rules}", url("http"))
}

/// The test would prove nothing if the program were not run.
#[test]
fn the_search_finds_what_is_there() {
    let output = Command::new("printf").args(["%s", PASSWORD]).output().unwrap();
    assert!(std::panic::catch_unwind(|| nowhere(&output.stdout, "here")).is_err());
}

/// Somebody's password is a word of the report. The report stays whole; what the proxy sends back does not show it.
#[test]
fn a_password_that_is_a_common_word_breaks_nothing() {
    for word in ["proxy", "passed", "github", "true"] {
        let text = format!(
            "[environment]\nHTTPS_PROXY = 'http://user:{word}@proxy.corp.example:3128'\n\
             [proxy]\nauth = \"basic\"\npassword = '{word}'"
        );
        let world = world("word", &text);
        let output = gh_connect(["check", &world.argument(), "-o", "json"]).output().unwrap();
        let ran = support::Ran::of(&output).unwrap();
        assert_eq!(ran.record.root_causes, Vec::<String>::new(), "{word}");
        assert!(ran.record.checks.iter().any(|check| check.id == "proxy"), "{word}");
    }
}
