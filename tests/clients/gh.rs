//! The `gh` command, which people have at hand and whose stored tokens the program takes.

use std::fs::File;
use std::io::Write as _;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use gh_connect_bench::requirements::{FOR_TESTS, missing};

use crate::machine::{Machine, bounded, succeeded};

const WORLD: &str = r#"
[enterprise.allow-list]
generated = 250
[token.cloud]
scopes = ["admin:enterprise", "read:audit_log", "repo", "read:org"]
[token.server]
scopes = ["site_admin", "read:enterprise", "read:audit_log", "repo", "read:org"]
[token.narrow]
side = "cloud"
value = "ghp_LabNarrow"
scopes = ["repo", "read:org"]
[token.sso]
side = "cloud"
value = "ghp_LabSso"
sso = "required"
"#;

#[test]
fn both_sides_answer_it() -> Result<()> {
    let gh = Gh::start(&events(150))?;
    assert_eq!(gh.answers("api user --jq .login")?, "octo-owner\n");
    assert_eq!(gh.answers("api --hostname ghes.corp.example user --jq .login")?, "ghe-admin\n");
    assert_eq!(gh.answers("api --hostname ghes.corp.example meta --jq .installed_version")?, "3.19.1\n");
    assert_eq!(gh.answers("api graphql -f query={viewer{login}} --jq .data.viewer.login")?, "octo-owner\n");
    let server = "api --hostname ghes.corp.example graphql -f query={viewer{login}} --jq .data.viewer.login";
    assert_eq!(gh.answers(server)?, "ghe-admin\n");
    let included = gh.answers("api user --include --silent")?;
    assert!(included.starts_with("HTTP/2.0 200 OK"), "{included}");
    Ok(())
}

#[test]
fn it_turns_every_page() -> Result<()> {
    let gh = Gh::start(&events(150))?;
    let ids = gh.answers("api --paginate enterprises/acme/audit-log?per_page=40 --jq .[]._document_id")?;
    assert_eq!(distinct(&ids), 150);
    let people =
        gh.answers("api --paginate enterprises/acme/consumed-licenses --jq .users[].github_com_login")?;
    assert_eq!(distinct(&people), 412);
    // It wants its own name for the cursor.
    let document = include_str!("../../github/queries/allow-list.graphql").replace("$after", "$endCursor");
    let entries = gh.run(&[
        "api",
        "graphql",
        "--paginate",
        "-F",
        "slug=acme",
        "-f",
        &format!("query={document}"),
        "--jq",
        ".data.enterprise.ownerInfo.ipAllowListEntries.nodes[].allowListValue",
    ])?;
    assert_eq!(distinct(&succeeded(&entries)?), 252);
    Ok(())
}

#[test]
fn it_reads_the_refusals() -> Result<()> {
    let mut gh = Gh::start("")?;
    let log = "api enterprises/acme/audit-log";
    gh.token("ghp_nobody");
    gh.refuses(log, &["gh: Bad credentials (HTTP 401)"])?;
    gh.token("ghp_LabNarrow");
    gh.refuses(log, &["gh: Not Found (HTTP 404)", "needs the \"read:audit_log\" scope"])?;
    let graphql = "api graphql -f query={enterprise(slug:\"acme\"){name}}";
    gh.refuses(graphql, &["Your token has not been granted the required scopes", "read:enterprise"])?;
    gh.token("ghp_LabSso");
    gh.refuses(log, &["SAML enforcement", "(HTTP 403)"])?;
    Ok(())
}

