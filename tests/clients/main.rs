//! GitHub's clients and GitHub's published descriptions against the lab: what nobody here wrote agrees with it.
//!
//! Octokit, graphql-js with GitHub's schema, GitHub's OpenAPI descriptions, and the `gh` command, over TLS and through the
//! lab's own proxy. Where the lab were wrong, every test that stands on it would be, and nothing else would tell. It takes
//! Node 20 and the packages of `package-lock.json`; `cargo xtask test` installs them, and a test that misses one fails.

#![expect(clippy::disallowed_methods, reason = "the clients are processes, and what they read are files")]

mod examples;
mod gh;
mod graphql;
mod machine;
mod octokit;
mod openapi;
