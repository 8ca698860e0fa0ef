//! What is judged of what was seen, row by row.

use gh_connect_engine::Severity;
use gh_connect_probe::{
    dns::{Address, Answer, Exchange, Nat64, Outcome, TcpTrouble, Transport},
    hosts_file::Entry,
};

use super::*;

/// What a server says of one kind of record.
fn exchange(outcome: Outcome, attempts: u32, took_us: u64) -> Arc<Exchange> {
    let transport = match outcome {
        Outcome::TruncatedNoTcp(_) => Transport::Tcp,
        _ => Transport::Udp,
    };
    Arc::new(Exchange { outcome, transport, attempts, stray: 0, rtt_us: None, took_us })
}

fn answer(rcode: Rcode, addresses: &[&str]) -> Answer {
    let address = |text: &&str| Address { ip: text.parse().expect("an address"), ttl: 60 };
    Answer {
        rcode,
        authoritative: false,
        recursion: true,
        cnames: Vec::new(),
        broken_chain: None,
        addresses: addresses.iter().map(address).collect(),
    }
}

fn says(rcode: Rcode, addresses: &[&str]) -> Arc<Exchange> {
    exchange(Outcome::Answer(answer(rcode, addresses)), 1, 12_000)
}

fn silent() -> Arc<Exchange> {
    exchange(Outcome::Silent, 3, 5_000_000)
}

fn failed(outcome: Outcome) -> Arc<Exchange> {
    exchange(outcome, 1, 12_000)
}

/// A server that says the same of both kinds.
fn both(exchange: Arc<Exchange>) -> (Arc<Exchange>, Arc<Exchange>) {
    (Arc::clone(&exchange), exchange)
}

/// A server with these IPv4 addresses and no others.
fn v4(addresses: &[&str]) -> (Arc<Exchange>, Arc<Exchange>) {
    (says(Rcode::NoError, addresses), says(Rcode::NoError, &[]))
}

fn good() -> (Arc<Exchange>, Arc<Exchange>) {
    v4(&["140.82.121.3"])
}

/// A filter that knows IPv6 only.
fn half_sunk() -> (Arc<Exchange>, Arc<Exchange>) {
    (says(Rcode::NoError, &["140.82.121.3"]), says(Rcode::NoError, &["::1"]))
}

fn rcode(rcode: Rcode) -> (Arc<Exchange>, Arc<Exchange>) {
    both(says(rcode, &[]))
}

/// What is seen with these servers at 10.0.0.1, 10.0.0.2 …, worked out as with `--resolver`.
fn seen(servers: impl IntoIterator<Item = (Arc<Exchange>, Arc<Exchange>)>) -> Seen {
    let asked: Vec<Asked> = servers
        .into_iter()
        .zip(1..)
        .map(|((a, aaaa), last)| Asked { server: ([10, 0, 0, last], 53).into(), a, aaaa })
        .collect();
    let addresses = Walk::through(&asked).addresses().to_vec();
    let failure = addresses.is_empty().then_some(NotResolved::NameServers);
    Seen {
        host: HostName::new("github.com"),
        limit: Seconds::parse("5").expect("seconds"),
        servers: Arc::new(NameServers {
            servers: asked.iter().map(|asked| asked.server).collect(),
            origin: "flag --resolver".to_owned(),
            not_asked: Vec::new(),
            search: Vec::new(),
            ndots: None,
            error: None,
        }),
        hosts_file: Arc::new(HostsFile { path: "/etc/hosts".to_owned(), entries: Vec::new(), error: None }),
        resolution: Arc::new(Resolution {
            by: gh_connect_probe::dns::By::NameServers,
            addresses,
            failure,
            took_us: 12_000,
        }),
        asked,
        nat64: None,
    }
}

/// The same where the system came to this.
fn system(seen: Seen, found: Result<&[&str], NotResolved>, took_us: u64) -> Seen {
    let (addresses, failure) = match found {
        Ok(list) => (list.iter().map(|text| text.parse().expect("an address")).collect(), None),
        Err(failure) => (Vec::new(), Some(failure)),
    };
    let by = gh_connect_probe::dns::By::System;
    Seen { resolution: Arc::new(Resolution { by, addresses, failure, took_us }), ..seen }
}

