//! The memory that a connection holds while it waits or yields: none of its thread's blocks, and no
//! more than the memory budget counts.
//!
//! Safe code cannot count allocations. But a thread lends its block to one connection after
//! another, so a block that was put back is used for the next read or write, at the same address.

use protocol::Message;
use testkit::{
    frames::{
        client_frame,
        first_byte::{BINARY, CONTINUATION, FIRST_OF_BINARY, PING, TEXT},
        server_frame,
    },
    stream::{StreamScript, scripted_stream},
    tasks::{is_pending, ready},
};
use tokio::task::yield_now;
use websocket::{MemoryBudget, WebSocket};

use crate::support::server;

const KIB: usize = 1 << 10;
/// The maximum number of bytes that one read returns.
const BLOCK: usize = 320 * KIB;
/// The memory of a block: the bytes of one read, and the unprocessed bytes in front of them.
const ALLOCATED: usize = BLOCK + 4 * KIB;

/// Panics unless the next connection can use the block into which a connection has read.
#[track_caller]
fn assert_input_block_is_free(script: &StreamScript) {
    let (stream, next_script) = scripted_stream();
    let mut next = server(stream);
    assert!(is_pending(next.next()));
    let offered = next_script.offered_buffers()[0];
    assert!(offered.size <= ALLOCATED, "{} bytes for a read", offered.size);
    let block = offered.address..offered.address + offered.size;
    assert!(script.offered_buffers().iter().any(|buffer| block.contains(&buffer.address)), "another block");
}

/// Panics unless the next connection can use the block from which a connection began to write.
#[track_caller]
fn assert_send_block_is_free(script: &StreamScript) {
    let (stream, next_script) = scripted_stream();
    ready(server(stream).send("next")).unwrap();
    assert_eq!(next_script.writes()[0][0].address, script.writes()[0][0].address, "another block");
}

fn echo(server: &mut WebSocket<testkit::stream::ScriptedStream>) -> bool {
    is_pending(server.serve(|message, outbound| Ok(outbound.send_back(message)?)))
}

// ---- Waiting ------------------------------------------------------------------------------------

/// The next message has to wait, and so does everything that follows it.
#[test]
fn a_connection_whose_answers_fill_the_queue_has_put_its_input_block_back() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.block_writes();
    for _ in 0..20 {
        script.push_read(&client_frame(BINARY, [7; 16 * KIB]));
    }
    script.push_read(&client_frame(TEXT, "this message has to wait"));
    assert!(echo(&mut server));
    assert!(script.is_drained(), "the last message has been read");
    assert_input_block_is_free(&script);
}

#[test]
fn a_block_keeps_its_size_when_there_are_bytes_in_front_of_a_read() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    let frame = client_frame(BINARY, [7; 3000]);
    for _ in 0..5 {
        script.push_read(&frame[..1500]);
        assert!(is_pending(server.next()));
        script.push_read(&frame[1500..]);
        assert!(ready(server.next()).unwrap().is_ok());
    }
    let largest = script.offered_buffers().iter().map(|buffer| buffer.size).max().unwrap();
    assert!(largest <= ALLOCATED, "{largest} bytes for a read");
}

#[test]
fn output_that_the_peer_does_not_accept_leaves_the_send_block() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.allow_writes(1);
    for text in ["first", "second"] {
        ready(server.feed(text)).unwrap();
    }
    assert!(is_pending(server.flush()));
    assert_send_block_is_free(&script);
    script.unblock_writes();
    ready(server.send("third")).unwrap();
    let expected = ["first", "second", "third"].map(|text| server_frame(TEXT, text)).concat();
    assert_eq!(script.written(), expected, "nothing is lost or overwritten");
}

/// A large payload has its own memory. The small frames around it are in one block.
#[test]
fn output_around_a_large_message_leaves_the_send_block() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.allow_writes(1);
    let large = Message::binary(vec![7; 100 * KIB]);
    for message in [Message::text("first"), large.clone(), Message::text("second"), large, Message::text("third")] {
        ready(server.feed(message)).unwrap();
    }
    assert!(is_pending(server.flush()));
    assert_send_block_is_free(&script);
    for _ in 0..20 {
        script.allow_writes(11 * KIB);
        let _ = is_pending(server.flush());
    }
    ready(server.flush()).unwrap();
    let large = server_frame(BINARY, vec![7; 100 * KIB]);
    let expected = [server_frame(TEXT, "first"), large.clone(), server_frame(TEXT, "second"), large];
    assert!(script.written() == [expected.concat(), server_frame(TEXT, "third")].concat());
}

/// Pongs are queued without the application.
#[test]
fn pongs_that_the_peer_does_not_accept_leave_the_send_block() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.allow_writes(1);
    script.push_read(&client_frame(PING, "a").repeat(10));
    assert!(echo(&mut server));
    assert_send_block_is_free(&script);
    script.unblock_writes();
    assert!(echo(&mut server));
    assert_eq!(script.written(), server_frame(0x8A, "a").repeat(10));
}

