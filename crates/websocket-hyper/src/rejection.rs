//! Requests that cannot be upgraded, and the responses to them.

use std::{error::Error, fmt};

use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use websocket::{HandshakeViolation, UsageError};

/// The reason why a request was not upgraded. [`into_response`](Self::into_response) creates the
/// response to the client.
#[derive(Debug)]
#[non_exhaustive]
pub enum Rejection {
    /// The request is not a valid WebSocket request. The response has the status of the
    /// [violation](HandshakeViolation::status), such as 400, 405 or 426.
    Violation(HandshakeViolation),
    /// The application has rejected the request with this response.
    Rejected(Response<String>),
    /// The options do not suit the request: they choose something that the client did not offer, or
    /// set a header field that belongs to the handshake. This is the application's mistake, and the
    /// response has status 500.
    Usage(UsageError),
    /// The HTTP server does not offer to hand over the byte stream of this request, for example
    /// because other code has already taken the request's [`OnUpgrade`](hyper::upgrade::OnUpgrade).
    /// This is the application's mistake, and the response has status 500.
    NotUpgradable,
}

impl Rejection {
    /// Creates the response. Its body can be any type that can be made from a `String`, such as
    /// `Full<Bytes>` from the crate `http-body-util`.
    ///
    /// The response for [`Rejected`](Self::Rejected) is the application's own. Every other response
    /// contains one sentence of plain text. If the client made the mistake, the sentence describes
    /// it. If the application made it, the sentence says only that the server made a mistake, so
    /// log the `Rejection` to learn more.
    #[must_use]
    pub fn into_response<B: From<String>>(self) -> Response<B> {
        match self {
            Self::Violation(violation) => websocket::rejection(&violation),
            Self::Rejected(response) => response,
            Self::Usage(_) | Self::NotUpgradable => {
                let mut response = Response::new("the server made a mistake\n".to_owned());
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                let plain = HeaderValue::from_static("text/plain; charset=utf-8");
                response.headers_mut().insert(CONTENT_TYPE, plain);
                response
            }
        }
        .map(B::from)
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Violation(violation) => write!(f, "rejected: {violation}"),
            Self::Rejected(response) => write!(f, "rejected with {}", response.status()),
            Self::Usage(error) => write!(f, "not accepted: {error}"),
            Self::NotUpgradable => f.write_str(
                "the HTTP server does not hand over the connection of this request: serve it with upgrades, and take \
                 its OnUpgrade only once",
            ),
        }
    }
}

impl Error for Rejection {}
