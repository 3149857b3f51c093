//! The second pane, which shows the source of the workspace beside a page.
//!
//! A page links to a source file in the same way as any other Markdown page. The link's text or
//! title names an item of the file:
//!
//! ```text
//! [`Driver::poll_read`](../../crates/websocket/src/driver.rs)
//! [14 bytes](../../crates/protocol/src/frame/header.rs "MAX_LEN")
//! ```
//!
//! In the book, the link becomes an [address](address), which the script `source.js` opens in the
//! pane. A link to a file or an item that does not exist makes the build fail. The data of each
//! file is a separate script, because a page opened from disk can load a script but cannot fetch a
//! file.
//!
//! | module | what it does |
//! |---|---|
//! | [`workspace`] | reads the source files |
//! | [`items`] | finds the items of a file, and their lines |
//! | [`citations`] | finds the comments that cite a rule |
//! | [`rules`] | finds the cited sentences on the pages of the RFCs, and lists their code and tests |
//! | [`links`] | turns the links of a page into addresses |
//! | [`names`] | maps each term and violation to the page that explains it |
//! | [`data`] | writes the scripts |
//! | [`edit`] | changes the text of a page |
//! | [`address`] | names a place in the source |
//! | [`problem`] | defines the type of a reported mistake |

mod address;
mod citations;
mod data;
mod edit;
mod items;
mod links;
mod names;
mod problem;
mod rules;
mod workspace;

use std::{fs, path::Path, rc::Rc};

use anyhow::{Context, Result, ensure};
use mdbook_preprocessor::{
    Preprocessor, PreprocessorContext,
    book::{Book, BookItem},
};

use self::{
    names::Names,
    rules::Rules,
    workspace::{CHAPTERS, Workspace},
};

pub(crate) use self::rules::PAGES as RFC_PAGES;

/// Everything that the second pane shows.
#[derive(Debug)]
pub(crate) struct Source {
    workspace: Workspace,
    rules: Rules,
    names: Names,
}

impl Source {
    /// Reads the source files of the workspace at `root`, and the rules that they cite.
    ///
    /// # Errors
    /// Returns an error if a file cannot be read, if a Rust file cannot be parsed, or if a comment
    /// cites a sentence that is not on the page it names.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let workspace = Workspace::read(root)?;
        let rules = Rules::read(root, &workspace)?;
        let names = Names::read(root, &workspace)?;
        Ok(Self { workspace, rules, names })
    }

    /// Writes the data of the files into the folder `source` of the rendered book, and copies the
    /// images into the book.
    ///
    /// # Errors
    /// Fails if a file cannot be written.
    pub(crate) fn write(&self, root: &Path, output: &Path) -> Result<()> {
        for image in &self.workspace.images {
            let copy = output.join(image);
            fs::create_dir_all(copy.parent().unwrap_or(output))?;
            fs::copy(root.join(image), copy).with_context(|| format!("{image} cannot be copied"))?;
        }
        data::write(&self.workspace, &self.rules, &self.names, &output.join("source"))
    }
}

/// Links the pages to the source.
#[derive(Debug)]
pub(crate) struct SourceLinks(pub(crate) Rc<Source>);

impl Preprocessor for SourceLinks {
    fn name(&self) -> &'static str {
        "source-links"
    }

    fn run(&self, _: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let Source { workspace, rules, names } = &*self.0;
        let mut problems = Vec::new();
        book.for_each_mut(|item| {
            let BookItem::Chapter(chapter) = item else { return };
            let Some(file) = &chapter.source_path else { return };
            let page = format!("{CHAPTERS}/{}", file.display());
            let mut edits = links::edits(&page, &chapter.content, workspace, &mut problems);
            edits.extend(rules.edits(&page));
            edits.extend(names.edits(&page, &chapter.content));
            chapter.content = edit::apply(&chapter.content, edits);
        });
        let report: Vec<String> = problems.iter().map(ToString::to_string).collect();
        ensure!(report.is_empty(), "{}", report.join("\n"));
        Ok(book)
    }
}
