use std::ops::ControlFlow;

use gh_connect_engine::{Cx, Fact, Stop};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeStruct as _};

use super::{InForce, OwnerInfo, slug};
use crate::{
    Answer, Api, Needs, OfTheRun, Refusal,
    ask::Query,
    json::{self, Hashed, Nullable, Object, Text},
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
                Some(name) => serializer.serialize_str(&[value, " ", name].concat()),
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
        let mut reading = Reading::default();
        for _ in 0..MOST_QUESTIONS {
            let pages = match pages(cx, slug, &reading).await? {
                Answer::Said(pages) => pages,
                Answer::Refused { why, .. } if reading.after.is_some() => return Ok(reading.end(Some(why))),
                Answer::Refused { why, needs } => return Ok(Self { answer: Answer::Refused { why, needs } }),
                Answer::NoCredential { needs } => return Ok(Self { answer: Answer::NoCredential { needs } }),
            };
            if let ControlFlow::Break(why) = reading.take(pages) {
                return Ok(reading.end(why));
            }
            // The first page is asked for before anybody knows whether the list is on; the others only where it matters.
            let owners = cx.fact::<OwnerInfo>(&OfTheRun).await?;
            if owners.answer.said().is_some_and(|owners| owners.list_in_force() == InForce::None) {
                return Ok(reading.end(Some(Refusal::Null { path: PATH.join(".") })));
            }
        }
        Ok(reading.end(Some(wrong("pageInfo.endCursor", "the way to another page"))))
    }
}

/// A list as far as it was read. What is missing after the first page is read from both of its ends at once: pages follow
/// one another, and so only half as many do.
#[derive(Default)]
struct Reading {
    /// From the beginning on.
    start: Vec<Entry>,
    /// Pages from the end, the last one first.
    end: Vec<Vec<Entry>>,
    /// How many entries were read, with those that say nothing.
    read: usize,
    /// How many there are, as GitHub says.
    total: Option<u64>,
    /// Where the rest begins.
    after: Option<String>,
    /// Where the rest ends.
    before: Option<String>,
    /// The entries that were read, by what tells them apart.
    seen: Seen,
}

/// Which entries were read, so that one that comes twice hides none that did not come.
#[derive(Default)]
struct Seen(Vec<u64>);

impl Seen {
    fn add(&mut self, node: &EntryReply) {
        let EntryReply { id, allow_list_value, is_active, name, owner } = node;
        self.0.push(match id {
            Some(id) => id.0,
            // Two entries may be alike in everything but their ids: nothing else tells them apart.
            None => {
                let owner = owner.as_ref().map(|it| (&it.kind, text(&it.login), text(&it.name)));
                Hashed::of((text(allow_list_value), is_active, text(name), owner)).0
            }
        });
    }

    fn has_one_twice(mut self) -> bool {
        self.0.sort_unstable();
        self.0.windows(2).any(|two| two[0] == two[1])
    }
}

fn text(text: &Option<Text<LONGEST>>) -> Option<&str> {
    text.as_ref().map(|text| text.0.as_str())
}

impl Reading {
    /// How many entries are missing, as far as GitHub says how many there are.
    fn missing(&self) -> usize {
        let total = self.total.map_or(0, |total| usize::try_from(total).unwrap_or(usize::MAX));
        total.saturating_sub(self.read)
    }

    fn asks_both_ends(&self) -> bool {
        self.after.is_some() && self.missing() > PAGE
    }

    /// Takes what one question brought. It ends the reading, with the reason where entries may be missing.
    fn take(&mut self, Pages { first, last }: Pages) -> ControlFlow<Option<Refusal>> {
        let total = first.total_count.or(self.total);
        // The two ends would meet in the wrong place.
        if self.total.is_some() && total != self.total {
            return ControlFlow::Break(Some(wrong("totalCount", "the same for every page")));
        }
        self.total = total;
        let nodes = first.nodes.unwrap_or_default();
        let new = if self.end.is_empty() { nodes.len() } else { nodes.len().min(self.missing()) };
        self.read += new;
        self.start.extend(entries(nodes.into_iter().take(new), &mut self.seen));
        if let Some(last) = last {
            let nodes = last.nodes.unwrap_or_default();
            let new = nodes.len().min(self.missing());
            self.read += new;
            let known = nodes.len() - new;
            self.end.push(entries(nodes.into_iter().skip(known), &mut self.seen).collect());
            let start = last.page_info.and_then(|info| info.start_cursor);
            if start.is_none() || start == self.before {
                return ControlFlow::Break(Some(wrong("pageInfo.startCursor", "the way to another page")));
            }
            self.before = start;
        }
        let next = first.page_info.filter(|info| info.has_next_page == Some(true));
        match next.map(|info| info.end_cursor) {
            None => ControlFlow::Break(None),
            Some(_) if !self.end.is_empty() && self.missing() == 0 => ControlFlow::Break(None),
            Some(cursor) if cursor.is_some() && cursor != self.after => {
                self.after = cursor;
                ControlFlow::Continue(())
            }
            // A cursor that does not move would lead round in circles.
            Some(_) => ControlFlow::Break(Some(wrong("pageInfo.endCursor", "the way to another page"))),
        }
    }

