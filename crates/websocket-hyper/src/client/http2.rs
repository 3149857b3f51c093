//! A client's connections over HTTP/2 (RFC 8441). Several of them, and ordinary requests too, can
//! share one TCP connection.
//!
//! ```text
//!   handshake(stream) ──▶ Http2Client ──connect──▶ WebSocket     one stream of HTTP/2 each
//!          │                   └──────connect──▶ WebSocket
//!          └──▶ Http2Connection, which a task of its own polls
//! ```

use std::{
    error::Error,
    fmt,
    future::Future,
    io,
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use http::Request;
use hyper::{
    body::Body,
    client::conn::http2::{Builder, Connection, SendRequest},
    ext::Protocol,
    rt::Executor,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};
use websocket::{ClientUpgrade, ConnectError, Connector, UsageError, protocol::handshake::ExtendedConnect};

use super::{broken, open};
use crate::stream::WebSocket;

/// The number of bytes that the server may send on one stream before we have read them: 256 KiB,
/// enough for 20 Mbit/s over a path with a round-trip time of 100 ms.
const STREAM_WINDOW: u32 = 256 << 10;

/// The number of bytes that the server may send on all streams before we have read them: 16 MiB.
/// Unread bytes on one stream reduce this window for all of them. Because it is 64 times a stream's
/// window, 63 streams that nobody reads still leave one stream's window for the others.
const CONNECTION_WINDOW: u32 = 64 * STREAM_WINDOW;

/// The limit on open streams that applies until the server's SETTINGS have arrived. No server would
/// choose this number, so any other limit shows that the SETTINGS have arrived. No stream is opened
/// before that.
const BEFORE_SETTINGS: usize = usize::MAX - 1;

/// The sending half of an HTTP/2 connection. `B` is the body type of ordinary requests. A client
/// that sends none can use `Empty<Bytes>` from the crate `http-body-util`.
pub struct Http2Client<B> {
    sender: SendRequest<B>,
    /// Whether the server supports extended CONNECT. `None` until its SETTINGS have arrived.
    support: watch::Receiver<Option<bool>>,
}

impl<B> Clone for Http2Client<B> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), support: self.support.clone() }
    }
}

impl<B> fmt::Debug for Http2Client<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http2Client").field("sender", &self.sender).finish_non_exhaustive()
    }
}

/// A future that drives an HTTP/2 connection. Spawn it: requests and WebSocket connections make
/// progress only while it is polled. It completes when the connection has ended.
#[must_use = "an HTTP/2 connection makes progress only while this future is polled"]
pub struct Http2Connection<S, B>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    connection: Connection<TokioIo<S>, B, Tasks>,
    /// `None` once the SETTINGS have arrived.
    support: Option<watch::Sender<Option<bool>>>,
    tasks: Tasks,
}

impl<S, B> fmt::Debug for Http2Connection<S, B>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http2Connection").finish_non_exhaustive()
    }
}

/// Starts HTTP/2 on a stream, which is usually a TLS stream that has negotiated the protocol `h2`
/// (ALPN). Without TLS, the client must already know that the server speaks HTTP/2.
///
/// ```no_run
/// use http_body_util::Empty;
/// use hyper::body::Bytes;
/// use websocket_hyper::{client::http2, websocket::Connector};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let stream = tokio::net::TcpStream::connect("127.0.0.1:8080").await?;
/// let (mut client, http) = http2::handshake::<_, Empty<Bytes>>(stream).await?;
/// tokio::spawn(http);
/// let mut chat = client.connect(Connector::new("ws://127.0.0.1:8080/chat")?).await?;
/// let mut feed = client.connect(Connector::new("ws://127.0.0.1:8080/feed")?).await?;
/// chat.send("hello").await?;
/// println!("{:?}", feed.next().await);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ConnectError::Handshake`] if the stream is broken.
///
/// # Cancel safety
/// If the future is dropped, the stream is dropped with it.
pub async fn handshake<S, B>(stream: S) -> Result<(Http2Client<B>, Http2Connection<S, B>), ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let tasks = Tasks::default();
    let (sender, connection) = Builder::new(tasks.clone())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_max_send_streams(BEFORE_SETTINGS)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let (support_sender, support) = watch::channel(None);
    Ok((Http2Client { sender, support }, Http2Connection { connection, support: Some(support_sender), tasks }))
}

