//! Sections 5.1, 5.2 and 5.3: the header of a frame, and masking.

use crate::common::{
    EXAMPLE_KEY, End, Heard, Step, binary, both, broken, empty_close, hex, masked, peer_of, ping, pong, text, wire,
};
use protocol::{
    Config, Message, MessageKind, Role, Violation,
    frame::{FrameHeader, LengthForm, MaskingKey, Opcode, ReservedBits, apply_mask, length::MAX_PAYLOAD_LENGTH},
};

// ---- 5.2: the length ------------------------------------------------------------------------------------------------

/// Length of the payload, header of a binary frame from a server, header of one from a client with the example's key.
const LENGTHS: [(usize, &str, &str); 14] = [
    (0, "82 00", "82 80 37fa213d"),
    (1, "82 01", "82 81 37fa213d"),
    (2, "82 02", "82 82 37fa213d"),
    (124, "82 7c", "82 fc 37fa213d"),
    (125, "82 7d", "82 fd 37fa213d"),
    (126, "82 7e007e", "82 fe007e 37fa213d"),
    (127, "82 7e007f", "82 fe007f 37fa213d"),
    (128, "82 7e0080", "82 fe0080 37fa213d"),
    (255, "82 7e00ff", "82 fe00ff 37fa213d"),
    (256, "82 7e0100", "82 fe0100 37fa213d"),
    (32_767, "82 7e7fff", "82 fe7fff 37fa213d"),
    (32_768, "82 7e8000", "82 fe8000 37fa213d"),
    (65_535, "82 7effff", "82 feffff 37fa213d"),
    (65_536, "82 7f0000000000010000", "82 ff0000000000010000 37fa213d"),
];

/// The rule of section 5.3, one byte at a time.
fn masked_by_the_rule(payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    payload.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]).collect()
}

fn payload(len: usize) -> Vec<u8> {
    (0..=250).cycle().take(len).collect()
}

//= docs/src/rfc6455.md#section-5-2
//= type=test
//# A length MUST be written in the shortest of the three forms that can hold it.
//= docs/src/rfc6455.md#section-5-2
//= type=test
//# A number in several bytes has its most significant byte first, which is called network byte order.
#[test]
fn the_length_is_sent_in_its_shortest_form_and_read_again() {
    for (len, from_server, from_client) in LENGTHS {
        let payload = payload(len);
        let frame_of_server = [hex(from_server), payload.clone()].concat();
        let frame_of_client = [hex(from_client), masked_by_the_rule(&payload, EXAMPLE_KEY.0)].concat();

        let mut server = End::server();
        server.connection.send(Message::binary(payload.clone())).unwrap();
        assert_eq!(server.sent(), frame_of_server, "{len} bytes from a server");
        assert_eq!(server.hears_bytes(&frame_of_client), [Heard::Binary(payload.clone())], "{len} bytes to a server");

        let mut client = End::client_with_keys(&[EXAMPLE_KEY.0]);
        client.connection.send(Message::binary(payload.clone())).unwrap();
        assert_eq!(client.sent(), frame_of_client, "{len} bytes from a client");
        assert_eq!(client.hears_bytes(&frame_of_server), [Heard::Binary(payload)], "{len} bytes to a client");
    }
}

#[test]
fn the_header_is_what_the_layout_says() {
    for (len, from_server, from_client) in LENGTHS {
        for (bytes, masking_key) in [(hex(from_server), None), (hex(from_client), Some(EXAMPLE_KEY))] {
            let header = FrameHeader {
                fin: true,
                reserved: ReservedBits::NONE,
                opcode: Opcode::Binary,
                masking_key,
                payload_length: len as u64,
            };
            assert_eq!(header.encode()[..], bytes[..]);
            assert_eq!(header.encoded_len(), bytes.len());
            assert_eq!(FrameHeader::parse(&bytes), Ok(Some((header, bytes.len()))));
            // What follows the header is none of its business.
            assert_eq!(FrameHeader::parse(&[&bytes[..], &[0xFF; 20]].concat()), Ok(Some((header, bytes.len()))));
            for cut in 0..bytes.len() {
                assert_eq!(FrameHeader::parse(&bytes[..cut]), Ok(None), "a short read is not an error");
            }
        }
    }
}

