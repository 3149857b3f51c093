//! Tests that each check sends the bytes that its title promises.

use std::collections::HashSet;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE},
};
use protocol::{Role, frame::MaskingKey};

use super::{all, all_faults, of_stage};
use crate::{
    fault_test::FaultTest,
    grade::{
        check::Exercise,
        checks::Check,
        script::{Act, PreparedScript, Script},
        stage::Stage,
        variants,
    },
    head_editor::HeadEditor,
};

const KEY: [u8; 4] = [0x37, 0x7a, 0x21, 0x3d];

fn prepare(check: &Check, role: Role) -> Option<PreparedScript> {
    let (Exercise::Conversation(build)
    | Exercise::JoinedConversation(build)
    | Exercise::Opening(build)
    | Exercise::SlowOpening(build)
    | Exercise::SlowConversation(build)
    | Exercise::EveryCut(build)
    | Exercise::ManyAtOnce(_, build)
    | Exercise::NeverReads(_, build)) = check.exercise
    else {
        return None;
    };
    Some(Script::prepare(role, &mut || MaskingKey(KEY), build))
}

/// Returns the bytes of each write of a check.
fn writes(name: &str, role: Role) -> Vec<Vec<u8>> {
    let check = all().find(|check| check.name == name).unwrap_or_else(|| panic!("there is no {name}"));
    let script = prepare(check, role).expect("a script");
    let write = |act: &Act| if let Act::Write(bytes) = act { Some(bytes.clone()) } else { None };
    script.acts.iter().filter_map(write).collect()
}

/// Returns a masked frame, built without the encoder. `first` is its first byte, and `length` holds
/// the second byte without MASK, followed by any extended length.
fn masked(first: u8, length: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first, 0x80 | length[0]];
    bytes.extend(&length[1..]);
    bytes.extend(KEY);
    bytes.extend(payload.iter().enumerate().map(|(index, byte)| byte ^ KEY[index % 4]));
    bytes
}

fn short(first: u8, payload: &[u8]) -> Vec<u8> {
    masked(first, &[u8::try_from(payload.len()).expect("short")], payload)
}

/// Returns a text that repeats every 51 bytes, so that the usual mistakes in an offset change the
/// result.
fn letters(length: usize) -> Vec<u8> {
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY".iter().copied().cycle().take(length).collect()
}

#[track_caller]
fn assert_writes(name: &str, expected: &[&[u8]]) {
    assert_writes_of(Role::Client, name, expected);
}

#[track_caller]
fn assert_writes_of(role: Role, name: &str, expected: &[&[u8]]) {
    let writes = writes(name, role);
    assert!(writes == expected, "{name} writes {writes:02x?}");
}

#[test]
fn texts_have_the_lengths_of_their_names() {
    assert_writes("text-of-0-bytes", &[&short(0x81, b"")]);
    assert_writes("text-of-1-byte", &[&short(0x81, b"x")]);
    assert_writes("text-of-5-bytes", &[&[0x81, 0x85, 0x37, 0x7a, 0x21, 0x3d, 0x7f, 0x1f, 0x4d, 0x51, 0x58]]);
    assert_writes("text-of-125-bytes", &[&short(0x81, &letters(125))]);
    assert_writes("text-of-126-bytes", &[&masked(0x81, &[126, 0x00, 0x7e], &letters(126))]);
    assert_writes("text-of-127-bytes", &[&masked(0x81, &[126, 0x00, 0x7f], &letters(127))]);
    assert_writes("text-of-65535-bytes", &[&masked(0x81, &[126, 0xff, 0xff], &letters(65_535))]);
    assert_writes("text-of-65536-bytes", &[&masked(0x81, &[127, 0, 0, 0, 0, 0, 1, 0, 0], &letters(65_536))]);
    assert_writes("masking-key-of-zeros", &[b"\x81\x85\0\0\0\0Hello"]);
    assert_writes("masking-key-of-ones", &[b"\x81\x85\xff\xff\xff\xff\xb7\x9a\x93\x93\x90"]);
}

