//! The way to an interface, by the same decisions as every measurement: the plan's route, the addresses of [`Addresses`], and
//! the rules of `--connect-to`.

use std::net::SocketAddr;

use gh_connect_engine::{Cx, ProxyScheme, ProxyUrl, Route, Stop};
use gh_connect_probe::{
    Endpoint, HostName,
    dns::Addresses,
    net::{Failure, redirected},
};
use reqwest::{
    Proxy,
    dns::{Addrs, Name, Resolve, Resolving},
};

use super::Unopened;
use crate::NoReply;

/// How a client gets to an endpoint.
pub(super) struct Way {
    /// `https://HOST[:PORT]`, for the requests' URLs.
    pub(super) base: String,
    /// The proxy, if one leads there. It is told the endpoint's name, never an address.
    pub(super) proxy: Option<Proxy>,
    /// Where the first connection goes: to the host itself, or to the proxy.
    pub(super) names: Names,
}

impl Way {
    pub(super) async fn find(cx: &Cx, endpoint: &Endpoint) -> Result<Self, Unopened> {
        match cx.plan().route(endpoint.host.as_str(), endpoint.port) {
            Route::Unusable => Err(NoReply::NoTunnel.into()),
            Route::Direct { .. } => {
                let dialled = Dialled::find(cx, endpoint, true).await?;
                Ok(Self { base: dialled.url("https"), proxy: None, names: dialled.names() })
            }
            Route::Proxy(proxy) => {
                let at = Endpoint::new(&proxy.host, proxy.port);
                // Who a proxy in the clear is, nobody is told or asks.
                let by_name = proxy.scheme == ProxyScheme::Https;
                let dialled = Dialled::find(cx, &at, by_name).await.map_err(|unopened| match unopened {
                    Unopened::NoReply(_) => NoReply::NoTunnel.into(),
                    stop @ Unopened::Stop(_) => stop,
                })?;
                let through = through(proxy, &dialled.url(proxy.scheme.id()))?;
                Ok(Self { base: url("https", endpoint), proxy: Some(through), names: dialled.names() })
            }
        }
    }
}

/// A host that is connected to, and the sockets that stand for it.
struct Dialled {
    /// What the URL says: the host, and the port that is really connected to.
    endpoint: Endpoint,
    sockets: Vec<SocketAddr>,
}

impl Dialled {
    /// `by_name` is whether the host must prove that it has this name.
    async fn find(cx: &Cx, endpoint: &Endpoint, by_name: bool) -> Result<Self, Unopened> {
        let addresses = cx.fact::<Addresses>(&endpoint.host).await.map_err(Unopened::Stop)?;
        let mut sockets = Vec::new();
        let mut failure = None;
        for address in &addresses.list {
            match redirected(cx.plan(), &endpoint.host, SocketAddr::new(*address, endpoint.port)) {
                Ok(socket) => sockets.push(socket),
                Err(refused) => failure = Some(refused),
            }
        }
        Self::new(endpoint, sockets, failure, by_name)
    }

    /// The client takes a port from the URL before one that it is given, and addresses in a URL as they stand.
    fn new(
        endpoint: &Endpoint,
        mut sockets: Vec<SocketAddr>,
        failure: Option<Failure>,
        by_name: bool,
    ) -> Result<Self, Unopened> {
        let Some(first) = sockets.first().copied() else {
            return Err(match failure {
                Some(failure) => NoReply::Unconnected { failure }.into(),
                None => NoReply::NoAddress.into(),
            });
        };
        if endpoint.host.address().is_some_and(|address| address != first.ip()) {
            if !by_name {
                let endpoint = Endpoint::new(&first.ip().to_string(), first.port());
                return Ok(Self { endpoint, sockets: vec![first] });
            }
            return Err(Unopened::Stop(Stop::Trouble(format!(
                "a rule of --connect-to leads {endpoint} to another address, which the interfaces there can only be \
                 asked by when {} is named by a name",
                endpoint.host
            ))));
        }
        let port = match (endpoint.port, endpoint.host.address()) {
            // Without a port in the URL, every socket has its own.
            (443, None) => 443,
            _ => {
                sockets.retain(|socket| socket.port() == first.port());
                first.port()
            }
        };
        Ok(Self { endpoint: endpoint.on_port(port), sockets })
    }

