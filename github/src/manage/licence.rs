use gh_connect_engine::{Cx, Fact, Stop};
use serde::{Deserialize, Serialize};

use super::NEEDS;
use crate::{Answer, Api, Count, Ends, OfTheRun, ask::Get, json, json::One};

/// `GET /manage/v1/config/license`: what the licence permits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManageLicence {
    /// What it says.
    pub answer: Answer<ManageLicenceSays>,
}

/// A licence. What is `None` was not said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "camelCase"))]
pub struct ManageLicenceSays {
    /// Whether it permits GitHub Connect, not whether that is on (facts §3.3).
    #[serde(default, alias = "croquet_support")]
    pub croquet_support: Option<bool>,
    /// Whether it is a trial licence.
    #[serde(default)]
    pub evaluation: Option<bool>,
    /// Whether it never ends.
    #[serde(default)]
    pub perpetual: Option<bool>,
    /// When it ends.
    #[serde(default, alias = "expire_at", deserialize_with = "json::text")]
    pub expire_at: Option<String>,
    /// Whom it is for.
    #[serde(default, deserialize_with = "json::text")]
    pub company: Option<String>,
    /// The number that support knows it by.
    #[serde(default, alias = "reference_number", deserialize_with = "json::text")]
    pub reference_number: Option<String>,
    /// The seats.
    #[serde(default)]
    pub seats: Option<Count>,
    /// Whether it is for any number of people.
    #[serde(default, alias = "unlimited_seating")]
    pub unlimited_seating: Option<bool>,
    /// Whether it permits a cluster.
    #[serde(default, alias = "cluster_support")]
    pub cluster_support: Option<bool>,
}

impl ManageLicenceSays {
    /// Whether nothing was said: `{}`, or nothing that is known.
    pub fn is_hollow(&self) -> bool {
        *self == Self::default()
    }

    /// When it ends, as far as that can be read.
    pub fn ends(&self) -> Option<Ends> {
        Ends::read(self.expire_at.as_deref()?)
    }
}

/// `GET /manage/v1/config/license/check`: whether the licence is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManageLicenceCheck {
    /// What it says.
    pub answer: Answer<CheckedLicence>,
}

/// A licence that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedLicence {
    /// Whether it is in force; `None` when that was not said.
    #[serde(default)]
    pub status: Option<LicenceStatus>,
}

/// Whether a licence is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum LicenceStatus {
    /// It is.
    Valid,
    /// It is none that this server takes.
    Invalid,
    /// It was.
    Expired,
    /// It is, but not for a cluster.
    ClusterModeNotSupported,
    /// A word that is not published, safe to show.
    Other(String),
}

impl From<String> for LicenceStatus {
    fn from(word: String) -> Self {
        match word.trim().to_ascii_lowercase().replace(['_', '-'], " ").as_str() {
            "valid" => Self::Valid,
            "invalid" => Self::Invalid,
            "expired" => Self::Expired,
            "cluster mode not supported" => Self::ClusterModeNotSupported,
            _ => Self::Other(gh_connect_engine::shown(&word, 60)),
        }
    }
}

impl From<LicenceStatus> for String {
    fn from(status: LicenceStatus) -> Self {
        match status {
            LicenceStatus::Valid => "valid".to_owned(),
            LicenceStatus::Invalid => "invalid".to_owned(),
            LicenceStatus::Expired => "expired".to_owned(),
            LicenceStatus::ClusterModeNotSupported => "cluster mode not supported".to_owned(),
            LicenceStatus::Other(word) => word,
        }
    }
}

impl Fact for ManageLicence {
    const ID: &'static str = "manage.licence";
    const OWNERS: &'static [&'static str] = &[Api::Manage.owner()];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let get = Get::new(NEEDS, "/manage/v1/config/license");
        Ok(Self { answer: get.read::<One<ManageLicenceSays>>(cx).await?.map(|One(said)| said) })
    }
}

impl Fact for ManageLicenceCheck {
    const ID: &'static str = "manage.licence-check";
    const OWNERS: &'static [&'static str] = &[Api::Manage.owner()];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let get = Get::new(NEEDS, "/manage/v1/config/license/check");
        Ok(Self { answer: get.read::<One<CheckedLicence>>(cx).await?.map(|One(said)| said) })
    }
}
