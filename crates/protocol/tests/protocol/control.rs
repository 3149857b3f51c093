//! Section 5.5: control frames. (Close has a file of its own, `closing.rs`.)

use crate::common::{End, Heard, both, broken, close, hex, masked, peer_of, ping, pong, text, wire};
use protocol::{Message, Role, State, UsageError, Violation, frame::Opcode};

//= docs/src/rfc6455.md#section-5-5-2
//= type=test
//# A Ping MAY carry application data.
//= docs/src/rfc6455.md#section-5-5-2
//= type=test
//# An endpoint that receives a Ping MUST send a Pong in answer, unless it has already received a Close.
//= docs/src/rfc6455.md#section-5-5-3
//= type=test
//# A Pong that answers a Ping MUST carry exactly the application data of that Ping.
#[test]
fn a_ping_is_answered_with_a_pong_that_repeats_its_payload() {
    for (asked, answer) in [
        ("89 00", "8a 00"),
        ("89 02 6869", "8a 02 6869"),
        ("89 03 00ff80", "8a 03 00ff80"), // any bytes, no text
    ] {
        both(|end| {
            end.hears(&[asked]);
            end.transmits(&[answer]);
        });
    }
}

#[test]
fn the_application_hears_of_a_ping() {
    both(|end| assert_eq!(end.hears(&["89 02 6869"]), [ping("6869")]));
}

#[test]
fn an_empty_ping_of_a_client_has_six_bytes() {
    let mut server = End::server();
    assert_eq!(server.hears_bytes(&hex("89 80 00000000")), [ping("")]);
    assert_eq!(server.sent(), hex("8a 00"));
}

#[test]
fn a_payload_of_125_bytes_is_the_longest() {
    both(|end| {
        let payload = "7a".repeat(125);
        let frame = format!("89 7d {payload}");
        assert_eq!(end.hears(&[&frame]), [ping(&payload)]);
        end.transmits(&[&format!("8a 7d {payload}")]);
        assert_eq!(end.hears(&[&format!("8a 7d {payload}")]), [pong(&payload)]);
    });
}

//= docs/src/rfc6455.md#section-5-5
//= type=test
//# The payload of a control frame MUST have at most 125 bytes.
#[test]
fn a_longer_payload_fails_the_connection() {
    for (first, opcode) in [(0x88, Opcode::Close), (0x89, Opcode::Ping), (0x8A, Opcode::Pong)] {
        for second in [126, 127] {
            both(|end| {
                // Two bytes decide. In whatever form the length would come, it would be wrong in a control frame.
                let second = if end.role() == Role::Server { 0x80 | second } else { second };
                assert_eq!(end.hears_bytes(&[first, second]), [broken(Violation::ControlTooLong(opcode))]);
                end.transmits_failure(1002);
            });
        }
    }
    both(|end| {
        // Too long a form for five bytes: what breaks the rule on length breaks this one too.
        let frame = hex("89 7e0005 48656c6c6f");
        let frame = if end.role() == Role::Server { masked(frame) } else { frame };
        assert_eq!(end.hears_bytes(&frame), [broken(Violation::ControlTooLong(Opcode::Ping))]);
    });
}

//= docs/src/rfc6455.md#section-5-5-3
//= type=test
//# It says "I am here", keeps the connection from being forgotten, and is not answered.
#[test]
fn pong_is_never_answered() {
    both(|end| {
        assert_eq!(end.hears(&["8a 03 706f6e", "8a 00"]), [pong("706f6e"), pong("")]);
        end.transmits_nothing();
        assert_eq!(end.connection.state(), State::Open);
    });
}

//= docs/src/rfc6455.md#section-5-5-3
//= type=test
//# A Pong MAY be sent without having been asked for.
#[test]
fn an_unsolicited_pong_is_legal() {
    both(|end| {
        assert_eq!(end.hears(&["8a 02 6869", "81 02 6f6b"]), [pong("6869"), text("ok")]);
    });
}

#[test]
fn each_ping_has_its_own_pong_as_long_as_the_peer_reads() {
    both(|end| {
        end.hears(&["89 01 61", "89 01 62"]);
        end.transmits(&["8a 01 61", "8a 01 62"]);
        end.hears(&["89 01 61"]);
        end.transmits(&["8a 01 61"]);
    });
}

#[test]
fn a_pong_waits_for_nothing_but_what_is_already_queued() {
    both(|end| {
        end.connection.send(Message::text("a")).unwrap();
        end.hears(&["89 01 70"]);
        end.connection.send(Message::text("b")).unwrap();
        end.transmits(&["81 01 61", "8a 01 70", "81 01 62"]);
    });
}

