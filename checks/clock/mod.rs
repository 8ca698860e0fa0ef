//! Whether the server's clock agrees with GitHub's; where no server is named, this machine's.

mod judge;
#[cfg(test)]
mod tests;

use futures::{future::BoxFuture, join};
use gh_connect_engine::{
    Category, Check, Cx, Examination, InDoubt, Kind, Meta, Owner, Plan, Severity, Stop, Subject,
};
use gh_connect_github::server::ServerClock;
use gh_connect_probe::{clock::Skew, trust::OfTheRun};

pub(crate) use judge::is_out_of_a_store;

use crate::server;

/// The check.
pub struct Clock;

static META: Meta = Meta {
    id: "clock",
    title: "the server's clock agrees with GitHub's",
    category: Category::Network,
    words: include_str!("README.md"),
    kinds: &[&SKEWED, &SERVER_UNKNOWN, &DRIFTING, &LOCAL],
    in_doubt: InDoubt {
        owner: Owner::ServerAdmin,
        text: "In the server's admin shell, see whether its clock is synchronised; on the machine that gh-connect ran on, timedatectl says so of its own",
        command: Some("chronyc tracking"),
    },
};

static SKEWED: Kind = Kind {
    id: "clock/skewed",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the clock is wrong by a minute or more",
    since: "0.1.0",
    world: include_str!("worlds/skewed.toml"),
};

static SERVER_UNKNOWN: Kind = Kind {
    id: "clock/server-unknown",
    severity: Severity::Blocker,
    undetermined: true,
    title: "the server does not say what its clock says",
    since: "0.2.0",
    world: include_str!("worlds/server-unknown.toml"),
};

static DRIFTING: Kind = Kind {
    id: "clock/drifting",
    severity: Severity::Warning,
    undetermined: false,
    title: "the clock is wrong by ten seconds or more",
    since: "0.1.0",
    world: include_str!("worlds/drifting.toml"),
};

static LOCAL: Kind = Kind {
    id: "clock/local",
    severity: Severity::Warning,
    undetermined: false,
    title: "this machine's clock is wrong by a minute or more, the server's is not",
    since: "0.2.0",
    world: include_str!("worlds/local.toml"),
};

impl Check for Clock {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn subjects(&self, plan: &Plan) -> Vec<Subject> {
        let asked = plan.targets.iter().any(gh_connect_engine::Target::required);
        if asked { vec![Subject::Run] } else { Vec::new() }
    }

    fn examine<'a>(&'a self, _: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        Box::pin(async move {
            if cx.plan().server.is_none() {
                return Ok(judge::machine(&*cx.fact::<Skew>(&OfTheRun).await?));
            }
            let (skew, server) = join!(cx.fact::<Skew>(&OfTheRun), cx.fact::<ServerClock>(&OfTheRun));
            let (skew, host) = (skew?, cx.plan().server_host().unwrap_or("the server"));
            let server = match server {
                // Nothing else of this run says why.
                Err(Stop::Blocked(_)) if !cx.plan().selection.includes(&server::META) => {
                    return Ok(judge::unanswered(host, &skew).into());
                }
                server => server?,
            };
            if is_out_of_a_store(&skew, &server) {
                return Err(Stop::blocked("origin"));
            }
            Ok(judge::server(host, &skew, &server))
        })
    }
}
