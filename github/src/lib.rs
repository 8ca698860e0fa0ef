//! What GitHub's published interfaces say, as facts: REST and GraphQL of GitHub Enterprise Cloud, REST and the Manage API of
//! a GitHub Enterprise Server.
//!
//! A fact holds an [`Answer`]: what was said, what would have to be given for an answer, or what came instead, a [`Refusal`]
//! by name. What was not said stays unknown; there is no default that could pass for an answer. Requests go the way of the
//! measurements in `gh_connect_probe`: the same addresses, proxy and roots. Questions that need no other's answer are asked at
//! the same time, over one connection to each interface.

mod answer;
mod api;
mod ask;
mod client;
pub mod cloud;
mod credentials;
pub mod egress;
mod ends;
mod json;
mod links;
pub mod manage;
mod no_reply;
mod refusal;
mod scopes;
pub mod server;

pub use answer::Answer;
pub use api::{Api, Needs};
pub use credentials::{Credentials, Login, Token, TokenKind};
pub use ends::Ends;
pub use gh_connect_probe::trust::OfTheRun;
pub use json::Count;
pub use no_reply::NoReply;
pub use refusal::{Extensions, GraphQlError, RateLimit, Refusal};
pub use scopes::Scopes;

#[cfg(test)]
mod testing;
