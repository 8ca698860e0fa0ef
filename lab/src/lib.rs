//! A whole world on loopback: name servers, GitHub's hosts, a GitHub Enterprise Server, an egress proxy, each healthy or with a fault of a real kind.
//!
//! Real sockets and real protocol bytes, in one process and without privileges. A [`World`] says what is there, in a
//! TOML file that a person can read; a [`Lab`] is a world that runs. The addresses of a world are never dialled: whoever
//! is tested maps each of them to the loopback socket that stands for it, by [`Lab::addresses`].
//!
//! ```
//! # use gh_connect_lab::{LabThread, World};
//! let world = World::parse("a name for messages", r#"
//!     about = "github.com refuses connections."
//!     host."github.com".port-443.tcp = "refuse"
//! "#)?;
//! let lab = LabThread::start(&world)?;
//! for route in lab.routes() {
//!     println!("{} at {} is {}", route.host, route.address, route.socket);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod authority;
mod clock;
mod directory;
mod history;
mod http1;
mod lab;
mod listen;
mod log;
mod nat64;
mod scene;
mod server;
mod thread;
mod tls;
mod told;
mod wire;
pub mod world;

pub use directory::left_behind;
pub use lab::{Lab, Route};
pub use log::{Asks, Authorization, Event, Transport};
pub use thread::LabThread;
pub use world::{World, WorldError};
