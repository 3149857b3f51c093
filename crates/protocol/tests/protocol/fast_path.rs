//! The short way, for what nearly every message is: one frame, whole in the input, answered at once. What it gives must
//! be what the long way would have given, and what it leaves must still be there for that.

use crate::common::{End, Heard, binary, both, both_with, broken, close, limits, peer_of, pong, text, wire};
use bytes::{Buf, BytesMut};
use protocol::{Message, MessageRef, Role, State, Transmit, UsageError, Violation};

/// All messages that can be had without asking for the time.
fn messages(end: &mut End) -> Vec<Message> {
    std::iter::from_fn(|| end.connection.poll_message().map(MessageRef::into_message)).collect()
}

/// A binary message in one frame, as `sender` puts it on the wire.
fn frame(sender: Role, length: usize) -> Vec<u8> {
    let header = match length {
        0..=125 => format!("82 {length:02x}"),
        126..=0xFFFF => format!("82 7e{length:04x}"),
        _ => format!("82 7f{length:016x}"),
    };
    [wire(sender, &[&header]), vec![0x55; length]].concat()
}

// ---- Messages -------------------------------------------------------------------------------------------------------

#[test]
fn a_message_in_one_frame_can_be_had_without_asking_for_the_time() {
    both(|end| {
        end.connection.receive(&wire(peer_of(end.role()), &["81 05 48656c6c6f", "82 02 00ff", "81 00"]));
        assert_eq!(messages(end), [Message::text("Hello"), Message::binary(&b"\0\xff"[..]), Message::text("")]);
        assert_eq!(end.events(), []);
    });
}

#[test]
fn every_form_of_a_short_length_can_be_had_this_way() {
    both(|end| {
        for length in [0, 1, 124, 125, 126, 127, 128, 1000, 10_000] {
            // Alone in the input, and with another behind it.
            for count in [1, 2] {
                end.connection.receive(&frame(peer_of(end.role()), length).repeat(count));
                assert_eq!(messages(end), vec![Message::binary(vec![0x55; length]); count], "{length} bytes");
            }
        }
    });
}

#[test]
fn what_is_not_a_whole_message_is_left_to_the_long_way() {
    both_with(&limits(|limits| limits.max_frame_bytes = 20_000), |end| {
        let role = end.role();
        let cases: [(&[&str], Heard); 9] = [
            (&["89 01 61"], crate::common::ping("61")),
            (&["8a 01 61"], pong("61")),
            (&["88 02 03e8"], close(1000, "")),
            (&["02 01 61", "80 01 62"], binary("6162")),
            (&["83 00"], broken(Violation::ReservedOpcode(3))),
            (&["c1 01 61"], broken(Violation::ReservedBitsSet(0x40))),
            (&["81 01 ff"], broken(Violation::TextNotUtf8)),
            (&["82 7e0005 0102030405"], broken(Violation::LengthNotShortest(5))),
            (&["82 7e4e21"], broken(Violation::FrameTooBig { length: 20_001, limit: 20_000 })),
        ];
        for (frames, heard) in cases {
            let mut end = End::new(role, limits(|limits| limits.max_frame_bytes = 20_000));
            end.connection.receive(&wire(peer_of(role), frames));
            assert_eq!(messages(&mut end), [], "{frames:?}");
            assert_eq!(end.events(), [heard], "{frames:?}");
        }
        // A frame that the wrong side has masked, or not masked.
        end.connection.receive(&wire(role, &["82 01 00"]));
        assert_eq!(messages(end), []);
        let violation = if role == Role::Server { Violation::UnmaskedFrame } else { Violation::MaskedFrame };
        assert_eq!(end.events(), [broken(violation)]);
    });
}

#[test]
fn half_a_message_is_waited_for_however_it_is_cut() {
    both(|end| {
        for length in [5, 125, 126, 300] {
            let bytes = frame(peer_of(end.role()), length);
            for cut in 0..bytes.len() {
                end.connection.receive(&bytes[..cut]);
                assert_eq!(messages(end), [], "{cut} of {} bytes", bytes.len());
                end.connection.receive(&bytes[cut..]);
                assert_eq!(messages(end), [Message::binary(vec![0x55; length])]);
            }
        }
    });
}

