//! Section 10.4: limits on everything that a peer decides. (Those on heads are in `handshake_head.rs`.)

use crate::common::{End, Heard, binary, both_with, broken, hex, limits, masked, ms, peer_of, ping, s, text, wire};
use protocol::{Role, State, Violation};

// ---- Frames and messages --------------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-10-4
//= type=test
//# An implementation with limits SHOULD have one for frames and one for whole messages.
#[test]
fn a_frame_may_be_as_large_as_the_limit_and_no_larger() {
    both_with(&limits(|limits| limits.max_frame_bytes = 5), |end| {
        assert_eq!(end.hears(&["81 05 48656c6c6f"]), [text("Hello")]);
        let too_big = Violation::FrameTooBig { length: 6, limit: 5 };
        assert_eq!(end.hears(&["81 06"]), [broken(too_big)], "the header alone decides");
        end.transmits_failure(1009);
    });
}

#[test]
fn a_message_in_one_frame_may_be_as_large_as_the_limit_and_no_larger() {
    both_with(&limits(|limits| limits.max_message_bytes = 5), |end| {
        assert_eq!(end.hears(&["81 05 48656c6c6f"]), [text("Hello")]);
        assert_eq!(end.hears(&["82 06"]), [broken(Violation::MessageTooBig { limit: 5 })]);
        end.transmits_failure(1009);
    });
}

//= docs/src/rfc6455.md#section-10-4
//= type=test
//# An implementation with limits on frames or messages MUST protect itself from what exceeds them.
//= docs/src/rfc6455.md#section-10-4
//= type=test
//# An implementation with limits SHOULD have one for frames and one for whole messages.
#[test]
fn a_message_in_fragments_may_be_as_large_as_the_limit_and_no_larger() {
    both_with(&limits(|limits| limits.max_message_bytes = 5), |end| {
        assert_eq!(end.hears(&["01 03 48656c", "80 02 6c6f"]), [text("Hello")]);
        assert_eq!(end.hears(&["02 05 0102030405", "00 00", "80 00"]), [binary("0102030405")]);
        assert_eq!(end.hears(&["01 03 48656c", "00 02 6c6f"]), []);
        assert_eq!(end.hears(&["80 01"]), [broken(Violation::MessageTooBig { limit: 5 })], "the header alone decides");
        end.transmits_failure(1009);
    });
}

#[test]
fn frames_within_their_limit_may_make_a_larger_message() {
    both_with(&limits(|limits| (limits.max_frame_bytes, limits.max_message_bytes) = (2, 5)), |end| {
        assert_eq!(end.hears(&["01 02 4865", "00 02 6c6c", "80 01 6f"]), [text("Hello")]);
        assert_eq!(end.hears(&["01 00", "80 03"]), [broken(Violation::FrameTooBig { length: 3, limit: 2 })]);
    });
}

#[test]
fn the_limits_are_counted_anew_for_every_message() {
    both_with(&limits(|limits| limits.max_message_bytes = 5), |end| {
        for _ in 0..10 {
            assert_eq!(end.hears(&["01 03 48656c", "80 02 6c6f"]), [text("Hello")]);
            assert_eq!(end.hears(&["81 05 48656c6c6f"]), [text("Hello")]);
        }
    });
}

#[test]
fn control_frames_have_a_limit_of_their_own() {
    both_with(&limits(|limits| (limits.max_frame_bytes, limits.max_message_bytes) = (0, 0)), |end| {
        assert_eq!(end.hears(&["01 00", "89 05 48656c6c6f", "80 00"]), [ping("48656c6c6f"), text("")]);
    });
}

#[test]
fn by_default_64_mib_are_the_end() {
    both_with(&limits(|_| ()), |end| {
        assert_eq!(end.hears(&["82 7f0000000004000000"]), []);
        assert_eq!(end.connection.payload_remaining(), 64 << 20);
    });
    both_with(&limits(|_| ()), |end| {
        let too_big = Violation::FrameTooBig { length: (64 << 20) + 1, limit: 64 << 20 };
        assert_eq!(end.hears(&["82 7f0000000004000001"]), [broken(too_big)]);
    });
}

#[test]
fn no_limit_at_all_is_no_danger_to_arithmetic() {
    let config = limits(|limits| {
        limits.max_frame_bytes = usize::MAX;
        limits.max_message_bytes = usize::MAX;
        limits.fragments = u32::MAX;
    });
    both_with(&config, |end| {
        assert_eq!(end.hears(&["02 01 00", "80 7f7fffffffffffffff"]), []);
        assert_eq!(end.connection.payload_remaining(), 0x7FFF_FFFF_FFFF_FFFF);
        assert_eq!(end.hears_bytes(&[0; 1000]), []);
        assert_eq!(end.connection.payload_remaining(), 0x7FFF_FFFF_FFFF_FFFF - 1000);
        assert_eq!(end.hears_end(), []);
        end.transmits(&["disconnect"]);
    });
}

