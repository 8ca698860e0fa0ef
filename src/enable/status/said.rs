//! What `status` writes: the same fields as JSON and as text.

use gh_connect_engine::Owner;
use schemars::JsonSchema;
use serde::Serialize;

use crate::exit::Exit;

/// All that either side says of the connection.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Said {
    /// 1; another number when a reader has to change.
    pub(crate) schema_version: u32,
    /// When they were asked.
    pub(crate) asked_at: String,
    /// The host of GitHub Enterprise Server.
    pub(crate) server: String,
    /// The slug of the enterprise account.
    pub(crate) enterprise: String,
    /// The host of GitHub Enterprise Cloud: `github.com`, `SUBDOMAIN.ghe.com`.
    pub(crate) cloud: String,
    /// What both together come to.
    pub(crate) verdict: Verdict,
    /// The exit code for that.
    pub(crate) exit_code: u8,
    /// What decided it.
    pub(crate) message: String,
    /// What to do, in order of preference.
    #[serde(rename = "do")]
    pub(crate) steps: Vec<Todo>,
    /// What the enterprise account records of this server, and under names that may be its own.
    pub(crate) installations: Part<Installation>,
    /// The license synchronizations of this server.
    pub(crate) license_sync: Part<LicenseSync>,
    /// The latest statistics of this server.
    pub(crate) statistics: Part<Statistics>,
    /// What the enterprise account's audit log records of connections. Many have nothing of them.
    pub(crate) cloud_audit_log: Part<Event>,
    /// What the server's own audit log records of connections. Many have nothing of them.
    pub(crate) server_audit_log: Part<Event>,
}

/// What both sides together come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// The account has a record of the server as connected, and what only a connected server sends came lately.
    Connected,
    /// Neither side tells of a connection.
    NotConnected,
    /// The enterprise account has a record of a connection that the server has ended.
    Orphaned,
    /// The server is connected, and the enterprise account has no record of it.
    Elsewhere,
    /// That cannot be told.
    Undetermined,
}

/// One thing that a side was asked.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part<T> {
    /// What it said of this server.
    Said(Vec<T>),
    /// It could not be read.
    Unread {
        /// Why.
        why: String,
        /// What to do, in order of preference.
        #[serde(rename = "do")]
        steps: Vec<Todo>,
    },
    /// There is no such thing here, for this reason.
    NotApplicable(String),
}

/// What somebody has to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Todo {
    /// Who.
    pub(crate) owner: Owner,
    /// What.
    pub(crate) text: String,
}

/// A record of a server. What is null was not said.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Installation {
    /// The name of the server.
    pub(crate) host_name: String,
    /// Whom its license is for.
    pub(crate) customer_name: Option<String>,
    /// Whether it is connected.
    pub(crate) is_connected: Option<bool>,
    /// When the record was made.
    pub(crate) created_at: Option<String>,
    /// When it was last changed.
    pub(crate) updated_at: Option<String>,
}

/// A license synchronization. What is null was not said.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct LicenseSync {
    /// The name of the server.
    pub(crate) host_name: Option<String>,
    /// Its id.
    pub(crate) server_id: Option<String>,
    /// When, as GitHub writes it.
    pub(crate) date: Option<String>,
    /// `success`, or another word.
    pub(crate) status: Option<String>,
    /// What went wrong; empty when nothing did.
    pub(crate) error: Option<String>,
}

/// Statistics that a server sent. What is null was not said.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Statistics {
    /// The name of the server.
    pub(crate) host_name: Option<String>,
    /// Its id.
    pub(crate) server_id: Option<String>,
    /// Its version.
    pub(crate) version: Option<String>,
    /// When they were collected, as GitHub writes it.
    pub(crate) collected: Option<String>,
    /// The features of GitHub Connect that are on.
    pub(crate) features: Option<Vec<String>>,
}

/// An event of an audit log. What is null was not said.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Event {
    /// `dotcom_connection.create`
    pub(crate) action: String,
    /// When.
    pub(crate) at: Option<String>,
    /// Who.
    pub(crate) actor: Option<String>,
    /// From which address, where that is disclosed.
    pub(crate) actor_ip: Option<String>,
    /// What it was about, where it has a name.
    pub(crate) name: Option<String>,
}

impl Verdict {
    /// 0 only where the account's record and what the server sends agree.
    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::Connected => Exit::SUCCESS,
            Self::NotConnected | Self::Orphaned | Self::Elsewhere => Exit::FAILED,
            Self::Undetermined => Exit::UNDETERMINED,
        }
    }

    /// The headline.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Connected => "Connected",
            Self::NotConnected => "Not connected",
            Self::Orphaned => "Not connected, although GitHub has a record of it",
            Self::Elsewhere => {
                "Not connected to this enterprise account, although the server has a connection"
            }
            Self::Undetermined => "Undecided",
        }
    }
}

impl<T> Part<T> {
    /// Whether it was read.
    pub(crate) fn is_said(&self) -> bool {
        matches!(self, Self::Said(_))
    }
}

impl Said {
    /// As JSON.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }
}

/// The JSON schema, as in `docs/schema/status-1.json`.
#[expect(clippy::expect_used, reason = "a schema is plain data")]
pub(crate) fn schema() -> String {
    let mut schema = schemars::schema_for!(Said);
    schema.insert("$id".to_owned(), format!("urn:gh-connect:status:{SCHEMA_VERSION}").into());
    if let Some(version) = schema.pointer_mut("/properties/schema_version") {
        version["const"] = SCHEMA_VERSION.into();
    }
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is plain data");
    text.push('\n');
    text
}

pub(crate) const SCHEMA_VERSION: u32 = 1;
