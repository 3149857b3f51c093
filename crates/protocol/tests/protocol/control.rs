//! Section 5.5: Ping and Pong. The folder `closing` has the tests of Close.

use protocol::{Message, Role, State, UsageError, Violation, frame::Opcode};
use testkit::{
    endpoint::{TestEndpoint, for_both_roles},
    frames::mask_with_zeros,
    hex::hex,
    observed::{close, ping, pong, text, violated},
};

//= docs/src/rfc6455.md#section-5-5-2
//= type=test
//# A Ping MAY carry application data.
//= docs/src/rfc6455.md#section-5-5-2
//= type=test
//# An endpoint that receives a Ping MUST send a Pong in response, unless it has already received a
//# Close frame.
//= docs/src/rfc6455.md#section-5-5-3
//= type=test
//# A Pong that answers a Ping MUST carry exactly the application data of that Ping.
#[test]
fn a_ping_is_answered_with_a_pong_that_repeats_its_payload() {
    for (asked, answer) in [
        ("89 00", "8a 00"),
        ("89 02 6869", "8a 02 6869"),
        ("89 03 00ff80", "8a 03 00ff80"), // any bytes, not only text
    ] {
        for_both_roles(|endpoint| {
            endpoint.receive(&[asked]);
            endpoint.assert_transmits(&[answer]);
        });
    }
}

#[test]
fn a_ping_is_an_event() {
    for_both_roles(|endpoint| assert_eq!(endpoint.receive(&["89 02 6869"]), [ping("6869")]));
}

#[test]
fn an_empty_ping_from_a_client_has_six_bytes() {
    let mut server = TestEndpoint::server();
    assert_eq!(server.receive_bytes(&hex("89 80 00000000")), [ping("")]);
    assert_eq!(server.take_sent(), hex("8a 00"));
}

#[test]
fn a_control_frame_may_have_125_bytes() {
    for_both_roles(|endpoint| {
        let payload = "7a".repeat(125);
        let frame = format!("89 7d {payload}");
        assert_eq!(endpoint.receive(&[&frame]), [ping(&payload)]);
        endpoint.assert_transmits(&[&format!("8a 7d {payload}")]);
        assert_eq!(endpoint.receive(&[&format!("8a 7d {payload}")]), [pong(&payload)]);
    });
}

//= docs/src/rfc6455.md#section-5-5
//= type=test
//# The payload of a control frame MUST be at most 125 bytes long.
#[test]
fn a_control_frame_of_126_bytes_fails_the_connection() {
    for (first, opcode) in [(0x88, Opcode::Close), (0x89, Opcode::Ping), (0x8A, Opcode::Pong)] {
        for second in [126, 127] {
            for_both_roles(|endpoint| {
                // The first two bytes are enough, because a length written in more than seven bits
                // is always too long for a control frame.
                let second = if endpoint.role() == Role::Server { 0x80 | second } else { second };
                assert_eq!(endpoint.receive_bytes(&[first, second]), [violated(Violation::ControlTooLong(opcode))]);
                endpoint.assert_fails_connection(1002);
            });
        }
    }
    for_both_roles(|endpoint| {
        // This length is also not in its shortest form, but the rule for control frames is the one
        // that is reported.
        let frame = hex("89 7e0005 48656c6c6f");
        let frame = if endpoint.role() == Role::Server { mask_with_zeros(frame) } else { frame };
        assert_eq!(endpoint.receive_bytes(&frame), [violated(Violation::ControlTooLong(Opcode::Ping))]);
    });
}

//= docs/src/rfc6455.md#section-5-5-3
//= type=test
//# Such a Pong keeps the connection from being dropped as idle, and the peer does not answer it.
#[test]
fn pong_is_never_answered() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["8a 03 706f6e", "8a 00"]), [pong("706f6e"), pong("")]);
        endpoint.assert_transmits_nothing();
        assert_eq!(endpoint.connection.state(), State::Open);
    });
}

//= docs/src/rfc6455.md#section-5-5-3
//= type=test
//# An endpoint MAY send an unsolicited Pong.
#[test]
fn an_unsolicited_pong_is_valid() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["8a 02 6869", "81 02 6f6b"]), [pong("6869"), text("ok")]);
    });
}

#[test]
fn each_ping_is_answered_while_the_peer_reads() {
    for_both_roles(|endpoint| {
        endpoint.receive(&["89 01 61", "89 01 62"]);
        endpoint.assert_transmits(&["8a 01 61", "8a 01 62"]);
        endpoint.receive(&["89 01 61"]);
        endpoint.assert_transmits(&["8a 01 61"]);
    });
}

