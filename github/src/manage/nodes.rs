use gh_connect_engine::{Cx, Fact, Stop};
use serde::{Deserialize, Serialize};

use super::NEEDS;
use crate::{
    Answer, Api, OfTheRun,
    ask::Get,
    json::{self, One, Several},
};

/// `GET /manage/v1/version`: the version of each node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManageVersion {
    /// What it says.
    pub answer: Answer<Vec<NodeVersion>>,
}

/// A node's version. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeVersion {
    /// The node.
    #[serde(default, deserialize_with = "json::text")]
    pub hostname: Option<String>,
    /// Its version.
    #[serde(default, deserialize_with = "json::one")]
    pub version: Option<VersionSays>,
}

/// A version. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionSays {
    /// `3.19.1`
    #[serde(default, deserialize_with = "json::text")]
    pub version: Option<String>,
    /// `azure`, for instance.
    #[serde(default, deserialize_with = "json::text")]
    pub platform: Option<String>,
    /// The build.
    #[serde(default, deserialize_with = "json::text")]
    pub build_id: Option<String>,
}

/// `GET /manage/v1/config/nodes`: which nodes there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManageNodes {
    /// What it says.
    pub answer: Answer<Topology>,
}

/// How a server is made up. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topology {
    /// `SingleNode`, `Ha` or `Cluster`.
    #[serde(default, deserialize_with = "json::text")]
    pub topology: Option<String>,
    /// Its nodes.
    #[serde(default, deserialize_with = "json::several")]
    pub nodes: Option<Vec<Node>>,
}

/// A node. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its name.
    #[serde(default, deserialize_with = "json::text")]
    pub hostname: Option<String>,
    /// Its id.
    #[serde(default, deserialize_with = "json::text")]
    pub uuid: Option<String>,
    /// Whether it only follows another.
    #[serde(default)]
    pub replica: Option<bool>,
    /// What it does in a cluster: `WebServer`, for instance.
    #[serde(default, deserialize_with = "json::texts")]
    pub cluster_roles: Option<Vec<String>>,
}

/// `GET /manage/v1/replication/status`: how replicas follow. It may take several seconds to answer, so it is worth asking
/// only where there are replicas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManageReplication {
    /// What it says.
    pub answer: Answer<Replication>,
}

/// How replicas follow. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replication {
    /// The worst.
    #[serde(default)]
    pub status: Option<Health>,
    /// Each node.
    #[serde(default, deserialize_with = "json::several")]
    pub nodes: Option<Vec<Replica>>,
}

/// How a node follows. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replica {
    /// The node.
    #[serde(default, deserialize_with = "json::text")]
    pub hostname: Option<String>,
    /// Its worst service.
    #[serde(default)]
    pub status: Option<Health>,
    /// Its services.
    #[serde(default, deserialize_with = "json::several")]
    pub services: Option<Vec<Service>>,
}

/// How a service follows. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// `mysql`, for instance.
    #[serde(default, deserialize_with = "json::text")]
    pub name: Option<String>,
    /// How it is.
    #[serde(default)]
    pub status: Option<Health>,
    /// In words.
    #[serde(default, deserialize_with = "json::text")]
    pub details: Option<String>,
}

/// How something is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Health {
    /// `OK`
    Ok,
    /// `WARNING`
    Warning,
    /// `CRITICAL`
    Critical,
    /// `UNKNOWN`
    Unknown,
    /// A word that is not published, safe to show.
    Other(String),
}

impl From<String> for Health {
    fn from(word: String) -> Self {
        match word.trim().to_ascii_uppercase().as_str() {
            "OK" => Self::Ok,
            "WARNING" => Self::Warning,
            "CRITICAL" => Self::Critical,
            "UNKNOWN" => Self::Unknown,
            _ => Self::Other(gh_connect_engine::shown(&word, 40)),
        }
    }
}

impl From<Health> for String {
    fn from(health: Health) -> Self {
        match health {
            Health::Ok => "OK".to_owned(),
            Health::Warning => "WARNING".to_owned(),
            Health::Critical => "CRITICAL".to_owned(),
            Health::Unknown => "UNKNOWN".to_owned(),
            Health::Other(word) => word,
        }
    }
}

/// `GET /manage/v1/maintenance`: the maintenance mode of each node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManageMaintenance {
    /// What it says.
    pub answer: Answer<Vec<NodeMaintenance>>,
}

/// A node's maintenance mode. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeMaintenance {
    /// The node.
    #[serde(default, deserialize_with = "json::text")]
    pub hostname: Option<String>,
    /// Its id.
    #[serde(default, deserialize_with = "json::text")]
    pub uuid: Option<String>,
    /// `on`, `off` or `scheduled`; a truth value as a word.
    #[serde(default, deserialize_with = "json::word")]
    pub status: Option<String>,
    /// When it begins, as the server writes it.
    #[serde(default, deserialize_with = "json::text")]
    pub scheduled_time: Option<String>,
    /// What people are told.
    #[serde(default, deserialize_with = "json::text")]
    pub maintenance_mode_message: Option<String>,
}

/// Where the version of each node is asked for.
pub(crate) const MANAGE_VERSION: &str = "/manage/v1/version";

impl Fact for ManageVersion {
    const ID: &'static str = "manage.version";
    const OWNERS: &'static [&'static str] = &[Api::Manage.owner()];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let get = Get::new(NEEDS, MANAGE_VERSION);
        Ok(Self { answer: get.read::<Several<NodeVersion>>(cx).await?.map(|list| list.0) })
    }
}

impl Fact for ManageNodes {
    const ID: &'static str = "manage.nodes";
    const OWNERS: &'static [&'static str] = &[Api::Manage.owner(), "nodes"];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let get = Get::new(NEEDS, "/manage/v1/config/nodes");
        Ok(Self { answer: get.read::<One<Topology>>(cx).await?.map(|One(said)| said) })
    }
}

impl Fact for ManageReplication {
    const ID: &'static str = "manage.replication";
    const OWNERS: &'static [&'static str] = &[Api::Manage.owner(), "nodes"];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let get = Get::new(NEEDS, "/manage/v1/replication/status");
        Ok(Self { answer: get.read::<One<Replication>>(cx).await?.map(|One(said)| said) })
    }
}

impl Fact for ManageMaintenance {
    const ID: &'static str = "manage.maintenance";
    const OWNERS: &'static [&'static str] = &[Api::Manage.owner()];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let get = Get::new(NEEDS, "/manage/v1/maintenance");
        Ok(Self { answer: get.read::<Several<NodeMaintenance>>(cx).await?.map(|list| list.0) })
    }
}
