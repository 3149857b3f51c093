//! A simulated listener in place of the one on a real socket.

use std::{
    future::pending,
    io,
    net::{Ipv4Addr, SocketAddr},
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc::UnboundedReceiver,
};

use crate::peer::Peer;

/// A simulated connection.
pub trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Connection for S {}

/// The stream of an accepted connection.
pub type Socket = Box<dyn Connection>;

/// Accepts the connections of a queue.
pub(crate) struct Listener {
    queue: UnboundedReceiver<Socket>,
    accepted: u16,
}

impl Listener {
    pub(crate) const fn new(queue: UnboundedReceiver<Socket>) -> Self {
        Self { queue, accepted: 0 }
    }

    /// Accepts the next connection. Each connection gets its own port.
    pub(crate) async fn accept(&mut self) -> io::Result<(Socket, Peer)> {
        let Some(stream) = self.queue.recv().await else { return pending().await };
        self.accepted = self.accepted.wrapping_add(1);
        Ok((stream, Peer::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, self.accepted)))))
    }
}
