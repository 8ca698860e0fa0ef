//! What the servers remember from request to request.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::scene::Scene;
use crate::server::api::rate_limit::Resource;

/// Counts that only grow.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Connections that left the network, by IPv4, by IPv6 and through the proxy.
    departures: [AtomicUsize; 3],
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Requests by a token, by its name.
    spent: BTreeMap<(String, Resource), u64>,
    /// Requests with bad credentials from an address.
    in_vain: BTreeMap<IpAddr, u32>,
}

impl History {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scene {
    /// The source address under which the next direct connection to `to` arrives.
    pub(crate) fn depart(&self, to: IpAddr) -> IpAddr {
        let egress = &self.world.egress;
        match to {
            IpAddr::V4(_) => turn(&egress.ipv4, &self.history.departures[0], to),
            IpAddr::V6(_) => turn(&egress.ipv6, &self.history.departures[1], to),
        }
    }

    /// The source address under which the next connection of the proxy arrives.
    pub(crate) fn depart_by_proxy(&self, to: IpAddr) -> IpAddr {
        match self.world.egress.proxy.as_slice() {
            [] => self.depart(to),
            pool => turn(pool, &self.history.departures[2], to),
        }
    }

    /// Counts a request by a token; gives how many there were.
    pub(crate) fn spend(&self, token: &str, resource: Resource) -> u64 {
        let mut counts = self.history.counts();
        let spent = counts.spent.entry((token.to_owned(), resource)).or_default();
        *spent += 1;
        *spent
    }

    /// Counts a request with bad credentials. Tells whether there were too many.
    pub(crate) fn tried_in_vain(&self, from: IpAddr) -> bool {
        let mut counts = self.history.counts();
        let tried = counts.in_vain.entry(from).or_default();
        *tried = tried.saturating_add(1);
        *tried > self.world.enterprise.lockout_after
    }

    /// Whether there were too many requests with bad credentials from an address.
    pub(crate) fn is_locked_out(&self, from: IpAddr) -> bool {
        let tried = self.history.counts().in_vain.get(&from).copied();
        tried.is_some_and(|tried| tried > self.world.enterprise.lockout_after)
    }
}

/// The address whose turn it is.
fn turn<A: Copy + Into<IpAddr>>(pool: &[A], departures: &AtomicUsize, or: IpAddr) -> IpAddr {
    let number = departures.fetch_add(1, Ordering::Relaxed);
    // A world file has at least one.
    pool.get(number % pool.len().max(1)).map_or(or, |&address| address.into())
}
