use gh_connect_engine::{Cx, Fact, Stop};
use serde::{Deserialize, Serialize};

use super::{slug, step};
use crate::{Answer, Api, Needs, OfTheRun, ask::Get, json, json::One};

/// Which servers have sent their licence usage, and when (facts §3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceSync {
    /// Which.
    pub answer: Answer<SyncStatus>,
}

/// The state of licence synchronization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncStatus {
    /// The servers; `None` when that was not said.
    #[serde(default, deserialize_with = "json::objects")]
    pub server_instances: Option<Vec<ServerInstance>>,
}

/// A server that has sent its licence usage. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerInstance {
    /// Its id.
    #[serde(default, deserialize_with = "json::text")]
    pub server_id: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "json::text")]
    pub hostname: Option<String>,
    /// The last time.
    #[serde(default, deserialize_with = "json::object")]
    pub last_sync: Option<LastSync>,
}

/// A licence synchronization. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastSync {
    /// When, as GitHub writes it.
    #[serde(default, deserialize_with = "json::text")]
    pub date: Option<String>,
    /// `success`, or another word.
    #[serde(default, deserialize_with = "json::text")]
    pub status: Option<String>,
    /// What went wrong; empty when nothing did.
    #[serde(default, deserialize_with = "json::text")]
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
        let answer = Get::new(NEEDS, &target).read::<One<SyncStatus>>(cx).await?;
        Ok(Self { answer: answer.map(|One(said)| said) })
    }
}

impl Fact for ConsumedLicences {
    const ID: &'static str = "cloud.consumed-licences";
    const OWNERS: &'static [&'static str] = &[Api::Cloud.owner(), "billing"];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        // The numbers are the same on every page, and who the users are is nobody's business here.
        let target = format!("/enterprises/{}/consumed-licenses?per_page=1", step(slug(cx)?));
        let answer = Get { pages: true, ..Get::new(NEEDS, &target) }.read::<One<Seats>>(cx).await?;
        Ok(Self { answer: answer.map(|One(said)| said) })
    }
}

const NEEDS: Needs = Needs::scope(Api::Cloud, "read:enterprise");
