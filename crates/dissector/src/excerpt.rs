//! The beginning of something that may be long.

/// The first bytes of a row of bytes, and how many there were in all.
#[derive(Debug, Clone)]
pub(crate) struct Excerpt {
    bytes: Vec<u8>,
    total: u64,
    limit: usize,
}

impl Excerpt {
    pub(crate) const fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), total: 0, limit }
    }

    pub(crate) fn push(&mut self, piece: &[u8]) {
        let room = self.limit - self.bytes.len();
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        self.total += piece.len() as u64;
    }

    /// The bytes that were kept.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes there were, kept or not.
    pub(crate) const fn total(&self) -> u64 {
        self.total
    }

    /// How many bytes were not kept.
    pub(crate) const fn left_out(&self) -> u64 {
        self.total - self.bytes.len() as u64
    }
}
