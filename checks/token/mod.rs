//! Whether the credentials open what a run asks.

mod judge;
mod scopes;
mod seen;
#[cfg(test)]
mod tests;
mod words;

use futures::future::BoxFuture;
use gh_connect_engine::{
    Category, Check, Cx, Examination, InDoubt, Kind, Meta, Owner, Plan, Role, Severity, Stop, Subject,
};

use crate::origin;

/// The check.
pub struct Token;

static META: Meta = Meta {
    id: "token",
    title: "the credentials",
    category: Category::Account,
    words: include_str!("README.md"),
    kinds: &[&MISSING, &REJECTED, &SCOPE_MISSING, &SSO_REQUIRED, &FORBIDDEN_BY_POLICY, &RATE_LIMITED],
    in_doubt: InDoubt {
        owner: Owner::Operator,
        text: "Run it again. If it stays so, see whether the server's services run, and on the side of GitHub https://www.githubstatus.com",
        command: None,
    },
};

static MISSING: Kind = Kind {
    id: "token/missing",
    severity: Severity::Blocker,
    undetermined: true,
    title: "there is no credential to ask with",
    since: "0.1.0",
    world: include_str!("worlds/missing.toml"),
};

static REJECTED: Kind = Kind {
    id: "token/rejected",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the credential is not accepted",
    since: "0.1.0",
    world: include_str!("worlds/rejected.toml"),
};

static SCOPE_MISSING: Kind = Kind {
    id: "token/scope-missing",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the token lacks a scope or a permission",
    since: "0.1.0",
    world: include_str!("worlds/scope-missing.toml"),
};

static SSO_REQUIRED: Kind = Kind {
    id: "token/sso-required",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the token is not authorised for single sign-on",
    since: "0.1.0",
    world: include_str!("worlds/sso-required.toml"),
};

static FORBIDDEN_BY_POLICY: Kind = Kind {
    id: "token/forbidden-by-policy",
    severity: Severity::Blocker,
    undetermined: false,
    title: "a policy forbids tokens like this one",
    since: "0.1.0",
    world: include_str!("worlds/forbidden-by-policy.toml"),
};

static RATE_LIMITED: Kind = Kind {
    id: "token/rate-limited",
    severity: Severity::Blocker,
    undetermined: true,
    title: "too many requests: nothing more is answered for a while",
    since: "0.1.0",
    world: include_str!("worlds/rate-limited.toml"),
};

impl Check for Token {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn subjects(&self, _: &Plan) -> Vec<Subject> {
        vec![Subject::Cloud, Subject::Server, Subject::Manage]
    }

    fn examine<'a>(&'a self, subject: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        Box::pin(async move {
            let seen = match subject {
                Subject::Cloud => seen::of_cloud(cx).await?,
                Subject::Server => seen::of_server(cx).await?,
                Subject::Manage => seen::of_manage(cx).await?,
                _ => return Err(Stop::defect("token looks at the three interfaces only")),
            };
            let judged = judge::judge(cx.plan(), &seen)?;
            // Who answers strangers in the place of GitHub's API rejects any token, and says nothing of this one.
            let rejected = judged.findings.iter().any(|finding| finding.kind.id == REJECTED.id);
            let api = cx.plan().targets.iter().find(|target| target.role == Role::Api);
            if *subject == Subject::Cloud
                && rejected
                && let Some(api) = api
                && origin::owns_answers_of(cx, api).await
            {
                return Err(Stop::blocked("origin"));
            }
            Ok(judged)
        })
    }
}
