//! Plans reads: decides how much room each read gets, and in which buffer.
//!
//! A small frame is read into the thread's block, together with other frames. A large frame is read
//! into its own buffer, up to its end and hardly further. That buffer then becomes the message, and
//! no byte has to be moved.

use std::mem;

use bytes::BytesMut;
use protocol::{Connection, frame::FrameHeader};

use crate::buffer_pool::{self, BLOCK};

/// The maximum number of unprocessed bytes that are copied into the block for each read. A longer
/// incomplete frame gets its own buffer, into which the rest of the frame is read, so that the
/// frame is not copied again for each read.
const MAX_COPIED_TAIL: usize = 4 << 10;

/// The minimum number of missing bytes for which a frame is read into its own buffer.
const LARGE_FRAME: usize = 64 << 10;

/// The maximum size, in bytes, of a read after a large frame, when another large frame is likely.
/// The read is short, because payload bytes that arrive together with the next header have to be
/// moved into the frame's own buffer. But it must not be too short: with a maximum of 4 KiB there
/// were more reads, and receiving 1 MiB from each of eight clients took a twentieth longer.
const NEXT_HEADER_READ: usize = 32 << 10;

/// The purpose of a read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Reading frames of any kind.
    #[default]
    Anything,
    /// Reading the rest of a large frame.
    LargeFrame,
    /// Reading the beginning of whatever follows a large frame. A peer that sends one large frame
    /// often sends more.
    NextHeader,
}

/// The state of one connection's reads, from which the purpose of the next read follows.
#[derive(Debug, Default)]
pub(crate) struct ReadPlanner {
    /// The purpose of the read that was planned last, whether that read brought bytes or not.
    planned: Purpose,
    /// The purpose of the last read that brought bytes or the end of the stream.
    last: Purpose,
    /// The largest size, in bytes, that the buffer of one frame has reached since the last read for
    /// [`Purpose::Anything`].
    largest: usize,
}

impl ReadPlanner {
    /// Returns the number of bytes for which the next read should have room if memory is scarce: a
    /// block, or as much as has arrived, or as much as an earlier frame needed. The buffer of a
    /// large frame then at most doubles, so that it does not take much memory that it does not fill.
    pub(crate) fn wanted(&self, connection: &Connection) -> usize {
        let arrived = connection.input_len();
        connection.payload_remaining().min(arrived.max(self.largest.saturating_sub(arrived))).max(BLOCK)
    }

    /// Takes the connection's input, with room for the next read, which may bring at most
    /// `max_read` bytes. Returns the input and the maximum number of bytes to read. Put the input
    /// back with [`put_input`](Self::put_input).
    pub(crate) fn take_input(&mut self, connection: &mut Connection, max_read: usize) -> (BytesMut, usize) {
        let remaining = connection.payload_remaining();
        let mut input = connection.take_input();
        // The input is either the thread's block or a buffer that was allocated for one frame. It
        // counts as the buffer of one frame if it is smaller than a block, and holds more than the
        // short tail that would be copied into a block.
        let is_own = input.len() > MAX_COPIED_TAIL && input.capacity() < BLOCK;
        // A large frame counts as large until its end, even when fewer than `LARGE_FRAME` bytes are
        // missing, so that its last bytes are read into the same buffer. A frame that fills a whole
        // block counts as large too, because all its bytes would otherwise be copied into another
        // block.
        let is_large =
            remaining >= LARGE_FRAME || (remaining > 0 && (self.last == Purpose::LargeFrame || input.len() >= BLOCK));
        self.planned = if is_large {
            Purpose::LargeFrame
        } else if self.last == Purpose::LargeFrame && input.is_empty() {
            Purpose::NextHeader
        } else {
            Purpose::Anything
        };
        // Read the rest of one frame into its own buffer.
        if is_large || (remaining > 0 && is_own) {
            let room = remaining.min(self.growth(input.len()).max(LARGE_FRAME)).min(max_read);
            // If few bytes are buffered, reallocate to the full size at once. If many are buffered,
            // wait until less than half of `LARGE_FRAME` is free, because each reallocation copies
            // them all.
            let least = if input.len() <= NEXT_HEADER_READ { room } else { remaining.min(LARGE_FRAME / 2).min(room) };
            // A message keeps its buffer alive, so do not read it into the buffer of a frame that
            // was much larger.
            let is_oversized = input.capacity() > (2 * BLOCK).max(2 * (input.len() + remaining));
            if input.capacity() - input.len() < least || is_oversized {
                // Reserve room for a header too. Once the application drops the message, the buffer
                // may be reused for the next frame, which begins with a header.
                let mut own = BytesMut::with_capacity(input.len() + room + FrameHeader::MAX_LEN);
                own.extend_from_slice(&input);
                buffer_pool::put_input(mem::replace(&mut input, own));
            }
            // Ask for the remaining bytes and one more header. A short read then proves that the
            // socket is drained, which saves a `WouldBlock` read.
            return (input, (remaining + FrameHeader::MAX_LEN).min(max_read));
        }
        // Read into the thread's block, unless half a block is already free in this buffer. With
        // less room, each read would bring fewer bytes, and more system calls would be needed.
        let has_room = input.capacity() - input.len() >= BLOCK / 2 || input.try_reclaim(BLOCK / 2);
        // Do not read frames of any kind into the buffer of a large frame: a message among them
        // would keep that buffer alive. The short read for the next header may use it, because
        // messages that fit into that read are copied.
        let is_oversized = self.planned == Purpose::Anything && input.capacity() > 2 * BLOCK;
        if !has_room || is_oversized {
            let mut block = buffer_pool::take_input(BLOCK + input.len());
            block.extend_from_slice(&input);
            input = block;
        }
        // After a large frame, read only a little. The next header may announce another large
        // frame, and payload bytes that are read here would have to be moved into that frame's own
        // buffer.
        let limit = if self.planned == Purpose::NextHeader { NEXT_HEADER_READ.min(max_read) } else { max_read };
        (input, limit)
    }

