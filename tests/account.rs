//! What somebody gets to read who comes without a token, with one that lacks a scope, or with one that single sign-on
//! refuses: enough to act on, without asking anybody.

mod support;

use gh_connect_engine::{FindingRecord, Owner, State};
use support::{Ran, gh_connect, world};

/// A run in a world, and what has to come of it.
struct Case<'a> {
    world: &'a str,
    root_causes: &'a [&'a str],
    exit: i32,
    /// The checks that wait, and for which.
    waiting: &'a [(&'a str, &'a str)],
    /// Findings in their order: parts of the message, who acts first, and parts of what they do.
    findings: &'a [Expected<'a>],
}

struct Expected<'a> {
    id: &'a str,
    subject: &'a str,
    message: &'a [&'a str],
    owner: Owner,
    fix: &'a [&'a str],
}

#[test]
fn without_any_credential_a_run_says_which_and_for_what() {
    let cloud = Expected {
        id: "token/missing",
        subject: "api.github.com",
        message: &[
            "GH_TOKEN",
            "the scopes admin:enterprise and read:audit_log",
            "The checks enterprise, owner, egress, allow-list, billing and connection wait for it",
        ],
        owner: Owner::EnterpriseOwner,
        fix: &[
            "https://github.com/settings/tokens/new?scopes=admin:enterprise,read:audit_log",
            "an owner of acme",
            "in the environment variable GH_TOKEN",
        ],
    };
    let server = Expected {
        id: "token/missing",
        subject: "ghes.corp.example",
        message: &[
            "GH_ENTERPRISE_TOKEN",
            "the scopes site_admin, read:enterprise and read:audit_log",
            "The checks owner and connection wait for it",
        ],
        owner: Owner::ServerAdmin,
        fix: &[
            "https://ghes.corp.example/settings/tokens/new?scopes=site_admin,read:enterprise,read:audit_log",
            "GH_ENTERPRISE_TOKEN",
        ],
    };
    let manage = Expected {
        id: "token/missing",
        subject: "ghes.corp.example:8443",
        message: &["GHE_MANAGE_PASSWORD", "The checks server and nodes wait for it"],
        owner: Owner::ServerAdmin,
        fix: &["GHE_MANAGE_PASSWORD", "https://ghes.corp.example:8443/setup"],
    };
    Case {
        world: "[token.cloud]\ngiven = false\n[token.server]\ngiven = false\n[server.manage]\ngiven = false",
        root_causes: &["token/missing"],
        exit: 3,
        waiting: &[&OF_THE_CLOUD[..], &[("server", "token"), ("nodes", "token")]].concat(),
        findings: &[cloud, server, manage],
    }
    .holds();
}

#[test]
fn a_token_without_read_audit_log_is_told_so() {
    Case {
        world: "[token.cloud]\nscopes = [\"admin:enterprise\"]",
        root_causes: &["token/scope-missing"],
        exit: 1,
        waiting: &[("billing", "token")],
        findings: &[Expected {
            id: "token/scope-missing",
            subject: "api.github.com",
            message: &[
                "The personal access token (classic) of octo-owner (environment GH_TOKEN) has admin:enterprise, and lacks \
                 read:audit_log",
                "billing waits for it, and egress has one source less",
            ],
            owner: Owner::EnterpriseOwner,
            fix: &["https://github.com/settings/tokens as octo-owner", "tick read:audit_log"],
        }],
    }
    .holds();
}

#[test]
fn a_token_without_admin_enterprise_is_told_so_while_the_allow_list_is_on() {
    Case {
        world: "[token.cloud]\nscopes = [\"read:enterprise\", \"read:audit_log\"]",
        root_causes: &["token/scope-missing"],
        exit: 1,
        waiting: &[("allow-list", "token")],
        findings: &[Expected {
            id: "token/scope-missing",
            subject: "api.github.com",
            message: &[
                "has read:enterprise and read:audit_log, and lacks admin:enterprise, for the entries of the IP allow list",
                "allow-list waits for it",
            ],
            owner: Owner::EnterpriseOwner,
            fix: &["https://github.com/settings/tokens as octo-owner", "tick admin:enterprise"],
        }],
    }
    .holds();
}

