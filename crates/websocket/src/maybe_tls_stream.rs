//! A client's byte stream: TCP or another transport, with or without TLS.

use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use crate::dialer::DialedStream;

/// A client's byte stream: TCP for `ws://`, and TLS over TCP for `wss://`. A Unix socket or the
/// stream of a [dialer](crate::Connector::dial) can take the place of the TCP connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum MaybeTlsStream {
    /// TCP.
    Plain(TcpStream),
    /// TLS over TCP.
    #[cfg(feature = "tls")]
    Tls(Box<crate::tls::ClientTlsStream<TcpStream>>),
    /// TLS over TCP to a proxy, and no TLS to the server.
    #[cfg(all(feature = "tls", feature = "proxy"))]
    ProxyTls(Box<crate::tls::ClientTlsStream<TcpStream>>),
    /// TLS to the server, inside TLS over TCP to a proxy.
    #[cfg(all(feature = "tls", feature = "proxy"))]
    TlsOverProxyTls(Box<crate::tls::ClientTlsStream<Box<crate::tls::ClientTlsStream<TcpStream>>>>),
    /// A Unix socket.
    #[cfg(unix)]
    Unix(UnixStream),
    /// The stream of a dialer.
    Dialed(DialedStream),
    /// TLS over the stream of a dialer or over a Unix socket.
    #[cfg(feature = "tls")]
    TlsOverDialed(Box<crate::tls::ClientTlsStream<DialedStream>>),
}

impl MaybeTlsStream {
    /// Returns the TCP connection, which leads to the server or to a proxy. Returns `None` for a
    /// Unix socket and for the stream of a dialer.
    #[must_use]
    pub fn tcp(&self) -> Option<&TcpStream> {
        match self {
            Self::Plain(tcp) => Some(tcp),
            #[cfg(feature = "tls")]
            Self::Tls(tls) => Some(tls.get_ref().0),
            #[cfg(all(feature = "tls", feature = "proxy"))]
            Self::ProxyTls(tls) => Some(tls.get_ref().0),
            #[cfg(all(feature = "tls", feature = "proxy"))]
            Self::TlsOverProxyTls(tls) => Some(tls.get_ref().0.get_ref().0),
            #[cfg(unix)]
            Self::Unix(_) => None,
            Self::Dialed(_) => None,
            #[cfg(feature = "tls")]
            Self::TlsOverDialed(_) => None,
        }
    }

    /// Returns the address of the server, or of the proxy if the connection goes through one.
    ///
    /// # Errors
    /// The same errors as [`TcpStream::peer_addr`], plus [`io::ErrorKind::Unsupported`] for a Unix
    /// socket and for a dialer's stream.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        let no_tcp = || io::Error::new(io::ErrorKind::Unsupported, "the stream is not TCP");
        self.tcp().ok_or_else(no_tcp)?.peer_addr()
    }
}

/// Calls a method on the inner stream, whatever its type.
macro_rules! either {
    ($self:expr, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            MaybeTlsStream::Plain(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            #[cfg(feature = "tls")]
            MaybeTlsStream::Tls(stream) => {
                let $stream = Pin::new(&mut **stream);
                $call
            }
            #[cfg(all(feature = "tls", feature = "proxy"))]
            MaybeTlsStream::ProxyTls(stream) => {
                let $stream = Pin::new(&mut **stream);
                $call
            }
            #[cfg(all(feature = "tls", feature = "proxy"))]
            MaybeTlsStream::TlsOverProxyTls(stream) => {
                let $stream = Pin::new(&mut **stream);
                $call
            }
            #[cfg(unix)]
            MaybeTlsStream::Unix(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            MaybeTlsStream::Dialed(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            #[cfg(feature = "tls")]
            MaybeTlsStream::TlsOverDialed(stream) => {
                let $stream = Pin::new(&mut **stream);
                $call
            }
        }
    };
}

impl AsyncRead for MaybeTlsStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for MaybeTlsStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.is_write_vectored(),
            #[cfg(all(feature = "tls", feature = "proxy"))]
            Self::ProxyTls(stream) => stream.is_write_vectored(),
            #[cfg(all(feature = "tls", feature = "proxy"))]
            Self::TlsOverProxyTls(stream) => stream.is_write_vectored(),
            #[cfg(unix)]
            Self::Unix(stream) => stream.is_write_vectored(),
            Self::Dialed(stream) => stream.is_write_vectored(),
            #[cfg(feature = "tls")]
            Self::TlsOverDialed(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_shutdown(cx))
    }
}
