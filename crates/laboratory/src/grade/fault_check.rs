//! Decides whether the reaction to a fault is good enough for a stage.

use std::time::Duration;

use super::{
    peer::seconds,
    symptom::{Failure, Symptom},
};
use crate::{
    evaluator::Evaluation,
    fault::{Expectation, Fault},
    faults,
    verdict::Verdict,
};

/// The stage from which on a broken rule must be answered with a Close. A program of an earlier
/// stage does not know the Close yet, and may just end TCP.
pub(crate) const CLOSE_STAGE: u8 = 9;

/// The stage from which on a Close, if there is one, must have the right code.
const CODE_STAGE: u8 = 8;

/// Checks the reaction of `name`, which is "the server" or "the client".
pub(crate) fn check(evaluation: &Evaluation, stage: u8, name: &str, answer_timeout: Duration) -> Result<(), Failure> {
    let Fault { expected, .. } = evaluation.fault();
    let observed = evaluation.observations();
    let lenient = stage < CLOSE_STAGE && matches!(expected, Expectation::FailConnection(_));
    let expected = match evaluation.verdict() {
        Verdict::Tolerated | Verdict::NoAnswer if lenient => "ending the connection".to_owned(),
        _ => describe(*expected),
    };
    let (symptom, sentence) = match evaluation.verdict() {
        Verdict::AsExpected => return Ok(()),
        Verdict::NoReason if lenient => return Ok(()),
        Verdict::OtherCode if lenient && stage < CODE_STAGE => return Ok(()),
        Verdict::NoReason => (Symptom::Ended, format!("{name} ended TCP instead of {expected}")),
        Verdict::OtherCode => (Symptom::OtherCode, format!("{name} answered with {observed} instead of {expected}")),
        Verdict::LeftOpen => {
            let time = seconds(answer_timeout);
            (Symptom::LeftOpen, format!("{name} sent {observed}, but did not end TCP within {time}"))
        }
        Verdict::Tolerated => (Symptom::Tolerated, format!("{name} accepted it ({observed}) instead of {expected}")),
        Verdict::NoAnswer => {
            let time = seconds(answer_timeout);
            (Symptom::NoAnswer, format!("{name} did nothing within {time} instead of {expected}"))
        }
    };
    Err(Failure::new(symptom, sentence))
}

fn describe(expected: Expectation) -> String {
    match expected {
        Expectation::FailConnection(_) => format!("sending a {expected}"),
        Expectation::AnswerClose => "answering the Close and nothing more".to_owned(),
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
pub(crate) fn name_fault(fault: &Fault, Failure { symptom, sentence }: Failure) -> Failure {
    Failure::new(symptom, format!("{}: {sentence}", fault.description.trim_end_matches('.')))
}
