//! Section 5.4: messages in several frames.

use protocol::{
    Connection, Message,
    MessageKind::{self, Binary, Text},
    PreparedMessage, Role, UsageError, Violation,
    frame::Opcode,
};
use testkit::{
    endpoint::{TestEndpoint, for_both_roles},
    frames::mask_with_zeros,
    hex::hex,
    observed::{Observed, binary, close, ping, pong, text, violated},
};

// ---- Receiving ----------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# The fragments of a message MUST reach the recipient in the order in which they were sent.
#[test]
fn fragments_are_joined_in_their_order() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["01 03 48656c", "80 02 6c6f"]), [text("Hello")]);
        assert_eq!(endpoint.receive(&["02 01 03", "00 01 01", "00 01 02", "80 01 00"]), [binary("03010200")]);
    });
}

#[test]
fn a_message_is_delivered_with_its_last_fragment() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["01 03 48656c"]), []);
        assert_eq!(endpoint.receive(&["00 01 6c"]), []);
        assert_eq!(endpoint.receive(&["80 01 6f"]), [text("Hello")]);
    });
}

#[test]
fn a_fragment_may_have_one_byte() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["01 01 48", "00 01 65", "00 01 6c", "00 01 6c", "80 01 6f"]), [text("Hello")]);
    });
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# Unless an extension says otherwise, an endpoint MUST NOT depend on the frame boundaries within a
//# message.
//= docs/src/rfc6455.md#section-5-4
//= type=test
//# A sender MAY choose any size for the fragments of a data message.
#[test]
fn a_message_is_the_same_wherever_it_is_cut_into_fragments() {
    // Seven bytes can be split in 64 ways, some of which split a character.
    let payload = hex("61 c3a9 f09f9880");
    for (first, kind) in [(0x01, Text), (0x02, Binary)] {
        for cuts in 0..1_u32 << (payload.len() - 1) {
            for_both_roles(|endpoint| {
                let mut bytes = Vec::new();
                let mut opcode = first;
                let mut start = 0;
                for at in 1..=payload.len() {
                    let last = at == payload.len();
                    if last || cuts >> (at - 1) & 1 == 1 {
                        let fragment = &payload[start..at];
                        let length = u8::try_from(fragment.len()).unwrap();
                        let frame = [&[if last { 0x80 } else { 0 } | opcode, length], fragment].concat();
                        bytes.extend(if endpoint.role() == Role::Server { mask_with_zeros(frame) } else { frame });
                        (opcode, start) = (0x00, at);
                    }
                }
                let whole = match kind {
                    Text => text("a\u{e9}\u{1f600}"),
                    Binary => Observed::Binary(payload.clone()),
                };
                assert_eq!(endpoint.receive_bytes(&bytes), [whole], "cut as {cuts:06b}");
            });
        }
    }
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# A sender MAY choose any size for the fragments of a data message.
#[test]
fn fragments_may_be_empty() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["01 00", "80 00"]), [text("")]);
        assert_eq!(endpoint.receive(&["02 00", "00 00", "00 00", "80 00"]), [binary("")]);
        assert_eq!(endpoint.receive(&["01 00", "00 05 48656c6c6f", "00 00", "80 00"]), [text("Hello")]);
    });
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# All fragments of a message MUST be of the type that the first frame's opcode indicates: text,
//# binary, or a reserved type.
//= docs/src/rfc6455.md#section-6-2
//= type=test
//# When a data frame arrives, the endpoint MUST note the message type that its opcode indicates.
#[test]
fn the_first_fragment_decides_the_kind_of_a_message() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["01 01 61", "80 01 62"]), [text("ab")]);
        assert_eq!(endpoint.receive(&["02 01 61", "80 01 62"]), [binary("6162")]);
    });
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# An endpoint MUST accept fragmented messages as well as unfragmented ones.
//= docs/src/rfc6455.md#section-6-2
//= type=test
//# The data frame after the last frame of a message MUST be treated as the start of a new message.
#[test]
fn a_new_message_may_follow_the_last_fragment() {
    for_both_roles(|endpoint| {
        assert_eq!(
            endpoint.receive(&["01 01 61", "80 01 62", "02 01 63", "80 01 64", "81 01 65"]),
            [text("ab"), binary("6364"), text("e")]
        );
    });
}

