//! Decides whether the reaction to a fault is good enough for a stage.

use std::time::Duration;

use protocol::{
    Role,
    frame::{FrameHeader, Opcode, apply_mask},
};

use super::{
    checks::all_faults,
    head_diagnosis::head_length,
    header_diagnosis::{self, Diagnosis},
    peer::{AFTER_CLOSE, REASON, SWAPPED_CODE, is_swapped},
    symptom::{Failure, Symptom},
    variants::VALID_MESSAGE,
    words::{quote, seconds},
};
use crate::{
    evaluator::Evaluation,
    fault::{Expectation, Fault, RejectionStatus},
    verdict::Verdict,
};

/// The first stage in which a program must answer a broken rule with a Close. In earlier stages, a
/// program need not support Close frames, and may end the TCP connection instead.
pub(crate) const CLOSE_STAGE: u8 = 9;

/// The first stage in which a Close, if there is one, must have the right code.
const CODE_STAGE: u8 = 8;

/// Advice for a program that treats a frame as a message although the frame breaks a rule.
const ANSWERED: &str = "A frame that breaks a rule is not a message, and neither is what follows it. End the connection \
                        at that frame, before you send anything back.";

/// Advice for a server that waits for an answer to its Close.
const WAITED: &str = "After a broken rule, do not wait for the client's Close. Send your own, and end your direction of \
                      TCP at once.";

/// Checks how a program with this role reacted to a fault. `received` is everything that it has
/// sent.
pub(crate) fn check(
    evaluation: &Evaluation,
    stage: u8,
    role: Role,
    received: &[u8],
    answer_timeout: Duration,
) -> Result<(), Failure> {
    check_verdict(evaluation, stage, role, received, answer_timeout)?;
    if evaluation.fault().is_in_handshake() { Ok(()) } else { check_frames(stage, role, received) }
}

/// Checks the frames from a program that has ended the connection. The only message allowed among
/// them is the echo of [`VALID_MESSAGE`]. From [`CLOSE_STAGE`] on, the reason in the program's
/// Close must be UTF-8, and no frame may follow the Close.
fn check_frames(stage: u8, role: Role, received: &[u8]) -> Result<(), Failure> {
    let name = name(role);
    let mut frames = &received[head_length(received).unwrap_or(received.len())..];
    let mut has_closed = false;
    while let Ok(Some((header, length))) = FrameHeader::parse(frames) {
        let end = usize::try_from(header.payload_length).map_or(usize::MAX, |payload| length.saturating_add(payload));
        let mut payload = frames.get(length..end).unwrap_or_default().to_vec();
        if let Some(key) = header.masking_key {
            apply_mask(&mut payload, key);
        }
        let opcode = header.opcode;
        if has_closed && stage >= CLOSE_STAGE {
            let sentence = format!("{name} sent a {opcode:?} after its Close");
            return Err(Failure::new(Symptom::Unexpected, sentence).with_advice(Some(AFTER_CLOSE)));
        }
        match opcode {
            Opcode::Continuation | Opcode::Text | Opcode::Binary if payload != VALID_MESSAGE => {
                let quoted = quote(&payload);
                let sentence = format!("{name} ended the connection, but sent the message {quoted} before");
                return Err(Failure::new(Symptom::Tolerated, sentence).with_advice(Some(ANSWERED)));
            }
            Opcode::Close => {
                has_closed = true;
                let reason = payload.get(2..).unwrap_or_default();
                if stage >= CLOSE_STAGE && str::from_utf8(reason).is_err() {
                    let sentence = format!("the reason in the Close of {name} is not UTF-8: {}", quote(reason));
                    return Err(Failure::new(Symptom::OtherPayload, sentence).with_advice(Some(REASON)));
                }
            }
            _ => {}
        }
        frames = frames.get(end..).unwrap_or_default();
    }
    Ok(())
}

const fn name(role: Role) -> &'static str {
    match role {
        Role::Server => "the server",
        Role::Client => "the client",
    }
}

