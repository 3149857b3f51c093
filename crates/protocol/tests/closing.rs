//! Section 7 and 5.5.1: how connections end.

mod common;

use std::time::{Duration, Instant};

use bytes::Buf;
use common::{
    End, Heard, Pair, Step, both, both_with, broken, close, empty_close, hex, ms, peer_of, ping, s, text, wire,
};
use protocol::{
    CloseCode, CloseFrame, Closure, Config, End as Side, Kind, Message, Misuse, Role, State, Transmit, Violation,
};

const CLIENT: Role = Role::Client;
const SERVER: Role = Role::Server;

// ---- The closing handshake, two ends joined -------------------------------------------------------------------------

/// Checks who did what to TCP, in order.
#[track_caller]
fn tcp(pair: &Pair, expected: &[(Role, Step)]) {
    assert_eq!(pair.tcp, expected);
}

/// The server ends its stream first, then both let go.
const SERVER_FIRST: [(Role, Step); 3] =
    [(SERVER, Step::HalfClose), (CLIENT, Step::Disconnect), (SERVER, Step::Disconnect)];

#[test]
fn a_client_closes_and_the_server_closes_tcp_first() {
    let mut pair = Pair::new();
    pair.client.close(1000, "done");
    pair.drive();
    assert_eq!(pair.sent_by_client, wire(CLIENT, &["88 06 03e8 646f6e65"]));
    assert_eq!(pair.sent_by_server, wire(SERVER, &["88 02 03e8"]), "the answer has the code and not the reason");
    assert_eq!(pair.heard_by_server, [close(1000, "done")]);
    assert_eq!(pair.heard_by_client, [close(1000, "")]);
    tcp(&pair, &SERVER_FIRST);
    for end in [&pair.client, &pair.server] {
        assert_eq!(end.connection.state(), State::Closed);
        assert_eq!(end.ending(), (1000, true));
        assert_eq!(end.connection.poll_timeout(), None);
    }
    assert_eq!(pair.client.connection.closure().started_by, Some(Side::Us));
    assert_eq!(pair.server.connection.closure().started_by, Some(Side::Peer));
}

#[test]
fn a_server_closes_and_closes_tcp_first() {
    let mut pair = Pair::new();
    pair.server.close(1001, "");
    pair.drive();
    assert_eq!(pair.sent_by_server, wire(SERVER, &["88 02 03e9"]));
    assert_eq!(pair.sent_by_client, wire(CLIENT, &["88 02 03e9"]));
    tcp(&pair, &SERVER_FIRST);
    assert_eq!((pair.client.ending(), pair.server.ending()), ((1001, true), (1001, true)));
}

#[test]
fn crossing_closes_are_one_closing_handshake() {
    let mut pair = Pair::new();
    pair.client.close(4001, "c");
    pair.server.close(4002, "s");
    pair.drive();
    // One Close each: nobody answers again.
    assert_eq!(pair.sent_by_client, wire(CLIENT, &["88 03 0fa1 63"]));
    assert_eq!(pair.sent_by_server, wire(SERVER, &["88 03 0fa2 73"]));
    tcp(&pair, &SERVER_FIRST);
    // Each end reports the code of the other (7.1.5).
    assert_eq!((pair.client.ending(), pair.server.ending()), ((4002, true), (4001, true)));
    assert_eq!(pair.client.connection.closure().reason, "s");
    assert_eq!(pair.server.connection.closure().reason, "c");
}

#[test]
fn a_close_without_a_code_is_reported_as_1005_and_never_sent_as_such() {
    for closer in [CLIENT, SERVER] {
        let mut pair = Pair::new();
        if closer == CLIENT { &mut pair.client } else { &mut pair.server }.close_without_code();
        pair.drive();
        assert_eq!(pair.sent_by_client, wire(CLIENT, &["88 00"]));
        assert_eq!(pair.sent_by_server, wire(SERVER, &["88 00"]));
        tcp(&pair, &SERVER_FIRST);
        assert_eq!((pair.client.ending(), pair.server.ending()), ((1005, true), (1005, true)));
    }
}

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
        tcp(&pair, &SERVER_FIRST);
    }
}

#[test]
fn a_server_whose_client_breaks_a_rule_tells_it_why_and_closes_tcp_first() {
    let mut pair = Pair::new();
    pair.server.hears_bytes(&hex("81 00")); // without a mask
    pair.drive();
    assert_eq!(pair.heard_by_client, [close(1002, "a client's frames must be masked (RFC 6455, section 5.1)")]);
    tcp(&pair, &SERVER_FIRST);
    assert_eq!(pair.server.ending(), (1006, false), "no Close came that counts");
    assert_eq!(pair.client.ending(), (1002, true));
}

