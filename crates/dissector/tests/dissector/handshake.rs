//! Every field of the opening handshake.

use dissector::{
    Conversation,
    Direction::{ToClient, ToServer},
    FieldValue, Options, Record, RecordKind,
};

use crate::common::{
    REQUEST, RESPONSE, bytes, dissect, field, labelled, named, number, replaced, text, unmasked, with_line,
};

fn request(head: &str) -> Record {
    dissect(&[(ToServer, head.as_bytes().to_vec())]).swap_remove(0)
}

/// Asserts the bytes and the value of a field.
#[track_caller]
fn assert_field(record: &Record, name: &str, bytes: &str, value: &FieldValue) {
    let field = field(record, name);
    let start = usize::try_from(field.range.start).expect("the head is short");
    let end = usize::try_from(field.range.end).expect("the head is short");
    assert_eq!(String::from_utf8_lossy(&record.bytes[start..end]), bytes, "{name}");
    assert_eq!(&field.value, value, "{name}");
}

#[test]
fn the_request_of_section_1_3() {
    let record = request(&with_line(
        &REQUEST.replace("/chat", "/chat?room=1"),
        "Origin: http://example.com\r\nSec-WebSocket-Protocol: chat, superchat",
    ));
    assert_eq!((record.kind, record.complete, &record.findings), (RecordKind::Request, true, &vec![]));
    assert_field(&record, "http.request.method", "GET", &text("GET"));
    assert_field(&record, "http.request.uri", "/chat?room=1", &text("/chat?room=1"));
    assert_field(&record, "http.request.uri.path", "/chat", &text("/chat"));
    assert_field(&record, "http.request.uri.query", "room=1", &text("room=1"));
    assert_field(&record, "http.request.version", "HTTP/1.1", &text("HTTP/1.1"));
    assert_field(&record, "http.host", "Host: server.example.com\r\n", &text("server.example.com"));
    assert_field(&record, "http.upgrade", "Upgrade: websocket\r\n", &text("websocket"));
    assert_field(&record, "http.connection", "Connection: Upgrade\r\n", &text("Upgrade"));
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    assert_field(&record, "http.sec_websocket_key", key, &text("dGhlIHNhbXBsZSBub25jZQ=="));
    assert_field(&record, "http.sec_websocket_version", "Sec-WebSocket-Version: 13\r\n", &text("13"));
    let offered = "Sec-WebSocket-Protocol: chat, superchat\r\n";
    assert_field(&record, "http.sec_websocket_protocol", offered, &text("chat, superchat"));
    assert_eq!(labelled(&record, "Origin").value, text("http://example.com"));
    assert_eq!(record.fields.last().map(|field| field.label.as_ref()), Some("\\r\\n"), "the empty line");
    assert_eq!(record.summary, "GET /chat?room=1 HTTP/1.1");
}

