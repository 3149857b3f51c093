//! The socket on which the server listens: TCP, or a Unix socket.

use std::{fmt, io, net::SocketAddr};

use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

#[cfg(unix)]
use crate::unix_socket::{self, SocketFile};
use crate::{args::ListenAddress, peer::Peer};

/// The stream of an accepted connection.
#[cfg(unix)]
pub(crate) type Socket = tokio_util::either::Either<TcpStream, UnixStream>;
#[cfg(not(unix))]
pub(crate) type Socket = TcpStream;

/// A listening socket.
pub(crate) enum Listener {
    Tcp {
        listener: TcpListener,
        address: SocketAddr,
    },
    #[cfg(unix)]
    Unix {
        listener: UnixListener,
        file: SocketFile,
        /// The number of connections accepted so far. A connection's number identifies it in the
        /// log.
        accepted: u64,
    },
}

impl Listener {
    /// Listens on this address. The file of a Unix socket gets the mode `socket_mode`.
    ///
    /// # Errors
    /// Returns a sentence that says what is wrong.
    #[cfg_attr(not(unix), expect(unused_variables, reason = "there are no Unix sockets"))]
    pub(crate) async fn bind(address: &ListenAddress, socket_mode: u32) -> Result<Self, String> {
        match address {
            ListenAddress::Tcp(text) => {
                let bound = TcpListener::bind(text).await;
                let bound = bound.and_then(|listener| listener.local_addr().map(|address| (listener, address)));
                let (listener, address) = bound.map_err(|error| {
                    let advice = match error.kind() {
                        io::ErrorKind::AddrInUse => "is another server running? choose another port with --listen",
                        _ => {
                            "--listen takes a port, or HOST:PORT with an address of this machine, such as 127.0.0.1:8080"
                        }
                    };
                    format!("cannot listen on {text}: {error}; {advice}")
                })?;
                Ok(Self::Tcp { listener, address })
            }
            #[cfg(unix)]
            ListenAddress::Unix(path) => {
                let (listener, file) = unix_socket::bind(path, socket_mode).await?;
                Ok(Self::Unix { listener, file, accepted: 0 })
            }
        }
    }

    /// Accepts the next connection.
    ///
    /// # Errors
    /// Returns the operating system's error if a connection cannot be accepted. A later call may
    /// still succeed.
    pub(crate) async fn accept(&mut self) -> io::Result<(Socket, Peer)> {
        match self {
            Self::Tcp { listener, .. } => {
                let (stream, address) = listener.accept().await?;
                // By default, TCP may hold back a small write, to send it in the same packet as the
                // next write. Each message is written as a whole, so holding back a write would
                // delay the message without saving a packet.
                let _ = stream.set_nodelay(true);
                #[cfg(unix)]
                let stream = Socket::Left(stream);
                Ok((stream, Peer::Tcp(address)))
            }
            #[cfg(unix)]
            Self::Unix { listener, accepted, .. } => {
                let (stream, _) = listener.accept().await?;
                *accepted += 1;
                Ok((Socket::Right(stream), Peer::Unix(*accepted)))
            }
        }
    }

    /// Returns the address of a TCP socket.
    pub(crate) const fn tcp_address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp { address, .. } => Some(*address),
            #[cfg(unix)]
            Self::Unix { .. } => None,
        }
    }

    /// Returns the TCP socket and its address, or `None` for a Unix socket.
    pub(crate) fn into_tcp(self) -> Option<(TcpListener, SocketAddr)> {
        match self {
            Self::Tcp { listener, address } => Some((listener, address)),
            #[cfg(unix)]
            Self::Unix { .. } => None,
        }
    }

    /// Returns a function that removes the file of a Unix socket. Call that function when the
    /// process ends.
    pub(crate) fn clean_up(&self) -> impl Fn() + Clone + Send + use<> {
        #[cfg(unix)]
        let file = match self {
            Self::Tcp { .. } => None,
            Self::Unix { file, .. } => Some(file.clone()),
        };
        move || {
            #[cfg(unix)]
            if let Some(file) = &file {
                file.remove();
            }
        }
    }
}

/// Shows where the server listens, as a URL or as `unix:PATH`.
impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { address, .. } => write!(f, "ws://{address}/"),
            #[cfg(unix)]
            Self::Unix { file, .. } => write!(f, "unix:{}", file.path().display()),
        }
    }
}
