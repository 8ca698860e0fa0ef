//! The facts against the lab's GitHub: what each world's sides say, refuse and do.

use std::{net::SocketAddr, time::Duration};

use gh_connect_engine::{
    AccountPlan, ConnectTo, Cx, Fact, Machine, NoProxy, Plan, Product, ProxySetting, Redactor, Roots,
    Seconds, Sourced, Stop, Trust,
};
use gh_connect_github::{
    Credentials, OfTheRun, RateLimit, Refusal, cloud,
    cloud::Topic,
    egress::{EgressAddresses, Source},
    manage, server,
};
use gh_connect_lab::{Event, Lab, World};
use serde_json::Value;

/// A world that runs, and a run in it.
struct Run {
    lab: Lab,
    cx: Cx,
}

impl Run {
    async fn of(world: &str) -> Self {
        Self::within(world, 20.0).await
    }

    /// With these seconds for one attempt.
    async fn within(world: &str, timeout: f64) -> Self {
        let world = World::parse("test", world).unwrap_or_else(|error| panic!("{error}"));
        let lab = Lab::start(&world).await.expect("a lab");
        let environment = lab.environment();
        let cx = Cx::live(plan(&world, &lab, timeout), Machine);
        Credentials::of_environment(|name| environment.get(name).map(String::as_str)).give_to(&cx);
        Self { lab, cx }
    }

    async fn fact<F: Fact<Key = OfTheRun>>(&self) -> F {
        let fact = self.cx.fact::<F>(&OfTheRun).await;
        let fact = fact.unwrap_or_else(|stop| panic!("{}: {stop:?}", F::ID));
        serde_json::from_value(serde_json::to_value(&*fact).expect("JSON")).expect("what was saved")
    }

    /// What every fact says, as the record would keep it: `null` where it stops.
    async fn everything(&self) -> Vec<(String, Result<Value, Stop>)> {
        async fn one<F: Fact>(cx: &Cx, key: F::Key) -> (String, Result<Value, Stop>) {
            let fact = cx.fact::<F>(&key).await;
            (format!("{} {key}", F::ID), fact.map(|fact| serde_json::to_value(&*fact).expect("JSON")))
        }
        let cx = &self.cx;
        let cloud = async {
            let account = futures::join!(
                one::<cloud::Viewer>(cx, OfTheRun),
                one::<cloud::Enterprise>(cx, OfTheRun),
                one::<cloud::OwnerInfo>(cx, OfTheRun),
                one::<cloud::Installations>(cx, OfTheRun),
                one::<cloud::AllowList>(cx, OfTheRun),
                one::<cloud::LicenceSync>(cx, OfTheRun),
                one::<cloud::ConsumedLicences>(cx, OfTheRun),
                one::<cloud::ServerStatistics>(cx, OfTheRun),
            );
            [account.0, account.1, account.2, account.3, account.4, account.5, account.6, account.7]
        };
        let log = futures::future::join_all(Topic::ALL.map(|topic| one::<cloud::AuditLog>(cx, topic)));
        let server = async {
            let said = futures::join!(
                one::<server::Status>(cx, OfTheRun),
                one::<server::ServerMeta>(cx, OfTheRun),
                one::<server::ServerUser>(cx, OfTheRun),
                one::<server::ServerLicence>(cx, OfTheRun),
                one::<server::ServerEnterprises>(cx, OfTheRun),
                one::<server::ServerAuditLog>(cx, Topic::Connections),
            );
            [said.0, said.1, said.2, said.3, said.4, said.5]
        };
        let manage = async {
            let said = futures::join!(
                one::<manage::ManageVersion>(cx, OfTheRun),
                one::<manage::ManageLicence>(cx, OfTheRun),
                one::<manage::ManageLicenceCheck>(cx, OfTheRun),
                one::<manage::ManageSettings>(cx, OfTheRun),
                one::<manage::ManageNodes>(cx, OfTheRun),
                one::<manage::ManageReplication>(cx, OfTheRun),
                one::<manage::ManageMaintenance>(cx, OfTheRun),
            );
            [said.0, said.1, said.2, said.3, said.4, said.5, said.6]
        };
        let (cloud, log, server, manage) = futures::join!(cloud, log, server, manage);
        cloud.into_iter().chain(log).chain(server).chain(manage).collect()
    }

    /// Panics when anything secret of this world stands in a text in any form.
    fn has_no_secret(&self, text: &str) {
        let mut redactor = Redactor::new();
        for (_, secret) in self.lab.secrets() {
            redactor.learn(&gh_connect_engine::Secret::new(secret.as_str()));
        }
        assert_eq!(redactor.clean(text), text);
    }

