//! Judgement on facts made by hand.

mod whole;

use gh_connect_engine::{Finding, Owner, Plan, Product, ProxySetting, Severity, Sourced};
use gh_connect_github::{
    Answer, Count, Needs,
    manage::{
        CheckedLicence, LicenceStatus, ManageLicenceSays, NodeMaintenance, NodeVersion, Settings, Topology,
        VersionSays,
    },
    server::{ServerLicenceSays, ServerMetaSays},
};
use gh_connect_probe::{
    net::Failure,
    tls::{End, Reason, Statement},
};
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::testing;

/// The facts of a server, of which a test changes what it is about.
#[derive(Clone)]
struct World {
    plan: Plan,
    status: Status,
    meta: Option<ServerMeta>,
    versions: Option<ManageVersion>,
    maintenance: Option<Answer<Vec<NodeMaintenance>>>,
    topology: Option<Topology>,
    settings: Option<Settings>,
    licence: Result<Answer<ManageLicenceSays>, Stop>,
    check: Option<CheckedLicence>,
    rest: Option<ServerLicenceSays>,
    handshake: Option<Handshake>,
}

impl World {
    fn healthy() -> Self {
        let mut plan = testing::plan(Product::GithubCom);
        plan.server = Some(Sourced::default("https://ghes.corp.example".to_owned()));
        plan.enterprise = Some(Sourced::default("acme".to_owned()));
        Self {
            plan,
            status: reply(200, "GitHub lives!", true),
            meta: Some(meta("3.19.1")),
            versions: None,
            maintenance: modes("off"),
            topology: None,
            settings: settings(Some("ghes.corp.example")),
            licence: Ok(Answer::Said(ManageLicenceSays {
                croquet_support: Some(true),
                evaluation: Some(false),
                perpetual: Some(false),
                expire_at: Some("2027-07-20T00:00:00Z".to_owned()),
                company: Some("Acme Corp".to_owned()),
                reference_number: Some("32a145".to_owned()),
                cluster_support: None,
                seats: Some(Count::Number(500)),
                unlimited_seating: Some(false),
            })),
            check: Some(CheckedLicence { status: Some(LicenceStatus::Valid) }),
            rest: None,
            handshake: None,
        }
    }

    fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut world = Self::healthy();
        change(&mut world);
        world
    }

    fn heard(why: NoReply) -> Self {
        Self::with(|world| {
            world.status = Status { heard: Heard::Silence { why } };
            world.meta = None;
            world.licence = Err(Stop::blocked("server"));
        })
    }

    fn licence(change: impl FnOnce(&mut ManageLicenceSays)) -> Self {
        Self::with(|world| {
            if let Ok(Answer::Said(says)) = &mut world.licence {
                change(says);
            }
        })
    }

    fn judge<T>(&self, judge: impl FnOnce(&Seen<'_>) -> T) -> T {
        let endpoint = Endpoint::new("ghes.corp.example", 443);
        judge(&Seen {
            plan: &self.plan,
            endpoint: &endpoint,
            now: now(),
            status: &self.status,
            meta: self.meta.as_ref(),
            versions: self.versions.as_ref(),
            maintenance: self.maintenance.as_ref(),
            topology: self.topology.as_ref(),
            settings: self.settings.as_ref(),
            licence: Licence {
                manage: self.licence.as_ref(),
                check: self.check.as_ref(),
                unchecked: None,
                rest: self.rest.as_ref(),
                rest_unread: None,
                settings: self.settings.as_ref(),
            },
            handshake: self.handshake.as_ref(),
            manage_handshake: self.handshake.as_ref(),
            tunnel: None,
        })
    }

    fn server(&self) -> Result<Examination, Stop> {
        self.judge(judge::server)
    }

    fn manage(&self) -> Result<Examination, Stop> {
        self.judge(judge::manage)
    }
}

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("a time")
}

fn reply(status: u16, text: &str, github: bool) -> Status {
    Status {
        heard: Heard::Reply {
            status,
            text: text.to_owned(),
            title: None,
            words: None,
            content_type: None,
            server: Some(if github { "GitHub.com" } else { "nginx" }.to_owned()),
            has_request_id: github,
            redirects_to: None,
        },
    }
}

