//! What plain port 80 does: whether it sends clients to HTTPS.

mod judge;
#[cfg(test)]
mod tests;

use std::pin::pin;

use futures::future::{BoxFuture, Either, select};
use gh_connect_engine::{
    Category, Check, Cx, Examination, InDoubt, Kind, Meta, Owner, Plan, Severity, Stop, Subject, Target,
};
use gh_connect_probe::{Endpoint, http::PlainReply, tls::Secured};

use crate::addresses;
use judge::judge;

/// The check.
pub struct Port80;

static META: Meta = Meta {
    id: "port-80",
    title: "plain port 80",
    category: Category::Network,
    words: include_str!("README.md"),
    kinds: &[&CLOSED, &NO_REDIRECT, &CAPTIVE_PORTAL],
    in_doubt: InDoubt {
        owner: Owner::Operator,
        text: "On the machine that gh-connect ran on, see what another program gets, and run gh-connect again",
        command: Some("curl -sv -o /dev/null http://APEX/"),
    },
};

static CLOSED: Kind = Kind {
    id: "port-80/closed",
    severity: Severity::Warning,
    undetermined: false,
    title: "port 80 serves no plain requests",
    since: "0.1.0",
    world: include_str!("worlds/closed.toml"),
};

static NO_REDIRECT: Kind = Kind {
    id: "port-80/no-redirect",
    severity: Severity::Warning,
    undetermined: false,
    title: "GitHub answers on port 80 and does not send to HTTPS",
    since: "0.1.0",
    world: include_str!("worlds/no-redirect.toml"),
};

static CAPTIVE_PORTAL: Kind = Kind {
    id: "port-80/captive-portal",
    severity: Severity::Warning,
    undetermined: false,
    title: "somebody else answers on port 80",
    since: "0.1.0",
    world: include_str!("worlds/captive-portal.toml"),
};

impl Check for Port80 {
    fn meta(&self) -> &'static Meta {
        &META
    }

    /// The hosts on 443: of another port nothing says that there is a port 80 beside it.
    fn subjects(&self, plan: &Plan) -> Vec<Subject> {
        plan.targets.iter().filter(|target| target.port == 443).cloned().map(Subject::Target).collect()
    }

    fn examine<'a>(&'a self, subject: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        Box::pin(async move {
            let Subject::Target(target) = subject else {
                return Err(Stop::defect("port-80 looks at targets only"));
            };
            let endpoint = Endpoint::from(target).on_port(80);
            let each = || addresses::each(cx, &endpoint, |endpoint| examine(target, endpoint, cx));
            // While 443 is silent, too, that is the one silence.
            let on_443 = Endpoint::from(target);
            match select(pin!(cx.beside(each())), pin!(cx.fact::<Secured>(&on_443))).await {
                Either::Left((judged, _)) => judged,
                Either::Right(_) => each().await,
            }
        })
    }
}

async fn examine(target: &Target, endpoint: Endpoint, cx: &Cx) -> Result<Examination, Stop> {
    let plain = cx.fact::<PlainReply>(&endpoint).await?;
    let judged = judge(cx.plan(), target, &plain)?;
    if judged.findings.is_empty() {
        return Ok(judged);
    }
    // Where 443 has the same trouble, that is the headline.
    let on_443 = endpoint.on_port(target.port);
    let secured = cx.fact::<Secured>(&on_443).await?;
    match secured.endpoint == on_443 {
        true => Ok(judged),
        false => Err(Stop::NotApplicable("port 80 speaks TLS".to_owned())),
    }
}
