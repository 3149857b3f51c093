//! Decompression, from a compressed payload to the message (RFC 7692, section 7.2.2).
//!
//! ```text
//!   payload, 00 00 FF FF ──inflate──▶ message
//!
//!   F2 48 CD C9 C9 07 00 | 00 00 FF FF                     one block, and the empty one at the end
//!   F2 48 05 00 00 00 FF FF CA C9 C9 07 00 | 00 00 FF FF   two blocks, the first one flushed
//!   F3 48 CD C9 C9 07 00 00 | 00 00 FF FF                  a final block (BFINAL) ends its stream,
//!                                                          and another stream begins
//! ```
//!
//! The payload is inflated as its frames arrive, and the limit is checked while the message grows,
//! because a kilobyte can inflate to a megabyte, and a megabyte to a gigabyte.

use std::fmt;

use flate2::{Decompress, DecompressError, FlushDecompress, Status};

use super::{
    deflater::{TAIL, taken},
    negotiation::NegotiatedDeflate,
};

/// The tail that senders cut off, followed by the first byte of another empty block.
const ROUND: [u8; 5] = [TAIL[0], TAIL[1], TAIL[2], TAIL[3], 0x00];

/// Repetitions of [`ROUND`]. All these bytes except the last one make up [`TAIL_AND_PROOF`].
static ROUNDS: [[u8; 5]; 59] = [ROUND; 59];

/// The tail that the sender cut off, followed by nothing but empty blocks.
///
/// If the payload ended as it should, in the header of an empty block, all these bytes inflate to
/// nothing. If the payload ended anywhere else, the decompressor interprets these bytes
/// differently.
///
/// The difference is detected only if these bytes are longer than any structure that the
/// decompressor could mistake them for. The longest such structure is the description of a block's
/// own codes, which has at most 286 bytes: 17 bits, 19 lengths of 3 bits, and 316 lengths of 7
/// bits.
static TAIL_AND_PROOF: &[u8] = match ROUNDS.as_flattened().split_last() {
    Some((_first_byte_of_another, whole_blocks)) => whole_blocks,
    None => &TAIL,
};

/// The minimum number of bytes by which the output buffer is enlarged.
const LEAST_GROWTH: usize = 1 << 10;

/// The reason why a payload cannot be inflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InflateError {
    /// The payload is not valid DEFLATE, or it ends in the middle of a block.
    Invalid,
    /// The payload inflates to more than the limit.
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

/// A decompressor for the messages of one direction.
#[derive(Debug)]
pub struct Inflater {
    /// The `flate2` decompressor, created when it is first needed. Without context takeover, it
    /// exists only while a message is incomplete.
    ///
    /// The window is always 32 KiB, whatever was negotiated. `flate2` decompressors always have a
    /// window of that size, and a window larger than the sender's can resolve all of the sender's
    /// references.
    decompress: Option<Decompress>,
    /// Whether a message may refer to earlier messages.
    takeover: bool,
    /// Whether bytes have arrived since the beginning of the message, or of the current DEFLATE
    /// stream within the message.
    begun: bool,
}

impl Inflater {
    /// Creates a decompressor for the messages that this endpoint receives.
    #[must_use]
    pub const fn new(negotiated: &NegotiatedDeflate) -> Self {
        Self { decompress: None, takeover: negotiated.receives_with_takeover, begun: false }
    }

    /// Returns `true` if a message may refer to earlier messages. In that case, if one message is
    /// not inflated to its end, no later message can be inflated either.
    #[must_use]
    pub const fn takes_over(&self) -> bool {
        self.takeover
    }

    /// Clears the window, even if the last message was not inflated to its end, so that the next
    /// message begins with an empty window.
    pub fn forget(&mut self) {
        self.decompress = None;
        self.begun = false;
    }

    /// Decompresses `part`, which is a message's whole payload or any piece of it, and appends the
    /// result to `output`. `last` is `true` if `part` ends the message. Before the call, `output`
    /// holds the message so far, at most `limit` bytes.
    ///
    /// # Errors
    /// [`InflateError`]. The bytes before the error are in `output`, up to the limit. After an
    /// error, the rest of this message cannot be inflated. A later message can be inflated only
    /// without context takeover, and only after [`forget`](Self::forget).
    pub fn inflate(&mut self, part: &[u8], last: bool, output: &mut Vec<u8>, limit: usize) -> Result<(), InflateError> {
        if !part.is_empty() {
            self.add(part, output, limit)?;
        }
        if last {
            self.finish()?;
        }
        Ok(())
    }