fn meta(version: &str) -> ServerMeta {
    let said = ServerMetaSays {
        installed_version: Some(version.to_owned()),
        verifiable_password_authentication: Some(true),
    };
    ServerMeta { answer: Answer::Said(said), version_header: None }
}

fn refused_meta(why: Refusal, version_header: Option<&str>) -> ServerMeta {
    let needs = Needs { api: Api::Server, scope: None };
    ServerMeta { answer: Answer::Refused { why, needs }, version_header: version_header.map(str::to_owned) }
}

fn refused_licence(why: Refusal) -> Result<Answer<ManageLicenceSays>, Stop> {
    Ok(Answer::Refused { why, needs: Needs { api: Api::Manage, scope: None } })
}

fn node(status: &str) -> NodeMaintenance {
    NodeMaintenance {
        hostname: Some("ghes-1".to_owned()),
        uuid: None,
        status: Some(status.to_owned()),
        scheduled_time: Some("2027-01-02T15:04:05+00:00".to_owned()),
        maintenance_mode_message: Some("Back at six.".to_owned()),
    }
}

fn settings(name: Option<&str>) -> Option<Settings> {
    Some(Settings {
        github_hostname: name.map(str::to_owned),
        http_proxy: Some(ProxySetting::Off),
        ..Settings::default()
    })
}

fn modes(status: &str) -> Option<Answer<Vec<NodeMaintenance>>> {
    Some(Answer::Said(vec![node(status)]))
}

fn not_found() -> Refusal {
    Refusal::NotFound { message: "status 404 Not Found".to_owned() }
}

fn anonymous() -> Refusal {
    Refusal::Anonymous { message: "Must authenticate to access this API.".to_owned() }
}

fn distrusted(reason: Reason, issuer: &str) -> World {
    let day = |count: i64| now() + SignedDuration::from_hours(24 * count);
    let says = testing::statement("ghes.corp.example", issuer, [day(-40), day(-2)]);
    let says = Statement { names: vec!["git.corp.example".to_owned()], ..says };
    let end = End::Distrusted(reason);
    let handshake = Handshake {
        end: end.clone(),
        server_name: None,
        version: None,
        cipher: None,
        key_exchange: None,
        chain: Some(testing::chain(says)),
        verdicts: None,
        at: now(),
        hello_bytes: 264,
        received_bytes: 0,
        began: None,
        variants: Vec::new(),
        offer: None,
        took_us: 0,
    };
    World { handshake: Some(handshake), ..World::heard(NoReply::NoSession { end }) }
}

fn only(judged: Result<Examination, Stop>) -> Finding {
    let findings = judged.expect("judged").findings;
    <[Finding; 1]>::try_from(findings)
        .unwrap_or_else(|all| panic!("{all:?}"))
        .into_iter()
        .next()
        .expect("one")
}

#[test]
fn a_healthy_server_is_told_in_one_line() {
    let judged = World::healthy().server().expect("judged");
    assert!(judged.findings.is_empty());
    assert_eq!(judged.remark.as_deref(), Some("3.19.1, licensed to Acme Corp for 240 more days"));
    assert!(World::healthy().manage().expect("judged").findings.is_empty());
    for (world, expected) in [
        (World::licence(|says| says.perpetual = Some(true)), "3.19.1, licensed to Acme Corp without an end"),
        (World::licence(|says| says.company = None), "3.19.1, licensed for 240 more days"),
        (
            World::licence(|says| says.expire_at = Some("2026-11-22T18:00:00Z".to_owned())),
            "3.19.1, licensed to Acme Corp for 1 more day",
        ),
        (World::with(|world| world.licence = Err(Stop::blocked("token"))), "3.19.1"),
        (
            World::with(|world| world.maintenance = modes("scheduled")),
            "3.19.1, licensed to Acme Corp for 240 more days, maintenance scheduled for 2027-01-02T15:04:05+00:00",
        ),
    ] {
        assert_eq!(world.server().expect("judged").remark.as_deref(), Some(expected));
    }
}

