//! Automatic answers: when the application learns why a Pong or a Close was sent, that frame has
//! already been written, so the application may drop the connection at once, or work for a long
//! time.

use std::task::Poll;

use futures_util::{FutureExt, StreamExt};
use protocol::{CloseCode, CloseFrame, Message};
use testkit::{
    frames::{
        client_frame,
        first_byte::{CLOSE, PING, PONG, TEXT},
        server_frame,
    },
    raw_peer::read_to_eof,
    stream::scripted_stream,
    tasks::{is_pending, ready, with_timeout},
};
use tokio::{io::AsyncWriteExt, task::coop};
use websocket::{Error, Event, Events};

use crate::support::{client, server, server_and_raw_client};

const CLOSE_1000: [u8; 2] = [0x03, 0xE8];

/// Calls `$check` once for each way to receive events, with a function that receives the next
/// event.
macro_rules! for_each_way_to_receive_events {
    (|$script:ident, $next:ident| $check:block) => {{
        {
            let (stream, $script) = scripted_stream();
            let mut server = server(stream);
            let mut $next = || ready(server.next_event()).unwrap().unwrap();
            $check
        }
        {
            let (stream, $script) = scripted_stream();
            let mut events = Events(server(stream));
            let mut $next = || ready(events.next()).unwrap().unwrap();
            $check
        }
        {
            let (stream, $script) = scripted_stream();
            let (mut read_half, _write_half) = server(stream).into_split();
            let mut $next = || ready(read_half.next_event()).unwrap().unwrap();
            $check
        }
        {
            let (stream, $script) = scripted_stream();
            let (read_half, _write_half) = server(stream).into_split();
            let mut events = Events(read_half);
            let mut $next = || ready(events.next()).unwrap().unwrap();
            $check
        }
    }};
}

/// Calls `$check` once for each way to receive messages, with a function that receives the next
/// message.
macro_rules! for_each_way_to_receive_messages {
    (|$script:ident, $next:ident| $check:block) => {{
        {
            let (stream, $script) = scripted_stream();
            let mut server = server(stream);
            let mut $next = || ready(server.next()).unwrap().unwrap();
            $check
        }
        {
            let (stream, $script) = scripted_stream();
            let mut server = server(stream);
            let mut $next = || ready(StreamExt::next(&mut server)).unwrap().unwrap();
            $check
        }
        {
            let (stream, $script) = scripted_stream();
            let (mut read_half, _write_half) = server(stream).into_split();
            let mut $next = || ready(read_half.next()).unwrap().unwrap();
            $check
        }
        {
            let (stream, $script) = scripted_stream();
            let (mut read_half, _write_half) = server(stream).into_split();
            let mut $next = || ready(StreamExt::next(&mut read_half)).unwrap().unwrap();
            $check
        }
    }};
}

// ---- A Close ------------------------------------------------------------------------------------

#[test]
fn a_close_that_is_reported_has_been_answered() {
    for_each_way_to_receive_events!(|script, next| {
        script.push_read(&client_frame(CLOSE, CLOSE_1000));
        assert_eq!(next(), Event::Close(Some(CloseFrame::NORMAL)));
        assert_eq!(script.written(), server_frame(CLOSE, CLOSE_1000));
        assert!(script.is_shut_down(), "the server closes the TCP connection first");
    });
}

#[test]
fn a_close_that_a_client_reports_has_been_answered() {
    let (stream, script) = scripted_stream();
    let mut client = client(stream);
    script.push_read(&server_frame(CLOSE, CLOSE_1000));
    assert_eq!(ready(client.next_event()).unwrap().unwrap(), Event::Close(Some(CloseFrame::NORMAL)));
    assert_eq!(script.written(), client_frame(CLOSE, CLOSE_1000));
}

#[test]
fn answers_that_were_fed_leave_with_the_close() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&[client_frame(TEXT, "question"), client_frame(CLOSE, CLOSE_1000)].concat());
    ready(server.next()).unwrap().unwrap();
    ready(server.feed("answer")).unwrap();
    assert!(matches!(ready(server.next_event()), Some(Ok(Event::Close(_)))));
    assert_eq!(script.written(), [server_frame(TEXT, "answer"), server_frame(CLOSE, CLOSE_1000)].concat());
    assert_eq!(script.writes().len(), 1);
}

