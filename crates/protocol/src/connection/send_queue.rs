//! Bytes on their way out.
//!
//! ```text
//!   chunks: [small frames][large payload][small frames][prepared frame]    tail: [small frames being added]
//! ```
//!
//! Small frames are written one behind the other into one buffer, so that a hundred of them leave in one write. A
//! payload large enough that copying it would cost more than another entry in a vectored write is put in the queue as
//! it is. Whoever writes to the socket sees both as [`Buf`], with `chunks_vectored`.

use std::{collections::VecDeque, io::IoSlice};

use bytes::{Buf, Bytes, BytesMut};

use crate::frame::{FrameHeader, apply_mask};

/// From this size on a payload is shared and not copied. Below it, a copy within the cache costs less than what the
/// kernel does for one more piece of a vectored write.
const SHARED_FROM: usize = 4 << 10;

/// The bytes that a connection wants sent, in order.
#[derive(Debug, Default)]
pub struct SendQueue {
    chunks: VecDeque<Bytes>,
    tail: BytesMut,
    /// All of it, in bytes.
    len: usize,
    /// Bytes that were sent since the connection began.
    sent: u64,
}

impl SendQueue {
    /// The buffer for small frames, while nothing is queued.
    pub(super) const fn buffer(&mut self) -> Option<&mut BytesMut> {
        if self.len == 0 { Some(&mut self.tail) } else { None }
    }

    /// Adds a frame whose payload is copied, and masked if the header has a key.
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
    }

    /// Adds a frame whose payload may be shared: large ones without a mask are not copied.
    #[inline]
    pub(super) fn push(&mut self, header: &FrameHeader, payload: Bytes) {
        if header.masking_key.is_some() || payload.len() < SHARED_FROM {
            return self.push_copied(header, &payload);
        }
        self.push_copied(header, &[]);
        self.push_chunk(payload);
    }

    /// Adds a frame that was encoded before.
    #[inline]
    pub(super) fn push_encoded(&mut self, frame: &Bytes) {
        if frame.len() < SHARED_FROM {
            self.tail.extend_from_slice(frame);
            self.len += frame.len();
        } else {
            self.push_chunk(frame.clone());
        }
    }

    /// How many bytes will have been sent when all that is queued has. Compare with [`has_sent`](Self::has_sent).
    pub(super) const fn end(&self) -> u64 {
        self.sent + self.len as u64
    }

    /// Whether all bytes up to `end` were sent.
    pub(super) const fn has_sent(&self, end: u64) -> bool {
        self.sent >= end
    }

    /// How many bytes were sent since the connection began.
    pub(super) const fn sent(&self) -> u64 {
        self.sent
    }

    /// Forgets everything, for nothing will be sent any more; says whether something was queued.
    pub(super) fn drop_all(&mut self) -> bool {
        std::mem::take(self).len > 0
    }

    fn push_chunk(&mut self, chunk: Bytes) {
        if !self.tail.is_empty() {
            self.chunks.push_back(self.tail.split().freeze());
        }
        self.len += chunk.len();
        self.chunks.push_back(chunk);
    }
}

impl Buf for SendQueue {
    fn remaining(&self) -> usize {
        self.len
    }

    fn chunk(&self) -> &[u8] {
        self.chunks.front().map_or(&self.tail[..], |chunk| chunk)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let tail = Some(&self.tail[..]).filter(|tail| !tail.is_empty());
        let pieces = self.chunks.iter().map(|chunk| &chunk[..]).chain(tail);
        let mut filled = 0;
        for (slot, piece) in slices.iter_mut().zip(pieces) {
            *slot = IoSlice::new(piece);
            filled += 1;
        }
        filled
    }

    fn advance(&mut self, mut count: usize) {
        self.len -= count;
        self.sent += count as u64;
        while let Some(chunk) = self.chunks.front_mut() {
            if count < chunk.len() {
                return chunk.advance(count);
            }
            count -= chunk.len();
            self.chunks.pop_front();
        }
        if self.len == 0 {
            // An empty buffer begins at its beginning again, and the list of pieces gives its memory back.
            self.tail.clear();
            if self.chunks.capacity() > 0 {
                self.chunks = VecDeque::new();
            }
        } else {
            self.tail.advance(count);
        }
    }
}
