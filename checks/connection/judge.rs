//! The judgement of a connection, by what both sides say of it.
//!
//! It is called working only where something that belongs to this record came within the time in which connected servers
//! report, and orphaned only where the server itself logged that it was disconnected after the record was made.

use gh_connect_engine::{Examination, Plan, Stop};
use gh_connect_github::cloud::{Account, Installation, Known, OwnNames, is_one_of};
use jiff::Timestamp;

use super::{
    log::{A_SETUP, End, Log, Story},
    signs::{Heard, Signs},
    words,
};
use crate::wording::listing;

/// What is judged.
#[derive(Clone)]
pub(super) struct Seen<'a> {
    pub(super) plan: &'a Plan,
    pub(super) account: &'a Account,
    /// What this server is called.
    pub(super) own: OwnNames,
    pub(super) known: &'a Known,
    /// Signs of life.
    pub(super) signs: Signs,
    /// The server's own audit log.
    pub(super) log: Log,
    pub(super) now: Timestamp,
}

impl<'a> Seen<'a> {
    /// The records of this server, whatever they say, the latest first.
    pub(super) fn own(&self) -> Vec<&'a Installation> {
        let mut own: Vec<&Installation> = self.known.records_of(&self.own.names).collect();
        own.sort_by_key(|record| std::cmp::Reverse(record.created_at));
        own
    }

    /// The name that the plan has for it.
    pub(super) fn host(&self) -> &str {
        &self.own.names[0]
    }

    /// Records that are not under a name of this server, and that may be of it.
    fn maybe_own(&self) -> impl Iterator<Item = &'a Installation> {
        let servers =
            self.known.servers.iter().filter(|server| !is_one_of(&self.own.names, Some(&server.host_name)));
        servers.filter(|server| self.own.aliases.may_be(&self.own.names, &server.host_name))
    }

    /// What its own audit log tells, where it was read.
    pub(super) fn story(&self) -> Option<&Story> {
        self.log.story()
    }

    /// The last time that a setup of this server was begun.
    fn began(&self) -> Option<Timestamp> {
        self.own().first().and_then(|latest| latest.created_at)
    }
}

/// The latest record of this server that says that it is connected.
pub(super) fn connected<'a>(known: &'a Known, names: &[String]) -> Option<&'a Installation> {
    let connected = known.records_of(names).filter(|server| server.is_connected == Some(true));
    connected.max_by_key(|record| record.created_at)
}

pub(super) fn judge(seen: &Seen<'_>) -> Result<Examination, Stop> {
    match connected(seen.known, &seen.own.names) {
        Some(record) => on_record(seen, record, &seen.signs),
        None => not_on_record(seen),
    }
}

/// The account has a record of the server as connected.
fn on_record(seen: &Seen<'_>, record: &Installation, signs: &Signs) -> Result<Examination, Stop> {
    let (began, story) = (seen.began(), seen.story());
    let proofs = signs.proofs(record, began, story);
    if let Some(last) = proofs.iter().find(|heard| heard.is_alive(record, story, seen.now)) {
        let remark = Some(format!("connected{}", words::since(record)));
        let findings = vec![words::already_connected(seen, record, signs, last)];
        return Ok(Examination { findings, remark, ..Examination::default() });
    }
    if let Some(stop) = &signs.unknown {
        return Err(stop.clone());
    }
    if let Some(ended) = story.and_then(Story::ended)
        && began.is_some_and(|began| ended >= began)
        && !signs.go_on_after(ended)
        && record.updated_at.is_none_or(|at| at.duration_since(ended) <= A_SETUP)
    {
        return Ok(words::orphaned(seen, record, signs, ended).into());
    }
    // Another check says why the log was not read, and it might have been the proof.
    if let Log::Unread(stop) = &seen.log
        && !matches!(stop, Stop::Trouble(_))
    {
        return Err(stop.clone());
    }
    Ok(words::unproven(seen, record, signs, why(seen, record, signs, proofs.first())).into())
}

