//! RFC 7692, section 6.2: receiving compressed messages.

use protocol::{Config, Limits, Role, Violation, extension::MAX_INFLATED_FROM_BYTE, frame::Opcode};
use testkit::{
    endpoint::{TestEndpoint, for_both_roles},
    frames::{
        first_byte::{BINARY, FIN, LAST_CONTINUATION, RSV1},
        frame_from, peer_of,
    },
    hex::{hex, to_hex},
    observed::{Observed, binary, ping, pong, text, violated},
};

use super::{ALWAYS, ALWAYS_FRUGAL, compressing_endpoint, deflated, for_both, for_both_with, hardest};

//= docs/src/rfc7692.md#section-5
//= type=test
//# After a valid response, both ends MUST exchange messages as described in section 6, with the
//# agreed parameters.
//= docs/src/rfc7692.md#section-6-2
//= type=test
//# To receive a compressed message, an endpoint MUST join the payloads of its frames, decompress
//# them and deliver the result.
#[test]
fn the_examples_of_section_7_2_3_are_received() {
    for_both(|endpoint| {
        assert_eq!(endpoint.receive(&["c1 07 f248cdc9c90700"]), [text("Hello")]);
        assert_eq!(endpoint.receive(&["41 03 f248cd", "80 04 c9c90700"]), [text("Hello")]);
        assert_eq!(endpoint.receive(&["c1 05 f200110000"]), [text("Hello")]);
        assert_eq!(endpoint.receive(&["c1 0b 000500faff48656c6c6f00"]), [text("Hello")]);
        assert_eq!(endpoint.receive(&["c1 08 f348cdc9c9070000"]), [text("Hello")]);
        assert_eq!(endpoint.receive(&["c1 0d f248050000 00ffffcac9c90700"]), [text("Hello")]);
        assert_eq!(endpoint.receive(&["c1 01 00"]), [text("")]);
        endpoint.assert_transmits_nothing();
    });
}

#[test]
fn the_opcode_decides_the_kind_of_a_compressed_message() {
    for_both(|endpoint| {
        assert_eq!(endpoint.receive(&["c2 07 f248cdc9c90700"]), [binary("48656c6c6f")]);
        assert_eq!(endpoint.receive(&["42 03 f248cd", "80 04 c9c90700"]), [binary("48656c6c6f")]);
        assert_eq!(endpoint.receive(&["c1 07 f248cdc9c90700"]), [text("Hello")]);
    });
}

//= docs/src/rfc7692.md#section-6-2
//= type=test
//# An uncompressed message MUST be delivered unchanged.
#[test]
fn compressed_and_uncompressed_messages_may_alternate() {
    for_both(|endpoint| {
        let observed =
            endpoint.receive(&["c1 07 f248cdc9c90700", "81 02 6869", "c1 05 f200110000", "01 01 68", "80 01 69"]);
        assert_eq!(observed, [text("Hello"), text("hi"), text("Hello"), text("hi")]);
        // Without RSV1 the same payload is delivered as it is.
        assert_eq!(endpoint.receive(&["82 07 f248cdc9c90700"]), [binary("f248cdc9c90700")]);
    });
}

#[test]
fn a_compressed_message_may_be_cut_anywhere_into_frames_and_reads() {
    let payload = hex("f248050000 00ffffcac9c90700");
    for_both(|endpoint| {
        for cut in 0..=payload.len() {
            let (first, second) = payload.split_at(cut);
            let first = format!("41 {:02x} {}", first.len(), to_hex(first));
            let second = format!("80 {:02x} {}", second.len(), to_hex(second));
            assert_eq!(endpoint.receive(&[&first, "00 00", &second]), [text("Hello")], "cut at {cut}");
            let observed = endpoint.receive_byte_by_byte(&[&first, "89 00", &second]);
            assert_eq!(observed, [ping(""), text("Hello")], "cut at {cut}");
            endpoint.take_sent();
        }
    });
}

#[test]
fn a_compressed_payload_is_unmasked_across_reads() {
    let mut server = compressing_endpoint(Role::Server, Config::default(), &ALWAYS);
    // c1 87 f248cdc9c90700 with the key 01020304.
    let bytes = hex("c1 87 01020304 f34acecdc80503");
    let observed: Vec<Observed> = bytes.iter().flat_map(|byte| server.receive_bytes(&[*byte])).collect();
    assert_eq!(observed, [text("Hello")]);
}

