use gh_connect_engine::{Cx, Fact, Stop};
use serde::{Deserialize, Serialize};

use crate::{
    Answer, Api, Needs, OfTheRun, Scopes,
    ask::{Get, Query},
    cloud::TokenSeen,
    credentials::Credentials,
    json,
    json::Object,
};

/// `GET /api/v3/user`: whose the server's token is (facts §3.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerUser {
    /// Whose.
    pub answer: Answer<SiteUser>,
    /// The token; `None` without one.
    pub token: Option<TokenSeen>,
}

/// A user of the server. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteUser {
    /// The user name.
    #[serde(default, deserialize_with = "json::text")]
    pub login: Option<String>,
    /// Whether the user is a site administrator.
    pub site_admin: Option<bool>,
}

/// The server's own enterprise account, which every server has one of. Its slug has nothing to do with the one on the cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerEnterprises {
    /// Those that the token's user belongs to, at most five.
    pub answer: Answer<Vec<ServerEnterprise>>,
}

/// An enterprise account of a server. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "camelCase"))]
pub struct ServerEnterprise {
    /// The part of its URL after `/enterprises/`.
    #[serde(default, deserialize_with = "json::text")]
    pub slug: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "json::text")]
    pub name: Option<String>,
    /// Whether the token's user is one of its owners.
    #[serde(default, alias = "viewer_is_admin")]
    pub viewer_is_admin: Option<bool>,
}

impl Fact for ServerUser {
    const ID: &'static str = "server.user";
    const OWNERS: &'static [&'static str] = &[Api::Server.owner(), "token"];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let get = Get::new(Needs::token(Api::Server), "/api/v3/user");
        let (answer, headers) = get.read_with_headers::<Object<SiteUser>>(cx).await?;
        let answer = answer.map(|Object(user)| user);
        let token = Credentials::of(cx).server.as_ref().map(|token| TokenSeen {
            kind: token.kind(),
            origin: token.origin.to_string(),
            scopes: Scopes::granted(&headers),
        });
        Ok(Self { answer, token })
    }
}

impl Fact for ServerEnterprises {
    const ID: &'static str = "server.enterprises";
    const OWNERS: &'static [&'static str] = &[Api::Server.owner()];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        #[derive(Deserialize)]
        struct Data {
            #[serde(default, deserialize_with = "json::object")]
            viewer: Option<Viewer>,
        }
        #[derive(Deserialize)]
        struct Viewer {
            #[serde(default, deserialize_with = "json::object")]
            enterprises: Option<Enterprises>,
        }
        #[derive(Deserialize)]
        struct Enterprises {
            #[serde(default, deserialize_with = "json::objects")]
            nodes: Option<Vec<ServerEnterprise>>,
        }
        let needs = Needs::scope(Api::Server, "read:enterprise");
        let query = Query { needs: needs.clone(), document: DOCUMENT, variables: serde_json::json!({}) };
        let answer = query.read::<Data>(cx).await?.0.and_then(|mut told| {
            let viewer = told.data.take().and_then(|data| data.viewer);
            let nodes = viewer.and_then(|viewer| viewer.enterprises?.nodes);
            nodes.ok_or_else(|| (told.why_null(&["viewer", "enterprises"]), needs))
        });
        Ok(Self { answer })
    }
}

const DOCUMENT: &str = include_str!("../../queries/server-enterprises.graphql");
