//! What both sides prove of a connection. The cloud's record alone proves nothing: an abandoned setup leaves one that looks
//! connected (facts 0.2).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is known of a connection after the flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When the flow began: what is older belongs to another connection.
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
        /// When the record was made, where it says so.
        since: Option<Timestamp>,
    },
    /// It does not.
    NotConnected,
    /// It could not be asked.
    Unknown(String),
}

impl CloudSays {
    /// Whether it has a record that was made since then.
    pub fn is_connected_since(&self, began: Timestamp) -> bool {
        matches!(self, Self::Connected { since: Some(since), .. } if *since >= began)
    }
}

/// What the server shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerSays {
    /// Its settings page has **Disable GitHub Connect**: seen by the browser that the program drives.
    Page,
    /// Its audit log has the event of a new connection.
    Log {
        /// When.
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
        CloudSays::Connected { host_name, since: Some(since) } if *since < evidence.began => missing
            .push(format!("The record of {host_name} on GitHub is of {since}, and older than this flow.")),
        CloudSays::Connected { host_name, since: None } => {
            missing.push(format!("GitHub does not say since when {host_name} is connected."));
        }
        CloudSays::Connected { .. } => {}
        CloudSays::NotConnected => missing.push("GitHub does not list the server as connected.".to_owned()),
        CloudSays::Unknown(why) => missing.push(format!("GitHub could not be asked: {why}.")),
    }
    match &evidence.server {
        ServerSays::Log { at } if *at < evidence.began => {
            missing
                .push(format!("The event in the server's audit log is of {at}, and older than this flow."));
        }
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
    fn both_sides_have_to_say_so() {
        let connected = |since| CloudSays::Connected { host_name: "ghes".to_owned(), since };
        let unknown = || CloudSays::Unknown("no token".to_owned());
        let silent = || ServerSays::Unknown("nobody looked".to_owned());
        let off = || ServerSays::NotConnected("its page offers Enable GitHub Connect".to_owned());
        let word = || ServerSays::Word { by: "Ana".to_owned() };
        for (cloud, server, expected) in [
            (connected(Some(at(1))), ServerSays::Page, Ok(())),
            (connected(Some(at(0))), ServerSays::Log { at: at(2) }, Ok(())),
            (connected(Some(at(1))), word(), Ok(())),
            (connected(Some(at(1))), silent(), Err(1)),
            (connected(Some(at(1))), off(), Err(1)),
            (connected(Some(at(-1))), ServerSays::Page, Err(1)),
            (connected(None), ServerSays::Page, Err(1)),
            (connected(Some(at(1))), ServerSays::Log { at: at(-1) }, Err(1)),
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
