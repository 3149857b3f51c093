//! RFC 7692, section 6: compressed messages in frames, through whole connections.

mod common;

use common::{
    End, Heard, Pair, binary, broken,
    deflate::{Inflated, agree, stored},
    hex, limits, ping, text, to_hex, wire,
};
use proptest::prelude::*;
use protocol::{
    Config, DeflateOptions, Limits, Message, MessageKind, PreparedMessage, Role, UsageError, Violation,
    extension::{Level, WindowBits},
    frame::{FrameHeader, MaskingKey, Opcode, ReservedBits},
};

/// Every message is compressed, however small.
const ALWAYS: DeflateOptions = DeflateOptions { threshold: 0, ..DeflateOptions::DEFAULT };
const ALWAYS_FRUGAL: DeflateOptions = DeflateOptions { threshold: 0, ..DeflateOptions::FRUGAL };

fn end(role: Role, config: Config, options: &DeflateOptions) -> End {
    let (client, server) = agree(options, options);
    let compression = if role == Role::Client { client } else { server };
    End::new(role, config).compressing(&compression)
}

/// Runs a test for a server and for a client that have agreed on compression.
fn both(test: impl Fn(&mut End)) {
    both_with(&Config::default(), &ALWAYS, test);
}

fn both_with(config: &Config, options: &DeflateOptions, test: impl Fn(&mut End)) {
    for role in [Role::Server, Role::Client] {
        println!("as a {role:?}"); // shown when the test fails
        test(&mut end(role, config.clone(), options));
    }
}

/// What was sent: each frame's header and its payload without the mask.
fn frames(mut bytes: &[u8]) -> Vec<(FrameHeader, Vec<u8>)> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let (header, len) = FrameHeader::parse(bytes).unwrap().expect("whole frames");
        let end = len + usize::try_from(header.payload_length).unwrap();
        let mut payload = bytes[len..end].to_vec();
        protocol::frame::apply_mask(&mut payload, header.masking_key.unwrap_or(MaskingKey([0; 4])));
        frames.push((header, payload));
        bytes = &bytes[end..];
    }
    frames
}

fn is_compressed(frame: &(FrameHeader, Vec<u8>)) -> bool {
    frame.0.reserved == ReservedBits::RSV1
}

// ---- Receiving (section 6.2) ------------------------------------------------------------------------------------------

//= docs/src/rfc7692.md#section-5
//= type=test
//# After a valid response both ends MUST exchange messages by the rules of section 6, with the agreed parameters.
//= docs/src/rfc7692.md#section-6-2
//= type=test
//# To receive a compressed message, an endpoint MUST join the payloads of its frames, decompress them and deliver the
//# result.
#[test]
fn the_rfcs_frames_are_hello() {
    both(|end| {
        assert_eq!(end.hears(&["c1 07 f248cdc9c90700"]), [text("Hello")]);
        assert_eq!(end.hears(&["41 03 f248cd", "80 04 c9c90700"]), [text("Hello")]);
        assert_eq!(end.hears(&["c1 05 f200110000"]), [text("Hello")]);
        assert_eq!(end.hears(&["c1 0b 000500faff48656c6c6f00"]), [text("Hello")]);
        assert_eq!(end.hears(&["c1 08 f348cdc9c9070000"]), [text("Hello")]);
        assert_eq!(end.hears(&["c1 0d f248050000 00ffffcac9c90700"]), [text("Hello")]);
        assert_eq!(end.hears(&["c1 01 00"]), [text("")]);
        end.transmits_nothing();
    });
}

#[test]
fn the_opcode_still_tells_text_from_binary() {
    both(|end| {
        assert_eq!(end.hears(&["c2 07 f248cdc9c90700"]), [binary("48656c6c6f")]);
        assert_eq!(end.hears(&["42 03 f248cd", "80 04 c9c90700"]), [binary("48656c6c6f")]);
        assert_eq!(end.hears(&["c1 07 f248cdc9c90700"]), [text("Hello")]);
    });
}

