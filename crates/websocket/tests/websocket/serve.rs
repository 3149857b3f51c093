//! `serve`: messages are looked at where they lie, and answered together.

use std::{pin::pin, task::Poll};

use futures_util::FutureExt;
use protocol::{CloseCode, Message, MessageKind, MessageRef, Outbound, UsageError, Violation};
use websocket::Error;

use crate::common::{
    Alarm, BINARY, CLOSE, CONTINUATION, LAST_CONTINUATION, PING, PONG, TEXT, TEXT_BEGINS, from_client, from_server,
    poll_with, scripted, server,
};

#[allow(clippy::needless_pass_by_value)] // the shape that `serve` asks for
fn echo(message: MessageRef<'_>, outbound: &mut Outbound<'_>) -> Result<(), Error> {
    Ok(outbound.send_back(message)?)
}

#[test]
fn answers_to_one_read_leave_in_one_write() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    let texts = || (0..16).map(|number| format!("message {number}"));
    wire.give(&texts().flat_map(|text| from_client(TEXT, text)).collect::<Vec<_>>());
    assert!(server.serve(echo).now_or_never().is_none(), "it waits for more");
    assert_eq!(wire.written(), texts().flat_map(|text| from_server(TEXT, text)).collect::<Vec<_>>());
    assert_eq!(wire.writes().len(), 1);
}

#[test]
fn a_message_is_seen_where_it_was_read() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.give(&from_client(BINARY, vec![7; 100]));
    let mut address = 0;
    let look = |message: MessageRef<'_>, _: &mut Outbound<'_>| {
        address = message.as_bytes().as_ptr() as usize;
        Ok(())
    };
    assert!(server.serve(look).now_or_never().is_none());
    let (buffer, _) = wire.offered()[0];
    assert_eq!(address, buffer + 6, "behind its header of six bytes");
}

#[test]
fn messages_that_do_not_lie_in_one_frame_are_handed_over_too() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.give(&from_client(TEXT_BEGINS, "three "));
    wire.give(&from_client(CONTINUATION, "fragments, "));
    wire.give(&from_client(PING, "between"));
    wire.give(&from_client(LAST_CONTINUATION, "one text"));
    wire.give(&from_client(BINARY, vec![7; 200_000]));
    wire.give_slowly(&from_client(TEXT, "in single bytes"));
    let mut seen = Vec::new();
    let note = |message: MessageRef<'_>, outbound: &mut Outbound<'_>| {
        seen.push((message.kind(), message.as_bytes().to_vec()));
        Ok(outbound.send_back(message)?)
    };
    let (alarm, waker) = Alarm::new();
    {
        let mut serving = pin!(server.serve(note));
        while poll_with(serving.as_mut(), &waker).is_pending() && alarm.rang() > 0 {}
    }
    let text = b"three fragments, one text".to_vec();
    let expected = [
        (MessageKind::Text, text.clone()),
        (MessageKind::Binary, vec![7; 200_000]),
        (MessageKind::Text, b"in single bytes".to_vec()),
    ];
    assert_eq!(seen, expected);
    let written = [
        from_server(PONG, "between"),
        from_server(TEXT, text),
        from_server(BINARY, vec![7; 200_000]),
        from_server(TEXT, "in single bytes"),
    ];
    assert_eq!(wire.written(), written.concat());
}

#[test]
fn a_large_message_is_sent_back_from_the_memory_where_it_arrived() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.give(&from_client(BINARY, vec![7; 1 << 20]));
    let mut address = 0;
    let note = |message: MessageRef<'_>, outbound: &mut Outbound<'_>| {
        address = message.as_bytes().as_ptr() as usize;
        Ok(outbound.send_back(message)?)
    };
    assert!(server.serve(note).now_or_never().is_none());
    let pieces = wire.writes().concat();
    assert!(pieces.iter().any(|piece| piece.address == address), "it was copied");
}

