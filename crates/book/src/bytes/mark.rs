//! The words of a mark.
//!
//! | words | meaning |
//! |---|---|
//! | `to-server`, `to-client` | who receives the bytes; several, if each line has a direction of its own |
//! | `continued` | the bytes follow those of the block before, on the same connection |
//! | `compressed` | the handshake has negotiated permessage-deflate |
//! | `each` | each line is the beginning of a connection of its own |
//! | `labels` | the first columns are words, and the bytes follow two spaces after them |
//! | `lines 3` | only the first three lines are bytes |
//! | `skip 17` | the first 17 bytes are the end of the head before the frames |
//! | `incomplete` | the last unit of the block, or of each line, is cut off |
//! | `breaks ReservedBitsSet` | the bytes break this rule; several names if they break several |
//! | `payload text`, `payload compressed` | the bytes are the payload of a message, without its header |
//! | `flushed` | the bytes are a compressed payload and the `00 00 ff ff` after it, which is not sent |
//! | `none` | the bytes are not those of a connection: the output of a program, or a digest |

use dissector::Direction;

/// A mark, as written in the page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) directions: Vec<Direction>,
    pub(super) continued: bool,
    pub(super) compressed: bool,
    pub(super) each: bool,
    pub(super) labels: bool,
    pub(super) lines: Option<usize>,
    pub(super) skip: usize,
    pub(super) incomplete: bool,
    pub(super) breaks: Vec<String>,
    pub(super) payload: Option<PayloadKind>,
    pub(super) none: bool,
}

/// The kind of message whose payload a block shows without a frame header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PayloadKind {
    Text,
    Compressed,
    /// A compressed payload, followed by the four bytes that end a flush and are not sent.
    Flushed,
}

impl Mark {
    /// Parses the words after `wire:`.
    pub(super) fn parse(words: &str) -> Result<Self, String> {
        let mut mark = Self::default();
        let mut words = words.split_whitespace().peekable();
        while let Some(word) = words.next() {
            let mut number = || {
                let text = words.next().unwrap_or_default();
                text.parse::<usize>().map_err(|_| format!("`{word}` needs a number, not `{text}`"))
            };
            match word {
                "to-server" => mark.directions.push(Direction::ToServer),
                "to-client" => mark.directions.push(Direction::ToClient),
                "continued" => mark.continued = true,
                "compressed" => mark.compressed = true,
                "each" => mark.each = true,
                "labels" => mark.labels = true,
                "lines" => mark.lines = Some(number()?),
                "skip" => mark.skip = number()?,
                "incomplete" => mark.incomplete = true,
                "none" => mark.none = true,
                "flushed" => mark.payload = Some(PayloadKind::Flushed),
                "payload" => {
                    mark.payload = Some(match words.next() {
                        Some("text") => PayloadKind::Text,
                        Some("compressed") => PayloadKind::Compressed,
                        _ => return Err("a `payload` is `text` or `compressed`".to_owned()),
                    });
                }
                "breaks" => {
                    while let Some(name) = words.next_if(|word| word.starts_with(char::is_uppercase)) {
                        mark.breaks.push(name.to_owned());
                    }
                    if mark.breaks.is_empty() {
                        return Err("`breaks` needs the name of a rule, such as `UnmaskedFrame`".to_owned());
                    }
                }
                _ => return Err(format!("a mark cannot say `{word}`; see docs/CONTRIBUTING.md, *A block of bytes*")),
            }
        }
        mark.compressed |= matches!(mark.payload, Some(PayloadKind::Compressed | PayloadKind::Flushed));
        if mark.directions.is_empty() && mark.payload.is_none() && !mark.none {
            return Err("the mark needs a direction: `to-server` or `to-client`".to_owned());
        }
        Ok(mark)
    }

    /// Returns the mark that the comment above a computed block of a chapter implies. The arguments
    /// of the comments `answers` and `bytes` say who sends the bytes. The blocks below the comments
    /// `judge` and `code` may contain bytes too, but those bytes do not come from a connection.
    pub(super) fn of_computed_block(name: &str, arguments: &str) -> Option<Self> {
        let from_client = match name {
            "answers" => arguments == "client",
            "bytes" => arguments.contains(" masked "),
            "judge" | "code" => return Some(Self { none: true, ..Self::default() }),
            _ => return None,
        };
        let direction = if from_client { Direction::ToServer } else { Direction::ToClient };
        Some(Self { directions: vec![direction], ..Self::default() })
    }
}
