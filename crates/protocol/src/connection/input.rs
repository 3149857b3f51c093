//! The input buffer, which holds the bytes from the peer until the receiver has consumed them.
//!
//! ```text
//!   ┌────────────┬──────────────────────────┐
//!   │ consumed   │ unconsumed               │ ◀── the driver appends here
//!   └────────────┴──────────────────────────┘
//!                ▲ position
//! ```
//!
//! Consuming a frame only moves `position`. The consumed bytes are dropped together when more input
//! is needed, because moving the start of a [`BytesMut`] costs more than increasing an integer, and
//! one read often brings many frames.

use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};

/// The input buffer of a connection.
#[derive(Debug, Default)]
pub(super) struct InputBuffer {
    bytes: BytesMut,
    /// The index of the first unconsumed byte.
    position: usize,
}

impl InputBuffer {
    /// Appends bytes from the peer.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.compact();
        self.bytes.extend_from_slice(bytes);
    }

    /// Drops the consumed bytes and takes the buffer, so that a driver can read into it.
    pub(super) fn take(&mut self) -> BytesMut {
        self.compact();
        std::mem::take(&mut self.bytes)
    }

    /// Puts back the buffer from [`take`](Self::take). The driver may have appended bytes to it, or
    /// moved its contents to other memory.
    pub(super) fn put(&mut self, bytes: BytesMut) {
        self.bytes = bytes;
        self.position = 0;
    }

    /// Returns the bytes that have not been consumed.
    #[inline]
    pub(super) fn unconsumed(&self) -> &[u8] {
        &self.bytes[self.position..]
    }

    /// Returns the number of bytes that have not been consumed.
    #[inline]
    pub(super) fn unconsumed_len(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// Returns the range of `len` bytes that begins `skip` bytes after the first unconsumed byte.
    /// Like the range from [`consume`](Self::consume), it is counted from the beginning of the
    /// whole buffer.
    #[inline]
    pub(super) const fn next_range(&self, skip: usize, len: usize) -> Range<usize> {
        self.position + skip..self.position + skip + len
    }

    /// Consumes `len` bytes and returns their range, which stays valid until the input changes.
    #[inline]
    pub(super) const fn consume(&mut self, len: usize) -> Range<usize> {
        let range = self.next_range(0, len);
        self.position = range.end;
        range
    }

    /// Returns the bytes of a range.
    #[inline]
    pub(super) fn slice(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }

    /// Returns the bytes of a range, for unmasking in place.
    #[inline]
    pub(super) fn slice_mut(&mut self, range: Range<usize>) -> &mut [u8] {
        &mut self.bytes[range]
    }

    /// Returns `true` if a range fills at least half of the buffer. If it does, sharing the buffer
    /// keeps at most about twice as much memory alive as the range occupies.
    pub(super) fn is_filled_by(&self, range: &Range<usize>) -> bool {
        2 * range.len() >= self.bytes.capacity()
    }

    /// Splits off the bytes of a consumed range. They share the memory of the input.
    pub(super) fn take_range(&mut self, range: Range<usize>) -> Bytes {
        // Only the front of the buffer can be split off, so first drop everything before the range.
        self.bytes.advance(range.start);
        self.position = 0;
        self.bytes.split_to(range.len()).freeze()
    }

    /// Drops the consumed bytes.
    pub(super) fn compact(&mut self) {
        if self.position == self.bytes.len() {
            // All bytes are consumed, so the buffer can reuse its memory from the beginning.
            self.bytes.clear();
        } else if self.position > 0 {
            self.bytes.advance(self.position);
        }
        self.position = 0;
    }

    /// Drops all bytes.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.position = 0;
    }
}