#[test]
fn every_silence_has_its_finding_and_says_why() {
    for (why, kind, part) in [
        (NoReply::NoAddress, "server/unreachable", "has no address here"),
        (
            NoReply::Unconnected { failure: Failure::Refused },
            "server/unreachable",
            "ghes.corp.example:443 refuses connections",
        ),
        (
            NoReply::Unconnected { failure: Failure::TimedOut },
            "server/unreachable",
            "does not answer within 5 s",
        ),
        (
            NoReply::Unconnected { failure: Failure::Unreachable },
            "server/unreachable",
            "no route to the network",
        ),
        (NoReply::NoTunnel, "server/unreachable", "proxy"),
        (NoReply::NoSession { end: End::Silent }, "server/unreachable", "not answered in time"),
        (NoReply::NoSession { end: End::NotTls }, "server/unreachable", "does not speak TLS"),
        (NoReply::TimedOut, "server/unreachable", "no whole reply to GET /status within 5 s"),
        (NoReply::Closed, "server/unreachable", "closes the connection"),
        (NoReply::Other { text: "an odd thing".to_owned() }, "server/unreachable", "an odd thing"),
        (NoReply::NotHttp, "server/not-ghes", "does not speak HTTP"),
    ] {
        let world = World::heard(why);
        let finding = only(world.server());
        assert_eq!(finding.kind.id, kind);
        assert!(finding.message.contains(part), "{}", finding.message);
        assert!(!finding.fix.is_empty(), "{}", finding.message);
        assert!(matches!(world.manage(), Err(Stop::NotApplicable(_))));
    }
}

#[test]
fn a_certificate_that_is_not_trusted_is_named() {
    for (reason, issuer, message, step) in [
        (
            Reason::UnknownIssuer,
            "Corp CA",
            "The certificate of ghes.corp.example was issued by \"Corp CA\", which this machine does not trust.",
            "--ca-file",
        ),
        (
            Reason::UnknownIssuer,
            "ghes.corp.example",
            "The certificate of ghes.corp.example is signed by itself (\"ghes.corp.example\"), so this machine does not trust it.",
            "--ca-file",
        ),
        (
            Reason::NameMismatch,
            "Corp CA",
            "The certificate that ghes.corp.example presents is for git.corp.example, issued by \"Corp CA\".",
            "--server https://git.corp.example",
        ),
        (
            Reason::Expired,
            "Corp CA",
            "The certificate of ghes.corp.example, issued by \"Corp CA\", expired on 2026-11-20.",
            "clock",
        ),
        (
            Reason::NotYetValid,
            "Corp CA",
            "The certificate of ghes.corp.example is not accepted: it, or an intermediate certificate, is not valid yet.",
            "clock",
        ),
        (
            Reason::Unacceptable("it is odd".to_owned()),
            "Corp CA",
            "The certificate of ghes.corp.example, issued by \"Corp CA\", is not accepted: it is odd.",
            "Replace",
        ),
        (
            Reason::Malformed,
            "Corp CA",
            "The certificate of ghes.corp.example is not accepted: it is malformed.",
            "Replace",
        ),
    ] {
        let finding = only(distrusted(reason, issuer).server());
        assert_eq!((finding.kind.id, finding.message.as_str()), ("server/untrusted", message));
        assert!(finding.fix.iter().any(|it| it.text.contains(step)), "{:?}", finding.fix);
    }
}

#[test]
fn what_answers_is_a_server_only_when_it_says_what_only_servers_say() {
    let replied = |status: Status, meta: Option<ServerMeta>| {
        World::with(|world| {
            world.status = status;
            world.meta = meta;
            world.maintenance = None;
        })
    };
    let redirect = |to: &str| Status {
        heard: Heard::Reply {
            status: 302,
            text: String::new(),
            title: None,
            words: None,
            content_type: None,
            server: None,
            has_request_id: false,
            redirects_to: Some(to.to_owned()),
        },
    };
    for (world, expected) in [
        (replied(reply(200, "GitHub lives!", true), Some(refused_meta(anonymous(), Some("3.19.1")))), None),
        (replied(reply(200, "", false), Some(meta("3.19.1"))), None),
        (
            replied(reply(200, "GitHub lives!", true), Some(refused_meta(not_found(), None))),
            Some("server/not-ghes"),
        ),
        (
            replied(
                reply(200, "GitHub lives!", true),
                Some(refused_meta(Refusal::ServerError { status: 500 }, None)),
            ),
            Some("server/unreachable"),
        ),
        (
            replied(reply(200, "<h1>Welcome", false), Some(refused_meta(not_found(), None))),
            Some("server/not-ghes"),
        ),
        (replied(reply(200, "<h1>Welcome", false), None), Some("server/not-ghes")),
        (replied(reply(404, "<h1>404", false), None), Some("server/not-ghes")),
        (replied(redirect("login.corp.example"), None), Some("server/not-ghes")),
        (
            replied(reply(403, "", true), Some(refused_meta(anonymous(), Some("3.19.1")))),
            Some("server/unreachable"),
        ),
        (replied(reply(502, "<h1>Bad Gateway", false), None), Some("server/unreachable")),
        (replied(reply(503, "<h1>No server", false), None), Some("server/unreachable")),
        (replied(reply(503, "GitHub Enterprise", true), None), Some("server/maintenance")),
    ] {
        let judged = world.server();
        let found = judged.as_ref().expect("judged").findings.first().map(|finding| finding.kind.id);
        assert_eq!(found, expected, "{:?}", world.status);
    }
    let finding = only(replied(redirect("login.corp.example"), None).server());
    assert!(
        finding.message.contains("GET /status gives 302, and redirects to login.corp.example"),
        "{}",
        finding.message
    );
}

