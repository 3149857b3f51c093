//! The meaning of each field: what its value says about this frame or head.

use dissector::{
    Conversation,
    Direction::{ToClient, ToServer},
    Field, FieldValue, Options, Record, RecordKind,
};
use protocol::handshake::Extension;

use crate::common::{
    REQUEST, RESPONSE, after_handshake, dissect, dissect_with, field, from_client, from_server, labelled, masked, only,
    replaced, text, unmasked, with_extension, with_line,
};

fn request(head: &str) -> Record {
    dissect(&[(ToServer, head.as_bytes().to_vec())]).swap_remove(0)
}

fn response(head: &str) -> Record {
    dissect(&[(ToServer, REQUEST.into()), (ToClient, head.into())]).swap_remove(1)
}

// ---- Frames -------------------------------------------------------------------------------------

#[test]
fn fin_and_the_opcode_are_explained_together() {
    for (first, fin, opcode) in [
        (0x81, "the whole message is in this frame", "begins a message that is UTF-8 text"),
        (0x02, "more frames of this message follow", "begins a message of bytes"),
        (0x80, "the last frame of its message", "continues the message that has begun"),
        (0x00, "more frames of this message follow", "continues the message that has begun"),
        (0x89, "as in every control frame", "asks for a Pong"),
        (0x0A, "a control frame must not be fragmented", "answers a Ping, or is a sign of life"),
        (0x03, "more frames of this message follow", "reserved for data frames that are not defined yet"),
        (0x0B, "a control frame must not be fragmented", "reserved for control frames that are not defined yet"),
    ] {
        let record = after_handshake(&[(ToClient, unmasked(first, b""))]).swap_remove(0);
        assert_eq!(field(&record, "websocket.fin").meaning, fin, "{first:02x}");
        assert_eq!(field(&record, "websocket.opcode").meaning, opcode, "{first:02x}");
    }
}

#[test]
fn a_masked_frame_without_a_payload_has_its_key() {
    let record = from_client(masked(0x89, b""));
    assert_eq!(field(&record, "websocket.masking_key").range, 2..6);
}

#[test]
fn a_fragment_in_the_middle_does_not_show_the_whole_message() {
    let frames = [unmasked(0x01, b"one "), unmasked(0x00, b"two "), unmasked(0x80, b"three")].concat();
    let labels = |record: &Record| -> Vec<_> {
        field(record, "websocket.payload").fields.iter().map(|field| field.label.to_string()).collect()
    };
    let records = after_handshake(&[(ToClient, frames)]);
    assert_eq!(
        records.iter().map(labels).collect::<Vec<_>>(),
        [vec!["Fragment"], vec!["Fragment"], vec!["Fragment", "Text"]]
    );
}

#[test]
fn the_message_of_an_empty_last_frame_has_no_name_in_wireshark() {
    let records = after_handshake(&[(ToClient, [unmasked(0x01, b"ab"), unmasked(0x80, b"")].concat())]);
    let message = labelled(&records[1], "Message");
    assert_eq!((message.term.name, message.term.label), (None, "Message"));
}

/// A character that the sender has cut is shown as U+FFFD, but a character that this program's own
/// limit has cut is not.
#[test]
fn only_the_senders_mistakes_are_shown_as_replacement_characters() {
    let record = from_server(unmasked(0x81, b"ab\xE2\x82"));
    assert_eq!(field(&record, "websocket.payload.text").value, text("ab\u{FFFD}"));

    let options = Options { payload_bytes: 200, ..Options::default() };
    let payload = [b"ab\xFF".as_slice(), &[b'x'; 300]].concat();
    let record = only(dissect_with(Conversation::after_handshake(options), &[(ToClient, unmasked(0x81, &payload))]));
    let shown = FieldValue::Text { text: format!("ab\u{FFFD}{}", "x".repeat(197)), left_out: 103 };
    assert_eq!(field(&record, "websocket.payload.text").value, shown);
}

// ---- Summaries ----------------------------------------------------------------------------------

