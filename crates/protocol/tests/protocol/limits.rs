//! Section 10.4: limits on frames, messages and memory. `handshake/request_head.rs` has the tests
//! for the limits on heads.

use bytes::{Buf, BytesMut};
use protocol::{Config, Limits, Message, Role, State, Transmit, Violation};
use testkit::{
    duration::{millis, secs},
    endpoint::{TestEndpoint, for_both_roles, for_both_roles_with},
    frames::{frames_from, mask_with_zeros},
    hex::hex,
    observed::{Observed, binary, ping, pong, text, violated},
};

// ---- Frames and messages ------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-10-4
//= type=test
//# An implementation with limits SHOULD limit both the size of a frame and the size of a whole
//# message.
#[test]
fn a_frame_may_be_as_large_as_the_limit_and_no_larger() {
    for_both_roles_with(&Config::DEFAULT.limits(Limits::DEFAULT.max_frame_bytes(5)), |endpoint| {
        assert_eq!(endpoint.receive(&["81 05 48656c6c6f"]), [text("Hello")]);
        let too_big = Violation::FrameTooBig { length: 6, limit: 5 };
        assert_eq!(endpoint.receive(&["81 06"]), [violated(too_big)], "the header is enough");
        endpoint.assert_fails_connection(1009);
    });
}

#[test]
fn a_message_in_one_frame_may_be_as_large_as_the_limit_and_no_larger() {
    for_both_roles_with(&Config::DEFAULT.limits(Limits::DEFAULT.max_message_bytes(5)), |endpoint| {
        assert_eq!(endpoint.receive(&["81 05 48656c6c6f"]), [text("Hello")]);
        assert_eq!(endpoint.receive(&["82 06"]), [violated(Violation::MessageTooBig { limit: 5 })]);
        endpoint.assert_fails_connection(1009);
    });
}

//= docs/src/rfc6455.md#section-10-4
//= type=test
//# An implementation that limits the size of frames or messages MUST protect itself against input
//# that exceeds those limits.
//= docs/src/rfc6455.md#section-10-4
//= type=test
//# An implementation with limits SHOULD limit both the size of a frame and the size of a whole
//# message.
#[test]
fn a_message_in_fragments_may_be_as_large_as_the_limit_and_no_larger() {
    for_both_roles_with(&Config::DEFAULT.limits(Limits::DEFAULT.max_message_bytes(5)), |endpoint| {
        assert_eq!(endpoint.receive(&["01 03 48656c", "80 02 6c6f"]), [text("Hello")]);
        assert_eq!(endpoint.receive(&["02 05 0102030405", "00 00", "80 00"]), [binary("0102030405")]);
        assert_eq!(endpoint.receive(&["01 03 48656c", "00 02 6c6f"]), []);
        assert_eq!(
            endpoint.receive(&["80 01"]),
            [violated(Violation::MessageTooBig { limit: 5 })],
            "the header alone decides"
        );
        endpoint.assert_fails_connection(1009);
    });
}

#[test]
fn frames_within_their_limit_may_make_a_larger_message() {
    for_both_roles_with(&Config::DEFAULT.limits(Limits::DEFAULT.max_frame_bytes(2).max_message_bytes(5)), |endpoint| {
        assert_eq!(endpoint.receive(&["01 02 4865", "00 02 6c6c", "80 01 6f"]), [text("Hello")]);
        assert_eq!(endpoint.receive(&["01 00", "80 03"]), [violated(Violation::FrameTooBig { length: 3, limit: 2 })]);
    });
}

#[test]
fn each_message_has_the_full_limit() {
    for_both_roles_with(&Config::DEFAULT.limits(Limits::DEFAULT.max_message_bytes(5)), |endpoint| {
        for _ in 0..10 {
            assert_eq!(endpoint.receive(&["01 03 48656c", "80 02 6c6f"]), [text("Hello")]);
            assert_eq!(endpoint.receive(&["81 05 48656c6c6f"]), [text("Hello")]);
        }
    });
}

