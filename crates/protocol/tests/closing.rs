//! Sections 5.5.1, 7.1 and 7.4: the closing handshake. (What happens without one is in `failing.rs`, when something takes
//! too long in `deadlines.rs`, and every event in every situation in `closing_table.rs`.)

mod common;

use std::time::Instant;

use bytes::Buf;
use common::{End, Pair, SERVER_CLOSES_TCP_FIRST, Step, both, broken, close, empty_close, hex, ping, s, text, wire};
use protocol::{
    CloseCode, CloseFrame, Config, Endpoint as Side, Message, MessageKind, Role, State, Transmit, UsageError, Violation,
};

const CLIENT: Role = Role::Client;
const SERVER: Role = Role::Server;

// ---- The closing handshake, two ends joined -------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# An endpoint that has both sent and received a Close MUST close the TCP connection.
//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# In most normal cases the server SHOULD be the first to close TCP.
//= docs/src/rfc6455.md#section-7-1-2
//= type=test
//# To start the closing handshake, an endpoint MUST send a Close with the code and the reason that it was given.
//= docs/src/rfc6455.md#section-7-1-2
//= type=test
//# Once it has both sent and received a Close, an endpoint SHOULD close the connection as section 7.1.1 says.
#[test]
fn a_client_closes_and_the_server_closes_tcp_first() {
    let mut pair = Pair::new();
    pair.client.close(1000, "done");
    pair.drive();
    assert_eq!(pair.sent_by_client, wire(CLIENT, &["88 06 03e8 646f6e65"]));
    assert_eq!(pair.sent_by_server, wire(SERVER, &["88 02 03e8"]), "the answer has the code and not the reason");
    assert_eq!(pair.heard_by_server, [close(1000, "done")]);
    assert_eq!(pair.heard_by_client, [close(1000, "")]);
    assert_eq!(pair.tcp, SERVER_CLOSES_TCP_FIRST);
    for end in [&pair.client, &pair.server] {
        assert_eq!(end.connection.state(), State::Closed);
        assert_eq!(end.ending(), (1000, true));
        assert_eq!(end.connection.poll_timeout(), None);
    }
    assert_eq!(pair.client.connection.close_info().initiator, Some(Side::Local));
    assert_eq!(pair.server.connection.close_info().initiator, Some(Side::Remote));
}