#[test]
fn pieces_are_cut_where_their_titles_say() {
    let hello = short(0x81, b"Hello");
    let bytes: Vec<_> = hello.chunks(1).collect();
    assert_writes("frame-byte-by-byte", &bytes);
    let frame = short(0x81, b"half of it, and the rest");
    let big = [b'm'; 1 << 20];
    let big = masked(0x82, &[127, 0, 0, 0, 0, 0, 16, 0, 0], &big);
    assert_writes("two-messages-of-1-mib", &[&big, &big]);
    assert_writes("half-a-frame", &[&frame[..13], &frame[13..]]);
    let frame = masked(0x81, &[126, 0x01, 0x2c], &letters(300));
    assert_writes("cut-in-extended-length", &[&frame[..3], &frame[3..]]);
    assert_writes("two-frames-in-one-write", &[&[short(0x81, b"one"), short(0x81, b"two")].concat()]);
    let payloads: [&[u8]; 6] = [b"one", b"two", b"three", b"four", b"five", b"six"];
    let frames = payloads.map(|payload| short(0x81, payload)).concat();
    let half = frames.len() - 4;
    assert_writes("five-frames-and-a-half", &[&frames[..half], &frames[half..]]);
    assert_writes("first-frame-with-the-handshake", &[&hello]);
}

#[test]
fn conversations_under_load_are_the_ones_of_their_titles() {
    let messages = [
        short(0x01, "cut €".as_bytes()),
        short(0x89, b"ping"),
        short(0x80, b"ro"),
        masked(0x82, &[126, 0x00, 0x82], &[0xff; 130]),
    ];
    assert_writes("cut-at-every-byte", &[&messages.concat(), &short(0x88, b"\x03\xe8")]);
    assert_writes("many-at-once", &[&short(0x81, b"Hello")]);
    assert_writes("never-reads", &[&short(0x81, b"Hello")]);
}

#[test]
fn control_frames_are_the_ones_of_their_titles() {
    assert_writes("binary-message", &[&short(0x82, &[0x00, 0xff, 0x80, 0x7f])]);
    assert_writes("ping-without-payload", &[&short(0x89, b"")]);
    assert_writes("ping-of-5-bytes", &[&short(0x89, b"Hello")]);
    assert_writes("ping-of-125-bytes", &[&short(0x89, &[b'p'; 125])]);
    assert_writes(
        "ping-between-texts",
        &[&[short(0x81, b"before"), short(0x89, b"between"), short(0x81, b"after")].concat()],
    );
    assert_writes("unsolicited-pong", &[&short(0x8a, b"unasked"), &short(0x81, b"Hello")]);
}

#[test]
fn fragments_are_the_ones_of_their_titles() {
    assert_writes("two-fragments", &[&[short(0x01, b"Hel"), short(0x80, b"lo")].concat()]);
    assert_writes("binary-fragments", &[&[short(0x02, &[1, 2, 3]), short(0x80, &[0xff, 0xfe])].concat()]);
    assert_writes(
        "ping-between-fragments",
        &[
            &[short(0x01, b"one "), short(0x89, b"first gap")].concat(),
            &[short(0x00, b"two "), short(0x89, b"second gap")].concat(),
            &short(0x80, b"three"),
        ],
    );
    assert_writes("empty-first-fragment", &[&[short(0x01, b""), short(0x00, b"Hel"), short(0x80, b"lo")].concat()]);
    assert_writes("empty-middle-fragment", &[&[short(0x01, b"Hel"), short(0x00, b""), short(0x80, b"lo")].concat()]);
    assert_writes("empty-last-fragment", &[&[short(0x01, b"Hel"), short(0x00, b"lo"), short(0x80, b"")].concat()]);
    assert_writes("character-cut-after-1-byte", &[&[short(0x01, b"\xe2"), short(0x80, b"\x82\xac")].concat()]);
    assert_writes("character-cut-after-2-bytes", &[&[short(0x01, b"\xe2\x82"), short(0x80, b"\xac")].concat()]);
    assert_writes(
        "character-in-three-fragments",
        &[&[short(0x01, b"\xe2"), short(0x00, b"\x82"), short(0x80, b"\xac")].concat()],
    );
    assert_writes("byte-order-mark", &[&short(0x81, b"\xef\xbb\xbfHello")]);
    let not_text = b"\xff\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82";
    assert_writes("binary-is-not-text", &[&short(0x82, not_text)]);
}