#[test]
fn maintenance_is_what_the_server_says_and_not_every_503() {
    let world = |mode: &str| {
        World::with(|world| {
            world.status = reply(503, "<title>Maintenance", true);
            world.maintenance = modes(mode);
        })
    };
    let finding = only(world("on").server());
    assert_eq!(finding.kind.id, "server/maintenance");
    assert_eq!(
        finding.message,
        "ghes.corp.example is in maintenance mode (ghes-1): it answers GET /status with 503. People are told: \"Back at six.\"."
    );
    let finding = only(world("off").server());
    assert_eq!(finding.kind.id, "server/unreachable");
    assert!(finding.message.contains("although maintenance mode is not on"), "{}", finding.message);
    let excepted = World::with(|world| world.maintenance = modes("on"));
    assert_eq!(
        only(excepted.server()).message,
        "ghes.corp.example is in maintenance mode (ghes-1), by the Manage API's word, although it answers this machine. People \
         are told: \"Back at six.\"."
    );
    // Its licence is judged all the same.
    assert!(world("on").manage().expect("judged").findings.is_empty());
}

#[test]
fn an_old_release_is_told_once_and_by_its_owner() {
    let version = |version: &str| World::with(|world| world.meta = Some(meta(version)));
    for (text, expected) in
        [("3.11.9", true), ("3.9.0", true), ("2.22.0", true), ("3.12.0", false), ("4.0.0", false)]
    {
        let judged = version(text).server().expect("judged");
        assert_eq!(
            judged.findings.first().map(|it| it.kind.id),
            expected.then_some("server/too-old"),
            "{text}"
        );
        let mut of_ghe_com = version(text);
        of_ghe_com.plan.product = Sourced::default(Product::GheCom("acme".to_owned()));
        assert!(of_ghe_com.server().expect("judged").findings.is_empty(), "{text}");
        of_ghe_com.licence = refused_licence(not_found());
        assert_eq!(of_ghe_com.manage().err() == Some(Stop::blocked("ghe-com")), expected, "{text}");
    }
    assert!(matches!(version("a release").server(), Err(Stop::Trouble(text)) if text.contains("a release")));
    let by_nodes = World::with(|world| {
        world.meta = None;
        let says = VersionSays { version: Some("3.18.4".to_owned()), platform: None, build_id: None };
        let nodes = vec![NodeVersion { hostname: None, version: Some(says) }];
        world.versions = Some(ManageVersion { answer: Answer::Said(nodes) });
    });
    assert!(by_nodes.server().expect("judged").remark.expect("a remark").starts_with("3.18.4"));
}

#[test]
fn a_version_that_nobody_tells_is_not_a_pass() {
    let untold = |why| World::with(|world| world.meta = Some(refused_meta(why, None)));
    assert_eq!(untold(anonymous()).server().err(), Some(Stop::blocked("token")));
    let mut silent = meta("3.19.1");
    if let Answer::Said(said) = &mut silent.answer {
        said.installed_version = None;
    }
    assert!(matches!(World::with(|world| world.meta = Some(silent)).server(), Err(Stop::Trouble(_))));
}