#[test]
fn a_client_whose_server_breaks_a_rule_tells_it_why_and_ends_its_stream() {
    let mut pair = Pair::new();
    pair.client.hears_bytes(&hex("81 80 00000000"));
    pair.drive();
    assert_eq!(pair.heard_by_server, [close(1002, "a server's frames must not be masked (RFC 6455, section 5.1)")]);
    // The server has sent and received a Close: it ends its stream too, and as nothing more can come it lets go.
    tcp(
        &pair,
        &[(CLIENT, Step::HalfClose), (SERVER, Step::HalfClose), (SERVER, Step::Disconnect), (CLIENT, Step::Disconnect)],
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
    assert!(!client.connection.closure().timed_out);
}

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

#[test]
fn the_answer_to_a_close_may_have_another_code() {
    both(|end| {
        end.close(1000, "");
        end.sent();
        assert_eq!(end.hears(&["88 02 03e9"]), [close(1001, "")]);
        assert_eq!(end.ending(), (1001, true));
        assert_eq!(end.connection.closure().sent, Some(CloseFrame { code: CloseCode::NORMAL, reason: String::new() }));
    });
}

#[test]
fn a_reason_has_at_most_123_bytes() {
    let longest = "x".repeat(123);
    both(|end| {
        let frame = format!("88 7d 03e8 {}", "78".repeat(123));
        assert_eq!(end.hears(&[&frame]), [close(1000, &longest)]);
        assert_eq!(end.connection.closure().reason, longest);
    });
    both(|end| {
        let too_long = CloseFrame { code: CloseCode::NORMAL, reason: "x".repeat(124) };
        assert_eq!(end.connection.close(Some(too_long), end.now), Err(Misuse::CloseReasonTooLong(124)));
        // Bytes count, not characters.
        let too_long = CloseFrame { code: CloseCode::NORMAL, reason: "\u{20ac}".repeat(42) };
        assert_eq!(end.connection.close(Some(too_long), end.now), Err(Misuse::CloseReasonTooLong(126)));
        end.transmits_nothing();
        assert_eq!(end.connection.state(), State::Open);
        end.close(1000, &longest);
        end.transmits(&[&format!("88 7d 03e8 {}", "78".repeat(123))]);
    });
}

#[test]
fn a_body_of_one_byte_is_half_a_code() {
    both(|end| {
        assert_eq!(end.hears(&["88 01 03"]), [broken(Violation::CloseBodyOneByte)]);
        end.transmits_failure(1002);
        assert_eq!(end.ending(), (1006, false));
    });
}

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
                end.steps();
                assert_eq!(end.ending(), (code, true));
            } else {
                assert_eq!(heard, [broken(Violation::CloseCodeInvalid(CloseCode(code)))], "{role:?}");
                assert_eq!(end.ending(), (1006, false));
                assert_eq!(end.connection.closure().sent.map(|frame| frame.code), Some(CloseCode::PROTOCOL_ERROR));
            }
        }
    }
}

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
                let misuse = Misuse::CloseCodeNotSendable(CloseCode(code));
                assert_eq!(end.connection.close(Some(frame), now), Err(misuse), "{role:?} {code}");
                assert_eq!(end.connection.queued(), 0);
                assert_eq!(end.connection.state(), State::Open);
            }
        }
    }
}

#[test]
fn a_close_frame_is_checked_when_it_is_made() {
    assert!(CloseFrame::new(CloseCode::NORMAL, "x".repeat(123)).is_ok());
    assert_eq!(CloseFrame::new(CloseCode::NORMAL, "x".repeat(124)), Err(Misuse::CloseReasonTooLong(124)));
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        let misuse = Misuse::CloseCodeNotSendable(CloseCode(code));
        assert_eq!(CloseFrame::new(CloseCode(code), ""), Err(misuse));
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

#[test]
fn nothing_is_sent_after_ones_own_close() {
    both(|end| {
        end.close(1000, "");
        sends_nothing_more(end);
        end.transmits(&["88 02 03e8"]);
    });
}

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
    let queued = connection.queued();
    assert_eq!(connection.send(Message::text("x")), Err(Misuse::AfterClose));
    assert_eq!(connection.send(Message::binary(vec![0; 10_000])), Err(Misuse::AfterClose));
    assert_eq!(connection.send_text("x"), Err(Misuse::AfterClose));
    assert_eq!(connection.send_binary(b"x"), Err(Misuse::AfterClose));
    assert_eq!(connection.send_fragment(Kind::Text, b"x", true), Err(Misuse::AfterClose));
    assert_eq!(connection.ping(b""), Err(Misuse::AfterClose));
    assert_eq!(connection.pong(b""), Err(Misuse::AfterClose));
    if connection.role() == SERVER {
        assert_eq!(connection.send_prepared(&protocol::Prepared::new(&"x".into())), Err(Misuse::AfterClose));
    }
    assert_eq!(connection.queued(), queued);
}

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

