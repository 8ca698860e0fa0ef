//! What the GitHub Enterprise Server says of itself under `/status`, `/api/v3` and `/api/graphql` (facts §3.2).

mod account;
mod audit_log;
mod clock;
mod licence;
mod meta;
mod place;
mod status;

pub use account::{ServerEnterprise, ServerEnterprises, ServerUser, SiteUser};
pub use audit_log::ServerAuditLog;
pub use clock::{ServerClock, TimedReply};
pub use licence::{ServerLicence, ServerLicenceSays};
pub(crate) use meta::VERSION;
pub use meta::{ServerMeta, ServerMetaSays};
pub use place::{Place, Places};
pub(crate) use status::STATUS;
pub use status::{Heard, Status};

#[cfg(test)]
mod tests;