/// The same with these addresses in the third line of the hosts file.
fn pinned(seen: Seen, address: &str) -> Seen {
    let address: IpAddr = address.parse().expect("an address");
    let entry = Entry { line: 3, address, text: format!("{address} github.com # do not touch") };
    let by = gh_connect_probe::dns::By::HostsFile;
    Seen {
        hosts_file: Arc::new(HostsFile { path: "/etc/hosts".to_owned(), entries: vec![entry], error: None }),
        resolution: Arc::new(Resolution { by, addresses: vec![address], failure: None, took_us: 30 }),
        ..seen
    }
}

fn findings(seen: &Seen) -> Vec<Finding> {
    judge(seen).expect("a judgement").findings
}

fn ids(seen: &Seen) -> Vec<&'static str> {
    findings(seen).iter().map(|finding| finding.kind.id).collect()
}

fn message(seen: &Seen) -> String {
    let findings = findings(seen);
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings[0].message.clone()
}

#[test]
fn all_is_well() {
    for (servers, remark) in [
        (vec![good()], "1 name server answers"),
        (vec![good(), good()], "2 name servers agree"),
        // The web spreads its load.
        (vec![good(), v4(&["140.82.112.4", "140.82.112.3"])], "2 name servers agree"),
        // A missing AAAA record is no fault, and neither is a server that knows no such thing.
        (vec![(says(Rcode::NoError, &["140.82.121.3"]), says(Rcode::NotImp, &[]))], "1 name server answers"),
        (
            vec![(says(Rcode::NoError, &["140.82.121.3"]), says(Rcode::ServFail, &[]))],
            "1 name server answers",
        ),
        (
            vec![(says(Rcode::NoError, &[]), says(Rcode::NoError, &["2606:50c0:8000::153"]))],
            "1 name server answers",
        ),
        (
            vec![(says(Rcode::Refused, &[]), says(Rcode::NoError, &["2606:50c0:8000::153"]))],
            "1 name server answers",
        ),
    ] {
        let examination = judge(&seen(servers)).expect("a judgement");
        assert_eq!((examination.findings.len(), examination.remark.as_deref()), (0, Some(remark)));
    }
    let by_system = system(seen([]), Ok(&["140.82.121.3"]), 900_000);
    assert_eq!(judge(&by_system).expect("a judgement").remark.as_deref(), Some("resolved by this machine"));
}