    /// How many connections there were to the API's port of a host.
    fn connections(&self, host: &str, port: u16) -> usize {
        let log = self.lab.log();
        let to = |event: &&Event| matches!(event, Event::Connection { host: to, port: at, .. } if to == host && *at == port);
        log.iter().filter(to).count()
    }
}

fn plan(world: &World, lab: &Lab, timeout: f64) -> Plan {
    let rule = |from: Option<SocketAddr>, to: SocketAddr| {
        Sourced::default(ConnectTo {
            host: from.map(|from| from.ip().to_string()),
            port: from.map(|from| from.port()),
            to_host: Some(to.ip()),
            to_port: Some(to.port()),
        })
    };
    let addresses = lab.addresses().iter().map(|(from, to)| rule(Some(*from), *to));
    let name_servers = lab.name_servers().iter().map(|server| rule(Some(*server), *server));
    let product = match &world.target.ghe_com {
        Some(subdomain) => Product::GheCom(subdomain.clone()),
        None => Product::GithubCom,
    };
    let proxy = world.check.get("proxy").and_then(toml::Value::as_str);
    let proxy = proxy.map(|text| gh_connect_engine::ProxyUrl::parse(text).expect("a URL"));
    let roots = |name: &str| Sourced::default(Roots::File(lab.directory().join(name)));
    Plan {
        server: Some(Sourced::default(lab.server_url())),
        enterprise: Some(Sourced::default(lab.enterprise().to_owned())),
        proxy: Sourced::default(proxy.map_or(ProxySetting::Off, ProxySetting::Use)),
        no_proxy: Sourced::default(NoProxy::parse(".corp.example")),
        resolvers: Sourced::default(lab.name_servers().to_vec()),
        hosts_file: Some(Sourced::default(lab.hosts_file().to_owned())),
        trust: Trust { system: roots("system-roots.pem"), extra: Vec::new(), public: roots("public-ca.pem") },
        connect_to: addresses.chain(name_servers).chain([rule(None, lab.elsewhere())]).collect(),
        loopback_only: true,
        timeout: Sourced::default(Seconds(Duration::from_secs_f64(timeout))),
        deadline: Sourced::default(Seconds(Duration::from_secs(60))),
        account: AccountPlan { echo: echo_pages(world), ..AccountPlan::default() },
        ..Plan::new(product)
    }
}

fn echo_pages(world: &World) -> Vec<Sourced<String>> {
    let pages = world.check.get("egress").and_then(|egress| egress.get("echo")?.as_array());
    pages.into_iter().flatten().filter_map(|page| Some(Sourced::default(page.as_str()?.to_owned()))).collect()
}

#[tokio::test]
async fn both_sides_of_a_healthy_world_answer_everything() {
    let run = Run::of("").await;
    for (fact, said) in run.everything().await {
        let said = said.unwrap_or_else(|stop| panic!("{fact}: {stop:?}"));
        run.has_no_secret(&said.to_string());
        if fact.starts_with("server.status") {
            assert!(said["heard"]["reply"]["status"] == 200, "{said}");
        } else {
            assert!(said["answer"].get("said").is_some(), "{fact}: {said}");
        }
    }
}

#[tokio::test]
async fn an_owner_sees_the_account() {
    let run = Run::of(
        r#"
        [[enterprise.installation]]
        host-name = "GHES.corp.example"
        [enterprise.allow-list]
        generated = 1000
        "#,
    )
    .await;
    let account = run.fact::<cloud::Enterprise>().await.answer;
    let account = account.said().expect("said");
    assert_eq!((account.slug.as_str(), account.viewer_is_admin), ("acme", Some(true)));
    let owners = run.fact::<cloud::OwnerInfo>().await.answer;
    let owners = owners.said().expect("said");
    assert_eq!((&owners.allow_list, &owners.oidc), (&Some(cloud::Setting::Enabled), &cloud::Oidc::None));
    let known = run.fact::<cloud::Installations>().await.answer;
    assert_eq!(known.said().expect("said").servers[0].is_connected, Some(true));
    let list = run.fact::<cloud::AllowList>().await.answer;
    let entries = list.said().expect("said");
    assert_eq!((entries.list.len() as u64, &entries.ended_by), (entries.total.expect("a number"), &None));
    assert!(entries.list.len() >= 1000);
    let viewer = run.fact::<cloud::Viewer>().await;
    assert_eq!(viewer.answer.said().map(|user| user.login.as_str()), Some("octo-owner"));
    assert!(viewer.token.and_then(|token| token.scopes).expect("scopes").grant("admin:enterprise"));
}

