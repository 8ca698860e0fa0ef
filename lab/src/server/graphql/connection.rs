//! Connections: ordered lists that are read in pages, forwards or backwards (facts §4.4).

use std::ops::Range;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// A page of a list.
#[derive(Clone)]
pub(super) struct Connection {
    /// The whole list: positions in whatever is listed.
    pub(super) order: Arc<[usize]>,
    /// The page.
    pub(super) range: Range<usize>,
}

impl Connection {
    /// The page that the arguments of the field `name` ask for.
    pub(super) fn new(
        name: &str,
        order: Arc<[usize]>,
        arguments: &Map<String, Value>,
    ) -> Result<Connection, Value> {
        let number = |name: &str| arguments.get(name).and_then(Value::as_i64);
        let (bound, count) = match (number("first"), number("last")) {
            (Some(first), _) => ("first", first),
            (None, Some(last)) => ("last", last),
            (None, None) => {
                let message = format!(
                    "You must provide a `first` or `last` value to properly paginate the `{name}` connection."
                );
                return Err(json!({ "type": "MISSING_PAGINATION_BOUNDARIES", "message": message }));
            }
        };
        if count > 100 {
            let message = format!(
                "Requesting {count} records on the `{name}` connection exceeds the `{bound}` limit of 100 records."
            );
            return Err(json!({ "type": "EXCESSIVE_PAGINATION", "message": message }));
        }
        let Ok(count) = usize::try_from(count) else {
            let message = format!("`{bound}` on the `{name}` connection cannot be less than zero.");
            return Err(json!({ "type": "INVALID_PAGINATION", "message": message }));
        };
        let cursor = |name: &str| match arguments.get(name).and_then(Value::as_str) {
            None => Ok(None),
            Some(text) => match position(text) {
                Some(position) => Ok(Some(position)),
                None => Err(json!({
                    "type": "INVALID_CURSOR_ARGUMENTS",
                    "message": format!("`{text}` does not appear to be a valid cursor."),
                })),
            },
        };
        let start = cursor("after")?.map_or(0, |after| after + 1).min(order.len());
        let end = cursor("before")?.unwrap_or(order.len()).clamp(start, order.len());
        let range = match bound {
            "first" => start..(start + count).min(end),
            _ => end.saturating_sub(count).max(start)..end,
        };
        Ok(Connection { order, range })
    }

    pub(super) fn page_info(&self, field: &str) -> Value {
        let edge = |index: Option<usize>| index.map(cursor_at);
        match field {
            "startCursor" => json!(edge((!self.range.is_empty()).then_some(self.range.start))),
            "endCursor" => json!(edge((!self.range.is_empty()).then(|| self.range.end - 1))),
            "hasNextPage" => json!(self.range.end < self.order.len()),
            "hasPreviousPage" => json!(self.range.start > 0),
            _ => Value::Null,
        }
    }
}

/// The cursor of the element at an index.
pub(super) fn cursor_at(index: usize) -> String {
    STANDARD.encode(format!("cursor:v2:{index}"))
}

fn position(cursor: &str) -> Option<usize> {
    let decoded = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    decoded.strip_prefix("cursor:v2:")?.parse().ok()
}
