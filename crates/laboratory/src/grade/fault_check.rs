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

/// The stage from which on a broken rule must be answered with a Close. A program of an earlier
/// stage does not know the Close yet, and may just end TCP.
pub(crate) const CLOSE_STAGE: u8 = 9;

/// The stage from which on a Close, if there is one, must have the right code.
const CODE_STAGE: u8 = 8;

/// Advice on a program that takes a broken rule for a message.
const ANSWERED: &str = "A frame that breaks a rule is no message, and neither is what follows it. End the connection at \
                        that frame, before you send anything back.";

/// Advice on a server that waits for an answer to its Close.
const WAITED: &str = "After a broken rule, do not wait for the client's Close. Send your own, and end your direction of \
                      TCP at once.";

/// Checks the reaction of a program with this role. `received` is everything that it has sent.
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

/// Checks that a program that has ended the connection has sent nothing before the end except the
/// echo of a valid message, and nothing after its Close.
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
            let ended = if observed.tcp_end.is_some() { " and ended TCP" } else { "" };
            let sentence = format!("instead of {expected}, {name} sent {what}{ended}");
            return Err(Failure::new(symptom, sentence).with_advice(advice));
        }
        (Verdict::NoReason, _) => (Symptom::Ended, format!("{name} ended TCP instead of {expected}")),
        (Verdict::OtherCode, _) => {
            (Symptom::OtherCode, format!("{name} answered with {observed}, instead of {expected}"))
        }
        (Verdict::LeftOpen, _) => {
            let time = seconds(answer_timeout);
            let sentence = format!("{name} sent {observed}, but did not end TCP within {time}");
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

/// Returns whether the peer's Close has the right code with its bytes in the wrong order.
fn has_swapped_code(evaluation: &Evaluation) -> bool {
    let Expectation::FailConnection(codes) = evaluation.fault().expected else { return false };
    let close = evaluation.observations().close.as_ref();
    close.is_some_and(|close| codes.iter().any(|&expected| is_swapped(close.code, expected)))
}

/// What a program has sent, although that is no reaction to the fault.
enum Answer {
    /// Nothing.
    Nothing,
    /// Bytes that are no valid frame.
    Wrong(Diagnosis),
    /// A valid frame.
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
        Expectation::AbortHandshake => "ending TCP".to_owned(),
    }
}

/// Returns the faults of the stages before the one in which a Close is due.
pub(crate) fn of_earlier_stages(stage: fn(&'static Fault) -> Option<u8>) -> impl Iterator<Item = &'static Fault> {
    all_faults().filter(move |fault| {
        stage(fault).is_some_and(|stage| stage < CLOSE_STAGE)
            && matches!(fault.expected, Expectation::FailConnection(_))
    })
}

/// Returns a failure whose sentence names the fault, because the check consists of many faults.
pub(crate) fn name_fault(fault: &Fault, Failure { symptom, sentence, advice }: Failure) -> Failure {
    let sentence = format!("{}: {sentence}", fault.description.trim_end_matches('.'));
    Failure { symptom, sentence, advice }
}