#[tokio::test]
async fn what_stands_between_a_token_and_the_account_is_named() {
    type Expected = fn(&Refusal) -> bool;
    let cases: [(&str, Expected); 9] = [
        ("[token.cloud]\nrevoked = true", |why| matches!(why, Refusal::BadCredentials { .. })),
        ("[token.cloud]\nsso = \"required\"", |why| matches!(why, Refusal::SsoRequired { .. })),
        ("[token.cloud]\nforbidden-by-policy = true", |why| matches!(why, Refusal::Policy { .. })),
        (
            "[token.cloud]\nscopes = [\"repo\"]",
            |why| matches!(why, Refusal::MissingScopes { has, .. } if has == &["repo"]),
        ),
        ("[token.cloud]\nkind = \"fine-grained\"", |why| matches!(why, Refusal::MissingPermission { .. })),
        ("[token.cloud]\nremaining = 0", |why| {
            matches!(why, Refusal::RateLimited { limit: RateLimit::Primary, .. })
        }),
        (
            "[enterprise.allow-list]\nentries = []",
            |why| matches!(why, Refusal::AllowList { address: None, owner_kind: Some(kind), .. } if kind == "enterprise"),
        ),
        (
            "[enterprise.allow-list]\nentries = []\nrefusal = \"enterprise-with-address\"",
            |why| matches!(why, Refusal::AllowList { address: Some(address), .. } if address.to_string() == "203.0.113.7"),
        ),
        ("[endpoint.\"api.github.com/graphql\"]\nanswer = \"secondary-rate-limit\"", |why| {
            matches!(why, Refusal::RateLimited { limit: RateLimit::Secondary, .. })
        }),
    ];
    for (world, is_expected) in cases {
        let run = Run::of(world).await;
        let account = run.fact::<cloud::Enterprise>().await.answer;
        let why = account.refusal().unwrap_or_else(|| panic!("{world}: {account:?}"));
        assert!(is_expected(why), "{world}: {why:?}");
        if !world.contains("graphql") {
            let seats = run.fact::<cloud::ConsumedLicences>().await.answer;
            let why = seats.refusal().unwrap_or_else(|| panic!("{world}: {seats:?}"));
            assert!(is_expected(why), "{world}, REST: {why:?}");
        }
    }
}

