//! The buffers that a connection reads into.
//!
//! Safe code cannot replace the allocator, so no test here counts allocations. Instead, a scripted
//! stream sees the buffer of each read: how large it is, whether connections share it, and whether
//! it has moved. Buffers for *writing* cannot be seen from here, so `idle_memory` of `protocol`
//! measures those.

use std::{
    collections::HashSet,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use futures_util::FutureExt;
use protocol::{Config, Limits, Message, Violation};
use testkit::{
    frames::{
        client_frame,
        first_byte::{BINARY, TEXT},
        server_frame,
    },
    stream::{OfferedBuffer, ScriptedStream, StreamScript, scripted_stream},
    tasks::{is_pending, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use websocket::{Error, WebSocket};

use crate::support::{client, server, server_with};

/// The maximum number of bytes that one read returns, and twice that number, because a frame that
/// is slightly too large makes the block grow once.
const BLOCK: usize = 320 << 10;
const TWO_BLOCKS: usize = 2 * BLOCK;

/// Sends all pending messages back.
fn echo(server: &mut WebSocket<ScriptedStream>) {
    while let Some(message) = server.next().now_or_never() {
        let message = message.expect("the connection is open").expect("the frames are valid");
        ready(server.send(message)).expect("the connection is open");
    }
}

fn last_buffer(script: &StreamScript) -> OfferedBuffer {
    *script.offered_buffers().last().expect("at least one read")
}

#[track_caller]
fn assert_not_enlarged(buffer: OfferedBuffer) {
    assert!(buffer.size <= TWO_BLOCKS, "{} bytes for a read", buffer.size);
}

#[test]
fn waiting_connections_share_one_read_buffer() {
    let connections: Vec<_> =
        (0..100).map(|_| scripted_stream()).map(|(stream, script)| (server(stream), script)).collect();
    let mut addresses = HashSet::new();
    let mut waiting = Vec::new();
    for (mut server, script) in connections {
        assert!(is_pending(server.next()));
        let buffer = last_buffer(&script);
        assert_not_enlarged(buffer);
        addresses.insert(buffer.address);
        waiting.push(server);
    }
    assert_eq!(addresses.len(), 1, "each connection has its own buffer");
}

#[test]
fn a_waiting_connection_has_put_its_buffer_back_after_an_echo_of_64_kib() {
    let (stream, first_script) = scripted_stream();
    let mut one = server(stream);
    first_script.push_read(&client_frame(BINARY, vec![7; 64 << 10]));
    echo(&mut one);
    assert_eq!(first_script.written(), server_frame(BINARY, vec![7; 64 << 10]));
    let first = last_buffer(&first_script).address;

    // If the first connection still had the buffer, the second one would get a different buffer.
    let (stream, second_script) = scripted_stream();
    let mut two = server(stream);
    assert!(is_pending(two.next()));
    let second = last_buffer(&second_script);
    let distance = first.abs_diff(second.address);
    assert!(distance < TWO_BLOCKS, "two buffers, {distance} bytes apart");
    assert_not_enlarged(second);
}

#[test]
fn half_a_frame_moves_to_its_connection_and_the_buffer_is_put_back() {
    let (stream, first_script) = scripted_stream();
    let mut one = server(stream);
    let frame = client_frame(BINARY, vec![7; 3000]);
    first_script.push_read(&frame[..1500]);
    assert!(is_pending(one.next()));
    let first = last_buffer(&first_script).address;

    let (stream, second_script) = scripted_stream();
    let mut two = server(stream);
    second_script.push_read(&client_frame(TEXT, "x".repeat(30_000)));
    let message = ready(two.next()).unwrap().unwrap();
    assert_eq!(message, Message::text("x".repeat(30_000)));
    assert!(first.abs_diff(second_script.offered_buffers()[0].address) < BLOCK, "another block");

    // The second connection has not overwritten the first half of the frame.
    first_script.push_read(&frame[1500..]);
    let message = ready(one.next()).unwrap().unwrap();
    assert_eq!(message, Message::binary(vec![7; 3000]));
}

/// The block has extra room for the bytes that have already arrived, so the next read still has
/// room for its maximum size.
#[test]
fn the_read_after_the_beginning_of_a_frame_has_room_for_a_whole_block() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    let frame = client_frame(BINARY, vec![7; 3000]);
    script.push_read(&frame[..1500]);
    assert!(is_pending(server.next()));
    script.push_read(&frame[1500..]);
    assert_eq!(ready(server.next()).unwrap().unwrap(), Message::binary(vec![7; 3000]));
    let buffer = last_buffer(&script);
    assert!(buffer.size >= BLOCK, "{} bytes for a read", buffer.size);
    assert_not_enlarged(buffer);
}

#[test]
fn small_messages_that_are_kept_do_not_keep_the_buffer_alive() {
    let mut kept = Vec::new();
    let mut addresses = HashSet::new();
    for _ in 0..100 {
        let (stream, script) = scripted_stream();
        let mut server = server(stream);
        script.push_read(&client_frame(TEXT, "ten bytes!"));
        kept.push(ready(server.next()).unwrap().unwrap());
        assert!(is_pending(server.next()));
        addresses.insert(last_buffer(&script).address);
    }
    assert_eq!(addresses.len(), 1, "ten bytes keep a whole block alive");
    assert_eq!(kept.len(), 100);
}

#[test]
fn an_announced_length_is_not_allocated() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    // The header announces 15 MiB, which is within the limits, but only a small part of it arrives.
    let header = [0x82, 0xFF, 0, 0, 0, 0, 0x00, 0xF0, 0, 0, 1, 2, 3, 4];
    script.push_read(&header);
    let mut received = 0;
    for _ in 0..100 {
        assert!(is_pending(server.next()));
        let size = last_buffer(&script).size;
        assert!(size <= 4 * received + TWO_BLOCKS, "{size} bytes for a read after {received} bytes");
        script.push_read(&[0; 10_000]);
        received += 10_000;
    }
}

#[test]
fn a_large_frame_gets_as_large_a_buffer_as_an_earlier_one_has_filled() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&client_frame(BINARY, vec![7; 1 << 20]));
    assert!(server.next().now_or_never().is_some());
    assert!(is_pending(server.next()), "it waits, and has put its buffers back");
    // 15 MiB.
    script.push_read(&[0x82, 0xFF, 0, 0, 0, 0, 0x00, 0xF0, 0, 0, 1, 2, 3, 4]);
    assert!(is_pending(server.next()));
    let size = last_buffer(&script).size;
    assert!((1 << 20..(1 << 20) + TWO_BLOCKS).contains(&size), "{size} bytes for a read after 1 MiB");
}