#[test]
fn control_frames_between_compressed_fragments_are_not_compressed() {
    for_both(|endpoint| {
        let observed = endpoint.receive(&["41 03 f248cd", "89 05 48656c6c6f", "8a 00", "80 04 c9c90700"]);
        assert_eq!(observed, [ping("48656c6c6f"), pong(""), text("Hello")]);
        endpoint.assert_transmits(&["8a 05 48656c6c6f"]);
    });
}

#[test]
fn text_is_validated_after_decompression() {
    for_both(|endpoint| {
        // The compressed payload is not UTF-8, but the message is.
        assert_eq!(endpoint.receive(&["c1 07 f248cdc9c90700"]), [text("Hello")]);
        // A stored c3 28.
        assert_eq!(endpoint.receive(&["c1 08 000200fdff c328 00"]), [violated(Violation::TextNotUtf8)]);
        endpoint.assert_fails_connection(1007);
    });
    // A character may be cut between two fragments, but not at the end of the message.
    for_both(|endpoint| {
        assert_eq!(endpoint.receive(&["41 06 000100feff c3", "80 07 000100feff a9 00"]), [text("é")]);
        assert_eq!(endpoint.receive(&["c1 07 000100feff c3 00"]), [violated(Violation::TextNotUtf8)]);
    });
    for_both(|endpoint| assert_eq!(endpoint.receive(&["c2 08 000200fdff c328 00"]), [binary("c328")]));
}

#[test]
fn invalid_utf8_fails_the_connection_before_the_message_is_complete() {
    for_both(|endpoint| {
        assert_eq!(endpoint.receive(&["41 07 000200fdff c328"]), [violated(Violation::TextNotUtf8)]);
        endpoint.assert_fails_connection(1007);
    });
}

#[test]
fn invalid_utf8_before_invalid_deflate_is_reported_in_any_cut() {
    for_both(|endpoint| {
        let bytes = endpoint.peer_frames(&["c1 07 000100feff ff 07"]);
        assert_eq!(endpoint.receive_bytes(&bytes), [violated(Violation::TextNotUtf8)]);
    });
    for_both(|endpoint| {
        let observed = endpoint.receive_byte_by_byte(&["c1 07 000100feff ff 07"]);
        assert_eq!(observed, [violated(Violation::TextNotUtf8)]);
    });
}

#[test]
fn invalid_deflate_fails_the_connection_with_1007() {
    for frame in ["c1 03 ffffff", "c2 05 f200110000", "c1 06 f248cdc9c907", "c1 02 f248"] {
        for_both(|endpoint| {
            assert_eq!(endpoint.receive(&[frame]), [violated(Violation::DeflateInvalid)], "{frame}");
            let reason = endpoint.assert_fails_connection(1007);
            assert!(reason.contains("RFC 7692"), "{reason}");
        });
    }
}

#[test]
fn without_takeover_a_reference_to_an_earlier_message_is_invalid() {
    for_both_with(&Config::default(), &ALWAYS_FRUGAL, |endpoint| {
        assert_eq!(endpoint.receive(&["c1 07 f248cdc9c90700"]), [text("Hello")]);
        assert_eq!(endpoint.receive(&["c1 07 f248cdc9c90700"]), [text("Hello")]);
        assert_eq!(endpoint.receive(&["c1 05 f200110000"]), [violated(Violation::DeflateInvalid)]);
    });
}

// ---- RSV1 (section 6.1) -------------------------------------------------------------------------

//= docs/src/rfc7692.md#section-6-1
//= type=test
//# An endpoint that receives a control frame or a later fragment with RSV1 set MUST fail the
//# connection.
#[test]
fn rsv1_on_any_but_the_first_frame_of_a_message_fails_the_connection() {
    let misplaced = |opcode| violated(Violation::CompressedBitMisplaced(opcode));
    for (frames, observed) in [
        (&["c8 00"][..], misplaced(Opcode::Close)),
        (&["c9 00"], misplaced(Opcode::Ping)),
        (&["ca 00"], misplaced(Opcode::Pong)),
        (&["41 03 f248cd", "c0 04 c9c90700"], misplaced(Opcode::Continuation)),
        (&["01 01 48", "c0 04 c9c90700"], misplaced(Opcode::Continuation)),
        (&["c0 00"], misplaced(Opcode::Continuation)),
        (&["41 03 f248cd", "c9 00"], misplaced(Opcode::Ping)),
        (&["41 03 f248cd", "c1 00"], violated(Violation::MessageInsideMessage)),
    ] {
        for_both(|endpoint| {
            assert_eq!(endpoint.receive(frames), std::slice::from_ref(&observed), "{frames:?}");
            endpoint.assert_fails_connection(1002);
        });
    }
}

