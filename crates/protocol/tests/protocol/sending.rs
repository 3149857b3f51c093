//! Section 6.1: sending, and what a caller cannot send.

use std::{collections::HashSet, io::IoSlice, time::Instant};

use crate::common::{EXAMPLE_KEY, End, both, hex, wire};
use bytes::{Buf, Bytes};
use protocol::{
    CloseCode, CloseFrame, Config, Connection, Message, MessageKind, PreparedMessage, Role, State, Transmit,
    UsageError, Utf8Bytes, frame::MaskingKey,
};

// ---- Whole messages -------------------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-6-1
//= type=test
//# The opcode of the first frame MUST say whether the data are text or binary.
//= docs/src/rfc6455.md#section-6-1
//= type=test
//# FIN MUST be set in the last frame of the message.
#[test]
fn text_and_binary_have_their_opcodes() {
    both(|end| {
        end.connection.send(Message::text("Hello")).unwrap();
        end.connection.send(Message::binary(vec![1, 2, 3])).unwrap();
        end.transmits(&["81 05 48656c6c6f", "82 03 010203"]);
    });
}

#[test]
fn an_owned_and_a_borrowed_message_are_the_same_on_the_wire() {
    both(|end| {
        end.connection.send(Message::text("h\u{e9}")).unwrap();
        let owned = end.sent();
        end.connection.send_text("h\u{e9}").unwrap();
        assert_eq!(end.sent(), owned);
        end.connection.send(Message::binary(&b"\0\xff"[..])).unwrap();
        let owned = end.sent();
        end.connection.send_binary(b"\0\xff").unwrap();
        assert_eq!(end.sent(), owned);
    });
}

#[test]
fn a_message_may_be_empty() {
    both(|end| {
        end.connection.send_text("").unwrap();
        end.connection.send_binary(b"").unwrap();
        end.transmits(&["81 00", "82 00"]);
    });
}

//= docs/src/rfc6455.md#section-5-4
//= type=test
//# The fragments of a message MUST reach the recipient in the order in which they were sent.
#[test]
fn messages_leave_in_the_order_in_which_they_were_sent() {
    both(|end| {
        // Small ones, which are gathered, and large ones, which are not: none may overtake another.
        let mut expected = Vec::new();
        for n in 0..20_u8 {
            let large = n % 3 == 0;
            let payload = vec![n; if large { 5000 } else { 5 }];
            expected.extend(wire(end.role(), &[if large { "82 7e1388" } else { "82 05" }]));
            expected.extend_from_slice(&payload);
            end.connection.send(Message::binary(payload)).unwrap();
        }
        assert_eq!(end.connection.queued_bytes(), expected.len());
        assert_eq!(end.sent(), expected);
    });
}

//= docs/src/rfc6455.md#section-2-1
//= type=test
//# An endpoint MAY keep what it sends for a while, and pass it on together with what comes next.
#[test]
fn sending_only_queues_until_the_driver_asks() {
    both(|end| {
        end.connection.send_text("a").unwrap();
        end.connection.send_text("b").unwrap();
        assert!(end.connection.queued_bytes() > 0);
        end.transmits(&["81 01 61", "81 01 62"]); // both leave together
        assert_eq!(end.connection.queued_bytes(), 0);
    });
}

// ---- Masks ----------------------------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-5-3
//= type=test
//# A client MUST pick a new masking key for each frame.
#[test]
fn each_frame_draws_one_key() {
    let mut client = End::client_with_keys(&[[0; 4], [1; 4], [2; 4], [3; 4], [4; 4], [5; 4], [6; 4]]);
    client.connection.send_text("\0").unwrap();
    client.connection.send_binary(&[0]).unwrap();
    client.connection.send(Message::binary(vec![0])).unwrap();
    client.connection.send_fragment(MessageKind::Binary, &[0], false).unwrap();
    client.connection.ping(&[0]).unwrap();
    client.connection.send_fragment(MessageKind::Binary, &[0], true).unwrap();
    client.close_without_code();
    let expected = "81 81 00000000 00   82 81 01010101 01   82 81 02020202 02   02 81 03030303 03   89 81 04040404 04 \
                    80 81 05050505 05   88 80 06060606";
    assert_eq!(client.sent(), hex(expected));
}

