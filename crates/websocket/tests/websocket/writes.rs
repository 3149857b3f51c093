//! How many writes it takes, and what is in them: answers leave together, large payloads are not copied, and what was
//! sent is flushed.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{FutureExt, SinkExt, StreamExt};
use protocol::{Message, PreparedMessage};
use tokio::io::{AsyncReadExt, AsyncWrite, BufStream};
use websocket::{Error, Event};

use crate::common::{
    Alarm, BINARY, Call, PING, PONG, TEXT, client, from_client, from_server, guarded_with_stopped_clock, poll_with,
    read_frame, scripted, server,
};

const SIXTEEN: usize = 16;

/// Sixteen messages that a client sends one behind the other, and their echo.
fn sixteen() -> (Vec<u8>, Vec<u8>) {
    let texts = (0..SIXTEEN).map(|number| format!("message {number}"));
    let sent: Vec<_> = texts.clone().map(|text| from_client(TEXT, text)).collect();
    let echoed: Vec<_> = texts.map(|text| from_server(TEXT, text)).collect();
    (sent.concat(), echoed.concat())
}

// ---- One read, one write ----------------------------------------------------------------------------------------------

#[test]
fn answers_to_one_read_leave_in_one_write_with_send() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    let (messages, echo) = sixteen();
    wire.give(&messages);
    for _ in 0..SIXTEEN {
        let message = server.next().now_or_never().expect("it has arrived").unwrap().unwrap();
        server.send(message).now_or_never().expect("there is room").unwrap();
    }
    // Without another read: the last send knows that nothing more lies here.
    assert_eq!(wire.written(), echo);
    assert_eq!(wire.writes().len(), 1);
}

#[test]
fn answers_to_one_read_leave_in_one_write_with_feed_and_flush() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    let (messages, echo) = sixteen();
    wire.give(&messages);
    for _ in 0..SIXTEEN {
        let message = server.next().now_or_never().expect("it has arrived").unwrap().unwrap();
        server.feed(message).now_or_never().expect("there is room").unwrap();
    }
    assert_eq!(wire.writes().len(), 0, "feed only queues");
    SinkExt::flush(&mut server).now_or_never().expect("there is room").unwrap();
    assert_eq!(wire.written(), echo);
    assert_eq!(wire.writes().len(), 1);
}

#[test]
fn answers_to_one_read_leave_in_one_write_with_forward() {
    let (stream, wire) = scripted();
    let (reader, writer) = server(stream).split();
    let (messages, echo) = sixteen();
    wire.give(&messages);
    assert!(reader.forward(writer).now_or_never().is_none(), "it waits for more messages");
    assert_eq!(wire.written(), echo);
    assert_eq!(wire.writes().len(), 1);
}

/// `futures` keeps the latest message in its half of the sink, where nobody sees it before the flush.
#[test]
fn the_split_of_futures_costs_forward_one_write_more() {
    let (stream, wire) = scripted();
    let (sink, source) = StreamExt::split(server(stream));
    let (messages, echo) = sixteen();
    wire.give(&messages);
    assert!(source.forward(sink).now_or_never().is_none(), "it waits for more messages");
    assert_eq!(wire.written(), echo);
    assert_eq!(wire.writes().len(), 2);
}

#[test]
fn two_reads_make_two_writes() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    let (messages, echo) = sixteen();
    // The second read begins in the middle of a message.
    let (first, second) = messages.split_at(messages.len() / 2 + 3);
    wire.give(first);
    wire.give(second);
    for _ in 0..SIXTEEN {
        let message = server.next().now_or_never().expect("it has arrived").unwrap().unwrap();
        server.send(message).now_or_never().expect("there is room").unwrap();
    }
    assert_eq!(wire.written(), echo);
    assert_eq!(wire.writes().len(), 2);
}

#[test]
fn a_pong_and_the_answers_around_it_leave_together() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.give(&[from_client(TEXT, "a"), from_client(PING, "p"), from_client(TEXT, "b")].concat());
    for _ in 0..2 {
        let message = server.next().now_or_never().expect("it has arrived").unwrap().unwrap();
        server.send(message).now_or_never().expect("there is room").unwrap();
    }
    assert_eq!(wire.written(), [from_server(TEXT, "a"), from_server(PONG, "p"), from_server(TEXT, "b")].concat());
    assert_eq!(wire.writes().len(), 1);
}

// ---- At once ----------------------------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-6-1
//= type=test
//# The frames MUST be transmitted over the network connection.
#[test]
fn a_message_alone_is_written_and_flushed_before_send_returns() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    server.send("Hello").now_or_never().expect("there is room").unwrap();
    assert_eq!(wire.written(), [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]);
    assert_eq!(wire.calls().last(), Some(&Call::Flush));
}