//= docs/src/rfc7692.md#section-6-2
//= type=test
//# An uncompressed message MUST be delivered as it is.
#[test]
fn compressed_and_uncompressed_messages_alternate_as_they_like() {
    both(|end| {
        let heard = end.hears(&["c1 07 f248cdc9c90700", "81 02 6869", "c1 05 f200110000", "01 01 68", "80 01 69"]);
        assert_eq!(heard, [text("Hello"), text("hi"), text("Hello"), text("hi")]);
        // Compressed bytes without the bit are just bytes.
        assert_eq!(end.hears(&["82 07 f248cdc9c90700"]), [binary("f248cdc9c90700")]);
    });
}

#[test]
fn a_compressed_message_may_be_cut_anywhere_into_frames_and_these_into_reads() {
    let payload = hex("f248050000 00ffffcac9c90700");
    both(|end| {
        for cut in 0..=payload.len() {
            let (first, second) = payload.split_at(cut);
            let first = format!("41 {:02x} {}", first.len(), to_hex(first));
            let second = format!("80 {:02x} {}", second.len(), to_hex(second));
            assert_eq!(end.hears(&[&first, "00 00", &second]), [text("Hello")], "cut at {cut}");
            let bytes = wire(common::peer_of(end.role()), &[&first, "89 00", &second]);
            let heard: Vec<Heard> = bytes.iter().flat_map(|byte| end.hears_bytes(&[*byte])).collect();
            assert_eq!(heard, [ping(""), text("Hello")], "cut at {cut}");
            end.sent();
        }
    });
}

#[test]
fn masking_goes_on_through_a_payload_that_comes_in_pieces() {
    let mut server = end(Role::Server, Config::default(), &ALWAYS);
    // c1 87 f248cdc9c90700 with the key 01020304.
    let bytes = hex("c1 87 01020304 f34acecdc80503");
    let heard: Vec<Heard> = bytes.iter().flat_map(|byte| server.hears_bytes(&[*byte])).collect();
    assert_eq!(heard, [text("Hello")]);
}

#[test]
fn control_frames_between_compressed_fragments_are_not_compressed() {
    both(|end| {
        let heard = end.hears(&["41 03 f248cd", "89 05 48656c6c6f", "8a 00", "80 04 c9c90700"]);
        assert_eq!(heard, [ping("48656c6c6f"), common::pong(""), text("Hello")]);
        end.transmits(&["8a 05 48656c6c6f"]);
    });
}

#[test]
fn text_is_checked_after_decompressing() {
    both(|end| {
        // The payload is no UTF-8, and what it gives is.
        assert_eq!(end.hears(&["c1 07 f248cdc9c90700"]), [text("Hello")]);
        // A stored c3 28.
        assert_eq!(end.hears(&["c1 08 000200fdff c328 00"]), [broken(Violation::TextNotUtf8)]);
        end.transmits_failure(1007);
    });
    // And a character may be cut between two fragments, but not at the end.
    both(|end| {
        assert_eq!(end.hears(&["41 06 000100feff c3", "80 07 000100feff a9 00"]), [text("é")]);
        assert_eq!(end.hears(&["c1 07 000100feff c3 00"]), [broken(Violation::TextNotUtf8)]);
    });
    both(|end| assert_eq!(end.hears(&["c2 08 000200fdff c328 00"]), [binary("c328")]));
}

#[test]
fn bad_text_fails_before_the_message_has_ended() {
    both(|end| {
        assert_eq!(end.hears(&["41 07 000200fdff c328"]), [broken(Violation::TextNotUtf8)]);
        end.transmits_failure(1007);
    });
}

