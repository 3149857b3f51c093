//! What the screen shows and how it changes: `update(event) -> effects`, without a terminal, a socket or a clock.

pub(crate) mod editor;
mod first;
mod keys;
mod listing;
mod mouse;
pub(crate) mod numbers;
pub(crate) mod talk;
pub(crate) mod wire;

use std::{path::PathBuf, process::ExitCode};

use cli::RecordFormat;
use dissector::{Direction, Field, Record};
use ratatui::crossterm::event::{KeyEvent, MouseEvent};
use websocket::protocol::{CloseCode, Message, Role, State};

use self::{
    editor::Editor,
    numbers::Numbers,
    talk::{Speaker, Talk},
    wire::Wire,
};
use super::command::{self, Action, Order};
use crate::ending::Ending;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Text came from the clipboard.
    Paste(String),
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
    /// Somebody wants the program to end.
    Stop,
    /// A file was written, or not; the sentence tells.
    Saved(Result<String, String>),
    /// Something happened on the connection.
    Link(Happening),
}

/// Something that happened on the connection.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A connection is being opened.
    Connecting,
    /// It is open.
    Opened {
        /// What was agreed on.
        subprotocol: Option<String>,
        /// As they stand in the header.
        extensions: Vec<String>,
    },
    /// It could not be opened, and this sentence says why.
    NotOpened(String),
    /// A head or a frame went through.
    Record(Record),
    /// A message arrived.
    Message(Message),
    /// It is in this state now.
    State(State),
    /// It is over.
    Ended(Ending),
    /// An order could not be carried out, and this sentence says why.
    Rejected(String),
    /// An order was carried out, and there is something to say about it.
    Done(String),
}

/// What is to be done outside.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Pass this to the connection.
    Order(Order),
    /// Write a file.
    Save(PathBuf, String),
    /// Draw everything anew: something else has written on the terminal.
    Redraw,
    /// End the program.
    Quit,
}

/// Where the arrow keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Focus {
    Input,
    Talk,
    Wire,
    Frame,
}

/// Everything there is to show.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) url: String,
    /// Columns and rows.
    pub(crate) size: (u16, u16),
    pub(crate) colours: bool,
    pub(crate) editor: Editor,
    pub(crate) talk: Talk,
    pub(crate) wire: Wire,
    pub(crate) numbers: Numbers,
    pub(crate) state: State,
    pub(crate) subprotocol: Option<String>,
    pub(crate) extensions: Vec<String>,
    pub(crate) focus: Focus,
    /// Which field of the selected record is looked at, counted as they stand.
    pub(crate) field: usize,
    pub(crate) help: bool,
    /// What stands in the place of the keys until the next key: a mistake in the input, or what it may become.
    pub(crate) hint: Option<String>,
    /// With which of its names Tab goes on listing.
    listed: usize,
    /// How the last connection ended.
    pub(crate) ended: Option<(String, ExitCode)>,
    quitting: bool,
}

impl Model {
    pub(crate) fn new(url: &str, size: (u16, u16), colours: bool) -> Self {
        Self {
            url: url.to_owned(),
            size,
            colours,
            editor: Editor::default(),
            talk: Talk::default(),
            wire: Wire::default(),
            numbers: Numbers::default(),
            state: State::Connecting,
            subprotocol: None,
            extensions: Vec::new(),
            focus: Focus::Input,
            field: 0,
            help: false,
            hint: None,
            listed: 0,
            ended: None,
            quitting: false,
        }
    }

