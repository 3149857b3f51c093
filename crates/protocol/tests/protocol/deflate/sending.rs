//! RFC 7692, section 6.1: sending compressed messages.

use protocol::{
    Config, DeflateOptions, Message, MessageKind, PreparedMessage, Role, UsageError, extension::WindowBits,
};
use testkit::{
    deflate::{ReferenceInflater, incompressible_bytes},
    endpoint::TestEndpoint,
    frames::{
        RawFrame,
        first_byte::{CONTINUATION, FIRST_OF_TEXT, LAST_CONTINUATION, PING, RSV1},
    },
    linked_pair::LinkedPair,
    observed::{Observed, text},
};

use super::{ALWAYS, ALWAYS_FRUGAL, compressing_endpoint, for_both, for_both_with};

//= docs/src/rfc7692.md#section-6-1
//= type=test
//# To send a compressed message, an endpoint MUST compress the whole payload, put the result into
//# frames, and set RSV1 in the first frame.
#[test]
fn a_compressed_message_has_rsv1_and_a_compressed_payload() {
    for_both(|endpoint| {
        endpoint.connection.send(Message::text("Hello")).unwrap();
        endpoint.assert_transmits(&["c1 07 f248cdc9c90700"]);
        endpoint.connection.send_text("Hello").unwrap();
        endpoint.assert_transmits(&["c1 04 02130000"]);
        endpoint.connection.send_binary(b"").unwrap();
        endpoint.assert_transmits(&["c2 01 00"]);
    });
    for_both_with(&Config::default(), &ALWAYS_FRUGAL, |endpoint| {
        for _ in 0..2 {
            endpoint.connection.send(Message::text("Hello, Hello, Hello")).unwrap();
        }
        let sent = RawFrame::take_all(&endpoint.take_sent());
        assert!(sent.iter().all(RawFrame::is_compressed), "{sent:?}");
        assert_eq!(sent[0].payload, sent[1].payload);
    });
}

//= docs/src/rfc7692.md#section-6-1
//= type=test
//# RSV1 MUST NOT be set in a control frame, or in any frame of a message except the first.
#[test]
fn a_fragmented_message_has_rsv1_on_its_first_frame() {
    for_both(|endpoint| {
        endpoint.connection.send_fragment(MessageKind::Text, b"He", false).unwrap();
        endpoint.connection.ping(b"?").unwrap();
        endpoint.connection.send_fragment(MessageKind::Text, b"", false).unwrap();
        endpoint.connection.send_fragment(MessageKind::Text, b"ll", false).unwrap();
        endpoint.connection.send_fragment(MessageKind::Text, b"o", true).unwrap();
        let sent = RawFrame::take_all(&endpoint.take_sent());
        let first_bytes: Vec<u8> = sent.iter().map(|frame| frame.first).collect();
        assert_eq!(first_bytes, [RSV1 | FIRST_OF_TEXT, PING, CONTINUATION, CONTINUATION, LAST_CONTINUATION]);
        assert_eq!(sent[1].payload, b"?");
        // Each fragment can be decompressed on arrival. All fragments except the last end with the
        // four bytes.
        assert!(sent[0].payload.ends_with(&[0, 0, 0xFF, 0xFF]) && sent[3].payload.ends_with(&[0, 0, 0xFF, 0xFF]));
        let payload = [0, 2, 3, 4].map(|index| sent[index].payload.clone()).concat();
        assert_eq!(ReferenceInflater::default().inflate(&payload), b"Hello");
    });
}

//= docs/src/rfc7692.md#section-6-1
//= type=test
//# To send an uncompressed message, an endpoint MUST put the payload into frames unchanged and
//# leave RSV1 clear in the first frame.
#[test]
fn messages_below_the_threshold_are_sent_uncompressed() {
    for_both_with(&Config::default(), &DeflateOptions::DEFAULT, |endpoint| {
        for size in [0, 1, 1023, 1024, 5000] {
            endpoint.connection.send_binary(&vec![7; size]).unwrap();
            endpoint.connection.send(Message::binary(vec![7; size])).unwrap();
            for frame in RawFrame::take_all(&endpoint.take_sent()) {
                assert_eq!(frame.is_compressed(), size >= 1024, "{size} bytes");
                assert_eq!(frame.payload.len() < size, size >= 1024, "{size} bytes");
            }
        }
    });
}

#[test]
fn without_takeover_a_message_that_would_grow_is_sent_uncompressed() {
    for_both_with(&Config::default(), &ALWAYS_FRUGAL, |endpoint| {
        endpoint.connection.send_binary(b"x7").unwrap();
        endpoint.assert_transmits(&["82 02 7837"]);
        endpoint.connection.send_binary(&[b'x'; 30]).unwrap();
        assert!(RawFrame::take_all(&endpoint.take_sent())[0].is_compressed());
    });
}

#[test]
fn with_takeover_a_message_that_grows_is_sent_compressed() {
    // The next message refers to it.
    for_both(|endpoint| {
        endpoint.connection.send_binary(b"x7y8z9").unwrap();
        endpoint.connection.send_binary(b"x7y8z9x7y8z9").unwrap();
        let sent = RawFrame::take_all(&endpoint.take_sent());
        assert!(sent.iter().all(RawFrame::is_compressed));
        assert!(sent[0].payload.len() >= 6 && sent[1].payload.len() < 6, "{sent:?}");
    });
}