#[test]
fn the_header_has_2_to_14_bytes() {
    let header = |masking_key, payload_length| FrameHeader {
        fin: false,
        reserved: ReservedBits::NONE,
        opcode: Opcode::Continuation,
        masking_key,
        payload_length,
    };
    let sizes = [(125, 2, 6), (126, 4, 8), (65_535, 4, 8), (65_536, 10, 14), (MAX_PAYLOAD_LENGTH, 10, 14)];
    for (length, unmasked, masked) in sizes {
        assert_eq!(header(None, length).encode().len(), unmasked, "{length}");
        assert_eq!(header(Some(EXAMPLE_KEY), length).encode().len(), masked, "{length}");
    }
    assert_eq!(header(None, MAX_PAYLOAD_LENGTH).encode()[..], hex("00 7f 7fffffffffffffff")[..]);
    assert_eq!(FrameHeader::MAX_LEN, 14);
}

#[test]
fn every_bit_of_the_first_byte_has_its_place() {
    let header = FrameHeader::parse(&hex("f2 00")).unwrap().unwrap().0;
    assert!(header.fin);
    assert_eq!(header.reserved.bits(), 0x70);
    assert_eq!(header.opcode, Opcode::Binary);
    for (bits, reserved) in [(0x40, ReservedBits::RSV1), (0x20, ReservedBits::RSV2), (0x10, ReservedBits::RSV3)] {
        let first = 0x02 | bits;
        let header = FrameHeader::parse(&[first, 0]).unwrap().unwrap().0;
        assert_eq!((header.fin, header.reserved), (false, reserved));
        assert_eq!(header.encode()[..], [first, 0]);
    }
}

#[test]
fn a_length_has_one_form() {
    assert_eq!(LengthForm::shortest(125), LengthForm::Seven);
    assert_eq!(LengthForm::shortest(126), LengthForm::Sixteen);
    assert_eq!(LengthForm::shortest(65_535), LengthForm::Sixteen);
    assert_eq!(LengthForm::shortest(65_536), LengthForm::SixtyFour);
    assert_eq!(
        [125, 126, 127].map(LengthForm::announced_by),
        [LengthForm::Seven, LengthForm::Sixteen, LengthForm::SixtyFour]
    );
    assert_eq!(
        [LengthForm::Seven, LengthForm::Sixteen, LengthForm::SixtyFour].map(LengthForm::extended_bytes),
        [0, 2, 8]
    );
}

//= docs/src/rfc6455.md#section-5-2
//= type=test
//# A length MUST be written in the shortest of the three forms that can hold it.
#[test]
fn a_length_that_is_not_in_its_shortest_form_fails_the_connection() {
    for (frame, length) in [
        ("82 7e0000", 0),
        ("81 7e0005 48656c6c6f", 5),
        ("82 7e007d", 125),
        ("82 7f0000000000000000", 0),
        ("81 7f0000000000000005 48656c6c6f", 5),
        ("82 7f000000000000007e", 126),
        ("82 7f000000000000ffff", 65_535),
    ] {
        both(|end| {
            assert_eq!(end.hears(&[frame]), [broken(Violation::LengthNotShortest(length))], "{frame}");
        });
    }
}

//= docs/src/rfc6455.md#section-5-2
//= type=test
//# The highest bit of a length in 8 bytes MUST be 0.
#[test]
fn the_top_bit_of_a_length_is_zero() {
    for (frame, length) in [
        ("82 7f8000000000000000", 0x8000_0000_0000_0000),
        ("82 7fffffffffffffffff", u64::MAX),
        ("82 7f8000000000000005", 0x8000_0000_0000_0005),
    ] {
        both(|end| {
            assert_eq!(end.hears(&[frame]), [broken(Violation::LengthTopBitSet(length))], "{frame}");
        });
    }
}

#[test]
fn the_largest_length_is_legal_and_too_big() {
    both(|end| {
        let too_big = Violation::FrameTooBig { length: 0x7FFF_FFFF_FFFF_FFFF, limit: 64 << 20 };
        assert_eq!(end.hears(&["82 7f7fffffffffffffff"]), [broken(too_big)]);
    });
}