#[test]
fn bad_text_before_what_cannot_be_inflated_is_bad_text_in_any_cut() {
    both(|end| {
        let bytes = wire(common::peer_of(end.role()), &["c1 07 000100feff ff 07"]);
        assert_eq!(end.hears_bytes(&bytes), [broken(Violation::TextNotUtf8)]);
    });
    both(|end| {
        let bytes = wire(common::peer_of(end.role()), &["c1 07 000100feff ff 07"]);
        let heard: Vec<Heard> = bytes.iter().flat_map(|byte| end.hears_bytes(&[*byte])).collect();
        assert_eq!(heard, [broken(Violation::TextNotUtf8)]);
    });
}

#[test]
fn what_cannot_be_inflated_fails_with_1007() {
    for frame in ["c1 03 ffffff", "c2 05 f200110000", "c1 06 f248cdc9c907", "c1 02 f248"] {
        both(|end| {
            assert_eq!(end.hears(&[frame]), [broken(Violation::DeflateInvalid)], "{frame}");
            let reason = end.transmits_failure(1007);
            assert!(reason.contains("RFC 7692"), "{reason}");
        });
    }
}

#[test]
fn without_takeover_a_reference_to_the_last_message_is_invalid() {
    both_with(&Config::default(), &ALWAYS_FRUGAL, |end| {
        assert_eq!(end.hears(&["c1 07 f248cdc9c90700"]), [text("Hello")]);
        assert_eq!(end.hears(&["c1 07 f248cdc9c90700"]), [text("Hello")]);
        assert_eq!(end.hears(&["c1 05 f200110000"]), [broken(Violation::DeflateInvalid)]);
    });
}

// ---- RSV1 (section 6.1) -----------------------------------------------------------------------------------------------

//= docs/src/rfc7692.md#section-6-1
//= type=test
//# An endpoint that receives a control frame or a later fragment with RSV1 set MUST fail the connection.
#[test]
fn rsv1_is_for_the_first_frame_of_a_message() {
    let misplaced = |opcode| broken(Violation::CompressedBitMisplaced(opcode));
    for (frames, heard) in [
        (&["c8 00"][..], misplaced(Opcode::Close)),
        (&["c9 00"], misplaced(Opcode::Ping)),
        (&["ca 00"], misplaced(Opcode::Pong)),
        (&["41 03 f248cd", "c0 04 c9c90700"], misplaced(Opcode::Continuation)),
        (&["01 01 48", "c0 04 c9c90700"], misplaced(Opcode::Continuation)),
        (&["c0 00"], misplaced(Opcode::Continuation)),
        (&["41 03 f248cd", "c9 00"], misplaced(Opcode::Ping)),
        (&["41 03 f248cd", "c1 00"], broken(Violation::MessageInsideMessage)),
    ] {
        both(|end| {
            assert_eq!(end.hears(frames), std::slice::from_ref(&heard), "{frames:?}");
            end.transmits_failure(1002);
        });
    }
}

#[test]
fn the_other_reserved_bits_still_mean_nothing() {
    for (frame, bits) in [("a1 00", 0x20), ("91 00", 0x10), ("e1 00", 0x20), ("f1 00", 0x30), ("d9 00", 0x10)] {
        both(|end| {
            assert_eq!(end.hears(&[frame]), [broken(Violation::ReservedBitsSet(bits))], "{frame}");
            end.transmits_failure(1002);
        });
    }
}

//= docs/src/rfc6455.md#section-5-2
//= type=test
//# The use of an extension MUST be agreed on in the opening handshake, in the way that the extension lays down.
//= docs/src/rfc6455.md#section-5-8
//= type=test
//# The two sides MUST agree on the extensions that they use during the opening handshake.
#[test]
fn without_an_agreement_rsv1_is_a_violation() {
    common::both(|end| {
        assert_eq!(end.hears(&["c1 07 f248cdc9c90700"]), [broken(Violation::ReservedBitsSet(0x40))]);
        end.transmits_failure(1002);
    });
}

// ---- Limits -----------------------------------------------------------------------------------------------------------

