//! Whether who connects the two sides owns the one and administers the other.

use futures::future::BoxFuture;
use gh_connect_engine::{
    Category, Check, Cx, Examination, Finding, InDoubt, Kind, Meta, Owner, Plan, Severity, Stop, Subject,
    shown,
};
use gh_connect_github::{
    OfTheRun,
    cloud::{Account, Enterprise, Viewer},
    server::{ServerUser, SiteUser},
};
use serde_json::json;

use crate::account;

/// The check.
pub struct Owners;

static META: Meta = Meta {
    id: "owner",
    title: "an owner on both sides",
    category: Category::Account,
    words: include_str!("README.md"),
    kinds: &[&NOT_ON_CLOUD, &NOT_ON_SERVER],
    in_doubt: InDoubt {
        owner: Owner::EnterpriseOwner,
        text: "See at https://APEX/enterprises/SLUG under People, Administrators, whether the person whose token asks is an owner; for the server, whether that person is a site administrator",
        command: None,
    },
};

static NOT_ON_CLOUD: Kind = Kind {
    id: "owner/not-on-cloud",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the token's user is no owner of the enterprise account",
    since: "0.1.0",
    world: include_str!("worlds/not-on-cloud.toml"),
};

static NOT_ON_SERVER: Kind = Kind {
    id: "owner/not-on-server",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the token's user is no site administrator of the server",
    since: "0.1.0",
    world: include_str!("worlds/not-on-server.toml"),
};

impl Check for Owners {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn subjects(&self, _: &Plan) -> Vec<Subject> {
        vec![Subject::Cloud, Subject::Server]
    }

    fn examine<'a>(&'a self, subject: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        Box::pin(async move {
            match subject {
                Subject::Cloud => {
                    let (enterprise, viewer) =
                        futures::join!(cx.fact::<Enterprise>(&OfTheRun), cx.fact::<Viewer>(&OfTheRun));
                    let enterprise = enterprise?;
                    let account = enterprise.answer.or_stop()?;
                    let login = viewer.ok().and_then(|viewer| Some(viewer.answer.said()?.login.clone()));
                    let judged = on_cloud(cx.plan(), account, login.as_deref())?;
                    // One of the two words is wrong.
                    if judged.findings.is_empty() && account::hides_what_owners_see(cx).await {
                        return Err(Stop::Trouble(format!(
                            "{} calls the token's user an owner of {} (viewerIsAdmin: true), and shows nothing of what owners see \
                             (ownerInfo: null)",
                            cx.plan().product.value.apex(),
                            shown(&account.slug, 100)
                        )));
                    }
                    Ok(judged)
                }
                Subject::Server => {
                    let asked = cx.fact::<ServerUser>(&OfTheRun).await?;
                    // That nobody says whose the token is, its own check tells, whatever the reason.
                    let user = asked.answer.said().ok_or_else(|| Stop::blocked("token"))?;
                    on_server(cx.plan(), user)
                }
                _ => Err(Stop::defect("owner looks at the cloud and the server only")),
            }
        })
    }
}

/// Judges by what the account says of who asks.
fn on_cloud(plan: &Plan, account: &Account, login: Option<&str>) -> Result<Examination, Stop> {
    let (slug, apex) = (shown(&account.slug, 100), plan.product.value.apex());
    let who = login.map_or("the token's user".to_owned(), |login| shown(login, 100));
    match account.viewer_is_admin {
        Some(true) => return Ok(Examination::passed(format!("{who} owns {slug}"))),
        Some(false) => {}
        None => {
            let text =
                format!("{apex} did not say whether {who} is an owner of the enterprise account {slug}");
            return Err(Stop::Trouble(text));
        }
    }
    let message = format!(
        "{who}, whose token asks, is no owner of the enterprise account {slug}: {apex} says `viewerIsAdmin: false`. Only an \
         owner can connect a server, and only an owner sees what the other checks need."
    );
    let finding = Finding::new(&NOT_ON_CLOUD, slug.clone(), message)
        .evidence(json!({ "login": login, "enterprise": slug, "viewer-is-admin": false }))
        .step(
            Owner::EnterpriseOwner,
            format!(
                "Make {who} an owner: https://{apex}/enterprises/{slug}, People, Administrators, Invite admin, role Owner. For \
                 managed users the identity provider gives the role Enterprise Owner"
            ),
        )
        .step(
            Owner::Operator,
            format!(
                "Have an owner of {slug} make the token (classic, scopes admin:enterprise and read:audit_log), and give it in \
                 GH_TOKEN; that person also presses Connect"
            ),
        );
    Ok(finding.into())
}

