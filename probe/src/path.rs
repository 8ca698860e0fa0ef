//! The byte stream to a host, whichever way the plan sends it.

use std::net::IpAddr;

use gh_connect_engine::{Cx, Route, Stop};

use crate::{
    Endpoint, HostName,
    dns::Addresses,
    net::Wire,
    proxy::{self, Tunnel},
    tcp::{self, Connection},
};

/// A byte stream to `endpoint`: straight, or through the proxy's tunnel. The first asker gets the connection that was
/// measured; whoever asks again gets a new one. Stops as blocked by `dns`, `connect` or `proxy`.
pub async fn open(cx: &Cx, endpoint: &Endpoint) -> Result<Wire, Stop> {
    match cx.plan().route(endpoint.host.as_str(), endpoint.port) {
        Route::Direct { .. } => Ok(Box::new(tcp::socket(cx, endpoint).await?)),
        Route::Proxy(_) => proxy::open(cx, endpoint).await,
        Route::Unusable => Err(Stop::blocked("proxy")),
    }
}

/// The addresses that the way to an endpoint may begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ways {
    /// The one that is used.
    pub used: IpAddr,
    /// By each of the others. The machine that this run stands for may be led there as well.
    pub others: Vec<Endpoint>,
    /// How many more there are.
    pub left_out: usize,
}

/// The addresses of the host or, for a host of the plan that goes through the proxy, those of the proxy: on its own port, or on 80.
/// `None` when nothing came about.
pub async fn ways(cx: &Cx, endpoint: &Endpoint) -> Option<Ways> {
    let (used, host) = match cx.plan().route(endpoint.host.as_str(), endpoint.port) {
        Route::Unusable => return None,
        Route::Direct { .. } => {
            (cx.fact::<Connection>(endpoint).await.ok()?.address.ip(), endpoint.host.clone())
        }
        Route::Proxy(proxy) => {
            let targets = || cx.plan().targets.iter().map(Endpoint::from);
            // Of port 80 the proxy is asked without a tunnel. Its addresses are the same.
            let beside = |target: &Endpoint| target.port == 443 && target.on_port(80) == *endpoint;
            let target = targets().find(|target| target == endpoint).or_else(|| targets().find(beside))?;
            let tunnel = cx.fact::<Tunnel>(&target).await.ok()?;
            let connected = tunnel.attempts.iter().find(|attempt| attempt.connected)?;
            (connected.address.ip(), HostName::new(&proxy.host))
        }
    };
    let addresses = cx.fact::<Addresses>(&host).await.ok()?;
    let tried = tcp::tried(&addresses);
    let left_out = addresses.list.len() - tried.len();
    let others = tried.into_iter().filter(|address| *address != used).map(|other| endpoint.by(other));
    Some(Ways { used, others: others.collect(), left_out })
}
