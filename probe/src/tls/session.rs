use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use gh_connect_engine::{Cx, Stop};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    chain::Chain,
    end::End,
    hello::{Hello, Witness},
    tap::{Meter, Tap},
    verdict::Verdicts,
};
use crate::{HostName, net::Wire, trust::TrustedRoots};

/// A TLS session whose other end has proven to be the host that was asked for, by the roots of this machine and of
/// `--ca-file`. Only a handshake that verified it makes one, so whoever holds one may send credentials
/// ([`Request::with_credential`](crate::http::Request::with_credential)).
///
/// ```compile_fail,E0451
/// fn forged(stream: gh_connect_probe::net::Wire) -> gh_connect_probe::tls::VerifiedSession {
///     gh_connect_probe::tls::VerifiedSession { stream }
/// }
/// ```
pub struct VerifiedSession {
    stream: Box<TlsStream<Tap<Wire>>>,
}

/// What came of one ClientHello.
pub(crate) struct Shaken {
    pub(crate) end: End,
    pub(crate) server_name: Option<String>,
    pub(crate) agreed: Option<Agreed>,
    pub(crate) seen: Option<(Chain, Verdicts)>,
    /// The length of the ClientHello with its record's header.
    pub(crate) hello_bytes: u64,
    pub(crate) received: u64,
    pub(crate) began: Vec<u8>,
    pub(crate) took: std::time::Duration,
    pub(crate) session: Option<VerifiedSession>,
}

/// What both sides agreed on.
pub(crate) struct Agreed {
    pub(crate) version: String,
    pub(crate) cipher: String,
    pub(crate) key_exchange: Option<String>,
}

/// A handshake about to begin.
pub(crate) struct Attempt {
    witness: Arc<Witness>,
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Attempt {
    /// Stops as trouble when `host` is no name that a certificate could be for.
    pub(crate) fn new(
        cx: &Cx,
        roots: Arc<TrustedRoots>,
        host: &HostName,
        hello: Hello,
    ) -> Result<Self, Stop> {
        let name = ServerName::try_from(host.as_str().to_owned())
            .map_err(|_| Stop::Trouble(format!("{host} is no name that a certificate can be for")))?;
        let witness = Arc::new(Witness::new(cx, roots));
        let config = hello
            .config(Arc::clone(&witness))
            .map_err(|error| Stop::Trouble(format!("TLS cannot be set up: {error}")))?;
        Ok(Self { witness, connector: Arc::new(config).into(), name })
    }

    /// Shakes hands over `wire` until `deadline`. The meter tells how it goes while it lasts.
    pub(crate) fn begin(self, wire: Wire, deadline: Instant) -> (Meter, impl Future<Output = Shaken> + Send) {
        let Self { witness, connector, name } = self;
        let (wire, meter) = Tap::new(wire);
        let server_name = match &name {
            ServerName::DnsName(name) => Some(name.as_ref().to_owned()),
            // An address cannot be told this way (RFC 6066 §3).
            _ => None,
        };
        let progress = meter.clone();
        let shaking = async move {
            let begun = Instant::now();
            let outcome = tokio::time::timeout_at(deadline, connector.connect(name, wire)).await;
            let (took, began, seen) = (begun.elapsed(), meter.began(), witness.seen());
            let verdicts = seen.as_ref().map(|(_, verdicts)| verdicts);
            let (end, stream) = match outcome {
                Err(_) => (End::timed_out(&began), None),
                Ok(Err(error)) => (End::of(&error, &began, verdicts), None),
                Ok(Ok(stream)) => (End::Verified, Some(stream)),
            };
            Shaken {
                end,
                server_name,
                agreed: stream.as_ref().map(Agreed::of),
                seen,
                hello_bytes: meter.sent_first(),
                received: meter.received(),
                began,
                took,
                session: stream.map(|stream| VerifiedSession { stream: Box::new(stream) }),
            }
        };
        (progress, shaking)
    }
}

impl Agreed {
    fn of(stream: &TlsStream<Tap<Wire>>) -> Self {
        let (_, session) = stream.get_ref();
        let version = match session.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3".to_owned(),
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2".to_owned(),
            other => format!("{other:?}"),
        };
        let cipher = session.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()));
        let key_exchange = session.negotiated_key_exchange_group().map(|group| format!("{:?}", group.name()));
        Self { version, cipher: cipher.unwrap_or_default(), key_exchange }
    }
}

impl fmt::Debug for VerifiedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifiedSession")
    }
}

impl AsyncRead for VerifiedSession {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for VerifiedSession {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
