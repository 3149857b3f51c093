//! Finds the blocks and the marks of a page.

use super::{
    block::{Block, looks_like_bytes},
    mark::Mark,
    problem::Problem,
};

/// A part of a page.
pub(super) enum Piece<'a> {
    /// Text that stays as it is.
    Text(&'a str),
    /// Bytes with a mark.
    Bytes {
        /// The line of the mark, counted from 1.
        line: usize,
        mark: Mark,
        block: Block,
        place: Place,
    },
}

/// Where bytes appear on a page.
pub(super) enum Place {
    /// In a sentence or in a table.
    Inline,
    /// In a separate block with this indentation.
    Block { indentation: String },
}

/// The info strings of blocks that can contain bytes.
const TEXT: [&str; 3] = ["", "text", "console"];

/// Divides a page.
pub(super) fn pieces(text: &str) -> Vec<Result<Piece<'_>, Problem>> {
    let mut pieces = Vec::new();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    // The marks directly above the current line: their lines, names and arguments.
    let mut marks: Vec<(usize, &str, &str)> = Vec::new();
    let mut index = 0;
    while let Some(line) = lines.get(index) {
        let indentation = &line[..line.len() - line.trim_start().len()];
        let Some(info) = fence(line) else {
            match comment(line) {
                Some((name, arguments)) => {
                    marks.push((index + 1, name, arguments));
                    // Every comment except a `wire` mark stays in the page.
                    if name != "wire" {
                        pieces.push(Ok(Piece::Text(line)));
                    }
                }
                None => {
                    if let Some((line, ..)) = marks.iter().find(|(_, name, _)| *name == "wire") {
                        let advice = "this mark needs a code block on the next line".to_owned();
                        pieces.push(Err(Problem { line: *line, advice }));
                    }
                    marks.clear();
                    inline_pieces(line, index + 1, &mut pieces);
                }
            }
            index += 1;
            continue;
        };
        let end =
            lines[index + 1..].iter().position(|line| line.trim() == "```").map_or(lines.len(), |at| index + 1 + at);
        let content: String =
            lines[index + 1..end].iter().map(|line| line.strip_prefix(indentation).unwrap_or(line)).collect();
        let place = Place::Block { indentation: indentation.to_owned() };
        match block(info, &content, &marks, index + 1) {
            Ok(Some((line, mark, block))) => pieces.push(Ok(Piece::Bytes { line, mark, block, place })),
            Ok(None) => {
                pieces.extend(lines[index..(end + 1).min(lines.len())].iter().map(|line| Ok(Piece::Text(line))));
            }
            Err(problem) => pieces.push(Err(problem)),
        }
        marks.clear();
        index = end + 1;
    }
    pieces
}

/// Returns the info string if the line begins a code block.
fn fence(line: &str) -> Option<&str> {
    line.trim().strip_prefix("```")
}

/// Returns the name and the arguments of a mark, if the line is an HTML comment and contains
/// nothing else.
fn comment(line: &str) -> Option<(&str, &str)> {
    let comment = line.trim().strip_prefix("<!--")?.strip_suffix("-->")?.trim();
    Some(comment.split_once(':').map_or((comment, ""), |(name, arguments)| (name, arguments.trim())))
}

/// Returns the mark and the bytes of a code block, or `None` if it contains no bytes to explain.
fn block(
    info: &str,
    content: &str,
    marks: &[(usize, &str, &str)],
    fence: usize,
) -> Result<Option<(usize, Mark, Block)>, Problem> {
    let own = marks.iter().find(|(_, name, _)| *name == "wire");
    let (line, mark) = match own {
        Some((line, _, words)) => {
            let mark = Mark::parse(words).map_err(|advice| Problem { line: *line, advice })?;
            (*line, Some(mark))
        }
        None => (fence, marks.iter().find_map(|(_, name, arguments)| Mark::of_computed_block(name, arguments))),
    };
    let is_head = info == "http";
    let has_bytes = is_head || TEXT.contains(&info) && content.lines().any(looks_like_bytes);
    match mark {
        Some(mark) if mark.none => Ok(None),
        Some(mark) if is_head && own.is_some() => Ok(Some((line, mark, Block::head(content)))),
        Some(mark) if has_bytes && !is_head || own.is_some() => {
            let block = Block::hexadecimal(content, mark.labels, mark.lines);
            Ok(Some((line, mark, block)))
        }
        None | Some(_) if has_bytes => Err(Problem {
            line,
            advice: "this block of bytes needs a mark such as `<!-- wire: to-server -->` on the line before it, or \
                     `<!-- wire: none -->` if it is not from a connection"
                .to_owned(),
        }),
        None | Some(_) => Ok(None),
    }
}

/// Divides a line at its marks. The code span after each mark contains the bytes.
fn inline_pieces<'a>(line: &'a str, number: usize, pieces: &mut Vec<Result<Piece<'a>, Problem>>) {
    const START: &str = "<!-- wire:";
    // Markdown treats a comment that follows a list marker or a quotation marker as if it were at
    // the beginning of the line.
    if line.trim_start_matches([' ', '*', '-', '>']).starts_with(START) {
        let advice = "put a word before this mark: a comment at the beginning of a line ends the paragraph".to_owned();
        pieces.push(Err(Problem { line: number, advice }));
        return;
    }
    let mut rest = line;
    while let Some(start) = rest.find(START) {
        pieces.push(Ok(Piece::Text(&rest[..start])));
        let words = &rest[start + START.len()..];
        let parts = words.split_once("-->").and_then(|(words, rest)| {
            let (code, rest) = rest.strip_prefix('`')?.split_once('`')?;
            Some((words, code, rest))
        });
        let Some((words, code, after)) = parts else {
            let advice = "this mark needs code directly after it, on the same line".to_owned();
            pieces.push(Err(Problem { line: number, advice }));
            return;
        };
        pieces.push(Mark::parse(words).map_err(|advice| Problem { line: number, advice }).map(|mark| {
            let block = Block::hexadecimal(code, false, None);
            Piece::Bytes { line: number, mark, block, place: Place::Inline }
        }));
        rest = after;
    }
    pieces.push(Ok(Piece::Text(rest)));
}
