//! The tree, the hex dump, the JSON and the figure, each compared word for word with what is
//! expected.

use std::{
    fs,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use dissector::{
    Conversation,
    Direction::{ToClient, ToServer},
    Options, Record, glossary, render,
};
use serde_json::{Value, json};

use crate::common::{REQUEST, after_handshake, dissect, from_client, from_server, masked, unmasked};

/// The frame of RFC 6455, section 5.7.
fn hello() -> Record {
    from_client(masked(0x81, b"Hello"))
}

#[test]
fn bits_are_at_their_places_in_the_byte() {
    assert_eq!(render::bit_pattern(0x81, 0x80), "1... ....");
    assert_eq!(render::bit_pattern(0x81, 0x70), ".000 ....");
    assert_eq!(render::bit_pattern(0x8A, 0x0F), ".... 1010");
    assert_eq!(render::bit_pattern(0x7E, 0x7F), ".111 1110");
    assert_eq!(render::bit_pattern(0xA5, 0xFF), "1010 0101");
}

#[test]
fn a_whole_line_shows_what_the_line_leaves_out() {
    let line = |record: &Record, name, whole: bool| {
        let field = record.field(name).expect("such a field");
        if whole { render::whole_field_line(field) } else { render::field_line(field) }
    };
    let text = "ä".repeat(300);
    let record = from_client(masked(0x81, text.as_bytes()));
    let name = "websocket.payload.text";
    assert_eq!(line(&record, name, false), format!("Text: {}… (200 bytes more)", "ä".repeat(200)));
    assert_eq!(line(&record, name, true), format!("Text: {text}"));
    let record = from_client(masked(0x82, &[0xab; 100]));
    let name = "data.data";
    assert_eq!(line(&record, name, false), format!("Data: {}… (20 bytes more)", "ab".repeat(80)));
    assert_eq!(line(&record, name, true), format!("Data: {}", "ab".repeat(100)));
    // The record itself keeps only the beginning of a long payload.
    let record = from_client(masked(0x82, &[0xab; 5000]));
    assert_eq!(line(&record, name, true), format!("Data: {}… (904 bytes more)", "ab".repeat(4096)));
}

#[test]
fn the_tree_of_a_frame_that_breaks_rules() {
    let record = from_client(unmasked(0xC1, b"Hello"));
    assert_eq!(
        render::tree(&record),
        "\
WebSocket
    1... .... = Fin: True
    .100 .... = Reserved: 0x4
        .1.. .... = RSV1: True
    .... 0001 = Opcode: Text (1)
    0... .... = Mask: False
    .000 0101 = Payload length: 5
    Payload
        Text: Hello
    [ReservedBitsSet: reserved bits are set that no extension uses: RSV1 (RFC 6455, section 5.2)]
    [UnmaskedFrame: a client's frames must be masked (RFC 6455, section 5.1)]
"
    );
}

#[test]
fn the_tree_of_a_request_shows_the_steps_to_the_accept_value_in_brackets() {
    let record = dissect(&[(ToServer, REQUEST.into())]).swap_remove(0);
    assert_eq!(
        render::tree(&record),
        "\
Hypertext Transfer Protocol
    GET /chat HTTP/1.1\\r\\n
        Request Method: GET
        Request URI: /chat
        Request Version: HTTP/1.1
    Host: server.example.com\\r\\n
    Upgrade: websocket\\r\\n
    Connection: Upgrade\\r\\n
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n
        [Nonce: 7468652073616d706c65206e6f6e6365]
        [Key and GUID: dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11]
        [SHA-1: b37a4f2cc0624f1690f64606cf385945b2bec4ea]
        [Expected answer: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=]
    Sec-WebSocket-Version: 13\\r\\n
    \\r\\n
"
    );
}

#[test]
fn explanations_give_the_meaning_the_reason_and_the_section() {
    let text = render::explained(&hello());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[1..4],
        [
            "    1... .... = Fin: True",
            "      = the whole message is in this frame",
            "      | A sender may begin a message before it knows how long the message will",
        ]
    );
    assert!(text.contains("| RFC 6455, section 5.3"));
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "a line is too long for a terminal: {text}");
}

