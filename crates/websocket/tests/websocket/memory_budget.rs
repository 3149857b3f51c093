//! One memory budget for many connections.

use std::{io::ErrorKind, time::Duration};

use protocol::{CloseCode, Config, KeepAlive, Limits, Message, State, handshake::UpgradeOptions};
use testkit::{
    frames::{
        client_frame,
        first_byte::{BINARY, CLOSE, CONTINUATION, FIRST_OF_BINARY, PING, TEXT},
        server_frame,
    },
    stream::{ScriptedStream, StreamScript, scripted_stream},
    tasks::{CountingWaker, is_pending, poll_with, ready, with_paused_timeout},
};
use tokio::time::{Instant, timeout};
use websocket::{Connector, Error, MemoryBudget, ServerConfig, WebSocket, accept_with};

use crate::support::{client_with, server_with};

const KIB: usize = 1 << 10;
const FREE: usize = MemoryBudget::FREE_PER_CONNECTION;

/// Returns a configuration with limits that never interfere, and without a time-out for messages.
fn config() -> Config {
    let limits = Limits::DEFAULT.max_frame_bytes(64 << 20).max_message_bytes(64 << 20);
    Config::DEFAULT.limits(limits).message_timeout(None)
}

/// Creates a server with this budget on a scripted stream.
fn server(budget: &MemoryBudget) -> (WebSocket<ScriptedStream>, StreamScript) {
    server_of(config(), budget)
}

/// Creates a server with this configuration and this budget on a scripted stream.
fn server_of(config: Config, budget: &MemoryBudget) -> (WebSocket<ScriptedStream>, StreamScript) {
    let (stream, script) = scripted_stream();
    (server_with(stream, config).with_memory_budget(budget.clone()), script)
}

/// Returns a message of this many bytes, each of which is 07.
fn sevens(len: usize) -> Message {
    Message::binary(vec![7; len])
}

/// Returns the number of bytes that connections have taken from the budget.
fn taken(budget: &MemoryBudget) -> usize {
    budget.total() - budget.available()
}

/// Returns a budget that another connection has used up completely, and that connection.
fn exhausted_budget(total: usize) -> (MemoryBudget, WebSocket<ScriptedStream>) {
    let budget = MemoryBudget::new(total);
    let (mut hoarder, script) = server(&budget);
    let frame = client_frame(BINARY, vec![0; FREE + total + KIB]);
    script.push_read(&frame[..FREE + total]);
    assert!(is_pending(hoarder.next()));
    assert_eq!(budget.available(), 0);
    (budget, hoarder)
}

