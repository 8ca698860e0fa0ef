//! A lab world is the same whether `check` starts it or `lab` does, and as rich as what is asked of it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{Command, Stdio},
};

use gh_connect_engine::{Severity, State};
use support::{Ran, check_lab, gh_connect, world};

/// Worlds that say something in each of the ways that `lab` has to hand on.
const WORLDS: [&str; 5] =
    ["healthy", "connect/unreachable", "dns/hosts-override", "proxy/auth-rejected", "proxy/invalid-url"];

#[test]
fn the_command_that_lab_prints_leads_into_the_same_world() {
    std::thread::scope(|scope| {
        for name in WORLDS {
            scope.spawn(move || {
                let inside = check_lab(name).unwrap();
                let outside = from_outside(name);
                assert_eq!(outside.record.root_causes, inside.record.root_causes, "{name}");
                assert_eq!(outside.states(), inside.states(), "{name}");
                let weighty = |ran: &Ran| ran.findings(|severity| severity != Severity::Note);
                assert_eq!(weighty(&outside), weighty(&inside), "{name}");
                assert_eq!(outside.exit, inside.exit, "{name}");
            });
        }
    });
}

/// Starts `gh-connect lab`, runs the command that it prints, and ends it.
fn from_outside(name: &str) -> Ran {
    let mut lab = gh_connect(["lab", name, "--for", "60"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(lab.stdout.take().unwrap()).lines().map(Result::unwrap);
    let command =
        lines.find_map(|line| line.strip_prefix("Try it:").map(|command| command.trim().to_owned()));
    let program = env!("CARGO_BIN_EXE_gh-connect");
    let command =
        format!("{} -o json", command.unwrap().replace("gh-connect check", &format!("'{program}' check")));
    let output = Command::new("sh").args(["-c", &command]).output().unwrap();
    lab.kill().unwrap();
    lab.wait().unwrap();
    Ran::of(&output).unwrap()
}

/// What a person needs for the pages: the proxy answers, and who signs in is said.
#[test]
fn lab_prints_the_way_of_a_browser() {
    let mut lab = gh_connect(["lab", "--for", "60"]).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(lab.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told: Vec<String> = lines.take_while(|line| !line.starts_with("Ctrl-C")).collect();
    let line = |start: &str| told.iter().find_map(|line| line.strip_prefix(start)).unwrap().trim();
    let proxy = line("browser ").strip_prefix("HTTP proxy ").unwrap().split(';').next().unwrap();
    let mut stream = std::net::TcpStream::connect(proxy).unwrap();
    stream
        .write_all(b"CONNECT ghes.corp.example:443 HTTP/1.1\r\nHost: ghes.corp.example:443\r\n\r\n")
        .unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head[9..], b"200");
    assert_eq!(line("page "), "https://ghes.corp.example/enterprises/corp/settings/dotcom_connection");
    let person = line("person ");
    for words in ["ghe-admin on the server", "octo-owner on GitHub", "password ", "code 314159"] {
        assert!(person.contains(words), "{person}");
    }
    assert!(line("by window ").contains(&format!("--proxy-server=http://{proxy} ")), "{told:?}");
    lab.kill().unwrap();
    lab.wait().unwrap();
}

#[test]
fn the_healthy_world_has_every_host_that_is_asked_for() {
    let arguments = [
        "check",
        "--lab",
        "-o",
        "json",
        "--ghe-com",
        "octocorp",
        "--also",
        "registry.example",
        "--feature",
        "dependabot-updates",
    ];
    let ran = Ran::of(&gh_connect(arguments).output().unwrap()).unwrap();
    assert_eq!(ran.record.root_causes, Vec::<String>::new(), "{}", ran.stderr);
    assert_eq!(ran.record.plan["targets"].as_array().unwrap().len(), 5);
    let dns = ran.record.checks.iter().find(|check| check.id == "dns").unwrap();
    assert_eq!((dns.state, dns.remarks.len()), (State::Passed, 5));
}

#[test]
fn a_world_file_is_read_and_its_slips_are_told() {
    let good = world("good", "about = \"It waits.\"\n[check]\ntimeout = 2\nca-file = [\"root.pem\"]\n");
    let missing = gh_connect(["check", &good.argument()]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2));
    let root = rcgen::generate_simple_self_signed(["root.example".to_owned()]).unwrap();
    std::fs::write(good.path("root.pem"), root.cert.pem()).unwrap();
    let ran =
        Ran::of(&gh_connect(["check", &good.argument(), "-o", "json", "--only", "dns"]).output().unwrap())
            .unwrap();
    let origin = ran.record.plan["timeout"]["origin"].as_str().unwrap();
    assert!(origin.starts_with("lab world ") && origin.ends_with("world.toml"), "{origin}");

    for (text, expected) in [
        ("abuot = \"x\"\n", "world.toml:1:1"),
        ("[host.\"github.com\".port-443]\ntcp = \"refused\"\n", "world.toml:2:7"),
        ("[check]\ntimout = 1\n", "did you mean `timeout`?"),
    ] {
        let bad = world("bad", text);
        let output = gh_connect(["check", &bad.argument()]).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr.contains(expected), "{stderr}");
    }
}
