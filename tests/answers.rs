//! Answers that are none, or only half of one: never a pass, and always with one reason that says so.

mod support;

use support::{Ran, gh_connect, world};

#[test]
fn what_was_not_said_is_no_pass() {
    for (world, exit, root_causes) in [
        // The list is off, and nothing says whether a provider's policy is in its place.
        (
            enterprise(
                r#""ipAllowListEnabledSetting": "DISABLED", "enterpriseServerInstallations": {"totalCount": 0, "nodes": []}"#,
            ),
            3,
            "allow-list/idp-managed",
        ),
        // The servers that the account knows, without their number.
        (
            enterprise(
                r#""ipAllowListEnabledSetting": "DISABLED", "oidcProvider": null, "enterpriseServerInstallations": {}"#,
            ),
            3,
            "connection",
        ),
        (
            enterprise(
                r#""ipAllowListEnabledSetting": "DISABLED", "oidcProvider": null,
                "enterpriseServerInstallations": {"totalCount": null, "nodes": [{"hostName": null, "isConnected": true}]}"#,
            ),
            3,
            "connection",
        ),
        // Something that is no event stands where events do.
        (
            endpoint("api.github.com/enterprises/acme/audit-log", r#"[{"@timestamp": 1790000000000}]"#),
            3,
            "billing",
        ),
        (endpoint("api.github.com/enterprises/acme/audit-log", r#"{"message": "busy"}"#), 3, "billing"),
        // A licence without an end, of which the server says nothing either.
        (
            [
                endpoint("ghes.corp.example:8443/manage/v1/config/license", r#"{"croquetSupport": true}"#),
                endpoint("ghes.corp.example:8443/manage/v1/config/license/check", "{}"),
                endpoint("ghes.corp.example/api/v3/enterprise/settings/license", "{}"),
            ]
            .concat(),
            3,
            "server",
        ),
        // One server that says the same without an end to every question.
        (
            "[endpoint.\"ghes.corp.example/*\"]\nanswer = \"endless-body\"\n".to_owned(),
            1,
            "server/unreachable",
        ),
        // A Manage API that says nothing at all, and one that only does not say which nodes there are.
        (endpoint("ghes.corp.example:8443/*", "{}"), 3, "server"),
        (endpoint("ghes.corp.example:8443/*", r#"{"ours": null}"#), 3, "server"),
        (
            [
                endpoint("ghes.corp.example:8443/manage/v1/config/license", "{}"),
                endpoint("ghes.corp.example:8443/manage/v1/config/nodes", "{}"),
            ]
            .concat(),
            3,
            "server",
        ),
        (endpoint("ghes.corp.example:8443/manage/v1/config/nodes", "{}"), 3, "nodes"),
        // Settings that do not say which proxy the server uses.
        (endpoint("ghes.corp.example:8443/manage/v1/config/settings", "{}"), 3, "proxy"),
        // Whoever is on the exception list of maintenance mode sees a healthy server.
        (
            endpoint("ghes.corp.example:8443/manage/v1/maintenance", r#"[{"status": "on"}]"#),
            1,
            "server/maintenance",
        ),
    ] {
        let ran = run(&world);
        let found = (ran.exit, ran.record.root_causes.join(" "));
        assert_eq!(found, (exit, root_causes.to_owned()), "{world}\n{:#?}", ran.states());
    }
}

#[test]
fn who_is_not_asked_tells_nothing() {
    let hollow = world("answers", &endpoint("ghes.corp.example:8443/*", "{}"));
    for (flags, root_causes) in
        [(["--only", "network"], &["proxy"][..]), (["--skip", "server"], &["proxy", "nodes"])]
    {
        let (lab, fixed) = (hollow.argument(), ["check", "-o", "json"]);
        let mut command = gh_connect(fixed.into_iter().chain([lab.as_str()]).chain(flags));
        let ran = Ran::of(&command.output().expect("it runs")).expect("a record");
        assert_eq!(ran.record.root_causes, root_causes, "{flags:?}\n{:#?}", ran.states());
    }
}

#[test]
fn a_question_that_is_refused_alone_has_one_reason_that_says_so() {
    for path in ENDPOINTS {
        for answer in
            ["not-found", "forbidden", "redirect", "unavailable", "block-page", "wrong-types", "nulls"]
        {
            let world = format!("[endpoint.\"{path}\"]\nanswer = \"{answer}\"\n");
            let ran = run(&world);
            let seen = format!("{world}\n{:#?}", ran.states());
            let explained = ran.exit == 0 || ran.record.root_causes.len() == 1;
            assert!(explained, "{}: {:?} {seen}", ran.exit, ran.record.root_causes);
        }
    }
}

/// What the enterprise account says to its owners.
fn enterprise(owner_info: &str) -> String {
    let account = r#""slug": "acme", "viewerIsAdmin": true"#;
    let body = format!(r#"{{"data": {{"enterprise": {{{account}, "ownerInfo": {{{owner_info}}}}}}}}}"#);
    format!("{}about = \"enterpriseServerInstallations\"\n", endpoint("api.github.com/graphql", &body))
}

fn endpoint(path: &str, body: &str) -> String {
    format!("[endpoint.\"{path}\"]\nbody = '''{body}'''\n")
}

fn run(text: &str) -> Ran {
    let world = world("answers", text);
    let output = gh_connect(["check", &world.argument(), "-o", "json"]).output().expect("it runs");
    Ran::of(&output).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

const ENDPOINTS: [&str; 13] = [
    "api.github.com/graphql",
    "api.github.com/enterprises/acme/audit-log",
    "api.github.com/enterprises/acme/consumed-licenses",
    "ghes.corp.example/status",
    "ghes.corp.example/api/v3/meta",
    "ghes.corp.example/api/v3/user",
    "ghes.corp.example/api/v3/enterprise/settings/license",
    "ghes.corp.example:8443/manage/v1/version",
    "ghes.corp.example:8443/manage/v1/config/license",
    "ghes.corp.example:8443/manage/v1/config/license/check",
    "ghes.corp.example:8443/manage/v1/config/settings",
    "ghes.corp.example:8443/manage/v1/config/nodes",
    "ghes.corp.example:8443/manage/v1/maintenance",
];