#[test]
fn a_pong_follows_the_frames_that_are_already_queued() {
    for_both_roles(|endpoint| {
        endpoint.connection.send(Message::text("a")).unwrap();
        endpoint.receive(&["89 01 70"]);
        endpoint.connection.send(Message::text("b")).unwrap();
        endpoint.assert_transmits(&["81 01 61", "8a 01 70", "81 01 62"]);
    });
}

#[test]
fn a_ping_is_answered_without_the_application() {
    // The driver polls the connection. The application need not call anything.
    for_both_roles(|endpoint| {
        endpoint.receive_unpolled(&["89 01 70"]);
        drop(endpoint.connection.poll_event(endpoint.now));
        endpoint.assert_transmits(&["8a 01 70"]);
    });
}

#[test]
fn a_ping_that_arrives_with_a_close_is_answered_first() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["89 01 70", "88 02 03e8"]), [ping("70"), close(1000, "")]);
        endpoint.assert_transmits_by_role(&["8a 01 70", "88 02 03e8", "half-close"], &["8a 01 70", "88 02 03e8"]);
    });
}

//= docs/src/rfc6455.md#section-5-5-2
//= type=test
//# An endpoint that receives a Ping MUST send a Pong in response, unless it has already received a
//# Close frame.
#[test]
fn a_ping_after_a_close_is_not_answered() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["88 02 03e8", "89 01 70"]), [close(1000, "")]);
        endpoint.assert_transmits_by_role(&["88 02 03e8", "half-close"], &["88 02 03e8"]);
    });
}

//= docs/src/rfc6455.md#section-5-5-2
//= type=test
//# An endpoint that receives a Ping MUST send a Pong in response, unless it has already received a
//# Close frame.
#[test]
fn a_ping_after_the_local_close_is_still_answered() {
    // Section 5.5.2: an endpoint must answer Pings until it receives a Close, not until it sends
    // one.
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        endpoint.assert_transmits(&["88 02 03e8"]);
        assert_eq!(endpoint.receive(&["89 01 70"]), [ping("70")]);
        endpoint.assert_transmits(&["8a 01 70"]);
    });
}

#[test]
fn a_control_frame_may_be_the_first_frame_of_a_connection() {
    for_both_roles(|endpoint| assert_eq!(endpoint.receive(&["8a 00", "89 00"]), [pong(""), ping("")]));
}

#[test]
fn a_control_frame_may_arrive_byte_by_byte_in_the_middle_of_a_message() {
    for_both_roles(|endpoint| {
        let observed = endpoint.receive_byte_by_byte(&["01 01 61", "89 03 616263", "80 01 62"]);
        assert_eq!(observed, [ping("616263"), text("ab")]);
        endpoint.assert_transmits(&["8a 03 616263"]);
    });
}

// ---- Sending ------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-5-5-2
//= type=test
//# An endpoint MAY send a Ping at any time between the opening handshake and the end of the
//# connection.
//= docs/src/rfc6455.md#section-5-5-3
//= type=test
//# An endpoint MAY send an unsolicited Pong.
#[test]
fn pings_and_pongs_can_be_sent_at_any_time_while_open() {
    for_both_roles(|endpoint| {
        endpoint.connection.ping(b"").unwrap();
        endpoint.connection.pong(b"hi").unwrap();
        endpoint.connection.ping(&[0x7A; 125]).unwrap();
        endpoint.assert_transmits(&["89 00", "8a 02 6869", &format!("89 7d {}", "7a".repeat(125))]);
    });
}

//= docs/src/rfc6455.md#section-5-5
//= type=test
//# The payload of a control frame MUST be at most 125 bytes long.
#[test]
fn a_ping_of_126_bytes_is_not_sent() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.connection.ping(&[0; 126]), Err(UsageError::ControlTooLong(126)));
        assert_eq!(endpoint.connection.pong(&[0; 65_536]), Err(UsageError::ControlTooLong(65_536)));
        endpoint.assert_transmits_nothing();
        assert_eq!(endpoint.connection.ping(&[]), Ok(()));
    });
}

#[test]
fn no_ping_and_no_pong_is_sent_after_a_close() {
    for_both_roles(|endpoint| {
        endpoint.close(1000, "");
        assert_eq!(endpoint.connection.ping(b"x"), Err(UsageError::AfterClose));
        assert_eq!(endpoint.connection.pong(b"x"), Err(UsageError::AfterClose));
        endpoint.assert_transmits(&["88 02 03e8"]);
    });
    for_both_roles(|endpoint| {
        endpoint.receive(&["88 02 03e8"]);
        assert_eq!(endpoint.connection.ping(b"x"), Err(UsageError::AfterClose));
        assert_eq!(endpoint.connection.pong(b"x"), Err(UsageError::AfterClose));
    });
}
