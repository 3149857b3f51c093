//! Opening a connection as a client, from the URI to the end of the opening handshake (section
//! 4.1).

#[cfg(unix)]
use std::path::PathBuf;
use std::{io, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Response};
#[cfg(feature = "deflate")]
use protocol::DeflateOptions;
use protocol::{
    Config, Uri, UsageError,
    frame::MaskingKey,
    handshake::{ClientHandshake, ClientRequest, Extension, HandshakeError, Nonce, ResponseBody, Status},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Instant, timeout},
};

#[cfg(feature = "proxy")]
use crate::proxy::Proxy;
use crate::{
    buffer_pool::HANDSHAKE_READ,
    client_upgrade::{ChosenKeys, ClientSetup, ClientUpgrade, UpgradeHandshake},
    error::ConnectError,
    keys,
    maybe_tls_stream::MaybeTlsStream,
    memory_budget::MemoryBudget,
    redirect::{Hops, is_redirect},
    route::Route,
    time_left::TimeLeft,
    transport::{connect_to_host, resolve, secure},
    transport_options::TransportOptions,
    turns::Turns,
    websocket::WebSocket,
};

/// Opens a connection to a `ws://` or `wss://` URI, with default options. The URI can be a string,
/// a [`Uri`], an [`http::Uri`], or a `url::Url` with the feature `url`.
///
/// ```no_run
/// # async fn example() -> Result<(), websocket::Error> {
/// let mut connection = websocket::connect("ws://127.0.0.1:8080/").await?;
/// connection.send("hello").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The same errors as [`Connector::connect`], plus [`ConnectError::Usage`] if the URI is invalid.
///
/// # Panics
/// Panics outside a tokio runtime, and in a runtime whose I/O or timers are [not
/// enabled](crate#the-runtime).
///
/// # Cancel safety
/// If the future is dropped, the attempt is abandoned, and any TCP connection that it has opened is
/// closed.
pub async fn connect<U>(uri: U) -> Result<WebSocket<MaybeTlsStream>, ConnectError>
where
    U: TryInto<Uri>,
    U::Error: Into<UsageError>,
{
    Connector::new(uri)?.connect().await
}

/// A builder for a client connection, with methods that set its options and methods that open it.
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
    setup: ClientSetup,
    handshake_timeout: Duration,
    one_connecting_per_address: bool,
    chosen_nonce: Option<Nonce>,
    transport: TransportOptions,
    max_redirects: usize,
}

/// Creates a connector that sends this request.
impl From<ClientRequest> for Connector {
    fn from(request: ClientRequest) -> Self {
        Self {
            request,
            setup: ClientSetup { config: Config::default(), chosen_keys: None, memory_budget: None },
            handshake_timeout: Duration::from_secs(10),
            one_connecting_per_address: false,
            chosen_nonce: None,
            transport: TransportOptions::default(),
            max_redirects: 0,
        }
    }
}

impl Connector {
    /// Creates a connector for a `ws://` or `wss://` URI: a string, a [`Uri`], an [`http::Uri`], or
    /// a `url::Url` with the feature `url`.
    ///
    /// # Errors
    /// [`UsageError::Uri`] if the URI is invalid.
    pub fn new<U>(uri: U) -> Result<Self, UsageError>
    where
        U: TryInto<Uri>,
        U::Error: Into<UsageError>,
    {
        //= docs/src/rfc6455.md#section-4-1
        //# If the URI is not valid, the client MUST fail the connection and do nothing else.
        let uri = uri.try_into().map_err(Into::into)?;
        Ok(ClientRequest::new(uri).into())
    }

    /// Offers a subprotocol. The order of the calls is the order of preference.
    ///
    /// # Errors
    /// As for [`ClientRequest::subprotocol`].
    pub fn subprotocol(mut self, name: impl Into<String>) -> Result<Self, UsageError> {
        self.request = self.request.subprotocol(name)?;
        Ok(self)
    }

