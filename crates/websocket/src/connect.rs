//! A client's side: from a URI to a connection (section 4.1).

use std::{
    collections::HashMap,
    fmt, io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{Response, header::CONTENT_LENGTH};
use protocol::{
    Config, Connection, DeflateOptions, Uri, UsageError,
    frame::MaskingKey,
    handshake::{ClientRequest, Extension, HandshakeError, Status},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, lookup_host},
    sync::OwnedMutexGuard,
    time::timeout,
};

use crate::{buffer_pool::HEAD_READ, error::ConnectError, keys, stream::MaybeTlsStream, websocket::WebSocket};

/// Opens a connection to a `ws://` or `wss://` URI, with default options.
///
/// # Errors
/// As for [`Connector::connect`].
pub async fn connect(uri: &str) -> Result<WebSocket<MaybeTlsStream>, ConnectError> {
    Connector::new(uri)?.connect().await
}

/// A connection to be opened: where to, and with what.
///
/// ```no_run
/// # use websocket::Connector;
/// # async fn example() -> Result<(), websocket::ConnectError> {
/// let connection =
///     Connector::new("ws://127.0.0.1:8080/chat")?.subprotocol("chat")?.header("Cookie", "a=b")?.connect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Connector {
    request: ClientRequest,
    config: Config,
    handshake_timeout: Duration,
    chosen_keys: Option<ChosenKeys>,
}

/// What may choose masking keys instead of chance.
#[derive(Clone)]
struct ChosenKeys(Arc<dyn Fn() -> Option<MaskingKey> + Send + Sync>);

impl fmt::Debug for ChosenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChosenKeys")
    }
}

/// A connection that begins with this request.
impl From<ClientRequest> for Connector {
    fn from(request: ClientRequest) -> Self {
        Self { request, config: Config::default(), handshake_timeout: Duration::from_secs(10), chosen_keys: None }
    }
}

impl Connector {
    /// A connection to `uri`.
    ///
    /// # Errors
    /// [`UsageError::Uri`].
    pub fn new(uri: &str) -> Result<Self, UsageError> {
        //= docs/src/rfc6455.md#section-4-1
        //# If the URI is not valid, the client MUST fail the connection and do nothing else.
        let uri: Uri = uri.parse()?;
        Ok(ClientRequest::new(uri).into())
    }

    /// Offers a subprotocol; the one offered first is the one liked best.
    ///
    /// # Errors
    /// As for [`ClientRequest::subprotocol`].
    pub fn subprotocol(mut self, name: impl Into<String>) -> Result<Self, UsageError> {
        self.request = self.request.subprotocol(name)?;
        Ok(self)
    }

    /// Offers to compress messages (permessage-deflate, RFC 7692). Each further call adds an offer to fall back on.
    /// [`DeflateOptions`] tells what it costs in memory. Whether the server agreed,
    /// [`WebSocket::extensions`] tells.
    #[must_use]
    pub fn deflate(mut self, options: DeflateOptions) -> Self {
        self.request = self.request.deflate(options);
        self
    }

    /// Offers an extension. What it does to frames is up to the caller.
    #[must_use]
    pub fn extension(mut self, extension: Extension) -> Self {
        self.request = self.request.extension(extension);
        self
    }

    /// Sends an `Origin` header.
    ///
    /// # Errors
    /// As for [`ClientRequest::origin`].
    pub fn origin(mut self, origin: &str) -> Result<Self, UsageError> {
        self.request = self.request.origin(origin)?;
        Ok(self)
    }

    /// Adds a header to the request.
    ///
    /// # Errors
    /// As for [`ClientRequest::header`].
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, UsageError> {
        self.request = self.request.header(name, value)?;
        Ok(self)
    }

    /// Sets how the connection is to behave.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Sets how long everything up to the open connection may take: name, TCP, TLS and handshake together. 10 seconds
    /// by default.
    #[must_use]
    pub const fn handshake_timeout(mut self, limit: Duration) -> Self {
        self.handshake_timeout = limit;
        self
    }

