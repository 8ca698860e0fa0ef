use std::{fmt, net::IpAddr};

use gh_connect_engine::{Cx, Fact, Stop, is_legible, shown, without_invisible};
use http::HeaderMap;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::{slug, step};
use crate::{
    Answer, Api, Needs, Refusal,
    ask::Get,
    json::{self, Objects},
    links::{leads_on, next_cursor},
};

/// Events of the enterprise account's audit log, the newest first: those of the first page that holds any. What is not there
/// proves nothing: the log forgets (facts §5).
///
/// Each topic is a question of its own. Whether one search can look for several actions is not documented, and a search that
/// found nothing for that reason would look like one that found nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLog {
    /// Which.
    pub answer: Answer<Events>,
}

/// What is looked for in an audit log (facts §3.1, §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// A trial began: `business.create_trial`.
    TrialCreated,
    /// A trial became a paid account: `business.convert_trial`.
    TrialConverted,
    /// A trial was cancelled: `business.cancel_trial`.
    TrialCancelled,
    /// A trial ended: `business.expire_trial`.
    TrialExpired,
    /// The way of paying was changed: `billing.change_billing_type`.
    BillingTypeChanged,
    /// Who pays changed: `billing_customer.*`. Published are `azure_subscription_linked` and `azure_subscription_unlinked`.
    AzureSubscription,
    /// What the account pays by was added, changed or removed: `payment_method.*`.
    PaymentMethod,
    /// The plan was changed: `account.plan_change`.
    PlanChanged,
    /// What kind of seats the account buys was changed: `business.change_seats_plan_type`.
    SeatsPlanChanged,
    /// A connection was made, used or ended: `dotcom_connection.*`. Only older servers and clouds say so.
    Connections,
}

/// Events of an audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Events {
    /// The newest first.
    pub list: Vec<Event>,
    /// Whether there are older ones.
    pub more: bool,
    /// When the oldest was that was read, whosever it is: what was not read is older. `None` where one has no date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_back_to: Option<Timestamp>,
}

impl Events {
    /// Whether nothing was found so far, and more is to be had: that proves nothing, not even that there is nothing.
    pub fn is_unread(&self) -> bool {
        self.list.is_empty() && self.more
    }
}

/// An event of an audit log. What is `None` was not said. All text is safe to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The log's own name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `business.create_trial`, in small letters however it was written.
    pub action: String,
    /// When.
    pub at: Option<Timestamp>,
    /// Who.
    pub actor: Option<String>,
    /// From which address, where the enterprise discloses it.
    pub actor_ip: Option<IpAddr>,
    /// What it was about, where it has a name.
    pub name: Option<String>,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::TrialCreated,
        Self::TrialConverted,
        Self::TrialCancelled,
        Self::TrialExpired,
        Self::BillingTypeChanged,
        Self::AzureSubscription,
        Self::PaymentMethod,
        Self::PlanChanged,
        Self::SeatsPlanChanged,
        Self::Connections,
    ];

    /// The value of `action:`, an action or a category of actions.
    pub fn action(self) -> &'static str {
        match self {
            Self::TrialCreated => "business.create_trial",
            Self::TrialConverted => "business.convert_trial",
            Self::TrialCancelled => "business.cancel_trial",
            Self::TrialExpired => "business.expire_trial",
            Self::BillingTypeChanged => "billing.change_billing_type",
            Self::AzureSubscription => "billing_customer",
            Self::PaymentMethod => "payment_method",
            Self::PlanChanged => "account.plan_change",
            Self::SeatsPlanChanged => "business.change_seats_plan_type",
            Self::Connections => "dotcom_connection",
        }
    }

    /// Whether an action belongs to it.
    pub fn covers(self, action: &str) -> bool {
        let category = self.action();
        action == category
            || action
                .strip_prefix(category)
                .is_some_and(|rest| !category.contains('.') && rest.starts_with('.'))
    }

    /// Whether organizations have events of this kind of their own, which say nothing of the enterprise account.
    fn is_of_each_account(self) -> bool {
        matches!(self, Self::PaymentMethod | Self::PlanChanged)
    }

    /// The path and query of the search. Without a date only the last three months are searched (GitHub docs: Searching the
    /// audit log for your enterprise).
    pub(crate) fn target(self, root: &str, slug: &str) -> String {
        let (slug, action) = (step(slug), self.action());
        format!(
            "{root}/enterprises/{slug}/audit-log?phrase=action:{action}+created:%3E%3D{EARLIEST}&per_page=100"
        )
    }
}