// ---- Fragments ------------------------------------------------------------------------------------------------------

#[test]
fn a_message_may_have_as_many_fragments_as_the_limit_and_no_more() {
    both_with(&limits(|limits| limits.fragments = 3), |end| {
        assert_eq!(end.hears(&["01 01 61", "00 01 62", "80 01 63"]), [text("abc")]);
        assert_eq!(end.hears(&["81 01 61"]), [text("a")]);
        assert_eq!(end.hears(&["01 01 61", "00 01 62", "00 01 63"]), []);
        assert_eq!(end.hears(&["80 01 64"]), [broken(Violation::TooManyFragments { limit: 3 })]);
        end.transmits_failure(1008);
    });
}

//= docs/src/rfc6455.md#section-10-4
//= type=test
//# An implementation with limits on frames or messages MUST protect itself from what exceeds them.
#[test]
fn empty_fragments_without_end_have_an_end() {
    both_with(&limits(|limits| limits.fragments = 1000), |end| {
        let one = wire(peer_of(end.role()), &["00 00"]);
        assert_eq!(end.hears(&["01 00"]), []);
        let heard = end.hears_bytes(&one.repeat(5000));
        assert_eq!(heard, [broken(Violation::TooManyFragments { limit: 1000 })]);
    });
}

#[test]
fn control_frames_between_them_are_no_fragments() {
    both_with(&limits(|limits| limits.fragments = 2), |end| {
        let heard = end.hears(&["01 01 61", "89 00", "89 00", "8a 00", "80 01 62"]);
        assert_eq!(heard.last(), Some(&text("ab")));
    });
}

// ---- Control frames -------------------------------------------------------------------------------------------------

#[test]
fn there_may_be_as_many_control_frames_in_a_second_as_the_limit_and_no_more() {
    both_with(&limits(|limits| limits.max_control_frames_per_second = 3), |end| {
        let three = ["89 01 31", "8a 01 32", "89 01 33"];
        assert_eq!(end.hears(&three).len(), 3);
        end.wait(s(1));
        assert_eq!(end.hears(&three).len(), 3, "in the next second the count begins anew");
        end.wait(ms(999));
        end.sent();
        assert_eq!(end.hears(&["89 00"]), [broken(Violation::TooManyControlFrames { limit: 3 })]);
        end.transmits_failure(1008);
    });
}

#[test]
fn messages_are_no_control_frames() {
    both_with(&limits(|limits| limits.max_control_frames_per_second = 1), |end| {
        assert_eq!(end.hears(&["81 00"; 50]).len(), 50);
        assert_eq!(end.hears(&["89 00"]), [ping("")]);
    });
}

#[test]
fn by_default_ten_thousand_control_frames_are_taken() {
    both_with(&limits(|_| ()), |end| {
        let one = wire(peer_of(end.role()), &["8a 00"]);
        let heard = end.hears_bytes(&one.repeat(10_000));
        assert!(heard.iter().all(|heard| *heard == crate::common::pong("")));
        assert_eq!(heard.len(), 10_000);
        assert_eq!(end.hears_bytes(&one), [broken(Violation::TooManyControlFrames { limit: 10_000 })]);
    });
}

//= docs/src/rfc6455.md#section-5-5-3
//= type=test
//# An endpoint that has not yet answered several Pings MAY answer only the latest.
#[test]
fn unread_pongs_do_not_pile_up() {
    // A peer that asks and does not listen: 64 answers wait, and then only the latest one does (5.5.3).
    both_with(&limits(|_| ()), |end| {
        for n in 0..5000_u16 {
            let [high, low] = n.to_be_bytes();
            let question = format!("89 7d {high:02x}{low:02x} {}", "00".repeat(123));
            assert_eq!(end.hears(&[&question]).len(), 1);
            assert!(end.steps_while_blocked().is_empty(), "the driver tries to send, and cannot");
            assert!(end.connection.queued_bytes() <= 64 * (6 + 125), "{} bytes wait", end.connection.queued_bytes());
        }
        let answers = end.sent();
        let answer = wire(end.role(), &[&format!("8a 7d 1387 {}", "00".repeat(123))]);
        assert!(answers.ends_with(&answer), "the last Ping is answered");
        assert_eq!(answers.len(), 65 * answer.len());
        // And now that the peer reads, all is as before.
        end.hears(&["89 01 61", "89 01 62"]);
        end.transmits(&["8a 01 61", "8a 01 62"]);
    });
}

