//! Every behaviour of every server of the lab, seen from outside with sockets and clients that know nothing of it.
#![expect(clippy::unwrap_used, reason = "tests may fail by panicking")]

mod browser;
mod client;
mod cloud;
mod dns;
mod endpoint;
mod ghes;
mod graphql;
mod healthy;
mod http2;
mod origin;
mod proxy;
mod tcp;
mod tls;
mod told;
mod web;
mod world;