#[test]
fn limits_on_messages_do_not_apply_to_control_frames() {
    for_both_roles_with(&Config::DEFAULT.limits(Limits::DEFAULT.max_frame_bytes(0).max_message_bytes(0)), |endpoint| {
        assert_eq!(endpoint.receive(&["01 00", "89 05 48656c6c6f", "80 00"]), [ping("48656c6c6f"), text("")]);
    });
}

#[test]
fn the_default_limit_is_16_mib() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["82 7f0000000001000000"]), []);
        assert_eq!(endpoint.connection.payload_remaining(), 16 << 20);
    });
    for_both_roles(|endpoint| {
        let too_big = Violation::FrameTooBig { length: (16 << 20) + 1, limit: 16 << 20 };
        assert_eq!(endpoint.receive(&["82 7f0000000001000001"]), [violated(too_big)]);
    });
}

#[test]
fn maximal_limits_do_not_overflow() {
    let limits = Limits::DEFAULT.max_frame_bytes(usize::MAX).max_message_bytes(usize::MAX).max_fragments(u32::MAX);
    for_both_roles_with(&Config::DEFAULT.limits(limits), |endpoint| {
        assert_eq!(endpoint.receive(&["02 01 00", "80 7f7fffffffffffffff"]), []);
        assert_eq!(endpoint.connection.payload_remaining(), 0x7FFF_FFFF_FFFF_FFFF);
        assert_eq!(endpoint.receive_bytes(&[0; 1000]), []);
        assert_eq!(endpoint.connection.payload_remaining(), 0x7FFF_FFFF_FFFF_FFFF - 1000);
        assert_eq!(endpoint.receive_eof(), []);
        endpoint.assert_transmits(&["disconnect"]);
    });
}

// ---- Fragments ----------------------------------------------------------------------------------

#[test]
fn a_limit_of_no_fragments_rejects_an_empty_message_too() {
    for_both_roles_with(&Config::DEFAULT.limits(Limits::DEFAULT.max_fragments(0)), |endpoint| {
        assert_eq!(endpoint.receive(&["81 00"]), [violated(Violation::TooManyFragments { limit: 0 })]);
    });
}

#[test]
fn a_message_may_have_as_many_fragments_as_the_limit_and_no_more() {
    for_both_roles_with(&Config::DEFAULT.limits(Limits::DEFAULT.max_fragments(3)), |endpoint| {
        assert_eq!(endpoint.receive(&["01 01 61", "00 01 62", "80 01 63"]), [text("abc")]);
        assert_eq!(endpoint.receive(&["81 01 61"]), [text("a")]);
        assert_eq!(endpoint.receive(&["01 01 61", "00 01 62", "00 01 63"]), []);
        assert_eq!(endpoint.receive(&["80 01 64"]), [violated(Violation::TooManyFragments { limit: 3 })]);
        endpoint.assert_fails_connection(1008);
    });
}

//= docs/src/rfc6455.md#section-10-4
//= type=test
//# An implementation that limits the size of frames or messages MUST protect itself against input
//# that exceeds those limits.
#[test]
fn empty_fragments_count_towards_the_limit() {
    for_both_roles_with(&Config::DEFAULT.limits(Limits::DEFAULT.max_fragments(1000)), |endpoint| {
        let one = endpoint.peer_frames(&["00 00"]);
        assert_eq!(endpoint.receive(&["01 00"]), []);
        let observed = endpoint.receive_bytes(&one.repeat(5000));
        assert_eq!(observed, [violated(Violation::TooManyFragments { limit: 1000 })]);
    });
}

#[test]
fn control_frames_do_not_count_as_fragments() {
    for_both_roles_with(&Config::DEFAULT.limits(Limits::DEFAULT.max_fragments(2)), |endpoint| {
        let observed = endpoint.receive(&["01 01 61", "89 00", "89 00", "8a 00", "80 01 62"]);
        assert_eq!(observed.last(), Some(&text("ab")));
    });
}

// ---- Control frames -----------------------------------------------------------------------------