#[test]
fn a_message_that_has_begun_on_the_long_way_ends_there() {
    both(|end| {
        let bytes = wire(peer_of(end.role()), &["81 05 48656c6c6f", "81 02 6f6b"]);
        let cut = bytes.len() / 2 - 1;
        assert_eq!(end.hears_bytes(&bytes[..cut]), [], "its header has been read, and a part of it unmasked");
        end.connection.receive(&bytes[cut..]);
        assert_eq!(messages(end), []);
        assert_eq!(end.events(), [text("Hello"), text("ok")]);
    });
    both(|end| {
        // A whole message between the fragments of another is a violation, and not a message.
        assert_eq!(end.hears(&["02 01 61"]), []);
        end.connection.receive(&wire(peer_of(end.role()), &["82 01 62"]));
        assert_eq!(messages(end), []);
        assert_eq!(end.events(), [broken(Violation::MessageInsideMessage)]);
    });
}

#[test]
fn both_ways_can_be_mixed() {
    both(|end| {
        let frames = ["82 01 01", "89 00", "82 01 02", "02 01 03", "80 01 04", "82 01 05"];
        end.connection.receive(&wire(peer_of(end.role()), &frames));
        let (mut by_short_way, mut by_long_way) = (Vec::new(), Vec::new());
        loop {
            by_short_way.extend(messages(end).into_iter().map(|message| message.as_bytes().to_vec()));
            match end.connection.poll_event(end.now) {
                Ok(Some(event)) => by_long_way.push(Heard::from(event)),
                last => {
                    assert!(matches!(last, Ok(None)), "{last:?}");
                    break;
                }
            }
        }
        assert_eq!(by_short_way, [[1], [2], [5]]);
        assert_eq!(by_long_way, [crate::common::ping(""), binary("0304")]);
    });
}

#[test]
fn handled_messages_make_room_for_more() {
    both(|end| {
        let frame = frame(peer_of(end.role()), 1000);
        for _ in 0..1000 {
            end.connection.receive(&frame);
            assert_eq!(messages(end), [Message::binary(vec![0x55; 1000])]);
        }
        let capacity = end.connection.input().capacity();
        assert!(capacity <= 16 << 10, "{capacity} bytes after a megabyte in kilobytes");
        assert!(end.connection.input().is_empty(), "nothing is left between frames");
    });
}

#[test]
fn nothing_can_be_had_after_the_peers_close_or_a_broken_rule() {
    for last in ["88 02 03e8", "83 00"] {
        both(|end| {
            end.hears(&[last]);
            end.connection.receive(&wire(peer_of(end.role()), &["82 01 61"]));
            assert_eq!(messages(end), [], "behind {last}");
            assert!(end.connection.poll_message_with_outbound().is_none(), "behind {last}");
        });
    }
}

#[test]
fn a_small_message_that_is_kept_does_not_hold_the_buffer_and_a_large_one_is_not_copied() {
    both(|end| {
        for (length, is_copied) in [(10, true), (2048, true), (2049, false), (10_000, false)] {
            end.connection.receive(&frame(peer_of(end.role()), length));
            let received = end.connection.poll_message().expect("a message");
            let place = received.as_bytes().as_ptr();
            let kept = received.into_message();
            assert_eq!(kept.as_bytes().as_ptr() != place, is_copied, "{length} bytes");
        }
    });
}

// ---- Exchanges ------------------------------------------------------------------------------------------------------

#[test]
fn a_message_can_be_answered_while_it_is_being_looked_at() {
    both(|end| {
        end.connection.receive(&wire(peer_of(end.role()), &["81 02 6869", "82 01 ff", "81 00"]));
        let mut heard = Vec::new();
        while let Some((message, mut outbound)) = end.connection.poll_message_with_outbound() {
            heard.push(message.as_bytes().to_vec());
            outbound.send_text("a").unwrap();
            outbound.send_binary(&[0]).unwrap();
            outbound.send(Message::text("b")).unwrap();
            outbound.send_back(message).unwrap();
        }
        assert_eq!(heard, [&b"hi"[..], b"\xff", b""]);
        let answers = ["81 01 61", "82 01 00", "81 01 62"];
        let expected: Vec<&str> =
            ["81 02 6869", "82 01 ff", "81 00"].iter().flat_map(|echo| [&answers[..], &[echo]].concat()).collect();
        end.transmits(&expected);
    });
}

#[test]
fn an_exchange_is_had_where_a_message_is_and_nowhere_else() {
    both(|end| {
        assert!(end.connection.poll_message_with_outbound().is_none());
        end.connection.receive(&wire(peer_of(end.role()), &["89 00", "82 01 61"]));
        assert!(end.connection.poll_message_with_outbound().is_none(), "a Ping comes first");
        drop(end.connection.poll_event(end.now));
        assert!(end.connection.poll_message_with_outbound().is_some());
        assert!(end.connection.poll_message_with_outbound().is_none(), "it was the last");
    });
}

