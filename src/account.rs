//! Who a run says it is, and what it has to learn from the server before it can begin.

use std::time::Duration;

use futures::FutureExt as _;
use gh_connect_engine::{Cx, NoProxy, Origin, Plan, Preparation, Sourced};
use gh_connect_github::{Api, Credentials, OfTheRun, Token, manage::ManageSettings};
use gh_connect_probe::{HostName, dns::Resolution};

use crate::{environment::Environment, platform, sink};

/// What the environment says, then what the `gh` command knows. Inside a lab world nobody is asked who lives outside.
pub(crate) async fn credentials(plan: &Plan, environment: &Environment) -> Credentials {
    let mut credentials = Credentials::of_environment(|name| environment.text(name));
    if !plan.loopback_only {
        let (cloud, server) = futures::join!(
            token(Api::Cloud, plan, credentials.cloud.is_none() && plan.enterprise.is_some()),
            token(Api::Server, plan, credentials.server.is_none() && plan.server.is_some()),
        );
        credentials.cloud = credentials.cloud.or(cloud);
        credentials.server = credentials.server.or(server);
    }
    sink::learn(|redactor| credentials.teach(redactor));
    credentials
}

/// The token that the `gh` command keeps for the host of an interface.
async fn token(api: Api, plan: &Plan, wanted: bool) -> Option<Token> {
    let host = api.gh_host(plan).filter(|_| wanted)?;
    let printed = platform::printed("gh", &["auth", "token", "--hostname", &host], PATIENCE_WITH_GH).await?;
    Token::new(&printed, Origin::command(&format!("gh auth token --hostname {host}")))
}

/// Learns the server's own proxy: the one that GitHub Connect uses, whatever this shell would (facts §0.5). `adopts` is
/// what goes around it; `None` where another proxy was said for this run.
pub(crate) fn preparation(
    cx: &Cx,
    credentials: &Credentials,
    adopts: Option<Sourced<NoProxy>>,
) -> Option<Preparation> {
    let no_proxy = adopts?;
    if cx.plan().server.is_none() || credentials.manage.is_none() {
        return None;
    }
    let cx = cx.clone();
    Some(Box::pin(async move {
        for target in &cx.plan().targets {
            // Begins the lookup, which no proxy changes, so that it costs no time of its own.
            let _ = cx.fact::<Resolution>(&HostName::new(&target.host)).now_or_never();
        }
        // Why it cannot be read in time is for the checks to judge; the run then goes the way that this machine would, and
        // says so when the answer comes after all.
        let patience = cx
            .plan()
            .timeout
            .value
            .0
            .mul_f64(OF_AN_ATTEMPT)
            .min(cx.plan().deadline.value.0.mul_f64(OF_THE_RUN));
        let settings =
            tokio::time::timeout(patience, cx.fact::<ManageSettings>(&OfTheRun)).await.ok()?.ok()?;
        let setting = settings.answer.said()?.http_proxy.clone()?;
        let mut plan = cx.plan().clone();
        plan.adopt(Sourced::new(setting, Origin::server("http_proxy")), no_proxy);
        sink::learn(|redactor| redactor.merge(plan.redactor()));
        Some(plan)
    }))
}

/// The parts of the time for one attempt, and for the run, that nothing else is done in while a server keeps silent.
const OF_AN_ATTEMPT: f64 = 0.4;
const OF_THE_RUN: f64 = 0.3;

/// It reads a file, or asks the system's store of passwords.
const PATIENCE_WITH_GH: Duration = Duration::from_secs(2);