    /// Puts the input back, and records whether the read brought bytes or the end of the stream.
    pub(crate) fn put_input(&mut self, connection: &mut Connection, input: BytesMut, has_read: bool) {
        // A read that brought nothing shows nothing about the peer's frames, so it does not affect
        // the plan for the next read.
        if has_read {
            self.last = self.planned;
            match self.planned {
                // The peer sends small frames again, so forget the size of the large ones.
                // Otherwise the next large frame would get that much room before its bytes have
                // arrived.
                Purpose::Anything => self.largest = 0,
                Purpose::LargeFrame => self.largest = self.largest.max(input.len()),
                Purpose::NextHeader => {}
            }
        }
        connection.put_input(input);
    }

    /// Puts the thread's block back, because the connection is about to wait. The connection keeps
    /// the beginning of an incomplete frame, in a buffer that is not much larger than the bytes in
    /// it.
    pub(crate) fn release_input(&self, connection: &mut Connection) {
        let remaining = connection.payload_remaining();
        let input = connection.take_input();
        // The maximum unused room, in bytes, that the connection may keep: none if the input is
        // empty, the possible growth of a large frame, and otherwise three times the bytes that
        // have arrived.
        let spare = match (input.len(), self.planned) {
            (0, _) => 0,
            (arrived, Purpose::LargeFrame) => self.growth(arrived),
            (arrived, _) => 3 * arrived,
        };
        // Keep a buffer that is small or well filled, because moving its bytes would save little
        // memory.
        if input.capacity() <= MAX_COPIED_TAIL || input.capacity() - input.len() <= spare + FrameHeader::MAX_LEN {
            return connection.put_input(input);
        }
        // If the rest of the frame is read into this buffer, reserve room for as many bytes again.
        // A short tail needs no room here, because it is copied into the thread's block before the
        // next read.
        let room = if input.len() > MAX_COPIED_TAIL { remaining.min(input.len()) } else { 0 };
        let mut tail = BytesMut::with_capacity(input.len() + room);
        tail.extend_from_slice(&input);
        buffer_pool::put_input(input);
        connection.put_input(tail);
    }

    /// Returns the maximum room, in bytes, that a frame may get beyond its `arrived` bytes.
    ///
    /// The memory depends on the bytes that have arrived, and not on the length that was announced,
    /// so a header alone cannot make this endpoint allocate much. The room is four times the number
    /// of bytes that have arrived. Doubling is more common, but it needs more reallocations, and
    /// each of them may have to move all those bytes. If an earlier frame was larger, the room is
    /// as large as that frame needed. If many large frames arrive, only the buffer of the first
    /// therefore grows in steps.
    fn growth(&self, arrived: usize) -> usize {
        (4 * arrived).max(self.largest.saturating_sub(arrived))
    }
}
