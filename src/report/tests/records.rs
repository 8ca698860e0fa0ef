//! Records made by hand, one for each thing that a report has to tell.

use gh_connect_engine::{
    Category, CheckRecord, FactRecord, FindingRecord, NotJudged, Origin, Owner, Plan, Product, ProxySetting,
    ProxyUrl, Record, Remark, RunRecord, Severity, Sourced, State, StepRecord, Stop, Summary, ToolRecord,
    Verdict,
};
use serde_json::{Value, json};

pub(super) const HOSTS: [&str; 3] = ["github.com:443", "api.github.com:443", "uploads.github.com:443"];

/// Every record, by the name of its golden.
pub(super) fn all() -> Vec<(&'static str, Record)> {
    vec![
        ("healthy", healthy()),
        ("one-blocker", one_blocker()),
        ("several-hosts", several_hosts()),
        ("warnings", warnings()),
        ("unknown", unknown()),
        ("waived", waived()),
        ("deselected", deselected()),
        ("cut-short", cut_short()),
        ("nothing-judged", nothing_judged()),
        ("waits-for-deselected", waits_for_deselected()),
        ("many-hosts", many_hosts()),
        ("hostile", hostile()),
    ]
}

pub(super) fn healthy() -> Record {
    record(direct(), network())
}

/// A proxy inspects one host; what lies behind waits.
pub(super) fn one_blocker() -> Record {
    let mut checks = behind_proxy();
    let tls = check(&mut checks, "tls");
    tls.state = State::Failed;
    tls.remarks.retain(|remark| remark.subject != HOSTS[2]);
    tls.findings.push(untrusted(HOSTS[2]));
    for id in ["origin", "clock"] {
        blocked(check(&mut checks, id), "tls", &HOSTS[2..]);
    }
    let mut record = record(through_proxy(), checks);
    record.facts = vec![
        fact(
            "proxy.tunnel",
            HOSTS[2],
            json!({"status": 200, "reason": "Connection established"}),
            None,
            1,
            60,
        ),
        fact(
            "tls.handshake",
            HOSTS[2],
            json!({"version": "TLSv1.3", "issuer": "Corp Inspection CA 2", "verified": false}),
            None,
            61,
            51,
        ),
        fact("http.reply", HOSTS[2], Value::Null, Some(Stop::blocked("tls")), 61, 51),
    ];
    record
}

/// The same fault on three hosts is one headline; a second fault stands apart.
pub(super) fn several_hosts() -> Record {
    let mut checks = behind_proxy();
    let tls = check(&mut checks, "tls");
    tls.state = State::Failed;
    tls.remarks.clear();
    tls.findings.extend(HOSTS.map(untrusted));
    for id in ["origin", "clock"] {
        blocked(check(&mut checks, id), "tls", &HOSTS);
    }
    let proxy = check(&mut checks, "proxy");
    proxy.state = State::Failed;
    proxy.remarks.clear();
    proxy.findings.push(denied());
    record(through_proxy(), checks)
}

pub(super) fn warnings() -> Record {
    let mut checks = network();
    let tls = check(&mut checks, "tls");
    tls.state = State::Warned;
    tls.remarks.clear();
    tls.findings.push(inspected(None));
    let port = check(&mut checks, "port-80");
    port.state = State::Warned;
    port.remarks.clear();
    port.findings.extend(HOSTS.map(closed));
    let dns = check(&mut checks, "dns");
    dns.findings.push(note());
    let mut record = record(direct(), checks);
    record.summary.exit_code = 4;
    record
}

/// Nobody could tell: one check by a finding, another by a trouble of its own.
pub(super) fn unknown() -> Record {
    let mut checks = network();
    let clock = check(&mut checks, "clock");
    clock.state = State::Unknown;
    clock.remarks.clear();
    clock.not_judged.extend(HOSTS[..2].iter().map(|host| {
        NotJudged::new(
            (*host).to_owned(),
            Stop::Trouble("internal error while measuring http.reply: index out of bounds".to_owned()),
        )
    }));
    for not in &mut clock.not_judged {
        not.fix.push(step(Owner::Operator, "See whether its clock is synchronised", Some("timedatectl")));
    }
    let mut egress = passed("egress", "Egress address", Category::Account, 40, &[]);
    egress.state = State::Unknown;
    egress.findings.push(FindingRecord {
        id: "egress/unknown".to_owned(),
        severity: Severity::Blocker,
        undetermined: true,
        subject: "run".to_owned(),
        message: "Nobody said under which address this server leaves the network, and no reply told."
            .to_owned(),
        why: "An IP allow list that misses it refuses every call.".to_owned(),
        evidence: Value::Null,
        fix: vec![step(Owner::Network, "say the address, and give it with `--egress-ip`", None)],
        docs: "gh-connect explain egress/unknown".to_owned(),
        waived: None,
    });
    checks.push(egress);
    record(direct(), checks)
}