fn check_verdict(
    evaluation: &Evaluation,
    stage: u8,
    role: Role,
    received: &[u8],
    answer_timeout: Duration,
) -> Result<(), Failure> {
    let name = name(role);
    let Fault { expected, .. } = evaluation.fault();
    let observed = evaluation.observations();
    let fails_connection = matches!(expected, Expectation::FailConnection(_));
    let lenient = stage < CLOSE_STAGE && fails_connection;
    let expected = match evaluation.verdict() {
        Verdict::Tolerated | Verdict::NoAnswer if lenient => "ending the connection".to_owned(),
        _ => describe(*expected),
    };
    let answer = if evaluation.fault().is_in_handshake() { Answer::Nothing } else { Answer::read(received, role) };
    let (symptom, sentence) = match (evaluation.verdict(), answer) {
        (Verdict::AsExpected, _) => return Ok(()),
        (Verdict::NoReason, _) if lenient => return Ok(()),
        (Verdict::OtherCode, _) if lenient && stage < CODE_STAGE => return Ok(()),
        (Verdict::OtherCode, _) if has_swapped_code(evaluation) => {
            let sentence = format!("{name} answered with {observed}, instead of {expected}");
            return Err(Failure::new(Symptom::OtherCode, sentence).with_advice(Some(SWAPPED_CODE)));
        }
        (Verdict::NoReason | Verdict::NoAnswer, Answer::Wrong(Diagnosis { symptom, what, advice })) => {
            let ended = if observed.tcp_end.is_some() { " and ended the TCP connection" } else { "" };
            let sentence = format!("instead of {expected}, {name} sent {what}{ended}");
            return Err(Failure::new(symptom, sentence).with_advice(advice));
        }
        (Verdict::NoReason, _) => (Symptom::Ended, format!("{name} ended the TCP connection instead of {expected}")),
        (Verdict::OtherCode, _) => {
            (Symptom::OtherCode, format!("{name} answered with {observed}, instead of {expected}"))
        }
        (Verdict::LeftOpen, _) => {
            let time = seconds(answer_timeout);
            let sentence = format!("{name} sent {observed}, but did not end the TCP connection within {time}");
            let advice = (role == Role::Server && fails_connection).then_some(WAITED);
            return Err(Failure::new(Symptom::LeftOpen, sentence).with_advice(advice));
        }
        (Verdict::Tolerated, _) => {
            (Symptom::Tolerated, format!("{name} accepted it ({observed}) instead of {expected}"))
        }
        (Verdict::NoAnswer, Answer::Frame(opcode, length)) => {
            let sentence = format!("{name} answered with a {opcode:?} frame of {length} bytes instead of {expected}");
            (Symptom::Tolerated, sentence)
        }
        (Verdict::NoAnswer, _) => {
            let time = seconds(answer_timeout);
            (Symptom::NoAnswer, format!("{name} did nothing within {time} instead of {expected}"))
        }
    };
    Err(Failure::new(symptom, sentence))
}

/// Returns `true` if the peer's Close has the right code, but with its two bytes swapped.
fn has_swapped_code(evaluation: &Evaluation) -> bool {
    let Expectation::FailConnection(codes) = evaluation.fault().expected else { return false };
    let close = evaluation.observations().close.as_ref();
    close.is_some_and(|close| codes.iter().any(|&expected| is_swapped(close.code, expected)))
}

/// What a program has sent in place of the expected reaction to the fault.
enum Answer {
    /// Nothing.
    Nothing,
    /// Bytes that are not a valid frame.
    Wrong(Diagnosis),
    /// The opcode and the payload length of the first valid frame that is not a Ping.
    Frame(Opcode, u64),
}

impl Answer {
    /// Reads the frames that an endpoint with the role `sender` has sent.
    fn read(received: &[u8], sender: Role) -> Self {
        let mut frames = &received[head_length(received).unwrap_or(received.len())..];
        let mut first = Self::Nothing;
        loop {
            if let Some(diagnosis) = header_diagnosis::diagnose(frames, sender, None) {
                return Self::Wrong(diagnosis);
            }
            let Ok(Some((header, length))) = FrameHeader::parse(frames) else { return first };
            if matches!(first, Self::Nothing) && header.opcode != Opcode::Ping {
                first = Self::Frame(header.opcode, header.payload_length);
            }
            let end =
                usize::try_from(header.payload_length).map_or(usize::MAX, |payload| length.saturating_add(payload));
            frames = frames.get(end..).unwrap_or_default();
        }
    }
}

fn describe(expected: Expectation) -> String {
    match expected {
        Expectation::FailConnection(_) => format!("sending a {expected}"),
        Expectation::AnswerClose => "answering the Close and nothing more".to_owned(),
        Expectation::RejectRequest(RejectionStatus::ErrorListingVersion) => {
            "a response HTTP 4xx with the header Sec-WebSocket-Version: 13".to_owned()
        }
        Expectation::RejectRequest(_) => format!("a response {expected}"),
        Expectation::AbortHandshake => "ending the TCP connection".to_owned(),
    }
}

