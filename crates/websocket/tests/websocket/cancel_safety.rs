//! Cancel safety: if a future is dropped before it completes, as `select!` drops the branches that
//! lose, no bytes and no events are lost.

use std::time::Duration;

use futures_util::FutureExt;
use protocol::{CloseCode, CloseFrame, Endpoint, Message, MessageKind, PreparedMessage, State, UsageError};
use testkit::{
    frames::{
        client_frame,
        first_byte::{BINARY, CLOSE, CONTINUATION, FIRST_OF_TEXT, LAST_CONTINUATION, PING, PONG, TEXT},
        server_frame,
    },
    stream::{ScriptedStream, scripted_stream},
    tasks::{is_pending, ready, with_paused_timeout},
};
use tokio::time::{Instant, timeout};
use websocket::{Error, Event, WebSocket};

use crate::support::{client, server};

/// Reads to the end, and drops the future each time it has to wait. Returns the events, and the
/// number of futures that were dropped.
async fn read_and_drop_when_pending(websocket: &mut WebSocket<ScriptedStream>) -> (Vec<Event>, usize) {
    let mut events = Vec::new();
    let mut dropped = 0;
    loop {
        tokio::select! {
            biased;
            event = websocket.next_event() => match event {
                Some(event) => events.push(event.expect("the frames are valid")),
                None => return (events, dropped),
            },
            () = std::future::ready(()) => dropped += 1,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_that_is_dropped_at_every_byte_loses_nothing() {
    let large = vec![0xA5; 300];
    let frames = |frame: fn(u8, &[u8]) -> Vec<u8>| {
        [
            frame(TEXT, "Hello".as_bytes()),
            frame(FIRST_OF_TEXT, "a cut character: ".as_bytes()),
            frame(CONTINUATION, &[0xE2, 0x82]),
            frame(PING, b"between"),
            frame(LAST_CONTINUATION, &[0xAC]),
            frame(PONG, b""),
            frame(BINARY, &large),
            frame(TEXT, b""),
            frame(CLOSE, b"\x03\xE8bye"),
        ]
        .concat()
    };
    let expected = [
        Event::Message(Message::text("Hello")),
        Event::Ping("between".into()),
        Event::Message(Message::text("a cut character: €")),
        Event::Pong("".into()),
        Event::Message(Message::binary(large.clone())),
        Event::Message(Message::text("")),
        Event::Close(Some(CloseFrame::new(CloseCode::NORMAL, "bye").unwrap())),
    ];

    let (stream, script) = scripted_stream();
    let from_client_to_server = frames(|first, payload| client_frame(first, payload));
    script.push_byte_by_byte(&from_client_to_server);
    script.push_eof();
    let (events, dropped) = with_paused_timeout(read_and_drop_when_pending(&mut server(stream))).await;
    assert_eq!(events, expected);
    assert_eq!(dropped, from_client_to_server.len(), "not one drop before each byte");
    assert_eq!(script.written(), [server_frame(PONG, "between"), server_frame(CLOSE, b"\x03\xE8")].concat());

    let (stream, script) = scripted_stream();
    script.push_byte_by_byte(&frames(|first, payload| server_frame(first, payload)));
    script.push_eof();
    let (events, _) = with_paused_timeout(read_and_drop_when_pending(&mut client(stream))).await;
    assert_eq!(events, expected);
    assert_eq!(script.written(), [client_frame(PONG, "between"), client_frame(CLOSE, b"\x03\xE8")].concat());
}

/// A frame above 64 KiB is read into a separate buffer, which must not be lost either.
#[tokio::test(start_paused = true)]
async fn a_read_that_is_dropped_within_a_large_frame_loses_nothing() {
    let payload: Vec<u8> = (0..300_000_u32).map(|number| number.to_le_bytes()[1]).collect();
    let (stream, script) = scripted_stream();
    for piece in client_frame(BINARY, &payload).chunks(1460) {
        script.push_byte_by_byte(&piece[..1]);
        script.push_read(&piece[1..]);
    }
    script.push_read(&client_frame(CLOSE, b"\x03\xE8"));
    script.push_eof();
    let (events, dropped) = with_paused_timeout(read_and_drop_when_pending(&mut server(stream))).await;
    assert_eq!(events[0], Event::Message(Message::binary(payload)));
    assert_eq!(dropped, (300_014_usize).div_ceil(1460));
}

#[tokio::test(start_paused = true)]
async fn a_read_that_timed_out_can_be_resumed() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    let hello = client_frame(TEXT, "Hello");
    script.push_read(&hello[..8]);
    timeout(Duration::from_secs(1), server.next()).await.expect_err("the message is incomplete");
    script.push_read(&hello[8..]);
    let message = timeout(Duration::from_secs(1), server.next()).await.expect("the message is complete");
    assert_eq!(message.unwrap().unwrap(), Message::text("Hello"));
}

#[test]
fn a_send_that_is_dropped_while_it_waits_for_capacity_sends_nothing() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.block_writes();
    let first = vec![1; 400 << 10];
    assert!(is_pending(server.send(first.clone())));
    let queued = server.queued_bytes();
    assert!(is_pending(server.send("second")));
    assert_eq!(server.queued_bytes(), queued, "the second message was queued");
    script.unblock_writes();
    ready(server.flush()).unwrap();
    ready(server.send("third")).unwrap();
    assert_eq!(script.written(), [server_frame(BINARY, first), server_frame(TEXT, "third")].concat());
}

#[test]
fn a_reservation_that_is_dropped_queues_nothing() {
    let (stream, script) = scripted_stream();
    let (_read_half, mut write_half) = server(stream).into_split();
    script.block_writes();
    assert!(is_pending(write_half.send(vec![1; 400 << 10])));
    let queued = write_half.queued_bytes();
    let message = Message::text("kept by the caller");
    assert!(is_pending(write_half.reserve()), "the queue is full");
    script.unblock_writes();
    let _unused = ready(write_half.reserve()).unwrap();
    assert_eq!(write_half.queued_bytes(), 0, "there is room after {queued} bytes were written");
    ready(write_half.reserve()).unwrap().feed(message).unwrap();
    ready(write_half.flush()).unwrap();
    assert!(script.written().ends_with(&server_frame(TEXT, "kept by the caller")));
}

#[test]
fn a_permit_queues_every_kind_of_frame() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    ready(server.reserve()).unwrap().feed("message").unwrap();
    let prepared = PreparedMessage::new(&Message::text("prepared"));
    ready(server.reserve()).unwrap().feed_prepared(&prepared).unwrap();
    ready(server.reserve()).unwrap().feed_ping(b"ping").unwrap();
    ready(server.reserve()).unwrap().feed_pong(b"pong").unwrap();
    ready(server.reserve()).unwrap().feed_fragment(MessageKind::Text, b"part", false).unwrap();
    let rejected = ready(server.reserve()).unwrap().feed("inside a message");
    assert!(matches!(rejected, Err(Error::Usage(UsageError::MessageOpen))), "{rejected:?}");
    assert_eq!(script.writes().len(), 0, "a permit only queues");
    ready(server.flush()).unwrap();
    let frames = [(TEXT, "message"), (TEXT, "prepared"), (PING, "ping"), (PONG, "pong"), (FIRST_OF_TEXT, "part")];
    let expected: Vec<u8> = frames.iter().flat_map(|(first, payload)| server_frame(*first, payload)).collect();
    assert_eq!(script.written(), expected);
}

