//! `serve`: the handler borrows each message from the read buffer, and all replies to the messages
//! of one read are sent in a single write.

use std::{io, pin::pin, time::Duration};

use futures_util::FutureExt;
use protocol::{CloseCode, Config, Message, MessageKind, MessageRef, Outbound, State, UsageError, Violation};
use testkit::{
    frames::{
        client_frame,
        first_byte::{BINARY, CLOSE, CONTINUATION, FIRST_OF_TEXT, LAST_CONTINUATION, PING, PONG, TEXT},
        server_frame,
    },
    stream::{ScriptedStream, StreamScript, scripted_stream},
    tasks::{CountingWaker, is_pending, poll_with, ready, with_paused_timeout},
};
use tokio::time::Instant;
use websocket::{Error, WebSocket};

use crate::support::server;

#[allow(clippy::needless_pass_by_value)] // `serve` requires this signature.
fn echo(message: MessageRef<'_>, outbound: &mut Outbound<'_>) -> Result<(), Error> {
    Ok(outbound.send_back(message)?)
}

#[test]
fn replies_to_one_read_leave_in_one_write() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    let texts = || (0..16).map(|number| format!("message {number}"));
    script.push_read(&texts().flat_map(|text| client_frame(TEXT, text)).collect::<Vec<_>>());
    assert!(is_pending(server.serve(echo)), "it waits for more");
    assert_eq!(script.written(), texts().flat_map(|text| server_frame(TEXT, text)).collect::<Vec<_>>());
    assert_eq!(script.writes().len(), 1);
}

#[test]
fn the_handler_borrows_a_message_from_the_read_buffer() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&client_frame(BINARY, vec![7; 100]));
    let mut address = 0;
    let look = |message: MessageRef<'_>, _: &mut Outbound<'_>| {
        address = message.as_bytes().as_ptr() as usize;
        Ok(())
    };
    assert!(is_pending(server.serve(look)));
    let buffer = script.offered_buffers()[0];
    assert_eq!(address, buffer.address + 6, "the payload follows a header of six bytes");
}

#[test]
fn messages_in_fragments_or_several_reads_reach_the_handler_too() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&client_frame(FIRST_OF_TEXT, "three "));
    script.push_read(&client_frame(CONTINUATION, "fragments, "));
    script.push_read(&client_frame(PING, "between"));
    script.push_read(&client_frame(LAST_CONTINUATION, "one text"));
    script.push_read(&client_frame(BINARY, vec![7; 200_000]));
    script.push_byte_by_byte(&client_frame(TEXT, "in single bytes"));
    let mut seen = Vec::new();
    let note = |message: MessageRef<'_>, outbound: &mut Outbound<'_>| {
        seen.push((message.kind(), message.as_bytes().to_vec()));
        Ok(outbound.send_back(message)?)
    };
    let (wakes, waker) = CountingWaker::new();
    {
        let mut serving = pin!(server.serve(note));
        while poll_with(serving.as_mut(), &waker).is_pending() && wakes.take_count() > 0 {}
    }
    let text = b"three fragments, one text".to_vec();
    let expected = [
        (MessageKind::Text, text.clone()),
        (MessageKind::Binary, vec![7; 200_000]),
        (MessageKind::Text, b"in single bytes".to_vec()),
    ];
    assert_eq!(seen, expected);
    let written = [
        server_frame(PONG, "between"),
        server_frame(TEXT, text),
        server_frame(BINARY, vec![7; 200_000]),
        server_frame(TEXT, "in single bytes"),
    ];
    assert_eq!(script.written(), written.concat());
}

#[test]
fn a_large_message_is_sent_back_from_the_memory_into_which_it_was_read() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&client_frame(BINARY, vec![7; 1 << 20]));
    let mut address = 0;
    let note = |message: MessageRef<'_>, outbound: &mut Outbound<'_>| {
        address = message.as_bytes().as_ptr() as usize;
        Ok(outbound.send_back(message)?)
    };
    assert!(is_pending(server.serve(note)));
    let pieces = script.writes().concat();
    assert!(pieces.iter().any(|piece| piece.address == address), "the payload was copied");
}

