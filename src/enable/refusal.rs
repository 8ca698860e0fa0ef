//! Why the gate stays shut: what was seen, who acts, and what they do first.

use gh_connect_engine::{CheckRecord, Reason, Record, State, Stop};

use crate::report::story::{self, Act, Group, Story};

/// The whole refusal.
pub(super) fn refusal(reasons: &[Reason], record: &Record) -> String {
    format!(
        "Refused: what was measured does not permit to enable GitHub Connect. This run touched nothing.\n{}",
        explained(reasons, record)
    )
}

/// The reasons: each cause once, and those that only wait for others in one line.
pub(super) fn explained(reasons: &[Reason], record: &Record) -> String {
    let story = Story::of(record);
    let is_bad = |id: &str| {
        reasons.iter().any(|reason| match reason {
            Reason::NotPassed { check, state } => check == id && *state != State::Blocked,
            _ => false,
        })
    };
    let of_check = |id: &str| story.causes.iter().any(|group| check_of(group) == id);
    let mut lines: Vec<String> =
        story.causes.iter().filter(|group| is_bad(check_of(group))).flat_map(cause).collect();
    let mut waiting = 0;
    for reason in reasons {
        match reason {
            Reason::NotPassed { state: State::Blocked, .. } => waiting += 1,
            Reason::NotPassed { check, .. } if of_check(check) => {}
            Reason::NotPassed { check, .. } => {
                lines.push(format!("  - {reason}{}", trouble(record, check)));
                let check = story.doubts.iter().find(|doubt| doubt.id == *check);
                lines.extend(check.and_then(|check| story::in_doubt(check).first().map(step)));
            }
            _ => lines.push(format!("  - {reason}")),
        }
    }
    if waiting > 0 {
        let checks = story::counted(waiting, "check waits", "checks wait");
        lines.push(format!("  - {checks} for what is named above, and could not be judged"));
    }
    lines.join("\n")
}

/// All findings of one kind: the first is quoted, the others are named.
fn cause(group: &Group<'_>) -> Vec<String> {
    let subjects = story::some(&group.subjects(), story::MOST_NAMES, false);
    let subjects = if subjects.is_empty() { subjects } else { format!(" ({subjects})") };
    let seen = format!("  - {}{subjects}: {}", group.id(), group.first().message);
    std::iter::once(seen).chain(group.steps().first().map(|first| step(&first.said))).collect()
}

fn step(act: &Act<'_>) -> String {
    let command = act.command.map(|command| format!("\n      {command}")).unwrap_or_default();
    format!("    Do ({}): {}{command}", story::who(act.owner), act.text)
}

/// Why a check could not tell, where it says so.
fn trouble(record: &Record, id: &str) -> String {
    let check = record.checks.iter().find(|check| check.id == id);
    let said = |check: &CheckRecord| {
        check.not_judged.iter().find_map(|not| match &not.stop {
            Stop::Trouble(why) => Some(format!(": {why}")),
            Stop::Blocked(_) | Stop::Skipped(_) | Stop::NotApplicable(_) => None,
        })
    };
    check.and_then(said).unwrap_or_default()
}

fn check_of<'a>(group: &Group<'a>) -> &'a str {
    group.id().split('/').next().unwrap_or_default()
}