#[test]
fn a_summary_shows_at_most_48_characters_of_text() {
    let summary = |payload: &str| from_server(unmasked(0x81, payload.as_bytes())).summary;
    for character in ["a", "ä", "€", "😀"] {
        assert!(summary(&character.repeat(48)).ends_with(&format!("bytes: {}", character.repeat(48))), "{character}");
        for count in [49, 100] {
            let shown = format!("bytes: {}…", character.repeat(48));
            assert!(summary(&character.repeat(count)).ends_with(&shown), "{count} times {character}");
        }
    }
    // The first 192 bytes, the most that 48 characters can take, end within a character.
    assert_eq!(summary(&format!("a{}", "€".repeat(100))), format!("Text, 301 bytes: a{}…", "€".repeat(47)));
}

#[test]
fn a_summary_escapes_the_harmful_characters_of_a_text() {
    let summary = |first_byte, payload: &str| from_server(unmasked(first_byte, payload.as_bytes())).summary;
    assert_eq!(summary(0x81, "\u{1b}[31m"), r"Text, 5 bytes: \u{1b}[31m");
    assert_eq!(summary(0x81, "a\u{202e}b"), r"Text, 5 bytes: a\u{202e}b");
    assert_eq!(summary(0x88, "\x03\u{0}a\u{7}"), r"Close 768 (unassigned): a\u{7}");
}

#[test]
fn a_summary_shows_what_is_not_text_in_hexadecimal() {
    let summary = |payload: &[u8]| from_server(unmasked(0x82, payload)).summary;
    assert_eq!(summary(b"ab\xFFcd"), "Binary, 5 bytes: 61 62 ff 63 64");
    assert_eq!(summary(b"ab\xE2\x82"), "Binary, 4 bytes: 61 62 e2 82", "its last character is incomplete");
    assert_eq!(summary(b"a\x01"), "Binary, 2 bytes: 61 01");
    assert_eq!(summary(b"a\nb"), "Binary, 3 bytes: a\\nb", "white space is text");
    let bytes = "01 ".repeat(16);
    assert_eq!(summary(&[1; 16]), format!("Binary, 16 bytes: {}", bytes.trim_end()));
    assert_eq!(summary(&[1; 17]), format!("Binary, 17 bytes: {}…", bytes.trim_end()));
}

// ---- Heads --------------------------------------------------------------------------------------

#[test]
fn the_lines_of_the_handshake_are_explained() {
    let upgrade = |head: &str| field(&request(head), "http.upgrade").meaning.to_string();
    assert_eq!(upgrade(REQUEST), "the next protocol is WebSocket");
    assert_eq!(upgrade(&replaced(REQUEST, "websocket", "h2c")), "not WebSocket");
    let connection = |head: &str| field(&request(head), "http.connection").meaning.to_string();
    let expected = "Upgrade is meant for the machine at the other end of this TCP connection";
    assert_eq!(connection(REQUEST), expected);
    assert_eq!(connection(&replaced(REQUEST, "Connection: Upgrade", "Connection: close")), "does not list Upgrade");
    let version = |head: &str| field(&request(head), "http.sec_websocket_version").meaning.to_string();
    assert_eq!(version(REQUEST), "RFC 6455");
    assert_eq!(version(&replaced(REQUEST, "Version: 13", "Version: 8")), "not the version of RFC 6455, which is 13");
    let method = |head: &str| field(&request(head), "http.request.method").meaning.to_string();
    assert_eq!(method(REQUEST), "the method of every WebSocket request");
    assert_eq!(method(&replaced(REQUEST, "GET", "PUT")), "a WebSocket request needs GET");
}

#[test]
fn the_extensions_are_explained_one_by_one() {
    let head = with_line(REQUEST, "Sec-WebSocket-Extensions: permessage-deflate, x");
    let record = request(&head);
    let extensions = &field(&record, "http.sec_websocket_extensions").fields;
    let meanings: Vec<_> = extensions.iter().map(|extension| extension.meaning.as_ref()).collect();
    let deflate = "messages may be compressed one by one; RSV1 marks the compressed ones";
    assert_eq!(meanings, [deflate, "not a registered extension"]);
}