#[test]
fn one_server_decides() {
    let truncated = |trouble| both(failed(Outcome::TruncatedNoTcp(trouble)));
    let unreached = |failure| both(failed(Outcome::Failed(failure)));
    let stray = both(Arc::new(Exchange { stray: 6, ..(*silent()).clone() }));
    let not_recursive =
        both(failed(Outcome::Answer(Answer { recursion: false, ..answer(Rcode::NoError, &[]) })));
    let table = [
        (
            rcode(Rcode::NxDomain),
            "dns/nxdomain",
            "Name server 10.0.0.1 says that github.com does not exist (NXDOMAIN).",
        ),
        (
            (says(Rcode::NxDomain, &[]), silent()),
            "dns/nxdomain",
            "Name server 10.0.0.1 says that github.com does not exist (NXDOMAIN).",
        ),
        (
            v4(&[]),
            "dns/no-address",
            "Name server 10.0.0.1 knows github.com and gives no address for it, neither IPv4 nor IPv6.",
        ),
        (
            rcode(Rcode::ServFail),
            "dns/servfail",
            "Name server 10.0.0.1 answers SERVFAIL when asked for github.com.",
        ),
        (
            rcode(Rcode::FormErr),
            "dns/servfail",
            "Name server 10.0.0.1 answers FORMERR when asked for github.com.",
        ),
        (
            rcode(Rcode::Other(16)),
            "dns/servfail",
            "Name server 10.0.0.1 answers RCODE16 when asked for github.com.",
        ),
        // IPv4 is what cannot be had; that there is no IPv6 excuses nothing.
        (
            (says(Rcode::ServFail, &[]), says(Rcode::NoError, &[])),
            "dns/servfail",
            "Name server 10.0.0.1 answers SERVFAIL when asked for github.com.",
        ),
        (
            rcode(Rcode::Refused),
            "dns/refused",
            "Name server 10.0.0.1 answers REFUSED when asked for github.com.",
        ),
        (
            not_recursive,
            "dns/refused",
            "Name server 10.0.0.1 gives an empty answer and does not look up names for this machine when asked for github.com.",
        ),
        (both(silent()), "dns/timeout", "Name server 10.0.0.1 does not answer (3 queries in 5 s)."),
        (
            (silent(), says(Rcode::NoError, &[])),
            "dns/timeout",
            "Name server 10.0.0.1 does not answer (3 queries in 5 s).",
        ),
        (
            unreached(Failure::TimedOut),
            "dns/timeout",
            "Name server 10.0.0.1 does not answer (1 query in 5 s).",
        ),
        (
            both(failed(Outcome::Garbage)),
            "dns/garbage",
            "Name server 10.0.0.1 answers with bytes that are no DNS message.",
        ),
        (
            stray,
            "dns/garbage",
            "Name server 10.0.0.1 sends 6 replies, but none to the question that was asked.",
        ),
        (
            truncated(TcpTrouble::Failed(Failure::Refused)),
            "dns/truncated-no-tcp",
            "Name server 10.0.0.1 truncates its answer over UDP and gives none over TCP (connection refused).",
        ),
        (
            truncated(TcpTrouble::Garbage),
            "dns/truncated-no-tcp",
            "Name server 10.0.0.1 truncates its answer over UDP, and over TCP sends what answers no question.",
        ),
        (
            unreached(Failure::Refused),
            "dns/unreachable",
            "Name server 10.0.0.1 is not there: nothing listens on UDP port 53.",
        ),
        (
            unreached(Failure::Unreachable),
            "dns/unreachable",
            "Name server 10.0.0.1 cannot be reached: no route to the network.",
        ),
        (
            v4(&["127.0.0.1"]),
            "dns/sinkholed",
            "Name server 10.0.0.1 gives github.com the address 127.0.0.1, which is this machine itself or nowhere: a filter's answer.",
        ),
        (
            (says(Rcode::NoError, &["140.82.121.3"]), says(Rcode::NoError, &["::"])),
            "dns/partly-sinkholed",
            "Name server 10.0.0.1 gives github.com the address ::, which is this machine itself or nowhere: a filter's answer. \
             The rest can be used: 140.82.121.3.",
        ),
        (
            v4(&["0.0.0.0", "140.82.121.3"]),
            "dns/partly-sinkholed",
            "Name server 10.0.0.1 gives github.com the address 0.0.0.0, which is this machine itself or nowhere: a filter's \
             answer. The rest can be used: 140.82.121.3.",
        ),
        (
            (says(Rcode::NoError, &["0.0.0.0"]), says(Rcode::NoError, &["::"])),
            "dns/sinkholed",
            "Name server 10.0.0.1 gives github.com the addresses 0.0.0.0 and ::, which is this machine itself or nowhere: a \
             filter's answer.",
        ),
        (
            v4(&["100.64.3.4"]),
            "dns/not-public",
            "Name server 10.0.0.1 gives github.com the address 100.64.3.4 (carrier-grade NAT), which is no address of the internet.",
        ),
    ];
    for (server, id, said) in table {
        let seen = seen([server]);
        assert_eq!((ids(&seen), message(&seen).as_str()), (vec![id], said));
        // Alone or twice, it is the same fault.
        let twice = [seen.asked[0].clone(), seen.asked[0].clone()].map(|asked| (asked.a, asked.aaaa));
        assert_eq!(ids(&self::seen(twice)), [id]);
    }
}

#[test]
fn when_all_fail_the_first_names_the_fault_and_all_are_told() {
    let seen = seen([both(silent()), rcode(Rcode::Refused)]);
    assert_eq!(ids(&seen), ["dns/timeout"]);
    assert_eq!(
        message(&seen),
        "No name server resolves github.com: 10.0.0.1 does not answer (3 queries in 5 s); 10.0.0.2 answers REFUSED."
    );
}