#[test]
fn fragments_of_different_sizes_make_one_message() {
    for_both_roles(|endpoint| {
        let sizes = ["01 01", "00 7d", "00 7e007e", "00 7effff", "00 7f0000000000010000", "80 00"];
        let lens = [1, 125, 126, 65_535, 65_536, 0];
        let mut observed = Vec::new();
        for (header, len) in sizes.into_iter().zip(lens) {
            let frame = [endpoint.peer_frames(&[header]), vec![b'a'; len]].concat();
            observed.extend(endpoint.receive_bytes(&frame));
        }
        assert_eq!(observed, [Observed::Text("a".repeat(lens.iter().sum()))]);
    });
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# An endpoint MUST be able to handle control frames that arrive between the fragments of a
//# message.
//= docs/src/rfc6455.md#section-6-2
//= type=test
//# An endpoint MUST handle a control frame as described in section 5.5.
#[test]
fn ping_between_fragments_is_not_part_of_the_message() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["01 03 48656c", "89 02 6869", "80 02 6c6f"]), [ping("6869"), text("Hello")]);
        endpoint.assert_transmits(&["8a 02 6869"]);
    });
}

//= docs/src/rfc6455.md#section-5-5-2
//= type=test
//# An endpoint SHOULD respond to a Ping as soon as practical.
#[test]
fn a_ping_between_fragments_is_answered_before_the_message_ends() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["01 03 48656c", "89 02 6869"]), [ping("6869")]);
        endpoint.assert_transmits(&["8a 02 6869"]);
        assert_eq!(endpoint.receive(&["80 02 6c6f"]), [text("Hello")]);
    });
}

#[test]
fn pong_between_fragments_is_not_part_of_the_message() {
    for_both_roles(|endpoint| {
        assert_eq!(
            endpoint.receive(&["02 01 01", "8a 01 ff", "00 01 02", "8a 00", "80 01 03"]),
            [pong("ff"), pong(""), binary("010203")]
        );
        endpoint.assert_transmits_nothing();
    });
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# An endpoint MUST be able to handle control frames that arrive between the fragments of a
//# message.
#[test]
fn a_close_between_fragments_ends_the_connection_with_its_code() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["01 03 48656c", "88 02 0fa0", "80 02 6c6f"]), [close(4000, "")]);
        endpoint.assert_transmits_by_role(&["88 02 0fa0", "half-close"], &["88 02 0fa0"]);
        assert_eq!(endpoint.close_outcome(), (4000, true));
    });
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# A continuation frame MUST NOT appear if there is no message to continue.
#[test]
fn a_continuation_without_an_open_message_fails_the_connection() {
    for frames in [&["80 05 48656c6c6f"][..], &["00 00"], &["80 00"], &["00 05 48656c6c6f"]] {
        for_both_roles(|endpoint| {
            assert_eq!(endpoint.receive(frames), [violated(Violation::ContinuationOfNothing)], "{frames:?}");
            endpoint.assert_fails_connection(1002);
        });
    }
}

#[test]
fn a_continuation_after_the_last_fragment_fails_the_connection() {
    for_both_roles(|endpoint| {
        assert_eq!(
            endpoint.receive(&["81 02 6f6b", "80 00"]),
            [text("ok"), violated(Violation::ContinuationOfNothing)]
        );
    });
    for_both_roles(|endpoint| {
        assert_eq!(
            endpoint.receive(&["01 01 6f", "80 01 6b", "80 00"]),
            [text("ok"), violated(Violation::ContinuationOfNothing)]
        );
    });
    for_both_roles(|endpoint| {
        // A control frame does not start a message.
        assert_eq!(endpoint.receive(&["89 00", "80 00"]), [ping(""), violated(Violation::ContinuationOfNothing)]);
    });
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# A text or binary frame MUST NOT appear before the current message has ended.
#[test]
fn a_new_message_inside_an_open_one_fails_the_connection() {
    for second in ["81 02 6c6f", "82 02 6c6f", "01 00", "02 00"] {
        for first in ["01 03 48656c", "02 03 48656c"] {
            for_both_roles(|endpoint| {
                assert_eq!(
                    endpoint.receive(&[first, second]),
                    [violated(Violation::MessageInsideMessage)],
                    "{first} {second}"
                );
                endpoint.assert_fails_connection(1002);
            });
            for_both_roles(|endpoint| {
                assert_eq!(
                    endpoint.receive(&[first, "00 00", "89 00", second]),
                    [ping(""), violated(Violation::MessageInsideMessage)]
                );
            });
        }
    }
}

#[test]
fn a_violation_is_reported_when_its_header_has_arrived() {
    for_both_roles(|endpoint| {
        // The payload of the second message never arrives.
        assert_eq!(endpoint.receive(&["01 03 48656c", "81 7e0080"]), [violated(Violation::MessageInsideMessage)]);
    });
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["80 7e0080"]), [violated(Violation::ContinuationOfNothing)]);
    });
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# A control frame itself MUST NOT be split into fragments.
//= docs/src/rfc6455.md#section-5-5
//= type=test
//# A control frame MUST NOT be fragmented.
#[test]
fn a_fragmented_control_frame_fails_the_connection() {
    for (frame, opcode) in [
        ("08 02 03e8", Opcode::Close),
        ("08 00", Opcode::Close),
        ("09 00", Opcode::Ping),
        ("0a 03 616263", Opcode::Pong),
    ] {
        for_both_roles(|endpoint| {
            assert_eq!(endpoint.receive(&[frame]), [violated(Violation::FragmentedControl(opcode))], "{frame}");
            endpoint.assert_fails_connection(1002);
        });
        for_both_roles(|endpoint| {
            let inside = endpoint.receive(&["01 00", frame]);
            assert_eq!(inside, [violated(Violation::FragmentedControl(opcode))], "{frame}");
        });
    }
}

