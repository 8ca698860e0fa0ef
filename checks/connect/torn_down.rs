//! Addresses that accept connections and tear them down before a word is said.

use std::net::IpAddr;

use gh_connect_engine::{Finding, Owner, Target};
use gh_connect_probe::{net::Failure, tcp::Dial};

use super::{PROXY_INSTEAD, span};
use crate::addresses::listed;

/// All of them: the end of a connection may come with its beginning, so that connecting itself fails by a reset.
pub(super) fn all(v4: &Dial, v6: &Dial, torn_down: &[(IpAddr, Failure)]) -> Vec<(IpAddr, Failure)> {
    let at_once = v4.attempts.iter().chain(&v6.attempts);
    let at_once = at_once.filter(|attempt| attempt.failure == Some(Failure::Reset));
    torn_down.iter().cloned().chain(at_once.map(|attempt| (attempt.address.ip(), Failure::Reset))).collect()
}

/// What was seen; `None` when nothing was torn down.
pub(super) fn message(
    target: &Target,
    v4: &Dial,
    v6: &Dial,
    torn_down: &[(IpAddr, Failure)],
) -> Option<String> {
    let (first, failure) = torn_down.first()?;
    let attempts = || v4.attempts.iter().chain(&v6.attempts);
    let took = attempts().find(|attempt| attempt.address.ip() == *first).map_or(0, |attempt| attempt.took_us);
    let mut message = format!(
        "{} answer{} on port {} after {}, then tear{} the connection down before anything was sent ({failure}).",
        listed(&addresses(torn_down)),
        if torn_down.len() == 1 { "s" } else { "" },
        target.port,
        span(took),
        if torn_down.len() == 1 { "s" } else { "" },
    );
    let is_torn_down = |address: &IpAddr| torn_down.iter().any(|(torn_down, _)| torn_down == address);
    let connected = attempts().filter(|attempt| attempt.connected).map(|attempt| attempt.address.ip());
    let lasts: Vec<IpAddr> = connected.filter(|address| !is_torn_down(address)).collect();
    if !lasts.is_empty() {
        message.push_str(&format!(
            " Connections to {} last, but the server may be led to any address of the host.",
            listed(&lasts)
        ));
    }
    Some(message)
}

/// The finding with what is to be done.
pub(super) fn steps(finding: Finding, target: &Target, torn_down: &[(IpAddr, Failure)]) -> Finding {
    finding
        .step(
            Owner::Network,
            format!(
                "Find the firewall or middlebox that accepts connections to {target} in the place of the host and resets \
                 them, and let connections to {} through",
                listed(&addresses(torn_down))
            ),
        )
        .step(Owner::ServerAdmin, PROXY_INSTEAD)
}

fn addresses(torn_down: &[(IpAddr, Failure)]) -> Vec<IpAddr> {
    torn_down.iter().map(|(address, _)| *address).collect()
}
