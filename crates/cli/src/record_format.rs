//! Prints dissected records.

use dissector::{Record, printable, render};
use protocol::Role;

/// The maximum number of rows, of 16 bytes each, that are printed for one record: a screenful. For
/// a longer record, the JSON still states the length, and a capture contains every byte.
const MAX_ROWS: usize = 16;

/// The form in which records are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordFormat {
    /// For people: a line with the direction and a summary, then the bytes with their fields below
    /// them.
    Text {
        /// Whether to use colours.
        colour: bool,
    },
    /// For programs: one line of JSON for each record (see [`render::json`]).
    Json,
}

impl RecordFormat {
    /// Returns the record in this format, ending with a newline.
    ///
    /// `role` is the role of the program that prints: `>` marks the records that it sends, and `<`
    /// those that it receives. `connection` is a name that distinguishes the connections of one
    /// program; it may be empty if there is only one connection.
    #[must_use]
    pub fn print(self, record: &Record, role: Role, connection: &str) -> String {
        match self {
            Self::Text { colour } => {
                let mark = if record.direction.sender() == role { '>' } else { '<' };
                let space = if connection.is_empty() { "" } else { " " };
                let incomplete = if record.complete { "" } else { " (incomplete)" };
                let dump = render::hex_dump(record, MAX_ROWS, colour);
                format!("{connection}{space}{mark} {}{incomplete}\n{dump}\n", printable(&record.summary))
            }
            Self::Json if connection.is_empty() => render::json(record) + "\n",
            // The record is already formatted as a JSON object. Replace its opening brace with a
            // brace and the name of the connection, so that the name becomes the object's first
            // member.
            Self::Json => format!("{{\"connection\":\"{connection}\",{}\n", &render::json(record)[1..]),
        }
    }
}
