use gh_connect_engine::{Cx, Fact, Stop};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{
    Endpoint,
    dns::Addresses,
    tcp::{self, Attempt},
};

/// Whether a host and port that the plan sends through the proxy can be connected to without it: TCP alone, no byte is
/// sent. Nice to know; ask for it at leisure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DirectPath {
    /// The attempts; none when the name cannot be resolved here.
    pub attempts: Vec<Attempt>,
}

impl DirectPath {
    /// The attempt that came about.
    pub fn connected(&self) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.connected)
    }
}

impl Fact for DirectPath {
    const ID: &'static str = "proxy.direct-path";
    type Key = Endpoint;

    async fn measure(endpoint: &Endpoint, cx: &Cx) -> Result<Self, Stop> {
        let addresses = cx.fact::<Addresses>(&endpoint.host).await?;
        let addresses: Vec<_> =
            addresses.list.iter().map(|address| (*address, endpoint.port).into()).collect();
        let _permit = cx.socket_permit().await?;
        let deadline = Instant::now() + cx.plan().timeout.value.0;
        let (attempts, _) = tcp::dial(cx, &endpoint.host, &addresses, deadline).await;
        tcp::measured(&attempts)?;
        Ok(Self { attempts })
    }
}