#[test]
fn a_close_inside_ones_own_fragmented_message_leaves_it_unfinished() {
    both(|end| {
        end.connection.send_fragment(Kind::Text, b"Hel", false).unwrap();
        end.close(1000, "");
        assert_eq!(end.connection.send_fragment(Kind::Text, b"lo", true), Err(Misuse::AfterClose));
        end.transmits(&["01 03 48656c", "88 02 03e8"]);
    });
    both(|end| {
        end.connection.send_fragment(Kind::Text, b"Hel", false).unwrap();
        end.hears(&["88 02 03e8"]);
        assert_eq!(end.connection.send_fragment(Kind::Text, b"lo", true), Err(Misuse::AfterClose));
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

#[test]
fn closing_twice_is_closing_once() {
    both(|end| {
        end.close(4000, "a");
        end.close(4001, "b");
        end.close_without_code();
        end.transmits(&["88 03 0fa0 61"]);
        let sent = end.connection.closure().sent.unwrap();
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
        let (closure, deadline) = (end.connection.closure(), end.connection.poll_timeout());
        end.wait(s(1));
        end.close(1000, "");
        end.transmits_nothing();
        assert_eq!((end.connection.closure(), end.connection.poll_timeout()), (closure, deadline));
    });
}

#[test]
fn closing_after_the_end_changes_nothing() {
    both(|end| {
        end.hears_end();
        end.transmits(&["disconnect"]);
        let closure = end.connection.closure();
        end.close(1000, "");
        assert_eq!(end.connection.queued(), 0);
        end.transmits_nothing();
        assert_eq!(end.connection.poll_timeout(), None, "nothing is left to wait for");
        assert_eq!(end.connection.closure(), closure, "final once CLOSED");
    });
}

// ---- 7.1.5: without a Close -----------------------------------------------------------------------------------------

#[test]
fn an_end_without_a_close_is_1006() {
    both(|end| {
        assert_eq!(end.connection.closure(), open_closure());
        assert_eq!(end.hears_end(), []);
        end.transmits(&["disconnect"]);
        assert_eq!(end.connection.state(), State::Closed);
        assert_eq!(end.connection.closure(), open_closure());
    });
}

/// Nothing was said, by nobody.
fn open_closure() -> Closure {
    let fresh = End::server();
    let closure = fresh.connection.closure();
    assert_eq!((closure.code, closure.reason.as_str()), (CloseCode::ABNORMAL_CLOSURE, ""));
    assert_eq!((closure.was_clean, closure.started_by, closure.timed_out), (false, None, false));
    assert_eq!((&closure.sent, &closure.violation), (&None, &None));
    closure
}

#[test]
fn an_end_in_the_middle_of_a_frame_is_1006() {
    for frames in [&["81 05 48656c6c6f"][..], &["82 7e007e"], &["01 01 61", "80 01 62"], &["88 02 03e8"], &["89 01 70"]]
    {
        both(|end| {
            let bytes = wire(peer_of(end.role()), frames);
            for cut in 1..bytes.len() {
                let mut end = End::new(end.role(), Config::default());
                assert_eq!(end.hears_bytes(&bytes[..cut]), [], "{frames:?} cut at {cut}");
                assert_eq!(end.hears_end(), [], "{frames:?} cut at {cut}");
                end.transmits(&["disconnect"]);
                assert_eq!(end.ending(), (1006, false));
            }
        });
    }
}

#[test]
fn messages_before_the_end_are_delivered() {
    both(|end| {
        end.connection.receive(&wire(peer_of(end.role()), &["81 05 48656c6c6f", "81 02 6f6b", "81 05 48"]));
        end.connection.receive_end();
        assert_eq!(end.events(), [text("Hello"), text("ok")]);
        end.transmits(&["disconnect"]);
    });
}

#[test]
fn the_end_counts_only_when_everything_before_it_was_handled() {
    both(|end| {
        end.connection.receive(&wire(peer_of(end.role()), &["81 05 48656c6c6f", "88 02 03e8"]));
        end.connection.receive_end();
        end.transmits_nothing();
        assert_eq!(end.connection.state(), State::Open);
        assert_eq!(end.events(), [text("Hello"), close(1000, "")]);
        end.transmits(&["88 02 03e8", "disconnect"]);
        assert_eq!(end.ending(), (1000, true));
    });
}

#[test]
fn an_end_instead_of_an_answer_is_not_clean() {
    both(|end| {
        end.close(1000, "");
        end.transmits(&["88 02 03e8"]);
        end.hears_end();
        end.transmits(&["disconnect"]);
        assert_eq!(end.ending(), (1006, false));
        assert_eq!(end.connection.closure().started_by, Some(Side::Us));
        assert!(!end.connection.closure().timed_out);
    });
}

#[test]
fn a_lost_transport_is_1006() {
    both(|end| {
        end.connection.transport_lost();
        assert_eq!(end.events(), []);
        end.transmits(&["disconnect"]);
        assert_eq!(end.ending(), (1006, false));
    });
}

#[test]
fn what_had_arrived_before_the_transport_was_lost_is_delivered() {
    both(|end| {
        end.connection.receive(&wire(peer_of(end.role()), &["81 05 48656c6c6f", "81 02 6f6b"]));
        end.connection.transport_lost();
        assert_eq!(end.events(), [text("Hello"), text("ok")]);
        end.transmits(&["disconnect"]);
    });
}

#[test]
fn what_was_queued_when_the_transport_was_lost_is_forgotten() {
    both(|end| {
        end.connection.send_text("Hello").unwrap();
        end.connection.transport_lost();
        assert_eq!(end.connection.queued(), 0);
        end.events();
        end.transmits(&["disconnect"]);
    });
}

#[test]
fn after_the_transport_is_lost_nothing_is_transmitted() {
    // Neither what the protocol would answer ...
    for frames in [&["89 01 61"][..], &["83 00"], &["88 02 03e8"]] {
        both(|end| {
            end.connection.receive(&wire(peer_of(end.role()), frames));
            end.connection.transport_lost();
            assert_eq!(end.events().len(), 1);
            end.transmits(&["disconnect"]);
        });
    }
    // ... nor what the application still wants to say.
    both(|end| {
        end.connection.transport_lost();
        let _ = end.connection.send_text("Hello");
        let _ = end.connection.close(None, end.now);
        end.events();
        end.transmits(&["disconnect"]);
    });
}

#[test]
fn after_a_write_failed_the_peer_can_still_be_heard() {
    // It may have closed and gone, and its Close lies in the kernel's buffer: that says more than a broken pipe.
    both(|end| {
        end.connection.send_text("Hello").unwrap();
        end.connection.sending_lost(end.now);
        assert_eq!(end.connection.queued(), 0);
        end.transmits_nothing();
        assert_eq!(end.hears(&["81 02 6f6b", "89 01 70", "88 02 03e9"]), [text("ok"), ping("70"), close(1001, "")]);
        end.transmits_nothing(); // neither Pong nor Close nor half-close: nothing can be sent
        end.hears_end();
        end.transmits(&["disconnect"]);
        assert_eq!(end.ending(), (1001, false));
    });
}

#[test]
fn after_a_write_failed_the_peer_has_until_the_deadline() {
    both(|end| {
        end.connection.send_text("Hello").unwrap();
        end.connection.sending_lost(end.now);
        assert_eq!(end.connection.poll_timeout(), Some(end.now + s(5)));
        end.wait(s(3));
        end.connection.sending_lost(end.now); // another write has failed; that is no reason to wait longer
        assert_eq!(end.hears(&["81 02 6f6b"]), [text("ok")]);
        end.wait(s(2));
        end.transmits(&["disconnect"]);
        assert_eq!(end.ending(), (1006, false));
        assert!(end.connection.closure().timed_out);
    });
}

#[test]
fn after_a_write_failed_a_violation_is_still_one() {
    both(|end| {
        end.connection.sending_lost(end.now);
        assert_eq!(end.hears(&["83 00"]), [broken(Violation::ReservedOpcode(3))]);
        end.transmits_nothing();
        end.wait(s(5));
        end.transmits(&["disconnect"]);
    });
}

#[test]
fn a_close_that_never_left_is_no_clean_end() {
    // 7.1.4: clean is a connection whose closing handshake was completed. The peer has closed, and then it was gone.
    both(|end| {
        assert_eq!(end.hears(&["88 02 03e8"]), [close(1000, "")]);
        end.connection.transport_lost();
        end.events();
        end.transmits(&["disconnect"]);
        assert_eq!(end.ending(), (1000, false));
    });
    both(|end| {
        assert_eq!(end.hears(&["88 02 03e8"]), [close(1000, "")]);
        assert_eq!(end.steps_while_blocked(), []);
        end.wait(s(5));
        assert_eq!(end.steps_while_blocked(), [Step::Disconnect]);
        assert_eq!(end.ending(), (1000, false));
    });
}

// ---- 7.1.7: failing -------------------------------------------------------------------------------------------------

#[test]
fn a_violation_is_reported_once_and_kept() {
    both(|end| {
        assert_eq!(end.hears(&["83 00"]), [broken(Violation::ReservedOpcode(3))]);
        assert_eq!(end.hears(&["83 00"]), []);
        assert_eq!(end.connection.closure().violation, Some(Violation::ReservedOpcode(3)));
        assert_eq!(end.connection.closure().started_by, Some(Side::Us));
        assert_eq!(end.connection.state(), State::Closing);
    });
}

#[test]
fn a_failed_connection_is_deaf() {
    both(|end| {
        assert_eq!(end.hears(&["c1 05 48656c6c6f", "81 02 6f6b"]), [broken(Violation::ReservedBitsSet(0x40))]);
        end.transmits_failure(1002);
        // Neither a message nor a Ping nor the peer's Close is heard, and nothing is answered.
        assert_eq!(end.hears(&["81 02 6f6b", "89 00", "88 02 03e8", "83 00"]), []);
        end.transmits_nothing();
        assert_eq!(end.ending(), (1006, false));
    });
}

#[test]
fn messages_before_a_violation_are_delivered() {
    both(|end| {
        assert_eq!(
            end.hears(&["81 05 48656c6c6f", "01 01 61", "80 01 62", "83 00"]),
            [text("Hello"), text("ab"), broken(Violation::ReservedOpcode(3))]
        );
    });
}

#[test]
fn what_was_queued_before_a_violation_is_sent_before_the_close() {
    both(|end| {
        end.connection.send_text("ok").unwrap();
        end.hears(&["83 00"]);
        let steps = end.steps();
        let [Step::Bytes(bytes), Step::HalfClose] = &steps[..] else { panic!("{steps:?}") };
        assert!(bytes.starts_with(&wire(end.role(), &["81 02 6f6b"])));
    });
}

#[test]
fn a_failing_end_says_why_in_its_close() {
    both(|end| {
        end.hears(&["83 00"]);
        assert_eq!(end.transmits_failure(1002), "opcode 0x3 is reserved (RFC 6455, section 5.2)");
    });
    both(|end| {
        end.hears(&["88 02 ffff"]);
        assert_eq!(end.transmits_failure(1002), "close code 65535 must not be sent (RFC 6455, section 7.4)");
    });
}

#[test]
fn a_violation_after_ones_own_close_ends_the_stream_without_another_close() {
    both(|end| {
        end.close(1000, "");
        end.transmits(&["88 02 03e8"]);
        assert_eq!(end.hears(&["83 00"]), [broken(Violation::ReservedOpcode(3))]);
        end.transmits(&["half-close"]);
        assert_eq!(end.ending(), (1006, false));
        assert_eq!(end.connection.closure().sent.map(|frame| frame.code), Some(CloseCode::NORMAL));
    });
}

#[test]
fn garbage_behind_a_close_is_no_violation() {
    both(|end| {
        assert_eq!(end.hears(&["88 02 03e8", "83 00", "ff 7f"]), [close(1000, "")]);
        end.transmits_by_role(&["88 02 03e8", "half-close"], &["88 02 03e8"]);
        assert_eq!(end.ending(), (1000, true));
    });
}

#[test]
fn a_failed_end_lets_go_when_the_peer_ends_its_stream() {
    both(|end| {
        end.hears(&["83 00"]);
        end.transmits_failure(1002);
        assert_eq!(end.connection.state(), State::Closing);
        end.hears_end();
        end.transmits(&["disconnect"]);
        assert_eq!(end.connection.state(), State::Closed);
    });
}

// ---- Deadlines ------------------------------------------------------------------------------------------------------

#[test]
fn there_is_no_deadline_while_open() {
    both(|end| {
        assert_eq!(end.connection.poll_timeout(), None);
        end.hears(&["81 02 6f6b", "89 00"]);
        end.connection.ping(b"").unwrap();
        assert_eq!(end.connection.poll_timeout(), None);
        // A day of silence is no reason to end a connection (7.3).
        assert_eq!(end.wait(s(86_400)), []);
        assert_eq!(end.connection.state(), State::Open);
    });
}

#[test]
fn a_peer_that_never_answers_a_close_is_dropped_at_the_deadline() {
    both(|end| {
        end.close(1000, "");
        end.transmits(&["88 02 03e8"]);
        assert_eq!(end.connection.poll_timeout(), Some(end.now + s(5)));
        end.wait(ms(4999));
        end.transmits_nothing();
        end.wait(ms(1));
        end.transmits(&["disconnect"]);
        assert_eq!(end.connection.state(), State::Closed);
        assert_eq!(end.connection.poll_timeout(), None);
        assert_eq!(end.ending(), (1006, false));
        assert!(end.connection.closure().timed_out);
    });
}

#[test]
fn a_server_that_never_closes_tcp_is_dropped_at_the_deadline() {
    let mut client = End::client();
    client.close(1000, "");
    client.transmits(&["88 02 03e8"]);
    client.wait(s(4));
    client.hears(&["88 02 03e8"]);
    // A new deadline for the new duty.
    assert_eq!(client.connection.poll_timeout(), Some(client.now + s(5)));
    client.wait(s(5));
    client.transmits(&["disconnect"]);
    assert_eq!(client.ending(), (1000, true), "the closing handshake was complete all the same");
    assert!(client.connection.closure().timed_out);
}

#[test]
fn a_client_that_never_closes_tcp_is_dropped_at_the_deadline() {
    let mut server = End::server();
    server.hears(&["88 02 03e8"]);
    server.transmits(&["88 02 03e8", "half-close"]);
    server.wait(s(5));
    server.transmits(&["disconnect"]);
    assert_eq!(server.ending(), (1000, true));
}

#[test]
fn a_peer_that_broke_a_rule_is_dropped_at_the_deadline() {
    both(|end| {
        end.hears(&["83 00"]);
        end.transmits_failure(1002);
        // However much it goes on talking.
        for _ in 0..4 {
            end.wait(s(1));
            assert_eq!(end.hears(&["81 02 6f6b"]), []);
            end.transmits_nothing();
        }
        end.wait(s(1));
        end.transmits(&["disconnect"]);
    });
}

#[test]
fn data_does_not_postpone_the_deadline_for_the_answer() {
    both(|end| {
        end.close(1000, "");
        end.sent();
        for _ in 0..4 {
            end.wait(s(1));
            assert_eq!(end.hears(&["81 02 6f6b"]), [text("ok")]);
        }
        end.wait(s(1));
        end.transmits(&["disconnect"]);
    });
}

#[test]
fn a_close_that_cannot_be_written_is_given_up_at_the_deadline() {
    both(|end| {
        end.connection.send_binary(&[0; 1000]).unwrap();
        end.close(1000, "");
        assert_eq!(end.steps_while_blocked(), []);
        end.wait(ms(4999));
        assert_eq!(end.steps_while_blocked(), []);
        end.wait(ms(1));
        assert_eq!(end.steps_while_blocked(), [Step::Disconnect]);
        assert_eq!(end.connection.state(), State::Closed);
        assert!(end.connection.closure().timed_out);
        end.transmits_nothing();
    });
}

#[test]
fn a_peer_that_broke_a_rule_and_does_not_read_is_given_up_at_the_deadline() {
    both(|end| {
        end.hears(&["83 00"]);
        assert_eq!(end.steps_while_blocked(), []);
        end.wait(s(5));
        assert_eq!(end.steps_while_blocked(), [Step::Disconnect]);
    });
}

#[test]
fn a_peer_that_ended_its_stream_and_does_not_read_is_given_up_some_time() {
    // Without a deadline a client that sends FIN and keeps its window at zero would hold a connection for ever.
    both(|end| {
        end.connection.send_binary(&[0; 1000]).unwrap();
        end.hears_end();
        assert_eq!(end.steps_while_blocked(), []);
        end.wait(s(60));
        assert_eq!(end.steps_while_blocked(), [Step::Disconnect]);
    });
}

#[test]
fn a_blocked_close_goes_out_when_the_peer_reads_again() {
    let mut pair = Pair::new();
    pair.block(SERVER, true);
    pair.client.connection.send_text("Hello").unwrap();
    pair.client.close(1000, "");
    pair.drive();
    assert_eq!(pair.heard_by_server, []);
    pair.wait(s(4));
    pair.block(SERVER, false);
    pair.drive();
    assert_eq!(pair.heard_by_server, [text("Hello"), close(1000, "")]);
    tcp(&pair, &SERVER_FIRST);
    assert_eq!((pair.client.ending(), pair.server.ending()), ((1000, true), (1000, true)));
}

#[test]
fn two_ends_of_which_one_is_stuck_both_let_go() {
    let mut pair = Pair::new();
    pair.block(CLIENT, true); // the client does not read
    pair.server.close(1001, "");
    pair.drive();
    pair.wait(s(5));
    assert_eq!(pair.server.connection.state(), State::Closed);
    assert_eq!(pair.client.connection.state(), State::Closed, "TCP told it");
    assert_eq!((pair.client.ending(), pair.server.ending()), ((1006, false), (1006, false)));
}

#[test]
fn the_time_to_close_is_an_option() {
    let mut config = Config::default();
    config.close_timeout = s(1);
    both_with(&config, |end| {
        end.close(1000, "");
        end.sent();
        end.wait(s(1));
        end.transmits(&["disconnect"]);
    });
}

#[test]
fn unlimited_time_to_close_is_no_danger_to_arithmetic() {
    let mut config = Config::default();
    config.close_timeout = Duration::MAX;
    both_with(&config, |end| {
        end.close(1000, "");
        end.transmits(&["88 02 03e8"]);
        end.wait(s(1_000_000));
        end.transmits_nothing();
        assert_eq!(end.hears(&["88 02 03e8"]), [close(1000, "")]);
    });
}

#[test]
fn handling_a_timeout_too_early_does_nothing() {
    both(|end| {
        end.connection.handle_timeout(end.now).unwrap();
        end.close(1000, "");
        end.sent();
        end.connection.handle_timeout(end.now + ms(4999)).unwrap();
        end.transmits_nothing();
        assert_eq!(end.connection.poll_timeout(), Some(end.now + s(5)));
    });
}

#[test]
fn a_connection_that_ended_in_time_was_not_timed_out() {
    both(|end| {
        end.close(1000, "");
        end.sent();
        end.hears(&["88 02 03e8"]);
        end.steps();
        end.hears_end();
        end.transmits(&["disconnect"]);
        end.wait(s(60));
        assert!(!end.connection.closure().timed_out);
        end.transmits_nothing();
    });
}

// ---- What is told to the application --------------------------------------------------------------------------------

#[test]
fn an_ending_is_told_in_a_sentence() {
    let ended = |prepare: fn(&mut End)| {
        let mut server = End::server();
        prepare(&mut server);
        server.connection.closure().to_string()
    };
    assert_eq!(ended(|end| drop(end.hears(&["88 02 03e8"]))), "1000 (normal closure), closed by the peer");
    assert_eq!(ended(|end| drop(end.hears(&["88 05 0fa0 620a65"]))), "4000 (private) \"b\\ne\", closed by the peer");
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

// ---- Every event in every situation ---------------------------------------------------------------------------------

/// Where a connection can stand.
const SITUATIONS: [&str; 8] = [
    "open",        // nothing has happened
    "we closed",   // our Close is out, the peer's is not there
    "peer closed", // the peer's Close was there first, ours is out
    "both closed", // ours was first, the peer's is there
    "failed",      // the peer broke a rule, our Close is out
    "end seen",    // the peer has ended its stream; the driver has not dropped TCP yet
    "gave up",     // our Close was not answered in time; the driver has not dropped TCP yet
    "closed",      // TCP is gone
];

fn bring_about(situation: &str, end: &mut End) {
    match situation {
        "open" => {}
        "we closed" => end.close(4001, ""),
        "peer closed" => drop(end.hears(&["88 02 0fa2"])),
        "both closed" => {
            end.close(4001, "");
            end.hears(&["88 02 0fa2"]);
        }
        "failed" => drop(end.hears(&["83 00"])),
        "end seen" => return drop(end.hears_end()),
        "gave up" => {
            end.close(4001, "");
            end.steps();
            return drop(end.wait(s(5)));
        }
        "closed" => drop(end.hears_end()),
        other => panic!("what is {other}?"),
    }
    end.steps();
}

/// What can happen to it.
const HAPPENINGS: [&str; 12] = [
    "message",
    "ping",
    "close",
    "violation",
    "end",
    "loss",
    "mute",
    "deadline",
    "we send",
    "we ping",
    "we close",
    "we fragment",
];

/// Lets it happen; gives what was heard, or what the call was answered.
fn happen(happening: &str, end: &mut End) -> String {
    let heard = match happening {
        "message" => end.hears(&["81 02 6f6b"]),
        "ping" => end.hears(&["89 01 70"]),
        "close" => end.hears(&["88 02 0fa3"]),
        "violation" => end.hears(&["84 00"]),
        "end" => end.hears_end(),
        "loss" => {
            end.connection.transport_lost();
            end.events()
        }
        "mute" => {
            end.connection.sending_lost(end.now);
            end.events()
        }
        "deadline" => end.wait(s(60)),
        "we send" => return answered(&end.connection.send_text("ok")),
        "we ping" => return answered(&end.connection.ping(b"p")),
        "we fragment" => return answered(&end.connection.send_fragment(Kind::Binary, b"f", false)),
        "we close" => {
            end.close(4004, "");
            Vec::new()
        }
        other => panic!("what is {other}?"),
    };
    let words: Vec<&str> = heard
        .iter()
        .map(|heard| match heard {
            Heard::Text(_) => "hears ok",
            Heard::Ping(_) => "hears p",
            Heard::Close(Some((4003, _))) => "hears 4003",
            Heard::Broken(Violation::ReservedOpcode(4)) => "fails",
            other => panic!("{other:?}"),
        })
        .collect();
    words.join(", ")
}

fn answered(answer: &Result<(), Misuse>) -> String {
    match answer {
        Ok(()) => String::new(),
        Err(Misuse::AfterClose) => "refused".to_owned(),
        Err(other) => panic!("{other}"),
    }
}

/// What is done with TCP then, in words.
fn in_words(end: &End, steps: &[Step]) -> String {
    let frames = [
        ("sends ok", "81 02 6f6b"),
        ("sends f", "02 01 66"),
        ("pings", "89 01 70"),
        ("pongs", "8a 01 70"),
        ("sends 4003", "88 02 0fa3"),
        ("sends 4004", "88 02 0fa4"),
    ];
    let words: Vec<&str> = steps
        .iter()
        .map(|step| match step {
            Step::HalfClose => "half-closes",
            Step::Disconnect => "drops TCP",
            Step::Bytes(bytes) => {
                let known = frames.iter().find(|(_, frame)| wire(end.role(), &[frame]) == *bytes);
                // A Close with a reason: that of a failure.
                known.map_or_else(
                    || if bytes[0] == 0x88 { "sends 1002" } else { panic!("{step:?}") },
                    |(words, _)| words,
                )
            }
        })
        .collect();
    words.join(", ")
}

/// `situation | happening | what is heard or answered | what a server does | a client, if not the same | ending`
///
/// The ending is the state, the close code, and `clean` if the end was clean.
const TABLE: &str = "
    open        | message     | hears ok   |                          |            | OPEN 1006
    open        | ping        | hears p    | pongs                    |            | OPEN 1006
    open        | close       | hears 4003 | sends 4003, half-closes  | sends 4003 | CLOSING 4003 clean
    open        | violation   | fails      | sends 1002, half-closes  |            | CLOSING 1006
    open        | end         |            | drops TCP                |            | CLOSED 1006
    open        | loss        |            | drops TCP                |            | CLOSED 1006
    open        | mute        |            |                          |            | OPEN 1006
    open        | deadline    |            |                          |            | OPEN 1006
    open        | we send     |            | sends ok                 |            | OPEN 1006
    open        | we ping     |            | pings                    |            | OPEN 1006
    open        | we close    |            | sends 4004               |            | CLOSING 1006
    open        | we fragment |            | sends f                  |            | OPEN 1006

    we closed   | message     | hears ok   |                          |            | CLOSING 1006
    we closed   | ping        | hears p    | pongs                    |            | CLOSING 1006
    we closed   | close       | hears 4003 | half-closes              | -          | CLOSING 4003 clean
    we closed   | violation   | fails      | half-closes              |            | CLOSING 1006
    we closed   | end         |            | drops TCP                |            | CLOSED 1006
    we closed   | loss        |            | drops TCP                |            | CLOSED 1006
    we closed   | mute        |            |                          |            | CLOSING 1006
    we closed   | deadline    |            | drops TCP                |            | CLOSED 1006
    we closed   | we send     | refused    |                          |            | CLOSING 1006
    we closed   | we ping     | refused    |                          |            | CLOSING 1006
    we closed   | we close    |            |                          |            | CLOSING 1006
    we closed   | we fragment | refused    |                          |            | CLOSING 1006

    peer closed | message     |            |                          |            | CLOSING 4002 clean
    peer closed | ping        |            |                          |            | CLOSING 4002 clean
    peer closed | close       |            |                          |            | CLOSING 4002 clean
    peer closed | violation   |            |                          |            | CLOSING 4002 clean
    peer closed | end         |            | drops TCP                |            | CLOSED 4002 clean
    peer closed | loss        |            | drops TCP                |            | CLOSED 4002 clean
    peer closed | mute        |            |                          |            | CLOSING 4002 clean
    peer closed | deadline    |            | drops TCP                |            | CLOSED 4002 clean
    peer closed | we send     | refused    |                          |            | CLOSING 4002 clean
    peer closed | we ping     | refused    |                          |            | CLOSING 4002 clean
    peer closed | we close    |            |                          |            | CLOSING 4002 clean
    peer closed | we fragment | refused    |                          |            | CLOSING 4002 clean

    both closed | message     |            |                          |            | CLOSING 4002 clean
    both closed | ping        |            |                          |            | CLOSING 4002 clean
    both closed | close       |            |                          |            | CLOSING 4002 clean
    both closed | violation   |            |                          |            | CLOSING 4002 clean
    both closed | end         |            | drops TCP                |            | CLOSED 4002 clean
    both closed | loss        |            | drops TCP                |            | CLOSED 4002 clean
    both closed | mute        |            |                          |            | CLOSING 4002 clean
    both closed | deadline    |            | drops TCP                |            | CLOSED 4002 clean
    both closed | we send     | refused    |                          |            | CLOSING 4002 clean
    both closed | we ping     | refused    |                          |            | CLOSING 4002 clean
    both closed | we close    |            |                          |            | CLOSING 4002 clean
    both closed | we fragment | refused    |                          |            | CLOSING 4002 clean

    failed      | message     |            |                          |            | CLOSING 1006
    failed      | ping        |            |                          |            | CLOSING 1006
    failed      | close       |            |                          |            | CLOSING 1006
    failed      | violation   |            |                          |            | CLOSING 1006
    failed      | end         |            | drops TCP                |            | CLOSED 1006
    failed      | loss        |            | drops TCP                |            | CLOSED 1006
    failed      | mute        |            |                          |            | CLOSING 1006
    failed      | deadline    |            | drops TCP                |            | CLOSED 1006
    failed      | we send     | refused    |                          |            | CLOSING 1006
    failed      | we ping     | refused    |                          |            | CLOSING 1006
    failed      | we close    |            |                          |            | CLOSING 1006
    failed      | we fragment | refused    |                          |            | CLOSING 1006

    end seen    | end         |            | drops TCP                |            | CLOSED 1006
    end seen    | loss        |            | drops TCP                |            | CLOSED 1006
    end seen    | mute        |            | drops TCP                |            | CLOSED 1006
    end seen    | deadline    |            | drops TCP                |            | CLOSED 1006
    end seen    | we send     |            | sends ok, drops TCP      |            | CLOSED 1006
    end seen    | we ping     |            | pings, drops TCP         |            | CLOSED 1006
    end seen    | we close    |            | sends 4004, drops TCP    |            | CLOSED 1006
    end seen    | we fragment |            | sends f, drops TCP       |            | CLOSED 1006

    gave up     | message     | hears ok   | drops TCP                |            | CLOSED 1006
    gave up     | ping        | hears p    | drops TCP                |            | CLOSED 1006
    gave up     | close       | hears 4003 | drops TCP                |            | CLOSED 4003 clean
    gave up     | violation   | fails      | drops TCP                |            | CLOSED 1006
    gave up     | end         |            | drops TCP                |            | CLOSED 1006
    gave up     | loss        |            | drops TCP                |            | CLOSED 1006
    gave up     | mute        |            | drops TCP                |            | CLOSED 1006
    gave up     | deadline    |            | drops TCP                |            | CLOSED 1006
    gave up     | we send     | refused    | drops TCP                |            | CLOSED 1006
    gave up     | we ping     | refused    | drops TCP                |            | CLOSED 1006
    gave up     | we close    |            | drops TCP                |            | CLOSED 1006
    gave up     | we fragment | refused    | drops TCP                |            | CLOSED 1006

    closed      | message     |            |                          |            | CLOSED 1006
    closed      | ping        |            |                          |            | CLOSED 1006
    closed      | close       |            |                          |            | CLOSED 1006
    closed      | violation   |            |                          |            | CLOSED 1006
    closed      | end         |            |                          |            | CLOSED 1006
    closed      | loss        |            |                          |            | CLOSED 1006
    closed      | mute        |            |                          |            | CLOSED 1006
    closed      | deadline    |            |                          |            | CLOSED 1006
    closed      | we send     | refused    |                          |            | CLOSED 1006
    closed      | we ping     | refused    |                          |            | CLOSED 1006
    closed      | we close    |            |                          |            | CLOSED 1006
    closed      | we fragment | refused    |                          |            | CLOSED 1006
";

#[test]
fn every_event_in_every_situation_is_in_the_table_and_happens_as_it_says() {
    let rows: Vec<Vec<&str>> = TABLE
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let mut differences = Vec::new();
    for situation in SITUATIONS {
        for happening in HAPPENINGS {
            // No byte comes behind the end of a stream.
            if situation == "end seen" && ["message", "ping", "close", "violation"].contains(&happening) {
                continue;
            }
            let mut matching = rows.iter().filter(|row| row[0] == situation && row[1] == happening);
            let (Some(row), None) = (matching.next(), matching.next()) else {
                panic!("{situation} | {happening}: not once in the table")
            };
            let &[_, _, heard, server, client, ending] = &row[..] else { panic!("six columns in {row:?}") };
            for role in [SERVER, CLIENT] {
                let mut end = End::new(role, Config::default());
                bring_about(situation, &mut end);
                let really_heard = happen(happening, &mut end);
                let steps = end.steps();
                let really_done = in_words(&end, &steps);
                let (code, was_clean) = end.ending();
                let clean = if was_clean { " clean" } else { "" };
                let really_ended = format!("{} {code}{clean}", end.connection.state());
                if end.connection.state() == State::Closed {
                    assert_eq!(end.connection.poll_timeout(), None, "{role:?}: {situation} | {happening}");
                }
                let done = match (role, client) {
                    (SERVER, _) | (CLIENT, "") => server,
                    (CLIENT, "-") => "",
                    (CLIENT, client) => client,
                };
                if (really_heard.as_str(), really_done.as_str(), really_ended.as_str()) != (heard, done, ending) {
                    differences.push(format!(
                        "{role:?}: {situation} | {happening} | {really_heard} | {really_done} | {really_ended}"
                    ));
                }
            }
        }
    }
    assert!(differences.is_empty(), "otherwise than in the table:\n{}", differences.join("\n"));
    let left_out = 4; // bytes behind the end
    assert_eq!(rows.len(), SITUATIONS.len() * HAPPENINGS.len() - left_out, "no row without a test");
}

// ---- A driver that does not know better -----------------------------------------------------------------------------

#[test]
fn calls_in_any_order_after_the_end_are_harmless() {
    let endings: [fn(&mut End); 3] = [
        |end| drop(end.hears_end()),
        |end| end.connection.transport_lost(),
        |end| {
            end.close(1000, "");
            end.wait(s(5));
        },
    ];
    let calls: [fn(&mut End); 9] = [
        |end| end.connection.receive_end(),
        |end| end.connection.transport_lost(),
        |end| end.connection.sending_lost(end.now),
        |end| end.connection.receive(&[0xFF; 100]),
        |end| assert!(end.connection.poll_event(end.now).unwrap().is_none()),
        |end| end.connection.handle_timeout(end.now + s(1000)).unwrap(),
        |end| end.close(1000, ""),
        |end| assert_eq!(end.connection.send_text("x"), Err(Misuse::AfterClose)),
        |end| assert!(end.connection.poll_transmit().is_none()),
    ];
    for ending in endings {
        for first in calls {
            for second in calls {
                both(|end| {
                    ending(end);
                    end.events();
                    assert_eq!(end.steps().last(), Some(&Step::Disconnect));
                    let closure = end.connection.closure();
                    for call in [first, second] {
                        call(end);
                        end.events();
                        end.transmits_nothing();
                        assert_eq!(end.connection.poll_timeout(), None);
                    }
                    assert_eq!(end.connection.closure(), closure, "final once CLOSED");
                    assert_eq!((end.connection.missing(), end.connection.queued()), (0, 0));
                    assert_eq!(end.connection.state(), State::Closed);
                });
            }
        }
    }
}

#[test]
fn a_ping_that_is_answered_during_the_closing_does_not_delay_it() {
    let mut pair = Pair::new();
    pair.client.close(1000, "");
    pair.server.connection.ping(b"p").unwrap();
    pair.drive();
    assert_eq!(pair.heard_by_client, [ping("70"), close(1000, "")]);
    tcp(&pair, &SERVER_FIRST);
}
