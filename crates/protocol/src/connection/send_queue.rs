//! The queue of bytes to be written.
//!
//! ```text
//!   chunks: [small frames][large payload][small frames][prepared frame]   tail: [small frames]
//!   ◀── written first                                                     appended last ──▶
//! ```
//!
//! Small frames are appended to one buffer, the tail, so that one write can send a hundred of them.
//! A large unmasked payload is queued without a copy, because the copy would cost more than another
//! entry in a vectored write. The driver reads the chunks and the tail through the trait [`Buf`],
//! with `chunks_vectored`.

use std::{collections::VecDeque, io::IoSlice};

use bytes::{Buf, Bytes, BytesMut};

use crate::frame::{FrameHeader, apply_mask};

/// The minimum size, in bytes, of a payload that is shared rather than copied. Copying a smaller
/// payload within the cache costs less than the kernel's work for another entry in a vectored
/// write.
const SHARED_FROM: usize = 4 << 10;

/// The unused memory, in bytes, that [`SendQueue::shrink`] tolerates in the tail, in addition to
/// three unused bytes for each byte in use. If memory is scarce, it tolerates no unused bytes at
/// all.
const SPARE: usize = 1 << 10;

/// The queue of bytes that a connection wants to send, in order. A driver reads it as a [`Buf`].
#[derive(Debug, Default)]
pub struct SendQueue {
    chunks: VecDeque<Chunk>,
    tail: BytesMut,
    /// The size, in bytes, of the memory that holds the tail and the chunks that were split off
    /// from it. [`BytesMut::capacity`] counts only the memory from the start of the tail onwards.
    tail_memory: usize,
    /// The length of the queue in bytes.
    len: usize,
    /// The number of queued bytes that are stored outside the tail's memory.
    shared_len: usize,
    /// The number of bytes sent since the queue was created or last discarded.
    sent: u64,
    /// The position of the queue's end when its bytes were last marked as refused. The transport
    /// has refused every unsent byte before this position.
    refused: u64,
    /// Whether, since this flag was last reset, the transport has accepted a byte that it had
    /// previously refused.
    drained: bool,
}

/// Bytes in front of the tail.
#[derive(Debug)]
struct Chunk {
    bytes: Bytes,
    /// Whether the bytes are stored outside the tail's memory. If not, they were split off from the
    /// tail.
    is_shared: bool,
}

impl SendQueue {
    /// Returns the length of the queue in bytes.
    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Returns whether nothing is queued.
    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the capacity of the tail if the queue is empty.
    #[inline]
    pub(super) fn idle_capacity(&self) -> Option<usize> {
        (self.len == 0).then(|| self.tail.capacity())
    }

    /// Takes the tail's memory if the queue is empty.
    pub(super) fn take_buffer(&mut self) -> Option<BytesMut> {
        (self.len == 0).then(|| {
            self.tail_memory = 0;
            std::mem::take(&mut self.tail)
        })
    }

    /// Replaces the tail's memory if the queue is empty.
    pub(super) fn put_buffer(&mut self, mut buffer: BytesMut) {
        if self.len == 0 {
            buffer.clear();
            self.tail_memory = buffer.capacity();
            self.tail = buffer;
        }
    }

    /// Returns the size, in bytes, of the memory that the queue uses.
    pub(super) const fn capacity(&self) -> usize {
        // If a chunk has been split off from the tail and the tail has then moved to new memory,
        // the chunk still occupies the old memory. The copied bytes can then exceed the recorded
        // size of the memory, so use the larger of the two numbers.
        let copied_len = self.len - self.shared_len;
        self.shared_len + if self.tail_memory > copied_len { self.tail_memory } else { copied_len }
    }

    /// Moves the bytes in the tail's memory to new memory of exactly their size, and returns the
    /// old memory. Returns `None` without moving anything if the bytes fill enough of the tail's
    /// memory: more than about a quarter of it or, if `is_scarce` is `true`, all of it.
    ///
    /// Unless memory is scarce, at least three quarters of a draining queue must have been sent
    /// before its bytes are moved again, so all the moves together copy at most a third more bytes
    /// than the first one alone.
    pub(super) fn shrink(&mut self, is_scarce: bool) -> Option<BytesMut> {
        let used = self.len - self.shared_len;
        let allowed = if is_scarce { used } else { 4 * used + SPARE };
        if self.tail_memory <= allowed {
            return None;
        }
        for chunk in self.chunks.iter_mut().filter(|chunk| !chunk.is_shared) {
            // From now on, this chunk has its own memory.
            *chunk = Chunk { bytes: Bytes::copy_from_slice(&chunk.bytes), is_shared: true };
            self.shared_len += chunk.bytes.len();
        }
        let mut tail = BytesMut::with_capacity(self.tail.len());
        tail.extend_from_slice(&self.tail);
        self.tail_memory = tail.capacity();
        Some(std::mem::replace(&mut self.tail, tail))
    }