#[test]
fn a_message_is_written_at_once_while_only_a_part_of_the_next_has_arrived() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    let next = from_client(TEXT, "unfinished");
    wire.give(&[&from_client(TEXT, "question"), &next[..9]].concat());
    server.next().now_or_never().expect("it has arrived").unwrap().unwrap();
    // The peer may be waiting for this very answer before it sends the rest.
    server.send("answer").now_or_never().expect("there is room").unwrap();
    assert_eq!(wire.written(), from_server(TEXT, "answer"));
}

#[test]
fn send_waits_for_the_messages_that_lie_here_and_flush_does_not() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.give(&[from_client(TEXT, "one"), from_client(TEXT, "two")].concat());
    server.next().now_or_never().expect("it has arrived").unwrap().unwrap();
    server.send("answer").now_or_never().expect("there is room").unwrap();
    assert_eq!(wire.writes().len(), 0, "the answer to the second message will want to come along");
    server.flush().now_or_never().expect("there is room").unwrap();
    assert_eq!(wire.written(), from_server(TEXT, "answer"));
}

//= docs/src/rfc6455.md#section-6-1
//= type=test
//# The frames MUST be transmitted over the network connection.
#[test]
fn what_send_left_behind_is_written_before_the_next_read_waits() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.give(&[from_client(TEXT, "one"), from_client(TEXT, "two")].concat());
    server.next().now_or_never().expect("it has arrived").unwrap().unwrap();
    server.send("answer").now_or_never().expect("there is room").unwrap();
    server.next().now_or_never().expect("it has arrived").unwrap().unwrap();
    assert!(server.next().now_or_never().is_none());
    assert_eq!(wire.written(), from_server(TEXT, "answer"));
}

#[test]
fn the_writing_half_writes_whatever_lies_unread() {
    let (stream, wire) = scripted();
    let (mut reader, mut writer) = server(stream).split();
    wire.give(&[from_client(TEXT, "one"), from_client(TEXT, "two")].concat());
    reader.next().now_or_never().expect("it has arrived").unwrap().unwrap();
    // The task that writes does not know when the one that reads will go on.
    writer.send("news").now_or_never().expect("there is room").unwrap();
    assert_eq!(wire.written(), from_server(TEXT, "news"));
    let prepared = PreparedMessage::new(&Message::text("for all"));
    writer.send_prepared(&prepared).now_or_never().expect("there is room").unwrap();
    writer.ping(b"").now_or_never().expect("there is room").unwrap();
    assert_eq!(wire.writes().len(), 3);
}

// ---- Without copying --------------------------------------------------------------------------------------------------

#[test]
fn a_large_payload_leaves_from_where_it_is_together_with_its_header() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    let payload = Bytes::from(vec![7; 100_000]);
    server.send(payload.clone()).now_or_never().expect("there is room").unwrap();
    let writes = wire.writes();
    assert_eq!(writes.len(), 1, "one vectored write");
    let [header, body] = &writes[0][..] else { panic!("{} pieces", writes[0].len()) };
    assert_eq!(header.bytes, [0x82, 127, 0, 0, 0, 0, 0, 0x01, 0x86, 0xA0]);
    assert_eq!(body.bytes, payload);
    assert_eq!(body.address, payload.as_ptr() as usize, "the payload was copied");
}

#[test]
fn a_stream_without_vectored_writes_gets_the_payload_uncopied_too() {
    let (stream, wire) = scripted();
    wire.not_vectored();
    let mut server = server(stream);
    let payload = Bytes::from(vec![7; 100_000]);
    server.send(payload.clone()).now_or_never().expect("there is room").unwrap();
    assert_eq!(wire.written(), from_server(BINARY, &payload));
    let writes = wire.writes();
    assert_eq!(writes.len(), 2);
    assert_eq!(writes[1][0].address, payload.as_ptr() as usize, "the payload was copied");
}

#[test]
fn a_large_payload_that_takes_many_writes_stays_in_one_piece() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    let payload: Vec<u8> = (0..100_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    wire.block();
    assert!(server.send(payload.clone()).now_or_never().is_none());
    while server.queued_bytes() > 0 {
        // Cut inside the header first, then wherever it falls.
        wire.let_through(if wire.writes().is_empty() { 3 } else { 7919 });
        let _ = server.flush().now_or_never();
    }
    assert_eq!(wire.written(), from_server(BINARY, payload));
}

#[test]
fn more_large_payloads_than_one_vectored_write_holds_all_leave_in_order() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.block();
    let mut expected = Vec::new();
    // 25 messages of 5 KiB stay just below what may be queued; small ones lie between them.
    for number in 0..25 {
        let large = vec![number; 5 << 10];
        expected.extend(from_server(BINARY, &large));
        expected.extend(from_server(TEXT, "small"));
        server.feed(Message::binary(large)).now_or_never().expect("there is room").unwrap();
        server.feed(Message::text("small")).now_or_never().expect("there is room").unwrap();
    }
    wire.unblock();
    server.flush().now_or_never().expect("there is room").unwrap();
    assert_eq!(wire.written(), expected);
}