#[test]
fn the_limit_on_messages_is_one_on_what_they_inflate_to() {
    let config = limits(|limits| limits.max_message_bytes = 5);
    both_with(&config, &ALWAYS, |end| {
        // Larger than five bytes on the wire, not larger when it is there.
        assert_eq!(end.hears(&["c1 07 f248cdc9c90700"]), [text("Hello")]);
        let mut too_long = agree_on_payload(b"Hello!");
        too_long.insert_str(0, "c1 08 ");
        assert_eq!(end.hears(&[&too_long]), [broken(Violation::MessageTooBig { limit: 5 })]);
        end.transmits_failure(1009);
    });
    // Over several fragments, and before the last of them.
    both_with(&config, &ALWAYS, |end| {
        let heard = end.hears(&["41 06 000100feff 48", "00 09 000400fbff 656c6c6f", "00 06 000100feff 21"]);
        assert_eq!(heard, [broken(Violation::MessageTooBig { limit: 5 })]);
    });
}

#[test]
fn a_byte_above_the_limit_is_too_much_and_nothing_else() {
    let config = limits(|limits| limits.max_message_bytes = 5);
    both_with(&config, &ALWAYS, |end| {
        // C0 is no byte of UTF-8. But it is not looked at.
        assert_eq!(end.hears(&["c1 0c 000600f9ff 48656c6c6f c0 00"]), [broken(Violation::MessageTooBig { limit: 5 })]);
    });
    both_with(&config, &ALWAYS, |end| {
        assert_eq!(end.hears(&["c1 0c 000600f9ff 48656c6c c0 6f 00"]), [broken(Violation::TextNotUtf8)]);
    });
}

/// The payload of a small message, in hexadecimal.
fn agree_on_payload(message: &[u8]) -> String {
    let (client, _) = agree(&ALWAYS, &ALWAYS);
    to_hex(&protocol::extension::Deflater::new(&client).deflate(message, true))
}

#[test]
fn a_frame_is_limited_by_what_it_is_on_the_wire() {
    both_with(&limits(|limits| limits.max_frame_bytes = 6), &ALWAYS, |end| {
        assert_eq!(end.hears(&["c1 07"]), [broken(Violation::FrameTooBig { length: 7, limit: 6 })]);
    });
    both_with(&limits(|limits| limits.fragments = 2), &ALWAYS, |end| {
        assert_eq!(end.hears(&["41 00", "00 00", "00 00"]), [broken(Violation::TooManyFragments { limit: 2 })]);
    });
}

#[test]
fn what_follows_a_bomb_is_not_read() {
    let bomb = agree_on_payload_of_zeros(16 << 20);
    let config = limits(|limits| limits.max_message_bytes = 1 << 20);
    let mut server = end(Role::Server, config, &ALWAYS);
    let header = FrameHeader {
        fin: true,
        reserved: ReservedBits::RSV1,
        opcode: Opcode::Binary,
        masking_key: Some(MaskingKey([0; 4])),
        payload_length: bomb.len() as u64,
    };
    let frame = [&header.encode()[..], &bomb].concat();
    // It stops as soon as the limit is reached, long before all of it has come.
    let mut taken = 0;
    let heard = frame.chunks(1000).find_map(|piece| {
        taken += piece.len();
        Some(server.hears_bytes(piece)).filter(|heard| !heard.is_empty())
    });
    assert_eq!(heard, Some(vec![broken(Violation::MessageTooBig { limit: 1 << 20 })]));
    assert!(taken < frame.len() / 4, "{taken} of {}", frame.len());
    server.transmits_failure(1009);
}

fn agree_on_payload_of_zeros(size: usize) -> Vec<u8> {
    let hardest = DeflateOptions { level: Level::new(9).unwrap(), ..ALWAYS };
    let (client, _) = agree(&hardest, &hardest);
    protocol::extension::Deflater::new(&client).deflate(&vec![0; size], true)
}

// ---- Sending (section 6.1) --------------------------------------------------------------------------------------------

