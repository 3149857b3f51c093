//! Represents the results of the judge.

use super::{check::CheckRef, recorder::Recording, stage::Stage, symptom::Failure};

/// The results of the checks of one stage.
#[derive(Debug, Clone)]
pub struct StageResult {
    /// The stage.
    pub stage: &'static Stage,
    /// The results in the order of the checks.
    pub checks: Vec<CheckResult>,
}

impl StageResult {
    /// Returns how many checks the program has passed.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.checks.iter().filter(|check| check.failed.is_none()).count()
    }

    /// Returns whether the program has passed all checks.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.passed() == self.checks.len()
    }
}

/// The result of one check.
#[derive(Debug, Clone)]
pub struct CheckResult {
    /// The name of the check or of the fault.
    pub name: &'static str,
    /// What the judge does, as the beginning of a sentence.
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