#[tokio::test]
async fn a_server_that_drops_the_connection_at_a_close_has_answered_it() {
    with_timeout(async {
        let (mut server, mut client) = server_and_raw_client().await;
        client.write_all(&client_frame(CLOSE, CLOSE_1000)).await.unwrap();
        while !matches!(server.next_event().await.unwrap().unwrap(), Event::Close(_)) {}
        drop(server);
        assert_eq!(read_to_eof(&mut client).await, server_frame(CLOSE, CLOSE_1000));
    })
    .await;
}

/// The budget makes the socket refuse the write, although the kernel would accept it.
#[tokio::test]
async fn a_close_is_answered_even_if_the_budget_of_the_task_is_used_up() {
    with_timeout(async {
        let (mut server, mut client) = server_and_raw_client().await;
        let frames = [client_frame(TEXT, "one read"), client_frame(CLOSE, CLOSE_1000)].concat();
        client.write_all(&frames).await.unwrap();
        while server.get_ref().peek(&mut [0; 64]).await.unwrap() < frames.len() {
            tokio::task::yield_now().await;
        }
        assert_eq!(server.next().await.unwrap().unwrap(), Message::text("one read"));
        std::future::poll_fn(|cx| {
            while let Poll::Ready(unit) = coop::poll_proceed(cx) {
                unit.made_progress();
            }
            let event = server.next_event().now_or_never();
            assert!(matches!(event, Some(Some(Ok(Event::Close(_))))), "{event:?}");
            Poll::Ready(())
        })
        .await;
        drop(server);
        assert_eq!(read_to_eof(&mut client).await, server_frame(CLOSE, CLOSE_1000));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_close_is_reported_even_if_the_stream_accepts_no_bytes() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.block_writes();
    script.push_read(&[client_frame(PING, "p"), client_frame(CLOSE, CLOSE_1000)].concat());
    assert_eq!(ready(server.next_event()).unwrap().unwrap(), Event::Ping("p".into()));
    assert!(matches!(ready(server.next_event()), Some(Ok(Event::Close(_)))));
    script.unblock_writes();
    assert!(is_pending(server.next_event()));
    assert_eq!(script.written(), [server_frame(PONG, "p"), server_frame(CLOSE, CLOSE_1000)].concat());
}

// ---- A Ping -------------------------------------------------------------------------------------

#[test]
fn a_ping_that_is_reported_has_been_answered() {
    for_each_way_to_receive_events!(|script, next| {
        script.push_read(&[client_frame(PING, "p"), client_frame(TEXT, "more of the same read")].concat());
        assert_eq!(next(), Event::Ping("p".into()));
        assert_eq!(script.written(), server_frame(PONG, "p"));
    });
}

#[test]
fn a_ping_before_a_message_that_is_returned_has_been_answered() {
    for_each_way_to_receive_messages!(|script, next| {
        script.push_read(&[client_frame(PING, "p"), client_frame(TEXT, "one"), client_frame(TEXT, "two")].concat());
        assert_eq!(next(), Message::text("one"));
        assert_eq!(script.written(), server_frame(PONG, "p"));
        assert_eq!(next(), Message::text("two"));
    });
}

#[test]
fn all_pings_before_a_message_are_answered_in_one_write() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&[client_frame(PING, "p").repeat(10), client_frame(TEXT, "message")].concat());
    assert_eq!(ready(server.next()).unwrap().unwrap(), Message::text("message"));
    assert_eq!(script.written(), server_frame(PONG, "p").repeat(10));
    assert_eq!(script.writes().len(), 1);
}

// ---- An error of the application ----------------------------------------------------------------

#[test]
fn serve_writes_its_answers_before_it_returns_an_error_of_the_handler() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&[client_frame(PING, "p"), client_frame(TEXT, "one"), client_frame(TEXT, "stop")].concat());
    let result = ready(server.serve(|message, outbound| {
        outbound.send_binary(message.as_bytes())?;
        if message.as_bytes() == b"stop" { Err(Error::EndedWithoutClose) } else { Ok(()) }
    }));
    assert!(result.is_err());
    drop(server);
    let expected = [server_frame(PONG, "p"), server_frame(0x82, "one"), server_frame(0x82, "stop")].concat();
    assert_eq!(script.written(), expected);
    assert_eq!(script.writes().len(), 1);
}

/// As soon as the application receives the Close, it can ask how the connection ended.
#[test]
fn the_code_of_a_close_that_has_been_answered_is_known() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&client_frame(CLOSE, CLOSE_1000));
    assert!(matches!(ready(server.next_event()), Some(Ok(Event::Close(_)))));
    let close_info = server.close_info();
    assert!(close_info.was_clean && close_info.code == CloseCode::NORMAL, "{close_info:?}");
}