//= docs/src/rfc7692.md#section-6-1
//= type=test
//# To send a message compressed, an endpoint MUST compress its whole payload, put the result into frames and set RSV1
//# of the first one.
#[test]
fn a_message_is_sent_as_the_rfc_has_it() {
    both(|end| {
        end.connection.send(Message::text("Hello")).unwrap();
        end.transmits(&["c1 07 f248cdc9c90700"]);
        end.connection.send_text("Hello").unwrap();
        end.transmits(&["c1 04 02130000"]);
        end.connection.send_binary(b"").unwrap();
        end.transmits(&["c2 01 00"]);
    });
    both_with(&Config::default(), &ALWAYS_FRUGAL, |end| {
        for _ in 0..2 {
            end.connection.send(Message::text("Hello, Hello, Hello")).unwrap();
        }
        let sent = frames(&end.sent());
        assert!(sent.iter().all(is_compressed), "{sent:?}");
        assert_eq!(sent[0].1, sent[1].1);
    });
}

//= docs/src/rfc7692.md#section-6-1
//= type=test
//# RSV1 MUST NOT be set on a control frame, nor on any frame of a message but its first.
#[test]
fn a_fragmented_message_has_rsv1_on_its_first_frame() {
    both(|end| {
        end.connection.send_fragment(MessageKind::Text, b"He", false).unwrap();
        end.connection.ping(b"?").unwrap();
        end.connection.send_fragment(MessageKind::Text, b"", false).unwrap();
        end.connection.send_fragment(MessageKind::Text, b"ll", false).unwrap();
        end.connection.send_fragment(MessageKind::Text, b"o", true).unwrap();
        let sent = frames(&end.sent());
        let bits: Vec<_> = sent.iter().map(|(header, _)| (header.opcode, header.reserved, header.fin)).collect();
        let none = ReservedBits::NONE;
        let expected = [
            (Opcode::Text, ReservedBits::RSV1, false),
            (Opcode::Ping, none, true),
            (Opcode::Continuation, none, false),
            (Opcode::Continuation, none, false),
            (Opcode::Continuation, none, true),
        ];
        assert_eq!(bits, expected);
        assert_eq!(sent[1].1, b"?");
        // Each fragment can be read when it is there, and ends in the four bytes unless it is the last.
        assert!(sent[0].1.ends_with(&[0, 0, 0xFF, 0xFF]) && sent[3].1.ends_with(&[0, 0, 0xFF, 0xFF]));
        let payload: Vec<u8> = [0, 2, 3, 4].iter().flat_map(|frame: &usize| sent[*frame].1.clone()).collect();
        assert_eq!(Inflated::default().read(&payload), b"Hello");
    });
}

//= docs/src/rfc7692.md#section-6-1
//= type=test
//# To send a message uncompressed, an endpoint MUST put its payload into frames as it is and leave RSV1 of the first
//# one unset.
#[test]
fn messages_below_the_threshold_are_sent_as_they_are() {
    both_with(&Config::default(), &DeflateOptions::DEFAULT, |end| {
        for size in [0, 1, 1023, 1024, 5000] {
            end.connection.send_binary(&vec![7; size]).unwrap();
            end.connection.send(Message::binary(vec![7; size])).unwrap();
            for frame in frames(&end.sent()) {
                assert_eq!(is_compressed(&frame), size >= 1024, "{size} bytes");
                assert_eq!(frame.1.len() < size, size >= 1024, "{size} bytes");
            }
        }
    });
}

#[test]
fn without_takeover_a_message_that_would_grow_is_sent_as_it_is() {
    both_with(&Config::default(), &ALWAYS_FRUGAL, |end| {
        end.connection.send_binary(b"x7").unwrap();
        end.transmits(&["82 02 7837"]);
        end.connection.send_binary(&[b'x'; 30]).unwrap();
        assert!(is_compressed(&frames(&end.sent())[0]));
    });
}

