use gh_connect_engine::{Cx, Fact, Stop};
use serde::{Deserialize, Serialize};

use super::{slug, step};
use crate::{Answer, Api, Needs, OfTheRun, ask::Get, json::Object};

/// Which servers have sent their licence usage, and when (facts §3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceSync {
    /// Which.
    pub answer: Answer<SyncStatus>,
}

/// The state of licence synchronization. It is read in the published shape, and in the one of a JSON schema, with the values
/// in the place of the types, that a client of GitHub's reads (facts §3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "wrapped::Status")]
pub struct SyncStatus {
    /// The servers; `None` when that was not said.
    pub server_instances: Option<Vec<ServerInstance>>,
    /// How many there are, where that is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_count: Option<u64>,
}

/// A server that has sent its licence usage. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerInstance {
    /// Its id.
    pub server_id: Option<String>,
    /// Its name.
    pub hostname: Option<String>,
    /// The last time.
    pub last_sync: Option<LastSync>,
}

/// A licence synchronization. What is `None` was not said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LastSync {
    /// When, as GitHub writes it.
    pub date: Option<String>,
    /// `success`, or another word.
    pub status: Option<String>,
    /// What went wrong; empty when nothing did.
    pub error: Option<String>,
}

/// How many licences the enterprise account has (facts §3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsumedLicences {
    /// How many.
    pub answer: Answer<Seats>,
}

/// Licences. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seats {
    /// In use.
    #[serde(default)]
    pub total_seats_consumed: Option<u64>,
    /// Bought. A trial has at most fifty, which makes more a weak hint (facts §5).
    #[serde(default)]
    pub total_seats_purchased: Option<u64>,
}

impl Fact for LicenceSync {
    const ID: &'static str = "cloud.licence-sync";
    const OWNERS: &'static [&'static str] = &[Api::Cloud.owner(), "connection"];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let target = format!("/enterprises/{}/license-sync-status", step(slug(cx)?));
        let answer = Get::new(NEEDS, &target).read::<Object<SyncStatus>>(cx).await?;
        Ok(Self { answer: answer.map(|Object(said)| said) })
    }
}

impl Fact for ConsumedLicences {
    const ID: &'static str = "cloud.consumed-licences";
    const OWNERS: &'static [&'static str] = &[Api::Cloud.owner(), "billing"];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        // The numbers are the same on every page, and who the users are is nobody's business here.
        let target = format!("/enterprises/{}/consumed-licenses?per_page=1", step(slug(cx)?));
        let answer = Get { pages: true, ..Get::new(NEEDS, &target) }.read::<Object<Seats>>(cx).await?;
        Ok(Self { answer: answer.map(|Object(said)| said) })
    }
}

const NEEDS: Needs = Needs::scope(Api::Cloud, "read:enterprise");

/// The replies as they come: what an object says may stand in its `properties`, and the elements of a list in its `items`.
mod wrapped {
    use serde::Deserialize;

    use super::{LastSync, ServerInstance, SyncStatus};
    use crate::json;

    #[derive(Deserialize)]
    pub(super) struct Status {
        #[serde(default, deserialize_with = "json::several")]
        server_instances: Option<Vec<Instance>>,
        #[serde(default)]
        total_count: Option<u64>,
        #[serde(default, deserialize_with = "json::object")]
        properties: Option<Box<Status>>,
    }

    #[derive(Deserialize)]
    struct Instance {
        #[serde(default, deserialize_with = "json::text")]
        server_id: Option<String>,
        #[serde(default, deserialize_with = "json::text")]
        hostname: Option<String>,
        #[serde(default, deserialize_with = "json::object")]
        last_sync: Option<Sync>,
        #[serde(default, deserialize_with = "json::several")]
        items: Option<Vec<Instance>>,
        #[serde(default, deserialize_with = "json::object")]
        properties: Option<Box<Instance>>,
    }

    #[derive(Deserialize)]
    struct Sync {
        #[serde(default, deserialize_with = "json::text")]
        date: Option<String>,
        #[serde(default, deserialize_with = "json::text")]
        status: Option<String>,
        #[serde(default, deserialize_with = "json::text")]
        error: Option<String>,
        #[serde(default, deserialize_with = "json::object")]
        properties: Option<Box<Sync>>,
    }

    impl From<Status> for SyncStatus {
        fn from(said: Status) -> Self {
            match (said.server_instances, said.properties) {
                (None, Some(within)) => {
                    let within = Self::from(*within);
                    Self { total_count: within.total_count.or(said.total_count), ..within }
                }
                (instances, _) => Self {
                    total_count: said.total_count,
                    server_instances: instances
                        .map(|list| list.into_iter().flat_map(Instance::into_servers).collect()),
                },
            }
        }
    }

    impl Instance {
        fn into_servers(self) -> Vec<ServerInstance> {
            match (self.items, self.properties) {
                (Some(items), _) => items.into_iter().flat_map(Self::into_servers).collect(),
                (None, Some(within)) => within.into_servers(),
                (None, None) => vec![ServerInstance {
                    server_id: self.server_id,
                    // What cannot be read as a name may be any server's.
                    hostname: self
                        .hostname
                        .filter(|name| gh_connect_engine::is_legible(name) && !name.contains('\\')),
                    last_sync: self.last_sync.map(Into::into),
                }],
            }
        }
    }

    impl From<Sync> for LastSync {
        fn from(said: Sync) -> Self {
            match said.properties {
                Some(within) => (*within).into(),
                None => Self { date: said.date, status: said.status, error: said.error },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::json;

    fn read(text: &str) -> Option<SyncStatus> {
        json::read::<Object<SyncStatus>>(&HeaderMap::new(), text.as_bytes(), false)
            .ok()
            .map(|Object(said)| said)
    }

    #[test]
    fn both_shapes_say_the_same() {
        let published = r#"{"server_instances": [{"server_id": "ghes-1", "hostname": "ghes.corp.example",
            "last_sync": {"date": "2026-11-24", "status": "success", "error": ""}}]}"#;
        let entry = r#"{"type": "object", "properties": {"server_id": "ghes-1", "hostname": "ghes.corp.example",
            "last_sync": {"type": "object", "properties": {"date": "2026-11-24", "status": "success", "error": ""}}}}"#;
        let status = read(published).expect("the published shape");
        assert_eq!(status.server_instances.as_ref().map(Vec::len), Some(1));
        for items in [entry.to_owned(), format!("[{entry}]")] {
            let wrapped = format!(
                r#"{{"title": "Status", "properties": {{"server_instances": {{"type": "array", "items": {items}}}}}}}"#
            );
            assert_eq!(read(&wrapped).as_ref(), Some(&status), "{wrapped}");
        }
        let saved = serde_json::to_string(&status).expect("JSON");
        assert_eq!(read(&saved), Some(status));
    }

    #[test]
    fn what_says_nothing_of_servers_is_not_an_empty_list_of_them() {
        for (reply, expected) in [
            ("{}", Some(None)),
            (r#"{"server_instances": null}"#, Some(None)),
            (r#"{"title": "Status", "properties": {}}"#, Some(None)),
            (r#"{"server_instances": []}"#, Some(Some(0))),
            (r#"{"server_instances": [{}]}"#, Some(Some(1))),
            // A schema says of which type the values are, and has none.
            (
                r#"{"properties": {"server_instances": {"items": {"properties": {"hostname": {"type": "string"}}}}}}"#,
                None,
            ),
        ] {
            let servers = read(reply).map(|status| status.server_instances.map(|servers| servers.len()));
            assert_eq!(servers, expected, "{reply}");
        }
    }
}
