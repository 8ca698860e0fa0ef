//! Judgement on audit logs and words made by hand.

use gh_connect_engine::{Attestation, Finding, Origin, Product, Sourced};
use gh_connect_github::cloud::{Account, Installation, Seats};
use jiff::{SignedDuration, Timestamp, civil::Date};
use proptest::prelude::*;

use super::{
    history::first_day_after,
    judge::{judge, without_log},
    *,
};
use crate::testing;

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("a time")
}

fn hours_ago(hours: i64) -> Timestamp {
    now() - SignedDuration::from_hours(hours)
}

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

fn account() -> Account {
    Account { slug: "acme".to_owned(), name: None, url: None, created_at: None, viewer_is_admin: Some(true) }
}

fn event(action: &str, at: Option<Timestamp>) -> Event {
    Event {
        id: None,
        action: action.to_owned(),
        at,
        actor: Some("octo-billing".to_owned()),
        actor_ip: None,
        name: None,
    }
}

fn word(on: &str) -> Attestation {
    Attestation { by: "Ana Lyst".to_owned(), on: day(on), evidence: "invoice 4711".to_owned() }
}

fn plan(product: Product, word: Option<Attestation>) -> Plan {
    let mut plan = testing::plan(product);
    plan.account.invoiced = word.map(|word| Sourced::new(word, Origin::file("gh-connect.toml", 7)));
    plan
}

fn examined(plan: &Plan, events: &[Event]) -> Examination {
    judge(plan, now(), &Seen { account: &account(), history: History::of(events), hints: Hints::default() })
}

/// The only finding's id, or `passed`.
fn outcome(product: Product, word: Option<Attestation>, events: &[Event]) -> &'static str {
    let judged = examined(&plan(product, word), events);
    match &judged.findings[..] {
        [] => {
            assert!(judged.remark.is_some());
            "passed"
        }
        [finding] => finding.kind.id,
        _ => panic!("more than one"),
    }
}

fn only(judged: Examination) -> Finding {
    let [finding] = <[Finding; 1]>::try_from(judged.findings).expect("one");
    finding
}

const CREATED: &str = "business.create_trial";
const EXPIRED: &str = "business.expire_trial";
const CANCELLED: &str = "business.cancel_trial";
const CONVERTED: &str = "business.convert_trial";
const CHANGED: &str = "billing.change_billing_type";
const UNLINKED: &str = "billing_customer.azure_subscription_unlinked";

#[test]
fn a_trial_that_may_go_on_is_a_trial_whatever_anybody_says() {
    let at = |hours| Some(hours_ago(hours));
    let days = |days: i64| at(24 * days);
    for (events, is_trial) in [
        (vec![], false),
        (vec![event(CREATED, at(100))], true),
        (vec![event(CREATED, days(29))], true),
        (vec![event(CREATED, days(33))], false),
        (vec![event(CREATED, at(100)), event(CONVERTED, at(50))], false),
        (vec![event(CONVERTED, at(50)), event(CREATED, at(100))], false),
        (vec![event(CREATED, at(50)), event(CONVERTED, at(100))], true),
        // What is converted at the same second has begun.
        (vec![event(CREATED, at(50)), event(CONVERTED, at(50))], false),
        (vec![event(CREATED, at(200)), event(CONVERTED, at(150)), event(CREATED, at(100))], true),
        (vec![event(CREATED, at(200)), event(EXPIRED, at(150)), event(CONVERTED, at(100))], false),
        (vec![event(CREATED, at(200)), event(EXPIRED, at(150)), event(CREATED, at(100))], true),
        (vec![event(CREATED, at(100)), event(CANCELLED, at(100))], false),
        // A time that is not known, or yet to come, helps nobody.
        (vec![event(CREATED, None), event(CONVERTED, at(1))], true),
        (vec![event(CREATED, at(100)), event(CONVERTED, None)], true),
        (vec![event(CREATED, at(100)), event(CONVERTED, at(-48))], true),
        (vec![event(CANCELLED, None)], true),
        (vec![event(EXPIRED, at(-48))], true),
        (vec![event(CONVERTED, at(1))], false),
        (vec![event("business.create_trial_reminder", at(1)), event("repo.destroy", at(1))], false),
    ] {
        for product in [Product::GithubCom, Product::GheCom("octocorp".to_owned())] {
            let outcome = outcome(product, Some(word("2026-11-22")), &events);
            assert_eq!(outcome == "billing/trial", is_trial, "{events:?}");
        }
    }
}