#[test]
fn closes_are_the_ones_of_their_titles() {
    assert_writes("close-with-reason", &[&short(0x88, b"\x03\xe8goodbye")]);
    assert_writes("close-with-own-code", &[&short(0x88, b"\x13\x87")]);
    assert_writes("close-without-code", &[&short(0x88, b"")]);
    assert_writes("tcp-ends-without-close", &[&short(0x81, b"Hello")[..8]]);
    assert_writes("trickle-after-close", &[b"\x81\x00"]);
    let close = short(0x88, b"\x03\xea");
    assert_writes("close-survives-a-second", &[b"\x81\x05Hello", &close[..1], &close[1..2], &close[2..]]);
    assert_writes("close-between-fragments", &[&[short(0x01, b"Hel"), short(0x88, b"\x03\xe8")].concat()]);
    assert_writes("text-and-close-in-one-write", &[&[short(0x81, b"Hello"), short(0x88, b"\x03\xe8")].concat()]);
    for (name, body) in [
        ("close-with-1001", b"\x03\xe9"),
        ("close-with-1003", b"\x03\xeb"),
        ("close-with-1014", b"\x03\xf6"),
        ("close-with-3999", b"\x0f\x9f"),
    ] {
        assert_writes(name, &[&short(0x88, body)]);
    }
    let writes = writes("close-survives", Role::Client);
    assert_eq!(writes[0], b"\x81\x05Hello", "not masked");
    let more: usize = writes[1..5].iter().map(|frame| frame.len() - 8).sum();
    assert_eq!(more, 64 << 10);
    assert_eq!(writes[5], short(0x88, b"\x03\xea"));
}

/// Each variant ends with a Ping, which shows whether the program carries on after the fault.
#[test]
fn variants_of_faults_are_the_ones_of_their_descriptions() {
    let mut long = vec![b'x'; 125];
    long.push(0xff);
    let text = |payload: &[u8]| short(0x81, payload);
    let expected = [
        ("orphan-fragment", short(0x00, b"Hello")),
        ("orphan-after-message", [short(0x01, b"be"), short(0x80, b"fore"), short(0x80, b"Hello")].concat()),
        ("interleaved-binary", [short(0x01, b"Hel"), short(0x82, b"lo")].concat()),
        ("interleaved-fragments", [short(0x01, b"Hel"), short(0x01, b"Hel"), short(0x80, b"lo")].concat()),
        ("invalid-utf8-overlong-3", text(b"Hel\xe0\x80\xaflo")),
        ("invalid-utf8-overlong-4", text(b"Hel\xf0\x80\x80\xaflo")),
        ("invalid-utf8-low-surrogate", text(b"Hel\xed\xb0\x80lo")),
        ("invalid-utf8-f5", text(b"Hel\xf5\x80\x80\x80lo")),
        ("invalid-utf8-lone-byte", text(b"\x80Hello")),
        ("invalid-utf8-long", masked(0x81, &[126, 0x00, 0x7e], &long)),
        (
            "frame-too-big-for-32-bits",
            [&[0x82, 0xff, 0, 0, 0, 1, 0, 1, 0, 0][..], &short(0x82, b"Hello")[2..]].concat(),
        ),
    ];
    let in_frames: Vec<_> = variants::FAULTS.iter().filter(|fault| !fault.is_in_handshake()).collect();
    assert_eq!(in_frames.len(), expected.len());
    for (fault, (name, bytes)) in in_frames.into_iter().zip(expected) {
        let test = FaultTest::on_connection(fault, Role::Client, &mut || MaskingKey(KEY)).expect("a fault in frames");
        assert_eq!(fault.name, name);
        assert_eq!(test.bytes, [bytes, short(0x89, b"still there?")].concat(), "{name}");
    }
}

/// Returns the header lines of `head`, a valid request, after the check called `name` has edited
/// the head.
fn edited(name: &str, head: &str) -> Vec<String> {
    let check = all().find(|check| check.name == name).unwrap_or_else(|| panic!("there is no {name}"));
    let script = prepare(check, Role::Client).expect("a script");
    let Some(Act::Request { edit, .. }) = script.acts.first() else { panic!("{name} does not begin with a request") };
    let mut head = HeadEditor::parse(head.as_bytes());
    edit(&mut head);
    head.lines
}

