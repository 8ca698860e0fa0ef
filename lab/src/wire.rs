//! Byte streams as the lab's servers see them: a TCP connection, a TLS session in it, a tunnel in that.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// A stream that can be made to end in an RST.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {
    /// From here on, dropping the stream sends an RST in place of a FIN.
    fn reset_on_drop(&self);
}

pub(crate) type AnyWire = Box<dyn Wire>;

/// Ends a stream with an RST.
pub(crate) fn reset(wire: AnyWire) {
    wire.reset_on_drop();
}

/// Ends a stream with a FIN, and leaves the peer time to take what was sent: closing with unread input would turn the
/// FIN into an RST and could throw the last reply away.
pub(crate) async fn finish(mut wire: AnyWire) -> io::Result<()> {
    wire.shutdown().await?;
    match tokio::time::timeout(FAREWELL, hold(wire)).await {
        Ok(ended) => ended,
        Err(_elapsed) => Ok(()),
    }
}

/// Says nothing more and keeps the stream open until the peer ends it. Its bound in time is the connection's.
pub(crate) async fn hold(mut wire: AnyWire) -> io::Result<()> {
    let mut scratch = [0; 2048];
    while wire.read(&mut scratch).await? > 0 {}
    Ok(())
}

/// A stream of which some bytes were read already and are to be read again.
pub(crate) struct Prefixed {
    prefix: Vec<u8>,
    taken: usize,
    rest: AnyWire,
}

impl Prefixed {
    pub(crate) fn new(prefix: Vec<u8>, rest: AnyWire) -> Prefixed {
        Prefixed { prefix, taken: 0, rest }
    }
}

impl AsyncRead for Prefixed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.taken < self.prefix.len() {
            let left = &self.prefix[self.taken..];
            let count = left.len().min(buf.remaining());
            buf.put_slice(&left[..count]);
            self.taken += count;
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.rest).poll_read(cx, buf)
    }
}

impl AsyncWrite for Prefixed {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.rest).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.rest).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.rest).poll_shutdown(cx)
    }
}

impl Wire for Prefixed {
    fn reset_on_drop(&self) {
        self.rest.reset_on_drop();
    }
}

impl Wire for TcpStream {
    fn reset_on_drop(&self) {
        // A connection that is gone already cannot be reset any more, and need not be.
        let _ = self.set_zero_linger();
    }
}

impl Wire for TlsStream<AnyWire> {
    fn reset_on_drop(&self) {
        self.get_ref().0.reset_on_drop();
    }
}

/// How long a peer may take to end its side after the lab has ended its own.
const FAREWELL: Duration = Duration::from_secs(10);