#[test]
fn aliases_that_lead_nowhere_are_told() {
    let chain = |broken_chain| {
        let cnames = vec!["a.example".to_owned(), "b.example".to_owned()];
        let answer = Answer { cnames, broken_chain, ..answer(Rcode::NoError, &[]) };
        message(&seen([both(failed(Outcome::Answer(answer)))]))
    };
    assert!(chain(None).ends_with(" It is an alias: a.example → b.example, which has none."));
    assert!(chain(Some(BrokenChain::Loop)).ends_with(" Its aliases go in a circle: a.example → b.example."));
    assert!(
        chain(Some(BrokenChain::TooLong))
            .ends_with(" Its aliases have no end: a.example → b.example and on.")
    );
}

#[test]
fn servers_that_say_different_things_disagree() {
    for (servers, expected) in [
        (vec![good(), rcode(Rcode::NxDomain)], vec!["dns/resolvers-disagree"]),
        (vec![good(), rcode(Rcode::ServFail)], vec!["dns/resolvers-disagree"]),
        (vec![rcode(Rcode::ServFail), good()], vec!["dns/resolvers-disagree"]),
        (vec![both(silent()), good()], vec!["dns/resolvers-disagree"]),
        (vec![good(), v4(&["0.0.0.0"])], vec!["dns/resolvers-disagree"]),
        (vec![good(), v4(&["10.1.2.3"])], vec!["dns/resolvers-disagree"]),
        (vec![v4(&["10.1.2.3"]), good()], vec!["dns/not-public", "dns/resolvers-disagree"]),
        (vec![half_sunk(), good()], vec!["dns/partly-sinkholed", "dns/resolvers-disagree"]),
        (vec![half_sunk(), rcode(Rcode::NxDomain)], vec!["dns/partly-sinkholed", "dns/resolvers-disagree"]),
        (vec![v4(&["0.0.0.0"]), good()], vec!["dns/sinkholed", "dns/resolvers-disagree"]),
        (vec![rcode(Rcode::NxDomain), good()], vec!["dns/nxdomain", "dns/resolvers-disagree"]),
        // Nobody gives an address that can be used: there is one fault, and it has a name.
        (vec![rcode(Rcode::NxDomain), v4(&["0.0.0.0"])], vec!["dns/nxdomain"]),
        (vec![v4(&["0.0.0.0"]), rcode(Rcode::NxDomain)], vec!["dns/sinkholed"]),
        (vec![v4(&[]), rcode(Rcode::Refused)], vec!["dns/no-address"]),
    ] {
        assert_eq!(ids(&seen(servers)), expected);
    }
    let dead_first = message(&seen([both(silent()), good()]));
    assert_eq!(
        dead_first,
        "The name servers do not agree on github.com: 10.0.0.1 does not answer (3 queries in 5 s); \
         10.0.0.2 gives 140.82.121.3. Every lookup first waits for 10.0.0.1."
    );
}

#[test]
fn the_hosts_file_decides_where_it_speaks() {
    let there = pinned(seen([good()]), "140.82.121.9");
    assert_eq!(ids(&there), ["dns/hosts-override"]);
    assert_eq!(
        message(&there),
        "Line 3 of /etc/hosts gives github.com the address 140.82.121.9; name servers are not asked. \
         The name servers would give 140.82.121.3."
    );
    let fix = findings(&there)[0].fix[0].text.clone();
    assert_eq!(fix, "take line 3 (`140.82.121.9 github.com # do not touch`) out of /etc/hosts");

    assert_eq!(ids(&pinned(seen([good()]), "127.0.0.1")), ["dns/hosts-override", "dns/sinkholed"]);
    assert_eq!(ids(&pinned(seen([good()]), "10.0.0.7")), ["dns/hosts-override", "dns/not-public"]);
    // A dead name server hurts nobody here.
    assert_eq!(ids(&pinned(seen([both(silent())]), "140.82.121.9")), ["dns/hosts-override"]);
    // A system that does not read it is not overridden.
    let unread = Seen { resolution: seen([good()]).resolution, ..there };
    assert_eq!(ids(&unread), [""; 0]);
}

