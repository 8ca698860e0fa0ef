use gh_connect_engine::{Cx, Fact, Stop};
use serde::{Deserialize, Serialize};

use crate::{Answer, Api, Needs, OfTheRun, Scopes, TokenKind, ask::Query, credentials::Credentials, json};

/// Whose the cloud's token is, and what it may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    /// Whose.
    pub answer: Answer<User>,
    /// The token; `None` without one.
    pub token: Option<TokenSeen>,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The user name.
    pub login: String,
}

/// What is known of a token that is not secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenSeen {
    /// Its kind, by its prefix.
    pub kind: TokenKind,
    /// Where it was said.
    pub origin: String,
    /// Its scopes as the replies name them; `None` where they name none, as for fine-grained tokens.
    pub scopes: Option<Scopes>,
}

impl Fact for Viewer {
    const ID: &'static str = "cloud.viewer";
    const OWNERS: &'static [&'static str] = &[Api::Cloud.owner(), "token"];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        #[derive(Deserialize)]
        struct Data {
            #[serde(default, deserialize_with = "json::object")]
            viewer: Option<Viewer>,
        }
        #[derive(Deserialize)]
        struct Viewer {
            login: String,
        }
        let needs = Needs::token(Api::Cloud);
        let query = Query { needs: needs.clone(), document: DOCUMENT, variables: serde_json::json!({}) };
        let (told, headers) = query.read::<Data>(cx).await?;
        let answer = told.and_then(|told| match told.data.as_ref().and_then(|data| data.viewer.as_ref()) {
            Some(viewer) => Ok(User { login: gh_connect_engine::shown(&viewer.login, 100) }),
            None => Err((told.why_null(&["viewer"]), needs)),
        });
        let token = Credentials::of(cx).cloud.as_ref().map(|token| TokenSeen {
            kind: token.kind(),
            origin: token.origin.to_string(),
            scopes: Scopes::granted(&headers),
        });
        Ok(Self { answer, token })
    }
}

const DOCUMENT: &str = include_str!("../../queries/viewer.graphql");