#[test]
fn with_takeover_a_message_that_grows_is_sent_compressed_all_the_same() {
    // For the next one refers to it.
    both(|end| {
        end.connection.send_binary(b"x7y8z9").unwrap();
        end.connection.send_binary(b"x7y8z9x7y8z9").unwrap();
        let sent = frames(&end.sent());
        assert!(sent.iter().all(is_compressed));
        assert!(sent[0].1.len() >= 6 && sent[1].1.len() < 6, "{sent:?}");
    });
}

#[test]
fn an_uncompressed_message_leaves_the_window_alone() {
    // 1024 bytes are compressed, 1000 are not and are not in the window either.
    let long: Vec<u8> = (0..1024_u32).map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let options = DeflateOptions::DEFAULT;
    let mut pair = Pair::compressing(&Config::default(), &options, &options);
    for message in [&long[..], &long[..1000], &long[..], &long[24..]] {
        pair.client.connection.send_binary(message).unwrap();
        pair.server.connection.send_binary(message).unwrap();
    }
    pair.drive();
    let expected = [&long[..], &long[..1000], &long[..], &long[24..]].map(|message| Heard::Binary(message.to_vec()));
    assert!(pair.heard_by_server == expected && pair.heard_by_client == expected);
    let sent = frames(&pair.sent_by_server);
    assert_eq!(sent.iter().map(is_compressed).collect::<Vec<_>>(), [true, false, true, false]);
    assert!(sent[2].1.len() < 50, "{} bytes for what was sent before", sent[2].1.len());
}

#[test]
fn control_frames_are_never_compressed() {
    both(|end| {
        end.connection.ping(b"Hello").unwrap();
        end.connection.pong(b"Hello").unwrap();
        end.close(1000, "Hello");
        end.transmits(&["89 05 48656c6c6f", "8a 05 48656c6c6f", "88 07 03e8 48656c6c6f"]);
    });
}

#[test]
fn after_close_nothing_is_sent_and_what_comes_is_still_read() {
    both(|end| {
        assert_eq!(end.hears(&["c1 07 f248cdc9c90700"]), [text("Hello")]);
        end.close(1000, "");
        assert_eq!(end.connection.send_text("Hello"), Err(UsageError::AfterClose));
        assert_eq!(end.hears(&["c1 05 f200110000"]), [text("Hello")]);
    });
}

#[test]
fn text_that_is_none_cannot_be_sent_in_compressed_fragments() {
    both(|end| {
        assert_eq!(end.connection.send_fragment(MessageKind::Text, b"\xc3(", true), Err(UsageError::NotUtf8));
        end.transmits_nothing();
        // And nothing of it is in the window.
        end.connection.send_text("Hello").unwrap();
        end.transmits(&["c1 07 f248cdc9c90700"]);
    });
}

// ---- Prepared messages ------------------------------------------------------------------------------------------------

#[test]
fn a_prepared_message_is_compressed_once_for_all_who_can_read_it() {
    let message = Message::binary(b"{\"sequence\":1}".repeat(100));
    let ten_bits = DeflateOptions { server_max_window_bits: WindowBits::new(10).unwrap(), ..ALWAYS };
    let prepared = PreparedMessage::compressed(&message, &ten_bits);
    let sent_with = |options: &DeflateOptions| {
        let mut server = end(Role::Server, Config::default(), options);
        server.connection.send_prepared(&prepared).unwrap();
        server.sent()
    };
    let compressed = sent_with(&ALWAYS);
    assert!(is_compressed(&frames(&compressed)[0]) && compressed.len() < 200, "{} bytes", compressed.len());
    assert_eq!(sent_with(&ten_bits), compressed);
    assert_eq!(sent_with(&ALWAYS_FRUGAL), compressed);
    let mut client = end(Role::Client, Config::default(), &ALWAYS);
    assert_eq!(client.hears_bytes(&compressed), [Heard::Binary(message.as_bytes().to_vec())]);
    // Not to one whose window is smaller, nor to one that has agreed on nothing.
    let nine_bits = DeflateOptions { server_max_window_bits: WindowBits::new(9).unwrap(), ..ALWAYS };
    let mut plain = End::server();
    plain.connection.send_prepared(&prepared).unwrap();
    let plain = plain.sent();
    assert_eq!(sent_with(&nine_bits), plain);
    assert_eq!(frames(&plain)[0].1, *message.as_bytes());
    // And what was not to be compressed is not.
    let mut server = end(Role::Server, Config::default(), &ALWAYS);
    server.connection.send_prepared(&PreparedMessage::new(&message)).unwrap();
    assert_eq!(server.sent(), plain);
}

