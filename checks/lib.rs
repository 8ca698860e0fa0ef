//! What can be wrong between a GitHub Enterprise Server and GitHub: one folder per check, and nothing else.

#[path = "allow-list/mod.rs"]
pub mod allow_list;
pub mod billing;
pub mod clock;
pub mod connect;
pub mod connection;
pub mod dns;
pub mod egress;
pub mod enterprise;
#[path = "ghe-com/mod.rs"]
pub mod ghe_com;
pub mod nodes;
pub mod origin;
pub mod owner;
#[path = "port-80/mod.rs"]
pub mod port_80;
pub mod proxy;
pub mod server;
pub mod tls;
pub mod token;

mod account;
mod addresses;
#[cfg(test)]
mod testing;
pub mod wording;

use gh_connect_engine::{Check, Kind};

/// Every check, in the order of reports. A test keeps it equal to the folders.
pub static ALL: &[&'static dyn Check] = &[
    &dns::Dns,
    &connect::Connect,
    &tls::Tls,
    &port_80::Port80,
    &proxy::Proxy,
    &origin::Origin,
    &clock::Clock,
    &server::Server,
    &token::Token,
    &enterprise::EnterpriseAccount,
    &owner::Owners,
    &egress::Egress,
    &allow_list::AllowList,
    &billing::Billing,
    &ghe_com::GheCom,
    &connection::Connection,
    &nodes::Nodes,
];

/// The check with this id.
pub fn check(id: &str) -> Option<&'static dyn Check> {
    ALL.iter().copied().find(|check| check.meta().id == id)
}

/// The kind of finding with this id, and its check.
pub fn kind(id: &str) -> Option<(&'static dyn Check, &'static Kind)> {
    ALL.iter()
        .find_map(|check| check.meta().kinds.iter().find(|kind| kind.id == id).map(|kind| (*check, *kind)))
}
