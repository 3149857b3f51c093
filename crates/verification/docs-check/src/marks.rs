//! Finds a page's code blocks whose text is computed.
//!
//! ```text
//!   <!-- diff: src/frame.rs 1 2 -->       the mark: a name and arguments, alone on a line
//!   (a fence, on the next line)
//!   the computed text
//!   (the end of the fence)
//! ```
//!
//! A reader of the page does not see the mark, because it is an HTML comment.

use std::ops::Range;

use crate::markdown::MarkdownMistake;

/// The names of marks.
const NAMES: [&str; 7] = ["diff", "source", "fields", "answers", "bytes", "judge", "code"];

/// A code block whose text is computed.
#[derive(Debug, PartialEq, Eq)]
pub struct MarkedBlock {
    /// The line of the mark, counted from 1.
    pub line: usize,
    /// The name in the mark, which determines how the text is computed.
    pub name: String,
    /// The arguments in the mark.
    pub arguments: String,
    /// The text of the nearest earlier code block without a mark. For an answer, this is the
    /// question.
    pub given: String,
    /// The range of the block's text in the page, including the last line end.
    pub range: Range<usize>,
}

/// Finds all code blocks with a mark.
///
/// # Errors
/// Returns a mistake for the first mark that has no code block on the next line.
pub fn marked_blocks(page: &str) -> Result<Vec<MarkedBlock>, MarkdownMistake> {
    let mut blocks = Vec::new();
    let mut given = String::new();
    let mut mark = None;
    let mut fence: Option<Range<usize>> = None;
    let mut at = 0;
    for (index, text) in page.split_inclusive('\n').enumerate() {
        let (line, start) = (index + 1, at);
        at += text.len();
        if let Some(block) = &mut fence {
            if text.trim_end() != "```" {
                block.end = at;
                continue;
            }
            let range = block.clone();
            fence = None;
            match mark.take() {
                Some((line, name, arguments)) => {
                    blocks.push(MarkedBlock { line, name, arguments, given: given.clone(), range });
                }
                None => given = page[range].to_owned(),
            }
        } else if text.starts_with("```") {
            fence = Some(at..at);
        } else if let Some((line, name, _)) = &mark {
            let advice = format!("the mark `{name}` needs a code block on the next line");
            return Err(MarkdownMistake { line: *line, advice });
        } else {
            mark = parse_mark(&page[start..at]).map(|(name, arguments)| (line, name, arguments));
        }
    }
    Ok(blocks)
}

/// Parses a line such as `<!-- diff: src/frame.rs 1 2 -->`. Returns `None` for every other line,
/// and for every other comment.
fn parse_mark(line: &str) -> Option<(String, String)> {
    let comment = line.trim().strip_prefix("<!--")?.strip_suffix("-->")?.trim();
    let (name, arguments) = comment.split_once(':').unwrap_or((comment, ""));
    NAMES.contains(&name).then(|| (name.to_owned(), arguments.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_block_has_its_range_and_the_unmarked_block_before_it() {
        let page = "```text\n81 00\n```\n\n<!-- a comment -->\n<!-- fields: to-server -->\n```text\none\n\ntwo\n```\n";
        let blocks = marked_blocks(page).expect("the page is sound");
        let [block] = &blocks[..] else { panic!("one block: {blocks:?}") };
        assert_eq!((block.line, &block.name[..], &block.arguments[..]), (6, "fields", "to-server"));
        assert_eq!((&block.given[..], &page[block.range.clone()]), ("81 00\n", "one\n\ntwo\n"));
    }

    #[test]
    fn an_empty_block_can_be_filled() {
        let page = "<!-- answers -->\n```text\n```\n";
        let blocks = marked_blocks(page).expect("the page is sound");
        assert_eq!(blocks[0].range, 25..25);
        assert_eq!(blocks[0].arguments, "");
    }

    #[test]
    fn a_mark_in_a_code_block_is_text() {
        assert_eq!(marked_blocks("```text\n<!-- answers -->\n```\n"), Ok(Vec::new()));
    }

    #[test]
    fn a_mark_without_a_code_block_is_a_mistake() {
        let mistake = marked_blocks("# A\n<!-- answers -->\n\n```text\n```\n").expect_err("the block is missing");
        assert_eq!(mistake.line, 2);
    }
}
