//! The server's side of opening a connection, which turns a byte stream into an open connection
//! (section 4.2).
//!
//! Most servers call [`accept`] or [`accept_with`]. A server that also answers plain HTTP on the
//! same port reads the request with [`read_request`] and then decides how to answer it.

use std::{io, sync::LazyLock, time::Duration};

use http::{Response, StatusCode};
use protocol::handshake::{
    ReceivedRequest, ServerHandshake, Status, UpgradeOptions, UpgradeRequest, encode_response, encode_response_to,
    rejection,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Instant, timeout, timeout_at},
};

use crate::{
    buffer_pool::HANDSHAKE_READ, error::AcceptError, server_config::ServerConfig, server_upgrade::ServerUpgrade,
    websocket::WebSocket,
};

/// Accepts any valid WebSocket request on `stream`, without a subprotocol and with the default
/// configuration.
///
/// # Errors
/// As for [`accept_with`].
///
/// # Panics
/// As for [`accept_with`].
///
/// # Cancel safety
/// As for [`accept_with`].
pub async fn accept<S>(stream: S) -> Result<WebSocket<S>, AcceptError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    static CONFIG: LazyLock<ServerConfig> = LazyLock::new(ServerConfig::default);
    accept_with(stream, &CONFIG, |_| Ok(UpgradeOptions::default())).await
}

/// Accepts or rejects a WebSocket request on `stream`, depending on the result of `decide`.
///
/// `decide` receives the request and the client's offers. It either accepts the request, with a
/// subprotocol or header fields of its choice, or rejects it with an HTTP response. If the request
/// is invalid, this function rejects it without calling `decide`.
///
/// ```
/// use websocket::{ServerConfig, UpgradeOptions, accept_with, http};
///
/// # async fn example(stream: tokio::net::TcpStream) -> Result<(), websocket::Error> {
/// let connection = accept_with(stream, &ServerConfig::default(), |upgrade| {
///     if upgrade.request().path() != "/chat" {
///         let mut not_found = http::Response::new("only /chat exists here\n".to_owned());
///         *not_found.status_mut() = http::StatusCode::NOT_FOUND;
///         return Err(not_found);
///     }
///     let speaks_chat = upgrade.subprotocols().iter().any(|name| name == "chat");
///     let options = UpgradeOptions::default();
///     Ok(if speaks_chat { options.subprotocol("chat") } else { options })
/// })
/// .await?;
/// # drop(connection);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`AcceptError`]. For every error except [`AcceptError::Io`], the client has been sent an HTTP
/// response, or as much of it as the client accepted.
///
/// # Panics
/// Panics outside a tokio runtime, and in a runtime whose timers are [not
/// enabled](crate#the-runtime).
///
/// # Cancel safety
/// If the future is dropped, the stream is dropped with it, which closes the connection.
pub async fn accept_with<S, D>(stream: S, config: &ServerConfig, decide: D) -> Result<WebSocket<S>, AcceptError>
where
    S: AsyncRead + AsyncWrite + Unpin,
    D: FnOnce(&UpgradeRequest<'_>) -> Result<UpgradeOptions, Response<String>>,
{
    // Box this future. A task is as large as the largest future that it ever awaits, so without the
    // box, every open connection would keep the memory that only its handshake needed.
    Box::pin(async {
        let incoming = read_request(stream, config).await?;
        let decision = match incoming.request.check_upgrade() {
            Ok(upgrade) => decide(&upgrade),
            Err(violation) => {
                incoming.respond(&rejection(&violation)).await?;
                return Err(AcceptError::Violation(violation));
            }
        };
        match decision {
            Ok(options) => incoming.accept(options, config).await,
            //= docs/src/rfc6455.md#section-4-2-2
            //# The server MAY redirect the client with a 3xx status.
            //= docs/src/rfc6455.md#section-4-2-2
            //# A server that does not want a connection MUST return an HTTP error, such as 403, and
            //# abort the handshake.
            Err(response) => {
                incoming.respond(&response).await?;
                Err(AcceptError::Rejected(response.status()))
            }
        }
    })
    .await
}

/// A client that has sent an HTTP request and awaits the response.
#[derive(Debug)]
pub struct Incoming<S> {
    stream: S,
    request: ReceivedRequest,
}

/// Reads an HTTP request from `stream`, whether or not it asks for a WebSocket connection.
///
/// The host in the request is valid, and [`authority`](ReceivedRequest::authority) returns it.
/// (HTTP/1.0 allows a request without a host.) The application decides whether it serves that host.
///
/// ```
/// # use tokio::net::TcpStream;
/// use websocket::{Error, ServerConfig, UpgradeOptions, http::Response, read_request};
///
/// async fn serve(stream: TcpStream, config: &ServerConfig) -> Result<(), Error> {
///     let incoming = read_request(stream, config).await?;
///     if !incoming.request().wants_websocket() {
///         return Ok(incoming.respond(&Response::new("a page\n")).await?);
///     }
///     let mut connection = incoming.accept(UpgradeOptions::default(), config).await?;
///     connection.send("welcome").await
/// }
/// ```
///
/// # Errors
/// [`AcceptError`]. An invalid or late request has been answered with an error status.
///
/// # Panics
/// Panics outside a tokio runtime, and in a runtime whose timers are [not
/// enabled](crate#the-runtime).
///
/// # Cancel safety
/// If the future is dropped, the stream is dropped with it, which closes the connection.
pub async fn read_request<S>(stream: S, config: &ServerConfig) -> Result<Incoming<S>, AcceptError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // The clock cannot represent every deadline, so allow at most one day, which is as good as no
    // limit.
    let limit = config.handshake_timeout.min(Duration::from_secs(24 * 60 * 60));
    read_request_until(stream, config, Instant::now() + limit).await
}

