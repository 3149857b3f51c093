//! How connections end (section 7): over real TCP where the kernel matters, and over a scripted
//! stream where the order of calls matters.

use std::{io, time::Duration};

use futures_util::{SinkExt, StreamExt};
use protocol::{CloseCode, CloseFrame, CloseInfo, Config, Endpoint, Limits, Message, State, UsageError, Violation};
use testkit::{
    frames::{
        client_frame,
        first_byte::{BINARY, CLOSE, CONTINUATION, FIRST_OF_TEXT, LAST_CONTINUATION, RSV1, TEXT},
        server_frame,
    },
    raw_peer::{read_frame, read_to_eof},
    stream::{StreamCall, StreamScript, scripted_stream},
    tasks::{in_thread_with_timeout, is_pending, ready, with_paused_timeout, with_timeout},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};
use websocket::{Error, Event};

use crate::support::{
    client, client_and_raw_server, duplex_pair, server, server_and_raw_client, server_with, tcp_pair,
};

/// Returns the calls on the stream except the flushes.
fn calls_without_flushes(script: &StreamScript) -> Vec<StreamCall> {
    script.calls().into_iter().filter(|call| *call != StreamCall::Flush).collect()
}

// ---- 7.1.1: the server closes the TCP connection first ------------------------------------------

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# Once both sides have sent a Close frame, the server MUST close the TCP connection immediately.
//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# When a server has to close the WebSocket connection, it SHOULD close the TCP connection
//# immediately.
#[tokio::test]
async fn a_server_half_closes_tcp_as_soon_as_both_endpoints_have_sent_a_close() {
    with_timeout(async {
        let (mut server, mut client) = server_and_raw_client().await;
        client.write_all(&client_frame(CLOSE, b"\x03\xE8bye")).await.unwrap();
        let peer = async {
            // The server's Close repeats the code. The server then half-closes, although this
            // client has not done so.
            assert_eq!(read_to_eof(&mut client).await, [0x88, 0x02, 0x03, 0xE8]);
            drop(client);
        };
        let (result, ()) = tokio::join!(server.next(), peer);
        assert!(result.is_none(), "{result:?}");
        let close_info = server.close_info();
        assert_eq!((close_info.code, close_info.reason.as_str()), (CloseCode::NORMAL, "bye"));
        assert!(close_info.was_clean && !close_info.timed_out);
        assert_eq!((close_info.initiator, server.state()), (Some(Endpoint::Remote), State::Closed));
    })
    .await;
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# Once both sides have sent a Close frame, the client SHOULD wait until the server closes the TCP
//# connection.
//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# When a client has to close the WebSocket connection, it SHOULD wait until the server closes the
//# TCP connection.
#[tokio::test]
async fn a_client_waits_until_the_server_closes_tcp() {
    let (stream, script) = scripted_stream();
    let mut client = client(stream);
    script.push_read(&server_frame(CLOSE, b"\x03\xE8"));
    let event = ready(client.next_event()).unwrap().unwrap();
    assert_eq!(event, Event::Close(Some(CloseFrame::NORMAL)));
    assert!(is_pending(client.next_event()));
    assert_eq!(script.written(), client_frame(CLOSE, b"\x03\xE8"));
    assert!(!script.is_shut_down(), "the server closes the TCP connection first");
    assert_eq!(client.state(), State::Closing);
    script.push_eof();
    assert!(ready(client.next_event()).is_none());
    assert!(script.is_shut_down());
    assert_eq!(client.state(), State::Closed);
}

//= docs/src/rfc6455.md#section-7-1-2
//= type=test
//# To start the closing handshake, an endpoint MUST send a Close frame with the given code and
//# reason.
#[tokio::test]
async fn a_client_that_closes_receives_the_servers_close_and_then_the_end_of_tcp() {
    with_timeout(async {
        let (mut client, mut server) = client_and_raw_server().await;
        let peer = async {
            assert_eq!(read_frame(&mut server).await, (CLOSE, b"\x03\xE9leaving".to_vec()));
            server.write_all(&server_frame(CLOSE, b"\x03\xE9")).await.unwrap();
            server.shutdown().await.unwrap();
            assert_eq!(read_to_eof(&mut server).await, b"", "bytes after the client's Close");
        };
        let (close_info, ()) = tokio::join!(client.close(CloseCode::GOING_AWAY, "leaving"), peer);
        let close_info = close_info.unwrap();
        assert_eq!(close_info.code, CloseCode::GOING_AWAY);
        assert_eq!(close_info.sent.as_ref().unwrap().reason(), "leaving");
        assert!(close_info.was_clean && !close_info.timed_out);
        assert_eq!(close_info.initiator, Some(Endpoint::Local));
    })
    .await;
}

#[tokio::test]
async fn a_close_without_a_code_is_answered_without_one() {
    with_timeout(async {
        let (mut server, mut client) = server_and_raw_client().await;
        client.write_all(&client_frame(CLOSE, "")).await.unwrap();
        let peer = async {
            assert_eq!(read_to_eof(&mut client).await, [0x88, 0x00]);
            drop(client);
        };
        let (result, ()) = tokio::join!(server.next(), peer);
        assert!(result.is_none());
        assert_eq!(server.close_info().code, CloseCode::NO_STATUS_RECEIVED);
        assert!(server.close_info().was_clean);
    })
    .await;
}

// ---- websonkets on both sides -------------------------------------------------------------------

#[tokio::test]
async fn either_endpoint_can_close_over_tcp() {
    for client_begins in [true, false] {
        with_timeout(async {
            let (mut client, mut server) = tcp_pair().await;
            let (first, second): (CloseInfo, CloseInfo) = if client_begins {
                let (close_info, result) = tokio::join!(client.close(CloseCode::NORMAL, "done"), server.next());
                assert!(result.is_none());
                (close_info.unwrap(), server.close_info())
            } else {
                let (close_info, result) = tokio::join!(server.close(CloseCode::NORMAL, "done"), client.next());
                assert!(result.is_none());
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
async fn both_endpoints_can_close_at_the_same_time() {
    with_timeout(async {
        let (mut client, mut server) = tcp_pair().await;
        // Both endpoints send a Close before either reads the other's.
        client.start_close(CloseCode::NORMAL, "client").await.unwrap();
        server.start_close(CloseCode::GOING_AWAY, "server").await.unwrap();
        let (at_client, at_server) = tokio::join!(client.next(), server.next());
        assert!(at_client.is_none() && at_server.is_none());
        assert_eq!(client.close_info().code, CloseCode::GOING_AWAY);
        assert_eq!(server.close_info().code, CloseCode::NORMAL);
        for close_info in [client.close_info(), server.close_info()] {
            assert!(close_info.was_clean && !close_info.timed_out, "{close_info:?}");
            assert_eq!(close_info.initiator, Some(Endpoint::Local), "each endpoint sent its Close first");
        }
    })
    .await;
}

#[tokio::test]
async fn messages_can_arrive_between_the_local_close_and_the_remote_close() {
    with_timeout(async {
        let (mut client, mut server) = client_and_raw_server().await;
        client.start_close(CloseCode::NORMAL, "").await.unwrap();
        assert!(matches!(client.send("late").await, Err(Error::Usage(UsageError::AfterClose))));
        server.write_all(&[server_frame(TEXT, "last words"), server_frame(CLOSE, b"\x03\xE8")].concat()).await.unwrap();
        server.shutdown().await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap(), Message::text("last words"));
        assert!(client.next().await.is_none());
        assert!(client.close_info().was_clean);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn close_discards_messages_that_still_arrive() {
    let (stream, script) = scripted_stream();
    let mut client = client(stream);
    script.push_read(
        &[server_frame(TEXT, "one"), server_frame(BINARY, "two"), server_frame(CLOSE, b"\x03\xE8")].concat(),
    );
    script.push_eof();
    let close_info = with_paused_timeout(client.close(CloseCode::NORMAL, "")).await.unwrap();
    assert!(close_info.was_clean);
    assert!(client.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn closing_the_sink_sends_1000_and_ends_the_stream() {
    let (mut client, mut server) = duplex_pair(64);
    with_paused_timeout(async {
        SinkExt::close(&mut client).await.unwrap();
        SinkExt::close(&mut client).await.expect("closing twice is allowed");
        assert_eq!(client.state(), State::Closing);
        let (at_client, at_server) = tokio::join!(StreamExt::next(&mut client), StreamExt::next(&mut server));
        assert!(at_client.is_none() && at_server.is_none());
        assert_eq!(server.close_info().code, CloseCode::NORMAL);
        assert!(client.close_info().was_clean && server.close_info().was_clean);
        assert!(StreamExt::next(&mut client).await.is_none(), "an item after the end of the stream");
    })
    .await;
}

#[test]
fn a_close_that_cannot_be_sent_changes_nothing() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    let codes = [999, 1004, 1005, 1006, 1010, 1015, 2999, 5000];
    for code in codes {
        let result = ready(server.close(CloseCode(code), ""));
        assert!(matches!(result, Err(Error::Usage(UsageError::CloseCodeNotSendable(_)))), "{code}: {result:?}");
    }
    let result = ready(server.close(CloseCode::NORMAL, &"x".repeat(124)));
    assert!(matches!(result, Err(Error::Usage(UsageError::CloseReasonTooLong(124)))), "{result:?}");
    assert_eq!(server.state(), State::Open);
    ready(server.send("still open")).unwrap();
    assert_eq!(script.written(), server_frame(TEXT, "still open"));
}

// ---- A peer that does not follow the procedure --------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_answers_a_close_is_disconnected_at_the_deadline() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    let began = Instant::now();
    let close_info = with_paused_timeout(server.close(CloseCode::NORMAL, "")).await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    assert!(close_info.timed_out && !close_info.was_clean);
    assert_eq!(close_info.code, CloseCode::ABNORMAL_CLOSURE);
    assert_eq!(server.state(), State::Closed);
    assert_eq!(script.written(), [0x88, 0x02, 0x03, 0xE8]);
    assert!(server.next().await.is_none_or(|result| matches!(result, Err(Error::EndedWithoutClose))));
}

#[tokio::test(start_paused = true)]
async fn messages_of_the_peer_do_not_postpone_the_deadline_for_its_close() {
    let (mut server, mut client) = {
        let (local, remote) = tokio::io::duplex(1 << 10);
        let config = Config::DEFAULT.close_timeout(Duration::from_secs(2));
        (server_with(local, config), remote)
    };
    let began = Instant::now();
    let chatter = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        loop {
            ticks.tick().await;
            if client.write_all(&client_frame(TEXT, "blah")).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let close_info = with_paused_timeout(async {
        tokio::select! {
            close_info = server.close(CloseCode::NORMAL, "") => close_info.unwrap(),
            () = chatter => unreachable!("the client never stops sending"),
        }
    })
    .await;
    assert_eq!(began.elapsed(), Duration::from_secs(2));
    assert!(close_info.timed_out);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_neither_reads_nor_answers_is_disconnected_at_the_deadline() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.block_writes();
    assert!(is_pending(server.send(vec![0; 300 << 10])));
    let began = Instant::now();
    let close_info = with_paused_timeout(server.close(CloseCode::NORMAL, "")).await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    assert!(close_info.timed_out);
    assert_eq!(server.state(), State::Closed);
}

/// The same peer as above. One more call follows, which must return.
#[test]
fn sending_after_the_deadline_is_a_usage_error() {
    in_thread_with_timeout(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (stream, script) = scripted_stream();
            let mut server = server(stream);
            script.block_writes();
            assert!(is_pending(server.send(vec![0; 300 << 10])));
            server.close(CloseCode::NORMAL, "").await.unwrap();
            let result = server.send("more").await;
            assert!(matches!(result, Err(Error::Usage(UsageError::AfterClose))), "{result:?}");
        });
    });
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_closes_tcp_is_disconnected_at_the_deadline() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&client_frame(CLOSE, b"\x03\xE8"));
    let began = Instant::now();
    assert!(with_paused_timeout(server.next()).await.is_none());
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    let close_info = server.close_info();
    assert!(close_info.was_clean, "both endpoints have sent a Close");
    assert!(close_info.timed_out);
    let [StreamCall::Write(_), StreamCall::Shutdown, ..] = &calls_without_flushes(&script)[..] else {
        panic!("{:?}", script.calls())
    };
}

//= docs/src/rfc6455.md#section-7-2-1
//= type=test
//# If the transport connection is lost unexpectedly, the client MUST fail the connection.
#[tokio::test]
async fn a_peer_that_disconnects_without_a_close_is_reported_as_1006() {
    with_timeout(async {
        let (mut server, client) = server_and_raw_client().await;
        drop(client);
        let result = server.next().await;
        assert!(matches!(result, Some(Err(Error::EndedWithoutClose))), "{result:?}");
        assert!(server.next().await.is_none(), "the error was reported twice");
        assert_eq!(server.close_info().code, CloseCode::ABNORMAL_CLOSURE);
        assert!(!server.close_info().was_clean);
        assert_eq!(server.state(), State::Closed);
        assert!(matches!(server.send("x").await, Err(Error::Usage(UsageError::AfterClose))));

        let (mut client, server) = client_and_raw_server().await;
        drop(server);
        let result = client.next().await;
        assert!(matches!(result, Some(Err(Error::EndedWithoutClose))), "{result:?}");
        assert_eq!(client.close_info().code, CloseCode::ABNORMAL_CLOSURE);
    })
    .await;
}

#[tokio::test]
async fn messages_before_a_disconnect_are_delivered() {
    with_timeout(async {
        let (mut server, mut client) = server_and_raw_client().await;
        let mut bytes = client_frame(TEXT, "whole");
        bytes.extend(&client_frame(TEXT, "cut off")[..8]);
        client.write_all(&bytes).await.unwrap();
        drop(client);
        assert_eq!(server.next().await.unwrap().unwrap(), Message::text("whole"));
        assert!(matches!(server.next().await, Some(Err(Error::EndedWithoutClose))));
    })
    .await;
}

#[tokio::test]
async fn a_reset_is_an_io_error() {
    with_timeout(async {
        let (mut server, client) = server_and_raw_client().await;
        client.set_zero_linger().unwrap();
        drop(client);
        let result = server.next().await;
        let Some(Err(Error::Io(error))) = result else { panic!("{result:?}") };
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        assert!(server.next().await.is_none(), "the error was reported twice");
        assert_eq!(server.close_info().code, CloseCode::ABNORMAL_CLOSURE);
        assert_eq!(server.state(), State::Closed);
    })
    .await;
}

#[tokio::test]
async fn a_reset_after_both_closes_is_a_clean_close() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&client_frame(CLOSE, b"\x03\xE8"));
    script.fail_reads(io::ErrorKind::ConnectionReset);
    assert!(ready(server.next()).is_none());
    assert!(server.close_info().was_clean);
}

#[tokio::test]
async fn a_client_that_resets_tcp_right_after_its_close_ends_the_connection() {
    with_timeout(async {
        let (mut server, mut client) = server_and_raw_client().await;
        client.write_all(&client_frame(CLOSE, b"\x03\xE9")).await.unwrap();
        client.set_zero_linger().unwrap();
        drop(client);
        // The kernel decides whether the Close or the reset arrives first. The connection must end
        // in either case.
        let _ = server.next().await;
        assert!(server.next().await.is_none());
        assert_eq!(server.state(), State::Closed);
    })
    .await;
}

/// Shutting down a TLS stream writes bytes. This fails if the peer has left, and fails again if it
/// is repeated.
#[tokio::test(start_paused = true)]
async fn a_failed_half_close_does_not_keep_the_connection_open() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&client_frame(CLOSE, b"\x03\xE9"));
    script.fail_shutdown(io::ErrorKind::BrokenPipe);
    let result = with_paused_timeout(server.next()).await;
    assert!(result.is_none(), "both endpoints have sent a Close: {result:?}");
    assert!(server.close_info().was_clean);
    assert_eq!(server.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn the_driver_does_not_spin_on_a_failed_half_close_before_the_end_of_the_stream() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&client_frame(CLOSE, b"\x03\xE9"));
    script.push_eof();
    script.fail_shutdown(io::ErrorKind::BrokenPipe);
    assert!(with_paused_timeout(server.next()).await.is_none());
    assert_eq!(server.state(), State::Closed);
}

/// The peer has half-closed the TCP connection and reads nothing. Each further read returns 0 bytes
/// immediately.
#[tokio::test(start_paused = true)]
async fn the_driver_does_not_spin_on_a_half_closed_peer_that_does_not_read() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.block_writes();
    assert!(is_pending(server.send("never read")));
    script.push_eof();
    let result = with_paused_timeout(server.next()).await;
    assert!(matches!(result, Some(Err(Error::EndedWithoutClose))), "{result:?}");
    assert_eq!(server.state(), State::Closed);
}

