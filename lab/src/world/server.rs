//! The GitHub Enterprise Server in world files.

use serde::Deserialize;

use super::enterprise::AuditEntry;
use super::host::Port443;
use super::names;
use super::when::When;

/// The GitHub Enterprise Server. TCP, TLS and HTTP of its ports 443 and 80 are those of `[host."ghes.corp.example"]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Server {
    /// Its name.
    #[serde(deserialize_with = "names::one")]
    pub host: String,
    /// The version that it says it is.
    pub version: String,
    /// The slug of its own enterprise account, which has nothing to do with that on the cloud.
    pub enterprise: String,
    /// Something else answers at its name: a web server with pages of its own.
    pub not_ghes: bool,
    /// Maintenance mode, on all nodes.
    pub maintenance: Maintenance,
    /// Private mode: nothing without a token.
    pub private_mode: PrivateMode,
    /// Whether the owner of the server's tokens is a site administrator.
    pub site_admin: bool,
    /// The proxy that is set in the Management Console; `none` for none. Without being said, the one that the machine is
    /// told of.
    pub http_proxy: Option<String>,
    /// Its licence.
    pub license: License,
    /// Its nodes; without being said, one.
    #[serde(rename = "node")]
    pub nodes: Vec<Node>,
    /// The events of its audit log.
    pub audit_log: Vec<AuditEntry>,
    /// The Manage API.
    pub manage: Manage,
}

impl Default for Server {
    fn default() -> Server {
        Server {
            host: "ghes.corp.example".into(),
            version: "3.19.1".into(),
            enterprise: "corp".into(),
            not_ghes: false,
            maintenance: Maintenance::Off,
            private_mode: PrivateMode::Off,
            site_admin: true,
            http_proxy: None,
            license: License::default(),
            nodes: Vec::new(),
            audit_log: Vec::new(),
            manage: Manage::default(),
        }
    }
}

impl Server {
    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.host)
    }
}

/// Maintenance mode.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Maintenance {
    /// It serves.
    #[default]
    Off,
    /// It answers 503.
    On,
    /// It serves, until later.
    Scheduled,
}

/// What a request without a token gets from the REST API. Which version says which, and whether `/meta` stays open, no
/// source tells (facts §6, §9).
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum PrivateMode {
    /// An answer.
    #[default]
    Off,
    /// 401 "Must authenticate to access this API."
    On,
    /// 401 "Requires authentication".
    RequiresAuthentication,
    /// As `on`, except for `/meta`.
    OnButMeta,
}

/// A licence, as the REST API and the Manage API show it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct License {
    /// `standard`, say.
    pub kind: String,
    /// The company that it is for.
    pub company: String,
    /// The seats; 0 for any number.
    pub seats: u32,
    /// The seats in use.
    pub seats_used: u32,
    /// When it ends.
    pub expires: When,
    /// It is a trial.
    pub evaluation: bool,
    /// It never ends.
    pub perpetual: bool,
    /// It permits GitHub Connect (facts §3.3).
    pub croquet_support: bool,
    /// It permits a cluster.
    pub cluster_support: bool,
    /// What a check of it says; without being said, by its end.
    pub status: Option<LicenseStatus>,
}

impl Default for License {
    fn default() -> License {
        License {
            kind: "standard".into(),
            company: "Acme Corp".into(),
            seats: 500,
            seats_used: 321,
            expires: When::FromNow(time::Duration::days(240)),
            evaluation: false,
            perpetual: false,
            croquet_support: true,
            cluster_support: false,
            status: None,
        }
    }
}

/// What `GET /manage/v1/config/license/check` says.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum LicenseStatus {
    Valid,
    Invalid,
    Expired,
    ClusterModeNotSupported,
}

/// A node of the server.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Node {
    /// Its host name, `ghes-1` if there is nothing else to say.
    pub host_name: String,
    /// Its version; without being said, the server's.
    pub version: Option<String>,
    /// It is a replica, which makes the server a high-availability pair.
    pub replica: bool,
    /// Its roles in a cluster (`GitServer`, …), which make the server one.
    pub cluster_roles: Vec<String>,
    /// How its replication is.
    pub replication: Health,
    /// The service that is not well, when one is not.
    pub trouble: String,
}

/// How a node is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the interface's own")]
pub enum Health {
    #[default]
    Ok,
    Unknown,
    Warning,
    Critical,
}

/// The Manage API on port 8443.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Manage {
    /// The user of Basic authentication: `api_key`, or a user of the Management Console.
    pub user: String,
    /// Its password.
    pub password: String,
    /// Whether the run finds both in its environment.
    pub given: bool,
    /// The licence comes as an array of one, as in the published examples, and not as the object of the schema.
    pub arrays: bool,
    /// TCP and TLS; the certificate is that of 443 unless it is said.
    pub port_8443: Option<Port443>,
}

impl Default for Manage {
    fn default() -> Manage {
        Manage {
            user: "api_key".into(),
            password: MANAGE_PASSWORD.into(),
            given: true,
            arrays: false,
            port_8443: None,
        }
    }
}

const MANAGE_PASSWORD: &str = "lab-canary:root site/admin+password%";