#[test]
fn a_token_without_admin_enterprise_is_enough_while_the_allow_list_is_off() {
    Case {
        world: "[token.cloud]\nscopes = [\"read:enterprise\", \"read:audit_log\"]\n[enterprise.allow-list]\nenabled = false",
        root_causes: &[],
        exit: 0,
        waiting: &[],
        findings: &[],
    }
    .holds();
}

#[test]
fn a_token_without_read_enterprise_is_told_so() {
    for (scopes, has) in
        [("[\"read:audit_log\"]", "has read:audit_log, and lacks read:enterprise"), ("[]", "has no scopes")]
    {
        Case {
            world: &format!("[token.cloud]\nscopes = {scopes}"),
            root_causes: &["token/scope-missing"],
            exit: 1,
            waiting: &OF_THE_CLOUD,
            findings: &[Expected {
                id: "token/scope-missing",
                subject: "api.github.com",
                message: &[
                    has,
                    "read:enterprise, for the enterprise account",
                    "enterprise, owner, egress, allow-list, billing and connection wait for it",
                ],
                owner: Owner::EnterpriseOwner,
                fix: &["https://github.com/settings/tokens as octo-owner", "tick admin:enterprise"],
            }],
        }
        .holds();
    }
}

#[test]
fn a_token_of_the_server_without_site_admin_is_told_so() {
    Case {
        world: "[token.server]\nscopes = [\"repo\"]",
        root_causes: &["token/scope-missing"],
        exit: 1,
        waiting: &[("connection", "token")],
        findings: &[Expected {
            id: "token/scope-missing",
            subject: "ghes.corp.example",
            message: &["of ghe-admin (environment GH_ENTERPRISE_TOKEN) has repo, and lacks site_admin"],
            owner: Owner::ServerAdmin,
            fix: &["https://ghes.corp.example/settings/tokens as ghe-admin", "tick site_admin"],
        }],
    }
    .holds();
}

/// The server's own audit log is asked by the name of its own enterprise.
#[test]
fn a_token_of_the_server_that_does_not_open_its_audit_log_is_told_so() {
    for (scopes, lacks) in [
        (
            "[\"site_admin\", \"read:enterprise\"]",
            "has site_admin and read:enterprise, and lacks read:audit_log",
        ),
        (
            "[\"site_admin\", \"read:audit_log\"]",
            "has site_admin and read:audit_log, and lacks read:enterprise",
        ),
    ] {
        Case {
            world: &format!("[token.server]\nscopes = {scopes}"),
            root_causes: &["token/scope-missing"],
            exit: 1,
            waiting: &[("connection", "token")],
            findings: &[Expected {
                id: "token/scope-missing",
                subject: "ghes.corp.example",
                message: &[lacks, "connection waits for it"],
                owner: Owner::ServerAdmin,
                fix: &["https://ghes.corp.example/settings/tokens as ghe-admin", "tick read:"],
            }],
        }
        .holds();
    }
}

#[test]
fn a_fine_grained_token_is_told_to_be_replaced_by_a_classic_one() {
    Case {
        world: "[token.cloud]\nkind = \"fine-grained\"",
        root_causes: &["token/scope-missing"],
        exit: 1,
        waiting: &OF_THE_CLOUD,
        findings: &[Expected {
            id: "token/scope-missing",
            subject: "api.github.com",
            message: &[
                "The fine-grained personal access token of octo-owner (environment GH_TOKEN) is not permitted",
                "classic tokens with the scopes admin:enterprise and read:audit_log",
                "The checks enterprise, owner, egress, allow-list, billing and connection wait for it",
            ],
            owner: Owner::EnterpriseOwner,
            fix: &["https://github.com/settings/tokens/new?scopes=admin:enterprise,read:audit_log"],
        }],
    }
    .holds();
}

#[test]
fn a_token_that_single_sign_on_refuses_is_told_where_to_authorise_it() {
    Case {
        world: "[enterprise]\nsaml = true\n[token.cloud]\nsso = \"required\"",
        root_causes: &["token/sso-required"],
        exit: 1,
        waiting: &OF_THE_CLOUD,
        findings: &[Expected {
            id: "token/sso-required",
            subject: "api.github.com",
            message: &[
                "acme has SAML single sign-on",
                "the personal access token (classic) of octo-owner (environment GH_TOKEN) is not authorised for it",
                "The checks enterprise, owner, egress, allow-list, billing and connection wait for it",
            ],
            owner: Owner::EnterpriseOwner,
            fix: &[
                "https://github.com/settings/tokens as octo-owner",
                "Configure SSO",
                "Authorize for acme",
                "https://github.com/enterprises/acme/sso",
            ],
        }],
    }
    .holds();
}

