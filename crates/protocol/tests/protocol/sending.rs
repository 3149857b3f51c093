//! Section 6.1: sending, and usage errors.

use std::{collections::HashSet, io::IoSlice, time::Instant};

use bytes::{Buf, Bytes};
use protocol::{
    CloseCode, CloseFrame, Config, Connection, Message, MessageKind, PreparedMessage, Role, State, Transmit,
    UsageError, Utf8Bytes,
};
use testkit::{
    endpoint::{TestEndpoint, for_both_roles},
    frames::frames_from,
    hex::hex,
    masking::{EXAMPLE_KEY, xor_with_key},
};

// ---- Whole messages -----------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-6-1
//= type=test
//# The opcode of the first frame MUST indicate whether the data is text or binary.
//= docs/src/rfc6455.md#section-6-1
//= type=test
//# FIN MUST be set in the last frame of the message.
#[test]
fn a_message_has_the_opcode_of_its_kind() {
    for_both_roles(|endpoint| {
        endpoint.connection.send(Message::text("Hello")).unwrap();
        endpoint.connection.send(Message::binary(vec![1, 2, 3])).unwrap();
        endpoint.assert_transmits(&["81 05 48656c6c6f", "82 03 010203"]);
    });
}

#[test]
fn owned_and_borrowed_messages_are_the_same_on_the_wire() {
    for_both_roles(|endpoint| {
        endpoint.connection.send(Message::text("h\u{e9}")).unwrap();
        let owned = endpoint.take_sent();
        endpoint.connection.send_text("h\u{e9}").unwrap();
        assert_eq!(endpoint.take_sent(), owned);
        endpoint.connection.send(Message::binary(&b"\0\xff"[..])).unwrap();
        let owned = endpoint.take_sent();
        endpoint.connection.send_binary(b"\0\xff").unwrap();
        assert_eq!(endpoint.take_sent(), owned);
    });
}