#[test]
fn a_prepared_message_is_one_piece_of_memory_for_all_connections() {
    let prepared = PreparedMessage::new(&Message::binary(vec![7; 10_000]));
    let mut addresses = Vec::new();
    for _ in 0..2 {
        let (stream, wire) = scripted();
        let mut server = server(stream);
        server.send_prepared(&prepared).now_or_never().expect("there is room").unwrap();
        assert_eq!(wire.written(), from_server(BINARY, vec![7; 10_000]));
        addresses.extend(wire.writes().concat().iter().map(|piece| piece.address));
    }
    assert_eq!(addresses.len(), 2);
    assert_eq!(addresses[0], addresses[1]);
}

// ---- Bounds -----------------------------------------------------------------------------------------------------------

#[test]
fn ten_thousand_pings_in_one_read_are_answered_by_a_few_pongs_and_the_last() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    // 60 KB: as much as one read takes.
    let mut pings = from_client(PING, "").repeat(9_999);
    pings.extend(from_client(PING, "last"));
    wire.give(&pings);
    let mut seen = 0;
    while let Some(event) = server.next_event().now_or_never() {
        assert!(matches!(event, Some(Ok(Event::Ping(_)))), "{event:?}");
        assert!(server.queued_bytes() <= 64 * 131, "{} bytes of Pongs wait", server.queued_bytes());
        seen += 1;
    }
    assert_eq!(seen, 10_000);
    assert_eq!(wire.written(), [from_server(PONG, "").repeat(64), from_server(PONG, "last")].concat());
}

#[test]
fn a_peer_that_does_not_read_makes_sending_wait_and_not_the_queue_grow() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.block();
    let message = vec![7; 1 << 10];
    let mut sent = 0;
    while server.feed(Message::binary(message.clone())).now_or_never().is_some() {
        sent += 1;
        assert!(sent < 1000, "{} bytes wait", server.queued_bytes());
    }
    assert!(server.queued_bytes() <= (320 << 10) + (2 << 10), "{} bytes wait", server.queued_bytes());
    wire.unblock();
    server.send("there is room again").now_or_never().expect("there is room").unwrap();
    assert_eq!(server.queued_bytes(), 0);
}

#[test]
fn a_stream_that_takes_no_bytes_is_an_error_and_not_a_loop() {
    let stream = tokio::io::join(tokio::io::empty(), TakesNothing);
    let error = server(stream).send("x").now_or_never().expect("an error at once").expect_err("nothing was taken");
    assert!(matches!(&error, Error::Io(error) if error.kind() == io::ErrorKind::WriteZero), "{error:?}");
}

#[derive(Debug)]
struct TakesNothing;

impl AsyncWrite for TakesNothing {
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

// ---- Streams with a buffer of their own, such as TLS ------------------------------------------------------------------

#[test]
fn send_returns_when_the_stream_is_flushed_and_not_before() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.hold_flush();
    let mut send = Box::pin(server.send("Hello"));
    let (alarm, waker) = Alarm::new();
    assert!(poll_with(send.as_mut(), &waker).is_pending(), "the bytes are still in the stream's own buffer");
    alarm.rang();
    wire.release_flush();
    assert!(alarm.rang() > 0);
    assert!(poll_with(send.as_mut(), &waker).is_ready());
    assert_eq!(wire.calls().last(), Some(&Call::Flush));
}

#[test]
fn a_pong_is_flushed_even_if_the_flush_had_to_wait() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.hold_flush();
    wire.give(&from_client(PING, "p"));
    let mut next = Box::pin(server.next());
    let (alarm, waker) = Alarm::new();
    assert!(poll_with(next.as_mut(), &waker).is_pending());
    assert_eq!(wire.written(), from_server(PONG, "p"));
    alarm.rang();
    wire.release_flush();
    assert!(alarm.rang() > 0, "whoever reads waits for the flush too");
    assert!(poll_with(next.as_mut(), &waker).is_pending());
    assert_eq!(wire.calls().last(), Some(&Call::Flush));
}

#[test]
fn one_flush_is_enough_for_one_write() {
    let (stream, wire) = scripted();
    let mut client = client(stream);
    client.send("Hello").now_or_never().expect("there is room").unwrap();
    client.flush().now_or_never().expect("nothing to do").unwrap();
    assert!(client.next().now_or_never().is_none());
    assert_eq!(wire.calls().iter().filter(|call| **call == Call::Flush).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_buffered_stream_on_a_slow_wire_brings_everything() {
    let (ours, mut theirs) = tokio::io::duplex(16);
    let mut server = server(BufStream::with_capacity(1 << 10, 1 << 10, ours));
    guarded_with_stopped_clock(async {
        for number in 0..10_u8 {
            let message = vec![number; 500];
            let (sent, frame) = tokio::join!(server.send(message.clone()), read_frame(&mut theirs));
            sent.unwrap();
            assert_eq!(frame, (BINARY, message));
        }
        drop(server);
        assert_eq!(theirs.read(&mut [0]).await.unwrap(), 0);
    })
    .await;
}
