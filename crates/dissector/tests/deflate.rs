//! Compressed messages (permessage-deflate, RFC 7692): what they inflate to, and what is wrong when they do not.

mod common;

use common::{
    HELLO, HELLO_AGAIN, KEY, REQUEST, RESPONSE, after_handshake, agreed, bytes, deflater, dissect, dissect_with, field,
    frame, labelled, masked, plain, rules, sent, text, with,
};
use dissector::{
    Conversation,
    Direction::{self, ToClient, ToServer},
    Options, Record, Value, render,
};
use protocol::Limits;

/// Both sides may refer to messages before.
const TAKEOVER: &str = "permessage-deflate";

/// Neither may.
const NO_TAKEOVER: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// The records of these frames where `element` was agreed on, without those of the handshake.
fn frames(element: &str, frames: &[(Direction, Vec<u8>)]) -> Vec<Record> {
    dissect(&agreed(element, frames)).split_off(2)
}

/// What the client sends, with these first bytes and payloads.
fn client(element: &str, payloads: &[(u8, &[u8])]) -> Vec<Record> {
    let all: Vec<_> = payloads.iter().map(|(first, payload)| sent(ToServer, *first, payload)).collect();
    frames(element, &all)
}

fn summaries(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.summary.as_str()).collect()
}

/// The message that a frame completes, by Wireshark's name of a text.
#[track_caller]
fn assert_says(record: &Record, expected: &str) {
    assert_eq!(field(record, "websocket.payload.text").value, text(expected), "{}", record.summary);
    assert_eq!(rules(record), [""; 0], "{}", record.summary);
}

