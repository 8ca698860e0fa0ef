//! What the lab saw. No credential is ever kept, only that there was one.

use std::sync::{Arc, Mutex, PoisonError};

/// One thing that reached the lab.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A DNS query.
    Query {
        /// The name server, counted from 0.
        server: usize,
        /// How it came.
        transport: Transport,
        /// The name, in lower case and without the last dot.
        name: String,
        /// The type: `A`, `AAAA`, …
        kind: String,
    },
    /// A TCP connection that was accepted, or a tunnel that arrived. What is refused or never answered is not seen.
    Connection {
        /// The host (of several at one address, the first), or the proxy's name.
        host: String,
        /// The port in the world, such as 443.
        port: u16,
        /// Whether it came through the proxy.
        through_proxy: bool,
    },
    /// A ClientHello.
    Hello {
        /// The host that answers, or the proxy's name.
        host: String,
        /// The port in the world.
        port: u16,
        /// The server name that it asks for.
        server_name: Option<String>,
        /// The length of its first record, without the record's header.
        record_bytes: usize,
    },
    /// A TLS session was agreed on, so the client took the certificate (or did not look at it).
    Session {
        /// The host that answers, or the proxy's name.
        host: String,
        /// The port in the world.
        port: u16,
        /// Whether the proxy's inspection is the other end.
        inspected: bool,
        /// Whether HTTP/2 is spoken in it.
        http2: bool,
    },
    /// A CONNECT request to the proxy.
    Connect {
        /// The target as it was written, such as `github.com:443`.
        target: String,
        /// Whether the target is an address and not a name.
        is_address: bool,
        /// What its `Proxy-Authorization` was worth.
        authorization: Authorization,
        /// The status of the reply; 0 when no proper reply was given.
        status: u16,
    },
    /// An HTTP request to a host, or for a host to the proxy in absolute form.
    Request {
        /// The host that answers, or for the proxy the one that the request names.
        host: String,
        /// The port in the world.
        port: u16,
        /// Whether it came through a TLS session.
        tls: bool,
        /// Whether it came through the proxy.
        through_proxy: bool,
        /// The method.
        method: String,
        /// The path without its query, at most 256 characters.
        path: String,
        /// Which headers that carry credentials it had, in lower case: `authorization`, `proxy-authorization`, `cookie`.
        credentials: Vec<String>,
        /// Which of the world's secrets it carried, anywhere in it, by their names: those of its tokens, `manage` for the
        /// password of the Manage API, `proxy` for that of the proxy.
        secrets: Vec<String>,
        /// What it asks for.
        asks: Asks,
    },
    /// A request for a page of either side's web site, or of the identity provider's.
    Visit {
        /// The host that answers.
        host: String,
        /// The method.
        method: String,
        /// The path without its query, at most 256 characters.
        path: String,
        /// The names of the query's parameters, without their values.
        parameters: Vec<String>,
        /// The login of who is signed in.
        signed_in: Option<String>,
        /// Whether it changed what either side keeps of the connection. Signing in and out does not.
        changed: bool,
    },
    /// A GraphQL document that was executed.
    Document {
        /// The host that answered.
        host: String,
        /// The name of its operation.
        operation: Option<String>,
        /// The fields that were resolved, each once, as `Type.field`, sorted.
        fields: Vec<String>,
    },
}

/// What an HTTP request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Something that is no API: a page, or whatever stands in its place. Whether that changes anything, `Event::Visit` says.
    Page,
    /// An answer of an API, which changes nothing.
    Answer,
    /// A change, by an API: any method that does not only look, and of GraphQL everything that is not a query.
    Change,
}

/// How a DNS query came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Transport {
    Udp,
    Tcp,
}

/// What the credentials of a request to the proxy were worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// There were none.
    Absent,
    /// They match.
    Accepted,
    /// They do not match, or are of a scheme that the proxy does not take.
    Rejected,
    /// There were some although the proxy demands none.
    Unasked,
}

/// The events so far, at most [`MAX_EVENTS`] of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Event>>>);

impl Log {
    pub(crate) fn add(&self, event: Event) {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() < MAX_EVENTS {
            events.push(event);
        }
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The first part of a text that a peer sent.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(256).collect()
}

/// Of the headers that carry credentials, those that are there.
pub(crate) fn credentials<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names
        .map(str::to_ascii_lowercase)
        .filter(|name| ["authorization", "proxy-authorization", "cookie"].contains(&name.as_str()))
        .collect()
}

const MAX_EVENTS: usize = 20_000;
