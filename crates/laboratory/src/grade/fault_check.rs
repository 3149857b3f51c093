//! Decides whether the reaction to a fault is good enough for a stage.

use std::time::Duration;

use protocol::{
    Role,
    frame::{FrameHeader, Opcode},
};

use super::{
    head_diagnosis::head_length,
    header_diagnosis::{self, Diagnosis},
    peer::{SWAPPED_CODE, is_swapped, seconds},
    symptom::{Failure, Symptom},
};
use crate::{
    evaluator::Evaluation,
    fault::{Expectation, Fault, RejectionStatus},
    faults,
    verdict::Verdict,
};

/// The stage from which on a broken rule must be answered with a Close. A program of an earlier
/// stage does not know the Close yet, and may just end TCP.
pub(crate) const CLOSE_STAGE: u8 = 9;

/// The stage from which on a Close, if there is one, must have the right code.
const CODE_STAGE: u8 = 8;

/// Checks the reaction of a program with this role. `received` is everything that it has sent.
pub(crate) fn check(
    evaluation: &Evaluation,
    stage: u8,
    role: Role,
    received: &[u8],
    answer_timeout: Duration,
) -> Result<(), Failure> {
    let name = match role {
        Role::Server => "the server",
        Role::Client => "the client",
    };
    let Fault { expected, .. } = evaluation.fault();
    let observed = evaluation.observations();
    let lenient = stage < CLOSE_STAGE && matches!(expected, Expectation::FailConnection(_));
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
            let sentence = format!("{name} answered with {observed} instead of {expected}");
            return Err(Failure::new(Symptom::OtherCode, sentence).with_advice(Some(SWAPPED_CODE)));
        }
        (Verdict::NoReason | Verdict::NoAnswer, Answer::Wrong(Diagnosis { symptom, what, advice })) => {
            let ended = if observed.tcp_end.is_some() { " and ended TCP" } else { "" };
            let sentence = format!("instead of {expected}, {name} sent {what}{ended}");
            return Err(Failure::new(symptom, sentence).with_advice(advice));
        }
        (Verdict::NoReason, _) => (Symptom::Ended, format!("{name} ended TCP instead of {expected}")),
        (Verdict::OtherCode, _) => {
            (Symptom::OtherCode, format!("{name} answered with {observed} instead of {expected}"))
        }
        (Verdict::LeftOpen, _) => {
            let time = seconds(answer_timeout);
            (Symptom::LeftOpen, format!("{name} sent {observed}, but did not end TCP within {time}"))
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
    faults::all().filter(move |fault| {
        stage(fault).is_some_and(|stage| stage < CLOSE_STAGE)
            && matches!(fault.expected, Expectation::FailConnection(_))
    })
}

/// Returns a failure whose sentence names the fault, because the check consists of many faults.
pub(crate) fn name_fault(fault: &Fault, Failure { symptom, sentence, advice }: Failure) -> Failure {
    let sentence = format!("{}: {sentence}", fault.description.trim_end_matches('.'));
    Failure { symptom, sentence, advice }
}
