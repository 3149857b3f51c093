//! From a compressed payload to the message (RFC 7692, section 7.2.2).
//!
//! ```text
//!   payload, 00 00 FF FF ──inflate──▶ message
//!
//!   F2 48 CD C9 C9 07 00 | 00 00 FF FF                      one block, and the empty one that ends every message
//!   F2 48 05 00 00 00 FF FF CA C9 C9 07 00 | 00 00 FF FF    two blocks, the first one flushed
//!   F3 48 CD C9 C9 07 00 00 | 00 00 FF FF                   a final block (BFINAL): its stream ends, another begins
//! ```
//!
//! The payload is inflated as its frames arrive, and the limit is looked at while it grows: a kilobyte can stand for a
//! megabyte, and a megabyte for a gigabyte.

use std::fmt;

use flate2::{Decompress, DecompressError, FlushDecompress, Status};

use super::{
    deflater::{TAIL, taken},
    negotiation::NegotiatedDeflate,
};

/// The tail that senders cut off, and the first byte of one more empty block.
const ROUND: [u8; 5] = [TAIL[0], TAIL[1], TAIL[2], TAIL[3], 0x00];

/// Enough of them: see [`TAIL_AND_PROOF`].
static ROUNDS: [[u8; 5]; 59] = [ROUND; 59];

/// What the sender cut off, and behind it nothing but empty blocks. If the payload has ended as it should, in the header
/// of an empty block, all this gives nothing. If it has ended anywhere else it is taken for something else.
///
/// For what, shows only when it is longer than whatever it is taken for. A block that brings its own codes describes
/// them in at most 286 bytes: 17 bits, 19 lengths of 3 bits, and 316 lengths of 7 bits.
static TAIL_AND_PROOF: &[u8] = match ROUNDS.as_flattened().split_last() {
    Some((_first_byte_of_another, whole_blocks)) => whole_blocks,
    None => &TAIL,
};

/// The least by which the output grows.
const LEAST_GROWTH: usize = 1 << 10;

/// Why a payload cannot be inflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InflateError {
    /// It is not DEFLATE, or it ends in the middle of a block.
    Invalid,
    /// It gives more than the limit.
    TooBig,
}

impl From<DecompressError> for InflateError {
    fn from(_: DecompressError) -> Self {
        Self::Invalid
    }
}

impl fmt::Display for InflateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "the payload is not valid DEFLATE",
            Self::TooBig => "the payload inflates to more than the limit",
        })
    }
}

impl std::error::Error for InflateError {}

/// Decompresses the messages of one direction.
#[derive(Debug)]
pub struct Inflater {
    /// Made when it is first needed; without takeover only there while a message is open.
    ///
    /// Always with a window of 32 KiB, whatever was agreed: the crate's has that size anyway, and a larger window than
    /// the sender's understands all that it says.
    decompress: Option<Decompress>,
    takeover: bool,
    /// Bytes have come since the message, or the stream within it, began.
    begun: bool,
}

impl Inflater {
    /// Decompresses what this end of a connection receives.
    #[must_use]
    pub const fn new(negotiated: &NegotiatedDeflate) -> Self {
        Self { decompress: None, takeover: negotiated.receives_with_takeover, begun: false }
    }

    /// Whether a message may refer to those before it. If so, none can be understood behind one that was not inflated to
    /// its end.
    #[must_use]
    pub const fn takes_over(&self) -> bool {
        self.takeover
    }

    /// Begins the next message with an empty window, wherever the last one stopped.
    pub fn forget(&mut self) {
        self.decompress = None;
        self.begun = false;
    }

    /// Decompresses `part` of a message's payload, the whole or any piece of it, and adds what it gives to `output`;
    /// `last` ends the message. `output` holds the message so far, at most `limit` bytes.
    ///
    /// # Errors
    /// [`InflateError`]; what came before the error is in `output`, up to the limit. Then nothing that follows can be
    /// understood, neither of this message nor of another.
    pub fn inflate(&mut self, part: &[u8], last: bool, output: &mut Vec<u8>, limit: usize) -> Result<(), InflateError> {
        if !part.is_empty() {
            self.add(part, output, limit)?;
        }
        if last {
            self.finish()?;
        }
        Ok(())
    }