#[test]
fn a_peer_may_send_as_many_control_frames_per_second_as_the_limit_and_no_more() {
    for_both_roles_with(&Config::DEFAULT.limits(Limits::DEFAULT.max_control_frames_per_second(3)), |endpoint| {
        let three = ["89 01 31", "8a 01 32", "89 01 33"];
        assert_eq!(endpoint.receive(&three).len(), 3);
        endpoint.advance(secs(1));
        assert_eq!(endpoint.receive(&three).len(), 3, "the count starts over in the next second");
        endpoint.advance(millis(999));
        endpoint.take_sent();
        assert_eq!(endpoint.receive(&["89 00"]), [violated(Violation::TooManyControlFrames { limit: 3 })]);
        endpoint.assert_fails_connection(1008);
    });
}

#[test]
fn messages_do_not_count_as_control_frames() {
    for_both_roles_with(&Config::DEFAULT.limits(Limits::DEFAULT.max_control_frames_per_second(1)), |endpoint| {
        assert_eq!(endpoint.receive(&["81 00"; 50]).len(), 50);
        assert_eq!(endpoint.receive(&["89 00"]), [ping("")]);
    });
}

#[test]
fn the_default_limit_is_ten_thousand_control_frames_per_second() {
    for_both_roles(|endpoint| {
        let one = endpoint.peer_frames(&["8a 00"]);
        let observed = endpoint.receive_bytes(&one.repeat(10_000));
        assert!(observed.iter().all(|observed| *observed == pong("")));
        assert_eq!(observed.len(), 10_000);
        assert_eq!(endpoint.receive_bytes(&one), [violated(Violation::TooManyControlFrames { limit: 10_000 })]);
    });
}

//= docs/src/rfc6455.md#section-5-5-3
//= type=test
//# An endpoint that receives another Ping before it has answered the earlier ones MAY answer only
//# the latest.
#[test]
fn the_number_of_queued_pongs_is_limited() {
    // The peer sends Pings but does not read. At most 64 Pongs are queued, and beyond that, only
    // the latest Pong is kept (5.5.3).
    for_both_roles(|endpoint| {
        for n in 0..5000_u16 {
            let [high, low] = n.to_be_bytes();
            let question = format!("89 7d {high:02x}{low:02x} {}", "00".repeat(123));
            assert_eq!(endpoint.receive(&[&question]).len(), 1);
            assert!(endpoint.transmit_while_blocked().is_empty(), "no byte can be written");
            let queued = endpoint.connection.queued_bytes();
            assert!(queued <= 64 * (6 + 125), "{queued} bytes are queued");
        }
        let answers = endpoint.take_sent();
        let answer = frames_from(endpoint.role(), &[&format!("8a 7d 1387 {}", "00".repeat(123))]);
        assert!(answers.ends_with(&answer), "the last Ping is not answered");
        assert_eq!(answers.len(), 65 * answer.len());
        // Once the peer reads again, every Ping is answered.
        endpoint.receive(&["89 01 61", "89 01 62"]);
        endpoint.assert_transmits(&["8a 01 61", "8a 01 62"]);
    });
}

/// A Pong that was still owed when the Close was queued must not follow the Close.
#[test]
fn an_owed_pong_is_dropped_when_a_close_is_queued() {
    for_both_roles(|endpoint| {
        for _ in 0..65 {
            assert_eq!(endpoint.receive(&["89 01 61"]).len(), 1);
        }
        endpoint.close(1000, "");
        let sent = [vec!["8a 01 61"; 64], vec!["88 02 03e8"]].concat();
        endpoint.assert_transmits(&sent);
        endpoint.assert_transmits_nothing();
    });
}

//= docs/src/rfc6455.md#section-5-5-2
//= type=test
//# An endpoint SHOULD respond to a Ping as soon as practical.
#[test]
fn pings_are_answered_while_the_queue_never_becomes_empty() {
    // Section 5.5.2: a Ping is answered as soon as is practical. A server that always has more to
    // send than the network accepts never has an empty queue, but it must still answer Pings.
    for_both_roles(|endpoint| {
        let mut sent = Vec::new();
        for n in 0..200_u8 {
            endpoint.connection.send_binary(&[0; 100]).unwrap();
            endpoint.receive(&[&format!("89 01 {n:02x}")]);
            // Write all bytes except the last.
            if let Some(Transmit::Bytes(output)) = endpoint.connection.poll_transmit() {
                let len = output.remaining() - 1;
                sent.extend_from_slice(&output.copy_to_bytes(len));
            }
        }
        let answer = frames_from(endpoint.role(), &["8a 01 c6"]); // The last Ping but one.
        let recent = sent.len().saturating_sub(20 * 110);
        assert!(
            sent[recent..].windows(answer.len()).any(|window| window == answer),
            "recent Pings are not answered although only one byte is queued"
        );
    });
}