#[test]
fn an_unfinished_message_is_never_delivered() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["01 03 48656c", "00 02 6c6f"]), []);
        assert_eq!(endpoint.receive_eof(), []);
        endpoint.assert_transmits(&["disconnect"]);
        assert_eq!(endpoint.close_outcome(), (1006, false));
    });
}

#[test]
fn each_fragment_is_unmasked_with_its_own_key() {
    let mut server = TestEndpoint::server();
    let frames = hex("01 83 37fa213d 7f9f4d   00 81 01020304 6d   80 81 ffffffff 90");
    assert_eq!(server.receive_bytes(&frames), [text("Hello")]);
}

#[test]
fn fragments_that_arrive_byte_by_byte_are_joined() {
    for_both_roles(|endpoint| {
        let observed = endpoint.receive_byte_by_byte(&["01 03 48656c", "89 02 6869", "00 00", "80 02 6c6f"]);
        assert_eq!(observed, [ping("6869"), text("Hello")]);
    });
}

// ---- Sending ------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-6-1
//= type=test
//# If the data is large or not yet complete, an endpoint MAY send it in several frames as described
//# in section 5.4.
//= docs/src/rfc6455.md#section-6-1
//= type=test
//# The opcode of the first frame MUST indicate whether the data is text or binary.
//= docs/src/rfc6455.md#section-6-1
//= type=test
//# FIN MUST be set in the last frame of the message.
#[test]
fn the_first_fragment_has_the_opcode_and_the_last_one_has_fin() {
    for_both_roles(|endpoint| {
        let connection = &mut endpoint.connection;
        connection.send_fragment(Text, b"Hel", false).unwrap();
        connection.send_fragment(Text, b"", false).unwrap();
        connection.send_fragment(Text, b"lo", true).unwrap();
        endpoint.assert_transmits(&["01 03 48656c", "00 00", "80 02 6c6f"]);
    });
    for_both_roles(|endpoint| {
        let connection = &mut endpoint.connection;
        connection.send_fragment(Binary, &[1], false).unwrap();
        connection.send_fragment(Binary, &[2], true).unwrap();
        connection.send_fragment(Text, b"a", false).unwrap(); // the next message, of another kind
        connection.send_fragment(Text, b"", true).unwrap();
        endpoint.assert_transmits(&["02 01 01", "80 01 02", "01 01 61", "80 00"]);
    });
}

#[test]
fn a_single_fragment_is_a_whole_message() {
    for_both_roles(|endpoint| {
        endpoint.connection.send_fragment(Text, b"Hello", true).unwrap();
        endpoint.connection.send_fragment(Binary, b"", true).unwrap();
        endpoint.assert_transmits(&["81 05 48656c6c6f", "82 00"]);
    });
}