/// Returns the faults from the stages before [`CLOSE_STAGE`] that require a program to fail the
/// connection.
pub(crate) fn of_earlier_stages(stage: fn(&'static Fault) -> Option<u8>) -> impl Iterator<Item = &'static Fault> {
    all_faults().filter(move |fault| {
        stage(fault).is_some_and(|stage| stage < CLOSE_STAGE)
            && matches!(fault.expected, Expectation::FailConnection(_))
    })
}

/// Adds the fault's description to a failure, to show which of the check's many faults caused it.
pub(crate) fn name_fault(fault: &Fault, failure: Failure) -> Failure {
    failure.named(fault.description.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{evaluator::Evaluator, faults, reaction::Reaction};

    const CLOSE_1002: &[u8] = b"\x88\x02\x03\xea";
    const CLOSE_1007: &[u8] = b"\x88\x02\x03\xef";
    const PONG: &[u8] = b"\x8a\x0cstill there?";
    const ECHO: &[u8] = b"\x81\x05Hello";

    /// Returns the failure that the judge reports for a program with this role. After a valid
    /// handshake, the program answers the fault `name` with `frames`. If `ends` is `true`, it then
    /// ends the TCP connection.
    fn failure(role: Role, name: &str, stage: u8, frames: &[u8], ends: bool) -> Option<Failure> {
        let sender = if role == Role::Server { Role::Client } else { Role::Server };
        let fault = faults::find(sender, name).expect("the table contains it");
        let mut evaluator = Evaluator::new(fault, None);
        evaluator.receive(frames);
        if ends {
            evaluator.record(&Reaction::Eof);
        }
        let received = [b"HTTP/1.1 101 Switching Protocols\r\n\r\n", frames].concat();
        check(&evaluator.evaluate(), stage, role, &received, Duration::from_secs(1)).err()
    }

    #[track_caller]
    fn assert_server(name: &str, stage: u8, frames: &[u8], ends: bool, sentence: &str) {
        let failure = failure(Role::Server, name, stage, frames, ends);
        assert_eq!(failure.map_or(String::new(), |failure| failure.sentence), sentence, "{name} in stage {stage}");
    }

    #[test]
    fn a_close_is_due_from_its_stage_on_and_the_code_one_stage_earlier() {
        const LATE: &str = "the server ended the TCP connection instead of sending a Close 1002";
        const OTHER: &str = "the server answered with Close 1007, TCP closed, instead of sending a Close 1002";
        for (stage, nothing, other) in [(7, "", ""), (8, "", OTHER), (9, LATE, OTHER)] {
            assert_server("unmasked-frame", stage, CLOSE_1002, true, "");
            assert_server("unmasked-frame", stage, b"", true, nothing);
            assert_server("unmasked-frame", stage, CLOSE_1007, true, other);
        }
        // This fault must be answered with a Close in every stage, because the judge sends it only
        // to programs that already support Close frames.
        let sentence = "the server ended the TCP connection instead of answering the Close and nothing more";
        assert_server("data-after-close", 8, b"", true, sentence);
    }

    #[test]
    fn the_sentence_says_what_was_expected_in_this_stage() {
        for (stage, expected) in [(8, "ending the connection"), (9, "sending a Close 1002")] {
            let instead = |what: &str| format!("the server {what} instead of {expected}");
            assert_server("unmasked-frame", stage, PONG, false, &instead("accepted it (Pong)"));
            assert_server("unmasked-frame", stage, b"", false, &instead("did nothing within 1 s"));
        }
    }

    #[test]
    fn the_first_frame_that_is_no_ping_is_named() {
        for (frames, frame) in [
            (&b"\x81\x04push"[..], "Text frame of 4 bytes"),
            (b"\x89\x00\x82\x02ab\x81\x04push", "Binary frame of 2 bytes"),
        ] {
            let sentence = format!("the server answered with a {frame} instead of ending the connection");
            assert_server("unmasked-frame", 3, frames, false, &sentence);
        }
        assert_server(
            "unmasked-frame",
            3,
            b"\x89\x00",
            false,
            "the server did nothing within 1 s instead of ending the connection",
        );
    }

    #[test]
    fn bytes_that_are_no_frame_are_diagnosed_wherever_they_are() {
        let wrong = b"\x81\x04push\x83\x00";
        for ends in [false, true] {
            let failure = failure(Role::Server, "unmasked-frame", 9, wrong, ends).expect("a failure");
            let begin = "instead of sending a Close 1002, the server sent a frame that breaks a rule";
            assert!(failure.sentence.starts_with(begin), "{failure:?}");
            assert_eq!(failure.sentence.ends_with(" and ended the TCP connection"), ends, "{failure:?}");
        }
        // After a fault in the handshake, the connection is not open, so no bytes count as frames.
        let sentence = "the server did nothing within 1 s instead of a response HTTP 4xx";
        assert_server("key-missing", 2, wrong, false, sentence);
    }

    #[test]
    fn a_close_code_in_the_wrong_order_has_its_own_advice() {
        let swapped = failure(Role::Server, "unmasked-frame", 9, b"\x88\x02\xea\x03", true).expect("a failure");
        assert_eq!((swapped.symptom, swapped.advice), (Symptom::OtherCode, Some(SWAPPED_CODE)));
        let other = failure(Role::Server, "unmasked-frame", 9, CLOSE_1007, true).expect("a failure");
        assert_eq!((other.symptom, other.advice), (Symptom::OtherCode, None));
    }

    #[test]
    fn only_a_server_that_must_fail_the_connection_is_told_not_to_wait() {
        let sentence = "the server sent Close 1002, but did not end the TCP connection within 1 s";
        assert_server("unmasked-frame", 9, CLOSE_1002, false, sentence);
        let advice = |role, name, frames: &[u8]| failure(role, name, 9, frames, false).expect("a failure").advice;
        assert_eq!(advice(Role::Server, "unmasked-frame", CLOSE_1002), Some(WAITED));
        assert_eq!(advice(Role::Server, "data-after-close", b"\x88\x02\x03\xe8"), None);
        assert_eq!(advice(Role::Client, "masked-frame", b"\x88\x82\0\0\0\0\x03\xea"), None);
    }

    #[test]
    fn a_status_that_is_no_rejection_is_compared_with_what_the_fault_needs() {
        let answer = b"HTTP/1.1 200 OK\r\n\r\n";
        let instead = |what: &str| format!("the server answered with HTTP 200, instead of a response {what}");
        assert_server("key-missing", 2, answer, false, &instead("HTTP 4xx"));
        assert_server(
            "version-unknown",
            2,
            answer,
            false,
            &instead("HTTP 4xx with the header Sec-WebSocket-Version: 13"),
        );
    }

    #[test]
    fn nothing_follows_a_close_once_it_is_due() {
        let followed = [CLOSE_1002, b"\x81\x06before"].concat();
        assert_server("unmasked-frame", 8, &followed, true, "");
        assert_server("unmasked-frame", 9, &followed, true, "the server sent a Text after its Close");
    }

    #[test]
    fn only_the_valid_message_and_control_frames_may_come_before_the_end() {
        let sentence = "the server ended the connection, but sent the message \"Hello\" before";
        for stage in [3, 9] {
            assert_server("unmasked-frame", stage, &[ECHO, CLOSE_1002].concat(), true, sentence);
            assert_server("unmasked-frame", stage, &[b"\x81\x06before", CLOSE_1002].concat(), true, "");
            assert_server("unmasked-frame", stage, &[b"\x89\x04ping", CLOSE_1002].concat(), true, "");
        }
        let masked = b"\x81\x85\x01\x01\x01\x01Idmmn\x88\x82\0\0\0\0\x03\xea";
        let failure = failure(Role::Client, "masked-frame", 9, masked, true).expect("a failure");
        assert_eq!(failure.sentence, sentence.replace("server", "client"));
    }

    #[test]
    fn a_client_that_ends_tcp_after_an_invalid_response_is_right_whatever_it_sent() {
        assert_eq!(failure(Role::Client, "accept-wrong", 2, b"\x81\x85\0\0\0\0Hello", true), None);
        let failure = failure(Role::Client, "accept-wrong", 2, b"", false).expect("a failure");
        assert_eq!(failure.sentence, "the client did nothing within 1 s instead of ending the TCP connection");
    }

    #[test]
    fn the_reason_of_a_close_is_utf_8_once_the_close_is_due() {
        let close = b"\x88\x03\x03\xea\xff";
        assert_server("unmasked-frame", 8, close, true, "");
        assert_server("unmasked-frame", 9, close, true, "the reason in the Close of the server is not UTF-8: ff");
    }
}
