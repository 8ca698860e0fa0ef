//! What both sides remember of people and of the connection. All that changes in a lab, apart from counts, is here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::clock;
use crate::world::{AuditEntry, Installation, LicenseSync, Once, Side, Start, When, World};

/// The memory of both sides.
#[derive(Debug)]
pub(crate) struct Memory {
    began: Instant,
    kept: Mutex<Kept>,
}

/// What is kept. A side looks only at what is its own, and at what one has told the other.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// Time that a test let pass.
    skipped: Duration,
    /// By the value of the cookie.
    pub(super) sessions: BTreeMap<String, Session>,
    /// Single sign-ons that the cloud has begun, by their relay state.
    pub(super) sign_ons: BTreeMap<String, SignOn>,
    /// The setup that the server waits for.
    pub(super) pending: Option<Pending>,
    /// The states of setups that the server has told the cloud of.
    pub(super) announced: BTreeSet<String>,
    /// The enterprise that the cloud has connected for a state.
    pub(super) granted: BTreeMap<String, Account>,
    /// What the server is connected to.
    pub(super) connected: Option<Connected>,
    /// The installations that the enterprises know, by the slugs of these.
    pub(super) records: BTreeMap<String, Vec<Installation>>,
    pub(super) cloud_events: Vec<AuditEntry>,
    pub(super) server_events: Vec<AuditEntry>,
    pub(super) license_sync: Vec<LicenseSync>,
}

/// A visitor's session.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) site: Site,
    /// Who has given the right password.
    pub(super) login: Option<String>,
    /// Whether the second factor was given, too.
    pub(super) verified: bool,
    /// The enterprises for which single sign-on was done.
    pub(super) signed_on: BTreeSet<String>,
    /// What forms have to bring along.
    pub(super) token: String,
    /// Where the visitor wanted to go.
    pub(super) return_to: Option<String>,
    /// On the cloud: the state of a setup, and the token with which its form is to be posted.
    pub(super) ticket: Option<(String, String)>,
    since: Duration,
}

/// Whose page it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Site {
    Server,
    Cloud,
    IdentityProvider,
}

/// A single sign-on under way.
#[derive(Clone, Debug)]
pub(super) struct SignOn {
    /// The session on the cloud that it is for.
    pub(super) session: String,
    pub(super) slug: String,
    /// What the identity provider vouches with, once it does.
    pub(super) assertion: Option<String>,
}

/// A setup that the server waits for.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) state: String,
    /// The session in which it was begun; none if that was before the lab began.
    pub(super) session: Option<String>,
    pub(super) until: Duration,
}

/// An enterprise account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) slug: String,
    pub(super) name: String,
}

/// The server's side of a connection.
#[derive(Clone, Debug)]
pub(super) struct Connected {
    pub(super) account: Account,
    /// The features that were switched on.
    pub(super) features: BTreeSet<String>,
}

impl Memory {
    pub(crate) fn new(world: &World) -> Memory {
        let enterprise = &world.enterprise;
        let host = &world.server.host;
        let of_server = |name: &String| name.eq_ignore_ascii_case(host);
        let mut kept = Kept::default();
        let records = kept.records.entry(enterprise.slug.clone()).or_default();
        records.clone_from(&enterprise.installations);
        let is_known = records.iter().any(|record| record.is_connected && of_server(&record.host_name));
        let was_heard = enterprise.license_sync.iter().any(|sync| of_server(&sync.host_name))
            || enterprise.statistics.iter().any(|report| of_server(&report.host_name));
        let start = world.web.start.unwrap_or(match is_known {
            true if was_heard => Start::Connected,
            _ => Start::NotConnected,
        });
        if matches!(start, Start::Orphan | Start::Connected) && !is_known {
            records.push(record(world, When::days_ago(1)));
        }
        match start {
            Start::NotConnected | Start::Orphan => {}
            Start::Pending => {
                kept.pending = Some(Pending {
                    state: random(),
                    session: None,
                    until: Duration::from_secs(world.web.window_seconds.into()),
                });
            }
            Start::Connected => {
                let account = Account { slug: enterprise.slug.clone(), name: enterprise.name.clone() };
                kept.connected = Some(Connected { account, features: BTreeSet::new() });
            }
        }
        Memory { began: Instant::now(), kept: Mutex::new(kept) }
    }

    /// Everything that is kept, and the time.
    pub(super) fn open(&self) -> (MutexGuard<'_, Kept>, Duration) {
        let kept = self.kept();
        let now = self.began.elapsed() + kept.skipped;
        (kept, now)
    }

    /// Lets time pass for sessions and for setups.
    pub(crate) fn let_pass(&self, time: Duration) {
        self.kept().skipped += time;
    }

    /// Whether something has happened.
    pub(crate) fn has_seen(&self, what: Once) -> bool {
        let kept = self.kept();
        match what {
            Once::SignedIn => {
                kept.sessions.values().any(|session| session.site == Site::Server && session.verified)
            }
            Once::Chosen => !kept.granted.is_empty(),
            Once::Pressed => kept.pending.is_some() || kept.connected.is_some(),
        }
    }

