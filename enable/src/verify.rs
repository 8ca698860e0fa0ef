//! What both sides prove of a connection. The cloud's record alone proves nothing: an abandoned setup leaves one that looks
//! connected (facts 0.2).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What both sides had before a flow began, each thing by its side's own name for it. What is there afterwards and was not there
/// before is of the flow. No clock is asked: those of this machine, of GitHub and of the server may differ by hours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// The records of the server that the cloud had as connected; `None` where they could not be read.
    pub records: Option<Vec<String>>,
    /// The events of new and of ended connections in the server's audit log; `None` where it could not be read.
    pub events: Option<Vec<String>>,
}

impl Before {
    /// Whether a record that is connected now was not connected before. Of what was not read nothing is known.
    pub fn has_not_record(&self, name: &str) -> bool {
        self.records.as_ref().is_some_and(|before| !before.iter().any(|known| known == name))
    }

    /// Whether an event was not logged before. Of what was not read nothing is known.
    pub fn has_not_event(&self, name: &str) -> bool {
        self.events.as_ref().is_some_and(|before| !before.iter().any(|known| known == name))
    }
}

/// What is known of a connection after the flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When the flow began, by the clock of this machine: to be read, and not to be held against another clock.
    pub began: Timestamp,
    /// What GitHub Enterprise Cloud answers.
    pub cloud: CloudSays,
    /// What the server shows.
    pub server: ServerSays,
}

/// What GitHub Enterprise Cloud answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CloudSays {
    /// It lists the server as connected.
    Connected {
        /// The name in its record.
        host_name: String,
        /// When the record was made by the cloud's clock, where it says so.
        since: Option<Timestamp>,
        /// Whether it was not there before this flow.
        of_this_flow: bool,
        /// GitHub's own name for the record.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<String>,
    },
    /// It does not.
    NotConnected,
    /// It could not be asked.
    Unknown(String),
}

impl CloudSays {
    /// Whether it has a record of this flow.
    pub fn is_of_this_flow(&self) -> bool {
        matches!(self, Self::Connected { of_this_flow: true, .. })
    }
}

/// What the server shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerSays {
    /// Its settings page has **Disable GitHub Connect**: seen by the browser that the program drives.
    Page,
    /// Its audit log has the event of a new connection that was not there before this flow.
    Log {
        /// When, by the server's clock.
        at: Timestamp,
    },
    /// A person saw the settings page, and it is connected: their word, recorded as such.
    Word {
        /// Whose.
        by: String,
    },
    /// The page, the log or the person says that it is not connected.
    NotConnected(String),
    /// Nothing is known of it.
    Unknown(String),
}

/// What the evidence comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// Both sides say that they are connected.
    Verified,
    /// One side does, or nobody knows. Each sentence says what is missing.
    Unverified(Vec<String>),
    /// Neither side is connected.
    NotConnected,
}

/// Verified only when the cloud lists the server by a record of this flow, and the server shows the connection.
pub fn prove(evidence: &Evidence) -> Proof {
    let mut missing = Vec::new();
    match &evidence.cloud {
        CloudSays::Connected { of_this_flow: true, .. } => {}
        CloudSays::Connected { host_name, since, .. } => {
            let of = since.map(|since| format!(" of {since}")).unwrap_or_default();
            missing.push(format!(
                "The record of {host_name} on GitHub{of} is not known to be of this flow: it was there before, or could not be read then."
            ));
        }
        CloudSays::NotConnected => missing.push("GitHub does not list the server as connected.".to_owned()),
        CloudSays::Unknown(why) => missing.push(format!("GitHub could not be asked: {why}.")),
    }
    match &evidence.server {
        ServerSays::Page | ServerSays::Log { .. } | ServerSays::Word { .. } => {}
        ServerSays::NotConnected(how) => missing.push(format!("The server is not connected: {how}.")),
        ServerSays::Unknown(why) => {
            missing.push(format!("Whether the server shows the connection is not known: {why}."))
        }
    }
    match (&evidence.cloud, &evidence.server) {
        _ if missing.is_empty() => Proof::Verified,
        (CloudSays::NotConnected, ServerSays::NotConnected(_)) => Proof::NotConnected,
        _ => Proof::Unverified(missing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minute).expect("a time")
    }

    #[test]
    fn what_was_not_read_before_is_not_known_to_be_new() {
        let read = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        for (before, is_new) in
            [(None, false), (read(&[]), true), (read(&["b"]), true), (read(&["b", "a"]), false)]
        {
            let before = Before { records: before.clone(), events: before };
            assert_eq!(
                (before.has_not_record("a"), before.has_not_event("a")),
                (is_new, is_new),
                "{before:?}"
            );
        }
    }

    #[test]
    fn both_sides_have_to_say_so() {
        // Whatever the clocks say: hours before the flow began, or after it, or nothing.
        let connected = |since: Option<Timestamp>, of_this_flow| CloudSays::Connected {
            host_name: "ghes".to_owned(),
            since,
            of_this_flow,
            record: None,
        };
        let hours = |hours: i64| Some(at(60 * hours));
        let unknown = || CloudSays::Unknown("no token".to_owned());
        let silent = || ServerSays::Unknown("nobody looked".to_owned());
        let off = || ServerSays::NotConnected("its page offers Enable GitHub Connect".to_owned());
        let word = || ServerSays::Word { by: "Ana".to_owned() };
        for (cloud, server, expected) in [
            (connected(hours(0), true), ServerSays::Page, Ok(())),
            (connected(hours(0), true), ServerSays::Log { at: at(2) }, Ok(())),
            (connected(hours(-5), true), ServerSays::Log { at: at(300) }, Ok(())),
            (connected(hours(5), true), ServerSays::Log { at: at(-300) }, Ok(())),
            (connected(None, true), word(), Ok(())),
            (connected(hours(0), true), silent(), Err(1)),
            (connected(hours(0), true), off(), Err(1)),
            (connected(hours(5), false), ServerSays::Page, Err(1)),
            (connected(hours(-5), false), ServerSays::Log { at: at(1) }, Err(1)),
            (connected(None, false), ServerSays::Page, Err(1)),
            (unknown(), ServerSays::Page, Err(1)),
            (CloudSays::NotConnected, word(), Err(1)),
            (unknown(), silent(), Err(2)),
            (CloudSays::NotConnected, off(), Err(0)),
        ] {
            let evidence = Evidence { began: at(0), cloud, server };
            let proof = prove(&evidence);
            let seen = match &proof {
                Proof::Verified => Ok(()),
                Proof::Unverified(missing) => Err(missing.len()),
                Proof::NotConnected => Err(0),
            };
            assert_eq!(seen, expected, "{evidence:?}: {proof:?}");
        }
    }
}