// ---- Yielding -----------------------------------------------------------------------------------

/// The processed bytes are in front of the rest, in the same memory. In the second case, the read
/// has filled the block, so there is no room behind the rest.
#[tokio::test]
async fn a_task_that_yields_has_put_its_input_block_back() {
    for (count, payload) in [(6000, 1), (4140, 73)] {
        let (stream, script) = scripted_stream();
        let mut server = server(stream);
        script.push_read(&client_frame(TEXT, "x".repeat(payload)).repeat(count));
        let receiving = tokio::spawn(async move {
            for _ in 0..count {
                server.next().await.unwrap().unwrap();
            }
        });
        yield_now().await;
        assert!(script.is_drained() && !receiving.is_finished(), "it has yielded among the messages of one read");
        // Without `unconstrained`, the next connection would yield, too.
        tokio::task::coop::unconstrained(async { assert_input_block_is_free(&script) }).await;
        receiving.await.unwrap();
    }
}

// ---- The application waits ----------------------------------------------------------------------

#[test]
fn an_application_that_waits_for_something_else_can_put_the_input_block_back() {
    for is_split in [false, true] {
        let (stream, script) = scripted_stream();
        let mut server = server(stream);
        script.push_read(&client_frame(TEXT, "x").repeat(3));
        let text = || Message::text("x");
        assert_eq!(ready(server.next()).unwrap().unwrap(), text());
        if is_split {
            let (mut read_half, _write_half) = server.into_split();
            read_half.release_memory();
            assert_input_block_is_free(&script);
            assert_eq!(ready(read_half.next()).unwrap().unwrap(), text());
        } else {
            server.release_memory();
            assert_input_block_is_free(&script);
            assert_eq!(ready(server.next()).unwrap().unwrap(), text());
        }
    }
}

// ---- What messages keep -------------------------------------------------------------------------

/// If such a message kept the block, an application that keeps messages (in a queue, for example)
/// would hold up to five times as much memory as it can see.
#[test]
fn a_message_that_fills_less_than_half_of_a_block_does_not_keep_it() {
    for size in [70_000, 100_000, 150_000] {
        let (stream, script) = scripted_stream();
        let mut server = server(stream);
        script.push_read(&client_frame(BINARY, vec![7; size]));
        let kept = ready(server.next()).unwrap().unwrap();
        assert!(is_pending(server.next()));
        assert_input_block_is_free(&script);
        assert!(kept == Message::binary(vec![7; size]));
    }
}

#[test]
fn an_echo_that_is_not_read_does_not_keep_the_input_block() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.block_writes();
    script.push_read(&client_frame(BINARY, vec![7; 70_000]));
    assert!(echo(&mut server));
    assert_input_block_is_free(&script);
}

// ---- The memory budget --------------------------------------------------------------------------

/// Returns the number of bytes that connections have taken from the budget, plus those that one
/// connection may hold without taking any.
fn counted(budget: &MemoryBudget) -> usize {
    budget.total() - budget.available() + MemoryBudget::FREE_PER_CONNECTION
}

#[tokio::test(start_paused = true)]
async fn the_memory_of_a_reassembled_message_counts_and_not_only_its_bytes() {
    let budget = MemoryBudget::new(1 << 20);
    let (stream, script) = scripted_stream();
    let mut server = server(stream).with_memory_budget(budget.clone());
    script.push_read(&client_frame(FIRST_OF_BINARY, vec![0; 40 * KIB]));
    script.push_read(&client_frame(CONTINUATION, [0; KIB]));
    assert!(is_pending(server.next()));
    assert_eq!(counted(&budget), 80 * KIB, "the buffer has doubled");
}

#[tokio::test(start_paused = true)]
async fn a_block_that_a_waiting_connection_keeps_counts_and_is_left_if_the_budget_has_too_little() {
    for (total, is_kept) in [(1 << 20, true), (450 * KIB, false)] {
        let budget = MemoryBudget::new(total);
        let (stream, script) = scripted_stream();
        let mut server = server(stream).with_memory_budget(budget.clone());
        script.block_writes();
        // The answers fill the queue, and input that takes a third of a block waits behind them.
        for count in [10, 16] {
            script.push_read(&client_frame(BINARY, [7; 16 * KIB]).repeat(count));
            assert!(echo(&mut server));
            assert!(script.is_drained());
        }
        let (queued, waiting) = (20 * (16 * KIB + 4), 6 * (16 * KIB + 8));
        let counted_bytes = counted(&budget);
        if is_kept {
            assert!(counted_bytes >= queued + ALLOCATED, "{counted_bytes} bytes");
        } else {
            assert!((queued + waiting..total).contains(&counted_bytes), "{counted_bytes} bytes");
            assert_input_block_is_free(&script);
        }
        drop(server);
        assert_eq!(counted(&budget), MemoryBudget::FREE_PER_CONNECTION);
    }
}
