//! The plan for a read: which buffer the read gets, how much room the buffer has, and how many
//! bytes to read at most. A plan is computed from sizes alone, without I/O.
//!
//! ```text
//!   the input holds                     purpose       buffer      at most this many bytes
//!   ----------------------------------  ------------  ----------  ------------------------
//!   the beginning of a large frame      LargeFrame    its own     the rest and one header
//!   the beginning of a smaller frame
//!     in a buffer of its own            Anything      its own     the rest and one header
//!   nothing, after a large frame        NextHeader    shared      NEXT_HEADER_READ
//!   anything else                       Anything      shared      BLOCK
//! ```

// Without the explicit path, `crates/verification/schedules`, which also includes this file, would
// not find the tests.
#[cfg(test)]
#[path = "read_plan/tests.rs"]
mod tests;

use protocol::frame::FrameHeader;

use crate::buffer_pool::{BLOCK, MAX_COPIED_TAIL};

/// A frame counts as large, and gets its own buffer, if at least this many bytes of it have not yet
/// arrived.
const LARGE_FRAME: usize = 64 << 10;

/// The maximum size, in bytes, of a read after a large frame, when another large frame is likely.
/// The read is short, because payload bytes that arrive together with the next header must be moved
/// into the next frame's own buffer. But it must not be too short: with a maximum of 4 KiB, more
/// reads were needed, and receiving 1 MiB from each of eight clients took 5% longer.
const NEXT_HEADER_READ: usize = 32 << 10;

/// The minimum room, in bytes, for a read of frames of any kind: half a block. With less room, each
/// read would bring fewer bytes, and more system calls would be needed.
pub(crate) const SHARED_ROOM: usize = BLOCK / 2;

/// The purpose of a read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Reading frames of any kind.
    #[default]
    Anything,
    /// Reading the rest of a large frame.
    LargeFrame,
    /// Reading the beginning of whatever follows a large frame. A peer that sends one large frame
    /// often sends more.
    NextHeader,
}

/// The sizes, in bytes, that a plan depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InputSizes {
    /// The number of bytes that have arrived but have not been processed.
    pub(crate) len: usize,
    /// The capacity of the buffer that holds them.
    pub(crate) capacity: usize,
    /// The number of bytes of the current frame's payload that have not yet arrived. It is 0 while
    /// the header is incomplete, and between frames.
    pub(crate) remaining: usize,
}

/// The buffer that a read gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadBuffer {
    /// The buffer that holds the input.
    Current,
    /// A new buffer of this capacity, in bytes, for this frame alone.
    Own { capacity: usize },
    /// A buffer for frames of any kind: see [`Purpose::needs_block`].
    Shared,
}

/// The plan of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReadPlan {
    pub(crate) purpose: Purpose,
    pub(crate) buffer: ReadBuffer,
    /// The maximum number of bytes to read.
    pub(crate) limit: usize,
}

/// What a connection remembers about its earlier reads.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReadHistory {
    /// The purpose of the last read that brought bytes or the end of the stream.
    last: Purpose,
    /// The largest number of bytes that the input has held after a read for
    /// [`Purpose::LargeFrame`], since the last read for [`Purpose::Anything`].
    largest: usize,
}

impl InputSizes {
    const fn free(self) -> usize {
        self.capacity - self.len
    }

    /// Returns `true` if the buffer was allocated for one frame and is not the thread's block. Such
    /// a buffer is smaller than a block. It also holds more than `MAX_COPIED_TAIL` bytes, because a
    /// shorter input would have been copied into a block.
    const fn is_own(self) -> bool {
        self.len > MAX_COPIED_TAIL && self.capacity < BLOCK
    }
}

impl Purpose {
    /// Returns whether a read into a shared buffer needs the thread's block, because the current
    /// buffer is not suitable.
    pub(crate) fn needs_block(self, input: InputSizes) -> bool {
        // A read for frames of any kind must not use a buffer that was made for a large frame,
        // because a message among those frames would keep that buffer alive. The short read for the
        // next header may use it, because messages that fit into that read are copied.
        input.free() < SHARED_ROOM || (self == Self::Anything && input.capacity > 2 * BLOCK)
    }
}

impl ReadHistory {
    /// Returns the room, in bytes, that the next read should have if memory is scarce. For a large
    /// frame, the room is as large as the part that has arrived, or large enough to reach the size
    /// of the largest frame in the history, whichever is more. The room never exceeds the missing
    /// part of the frame, except that it is always at least a block. Unless an earlier frame was
    /// larger, a buffer of more than a block therefore at most doubles, so little of its memory
    /// stays unfilled.
    pub(crate) fn wanted(&self, arrived: usize, remaining: usize) -> usize {
        remaining.min(arrived.max(self.largest.saturating_sub(arrived))).max(BLOCK)
    }

