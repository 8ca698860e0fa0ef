//! Whether it is known which addresses GitHub sees the server under.

mod judge;

use futures::future::BoxFuture;
use gh_connect_engine::{
    Category, Check, Cx, Examination, InDoubt, Kind, Meta, Owner, Plan, Severity, Stop, Subject,
};
use gh_connect_github::{
    Answer, Api, OfTheRun, Refusal,
    cloud::{Enterprise, InForce, OwnerInfo},
    egress::EgressAddresses,
};

use crate::account;
use judge::{List, judge};

/// The check.
pub struct Egress;

static META: Meta = Meta {
    id: "egress",
    title: "the address that GitHub sees",
    category: Category::Account,
    words: include_str!("README.md"),
    kinds: &[&UNKNOWN, &VARIES],
    in_doubt: InDoubt {
        owner: Owner::Operator,
        text: "Say the addresses under which the server leaves the network: --egress-ip IP. Whoever runs the firewall knows them",
        command: None,
    },
};

static UNKNOWN: Kind = Kind {
    id: "egress/unknown",
    severity: Severity::Blocker,
    undetermined: true,
    title: "nothing tells under which address GitHub sees the server",
    since: "0.1.0",
    world: include_str!("worlds/unknown.toml"),
};

static VARIES: Kind = Kind {
    id: "egress/varies",
    severity: Severity::Warning,
    undetermined: false,
    title: "the address that GitHub sees changes",
    since: "0.1.0",
    world: include_str!("worlds/varies.toml"),
};

impl Check for Egress {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn subjects(&self, _: &Plan) -> Vec<Subject> {
        vec![Subject::Run]
    }

    fn examine<'a>(&'a self, _: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        Box::pin(async move {
            let enterprise = cx.fact::<Enterprise>(&OfTheRun).await?;
            let list = match enterprise.answer.refusal() {
                // Refused, it is on; whether its entries can be read is nothing to this check.
                Some(Refusal::AllowList { .. }) => List::Unclear,
                _ => {
                    account::owned(cx).await?;
                    let owners = cx.fact::<OwnerInfo>(&OfTheRun).await?;
                    match &owners.answer {
                        Answer::Said(owners) => match owners.list_in_force() {
                            InForce::Own => List::On,
                            InForce::None => List::Off,
                            InForce::Perhaps | InForce::Unsaid => List::Unclear,
                        },
                        Answer::Refused { why, .. } if why.owner(Api::Cloud) != "token" => List::Unclear,
                        _ => return Err(Stop::blocked("token")),
                    }
                }
            };
            judge(cx.plan(), list, &*cx.fact::<EgressAddresses>(&OfTheRun).await?)
        })
    }
}
