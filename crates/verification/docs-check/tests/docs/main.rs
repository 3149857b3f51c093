//! The documentation and the structure of this repository, and the checks on small made-up ones.

mod build_chapters;
mod compiled_code;
mod cycles;
mod made_up;
mod module_tables;
mod pages;
mod shown_code;