    /// Plans the next read, which may bring at most `max_read` bytes.
    pub(crate) fn plan(&self, input: InputSizes, max_read: usize) -> ReadPlan {
        let InputSizes { len, capacity, remaining } = input;
        // A large frame counts as large until its end, even when fewer than `LARGE_FRAME` bytes are
        // missing, so that its last bytes are read into the same buffer. A frame that fills a whole
        // block counts as large too, because all its bytes would otherwise be copied into another
        // block.
        let is_large =
            remaining >= LARGE_FRAME || (remaining > 0 && (self.last == Purpose::LargeFrame || len >= BLOCK));
        let purpose = if is_large {
            Purpose::LargeFrame
        } else if self.last == Purpose::LargeFrame && len == 0 {
            Purpose::NextHeader
        } else {
            Purpose::Anything
        };
        if !is_large && (remaining == 0 || !input.is_own()) {
            // After a large frame, read only a little. The next header may announce another large
            // frame, and payload bytes that are read here would have to be moved into that frame's
            // own buffer.
            let limit = if purpose == Purpose::NextHeader { NEXT_HEADER_READ } else { BLOCK };
            return ReadPlan { purpose, buffer: ReadBuffer::Shared, limit: limit.min(max_read) };
        }
        // Read the rest of one frame into its own buffer.
        let room = remaining.min(self.growth(len).max(LARGE_FRAME)).min(max_read);
        // If few bytes are buffered, reallocate to the full size at once. If many are buffered,
        // wait until less than half of `LARGE_FRAME` is free, because each reallocation copies them
        // all.
        let least = if len <= NEXT_HEADER_READ { room } else { remaining.min(LARGE_FRAME / 2).min(room) };
        // A message keeps its buffer alive, so do not read it into a buffer that was made for a
        // much larger frame.
        let is_oversized = capacity > (2 * BLOCK).max(2 * (len + remaining));
        let buffer = if input.free() < least || is_oversized {
            // Reserve room for a header too. Once the application drops the message, the buffer may
            // be reused for the next frame, which begins with a header.
            ReadBuffer::Own { capacity: len + room + FrameHeader::MAX_LEN }
        } else {
            ReadBuffer::Current
        };
        // Ask for the remaining bytes and one more header. A short read then proves that the socket
        // is drained, which saves a `WouldBlock` read.
        ReadPlan { purpose, buffer, limit: (remaining + FrameHeader::MAX_LEN).min(max_read) }
    }

    /// Records a read that brought bytes or the end of the stream, after which the input holds
    /// `len` bytes.
    pub(crate) fn record(&mut self, purpose: Purpose, len: usize) {
        self.last = purpose;
        match purpose {
            // The peer sends small frames again, so forget the size of the large ones. Otherwise
            // the next large frame would get that much room before its bytes have arrived.
            Purpose::Anything => self.largest = 0,
            Purpose::LargeFrame => self.largest = self.largest.max(len),
            Purpose::NextHeader => {}
        }
    }

    /// Plans which buffer a connection keeps while it waits, after a read for `purpose`. Returns
    /// the capacity, in bytes, of the buffer to move the input to, or `None` to keep the current
    /// one.
    pub(crate) fn plan_wait(&self, purpose: Purpose, input: InputSizes) -> Option<usize> {
        // The maximum unused room, in bytes, that the connection may keep. If the input is empty,
        // it may keep none. If a large frame is arriving, it may keep the room that `growth`
        // allows. Otherwise, it may keep three times the number of bytes that have arrived.
        let spare = match (input.len, purpose) {
            (0, _) => 0,
            (arrived, Purpose::LargeFrame) => self.growth(arrived),
            (arrived, _) => 3 * arrived,
        };
        // Keep a buffer that is small or well filled, because moving its bytes would save little
        // memory.
        if input.capacity <= MAX_COPIED_TAIL || input.free() <= spare + FrameHeader::MAX_LEN {
            return None;
        }
        // If more than `MAX_COPIED_TAIL` bytes have arrived, the rest of the frame is read into
        // this buffer. Reserve room for the rest, but for no more bytes than have arrived. A
        // shorter input needs no room here, because it is copied into the thread's block before the
        // next read.
        let room = if input.len > MAX_COPIED_TAIL { input.remaining.min(input.len) } else { 0 };
        Some(input.len + room)
    }

    /// Returns the maximum room, in bytes, that may be reserved for a frame beyond its `arrived`
    /// bytes.
    ///
    /// The room depends on the bytes that have arrived, not on the announced length, so a header
    /// alone cannot make this endpoint allocate much. The room is four times the number of bytes
    /// that have arrived. Doubling is more common, but it needs more reallocations, and each of
    /// them may have to move all those bytes. If that room is too small to reach the size of the
    /// largest earlier frame, the room is increased to reach that size. So in a series of large
    /// frames, only the first one's buffer grows in steps.
    fn growth(&self, arrived: usize) -> usize {
        (4 * arrived).max(self.largest.saturating_sub(arrived))
    }
}
