//! Whether the enterprise account is one that may connect a server: not a trial, and invoiced by somebody's word.

mod history;
mod judge;
#[cfg(test)]
mod tests;

use futures::future::BoxFuture;
use gh_connect_engine::{
    Category, Check, Cx, Examination, InDoubt, Kind, Meta, Owner, Plan, Severity, Stop, Subject,
};
use gh_connect_github::{
    Answer, OfTheRun,
    cloud::{AuditLog, ConsumedLicences, Event, Events, Installations, Topic},
};
use jiff::civil::Date;

use crate::account;
use history::{History, is_after, matters_since_the_word};
use judge::{Hints, Seen};

/// The check.
pub struct Billing;

static META: Meta = Meta {
    id: "billing",
    title: "the kind of contract",
    category: Category::Account,
    words: include_str!("README.md"),
    kinds: &[&TRIAL, &NOT_ATTESTED, &ATTESTATION_EXPIRED, &CHANGED_SINCE_ATTESTATION, &UNCONFIRMED],
    in_doubt: InDoubt {
        owner: Owner::EnterpriseOwner,
        text: "Find out by which payment the account SLUG was bought, from an invoice or from your contact at GitHub, and let gh-connect read the audit log: a classic token with admin:enterprise and read:audit_log",
        command: None,
    },
};

static TRIAL: Kind = Kind {
    id: "billing/trial",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the enterprise account is on a trial",
    since: "0.1.0",
    world: include_str!("worlds/trial.toml"),
};

static NOT_ATTESTED: Kind = Kind {
    id: "billing/not-attested",
    severity: Severity::Blocker,
    undetermined: true,
    title: "nobody has confirmed that the account is invoiced",
    since: "0.1.0",
    world: include_str!("worlds/not-attested.toml"),
};

static ATTESTATION_EXPIRED: Kind = Kind {
    id: "billing/attestation-expired",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the confirmation that the account is invoiced is too old",
    since: "0.1.0",
    world: include_str!("worlds/attestation-expired.toml"),
};

static CHANGED_SINCE_ATTESTATION: Kind = Kind {
    id: "billing/changed-since-attestation",
    severity: Severity::Blocker,
    undetermined: false,
    title: "the contract or the way of paying was changed since it was confirmed",
    since: "0.1.0",
    world: include_str!("worlds/changed-since-attestation.toml"),
};

static UNCONFIRMED: Kind = Kind {
    id: "billing/unconfirmed",
    severity: Severity::Warning,
    undetermined: false,
    title: "nobody's valid word that the account on GHE.com is invoiced",
    since: "0.1.0",
    world: include_str!("worlds/unconfirmed.toml"),
};

impl Check for Billing {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn subjects(&self, _: &Plan) -> Vec<Subject> {
        vec![Subject::Cloud]
    }

    /// All questions at the same time: none needs another's answer.
    fn examine<'a>(&'a self, _: &'a Subject, cx: &'a Cx) -> BoxFuture<'a, Result<Examination, Stop>> {
        Box::pin(async move {
            let events = futures::future::join_all(TOPICS.iter().map(|topic| cx.fact::<AuditLog>(topic)));
            let (account, events, seats, known) = futures::join!(
                account::owned(cx),
                events,
                cx.fact::<ConsumedLicences>(&OfTheRun),
                cx.fact::<Installations>(&OfTheRun),
            );
            let account = account?;
            let (plan, today) = (cx.plan(), cx.began());
            let hints = Hints {
                seats: seats.ok().and_then(|it| it.answer.said().cloned()),
                servers: known.ok().and_then(|it| it.answer.said().cloned()).map(|known| known.servers),
            };
            let attested = plan.account.invoiced.as_ref().map(|word| word.value.on);
            let mut log = Vec::new();
            for (topic, told) in TOPICS.into_iter().zip(events) {
                match of_log(topic, &told?.answer, attested) {
                    Ok(events) => log.extend(events),
                    // That nobody vouches for the account needs no log, and can be put right at the same time.
                    Err(stop) => {
                        return judge::without_log(plan, &account, today, &hints).ok_or(stop).map(Into::into);
                    }
                }
            }
            let seen = Seen { account: &account, history: History::of(&log), hints };
            Ok(judge::judge(plan, today, &seen))
        })
    }
}

/// The newest events decide, and they are on the first page that holds any. Where none of those that were read does, although
/// another follows, nothing is decided; but a change of the contract does not matter that is older than the word about it.
fn of_log(topic: Topic, answer: &Answer<Events>, attested: Option<Date>) -> Result<Vec<Event>, Stop> {
    let events = answer.or_trouble("what its audit log holds about the contract")?;
    let is_old = || {
        let of_the_word = attested.zip(events.read_back_to).is_some_and(|(on, at)| is_after(on, at));
        matters_since_the_word(topic) && of_the_word
    };
    match events.is_unread() && !is_old() {
        true => Err(Stop::Trouble(format!(
            "what its audit log holds about the contract is not known: the first pages of its events `{topic}` hold none of the \
             enterprise account, and another page follows"
        ))),
        false => Ok(events.list.clone()),
    }
}

/// What the audit log may tell of a contract (facts §5).
const TOPICS: [Topic; 9] = [
    Topic::TrialCreated,
    Topic::TrialConverted,
    Topic::TrialCancelled,
    Topic::TrialExpired,
    Topic::BillingTypeChanged,
    Topic::AzureSubscription,
    Topic::PaymentMethod,
    Topic::PlanChanged,
    Topic::SeatsPlanChanged,
];
