//! One direction of the wire, divided into frames.

use testkit::frames::RawFrame;

/// The bytes of an incomplete frame that have been written or read so far. No frame here has more
/// than 125 bytes of payload, because the exploration sends nothing longer.
#[derive(Debug, Default, Clone)]
pub struct FrameReader {
    bytes: Vec<u8>,
}

/// The unit that a byte completes.
#[derive(Debug)]
pub enum Completed {
    /// Nothing of interest.
    Nothing,
    /// The first byte or the header of a frame.
    Header,
    /// A frame.
    Frame(RawFrame),
}

impl FrameReader {
    /// Takes the next byte.
    pub fn push(&mut self, byte: u8) -> Completed {
        self.bytes.push(byte);
        if let Some(frame) = RawFrame::take(&mut &self.bytes[..]) {
            self.bytes.clear();
            return Completed::Frame(frame);
        }
        let header_len = match self.bytes.get(1) {
            Some(second) if second & 0x80 != 0 => 6,
            _ => 2,
        };
        if [1, header_len].contains(&self.bytes.len()) { Completed::Header } else { Completed::Nothing }
    }

    /// Returns `true` if the last frame is complete.
    #[must_use]
    pub const fn is_between_frames(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns the number of bytes up to the next point at which the wire may cut `bytes`. The wire
    /// may cut after a frame and, if `inside` is true, also after a frame's first byte or its
    /// header.
    #[must_use]
    pub fn next_cut(&self, bytes: impl IntoIterator<Item = u8>, inside: bool) -> usize {
        let mut reader = self.clone();
        let mut count = 0;
        for byte in bytes {
            count += 1;
            match reader.push(byte) {
                Completed::Frame(_) => break,
                Completed::Header if inside => break,
                Completed::Header | Completed::Nothing => {}
            }
        }
        count
    }
}