/// `business.create_trial`
impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.action())
    }
}

impl Fact for AuditLog {
    const ID: &'static str = "cloud.audit-log";
    const OWNERS: &'static [&'static str] = &[Api::Cloud.owner(), "billing"];
    type Key = Topic;

    async fn measure(topic: &Topic, cx: &Cx) -> Result<Self, Stop> {
        let needs = Needs::scope(Api::Cloud, "read:audit_log");
        Ok(Self { answer: search(cx, *topic, needs, &topic.target("", slug(cx)?)).await? })
    }
}

/// Searches the log at `target`. The newest events decide, so the pages are read until one holds any: of a large enterprise, the
/// first may hold nothing but those of its organizations.
pub(crate) async fn search(
    cx: &Cx,
    topic: Topic,
    needs: Needs,
    target: &str,
) -> Result<Answer<Events>, Stop> {
    let mut page = target.to_owned();
    for nth in 1.. {
        let get = Get { pages: true, ..Get::new(needs.clone(), &page) };
        let (answer, headers) = get.read_with_headers(cx).await?;
        let answer = answer
            .and_then(|events| read_events(topic, events, &headers).map_err(|why| (why, needs.clone())));
        let next = next_cursor(&headers).map(|cursor| format!("{target}&after={cursor}"));
        match next {
            Some(next)
                if nth < MOST_PAGES && next != page && answer.said().is_some_and(Events::is_unread) =>
            {
                page = next;
            }
            _ => return Ok(answer),
        }
    }
    Err(Stop::defect("a search has no end"))
}

/// Of a plan or of what is paid by only what is the account's own counts, not that of one of its organizations. What does not
/// say which action it is about is no event, and what is about another action was not searched for: either may stand in the
/// place of an event that was, and the answer is none then.
fn read_events(topic: Topic, events: Objects<EventReply>, headers: &HeaderMap) -> Result<Events, Refusal> {
    if let Some(nth) = events.0.iter().position(|event| event.action.is_none()) {
        let expected = "the name of an action".to_owned();
        return Err(Refusal::WrongShape { path: format!("[{nth}].action"), expected });
    }
    let other = |event: &EventReply| event.action.as_ref().is_some_and(|action| !topic.covers(action));
    if let Some(nth) = events.0.iter().position(other) {
        let expected = format!("an event of {topic}, which was searched for");
        return Err(Refusal::WrongShape { path: format!("[{nth}].action"), expected });
    }
    let dates: Option<Vec<Timestamp>> = events.0.iter().map(EventReply::date).collect();
    let read_back_to = dates.and_then(|dates| dates.into_iter().min());
    let events = events.0.into_iter().filter_map(|event| {
        let at = event.date();
        let action = event.action?;
        if topic.is_of_each_account() && event.org.as_ref().is_some_and(names) {
            return None;
        }
        let actor_ip = event.actor_ip.and_then(|address| address.trim().parse().ok());
        Some(Event {
            id: event.id.map(|id| shown(&id, MOST_ID)),
            action,
            at,
            actor: event.actor,
            actor_ip,
            name: event.name,
        })
    });
    let mut list: Vec<Event> = events.collect();
    list.sort_by_key(|event| std::cmp::Reverse(event.at));
    Ok(Events { list, more: leads_on(headers), read_back_to })
}

/// Whether this is a name, an object with one, or a list of them.
fn names(org: &Value) -> bool {
    match org {
        Value::String(name) => is_legible(name),
        Value::Array(all) => !all.is_empty() && all.iter().all(names),
        Value::Object(fields) => ["login", "name"]
            .iter()
            .any(|field| fields.get(*field).and_then(Value::as_str).is_some_and(is_legible)),
        _ => false,
    }
}

#[derive(Deserialize)]
pub(crate) struct EventReply {
    #[serde(default, rename = "_document_id", deserialize_with = "json::text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "action")]
    action: Option<String>,
    #[serde(default, rename = "@timestamp", deserialize_with = "unix")]
    at: Option<Timestamp>,
    #[serde(default, deserialize_with = "unix")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "json::text")]
    actor: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    actor_ip: Option<String>,
    #[serde(default, deserialize_with = "json::text")]
    name: Option<String>,
    /// The organization that it is about, if it is about one, in whatever form.
    org: Option<Value>,
}

