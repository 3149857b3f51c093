//! The bytes of each check are the ones that its title promises.

use std::collections::HashSet;

use protocol::{Role, frame::MaskingKey};

use super::{all, of_stage};
use crate::{
    faults,
    grade::{
        check::Exercise,
        checks::Check,
        script::{Act, PreparedScript, Script},
        stage::Stage,
    },
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

/// Returns a masked frame, written by hand: the first byte, the second byte with the bytes of the
/// extended length, and the payload.
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

/// Text with the period 51, so that it differs at every offset that a mistake can make.
fn letters(length: usize) -> Vec<u8> {
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY".iter().copied().cycle().take(length).collect()
}

#[track_caller]
fn assert_writes(name: &str, expected: &[&[u8]]) {
    let writes = writes(name, Role::Client);
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
    assert_writes("half-a-frame", &[&frame[..13], &frame[13..]]);
    let frame = masked(0x81, &[126, 0x01, 0x2c], &letters(300));
    assert_writes("cut-in-extended-length", &[&frame[..3], &frame[3..]]);
    assert_writes("two-frames-in-one-write", &[&[short(0x81, b"one"), short(0x81, b"two")].concat()]);
    let payloads: [&[u8]; 6] = [b"one", b"two", b"three", b"four", b"five", b"six"];
    let frames = payloads.map(|payload| short(0x81, payload)).concat();
    let half = frames.len() - 5;
    assert_writes("five-frames-and-a-half", &[&frames[..half], &frames[half..]]);
    assert_writes("first-frame-with-the-handshake", &[&hello]);
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
    let writes = writes("close-survives", Role::Client);
    assert_eq!(writes[0], b"\x81\x05Hello", "not masked");
    let more: usize = writes[1..5].iter().map(|frame| frame.len() - 8).sum();
    assert_eq!(more, 64 << 10);
    assert_eq!(writes[5], short(0x88, b"\x03\xea"));
}

#[test]
fn a_server_masks_nothing() {
    assert_eq!(writes("text-of-5-bytes", Role::Server), [b"\x81\x05Hello"]);
    assert_eq!(writes("text-of-126-bytes", Role::Server), [[&b"\x81\x7e\x00\x7e"[..], &letters(126)].concat()]);
    assert_eq!(writes("close-of-server", Role::Server), [b"\x88\x09\x03\xe8goodbye"]);
    assert_eq!(writes("close-of-server-without-code", Role::Server), [b"\x88\x00"]);
    assert_eq!(writes("fresh-masking-keys", Role::Server)[2], b"\x81\x05three");
}

#[test]
fn names_are_unique_and_in_kebab_case() {
    let mut names: HashSet<_> = faults::all().map(|fault| fault.name).collect();
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

/// A reader copies the program of a stage, so it must be there.
#[test]
fn every_stage_has_a_program() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for stage in Stage::of(Role::Server).iter().chain(Stage::of(Role::Client)) {
        assert!(root.join(stage.example()).is_dir(), "{}", stage.example());
    }
}