pub(super) fn waived() -> Record {
    let mut checks = network();
    let tls = check(&mut checks, "tls");
    tls.state = State::Waived;
    tls.remarks.clear();
    tls.findings.push(inspected(Some("inspection is company policy, ticket SEC-1234")));
    record(direct(), checks)
}

pub(super) fn deselected() -> Record {
    let mut checks = network();
    for id in ["port-80", "clock"] {
        let check = check(&mut checks, id);
        check.state = State::Skipped;
        check.deselected = true;
        check.remarks.clear();
        check.duration_ms = 0;
    }
    let proxy = check(&mut checks, "proxy");
    proxy.state = State::NotApplicable;
    proxy.remarks.clear();
    record(direct(), checks)
}

pub(super) fn cut_short() -> Record {
    let mut checks = network();
    let connect = check(&mut checks, "connect");
    connect.state = State::Unknown;
    connect.remarks.remove(2);
    connect.not_judged.push(NotJudged::new(
        HOSTS[2].to_owned(),
        Stop::Trouble(
            "the deadline of 30 s passed while waiting for tcp.connection uploads.github.com:443".to_owned(),
        ),
    ));
    for id in ["tls", "origin", "clock"] {
        let check = check(&mut checks, id);
        check.state = State::Unknown;
        check.remarks.clear();
        check.not_judged.extend(HOSTS.map(|host| {
            NotJudged::new(host.to_owned(), Stop::Trouble("the deadline of 30 s passed".to_owned()))
        }));
    }
    let mut record = record(direct(), checks);
    record.run.cut_short_by = Some("deadline".to_owned());
    record.run.duration_ms = 30_000;
    record
}

pub(super) fn nothing_judged() -> Record {
    let mut checks = network();
    for check in &mut checks {
        check.state = State::Skipped;
        check.deselected = true;
        check.remarks.clear();
    }
    record(direct(), checks)
}

/// What stands in the way was not looked at.
pub(super) fn waits_for_deselected() -> Record {
    let mut checks = network();
    for nth in checks.iter_mut().filter(|check| check.id != "tls") {
        nth.state = State::Skipped;
        nth.deselected = true;
        nth.remarks.clear();
    }
    let tls = check(&mut checks, "tls");
    blocked(tls, "dns", &HOSTS);
    for not in &mut tls.not_judged {
        not.fix.push(step(Owner::Operator, "Run it again with --only dns as well", None));
    }
    record(direct(), checks)
}

/// Five hundred hosts with the same fault still fit on a screen.
pub(super) fn many_hosts() -> Record {
    let mut checks = network();
    let connect = check(&mut checks, "connect");
    connect.state = State::Failed;
    connect.remarks.clear();
    for nth in 0..500 {
        let host = format!("runner-{nth}.corp.example:443");
        let mut finding = closed(&host);
        finding.id = "connect/timeout".to_owned();
        finding.severity = Severity::Blocker;
        finding.message = format!("No answer from {host} at 192.0.2.{} within 5 s.", nth % 250);
        connect.findings.push(finding);
    }
    record(direct(), checks)
}

/// What a peer sent, or whoever wrote the file, never moves the cursor or draws a line of its own.
pub(super) fn hostile() -> Record {
    let mut record = one_blocker();
    let evil = "x\u{1b}[2J\u{1b}]0;owned\u{7}\n✔ everything is fine\r\u{202e}drawkcab\u{200b}";
    for check in &mut record.checks {
        check.title.push_str(evil);
        check.remarks.iter_mut().for_each(|remark| remark.text.push_str(evil));
        check.not_judged.iter_mut().for_each(|not| not.stop = Stop::Trouble(evil.to_owned()));
        for not in &mut check.not_judged {
            not.fix.push(step(Owner::Operator, evil, Some(evil)));
        }
        for finding in &mut check.findings {
            finding.message =
                format!("The certificate was issued by \"{evil}\" and {}", "very long ".repeat(400));
            finding.subject.push_str(evil);
            finding.why.push_str(evil);
            finding.evidence = json!({ evil: [evil] });
            finding.docs.push_str(evil);
            for step in &mut finding.fix {
                step.text.push_str(evil);
                step.command = step.command.take().map(|command| format!("{command} {evil}"));
            }
        }
    }
    record.tool.version.push_str(evil);
    record.run.vantage = evil.to_owned();
    record.facts.iter_mut().for_each(|fact| fact.key.push_str(evil));
    record.plan["enterprise"]["value"] = evil.into();
    record
}

