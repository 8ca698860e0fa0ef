use std::sync::Arc;

use gh_connect_engine::{Cx, Fact, Stop, shown};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::{installations::InstallationsReply, slug};
use crate::{
    Answer, Api, Needs, OfTheRun, Refusal,
    ask::{Query, Told, behind},
    json::{self, Object},
};

/// The enterprise account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enterprise {
    /// What it says of itself.
    pub answer: Answer<Account>,
}

/// An enterprise account. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The last part of its URL.
    pub slug: String,
    /// Its name.
    pub name: Option<String>,
    /// Its page.
    pub url: Option<String>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// Whether the token's user is one of its owners.
    pub viewer_is_admin: Option<bool>,
}

/// What only owners of the enterprise account see of it. A [`Refusal::Null`] means that the token's user is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerInfo {
    /// What they see.
    pub answer: Answer<Owners>,
}

/// What owners see. What is `None` was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owners {
    /// Whether the IP allow list is on.
    pub allow_list: Option<Setting>,
    /// Whether the addresses of installed GitHub Apps are allowed by what the apps say.
    pub allow_list_for_apps: Option<Setting>,
    /// Whether there is an OIDC identity provider: its own policy may then be in force, and the allow list says `DISABLED`
    /// or nothing at all (facts §4.2).
    pub oidc: Oidc,
}

/// A setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Setting {
    /// `ENABLED`
    Enabled,
    /// `DISABLED`
    Disabled,
    /// A word that is not published, safe to show.
    Other(String),
}

/// An OIDC identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Oidc {
    /// There is none.
    None,
    /// There is one, of this type.
    Provider(String),
    /// That was not said.
    Unknown,
}

impl Fact for Enterprise {
    const ID: &'static str = "cloud.enterprise";
    const OWNERS: &'static [&'static str] = &[Api::Cloud.owner()];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let answer = part(cx, &["enterprise"], |_, data| {
            let reply = data.enterprise.as_ref()?;
            Some(Account {
                slug: shown(reply.slug.as_deref()?, 100),
                name: reply.name.clone(),
                url: reply.url.clone(),
                created_at: reply.created_at,
                viewer_is_admin: reply.viewer_is_admin,
            })
        });
        Ok(Self { answer: answer.await? })
    }
}

impl Fact for OwnerInfo {
    const ID: &'static str = "cloud.owner-info";
    const OWNERS: &'static [&'static str] = &[Api::Cloud.owner()];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let answer = part(cx, &OWNER_INFO, |told, data| {
            let info = data.owner_info()?;
            let oidc = match &info.oidc_provider {
                Provided::Unsaid => Oidc::Unknown,
                Provided::Said(Some(provider)) => {
                    Oidc::Provider(provider.provider_type.clone().unwrap_or_default())
                }
                Provided::Said(None) => match told.why_null(&["enterprise", "ownerInfo", "oidcProvider"]) {
                    Refusal::Null { .. } => Oidc::None,
                    _ => Oidc::Unknown,
                },
            };
            let setting = |said: &Option<String>| said.clone().map(Setting::from);
            Some(Owners {
                allow_list: setting(&info.allow_list),
                allow_list_for_apps: setting(&info.allow_list_for_apps),
                oidc,
            })
        });
        Ok(Self { answer: answer.await? })
    }
}

impl From<String> for Setting {
    fn from(word: String) -> Self {
        match word.as_str() {
            "ENABLED" => Self::Enabled,
            "DISABLED" => Self::Disabled,
            _ => Self::Other(word),
        }
    }
}

impl From<Setting> for String {
    fn from(setting: Setting) -> Self {
        match setting {
            Setting::Enabled => "ENABLED".to_owned(),
            Setting::Disabled => "DISABLED".to_owned(),
            Setting::Other(word) => word,
        }
    }
}

/// A part of the one reply that three facts are made of.
pub(super) async fn part<T>(
    cx: &Cx,
    path: &[&str],
    read: impl FnOnce(&Told<Data>, &Data) -> Option<T>,
) -> Result<Answer<T>, Stop> {
    let slug = slug(cx)?;
    let kept =
        cx.shared::<OnceCell<Result<Answer<Arc<Told<Data>>>, Stop>>>("cloud enterprise", OnceCell::new);
    let asked = kept.get_or_init(async || {
        let variables = serde_json::json!({ "slug": slug });
        let query = Query { needs: NEEDS, document: DOCUMENT, variables };
        Ok(query.read::<Data>(cx).await?.0.map(Arc::new))
    });
    let told = behind(cx, Api::Cloud, asked).await.clone()?;
    Ok(told.and_then(|told| {
        if let Some(why) = told.data.as_ref().and_then(|data| data.is_of_another(slug)) {
            return Err((why, NEEDS));
        }
        let said = told.data.as_ref().and_then(|data| read(&told, data));
        said.ok_or_else(|| (told.why_null(path), NEEDS))
    }))
}

#[derive(Deserialize)]
pub(super) struct Data {
    #[serde(default, deserialize_with = "json::object")]
    enterprise: Option<EnterpriseReply>,
}

impl Data {
    /// Why this is no answer, if it is about another account than the one that was asked for: nothing follows from that for
    /// this one. Slugs have no case.
    pub(super) fn is_of_another(&self, asked: &str) -> Option<Refusal> {
        let said = self.enterprise.as_ref()?.slug.as_deref()?;
        (!said.eq_ignore_ascii_case(asked)).then(|| Refusal::WrongShape {
            path: "data.enterprise.slug".to_owned(),
            expected: format!("{}, which was asked for", shown(asked, 100)),
        })
    }

    pub(super) fn installations(&self) -> Option<&InstallationsReply> {
        self.owner_info()?.installations.as_ref()
    }

    fn owner_info(&self) -> Option<&OwnerInfoReply> {
        self.enterprise.as_ref()?.owner_info.as_ref()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnterpriseReply {
    slug: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    url: Option<String>,
    created_at: Option<Timestamp>,
    viewer_is_admin: Option<bool>,
    #[serde(default, deserialize_with = "json::object")]
    owner_info: Option<OwnerInfoReply>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnerInfoReply {
    #[serde(default, rename = "ipAllowListEnabledSetting", deserialize_with = "json::text")]
    allow_list: Option<String>,
    #[serde(default, rename = "ipAllowListForInstalledAppsEnabledSetting", deserialize_with = "json::text")]
    allow_list_for_apps: Option<String>,
    #[serde(default)]
    oidc_provider: Provided,
    #[serde(default, rename = "enterpriseServerInstallations", deserialize_with = "json::object")]
    installations: Option<InstallationsReply>,
}

/// A provider, none, or not a word of it: only a null says that there is none.
#[derive(Default, Deserialize)]
#[serde(from = "Option<Object<ProviderReply>>")]
enum Provided {
    #[default]
    Unsaid,
    Said(Option<ProviderReply>),
}

impl From<Option<Object<ProviderReply>>> for Provided {
    fn from(said: Option<Object<ProviderReply>>) -> Self {
        Self::Said(said.map(|Object(provider)| provider))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProviderReply {
    #[serde(default, deserialize_with = "json::text")]
    provider_type: Option<String>,
}

const OWNER_INFO: [&str; 2] = ["enterprise", "ownerInfo"];
pub(super) const NEEDS: Needs = Needs::scope(Api::Cloud, "read:enterprise");
const DOCUMENT: &str = include_str!("../../queries/enterprise.graphql");
