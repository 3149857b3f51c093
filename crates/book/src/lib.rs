//! Renders the book in `docs` to HTML, with mdBook.
//!
//! The pages are plain Markdown, and read well on a code host. mdBook supplies the theme, the
//! search, the keyboard shortcuts and the print version. Everything that this crate adds comes from
//! links and marks in the pages, which do no harm in plain Markdown.

mod bytes;
mod policy;
mod source;
mod tryit;

use std::{fs, path::Path, rc::Rc};

use anyhow::{Context, Result};
use mdbook_driver::{MDBook, config::Config};

pub use crate::policy::policy;
use crate::{
    bytes::Bytes,
    source::{Source, SourceLinks},
    tryit::TryIt,
};

/// The port on which the program `server` listens by default.
pub const SERVER_PORT: u16 = 8080;

/// For each file that the pages load in addition to mdBook's: its name in the output, and its
/// content.
const ASSETS: [(&str, &str); 10] = [
    ("pages.css", include_str!("../assets/pages.css")),
    ("pages.js", include_str!("../assets/pages.js")),
    ("source.css", include_str!("../assets/source.css")),
    ("source.js", include_str!("../assets/source.js")),
    ("bytes.css", include_str!("../assets/bytes.css")),
    ("bytes.js", include_str!("../assets/bytes.js")),
    ("session.css", include_str!("../assets/session.css")),
    ("session.js", include_str!("../assets/session.js")),
    ("tryit.css", include_str!("../assets/tryit.css")),
    ("tryit.js", include_str!("../assets/tryit.js")),
];

/// Renders the book of the project at `root` into the folder `output`. Creates the folder if
/// necessary, and removes any files that are already in it. The book's *Try it here* boxes connect
/// to `server_port` on the reader's machine.
///
/// # Errors
/// Returns an error if the pages contain mistakes, or if a file cannot be read or written. An error
/// about mistakes lists each of them with its page.
pub fn build(root: &Path, output: &Path, server_port: u16) -> Result<()> {
    let docs = root.join("docs");
    let mut config = Config::from_disk(docs.join("book.toml")).context("docs/book.toml cannot be read")?;
    config.set("build.build-dir", output)?;
    // The theme consists of `head.hbs`, which adds the assets to each page.
    config.set("output.html.theme", root.join("crates/book/theme"))?;
    let source = Rc::new(Source::read(root)?);
    let mut book = MDBook::load_with_config(&docs, config)?;
    // Run this preprocessor first, so that the line numbers that it reports are those of the
    // original page.
    book.with_preprocessor(SourceLinks(Rc::clone(&source)));
    book.with_preprocessor(Bytes);
    book.with_preprocessor(TryIt { port: server_port });
    book.build()?;
    source.write(root, output)?;
    for (name, content) in ASSETS {
        fs::write(output.join(name), content).with_context(|| format!("{name} cannot be written"))?;
    }
    Ok(())
}
