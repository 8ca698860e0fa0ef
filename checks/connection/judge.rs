//! The judgement of a connection that GitHub knows.

use gh_connect_engine::{Examination, Finding, Owner, Plan, Stop};
use gh_connect_github::cloud::{
    Account, Collected, Event, Installation, Known, LastSync, SyncStatus, is_one_of,
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{ALREADY_CONNECTED, ORPHANED, UNPROVEN, moment};
use crate::wording::{and, listing};

/// What is judged.
#[derive(Clone)]
pub(super) struct Seen<'a> {
    pub(super) plan: &'a Plan,
    pub(super) account: &'a Account,
    /// The names under which this server may be known, at least one.
    pub(super) names: Vec<String>,
    /// Why the name that the server believes to have is not among them; `None` where it is.
    pub(super) unread: Option<Stop>,
    pub(super) known: &'a Known,
    /// Signs of life; not looked for where nothing is connected.
    pub(super) signs: Option<Signs>,
    pub(super) now: Timestamp,
}

/// Signs of life of this server.
#[derive(Clone, Debug, Default)]
pub(super) struct Signs {
    /// What was heard.
    pub(super) heard: Vec<Heard>,
    /// The last time that the server itself logged that it was disconnected.
    pub(super) ended: Option<Timestamp>,
    /// Why the surest of them could not be looked for.
    pub(super) unknown: Option<Stop>,
    /// Where they could not be looked for besides: nothing follows from what did not come from there.
    pub(super) unread: Vec<&'static str>,
}

impl Signs {
    /// Whether a connection of which this was heard last still is one: servers report every week, and none that was
    /// disconnected since.
    fn are_alive_by(&self, last: &Heard, now: Timestamp) -> bool {
        let recent = last.at.is_some_and(|at| now.duration_since(at).abs() <= A_MONTH);
        recent && !self.ended_after(last)
    }

    fn ended_after(&self, last: &Heard) -> bool {
        self.ended.is_some_and(|ended| last.at.is_none_or(|at| at <= ended))
    }
}

/// Something that was heard of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Heard {
    /// What.
    what: &'static str,
    /// When, where that can be read.
    at: Option<Timestamp>,
    /// Why it proves nothing: a licence synchronization that failed, say.
    #[serde(skip_serializing_if = "Option::is_none")]
    but: Option<String>,
}

impl Heard {
    /// All that was heard of the server with these names, the latest first.
    pub(super) fn all(
        names: &[String],
        licences: Option<&SyncStatus>,
        statistics: &[Collected],
        events: &[Event],
    ) -> Vec<Self> {
        let at = |text: &Option<String>| text.as_deref().and_then(moment);
        let synced = licences.and_then(|licences| licences.server_instances.as_ref()).into_iter().flatten();
        let synced =
            synced.filter(|server| is_one_of(names, server.hostname.as_deref())).filter_map(|server| {
                let last = server.last_sync.as_ref()?;
                Some(Self { what: "licence synchronization", at: at(&last.date), but: trouble(last) })
            });
        let collected = statistics.iter().filter(|day| is_one_of(names, day.host_name.as_deref()));
        let collected =
            collected.map(|day| Self { what: "server statistics", at: at(&day.collection_date), but: None });
        let logged = events.iter().filter(|event| !event.action.ends_with(".destroy"));
        let logged =
            logged.map(|event| Self { what: "an event in the server's audit log", at: event.at, but: None });
        let mut all: Vec<Self> = synced.chain(collected).chain(logged).collect();
        all.sort_by_key(|heard| std::cmp::Reverse(heard.at));
        all.truncate(MOST_HEARD);
        all
    }

    /// Whether it shows that the connection that was made at `created` works: what came before was another's.
    fn proves(&self, created: Option<Timestamp>) -> bool {
        self.but.is_none() && self.at.is_some_and(|at| created.is_none_or(|created| at >= created))
    }
}

/// When the server last logged that it was disconnected. Without a date it might have been at any time.
pub(super) fn ended(events: &[Event]) -> Option<Timestamp> {
    let ends = events.iter().filter(|event| event.action == "dotcom_connection.destroy");
    ends.map(|event| event.at.unwrap_or(Timestamp::MAX)).max()
}