    /// Inflates a piece of the payload, which must not be empty.
    fn add(&mut self, part: &[u8], output: &mut Vec<u8>, limit: usize) -> Result<(), InflateError> {
        //= docs/src/rfc7692.md#section-7-1-2-1
        //# A client that does not offer `server_max_window_bits` MUST be able to decompress
        //# messages that refer back up to 32,768 bytes.
        //= docs/src/rfc7692.md#section-7-1-2-2
        //# A server that does not respond with `client_max_window_bits` MUST be able to decompress
        //# messages that refer back up to 32,768 bytes.
        //= docs/src/rfc7692.md#section-7-2-2
        //# Otherwise, the client MUST keep a window of 32,768 bytes.
        //= docs/src/rfc7692.md#section-7-2-2
        //# Otherwise, the server MUST keep a window of 32,768 bytes, regardless of the client's
        //# hint.
        let decompress = self.decompress.get_or_insert_with(|| Decompress::new(false));
        let mut rest = part;
        loop {
            if output.len() == output.capacity() {
                // Double the room, but stop at one byte above the limit: that byte is enough to
                // detect that the message is too big.
                let growth = output.len().max(2 * rest.len()).max(LEAST_GROWTH);
                output.reserve_exact(growth.min(limit.saturating_sub(output.len()).saturating_add(1)));
            }
            let before = decompress.total_in();
            //= docs/src/rfc7692.md#section-7-2-2
            //# The endpoint MUST then decompress the result with DEFLATE.
            //= docs/src/rfc7692.md#section-7-2-1
            //# An endpoint MAY use several blocks for one message.
            //= docs/src/rfc7692.md#section-7-2-1
            //# An endpoint MAY use blocks of any type.
            let result = decompress.decompress_vec(rest, output, FlushDecompress::Sync);
            // Check the limit first, even if this call also returned an error. If the data is
            // invalid just after the limit, either this call or a later one finds the error,
            // depending on how the payload is split into pieces. Because the limit is checked
            // first, the same error is reported for every split.
            if output.len() > limit {
                // Remove the bytes above the limit, so that the caller does not process them, for
                // example by validating them as UTF-8.
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
            //# A block with BFINAL set that does not end on a byte boundary MUST be padded with
            //# zero bits to the next one.
            if status == Status::StreamEnd {
                // A block with BFINAL ends a DEFLATE stream. The bytes after it begin a new stream,
                // which cannot refer to the old one, so reset the decompressor.
                decompress.reset(false);
                self.begun = false;
            } else if output.len() == output.capacity() {
                // The output buffer is full, so the decompressor may hold more output. Enlarge the
                // buffer and call the decompressor again.
                continue;
            }
            if rest.is_empty() {
                return Ok(());
            }
            // There is room for output, so the decompressor should have consumed input. If it
            // consumed nothing, this loop would never end, so treat that as an error.
            if count == 0 && status != Status::StreamEnd {
                return Err(InflateError::Invalid);
            }
        }
    }

    /// Ends the message: appends the four bytes that the sender cut off, and checks that they
    /// complete the payload.
    fn finish(&mut self) -> Result<(), InflateError> {
        // Normally, the payload ends with the header of an empty block, which the four bytes
        // complete. An empty payload, or one that ends with a final block, has no such header at
        // its end. Its meaning is still unambiguous, so it is accepted without the four bytes.
        if let Some(decompress) = self.decompress.as_mut().filter(|_| self.begun) {
            //= docs/src/rfc7692.md#section-7-2-2
            //# To decompress a message, an endpoint MUST append 00 00 FF FF to its payload.
            let before = (decompress.total_in(), decompress.total_out());
            let status = decompress.decompress(TAIL_AND_PROOF, &mut [0], FlushDecompress::Sync)?;
            let fits = match (status, taken(before.0, decompress.total_in())) {
                // The payload ended with the header of an empty block that was marked as final. The
                // stream must then end exactly where the tail does.
                (Status::StreamEnd, count) => count == TAIL.len(),
                // Otherwise, the stream continues, so the decompressor must have consumed the tail
                // and all the empty blocks after it.
                (_, count) => count == TAIL_AND_PROOF.len(),
            };
            // Empty blocks inflate to nothing, so any output means that the decompressor mistook
            // these bytes for data.
            if !fits || decompress.total_out() > before.1 {
                return Err(InflateError::Invalid);
            }
            if status == Status::StreamEnd {
                decompress.reset(false);
            }
        }
        self.begun = false;
        // Without context takeover, no later message needs the window, so free it.
        //= docs/src/rfc7692.md#section-7-1-1-1
        //# A client that does not offer `server_no_context_takeover` MUST be able to decompress
        //# messages that refer to earlier ones.
        //= docs/src/rfc7692.md#section-7-1-1-2
        //# A server that does not respond with `client_no_context_takeover` MUST be able to
        //# decompress messages that refer to earlier ones.
        //= docs/src/rfc7692.md#section-7-2-2
        //# If `server_no_context_takeover` was agreed on, the client MAY decompress each message
        //# with an empty window at the start.
        //= docs/src/rfc7692.md#section-7-2-2
        //# Otherwise, the client MUST decompress each message with the window of the last
        //# compressed message.
        //= docs/src/rfc7692.md#section-7-2-2
        //# If `client_no_context_takeover` was agreed on, the server MAY decompress each message
        //# with an empty window at the start.
        //= docs/src/rfc7692.md#section-7-2-2
        //# Otherwise, the server MUST decompress each message with the window of the last
        //# compressed message, even if the client offered the parameter.
        if !self.takeover {
            self.decompress = None;
        }
        Ok(())
    }
}
