//! The output of the program, which nobody reads.

pub(crate) const fn print_line(_: &str) {}