impl<S, B> Future for Http2Connection<S, B>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Output = Result<(), hyper::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = Pin::new(&mut self.connection).poll(cx);
        if self.support.is_some() {
            self.tasks.wake_after_next(cx.waker());
        }
        if self.connection.current_max_send_streams() != BEFORE_SETTINGS
            && let Some(support) = self.support.take()
        {
            support.send_replace(Some(self.connection.is_extended_connect_protocol_enabled()));
        }
        result
    }
}

impl<B> Http2Client<B>
where
    B: Body + Default + Send + Unpin + 'static,
{
    /// Opens a WebSocket connection on its own HTTP/2 stream, after the server's SETTINGS have
    /// arrived. If the server's limit on open streams has been reached, this method waits until
    /// another stream ends.
    ///
    /// This method has no time-out: use [`tokio::time::timeout`].
    ///
    /// # Errors
    /// - [`ConnectError::Http2NotSupported`] if the server's first SETTINGS do not enable extended
    ///   CONNECT;
    /// - otherwise as for [`client::connect`](super::connect).
    ///
    /// # Cancel safety
    /// If the future is dropped, the stream is reset. The other streams continue.
    //= docs/src/rfc8441.md#section-3
    //# A client MUST NOT send an extended CONNECT request before it has received the value 1.
    pub async fn connect(&mut self, connector: Connector) -> Result<WebSocket, ConnectError> {
        let ended = || ConnectError::Handshake(io::Error::other("the HTTP/2 connection has ended"));
        let support = *self.support.wait_for(Option::is_some).await.map_err(|_| ended())?;
        if support != Some(true) {
            return Err(ConnectError::Http2NotSupported);
        }
        let upgrade = connector.start_http2();
        //= docs/src/rfc8441.md#section-3
        //# A client that has received the value 1 MAY send extended CONNECT requests.
        let request = request(&upgrade)?.map(|()| B::default());
        self.sender.ready().await.map_err(broken)?;
        let mut response = self.sender.send_request(request).await.map_err(broken)?;
        open(upgrade, &mut response).await
    }

    /// Returns hyper's request sender, for ordinary requests on the same connection.
    pub const fn sender(&mut self) -> &mut SendRequest<B> {
        &mut self.sender
    }
}

/// Returns the request of `upgrade`, with its `:protocol` in the form that hyper expects.
/// [`Connector::start_http2`] creates `upgrade`. Pass the response to [`open`].
///
/// # Errors
/// As for [`ClientUpgrade::request`].
pub fn request(upgrade: &ClientUpgrade) -> Result<Request<()>, UsageError> {
    let mut request = upgrade.request()?;
    //= docs/src/rfc8441.md#section-5
    //# To open a WebSocket connection, the client MUST send a CONNECT request whose `:protocol` is
    //# `websocket`.
    request.extensions_mut().insert(Protocol::from_static(ExtendedConnect::PROTOCOL));
    Ok(request)
}

/// Spawns hyper's tasks, one of which reads and writes the connection. hyper has no method that
/// waits for the SETTINGS, which can arrive only while that task is polled. Until they arrive, this
/// type therefore wakes the [`Http2Connection`] after each poll of a task, so that the
/// [`Http2Connection`] can check for them.
#[derive(Clone, Default)]
struct Tasks {
    /// The waker of the [`Http2Connection`] that waits for the SETTINGS.
    waiting: Arc<Mutex<Option<Waker>>>,
}

impl Tasks {
    /// Registers a waker to be woken after the next poll of one of hyper's tasks.
    fn wake_after_next(&self, waker: &Waker) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker.clone());
    }

    fn wake(&self) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}

impl<F> Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: F) {
        let tasks = self.clone();
        tokio::spawn(async move {
            let mut future = pin!(future);
            std::future::poll_fn(|cx| {
                let result = future.as_mut().poll(cx);
                tasks.wake();
                result
            })
            .await;
        });
    }
}
