//! Sending methods: by the time they return, everything is written and flushed, even if messages
//! that have arrived are still unread. Only `feed` leaves its message in the queue.

use protocol::{CloseCode, Message, MessageKind, PreparedMessage};
use testkit::{
    frames::{
        client_frame,
        first_byte::{CLOSE, FIRST_OF_TEXT, PING, PONG, TEXT},
        server_frame,
    },
    raw_peer::{connect_raw, listen, read_head, read_to_eof},
    stream::{StreamCall, scripted_stream},
    tasks::{ready, with_timeout},
};
use tokio::io::AsyncWriteExt;
use websocket::accept;

use crate::support::server;

/// The methods that send.
#[derive(Debug, Clone, Copy)]
enum SendMethod {
    Send,
    SendPrepared,
    SendFragment,
    Ping,
    Pong,
    StartClose,
}

impl SendMethod {
    const ALL: [Self; 6] =
        [Self::Send, Self::SendPrepared, Self::SendFragment, Self::Ping, Self::Pong, Self::StartClose];

    /// Returns the frame that a server sends when [`call`] calls this method.
    fn frame(self) -> Vec<u8> {
        match self {
            Self::Send => server_frame(TEXT, "sent"),
            Self::SendPrepared => server_frame(TEXT, "prepared"),
            Self::SendFragment => server_frame(FIRST_OF_TEXT, "part"),
            Self::Ping => server_frame(PING, "ping"),
            Self::Pong => server_frame(PONG, "pong"),
            Self::StartClose => server_frame(CLOSE, [0x03, 0xE8]),
        }
    }
}

/// Calls a method of a `WebSocket` or of a `WriteHalf`, which share no trait. The method must
/// complete when it is polled for the first time.
macro_rules! call {
    ($sender:expr, $method:expr) => {
        match $method {
            SendMethod::Send => ready($sender.send("sent")),
            SendMethod::SendPrepared => ready($sender.send_prepared(&PreparedMessage::new(&Message::text("prepared")))),
            SendMethod::SendFragment => ready($sender.send_fragment(MessageKind::Text, b"part", false)),
            SendMethod::Ping => ready($sender.ping(b"ping")),
            SendMethod::Pong => ready($sender.pong(b"pong")),
            SendMethod::StartClose => ready($sender.start_close(CloseCode::NORMAL, "")),
        }
    };
}

/// Queues the frame for a method, with a permit from a `WebSocket` or a `WriteHalf`.
macro_rules! feed {
    ($sender:expr, $method:expr) => {{
        let permit = ready($sender.reserve()).unwrap();
        match $method {
            SendMethod::Send => permit.feed("sent"),
            SendMethod::SendPrepared => permit.feed_prepared(&PreparedMessage::new(&Message::text("prepared"))),
            SendMethod::SendFragment => permit.feed_fragment(MessageKind::Text, b"part", false),
            SendMethod::Ping => permit.feed_ping(b"ping"),
            SendMethod::Pong => permit.feed_pong(b"pong"),
            SendMethod::StartClose => unreachable!("a permit is for messages, Pings and Pongs"),
        }
    }};
}

#[test]
fn every_method_of_a_permit_queues_its_frame_for_the_next_flush() {
    for method in SendMethod::ALL.into_iter().filter(|method| !matches!(method, SendMethod::StartClose)) {
        let (stream, script) = scripted_stream();
        let mut whole = server(stream);
        feed!(whole, method).unwrap();
        assert_eq!((script.writes().len(), whole.queued_bytes()), (0, method.frame().len()), "{method:?}");
        ready(whole.flush()).unwrap();
        assert_eq!(script.written(), method.frame(), "{method:?}");

        let (stream, script) = scripted_stream();
        let (_read_half, mut write_half) = server(stream).into_split();
        feed!(write_half, method).unwrap();
        assert_eq!((script.writes().len(), write_half.queued_bytes()), (0, method.frame().len()), "{method:?}");
        ready(write_half.flush()).unwrap();
        assert_eq!(script.written(), method.frame(), "{method:?}");
    }
}

//= docs/src/rfc6455.md#section-6-1
//= type=test
//# The frames MUST be transmitted over the network connection.
#[test]
fn a_single_message_is_written_and_flushed_before_send_returns() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    ready(server.send("Hello")).unwrap();
    assert_eq!(script.written(), [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]);
    assert_eq!(script.calls().last(), Some(&StreamCall::Flush));
}

#[test]
fn every_sending_method_writes_at_once_although_another_message_has_arrived() {
    for method in SendMethod::ALL {
        let (stream, script) = scripted_stream();
        let mut server = server(stream);
        script.push_read(&[client_frame(TEXT, "one"), client_frame(TEXT, "two")].concat());
        assert_eq!(ready(server.next()).unwrap().unwrap(), Message::text("one"));
        call!(server, method).unwrap();
        assert_eq!(script.written(), method.frame(), "{method:?}");
        assert_eq!((script.writes().len(), server.queued_bytes()), (1, 0), "{method:?}");
        assert_eq!(script.calls().last(), Some(&StreamCall::Flush), "{method:?}");
        assert_eq!(ready(server.next()).unwrap().unwrap(), Message::text("two"), "{method:?}");
    }
}

