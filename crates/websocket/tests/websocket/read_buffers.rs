//! What a connection holds. No test here looks at the allocator, which safe code cannot replace; a scripted stream sees which
//! buffer each read is given, and that tells it all: how large it is, whether connections share it, whether it moved.
//!
//! That an idle connection holds no buffer for *writing* cannot be seen from here.

use std::{
    collections::HashSet,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use futures_util::FutureExt;
use protocol::{Config, Limits, Message, Violation};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use websocket::{Error, WebSocket};

use crate::common::{BINARY, Scripted, TEXT, Wire, client, from_client, from_server, scripted, server, server_with};

/// What a read may bring at once, and twice that: a frame that just does not fit makes the block grow once.
const BLOCK: usize = 320 << 10;
const TWO_BLOCKS: usize = 2 * BLOCK;

/// Reads what there is and sends it back, until there is nothing more.
fn echo(server: &mut WebSocket<Scripted>) {
    while let Some(message) = server.next().now_or_never() {
        let message = message.expect("the connection is open").expect("the bytes are right");
        server.send(message).now_or_never().expect("there is room").expect("the connection is open");
    }
}

fn last_buffer(wire: &Wire) -> (usize, usize) {
    *wire.offered().last().expect("it was read")
}

#[test]
fn connections_that_wait_share_one_buffer() {
    let connections: Vec<_> = (0..100).map(|_| scripted()).map(|(stream, wire)| (server(stream), wire)).collect();
    let mut addresses = HashSet::new();
    let mut waiting = Vec::new();
    for (mut server, wire) in connections {
        assert!(server.next().now_or_never().is_none());
        let (address, size) = last_buffer(&wire);
        assert!(size <= TWO_BLOCKS, "{size} bytes for a read");
        addresses.insert(address);
        waiting.push(server);
    }
    assert_eq!(addresses.len(), 1, "each brought its own");
}

#[test]
fn a_connection_that_waits_has_given_its_buffer_back_after_an_echo_of_64_kib() {
    let (stream, wire_of_one) = scripted();
    let mut one = server(stream);
    wire_of_one.give(&from_client(BINARY, vec![7; 64 << 10]));
    echo(&mut one);
    assert_eq!(wire_of_one.written(), from_server(BINARY, vec![7; 64 << 10]));
    let (first, _) = last_buffer(&wire_of_one);

    // Were it still with the first, the second would have to get another.
    let (stream, wire_of_two) = scripted();
    let mut two = server(stream);
    assert!(two.next().now_or_never().is_none());
    let (second, size) = last_buffer(&wire_of_two);
    assert!(first.abs_diff(second) < TWO_BLOCKS, "two buffers, {} apart", first.abs_diff(second));
    assert!(size <= TWO_BLOCKS, "{size} bytes for a read");
}

#[test]
fn half_a_frame_stays_with_its_connection_and_the_buffer_does_not() {
    let (stream, wire_of_one) = scripted();
    let mut one = server(stream);
    let frame = from_client(BINARY, vec![7; 3000]);
    wire_of_one.give(&frame[..1500]);
    assert!(one.next().now_or_never().is_none());
    let (first, _) = last_buffer(&wire_of_one);

    let (stream, wire_of_two) = scripted();
    let mut two = server(stream);
    wire_of_two.give(&from_client(TEXT, "x".repeat(30_000)));
    let message = two.next().now_or_never().expect("it has arrived").unwrap().unwrap();
    assert_eq!(message, Message::text("x".repeat(30_000)));
    assert!(first.abs_diff(wire_of_two.offered()[0].0) < BLOCK, "the same block");

    // And nobody has written over the half.
    wire_of_one.give(&frame[1500..]);
    let message = one.next().now_or_never().expect("it has arrived").unwrap().unwrap();
    assert_eq!(message, Message::binary(vec![7; 3000]));
}

#[test]
fn small_messages_that_are_kept_do_not_keep_the_buffer() {
    let mut kept = Vec::new();
    let mut addresses = HashSet::new();
    for _ in 0..100 {
        let (stream, wire) = scripted();
        let mut server = server(stream);
        wire.give(&from_client(TEXT, "ten bytes!"));
        kept.push(server.next().now_or_never().expect("it has arrived").unwrap().unwrap());
        assert!(server.next().now_or_never().is_none());
        addresses.insert(last_buffer(&wire).0);
    }
    assert_eq!(addresses.len(), 1, "ten bytes hold on to a whole block");
    assert_eq!(kept.len(), 100);
}

#[test]
fn a_length_that_was_announced_is_not_allocated() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    // 60 MiB, within the limits; and little of it comes.
    let header = [0x82, 0xFF, 0, 0, 0, 0, 0x03, 0xC0, 0, 0, 1, 2, 3, 4];
    wire.give(&header);
    let mut received = 0;
    for _ in 0..100 {
        assert!(server.next().now_or_never().is_none());
        let (_, size) = last_buffer(&wire);
        assert!(size <= 4 * received + TWO_BLOCKS, "{size} bytes for a read after {received} bytes");
        wire.give(&[0; 10_000]);
        received += 10_000;
    }
}