#[test]
fn a_message_may_be_empty() {
    for_both_roles(|endpoint| {
        endpoint.connection.send_text("").unwrap();
        endpoint.connection.send_binary(b"").unwrap();
        endpoint.assert_transmits(&["81 00", "82 00"]);
    });
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# The fragments of a message MUST reach the recipient in the order in which they were sent.
#[test]
fn messages_keep_their_order() {
    for_both_roles(|endpoint| {
        // Small payloads are copied into a buffer, and large ones are not. Neither may overtake the
        // other.
        let mut expected = Vec::new();
        for n in 0..20_u8 {
            let large = n % 3 == 0;
            let payload = vec![n; if large { 5000 } else { 5 }];
            expected.extend(frames_from(endpoint.role(), &[if large { "82 7e1388" } else { "82 05" }]));
            expected.extend_from_slice(&payload);
            endpoint.connection.send(Message::binary(payload)).unwrap();
        }
        assert_eq!(endpoint.connection.queued_bytes(), expected.len());
        assert_eq!(endpoint.take_sent(), expected);
    });
}

//= docs/src/rfc6455.md#section-2-1
//= type=test
//# An endpoint MAY delay the transmission of data, for example to send several messages at once.
#[test]
fn messages_are_queued_until_the_driver_transmits() {
    for_both_roles(|endpoint| {
        endpoint.connection.send_text("a").unwrap();
        endpoint.connection.send_text("b").unwrap();
        assert!(endpoint.connection.queued_bytes() > 0);
        endpoint.assert_transmits(&["81 01 61", "81 01 62"]);
        assert_eq!(endpoint.connection.queued_bytes(), 0);
    });
}

// ---- Masks --------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-5-3
//= type=test
//# A client MUST pick a new masking key for each frame.
#[test]
fn each_frame_draws_one_masking_key() {
    let mut client = TestEndpoint::client_with_keys(&[[0; 4], [1; 4], [2; 4], [3; 4], [4; 4], [5; 4], [6; 4]]);
    client.connection.send_text("\0").unwrap();
    client.connection.send_binary(&[0]).unwrap();
    client.connection.send(Message::binary(vec![0])).unwrap();
    client.connection.send_fragment(MessageKind::Binary, &[0], false).unwrap();
    client.connection.ping(&[0]).unwrap();
    client.connection.send_fragment(MessageKind::Binary, &[0], true).unwrap();
    client.close_without_code();
    let expected = "81 81 00000000 00   82 81 01010101 01   82 81 02020202 02   02 81 03030303 03   89 81 04040404 04 \
                    80 81 05050505 05   88 80 06060606";
    assert_eq!(client.take_sent(), hex(expected));
}

#[test]
fn masking_does_not_change_a_shared_payload() {
    let shared = Bytes::from(vec![0x55; 10_000]);
    let mut client = TestEndpoint::client_with_keys(&[[0xFF; 4]]);
    client.connection.send(Message::binary(shared.clone())).unwrap();
    assert_eq!(client.take_sent()[8..], [0xAA; 10_000]);
    assert_eq!(shared[..], [0x55; 10_000]);
}

#[test]
fn a_large_payload_is_masked_to_its_last_byte() {
    let payload: Vec<u8> = (0..=255).cycle().take(70_003).collect();
    let mut client = TestEndpoint::client_with_keys(&[EXAMPLE_KEY]);
    client.connection.send(Message::binary(payload.clone())).unwrap();
    let sent = client.take_sent();
    assert_eq!(sent[..14], hex("82 ff0000000000011173 37fa213d")[..]);
    assert!(sent[14..] == xor_with_key(&payload, EXAMPLE_KEY));
}

// ---- Large payloads -----------------------------------------------------------------------------

/// Returns the address and the length of each slice of the output.
fn output_slices(endpoint: &mut TestEndpoint) -> Vec<(*const u8, usize)> {
    let Some(Transmit::Bytes(output)) = endpoint.connection.poll_transmit() else { panic!("nothing to send") };
    let mut slices = [IoSlice::new(&[]); 16];
    let count = output.chunks_vectored(&mut slices);
    slices[..count].iter().map(|slice| (slice.as_ptr(), slice.len())).collect()
}

#[test]
fn a_server_does_not_copy_a_large_payload() {
    let payload = Bytes::from(vec![7; 100_000]);
    let mut server = TestEndpoint::server();
    server.connection.send_text("before").unwrap();
    server.connection.send(Message::binary(payload.clone())).unwrap();
    server.connection.send_text("behind").unwrap();
    let slices = output_slices(&mut server);
    assert_eq!(slices.iter().map(|(_, len)| *len).collect::<Vec<_>>(), [8 + 10, 100_000, 8]);
    assert_eq!(slices[1].0, payload.as_ptr(), "the payload was copied");
    let expected = [hex("81 06 6265666f7265   82 7f00000000000186a0"), vec![7; 100_000], hex("81 06 626568696e64")];
    assert_eq!(server.take_sent(), expected.concat());
}

#[test]
fn a_payload_is_shared_from_4_kib() {
    for (length, count) in [(4095, 1), (4096, 2)] {
        let payload = Bytes::from(vec![7; length]);
        let mut server = TestEndpoint::server();
        server.connection.send(Message::binary(payload)).unwrap();
        assert_eq!(output_slices(&mut server).len(), count, "{length} bytes");
    }
    // A prepared message is shared as a whole frame, so the limit applies to the frame with its
    // header.
    for (length, is_copied) in [(4091, true), (4092, false)] {
        let prepared = PreparedMessage::new(&Message::binary(vec![7; length]));
        let mut servers = [TestEndpoint::server(), TestEndpoint::server()];
        let [first, second] = servers.each_mut().map(|server| {
            server.connection.send_prepared(&prepared).unwrap();
            output_slices(server)
        });
        assert_eq!(first != second, is_copied, "{length} bytes");
    }
}

#[test]
fn what_has_been_sent_of_a_shared_payload_no_longer_counts_as_queued_memory() {
    let mut server = TestEndpoint::server();
    server.connection.send(Message::binary(vec![7; 100_000])).unwrap();
    let before = server.connection.send_queue_capacity();
    let Some(Transmit::Bytes(output)) = server.connection.poll_transmit() else { panic!("nothing to send") };
    // The header takes ten bytes, and is not shared.
    output.advance(10 + 60_000);
    assert_eq!(server.connection.send_queue_capacity(), before - 60_000);
}

#[test]
fn small_messages_are_written_as_one_slice() {
    for_both_roles(|endpoint| {
        for _ in 0..100 {
            endpoint.connection.send(Message::text("Hello")).unwrap();
        }
        assert_eq!(output_slices(endpoint).len(), 1);
    });
    let prepared = PreparedMessage::new(&Message::text("Hello"));
    let mut server = TestEndpoint::server();
    for _ in 0..100 {
        server.connection.send_prepared(&prepared).unwrap();
    }
    assert_eq!(output_slices(&mut server).len(), 1);
}

#[test]
fn the_output_can_be_written_in_steps_of_any_size() {
    for step in [1, 2, 3, 7, 100, 4095, 4096, 4097, 20_000] {
        let mut server = TestEndpoint::server();
        let mut expected = Vec::new();
        for (len, header) in
            [(5, "82 05"), (5000, "82 7e1388"), (0, "82 00"), (4096, "82 7e1000"), (4095, "82 7e0fff"), (6, "82 06")]
        {
            server.connection.send(Message::binary(vec![9; len])).unwrap();
            expected.extend(hex(header));
            expected.extend(vec![9; len]);
        }
        let mut written = Vec::new();
        while let Some(Transmit::Bytes(output)) = server.connection.poll_transmit() {
            assert_eq!(output.remaining(), expected.len() - written.len());
            assert!(!output.chunk().is_empty(), "the first slice is empty");
            let size = step.min(output.remaining());
            written.extend_from_slice(&output.copy_to_bytes(size));
        }
        assert_eq!(written, expected, "in steps of {step}");
    }
}

#[test]
fn frames_may_be_queued_while_others_are_partly_written() {
    let mut server = TestEndpoint::server();
    server.connection.send(Message::binary(vec![1; 5000])).unwrap();
    let Some(Transmit::Bytes(output)) = server.connection.poll_transmit() else { panic!("nothing to send") };
    output.advance(4004);
    server.connection.send_text("ok").unwrap();
    server.connection.send(Message::binary(vec![2; 5000])).unwrap();
    let rest = [vec![1; 1000], hex("81 02 6f6b   82 7e1388"), vec![2; 5000]].concat();
    assert_eq!(server.connection.queued_bytes(), rest.len());
    assert_eq!(server.take_sent(), rest);
}

// ---- Prepared messages --------------------------------------------------------------------------

#[test]
fn a_prepared_message_is_the_same_on_the_wire() {
    for message in [Message::text("Hello"), Message::binary(vec![3; 300]), Message::binary(vec![4; 70_000])] {
        let mut server = TestEndpoint::server();
        server.connection.send(message.clone()).unwrap();
        let expected = server.take_sent();
        server.connection.send_prepared(&PreparedMessage::new(&message)).unwrap();
        assert_eq!(server.take_sent(), expected);
    }
    let mut server = TestEndpoint::server();
    server.connection.send_prepared(&PreparedMessage::new(&Message::text("Hello"))).unwrap();
    assert_eq!(server.take_sent(), hex("81 05 48656c6c6f"));
}

/// Sends a message from ten thousand servers, and returns how many different frame headers were
/// written. It counts the addresses of the headers while all of them are queued.
fn headers_written(send: impl Fn(&mut Connection) -> Result<(), UsageError>) -> usize {
    let now = Instant::now();
    let mut servers: Vec<_> = (0..10_000).map(|_| Connection::server(Config::default(), now)).collect();
    let mut addresses = HashSet::new();
    for server in &mut servers {
        send(server).unwrap();
        let Some(Transmit::Bytes(output)) = server.poll_transmit() else { panic!("nothing to send") };
        assert_eq!(output.remaining(), 10_004);
        assert_eq!(output.chunk()[..4], hex("82 7e 27 10"), "the first slice does not start with the header");
        addresses.insert(output.chunk().as_ptr());
    }
    addresses.len()
}

#[test]
fn a_prepared_message_is_encoded_once_for_ten_thousand_receivers() {
    let message = Message::binary(vec![5; 10_000]);
    let prepared = PreparedMessage::new(&message);
    assert_eq!(headers_written(|server| server.send_prepared(&prepared)), 1);
    // For comparison, a message that is not prepared is encoded separately by each connection.
    assert_eq!(headers_written(|server| server.send(message.clone())), 10_000);
}

#[test]
fn prepared_messages_keep_their_order_among_others() {
    let large = PreparedMessage::new(&Message::binary(vec![5; 5000]));
    let small = PreparedMessage::new(&Message::text("p"));
    let mut server = TestEndpoint::server();
    server.connection.send_text("a").unwrap();
    server.connection.send_prepared(&small).unwrap();
    server.connection.send_prepared(&large).unwrap();
    server.connection.send_text("b").unwrap();
    let expected = [hex("81 01 61   81 01 70   82 7e1388"), vec![5; 5000], hex("81 01 62")].concat();
    assert_eq!(server.take_sent(), expected);
}

#[test]
fn a_client_cannot_send_a_prepared_message() {
    // A prepared message is not masked, but a client must use a new mask for each frame.
    let mut client = TestEndpoint::client_with_keys(&[]);
    let prepared = PreparedMessage::new(&Message::text("Hello"));
    assert_eq!(client.connection.send_prepared(&prepared), Err(UsageError::PreparedForServers));
    client.assert_transmits_nothing();
}

// ---- Usage errors -------------------------------------------------------------------------------

#[test]
fn a_usage_error_sends_nothing_changes_nothing_and_draws_no_key() {
    for role in [Role::Server, Role::Client] {
        let mut endpoint =
            if role == Role::Client { TestEndpoint::client_with_keys(&[[0; 4]]) } else { TestEndpoint::server() };
        let connection = &mut endpoint.connection;
        assert_eq!(connection.ping(&[0; 126]), Err(UsageError::ControlTooLong(126)));
        assert_eq!(connection.pong(&[0; 126]), Err(UsageError::ControlTooLong(126)));
        assert_eq!(connection.send_fragment(MessageKind::Text, &[0xFF], false), Err(UsageError::NotUtf8));
        if role == Role::Server {
            // `CloseFrame::new` rejects all other invalid codes and reasons, but whether code 1010
            // is valid depends on the role.
            let frame = CloseFrame::new(CloseCode::MANDATORY_EXTENSION, "").unwrap();
            let usage_error = UsageError::CloseCodeNotSendable(CloseCode::MANDATORY_EXTENSION);
            assert_eq!(connection.close(Some(frame), endpoint.now), Err(usage_error));
        }
        assert_eq!((connection.queued_bytes(), connection.state()), (0, State::Open));
        assert_eq!(connection.poll_timeout(), None);
        // The invalid calls have not used the only key, so it is left for the valid frame.
        connection.send_text("ok").unwrap();
        endpoint.assert_transmits(&["81 02 6f6b"]);
    }
}

#[test]
fn a_rejected_fragment_draws_no_key() {
    let mut client = TestEndpoint::client_with_keys(&[[0; 4], [0; 4]]);
    client.connection.send_fragment(MessageKind::Text, b"a", false).unwrap();
    assert_eq!(client.connection.send_text("b"), Err(UsageError::MessageOpen));
    assert_eq!(client.connection.send_fragment(MessageKind::Binary, b"b", true), Err(UsageError::MessageOpen));
    assert_eq!(client.connection.send_fragment(MessageKind::Text, &[0xFF], true), Err(UsageError::NotUtf8));
    client.connection.send_fragment(MessageKind::Text, b"c", true).unwrap();
    client.assert_transmits(&["01 01 61", "80 01 63"]);
}

#[test]
fn each_usage_error_prints_its_sentence() {
    for (usage_error, sentence) in [
        (
            UsageError::NotAToken("a b\n".to_owned()),
            "'a b\\n' is not a token: use letters, digits and any of !#$%&'*+-.^_`|~",
        ),
        (UsageError::SubprotocolRepeated("chat".to_owned()), "the subprotocol 'chat' is offered twice"),
        (
            UsageError::SubprotocolNotOffered("x".to_owned()),
            "the subprotocol 'x' cannot be chosen: the client did not offer it",
        ),
        (
            UsageError::ExtensionNotOffered("x".to_owned()),
            "the extension 'x' cannot be chosen: the client did not offer it",
        ),
        (UsageError::HeaderReserved("host".to_owned()), "the header host is set by the handshake itself"),
        (UsageError::HeaderInvalid("X: a\r\n".to_owned()), "'X: a\\r\\n' is not a valid header"),
        (UsageError::AfterClose, "nothing more can be sent: the connection is closing or closed"),
        (UsageError::MessageOpen, "finish the fragmented message first: another cannot begin inside it"),
        (UsageError::NotUtf8, "a text message must be UTF-8, and this one is not"),
        (UsageError::ControlTooLong(126), "a Ping or Pong holds at most 125 bytes, not 126"),
        (
            UsageError::CloseCodeNotSendable(CloseCode(1006)),
            "1006 cannot be sent: use 1000, another code of the protocol, or 3000-4999",
        ),
        (UsageError::CloseReasonTooLong(124), "a close reason holds at most 123 bytes, not 124"),
        (UsageError::PreparedForServers, "a prepared message has no mask, so a client cannot send it"),
    ] {
        assert_eq!(usage_error.to_string(), sentence);
    }
}

#[test]
fn the_debug_output_shows_no_payload() {
    for_both_roles(|endpoint| {
        endpoint.connection.send_text("swordfish").unwrap();
        endpoint.connection.receive(b"swordfish");
        let debug = format!("{:?}", endpoint.connection);
        assert!(!debug.contains("swordfish"), "{debug}");
        assert!(debug.contains("Open"), "{debug}");
        assert_eq!(format!("{:?}", endpoint.connection.outbound()), "Outbound { .. }");
    });
}

// ---- Types --------------------------------------------------------------------------------------

#[test]
fn messages_are_made_from_strings_and_bytes() {
    assert_eq!(Message::from("a"), Message::text("a"));
    assert_eq!(Message::from("a".to_owned()), Message::text("a"));
    assert_eq!(Message::from(Utf8Bytes::from("a")), Message::text("a"));
    assert_eq!(Message::from(vec![1]), Message::binary(vec![1]));
    assert_eq!(Message::from(Bytes::from_static(&[1])), Message::binary(vec![1]));
    assert_ne!(Message::text("a"), Message::binary(&b"a"[..]), "equal bytes, but not the same message");
}

#[test]
fn a_message_returns_its_kind_and_payload() {
    let text = Message::text("h\u{e9}");
    assert_eq!(
        (text.kind(), text.as_text(), text.as_bytes().as_ref()),
        (MessageKind::Text, Some("h\u{e9}"), "h\u{e9}".as_bytes())
    );
    let binary = Message::binary(vec![0xFF]);
    assert_eq!((binary.kind(), binary.as_text(), binary.as_bytes().as_ref()), (MessageKind::Binary, None, &[0xFF][..]));
}

#[test]
fn utf8_bytes_print_as_text() {
    let text = Utf8Bytes::from("a\"b");
    assert_eq!((text.to_string().as_str(), format!("{text:?}").as_str()), ("a\"b", "\"a\\\"b\""));
    assert!(text == *"a\"b");
    assert!(text != *"a\"c");
    assert_eq!(text.into_bytes(), "a\"b");
}
