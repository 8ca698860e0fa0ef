//! No secret of either side stands in anything that a run writes: tokens, the Manage API's password, what the server's settings
//! hold, the password of its proxy. Each world's secrets are canaries that the lab names, and they are looked for in every form.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod support;

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Command, Output, Stdio},
};

use base64::{Engine as _, engine::general_purpose};
use gh_connect_lab::{LabThread, World};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use support::{WorldFile, gh_connect, world};

/// The server's proxy with a password that needs encoding everywhere, and a proxy that takes it.
const PROXY: &str = r#"
[server]
http-proxy = "http://svc:c%25nary%3A4711%2F%22%C3%BC@proxy.corp.example:3128"
[proxy]
auth = "basic"
user = "svc"
password = "c%nary:4711/\"ü"
connect-ports = [443, 8443]
"#;

#[test]
fn not_when_all_is_well() {
    let seen = in_every_report("well", "");
    assert!(seen.contains("ghe-admin") && seen.contains("octo-owner"), "{seen}");
}

#[test]
fn not_when_the_servers_proxy_has_a_password() {
    let seen = in_every_report("proxy", PROXY);
    assert!(seen.contains("[redacted]@proxy.corp.example"), "{seen}");
    let refused = PROXY.replace("password = \"c%nary", "password = \"other");
    assert!(in_every_report("refused", &refused).contains("proxy/auth-rejected"));
    let differs = format!("check.proxy = 'http://x:canary-of-the-file@proxy.corp.example:3128'\n{PROXY}");
    in_every_report("differs", &differs);
    let no_url = PROXY.replace("http://svc", "http//svc");
    in_every_report("no url", &no_url);
    let unsupported = PROXY.replace("http://svc", "socks5://svc");
    in_every_report("unsupported", &unsupported);
}

#[test]
fn not_when_a_credential_is_refused() {
    for (name, text) in [
        ("revoked", "token.cloud.revoked = true\ntoken.server.revoked = true"),
        ("sso", "token.cloud.sso = 'required'"),
        ("policy", "token.cloud.forbidden-by-policy = true"),
        ("scopes", "token.cloud.scopes = []\ntoken.server.scopes = []"),
        ("limit", "token.cloud.remaining = 0"),
        ("fine-grained", "token.cloud.kind = 'fine-grained'"),
        ("list", "enterprise.allow-list.entries = []"),
        ("bad token", "environment.GH_TOKEN = 'ghp_canary with a space'\n"),
        ("bad manage", "environment.GHE_MANAGE_PASSWORD = 'canary of nobody:%'"),
    ] {
        in_every_report(name, text);
    }
}

/// A reply in which everything stands, and is no answer: it is told by its kind alone.
#[test]
fn not_when_the_settings_come_as_they_should_not() {
    for change in [
        "status = 500",
        "status = 401",
        "status = 403",
        "status = 404",
        "status = 302\nheaders = { Location = 'https://ghes.corp.example/' }",
        "headers = { Content-Type = 'text/html' }",
        "answer = 'truncated'",
        "answer = 'arrays'",
        "answer = 'extra-fields'",
        "answer = 'wrong-types'",
        "answer = 'wrong-charset'",
        "answer = 'escape'",
    ] {
        let endpoint = format!("[endpoint.\"ghes.corp.example:8443/manage/v1/config/settings\"]\n{change}\n");
        in_every_report("settings", &format!("{PROXY}{endpoint}"));
    }
}

/// Servers that repeat what they were sent, in words, in headers and in addresses.
#[test]
fn not_when_the_other_side_repeats_it() {
    let lab = LabThread::start(&World::healthy()).unwrap();
    let environment = lab.environment();
    let told: Vec<&str> = SECRET_VARIABLES.iter().map(|name| environment[*name].as_str()).collect();
    let (words, encoded) = (told.join(" and "), percent(&told.join("&")));
    let message =
        serde_json::to_string(&serde_json::json!({ "message": words, "documentation_url": encoded }));
    let message = message.unwrap();
    for endpoint in ["api.github.com/*", "ghes.corp.example/api/*", "ghes.corp.example:8443/manage/*"] {
        for (status, body) in
            [(401, &message), (403, &message), (500, &words), (200, &words), (200, &message)]
        {
            let body = toml::Value::from(body.as_str());
            let headers = "headers = { X-GitHub-SSO = 'required; url=https://github.com/ghp_LabTokenOfTheOwnerOnTheCloudSide0001' }";
            let text = format!("[endpoint.\"{endpoint}\"]\nstatus = {status}\nbody = {body}\n{headers}\n");
            in_every_report("repeats", &text);
        }
        let answer = format!(
            "[endpoint.\"{endpoint}\"]\nanswer = 'redirect'\nlocation = 'https://x.example/?{encoded}'\n"
        );
        in_every_report("redirects", &answer);
    }
}

