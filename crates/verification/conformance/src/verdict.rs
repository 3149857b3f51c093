//! The suite's verdicts.

use std::{collections::BTreeMap, fmt, fs, path::Path, str::FromStr};

use serde::Deserialize;

use crate::case_id::CaseId;

/// A verdict of the suite. The variants are in order from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaseVerdict {
    /// Correct.
    Ok,
    /// Allowed, but not ideal. For example, invalid UTF-8 was noticed only at the end of a message.
    NonStrict,
    /// The suite does not rate this case. It only shows what happened.
    Informational,
    /// An extension that the case needs was not negotiated.
    Unimplemented,
    /// The connection was closed with an unsuitable close code.
    WrongCode,
    /// The closing handshake was incomplete, or the TCP connection was not closed.
    Unclean,
    /// The suite's client had to close the TCP connection, although the server should have closed
    /// it first.
    FailedByClient,
    /// Incorrect.
    Failed,
    /// Not rated, because the run ended too early or the connection could not be opened.
    Missing,
}

impl CaseVerdict {
    const WORDS: [(Self, &str); 9] = [
        (Self::Ok, "OK"),
        (Self::NonStrict, "NON-STRICT"),
        (Self::Informational, "INFORMATIONAL"),
        (Self::Unimplemented, "UNIMPLEMENTED"),
        (Self::WrongCode, "WRONG CODE"),
        (Self::Unclean, "UNCLEAN"),
        (Self::FailedByClient, "FAILED BY CLIENT"),
        (Self::Failed, "FAILED"),
        (Self::Missing, "MISSING"),
    ];
}

impl fmt::Display for CaseVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(Self::WORDS[*self as usize].1)
    }
}

impl FromStr for CaseVerdict {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::WORDS.into_iter().find(|(_, word)| *word == text);
        known.map(|(verdict, _)| verdict).ok_or_else(|| format!("the suite's verdict {text:?} is unknown"))
    }
}

/// The two verdicts on a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseResult {
    /// The verdict on the frames. The suite calls it *behavior*.
    pub behavior: CaseVerdict,
    /// The verdict on how the connection ended. The suite calls it *behaviorClose*.
    pub close: CaseVerdict,
}

impl CaseResult {
    /// The result of a case that was not rated.
    pub const MISSING: Self = Self { behavior: CaseVerdict::Missing, close: CaseVerdict::Missing };
}

impl fmt::Display for CaseResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, closing {}", self.behavior, self.close)
    }
}

/// The results of a run, by case.
pub type CaseResults = BTreeMap<CaseId, CaseResult>;

/// Reads the suite's `index.json`. An expected case that is not in the file gets the result
/// [`CaseResult::MISSING`].
///
/// If the file does not exist, every expected case gets the result [`CaseResult::MISSING`].
///
/// # Errors
/// Fails if the file cannot be read, or if it contains an unknown verdict.
pub fn read(file: &Path, agent: &str, expected: &[CaseId]) -> Result<CaseResults, String> {
    #[derive(Deserialize)]
    struct IndexEntry {
        behavior: String,
        #[serde(rename = "behaviorClose")]
        behavior_close: String,
    }
    let mut results: CaseResults = expected.iter().map(|case| (case.clone(), CaseResult::MISSING)).collect();
    let problem = |error: &dyn fmt::Display| format!("{}: {error}", file.display());
    let text = match fs::read(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(results),
        text => text.map_err(|error| problem(&error))?,
    };
    let mut agents: BTreeMap<String, BTreeMap<String, IndexEntry>> =
        serde_json::from_slice(&text).map_err(|error| problem(&error))?;
    for (case, entry) in agents.remove(agent).unwrap_or_default() {
        let result = CaseResult { behavior: entry.behavior.parse()?, close: entry.behavior_close.parse()? };
        results.insert(case.parse()?, result);
    }
    Ok(results)
}
