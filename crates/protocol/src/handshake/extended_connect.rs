//! The client's side of the opening handshake in HTTP/2 (RFC 8441).
//!
//! ```text
//!   ClientRequest ──extended_connect──▶ ExtendedConnect ──check_response──▶ Established
//!   what to request                            │
//!                                              └──request──▶ CONNECT, which an HTTP/2 client sends
//! ```
//!
//! The engine does not read or write HTTP/2 itself. It checks the same offers and choices as in
//! HTTP/1.1.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Version};

use super::client::{ClientRequest, Established, HandshakeError};
use crate::{uri::UriError, usage_error::UsageError};

/// A client's handshake in HTTP/2. Send the [request](Self::request), and then [check the
/// response](Self::check_response).
///
/// ```
/// use protocol::handshake::ClientRequest;
///
/// let handshake = ClientRequest::new("wss://example.org/chat".parse()?).extended_connect();
/// let request = handshake.request()?;
/// assert_eq!((request.method().as_str(), request.uri()), ("CONNECT", &"https://example.org/chat".parse()?));
/// let response = http::Response::builder().status(200).body(())?;
/// assert_eq!(handshake.check_response(&response)?.subprotocol, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ExtendedConnect {
    request: ClientRequest,
}

/// Prints only the URI, because the headers of the request may hold credentials.
impl fmt::Debug for ExtendedConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtendedConnect").field("uri", self.request.uri()).finish_non_exhaustive()
    }
}

impl ClientRequest {
    /// Starts a handshake in HTTP/2, to be carried by another HTTP implementation.
    #[must_use]
    pub fn extended_connect(self) -> ExtendedConnect {
        ExtendedConnect { request: self }
    }
}

impl ExtendedConnect {
    /// The value of the pseudo-header `:protocol`. [`http::Request`] has no place for it, so pass
    /// it separately to the HTTP implementation that sends the request.
    //= docs/src/rfc8441.md#section-5
    //# To open a WebSocket connection, the client MUST send a CONNECT request whose `:protocol` is
    //# `websocket`.
    pub const PROTOCOL: &'static str = "websocket";

    /// Returns the request, without its `:protocol`. Its target is an absolute `http` or `https`
    /// URI, whose parts are the pseudo-headers `:scheme`, `:authority` and `:path`.
    ///
    /// # Errors
    /// [`UriError::TooLong`] if the resource name is longer than the 65,534 bytes that
    /// [`http::Uri`] can hold.
    pub fn request(&self) -> Result<Request<()>, UsageError> {
        let uri = self.request.uri();
        //= docs/src/rfc8441.md#section-4
        //# A request with `:protocol` MUST also have `:scheme` and `:path`.
        //= docs/src/rfc8441.md#section-5
        //# The `:scheme` MUST be `https` for a `wss` URI, and `http` for a `ws` URI.
        //= docs/src/rfc8441.md#section-5
        //# The client MUST send the host in `:authority`, and not in `Host`.
        let target = http::Uri::builder()
            .scheme(if uri.secure() { "https" } else { "http" })
            .authority(uri.host_header())
            .path_and_query(uri.resource_name())
            .build();
        let mut request = Request::new(());
        *request.method_mut() = Method::CONNECT;
        *request.version_mut() = Version::HTTP_2;
        // Every character of a WebSocket URI is also valid in an `http::Uri`, so only the length
        // can make the conversion fail.
        *request.uri_mut() = target.map_err(|_| UriError::TooLong)?;
        //= docs/src/rfc8441.md#section-5
        //# The request MUST NOT have the headers `Connection` and `Upgrade`, which HTTP/2 does not
        //# have.
        let mut headers = HeaderMap::new();
        //= docs/src/rfc8441.md#section-5
        //# `Origin`, `Sec-WebSocket-Version`, `Sec-WebSocket-Protocol` and `Sec-WebSocket-Extensions`
        //# MUST be used as RFC 6455 requires.
        self.request.add_offers(&mut headers);
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// Checks the response that the HTTP implementation has received.
    ///
    /// # Errors
    /// - [`HandshakeError::Rejected`] for any response whose status is not 2xx. The error contains
    ///   the response without its body, which the caller already has;
    /// - [`HandshakeError::Violation`] for a 2xx response that breaks a rule. Reset the stream.
    //= docs/src/rfc8441.md#section-5
    //# The client MUST NOT require `Sec-WebSocket-Accept`, and the server MUST NOT require
    //# `Sec-WebSocket-Key`.
    pub fn check_response<B>(self, response: &Response<B>) -> Result<Established, HandshakeError> {
        let mut head = Response::new(());
        *head.status_mut() = response.status();
        *head.version_mut() = response.version();
        *head.headers_mut() = response.headers().clone();
        //= docs/src/rfc8441.md#section-5
        //# A server that accepts the connection MUST respond with a status of the class 2xx.
        if !head.status().is_success() {
            return Err(HandshakeError::Rejected(Box::new(head.map(|()| Bytes::new()))));
        }
        Ok(self.request.validate_choices(head)?)
    }
}
