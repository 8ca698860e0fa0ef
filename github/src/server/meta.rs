use gh_connect_engine::{Cx, Fact, Stop, shown_bytes};
use serde::{Deserialize, Serialize};

use crate::{Answer, Api, Needs, OfTheRun, ask::Get, json, json::One};

/// `GET /api/v3/meta`: which version the server is. In private mode a stranger may be told nothing (facts §7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerMeta {
    /// What it says.
    pub answer: Answer<ServerMetaSays>,
}

/// What a server says of itself. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerMetaSays {
    /// `3.19.1`, by the body.
    pub installed_version: Option<String>,
    /// The same by the header `X-GitHub-Enterprise-Version`.
    pub version_header: Option<String>,
    /// The one field that every GitHub has there: without it, something else answers.
    pub verifiable_password_authentication: Option<bool>,
}

impl ServerMetaSays {
    /// The version, whichever way it was said.
    pub fn version(&self) -> Option<&str> {
        self.installed_version.as_deref().or(self.version_header.as_deref())
    }
}

impl Fact for ServerMeta {
    const ID: &'static str = "server.meta";
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        #[derive(Deserialize)]
        struct Meta {
            #[serde(default, deserialize_with = "json::text")]
            installed_version: Option<String>,
            verifiable_password_authentication: Option<bool>,
        }
        let get = Get { anonymous: true, ..Get::new(Needs::token(Api::Server), "/api/v3/meta") };
        let answer =
            get.read_with_headers::<One<Meta>>(cx).await?.map(|(One(meta), headers)| ServerMetaSays {
                installed_version: meta.installed_version,
                version_header: headers.get(VERSION).map(|value| shown_bytes(value.as_bytes(), 40)),
                verifiable_password_authentication: meta.verifiable_password_authentication,
            });
        Ok(Self { answer })
    }
}

const VERSION: &str = "x-github-enterprise-version";
