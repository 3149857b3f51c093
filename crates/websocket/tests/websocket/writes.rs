//! Writes: how many there are, what each of them contains, and when it is flushed. Answers to one
//! read leave together, and large payloads are not copied. `sending.rs` has the tests for when a
//! message is written.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{FutureExt, SinkExt, StreamExt};
use protocol::{Message, PreparedMessage};
use testkit::{
    frames::{
        client_frame,
        first_byte::{BINARY, PING, PONG, TEXT},
        server_frame,
    },
    raw_peer::read_frame,
    stream::{StreamCall, scripted_stream},
    tasks::{CountingWaker, is_pending, poll_with, ready, with_paused_timeout},
};
use tokio::io::{AsyncReadExt, AsyncWrite, BufStream};
use websocket::{Error, Event};

use crate::support::{client, server};

const SIXTEEN: usize = 16;

/// Returns sixteen consecutive messages from a client, and the echo of these messages.
fn sixteen() -> (Vec<u8>, Vec<u8>) {
    let texts = (0..SIXTEEN).map(|number| format!("message {number}"));
    let sent: Vec<_> = texts.clone().map(|text| client_frame(TEXT, text)).collect();
    let echoed: Vec<_> = texts.map(|text| server_frame(TEXT, text)).collect();
    (sent.concat(), echoed.concat())
}

// ---- Writes and reads ---------------------------------------------------------------------------

#[test]
fn a_loop_of_next_and_feed_makes_one_write_per_read() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    let (messages, echo) = sixteen();
    for reads in 1..=3 {
        script.push_read(&messages);
        while let Some(message) = server.next().now_or_never() {
            ready(server.feed(message.unwrap().unwrap())).unwrap();
        }
        // `next` wrote the echo before it began to wait for more bytes.
        assert_eq!(script.written(), echo.repeat(reads));
        assert_eq!(script.writes().len(), reads);
    }
    // The same is true if the next bytes have already arrived.
    script.push_read(&messages);
    script.push_read(&messages);
    while let Some(message) = server.next().now_or_never() {
        ready(server.feed(message.unwrap().unwrap())).unwrap();
    }
    assert_eq!(script.written(), echo.repeat(5));
    assert_eq!(script.writes().len(), 5);
}

#[test]
fn a_loop_of_next_and_feed_on_two_halves_makes_one_write_per_read() {
    let (stream, script) = scripted_stream();
    let (mut read_half, mut write_half) = server(stream).into_split();
    let (messages, echo) = sixteen();
    script.push_read(&messages);
    script.push_read(&messages);
    while let Some(message) = read_half.next().now_or_never() {
        ready(write_half.feed(message.unwrap().unwrap())).unwrap();
    }
    assert_eq!(script.written(), echo.repeat(2));
    assert_eq!(script.writes().len(), 2);
}

#[test]
fn answers_to_one_read_leave_in_one_write_with_feed_and_flush() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    let (messages, echo) = sixteen();
    script.push_read(&messages);
    for _ in 0..SIXTEEN {
        let message = ready(server.next()).unwrap().unwrap();
        ready(server.feed(message)).unwrap();
    }
    assert_eq!(script.writes().len(), 0, "feed only queues");
    ready(SinkExt::flush(&mut server)).unwrap();
    assert_eq!(script.written(), echo);
    assert_eq!(script.writes().len(), 1);
}

#[test]
fn answers_to_one_read_leave_in_one_write_with_forward() {
    let (stream, script) = scripted_stream();
    let (read_half, write_half) = server(stream).into_split();
    let (messages, echo) = sixteen();
    script.push_read(&messages);
    assert!(is_pending(read_half.forward(write_half)), "it waits for more messages");
    assert_eq!(script.written(), echo);
    assert_eq!(script.writes().len(), 1);
}

/// The sink of the split from `futures` holds the latest message until the next message or the
/// flush.
#[test]
fn forward_over_the_split_of_futures_makes_one_write_more() {
    let (stream, script) = scripted_stream();
    let (sink, source) = StreamExt::split(server(stream));
    let (messages, echo) = sixteen();
    script.push_read(&messages);
    assert!(is_pending(source.forward(sink)), "it waits for more messages");
    assert_eq!(script.written(), echo);
    assert_eq!(script.writes().len(), 2);
}

#[test]
fn answers_to_two_reads_leave_in_two_writes() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    let (messages, echo) = sixteen();
    // The second read begins in the middle of a message.
    let (first, second) = messages.split_at(messages.len() / 2 + 3);
    script.push_read(first);
    script.push_read(second);
    for _ in 0..SIXTEEN {
        let message = ready(server.next()).unwrap().unwrap();
        ready(server.feed(message)).unwrap();
    }
    ready(server.flush()).unwrap();
    assert_eq!(script.written(), echo);
    assert_eq!(script.writes().len(), 2);
}

