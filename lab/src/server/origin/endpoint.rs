//! Single endpoints that answer in another way than their server would: what the world file says of them, done to the
//! reply of a server in good health.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::deed::{Deed, Manner};
use super::{Arrival, pages, web};
use crate::http1::{Reply, Request};
use crate::scene::Scene;
use crate::server::api::rate_limit::{self, Budget};
use crate::server::api::{error, from_github, json_reply};
use crate::world::{Endpoint, EndpointAnswer};

/// What the world file says of the endpoint of a request: by its whole path, else by the longest beginning.
pub(super) fn of<'a>(
    host: &str,
    arrival: Arrival,
    request: &Request,
    scene: &'a Scene,
) -> Option<&'a Endpoint> {
    let endpoints = &scene.world.endpoints;
    if endpoints.is_empty() {
        return None;
    }
    let address = match arrival.port {
        443 => format!("{host}{}", request.path()),
        port => format!("{host}:{port}{}", request.path()),
    };
    let alike = endpoints
        .iter()
        .filter(|(name, _)| name.strip_suffix('*').is_some_and(|beginning| address.starts_with(beginning)));
    let found = endpoints
        .get(&address)
        .or_else(|| alike.max_by_key(|(name, _)| name.len()).map(|(_, endpoint)| endpoint));
    found.filter(|endpoint| {
        endpoint.at.is_none_or(|at| at == arrival.at)
            && endpoint.about.as_ref().is_none_or(|text| mentions(request, text))
            && endpoint.once.is_none_or(|once| scene.web.has_seen(once))
    })
}

fn mentions(request: &Request, text: &str) -> bool {
    request.target.contains(text) || String::from_utf8_lossy(&request.body).contains(text)
}

/// What the endpoint answers, given the usual reply and the host's time.
pub(super) fn deed(endpoint: &Endpoint, request: &Request, usual: Reply, date: &str) -> Deed {
    let graphql = request.path().ends_with("/graphql");
    let (mut reply, manner) = match endpoint.answer {
        EndpointAnswer::Usual => (usual, Manner::Proper),
        EndpointAnswer::NotFound => (from_github(error(404, "Not Found", DOCUMENTATION)), Manner::Proper),
        EndpointAnswer::Forbidden => (forbidden(), Manner::Proper),
        EndpointAnswer::Unavailable => (web::unavailable(), Manner::Proper),
        EndpointAnswer::RateLimit => (from_github(exhausted(graphql)), Manner::Proper),
        EndpointAnswer::SecondaryRateLimit => (secondary(graphql, true), Manner::Proper),
        EndpointAnswer::SecondaryRateLimitUntold => (secondary(graphql, false), Manner::Proper),
        EndpointAnswer::BlockPage => (pages::block_page(&request.host().unwrap_or_default()), Manner::Proper),
        EndpointAnswer::Redirect => {
            let location = endpoint.location.as_deref().unwrap_or("https://elsewhere.example/");
            (from_github(pages::redirect(302, location)), Manner::Proper)
        }
        EndpointAnswer::Silent => (usual, Manner::Silent),
        EndpointAnswer::Close => (usual, Manner::Close),
        EndpointAnswer::Drip => (usual, Manner::Drip),
        EndpointAnswer::EndlessBody => (usual, Manner::EndlessBody),
        EndpointAnswer::EndlessHead => (usual, Manner::EndlessHead),
        EndpointAnswer::Truncated => (usual, Manner::Truncated),
        EndpointAnswer::Huge => (with_body(usual, huge()), Manner::Proper),
        EndpointAnswer::Deep => (with_body(usual, deep()), Manner::Proper),
        EndpointAnswer::Empty => (with_body(usual, Vec::new()), Manner::Proper),
        EndpointAnswer::WrongTypes => (each(usual, &wrong_type), Manner::Proper),
        EndpointAnswer::Nulls => (each(usual, &|_| Value::Null), Manner::Proper),
        EndpointAnswer::Hollow => (hollow(usual), Manner::Proper),
        EndpointAnswer::Arrays => (changed(usual, arrays), Manner::Proper),
        EndpointAnswer::ExtraFields => (changed(usual, with_extra_fields), Manner::Proper),
        EndpointAnswer::WrongCharset => (utf_16(usual), Manner::Proper),
        EndpointAnswer::Escape => (each(usual, &with_escapes), Manner::Proper),
    };
    reply.set("Date", date);
    if let Some(status) = endpoint.status {
        reply.status(status);
    }
    if let Some(body) = &endpoint.body {
        reply.body = body.clone().into_bytes();
    }
    reply = in_places(reply, endpoint);
    for (name, value) in &endpoint.headers {
        match value.is_empty() {
            true => reply.remove(name),
            false => reply.set(name, value.as_bytes()),
        }
    }
    Deed { delay: Duration::from_millis(endpoint.delay_ms), ..Deed::new(reply, manner) }
}

fn forbidden() -> Reply {
    let reply = error(403, "Resource not accessible by personal access token", DOCUMENTATION);
    from_github(reply.with("X-Accepted-GitHub-Permissions", "enterprise_administration=read"))
}

/// The primary limit. GraphQL says it with 200 (facts §6).
fn exhausted(graphql: bool) -> Reply {
    let message = "API rate limit exceeded for user ID 1001.";
    let reply = match graphql {
        true => json_reply(200, &json!({ "errors": [{ "type": "RATE_LIMITED", "message": message }] })),
        false => error(403, message, DOCUMENTATION),
    };
    Budget::exhausted(5000).told(reply)
}

