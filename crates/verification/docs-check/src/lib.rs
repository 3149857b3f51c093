//! Holds `README.md` and the book to the files they talk about.
//!
//! Prose about code goes stale in silence: a function is renamed, a chapter moves, a heading is reworded, and the text
//! that pointed there still looks fine. So plain `cargo test` reads every page and demands that
//!
//! * a relative link or image leads to a file that exists, inside this repository (one file is made by a program and may
//!   be missing: duvet's report);
//! * a `#fragment` names a heading of the page that it leads to;
//! * a **source reference** holds: a link whose text is code and whose target is a `.rs` or `.js` file, such as
//!   ``[`Connection::poll_event`](../../crates/protocol/src/connection/mod.rs)``, promises that the last name in the text
//!   (`poll_event`) is *defined* in that file. A text that names the file itself (`mod.rs`) needs no definition;
//! * every chapter under `docs/src` stands in `SUMMARY.md` exactly once, and nothing stands there that does not exist;
//! * every code fence is closed, and no line shows a path that exists on one person's machine only.
//!
//! | module | what it does |
//! |---|---|
//! | [`pages`] | checks the links, references and table of contents |
//! | [`cycles`] | checks that no two files of a crate import each other |
//! | [`markdown`] | reads a page: headings, links, code fences |
//! | [`items`] | lists the names that a source file defines |
//! | [`modules`] | reads the modules of a crate, and resolves paths |
//! | [`tokens`] | cuts source text into names and punctuation |
//! | [`problem`] | a mismatch that was found |

pub mod cycles;
pub mod items;
pub mod markdown;
pub mod modules;
pub mod pages;
pub mod problem;
pub mod tokens;
