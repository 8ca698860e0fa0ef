//! What is said of a connection, and who does what about it.

use gh_connect_engine::{Finding, Kind, Owner, Stop};
use gh_connect_github::cloud::{Installation, is_readable_name};
use jiff::Timestamp;
use serde_json::json;

use super::{
    ALREADY_CONNECTED, ELSEWHERE, LEFTOVER, ORPHANED, UNPROVEN,
    judge::{Seen, Why},
    log::{ENDED, End, Log, MADE, Story},
    signs::{Heard, Signs, changed, is_recent},
};
use crate::wording::{and, listing};

pub(super) fn already_connected(
    seen: &Seen<'_>,
    record: &Installation,
    signs: &Signs,
    last: &Heard,
) -> Finding {
    let (host, slug) = (&record.host_name, &seen.account.slug);
    let message = format!(
        "{host} is connected to {slug} already{}; the last that was heard of it is {}{}. {} A restore from a backup without \
         `ghe-restore -c` resets GitHub Connect on the server, and leaves the record as it is.",
        since(record),
        last.what,
        on(last.at),
        own_half(&seen.log),
    );
    finding(seen, &ALREADY_CONNECTED, record, Some(signs), message)
        .step(
            Owner::Operator,
            format!("Nothing needs to be done; which features are on is shown at {}", page(seen)),
        )
        .step(
            Owner::ServerAdmin,
            format!(
                "If the server was restored from a backup{}, see whether that page offers \"Enable GitHub Connect\". If so, have {host} \
                 removed from the known installations of {slug}, and enable it anew",
                last.at.map_or_else(String::new, |at| format!(" after {}", day(at))),
            ),
        )
        .step(
            Owner::ServerAdmin,
            "To connect it anew, disable GitHub Connect on that page first: that deletes the GitHub App and the server's credentials",
        )
}

/// What is known of the server's own half of a connection that works by what the account has of it.
fn own_half(log: &Log) -> String {
    let why = match log {
        Log::Unread(Stop::Trouble(why)) => format!(": {why}"),
        Log::Unread(_) => String::new(),
        Log::Read(story) => match &story.end {
            End::Connected => return "The server's own audit log says that it is connected, too.".to_owned(),
            End::Nothing => {
                ": its audit log holds no event of a connection, and not every release records them"
                    .to_owned()
            }
            End::Ended(at) => format!(
                ": the last event of a connection in its audit log, before that, is {ENDED}{}",
                on(*at)
            ),
            End::Unclear(why) => format!(": {why}"),
        },
    };
    format!("The server's own half of it was not read{why}.")
}

/// The server logged that it was disconnected, and the account still has the record.
pub(super) fn orphaned(seen: &Seen<'_>, record: &Installation, signs: &Signs, ended: Timestamp) -> Finding {
    let (host, slug) = (&record.host_name, &seen.account.slug);
    let last = signs
        .heard
        .first()
        .map_or_else(String::new, |heard| format!(" (the last is {}{})", heard.what, on(heard.at)));
    let message = format!(
        "{slug} has a record of {host} as connected{}, and the server's own audit log says that it was disconnected on {} \
         ({ENDED}). Nothing came from it after that{last}.",
        since(record),
        day(ended),
    );
    finding(seen, &ORPHANED, record, Some(signs), message)
        .step(
            Owner::EnterpriseOwner,
            format!(
                "Remove {host} from the known installations of {slug}, in its settings at https://{}/enterprises/{slug}, once the \
                 server's page offers \"Enable GitHub Connect\" ({})",
                apex(seen),
                page(seen),
            ),
        )
        .then(
            Owner::ServerAdmin,
            "Enable GitHub Connect again, in one go: the setup is good for 5 minutes only",
        )
        .step(Owner::GithubSupport, format!("If the record cannot be removed, ask to have the installation of {host} deleted"))
}