/// A server that sends back what it was sent, in a form of its own: none of it is shown, not even a part.
#[test]
fn not_when_the_other_side_repeats_it_in_another_form() {
    let lab = LabThread::start(&World::healthy()).unwrap();
    let mut cases = Vec::new();
    for (variable, endpoint) in [
        ("GH_TOKEN", "api.github.com/graphql"),
        ("GH_ENTERPRISE_TOKEN", "ghes.corp.example/api/v3/user"),
        ("GHE_MANAGE_PASSWORD", "ghes.corp.example:8443/manage/v1/config/license"),
    ] {
        let secret = &lab.environment()[variable];
        cases.extend(disguises(secret).into_iter().map(|form| (endpoint, form)));
    }
    let failures = support::failures_of(&cases, |(endpoint, form)| repeated(endpoint, form));
    assert!(failures.is_empty(), "{} of {}: {}", failures.len(), cases.len(), failures.join("\n"));
}

fn repeated(endpoint: &str, form: &str) -> Result<(), String> {
    // Cut off where a report cuts it, too.
    for form in [format!("you sent {form} to us"), format!("you sent {}{form}", "x ".repeat(70))] {
        let body = serde_json::json!({ "message": form }).to_string();
        let text = format!("[endpoint.\"{endpoint}\"]\nstatus = 418\nbody = {}\n", toml::Value::from(body));
        let world = world("disguises", &text);
        let mut command = gh_connect([
            "check",
            &world.argument(),
            "-v",
            "-o",
            "table",
            "-o",
            "short=short",
            "-o",
            "json=record",
        ]);
        let output = command.current_dir(world.path("")).output().unwrap();
        let files = ["short", "record"].map(|name| support::read(world.path(name)));
        let all = [
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ];
        for written in all.iter().chain(&files) {
            let flat: String = written.split_whitespace().collect();
            let letters: Vec<char> =
                form.replace("you sent ", "").replace("x ", "").replace(" to us", "").chars().collect();
            let part = letters.windows(A_PART).map(|part| part.iter().collect::<String>());
            let shown = part.rev().find(|part| flat.contains(&part.split_whitespace().collect::<String>()));
            if let Some(part) = shown {
                return Err(format!("{part} of {form} is in {written}"));
            }
        }
        if !files[1].contains("you sent ") {
            return Err(format!("nothing was repeated: {}", files[1]));
        }
    }
    Ok(())
}

/// What another program may make of a secret.
fn disguises(secret: &str) -> Vec<String> {
    let each = |write: &dyn Fn(char) -> String| secret.chars().map(write).collect::<String>();
    let mut all = forms(secret);
    all.extend([
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        percent(&percent(secret)),
        each(&|c| format!("%{:02x}", u32::from(c))),
        each(&|c| format!("\\u{:04x}", u32::from(c))),
        each(&|c| format!("&#{};", u32::from(c))),
        each(&|c| format!("&#x{:X};", u32::from(c))),
        each(&|c| format!("{:02x}", u32::from(c))),
        each(&|c| format!("{:02X}", u32::from(c))),
        percent(&general_purpose::STANDARD.encode(secret)),
        general_purpose::STANDARD.encode(percent(secret)),
        general_purpose::STANDARD.encode(general_purpose::STANDARD.encode(secret)),
        secret.to_uppercase(),
        each(&|c| format!("{c}\u{200b}")),
    ]);
    all
}

/// So much of a secret is too much.
const A_PART: usize = 12;

#[test]
fn not_when_the_run_is_interrupted() {
    let silent = "[endpoint.\"api.github.com/graphql\"]\nanswer = 'silent'\n\
                  [endpoint.\"ghes.corp.example:8443/manage/v1/config/license\"]\nanswer = 'drip'\n";
    let text = format!("[check]\ntimeout = 30\n{PROXY}{silent}");
    for signal in ["INT", "TERM"] {
        let world = world("interrupted", &text);
        let mut command = gh_connect(["check", &world.argument(), "-v", "-o", "table", "-o", "json=record"]);
        let mut child = command
            .current_dir(world.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        while stderr.read_line(&mut said).unwrap() > 0 && !said.contains("still waiting") {}
        let kill = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        stderr.read_to_string(&mut said).unwrap();
        let mut output = child.wait_with_output().unwrap();
        assert!(matches!(output.status.code(), Some(130 | 143)), "{:?}: {said}", output.status);
        output.stderr = said.into_bytes();
        nowhere(&output, &world, &secrets_of(&text), "interrupted");
    }
}

#[test]
fn not_when_something_is_said_wrongly() {
    let text = format!("{PROXY}\n[environment]\nNO_PROXY = 'x'\n");
    let secrets = secrets_of(&text);
    let environment = LabThread::start(&World::parse("wrong", &text).unwrap()).unwrap().environment();
    for (_, secret) in &secrets {
        for arguments in [
            vec!["check", "--enterprise", secret],
            vec!["check", "--server", secret],
            vec!["check", secret],
            vec!["check", "--only", secret],
            vec!["check", "--lab", secret],
            vec!["explain", secret],
        ] {
            let world = world("wrong", &text);
            let mut command = gh_connect(&arguments);
            let output = command.current_dir(world.path("")).envs(&environment).output().unwrap();
            // What no variable of the run has is no secret to it.
            let known: Vec<_> =
                secrets.iter().filter(|(_, value)| environment.values().any(|has| has == value)).collect();
            let known: Vec<_> = known.into_iter().cloned().collect();
            assert_ne!(output.status.code(), Some(0));
            nowhere(&output, &world, &known, &arguments[..2].join(" "));
        }
    }
}

/// Runs a world with every format and verbosity, and gives all that was written.
fn in_every_report(name: &str, text: &str) -> String {
    let secrets = secrets_of(text);
    let mut all = String::new();
    for look in [&["-q"][..], &[], &["-v"], &["-v", "--color", "always"]] {
        let world = world("canaries", &format!("check.timeout = 2\n{text}"));
        let output =
            gh_connect(["check", &world.argument(), "-o", "table", "-o", "short=short", "-o", "json=record"])
                .args(look)
                .current_dir(world.path(""))
                .output()
                .unwrap();
        let code = output.status.code();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(code, Some(0 | 1 | 3)), "{name} {look:?}: {code:?} {stderr}");
        all.push_str(&nowhere(&output, &world, &secrets, &format!("{name} {look:?}")));
    }
    all
}