#[test]
fn a_large_buffer_is_not_allocated_again_after_smaller_frames() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&client_frame(BINARY, vec![7; 1 << 20]));
    for _ in 0..2 {
        script.push_read(&client_frame(BINARY, vec![7; 10_000]));
    }
    for _ in 0..3 {
        assert!(server.next().now_or_never().is_some());
    }
    assert!(is_pending(server.next()), "it waits, and has put its buffers back");
    script.push_read(&[0x82, 0xFF, 0, 0, 0, 0, 0x00, 0xF0, 0, 0, 1, 2, 3, 4]);
    assert!(is_pending(server.next()));
    assert_not_enlarged(last_buffer(&script));
}

/// If such a message shared the read buffer, an application that keeps the message would hold up to
/// 160 times its size.
#[test]
fn a_message_of_up_to_64_kib_that_is_kept_does_not_keep_the_buffer_alive() {
    for size in [2049, 10_000, 64 << 10] {
        let mut kept = Vec::new();
        let mut addresses = HashSet::new();
        for _ in 0..10 {
            let (stream, script) = scripted_stream();
            let mut server = server(stream);
            script.push_read(&client_frame(BINARY, vec![7; size]));
            kept.push(ready(server.next()).unwrap().unwrap());
            assert!(is_pending(server.next()));
            addresses.insert(last_buffer(&script).address);
        }
        assert_eq!(addresses.len(), 1, "{size} bytes keep a whole block alive");
        assert_eq!(kept.len(), 10);
    }
}