#[test]
fn it_logs_in_and_keeps_the_tokens() -> Result<()> {
    let mut gh = Gh::start("")?;
    let environment = gh.machine.lab.environment();
    let tokens = [
        ("github.com", "octo-owner", &environment["GH_TOKEN"]),
        ("ghes.corp.example", "ghe-admin", &environment["GH_ENTERPRISE_TOKEN"]),
    ];
    gh.variables.retain(|(name, _)| !name.ends_with("_TOKEN"));
    for (host, user, token) in tokens {
        let login = gh.run_with(&["auth", "login", "--hostname", host, "--with-token"], token)?;
        succeeded(&login).context(host)?;
        let status = gh.run(&["auth", "status", "--hostname", host])?;
        let status = format!("{}{}", succeeded(&status)?, String::from_utf8_lossy(&status.stderr));
        assert!(status.contains(&format!("Logged in to {host} as {user}")), "{status}");
        assert_eq!(gh.answers(&format!("auth token --hostname {host}"))?, format!("{token}\n"));
        assert_eq!(gh.answers(&format!("api --hostname {host} user --jq .login"))?, format!("{user}\n"));
    }
    Ok(())
}

#[test]
fn it_says_whose_token_the_environment_has() -> Result<()> {
    let mut gh = Gh::start("")?;
    let status = gh.run(&["auth", "status", "--hostname", "github.com"])?;
    let status = format!("{}{}", succeeded(&status)?, String::from_utf8_lossy(&status.stderr));
    assert!(status.contains("octo-owner") && status.contains("admin:enterprise"), "{status}");
    gh.token("ghp_nobody");
    gh.refuses("auth status --hostname github.com", &["authentication failed"])?;
    Ok(())
}

/// The command on a machine in a world, with the tokens of that world.
struct Gh {
    machine: Machine,
    home: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Gh {
    fn start(more: &str) -> Result<Self> {
        let packages = missing(FOR_TESTS);
        ensure!(!packages.contains(&"gh"), "missing here: apt-get install gh");
        let machine = Machine::start("gh", &format!("{WORLD}{more}"))?;
        let home = tempfile::tempdir()?;
        let mut variables: Vec<(String, String)> = machine.lab.environment().into_iter().collect();
        for (name, value) in [
            ("HOME", home.path().display().to_string()),
            ("HTTPS_PROXY", machine.proxy()),
            ("SSL_CERT_FILE", machine.authority().display().to_string()),
            ("GH_NO_UPDATE_NOTIFIER", "1".to_owned()),
            ("GH_PROMPT_DISABLED", "1".to_owned()),
        ] {
            variables.push((name.to_owned(), value));
        }
        Ok(Self { machine, home, variables })
    }

    /// Another token for the cloud.
    fn token(&mut self, token: &str) {
        self.variables.retain(|(name, _)| name != "GH_TOKEN");
        self.variables.push(("GH_TOKEN".to_owned(), token.to_owned()));
    }

    /// What it prints for these words, when all is well.
    fn answers(&self, words: &str) -> Result<String> {
        let words: Vec<&str> = words.split_whitespace().collect();
        succeeded(&self.run(&words)?).with_context(|| words.join(" "))
    }

    /// It ends with an error that says all this.
    fn refuses(&self, words: &str, says: &[&str]) -> Result<()> {
        let output = self.run(&words.split_whitespace().collect::<Vec<_>>())?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(1), "{words}: {}: {said}", output.status);
        for text in says {
            ensure!(said.contains(text), "{words} does not say {text:?}: {said}");
        }
        Ok(())
    }

    fn run(&self, words: &[&str]) -> Result<Output> {
        self.run_with(words, "")
    }

    fn run_with(&self, words: &[&str], input: &str) -> Result<Output> {
        let path = self.home.path().join("input");
        File::create(&path)?.write_all(input.as_bytes())?;
        let mut command = Command::new("gh");
        command.args(words).current_dir(self.home.path()).envs(self.variables.iter().cloned());
        bounded(command, File::open(path)?.into())
    }
}

/// So many events that there are several pages of them.
fn events(count: u32) -> String {
    let event =
        |number| format!("[[enterprise.audit-log]]\naction = 'business.test'\nat = '{number} hours ago'\n");
    (1..=count).map(event).collect()
}

fn distinct(lines: &str) -> usize {
    lines.lines().collect::<std::collections::BTreeSet<_>>().len()
}
