//! A connection split into two halves, for one task that reads and one that writes.
//!
//! The halves share the connection through a lock, which is held for the duration of one poll and
//! never across an `.await`. The read half automatically does everything that the protocol
//! requires: it sends Pongs, answers a Close and enforces the deadlines.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use futures_util::{Sink, Stream, stream::FusedStream};
use http::Response;
use protocol::{CloseCode, CloseFrame, CloseInfo, Message, MessageKind, PreparedMessage, State, handshake::Extension};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    driver::Driver,
    error::Error,
    event::Event,
    negotiated::{AsNegotiated, Negotiated},
    permit::Permit,
    websocket::WebSocket,
};

/// The state that the two halves share.
#[derive(Debug)]
struct SplitState<S> {
    driver: Mutex<Driver<S>>,
    negotiated: Option<Box<Negotiated>>,
}

impl<S> SplitState<S> {
    /// Locks the driver. The other task may have poisoned the lock, for example because the
    /// function that it passed to `with_stream` panicked. Use the driver anyway, because such a
    /// function cannot change it.
    fn lock(&self) -> MutexGuard<'_, Driver<S>> {
        self.driver.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The read half of a split connection. Keep reading from it, because it also answers Pings,
/// enforces the deadlines and completes the closing handshake.
#[derive(Debug)]
pub struct ReadHalf<S>(Arc<SplitState<S>>);

/// The write half of a split connection.
#[derive(Debug)]
pub struct WriteHalf<S>(Arc<SplitState<S>>);

impl<S> WebSocket<S> {
    /// Splits the connection into a read half and a write half, for two tasks.
    ///
    /// ```
    /// # use tokio::net::TcpStream;
    /// use websocket::{CloseCode, Error, WebSocket};
    ///
    /// async fn talk(connection: WebSocket<TcpStream>) -> Result<(), Error> {
    ///     let (mut reader, mut writer) = connection.into_split();
    ///     let writing = tokio::spawn(async move {
    ///         writer.send("hello").await?;
    ///         writer.start_close(CloseCode::NORMAL, "done").await
    ///     });
    ///     while let Some(message) = reader.next().await {
    ///         println!("{}", message?);
    ///     }
    ///     writing.await.expect("the task does not panic")
    /// }
    /// ```
    pub fn into_split(self) -> (ReadHalf<S>, WriteHalf<S>) {
        let state = Arc::new(SplitState { driver: Mutex::new(self.driver), negotiated: self.negotiated });
        (ReadHalf(Arc::clone(&state)), WriteHalf(state))
    }
}

/// Defines the methods that both halves have.
macro_rules! shared_methods {
    ($half:ident) => {
        impl<S> $half<S> {
            /// Returns the negotiated subprotocol.
            #[must_use]
            pub fn subprotocol(&self) -> Option<&str> {
                self.0.negotiated.subprotocol()
            }

            /// Returns the negotiated extensions.
            #[must_use]
            pub fn extensions(&self) -> &[Extension] {
                self.0.negotiated.extensions()
            }

            /// Returns the head of the response with which the server opened the connection, or
            /// `None` on a server.
            #[must_use]
            pub fn response(&self) -> Option<&Response<()>> {
                self.0.negotiated.response()
            }

            /// Returns the state: OPEN, CLOSING or CLOSED.
            #[must_use]
            pub fn state(&self) -> State {
                self.0.lock().engine().state()
            }

            /// Returns a summary of how the connection ended, as far as this endpoint knows. The
            /// summary is final once the state is CLOSED.
            #[must_use]
            pub fn close_info(&self) -> CloseInfo {
                self.0.lock().engine().close_info()
            }

            /// Calls `look` with the byte stream, for example to get the peer's address. The
            /// connection is locked during the call.
            pub fn with_stream<T>(&self, look: impl FnOnce(&S) -> T) -> T {
                look(self.0.lock().stream())
            }
        }
    };
}

shared_methods!(ReadHalf);
shared_methods!(WriteHalf);

impl<S> ReadHalf<S> {
    /// Joins the two halves of a connection.
    ///
    /// # Errors
    /// Returns the halves if they belong to different connections.
    pub fn reunite(self, write_half: WriteHalf<S>) -> Result<WebSocket<S>, (Self, WriteHalf<S>)> {
        if !Arc::ptr_eq(&self.0, &write_half.0) {
            return Err((self, write_half));
        }
        drop(write_half);
        match Arc::try_unwrap(self.0) {
            Ok(SplitState { driver, negotiated }) => {
                Ok(WebSocket { driver: driver.into_inner().unwrap_or_else(PoisonError::into_inner), negotiated })
            }
            Err(_) => unreachable!("the two halves hold the only two references"),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> ReadHalf<S> {
    /// Receives the next message: see [`WebSocket::next`].
    ///
    /// # Errors
    /// As for [`WebSocket::next`].
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<Result<Message, Error>> {
        poll_fn(|cx| self.0.lock().poll_message(cx)).await
    }

    /// Receives the next message or control frame: see [`WebSocket::next_event`].
    ///
    /// # Errors
    /// As for [`WebSocket::next`].
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn next_event(&mut self) -> Option<Result<Event, Error>> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    pub(crate) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
        self.0.lock().poll_event(cx)
    }

    /// Puts back the buffers that the connections of this thread share: see
    /// [`WebSocket::release_memory`].
    pub fn release_memory(&mut self) {
        self.0.lock().release_memory();
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WriteHalf<S> {
    /// Sends a message: see [`WebSocket::send`].
    ///
    /// # Errors
    /// As for [`WebSocket::send`].
    ///
    /// # Cancel safety
    /// Not cancel safe: see [`WebSocket::send`] for the reason. [`reserve`](Self::reserve) is
    /// cancel safe.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.feed(message).await?;
        self.flush().await
    }

    /// Queues a message without writing it: see [`WebSocket::feed`]. The message is written by the
    /// next [`flush`](Self::flush) or [`send`](Self::send), or when the read half writes.
    ///
    /// # Errors
    /// As for [`WebSocket::send`].
    ///
    /// # Cancel safety
    /// If the future is dropped before it completes, the message is not queued.
    pub async fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.reserve().await?.feed(message)
    }

    /// Waits until the queue has room for a message: see [`WebSocket::reserve`].
    ///
    /// # Errors
    /// As for [`WebSocket::reserve`].
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn reserve(&mut self) -> Result<Permit<'_, S>, Error> {
        poll_fn(|cx| self.0.lock().poll_capacity(cx)).await?;
        Ok(Permit::of_half(&self.0.driver))
    }

    /// Sends a message that was encoded once for many connections: see
    /// [`WebSocket::send_prepared`].
    ///
    /// # Errors
    /// As for [`WebSocket::send_prepared`].
    ///
    /// # Cancel safety
    /// Not cancel safe: see [`WebSocket::send`] for the reason. [`reserve`](Self::reserve) is
    /// cancel safe.
    pub async fn send_prepared(&mut self, message: &PreparedMessage) -> Result<(), Error> {
        self.feed_prepared(message).await?;
        self.flush().await
    }

    /// Queues a message that was encoded once for many connections: see
    /// [`WebSocket::feed_prepared`].
    ///
    /// # Errors
    /// As for [`WebSocket::send_prepared`].
    ///
    /// # Cancel safety
    /// As for [`WebSocket::feed`].
    pub async fn feed_prepared(&mut self, message: &PreparedMessage) -> Result<(), Error> {
        self.reserve().await?.feed_prepared(message)
    }

    /// Sends a part of a message as a separate frame: see [`WebSocket::send_fragment`].
    ///
    /// # Errors
    /// As for [`WebSocket::send_fragment`].
    ///
    /// # Cancel safety
    /// Not cancel safe: see [`WebSocket::send`] for the reason. [`reserve`](Self::reserve) is
    /// cancel safe.
    pub async fn send_fragment(&mut self, kind: MessageKind, part: &[u8], last: bool) -> Result<(), Error> {
        self.reserve().await?.feed_fragment(kind, part, last)?;
        self.flush().await
    }

    /// Sends a Ping: see [`WebSocket::ping`].
    ///
    /// # Errors
    /// As for [`WebSocket::ping`].
    ///
    /// # Cancel safety
    /// Not cancel safe: see [`WebSocket::send`] for the reason. [`reserve`](Self::reserve) is
    /// cancel safe.
    pub async fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.reserve().await?.feed_ping(payload)?;
        self.flush().await
    }