/// The records of this server that say that it is connected.
pub(super) fn connected<'a>(seen: &Seen<'a>) -> Vec<&'a Installation> {
    seen.known.records_of(&seen.names).filter(|server| server.is_connected == Some(true)).collect()
}

pub(super) fn judge(seen: &Seen<'_>) -> Result<Examination, Stop> {
    let records = connected(seen);
    let Some(signs) = seen.signs.as_ref().filter(|_| !records.is_empty()) else {
        return not_connected(seen);
    };
    let last = |record: &Installation| proof(record, signs);
    let alive =
        |record: &&&Installation| last(record).is_some_and(|heard| signs.are_alive_by(heard, seen.now));
    if let Some(record) = records.iter().find(alive) {
        let finding = already_connected(seen, record, signs);
        let remark = Some(format!("connected{}", since(record)));
        return Ok(Examination { findings: vec![finding], remark, ..Examination::default() });
    }
    if let Some(stop) = &signs.unknown {
        return Err(stop.clone());
    }
    if let Some((record, heard)) = records.iter().find_map(|record| Some((record, last(record)?))) {
        return Ok(silent(seen, record, signs, heard).into());
    }
    let age = |record: &Installation| record.created_at.map(|at| seen.now.duration_since(at));
    let young = |record: &&&Installation| age(record).is_none_or(|age| age <= A_WEEK);
    Ok(match records.iter().find(young) {
        Some(record) => unproven(seen, record, signs).into(),
        None => orphaned(seen, records[0], signs).into(),
    })
}

fn not_connected(seen: &Seen<'_>) -> Result<Examination, Stop> {
    let (name, slug) = (&seen.names[0], &seen.account.slug);
    if seen.known.records_of(&seen.names).any(|server| server.is_connected.is_none()) {
        return Err(Stop::Trouble(format!("{slug} knows {name}, and does not say whether it is connected")));
    }
    let read = seen.known.servers.len();
    if seen.known.records_of(&seen.names).next().is_none() {
        match seen.known.total {
            Some(total) if total <= read as u64 => {}
            Some(total) => {
                return Err(Stop::Trouble(format!(
                    "{slug} knows {total} servers, and {read} were read: {name} is not among them"
                )));
            }
            None => {
                return Err(Stop::Trouble(format!(
                    "GitHub did not say how many servers {slug} knows: {name} is not among the {read} that were read"
                )));
            }
        }
    }
    if let Some(why) = &seen.unread {
        could_be_another(seen, why)?;
    }
    let others = seen.known.servers.iter().filter(|server| server.is_connected == Some(true));
    let others: Vec<&str> = others.map(|server| server.host_name.as_str()).collect();
    Ok(Examination::passed(match others.as_slice() {
        [] => "not connected yet".to_owned(),
        [only] => format!("not connected yet; {only} is"),
        [first, second] => format!("not connected yet; {first} and {second} are"),
        [first, rest @ ..] => format!("not connected yet; {first} and {} others are", rest.len()),
    }))
}

/// Stops where a record of another name could be of this server: GitHub knows a server by the name that it believes to
/// have, and that was not read.
fn could_be_another(seen: &Seen<'_>, why: &Stop) -> Result<(), Stop> {
    let named = |said: Option<bool>| -> Vec<&str> {
        let servers = seen.known.servers.iter().filter(|server| server.is_connected == said);
        servers.map(|server| server.host_name.as_str()).collect()
    };
    let (others, unsaid) = (named(Some(true)), named(None));
    if others.is_empty() && unsaid.is_empty() {
        return Ok(());
    }
    let Stop::Trouble(why) = why else { return Err(why.clone()) };
    let mut told = Vec::new();
    if !others.is_empty() {
        told.push(format!("has connected {}", listing(&others, MOST_NAMED)));
    }
    if !unsaid.is_empty() {
        let verb = if unsaid.len() == 1 { "is" } else { "are" };
        told.push(format!("does not say whether {} {verb} connected", listing(&unsaid, MOST_NAMED)));
    }
    let (host, slug) = (&seen.names[0], &seen.account.slug);
    Err(Stop::Trouble(format!(
        "{slug} {}, and whether one of these is {host} is not known: the name that the server itself has was not read ({why})",
        told.join(", and "),
    )))
}