#[tokio::test]
async fn each_missing_scope_hides_what_needs_it_and_nothing_else() {
    for (scopes, hidden) in [
        (r#"["read:enterprise", "read:audit_log"]"#, &["cloud.allow-list"][..]),
        (r#"["admin:enterprise"]"#, &["cloud.audit-log"]),
        (
            r#"["read:audit_log"]"#,
            &[
                "cloud.enterprise",
                "cloud.owner-info",
                "cloud.installations",
                "cloud.allow-list",
                "cloud.licence-sync",
                "cloud.consumed-licences",
                "cloud.server-statistics",
            ],
        ),
    ] {
        let run = Run::of(&format!("[token.cloud]\nscopes = {scopes}")).await;
        for (fact, said) in run.everything().await {
            if !fact.starts_with("cloud.") {
                continue;
            }
            let said = said.unwrap_or_else(|stop| panic!("{scopes} {fact}: {stop:?}"));
            let id = fact.split(' ').next().expect("an id");
            let refused = said["answer"]["refused"]["why"]["refusal"] == "missing-scopes";
            assert_eq!(refused, hidden.contains(&id), "{scopes} {fact}: {said}");
        }
    }
}

#[tokio::test]
async fn without_anything_strangers_hear_what_strangers_may() {
    let run = Run::of(
        "[token.cloud]\ngiven = false\n[token.server]\ngiven = false\n[server.manage]\ngiven = false",
    )
    .await;
    for (fact, said) in run.everything().await {
        let said = said.unwrap_or_else(|stop| panic!("{fact}: {stop:?}"));
        match fact.split(' ').next().expect("an id") {
            "server.status" => assert!(said["heard"]["reply"]["status"] == 200, "{said}"),
            "server.meta" => assert!(said["answer"]["said"]["installed_version"] == "3.19.1", "{said}"),
            _ => assert!(said["answer"].get("no-credential").is_some(), "{fact}: {said}"),
        }
    }
    assert_eq!(run.connections("api.github.com", 443), 0);
}

#[tokio::test]
async fn private_mode_maintenance_and_strangers_are_told_apart() {
    for (mode, text) in [
        ("on", "Must authenticate to access this API."),
        ("requires-authentication", "Requires authentication"),
    ] {
        let world = format!("[token.server]\ngiven = false\n[server]\nprivate-mode = \"{mode}\"");
        let meta = Run::of(&world).await.fact::<server::ServerMeta>().await;
        assert_eq!(meta.answer.refusal(), Some(&Refusal::Anonymous { message: text.to_owned() }));
        assert_eq!(meta.versions().next(), Some("3.19.1"));
    }
    let run = Run::of("[server]\nmaintenance = \"on\"").await;
    let status = run.fact::<server::Status>().await;
    assert!(status.is_reached() && !status.is_well());
    let stop = run.cx.fact::<server::ServerUser>(&OfTheRun).await.expect_err("asleep");
    assert_eq!(stop, Stop::blocked("server"));
    assert!(run.fact::<manage::ManageMaintenance>().await.answer.said().is_some());
    let run = Run::of("[server]\nnot-ghes = true").await;
    assert!(!run.fact::<server::Status>().await.is_well());
}

#[tokio::test]
async fn through_a_proxy_the_name_is_asked_for() {
    let run = Run::of(
        r#"
        [check]
        proxy = "http://svc:canary-pass@proxy.corp.example:3128"
        [proxy]
        [firewall]
        direct = "silent"
        "#,
    )
    .await;
    let viewer = run.fact::<cloud::Viewer>().await.answer;
    assert!(viewer.said().is_some(), "{viewer:?}");
    let connect = run
        .lab
        .log()
        .into_iter()
        .any(|event| matches!(&event, Event::Connect { target, .. } if target == "api.github.com:443"));
    assert!(connect, "{:?}", run.lab.log());
}

/// The run and the server have the same proxy, so the run knows the password and takes it out of what it hears. Not here.
#[tokio::test]
async fn the_servers_own_proxy_is_read_with_its_password() {
    let run = Run::of("[check]\nproxy = \"http://svc:canary-pass@proxy.corp.example:3128\"\n[proxy]").await;
    let settings = run.cx.fact::<manage::ManageSettings>(&OfTheRun).await.expect("a fact");
    let Some(Some(ProxySetting::Use(url))) = settings.answer.said().map(|said| said.http_proxy.as_ref())
    else {
        panic!("{settings:?}");
    };
    let credentials = url.credentials.as_ref().expect("credentials");
    assert_eq!(credentials.password.expose(), "canary-pass");
    let kept = format!("{settings:?} {}", serde_json::to_string(&*settings).expect("JSON"));
    assert!(!kept.contains("canary-pass"), "{kept}");
}

#[tokio::test]
async fn the_address_that_the_cloud_sees_is_told_by_whoever_knows_it() {
    let through_the_proxy = r#"
        [check]
        proxy = "http://svc:canary-pass@proxy.corp.example:3128"
        egress = { echo = ["https://echo.corp.example/"] }
        [proxy]
        [egress]
        proxy = ["203.0.113.9"]
        "#;
    let over_both_families = r#"
        [check]
        egress = { echo = ["https://echo.corp.example/"] }
        [host."api.github.com"]
        addresses = ["140.82.121.5", "2606:50c0:8000::153"]
        [host."echo.corp.example"]
        addresses = ["192.0.2.80", "2606:50c0:8001::80"]
        "#;
    let upload = r#"
        [[enterprise.installation]]
        host-name = "GHES.corp.example"
        [enterprise]
        audit-log = [
            { action = "dotcom_connection.upload_license_usage", at = "3 days ago", actor-ip = "203.0.113.11" },
            { action = "dotcom_connection.create", at = "9 days ago", actor-ip = "198.51.100.1" },
        ]
        "#;
    for (world, expected) in [
        ("", &[][..]),
        (
            "[enterprise.allow-list]\nentries = []\nrefusal = \"enterprise-with-address\"",
            &["203.0.113.7/32 refusal"],
        ),
        ("[enterprise.allow-list]\nentries = []", &[]),
        ("[check]\negress = { echo = [\"https://echo.corp.example/\"] }", &["203.0.113.7/32 echo"]),
        ("[check]\negress = { echo = [\"https://echo.corp.example/nothing-here\"] }", &[]),
        (over_both_families, &["203.0.113.7/32 echo", "2001:db8:7::7/128 echo"]),
        (through_the_proxy, &["203.0.113.9/32 echo"]),
        (upload, &["203.0.113.11/32 event"]),
    ] {
        let run = Run::of(world).await;
        let seen = run.fact::<EgressAddresses>().await;
        run.has_no_secret(&format!("{seen:?}"));
        let told = seen.known.iter().map(|egress| {
            let who = match egress.source {
                Source::Refusal { .. } => "refusal",
                Source::Event { .. } => "event",
                Source::Said { .. } => "said",
                Source::Echo { .. } => "echo",
            };
            format!("{} {who}", egress.range)
        });
        assert_eq!(told.collect::<Vec<_>>(), expected, "{world}: {seen:?}");
        assert_eq!(seen.refused.is_empty(), !world.contains("entries = []"), "{world}: {seen:?}");
        assert_eq!(seen.untold.is_empty(), !world.contains("nothing-here"), "{world}: {seen:?}");
        assert_eq!(
            seen.unknown_families().is_empty(),
            !expected.is_empty() || world == through_the_proxy,
            "{seen:?}"
        );
    }
}

#[tokio::test]
async fn what_an_echo_page_says_instead_of_an_address_is_named() {
    for answer in ["block-page", "redirect", "close", "truncated", "huge", "empty", "escape", "unavailable"] {
        let world = format!(
            "[check]\negress = {{ echo = [\"https://echo.corp.example/\"] }}\n\
             [endpoint.\"echo.corp.example/\"]\nanswer = \"{answer}\""
        );
        let run = Run::of(&world).await;
        let seen = run.fact::<EgressAddresses>().await;
        let kept_as_it_was = answer == "escape";
        assert_eq!(seen.known.is_empty(), !kept_as_it_was, "{answer}: {seen:?}");
        assert_eq!(seen.untold.len(), usize::from(!kept_as_it_was), "{answer}: {seen:?}");
    }
}

/// Whatever an endpoint does, every fact ends with an answer, a refusal by name or a stop, and tells no secret.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_replies_end_in_a_name() {
    for (answer, others) in [
        ("not-found", ""),
        ("forbidden", ""),
        ("unavailable", ""),
        ("block-page", ""),
        ("redirect", "location = \"https://ghes.corp.example/login\""),
        ("silent", ""),
        ("close", ""),
        ("drip", ""),
        ("endless-body", ""),
        ("endless-head", ""),
        ("truncated", ""),
        ("huge", ""),
        ("deep", ""),
        ("empty", ""),
        ("wrong-types", ""),
        ("nulls", ""),
        ("hollow", ""),
        ("wrong-charset", ""),
        ("escape", ""),
    ] {
        let endpoints = ["api.github.com/*", "ghes.corp.example/api/*", "ghes.corp.example:8443/*"];
        let world: String = endpoints
            .iter()
            .map(|endpoint| format!("[endpoint.\"{endpoint}\"]\nanswer = \"{answer}\"\n{others}\n"))
            .collect();
        let run = Run::within(&world, 1.5).await;
        for (fact, said) in run.everything().await {
            let text = format!("{said:?}");
            run.has_no_secret(&text);
            let Ok(said) = said else { continue };
            assert!(!said.to_string().contains('\u{1b}'), "{answer} {fact}");
            let is_answer = said["answer"].get("said").is_some() || said.get("heard").is_some();
            let may_be = ["nulls", "hollow", "escape", "wrong-types", "drip"].contains(&answer);
            assert!(!is_answer || may_be || fact.starts_with("server.status"), "{answer} {fact}: {said}");
        }
    }
}

/// Fields that nobody knows change nothing, and neither do lists of one where the Manage API's own examples have them. Elsewhere they
/// are no answers.
#[tokio::test]
async fn harmless_differences_do_no_harm() {
    for answer in ["extra-fields", "arrays"] {
        let endpoints = ["api.github.com/*", "ghes.corp.example/api/*", "ghes.corp.example:8443/*"];
        let world: String = endpoints
            .iter()
            .map(|endpoint| format!("[endpoint.\"{endpoint}\"]\nanswer = \"{answer}\"\n"))
            .collect();
        let (odd, usual) = (Run::of(&world).await, Run::of("").await);
        for ((fact, said), (_, expected)) in odd.everything().await.into_iter().zip(usual.everything().await)
        {
            let (said, expected) =
                (said.unwrap_or_else(|stop| panic!("{fact}: {stop:?}")), expected.expect("healthy"));
            let kind = |said: &Value| said["answer"].as_object().and_then(|it| it.keys().next().cloned());
            let expected = match kind(&expected).as_deref() {
                // A list that is empty holds no object.
                Some("said")
                    if fact.starts_with("cloud.audit-log") || fact.starts_with("cloud.server-statistics") =>
                {
                    kind(&expected)
                }
                Some("said") if answer == "arrays" && !fact.starts_with("manage.") => {
                    Some("refused".to_owned())
                }
                _ => kind(&expected),
            };
            assert_eq!(kind(&said), expected, "{answer} {fact}: {said}");
        }
    }
}
