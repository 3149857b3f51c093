//! The problems of a page.

/// A mistake in a mark or in the bytes that it describes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// The line in the page, counted from 1.
    pub(super) line: usize,
    /// A description of the problem, and how to resolve it.
    pub(super) advice: String,
}