#[test]
fn a_payload_that_the_caller_shares_is_not_changed_by_masking() {
    let shared = Bytes::from(vec![0x55; 10_000]);
    let mut client = End::client_with_keys(&[[0xFF; 4]]);
    client.connection.send(Message::binary(shared.clone())).unwrap();
    assert_eq!(client.sent()[8..], [0xAA; 10_000]);
    assert_eq!(shared[..], [0x55; 10_000]);
}

#[test]
fn a_large_masked_payload_follows_the_rule_to_its_last_byte() {
    let payload: Vec<u8> = (0..=255).cycle().take(70_003).collect();
    let mut client = End::client_with_keys(&[EXAMPLE_KEY.0]);
    client.connection.send(Message::binary(payload.clone())).unwrap();
    let sent = client.sent();
    assert_eq!(sent[..14], hex("82 ff0000000000011173 37fa213d")[..]);
    let MaskingKey(key) = EXAMPLE_KEY;
    assert!(sent[14..].iter().zip(&payload).enumerate().all(|(i, (sent, plain))| *sent == plain ^ key[i % 4]));
}

// ---- Large payloads -------------------------------------------------------------------------------------------------

/// Where the pieces of the output lie, and how long they are.
fn pieces(end: &mut End) -> Vec<(*const u8, usize)> {
    let Some(Transmit::Bytes(output)) = end.connection.poll_transmit() else { panic!("nothing to send") };
    let mut slices = [IoSlice::new(&[]); 16];
    let count = output.chunks_vectored(&mut slices);
    slices[..count].iter().map(|slice| (slice.as_ptr(), slice.len())).collect()
}

#[test]
fn a_large_payload_of_a_server_is_shared_and_not_copied() {
    let payload = Bytes::from(vec![7; 100_000]);
    let mut server = End::server();
    server.connection.send_text("before").unwrap();
    server.connection.send(Message::binary(payload.clone())).unwrap();
    server.connection.send_text("behind").unwrap();
    let pieces = pieces(&mut server);
    assert_eq!(pieces.iter().map(|(_, len)| *len).collect::<Vec<_>>(), [8 + 10, 100_000, 8]);
    assert_eq!(pieces[1].0, payload.as_ptr(), "the very same bytes");
    let expected = [hex("81 06 6265666f7265   82 7f00000000000186a0"), vec![7; 100_000], hex("81 06 626568696e64")];
    assert_eq!(server.sent(), expected.concat());
}

#[test]
fn a_payload_is_shared_from_4_kib_on() {
    for (length, count) in [(4095, 1), (4096, 2)] {
        let payload = Bytes::from(vec![7; length]);
        let mut server = End::server();
        server.connection.send(Message::binary(payload)).unwrap();
        assert_eq!(pieces(&mut server).len(), count, "{length} bytes");
    }
    // Of a prepared message it is the frame, header and all.
    for (length, is_copied) in [(4091, true), (4092, false)] {
        let prepared = PreparedMessage::new(&Message::binary(vec![7; length]));
        let places: Vec<_> = (0..2)
            .map(|_| {
                let mut server = End::server();
                server.connection.send_prepared(&prepared).unwrap();
                let pieces = pieces(&mut server);
                (server, pieces)
            })
            .collect();
        assert_eq!(places[0].1 != places[1].1, is_copied, "{length} bytes");
    }
}

#[test]
fn small_messages_leave_as_one_piece() {
    both(|end| {
        for _ in 0..100 {
            end.connection.send(Message::text("Hello")).unwrap();
        }
        assert_eq!(pieces(end).len(), 1);
    });
    let prepared = PreparedMessage::new(&Message::text("Hello"));
    let mut server = End::server();
    for _ in 0..100 {
        server.connection.send_prepared(&prepared).unwrap();
    }
    assert_eq!(pieces(&mut server).len(), 1);
}

#[test]
fn the_output_can_be_written_in_steps_of_any_size() {
    for step in [1, 2, 3, 7, 100, 4095, 4096, 4097, 20_000] {
        let mut server = End::server();
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
            assert!(!output.chunk().is_empty(), "there are bytes, and the first piece has some");
            let size = step.min(output.remaining());
            written.extend_from_slice(&output.copy_to_bytes(size));
        }
        assert_eq!(written, expected, "in steps of {step}");
    }
}