    /// Asks `choose` for the masking key of each frame, and draws one at random only where it gives `None`.
    ///
    /// This is for looking and for teaching: a key that somebody can foresee is what section 10.3 forbids.
    #[must_use]
    pub fn choose_masking_keys(mut self, choose: impl Fn() -> Option<MaskingKey> + Send + Sync + 'static) -> Self {
        self.chosen_keys = Some(ChosenKeys(Arc::new(choose)));
        self
    }

    /// Resolves the host, connects to it, speaks TLS for `wss`, and does the opening handshake.
    ///
    /// # Errors
    /// [`ConnectError`]: each step has its own.
    pub async fn connect(self) -> Result<WebSocket<MaybeTlsStream>, ConnectError> {
        self.connect_through(|stream| stream).await
    }

    /// As [`connect`](Self::connect), with something between the WebSocket and its stream: `wrap` gets the stream when TCP
    /// and TLS are ready, and what it returns carries everything from the first byte of the request on. It is there for
    /// whoever wants to watch the bytes, or to add some of their own.
    ///
    /// # Errors
    /// As for [`connect`](Self::connect).
    pub async fn connect_through<S>(self, wrap: impl FnOnce(MaybeTlsStream) -> S) -> Result<WebSocket<S>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let limit = self.handshake_timeout;
        timeout(limit, self.connect_unlimited(wrap)).await.unwrap_or(Err(ConnectError::TimedOut))
    }

    //= docs/src/rfc6455.md#section-4-1
    //# To establish a connection, a client MUST open a transport, send an opening request and read the response.
    async fn connect_unlimited<S>(self, wrap: impl FnOnce(MaybeTlsStream) -> S) -> Result<WebSocket<S>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (stream, _turn) = open_transport(self.request.uri()).await?;
        self.handshake_unlimited(wrap(stream)).await
    }

    /// Does the opening handshake on a stream that the caller has connected, a tunnel for example.
    ///
    /// # Errors
    /// [`ConnectError::Answer`], [`ConnectError::Handshake`], [`ConnectError::TimedOut`].
    pub async fn handshake<S>(self, stream: S) -> Result<WebSocket<S>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let limit = self.handshake_timeout;
        timeout(limit, self.handshake_unlimited(stream)).await.unwrap_or(Err(ConnectError::TimedOut))
    }

    async fn handshake_unlimited<S>(self, mut stream: S) -> Result<WebSocket<S>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut handshake = self.request.handshake(keys::nonce(), self.config.limits.clone());
        let broken = ConnectError::Handshake;
        //= docs/src/rfc6455.md#section-4-1
        //# Once the transport is open, the client MUST send an opening request.
        stream.write_all(&handshake.request_bytes()).await.map_err(broken)?;
        stream.flush().await.map_err(broken)?;
        //= docs/src/rfc6455.md#section-4-1
        //# After its request, the client MUST wait for the response before it sends anything else.
        let opened = loop {
            handshake.input().reserve(HEAD_READ);
            let count = stream.read_buf(handshake.input()).await.map_err(broken)?;
            if count == 0 {
                return Err(broken(io::ErrorKind::UnexpectedEof.into()));
            }
            match handshake.poll() {
                Ok(Status::Partial(waiting)) => handshake = waiting,
                Ok(Status::Complete(opened)) => break opened,
                Err(HandshakeError::Rejected(mut response)) => {
                    read_body(&mut stream, &mut response).await;
                    return Err(ConnectError::Answer(HandshakeError::Rejected(response)));
                }
                //= docs/src/rfc6455.md#section-7-2-1
                //# Where the opening handshake tells a client to fail the connection, it MUST do so as section 7.1.7 says.
                //
                // There are no frames yet: returning drops the stream, and that is all.
                Err(violation) => return Err(ConnectError::Answer(violation)),
            }
        };
        let keys = match self.chosen_keys {
            None => keys::masking_keys(),
            Some(ChosenKeys(choose)) => keys::chosen(choose),
        };
        let mut engine = Connection::client(self.config, keys, crate::websocket::now());
        if let Some(compression) = &opened.compression {
            engine = engine.with_deflate(compression);
        }
        // What came behind the response are frames already.
        *engine.input() = opened.rest;
        Ok(WebSocket::new(stream, engine).agreed(opened.subprotocol, opened.extensions))
    }
}