//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# In most normal cases the server SHOULD be the first to close TCP.
//= docs/src/rfc6455.md#section-7-3
//= type=test
//# A server MAY close the connection whenever it likes.
#[test]
fn a_server_closes_and_closes_tcp_first() {
    let mut pair = Pair::new();
    pair.server.close(1001, "");
    pair.drive();
    assert_eq!(pair.sent_by_server, wire(SERVER, &["88 02 03e9"]));
    assert_eq!(pair.sent_by_client, wire(CLIENT, &["88 02 03e9"]));
    assert_eq!(pair.tcp, SERVER_CLOSES_TCP_FIRST);
    assert_eq!((pair.client.ending(), pair.server.ending()), ((1001, true), (1001, true)));
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# Neither answers the other's, and both close the connection.
//= docs/src/rfc6455.md#section-7-1-5
//= type=test
//# The two ends may report different codes.
#[test]
fn crossing_closes_are_one_closing_handshake() {
    let mut pair = Pair::new();
    pair.client.close(4001, "c");
    pair.server.close(4002, "s");
    pair.drive();
    // One Close each: nobody answers again.
    assert_eq!(pair.sent_by_client, wire(CLIENT, &["88 03 0fa1 63"]));
    assert_eq!(pair.sent_by_server, wire(SERVER, &["88 03 0fa2 73"]));
    assert_eq!(pair.tcp, SERVER_CLOSES_TCP_FIRST);
    // Each end reports the code of the other (7.1.5).
    assert_eq!((pair.client.ending(), pair.server.ending()), ((4002, true), (4001, true)));
    assert_eq!(pair.client.connection.close_info().reason, "s");
    assert_eq!(pair.server.connection.close_info().reason, "c");
}

//= docs/src/rfc6455.md#section-7-1-5
//= type=test
//# If that Close has no code, it is 1005.
#[test]
fn a_close_without_a_code_is_reported_as_1005_and_never_sent_as_such() {
    for closer in [CLIENT, SERVER] {
        let mut pair = Pair::new();
        if closer == CLIENT { &mut pair.client } else { &mut pair.server }.close_without_code();
        pair.drive();
        assert_eq!(pair.sent_by_client, wire(CLIENT, &["88 00"]));
        assert_eq!(pair.sent_by_server, wire(SERVER, &["88 00"]));
        assert_eq!(pair.tcp, SERVER_CLOSES_TCP_FIRST);
        assert_eq!((pair.client.ending(), pair.server.ending()), ((1005, true), (1005, true)));
    }
}

//= docs/src/rfc6455.md#section-5-1
//= type=test
//# Either side MAY send data frames at any time after the opening handshake and until it sends a Close.
#[test]
fn messages_before_a_close_arrive() {
    for read_size in [1, 2, 3, 7, usize::MAX] {
        let mut pair = Pair::new();
        pair.read_size = read_size;
        pair.client.connection.send_text("a").unwrap();
        pair.server.connection.send_text("b").unwrap();
        pair.client.close(1000, "");
        pair.drive();
        assert_eq!(pair.heard_by_server, [text("a"), close(1000, "")], "{read_size} bytes a read");
        assert_eq!(pair.heard_by_client, [text("b"), close(1000, "")], "{read_size} bytes a read");
        assert_eq!(pair.tcp, SERVER_CLOSES_TCP_FIRST);
    }
}

#[test]
fn a_ping_that_is_answered_during_the_closing_does_not_delay_it() {
    let mut pair = Pair::new();
    pair.client.close(1000, "");
    pair.server.connection.ping(b"p").unwrap();
    pair.drive();
    assert_eq!(pair.heard_by_client, [ping("70"), close(1000, "")]);
    assert_eq!(pair.tcp, SERVER_CLOSES_TCP_FIRST);
}

//= docs/src/rfc6455.md#section-10-7
//= type=test
//# After the handshake, an endpoint SHOULD first send a Close frame with a fitting code.
//= docs/src/rfc6455.md#section-5-1
//= type=test
//# A server that receives an unmasked frame MUST close the connection.
//= docs/src/rfc6455.md#section-7-1-7
//= type=test
//# A server that fails the connection MUST close it.
#[test]
fn a_server_whose_client_breaks_a_rule_tells_it_why_and_closes_tcp_first() {
    let mut pair = Pair::new();
    pair.server.hears_bytes(&hex("81 00")); // without a mask
    pair.drive();
    assert_eq!(pair.heard_by_client, [close(1002, "a client's frames must be masked (RFC 6455, section 5.1)")]);
    assert_eq!(pair.tcp, SERVER_CLOSES_TCP_FIRST);
    assert_eq!(pair.server.ending(), (1006, false), "no Close came that counts");
    assert_eq!(pair.client.ending(), (1002, true));
}

//= docs/src/rfc6455.md#section-5-1
//= type=test
//# A client that receives a masked frame MUST close the connection.
//= docs/src/rfc6455.md#section-7-1-7
//= type=test
//# A client that fails the connection MUST close it.
#[test]
fn a_client_whose_server_breaks_a_rule_tells_it_why_and_ends_its_stream() {
    let mut pair = Pair::new();
    pair.client.hears_bytes(&hex("81 80 00000000"));
    pair.drive();
    assert_eq!(pair.heard_by_server, [close(1002, "a server's frames must not be masked (RFC 6455, section 5.1)")]);
    // The server has sent and received a Close: it ends its stream too, and as nothing more can come it lets go.
    assert_eq!(
        pair.tcp,
        [(CLIENT, Step::HalfClose), (SERVER, Step::HalfClose), (SERVER, Step::Disconnect), (CLIENT, Step::Disconnect)]
    );
    assert_eq!(pair.client.ending(), (1006, false));
    assert_eq!(pair.server.ending(), (1002, true));
}

#[test]
fn two_ends_that_fail_at_once_come_to_an_end() {
    let mut pair = Pair::new();
    pair.client.hears_bytes(&hex("83 00"));
    pair.server.hears_bytes(&hex("83 80 00000000"));
    pair.drive();
    assert_eq!((pair.client.connection.state(), pair.server.connection.state()), (State::Closed, State::Closed));
    // Deaf after a failure: the other's Close does not count any more (7.1.7).
    assert_eq!((&pair.heard_by_client[..], &pair.heard_by_server[..]), (&[][..], &[][..]));
    assert_eq!((pair.client.ending(), pair.server.ending()), ((1006, false), (1006, false)));
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# Once both have sent a Close, the client SHOULD wait until the server closes TCP.
//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# A client that is told to close the connection SHOULD wait until the server closes TCP.
#[test]
fn a_client_waits_for_the_server_to_close_tcp() {
    let mut client = End::client();
    client.close(1000, "");
    client.transmits(&["88 02 03e8"]);
    assert_eq!(client.hears(&["88 02 03e8"]), [close(1000, "")]);
    client.transmits_nothing();
    assert_eq!(client.connection.state(), State::Closing);
    client.hears_end();
    client.transmits(&["disconnect"]);
    assert_eq!(client.connection.state(), State::Closed);
    assert!(!client.connection.close_info().timed_out);
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# Once both have sent a Close, the server MUST close the TCP connection at once.
//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# A server that is told to close the connection SHOULD close TCP at once.
#[test]
fn a_server_ends_its_stream_with_the_second_close_and_still_reads() {
    let mut server = End::server();
    assert_eq!(server.hears(&["88 02 03e8"]), [close(1000, "")]);
    server.transmits(&["88 02 03e8", "half-close"]);
    assert_eq!(server.connection.state(), State::Closing);
    // Dropping TCP now would make the kernel reset it under the client, and the Close could be lost.
    server.transmits_nothing();
    server.hears_end();
    server.transmits(&["disconnect"]);
    assert_eq!(server.connection.state(), State::Closed);
}

#[test]
fn tcp_is_left_alone_until_the_close_is_out() {
    both(|end| {
        end.hears(&["83 00"]);
        let mut written = 0;
        while let Some(Transmit::Bytes(output)) = end.connection.poll_transmit() {
            output.advance(1);
            written += 1;
        }
        assert!(written > 4, "the Close went out byte by byte, and then something else came");
        assert_eq!(end.connection.poll_transmit().map(|_| ()), None, "which was the half-close");
        end.hears_end();
        end.transmits(&["disconnect"]);
    });
}

// ---- 5.5.1: answers -------------------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# A Close MAY have a body, which says why the connection is closed.
//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# If a Close has a body, its first two bytes MUST be a status code with the more significant byte first.
//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# A reason MAY follow the code, in UTF-8.
//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# An endpoint that receives a Close and has not sent one MUST answer with one.
//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# As a rule the answer repeats the code that came.
#[test]
fn a_close_is_answered_with_its_code() {
    for (received, answer, heard) in [
        ("88 00", "88 00", vec![empty_close()]),
        ("88 02 03e8", "88 02 03e8", vec![close(1000, "")]),
        ("88 02 0fa0", "88 02 0fa0", vec![close(4000, "")]),
        ("88 05 0fa0 627965", "88 02 0fa0", vec![close(4000, "bye")]),
        ("88 05 03e8 e282ac", "88 02 03e8", vec![close(1000, "\u{20ac}")]),
    ] {
        both(|end| {
            assert_eq!(end.hears(&[received]), heard);
            end.transmits_by_role(&[answer, "half-close"], &[answer]);
        });
    }
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# An endpoint that receives a Close and has not sent one MUST answer with one.
#[test]
fn a_close_is_answered_once() {
    both(|end| {
        assert_eq!(end.hears(&["88 02 0fa0", "88 02 0fa1"]), [close(4000, "")]);
        end.transmits_by_role(&["88 02 0fa0", "half-close"], &["88 02 0fa0"]);
        assert_eq!(end.hears(&["88 02 0fa1"]), []);
        end.transmits_nothing();
        assert_eq!(end.ending(), (4000, true), "the first one counts");
    });
}

#[test]
fn the_answer_to_ones_own_close_is_not_answered() {
    both(|end| {
        end.close(1000, "");
        end.transmits(&["88 02 03e8"]);
        assert_eq!(end.hears(&["88 02 03e8"]), [close(1000, "")]);
        end.transmits_by_role(&["half-close"], &[]);
    });
}

//= docs/src/rfc6455.md#section-7-1-5
//= type=test
//# The close code of a connection is the code in the first Close that it received.
#[test]
fn the_answer_to_a_close_may_have_another_code() {
    both(|end| {
        end.close(1000, "");
        end.sent();
        assert_eq!(end.hears(&["88 02 03e9"]), [close(1001, "")]);
        assert_eq!(end.ending(), (1001, true));
        assert_eq!(
            end.connection.close_info().sent,
            Some(CloseFrame { code: CloseCode::NORMAL, reason: String::new() })
        );
    });
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# A reason MAY follow the code, in UTF-8.
#[test]
fn a_reason_has_at_most_123_bytes() {
    let longest = "x".repeat(123);
    both(|end| {
        let frame = format!("88 7d 03e8 {}", "78".repeat(123));
        assert_eq!(end.hears(&[&frame]), [close(1000, &longest)]);
        assert_eq!(end.connection.close_info().reason, longest);
    });
    both(|end| {
        let too_long = CloseFrame { code: CloseCode::NORMAL, reason: "x".repeat(124) };
        assert_eq!(end.connection.close(Some(too_long), end.now), Err(UsageError::CloseReasonTooLong(124)));
        // Bytes count, not characters.
        let too_long = CloseFrame { code: CloseCode::NORMAL, reason: "\u{20ac}".repeat(42) };
        assert_eq!(end.connection.close(Some(too_long), end.now), Err(UsageError::CloseReasonTooLong(126)));
        end.transmits_nothing();
        assert_eq!(end.connection.state(), State::Open);
        end.close(1000, &longest);
        end.transmits(&[&format!("88 7d 03e8 {}", "78".repeat(123))]);
    });
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# If a Close has a body, its first two bytes MUST be a status code with the more significant byte first.
#[test]
fn a_body_of_one_byte_is_half_a_code() {
    both(|end| {
        assert_eq!(end.hears(&["88 01 03"]), [broken(Violation::CloseBodyOneByte)]);
        end.transmits_failure(1002);
        assert_eq!(end.ending(), (1006, false));
    });
}

//= docs/src/rfc6455.md#section-8-1
//= type=test
//# An endpoint that is to read bytes as UTF-8 and finds that they are none MUST fail the connection.
#[test]
fn a_reason_is_utf_8() {
    for frame in ["88 04 03e8 c328", "88 03 03e8 ff", "88 05 03e8 eda080", "88 04 03e8 e282"] {
        both(|end| {
            assert_eq!(end.hears(&[frame]), [broken(Violation::CloseReasonNotUtf8)], "{frame}");
            end.transmits_failure(1007);
            assert_eq!(end.ending(), (1006, false));
        });
    }
}

#[test]
fn a_bad_close_that_answers_ones_own_is_a_failure_all_the_same() {
    both(|end| {
        end.close(1000, "");
        end.transmits(&["88 02 03e8"]);
        assert_eq!(end.hears(&["88 02 03ed"]), [broken(Violation::CloseCodeInvalid(CloseCode(1005)))]);
        end.transmits(&["half-close"]); // the one Close that may be sent is out already
        assert_eq!(end.ending(), (1006, false));
    });
}

// ---- 7.4: codes -----------------------------------------------------------------------------------------------------

/// The codes that sections 7.4.1 and 7.4.2 and the registry allow on the wire.
const MAY_BE_SENT: [std::ops::RangeInclusive<u16>; 4] = [
    1000..=1003, // 1004 is reserved, 1005 and 1006 are for reports only
    1007..=1011, // 7.4.1
    1012..=1014, // registered since; 1015 is for reports only, and 1016 to 2999 belong to nobody
    3000..=4999, // registered by libraries, and private
];

fn may_be_sent(code: u16) -> bool {
    MAY_BE_SENT.iter().any(|codes| codes.contains(&code))
}

#[test]
fn every_code_that_may_be_sent_is_taken_and_every_other_one_refused() {
    let now = Instant::now();
    for role in [SERVER, CLIENT] {
        for code in 0..=u16::MAX {
            let mut end = End::at(now, role, Config::default());
            let heard = end.hears(&[&format!("88 02 {code:04x}")]);
            if may_be_sent(code) {
                assert_eq!(heard, [close(code, "")], "{role:?}");
                let answer = format!("88 02 {code:04x}");
                end.transmits_by_role(&[&answer, "half-close"], &[&answer]);
                assert_eq!(end.ending(), (code, true));
            } else {
                assert_eq!(heard, [broken(Violation::CloseCodeInvalid(CloseCode(code)))], "{role:?}");
                assert_eq!(end.ending(), (1006, false));
                assert_eq!(end.connection.close_info().sent.map(|frame| frame.code), Some(CloseCode::PROTOCOL_ERROR));
            }
        }
    }
}

#[test]
fn every_code_is_taken_or_refused_in_the_answer_to_ones_own_close_too() {
    let now = Instant::now();
    for role in [SERVER, CLIENT] {
        for code in 0..=u16::MAX {
            let mut end = End::at(now, role, Config::default());
            end.close(1000, "");
            end.transmits(&["88 02 03e8"]);
            let heard = end.hears(&[&format!("88 02 {code:04x}")]);
            if may_be_sent(code) {
                assert_eq!(heard, [close(code, "")], "{role:?}");
                end.transmits_by_role(&["half-close"], &[]);
                assert_eq!(end.ending(), (code, true));
            } else {
                assert_eq!(heard, [broken(Violation::CloseCodeInvalid(CloseCode(code)))], "{role:?}");
                end.transmits(&["half-close"]); // and no second Close
                assert_eq!(end.ending(), (1006, false));
            }
        }
    }
}

//= docs/src/rfc6455.md#section-7-4-1
//= type=test
//# An endpoint MAY use the codes of this section in the Close that it sends.
//= docs/src/rfc6455.md#section-7-4-1
//= type=test
//# The codes 1005, 1006 and 1015 MUST NOT be put into a Close.
#[test]
fn every_code_that_may_not_be_sent_is_refused_to_the_caller() {
    let now = Instant::now();
    for role in [SERVER, CLIENT] {
        let mut end = End::at(now, role, Config::default());
        for code in 0..=u16::MAX {
            let frame = CloseFrame { code: CloseCode(code), reason: String::new() };
            // 1010 says that a server lacks an extension: a server cannot say that (7.4.1).
            if may_be_sent(code) && !(code == 1010 && role == SERVER) {
                let mut end = End::at(now, role, Config::default());
                assert_eq!(end.connection.close(Some(frame), now), Ok(()), "{role:?} {code}");
                end.transmits(&[&format!("88 02 {code:04x}")]);
            } else {
                let usage_error = UsageError::CloseCodeNotSendable(CloseCode(code));
                assert_eq!(end.connection.close(Some(frame), now), Err(usage_error), "{role:?} {code}");
                assert_eq!(end.connection.queued_bytes(), 0);
                assert_eq!(end.connection.state(), State::Open);
            }
        }
    }
}

//= docs/src/rfc6455.md#section-7-4-1
//= type=test
//# An endpoint that understands only text MAY close with 1003 when it receives binary.
#[test]
fn an_end_that_takes_only_text_can_say_so_with_1003() {
    both(|end| {
        assert_eq!(end.hears(&["82 01 00"]), [common::binary("00")]);
        end.close(1003, "text only");
        end.transmits(&["88 0b 03eb 74657874206f6e6c79"]);
        assert_eq!(end.hears(&["88 02 03eb"]), [close(1003, "")]);
        assert_eq!(end.ending(), (1003, true));
    });
}

#[test]
fn a_client_that_misses_extensions_can_name_them_and_a_server_hears_which() {
    let mut pair = Pair::new();
    pair.client.close(1010, "permessage-deflate, x-gadget");
    pair.drive();
    assert_eq!(pair.heard_by_server, [close(1010, "permessage-deflate, x-gadget")]);
    assert_eq!(pair.server.ending(), (1010, true));
}

#[test]
fn a_close_frame_is_checked_when_it_is_made() {
    assert!(CloseFrame::new(CloseCode::NORMAL, "x".repeat(123)).is_ok());
    assert_eq!(CloseFrame::new(CloseCode::NORMAL, "x".repeat(124)), Err(UsageError::CloseReasonTooLong(124)));
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        let usage_error = UsageError::CloseCodeNotSendable(CloseCode(code));
        assert_eq!(CloseFrame::new(CloseCode(code), ""), Err(usage_error));
    }
}

#[test]
fn codes_have_their_numbers_and_names() {
    for (code, printed) in [
        (CloseCode::NORMAL, "1000 (normal closure)"),
        (CloseCode::GOING_AWAY, "1001 (going away)"),
        (CloseCode::PROTOCOL_ERROR, "1002 (protocol error)"),
        (CloseCode::UNSUPPORTED_DATA, "1003 (unsupported data)"),
        (CloseCode::NO_STATUS_RECEIVED, "1005 (no status code)"),
        (CloseCode::ABNORMAL_CLOSURE, "1006 (abnormal closure)"),
        (CloseCode::INVALID_DATA, "1007 (invalid data)"),
        (CloseCode::POLICY_VIOLATION, "1008 (policy violation)"),
        (CloseCode::MESSAGE_TOO_BIG, "1009 (message too big)"),
        (CloseCode::MANDATORY_EXTENSION, "1010 (mandatory extension missing)"),
        (CloseCode::INTERNAL_ERROR, "1011 (internal error)"),
        (CloseCode::SERVICE_RESTART, "1012 (service restart)"),
        (CloseCode::TRY_AGAIN_LATER, "1013 (try again later)"),
        (CloseCode::BAD_GATEWAY, "1014 (bad gateway)"),
        (CloseCode::TLS_HANDSHAKE, "1015 (TLS handshake failed)"),
        (CloseCode(3000), "3000 (registered by a library)"),
        (CloseCode(4999), "4999 (private)"),
        (CloseCode(2000), "2000 (unassigned)"),
    ] {
        assert_eq!(code.to_string(), printed);
    }
}

// ---- After one's own Close ------------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# An endpoint MUST NOT send any data frame after its Close.
//= docs/src/rfc6455.md#section-6-1
//= type=test
//# An endpoint MUST make sure that the connection is OPEN before it sends a message.
#[test]
fn nothing_is_sent_after_ones_own_close() {
    both(|end| {
        end.close(1000, "");
        sends_nothing_more(end);
        end.transmits(&["88 02 03e8"]);
    });
}

//= docs/src/rfc6455.md#section-6-1
//= type=test
//# An endpoint MUST make sure that the connection is OPEN before it sends a message.
#[test]
fn nothing_is_sent_after_the_peers_close() {
    both(|end| {
        end.hears(&["88 02 03e8"]);
        sends_nothing_more(end);
        end.transmits_by_role(&["88 02 03e8", "half-close"], &["88 02 03e8"]);
    });
}

#[track_caller]
fn sends_nothing_more(end: &mut End) {
    let connection = &mut end.connection;
    let queued = connection.queued_bytes();
    assert_eq!(connection.send(Message::text("x")), Err(UsageError::AfterClose));
    assert_eq!(connection.send(Message::binary(vec![0; 10_000])), Err(UsageError::AfterClose));
    assert_eq!(connection.send_text("x"), Err(UsageError::AfterClose));
    assert_eq!(connection.send_binary(b"x"), Err(UsageError::AfterClose));
    assert_eq!(connection.send_fragment(MessageKind::Text, b"x", true), Err(UsageError::AfterClose));
    assert_eq!(connection.ping(b""), Err(UsageError::AfterClose));
    assert_eq!(connection.pong(b""), Err(UsageError::AfterClose));
    if connection.role() == SERVER {
        assert_eq!(connection.send_prepared(&protocol::PreparedMessage::new(&"x".into())), Err(UsageError::AfterClose));
    }
    assert_eq!(connection.queued_bytes(), queued);
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# An endpoint MAY put off its Close until the message that it is sending has been sent.
//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# An endpoint MAY send the remaining fragments of that message before its Close.
#[test]
fn the_peers_data_still_arrives_after_ones_own_close() {
    both(|end| {
        end.close(1000, "");
        assert_eq!(
            end.hears(&["81 05 48656c6c6f", "01 01 61", "80 01 62", "88 02 03e8"]),
            [text("Hello"), text("ab"), close(1000, "")]
        );
    });
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# The answer to a Close SHOULD be sent as soon as is practical.
//= docs/src/rfc6455.md#section-6-1
//= type=test
//# If the state of the connection changes meanwhile, an endpoint MUST abandon the steps that are left.
#[test]
fn a_close_inside_ones_own_fragmented_message_leaves_it_unfinished() {
    both(|end| {
        end.connection.send_fragment(MessageKind::Text, b"Hel", false).unwrap();
        end.close(1000, "");
        assert_eq!(end.connection.send_fragment(MessageKind::Text, b"lo", true), Err(UsageError::AfterClose));
        end.transmits(&["01 03 48656c", "88 02 03e8"]);
    });
    both(|end| {
        end.connection.send_fragment(MessageKind::Text, b"Hel", false).unwrap();
        end.hears(&["88 02 03e8"]);
        assert_eq!(end.connection.send_fragment(MessageKind::Text, b"lo", true), Err(UsageError::AfterClose));
        end.transmits_by_role(&["01 03 48656c", "88 02 03e8", "half-close"], &["01 03 48656c", "88 02 03e8"]);
    });
}

#[test]
fn the_peer_may_close_inside_its_own_message_after_ones_own_close() {
    both(|end| {
        end.close(1000, "");
        end.sent();
        assert_eq!(end.hears(&["01 03 48656c", "88 02 03e8"]), [close(1000, "")]);
        assert_eq!(end.ending(), (1000, true));
    });
}

//= docs/src/rfc6455.md#section-7-4
//= type=test
//# An endpoint MAY say why it closes an established connection.
#[test]
fn closing_twice_is_closing_once() {
    both(|end| {
        end.close(4000, "a");
        end.close(4001, "b");
        end.close_without_code();
        end.transmits(&["88 03 0fa0 61"]);
        let sent = end.connection.close_info().sent.unwrap();
        assert_eq!((sent.code.0, sent.reason.as_str()), (4000, "a"));
    });
}

#[test]
fn closing_again_does_not_postpone_the_deadline() {
    both(|end| {
        end.close(1000, "");
        end.transmits(&["88 02 03e8"]);
        let deadline = end.connection.poll_timeout();
        end.wait(s(3));
        end.close(1000, "");
        assert_eq!(end.connection.poll_timeout(), deadline, "an impatient caller waits no longer");
    });
}

#[test]
fn closing_after_the_peer_closed_changes_nothing() {
    both(|end| {
        end.hears(&["88 02 0fa0"]);
        end.transmits_by_role(&["88 02 0fa0", "half-close"], &["88 02 0fa0"]);
        let (close_info, deadline) = (end.connection.close_info(), end.connection.poll_timeout());
        end.wait(s(1));
        end.close(1000, "");
        end.transmits_nothing();
        assert_eq!((end.connection.close_info(), end.connection.poll_timeout()), (close_info, deadline));
    });
}

#[test]
fn closing_after_the_end_changes_nothing() {
    both(|end| {
        end.hears_end();
        end.transmits(&["disconnect"]);
        let close_info = end.connection.close_info();
        end.close(1000, "");
        assert_eq!(end.connection.queued_bytes(), 0);
        end.transmits_nothing();
        assert_eq!(end.connection.poll_timeout(), None, "nothing is left to wait for");
        assert_eq!(end.connection.close_info(), close_info, "final once CLOSED");
    });
}

// ---- What is told to the application --------------------------------------------------------------------------------

#[test]
fn an_ending_is_told_in_a_sentence() {
    let ended = |prepare: fn(&mut End)| {
        let mut server = End::server();
        prepare(&mut server);
        server.connection.close_info().to_string()
    };
    assert_eq!(ended(|end| drop(end.hears(&["88 02 03e8"]))), "1000 (normal closure), closed by the peer");
    assert_eq!(ended(|end| drop(end.hears(&["88 05 0fa0 620a65"]))), "4000 (private) \"b\\ne\", closed by the peer");
    assert_eq!(ended(|end| drop(end.hears(&["88 05 0fa0 276122"]))), "4000 (private) \"'a\\\"\", closed by the peer");
    assert_eq!(ended(|end| drop(end.hears(&["88 00"]))), "1005 (no status code), closed by the peer");
    assert_eq!(ended(|_| ()), "1006 (abnormal closure), the connection ended without a Close frame");
    assert_eq!(ended(|end| end.close(1000, "")), "1006 (abnormal closure), the peer never answered the Close");
    assert_eq!(
        ended(|end| {
            end.close(1000, "");
            end.hears(&["88 02 03e8"]);
        }),
        "1000 (normal closure), closed by this end"
    );
    assert_eq!(
        ended(|end| drop(end.hears(&["83 00"]))),
        "1006 (abnormal closure), failed by this end: opcode 0x3 is reserved (RFC 6455, section 5.2)"
    );
}

#[test]
fn states_have_the_rfcs_names() {
    let names = [State::Connecting, State::Open, State::Closing, State::Closed].map(|state| state.to_string());
    assert_eq!(names, ["CONNECTING", "OPEN", "CLOSING", "CLOSED"]);
}
