//! Represents the results of the judge.

use super::{
    check::CheckRef,
    recorder::Recording,
    stage::Stage,
    symptom::{Failure, Symptom},
};

/// The sentence that reports a crashed server.
const CRASHED: &str = "the server no longer listens, so it has probably crashed";

/// Advice on what to do about a crashed server.
const CRASHED_ADVICE: &str = "Look at the output of your program. Several checks run at the same time, so another one \
                              may have made it crash.";

/// The results of the checks of one stage.
#[derive(Debug, Clone)]
pub struct StageResult {
    /// The stage.
    pub stage: &'static Stage,
    /// The results in the order of the checks.
    pub checks: Vec<CheckResult>,
    /// The name of the check during which the server probably crashed, or `None` if no crash was
    /// noticed.
    pub crashed_in: Option<&'static str>,
}

impl StageResult {
    /// Returns how many checks the program has passed.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.checks.iter().filter(|check| check.failed.is_none()).count()
    }

    /// Returns the failed check to explain first.
    #[must_use]
    pub fn headline(&self) -> Option<&CheckResult> {
        let mut failed = self.checks.iter().filter(|check| check.failed.is_some());
        match self.crashed_in {
            Some(name) => failed.find(|check| check.name == name),
            None => failed.next(),
        }
    }

    /// Reports the server's crash as the main failure, because most other failures follow from it.
    /// A crash also ends all connections, so a check that expects the end of a TCP connection may
    /// have passed by accident.
    pub(crate) fn blame_crash(&mut self) {
        for failed in self.checks.iter_mut().filter_map(|check| check.failed.as_mut()) {
            failed.advice = Some(CRASHED_ADVICE);
        }
        // A check that could not even connect cannot have made the server crash.
        let connected = |check: &CheckResult| {
            check.failed.as_ref().is_some_and(|failed| failed.failure.symptom != Symptom::NotConnected)
        };
        let first = self.checks.iter().position(connected);
        let first = first.or_else(|| self.checks.iter().position(|check| check.failed.is_some()));
        let last = self.checks.len().saturating_sub(1);
        let Some(blamed) = self.checks.get_mut(first.unwrap_or(last)) else { return };
        self.crashed_in = Some(blamed.name);
        let failure = |sentence| Failure::new(Symptom::Crashed, sentence);
        match &mut blamed.failed {
            Some(failed) => failed.failure = failure(format!("{CRASHED} ({})", failed.failure.sentence)),
            failed @ None => {
                let (advice, recording) = (Some(CRASHED_ADVICE), Recording::default());
                *failed = Some(FailedCheck { failure: failure(CRASHED.to_owned()), advice, recording });
            }
        }
    }

    /// Returns `true` if the program has passed all checks.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.passed() == self.checks.len()
    }
}

/// The result of one check.
#[derive(Debug, Clone)]
pub struct CheckResult {
    /// The name of the check or of the fault.
    pub name: &'static str,
    /// The subject of the check, as a phrase such as `A text of 5 bytes`.
    pub title: &'static str,
    /// The failure, or `None` if the program has passed.
    pub failed: Option<FailedCheck>,
}

/// A failed check, with everything that helps to find the mistake.
#[derive(Debug, Clone)]
pub struct FailedCheck {
    /// The symptom, and a sentence on what was expected and what happened.
    pub failure: Failure,
    /// Advice on the likely mistake.
    pub advice: Option<&'static str>,
    /// The bytes of the connection.
    pub recording: Recording,
}

impl CheckResult {
    pub(crate) fn new(check: CheckRef, result: Result<(), Failure>, recording: Recording) -> Self {
        let failed = result.err().map(|failure| FailedCheck {
            advice: failure.advice.or_else(|| check.advice(failure.symptom)),
            failure,
            recording,
        });
        Self { name: check.name(), title: check.title(), failed }
    }

    /// Returns what is wrong and what to do about it, in whole sentences, or `None` if the program
    /// has passed.
    #[must_use]
    pub fn explanation(&self) -> Option<String> {
        let failed = self.failed.as_ref()?;
        let mut sentences = format!("{}: {}.", self.title, failed.failure.sentence.trim_end_matches('.'));
        if let Some(advice) = failed.advice {
            sentences.push(' ');
            sentences.push_str(advice);
        }
        Some(sentences)
    }
}