impl EventReply {
    fn date(&self) -> Option<Timestamp> {
        self.at.or(self.created_at)
    }
}

/// The name of an action in the form in which it is published: in small letters, without white space around it, and without
/// what no reader sees.
fn action<'de, D: Deserializer<'de>>(json: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(json)?;
    let action =
        text.map(|text| shown(&without_invisible(&text).trim().to_ascii_lowercase(), MOST_OF_AN_ACTION));
    Ok(action.filter(|action| !action.is_empty()))
}

/// Milliseconds since 1970, as the examples have it; seconds, as the schema's words have it, are told by their size.
fn unix<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Timestamp>, D::Error> {
    let Some(number) = Option::<i64>::deserialize(json)? else { return Ok(None) };
    let at = match number.unsigned_abs() < SECONDS_BELOW {
        true => Timestamp::from_second(number),
        false => Timestamp::from_millisecond(number),
    };
    Ok(at.ok())
}

const MOST_ID: usize = 200;
/// As seconds it is the year 5138, as milliseconds 1973.
const SECONDS_BELOW: u64 = 100_000_000_000;
const MOST_OF_AN_ACTION: usize = 200;
/// A thousand events.
const MOST_PAGES: usize = 10;
/// Before any log that is kept.
const EARLIEST: &str = "2015-01-01";

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    #[test]
    fn a_category_holds_its_actions_and_no_others() {
        for (topic, action, expected) in [
            (Topic::TrialCreated, "business.create_trial", true),
            (Topic::TrialCreated, "business.create_trial.more", false),
            (Topic::AzureSubscription, "billing_customer.azure_subscription_unlinked", true),
            (Topic::AzureSubscription, "billing_customer.azure_subscription_linked", true),
            (Topic::AzureSubscription, "billing_customer", true),
            (Topic::AzureSubscription, "billing_customers.x", false),
            (Topic::PaymentMethod, "payment_method.update", true),
            (Topic::PlanChanged, "account.plan_change", true),
            (Topic::PlanChanged, "account.billing_date_change", false),
            (Topic::SeatsPlanChanged, "business.change_seats_plan_type", true),
            (Topic::Connections, "dotcom_connections.x", false),
            (Topic::Connections, "dotcom_connection.create", true),
            (Topic::Connections, "enterprise_installation.create", false),
        ] {
            assert_eq!(topic.covers(action), expected, "{topic} {action}");
        }
    }

    #[test]
    fn a_search_names_one_action_and_a_date() {
        assert_eq!(
            Topic::TrialCreated.target("/api/v3", "ac/me"),
            "/api/v3/enterprises/ac%2Fme/audit-log?phrase=action:business.create_trial+created:%3E%3D2015-01-01&per_page=100"
        );
    }

    #[test]
    fn events_are_sorted_filtered_and_dated() {
        let reply = br#"[
            {"action": "business.create_trial", "@timestamp": 1606929874},
            {"action": "business.create_trial", "created_at": 1806929874512, "actor_ip": "203.0.113.7", "extra": [1]},
            {"action": "business.create_trial", "actor_ip": "not disclosed"}
        ]"#;
        let mut headers = HeaderMap::new();
        let events = json::read(&headers, reply, false).expect("events");
        let read = read_events(Topic::TrialCreated, events, &headers).expect("read");
        let seen: Vec<_> =
            read.list.iter().map(|event| (event.at.map(|at| at.as_second()), event.actor_ip)).collect();
        let address = "203.0.113.7".parse().ok();
        assert_eq!(seen, [(Some(1_806_929_874), address), (Some(1_606_929_874), None), (None, None)]);
        assert!(!read.more && read.read_back_to.is_none());
        headers.insert(
            header::LINK,
            "<https://api.github.com/x?after=1>; rel=\"next\"".parse().expect("a value"),
        );
        let none = json::read(&headers, b"[]", false).expect("none");
        assert!(read_events(Topic::TrialCreated, none, &headers).expect("read").more);
    }

    #[test]
    fn an_action_is_known_however_it_is_written_and_an_organizations_is_not_the_accounts() {
        let read = |topic, reply: &str| {
            let headers = HeaderMap::new();
            let events = json::read(&headers, reply.as_bytes(), false).expect("events");
            let list = read_events(topic, events, &headers).expect("read").list;
            list.into_iter().map(|event| event.action).collect::<Vec<_>>()
        };
        for (topic, reply, expected) in [
            (
                Topic::Connections,
                r#"[{"action": "Dotcom_Connection.Create"}]"#,
                &["dotcom_connection.create"][..],
            ),
            (
                Topic::Connections,
                r#"[{"action": "\tDOTCOM_CONNECTION.DESTROY \n"}]"#,
                &["dotcom_connection.destroy"],
            ),
            (Topic::TrialCreated, r#"[{"action": "Business.create_TRIAL"}]"#, &["business.create_trial"]),
            (Topic::PlanChanged, r#"[{"action": "account.plan_change", "org": "octo"}]"#, &[]),
            (
                Topic::PlanChanged,
                r#"[{"action": "account.plan_change", "org": null}]"#,
                &["account.plan_change"],
            ),
            (Topic::PaymentMethod, r#"[{"action": "payment_method.create", "org": ["octo"]}]"#, &[]),
            (Topic::PaymentMethod, r#"[{"action": "payment_method.create", "org": {"login": "octo"}}]"#, &[]),
            (
                Topic::TrialCreated,
                r#"[{"action": "business.create_trial\u200b"}]"#,
                &["business.create_trial"],
            ),
            (
                Topic::Connections,
                r#"[{"action": "dotcom\u200b_connection.create\ufeff "}]"#,
                &["dotcom_connection.create"],
            ),
            (Topic::PaymentMethod, r#"[{"action": "Payment_Method.Create"}]"#, &["payment_method.create"]),
            (
                Topic::BillingTypeChanged,
                r#"[{"action": "billing.change_billing_type", "org": "octo"}]"#,
                &["billing.change_billing_type"],
            ),
        ] {
            assert_eq!(read(topic, reply), expected, "{reply}");
        }
        // What names no organization is the account's own.
        for org in [r#""""#, r#"" \u200b""#, "[]", r#"[""]"#, "{}", r#"{"login": ""}"#, "false", "7"] {
            let reply = format!(r#"[{{"action": "account.plan_change", "org": {org}}}]"#);
            assert_eq!(read(Topic::PlanChanged, &reply), ["account.plan_change"], "{org}");
        }
    }

    #[test]
    fn a_page_without_an_event_of_the_topic_proves_nothing_while_there_is_another() {
        let next = "<https://api.github.com/x?after=1>; rel=\"next\"";
        let unquoted = "<https://api.github.com/x?after=1>; REL=next";
        let first = "<https://api.github.com/x?before=>; rel=\"first\"";
        let (wanted, other) = (
            r#"[{"action": "account.plan_change"}]"#,
            r#"[{"action": "account.plan_change", "org": "octo", "@timestamp": 1606929874512}]"#,
        );
        for (reply, links, expected) in [
            ("[]", &[][..], false),
            ("[]", &[first], false),
            ("[]", &[next], true),
            ("[]", &[first, unquoted], true),
            (other, &[next], true),
            (other, &[], false),
            (wanted, &[next], false),
        ] {
            let mut headers = HeaderMap::new();
            for link in links {
                headers.append(header::LINK, link.parse().expect("a value"));
            }
            let events = json::read(&headers, reply.as_bytes(), false).expect("events");
            let read = read_events(Topic::PlanChanged, events, &headers).expect("read");
            assert_eq!(read.is_unread(), expected, "{reply} {links:?}");
            assert_eq!(read.read_back_to.is_some(), reply == other, "{reply}");
        }
    }

    #[test]
    fn what_names_no_action_or_another_is_not_taken_for_no_event() {
        for reply in [
            "{}",
            r#"{"message": "busy"}"#,
            r#"[{"action": null, "@timestamp": 1606929874512}]"#,
            r#"[{"action": " "}]"#,
            r#"[{"action": "\u200b"}]"#,
            r#"[{"action": "business.create_trial"}, {"action": "repo.destroy"}]"#,
            r#"[{"action": "business.create _trial"}]"#,
        ] {
            let headers = HeaderMap::new();
            let events = json::read(&headers, reply.as_bytes(), false);
            let read = events.and_then(|events| read_events(Topic::TrialCreated, events, &headers));
            assert!(matches!(read, Err(Refusal::WrongShape { .. })), "{reply}: {read:?}");
        }
    }
}
