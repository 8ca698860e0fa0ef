use std::ops::ControlFlow;

use gh_connect_engine::{Cx, Fact, Stop, shown};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    enterprise::{Data, NEEDS, part},
    slug,
};
use crate::{
    Answer, Api, OfTheRun, Refusal,
    ask::{Query, Told},
    json::{self, Nullable, Object},
};

/// The servers that the enterprise account knows: connected ones, and such whose licence usage was uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installations {
    /// Which.
    pub answer: Answer<Known>,
}

/// Servers. An answer that leaves one out, or names one twice, is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// All of them.
    pub servers: Vec<Installation>,
    /// How many there are.
    pub total: Option<u64>,
}

/// A server that the enterprise account knows. An abandoned handshake may leave one that looks connected (facts §0.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installation {
    /// GitHub's own name for the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name. Compare it without regard to case.
    pub host_name: String,
    /// Whom its licence is for.
    pub customer_name: Option<String>,
    /// Whether it is connected by GitHub Connect.
    pub is_connected: Option<bool>,
    /// When it became known.
    pub created_at: Option<Timestamp>,
    /// When it was last heard of.
    pub updated_at: Option<Timestamp>,
}

impl Fact for Installations {
    const ID: &'static str = "cloud.installations";
    const OWNERS: &'static [&'static str] = &[Api::Cloud.owner()];
    type Key = OfTheRun;

    /// The first page comes with all else that owners see; hardly any account knows more servers than one page has.
    async fn measure(_: &OfTheRun, cx: &Cx) -> Result<Self, Stop> {
        let slug = slug(cx)?;
        let mut reading = Reading::default();
        let mut page = part(cx, &PATH, |told, data| Some(reading.take(told, data.installations()?))).await?;
        for _ in 0..MOST_PAGES {
            let taken = page.and_then(|taken| taken.map_err(|why| (why, NEEDS)));
            let after = match taken {
                Answer::Said(ControlFlow::Continue(cursor)) => cursor,
                Answer::Said(ControlFlow::Break(())) => return Ok(reading.end()),
                Answer::NoCredential { needs } => return Ok(Self { answer: Answer::NoCredential { needs } }),
                Answer::Refused { why, needs } => return Ok(Self { answer: Answer::Refused { why, needs } }),
            };
            let variables = serde_json::json!({ "slug": slug, "after": after });
            let query = Query { needs: NEEDS, document: DOCUMENT, variables };
            page = query.read::<Data>(cx).await?.0.and_then(|told| {
                let known = told.data.as_ref().map(|data| (data.is_of_another(slug), data.installations()));
                match known {
                    Some((Some(why), _)) => Err((why, NEEDS)),
                    Some((None, Some(reply))) => Ok(reading.take(&told, reply)),
                    _ => Err((told.why_null(&PATH), NEEDS)),
                }
            });
        }
        let why = wrong("pageInfo.hasNextPage", "false after so many pages");
        Ok(Self { answer: Answer::Refused { why, needs: NEEDS } })
    }
}

/// A list as far as it was read.
#[derive(Default)]
struct Reading {
    replies: Vec<InstallationReply>,
    servers: Vec<Installation>,
    /// How many there are, as GitHub says.
    total: Option<u64>,
    after: Option<String>,
}

impl Reading {
    /// Takes a page, and goes on after its cursor or ends. Each server has to be there, once, under its name, and in the end they
    /// have to be as many as GitHub says.
    fn take(
        &mut self,
        told: &Told<Data>,
        page: &InstallationsReply,
    ) -> Result<ControlFlow<(), String>, Refusal> {
        let total = page.total_count.ok_or_else(|| told.why_null_below(&PATH, &["totalCount"]))?;
        let nodes = page.nodes.as_ref().ok_or_else(|| told.why_null_below(&PATH, &["nodes"]))?;
        for (nth, node) in nodes.iter().enumerate() {
            let missing = || told.why_null_below(&PATH, &["nodes", &nth.to_string()]);
            let Object(reply) = node.as_ref().ok_or_else(missing)?;
            if self.replies.iter().any(|other| other.is_the_same_as(reply)) {
                return Err(wrong(&format!("nodes[{nth}]"), "another server than those before it"));
            }
            let server = reply.server();
            self.servers.push(server.ok_or_else(|| wrong(&format!("nodes[{nth}].hostName"), "a name"))?);
            self.replies.push(reply.clone());
        }
        if self.total.is_some_and(|before| before != total) {
            return Err(wrong("totalCount", "the same for every page"));
        }
        self.total = Some(total);
        let next = page.page_info.as_ref().filter(|info| info.has_next_page == Some(true));
        match (next, self.servers.len() as u64) {
            (Some(info), read) if read < total => match &info.end_cursor {
                Some(cursor) if self.after.as_ref() != Some(cursor) => {
                    self.after = Some(cursor.clone());
                    Ok(ControlFlow::Continue(cursor.clone()))
                }
                // A cursor that does not move would lead round in circles.
                _ => Err(wrong("pageInfo.endCursor", "the way to another page")),
            },
            (None, read) if read == total => Ok(ControlFlow::Break(())),
            (_, read) => Err(wrong("totalCount", &format!("the number of servers that came, {read}"))),
        }
    }

    fn end(self) -> Installations {
        Installations { answer: Answer::Said(Known { servers: self.servers, total: self.total }) }
    }
}

fn wrong(field: &str, expected: &str) -> Refusal {
    Refusal::WrongShape { path: format!("{}.{field}", PATH.join(".")), expected: expected.to_owned() }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InstallationsReply {
    total_count: Option<u64>,
    #[serde(default, deserialize_with = "json::object")]
    page_info: Option<PageInfoReply>,
    #[serde(default, deserialize_with = "json::objects_or_nulls")]
    nodes: Option<Vec<Nullable<InstallationReply>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfoReply {
    has_next_page: Option<bool>,
    end_cursor: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InstallationReply {
    #[serde(default, deserialize_with = "json::text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    host_name: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    customer_name: Option<String>,
    is_connected: Option<bool>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
}

impl InstallationReply {
    /// Two records may be alike in everything but their ids; where these are not said, nothing tells them apart.
    fn is_the_same_as(&self, other: &Self) -> bool {
        match (&self.id, &other.id) {
            (Some(id), Some(other)) => id == other,
            _ => self == other,
        }
    }

    fn server(&self) -> Option<Installation> {
        let host_name = self.host_name.as_deref().filter(|name| !name.trim().is_empty())?;
        Some(Installation {
            id: self.id.as_deref().map(|id| shown(id, MOST_ID)),
            host_name: host_name.to_owned(),
            customer_name: self.customer_name.clone(),
            is_connected: self.is_connected,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

const PATH: [&str; 3] = ["enterprise", "ownerInfo", "enterpriseServerInstallations"];
const DOCUMENT: &str = include_str!("../../queries/installations.graphql");
const MOST_ID: usize = 200;
/// A hundred servers each.
const MOST_PAGES: usize = 50;
