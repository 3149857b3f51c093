//! Section 5.4: messages in several frames.

use crate::common::{End, Heard, KINDS, binary, both, broken, close, hex, ping, pong, text, wire};
use protocol::{MessageKind, Role, UsageError, Violation};

// ---- Receiving ------------------------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# The fragments of a message MUST reach the recipient in the order in which they were sent.
#[test]
fn fragments_are_joined_in_their_order() {
    both(|end| {
        assert_eq!(end.hears(&["01 03 48656c", "80 02 6c6f"]), [text("Hello")]);
        assert_eq!(end.hears(&["02 01 03", "00 01 01", "00 01 02", "80 01 00"]), [binary("03010200")]);
    });
}

#[test]
fn a_message_is_complete_with_its_last_fragment_and_not_before() {
    both(|end| {
        assert_eq!(end.hears(&["01 03 48656c"]), []);
        assert_eq!(end.hears(&["00 01 6c"]), []);
        assert_eq!(end.hears(&["80 01 6f"]), [text("Hello")]);
    });
}

#[test]
fn a_message_may_come_one_byte_to_a_fragment() {
    both(|end| {
        assert_eq!(end.hears(&["01 01 48", "00 01 65", "00 01 6c", "00 01 6c", "80 01 6f"]), [text("Hello")]);
    });
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# Without an extension that says otherwise, an endpoint MUST NOT depend on where a message is cut into frames.
//= docs/src/rfc6455.md#section-5-4
//= type=test
//# A sender MAY make its fragments of any size.
#[test]
fn where_a_message_is_cut_is_not_to_be_seen() {
    // In all 64 ways in which seven bytes can be cut, inside the characters too.
    let payload = hex("61 c3a9 f09f9880");
    for (first, kind) in [(0x01, MessageKind::Text), (0x02, MessageKind::Binary)] {
        for cuts in 0..1_u32 << (payload.len() - 1) {
            both(|end| {
                let mut bytes = Vec::new();
                let mut opcode = first;
                let mut start = 0;
                for at in 1..=payload.len() {
                    let last = at == payload.len();
                    if last || cuts >> (at - 1) & 1 == 1 {
                        let fragment = &payload[start..at];
                        let length = u8::try_from(fragment.len()).unwrap();
                        let frame = [&[if last { 0x80 } else { 0 } | opcode, length], fragment].concat();
                        bytes.extend(if end.role() == Role::Server { crate::common::masked(frame) } else { frame });
                        (opcode, start) = (0x00, at);
                    }
                }
                let whole = match kind {
                    MessageKind::Text => text("a\u{e9}\u{1f600}"),
                    MessageKind::Binary => Heard::Binary(payload.clone()),
                };
                assert_eq!(end.hears_bytes(&bytes), [whole], "cut as {cuts:06b}");
            });
        }
    }
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# A sender MAY make its fragments of any size.
#[test]
fn fragments_may_be_empty() {
    both(|end| {
        assert_eq!(end.hears(&["01 00", "80 00"]), [text("")]);
        assert_eq!(end.hears(&["02 00", "00 00", "00 00", "80 00"]), [binary("")]);
        assert_eq!(end.hears(&["01 00", "00 05 48656c6c6f", "00 00", "80 00"]), [text("Hello")]);
    });
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# All fragments of a message MUST be of the type that the first frame's opcode gives, which is text, binary or
//# reserved.
//= docs/src/rfc6455.md#section-6-2
//= type=test
//# An endpoint MUST take note of the type that the opcode of a data frame gives.
#[test]
fn the_first_fragment_says_what_kind_of_message_it_is() {
    both(|end| {
        assert_eq!(end.hears(&["01 01 61", "80 01 62"]), [text("ab")]);
        assert_eq!(end.hears(&["02 01 61", "80 01 62"]), [binary("6162")]);
    });
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# An endpoint MUST accept messages in one frame and messages in several.
//= docs/src/rfc6455.md#section-6-2
//= type=test
//# The data frame behind a message's last one MUST be taken for the beginning of a new message.
#[test]
fn after_the_last_fragment_a_new_message_begins() {
    both(|end| {
        assert_eq!(
            end.hears(&["01 01 61", "80 01 62", "02 01 63", "80 01 64", "81 01 65"]),
            [text("ab"), binary("6364"), text("e")]
        );
    });
}

#[test]
fn fragments_of_different_sizes_make_one_message() {
    both(|end| {
        let sizes = ["01 01", "00 7d", "00 7e007e", "00 7effff", "00 7f0000000000010000", "80 00"];
        let lens = [1, 125, 126, 65_535, 65_536, 0];
        let mut heard = Vec::new();
        for (header, len) in sizes.into_iter().zip(lens) {
            let frame = [wire(crate::common::peer_of(end.role()), &[header]), vec![b'a'; len]].concat();
            heard.extend(end.hears_bytes(&frame));
        }
        assert_eq!(heard, [Heard::Text("a".repeat(lens.iter().sum()))]);
    });
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# An endpoint MUST be able to handle control frames in the middle of a message that is arriving in fragments.
//= docs/src/rfc6455.md#section-6-2
//= type=test
//# An endpoint MUST treat a control frame as section 5.5 says.
#[test]
fn ping_between_fragments_is_not_part_of_the_message() {
    both(|end| {
        assert_eq!(end.hears(&["01 03 48656c", "89 02 6869", "80 02 6c6f"]), [ping("6869"), text("Hello")]);
        end.transmits(&["8a 02 6869"]);
    });
}

//= docs/src/rfc6455.md#section-5-5-2
//= type=test
//# The Pong SHOULD be sent as soon as is practical.
#[test]
fn a_ping_between_fragments_is_answered_before_the_message_ends() {
    both(|end| {
        assert_eq!(end.hears(&["01 03 48656c", "89 02 6869"]), [ping("6869")]);
        end.transmits(&["8a 02 6869"]);
        assert_eq!(end.hears(&["80 02 6c6f"]), [text("Hello")]);
    });
}

#[test]
fn pong_between_fragments_is_not_part_of_the_message() {
    both(|end| {
        assert_eq!(
            end.hears(&["02 01 01", "8a 01 ff", "00 01 02", "8a 00", "80 01 03"]),
            [pong("ff"), pong(""), binary("010203")]
        );
        end.transmits_nothing();
    });
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# An endpoint MUST be able to handle control frames in the middle of a message that is arriving in fragments.
#[test]
fn a_close_between_fragments_ends_the_connection_with_its_code() {
    both(|end| {
        assert_eq!(end.hears(&["01 03 48656c", "88 02 0fa0", "80 02 6c6f"]), [close(4000, "")]);
        end.transmits_by_role(&["88 02 0fa0", "half-close"], &["88 02 0fa0"]);
        assert_eq!(end.ending(), (4000, true));
    });
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# A continuation frame MUST NOT come while no message is open.
#[test]
fn a_continuation_of_nothing_fails_the_connection() {
    for frames in [&["80 05 48656c6c6f"][..], &["00 00"], &["80 00"], &["00 05 48656c6c6f"]] {
        both(|end| {
            assert_eq!(end.hears(frames), [broken(Violation::ContinuationOfNothing)], "{frames:?}");
            end.transmits_failure(1002);
        });
    }
}

#[test]
fn a_continuation_of_a_message_that_is_over_fails_the_connection() {
    both(|end| {
        assert_eq!(end.hears(&["81 02 6f6b", "80 00"]), [text("ok"), broken(Violation::ContinuationOfNothing)]);
    });
    both(|end| {
        assert_eq!(
            end.hears(&["01 01 6f", "80 01 6b", "80 00"]),
            [text("ok"), broken(Violation::ContinuationOfNothing)]
        );
    });
    both(|end| {
        // A control frame begins no message.
        assert_eq!(end.hears(&["89 00", "80 00"]), [ping(""), broken(Violation::ContinuationOfNothing)]);
    });
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# A text or binary frame MUST NOT come before the open message has ended.
#[test]
fn a_message_inside_a_message_fails_the_connection() {
    for second in ["81 02 6c6f", "82 02 6c6f", "01 00", "02 00"] {
        for first in ["01 03 48656c", "02 03 48656c"] {
            both(|end| {
                assert_eq!(end.hears(&[first, second]), [broken(Violation::MessageInsideMessage)], "{first} {second}");
                end.transmits_failure(1002);
            });
            both(|end| {
                assert_eq!(
                    end.hears(&[first, "00 00", "89 00", second]),
                    [ping(""), broken(Violation::MessageInsideMessage)]
                );
            });
        }
    }
}

#[test]
fn a_broken_rule_is_noticed_from_the_header_alone() {
    both(|end| {
        // The payload of the second message never comes.
        assert_eq!(end.hears(&["01 03 48656c", "81 7e0080"]), [broken(Violation::MessageInsideMessage)]);
    });
    both(|end| assert_eq!(end.hears(&["80 7e0080"]), [broken(Violation::ContinuationOfNothing)]));
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# A control frame MUST NOT be cut into fragments itself.
//= docs/src/rfc6455.md#section-5-5
//= type=test
//# A control frame MUST NOT be fragmented.
#[test]
fn a_control_frame_is_never_fragmented() {
    use protocol::frame::Opcode::{Close, Ping, Pong};
    for (frame, opcode) in [("08 02 03e8", Close), ("08 00", Close), ("09 00", Ping), ("0a 03 616263", Pong)] {
        both(|end| {
            assert_eq!(end.hears(&[frame]), [broken(Violation::FragmentedControl(opcode))], "{frame}");
            end.transmits_failure(1002);
        });
        both(|end| {
            let inside = end.hears(&["01 00", frame]);
            assert_eq!(inside, [broken(Violation::FragmentedControl(opcode))], "{frame}");
        });
    }
}

#[test]
fn an_unfinished_message_is_never_delivered() {
    both(|end| {
        assert_eq!(end.hears(&["01 03 48656c", "00 02 6c6f"]), []);
        assert_eq!(end.hears_end(), []);
        end.transmits(&["disconnect"]);
        assert_eq!(end.ending(), (1006, false));
    });
}

#[test]
fn each_fragment_is_unmasked_with_its_own_key() {
    let mut server = End::server();
    let frames = hex("01 83 37fa213d 7f9f4d   00 81 01020304 6d   80 81 ffffffff 90");
    assert_eq!(server.hears_bytes(&frames), [text("Hello")]);
}

#[test]
fn fragments_of_a_fragmented_read_are_joined_all_the_same() {
    both(|end| {
        let bytes = wire(crate::common::peer_of(end.role()), &["01 03 48656c", "89 02 6869", "00 00", "80 02 6c6f"]);
        let heard: Vec<Heard> = bytes.iter().flat_map(|byte| end.hears_bytes(&[*byte])).collect();
        assert_eq!(heard, [ping("6869"), text("Hello")]);
    });
}

// ---- Sending --------------------------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-6-1
//= type=test
//# If the data are large, or not all there yet, an endpoint MAY send them in several frames as section 5.4 says.
//= docs/src/rfc6455.md#section-6-1
//= type=test
//# The opcode of the first frame MUST say whether the data are text or binary.
//= docs/src/rfc6455.md#section-6-1
//= type=test
//# FIN MUST be set in the last frame of the message.
#[test]
fn the_first_fragment_has_the_opcode_and_the_last_has_fin() {
    both(|end| {
        let connection = &mut end.connection;
        connection.send_fragment(MessageKind::Text, b"Hel", false).unwrap();
        connection.send_fragment(MessageKind::Text, b"", false).unwrap();
        connection.send_fragment(MessageKind::Text, b"lo", true).unwrap();
        end.transmits(&["01 03 48656c", "00 00", "80 02 6c6f"]);
    });
    both(|end| {
        let connection = &mut end.connection;
        connection.send_fragment(MessageKind::Binary, &[1], false).unwrap();
        connection.send_fragment(MessageKind::Binary, &[2], true).unwrap();
        connection.send_fragment(MessageKind::Text, b"a", false).unwrap(); // the next message, of another kind
        connection.send_fragment(MessageKind::Text, b"", true).unwrap();
        end.transmits(&["02 01 01", "80 01 02", "01 01 61", "80 00"]);
    });
}

#[test]
fn a_message_in_one_fragment_is_a_whole_message() {
    both(|end| {
        end.connection.send_fragment(MessageKind::Text, b"Hello", true).unwrap();
        end.connection.send_fragment(MessageKind::Binary, b"", true).unwrap();
        end.transmits(&["81 05 48656c6c6f", "82 00"]);
    });
}

#[test]
fn every_fragment_of_a_client_is_masked() {
    let mut client = End::client_with_keys(&[[0x37, 0xFA, 0x21, 0x3D], [1, 2, 3, 4]]);
    client.connection.send_fragment(MessageKind::Text, b"Hel", false).unwrap();
    client.connection.send_fragment(MessageKind::Text, b"lo", true).unwrap();
    assert_eq!(client.sent(), hex("01 83 37fa213d 7f9f4d   80 82 01020304 6d6d"));
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# The fragments of one message MUST NOT stand between those of another, unless an agreed extension can sort them out.
#[test]
fn no_message_can_be_sent_inside_another() {
    for open in KINDS {
        both(|end| {
            end.connection.send_fragment(open, b"a", false).unwrap();
            end.sent();
            for kind in KINDS {
                let message = match kind {
                    MessageKind::Text => protocol::Message::text("b"),
                    MessageKind::Binary => protocol::Message::binary(&b"b"[..]),
                };
                assert_eq!(end.connection.send(message.clone()), Err(UsageError::MessageOpen));
                if end.role() == Role::Server {
                    let prepared = protocol::PreparedMessage::new(&message);
                    assert_eq!(end.connection.send_prepared(&prepared), Err(UsageError::MessageOpen));
                }
            }
            assert_eq!(end.connection.send_text("b"), Err(UsageError::MessageOpen));
            assert_eq!(end.connection.send_binary(b"b"), Err(UsageError::MessageOpen));
            let other = if open == MessageKind::Text { MessageKind::Binary } else { MessageKind::Text };
            assert_eq!(end.connection.send_fragment(other, b"b", false), Err(UsageError::MessageOpen));
            assert_eq!(end.connection.send_fragment(other, b"b", true), Err(UsageError::MessageOpen));
            end.transmits_nothing();

            // None of this has hurt the open message.
            end.connection.send_fragment(open, b"c", true).unwrap();
            end.transmits(&["80 01 63"]);
            assert_eq!(end.connection.send_text("d"), Ok(()));
        });
    }
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# Control frames MAY stand between the fragments of a message.
#[test]
fn control_frames_can_be_sent_between_ones_own_fragments() {
    both(|end| {
        end.connection.send_fragment(MessageKind::Text, b"a", false).unwrap();
        end.connection.ping(b"1").unwrap();
        end.hears(&["89 01 32"]);
        end.connection.pong(b"3").unwrap();
        end.connection.send_fragment(MessageKind::Text, b"b", true).unwrap();
        end.transmits(&["01 01 61", "89 01 31", "8a 01 32", "8a 01 33", "80 01 62"]);
    });
}

/// `what is asked for | while no message is open | while a text is | while a binary message is`
///
/// A frame that is sent, or the misuse that it would be. `_` is the payload.
const SENDING: &str = "
    text               | 81 01 _     | MessageOpen | MessageOpen
    binary             | 82 01 _     | MessageOpen | MessageOpen
    borrowed text      | 81 01 _     | MessageOpen | MessageOpen
    borrowed binary    | 82 01 _     | MessageOpen | MessageOpen
    first of text      | 01 01 _     | 00 01 _     | MessageOpen
    last of text       | 81 01 _     | 80 01 _     | MessageOpen
    first of binary    | 02 01 _     | MessageOpen | 00 01 _
    last of binary     | 82 01 _     | MessageOpen | 80 01 _
    ping               | 89 01 _     | 89 01 _     | 89 01 _
    pong               | 8a 01 _     | 8a 01 _     | 8a 01 _
";

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# A continuation frame MUST NOT come while no message is open.
//= docs/src/rfc6455.md#section-5-4
//= type=test
//# A text or binary frame MUST NOT come before the open message has ended.
//= docs/src/rfc6455.md#section-5-4
//= type=test
//# The fragments of one message MUST NOT stand between those of another, unless an agreed extension can sort them out.
#[test]
fn every_call_while_any_message_is_open_is_in_the_table_and_does_what_it_says() {
    use protocol::Message;
    let payload = b"x";
    for line in SENDING.lines().filter(|line| !line.trim().is_empty()) {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [call, expected @ ..] = &columns[..] else { panic!("{line}") };
        for (open, expected) in [None, Some(MessageKind::Text), Some(MessageKind::Binary)].into_iter().zip(expected) {
            both(|end| {
                if let Some(open) = open {
                    end.connection.send_fragment(open, b"o", false).unwrap();
                    end.sent();
                }
                let connection = &mut end.connection;
                let answer = match *call {
                    "text" => connection.send(Message::text("x")),
                    "binary" => connection.send(Message::binary(&payload[..])),
                    "borrowed text" => connection.send_text("x"),
                    "borrowed binary" => connection.send_binary(payload),
                    "first of text" => connection.send_fragment(MessageKind::Text, payload, false),
                    "last of text" => connection.send_fragment(MessageKind::Text, payload, true),
                    "first of binary" => connection.send_fragment(MessageKind::Binary, payload, false),
                    "last of binary" => connection.send_fragment(MessageKind::Binary, payload, true),
                    "ping" => connection.ping(payload),
                    "pong" => connection.pong(payload),
                    other => panic!("what is {other}?"),
                };
                if *expected == "MessageOpen" {
                    assert_eq!(answer, Err(UsageError::MessageOpen), "{call} while {open:?} is open");
                    end.transmits_nothing();
                } else {
                    assert_eq!(answer, Ok(()), "{call} while {open:?} is open");
                    end.transmits(&[&expected.replace('_', "78")]);
                }
            });
        }
    }
}
