//! Tests of the judge with servers and clients, each of which makes one mistake.

mod clients;
mod servers;
mod wrong_peer;

use std::time::Duration;

use laboratory::grade::StageResult;

/// Enough time for an answer over the loopback interface, even on a busy machine. A program that
/// never answers costs this much time for each check in a stage.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// The number of programs that are judged at the same time. They mostly wait.
const AT_ONCE: usize = 16;

/// Returns the name of each failed check in a stage, and the judge's explanation for it.
fn explanations(result: &StageResult) -> Vec<String> {
    result.checks.iter().filter_map(|check| Some(format!("{}: {}", check.name, check.explanation()?))).collect()
}

/// Compares the judge's findings with the stage, the check and the sentence that are expected for
/// the mistake. Returns a description of the difference, or `None` if all three agree.
fn complaint(
    mistake: wrong_peer::Mistake,
    found: Option<(u8, Vec<String>)>,
    stage: u8,
    check: &str,
    sentence: &str,
) -> Option<String> {
    let Some((failed, explanations)) = found else { return Some(format!("{mistake:?} passes all stages")) };
    let named = explanations.iter().any(|said| said.starts_with(&format!("{check}: ")) && said.contains(sentence));
    (failed != stage || !named).then(|| {
        format!(
            "{mistake:?}: expected {check} in stage {stage} with {sentence:?}, but in stage {failed}: {explanations:#?}"
        )
    })
}
