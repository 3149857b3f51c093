//! Two buffers for all connections of a thread: one to read into, one to write from.
//!
//! A connection needs them while bytes are being read, handled and answered, and nearly all connections are idle nearly
//! all of the time. So a thread has one block of each kind; a connection takes them when it has something to do and gives
//! them back when it has to wait. Ten thousand idle connections then hold two blocks, and not twenty thousand. What stays
//! with a connection is the tail of a frame that has not come to its end, and what the peer does not take.
//!
//! ```text
//!   thread's block ──lend──▶ [frame][frame][frame][half a frame]
//!                                                  └────┬─────┘
//!                  ◀──return──                    kept by the connection
//! ```
//!
//! It saves time as well: the block that was used a moment ago, by whichever connection, is still in the core's cache.

use std::{cell::Cell, mem, thread::LocalKey};

use bytes::BytesMut;
use protocol::{Connection, frame::FrameHeader};

/// A block's size: what a read can bring at once. Sixteen messages of 16 KiB with their headers fit in, and it
/// takes a third of a core's second-level cache of 1 MiB. With 64 KiB such a load took a tenth longer, and messages of 1 MiB a fifth.
pub(crate) const BLOCK: usize = 320 << 10;

/// A tail up to this size is copied into the block for each read. A longer one gets a buffer of its own, where the rest of
/// its frame is read, so that it is not copied again and again.
const TAIL_COPIED: usize = 4 << 10;

/// From this many missing bytes on, a frame is read into a buffer of its own, to its end and no further than a header
/// beyond. It then *is* the message, and nothing has to be moved but what came with its header.
const LARGE_FRAME: usize = 64 << 10;

/// What a read may bring behind a large frame, where another one's header is likely: what comes with that has to be moved.
/// With 4 KiB there are more reads, and 1 MiB from each of eight clients takes a twentieth longer.
const BEGINNING: usize = 32 << 10;

/// Room for each read of a handshake. Most requests are shorter and come in one piece.
pub(crate) const HEAD_READ: usize = 4 << 10;

thread_local! {
    static INPUT: Cell<BytesMut> = Cell::new(BytesMut::new());
    static OUTPUT: Cell<BytesMut> = Cell::new(BytesMut::new());
}

/// What a read is for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Whatever comes.
    #[default]
    Anything,
    /// The rest of a large frame.
    Large,
    /// The beginning of whatever follows on a large frame, because whoever sends one often sends more.
    Beginning,
}

/// A connection's reads: what they were, and so what the next may be.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    /// What room was made for last.
    planned: Purpose,
    /// What the last read was that brought something.
    last: Purpose,
    /// The most that has come of one frame since reads were last for anything.
    largest: usize,
}

impl Reads {
    /// Makes room in the connection's input for the next read; gives how many bytes that may bring.
    pub(crate) fn prepare_read(&mut self, connection: &mut Connection) -> usize {
        let missing = connection.payload_remaining();
        let input = connection.input();
        let is_own = input.len() > TAIL_COPIED && input.capacity() < BLOCK;
        let is_large = missing >= LARGE_FRAME || (missing > 0 && (self.last == Purpose::Large || input.len() >= BLOCK));
        self.planned = if is_large {
            Purpose::Large
        } else if self.last == Purpose::Large && input.is_empty() {
            Purpose::Beginning
        } else {
            Purpose::Anything
        };
        if is_large || (missing > 0 && is_own) {
            let room = missing.min(self.room(input.len()).max(LARGE_FRAME));
            // While it is little that moves, all of it at once; later, when there is none left.
            let least = if input.len() <= BEGINNING { room } else { missing.min(LARGE_FRAME / 2) };
            if input.capacity() - input.len() < least {
                // When its message has left, the buffer may come back for the next frame, and that has a header.
                let mut own = BytesMut::with_capacity(input.len() + room + FrameHeader::MAX_LEN);
                own.extend_from_slice(input);
                give(&INPUT, mem::replace(input, own));
            }
            // A read that brings less than it might says that there is no more, and nobody has to ask again.
            return missing + FrameHeader::MAX_LEN;
        }
        if input.capacity() - input.len() < BLOCK / 2 && !input.try_reclaim(BLOCK / 2) {
            let mut block = take(&INPUT, BLOCK + input.len());
            block.extend_from_slice(input);
            *input = block;
        }
        if self.planned == Purpose::Beginning { BEGINNING } else { usize::MAX }
    }

    /// How many bytes more there may be room for when `arrived` bytes of a frame are here.
    ///
    /// Memory follows what has arrived and not what was announced: four times as much. Twice would be the usual step, but
    /// each step may move all that is there. Or as much as has come of a frame before, so that of many large ones only the
    /// first grows in steps.
    fn room(&self, arrived: usize) -> usize {
        (4 * arrived).max(self.largest.saturating_sub(arrived))
    }

    /// Notes that the read has brought something.
    pub(crate) fn note(&mut self, connection: &mut Connection) {
        self.last = self.planned;
        match self.planned {
            Purpose::Anything => self.largest = 0,
            Purpose::Large => self.largest = self.largest.max(connection.input().len()),
            Purpose::Beginning => {}
        }
    }

    /// Gives the block that was read into back, because the connection is about to wait. It keeps what has arrived of a
    /// frame, in a buffer that is not much larger than it is, or than one was that was filled.
    pub(crate) fn put_input(&self, connection: &mut Connection) {
        let missing = connection.payload_remaining();
        let input = connection.input();
        let room = match (input.len(), self.planned) {
            (0, _) => 0,
            (arrived, Purpose::Large) => self.room(arrived),
            (arrived, _) => 3 * arrived,
        };
        if input.capacity() <= TAIL_COPIED || input.capacity() - input.len() <= room + FrameHeader::MAX_LEN {
            return;
        }
        let room = if input.len() > TAIL_COPIED { missing.min(input.len()) } else { 0 };
        let mut tail = BytesMut::with_capacity(input.len() + room);
        tail.extend_from_slice(input);
        give(&INPUT, mem::replace(input, tail));
    }
}

/// Gives the connection a block for what it is about to send, if it has none.
pub(crate) fn take_output(connection: &mut Connection) {
    if let Some(output) = connection.output_buffer()
        && output.capacity() < BLOCK / 2
    {
        *output = take(&OUTPUT, BLOCK);
    }
}

/// Gives that block back once everything in it was written.
pub(crate) fn put_output(connection: &mut Connection) {
    if let Some(output) = connection.output_buffer()
        && output.capacity() > 0
    {
        give(&OUTPUT, mem::take(output));
    }
}

fn take(from: &'static LocalKey<Cell<BytesMut>>, room: usize) -> BytesMut {
    let mut block = from.take();
    block.reserve(room);
    block
}

fn give(to: &'static LocalKey<Cell<BytesMut>>, mut block: BytesMut) {
    block.clear();
    // Not one that a message still shares, and not what a large message has left behind.
    if block.try_reclaim(BLOCK) && block.capacity() <= 2 * BLOCK {
        to.set(block);
    }
}
