//! Names: what each name server says, and what this machine's own resolution makes of it.

use std::net::IpAddr;

use gh_connect_engine::{Cx, Fact, Stop};
use serde::{Deserialize, Serialize};

use crate::HostName;

/// The addresses that connections go to, in the system's order of preference; empty when there are none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Addresses {
    /// The addresses.
    pub list: Vec<IpAddr>,
}

impl Fact for Addresses {
    const ID: &'static str = "dns.addresses";
    type Key = HostName;

    async fn measure(host: &HostName, _: &Cx) -> Result<Self, Stop> {
        Ok(Self { list: host.address().into_iter().collect() })
    }
}