    fn url(&self, scheme: &str) -> String {
        url(scheme, &self.endpoint)
    }

    fn names(self) -> Names {
        Names { host: self.endpoint.host, sockets: self.sockets }
    }
}

/// A URL without its port, where that is the one of `https`.
fn url(scheme: &str, endpoint: &Endpoint) -> String {
    let authority = endpoint.to_string();
    let short = (scheme == "https").then(|| authority.strip_suffix(":443")).flatten();
    format!("{scheme}://{}", short.unwrap_or(&authority))
}

fn through(proxy: &ProxyUrl, url: &str) -> Result<Proxy, Unopened> {
    let through = Proxy::all(url).map_err(|_| Unopened::from(NoReply::NoTunnel))?;
    Ok(match &proxy.credentials {
        Some(credentials) => through.basic_auth(credentials.user.expose(), credentials.password.expose()),
        None => through,
    })
}

/// Resolves the one name that a client connects to, and no other.
pub(super) struct Names {
    host: HostName,
    sockets: Vec<SocketAddr>,
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let known = HostName::new(name.as_str()) == self.host;
        let sockets = if known { self.sockets.clone() } else { Vec::new() };
        Box::pin(async move {
            match sockets.is_empty() {
                true => Err("a name that this client does not connect to".into()),
                false => Ok(Box::new(sockets.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialled(endpoint: &Endpoint, sockets: &[&str]) -> Result<Dialled, Unopened> {
        let sockets = sockets.iter().map(|socket| socket.parse().expect("a socket")).collect();
        Dialled::new(endpoint, sockets, None, true)
    }

    #[test]
    fn a_port_stands_in_the_url_only_where_it_must() {
        for (host, port, sockets, url, kept) in [
            ("ghes.test", 443, &["192.0.2.1:443", "192.0.2.2:443"][..], "https://ghes.test", 2),
            ("ghes.test", 443, &["127.0.0.1:4001", "127.0.0.1:4002"], "https://ghes.test", 2),
            ("ghes.test", 8443, &["192.0.2.1:8443"], "https://ghes.test:8443", 1),
            ("ghes.test", 8443, &["127.0.0.1:4001", "127.0.0.1:4002"], "https://ghes.test:4001", 1),
            ("192.0.2.1", 443, &["192.0.2.1:443"], "https://192.0.2.1", 1),
            ("2001:db8::1", 443, &["[2001:db8::1]:4001"], "https://[2001:db8::1]:4001", 1),
        ] {
            let dialled = dialled(&Endpoint::new(host, port), sockets).unwrap_or_else(|_| panic!("{host}"));
            assert_eq!((dialled.url("https").as_str(), dialled.sockets.len()), (url, kept));
        }
    }

    #[test]
    fn an_address_that_leads_elsewhere_is_refused() {
        let stopped = dialled(&Endpoint::new("192.0.2.1", 443), &["127.0.0.1:4001"]);
        assert!(matches!(stopped, Err(Unopened::Stop(Stop::Trouble(_)))));
        let nowhere = dialled(&Endpoint::new("ghes.test", 443), &[]);
        assert!(matches!(nowhere, Err(Unopened::NoReply(NoReply::NoAddress))));
    }

    #[tokio::test]
    async fn no_other_name_is_resolved() {
        let names = Names { host: HostName::new("ghes.test"), sockets: vec![([127, 0, 0, 1], 1).into()] };
        let resolve = |name: &str| names.resolve(name.parse().expect("a name"));
        assert_eq!(resolve("GHES.test").await.expect("known").count(), 1);
        assert!(resolve("example.com").await.is_err());
    }
}
