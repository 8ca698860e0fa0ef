//! HTTP/1.1 as a server needs it here: request heads read within bounds, replies written byte for byte as given.

use std::io;

use time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::clock;
use crate::wire::{AnyWire, Prefixed};

/// A connection on which requests are read and replies are sent.
pub(crate) struct Connection {
    wire: AnyWire,
    /// Read, and not yet used.
    buffer: Vec<u8>,
}

/// What came in place of the next request.
pub(crate) enum Incoming {
    Request(Request),
    /// Bytes that are no HTTP/1 request, or one beyond the bounds.
    Malformed,
    /// The peer has nothing more to say.
    End,
}

/// A request.
#[derive(Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the peer wants the connection kept.
    pub(crate) keep_alive: bool,
}

impl Connection {
    pub(crate) fn new(wire: AnyWire) -> Connection {
        Connection { wire, buffer: Vec::new() }
    }

    /// Reads the next request and its body.
    pub(crate) async fn next_request(&mut self) -> io::Result<Incoming> {
        loop {
            match parse(&self.buffer) {
                Parsed::Complete { mut request, head, body } => {
                    self.buffer.drain(..head);
                    request.body = self.body(body).await?;
                    return Ok(Incoming::Request(request));
                }
                Parsed::Malformed => return Ok(Incoming::Malformed),
                Parsed::Partial if self.buffer.len() >= MAX_HEAD => return Ok(Incoming::Malformed),
                Parsed::Partial => {}
            }
            if self.wire.read_buf(&mut self.buffer).await? == 0 {
                return Ok(Incoming::End);
            }
        }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wire.write_all(bytes).await?;
        self.wire.flush().await
    }

    /// The stream, with what was read too far put back in front.
    pub(crate) fn into_wire(self) -> AnyWire {
        match self.buffer.is_empty() {
            true => self.wire,
            false => Box::new(Prefixed::new(self.buffer, self.wire)),
        }
    }

    async fn body(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < length {
            if self.wire.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.buffer.drain(..length).collect())
    }
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The host of the `Host` header, without its port, in lower case.
    pub(crate) fn host(&self) -> Option<String> {
        let authority = self.header("host")?;
        Some(authority.rsplit_once(':').map_or(authority, |(host, _port)| host).to_ascii_lowercase())
    }

    /// The path, without a query.
    pub(crate) fn path(&self) -> &str {
        self.target.split(['?', '#']).next().unwrap_or_default()
    }
}

/// A reply. Header values are bytes: some replies here are not text.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) reason: Vec<u8>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn new(status: u16) -> Reply {
        Reply { status, reason: reason(status).into(), headers: Vec::new(), body: Vec::new() }
    }

    /// Sets a header, in place of one that has the same name.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Vec<u8>>) -> Reply {
        self.set(name, value);
        self
    }

    pub(crate) fn with_body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
        self.body = body.into();
        self.with("Content-Type", content_type)
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        let value = value.into();
        match self.headers.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
            Some(header) => header.1 = value,
            None => self.headers.push((name.to_owned(), value)),
        }
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    }

    pub(crate) fn status(&mut self, status: u16) {
        self.status = status;
        self.reason = reason(status).into();
    }

    /// The head, without the empty line that ends it.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} ", self.status).into_bytes();
        head.extend_from_slice(&self.reason);
        head.extend_from_slice(b"\r\n");
        for (name, value) in &self.headers {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
        head
    }

    /// The whole reply to a request by `method`, with its length.
    pub(crate) fn to_bytes(&self, method: &str) -> Vec<u8> {
        let mut bytes = self.head();
        bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", self.body.len()).as_bytes());
        if method != "HEAD" {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }
}

/// The present in the form of a `Date` header (RFC 9110 §5.6.7), `offset` seconds off.
pub(crate) fn http_date(offset: i64) -> String {
    let at = clock::now().saturating_add(Duration::seconds(offset));
    let (weekday, month) = (at.weekday().to_string(), at.month().to_string());
    format!(
        "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
        &weekday[..3],
        at.day(),
        &month[..3],
        at.year(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

enum Parsed {
    Complete { request: Request, head: usize, body: usize },
    Partial,
    Malformed,
}

fn parse(bytes: &[u8]) -> Parsed {
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let mut parsed = httparse::Request::new(&mut headers);
    let head = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) => return Parsed::Partial,
        Err(_) => return Parsed::Malformed,
    };
    let (Some(method), Some(target), Some(version)) = (parsed.method, parsed.path, parsed.version) else {
        return Parsed::Malformed;
    };
    let mut request = Request {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: parsed
            .headers
            .iter()
            .map(|h| (h.name.to_owned(), String::from_utf8_lossy(h.value).into_owned()))
            .collect(),
        body: Vec::new(),
        keep_alive: version == 1,
    };
    let says = |name, word: &str| request.header(name).is_some_and(|v| v.to_ascii_lowercase().contains(word));
    if says("connection", "close") {
        request.keep_alive = false;
    }
    // Nothing that talks to the lab sends a body in chunks; refusing beats misreading.
    if request.header("transfer-encoding").is_some() {
        return Parsed::Malformed;
    }
    let length = match request.header("content-length").map(str::parse::<usize>) {
        None => 0,
        Some(Ok(length)) if length <= MAX_BODY => length,
        Some(_) => return Parsed::Malformed,
    };
    Parsed::Complete { request, head, body: length }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Not Allowed",
        407 => "Proxy Authentication Required",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        511 => "Network Authentication Required",
        _ => "Unknown",
    }
}

const MAX_HEAD: usize = 64 * 1024;
pub(crate) const MAX_BODY: usize = 1024 * 1024;