#[test]
fn the_steps_from_the_key_to_the_accept_value() {
    let record = request(REQUEST);
    let steps = &field(&record, "http.sec_websocket_key").fields;
    let steps: Vec<_> = steps.iter().map(|step| (step.label.as_ref(), &step.value, step.derived)).collect();
    // RFC 6455, section 1.3.
    let digest = [
        0xB3, 0x7A, 0x4F, 0x2C, 0xC0, 0x62, 0x4F, 0x16, 0x90, 0xF6, 0x46, 0x06, 0xCF, 0x38, 0x59, 0x45, 0xB2, 0xBE,
        0xC4, 0xEA,
    ];
    assert_eq!(
        steps,
        [
            ("Nonce", &bytes(b"the sample nonce"), true),
            ("Key and GUID", &text("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11"), true),
            ("SHA-1", &bytes(&digest), true),
            ("Expected answer", &text("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), true),
        ]
    );
}

#[test]
fn the_response_of_section_1_3() {
    let response = with_line(RESPONSE, "Sec-WebSocket-Protocol: chat\r\nServer: x/1.0");
    let request = with_line(REQUEST, "Sec-WebSocket-Protocol: chat");
    let records = dissect(&[(ToServer, request.into_bytes()), (ToClient, response.into_bytes())]);
    let record = &records[1];
    assert_eq!((record.kind, record.complete, &record.findings), (RecordKind::Response, true, &vec![]));
    assert_field(record, "http.response.version", "HTTP/1.1", &text("HTTP/1.1"));
    assert_field(record, "http.response.code", "101", &number(101));
    assert_field(record, "http.response.phrase", "Switching Protocols", &text("Switching Protocols"));
    let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    assert_field(record, "http.sec_websocket_accept", accept, &text("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_field(record, "http.server", "Server: x/1.0\r\n", &text("x/1.0"));
    let accept = field(record, "http.sec_websocket_accept");
    assert_eq!(accept.meaning, "the correct answer to the key");
    assert_eq!(labelled(record, "Expected answer").value, text("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
}

#[test]
fn a_response_is_dissected_even_if_its_request_was_not_observed() {
    let records = dissect(&[(ToClient, [RESPONSE.as_bytes(), &unmasked(0x81, b"Hello")].concat())]);
    assert_eq!(field(&records[0], "http.sec_websocket_accept").meaning, "the answer to a key that was not observed");
    assert_eq!(records[0].findings, []);
    assert_eq!(field(&records[1], "websocket.payload.text").value, text("Hello"), "a frame in the same read");
}

#[test]
fn extensions_are_shown_one_by_one() {
    let record =
        request(&with_line(REQUEST, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x"));
    let extensions = &field(&record, "http.sec_websocket_extensions").fields;
    let values: Vec<_> = extensions.iter().map(|extension| &extension.value).collect();
    assert_eq!(values, [&text("permessage-deflate; client_max_window_bits"), &text("x")]);
}

#[test]
fn a_head_of_many_parts_has_a_bounded_number_of_fields() {
    const MAX: usize = 300;
    for (line, count) in [
        (format!("Cookie: {}", "a;".repeat(7800)), 7800),
        (vec!["Cookie: a;b"; 800].join("\r\n"), 800),
        (format!("Sec-WebSocket-Extensions: {}a", "a,".repeat(7800)), 7801),
        (vec!["a:"; 3000].join("\r\n"), 3000),
        (vec!["a"; 3000].join("\r\n"), 3000),
    ] {
        let record = dissect(&[(ToServer, with_line(REQUEST, &line).into_bytes())]).swap_remove(0);
        let fields: Vec<_> = record.walk().map(|(_, field)| field).collect();
        assert!(fields.len() < MAX, "{} fields for {}", fields.len(), &line[..30]);
        let more = fields.iter().filter_map(|field| field.label.strip_prefix("… ")?.strip_suffix(" more"));
        let more: usize = more.map(|count| count.parse::<usize>().expect("a number")).sum();
        assert!((count - MAX..count).contains(&more), "{more} of {count} have no field of their own");
        let shown: Vec<_> = fields.iter().filter(|field| !field.derived && field.fields.is_empty()).collect();
        assert!(shown.is_sorted_by(|one, next| one.range.end <= next.range.start), "the fields do not overlap");
    }
}

#[test]
fn the_summary_of_a_long_request_line_is_short() {
    let head = replaced(REQUEST, "/chat", &format!("/{}", "ä".repeat(5000)));
    let record = dissect(&[(ToServer, head.into_bytes())]).swap_remove(0);
    assert_eq!(record.summary, format!("GET /{}…", "ä".repeat(195)));
}

#[test]
fn a_rejection_has_a_body_and_another_request_may_follow() {
    let rejection = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\n\r\nno\n";
    let records = dissect(&[
        (ToServer, REQUEST.as_bytes().to_vec()),
        (ToClient, rejection.as_bytes().to_vec()),
        (ToServer, with_line(REQUEST, "Authorization: Basic eDp5").into_bytes()),
        (ToClient, [RESPONSE.as_bytes(), &unmasked(0x81, b"in")].concat()),
    ]);
    let kinds: Vec<_> = records.iter().map(|record| record.kind).collect();
    assert_eq!(
        kinds,
        [
            RecordKind::Request,
            RecordKind::Response,
            RecordKind::Body,
            RecordKind::Request,
            RecordKind::Response,
            RecordKind::Frame
        ]
    );
    assert_eq!(field(&records[2], "http.file_data").value, text("no\n"));
    assert!(records.iter().all(|record| record.findings.is_empty()));
}

#[test]
fn a_request_for_a_page_breaks_no_rule_of_websocket() {
    let records = dissect(&[
        (ToServer, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        (ToClient, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<p>".to_vec()),
    ]);
    let kinds: Vec<_> = records.iter().map(|record| (record.kind, record.complete)).collect();
    assert_eq!(kinds, [(RecordKind::Request, true), (RecordKind::Response, true), (RecordKind::Body, true)]);
    assert!(records.iter().all(|record| record.findings.is_empty()));
}

#[test]
fn an_interim_response_is_not_the_final_one() {
    let records = dissect(&[
        (ToServer, REQUEST.as_bytes().to_vec()),
        (ToClient, [b"HTTP/1.1 100 Continue\r\n\r\n", RESPONSE.as_bytes(), &unmasked(0x89, b"")].concat()),
    ]);
    let kinds: Vec<_> = records.iter().map(|record| record.kind).collect();
    assert_eq!(kinds, [RecordKind::Request, RecordKind::Response, RecordKind::Response, RecordKind::Frame]);
}

#[test]
fn an_incomplete_head_is_dissected_as_far_as_it_has_arrived() {
    let mut conversation = Conversation::new(Options::default());
    conversation.push(ToServer, &REQUEST.as_bytes()[..50], None, &mut |_| panic!("the head is not complete"));
    let record = conversation.partial(ToServer).expect("a head has begun");
    assert_eq!((record.kind, record.complete, record.length), (RecordKind::Request, false, 50));
    assert_eq!(field(&record, "http.host").value, text("server.example.com"));
}

#[test]
fn a_close_code_has_its_name_in_a_conversation_with_a_handshake_too() {
    let records = dissect(&[
        (ToServer, REQUEST.as_bytes().to_vec()),
        (ToClient, RESPONSE.as_bytes().to_vec()),
        (ToClient, unmasked(0x88, b"\x03\xE9")),
    ]);
    assert_eq!(field(&records[2], "websocket.payload.close.status_code").value, named(1001, "going away"));
}

/// A client joins the lines of a folded value (RFC 9112, section 5.2), so the dissector joins them
/// too.
#[test]
fn a_folded_line_belongs_to_the_header_before_it() {
    let folded =
        RESPONSE.replace("Accept: ", "Accept:\r\n\t").replace("Upgrade\r\n", "Upgrade\r\nX-Long: one\r\n  two: 2\r\n");
    let records = dissect(&[(ToServer, REQUEST.into()), (ToClient, folded.clone().into_bytes())]);
    assert_eq!(records[1].findings, []);
    let accept = "Sec-WebSocket-Accept:\r\n\ts3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    assert_field(&records[1], "http.sec_websocket_accept", accept, &text("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(field(&records[1], "http.sec_websocket_accept").meaning, "the correct answer to the key");
    let long = labelled(&records[1], "X-Long");
    assert_eq!(long.value, text("one two: 2"));
    let range = usize::try_from(long.range.start).unwrap()..usize::try_from(long.range.end).unwrap();
    assert_eq!(&folded[range], "X-Long: one\r\n  two: 2\r\n");
    // A server rejects such a line in a request.
    let record = request(&with_line(REQUEST, "Cookie: a=b;\r\n c=d"));
    assert_eq!(record.findings[0].rule.name(), "MalformedHead");
    let cookie = labelled(&record, "Cookie");
    assert_eq!((&cookie.value, &cookie.range), (&text("a=b; c=d"), &record.findings[0].range));
}
