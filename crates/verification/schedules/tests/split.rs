//! The two halves of a split connection, each in a separate task, and the peer in a third task, in
//! many orders. A lost wake-up leaves a task asleep forever, which `shuttle` reports as a deadlock.

use std::time::{Duration, Instant};

use protocol::{Config, Connection, Message};
use schedules::{Event, ReadHalf, WebSocket, WriteHalf, socket::Socket};
use shuttle::{
    Runner,
    future::{block_on, spawn},
    scheduler::{PctScheduler, RandomScheduler},
};

/// The number of orders that each test tries with each of the two schedulers. There are too many
/// orders to try them all.
const ORDERS: usize = 3_000;

/// A Ping without a payload from a client, with a masking key of zeros.
const PING: &[u8] = &[0x89, 0x80, 0, 0, 0, 0];
const PONG: &[u8] = &[0x8A, 0x00];
/// A Close without a payload from a client.
const CLOSE: &[u8] = &[0x88, 0x80, 0, 0, 0, 0];
const CLOSE_ANSWER: &[u8] = &[0x88, 0x00];
/// The text `a` from a server.
const TEXT: &[u8] = &[0x81, 0x01, b'a'];

fn split(socket: &Socket) -> (ReadHalf<Socket>, WriteHalf<Socket>) {
    // There are no deadlines, so only a wake-up can continue a task.
    let config = Config::default().close_timeout(Duration::MAX);
    WebSocket::new(socket.clone(), Connection::server(config, Instant::now())).into_split()
}

/// Runs a test in many orders: first in random ones, and then in random ones that rarely switch
/// tasks. The orders are the same each time.
fn in_many_orders(test: fn()) {
    Runner::new(RandomScheduler::new_from_seed(1, ORDERS), shuttle::Config::default()).run(test);
    Runner::new(PctScheduler::new_from_seed(1, 3, ORDERS), shuttle::Config::default()).run(test);
}

/// Reads until the connection ends.
async fn read_to_end(mut reader: ReadHalf<Socket>) {
    while let Some(event) = reader.next_event().await {
        assert!(!matches!(event.expect("the peer breaks no rule"), Event::Message(_)));
    }
}

/// Closes the connection, and waits for the answer.
async fn close(socket: &Socket) {
    let before = socket.written(0).await.len();
    socket.make_room(CLOSE_ANSWER.len());
    socket.send(CLOSE);
    assert!(socket.written(before + CLOSE_ANSWER.len()).await.ends_with(CLOSE_ANSWER));
    socket.end();
}

/// Checks that the two frames were written one after the other, in either order.
fn assert_frames(written: &[u8], first: &[u8], second: &[u8]) {
    assert!(
        written == [first, second].concat() || written == [second, first].concat(),
        "the frames are torn: {written:02x?}"
    );
}

/// Only the writer waits. No other task writes the text for it, so its own wake-up must not be
/// lost.
#[test]
fn the_writer_waits_alone() {
    in_many_orders(|| {
        block_on(async {
            let socket = Socket::default();
            let (reader, mut writer) = split(&socket);
            let reading = spawn(read_to_end(reader));
            let writing = spawn(async move { writer.send(Message::text("a")).await });
            socket.make_room(1);
            socket.make_room(2);
            assert_eq!(socket.written(3).await, TEXT);
            writing.await.expect("the task ends").expect("the text is written");
            close(&socket).await;
            reading.await.expect("the task ends");
        });
    });
}

/// Only the reader waits, in order to write a Pong, and the writer does nothing.
#[test]
fn the_reader_waits_alone() {
    in_many_orders(|| {
        block_on(async {
            let socket = Socket::default();
            let (reader, _writer) = split(&socket);
            let reading = spawn(read_to_end(reader));
            socket.send(PING);
            socket.make_room(1);
            socket.make_room(1);
            assert_eq!(socket.written(2).await, PONG);
            close(&socket).await;
            reading.await.expect("the task ends");
        });
    });
}

#[test]
fn both_tasks_wait_to_write() {
    in_many_orders(|| {
        block_on(async {
            let socket = Socket::default();
            let (reader, mut writer) = split(&socket);
            let reading = spawn(read_to_end(reader));
            let writing = spawn(async move { writer.send(Message::text("a")).await });
            // The reader has a Pong to write, and the writer has a text, but there is no room yet.
            socket.send(PING);
            socket.make_room(1);
            socket.make_room(4);
            assert_frames(&socket.written(5).await, PONG, TEXT);
            writing.await.expect("the task ends").expect("the text is written");
            close(&socket).await;
            reading.await.expect("the task ends");
        });
    });
}

#[test]
fn the_peer_closes_while_the_writer_waits() {
    in_many_orders(|| {
        block_on(async {
            let socket = Socket::default();
            let (reader, mut writer) = split(&socket);
            let reading = spawn(read_to_end(reader));
            // The text is sent if it was queued before the Close arrived.
            let writing = spawn(async move { writer.send(Message::text("a")).await.is_ok() });
            socket.send(CLOSE);
            socket.make_room(3);
            socket.make_room(2);
            if writing.await.expect("the task ends") {
                assert_eq!(socket.written(5).await, [TEXT, CLOSE_ANSWER].concat());
            } else {
                assert_eq!(socket.written(2).await, CLOSE_ANSWER);
            }
            socket.end();
            reading.await.expect("the task ends");
        });
    });
}

#[test]
fn the_writer_closes_while_the_reader_waits() {
    in_many_orders(|| {
        block_on(async {
            let socket = Socket::default();
            let (reader, mut writer) = split(&socket);
            let reading = spawn(read_to_end(reader));
            let writing = spawn(async move { writer.start_close(protocol::CloseCode::NORMAL, "").await });
            socket.make_room(1);
            socket.make_room(3);
            assert_eq!(socket.written(4).await, [0x88, 0x02, 0x03, 0xE8]);
            socket.send(CLOSE);
            socket.end();
            writing.await.expect("the task ends").expect("the Close is written");
            reading.await.expect("the task ends");
        });
    });
}