#[test]
fn a_ping_is_answered_although_the_application_does_nothing() {
    // Polling is the driver's work; no call of the application is needed.
    both(|end| {
        end.connection.receive(&wire(peer_of(end.role()), &["89 01 70"]));
        drop(end.connection.poll_event(end.now));
        end.transmits(&["8a 01 70"]);
    });
}

#[test]
fn a_ping_that_arrives_with_a_close_is_answered_first() {
    both(|end| {
        assert_eq!(end.hears(&["89 01 70", "88 02 03e8"]), [ping("70"), close(1000, "")]);
        end.transmits_by_role(&["8a 01 70", "88 02 03e8", "half-close"], &["8a 01 70", "88 02 03e8"]);
    });
}

//= docs/src/rfc6455.md#section-5-5-2
//= type=test
//# An endpoint that receives a Ping MUST send a Pong in answer, unless it has already received a Close.
#[test]
fn a_ping_behind_a_close_is_not_answered() {
    both(|end| {
        assert_eq!(end.hears(&["88 02 03e8", "89 01 70"]), [close(1000, "")]);
        end.transmits_by_role(&["88 02 03e8", "half-close"], &["88 02 03e8"]);
    });
}

//= docs/src/rfc6455.md#section-5-5-2
//= type=test
//# An endpoint that receives a Ping MUST send a Pong in answer, unless it has already received a Close.
#[test]
fn a_ping_after_ones_own_close_is_still_answered() {
    // 5.5.2: the duty ends with a Close received, not with one sent.
    both(|end| {
        end.close(1000, "");
        end.transmits(&["88 02 03e8"]);
        assert_eq!(end.hears(&["89 01 70"]), [ping("70")]);
        end.transmits(&["8a 01 70"]);
    });
}

#[test]
fn a_control_frame_may_be_the_first_frame_of_all() {
    both(|end| assert_eq!(end.hears(&["8a 00", "89 00"]), [pong(""), ping("")]));
}

#[test]
fn a_control_frame_may_arrive_byte_by_byte_in_the_middle_of_a_message() {
    both(|end| {
        let bytes = wire(peer_of(end.role()), &["01 01 61", "89 03 616263", "80 01 62"]);
        let heard: Vec<Heard> = bytes.iter().flat_map(|byte| end.hears_bytes(&[*byte])).collect();
        assert_eq!(heard, [ping("616263"), text("ab")]);
        end.transmits(&["8a 03 616263"]);
    });
}

// ---- Sending --------------------------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-5-5-2
//= type=test
//# An endpoint MAY send a Ping at any time between the opening handshake and the end of the connection.
//= docs/src/rfc6455.md#section-5-5-3
//= type=test
//# A Pong MAY be sent without having been asked for.
#[test]
fn pings_and_pongs_can_be_sent_at_any_time_while_open() {
    both(|end| {
        end.connection.ping(b"").unwrap();
        end.connection.pong(b"hi").unwrap();
        end.connection.ping(&[0x7A; 125]).unwrap();
        end.transmits(&["89 00", "8a 02 6869", &format!("89 7d {}", "7a".repeat(125))]);
    });
}

//= docs/src/rfc6455.md#section-5-5
//= type=test
//# The payload of a control frame MUST have at most 125 bytes.
#[test]
fn a_ping_of_126_bytes_is_not_sent() {
    both(|end| {
        assert_eq!(end.connection.ping(&[0; 126]), Err(UsageError::ControlTooLong(126)));
        assert_eq!(end.connection.pong(&[0; 65_536]), Err(UsageError::ControlTooLong(65_536)));
        end.transmits_nothing();
        assert_eq!(end.connection.ping(&[]), Ok(()));
    });
}

#[test]
fn no_ping_and_no_pong_after_close() {
    both(|end| {
        end.close(1000, "");
        assert_eq!(end.connection.ping(b"x"), Err(UsageError::AfterClose));
        assert_eq!(end.connection.pong(b"x"), Err(UsageError::AfterClose));
        end.transmits(&["88 02 03e8"]);
    });
    both(|end| {
        end.hears(&["88 02 03e8"]);
        assert_eq!(end.connection.ping(b"x"), Err(UsageError::AfterClose));
        assert_eq!(end.connection.pong(b"x"), Err(UsageError::AfterClose));
    });
}
