//! The ClientHello, read from the wire before anything answers it (RFC 8446 §4.1.2).

use std::io;

use tokio::io::AsyncReadExt as _;

use crate::wire::{AnyWire, Prefixed};

/// What the lab wants to know of a ClientHello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    /// The length of its first record, without the record's header.
    pub(crate) record_bytes: usize,
    /// The name of the server_name extension, in lower case.
    pub(crate) server_name: Option<String>,
    /// The cipher suites.
    pub(crate) suites: Vec<u16>,
    /// The list of the supported_versions extension.
    pub(crate) versions: Option<Vec<u16>>,
}

/// Reads the first record. Gives the hello, if it is one, and the stream as if nothing had been read.
pub(crate) async fn read(mut wire: AnyWire) -> io::Result<(Option<Hello>, AnyWire)> {
    let mut bytes = vec![0; 5];
    wire.read_exact(&mut bytes).await?;
    let length = usize::from(u16::from_be_bytes([bytes[3], bytes[4]]));
    let is_handshake = bytes[0] == HANDSHAKE && bytes[1] == 3 && length <= MAX_RECORD;
    if !is_handshake {
        return Ok((None, Box::new(Prefixed::new(bytes, wire))));
    }
    bytes.resize(5 + length, 0);
    wire.read_exact(&mut bytes[5..]).await?;
    let hello = parse(&bytes[5..]);
    Ok((hello, Box::new(Prefixed::new(bytes, wire))))
}

/// Reads the content of a first record. A hello that goes on in a second record is understood as far as it came.
fn parse(record: &[u8]) -> Option<Hello> {
    let mut message = Reader(record);
    if message.u8()? != CLIENT_HELLO {
        return None;
    }
    message.take(3)?; // the message's length: more than one record may hold
    message.take(2 + 32)?; // legacy_version, random
    message.vec8()?; // legacy_session_id
    let suites = Reader(message.vec16()?).u16s();
    message.vec8()?; // legacy_compression_methods
    let mut hello = Hello { record_bytes: record.len(), server_name: None, suites, versions: None };

    // A hello without extensions ends here.
    let mut extensions = Reader(message.vec16_or_rest().unwrap_or_default());
    while let (Some(kind), Some(content)) = (extensions.u16(), extensions.vec16()) {
        match kind {
            SERVER_NAME => hello.server_name = server_name(content),
            SUPPORTED_VERSIONS => hello.versions = Reader(content).vec8().map(|list| Reader(list).u16s()),
            _ => {}
        }
    }
    Some(hello)
}

/// The first host_name (RFC 6066 §3).
fn server_name(content: &[u8]) -> Option<String> {
    let mut list = Reader(Reader(content).vec16()?);
    if list.u8()? != 0 {
        return None;
    }
    let name = std::str::from_utf8(list.vec16()?).ok()?;
    Some(name.to_ascii_lowercase())
}

/// Takes apart what the wire calls vectors. `None` past the end.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn vec8(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }

    fn vec16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// As `vec16`, or as much of it as there is.
    fn vec16_or_rest(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.u16()?);
        self.take(length.min(self.0.len()))
    }

    fn u16s(&mut self) -> Vec<u16> {
        std::iter::from_fn(|| self.u16()).collect()
    }
}

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
const SUPPORTED_VERSIONS: u16 = 43;
const MAX_RECORD: usize = 1 << 14;
