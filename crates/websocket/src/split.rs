//! A connection in two halves, for two tasks: one reads, one writes.
//!
//! The halves share the connection behind a lock that is held for the length of one poll and never across an `.await`.
//! Everything that the protocol does by itself (Pongs, the answer to a Close, deadlines) is done by the reading half.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use futures_util::{Sink, Stream};
use protocol::{CloseCode, CloseFrame, CloseInfo, Message, MessageKind, PreparedMessage, State};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    error::Error,
    websocket::{Event, WebSocket},
};

type Shared<S> = Arc<Mutex<WebSocket<S>>>;

/// The half that reads. Keep reading it: it also keeps the connection alive and closes it.
#[derive(Debug)]
pub struct ReadHalf<S>(Shared<S>);

/// The half that writes.
#[derive(Debug)]
pub struct WriteHalf<S>(Shared<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Splits the connection into a half that reads and one that writes.
    pub fn split(self) -> (ReadHalf<S>, WriteHalf<S>) {
        let shared = Arc::new(Mutex::new(self));
        (ReadHalf(Arc::clone(&shared)), WriteHalf(shared))
    }
}

/// A panic in another task does not make the connection wrong: every poll leaves it whole.
fn lock<S>(shared: &Shared<S>) -> MutexGuard<'_, WebSocket<S>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: AsyncRead + AsyncWrite + Unpin> ReadHalf<S> {
    /// The next message: see [`WebSocket::next`].
    ///
    /// # Errors
    /// As for [`WebSocket::next`].
    pub async fn next(&mut self) -> Option<Result<Message, Error>> {
        poll_fn(|cx| lock(&self.0).poll_message(cx)).await
    }

    /// The next event: see [`WebSocket::next_event`].
    ///
    /// # Errors
    /// As for [`WebSocket::next`].
    pub async fn next_event(&mut self) -> Option<Result<Event, Error>> {
        poll_fn(|cx| lock(&self.0).poll_event(cx)).await
    }

    /// How the connection ended, once it has.
    #[must_use]
    pub fn close_info(&self) -> CloseInfo {
        lock(&self.0).close_info()
    }

    /// OPEN, CLOSING or CLOSED.
    #[must_use]
    pub fn state(&self) -> State {
        lock(&self.0).state()
    }

    /// Puts the halves together again, if both belong together; otherwise gives them back.
    ///
    /// # Errors
    /// The two halves, of different connections.
    pub fn reunite(self, writer: WriteHalf<S>) -> Result<WebSocket<S>, (Self, WriteHalf<S>)> {
        if !Arc::ptr_eq(&self.0, &writer.0) {
            return Err((self, writer));
        }
        drop(writer);
        match Arc::try_unwrap(self.0) {
            Ok(mutex) => Ok(mutex.into_inner().unwrap_or_else(PoisonError::into_inner)),
            Err(_) => unreachable!("the two halves hold the only two references"),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WriteHalf<S> {
    /// Sends a message: see [`WebSocket::send`]. From this half it is always written before this returns.
    ///
    /// # Errors
    /// As for [`WebSocket::send`].
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        poll_fn(|cx| lock(&self.0).poll_capacity(cx)).await?;
        lock(&self.0).queue(message.into())?;
        self.flush().await
    }

    /// Sends a message that was encoded once for many: see [`WebSocket::send_prepared`].
    ///
    /// # Errors
    /// As for [`WebSocket::send_prepared`].
    pub async fn send_prepared(&mut self, message: &PreparedMessage) -> Result<(), Error> {
        poll_fn(|cx| lock(&self.0).poll_capacity(cx)).await?;
        lock(&self.0).queue_prepared(message)?;
        self.flush().await
    }

    /// Sends a Ping: see [`WebSocket::ping`].
    ///
    /// # Errors
    /// As for [`WebSocket::ping`].
    pub async fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        lock(&self.0).queue_ping(payload)?;
        self.flush().await
    }

    /// Sends a Pong that nobody asked for: see [`WebSocket::pong`].
    ///
    /// # Errors
    /// As for [`WebSocket::pong`].
    pub async fn pong(&mut self, payload: &[u8]) -> Result<(), Error> {
        lock(&self.0).queue_pong(payload)?;
        self.flush().await
    }

    /// Sends a part of a message as a frame of its own: see [`WebSocket::send_fragment`]. From this half it is always
    /// written before this returns.
    ///
    /// # Errors
    /// As for [`WebSocket::send_fragment`].
    pub async fn send_fragment(&mut self, kind: MessageKind, part: &[u8], last: bool) -> Result<(), Error> {
        poll_fn(|cx| lock(&self.0).poll_capacity(cx)).await?;
        lock(&self.0).queue_fragment(kind, part, last)?;
        self.flush().await
    }

    /// Writes everything that was sent.
    ///
    /// # Errors
    /// As for [`WebSocket::flush`].
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| lock(&self.0).poll_drain(cx)).await
    }

    /// Sends a Close; the reading half then comes to its end: see [`WebSocket::start_close`].
    ///
    /// # Errors
    /// As for [`WebSocket::start_close`].
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        lock(&self.0).queue_close(Some(CloseFrame::new(code, reason)?))?;
        self.flush().await
    }

    /// OPEN, CLOSING or CLOSED.
    #[must_use]
    pub fn state(&self) -> State {
        lock(&self.0).state()
    }

    /// Bytes that wait to be written.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        lock(&self.0).queued_bytes()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for ReadHalf<S> {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        lock(&self.0).poll_message(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Message> for WriteHalf<S> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        lock(&self.0).poll_capacity(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        lock(&self.0).queue(message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        lock(&self.0).poll_drain(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut *lock(&self.0)).poll_close(cx)
    }
}
