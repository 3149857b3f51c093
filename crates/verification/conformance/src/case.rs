//! The number of a case, such as `6.4.1`: case 1 of part 4 of group 6.

use std::{fmt, str::FromStr};

/// A case's number, or the beginning of one: `6.4` stands for all of 6.4.1 to 6.4.4.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Case(Vec<u32>);

impl Case {
    /// The first part of the number.
    pub fn group(&self) -> u32 {
        self.0[0]
    }

    /// Whether this is `part`, or one of its cases. `6.20.1` is one of `6.20` and of `6`, not of `6.2`.
    pub fn is_of(&self, part: &Self) -> bool {
        self.0.starts_with(&part.0)
    }

    /// Whether the suite takes long over it. In groups 12 and 13 a case is a thousand messages, which the suite
    /// compresses in Python: in the first three cases of each part they have 16, 64 and 256 bytes, in the next ones up to
    /// 131,072. From the eleventh on they are in fragments, of which there is one case, with 8,192 bytes, that is short.
    pub fn is_long(&self) -> bool {
        matches!(self.0[..], [12 | 13, _, number] if number > 3 && number != 11)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.pad(&parts.join("."))
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Result<Vec<u32>, _> = text.split('.').map(str::parse).collect();
        parts.map(Self).map_err(|_| format!("{text:?} is no number of a case; write it like 6, 6.4 or 6.4.1"))
    }
}

/// Those of `all` that belong to one of `wanted`; all of them if nothing is wanted in particular.
///
/// # Errors
/// When there is no such case: a sentence that says which.
pub fn choose(all: &[Case], wanted: &[Case]) -> Result<Vec<Case>, String> {
    if let Some(unknown) = wanted.iter().find(|part| !all.iter().any(|case| case.is_of(part))) {
        return Err(format!("the suite has no case {unknown}"));
    }
    let chosen = |case: &&Case| wanted.is_empty() || wanted.iter().any(|part| case.is_of(part));
    Ok(all.iter().filter(chosen).cloned().collect())
}
