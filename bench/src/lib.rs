//! Real servers on networks of their own, latency for every packet, and the programs that are measured there.
//!
//! * [`netns`]: network namespaces that remove themselves;
//! * [`island`]: two of them and a link, [`delay`]ed or not: a client's network and the world it sees;
//! * [`server`], [`pki`], [`github`]: what serves there, made by `openssl` and by servers that nobody here wrote;
//! * [`stopwatch`]: what one run of a program costs;
//! * [`speed`]: this program and its peers, measured in turn, and the page that says how it went;
//! * [`requirements`]: what the machine must have for any of it.
//!
//! It all takes Linux and root. Nothing here sends a packet outside of namespaces that it made.

#[cfg(target_os = "linux")]
pub mod delay;
pub mod github;
pub mod island;
pub mod netns;
pub mod pki;
pub mod requirements;
pub mod server;
#[cfg(target_os = "linux")]
pub mod speed;
#[cfg(target_os = "linux")]
pub mod stopwatch;