    fn end(self, ended_by: Option<Refusal>) -> AllowList {
        let twice = self.seen.has_one_twice();
        let ended_by =
            ended_by.or_else(|| twice.then(|| wrong("nodes", "a list in which every entry comes once")));
        let mut list = self.start;
        list.reserve_exact(self.end.iter().map(Vec::len).sum());
        list.extend(self.end.into_iter().rev().flatten());
        AllowList { answer: Answer::Said(Entries { list, total: self.total, ended_by }) }
    }
}

fn entries(
    nodes: impl Iterator<Item = Nullable<EntryReply>>,
    seen: &mut Seen,
) -> impl Iterator<Item = Entry> {
    nodes.flatten().inspect(|Object(node)| seen.add(node)).filter_map(|Object(node)| node.entry())
}

fn wrong(field: &str, expected: &str) -> Refusal {
    Refusal::WrongShape { path: format!("{}.{field}", PATH.join(".")), expected: expected.to_owned() }
}

/// What one question brings.
struct Pages {
    first: PageReply,
    /// From the end of what is missing.
    last: Option<PageReply>,
}

async fn pages(cx: &Cx, slug: &str, reading: &Reading) -> Result<Answer<Pages>, Stop> {
    let Reading { after, before, .. } = reading;
    let both = reading.asks_both_ends();
    let (document, variables) = match both {
        true => (BOTH_ENDS, serde_json::json!({ "slug": slug, "after": after, "before": before })),
        false => (DOCUMENT, serde_json::json!({ "slug": slug, "after": after })),
    };
    let query = Query { needs: NEEDS, document, variables };
    Ok(query.read::<Data>(cx).await?.0.and_then(|mut told| {
        let enterprise = told.data.take().and_then(|data| data.enterprise);
        let info = enterprise.and_then(|enterprise| enterprise.owner_info);
        match info {
            Some(OwnerInfoReply { first: Some(first), last }) if last.is_some() == both => {
                Ok(Pages { first, last })
            }
            Some(OwnerInfoReply { first: Some(_), .. }) => Err((told.why_null(&PATH_OF_LAST), NEEDS)),
            _ => Err((told.why_null(&PATH), NEEDS)),
        }
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
    first: Option<PageReply>,
    #[serde(default, deserialize_with = "json::object")]
    last: Option<PageReply>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageReply {
    total_count: Option<u64>,
    #[serde(default, deserialize_with = "json::object")]
    page_info: Option<PageInfoReply>,
    #[serde(default, deserialize_with = "json::objects_or_nulls")]
    nodes: Option<Vec<Nullable<EntryReply>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfoReply {
    has_next_page: Option<bool>,
    start_cursor: Option<String>,
    end_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryReply {
    id: Option<Hashed>,
    allow_list_value: Option<Text<LONGEST>>,
    is_active: Option<bool>,
    name: Option<Text<LONGEST>>,
    #[serde(default, deserialize_with = "json::object")]
    owner: Option<OwnerReply>,
}

#[derive(Deserialize)]
struct OwnerReply {
    #[serde(rename = "__typename")]
    kind: Option<OwnerKind>,
    name: Option<Text<LONGEST>>,
    login: Option<Text<LONGEST>>,
}

/// A type of GitHub's schema. Nearly all entries are the enterprise's, and of these no text is kept.
#[derive(Hash)]
enum OwnerKind {
    Enterprise,
    Organization,
    App,
    Other(Text<LONGEST>),
}

impl From<&str> for OwnerKind {
    fn from(name: &str) -> Self {
        match name {
            "Enterprise" => Self::Enterprise,
            "Organization" => Self::Organization,
            "App" => Self::App,
            other => Self::Other(other.into()),
        }
    }
}

impl<'de> Deserialize<'de> for OwnerKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json::of_str(deserializer)
    }
}

impl EntryReply {
    /// `None` for one that does not say what it permits, whether it counts, or whose it is: it may be the one that decides, so
    /// the list is not whole without it.
    fn entry(self) -> Option<Entry> {
        let text =
            |text: Option<Text<LONGEST>>| text.map_or_else(Default::default, |text| text.0.into_boxed_str());
        let OwnerReply { kind, name, login } = self.owner?;
        let owner = match kind? {
            OwnerKind::Enterprise => EntryOwner::Enterprise,
            OwnerKind::Organization => EntryOwner::Organization(text(login)),
            OwnerKind::App => EntryOwner::App(text(name)),
            OwnerKind::Other(kind) => EntryOwner::Other(text(Some(kind))),
        };
        Some(Entry {
            value: text(Some(self.allow_list_value?)),
            name: Some(text(self.name)).filter(|name| !name.is_empty()),
            active: self.is_active?,
            owner,
        })
    }
}

const PATH: [&str; 3] = ["enterprise", "ownerInfo", "ipAllowListEntries"];
const PATH_OF_LAST: [&str; 3] = ["enterprise", "ownerInfo", "last"];
const NEEDS: Needs = Needs::scope(Api::Cloud, "admin:enterprise");
const DOCUMENT: &str = include_str!("../../queries/allow-list.graphql");
const BOTH_ENDS: &str = include_str!("../../queries/allow-list-from-both-ends.graphql");
/// As many entries as GitHub has on a page at most (facts §4.4).
const PAGE: usize = 100;
/// Two pages each, so 50,000 entries.
const MOST_QUESTIONS: usize = 250;
const LONGEST: usize = 80;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What GitHub says of entries that stand for themselves by their numbers, those of `empty` by nothing.
    fn served(total: usize, empty: &[usize], reading: &Reading) -> Pages {
        let number =
            |cursor: &Option<String>| cursor.as_ref().map(|cursor| cursor.parse::<usize>().expect("ours"));
        let nodes = |range: std::ops::Range<usize>| {
            let node = |nth: usize| match empty.contains(&nth) {
                true => None,
                false => Some(Object(EntryReply {
                    id: Some(Hashed::of(nth)),
                    allow_list_value: Some(Text(nth.to_string())),
                    is_active: Some(true),
                    name: None,
                    owner: Some(OwnerReply { kind: Some(OwnerKind::Enterprise), name: None, login: None }),
                })),
            };
            Some(range.map(node).collect())
        };
        let from = number(&reading.after).map_or(0, |after| after + 1);
        let to = (from + PAGE).min(total);
        let info = |next, start: usize, end: usize| PageInfoReply {
            has_next_page: Some(next),
            start_cursor: Some(start.to_string()),
            end_cursor: Some(end.saturating_sub(1).to_string()),
        };
        let first = PageReply {
            total_count: Some(total as u64),
            page_info: Some(info(to < total, from, to)),
            nodes: nodes(from..to),
        };
        let last = reading.asks_both_ends().then(|| {
            let end = number(&reading.before).unwrap_or(total);
            let start = end.saturating_sub(PAGE);
            PageReply {
                total_count: None,
                page_info: Some(info(false, start, end)),
                nodes: nodes(start..end),
            }
        });
        Pages { first, last }
    }

    proptest! {
        #[test]
        fn every_entry_is_read_once_and_in_order(
            total in 0_usize..1_200,
            empty in proptest::collection::vec(0_usize..1_200, 0..4),
        ) {
            let (mut reading, mut questions) = (Reading::default(), 0);
            let why = loop {
                questions += 1;
                if let ControlFlow::Break(why) = reading.take(served(total, &empty, &reading)) {
                    break why;
                }
            };
            prop_assert_eq!(why, None);
            prop_assert_eq!(questions, 1 + total.saturating_sub(PAGE).div_ceil(2 * PAGE));
            let list = reading.end(None).answer.said().expect("said").list.clone();
            let values: Vec<String> = list.iter().map(|entry| entry.value.to_string()).collect();
            let expected: Vec<String> =
                (0..total).filter(|nth| !empty.contains(nth)).map(|nth| nth.to_string()).collect();
            prop_assert_eq!(values, expected);
        }
    }

    #[test]
    fn an_entry_that_comes_twice_may_hide_another() {
        let ended_by = |ids: [Option<&str>; 2], values: [&str; 2]| {
            let node = |nth: usize| {
                Some(Object(EntryReply {
                    id: ids[nth].map(Hashed::of),
                    allow_list_value: Some(Text(values[nth].to_owned())),
                    is_active: Some(true),
                    name: None,
                    owner: None,
                }))
            };
            let mut reading = Reading::default();
            let nodes = Some(vec![node(0), node(1)]);
            let first = PageReply { total_count: Some(2), page_info: None, nodes };
            assert!(reading.take(Pages { first, last: None }).is_break());
            let list = reading.end(None);
            list.answer.said().expect("said").ended_by.clone()
        };
        let (a, b) = (Some("a"), Some("b"));
        for (ids, values, is_whole) in [
            ([a, b], ["192.0.2.1", "192.0.2.2"], true),
            // Nothing forbids to add a range twice.
            ([a, b], ["192.0.2.1", "192.0.2.1"], true),
            ([a, a], ["192.0.2.1", "192.0.2.1"], false),
            ([a, a], ["192.0.2.1", "192.0.2.2"], false),
            ([None, None], ["192.0.2.1", "192.0.2.2"], true),
            ([None, None], ["192.0.2.1", "192.0.2.1"], false),
        ] {
            assert_eq!(ended_by(ids, values).is_none(), is_whole, "{ids:?} {values:?}");
        }
    }

    #[test]
    fn a_list_that_changes_meanwhile_is_not_read_to_its_end() {
        let mut reading = Reading::default();
        let first = served(500, &[], &reading);
        assert!(reading.take(first).is_continue());
        let changed = served(499, &[], &reading);
        assert!(matches!(reading.take(changed), ControlFlow::Break(Some(Refusal::WrongShape { .. }))));
    }
}