    fn add(&mut self, part: &[u8], output: &mut Vec<u8>, limit: usize) -> Result<(), InflateError> {
        //= docs/src/rfc7692.md#section-7-1-2-1
        //# A client that does not offer `server_max_window_bits` MUST be able to read messages that refer back 32,768
        //# bytes.
        //= docs/src/rfc7692.md#section-7-1-2-2
        //# A server that does not respond with `client_max_window_bits` MUST be able to read messages that refer back
        //# 32,768 bytes.
        //= docs/src/rfc7692.md#section-7-2-2
        //# Without that, the client MUST keep a window of 32,768 bytes.
        //= docs/src/rfc7692.md#section-7-2-2
        //# Without that, the server MUST keep a window of 32,768 bytes, whatever the client had hinted.
        let decompress = self.decompress.get_or_insert_with(|| Decompress::new(false));
        let mut rest = part;
        loop {
            if output.len() == output.capacity() {
                // Twice as much, but one byte above the limit suffices to see that it is too much.
                let growth = output.len().max(2 * rest.len()).max(LEAST_GROWTH);
                output.reserve_exact(growth.min(limit.saturating_sub(output.len()).saturating_add(1)));
            }
            let before = decompress.total_in();
            //= docs/src/rfc7692.md#section-7-2-2
            //# The endpoint MUST then decompress the whole with DEFLATE.
            let result = decompress.decompress_vec(rest, output, FlushDecompress::Sync);
            // Before anything that comes later: how far it looks ahead depends on where the payload is cut.
            if output.len() > limit {
                // What lies above has no say in anything, such as whether this is UTF-8.
                output.truncate(limit);
                return Err(InflateError::TooBig);
            }
            let status = result?;
            let count = taken(before, decompress.total_in());
            rest = &rest[count..];
            self.begun = true;
            //= docs/src/rfc7692.md#section-7-2-1
            //# An endpoint MAY use blocks with BFINAL set and blocks with BFINAL unset.
            //= docs/src/rfc7692.md#section-7-2-1
            //# A block with BFINAL set that does not end on a byte MUST be padded with zeros to the next byte.
            if status == Status::StreamEnd {
                // A block with BFINAL ends a DEFLATE stream. What follows is a new one, which knows nothing of the old.
                decompress.reset(false);
                self.begun = false;
            } else if output.len() == output.capacity() {
                // There may be more that only waits for room.
                continue;
            }
            if rest.is_empty() {
                return Ok(());
            }
            // It takes bytes as long as there is room for what they give. If it ever did not, this would not end.
            if count == 0 && status != Status::StreamEnd {
                return Err(InflateError::Invalid);
            }
        }
    }

    /// Ends the message: adds the four bytes that its sender has cut off, and looks whether they fit.
    fn finish(&mut self) -> Result<(), InflateError> {
        // A payload of no bytes at all, or one that ends with a final block, lacks the byte that these four belong to.
        // There is only one way to take it, so it is not refused.
        if let Some(decompress) = self.decompress.as_mut().filter(|_| self.begun) {
            //= docs/src/rfc7692.md#section-7-2-2
            //# To decompress a message, an endpoint MUST put 00 00 FF FF behind its payload.
            let before = (decompress.total_in(), decompress.total_out());
            let status = decompress.decompress(TAIL_AND_PROOF, &mut [0], FlushDecompress::Sync)?;
            let fits = match (status, taken(before.0, decompress.total_in())) {
                // The empty block was a final one.
                (Status::StreamEnd, count) => count == TAIL.len(),
                (_, count) => count == TAIL_AND_PROOF.len(),
            };
            if !fits || decompress.total_out() > before.1 {
                return Err(InflateError::Invalid);
            }
            if status == Status::StreamEnd {
                decompress.reset(false);
            }
        }
        self.begun = false;
        //= docs/src/rfc7692.md#section-7-1-1-1
        //# A client that does not offer `server_no_context_takeover` MUST be able to read messages that refer to
        //# earlier ones.
        //= docs/src/rfc7692.md#section-7-1-1-2
        //# A server that does not respond with `client_no_context_takeover` MUST be able to read messages that refer to
        //# earlier ones.
        //= docs/src/rfc7692.md#section-7-2-2
        //# If `server_no_context_takeover` was agreed on, the client MAY begin each message with an empty window.
        //= docs/src/rfc7692.md#section-7-2-2
        //# Without that, the client MUST decompress each message with the window of the last compressed message.
        //= docs/src/rfc7692.md#section-7-2-2
        //# If `client_no_context_takeover` was agreed on, the server MAY begin each message with an empty window.
        //= docs/src/rfc7692.md#section-7-2-2
        //# Without that, the server MUST decompress each message with the window of the last compressed message, even
        //# if the client had offered the parameter.
        if !self.takeover {
            self.decompress = None;
        }
        Ok(())
    }
}