// ---- What is taken, and when it is given back ---------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_large_message_takes_memory_as_it_arrives_and_gives_it_back() {
    for use_client in [false, true] {
        let budget = MemoryBudget::new(1 << 20);
        let (stream, script) = scripted_stream();
        let (connection, frame) = if use_client {
            (client_with(stream, config()), server_frame(BINARY, vec![7; 512 * KIB]))
        } else {
            (server_with(stream, config()), client_frame(BINARY, vec![7; 512 * KIB]))
        };
        let mut connection = connection.with_memory_budget(budget.clone());
        script.push_read(&frame[..16]);
        assert!(is_pending(connection.next()));
        assert_eq!(taken(&budget), 0, "an announced length takes nothing");
        script.push_read(&frame[16..256 * KIB]);
        assert!(is_pending(connection.next()));
        // The connection's buffer has grown, and may have room for twice the bytes that have
        // arrived.
        assert!((240 * KIB - 16..=496 * KIB).contains(&taken(&budget)), "{}", taken(&budget));
        script.push_read(&frame[256 * KIB..]);
        let message = ready(connection.next()).unwrap().unwrap();
        assert!(message == sevens(512 * KIB));
        assert!(is_pending(connection.next()));
        assert_eq!(taken(&budget), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn the_fragments_of_an_incomplete_message_take_memory() {
    let budget = MemoryBudget::new(1 << 20);
    let (mut server, script) = server(&budget);
    script.push_read(&client_frame(FIRST_OF_BINARY, vec![0; 40 * KIB]));
    for _ in 0..4 {
        script.push_read(&client_frame(CONTINUATION, vec![0; 10 * KIB]));
    }
    assert!(is_pending(server.next()));
    assert_eq!(taken(&budget), 80 * KIB - FREE);
    drop(server);
    assert_eq!(taken(&budget), 0, "the connection is gone");
}

#[tokio::test(start_paused = true)]
async fn the_send_queue_takes_memory_until_it_is_written() {
    let budget = MemoryBudget::new(1 << 20);
    let (mut server, script) = server(&budget);
    for use_flush in [false, true] {
        script.block_writes();
        server.feed(Message::binary(vec![0; 100 * KIB])).await.unwrap();
        assert!(if use_flush { is_pending(server.flush()) } else { is_pending(server.next()) });
        let expected = 100 * KIB - FREE..110 * KIB - FREE;
        assert!(expected.contains(&taken(&budget)), "{}", taken(&budget));
        script.unblock_writes();
        server.flush().await.unwrap();
        assert_eq!(taken(&budget), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_echo_keeps_the_memory_of_the_message_until_it_is_written() {
    let budget = MemoryBudget::new(1 << 20);
    let (mut server, script) = server(&budget);
    script.push_read(&client_frame(BINARY, vec![7; 256 * KIB]));
    script.block_writes();
    let message = server.next().await.unwrap().unwrap();
    assert!(taken(&budget) >= 240 * KIB, "the application holds the message");
    server.feed(message).await.unwrap();
    assert!(is_pending(server.flush()));
    assert!(taken(&budget) >= 240 * KIB, "the queue holds the message");
    script.unblock_writes();
    server.flush().await.unwrap();
    assert_eq!(taken(&budget), 0);
}

#[tokio::test(start_paused = true)]
async fn the_parts_of_a_connection_have_taken_nothing() {
    let budget = MemoryBudget::new(1 << 20);
    let (mut server, script) = server(&budget);
    script.push_read(&client_frame(BINARY, vec![0; 100 * KIB])[..90 * KIB]);
    assert!(is_pending(server.next()));
    assert_ne!(taken(&budget), 0);
    let _parts = server.into_parts();
    assert_eq!(taken(&budget), 0);
}

/// Each end of a connection takes memory from the budget that its own options set.
#[tokio::test]
async fn connectors_and_servers_pass_their_budgets_to_their_connections() {
    let budgets = [MemoryBudget::new(1 << 20), MemoryBudget::new(1 << 20)];
    let (local, remote) = tokio::io::duplex(64 * KIB);
    let connector = Connector::new("ws://localhost/").unwrap().memory_budget(budgets[0].clone());
    let config = ServerConfig::default().memory_budget(budgets[1].clone());
    let accept = accept_with(remote, &config, |_| Ok(UpgradeOptions::default()));
    let (client, server) = tokio::join!(connector.handshake(local), accept);
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    client.feed(sevens(512 * KIB)).await.unwrap();
    assert!(is_pending(client.flush()));
    assert!(is_pending(server.next()));
    assert!(taken(&budgets[0]) > 400 * KIB, "the client's queue");
    assert!(taken(&budgets[1]) > 40 * KIB, "the server's input");
}

// ---- Without room -------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn small_messages_need_no_budget() {
    let (budget, _hoarder) = exhausted_budget(64 * KIB);
    let (mut server, script) = server(&budget);
    let message = [7; FREE - 8];
    for _ in 0..3 {
        script.push_read(&client_frame(BINARY, message));
        assert!(ready(server.next()).unwrap().unwrap() == sevens(message.len()));
    }
    // More than fits into one read.
    for _ in 0..100 {
        script.push_read(&client_frame(TEXT, "hello"));
        script.push_read(&client_frame(BINARY, &message[..10_000]));
    }
    for _ in 0..100 {
        assert_eq!(ready(server.next()).unwrap().unwrap(), Message::text("hello"));
        assert!(ready(server.next()).unwrap().unwrap() == sevens(10_000));
    }
}

#[tokio::test(start_paused = true)]
async fn bursts_that_are_a_little_larger_than_the_free_bytes_are_read_at_once() {
    let budget = MemoryBudget::new(1 << 20);
    let (mut server, script) = server(&budget);
    let burst = client_frame(BINARY, vec![7; KIB]).repeat(FREE / KIB);
    assert!(burst.len() > FREE);
    let mut reads = Vec::new();
    for _ in 0..4 {
        let before = script.offered_buffers().len();
        script.push_read(&burst);
        for _ in 0..FREE / KIB {
            assert_eq!(ready(server.next()).unwrap().unwrap(), sevens(KIB));
        }
        reads.push(script.offered_buffers().len() - before);
        assert!(is_pending(server.next()));
        assert_eq!(taken(&budget), 0);
    }
    assert_eq!(reads, [2, 1, 1, 1], "the first burst shows how much the peer sends");
}

/// A read that could bring more would take memory from the budget, if only until the connection
/// waits.
#[tokio::test(start_paused = true)]
async fn a_small_message_in_pieces_is_read_into_the_free_bytes() {
    let (mut server, script) = server(&MemoryBudget::new(1 << 20));
    let frame = client_frame(BINARY, vec![7; 12 * KIB]);
    for piece in frame.chunks(KIB) {
        assert!(is_pending(server.next()));
        script.push_read(piece);
    }
    assert!(ready(server.next()).unwrap().unwrap() == sevens(12 * KIB));
    assert!(is_pending(server.next()));
    let largest = script.offered_buffers().iter().map(|buffer| buffer.size).max().unwrap();
    assert_eq!(largest, FREE);
}

#[tokio::test(start_paused = true)]
async fn an_echo_of_small_messages_needs_no_budget() {
    let (budget, _hoarder) = exhausted_budget(64 * KIB);
    let (mut server, script) = server(&budget);
    for _ in 0..200 {
        script.push_read(&client_frame(BINARY, [7; 1000]));
    }
    assert!(is_pending(server.serve(|message, outbound| Ok(outbound.send_back(message)?))));
    assert_eq!(script.written(), server_frame(BINARY, [7; 1000]).repeat(200));
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_written_more_often_while_the_budget_has_no_room() {
    let (budget, _hoarder) = exhausted_budget(64 * KIB);
    let (mut server, script) = server(&budget);
    script.block_writes();
    server.feed(Message::binary(vec![0; 20 * KIB])).await.unwrap();
    assert!(is_pending(server.feed("one more")), "more than the free bytes are queued");
    script.unblock_writes();
    server.feed("one more").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn without_room_a_connection_does_not_read_and_is_woken_when_there_is_room() {
    let (budget, hoarder) = exhausted_budget(64 * KIB);
    let (mut server, script) = server(&budget);
    let frame = client_frame(BINARY, vec![7; 64 * KIB]);
    script.push_read(&frame);
    let (wakes, waker) = CountingWaker::new();
    let mut next = Box::pin(server.next());
    assert!(poll_with(next.as_mut(), &waker).is_pending());
    assert!(!script.is_drained(), "TCP holds the peer back");
    assert_eq!(wakes.take_count(), 0);
    drop(hoarder);
    assert!(wakes.take_count() > 0, "the reader is not woken");
    let message = with_paused_timeout(next).await.unwrap().unwrap();
    assert!(message == sevens(64 * KIB));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_waits_too_long_is_closed_with_1013() {
    for max_wait in [MemoryBudget::DEFAULT_MAX_WAIT, Duration::from_millis(20)] {
        let (budget, _hoarder) = exhausted_budget(64 * KIB);
        let budget = budget.max_wait(max_wait);
        let (mut server, script) = server(&budget);
        script.push_read(&client_frame(BINARY, vec![7; 32 * KIB]));
        let began = Instant::now();
        assert!(timeout(max_wait - Duration::from_millis(1), server.next()).await.is_err());
        assert_eq!(server.state(), State::Open);
        assert!(timeout(Duration::from_millis(2), server.next()).await.is_err());
        assert_eq!(script.written(), server_frame(CLOSE, b"\x03\xF5no memory is left for this message"), "1013");
        assert!(script.is_shut_down(), "half-closed");
        script.push_eof();
        let error = with_paused_timeout(server.next()).await.unwrap().unwrap_err();
        assert!(matches!(error, Error::NoMemory { waited } if waited == max_wait), "{error:?}");
        assert!(error.to_string().starts_with("the memory budget had no room"), "{error}");
        assert_eq!(std::io::Error::from(error).kind(), ErrorKind::OutOfMemory);
        assert!(began.elapsed() < max_wait + Duration::from_secs(1));
        assert!(server.next().await.is_none());
        // Nobody is blamed.
        let close_info = server.close_info();
        assert_eq!((close_info.violation, close_info.code), (None, CloseCode::ABNORMAL_CLOSURE));
    }
}

/// If every wait could last for the whole time, many connections could keep each other's messages
/// incomplete for much longer.
#[tokio::test(start_paused = true)]
async fn the_waits_of_one_message_are_added_up() {
    let second = Duration::from_secs(1);
    let (budget, hoarder) = exhausted_budget(64 * KIB);
    let (mut server, script) = server(&budget);
    let frame = client_frame(BINARY, vec![7; 128 * KIB]);
    script.push_read(&frame);
    script.push_eof();
    assert!(timeout(6 * second, server.next()).await.is_err());
    // There is room for part of the message, but for no more.
    drop(hoarder);
    let began = Instant::now();
    let error = with_paused_timeout(server.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::NoMemory { .. }), "{error:?}");
    assert!((4 * second..5 * second).contains(&began.elapsed()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn each_message_may_wait_for_the_whole_time() {
    let budget = MemoryBudget::new(64 * KIB);
    let (mut server, script) = server(&budget);
    for _ in 0..3 {
        let (mut hoarder, hoarder_script) = self::server(&budget);
        hoarder_script.push_read(&client_frame(BINARY, vec![0; 128 * KIB])[..80 * KIB]);
        assert!(is_pending(hoarder.next()));
        script.push_read(&client_frame(BINARY, vec![7; 64 * KIB]));
        assert!(timeout(Duration::from_secs(8), server.next()).await.is_err());
        drop(hoarder);
        assert!(with_paused_timeout(server.next()).await.unwrap().unwrap() == sevens(64 * KIB));
        assert!(is_pending(server.next()));
    }
}

/// The buffer for a large frame grows by more than the bytes that have arrived. It must not outgrow
/// the budget.
#[tokio::test(start_paused = true)]
async fn the_buffer_of_a_large_frame_is_no_larger_than_the_budget() {
    let budget = MemoryBudget::new(512 * KIB);
    let (mut server, script) = server(&budget);
    script.push_read(&client_frame(BINARY, vec![7; 8 << 20])[..200 * KIB]);
    assert!(is_pending(server.next()));
    script.push_read(&[0; 100]);
    assert!(is_pending(server.next()));
    let largest = script.offered_buffers().iter().map(|buffer| buffer.size).max().unwrap();
    assert!(largest <= 512 * KIB + FREE, "{largest} bytes");
}

#[tokio::test(start_paused = true)]
async fn two_halves_of_large_messages_do_not_wait_for_each_other_forever() {
    let budget = MemoryBudget::new(128 * KIB);
    let frame = client_frame(BINARY, vec![7; 128 * KIB]);
    let (mut first, first_script) = server(&budget);
    let (mut second, second_script) = server(&budget);
    for (connection, script) in [(&mut first, &first_script), (&mut second, &second_script)] {
        script.push_read(&frame[..72 * KIB]);
        assert!(is_pending(connection.next()));
    }
    first_script.push_read(&frame[72 * KIB..]);
    second_script.push_read(&frame[72 * KIB..]);
    // The second server begins to wait one second after the first, so the first gives up earlier.
    let first = tokio::spawn(async move { first.next().await });
    first_script.push_eof();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let second = tokio::spawn(async move { second.next().await });
    let error = with_paused_timeout(first).await.unwrap().unwrap().unwrap_err();
    assert!(matches!(error, Error::NoMemory { .. }), "{error:?}");
    let message = with_paused_timeout(second).await.unwrap().unwrap().unwrap();
    assert!(message == sevens(128 * KIB));
    assert_eq!(taken(&budget), 0);
}

#[test]
fn reserved_bytes_are_missing_until_they_are_given_back() {
    let budget = MemoryBudget::new(100 << 10);
    let reserved = budget.try_reserve((60 << 10) + 1).expect("there is room");
    assert_eq!(budget.available(), 39 << 10);
    assert!(budget.try_reserve(40 << 10).is_none());
    assert_eq!(budget.available(), 39 << 10);
    assert!(budget.try_reserve(usize::MAX).is_none());
    drop(reserved);
    assert_eq!(budget.available(), 100 << 10);
}

#[tokio::test(start_paused = true)]
async fn a_budget_of_nothing_leaves_the_free_bytes() {
    let (mut server, script) = server(&MemoryBudget::new(0));
    script.push_read(&client_frame(TEXT, "hello"));
    assert_eq!(ready(server.next()).unwrap().unwrap(), Message::text("hello"));
    script.push_read(&client_frame(BINARY, vec![7; 32 * KIB]));
    script.push_eof();
    let error = with_paused_timeout(server.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::NoMemory { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_is_not_blamed_while_its_bytes_are_not_read() {
    let (budget, hoarder) = exhausted_budget(64 * KIB);
    let second = Duration::from_secs(1);
    let config = config().keep_alive(KeepAlive { interval: second, timeout: second });
    let (mut server, script) = server_of(config, &budget);
    script.push_read(&client_frame(BINARY, vec![7; 64 * KIB]));
    // A Pong would be stuck behind the unread message. If that counted against the peer, the
    // keep-alive would have failed after two seconds.
    assert!(timeout(9 * second, server.next()).await.is_err());
    assert_eq!(server.state(), State::Open);
    drop(hoarder);
    assert!(ready(server.next()).unwrap().unwrap() == sevens(64 * KIB));
}

/// A connection that is not split reads nothing while it waits to write, except before a deadline.
/// Without that exception, it would not see that the peer is alive.
#[tokio::test(start_paused = true)]
async fn a_blocked_writer_without_memory_sees_that_its_peer_is_alive() {
    let (budget, _hoarder) = exhausted_budget(64 * KIB);
    let second = Duration::from_secs(1);
    let config = config().keep_alive(KeepAlive { interval: second, timeout: second });
    let (mut server, script) = server_of(config, &budget);
    script.block_writes();
    let mut sending = Box::pin(server.send(sevens(400 * KIB)));
    for _ in 0..5 {
        // The Ping is queued after one second, and its answer is due after two.
        assert!(timeout(second, &mut sending).await.is_err());
        script.push_read(&client_frame(TEXT, "alive"));
    }
}

/// The Close was read before a deadline, although the budget had no room. Everything after the
/// Close is discarded, so it needs no memory.
#[tokio::test(start_paused = true)]
async fn after_the_peers_close_a_connection_does_not_wait_for_memory() {
    let (budget, _hoarder) = exhausted_budget(64 * KIB);
    let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
    let config = config().keep_alive(KeepAlive { interval: second, timeout: minute }).close_timeout(minute);
    let (mut server, script) = server_of(config, &budget);
    script.block_writes();
    script.push_read(&client_frame(CLOSE, b"\x03\xE8"));
    assert!(timeout(2 * second, server.send(sevens(20 * KIB))).await.is_err());
    assert!(script.is_drained(), "the Close was read");
    let too_long = 2 * MemoryBudget::DEFAULT_MAX_WAIT;
    assert!(timeout(too_long, server.next()).await.is_err(), "the queue waits for the peer");
    script.unblock_writes();
    script.push_eof();
    assert!(with_paused_timeout(server.next()).await.is_none());
    assert!(server.close_info().was_clean, "the message and the Close were written");
}

/// If the connection kept its place in the queue for memory, the next memory would go to it,
/// although it no longer needs any.
#[tokio::test(start_paused = true)]
async fn the_peers_close_ends_the_wait_for_memory() {
    let (budget, hoarder) = exhausted_budget(64 * KIB);
    let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
    let config = config().keep_alive(KeepAlive { interval: second, timeout: minute });
    let (mut server, script) = server_of(config, &budget);
    script.block_writes();
    server.feed(sevens(20 * KIB)).await.unwrap();
    assert!(is_pending(server.next()), "the queue takes all free bytes");
    script.push_read(&client_frame(CLOSE, b"\x03\xE8"));
    assert!(timeout(2 * second, server.flush()).await.is_err());
    assert!(script.is_drained(), "the Close was read before the deadline of the keep-alive");
    assert!(is_pending(server.next()));
    drop(hoarder);
    assert!(taken(&budget) < 10 * KIB, "{} bytes for the queue", taken(&budget));
}

/// The end was read before a deadline, although the budget had no room.
#[tokio::test(start_paused = true)]
async fn after_the_end_of_the_stream_a_connection_does_not_wait_for_memory() {
    let (budget, _hoarder) = exhausted_budget(64 * KIB);
    let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
    let config = config().keep_alive(KeepAlive { interval: second, timeout: minute }).close_timeout(minute);
    let (mut server, script) = server_of(config, &budget);
    script.block_writes();
    script.push_eof();
    assert!(timeout(2 * second, server.send(sevens(20 * KIB))).await.is_err());
    let too_long = 2 * MemoryBudget::DEFAULT_MAX_WAIT;
    assert!(timeout(too_long, server.next()).await.is_err(), "the queue waits for the peer");
    script.unblock_writes();
    let error = with_paused_timeout(server.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::EndedWithoutClose), "{error:?}");
}

// ---- Both halves of a split connection ----------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_reader_that_waits_for_memory_is_woken_when_the_writer_has_written() {
    let (budget, _hoarder) = exhausted_budget(64 * KIB);
    let (server, script) = server(&budget);
    let (mut read_half, mut write_half) = server.into_split();
    script.block_writes();
    write_half.feed(Message::binary(vec![0; 20 * KIB])).await.unwrap();
    let (wakes, waker) = CountingWaker::new();
    let mut next = Box::pin(read_half.next());
    script.push_read(&client_frame(TEXT, "hello"));
    assert!(poll_with(next.as_mut(), &waker).is_pending(), "the queue takes all free bytes");
    assert!(!script.is_drained());
    let (_, write_waker) = CountingWaker::new();
    let mut flush = Box::pin(write_half.flush());
    assert!(poll_with(flush.as_mut(), &write_waker).is_pending());
    script.unblock_writes();
    assert!(poll_with(flush.as_mut(), &write_waker).is_ready());
    assert!(wakes.take_count() > 0, "the read half is not woken");
    assert!(poll_with(next.as_mut(), &waker).is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_close_is_sent_while_the_reader_waits_for_memory() {
    let (budget, hoarder) = exhausted_budget(64 * KIB);
    let (server, script) = server(&budget);
    let (mut read_half, mut write_half) = server.into_split();
    script.push_read(&client_frame(BINARY, vec![7; 32 * KIB]));
    script.push_read(&client_frame(PING, ""));
    script.push_read(&client_frame(CLOSE, b"\x03\xE8"));
    assert!(is_pending(read_half.next()));
    write_half.start_close(CloseCode::NORMAL, "").await.unwrap();
    assert_eq!(script.written(), server_frame(CLOSE, b"\x03\xE8"));
    drop(hoarder);
    script.push_eof();
    assert!(with_paused_timeout(read_half.next()).await.unwrap().unwrap() == sevens(32 * KIB));
    assert!(with_paused_timeout(read_half.next()).await.is_none());
    assert!(read_half.close_info().was_clean);
}

// ---- Compression --------------------------------------------------------------------------------

#[cfg(feature = "deflate")]
mod deflate {
    use protocol::{Connection, DeflateOptions, Role, extension::Deflater};
    use testkit::{
        deflate::negotiate,
        frames::first_byte::{FIN, RSV1},
    };
    use tokio::task::yield_now;

    use super::*;

    /// Returns a server that inflates messages, and a compressed payload that inflates to a
    /// megabyte of zeros.
    fn inflating_server(budget: &MemoryBudget) -> (WebSocket<ScriptedStream>, StreamScript, Vec<u8>) {
        let negotiated = || negotiate(&DeflateOptions::DEFAULT, &DeflateOptions::DEFAULT);
        let (stream, script) = scripted_stream();
        let now = Instant::now().into_std();
        let engine = Connection::server(config(), now).with_deflate(&negotiated().of(Role::Server));
        let compressed = Deflater::new(&negotiated().client).deflate(&vec![0; 1 << 20], true);
        assert!(compressed.len() < FREE, "it fits into the free bytes");
        let connection = WebSocket::new(stream, engine).with_memory_budget(budget.clone());
        (connection, script, compressed)
    }

    #[tokio::test(start_paused = true)]
    async fn a_small_frame_that_inflates_to_a_large_message_takes_memory_as_it_is_inflated() {
        let budget = MemoryBudget::new(2 << 20);
        let (mut server, script, compressed) = inflating_server(&budget);
        script.push_read(&client_frame(FIRST_OF_BINARY | RSV1, &compressed));
        assert!(is_pending(server.next()));
        assert!(taken(&budget) > 900 * KIB, "{} of a megabyte", taken(&budget));
        script.push_read(&client_frame(CONTINUATION | FIN, ""));
        assert_eq!(ready(server.next()).unwrap().unwrap().as_bytes().len(), 1 << 20);
        assert!(is_pending(server.next()));
        assert_eq!(taken(&budget), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn without_room_nothing_more_is_inflated() {
        let (budget, hoarder) = exhausted_budget(1 << 20);
        let (mut server, script, compressed) = inflating_server(&budget);
        script.push_read(&client_frame(BINARY | RSV1, &compressed));
        let (wakes, waker) = CountingWaker::new();
        let mut next = Box::pin(server.next());
        assert!(poll_with(next.as_mut(), &waker).is_pending());
        assert!(script.is_drained(), "the compressed bytes have been read");
        // A task that has used up its budget is woken when the other tasks have run.
        yield_now().await;
        assert_eq!(wakes.take_count(), 0, "the reader runs although there is no room");
        {
            let (mut other, script, _) = inflating_server(&budget);
            script.push_read(&client_frame(BINARY | RSV1, &compressed));
            assert!(is_pending(other.next()));
            let held = other.into_parts().connection.received_bytes();
            assert!(held < FREE + 1100, "{held} bytes of a megabyte were inflated");
        }
        drop(hoarder);
        assert!(wakes.take_count() > 0, "the reader is not woken");
        assert_eq!(with_paused_timeout(next).await.unwrap().unwrap().as_bytes().len(), 1 << 20);
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_that_was_read_completely_waits_for_memory_after_the_end_of_the_stream() {
        let (budget, hoarder) = exhausted_budget(1 << 20);
        let (mut server, script, compressed) = inflating_server(&budget);
        script.push_read(&client_frame(BINARY | RSV1, &compressed));
        script.push_eof();
        assert!(is_pending(server.next()));
        drop(hoarder);
        assert_eq!(with_paused_timeout(server.next()).await.unwrap().unwrap().as_bytes().len(), 1 << 20);
    }
}
