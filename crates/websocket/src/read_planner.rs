//! The planner of reads: how much room each read gets, and in which buffer.
//!
//! A small frame is read into the thread's block, together with others. A large one is read into a
//! buffer of its own, to its end and hardly further. That buffer then *is* the message, and no byte
//! of it has to be moved.

use std::mem;

use bytes::BytesMut;
use protocol::{Connection, frame::FrameHeader};

use crate::buffer_pool::{self, BLOCK};

/// The maximum number of unprocessed bytes that are copied into the block for each read. A longer
/// incomplete frame gets a buffer of its own, into which the rest of it is read, so that it is not
/// copied again and again.
const MAX_COPIED_TAIL: usize = 4 << 10;

/// The number of missing bytes from which a frame is read into a buffer of its own.
const LARGE_FRAME: usize = 64 << 10;

/// The maximum size, in bytes, of a read after a large frame, when another large frame is likely.
/// The payload bytes that arrive together with its header have to be moved. With 4 KiB there are
/// more reads, and 1 MiB from each of eight clients takes a twentieth longer.
const NEXT_HEADER_READ: usize = 32 << 10;

/// The purpose for which a read is made.
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

/// The reads of one connection: the purposes of the last ones, from which that of the next one
/// follows.
#[derive(Debug, Default)]
pub(crate) struct ReadPlanner {
    /// The purpose for which room was made last, whether the read brought bytes or not.
    planned: Purpose,
    /// The purpose of the last read that brought something.
    last: Purpose,
    /// The largest size, in bytes, that the buffer of one frame has reached since the last read for
    /// [`Purpose::Anything`].
    largest: usize,
}

impl ReadPlanner {
    /// Takes the connection's input, with room for the next read. Returns it with the maximum
    /// number of bytes to read. Put it back with [`put_input`](Self::put_input).
    pub(crate) fn take_input(&mut self, connection: &mut Connection) -> (BytesMut, usize) {
        let remaining = connection.payload_remaining();
        let mut input = connection.take_input();
        // Whether the input is a buffer that an earlier read got for one frame, and not the
        // thread's block.
        let is_own = input.len() > MAX_COPIED_TAIL && input.capacity() < BLOCK;
        // A frame stays large until its end, even when less than `LARGE_FRAME` is remaining. A frame
        // that fills a whole block is large too.
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
            let room = remaining.min(self.growth(input.len()).max(LARGE_FRAME));
            // Few bytes are buffered: reallocate to the full size at once. Many: wait until less
            // than half of `LARGE_FRAME` is free, because each reallocation copies them.
            let least = if input.len() <= NEXT_HEADER_READ { room } else { remaining.min(LARGE_FRAME / 2) };
            if input.capacity() - input.len() < least {
                // Leave room for a header too. When the application drops its message, the memory
                // may be reclaimed for the next frame, which has one.
                let mut own = BytesMut::with_capacity(input.len() + room + FrameHeader::MAX_LEN);
                own.extend_from_slice(&input);
                buffer_pool::put_input(mem::replace(&mut input, own));
            }
            // Ask for one header more than is remaining. A short read then proves that the socket is
            // drained, which saves a `WouldBlock` read.
            return (input, remaining + FrameHeader::MAX_LEN);
        }
        // Read into the thread's block, unless half a block is free here already. Reading into less
        // would take more system calls.
        if input.capacity() - input.len() < BLOCK / 2 && !input.try_reclaim(BLOCK / 2) {
            let mut block = buffer_pool::take_input(BLOCK + input.len());
            block.extend_from_slice(&input);
            input = block;
        }
        // After a large frame, stop early: the next header may announce another one, which gets its
        // own buffer.
        let limit = if self.planned == Purpose::NextHeader { NEXT_HEADER_READ } else { usize::MAX };
        (input, limit)
    }

    /// Puts the input back, and records whether the read brought bytes or the end of the stream.
    pub(crate) fn put_input(&mut self, connection: &mut Connection, input: BytesMut, has_read: bool) {
        // A read that brought nothing says nothing about the next one.
        if has_read {
            self.last = self.planned;
            match self.planned {
                // The peer sends small frames again: forget the size of the large ones.
                Purpose::Anything => self.largest = 0,
                Purpose::LargeFrame => self.largest = self.largest.max(input.len()),
                Purpose::NextHeader => {}
            }
        }
        connection.put_input(input);
    }

    /// Puts the thread's block back, because the connection is about to wait. The connection keeps
    /// the beginning of an incomplete frame, in a buffer that is not much larger than these bytes.
    pub(crate) fn release_input(&self, connection: &mut Connection) {
        let remaining = connection.payload_remaining();
        let input = connection.take_input();
        // The unused room that the connection may keep: none without bytes, as much as a large
        // frame may grow, and otherwise three times the bytes that are here.
        let spare = match (input.len(), self.planned) {
            (0, _) => 0,
            (arrived, Purpose::LargeFrame) => self.growth(arrived),
            (arrived, _) => 3 * arrived,
        };
        // A buffer that is small, or well filled, stays: moving its bytes would save little.
        if input.capacity() <= MAX_COPIED_TAIL || input.capacity() - input.len() <= spare + FrameHeader::MAX_LEN {
            return connection.put_input(input);
        }
        // Room for as many bytes again, but only if the rest is read into this buffer. A short tail
        // is copied into the block anyway.
        let room = if input.len() > MAX_COPIED_TAIL { remaining.min(input.len()) } else { 0 };
        let mut tail = BytesMut::with_capacity(input.len() + room);
        tail.extend_from_slice(&input);
        buffer_pool::put_input(input);
        connection.put_input(tail);
    }

    /// Returns how much room, in bytes, a frame may get beyond the `arrived` bytes that are here.
    ///
    /// Memory follows the bytes that have arrived, and not the length that was announced. The room
    /// is four times as much as has arrived. Doubling is the usual step, but each step may have to
    /// move everything that has arrived. If an earlier frame was larger, the room is as much as
    /// that frame needed. Of many large frames, only the first one therefore grows in steps.
    fn growth(&self, arrived: usize) -> usize {
        (4 * arrived).max(self.largest.saturating_sub(arrived))
    }
}
