//! Futures that are dropped half-way, as `select!` drops the branch that lost, take nothing with them.

use std::time::Duration;

use futures_util::FutureExt;
use protocol::{CloseCode, CloseFrame, Endpoint, Message, State};
use tokio::time::{Instant, timeout};
use websocket::{Error, Event, WebSocket};

use crate::common::{
    BINARY, CLOSE, CONTINUATION, LAST_CONTINUATION, PING, PONG, Scripted, TEXT, TEXT_BEGINS, client, from_client,
    from_server, guarded_with_stopped_clock, scripted, server,
};

/// Reads with a future that is dropped each time it has to wait.
async fn read_impatiently(websocket: &mut WebSocket<Scripted>) -> (Vec<Event>, usize) {
    let mut events = Vec::new();
    let mut dropped = 0;
    loop {
        tokio::select! {
            biased;
            event = websocket.next_event() => match event {
                Some(event) => events.push(event.expect("nothing is wrong with these bytes")),
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
            frame(TEXT_BEGINS, "a cut character: ".as_bytes()),
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
        Event::Close(Some(CloseFrame { code: CloseCode::NORMAL, reason: "bye".to_owned() })),
    ];

    let (stream, wire) = scripted();
    let from_client_to_server = frames(|first, payload| from_client(first, payload));
    wire.give_slowly(&from_client_to_server);
    wire.end();
    let (events, dropped) = guarded_with_stopped_clock(read_impatiently(&mut server(stream))).await;
    assert_eq!(events, expected);
    assert_eq!(dropped, from_client_to_server.len(), "once before each byte");
    assert_eq!(wire.written(), [from_server(PONG, "between"), from_server(CLOSE, b"\x03\xE8")].concat());

    let (stream, wire) = scripted();
    wire.give_slowly(&frames(|first, payload| from_server(first, payload)));
    wire.end();
    let (events, _) = guarded_with_stopped_clock(read_impatiently(&mut client(stream))).await;
    assert_eq!(events, expected);
    assert_eq!(wire.written(), [from_client(PONG, "between"), from_client(CLOSE, b"\x03\xE8")].concat());
}

/// Beyond 64 KiB a frame is read into a buffer of its own, which must not be lost either.
#[tokio::test(start_paused = true)]
async fn a_read_that_is_dropped_within_a_large_frame_loses_nothing() {
    let payload: Vec<u8> = (0..300_000_u32).map(|number| number.to_le_bytes()[1]).collect();
    let (stream, wire) = scripted();
    for piece in from_client(BINARY, &payload).chunks(1460) {
        wire.give_slowly(&piece[..1]);
        wire.give(&piece[1..]);
    }
    wire.give(&from_client(CLOSE, b"\x03\xE8"));
    wire.end();
    let (events, dropped) = guarded_with_stopped_clock(read_impatiently(&mut server(stream))).await;
    assert_eq!(events[0], Event::Message(Message::binary(payload)));
    assert_eq!(dropped, (300_014_usize).div_ceil(1460));
}

#[tokio::test(start_paused = true)]
async fn a_read_under_a_time_limit_goes_on_where_it_was() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    let hello = from_client(TEXT, "Hello");
    wire.give(&hello[..8]);
    timeout(Duration::from_secs(1), server.next()).await.expect_err("the message is incomplete");
    wire.give(&hello[8..]);
    let message = timeout(Duration::from_secs(1), server.next()).await.expect("now it is complete");
    assert_eq!(message.unwrap().unwrap(), Message::text("Hello"));
}

#[test]
fn a_send_that_is_dropped_while_it_waits_for_room_sends_nothing() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.block();
    let first = vec![1; 400 << 10];
    assert!(server.send(first.clone()).now_or_never().is_none());
    let queued = server.queued_bytes();
    assert!(server.send("second").now_or_never().is_none());
    assert_eq!(server.queued_bytes(), queued, "the second is not in the queue");
    wire.unblock();
    server.flush().now_or_never().expect("there is room").expect("nothing is wrong");
    server.send("third").now_or_never().expect("there is room").expect("nothing is wrong");
    assert_eq!(wire.written(), [from_server(BINARY, first), from_server(TEXT, "third")].concat());
}

#[test]
fn a_send_that_is_dropped_while_it_is_written_sends_the_whole() {
    let (stream, wire) = scripted();
    let mut client = client(stream);
    wire.let_through(3);
    assert!(client.send("Hello").now_or_never().is_none());
    let hello = [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]; // section 5.7
    assert_eq!(wire.written(), hello[..3]);
    wire.unblock();
    // Whatever is done next with the connection, be it reading, sends the rest.
    assert!(client.next().now_or_never().is_none());
    assert_eq!(wire.written(), hello);
}

#[test]
fn a_send_that_is_dropped_at_every_byte_sends_the_whole_once() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.block();
    assert!(server.send("Hello").now_or_never().is_none());
    while server.queued_bytes() > 0 {
        wire.let_through(1);
        let _ = server.flush().now_or_never();
    }
    assert_eq!(wire.written(), [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]);
}

#[tokio::test(start_paused = true)]
async fn a_close_that_was_dropped_can_be_called_again() {
    let (stream, wire) = scripted();
    let mut client = client(stream);
    let began = Instant::now();
    timeout(Duration::from_secs(3), client.close(CloseCode::NORMAL, "")).await.expect_err("the peer is silent");
    assert_eq!(client.state(), State::Closing);
    assert!(matches!(client.send("late").await, Err(Error::Usage(_))));
    // The peer answers while nobody looks.
    wire.give(&from_server(CLOSE, b"\x03\xE8"));
    wire.end();
    let close_info = guarded_with_stopped_clock(client.close(CloseCode::GOING_AWAY, "again")).await.unwrap();
    assert!(close_info.was_clean);
    assert_eq!(close_info.initiator, Some(Endpoint::Local));
    assert_eq!(began.elapsed(), Duration::from_secs(3));
    assert_eq!(wire.written(), from_client(CLOSE, b"\x03\xE8"), "one Close, the first");
}

#[tokio::test(start_paused = true)]
async fn a_close_that_is_called_again_does_not_get_more_time() {
    let (stream, _wire) = scripted();
    let mut client = client(stream);
    let began = Instant::now();
    for _ in 0..4 {
        timeout(Duration::from_secs(1), client.close(CloseCode::NORMAL, "")).await.expect_err("the peer is silent");
    }
    let close_info = guarded_with_stopped_clock(client.close(CloseCode::NORMAL, "")).await.unwrap();
    assert!(close_info.timed_out);
    assert_eq!(began.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_close_dropped_before_its_close_frame_left_still_sends_it() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.block();
    assert!(server.close(CloseCode::GOING_AWAY, "").now_or_never().is_none());
    assert_eq!(wire.written(), b"");
    wire.unblock();
    assert!(server.next().now_or_never().is_none());
    assert_eq!(wire.written(), [0x88, 0x02, 0x03, 0xE9]);
}
