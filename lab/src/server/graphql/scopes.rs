//! Which scopes fields need (facts §4.1, §4.3), and what a token without them is told (facts §6).

use serde_json::{Value, json};

use super::location;
use super::validate::Used;
use crate::world::{Token, TokenKind};

/// An error for every field that the token has no scope for. Fine-grained tokens have none to lack.
pub(super) fn lacking(used: &[Used], token: &Token) -> Vec<Value> {
    if token.kind == TokenKind::FineGrained {
        return Vec::new();
    }
    let granted = list(&token.scopes);
    let missing = used.iter().filter_map(|field| {
        let (_, _, any_of) = NEEDED.iter().find(|(owner, name, _)| *owner == field.owner && *name == field.name)?;
        let lacks = !any_of.iter().any(|scope| token.grants(scope));
        lacks.then(|| {
            let message = format!(
                "Your token has not been granted the required scopes to execute this query. The '{}' field requires one \
                 of the following scopes: {}, but your token has only been granted the: {granted} scopes. Please modify \
                 your token's scopes at: https://github.com/settings/tokens.",
                field.name,
                list(any_of),
            );
            json!({ "type": "INSUFFICIENT_SCOPES", "locations": location(field.position), "message": message })
        })
    });
    missing.collect()
}

/// `['a', 'b']`.
fn list<T: AsRef<str>>(scopes: &[T]) -> String {
    let quoted: Vec<String> = scopes.iter().map(|scope| format!("'{}'", scope.as_ref())).collect();
    format!("[{}]", quoted.join(", "))
}

/// Type, field, and the scopes of which one is needed.
const NEEDED: [(&str, &str, &[&str]); 5] = [
    ("Query", "enterprise", &["read:enterprise"]),
    ("User", "enterprises", &["read:enterprise"]),
    ("Enterprise", "ownerInfo", &["admin:enterprise", "read:enterprise"]),
    ("Enterprise", "billingInfo", &["admin:enterprise", "manage_billing:enterprise", "read:enterprise"]),
    ("EnterpriseOwnerInfo", "ipAllowListEntries", &["admin:enterprise"]),
];
