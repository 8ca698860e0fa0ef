//! `ghe-com`: whether the server points at what it is to be connected to, github.com or GHE.com.

mod config;
mod judge;
#[cfg(test)]
mod tests;

use futures::future::BoxFuture;
use gh_connect_engine::{
    Category, Check, Cx, Examination, InDoubt, Kind, Meta, Owner, Plan, Product, Severity, Stop, Subject,
};
use gh_connect_github::{OfTheRun, manage::ManageVersion, server::ServerMeta};

pub use self::config::{GheConfig, Unreadable, read, settings};
use self::judge::{Seen, config, judge};
use crate::server;

/// The check.
pub struct GheCom;

/// What it says of itself.
pub static META: Meta = Meta {
    id: "ghe-com",
    title: "where the server points",
    category: Category::Account,
    words: include_str!("README.md"),
    kinds: &[&STILL_CONFIGURED, &NOT_CONFIGURED, &TOO_OLD, &UNREADABLE, &NO_LICENCE_SYNC],
    in_doubt: InDoubt {
        owner: Owner::ServerAdmin,
        text: "In the admin shell see which release the server has, and where it points; GHE.com takes releases from 3.12 on",
        command: Some("ssh -p 122 admin@SERVER -- 'ghe-version; ghe-config --get-regexp github-connect'"),
    },
};

impl Check for GheCom {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn subjects(&self, _: &Plan) -> Vec<Subject> {
        vec![Subject::Server]
    }

    fn examine<'a>(&'a self, _: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        Box::pin(async move {
            let plan = cx.plan();
            // Towards github.com any release will do, where it is known that the server points there.
            if plan.product.value == Product::GithubCom && config(plan).is_ok() {
                return judge(&Seen { plan, version: Ok(None) });
            }
            let (meta, nodes) =
                futures::join!(cx.fact::<ServerMeta>(&OfTheRun), cx.fact::<ManageVersion>(&OfTheRun));
            let version = match server::version(meta.as_deref().ok(), nodes.as_deref().ok()) {
                Some(version) => Ok(Some(version)),
                None => Err(match &meta {
                    Err(stop) => stop.clone(),
                    Ok(meta) => meta.answer.or_stop().err().unwrap_or_else(|| Stop::blocked("server")),
                }),
            };
            judge(&Seen { plan, version })
        })
    }
}

static STILL_CONFIGURED: Kind = Kind {
    id: "ghe-com/still-configured",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the server still points at GHE.com",
    since: "0.1.0",
    world: include_str!("worlds/still-configured.toml"),
};

static NOT_CONFIGURED: Kind = Kind {
    id: "ghe-com/not-configured",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the server does not point at this subdomain of GHE.com",
    since: "0.1.0",
    world: include_str!("worlds/not-configured.toml"),
};

static TOO_OLD: Kind = Kind {
    id: "ghe-com/too-old",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the server's release cannot be connected to GHE.com",
    since: "0.1.0",
    world: include_str!("worlds/too-old.toml"),
};

static UNREADABLE: Kind = Kind {
    id: "ghe-com/unreadable",
    severity: Severity::Blocker,
    undetermined: true,
    title: "where the server points is not known",
    since: "0.1.0",
    world: include_str!("worlds/unreadable.toml"),
};

static NO_LICENCE_SYNC: Kind = Kind {
    id: "ghe-com/no-licence-sync",
    severity: Severity::Warning,
    undetermined: false,
    title: "the server's release does not report licences to GHE.com",
    since: "0.1.0",
    world: include_str!("worlds/no-licence-sync.toml"),
};
