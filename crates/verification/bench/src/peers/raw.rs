//! The first limit: bytes come and go as they are, no WebSocket at all.
//!
//! All that this costs is the system's calls and tokio's wake-ups. A server that speaks WebSocket pays them as well.

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

/// What one read can bring. One block serves all connections of the thread. It is larger than a server would choose, whose
/// caches have other work too, but this is to be a limit: nothing that was tried here costs less per byte.
pub(super) const BLOCK: usize = 1 << 20;

thread_local! {
    static SHARED: RefCell<Vec<u8>> = RefCell::new(vec![0; BLOCK]);
}

pub(super) fn serve() -> io::Result<()> {
    super::serve::serve(async |mut stream| Ok(echo(&mut stream).await?))
}

async fn echo(stream: &mut TcpStream) -> io::Result<()> {
    let mut unsent = Vec::new();
    while poll_fn(|cx| {
        SHARED.with_borrow_mut(|block| {
            let mut read = ReadBuf::new(block);
            ready!(Pin::new(&mut *stream).poll_read(cx, &mut read))?;
            let bytes = read.filled();
            let written = match Pin::new(&mut *stream).poll_write(cx, bytes) {
                Poll::Ready(written) => written?,
                Poll::Pending => 0,
            };
            // The block goes back before this task waits. What the socket did not take is kept.
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