#[test]
fn the_licence_is_judged_by_the_servers_word_before_dates() {
    let checked = |status: Option<LicenceStatus>, expires: &str| {
        let mut world = World::licence(|says| says.expire_at = Some(expires.to_owned()));
        world.check = Some(CheckedLicence { status });
        world
    };
    let (past, future) = ("2026-11-12T12:00:00Z", "2027-11-12T12:00:00Z");
    for (status, expires, expected) in [
        (Some(LicenceStatus::Valid), future, None),
        (Some(LicenceStatus::Valid), past, Some("server/contradictory")),
        (Some(LicenceStatus::Expired), future, Some("server/license-expired")),
        (Some(LicenceStatus::Expired), past, Some("server/license-expired")),
        (None, past, Some("server/license-expired")),
        (Some(LicenceStatus::Invalid), future, Some("server/license-invalid")),
        (Some(LicenceStatus::ClusterModeNotSupported), future, Some("server/license-invalid")),
    ] {
        let judged = checked(status.clone(), expires).manage().expect("judged");
        let found: Vec<&str> = judged.findings.iter().map(|finding| finding.kind.id).collect();
        assert_eq!(found.first().copied(), expected, "{status:?} {expires}");
        assert!(found.len() < 2, "{found:?}");
    }
    assert_eq!(
        only(checked(Some(LicenceStatus::Expired), past).manage()).message,
        "The licence of ghes.corp.example, made out to Acme Corp, ended on 2026-11-12, 10 days ago."
    );
    assert!(matches!(
        checked(Some(LicenceStatus::Other("odd".to_owned())), future).manage(),
        Err(Stop::Trouble(_))
    ));
    assert!(
        matches!(checked(None, future).manage(), Err(Stop::Trouble(_))),
        "whether it is accepted was not said"
    );
    let mut endless = checked(None, "some day");
    endless.rest = None;
    assert!(matches!(endless.manage(), Err(Stop::Trouble(_))), "nothing says when it ends");
    let by_rest = World::with(|world| {
        world.licence = Ok(Answer::NoCredential { needs: Needs { api: Api::Manage, scope: None } });
        world.check = None;
        world.rest = Some(ServerLicenceSays {
            seats: None,
            seats_used: None,
            kind: None,
            days_until_expiration: Some(-3),
            expire_at: None,
        });
    });
    assert_eq!(only(by_rest.manage()).message, "The licence of ghes.corp.example ended 3 days ago.");
}

#[test]
fn what_ails_the_licence_decides_what_is_asked_for() {
    let with = |status| World::with(|world| world.check = Some(CheckedLicence { status: Some(status) }));
    for (world, of_the_owner, is_githubs_too) in [
        (with(LicenceStatus::Expired), "renew the subscription", false),
        (with(LicenceStatus::ClusterModeNotSupported), "permits a cluster", false),
        (with(LicenceStatus::Invalid), "Download the licence file again", true),
        (World::licence(|says| says.croquet_support = Some(false)), "permits GitHub Connect", false),
    ] {
        let fix = only(world.manage()).fix;
        let about_connect = fix.iter().any(|step| step.text.contains("GitHub Connect"));
        assert_eq!(about_connect, of_the_owner.contains("GitHub Connect"), "{fix:?}");
        assert!(fix[0].owner == Owner::EnterpriseOwner && fix[0].text.contains(of_the_owner), "{fix:?}");
        assert!(fix[1].owner == Owner::ServerAdmin && fix[1].then, "{fix:?}");
        let asks = fix.get(2).is_some_and(|step| {
            step.owner == Owner::GithubSupport && !step.then && step.text.ends_with("reference number 32a145")
        });
        assert_eq!(asks, is_githubs_too, "{fix:?}");
    }
}