//= docs/src/rfc6455.md#section-5-5-2
//= type=test
//# The Pong SHOULD be sent as soon as is practical.
#[test]
fn pings_are_answered_while_other_output_never_quite_drains() {
    // 5.5.2: as soon as is practical. A server whose output is never empty, because there is always more to send than the
    // network takes, must not leave its peer without an answer for ever.
    both_with(&limits(|_| ()), |end| {
        use bytes::Buf;
        let mut sent = Vec::new();
        for n in 0..200_u8 {
            end.connection.send_binary(&[0; 100]).unwrap();
            end.hears(&[&format!("89 01 {n:02x}")]);
            // All but the last byte leaves.
            if let Some(protocol::Transmit::Bytes(output)) = end.connection.poll_transmit() {
                let len = output.remaining() - 1;
                sent.extend_from_slice(&output.copy_to_bytes(len));
            }
        }
        let answer = wire(end.role(), &["8a 01 c6"]); // the last but one
        let recent = sent.len().saturating_sub(20 * 110);
        assert!(
            sent[recent..].windows(answer.len()).any(|window| window == answer),
            "200 Pings in, the recent ones are not answered although all output has left but for a byte"
        );
    });
}

// ---- Memory ---------------------------------------------------------------------------------------------------------

#[test]
fn memory_grows_with_bytes_received_and_not_with_a_length_announced() {
    both_with(&limits(|_| ()), |end| {
        // 64 MiB announced, and a kilobyte sent.
        end.hears(&["82 7f0000000004000000"]);
        end.hears_bytes(&[0; 1000]);
        let capacity = end.connection.input().capacity();
        assert!(capacity <= 8 << 10, "{capacity} bytes for 1000");
    });
}

#[test]
fn handled_input_makes_room_for_more() {
    both_with(&limits(|_| ()), |end| {
        let frame = [wire(peer_of(end.role()), &["82 7e03e8"]), vec![7; 1000]].concat();
        for _ in 0..1000 {
            assert_eq!(end.hears_bytes(&frame), [Heard::Binary(vec![7; 1000])]);
        }
        let capacity = end.connection.input().capacity();
        assert!(capacity <= 16 << 10, "{capacity} bytes after a megabyte in kilobytes");
        assert!(end.connection.input().is_empty(), "nothing is left between frames");
    });
}

//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# An endpoint SHOULD close TCP cleanly, and the TLS session before it, and discard what still arrives.
#[test]
fn input_that_does_not_count_any_more_is_thrown_away() {
    for last in ["83 00", "88 02 03e8"] {
        both_with(&limits(|_| ()), |end| {
            end.hears(&[last]);
            for _ in 0..1000 {
                assert_eq!(end.hears_bytes(&[0x55; 1000]), []);
            }
            assert!(end.connection.input().is_empty());
            let capacity = end.connection.input().capacity();
            assert!(capacity <= 16 << 10, "{capacity} bytes after a megabyte of nothing");
        });
    }
}

#[test]
fn an_idle_connection_holds_no_output() {
    both_with(&limits(|_| ()), |end| {
        end.connection.send_binary(&[0; 100_000]).unwrap();
        end.connection.send(protocol::Message::binary(vec![0; 100_000])).unwrap();
        assert!(end.connection.queued_bytes() > 200_000);
        end.sent();
        assert_eq!(end.connection.queued_bytes(), 0);
    });
}

#[test]
fn what_is_queued_can_be_told() {
    let mut server = End::server();
    assert_eq!(server.connection.queued_bytes(), 0);
    server.connection.send_text("Hello").unwrap();
    assert_eq!(server.connection.queued_bytes(), 7);
    let mut client = End::client();
    client.connection.send_text("Hello").unwrap();
    assert_eq!(client.connection.queued_bytes(), 11);
}

#[test]
fn a_buffer_of_the_drivers_own_may_be_lent_while_the_input_is_empty() {
    let mut server = End::server();
    let mut lent = bytes::BytesMut::from(&hex("81 85 37fa213d 7f9f4d5158   81 82")[..]);
    std::mem::swap(server.connection.input(), &mut lent);
    assert_eq!(server.events(), [text("Hello")]);
    // What stays is the tail of an unfinished frame.
    assert_eq!(server.connection.input()[..], hex("81 82")[..]);
    assert_eq!(server.hears_bytes(&masked(hex("81 02 6f6b"))[2..]), [text("ok")]);
    assert_eq!((server.role(), server.connection.state()), (Role::Server, State::Open));
}