#[test]
fn a_send_that_is_dropped_while_it_writes_sends_the_whole_message() {
    let (stream, script) = scripted_stream();
    let mut client = client(stream);
    script.allow_writes(3);
    assert!(is_pending(client.send("Hello")));
    let hello = [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]; // section 5.7
    assert_eq!(script.written(), hello[..3]);
    script.unblock_writes();
    // The next call sends the rest, even if that call only reads.
    assert!(is_pending(client.next()));
    assert_eq!(script.written(), hello);
}

#[test]
fn a_send_that_is_dropped_at_every_byte_sends_the_message_once() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.block_writes();
    assert!(is_pending(server.send("Hello")));
    while server.queued_bytes() > 0 {
        script.allow_writes(1);
        let _ = server.flush().now_or_never();
    }
    assert_eq!(script.written(), [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]);
}

#[tokio::test(start_paused = true)]
async fn a_close_that_was_dropped_can_be_called_again() {
    let (stream, script) = scripted_stream();
    let mut client = client(stream);
    let began = Instant::now();
    timeout(Duration::from_secs(3), client.close(CloseCode::NORMAL, "")).await.expect_err("the peer is silent");
    assert_eq!(client.state(), State::Closing);
    assert!(matches!(client.send("late").await, Err(Error::Usage(UsageError::AfterClose))));
    // The peer answers while no future is polled.
    script.push_read(&server_frame(CLOSE, b"\x03\xE8"));
    script.push_eof();
    let close_info = with_paused_timeout(client.close(CloseCode::GOING_AWAY, "again")).await.unwrap();
    assert!(close_info.was_clean);
    assert_eq!(close_info.initiator, Some(Endpoint::Local));
    assert_eq!(began.elapsed(), Duration::from_secs(3));
    assert_eq!(script.written(), client_frame(CLOSE, b"\x03\xE8"), "more than the first Close");
}

#[tokio::test(start_paused = true)]
async fn calling_close_again_does_not_postpone_the_deadline() {
    let (stream, _wire) = scripted_stream();
    let mut client = client(stream);
    let began = Instant::now();
    for _ in 0..4 {
        timeout(Duration::from_secs(1), client.close(CloseCode::NORMAL, "")).await.expect_err("the peer is silent");
    }
    let close_info = with_paused_timeout(client.close(CloseCode::NORMAL, "")).await.unwrap();
    assert!(close_info.timed_out);
    assert_eq!(began.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_close_that_is_dropped_before_its_frame_is_written_still_sends_it() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.block_writes();
    assert!(is_pending(server.close(CloseCode::GOING_AWAY, "")));
    assert_eq!(script.written(), b"");
    script.unblock_writes();
    assert!(is_pending(server.next()));
    assert_eq!(script.written(), [0x88, 0x02, 0x03, 0xE9]);
}
