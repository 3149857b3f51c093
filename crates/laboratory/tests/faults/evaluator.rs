//! The evaluation of what a peer sends back.

use laboratory::{Evaluator, FaultTest, ObservedClose, Reaction, Role, Verdict, faults, observations::TcpEnd};
use proptest::prelude::*;
use protocol::frame::MaskingKey;

fn key() -> MaskingKey {
    MaskingKey([0x37, 0xfa, 0x21, 0x3d])
}

fn evaluator(role: Role, name: &str) -> Evaluator {
    let fault = faults::find(role, name).expect("the table contains it");
    let head = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";
    FaultTest::on_connection(fault, role, &mut key)
        .or_else(|| FaultTest::in_handshake(fault, role, head, &mut key))
        .expect("it is one of the two")
        .evaluator
}

/// Returns the verdict on a server that sends these bytes, and then closes the TCP connection or
/// keeps it open.
#[track_caller]
fn verdict(name: &str, bytes: &[u8], ends: bool) -> Verdict {
    let verdict = verdict_on_pieces(name, &[bytes], ends);
    // The verdict does not depend on how the bytes are split.
    let pieces: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(verdict_on_pieces(name, &pieces, ends), verdict, "{name} byte by byte");
    verdict
}

fn verdict_on_pieces(name: &str, pieces: &[&[u8]], ends: bool) -> Verdict {
    let mut evaluator = evaluator(Role::Client, name);
    pieces.iter().for_each(|bytes| evaluator.receive(bytes));
    if ends {
        evaluator.record(&Reaction::Eof);
    }
    evaluator.evaluate().verdict()
}

const CLOSE_1000: &[u8] = b"\x88\x02\x03\xe8";
const CLOSE_1002: &[u8] = b"\x88\x02\x03\xea";
const CLOSE_1007: &[u8] = b"\x88\x02\x03\xef";
const CLOSE_EMPTY: &[u8] = b"\x88\x00";
const PONG: &[u8] = b"\x8a\x0cstill there?";
const ECHO: &[u8] = b"\x81\x05Hello";
const PUSH: &[u8] = b"\x81\x0bunasked-for";

#[test]
fn a_fault_must_be_answered_with_its_code_and_the_end_of_tcp() {
    assert_eq!(verdict("unmasked-frame", CLOSE_1002, true), Verdict::AsExpected);
    assert_eq!(verdict("unmasked-frame", CLOSE_1002, false), Verdict::LeftOpen);
    assert_eq!(verdict("unmasked-frame", CLOSE_1007, true), Verdict::OtherCode);
    assert_eq!(verdict("unmasked-frame", CLOSE_1000, true), Verdict::OtherCode);
    assert_eq!(verdict("unmasked-frame", b"", true), Verdict::NoReason);
    assert_eq!(verdict("unmasked-frame", b"", false), Verdict::NoAnswer);
    assert_eq!(verdict("invalid-utf8", CLOSE_1007, true), Verdict::AsExpected);
    assert_eq!(verdict("invalid-utf8", CLOSE_1002, true), Verdict::OtherCode);
    assert_eq!(verdict("close-reason-not-utf8", CLOSE_1007, true), Verdict::AsExpected);
    assert_eq!(verdict("close-reason-not-utf8", CLOSE_1002, true), Verdict::AsExpected);
}

