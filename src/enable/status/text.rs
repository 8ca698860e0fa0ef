//! `status` for people: every field of the JSON, in lines.

use std::fmt::Write as _;

use gh_connect_engine::visible;

use super::said::{Event, Installation, LicenseSync, Part, Said, Statistics, Todo};

/// The whole text.
pub(super) fn text(said: &Said) -> String {
    let Said { server, enterprise, cloud, asked_at, .. } = said;
    let mut out = format!("{}{}\n", said.verdict.words(), after(": ", Some(&said.message)));
    todo(&mut out, "  ", &said.steps);
    let _ = writeln!(
        out,
        "Server {server}, enterprise account {enterprise} on {cloud}, asked at {asked_at} (exit code {}, schema {})\n",
        said.exit_code, said.schema_version
    );
    out.push_str("GitHub Enterprise Cloud\n");
    part(&mut out, "records", &said.installations, installation);
    part(&mut out, "license synchronization", &said.license_sync, license_sync);
    part(&mut out, "statistics", &said.statistics, statistics);
    part(&mut out, "audit log, of connections", &said.cloud_audit_log, event);
    out.push_str("GitHub Enterprise Server\n");
    part(&mut out, "audit log, of connections", &said.server_audit_log, event);
    visible(&out).into_owned()
}

fn part<T>(out: &mut String, title: &str, part: &Part<T>, line: fn(&T) -> String) {
    let _ = match part {
        // One fault keeps several parts: it is told once.
        Part::Unread { why, .. } if out.contains(why.as_str()) => {
            let _ = writeln!(out, "  {title}: not read, for the reason above");
            return;
        }
        Part::Said(rows) if rows.is_empty() => writeln!(out, "  {title}: none"),
        Part::Said(rows) => {
            let rows: String = rows.iter().map(|row| format!("    {}\n", line(row))).collect();
            write!(out, "  {title}:\n{rows}")
        }
        Part::NotApplicable(why) => writeln!(out, "  {title}: does not apply: {why}"),
        Part::Unread { why, .. } => writeln!(out, "  {title}: not read: {why}"),
    };
    match part {
        Part::Unread { steps, .. } if steps.iter().all(|step| out.contains(&step.text)) => {
            out.push_str("    what to do is said above\n");
        }
        Part::Unread { steps, .. } => todo(out, "    ", steps),
        Part::Said(_) | Part::NotApplicable(_) => {}
    }
}

fn todo(out: &mut String, indent: &str, steps: &[Todo]) {
    for Todo { owner, text } in steps {
        let _ = writeln!(out, "{indent}{}: {text}", owner.id());
    }
}

fn installation(one: &Installation) -> String {
    let connected = match one.is_connected {
        Some(true) => "connected",
        Some(false) => "not connected",
        None => "whether it is connected was not said",
    };
    format!(
        "{}: {connected}{}{}{}",
        one.host_name,
        after(", since ", one.created_at.as_deref()),
        after(", last changed ", one.updated_at.as_deref()),
        after(", licensed to ", one.customer_name.as_deref()),
    )
}

fn license_sync(one: &LicenseSync) -> String {
    format!(
        "{}{}: {}{}{}",
        one.host_name.as_deref().unwrap_or(UNSAID),
        within(one.server_id.as_deref()),
        one.status.as_deref().unwrap_or(UNSAID),
        after(" at ", one.date.as_deref()),
        after(", ", one.error.as_deref()),
    )
}

fn statistics(one: &Statistics) -> String {
    let features = match one.features.as_deref() {
        None => "which features are on was not said".to_owned(),
        Some([]) => "no feature is on".to_owned(),
        Some(features) => format!("on: {}", features.join(", ")),
    };
    format!(
        "{}{}{}: {features}{}",
        one.host_name.as_deref().unwrap_or(UNSAID),
        within(one.server_id.as_deref()),
        after(", version ", one.version.as_deref()),
        after(", collected at ", one.collected.as_deref()),
    )
}

fn event(one: &Event) -> String {
    format!(
        "{}{}{}{}{}",
        one.action,
        after(" at ", one.at.as_deref()),
        after(" by ", one.actor.as_deref()),
        after(" from ", one.actor_ip.as_deref()),
        after(", about ", one.name.as_deref()),
    )
}

fn after(words: &str, said: Option<&str>) -> String {
    said.filter(|said| !said.is_empty()).map(|said| format!("{words}{said}")).unwrap_or_default()
}

fn within(said: Option<&str>) -> String {
    said.map(|said| format!(" ({said})")).unwrap_or_default()
}

const UNSAID: &str = "not said";
