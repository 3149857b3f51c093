//! The output of the program, which is discarded.

pub(crate) const fn print_line(_: &str) {}