/// The secondary limit, which GraphQL may say with 200.
fn secondary(graphql: bool, told: bool) -> Reply {
    let mut reply = from_github(rate_limit::secondary_refusal(told));
    if graphql {
        reply.status(200);
    }
    reply
}

fn with_body(mut reply: Reply, body: Vec<u8>) -> Reply {
    reply.body = body;
    reply
}

/// A reply in whose JSON single values were changed, or left out, or come twice.
fn in_places(reply: Reply, endpoint: &Endpoint) -> Reply {
    let Endpoint { set, null, without, twice, .. } = endpoint;
    let Ok(mut value) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
    if [set.is_empty(), null.is_empty(), without.is_empty(), twice.is_empty()] == [true; 4] {
        return reply;
    }
    let nulls = null.iter().map(|place| (place, Value::Null));
    for (place, new) in set.iter().map(|(place, new)| (place, new.clone())).chain(nulls) {
        at(&mut value, place, |holder, step| match (holder, step.parse::<usize>()) {
            (Value::Object(fields), _) => drop(fields.insert(step.to_owned(), new)),
            (Value::Array(items), Ok(nth)) if nth < items.len() => items[nth] = new,
            _ => {}
        });
    }
    for place in twice {
        at(&mut value, place, |holder, step| match (holder, step.parse::<usize>()) {
            (Value::Array(items), Ok(nth)) if nth < items.len() => items.insert(nth, items[nth].clone()),
            _ => {}
        });
    }
    for place in without {
        at(&mut value, place, |holder, step| match (holder, step.parse::<usize>()) {
            (Value::Object(fields), _) => drop(fields.remove(step)),
            (Value::Array(items), Ok(nth)) if nth < items.len() => drop(items.remove(nth)),
            _ => {}
        });
    }
    with_body(reply, value.to_string().into_bytes())
}

/// Changes what stands at a place, given what holds it and the last step there. A place that does not exist is passed over.
fn at(value: &mut Value, place: &str, change: impl FnOnce(&mut Value, &str)) {
    let (way, step) = place.rsplit_once('.').unwrap_or(("", place));
    let pointer: String =
        way.split('.').filter(|step| !step.is_empty()).map(|step| format!("/{step}")).collect();
    if let Some(holder) = value.pointer_mut(&pointer) {
        change(holder, step);
    }
}

/// A reply whose JSON was changed; one without JSON as it was.
fn changed(reply: Reply, change: fn(Value) -> Value) -> Reply {
    match serde_json::from_slice(&reply.body) {
        Ok(value) => with_body(reply, change(value).to_string().into_bytes()),
        Err(_) => reply,
    }
}

/// A reply in whose JSON everything was changed that holds nothing else.
fn each(reply: Reply, change: &dyn Fn(Value) -> Value) -> Reply {
    fn inner(value: Value, change: &dyn Fn(Value) -> Value) -> Value {
        match value {
            Value::Object(fields) if !fields.is_empty() => fields
                .into_iter()
                .map(|(name, value)| (name, inner(value, change)))
                .collect::<Map<_, _>>()
                .into(),
            Value::Array(items) if !items.is_empty() => {
                items.into_iter().map(|item| inner(item, change)).collect()
            }
            other => change(other),
        }
    }
    match serde_json::from_slice(&reply.body) {
        Ok(value) => with_body(reply, inner(value, change).to_string().into_bytes()),
        Err(_) => reply,
    }
}

fn wrong_type(value: Value) -> Value {
    match value {
        Value::String(text) => json!(text.len()),
        Value::Number(number) => json!({ "number": number }),
        Value::Bool(truth) => json!(truth.to_string()),
        Value::Null => json!([]),
        Value::Array(_) => json!({}),
        Value::Object(_) => json!([]),
    }
}

fn with_escapes(value: Value) -> Value {
    match value {
        Value::String(text) => json!(format!("{text}\u{1b}[2J\u{1b}]0;lab\u{7}\u{9b}31m\u{202e}\0\r")),
        other => other,
    }
}

fn hollow(reply: Reply) -> Reply {
    changed(reply, |value| if value.is_array() { json!([]) } else { json!({}) })
}

/// Every object as the only element of an array.
fn arrays(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: Map<String, Value> =
                fields.into_iter().map(|(name, value)| (name, arrays(value))).collect();
            json!([fields])
        }
        Value::Array(items) => items.into_iter().map(arrays).collect(),
        other => other,
    }
}

fn with_extra_fields(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Map<String, Value> =
                fields.into_iter().map(|(name, value)| (name, with_extra_fields(value))).collect();
            fields.insert("a_field_of_tomorrow".to_owned(), json!({ "nested": [1, "two", null] }));
            fields.into()
        }
        Value::Array(items) => items.into_iter().map(with_extra_fields).collect(),
        other => other,
    }
}

fn utf_16(mut reply: Reply) -> Reply {
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    reply.body =
        [&[0xff, 0xfe][..], &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()].concat();
    reply
}

/// Good JSON, and too much of it.
fn huge() -> Vec<u8> {
    let mut body = b"{\"filler\":\"".to_vec();
    body.resize(HUGE, b'a');
    body.extend_from_slice(b"\"}");
    body
}

/// Good JSON, and too deep.
fn deep() -> Vec<u8> {
    [vec![b'['; DEEP], vec![b']'; DEEP]].concat()
}

const DOCUMENTATION: &str = "https://docs.github.com/rest";
const HUGE: usize = 16 * 1024 * 1024;
const DEEP: usize = 100_000;
