//! Carries out read plans: gives each read the buffer that its [plan](crate::read_plan) specifies.
//!
//! A small frame is read into the thread's block, together with other frames. A large frame is read
//! into its own buffer, and the read may go at most one header past the end of the frame. That
//! buffer then becomes the message, without another copy.

use std::mem;

use bytes::BytesMut;
use protocol::Connection;

use crate::{
    buffer_pool::{self, BLOCK},
    read_plan::{InputSizes, Purpose, ReadBuffer, ReadHistory, SHARED_ROOM},
};

/// The state of one connection's reads, on which its next plan is based.
#[derive(Debug, Default)]
pub(crate) struct ReadPlanner {
    /// The purpose of the read that was planned last, whether or not that read brought bytes.
    planned: Purpose,
    history: ReadHistory,
    buffer: InputBuffer,
}

/// The memory that the input uses. [`BytesMut::capacity`] does not return the size of this memory,
/// because it does not count the processed bytes at the beginning. The capacity can be small even
/// while a whole block is in use.
#[derive(Debug, Default, Clone, Copy)]
struct InputBuffer {
    /// The size of the memory in bytes.
    size: usize,
    /// Whether the memory is the thread's block, which the connection puts back before it waits.
    is_lent: bool,
}

impl InputBuffer {
    const fn own(size: usize) -> Self {
        Self { size, is_lent: false }
    }
}

impl ReadPlanner {
    /// Returns the room, in bytes, that the next read should have if memory is scarce: see
    /// [`ReadHistory::wanted`].
    pub(crate) fn wanted(&self, connection: &Connection) -> usize {
        self.history.wanted(connection.input_len(), connection.payload_remaining())
    }

    /// Takes the connection's input, with room for the next read, which may bring at most
    /// `max_read` bytes. Returns the input and the maximum number of bytes to read. Put the input
    /// back with [`put_input`](Self::put_input).
    pub(crate) fn take_input(&mut self, connection: &mut Connection, max_read: usize) -> (BytesMut, usize) {
        let remaining = connection.payload_remaining();
        let mut input = connection.take_input();
        // The first input may have arrived with the handshake, in a buffer that this
        // planner did not provide.
        self.buffer.size = self.buffer.size.max(input.capacity());
        let plan = self.history.plan(sizes(&input, remaining), max_read);
        self.planned = plan.purpose;
        match plan.buffer {
            ReadBuffer::Current => {}
            ReadBuffer::Own { capacity } => {
                let own = move_to(BytesMut::with_capacity(capacity), &input);
                self.buffer = InputBuffer::own(own.capacity());
                buffer_pool::put_input(mem::replace(&mut input, own));
            }
            ReadBuffer::Shared => {
                // The application may have dropped messages that were in this buffer. If the buffer
                // has too little room, `try_reclaim` makes the space that those messages occupied
                // usable again.
                let _ = input.try_reclaim(SHARED_ROOM);
                if plan.purpose.needs_block(sizes(&input, remaining)) {
                    input = move_to(buffer_pool::take_input(BLOCK + input.len()), &input);
                    self.buffer = InputBuffer { size: input.capacity(), is_lent: true };
                }
            }
        }
        (input, plan.limit)
    }

    /// Puts the input back. If `has_read` is `true`, the read brought bytes or the end of the
    /// stream, so this method records the read.
    pub(crate) fn put_input(&mut self, connection: &mut Connection, input: BytesMut, has_read: bool) {
        // A read that brought nothing reveals nothing about the peer's frames, so it does not
        // affect the plan for the next read.
        if has_read {
            self.history.record(self.planned, input.len());
        }
        connection.put_input(input);
    }

    /// Puts the thread's block back, because the connection is about to wait. The connection keeps
    /// the unprocessed bytes, in a buffer that is not much larger than they are or, if memory is
    /// scarce (`is_scarce`), exactly as large.
    pub(crate) fn release_input(&mut self, connection: &mut Connection, is_scarce: bool) {
        let remaining = connection.payload_remaining();
        let mut input = connection.take_input();
        let sizes = InputSizes { len: input.len(), capacity: self.buffer.size.max(input.capacity()), remaining };
        let capacity = if is_scarce {
            (sizes.capacity > sizes.len).then_some(sizes.len)
        } else {
            self.history.plan_wait(self.planned, sizes)
        };
        self.buffer = InputBuffer::own(capacity.unwrap_or(sizes.capacity));
        if let Some(capacity) = capacity {
            let tail = move_to(BytesMut::with_capacity(capacity), &input);
            buffer_pool::put_input(mem::replace(&mut input, tail));
        }
        connection.put_input(input);
    }

    /// Returns how many bytes of the memory budget the connection's input takes. If the input has
    /// its own buffer, the whole buffer counts. If it is in the thread's block, only the bytes that
    /// have arrived count.
    pub(crate) fn input_memory(&self, connection: &Connection) -> usize {
        let len = connection.input_len();
        if self.buffer.is_lent { len } else { len.max(self.buffer.size) }
    }
}

fn sizes(input: &BytesMut, remaining: usize) -> InputSizes {
    InputSizes { len: input.len(), capacity: input.capacity(), remaining }
}

/// Copies the input to the beginning of an empty buffer.
fn move_to(mut buffer: BytesMut, input: &[u8]) -> BytesMut {
    buffer.extend_from_slice(input);
    buffer
}