#[test]
fn a_compressed_text_shows_what_it_inflates_to() {
    let record = &client(TAKEOVER, &[(0xC1, &HELLO)])[0];
    let compressed = labelled(record, "Compressed");
    assert_eq!((&compressed.value, compressed.derived), (&bytes(&HELLO), false));
    let inflated = field(record, "websocket.payload.text");
    assert_eq!(inflated.value, text("Hello"));
    // There are no bytes of it: it follows from those of the payload.
    assert!(inflated.derived);
    assert_eq!(inflated.range, 6..13);
    assert_eq!(inflated.meaning, "the message, inflated from 7 bytes to 5");
    let unmasked = &frames(TAKEOVER, &[sent(ToClient, 0xC1, &HELLO)])[0];
    assert_eq!(unmasked.field_at(4).map(|field| field.label.as_ref()), Some("Compressed"));
    assert_eq!(record.summary, "Text, 5 bytes from 7: Hello");

    let tree = render::tree(record);
    assert!(tree.contains("        Compressed: f248cdc9c90700\n            [Text: Hello]\n"), "{tree}");
    let dump = render::hex_dump(record, 16, false);
    assert!(dump.contains("[Text: Hello]"), "{dump}");
    let json = render::json(record);
    assert!(json.contains(r#""label":"Text","start":6,"end":13,"derived":true,"value":"Hello""#), "{json}");
}

#[test]
fn compressed_bytes_are_data_and_no_text() {
    let record = &client(TAKEOVER, &[(0xC2, &HELLO)])[0];
    assert_eq!(field(record, "data.data").value, bytes(b"Hello"));
    assert_eq!(record.field("websocket.payload.text"), None);
    assert_eq!(record.summary, "Binary, 5 bytes from 7: Hello");
}

#[test]
fn a_message_may_refer_to_those_before_it_in_its_direction() {
    let records = frames(
        TAKEOVER,
        &[
            sent(ToServer, 0xC1, &HELLO),
            // What the server said before is not what the client said.
            sent(ToClient, 0xC1, &HELLO_AGAIN),
            sent(ToServer, 0x81, b"not compressed, and so not referred to"),
            sent(ToServer, 0x89, b"ping"),
            sent(ToServer, 0xC1, &HELLO_AGAIN),
            sent(ToServer, 0xC1, &HELLO_AGAIN),
        ],
    );
    assert_says(&records[0], "Hello");
    assert_eq!(rules(&records[1]), ["DeflateInvalid"]);
    assert_says(&records[2], "not compressed, and so not referred to");
    assert_says(&records[4], "Hello");
    assert_says(&records[5], "Hello");
}

#[test]
fn without_takeover_a_message_that_refers_to_one_before_it_is_no_deflate() {
    for (element, direction) in [
        ("permessage-deflate; client_no_context_takeover", ToServer),
        ("permessage-deflate; server_no_context_takeover", ToClient),
    ] {
        let opposite = direction.opposite();
        let records = frames(
            element,
            &[
                sent(direction, 0xC1, &HELLO),
                sent(direction, 0xC1, &HELLO_AGAIN),
                sent(direction, 0xC1, &HELLO),
                sent(opposite, 0xC1, &HELLO),
                sent(opposite, 0xC1, &HELLO_AGAIN),
            ],
        );
        assert_eq!(rules(&records[1]), ["DeflateInvalid"], "{element}");
        // Each message stands by itself, so the next one can be read again.
        assert_says(&records[2], "Hello");
        // That is said of one direction and not of the other.
        assert_says(&records[4], "Hello");
    }
}

#[test]
fn messages_of_a_compressor_are_inflated_whatever_was_agreed_on() {
    for element in [
        TAKEOVER,
        NO_TAKEOVER,
        "permessage-deflate; server_max_window_bits=8; client_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=15; client_max_window_bits=9; server_no_context_takeover",
    ] {
        for direction in Direction::BOTH {
            let mut deflater = deflater(direction, element);
            let messages: Vec<String> = (0..20).map(|number| format!("{number} of 20, ").repeat(number * 10)).collect();
            let all: Vec<_> = messages
                .iter()
                .map(|message| sent(direction, 0xC1, &deflater.deflate(message.as_bytes(), true)))
                .collect();
            for (record, message) in frames(element, &all).iter().zip(&messages) {
                assert_says(record, message);
            }
        }
    }
}

#[test]
fn a_message_may_be_in_several_blocks_of_any_kind() {
    let records = client(
        TAKEOVER,
        &[
            // The examples of RFC 7692, section 7.2.3: no compression, two blocks.
            (0xC1, &[0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00]),
            (0xC1, &[0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00]),
            // BFINAL: a stream that ends, and with it what may be referred to.
            (0xC1, &[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]),
            (0xC1, &HELLO_AGAIN),
        ],
    );
    for record in &records[..3] {
        assert_says(record, "Hello");
    }
    assert_eq!(rules(&records[3]), ["DeflateInvalid"], "the window is empty");
}

#[test]
fn an_empty_message_inflates_to_nothing() {
    let records = client(TAKEOVER, &[(0xC1, &[0x00]), (0xC1, b""), (0xC1, &HELLO)]);
    assert_says(&records[0], "");
    assert_eq!(records[1].field("websocket.payload"), None, "as in every frame without a payload");
    assert_says(&records[2], "Hello");
    assert_eq!(summaries(&records), ["Text, 0 bytes from 1", "Text, 0 bytes from 0", "Text, 5 bytes from 7: Hello"]);
}

#[test]
fn each_frame_shows_what_it_adds_and_the_last_one_the_message() {
    let records = client(
        TAKEOVER,
        &[
            (0x41, &HELLO[..3]),
            (0x89, b"ping"),
            (0x00, b""),
            (0x00, &HELLO[3..5]),
            (0x80, &HELLO[5..]),
            (0xC1, &HELLO_AGAIN),
        ],
    );
    assert_eq!(
        summaries(&records),
        [
            "Text, the first part, 2 bytes from 3: He",
            "Ping, 4 bytes: ping",
            "Continuation, 0 bytes from 0",
            "Continuation, 2 bytes from 2: ll",
            "Continuation, the last, 1 byte from 2: o",
            "Text, 5 bytes from 5: Hello",
        ]
    );
    let (first, last) = (&records[0], &records[4]);
    assert_eq!(labelled(first, "Fragment").value, bytes(&HELLO[..3]));
    let added = labelled(first, "Inflated");
    assert_eq!((&added.value, added.derived, &added.range), (&text("He"), true, &(6..9)));
    assert_eq!(first.field("websocket.payload.text"), None, "the text is shown when it is complete");
    assert_eq!(labelled(last, "Inflated").value, text("o"));
    assert_eq!(labelled(last, "Compressed").value, bytes(&HELLO), "all pieces");
    assert_eq!(labelled(last, "Compressed").meaning, "the message, put together from 4 frames, compressed");
    assert_says(last, "Hello");
    assert!(records.iter().all(|record| record.findings.is_empty()));
}

#[test]
fn a_compressed_message_may_end_with_an_empty_frame() {
    let records = client(TAKEOVER, &[(0x41, &HELLO), (0x80, b"")]);
    let message = labelled(&records[1], "Message");
    assert_eq!((&message.value, message.derived), (&text("Hello"), true));
    // The one byte that the end needs did not come.
    let records = client(TAKEOVER, &[(0x41, &HELLO[..6]), (0x80, b"")]);
    assert_eq!(rules(&records[1]), ["DeflateInvalid"]);
    assert_eq!(records[1].findings[0].range, 5..6);
    assert_eq!(labelled(&records[1], "Inflated").value, text("Hello"));
}

#[test]
fn what_is_no_deflate_is_named_where_it_is_and_shown_as_far_as_it_goes() {
    for (payload, before) in [
        (&[0xFF, 0xFF, 0xFF][..], ""),              // a block of a type that does not exist
        (&HELLO_AGAIN, "H"),                        // a reference to what was never said
        (&HELLO[..5], "Hell"),                      // cut
        (b"Hello", ""),                             // not compressed at all
        (&[&HELLO[..], &[0xFF]].concat(), "Hello"), // something behind it
    ] {
        let record = &client(TAKEOVER, &[(0xC1, payload)])[0];
        assert_eq!(rules(record), ["DeflateInvalid"], "{payload:02x?}");
        let finding = &record.findings[0];
        assert_eq!(finding.range, 6..6 + payload.len() as u64, "{payload:02x?}");
        assert_eq!(finding.fault.to_string(), "a compressed message is not valid DEFLATE (RFC 7692, section 7.2.2)",);
        assert_eq!(finding.fault.reference().to_string(), "RFC 7692, section 7.2.2");
        assert_eq!(labelled(record, "Compressed").value, bytes(payload));
        assert_eq!(record.field("websocket.payload.text"), None, "there is no message: {payload:02x?}");
        let inflated = record.walk().map(|(_, field)| field).find(|field| field.label == "Inflated");
        match inflated.map(|field| &field.value) {
            None => assert_eq!(before, "", "{payload:02x?}"),
            Some(value) => assert_eq!(*value, text(before), "{payload:02x?}"),
        }
        assert!(record.summary.starts_with(&format!("Text, {} bytes that cannot be inflated", payload.len())));
    }
}

#[test]
fn behind_what_is_no_deflate_nothing_that_may_refer_to_it_is_guessed_at() {
    let records = frames(
        TAKEOVER,
        &[
            sent(ToServer, 0xC1, &[0xFF]),
            sent(ToServer, 0xC1, &HELLO),
            sent(ToServer, 0x81, b"not compressed"),
            sent(ToClient, 0xC1, &HELLO),
        ],
    );
    assert_eq!(rules(&records[1]), [""; 0], "whether it breaks a rule cannot be known");
    assert_eq!(records[1].summary, "Text, 7 bytes not inflated: f2 48 cd c9 c9 07 00");
    assert_eq!(records[1].field("websocket.payload.text"), None);
    assert!(labelled(&records[1], "Compressed").meaning.contains("refer to messages before it"));
    assert_says(&records[2], "not compressed");
    assert_says(&records[3], "Hello");

    let records = client(NO_TAKEOVER, &[(0x41, &[0xFF]), (0x80, &HELLO), (0xC1, &HELLO)]);
    assert_eq!(records.iter().map(rules).map(|rules| rules.len()).collect::<Vec<_>>(), [1, 0, 0], "named once");
    assert_says(&records[2], "Hello");
}

#[test]
fn a_message_that_was_never_ended_leaves_nothing_in_the_next() {
    let again = [(0x41, &HELLO[..3]), (0xC1, &HELLO[..])];
    let records = client(NO_TAKEOVER, &again);
    assert_eq!(rules(&records[1]), ["MessageInsideMessage"]);
    assert_eq!(field(&records[1], "websocket.payload.text").value, text("Hello"));
    let records = client(TAKEOVER, &again);
    assert_eq!(records[1].summary, "Text, 7 bytes not inflated: f2 48 cd c9 c9 07 00");
}

#[test]
fn a_bomb_is_inflated_up_to_the_limit_and_shown_by_its_beginning() {
    const LIMIT: usize = 1 << 20;
    let limits = Limits { max_message_bytes: LIMIT, ..Limits::DEFAULT };
    let options = Options { payload_bytes: 200, limits };
    // 64 MiB in 64 KiB, or all of the limit and one byte more.
    for (size, element) in [(64 << 20, TAKEOVER), (LIMIT + 1, NO_TAKEOVER)] {
        let bomb = deflater(ToClient, element).deflate(&vec![b'x'; size], true);
        let pieces =
            agreed(element, &[sent(ToClient, 0xC1, &bomb), sent(ToClient, 0xC1, &HELLO), sent(ToClient, 0x81, b"on")]);
        let records = dissect_with(Conversation::new(options.clone()), &pieces).split_off(2);
        let record = &records[0];
        assert_eq!(rules(record), ["MessageTooBig"]);
        let start = record.length - bomb.len() as u64;
        assert_eq!(record.findings[0].range, start..record.length);
        let expected = Value::Text { text: "x".repeat(200), left_out: LIMIT as u64 - 200 };
        assert_eq!(labelled(record, "Inflated").value, expected);
        assert_eq!(record.summary, format!("Text, {} bytes that inflate to too much: {}…", bomb.len(), "x".repeat(48)));
        assert!(labelled(record, "Compressed").meaning.contains("the limit of 1048576 bytes"));
        // It has not been read to its end, so whoever may refer to it cannot be read at all.
        let next =
            if element == TAKEOVER { "7 bytes not inflated: f2 48 cd c9 c9 07 00" } else { "5 bytes from 7: Hello" };
        assert_eq!(records[1].summary, format!("Text, {next}"));
        assert_says(&records[2], "on");
    }
    // What is no larger than the limit is no bomb, even if its payload is larger than that.
    let stored = |length: u16| {
        let letters = vec![b'x'; length.into()];
        [&[0x00][..], &length.to_le_bytes(), &(!length).to_le_bytes(), &letters, &[0x00]].concat()
    };
    let options = Options { limits: Limits { max_message_bytes: 100, ..Limits::DEFAULT }, ..Options::default() };
    for (length, broken) in [(100, &[][..]), (101, &["MessageTooBig"])] {
        let pieces = agreed(TAKEOVER, &[sent(ToServer, 0xC1, &stored(length))]);
        let records = dissect_with(Conversation::new(options.clone()), &pieces);
        assert_eq!(rules(&records[2]), broken, "{length} bytes");
    }
}

#[test]
fn rsv1_marks_the_first_frame_of_a_message_and_no_other() {
    let records = client(TAKEOVER, &[(0x41, &HELLO[..3]), (0xC9, b"ping"), (0xC0, &HELLO[3..]), (0xC8, b"")]);
    let found: Vec<_> = records.iter().map(rules).collect();
    let misplaced = || vec!["CompressedBitMisplaced".to_owned()];
    assert_eq!(found, [vec![], misplaced(), misplaced(), misplaced()]);
    for record in &records[1..] {
        let finding = &record.findings[0];
        assert_eq!(
            (&finding.range, finding.fault.reference().to_string().as_str()),
            (&(0..1), "RFC 7692, section 6.1")
        );
    }
    assert!(records[2].findings[0].fault.to_string().contains("set on a Continuation frame"));
    // The rule is broken; what was meant can be read all the same.
    assert_eq!(field(&records[1], "websocket.payload.ping").value, bytes(b"ping"));
    assert_eq!(field(&records[2], "websocket.payload.text").value, text("Hello"));
    // The other two bits mean nothing here either.
    let records = client(TAKEOVER, &[(0xE1, &HELLO), (0xC3, b"")]);
    assert_eq!(rules(&records[0]), ["ReservedBitsSet"]);
    assert_eq!(rules(&records[1]), ["ReservedBitsSet", "ReservedOpcode"]);
}

#[test]
fn where_nothing_was_agreed_on_rsv1_means_nothing() {
    let offer = with(REQUEST, "Sec-WebSocket-Extensions: permessage-deflate");
    let declined = dissect(&[
        (ToServer, offer.into_bytes()),
        (ToClient, RESPONSE.into()),
        (ToServer, masked(0xC1, &HELLO)),
        (ToClient, plain(0xC1, b"plain")),
    ]);
    let unseen = after_handshake(&[(ToServer, masked(0xC1, &HELLO)), (ToClient, plain(0xC1, b"plain"))]);
    for [first, second] in [[&declined[2], &declined[3]], [&unseen[0], &unseen[1]]] {
        assert_eq!(rules(first), ["ReservedBitsSet", "TextNotUtf8"]);
        assert_eq!(rules(second), ["ReservedBitsSet"]);
        assert_eq!(field(second, "websocket.payload.text").value, text("plain"));
        assert!(first.walk().all(|(_, field)| !["Compressed", "Inflated"].contains(&field.label.as_ref())));
    }
}

#[test]
fn a_text_has_to_be_utf_8_after_inflating_and_not_before() {
    let mut deflater = deflater(ToServer, TAKEOVER);
    let mut compressed = |message: &[u8]| deflater.deflate(message, true);
    let (bad, cut, good) = (compressed(b"ab\xFFcd"), compressed(b"ab\xE2\x82"), compressed("a\u{20AC}".as_bytes()));
    let records = client(TAKEOVER, &[(0xC1, &bad), (0xC1, &cut), (0xC1, &good), (0xC2, &compressed(b"\xFF"))]);
    assert_eq!(rules(&records[0]), ["TextNotUtf8"]);
    // Which of the compressed bytes is to blame cannot be told.
    assert_eq!(records[0].findings[0].range, 6..records[0].length);
    assert_eq!(records[0].findings[0].fault.reference().to_string(), "RFC 6455, section 8.1");
    assert_eq!(field(&records[0], "websocket.payload.text").value, text("ab\u{FFFD}cd"));
    assert_eq!(rules(&records[1]), ["TextNotUtf8"]);
    assert_says(&records[2], "a\u{20AC}");
    assert_eq!(rules(&records[3]), [""; 0], "bytes may be anything");
}

#[test]
fn a_character_may_be_cut_by_fragments_that_are_compressed() {
    let mut deflater = deflater(ToClient, TAKEOVER);
    let [first, last] = [deflater.deflate(b"\xE2\x82", false), deflater.deflate(b"\xAC", true)];
    let records = frames(TAKEOVER, &[sent(ToClient, 0x41, &first), sent(ToClient, 0x80, &last)]);
    assert_eq!(rules(&records[0]), [""; 0]);
    assert_says(&records[1], "\u{20AC}");
}

#[test]
fn a_wrong_answer_to_the_offer_is_named_and_what_follows_is_inflated_all_the_same() {
    for (rule, reference, offer, answer) in [
        ("DeflateAnswerWrong", "7", "permessage-deflate", "permessage-deflate; x=1"),
        ("DeflateAnswerWrong", "7", "permessage-deflate", "permessage-deflate; client_max_window_bits=10"),
        ("DeflateAnswerWrong", "7", "permessage-deflate; server_max_window_bits=10", "permessage-deflate"),
        (
            "DeflateAnswerWrong",
            "7",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; client_max_window_bits",
        ),
        ("ExtensionConflict", "5", "permessage-deflate, permessage-bzip2", "permessage-deflate, permessage-bzip2"),
    ] {
        let line = |element: &str| format!("Sec-WebSocket-Extensions: {element}");
        let response = with(RESPONSE, &line(answer));
        let place = response.find("Sec-WebSocket-Extensions").expect("the line is there") as u64;
        let records = dissect(&[
            (ToServer, with(REQUEST, &line(offer)).into_bytes()),
            (ToClient, response.clone().into_bytes()),
            sent(ToServer, 0xC1, &HELLO),
            sent(ToServer, 0xC1, &HELLO_AGAIN),
        ]);
        assert_eq!(rules(&records[1]), [rule], "{answer}");
        let finding = &records[1].findings[0];
        assert_eq!(finding.range, place..response.len() as u64 - 2, "{answer}");
        assert_eq!(finding.fault.reference().to_string(), format!("RFC 7692, section {reference}"));
        assert_says(&records[2], "Hello");
        assert_says(&records[3], "Hello");
    }
}

#[test]
fn a_right_answer_to_any_of_the_offers_is_right() {
    for (offer, answer) in [
        ("permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits=8"),
        ("permessage-deflate", "permessage-deflate; server_max_window_bits=12; client_no_context_takeover"),
        ("permessage-deflate; server_max_window_bits=10, permessage-deflate", "permessage-deflate"),
        // An offer that nobody can read is not there.
        ("permessage-deflate; y, permessage-deflate", "permessage-deflate; server_no_context_takeover"),
    ] {
        let line = |head, element: &str| with(head, &format!("Sec-WebSocket-Extensions: {element}"));
        let records =
            dissect(&[(ToServer, line(REQUEST, offer).into_bytes()), (ToClient, line(RESPONSE, answer).into_bytes())]);
        assert_eq!(rules(&records[1]), [""; 0], "{answer}");
    }
}

#[test]
fn a_client_that_does_not_wait_for_the_answer_is_inflated_when_it_is_there() {
    let mut pieces = agreed(TAKEOVER, &[]);
    pieces[0].1.extend(masked(0xC1, &HELLO));
    let records = dissect(&pieces);
    assert_eq!(rules(&records[2]), ["BeforeAnswer"]);
    assert_eq!(field(&records[2], "websocket.payload.text").value, text("Hello"));
}

#[test]
fn a_compressed_frame_that_has_begun_shows_what_it_has_added() {
    let mut conversation = Conversation::new(Options::default());
    for (direction, bytes) in agreed(TAKEOVER, &[sent(ToClient, 0xC1, &HELLO[..])]).iter().take(2) {
        conversation.push(*direction, bytes, None, &mut |_| {});
    }
    let (_, frame) = sent(ToClient, 0xC1, &HELLO);
    conversation.push(ToClient, &frame[..7], None, &mut |_| panic!("the frame is not complete"));
    let record = conversation.partial(ToClient).expect("a frame has begun");
    assert_eq!(labelled(&record, "Inflated").value, text("Hell"));
    // Broken as far as it has come.
    conversation.push(ToServer, &frame_of(&[0xFF; 20])[..10], None, &mut |_| panic!("the frame is not complete"));
    let record = conversation.partial(ToServer).expect("a frame has begun");
    assert_eq!((rules(&record), &record.findings[0].range), (vec!["DeflateInvalid".to_owned()], &(6..10)));
}

fn frame_of(payload: &[u8]) -> Vec<u8> {
    frame(0xC1, payload, Some(KEY))
}

#[test]
fn messages_that_pass_unseen_can_be_referred_to() {
    let mut conversation = Conversation::new(Options::default());
    let mut records = Vec::new();
    for (direction, bytes) in agreed(TAKEOVER, &[]) {
        conversation.push(direction, &bytes, None, &mut |_| {});
    }
    let passed = conversation.pass(ToServer, &frame_of(&HELLO), None, &mut |record| records.push(record));
    assert_eq!((passed.units, records.len()), (1, 0));
    conversation.push(ToServer, &frame_of(&HELLO_AGAIN), None, &mut |record| records.push(record));
    assert_says(&common::only(records), "Hello");
}