fn untrusted(host: &str) -> FindingRecord {
    let name = host.trim_end_matches(":443");
    FindingRecord {
        id: "tls/untrusted-issuer".to_owned(),
        severity: Severity::Blocker,
        undetermined: false,
        subject: host.to_owned(),
        message: format!(
            "The certificate for {name} was issued by \"Corp Inspection CA 2\", which this server does not trust."
        ),
        why: "GitHub Connect speaks TLS from the server itself; a chain that it cannot verify ends the connection."
            .to_owned(),
        evidence: json!({"issuer": "CN=Corp Inspection CA 2", "chain": 2, "public": false}),
        fix: vec![
            step(Owner::Proxy, &format!("exempt {host} from TLS inspection"), None),
            step(
                Owner::ServerAdmin,
                "install the proxy's root certificate on the server",
                Some("ghe-ssl-ca-certificate-install -c corp-inspection-ca-2.crt && ghe-config-apply"),
            ),
            // Word for word the same for every host: one step.
            step(Owner::Operator, &format!("check again whether {} are exempt", HOSTS.join(", ")), None),
        ],
        docs: "gh-connect explain tls/untrusted-issuer".to_owned(),
        waived: None,
    }
}

fn denied() -> FindingRecord {
    FindingRecord {
        id: "proxy/denied".to_owned(),
        severity: Severity::Blocker,
        undetermined: false,
        subject: "github.com:443".to_owned(),
        message:
            "The proxy answered CONNECT github.com:443 with 403 Forbidden, and with 200 for the other hosts."
                .to_owned(),
        why: "A rule for `*.github.com` does not cover the apex.".to_owned(),
        evidence: json!({"status": 403}),
        fix: vec![step(Owner::Proxy, "allow CONNECT to github.com:443", None)],
        docs: "gh-connect explain proxy/denied".to_owned(),
        waived: None,
    }
}

fn inspected(waived: Option<&str>) -> FindingRecord {
    FindingRecord {
        id: "tls/inspected".to_owned(),
        severity: Severity::Warning,
        undetermined: false,
        subject: HOSTS[1].to_owned(),
        message: "The certificate for api.github.com is trusted here, but by no public root: \"Corp Inspection CA 2\" \
                  issued it."
            .to_owned(),
        why: "Whoever holds that key reads the token.".to_owned(),
        evidence: json!({"issuer": "CN=Corp Inspection CA 2"}),
        fix: vec![step(Owner::Proxy, "exempt api.github.com:443 from TLS inspection", None)],
        docs: "gh-connect explain tls/inspected".to_owned(),
        waived: waived.map(str::to_owned),
    }
}

fn closed(host: &str) -> FindingRecord {
    FindingRecord {
        id: "port-80/closed".to_owned(),
        severity: Severity::Warning,
        undetermined: false,
        subject: host.to_owned(),
        message: format!("Port 80 of {} is closed.", host.trim_end_matches(":443")),
        why: "GitHub names 443 or 80.".to_owned(),
        evidence: Value::Null,
        fix: vec![step(Owner::Network, &format!("allow TCP to {host}"), Some("nc -vz github.com 80"))],
        docs: "gh-connect explain port-80/closed".to_owned(),
        waived: None,
    }
}

fn note() -> FindingRecord {
    FindingRecord {
        id: "dns/local-answer".to_owned(),
        severity: Severity::Note,
        undetermined: false,
        subject: HOSTS[0].to_owned(),
        message: "The local name servers know github.com as 140.82.112.3; behind a proxy nobody asks them."
            .to_owned(),
        why: String::new(),
        evidence: Value::Null,
        fix: Vec::new(),
        docs: "gh-connect explain dns/local-answer".to_owned(),
        waived: None,
    }
}

fn step(owner: Owner, text: &str, command: Option<&str>) -> StepRecord {
    StepRecord { owner, text: text.to_owned(), command: command.map(str::to_owned), then: false }
}

fn fact(
    id: &str,
    key: &str,
    value: Value,
    stop: Option<Stop>,
    started_ms: u64,
    duration_ms: u64,
) -> FactRecord {
    FactRecord { id: id.to_owned(), key: key.to_owned(), value, stop, started_ms, duration_ms }
}

fn network() -> Vec<CheckRecord> {
    let network = Category::Network;
    let mut proxy = passed("proxy", "Egress proxy", network, 0, &[]);
    proxy.state = State::NotApplicable;
    proxy
        .not_judged
        .push(NotJudged::new("proxy".to_owned(), Stop::NotApplicable("no proxy is set".to_owned())));
    vec![
        passed("dns", "Name resolution", network, 14, &["both name servers agree"]),
        passed("connect", "TCP connections", network, 31, &["answers over IPv4"]),
        passed(
            "tls",
            "TLS sessions",
            network,
            62,
            &[
                "TLS 1.3, issued by Sectigo Public Server Authentication CA",
                "TLS 1.3, issued by Sectigo Public Server Authentication CA",
                "TLS 1.2, issued by DigiCert Global G2",
            ],
        ),
        passed("port-80", "Plain port 80", network, 44, &["redirects to HTTPS"]),
        proxy,
        passed("origin", "GitHub answers", network, 93, &["GitHub answered"]),
        passed("clock", "This machine's clock", network, 93, &["0.2 s behind GitHub"]),
    ]
}