/// The Pong does not wait for the application's answer to the next message, which may take a long
/// time.
#[test]
fn a_pong_leaves_with_the_answers_before_it() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&[client_frame(TEXT, "a"), client_frame(PING, "p"), client_frame(TEXT, "b")].concat());
    for _ in 0..2 {
        let message = ready(server.next()).unwrap().unwrap();
        ready(server.feed(message)).unwrap();
    }
    ready(server.flush()).unwrap();
    assert_eq!(script.written(), [server_frame(TEXT, "a"), server_frame(PONG, "p"), server_frame(TEXT, "b")].concat());
    assert_eq!(script.writes().len(), 2);
}

//= docs/src/rfc6455.md#section-6-1
//= type=test
//# The frames MUST be transmitted over the network connection.
#[test]
fn fed_messages_are_written_before_next_waits_for_a_read() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&[client_frame(TEXT, "one"), client_frame(TEXT, "two")].concat());
    ready(server.next()).unwrap().unwrap();
    ready(server.feed("answer")).unwrap();
    ready(server.next()).unwrap().unwrap();
    assert_eq!(script.writes().len(), 0, "the application may still feed an answer to the second message");
    assert!(is_pending(server.next()));
    assert_eq!(script.written(), server_frame(TEXT, "answer"));
}

// ---- Large payloads -----------------------------------------------------------------------------

#[test]
fn a_large_payload_is_written_with_its_header_and_without_a_copy() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    let payload = Bytes::from(vec![7; 100_000]);
    ready(server.send(payload.clone())).unwrap();
    let writes = script.writes();
    assert_eq!(writes.len(), 1, "not one vectored write");
    let [header, body] = &writes[0][..] else { panic!("{} pieces", writes[0].len()) };
    assert_eq!(header.bytes, [0x82, 127, 0, 0, 0, 0, 0, 0x01, 0x86, 0xA0]);
    assert_eq!(body.bytes, payload);
    assert_eq!(body.address, payload.as_ptr() as usize, "the payload was copied");
}

#[test]
fn a_large_payload_is_not_copied_for_a_stream_without_vectored_writes() {
    let (stream, script) = scripted_stream();
    script.disable_vectored_writes();
    let mut server = server(stream);
    let payload = Bytes::from(vec![7; 100_000]);
    ready(server.send(payload.clone())).unwrap();
    assert_eq!(script.written(), server_frame(BINARY, &payload));
    let writes = script.writes();
    assert_eq!(writes.len(), 2);
    assert_eq!(writes[1][0].address, payload.as_ptr() as usize, "the payload was copied");
}

#[test]
fn a_large_payload_can_be_written_in_steps_of_any_size() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    let payload: Vec<u8> = (0..100_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    script.block_writes();
    assert!(is_pending(server.send(payload.clone())));
    while server.queued_bytes() > 0 {
        // The first cut is inside the header. 7919 is prime, so the other cuts can fall anywhere.
        script.allow_writes(if script.writes().is_empty() { 3 } else { 7919 });
        let _ = server.flush().now_or_never();
    }
    assert_eq!(script.written(), server_frame(BINARY, payload));
}

#[test]
fn more_payloads_than_one_vectored_write_holds_are_written_in_order() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.block_writes();
    let mut expected = Vec::new();
    // 25 messages of 5 KiB, with small messages between them, stay below the limit of the queue.
    for number in 0..25 {
        let large = vec![number; 5 << 10];
        expected.extend(server_frame(BINARY, &large));
        expected.extend(server_frame(TEXT, "small"));
        ready(server.feed(Message::binary(large))).unwrap();
        ready(server.feed(Message::text("small"))).unwrap();
    }
    script.unblock_writes();
    ready(server.flush()).unwrap();
    assert_eq!(script.written(), expected);
}

#[test]
fn a_prepared_message_is_shared_by_all_connections() {
    let prepared = PreparedMessage::new(&Message::binary(vec![7; 10_000]));
    let mut addresses = Vec::new();
    for _ in 0..2 {
        let (stream, script) = scripted_stream();
        let mut server = server(stream);
        ready(server.send_prepared(&prepared)).unwrap();
        assert_eq!(script.written(), server_frame(BINARY, vec![7; 10_000]));
        addresses.extend(script.writes().concat().iter().map(|piece| piece.address));
    }
    assert_eq!(addresses.len(), 2);
    assert_eq!(addresses[0], addresses[1]);
}

// ---- Limits -------------------------------------------------------------------------------------

#[test]
fn of_ten_thousand_pings_in_one_read_the_first_64_and_the_last_are_answered() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    // 60 KB, which one read returns.
    let mut pings = client_frame(PING, "").repeat(9_999);
    pings.extend(client_frame(PING, "last"));
    script.push_read(&pings);
    assert!(is_pending(server.next()));
    assert_eq!(script.written(), [server_frame(PONG, "").repeat(64), server_frame(PONG, "last")].concat());
}

#[test]
fn ten_thousand_pings_of_a_peer_that_does_not_read_queue_64_pongs() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.block_writes();
    let mut pings = client_frame(PING, "").repeat(9_999);
    pings.extend(client_frame(PING, "last"));
    script.push_read(&pings);
    let mut seen = 0;
    while let Some(event) = server.next_event().now_or_never() {
        assert!(matches!(event, Some(Ok(Event::Ping(_)))), "{event:?}");
        assert!(server.queued_bytes() <= 64 * 131, "{} bytes of Pongs are queued", server.queued_bytes());
        seen += 1;
    }
    assert_eq!(seen, 10_000);
    script.unblock_writes();
    assert!(is_pending(server.next_event()));
    assert_eq!(script.written(), [server_frame(PONG, "").repeat(64), server_frame(PONG, "last")].concat());
}