#[test]
fn frames_may_be_added_while_others_are_half_written() {
    let mut server = End::server();
    server.connection.send(Message::binary(vec![1; 5000])).unwrap();
    let Some(Transmit::Bytes(output)) = server.connection.poll_transmit() else { panic!("nothing to send") };
    output.advance(4004);
    server.connection.send_text("ok").unwrap();
    server.connection.send(Message::binary(vec![2; 5000])).unwrap();
    let rest = [vec![1; 1000], hex("81 02 6f6b   82 7e1388"), vec![2; 5000]].concat();
    assert_eq!(server.connection.queued_bytes(), rest.len());
    assert_eq!(server.sent(), rest);
}

// ---- Prepared messages ----------------------------------------------------------------------------------------------

#[test]
fn a_prepared_message_is_the_same_on_the_wire() {
    for message in [Message::text("Hello"), Message::binary(vec![3; 300]), Message::binary(vec![4; 70_000])] {
        let mut server = End::server();
        server.connection.send(message.clone()).unwrap();
        let expected = server.sent();
        server.connection.send_prepared(&PreparedMessage::new(&message)).unwrap();
        assert_eq!(server.sent(), expected);
    }
    let mut server = End::server();
    server.connection.send_prepared(&PreparedMessage::new(&Message::text("Hello"))).unwrap();
    assert_eq!(server.sent(), hex("81 05 48656c6c6f"));
}

/// How many frame headers a broadcast to ten thousand receivers wrote: counted by where they lie in memory, while all of
/// them are still queued.
fn headers_written(send: impl Fn(&mut Connection) -> Result<(), UsageError>) -> usize {
    let now = Instant::now();
    let mut servers: Vec<_> = (0..10_000).map(|_| Connection::server(Config::default(), now)).collect();
    let mut places = HashSet::new();
    for server in &mut servers {
        send(server).unwrap();
        let Some(Transmit::Bytes(output)) = server.poll_transmit() else { panic!("something was sent") };
        assert_eq!(output.remaining(), 10_004);
        assert_eq!(output.chunk()[..4], hex("82 7e 27 10"), "a header comes first");
        places.insert(output.chunk().as_ptr());
    }
    places.len()
}

#[test]
fn a_prepared_message_is_encoded_once_for_ten_thousand_receivers() {
    let message = Message::binary(vec![5; 10_000]);
    let prepared = PreparedMessage::new(&message);
    assert_eq!(headers_written(|server| server.send_prepared(&prepared)), 1);
    // The count can tell: a message that is not prepared is encoded by each connection anew.
    assert_eq!(headers_written(|server| server.send(message.clone())), 10_000);
}

#[test]
fn prepared_messages_keep_their_place_among_others() {
    let large = PreparedMessage::new(&Message::binary(vec![5; 5000]));
    let small = PreparedMessage::new(&Message::text("p"));
    let mut server = End::server();
    server.connection.send_text("a").unwrap();
    server.connection.send_prepared(&small).unwrap();
    server.connection.send_prepared(&large).unwrap();
    server.connection.send_text("b").unwrap();
    let expected = [hex("81 01 61   81 01 70   82 7e1388"), vec![5; 5000], hex("81 01 62")].concat();
    assert_eq!(server.sent(), expected);
}

#[test]
fn a_client_cannot_send_a_prepared_message() {
    // It has no mask, and one mask for many frames would be none.
    let mut client = End::client_with_keys(&[]);
    let prepared = PreparedMessage::new(&Message::text("Hello"));
    assert_eq!(client.connection.send_prepared(&prepared), Err(UsageError::PreparedForServers));
    client.transmits_nothing();
}

// ---- Misuse ---------------------------------------------------------------------------------------------------------

#[test]
fn a_misuse_sends_nothing_changes_nothing_and_draws_no_key() {
    for role in [Role::Server, Role::Client] {
        let mut end = if role == Role::Client { End::client_with_keys(&[[0; 4]]) } else { End::server() };
        let connection = &mut end.connection;
        assert_eq!(connection.ping(&[0; 126]), Err(UsageError::ControlTooLong(126)));
        assert_eq!(connection.pong(&[0; 126]), Err(UsageError::ControlTooLong(126)));
        assert_eq!(connection.send_fragment(MessageKind::Text, &[0xFF], false), Err(UsageError::NotUtf8));
        let frame = |code, reason: &str| Some(CloseFrame { code: CloseCode(code), reason: reason.to_owned() });
        assert_eq!(connection.close(frame(1005, ""), end.now), Err(UsageError::CloseCodeNotSendable(CloseCode(1005))));
        assert_eq!(connection.close(frame(1000, &"x".repeat(124)), end.now), Err(UsageError::CloseReasonTooLong(124)));
        assert_eq!((connection.queued_bytes(), connection.state()), (0, State::Open));
        assert_eq!(connection.poll_timeout(), None);
        // The one key that there is is still there for the one frame that is right.
        connection.send_text("ok").unwrap();
        end.transmits(&["81 02 6f6b"]);
    }
}

