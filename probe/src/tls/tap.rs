use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A byte stream that counts what passes, and remembers how the other side began.
#[derive(Debug)]
pub(crate) struct Tap<S> {
    stream: S,
    meter: Meter,
}

/// What passed through a [`Tap`], readable while the stream is in use and after it is gone.
#[derive(Clone, Debug)]
pub(crate) struct Meter(Arc<Mutex<Passed>>);

#[derive(Debug, Default)]
struct Passed {
    sent: u64,
    /// What was sent before the other side said anything.
    sent_first: u64,
    received: u64,
    /// The first bytes of the other side.
    began: Vec<u8>,
}

impl<S> Tap<S> {
    pub(crate) fn new(stream: S) -> (Self, Meter) {
        let meter = Meter(Arc::default());
        (Self { stream, meter: meter.clone() }, meter)
    }
}

impl Meter {
    /// Bytes that were sent before the other side said anything: the length of a ClientHello, for instance.
    pub(crate) fn sent_first(&self) -> u64 {
        self.lock().sent_first
    }

    /// Bytes that the other side sent.
    pub(crate) fn received(&self) -> u64 {
        self.lock().received
    }

    /// The first of them, at most [`REMEMBERED`].
    pub(crate) fn began(&self) -> Vec<u8> {
        self.lock().began.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Passed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let fresh = &buf.filled()[before..];
        let mut passed = self.meter.lock();
        passed.received += fresh.len() as u64;
        let wanted = REMEMBERED.saturating_sub(passed.began.len()).min(fresh.len());
        passed.began.extend_from_slice(&fresh[..wanted]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        let mut passed = self.meter.lock();
        passed.sent += written as u64;
        if passed.received == 0 {
            passed.sent_first = passed.sent;
        }
        Poll::Ready(Ok(written))
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Enough to tell a protocol by and to show.
pub(crate) const REMEMBERED: usize = 64;