#[test]
fn a_large_frame_is_granted_as_much_as_an_earlier_one_has_filled() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.give(&from_client(BINARY, vec![7; 1 << 20]));
    assert!(server.next().now_or_never().is_some());
    assert!(server.next().now_or_never().is_none(), "it waits, and has given everything back");
    // 60 MiB.
    wire.give(&[0x82, 0xFF, 0, 0, 0, 0, 0x03, 0xC0, 0, 0, 1, 2, 3, 4]);
    assert!(server.next().now_or_never().is_none());
    let (_, size) = last_buffer(&wire);
    assert!((1 << 20..(1 << 20) + TWO_BLOCKS).contains(&size), "{size} bytes for a read after 1 MiB");
}

#[test]
fn what_was_granted_to_a_large_frame_is_not_granted_behind_smaller_ones() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.give(&from_client(BINARY, vec![7; 1 << 20]));
    for _ in 0..2 {
        wire.give(&from_client(BINARY, vec![7; 10_000]));
    }
    for _ in 0..3 {
        assert!(server.next().now_or_never().is_some());
    }
    assert!(server.next().now_or_never().is_none(), "it waits, and has given everything back");
    wire.give(&[0x82, 0xFF, 0, 0, 0, 0, 0x03, 0xC0, 0, 0, 1, 2, 3, 4]);
    assert!(server.next().now_or_never().is_none());
    let (_, size) = last_buffer(&wire);
    assert!(size <= TWO_BLOCKS, "{size} bytes for a read");
}