// ---- 5.2: reserved bits and opcodes ---------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-5-2
//= type=test
//# An endpoint that receives a reserved bit of 1 without an agreed meaning MUST fail the connection.
#[test]
fn a_reserved_bit_without_an_extension_fails_the_connection() {
    for bits in [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70] {
        for opcode in [0x1, 0x2, 0x8, 0x9, 0xA] {
            both(|end| {
                let mut frame = vec![0x80 | bits | opcode, 0x00];
                if end.role() == Role::Server {
                    frame = masked(frame);
                }
                assert_eq!(end.hears_bytes(&frame), [broken(Violation::ReservedBitsSet(bits))]);
            });
        }
        both(|end| {
            let continuation = format!("{:02x} 00", 0x80 | bits);
            assert_eq!(end.hears(&["01 00", &continuation]), [broken(Violation::ReservedBitsSet(bits))]);
        });
    }
}

#[test]
fn the_sentence_names_the_reserved_bits() {
    let sentence = |bits| Violation::ReservedBitsSet(bits).to_string();
    assert_eq!(sentence(0x40), "reserved bits are set that no extension uses: RSV1 (RFC 6455, section 5.2)");
    assert_eq!(sentence(0x30), "reserved bits are set that no extension uses: RSV2 RSV3 (RFC 6455, section 5.2)");
}

//= docs/src/rfc6455.md#section-5-2
//= type=test
//# An endpoint that receives an opcode it does not know MUST fail the connection.
#[test]
fn a_reserved_opcode_fails_the_connection() {
    for opcode in [0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF] {
        for fin in [0x80, 0x00] {
            both(|end| {
                // Two bytes decide: neither the length nor the key nor the payload is waited for.
                let second = if end.role() == Role::Server { 0xFF } else { 0x7F };
                assert_eq!(end.hears_bytes(&[fin | opcode, second]), [broken(Violation::ReservedOpcode(opcode))]);
            });
        }
    }
}

#[test]
fn http_on_the_socket_is_no_frame() {
    // "HTTP/1.1 400 ..." from a proxy: FIN is 0, RSV1 is set, the opcode is 8.
    both(|end| {
        assert_eq!(
            end.hears_bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            [broken(Violation::FragmentedControl(Opcode::Close))]
        );
    });
}

// ---- 5.1 and 5.3: who masks -----------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-5-1
//= type=test
//# A server that receives an unmasked frame MUST close the connection.
//= docs/src/rfc6455.md#section-5-1
//= type=test
//# A server MAY send a Close with code 1002 before it closes the connection because of an unmasked frame.
#[test]
fn a_server_refuses_a_frame_without_a_mask() {
    for frame in ["81 05 48656c6c6f", "82 00", "01 00", "89 00", "8a 00", "88 00", "88 02 03e8", "82 7e0080"] {
        let mut server = End::server();
        assert_eq!(server.hears_bytes(&hex(frame)), [broken(Violation::UnmaskedFrame)], "{frame}");
        server.transmits_failure(1002);
    }
    // The continuation of a message whose beginning was right.
    let mut server = End::server();
    assert_eq!(server.hears_bytes(&hex("01 80 00000000   80 00")), [broken(Violation::UnmaskedFrame)]);
}

//= docs/src/rfc6455.md#section-5-1
//= type=test
//# A client that receives a masked frame MUST close the connection.
//= docs/src/rfc6455.md#section-5-1
//= type=test
//# A client MAY use code 1002 when it closes the connection because of a masked frame.
#[test]
fn a_client_refuses_a_frame_with_a_mask() {
    for frame in [
        "81 85 37fa213d 7f9f4d5158",
        "82 80 00000000", // a key that changes nothing is still a key
        "01 80 00000000",
        "89 80 00000000",
        "8a 80 00000000",
        "88 80 00000000",
        "88 82 00000000 03e8",
    ] {
        let mut client = End::client();
        assert_eq!(client.hears_bytes(&hex(frame)), [broken(Violation::MaskedFrame)], "{frame}");
        client.transmits_failure(1002);
    }
}