#[test]
fn each_status_is_explained() {
    for (status, meaning) in [
        ("101", "the server agrees: from the next byte on, this connection speaks WebSocket"),
        ("100", "an interim response; the final one is still to come"),
        ("426", "the server wants another protocol, or another version of it"),
        ("200", "not a WebSocket: this is ordinary HTTP"),
    ] {
        let record = response(&replaced(RESPONSE, "101", status));
        assert_eq!(field(&record, "http.response.code").meaning, meaning);
    }
}

#[test]
fn each_cookie_has_its_own_bytes() {
    let head = with_line(REQUEST, "Cookie: a=1;  bb=22;; c=3");
    let record = request(&head);
    let shown = |field: &Field| {
        let position = |at| usize::try_from(at).expect("the head is short");
        head[position(field.range.start)..position(field.range.end)].to_owned()
    };
    let pairs = &labelled(&record, "Cookie").fields;
    assert_eq!(pairs.iter().map(shown).collect::<Vec<_>>(), ["a=1", "bb=22", "c=3"]);
    assert_eq!(pairs.iter().map(|pair| &pair.value).collect::<Vec<_>>(), [&text("a=1"), &text("bb=22"), &text("c=3")]);
}

#[test]
fn the_lines_without_a_field_are_counted_exactly() {
    let record = request(&with_line(REQUEST, vec!["a:"; 3000].join("\r\n").as_str()));
    let more = record.fields.last().and_then(|field| field.label.strip_prefix("… ")?.strip_suffix(" more"));
    let more: usize = more.expect("not every line has a field").parse().expect("a number");
    // The first field is the request line. The head has 5 further lines, 3,000 more, and the empty line.
    let with_a_field = record.fields.len() - 2;
    assert_eq!(with_a_field + more, 5 + 3000 + 1);
}

#[test]
fn an_incomplete_head_breaks_no_rule_yet() {
    let mut conversation = Conversation::new(Options::default());
    conversation.push(ToServer, &REQUEST.as_bytes()[..50], None, &mut |_| panic!("the head is not complete"));
    assert_eq!(conversation.partial(ToServer).expect("a head has begun").findings, []);
}

#[test]
fn responses_without_a_body_are_followed_by_the_next_response() {
    let request = |method: &str| format!("{method} / HTTP/1.1\r\nHost: x\r\n\r\n");
    let response = |status: &str| format!("HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\n");
    for (method, status) in [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "304 Not Modified")] {
        let kinds: Vec<_> = dissect(&[
            (ToServer, request(method).into_bytes()),
            (ToClient, response(status).into_bytes()),
            (ToServer, request("GET").into_bytes()),
            (ToClient, (response("200 OK") + "Hello").into_bytes()),
        ])
        .iter()
        .map(|record| record.kind)
        .collect();
        let [request, response, body] = [RecordKind::Request, RecordKind::Response, RecordKind::Body];
        assert_eq!(kinds, [request, response, request, response, body], "{method}, {status}");
    }
}

#[test]
fn the_extensions_of_a_conversation_are_those_that_the_server_accepted() {
    let mut conversation = Conversation::new(Options::default());
    assert_eq!(conversation.extensions(), []);
    for (direction, bytes) in with_extension("permessage-deflate", &[]) {
        conversation.push(direction, &bytes, None, &mut |_| {});
    }
    let names: Vec<_> = conversation.extensions().iter().map(Extension::name).collect();
    assert_eq!(names, ["permessage-deflate"]);
}

#[test]
fn a_long_cookie_gets_exactly_the_fields_that_are_left() {
    let record = request(&with_line(REQUEST, &format!("Cookie: {}", "a;".repeat(7800))));
    // The fields are the request line and the three fields inside it, 256 fields for the header
    // lines, one field for the rest of the cookie, and one for the remaining lines.
    assert_eq!(record.walk().count(), 4 + 256 + 2);
}
