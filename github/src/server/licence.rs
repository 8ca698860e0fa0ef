use gh_connect_engine::{Cx, Fact, Stop};
use serde::{Deserialize, Serialize};

use crate::{Answer, Api, Count, Ends, Needs, OfTheRun, ask::Get, json, json::Object};

/// `GET /api/v3/enterprise/settings/license` (facts §3.2). Needs a site administrator's classic token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerLicence {
    /// What it says.
    pub answer: Answer<ServerLicenceSays>,
}

/// A server's licence. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerLicenceSays {
    /// The seats, or `unlimited`.
    pub seats: Option<Count>,
    /// The seats in use.
    pub seats_used: Option<u64>,
    /// `standard`, for instance.
    #[serde(default, deserialize_with = "json::text")]
    pub kind: Option<String>,
    /// Negative when it has expired.
    pub days_until_expiration: Option<i64>,
    /// As the server writes it: `2016/02/06 12:41:52 -0600`.
    #[serde(default, deserialize_with = "json::text")]
    pub expire_at: Option<String>,
}

impl ServerLicenceSays {
    /// When it ends, as far as that can be read.
    pub fn ends(&self) -> Option<Ends> {
        Ends::read(self.expire_at.as_deref()?)
    }
}

impl Fact for ServerLicence {
    const ID: &'static str = "server.licence";
    const OWNERS: &'static [&'static str] = &[Api::Server.owner()];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let needs = Needs::scope(Api::Server, "site_admin");
        let get = Get::new(needs, "/api/v3/enterprise/settings/license");
        Ok(Self { answer: get.read::<Object<ServerLicenceSays>>(cx).await?.map(|Object(said)| said) })
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn a_licence_is_read_as_servers_write_it() {
        let read =
            |body: &str| json::read::<Object<ServerLicenceSays>>(&HeaderMap::new(), body.as_bytes(), false);
        let Object(said) = read(
            r#"{"seats": "unlimited", "seats_used": 1316, "seats_available": 84, "kind": "standard",
                "days_until_expiration": -3, "expire_at": "2016/02/06 12:41:52 -0600"}"#,
        )
        .expect("a licence");
        assert_eq!(said.seats, Some(Count::Word("unlimited".to_owned())));
        assert_eq!(said.ends().map(|ends| ends.latest.to_string()).as_deref(), Some("2016-02-06T18:41:52Z"));
        let Object(said) =
            read(r#"{"seats": "1400", "expire_at": "2026-02-06T12:41:52Z"}"#).expect("a licence");
        assert_eq!((said.seats.clone(), said.days_until_expiration), (Some(Count::Number(1400)), None));
        assert!(said.ends().is_some());
    }
}
