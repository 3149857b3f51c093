//! Reads as planned: gives each read the buffer that its [plan](crate::read_plan) names.
//!
//! A small frame is read into the thread's block, together with other frames. A large frame is read
//! into its own buffer, up to its end and hardly further. That buffer then becomes the message, and
//! no byte has to be moved.

use std::mem;

use bytes::BytesMut;
use protocol::Connection;

use crate::{
    buffer_pool::{self, BLOCK},
    read_plan::{InputSizes, Purpose, ReadBuffer, ReadHistory, SHARED_ROOM},
};

/// The state of one connection's reads, from which the next plan follows.
#[derive(Debug, Default)]
pub(crate) struct ReadPlanner {
    /// The purpose of the read that was planned last, whether that read brought bytes or not.
    planned: Purpose,
    history: ReadHistory,
}

impl ReadPlanner {
    /// Returns the number of bytes for which the next read should have room if memory is scarce: see
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
        let plan = self.history.plan(sizes(&input, remaining), max_read);
        self.planned = plan.purpose;
        match plan.buffer {
            ReadBuffer::Current => {}
            ReadBuffer::Own { capacity } => {
                let own = move_to(BytesMut::with_capacity(capacity), &input);
                buffer_pool::put_input(mem::replace(&mut input, own));
            }
            ReadBuffer::Shared => {
                // The application may have dropped messages that were in this buffer. This uses their
                // room again, and does nothing if there is enough room anyway.
                let _ = input.try_reclaim(SHARED_ROOM);
                if plan.purpose.needs_block(sizes(&input, remaining)) {
                    input = move_to(buffer_pool::take_input(BLOCK + input.len()), &input);
                }
            }
        }
        (input, plan.limit)
    }

    /// Puts the input back, and records whether the read brought bytes or the end of the stream.
    pub(crate) fn put_input(&mut self, connection: &mut Connection, input: BytesMut, has_read: bool) {
        // A read that brought nothing shows nothing about the peer's frames, so it does not affect
        // the plan for the next read.
        if has_read {
            self.history.record(self.planned, input.len());
        }
        connection.put_input(input);
    }

    /// Puts the thread's block back, because the connection is about to wait. The connection keeps
    /// the beginning of an incomplete frame, in a buffer that is not much larger than the bytes in
    /// it.
    pub(crate) fn release_input(&self, connection: &mut Connection) {
        let remaining = connection.payload_remaining();
        let mut input = connection.take_input();
        if let Some(capacity) = self.history.plan_wait(self.planned, sizes(&input, remaining)) {
            let tail = move_to(BytesMut::with_capacity(capacity), &input);
            buffer_pool::put_input(mem::replace(&mut input, tail));
        }
        connection.put_input(input);
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
