//! Tests of the rendered book: that its links lead somewhere, that it stays small, and that a
//! mistake in a page is reported.

mod bytes;
mod links;
mod mistakes;
mod program;
mod rendered;
mod size;
