//! The conversation: what was said, by either side and by this program.

use std::collections::VecDeque;

use dissector::printable_with_tabs;
use serde_json::Value;
use websocket::protocol::Message;

use super::numbers::{self, Members, Numbers};
use crate::output::summary;

/// How many entries are kept.
pub(crate) const ENTRIES_MAX: usize = 1000;

/// How many bytes of a text are kept: several screens of it.
const TEXT_MAX: usize = 8 << 10;

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// We, to the server.
    Us,
    /// The server.
    Server,
    /// This program, about the connection.
    Note,
    /// This program, about what could not be done.
    Mistake,
}

/// Something that was said, ready for a terminal.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) speaker: Speaker,
    pub(crate) text: String,
    /// Messages in a row with the same members, of which `text` is the newest; 1 for everything else.
    pub(crate) times: u64,
    /// The names of the members, if it is a JSON object.
    names: Option<Vec<String>>,
}

/// The conversation so far.
#[derive(Debug, Default)]
pub(crate) struct Talk {
    entries: VecDeque<Said>,
    /// How many entries were dropped.
    dropped: u64,
    /// The number of the last entry on the screen; `None` for always the newest.
    bottom: Option<u64>,
}

impl Talk {
    fn push(&mut self, speaker: Speaker, text: String, names: Option<Vec<String>>) {
        if self.entries.len() == ENTRIES_MAX {
            self.entries.pop_front();
            self.dropped += 1;
        }
        self.entries.push_back(Said { speaker, text, times: 1, names });
    }

    /// Adds a line.
    pub(crate) fn say(&mut self, speaker: Speaker, text: &str) {
        self.push(speaker, shown(text), None);
    }

    /// Adds a message that arrived, and its numbers to `charts`.
    pub(crate) fn hear(&mut self, message: &Message, charts: &mut Numbers) {
        let text = match message {
            Message::Text(text) => text.as_str(),
            Message::Binary(bytes) => return self.say(Speaker::Server, &format!("binary, {}", summary(bytes))),
        };
        let Some(members) = numbers::object(text) else { return self.say(Speaker::Server, text) };
        charts.add(&members);
        let names: Vec<String> = members.iter().map(|(name, _)| name.clone()).collect();
        let text = shown(&readable(&members));
        match self.entries.back_mut() {
            // The same kind of news once more: it takes the place of the last.
            Some(last) if last.speaker == Speaker::Server && last.names.as_ref() == Some(&names) => {
                last.text = text;
                last.times += 1;
            }
            _ => self.push(Speaker::Server, text, Some(names)),
        }
    }

    /// The entries that are kept, oldest first.
    pub(crate) const fn entries(&self) -> &VecDeque<Said> {
        &self.entries
    }

    /// How many of [`entries`](Self::entries) stand above the lower edge of the screen.
    pub(crate) fn visible(&self) -> usize {
        let Some(bottom) = self.bottom else { return self.entries.len() };
        let index = usize::try_from(bottom.saturating_sub(self.dropped)).unwrap_or(usize::MAX);
        index.saturating_add(1).min(self.entries.len())
    }

    /// Whether the newest entry is on the screen.
    pub(crate) const fn follows(&self) -> bool {
        self.bottom.is_none()
    }

    /// Moves by so many entries; at the newest one it follows again.
    pub(crate) fn step(&mut self, by: isize) {
        let to = self.visible().saturating_add_signed(by).max(1);
        self.bottom = (to < self.entries.len()).then(|| self.dropped + to as u64 - 1);
    }

    /// Shows the newest from now on.
    pub(crate) const fn follow(&mut self) {
        self.bottom = None;
    }
}

/// Fit for a terminal, with an end.
fn shown(text: &str) -> String {
    let cut = text.floor_char_boundary(TEXT_MAX);
    let mut shown = printable_with_tabs(&text[..cut]).replace('\t', "    ");
    if cut < text.len() {
        shown.push_str(&format!(" … ({} bytes more)", text.len() - cut));
    }
    shown
}

/// `sequence 3  uptime_seconds 3.002  last_text "hello"`.
fn readable(members: &Members) -> String {
    let mut line = String::new();
    for (name, value) in members {
        let value = match value {
            Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), numbers::short),
            other => other.to_string(),
        };
        if !line.is_empty() {
            line.push_str("  ");
        }
        line.push_str(name);
        line.push(' ');
        line.push_str(&value);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(talk: &mut Talk, text: &str) {
        talk.hear(&Message::text(text), &mut Numbers::default());
    }

    #[test]
    fn news_of_one_kind_takes_one_place() {
        let mut talk = Talk::default();
        for n in 1..=3 {
            hear(&mut talk, &format!(r#"{{"n":{n},"bytes":4710400,"text":"a\u001b","none":null}}"#));
        }
        hear(&mut talk, r#"{"m":1}"#);
        hear(&mut talk, "{not json");
        let lines: Vec<_> = talk.entries().iter().map(|said| (said.text.as_str(), said.times)).collect();
        assert_eq!(lines, [(r#"n 3  bytes 4.71M  text "a\u001b"  none null"#, 3), ("m 1", 1), ("{not json", 1)]);
    }

    #[test]
    fn nothing_that_arrives_is_a_command_to_the_terminal() {
        let mut talk = Talk::default();
        hear(&mut talk, "\x1b[2J\u{202e}");
        talk.hear(&Message::from(vec![1, 2]), &mut Numbers::default());
        let lines: Vec<_> = talk.entries().iter().map(|said| said.text.as_str()).collect();
        assert_eq!(lines, [r"\u{1b}[2J\u{202e}", "binary, 2 bytes: 01 02"]);
    }

    #[test]
    fn a_long_text_is_cut_and_a_long_conversation_too() {
        let mut talk = Talk::default();
        hear(&mut talk, &"ä".repeat(TEXT_MAX));
        assert!(talk.entries()[0].text.ends_with(" … (8192 bytes more)"));
        for n in 0..ENTRIES_MAX {
            hear(&mut talk, &n.to_string());
        }
        assert_eq!(talk.entries().len(), ENTRIES_MAX);
        assert_eq!(talk.entries()[0].text, "0");
    }

    #[test]
    fn what_was_scrolled_to_stays_while_more_arrives() {
        let mut talk = Talk::default();
        (0..10).for_each(|n| hear(&mut talk, &n.to_string()));
        talk.step(-3);
        assert_eq!((talk.visible(), talk.follows()), (7, false));
        (10..20).for_each(|n| hear(&mut talk, &n.to_string()));
        assert_eq!(talk.visible(), 7);
        talk.step(-100);
        assert_eq!(talk.visible(), 1);
        talk.step(100);
        assert_eq!((talk.visible(), talk.follows()), (20, true));
    }
}
