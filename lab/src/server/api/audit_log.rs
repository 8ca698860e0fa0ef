//! `GET /enterprises/{enterprise}/audit-log`: searched by phrases, read by cursors (facts §3.1, §5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Call, account_id, json_reply, page};
use crate::http1::Reply;
use crate::world::{AuditActions, AuditEntry};

/// Whose audit log it is.
pub(crate) struct Owner<'a> {
    pub(crate) slug: &'a str,
    pub(crate) id: u32,
    /// The address of the API, without a slash at the end.
    pub(crate) api: &'a str,
    pub(crate) actions: AuditActions,
}

/// A page of the events that match the caller's phrase, the newest first unless `order=asc`.
pub(crate) fn reply(call: &Call<'_>, entries: &[AuditEntry], owner: &Owner<'_>) -> Reply {
    let phrase = Phrase::parse(&call.parameter("phrase").unwrap_or_default());
    let include = call.parameter("include").unwrap_or_else(|| "web".to_owned());
    let mut events: Vec<(i64, &AuditEntry)> = entries
        .iter()
        .filter(|entry| include == "all" || (include == "git") == entry.action.starts_with("git."))
        .map(|entry| (entry.at.unix_millis(), entry))
        .filter(|(at, entry)| phrase.matches(entry, *at, owner.actions))
        .collect();
    events.sort_by_key(|(at, _)| *at);
    if call.parameter("order").as_deref() != Some("asc") {
        events.reverse();
    }

    let size = page::size(call, 30);
    let cursor =
        |name| call.parameter(name).filter(|text: &String| !text.is_empty()).and_then(|c| read_cursor(&c));
    let (start, end) = match (cursor("after"), cursor("before")) {
        (None, Some(before)) => (before.saturating_sub(size), before.min(events.len())),
        (after, _) => {
            let start = after.map_or(0, |after| after + 1).min(events.len());
            (start, (start + size).min(events.len()))
        }
    };
    let mut links = Vec::new();
    if end < events.len() && end > start {
        links.push((vec![("after", cursor_at(end - 1)), ("before", String::new())], "next"));
    }
    if start > 0 {
        links.push((vec![("after", String::new()), ("before", String::new())], "first"));
        links.push((vec![("after", String::new()), ("before", cursor_at(start))], "prev"));
    }
    let shown: Vec<Value> = events[start..end].iter().map(|(at, entry)| event(entry, *at, owner)).collect();
    page::linked(json_reply(200, &json!(shown)), page::header(call, owner.api, &links))
}

fn event(entry: &AuditEntry, at: i64, owner: &Owner<'_>) -> Value {
    let id: String =
        entry.action.bytes().chain(at.to_be_bytes()).map(|byte| char::from(b'A' + byte % 26)).collect();
    let mut event = json!({
        "@timestamp": at,
        "_document_id": id,
        "action": entry.action,
        "actor": entry.actor,
        "actor_id": account_id(&entry.actor),
        "business": owner.slug,
        "business_id": owner.id,
        "created_at": at,
        "operation_type": operation(&entry.action),
    });
    if let Some(ip) = &entry.actor_ip {
        event["actor_ip"] = json!(ip);
    }
    for (name, value) in &entry.fields {
        event[name] = json!(value);
    }
    event
}

fn operation(action: &str) -> &'static str {
    match action.rsplit(['.', '_']).next() {
        Some("create") => "create",
        Some("destroy" | "remove") => "remove",
        _ => "modify",
    }
}

/// A search: words of the form `qualifier:value`. Text without a qualifier finds nothing, as published.
struct Phrase(Vec<Word>);

struct Word {
    qualifier: String,
    value: String,
    negated: bool,
}

impl Phrase {
    fn parse(text: &str) -> Phrase {
        let word = |word: &str| {
            let (word, negated) = word.strip_prefix('-').map_or((word, false), |rest| (rest, true));
            let (qualifier, value) = word.split_once(':').unwrap_or(("", word));
            Word { qualifier: qualifier.to_owned(), value: value.trim_matches('"').to_owned(), negated }
        };
        Phrase(text.split_whitespace().map(word).collect())
    }

    fn matches(&self, entry: &AuditEntry, at: i64, actions: AuditActions) -> bool {
        let (wanted, others): (Vec<&Word>, Vec<&Word>) =
            self.0.iter().partition(|word| word.qualifier == "action" && !word.negated);
        let mut wanted = wanted.into_iter().map(|word| word.matches(entry, at));
        let by_action = match actions {
            _ if wanted.len() == 0 => true,
            AuditActions::Any => wanted.any(|matches| matches),
            AuditActions::All => wanted.all(|matches| matches),
        };
        by_action && others.into_iter().all(|word| word.matches(entry, at) != word.negated)
    }
}

impl Word {
    fn matches(&self, entry: &AuditEntry, at: i64) -> bool {
        match self.qualifier.as_str() {
            // `action:business` is every event of that category. What is searched finds it in capitals, too.
            "action" => {
                let action = entry.action.trim();
                action.eq_ignore_ascii_case(&self.value)
                    || action
                        .split_once('.')
                        .is_some_and(|(category, _)| category.eq_ignore_ascii_case(&self.value))
            }
            "actor" => entry.actor.eq_ignore_ascii_case(&self.value),
            "operation" => operation(&entry.action) == self.value,
            "ip" => entry.actor_ip.as_ref() == Some(&self.value),
            "created" => within(&self.value, at),
            _ => false,
        }
    }
}

/// `2026-03-01`, `>=2026-03-01`, `2026-03-01..2026-04-01`; also with a time.
fn within(range: &str, at: i64) -> bool {
    let moment = at_text(at);
    // Times of one format compare as texts; a date alone is compared with the date.
    let compare = |bound: &str| moment.get(..bound.len()).unwrap_or(&moment).cmp(bound);
    if let Some((from, to)) = range.split_once("..") {
        return (from == "*" || compare(from).is_ge()) && (to == "*" || compare(to).is_le());
    }
    if let Some(bound) = range.strip_prefix(">=") {
        compare(bound).is_ge()
    } else if let Some(bound) = range.strip_prefix("<=") {
        compare(bound).is_le()
    } else if let Some(bound) = range.strip_prefix('>') {
        compare(bound).is_gt()
    } else if let Some(bound) = range.strip_prefix('<') {
        compare(bound).is_lt()
    } else {
        compare(range).is_eq()
    }
}

fn at_text(millis: i64) -> String {
    let moment =
        time::OffsetDateTime::from_unix_timestamp(millis / 1000).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    crate::clock::rfc3339(moment)
}

fn cursor_at(index: usize) -> String {
    STANDARD.encode(format!("{index}|lab"))
}

fn read_cursor(text: &str) -> Option<usize> {
    let decoded = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
    decoded.split('|').next()?.parse().ok()
}
