//! How the network is measured. A probe has no opinion: it says what happened, in values that can be saved and judged.
//!
//! Along the way to a host the facts follow one another on one connection: [`dns::Addresses`] → [`tcp::Connection`] or
//! a proxy's tunnel → a TLS handshake → an HTTP reply. Whoever measured a step parks the live connection in the context for the next one.

pub mod clock;
pub mod dns;
pub mod egress;
pub mod hosts_file;
pub mod http;
pub mod net;
pub mod path;
pub mod proxy;
pub mod tcp;
pub mod tls;
pub mod trust;

pub use net::{Endpoint, HostName};

#[cfg(test)]
mod testing;
