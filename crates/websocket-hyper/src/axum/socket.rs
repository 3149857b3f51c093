//! An open connection, with the same methods as axum's own `WebSocket`.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum_core::Error;
use futures_util::{Sink, SinkExt, Stream, StreamExt, stream::FusedStream};
use http::HeaderValue;
use websocket::{CloseCode, CloseInfo, Event, Events, PreparedMessage};

use super::message::Message;
use crate::stream;

/// An open connection: a [`Stream`] of received messages and control frames, and a [`Sink`] for
/// outgoing ones.
///
/// While you read from it, the connection answers Pings, completes the closing handshake and
/// enforces its deadlines. **Keep reading**, even if you only want to send. To read in one task and
/// write in another, use [`StreamExt::split`], or [`into_inner`](Self::into_inner) and then
/// [`into_split`](websocket::WebSocket::into_split), whose halves have the methods of the crate
/// [`websocket`].
///
/// All errors hold a [`websocket::Error`]: see [`Error::into_inner`].
pub struct WebSocket {
    events: Events<stream::WebSocket>,
    protocol: Option<HeaderValue>,
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WebSocket").field(&self.events.0).finish()
    }
}

impl WebSocket {
    pub(super) const fn new(connection: stream::WebSocket, protocol: Option<HeaderValue>) -> Self {
        Self { events: Events(connection), protocol }
    }

    /// Receives the next message or control frame. Returns `None` when the connection has been
    /// closed.
    ///
    /// # Errors
    /// As for [`websocket::WebSocket::next_event`].
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn recv(&mut self) -> Option<Result<Message, Error>> {
        self.next().await
    }

    /// Sends a message or a control frame, and returns when it has been written to the stream.
    ///
    /// # Errors
    /// As for [`websocket::WebSocket::send`]. Also returns an error for a Ping or Pong of more than
    /// 125 bytes, or for a Close that cannot be sent.
    ///
    /// # Cancel safety
    /// Not cancel safe: if the future is dropped, the message may or may not have been queued.
    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        SinkExt::send(self, message).await
    }

    /// Sends a message that was encoded once for many connections.
    ///
    /// # Errors
    /// As for [`websocket::WebSocket::send_prepared`].
    ///
    /// # Cancel safety
    /// As for [`send`](Self::send).
    pub async fn send_prepared(&mut self, message: &PreparedMessage) -> Result<(), Error> {
        self.events.0.send_prepared(message).await.map_err(Error::new)
    }

    /// Closes the connection: sends a Close, waits for the peer's Close and the end of the TCP
    /// connection, and returns how the connection ended. If you drop the connection instead, the
    /// peer reports code 1006, and messages that were on their way to it may be lost.
    ///
    /// # Errors
    /// Returns an error if the close code or the reason cannot be sent.
    ///
    /// # Cancel safety
    /// As for [`websocket::WebSocket::close`].
    pub async fn close_and_wait(&mut self, code: CloseCode, reason: &str) -> Result<CloseInfo, Error> {
        self.events.0.close(code, reason).await.map_err(Error::new)
    }

    /// Returns the subprotocol in use.
    #[must_use]
    pub const fn protocol(&self) -> Option<&HeaderValue> {
        self.protocol.as_ref()
    }

    /// Returns a reference to the wrapped connection from the crate [`websocket`].
    #[must_use]
    pub const fn get_ref(&self) -> &stream::WebSocket {
        &self.events.0
    }

    /// Returns a mutable reference to the wrapped connection, which has all the methods of the
    /// crate [`websocket`].
    #[must_use]
    pub const fn get_mut(&mut self) -> &mut stream::WebSocket {
        &mut self.events.0
    }

    /// Consumes the wrapper, and returns the wrapped connection from the crate [`websocket`].
    #[must_use]
    pub fn into_inner(self) -> stream::WebSocket {
        self.events.0
    }
}

impl Stream for WebSocket {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let event: Option<Result<Event, _>> = ready!(self.events.poll_next_unpin(cx));
        Poll::Ready(event.map(|event| event.map(Message::from).map_err(Error::new)))
    }
}

impl FusedStream for WebSocket {
    fn is_terminated(&self) -> bool {
        self.events.is_terminated()
    }
}

impl Sink<Message> for WebSocket {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.events.poll_ready_unpin(cx).map_err(Error::new)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        let event = Event::try_from(message).map_err(|error| Error::new(websocket::Error::Usage(error)))?;
        self.events.start_send_unpin(event).map_err(Error::new)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.events.poll_flush_unpin(cx).map_err(Error::new)
    }

    /// Sends a Close with code 1000, unless a Close has already been sent. The task that reads from
    /// the connection receives the peer's answer.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.events.poll_close_unpin(cx).map_err(Error::new)
    }
}
