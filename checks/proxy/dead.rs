//! Addresses of the proxy that do not answer while another one does.

use std::net::IpAddr;

use gh_connect_engine::{Finding, Owner, Plan, ProxySetting};
use gh_connect_probe::{
    net::Failure,
    proxy::{Outcome, Tunnel},
    tcp::{Attempt, Family},
};
use serde_json::json;

use super::{ADDRESS_DEAD, wording::span};
use crate::wording::{and, few};

/// Whether nothing answers at the proxy's address. Who resets a connection has answered, as nobody does who is a proxy.
pub(super) fn is_dead(tunnel: &Tunnel) -> bool {
    matches!(&tunnel.outcome, Outcome::Unconnected { failure } if *failure != Failure::Reset)
}

/// Judges the attempts that failed at further addresses of the plan's proxy, `used` being the one that answers.
pub(super) fn judge(plan: &Plan, used: IpAddr, failed: &[Attempt]) -> Option<Finding> {
    let ProxySetting::Use(proxy) = &plan.proxy.value else { return None };
    let dead: Vec<&Attempt> = failed.iter().filter(|attempt| !lacks_family(attempt, used)).collect();
    if dead.is_empty() {
        return None;
    }
    let place = proxy.authority();
    let addresses: Vec<String> = dead.iter().map(|attempt| attempt.address.ip().to_string()).collect();
    let fared: Vec<String> = dead.iter().map(|attempt| fared(attempt)).collect();
    let message = format!(
        "Of the addresses of the proxy {place}, {used} answers, but {}. A program that takes only the first address fails \
         when it is given that one.",
        few(&fared, MOST_LISTED, 0)
    );
    let addresses = and(&addresses);
    Some(
        Finding::new(&ADDRESS_DEAD, "proxy", message)
            .evidence(json!({ "used": used, "attempts": failed }))
            .step(Owner::Proxy, format!("Let the proxy answer at {addresses} too, port {}", proxy.port))
            .step(
                Owner::Dns,
                format!(
                    "Where no proxy is meant to be at {addresses}, take it out of the answers for {}",
                    proxy.host
                ),
            )
            .step(
                Owner::Network,
                format!("Where it runs, allow TCP from the server to {addresses}, port {}", proxy.port),
            ),
    )
}

/// Whether this machine or its network lacks the address's family, so that nothing tries it.
fn lacks_family(attempt: &Attempt, used: IpAddr) -> bool {
    Family::of(attempt.address.ip()) != Family::of(used)
        && matches!(attempt.failure, Some(Failure::Unreachable | Failure::NoSuchFamily))
}

fn fared(attempt: &Attempt) -> String {
    let (address, took) = (attempt.address.ip(), span(attempt.took_us));
    match &attempt.failure {
        Some(Failure::TimedOut) | None => format!("{address} stayed silent for {took}"),
        Some(failure) => format!("{address} failed after {took} ({failure})"),
    }
}

const MOST_LISTED: usize = 3;