    /// Offers to compress messages (permessage-deflate, RFC 7692). Each further call adds a
    /// fallback offer. [`DeflateOptions`] describes the memory that compression needs.
    /// [`WebSocket::extensions`] shows whether the server accepted an offer.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(mut self, options: DeflateOptions) -> Self {
        self.request = self.request.deflate(options);
        self
    }

    /// Offers an extension. This crate only negotiates the extension. The caller must implement its
    /// effect on frames.
    #[must_use]
    pub fn extension(mut self, extension: Extension) -> Self {
        self.request = self.request.extension(extension);
        self
    }

    /// Sets the `Origin` header.
    ///
    /// # Errors
    /// As for [`ClientRequest::origin`].
    pub fn origin(mut self, origin: &str) -> Result<Self, UsageError> {
        self.request = self.request.origin(origin)?;
        Ok(self)
    }

    /// Adds a header field to the request. The name can be a string or an [`http::HeaderName`], and
    /// the value a string or an [`http::HeaderValue`].
    ///
    /// # Errors
    /// As for [`ClientRequest::header`].
    pub fn header<N, V>(mut self, name: N, value: V) -> Result<Self, UsageError>
    where
        N: AsRef<str>,
        V: TryInto<HeaderValue> + AsRef<[u8]>,
    {
        self.request = self.request.header(name, value)?;
        Ok(self)
    }

    /// Adds headers to the request.
    ///
    /// # Errors
    /// As for [`ClientRequest::headers`].
    pub fn headers(mut self, headers: &HeaderMap) -> Result<Self, UsageError> {
        self.request = self.request.headers(headers)?;
        Ok(self)
    }

    /// Sets the configuration of the connection.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.setup.config = config;
        self
    }

    /// Sets the total time-out for all the steps of opening the connection: name resolution, TCP,
    /// the proxy, TLS, the opening handshake, and redirects. The default is 10 seconds.
    #[must_use]
    pub const fn handshake_timeout(mut self, limit: Duration) -> Self {
        self.handshake_timeout = limit;
        self
    }

    /// Sets whether this connector takes turns with the other connectors in this process that have
    /// this setting enabled. Only one of them at a time then connects to any given IP address and
    /// port. The default is `false`.
    ///
    /// Section 4.1 of the RFC requires this of clients, so that a web page cannot make a browser
    /// open hundreds of connections to a server at once. Enable this setting in a program that
    /// opens connections on behalf of code that it does not trust. In any other program, it would
    /// only make connecting slower: a thousand clients of one server would open their connections
    /// one after the other, and a single attempt that gets no answer would hold up all the others.
    /// The page `docs/src/deviations.md` compares the behaviour of other libraries.
    ///
    /// The [time-out](Self::handshake_timeout) does not include the time spent waiting for other
    /// connectors. There is no limit on that wait, but each connector ahead of this one takes no
    /// longer than its own time-out.
    #[must_use]
    pub const fn one_connecting_per_address(mut self, enabled: bool) -> Self {
        self.one_connecting_per_address = enabled;
        self
    }

    /// Connects through this proxy instead of directly. For a `wss://` URI, the TLS handshake is
    /// performed with the server, through the proxy.
    ///
    /// A proxy whose URL begins with `https://` is itself reached over TLS. Its certificate must be
    /// valid for the proxy's host. [`tls_config`](Self::tls_config) applies to both TLS handshakes,
    /// and so does any client certificate that it contains.
    ///
    /// This method, [`proxy_from_env`](Self::proxy_from_env), [`unix_socket`](Self::unix_socket)
    /// and [`dial`](Self::dial) set the same option, so only the last of these calls takes effect.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let proxy = "http://user:password@proxy.example:3128".parse()?;
    /// let connection = websocket::Connector::new("wss://example.org/feed")?.proxy(proxy).connect().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "proxy")]
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.transport = self.transport.proxy(proxy);
        self
    }

    /// Connects through the proxy that [`Proxy::from_env`] finds for the URI, or directly if it
    /// finds none. The environment is read when the connection is opened, and again for each
    /// redirect.
    #[cfg(feature = "proxy")]
    #[must_use]
    pub fn proxy_from_env(mut self) -> Self {
        self.transport = self.transport.proxy_from_env();
        self
    }

    /// Connects to the Unix socket at this path, instead of the URI's host and port. The `Host`
    /// header field still names the URI's host, and so does the TLS handshake for a `wss://` URI.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), websocket::Error> {
    /// let connector = websocket::Connector::new("ws://localhost/feed")?.unix_socket("/run/feed.sock");
    /// let connection = connector.connect().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(unix)]
    #[must_use]
    pub fn unix_socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.transport = self.transport.unix_socket(path);
        self
    }

    /// Connects over a stream that `dial` opens, instead of over TCP. `dial` is called with the
    /// URI, and again with the target of each redirect. For a `wss://` URI, the TLS handshake is
    /// then performed over that stream.
    ///
    /// Use it for a transport that this crate does not support, or to choose the socket's options
    /// or local address.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), websocket::Error> {
    /// use tokio::net::TcpSocket;
    ///
    /// let connector = websocket::Connector::new("ws://127.0.0.1:8080/")?.dial(|uri| async move {
    ///     let socket = TcpSocket::new_v4()?;
    ///     socket.set_keepalive(true)?;
    ///     socket.connect(([127, 0, 0, 1], uri.port()).into()).await
    /// });
    /// let connection = connector.connect().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn dial<F, S>(mut self, dial: impl Fn(Uri) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.transport = self.transport.dial(dial);
        self
    }

    /// Follows up to `max` redirects (301, 302, 303, 307 and 308) to `ws`, `wss`, `http` and
    /// `https` URIs. The default is 0: a redirect is then returned as
    /// [`HandshakeError::Rejected`].
    ///
    /// After a redirect to another origin, the request contains no credentials, as
    /// [`ClientRequest::redirected`] describes. A redirect from `wss` to `ws` is not followed,
    /// because all messages would then travel unencrypted.
    ///
    /// If `max` is not 0, the extensions of [`WebSocket::response`] contain the [`Uri`] of the last
    /// request. This is the target of the last redirect, or the original URI if there was no
    /// redirect.
    ///
    /// If `max` is not 0, a redirect that is not followed is reported as a
    /// [`ConnectError::Redirect`], which names all URIs that were requested. An attempt that fails
    /// after a redirect is reported as a [`ConnectError::Redirected`], which names the last URI.
    #[must_use]
    pub const fn follow_redirects(mut self, max: usize) -> Self {
        self.max_redirects = max;
        self
    }

    /// Makes the connection take the memory for its messages from a [`MemoryBudget`], which it
    /// shares with other connections. By default, there is no budget.
    #[must_use]
    pub fn memory_budget(mut self, budget: MemoryBudget) -> Self {
        self.setup.memory_budget = Some(budget);
        self
    }

    /// Sets all transport options at once: the TLS configuration and the route to the server.
    #[must_use]
    pub fn transport(mut self, options: TransportOptions) -> Self {
        self.transport = options;
        self
    }

    /// Sets the TLS configuration for a `wss://` URI, for example with your own certificate
    /// authorities or a client certificate. [`ClientTls`](crate::tls::ClientTls) builds one for
    /// these two cases. If the configuration names no protocol for ALPN, this method adds
    /// `http/1.1`.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls_config(mut self, config: impl Into<Arc<crate::tls::rustls::ClientConfig>>) -> Self {
        self.transport = self.transport.tls_config(config);
        self
    }

    /// Replaces the random masking keys. See
    /// [`observer::choose_masking_keys`](crate::observer::choose_masking_keys).
    pub(crate) fn with_chosen_keys(mut self, choose: Arc<dyn Fn() -> Option<MaskingKey> + Send + Sync>) -> Self {
        self.setup.chosen_keys = Some(ChosenKeys(choose));
        self
    }

    /// Replaces the random nonce. See [`observer::choose_nonce`](crate::observer::choose_nonce).
    pub(crate) const fn with_chosen_nonce(mut self, nonce: Nonce) -> Self {
        self.chosen_nonce = Some(nonce);
        self
    }

    /// Opens the connection: resolves the host, connects to it, performs the TLS handshake if the
    /// URI is `wss://`, and performs the opening handshake. [`WebSocket::response`] returns the
    /// head of the server's response.
    ///
    /// If the host has several addresses, the next one is tried as soon as an attempt fails, or
    /// after 250 ms. Earlier attempts continue in the meantime (Happy Eyeballs, RFC 8305).
    ///
    /// # Errors
    /// [`ConnectError`], which has a variant for each step that can fail.
    ///
    /// # Panics
    /// Panics outside a tokio runtime, and in a runtime whose I/O or timers are [not
    /// enabled](crate#the-runtime).
    ///
    /// # Cancel safety
    /// If the future is dropped, the attempt is abandoned, and any TCP connection that it has
    /// opened is closed.
    pub async fn connect(self) -> Result<WebSocket<MaybeTlsStream>, ConnectError> {
        self.connect_through(|stream| stream).await
    }

    /// Opens the connection like [`connect`](Self::connect), but passes the stream through `wrap`
    /// before the opening handshake. `wrap` receives the stream once TCP and TLS are connected. The
    /// stream that it returns carries all bytes, from the first byte of the request on. Use this
    /// method to observe or change the bytes.
    ///
    /// `wrap` is called once, or once for each URI if the connector [follows
    /// redirects](Self::follow_redirects).
    ///
    /// # Errors
    /// As for [`connect`](Self::connect).
    ///
    /// # Panics
    /// As for [`connect`](Self::connect).
    ///
    /// # Cancel safety
    /// If the future is dropped, the attempt is abandoned, and any TCP connection that it has
    /// opened is closed.
    //= docs/src/rfc6455.md#section-4-1
    //# To establish a connection, a client MUST open a transport connection, send an opening
    //# request, and read the response.
    pub async fn connect_through<S>(
        mut self,
        mut wrap: impl FnMut(MaybeTlsStream) -> S,
    ) -> Result<WebSocket<S>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut time = TimeLeft::new(self.handshake_timeout);
        if self.max_redirects == 0 {
            return self.connect_once(&mut wrap, &mut time).await;
        }
        let mut hops = Hops::new(self.max_redirects);
        loop {
            let opened = self.clone().connect_once(&mut wrap, &mut time).await;
            let error = match opened {
                Ok(connection) => return Ok(connection.with_uri(self.request.uri().clone())),
                Err(error) => error,
            };
            let target = match &error {
                ConnectError::Answer(HandshakeError::Rejected(response)) => hops.next(self.request.uri(), response),
                _ => Ok(None),
            };
            match target.map_err(ConnectError::Redirect)? {
                Some(target) => self.request = self.request.redirected(target),
                None if hops.is_empty() => return Err(error),
                None => {
                    let uri = self.request.uri().clone();
                    return Err(ConnectError::Redirected { uri, error: Box::new(error) });
                }
            }
        }
    }

    /// Opens the connection without following a redirect.
    async fn connect_once<S>(
        self,
        wrap: &mut impl FnMut(MaybeTlsStream) -> S,
        time: &mut TimeLeft,
    ) -> Result<WebSocket<S>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let uri = self.request.uri();
        let route = self.transport.route.for_uri(uri)?;
        let addresses = match &route {
            Route::Direct => timeout(time.get(), resolve(uri)).await.unwrap_or_else(|_| {
                let error = io::Error::new(io::ErrorKind::TimedOut, "the name servers did not answer in time");
                Err(ConnectError::Resolve { host: uri.host().to_owned(), error })
            })?,
            _ => Vec::new(),
        };
        // Hold `_turns` until the handshake is over, so that other attempts to connect to these
        // addresses wait until then. The wait for a turn is not the server's fault, so it does not
        // count towards the time-out.
        let _turns = match &route {
            _ if !self.one_connecting_per_address => Turns::default(),
            Route::Direct => time.exclude(Turns::take(&addresses)).await,
            _ => time.exclude(Turns::take_host(uri.host(), uri.port())).await,
        };
        let transport = route.open(uri, &self.setup.config.limits, &self.transport.tls, time.get()).await?;
        let followed = self.max_redirects > 0;
        let opening = async {
            let uri = self.request.uri();
            let stream = match transport {
                Some(transport) => transport,
                None => connect_to_host(uri, &addresses).await?,
            };
            let stream = secure(uri, stream, &self.transport.tls).await?;
            self.handshake_unlimited(wrap(stream)).await
        };
        open_within(time.get(), followed, opening).await
    }

    /// Performs the opening handshake for a `ws://` URI on a stream that the caller has connected,
    /// such as a tunnel.
    ///
    /// # Errors
    /// - [`ConnectError::NotOverTls`] for a `wss://` URI: use
    ///   [`handshake_over_tls`](Self::handshake_over_tls);
    /// - [`ConnectError::Answer`] if the server does not open a WebSocket connection. A rejection
    ///   contains the beginning of the response's body, decoded if it was chunked;
    /// - [`ConnectError::Handshake`] if the stream fails or ends;
    /// - [`ConnectError::TimedOut`] if the server does not answer in time.
    ///
    /// # Panics
    /// Panics outside a tokio runtime, and in a runtime whose timers are [not
    /// enabled](crate#the-runtime).
    ///
    /// # Cancel safety
    /// If the future is dropped, the stream is dropped with it.
    pub async fn handshake<S>(self, stream: S) -> Result<WebSocket<S>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        // Reject a `wss://` URI: `S` may be a bare TCP stream, which would expose credentials in
        // the request.
        if self.request.uri().secure() {
            return Err(ConnectError::NotOverTls);
        }
        self.handshake_over_tls(stream).await
    }

    /// Performs the opening handshake on a stream that the caller has connected and secured with
    /// TLS. This method cannot check that the stream is encrypted. It accepts both `wss://` and
    /// `ws://` URIs.
    ///
    /// # Errors
    /// As for [`handshake`](Self::handshake), except [`ConnectError::NotOverTls`].
    ///
    /// # Panics
    /// As for [`handshake`](Self::handshake).
    ///
    /// # Cancel safety
    /// If the future is dropped, the stream is dropped with it.
    pub async fn handshake_over_tls<S>(self, stream: S) -> Result<WebSocket<S>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let limit = self.handshake_timeout;
        open_within(limit, false, self.handshake_unlimited(stream)).await
    }

    /// Creates the request for another HTTP client to send. See [`ClientUpgrade`].
    /// [`handshake_timeout`](Self::handshake_timeout) has no effect, because the other client waits
    /// for the response.
    #[must_use]
    pub fn start(self) -> ClientUpgrade {
        let (handshake, setup) = self.start_http1();
        ClientUpgrade { handshake: UpgradeHandshake::Http1(Box::new(handshake)), setup }
    }

    /// Creates the HTTP/2 request (RFC 8441) for an HTTP/2 client to send. In all other respects,
    /// this method behaves like [`start`](Self::start).
    #[must_use]
    pub fn start_http2(self) -> ClientUpgrade {
        ClientUpgrade {
            handshake: UpgradeHandshake::Http2(Box::new(self.request.extended_connect())),
            setup: self.setup,
        }
    }

    fn start_http1(self) -> (ClientHandshake, ClientSetup) {
        let nonce = self.chosen_nonce.unwrap_or_else(keys::nonce);
        (self.request.handshake(nonce, self.setup.config.limits.clone()), self.setup)
    }

    async fn handshake_unlimited<S>(self, mut stream: S) -> Result<WebSocket<S>, NotOpened<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut handshake, setup) = self.start_http1();
        let broken = ConnectError::Handshake;
        //= docs/src/rfc6455.md#section-4-1
        //# Once the transport connection is open, the client MUST send an opening request.
        stream.write_all(&handshake.request_bytes()).await.map_err(broken)?;
        stream.flush().await.map_err(broken)?;
        //= docs/src/rfc6455.md#section-4-1
        //# After its request, the client MUST wait for the response before it sends anything else.
        let established = loop {
            handshake.input().reserve(HANDSHAKE_READ);
            let count = stream.read_buf(handshake.input()).await.map_err(broken)?;
            if count == 0 {
                return Err(broken(io::ErrorKind::UnexpectedEof.into()).into());
            }
            match handshake.poll() {
                Ok(Status::Partial(waiting)) => handshake = waiting,
                Ok(Status::Complete(established)) => break established,
                Err(HandshakeError::Rejected(response)) => return Err(NotOpened::Rejected(stream, response)),
                // The connection is not open yet, so no frame can report the violation. Returning
                // drops the stream, which closes the TCP connection.
                //= docs/src/rfc6455.md#section-7-2-1
                //# When a step of the opening handshake requires the client to fail the connection,
                //# the client MUST do so as described in section 7.1.7.
                Err(violation) => return Err(ConnectError::Answer(violation).into()),
            }
        };
        Ok(setup.open(stream, established))
    }
}