#[test]
fn a_peer_that_does_not_read_is_not_read_either() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.block();
    let messages = from_client(BINARY, vec![7; 1 << 10]).repeat(2000);
    wire.give(&messages);
    let (alarm, waker) = Alarm::new();
    {
        let mut serving = pin!(server.serve(echo));
        assert!(poll_with(serving.as_mut(), &waker).is_pending());
    }
    assert!(!wire.is_read(), "2 MB were taken from a peer that takes nothing");
    assert!(server.queued_bytes() <= (320 << 10) + (2 << 10), "{} bytes wait", server.queued_bytes());

    // Once it reads, everything goes on from where it stopped.
    wire.unblock();
    assert!(alarm.rang() > 0);
    let mut serving = pin!(server.serve(echo));
    assert!(poll_with(serving.as_mut(), &waker).is_pending());
    assert_eq!(wire.written(), from_server(BINARY, vec![7; 1 << 10]).repeat(2000));
}

#[test]
fn it_ends_with_the_connection() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.give(&[from_client(TEXT, "last words"), from_client(CLOSE, [0x03, 0xE8])].concat());
    wire.end();
    server.serve(echo).now_or_never().expect("it is over").expect("it was closed as it should be");
    assert_eq!(server.close_info().code, CloseCode::NORMAL);
    assert_eq!(wire.written(), [from_server(TEXT, "last words"), from_server(CLOSE, [0x03, 0xE8])].concat());
}

#[test]
fn a_violation_ends_it_after_the_messages_before() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.give(&[from_client(TEXT, "good"), from_client(TEXT, [0xFF]), from_client(TEXT, "too late")].concat());
    wire.end();
    let end = server.serve(echo).now_or_never().expect("it is over");
    assert!(matches!(end, Err(Error::Violation(Violation::TextNotUtf8))), "{end:?}");
    let written = wire.written();
    let (answer, close) = written.split_at(6);
    assert_eq!(answer, from_server(TEXT, "good"));
    assert_eq!(close[..4], [CLOSE, close[1], 0x03, 0xEF], "1007");
}

#[test]
fn what_the_handler_returns_stops_it_and_the_next_call_goes_on() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.give(&[from_client(TEXT, "one"), from_client(TEXT, "two"), from_client(TEXT, "three")].concat());
    let stop_at_two = |message: MessageRef<'_>, outbound: &mut Outbound<'_>| {
        if message.as_bytes() == b"two" {
            return Err(Error::Usage(UsageError::MessageOpen));
        }
        Ok(outbound.send_back(message)?)
    };
    let end = server.serve(stop_at_two).now_or_never().expect("the handler has stopped it");
    assert!(matches!(end, Err(Error::Usage(UsageError::MessageOpen))), "{end:?}");
    assert!(server.serve(echo).now_or_never().is_none());
    assert_eq!(wire.written(), [from_server(TEXT, "one"), from_server(TEXT, "three")].concat());
}

#[test]
fn answers_of_every_kind_keep_their_order() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.give(&from_client(TEXT, "go"));
    let answer = |_: MessageRef<'_>, outbound: &mut Outbound<'_>| {
        outbound.send_text("text")?;
        outbound.send_binary(&[1, 2, 3])?;
        outbound.send(Message::text("a message"))?;
        Ok(())
    };
    assert!(server.serve(answer).now_or_never().is_none());
    let expected = [from_server(TEXT, "text"), from_server(BINARY, [1, 2, 3]), from_server(TEXT, "a message")].concat();
    assert_eq!(wire.written(), expected);
}

#[tokio::test]
async fn after_our_close_there_is_no_answer() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    server.start_close(CloseCode::NORMAL, "").now_or_never().expect("there is room").unwrap();
    wire.give(&from_client(TEXT, "still here"));
    let end = server.serve(echo).now_or_never();
    assert!(matches!(end, Some(Err(Error::Usage(UsageError::AfterClose)))), "{end:?}");
    assert!(matches!(poll_with(pin!(server.next()), std::task::Waker::noop()), Poll::Pending));
}