#[test]
fn a_prepared_message_that_is_small_or_would_grow_is_not_compressed() {
    for (message, options) in [(&b"xxxxxxxxxx"[..], DeflateOptions::DEFAULT), (b"x7y8z9", ALWAYS)] {
        let mut server = end(Role::Server, Config::default(), &ALWAYS);
        server
            .connection
            .send_prepared(&PreparedMessage::compressed(&Message::binary(message.to_vec()), &options))
            .unwrap();
        assert_eq!(frames(&server.sent())[0].1, message);
    }
}

#[test]
fn prepared_messages_and_others_can_be_read_in_any_order() {
    let own: Vec<u8> = b"{\"own\":true,\"text\":\"Hello\"}".repeat(10);
    let shared: Vec<u8> = b"{\"shared\":true,\"text\":\"Hello\"}".repeat(10);
    let prepared = PreparedMessage::compressed(&Message::binary(shared.clone()), &ALWAYS);
    let mut pair = Pair::compressing(&Config::default(), &ALWAYS, &ALWAYS);
    let mut expected = Vec::new();
    for round in 0..20 {
        if round % 3 == 1 {
            pair.server.connection.send_prepared(&prepared).unwrap();
            expected.push(Heard::Binary(shared.clone()));
        } else {
            pair.server.connection.send_binary(&own).unwrap();
            expected.push(Heard::Binary(own.clone()));
        }
    }
    pair.drive();
    assert!(pair.heard_by_client == expected);
}

// ---- Both ends --------------------------------------------------------------------------------------------------------

//= docs/src/rfc7692.md#section-5
//= type=test
//# After a valid response both ends MUST exchange messages by the rules of section 6, with the agreed parameters.
#[test]
fn two_ends_talk_with_every_combination_of_parameters() {
    let text: String = (0..300).map(|number| format!("{{\"sequence\":{number},\"name\":\"Hello\"}}")).collect();
    for flags in 0..4 {
        for (server_bits, client_bits) in [(8, 15), (15, 8), (9, 12), (15, 15)] {
            let options = DeflateOptions {
                server_no_context_takeover: flags & 1 != 0,
                client_no_context_takeover: flags & 2 != 0,
                server_max_window_bits: WindowBits::new(server_bits).unwrap(),
                client_max_window_bits: WindowBits::new(client_bits).unwrap(),
                ..ALWAYS
            };
            for (client, server) in [(&options, &ALWAYS), (&ALWAYS, &options), (&options, &options)] {
                let mut pair = Pair::compressing(&Config::default(), client, server);
                for _ in 0..3 {
                    pair.client.connection.send_text(&text).unwrap();
                    pair.server.connection.send_text(&text).unwrap();
                }
                pair.drive();
                let expected = vec![Heard::Text(text.clone()); 3];
                assert!(pair.heard_by_server == expected && pair.heard_by_client == expected, "{options:?}");
                // Whoever takes over sends the second for next to nothing.
                let windows = [(&pair.sent_by_client, flags & 2 == 0), (&pair.sent_by_server, flags & 1 == 0)];
                for ((sent, takeover), bits) in windows.into_iter().zip([client_bits, server_bits]) {
                    let sizes: Vec<usize> = frames(sent).iter().map(|frame| frame.1.len()).collect();
                    if bits == 15 {
                        assert_eq!(sizes[1] * 2 < sizes[0], takeover, "{sizes:?} with {options:?}");
                    }
                    assert!(takeover || sizes[0] == sizes[1], "{sizes:?} with {options:?}");
                }
            }
        }
    }
}