#[test]
fn an_uncompressed_message_does_not_enter_the_window() {
    // A message of 1024 bytes is compressed. A message of 1000 bytes is not compressed and does not
    // enter the window.
    let long = incompressible_bytes(1024);
    let options = DeflateOptions::DEFAULT;
    let mut pair = LinkedPair::with_deflate(&Config::default(), &options, &options);
    for message in [&long[..], &long[..1000], &long[..], &long[24..]] {
        pair.client.connection.send_binary(message).unwrap();
        pair.server.connection.send_binary(message).unwrap();
    }
    pair.run();
    let expected = [&long[..], &long[..1000], &long[..], &long[24..]].map(|message| Observed::Binary(message.to_vec()));
    assert!(pair.observed_by_server == expected && pair.observed_by_client == expected);
    let sent = RawFrame::take_all(&pair.sent_by_server);
    assert_eq!(sent.iter().map(RawFrame::is_compressed).collect::<Vec<_>>(), [true, false, true, false]);
    assert!(sent[2].payload.len() < 50, "{} bytes for a repeated message", sent[2].payload.len());
}

#[test]
fn control_frames_are_never_compressed() {
    for_both(|endpoint| {
        endpoint.connection.ping(b"Hello").unwrap();
        endpoint.connection.pong(b"Hello").unwrap();
        endpoint.close(1000, "Hello");
        endpoint.assert_transmits(&["89 05 48656c6c6f", "8a 05 48656c6c6f", "88 07 03e8 48656c6c6f"]);
    });
}

#[test]
fn after_the_local_close_nothing_is_sent_and_messages_are_still_received() {
    for_both(|endpoint| {
        assert_eq!(endpoint.receive(&["c1 07 f248cdc9c90700"]), [text("Hello")]);
        endpoint.close(1000, "");
        assert_eq!(endpoint.connection.send_text("Hello"), Err(UsageError::AfterClose));
        assert_eq!(endpoint.receive(&["c1 05 f200110000"]), [text("Hello")]);
    });
}

#[test]
fn invalid_utf8_cannot_be_sent_in_compressed_fragments() {
    for_both(|endpoint| {
        assert_eq!(endpoint.connection.send_fragment(MessageKind::Text, b"\xc3(", true), Err(UsageError::NotUtf8));
        endpoint.assert_transmits_nothing();
        // The rejected text has not entered the window either.
        endpoint.connection.send_text("Hello").unwrap();
        endpoint.assert_transmits(&["c1 07 f248cdc9c90700"]);
    });
}

// ---- Prepared messages --------------------------------------------------------------------------

#[test]
fn a_prepared_message_is_compressed_once_for_all_clients_that_can_decompress_it() {
    let message = Message::binary(b"{\"sequence\":1}".repeat(100));
    let ten_bits = ALWAYS.server_max_window_bits(WindowBits::new(10).unwrap());
    let prepared = PreparedMessage::compressed(&message, &ten_bits);
    let sent_with = |options: &DeflateOptions| {
        let mut server = compressing_endpoint(Role::Server, Config::default(), options);
        server.connection.send_prepared(&prepared).unwrap();
        server.take_sent()
    };
    let compressed = sent_with(&ALWAYS);
    assert!(RawFrame::take_all(&compressed)[0].is_compressed() && compressed.len() < 200, "{} bytes", compressed.len());
    assert_eq!(sent_with(&ten_bits), compressed);
    assert_eq!(sent_with(&ALWAYS_FRUGAL), compressed);
    let mut client = compressing_endpoint(Role::Client, Config::default(), &ALWAYS);
    assert_eq!(client.receive_bytes(&compressed), [Observed::Binary(message.as_bytes().to_vec())]);
    // A client with a smaller window, or without compression, receives the message uncompressed.
    let nine_bits = ALWAYS.server_max_window_bits(WindowBits::new(9).unwrap());
    let mut plain = TestEndpoint::server();
    plain.connection.send_prepared(&prepared).unwrap();
    let plain = plain.take_sent();
    assert_eq!(sent_with(&nine_bits), plain);
    assert_eq!(RawFrame::take_all(&plain)[0].payload, *message.as_bytes());
    // A message that was prepared without compression is never compressed.
    let mut server = compressing_endpoint(Role::Server, Config::default(), &ALWAYS);
    server.connection.send_prepared(&PreparedMessage::new(&message)).unwrap();
    assert_eq!(server.take_sent(), plain);
}

#[test]
fn a_prepared_message_that_is_small_or_would_grow_is_not_compressed() {
    for (message, options) in [(&b"xxxxxxxxxx"[..], DeflateOptions::DEFAULT), (b"x7y8z9", ALWAYS)] {
        let mut server = compressing_endpoint(Role::Server, Config::default(), &ALWAYS);
        server
            .connection
            .send_prepared(&PreparedMessage::compressed(&Message::binary(message.to_vec()), &options))
            .unwrap();
        assert_eq!(RawFrame::take_all(&server.take_sent())[0].payload, message);
    }
}

#[test]
fn prepared_messages_and_others_can_be_received_in_any_order() {
    let own: Vec<u8> = b"{\"own\":true,\"text\":\"Hello\"}".repeat(10);
    let shared: Vec<u8> = b"{\"shared\":true,\"text\":\"Hello\"}".repeat(10);
    let prepared = PreparedMessage::compressed(&Message::binary(shared.clone()), &ALWAYS);
    let mut pair = LinkedPair::with_deflate(&Config::default(), &ALWAYS, &ALWAYS);
    let mut expected = Vec::new();
    for round in 0..20 {
        if round % 3 == 1 {
            pair.server.connection.send_prepared(&prepared).unwrap();
            expected.push(Observed::Binary(shared.clone()));
        } else {
            pair.server.connection.send_binary(&own).unwrap();
            expected.push(Observed::Binary(own.clone()));
        }
    }
    pair.run();
    assert!(pair.observed_by_client == expected);
}
