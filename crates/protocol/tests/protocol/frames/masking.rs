//! Sections 5.1 and 5.3: masking.

use protocol::{
    Config, Message, MessageKind, Role, Violation,
    frame::{MaskingKey, apply_mask},
};
use testkit::{
    endpoint::TestEndpoint,
    frames::frames_from,
    hex::hex,
    masking::{EXAMPLE_KEY, xor_with_key},
    observed::{Observed, text, violated},
    transmitted::Transmitted,
};

//= docs/src/rfc6455.md#section-5-1
//= type=test
//# A server that receives an unmasked frame MUST close the connection.
//= docs/src/rfc6455.md#section-5-1
//= type=test
//# A server MAY send a Close frame with code 1002 before it closes the connection because of an
//# unmasked frame.
#[test]
fn a_server_fails_the_connection_at_an_unmasked_frame() {
    for frame in ["81 05 48656c6c6f", "82 00", "01 00", "89 00", "8a 00", "88 00", "88 02 03e8", "82 7e0080"] {
        let mut server = TestEndpoint::server();
        assert_eq!(server.receive_bytes(&hex(frame)), [violated(Violation::UnmaskedFrame)], "{frame}");
        server.assert_fails_connection(1002);
    }
    // The first fragment is valid; the continuation is not.
    let mut server = TestEndpoint::server();
    assert_eq!(server.receive_bytes(&hex("01 80 00000000   80 00")), [violated(Violation::UnmaskedFrame)]);
}