#[test]
fn a_message_after_ones_own_close_can_be_looked_at_and_not_answered() {
    both(|end| {
        end.close(1000, "");
        end.sent();
        end.connection.receive(&wire(peer_of(end.role()), &["81 02 6869"]));
        let (message, mut outbound) =
            end.connection.poll_message_with_outbound().expect("the peer had not heard of it");
        assert_eq!(message.as_bytes(), b"hi");
        assert_eq!(outbound.send_text("a"), Err(UsageError::AfterClose));
        assert_eq!(outbound.send_binary(b"a"), Err(UsageError::AfterClose));
        assert_eq!(outbound.send(Message::text("a")), Err(UsageError::AfterClose));
        assert_eq!(outbound.send_back(message), Err(UsageError::AfterClose));
        end.transmits_nothing();
    });
}

#[test]
fn a_large_message_is_echoed_without_a_copy_and_a_smaller_one_with_one() {
    // 64 KiB and more have a buffer of their own; what is smaller lies in one with others.
    for (length, is_copied) in [(10_000, true), ((64 << 10) - 1, true), (64 << 10, false), (100_000, false)] {
        let message = Message::binary(vec![7; length]);
        let place = message.as_bytes().as_ptr();
        let mut server = End::server();
        server.connection.outbound().send_back(MessageRef::from(message)).unwrap();
        let Some(Transmit::Bytes(output)) = server.connection.poll_transmit() else { panic!("nothing to send") };
        assert_eq!(output.remaining(), length + if length < 1 << 16 { 4 } else { 10 });
        output.advance(if length < 1 << 16 { 4 } else { 10 });
        assert_eq!(output.chunk().as_ptr() != place, is_copied, "{length} bytes");
        assert!(server.sent().iter().all(|byte| *byte == 7));
    }
}

#[test]
fn a_message_that_was_taken_out_can_be_looked_at_like_one_that_was_not() {
    for message in [Message::text("h\u{e9}"), Message::binary(&b"\xff"[..])] {
        let received = MessageRef::from(message.clone());
        assert_eq!((received.kind(), received.as_bytes()), (message.kind(), &message.as_bytes()[..]));
        assert_eq!(received.into_message(), message);
    }
}

// ---- Is there anything at all? --------------------------------------------------------------------------------------

#[test]
fn it_can_be_told_whether_there_is_anything_to_look_at() {
    both(|end| {
        assert!(!end.connection.has_input());
        end.connection.receive(&wire(peer_of(end.role()), &["81 02 6f6b"]));
        assert!(end.connection.has_input());
        assert_eq!(messages(end).len(), 1);
        assert!(!end.connection.has_input(), "it has been handled");
        end.connection.receive(&[0x81]);
        assert!(end.connection.has_input(), "half a header is something to look at");
    });
}

#[test]
fn the_end_of_the_stream_is_something_to_look_at_once() {
    both(|end| {
        end.connection.receive_eof();
        assert!(end.connection.has_input());
        assert_eq!(end.events(), []);
        assert!(!end.connection.has_input());
        end.transmits(&["disconnect"]);
        assert_eq!(end.connection.state(), State::Closed);
    });
}

// ---- A buffer of the driver's own for what goes out -----------------------------------------------------------------

#[test]
fn a_buffer_of_the_drivers_own_may_be_lent_while_nothing_is_queued() {
    both(|end| {
        let mut lent = BytesMut::with_capacity(4096);
        let place = lent.as_ptr();
        std::mem::swap(end.connection.output_buffer().expect("nothing is queued"), &mut lent);
        for _ in 0..3 {
            end.connection.send_text("Hello").unwrap();
            assert!(end.connection.output_buffer().is_none(), "it is in use");
            let Some(Transmit::Bytes(output)) = end.connection.poll_transmit() else { panic!("nothing to send") };
            assert_eq!(output.chunk().as_ptr(), place, "it is used again from its beginning");
            end.transmits(&["81 05 48656c6c6f"]);
        }
        let given_back = end.connection.output_buffer().map(std::mem::take).expect("all has left");
        assert_eq!((given_back.as_ptr(), given_back.len()), (place, 0));
    });
}

#[test]
fn a_copied_payload_takes_as_much_memory_as_it_has_bytes() {
    let mut client = End::client(); // which masks, and so must copy
    client.connection.send_binary(&[0; 50_000]).unwrap();
    assert_eq!(client.sent().len(), 50_008);
    let capacity = client.connection.output_buffer().expect("all has left").capacity();
    assert!(capacity <= 100_000, "{capacity} bytes for 50,000");
}
