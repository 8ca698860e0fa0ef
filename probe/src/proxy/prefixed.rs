//! A stream whose first bytes were read already.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Gives out `early` before what `inner` gives; writes go to `inner`.
pub(super) struct Prefixed<W> {
    early: Vec<u8>,
    given: usize,
    inner: W,
}

impl<W> Prefixed<W> {
    pub(super) fn new(early: Vec<u8>, inner: W) -> Self {
        Self { early, given: 0, inner }
    }
}

impl<W: AsyncRead + Unpin> AsyncRead for Prefixed<W> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = &self.early[self.given..];
        if left.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let now = left.len().min(buf.remaining());
        buf.put_slice(&left[..now]);
        self.given += now;
        Poll::Ready(Ok(()))
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Prefixed<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test]
    async fn early_bytes_come_first_whatever_the_buffer() {
        let (mut theirs, ours) = duplex(64);
        theirs.write_all(b" world").await.expect("room");
        theirs.shutdown().await.expect("open");
        let mut wire = Prefixed::new(b"hello".to_vec(), ours);
        let mut three = [0; 3];
        wire.read_exact(&mut three).await.expect("three bytes");
        let mut rest = String::new();
        wire.read_to_string(&mut rest).await.expect("the rest");
        assert_eq!((&three, rest.as_str()), (b"hel", "lo world"));
    }
}
