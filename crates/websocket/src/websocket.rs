//! An open connection.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::{Sink, Stream, stream::FusedStream};
use http::Response;
use protocol::{
    CloseCode, CloseFrame, CloseInfo, Connection, Message, MessageKind, MessageRef, Outbound, PreparedMessage, State,
    Uri, handshake::Extension,
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    driver::Driver,
    error::Error,
    event::Event,
    memory_budget::MemoryBudget,
    negotiated::{AsNegotiated, Negotiated},
    permit::Permit,
};

/// An open WebSocket connection over a byte stream `S`.
///
/// A `WebSocket` is a [`Stream`] of received messages and a [`Sink`] for messages to send. It also
/// has methods that receive and send messages and control frames. While you read from it, it
/// answers Pings, enforces the deadlines and completes the closing handshake. **Keep reading**,
/// even if you only want to send, because nothing happens in the background.
///
/// To read in one task and write in another, use [`into_split`](Self::into_split).
///
/// ```
/// # async fn example() -> Result<(), websocket::Error> {
/// use websocket::{CloseCode, Connector, Message};
///
/// let (near, far) = tokio::io::duplex(1024);
/// let server = tokio::spawn(async {
///     let mut connection = websocket::accept(far).await?;
///     connection.serve(|message, outbound| Ok(outbound.send_back(message)?)).await
/// });
/// let mut client = Connector::new("ws://localhost/")?.handshake(near).await?;
/// client.send("hello").await?;
/// assert_eq!(client.next().await.transpose()?, Some(Message::text("hello")));
/// let info = client.close(CloseCode::NORMAL, "done").await?;
/// assert!(info.was_clean);
/// # server.await.expect("the server does not panic")
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
/// ```
///
/// # Cancel safety
///
/// The methods that receive are cancel safe: if their future is dropped, no message is lost. The
/// methods that send first wait for room in the queue, then queue the message, and then write it.
/// If their future is dropped, the message **may or may not** have been queued, and the caller
/// cannot tell. It is either not queued at all, or queued completely and written during the next
/// call. In a `select!`, use [`reserve`](Self::reserve), which keeps the message outside the
/// future.
///
/// # Panics
///
/// Once the connection has a deadline, methods that wait panic if the runtime's timers are [not
/// enabled](crate#the-runtime).
#[derive(Debug)]
pub struct WebSocket<S> {
    pub(crate) driver: Driver<S>,
    pub(crate) negotiated: Option<Box<Negotiated>>,
}

/// The byte stream and the engine of a [`WebSocket`], returned by [`WebSocket::into_parts`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Parts<S> {
    /// The byte stream.
    pub stream: S,
    /// The engine. It holds the bytes that were read but not processed, and the bytes that were
    /// queued but not written.
    pub connection: Connection,
}

impl<S> WebSocket<S> {
    /// Creates a connection on a stream over which the opening handshake is already complete. To
    /// perform the handshake too, use [`connect`](crate::connect) or [`accept`](crate::accept).
    pub fn new(stream: S, connection: Connection) -> Self {
        Self { driver: Driver::new(stream, connection), negotiated: None }
    }

    /// Makes the connection take the memory for its messages from a [`MemoryBudget`]. Call this
    /// method before the connection is used.
    /// [`ServerConfig::memory_budget`](crate::ServerConfig::memory_budget) and
    /// [`Connector::memory_budget`](crate::Connector::memory_budget) do the same.
    #[must_use]
    pub fn with_memory_budget(mut self, budget: MemoryBudget) -> Self {
        self.driver.set_memory_budget(budget);
        self
    }

    pub(crate) fn with_negotiated(self, negotiated: Negotiated) -> Self {
        Self { negotiated: negotiated.boxed(), ..self }
    }

    /// Adds the final URI, after any redirects, to the response's extensions.
    pub(crate) fn with_uri(mut self, uri: Uri) -> Self {
        if let Some(response) = self.negotiated.as_mut().and_then(|negotiated| negotiated.response.as_mut()) {
            response.extensions_mut().insert(uri);
        }
        self
    }

    /// Returns the negotiated subprotocol.
    pub fn subprotocol(&self) -> Option<&str> {
        self.negotiated.subprotocol()
    }

