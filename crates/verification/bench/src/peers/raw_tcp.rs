//! The first reference point: a plain TCP server that sends back every byte unchanged.
//!
//! The only costs of this server are system calls and tokio's wake-ups, which every other server on
//! tokio has as well.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    pin::Pin,
    task::{Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};

/// The size of the read buffer in bytes. All connections on the thread share one buffer. A real
/// server would use a smaller buffer, because it needs the cache for other work. But this server is
/// a reference point, so it uses this size: no other size that was tried cost less per byte.
pub(super) const BLOCK: usize = 1 << 20;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; BLOCK]);
}

pub(super) fn serve() -> io::Result<()> {
    super::serve::serve(async |mut stream| Ok(echo(&mut stream).await?))
}

async fn echo(stream: &mut TcpStream) -> io::Result<()> {
    let mut unsent = Vec::new();
    while poll_fn(|cx| {
        BUFFER.with_borrow_mut(|block| {
            let mut read = ReadBuf::new(block);
            ready!(Pin::new(&mut *stream).poll_read(cx, &mut read))?;
            let bytes = read.filled();
            let written = match Pin::new(&mut *stream).poll_write(cx, bytes) {
                Poll::Ready(written) => written?,
                Poll::Pending => 0,
            };
            // The task must not wait while it borrows the shared buffer, because other tasks use
            // that buffer too. So keep a copy of the bytes that the socket did not accept.
            unsent.extend_from_slice(&bytes[written..]);
            Poll::Ready(Ok::<_, io::Error>(!bytes.is_empty()))
        })
    })
    .await?
    {
        if !unsent.is_empty() {
            stream.write_all(&unsent).await?;
            unsent = Vec::new();
        }
    }
    Ok(())
}