/// Resolves the host, connects to it, and speaks TLS for `wss`. Nobody else's turn at this address comes before what is
/// returned beside the stream is dropped: keep it until the handshake is over.
pub(crate) async fn open_transport(uri: &Uri) -> Result<(MaybeTlsStream, OwnedMutexGuard<()>), ConnectError> {
    let (host, port) = (uri.host(), uri.port());
    let resolve = |error| ConnectError::Resolve { host: host.to_owned(), error };
    let addresses: Vec<_> = lookup_host((host, port)).await.map_err(resolve)?.collect();
    let mut last_error = io::Error::new(io::ErrorKind::NotFound, "it has no address");
    for address in addresses {
        // A page that opens a hundred connections would otherwise be a cheap way to keep a server busy that does not
        // even speak WebSocket.
        //= docs/src/rfc6455.md#section-4-1
        //# While another connection to the same IP address and port is being opened, the client MUST wait until
        //# that is done or has failed.
        //= docs/src/rfc6455.md#section-4-1
        //# There MUST NOT be more than one connection to the same IP address and port in the state CONNECTING.
        let turn = turn_for(address).lock_owned().await;
        //= docs/src/rfc6455.md#section-4-1
        //# A client without a proxy SHOULD open a TCP connection to the host and port itself.
        match TcpStream::connect(address).await {
            Ok(tcp) => {
                // Messages are written whole. Holding them back to fill a packet would only make them late.
                tcp.set_nodelay(true).map_err(ConnectError::Handshake)?;
                //= docs/src/rfc6455.md#section-4-1
                //# For a secure URI, the client MUST do the TLS handshake before it sends the opening request.
                let stream =
                    if uri.secure() { MaybeTlsStream::tls(tcp, host).await? } else { MaybeTlsStream::Plain(tcp) };
                return Ok((stream, turn));
            }
            Err(error) => last_error = error,
        }
    }
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    //= docs/src/rfc6455.md#section-4-1
    //# If the transport cannot be opened, or a proxy answers with an error, the client MUST fail the connection and
    //# give up.
    Err(ConnectError::Tcp { authority: format!("{host}:{port}"), error: last_error })
}

/// How much of the body of a refusal is worth having: a sentence for people, not a download.
const BODY_MAX: usize = 4 << 10;

/// How long to wait for it.
const BODY_PATIENCE: Duration = Duration::from_secs(1);

/// Reads what a server has to say when it refuses, up to its end or to these limits. It is an explanation, and may fail.
async fn read_body<S: AsyncRead + Unpin>(stream: &mut S, response: &mut Response<Bytes>) {
    let announced = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let wanted = announced.unwrap_or(BODY_MAX).min(BODY_MAX);
    let mut body = BytesMut::from(&response.body()[..]);
    let reading = async {
        while body.len() < wanted {
            body.reserve(wanted);
            match stream.read_buf(&mut body).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    };
    // Too slow: what has come is enough.
    let _ = timeout(BODY_PATIENCE, reading).await;
    *response.body_mut() = body.freeze();
}

/// The lock that whoever wants to connect to `address` has to hold.
//= docs/src/rfc6455.md#section-4-1
//# Attempts at the same IP address and port that are made together MUST be carried out one after the other.
fn turn_for(address: SocketAddr) -> Arc<tokio::sync::Mutex<()>> {
    static TURNS: Mutex<Option<HashMap<SocketAddr, Weak<tokio::sync::Mutex<()>>>>> = Mutex::new(None);
    let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
    let turns = turns.get_or_insert_default();
    // Nobody waits for the others any more.
    turns.retain(|_, turn| turn.strong_count() > 0);
    if let Some(turn) = turns.get(&address).and_then(Weak::upgrade) {
        return turn;
    }
    let turn = Arc::default();
    turns.insert(address, Arc::downgrade(&turn));
    turn
}
