//! What compressed messages stand for, found out in the simplest way there is.
//!
//! A connection inflates what arrives when it arrives, and goes on from where it was. Here a message is inflated by
//! joining its payload to those of all messages that it may refer to, and beginning again from the first byte, in one
//! call of `flate2`.

use flate2::{Decompress, FlushDecompress, Status};

/// What the sender of each message has cut off (RFC 7692, section 7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// A block that says "A", and is the last. Behind a message that ends where it should, it says just that.
const PROOF: [u8; 6] = [0x01, 0x01, 0x00, 0xFE, 0xFF, b'A'];

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inflated {
    /// What it stands for, or what has come of it.
    Message(Vec<u8>),
    /// It is no DEFLATE, or ends in the middle of a block.
    Invalid,
    /// It is larger than the limit.
    TooBig,
}

/// The compressed messages of one direction.
#[derive(Debug)]
pub struct Inflating {
    takeover: bool,
    /// All that the next message may refer to, compressed.
    stream: Vec<u8>,
    /// How many bytes that is.
    size: usize,
}

impl Inflating {
    /// Before the first message.
    pub const fn new(takeover: bool) -> Self {
        Self { takeover, stream: Vec::new(), size: 0 }
    }

    /// Inflates a message from its whole payload, or from what there is of it. At most `limit` bytes. Nothing can follow
    /// on a message that is not whole, not valid or too big.
    ///
    /// # Panics
    /// When `flate2` stops for no reason.
    pub fn inflate(&mut self, payload: &[u8], whole: bool, limit: usize) -> Inflated {
        let mut message = Vec::new();
        let mut rest = payload;
        while !rest.is_empty() {
            let before = self.stream.len();
            self.stream.extend_from_slice(rest);
            let Said { bytes, read, end } = from_the_start(&self.stream, self.size + limit - message.len() + 1);
            message.extend_from_slice(&bytes[self.size..]);
            if message.len() > limit {
                return Inflated::TooBig;
            }
            match end {
                End::Invalid => return Inflated::Invalid,
                End::Open => {
                    assert_eq!(read, self.stream.len(), "there is room, and no error");
                    self.size = bytes.len();
                    break;
                }
                // The next byte begins a stream that cannot refer to this one.
                End::Final => {
                    rest = &rest[read - before..];
                    self.forget();
                }
            }
        }
        // Without anything behind a block with BFINAL, or without any payload, there is nothing for the tail to complete.
        if whole && !rest.is_empty() && !self.end() {
            return Inflated::Invalid;
        }
        if whole && !self.takeover {
            self.forget();
        }
        Inflated::Message(message)
    }

    /// Puts the tail behind the stream; whether it ends a block and says nothing.
    fn end(&mut self) -> bool {
        self.stream.extend_from_slice(&TAIL);
        let proven = [&self.stream[..], &PROOF].concat();
        let Said { bytes, read, end } = from_the_start(&proven, self.size + 2);
        if read == self.stream.len() && bytes.len() == self.size && end == End::Final {
            // The empty block that the tail belongs to was one with BFINAL.
            self.forget();
            return true;
        }
        read == proven.len() && bytes.len() == self.size + 1 && bytes.last() == Some(&b'A') && end == End::Final
    }

    fn forget(&mut self) {
        self.stream.clear();
        self.size = 0;
    }
}

/// What bytes stand for.
struct Said {
    bytes: Vec<u8>,
    /// How many of the compressed ones were looked at.
    read: usize,
    end: End,
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    /// After a block with BFINAL.
    Final,
    /// Where more could follow.
    Open,
    /// Where it is no DEFLATE any more.
    Invalid,
}

/// What these bytes stand for, up to `room` bytes.
fn from_the_start(stream: &[u8], room: usize) -> Said {
    let mut bytes = vec![0; room];
    let mut decompress = Decompress::new(false);
    let end = match decompress.decompress(stream, &mut bytes, FlushDecompress::Sync) {
        Ok(Status::StreamEnd) => End::Final,
        Ok(Status::Ok | Status::BufError) => End::Open,
        Err(_) => End::Invalid,
    };
    let count = |total: u64| usize::try_from(total).expect("it is in memory");
    bytes.truncate(count(decompress.total_out()));
    Said { bytes, read: count(decompress.total_in()), end }
}