/// Today is 2026-11-22.
#[test]
fn a_trial_that_is_over_is_overruled_by_who_looked_later() {
    let at = |text: &str| Some(format!("{text}T12:00:00Z").parse::<Timestamp>().expect("a time"));
    let over = |action| vec![event(CREATED, at("2026-06-01")), event(action, at("2026-09-20"))];
    for (events, on, expected) in [
        (over(CANCELLED), Some("2026-09-22"), "passed"),
        (over(EXPIRED), Some("2026-09-22"), "passed"),
        (over(EXPIRED), Some("2026-11-22"), "passed"),
        // The same day may be an earlier moment; in the east a day begins on the day before.
        (over(CANCELLED), Some("2026-09-20"), "billing/trial"),
        (over(CANCELLED), Some("2026-09-21"), "billing/trial"),
        (over(EXPIRED), Some("2026-09-19"), "billing/trial"),
        (over(EXPIRED), Some("2026-06-15"), "billing/trial"),
        (over(CANCELLED), None, "billing/trial"),
        // Nothing says how it ended: after its time it is over.
        (vec![event(CREATED, at("2026-09-01"))], Some("2026-10-03"), "passed"),
        (vec![event(CREATED, at("2026-09-01"))], Some("2026-10-01"), "billing/trial"),
        (vec![event(CREATED, at("2026-09-01"))], None, "billing/trial"),
        // What expires after it was converted is the trial that was; what is cancelled then, or begun anew, is not.
        (
            vec![
                event(CREATED, at("2026-02-01")),
                event(CONVERTED, at("2026-02-02")),
                event(EXPIRED, at("2026-10-20")),
            ],
            Some("2026-10-01"),
            "passed",
        ),
        (
            vec![
                event(CREATED, at("2026-02-01")),
                event(CONVERTED, at("2026-02-02")),
                event(CANCELLED, at("2026-10-20")),
            ],
            Some("2026-10-01"),
            "billing/trial",
        ),
        (
            vec![
                event(CREATED, at("2026-02-01")),
                event(CONVERTED, at("2026-02-02")),
                event(CREATED, at("2026-09-20")),
                event(EXPIRED, at("2026-10-20")),
            ],
            Some("2026-10-01"),
            "billing/trial",
        ),
    ] {
        for product in [Product::GithubCom, Product::GheCom("octocorp".to_owned())] {
            assert_eq!(outcome(product, on.map(word), &events), expected, "{on:?} {events:?}");
        }
    }
    // A later change of the way of paying voids a word that came after the trial, and is told where that is no mere warning.
    let changed = [over(EXPIRED), vec![event(CHANGED, at("2026-11-01"))]].concat();
    for (product, expected) in [
        (Product::GithubCom, "billing/changed-since-attestation"),
        (Product::GheCom("octocorp".to_owned()), "billing/trial"),
    ] {
        assert_eq!(outcome(product, Some(word("2026-10-01")), &changed), expected);
    }
    let passed = examined(&plan(Product::GithubCom, Some(word("2026-11-20"))), &over(CANCELLED));
    let remark = passed.remark.expect("a remark");
    assert!(
        remark.ends_with(
            "; later than the trial's `business.cancel_trial` on 2026-09-20 12:00:00 UTC by octo-billing"
        ),
        "{remark}"
    );
    let finding = only(examined(&plan(Product::GithubCom, None), &over(CANCELLED)));
    assert!(finding.message.contains("had a trial that is over"), "{}", finding.message);
    assert!(finding.fix[0].text.contains("say so on 2026-11-22 or later"), "{}", finding.fix[0].text);
}