#[test]
fn a_refused_fragment_draws_no_key() {
    let mut client = End::client_with_keys(&[[0; 4], [0; 4]]);
    client.connection.send_fragment(MessageKind::Text, b"a", false).unwrap();
    assert_eq!(client.connection.send_text("b"), Err(UsageError::MessageOpen));
    assert_eq!(client.connection.send_fragment(MessageKind::Binary, b"b", true), Err(UsageError::MessageOpen));
    assert_eq!(client.connection.send_fragment(MessageKind::Text, &[0xFF], true), Err(UsageError::NotUtf8));
    client.connection.send_fragment(MessageKind::Text, b"c", true).unwrap();
    client.transmits(&["01 01 61", "80 01 63"]);
}

#[test]
fn every_misuse_is_a_sentence_that_says_what_would_be_right() {
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
        (UsageError::AfterClose, "nothing can be sent any more: the connection is closing or closed"),
        (UsageError::MessageOpen, "finish the fragmented message first: another cannot begin inside it"),
        (UsageError::NotUtf8, "a text message must be UTF-8, and this one is not"),
        (UsageError::ControlTooLong(126), "a Ping or Pong holds at most 125 bytes, not 126"),
        (
            UsageError::CloseCodeNotSendable(CloseCode(1006)),
            "1006 cannot be sent: use 1000, another code of the protocol, or 3000-4999",
        ),
        (UsageError::CloseReasonTooLong(124), "a close reason holds at most 123 bytes, not 124"),
        (UsageError::PreparedForServers, "a prepared message has no mask; a client cannot send it"),
    ] {
        assert_eq!(usage_error.to_string(), sentence);
    }
}

#[test]
fn what_was_said_does_not_get_into_a_log() {
    both(|end| {
        end.connection.send_text("swordfish").unwrap();
        end.connection.receive(b"swordfish");
        let debug = format!("{:?}", end.connection);
        assert!(!debug.contains("swordfish"), "{debug}");
        assert!(debug.contains("Open"), "{debug}");
        assert_eq!(format!("{:?}", end.connection.outbound()), "Outbound { .. }");
    });
}

// ---- The types ------------------------------------------------------------------------------------------------------

#[test]
fn messages_are_made_of_what_is_at_hand() {
    assert_eq!(Message::from("a"), Message::text("a"));
    assert_eq!(Message::from("a".to_owned()), Message::text("a"));
    assert_eq!(Message::from(Utf8Bytes::from("a")), Message::text("a"));
    assert_eq!(Message::from(vec![1]), Message::binary(vec![1]));
    assert_eq!(Message::from(Bytes::from_static(&[1])), Message::binary(vec![1]));
    assert_ne!(Message::text("a"), Message::binary(&b"a"[..]), "equal bytes, but not the same message");
}

#[test]
fn messages_tell_what_they_are() {
    let text = Message::text("h\u{e9}");
    assert_eq!(
        (text.kind(), text.as_text(), text.as_bytes().as_ref()),
        (MessageKind::Text, Some("h\u{e9}"), "h\u{e9}".as_bytes())
    );
    let binary = Message::binary(vec![0xFF]);
    assert_eq!((binary.kind(), binary.as_text(), binary.as_bytes().as_ref()), (MessageKind::Binary, None, &[0xFF][..]));
}

#[test]
fn text_prints_as_text() {
    let text = Utf8Bytes::from("a\"b");
    assert_eq!((text.to_string().as_str(), format!("{text:?}").as_str()), ("a\"b", "\"a\\\"b\""));
    assert!(text == *"a\"b");
    assert!(text != *"a\"c");
    assert_eq!(text.into_bytes(), "a\"b");
}
