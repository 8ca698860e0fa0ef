//! Whether GitHub itself answers over the verified sessions.

mod further;
mod judge;
pub(crate) mod page;
mod replaced;
mod stored;
#[cfg(test)]
mod tests;

use futures::future::BoxFuture;
use gh_connect_engine::{
    Category, Check, Cx, Examination, InDoubt, Kind, Meta, Owner, Plan, Severity, Stop, Subject, Target,
};
use gh_connect_probe::{Endpoint, http::Reply};

use crate::addresses;
use judge::judge;

/// The check.
pub struct Origin;

static META: Meta = Meta {
    id: "origin",
    title: "GitHub itself answers",
    category: Category::Network,
    words: include_str!("README.md"),
    kinds: &[&NOT_GITHUB, &UNAVAILABLE, &TIMEOUT, &STORED, &RATE_LIMITED, &FEATURE_BLOCKED, &FEATURE_STORED],
    in_doubt: InDoubt {
        owner: Owner::Operator,
        text: "Look at https://www.githubstatus.com, see what another program gets from the same machine, and run gh-connect again",
        command: Some("curl -sv https://api.APEX/"),
    },
};

static NOT_GITHUB: Kind = Kind {
    id: "origin/not-github",
    severity: Severity::Blocker,
    undetermined: false,
    title: "somebody else answers in GitHub's place",
    since: "0.1.0",
    world: include_str!("worlds/not-github.toml"),
};

static UNAVAILABLE: Kind = Kind {
    id: "origin/unavailable",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the host does not serve the request",
    since: "0.1.0",
    world: include_str!("worlds/unavailable.toml"),
};

static TIMEOUT: Kind = Kind {
    id: "origin/timeout",
    severity: Severity::Blocker,
    undetermined: false,
    title: "no whole reply comes in time",
    since: "0.1.0",
    world: include_str!("worlds/timeout.toml"),
};

static STORED: Kind = Kind {
    id: "origin/stored",
    severity: Severity::Blocker,
    undetermined: true,
    title: "the reply came out of a store on the way",
    since: "0.2.0",
    world: include_str!("worlds/stored.toml"),
};

static RATE_LIMITED: Kind = Kind {
    id: "origin/rate-limited",
    severity: Severity::Warning,
    undetermined: false,
    title: "the anonymous rate limit is used up",
    since: "0.1.0",
    world: include_str!("worlds/rate-limited.toml"),
};

static FEATURE_BLOCKED: Kind = Kind {
    id: "origin/feature-blocked",
    severity: Severity::Warning,
    undetermined: false,
    title: "something else answers for a further host",
    since: "0.2.0",
    world: include_str!("worlds/feature-blocked.toml"),
};

static FEATURE_STORED: Kind = Kind {
    id: "origin/feature-stored",
    severity: Severity::Warning,
    undetermined: false,
    title: "the reply of a further host came out of a store",
    since: "0.2.0",
    world: include_str!("worlds/feature-stored.toml"),
};

impl Check for Origin {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn subjects(&self, plan: &Plan) -> Vec<Subject> {
        plan.targets.iter().cloned().map(Subject::Target).collect()
    }

    fn examine<'a>(&'a self, subject: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        Box::pin(async move {
            let Subject::Target(target) = subject else {
                return Err(Stop::defect("origin looks at targets only"));
            };
            let examine = async |endpoint: Endpoint| {
                let reply = cx.fact::<Reply>(&endpoint).await?;
                judge(cx.plan(), target, &reply, stored::sign(cx, target, &reply).await.as_deref())
            };
            addresses::each(cx, &Endpoint::from(target), examine).await
        })
    }
}

/// Whether this check itself tells what is wrong with whoever answers for `target`: what comes from there otherwise needs no
/// second headline.
pub(crate) async fn owns_answers_of(cx: &Cx, target: &Target) -> bool {
    let Ok(reply) = cx.fact::<Reply>(&Endpoint::from(target)).await else { return false };
    let judged = judge(cx.plan(), target, &reply, stored::sign(cx, target, &reply).await.as_deref());
    judged.is_ok_and(|seen| seen.findings.iter().any(|found| found.kind.severity == Severity::Blocker))
}
