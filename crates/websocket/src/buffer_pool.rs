//! Two buffers shared by all connections of a thread: one to read into and one to write from.
//!
//! A connection needs its buffers only while bytes are read, processed and answered, and nearly all
//! connections are idle nearly all of the time. Each thread therefore keeps one input block and one
//! output block. A connection takes the blocks when it has work, and puts them back before it
//! waits. Ten thousand idle connections on one thread then need two blocks instead of twenty
//! thousand. While it waits, a connection keeps only the bytes that it has not processed and the
//! output that the stream has not accepted, in about as much memory as they need.
//!
//! ```text
//!   thread's block ──take──▶ [frame][frame][frame][half a frame]
//!                                                  └────┬─────┘
//!                  ◀──put──                     kept by the connection
//! ```
//!
//! Sharing blocks saves time as well: the block that another connection has just used is still in
//! the core's cache.

// Without the explicit path, `crates/verification/schedules`, which also includes this file, would
// not find the tests.
#[cfg(test)]
#[path = "buffer_pool/tests.rs"]
mod tests;

use std::{cell::Cell, thread::LocalKey};

use bytes::BytesMut;
use protocol::Connection;

/// The size of a block, in bytes, which is also the maximum number of bytes that one read into a
/// block can return. A block has room for the sixteen messages of 16 KiB that a load test sends at
/// once, and takes up a third of a 1 MiB second-level cache. With blocks of 64 KiB, this load test
/// took a tenth longer, and messages of 1 MiB took a fifth longer.
pub(crate) const BLOCK: usize = 320 << 10;

/// The buffer space, in bytes, that is reserved for each read during a handshake. Most requests are
/// shorter and arrive in one piece, so one read is enough for them.
pub(crate) const HANDSHAKE_READ: usize = 4 << 10;

/// The memory allocated for a block, in bytes. It has room for the unprocessed bytes that are
/// copied to its beginning, at most [`MAX_COPIED_TAIL`], and for a read of [`BLOCK`] bytes after
/// them.
const ALLOCATED: usize = BLOCK + MAX_COPIED_TAIL;

/// The maximum number of unprocessed bytes that are copied into the block for each read. A longer
/// incomplete frame gets its own buffer, into which the rest of the frame is read, so that the
/// frame is not copied again for each read.
pub(crate) const MAX_COPIED_TAIL: usize = 4 << 10;

thread_local! {
    static INPUT: Cell<BytesMut> = Cell::new(BytesMut::new());
    static OUTPUT: Cell<BytesMut> = Cell::new(BytesMut::new());
}

/// Takes the thread's input block, with room for at least `room` bytes.
pub(crate) fn take_input(room: usize) -> BytesMut {
    take(&INPUT, room)
}

/// Puts an input block back for the next connection.
pub(crate) fn put_input(block: BytesMut) {
    put(&INPUT, block);
}

/// Supplies the connection with a block for the frames that it is about to send, unless the
/// connection's buffer is already large enough.
pub(crate) fn supply_send_buffer(connection: &mut Connection) {
    // The capacity is `None` while bytes are queued. Those bytes are in the buffer, so the buffer
    // must not be replaced.
    if connection.send_buffer_capacity().is_some_and(|capacity| capacity < BLOCK / 2) {
        connection.put_send_buffer(take(&OUTPUT, BLOCK));
    }
}

/// Takes the block back from a connection whose stream does not accept its output. The connection
/// then keeps the output in memory of about the output's size. If the output fills a quarter of the
/// block or more, the block is taken back only if memory `is_scarce`.
pub(crate) fn shrink_send_buffer(connection: &mut Connection, is_scarce: bool) {
    if let Some(block) = connection.shrink_send_queue(is_scarce) {
        put(&OUTPUT, block);
    }
}

/// Takes the send buffer back from the connection once everything is written, so that the next
/// connection can use it.
pub(crate) fn release_send_buffer(connection: &mut Connection) {
    if connection.send_buffer_capacity().is_some_and(|capacity| capacity > 0)
        && let Some(block) = connection.take_send_buffer()
    {
        put(&OUTPUT, block);
    }
}

fn take(from: &'static LocalKey<Cell<BytesMut>>, room: usize) -> BytesMut {
    let block = from.take();
    // `BytesMut::reserve` would double the capacity of a block that is a little too small.
    if block.capacity() >= room { block } else { BytesMut::with_capacity(room.max(ALLOCATED)) }
}

fn put(to: &'static LocalKey<Cell<BytesMut>>, mut block: BytesMut) {
    block.clear();
    // Keep the block only if no message still shares its memory, because shared memory cannot be
    // reused. Do not keep the large buffer of a large message either, because the thread would hold
    // that memory even while all its connections are idle. Try to reclaim `ALLOCATED` bytes first:
    // if only `BLOCK` bytes were requested, the space of processed bytes at the beginning of the
    // block might not be regained.
    if (block.try_reclaim(ALLOCATED) || block.try_reclaim(BLOCK)) && block.capacity() <= 2 * BLOCK {
        to.set(block);
    }
}
