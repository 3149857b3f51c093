//! A server's side: from a byte stream to a connection (section 4.2).
//!
//! Most servers call [`accept`] or [`accept_with`]. One that also answers plain HTTP on the same port reads the request
//! with [`read_request`] and then decides.

use std::{
    io,
    sync::{Arc, LazyLock},
    time::Duration,
};

use http::{Method, Response, StatusCode};
use protocol::{
    Config, Connection, DeflateOptions,
    handshake::{ReceivedRequest, ServerHandshake, Status, UpgradeOptions, UpgradeRequest, encode_response, rejection},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use crate::{buffer_pool::HEAD_READ, error::AcceptError, websocket::WebSocket};

/// How a server takes connections.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// How the connections are to behave, all of them: they share it.
    pub config: Arc<Config>,
    /// How long a client may take to send its request. 10 seconds by default: one that sends a byte now and then must
    /// not hold a place for ever.
    pub handshake_timeout: Duration,
    /// Whether and how to compress messages with clients that offer it (permessage-deflate, RFC 7692). Off by default;
    /// [`DeflateOptions`] tells what it costs in memory. An [`UpgradeOptions`] that says something of its own goes first.
    pub deflate: Option<DeflateOptions>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self { config: Arc::default(), handshake_timeout: Duration::from_secs(10), deflate: None }
    }
}

/// Accepts any WebSocket request on `stream`, without a subprotocol.
///
/// # Errors
/// As for [`accept_with`].
pub async fn accept<S>(stream: S) -> Result<WebSocket<S>, AcceptError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    static OPTIONS: LazyLock<ServerConfig> = LazyLock::new(ServerConfig::default);
    accept_with(stream, &OPTIONS, |_, _| Ok(UpgradeOptions::default())).await
}

/// Accepts or refuses a WebSocket request on `stream` as `decide` says.
///
/// `decide` sees the request and what the client offers. It accepts, with a subprotocol or headers of its choice, or
/// refuses with an HTTP response. It is not called for a request that is wrong; that has been answered already.
///
/// ```
/// # use websocket::{accept_with, ServerConfig};
/// # use websocket::protocol::handshake::UpgradeOptions;
/// # async fn example(stream: tokio::net::TcpStream) -> Result<(), websocket::AcceptError> {
/// let connection = accept_with(stream, &ServerConfig::default(), |request, upgrade| {
///     if request.path() != "/chat" {
///         let mut not_found = http::Response::new("there is only /chat here\n".to_owned());
///         *not_found.status_mut() = http::StatusCode::NOT_FOUND;
///         return Err(not_found);
///     }
///     let chat = upgrade.subprotocols().iter().find(|name| *name == "chat");
///     Ok(UpgradeOptions { subprotocol: chat.cloned(), ..UpgradeOptions::default() })
/// })
/// .await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`AcceptError`]: whatever it is, the client has been answered as far as it could be.
pub async fn accept_with<S, D>(stream: S, options: &ServerConfig, decide: D) -> Result<WebSocket<S>, AcceptError>
where
    S: AsyncRead + AsyncWrite + Unpin,
    D: FnOnce(&ReceivedRequest, &UpgradeRequest) -> Result<UpgradeOptions, Response<String>>,
{
    // Boxed, because a task is as large as the largest thing it ever waits for: an hour of conversation should not hold
    // on to the room that the handshake took.
    Box::pin(async {
        let incoming = read_request(stream, options).await?;
        let upgrade = match incoming.request.check_upgrade() {
            Ok(upgrade) => upgrade,
            Err(violation) => {
                incoming.respond(&rejection(&violation)).await?;
                return Err(AcceptError::Violation(violation));
            }
        };
        match decide(&incoming.request, &upgrade) {
            Ok(acceptance) => incoming.accept(upgrade, acceptance, options).await,
            //= docs/src/rfc6455.md#section-4-2-2
            //# The server MAY send the client elsewhere with a 3xx status.
            //= docs/src/rfc6455.md#section-4-2-2
            //# A server that does not want a connection MUST answer with an HTTP error, such as 403, and end the handshake.
            Err(response) => {
                incoming.respond(&response).await?;
                Err(AcceptError::Rejected(response.status()))
            }
        }
    })
    .await
}

/// A client that has sent a request and waits for the answer.
#[derive(Debug)]
pub struct Incoming<S> {
    stream: S,
    request: ReceivedRequest,
}