#[test]
fn a_message_that_is_kept_is_not_in_the_buffer_of_an_earlier_and_larger_one() {
    // Messages above 64 KiB share the buffer into which they were read. The next bytes have already
    // arrived, so the connection does not wait between the messages and has not put its buffer
    // back.
    for sizes in [vec![70_000], vec![300_000], vec![100, 70_000, 70_000]] {
        let (stream, script) = scripted_stream();
        let mut server = server(stream);
        script.push_read(&client_frame(BINARY, vec![7; 8 << 20]));
        script.push_read(&sizes.iter().flat_map(|size| client_frame(BINARY, vec![7; *size])).collect::<Vec<_>>());
        let large = ready(server.next()).unwrap().unwrap();
        let large_range = large.as_bytes().as_ptr_range();
        drop(large);
        for size in sizes {
            let kept = ready(server.next()).unwrap().unwrap();
            assert_eq!(kept.len(), size);
            let start = kept.as_bytes().as_ptr();
            let is_shared = size > 64 << 10 && large_range.contains(&start);
            assert!(!is_shared, "{size} bytes keep the buffer of 8 MiB alive");
        }
    }
}

#[tokio::test]
async fn a_frame_above_the_limit_is_rejected_by_its_length_before_anything_is_allocated() {
    let (stream, script) = scripted_stream();
    let config = Config::DEFAULT.limits(Limits::DEFAULT.max_frame_bytes(1 << 20));
    let mut server = server_with(stream, config);
    // 2^62 bytes.
    script.push_read(&[0x82, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
    script.push_eof();
    let result = ready(server.next());
    let Some(Err(Error::Violation(violation))) = result else { panic!("{result:?}") };
    assert_eq!(violation, Violation::FrameTooBig { length: 1 << 62, limit: 1 << 20 });
    script.offered_buffers().into_iter().for_each(assert_not_enlarged);
}

/// Reads a large message that arrives in pieces of `piece` bytes. Returns the message, the
/// connection, and its script.
fn read_large(len: usize, piece: usize) -> (Message, WebSocket<ScriptedStream>, StreamScript) {
    let (stream, script) = scripted_stream();
    // Use a client, because frames from a server need no unmasking. The buffers are the same.
    let mut client = client(stream);
    for piece in server_frame(BINARY, vec![7; len]).chunks(piece) {
        script.push_read(piece);
    }
    let message = ready(client.next()).unwrap().unwrap();
    assert_eq!(message.as_bytes().len(), len);
    (message, client, script)
}

#[test]
fn a_large_message_is_returned_in_the_memory_into_which_its_end_was_read() {
    for piece in [1_460, 10_000, 30_000] {
        let (message, _client, script) = read_large(1 << 20, piece);
        let memory = message.as_bytes().as_ptr_range();
        let memory = memory.start as usize..memory.end as usize;
        let offered = script.offered_buffers();
        for buffer in &offered[offered.len() - (64 << 10) / piece..] {
            assert!(
                memory.contains(&buffer.address),
                "in pieces of {piece} bytes the message was moved when it was nearly complete"
            );
        }
    }
}

#[test]
fn a_growing_message_is_moved_at_most_ten_times() {
    for piece in [100, 1_460, 10_000] {
        let (_, _, script) = read_large(1 << 20, piece);
        let offered = script.offered_buffers();
        let is_move = |pair: &&[OfferedBuffer]| pair[1].address.wrapping_sub(pair[0].address) != piece;
        let moves = offered.windows(2).filter(is_move).count();
        assert!(moves <= 10, "in pieces of {piece} bytes it moved {moves} times in {} reads", offered.len());
    }
}

#[test]
fn only_the_first_of_several_large_messages_moves() {
    for piece in [1_460, 30_000, 500_000] {
        let (message, mut client, script) = read_large(1 << 20, piece);
        drop(message);
        for _ in 0..3 {
            assert!(is_pending(client.next()), "it waits, and has put its buffers back");
            let before = script.offered_buffers().len();
            for piece in server_frame(BINARY, vec![7; 1 << 20]).chunks(piece) {
                script.push_read(piece);
            }
            let message = ready(client.next()).unwrap().unwrap();
            let memory = message.as_bytes().as_ptr_range();
            // The first read is an exception, because it returns the header, which announces the
            // size.
            for buffer in &script.offered_buffers()[before + 1..] {
                assert!(memory.contains(&(buffer.address as *const u8)), "moved, in pieces of {piece} bytes");
            }
        }
    }
}

#[test]
fn large_and_small_messages_arrive_in_pieces_of_any_size() {
    let sizes = [70_000, 65_536, 5, 1 << 20, 0, 400_000, 330_000, 20_000, 327_680, 90_000, 16_384, 1 << 20, 1 << 20];
    let bytes: Vec<u8> = (1..).zip(sizes).flat_map(|(number, size)| client_frame(BINARY, vec![number; size])).collect();
    for piece in [127, 1_460, 65_536, 250_000, bytes.len()] {
        let (stream, script) = scripted_stream();
        let mut server = server(stream);
        let mut pieces = bytes.chunks(piece);
        for (number, size) in (1..).zip(sizes) {
            let message = loop {
                if let Some(message) = server.next().now_or_never() {
                    break message.expect("the connection is open").expect("the frames are valid");
                }
                script.push_read(pieces.next().expect("further pieces"));
            };
            assert!(*message.as_bytes() == vec![number; size], "message {number} in pieces of {piece} bytes");
        }
    }
}

#[test]
fn a_large_message_leaves_no_large_buffer_to_the_next_connection() {
    for piece in [10_000, 500_000] {
        let (message, mut one, _) = read_large(2 << 20, piece);
        drop(message);
        assert!(is_pending(one.next()));
        // The next connection on this thread gets the buffer that this connection has put back.
        let (stream, script) = scripted_stream();
        let mut two = server(stream);
        assert!(is_pending(two.next()));
        assert_not_enlarged(last_buffer(&script));
    }
}

/// A stream that returns one byte per read. It counts reads instead of recording each one.
#[derive(Debug)]
struct DripStream {
    bytes: std::vec::IntoIter<u8>,
    /// The address of the next read if the buffer does not move.
    next_address: usize,
    reads: Arc<Mutex<ReadCounts>>,
}

#[derive(Debug, Default)]
struct ReadCounts {
    polls: usize,
    moves: usize,
}

impl DripStream {
    fn new(bytes: Vec<u8>) -> (Self, Arc<Mutex<ReadCounts>>) {
        let reads = Arc::<Mutex<ReadCounts>>::default();
        (Self { bytes: bytes.into_iter(), next_address: 0, reads: Arc::clone(&reads) }, reads)
    }
}

impl AsyncRead for DripStream {
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

impl AsyncWrite for DripStream {
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

/// The message is a text, so it is validated. If validation started over with each byte, the test
/// would take hours.
#[test]
fn a_mebibyte_in_single_bytes_takes_one_poll_per_byte_and_moves_at_most_ten_times() {
    let text = "äöü€".repeat(1 << 20 >> 3);
    let bytes = client_frame(TEXT, &text);
    let count = bytes.len();
    let (stream, reads) = DripStream::new(bytes);
    let mut server = server(stream);
    let message = ready(server.next()).unwrap().unwrap();
    assert!(message.as_text() == Some(&text));
    let reads = reads.lock().unwrap();
    assert_eq!(reads.polls, count);
    assert!(reads.moves <= 10, "{} moves", reads.moves);
}

#[test]
fn messages_in_single_bytes_take_one_poll_per_byte() {
    let bytes = client_frame(TEXT, "a few bytes").repeat(1000);
    let count = bytes.len();
    let (stream, reads) = DripStream::new(bytes);
    let mut server = server(stream);
    for _ in 0..1000 {
        let message = ready(server.next()).unwrap().unwrap();
        assert_eq!(message, Message::text("a few bytes"));
    }
    assert_eq!(reads.lock().unwrap().polls, count);
}
