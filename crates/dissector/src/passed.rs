//! The count of units that were not dissected.

/// A count of units that came while [`Conversation::pass`](crate::Conversation::pass) was in use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passed {
    /// The number of units that were completed.
    pub units: u64,
    /// The number of bytes in these units.
    pub bytes: u64,
}
