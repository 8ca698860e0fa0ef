use gh_connect_engine::{Cx, Fact, Stop};
use serde::{Deserialize, Serialize};

use super::ServerEnterprises;
use crate::{
    Answer, Api, Needs, OfTheRun, Refusal,
    cloud::{Events, Topic, search},
};

/// Events of the server's own audit log, the newest first: those of the first page that holds any. Whether present servers still record
/// `dotcom_connection.*` is not known: what is there is evidence, what is not there is none (facts §3.1).
///
/// The log is asked by the slug of [`ServerEnterprises`], so this comes after that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerAuditLog {
    /// Which.
    pub answer: Answer<Events>,
}

impl Fact for ServerAuditLog {
    const ID: &'static str = "server.audit-log";
    const OWNERS: &'static [&'static str] = &[Api::Server.owner(), "connection"];
    type Key = Topic;

    async fn measure(topic: &Topic, cx: &Cx) -> Result<Self, Stop> {
        let needs = Needs::scope(Api::Server, "read:audit_log");
        let enterprises = cx.fact::<ServerEnterprises>(&OfTheRun).await?;
        let found = enterprises.answer.clone().and_then(|found| {
            let slug = found.into_iter().find_map(|enterprise| enterprise.slug);
            slug.ok_or_else(|| {
                (Refusal::Null { path: "viewer.enterprises.nodes.slug".to_owned() }, needs.clone())
            })
        });
        let slug = match found {
            Answer::Said(slug) => slug,
            Answer::Refused { why, needs } => return Ok(Self { answer: Answer::Refused { why, needs } }),
            Answer::NoCredential { .. } => return Ok(Self { answer: Answer::NoCredential { needs } }),
        };
        Ok(Self { answer: search(cx, *topic, needs, &topic.target("/api/v3", &slug)).await? })
    }
}
