//! What GitHub Enterprise Cloud says of the token, the enterprise account, its IP allow list and the servers that it knows.
//!
//! All questions are asked at the same time over one connection. The pages of one list alone follow one another.

mod allow_list;
mod audit_log;
mod enterprise;
mod in_force;
mod installations;
mod licences;
mod name;
mod own;
mod statistics;
mod viewer;

use gh_connect_engine::{Cx, Stop};

pub use allow_list::{AllowList, Entries, Entry, EntryOwner};
pub(crate) use audit_log::search;
pub use audit_log::{AuditLog, Event, Events, Topic};
pub use enterprise::{Account, Enterprise, Oidc, OwnerInfo, Owners, Setting};
pub use in_force::InForce;
pub use installations::{Installation, Installations, Known};
pub use licences::{ConsumedLicences, LastSync, LicenceSync, Seats, ServerInstance, SyncStatus};
pub use name::is_readable_name;
pub use own::{Aliases, OwnNames, is_one_of, is_recorded_as_connected, is_same_host};
pub use statistics::{Collected, Features, ServerStatistics};
pub use viewer::{TokenSeen, User, Viewer};

/// The enterprise account that the plan names.
fn slug(cx: &Cx) -> Result<&str, Stop> {
    let named = cx.plan().enterprise.as_ref().map(|slug| slug.value.as_str());
    named.ok_or_else(|| Stop::Skipped("no enterprise account is named: --enterprise SLUG".to_owned()))
}

/// A slug as a step of a URL's path.
pub(crate) fn step(slug: &str) -> String {
    slug.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests;
