//! What a judge makes of what comes back.

use laboratory::{
    Heard, Judge, Role, Verdict,
    judge::{CloseSeen, Ended},
    rules,
};
use proptest::prelude::*;
use protocol::frame::MaskingKey;

fn key() -> MaskingKey {
    MaskingKey([0x37, 0xfa, 0x21, 0x3d])
}

fn judge(role: Role, name: &str) -> Judge {
    let experiment = rules::find(role, name).expect("it is in the table");
    let head = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";
    match experiment.on_connection(role, &mut key) {
        Some((_, judge)) => judge,
        None => experiment.in_handshake(role, head, &mut key).expect("one of the two").1,
    }
}

/// The verdict on bytes that a server sends, and on the end of TCP if it comes.
#[track_caller]
fn verdict(name: &str, bytes: &[u8], ends: bool) -> Verdict {
    let verdict = verdict_on_pieces(name, &[bytes], ends);
    // However they are cut.
    let pieces: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(verdict_on_pieces(name, &pieces, ends), verdict, "{name} byte by byte");
    verdict
}

fn verdict_on_pieces(name: &str, pieces: &[&[u8]], ends: bool) -> Verdict {
    let mut judge = judge(Role::Client, name);
    pieces.iter().for_each(|bytes| judge.feed(bytes));
    if ends {
        judge.hear(&Heard::End);
    }
    judge.outcome().verdict()
}

const CLOSE_1000: &[u8] = b"\x88\x02\x03\xe8";
const CLOSE_1002: &[u8] = b"\x88\x02\x03\xea";
const CLOSE_1007: &[u8] = b"\x88\x02\x03\xef";
const CLOSE_EMPTY: &[u8] = b"\x88\x00";
const PONG: &[u8] = b"\x8a\x0cstill there?";
const ECHO: &[u8] = b"\x81\x05Hello";
const PUSH: &[u8] = b"\x81\x0bunasked-for";

#[test]
fn a_broken_rule_is_to_be_answered_with_its_code_and_the_end_of_tcp() {
    assert_eq!(verdict("unmasked-frame", CLOSE_1002, true), Verdict::AsAsked);
    assert_eq!(verdict("unmasked-frame", CLOSE_1002, false), Verdict::LeftOpen);
    assert_eq!(verdict("unmasked-frame", CLOSE_1007, true), Verdict::OtherCode);
    assert_eq!(verdict("unmasked-frame", CLOSE_1000, true), Verdict::OtherCode);
    assert_eq!(verdict("unmasked-frame", b"", true), Verdict::NoReason);
    assert_eq!(verdict("unmasked-frame", b"", false), Verdict::NoAnswer);
    assert_eq!(verdict("invalid-utf8", CLOSE_1007, true), Verdict::AsAsked);
    assert_eq!(verdict("invalid-utf8", CLOSE_1002, true), Verdict::OtherCode);
    assert_eq!(verdict("close-reason-not-utf8", CLOSE_1007, true), Verdict::AsAsked);
    assert_eq!(verdict("close-reason-not-utf8", CLOSE_1002, true), Verdict::AsAsked);
}