fn already_connected(seen: &Seen<'_>, record: &Installation, signs: &Signs) -> Finding {
    let (host, slug) = (&record.host_name, &seen.account.slug);
    let last = proof(record, signs).map_or_else(String::new, |heard| {
        format!("; the last that was heard of it is {}{}", heard.what, on(heard.at))
    });
    let message = format!("{host} is connected to {slug} already{}{last}.", since(record));
    finding(seen, &ALREADY_CONNECTED, record, signs, message)
        .step(
            Owner::Operator,
            format!("Nothing needs to be done; which features are on is shown at {}", page(seen)),
        )
        .step(
            Owner::ServerAdmin,
            "To connect it anew, disable GitHub Connect on that page first: that deletes the GitHub App and the server's credentials",
        )
}

fn orphaned(seen: &Seen<'_>, record: &Installation, signs: &Signs) -> Finding {
    let (host, slug) = (&record.host_name, &seen.account.slug);
    let days = record.created_at.map(|at| seen.now.duration_since(at).as_hours() / 24);
    let age = days.map_or_else(String::new, |days| format!(", for {days} days"));
    let message = format!(
        "{slug} has a record of {host} as connected{}{age}, and since then nothing has come from it: {}.",
        since(record),
        nothing(signs, record)
    );
    finding(seen, &ORPHANED, record, signs, message)
        .command(
            Owner::ServerAdmin,
            format!(
                "Look what the server says: if {} offers \"Enable GitHub Connect\", it is not connected; so it is if this prints \
                 lines of today, in the admin shell",
                page(seen)
            ),
            LOG,
        )
        .then(
            Owner::EnterpriseOwner,
            format!(
                "If the server is not connected, remove {host} from the known installations of {slug}, in its settings at \
                 https://{}/enterprises/{slug}; then enable GitHub Connect again, in one go: the setup is good for 5 minutes only",
                seen.plan.product.value.apex()
            ),
        )
        .step(
            Owner::ServerAdmin,
            "If the server says that it is connected, turn licence synchronization on under GitHub Connect, synchronize once by \
             hand, and check again",
        )
        .step(Owner::GithubSupport, format!("If the record cannot be removed, ask to have the installation of {host} deleted"))
}

fn unproven(seen: &Seen<'_>, record: &Installation, signs: &Signs) -> Finding {
    let (host, slug) = (&record.host_name, &seen.account.slug);
    let message = format!(
        "{slug} has a record of {host} as connected{}, and nothing has come from it so far: {}. Servers report once a week, so \
         whether the connection was finished cannot be told yet.",
        since(record),
        nothing(signs, record)
    );
    look_at_the_server(seen, record, finding(seen, &UNPROVEN, record, signs, message))
}

/// It worked once, and `last` is what was heard last.
fn silent(seen: &Seen<'_>, record: &Installation, signs: &Signs, last: &Heard) -> Finding {
    let (host, slug) = (&record.host_name, &seen.account.slug);
    let record_says = format!("{slug} has a record of {host} as connected{}", since(record));
    let heard = format!("{}{}", last.what, on(last.at));
    let message = match signs.ended.filter(|_| signs.ended_after(last)) {
        Some(ended) => format!(
            "{record_says}, and by the server's own audit log it was disconnected{}, after the last that was heard of it, {heard}. \
             Whether it is connected now cannot be told.",
            on(dated(ended))
        ),
        None => format!(
            "{record_says}, and it was last heard of{}, by {}. Servers report once a week, so whether it still is connected \
             cannot be told.",
            on(last.at),
            last.what
        ),
    };
    look_at_the_server(seen, record, finding(seen, &UNPROVEN, record, signs, message))
}

/// `None` where it was not said when.
fn dated(ended: Timestamp) -> Option<Timestamp> {
    (ended != Timestamp::MAX).then_some(ended)
}