/// The reason why an attempt to open a connection has failed.
enum NotOpened<S> {
    /// The server rejected the handshake. The rest of the response's body has not yet been read
    /// from the stream.
    Rejected(S, Box<Response<Bytes>>),
    Failed(ConnectError),
}

impl<S> From<ConnectError> for NotOpened<S> {
    fn from(error: ConnectError) -> Self {
        Self::Failed(error)
    }
}

/// Waits for `opening`, but no longer than `limit`. If the server rejects the handshake, also reads
/// the body of the response within that limit, unless the response is a redirect and the caller
/// follows redirects (`followed`).
async fn open_within<S: AsyncRead + Unpin>(
    limit: Duration,
    followed: bool,
    opening: impl Future<Output = Result<WebSocket<S>, NotOpened<S>>>,
) -> Result<WebSocket<S>, ConnectError> {
    let began = Instant::now();
    match timeout(limit, opening).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(NotOpened::Failed(error))) => Err(error),
        // Read the body outside the time-out above. Inside it, a body that is still arriving at the
        // deadline would turn the rejection into a time-out and hide the status.
        Ok(Err(NotOpened::Rejected(_, response))) if followed && is_redirect(response.status()) => {
            Err(ConnectError::Answer(HandshakeError::Rejected(response)))
        }
        Ok(Err(NotOpened::Rejected(mut stream, mut response))) => {
            let patience = BODY_PATIENCE.min(limit.saturating_sub(began.elapsed()));
            read_body(&mut stream, &mut response, patience).await;
            Err(ConnectError::Answer(HandshakeError::Rejected(response)))
        }
        Err(_) => Err(ConnectError::TimedOut),
    }
}

/// The maximum number of bytes to read from the body of a rejection: enough for an explanation, not
/// for a download.
const BODY_MAX: usize = 4 << 10;

/// The maximum time to wait for the body of a rejection. Most bodies arrive together with the head.
const BODY_PATIENCE: Duration = Duration::from_secs(1);

/// Reads and decodes the body of a rejection until the body ends, [`BODY_MAX`] bytes have been
/// decoded, or `patience` has passed.
///
/// The body is only an explanation, so this function never fails. After an error or a time-out, it
/// keeps the part that has arrived.
async fn read_body<S: AsyncRead + Unpin>(stream: &mut S, response: &mut Response<Bytes>, patience: Duration) {
    let mut body = ResponseBody::new(response, BODY_MAX);
    body.push(response.body());
    let reading = async {
        let mut input = BytesMut::with_capacity(HANDSHAKE_READ);
        while !body.is_complete() {
            input.clear();
            match stream.read_buf(&mut input).await {
                Ok(0) | Err(_) => return,
                Ok(_) => body.push(&input),
            }
        }
    };
    let _ = timeout(patience, reading).await;
    *response.body_mut() = body.into_bytes();
}
