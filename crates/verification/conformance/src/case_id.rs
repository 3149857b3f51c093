//! The identifiers of cases, such as `6.4.1`: case 1 in part 4 of group 6.

use std::{fmt, str::FromStr};

/// The identifier of a case, a part or a group. The identifier of a part or a group means all cases
/// in it: `6.4` means 6.4.1 to 6.4.4.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseId(Vec<u32>);

impl CaseId {
    /// Returns the number of the group to which the case belongs.
    pub fn group(&self) -> u32 {
        self.0[0]
    }

    /// Returns `true` if this identifier is `part` or belongs to it. `6.20.1` belongs to `6.20` and
    /// `6`, but not to `6.2`.
    pub fn is_of(&self, part: &Self) -> bool {
        self.0.starts_with(&part.0)
    }

    /// Returns `true` if the suite needs a long time for this case.
    ///
    /// Each case in groups 12 and 13 consists of a thousand messages, which the suite compresses in
    /// Python. In the first three cases of each part, the messages are 16, 64 and 256 bytes long.
    /// In the following cases, they are up to 131,072 bytes long. From the eleventh case on, they
    /// are fragmented. Apart from the first three cases, only the eleventh, with messages of 8,192
    /// bytes, takes little time.
    pub fn is_long(&self) -> bool {
        matches!(self.0[..], [12 | 13, _, number] if number > 3 && number != 11)
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.pad(&parts.join("."))
    }
}

impl FromStr for CaseId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Result<Vec<u32>, _> = text.split('.').map(str::parse).collect();
        parts.map(Self).map_err(|_| format!("{text:?} is not a case; write it like 6, 6.4 or 6.4.1"))
    }
}

/// Returns the cases in `all` that belong to one of `wanted`, or all cases if `wanted` is empty.
///
/// # Errors
/// Fails if one of the wanted cases does not exist in the suite. The error names that case.
pub fn choose(all: &[CaseId], wanted: &[CaseId]) -> Result<Vec<CaseId>, String> {
    if let Some(unknown) = wanted.iter().find(|part| !all.iter().any(|case| case.is_of(part))) {
        return Err(format!("the suite has no case {unknown}"));
    }
    let chosen = |case: &&CaseId| wanted.is_empty() || wanted.iter().any(|part| case.is_of(part));
    Ok(all.iter().filter(chosen).cloned().collect())
}
