//! Parses the words of a mark: a text in quotation marks, followed by the names of rules.

use laboratory::{Fault, faults};
use protocol::Role;

/// A mark, as written in the page.
#[derive(Debug)]
pub(super) struct Mark {
    /// The text that the box offers to send.
    pub(super) text: String,
    /// The rules that the server can break.
    pub(super) faults: Vec<&'static Fault>,
}

/// Returns the words of the mark if the line consists of nothing but a mark.
pub(super) fn words(line: &str) -> Option<&str> {
    let comment = line.trim().strip_prefix("<!--")?.strip_suffix("-->")?;
    Some(comment.trim().strip_prefix("try:")?.trim())
}

impl Mark {
    /// Parses the words after `try:`.
    pub(super) fn parse(words: &str) -> Result<Self, String> {
        let text = words.strip_prefix('"').ok_or("a box needs a text to send, such as `<!-- try: \"Hello\" -->`")?;
        let (text, names) = text.split_once('"').ok_or("the text has no closing quotation mark")?;
        let fault = |name: &str| {
            faults::find(Role::Server, name).ok_or_else(|| {
                format!("a server cannot break a rule called `{name}`; see `crates/laboratory/src/faults`")
            })
        };
        let faults = names.split_whitespace().map(fault).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), faults })
    }
}