    /// Returns the negotiated extensions.
    pub fn extensions(&self) -> &[Extension] {
        self.negotiated.extensions()
    }

    /// Returns the head of the response with which the server opened the connection, or `None` on a
    /// server.
    pub fn response(&self) -> Option<&Response<()>> {
        self.negotiated.response()
    }

    /// Returns the state: OPEN, CLOSING or CLOSED.
    pub fn state(&self) -> State {
        self.driver.engine().state()
    }

    /// Returns a summary of how the connection ended, as far as this endpoint knows. The summary is
    /// final once the state is CLOSED.
    pub fn close_info(&self) -> CloseInfo {
        self.driver.engine().close_info()
    }

    /// Puts back the buffers that this thread's connections share, and keeps the unprocessed bytes
    /// in a buffer of about their size.
    ///
    /// A connection does this automatically whenever it waits, but not when it returns a message:
    /// it then keeps the buffer, with the bytes that follow the message. If your task then waits a
    /// long time for something else, call this method first, so that many such tasks do not each
    /// hold a buffer of 320 KiB. If there is nothing to put back, the call costs almost nothing.
    pub fn release_memory(&mut self) {
        self.driver.release_memory();
    }

    /// Returns the number of bytes that are queued but not written.
    pub fn queued_bytes(&self) -> usize {
        self.driver.engine().queued_bytes()
    }

    /// Returns the byte stream.
    pub const fn get_ref(&self) -> &S {
        self.driver.stream()
    }

    /// Returns a mutable reference to the byte stream. Do not read from the stream or write to it,
    /// because that would break the connection.
    pub const fn get_mut(&mut self) -> &mut S {
        self.driver.stream_mut()
    }

    /// Consumes the connection, and returns the byte stream and the engine.
    pub fn into_parts(self) -> Parts<S> {
        let (stream, connection) = self.driver.into_parts();
        Parts { stream, connection }
    }
}

/// Receiving.
impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Receives the next message. Returns `None` once the connection has been closed;
    /// [`close_info`](Self::close_info) then describes how. Before this method waits, it writes
    /// what is queued. Before it returns a message that came after a Ping, it writes the Pong. In
    /// both cases, it writes only as much as the stream accepts.
    ///
    /// # Errors
    /// If the connection did not end with a closing handshake, returns one error:
    /// [`Error::Violation`], [`Error::Io`], [`Error::EndedWithoutClose`] or [`Error::NoMemory`].
    /// Messages that were complete before the error are returned first.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<Result<Message, Error>> {
        poll_fn(|cx| self.driver.poll_message(cx)).await
    }

    /// Receives the next message or control frame. Before this method returns a Ping or a Close, it
    /// writes as much of the answer as the stream accepts. In all other respects, this method
    /// behaves like [`next`](Self::next).
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn next_event(&mut self) -> Option<Result<Event, Error>> {
        poll_fn(|cx| self.driver.poll_event(cx)).await
    }

    /// Calls `answer` with each message, and with an [`Outbound`] for sending answers, until the
    /// connection has been closed.
    ///
    /// This is the fastest way to answer messages if `answer` does not have to await anything. For
    /// most messages, `answer` receives the payload without a copy or an allocation, and the
    /// answers to all messages from one read are sent in one write. If the peer reads more slowly
    /// than it sends, this method stops handling messages until the peer has caught up. Meanwhile,
    /// it still handles the control frames that come before the next message. If one of them is a
    /// Close, it stops waiting, because the peer may never read the answers.
    ///
    /// ```
    /// # async fn example(stream: tokio::net::TcpStream) -> Result<(), websocket::Error> {
    /// let mut connection = websocket::accept(stream).await?;
    /// connection.serve(|message, outbound| Ok(outbound.send_back(message)?)).await?;
    /// println!("{}", connection.close_info());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`next`](Self::next), plus any error that `answer` returns. Before `serve` returns an
    /// error from `answer`, it writes as many of the queued answers as the stream accepts. You can
    /// call `serve` again to continue with the next message.
    ///
    /// # Cancel safety
    /// Cancel safe. Answers that are queued when the future is dropped are written during the next
    /// call.
    pub async fn serve<F>(&mut self, mut answer: F) -> Result<(), Error>
    where
        F: FnMut(MessageRef<'_>, &mut Outbound<'_>) -> Result<(), Error>,
    {
        poll_fn(|cx| self.driver.poll_serve(cx, &mut answer)).await
    }
}

