//! The program against servers that nobody here wrote, on networks that each test makes for itself.
//!
//! BIND, nginx, squid, tinyproxy, mitmproxy and the kernel's packet filter; real addresses, ports 53, 80, 443 and 3128,
//! and the resolver configuration of the test's own namespace. It takes Linux, root and those servers:
//! `cargo xtask test` installs them, and a test that misses one fails and names the package.

#![expect(clippy::disallowed_methods, reason = "the world around the program is made of files and processes")]

mod accounts;
mod clock;
mod mitmproxy;
mod named;
mod nftables;
mod nginx;
mod no_network;
mod squid;
mod tinyproxy;
mod vantage;
