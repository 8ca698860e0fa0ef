//! Names that resolve, and take their time.

use gh_connect_engine::{Finding, Owner};
use gh_connect_probe::dns::{Asked, By, Exchange, Fault, RecordKind, shown_server};

use super::{
    judge::Case,
    wording::{self, count, time},
};

impl Case<'_> {
    /// Resolving works and takes long, by the fault of whoever was believed.
    pub(super) fn slow(&self) -> Option<Finding> {
        if self.walk.waited_in_vain() {
            // The disagreement says so, and who is to blame.
            return None;
        }
        let (host, resolution) = (&self.seen.host, &self.seen.resolution);
        let believed = self.walk.believed.as_ref().filter(|_| !self.hosts_file_decides());
        let asked = believed.and_then(|(server, _)| self.asked(*server));
        let tardy = asked.and_then(|asked| {
            let how = RecordKind::BOTH.into_iter().find_map(|kind| self.tardy(asked, kind));
            Some((asked.server, how?))
        });
        if let Some((server, how)) = tardy {
            let name = shown_server(server);
            let finding = self.finding(&super::SLOW, format!("Name server {name} {how}."));
            let finding = wording::make_it_answer(finding, server, host, "find out what it waits for");
            return Some(
                finding.step(Owner::Network, format!("see whether packets are lost on the way to {name}")),
            );
        }
        (resolution.by == By::System && resolution.took_us >= SLOW_US).then(|| {
            let message = format!("This machine took {} to resolve {host}.", time(resolution.took_us));
            let what = "see what this machine asks beside its name servers, and which search domains it tries: \
                        nsswitch.conf, resolv.conf";
            self.finding(&super::SLOW, message).step(Owner::ServerAdmin, what)
        })
    }

    /// How a server takes its time over one kind of record, if it does. Refusing at once costs none.
    fn tardy(&self, asked: &Asked, kind: RecordKind) -> Option<String> {
        let (host, exchange) = (&self.seen.host, asked.about(kind));
        if asked.fault(kind).as_ref().is_some_and(Fault::costs_time) {
            let waited = self.system_waited()?;
            return Some(format!(
                "gives no answer for {kind} of {host}: every lookup waits for it, here {waited}"
            ));
        }
        exchange.answer()?;
        let took = time(exchange.took_us);
        if was_lost(exchange) {
            let queries = count(exchange.attempts, "query", "queries");
            Some(format!("answered for {kind} of {host} only after {queries} and {took}"))
        } else {
            (exchange.took_us >= SLOW_US).then(|| format!("took {took} to answer for {kind} of {host}"))
        }
    }

    /// How long whoever resolves a name waits for an answer that does not come; a system that remembers its answers, or does
    /// not ask for everything, may not wait at all.
    pub(super) fn system_waited(&self) -> Option<String> {
        let resolution = &self.seen.resolution;
        match resolution.by {
            By::System if resolution.failure.is_none() => {
                (resolution.took_us >= SLOW_US).then(|| time(resolution.took_us))
            }
            _ => Some(self.seen.limit.to_string()),
        }
    }
}

/// Whether it was a later query that was answered. A server that is merely slow answers the first, after the second was sent.
fn was_lost(exchange: &Exchange) -> bool {
    let first = |rtt: u64| exchange.took_us.saturating_sub(rtt) < SOONEST_US;
    exchange.attempts > 1 && !exchange.rtt_us.is_some_and(first)
}

/// Sooner than this no query is sent again, in microseconds.
const SOONEST_US: u64 = 50_000;
/// From here on people wait, and programs with short timeouts fail; in microseconds.
const SLOW_US: u64 = 1_000_000;
