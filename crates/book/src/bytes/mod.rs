//! Explains the bytes on the pages, by dissecting the marked blocks of bytes when the book is
//! built.
//!
//! A **mark** says where the bytes of a block come from. It is an HTML comment above a code block,
//! or directly before a code span in a sentence. A code host does not display it.
//!
//! ````text
//! <!-- wire: to-server breaks ReservedBitsSet -->
//! ```text
//! c1 85 37 fa 21 3d 7f 9f 4d 51 58      RSV1, without an extension
//! ```
//! ````
//!
//! The build fails if a block of bytes has no mark, or if its dissection contradicts the mark: for
//! example, if the bytes break a rule that the mark does not name, or a frame is unexpectedly
//! incomplete.
//!
//! | module | what it does |
//! |---|---|
//! | `html` | writes a block as HTML |
//! | `entries` | collects the explanations of all fields of a page |
//! | `dissection` | finds the fields of each byte |
//! | `utf8` | explains bytes as parts of characters |
//! | `block` | reads the lines of a block: label, bytes and note |
//! | `page` | finds the blocks and the marks of a page |
//! | `mark` | parses the words of a mark |
//! | `problem` | defines a problem of a page |

mod block;
mod dissection;
mod entries;
mod html;
mod mark;
mod page;
mod problem;
mod utf8;

use mdbook_driver::{
    book::{Book, BookItem, Chapter},
    errors::Result,
};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

use self::{dissection::PageConversation, entries::Entries, page::Piece, problem::Problem};

/// Replaces the marked blocks of all pages with HTML.
pub(crate) struct Bytes;

impl Preprocessor for Bytes {
    fn name(&self) -> &'static str {
        "bytes"
    }

    fn run(&self, _: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let mut problems = Vec::new();
        book.for_each_mut(|item| {
            if let BookItem::Chapter(chapter) = item
                && let Err(found) = explain(chapter)
            {
                problems.extend(found);
            }
        });
        anyhow::ensure!(
            problems.is_empty(),
            "these blocks of bytes are not as their pages say:\n{}",
            problems.join("\n")
        );
        Ok(book)
    }
}

/// Replaces the marked blocks of a page with HTML.
fn explain(chapter: &mut Chapter) -> Result<(), Vec<String>> {
    let Some(path) = &chapter.path else { return Ok(()) };
    let path = path.to_string_lossy().replace('\\', "/");
    chapter.content = explained(&path, &chapter.content).map_err(|problems| {
        problems
            .into_iter()
            .map(|Problem { line, advice }| format!("docs/src/{path}:{line}: {advice}"))
            .collect::<Vec<_>>()
    })?;
    Ok(())
}

/// Returns the text of a page with all marked bytes replaced by HTML.
fn explained(path: &str, text: &str) -> Result<String, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut entries = Entries::new(path);
    let mut conversation = PageConversation::default();
    let mut output = String::with_capacity(text.len());
    for piece in page::pieces(text) {
        let piece = match piece {
            Ok(piece) => piece,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        match piece {
            Piece::Text(text) => output += text,
            Piece::Bytes { line, mark, block, place } => match conversation.dissect(&mark, &block) {
                Ok(dissected) => output += &html::bytes(&block, &dissected, &place, &mut entries),
                Err(advice) => problems.push(Problem { line, advice }),
            },
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    output += &entries.html();
    Ok(output)
}

#[cfg(test)]
mod tests;