/// The account has a record of the server as connected, and nothing proves it or the contrary.
pub(super) fn unproven(seen: &Seen<'_>, record: &Installation, signs: &Signs, why: Why<'_>) -> Finding {
    let (host, slug) = (&record.host_name, &seen.account.slug);
    let is_open = matches!(why, Why::Silent(_) | Why::Elsewhere | Why::Nothing);
    let changed = changed(record).filter(|at| is_open && is_recent(*at, seen.now));
    let probably = changed.map_or_else(String::new, |at| {
        format!(
            " The record was changed on {}, as a weekly report would change it: it is probably connected, which this alone does not \
             prove.",
            day(at)
        )
    });
    let because = match why {
        Why::Ended(at, Some(last)) if at.is_some() && last.until > at => format!(
            "by the server's own audit log it was disconnected{} ({ENDED}), and yet {}{} came in its name. A server that is not \
             connected sends none: a copy of it may have, or its log lacks a later connection. Whether it is connected now cannot be \
             told.",
            on(at),
            last.what,
            on(last.at)
        ),
        Why::Ended(at, Some(last)) => format!(
            "by the server's own audit log it was disconnected{}; the last that was heard of it is {}{}. Whether it is connected \
             now cannot be told.",
            on(at),
            last.what,
            on(last.at)
        ),
        Why::Ended(at, None) => format!(
            "by the server's own audit log it was disconnected{}. Whether it is connected now cannot be told.",
            on(at)
        ),
        Why::MadeAnew(made, last) => format!(
            "by the server's own audit log it was connected on {} ({MADE}), after the last that came from it to {slug}, {}{}. \
             Whether it is connected to {slug} or to another enterprise account cannot be told.",
            day(made),
            last.what,
            on(last.at)
        ),
        Why::Unclear(why) => format!("what the server's own audit log says of it is not clear: {why}."),
        Why::Begun(began, last) => format!(
            "it has {} records of it. The latest is of {}, and so of a setup that was begun after the last that was heard of the \
             server, {}{}. Whether that setup was finished cannot be told.",
            seen.own().len(),
            day(began),
            last.what,
            on(last.at)
        ),
        Why::Silent(last) => format!(
            "it was last heard of{}, by {}. Connected servers report once a week, so whether it still is connected cannot be told.",
            on(last.at),
            last.what
        ),
        Why::Elsewhere => format!(
            "the server's own audit log says that it is connected{}. Whether to {slug} or to another enterprise account cannot be \
             told: nothing came from it to {slug} since that record was made: {}.",
            logged(seen.story()),
            nothing(seen, signs, record),
        ),
        Why::Young => format!(
            "nothing has come from it so far: {}. Servers report once a week, so whether the connection was finished cannot be \
             told yet.",
            nothing(seen, signs, record)
        ),
        Why::Nothing => format!(
            "nothing that proves a connection has come from it since: {}. These reports are off until somebody turns them on, so \
             it may be connected without them, or never have been.",
            nothing(seen, signs, record)
        ),
    };
    let message =
        format!("{slug} has a record of {host} as connected{}, and {because}{probably}", since(record));
    look_at_the_server(seen, host, finding(seen, &UNPROVEN, record, Some(signs), message))
}

/// The account says that the server is not connected, and the server's log that it is.
pub(super) fn contradicted(seen: &Seen<'_>, record: &Installation, story: &Story) -> Finding {
    let (host, slug) = (&record.host_name, &seen.account.slug);
    let message = format!(
        "{slug} has a record of {host}{} that says that it is not connected, and the server's own audit log says that it is \
         connected{}. Whether it is connected to another enterprise account, or still holds a connection to {slug} that was ended \
         there, cannot be told.",
        since(record),
        logged(Some(story)),
    );
    look_at_the_server(seen, host, finding(seen, &UNPROVEN, record, None, message))
}

/// The account has a record of a connection under another name, which may be this server's.
pub(super) fn another_name(seen: &Seen<'_>, record: &Installation) -> Finding {
    let (host, slug, name) = (seen.host(), &seen.account.slug, &record.host_name);
    let connected = if record.is_connected.is_some() { " as connected" } else { "" };
    let may_be = match is_readable_name(name) {
        true => "which may be another name or an address of the same server",
        false => "which cannot be read as the name of another server",
    };
    let message = format!(
        "{slug} has no record of {host} as connected, and one of {name}{connected}{}, {may_be}. Whether {host} is connected to {slug} under that name cannot be told.",
        since(record),
    );
    finding(seen, &UNPROVEN, record, None, message)
        .command(Owner::ServerAdmin, look(seen), LOG)
        .then(
            Owner::EnterpriseOwner,
            format!(
                "If it is not connected, and no other server has the name {name}, remove {name} from the known installations of \
                 {slug}, in its settings at https://{}/enterprises/{slug}, and check again",
                apex(seen)
            ),
        )
        .step(
            Owner::Operator,
            format!("If {name} is the name that the server is to be known by, check with it in --server"),
        )
}