#[test]
fn a_frame_above_the_limit_is_refused_while_it_is_a_number() {
    let (stream, wire) = scripted();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _guard = runtime.enter();
    let limits = Limits { max_frame_bytes: 1 << 20, ..Limits::DEFAULT };
    let config = Config { limits, ..Config::default() };
    let mut server = server_with(stream, config);
    // 2^62 bytes.
    wire.give(&[0x82, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
    wire.end();
    let end = server.next().now_or_never().expect("it is over");
    let Some(Err(Error::Violation(violation))) = end else { panic!("{end:?}") };
    assert_eq!(violation, Violation::FrameTooBig { length: 1 << 62, limit: 1 << 20 });
    for (_, size) in wire.offered() {
        assert!(size <= TWO_BLOCKS, "{size} bytes for a read");
    }
}

/// Reads a large message that comes in pieces of `piece` bytes; gives it and the wire.
fn read_large(len: usize, piece: usize) -> (Message, WebSocket<Scripted>, Wire) {
    let (stream, wire) = scripted();
    // A client, because nothing has to be unmasked then; the buffers are the same.
    let mut client = client(stream);
    for piece in from_server(BINARY, vec![7; len]).chunks(piece) {
        wire.give(piece);
    }
    let message = client.next().now_or_never().expect("it has arrived").unwrap().unwrap();
    assert_eq!(message.as_bytes().len(), len);
    (message, client, wire)
}

#[test]
fn a_large_message_is_handed_out_where_its_last_bytes_were_read() {
    for piece in [1_460, 10_000, 30_000] {
        let (message, _client, wire) = read_large(1 << 20, piece);
        let memory = message.as_bytes().as_ptr_range();
        let memory = memory.start as usize..memory.end as usize;
        let offered = wire.offered();
        for (address, _) in &offered[offered.len() - (64 << 10) / piece..] {
            assert!(
                memory.contains(address),
                "in pieces of {piece} the message was moved although it was nearly whole"
            );
        }
    }
}

#[test]
fn a_large_message_moves_seldom_while_it_grows() {
    for piece in [100, 1_460, 10_000] {
        let (_, _, wire) = read_large(1 << 20, piece);
        let offered = wire.offered();
        let moves = offered.windows(2).filter(|two| two[1].0.wrapping_sub(two[0].0) != piece).count();
        assert!(moves <= 10, "in pieces of {piece} it moved {moves} times in {} reads", offered.len());
    }
}

#[test]
fn of_many_large_messages_only_the_first_moves() {
    for piece in [1_460, 30_000, 500_000] {
        let (message, mut client, wire) = read_large(1 << 20, piece);
        drop(message);
        for _ in 0..3 {
            assert!(client.next().now_or_never().is_none(), "it waits, and has given everything back");
            let before = wire.offered().len();
            for piece in from_server(BINARY, vec![7; 1 << 20]).chunks(piece) {
                wire.give(piece);
            }
            let message = client.next().now_or_never().expect("it has arrived").unwrap().unwrap();
            let memory = message.as_bytes().as_ptr_range();
            // All but the beginning, which says how large it is.
            for (address, _) in &wire.offered()[before + 1..] {
                assert!(memory.contains(&(*address as *const u8)), "moved, in pieces of {piece}");
            }
        }
    }
}

#[test]
fn large_and_small_messages_follow_each_other_in_any_pieces() {
    let sizes = [70_000, 65_536, 5, 1 << 20, 0, 400_000, 330_000, 20_000, 327_680, 90_000, 16_384, 1 << 20, 1 << 20];
    let bytes: Vec<u8> = (1..).zip(sizes).flat_map(|(number, size)| from_client(BINARY, vec![number; size])).collect();
    for piece in [127, 1_460, 65_536, 250_000, bytes.len()] {
        let (stream, wire) = scripted();
        let mut server = server(stream);
        let mut pieces = bytes.chunks(piece);
        for (number, size) in (1..).zip(sizes) {
            let message = loop {
                if let Some(message) = server.next().now_or_never() {
                    break message.expect("the connection is open").expect("the bytes are right");
                }
                wire.give(pieces.next().expect("not all was taken"));
            };
            assert!(*message.as_bytes() == vec![number; size], "message {number} in pieces of {piece}");
        }
    }
}

#[test]
fn a_large_message_does_not_leave_a_large_buffer_behind() {
    for piece in [10_000, 500_000] {
        let (message, mut one, _) = read_large(2 << 20, piece);
        drop(message);
        assert!(one.next().now_or_never().is_none());
        // The next connection of this thread gets what this one gave back.
        let (stream, wire) = scripted();
        let mut two = server(stream);
        assert!(two.next().now_or_never().is_none());
        let (_, size) = last_buffer(&wire);
        assert!(size <= TWO_BLOCKS, "after 2 MiB in pieces of {piece} a read has {size} bytes");
    }
}

/// Gives one byte a read and notes where to, without a note for each byte.
#[derive(Debug)]
struct Drip {
    bytes: std::vec::IntoIter<u8>,
    next_address: usize,
    reads: Arc<Mutex<Reads>>,
}

#[derive(Debug, Default)]
struct Reads {
    polls: usize,
    moves: usize,
}

impl AsyncRead for Drip {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let address = buf.initialize_unfilled_to(1).as_ptr() as usize;
        let moved = address != self.next_address;
        self.next_address = address + 1;
        let mut reads = self.reads.lock().unwrap();
        reads.polls += 1;
        reads.moves += usize::from(moved);
        drop(reads);
        match self.bytes.next() {
            Some(byte) => {
                buf.put_slice(&[byte]);
                Poll::Ready(Ok(()))
            }
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for Drip {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Text, because it is checked: a check that began again with each byte would take hours.
#[test]
fn a_mebibyte_in_single_bytes_takes_a_poll_each_and_hardly_moves() {
    let text = "äöü€".repeat(1 << 20 >> 3);
    let bytes = from_client(TEXT, &text);
    let count = bytes.len();
    let reads = Arc::<Mutex<Reads>>::default();
    let mut server = server(Drip { bytes: bytes.into_iter(), next_address: 0, reads: Arc::clone(&reads) });
    let message = server.next().now_or_never().expect("it has arrived").unwrap().unwrap();
    assert!(message.as_text() == Some(&text));
    let reads = reads.lock().unwrap();
    assert_eq!(reads.polls, count);
    assert!(reads.moves <= 10, "{} moves", reads.moves);
}

#[test]
fn messages_in_single_bytes_take_a_poll_each() {
    let bytes = from_client(TEXT, "a few bytes").repeat(1000);
    let count = bytes.len();
    let reads = Arc::<Mutex<Reads>>::default();
    let mut server = server(Drip { bytes: bytes.into_iter(), next_address: 0, reads: Arc::clone(&reads) });
    for _ in 0..1000 {
        let message = server.next().now_or_never().expect("it has arrived").unwrap().unwrap();
        assert_eq!(message, Message::text("a few bytes"));
    }
    assert_eq!(reads.lock().unwrap().polls, count);
}
