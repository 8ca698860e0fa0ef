use std::fmt;

use gh_connect_probe::{net::Failure, tls::End};
use serde::{Deserialize, Serialize};

/// Why no whole reply came, or none that was made for the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "no-reply")]
pub enum NoReply {
    /// The host's name has no address here.
    NoAddress,
    /// No connection came about.
    Unconnected {
        /// Why.
        failure: Failure,
    },
    /// The egress proxy, which the exclusion list sends this host through, opens no tunnel: `proxy.tunnel` has its answer.
    NoTunnel,
    /// No TLS session came about, or none that can be trusted: `tls.handshake` has what was presented.
    NoSession {
        /// How the handshake ended.
        end: End,
    },
    /// A connection came about, and the reply was not whole within the time for one attempt.
    TimedOut,
    /// The connection ended before the reply did.
    Closed,
    /// What came is no HTTP.
    NotHttp,
    /// A whole reply came out of a store on the way, which proves nothing.
    Stored {
        /// What says so, a header for instance, safe to show.
        sign: String,
    },
    /// Anything else, safe to show.
    Other {
        /// In words.
        text: String,
    },
}

impl fmt::Display for NoReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => f.write_str("its name has no address here"),
            Self::Unconnected { failure } => write!(f, "no connection came about: {failure}"),
            Self::NoTunnel => f.write_str("the egress proxy opens no tunnel to it"),
            Self::NoSession { end: End::Distrusted(_) } => f.write_str("its certificate is not trusted here"),
            Self::NoSession { .. } => f.write_str("no TLS session came about"),
            Self::TimedOut => f.write_str("no whole reply came in time"),
            Self::Closed => f.write_str("the connection ended before the reply did"),
            Self::NotHttp => f.write_str("what came is no HTTP"),
            Self::Stored { sign } => write!(
                f,
                "the reply came out of a store on the way ({sign}) and was not made for this request"
            ),
            Self::Other { text } => f.write_str(text),
        }
    }
}
