//! Addresses that do not answer while another of their family does.

use gh_connect_engine::{Finding, Owner, Target};
use gh_connect_probe::{
    net::Failure,
    tcp::{Attempt, Dial},
};

use super::{FALLBACK_MS, span};

/// What is dead beside what answers.
pub(super) struct Addresses<'a> {
    target: &'a Target,
    connected: &'a Attempt,
    /// At least one.
    dead: Vec<&'a Attempt>,
}

impl<'a> Addresses<'a> {
    /// None when all that were tried answer, or none does.
    pub(super) fn of(target: &'a Target, dial: &'a Dial) -> Option<Self> {
        let connected = dial.connected()?;
        // Who resets a connection has answered.
        let dead: Vec<&Attempt> =
            dial.dead().filter(|attempt| attempt.failure != Some(Failure::Reset)).collect();
        (!dead.is_empty()).then_some(Self { target, connected, dead })
    }

    /// What was seen, and what it costs.
    pub(super) fn message(&self) -> String {
        let Target { host, port, .. } = self.target;
        let fared: Vec<String> = self.dead.iter().take(MOST_LISTED).map(|attempt| fared(attempt)).collect();
        let more = match self.dead.len().saturating_sub(MOST_LISTED) {
            0 => String::new(),
            more => format!("; {more} more fare alike"),
        };
        let silent = self.dead.iter().filter(|attempt| is_silent(attempt)).count();
        let cost = if silent > 0 {
            format!(
                "waits {FALLBACK_MS} ms for each silent one where it begins the next meanwhile (RFC 8305), about two \
                 minutes where it does not"
            )
        } else {
            let lost: u64 = self.dead.iter().map(|attempt| attempt.took_us).sum();
            format!(
                "loses {} before it comes to one that answers, and one that tries only the first fails",
                span(lost)
            )
        };
        format!(
            "Of the addresses of {host} on port {port}, {} connects in {}, but {}{more}. A client that tries the \
             addresses one by one {cost}.",
            self.connected.address.ip(),
            span(self.connected.took_us),
            fared.join("; "),
        )
    }

    /// The finding with what is to be done.
    pub(super) fn told(&self, finding: Finding) -> Finding {
        let Target { host, port, .. } = self.target;
        let dead: Vec<String> = self.dead.iter().map(|attempt| attempt.address.ip().to_string()).collect();
        let dead = dead.join(", ");
        finding
            .step(
                Owner::Network,
                format!("Allow TCP from this machine to every address of {host}, port {port}, {dead} too"),
            )
            .step(
                Owner::Dns,
                format!("Where {dead} is no address of {host} on the internet, take it out of the answers or the hosts file"),
            )
    }
}

fn fared(attempt: &Attempt) -> String {
    let (address, took) = (attempt.address.ip(), span(attempt.took_us));
    match &attempt.failure {
        None => format!("{address} had not answered after {took}"),
        Some(Failure::TimedOut) => format!("{address} stayed silent for {took}"),
        Some(failure) => format!("{address} failed after {took} ({failure})"),
    }
}

fn is_silent(attempt: &Attempt) -> bool {
    matches!(attempt.failure, None | Some(Failure::TimedOut))
}

const MOST_LISTED: usize = 3;