fn behind_proxy() -> Vec<CheckRecord> {
    let mut checks = network();
    let proxy = check(&mut checks, "proxy");
    *proxy = passed("proxy", "Egress proxy", Category::Network, 61, &["opens the tunnel"]);
    for id in ["dns", "connect"] {
        let check = check(&mut checks, id);
        check.state = State::NotApplicable;
        check.remarks.clear();
        check.not_judged.extend(HOSTS.map(|host| {
            NotJudged::new(host.to_owned(), Stop::NotApplicable("the proxy does it".to_owned()))
        }));
    }
    checks
}

/// A healthy check; the last text stands for all further hosts.
fn passed(id: &str, title: &str, category: Category, duration_ms: u64, texts: &[&str]) -> CheckRecord {
    let text = |nth: usize| texts.get(nth).or(texts.last()).map(|text| (*text).to_owned());
    let remarks = HOSTS.iter().enumerate();
    CheckRecord {
        id: id.to_owned(),
        title: title.to_owned(),
        category,
        state: State::Passed,
        duration_ms,
        blocked_by: Vec::new(),
        findings: Vec::new(),
        remarks: remarks
            .filter_map(|(nth, host)| Some(Remark { subject: (*host).to_owned(), text: text(nth)? }))
            .collect(),
        not_judged: Vec::new(),
        deselected: false,
    }
}

fn check<'a>(checks: &'a mut [CheckRecord], id: &str) -> &'a mut CheckRecord {
    checks.iter_mut().find(|check| check.id == id).expect("there")
}

fn blocked(check: &mut CheckRecord, by: &str, hosts: &[&str]) {
    check.state = State::Blocked;
    check.blocked_by = vec![by.to_owned()];
    check.remarks.retain(|remark| !hosts.contains(&remark.subject.as_str()));
    check.not_judged.extend(hosts.iter().map(|host| NotJudged::new((*host).to_owned(), Stop::blocked(by))));
}

fn record(plan: Plan, checks: Vec<CheckRecord>) -> Record {
    let any = |state: State| checks.iter().any(|check| check.state == state && !check.deselected);
    let verdict = if any(State::Failed) {
        Verdict::Failed
    } else if any(State::Unknown) || any(State::Blocked) || !any(State::Passed) {
        Verdict::Undetermined
    } else {
        Verdict::Passed
    };
    let counts = State::ALL.map(|state| (state, checks.iter().filter(|check| check.state == state).count()));
    let mut root_causes: Vec<String> = Vec::new();
    for finding in checks.iter().flat_map(|check| &check.findings).filter(|finding| finding.blocks()) {
        if !root_causes.contains(&finding.id) {
            root_causes.push(finding.id.clone());
        }
    }
    Record {
        schema_version: 1,
        tool: ToolRecord { name: "gh-connect".to_owned(), version: "0.1.0".to_owned() },
        run: RunRecord {
            id: "0192f0c4".to_owned(),
            started_at: "2026-11-22T15:00:00Z".to_owned(),
            finished_at: "2026-11-22T15:00:00.31Z".to_owned(),
            duration_ms: 312,
            vantage: "ghes.corp.example".to_owned(),
            cut_short_by: None,
            what_if: Vec::new(),
        },
        plan: serde_json::to_value(plan).expect("a plan is plain data"),
        summary: Summary {
            verdict,
            exit_code: match verdict {
                Verdict::Passed => 0,
                Verdict::Failed => 1,
                Verdict::Undetermined => 3,
            },
            counts: counts.into_iter().collect(),
        },
        root_causes,
        checks,
        facts: Vec::new(),
    }
}

fn direct() -> Plan {
    Plan::new(Product::GithubCom)
}

fn through_proxy() -> Plan {
    let proxy = ProxyUrl::parse("http://canary:hunter2@proxy.corp.example:3128").expect("a proxy");
    Plan {
        server: Some(Sourced::new("https://ghes.corp.example/".to_owned(), Origin::flag("--server"))),
        enterprise: Some(Sourced::new("acme".to_owned(), Origin::file("gh-connect.toml", 3))),
        proxy: Sourced::new(ProxySetting::Use(proxy), Origin::environment("HTTPS_PROXY")),
        ..direct()
    }
}
