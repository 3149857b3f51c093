//! Sections 5.5.1 and 7.1: the closing handshake.

use bytes::Buf;
use protocol::{CloseCode, CloseFrame, Endpoint, Role, State, Transmit, UsageError, Violation};
use testkit::{
    endpoint::{TestEndpoint, for_both_roles},
    frames::frames_from,
    hex::hex,
    linked_pair::{LinkedPair, SERVER_CLOSES_TCP_FIRST},
    observed::{close, empty_close, ping, text, violated},
    transmitted::Transmitted,
};

const CLIENT: Role = Role::Client;
const SERVER: Role = Role::Server;

// ---- A client and a server ----------------------------------------------------------------------

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# An endpoint that has both sent and received a Close frame MUST close the TCP connection.
//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# In most normal cases, the server SHOULD be the first to close the TCP connection.
//= docs/src/rfc6455.md#section-7-1-2
//= type=test
//# To start the closing handshake, an endpoint MUST send a Close frame with the given code and
//# reason.
//= docs/src/rfc6455.md#section-7-1-2
//= type=test
//# Once it has both sent and received a Close frame, an endpoint SHOULD close the connection as
//# described in section 7.1.1.
#[test]
fn a_client_closes_and_the_server_closes_tcp_first() {
    let mut pair = LinkedPair::new();
    pair.client.close(1000, "done");
    pair.run();
    assert_eq!(pair.sent_by_client, frames_from(CLIENT, &["88 06 03e8 646f6e65"]));
    assert_eq!(pair.sent_by_server, frames_from(SERVER, &["88 02 03e8"]), "the answer repeats the code only");
    assert_eq!(pair.observed_by_server, [close(1000, "done")]);
    assert_eq!(pair.observed_by_client, [close(1000, "")]);
    assert_eq!(pair.tcp, SERVER_CLOSES_TCP_FIRST);
    for endpoint in [&pair.client, &pair.server] {
        assert_eq!(endpoint.connection.state(), State::Closed);
        assert_eq!(endpoint.close_outcome(), (1000, true));
        assert_eq!(endpoint.connection.poll_timeout(), None);
    }
    assert_eq!(pair.client.connection.close_info().initiator, Some(Endpoint::Local));
    assert_eq!(pair.server.connection.close_info().initiator, Some(Endpoint::Remote));
}