/// Many servers send a reason and disconnect at once. The client's next write then fails, but the
/// reason has arrived.
#[tokio::test]
async fn a_failed_write_loses_none_of_the_frames_that_have_arrived() {
    let (stream, script) = scripted_stream();
    let mut client = client(stream);
    script.fail_writes(io::ErrorKind::BrokenPipe);
    script.push_read(&[server_frame(TEXT, "last words"), server_frame(CLOSE, b"\x03\xF0no")].concat());
    script.push_eof();
    let sent = ready(client.send("hello?"));
    assert!(matches!(&sent, Err(Error::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe), "{sent:?}");
    let message = ready(client.next());
    assert!(matches!(&message, Some(Ok(message)) if message.as_text() == Some("last words")), "{message:?}");
    let _ = ready(client.next());
    assert_eq!((client.close_info().code, client.close_info().reason.as_str()), (CloseCode::POLICY_VIOLATION, "no"));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_discarded_with_the_connection_is_not_reported_as_sent() {
    let (stream, script) = scripted_stream();
    let (mut read_half, mut write_half) = server(stream).into_split();
    script.block_writes();
    let mut send = Box::pin(write_half.send("on its way"));
    assert!(is_pending(send.as_mut()));
    script.fail_reads(io::ErrorKind::ConnectionReset);
    let result = read_half.next().await;
    assert!(matches!(result, Some(Err(Error::Io(_)))), "{result:?}");
    let sent = with_paused_timeout(send).await;
    let Err(Error::Io(error)) = sent else { panic!("the message was never written: {sent:?}") };
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(error.to_string(), "the connection ended before everything was written");
    assert_eq!(script.written(), b"");
}

#[tokio::test(start_paused = true)]
async fn a_close_that_the_peer_never_reads_is_reported_with_the_time_out_as_the_reason() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.block_writes();
    let result = with_paused_timeout(server.start_close(CloseCode::NORMAL, "")).await;
    let Err(Error::Io(error)) = result else { panic!("nothing was written: {result:?}") };
    assert_eq!(error.to_string(), "the peer did not read before the time-out for closing");
}

// ---- 7.1.7: a peer that breaks a rule -----------------------------------------------------------

#[tokio::test]
async fn a_server_answers_a_violation_with_a_close_before_it_closes_tcp() {
    with_timeout(async {
        let (mut server, mut client) = server_and_raw_client().await;
        // Send a message, then an unmasked frame, and then 50,000 bytes that the server must not
        // process.
        let mut bytes = client_frame(TEXT, "before");
        bytes.extend([0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]);
        bytes.extend(vec![0x55; 50_000]);
        client.write_all(&bytes).await.unwrap();
        let peer = async {
            let said = read_frame(&mut client).await;
            assert_eq!(read_to_eof(&mut client).await, b"", "bytes after the server's Close");
            drop(client);
            said
        };
        let application = async {
            assert_eq!(server.next().await.unwrap().unwrap(), Message::text("before"));
            let result = server.next().await;
            let Some(Err(Error::Violation(violation))) = result else { panic!("{result:?}") };
            assert!(server.next().await.is_none(), "the error was reported twice");
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
async fn a_client_answers_a_violation_with_a_close_before_it_closes_tcp() {
    with_timeout(async {
        let (mut client, mut server) = client_and_raw_server().await;
        let mut bytes = server_frame(TEXT, "before");
        bytes.extend(client_frame(TEXT, "masked"));
        server.write_all(&bytes).await.unwrap();
        let peer = async {
            let said = read_frame(&mut server).await;
            assert_eq!(read_to_eof(&mut server).await, b"", "bytes after the client's Close");
            drop(server);
            said
        };
        let application = async {
            assert_eq!(client.next().await.unwrap().unwrap(), Message::text("before"));
            client.next().await
        };
        let (result, (first, body)) = tokio::join!(application, peer);
        assert!(matches!(result, Some(Err(Error::Violation(Violation::MaskedFrame)))), "{result:?}");
        assert_eq!((first, &body[..2]), (CLOSE, &b"\x03\xEA"[..]));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn each_violation_is_answered_with_its_close_code() {
    let config = Config::DEFAULT.limits(Limits::DEFAULT.max_frame_bytes(100).max_message_bytes(150));
    let large_message =
        [client_frame(FIRST_OF_TEXT, [b'x'; 100]), client_frame(LAST_CONTINUATION, [b'x'; 51])].concat();
    let cases: [(Vec<u8>, Violation, u16); 7] = [
        (client_frame(TEXT, [0xFF]), Violation::TextNotUtf8, 1007),
        (client_frame(0x83, ""), Violation::ReservedOpcode(3), 1002),
        (client_frame(RSV1 | TEXT, ""), Violation::ReservedBitsSet(RSV1), 1002),
        (client_frame(CLOSE, b"\x03\xED"), Violation::CloseCodeInvalid(CloseCode(1005)), 1002),
        (client_frame(CONTINUATION, ""), Violation::ContinuationOfNothing, 1002),
        (client_frame(BINARY, [0; 101]), Violation::FrameTooBig { length: 101, limit: 100 }, 1009),
        (large_message, Violation::MessageTooBig { limit: 150 }, 1009),
    ];
    for (bytes, expected, code) in cases {
        let (stream, script) = scripted_stream();
        let mut server = server_with(stream, config.clone());
        script.push_read(&bytes);
        script.push_eof();
        let result = with_paused_timeout(server.next()).await;
        let Some(Err(Error::Violation(violation))) = result else { panic!("{expected:?}: {result:?}") };
        assert_eq!(violation, expected);
        let written = script.written();
        assert_eq!(written[0], CLOSE);
        assert_eq!(u16::from_be_bytes([written[2], written[3]]), code, "{violation:?}");
        assert!(script.is_shut_down());
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_broke_a_rule_and_stays_is_disconnected_at_the_deadline() {
    let (stream, script) = scripted_stream();
    let mut server = server(stream);
    script.push_read(&[0x81, 0x00]);
    let began = Instant::now();
    let result = with_paused_timeout(server.next()).await;
    assert!(matches!(result, Some(Err(Error::Violation(Violation::UnmaskedFrame)))), "{result:?}");
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    let [StreamCall::Write(_), StreamCall::Shutdown, ..] = &calls_without_flushes(&script)[..] else {
        panic!("{:?}", script.calls())
    };
}

#[tokio::test]
async fn dropping_a_connection_drops_its_socket() {
    with_timeout(async {
        let (server, mut client) = server_and_raw_client().await;
        drop(server);
        assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0, "dropping a connection sends no Close");
    })
    .await;
}
