//! GraphQL, as both sides speak it: any document in the lab's part of the published schema, parsed, validated and executed, with the errors that
//! the real one gives.

mod arguments;
mod ast;
mod connection;
mod execute;
mod resolve;
mod schema;
mod scopes;
mod validate;

use std::collections::BTreeSet;

use graphql_parser::query::parse_query;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::http1::Reply;
use crate::log::Event;
use crate::server::api::rate_limit::Budget;
use crate::server::api::{Call, error, json_reply};
use crate::world::{Sso, Token};

use ast::{AnyDefinition, AnyOperation, Document, Operation, Query};
use resolve::Resolver;

/// The body of a request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Posted {
    query: Option<String>,
    #[serde(default)]
    variables: Option<Map<String, Value>>,
    #[serde(default)]
    operation_name: Option<String>,
}

/// The reply to a document from the holder of `token`. Errors come with 200, unless the body is no query at all. Without
/// a budget requests are not limited.
pub(super) fn reply(call: &Call<'_>, token: &Token, budget: Option<Budget>) -> Reply {
    let Ok(posted) = serde_json::from_slice::<Posted>(&call.request.body) else {
        return error(400, "Problems parsing JSON", DOCUMENTATION);
    };
    let Some(query) = posted.query else {
        return error(400, "A query attribute must be specified and must be a string.", DOCUMENTATION);
    };
    let reply =
        json_reply(200, &answer(call, token, budget, &query, &posted.variables, posted.operation_name));
    match token.sso {
        Sso::Partial => reply.with("X-GitHub-SSO", "partial-results; organizations=21955855,20582480"),
        Sso::Authorized | Sso::Required => reply,
    }
}

fn answer(
    call: &Call<'_>,
    token: &Token,
    budget: Option<Budget>,
    query: &str,
    variables: &Option<Map<String, Value>>,
    wanted: Option<String>,
) -> Value {
    let document = match parse_query::<&str>(query) {
        Ok(document) => document,
        Err(wrong) => return failed(vec![json!({ "message": parse_error(&wrong.to_string()) })]),
    };
    let operation = match operation(&document, wanted.as_deref()) {
        Ok(operation) => operation,
        Err(message) => return failed(vec![json!({ "message": message })]),
    };
    let used = match validate::validate(&document, &operation) {
        Ok(used) => used,
        Err(errors) => return failed(errors),
    };
    let variables = match arguments::variables(&operation, variables.as_ref()) {
        Ok(variables) => variables,
        Err(errors) => return failed(errors),
    };
    let lacking = scopes::lacking(&used, token);
    if !lacking.is_empty() {
        return json!({ "data": null, "errors": lacking });
    }
    let fields: BTreeSet<String> =
        used.iter().map(|field| format!("{}.{}", field.owner, field.name)).collect();
    call.scene.log.add(Event::Document {
        host: call.request.host().unwrap_or_default(),
        operation: operation.name.map(crate::log::shortened),
        fields: fields.into_iter().collect(),
    });
    let resolver = Resolver::new(call, token, budget);
    execute::execute(&document, &operation, &variables, &resolver)
}

/// Whether the body of a request holds queries and nothing else. What cannot be read may hold anything.
pub(super) fn only_asks(body: &[u8]) -> bool {
    let Ok(Posted { query: Some(query), .. }) = serde_json::from_slice(body) else { return false };
    let Ok(document) = parse_query::<&str>(&query) else { return false };
    document.definitions.iter().all(|definition| {
        !matches!(
            definition,
            AnyDefinition::Operation(AnyOperation::Mutation(_) | AnyOperation::Subscription(_))
        )
    })
}

/// The operation that is meant: the only one, or the one of that name.
fn operation<'a, 'q>(document: &'a Document<'q>, wanted: Option<&str>) -> Result<Query<'q>, String> {
    let mut operations = document.definitions.iter().filter_map(|definition| match definition {
        AnyDefinition::Operation(operation) => Some(operation),
        AnyDefinition::Fragment(_) => None,
    });
    let query = |operation: &'a Operation<'q>| match operation {
        AnyOperation::Query(query) => Ok(query.clone()),
        AnyOperation::SelectionSet(set) => Ok(Query {
            position: set.span.0,
            name: None,
            variable_definitions: Vec::new(),
            directives: Vec::new(),
            selection_set: set.clone(),
        }),
        // What changes something is the program's own to leave alone.
        AnyOperation::Mutation(_) => Err("Schema is not configured for mutations".to_owned()),
        AnyOperation::Subscription(_) => Err("Schema is not configured for subscriptions".to_owned()),
    };
    match wanted {
        Some(name) => {
            let named = operations
                .filter_map(|operation| query(operation).ok())
                .find(|query| query.name == Some(name));
            named.ok_or_else(|| format!("No operation named \"{name}\""))
        }
        None => match (operations.next(), operations.next()) {
            (Some(only), None) => query(only),
            (None, _) => Err("No operations in this document".to_owned()),
            (Some(_), Some(_)) => Err("An operation name is required".to_owned()),
        },
    }
}

/// The parser's words on one line.
fn parse_error(words: &str) -> String {
    let line: Vec<&str> = words.split_whitespace().collect();
    format!("Parse error: {}", line.join(" "))
}

fn failed(errors: Vec<Value>) -> Value {
    json!({ "errors": errors })
}

/// A position in the document, as errors tell it.
fn location(position: ast::Pos) -> Value {
    json!([{ "line": position.line, "column": position.column }])
}

const DOCUMENTATION: &str = "https://docs.github.com/graphql";
