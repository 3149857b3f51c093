//! Decompresses messages in the simplest way, as a reference for the engine.
//!
//! The engine decompresses bytes as they arrive, and continues from its last state. This module
//! instead puts each new payload after the earlier payloads to which it may refer, and decompresses
//! the whole sequence from its first byte in one call to `flate2`.

use flate2::{Decompress, FlushDecompress, Status};

/// The four bytes that the sender removes from the end of each message (RFC 7692, section 7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// A final block with the content `A`. To test whether a message ends at a block boundary, append
/// this block: if the block decompresses to `A`, the message ends at a boundary.
const FINAL_BLOCK: [u8; 6] = [0x01, 0x01, 0x00, 0xFE, 0xFF, b'A'];

/// The result of decompressing a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OneShotResult {
    /// The content of the message. If the payload is incomplete, this is the beginning of the
    /// content.
    Message(Vec<u8>),
    /// The payload is not valid DEFLATE, or it ends within a block.
    Invalid,
    /// The content of the message exceeds the limit.
    TooBig,
}

/// Decompresses the messages of one direction.
#[derive(Debug)]
pub struct OneShotInflater {
    takeover: bool,
    /// The compressed data to whose content the next message may refer.
    stream: Vec<u8>,
    /// The size of `stream` after decompression, in bytes.
    size: usize,
}

impl OneShotInflater {
    /// Creates an inflater for one direction of a connection. `takeover` is true if the sender uses
    /// context takeover.
    pub const fn new(takeover: bool) -> Self {
        Self { takeover, stream: Vec::new(), size: 0 }
    }

    /// Decompresses a message of at most `limit` bytes. `is_complete` is true if `payload` is the
    /// whole payload, and false if it is only the beginning of the payload.
    ///
    /// After a message that is incomplete, invalid or too big, no other message can be
    /// decompressed.
    ///
    /// # Panics
    /// Panics if `flate2` stops without an error although it has input and room for output.
    pub fn inflate(&mut self, payload: &[u8], is_complete: bool, limit: usize) -> OneShotResult {
        let mut message = Vec::new();
        let mut rest = payload;
        while !rest.is_empty() {
            let before = self.stream.len();
            self.stream.extend_from_slice(rest);
            let Decompressed { bytes, read, end } = decompress(&self.stream, self.size + limit - message.len() + 1);
            message.extend_from_slice(&bytes[self.size..]);
            if message.len() > limit {
                return OneShotResult::TooBig;
            }
            match end {
                StreamEnd::Invalid => return OneShotResult::Invalid,
                StreamEnd::Open => {
                    assert_eq!(read, self.stream.len(), "the output has room, and there is no error");
                    self.size = bytes.len();
                    break;
                }
                // A block with BFINAL ends the stream. The next byte begins a new stream, which
                // cannot refer to the earlier bytes, so discard them.
                StreamEnd::Final => {
                    rest = &rest[read - before..];
                    self.forget();
                }
            }
        }
        // If the payload is empty or ends exactly after a block with BFINAL, `rest` is now empty.
        // No block is open in that case, so the tail must not be appended.
        if is_complete && !rest.is_empty() && !self.append_tail() {
            return OneShotResult::Invalid;
        }
        if is_complete && !self.takeover {
            self.forget();
        }
        OneShotResult::Message(message)
    }

    /// Appends [`TAIL`] to the stream. Returns `true` if the tail completes a block without adding
    /// content.
    fn append_tail(&mut self) -> bool {
        self.stream.extend_from_slice(&TAIL);
        let extended = [&self.stream[..], &FINAL_BLOCK].concat();
        let Decompressed { bytes, read, end } = decompress(&extended, self.size + 2);
        if read == self.stream.len() && bytes.len() == self.size && end == StreamEnd::Final {
            // The tail completes an empty block with BFINAL. This block ends the stream, so the
            // next message begins a new stream.
            self.forget();
            return true;
        }
        read == extended.len() && bytes.len() == self.size + 1 && bytes.last() == Some(&b'A') && end == StreamEnd::Final
    }

    fn forget(&mut self) {
        self.stream.clear();
        self.size = 0;
    }
}

/// The result of decompressing a stream from its first byte.
struct Decompressed {
    bytes: Vec<u8>,
    /// The number of compressed bytes that were consumed.
    read: usize,
    end: StreamEnd,
}

/// The position at which decompression stopped.
#[derive(Debug, PartialEq, Eq)]
enum StreamEnd {
    /// After a block with BFINAL.
    Final,
    /// At a point where the stream has neither ended nor become invalid.
    Open,
    /// At a byte that is not valid DEFLATE.
    Invalid,
}

/// Decompresses a stream, starting at its first byte, into at most `room` bytes.
fn decompress(stream: &[u8], room: usize) -> Decompressed {
    let mut bytes = vec![0; room];
    let mut decompress = Decompress::new(false);
    let end = match decompress.decompress(stream, &mut bytes, FlushDecompress::Sync) {
        Ok(Status::StreamEnd) => StreamEnd::Final,
        Ok(Status::Ok | Status::BufError) => StreamEnd::Open,
        Err(_) => StreamEnd::Invalid,
    };
    let count = |total: u64| usize::try_from(total).expect("the bytes are in memory");
    bytes.truncate(count(decompress.total_out()));
    Decompressed { bytes, read: count(decompress.total_in()), end }
}