#[test]
fn what_the_licence_permits_only_the_manage_api_tells() {
    for (world, expected) in [
        (World::licence(|says| says.croquet_support = Some(false)), "server/license-excludes-connect"),
        (World::licence(|says| says.evaluation = Some(true)), "server/license-trial"),
        (
            World::with(|world| world.licence = refused_licence(Refusal::NoReply(NoReply::TimedOut))),
            "server/manage-unreachable",
        ),
        (World::with(|world| world.licence = refused_licence(Refusal::TooDeep)), "server/manage-unreachable"),
    ] {
        let finding = only(world.manage());
        assert_eq!(finding.kind.id, expected);
        assert!(
            !finding.fix.is_empty() && finding.message.contains("ghes.corp.example"),
            "{}",
            finding.message
        );
    }
    let first = |why| {
        only(World::with(|world| world.licence = refused_licence(Refusal::NoReply(why))).manage()).fix[0]
            .owner
    };
    assert_eq!(first(NoReply::TimedOut), Owner::ServerAdmin, "the port is reached");
    assert_eq!(first(NoReply::Unconnected { failure: Failure::TimedOut }), Owner::Network);
    let excluded = only(World::licence(|says| says.croquet_support = Some(false)).manage());
    assert!(excluded.message.ends_with("of it. Its reference number is 32a145."), "{}", excluded.message);
    assert!(
        excluded
            .fix
            .iter()
            .any(|step| step.owner == Owner::EnterpriseOwner && step.text.contains("/enterprises/acme"))
    );
    assert!(matches!(World::licence(|says| says.croquet_support = None).manage(), Err(Stop::Trouble(_))));
    let endless = World::licence(|says| says.expire_at = None);
    assert!(endless.manage().is_ok());
    assert!(matches!(World { check: None, ..endless }.manage(), Err(Stop::Trouble(_))));
    let without = |answer| World::with(|world| world.licence = answer).manage().err();
    assert_eq!(
        without(Ok(Answer::NoCredential { needs: Needs { api: Api::Manage, scope: None } })),
        Some(Stop::blocked("token"))
    );
    assert_eq!(
        without(refused_licence(Refusal::BadCredentials { message: String::new() })),
        Some(Stop::blocked("token"))
    );
}

#[test]
fn nobody_expects_a_manage_api_where_there_is_no_server() {
    let stop = |change: fn(&mut World)| {
        World::with(|world| {
            world.licence = refused_licence(not_found());
            change(world);
        })
        .manage()
        .err()
    };
    assert!(matches!(
        stop(|world| {
            world.status = reply(404, "<h1>404", false);
            world.meta = None;
        }),
        Some(Stop::NotApplicable(_))
    ));
    assert!(matches!(stop(|world| world.meta = Some(meta("3.4.0"))), Some(Stop::NotApplicable(_))));
    assert_eq!(stop(|_| {}), None);
}

#[test]
fn a_url_at_which_nothing_is_asked_is_told_once() {
    let mut plan = World::healthy().plan;
    assert_eq!(Api::why_server_unusable(&plan), None);
    plan.server = Some(Sourced::default("http://ghes.corp.example".to_owned()));
    let why = Api::why_server_unusable(&plan).expect("a reason");
    let finding = only(judge::unusable(&plan, &Subject::Server, why));
    assert_eq!(
        finding.message,
        "The server's URL http://ghes.corp.example (default) is not https://, and nothing that says who asks is sent in the clear."
    );
    assert_eq!(finding.fix[0].text, "Say --server https://ghes.corp.example");
    assert!(matches!(judge::unusable(&plan, &Subject::Manage, why), Err(Stop::NotApplicable(_))));
    assert_eq!(Api::Manage.endpoint(&plan).err(), Some(Stop::blocked("server")));
}

#[test]
fn severities_are_those_of_the_contract() {
    for kind in META.kinds {
        let expected = match kind.id {
            "server/license-trial" | "server/address-fails" => Severity::Warning,
            _ => Severity::Blocker,
        };
        let undetermined =
            ["server/manage-unreachable", "server/contradictory", "server/stored"].contains(&kind.id);
        assert_eq!((kind.severity, kind.undetermined), (expected, undetermined));
    }
}

#[test]
fn what_comes_out_of_a_store_says_nothing_of_the_server() {
    let sign = || NoReply::Stored { sign: "age: 17".to_owned() };
    let mut world = World::healthy();
    world.status = Status { heard: Heard::Silence { why: sign() } };
    let finding = only(world.server());
    assert_eq!((finding.kind.id, finding.fix[0].owner), ("server/stored", Owner::Network));
    assert!(
        finding.message.contains("to GET /status came out of a store on the way (age: 17)"),
        "{}",
        finding.message
    );
    let mut world = World::healthy();
    let needs = gh_connect_github::Needs { api: Api::Server, scope: None };
    let answer = Answer::Refused { why: Refusal::NoReply(sign()), needs };
    world.meta = Some(ServerMeta { answer, version_header: None });
    let finding = only(world.server());
    assert_eq!(finding.kind.id, "server/stored");
    assert!(finding.message.contains("/api/v3/meta"), "{}", finding.message);
}
