//! What the server's Manage API says (facts §3.3). Its replies carry private keys and passwords: only named fields are read,
//! and nothing else of a body is kept, not even how it begins.

mod licence;
mod nodes;
mod settings;

use crate::{Api, Needs};

pub use licence::{CheckedLicence, LicenceStatus, ManageLicence, ManageLicenceCheck, ManageLicenceSays};
pub(crate) use nodes::MANAGE_VERSION;
pub use nodes::{
    Health, ManageMaintenance, ManageNodes, ManageReplication, ManageVersion, Node, NodeMaintenance,
    NodeVersion, Replica, Replication, Service, Topology, VersionSays,
};
pub use settings::{ManageSettings, Settings};

const NEEDS: Needs = Needs::token(Api::Manage);

#[cfg(test)]
mod tests;
