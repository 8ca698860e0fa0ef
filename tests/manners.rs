//! What a passing run sends: one connection per address and purpose, one request on each, and nothing that says who asks.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fmt::Write as _;

use gh_connect_lab::{Event, LabThread, World};
use support::{Ran, WorldFile, gh_connect, read, world};

const HOSTS: [&str; 3] = ["api.github.com", "github.com", "uploads.github.com"];

#[test]
fn a_passing_run_asks_each_host_once() {
    let lab = LabThread::start(&World::healthy()).unwrap();
    let log = run(&lab, 0, &[]);
    let asked = |on: u16| {
        let mut requests: Vec<(String, String)> = log
            .iter()
            .filter_map(|event| match event {
                Event::Request { host, port, tls, method, path, credentials, .. } if *port == on => {
                    assert_eq!((*tls, method.as_str(), credentials.len()), (on == 443, "GET", 0));
                    Some((host.clone(), path.clone()))
                }
                _ => None,
            })
            .collect();
        requests.sort();
        requests
    };
    let owned = |requests: [(&str, &str); 3]| {
        requests.map(|(host, path)| (host.to_owned(), path.to_owned())).to_vec()
    };
    assert_eq!(asked(443), owned([(HOSTS[0], "/meta"), (HOSTS[1], "/robots.txt"), (HOSTS[2], "/")]));
    assert_eq!(asked(80), owned([(HOSTS[0], "/"), (HOSTS[1], "/"), (HOSTS[2], "/")]));
    let connections = |on: u16| {
        let mut hosts: Vec<&str> = log
            .iter()
            .filter_map(|event| match event {
                Event::Connection { host, port, .. } if *port == on => Some(host.as_str()),
                _ => None,
            })
            .collect();
        hosts.sort_unstable();
        hosts
    };
    assert_eq!((connections(443), connections(80)), (HOSTS.to_vec(), HOSTS.to_vec()));
}

#[test]
fn each_address_of_a_host_is_asked_once() {
    let text = "[host.\"github.com\"]\naddresses = ['140.82.121.3', '140.82.121.4', '2606:50c0:8000::153']\n";
    let lab = LabThread::start(&World::parse("several", text).unwrap()).unwrap();
    let log = run(&lab, 0, &[]);
    let count = |of: &str, on: u16| {
        let connections = log.iter().filter(
            |event| matches!(event, Event::Connection { host, port, .. } if host == of && *port == on),
        );
        let requests = log
            .iter()
            .filter(|event| matches!(event, Event::Request { host, port, .. } if host == of && *port == on));
        (connections.count(), requests.count())
    };
    for (host, addresses) in [("github.com", 3), ("api.github.com", 1)] {
        for port in [443, 80] {
            assert_eq!(count(host, port), (addresses, addresses), "{host}:{port}");
        }
    }
}

#[test]
fn each_address_of_the_proxy_is_asked_once_for_each_host() {
    let text = "[check]\nproxy = 'http://proxy.corp.example:3128'\n[proxy.at.\"198.51.100.8\"]\n\
                [firewall]\ndirect = 'silent'\n";
    let lab = LabThread::start(&World::parse("two-proxies", text).unwrap()).unwrap();
    let log = run(&lab, 0, &["--proxy", "http://proxy.corp.example:3128"]);
    let mut tunnels: Vec<&str> = log
        .iter()
        .filter_map(|event| match event {
            Event::Connect { target, .. } => Some(target.as_str()),
            _ => None,
        })
        .collect();
    tunnels.sort_unstable();
    let twice = HOSTS.iter().flat_map(|host| [format!("{host}:443"), format!("{host}:443")]);
    assert_eq!(tunnels, twice.collect::<Vec<_>>());
    let on_80 = |of: &str| {
        let is_asked = |event: &&Event| matches!(event, Event::Request { host, port: 80, .. } if host == of);
        log.iter().filter(is_asked).count()
    };
    assert_eq!(HOSTS.map(on_80), [2, 2, 2]);
}