//= docs/src/rfc6455.md#section-5-1
//= type=test
//# A client MUST mask every frame that it sends.
//= docs/src/rfc6455.md#section-5-1
//= type=test
//# A server MUST NOT mask a frame that it sends.
//= docs/src/rfc6455.md#section-5-3
//= type=test
//# A masked frame MUST have its MASK bit set.
//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# A client MUST mask its Close as section 5.3 says.
//= docs/src/rfc6455.md#section-6-1
//= type=test
//# If a client sends the message, its frames MUST be masked as section 5.3 says.
#[test]
fn every_frame_of_a_client_is_masked_and_none_of_a_server() {
    for role in [Role::Client, Role::Server] {
        let mut end = End::new(role, Config::default());
        end.connection.send(Message::text("")).unwrap();
        end.connection.send_text("").unwrap();
        end.connection.send_binary(b"").unwrap();
        end.connection.send_fragment(MessageKind::Binary, b"", false).unwrap();
        end.connection.send_fragment(MessageKind::Binary, b"", true).unwrap();
        end.connection.ping(b"").unwrap();
        end.connection.pong(b"").unwrap();
        end.hears(&["89 00"]);
        end.close_without_code();
        // Empty frames are masked too: the bit and the key are there.
        let frames = ["81 00", "81 00", "82 00", "02 00", "80 00", "89 00", "8a 00", "8a 00", "88 00"];
        assert_eq!(end.sent(), wire(role, &frames));
    }
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# A client MUST mask its Close as section 5.3 says.
#[test]
fn the_answers_of_a_client_are_masked_too() {
    let mut client = End::client_with_keys(&[[1, 2, 3, 4], [5, 6, 7, 8]]);
    client.hears(&["89 02 6869", "88 02 0fa0"]);
    assert_eq!(client.sent(), hex("8a 82 01020304 696b   88 82 05060708 0aa6"));
}

#[test]
fn the_close_of_a_client_that_fails_the_connection_is_masked_too() {
    let mut client = End::client_with_keys(&[[1, 2, 3, 4]]);
    client.hears(&["83 00"]);
    let steps = client.steps();
    let Some(Step::Bytes(bytes)) = steps.first() else { panic!("no Close: {steps:?}") };
    assert_eq!(bytes[0], 0x88);
    assert_eq!(bytes[1] & 0x80, 0x80);
    assert_eq!(bytes[2..8], hex("01020304 02e8")); // 03ea, masked
}

//= docs/src/rfc6455.md#section-5-3
//= type=test
//# A client MUST pick a new masking key for each frame.
#[test]
fn each_frame_has_a_key_of_its_own() {
    let mut client = End::client_with_keys(&[[0x37, 0xFA, 0x21, 0x3D], [0, 0, 0, 0], [0xFF; 4], [1, 2, 3, 4]]);
    client.connection.send(Message::text("Hello")).unwrap();
    client.connection.send_fragment(MessageKind::Text, b"Hel", false).unwrap();
    client.connection.ping(b"Hello").unwrap();
    client.connection.send_fragment(MessageKind::Text, b"lo", true).unwrap();
    assert_eq!(
        client.sent(),
        hex("81 85 37fa213d 7f9f4d5158   01 83 00000000 48656c   89 85 ffffffff b79a939390   80 82 01020304 6d6d"),
    );
}

#[test]
fn the_key_begins_anew_with_every_frame() {
    let mut server = End::server();
    let frames = hex("01 83 37fa213d 7f9f4d   80 82 37fa213d 5b95");
    assert_eq!(server.hears_bytes(&frames), [text("Hello")]);
}

//= docs/src/rfc6455.md#section-5-2
//= type=test
//# Four bytes, any four.
#[test]
fn any_key_is_legal() {
    for key in [[0; 4], [0xFF; 4], [0x48, 0x65, 0x6C, 0x6C], [0, 0, 0, 1]] {
        let frame = [hex("81 85"), key.to_vec(), masked_by_the_rule(b"Hello", key)].concat();
        assert_eq!(End::server().hears_bytes(&frame), [text("Hello")], "{key:?}");
    }
}

//= docs/src/rfc6455.md#section-6-2
//= type=test
//# A server MUST unmask the data frames that it receives from a client.
#[test]
fn a_masked_payload_may_arrive_in_pieces_of_any_size() {
    let payload: Vec<u8> = (0..=255).cycle().take(1000).collect();
    let frame = [hex("82 fe03e8 37fa213d"), masked_by_the_rule(&payload, EXAMPLE_KEY.0)].concat();
    for size in [1, 2, 3, 5, 7, 31, 32, 33, 64, 100, 999, 1000] {
        let mut server = End::server();
        let heard: Vec<Heard> = frame.chunks(size).flat_map(|piece| server.hears_bytes(piece)).collect();
        assert_eq!(heard, [Heard::Binary(payload.clone())], "pieces of {size}");
    }
}

//= docs/src/rfc6455.md#section-5-3
//= type=test
//# The byte at place `i` of the payload, counted from 0, is combined by XOR with the byte at place `i mod 4` of the
//# key.
#[test]
fn the_mask_is_the_rule_at_every_length_and_offset() {
    let bytes: Vec<u8> = (0..=255).cycle().take(80).collect();
    let key = [0x37, 0xFA, 0x21, 0x3D];
    for len in 0..=bytes.len() {
        let expected = masked_by_the_rule(&bytes[..len], key);
        for cut in 0..=len {
            let mut pieces = bytes[..len].to_vec();
            let (first, second) = pieces.split_at_mut(cut);
            apply_mask(first, MaskingKey(key));
            apply_mask(second, MaskingKey(key).at(cut));
            assert_eq!(pieces, expected, "{len} bytes, cut at {cut}");
        }
    }
}

// ---- 6.2: reads and frames are two things ---------------------------------------------------------------------------

#[test]
fn a_short_read_is_not_an_error() {
    for frames in [
        &["81 05 48656c6c6f"][..],
        &["82 7e0080"],
        &["82 7f0000000000010000"],
        &["01 03 48656c", "89 02 6869", "80 02 6c6f"],
        &["88 05 0fa0 627965"],
    ] {
        both(|end| {
            let bytes = wire(peer_of(end.role()), frames);
            for cut in 0..bytes.len() {
                let mut end = End::new(end.role(), Config::default());
                let heard = end.hears_bytes(&bytes[..cut]);
                assert!(heard.iter().all(|heard| !matches!(heard, Heard::Broken(_))), "cut at {cut}: {heard:?}");
            }
        });
    }
}

#[test]
fn a_frame_may_arrive_byte_by_byte() {
    both(|end| {
        let bytes = wire(peer_of(end.role()), &["81 05 48656c6c6f"]);
        let (last, before) = bytes.split_last().unwrap();
        for byte in before {
            assert_eq!(end.hears_bytes(&[*byte]), []);
        }
        assert_eq!(end.hears_bytes(&[*last]), [text("Hello")]);
    });
}

#[test]
fn two_frames_in_one_read_are_two_events() {
    both(|end| {
        assert_eq!(end.hears(&["81 05 48656c6c6f", "81 02 6f6b"]), [text("Hello"), text("ok")]);
        assert_eq!(end.hears(&["82 00", "81 00", "82 01 00"]), [binary(""), text(""), binary("00")]);
    });
}

#[test]
fn a_hundred_frames_in_one_read_are_a_hundred_events_in_order() {
    both(|end| {
        let frames: Vec<String> = (0..100).map(|n| format!("82 01 {n:02x}")).collect();
        let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
        let expected: Vec<Heard> = (0..100).map(|n| Heard::Binary(vec![n])).collect();
        assert_eq!(end.hears(&frames), expected);
    });
}

#[test]
fn a_read_may_end_with_half_a_frame() {
    both(|end| {
        let bytes = wire(peer_of(end.role()), &["81 02 6f6b", "81 05 48656c6c6f"]);
        let (first, second) = bytes.split_at(bytes.len() - 3);
        assert_eq!(end.hears_bytes(first), [text("ok")]);
        assert_eq!(end.connection.payload_remaining(), 3);
        assert_eq!(end.hears_bytes(second), [text("Hello")]);
        assert_eq!(end.connection.payload_remaining(), 0);
    });
}

#[test]
fn missing_tells_how_much_of_the_payload_is_still_to_come() {
    both(|end| {
        assert_eq!(end.connection.payload_remaining(), 0);
        assert_eq!(end.hears(&["82 7e0400"]), []);
        assert_eq!(end.connection.payload_remaining(), 1024);
        assert_eq!(end.hears_bytes(&[0; 1000]), []);
        assert_eq!(end.connection.payload_remaining(), 24);
        assert_eq!(end.hears_bytes(&[0; 24]), [Heard::Binary(vec![0; 1024])]);
        assert_eq!(end.connection.payload_remaining(), 0);
    });
}

#[test]
fn it_can_be_told_whether_a_frame_is_complete_without_taking_it() {
    both(|end| {
        let sender = peer_of(end.role());
        assert!(!end.connection.has_complete_frame());
        end.connection.receive(&wire(sender, &["81 02 6f6b", "81 02 6f6b"]));
        assert!(end.connection.has_complete_frame());
        drop(end.connection.poll_event(end.now));
        assert!(end.connection.has_complete_frame());
        drop(end.connection.poll_event(end.now));
        assert!(!end.connection.has_complete_frame());

        // Half a frame is none.
        end.connection.receive(&wire(sender, &["81 05 4865"]));
        assert!(!end.connection.has_complete_frame());
    });
}

#[test]
fn of_every_kind_of_frame_it_can_be_told_whether_it_is_complete() {
    for frame in ["89 05 48656c6c6f", "88 05 03e8 627965", "01 03 616263", "82 04 00010203", "82 00", "8a 00"] {
        both(|end| {
            let bytes = wire(peer_of(end.role()), &[frame]);
            for (arrived, byte) in bytes.iter().enumerate() {
                assert!(!end.connection.has_complete_frame(), "{arrived} bytes of {frame}");
                end.connection.receive(&[*byte]);
            }
            assert!(end.connection.has_complete_frame(), "{frame}");
        });
    }
}

#[test]
fn a_frame_whose_rest_has_come_is_complete() {
    both(|end| {
        let bytes = wire(peer_of(end.role()), &["81 05 48656c6c6f"]);
        end.connection.receive(&bytes[..bytes.len() - 2]);
        assert_eq!(end.events(), [], "looked at, and found incomplete");
        end.connection.receive(&bytes[bytes.len() - 2..bytes.len() - 1]);
        assert!(!end.connection.has_complete_frame());
        end.connection.receive(&bytes[bytes.len() - 1..]);
        assert!(end.connection.has_complete_frame());
        assert_eq!(end.events(), [text("Hello")]);
    });
}

#[test]
fn a_wrong_frame_can_be_told_too_and_nothing_behind_it() {
    both(|end| {
        let sender = peer_of(end.role());
        end.connection.receive(&wire(sender, &["83 00"]));
        assert!(end.connection.has_complete_frame());
        assert_eq!(end.events(), [broken(Violation::ReservedOpcode(3))]);
        end.connection.receive(&wire(sender, &["81 02 6f6b"]));
        assert!(!end.connection.has_complete_frame());
    });
}

#[test]
fn payload_ends_where_the_length_says_and_nowhere_else() {
    // 10.7: no byte in a payload has a meaning to the framing.
    both(|end| {
        assert_eq!(end.hears(&["82 06 00ff 8800 0d0a", "81 03 61 00 62"]), [binary("00ff88000d0a"), text("a\0b")]);
    });
}

#[test]
fn a_large_message_can_be_kept_while_more_arrives() {
    // Above a few KiB a message shares the input's memory; what comes behind it must not disturb it.
    both(|end| {
        let payload = payload(10_000);
        let large = [wire(peer_of(end.role()), &["82 7e2710"]), payload.clone()].concat();
        let small = wire(peer_of(end.role()), &["81 02 6f6b"]);
        let half = wire(peer_of(end.role()), &["81 05 48656c6c6f"]);
        let heard = end.hears_bytes(&[&large[..], &small, &large, &half[..half.len() - 2]].concat());
        assert_eq!(heard, [Heard::Binary(payload.clone()), text("ok"), Heard::Binary(payload)]);
        assert_eq!(end.hears_bytes(&half[half.len() - 2..]), [text("Hello")]);
    });
}

#[test]
fn a_message_that_is_not_taken_is_skipped() {
    both(|end| {
        end.connection.receive(&wire(peer_of(end.role()), &["81 05 48656c6c6f", "82 01 00", "81 02 6f6b"]));
        drop(end.connection.poll_event(end.now)); // Hello
        drop(end.connection.poll_event(end.now)); // 00
        assert_eq!(end.events(), [text("ok")]);
    });
}

// ---- Every pair of first bytes --------------------------------------------------------------------------------------

/// Where a connection stands when the frame begins: what has happened before, as frames of the peer and a Close of ours.
#[derive(Debug, Clone, Copy)]
struct Before {
    /// The message whose first fragment, `ab`, is there.
    inside: Option<MessageKind>,
    /// Our Close is out. The peer may go on until it has read it.
    we_closed: bool,
}

impl Before {
    const ALL: [Self; 6] = [
        Self { inside: None, we_closed: false },
        Self { inside: Some(MessageKind::Text), we_closed: false },
        Self { inside: Some(MessageKind::Binary), we_closed: false },
        Self { inside: None, we_closed: true },
        Self { inside: Some(MessageKind::Text), we_closed: true },
        Self { inside: Some(MessageKind::Binary), we_closed: true },
    ];

    /// The frames of the peer that have come.
    fn bytes(self, receiver: Role) -> Vec<u8> {
        match self.inside {
            Some(MessageKind::Text) => wire(peer_of(receiver), &["01 02 6162"]),
            Some(MessageKind::Binary) => wire(peer_of(receiver), &["02 02 6162"]),
            None => Vec::new(),
        }
    }

    fn bring_about(self, end: &mut End, bytes: &[u8]) {
        assert_eq!(end.hears_bytes(bytes), []);
        if self.we_closed {
            end.close_without_code();
            assert_eq!(end.steps().len(), 1);
        }
    }
}

/// What the RFC says about a frame that begins with these two bytes, written down once more, in another way.
///
/// Gives all the rules that it breaks; which of them is reported first is nobody's business.
fn rules_broken(receiver: Role, inside_message: bool, first: u8, second: u8) -> Vec<Violation> {
    let mut broken = Vec::new();
    let final_frame = first >= 128;
    let reserved_bits = first & 0b0111_0000;
    if reserved_bits != 0 {
        broken.push(Violation::ReservedBitsSet(reserved_bits));
    }
    let number = first % 16;
    let control = match number {
        8 => Some(Opcode::Close),
        9 => Some(Opcode::Ping),
        10 => Some(Opcode::Pong),
        _ => None,
    };
    if (3..=7).contains(&number) || number >= 11 {
        broken.push(Violation::ReservedOpcode(number));
    }
    if let Some(opcode) = control {
        if !final_frame {
            broken.push(Violation::FragmentedControl(opcode));
        }
        if second % 128 > 125 {
            broken.push(Violation::ControlTooLong(opcode));
        }
    }
    match (receiver, second >= 128) {
        (Role::Server, false) => broken.push(Violation::UnmaskedFrame),
        (Role::Client, true) => broken.push(Violation::MaskedFrame),
        _ => {}
    }
    if number == 0 && !inside_message {
        broken.push(Violation::ContinuationOfNothing);
    }
    if (number == 1 || number == 2) && inside_message {
        broken.push(Violation::MessageInsideMessage);
    }
    broken
}

/// What a legal frame with an empty payload gives.
fn events_of_empty_frame(inside: Option<MessageKind>, first: u8) -> Vec<Heard> {
    match (first % 16, first >= 128) {
        (8, _) => vec![empty_close()],
        (9, _) => vec![ping("")],
        (10, _) => vec![pong("")],
        (0, true) if inside == Some(MessageKind::Text) => vec![text("ab")],
        (0, true) if inside == Some(MessageKind::Binary) => vec![binary("6162")],
        (1, true) => vec![text("")],
        (2, true) => vec![binary("")],
        _ => vec![],
    }
}

/// What is done about a legal frame with an empty payload.
fn answer_to_empty_frame(receiver: Role, we_closed: bool, first: u8) -> &'static [&'static str] {
    match (first % 16, we_closed, receiver) {
        (9, _, _) => &["8a 00"],
        (8, false, Role::Server) => &["88 00", "half-close"],
        (8, false, Role::Client) => &["88 00"],
        (8, true, Role::Server) => &["half-close"],
        _ => &[],
    }
}