    /// Sends an unsolicited Pong: see [`WebSocket::pong`].
    ///
    /// # Errors
    /// As for [`WebSocket::ping`].
    ///
    /// # Cancel safety
    /// Not cancel safe: see [`WebSocket::send`] for the reason. [`reserve`](Self::reserve) is
    /// cancel safe.
    pub async fn pong(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.reserve().await?.feed_pong(payload)?;
        self.flush().await
    }

    /// Writes everything that is queued.
    ///
    /// # Errors
    /// As for [`WebSocket::flush`].
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.0.lock().poll_drain(cx)).await
    }

    /// Sends a Close and returns once it is written: see [`WebSocket::start_close`]. The read half
    /// then reports the end of the connection.
    ///
    /// # Errors
    /// As for [`WebSocket::start_close`].
    ///
    /// # Cancel safety
    /// As for [`WebSocket::close`].
    pub async fn start_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.0.lock().queue_close(Some(CloseFrame::new(code, reason)?))?;
        self.flush().await
    }

    /// Returns the number of bytes that are queued but not written.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.0.lock().engine().queued_bytes()
    }

    pub(crate) fn queue_event(&mut self, event: Event) -> Result<(), Error> {
        Ok(self.0.lock().queue_event(event)?)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for ReadHalf<S> {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.lock().poll_message(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> FusedStream for ReadHalf<S> {
    fn is_terminated(&self) -> bool {
        self.0.lock().is_terminated()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Message> for WriteHalf<S> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.lock().poll_capacity(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        Ok(self.0.lock().queue(message)?)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.lock().poll_drain(cx)
    }

    /// Sends a Close with code 1000, unless a Close has already been sent. The read half receives
    /// the peer's answer.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut driver = self.0.lock();
        driver.queue_close(Some(CloseFrame::NORMAL))?;
        driver.poll_drain(cx)
    }
}