#[test]
fn a_peer_that_does_not_read_is_not_read_either() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.block_writes();
    let messages = client_frame(BINARY, vec![7; 1 << 10]).repeat(2000);
    script.push_read(&messages);
    let (wakes, waker) = CountingWaker::new();
    {
        let mut serving = pin!(server.serve(echo));
        assert!(poll_with(serving.as_mut(), &waker).is_pending());
    }
    assert!(!script.is_drained(), "2 MB were read from a peer that reads nothing");
    assert!(server.queued_bytes() <= (320 << 10) + (2 << 10), "{} bytes wait", server.queued_bytes());

    // Once the peer reads, `serve` resumes where it stopped.
    script.unblock_writes();
    assert!(wakes.take_count() > 0);
    let mut serving = pin!(server.serve(echo));
    assert!(poll_with(serving.as_mut(), &waker).is_pending());
    assert_eq!(script.written(), server_frame(BINARY, vec![7; 1 << 10]).repeat(2000));
}

/// Returns a connection whose `serve` waits because the peer does not read the answer to a message
/// of one MiB.
fn waiting_server() -> (WebSocket<ScriptedStream>, StreamScript) {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.block_writes();
    script.push_read(&client_frame(BINARY, vec![7; 1 << 20]));
    assert!(is_pending(server.serve(echo)));
    assert!(server.queued_bytes() > 1 << 20, "the answer is queued");
    (server, script)
}

/// A peer that has sent a Close may never read the answer. Without the closing deadline, the answer
/// would be kept until the keep-alive failed.
#[tokio::test(start_paused = true)]
async fn a_close_is_noticed_while_an_answer_waits_for_the_peer_to_read() {
    let (mut server, script) = waiting_server();
    let frame = client_frame(CLOSE, [0x03, 0xF1]);
    script.push_byte_by_byte(&frame);
    let started = Instant::now();
    with_paused_timeout(server.serve(echo)).await.expect("the peer has closed the connection");
    assert_eq!(started.elapsed(), Config::DEFAULT.close_timeout);
    assert_eq!((server.close_info().code, server.queued_bytes()), (CloseCode::MESSAGE_TOO_BIG, 0));
}

/// The Ping before the Close is handled, and then the Close itself, although no further bytes
/// arrive to wake the task.
#[tokio::test(start_paused = true)]
async fn a_close_behind_a_ping_is_noticed_while_an_answer_waits_for_the_peer_to_read() {
    let (mut server, script) = waiting_server();
    script.push_read(&[client_frame(PING, "p"), client_frame(CLOSE, [0x03, 0xE8])].concat());
    assert!(is_pending(server.serve(echo)));
    assert_eq!(server.state(), State::Closing);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_has_sent_a_close_and_reads_on_gets_the_answer() {
    let (mut server, script) = waiting_server();
    script.push_read(&client_frame(CLOSE, [0x03, 0xE8]));
    assert!(is_pending(server.serve(echo)));
    script.unblock_writes();
    script.push_eof();
    with_paused_timeout(server.serve(echo)).await.expect("the connection was closed cleanly");
    assert!(server.close_info().was_clean);
    assert_eq!(script.written(), [server_frame(BINARY, vec![7; 1 << 20]), server_frame(CLOSE, [0x03, 0xE8])].concat());
}

#[test]
fn a_ping_is_answered_while_an_answer_waits_and_a_message_waits_with_it() {
    let (mut server, script) = waiting_server();
    script
        .push_read(&[client_frame(PING, "first"), client_frame(TEXT, "second"), client_frame(PING, "third")].concat());
    assert!(is_pending(server.serve(echo)));
    script.unblock_writes();
    assert!(is_pending(server.serve(echo)));
    let answers = [
        server_frame(BINARY, vec![7; 1 << 20]),
        server_frame(PONG, "first"),
        server_frame(TEXT, "second"),
        server_frame(PONG, "third"),
    ];
    assert_eq!(script.written(), answers.concat());
}

/// Little is read, because a message is not handled until there is room for its answer.
#[test]
fn a_waiting_answer_does_not_collect_the_messages_after_it() {
    let (mut server, script) = waiting_server();
    for _ in 0..100 {
        script.push_read(&client_frame(BINARY, vec![7; 1 << 10]));
    }
    let before = script.offered_buffers().len();
    for _ in 0..100 {
        assert!(is_pending(server.serve(echo)));
    }
    let bytes: usize = script.offered_buffers()[before..].iter().map(|buffer| buffer.size).sum();
    assert!(bytes <= 4 << 10, "{bytes} bytes could be read");
}

#[tokio::test(start_paused = true)]
async fn a_violation_is_noticed_while_an_answer_waits_for_the_peer_to_read() {
    let (mut server, script) = waiting_server();
    script.push_read(&[0x8B, 0x80, 0, 0, 0, 0]);
    let result = with_paused_timeout(server.serve(echo)).await;
    assert!(matches!(result, Err(Error::Violation(Violation::ReservedOpcode(0xB)))), "{result:?}");
}

#[test]
fn a_reset_is_noticed_while_an_answer_waits_for_the_peer_to_read() {
    let (mut server, script) = waiting_server();
    script.fail_reads(io::ErrorKind::ConnectionReset);
    let result = ready(server.serve(echo));
    assert!(matches!(&result, Err(Error::Io(error)) if error.kind() == io::ErrorKind::ConnectionReset), "{result:?}");
}

/// A peer that has ended only its own direction of the connection may read as slowly as it likes.
#[tokio::test(start_paused = true)]
async fn the_end_of_the_peers_stream_cuts_no_answer_off() {
    let (mut server, script) = waiting_server();
    script.push_eof();
    assert!(is_pending(server.serve(echo)));
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert!(is_pending(server.serve(echo)));
    script.unblock_writes();
    let result = with_paused_timeout(server.serve(echo)).await;
    assert!(matches!(result, Err(Error::EndedWithoutClose)), "{result:?}");
    assert_eq!(script.written(), server_frame(BINARY, vec![7; 1 << 20]));
}

#[test]
fn serve_returns_when_the_connection_is_closed() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&[client_frame(TEXT, "last words"), client_frame(CLOSE, [0x03, 0xE8])].concat());
    script.push_eof();
    ready(server.serve(echo)).expect("the connection was closed cleanly");
    assert_eq!(server.close_info().code, CloseCode::NORMAL);
    assert_eq!(script.written(), [server_frame(TEXT, "last words"), server_frame(CLOSE, [0x03, 0xE8])].concat());
}