/// A header that begins with these two bytes, and the length of its payload. The rest is right: the smallest length that
/// may be written in its form (no limit forbids it), and the key 00000000.
fn header_that_begins_with(first: u8, second: u8) -> (Vec<u8>, usize) {
    let mut header = vec![first, second];
    let length = match second % 128 {
        126 => {
            header.extend(hex("007e"));
            126
        }
        127 => {
            header.extend(hex("0000000000010000"));
            65_536
        }
        length => usize::from(length),
    };
    if second >= 128 {
        header.extend([0; 4]);
    }
    (header, length)
}

fn check_all_first_two_bytes(receiver: Role) {
    let now = std::time::Instant::now();
    for before in Before::ALL {
        let mut broken_frames = 0_u32;
        let bytes_before = before.bytes(receiver);
        for pair in 0..=u16::MAX {
            let [first, second] = pair.to_be_bytes();
            let (header, length) = header_that_begins_with(first, second);
            let mut end = End::at(now, receiver, Config::default());
            before.bring_about(&mut end, &bytes_before);
            let heard = end.hears_bytes(&header);
            let context = || format!("{receiver:?}, {before:?}, {first:02x} {second:02x}");
            let rules = rules_broken(receiver, before.inside.is_some(), first, second);
            if rules.is_empty() {
                let whole = length == 0;
                let expected = if whole { events_of_empty_frame(before.inside, first) } else { vec![] };
                assert_eq!(heard, expected, "{}", context());
                assert_eq!(end.connection.payload_remaining(), length, "{}", context());
                let answer = if whole { answer_to_empty_frame(receiver, before.we_closed, first) } else { &[] };
                assert_eq!(end.steps(), end.spelled(answer), "{}", context());
                continue;
            }
            broken_frames += 1;
            let [Heard::Broken(violation)] = &heard[..] else { panic!("{}: {heard:?}", context()) };
            assert!(rules.contains(violation), "{}: {violation:?} instead of {rules:?}", context());
            if before.we_closed {
                // One Close is all that an end may send.
                assert_eq!(end.steps(), [Step::HalfClose], "{}", context());
            } else {
                end.transmits_failure(1002);
            }
        }
        // Legal are 3 control frames with 126 lengths each; and with any of the 128 lengths outside a message the 4 data
        // frames that begin one, inside it the 2 that go on with it.
        let data_frames = if before.inside.is_some() { 2 } else { 4 };
        assert_eq!(broken_frames, 65_536 - (3 * 126 + data_frames * 128), "{before:?}");
    }
}

#[test]
fn all_first_two_bytes_are_judged_rightly_by_a_server() {
    check_all_first_two_bytes(Role::Server);
}

#[test]
fn all_first_two_bytes_are_judged_rightly_by_a_client() {
    check_all_first_two_bytes(Role::Client);
}

//= docs/src/rfc6455.md#section-7-1-7
//= type=test
//# After failing the connection an endpoint MUST NOT process anything more from the other side, not even a Close.
#[test]
fn no_first_two_bytes_mean_anything_after_the_peers_close_or_after_a_failure() {
    for last in ["88 02 03e8", "83 00"] {
        both(|end| {
            assert_eq!(end.hears(&[last]).len(), 1);
            end.steps();
            for pair in 0..=u16::MAX {
                let [first, second] = pair.to_be_bytes();
                let (header, _) = header_that_begins_with(first, second);
                assert_eq!(end.hears_bytes(&header), [], "{first:02x} {second:02x}");
                assert_eq!(end.steps(), [], "{first:02x} {second:02x}");
                assert_eq!(end.connection.payload_remaining(), 0, "{first:02x} {second:02x}");
            }
        });
    }
}
