//! Who asks and which way: what one command needs for as many runs as it makes.

use std::time::Duration;

use gh_connect_checks::ALL;
use gh_connect_engine::{
    Cx, Effects as _, Event, Interrupt, Machine, Measured, NoProxy, Plan, Policy, Run, Sourced,
};
use gh_connect_github::Credentials;
use tokio::{runtime::Runtime, sync::mpsc::UnboundedSender};

use crate::{account, environment::Environment, platform};

/// A plan, and the credentials for it.
pub(crate) struct Session {
    plan: Plan,
    policy: Policy,
    adopts: Option<Sourced<NoProxy>>,
    credentials: Credentials,
    vantage: String,
}

impl Session {
    /// Finds the credentials: in `seen`, the environment in which the run says who it is, then with the `gh` command.
    pub(crate) async fn open(
        plan: Plan,
        policy: Policy,
        adopts: Option<Sourced<NoProxy>>,
        seen: &Environment,
        machine: &Environment,
    ) -> Self {
        let credentials = account::credentials(&plan, seen).await;
        Self { plan, policy, adopts, credentials, vantage: platform::vantage(machine) }
    }

    /// What is measured.
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The machine from which it is measured.
    pub(crate) fn vantage(&self) -> &str {
        &self.vantage
    }

    /// A context in which nothing was measured yet.
    pub(crate) fn context(&self) -> Cx {
        self.context_of(self.plan.clone())
    }

    /// A context for a plan that this one became in a run.
    pub(crate) fn context_of(&self, plan: Plan) -> Cx {
        let cx = Cx::live(plan, Machine);
        self.credentials.clone().give_to(&cx);
        cx
    }

    /// One run of all checks.
    pub(crate) async fn run(
        &self,
        interrupt: impl Future<Output = Interrupt>,
        events: Option<UnboundedSender<Event>>,
    ) -> Measured {
        let cx = self.context();
        let prepare = account::preparation(&cx, &self.credentials, self.adopts.clone());
        let (policy, vantage) = (self.policy, self.vantage.clone());
        Run { checks: ALL, cx, policy, id: run_id(), vantage, events, prepare }.measure(interrupt).await
    }
}

/// The runtime of a command. One thread is enough: what takes time is the network.
pub(crate) fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(MOST_BLOCKING_THREADS)
        .thread_stack_size(BLOCKING_STACK)
        .thread_keep_alive(Duration::from_millis(100))
        .build()
}

/// Unique among the runs of one machine, and sorted by time.
fn run_id() -> String {
    format!("{}-{}", Machine.now().strftime("%Y%m%dT%H%M%S.%6fZ"), std::process::id())
}

/// Name lookups by the system block a thread each, and some never return.
const MOST_BLOCKING_THREADS: usize = 8;
const BLOCKING_STACK: usize = 512 << 10;
