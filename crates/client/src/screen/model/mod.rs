//! The state of the screen, independent of any terminal, socket or clock.

pub(crate) mod editor;
pub(crate) mod focus;
mod initial_field;
mod json;
pub(crate) mod numbers;
mod own_frame;
#[cfg(test)]
pub(crate) mod test_records;
pub(crate) mod transcript;
pub(crate) mod wire_log;

use std::{path::Path, process::ExitCode};

use cli::RecordFormat;
use dissector::{Direction, Field, Record};
use websocket::protocol::{Message, Role, State};

use self::{
    editor::Editor,
    focus::Focus,
    initial_field::initial_field,
    numbers::NumberHistory,
    own_frame::OwnFrameSearch,
    transcript::{Transcript, Updates},
    wire_log::{TrafficTotals, WireLog},
};
use super::{
    lesson::progress::{LessonCommand, LessonProgress},
    link_command::SentFrames,
};

/// Everything that the screen shows.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) url: String,
    /// The size of the terminal in columns and rows.
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
    /// The zoomed pane, if any, which fills the space above the status.
    pub(crate) zoomed: Option<Focus>,
    /// The index of the selected field among the [`fields`](Self::fields) of the selected record.
    pub(crate) field: usize,
    /// The number of rows by which the user has scrolled the zoomed frame away from the selected
    /// field. A negative number means upwards.
    pub(crate) frame_scroll: isize,
    /// The search for the frames sent by the last command.
    own_frame: Option<OwnFrameSearch>,
    /// The number of rows by which the help is scrolled, or `None` if it is not shown.
    pub(crate) help: Option<usize>,
    /// The lessons and the user's progress through them.
    pub(crate) lessons: LessonProgress,
    /// An error in the input, or a list of completions, shown in place of the list of keys until
    /// the next key press.
    pub(crate) hint: Option<String>,
    /// The index of the first completion that the next press of Tab lists.
    pub(crate) next_completion: usize,
    /// How the last connection ended, as a sentence for the user, and the exit status for the
    /// program.
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
            zoomed: None,
            field: 0,
            frame_scroll: 0,
            own_frame: None,
            help: None,
            lessons: LessonProgress::default(),
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

    /// Moves the focus to this pane. If another pane is zoomed, this pane is zoomed instead.
    /// Focusing the input line does not change the zoom, because that line is always visible.
    pub(crate) fn set_focus(&mut self, focus: Focus) {
        self.focus = focus;
        if focus != Focus::Input && self.zoomed.is_some() {
            self.zoomed = Some(focus);
        }
        if focus == Focus::Frame {
            self.hold_record();
        }
    }

    /// Zooms the pane that has the focus, or ends the zoom. If the input line has the focus, zooms
    /// the transcript.
    pub(crate) fn toggle_zoom(&mut self) {
        self.zoomed = match (self.zoomed, self.focus) {
            (Some(_), _) => None,
            (None, Focus::Input) => Some(Focus::Transcript),
            (None, focus) => Some(focus),
        };
    }

    /// Moves the focus to the next pane or, if `forward` is `false`, to the previous one.
    pub(crate) fn step_focus(&mut self, forward: bool) {
        let step = |focus: Focus| if forward { focus.next() } else { focus.previous() };
        let mut focus = step(self.focus);
        while !self.has_pane(focus) {
            focus = step(focus);
        }
        self.set_focus(focus);
    }

    /// Returns `true` if this pane exists. While a lesson is shown, its pane replaces the pane with
    /// the numbers.
    fn has_pane(&self, focus: Focus) -> bool {
        match focus {
            Focus::Lesson => self.lessons.is_shown(),
            Focus::Numbers => self.shows_numbers(),
            Focus::Input | Focus::Transcript | Focus::Wire | Focus::Frame => true,
        }
    }

    /// Returns `true` if the numbers from the messages are shown.
    pub(crate) fn shows_numbers(&self) -> bool {
        !self.numbers.series.is_empty() && !self.lessons.is_shown()
    }

    /// Adds a message that the server sent.
    pub(crate) fn add_message(&mut self, message: &Message) {
        // During the lessons, the user's own lines matter more than the server's numbers, which
        // must not push them off the screen.
        let updates = if self.lessons.is_shown() { Updates::InPlace } else { Updates::AtTheEnd };
        self.transcript.add_message(message, updates, &mut self.numbers);
    }

    /// Carries out a command that controls the lessons.
    pub(crate) fn command_lessons(&mut self, command: LessonCommand) {
        self.lessons.command(command);
        if self.zoomed.is_some_and(|pane| !self.has_pane(pane)) {
            self.zoomed = None;
        }
    }

    /// Keeps the selected record selected. Otherwise, the next record would replace the one whose
    /// fields the user is reading.
    fn hold_record(&mut self) {
        self.own_frame = None;
        if let Some(index) = self.wire_log.index() {
            self.wire_log.select(index);
        }
    }

    /// Moves the selection by this many fields.
    pub(crate) fn step_field(&mut self, by: isize) {
        self.hold_record();
        let last = self.fields().len().saturating_sub(1);
        self.field = self.field.saturating_add_signed(by).min(last);
        self.frame_scroll = 0;
    }

    /// Moves the selection by this many records.
    pub(crate) fn step_record(&mut self, by: isize) {
        self.own_frame = None;
        self.wire_log.step(by);
        self.select_initial_field();
    }

    /// Selects the record at this index.
    pub(crate) fn select_record(&mut self, index: usize) {
        self.own_frame = None;
        self.wire_log.select(index);
        self.select_initial_field();
    }

    /// Makes the selection follow the newest record again.
    pub(crate) fn follow_records(&mut self) {
        self.own_frame = None;
        self.wire_log.follow();
        self.select_initial_field();
    }

    /// Selects the field that is most useful to read first in the selected record.
    fn select_initial_field(&mut self) {
        self.select_initial_field_of(self.lessons.field());
    }

    /// Does the same as `select_initial_field`, but takes the name of the lesson's field from
    /// `lesson`.
    fn select_initial_field_of(&mut self, lesson: Option<&str>) {
        self.field = self.wire_log.selected().map_or(0, |entry| initial_field(&entry.record, lesson));
        self.frame_scroll = 0;
    }

    /// Starts the search for the frames that a command sends.
    pub(crate) const fn start_sending(&mut self, frames: SentFrames) {
        self.own_frame = Some(OwnFrameSearch::new(frames));
    }

    /// Forgets the command that was being carried out, because its connection is gone.
    pub(crate) fn abandon_sending(&mut self) {
        self.own_frame = None;
    }

    /// Ends the search for a command's frames, unless the command breaks a rule and no frame has
    /// shown this yet. In that case, the server's answer may still show it.
    pub(crate) fn end_sending(&mut self) {
        self.own_frame = self.own_frame.take().filter(OwnFrameSearch::expects_an_answer);
    }

    /// Adds a record to the wire log. If the record matches the user's command better than any
    /// earlier record, it is selected. It then stays selected, whatever else the server sends,
    /// until a better match arrives or the user selects another record.
    pub(crate) fn add_record(&mut self, record: Record) {
        let is_own = self.own_frame.as_mut().is_some_and(|search| search.selects(&record));
        self.wire_log.add(record);
        // Read the field before calling `observe`: a record that completes a lesson must be shown
        // with that lesson's field, not with the next lesson's.
        let lesson = self.lessons.field();
        self.lessons.observe(&self.wire_log);
        if is_own {
            self.wire_log.hold_newest();
        }
        if is_own || self.wire_log.follows() {
            self.select_initial_field_of(lesson.or_else(|| self.lessons.field()));
        }
    }

    /// Returns the traffic totals of the two directions: first to the server, then from the server.
    pub(crate) const fn totals(&self) -> [TrafficTotals; 2] {
        [self.wire_log.totals(Direction::ToServer), self.wire_log.totals(Direction::ToClient)]
    }

    /// Returns the recorded heads and frames in the format that the file's extension implies: JSON
    /// lines for `.json` and `.jsonl`, otherwise text.
    pub(crate) fn saved_wire(&self, path: &Path) -> String {
        let json = path.extension().is_some_and(|extension| extension == "json" || extension == "jsonl");
        let format = if json { RecordFormat::Json } else { RecordFormat::Text { colour: false } };
        self.wire_log.entries().iter().map(|entry| format.print(&entry.record, Role::Client, "")).collect()
    }
}