#[test]
fn a_word_holds_for_ninety_days_of_which_none_is_to_come() {
    for (on, expected) in [
        ("2026-11-22", "passed"),
        ("2026-11-23", "passed"),
        ("2026-11-24", "billing/not-attested"),
        ("2026-08-24", "passed"),
        ("2026-08-23", "billing/attestation-expired"),
        ("-009999-01-01", "billing/attestation-expired"),
        ("9999-12-31", "billing/not-attested"),
    ] {
        assert_eq!(outcome(Product::GithubCom, Some(word(on)), &[]), expected, "{on}");
    }
    assert_eq!(outcome(Product::GithubCom, None, &[]), "billing/not-attested");
    for blank in [
        Attestation { by: "  ".to_owned(), ..word("2026-11-22") },
        Attestation { evidence: String::new(), ..word("2026-11-22") },
    ] {
        assert_eq!(outcome(Product::GithubCom, Some(blank), &[]), "billing/not-attested");
    }
}

#[test]
fn a_word_is_void_once_the_contract_may_have_changed_after_it() {
    let at = |text: &str| Some(text.parse::<Timestamp>().expect("a time"));
    for (action, when, expected) in [
        (CHANGED, at("2026-11-20T00:00:00Z"), "billing/changed-since-attestation"),
        (CHANGED, at("2026-11-21T00:00:00Z"), "billing/changed-since-attestation"),
        (CHANGED, at("2026-11-19T10:00:00Z"), "billing/changed-since-attestation"),
        (CHANGED, at("2026-11-19T09:59:59Z"), "passed"),
        (CHANGED, None, "billing/changed-since-attestation"),
        (UNLINKED, at("2026-11-21T00:00:00Z"), "billing/changed-since-attestation"),
        (UNLINKED, at("2026-11-01T00:00:00Z"), "passed"),
        (
            "billing_customer.azure_subscription_linked",
            at("2026-11-21T00:00:00Z"),
            "billing/changed-since-attestation",
        ),
        ("billing_customer.azure_subscription_linked", at("2026-11-01T00:00:00Z"), "passed"),
        ("billing_customer.another", at("2026-11-21T00:00:00Z"), "billing/changed-since-attestation"),
        ("payment_method.create", at("2026-11-21T00:00:00Z"), "billing/changed-since-attestation"),
        ("payment_method.remove", None, "billing/changed-since-attestation"),
        ("payment_method.update", at("2026-11-01T00:00:00Z"), "passed"),
        ("account.plan_change", at("2026-11-21T00:00:00Z"), "billing/changed-since-attestation"),
        ("business.change_seats_plan_type", at("2026-11-21T00:00:00Z"), "billing/changed-since-attestation"),
        // What is converted was on a trial when the word was given.
        (CONVERTED, at("2026-11-21T00:00:00Z"), "billing/changed-since-attestation"),
        (CONVERTED, at("2026-11-01T00:00:00Z"), "passed"),
        ("business.add_organization", at("2026-11-21T00:00:00Z"), "passed"),
    ] {
        let outcome = outcome(Product::GithubCom, Some(word("2026-11-20")), &[event(action, when)]);
        assert_eq!(outcome, expected, "{action} {when:?}");
    }
}

#[test]
fn on_ghe_com_a_word_is_asked_for_and_not_demanded() {
    let ghe_com = || Product::GheCom("octocorp".to_owned());
    let changed = [event(CHANGED, Some(hours_ago(1)))];
    for (word, events, expected) in [
        (None, &[][..], "billing/unconfirmed"),
        (Some(word("2026-01-01")), &[], "billing/unconfirmed"),
        (Some(word("2026-11-22")), &changed, "billing/unconfirmed"),
        (Some(word("2026-11-22")), &[], "passed"),
    ] {
        assert_eq!(outcome(ghe_com(), word, events), expected);
    }
    let finding = only(examined(&plan(ghe_com(), None), &[]));
    assert!(finding.message.contains("For GHE.com no document demands it"), "{}", finding.message);
    assert!(finding.fix[0].text.contains("https://octocorp.ghe.com/enterprises/acme"));
}

#[test]
fn a_pass_says_whose_word_it_is() {
    let judged = examined(&plan(Product::GithubCom, Some(word("2026-11-20"))), &[]);
    assert_eq!(judged.remark.as_deref(), Some("invoiced, says Ana Lyst on 2026-11-20 (invoice 4711)"));
}