#[test]
fn whoever_answers_the_ping_or_sends_the_message_back_has_gone_on() {
    for bytes in [PONG, ECHO, &[ECHO, PONG].concat()] {
        assert_eq!(verdict("overlong-length-16", bytes, false), Verdict::Tolerated);
    }
    // Late is not never: a program that checks texts when it reads them answers the Ping before.
    assert_eq!(verdict("invalid-utf8", &[PONG, CLOSE_1007].concat(), true), Verdict::AsAsked);
    // What a server pushes is no answer.
    assert_eq!(verdict("unmasked-frame", PUSH, false), Verdict::NoAnswer);
    assert_eq!(verdict("unmasked-frame", &[PUSH, PUSH, CLOSE_1002].concat(), true), Verdict::AsAsked);
    let long_push = [&b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"[..], &[0; 65_536]].concat();
    assert_eq!(verdict("unmasked-frame", &[&long_push[..], CLOSE_1002].concat(), true), Verdict::AsAsked);
    // Nor is a Pong to somebody else's Ping.
    assert_eq!(verdict("unmasked-frame", b"\x8a\x00", false), Verdict::NoAnswer);
}

#[test]
fn a_wrong_close_that_is_answered_like_a_right_one_was_tolerated() {
    assert_eq!(verdict("close-code-1005", CLOSE_1002, true), Verdict::AsAsked);
    for bytes in [CLOSE_1000, CLOSE_EMPTY, b"\x88\x02\x03\xed"] {
        assert_eq!(verdict("close-code-1005", bytes, true), Verdict::Tolerated);
    }
    assert_eq!(verdict("one-byte-close", CLOSE_EMPTY, true), Verdict::Tolerated);
    assert_eq!(verdict("fragmented-close", CLOSE_1000, true), Verdict::Tolerated);
    assert_eq!(verdict("close-code-1005", CLOSE_1007, true), Verdict::OtherCode);
    assert_eq!(verdict("close-code-1005", b"", true), Verdict::NoReason);
}

#[test]
fn nothing_may_come_of_what_follows_a_close() {
    for name in ["data-after-close", "ping-after-close", "close-after-close"] {
        assert_eq!(verdict(name, CLOSE_1000, true), Verdict::AsAsked, "{name}");
        assert_eq!(verdict(name, CLOSE_EMPTY, true), Verdict::AsAsked, "{name}");
        assert_eq!(verdict(name, CLOSE_1000, false), Verdict::LeftOpen, "{name}");
        assert_eq!(verdict(name, CLOSE_1002, true), Verdict::OtherCode, "{name}");
        assert_eq!(verdict(name, b"", true), Verdict::NoReason, "{name}");
        for more in [PONG, ECHO, PUSH] {
            assert_eq!(verdict(name, &[CLOSE_1000, more].concat(), true), Verdict::Tolerated, "{name}");
        }
        assert_eq!(verdict(name, &[PUSH, CLOSE_1000].concat(), true), Verdict::AsAsked, "{name}");
    }
}

#[test]
fn a_wrong_request_is_to_be_refused_with_a_status_that_fits() {
    let status = |name, status: &str| verdict(name, format!("HTTP/1.1 {status}\r\nA: b\r\n\r\nbody").as_bytes(), false);
    for refused in ["400 Bad Request", "405 Method Not Allowed", "426 Upgrade Required", "501 Not Implemented"] {
        assert_eq!(status("key-missing", refused), Verdict::AsAsked, "{refused}");
    }
    for other in ["200 OK", "302 Found", "500 Internal Server Error"] {
        assert_eq!(status("key-missing", other), Verdict::OtherCode, "{other}");
        assert_eq!(status("upgrade-missing", other), Verdict::AsAsked, "{other}");
    }
    assert_eq!(status("key-missing", "101 Switching Protocols"), Verdict::Tolerated);
    assert_eq!(status("upgrade-missing", "101 Switching Protocols"), Verdict::Tolerated);
    assert_eq!(verdict("key-missing", b"", true), Verdict::NoReason);
    assert_eq!(verdict("key-missing", b"HTTP/1.1 400 Bad", false), Verdict::NoAnswer);
    assert_eq!(verdict("key-missing", b"SSH-2.0-whatever\r\n\r\n", true), Verdict::OtherCode);
}

#[test]
fn whoever_refuses_a_version_has_to_name_another() {
    let naming = |header: &str| {
        verdict("version-unknown", format!("HTTP/1.1 426 Upgrade Required\r\n{header}\r\n\r\n").as_bytes(), true)
    };
    assert_eq!(naming("Sec-WebSocket-Version: 13"), Verdict::AsAsked);
    assert_eq!(naming("sec-websocket-version: 8, 13"), Verdict::AsAsked);
    assert_eq!(naming("Sec-WebSocket-Version: 130"), Verdict::OtherCode);
    assert_eq!(naming("Upgrade: websocket"), Verdict::OtherCode);
}

#[test]
fn a_client_that_gets_a_wrong_response_is_to_end_tcp_and_say_nothing() {
    let mut gone = judge(Role::Server, "accept-wrong");
    gone.hear(&Heard::Reset);
    assert!(gone.is_settled());
    assert_eq!(gone.outcome().verdict(), Verdict::AsAsked);
    assert_eq!(gone.outcome().seen().ended, Some(Ended::Reset));

    let mut tolerant = judge(Role::Server, "accept-wrong");
    assert_eq!(tolerant.outcome().verdict(), Verdict::NoAnswer);
    // Masked, as from a client.
    tolerant.feed(b"\x8a\x8c\x00\x00\x00\x00still there?");
    assert!(tolerant.has_gone_on() && !tolerant.is_settled());
    assert_eq!(tolerant.outcome().verdict(), Verdict::Tolerated);
    assert!(tolerant.outcome().breaks_a_must());

    let mut talkative = judge(Role::Server, "accept-wrong");
    talkative.hear(&Heard::Close(CloseSeen { code: Some(1002), reason: "no".to_owned() }));
    talkative.hear(&Heard::End);
    assert_eq!(talkative.outcome().verdict(), Verdict::OtherCode);
}

#[test]
fn garbage_is_passed_over_and_named() {
    let mut judge = judge(Role::Client, "unmasked-frame");
    // A reserved opcode, and whatever may follow it.
    judge.feed(b"\x83\x00");
    judge.feed(CLOSE_1002);
    assert!(!judge.is_settled());
    judge.hear(&Heard::End);
    let outcome = judge.outcome();
    assert_eq!(outcome.verdict(), Verdict::NoReason);
    assert!(outcome.seen().garbage.as_ref().is_some_and(|what| what.contains("opcode 0x3 is reserved")));
    assert_eq!(outcome.seen().to_string(), "garbage, TCP ended");
}

#[test]
fn only_what_must_not_be_let_pass_counts_against_a_must() {
    let breaks = |name, bytes: &[u8]| {
        let mut judge = judge(Role::Client, name);
        judge.feed(bytes);
        judge.outcome().breaks_a_must()
    };
    assert!(breaks("unmasked-frame", PONG));
    assert!(breaks("unmasked-frame", b""));
    // A rule for senders; a receiver should mind, and need not.
    assert!(!breaks("overlong-length-16", PONG));
    // A limit is everybody's own.
    assert!(!breaks("frame-too-big", b""));
    assert!(!breaks("unmasked-frame", CLOSE_1007));
}

#[test]
fn what_was_seen_fits_into_a_few_words() {
    let seen = |name, bytes: &[u8], ends| {
        let mut judge = judge(Role::Client, name);
        judge.feed(bytes);
        if ends {
            judge.hear(&Heard::End);
        }
        judge.outcome().seen().to_string()
    };
    assert_eq!(seen("unmasked-frame", CLOSE_1002, true), "Close 1002, TCP ended");
    assert_eq!(seen("unmasked-frame", CLOSE_1002, false), "Close 1002");
    assert_eq!(seen("unmasked-frame", CLOSE_EMPTY, true), "Close, no code, TCP ended");
    assert_eq!(seen("unmasked-frame", &[ECHO, PONG].concat(), false), "echo, Pong");
    assert_eq!(seen("unmasked-frame", b"", true), "TCP ended");
    assert_eq!(seen("unmasked-frame", b"", false), "nothing");
    assert_eq!(seen("key-missing", b"HTTP/1.1 400 Bad Request\r\n\r\n", true), "HTTP 400");
}

proptest! {
    /// Whatever comes back, and however it is cut, there is one verdict and no panic.
    #[test]
    fn any_bytes_in_any_pieces_give_the_same_verdict(
        bytes in answers(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        name in prop::sample::select(vec!["unmasked-frame", "close-code-999", "data-after-close", "version-unknown"]),
        ends: bool,
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
        let whole = verdict_on_pieces(name, &[&bytes], ends);
        prop_assert_eq!(verdict_on_pieces(name, &pieces, ends), whole);
    }
}

/// Pieces of answers in any order, with any bytes between them.
fn answers() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        CLOSE_1000,
        CLOSE_1002,
        CLOSE_EMPTY,
        PONG,
        ECHO,
        PUSH,
        b"HTTP/1.1 426 Upgrade Required\r\n",
        b"Sec-WebSocket-Version: 13\r\n",
        b"\r\n",
        b"\x82\x7e\x01\x2c",
        b"\x89\x00",
    ]);
    let piece = prop_oneof![
        4 => known.prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => prop::collection::vec(Just(0_u8), 300..301),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}
