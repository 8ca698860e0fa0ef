//! From outcomes to states, from states to the verdict, the exit code and the root causes.

use gh_connect_engine::{CheckRecord, Owner, Policy, Record, State, StepRecord, Verdict, exit_code};

use crate::fake::{Fate, Fate::*, fated, plan, registry, run, selecting, states, waiving};

async fn record(checks: &[(&str, &[Fate])]) -> Record {
    let checks = checks.iter().map(|(id, fates)| fated(id, fates)).collect();
    run(plan(), registry(checks)).await.record().clone()
}

#[tokio::test]
async fn the_worst_subject_decides_the_state() {
    let rows: &[(&[Fate], State)] = &[
        (&[], State::NotApplicable),
        (&[NotApplicable], State::NotApplicable),
        (&[NotApplicable, Passed], State::Passed),
        (&[Passed, Noted], State::Passed),
        (&[Noted], State::Passed),
        (&[Passed, Warned], State::Warned),
        (&[Warned, NotApplicable], State::Warned),
        (&[Warned, Skipped], State::Skipped),
        (&[Passed, Skipped], State::Skipped),
        (&[Skipped, Blocked], State::Blocked),
        (&[Passed, Blocked], State::Blocked),
        (&[Warned, Blocked], State::Blocked),
        (&[Blocked, Trouble], State::Unknown),
        (&[Passed, Trouble], State::Unknown),
        (&[Passed, Undetermined], State::Unknown),
        (&[Blocked, PanicInFact], State::Unknown),
        (&[Warned, PanicInCheck], State::Unknown),
        (&[Trouble, Failed], State::Failed),
        (&[Undetermined, Failed], State::Failed),
        (&[Blocked, Passed, Failed], State::Failed),
    ];
    for (fates, state) in rows {
        let record = record(&[("a", fates)]).await;
        assert_eq!(states(&record), [*state], "{fates:?}");
        assert_eq!(record.summary.counts[state], 1);
    }
}

#[tokio::test]
async fn the_verdict_is_failed_before_undetermined_before_passed() {
    let rows: &[(&[Fate], Verdict, u8)] = &[
        (&[], Verdict::Undetermined, 3),
        (&[NotApplicable], Verdict::Undetermined, 3),
        (&[Skipped], Verdict::Undetermined, 3),
        (&[Blocked], Verdict::Undetermined, 3),
        (&[Trouble], Verdict::Undetermined, 3),
        (&[Undetermined], Verdict::Undetermined, 3),
        (&[Passed], Verdict::Passed, 0),
        (&[Passed, NotApplicable], Verdict::Passed, 0),
        (&[Noted], Verdict::Passed, 0),
        (&[Warned], Verdict::Passed, 0),
        (&[Warned, Skipped], Verdict::Undetermined, 3),
        (&[Passed, Blocked], Verdict::Undetermined, 3),
        (&[Passed, Trouble], Verdict::Undetermined, 3),
        (&[Trouble, Failed], Verdict::Failed, 1),
        (&[Undetermined, Failed, Passed], Verdict::Failed, 1),
    ];
    let ids = ["a", "b", "c"];
    for (fates, verdict, code) in rows {
        // One check per fate, so that the verdict sees each state.
        let checks: Vec<(&str, &[Fate])> = ids.into_iter().zip(fates.chunks(1)).collect();
        let record = record(&checks).await;
        assert_eq!((record.summary.verdict, record.summary.exit_code), (*verdict, *code), "{fates:?}");
    }
}

#[tokio::test]
async fn warnings_fail_only_when_asked_to() {
    let policy = Policy { fail_on_warn: true };
    for (fates, code) in
        [(&[Warned, Passed][..], 4), (&[Passed, Noted], 0), (&[Warned, Failed], 1), (&[Warned, Trouble], 3)]
    {
        let checks: Vec<(&str, &[Fate])> = ["a", "b"].into_iter().zip(fates.chunks(1)).collect();
        let record = record(&checks).await;
        assert_eq!(exit_code(record.summary.verdict, &record.checks, policy, None), code, "{fates:?}");
    }
}

#[tokio::test]
async fn what_was_deselected_counts_for_nothing() {
    let checks = registry(vec![fated("a", &[Passed]), fated("b", &[Failed]), fated("c", &[Warned])]);
    let measured = run(selecting(&[], &["b"]), checks).await;
    let b = &measured.record().checks[1];
    assert_eq!((b.state, b.deselected, b.findings.len()), (State::Skipped, true, 0));
    assert_eq!(measured.record().summary.exit_code, 0);
    assert!(
        !measured.record().facts.iter().any(|fact| fact.key.starts_with("b ")),
        "nothing of it is measured"
    );

    let measured = run(selecting(&["a", "b"], &["b"]), checks).await;
    assert_eq!(states(measured.record()), [State::Passed, State::Skipped, State::Skipped]);

    // All of them are of the category `network`.
    for plan in
        [selecting(&[], &["network"]), selecting(&["account"], &[]), selecting(&["network"], &["network"])]
    {
        let measured = run(plan, checks).await;
        let summary = &measured.record().summary;
        assert_eq!((summary.verdict, summary.exit_code), (Verdict::Undetermined, 3));
        assert_eq!(states(measured.record()), [State::Skipped; 3]);
    }
    let measured = run(selecting(&["network"], &["b"]), checks).await;
    assert_eq!(states(measured.record()), [State::Passed, State::Skipped, State::Warned]);
}

