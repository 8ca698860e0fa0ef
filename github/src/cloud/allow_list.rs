use gh_connect_engine::{Cx, Fact, Stop};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct as _};

use super::{InForce, OwnerInfo, slug};
use crate::{
    Answer, Api, Needs, OfTheRun, Refusal,
    ask::Query,
    json::{self, Text},
};

/// The entries of the enterprise account's IP allow list, from all of its pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowList {
    /// Which.
    pub answer: Answer<Entries>,
}

/// Entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entries {
    /// In GitHub's order.
    pub list: Vec<Entry>,
    /// How many there are, as GitHub says.
    pub total: Option<u64>,
    /// Why the later pages are missing, when they are: nothing follows then from what is not listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<Refusal>,
}

/// An entry. In a record one that counts and is the enterprise's own is a text, `203.0.113.0/28 Corp egress`: there may be
/// thousands.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub struct Entry {
    /// An address or a range, as GitHub shows it.
    pub value: Box<str>,
    /// What somebody called it.
    pub name: Option<Box<str>>,
    /// Whether it counts.
    pub active: bool,
    /// Whose it is.
    pub owner: EntryOwner,
}

/// An entry as a record has it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Usual(String),
    Unusual { value: Box<str>, name: Option<Box<str>>, active: bool, owner: EntryOwner },
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { value, name, active, owner } = self;
        if *active && *owner == EntryOwner::Enterprise && !value.contains(' ') {
            return match name {
                Some(name) => serializer.collect_str(&format_args!("{value} {name}")),
                None => serializer.serialize_str(value),
            };
        }
        let mut fields = serializer.serialize_struct("Entry", 4)?;
        fields.serialize_field("value", value)?;
        fields.serialize_field("name", name)?;
        fields.serialize_field("active", active)?;
        fields.serialize_field("owner", owner)?;
        fields.end()
    }
}

impl From<Written> for Entry {
    fn from(written: Written) -> Self {
        match written {
            Written::Unusual { value, name, active, owner } => Self { value, name, active, owner },
            Written::Usual(text) => {
                let (value, name) = match text.split_once(' ') {
                    Some((value, name)) => (value, Some(name.into())),
                    None => (text.as_str(), None),
                };
                Self { value: value.into(), name, active: true, owner: EntryOwner::Enterprise }
            }
        }
    }
}

/// Whose an entry of an allow list is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryOwner {
    /// The enterprise's own.
    #[default]
    Enterprise,
    /// Of an organization by this login.
    Organization(Box<str>),
    /// Of a GitHub App by this name: it counts for the app's own installations only (facts §4.1).
    App(Box<str>),
    /// Of something that is not published, or was not said.
    Other(Box<str>),
}

impl Fact for AllowList {
    const ID: &'static str = "cloud.allow-list";
    const OWNERS: &'static [&'static str] = &[Api::Cloud.owner(), "allow-list"];
    type Key = OfTheRun;

    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let slug = slug(cx)?;
        let mut entries = Entries::default();
        let mut after: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let page = match page(cx, slug, after.as_deref()).await? {
                Answer::Said(page) => page,
                Answer::Refused { why, .. } if after.is_some() => {
                    entries.ended_by = Some(why);
                    return Ok(Self { answer: Answer::Said(entries) });
                }
                Answer::Refused { why, needs } => return Ok(Self { answer: Answer::Refused { why, needs } }),
                Answer::NoCredential { needs } => return Ok(Self { answer: Answer::NoCredential { needs } }),
            };
            entries.total = page.total_count.or(entries.total);
            entries.list.extend(page.nodes.unwrap_or_default().into_iter().filter_map(EntryReply::entry));
            // A cursor that does not move would lead round in circles.
            let next = page.page_info.filter(|info| info.has_next_page == Some(true));
            match next.map(|info| info.end_cursor) {
                None => return Ok(Self { answer: Answer::Said(entries) }),
                Some(cursor) if cursor.is_some() && cursor != after => after = cursor,
                Some(_) => break,
            }
            // The first page is asked for before anybody knows whether the list is on; the others only where it matters.
            let owners = cx.fact::<OwnerInfo>(&OfTheRun).await?;
            if owners.answer.said().is_some_and(|owners| owners.list_in_force() == InForce::None) {
                entries.ended_by = Some(Refusal::Null { path: PATH.join(".") });
                return Ok(Self { answer: Answer::Said(entries) });
            }
        }
        let path = PATH.join(".") + ".pageInfo.endCursor";
        entries.ended_by = Some(Refusal::WrongShape { path, expected: "the way to another page".to_owned() });
        Ok(Self { answer: Answer::Said(entries) })
    }
}