/// Beside the one client, which says who asks, each address of the server's own name is asked once on either port, by nobody.
#[test]
fn each_address_of_the_server_is_asked_once_by_nobody() {
    let text = "[host.\"ghes.corp.example\".at.\"198.51.100.21\"]\n[host.\"ghes.corp.example\".at.\"2001:db8:20::21\"]\n";
    let (ran, log) = run_with_accounts(&World::parse("addresses", text).unwrap(), &[]);
    assert_eq!(ran.exit, 0, "{:?}", ran.record.root_causes);
    let (_, alone) = run_with_accounts(&World::healthy(), &[]);
    let by_nobody = |log: &[Event]| {
        let is_by_nobody = |event: &&Event| {
            matches!(event, Event::Request { host, path, credentials, .. }
                if host == "ghes.corp.example" && path != "/status" && credentials.is_empty())
        };
        asked(&log.iter().filter(is_by_nobody).cloned().collect::<Vec<_>>())
    };
    let [api, manage] =
        ["GET ghes.corp.example:443/api/v3/meta", "GET ghes.corp.example:8443/manage/v1/version"];
    assert_eq!(by_nobody(&log), [api, api, api, manage, manage, manage]);
    assert_eq!(by_nobody(&alone), Vec::<String>::new());
    assert_eq!(asked(&log).len(), asked(&alone).len() + 6);
}

#[test]
fn a_crowd_of_hosts_is_asked_once_each_as_well() {
    let mut world = World::healthy();
    let crowd: Vec<String> = (0..200).map(|nth| format!("host-{nth}.example")).collect();
    world.hosts.extend(crowd.iter().map(|host| (host.clone(), Default::default())));
    let lab = LabThread::start(&world).unwrap();
    let also: Vec<&str> = crowd.iter().flat_map(|host| ["--also", host]).collect();
    let log = run(&lab, 0, &also);
    let mut connections = std::collections::BTreeMap::new();
    for event in &log {
        if let Event::Connection { host, port, .. } = event {
            *connections.entry((host.as_str(), *port)).or_insert(0) += 1;
        }
    }
    connections.retain(|_, times| *times != 1);
    assert_eq!(connections, [].into(), "hosts that were not asked once");
}

#[test]
fn every_hello_is_small_and_names_its_host() {
    let lab = LabThread::start(&World::healthy()).unwrap();
    let mut named = Vec::new();
    for event in run(&lab, 0, &[]) {
        if let Event::Hello { host, server_name, record_bytes, .. } = event {
            assert!(record_bytes < 400, "{record_bytes}");
            assert_eq!(server_name.as_deref(), Some(host.as_str()));
            named.push(host);
        }
    }
    named.sort();
    assert_eq!(named, HOSTS);
}

#[test]
fn a_session_that_is_not_verified_carries_nothing() {
    let text = "[host.\"github.com\".port-443]\ncertificate = { issuer = 'corp' }\n";
    let lab = LabThread::start(&World::parse("corp", text).unwrap()).unwrap();
    for event in run(&lab, 1, &[]) {
        if let Event::Request { host, tls, .. } = event {
            assert!(!tls || host != "github.com", "a request was sent to whoever it was");
        }
    }
}

/// The account plane asks each question once, over one connection to GitHub's API.
#[test]
fn a_question_is_asked_once() {
    let (ran, log) = run_with_accounts(&World::healthy(), &[]);
    assert_eq!(ran.exit, 0, "{:?}", ran.record.root_causes);
    let mut asked = asked(&log);
    // One for each action that is looked for: the log leaves the search out.
    let searches = asked.iter().filter(|asked| asked.ends_with("/audit-log")).count();
    let sought = ran.record.facts.iter().filter(|fact| fact.id.ends_with(".audit-log")).count();
    assert!(searches > 4 && searches == sought, "{searches} of {sought}");
    asked.retain(|asked| !asked.ends_with("/audit-log"));
    let questions = asked.len();
    asked.dedup();
    assert_eq!(asked.len(), questions, "{asked:#?}");
    assert!(questions >= 20, "{asked:#?}");
    // Where HTTP/2 is spoken all of it goes over one connection, beside that of the network plane, which says nothing of
    // whose it is.
    let to_the_api = |event: &&Event| matches!(event, Event::Connection { host, port: 443, .. } if host == "api.github.com");
    assert_eq!(log.iter().filter(to_the_api).count(), 2);
}

