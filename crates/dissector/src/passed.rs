//! The counts of units and bytes that were not dissected.

/// The numbers of units and bytes that [`Conversation::pass`](crate::Conversation::pass) counted
/// rather than dissected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passed {
    /// The number of completed units.
    pub units: u64,
    /// The number of bytes in the units that were counted.
    pub bytes: u64,
}
