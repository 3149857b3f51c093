//! A connection: the protocol's engine and a byte stream, with tokio between them.
//!
//! One rule keeps this file short: all state that must survive an `.await` is in [`WebSocket`] itself, never in a
//! future. A future of [`next`](WebSocket::next) that is dropped half-way, as `select!` does with the branch that lost,
//! has therefore taken nothing with it.
//!
//! Reading, in the order in which it is tried:
//!
//! ```text
//!   1. an event in the bytes that are here     -> hand it out
//!   2. something to send                       -> write it: one write for all that the last read caused
//!   3. bytes at the socket                     -> read, go to 1
//!   4. a deadline that has passed              -> tell the engine, go to 1   (before 3 if the peer never pauses)
//!   5. wait for any of these
//! ```
//!
//! Because 2 comes after 1, a loop that answers each message it gets sends all its answers to one read in one write.
//!
//! | file | what it holds |
//! |---|---|
//! | here | the connection, and what it is as a `Stream` and a `Sink` |
//! | `receiving` | the steps above |
//! | `sending` | what is sent, and the writes that take it out |

mod receiving;
mod sending;

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use futures_util::{Sink, Stream};
use protocol::{CloseCode, CloseFrame, CloseInfo, Connection, Message, State, Violation, handshake::Extension};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, Sleep},
};

use crate::{buffer_pool::Reads, error::Error, wakers::SharedWakers};

/// An open WebSocket connection over a byte stream `S`.
///
/// It is a [`Stream`] of messages that arrive and a [`Sink`] for messages to send, and has methods for both and for the
/// rest. Pings are answered, the closing handshake is answered, deadlines are kept, all while the connection is being
/// read: **keep reading it**, even if you only want to send.
///
/// Every method is cancel-safe: dropping its future loses no message that arrived, and a message that was to be sent is
/// either sent whole or not at all.
#[derive(Debug)]
pub struct WebSocket<S> {
    stream: S,
    engine: Connection,
    reads: Reads,
    /// What the handshake agreed on, if anything.
    agreed: Option<Box<Agreed>>,
    /// Runs while the engine has a deadline. Boxed, because most connections have none most of the time.
    timer: Option<Pin<Box<Sleep>>>,
    /// When bytes were last read.
    read_at: std::time::Instant,
    /// The task that reads, to be woken when another one has changed the deadlines.
    reader: Option<Waker>,
    /// Whoever waits for the socket to become writable, or for a deadline; made when two tasks might.
    wakers: Option<Arc<SharedWakers>>,
    /// The peer has ended its direction of the stream: there is nothing more to read.
    ended: bool,
    /// Bytes were written that the stream may still hold back, as TLS does.
    flushing: bool,
    /// A half-close was asked for, and the stream has not finished it.
    half_closing: bool,
    /// The engine has let go of the stream.
    disconnected: bool,
    /// Why reading failed, to be told when the stream is closed.
    failure: Option<Box<Failure>>,
}

#[derive(Debug)]
struct Agreed {
    subprotocol: Option<String>,
    extensions: Vec<Extension>,
}

#[derive(Debug)]
enum Failure {
    Violation(Violation),
    Io(io::Error),
    /// The error, or the end, was told: nothing follows.
    Told,
}

/// Something that arrived, for those who want to see more than messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A whole message.
    Message(Message),
    /// A Ping; it has been answered.
    Ping(Bytes),
    /// A Pong.
    Pong(Bytes),
    /// The peer's Close; it has been answered. Nothing follows but the end.
    Close(Option<CloseFrame>),
}

impl<S> WebSocket<S> {
    /// A connection on a stream whose opening handshake is over. [`connect`](crate::connect) and
    /// [`accept`](crate::accept) do the handshake too.
    pub fn new(stream: S, engine: Connection) -> Self {
        Self {
            stream,
            engine,
            reads: Reads::default(),
            agreed: None,
            timer: None,
            read_at: now(),
            reader: None,
            wakers: None,
            ended: false,
            flushing: false,
            half_closing: false,
            disconnected: false,
            failure: None,
        }
    }

    pub(crate) fn agreed(mut self, subprotocol: Option<String>, extensions: Vec<Extension>) -> Self {
        if subprotocol.is_some() || !extensions.is_empty() {
            self.agreed = Some(Box::new(Agreed { subprotocol, extensions }));
        }
        self
    }

    /// The subprotocol that both sides agreed on.
    pub fn subprotocol(&self) -> Option<&str> {
        self.agreed.as_ref()?.subprotocol.as_deref()
    }

    /// The extensions that both sides agreed on.
    pub fn extensions(&self) -> &[Extension] {
        self.agreed.as_ref().map_or(&[], |agreed| &agreed.extensions)
    }

    /// OPEN, CLOSING or CLOSED.
    pub fn state(&self) -> State {
        self.engine.state()
    }

    /// How the connection ended, once it has.
    pub fn close_info(&self) -> CloseInfo {
        self.engine.close_info()
    }

    /// The byte stream beneath.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// Gives the byte stream back. Bytes that were read from it and not handled yet are lost.
    pub fn into_inner(self) -> S {
        self.stream
    }

    /// Bytes that wait to be written.
    pub fn queued_bytes(&self) -> usize {
        self.engine.queued_bytes()
    }
}

/// tokio's clock, which tests can stop and move.
pub(crate) fn now() -> std::time::Instant {
    Instant::now().into_std()
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for WebSocket<S> {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_message(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Message> for WebSocket<S> {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_capacity(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.queue(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_drain(cx)
    }

    /// Sends a Close with the code 1000. The peer's answer is waited for by whoever reads.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let normal = CloseFrame { code: CloseCode::NORMAL, reason: String::new() };
        self.queue_close(Some(normal))?;
        self.poll_flush(cx)
    }
}