async fn page(cx: &Cx, slug: &str, after: Option<&str>) -> Result<Answer<PageReply>, Stop> {
    let variables = serde_json::json!({ "slug": slug, "after": after });
    let query = Query { needs: NEEDS, document: DOCUMENT, variables };
    Ok(query.read::<Data>(cx).await?.0.and_then(|mut told| {
        let enterprise = told.data.take().and_then(|data| data.enterprise);
        let page = enterprise.and_then(|enterprise| enterprise.owner_info?.entries);
        page.ok_or_else(|| (told.why_null(&PATH), NEEDS))
    }))
}

#[derive(Deserialize)]
struct Data {
    #[serde(default, deserialize_with = "json::object")]
    enterprise: Option<EnterpriseReply>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnterpriseReply {
    #[serde(default, deserialize_with = "json::object")]
    owner_info: Option<OwnerInfoReply>,
}

#[derive(Deserialize)]
struct OwnerInfoReply {
    #[serde(default, rename = "ipAllowListEntries", deserialize_with = "json::object")]
    entries: Option<PageReply>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageReply {
    total_count: Option<u64>,
    #[serde(default, deserialize_with = "json::object")]
    page_info: Option<PageInfoReply>,
    #[serde(default, deserialize_with = "json::objects")]
    nodes: Option<Vec<EntryReply>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfoReply {
    has_next_page: Option<bool>,
    end_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryReply {
    allow_list_value: Option<Text<LONGEST>>,
    is_active: Option<bool>,
    name: Option<Text<LONGEST>>,
    #[serde(default, deserialize_with = "json::object")]
    owner: Option<OwnerReply>,
}

#[derive(Deserialize)]
struct OwnerReply {
    #[serde(rename = "__typename")]
    kind: Option<Text<LONGEST>>,
    name: Option<Text<LONGEST>>,
    login: Option<Text<LONGEST>>,
}

impl EntryReply {
    /// What does not say that it is active is taken not to be, and whose it does not say is nobody's: neither may open the
    /// gate.
    fn entry(self) -> Option<Entry> {
        let text =
            |text: Option<Text<LONGEST>>| text.map_or_else(Default::default, |text| text.0.into_boxed_str());
        let owner = match self.owner {
            None => EntryOwner::Other("".into()),
            Some(OwnerReply { kind, name, login }) => match kind.as_ref().map(|kind| kind.0.as_str()) {
                Some("Enterprise") => EntryOwner::Enterprise,
                Some("Organization") => EntryOwner::Organization(text(login)),
                Some("App") => EntryOwner::App(text(name)),
                _ => EntryOwner::Other(text(kind)),
            },
        };
        Some(Entry {
            value: text(Some(self.allow_list_value?)),
            name: Some(text(self.name)).filter(|name| !name.is_empty()),
            active: self.is_active == Some(true),
            owner,
        })
    }
}

const PATH: [&str; 3] = ["enterprise", "ownerInfo", "ipAllowListEntries"];
const NEEDS: Needs = Needs::scope(Api::Cloud, "admin:enterprise");
const DOCUMENT: &str = include_str!("../../queries/allow-list.graphql");
/// A hundred entries each, so 50,000 entries.
const MOST_PAGES: usize = 500;
const LONGEST: usize = 80;