fn look_at_the_server(seen: &Seen<'_>, record: &Installation, finding: Finding) -> Finding {
    let (host, slug) = (&record.host_name, &seen.account.slug);
    finding
        .command(
            Owner::ServerAdmin,
            format!(
                "Look whether the server says that it is connected: {} shows the features of a connection, or offers \"Enable \
                 GitHub Connect\"; while it is not connected this prints a line every hour, in the admin shell",
                page(seen)
            ),
            LOG,
        )
        .then(
            Owner::ServerAdmin,
            "If it is connected, turn licence synchronization on there, synchronize once by hand, and check again",
        )
        .step(
            Owner::EnterpriseOwner,
            format!(
                "If it is not, remove {host} from the known installations of {slug}, in its settings at \
                 https://{}/enterprises/{slug}, before it is connected again",
                seen.plan.product.value.apex()
            ),
        )
}

fn finding(
    seen: &Seen<'_>,
    kind: &'static gh_connect_engine::Kind,
    record: &Installation,
    signs: &Signs,
    message: String,
) -> Finding {
    let evidence = serde_json::json!({ "record": record, "names": seen.names, "heard": signs.heard, "ended": signs.ended.and_then(dated) });
    Finding::new(kind, record.host_name.clone(), message).evidence(evidence)
}

/// The latest that shows that this connection works.
fn proof<'a>(record: &Installation, signs: &'a Signs) -> Option<&'a Heard> {
    signs.heard.iter().filter(|heard| heard.proves(record.created_at)).max_by_key(|heard| heard.at)
}

/// What did not come, and what came and proves nothing.
fn nothing(signs: &Signs, record: &Installation) -> String {
    let sources = [(STATISTICS, "no statistics"), (AUDIT_LOG, "no event in the server's audit log")];
    let read = sources.into_iter().filter(|(source, _)| !signs.unread.contains(source)).map(|(_, none)| none);
    let mut looked_for =
        ["no licence synchronization"].into_iter().chain(read).collect::<Vec<_>>().join(", ");
    if !signs.unread.is_empty() {
        looked_for.push_str(&format!(" (not told: {})", and(&signs.unread)));
    }
    let useless =
        signs.heard.iter().filter(|heard| !heard.proves(record.created_at)).max_by_key(|heard| heard.at);
    match useless {
        None => looked_for,
        Some(Heard { what, at, but: Some(but) }) => {
            format!("{looked_for}, except for {what}{} that {but}", on(*at))
        }
        Some(Heard { what, at: at @ Some(_), but: None }) => {
            format!("{looked_for} (the last {what}{} was before)", on(*at))
        }
        Some(Heard { what, at: None, but: None }) => {
            format!("{looked_for}, except for {what} without a date")
        }
    }
}

/// Why a licence synchronization proves nothing.
fn trouble(last: &LastSync) -> Option<String> {
    if last.status.as_deref() == Some("success") {
        return None;
    }
    let status = last.status.as_deref().unwrap_or("without a status");
    Some(match last.error.as_deref().filter(|error| !error.is_empty()) {
        Some(error) => format!("ended in \"{status}\": {error}"),
        None => format!("ended in \"{status}\""),
    })
}

/// The page of GitHub Connect on the server (facts §2).
fn page(seen: &Seen<'_>) -> String {
    format!("https://{}, Enterprise settings, GitHub Connect", seen.names[0])
}

fn since(record: &Installation) -> String {
    record.created_at.map_or_else(String::new, |at| format!(" since {}", at.strftime("%Y-%m-%d")))
}

fn on(at: Option<Timestamp>) -> String {
    at.map_or_else(String::new, |at| format!(" on {}", at.strftime("%Y-%m-%d")))
}

/// Where signs of life are looked for, besides the licence synchronization.
pub(super) const STATISTICS: &str = "its statistics";
pub(super) const AUDIT_LOG: &str = "its own audit log";
/// Connected servers report once a week (facts §1.7).
const A_WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Of four reports, at most, all were missed.
const A_MONTH: SignedDuration = SignedDuration::from_hours(31 * 24);
/// Servers that are listed by name.
const MOST_NAMED: usize = 8;
const MOST_HEARD: usize = 200;
/// What an unconnected server writes every hour (facts §3.4).
const LOG: &str = "grep 'Connection settings missing' /var/log/github/resqued.log | tail -n 3";
