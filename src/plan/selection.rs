//! What is checked: names of checks, categories, findings and features.

use gh_connect_engine::{Category, Check, Product, Severity, Waiver, is_legible};

use super::{
    error::UsageError,
    features::{FEATURES, Feature},
    said::Said,
};

/// The id of a check or of a category.
pub(super) fn check_or_category(said: &Said, checks: &[&'static dyn Check]) -> Result<String, UsageError> {
    let text = said.text.trim();
    let categories = [Category::Network.id(), Category::Account.id()];
    let known: Vec<&str> = categories.into_iter().chain(checks.iter().map(|check| check.meta().id)).collect();
    if known.contains(&text) {
        return Ok(text.to_owned());
    }
    let error = match text.split_once('/') {
        Some((check, _)) if known.contains(&check) => UsageError::at(
            said,
            format!(
                "{} is a finding; checks are selected as a whole",
                said.spoken(format!("`{text}`"), "this")
            ),
        )
        .hint("to accept a finding: --waive")
        .meant(check),
        _ => UsageError::at(
            said,
            format!("there is no check or category {}", said.spoken(format!("`{text}`"), OF_THIS_NAME)),
        )
        .did_you_mean(text, &known),
    };
    Err(error.hint(format!("allowed: {}", known.join(", "))))
}

/// `ID=REASON`, where ID is a finding that may be accepted.
pub(super) fn waiver(said: &Said, checks: &[&'static dyn Check]) -> Result<Waiver, UsageError> {
    let (id, reason) = match said.text.split_once('=') {
        Some((id, reason)) => (id, reason.trim()),
        None => (said.text.as_str(), ""),
    };
    let at_id = |message: String| UsageError::within(said, 0..id.len(), message);
    let (known, id) = (checks.iter().flat_map(|check| check.meta().kinds), id.trim());
    let Some(kind) = known.clone().find(|kind| kind.id == id) else {
        let waivable = known.filter(|kind| kind.waivable()).map(|kind| kind.id);
        return Err(at_id(format!("there is no finding {}", said.spoken(format!("`{id}`"), OF_THIS_NAME)))
            .did_you_mean(id, waivable)
            .hint("allowed: ID=REASON; `gh-connect explain` lists all findings"));
    };
    match kind.severity {
        Severity::Warning => {}
        Severity::Blocker => {
            return Err(at_id(format!("`{id}` cannot be waived: GitHub Connect would fail all the same"))
                .hint("allowed: findings that are warnings")
                .hint(format!("how to fix it: gh-connect explain {id}")));
        }
        Severity::Note => {
            return Err(at_id(format!("`{id}` needs no waiver: it is a note, and nothing is wrong")));
        }
    }
    if !is_legible(reason) {
        return Err(UsageError::at(said, "a waiver needs a reason, for whoever reads the report next year")
            .hint(format!(
                "allowed: {id}=REASON, for example {id}=\"accepted by the network team, ticket 4711\""
            )));
    }
    Ok(Waiver { id: id.to_owned(), reason: reason.to_owned() })
}

/// The name of a feature.
pub(super) fn feature(said: &Said, product: &Product) -> Result<&'static Feature, UsageError> {
    let text = said.text.trim();
    let names = || FEATURES.iter().map(|feature| feature.name);
    let Some(feature) = FEATURES.iter().find(|feature| feature.name == text) else {
        return Err(UsageError::at(
            said,
            format!("there is no feature {}", said.spoken(format!("`{text}`"), OF_THIS_NAME)),
        )
        .hint(format!("allowed: {}", names().collect::<Vec<_>>().join(", ")))
        .did_you_mean(text, names()));
    };
    match product {
        Product::GheCom(_) if !feature.on_ghe_com => {
            Err(UsageError::at(said, format!("`{text}` does not exist when the target is GHE.com")))
        }
        _ => Ok(feature),
    }
}

/// In the place of a name that is not repeated.
const OF_THIS_NAME: &str = "of this name";
