//! Whether the enterprise account is there for the token that asks.

use futures::future::BoxFuture;
use gh_connect_engine::{
    Category, Check, Cx, Examination, Finding, InDoubt, Kind, Meta, Owner, Plan, Product, Role, Severity,
    Stop, Subject, shown,
};
use gh_connect_github::{
    Api, NoReply, OfTheRun, Refusal,
    cloud::{Account, Enterprise, Viewer},
};
use serde_json::json;

use crate::{account, origin};

/// The check.
pub struct EnterpriseAccount;

static META: Meta = Meta {
    id: "enterprise",
    title: "the enterprise account",
    category: Category::Account,
    words: include_str!("README.md"),
    kinds: &[&NOT_FOUND, &UNANSWERED],
    in_doubt: InDoubt {
        owner: Owner::Operator,
        text: "Look at https://www.githubstatus.com, and run gh-connect again when GitHub is well",
        command: None,
    },
};

static NOT_FOUND: Kind = Kind {
    id: "enterprise/not-found",
    severity: Severity::Blocker,
    undetermined: false,
    title: "no such enterprise account, or none that the token's user may see",
    since: "0.1.0",
    world: include_str!("worlds/not-found.toml"),
};

static UNANSWERED: Kind = Kind {
    id: "enterprise/unanswered",
    severity: Severity::Blocker,
    undetermined: true,
    title: "GitHub's API gave no answer about the enterprise account",
    since: "0.1.0",
    world: include_str!("worlds/unanswered.toml"),
};

impl Check for EnterpriseAccount {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn subjects(&self, _: &Plan) -> Vec<Subject> {
        vec![Subject::Cloud]
    }

    fn examine<'a>(&'a self, _: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        Box::pin(async move {
            let (enterprise, viewer) =
                futures::join!(cx.fact::<Enterprise>(&OfTheRun), cx.fact::<Viewer>(&OfTheRun));
            let enterprise = enterprise?;
            if let Ok(account) = enterprise.answer.or_stop() {
                return Ok(healthy(account));
            }
            let login = viewer.ok().and_then(|viewer| Some(viewer.answer.said()?.login.clone()));
            match enterprise.answer.refusal() {
                Some(why) if why.owner(Api::Cloud) == META.id => {
                    let api = cx.plan().targets.iter().find(|target| target.role == Role::Api);
                    if let Some(api) = api
                        && !says_not_found(why)
                        && origin::owns_answers_of(cx, api).await
                    {
                        return Err(Stop::blocked("origin"));
                    }
                    Ok(judge(cx.plan(), why, login.as_deref()))
                }
                _ => enterprise.answer.or_stop().map(healthy),
            }
        })
    }
}

fn healthy(account: &Account) -> Examination {
    let name = shown(account.name.as_deref().unwrap_or(&account.slug), 100);
    Examination::passed(match &account.url {
        Some(url) => format!("{name}, {}", shown(url, 200)),
        None => format!("{name} ({})", account.slug),
    })
}

/// Judges what came in the place of the account.
fn judge(plan: &Plan, why: &Refusal, login: Option<&str>) -> Examination {
    let slug = account::slug(plan);
    let apex = plan.product.value.apex();
    let evidence = json!({ "slug": slug, "api": format!("api.{apex}"), "viewer": login, "answer": why });
    let finding = match says_not_found(why) {
        true => not_found(plan, &slug, &apex, login),
        false => unanswered(&apex, why),
    };
    finding.evidence(evidence).into()
}

fn not_found(plan: &Plan, slug: &str, apex: &str, login: Option<&str>) -> Finding {
    let who = login.map_or("the token's user".to_owned(), |login| shown(login, 60));
    let said = plan.enterprise.as_ref().map(|slug| format!(" ({})", slug.origin)).unwrap_or_default();
    let host = match &plan.product.value {
        Product::GithubCom => String::new(),
        Product::GheCom(_) => format!(" --hostname {apex}"),
    };
    let message = format!(
        "{apex} knows no enterprise account `{slug}`{said} that {who} may see: it gives the same answer for one that does not \
         exist and for one that {who} does not belong to."
    );
    let query = "{ viewer { enterprises(first: 100) { nodes { slug name } } } }";
    Finding::new(&NOT_FOUND, slug, message)
        .command(
            Owner::Operator,
            format!(
                "See which enterprise accounts {who} belongs to, and give the right one with --enterprise: what counts is the \
                 last part of the address https://{apex}/enterprises/SLUG, not the account's name, nor the enterprise of the \
                 server itself"
            ),
            format!("gh api graphql{host} -f query='{query}' --jq '.data.viewer.enterprises.nodes[]'"),
        )
        .step(
            Owner::EnterpriseOwner,
            format!(
                "If `{slug}` is right: make {who} an owner of it, at https://{apex}/enterprises/{slug} under People, \
                 Administrators, or give gh-connect a token of somebody who is one"
            ),
        )
}

fn unanswered(apex: &str, why: &Refusal) -> Finding {
    let message = format!(
        "api.{apex} gave no answer about the enterprise account: {}. Whether it is there, and everything that depends on it, \
         could not be found out.",
        shown(&why.to_string(), 300)
    );
    let finding = Finding::new(&UNANSWERED, format!("api.{apex}"), message);
    let finding = match why {
        Refusal::NoReply(NoReply::Stored { .. }) => finding.step(
            Owner::Proxy,
            format!("Keep no copies of what https://api.{apex} answers: exempt it from the cache of the proxy or gateway on the way"),
        ),
        Refusal::ServerError { .. } | Refusal::NoReply(_) => finding.step(
            Owner::Operator,
            "Look at https://www.githubstatus.com, wait until GitHub's API is well again, and run this again",
        ),
        _ => finding.step(
            Owner::Proxy,
            format!(
                "Find what answers in GitHub's place, a gateway or a content filter for instance, and let it pass POST \
                 requests to https://api.{apex}/graphql and their answers on unchanged"
            ),
        ),
    };
    finding
        .command(
            Owner::Operator,
            "See the answer itself, in the server's admin shell: GitHub's own is JSON with status 401",
            format!("curl -sSi -X POST https://api.{apex}/graphql -d '{{}}'"),
        )
        .step(
            Owner::GithubSupport,
            "If it stays so although GitHub's status page shows nothing: ask why this answer is given, with the record of this \
             run (-o json=FILE, no secret is in it)",
        )
}

/// Whether GitHub itself says that there is no such account. A 404 of REST's kind comes from something that has no GraphQL
/// at that place, and says nothing about accounts; nor does a null without the error that GitHub gives with it (facts §6).
fn says_not_found(why: &Refusal) -> bool {
    matches!(why, Refusal::NotFound { message } if message != "Not Found" && !message.starts_with("status 404"))
}

#[cfg(test)]
mod tests;
