//! Collects the bytes of a head.

/// A head, complete or not.
#[derive(Debug)]
pub(crate) struct HeadUnit {
    bytes: Vec<u8>,
    /// The number of bytes in the current line so far, not counting CR.
    line_length: usize,
    /// Whether a line that is not empty has begun. Empty lines before a head are skipped (RFC 9112,
    /// section 2.2).
    has_first_line: bool,
    has_ended: bool,
}

impl HeadUnit {
    pub(crate) const fn new() -> Self {
        Self { bytes: Vec::new(), line_length: 0, has_first_line: false, has_ended: false }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes bytes up to the end of the head, or until the head has `limit` bytes. Returns the
    /// number of bytes taken, and `true` if the head has ended or is too long.
    pub(crate) fn push(&mut self, bytes: &[u8], limit: usize) -> (usize, bool) {
        for (at, &byte) in bytes.iter().enumerate() {
            if self.bytes.len() >= limit {
                return (at, true);
            }
            self.bytes.push(byte);
            match byte {
                // This is the empty line that ends the head.
                b'\n' if self.line_length == 0 && self.has_first_line => {
                    self.has_ended = true;
                    return (at + 1, true);
                }
                b'\n' => self.line_length = 0,
                b'\r' => {}
                _ => {
                    self.has_first_line = true;
                    self.line_length += 1;
                }
            }
        }
        (bytes.len(), false)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn length(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Returns whether the empty line that ends the head has arrived.
    pub(super) const fn has_ended(&self) -> bool {
        self.has_ended
    }
}