#[test]
fn a_violation_ends_serve_after_the_earlier_messages() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script
        .push_read(&[client_frame(TEXT, "good"), client_frame(TEXT, [0xFF]), client_frame(TEXT, "too late")].concat());
    script.push_eof();
    let result = ready(server.serve(echo));
    assert!(matches!(result, Err(Error::Violation(Violation::TextNotUtf8))), "{result:?}");
    let written = script.written();
    let (reply, close) = written.split_at(6);
    assert_eq!(reply, server_frame(TEXT, "good"));
    assert_eq!(close[..4], [CLOSE, close[1], 0x03, 0xEF], "1007");
}

#[test]
fn an_error_of_the_handler_stops_serve_and_the_next_call_resumes() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&[client_frame(TEXT, "one"), client_frame(TEXT, "two"), client_frame(TEXT, "three")].concat());
    let stop_at_two = |message: MessageRef<'_>, outbound: &mut Outbound<'_>| {
        if message.as_bytes() == b"two" {
            return Err(Error::Usage(UsageError::MessageOpen));
        }
        Ok(outbound.send_back(message)?)
    };
    let result = ready(server.serve(stop_at_two));
    assert!(matches!(result, Err(Error::Usage(UsageError::MessageOpen))), "{result:?}");
    assert!(is_pending(server.serve(echo)));
    assert_eq!(script.written(), [server_frame(TEXT, "one"), server_frame(TEXT, "three")].concat());
}

#[test]
fn replies_of_every_kind_keep_their_order() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&client_frame(TEXT, "go"));
    let reply = |_: MessageRef<'_>, outbound: &mut Outbound<'_>| {
        outbound.send_text("text")?;
        outbound.send_binary(&[1, 2, 3])?;
        outbound.send(Message::text("a message"))?;
        Ok(())
    };
    assert!(is_pending(server.serve(reply)));
    let expected =
        [server_frame(TEXT, "text"), server_frame(BINARY, [1, 2, 3]), server_frame(TEXT, "a message")].concat();
    assert_eq!(script.written(), expected);
}

#[tokio::test]
async fn the_handler_cannot_reply_after_a_local_close() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    ready(server.start_close(CloseCode::NORMAL, "")).unwrap();
    script.push_read(&client_frame(TEXT, "still here"));
    let result = server.serve(echo).now_or_never();
    assert!(matches!(result, Some(Err(Error::Usage(UsageError::AfterClose)))), "{result:?}");
    assert!(is_pending(server.next()));
}
