//! From what is known of a contract to findings.

use gh_connect_engine::{Attestation, Examination, Finding, Kind, Owner, Plan, Product, Sourced, shown};
use gh_connect_github::cloud::{Account, Event, Installation, Seats};
use jiff::{Timestamp, civil::Date, tz::Offset};
use serde_json::{Value, json};

use super::{
    ATTESTATION_EXPIRED, CHANGED_SINCE_ATTESTATION, NOT_ATTESTED, TRIAL, UNCONFIRMED,
    history::{History, Trial, age_in_days, first_day_after, is_after},
};

/// What is known of a contract.
pub(super) struct Seen<'a> {
    pub(super) account: &'a Account,
    pub(super) history: History,
    pub(super) hints: Hints,
}

/// What speaks for or against, and proves nothing (facts §5).
#[derive(Clone, Debug, Default)]
pub(super) struct Hints {
    pub(super) seats: Option<Seats>,
    pub(super) servers: Option<Vec<Installation>>,
}

/// What a person's word is worth.
enum Word<'a> {
    /// Nothing: there is none, or one that nobody stands behind.
    None { why: String },
    /// It is too old.
    Expired { word: &'a Sourced<Attestation>, days: i64 },
    /// The contract may have changed since.
    Overtaken { word: &'a Sourced<Attestation>, by: &'a Event },
    /// It holds.
    Good(&'a Attestation),
}

/// Judges the contract on the day of `now`. A trial that may go on is seen, whatever anybody says; all else is a matter of
/// a person's word, and so is what came after a trial that is over.
pub(super) fn judge(plan: &Plan, now: Timestamp, seen: &Seen<'_>) -> Examination {
    let word = word(plan, now, &seen.history);
    let before = match (seen.history.trial(now), &word) {
        (None, _) => String::new(),
        (Some(Trial::Over { event, until }), Word::Good(attestation)) if is_after(attestation.on, until) => {
            format!("; later than the trial's `{}` {}", shown(&event.action, 60), when(event))
        }
        // What was confirmed after the trial is what counts, and why it no longer holds.
        (
            Some(Trial::Over { until, .. }),
            Word::Overtaken { word: confirmed, .. } | Word::Expired { word: confirmed, .. },
        ) if is_after(confirmed.value.on, until) && !is_ghe_com(plan) => String::new(),
        (Some(trial), _) => return on_trial(plan, now, seen, &trial).into(),
    };
    if let Word::Good(Attestation { by, on, evidence }) = word {
        return Examination::passed(format!(
            "invoiced, says {} on {on} ({}){before}",
            shown(by, 100),
            shown(evidence, 200)
        ));
    }
    unconfirmed(plan, now, seen.account, &word, evidence(plan, now, &seen.history, &seen.hints)).into()
}

/// What can be told where the audit log cannot be read: that there is no word at all. Anything else needs the log.
pub(super) fn without_log(plan: &Plan, account: &Account, now: Timestamp, hints: &Hints) -> Option<Finding> {
    let history = History::default();
    let word = word(plan, now, &history);
    let needed = plan.product.value == Product::GithubCom && matches!(word, Word::None { .. });
    needed.then(|| unconfirmed(plan, now, account, &word, evidence(plan, now, &history, hints)))
}

fn word<'a>(plan: &'a Plan, now: Timestamp, history: &'a History) -> Word<'a> {
    let Some(word) = &plan.account.invoiced else {
        return Word::None { why: "Nobody has".to_owned() };
    };
    let Attestation { by, on, evidence } = &word.value;
    if by.trim().is_empty() || evidence.trim().is_empty() {
        let lacks = if by.trim().is_empty() { "whose word it is" } else { "what they saw" };
        return Word::None {
            why: format!("The confirmation in {} does not say {lacks}: nobody has", word.origin),
        };
    }
    let days = age_in_days(*on, now);
    // Where it is tomorrow already, a day to come is today.
    if days < -1 {
        let by = shown(by, 100);
        let why =
            format!("The confirmation by {by} ({}) is of {on}, a day to come: nobody has yet", word.origin);
        return Word::None { why };
    }
    match history.changed_since(*on) {
        Some(by) => Word::Overtaken { word, by },
        None if days > GOOD_FOR_DAYS => Word::Expired { word, days },
        None => Word::Good(&word.value),
    }
}

fn on_trial(plan: &Plan, now: Timestamp, seen: &Seen<'_>, trial: &Trial<'_>) -> Finding {
    let (slug, apex) = (shown(&seen.account.slug, 100), plan.product.value.apex());
    let event = trial.event();
    let shows = format!(
        "that has `{}` {}, and no later `business.convert_trial`",
        shown(&event.action, 60),
        when(event)
    );
    let message = match trial {
        Trial::Running(_) => format!(
            "The enterprise account {slug} has a trial and not a contract, by its audit log: {shows}. GitHub Connect is not part of \
             a trial."
        ),
        Trial::Over { .. } => format!(
            "The enterprise account {slug} had a trial that is over, by its audit log: {shows}. That it has a contract since then, \
             nobody has confirmed on a later day. GitHub Connect is not part of a trial."
        ),
    };
    let paid = if is_ghe_com(plan) { "" } else { " with payment by invoice" };
    let finding =
        Finding::new(&TRIAL, slug.clone(), message).evidence(evidence(plan, now, &seen.history, &seen.hints));
    let finding = match trial {
        Trial::Over { until, .. } => {
            let day = first_day_after(*until).filter(|day| *day > today(now)).unwrap_or_else(|| today(now));
            finding.step(
                Owner::EnterpriseOwner,
                format!(
                    "If {slug} has a contract by now: open https://{apex}/enterprises/{slug}, Billing and licensing, look for its latest \
                     invoice, and say so on {day} or later: --attest-invoiced \"NAME: invoice NUMBER of DATE\", or in the configuration file {}",
                    in_the_file(day)
                ),
            )
        }
        Trial::Running(_) => finding,
    };
    finding
        .step(
            Owner::EnterpriseOwner,
            format!(
                "Buy GitHub Enterprise for {slug}{paid}: https://github.com/enterprise/contact, or your contact \
                 at GitHub's sales. The trial's banner at https://{apex}/enterprises/{slug} says how long it lasts"
            ),
        )
        .step(
            Owner::GithubSupport,
            format!(
                "If {slug} is paid for already: https://support.github.com, ask to see that the trial of {slug} is converted, so \
                 that its audit log says so"
            ),
        )
}

/// Nobody's word holds: for github.com that keeps the gate shut, for GHE.com no document has the rule (facts §1.2).
fn unconfirmed(plan: &Plan, now: Timestamp, account: &Account, word: &Word<'_>, evidence: Value) -> Finding {
    let (slug, apex) = (shown(&account.slug, 100), plan.product.value.apex());
    let is_ghe_com = is_ghe_com(plan);
    let (kind, mut message): (&'static Kind, String) = match word {
        Word::None { why } => (
            &NOT_ATTESTED,
            format!(
                "{why} confirmed that the enterprise account {slug} is invoiced, and no interface of GitHub tells."
            ),
        ),
        Word::Expired { word, days } => (
            &ATTESTATION_EXPIRED,
            format!(
                "{} is {days} days old; it holds for {GOOD_FOR_DAYS}. Since then the contract of {slug} may have changed.",
                given(word)
            ),
        ),
        Word::Overtaken { word, by } => (
            &CHANGED_SINCE_ATTESTATION,
            format!(
                "{} no longer holds: the audit log of {slug} has `{}` {}, which {} later.",
                given(word),
                shown(&by.action, 60),
                when(by),
                if by.at.is_some() { "is, or on the same day may be," } else { "may be" },
            ),
        ),
        Word::Good(_) => (&NOT_ATTESTED, String::new()),
    };
    let kind = if is_ghe_com { &UNCONFIRMED } else { kind };
    if is_ghe_com {
        message.push_str(
            " For GHE.com no document demands it; one person reports that a connection may not complete without it.",
        );
    }
    let finding = Finding::new(kind, slug.clone(), message).evidence(evidence);
    let look = format!(
        "Open https://{apex}/enterprises/{slug}, Billing and licensing: an invoiced account has a latest invoice with View invoice in \
         the overview, and Past invoices in the sidebar. A linked Azure subscription, or an invoice that was paid by card, decides \
         nothing. If it is invoiced, say so with name and evidence, which stand in the report and hold for {GOOD_FOR_DAYS} days"
    );
    let finding = match first_day_that_holds(word, now) {
        None => finding.command(
            Owner::EnterpriseOwner,
            format!("{look}: as here for one run, or in the configuration file: {}", in_the_file(today(now))),
            "gh-connect check --attest-invoiced \"NAME: invoice NUMBER of DATE\"",
        ),
        Some(day) => finding.step(
            Owner::EnterpriseOwner,
            format!(
                "{look}. A word of today may be older than the change, so look on {day} or later, and then write into \
                 the configuration file: {}",
                in_the_file(day)
            ),
        ),
    };
    match is_ghe_com {
        true => finding,
        false => finding.step(
            Owner::EnterpriseOwner,
            "If it is paid by card: ask GitHub's sales for payment by invoice (https://github.com/enterprise/contact). An account that \
             pays by card cannot be connected",
        ),
    }
}

fn is_ghe_com(plan: &Plan) -> bool {
    matches!(plan.product.value, Product::GheCom(_))
}

/// The first day whose word is later than the change, where that is not today.
fn first_day_that_holds(word: &Word<'_>, now: Timestamp) -> Option<Date> {
    let Word::Overtaken { by, .. } = word else { return None };
    by.at.and_then(first_day_after).filter(|day| *day > today(now))
}

fn today(now: Timestamp) -> Date {
    Offset::UTC.to_datetime(now).date()
}

fn in_the_file(on: Date) -> String {
    format!("[billing] invoiced = {{ by = \"NAME\", on = {on}, evidence = \"invoice NUMBER of DATE\" }}")
}

/// `The confirmation by Ana Lyst of 2026-05-01 (gh-connect.toml:7)`.
fn given(word: &Sourced<Attestation>) -> String {
    let Attestation { by, on, evidence } = &word.value;
    format!("The confirmation by {} of {on} ({}; {})", shown(by, 100), shown(evidence, 200), word.origin)
}

fn when(event: &Event) -> String {
    let at = event.at.map(|at| format!("on {}", at.strftime("%Y-%m-%d %H:%M:%S UTC")));
    let at = at.unwrap_or_else(|| "at a time that it does not say".to_owned());
    match &event.actor {
        Some(actor) => format!("{at} by {}", shown(actor, 100)),
        None => at,
    }
}

/// Everything that speaks for or against, for whoever confirms and for the record.
fn evidence(plan: &Plan, now: Timestamp, history: &History, hints: &Hints) -> Value {
    let event = |event: &Event| json!({ "action": event.action, "at": event.at, "actor": event.actor });
    let seats = hints.seats.as_ref();
    let servers = hints.servers.iter().flatten();
    let others =
        servers.filter(|server| server.is_connected == Some(true) && !plan.is_server(&server.host_name));
    let others: Vec<&str> = others.map(|server| server.host_name.as_str()).take(MOST_NAMES).collect();
    let changes: Vec<Value> = history.changes().iter().take(MOST_NAMES).map(event).collect();
    json!({
        "attestation": plan.account.invoiced,
        "trial": history.trial(now).map(|trial| event(trial.event())),
        "converted": history.converted(now).map(event),
        "changes": changes,
        "hints": {
            "seats-purchased": seats.and_then(|seats| seats.total_seats_purchased),
            "more-seats-than-a-trial-has":
                seats.and_then(|seats| seats.total_seats_purchased).map(|seats| seats > SEATS_OF_A_TRIAL),
            "other-connected-servers": others,
        },
    })
}

/// After that somebody has to look again.
const GOOD_FOR_DAYS: i64 = 90;
/// The most that a trial has (GitHub docs: Setting up a trial of GitHub Enterprise Cloud; facts §5).
const SEATS_OF_A_TRIAL: u64 = 50;
const MOST_NAMES: usize = 20;
