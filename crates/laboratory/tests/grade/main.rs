//! Tests of the judge with servers and clients of which each makes one mistake.

mod clients;
mod servers;
mod wrong_peer;

use laboratory::grade::StageResult;

/// Returns the name of each failed check of a stage, and what the judge says about it.
fn explanations(result: &StageResult) -> Vec<String> {
    result.checks.iter().filter_map(|check| Some(format!("{}: {}", check.name, check.explanation()?))).collect()
}