/// Returns the Origin that a check sends in its request to this host and port.
fn origin(name: &str, host: &str) -> Option<String> {
    let lines = edited(name, &format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    lines.iter().find_map(|line| line.strip_prefix("Origin: ").map(str::to_owned))
}

#[test]
fn origins_are_the_ones_of_their_titles() {
    let host = "127.0.0.1:9001";
    for (name, expected) in [
        ("foreign-origin", Some("http://other.example")),
        ("origin-of-another-port", Some("http://127.0.0.1:9")),
        ("origin-that-ends-like-host", Some("http://evil127.0.0.1:9001")),
        ("origin-that-begins-like-host", Some("http://127.0.0.1:9001.evil.example")),
        ("origin-null", Some("null")),
        ("own-origin", Some("http://127.0.0.1:9001")),
        ("no-origin", None),
    ] {
        assert_eq!(origin(name, host).as_deref(), expected, "{name}");
    }
    assert_eq!(origin("origin-of-another-port", "example.org").as_deref(), Some("http://example.org:9"));
    assert_eq!(origin("origin-of-another-port", "example.org:9").as_deref(), Some("http://example.org:10"));
}

#[test]
fn lists_in_requests_are_the_ones_of_their_titles() {
    let head = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    for (name, expected) in [
        ("connection-is-a-list", ["Host: a", "Upgrade: websocket", "Connection: keep-alive, Upgrade"]),
        ("upgrade-in-another-case", ["Host: a", "Upgrade: WebSocket", "Connection: upgrade"]),
    ] {
        assert_eq!(edited(name, head), expected, "{name}");
    }
}

#[test]
fn keys_are_lenient_base64_of_16_bytes() {
    let decoded = |name: &str, engine: &dyn Fn(&str) -> Option<Vec<u8>>| {
        let fault = variants::FAULTS.iter().find(|fault| fault.name == name).expect("a variant");
        let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let test = FaultTest::in_handshake(fault, Role::Client, request, &mut || MaskingKey(KEY)).expect("a request");
        let head = HeadEditor::parse(&test.bytes);
        let key =
            head.lines.iter().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).expect("a key").to_owned();
        assert!(STANDARD.decode(&key).is_err(), "{name}: {key} is valid");
        engine(&key).expect("a lenient decoder accepts it").len()
    };
    assert_eq!(decoded("key-without-padding", &|key| STANDARD_NO_PAD.decode(key).ok()), 16);
    assert_eq!(decoded("key-for-urls", &|key| URL_SAFE.decode(key).ok()), 16);
}

#[test]
fn a_server_masks_nothing() {
    assert_eq!(writes("text-of-5-bytes", Role::Server), [b"\x81\x05Hello"]);
    assert_eq!(writes("text-of-126-bytes", Role::Server), [[&b"\x81\x7e\x00\x7e"[..], &letters(126)].concat()]);
    assert_eq!(writes("close-of-server", Role::Server), [b"\x88\x09\x03\xe8goodbye"]);
    assert_eq!(writes("close-of-server-without-code", Role::Server), [b"\x88\x00"]);
    assert_eq!(writes("fresh-masking-keys", Role::Server)[2], b"\x81\x05three");
}

/// The frames of a server are shorter than those of a client, so a position in the frames of a
/// client may lie beyond the end of those of a server.
#[test]
fn a_server_cuts_its_frames_where_the_titles_say() {
    assert_writes_of(Role::Server, "half-a-frame", &[b"\x81\x18half of it,", b" and the rest"]);
    assert_writes_of(
        Role::Server,
        "cut-in-extended-length",
        &[&[0x81, 0x7e, 0x01], &[&[0x2c], &letters(300)[..]].concat()],
    );
    let frames = b"\x81\x03one\x81\x03two\x81\x05three\x81\x04four\x81\x04five\x81";
    assert_writes_of(Role::Server, "five-frames-and-a-half", &[frames, b"\x03six"]);
}

#[test]
fn names_are_unique_and_in_kebab_case() {
    let mut names: HashSet<_> = all_faults().map(|fault| fault.name).collect();
    for Check { name, title, .. } in all() {
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'), "{name}");
        assert!(names.insert(name), "{name} occurs twice");
        assert!(!title.starts_with(char::is_lowercase) && !title.ends_with('.'), "{name}: {title}");
    }
}

#[test]
fn every_stage_begins_with_what_a_program_must_be_able_to_do() {
    for (role, count) in [(Role::Server, 12), (Role::Client, 10)] {
        let stages = Stage::of(role);
        assert_eq!(stages.len(), count);
        for (index, stage) in stages.iter().enumerate() {
            assert_eq!(usize::from(stage.number), index + 1);
            assert!(of_stage(role, stage.number).count() > 0, "stage {} has no checks", stage.number);
        }
        let none_beyond = (13..=u8::MAX).all(|number| of_stage(role, number).count() == 0);
        assert!(none_beyond && of_stage(role, 0).count() == 0);
    }
}

/// Readers read the stage's chapter and copy its program, so both must exist.
#[test]
fn every_stage_has_a_chapter_and_a_program() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for stage in Stage::of(Role::Server).iter().chain(Stage::of(Role::Client)) {
        assert!(root.join(stage.chapter()).is_file(), "{}", stage.chapter());
        assert!(root.join(stage.example()).join("src/main.rs").is_file(), "{}", stage.example());
    }
}