/// What a token does not open is seen by what the other checks ask. What servers have sent is asked for whatever the records
/// say: one question each, at the same time as everything else.
#[test]
fn nothing_is_asked_only_to_judge_a_token() {
    let own = "[[enterprise.installation]]\nhost-name = 'GHES.corp.example'\n";
    let another = "[[enterprise.installation]]\nhost-name = 'other.corp.example'\n";
    for world in ["", another, own] {
        let world = World::parse("own", world).unwrap();
        let (with, without) =
            (run_with_accounts(&world, &[]), run_with_accounts(&world, &["--skip", "token"]));
        let deselected =
            |ran: &Ran| ran.record.checks.iter().any(|check| check.id == "token" && check.deselected);
        assert_eq!((deselected(&with.0), deselected(&without.0)), (false, true));
        let questions = asked(&with.1);
        assert_eq!(questions, asked(&without.1));
        for signs in ["/license-sync-status", "/server-statistics"] {
            let asked = questions.iter().filter(|question| question.ends_with(signs)).count();
            assert_eq!(asked, 1, "{signs} in {questions:#?}");
        }
    }
}

/// Runs `check` with both planes in a lab of this world, and gives what the lab saw.
fn run_with_accounts(world: &World, flags: &[&str]) -> (Ran, Vec<Event>) {
    let lab = LabThread::start(world).unwrap();
    let configuration = configuration(&lab);
    let path = configuration.path("world.toml");
    let check = lab.check().to_string();
    let text = read(&path);
    let (keys, tables) = text.split_once("\n[trust]").unwrap();
    let (check_keys, check_tables) = check.split_once("\n[").unwrap_or((&check, ""));
    std::fs::write(&path, format!("{keys}\n{check_keys}\n[trust]{tables}\n[{check_tables}")).unwrap();
    let fixed = ["check", "--config", path.to_str().unwrap(), "-o", "json"];
    let output = gh_connect(fixed.iter().chain(flags)).envs(lab.environment()).output().unwrap();
    (Ran::of(&output).unwrap(), lab.log())
}

/// The questions of a log, in order.
fn asked(log: &[Event]) -> Vec<String> {
    let mut asked: Vec<String> = Vec::new();
    for event in log {
        match event {
            Event::Request { host, port, method, path, .. }
                if path != "/graphql" && path != "/api/graphql" =>
            {
                asked.push(format!("{method} {host}:{port}{path}"));
            }
            Event::Document { host, operation, .. } => asked.push(format!("{host} {operation:?}")),
            _ => {}
        }
    }
    asked.sort();
    asked
}

/// Runs `check` in a lab that somebody else holds, and gives what the lab saw.
fn run(lab: &LabThread, exit: i32, flags: &[&str]) -> Vec<Event> {
    let configuration = configuration(lab);
    let path = configuration.path("world.toml");
    let fixed = ["check", "--only", "network", "--config", path.to_str().unwrap(), "-o", "json"];
    let output = gh_connect(fixed.iter().chain(flags)).output().unwrap();
    let ran = Ran::of(&output).unwrap();
    assert_eq!(ran.exit, exit, "{:?}", ran.record.root_causes);
    lab.log()
}

fn configuration(lab: &LabThread) -> WorldFile {
    let mut text = "loopback-only = true\ntimeout = 30\ndeadline = 120\nresolver = [".to_owned();
    for server in lab.name_servers() {
        write!(text, "\"{server}\", ").unwrap();
    }
    text.push_str("]\nconnect-to = [");
    for (address, socket) in lab.addresses() {
        write!(text, "\"{address}:{socket}\", ").unwrap();
    }
    let directory = lab.directory().display();
    let roots = format!("system = \"{directory}/system-roots.pem\"\npublic = \"{directory}/public-ca.pem\"");
    write!(text, "]\nhosts-file = \"{}\"\n\n[trust]\n{roots}\n", lab.hosts_file().display()).unwrap();
    world("manners", &text)
}

/// What never ends is not read, and a pipe is not waited for.
#[test]
fn only_regular_files_are_read() {
    let folder = support::world("endless", "");
    let pipe = folder.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let large = folder.path("large");
    std::fs::write(&large, vec![b'#'; (1 << 20) + 1]).unwrap();
    for path in ["/dev/zero", &pipe.display().to_string()] {
        for arguments in [
            &["check", &format!("--lab={path}")][..],
            &["check", "--config", path],
            &["check", "--ca-file", path],
            &["lab", path],
        ] {
            let output = support::gh_connect(arguments).output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
            assert!(stderr.contains("it is not a regular file"), "{arguments:?}: {stderr}");
        }
    }
    for arguments in [
        ["check", &format!("--lab={}", large.display())].as_slice(),
        &["check", "--config", &large.display().to_string()],
    ] {
        let output = support::gh_connect(arguments).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && stderr.contains("it is larger than 256 KiB"), "{stderr}");
    }
}
