//! The context of a connection: the state that both directions share.

use protocol::{frame::ReservedBits, handshake::Extension};

use super::request::RequestContext;
use crate::{inflate::ObservedDeflate, options::Options, passed::Passed};

/// The state that the two directions of a connection share.
#[derive(Debug)]
pub(crate) struct ConnectionContext {
    pub(crate) options: Options,
    /// The number of the next record.
    pub(crate) next_number: u64,
    /// The last observed request.
    pub(crate) request: Option<RequestContext>,
    /// The protocol that the server's last response selected. The client's stream takes this value
    /// when it moves on to that protocol.
    pub(crate) next_protocol: Option<NextProtocol>,
    /// The extensions in use.
    pub(crate) extensions: Vec<Extension>,
    /// The compression in use, or `None` if none was negotiated. With compression, RSV1 marks the
    /// compressed messages (RFC 7692, section 6).
    pub(crate) deflate: Option<ObservedDeflate>,
    /// The totals for the frames that the current call to `Conversation::pass` has counted instead
    /// of dissecting, or `None` outside such a call.
    pub(crate) passed: Option<Passed>,
}

/// The protocol that the client uses after a final response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NextProtocol {
    /// Frames follow: the response was a 101 to a WebSocket request.
    WebSocket,
    /// Another protocol follows: the response was a 101 to a request for a protocol other than
    /// WebSocket.
    Other,
    /// Another HTTP request may follow: the response had any other status.
    Http,
}

impl ConnectionContext {
    pub(crate) const fn new(options: Options) -> Self {
        Self {
            options: options.normalized(),
            next_number: 0,
            request: None,
            next_protocol: None,
            extensions: Vec::new(),
            deflate: None,
            passed: None,
        }
    }

    /// Takes the protocol that the server's response selected. If no response has arrived yet,
    /// returns the protocol that will follow if the request succeeds.
    pub(crate) fn take_likely_protocol(&mut self) -> NextProtocol {
        let wants_websocket = self.request.as_ref().is_some_and(RequestContext::wants_websocket);
        let expected = if wants_websocket { NextProtocol::WebSocket } else { NextProtocol::Http };
        self.next_protocol.take().unwrap_or(expected)
    }

    /// Returns the reserved bits to which the extensions in use assign a meaning.
    pub(crate) const fn reserved_bits_in_use(&self) -> ReservedBits {
        if self.deflate.is_some() { ReservedBits::RSV1 } else { ReservedBits::NONE }
    }
}