    /// Updates the recorded size of the tail's memory, because the tail may have moved to other
    /// memory.
    fn record_tail_memory(&mut self) {
        self.tail_memory = self.tail_memory.max(self.tail.capacity());
    }

    /// Appends a frame. Copies its payload, and masks the copy if the header has a key.
    #[inline]
    pub(super) fn push_copied(&mut self, header: &FrameHeader, payload: &[u8]) {
        let before = self.tail.len();
        self.tail.reserve(FrameHeader::MAX_LEN + payload.len());
        header.write_to(&mut self.tail);
        let start = self.tail.len();
        self.tail.extend_from_slice(payload);
        if let Some(key) = header.masking_key {
            apply_mask(&mut self.tail[start..], key);
        }
        self.len += self.tail.len() - before;
        self.record_tail_memory();
    }

    /// Appends a frame whose payload may be shared: a large payload without a mask is not copied.
    #[inline]
    pub(super) fn push(&mut self, header: &FrameHeader, payload: Bytes) {
        // Masking changes the payload, whose memory may be shared with other messages, so a masked
        // payload is always copied.
        if header.masking_key.is_some() || payload.len() < SHARED_FROM {
            return self.push_copied(header, &payload);
        }
        self.push_copied(header, &[]);
        self.push_chunk(payload);
    }

    /// Appends a frame that was encoded in advance.
    #[inline]
    pub(super) fn push_encoded(&mut self, frame: &Bytes) {
        if frame.len() < SHARED_FROM {
            self.tail.extend_from_slice(frame);
            self.len += frame.len();
            self.record_tail_memory();
        } else {
            self.push_chunk(frame.clone());
        }
    }

    /// Returns the position of the queue's end, counted in bytes since the queue was created or
    /// last discarded. Pass this position to [`has_sent`](Self::has_sent).
    pub(super) const fn end(&self) -> u64 {
        self.sent + self.len as u64
    }

    /// Returns `true` if all bytes before the position `end` have been sent.
    pub(super) const fn has_sent(&self, end: u64) -> bool {
        self.sent >= end
    }

    /// Records that, for now, the transport accepts none of the queued bytes.
    pub(super) const fn mark_refused(&mut self) {
        self.refused = self.end();
    }

    /// Returns `true` if, since the last call to [`reset_drained`](Self::reset_drained), the
    /// transport has accepted a byte that it had previously refused.
    pub(super) const fn has_drained(&self) -> bool {
        self.drained
    }

    pub(super) const fn reset_drained(&mut self) {
        self.drained = false;
    }

    /// Discards the queue and its memory. Returns `true` if the queue held any bytes.
    pub(super) fn discard(&mut self) -> bool {
        std::mem::take(self).len > 0
    }

    /// Appends bytes without copying them. If the tail holds bytes, they become a chunk first, so
    /// that the order is kept.
    fn push_chunk(&mut self, chunk: Bytes) {
        if !self.tail.is_empty() {
            self.chunks.push_back(Chunk { bytes: self.tail.split().freeze(), is_shared: false });
        }
        self.len += chunk.len();
        self.shared_len += chunk.len();
        self.chunks.push_back(Chunk { bytes: chunk, is_shared: true });
    }
}

impl Buf for SendQueue {
    fn remaining(&self) -> usize {
        self.len
    }

    fn chunk(&self) -> &[u8] {
        self.chunks.front().map_or(&self.tail[..], |chunk| &chunk.bytes)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let tail = Some(&self.tail[..]).filter(|tail| !tail.is_empty());
        let pieces = self.chunks.iter().map(|chunk| &chunk.bytes[..]).chain(tail);
        let mut filled = 0;
        for (slot, piece) in slices.iter_mut().zip(pieces) {
            *slot = IoSlice::new(piece);
            filled += 1;
        }
        filled
    }

    fn advance(&mut self, mut count: usize) {
        self.drained |= count > 0 && self.sent < self.refused;
        self.len -= count;
        self.sent += count as u64;
        // Consume whole chunks, and stop inside the first one that was not sent completely.
        while let Some(chunk) = self.chunks.front_mut() {
            let taken = count.min(chunk.bytes.len());
            if chunk.is_shared {
                self.shared_len -= taken;
            }
            if taken < chunk.bytes.len() {
                return chunk.bytes.advance(taken);
            }
            count -= taken;
            self.chunks.pop_front();
        }
        if self.len == 0 {
            // Everything was sent. Clear the tail, so that the next frame uses its memory from the
            // beginning again, and free the memory of the list of chunks.
            self.tail.clear();
            if self.chunks.capacity() > 0 {
                self.chunks = VecDeque::new();
            }
        } else {
            self.tail.advance(count);
        }
    }
}
