//! One direction of the wire between the two sides.

use std::collections::VecDeque;

/// One direction of a TCP connection.
#[derive(Debug, Default)]
pub struct OneWay {
    /// The bytes in flight.
    pub bytes: VecDeque<u8>,
    /// Whether the end of the stream follows the bytes in flight.
    pub ended: bool,
    /// Whether everything written from now on is lost. A write then either fails or only appears to
    /// succeed.
    pub broken: bool,
    /// Whether even the end of the stream is lost.
    pub silent: bool,
}

impl OneWay {
    /// Takes the bytes of one write.
    pub fn write(&mut self, bytes: &[u8]) {
        if !self.broken {
            self.bytes.extend(bytes);
        }
    }

    /// Records that the sender has ended this direction.
    pub const fn end(&mut self) {
        if !self.silent {
            self.ended = true;
        }
    }

    /// Records that the receiver is gone.
    pub fn lose_receiver(&mut self) {
        self.bytes.clear();
        self.broken = true;
    }
}
