use gh_connect_engine::{Cx, Fact, Product, Stop};
use serde::{Deserialize, Serialize};

use super::{slug, step};
use crate::{
    Answer, Api, Needs, OfTheRun, Refusal,
    ask::Get,
    json::{self, Objects},
};

/// What connected servers have sent of their statistics: which features of GitHub Connect are on (facts §3.1). GHE.com has
/// none of this (facts §1.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerStatistics {
    /// The latest of each server.
    pub answer: Answer<Vec<Collected>>,
}

/// A day's statistics of a server. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collected {
    /// The server's id.
    #[serde(default, deserialize_with = "json::text")]
    pub server_id: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "json::text")]
    pub host_name: Option<String>,
    /// Its version.
    #[serde(default, deserialize_with = "json::text")]
    pub ghes_version: Option<String>,
    /// When, in RFC 3339.
    #[serde(default, deserialize_with = "json::text")]
    pub collection_date: Option<String>,
    /// What it says of GitHub Connect.
    #[serde(default, deserialize_with = "json::object")]
    pub github_connect: Option<Features>,
}

/// Features of GitHub Connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Features {
    /// Those that are on: `license_usage_sync`, for instance.
    #[serde(default, deserialize_with = "json::texts")]
    pub features_enabled: Option<Vec<String>>,
}

impl Fact for ServerStatistics {
    const ID: &'static str = "cloud.server-statistics";
    const OWNERS: &'static [&'static str] = &[Api::Cloud.owner(), "connection"];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        if let Product::GheCom(_) = cx.plan().product.value {
            return Err(Stop::NotApplicable("GHE.com has no Server Statistics".to_owned()));
        }
        let needs = Needs::scope(Api::Cloud, "read:enterprise");
        let target = format!("/enterprise-installation/{}/server-statistics", step(slug(cx)?));
        // A year of several servers.
        let get = Get { most: 4 << 20, ..Get::new(needs.clone(), &target) };
        let answer = get.read::<Objects<Collected>>(cx).await?;
        Ok(Self { answer: answer.and_then(|days| latest(days.0).map_err(|why| (why, needs))) })
    }
}

/// The latest of each server, unless there are more of them than are kept: nothing follows from who is not among the first.
fn latest(days: Vec<Collected>) -> Result<Vec<Collected>, Refusal> {
    let mut latest: Vec<Collected> = Vec::new();
    for day in days {
        let is_same =
            |other: &Collected| other.server_id == day.server_id && other.host_name == day.host_name;
        match latest.iter().position(is_same) {
            // RFC 3339 in UTC sorts as text.
            Some(at) if latest[at].collection_date < day.collection_date => latest[at] = day,
            Some(_) => {}
            None if latest.len() < MOST_SERVERS => latest.push(day),
            None => {
                let expected = format!("the statistics of at most {MOST_SERVERS} servers");
                return Err(Refusal::WrongShape { path: ".".to_owned(), expected });
            }
        }
    }
    Ok(latest)
}

const MOST_SERVERS: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_day_of_each_server_counts() {
        let day = |host: &str, date: &str| Collected {
            server_id: None,
            host_name: Some(host.to_owned()),
            ghes_version: None,
            collection_date: Some(date.to_owned()),
            github_connect: None,
        };
        let days =
            [day("a", "2026-01-01"), day("b", "2026-01-09"), day("a", "2026-01-03"), day("a", "2026-01-02")];
        assert_eq!(latest(days.into()), Ok(vec![day("a", "2026-01-03"), day("b", "2026-01-09")]));
        let of = |servers: usize| (0..servers).map(|nth| day(&nth.to_string(), "2026-01-01")).collect();
        assert!(latest(of(MOST_SERVERS)).is_ok() && latest(of(MOST_SERVERS + 1)).is_err());
    }
}
