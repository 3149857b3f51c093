//! How connections end, over real TCP where TCP matters and over a scripted stream where the order does (section 7).

use std::{io, time::Duration};

use futures_util::{FutureExt, SinkExt, StreamExt};
use protocol::{CloseCode, CloseFrame, CloseInfo, Config, Endpoint, Limits, Message, State, UsageError, Violation};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};
use websocket::{Error, Event};

use crate::common::{
    BINARY, CLOSE, Call, TEXT, TEXT_BEGINS, Wire, client, client_and_raw_server, duplex_pair, from_client, from_server,
    guarded, guarded_with_stopped_clock, in_a_thread, read_frame, read_rest, scripted, server, server_and_raw_client,
    server_with, tcp_pair,
};

/// What is said and done first: a Close with 1000, the end of writing, or nothing.
fn last_calls(wire: &Wire) -> Vec<Call> {
    wire.calls().into_iter().filter(|call| *call != Call::Flush).collect()
}

// ---- 7.1.1: the server ends TCP first ---------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# Once both have sent a Close, the server MUST close the TCP connection at once.
//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# A server that is told to close the connection SHOULD close TCP at once.
#[tokio::test]
async fn a_server_ends_tcp_as_soon_as_both_have_said_close() {
    guarded(async {
        let (mut server, mut client) = server_and_raw_client().await;
        client.write_all(&from_client(CLOSE, b"\x03\xE8bye")).await.unwrap();
        let peer = async {
            // The answer repeats the code, and the end follows it while this client's direction is still open.
            assert_eq!(read_rest(&mut client).await, [0x88, 0x02, 0x03, 0xE8]);
            drop(client);
        };
        let (end, ()) = tokio::join!(server.next(), peer);
        assert!(end.is_none(), "{end:?}");
        let close_info = server.close_info();
        assert_eq!((close_info.code, close_info.reason.as_str()), (CloseCode::NORMAL, "bye"));
        assert!(close_info.was_clean && !close_info.timed_out);
        assert_eq!((close_info.initiator, server.state()), (Some(Endpoint::Remote), State::Closed));
    })
    .await;
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# Once both have sent a Close, the client SHOULD wait until the server closes TCP.
//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# A client that is told to close the connection SHOULD wait until the server closes TCP.
#[test]
fn a_client_waits_for_the_server_to_end_tcp() {
    let (stream, wire) = scripted();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _guard = runtime.enter();
    let mut client = client(stream);
    wire.give(&from_server(CLOSE, b"\x03\xE8"));
    let event = client.next_event().now_or_never().expect("it has arrived").unwrap().unwrap();
    assert_eq!(event, Event::Close(Some(CloseFrame { code: CloseCode::NORMAL, reason: String::new() })));
    assert!(client.next_event().now_or_never().is_none());
    assert_eq!(wire.written(), from_client(CLOSE, b"\x03\xE8"));
    assert!(!wire.is_shut(), "the server's turn");
    assert_eq!(client.state(), State::Closing);
    wire.end();
    assert!(client.next_event().now_or_never().expect("it is over").is_none());
    assert!(wire.is_shut());
    assert_eq!(client.state(), State::Closed);
}

//= docs/src/rfc6455.md#section-7-1-2
//= type=test
//# To start the closing handshake, an endpoint MUST send a Close with the code and the reason that it was given.
#[tokio::test]
async fn a_client_that_said_close_hears_the_answer_then_the_end() {
    guarded(async {
        let (mut client, mut server) = client_and_raw_server().await;
        let peer = async {
            assert_eq!(read_frame(&mut server).await, (CLOSE, b"\x03\xE9leaving".to_vec()));
            server.write_all(&from_server(CLOSE, b"\x03\xE9")).await.unwrap();
            server.shutdown().await.unwrap();
            assert_eq!(read_rest(&mut server).await, b"", "a client says nothing after its Close");
        };
        let (close_info, ()) = tokio::join!(client.close(CloseCode::GOING_AWAY, "leaving"), peer);
        let close_info = close_info.unwrap();
        assert_eq!(close_info.code, CloseCode::GOING_AWAY);
        assert_eq!(close_info.sent.as_ref().unwrap().reason, "leaving");
        assert!(close_info.was_clean && !close_info.timed_out);
        assert_eq!(close_info.initiator, Some(Endpoint::Local));
    })
    .await;
}

#[tokio::test]
async fn a_close_without_a_code_is_answered_without_one() {
    guarded(async {
        let (mut server, mut client) = server_and_raw_client().await;
        client.write_all(&from_client(CLOSE, "")).await.unwrap();
        let peer = async {
            assert_eq!(read_rest(&mut client).await, [0x88, 0x00]);
            drop(client);
        };
        let (end, ()) = tokio::join!(server.next(), peer);
        assert!(end.is_none());
        assert_eq!(server.close_info().code, CloseCode::NO_STATUS_RECEIVED);
        assert!(server.close_info().was_clean);
    })
    .await;
}

// ---- Ours on both sides -----------------------------------------------------------------------------------------------

#[tokio::test]
async fn either_side_can_close_over_tcp() {
    for client_begins in [true, false] {
        guarded(async {
            let (mut client, mut server) = tcp_pair().await;
            let (first, second): (CloseInfo, CloseInfo) = if client_begins {
                let (close_info, end) = tokio::join!(client.close(CloseCode::NORMAL, "done"), server.next());
                assert!(end.is_none());
                (close_info.unwrap(), server.close_info())
            } else {
                let (close_info, end) = tokio::join!(server.close(CloseCode::NORMAL, "done"), client.next());
                assert!(end.is_none());
                (close_info.unwrap(), client.close_info())
            };
            assert!(first.was_clean && second.was_clean);
            assert!(!first.timed_out && !second.timed_out);
            assert_eq!((first.initiator, second.initiator), (Some(Endpoint::Local), Some(Endpoint::Remote)));
            assert_eq!((first.code, first.reason.as_str()), (CloseCode::NORMAL, ""));
            assert_eq!((second.code, second.reason.as_str()), (CloseCode::NORMAL, "done"));
            assert_eq!((client.state(), server.state()), (State::Closed, State::Closed));
        })
        .await;
    }
}

#[tokio::test]
async fn both_sides_can_close_at_the_same_time() {
    guarded(async {
        let (mut client, mut server) = tcp_pair().await;
        // Both Closes are on their way before either is read.
        client.start_close(CloseCode::NORMAL, "client").await.unwrap();
        server.start_close(CloseCode::GOING_AWAY, "server").await.unwrap();
        let (at_client, at_server) = tokio::join!(client.next(), server.next());
        assert!(at_client.is_none() && at_server.is_none());
        assert_eq!(client.close_info().code, CloseCode::GOING_AWAY);
        assert_eq!(server.close_info().code, CloseCode::NORMAL);
        for close_info in [client.close_info(), server.close_info()] {
            assert!(close_info.was_clean && !close_info.timed_out, "{close_info:?}");
            assert_eq!(close_info.initiator, Some(Endpoint::Local), "each believes that it was first");
        }
    })
    .await;
}

#[tokio::test]
async fn messages_may_still_arrive_between_our_close_and_the_peers() {
    guarded(async {
        let (mut client, mut server) = client_and_raw_server().await;
        client.start_close(CloseCode::NORMAL, "").await.unwrap();
        assert!(matches!(client.send("late").await, Err(Error::Usage(UsageError::AfterClose))));
        server.write_all(&[from_server(TEXT, "last words"), from_server(CLOSE, b"\x03\xE8")].concat()).await.unwrap();
        server.shutdown().await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap(), Message::text("last words"));
        assert!(client.next().await.is_none());
        assert!(client.close_info().was_clean);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn close_drops_the_messages_that_still_arrive() {
    let (stream, wire) = scripted();
    let mut client = client(stream);
    wire.give(&[from_server(TEXT, "one"), from_server(BINARY, "two"), from_server(CLOSE, b"\x03\xE8")].concat());
    wire.end();
    let close_info = guarded_with_stopped_clock(client.close(CloseCode::NORMAL, "")).await.unwrap();
    assert!(close_info.was_clean);
    assert!(client.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn closing_through_the_sink_says_1000_and_the_reader_sees_the_end() {
    let (mut client, mut server) = duplex_pair(64);
    guarded_with_stopped_clock(async {
        SinkExt::close(&mut client).await.unwrap();
        SinkExt::close(&mut client).await.expect("a second time changes nothing");
        assert_eq!(client.state(), State::Closing);
        let (at_client, at_server) = tokio::join!(StreamExt::next(&mut client), StreamExt::next(&mut server));
        assert!(at_client.is_none() && at_server.is_none());
        assert_eq!(server.close_info().code, CloseCode::NORMAL);
        assert!(client.close_info().was_clean && server.close_info().was_clean);
        assert!(StreamExt::next(&mut client).await.is_none(), "and nothing follows the end");
    })
    .await;
}

#[test]
fn a_close_that_cannot_be_sent_changes_nothing() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    let codes = [999, 1004, 1005, 1006, 1010, 1015, 2999, 5000];
    for code in codes {
        let result = server.close(CloseCode(code), "").now_or_never().expect("an error at once");
        assert!(matches!(result, Err(Error::Usage(UsageError::CloseCodeNotSendable(_)))), "{code}: {result:?}");
    }
    let result = server.close(CloseCode::NORMAL, &"x".repeat(124)).now_or_never().expect("an error at once");
    assert!(matches!(result, Err(Error::Usage(UsageError::CloseReasonTooLong(124)))), "{result:?}");
    assert_eq!(server.state(), State::Open);
    server.send("still open").now_or_never().expect("there is room").unwrap();
    assert_eq!(wire.written(), from_server(TEXT, "still open"));
}

// ---- A peer that does not play along ----------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_answers_a_close_is_left_after_the_time_limit() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    let began = Instant::now();
    let close_info = guarded_with_stopped_clock(server.close(CloseCode::NORMAL, "")).await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    assert!(close_info.timed_out && !close_info.was_clean);
    assert_eq!(close_info.code, CloseCode::ABNORMAL_CLOSURE);
    assert_eq!(server.state(), State::Closed);
    assert_eq!(wire.written(), [0x88, 0x02, 0x03, 0xE8]);
    assert!(server.next().await.is_none_or(|end| matches!(end, Err(Error::EndedWithoutClose))));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_goes_on_talking_does_not_put_off_the_time_limit() {
    let (mut server, mut client) = {
        let (ours, theirs) = tokio::io::duplex(1 << 10);
        let config = Config { close_timeout: Duration::from_secs(2), ..Config::default() };
        (server_with(ours, config), theirs)
    };
    let began = Instant::now();
    let chatter = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        loop {
            ticks.tick().await;
            if client.write_all(&from_client(TEXT, "blah")).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let close_info = guarded_with_stopped_clock(async {
        tokio::select! {
            close_info = server.close(CloseCode::NORMAL, "") => close_info.unwrap(),
            () = chatter => unreachable!("it talks without end"),
        }
    })
    .await;
    assert_eq!(began.elapsed(), Duration::from_secs(2));
    assert!(close_info.timed_out);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_neither_reads_nor_answers_is_left_after_the_time_limit() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.block();
    assert!(server.send(vec![0; 300 << 10]).now_or_never().is_none());
    let began = Instant::now();
    let close_info = guarded_with_stopped_clock(server.close(CloseCode::NORMAL, "")).await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    assert!(close_info.timed_out);
    assert_eq!(server.state(), State::Closed);
}

/// The same peer, and then one more call. It must come back.
#[test]
fn sending_after_a_peer_was_given_up_is_a_misuse() {
    in_a_thread(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (stream, wire) = scripted();
            let mut server = server(stream);
            wire.block();
            assert!(server.send(vec![0; 300 << 10]).now_or_never().is_none());
            server.close(CloseCode::NORMAL, "").await.unwrap();
            let result = server.send("more").await;
            assert!(matches!(result, Err(Error::Usage(UsageError::AfterClose))), "{result:?}");
        });
    });
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_end_tcp_after_both_closes_is_left_after_the_time_limit() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.give(&from_client(CLOSE, b"\x03\xE8"));
    let began = Instant::now();
    assert!(guarded_with_stopped_clock(server.next()).await.is_none());
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    let close_info = server.close_info();
    assert!(close_info.was_clean, "both have said Close; how TCP ends does not change that");
    assert!(close_info.timed_out);
    let [Call::Write(_), Call::Shutdown, ..] = &last_calls(&wire)[..] else { panic!("{:?}", wire.calls()) };
}

//= docs/src/rfc6455.md#section-7-2-1
//= type=test
//# If the transport is lost when nobody expects it, the client MUST fail the connection.
#[tokio::test]
async fn a_peer_that_vanishes_is_1006() {
    guarded(async {
        let (mut server, client) = server_and_raw_client().await;
        drop(client);
        let end = server.next().await;
        assert!(matches!(end, Some(Err(Error::EndedWithoutClose))), "{end:?}");
        assert!(server.next().await.is_none(), "told once");
        assert_eq!(server.close_info().code, CloseCode::ABNORMAL_CLOSURE);
        assert!(!server.close_info().was_clean);
        assert_eq!(server.state(), State::Closed);
        assert!(matches!(server.send("x").await, Err(Error::Usage(UsageError::AfterClose))));

        let (mut client, server) = client_and_raw_server().await;
        drop(server);
        let end = client.next().await;
        assert!(matches!(end, Some(Err(Error::EndedWithoutClose))), "{end:?}");
        assert_eq!(client.close_info().code, CloseCode::ABNORMAL_CLOSURE);
    })
    .await;
}

#[tokio::test]
async fn what_came_before_the_peer_vanished_is_delivered() {
    guarded(async {
        let (mut server, mut client) = server_and_raw_client().await;
        let mut bytes = from_client(TEXT, "whole");
        bytes.extend(&from_client(TEXT, "cut off")[..8]);
        client.write_all(&bytes).await.unwrap();
        drop(client);
        assert_eq!(server.next().await.unwrap().unwrap(), Message::text("whole"));
        assert!(matches!(server.next().await, Some(Err(Error::EndedWithoutClose))));
    })
    .await;
}

#[tokio::test]
async fn a_reset_is_an_error_of_the_transport() {
    guarded(async {
        let (mut server, client) = server_and_raw_client().await;
        client.set_zero_linger().unwrap();
        drop(client);
        let end = server.next().await;
        let Some(Err(Error::Io(error))) = end else { panic!("{end:?}") };
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        assert!(server.next().await.is_none(), "told once");
        assert_eq!(server.close_info().code, CloseCode::ABNORMAL_CLOSURE);
        assert_eq!(server.state(), State::Closed);
    })
    .await;
}

#[test]
fn a_reset_after_both_closes_is_a_clean_end() {
    let (stream, wire) = scripted();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _guard = runtime.enter();
    let mut server = server(stream);
    wire.give(&from_client(CLOSE, b"\x03\xE8"));
    wire.fail_reads(io::ErrorKind::ConnectionReset);
    assert!(server.next().now_or_never().expect("it is over").is_none());
    assert!(server.close_info().was_clean);
}

#[tokio::test]
async fn a_client_that_drops_its_socket_right_after_its_close_ends_cleanly() {
    guarded(async {
        let (mut server, mut client) = server_and_raw_client().await;
        client.write_all(&from_client(CLOSE, b"\x03\xE9")).await.unwrap();
        client.set_zero_linger().unwrap();
        drop(client);
        // Whether the Close arrives before the reset is up to the kernel; that it ends is up to us.
        let _ = server.next().await;
        assert!(server.next().await.is_none());
        assert_eq!(server.state(), State::Closed);
    })
    .await;
}

/// A TLS stream's shutdown writes, and fails when the peer is gone already; and it fails each time anew.
#[tokio::test(start_paused = true)]
async fn a_half_close_that_fails_does_not_keep_the_connection_from_ending() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.give(&from_client(CLOSE, b"\x03\xE9"));
    wire.fail_shutdown(io::ErrorKind::BrokenPipe);
    let end = guarded_with_stopped_clock(server.next()).await;
    assert!(end.is_none(), "both have said Close: {end:?}");
    assert!(server.close_info().was_clean);
    assert_eq!(server.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_half_close_that_fails_before_the_end_of_the_stream_does_not_make_the_driver_spin() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.give(&from_client(CLOSE, b"\x03\xE9"));
    wire.end();
    wire.fail_shutdown(io::ErrorKind::BrokenPipe);
    assert!(guarded_with_stopped_clock(server.next()).await.is_none());
    assert_eq!(server.state(), State::Closed);
}

/// A peer that has ended its direction and takes nothing any more. Reading again gives the same end, at once, for ever.
#[tokio::test(start_paused = true)]
async fn a_peer_that_ended_its_direction_and_does_not_read_does_not_make_the_driver_spin() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.block();
    assert!(server.send("nobody takes this").now_or_never().is_none());
    wire.end();
    let end = guarded_with_stopped_clock(server.next()).await;
    assert!(matches!(end, Some(Err(Error::EndedWithoutClose))), "{end:?}");
    assert_eq!(server.state(), State::Closed);
}

/// Many servers say why and leave at once. The client's next write then fails, but the reason has arrived.
#[test]
fn a_write_that_fails_does_not_lose_what_the_peer_said_before() {
    let (stream, wire) = scripted();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _guard = runtime.enter();
    let mut client = client(stream);
    wire.fail_writes(io::ErrorKind::BrokenPipe);
    wire.give(&[from_server(TEXT, "last words"), from_server(CLOSE, b"\x03\xF0no")].concat());
    wire.end();
    let sent = client.send("hello?").now_or_never().expect("an error at once");
    assert!(matches!(sent, Err(Error::Io(_))), "{sent:?}");
    let message = client.next().now_or_never().expect("it has arrived");
    assert!(matches!(&message, Some(Ok(message)) if message.as_text() == Some("last words")), "{message:?}");
    let _ = client.next().now_or_never().expect("it is over");
    assert_eq!((client.close_info().code, client.close_info().reason.as_str()), (CloseCode::POLICY_VIOLATION, "no"));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_thrown_away_with_the_connection_was_not_sent() {
    let (stream, wire) = scripted();
    let (mut reader, mut writer) = server(stream).split();
    wire.block();
    let mut send = Box::pin(writer.send("on its way"));
    assert!(send.as_mut().now_or_never().is_none());
    wire.fail_reads(io::ErrorKind::ConnectionReset);
    let end = reader.next().await;
    assert!(matches!(end, Some(Err(Error::Io(_)))), "{end:?}");
    let sent = guarded_with_stopped_clock(send).await;
    assert!(sent.is_err(), "it says that the message was written: {:?}", wire.written());
}

// ---- 7.1.7: a peer that breaks a rule ---------------------------------------------------------------------------------

#[tokio::test]
async fn a_violation_is_answered_by_a_close_before_the_end_of_tcp() {
    guarded(async {
        let (mut server, mut client) = server_and_raw_client().await;
        // An unmasked frame behind a message, and much more behind it.
        let mut bytes = from_client(TEXT, "before");
        bytes.extend([0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]);
        bytes.extend(vec![0x55; 50_000]);
        client.write_all(&bytes).await.unwrap();
        let peer = async {
            let said = read_frame(&mut client).await;
            assert_eq!(read_rest(&mut client).await, b"", "the end follows, and no reset");
            drop(client);
            said
        };
        let application = async {
            assert_eq!(server.next().await.unwrap().unwrap(), Message::text("before"));
            let end = server.next().await;
            let Some(Err(Error::Violation(violation))) = end else { panic!("{end:?}") };
            assert!(server.next().await.is_none(), "told once");
            violation
        };
        let (violation, (first, body)) = tokio::join!(application, peer);
        assert_eq!(violation, Violation::UnmaskedFrame);
        assert_eq!((first, &body[..2]), (CLOSE, &b"\x03\xEA"[..]));
        assert_eq!(String::from_utf8(body[2..].to_vec()).unwrap(), violation.to_string());
        let close_info = server.close_info();
        assert_eq!(close_info.violation, Some(violation));
        assert_eq!(close_info.code, CloseCode::ABNORMAL_CLOSURE);
        assert!(!close_info.was_clean);
        assert!(matches!(server.send("x").await, Err(Error::Usage(UsageError::AfterClose))));
    })
    .await;
}

#[tokio::test]
async fn a_client_answers_a_violation_with_a_close_too() {
    guarded(async {
        let (mut client, mut server) = client_and_raw_server().await;
        let mut bytes = from_server(TEXT, "before");
        bytes.extend(from_client(TEXT, "masked"));
        server.write_all(&bytes).await.unwrap();
        let peer = async {
            let said = read_frame(&mut server).await;
            assert_eq!(read_rest(&mut server).await, b"", "a client that fails the connection ends TCP itself");
            drop(server);
            said
        };
        let application = async {
            assert_eq!(client.next().await.unwrap().unwrap(), Message::text("before"));
            client.next().await
        };
        let (end, (first, body)) = tokio::join!(application, peer);
        assert!(matches!(end, Some(Err(Error::Violation(Violation::MaskedFrame)))), "{end:?}");
        assert_eq!((first, &body[..2]), (CLOSE, &b"\x03\xEA"[..]));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn each_violation_has_its_code_on_the_wire() {
    let limits = Limits { max_frame_bytes: 100, max_message_bytes: 150, ..Limits::DEFAULT };
    let config = Config { limits, ..Config::default() };
    let cases: [(Vec<u8>, u16); 7] = [
        (from_client(TEXT, [0xFF]), 1007),
        (from_client(0x83, ""), 1002),
        (from_client(0xC1, ""), 1002),
        (from_client(CLOSE, b"\x03\xED"), 1002),
        (from_client(0x00, ""), 1002),
        (from_client(BINARY, [0; 101]), 1009),
        ([from_client(TEXT_BEGINS, [b'x'; 100]), from_client(0x80, [b'x'; 51])].concat(), 1009),
    ];
    for (bytes, code) in cases {
        let (stream, wire) = scripted();
        let mut server = server_with(stream, config.clone());
        wire.give(&bytes);
        wire.end();
        let end = guarded_with_stopped_clock(server.next()).await;
        assert!(matches!(end, Some(Err(Error::Violation(_)))), "{code}: {end:?}");
        let written = wire.written();
        assert_eq!(written[0], CLOSE);
        assert_eq!(u16::from_be_bytes([written[2], written[3]]), code, "{end:?}");
        assert!(wire.is_shut());
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_broke_a_rule_and_goes_on_is_left_after_the_time_limit() {
    let (stream, wire) = scripted();
    let mut server = server(stream);
    wire.give(&[0x81, 0x00]);
    let began = Instant::now();
    let end = guarded_with_stopped_clock(server.next()).await;
    assert!(matches!(end, Some(Err(Error::Violation(Violation::UnmaskedFrame)))), "{end:?}");
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    let [Call::Write(_), Call::Shutdown, ..] = &last_calls(&wire)[..] else { panic!("{:?}", wire.calls()) };
}

#[tokio::test]
async fn dropping_a_connection_drops_its_socket() {
    guarded(async {
        let (server, mut client) = server_and_raw_client().await;
        drop(server);
        assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0, "no Close: nobody wrote one");
    })
    .await;
}