/// What one end does.
#[derive(Debug, Clone)]
enum Act {
    Send(Vec<u8>),
    Fragments(Vec<Vec<u8>>),
    Ping,
}

fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..30),
        (any::<u8>(), 0..400_usize).prop_map(|(byte, count)| vec![byte; count]),
        Just(b"{\"sequence\":1,\"text\":\"Hello\"}".to_vec()),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => any_payload().prop_map(Act::Send),
        2 => proptest::collection::vec(any_payload(), 1..4).prop_map(Act::Fragments),
        1 => Just(Act::Ping),
    ]
}

proptest! {
    #[test]
    fn whatever_is_sent_arrives_however_it_is_cut(
        acts in proptest::collection::vec((any::<bool>(), any_act()), 0..12),
        read_size in 1..200_usize,
        takeover in any::<(bool, bool)>(),
        threshold in prop_oneof![Just(0), Just(100)],
    ) {
        let options = DeflateOptions {
            server_no_context_takeover: takeover.0,
            client_no_context_takeover: takeover.1,
            threshold,
            ..ALWAYS
        };
        let mut pair = Pair::compressing(&Config::default(), &options, &options);
        pair.read_size = read_size;
        let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
        for (by_client, act) in acts {
            let (end, expected) = match by_client {
                true => (&mut pair.client, &mut to_server),
                false => (&mut pair.server, &mut to_client),
            };
            match act {
                Act::Send(payload) => {
                    end.connection.send_binary(&payload).unwrap();
                    expected.push(Heard::Binary(payload));
                }
                Act::Fragments(parts) => {
                    for (place, part) in parts.iter().enumerate() {
                        end.connection.send_fragment(MessageKind::Binary, part, place + 1 == parts.len()).unwrap();
                    }
                    expected.push(Heard::Binary(parts.concat()));
                }
                Act::Ping => {
                    end.connection.ping(b"").unwrap();
                    expected.push(ping(""));
                }
            }
        }
        pair.drive();
        let without_pongs = |heard: &[Heard]| -> Vec<Heard> {
            heard.iter().filter(|heard| !matches!(heard, Heard::Pong(_))).cloned().collect()
        };
        prop_assert_eq!(without_pongs(&pair.heard_by_server), to_server);
        prop_assert_eq!(without_pongs(&pair.heard_by_client), to_client);
    }

    #[test]
    fn any_payload_gives_a_message_or_one_violation_in_any_cuts(
        payload in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..120),
            any_payload().prop_map(|data| [stored(&data[..data.len().min(60_000)]), vec![0]].concat()),
        ],
        sizes in proptest::collection::vec(1..20_usize, 1..8),
    ) {
        let config = Config { limits: Limits { max_message_bytes: 4096, ..Limits::DEFAULT }, ..Config::default() };
        let header = FrameHeader {
            fin: true,
            reserved: ReservedBits::RSV1,
            opcode: Opcode::Binary,
            masking_key: Some(MaskingKey([1, 2, 3, 4])),
            payload_length: payload.len() as u64,
        };
        let mut masked = payload.clone();
        protocol::frame::apply_mask(&mut masked, MaskingKey([1, 2, 3, 4]));
        let bytes = [&header.encode()[..], &masked].concat();
        let whole = end(Role::Server, config.clone(), &ALWAYS).hears_bytes(&bytes);
        prop_assert_eq!(whole.len(), 1);
        let mut server = end(Role::Server, config, &ALWAYS);
        let (mut rest, mut sizes) = (&bytes[..], sizes.iter().cycle());
        let mut heard = Vec::new();
        while !rest.is_empty() {
            let (piece, more) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
            heard.extend(server.hears_bytes(piece));
            rest = more;
        }
        prop_assert_eq!(heard, whole);
    }
}