//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# In most normal cases, the server SHOULD be the first to close the TCP connection.
//= docs/src/rfc6455.md#section-7-3
//= type=test
//# A server MAY close the connection whenever it likes.
#[test]
fn a_server_closes_and_half_closes_tcp_first() {
    let mut pair = LinkedPair::new();
    pair.server.close(1001, "");
    pair.run();
    assert_eq!(pair.sent_by_server, frames_from(SERVER, &["88 02 03e9"]));
    assert_eq!(pair.sent_by_client, frames_from(CLIENT, &["88 02 03e9"]));
    assert_eq!(pair.tcp, SERVER_CLOSES_TCP_FIRST);
    assert_eq!((pair.client.close_outcome(), pair.server.close_outcome()), ((1001, true), (1001, true)));
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# Neither sends another one in response, and both close the connection.
//= docs/src/rfc6455.md#section-7-1-5
//= type=test
//# The two ends may report different codes.
#[test]
fn crossing_closes_are_one_closing_handshake() {
    let mut pair = LinkedPair::new();
    pair.client.close(4001, "c");
    pair.server.close(4002, "s");
    pair.run();
    // Each endpoint sends one Close.
    assert_eq!(pair.sent_by_client, frames_from(CLIENT, &["88 03 0fa1 63"]));
    assert_eq!(pair.sent_by_server, frames_from(SERVER, &["88 03 0fa2 73"]));
    assert_eq!(pair.tcp, SERVER_CLOSES_TCP_FIRST);
    // Each endpoint reports the other's code (7.1.5).
    assert_eq!((pair.client.close_outcome(), pair.server.close_outcome()), ((4002, true), (4001, true)));
    assert_eq!(pair.client.connection.close_info().reason, "s");
    assert_eq!(pair.server.connection.close_info().reason, "c");
}

//= docs/src/rfc6455.md#section-7-1-5
//= type=test
//# If that Close frame has no code, the close code is 1005.
#[test]
fn a_close_without_a_code_is_reported_as_1005_which_is_never_sent() {
    for closer in [CLIENT, SERVER] {
        let mut pair = LinkedPair::new();
        if closer == CLIENT { &mut pair.client } else { &mut pair.server }.close_without_code();
        pair.run();
        assert_eq!(pair.sent_by_client, frames_from(CLIENT, &["88 00"]));
        assert_eq!(pair.sent_by_server, frames_from(SERVER, &["88 00"]));
        assert_eq!(pair.tcp, SERVER_CLOSES_TCP_FIRST);
        assert_eq!((pair.client.close_outcome(), pair.server.close_outcome()), ((1005, true), (1005, true)));
    }
}

//= docs/src/rfc6455.md#section-5-1
//= type=test
//# Either side MAY send data frames at any time after the opening handshake, until it sends a Close
//# frame.
#[test]
fn messages_before_a_close_arrive() {
    for read_size in [1, 2, 3, 7, usize::MAX] {
        let mut pair = LinkedPair::new();
        pair.read_size = read_size;
        pair.client.connection.send_text("a").unwrap();
        pair.server.connection.send_text("b").unwrap();
        pair.client.close(1000, "");
        pair.run();
        assert_eq!(pair.observed_by_server, [text("a"), close(1000, "")], "{read_size} bytes a read");
        assert_eq!(pair.observed_by_client, [text("b"), close(1000, "")], "{read_size} bytes a read");
        assert_eq!(pair.tcp, SERVER_CLOSES_TCP_FIRST);
    }
}

#[test]
fn a_ping_during_the_closing_handshake_does_not_delay_it() {
    let mut pair = LinkedPair::new();
    pair.client.close(1000, "");
    pair.server.connection.ping(b"p").unwrap();
    pair.run();
    assert_eq!(pair.observed_by_client, [ping("70"), close(1000, "")]);
    assert_eq!(pair.tcp, SERVER_CLOSES_TCP_FIRST);
}

//= docs/src/rfc6455.md#section-10-7
//= type=test
//# After the handshake, an endpoint SHOULD first send a Close frame with an appropriate code.
//= docs/src/rfc6455.md#section-5-1
//= type=test
//# A server that receives an unmasked frame MUST close the connection.
//= docs/src/rfc6455.md#section-7-1-7
//= type=test
//# A server that fails the connection MUST close it.
#[test]
fn a_server_that_fails_the_connection_sends_a_reason_and_closes_tcp_first() {
    let mut pair = LinkedPair::new();
    pair.server.receive_bytes(&hex("81 00"));
    pair.run();
    assert_eq!(pair.observed_by_client, [close(1002, "a client's frames must be masked (RFC 6455, section 5.1)")]);
    assert_eq!(pair.tcp, SERVER_CLOSES_TCP_FIRST);
    assert_eq!(pair.server.close_outcome(), (1006, false), "the client's Close is ignored");
    assert_eq!(pair.client.close_outcome(), (1002, true));
}

//= docs/src/rfc6455.md#section-5-1
//= type=test
//# A client that receives a masked frame MUST close the connection.
//= docs/src/rfc6455.md#section-7-1-7
//= type=test
//# A client that fails the connection MUST close it.
#[test]
fn a_client_that_fails_the_connection_sends_a_reason_and_half_closes_tcp() {
    let mut pair = LinkedPair::new();
    pair.client.receive_bytes(&hex("81 80 00000000"));
    pair.run();
    assert_eq!(pair.observed_by_server, [close(1002, "a server's frames must not be masked (RFC 6455, section 5.1)")]);
    // The server has sent and received a Close, so it half-closes too. Nothing more can arrive, so
    // it disconnects.
    assert_eq!(
        pair.tcp,
        [
            (CLIENT, Transmitted::HalfClose),
            (SERVER, Transmitted::HalfClose),
            (SERVER, Transmitted::Disconnect),
            (CLIENT, Transmitted::Disconnect)
        ]
    );
    assert_eq!(pair.client.close_outcome(), (1006, false));
    assert_eq!(pair.server.close_outcome(), (1002, true));
}

#[test]
fn two_endpoints_that_fail_the_connection_at_the_same_time_are_closed() {
    let mut pair = LinkedPair::new();
    pair.client.receive_bytes(&hex("83 00"));
    pair.server.receive_bytes(&hex("83 80 00000000"));
    pair.run();
    assert_eq!((pair.client.connection.state(), pair.server.connection.state()), (State::Closed, State::Closed));
    // An endpoint that has failed the connection ignores the other's Close (7.1.7).
    assert_eq!((&pair.observed_by_client[..], &pair.observed_by_server[..]), (&[][..], &[][..]));
    assert_eq!((pair.client.close_outcome(), pair.server.close_outcome()), ((1006, false), (1006, false)));
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# Once both sides have sent a Close frame, the client SHOULD wait until the server closes the TCP
//# connection.
//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# When a client has to close the WebSocket connection, it SHOULD wait until the server closes the
//# TCP connection.
#[test]
fn a_client_waits_for_the_server_to_close_tcp() {
    let mut client = TestEndpoint::client();
    client.close(1000, "");
    client.assert_transmits(&["88 02 03e8"]);
    assert_eq!(client.receive(&["88 02 03e8"]), [close(1000, "")]);
    client.assert_transmits_nothing();
    assert_eq!(client.connection.state(), State::Closing);
    client.receive_eof();
    client.assert_transmits(&["disconnect"]);
    assert_eq!(client.connection.state(), State::Closed);
    assert!(!client.connection.close_info().timed_out);
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# Once both sides have sent a Close frame, the server MUST close the TCP connection immediately.
//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# When a server has to close the WebSocket connection, it SHOULD close the TCP connection
//# immediately.
#[test]
fn a_server_half_closes_tcp_after_both_closes_and_still_reads() {
    let mut server = TestEndpoint::server();
    assert_eq!(server.receive(&["88 02 03e8"]), [close(1000, "")]);
    server.assert_transmits(&["88 02 03e8", "half-close"]);
    assert_eq!(server.connection.state(), State::Closing);
    // If the server disconnected now, the kernel could reset the connection, and the Close could be
    // lost.
    server.assert_transmits_nothing();
    server.receive_eof();
    server.assert_transmits(&["disconnect"]);
    assert_eq!(server.connection.state(), State::Closed);
}

#[test]
fn tcp_is_half_closed_after_the_last_byte_of_the_close() {
    for_both_roles(|endpoint| {
        endpoint.receive(&["83 00"]);
        let mut written = 0;
        while let Some(Transmit::Bytes(output)) = endpoint.connection.poll_transmit() {
            output.advance(1);
            written += 1;
        }
        // The loop ends at the half-close, and nothing is left to transmit after it.
        assert!(written > 4, "a half-close before the last byte of the Close");
        assert!(endpoint.connection.poll_transmit().is_none());
        endpoint.receive_eof();
        endpoint.assert_transmits(&["disconnect"]);
    });
}

// ---- 5.5.1: the answer to a Close ---------------------------------------------------------------

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# A Close frame MAY have a body that says why the connection is being closed.
//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# If a Close frame has a body, it MUST start with a two-byte status code in network byte order.
//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# A reason in UTF-8 MAY follow the code.
//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# An endpoint that receives a Close frame and has not sent one MUST send one in response.
//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# The response usually repeats the received code.
#[test]
fn a_close_is_answered_with_its_code() {
    for (received, answer, observed) in [
        ("88 00", "88 00", vec![empty_close()]),
        ("88 02 03e8", "88 02 03e8", vec![close(1000, "")]),
        ("88 02 0fa0", "88 02 0fa0", vec![close(4000, "")]),
        ("88 05 0fa0 627965", "88 02 0fa0", vec![close(4000, "bye")]),
        ("88 05 03e8 e282ac", "88 02 03e8", vec![close(1000, "\u{20ac}")]),
    ] {
        for_both_roles(|endpoint| {
            assert_eq!(endpoint.receive(&[received]), observed);
            endpoint.assert_transmits_by_role(&[answer, "half-close"], &[answer]);
        });
    }
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# An endpoint that receives a Close frame and has not sent one MUST send one in response.
#[test]
fn a_close_is_answered_once() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["88 02 0fa0", "88 02 0fa1"]), [close(4000, "")]);
        endpoint.assert_transmits_by_role(&["88 02 0fa0", "half-close"], &["88 02 0fa0"]);
        assert_eq!(endpoint.receive(&["88 02 0fa1"]), []);
        endpoint.assert_transmits_nothing();
        assert_eq!(endpoint.close_outcome(), (4000, true), "the first Close counts");
    });
}