#[test]
fn the_hex_dump_without_colours() {
    assert_eq!(
        render::hex_dump(&hello(), 10, false),
        "\
00000000  81 85 37 fa 21 3d 7f 9f  4d 51 58                 |..7.!=..MQX|
          aa bb cc cc cc cc dd dd  dd dd dd
  a  1... .... = Fin: True
  a  .000 .... = Reserved: 0x0
  a  .... 0001 = Opcode: Text (1)
  b  1... .... = Mask: True
  b  .000 0101 = Payload length: 5
  c  Masking-Key: 37fa213d
  d  Masked payload
  d  Payload
  d    Text: Hello
"
    );
}

/// Checks the second row, which has only eight bytes, and the offsets of a frame that is not the
/// first of its stream.
#[test]
fn the_rows_of_a_hex_dump_count_the_bytes_of_the_stream() {
    let frames = [unmasked(0x81, b"a"), unmasked(0x82, &[b'x'; 22])].concat();
    let records = after_handshake(&[(ToClient, frames)]);
    let dump = render::hex_dump(&records[1], 2, false);
    assert_eq!(
        dump.lines().take(5).collect::<Vec<_>>(),
        [
            "00000003  82 16 78 78 78 78 78 78  78 78 78 78 78 78 78 78  |..xxxxxxxxxxxxxx|",
            "          aa bb cc cc cc cc cc cc  cc cc cc cc cc cc cc cc",
            "00000013  78 78 78 78 78 78 78 78                           |xxxxxxxx|",
            "          cc cc cc cc cc cc cc cc",
            "  a  1... .... = Fin: True",
        ]
    );
}

#[test]
fn the_hex_dump_with_colours_has_the_same_text() {
    let record = from_client(unmasked(0x81, &[b'x'; 40]));
    let (coloured, plain) = (render::hex_dump(&record, 2, true), render::hex_dump(&record, 2, false));
    assert_ne!(coloured, plain);
    let mut stripped = String::new();
    let mut rest = coloured.as_str();
    // An escape sequence for colours ends with m.
    while let Some((before, after)) = rest.split_once('\x1b') {
        stripped.push_str(before);
        rest = after.split_once('m').expect("the sequence ends").1;
    }
    assert_eq!(stripped + rest, plain);
    assert!(plain.contains("… 10 bytes more"), "two rows of 42 bytes:\n{plain}");
    assert!(plain.contains("!  UnmaskedFrame: "));
}

#[test]
fn json_contains_everything() {
    let mut lines = Vec::new();
    let mut conversation = Conversation::after_handshake(Options::default());
    let time = UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_001);
    conversation.push(ToServer, &unmasked(0x81, b"H"), Some(time), &mut |record| lines.push(render::json(&record)));
    let expected = json!({
        "number": 0, "direction": "to_server", "kind": "frame", "offset": 0, "length": 3, "complete": true,
        "started_at": "1700000000.000001", "ended_at": "1700000000.000001",
        "bytes": "81:01:48", "summary": "Text, 1 byte: H",
        "fields": [
            field(&glossary::FIN, (0, 1, 128), true.into(), "the whole message is in this frame"),
            field(&glossary::RSV, (0, 1, 112), 0.into(), "no extension changes this frame"),
            named(field(&glossary::OPCODE, (0, 1, 15), 1.into(), "begins a message that is UTF-8 text"), "Text"),
            field(&glossary::MASK, (1, 2, 128), false.into(), "the payload is not masked, as in every frame from a server"),
            field(&glossary::LENGTH, (1, 2, 127), 1.into(), "one byte"),
            holding(field(&glossary::PAYLOAD, (2, 3, 0), Value::Null, ""), &[
                field(&glossary::TEXT, (2, 3, 0), "H".into(), "the message"),
            ]),
        ],
        "findings": [{
            "rule": "UnmaskedFrame", "sentence": "a client's frames must be masked (RFC 6455, section 5.1)",
            "rfc": 6455, "section": "5.1", "field": "websocket.mask", "start": 1, "end": 2,
        }],
    });
    assert_eq!(lines.len(), 1);
    assert!(!lines[0].contains('\n'), "one record is one line");
    assert_eq!(serde_json::from_str::<Value>(&lines[0]).expect("the line is JSON"), expected);
}

