//! Section 5.2: the header of a frame.

use protocol::{
    Message, Role, Violation,
    frame::rules::MAX_PAYLOAD_LENGTH,
    frame::{FrameHeader, LengthForm, MaskingKey, Opcode, ReservedBits},
};
use testkit::{
    endpoint::{TestEndpoint, for_both_roles},
    frames::mask_with_zeros,
    hex::hex,
    masking::{EXAMPLE_KEY, xor_with_key},
    observed::{Observed, violated},
};

// ---- 5.2: the length ----------------------------------------------------------------------------

/// A payload length, the header of a binary frame of that length from a server, and the header from
/// a client that masks with the key of the examples.
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

pub(super) fn payload(len: usize) -> Vec<u8> {
    (0..=250).cycle().take(len).collect()
}

//= docs/src/rfc6455.md#section-5-2
//= type=test
//# A length MUST be encoded in the shortest of the three forms that can hold it.
//= docs/src/rfc6455.md#section-5-2
//= type=test
//# The most significant byte of a multi-byte number comes first, which is called network byte
//# order.
#[test]
fn a_length_is_sent_in_its_shortest_form_and_received() {
    for (len, from_server, from_client) in LENGTHS {
        let payload = payload(len);
        let frame_of_server = [hex(from_server), payload.clone()].concat();
        let frame_of_client = [hex(from_client), xor_with_key(&payload, EXAMPLE_KEY)].concat();

        let mut server = TestEndpoint::server();
        server.connection.send(Message::binary(payload.clone())).unwrap();
        assert_eq!(server.take_sent(), frame_of_server, "{len} bytes from a server");
        assert_eq!(
            server.receive_bytes(&frame_of_client),
            [Observed::Binary(payload.clone())],
            "{len} bytes to a server"
        );

        let mut client = TestEndpoint::client_with_keys(&[EXAMPLE_KEY]);
        client.connection.send(Message::binary(payload.clone())).unwrap();
        assert_eq!(client.take_sent(), frame_of_client, "{len} bytes from a client");
        assert_eq!(client.receive_bytes(&frame_of_server), [Observed::Binary(payload)], "{len} bytes to a client");
    }
}

#[test]
fn a_header_has_the_layout_of_section_5_2() {
    for (len, from_server, from_client) in LENGTHS {
        for (bytes, masking_key) in [(hex(from_server), None), (hex(from_client), Some(MaskingKey(EXAMPLE_KEY)))] {
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
            // Bytes after the header do not matter.
            assert_eq!(FrameHeader::parse(&[&bytes[..], &[0xFF; 20]].concat()), Ok(Some((header, bytes.len()))));
            for cut in 0..bytes.len() {
                assert_eq!(FrameHeader::parse(&bytes[..cut]), Ok(None), "a short read is not an error");
            }
        }
    }
}

#[test]
fn a_header_has_2_to_14_bytes() {
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
        assert_eq!(header(Some(MaskingKey(EXAMPLE_KEY)), length).encode().len(), masked, "{length}");
    }
    assert_eq!(header(None, MAX_PAYLOAD_LENGTH).encode()[..], hex("00 7f 7fffffffffffffff")[..]);
    assert_eq!(FrameHeader::MAX_LEN, 14);
}

#[test]
fn each_field_of_the_first_byte_has_its_bits() {
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
fn each_length_has_one_shortest_form() {
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
//# A length MUST be encoded in the shortest of the three forms that can hold it.
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
        for_both_roles(|endpoint| {
            assert_eq!(endpoint.receive(&[frame]), [violated(Violation::LengthNotShortest(length))], "{frame}");
        });
    }
}

//= docs/src/rfc6455.md#section-5-2
//= type=test
//# The most significant bit of an 8-byte length MUST be 0.
#[test]
fn a_length_with_its_top_bit_set_fails_the_connection() {
    for (frame, length) in [
        ("82 7f8000000000000000", 0x8000_0000_0000_0000),
        ("82 7fffffffffffffffff", u64::MAX),
        ("82 7f8000000000000005", 0x8000_0000_0000_0005),
    ] {
        for_both_roles(|endpoint| {
            assert_eq!(endpoint.receive(&[frame]), [violated(Violation::LengthTopBitSet(length))], "{frame}");
        });
    }
}

#[test]
fn the_largest_length_is_valid_but_above_the_limit() {
    for_both_roles(|endpoint| {
        let too_big = Violation::FrameTooBig { length: 0x7FFF_FFFF_FFFF_FFFF, limit: 16 << 20 };
        assert_eq!(endpoint.receive(&["82 7f7fffffffffffffff"]), [violated(too_big)]);
    });
}

// ---- 5.2: reserved bits and opcodes -------------------------------------------------------------

//= docs/src/rfc6455.md#section-5-2
//= type=test
//# An endpoint that receives a frame with a reserved bit set MUST fail the connection, unless a
//# negotiated extension defines the bit.
#[test]
fn a_reserved_bit_without_an_extension_fails_the_connection() {
    for bits in [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70] {
        for opcode in [0x1, 0x2, 0x8, 0x9, 0xA] {
            for_both_roles(|endpoint| {
                let mut frame = vec![0x80 | bits | opcode, 0x00];
                if endpoint.role() == Role::Server {
                    frame = mask_with_zeros(frame);
                }
                assert_eq!(endpoint.receive_bytes(&frame), [violated(Violation::ReservedBitsSet(bits))]);
            });
        }
        for_both_roles(|endpoint| {
            let continuation = format!("{:02x} 00", 0x80 | bits);
            assert_eq!(endpoint.receive(&["01 00", &continuation]), [violated(Violation::ReservedBitsSet(bits))]);
        });
    }
}

#[test]
fn the_violation_names_the_reserved_bits() {
    let sentence = |bits| Violation::ReservedBitsSet(bits).to_string();
    assert_eq!(sentence(0x40), "reserved bits are set that no extension uses: RSV1 (RFC 6455, section 5.2)");
    assert_eq!(sentence(0x30), "reserved bits are set that no extension uses: RSV2 RSV3 (RFC 6455, section 5.2)");
}

//= docs/src/rfc6455.md#section-5-2
//= type=test
//# An endpoint that receives an unknown opcode MUST fail the connection.
#[test]
fn a_reserved_opcode_fails_the_connection() {
    for opcode in [0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF] {
        for fin in [0x80, 0x00] {
            for_both_roles(|endpoint| {
                // The first two bytes are enough, so the length, the key and the payload need not
                // arrive.
                let second = if endpoint.role() == Role::Server { 0xFF } else { 0x7F };
                assert_eq!(
                    endpoint.receive_bytes(&[fin | opcode, second]),
                    [violated(Violation::ReservedOpcode(opcode))]
                );
            });
        }
    }
}

#[test]
fn an_http_response_is_not_a_valid_frame() {
    // "HTTP/1.1 400 ..." from a proxy: FIN is 0, RSV1 is set, and the opcode is 8.
    for_both_roles(|endpoint| {
        assert_eq!(
            endpoint.receive_bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            [violated(Violation::FragmentedControl(Opcode::Close))]
        );
    });
}
