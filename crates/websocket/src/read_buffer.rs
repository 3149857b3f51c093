//! One read buffer for all connections of a thread.
//!
//! A connection needs a buffer while bytes are being read and handled, and nearly all connections are idle nearly all of
//! the time. So a thread has one block; a connection takes it when it reads and gives it back when it has to wait. Ten
//! thousand idle connections then hold one block, and not ten thousand. What stays with a connection is the tail of a
//! frame that has not come to its end.
//!
//! ```text
//!   thread's block ──lend──▶ [frame][frame][frame][half a frame]
//!                                                  └────┬─────┘
//!                  ◀──return──                    kept by the connection
//! ```

use std::cell::Cell;

use bytes::BytesMut;
use protocol::Connection;

/// The block's size: what a read can bring at once. As much as a socket's receive buffer gives away in one go without
/// making a small core's second-level cache useless.
pub(crate) const BLOCK: usize = 64 << 10;

/// A tail up to this size is copied out so that the block can go back. With a longer one the connection keeps the block:
/// more of the same frame will come soon.
const TAIL_COPIED: usize = 4 << 10;

/// From this many missing bytes on, a frame is read into a buffer of its own, to its end and no further. It then *is*
/// the message, and nothing has to be moved.
const LARGE_FRAME: usize = BLOCK;

/// Room for each read of a handshake. Most requests are shorter and come in one piece.
pub(crate) const HEAD_READ: usize = 4 << 10;

thread_local! {
    static SHARED: Cell<BytesMut> = Cell::new(BytesMut::new());
}

/// Makes room in the connection's input for the next read; gives how many bytes that may bring.
pub(crate) fn lend(connection: &mut Connection) -> usize {
    let missing = connection.missing();
    let input = connection.input();
    if missing >= LARGE_FRAME {
        // Memory follows what has arrived and not what was announced: at most twice of it, in steps of a block.
        if input.capacity() - input.len() < missing.min(BLOCK / 2) {
            input.reserve(missing.min(input.len().max(BLOCK)));
        }
        return missing;
    }
    if missing > 0 && input.len() >= BLOCK {
        // The last piece of such a frame: not worth moving the rest for.
        input.reserve(missing);
        return missing;
    }
    if input.capacity() - input.len() < BLOCK / 2 {
        let mut block = SHARED.take();
        block.clear();
        block.reserve(BLOCK + input.len());
        block.extend_from_slice(input);
        *input = block;
    }
    usize::MAX
}

/// Gives the block back, if it can be spared, because the connection is about to wait.
pub(crate) fn give_back(connection: &mut Connection) {
    let input = connection.input();
    if input.len() <= TAIL_COPIED && input.capacity() > TAIL_COPIED {
        let tail = BytesMut::from(&input[..]);
        let block = std::mem::replace(input, tail);
        // What a large frame has left behind is no block for everyone.
        if block.capacity() <= 2 * BLOCK {
            SHARED.set(block);
        }
    }
}
