//! Whether the enterprise account's IP allow list permits the addresses that the server is seen under.

mod judge;
mod matching;
#[cfg(test)]
mod tests;
mod words;

use futures::{FutureExt as _, future::BoxFuture};
use gh_connect_engine::{
    Category, Check, Cx, Examination, InDoubt, Kind, Meta, Owner, Plan, Severity, Stop, Subject,
};
use gh_connect_github::{
    OfTheRun, Refusal,
    cloud::{self, Enterprise, OwnerInfo},
    egress::EgressAddresses,
};

use crate::account;
use judge::{judge, refused};

/// The check.
pub struct AllowList;

static META: Meta = Meta {
    id: "allow-list",
    title: "the IP allow list permits the server",
    category: Category::Account,
    words: include_str!("README.md"),
    kinds: &[
        &NOT_INCLUDED,
        &PARTLY_INCLUDED,
        &REFUSED_THOUGH_LISTED,
        &ONLY_BY_INACTIVE_ENTRY,
        &ONLY_BY_APP_ENTRY,
        &UNREADABLE,
        &IDP_MANAGED,
        &NARROW,
    ],
    in_doubt: InDoubt {
        owner: Owner::EnterpriseOwner,
        text: "Look at https://APEX/enterprises/SLUG/settings/security, under IP allow list, whether the addresses of the server are in it",
        command: None,
    },
};

static NOT_INCLUDED: Kind = Kind {
    id: "allow-list/not-included",
    severity: Severity::Blocker,
    undetermined: false,
    title: "no entry of the allow list permits the server",
    since: "0.1.0",
    world: include_str!("worlds/not-included.toml"),
};

static PARTLY_INCLUDED: Kind = Kind {
    id: "allow-list/partly-included",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the allow list permits some of the server's addresses",
    since: "0.1.0",
    world: include_str!("worlds/partly-included.toml"),
};

static REFUSED_THOUGH_LISTED: Kind = Kind {
    id: "allow-list/refused-though-listed",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the allow list has the address, and GitHub refuses it",
    since: "0.1.0",
    world: include_str!("worlds/refused-though-listed.toml"),
};

static ONLY_BY_INACTIVE_ENTRY: Kind = Kind {
    id: "allow-list/only-by-inactive-entry",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the entry that would permit the server is switched off",
    since: "0.1.0",
    world: include_str!("worlds/only-by-inactive-entry.toml"),
};

static ONLY_BY_APP_ENTRY: Kind = Kind {
    id: "allow-list/only-by-app-entry",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the entry that would permit the server belongs to a GitHub App",
    since: "0.1.0",
    world: include_str!("worlds/only-by-app-entry.toml"),
};

static UNREADABLE: Kind = Kind {
    id: "allow-list/unreadable",
    severity: Severity::Blocker,
    undetermined: true,
    title: "the allow list could not be read to its end",
    since: "0.1.0",
    world: include_str!("worlds/unreadable.toml"),
};

static IDP_MANAGED: Kind = Kind {
    id: "allow-list/idp-managed",
    severity: Severity::Blocker,
    undetermined: true,
    title: "the identity provider may have an allow list of its own",
    since: "0.1.0",
    world: include_str!("worlds/idp-managed.toml"),
};

static NARROW: Kind = Kind {
    id: "allow-list/narrow",
    severity: Severity::Warning,
    undetermined: false,
    title: "the address changes, and the allow list has single addresses",
    since: "0.1.0",
    world: include_str!("worlds/narrow.toml"),
};

impl Check for AllowList {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn subjects(&self, _: &Plan) -> Vec<Subject> {
        vec![Subject::Cloud]
    }

    fn examine<'a>(&'a self, _: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        Box::pin(async move {
            // Begun whatever comes of the account, so that neither takes a round trip of its own.
            let _ = cx.fact::<cloud::AllowList>(&OfTheRun).now_or_never();
            let _ = cx.fact::<EgressAddresses>(&OfTheRun).now_or_never();
            let enterprise = cx.fact::<Enterprise>(&OfTheRun).await?;
            if let Some(Refusal::AllowList { .. }) = enterprise.answer.refusal() {
                return Ok(refused(cx.plan(), &*cx.fact::<EgressAddresses>(&OfTheRun).await?));
            }
            account::owned(cx).await?;
            let (owners, list, egress) = futures::join!(
                cx.fact::<OwnerInfo>(&OfTheRun),
                cx.fact::<cloud::AllowList>(&OfTheRun),
                cx.fact::<EgressAddresses>(&OfTheRun),
            );
            judge(cx.plan(), &owners?.answer, &list?.answer, &*egress?)
        })
    }
}