#[test]
fn rsv2_and_rsv3_fail_the_connection() {
    for (frame, bits) in [("a1 00", 0x20), ("91 00", 0x10), ("e1 00", 0x20), ("f1 00", 0x30), ("d9 00", 0x10)] {
        for_both(|endpoint| {
            assert_eq!(endpoint.receive(&[frame]), [violated(Violation::ReservedBitsSet(bits))], "{frame}");
            endpoint.assert_fails_connection(1002);
        });
    }
}

//= docs/src/rfc6455.md#section-5-2
//= type=test
//# The use of an extension MUST be negotiated in the opening handshake, in the way that the
//# extension specifies.
//= docs/src/rfc6455.md#section-5-8
//= type=test
//# All extensions that the two sides use MUST be negotiated during the opening handshake.
#[test]
fn without_negotiated_compression_rsv1_fails_the_connection() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["c1 07 f248cdc9c90700"]), [violated(Violation::ReservedBitsSet(0x40))]);
        endpoint.assert_fails_connection(1002);
    });
}

// ---- Limits -------------------------------------------------------------------------------------

#[test]
fn the_limit_on_messages_is_for_their_decompressed_size() {
    let config = Config::DEFAULT.limits(Limits::DEFAULT.max_message_bytes(5));
    for_both_with(&config, &ALWAYS, |endpoint| {
        // The payload is longer than five bytes, but the message is not.
        assert_eq!(endpoint.receive(&["c1 07 f248cdc9c90700"]), [text("Hello")]);
        let too_long = format!("c1 08 {}", to_hex(&deflated(b"Hello!", &ALWAYS)));
        assert_eq!(endpoint.receive(&[&too_long]), [violated(Violation::MessageTooBig { limit: 5 })]);
        endpoint.assert_fails_connection(1009);
    });
    // A fragmented message can exceed the limit too, even before its last fragment.
    for_both_with(&config, &ALWAYS, |endpoint| {
        let observed = endpoint.receive(&["41 06 000100feff 48", "00 09 000400fbff 656c6c6f", "00 06 000100feff 21"]);
        assert_eq!(observed, [violated(Violation::MessageTooBig { limit: 5 })]);
    });
}

#[test]
fn the_byte_above_the_limit_is_not_validated() {
    let config = Config::DEFAULT.limits(Limits::DEFAULT.max_message_bytes(5));
    for_both_with(&config, &ALWAYS, |endpoint| {
        // C0 is not UTF-8, but it is the sixth byte, which is not validated.
        assert_eq!(
            endpoint.receive(&["c1 0c 000600f9ff 48656c6c6f c0 00"]),
            [violated(Violation::MessageTooBig { limit: 5 })]
        );
    });
    for_both_with(&config, &ALWAYS, |endpoint| {
        assert_eq!(endpoint.receive(&["c1 0c 000600f9ff 48656c6c c0 6f 00"]), [violated(Violation::TextNotUtf8)]);
    });
}

#[test]
fn the_limit_on_frames_is_for_their_compressed_size() {
    for_both_with(&Config::DEFAULT.limits(Limits::DEFAULT.max_frame_bytes(6)), &ALWAYS, |endpoint| {
        assert_eq!(endpoint.receive(&["c1 07"]), [violated(Violation::FrameTooBig { length: 7, limit: 6 })]);
    });
    for_both_with(&Config::DEFAULT.limits(Limits::DEFAULT.max_fragments(2)), &ALWAYS, |endpoint| {
        assert_eq!(
            endpoint.receive(&["41 00", "00 00", "00 00"]),
            [violated(Violation::TooManyFragments { limit: 2 })]
        );
    });
}

#[test]
fn a_bomb_fails_the_connection_before_it_is_complete() {
    let bomb = deflated(&vec![0; 16 << 20], &hardest(ALWAYS));
    let config = Config::DEFAULT.limits(Limits::DEFAULT.max_message_bytes(1 << 20));
    let mut server = compressing_endpoint(Role::Server, config, &ALWAYS);
    let frame = frame_from(Role::Client, RSV1 | BINARY, &bomb);
    // The connection fails when the limit is reached, long before the frame is complete.
    let mut received = 0;
    let observed = frame.chunks(1000).find_map(|piece| {
        received += piece.len();
        Some(server.receive_bytes(piece)).filter(|observed| !observed.is_empty())
    });
    assert_eq!(observed, Some(vec![violated(Violation::MessageTooBig { limit: 1 << 20 })]));
    assert!(received < frame.len() / 4, "{received} of {}", frame.len());
    server.assert_fails_connection(1009);
}