/// Why a record proves no connection.
pub(super) enum Why<'a> {
    /// The server logged that it was disconnected, and this is the last that was heard of it.
    Ended(Option<Timestamp>, Option<&'a Heard>),
    /// By its log it was connected at this time, and nothing came to this account after that.
    MadeAnew(Timestamp, &'a Heard),
    /// How the story of its log ends cannot be told.
    Unclear(&'a str),
    /// A setup was begun at this time, after the last that was heard of the server.
    Begun(Timestamp, &'a Heard),
    /// This is the last that was heard of it, and it was too long ago.
    Silent(&'a Heard),
    /// Its log tells of a connection, and nothing shows that it is this one.
    Elsewhere,
    /// Nothing was heard of it yet.
    Young,
    /// Nothing was heard of it.
    Nothing,
}

fn why<'a>(seen: &'a Seen<'_>, record: &Installation, signs: &'a Signs, last: Option<&'a Heard>) -> Why<'a> {
    let story = seen.story();
    match story.map(|story| &story.end) {
        Some(End::Ended(at)) => return Why::Ended(*at, last.or(signs.heard.first())),
        Some(End::Unclear(why)) => return Why::Unclear(why),
        _ => {}
    }
    let made = story.and_then(|story| story.made);
    if let (Some(made), Some(last)) = (made, last)
        && last.at < Some(made)
    {
        return Why::MadeAnew(made, last);
    }
    if let Some(last) = last {
        return Why::Silent(last);
    }
    let heard = signs.heard.iter().find(|heard| heard.but.is_none() && heard.at.is_some());
    if let (Some(heard), Some(began)) = (heard, seen.began().filter(|_| seen.own().len() > 1)) {
        return Why::Begun(began, heard);
    }
    if story.is_some_and(|story| story.end == End::Connected) {
        return Why::Elsewhere;
    }
    let is_young = record.created_at.is_none_or(|at| seen.now.duration_since(at) <= super::signs::A_PERIOD);
    if is_young { Why::Young } else { Why::Nothing }
}

/// The account has no record of the server as connected.
fn not_on_record(seen: &Seen<'_>) -> Result<Examination, Stop> {
    all_records_are_read(seen)?;
    let own = seen.own();
    // Another check says why the log was not read, and it might have told of an end.
    if let Log::Unread(stop) = &seen.log
        && !matches!(stop, Stop::Trouble(_))
    {
        return Err(stop.clone());
    }
    if let Some(record) = seen.maybe_own().find(|record| record.is_connected != Some(false)) {
        return Ok(words::another_name(seen, record).into());
    }
    if let Some(heard) = seen.signs.without_a_record(own.first().copied(), seen.story(), seen.now) {
        return Ok(words::off_the_record(seen, &own, heard).into());
    }
    let story = match &seen.log {
        Log::Read(story) => story,
        Log::Unread(Stop::Trouble(why)) => return Ok(words::unread(seen, &own, why).into()),
        Log::Unread(stop) => return Err(stop.clone()),
    };
    let remark = match &story.end {
        End::Connected if own.is_empty() => return Ok(words::elsewhere(seen, story).into()),
        End::Connected => return Ok(words::contradicted(seen, own[0], story).into()),
        End::Unclear(why) => return Ok(words::unread(seen, &own, why).into()),
        End::Ended(Some(at)) => format!("disconnected on {}, by its own audit log", words::day(*at)),
        End::Ended(None) => "disconnected, by its own audit log".to_owned(),
        End::Nothing => "not connected yet".to_owned(),
    };
    let unread = match (&seen.signs.unknown, &seen.signs.withheld) {
        (None, _) => String::new(),
        (Some(_), Some(why)) => format!(" (not read: which servers have sent their license usage: {why})"),
        (Some(stop), None) => return Err(stop.clone()),
    };
    let left = own.into_iter().next().or_else(|| seen.maybe_own().next());
    let findings = left.map(|record| words::leftover(seen, record)).into_iter().collect();
    let remark = Some(format!("{remark}{}{unread}", others(seen)));
    Ok(Examination { findings, remark, ..Examination::default() })
}

/// Other servers that are connected: a sign that this account may connect servers, or this server under another name.
fn others(seen: &Seen<'_>) -> String {
    match words::others(seen).as_slice() {
        [] => String::new(),
        [only] => format!("; {only} is"),
        [first, second] => format!("; {first} and {second} are"),
        [first, rest @ ..] => format!("; {first} and {} others are", rest.len()),
    }
}

/// Stops where a record that was not read could be this server's.
fn all_records_are_read(seen: &Seen<'_>) -> Result<(), Stop> {
    let (name, slug) = (seen.host(), &seen.account.slug);
    let own = seen.own();
    if own.iter().any(|server| server.is_connected.is_none()) {
        return Err(Stop::Trouble(format!("{slug} knows {name}, and does not say whether it is connected")));
    }
    let read = seen.known.servers.len();
    if own.is_empty() {
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
    seen.own.unread.as_ref().map_or(Ok(()), |why| could_be_another(seen, why))
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
        told.push(format!("has connected {}", listing(&others, words::MOST_NAMED)));
    }
    if !unsaid.is_empty() {
        let verb = if unsaid.len() == 1 { "is" } else { "are" };
        told.push(format!("does not say whether {} {verb} connected", listing(&unsaid, words::MOST_NAMED)));
    }
    let (host, slug) = (seen.host(), &seen.account.slug);
    Err(Stop::Trouble(format!(
        "{slug} {}, and whether one of these is {host} is not known: the name that the server itself has was not read ({why})",
        told.join(", and "),
    )))
}