#[test]
fn every_message_names_what_decided_it() {
    let trial = only(examined(&plan(Product::GithubCom, None), &[event(CREATED, Some(hours_ago(24)))]));
    for part in ["acme", CREATED, "2026-11-21 12:00:00 UTC", "octo-billing"] {
        assert!(trial.message.contains(part), "{part}: {}", trial.message);
    }
    // No document demands invoices for GHE.com.
    let ghe_com = plan(Product::GheCom("octo".to_owned()), None);
    let elsewhere = only(examined(&ghe_com, &[event(CREATED, Some(hours_ago(24)))]));
    assert!(trial.fix[0].text.contains("acme with payment by invoice: "), "{:?}", trial.fix);
    assert!(elsewhere.fix[0].text.starts_with("Buy GitHub Enterprise for acme: "), "{:?}", elsewhere.fix);
    let expired = only(examined(&plan(Product::GithubCom, Some(word("2026-01-01"))), &[]));
    for part in ["Ana Lyst", "2026-01-01", "gh-connect.toml:7", "325 days old", "holds for 90"] {
        assert!(expired.message.contains(part), "{part}: {}", expired.message);
    }
    let changed = [event(CHANGED, Some(hours_ago(1)))];
    let changed = only(examined(&plan(Product::GithubCom, Some(word("2026-11-22"))), &changed));
    for part in [CHANGED, "2026-11-22 11:00:00 UTC", "octo-billing"] {
        assert!(changed.message.contains(part), "{part}: {}", changed.message);
    }
    assert!(changed.fix[0].text.contains("look on 2026-11-24 or later"), "{}", changed.fix[0].text);
    assert_eq!(changed.fix[0].command, None, "a word of today would not hold");
    let nobody = only(examined(&plan(Product::GithubCom, None), &[]));
    assert_eq!(
        nobody.message,
        "Nobody has confirmed that the enterprise account acme is invoiced, and no interface of GitHub tells."
    );
    assert!(nobody.fix[0].text.contains("on = 2026-11-22,"), "{}", nobody.fix[0].text);
    assert!(nobody.kind.undetermined);
}

#[test]
fn hints_are_evidence_and_decide_nothing() {
    let server = |host_name: &str, is_connected| Installation {
        id: None,
        host_name: host_name.to_owned(),
        customer_name: None,
        is_connected,
        created_at: None,
        updated_at: None,
    };
    let hints = Hints {
        seats: Some(Seats { total_seats_consumed: Some(412), total_seats_purchased: Some(600) }),
        servers: Some(vec![
            server("ghes.corp.example", Some(true)),
            server("other.corp.example", Some(true)),
            server("third.corp.example", Some(false)),
            server("fourth.corp.example", None),
        ]),
    };
    let mut plan = plan(Product::GithubCom, None);
    plan.server = Some(Sourced::default("https://GHES.corp.example".to_owned()));
    let history = History::of(&[event(CREATED, Some(hours_ago(9))), event(CONVERTED, Some(hours_ago(8)))]);
    let finding = only(judge(&plan, now(), &Seen { account: &account(), history, hints }));
    assert_eq!(finding.kind.id, "billing/not-attested");
    let hints = &finding.evidence["hints"];
    assert_eq!(hints["other-connected-servers"], serde_json::json!(["other.corp.example"]));
    assert_eq!(hints["more-seats-than-a-trial-has"], true);
    assert_eq!(finding.evidence["converted"]["action"], CONVERTED);
}

#[test]
fn without_the_log_only_the_lack_of_a_word_can_be_told() {
    let told = |product, word| {
        let finding = without_log(&plan(product, word), &account(), now(), &Hints::default());
        finding.map(|finding| finding.kind.id)
    };
    assert_eq!(told(Product::GithubCom, None), Some("billing/not-attested"));
    assert_eq!(told(Product::GithubCom, Some(word("2026-11-22"))), None);
    assert_eq!(told(Product::GithubCom, Some(word("2026-01-01"))), None);
    assert_eq!(told(Product::GheCom("octocorp".to_owned()), None), None);
}

