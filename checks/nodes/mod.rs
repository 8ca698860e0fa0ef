//! `nodes`: whether the server is one machine, and if it is several, how they are.

mod judge;
#[cfg(test)]
mod tests;

use futures::future::BoxFuture;
use gh_connect_engine::{
    Category, Check, Cx, Examination, InDoubt, Kind, Meta, Owner, Plan, Severity, Stop, Subject,
};
use gh_connect_github::{
    Answer, OfTheRun,
    manage::{ManageLicence, ManageMaintenance, ManageNodes, ManageReplication, ManageVersion},
};

use self::judge::{Seen, judge, may_have_replicas};
use crate::server;

/// The check.
pub struct Nodes;

/// What it says of itself.
pub static META: Meta = Meta {
    id: "nodes",
    title: "the server's nodes",
    category: Category::Account,
    words: include_str!("README.md"),
    kinds: &[&NOT_CHECKED, &UNHEALTHY, &MIXED_VERSIONS, &IN_MAINTENANCE],
    in_doubt: InDoubt {
        owner: Owner::ServerAdmin,
        text: "Look in the admin shell which nodes there are and how they are: on a replica ghe-repl-status -vv, in a cluster ghe-cluster-status",
        command: None,
    },
};

impl Check for Nodes {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn subjects(&self, _: &Plan) -> Vec<Subject> {
        vec![Subject::Manage]
    }

    fn examine<'a>(&'a self, _: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        Box::pin(async move {
            let (nodes, versions, licence, maintenance) = futures::join!(
                cx.fact::<ManageNodes>(&OfTheRun),
                cx.fact::<ManageVersion>(&OfTheRun),
                cx.fact::<ManageLicence>(&OfTheRun),
                cx.fact::<ManageMaintenance>(&OfTheRun),
            );
            let nodes = nodes?;
            // Where nothing of the Manage API answers, `server` tells; where this alone does not, nobody else would.
            let answers = licence.is_ok_and(|licence| matches!(licence.answer, Answer::Said(_)));
            let topology = match answers {
                true => nodes.answer.or_trouble("which nodes there are")?,
                false => nodes.answer.or_stop()?,
            };
            let replication = match may_have_replicas(topology) {
                true => Some(cx.fact::<ManageReplication>(&OfTheRun).await?),
                false => None,
            };
            let judged = judge(&Seen {
                host: cx.plan().server_host().unwrap_or("the server"),
                topology,
                versions: versions.as_ref().ok().map(|fact| &fact.answer),
                replication: replication.as_ref().map(|fact| &fact.answer),
                maintenance: maintenance.as_ref().ok().and_then(|fact| fact.answer.said()).map(Vec::as_slice),
                now: cx.began(),
            });
            match judged {
                Err(Stop::Trouble(_)) if server::owns_hollow_answers(cx).await => {
                    Err(Stop::blocked("server"))
                }
                judged => judged,
            }
        })
    }
}

static NOT_CHECKED: Kind = Kind {
    id: "nodes/not-checked",
    severity: Severity::Warning,
    undetermined: false,
    title: "the server has nodes from which nothing was checked",
    since: "0.1.0",
    world: include_str!("worlds/not-checked.toml"),
};

static UNHEALTHY: Kind = Kind {
    id: "nodes/unhealthy",
    severity: Severity::Warning,
    undetermined: false,
    title: "a node does not follow the others",
    since: "0.1.0",
    world: include_str!("worlds/unhealthy.toml"),
};

static MIXED_VERSIONS: Kind = Kind {
    id: "nodes/mixed-versions",
    severity: Severity::Warning,
    undetermined: false,
    title: "the nodes run different versions",
    since: "0.1.0",
    world: include_str!("worlds/mixed-versions.toml"),
};

static IN_MAINTENANCE: Kind = Kind {
    id: "nodes/in-maintenance",
    severity: Severity::Warning,
    undetermined: false,
    title: "a node is in maintenance mode while others serve",
    since: "0.2.0",
    world: include_str!("worlds/in-maintenance.toml"),
};
