//! Tests of the judge with servers and clients, each of which makes one mistake.

mod clients;
mod servers;
mod wrong_peer;

use std::time::Duration;

use laboratory::grade::StageResult;

/// Enough time for an answer over the loopback interface, even on a busy machine. A program that
/// answers nothing costs this time for each check of a stage.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// The number of programs that are judged at the same time. They mostly wait.
const AT_ONCE: usize = 16;

/// Returns the name of each failed check of a stage, and what the judge says about it.
fn explanations(result: &StageResult) -> Vec<String> {
    result.checks.iter().filter_map(|check| Some(format!("{}: {}", check.name, check.explanation()?))).collect()
}

/// Compares what the judge has found with the stage, the check and the sentence in which it must
/// find the mistake. Returns what is wrong, or `None` if all three agree.
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