#[tokio::test]
async fn only_warnings_can_be_waived() {
    let checks = registry(vec![
        fated("a", &[Warned]),
        fated("b", &[Failed]),
        fated("c", &[Undetermined]),
        fated("d", &[Warned, Warned, Failed]),
        fated("e", &[Noted]),
    ]);
    let plan = waiving(&["a/warning", "b/blocker", "c/unknown", "d/warning", "e/note"]);
    let measured = run(plan, checks).await;
    let record = measured.record();
    assert_eq!(states(record), [State::Waived, State::Failed, State::Unknown, State::Failed, State::Passed]);
    let waived =
        |check: &CheckRecord| check.findings.iter().filter(|finding| finding.waived.is_some()).count();
    assert_eq!(record.checks.iter().map(waived).collect::<Vec<_>>(), [1, 0, 0, 2, 0]);
    assert_eq!(record.root_causes, ["b/blocker", "d/blocker", "c/unknown"]);
    assert_eq!(record.checks[0].findings[0].waived.as_deref(), Some("we know"));
}

#[tokio::test]
async fn a_waiver_is_for_one_finding_and_nothing_else() {
    let checks = registry(vec![fated("a", &[Warned]), fated("b", &[Warned])]);
    let measured = run(waiving(&["a/warning"]), checks).await;
    assert_eq!(states(measured.record()), [State::Waived, State::Warned]);
    let waived_and_fail_on_warn =
        exit_code(Verdict::Passed, &measured.record().checks[..1], Policy { fail_on_warn: true }, None);
    assert_eq!(waived_and_fail_on_warn, 0, "what somebody accepted fails nothing");
}

#[tokio::test]
async fn root_causes_are_the_weightiest_first_and_each_once() {
    let checks: &[(&str, &[Fate])] = &[
        ("a", &[Undetermined, Warned, Noted]),
        ("b", &[Failed, Failed, Failed]),
        ("c", &[Blocked, Blocked]),
        ("d", &[Failed, Undetermined]),
        ("e", &[Trouble]),
    ];
    // What could not be found out beside a blocker is a cause of its own.
    let all = ["b/blocker", "d/blocker", "a/unknown", "d/unknown", "e"];
    assert_eq!(record(checks).await.root_causes, all);
    assert_eq!(record(&[("a", &[Warned]), ("b", &[Passed])]).await.root_causes, [""; 0]);
    assert_eq!(
        record(&[("a", &[Trouble]), ("b", &[PanicInCheck]), ("c", &[Passed])]).await.root_causes,
        ["a", "b"]
    );
}

#[tokio::test]
async fn a_check_names_what_it_waits_for_once() {
    let record = record(&[("a", &[Blocked, Blocked, Passed])]).await;
    assert_eq!(record.checks[0].blocked_by, ["elsewhere"]);
    assert_eq!(record.checks[0].not_judged.len(), 2);
}

/// Nobody is left with a reason alone.
#[tokio::test]
async fn whoever_could_not_tell_says_what_to_do() {
    let record = record(&[("a", &[Trouble, PanicInCheck, PanicInFact, Blocked, Passed])]).await;
    let fix: Vec<&[StepRecord]> = record.checks[0].not_judged.iter().map(|not| &not.fix[..]).collect();
    // The plan names no server and no enterprise account.
    let own = StepRecord {
        owner: Owner::Network,
        text: "Ask SERVER of SLUG about github.com".to_owned(),
        command: Some("ask github.com".to_owned()),
        then: false,
    };
    assert_eq!((fix.len(), fix[0]), (4, &[own][..]));
    for defect in &fix[1..3] {
        assert!(matches!(defect, [step] if step.text.contains("a defect of gh-connect")), "{defect:?}");
    }
    assert!(fix[3].is_empty(), "the check that blocks it tells what to do");
}

/// What stands in the way is not told by a check that was left out, so the one that waits says how to hear it.
#[tokio::test]
async fn whoever_waits_for_what_was_left_out_says_how_to_hear_it() {
    for (only, skip, how) in [
        (&["a"][..], &[][..], "Run it again with --only elsewhere as well:"),
        (&[], &["elsewhere"], "Run it again without --skip elsewhere:"),
    ] {
        let checks = registry(vec![fated("elsewhere", &[Failed]), fated("a", &[Blocked])]);
        let measured = run(selecting(only, skip), checks).await;
        let not_judged = &measured.record().checks[1].not_judged;
        let [step] = &not_judged[0].fix[..] else { panic!("{not_judged:?}") };
        assert!(step.owner == Owner::Operator && step.text.starts_with(how), "{}", step.text);
    }
    let told = record(&[("elsewhere", &[Failed]), ("a", &[Blocked])]).await;
    assert!(told.checks[1].not_judged[0].fix.is_empty(), "its finding says what to do");
}
