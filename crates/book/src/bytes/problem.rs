//! What is wrong with a page.

/// Something that is wrong with a mark or its bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// The line in the page, counted from 1.
    pub(super) line: usize,
    /// What is wrong, and what to do.
    pub(super) advice: String,
}