/// Looks for the secrets in everything that a run wrote, and gives that.
fn nowhere(output: &Output, world: &WorldFile, secrets: &[(String, String)], run: &str) -> String {
    let mut written =
        vec![("stdout".to_owned(), output.stdout.clone()), ("stderr".to_owned(), output.stderr.clone())];
    for file in files(&world.path("")) {
        if !file.ends_with("world.toml") {
            written.push((file.display().to_string(), std::fs::read(file).unwrap()));
        }
    }
    let mut all = String::new();
    for (place, bytes) in written {
        let text = String::from_utf8_lossy(&bytes);
        for (name, secret) in secrets {
            for form in forms(secret) {
                let around = text
                    .find(&form)
                    .map(|at| text[..at].lines().rev().take(12).collect::<Vec<_>>().join(" < "));
                assert!(around.is_none(), "{name} stands in {place} of {run} as {form}, after {around:?}");
            }
        }
        all.push_str(&text);
    }
    all
}

fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The secrets of a world, by name. They are the same whenever it starts.
fn secrets_of(text: &str) -> Vec<(String, String)> {
    secrets(&World::parse("canaries", text).unwrap())
}

fn secrets(world: &World) -> Vec<(String, String)> {
    let lab = LabThread::start(world).unwrap();
    let environment = lab.environment();
    let given = SECRET_VARIABLES
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), environment.get(*name)?.clone())));
    let all: Vec<_> = lab.secrets().iter().cloned().chain(given).collect();
    assert!(all.len() > 10 && all.iter().all(|(_, value)| value.len() >= 8), "{all:?}");
    all
}

/// What a careless line could show of a secret.
fn forms(secret: &str) -> Vec<String> {
    let quoted = serde_json::to_string(secret).unwrap();
    let encoded = percent(secret);
    let mut forms =
        vec![secret.to_owned(), quoted.trim_matches('"').to_owned(), encoded.to_lowercase(), encoded];
    // Within a longer text base64 has one of three forms, whose ends depend on what stands beside.
    for before in 0..3 {
        let text = format!("{}{secret}", "x".repeat(before));
        for engine in [&general_purpose::STANDARD_NO_PAD, &general_purpose::URL_SAFE_NO_PAD] {
            let base64 = engine.encode(&text);
            let (first, last) = ((before * 4).div_ceil(3), text.len() / 3 * 4);
            forms.push(base64[first..last].to_owned());
        }
    }
    forms
}

fn percent(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The search would prove nothing if it did not find what is there.
#[test]
fn the_search_finds_every_form() {
    let secret = "c%nary:4711/\"ü";
    let found = |text: &str| forms(secret).iter().any(|form| text.contains(form.as_str()));
    for text in [
        secret.to_owned(),
        format!("http://svc:{}@proxy", percent(secret)),
        percent(secret).to_lowercase(),
        serde_json::json!({ "password": secret }).to_string(),
        general_purpose::STANDARD.encode(format!("svc:{secret}")),
        general_purpose::STANDARD.encode(format!("user:{secret}")),
        general_purpose::STANDARD.encode(format!("users:{secret}, and more")),
        general_purpose::URL_SAFE.encode(secret),
    ] {
        assert!(found(&text), "{text}");
    }
    assert!(!found("svc:[redacted]@proxy"));
}

/// What the run brings along.
const SECRET_VARIABLES: [&str; 3] = ["GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GHE_MANAGE_PASSWORD"];
