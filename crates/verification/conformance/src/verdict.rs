//! What the suite says about a case.

use std::{collections::BTreeMap, fmt, fs, path::Path, str::FromStr};

use serde::Deserialize;

use crate::case::Case;

/// The suite's words, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Allowed, but not the best: invalid UTF-8 noticed only at the end of a message, for example.
    NonStrict,
    /// The suite does not judge this case; it only shows what happened.
    Informational,
    /// An extension that the case needs was not agreed on.
    Unimplemented,
    /// Closed with a close code that does not fit.
    WrongCode,
    /// The closing handshake or the end of TCP is missing, where it must not be.
    Unclean,
    /// The suite's client had to end TCP, though that is the server's part.
    FailedByClient,
    /// Wrong.
    Failed,
    /// Not judged, because the run ended before or the connection could not be made.
    Missing,
}

impl Verdict {
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

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(Self::WORDS[*self as usize].1)
    }
}

impl FromStr for Verdict {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::WORDS.into_iter().find(|(_, word)| *word == text);
        known.map(|(verdict, _)| verdict).ok_or_else(|| format!("the suite's verdict {text:?} is not known here"))
    }
}

/// The two verdicts on a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// On what was sent and received. The suite calls it *behavior*.
    pub behaviour: Verdict,
    /// On how the connection was closed. The suite calls it *behaviorClose*.
    pub close: Verdict,
}

impl Outcome {
    /// Nothing was judged.
    pub const MISSING: Self = Self { behaviour: Verdict::Missing, close: Verdict::Missing };
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, closing {}", self.behaviour, self.close)
    }
}

/// The outcome of every case of a run.
pub type Outcomes = BTreeMap<Case, Outcome>;

/// Reads the suite's `index.json`, and adds as missing what is expected and not there.
///
/// # Errors
/// When the file cannot be read, or holds something unknown. That it does not exist only means that nothing was judged.
pub fn read(file: &Path, agent: &str, expected: &[Case]) -> Result<Outcomes, String> {
    #[derive(Deserialize)]
    struct Entry {
        behavior: String,
        #[serde(rename = "behaviorClose")]
        behavior_close: String,
    }
    let mut outcomes: Outcomes = expected.iter().map(|case| (case.clone(), Outcome::MISSING)).collect();
    let problem = |error: &dyn fmt::Display| format!("{}: {error}", file.display());
    let text = match fs::read(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(outcomes),
        text => text.map_err(|error| problem(&error))?,
    };
    let mut agents: BTreeMap<String, BTreeMap<String, Entry>> =
        serde_json::from_slice(&text).map_err(|error| problem(&error))?;
    for (case, entry) in agents.remove(agent).unwrap_or_default() {
        let outcome = Outcome { behaviour: entry.behavior.parse()?, close: entry.behavior_close.parse()? };
        outcomes.insert(case.parse()?, outcome);
    }
    Ok(outcomes)
}