#[test]
fn a_peer_that_answers_the_ping_or_sends_the_message_back_tolerates_the_fault() {
    for bytes in [PONG, ECHO, &[ECHO, PONG].concat()] {
        assert_eq!(verdict("overlong-length-16", bytes, false), Verdict::Tolerated);
    }
    // A late reaction counts, because a program that validates texts only when it reads them
    // answers the Ping first.
    assert_eq!(verdict("invalid-utf8", &[PONG, CLOSE_1007].concat(), true), Verdict::AsExpected);
    // A message that the server pushes is not an answer.
    assert_eq!(verdict("unmasked-frame", PUSH, false), Verdict::NoAnswer);
    assert_eq!(verdict("unmasked-frame", &[PUSH, PUSH, CLOSE_1002].concat(), true), Verdict::AsExpected);
    let long_push = [&b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"[..], &[0; 65_536]].concat();
    assert_eq!(verdict("unmasked-frame", &[&long_push[..], CLOSE_1002].concat(), true), Verdict::AsExpected);
    // Neither is a Pong with another payload.
    assert_eq!(verdict("unmasked-frame", b"\x8a\x00", false), Verdict::NoAnswer);
}

#[test]
fn a_peer_that_answers_an_invalid_close_like_a_valid_one_tolerates_the_fault() {
    assert_eq!(verdict("close-code-1005", CLOSE_1002, true), Verdict::AsExpected);
    for bytes in [CLOSE_1000, CLOSE_EMPTY, b"\x88\x02\x03\xed"] {
        assert_eq!(verdict("close-code-1005", bytes, true), Verdict::Tolerated);
    }
    assert_eq!(verdict("one-byte-close", CLOSE_EMPTY, true), Verdict::Tolerated);
    assert_eq!(verdict("fragmented-close", CLOSE_1000, true), Verdict::Tolerated);
    assert_eq!(verdict("close-code-1005", CLOSE_1007, true), Verdict::OtherCode);
    assert_eq!(verdict("close-code-1005", b"", true), Verdict::NoReason);
}

#[test]
fn frames_after_a_close_must_have_no_effect() {
    for name in ["data-after-close", "ping-after-close", "close-after-close"] {
        assert_eq!(verdict(name, CLOSE_1000, true), Verdict::AsExpected, "{name}");
        assert_eq!(verdict(name, CLOSE_EMPTY, true), Verdict::AsExpected, "{name}");
        assert_eq!(verdict(name, CLOSE_1000, false), Verdict::LeftOpen, "{name}");
        assert_eq!(verdict(name, CLOSE_1002, true), Verdict::OtherCode, "{name}");
        assert_eq!(verdict(name, b"", true), Verdict::NoReason, "{name}");
        for more in [PONG, ECHO, PUSH] {
            assert_eq!(verdict(name, &[CLOSE_1000, more].concat(), true), Verdict::Tolerated, "{name}");
        }
        assert_eq!(verdict(name, &[PUSH, CLOSE_1000].concat(), true), Verdict::AsExpected, "{name}");
        for answer in [PONG, ECHO] {
            assert_eq!(verdict(name, &[answer, CLOSE_1000].concat(), true), Verdict::Tolerated, "{name}");
        }
    }
}

#[test]
fn an_invalid_request_must_be_rejected_with_a_suitable_status() {
    let status = |name, status: &str| verdict(name, format!("HTTP/1.1 {status}\r\nA: b\r\n\r\nbody").as_bytes(), false);
    for refused in ["400 Bad Request", "405 Method Not Allowed", "426 Upgrade Required", "501 Not Implemented"] {
        assert_eq!(status("key-missing", refused), Verdict::AsExpected, "{refused}");
    }
    for other in ["200 OK", "302 Found", "500 Internal Server Error"] {
        assert_eq!(status("key-missing", other), Verdict::OtherCode, "{other}");
        assert_eq!(status("upgrade-missing", other), Verdict::AsExpected, "{other}");
    }
    assert_eq!(status("key-missing", "101 Switching Protocols"), Verdict::Tolerated);
    assert_eq!(status("upgrade-missing", "101 Switching Protocols"), Verdict::Tolerated);
    assert_eq!(verdict("key-missing", b"", true), Verdict::NoReason);
    assert_eq!(verdict("key-missing", b"HTTP/1.1 400 Bad", false), Verdict::NoAnswer);
    assert_eq!(verdict("key-missing", b"SSH-2.0-whatever\r\n\r\n", true), Verdict::OtherCode);
}

#[test]
fn a_rejected_version_must_be_answered_with_a_supported_one() {
    let listing = |header: &str| {
        verdict("version-unknown", format!("HTTP/1.1 426 Upgrade Required\r\n{header}\r\n\r\n").as_bytes(), true)
    };
    assert_eq!(listing("Sec-WebSocket-Version: 13"), Verdict::AsExpected);
    assert_eq!(listing("sec-websocket-version: 8, 13"), Verdict::AsExpected);
    assert_eq!(listing("Sec-WebSocket-Version: 130"), Verdict::OtherCode);
    assert_eq!(listing("Upgrade: websocket"), Verdict::OtherCode);
}

#[test]
fn a_client_that_receives_an_invalid_response_must_close_tcp_without_a_frame() {
    let mut gone = evaluator(Role::Server, "accept-wrong");
    gone.record(&Reaction::Reset);
    assert!(gone.is_final());
    assert_eq!(gone.evaluate().verdict(), Verdict::AsExpected);
    assert_eq!(gone.evaluate().observations().tcp_end, Some(TcpEnd::Reset));

    let mut tolerant = evaluator(Role::Server, "accept-wrong");
    assert_eq!(tolerant.evaluate().verdict(), Verdict::NoAnswer);
    // The Pong is masked, as all frames of a client are.
    tolerant.receive(b"\x8a\x8c\x00\x00\x00\x00still there?");
    assert!(tolerant.peer_has_continued() && !tolerant.is_final());
    assert_eq!(tolerant.evaluate().verdict(), Verdict::Tolerated);
    assert!(tolerant.evaluate().violates_must());

    // The TCP connection ends, but only after the client has used the WebSocket connection.
    tolerant.record(&Reaction::Eof);
    assert_eq!(tolerant.evaluate().verdict(), Verdict::NoReason);

    let mut talkative = evaluator(Role::Server, "accept-wrong");
    talkative.record(&Reaction::Close(ObservedClose { code: Some(1002), reason: "no".to_owned() }));
    talkative.record(&Reaction::Eof);
    assert_eq!(talkative.evaluate().verdict(), Verdict::OtherCode);
}

#[test]
fn garbage_is_ignored_and_reported() {
    let mut evaluator = evaluator(Role::Client, "unmasked-frame");
    // Nothing can be parsed after a reserved opcode.
    evaluator.receive(b"\x83\x00");
    evaluator.receive(CLOSE_1002);
    assert!(!evaluator.is_final());
    evaluator.record(&Reaction::Eof);
    let evaluation = evaluator.evaluate();
    assert_eq!(evaluation.verdict(), Verdict::NoReason);
    let observations = evaluation.observations();
    assert!(observations.garbage.as_ref().is_some_and(|why| why.contains("opcode 0x3 is reserved")));
    assert_eq!(observations.to_string(), "garbage, TCP closed");
}

#[test]
fn only_a_fault_that_must_be_noticed_can_violate_a_must() {
    let violates = |name, bytes: &[u8]| {
        let mut evaluator = evaluator(Role::Client, name);
        evaluator.receive(bytes);
        evaluator.evaluate().violates_must()
    };
    assert!(violates("unmasked-frame", PONG));
    assert!(violates("unmasked-frame", b""));
    // This is a rule for senders: the receiver should enforce it, but need not.
    assert!(!violates("overlong-length-16", PONG));
    // Each receiver chooses its own limit.
    assert!(!violates("frame-too-big", b""));
    assert!(!violates("unmasked-frame", CLOSE_1007));
}

/// A probe waits for a shorter time if the peer has continued. Each of the three signs must be
/// enough on its own.
#[test]
fn a_peer_has_continued_after_a_pong_an_echo_or_anything_behind_its_close() {
    let continued = |name, bytes: &[u8]| {
        let mut evaluator = evaluator(Role::Client, name);
        evaluator.receive(bytes);
        evaluator.peer_has_continued()
    };
    assert!(continued("unmasked-frame", PONG));
    assert!(continued("unmasked-frame", ECHO));
    assert!(continued("data-after-close", &[CLOSE_1000, PUSH].concat()));
    for silent in [&b""[..], PUSH, CLOSE_1002] {
        assert!(!continued("unmasked-frame", silent), "{silent:02x?}");
    }
}

#[test]
fn what_was_observed_once_remains_observed() {
    for (bytes, summary) in [
        ([ECHO, PUSH].concat(), "echo"),
        ([PONG, b"\x8a\x00"].concat(), "Pong"),
        ([CLOSE_1000, PUSH, CLOSE_1002].concat(), "Close 1000, more frames"),
        ([CLOSE_1000, b"\x8a\x00"].concat(), "Close 1000, more frames"),
    ] {
        let mut evaluator = evaluator(Role::Client, "unmasked-frame");
        evaluator.receive(&bytes);
        assert_eq!(evaluator.evaluate().observations().to_string(), summary);
    }
}

/// A server whose head never ends must not fill the memory.
#[test]
fn a_head_that_does_not_end_counts_as_garbage_after_64_kib() {
    const MAX_HEAD: usize = 64 << 10;
    let mut evaluator = evaluator(Role::Client, "key-missing");
    evaluator.receive(&[b'a'; MAX_HEAD]);
    assert_eq!(evaluator.evaluate().observations().garbage, None);
    evaluator.receive(b"a");
    let garbage = evaluator.evaluate().observations().garbage.clone();
    assert_eq!(garbage.as_deref(), Some("an HTTP head without an end"));
}

/// Only the first 256 bytes of a payload are kept, and the rest may arrive in pieces of any size.
#[test]
fn the_frame_behind_a_long_payload_is_found_wherever_the_payload_is_split() {
    let long_push = [&b"\x82\x7e\x01\x2c"[..], &[0; 300]].concat();
    for cut in [4, 260, 261, 303, 304] {
        let (first, second) = long_push.split_at(cut);
        let mut evaluator = evaluator(Role::Client, "unmasked-frame");
        evaluator.receive(first);
        evaluator.receive(&[second, CLOSE_1002].concat());
        assert_eq!(evaluator.evaluate().observations().to_string(), "Close 1002", "split after {cut} bytes");
    }
}

#[test]
fn verdicts_levels_and_expectations_fill_the_columns_of_a_table() {
    let fault = |name| faults::find(Role::Client, name).expect("the table contains it");
    assert_eq!(format!("{:16}|", Verdict::NoReason), "no reason given |");
    assert_eq!(format!("{:14}|", Verdict::LeftOpen), "TCP left open |");
    for (verdict, words) in [
        (Verdict::AsExpected, "as expected"),
        (Verdict::OtherCode, "other code"),
        (Verdict::Tolerated, "tolerated"),
        (Verdict::NoAnswer, "no answer"),
    ] {
        assert_eq!(verdict.to_string(), words);
    }
    assert_eq!(format!("{:7}|", fault("unmasked-frame").level), "MUST   |");
    assert_eq!(fault("overlong-length-16").level.to_string(), "SHOULD");
    assert_eq!(fault("frame-too-big").level.to_string(), "MAY");
    assert_eq!(format!("{:11}|", fault("unmasked-frame").expected), "Close 1002 |");
    assert_eq!(fault("data-after-close").expected.to_string(), "Close 1000 only");
    assert_eq!(fault("key-missing").expected.to_string(), "HTTP 4xx");
    assert_eq!(fault("upgrade-missing").expected.to_string(), "HTTP, but not 101");
    assert_eq!(fault("version-unknown").expected.to_string(), "HTTP 4xx, lists 13");
    let by_a_server = faults::find(Role::Server, "accept-wrong").expect("the table contains it");
    assert_eq!(by_a_server.expected.to_string(), "TCP closed");
}

#[test]
fn observations_are_summarized_in_a_few_words() {
    let summary = |name, bytes: &[u8], ends| {
        let mut evaluator = evaluator(Role::Client, name);
        evaluator.receive(bytes);
        if ends {
            evaluator.record(&Reaction::Eof);
        }
        evaluator.evaluate().observations().to_string()
    };
    assert_eq!(summary("unmasked-frame", CLOSE_1002, true), "Close 1002, TCP closed");
    assert_eq!(summary("unmasked-frame", CLOSE_1002, false), "Close 1002");
    assert_eq!(summary("unmasked-frame", CLOSE_EMPTY, true), "Close, no code, TCP closed");
    assert_eq!(summary("unmasked-frame", &[ECHO, PONG].concat(), false), "echo, Pong");
    assert_eq!(summary("unmasked-frame", b"", true), "TCP closed");
    assert_eq!(summary("unmasked-frame", b"", false), "nothing");
    assert_eq!(summary("key-missing", b"HTTP/1.1 400 Bad Request\r\n\r\n", true), "HTTP 400");
}

proptest! {
    /// Any bytes lead to a verdict, and the verdict does not depend on how they are split.
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

/// Generates parts of answers in any order, with random bytes between them.
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
