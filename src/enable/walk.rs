//! What both ways through the flow need: the program presses in a window of its own ([`super::drive`]), or the person presses in
//! their own browser and the program watches both sides ([`super::accompany`]).

use std::time::Duration;

use gh_connect_checks::ALL;
use gh_connect_enable::{
    flow::Trap,
    journal::{Journal, Step},
    verify::ServerSays,
};
use gh_connect_engine::{Clear, ConnectTarget, Effects as _, Interrupt, Machine, Permit, Stale, gate};

use super::{sides::Begun, steps::Steps, talk::Talk, words::Addresses};
use crate::{Ending, plan::UsageError, session::Session};

/// What both ways need.
pub(super) struct Walk<'a> {
    pub(super) session: &'a Session,
    pub(super) target: &'a ConnectTarget,
    /// The run that the next press rests on.
    pub(super) run: String,
    /// What that run earned.
    pub(super) clear: Option<Clear>,
    pub(super) addresses: &'a Addresses,
    pub(super) journal: &'a mut Journal,
    pub(super) talk: &'a mut Talk,
    pub(super) steps: &'a mut Steps,
    pub(super) begun: &'a Begun,
    /// Who is at the terminal.
    pub(super) person: &'a str,
    /// How long a setup is taken to be good.
    pub(super) setup: Duration,
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
    /// What was measured immediately before a press does not permit it.
    Refused(Stale),
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

impl From<Ending> for Broken {
    fn from(ending: Ending) -> Self {
        Self::Failed(ending)
    }
}

impl From<UsageError> for Broken {
    fn from(error: UsageError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<std::io::Error> for Broken {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// What came of writing to the journal.
pub(super) fn noted(written: std::io::Result<()>) -> Result<(), Broken> {
    written
        .map_err(|error| Broken::Failed(Ending::Internal(format!("the journal cannot be written: {error}"))))
}

impl Walk<'_> {
    /// Notes a step in the journal.
    pub(super) fn note(&mut self, step: Step, note: &str) -> Result<(), Broken> {
        noted(self.journal.note(Machine.now(), &self.run, step, note))
    }

    /// Leave for one press, now: everything is measured once more. Where signing in took longer than a check is good for, it is
    /// measured twice.
    pub(super) async fn permit(&mut self) -> Result<Result<Permit, Stale>, Broken> {
        let mut clear = self.clear.take();
        loop {
            let again = self.session.run(std::future::pending(), None);
            let again = gate(&self.talk.unless_interrupted(again).await?, ALL);
            let redeemed = match clear.take() {
                Some(clear) => clear.redeem(again, Machine.now()),
                None => match again {
                    Ok(first) if first.target() == self.target => {
                        clear = Some(first);
                        continue;
                    }
                    Ok(_) => Err(Stale::OtherTarget),
                    Err(reasons) => Err(Stale::Shut(reasons)),
                },
            };
            match redeemed {
                Ok((permit, next)) => {
                    permit.run().clone_into(&mut self.run);
                    self.clear = Some(next);
                    return Ok(Ok(permit));
                }
                Err(Stale::Expired(_)) => {}
                Err(stale) => return Ok(Err(stale)),
            }
        }
    }
}

/// For a browser to come back to the server.
pub(super) const MOST_RETURN: Duration = Duration::from_secs(60);
/// For the person: longer than a setup is good for.
pub(super) const MOST_PATIENCE: Duration = Duration::from_secs(15 * 60);
/// Without a window nobody can act; what the lab's person does by themselves takes a moment.
pub(super) const PATIENCE_WITHOUT_WINDOW: Duration = Duration::from_secs(20);
