//! Excerpts: the beginning of a byte sequence that may be long.

/// The first bytes of a sequence, and the length of the whole sequence.
#[derive(Debug, Clone)]
pub(crate) struct Excerpt {
    bytes: Vec<u8>,
    total: u64,
    limit: usize,
}

impl Excerpt {
    /// Creates an empty excerpt that keeps at most `limit` bytes.
    pub(crate) const fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), total: 0, limit }
    }

    /// Appends the next piece of the sequence. Bytes beyond the limit are counted but not kept.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        let room = self.limit - self.bytes.len();
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        self.total += piece.len() as u64;
    }

    /// Returns the kept bytes, which are the first bytes of the sequence.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the length of the whole sequence in bytes, including those that were not kept.
    pub(crate) const fn total(&self) -> u64 {
        self.total
    }

    /// Returns the number of bytes of the sequence that were not kept.
    pub(crate) const fn left_out(&self) -> u64 {
        self.total - self.bytes.len() as u64
    }
}