#[test]
fn what_takes_long_is_slow() {
    let answered = |attempts, took_us| {
        exchange(Outcome::Answer(answer(Rcode::NoError, &["140.82.121.3"])), attempts, took_us)
    };
    let empty = || says(Rcode::NoError, &[]);
    let after =
        |rtt_us, took_us| Arc::new(Exchange { rtt_us: Some(rtt_us), ..(*answered(2, took_us)).clone() });
    for (server, expected) in [
        ((answered(1, 999_999), empty()), None),
        (
            (answered(1, 1_234_000), empty()),
            Some("Name server 10.0.0.1 took 1.2 s to answer for A of github.com."),
        ),
        (
            (answered(2, 1_040_000), empty()),
            Some("Name server 10.0.0.1 answered for A of github.com only after 2 queries and 1.0 s."),
        ),
        (
            (after(12_000, 345_000), empty()),
            Some("Name server 10.0.0.1 answered for A of github.com only after 2 queries and 345 ms."),
        ),
        // It is the first query that was answered: nothing was lost.
        ((after(399_900, 400_000), empty()), None),
        (
            (after(1_199_900, 1_200_000), empty()),
            Some("Name server 10.0.0.1 took 1.2 s to answer for A of github.com."),
        ),
        (
            (answered(1, 1_000), silent()),
            Some(
                "Name server 10.0.0.1 gives no answer for AAAA of github.com: every lookup waits for it, here 5 s.",
            ),
        ),
        ((answered(1, 1_000), failed(Outcome::Failed(Failure::Refused))), None),
    ] {
        let seen = seen([server]);
        match expected {
            Some(expected) => assert_eq!((ids(&seen), message(&seen).as_str()), (vec!["dns/slow"], expected)),
            None => assert_eq!(ids(&seen), [""; 0]),
        }
    }
    let system_only = system(seen([good()]), Ok(&["140.82.121.3"]), 3_400_000);
    assert_eq!(message(&system_only), "This machine took 3.4 s to resolve github.com.");
}

#[test]
fn what_the_system_comes_to_counts() {
    // It fails although a name server answers: nobody knows why.
    let said = NotResolved::Said("Temporary failure in name resolution".to_owned());
    for failure in [said.clone(), NotResolved::TimedOut] {
        let stop = judge(&system(seen([good()]), Err(failure), 20_000)).expect_err("nothing to judge");
        assert!(
            matches!(&stop, Stop::Trouble(text) if text.contains("10.0.0.1 gives 140.82.121.3")),
            "{stop:?}"
        );
    }
    // It fails as its name servers do: they say why.
    assert_eq!(ids(&system(seen([rcode(Rcode::NxDomain)]), Err(said.clone()), 20_000)), ["dns/nxdomain"]);
    assert_eq!(ids(&system(seen([both(silent())]), Err(NotResolved::TimedOut), 5_000_000)), ["dns/timeout"]);
    assert_eq!(ids(&system(seen([]), Err(said), 20_000)), ["dns/no-resolver"]);
    // It waits for a dead server in front, longer than we wait for it.
    let held_up = system(seen([both(silent()), good()]), Err(NotResolved::TimedOut), 5_000_000);
    assert_eq!(ids(&held_up), ["dns/resolvers-disagree"]);
    assert!(message(&held_up).ends_with("Every lookup first waits for 10.0.0.1."));
    // It waits for an AAAA that does not come.
    let half = system(
        seen([(says(Rcode::NoError, &["140.82.121.3"]), silent())]),
        Err(NotResolved::TimedOut),
        5_000_000,
    );
    assert_eq!(ids(&half), ["dns/slow"]);
    let half = || seen([(says(Rcode::NoError, &["140.82.121.3"]), silent())]);
    let patient = message(&system(half(), Ok(&["140.82.121.3"]), 15_011_694));
    assert!(patient.ends_with(": every lookup waits for it, here 15.0 s."), "{patient}");
    assert_eq!(ids(&system(half(), Ok(&["140.82.121.3"]), 20_000)), [""; 0]);
    // It has other means than its name servers.
    let by_other_means = system(seen([rcode(Rcode::NxDomain)]), Ok(&["140.82.121.3"]), 9_000);
    assert_eq!(ids(&by_other_means), ["dns/resolvers-disagree"]);
    assert!(message(&by_other_means).ends_with("; this machine itself comes to 140.82.121.3."));
    assert_eq!(
        ids(&system(seen([good()]), Ok(&["127.0.0.1"]), 9_000)),
        ["dns/sinkholed", "dns/resolvers-disagree"]
    );
    // A short name is found under a search domain, which name servers are not asked for here.
    let short = Seen {
        host: HostName::new("ghes"),
        ..system(seen([rcode(Rcode::NxDomain)]), Ok(&["140.82.121.3"]), 9_000)
    };
    assert_eq!(ids(&short), [""; 0]);
}

