//! From compressed payloads to what they stand for: permessage-deflate, as one looks on at it (RFC 7692, section 7.2.2).
//!
//! ```text
//!   handshake ──▶ Deflate ──▶ an Inflating for each direction, made when its first compressed message comes
//!
//!   payload of a frame ──▶ Inflating ──▶ what it adds to the message, piece by piece; at most `max_message_bytes` for all
//! ```
//!
//! With context takeover a message may refer to those before it. So each is inflated, looked at or not, and behind one that
//! could not be inflated to its end nothing can be understood any more.

use protocol::{
    NegotiatedDeflate, Role, Violation,
    extension::{InflateError, Inflater, PERMESSAGE_DEFLATE},
    handshake::Extension,
};

use crate::record::Direction;

/// How many bytes of a payload are inflated at a time. DEFLATE makes 1032 bytes of one at most, so that this many give no
/// more than a quarter of a mebibyte, which is let go of before the next.
const PIECE: usize = 256;

/// What is kept of the room for a piece. Only a payload that grows sixteenfold and more needs another one each time.
const ROOM: usize = 4 << 10;

/// What a handshake agreed on.
#[derive(Debug)]
pub(crate) struct Deflate {
    server: NegotiatedDeflate,
    client: NegotiatedDeflate,
}

impl Deflate {
    /// Reads it from the elements of `Sec-WebSocket-Extensions`: `offered` by the client, if its request was seen, and
    /// `accepted` by the server. `None` if messages are not compressed.
    ///
    /// An answer that breaks a rule gives the rule too. Its sender compresses all the same, in a way that can be read unless
    /// it is no DEFLATE: an inflater that forgets nothing understands those who could do without.
    pub(crate) fn negotiated(
        offered: Option<&[Extension]>,
        accepted: &[Extension],
    ) -> (Option<Self>, Option<Violation>) {
        match Self::views(offered.unwrap_or(accepted), accepted) {
            Ok(agreed) => (agreed, None),
            Err(violation) => {
                let is_meant = accepted.iter().any(|element| element.name() == PERMESSAGE_DEFLATE);
                let plain: Vec<_> = Extension::new(PERMESSAGE_DEFLATE).into_iter().filter(|_| is_meant).collect();
                (Self::views(&plain, &plain).unwrap_or_default(), Some(violation))
            }
        }
    }

    fn views(offered: &[Extension], accepted: &[Extension]) -> Result<Option<Self>, Violation> {
        let view = |role| NegotiatedDeflate::negotiated(role, offered, accepted);
        Ok(view(Role::Server)?.zip(view(Role::Client)?).map(|(server, client)| Self { server, client }))
    }

    /// What inflates the messages that go this way.
    pub(crate) const fn inflating(&self, direction: Direction) -> Inflating {
        let receiver = match direction {
            Direction::ToServer => &self.server,
            Direction::ToClient => &self.client,
        };
        Inflating { inflater: Inflater::new(receiver), is_open: false, room: Vec::new() }
    }
}

/// Inflates the messages of one direction.
#[derive(Debug)]
pub(crate) struct Inflating {
    inflater: Inflater,
    /// A message has begun, and was not inflated to its end.
    is_open: bool,
    /// What the last piece gave.
    room: Vec<u8>,
}

/// Why a message is not inflated, or not any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It is no DEFLATE.
    Invalid,
    /// It gives more than the limit, in bytes.
    TooBig(usize),
    /// It may refer to a message that was not inflated to its end.
    Lost,
}

impl Stop {
    /// The rule that is broken, if one is.
    pub(crate) const fn violation(self) -> Option<Violation> {
        match self {
            Self::Invalid => Some(Violation::DeflateInvalid),
            Self::TooBig(limit) => Some(Violation::MessageTooBig { limit }),
            Self::Lost => None,
        }
    }
}

impl Inflating {
    /// Begins a message.
    pub(crate) fn begin(&mut self) -> Result<(), Stop> {
        if self.is_open {
            if self.inflater.takes_over() {
                return Err(Stop::Lost);
            }
            self.inflater.forget();
        }
        self.is_open = true;
        Ok(())
    }

    /// Inflates more of the message, of which there are `before` bytes, and gives what is new to `sink`. `limit` is how many
    /// there may be.
    pub(crate) fn push(
        &mut self,
        payload: &[u8],
        before: u64,
        limit: usize,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Stop> {
        let mut left = limit.saturating_sub(usize::try_from(before).unwrap_or(usize::MAX));
        for piece in payload.chunks(PIECE) {
            let result = self.inflater.inflate(piece, false, &mut self.room, left);
            // What was readable in front of a fault is shown too.
            left -= self.room.len();
            sink(&self.room);
            self.room.clear();
            self.room.shrink_to(ROOM);
            result.map_err(|error| match error {
                InflateError::Invalid => Stop::Invalid,
                InflateError::TooBig => Stop::TooBig(limit),
            })?;
        }
        Ok(())
    }

    /// Ends the message.
    pub(crate) fn end(&mut self) -> Result<(), Stop> {
        self.inflater.inflate(&[], true, &mut Vec::new(), 0).map_err(|_| Stop::Invalid)?;
        self.is_open = false;
        Ok(())
    }
}
