//! The state of the screen, without a terminal, a socket or a clock.

pub(crate) mod editor;
pub(crate) mod focus;
mod initial_field;
mod json;
pub(crate) mod numbers;
#[cfg(test)]
pub(crate) mod test_records;
pub(crate) mod transcript;
pub(crate) mod wire_log;

use std::{path::Path, process::ExitCode};

use cli::RecordFormat;
use dissector::{Direction, Field};
use websocket::protocol::{Role, State};

use self::{
    editor::Editor,
    focus::Focus,
    initial_field::initial_field,
    numbers::NumberHistory,
    transcript::Transcript,
    wire_log::{TrafficTotals, WireLog},
};

/// Everything that the screen shows.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) url: String,
    /// The columns and rows of the terminal.
    pub(crate) size: (u16, u16),
    pub(crate) colours: bool,
    pub(crate) editor: Editor,
    pub(crate) transcript: Transcript,
    pub(crate) wire_log: WireLog,
    pub(crate) numbers: NumberHistory,
    pub(crate) state: State,
    pub(crate) subprotocol: Option<String>,
    pub(crate) extensions: Vec<String>,
    pub(crate) focus: Focus,
    /// The index of the selected field among the [`fields`](Self::fields) of the selected record.
    pub(crate) field: usize,
    pub(crate) help: bool,
    /// An error in the input or a list of completions. It replaces the line of keys until the next
    /// key press.
    pub(crate) hint: Option<String>,
    /// The index of the completion with which the next Tab continues the list.
    pub(crate) next_completion: usize,
    /// The end of the last connection: a sentence, and the program's exit status.
    pub(crate) ended: Option<(String, ExitCode)>,
    /// Whether the program quits when the connection ends.
    pub(crate) quitting: bool,
}

impl Model {
    pub(crate) fn new(url: &str, size: (u16, u16), colours: bool) -> Self {
        Self {
            url: url.to_owned(),
            size,
            colours,
            editor: Editor::default(),
            transcript: Transcript::default(),
            wire_log: WireLog::default(),
            numbers: NumberHistory::default(),
            state: State::Connecting,
            subprotocol: None,
            extensions: Vec::new(),
            focus: Focus::Input,
            field: 0,
            help: false,
            hint: None,
            next_completion: 0,
            ended: None,
            quitting: false,
        }
    }

    /// Returns the fields of the selected record, each with its depth.
    pub(crate) fn fields(&self) -> Vec<(usize, &Field)> {
        self.wire_log.selected().map(|entry| entry.record.walk().collect()).unwrap_or_default()
    }

    /// Moves the selection by this many fields.
    pub(crate) fn step_field(&mut self, by: isize) {
        let last = self.fields().len().saturating_sub(1);
        // Stop following the newest record. Otherwise, the next record would replace the one whose
        // fields the user is reading.
        if let Some(index) = self.wire_log.index() {
            self.wire_log.select(index);
        }
        self.field = self.field.saturating_add_signed(by).min(last);
    }

    /// Moves the selection by this many records.
    pub(crate) fn step_record(&mut self, by: isize) {
        self.wire_log.step(by);
        self.select_initial_field();
    }

    /// Selects, in the selected record, the field that is most useful to read first.
    pub(crate) fn select_initial_field(&mut self) {
        self.field = self.wire_log.selected().map_or(0, |entry| initial_field(&entry.record));
    }

    /// Returns the traffic to the server and from the server, in this order.
    pub(crate) const fn totals(&self) -> [TrafficTotals; 2] {
        [self.wire_log.totals(Direction::ToServer), self.wire_log.totals(Direction::ToClient)]
    }

    /// Returns the recorded heads and frames in the format that suits the file: JSON lines for
    /// `.json` and `.jsonl`, else text.
    pub(crate) fn saved_wire(&self, path: &Path) -> String {
        let json = path.extension().is_some_and(|extension| extension == "json" || extension == "jsonl");
        let format = if json { RecordFormat::Json } else { RecordFormat::Text { colour: false } };
        self.wire_log.entries().iter().map(|entry| format.print(&entry.record, Role::Client, "")).collect()
    }
}