#[test]
fn pings_and_pongs_wait_when_a_peer_that_does_not_read_has_filled_the_queue() {
    /// Calls a method of a `WebSocket` or of a `WriteHalf` until it waits for room.
    macro_rules! fill {
        ($sender:expr, $method:ident) => {{
            let mut queued = 0;
            // A frame that has been queued stays in the queue when the future is dropped.
            for _ in 0..10_000 {
                let _ = $sender.$method(&[7; 125]).now_or_never();
                if $sender.queued_bytes() == queued {
                    break;
                }
                queued = $sender.queued_bytes();
            }
            assert!(queued <= (320 << 10) + 131, "{queued} bytes are queued");
            assert!(queued >= 320 << 10, "only {queued} bytes are queued");
        }};
    }
    for is_ping in [true, false] {
        let (stream, script) = scripted_stream();
        script.block_writes();
        let mut whole = client(stream);
        if is_ping {
            fill!(whole, ping);
        } else {
            fill!(whole, pong);
        }
        let (stream, script) = scripted_stream();
        script.block_writes();
        let (_read_half, mut write_half) = client(stream).into_split();
        if is_ping { fill!(write_half, ping) } else { fill!(write_half, pong) }
    }
}

#[test]
fn sending_waits_when_a_peer_that_does_not_read_has_filled_the_queue() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.block_writes();
    let message = vec![7; 1 << 10];
    let mut sent = 0;
    while server.feed(Message::binary(message.clone())).now_or_never().is_some() {
        sent += 1;
        assert!(sent < 1000, "{} bytes are queued", server.queued_bytes());
    }
    assert!(server.queued_bytes() <= (320 << 10) + (2 << 10), "{} bytes are queued", server.queued_bytes());
    script.unblock_writes();
    ready(server.send("there is room again")).unwrap();
    assert_eq!(server.queued_bytes(), 0);
}

#[test]
fn a_write_of_no_bytes_is_an_error_and_not_a_loop() {
    let stream = tokio::io::join(tokio::io::empty(), ZeroWriter);
    let error = ready(server(stream).send("x")).expect_err("nothing was written");
    assert!(matches!(&error, Error::Io(error) if error.kind() == io::ErrorKind::WriteZero), "{error:?}");
}

/// A writer that accepts 0 bytes of each write, and reports success.
#[derive(Debug)]
struct ZeroWriter;

impl AsyncWrite for ZeroWriter {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(0))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

// ---- Streams with a buffer of their own, such as TLS --------------------------------------------

#[test]
fn send_returns_when_the_stream_is_flushed_and_not_before() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.block_flushes();
    let mut send = Box::pin(server.send("Hello"));
    let (wakes, waker) = CountingWaker::new();
    assert!(poll_with(send.as_mut(), &waker).is_pending(), "the bytes are still in the stream's own buffer");
    wakes.take_count();
    script.unblock_flushes();
    assert!(wakes.take_count() > 0);
    assert!(poll_with(send.as_mut(), &waker).is_ready());
    assert_eq!(script.calls().last(), Some(&StreamCall::Flush));
}

#[test]
fn a_pong_is_flushed_even_if_the_flush_has_to_wait() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.block_flushes();
    script.push_read(&client_frame(PING, "p"));
    let mut next = Box::pin(server.next());
    let (wakes, waker) = CountingWaker::new();
    assert!(poll_with(next.as_mut(), &waker).is_pending());
    assert_eq!(script.written(), server_frame(PONG, "p"));
    wakes.take_count();
    script.unblock_flushes();
    assert!(wakes.take_count() > 0, "the reading task waits for the flush too");
    assert!(poll_with(next.as_mut(), &waker).is_pending());
    assert_eq!(script.calls().last(), Some(&StreamCall::Flush));
}

#[test]
fn one_write_is_flushed_once() {
    let (stream, script) = scripted_stream();
    let mut client = client(stream);
    ready(client.send("Hello")).unwrap();
    ready(client.flush()).unwrap();
    assert!(is_pending(client.next()));
    assert_eq!(script.calls().iter().filter(|call| **call == StreamCall::Flush).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_buffered_stream_on_a_slow_connection_transmits_everything() {
    let (local, mut remote) = tokio::io::duplex(16);
    let mut server = server(BufStream::with_capacity(1 << 10, 1 << 10, local));
    with_paused_timeout(async {
        for number in 0..10_u8 {
            let message = vec![number; 500];
            let (sent, frame) = tokio::join!(server.send(message.clone()), read_frame(&mut remote));
            sent.unwrap();
            assert_eq!(frame, (BINARY, message));
        }
        drop(server);
        assert_eq!(remote.read(&mut [0]).await.unwrap(), 0);
    })
    .await;
}