/// What is wrong with a token in two ways is told at once, so that nobody has to come back for the second.
#[test]
fn single_sign_on_does_not_hide_a_missing_scope() {
    let ran =
        run("[enterprise]\nsaml = true\n[token.cloud]\nsso = \"required\"\nscopes = [\"admin:enterprise\"]");
    assert_eq!(ran.record.root_causes, ["token/sso-required", "token/scope-missing"], "{}", ran.stderr);
}

impl Case<'_> {
    fn holds(&self) {
        let ran = run(self.world);
        let seen = format!("{}\n{}\n{:#?}", self.world, ran.stderr, ran.states());
        assert_eq!(ran.record.root_causes, self.root_causes, "{seen}");
        assert_eq!(
            (ran.exit, ran.record.summary.exit_code),
            (self.exit, u8::try_from(self.exit).unwrap_or(255)),
            "{seen}"
        );
        for check in &ran.record.checks {
            let id = check.id.as_str();
            match self.waiting.iter().find(|(waiting, _)| *waiting == id) {
                Some((_, by)) => {
                    let blocked = (check.state, &check.blocked_by[..]);
                    assert_eq!(blocked, (State::Blocked, &[(*by).to_owned()][..]), "{id}: {seen}");
                }
                None if self.root_causes.iter().any(|cause| cause.starts_with(&format!("{id}/"))) => {}
                None => {
                    let is_well = matches!(check.state, State::Passed | State::NotApplicable);
                    assert!(is_well, "{id} is {}: {seen}", check.state.id());
                }
            }
        }
        let registered = |id: &str| ran.record.checks.iter().any(|check| check.id == id);
        assert!(self.waiting.iter().all(|(id, _)| registered(id)), "{seen}");
        let found: Vec<&FindingRecord> = ran.record.checks.iter().flat_map(|check| &check.findings).collect();
        let subjects: Vec<(&str, &str)> =
            found.iter().map(|finding| (finding.id.as_str(), finding.subject.as_str())).collect();
        let expected: Vec<(&str, &str)> = self.findings.iter().map(|it| (it.id, it.subject)).collect();
        assert_eq!(subjects, expected, "{seen}");
        for (finding, expected) in found.iter().zip(self.findings) {
            expected.is_told_by(finding);
        }
        let text = serde_json::to_string(&ran.record).expect("JSON") + &ran.stderr;
        for secret in SECRETS {
            assert!(!text.contains(secret), "{secret}");
        }
    }
}

impl Expected<'_> {
    fn is_told_by(&self, finding: &FindingRecord) {
        for part in self.message {
            assert!(finding.message.contains(part), "`{part}` is not in: {}", finding.message);
        }
        assert_eq!(finding.fix[0].owner, self.owner, "{}", finding.id);
        let fix: Vec<&str> = finding.fix.iter().map(|step| step.text.as_str()).collect();
        let fix = fix.join("\n");
        for part in self.fix {
            assert!(fix.contains(part), "`{part}` is not in: {fix}");
        }
        assert!(!finding.why.is_empty() && !finding.docs.is_empty(), "{}", finding.id);
    }
}

fn run(text: &str) -> Ran {
    let world = world("account", text);
    let output = gh_connect(["check", &world.argument(), "-o", "json"]).output().expect("it runs");
    Ran::of(&output).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// The checks that have nothing to judge while the cloud says nothing.
const OF_THE_CLOUD: [(&str, &str); 6] = [
    ("enterprise", "token"),
    ("owner", "token"),
    ("egress", "token"),
    ("allow-list", "token"),
    ("billing", "token"),
    ("connection", "token"),
];

/// How the tokens of the lab begin.
const SECRETS: [&str; 3] = ["ghp_Lab", "github_pat_Lab", "LABSSOREQUEST"];
