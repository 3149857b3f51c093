//! A byte stream that accepts only small writes. hyper copies each write to an HTTP/2 stream,
//! however large, and holds several copies until the client's windows have room. If the stream
//! accepted large writes, a message would no longer count towards `--max-memory` although hyper
//! still held a copy of it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The maximum size of one write: 16 KiB, the most that a DATA frame can hold by default.
pub(crate) const MAX_WRITE: usize = 16 << 10;

/// A stream that shortens each write to at most [`MAX_WRITE`] bytes.
pub(crate) struct SmallWrites<S>(pub(crate) S);

impl<S: AsyncRead + Unpin> AsyncRead for SmallWrites<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for SmallWrites<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, &buf[..buf.len().min(MAX_WRITE)])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::io::IoSlice;

    use tokio::io::{AsyncWriteExt, BufWriter};

    use super::*;

    #[tokio::test]
    async fn a_large_write_is_cut_and_a_small_one_is_not() {
        let mut stream = SmallWrites(Vec::new());
        let large = vec![7; 1 << 20];
        assert_eq!(stream.write(&large).await.unwrap(), MAX_WRITE);
        assert_eq!(stream.write(&large[..100]).await.unwrap(), 100);
        let slices = [IoSlice::new(&large), IoSlice::new(&large)];
        assert_eq!(stream.write_vectored(&slices).await.unwrap(), MAX_WRITE);
        assert_eq!(stream.0.len(), 2 * MAX_WRITE + 100);
    }

    #[tokio::test]
    async fn a_flush_and_a_shutdown_reach_the_stream_below() {
        let mut stream = SmallWrites(BufWriter::new(Vec::new()));
        for (at, text) in [b"first", b"final"].into_iter().enumerate() {
            assert_eq!(stream.write(text).await.unwrap(), text.len());
            assert_eq!(stream.0.get_ref().len(), 5 * at);
            if at == 0 {
                stream.flush().await.unwrap();
            } else {
                stream.shutdown().await.unwrap();
            }
            assert_eq!(stream.0.get_ref().len(), 5 * (at + 1));
        }
    }
}
