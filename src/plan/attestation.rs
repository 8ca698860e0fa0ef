//! A person's word that the enterprise account is invoiced: on the command line for today, in the file for a while.

use gh_connect_engine::{Attestation, Sourced, is_legible};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{Reader, error::UsageError, said::Said};

/// The nearest word: the flag, else the file.
pub(super) fn settle(reader: &mut Reader<'_>, now: Timestamp) -> Option<Sourced<Attestation>> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let said_now = reader.one(|layer| &layer.attest_invoiced, |said| spoken(said, today));
    let by = reader.one(|layer| &layer.invoiced_by, words);
    let on = reader.one(|layer| &layer.invoiced_on, |said| date(said, today));
    let evidence = reader.one(|layer| &layer.invoiced_evidence, words);
    let written = whole(reader, by, on, evidence);
    said_now.or(written)
}

/// `NAME: EVIDENCE`, of today.
fn spoken(said: &Said, today: Date) -> Result<Attestation, UsageError> {
    let allowed = "allowed: \"NAME: EVIDENCE\", for example \"Ana Lyst: latest invoice of 3 May on the billing overview\"";
    match said.text.split_once(':').map(|(by, evidence)| (by.trim(), evidence.trim())) {
        Some((by, evidence)) if is_legible(by) && is_legible(evidence) => {
            Ok(Attestation { by: by.to_owned(), on: today, evidence: evidence.to_owned() })
        }
        _ => Err(UsageError::at(said, "this does not say who attests it and what they saw").hint(allowed)),
    }
}

/// All three parts. What was said of one of them only attests nothing, and whoever wrote it thinks that it does.
fn whole(
    reader: &mut Reader<'_>,
    by: Option<Sourced<String>>,
    on: Option<Sourced<Date>>,
    evidence: Option<Sourced<String>>,
) -> Option<Sourced<Attestation>> {
    let parts = reader.layers.iter().rev().find_map(|layer| {
        let parts = [&layer.invoiced_by, &layer.invoiced_on, &layer.invoiced_evidence];
        parts.iter().any(|part| part.is_some()).then_some(parts)
    })?;
    let named: Vec<&str> = ["by", "on", "evidence"]
        .into_iter()
        .zip(parts)
        .filter(|(_, part)| part.is_none())
        .map(|(name, _)| name)
        .collect();
    if !named.is_empty() {
        let said = parts.into_iter().flatten().next()?;
        let missing = named.join("` and `");
        reader.errors.push(
            UsageError::at(said, format!("`billing.invoiced` lacks `{missing}`")).hint(
                "allowed: [billing] invoiced = { by = \"Ana Lyst\", on = 2026-05-03, evidence = \"…\" }",
            ),
        );
        return None;
    }
    let (by, on, evidence) = (by?, on?, evidence?);
    Some(Sourced::new(Attestation { by: by.value, on: on.value, evidence: evidence.value }, by.origin))
}

fn words(said: &Said) -> Result<String, UsageError> {
    match said.text.trim() {
        text if is_legible(text) => Ok(text.to_owned()),
        _ => Err(UsageError::at(said, "this says nothing that can be read").hint("allowed: a few words")),
    }
}

fn date(said: &Said, today: Date) -> Result<Date, UsageError> {
    let error =
        |message: &str| UsageError::at(said, message).hint("allowed: a past day, for example 2026-05-03");
    let day: Date = said.text.trim().parse().map_err(|_| error("this is no date"))?;
    // Somebody in the east may be a day ahead of UTC.
    match today.tomorrow() {
        Ok(tomorrow) if day > tomorrow => Err(error("nobody can have seen it on a day that is yet to come")),
        _ => Ok(day),
    }
}
