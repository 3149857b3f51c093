//! Tests of the thread's blocks. Each test runs on its own thread, and so has its own blocks.

use std::time::Instant;

use bytes::BytesMut;
use protocol::{Config, Connection, Message};

use super::{put_input, release_send_buffer, supply_send_buffer, take_input};

const BLOCK_BYTES: usize = 320 << 10;

/// Returns the address of the memory that a block uses.
fn address(block: &BytesMut) -> *const u8 {
    block.as_ptr()
}

fn server() -> Connection {
    Connection::server(Config::default(), Instant::now())
}

/// Writes all of the connection's output.
fn transmit(connection: &mut Connection) {
    use bytes::Buf;
    while let Some(protocol::Transmit::Bytes(output)) = connection.poll_transmit() {
        output.advance(output.remaining());
    }
}

#[test]
fn a_block_that_was_put_back_is_taken_by_the_next_connection() {
    let mut block = take_input(BLOCK_BYTES);
    assert!(block.capacity() >= BLOCK_BYTES);
    block.extend_from_slice(b"the bytes of another connection");
    let first = address(&block);
    put_input(block);
    let again = take_input(BLOCK_BYTES);
    assert_eq!((address(&again), again.len()), (first, 0), "the same memory, and empty");
    let other = take_input(BLOCK_BYTES);
    assert_ne!(address(&other), first, "a block is lent to one connection at a time");
}

#[test]
fn a_block_of_any_needed_size_is_returned() {
    assert!(take_input(3 * BLOCK_BYTES).capacity() >= 3 * BLOCK_BYTES);
}

#[test]
fn blocks_of_one_to_two_block_sizes_are_kept() {
    for (size, kept) in
        [(BLOCK_BYTES - 1, false), (BLOCK_BYTES, true), (2 * BLOCK_BYTES, true), (2 * BLOCK_BYTES + 1, false)]
    {
        put_input(BytesMut::with_capacity(size));
        let taken = take_input(0);
        assert_eq!(taken.capacity(), if kept { size } else { 0 }, "{size} bytes");
    }
}

#[test]
fn a_block_that_a_message_still_shares_is_not_kept() {
    let mut block = BytesMut::with_capacity(BLOCK_BYTES);
    block.extend_from_slice(b"a message and more");
    let message = block.split_to(9).freeze();
    put_input(block);
    assert_eq!(take_input(0).capacity(), 0);
    assert_eq!(message, "a message");
}

#[test]
fn a_send_buffer_is_supplied_and_put_back_for_the_next_connection() {
    let (mut one, mut two) = (server(), server());
    supply_send_buffer(&mut one);
    let supplied = one.send_buffer_capacity().expect("nothing is queued");
    assert!(supplied >= BLOCK_BYTES);
    release_send_buffer(&mut one);
    assert_eq!(one.send_buffer_capacity(), Some(0), "an idle connection has no send buffer");
    // The connections take turns with one block: `one` gets the block that `two` has released.
    supply_send_buffer(&mut two);
    let block = two.take_send_buffer().expect("nothing is queued");
    let first = address(&block);
    two.put_send_buffer(block);
    release_send_buffer(&mut two);
    supply_send_buffer(&mut one);
    assert_eq!(address(&one.take_send_buffer().expect("nothing is queued")), first);
}

#[test]
fn a_send_buffer_of_half_a_block_is_not_replaced() {
    for (size, replaced) in [(BLOCK_BYTES / 2 - 1, true), (BLOCK_BYTES / 2, false), (BLOCK_BYTES, false)] {
        let mut connection = server();
        connection.put_send_buffer(BytesMut::with_capacity(size));
        supply_send_buffer(&mut connection);
        let capacity = connection.send_buffer_capacity().expect("nothing is queued");
        assert_eq!(capacity != size, replaced, "{size} bytes");
    }
}

#[test]
fn a_send_buffer_that_holds_output_is_neither_replaced_nor_put_back() {
    let mut connection = server();
    connection.send(Message::text("queued")).expect("the connection is open");
    supply_send_buffer(&mut connection);
    release_send_buffer(&mut connection);
    assert_eq!(connection.queued_bytes(), 8);
    transmit(&mut connection);
    assert_eq!(connection.queued_bytes(), 0);
}