/// The account has no record of the server as connected, and something came from it.
pub(super) fn off_the_record(seen: &Seen<'_>, own: &[&Installation], heard: &Heard) -> Finding {
    let (host, slug) = (seen.host(), &seen.account.slug);
    let but = heard.but.as_ref().map_or_else(String::new, |but| format!(" that {but}"));
    let undated = if heard.at.is_none() { ", without a date that can be read" } else { "" };
    let log = match &seen.log {
        Log::Read(_) => "does not say that it was disconnected since".to_owned(),
        Log::Unread(Stop::Trouble(why)) => format!("was not read ({why})"),
        Log::Unread(_) => "was not read".to_owned(),
    };
    let message = format!(
        "{}, and yet the account holds {}{but}{}{undated} in its name, which only a connected server sends. Its own audit log \
         {log}, so whether it is connected cannot be told.",
        no_record(seen, own),
        heard.what,
        on(heard.at),
    );
    let evidence =
        json!({ "records": own, "names": seen.own.names, "heard": seen.signs.heard, "log": seen.story() });
    Finding::new(&UNPROVEN, host.to_owned(), message)
        .evidence(evidence)
        .command(Owner::ServerAdmin, look(seen), LOG)
        .then(
            Owner::EnterpriseOwner,
            format!(
                "If it is connected to {slug}, look for it among the known installations, in the settings at \
                 https://{}/enterprises/{slug}: it may stand there under another name",
                apex(seen)
            ),
        )
        .step(
            Owner::GithubSupport,
            format!("If it is connected and not among them, or what is left of an earlier connection of {host} stays, ask to have the account put right"),
        )
}

/// The account has no record of the server as connected, and the server's log does not tell.
pub(super) fn unread(seen: &Seen<'_>, own: &[&Installation], why: &str) -> Finding {
    let host = seen.host();
    let message = format!(
        "{}, and whether the server is connected to another enterprise account cannot be told: {why}.",
        no_record(seen, own)
    );
    let evidence = json!({ "records": own, "names": seen.own.names, "log": seen.story() });
    Finding::new(&UNPROVEN, host.to_owned(), message)
        .evidence(evidence)
        .command(Owner::ServerAdmin, look(seen), LOG)
        .step(
            Owner::ServerAdmin,
            format!(
                "Let the server answer https://{host}/api/v3/enterprises/SLUG/audit-log to the owner of the token, with the SLUG of \
                 its own Enterprise settings, and check again"
            ),
        )
}

/// What the account knows of a server that it has not connected.
fn no_record(seen: &Seen<'_>, own: &[&Installation]) -> String {
    let (host, slug) = (seen.host(), &seen.account.slug);
    match own {
        [] => format!("{slug} has no record of {host}"),
        [record, ..] => {
            format!("{slug} has a record of {host}{} that says that it is not connected", since(record))
        }
    }
}

/// The server's log tells of a connection, and the account knows nothing of it.
pub(super) fn elsewhere(seen: &Seen<'_>, story: &Story) -> Finding {
    let (host, slug) = (seen.host(), &seen.account.slug);
    let others = others(seen);
    let another = match others.as_slice() {
        [] => String::new(),
        others => format!(
            ", unless {slug} knows it under another name: it has connected {}",
            listing(others, MOST_NAMED)
        ),
    };
    let message = format!(
        "The audit log of {host} says that the server is connected{}, and {slug} has no record of it. So it is connected to another \
         enterprise account{another}.",
        logged(Some(story)),
    );
    Finding::new(&ELSEWHERE, host.to_owned(), message)
        .evidence(json!({ "names": seen.own.names, "log": story, "others": others }))
        .step(
            Owner::ServerAdmin,
            format!(
                "Look to which enterprise account the server is connected: {}. A server has one connection at a time. If it is to \
                 be connected to {slug}, disable GitHub Connect on that page first, then check again",
                page(seen)
            ),
        )
        .step(
            Owner::Operator,
            "If that is the account that it is meant for, check with its name in --enterprise",
        )
        .step(
            Owner::ServerAdmin,
            "If the page offers \"Enable GitHub Connect\", the connection was reset without a word in the log, by `ghe-restore` \
             without -c for instance: the server can be connected from that page",
        )
}

/// The account has a record of the server that says that it is not connected.
pub(super) fn leftover(seen: &Seen<'_>, record: &Installation) -> Finding {
    let (host, slug) = (&record.host_name, &seen.account.slug);
    let updated = record.updated_at.map_or_else(String::new, |at| format!(" (last changed on {})", day(at)));
    let message = format!(
        "{slug} has a record of {host}{}{updated} that says that it is not connected. It may be left from a setup that was not \
         finished, from a connection that was ended, or from license usage that was uploaded by hand: which one, GitHub does not \
         say. After a setup that was not finished GitHub refuses the next one.",
        since(record),
    );
    finding(seen, &LEFTOVER, record, None, message)
        .step(
            Owner::EnterpriseOwner,
            format!(
                "Before GitHub Connect is enabled, look at {host} among the known installations of {slug}, in its settings at \
                 https://{}/enterprises/{slug}, and remove it if a setup was begun and not finished",
                apex(seen)
            ),
        )
        .step(
            Owner::EnterpriseOwner,
            format!(
                "Or try as it is: if GitHub answers \"A connection for {host} already exists\", remove it then, and try again"
            ),
        )
}