#[test]
fn a_page_without_events_that_another_follows_is_no_empty_log() {
    let read = |list: &[Event], more| {
        let events = Events { list: list.to_vec(), more, read_back_to: None };
        of_log(Topic::TrialCreated, &Answer::Said(events), None)
    };
    let newest = [event(CREATED, Some(hours_ago(1)))];
    assert_eq!(read(&[], false), Ok(Vec::new()));
    assert_eq!(read(&newest, true), Ok(newest.to_vec()), "the newest are on the first page");
    let Err(Stop::Trouble(why)) = read(&[], true) else { panic!("it proves nothing") };
    assert!(why.contains(CREATED), "{why}");
    let back_to = |topic, at: &str, attested: Option<&str>| {
        let read_back_to = at.parse().ok();
        let events = Events { list: Vec::new(), more: true, read_back_to };
        of_log(topic, &Answer::Said(events), attested.map(|on| on.parse().expect("a day"))).is_ok()
    };
    for (topic, at, attested, expected) in [
        (Topic::PlanChanged, "2026-10-31T09:00:00Z", Some("2026-11-01"), true),
        (Topic::PaymentMethod, "2026-10-01T00:00:00Z", Some("2026-11-01"), true),
        // Where it is the first of November already.
        (Topic::PlanChanged, "2026-10-31T11:00:00Z", Some("2026-11-01"), false),
        (Topic::PlanChanged, "2026-11-20T00:00:00Z", Some("2026-11-01"), false),
        (Topic::PlanChanged, "2026-10-01T00:00:00Z", None, false),
        (Topic::PlanChanged, "no date", Some("2026-11-01"), false),
        (Topic::TrialCreated, "2026-10-01T00:00:00Z", Some("2026-11-01"), false),
        (Topic::TrialConverted, "2026-10-01T00:00:00Z", Some("2026-11-01"), false),
    ] {
        assert_eq!(back_to(topic, at, attested), expected, "{topic} {at} {attested:?}");
    }
}

fn any_event() -> impl Strategy<Value = Event> {
    let actions = prop_oneof![
        Just(CREATED),
        Just("business.expire_trial"),
        Just("business.cancel_trial"),
        Just(CONVERTED),
        Just(CHANGED),
        Just(UNLINKED),
    ];
    (actions, proptest::option::of(0..3000i64))
        .prop_map(|(action, hours)| event(action, hours.map(hours_ago)))
}

proptest! {
    /// Whatever is forgotten or not said, a pass is never the consequence of knowing less of an event's time.
    #[test]
    fn an_event_without_a_time_never_helps(events in prop::collection::vec(any_event(), 0..8), at in 0..8usize, age in 0..120i64) {
        let on = (now() - SignedDuration::from_hours(24 * age)).strftime("%Y-%m-%d").to_string();
        let before = outcome(Product::GithubCom, Some(word(&on)), &events);
        let mut blurred = events.clone();
        if let Some(event) = blurred.get_mut(at) {
            event.at = None;
        }
        if before != "passed" {
            prop_assert_ne!(outcome(Product::GithubCom, Some(word(&on)), &blurred), "passed");
        }
    }

    #[test]
    fn the_order_of_events_does_not_matter(events in prop::collection::vec(any_event(), 0..8), age in 0..120i64) {
        let on = (now() - SignedDuration::from_hours(24 * age)).strftime("%Y-%m-%d").to_string();
        let mut turned = events.clone();
        turned.reverse();
        prop_assert_eq!(
            outcome(Product::GithubCom, Some(word(&on)), &events),
            outcome(Product::GithubCom, Some(word(&on)), &turned)
        );
    }

    /// A word of the day that a finding names is not overtaken by the change that the finding is about.
    #[test]
    fn the_day_that_is_named_holds(seconds in -60_000_000_000i64..200_000_000_000) {
        let at = Timestamp::from_second(seconds).expect("a time");
        let history = History::of(&[event(CHANGED, Some(at))]);
        let day = first_day_after(at).expect("a day");
        prop_assert!(history.changed_since(day).is_none());
        prop_assert!(history.changed_since(day.yesterday().expect("a day")).is_some());
    }

    #[test]
    fn whoever_vouches_for_whatever_is_told_safely(by in any::<String>(), evidence in any::<String>(), age in -5..200i64) {
        let on = now().to_zoned(jiff::tz::TimeZone::UTC).date() - jiff::Span::new().days(age);
        let judged = examined(&plan(Product::GithubCom, Some(Attestation { by, on, evidence })), &[]);
        let text = judged.remark.iter().chain(judged.findings.iter().map(|finding| &finding.message));
        for text in text {
            prop_assert!(!text.chars().any(char::is_control), "{}", text);
        }
    }
}
