use gh_connect_engine::{Cx, Fact, Stop, shown_bytes};
use serde::{Deserialize, Serialize};

use crate::{Answer, Api, Needs, OfTheRun, ask::Get, json, json::Object};

/// `GET /api/v3/meta`: which version the server is. In private mode a stranger may be told nothing (facts §7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerMeta {
    /// What it says.
    pub answer: Answer<ServerMetaSays>,
    /// The version by the header `X-GitHub-Enterprise-Version`, which refusals have too: only a GitHub Enterprise Server
    /// sends it (facts §6).
    pub version_header: Option<String>,
}

/// What a server says of itself. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerMetaSays {
    /// `3.19.1`
    #[serde(default, deserialize_with = "json::text")]
    pub installed_version: Option<String>,
    /// The one field that every GitHub has there: without it, something else answers.
    pub verifiable_password_authentication: Option<bool>,
}

impl ServerMeta {
    /// The version, in the answer and in the header: both, where they contradict each other.
    pub fn versions(&self) -> impl Iterator<Item = &str> {
        let said = self.answer.said().and_then(|said| said.installed_version.as_deref());
        said.into_iter().chain(self.said_version())
    }

    /// The version by the header, unless it is empty.
    pub fn said_version(&self) -> Option<&str> {
        self.version_header.as_deref().filter(|version| !version.trim().is_empty())
    }
}

impl Fact for ServerMeta {
    const ID: &'static str = "server.meta";
    const OWNERS: &'static [&'static str] = &[Api::Server.owner()];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let get = Get { anonymous: true, ..Get::new(Needs::token(Api::Server), VERSION) };
        let (answer, headers) = get.read_with_headers::<Object<ServerMetaSays>>(cx).await?;
        let version_header = headers.get(VERSION_HEADER).map(|value| shown_bytes(value.as_bytes(), 40));
        Ok(Self { answer: answer.map(|Object(said)| said), version_header })
    }
}

/// Where it is asked for.
pub(crate) const VERSION: &str = "/api/v3/meta";
const VERSION_HEADER: &str = "x-github-enterprise-version";