    /// The installations that an enterprise knows.
    pub(crate) fn installations(&self, slug: &str) -> Vec<Installation> {
        self.kept().records.get(slug).cloned().unwrap_or_default()
    }

    /// What an audit log holds: what the world says, then what happened.
    pub(crate) fn audit_log(&self, world: &World, side: Side) -> Vec<AuditEntry> {
        let kept = self.kept();
        let (said, happened) = match side {
            Side::Cloud => (&world.enterprise.audit_log, &kept.cloud_events),
            Side::Server => (&world.server.audit_log, &kept.server_events),
        };
        said.iter().chain(happened).cloned().collect()
    }

    /// The licence synchronizations that the enterprise has seen.
    pub(crate) fn license_sync(&self, world: &World) -> Vec<LicenseSync> {
        world.enterprise.license_sync.iter().chain(&self.kept().license_sync).cloned().collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Begins a session and gives the value of its cookie.
    pub(super) fn begin(&mut self, site: Site, login: Option<String>, now: Duration) -> String {
        while self.sessions.len() >= MAX_SESSIONS {
            self.sessions.pop_first();
        }
        let id = random();
        let session = Session {
            site,
            login,
            verified: false,
            signed_on: BTreeSet::new(),
            token: random(),
            return_to: None,
            ticket: None,
            since: now,
        };
        self.sessions.insert(id.clone(), session);
        id
    }

    /// The session of a cookie, unless it has ended.
    pub(super) fn session(
        &self,
        site: Site,
        cookie: &str,
        now: Duration,
        lifetime: Option<u32>,
    ) -> Option<&Session> {
        let session = self.sessions.get(cookie).filter(|session| session.site == site)?;
        let lifetime = lifetime.map(|seconds| Duration::from_secs(seconds.into()));
        let has_ended = lifetime.is_some_and(|lifetime| now >= session.since + lifetime);
        // Nobody is signed out who is not in.
        (session.login.is_none() || !has_ended).then_some(session)
    }

    /// The setup that the server still waits for.
    pub(super) fn awaited(&self, now: Duration) -> Option<&Pending> {
        self.pending.as_ref().filter(|pending| now < pending.until)
    }

    /// Begins a setup, or goes on with the one that the server waits for, and gives its state.
    pub(super) fn announce(&mut self, session: &str, until: Duration) -> String {
        let state = random();
        self.pending = Some(Pending { state: state.clone(), session: Some(session.to_owned()), until });
        self.announced.insert(state.clone());
        state
    }

    /// Notes that an enterprise is connected with the server.
    pub(super) fn connect(&mut self, slug: &str, world: &World) {
        let records = self.records.entry(slug.to_owned()).or_default();
        let new = record(world, this_moment());
        match records.iter_mut().find(|known| known.host_name.eq_ignore_ascii_case(&new.host_name)) {
            Some(known) => *known = Installation { created: known.created, ..new },
            None => records.push(new),
        }
    }

    /// Whether an enterprise has a record of a connection with a host.
    pub(super) fn knows(&self, slug: &str, host: &str) -> bool {
        let mut records = self.records.get(slug).into_iter().flatten();
        records.any(|record| record.is_connected && record.host_name.eq_ignore_ascii_case(host))
    }

    /// Forgets the record of a host. Tells whether there was one.
    pub(super) fn forget(&mut self, slug: &str, host: &str) -> bool {
        let Some(records) = self.records.get_mut(slug) else { return false };
        let before = records.len();
        records.retain(|record| !record.host_name.eq_ignore_ascii_case(host));
        records.len() < before
    }

    /// Notes an event of today in the audit log of a side.
    pub(super) fn happened(&mut self, side: Side, action: &str, actor: &str) {
        let event = AuditEntry {
            action: action.to_owned(),
            at: this_moment(),
            actor: actor.to_owned(),
            actor_ip: None,
            fields: toml::Table::new(),
        };
        match side {
            Side::Cloud => self.cloud_events.push(event),
            Side::Server => self.server_events.push(event),
        }
    }

    /// Notes that the server has just told the account of its licences.
    pub(super) fn synchronized(&mut self, host: &str) {
        self.license_sync.push(LicenseSync {
            host_name: host.to_owned(),
            at: this_moment(),
            status: "success".to_owned(),
            error: String::new(),
        });
    }
}

/// A record of the server, connected.
fn record(world: &World, since: When) -> Installation {
    Installation {
        host_name: world.server.host.clone(),
        is_connected: true,
        customer: world.server.license.company.clone(),
        created: since,
        updated: since,
    }
}

fn this_moment() -> When {
    When::At(clock::now())
}

/// What nobody guesses: 128 bits in hexadecimal digits.
pub(super) fn random() -> String {
    let mut bytes = [0; 16];
    // Without entropy the lab's keys would have failed before.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const MAX_SESSIONS: usize = 10_000;
