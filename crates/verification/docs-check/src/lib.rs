//! Checks that the documentation agrees with the source, and that the source can be read file by
//! file.
//!
//! Prose about code becomes wrong without warning. When a function is renamed, a chapter moves, or
//! a heading is reworded, the text that refers to it still looks correct. For this reason, `cargo
//! test` checks every page and every source file.
//!
//! For the pages (`README.md`, and every Markdown file in `docs`, `crates` and `example`):
//!
//! * A relative link or image leads to an existing file in this repository.
//! * A `#fragment` in a link names a heading on the target page.
//! * Every **source reference** is correct. A source reference is a link whose text is code and
//!   whose target is a `.rs` or `.js` file, such as
//!   ``[`Connection::poll_event`](../../crates/protocol/src/connection/mod.rs)``. The file must
//!   *define* the last name in the text (`poll_event`). If the text names the file itself
//!   (`close.rs`) or its module (`close`), no definition is necessary.
//! * Every **linked number** is correct. A linked number is a link whose text is a quantity and
//!   whose title is the name of a constant, such as `[64 MiB](../../crates/protocol/src/limits.rs
//!   "DEFAULT.max_frame_bytes")`. The constant must have this value. The title may also be an
//!   option of a program, such as `--max-message`. In that case, the number must be the option's
//!   default.
//! * `SUMMARY.md` lists every chapter in `docs/src` exactly once.
//! * Every code fence is closed, and no line contains a path that exists on only one machine.
//!
//! For the chapters of *Build* (`docs/src/build`):
//!
//! * Each step in `example/steps` has a chapter with the same name. The chapter shows every change
//!   since the previous step.
//! * Every code block with a mark, which is an HTML comment such as `<!-- diff: src/frame.rs -->`,
//!   contains what the mark describes: the changes to a file, a source file, or the answer to an
//!   exercise. `cargo run -p docs-check` writes these blocks.
//!
//! For the other chapters:
//!
//! * Every code block with a mark `<!-- code: FILE ITEM -->` contains this item from the source.
//!   `cargo run -p docs-check` writes these blocks too.
//! * On the pages of *Run* (`docs/src/run`), every other Rust code block is a documentation test.
//!
//! For the source files:
//!
//! * The imports between files form no cycles, either directly or through other files.
//! * A table of modules at the beginning of a file names every module that the file declares, and
//!   no other module.
//!
//! | module | what it does |
//! |---|---|
//! | [`pages`] | checks the pages |
//! | [`build_chapters`] | checks and writes the computed blocks of the chapters about the steps |
//! | [`shown_code`] | checks and writes the source in the other chapters |
//! | [`compiled_code`] | checks that all Rust on the pages of *Run* is compiled |
//! | [`cycles`] | finds cycles of files that import each other |
//! | [`module_tables`] | checks the tables of modules |
//! | [`markdown`] | reads a page: headings, links, code fences |
//! | [`marks`] | finds the computed blocks of a page |
//! | [`steps`] | reads the steps, and their differences |
//! | [`exercises`] | computes the answers to exercises |
//! | [`quantity`] | parses a number with a unit |
//! | [`constants`] | evaluates a constant |
//! | [`option_defaults`] | finds the default of a program's option |
//! | [`items`] | lists the names that a source file defines |
//! | [`modules`] | reads the modules of a crate, and resolves paths |
//! | [`tokens`] | splits source text into names, numbers and punctuation |
//! | [`workspace`] | reads the members of the workspace |
//! | [`problem`] | defines the type of a reported mismatch |

pub mod build_chapters;
pub mod compiled_code;
pub mod constants;
pub mod cycles;
pub mod exercises;
pub mod items;
pub mod markdown;
pub mod marks;
pub mod module_tables;
pub mod modules;
pub mod option_defaults;
pub mod pages;
pub mod problem;
pub mod quantity;
pub mod shown_code;
pub mod steps;
pub mod tokens;
pub mod workspace;