// ---- Memory -------------------------------------------------------------------------------------

#[test]
fn memory_grows_with_received_bytes_and_not_with_announced_lengths() {
    for_both_roles(|endpoint| {
        // The header announces 64 MiB, but only 1,000 bytes are sent.
        endpoint.receive(&["82 7f0000000004000000"]);
        endpoint.receive_bytes(&[0; 1000]);
        let capacity = endpoint.with_input(|input| input.capacity());
        assert!(capacity <= 8 << 10, "{capacity} bytes for 1000");
    });
}

#[test]
fn the_buffer_of_processed_input_is_reused() {
    for_both_roles(|endpoint| {
        let frame = [endpoint.peer_frames(&["82 7e03e8"]), vec![7; 1000]].concat();
        for _ in 0..1000 {
            assert_eq!(endpoint.receive_bytes(&frame), [Observed::Binary(vec![7; 1000])]);
        }
        let capacity = endpoint.with_input(|input| input.capacity());
        assert!(capacity <= 16 << 10, "{capacity} bytes after 1 MB in frames of 1 kB");
        assert!(endpoint.with_input(|input| input.is_empty()), "bytes are left between frames");
    });
}

//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# An endpoint SHOULD close the TCP connection cleanly, after closing any TLS session, and discard
//# bytes that still arrive.
#[test]
fn ignored_input_is_discarded() {
    for last in ["83 00", "88 02 03e8"] {
        for_both_roles(|endpoint| {
            endpoint.receive(&[last]);
            for _ in 0..1000 {
                assert_eq!(endpoint.receive_bytes(&[0x55; 1000]), []);
            }
            assert!(endpoint.with_input(|input| input.is_empty()));
            let capacity = endpoint.with_input(|input| input.capacity());
            assert!(capacity <= 16 << 10, "{capacity} bytes after 1 MB of ignored input");
        });
    }
}

#[test]
fn a_connection_that_has_sent_everything_has_no_output() {
    for_both_roles(|endpoint| {
        endpoint.connection.send_binary(&[0; 100_000]).unwrap();
        endpoint.connection.send(Message::binary(vec![0; 100_000])).unwrap();
        assert!(endpoint.connection.queued_bytes() > 200_000);
        endpoint.take_sent();
        assert_eq!(endpoint.connection.queued_bytes(), 0);
    });
}

#[test]
fn queued_bytes_counts_headers_and_payloads() {
    let mut server = TestEndpoint::server();
    assert_eq!(server.connection.queued_bytes(), 0);
    server.connection.send_text("Hello").unwrap();
    assert_eq!(server.connection.queued_bytes(), 7);
    let mut client = TestEndpoint::client();
    client.connection.send_text("Hello").unwrap();
    assert_eq!(client.connection.queued_bytes(), 11);
}

#[test]
fn the_driver_may_exchange_the_input_buffer_while_it_is_empty() {
    let mut server = TestEndpoint::server();
    assert!(server.connection.take_input().is_empty());
    server.connection.put_input(BytesMut::from(&hex("81 85 37fa213d 7f9f4d5158   81 82")[..]));
    assert_eq!(server.poll_events(), [text("Hello")]);
    // The first bytes of an incomplete frame stay in the input.
    assert_eq!(server.with_input(|input| input.to_vec()), hex("81 82"));
    assert_eq!(server.receive_bytes(&mask_with_zeros(hex("81 02 6f6b"))[2..]), [text("ok")]);
    assert_eq!((server.role(), server.connection.state()), (Role::Server, State::Open));
}
