//! Inflates compressed messages for an observer that sees both directions (RFC 7692, section
//! 7.2.2).
//!
//! ```text
//!   handshake ──▶ ObservedDeflate ──▶ a MessageInflater for each direction,
//!                                     made at its first compressed message
//!
//!   payload of a frame ──▶ MessageInflater ──▶ inflated bytes, piece by piece,
//!                                              at most `max_message_bytes` in a message
//! ```
//!
//! With context takeover, a message may refer to earlier messages in its direction. Every message
//! is therefore inflated, whether it is shown or not. Once a message cannot be inflated completely,
//! no later message can be inflated.

use protocol::{
    HandshakeViolation, NegotiatedDeflate, Role, Violation,
    extension::{InflateError, Inflater, PERMESSAGE_DEFLATE},
    handshake::Extension,
    observer::negotiated_deflate,
};

use crate::record::Direction;

/// The maximum number of payload bytes that are inflated at a time. DEFLATE expands one byte to at
/// most 1,032 bytes, so the output is at most 258 KiB. The output buffer shrinks to
/// [`KEPT_CAPACITY`] before the next piece.
const PIECE: usize = 256;

/// The maximum capacity, in bytes, that the output buffer keeps between pieces. Only a payload that
/// expands to more than sixteen times its size needs a new allocation for each piece.
const KEPT_CAPACITY: usize = 4 << 10;

/// The negotiated compression of an observed connection, from the point of view of each endpoint.
#[derive(Debug)]
pub(crate) struct ObservedDeflate {
    server: NegotiatedDeflate,
    client: NegotiatedDeflate,
}

impl ObservedDeflate {
    /// Determines the negotiated compression from the elements of `Sec-WebSocket-Extensions`: those
    /// that the client `offered`, if its request was observed, and those that the server
    /// `accepted`. Returns `None` if messages are not compressed.
    ///
    /// If the response breaks a rule, this function returns the violation as well. If such a
    /// response names permessage-deflate, its sender will probably compress messages anyway, so the
    /// function assumes compression with the default parameters. An inflater with these parameters
    /// keeps its context, and can therefore read messages with or without context takeover.
    pub(crate) fn negotiated(
        offered: Option<&[Extension]>,
        accepted: &[Extension],
    ) -> (Option<Self>, Option<HandshakeViolation>) {
        match Self::views(offered.unwrap_or(accepted), accepted) {
            Ok(agreed) => (agreed, None),
            Err(violation) => {
                let is_meant = accepted.iter().any(|element| element.name() == PERMESSAGE_DEFLATE);
                let plain: Vec<_> = Extension::new(PERMESSAGE_DEFLATE).into_iter().filter(|_| is_meant).collect();
                (Self::views(&plain, &plain).unwrap_or_default(), Some(violation))
            }
        }
    }

    fn views(offered: &[Extension], accepted: &[Extension]) -> Result<Option<Self>, HandshakeViolation> {
        let view = |role| negotiated_deflate(role, offered, accepted);
        Ok(view(Role::Server)?.zip(view(Role::Client)?).map(|(server, client)| Self { server, client }))
    }

    /// Creates an inflater for the messages of this direction.
    pub(crate) const fn inflater(&self, direction: Direction) -> MessageInflater {
        let receiver = match direction {
            Direction::ToServer => &self.server,
            Direction::ToClient => &self.client,
        };
        MessageInflater { inflater: Inflater::new(receiver), is_open: false, output: Vec::new() }
    }
}

/// Inflates the messages of one direction.
#[derive(Debug)]
pub(crate) struct MessageInflater {
    inflater: Inflater,
    /// Whether a message has begun and has not been inflated to its end.
    is_open: bool,
    /// The output buffer for one piece.
    output: Vec<u8>,
}

/// The reason why a message was not inflated completely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InflateFailure {
    /// The payload is not valid DEFLATE.
    Invalid,
    /// The inflated message is longer than this limit in bytes.
    TooBig(usize),
    /// The message may refer to an earlier message that was not inflated to its end.
    ContextLost,
}

impl InflateFailure {
    /// Returns the broken rule, or `None` for a lost context, which does not break a rule.
    pub(crate) const fn violation(self) -> Option<Violation> {
        match self {
            Self::Invalid => Some(Violation::DeflateInvalid),
            Self::TooBig(limit) => Some(Violation::MessageTooBig { limit }),
            Self::ContextLost => None,
        }
    }
}

impl MessageInflater {
    /// Begins a message. Returns an error if the message may refer to an earlier message that was
    /// not inflated to its end.
    pub(crate) fn begin(&mut self) -> Result<(), InflateFailure> {
        if self.is_open {
            if self.inflater.takes_over() {
                return Err(InflateFailure::ContextLost);
            }
            // Without context takeover, no message may refer to earlier ones, so this message can
            // be inflated even though the previous one is incomplete. Clear the window that the
            // previous message has left behind.
            self.inflater.forget();
        }
        self.is_open = true;
        Ok(())
    }

    /// Inflates the next bytes of the message's payload and passes the inflated bytes to `sink`.
    /// `inflated` is the number of inflated bytes that this message has produced so far, and
    /// `limit` is the maximum length of the inflated message.
    pub(crate) fn push(
        &mut self,
        payload: &[u8],
        inflated: u64,
        limit: usize,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), InflateFailure> {
        let mut left = limit.saturating_sub(usize::try_from(inflated).unwrap_or(usize::MAX));
        for piece in payload.chunks(PIECE) {
            let result = self.inflater.inflate(piece, false, &mut self.output, left);
            // Pass on the bytes even if an error follows them, so that the record shows how far the
            // message could be inflated.
            left -= self.output.len();
            sink(&self.output);
            self.output.clear();
            self.output.shrink_to(KEPT_CAPACITY);
            result.map_err(|error| match error {
                InflateError::Invalid => InflateFailure::Invalid,
                InflateError::TooBig => InflateFailure::TooBig(limit),
            })?;
        }
        Ok(())
    }

    /// Ends the message. Returns an error if its payload ends in the middle of a block.
    pub(crate) fn end(&mut self) -> Result<(), InflateFailure> {
        self.inflater.inflate(&[], true, &mut Vec::new(), 0).map_err(|_| InflateFailure::Invalid)?;
        self.is_open = false;
        Ok(())
    }
}