/// Reads an HTTP request from `stream`, be it for a WebSocket or not.
///
/// # Errors
/// [`AcceptError`]. What is no HTTP/1.1 request has been answered with a status that says so.
pub async fn read_request<S>(mut stream: S, options: &ServerConfig) -> Result<Incoming<S>, AcceptError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut handshake = ServerHandshake::new(options.config.limits.clone());
    let reading = async {
        loop {
            handshake.input().reserve(HEAD_READ);
            if stream.read_buf(handshake.input()).await.map_err(AcceptError::Io)? == 0 {
                return Err(AcceptError::Io(io::ErrorKind::UnexpectedEof.into()));
            }
            match handshake.poll().map_err(AcceptError::Violation)? {
                Status::Partial(waiting) => handshake = waiting,
                Status::Complete(request) => return Ok(request),
            }
        }
    };
    match timeout(options.handshake_timeout, reading).await {
        Ok(Ok(request)) => Ok(Incoming { stream, request }),
        Ok(Err(error)) => {
            //= docs/src/rfc6455.md#section-7-2-2
            //# A server that aborts the connection during the opening handshake MUST simply close it.
            if let AcceptError::Violation(violation) = &error {
                respond(&mut stream, &encode_response(&rejection(violation))).await.map_err(AcceptError::Io)?;
            }
            Err(error)
        }
        Err(_) => {
            let mut response = Response::new("the request took too long\n".to_owned());
            *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
            respond(&mut stream, &encode_response(&response)).await.map_err(AcceptError::Io)?;
            Err(AcceptError::TimedOut)
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Incoming<S> {
    /// The request.
    pub fn request(&self) -> &ReceivedRequest {
        &self.request
    }

    /// The same client on what `wrap` makes of the stream. For whoever learns from the request that something has to stand
    /// between the socket and the connection, such as a stream that shows what passes.
    pub fn map_stream<T>(self, wrap: impl FnOnce(S) -> T) -> Incoming<T> {
        Incoming { stream: wrap(self.stream), request: self.request }
    }

    /// The stream and the request, for a server that answers in its own way.
    pub fn into_parts(self) -> (S, ReceivedRequest) {
        (self.stream, self.request)
    }

    /// Accepts: sends the 101, and the connection is open. `upgrade` comes from
    /// [`check_upgrade`](Request::check_upgrade).
    ///
    /// # Errors
    /// [`AcceptError::Usage`] if `acceptance` chooses something that was not offered (the client gets a 500);
    /// [`AcceptError::Io`].
    pub async fn accept(
        mut self,
        upgrade: UpgradeRequest,
        mut acceptance: UpgradeOptions,
        options: &ServerConfig,
    ) -> Result<WebSocket<S>, AcceptError> {
        acceptance.deflate = acceptance.deflate.or_else(|| options.deflate.clone());
        let accepted = match upgrade.accept(acceptance) {
            Ok(accepted) => accepted,
            Err(usage_error) => {
                let mut response = Response::new("the server made a mistake\n".to_owned());
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                self.respond(&response).await?;
                return Err(AcceptError::Usage(usage_error));
            }
        };
        let response = encode_response(&accepted.response);
        let sending = async {
            //= docs/src/rfc6455.md#section-4-2-2
            //# After the TLS handshake everything that the server sends MUST go through TLS, its response included.
            self.stream.write_all(&response).await?;
            self.stream.flush().await
        };
        match timeout(options.handshake_timeout, sending).await {
            Ok(sent) => sent.map_err(AcceptError::Io)?,
            Err(_) => return Err(AcceptError::TimedOut),
        }
        let mut engine = Connection::server(Arc::clone(&options.config), crate::websocket::now());
        if let Some(compression) = &accepted.compression {
            engine = engine.with_deflate(compression);
        }
        // What came behind the request are frames already.
        *engine.input() = self.request.into_rest();
        Ok(WebSocket::new(self.stream, engine).agreed(accepted.subprotocol, accepted.extensions))
    }

    /// Answers with an ordinary HTTP response and ends the connection. The answer to HEAD is sent without its body.
    ///
    /// # Errors
    /// [`AcceptError::Io`].
    pub async fn respond(mut self, response: &Response<impl AsRef<[u8]>>) -> Result<(), AcceptError> {
        let mut bytes = encode_response(response);
        if self.request.head().method() == Method::HEAD {
            bytes.truncate(bytes.len() - response.body().as_ref().len());
        }
        respond(&mut self.stream, &bytes).await.map_err(AcceptError::Io)
    }
}

/// How long, and how much, is read and thrown away after a response. A client that has been answered sends little more.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: u64 = 256 << 10;

/// Sends a response as the last thing on `stream`.
///
/// Closing a socket while bytes of the peer are unread makes the kernel send a reset, and the reset can destroy the
/// response before the peer has read it. So this ends only the one direction and reads on until the peer ends the other.
async fn respond<S>(stream: &mut S, response: &[u8]) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let exchange = async {
        stream.write_all(response).await?;
        stream.flush().await?;
        // The response is out. How the client leaves is its own affair.
        let _ = stream.shutdown().await;
        let _ = tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink()).await;
        Ok(())
    };
    // A client that does not take its response in this time cannot be helped.
    timeout(LINGER, exchange).await.unwrap_or(Ok(()))
}