fn look_at_the_server(seen: &Seen<'_>, host: &str, finding: Finding) -> Finding {
    let slug = &seen.account.slug;
    finding
        .command(Owner::ServerAdmin, look(seen), LOG)
        .then(
            Owner::ServerAdmin,
            format!(
                "If it is connected to {slug}, turn license synchronization on there, synchronize once by hand, and check again"
            ),
        )
        .step(
            Owner::EnterpriseOwner,
            format!(
                "If it is not, as after a restore without `ghe-restore -c`, remove {host} from the known installations of {slug}, \
                 in its settings at https://{}/enterprises/{slug}, before it is connected again",
                apex(seen)
            ),
        )
}

/// How a person sees what no interface tells.
fn look(seen: &Seen<'_>) -> String {
    format!(
        "Look whether the server says that it is connected, and to which enterprise account: {} shows the features of a connection, \
         or offers \"Enable GitHub Connect\"; while it is not connected this prints a line every hour, in the admin shell",
        page(seen)
    )
}

fn finding(
    seen: &Seen<'_>,
    kind: &'static Kind,
    record: &Installation,
    signs: Option<&Signs>,
    message: String,
) -> Finding {
    let evidence = json!({
        "record": record,
        "names": seen.own.names,
        "heard": signs.map_or(&[][..], |signs| &signs.heard),
        "ended": seen.story().and_then(Story::ended),
        "log": seen.story(),
    });
    Finding::new(kind, record.host_name.clone(), message).evidence(evidence)
}

/// What did not come, and what came and proves nothing.
fn nothing(seen: &Seen<'_>, signs: &Signs, record: &Installation) -> String {
    let (mut none, mut unread) = (vec!["no license synchronization"], Vec::new());
    match signs.has_statistics {
        true => none.push("no statistics"),
        false => unread.push("its statistics"),
    }
    match seen.story().map(|story| &story.end) {
        Some(End::Nothing) => none.push("no event in the server's audit log"),
        Some(_) => {}
        None => unread.push("its own audit log"),
    }
    let mut looked_for = none.join(", ");
    if !unread.is_empty() {
        looked_for.push_str(&format!(" (not read: {})", and(&unread)));
    }
    let began = record.created_at;
    let useless =
        signs.heard.iter().find(|heard| heard.but.is_some() || heard.at.is_none_or(|at| Some(at) < began));
    match useless {
        None => looked_for,
        Some(Heard { what, at, but: Some(but), .. }) => {
            format!("{looked_for}, except for {what}{} that {but}", on(*at))
        }
        Some(Heard { what, at: at @ Some(_), but: None, .. }) => {
            format!("{looked_for} (the last, {what}{}, was before)", on(*at))
        }
        Some(Heard { what, at: None, but: None, .. }) => {
            format!("{looked_for}, except for {what} without a date that can be read")
        }
    }
}

/// The events that say that the server is connected: ` (dotcom_connection.create on 2026-10-26, …)`.
fn logged(story: Option<&Story>) -> String {
    let Some(story) = story else { return String::new() };
    let made = story.made.map(|at| format!("{MADE} on {}", day(at)));
    let last = story.last.as_ref().filter(|last| last.action != MADE || made.is_none());
    let last = last.map(|last| format!("{}{}", last.action, on(last.at)));
    let events: Vec<String> = made.into_iter().chain(last).collect();
    if events.is_empty() { String::new() } else { format!(" ({}, and no {ENDED} since)", events.join(", ")) }
}

/// The servers of other names that the account has connected.
pub(super) fn others<'a>(seen: &Seen<'a>) -> Vec<&'a str> {
    let others = seen.known.servers.iter().filter(|server| server.is_connected == Some(true));
    others.map(|server| server.host_name.as_str()).collect()
}

/// The page of GitHub Connect on the server (facts §2).
fn page(seen: &Seen<'_>) -> String {
    format!("https://{}, Enterprise settings, GitHub Connect", seen.host())
}

/// What the server is to be connected to.
fn apex(seen: &Seen<'_>) -> String {
    seen.plan.product.value.apex()
}

pub(super) fn since(record: &Installation) -> String {
    record.created_at.map_or_else(String::new, |at| format!(" since {}", day(at)))
}

fn on(at: Option<Timestamp>) -> String {
    at.map_or_else(String::new, |at| format!(" on {}", day(at)))
}

pub(super) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// Servers that are listed by name.
pub(super) const MOST_NAMED: usize = 8;
/// What an unconnected server writes every hour (facts §3.4).
const LOG: &str = "grep 'Connection settings missing' /var/log/github/resqued.log | tail -n 3";
