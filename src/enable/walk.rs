//! What both ways through the flow need: the program presses in a window of its own ([`super::drive`]), or the person presses in
//! their own browser and the program watches both sides ([`super::accompany`]).

use std::time::Duration;

use gh_connect_enable::{
    flow::Trap,
    journal::{Journal, Step},
    verify::ServerSays,
};
use gh_connect_engine::{Effects as _, Interrupt, Machine, Permit};
use jiff::Timestamp;

use super::{steps::Steps, talk::Talk, words::Addresses};
use crate::{Ending, session::Session};

/// What both ways need.
pub(super) struct Walk<'a> {
    pub(super) session: &'a Session,
    pub(super) permit: Permit,
    pub(super) addresses: &'a Addresses,
    pub(super) journal: &'a mut Journal,
    pub(super) talk: &'a mut Talk,
    pub(super) steps: &'a mut Steps,
    pub(super) began: Timestamp,
    /// Who is at the terminal.
    pub(super) person: &'a str,
    /// How long a person who goes on by themselves is waited for.
    pub(super) patience: Duration,
}

/// How a walk ended.
pub(super) enum Ended {
    /// The connection seems to be made. What was seen of the server's page, if anything was.
    Done(Option<ServerSays>),
    /// It ended without a connection.
    Trapped(Trap),
    /// The time to wait for the person is over.
    GaveUp,
}

/// Why a walk broke off.
pub(super) enum Broken {
    Interrupted(Interrupt),
    Failed(Ending),
}

impl From<Interrupt> for Broken {
    fn from(interrupt: Interrupt) -> Self {
        Self::Interrupted(interrupt)
    }
}

impl From<std::io::Error> for Broken {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(Ending::Internal(format!("the journal cannot be written: {error}")))
    }
}

impl Walk<'_> {
    /// Notes a step in the journal.
    pub(super) fn note(&mut self, step: Step, note: &str) -> Result<(), Broken> {
        Ok(self.journal.note(Machine.now(), self.permit.run(), step, note)?)
    }
}

/// For a browser to come back to the server.
pub(super) const MOST_RETURN: Duration = Duration::from_secs(60);
/// For the person: longer than a setup is good for.
pub(super) const MOST_PATIENCE: Duration = Duration::from_secs(15 * 60);
/// Without a window nobody can act; what the lab's person does by themselves takes a moment.
pub(super) const PATIENCE_WITHOUT_WINDOW: Duration = Duration::from_secs(20);