#[test]
fn the_answer_to_the_local_close_is_not_answered() {
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        endpoint.assert_transmits(&["88 02 03e8"]);
        assert_eq!(endpoint.receive(&["88 02 03e8"]), [close(1000, "")]);
        endpoint.assert_transmits_by_role(&["half-close"], &[]);
    });
}

//= docs/src/rfc6455.md#section-7-1-5
//= type=test
//# The close code of a connection is the code in the first Close frame that the endpoint received.
#[test]
fn the_answer_to_a_close_may_have_another_code() {
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        endpoint.take_sent();
        assert_eq!(endpoint.receive(&["88 02 03e9"]), [close(1001, "")]);
        assert_eq!(endpoint.close_outcome(), (1001, true));
        assert_eq!(endpoint.connection.close_info().sent, Some(CloseFrame::NORMAL));
    });
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# A reason in UTF-8 MAY follow the code.
#[test]
fn a_reason_has_at_most_123_bytes() {
    let longest = "x".repeat(123);
    for_both_roles(|endpoint| {
        let frame = format!("88 7d 03e8 {}", "78".repeat(123));
        assert_eq!(endpoint.receive(&[&frame]), [close(1000, &longest)]);
        assert_eq!(endpoint.connection.close_info().reason, longest);
    });
    for_both_roles(|endpoint| {
        let with_reason = |reason: &str| CloseFrame::new(CloseCode::NORMAL, reason).map(|_| ());
        assert_eq!(with_reason(&"x".repeat(124)), Err(UsageError::CloseReasonTooLong(124)));
        // The limit is in bytes, not in characters.
        assert_eq!(with_reason(&"\u{20ac}".repeat(42)), Err(UsageError::CloseReasonTooLong(126)));
        endpoint.close(1000, &longest);
        endpoint.assert_transmits(&[&format!("88 7d 03e8 {}", "78".repeat(123))]);
    });
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# If a Close frame has a body, it MUST start with a two-byte status code in network byte order.
#[test]
fn a_close_body_of_one_byte_fails_the_connection() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["88 01 03"]), [violated(Violation::CloseBodyOneByte)]);
        endpoint.assert_fails_connection(1002);
        assert_eq!(endpoint.close_outcome(), (1006, false));
    });
}

//= docs/src/rfc6455.md#section-8-1
//= type=test
//# An endpoint that must interpret bytes as UTF-8, and finds that they are not valid UTF-8, MUST
//# fail the connection.
#[test]
fn a_reason_that_is_not_utf_8_fails_the_connection() {
    for frame in ["88 04 03e8 c328", "88 03 03e8 ff", "88 05 03e8 eda080", "88 04 03e8 e282"] {
        for_both_roles(|endpoint| {
            assert_eq!(endpoint.receive(&[frame]), [violated(Violation::CloseReasonNotUtf8)], "{frame}");
            endpoint.assert_fails_connection(1007);
            assert_eq!(endpoint.close_outcome(), (1006, false));
        });
    }
}

#[test]
fn an_invalid_answer_to_the_local_close_fails_the_connection() {
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        endpoint.assert_transmits(&["88 02 03e8"]);
        assert_eq!(endpoint.receive(&["88 02 03ed"]), [violated(Violation::CloseCodeInvalid(CloseCode(1005)))]);
        endpoint.assert_transmits(&["half-close"]); // An endpoint sends only one Close.
        assert_eq!(endpoint.close_outcome(), (1006, false));
    });
}