/// Returns a field as JSON, without empty members.
fn field(term: &glossary::Term, (start, end, mask): (u64, u64, u8), value: Value, meaning: &str) -> Value {
    let mut field = json!({
        "name": term.name, "label": term.label, "start": start, "end": end, "why": term.why,
        "rfc": term.reference.rfc, "section": term.reference.section, "part": format!("{:?}", term.part).to_lowercase(),
    });
    let mut set = |key: &str, value: Value| field[key] = value;
    if mask != 0 {
        set("mask", mask.into());
    }
    if !value.is_null() {
        set("value", value);
    }
    if !meaning.is_empty() {
        set("meaning", meaning.into());
    }
    field
}

fn named(mut field: Value, name: &str) -> Value {
    field["value_name"] = name.into();
    field
}

fn holding(mut field: Value, inner: &[Value]) -> Value {
    field["fields"] = inner.into();
    field
}

#[test]
fn bytes_that_were_not_kept_are_counted() {
    let options = Options { payload_bytes: 125, ..Options::default() };
    let mut trees = Vec::new();
    let mut conversation = Conversation::after_handshake(options);
    conversation.push(ToServer, &masked(0x81, &[b'x'; 300]), None, &mut |record| {
        assert!(render::json(&record).contains("\"left_out\":175"));
        trees.push(render::tree(&record));
    });
    assert!(trees[0].contains(&format!("Text: {}… (175 bytes more)\n", "x".repeat(125))), "{}", trees[0]);
}

#[test]
fn control_characters_are_escaped() {
    let tree = render::tree(&from_server(unmasked(0x81, b"a\n\x1b[31mb\0")));
    assert!(tree.contains("Text: a\\n\\u{1b}[31mb\\u{0}\n"), "a terminal must not obey the payload: {tree}");
    assert!(!tree.contains('\x1b'));
}

#[test]
fn the_figure_in_the_examples_is_the_one_that_the_program_draws() {
    assert_eq!(render::svg(&hello()), include_str!("../../examples/masked-hello.svg"));
}

/// Draws a head, and a frame that breaks two rules and has more bytes than a figure shows.
#[test]
fn the_figures_of_a_long_broken_frame_and_of_a_head() {
    let broken = after_handshake(&[(ToServer, unmasked(0xB1, &[b'x'; 100]))]).swap_remove(0);
    let head = dissect(&[(ToServer, REQUEST.into())]).swap_remove(0);
    for (name, expected, record) in [
        ("broken-frame.svg", include_str!("figures/broken-frame.svg"), broken),
        ("request.svg", include_str!("figures/request.svg"), head),
    ] {
        let drawn = render::svg(&record);
        if drawn != expected {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
            fs::write(&path, drawn).expect("the folder can be written");
            panic!(
                "{name} has changed. If it should, look at {} and copy it to tests/dissector/figures",
                path.display()
            );
        }
    }
}

#[test]
fn a_figure_is_well_formed_whatever_it_contains() {
    let svg = render::svg(&from_server(unmasked(0x81, b"<script>&\"'\x01\xEF\xBF\xBE</script>")));
    assert!(!svg.contains("<script"));
    assert!(!svg.contains('\u{FFFE}'), "XML does not allow this character");
    assert!(svg.contains("&lt;script&gt;&amp;&quot;&apos;"));
    assert!(!svg.chars().any(|character| character.is_control() && character != '\n'));
    assert_eq!(svg.matches("<g>").count(), svg.matches("</g>").count());
    // The figure loads nothing from elsewhere.
    assert!(!svg.replace("http://www.w3.org/2000/svg", "").contains("http"));
}

#[test]
fn every_term_is_explained() {
    for term in glossary::ALL {
        assert!(term.why.ends_with('.') && term.why.len() > 15, "{}", term.label);
        assert!(!term.label.is_empty() && !term.reference.section.is_empty());
    }
    let mut names: Vec<_> = glossary::ALL.iter().filter_map(|term| term.name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "two terms have the same name");
}