/// Judges by what the server says of who asks.
fn on_server(plan: &Plan, user: &SiteUser) -> Result<Examination, Stop> {
    let host = shown(plan.server_host().unwrap_or("the server"), 253);
    let login = user.login.as_deref().map(|login| shown(login, 100));
    let who = login.clone().unwrap_or_else(|| "the token's user".to_owned());
    match user.site_admin {
        Some(true) => return Ok(Examination::passed(format!("{who} administers {host}"))),
        Some(false) => {}
        None => {
            return Err(Stop::Trouble(format!("{host} did not say whether {who} is a site administrator")));
        }
    }
    let message = format!(
        "{who}, whose token asks, is no site administrator of {host}: it says `site_admin: false`. Only an owner of the server's \
         enterprise can enable GitHub Connect there."
    );
    // A login that a shell could read as something else is not written into a command.
    let plain = login.as_deref().filter(|login| {
        !login.is_empty()
            && !login.starts_with('-')
            && login.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    });
    let finding = Finding::new(&NOT_ON_SERVER, host.clone(), message)
        .evidence(json!({ "login": login, "server": host, "site-admin": false }))
        .command(
            Owner::ServerAdmin,
            format!("Make {who} a site administrator, in the admin shell of {host} (ssh -p 122)"),
            format!("ghe-user-promote {}", plain.unwrap_or("LOGIN")),
        )
        .step(
            Owner::Operator,
            format!(
                "Have a site administrator of {host} make the token (classic, scopes site_admin, read:enterprise and \
                 read:audit_log), and give it in GH_ENTERPRISE_TOKEN; that person also presses Enable GitHub Connect"
            ),
        );
    Ok(finding.into())
}

#[cfg(test)]
mod tests {
    use gh_connect_engine::{Origin, Product, Sourced};
    use proptest::prelude::*;

    use super::*;
    use crate::testing;

    fn plan() -> Plan {
        let mut plan = testing::plan(Product::GithubCom);
        plan.server = Some(Sourced::new("https://ghes.corp.example".to_owned(), Origin::flag("--server")));
        plan
    }

    fn account(viewer_is_admin: Option<bool>) -> Account {
        Account { slug: "acme".to_owned(), name: None, url: None, created_at: None, viewer_is_admin }
    }

    fn user(login: Option<&str>, site_admin: Option<bool>) -> SiteUser {
        SiteUser { login: login.map(ToOwned::to_owned), site_admin }
    }

    /// The finding's id, the remark, or the trouble.
    fn outcome(judged: Result<Examination, Stop>) -> String {
        match judged {
            Ok(seen) => match seen.findings.first() {
                Some(finding) => format!("{}: {}", finding.kind.id, finding.message),
                None => seen.remark.unwrap_or_default(),
            },
            Err(stop) => format!("{stop:?}"),
        }
    }

    #[test]
    fn each_side_is_judged_by_what_it_says_and_by_nothing_else() {
        let cloud = |said, login| outcome(on_cloud(&plan(), &account(said), login));
        assert_eq!(cloud(Some(true), Some("octo-owner")), "octo-owner owns acme");
        assert_eq!(cloud(Some(true), None), "the token's user owns acme");
        assert!(cloud(Some(false), Some("octo-owner")).starts_with("owner/not-on-cloud: octo-owner, whose"));
        assert!(cloud(None, Some("octo-owner")).starts_with("Trouble(\"github.com did not say"));
        let server = |login, said| outcome(on_server(&plan(), &user(login, said)));
        assert_eq!(server(Some("ghe-admin"), Some(true)), "ghe-admin administers ghes.corp.example");
        assert!(server(Some("ghe-admin"), Some(false)).starts_with("owner/not-on-server: ghe-admin, whose"));
        assert!(server(Some("ghe-admin"), None).starts_with("Trouble(\"ghes.corp.example did not say"));
    }

    #[test]
    fn the_way_out_names_the_person_and_the_place() {
        let cloud = on_cloud(&plan(), &account(Some(false)), Some("octo-dev")).expect("judged").findings;
        assert!(cloud[0].fix[0].text.contains("octo-dev"));
        assert!(cloud[0].fix[0].text.contains("https://github.com/enterprises/acme"));
        for (login, command) in [
            (Some("octo-dev"), "ghe-user-promote octo-dev"),
            (Some("a; rm -rf /"), "ghe-user-promote LOGIN"),
            (Some("-x"), "ghe-user-promote LOGIN"),
            (None, "ghe-user-promote LOGIN"),
        ] {
            let server = on_server(&plan(), &user(login, Some(false))).expect("judged").findings;
            assert_eq!(server[0].fix[0].command.as_deref(), Some(command));
        }
    }

    proptest! {
        #[test]
        fn whoever_it_is_can_be_shown(login in any::<String>(), said: bool) {
            let texts = [
                outcome(on_cloud(&plan(), &account(Some(said)), Some(&login))),
                outcome(on_server(&plan(), &user(Some(&login), Some(said)))),
            ];
            for text in texts {
                prop_assert!(!text.chars().any(char::is_control), "{}", text);
            }
        }
    }
}
