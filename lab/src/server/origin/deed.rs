//! What becomes of a request: a reply, and the manner in which it is given or not.

use std::time::Duration;

use crate::http1::Reply;
use crate::server::trouble::Trouble;

/// What a request gets.
pub(crate) struct Deed {
    /// What a server in its right mind would answer.
    pub(crate) reply: Reply,
    pub(crate) manner: Manner,
    /// For how long it is held back.
    pub(crate) delay: Duration,
}

/// How a reply is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As it should be.
    #[default]
    Proper,
    /// Not at all.
    Silent,
    /// Not at all: the connection ends.
    Close,
    /// As bytes that are no HTTP.
    Garbage,
    /// A byte a second.
    Drip,
    /// Half of it, then the connection ends.
    Truncated,
    /// With a head that never ends.
    EndlessHead,
    /// With a body that never ends.
    EndlessBody,
}

impl Deed {
    pub(crate) fn new(reply: Reply, manner: Manner) -> Deed {
        Deed { reply, manner, delay: Duration::ZERO }
    }

    /// What goes wrong on the wire of HTTP/1.1, if anything does.
    pub(crate) fn trouble(&self, method: &str) -> Option<Trouble> {
        let head = || self.reply.head();
        Some(match self.manner {
            Manner::Proper => return None,
            Manner::Silent => Trouble::Silent,
            Manner::Close => Trouble::Close,
            Manner::Garbage => Trouble::Garbage,
            Manner::Drip => Trouble::Drip(self.reply.to_bytes(method)),
            Manner::Truncated => {
                let mut bytes = self.reply.to_bytes(method);
                bytes.truncate(bytes.len() - self.reply.body.len().div_ceil(2));
                Trouble::LastWords(bytes)
            }
            Manner::EndlessHead => Trouble::EndlessHead(head()),
            Manner::EndlessBody => Trouble::EndlessBody([&head()[..], b"\r\n"].concat()),
        })
    }
}
