//! The documentation and the source structure of this repository, and the checks themselves on small made-up ones.

mod cycles;
mod pages;
