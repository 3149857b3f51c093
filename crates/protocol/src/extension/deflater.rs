//! Compression, from a message to its compressed payload (RFC 7692, section 7.2.1).
//!
//! ```text
//!   "Hello" ──DEFLATE, flushed──▶ F2 48 CD C9 C9 07 00 │ 00 00 FF FF
//!                                 └──────────┬───────┘   └────┬────┘
//!                                 what is sent            the same for every message: cut off
//!                                 (the last 00 begins
//!                                 an empty block)
//! ```
//!
//! A flush makes the output end at a byte boundary. It appends an empty, uncompressed block, which
//! consists of a three-bit header, padding, and the length field 00 00 FF FF. FIN already marks the
//! end of the message, so these four bytes carry no information.

use flate2::{Compress, Compression as FlateLevel, FlushCompress};

use super::{
    negotiation::NegotiatedDeflate,
    options::{Level, WindowBits},
};

/// The bytes that end every flush: the length 0 of an empty block, and its complement.
pub(super) const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// The first byte of an empty block, which is also the whole payload of an empty message.
const EMPTY_BLOCK: u8 = 0x00;

/// The spare room, in bytes, that is reserved for the end of a flush, so that one call to zlib is
/// usually enough.
const ROOM_FOR_FLUSH: usize = 64;

/// A compressor for the messages of one direction.
#[derive(Debug)]
pub struct Deflater {
    /// The zlib compressor, created when it is first needed. Without context takeover, it exists
    /// only while a message is incomplete.
    compress: Option<Compress>,
    /// Whether a message may refer to earlier messages.
    takeover: bool,
    window_bits: WindowBits,
    level: Level,
}

impl Deflater {
    /// Creates a compressor for the messages that this endpoint sends.
    #[must_use]
    pub fn new(negotiated: &NegotiatedDeflate) -> Self {
        Self {
            compress: None,
            takeover: negotiated.sends_with_takeover,
            window_bits: negotiated.window_bits,
            level: negotiated.level,
        }
    }

    /// Creates a compressor that compresses each message independently of earlier ones.
    #[must_use]
    pub const fn without_takeover(window_bits: WindowBits, level: Level) -> Self {
        Self { compress: None, takeover: false, window_bits, level }
    }

    /// Returns the size of the window, which limits how far back a message may refer.
    #[must_use]
    pub const fn window_bits(&self) -> WindowBits {
        self.window_bits
    }

    /// Clears the window, so that the next message begins with an empty window.
    pub fn forget(&mut self) {
        self.compress = None;
    }

    /// Returns `true` if a message may refer to earlier messages. If it may not, a message that
    /// compression has not made smaller can be sent uncompressed, because no later message refers
    /// to it.
    #[must_use]
    pub const fn takes_over(&self) -> bool {
        self.takeover
    }

    /// Compresses `part`, which is a whole message or a fragment of one, and returns the payload to
    /// send. `last` is `true` if `part` ends the message. The payload may be empty for an empty
    /// fragment.
    #[must_use]
    pub fn deflate(&mut self, part: &[u8], last: bool) -> Vec<u8> {
        let mut output = Vec::new();
        //= docs/src/rfc7692.md#section-7-2-1
        //# To compress a message, an endpoint MUST compress all its bytes with DEFLATE.
        if part.is_empty() {
            // zlib does not flush if it has received no input, so write the empty block here.
            if last {
                output.push(EMPTY_BLOCK);
            }
        } else {
            self.flush(part, &mut output);
            //= docs/src/rfc7692.md#section-7-2-1
            //# The endpoint MUST remove the last four bytes, 00 00 FF FF.
            //= docs/src/rfc7692.md#section-7-2-1
            //# The four bytes MUST NOT be removed from a fragment that is not the last.
            if last {
                debug_assert!(output.ends_with(&TAIL), "a flush ends in an empty block");
                output.truncate(output.len() - TAIL.len());
            }
        }
        //= docs/src/rfc7692.md#section-7-2-1
        //# If `client_no_context_takeover` was agreed on, the client MUST compress each message
        //# with an empty window at the start.
        //= docs/src/rfc7692.md#section-7-2-1
        //# Otherwise, the client MAY continue with the window of the last compressed message.
        //= docs/src/rfc7692.md#section-7-2-1
        //# If `server_no_context_takeover` was agreed on, the server MUST compress each message
        //# with an empty window at the start.
        //= docs/src/rfc7692.md#section-7-2-1
        //# Otherwise, the server MAY continue with the window of the last compressed message.
        if last && !self.takeover {
            self.compress = None;
        }
        output
    }

    /// Compresses `part` and flushes, so that the peer can recover all of it from `output`.
    fn flush(&mut self, part: &[u8], output: &mut Vec<u8>) {
        let (window_bits, level) = (self.window_bits, self.level);
        let compress = self.compress.get_or_insert_with(|| new_compress(window_bits, level));
        let mut rest = part;
        // Text usually shrinks to at most a third of its size, so this capacity is usually enough
        // to compress `part` in one call.
        output.reserve(part.len() / 3 + ROOM_FOR_FLUSH);
        loop {
            let before = compress.total_in();
            //= docs/src/rfc7692.md#section-7-2-1
            //# The compressed data MUST end with an empty uncompressed block, which the endpoint
            //# adds if it is missing.
            compress.compress_vec(rest, output, FlushCompress::Sync).expect("all bytes can be compressed");
            rest = &rest[taken(before, compress.total_in())..];
            // If all input is consumed and the output still has room, zlib has nothing more to
            // write, so the flush is complete.
            if rest.is_empty() && output.len() < output.capacity() {
                return;
            }
            // zlib stopped because the output was full. Continue with more room.
            output.reserve(output.len().max(ROOM_FOR_FLUSH));
        }
    }
}

/// Creates zlib's compressor for a stream without a header.
///
/// zlib does not accept a window of 8 bits for such a stream, so a window of 9 bits is used
/// instead. With 9 bits, zlib refers back at most 250 bytes (the window size minus the longest
/// match and some lookahead), which is within the 256 bytes that 8 bits allow.
//= docs/src/rfc7692.md#section-7-2-1
//# A compressor MUST NOT refer back more than 32,768 bytes.
//= docs/src/rfc7692.md#section-7-2-1
//# If `client_max_window_bits` was agreed on with the value `w`, the client MUST NOT refer back
//# more than `2^w` bytes.
//= docs/src/rfc7692.md#section-7-2-1
//# If `server_max_window_bits` was agreed on with the value `w`, the server MUST NOT refer back
//# more than `2^w` bytes.
fn new_compress(window_bits: WindowBits, level: Level) -> Compress {
    Compress::new_with_window_bits(FlateLevel::new(level.get().into()), false, window_bits.get().max(9))
}

/// Returns the amount by which one of zlib's byte counts has grown during a call. One call adds at
/// most the length of a slice, so the difference fits into a `usize`.
#[allow(clippy::cast_possible_truncation)]
pub(super) const fn taken(before: u64, after: u64) -> usize {
    (after - before) as usize
}