/// Reads a request like [`read_request`], but by `deadline` instead of within
/// [`handshake_timeout`](ServerConfig::handshake_timeout). Use this function if one deadline
/// applies to the request and to the steps before it, such as the TLS handshake.
///
/// # Errors
/// As for [`read_request`].
///
/// # Panics
/// As for [`read_request`].
///
/// # Cancel safety
/// As for [`read_request`].
pub async fn read_request_until<S>(
    mut stream: S,
    config: &ServerConfig,
    deadline: Instant,
) -> Result<Incoming<S>, AcceptError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut handshake = ServerHandshake::new(config.config.limits.clone());
    let reading = async {
        loop {
            handshake.input().reserve(HANDSHAKE_READ);
            if stream.read_buf(handshake.input()).await.map_err(AcceptError::Io)? == 0 {
                // The client left before its request was complete, as a port scan or a health check
                // does. Nothing was requested, so send no response.
                return Err(AcceptError::Io(io::ErrorKind::UnexpectedEof.into()));
            }
            match handshake.poll().map_err(AcceptError::Violation)? {
                Status::Partial(waiting) => handshake = waiting,
                Status::Complete(request) => return Ok(request),
            }
        }
    };
    match timeout_at(deadline, reading).await {
        Ok(Ok(request)) => {
            let incoming = Incoming { stream, request };
            // Every HTTP/1.1 request must have a valid host, so do not leave this check to the
            // application.
            if let Err(violation) = incoming.request.authority() {
                incoming.respond(&rejection(&violation)).await?;
                return Err(AcceptError::Violation(violation));
            }
            Ok(incoming)
        }
        Ok(Err(error)) => {
            //= docs/src/rfc6455.md#section-7-2-2
            //# A server that aborts the connection during the opening handshake MUST simply close
            //# it.
            if let AcceptError::Violation(violation) = &error {
                respond(&mut stream, &encode_response(&rejection(violation))).await.map_err(AcceptError::Io)?;
            }
            Err(error)
        }
        Err(_) => {
            // The client is too slow. Send a response that states why it is disconnected.
            let mut response = Response::new("the request took too long\n".to_owned());
            *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
            respond(&mut stream, &encode_response(&response)).await.map_err(AcceptError::Io)?;
            Err(AcceptError::TimedOut)
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Incoming<S> {
    /// Returns the request.
    pub const fn request(&self) -> &ReceivedRequest {
        &self.request
    }

    /// Wraps the stream, for example in a stream that records the bytes. Use this method if the
    /// request determines whether to wrap the stream.
    pub fn map_stream<T>(self, wrap: impl FnOnce(S) -> T) -> Incoming<T> {
        Incoming { stream: wrap(self.stream), request: self.request }
    }

    /// Returns the stream and the request, for a server that answers the client itself.
    pub fn into_parts(self) -> (S, ReceivedRequest) {
        (self.stream, self.request)
    }

    /// Accepts the request: sends the 101 response, which opens the connection.
    ///
    /// # Errors
    /// - [`AcceptError::Violation`] if the request is not a valid upgrade (the client receives a
    ///   4xx status). To send a different response, call
    ///   [`check_upgrade`](ReceivedRequest::check_upgrade) first;
    /// - [`AcceptError::Usage`] if `options` does not suit the request, for example because it
    ///   chooses something that the client did not offer (the client receives status 500);
    /// - [`AcceptError::Io`] and [`AcceptError::TimedOut`] if the response cannot be sent.
    ///
    /// # Panics
    /// As for [`read_request`].
    ///
    /// # Cancel safety
    /// If the future is dropped, the stream is dropped with it, which closes the connection.
    pub async fn accept(mut self, options: UpgradeOptions, config: &ServerConfig) -> Result<WebSocket<S>, AcceptError> {
        let upgrade = match self.request.check_upgrade().map(|request| ServerUpgrade::new(&request, options, config)) {
            Ok(Ok(upgrade)) => upgrade,
            // The options do not suit the request. This is a bug in the application, not the
            // client's mistake, so the client receives status 500.
            Ok(Err(error)) => {
                let mut response = Response::new("the server made a mistake\n".to_owned());
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                self.respond(&response).await?;
                return Err(AcceptError::Usage(error));
            }
            Err(violation) => {
                self.respond(&rejection(&violation)).await?;
                return Err(AcceptError::Violation(violation));
            }
        };
        let response = encode_response(upgrade.switching_protocols());
        let sending = async {
            //= docs/src/rfc6455.md#section-4-2-2
            //# After the TLS handshake, all further data on the connection MUST go through TLS,
            //# including the server's response.
            self.stream.write_all(&response).await?;
            self.stream.flush().await
        };
        match timeout(config.handshake_timeout, sending).await {
            Ok(sent) => sent.map_err(AcceptError::Io)?,
            // The client does not read the response, so it would not read an error message either.
            Err(_) => return Err(AcceptError::TimedOut),
        }
        Ok(upgrade.into_websocket(self.stream, self.request.into_rest()))
    }

    /// Answers with an ordinary HTTP response, and ends the connection. The response to a HEAD
    /// request is sent without its body.
    ///
    /// # Errors
    /// [`AcceptError::Io`] if the response cannot be written.
    ///
    /// # Panics
    /// As for [`read_request`].
    ///
    /// # Cancel safety
    /// If the future is dropped, the stream is dropped with it, which closes the connection.
    pub async fn respond(mut self, response: &Response<impl AsRef<[u8]>>) -> Result<(), AcceptError> {
        let bytes = encode_response_to(self.request.head().method(), response);
        respond(&mut self.stream, &bytes).await.map_err(AcceptError::Io)
    }
}

/// The maximum time for sending a response and then reading and discarding the client's input. It
/// equals the default time-out for a request.
const LINGER: Duration = Duration::from_secs(10);

/// The maximum time to wait for more input after a response. It can be short, because a client that
/// is still sending a body does not pause for long. A client that neither sends more nor closes the
/// connection should not keep it open for long.
const LINGER_IDLE: Duration = Duration::from_secs(2);

/// The maximum number of bytes to read and discard after a response, enough for the body of an
/// ordinary upload. A client that sends more may lose the response.
const LINGER_BYTES: usize = 8 << 20;

/// The maximum size, in bytes, of one read after a response.
const LINGER_READ: usize = 16 << 10;

/// Sends a response as the last bytes on `stream`.
///
/// If a socket is closed while bytes from the peer are unread, the kernel sends a reset, which can
/// destroy the response before the peer has read it. This function therefore ends only the sending
/// direction, and reads until the peer ends its direction.
pub(crate) async fn respond<S>(stream: &mut S, response: &[u8]) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let exchange = async {
        stream.write_all(response).await?;
        stream.flush().await?;
        // The response has been sent, so ignore errors: it does not matter how the client leaves.
        let _ = stream.shutdown().await;
        linger(stream).await;
        Ok(())
    };
    // Nothing can be done for a client that does not read its response within `LINGER`, so a
    // time-out is not an error.
    timeout(LINGER, exchange).await.unwrap_or(Ok(()))
}

/// Reads and discards input until the peer ends its direction, pauses for [`LINGER_IDLE`], or has
/// sent [`LINGER_BYTES`].
async fn linger<S: AsyncRead + Unpin>(stream: &mut S) {
    let mut discarded = Vec::with_capacity(LINGER_READ);
    let mut left = LINGER_BYTES;
    while left > 0 {
        discarded.clear();
        match timeout(LINGER_IDLE, stream.read_buf(&mut discarded)).await {
            Ok(Ok(count @ 1..)) => left = left.saturating_sub(count),
            _ => return,
        }
    }
}