    /// Takes notice of what happened, and says what is to be done.
    pub(crate) fn update(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Key(key) => return self.key(key),
            Event::Mouse(mouse) => self.mouse(mouse),
            Event::Paste(text) => {
                self.hint = None;
                self.listed = 0;
                self.focus = Focus::Input;
                // Terminals send the ends of lines as the Enter key does.
                self.editor.insert(&text.replace("\r\n", "\n").replace('\r', "\n"));
            }
            Event::Resize(columns, rows) => self.size = (columns, rows),
            Event::Stop => return self.stop(),
            Event::Saved(Ok(sentence)) => self.talk.say(Speaker::Note, &sentence),
            Event::Saved(Err(sentence)) => self.talk.say(Speaker::Mistake, &sentence),
            Event::Link(happening) => return self.link(happening),
        }
        Vec::new()
    }

    fn link(&mut self, happening: Happening) -> Vec<Effect> {
        match happening {
            Happening::Connecting => {
                self.wire.reset();
                self.state = State::Connecting;
                self.ended = None;
                (self.subprotocol, self.extensions) = (None, Vec::new());
                self.talk.say(Speaker::Note, &format!("connecting to {}", self.url));
            }
            Happening::Opened { subprotocol, extensions } => {
                self.state = State::Open;
                (self.subprotocol, self.extensions) = (subprotocol, extensions);
                self.talk.say(Speaker::Note, "connected: Enter sends what you type, /help shows what else there is");
            }
            Happening::NotOpened(sentence) => {
                self.state = State::Closed;
                self.talk.say(Speaker::Mistake, &format!("{sentence}; /reconnect tries again"));
                self.ended = Some((sentence, ExitCode::FAILURE));
                return self.quit_if_wanted();
            }
            Happening::Record(record) => {
                self.wire.add(record);
                if self.wire.follows() {
                    self.field = self.telling_field();
                }
            }
            Happening::Message(message) => self.talk.hear(&message, &mut self.numbers),
            Happening::State(state) => self.state = state,
            Happening::Ended(ending) => {
                self.state = State::Closed;
                self.talk.say(Speaker::Note, &format!("{ending}; /reconnect opens a new connection"));
                self.ended = Some((ending.to_string(), ending.status()));
                return self.quit_if_wanted();
            }
            Happening::Rejected(sentence) => self.talk.say(Speaker::Mistake, &sentence),
            Happening::Done(sentence) => self.talk.say(Speaker::Note, &sentence),
        }
        Vec::new()
    }

    fn quit_if_wanted(&self) -> Vec<Effect> {
        if self.quitting { vec![Effect::Quit] } else { Vec::new() }
    }

    /// The first time an open connection is closed first; the second time there is no waiting.
    fn stop(&mut self) -> Vec<Effect> {
        if self.quitting || self.state == State::Closed || self.state == State::Connecting {
            return vec![Effect::Quit];
        }
        self.quitting = true;
        self.talk.say(Speaker::Note, "closing; once more to leave at once");
        vec![Effect::Order(Order::Close(CloseCode::NORMAL, String::new()))]
    }

    /// Does what stands in the input line. If that cannot be, the line stays.
    fn enter(&mut self) -> Vec<Effect> {
        let action = match command::parse(self.editor.text()) {
            Ok(action) => action,
            Err(sentence) => {
                self.hint = Some(sentence);
                return Vec::new();
            }
        };
        match &action {
            // The choice of a key is for the connection that comes, too.
            Action::Order(Order::Mask(_) | Order::Reconnect) | Action::Save(_) | Action::Help => {}
            Action::Order(Order::Raw(_)) if self.state == State::Closing => {}
            Action::Order(_) if self.state == State::Open => {}
            Action::Order(_) => {
                let advice = if self.state == State::Connecting { "wait" } else { "/reconnect opens a new one" };
                self.hint = Some(format!("not sent: the connection is {}; {advice}", self.state));
                return Vec::new();
            }
        }
        let line = self.editor.take();
        self.talk.follow();
        match action {
            Action::Order(order) => {
                let said = if let Order::Text(text) = &order { text } else { &line };
                self.talk.say(Speaker::Us, said);
                vec![Effect::Order(order)]
            }
            Action::Save(path) => vec![Effect::Save(path.clone(), self.saved(&path))],
            Action::Help => {
                self.help = true;
                Vec::new()
            }
        }
    }

    /// The wire as it is kept, as text or as lines of JSON.
    fn saved(&self, path: &std::path::Path) -> String {
        let json = path.extension().is_some_and(|extension| extension == "json" || extension == "jsonl");
        let format = if json { RecordFormat::Json } else { RecordFormat::Text { colour: false } };
        self.wire.entries().iter().map(|entry| format.print(&entry.record, Role::Client, "")).collect()
    }

    fn complete(&mut self) {
        let lines = command::completions(self.editor.text());
        match lines.as_slice() {
            // What has been begun is not left because it cannot be completed.
            [] if self.editor.text().starts_with('/') => {}
            [] => self.focus = self.focus.next(),
            [line] => {
                let row = command::find(line);
                self.hint = row.map(|command| format!("{} {}: {}", command.name, command.usage, command.help));
                self.editor.set(&format!("{line} "));
            }
            lines => {
                self.editor.set(command::common_beginning(lines));
                let last_words: Vec<_> = lines.iter().filter_map(|line| line.split(' ').next_back()).collect();
                let (part, next) = listing::part(&last_words, self.listed, usize::from(self.size.0));
                self.hint = Some(part);
                self.listed = next;
            }
        }
    }

    /// The fields of the record looked at, each with its depth.
    pub(crate) fn fields(&self) -> Vec<(usize, &Field)> {
        self.wire.selected().map(|entry| entry.record.walk().collect()).unwrap_or_default()
    }

    fn step_field(&mut self, by: isize) {
        let last = self.fields().len().saturating_sub(1);
        // A record that is followed would be gone with the next one.
        if let Some(index) = self.wire.index() {
            self.wire.select(index);
        }
        self.field = self.field.saturating_add_signed(by).min(last);
    }

    fn step_wire(&mut self, by: isize) {
        self.wire.step(by);
        self.field = self.telling_field();
    }

    /// The field of the record looked at that is to be read first.
    fn telling_field(&self) -> usize {
        self.wire.selected().map_or(0, |entry| first::field(&entry.record))
    }

    /// What went to the server and what came from it: bytes and messages.
    pub(crate) const fn sums(&self) -> [wire::Sums; 2] {
        [self.wire.sums(Direction::ToServer), self.wire.sums(Direction::ToClient)]
    }
}

impl Focus {
    const fn next(self) -> Self {
        match self {
            Self::Input => Self::Talk,
            Self::Talk => Self::Wire,
            Self::Wire => Self::Frame,
            Self::Frame => Self::Input,
        }
    }

    const fn previous(self) -> Self {
        self.next().next().next()
    }
}

#[cfg(test)]
mod tests;