//= docs/src/rfc6455.md#section-5-1
//= type=test
//# A client that receives a masked frame MUST close the connection.
//= docs/src/rfc6455.md#section-5-1
//= type=test
//# A client MAY use code 1002 when it closes the connection because of a masked frame.
#[test]
fn a_client_fails_the_connection_at_a_masked_frame() {
    for frame in [
        "81 85 37fa213d 7f9f4d5158",
        "82 80 00000000", // the key 00000000 is a mask too
        "01 80 00000000",
        "89 80 00000000",
        "8a 80 00000000",
        "88 80 00000000",
        "88 82 00000000 03e8",
    ] {
        let mut client = TestEndpoint::client();
        assert_eq!(client.receive_bytes(&hex(frame)), [violated(Violation::MaskedFrame)], "{frame}");
        client.assert_fails_connection(1002);
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
//# A client MUST mask its Close frame as described in section 5.3.
//= docs/src/rfc6455.md#section-6-1
//= type=test
//# If a client sends the message, it MUST mask the frames as described in section 5.3.
#[test]
fn a_client_masks_every_frame_and_a_server_none() {
    for role in [Role::Client, Role::Server] {
        let mut endpoint = TestEndpoint::new(role, Config::default());
        endpoint.connection.send(Message::text("")).unwrap();
        endpoint.connection.send_text("").unwrap();
        endpoint.connection.send_binary(b"").unwrap();
        endpoint.connection.send_fragment(MessageKind::Binary, b"", false).unwrap();
        endpoint.connection.send_fragment(MessageKind::Binary, b"", true).unwrap();
        endpoint.connection.ping(b"").unwrap();
        endpoint.connection.pong(b"").unwrap();
        endpoint.receive(&["89 00"]);
        endpoint.close_without_code();
        // Even an empty frame has the MASK bit set and includes a key.
        let frames = ["81 00", "81 00", "82 00", "02 00", "80 00", "89 00", "8a 00", "8a 00", "88 00"];
        assert_eq!(endpoint.take_sent(), frames_from(role, &frames));
    }
}

//= docs/src/rfc6455.md#section-5-5-1
//= type=test
//# A client MUST mask its Close frame as described in section 5.3.
#[test]
fn a_client_masks_its_pong_and_its_close() {
    let mut client = TestEndpoint::client_with_keys(&[[1, 2, 3, 4], [5, 6, 7, 8]]);
    client.receive(&["89 02 6869", "88 02 0fa0"]);
    assert_eq!(client.take_sent(), hex("8a 82 01020304 696b   88 82 05060708 0aa6"));
}

#[test]
fn a_client_that_fails_the_connection_masks_its_close() {
    let mut client = TestEndpoint::client_with_keys(&[[1, 2, 3, 4]]);
    client.receive(&["83 00"]);
    let steps = client.transmit();
    let Some(Transmitted::Bytes(bytes)) = steps.first() else { panic!("no Close: {steps:?}") };
    assert_eq!(bytes[0], 0x88);
    assert_eq!(bytes[1] & 0x80, 0x80);
    assert_eq!(bytes[2..8], hex("01020304 02e8")); // 03ea, masked
}

//= docs/src/rfc6455.md#section-5-3
//= type=test
//# A client MUST pick a new masking key for each frame.
#[test]
fn each_frame_is_masked_with_a_new_key() {
    let mut client = TestEndpoint::client_with_keys(&[[0x37, 0xFA, 0x21, 0x3D], [0, 0, 0, 0], [0xFF; 4], [1, 2, 3, 4]]);
    client.connection.send(Message::text("Hello")).unwrap();
    client.connection.send_fragment(MessageKind::Text, b"Hel", false).unwrap();
    client.connection.ping(b"Hello").unwrap();
    client.connection.send_fragment(MessageKind::Text, b"lo", true).unwrap();
    assert_eq!(
        client.take_sent(),
        hex("81 85 37fa213d 7f9f4d5158   01 83 00000000 48656c   89 85 ffffffff b79a939390   80 82 01020304 6d6d"),
    );
}

#[test]
fn the_key_starts_over_with_every_frame() {
    let mut server = TestEndpoint::server();
    let frames = hex("01 83 37fa213d 7f9f4d   80 82 37fa213d 5b95");
    assert_eq!(server.receive_bytes(&frames), [text("Hello")]);
}

//= docs/src/rfc6455.md#section-5-2
//= type=test
//# Any four bytes.
#[test]
fn any_masking_key_is_valid() {
    for key in [[0; 4], [0xFF; 4], [0x48, 0x65, 0x6C, 0x6C], [0, 0, 0, 1]] {
        let frame = [hex("81 85"), key.to_vec(), xor_with_key(b"Hello", key)].concat();
        assert_eq!(TestEndpoint::server().receive_bytes(&frame), [text("Hello")], "{key:?}");
    }
}

//= docs/src/rfc6455.md#section-6-2
//= type=test
//# A server MUST unmask the data frames that it receives from a client.
#[test]
fn a_masked_payload_can_arrive_in_pieces_of_any_size() {
    let payload: Vec<u8> = (0..=255).cycle().take(1000).collect();
    let frame = [hex("82 fe03e8 37fa213d"), xor_with_key(&payload, EXAMPLE_KEY)].concat();
    for size in [1, 2, 3, 5, 7, 31, 32, 33, 64, 100, 999, 1000] {
        let mut server = TestEndpoint::server();
        let observed: Vec<Observed> = frame.chunks(size).flat_map(|piece| server.receive_bytes(piece)).collect();
        assert_eq!(observed, [Observed::Binary(payload.clone())], "pieces of {size}");
    }
}

//= docs/src/rfc6455.md#section-5-3
//= type=test
//# The byte at index `i` of the payload, counted from 0, is combined by XOR with the byte at index
//# `i mod 4` of the key.
#[test]
fn apply_mask_follows_the_rule_at_every_length_and_offset() {
    let bytes: Vec<u8> = (0..=255).cycle().take(80).collect();
    let key = [0x37, 0xFA, 0x21, 0x3D];
    for len in 0..=bytes.len() {
        let expected = xor_with_key(&bytes[..len], key);
        for cut in 0..=len {
            let mut pieces = bytes[..len].to_vec();
            let (first, second) = pieces.split_at_mut(cut);
            apply_mask(first, MaskingKey(key));
            apply_mask(second, MaskingKey(key).at(cut));
            assert_eq!(pieces, expected, "{len} bytes, cut at {cut}");
        }
    }
}
