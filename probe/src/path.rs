//! The byte stream to a host, whichever way the plan sends it.

use gh_connect_engine::{Cx, Route, Stop};

use crate::{Endpoint, net::Wire, proxy, tcp};

/// A byte stream to `endpoint`: straight, or through the proxy's tunnel. The first asker gets the connection that was
/// measured; whoever asks again gets a new one. Stops as blocked by `dns`, `connect` or `proxy`.
pub async fn open(cx: &Cx, endpoint: &Endpoint) -> Result<Wire, Stop> {
    match cx.plan().route(endpoint.host.as_str(), endpoint.port) {
        Route::Direct { .. } => Ok(Box::new(tcp::socket(cx, endpoint).await?)),
        Route::Proxy(_) => proxy::open(cx, endpoint).await,
        Route::Unusable => Err(Stop::blocked("proxy")),
    }
}
