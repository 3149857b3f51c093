//! Checks that the documentation agrees with the source, and that the source can be read file by
//! file.
//!
//! Prose about code becomes wrong without a warning: a function is renamed, a chapter moves, a
//! heading is reworded, and the text that referred to it still looks correct. So `cargo test`
//! checks every page and every source file.
//!
//! For the pages (`README.md`, the book, and the pages of crates):
//!
//! * A relative link or image leads to an existing file in this repository. One generated file may
//!   be missing: duvet's report.
//! * A `#fragment` is a heading of the page to which it leads.
//! * A **source reference** is correct. This is a link whose text is code and whose target is a
//!   `.rs` or `.js` file, such as
//!   ``[`Connection::poll_event`](../../crates/protocol/src/connection/mod.rs)``. The file must
//!   *define* the last name in the text (`poll_event`). A text that names the file itself
//!   (`close.rs`) or its module (`close`) needs no definition.
//! * A **number** is correct. This is a link whose text is a quantity and whose title is the name
//!   of a constant, such as `[64 MiB](../../crates/protocol/src/limits.rs
//!   "DEFAULT.max_frame_bytes")`. The constant must have this value.
//! * `SUMMARY.md` lists every chapter in `docs/src` exactly once, and no other file.
//! * Every code fence has an end, and no line contains a path that exists on one machine only.
//!
//! For the source files:
//!
//! * No file imports from a file that imports from it, directly or through others.
//! * A table of modules at the beginning of a file names every module that the file declares, and
//!   no other.
//!
//! | module | what it does |
//! |---|---|
//! | [`pages`] | checks the pages |
//! | [`cycles`] | finds files that import each other |
//! | [`module_tables`] | checks the tables of modules |
//! | [`markdown`] | reads a page: headings, links, code fences |
//! | [`quantity`] | parses a number with a unit |
//! | [`constants`] | evaluates a constant |
//! | [`items`] | lists the names that a source file defines |
//! | [`modules`] | reads the modules of a crate, and resolves paths |
//! | [`tokens`] | cuts source text into names and punctuation |
//! | [`workspace`] | reads the members of the workspace |
//! | [`problem`] | a mismatch that was found |

pub mod constants;
pub mod cycles;
pub mod items;
pub mod markdown;
pub mod module_tables;
pub mod modules;
pub mod pages;
pub mod problem;
pub mod quantity;
pub mod tokens;
pub mod workspace;