#[test]
fn a_client_masks_every_fragment() {
    let mut client = TestEndpoint::client_with_keys(&[[0x37, 0xFA, 0x21, 0x3D], [1, 2, 3, 4]]);
    client.connection.send_fragment(Text, b"Hel", false).unwrap();
    client.connection.send_fragment(Text, b"lo", true).unwrap();
    assert_eq!(client.take_sent(), hex("01 83 37fa213d 7f9f4d   80 82 01020304 6d6d"));
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# Fragments of two messages MUST NOT be interleaved unless a negotiated extension can tell them
//# apart.
#[test]
fn no_message_can_be_sent_inside_an_open_one() {
    for open in [Text, Binary] {
        for_both_roles(|endpoint| {
            endpoint.connection.send_fragment(open, b"a", false).unwrap();
            endpoint.take_sent();
            for kind in [Text, Binary] {
                let message = match kind {
                    Text => Message::text("b"),
                    Binary => Message::binary(&b"b"[..]),
                };
                assert_eq!(endpoint.connection.send(message.clone()), Err(UsageError::MessageOpen));
                if endpoint.role() == Role::Server {
                    let prepared = PreparedMessage::new(&message);
                    assert_eq!(endpoint.connection.send_prepared(&prepared), Err(UsageError::MessageOpen));
                }
            }
            assert_eq!(endpoint.connection.send_text("b"), Err(UsageError::MessageOpen));
            assert_eq!(endpoint.connection.send_binary(b"b"), Err(UsageError::MessageOpen));
            let other = if open == Text { Binary } else { Text };
            assert_eq!(endpoint.connection.send_fragment(other, b"b", false), Err(UsageError::MessageOpen));
            assert_eq!(endpoint.connection.send_fragment(other, b"b", true), Err(UsageError::MessageOpen));
            endpoint.assert_transmits_nothing();

            // The open message is unchanged.
            endpoint.connection.send_fragment(open, b"c", true).unwrap();
            endpoint.assert_transmits(&["80 01 63"]);
            assert_eq!(endpoint.connection.send_text("d"), Ok(()));
        });
    }
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# Control frames MAY appear between the fragments of a message.
#[test]
fn control_frames_can_be_sent_between_fragments() {
    for_both_roles(|endpoint| {
        endpoint.connection.send_fragment(Text, b"a", false).unwrap();
        endpoint.connection.ping(b"1").unwrap();
        endpoint.receive(&["89 01 32"]);
        endpoint.connection.pong(b"3").unwrap();
        endpoint.connection.send_fragment(Text, b"b", true).unwrap();
        endpoint.assert_transmits(&["01 01 61", "89 01 31", "8a 01 32", "8a 01 33", "80 01 62"]);
    });
}

/// A call that sends a frame. Each call sends the payload `x`.
#[derive(Debug, Clone, Copy)]
enum SendCall {
    Message(MessageKind),
    Borrowed(MessageKind),
    Fragment(MessageKind),
    LastFragment(MessageKind),
    Ping,
    Pong,
}

impl SendCall {
    fn make(self, connection: &mut Connection) -> Result<(), UsageError> {
        match self {
            Self::Message(Text) => connection.send(Message::text("x")),
            Self::Message(Binary) => connection.send(Message::binary(&b"x"[..])),
            Self::Borrowed(Text) => connection.send_text("x"),
            Self::Borrowed(Binary) => connection.send_binary(b"x"),
            Self::Fragment(kind) => connection.send_fragment(kind, b"x", false),
            Self::LastFragment(kind) => connection.send_fragment(kind, b"x", true),
            Self::Ping => connection.ping(b"x"),
            Self::Pong => connection.pong(b"x"),
        }
    }
}

/// The frame that each call sends: while no message is open, while a text message is open, and
/// while a binary message is open. `None` means [`UsageError::MessageOpen`].
#[rustfmt::skip]
const SENT_FRAMES: [(SendCall, [Option<&str>; 3]); 10] = [
    (SendCall::Message(Text),        [Some("81 01 78"), None,             None]),
    (SendCall::Message(Binary),      [Some("82 01 78"), None,             None]),
    (SendCall::Borrowed(Text),       [Some("81 01 78"), None,             None]),
    (SendCall::Borrowed(Binary),     [Some("82 01 78"), None,             None]),
    (SendCall::Fragment(Text),       [Some("01 01 78"), Some("00 01 78"), None]),
    (SendCall::LastFragment(Text),   [Some("81 01 78"), Some("80 01 78"), None]),
    (SendCall::Fragment(Binary),     [Some("02 01 78"), None,             Some("00 01 78")]),
    (SendCall::LastFragment(Binary), [Some("82 01 78"), None,             Some("80 01 78")]),
    (SendCall::Ping,                 [Some("89 01 78"), Some("89 01 78"), Some("89 01 78")]),
    (SendCall::Pong,                 [Some("8a 01 78"), Some("8a 01 78"), Some("8a 01 78")]),
];

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# A continuation frame MUST NOT appear if there is no message to continue.
//= docs/src/rfc6455.md#section-5-4
//= type=test
//# A text or binary frame MUST NOT appear before the current message has ended.
//= docs/src/rfc6455.md#section-5-4
//= type=test
//# Fragments of two messages MUST NOT be interleaved unless a negotiated extension can tell them
//# apart.
#[test]
fn each_call_sends_its_frame_or_is_rejected_inside_an_open_message() {
    for (call, frames) in SENT_FRAMES {
        for (open_message, expected) in [None, Some(Text), Some(Binary)].into_iter().zip(frames) {
            for_both_roles(|endpoint| {
                if let Some(kind) = open_message {
                    endpoint.connection.send_fragment(kind, b"o", false).unwrap();
                    endpoint.take_sent();
                }
                let result = call.make(&mut endpoint.connection);
                match expected {
                    Some(frame) => {
                        assert_eq!(result, Ok(()), "{call:?} while {open_message:?} is open");
                        endpoint.assert_transmits(&[frame]);
                    }
                    None => {
                        assert_eq!(result, Err(UsageError::MessageOpen), "{call:?} while {open_message:?} is open");
                        endpoint.assert_transmits_nothing();
                    }
                }
            });
        }
    }
}