#[test]
fn this_machine_may_be_this_machine() {
    let local = Seen { host: HostName::new("app.localhost"), ..seen([v4(&["127.0.0.1"])]) };
    assert_eq!(ids(&local), [""; 0]);
}

#[test]
fn every_finding_says_who_does_what_and_why() {
    let all = [
        findings(&seen([])),
        findings(&seen([both(silent())])),
        findings(&seen([rcode(Rcode::NxDomain), good()])),
        findings(&seen([v4(&[])])),
        findings(&seen([v4(&["0.0.0.0"])])),
        findings(&seen([v4(&["10.0.0.1"])])),
        findings(&seen([half_sunk()])),
        findings(&seen([(says(Rcode::NoError, &["140.82.121.3"]), silent())])),
        findings(&pinned(seen([good()]), "140.82.121.9")),
    ];
    for finding in all.iter().flatten() {
        assert!(!finding.fix.is_empty(), "{}", finding.kind.id);
        assert_eq!(finding.subject, "github.com");
        assert!(finding.evidence["resolution"].is_object());
    }
    let silent_server = &all[1][0];
    assert_eq!(silent_server.kind.severity, Severity::Blocker);
    assert_eq!(silent_server.fix[0].text, "let this machine reach 10.0.0.1 on port 53 over UDP and TCP");
    assert_eq!(silent_server.fix[1].command.as_deref(), Some("dig @10.0.0.1 github.com A"));
}

#[test]
fn every_kind_has_its_words_and_a_world_that_expects_it() {
    for kind in super::super::META.kinds {
        assert_eq!(kind.check(), "dns");
        let section = gh_connect_engine::section(super::super::META.words, kind.id);
        let section = section.unwrap_or_else(|| panic!("no words for {}", kind.id));
        assert!(section.fix.starts_with("- "), "{}", kind.id);
        let world: toml::Table = kind.world.parse().unwrap_or_else(|error| panic!("{}: {error}", kind.id));
        let list = match kind.severity {
            Severity::Blocker => "root-causes",
            Severity::Warning => "findings",
            Severity::Note => "notes",
        };
        let expected = world["expect"][list].as_array().map(Vec::as_slice);
        assert_eq!(expected, Some([toml::Value::from(kind.id)].as_slice()), "{}", kind.id);
    }
}

#[test]
fn behind_nat64_the_ipv4_address_decides() {
    let made_up = |text: &str| both(says(Rcode::NoError, &[text]));
    let behind = |addresses: &[&str]| {
        let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().expect("an address")).collect();
        Some(Arc::new(Nat64::of(&addresses)))
    };
    let local = behind(&["64:ff9b:1::192.0.0.170"]);
    for (address, nat64, expected) in [
        ("64:ff9b:1::140.82.121.3", local.clone(), &[][..]),
        ("64:ff9b:1::140.82.121.3", None, &["dns/not-public"]),
        ("64:ff9b:1::140.82.121.3", behind(&["192.0.0.170"]), &["dns/not-public"]),
        ("64:ff9b:1::10.0.0.1", local.clone(), &["dns/not-public"]),
        ("64:ff9b:1::127.0.0.1", local.clone(), &["dns/sinkholed"]),
        ("fd00::140.82.121.3", local, &["dns/not-public"]),
    ] {
        let judged = judge(&Seen { nat64, ..seen([made_up(address)]) }).expect("judged");
        let ids: Vec<&str> = judged.findings.iter().map(|finding| finding.kind.id).collect();
        assert_eq!(ids, expected, "{address}");
    }
}
