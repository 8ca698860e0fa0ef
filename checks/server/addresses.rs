//! Addresses of the server's name that do not serve while another one does.

use std::net::IpAddr;

use futures::future::join_all;
use gh_connect_engine::{Cx, Finding, Owner};
use gh_connect_probe::{
    Endpoint,
    dns::Addresses,
    net::Failure,
    path::{self, Ways},
    tcp::Attempt,
    tls::{End, Handshake},
};
use serde::Serialize;

use super::ADDRESS_FAILS;
use crate::wording::few;

/// How an address of the server fared.
#[derive(Debug, Serialize)]
pub(super) struct Fared {
    pub(super) address: IpAddr,
    /// Why there is no verified session; `None` when there is one.
    pub(super) failure: Option<String>,
}

/// How each address fares. Nothing for a server with one address, and behind a proxy, which resolves the name itself.
pub(super) async fn all(cx: &Cx, endpoint: &Endpoint) -> Vec<Fared> {
    if !cx.plan().route(endpoint.host.as_str(), endpoint.port).is_direct() {
        return Vec::new();
    }
    let addresses = cx.fact::<Addresses>(&endpoint.host).await;
    if addresses.is_ok_and(|addresses| addresses.list.len() < 2) {
        // What it serves at its one address is asked for anyway.
        return Vec::new();
    }
    let Some(Ways { used, others, .. }) = path::ways(cx, endpoint).await else { return Vec::new() };
    let each = others.into_iter().chain([endpoint.by(used)]);
    join_all(each.map(async |endpoint| fared(cx, &endpoint).await)).await.into_iter().flatten().collect()
}

async fn fared(cx: &Cx, endpoint: &Endpoint) -> Option<Fared> {
    let address = endpoint.at?;
    let failure = match cx.fact::<Handshake>(endpoint).await {
        Ok(handshake) => why(&handshake.end),
        Err(_) => match &cx.fact::<Attempt>(endpoint).await.ok()?.failure {
            // This machine has no way to that family, and nothing on it tries.
            Some(Failure::Unreachable | Failure::NoSuchFamily) => return None,
            Some(failure) => Some(failure.to_string()),
            None => return None,
        },
    };
    Some(Fared { address, failure })
}

fn why(end: &End) -> Option<String> {
    Some(match end {
        End::Verified => return None,
        End::Distrusted(_) => "its certificate is not trusted".to_owned(),
        End::Alert { name, .. } => format!("it refuses the handshake with the alert {name}"),
        End::Reset | End::Closed => "the connection ends during the handshake".to_owned(),
        End::Silent => "the handshake is not answered".to_owned(),
        End::NotTls | End::Garbage(_) => "what answers does not speak TLS".to_owned(),
        End::Incompatible(_) => "no TLS version is spoken in common".to_owned(),
        End::Other(why) => why.clone(),
    })
}

/// Judges how all addresses fared. Where none serves, that is no matter of addresses.
pub(super) fn judge(endpoint: &Endpoint, all: &[Fared]) -> Option<Finding> {
    let failed = || all.iter().filter_map(|fared| Some((fared.address, fared.failure.as_deref()?)));
    let works = all.iter().find(|fared| fared.failure.is_none())?.address;
    let said: Vec<String> = failed().map(|(address, why)| format!("{address} does not ({why})")).collect();
    if said.is_empty() {
        return None;
    }
    let host = &endpoint.host;
    let message = format!(
        "Of the addresses of {host}, {works} serves on port {}, but {}. Whoever is led there does not reach the server.",
        endpoint.port,
        few(&said, MOST_LISTED, 0)
    );
    let addresses: Vec<String> = failed().map(|(address, _)| address.to_string()).collect();
    let addresses = few(&addresses, MOST_LISTED, 0);
    Some(
        Finding::new(&ADDRESS_FAILS, host.to_string(), message)
            .evidence(all)
            .step(
                Owner::ServerAdmin,
                format!("Let the server, or its load balancer, answer at {addresses} too"),
            )
            .step(
                Owner::Dns,
                format!(
                    "Where {addresses} is not the server's any more, take it out of the answers for {host}"
                ),
            ),
    )
}

const MOST_LISTED: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_fails_beside_one_that_serves_is_told() {
        let fared = |address: &str, failure: Option<&str>| Fared {
            address: address.parse().expect("an address"),
            failure: failure.map(str::to_owned),
        };
        let (good, other) = (|| fared("198.51.100.20", None), || fared("2001:db8::20", None));
        let bad = || fared("198.51.100.21", Some("connection refused"));
        for (all, is_found) in [
            (vec![], false),
            (vec![good()], false),
            (vec![good(), other()], false),
            (vec![bad()], false),
            (vec![bad(), good()], true),
            (vec![good(), other(), bad()], true),
        ] {
            assert_eq!(judge(&Endpoint::new("ghes.test", 443), &all).is_some(), is_found, "{all:?}");
        }
        let finding = judge(&Endpoint::new("ghes.test", 443), &[good(), bad()]).expect("a finding");
        assert_eq!(
            finding.message,
            "Of the addresses of ghes.test, 198.51.100.20 serves on port 443, but 198.51.100.21 does not (connection \
             refused). Whoever is led there does not reach the server."
        );
        assert_eq!(finding.fix.len(), 2);
    }
}