/// Sending.
impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Sends a message. When this method returns, the message has been written to the stream.
    ///
    /// **This method does not read while it waits for the stream.** If both endpoints send more
    /// than the sockets' buffers can hold before either reads, they wait for each other: forever,
    /// or until the time-out of the [keep-alive](protocol::KeepAlive). If your peer may send while
    /// you do, read in another task: see [`into_split`](Self::into_split).
    ///
    /// # Errors
    /// - [`Error::Usage`] unless the connection is open;
    /// - [`Error::Io`] if the stream fails, or the connection ends before everything was written.
    ///   The error says whether a time-out or a broken rule ended the connection.
    ///
    /// # Cancel safety
    /// Not cancel safe: if the future is dropped, the message may or may not have been queued. It
    /// is sent completely or not at all. [`reserve`](Self::reserve) is cancel safe.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.feed(message).await?;
        self.flush().await
    }

    /// Queues a message. The message is written by the next call that reads (such as
    /// [`next`](Self::next)), sends or [flushes](Self::flush). If no such call follows, the message
    /// is never sent.
    ///
    /// If 320 KiB or more are already queued, or more than the
    /// [`MemoryBudget`](crate::MemoryBudget) has room for, this method first writes the queue. A
    /// sender that is faster than its peer therefore waits for the peer.
    ///
    /// A loop that calls `next` and then `feed` writes only once per read, however many messages
    /// each read brings.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    ///
    /// # Cancel safety
    /// If the future is dropped before it completes, the message is not queued.
    pub async fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.reserve().await?.feed(message)
    }

    /// Waits until the queue has room for a message. Returns a permit that queues one message
    /// without waiting.
    ///
    /// Use this method where a future may be dropped, as in `select!`: the message stays with the
    /// caller until it is queued.
    ///
    /// ```
    /// # async fn example(
    /// #     mut connection: websocket::WebSocket<tokio::net::TcpStream>,
    /// #     mut ticks: tokio::time::Interval,
    /// # ) -> Result<(), websocket::Error> {
    /// let mut next = String::from("zero");
    /// loop {
    ///     tokio::select! {
    ///         permit = connection.reserve() => {
    ///             permit?.feed(std::mem::take(&mut next))?;
    ///             connection.flush().await?;
    ///         }
    ///         _ = ticks.tick() => next.push_str(" and one"),
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Io`] if the stream fails, or the connection ends before the queue has room.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn reserve(&mut self) -> Result<Permit<'_, S>, Error> {
        poll_fn(|cx| self.driver.poll_capacity(cx)).await?;
        Ok(Permit::of_whole(&mut self.driver))
    }

    /// Sends a message that was encoded once for many connections. Only a server can send a
    /// prepared message. In all other respects, this method behaves like [`send`](Self::send).
    ///
    /// ```
    /// # use tokio::net::TcpStream;
    /// use websocket::{Error, Message, PreparedMessage, WebSocket};
    ///
    /// async fn announce(clients: &mut [WebSocket<TcpStream>], text: &str) -> Result<(), Error> {
    ///     let message = PreparedMessage::new(&Message::text(text));
    ///     for client in clients {
    ///         client.send_prepared(&message).await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// As for [`send`](Self::send), and
    /// [`UsageError::PreparedForServers`](protocol::UsageError::PreparedForServers).
    ///
    /// # Cancel safety
    /// Not cancel safe: see [`send`](Self::send) for the reason. [`reserve`](Self::reserve) is
    /// cancel safe.
    pub async fn send_prepared(&mut self, message: &PreparedMessage) -> Result<(), Error> {
        self.feed_prepared(message).await?;
        self.flush().await
    }

    /// Queues a message that was encoded once for many connections. Several queued messages are
    /// sent in one write. In all other respects, this method behaves like [`feed`](Self::feed).
    ///
    /// # Errors
    /// As for [`send_prepared`](Self::send_prepared).
    ///
    /// # Cancel safety
    /// As for [`feed`](Self::feed).
    pub async fn feed_prepared(&mut self, message: &PreparedMessage) -> Result<(), Error> {
        self.reserve().await?.feed_prepared(message)
    }

    /// Sends a part of a message as a separate frame. `last` states whether the message ends with
    /// this part. See [`Connection::send_fragment`]. In all other respects, this method behaves
    /// like [`send`](Self::send).
    ///
    /// # Errors
    /// As for [`send`](Self::send) and [`Connection::send_fragment`].
    ///
    /// # Cancel safety
    /// Not cancel safe: see [`send`](Self::send) for the reason. [`reserve`](Self::reserve) is
    /// cancel safe.
    pub async fn send_fragment(&mut self, kind: MessageKind, part: &[u8], last: bool) -> Result<(), Error> {
        self.reserve().await?.feed_fragment(kind, part, last)?;
        self.flush().await
    }

    /// Sends a Ping. The Pong arrives as an [`Event::Pong`], if you read from the connection with
    /// [`next_event`](Self::next_event).
    ///
    /// # Errors
    /// As for [`send`](Self::send), plus
    /// [`UsageError::ControlTooLong`](protocol::UsageError::ControlTooLong) if `payload` is longer
    /// than 125 bytes.
    ///
    /// # Cancel safety
    /// Not cancel safe: see [`send`](Self::send) for the reason. [`reserve`](Self::reserve) is
    /// cancel safe.
    pub async fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.reserve().await?.feed_ping(payload)?;
        self.flush().await
    }

    /// Sends an unsolicited Pong. Do not use this method to answer Pings, because the connection
    /// answers them automatically.
    ///
    /// # Errors
    /// As for [`ping`](Self::ping).
    ///
    /// # Cancel safety
    /// Not cancel safe: see [`send`](Self::send) for the reason. [`reserve`](Self::reserve) is
    /// cancel safe.
    pub async fn pong(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.reserve().await?.feed_pong(payload)?;
        self.flush().await
    }

    /// Writes everything that is queued.
    ///
    /// # Errors
    /// [`Error::Io`] if the stream fails, or the connection ends before everything was written.
    ///
    /// # Cancel safety
    /// Cancel safe.
    //= docs/src/rfc6455.md#section-2-1
    //# An endpoint MAY delay the transmission of data, for example to send several messages at
    //# once.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.driver.poll_drain(cx)).await
    }

    /// Closes the connection: sends a Close, then waits for the peer's Close and for the end of the
    /// TCP connection, each for at most [`Config::close_timeout`](protocol::Config::close_timeout).
    /// Messages that still arrive are dropped. To receive them, use
    /// [`start_close`](Self::start_close) and keep reading.
    ///
    /// If the connection is already closing or closed, this method only waits for the end.
    ///
    /// # Errors
    /// [`Error::Usage`] if the code or the reason cannot be sent.
    ///
    /// # Cancel safety
    /// The Close is queued at the first poll. If the future is dropped after that, keep reading to
    /// complete the closing handshake.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<CloseInfo, Error> {
        self.driver.queue_close(Some(CloseFrame::new(code, reason)?))?;
        // Ignore errors here, because the summary that is returned below describes how the
        // connection ended.
        while self.next_event().await.is_some() {}
        Ok(self.close_info())
    }

    /// Starts the closing handshake: sends a Close and returns once it is written. Then keep
    /// reading until the connection ends, to receive the peer's answer and any messages that are
    /// still on their way.
    ///
    /// # Errors
    /// As for [`close`](Self::close), and [`Error::Io`].
    ///
    /// # Cancel safety
    /// As for [`close`](Self::close).
    pub async fn start_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.driver.queue_close(Some(CloseFrame::new(code, reason)?))?;
        self.flush().await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for WebSocket<S> {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.driver.poll_message(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> FusedStream for WebSocket<S> {
    fn is_terminated(&self) -> bool {
        self.driver.is_terminated()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Message> for WebSocket<S> {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.driver.poll_capacity(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        Ok(self.driver.queue(message)?)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.driver.poll_drain(cx)
    }

    /// Sends a Close with code 1000, unless a Close has already been sent. The task that reads from
    /// the connection receives the peer's answer.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.driver.queue_close(Some(CloseFrame::NORMAL))?;
        self.driver.poll_drain(cx)
    }
}
