//! One end of a connection, for a program.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use dissector::Direction;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    Network,
    connection::{Connection, Side},
    send_reset,
};

/// One end of a simulated TCP connection.
#[derive(Debug)]
pub struct Stream {
    network: Arc<Network>,
    connection: Arc<Connection>,
    side: Side,
}

impl Stream {
    pub(super) const fn new(network: Arc<Network>, connection: Arc<Connection>, side: Side) -> Self {
        Self { network, connection, side }
    }

    /// Returns the number of the connection.
    #[must_use]
    pub fn id(&self) -> usize {
        self.connection.id
    }

    /// Returns the number of bytes that were read from this stream.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.connection.bytes_read(self.side)
    }

    const fn outward(&self) -> Direction {
        match self.side {
            Side::Client => Direction::ToServer,
            Side::Server => Direction::ToClient,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.network.count_poll();
        self.connection.poll_read(self.side, cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.network.count_poll();
        let written = self.connection.poll_write(self.side, cx, bytes);
        if let Poll::Ready(Ok(len)) = written {
            self.network.journal.bytes(self.connection.id, self.outward(), &bytes[..len]);
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.connection.shut_down(self.side);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let host = self.connection.host(self.side);
        let host_is_lost = self.connection.belongs_to_earlier_boot(self.side, self.network.boot(host));
        if self.connection.close(self.side, host_is_lost) {
            send_reset(&self.network, &self.connection, self.side.other());
        }
    }
}