// ---- The limit on what is inflated --------------------------------------------------------------

/// Receives a one-megabyte message that compresses to about a thousand bytes, in fragments of at
/// most `fragment` bytes, with a limit on the inflated bytes that are held.
fn receive_limited(endpoint: &mut TestEndpoint, fragment: usize, limit: usize) {
    let compressed = deflated(&vec![0; 1 << 20], &hardest(ALWAYS));
    let pieces: Vec<_> = compressed.chunks(fragment).collect();
    endpoint.connection.set_inflate_limit(limit);
    for (index, piece) in pieces.iter().enumerate() {
        let opcode = if index == 0 { BINARY | RSV1 } else { LAST_CONTINUATION };
        let first_byte = if index + 1 == pieces.len() { opcode } else { opcode & !FIN };
        endpoint.connection.receive(&frame_from(peer_of(endpoint.role()), first_byte, piece));
    }
}

#[test]
fn nothing_is_inflated_beyond_the_limit_until_it_is_raised() {
    for fragment in [usize::MAX, 100, 1] {
        for_both(|endpoint| {
            let mut limit = 16 << 10;
            receive_limited(endpoint, fragment, limit);
            let mut rounds = 0;
            loop {
                let observed = endpoint.poll_events();
                let held = endpoint.connection.received_bytes();
                if let [Observed::Binary(message)] = &observed[..] {
                    assert!(message.len() == 1 << 20 && message.iter().all(|byte| *byte == 0));
                    assert_eq!(held, 0);
                    break;
                }
                assert_eq!(observed, []);
                assert!(endpoint.connection.is_inflate_limited(), "no more input is needed");
                assert!(endpoint.connection.message_capacity() >= limit, "the inflated bytes are held");
                assert!((limit..limit + MAX_INFLATED_FROM_BYTE).contains(&held), "{held} bytes, limit {limit}");
                limit += 64 << 10;
                endpoint.connection.set_inflate_limit(limit);
                rounds += 1;
            }
            assert!((15..=17).contains(&rounds), "{rounds} rounds of 64 KiB");
            assert!(!endpoint.connection.is_inflate_limited());
        });
    }
}

/// The end of the stream has been read, but some of the bytes before it are still waiting for
/// memory.
#[test]
fn the_end_of_the_stream_is_not_handled_before_everything_is_inflated() {
    for_both(|endpoint| {
        receive_limited(endpoint, usize::MAX, 16 << 10);
        endpoint.connection.receive_eof();
        assert_eq!(endpoint.poll_events(), []);
        assert!(endpoint.connection.poll_transmit().is_none(), "the stream is not dropped yet");
        endpoint.connection.set_inflate_limit(usize::MAX);
        let observed = endpoint.poll_events();
        assert!(matches!(&observed[..], [Observed::Binary(message)] if message.len() == 1 << 20), "{observed:?}");
    });
}

#[test]
fn a_last_fragment_without_payload_needs_no_room() {
    for_both(|endpoint| {
        let peer = peer_of(endpoint.role());
        let compressed = deflated(&[7; 10_000], &ALWAYS);
        assert_eq!(endpoint.receive_bytes(&frame_from(peer, (BINARY | RSV1) & !FIN, &compressed)), []);
        endpoint.connection.set_inflate_limit(1);
        let observed = endpoint.receive_bytes(&frame_from(peer, LAST_CONTINUATION, []));
        assert!(matches!(&observed[..], [Observed::Binary(message)] if message[..] == [7; 10_000]), "{observed:?}");
    });
}

#[test]
fn a_message_below_the_limit_is_inflated_at_once() {
    for_both(|endpoint| {
        endpoint.connection.set_inflate_limit(16 << 10);
        let compressed = deflated(&[7; 10_000], &ALWAYS);
        let frame = frame_from(peer_of(endpoint.role()), BINARY | RSV1, &compressed);
        for _ in 0..3 {
            let observed = endpoint.receive_bytes(&frame);
            assert!(matches!(&observed[..], [Observed::Binary(message)] if message[..] == [7; 10_000]));
        }
    });
}

#[test]
fn the_message_limit_holds_below_the_limit_on_held_bytes() {
    let config = Config::DEFAULT.limits(Limits::DEFAULT.max_message_bytes(100_000));
    for_both_with(&config, &ALWAYS, |endpoint| {
        receive_limited(endpoint, usize::MAX, 200_000);
        assert_eq!(endpoint.poll_events(), [violated(Violation::MessageTooBig { limit: 100_000 })]);
        assert_eq!(endpoint.connection.received_bytes(), 0, "everything is freed");
    });
}