/// The writing task cannot know when the reading task will continue.
#[test]
fn every_sending_method_of_the_write_half_writes_at_once_although_another_message_has_arrived() {
    for method in SendMethod::ALL {
        let (stream, script) = scripted_stream();
        let (mut read_half, mut write_half) = server(stream).into_split();
        script.push_read(&[client_frame(TEXT, "one"), client_frame(TEXT, "two")].concat());
        assert_eq!(ready(read_half.next()).unwrap().unwrap(), Message::text("one"));
        call!(write_half, method).unwrap();
        assert_eq!(script.written(), method.frame(), "{method:?}");
        assert_eq!((script.writes().len(), write_half.queued_bytes()), (1, 0), "{method:?}");
        assert_eq!(script.calls().last(), Some(&StreamCall::Flush), "{method:?}");
        assert_eq!(ready(read_half.next()).unwrap().unwrap(), Message::text("two"), "{method:?}");
    }
}

#[test]
fn every_sending_method_writes_the_messages_that_were_fed_before_it() {
    for method in SendMethod::ALL {
        let (stream, script) = scripted_stream();
        let mut server = server(stream);
        ready(server.feed("fed")).unwrap();
        assert_eq!(script.writes().len(), 0, "feed writes nothing");
        call!(server, method).unwrap();
        assert_eq!(script.written(), [server_frame(TEXT, "fed"), method.frame()].concat(), "{method:?}");
        assert_eq!((script.writes().len(), server.queued_bytes()), (1, 0), "{method:?}");
    }
}

#[test]
fn prepared_messages_that_are_fed_leave_in_one_write() {
    let prepared = PreparedMessage::new(&Message::text("prepared"));
    let frames = server_frame(TEXT, "prepared").repeat(3);
    let (stream, script) = scripted_stream();
    let mut whole = server(stream);
    for _ in 0..3 {
        ready(whole.feed_prepared(&prepared)).unwrap();
    }
    assert_eq!((script.writes().len(), whole.queued_bytes()), (0, frames.len()));
    ready(whole.flush()).unwrap();
    assert_eq!((script.writes().len(), script.written()), (1, frames.clone()));

    let (stream, script) = scripted_stream();
    let (_read_half, mut write_half) = server(stream).into_split();
    for _ in 0..3 {
        ready(write_half.feed_prepared(&prepared)).unwrap();
    }
    ready(write_half.flush()).unwrap();
    assert_eq!((script.writes().len(), script.written()), (1, frames));
}

#[test]
fn every_sending_method_of_the_write_half_writes_the_messages_that_were_fed_before_it() {
    for method in SendMethod::ALL {
        let (stream, script) = scripted_stream();
        let (_read_half, mut write_half) = server(stream).into_split();
        ready(write_half.feed("fed")).unwrap();
        assert_eq!(script.writes().len(), 0, "feed writes nothing");
        call!(write_half, method).unwrap();
        assert_eq!(script.written(), [server_frame(TEXT, "fed"), method.frame()].concat(), "{method:?}");
        assert_eq!((script.writes().len(), write_half.queued_bytes()), (1, 0), "{method:?}");
    }
}

#[test]
fn each_answer_that_is_sent_is_a_write_of_its_own() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&client_frame(TEXT, "question").repeat(16));
    for count in 1..=16 {
        ready(server.next()).unwrap().unwrap();
        ready(server.send("answer")).unwrap();
        assert_eq!(script.writes().len(), count);
    }
    assert_eq!(script.written(), server_frame(TEXT, "answer").repeat(16));
}

#[test]
fn send_writes_at_once_while_the_next_message_is_incomplete() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    let next = client_frame(TEXT, "unfinished");
    script.push_read(&[&client_frame(TEXT, "question"), &next[..9]].concat());
    ready(server.next()).unwrap().unwrap();
    // The peer may wait for this answer before it sends the rest.
    ready(server.send("answer")).unwrap();
    assert_eq!(script.written(), server_frame(TEXT, "answer"));
}

#[tokio::test]
async fn a_sent_message_arrives_if_the_connection_is_dropped_right_after_send() {
    with_timeout(async {
        let (listener, _) = listen().await;
        let frames = [client_frame(TEXT, "one"), client_frame(TEXT, "two")].concat();
        for run in 1..=200 {
            let accepting = async { accept(listener.accept().await.unwrap().0).await };
            let (server, mut client) = tokio::join!(accepting, connect_raw(&listener));
            let mut server = server.expect("the request is valid");
            read_head(&mut client).await;
            client.write_all(&frames).await.unwrap();
            // One read returns both messages, so the second one is unread when the connection is
            // dropped.
            while server.get_ref().peek(&mut [0; 64]).await.unwrap() < frames.len() {
                tokio::task::yield_now().await;
            }
            assert_eq!(server.next().await.unwrap().unwrap(), Message::text("one"));
            server.send("bye").await.unwrap();
            drop(server);
            assert_eq!(read_to_eof(&mut client).await, server_frame(TEXT, "bye"), "run {run}");
        }
    })
    .await;
}
